//! A room in memory: one hub, and the server's half of a wire for each connection. What the node does for a message,
//! without sockets, locks and counters.

use std::sync::atomic::AtomicU64;
use std::time::Instant;

use switchboard_core::{
    Command, ConnId, Event, Hub, Input, Join, Limits, Output, PeerId, Role, Wire,
};
use switchboard_dialects::{
    Asked, Encoded, Entrance, Opening, Options, ServerSide, Stamp, dialect, encode_shared,
};
use switchboard_websocket::{OpCode, write_frame, write_parts};

use crate::words::{ROOM, entering};

/// Time and numbers for messages that carry them: always the same time.
pub(crate) fn stamp(serial: &AtomicU64) -> Stamp<'_> {
    Stamp {
        unix_millis: 1_767_225_600_000,
        serial,
        options: &Options::DEFAULT,
    }
}

pub(crate) struct Studio {
    hub: Hub,
    now: Instant,
    serial: AtomicU64,
    lines: Vec<Line>,
    asked: Vec<Asked>,
    scratch: Vec<u8>,
}

/// One connection.
pub(crate) struct Line {
    wire: Wire,
    pub(crate) server: Box<dyn ServerSide>,
    /// What waits to be written to it.
    pub(crate) outbox: Vec<u8>,
}

impl Studio {
    pub(crate) fn new() -> Self {
        Self {
            hub: Hub::new(Limits::default()),
            now: Instant::now(),
            serial: AtomicU64::new(1),
            lines: Vec::new(),
            asked: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// One more member of the room, who has heard all greetings.
    pub(crate) fn enter(&mut self, wire: Wire, id: &str) -> usize {
        let peer = PeerId::from(id);
        let line = self.connect(wire, &peer);
        if let Entrance::Path(_) = dialect(wire).entrance() {
            let join = Join {
                room: ROOM.into(),
                peer,
                role: Role::Receiver,
            };
            self.step(
                line,
                Command::Join {
                    join,
                    leaving: None,
                },
            );
        }
        for message in entering(wire, id) {
            self.receive(line, &message);
        }
        self.lines.iter_mut().for_each(|line| line.outbox.clear());
        line
    }

    /// One more connection, in no room yet.
    pub(crate) fn connect(&mut self, wire: Wire, peer: &PeerId) -> usize {
        let server = dialect(wire).server(Opening {
            wire,
            spare_id: "spare",
            // Other ways in do not tell it.
            peer: matches!(dialect(wire).entrance(), Entrance::Path(_)).then_some(peer),
            options: &Options::DEFAULT,
        });
        self.lines.push(Line {
            wire,
            server,
            outbox: Vec::new(),
        });
        self.lines.len() - 1
    }

    pub(crate) fn line(&mut self, line: usize) -> &mut Line {
        &mut self.lines[line]
    }

    /// One message from a connection, from its text to the outboxes of those it is for.
    pub(crate) fn receive(&mut self, line: usize, text: &str) {
        let mut asked = std::mem::take(&mut self.asked);
        let decoded = self.lines[line].server.decode(text, &mut asked);
        decoded.expect("the messages are well-formed");
        for asked in asked.drain(..) {
            match asked {
                Asked::Command(command) => self.step(line, command),
                Asked::Answer(answer) => self.lines[line].push(&answer),
                // Nobody polls here.
                Asked::Release => {}
            }
        }
        self.asked = asked;
    }

    fn step(&mut self, line: usize, command: Command) {
        let conn = ConnId::new(line as u64);
        self.hub.handle(self.now, Input::Command { conn, command });
        while let Some(output) = self.hub.poll_output() {
            if let Output::Deliver { to, event } = output {
                self.deliver(&to, &event);
            }
        }
    }

    fn deliver(&mut self, to: &[ConnId], event: &Event) {
        let mut encoded_for = None;
        let mut is_carried = None;
        for conn in to {
            let Ok(index) = usize::try_from(conn.serial()) else {
                continue;
            };
            let line = &mut self.lines[index];
            if let Event::Signal { signal, .. } = event
                && signal.payload.wire == line.wire
            {
                if *is_carried.get_or_insert_with(|| dialect(line.wire).carries(signal)) {
                    line.push(&signal.payload.body);
                }
                continue;
            }
            let stamp = stamp(&self.serial);
            if encoded_for != Some(line.wire) {
                self.scratch.clear();
                encoded_for = match encode_shared(line.wire, event, stamp, &mut self.scratch) {
                    Encoded::Frame => Some(line.wire),
                    Encoded::Personal => {
                        match line.server.encode(event, stamp, &mut self.scratch) {
                            Encoded::Frame => Some(line.wire),
                            _ => continue,
                        }
                    }
                    Encoded::Nothing | Encoded::Untranslatable => continue,
                };
            }
            line.push(&self.scratch);
        }
    }
}

impl Line {
    fn push(&mut self, text: &[u8]) {
        match dialect(self.wire).entrance() {
            Entrance::EngineIo(_) => write_parts(&mut self.outbox, OpCode::Text, [b"4", text]),
            Entrance::FirstMessage | Entrance::Path(_) => {
                write_frame(&mut self.outbox, OpCode::Text, text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use switchboard_dialects::wires;

    use super::*;
    use crate::words::{LISTENER, SPEAKER, candidate, offer};

    #[test]
    fn what_the_speaker_says_reaches_the_listener_on_every_wire() {
        for from in wires() {
            for to in wires() {
                for message in [candidate(from), offer(from)] {
                    let mut studio = Studio::new();
                    let ann = studio.enter(from, SPEAKER);
                    let bob = studio.enter(to, LISTENER);
                    studio.receive(ann, &message);
                    assert!(studio.line(ann).outbox.is_empty());
                    // The frame's header, and all that was said.
                    let (heard, least) = (studio.line(bob).outbox.len(), message.len() - 90);
                    assert!(
                        heard > least,
                        "{from:?} {to:?}: {heard} of {}",
                        message.len()
                    );
                }
            }
        }
    }
}
