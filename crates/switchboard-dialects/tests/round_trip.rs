//! Both halves of every wire, fed into each other: what a client asks for is what the server understands, and what the
//! server tells is what the client hears; but for what a wire has no words for.

mod company;
mod ends;
mod exchange;

use proptest::prelude::*;
use switchboard_core::{
    Closing, Command, Event, IdKind, IdProblem, Join, Member, Payload, PeerId, Refusal, Role,
    RoomId, Signal, SignalKind, Target, Wire,
};
use switchboard_dialects::json::{Key, Message};
use switchboard_dialects::{Entrance, Meaning, Told, by_name, dialect, wires};

use company::said;
use ends::Ends;
use exchange::form;

/// What a wire has words for. This is the whole of what may be lost between its two halves.
struct Words {
    wire: &'static str,
    /// What a peer is there for; it is a receiver to the others if not.
    roles: bool,
    /// Who else is in the room, for the one who joins.
    roster: Roster,
    /// The answer to a leave.
    left: bool,
    /// A place for those who are in no room: a leave leads back there.
    lobby: bool,
    /// An id of its own for the connection, which is changed by a message of its own.
    registration: bool,
    /// The end of candidates.
    end_of_candidates: bool,
    /// The field that says whom a message is for.
    target: Key,
    /// What stands before and behind the name of a target that is not there.
    not_found: (&'static str, &'static str),
}

#[derive(PartialEq)]
enum Roster {
    All,
    /// The joiner counts as the last.
    Others,
    Nothing,
}

const WORDS: [Words; 5] = [
    Words {
        wire: "register",
        roles: true,
        roster: Roster::Others,
        left: true,
        lobby: true,
        registration: true,
        end_of_candidates: false,
        target: Key::TargetId,
        not_found: ("Target not found: ", ""),
    },
    Words {
        wire: "join-room",
        roles: false,
        roster: Roster::Nothing,
        left: false,
        lobby: false,
        registration: false,
        end_of_candidates: true,
        target: Key::Target,
        not_found: ("Target not found: ", ""),
    },
    Words {
        wire: "join",
        roles: false,
        roster: Roster::All,
        left: true,
        lobby: false,
        registration: false,
        end_of_candidates: true,
        target: Key::Target,
        not_found: ("Target not found: ", ""),
    },
    Words {
        wire: "socketio",
        roles: false,
        roster: Roster::All,
        left: true,
        lobby: false,
        registration: false,
        end_of_candidates: true,
        target: Key::Target,
        not_found: ("Target not found: ", ""),
    },
    Words {
        wire: "path",
        roles: false,
        roster: Roster::All,
        left: false,
        lobby: false,
        registration: false,
        end_of_candidates: true,
        target: Key::Target,
        not_found: ("User ", " not found"),
    },
];

#[test]
fn every_wire_says_what_it_has_words_for() {
    let listed: Vec<_> = WORDS.iter().map(|words| by_name(words.wire)).collect();
    let all: Vec<_> = wires().map(Some).collect();
    assert_eq!(
        listed, all,
        "one line for each wire, in the order of the table"
    );
}

#[test]
fn what_people_are_told_of_a_wire_is_what_it_has_words_for() {
    for words in &WORDS {
        let about = dialect(words.wire()).about();
        let told = (about.tells_roster, about.answers_leave, about.has_lobby);
        // Who came by a path is told by the end of the connection.
        let answer = words.left || words.comes_by_path();
        let roster = words.roster != Roster::Nothing;
        assert_eq!(told, (roster, answer, words.lobby), "{}", words.wire);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_command_arrives_as_it_was_given(names in names()) {
        for words in &WORDS {
            for command in commands(words, &names) {
                let mut ends = Ends::in_room(words.wire(), &names.room, &names.me);
                prop_assert_eq!(
                    ends.ask(&command),
                    as_understood(words, &names, &command),
                    "{} {:?}", words.wire, command
                );
            }
        }
    }

    #[test]
    fn an_event_arrives_as_it_was_told(names in names()) {
        for words in &WORDS {
            for event in events(words, &names) {
                let mut ends = Ends::in_room(words.wire(), &names.room, &names.me);
                prop_assert_eq!(
                    ends.tell(&event),
                    as_heard(words, &event),
                    "{} {:?}", words.wire, event
                );
            }
        }
    }

    #[test]
    fn what_is_written_in_a_wire_s_words_reads_back(names in names(), sdp in "\\PC{0,40}") {
        let sdp = serde_json::to_string(&sdp).expect("a string");
        for words in &WORDS {
            for meaning in meanings(&sdp) {
                let end = meaning.is_end_of_candidates();
                let text = said(words.wire(), &names.room, &names.me, meaning.clone());
                prop_assert_eq!(text.is_some(), words.end_of_candidates || !end);
                if let Some(text) = text {
                    prop_assert_eq!(dialect(words.wire()).read(&text), Some(meaning), "{}", text);
                }
            }
        }
    }
}

#[test]
fn the_lobby_is_reached_by_registering() {
    for words in WORDS.iter().filter(|words| words.lobby) {
        let mut ends = Ends::new(words.wire(), &"ann".into());
        for peer in ["ann", "ann", "anna"] {
            let join = Join {
                room: RoomId::LOBBY,
                peer: peer.into(),
                role: Role::Receiver,
            };
            let [
                Command::Join {
                    join: understood, ..
                },
            ] = &ends.ask(&Command::Join {
                join: join.clone(),
                leaving: None,
            })[..]
            else {
                panic!("{}: {peer} does not register", words.wire);
            };
            assert_eq!(*understood, join);
        }
    }
}

#[test]
fn a_client_leaves_under_the_name_it_goes_by() {
    for words in WORDS.iter().filter(|words| !words.comes_by_path()) {
        let mut ends = Ends::in_room(words.wire(), &"studio".into(), &"ann".into());
        let join = Join {
            room: "kitchen".into(),
            peer: "anna".into(),
            role: Role::Receiver,
        };
        ends.ask(&Command::Join {
            join,
            leaving: Some("studio".into()),
        });
        let leave = Command::Leave {
            room: "kitchen".into(),
        };
        assert_eq!(ends.ask(&leave)[0], leave, "{}", words.wire);
    }
}

#[test]
fn who_comes_by_a_path_asks_for_no_room_and_leaves_by_hanging_up() {
    for words in WORDS.iter().filter(|words| words.comes_by_path()) {
        let mut ends = Ends::in_room(words.wire(), &"studio".into(), &"ann".into());
        let join = Join {
            room: "kitchen".into(),
            peer: "ann".into(),
            role: Role::Receiver,
        };
        let join = Command::Join {
            join,
            leaving: Some("studio".into()),
        };
        let leave = Command::Leave {
            room: "studio".into(),
        };
        for command in [join, leave] {
            assert_eq!(ends.messages(&command), [""; 0], "{}", words.wire);
        }
    }
}

/// Bytes are nothing that all wires have, so they are carried as they are or not at all.
#[test]
fn s0_1_a_message_with_attachments_arrives_with_them() {
    let wire = by_name("socketio").expect("a wire of the table");
    let (room, ann) = (RoomId::from("studio"), PeerId::from("ann"));
    let body = concat!(
        r#"52-["message",{"type":"offer","roomId":"studio","userId":"ann","x":"#,
        r#"[{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]}]"#,
        "\u{1e}bAQID\u{1e}bAQIDBA==",
    );
    let signal = Signal {
        kind: SignalKind::Offer,
        to: Target::Everyone,
        payload: Payload {
            wire,
            body: body.into(),
        },
    };
    let command = Command::Signal {
        room: room.clone(),
        signal: signal.clone(),
    };
    let mut ends = Ends::in_room(wire, &room, &ann);
    assert_eq!(ends.ask(&command), [command]);
    let event = Event::Signal {
        room,
        from: ann,
        signal,
    };
    assert_eq!(ends.tell(&event), [Told::Event(event)]);
    assert_eq!(dialect(wire).read(body), None);
}

/// Who and where, by any names there may be.
#[derive(Clone, Debug)]
struct Names {
    room: RoomId,
    elsewhere: RoomId,
    me: PeerId,
    other_me: PeerId,
    peer: PeerId,
}

fn names() -> impl Strategy<Value = Names> {
    let name = || prop_oneof![3 => "\\PC{1,16}", 1 => "[\"\\\\/ a]{1,4}", 1 => "中{128}"];
    let distinct = |names: &[String; 5]| {
        // Where a target is told by this name, it is everybody.
        let is_target = names[2..].iter().all(|name| name != "*");
        names[0] != names[1]
            && names[2] != names[3]
            && !names[2..4].contains(&names[4])
            && is_target
    };
    let names = [name(), name(), name(), name(), name()];
    let names = names.prop_filter("a name twice, or nobody's", distinct);
    names.prop_map(|[room, elsewhere, me, other_me, peer]| Names {
        room: room.into(),
        elsewhere: elsewhere.into(),
        me: me.into(),
        other_me: other_me.into(),
        peer: peer.into(),
    })
}

// ---- what is asked for ----

fn commands(words: &Words, names: &Names) -> Vec<Command> {
    let join = |room: &RoomId, peer: &PeerId, role, leaving: Option<&RoomId>| Command::Join {
        join: Join {
            room: room.clone(),
            peer: peer.clone(),
            role,
        },
        leaving: leaving.cloned(),
    };
    let mut commands = Vec::new();
    let moves = [
        join(&names.room, &names.me, Role::Receiver, None),
        join(
            &names.elsewhere,
            &names.me,
            Role::Receiver,
            Some(&names.room),
        ),
        join(&names.elsewhere, &names.me, Role::Sender, Some(&names.room)),
        join(
            &names.elsewhere,
            &names.other_me,
            Role::Sender,
            Some(&names.room),
        ),
        Command::Leave {
            room: names.room.clone(),
        },
    ];
    if !words.comes_by_path() {
        commands.extend(moves);
    }
    commands.extend(
        signals(words, names, &names.me).map(|signal| Command::Signal {
            room: names.room.clone(),
            signal,
        }),
    );
    commands
}

/// What the server makes of a command that it is sent.
fn as_understood(words: &Words, names: &Names, command: &Command) -> Vec<Command> {
    let mut command = command.clone();
    let lobby = |peer: &PeerId| Join {
        room: RoomId::LOBBY,
        peer: peer.clone(),
        role: Role::Receiver,
    };
    match &mut command {
        Command::Join { join, leaving } => {
            if !words.roles {
                join.role = Role::Receiver;
            }
            if words.registration && join.peer != names.me {
                let register = Command::Join {
                    join: lobby(&join.peer),
                    leaving: leaving.replace(RoomId::LOBBY),
                };
                return vec![register, command];
            }
            vec![command]
        }
        Command::Leave { .. } if words.lobby => {
            let back = Command::Join {
                join: lobby(&names.me),
                leaving: None,
            };
            vec![command, back]
        }
        Command::Signal { signal, .. } => {
            signal.payload = without_envelope(&signal.payload);
            vec![command]
        }
        Command::Leave { .. } => vec![command],
    }
}

/// What a message is, once it is taken out of the envelope that another wire has it in.
fn without_envelope(payload: &Payload) -> Payload {
    let Some(wire) = dialect(payload.wire).envelops() else {
        return payload.clone();
    };
    let text = std::str::from_utf8(&payload.body).expect("a message is text");
    let body = form::undressed(payload.wire, text).expect("an object");
    let body = body.as_bytes().to_vec();
    Payload { wire, body }
}

// ---- what is told ----

fn events(words: &Words, names: &Names) -> Vec<Event> {
    let member = |peer: &PeerId, role| Member {
        peer: peer.clone(),
        role,
    };
    let members = [
        member(&names.peer, Role::Sender),
        member(&names.other_me, Role::Receiver),
        member(&names.me, Role::Receiver),
    ];
    let (room, me, peer) = (names.room.clone(), names.me.clone(), names.peer.clone());
    let mut events = Vec::new();
    for members in [&members[..], &members[2..]] {
        events.push(Event::Joined {
            room: room.clone(),
            peer: me.clone(),
            role: Role::Receiver,
            members: members.to_vec(),
        });
    }
    for role in [Role::Sender, Role::Receiver] {
        events.push(Event::PeerJoined {
            room: room.clone(),
            peer: peer.clone(),
            role,
        });
        events.push(Event::PeerLeft {
            room: room.clone(),
            peer: peer.clone(),
            role,
        });
    }
    events.push(Event::Left {
        room: room.clone(),
        peer: me.clone(),
    });
    events.push(Event::RoomClosed {
        room: room.clone(),
        peer: me,
        why: Closing::Idle,
    });
    events.extend(signals(words, names, &peer).map(|signal| Event::Signal {
        room: room.clone(),
        from: peer.clone(),
        signal,
    }));
    let refused = |refusal| Event::Refused { refusal };
    events.extend(refusals(&peer).map(refused));
    events
}

/// What a client hears of an event; nothing if its wire has no word for it.
fn as_heard(words: &Words, event: &Event) -> Vec<Told> {
    let mut event = event.clone();
    match &mut event {
        Event::Joined { members, .. } => {
            if words.roster == Roster::Nothing {
                members.clear();
            }
            for member in members.iter_mut().filter(|_| !words.roles) {
                member.role = Role::Receiver;
            }
        }
        Event::PeerJoined { role, .. } | Event::PeerLeft { role, .. } if !words.roles => {
            *role = Role::Receiver;
        }
        Event::Left { .. } if !words.left => return Vec::new(),
        // Only those who came by its path have a word for a room that ends; to the others it is a leave.
        Event::RoomClosed { .. } if words.comes_by_path() => {}
        Event::RoomClosed { .. } if !words.left => return Vec::new(),
        Event::RoomClosed { room, peer, .. } => {
            event = Event::Left {
                room: room.clone(),
                peer: peer.clone(),
            };
        }
        Event::Signal { signal, .. } => signal.payload = without_envelope(&signal.payload),
        Event::Refused { refusal } => {
            let (before, behind) = words.not_found;
            let message = match refusal {
                Refusal::TargetNotFound { target } => format!("{before}{target}{behind}"),
                _ => refusal.to_string(),
            };
            return vec![Told::Refused {
                code: refusal.code().to_owned(),
                message,
            }];
        }
        Event::Left { .. } | Event::PeerJoined { .. } | Event::PeerLeft { .. } => {}
    }
    vec![Told::Event(event)]
}

fn refusals(target: &PeerId) -> impl Iterator<Item = Refusal> {
    let problems = [
        IdProblem::Empty,
        IdProblem::ControlCharacter,
        IdProblem::TooLong { chars: 7, limit: 5 },
    ];
    let invalid = problems.map(|problem| Refusal::InvalidId {
        kind: IdKind::Room,
        problem,
    });
    let refusals = [
        Refusal::NotInRoom,
        Refusal::TargetNotFound {
            target: target.clone(),
        },
        Refusal::RoomFull { limit: 5 },
        Refusal::TooManyRooms { limit: 5 },
        Refusal::TooManyConnections { limit: 5 },
        Refusal::Untranslatable,
        Refusal::TooLarge { bytes: 7, limit: 5 },
    ];
    refusals.into_iter().chain(invalid)
}

// ---- what peers say to each other ----

fn signals(words: &Words, names: &Names, from: &PeerId) -> impl Iterator<Item = Signal> {
    let wire = words.wire();
    let mut signals = Vec::new();
    for meaning in meanings("\"v=0\\r\\n\"") {
        let kind = match &meaning {
            Meaning::Offer { .. } => SignalKind::Offer,
            Meaning::Answer { .. } => SignalKind::Answer,
            Meaning::Candidate { .. } => SignalKind::Candidate,
            Meaning::Chat { .. } => SignalKind::Chat,
            Meaning::Other { .. } => SignalKind::Other,
        };
        let Some(text) = said(wire, &names.room, from, meaning) else {
            continue;
        };
        let mut addressed = Vec::new();
        let object = form::undressed(wire, &text).expect("an object");
        let message = Message::scan(object).expect("a message");
        message.with_string(words.target, names.other_me.as_str(), &mut addressed);
        let addressed = String::from_utf8(addressed).expect("a message is text");
        let addressed = text.replace(object, &addressed).into_bytes();
        for (to, body) in [
            (Target::Everyone, text.into_bytes()),
            (Target::Peer(names.other_me.clone()), addressed),
        ] {
            let payload = Payload { wire, body };
            signals.push(Signal { kind, to, payload });
        }
    }
    signals.into_iter()
}

fn meanings(sdp: &str) -> impl Iterator<Item = Meaning<'_>> {
    let other = r#"{"type":"white\"board","line":[[0,0],[1.0,1e400]],"a b":null,"":{"type":1}}"#;
    let other = dialect(Wire(0)).read(other).expect("a message");
    let init = r#"{"candidate":"candidate:1 1 UDP 1 10.0.0.1 5000 typ host","sdpMid":null,"sdpMLineIndex":0}"#;
    let meanings = [
        Meaning::Offer { sdp },
        Meaning::Answer { sdp },
        Meaning::Candidate { init: init.into() },
        Meaning::Candidate {
            init: "null".into(),
        },
        Meaning::Candidate {
            init: r#"{"candidate":"","sdpMid":"0"}"#.into(),
        },
        Meaning::Chat { text: sdp },
        other,
    ];
    meanings.into_iter()
}

impl Words {
    fn wire(&self) -> Wire {
        by_name(self.wire).expect("a wire of the table")
    }

    /// Whether its clients name room and id once and for all, in the path of their connection.
    fn comes_by_path(&self) -> bool {
        matches!(dialect(self.wire()).entrance(), Entrance::Path(_))
    }
}
