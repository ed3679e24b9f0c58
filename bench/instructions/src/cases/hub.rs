//! What the hub does, whichever wires are spoken.

use std::hint::black_box;
use std::time::Instant;

use switchboard_core::{
    Command, ConnId, Hub, Input, Join, Limits, Payload, PeerId, Role, RoomId, Signal, SignalKind,
    Target, Wire,
};

use crate::words::{CANDIDATE_BYTES, ROOM};
use crate::{Case, PREPARED, Round};

const SIZES: [usize; 3] = [2, 10, 100];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for size in SIZES {
        cases.push(Case::new(
            format!("hub/signal/all-in-room-of-{size}"),
            move || signal(size, &Target::Everyone),
        ));
    }
    cases.push(Case::new("hub/signal/one-in-room-of-100", || {
        signal(100, &Target::Peer(peer(57)))
    }));
    for size in SIZES {
        cases.push(Case::new(
            format!("hub/join-and-leave/room-of-{size}"),
            move || join_and_leave(size),
        ));
    }
    cases
}

fn signal(size: usize, to: &Target) -> Round {
    let (mut hub, now) = room_of(size);
    // Each has a body of its own, as the decoder makes it.
    let mut inputs: Vec<Input> = (0..PREPARED)
        .map(|_| Input::Command {
            conn: ConnId::new(0),
            command: Command::Signal {
                room: ROOM.into(),
                signal: Signal {
                    kind: SignalKind::Candidate,
                    to: to.clone(),
                    payload: Payload {
                        wire: Wire(0),
                        body: vec![b'a'; CANDIDATE_BYTES],
                    },
                },
            },
        })
        .collect();
    Box::new(move || {
        let input = inputs.pop().expect("enough is prepared");
        hub.handle(now, input);
        drain(&mut hub);
    })
}

/// One more comes and goes.
fn join_and_leave(size: usize) -> Round {
    let (mut hub, now) = room_of(size - 1);
    let conn = ConnId::new(size as u64);
    let (room, guest) = (RoomId::from(ROOM), PeerId::from("guest"));
    Box::new(move || {
        hub.handle(now, join(conn, &room, &guest));
        drain(&mut hub);
        let room = room.clone();
        let command = Command::Leave { room };
        hub.handle(now, Input::Command { conn, command });
        drain(&mut hub);
    })
}

fn room_of(size: usize) -> (Hub, Instant) {
    let (mut hub, now) = (Hub::new(Limits::default()), Instant::now());
    let room = RoomId::from(ROOM);
    for number in 0..size {
        hub.handle(now, join(ConnId::new(number as u64), &room, &peer(number)));
        drain(&mut hub);
    }
    (hub, now)
}

fn join(conn: ConnId, room: &RoomId, peer: &PeerId) -> Input {
    let join = Join {
        room: room.clone(),
        peer: peer.clone(),
        role: Role::Receiver,
    };
    Input::Command {
        conn,
        command: Command::Join {
            join,
            leaving: None,
        },
    }
}

fn peer(number: usize) -> PeerId {
    format!("peer-{number}").into()
}

fn drain(hub: &mut Hub) {
    while let Some(output) = hub.poll_output() {
        black_box(&output);
    }
}
