use super::*;
use crate::handshake::SAMPLE_KEY;

const REQUEST: ClientRequest<'static> = ClientRequest {
    host: "server.example.com:8765",
    target: "/ws?room=a",
    key: SAMPLE_KEY,
    protocols: &[],
    headers: &[],
};

/// The answer of RFC 6455 section 1.3 and the first two bytes of a frame.
const CONSENT: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

#[test]
fn a_request_asks_for_version_13_of_the_protocol() {
    let request = ClientRequest {
        protocols: &["switchboard.v1", "other"],
        headers: &[("Origin", "https://example.com")],
        ..REQUEST
    };
    assert_eq!(
        String::from_utf8(request.to_bytes().unwrap()).unwrap(),
        "GET /ws?room=a HTTP/1.1\r\n\
         Host: server.example.com:8765\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: switchboard.v1, other\r\n\
         Origin: https://example.com\r\n\
         \r\n",
    );
}

#[test]
fn nothing_breaks_out_of_its_line() {
    let broken = [
        (
            "host",
            ClientRequest {
                host: "a\r\nX: y",
                ..REQUEST
            },
        ),
        (
            "host",
            ClientRequest {
                host: "",
                ..REQUEST
            },
        ),
        (
            "path",
            ClientRequest {
                target: "/ HTTP/1.1\r\n",
                ..REQUEST
            },
        ),
        (
            "path",
            ClientRequest {
                target: "ws",
                ..REQUEST
            },
        ),
        (
            "key",
            ClientRequest {
                key: "a b",
                ..REQUEST
            },
        ),
        (
            "subprotocol",
            ClientRequest {
                protocols: &["a,b"],
                ..REQUEST
            },
        ),
        (
            "header name",
            ClientRequest {
                headers: &[("a:", "b")],
                ..REQUEST
            },
        ),
        (
            "header value",
            ClientRequest {
                headers: &[("a", "b\nc")],
                ..REQUEST
            },
        ),
    ];
    for (part, request) in broken {
        assert_eq!(request.to_bytes(), Err(InvalidRequest { part }));
    }
}

#[test]
fn a_key_is_the_base64_of_sixteen_bytes() {
    assert_eq!(encode_key(*b"the sample nonce"), SAMPLE_KEY);
}

#[test]
fn consent_is_recognised_as_soon_as_its_head_is_there() {
    for cut in 0..CONSENT.len() {
        assert_eq!(REQUEST.check_response(&CONSENT.as_bytes()[..cut]), Ok(None));
    }
    let mut received = CONSENT.as_bytes().to_vec();
    received.extend([0x89, 0x00]);
    let accepted = REQUEST.check_response(&received).unwrap().unwrap();
    assert_eq!(accepted.head_len, CONSENT.len());
    assert_eq!(accepted.protocol, None);
}

#[test]
fn anything_else_is_refused_with_a_reason() {
    use ResponseError::*;
    let without = |line: &str| CONSENT.replace(line, "");
    let and = |line: &str| CONSENT.replace("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"));
    let cases = [
        ("SSH-2.0-x".to_owned(), NotHttp),
        ("HTTP/1.0 101 x\r\n\r\n".to_owned(), NotHttp),
        ("HTTP/1.1 abc\r\n\r\n".to_owned(), NotHttp),
        (and("no colon"), NotHttp),
        (
            "HTTP/1.1 426 Upgrade Required\r\n\r\n".to_owned(),
            Status {
                status: 426,
                reason: "Upgrade Required".to_owned(),
            },
        ),
        (
            "HTTP/1.1 400\r\n\r\n".to_owned(),
            Status {
                status: 400,
                reason: String::new(),
            },
        ),
        (without("Upgrade: websocket\r\n"), NoUpgrade),
        (without("Connection: Upgrade\r\n"), NoUpgrade),
        (CONSENT.replace("s3pP", "s3pQ"), WrongAccept),
        (
            without("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            WrongAccept,
        ),
        (
            and("Sec-WebSocket-Extensions: permessage-deflate"),
            UnexpectedExtension,
        ),
        (and("Sec-WebSocket-Protocol: chat"), UnexpectedProtocol),
    ];
    for (answer, error) in cases {
        assert_eq!(
            REQUEST.check_response(answer.as_bytes()),
            Err(error),
            "{answer}"
        );
    }
}

#[test]
fn a_chosen_subprotocol_must_have_been_offered() {
    let request = ClientRequest {
        protocols: &["a", "b"],
        ..REQUEST
    };
    let choosing = |line: &str| CONSENT.replace("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"));
    let accepted = request
        .check_response(choosing("sec-websocket-protocol: b").as_bytes())
        .unwrap()
        .unwrap();
    assert_eq!(accepted.protocol.as_deref(), Some("b"));
    for other in ["Sec-WebSocket-Protocol: c", "Sec-WebSocket-Protocol: a, b"] {
        assert_eq!(
            request.check_response(choosing(other).as_bytes()),
            Err(ResponseError::UnexpectedProtocol),
        );
    }
}

#[test]
fn an_endless_head_is_given_up() {
    let mut received = b"HTTP/1.1 101 x\r\n".to_vec();
    received.resize(MAX_RESPONSE_HEAD - 1, b'a');
    assert_eq!(REQUEST.check_response(&received), Ok(None));
    received.push(b'a');
    assert_eq!(
        REQUEST.check_response(&received),
        Err(ResponseError::HeadTooLong)
    );
}
