//! `path`: in the room by the path; `type`, `target`, `payload`, and `sender` from the server.

use crate::object::{Object, object, quoted};
use crate::phrase_book::{
    CHAT, END_INIT, FIELDS, Heard, INIT, INVENTION, Meaning, PhraseBook, ROOM, SDP, Saying,
};

pub(crate) struct Path;

impl PhraseBook for Path {
    fn wire(&self) -> &'static str {
        "path"
    }

    fn connects(&self, connection: &str, peer: &str) -> Vec<String> {
        let named = if connection == peer {
            String::new()
        } else {
            format!(" as {peer}")
        };
        vec![format!("@ path {ROOM}{named}")]
    }

    fn joins(&self, _peer: &str) -> Option<String> {
        None
    }

    fn leaves(&self, _peer: &str) -> Option<String> {
        None
    }

    fn says(&self, _peer: &str, to: Option<&str>, saying: Saying) -> String {
        let field = |name, value: &str| object([(name, value.to_owned())]);
        let (name, payload) = match saying {
            Saying::Offer => ("sdp_offer", field("sdp", SDP)),
            Saying::Answer => ("sdp_answer", field("sdp", SDP)),
            Saying::Candidate => ("ice_candidate", INIT.to_owned()),
            Saying::End => ("ice_candidate", "null".to_owned()),
            Saying::EndOfOne => ("ice_candidate", END_INIT.to_owned()),
            Saying::Chat => ("chat", field("message", CHAT)),
            Saying::Invention => {
                let fields = FIELDS.map(|(name, value)| (name, value.to_owned()));
                (INVENTION, object(fields))
            }
        };
        object([
            ("type", quoted(name)),
            ("target", quoted(to.unwrap_or(""))),
            ("payload", payload),
        ])
    }

    fn hears(&self, text: &str) -> Option<Heard> {
        let message = Object::read(text)?;
        let name = message.text("type")?;
        let Some(from) = message.text("sender") else {
            let (me, payload) = (message.text("target")?, message.object("payload")?);
            return match name.as_str() {
                "room_users" => {
                    let mut users = payload.names("users")?;
                    users.remove(&me).then_some(Heard::In(Some(users)))
                }
                "user_joined" => Some(Heard::Came(payload.text("user_id")?)),
                "user_left" => Some(Heard::Gone(payload.text("user_id")?)),
                "error" => Some(Heard::Refused(payload.text("code")?)),
                _ => None,
            };
        };
        let what = match name.as_str() {
            "sdp_offer" => Meaning::Offer(message.object("payload")?.text("sdp")?),
            "sdp_answer" => Meaning::Answer(message.object("payload")?.text("sdp")?),
            "ice_candidate" => message.candidate("payload")?,
            "chat" => Meaning::Chat(message.object("payload")?.text("message")?),
            _ => message.object("payload")?.invention(name),
        };
        Some(Heard::Said { from, what })
    }
}
