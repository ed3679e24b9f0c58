//! Every wire of the table under any messages.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

use exchange::Exchange;
use switchboard_core::{Command, Event, Hub, Join, Limits, Member, PeerId, Role, RoomId};
use switchboard_dialects::json::{Key, Message};
use switchboard_dialects::{
    ALL, Introduction, Opening, Options, ServerSide, Stamp, dialect, wires,
};

#[path = "../../../crates/switchboard-dialects/tests/exchange/mod.rs"]
mod exchange;

/// Connections that are open at any time; when one ends, a new one takes its place.
const CONNECTIONS: usize = 4;

/// Longer conversations find nothing that shorter ones do not, only later.
const MAX_LINES: usize = 24;

/// Takes the bytes line by line: the first byte of a line chooses a connection, the rest is what it says; a `-` alone
/// ends it. Whatever is said: nothing panics, what is accepted is a message that can be relayed under its sender's own
/// name, and what anybody hears (translated for his wire) is a message again. Then both halves of every wire get every
/// line, recognised or not.
pub fn decode(data: &[u8]) {
    let lines = data.split(|&byte| byte == b'\n').filter_map(line);
    let lines: Vec<(usize, &str)> = lines.take(MAX_LINES).collect();
    converse(&lines);
    for (_, text) in &lines {
        read_by_every_half(text);
    }
}

fn line(bytes: &[u8]) -> Option<(usize, &str)> {
    let (place, text) = bytes.split_first()?;
    // The fronts let no other bytes through to the wires.
    Some((
        usize::from(*place) % CONNECTIONS,
        std::str::from_utf8(text).ok()?,
    ))
}

/// Says every line in its turn. The exchange checks what reaches the others.
fn converse(lines: &[(usize, &str)]) {
    let mut exchange = Exchange::new(Options::default(), Limits::default());
    let mut places: [usize; CONNECTIONS] = std::array::from_fn(|_| exchange.connect());
    let mut names = HashMap::new();
    for &(place, text) in lines {
        let line = places[place];
        if text == "-" {
            exchange.ends(line);
        } else {
            for command in exchange.says(line, text) {
                check(&command, text, &names, line);
                if let Command::Join { join, .. } = command
                    && is_present(&exchange.hub, &join)
                {
                    names.insert((line, join.room), join.peer);
                }
            }
        }
        if !exchange.is_open(line) {
            places[place] = exchange.connect();
        }
        exchange.heard();
    }
    for line in places {
        exchange.ends(line);
    }
    assert_eq!(
        exchange.hub.rooms().count(),
        0,
        "rooms are left when everybody has gone"
    );
}

fn is_present(hub: &Hub, join: &Join) -> bool {
    let roster = hub.roster(&join.room).unwrap_or_default();
    roster.iter().any(|member| member.peer == join.peer)
}

/// The name under which each connection is in a room.
type Names = HashMap<(usize, RoomId), PeerId>;

/// What is relayed is the message as it came, but for the names that say who it is from.
fn check(command: &Command, text: &str, names: &Names, line: usize) {
    let Command::Signal { room, signal } = command else {
        return;
    };
    let body = std::str::from_utf8(&signal.payload.body).expect("what is relayed is text");
    let message = Message::scan(body).unwrap_or_else(|problem| panic!("{problem}: {body:?}"));
    let wire = dialect(signal.payload.wire).name();
    let from = match wire {
        "register" => Some(Key::From),
        "join-room" => Some(Key::Sender),
        "join" => Some(Key::UserId),
        _ => None,
    };
    let Some(name) = names.get(&(line, room.clone())) else {
        return;
    };
    for field in from.into_iter().chain(announced(wire, &message)) {
        if !message.is_null(field)
            && let Some(claimed) = message.id(field).expect("an id, where there is one")
        {
            assert_eq!(claimed, name.as_str(), "sent under another name: {text:?}");
        }
    }
}

/// The field in which the server names a peer, in a message of a type that it sends itself.
fn announced(wire: &str, message: &Message<'_>) -> Option<Key> {
    let name = message.str(Key::Type).ok()??;
    match (wire, name.as_ref()) {
        ("join-room", "join-success" | "user-joined" | "user-left") => Some(Key::UserId),
        ("register", "registered" | "joined" | "left" | "peer-joined" | "peer-left") => {
            Some(Key::ClientId)
        }
        _ => None,
    }
}

/// Both halves of every wire, recognised or not, out of any room and in one.
fn read_by_every_half(text: &str) {
    let options = Options::default();
    for (wire, dialect) in wires().zip(ALL) {
        let mut server = dialect.server(Opening {
            wire,
            spare_id: "spare",
            options: &options,
        });
        decode_as_server(&mut *server, text);
        let stamp = Stamp {
            unix_millis: 0,
            serial: &AtomicU64::new(1),
        };
        server.encode(&joined(), stamp, &mut Vec::new());
        decode_as_server(&mut *server, text);

        let mut client = dialect.client(Introduction {
            wire,
            peer: "ann".into(),
        });
        let mut told = Vec::new();
        if client.decode(text, &mut told).is_err() {
            assert_eq!(
                told,
                [],
                "a message that was not understood tells something"
            );
        }
        if Message::scan(text).is_ok() {
            let _ = dialect.read(text);
        }
    }
}

fn decode_as_server(server: &mut dyn ServerSide, text: &str) {
    let mut commands = Vec::new();
    if let Err(problem) = server.decode(text, &mut commands) {
        assert_eq!(commands, [], "a refused message asks for something");
        let mut reply = Vec::new();
        server.complain(&problem, &mut reply);
        let reply = String::from_utf8(reply).expect("an error message is text");
        assert!(Message::scan(&reply).is_ok(), "no message: {reply:?}");
        assert!(
            reply.len() < 1_000,
            "errors are short, not {} bytes",
            reply.len()
        );
    }
}

fn joined() -> Event {
    let me = Member {
        peer: "ann".into(),
        role: Role::Sender,
    };
    Event::Joined {
        room: "studio".into(),
        peer: me.peer.clone(),
        role: me.role,
        members: vec![me],
    }
}
