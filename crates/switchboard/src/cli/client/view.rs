//! What happens, in words for people.

use std::borrow::Cow;

use switchboard_core::{Event, Member, PeerId, RoomId, Signal, Target};
use switchboard_dialects::{Meaning, Told, dialect};

/// How lines look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// Whether they have colours.
    pub(crate) colours: bool,
}

/// Colours, as parameters of the terminal's `SGR` sequence (ECMA-48, section 8.3.117).
#[derive(Clone, Copy, Debug)]
enum Ink {
    Name = 36,
    Presence = 32,
    Fault = 31,
    Faint = 2,
}

impl View {
    /// What is told.
    pub(crate) fn told(self, told: &Told) -> String {
        match told {
            Told::Event(event) => self.event(event),
            Told::Refused { code, message } if code.is_empty() => {
                self.fault(&format!("refused: {message}"))
            }
            Told::Refused { code, message } => self.fault(&format!("refused: {message} ({code})")),
        }
    }

    /// What went wrong.
    pub(crate) fn fault(self, text: &str) -> String {
        self.ink(Ink::Fault, &clean(text))
    }

    /// What is good to know.
    pub(crate) fn note(self, text: &str) -> String {
        self.ink(Ink::Faint, &clean(text))
    }

    /// Who is in a room.
    pub(crate) fn users(self, users: &[PeerId]) -> String {
        let names: Vec<String> = users.iter().map(|user| self.name(user)).collect();
        names.join(", ")
    }

    fn event(self, event: &Event) -> String {
        match event {
            Event::Joined {
                room,
                peer,
                members,
                ..
            } => self.joined(room, peer, members),
            Event::Left { room, .. } => self.presence(&format!("you have left {room}")),
            Event::PeerJoined { peer, .. } => self.presence(&format!("{peer} has come")),
            Event::PeerLeft { peer, .. } => self.presence(&format!("{peer} has left")),
            Event::RoomClosed { room, why, .. } => {
                self.fault(&format!("{room} is closed: {}", why.name()))
            }
            Event::Refused { refusal } => self.fault(&format!("refused: {refusal}")),
            Event::Signal { from, signal, .. } => self.signal(from, signal),
        }
    }

    fn joined(self, room: &RoomId, peer: &PeerId, members: &[Member]) -> String {
        if room.is_lobby() {
            return self.presence(&format!("you are registered as {peer}"));
        }
        let others = members.iter().filter(|member| member.peer != *peer);
        let others: Vec<&str> = others.map(|member| member.peer.as_str()).collect();
        let company = match (members.is_empty(), others.is_empty()) {
            // The wire tells no roster.
            (true, _) => String::new(),
            (false, true) => ", alone".to_owned(),
            (false, false) => format!(", with {}", others.join(", ")),
        };
        self.presence(&format!("you are {peer} in {room}{company}"))
    }

    fn signal(self, from: &PeerId, signal: &Signal) -> String {
        let from = if from.as_str().is_empty() {
            "somebody".to_owned()
        } else {
            self.name(from)
        };
        let to = match signal.to {
            Target::Everyone => "",
            Target::Peer(_) => " to you",
        };
        let body = String::from_utf8_lossy(&signal.payload.body);
        let what = match dialect(signal.payload.wire).read(&body) {
            Some(Meaning::Chat { text }) => clean(&plain(text)).into_owned(),
            Some(Meaning::Offer { sdp }) => self.note(&format!("offer, {} of SDP", bytes(sdp))),
            Some(Meaning::Answer { sdp }) => self.note(&format!("answer, {} of SDP", bytes(sdp))),
            Some(meaning @ Meaning::Candidate { .. }) if meaning.is_end_of_candidates() => {
                self.note("end of candidates")
            }
            Some(Meaning::Candidate { init }) => self.note(&format!("candidate {init}")),
            Some(Meaning::Other { .. }) | None => self.note(&body),
        };
        format!("{from}{to}: {what}")
    }

    fn name(self, peer: &PeerId) -> String {
        self.ink(Ink::Name, &clean(peer.as_str()))
    }

    fn presence(self, text: &str) -> String {
        self.ink(Ink::Presence, &clean(text))
    }

    fn ink(self, ink: Ink, text: &str) -> String {
        if self.colours {
            format!("\x1b[{}m{text}\x1b[0m", ink as u8)
        } else {
            text.to_owned()
        }
    }
}

/// What others say must not steer the terminal.
fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|c| {
        if c.is_control() {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    });
    Cow::Owned(escaped.collect())
}

/// A JSON string's text; other values as they are written.
fn plain(json: &str) -> String {
    serde_json::from_str(json).unwrap_or_else(|_| json.to_owned())
}

fn bytes(json: &str) -> String {
    match plain(json).len() {
        1 => "1 byte".to_owned(),
        length => format!("{length} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::{Payload, Role, SignalKind};
    use switchboard_dialects::by_name;

    use super::*;

    const PLAIN: View = View { colours: false };

    fn signal(to: Target, body: &str) -> Told {
        let payload = Payload {
            wire: by_name("join").expect("a wire"),
            body: body.as_bytes().to_vec(),
        };
        Told::Event(Event::Signal {
            room: "studio".into(),
            from: "bob".into(),
            signal: Signal {
                kind: SignalKind::Other,
                to,
                payload,
            },
        })
    }

    #[test]
    fn messages_are_told_by_what_they_mean() {
        let table = [
            (r#"{"type":"chat","message":"a \"b\""}"#, r#"bob: a "b""#),
            (r#"{"type":"chat","message":7}"#, "bob: 7"),
            (
                r#"{"type":"offer","sdp":"v=0"}"#,
                "bob: offer, 3 bytes of SDP",
            ),
            (
                r#"{"type":"answer","sdp":"v"}"#,
                "bob: answer, 1 byte of SDP",
            ),
            (
                r#"{"type":"candidate","candidate":{"candidate":"candidate:1"}}"#,
                r#"bob: candidate {"candidate":"candidate:1"}"#,
            ),
            (
                r#"{"type":"candidate","candidate":null}"#,
                "bob: end of candidates",
            ),
            (r#"{"type":"wave","n":1}"#, r#"bob: {"type":"wave","n":1}"#),
        ];
        for (body, line) in table {
            assert_eq!(PLAIN.told(&signal(Target::Everyone, body)), line);
        }
        let chat = r#"{"type":"chat","message":"psst"}"#;
        let told = signal(Target::Peer("ann".into()), chat);
        assert_eq!(PLAIN.told(&told), "bob to you: psst");
    }

    #[test]
    fn what_others_say_cannot_steer_the_terminal() {
        let chat = r#"{"type":"chat","message":"\u001b[2J\r\nyou are dead\u0007"}"#;
        assert_eq!(
            PLAIN.told(&signal(Target::Everyone, chat)),
            r"bob: \u{1b}[2J\r\nyou are dead\u{7}"
        );
    }

    #[test]
    fn a_joiner_is_told_the_company() {
        let joined = |members: &[&str]| {
            let member = |name: &&str| Member {
                peer: (*name).into(),
                role: Role::Receiver,
            };
            PLAIN.told(&Told::Event(Event::Joined {
                room: "studio".into(),
                peer: "ann".into(),
                role: Role::Receiver,
                members: members.iter().map(member).collect(),
            }))
        };
        assert_eq!(joined(&["ann"]), "you are ann in studio, alone");
        assert_eq!(
            joined(&["bob", "ann", "cy"]),
            "you are ann in studio, with bob, cy"
        );
        assert_eq!(joined(&[]), "you are ann in studio");
    }

    #[test]
    fn colours_are_reset_at_the_end() {
        let view = View { colours: true };
        let chat = r#"{"type":"chat","message":"hi"}"#;
        assert_eq!(
            view.told(&signal(Target::Everyone, chat)),
            "\x1b[36mbob\x1b[0m: hi"
        );
        assert_eq!(view.fault("no"), "\x1b[31mno\x1b[0m");
    }
}
