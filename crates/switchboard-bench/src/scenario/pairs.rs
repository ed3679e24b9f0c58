//! Rooms of two that send messages to and fro: every message is answered with one.

use super::Play;
use crate::Writes;
use crate::crew::Crew;
use crate::run::BenchError;
use crate::stamp::Stamp;

#[derive(Debug)]
pub(crate) struct Pairs {
    depth: usize,
    writes: Writes,
    /// What each member has heard and not answered.
    unanswered: Vec<usize>,
    stopping: bool,
}

impl Pairs {
    pub(crate) fn new(crew: &Crew, depth: usize, writes: Writes) -> Self {
        Self {
            depth,
            writes,
            unanswered: vec![0; crew.share().members()],
            stopping: false,
        }
    }

    fn say(&self, crew: &mut Crew, member: usize, count: usize) -> Result<(), BenchError> {
        match self.writes {
            Writes::Batched => crew.send_batch(member, count),
            Writes::Separate => (0..count).try_for_each(|_| crew.send(member, 0)),
        }
    }
}

impl Play for Pairs {
    fn start(&mut self, crew: &mut Crew) -> Result<(), BenchError> {
        let members = crew.share().members();
        (0..members)
            .step_by(2)
            .try_for_each(|member| self.say(crew, member, self.depth))
    }

    fn heard(&mut self, crew: &mut Crew, member: usize, heard: &[Stamp]) -> Result<(), BenchError> {
        if self.stopping {
            return Ok(());
        }
        if self.writes == Writes::Separate {
            return self.say(crew, member, heard.len());
        }
        // A batch stays one, in however many reads it came.
        self.unanswered[member] += heard.len();
        if self.unanswered[member] >= self.depth {
            self.unanswered[member] -= self.depth;
            self.say(crew, member, self.depth)?;
        }
        Ok(())
    }

    fn stop(&mut self) {
        self.stopping = true;
    }
}
