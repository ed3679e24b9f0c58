//! The whole way of a message: from a masked frame to the frames of those it is for.

use switchboard_core::Wire;
use switchboard_dialects::{Entrance, dialect, wires};
use switchboard_engineio::Packet;
use switchboard_websocket::{Message, Reader, Role};

use super::encode::known;
use super::websocket::masked;
use crate::studio::Studio;
use crate::words::{LISTENER, SPEAKER, candidate, offer, to_everybody};
use crate::{Case, PREPARED, Round};

const MAX_MESSAGE: usize = 1_000_000;

/// Speakers and listeners of two wires.
const FOREIGN: [(&str, &str); 5] = [
    ("register", "join-room"),
    ("join-room", "path"),
    ("join", "socketio"),
    ("socketio", "register"),
    ("path", "join"),
];

/// Wires and how many are in the room.
const ROOMS: [(&str, usize); 4] = [
    ("register", 10),
    ("register", 100),
    ("join-room", 10),
    ("join-room", 100),
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for wire in wires() {
        let name = dialect(wire).name();
        cases.push(Case::new(format!("relay/{name}/candidate"), move || {
            relay(wire, wire, 2, candidate(wire))
        }));
        cases.push(Case::new(format!("relay/{name}/offer"), move || {
            relay(wire, wire, 2, offer(wire))
        }));
    }
    for (from, to) in FOREIGN {
        cases.push(Case::new(
            format!("relay/{from}/candidate-to-{to}"),
            move || relay(known(from), known(to), 2, candidate(known(from))),
        ));
    }
    for (name, size) in ROOMS {
        let name_of_case = format!("relay/{name}/room-of-{size}");
        cases.push(Case::new(name_of_case, move || {
            let wire = known(name);
            relay(wire, wire, size, to_everybody(&candidate(wire)))
        }));
    }
    cases
}

/// The speaker on one wire, everybody else on another.
fn relay(from: Wire, to: Wire, size: usize, message: String) -> Round {
    let mut studio = Studio::new();
    let ann = studio.enter(from, SPEAKER);
    let mut others = vec![studio.enter(to, LISTENER)];
    for number in others.len() + 1..size {
        others.push(studio.enter(to, &format!("peer-{number}")));
    }
    let in_packets = matches!(dialect(from).entrance(), Entrance::EngineIo(_));
    let message = if in_packets {
        format!("4{message}")
    } else {
        message
    };
    let mut buffers = vec![masked(&[&message]); PREPARED];
    let mut reader = Reader::new(Role::Server, MAX_MESSAGE);
    let mut next = 0;
    Box::new(move || {
        let mut frames = reader.feed(&mut buffers[next]);
        while let Ok(Some(Message::Text(text))) = frames.next_message() {
            let text = match Packet::parse(text) {
                Ok(Packet::Message(text)) if in_packets => text,
                _ => text,
            };
            studio.receive(ann, text);
        }
        next += 1;
        for other in &others {
            let outbox = &mut studio.line(*other).outbox;
            assert!(!outbox.is_empty());
            outbox.clear();
        }
    })
}
