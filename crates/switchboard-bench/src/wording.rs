//! What clients of each wire send: a candidate or an offer, of a size that is the same on all wires.

use switchboard_core::Wire;
use switchboard_dialects::dialect;

use crate::Payload;
use crate::stamp::Stamp;

/// How a wire's clients put what they say. `{room}`, `{me}` and `{to}` are ids, `{it}` is the candidate as an object or
/// the SDP as what stands between the quotes of a string.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wording {
    candidate: &'static str,
    offer: &'static str,
    /// The field in which a receiver finds the sender, as JSON text.
    pub(crate) sender: &'static str,
}

/// A message, and the text behind its stamp that must come through unchanged.
#[derive(Clone, Debug)]
pub(crate) struct Worded {
    pub(crate) text: String,
    pub(crate) tail: String,
}

impl Wording {
    /// The words of a wire; `None` if nobody has written them down here.
    pub(crate) fn of(wire: Wire) -> Option<Self> {
        let name = dialect(wire).name();
        let (_, words) = WORDS.iter().find(|(wire, _)| *wire == name)?;
        Some(*words)
    }

    /// A message from the sender of this stamp.
    pub(crate) fn say(
        self,
        payload: Payload,
        room: &str,
        me: &str,
        to: &str,
        stamp: Stamp,
    ) -> Worded {
        let stamp = stamp.text();
        let whole = |tail: &str| {
            let (template, it) = match payload {
                Payload::Ice => (
                    self.candidate,
                    format!(
                        r#"{{"candidate":"candidate:1 1 udp 2113937151 10.0.0.1 50000 typ host {stamp}{tail}","sdpMid":"0","sdpMLineIndex":0}}"#
                    ),
                ),
                Payload::Sdp => (self.offer, format!("{SDP}{stamp}{tail}")),
            };
            template
                .replace("{room}", room)
                .replace("{me}", me)
                .replace("{to}", to)
                .replace("{it}", &it)
        };
        let missing = payload.bytes().saturating_sub(whole("").len());
        let tail = match payload {
            Payload::Ice => "x".repeat(missing),
            Payload::Sdp => {
                let lines = LINE.repeat(missing / LINE.len());
                format!("{lines}{}", "x".repeat(missing % LINE.len()))
            }
        };
        Worded {
            text: whole(&tail),
            tail,
        }
    }
}

const SDP: &str = r"v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=x-mark:";
const LINE: &str = r"\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1";

const WORDS: [(&str, Wording); 5] = [
    (
        "register",
        Wording {
            candidate: r#"{"type":"candidate","candidate":{it}}"#,
            offer: r#"{"type":"offer","sdp":"{it}"}"#,
            sender: r#""from""#,
        },
    ),
    (
        "join-room",
        Wording {
            candidate: r#"{"type":"ice-candidate","roomId":"{room}","sender":"{me}","data":{it}}"#,
            offer: r#"{"type":"offer","roomId":"{room}","sender":"{me}","data":{"type":"offer","sdp":"{it}"}}"#,
            sender: r#""sender""#,
        },
    ),
    (
        "join",
        Wording {
            candidate: r#"{"type":"candidate","roomId":"{room}","userId":"{me}","candidate":{it}}"#,
            offer: r#"{"type":"offer","roomId":"{room}","userId":"{me}","sdp":"{it}"}"#,
            sender: r#""userId""#,
        },
    ),
    (
        "socketio",
        Wording {
            candidate: r#"42["message",{"type":"candidate","roomId":"{room}","userId":"{me}","candidate":{it}}]"#,
            offer: r#"42["message",{"type":"offer","roomId":"{room}","userId":"{me}","sdp":"{it}"}]"#,
            sender: r#""userId""#,
        },
    ),
    (
        "path",
        Wording {
            candidate: r#"{"type":"ice_candidate","target":"{to}","payload":{it}}"#,
            offer: r#"{"type":"sdp_offer","target":"{to}","payload":{"sdp":"{it}"}}"#,
            sender: r#""sender""#,
        },
    ),
];

#[cfg(test)]
mod tests {
    use switchboard_dialects::{Meaning, wires};

    use super::*;

    const STAMP: Stamp = Stamp {
        sender: 1,
        number: 2,
        due: 3,
    };

    #[test]
    fn every_wire_has_words_that_it_understands_itself() {
        for wire in wires() {
            let dialect = dialect(wire);
            let wording = Wording::of(wire).expect("words");
            for payload in [Payload::Ice, Payload::Sdp] {
                let worded = wording.say(payload, "r12345-00000000", "b12345-00000001", "*", STAMP);
                assert_eq!(worded.text.len(), payload.bytes(), "{}", dialect.name());
                assert!(worded.text.contains(&worded.tail));
                // Socket.IO's objects are those of the wire inside.
                let object = worded.text.strip_prefix(r#"42["message","#);
                let object = object.map_or(worded.text.as_str(), |event| &event[..event.len() - 1]);
                serde_json::from_str::<serde_json::Value>(object).expect("JSON");
                let reader = dialect
                    .envelops()
                    .map_or(dialect, switchboard_dialects::dialect);
                let meaning = reader.read(object);
                match payload {
                    Payload::Ice => assert!(
                        matches!(meaning, Some(Meaning::Candidate { .. })),
                        "{meaning:?}"
                    ),
                    Payload::Sdp => {
                        assert!(
                            matches!(meaning, Some(Meaning::Offer { .. })),
                            "{meaning:?}"
                        );
                    }
                }
            }
        }
    }
}
