//! `socketio`: what `join` clients say, in Socket.IO packets.

use serde_json::value::RawValue;

use super::join::Join;
use crate::phrase_book::{Heard, PhraseBook, Saying};

pub(crate) struct SocketIo;

impl PhraseBook for SocketIo {
    fn wire(&self) -> &'static str {
        "socketio"
    }

    fn connects(&self, _connection: &str, _peer: &str) -> Vec<String> {
        vec!["@ socketio".to_owned(), "> 0".to_owned()]
    }

    fn joins(&self, peer: &str) -> Option<String> {
        Some(emit("join", &Join.joins(peer)?))
    }

    fn leaves(&self, peer: &str) -> Option<String> {
        Some(emit("leave", &Join.leaves(peer)?))
    }

    fn says(&self, peer: &str, to: Option<&str>, saying: Saying) -> String {
        emit("message", &Join.says(peer, to, saying))
    }

    fn hears(&self, text: &str) -> Option<Heard> {
        if text.starts_with("0{") {
            return Some(Heard::Acknowledged);
        }
        let (event, payload): (String, &RawValue) =
            serde_json::from_str(text.strip_prefix('2')?).ok()?;
        let heard = Join.hears(payload.get())?;
        // An application listens to the event, and need not look at the type inside.
        let name = match &heard {
            Heard::In(_) => "joined",
            Heard::Came(_) => "user-joined",
            Heard::Gone(_) => "user-left",
            Heard::Refused(_) => "error",
            Heard::Said { .. } => "message",
            Heard::Acknowledged => return Some(heard),
        };
        (event == name).then_some(heard)
    }
}

fn emit(event: &str, payload: &str) -> String {
    format!("2[\"{event}\",{payload}]")
}
