//! A node in memory: one hub, and the server half of a wire for each connection. No socket, no clock.
//!
//! Every message that comes out is checked on the way: it must be one that a client of the wire can read.

#![allow(dead_code, reason = "each test file uses its own part of the exchange")]

pub(crate) mod form;

use std::sync::atomic::AtomicU64;
use std::time::Instant;

use switchboard_core::{
    Closing, Command, ConnId, Event, Hub, Input, Join, Limits, Output, PeerId, Refusal, Role,
    RoomId, Wire,
};
use switchboard_dialects::{
    Asked, Encoded, Entrance, Opening, Options, ServerSide, Stamp, dialect, encode_shared,
    recognise,
};

/// 2026-01-01T00:00:00Z: when everything happens.
pub(crate) const NOW: u64 = 1_767_225_600_000;

pub(crate) struct Exchange {
    pub(crate) hub: Hub,
    now: Instant,
    options: Options,
    serial: AtomicU64,
    lines: Vec<Line>,
    heard: Vec<(usize, Heard)>,
}

/// One connection.
struct Line {
    /// `None` until its first message has been recognised, where that is what tells the wire.
    server: Option<(Wire, Box<dyn ServerSide>)>,
    open: bool,
}

/// What reaches a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Message(String),
    /// The server ended it.
    Closed,
}

impl Exchange {
    pub(crate) fn new(options: Options, limits: Limits) -> Self {
        Self {
            hub: Hub::new(limits),
            now: Instant::now(),
            options,
            serial: AtomicU64::new(1),
            lines: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// A connection at a path that several wires share.
    pub(crate) fn connect(&mut self) -> usize {
        self.lines.push(Line {
            server: None,
            open: true,
        });
        self.lines.len() - 1
    }

    /// A connection where clients of this wire come in.
    pub(crate) fn connect_to(&mut self, wire: Wire) -> usize {
        let line = self.connect();
        match dialect(wire).entrance() {
            Entrance::FirstMessage => {}
            Entrance::Path(_) | Entrance::EngineIo(_) => {
                self.lines[line].server = Some((wire, self.open(line, wire, None)));
            }
        }
        line
    }

    /// What the path says that a connection has come by: it is in the room, or it ends.
    pub(crate) fn arrive(&mut self, line: usize, room: &RoomId, peer: &PeerId) {
        let wire = self.wire(line).expect("the way in has told the wire");
        self.lines[line].server = Some((wire, self.open(line, wire, Some(peer))));
        let join = Join {
            room: room.clone(),
            peer: peer.clone(),
            role: Role::Receiver,
        };
        let command = Command::Join {
            join,
            leaving: None,
        };
        let conn = conn(line);
        if self.handle(Input::Command { conn, command }) {
            self.close(line);
        }
    }

    /// A room ends while somebody is in it. Who came by its path has nothing else to be there for.
    pub(crate) fn close_room(&mut self, room: &RoomId, why: Closing) {
        let room = room.clone();
        self.handle(Input::Close { room, why });
    }

    /// The wire that a connection turned out to speak.
    pub(crate) fn wire(&self, line: usize) -> Option<Wire> {
        self.lines[line].server.as_ref().map(|(wire, _)| *wire)
    }

    pub(crate) fn is_open(&self, line: usize) -> bool {
        self.lines[line].open
    }

    /// A message arrives on a connection. What it asked for; or, if it was refused, the code of the error that the
    /// connection has been sent.
    pub(crate) fn says(&mut self, line: usize, text: &str) -> Result<Vec<Asked>, String> {
        assert!(self.lines[line].open, "a closed connection says something");
        if self.lines[line].server.is_none() {
            match recognise(text) {
                Ok(wire) => self.lines[line].server = Some((wire, self.open(line, wire, None))),
                Err(unrecognised) => {
                    self.push(line, unrecognised.reply);
                    if unrecognised.closes {
                        self.close(line);
                    }
                    return Err(unrecognised.code.to_owned());
                }
            }
        }
        let Some((wire, server)) = &mut self.lines[line].server else {
            unreachable!("the connection has just been recognised");
        };
        let wire = *wire;
        let mut asked = Vec::new();
        if let Err(problem) = server.decode(text, &mut asked) {
            assert_eq!(asked, [], "a refused message asks for something");
            let mut reply = Vec::new();
            server.complain(&problem, &mut reply);
            self.push(line, reply);
            if problem.closes() {
                self.close(line);
            }
            return Err(problem.code().to_owned());
        }
        let error = asked.iter().find_map(|asked| match asked {
            Asked::Answer(answer) => form::error_in(wire, std::str::from_utf8(answer).ok()?),
            Asked::Command(_) | Asked::Release => None,
        });
        for asked in asked.clone() {
            match asked {
                Asked::Command(command) => {
                    assert_eq!(error, None, "a refused message asks for {command:?}");
                    let conn = conn(line);
                    self.handle(Input::Command { conn, command });
                }
                Asked::Answer(answer) => self.push(line, answer),
                Asked::Release => {}
            }
        }
        error.map_or(Ok(asked), |(code, _)| Err(code))
    }

    /// A connection ends, politely or not.
    pub(crate) fn ends(&mut self, line: usize) {
        assert!(self.lines[line].open, "a closed connection ends again");
        self.lines[line].open = false;
        self.handle(Input::Detach { conn: conn(line) });
    }

    /// What reached whom since the last look, in the order in which it did.
    pub(crate) fn heard(&mut self) -> Vec<(usize, Heard)> {
        std::mem::take(&mut self.heard)
    }

    fn open(&self, line: usize, wire: Wire, peer: Option<&PeerId>) -> Box<dyn ServerSide> {
        dialect(wire).server(Opening {
            wire,
            spare_id: &format!("guest-{}", line + 1),
            peer,
            options: &self.options,
        })
    }

    /// Ends a connection from the server's side.
    fn close(&mut self, line: usize) {
        self.heard.push((line, Heard::Closed));
        self.ends(line);
    }

    /// Tells whether the hub refused it.
    fn handle(&mut self, input: Input) -> bool {
        let asker = match &input {
            Input::Command { conn, .. } => Some(line(*conn)),
            Input::Detach { .. } | Input::Close { .. } | Input::Time => None,
        };
        let (mut refused, mut over) = (false, Vec::new());
        self.hub.handle(self.now, input);
        while let Some(output) = self.hub.poll_output() {
            let Output::Deliver { to, event } = output else {
                continue;
            };
            let mut lines: Vec<usize> = to.iter().copied().map(line).collect();
            lines.sort_unstable();
            let lost = self.deliver(&lines, &event);
            refused |= matches!(event, Event::Refused { .. });
            if matches!(event, Event::RoomClosed { .. }) {
                over.extend(lines.into_iter().filter(|line| self.came_by_path(*line)));
            }
            if let (true, Some(asker)) = (lost, asker) {
                let refusal = Refusal::Untranslatable;
                self.deliver(&[asker], &Event::Refused { refusal });
            }
        }
        for line in over {
            self.close(line);
        }
        refused
    }

    fn came_by_path(&self, line: usize) -> bool {
        let wire = self.wire(line);
        wire.is_some_and(|wire| matches!(dialect(wire).entrance(), Entrance::Path(_)))
    }

    /// Encodes an event once for each wire, and once more for each connection whose wire wants to be asked itself.
    /// Tells whether it was lost to somebody whose wire cannot carry it.
    fn deliver(&mut self, to: &[usize], event: &Event) -> bool {
        let mut lost = false;
        let mut shared: Vec<(Wire, Encoded, Vec<u8>)> = Vec::new();
        for &line in to {
            assert!(
                self.lines[line].open,
                "a closed connection is told {event:?}"
            );
            let Some((wire, server)) = &mut self.lines[line].server else {
                panic!("an unrecognised connection is told {event:?}");
            };
            let stamp = Stamp {
                unix_millis: NOW,
                serial: &self.serial,
                options: &self.options,
            };
            let known = shared.iter().position(|(other, ..)| other == wire);
            let known = known.unwrap_or_else(|| {
                let mut out = Vec::new();
                let encoded = encode_shared(*wire, event, stamp, &mut out);
                shared.push((*wire, encoded, out));
                shared.len() - 1
            });
            let (_, encoded, out) = &shared[known];
            let (encoded, out) = match encoded {
                Encoded::Personal => {
                    assert!(out.is_empty(), "personal words are nobody else's");
                    let mut out = Vec::new();
                    (server.encode(event, stamp, &mut out), out)
                }
                encoded => (*encoded, out.clone()),
            };
            match encoded {
                Encoded::Frame => self.push(line, out),
                Encoded::Nothing | Encoded::Untranslatable => {
                    assert!(out.is_empty(), "nothing said in {} bytes", out.len());
                    lost |= encoded == Encoded::Untranslatable;
                }
                Encoded::Personal => panic!("asked itself, a wire has no words for {event:?}"),
            }
        }
        lost
    }

    fn push(&mut self, line: usize, message: Vec<u8>) {
        let text = String::from_utf8(message).expect("a message is text");
        // Nobody knows yet what an unrecognised connection speaks; errors to it are objects.
        let wire = self.wire(line).unwrap_or(Wire(0));
        if let Err(problem) = form::check(wire, &text) {
            panic!("what is sent is no message: {problem}: {text}");
        }
        self.heard.push((line, Heard::Message(text)));
    }
}

fn conn(line: usize) -> ConnId {
    ConnId::new(line as u64)
}

fn line(conn: ConnId) -> usize {
    usize::try_from(conn.serial()).expect("a small number")
}

/// What the hub is asked for, of all that is asked for.
pub(crate) fn commands(asked: Vec<Asked>) -> Vec<Command> {
    let command = |asked| match asked {
        Asked::Command(command) => Some(command),
        Asked::Answer(_) | Asked::Release => None,
    };
    asked.into_iter().filter_map(command).collect()
}
