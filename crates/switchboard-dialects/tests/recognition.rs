//! What a first frame, and each message after it, is taken for.

mod company;
mod exchange;

use switchboard_core::{Command, SignalKind};
use switchboard_dialects::{ALL, Meaning, Unrecognised, by_name, dialect, recognise, wires};

use company::{ROOM, SPEAKER, entering};
use exchange::Exchange;

#[test]
fn the_opening_that_a_wire_tells_people_of_is_recognised_as_its_own() {
    for wire in wires() {
        assert_eq!(recognise(dialect(wire).about().opening), Ok(wire));
        assert_eq!(recognise(&entering(wire, ROOM, SPEAKER)[0]), Ok(wire));
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
    for (wire, messages) in [
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
            ],
        ),
    ] {
        let wire = by_name(wire).expect("a wire");
        for (text, kind) in messages {
            let mut exchange = Exchange::new(Default::default(), Default::default());
            let line = exchange.connect();
            for text in entering(wire, ROOM, SPEAKER) {
                exchange.says(line, &text);
            }
            let [Command::Signal { signal, .. }] = &exchange.says(line, &text)[..] else {
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
