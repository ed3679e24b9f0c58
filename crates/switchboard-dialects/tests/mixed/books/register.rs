//! `register`: ids, `from`, `target_id`; in a room, or in the lobby made one.

use crate::object::{Object, object, quoted};
use crate::phrase_book::{
    CHAT, END_INIT, FIELDS, Heard, INIT, INVENTION, Meaning, PhraseBook, ROOM, SDP, Saying,
};

pub(crate) struct InRooms;

pub(crate) struct InTheLobby;

impl PhraseBook for InRooms {
    fn wire(&self) -> &'static str {
        "register"
    }

    fn connects(&self, _connection: &str, peer: &str) -> Vec<String> {
        let register = object([("type", quoted("register")), ("client_id", quoted(peer))]);
        vec!["@ register".to_owned(), format!("> {register}")]
    }

    fn joins(&self, _peer: &str) -> Option<String> {
        Some(object([
            ("type", quoted("join")),
            ("room_id", quoted(ROOM)),
            ("role", quoted("sender")),
        ]))
    }

    fn leaves(&self, _peer: &str) -> Option<String> {
        Some(object([
            ("type", quoted("leave")),
            ("room_id", quoted(ROOM)),
        ]))
    }

    fn says(&self, _peer: &str, to: Option<&str>, saying: Saying) -> String {
        says(to, saying)
    }

    fn hears(&self, text: &str) -> Option<Heard> {
        let message = Object::read(text)?;
        match message.text("type")?.as_str() {
            "registered" => Some(Heard::Acknowledged),
            "joined" => Some(Heard::In(Some(message.names_in("peers", "client_id")?))),
            _ => hears(&message),
        }
    }

    fn dies_of_the_end(&self) -> bool {
        true
    }
}

impl PhraseBook for InTheLobby {
    fn wire(&self) -> &'static str {
        InRooms.wire()
    }

    fn name(&self) -> &'static str {
        "lobby"
    }

    fn options(&self) -> &'static [&'static str] {
        &["register.lobby_room=studio"]
    }

    fn connects(&self, connection: &str, peer: &str) -> Vec<String> {
        InRooms.connects(connection, peer)
    }

    fn joins(&self, _peer: &str) -> Option<String> {
        None
    }

    fn leaves(&self, _peer: &str) -> Option<String> {
        None
    }

    fn says(&self, _peer: &str, to: Option<&str>, saying: Saying) -> String {
        says(to, saying)
    }

    fn hears(&self, text: &str) -> Option<Heard> {
        let message = Object::read(text)?;
        match message.text("type")?.as_str() {
            "registered" => Some(Heard::In(None)),
            _ => hears(&message),
        }
    }

    fn is_told_who_is_there(&self) -> bool {
        false
    }

    fn dies_of_the_end(&self) -> bool {
        true
    }
}

fn says(to: Option<&str>, saying: Saying) -> String {
    let (name, body): (_, Vec<_>) = match saying {
        Saying::Offer => ("offer", vec![("sdp", SDP)]),
        Saying::Answer => ("answer", vec![("sdp", SDP)]),
        Saying::Candidate => ("candidate", vec![("candidate", INIT)]),
        Saying::End => ("candidate", vec![("candidate", "null")]),
        Saying::EndOfOne => ("candidate", vec![("candidate", END_INIT)]),
        Saying::Chat => ("chat", vec![("message", CHAT)]),
        Saying::Invention => (INVENTION, FIELDS.to_vec()),
    };
    let name = ("type", quoted(name));
    let body = body.into_iter().map(|(name, value)| (name, value.into()));
    let to = to.map(|to| ("target_id", quoted(to)));
    object([name].into_iter().chain(body).chain(to))
}

fn hears(message: &Object) -> Option<Heard> {
    let name = message.text("type")?;
    let Some(from) = message.text("from") else {
        return match name.as_str() {
            "peer-joined" => Some(Heard::Came(message.text("client_id")?)),
            "peer-left" => Some(Heard::Gone(message.text("client_id")?)),
            "left" => Some(Heard::Acknowledged),
            "error" => Some(Heard::Refused(message.text("code")?)),
            _ => None,
        };
    };
    let what = match name.as_str() {
        "offer" => Meaning::Offer(message.text("sdp")?),
        "answer" => Meaning::Answer(message.text("sdp")?),
        "candidate" => message.candidate("candidate")?,
        "chat" => Meaning::Chat(message.text("message")?),
        _ => message.invention(name),
    };
    Some(Heard::Said { from, what })
}
