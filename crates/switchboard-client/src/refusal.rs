//! What a server says in place of a WebSocket.

use std::time::Duration;

use serde_json::Value;
use switchboard_websocket::handshake::client::ResponseError;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::transport::TransportError;

/// How much of a refusal is read, head included, in bytes.
const MAX_ANSWER: usize = 32 * 1024;

/// How long the rest of it may take; the status is known by then.
const PATIENCE: Duration = Duration::from_secs(2);

/// Makes an error of an answer that is no consent, with the server's own reason where its body tells one.
pub(crate) async fn explain(
    error: ResponseError,
    mut received: Vec<u8>,
    stream: &mut TcpStream,
) -> TransportError {
    let ResponseError::Status { status, reason } = &error else {
        return error.into();
    };
    let complete = async {
        while !is_complete(&received) && received.len() < MAX_ANSWER {
            // Whatever ends the connection ends the body.
            if !matches!(stream.read_buf(&mut received).await, Ok(1..)) {
                break;
            }
        }
    };
    // What has come by then is what there is.
    let _ = tokio::time::timeout(PATIENCE, complete).await;
    match detail(&received) {
        Some(detail) => TransportError::Refused {
            status: *status,
            reason: reason.clone(),
            detail,
        },
        None => error.into(),
    }
}

/// The parts of an answer: what stands before the empty line, and what comes behind it.
fn parts(received: &[u8]) -> Option<(&str, &[u8])> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((
        std::str::from_utf8(&received[..end]).ok()?,
        &received[end + 4..],
    ))
}

/// Whether all is there that the head announces; without an announcement the end of the connection tells.
fn is_complete(received: &[u8]) -> bool {
    let Some((head, body)) = parts(received) else {
        return false;
    };
    let announced = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let ours = name.eq_ignore_ascii_case("content-length");
        ours.then(|| value.trim().parse::<usize>().ok())?
    });
    announced.is_some_and(|length| body.len() >= length)
}

/// The reason in a JSON body: REST interfaces call it `detail`, Engine.IO `message`.
fn detail(received: &[u8]) -> Option<String> {
    let (_, body) = parts(received)?;
    let body: Value = serde_json::from_slice(body).ok()?;
    let reason = body.get("detail").or_else(|| body.get("message"))?;
    Some(
        reason
            .as_str()
            .map_or_else(|| reason.to_string(), str::to_owned),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_read_from_the_body() {
        let answers = [
            (
                r#"{"detail":"the room is too long"}"#,
                "the room is too long",
            ),
            (
                r#"{"code":0,"message":"Transport unknown"}"#,
                "Transport unknown",
            ),
            (r#"{"detail":["a","b"]}"#, r#"["a","b"]"#),
        ];
        for (body, reason) in answers {
            let answer = format!("HTTP/1.1 400 Bad Request\r\nA: b\r\n\r\n{body}");
            assert_eq!(detail(answer.as_bytes()).as_deref(), Some(reason));
        }
        for body in ["", "ok", "[]", "{}"] {
            let answer = format!("HTTP/1.1 200 OK\r\n\r\n{body}");
            assert_eq!(detail(answer.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_body_is_complete_when_its_announced_length_is_there() {
        let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-LENGTH: 3\r\n\r\nab";
        assert!(!is_complete(&answer[..30]));
        assert!(!is_complete(answer));
        assert!(is_complete(&[&answer[..], b"c"].concat()));
        assert!(!is_complete(b"HTTP/1.1 400 Bad Request\r\n\r\nabc"));
    }
}
