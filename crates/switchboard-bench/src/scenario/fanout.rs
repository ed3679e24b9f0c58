//! Rooms in which one after the other says something to all: the next speaks when all have heard the last.

use super::Play;
use crate::crew::Crew;
use crate::run::BenchError;
use crate::stamp::Stamp;

#[derive(Debug)]
pub(crate) struct Fanout {
    rooms: Vec<Turn>,
    stopping: bool,
}

/// Whose turn it is in a room.
#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    speaker: usize,
    /// How many have heard the speaker.
    heard: usize,
}

impl Fanout {
    pub(crate) fn new(crew: &Crew) -> Self {
        Self {
            rooms: vec![Turn::default(); crew.share().rooms],
            stopping: false,
        }
    }
}

impl Play for Fanout {
    fn start(&mut self, crew: &mut Crew) -> Result<(), BenchError> {
        let share = crew.share();
        (0..share.rooms).try_for_each(|room| crew.send(room * share.room_size, 0))
    }

    fn heard(&mut self, crew: &mut Crew, member: usize, heard: &[Stamp]) -> Result<(), BenchError> {
        if crew.ledger.is_visitor(member) {
            return Ok(());
        }
        let share = crew.share();
        let room = member / share.room_size;
        let stay = share.room_size - usize::from(share.visitors);
        let turn = &mut self.rooms[room];
        turn.heard += heard.len();
        if turn.heard < stay - 1 || self.stopping {
            return Ok(());
        }
        turn.heard -= stay - 1;
        turn.speaker = (turn.speaker + 1) % stay;
        crew.send(room * share.room_size + turn.speaker, 0)
    }

    fn stop(&mut self) {
        self.stopping = true;
    }
}
