//! The witness, and how a case is played.

use serde_json::Value;

use crate::common::{self, TestServer};
use crate::wire::{CLOSE, FIN, Heard, PING, TEXT, Wire, close_payload, frame};

/// A message of a type that no wire knows, as S1 forwards it.
pub(crate) fn message(data: &str) -> String {
    format!(r#"{{"type":"x","data":"{data}"}}"#)
}

/// [`message`] in exactly `size` bytes of payload.
pub(crate) fn message_of(size: usize) -> String {
    let empty = message("").len();
    message(&"*".repeat(size.checked_sub(empty).expect("room for the envelope")))
}

/// One whole text frame with a [`message`].
pub(crate) fn text(data: &str) -> Vec<u8> {
    frame(FIN | TEXT, message(data).as_bytes())
}

/// What the connection under test must hear, in order, before its end.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    Pong(Vec<u8>),
    /// An `error` message with a text and a code.
    Error,
}

/// One case: what is written, and everything that must come of it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    name: String,
    writes: Vec<Vec<u8>>,
    chop: Option<usize>,
    relayed: Vec<String>,
    heard: Vec<Expected>,
    closed: Option<Vec<Option<u16>>>,
}

impl Case {
    /// A case after which the connection lives on, unless [`Self::closes`] says otherwise.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            writes: Vec::new(),
            chop: None,
            relayed: Vec::new(),
            heard: Vec::new(),
            closed: None,
        }
    }

    /// One more write.
    pub(crate) fn write(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.writes.push(bytes.into());
        self
    }

    /// The witness gets this text, byte for byte.
    pub(crate) fn relays(mut self, text: impl Into<String>) -> Self {
        self.relayed.push(text.into());
        self
    }

    /// The connection hears this.
    pub(crate) fn hears(mut self, expected: Expected) -> Self {
        self.heard.push(expected);
        self
    }

    /// Then the server closes with this code.
    pub(crate) fn closes(self, code: u16) -> Self {
        self.closes_with([Some(code)])
    }

    /// Then the server closes with one of these codes, or without one.
    pub(crate) fn closes_with(mut self, codes: impl Into<Vec<Option<u16>>>) -> Self {
        self.closed = Some(codes.into());
        self
    }

    /// The same bytes in writes of `size` bytes.
    pub(crate) fn chopped(mut self, size: usize) -> Self {
        self.name = format!("{}, in writes of {size}", self.name);
        self.chop = Some(size);
        self
    }

    /// The same bytes in a single write.
    pub(crate) fn at_once(mut self) -> Self {
        self.name = format!("{}, in one write", self.name);
        self.writes = vec![self.writes.concat()];
        self
    }

    /// As it is, in a single write, and octet by octet.
    pub(crate) fn in_all_paces(self) -> [Self; 3] {
        [self.clone(), self.clone().at_once(), self.chopped(1)]
    }
}

/// A server, and a room with a witness in it.
pub(crate) struct Stage {
    // Dropped first: the server's farewell waits for those who are still there.
    witness: Wire,
    server: TestServer,
    played: usize,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let server = TestServer::start(common::quiet_config()).await;
        let mut witness = Wire::connect(server.addr()).await;
        join(&mut witness, "witness").await;
        Self {
            witness,
            server,
            played: 0,
        }
    }

    pub(crate) async fn play_all(&mut self, cases: impl IntoIterator<Item = Case>) {
        for case in cases {
            self.play(&case).await;
        }
    }

    pub(crate) async fn play(&mut self, case: &Case) {
        let name = &case.name;
        self.played += 1;
        let id = format!("subject-{}", self.played);
        let mut subject = Wire::connect(self.server.addr()).await;
        join(&mut subject, &id).await;
        self.witness_hears(name, "user-joined", &id).await;

        for bytes in &case.writes {
            match case.chop {
                Some(size) => subject.send_chopped(bytes, size).await,
                None => subject.send(bytes).await,
            }
        }
        for expected in &case.heard {
            let heard = subject.hear().await;
            match expected {
                Expected::Pong(payload) => {
                    assert_eq!(heard, Heard::Pong(payload.clone()), "case {name}");
                }
                Expected::Error => assert_is_error(name, &heard),
            }
        }
        let codes = if let Some(codes) = &case.closed {
            codes.clone()
        } else {
            // Still there, with nothing else on its lips; then a polite end.
            subject.send(&frame(FIN | PING, b"still there?")).await;
            let pong = Heard::Pong(b"still there?".to_vec());
            assert_eq!(subject.hear().await, pong, "case {name}");
            subject
                .send(&frame(FIN | CLOSE, &close_payload(1000, b"")))
                .await;
            vec![Some(1000)]
        };
        match subject.hear().await {
            Heard::Close(code) => assert!(codes.contains(&code), "case {name}: {code:?}"),
            other => panic!("case {name}: {other:?} in place of a close frame"),
        }
        assert_eq!(subject.hear().await, Heard::End, "case {name}");

        for expected in &case.relayed {
            let heard = self.witness.hear().await;
            assert_eq!(heard, Heard::Text(expected.clone()), "case {name}");
        }
        self.witness_hears(name, "user-left", &id).await;
    }

    async fn witness_hears(&mut self, case: &str, kind: &str, id: &str) {
        let heard = self.witness.hear().await;
        let Heard::Text(text) = &heard else {
            panic!("case {case}: the witness hears {heard:?}");
        };
        let event: Value = serde_json::from_str(text).expect("events are JSON");
        assert_eq!(event["type"], kind, "case {case}: {text}");
        assert_eq!(event["userId"], id, "case {case}: {text}");
    }
}

async fn join(wire: &mut Wire, id: &str) {
    let join = format!(r#"{{"type":"join-room","roomId":"stage","sender":"{id}"}}"#);
    wire.send(&frame(FIN | TEXT, join.as_bytes())).await;
    let heard = wire.hear().await;
    let Heard::Text(text) = &heard else {
        panic!("{id} hears {heard:?}");
    };
    let reply: Value = serde_json::from_str(text).expect("replies are JSON");
    assert_eq!(reply["type"], "join-success", "{text}");
}

fn assert_is_error(case: &str, heard: &Heard) {
    let Heard::Text(text) = heard else {
        panic!("case {case}: {heard:?} in place of an error message");
    };
    let error: Value = serde_json::from_str(text).expect("errors are JSON");
    assert_eq!(error["type"], "error", "case {case}: {text}");
    assert!(error["message"].is_string(), "case {case}: {text}");
    assert!(error["code"].is_string(), "case {case}: {text}");
}
