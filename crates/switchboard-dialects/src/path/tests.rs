use std::sync::atomic::AtomicU64;

use switchboard_core::{Closing, Command, Event, Refusal, Role, Signal, SignalKind, Target, Wire};

use super::*;
use crate::dialect::{Options, PathOptions, Told};

/// Any number will do: nothing here looks into the table.
const WIRE: Wire = Wire(u8::MAX);

const PLAIN: Options = Options::DEFAULT;
const WRAPPED: Options = Options {
    path: PathOptions {
        payload: PathPayload::Wrapped,
    },
    ..Options::DEFAULT
};

fn outside(options: &Options) -> Box<dyn ServerSide> {
    DIALECT.server(Opening {
        wire: WIRE,
        spare_id: "guest",
        peer: None,
        options,
    })
}

/// Ann's connection, in the room "studio".
fn ann(options: &Options) -> Box<dyn ServerSide> {
    let mut server = outside(options);
    let joined = Event::Joined {
        room: "studio".into(),
        peer: "ann".into(),
        role: Role::Receiver,
        members: Vec::new(),
    };
    assert_eq!(
        told(&mut *server, &joined),
        r#"{"type":"room_users","target":"ann","payload":{"users":[]}}"#
    );
    server
}

fn stamp(options: &Options) -> Stamp<'_> {
    static SERIAL: AtomicU64 = AtomicU64::new(1);
    Stamp {
        unix_millis: 0,
        serial: &SERIAL,
        options,
    }
}

fn told(server: &mut dyn ServerSide, event: &Event) -> String {
    let mut out = Vec::new();
    let encoded = server.encode(event, stamp(&PLAIN), &mut out);
    assert_eq!(encoded == Encoded::Frame, !out.is_empty());
    String::from_utf8(out).expect("text")
}

fn says(server: &mut dyn ServerSide, text: &str) -> Result<Signal, DecodeError> {
    let mut asked = Vec::new();
    server.decode(text, &mut asked)?;
    let [Asked::Command(Command::Signal { room, signal })] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(*room, "studio".into());
    Ok(signal.clone())
}

fn relayed(server: &mut dyn ServerSide, text: &str) -> String {
    let signal = says(server, text).expect("a message");
    String::from_utf8(signal.payload.body).expect("text")
}

fn written(meaning: Meaning<'_>, to: &Target, options: &Options) -> Option<String> {
    let mut out = b"before".to_vec();
    let said = Said {
        room: &"studio".into(),
        from: &"bob".into(),
        to,
        meaning,
        stamp: stamp(options),
    };
    let encoded = DIALECT.write(&said, &mut out);
    let text = String::from_utf8(out.split_off("before".len())).expect("text");
    match encoded {
        Encoded::Frame => Some(text),
        Encoded::Untranslatable => None.filter(|()| text.is_empty()).map(|()| text),
        _ => panic!("{encoded:?}"),
    }
}

#[test]
fn s3_2_in_the_plain_form_the_sender_stands_beside_what_was_sent() {
    let mut ann = ann(&PLAIN);
    for (sent, received) in [
        (
            r#"{"type":"chat","target":"bob","payload":{"message":"hi"}}"#,
            r#"{"type":"chat","target":"bob","payload":{"message":"hi"},"sender":"ann"}"#,
        ),
        (
            r#"{"sender":"eve", "type":"x"}"#,
            r#"{"sender":"ann", "type":"x"}"#,
        ),
        (
            r#"{"type":"x","payload":[1.0,1e400],"more":1}"#,
            r#"{"type":"x","payload":[1.0,1e400],"more":1,"sender":"ann"}"#,
        ),
    ] {
        assert_eq!(relayed(&mut *ann, sent), received);
    }
}

#[test]
fn s3_2_in_the_wrapped_form_the_payload_holds_both() {
    let mut ann = ann(&WRAPPED);
    for (sent, received) in [
        (
            r#"{"type":"chat","target":"bob","payload":{"message":"hi"}}"#,
            r#"{"type":"chat","target":"bob","payload":{"sender":"ann","data":{"message":"hi"}}}"#,
        ),
        (
            r#" { "sender":"eve", "type":"x" } "#,
            r#"{"type":"x","payload":{"sender":"ann","data":{}}}"#,
        ),
        (
            r#"{"type":"x","payload":1,"payload":{"a":1e400},"more":[ ],"p\u0061yload":{"b":"\u4f60"}}"#,
            r#"{"type":"x","more":[ ],"payload":{"sender":"ann","data":{"b":"\u4f60"}}}"#,
        ),
        (
            r#"{"type":"x","payload":{"sender":"eve","data":0}}"#,
            r#"{"type":"x","payload":{"sender":"ann","data":{"sender":"eve","data":0}}}"#,
        ),
    ] {
        assert_eq!(relayed(&mut *ann, sent), received);
    }
}

#[test]
fn what_was_sent_is_read_in_either_form() {
    let fields = |text| Meaning::Other {
        name: "x".into(),
        fields: Fields::parse(text).expect("an object"),
    };
    for (payload, body) in [
        (r#""payload":{"a":1}"#, r#"{"a":1}"#),
        (r#""payload":[1]"#, r#"{"payload":[1]}"#),
        (r#""payload":null"#, r#"{"payload":null}"#),
        (r#""more":1"#, r#"{}"#),
        // A payload that looks wrapped is one only where it is.
        (
            r#""payload":{"sender":"eve","data":{"a":1}}"#,
            r#"{"sender":"eve","data":{"a":1}}"#,
        ),
    ] {
        let text = format!(r#"{{"type":"x",{payload}}}"#);
        for options in [PLAIN, WRAPPED] {
            let text = relayed(&mut *ann(&options), &text);
            assert_eq!(DIALECT.read(&text), Some(fields(body)), "{text}");
        }
    }
}

#[test]
fn a_message_that_wrapping_would_make_too_deep_is_refused() {
    let deep = |levels: usize| {
        let payload = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"type":"x","payload":{payload}}}"#)
    };
    assert!(says(&mut *ann(&PLAIN), &deep(63)).is_ok());
    assert!(says(&mut *ann(&WRAPPED), &deep(62)).is_ok());
    let problem = says(&mut *ann(&WRAPPED), &deep(63)).unwrap_err();
    assert_eq!(problem.code(), "too_deep");
}

#[test]
fn what_would_be_too_deep_in_a_payload_is_untranslatable() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let chat =
        |text: &str, options| written(Meaning::Chat { text }, &Target::Everyone, options).is_some();
    assert!(chat(&deep(62), &PLAIN));
    assert!(!chat(&deep(63), &PLAIN));
    assert!(chat(&deep(61), &WRAPPED));
    assert!(!chat(&deep(62), &WRAPPED));
    // Brackets are not levels where they are in a string, or beside each other.
    assert!(chat(&format!("\"{}\"", deep(1000)), &PLAIN));
    assert!(chat(&format!("[{}{{}}]", "[],".repeat(1000)), &PLAIN));
}

#[test]
fn x_1_messages_of_other_wires_come_in_the_form_of_the_operator() {
    let sdp = r#""v=0\r\n""#;
    let offer = || Meaning::Offer { sdp };
    let everyone = Target::Everyone;
    assert_eq!(
        written(offer(), &everyone, &PLAIN).as_deref(),
        Some(r#"{"type":"sdp_offer","target":"*","sender":"bob","payload":{"sdp":"v=0\r\n"}}"#)
    );
    assert_eq!(
        written(offer(), &Target::Peer("ann".into()), &WRAPPED).as_deref(),
        Some(
            r#"{"type":"sdp_offer","target":"ann","payload":{"sender":"bob","data":{"sdp":"v=0\r\n"}}}"#
        )
    );
    for options in [PLAIN, WRAPPED] {
        let text = written(offer(), &everyone, &options).expect("an offer");
        assert_eq!(DIALECT.read(&text), Some(offer()));
    }
}

#[test]
fn offers_and_answers_are_read_in_the_forms_that_clients_use() {
    let sdp = r#""v=0\r\n""#;
    for payload in [
        format!(r#"{{"sdp":{sdp}}}"#),
        format!(r#"{{"type":"offer","sdp":{sdp}}}"#),
        sdp.to_owned(),
    ] {
        for (name, meaning) in [
            ("sdp_offer", Meaning::Offer { sdp }),
            ("offer", Meaning::Offer { sdp }),
            ("sdp_answer", Meaning::Answer { sdp }),
            ("answer", Meaning::Answer { sdp }),
        ] {
            let text = format!(r#"{{"type":"{name}","payload":{payload},"sender":"ann"}}"#);
            assert_eq!(DIALECT.read(&text), Some(meaning), "{text}");
        }
    }
    for payload in ["null", "{}", r#""hello""#, r#"{"sdp":{}}"#, "[]"] {
        let text = format!(r#"{{"type":"sdp_offer","payload":{payload},"sender":"ann"}}"#);
        let meaning = DIALECT.read(&text);
        assert!(
            matches!(&meaning, Some(Meaning::Other { name, .. }) if name == "sdp_offer"),
            "{meaning:?}"
        );
    }
}

#[test]
fn candidates_are_read_in_the_forms_that_clients_use() {
    let init = r#"{"candidate":"candidate:1 1 UDP 1 10.0.0.1 5000 typ host","sdpMid":"0","x":1}"#;
    let ended = r#"{"candidate":"","sdpMid":"0"}"#;
    for (payload, init) in [
        (init.to_owned(), init),
        (format!(r#"{{"candidate":{init}}}"#), init),
        (ended.to_owned(), ended),
        (format!(r#"{{"candidate":{ended}}}"#), ended),
        (r#"{"candidate":""}"#.to_owned(), "null"),
        (r#"{"candidate":null}"#.to_owned(), "null"),
        ("null".to_owned(), "null"),
        (r#""""#.to_owned(), "null"),
    ] {
        for name in ["ice_candidate", "candidate", "ice-candidate"] {
            let text = format!(r#"{{"type":"{name}","payload":{payload},"sender":"ann"}}"#);
            let init = init.into();
            assert_eq!(
                DIALECT.read(&text),
                Some(Meaning::Candidate { init }),
                "{text}"
            );
        }
    }
    for payload in ["{}", "[]", "7", r#"{"candidate":7}"#, r#""candidate:1""#] {
        let text = format!(r#"{{"type":"ice_candidate","payload":{payload},"sender":"ann"}}"#);
        let meaning = DIALECT.read(&text);
        assert!(matches!(meaning, Some(Meaning::Other { .. })), "{text}");
    }
}

#[test]
fn the_end_of_candidates_survives_and_is_an_object() {
    let init = || Meaning::Candidate {
        init: "null".into(),
    };
    let text = written(init(), &Target::Everyone, &PLAIN).expect("a candidate");
    assert_eq!(
        text,
        r#"{"type":"ice_candidate","target":"*","sender":"bob","payload":{"candidate":""}}"#
    );
    assert_eq!(DIALECT.read(&text), Some(init()));
}

#[test]
fn nobody_tells_the_coming_or_going_of_another() {
    let refused = |name: &str, payload: &str| {
        let text = format!(r#"{{"type":"{name}","payload":{payload}}}"#);
        let refused = says(&mut *ann(&PLAIN), &text).err();
        assert!(refused.iter().all(|why| why.code() == "sender_mismatch"));
        // From another wire it is not told either.
        let fields = Fields::parse(payload).expect("an object");
        let name = name.into();
        let meaning = Meaning::Other { name, fields };
        let from_bob = written(meaning, &Target::Everyone, &PLAIN);
        (refused.is_some(), from_bob.is_none())
    };
    for name in ["user_joined", "user_left", "room_users", "room_closed"] {
        for (payload, both) in [
            (r#"{"user_id":"eve"}"#, (true, true)),
            (r#"{"user_id":"ann"}"#, (false, true)),
            (r#"{"user_id":"bob"}"#, (true, false)),
            (r#"{"user_id":7}"#, (true, true)),
            (r#"{"user_id":["ann","bob"]}"#, (true, true)),
            (r#"{"user_id":null}"#, (false, false)),
            (r#"{"users":["ann","bob"]}"#, (true, true)),
            (r#"{"users":["ann"]}"#, (false, true)),
            (r#"{"users":[{"id":"ann"}]}"#, (true, true)),
            (r#"{"users":[]}"#, (false, false)),
            (r#"{"users":null}"#, (false, false)),
            (r#"{"reason":"idle"}"#, (false, false)),
        ] {
            assert_eq!(refused(name, payload), both, "{name} {payload}");
        }
    }
    assert_eq!(refused("mention", r#"{"user_id":"eve"}"#), (false, false));
}

#[test]
fn s3_6_a_closed_room_is_told_and_left() {
    let mut ann = ann(&PLAIN);
    let closed = Event::RoomClosed {
        room: "studio".into(),
        peer: "ann".into(),
        why: Closing::Idle,
    };
    assert_eq!(
        told(&mut *ann, &closed),
        r#"{"type":"room_closed","target":"ann","payload":{"reason":"idle"}}"#
    );
    let problem = says(&mut *ann, r#"{"type":"x"}"#).unwrap_err();
    assert_eq!(problem.code(), "not_in_room");
}

#[test]
fn who_is_refused_at_the_door_is_told_without_a_name() {
    let refusal = Refusal::RoomFull { limit: 1 };
    assert_eq!(
        told(&mut *outside(&PLAIN), &Event::Refused { refusal }),
        r#"{"type":"error","target":null,"payload":{"message":"the room is full: at most 1 peers","code":"room_full"}}"#
    );
}

#[test]
fn s3_6_a_client_takes_a_closed_room_for_idle_only_if_it_is_told_so() {
    let closed = |payload: &str| {
        let mut client = DIALECT.client(Introduction {
            wire: WIRE,
            peer: "ann".into(),
        });
        let mut told = Vec::new();
        let text = format!(r#"{{"type":"room_closed","target":"ann","payload":{payload}}}"#);
        client.decode(&text, &mut told).expect("a message");
        told.remove(0)
    };
    let idle = closed(r#"{"reason":"idle"}"#);
    assert!(
        matches!(
            &idle,
            Told::Event(Event::RoomClosed {
                why: Closing::Idle,
                ..
            })
        ),
        "{idle:?}"
    );
    // Whatever else it may be for, the client is out.
    for payload in [r#"{"reason":"noise"}"#, r#"{"reason":7}"#, "{}", "null"] {
        let other = closed(payload);
        let is_left =
            matches!(&other, Told::Event(Event::Left { peer, .. }) if *peer == "ann".into());
        assert!(is_left, "{other:?}");
    }
}

#[test]
fn a_client_does_not_take_what_a_peer_says_for_the_server_s_word() {
    let mut client = DIALECT.client(Introduction {
        wire: WIRE,
        peer: "ann".into(),
    });
    let mut heard = |text: &str| {
        let mut told = Vec::new();
        client.decode(text, &mut told).expect("a message");
        told.remove(0)
    };
    assert!(matches!(
        heard(r#"{"type":"user_left","target":"ann","payload":{"user_id":"bob"}}"#),
        Told::Event(Event::PeerLeft { peer, .. }) if peer == "bob".into()
    ));
    for text in [
        r#"{"type":"user_left","target":"ann","sender":"eve","payload":{"user_id":"bob"}}"#,
        r#"{"type":"user_left","target":"ann","payload":{"sender":"eve","data":{"user_id":"bob"}}}"#,
    ] {
        let Told::Event(Event::Signal { from, signal, .. }) = heard(text) else {
            panic!("taken for the server's: {text}");
        };
        assert_eq!((from, signal.kind), ("eve".into(), SignalKind::Other));
    }
}
