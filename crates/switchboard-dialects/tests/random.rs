//! The promises of `hostile.rs` for messages that nobody thought of: any conversation, any names, any fields.

mod company;
mod exchange;
mod nonsense;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use switchboard_core::{
    Command, Event, Limits, Member, Payload, PeerId, Refusal, Role, RoomId, Signal, SignalKind,
    Target,
};
use switchboard_dialects::json::{Key, Message};
use switchboard_dialects::{Introduction, Meaning, Options, dialect, encode_shared, wires};

use company::{Company, Outcome, ROOM, SPEAKER, said, server, stamp};
use exchange::{Exchange, Heard};
use nonsense::{json, message, phrase};

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any messages in any order, from connections that nobody knows yet.
    #[test]
    fn any_conversation_is_understood_or_refused(said in vec((0..4_usize, phrase()), 1..24)) {
        let mut exchange = Exchange::new(Options::default(), Limits::default());
        let mut lines: Vec<usize> = (0..4).map(|_| exchange.connect()).collect();
        for (place, text) in said {
            let line = lines[place];
            let commands = exchange.says(line, &text);
            for command in &commands {
                if let Command::Signal { signal, .. } = command {
                    prop_assert!(is_object(text_of(signal)), "relayed: {}", text_of(signal));
                    prop_assert!(Message::scan(text_of(signal)).is_ok());
                }
            }
            let heard = exchange.heard();
            if commands.is_empty() {
                let own: Vec<_> = heard.iter().filter(|(other, _)| *other == line).collect();
                prop_assert_eq!(own.len(), heard.len(), "somebody else hears what was wrong");
                let error = own.iter().any(|(_, heard)| {
                    matches!(heard, Heard::Message(text) if text.starts_with(r#"{"type":"error""#))
                });
                prop_assert!(error, "neither understood nor refused: {}", text);
            }
            for (_, heard) in &heard {
                if let Heard::Message(text) = heard {
                    prop_assert!(is_object(text), "{}", text);
                }
            }
            if !exchange.is_open(line) {
                lines[place] = exchange.connect();
            }
        }
    }

    /// Whatever a member of a room says that is refused, he is heard as before.
    #[test]
    fn a_refused_message_leaves_the_connection_usable(
        wire in select(wires().collect::<Vec<_>>()),
        said in vec(phrase(), 1..8),
    ) {
        let mut company = Company::in_a_room(wire);
        for text in said {
            match company.says(&text) {
                Outcome::Refused { .. } => company.still_speaks(),
                // It may have led out of the room.
                Outcome::Understood(_) => company = Company::in_a_room(wire),
            }
        }
    }

    /// No half of any wire can be brought down, and neither can reading.
    #[test]
    fn any_text_can_be_read_by_every_half(text in prop_oneof![phrase(), "\\PC{0,60}", message()]) {
        for wire in wires() {
            let peer = SPEAKER.into();
            let mut told = Vec::new();
            let client = dialect(wire).client(Introduction { wire, peer }).decode(&text, &mut told);
            prop_assert!(client.is_err() || told.len() == 1);
            let mut asked = Vec::new();
            let server = server(wire).decode(&text, &mut asked);
            prop_assert!(server.is_err() || !asked.is_empty());
            if Message::scan(&text).is_ok() {
                prop_assert!(dialect(wire).read(&text).is_some());
            }
        }
    }

    /// Any names, with control characters and quotes in them, on any wire, for any event.
    #[test]
    fn whatever_is_announced_is_a_message(
        room in any::<String>(), peer in any::<String>(), other in any::<String>(),
        body in message(), lobby in any::<bool>(),
    ) {
        let room = if lobby { RoomId::LOBBY } else { RoomId::from(room) };
        for (wire, event) in wires().flat_map(|wire| {
            events(&room, &peer, &other, &body).into_iter().map(move |event| (wire, event))
        }) {
            let mut server = server(wire);
            for out in [
                { let mut out = Vec::new(); server.encode(&event, stamp(), &mut out); out },
                { let mut out = Vec::new(); encode_shared(wire, &event, stamp(), &mut out); out },
            ] {
                if !out.is_empty() {
                    let text = text(&out);
                    prop_assert!(Message::scan(text).is_ok() && is_object(text), "{}", text);
                }
            }
        }
    }

    /// From any wire to any other: what has no common meaning keeps its type, and its fields but for those that route.
    #[test]
    fn fields_survive_the_way_to_another_wire(fields in btree_map("\\PC{0,8}", json(), 0..6)) {
        let routing = Key::ALL.iter().filter(|key| key.is_envelope());
        let routing: Vec<&str> = routing.map(|key| key.text()).collect();
        let names_no_meaning = |name: &str| !routing.contains(&name) && !["offer", "answer"].contains(&name);
        let expected: BTreeMap<String, String> =
            fields.into_iter().filter(|(name, _)| names_no_meaning(name)).collect();
        let mut body = String::from(r#"{"type":"invented""#);
        for (name, value) in &expected {
            let name = serde_json::to_string(name).expect("a string");
            write!(body, " , {name}\t:{value}").expect("a string takes everything");
        }
        body.push('}');
        let (room, from) = (ROOM.into(), SPEAKER.into());
        for source in wires() {
            for target in wires().filter(|target| *target != source) {
                let meaning = dialect(source).read(&body).expect("a message");
                let is_invented = matches!(&meaning, Meaning::Other { name, .. } if name == "invented");
                prop_assert!(is_invented, "{:?}", meaning);
                let text = said(target, &room, &from, meaning).expect("a word for everything");
                let heard: BTreeMap<String, &RawValue> = serde_json::from_str(&text).expect("a message");
                let kept: BTreeMap<String, String> = heard
                    .into_iter()
                    .filter(|(name, _)| !routing.contains(&name.as_str()))
                    .map(|(name, value)| (name, value.get().to_owned()))
                    .collect();
                prop_assert_eq!(&kept, &expected, "{}", text);
            }
        }
    }
}

/// The generators would prove little if no message came through, or none to another wire, or all failed alike.
#[test]
fn the_generators_reach_every_verdict() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    let conversation = vec((0..4_usize, phrase()), 24);
    for _ in 0..200 {
        let mut exchange = Exchange::new(Options::default(), Limits::default());
        let mut lines: Vec<usize> = (0..4).map(|_| exchange.connect()).collect();
        for (place, text) in conversation
            .new_tree(&mut runner)
            .expect("a conversation")
            .current()
        {
            let line = lines[place];
            let commands = exchange.says(line, &text);
            let signal = commands
                .iter()
                .any(|command| matches!(command, Command::Signal { .. }));
            for (other, heard) in exchange.heard() {
                let Heard::Message(text) = heard else {
                    continue;
                };
                let message = Message::scan(&text).expect("a message");
                if other == line
                    && let Ok(Some(code)) = message.str(Key::Code)
                {
                    seen.insert(code.into_owned());
                } else if signal && exchange.wire(other) == exchange.wire(line) {
                    seen.insert("relayed".to_owned());
                } else if signal {
                    seen.insert("translated".to_owned());
                }
            }
            if !exchange.is_open(line) {
                lines[place] = exchange.connect();
            }
        }
    }
    let all = [
        "duplicate_key",
        "escaped_key",
        "invalid_id",
        "malformed_json",
        "missing_field",
        "not_in_room",
        "registration_required",
        "relayed",
        "room_mismatch",
        "sender_mismatch",
        "target_not_found",
        "translated",
        "wrong_type",
        "wrong_value",
    ];
    let missing: Vec<_> = all
        .iter()
        .filter(|verdict| !seen.contains(**verdict))
        .collect();
    assert!(missing.is_empty(), "never seen: {missing:?}");
}

/// One of each, by these names.
fn events(room: &RoomId, peer: &str, other: &str, body: &str) -> Vec<Event> {
    let (room, peer) = (room.clone(), PeerId::from(peer));
    let role = Role::Sender;
    let members = [peer.clone(), other.into()];
    let members = members.map(|peer| Member { peer, role }).to_vec();
    let target = || Refusal::TargetNotFound {
        target: other.into(),
    };
    let mut events = vec![
        Event::Joined {
            room: room.clone(),
            peer: peer.clone(),
            role,
            members,
        },
        Event::Left {
            room: room.clone(),
            peer: peer.clone(),
        },
        Event::PeerJoined {
            room: room.clone(),
            peer: peer.clone(),
            role,
        },
        Event::PeerLeft {
            room: room.clone(),
            peer: peer.clone(),
            role,
        },
        Event::Refused { refusal: target() },
    ];
    // What is relayed has been scanned when it came in.
    if Message::scan(body).is_ok() {
        events.extend(wires().map(|wire| Event::Signal {
            room: room.clone(),
            from: peer.clone(),
            signal: Signal {
                kind: SignalKind::Other,
                to: Target::Peer(other.into()),
                payload: Payload {
                    wire,
                    body: body.into(),
                },
            },
        }));
    }
    events
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text).is_ok()
}

fn text_of(signal: &Signal) -> &str {
    text(&signal.payload.body)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("a message is text")
}
