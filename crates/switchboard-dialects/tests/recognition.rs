//! What a first frame, and each message after it, is taken for.

mod company;
mod exchange;

use switchboard_core::{Command, SignalKind};
use switchboard_dialects::{
    ALL, Entrance, Meaning, Unrecognised, by_name, dialect, recognise, wires,
};

use company::{ROOM, SPEAKER, enter, entering};
use exchange::{Exchange, commands, form};

#[test]
fn the_opening_that_a_wire_tells_people_of_is_recognised_as_its_own() {
    for wire in wires() {
        let opening = dialect(wire).about().opening;
        match dialect(wire).entrance() {
            Entrance::FirstMessage => {
                assert_eq!(recognise(opening), Ok(wire));
                assert_eq!(recognise(&entering(wire, ROOM, SPEAKER)[0]), Ok(wire));
            }
            // Who comes by a door of his own is not looked for at the other one.
            Entrance::Path(path) | Entrance::EngineIo(path) => {
                assert!(path.starts_with('/'), "{path}");
                assert!(recognise(opening).is_err(), "{opening}");
            }
        }
    }
}

#[test]
fn names_are_those_of_the_table() {
    for (wire, dialect) in wires().zip(ALL) {
        assert_eq!(by_name(dialect.name()), Some(wire));
        assert!(!dialect.about().summary.is_empty() && !dialect.about().rows.is_empty());
    }
    assert_eq!(wires().count(), ALL.len());
    assert_eq!(by_name("nothing"), None);
}

#[test]
fn a_first_frame_is_recognised_by_its_type() {
    for (first, wire) in [
        (r#"{"type":"register"}"#, "register"),
        (
            r#" {"client_id":{},"type":"register","roomId":"studio"} "#,
            "register",
        ),
        (r#"{"type":"join-room"}"#, "join-room"),
        (r#"{"type":"join-room","client_id":"ann"}"#, "join-room"),
        (r#"{"type":"\u006aoin-room"}"#, "join-room"),
        (
            r#"{"type":"join","userId":"ann","roomId":"studio"}"#,
            "join",
        ),
        (r#"{"type":"join","roomId":7}"#, "join"),
        (
            r#"{"type":"join","userId":null,"room_id":"studio"}"#,
            "join",
        ),
    ] {
        assert_eq!(recognise(first).ok(), by_name(wire), "{first}");
    }
}

#[test]
fn what_no_wire_recognises_is_told_to_register_unless_it_shows_the_fields_of_a_room() {
    // `hello` is kept for a wire to come.
    for (first, code, closes) in [
        (r#"{"type":"hello"}"#, "registration_required", true),
        (
            r#"{"type":"hello","room":"studio"}"#,
            "registration_required",
            true,
        ),
        (
            r#"{"type":"join","room_id":"studio"}"#,
            "registration_required",
            true,
        ),
        (
            r#"{"type":"offer","room_id":"studio"}"#,
            "registration_required",
            true,
        ),
        (r#"{"type":"Register"}"#, "registration_required", true),
        (
            r#"{"roomId":7,"sender":["ann"]}"#,
            "registration_required",
            true,
        ),
        (r#"{"type":"join-room""#, "registration_required", true),
        (
            r#"{"type":"join-room","type":"join-room"}"#,
            "registration_required",
            true,
        ),
        ("", "registration_required", true),
        ("[]", "registration_required", true),
        (
            r#"{"type":"offer","roomId":"studio"}"#,
            "not_in_room",
            false,
        ),
        (r#"{"sender":""}"#, "not_in_room", false),
        (r#"{"type":7,"sender":"ann"}"#, "not_in_room", false),
    ] {
        let unrecognised = recognise(first).expect_err(first);
        assert_eq!(
            (unrecognised.code, unrecognised.closes),
            (code, closes),
            "{first}"
        );
        let reply = String::from_utf8(unrecognised.reply).expect("text");
        assert!(reply.contains(&format!(r#""code":"{code}""#)), "{reply}");
    }
    let binary = Unrecognised::registration_required();
    assert_eq!(Err(binary), recognise("not even text"));
}

/// What is counted as an offer is what another wire is handed as one, in every form that clients use.
#[test]
fn the_kind_of_a_message_is_that_of_its_meaning() {
    let whole = r#"{"type":"offer","sdp":"v=0"}"#;
    let init = r#"{"candidate":"candidate:1 1 UDP 1 10.0.0.1 5 typ host"}"#;
    let any = r#""roomId":"studio""#;
    let tables = [
        (
            "register",
            vec![
                (
                    r#"{"type":"offer","sdp":"v=0"}"#.to_owned(),
                    SignalKind::Offer,
                ),
                (
                    r#"{"type":"answer","sdp":"v=0"}"#.to_owned(),
                    SignalKind::Answer,
                ),
                (
                    format!(r#"{{"type":"candidate","candidate":{init}}}"#),
                    SignalKind::Candidate,
                ),
                (
                    r#"{"type":"chat","message":"hello"}"#.to_owned(),
                    SignalKind::Chat,
                ),
                (
                    format!(r#"{{"type":"x","offer":{whole}}}"#),
                    SignalKind::Other,
                ),
                (r#"{"sdp":"v=0"}"#.to_owned(), SignalKind::Other),
            ],
        ),
        (
            "join-room",
            vec![
                (
                    format!(r#"{{"type":"offer","data":{whole}}}"#),
                    SignalKind::Offer,
                ),
                (
                    format!(r#"{{"type":"answer","answer":{whole}}}"#),
                    SignalKind::Answer,
                ),
                (
                    format!(r#"{{"type":"ice-candidate","data":{init}}}"#),
                    SignalKind::Candidate,
                ),
                (
                    format!(r#"{{"type":"candidate","candidate":{init}}}"#),
                    SignalKind::Candidate,
                ),
                (
                    r#"{"type":"ice-candidate","data":null}"#.to_owned(),
                    SignalKind::Candidate,
                ),
                (
                    r#"{"type":"chat","message":["hello"]}"#.to_owned(),
                    SignalKind::Chat,
                ),
                (
                    format!(r#"{{"type":"x","data":{whole}}}"#),
                    SignalKind::Other,
                ),
            ],
        ),
        (
            "join",
            vec![
                (
                    format!(r#"{{"type":"offer",{any},"sdp":"v=0"}}"#),
                    SignalKind::Offer,
                ),
                (format!(r#"{{{any},"offer":{whole}}}"#), SignalKind::Offer),
                (
                    format!(r#"{{"type":"message",{any},"offer":{whole}}}"#),
                    SignalKind::Offer,
                ),
                (format!(r#"{{{any},"answer":{whole}}}"#), SignalKind::Answer),
                (
                    format!(r#"{{"type":"candidate",{any},"candidate":{init}}}"#),
                    SignalKind::Candidate,
                ),
                (
                    format!(r#"{{"type":"chat",{any},"message":"hello"}}"#),
                    SignalKind::Chat,
                ),
                (
                    format!(r#"{{"type":"x",{any},"data":{whole}}}"#),
                    SignalKind::Other,
                ),
                // A type that says what the message is counts more than what else is in it.
                (
                    format!(r#"{{"type":"x",{any},"offer":{whole}}}"#),
                    SignalKind::Other,
                ),
                (
                    format!(r#"{{"type":"answer",{any},"sdp":"v=0","offer":{whole}}}"#),
                    SignalKind::Answer,
                ),
                (
                    format!(r#"{{"type":"chat",{any},"message":"hello","offer":{whole}}}"#),
                    SignalKind::Chat,
                ),
                // And what is called a description without being one counts nothing.
                (format!(r#"{{{any},"offer":{{}}}}"#), SignalKind::Other),
                (format!(r#"{{{any},"offer":"v=0"}}"#), SignalKind::Other),
                (
                    format!(r#"{{{any},"offer":{{"sdp":7}},"answer":{whole}}}"#),
                    SignalKind::Answer,
                ),
            ],
        ),
        (
            "path",
            vec![
                (
                    r#"{"type":"sdp_offer","payload":{"sdp":"v=0"}}"#.to_owned(),
                    SignalKind::Offer,
                ),
                (
                    r#"{"type":"answer","payload":"v=0"}"#.to_owned(),
                    SignalKind::Answer,
                ),
                (
                    format!(r#"{{"type":"ice_candidate","payload":{init}}}"#),
                    SignalKind::Candidate,
                ),
                (
                    format!(r#"{{"type":"candidate","payload":{{"candidate":{init}}}}}"#),
                    SignalKind::Candidate,
                ),
                (
                    r#"{"type":"chat","payload":{"message":"hello"}}"#.to_owned(),
                    SignalKind::Chat,
                ),
                (
                    format!(r#"{{"type":"x","payload":{whole}}}"#),
                    SignalKind::Other,
                ),
            ],
        ),
    ];
    // Socket.IO has the same objects in its events.
    let (_, in_events) = tables[2].clone();
    let names: Vec<_> = ALL.iter().map(|dialect| dialect.name()).collect();
    let tables = [&tables[..3], &[("socketio", in_events)], &tables[3..]].concat();
    assert_eq!(
        names,
        tables.iter().map(|(wire, _)| *wire).collect::<Vec<_>>()
    );
    for (wire, messages) in tables {
        let wire = by_name(wire).expect("a wire");
        for (object, kind) in messages {
            let text = form::relayed(wire, &object);
            let mut exchange = Exchange::new(Default::default(), Default::default());
            let line = exchange.connect_to(wire);
            enter(&mut exchange, line, wire, ROOM, SPEAKER);
            let asked = exchange.says(line, &text).expect("a signal");
            let [Command::Signal { signal, .. }] = &commands(asked)[..] else {
                panic!("no signal: {text}");
            };
            assert_eq!(signal.kind, kind, "{text}");
            let meant = match dialect(wire).read(&text).expect("a message") {
                Meaning::Offer { .. } => SignalKind::Offer,
                Meaning::Answer { .. } => SignalKind::Answer,
                Meaning::Candidate { .. } => SignalKind::Candidate,
                Meaning::Chat { .. } => SignalKind::Chat,
                Meaning::Other { .. } => SignalKind::Other,
            };
            assert_eq!(meant, kind, "{text}");
        }
    }
}
