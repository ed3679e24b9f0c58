//! The promises of `hostile.rs` for messages that nobody thought of: any conversation, any names, any fields.

mod company;
mod exchange;
mod nonsense;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use switchboard_core::{
    Closing, Command, Event, Limits, Member, Payload, PeerId, Refusal, Role, RoomId, Signal,
    SignalKind, Target, Wire,
};
use switchboard_dialects::json::{Key, Message};
use switchboard_dialects::{
    Entrance, Introduction, Meaning, Options, dialect, encode_shared, wires,
};

use company::{Company, Outcome, ROOM, SPEAKER, enter, said, server, stamp};
use exchange::{Exchange, Heard, commands, form};
use nonsense::{json, message, packet, phrase};

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any messages in any order, from connections that nobody knows yet.
    #[test]
    fn any_conversation_is_understood_or_refused(said in vec(utterance(), 1..24)) {
        let mut crowd = Crowd::new();
        for (place, text) in said {
            let line = crowd.lines[place];
            let verdict = crowd.exchange.says(line, &text);
            for command in commands(verdict.clone().unwrap_or_default()) {
                if let Command::Signal { signal, .. } = command {
                    let checked = form::check(signal.payload.wire, text_of(&signal));
                    prop_assert_eq!(checked, Ok(()), "relayed: {}", text_of(&signal));
                }
            }
            let heard = crowd.exchange.heard();
            if let Err(code) = verdict {
                let wire = crowd.exchange.wire(line).unwrap_or(Wire(0));
                let own: Vec<_> = heard.iter().filter(|(other, _)| *other == line).collect();
                prop_assert_eq!(own.len(), heard.len(), "somebody else hears what was wrong");
                let error = own.iter().any(|(_, heard)| match heard {
                    Heard::Message(text) => form::error_in(wire, text).is_some_and(|(told, _)| told == code),
                    Heard::Closed => false,
                });
                prop_assert!(error, "refused without a word: {}", text);
            }
            crowd.fill(place);
        }
    }

    /// Whatever a member of a room says that is refused, he is heard as before.
    #[test]
    fn a_refused_message_leaves_the_connection_usable(
        (wire, said) in select(wires().collect::<Vec<_>>())
            .prop_flat_map(|wire| (Just(wire), vec(said_on(wire), 1..8))),
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
    fn any_text_can_be_read_by_every_half(
        text in prop_oneof![phrase(), "\\PC{0,60}", message(), packet()],
    ) {
        for wire in wires() {
            let peer = SPEAKER.into();
            let mut told = Vec::new();
            let client = dialect(wire).client(Introduction { wire, peer }).decode(&text, &mut told);
            // Only packets may mean nothing, or nothing yet.
            let few = usize::from(!form::speaks_packets(wire));
            prop_assert!(client.is_err() || (few..=1).contains(&told.len()));
            let mut asked = Vec::new();
            let server = server(wire).decode(&text, &mut asked);
            prop_assert!(server.is_err() || asked.len() >= few);
            if Message::scan(&text).is_ok() {
                prop_assert!(dialect(wire).read(&form::relayed(wire, &text)).is_some());
            }
            if form::check(wire, &text).is_err() {
                let _ = dialect(wire).read(&text);
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
                    prop_assert_eq!(form::check(wire, text), Ok(()), "{}", text);
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
        let listed: Vec<(String, String)> = expected.clone().into_iter().collect();
        let (room, from) = (ROOM.into(), SPEAKER.into());
        for source in wires() {
            let body = form::message_of(source, "invented", &listed);
            for target in wires().filter(|target| *target != source) {
                let meaning = dialect(source).read(&body).expect("a message");
                let is_invented = matches!(&meaning, Meaning::Other { name, .. } if name == "invented");
                prop_assert!(is_invented, "{:?}", meaning);
                let text = said(target, &room, &from, meaning).expect("a word for everything");
                let (name, heard) = form::named_fields(target, &text);
                let kept: BTreeMap<String, String> =
                    heard.into_iter().filter(|(name, _)| !routing.contains(&name.as_str())).collect();
                prop_assert_eq!((name.as_str(), &kept), ("invented", &expected), "{}", text);
            }
        }
    }
}

/// Connections that talk at once: some that are recognised by what they say first, and one at each other door.
struct Crowd {
    exchange: Exchange,
    lines: Vec<usize>,
}

impl Crowd {
    fn new() -> Self {
        let mut crowd = Self {
            exchange: Exchange::new(Options::default(), Limits::default()),
            lines: Vec::new(),
        };
        for place in 0..places().len() {
            let line = crowd.come(place);
            crowd.lines.push(line);
        }
        crowd.exchange.heard();
        crowd
    }

    /// If the connection in that place has ended, another one comes.
    fn fill(&mut self, place: usize) {
        if !self.exchange.is_open(self.lines[place]) {
            self.lines[place] = self.come(place);
            self.exchange.heard();
        }
    }

    fn come(&mut self, place: usize) -> usize {
        let Place { wire, enters } = places()[place];
        let Some(wire) = wire else {
            return self.exchange.connect();
        };
        let line = self.exchange.connect_to(wire);
        if enters {
            enter(&mut self.exchange, line, wire, ROOM, "cy");
        }
        line
    }
}

#[derive(Clone, Copy)]
struct Place {
    /// `None` where the first message tells it.
    wire: Option<Wire>,
    /// Whether who comes to it is in the room at once.
    enters: bool,
}

fn places() -> Vec<Place> {
    let unknown = Place {
        wire: None,
        enters: false,
    };
    let doors = wires().flat_map(|wire| {
        let ways: &[bool] = match dialect(wire).entrance() {
            Entrance::FirstMessage => &[],
            Entrance::Path(_) => &[true],
            Entrance::EngineIo(_) => &[false, true],
        };
        ways.iter().map(move |&enters| Place {
            wire: Some(wire),
            enters,
        })
    });
    [unknown; 4].into_iter().chain(doors).collect()
}

/// Something that is said in one of the places.
fn utterance() -> impl Strategy<Value = (usize, String)> {
    (0..places().len()).prop_flat_map(|place| {
        let said = places()[place].wire;
        let said = said.map_or_else(|| phrase().boxed(), said_on);
        (Just(place), said)
    })
}

/// Something that a client of the wire might say.
fn said_on(wire: Wire) -> BoxedStrategy<String> {
    if form::speaks_packets(wire) {
        packet().boxed()
    } else {
        phrase().boxed()
    }
}

/// The generators would prove little if no message came through, or none to another wire, or all failed alike.
#[test]
fn the_generators_reach_every_verdict() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    let mut spoken = HashSet::new();
    let conversation = vec(utterance(), 24);
    for _ in 0..200 {
        let mut crowd = Crowd::new();
        for (place, text) in conversation
            .new_tree(&mut runner)
            .expect("a conversation")
            .current()
        {
            let line = crowd.lines[place];
            let verdict = crowd.exchange.says(line, &text);
            let wire = crowd.exchange.wire(line);
            let asked = commands(verdict.unwrap_or_default());
            let signal = asked
                .iter()
                .any(|command| matches!(command, Command::Signal { .. }));
            if signal {
                spoken.extend(wire);
            }
            for (other, heard) in crowd.exchange.heard() {
                let Heard::Message(text) = heard else {
                    continue;
                };
                if other == line {
                    let error = form::error_in(wire.unwrap_or(Wire(0)), &text);
                    seen.extend(error.map(|(code, _)| code));
                } else if signal && crowd.exchange.wire(other) == wire {
                    seen.insert("relayed".to_owned());
                } else if signal {
                    seen.insert("translated".to_owned());
                }
            }
            crowd.fill(place);
        }
    }
    let silent: Vec<_> = wires().filter(|wire| !spoken.contains(wire)).collect();
    assert_eq!(silent, [], "nobody ever says anything there");
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
        Event::RoomClosed {
            room: room.clone(),
            peer: peer.clone(),
            why: Closing::Idle,
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
                    body: form::relayed(wire, body).into(),
                },
            },
        }));
    }
    events
}

fn text_of(signal: &Signal) -> &str {
    text(&signal.payload.body)
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("a message is text")
}
