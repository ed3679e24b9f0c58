//! `join-room`: everything under `data`, and named by `sender`.

use crate::object::{Object, object, quoted};
use crate::phrase_book::{
    CHAT, END_INIT, FIELDS, Heard, INIT, INVENTION, Meaning, PhraseBook, ROOM, SDP, Saying,
};

pub(crate) struct JoinRoom;

impl PhraseBook for JoinRoom {
    fn wire(&self) -> &'static str {
        "join-room"
    }

    fn connects(&self, _connection: &str, _peer: &str) -> Vec<String> {
        vec!["@ join-room".to_owned()]
    }

    fn joins(&self, peer: &str) -> Option<String> {
        Some(about("join-room", peer, []))
    }

    fn leaves(&self, peer: &str) -> Option<String> {
        Some(about("leave-room", peer, []))
    }

    fn says(&self, peer: &str, to: Option<&str>, saying: Saying) -> String {
        let description = |name| object([("type", quoted(name)), ("sdp", SDP.to_owned())]);
        let data = |data: String| vec![("data", data)];
        let (name, body) = match saying {
            Saying::Offer => ("offer", data(description("offer"))),
            Saying::Answer => ("answer", data(description("answer"))),
            Saying::Candidate => ("ice-candidate", data(INIT.to_owned())),
            Saying::End => ("ice-candidate", data("null".to_owned())),
            Saying::EndOfOne => ("ice-candidate", data(END_INIT.to_owned())),
            Saying::Chat => ("chat", vec![("message", CHAT.to_owned())]),
            Saying::Invention => {
                let fields = FIELDS.map(|(name, value)| (name, value.to_owned()));
                (INVENTION, fields.to_vec())
            }
        };
        let to = to.map(|to| ("target", quoted(to)));
        about(name, peer, body.into_iter().chain(to))
    }

    fn is_told_who_is_there(&self) -> bool {
        false
    }

    fn hears(&self, text: &str) -> Option<Heard> {
        let message = Object::read(text)?;
        let name = message.text("type")?;
        let Some(from) = message.text("sender") else {
            return match name.as_str() {
                "join-success" => Some(Heard::In(None)),
                "user-joined" => Some(Heard::Came(message.text("userId")?)),
                "user-left" => Some(Heard::Gone(message.text("userId")?)),
                "error" => Some(Heard::Refused(message.text("code")?)),
                _ => None,
            };
        };
        let described = || {
            let sdp = message.object("data")?.text("sdp")?;
            // The deployed application reads the field of that name, and ignores what has no `messageId`.
            let translated = !message.has(&name) || {
                message.object(&name)?.text("sdp")? == sdp && message.has("messageId")
            };
            translated.then_some(sdp)
        };
        let what = match name.as_str() {
            "offer" => Meaning::Offer(described()?),
            "answer" => Meaning::Answer(described()?),
            "ice-candidate" => {
                let candidate = message.candidate("data")?;
                let same = !message.has("candidate")
                    || message.candidate("candidate").as_ref() == Some(&candidate);
                same.then_some(candidate)?
            }
            "chat" => Meaning::Chat(message.text("message")?),
            _ => message.invention(name),
        };
        Some(Heard::Said { from, what })
    }
}

fn about(name: &str, peer: &str, body: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let start = [
        ("type", quoted(name)),
        ("roomId", quoted(ROOM)),
        ("sender", quoted(peer)),
    ];
    object(start.into_iter().chain(body))
}
