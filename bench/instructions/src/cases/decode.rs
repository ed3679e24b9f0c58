//! From a message's text to what it asks for.

use std::hint::black_box;

use switchboard_core::Wire;
use switchboard_dialects::{dialect, wires};

use crate::studio::Studio;
use crate::words::{SPEAKER, candidate, entering, offer};
use crate::{Case, PREPARED, Round};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for wire in wires() {
        let name = dialect(wire).name();
        cases.push(Case::new(format!("decode/{name}/candidate"), move || {
            of_member(wire, candidate(wire))
        }));
        cases.push(Case::new(format!("decode/{name}/offer"), move || {
            of_member(wire, offer(wire))
        }));
        if !entering(wire, SPEAKER).is_empty() {
            cases.push(Case::new(format!("decode/{name}/join"), move || join(wire)));
        }
    }
    cases
}

/// Somebody in the room says it again and again.
fn of_member(wire: Wire, message: String) -> Round {
    let mut studio = Studio::new();
    let ann = studio.enter(wire, SPEAKER);
    let mut asked = Vec::new();
    Box::new(move || {
        let decoded = studio
            .line(ann)
            .server
            .decode(black_box(&message), &mut asked);
        assert!(black_box(decoded).is_ok());
        asked.clear();
    })
}

/// A new connection each time, which has said what comes before the join.
fn join(wire: Wire) -> Round {
    let mut studio = Studio::new();
    let mut newcomers = Vec::new();
    for number in 0..PREPARED {
        let id = format!("peer-{number}");
        let line = studio.connect(wire, &id.as_str().into());
        let mut messages = entering(wire, &id);
        let join = messages.pop().unwrap_or_default();
        for before in messages {
            studio.receive(line, &before);
        }
        newcomers.push((line, join));
    }
    let mut asked = Vec::new();
    Box::new(move || {
        let (line, join) = newcomers.pop().expect("enough is prepared");
        let decoded = studio
            .line(line)
            .server
            .decode(black_box(&join), &mut asked);
        assert!(black_box(decoded).is_ok());
        asked.clear();
    })
}
