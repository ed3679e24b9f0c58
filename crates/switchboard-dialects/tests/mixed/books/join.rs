//! `join`: objects that name their room; Socket.IO clients say the same in packets.

use crate::object::{Object, object, quoted};
use crate::phrase_book::{
    CHAT, END_INIT, FIELDS, Heard, INIT, INVENTION, Meaning, PhraseBook, ROOM, SDP, Saying,
};

pub(crate) struct Join;

impl PhraseBook for Join {
    fn wire(&self) -> &'static str {
        "join"
    }

    fn connects(&self, _connection: &str, _peer: &str) -> Vec<String> {
        vec!["@ join".to_owned()]
    }

    fn joins(&self, peer: &str) -> Option<String> {
        Some(presence("join", peer))
    }

    fn leaves(&self, peer: &str) -> Option<String> {
        Some(presence("leave", peer))
    }

    fn says(&self, peer: &str, to: Option<&str>, saying: Saying) -> String {
        let (name, body): (_, Vec<_>) = match saying {
            Saying::Offer => ("offer", vec![("sdp", SDP)]),
            Saying::Answer => ("answer", vec![("sdp", SDP)]),
            Saying::Candidate => ("candidate", vec![("candidate", INIT)]),
            Saying::End => ("candidate", vec![("candidate", "null")]),
            Saying::EndOfOne => ("candidate", vec![("candidate", END_INIT)]),
            Saying::Chat => ("chat", vec![("message", CHAT)]),
            Saying::Invention => (INVENTION, FIELDS.to_vec()),
        };
        let start = [
            ("type", quoted(name)),
            ("roomId", quoted(ROOM)),
            // Nothing is added within this wire: who wants to be known says so.
            ("userId", quoted(peer)),
        ];
        let body = body.into_iter().map(|(name, value)| (name, value.into()));
        let to = to.map(|to| ("target", quoted(to)));
        object(start.into_iter().chain(body).chain(to))
    }

    fn hears(&self, text: &str) -> Option<Heard> {
        let message = Object::read(text)?;
        let name = message.text("type")?;
        let user = message.text("userId");
        let what = match name.as_str() {
            "joined" => return Some(Heard::In(Some(others(&message)?))),
            "user-joined" => return Some(Heard::Came(user?)),
            "user-left" => return Some(Heard::Gone(user?)),
            "error" => return Some(Heard::Refused(message.text("code")?)),
            "connected" | "leaved" => return Some(Heard::Acknowledged),
            "offer" => Meaning::Offer(message.text("sdp")?),
            "answer" => Meaning::Answer(message.text("sdp")?),
            "candidate" => message.candidate("candidate")?,
            "chat" => Meaning::Chat(message.text("message")?),
            _ => message.invention(name),
        };
        // Clients look for either name of the sender.
        let from = user?;
        let agree = !message.has("from") || message.text("from")? == from;
        (agree && message.text("roomId")? == ROOM).then_some(Heard::Said { from, what })
    }
}

/// Who is in the room besides oneself, who must be on the list.
fn others(joined: &Object) -> Option<std::collections::BTreeSet<String>> {
    let mut users = joined.names("users")?;
    users.remove(&joined.text("userId")?).then_some(users)
}

fn presence(name: &str, peer: &str) -> String {
    object([
        ("type", quoted(name)),
        ("userId", quoted(peer)),
        ("roomId", quoted(ROOM)),
    ])
}
