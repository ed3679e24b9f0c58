//! The same promise for every wire, whatever is sent: nothing panics; a message is either understood or answered with
//! an `error` that has a code, and then has done nothing else; and whatever anybody hears is a message again (the
//! exchange sees to that).

mod company;
mod exchange;

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use switchboard_core::Wire;
use switchboard_dialects::json::{Key, Message};
use switchboard_dialects::{ALL, DecodeError, by_name, wires};

use company::{Company, Outcome, ROOM, SPEAKER, chat, enter, entering, error_of, server};
use exchange::{Heard, form};

/// What is no message, and why not.
const MALFORMED: &[(&str, &str)] = &[
    ("", "malformed_json"),
    (" ", "malformed_json"),
    ("hello?", "malformed_json"),
    ("\u{feff}{}", "malformed_json"),
    ("{", "malformed_json"),
    ("{\"type\"", "malformed_json"),
    ("{\"type\":\"chat\"", "malformed_json"),
    ("{\"type\":\"chat\",}", "malformed_json"),
    ("{\"type\":\"chat\"}}", "malformed_json"),
    ("{\"type\":\"chat\"}\0", "malformed_json"),
    ("{type:\"chat\"}", "malformed_json"),
    ("{'type':'chat'}", "malformed_json"),
    ("{\"a\":01}", "malformed_json"),
    ("{\"a\":+1}", "malformed_json"),
    ("{\"a\":.5}", "malformed_json"),
    ("{\"a\":NaN}", "malformed_json"),
    ("{\"a\":Infinity}", "malformed_json"),
    ("{\"a\":True}", "malformed_json"),
    ("{\"a\":undefined}", "malformed_json"),
    ("{\"a\":\"\n\"}", "malformed_json"),
    ("{\"a\":\"\u{0}\"}", "malformed_json"),
    ("{\"a\":\"\\x41\"}", "malformed_json"),
    ("{\"a\":\"\\u12\"}", "malformed_json"),
    ("{\"a\":\"\\ud800\"}", "malformed_json"),
    ("{\"a\":\"\\udc00\\ud800\"}", "malformed_json"),
    ("{\"a\":/**/1}", "malformed_json"),
    ("{\u{a0}}", "malformed_json"),
    ("[]", "not_an_object"),
    ("[{\"type\":\"chat\"}]", "not_an_object"),
    ("\"chat\"", "not_an_object"),
    ("null", "not_an_object"),
    ("true", "not_an_object"),
    ("42", "not_an_object"),
];

#[test]
fn what_is_no_message_is_refused_and_the_connection_lives_on() {
    for wire in wires() {
        let mut company = Company::in_a_room(wire);
        for (text, code) in MALFORMED {
            let text = form::dressed(wire, text);
            assert_eq!(company.is_refused(&text), *code, "{text:?}");
            company.still_speaks();
        }
    }
}

#[test]
fn nesting_is_bounded() {
    for wire in wires() {
        let mut company = Company::in_a_room(wire);
        let nested = |levels: usize| {
            let deep = format!("{}0{}", "[".repeat(levels), "]".repeat(levels));
            with_field(wire, &chat(wire, ROOM, SPEAKER, "deep"), "deep", &deep)
        };
        // The message itself is the first of 64 levels.
        assert!(!company.is_heard(&nested(63)).is_empty());
        for levels in [64, 65, 10_000, 1_000_000] {
            assert_eq!(company.is_refused(&nested(levels)), "too_deep");
            company.still_speaks();
        }
        let never_ends = form::dressed(wire, &"{\"a\":".repeat(10_000));
        assert_eq!(company.is_refused(&never_ends), "too_deep");
        company.still_speaks();
    }
}

#[test]
fn a_name_that_decides_the_way_may_not_occur_twice_or_in_disguise() {
    for wire in wires() {
        let mut company = Company::in_a_room(wire);
        for key in Key::ALL.iter().filter(|key| key.is_envelope()) {
            let name = key.text();
            let escaped = format!("\\u{:04x}{}", u32::from(name.as_bytes()[0]), &name[1..]);
            for (object, code) in [
                (
                    format!("{{\"{name}\":null,\"{name}\":null}}"),
                    "duplicate_key",
                ),
                (format!("{{\"{escaped}\":\"x\"}}"), "escaped_key"),
                (
                    format!("{{\"{name}\":\"x\",\"{escaped}\":\"y\"}}"),
                    "escaped_key",
                ),
            ] {
                let text = form::dressed(wire, &object);
                assert_eq!(company.is_refused(&text), code, "{text}");
            }
            company.still_speaks();
        }
    }
}

/// A message that lacks a field, the field, and values it may not have.
type Misfit = (&'static str, &'static str, &'static [&'static str]);

/// Every field that a wire reads, with each type of value that it may not have.
#[test]
fn values_of_the_wrong_type_are_refused() {
    let (no_string, no_id) = (
        &["{}", "[]", "true", "7"][..],
        &["{}", "[\"ann\"]", "false"][..],
    );
    let of_the_document: &[Misfit] = &[
        (
            r#"{"roomId":"studio"}"#,
            "type",
            &["{}", "[]", "true", "7", "null"],
        ),
        (r#"{"type":"x"}"#, "roomId", no_id),
        (r#"{"type":"x","roomId":"studio"}"#, "userId", no_id),
        (r#"{"type":"x","roomId":"studio"}"#, "from", no_id),
        (r#"{"type":"join","userId":"ann"}"#, "roomId", no_id),
        (r#"{"type":"join","roomId":"r"}"#, "userId", no_id),
        (r#"{"type":"leave","userId":"ann"}"#, "roomId", no_id),
        (r#"{"type":"leave","roomId":"studio"}"#, "userId", no_id),
    ];
    let tables: [(&str, &[Misfit]); 5] = [
        (
            "register",
            &[
                (r#"{}"#, "type", &["{}", "[]", "true", "7", "null"]),
                (r#"{"type":"x"}"#, "target_id", no_id),
                (r#"{"type":"register"}"#, "client_id", no_id),
                (r#"{"type":"join","role":"sender"}"#, "room_id", no_id),
                (r#"{"type":"join","room_id":"r"}"#, "role", no_string),
                (r#"{"type":"leave"}"#, "room_id", no_id),
            ],
        ),
        (
            "join-room",
            &[
                (r#"{}"#, "type", &["{}", "[]", "true", "7", "null"]),
                (r#"{"type":"x"}"#, "roomId", no_id),
                (r#"{"type":"x"}"#, "sender", no_id),
                (r#"{"type":"join-room","sender":"ann"}"#, "roomId", no_id),
                (r#"{"type":"join-room","roomId":"r"}"#, "sender", no_id),
                (r#"{"type":"leave-room"}"#, "roomId", no_id),
                (r#"{"type":"leave-room"}"#, "sender", no_id),
            ],
        ),
        ("join", of_the_document),
        ("socketio", of_the_document),
        (
            "path",
            &[
                (r#"{}"#, "type", &["{}", "[]", "true", "7", "null"]),
                (r#"{"type":"x"}"#, "target", no_id),
            ],
        ),
    ];
    let names: Vec<_> = ALL.iter().map(|dialect| dialect.name()).collect();
    assert_eq!(tables.map(|(name, _)| name), names[..]);
    for (name, table) in tables {
        let wire = by_name(name).expect("a wire");
        let mut company = Company::in_a_room(wire);
        for (text, field, values) in table {
            for value in *values {
                let text = with_field(wire, &form::dressed(wire, text), field, value);
                assert_eq!(company.is_refused(&text), "wrong_type", "{text}");
            }
            company.still_speaks();
        }
    }
}

#[test]
fn ids_that_are_none_are_refused() {
    let long = "a".repeat(129);
    let huge = "房".repeat(300_000);
    let bad = [
        "a\0b",
        "\n",
        "\u{1b}[31m",
        "a\u{7f}",
        "\u{85}",
        &long,
        &huge,
    ];
    for wire in wires() {
        for bad in bad {
            for (room, peer) in [(bad, SPEAKER), (ROOM, bad)] {
                let mut company = Company::outside(wire);
                enter(&mut company.exchange, company.speaker, wire, room, peer);
                let mut codes = Vec::new();
                for (line, heard) in company.exchange.heard() {
                    assert_eq!(line, company.speaker, "somebody else hears of it");
                    if let Heard::Message(text) = heard
                        && let Some((code, message)) = form::error_in(wire, &text)
                    {
                        assert!(message.len() < 200, "the id is thrown back: {message}");
                        codes.push(code);
                    }
                }
                assert_eq!(codes[0], "invalid_id", "{wire:?}");
            }
        }
    }
}

#[test]
fn null_everywhere_is_answered() {
    for wire in wires() {
        let nulls = Key::ALL
            .iter()
            .map(|key| format!("\"{}\":null", key.text()));
        let nulls = nulls.collect::<Vec<_>>();
        let mut company = Company::in_a_room(wire);
        let nulls = form::dressed(wire, &format!("{{{}}}", nulls.join(",")));
        assert_eq!(company.is_refused(&nulls), "wrong_type");
        company.still_speaks();
        for text in entering(wire, ROOM, SPEAKER) {
            for key in Key::ALL {
                let text = with_field(wire, &text, key.text(), "null");
                let mut company = Company::outside(wire);
                let _ = company.exchange.says(company.speaker, &text);
                assert_ne!(company.exchange.heard(), [], "no answer to {text}");
            }
        }
    }
}

/// A client that says what only the server says is relayed like any other: within its own wire under its own name,
/// where the wire tells it; it changes nobody's place.
#[test]
fn words_of_the_server_are_nothing_special_from_a_client() {
    let words = [
        "registered",
        "joined",
        "left",
        "peer-joined",
        "peer-left",
        "join-success",
        "user-joined",
        "user-left",
        "leaved",
        "connected",
        "error",
        "room_closed",
    ];
    for wire in wires() {
        let mut company = Company::in_a_room(wire);
        let roster = company.exchange.hub.roster(&ROOM.into());
        for word in words {
            let (start, rest) = ("{\"type\":\"chat\"", format!("{{\"type\":\"{word}\""));
            let text = chat(wire, ROOM, SPEAKER, "x").replace(start, &rest);
            let heard = company.is_heard(&text);
            assert_eq!(heard.len(), company.listeners.len(), "{word}");
            for (line, text) in heard {
                let wire = company.exchange.wire(line).expect("recognised");
                let object = form::undressed(wire, &text).expect("an object");
                assert!(object.starts_with(&rest), "{text}");
            }
        }
        assert_eq!(company.exchange.hub.roster(&ROOM.into()), roster);
        company.still_speaks();
    }
}

#[test]
fn a_message_of_a_megabyte_is_relayed_whole() {
    for wire in wires() {
        let mut company = Company::in_a_room(wire);
        let long = "\\u4f60房".repeat(100_000);
        for (line, text) in company.is_heard(&chat(wire, ROOM, SPEAKER, &long)) {
            assert!(text.contains(&long), "cut off for connection {line}");
        }
    }
}

#[test]
fn complaints_are_messages_on_every_wire() {
    let wrong = |text: &str| {
        Message::scan(text)
            .expect("a message")
            .str(Key::Type)
            .unwrap_err()
    };
    let problems = [
        DecodeError::Malformed(Message::scan("\u{feff}\"\\").unwrap_err()),
        DecodeError::NotText,
        DecodeError::TooBig { limit: 5 },
        DecodeError::MissingField { fields: "roomId" },
        DecodeError::WrongType(wrong(r#"{"type":7}"#)),
        DecodeError::WrongValue {
            field: "role",
            expected: "\"sender\"",
        },
        DecodeError::SenderMismatch { field: "from" },
        DecodeError::RoomMismatch { field: "roomId" },
        DecodeError::NotInRoom { hint: "join" },
        DecodeError::RegistrationRequired,
        DecodeError::BadRegistration(wrong(r#"{"type":[]}"#)),
    ];
    for wire in wires() {
        let server = server(wire);
        for problem in &problems {
            let mut out = Vec::new();
            server.complain(problem, &mut out);
            let Outcome::Refused { code, message } =
                error_of(wire, std::str::from_utf8(&out).expect("text"))
            else {
                unreachable!("it is an error");
            };
            assert_eq!(
                (code.as_str(), message),
                (problem.code(), problem.to_string())
            );
        }
    }
    let closing: Vec<_> = problems.iter().filter(|problem| problem.closes()).collect();
    assert_eq!(
        closing,
        [&problems[9], &problems[10]],
        "only a missing registration closes"
    );
}

/// The message with one more field, or with another value for it; a packet that has no fields, as it is.
fn with_field(wire: Wire, message: &str, name: &str, value: &str) -> String {
    let Some(object) = form::undressed(wire, message) else {
        return message.to_owned();
    };
    let fields: BTreeMap<&str, &RawValue> = serde_json::from_str(object).expect("a message");
    let mut fields: BTreeMap<&str, &str> = fields
        .into_iter()
        .map(|(name, value)| (name, value.get()))
        .collect();
    fields.insert(name, value);
    let fields = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"));
    let changed = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
    message.replace(object, &changed)
}
