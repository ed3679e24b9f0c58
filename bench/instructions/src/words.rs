//! What clients of each wire send: the same candidate and the same offer, in messages of one size.

use switchboard_core::Wire;
use switchboard_dialects::dialect;

/// The room everybody is in.
pub(crate) const ROOM: &str = "studio";
/// Who speaks.
pub(crate) const SPEAKER: &str = "ann";
/// Who is spoken to, where a wire's messages name somebody.
pub(crate) const LISTENER: &str = "bob";

/// Bytes of a message with a candidate.
pub(crate) const CANDIDATE_BYTES: usize = 250;
/// Bytes of a message with an offer.
pub(crate) const OFFER_BYTES: usize = 3 * 1024;

/// What a client says to be in the room; the last of these messages is the join. Empty where the way in has told it.
pub(crate) fn entering(wire: Wire, id: &str) -> Vec<String> {
    match dialect(wire).name() {
        "register" => vec![
            format!(r#"{{"type":"register","client_id":"{id}"}}"#),
            format!(r#"{{"type":"join","room_id":"{ROOM}","role":"sender"}}"#),
        ],
        "join-room" => vec![format!(
            r#"{{"type":"join-room","roomId":"{ROOM}","sender":"{id}"}}"#
        )],
        "join" => vec![format!(
            r#"{{"type":"join","userId":"{id}","roomId":"{ROOM}"}}"#
        )],
        "socketio" => vec![
            "0".to_owned(),
            format!(r#"2["join",{{"type":"join","userId":"{id}","roomId":"{ROOM}"}}]"#),
        ],
        "path" => Vec::new(),
        other => unknown(other),
    }
}

/// A candidate, as the speaker sends it; [`CANDIDATE_BYTES`] long.
pub(crate) fn candidate(wire: Wire) -> String {
    let message = |padding: &str| {
        let init = format!(
            r#"{{"candidate":"candidate:1 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.7 rport 9 ufrag {padding}","sdpMid":"0","sdpMLineIndex":0}}"#
        );
        match dialect(wire).name() {
            "register" => {
                format!(r#"{{"type":"candidate","candidate":{init},"target_id":"{LISTENER}"}}"#)
            }
            "join-room" => format!(
                r#"{{"type":"ice-candidate","roomId":"{ROOM}","sender":"{SPEAKER}","data":{init}}}"#
            ),
            "join" => format!(
                r#"{{"type":"candidate","roomId":"{ROOM}","userId":"{SPEAKER}","candidate":{init}}}"#
            ),
            "socketio" => format!(
                r#"2["message",{{"type":"candidate","roomId":"{ROOM}","userId":"{SPEAKER}","candidate":{init}}}]"#
            ),
            "path" => {
                format!(r#"{{"type":"ice_candidate","target":"{LISTENER}","payload":{init}}}"#)
            }
            other => unknown(other),
        }
    };
    let missing = CANDIDATE_BYTES - message("").len();
    message(&"a".repeat(missing))
}

/// The same message for everybody in the room.
pub(crate) fn to_everybody(message: &str) -> String {
    let targets = [r#","target_id":"bob""#, r#""target":"bob","#];
    targets
        .into_iter()
        .fold(message.to_owned(), |message, target| {
            message.replace(target, "")
        })
}

/// An offer, as the speaker sends it; [`OFFER_BYTES`] long.
pub(crate) fn offer(wire: Wire) -> String {
    let message = |sdp: &str| match dialect(wire).name() {
        "register" => format!(r#"{{"type":"offer","sdp":"{sdp}","target_id":"{LISTENER}"}}"#),
        "join-room" => format!(
            r#"{{"type":"offer","roomId":"{ROOM}","sender":"{SPEAKER}","data":{{"type":"offer","sdp":"{sdp}"}}}}"#
        ),
        "join" => {
            format!(r#"{{"type":"offer","roomId":"{ROOM}","userId":"{SPEAKER}","sdp":"{sdp}"}}"#)
        }
        "socketio" => format!(
            r#"2["message",{{"type":"offer","roomId":"{ROOM}","userId":"{SPEAKER}","sdp":"{sdp}"}}]"#
        ),
        "path" => {
            format!(r#"{{"type":"sdp_offer","target":"{LISTENER}","payload":{{"sdp":"{sdp}"}}}}"#)
        }
        other => unknown(other),
    };
    let missing = OFFER_BYTES - message("").len();
    // Lines as a browser's offer has them; their ends are escapes in JSON, which scanners stumble over.
    let mut sdp = String::new();
    while sdp.len() + LINE.len() <= missing {
        sdp.push_str(LINE);
    }
    sdp.push_str(&"a".repeat(missing - sdp.len()));
    message(&sdp)
}

const LINE: &str = r"a=extmap:3 http://www.ietf.org/id/draft-holmer\r\n";

fn unknown(wire: &str) -> ! {
    panic!("no messages are written here for the wire {wire}")
}

#[cfg(test)]
mod tests {
    use switchboard_dialects::wires;

    use super::*;

    #[test]
    fn what_is_for_everybody_names_nobody() {
        for wire in wires() {
            let message = to_everybody(&candidate(wire));
            assert!(!message.contains(LISTENER), "{message}");
        }
    }

    #[test]
    fn messages_of_all_wires_are_of_one_size() {
        for wire in wires() {
            assert_eq!(candidate(wire).len(), CANDIDATE_BYTES);
            assert_eq!(offer(wire).len(), OFFER_BYTES);
        }
    }
}
