//! What is asked of a hub, made from bytes.

use std::sync::Arc;
use std::time::Duration;

use switchboard_core::{
    Closing, Command, Join, Limits, Payload, PeerId, Quota, Role, RoomId, Signal, SignalKind,
    Target, Wire,
};

/// Connections that are open at any time; when one ends, a new one takes its place.
pub(crate) const CONNECTIONS: usize = 6;
/// Every room that can come to exist.
pub(crate) const ROOMS: [RoomName; 4] = [None, Some("north"), Some("south"), Some("east")];
/// Every peer that can come to exist.
const PEERS: [&str; 4] = ["ann", "bob", "cy", "dan"];
/// Names that no room and no peer may have under the limits of a scenario.
const INVALID: [&str; 3] = ["", "north\n", "too long"];
const ID_LENGTH: usize = 7;

/// A room's name; `None` for the lobby.
type RoomName = Option<&'static str>;

/// The bytes that make one [`Step`], or the limits.
type Chunk = [u8; 5];

/// Narrow limits, and what happens under them.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) limits: Limits,
    pub(crate) steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A connection asks for something.
    Ask { slot: usize, command: Command },
    /// A connection ends.
    Drop { slot: usize },
    /// A room is closed.
    Close { room: RoomId, why: Closing },
    /// Time passes, and nobody tells the hub.
    Pass(Duration),
    /// The hub is told that time has passed.
    Wake,
}

impl Scenario {
    /// Any bytes make a scenario: the first chunk the limits, each further one a step; an incomplete chunk is ignored.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let (chunks, _) = bytes.as_chunks::<{ size_of::<Chunk>() }>();
        let (limits, steps) = chunks.split_first().unwrap_or((&[0; 5], &[]));
        Self {
            limits: self::limits(*limits),
            steps: (0..).zip(steps).map(|(n, chunk)| step(n, *chunk)).collect(),
        }
    }
}

fn limits([peers, lobby, connections, rooms, grace]: Chunk) -> Limits {
    Limits {
        id_length: ID_LENGTH,
        peers_per_room: 1 + usize::from(peers % 4),
        lobby_peers: 1 + usize::from(lobby % 4),
        connections_per_peer: 1 + usize::from(connections % 3),
        rooms: Arc::new(Quota::new(usize::from(rooms % 4))),
        grace: Duration::from_millis([0, 1, 50, 50][usize::from(grace % 4)]),
    }
}

fn step(serial: u32, [kind, slot, a, b, c]: Chunk) -> Step {
    let slot = usize::from(slot) % CONNECTIONS;
    let command = match kind % 16 {
        0..=5 => Command::Join {
            join: Join {
                room: room(a),
                peer: peer(b),
                role: [Role::Receiver, Role::Sender][usize::from(c & 1)],
            },
            leaving: (c & 2 != 0).then(|| room(c >> 2)),
        },
        6 => {
            let (room, why) = (room(a), Closing::Idle);
            return Step::Close { room, why };
        }
        7 => Command::Leave { room: room(a) },
        8..=10 => Command::Signal {
            room: room(a),
            signal: Signal {
                kind: SignalKind::ALL[usize::from(c) % SignalKind::ALL.len()],
                to: match b % 2 {
                    0 => Target::Everyone,
                    _ => Target::Peer(peer(b >> 1)),
                },
                payload: Payload {
                    wire: Wire(c),
                    body: serial.to_be_bytes().to_vec(),
                },
            },
        },
        11 | 12 => return Step::Drop { slot },
        13 | 14 => return Step::Pass(Duration::from_millis(u64::from(a % 40))),
        _ => return Step::Wake,
    };
    Step::Ask { slot, command }
}

/// Mostly one of [`ROOMS`].
fn room(byte: u8) -> RoomId {
    let byte = usize::from(byte);
    match byte % 16 {
        15 => RoomId::from(INVALID[byte / 16 % INVALID.len()]),
        n => ROOMS[n % ROOMS.len()].map_or(RoomId::LOBBY, RoomId::from),
    }
}

/// Mostly one of [`PEERS`].
fn peer(byte: u8) -> PeerId {
    let byte = usize::from(byte);
    PeerId::from(match byte % 16 {
        15 => INVALID[byte / 16 % INVALID.len()],
        n => PEERS[n % PEERS.len()],
    })
}
