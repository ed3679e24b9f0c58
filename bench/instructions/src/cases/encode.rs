//! From an event to a wire's words, once for all receivers on that wire.

use std::hint::black_box;
use std::sync::atomic::AtomicU64;

use switchboard_core::{Command, Event, Role, Wire};
use switchboard_dialects::{Asked, Encoded, by_name, dialect, encode_shared, wires};

use crate::studio::{Studio, stamp};
use crate::words::{ROOM, SPEAKER, candidate, offer};
use crate::{Case, Round};

/// Receivers and speakers whose messages are read and written anew; but for the last pair, where an envelope does.
const FOREIGN: [(&str, &str); 6] = [
    ("register", "join-room"),
    ("join-room", "register"),
    ("join", "register"),
    ("socketio", "path"),
    ("path", "socketio"),
    ("socketio", "join"),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for wire in wires() {
        let name = dialect(wire).name();
        cases.push(Case::new(format!("encode/{name}/as-it-came"), move || {
            shared(wire, said(wire, &candidate(wire)))
        }));
    }
    for (to, from) in FOREIGN {
        cases.push(Case::new(
            format!("encode/{to}/candidate-of-{from}"),
            move || shared(known(to), said(known(from), &candidate(known(from)))),
        ));
        cases.push(Case::new(
            format!("encode/{to}/offer-of-{from}"),
            move || shared(known(to), said(known(from), &offer(known(from)))),
        ));
    }
    for wire in wires() {
        let name = dialect(wire).name();
        cases.push(Case::new(format!("encode/{name}/joined"), move || {
            announcement(wire)
        }));
    }
    cases
}

pub(super) fn known(name: &str) -> Wire {
    by_name(name).expect("the wire is in the table")
}

fn shared(wire: Wire, event: Event) -> Round {
    let serial = AtomicU64::new(1);
    let mut out = Vec::new();
    Box::new(move || {
        let encoded = encode_shared(wire, black_box(&event), stamp(&serial), &mut out);
        assert!(black_box(encoded) == Encoded::Frame);
        out.clear();
    })
}

/// What everybody is told when somebody comes. Where the words hold the receiver's name, its own half is asked.
fn announcement(wire: Wire) -> Round {
    let event = Event::PeerJoined {
        room: ROOM.into(),
        peer: "bob".into(),
        role: Role::Sender,
    };
    let mut studio = Studio::new();
    let ann = studio.enter(wire, SPEAKER);
    let serial = AtomicU64::new(1);
    let mut out = Vec::new();
    Box::new(move || {
        let mut encoded = encode_shared(wire, black_box(&event), stamp(&serial), &mut out);
        if encoded == Encoded::Personal {
            let server = &mut studio.line(ann).server;
            encoded = server.encode(&event, stamp(&serial), &mut out);
        }
        assert!(black_box(encoded) == Encoded::Frame);
        out.clear();
    })
}

/// The event that a message is to those who hear it.
fn said(wire: Wire, message: &str) -> Event {
    let mut studio = Studio::new();
    let ann = studio.enter(wire, SPEAKER);
    let mut asked = Vec::new();
    let decoded = studio.line(ann).server.decode(message, &mut asked);
    decoded.expect("the messages are well-formed");
    match asked.pop() {
        Some(Asked::Command(Command::Signal { room, signal })) => Event::Signal {
            room,
            from: SPEAKER.into(),
            signal,
        },
        other => panic!("not a signal: {other:?}"),
    }
}
