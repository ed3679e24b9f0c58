//! Every wire of the table under any messages.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;

use exchange::{Exchange, commands, form};
use switchboard_core::{Command, Event, Hub, Join, Limits, Member, PeerId, Role, RoomId, Wire};
use switchboard_dialects::json::{Key, Message};
use switchboard_dialects::{
    ALL, Asked, Entrance, Introduction, Opening, Options, ServerSide, Stamp, dialect, wires,
};

#[path = "../../../crates/switchboard-dialects/tests/exchange/mod.rs"]
mod exchange;

/// Connections that are open at any time; when one ends, a new one takes its place. The first four are recognised by
/// their first message, and the others are at one of the other doors each.
fn connections() -> usize {
    FIRST_MESSAGE + doors().count()
}

const FIRST_MESSAGE: usize = 4;

/// The wires that have a door of their own.
fn doors() -> impl Iterator<Item = Wire> {
    wires().filter(|wire| dialect(*wire).entrance() != Entrance::FirstMessage)
}

/// Longer conversations find nothing that shorter ones do not, only later.
const MAX_LINES: usize = 24;

/// Takes the bytes line by line: the first byte of a line chooses a connection (`0` and on are recognised by what they
/// say, `a` and on are at the other doors), the rest is what it says; a `-` alone ends it. Whatever is said: nothing
/// panics, what is accepted is a message that can be relayed under its sender's own name, and what anybody hears, in
/// the words of the hearer's wire, is a message again. Then both halves of every wire get every line, recognised or not.
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
    let text = std::str::from_utf8(text).ok()?;
    let place = match place {
        // Seeds write them so, and stay what they are when another door is added.
        b'0'..=b'9' => usize::from(place - b'0') % FIRST_MESSAGE,
        b'a'..=b'z' => FIRST_MESSAGE + usize::from(place - b'a') % doors().count(),
        _ => usize::from(*place) % connections(),
    };
    Some((place, text))
}

/// Says every line in its turn. The exchange checks what reaches the others.
fn converse(lines: &[(usize, &str)]) {
    let mut exchange = Exchange::new(Options::default(), Limits::default());
    let mut names = HashMap::new();
    let mut places: Vec<usize> = (0..connections())
        .map(|place| connect(&mut exchange, place, &mut names))
        .collect();
    for &(place, text) in lines {
        let line = places[place];
        if text == "-" {
            exchange.ends(line);
        } else {
            let asked = exchange.says(line, text).unwrap_or_default();
            for command in commands(asked) {
                check(&command, text, &names, line);
                if let Command::Join { join, .. } = command
                    && is_present(&exchange.hub, &join)
                {
                    names.insert((line, join.room), join.peer);
                }
            }
        }
        if !exchange.is_open(line) {
            places[place] = connect(&mut exchange, place, &mut names);
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

/// Somebody at the door of that place; who comes by a path is in the room that it names.
fn connect(exchange: &mut Exchange, place: usize, names: &mut Names) -> usize {
    let Some(wire) = place
        .checked_sub(FIRST_MESSAGE)
        .and_then(|door| doors().nth(door))
    else {
        return exchange.connect();
    };
    let line = exchange.connect_to(wire);
    if let Entrance::Path(_) = dialect(wire).entrance() {
        let (room, peer) = (RoomId::from("r"), PeerId::from("pat"));
        exchange.arrive(line, &room, &peer);
        names.insert((line, room), peer);
    }
    line
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
    if let Err(problem) = form::check(signal.payload.wire, body) {
        panic!("{problem}: {body:?}");
    }
    let object = form::undressed(signal.payload.wire, body).expect("it has been checked");
    let message = Message::scan(object).unwrap_or_else(|problem| panic!("{problem}: {body:?}"));
    let wire = dialect(signal.payload.wire).name();
    let from = match wire {
        "register" => Some(Key::From),
        "join-room" => Some(Key::Sender),
        "join" | "socketio" => Some(Key::UserId),
        "path" => Some(Key::Sender),
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
            peer: None,
            options: &options,
        });
        decode_as_server(wire, &mut *server, text);
        let stamp = Stamp {
            unix_millis: 0,
            serial: &AtomicU64::new(1),
            options: &options,
        };
        server.encode(&joined(), stamp, &mut Vec::new());
        decode_as_server(wire, &mut *server, text);

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
            let _ = dialect.read(&form::relayed(wire, text));
        }
        if form::speaks_packets(wire) {
            let _ = dialect.read(text);
        }
    }
}

fn decode_as_server(wire: Wire, server: &mut dyn ServerSide, text: &str) {
    let mut asked = Vec::new();
    if let Err(problem) = server.decode(text, &mut asked) {
        assert_eq!(asked, [], "a refused message asks for something");
        let mut reply = Vec::new();
        server.complain(&problem, &mut reply);
        asked.push(Asked::Answer(reply));
    }
    for asked in asked {
        let Asked::Answer(answer) = asked else {
            continue;
        };
        let answer = String::from_utf8(answer).expect("an answer is text");
        if let Err(problem) = form::check(wire, &answer) {
            panic!("{problem}: {answer:?}");
        }
        assert!(answer.len() < 1_000, "answers are short: {answer:?}");
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
