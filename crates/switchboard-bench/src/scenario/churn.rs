//! Busy rooms, each with a visitor who comes, is told to all, goes, is told to all, and comes again.

use super::{Fanout, Play};
use crate::crew::Crew;
use crate::run::BenchError;
use crate::stamp::Stamp;
use crate::trouble::Kind;

#[derive(Debug)]
pub(crate) struct Churn {
    talk: Fanout,
    visits: Vec<Visit>,
    /// Arrivals and departures that members were told of.
    tidings: u64,
    stopping: bool,
}

/// What a room's visitor is about.
#[derive(Clone, Debug)]
struct Visit {
    /// The visitor's id.
    id: String,
    /// Whether it comes; or else it goes.
    coming: bool,
    /// Whether it has been told itself that it is there, or need not be told anything.
    confirmed: bool,
    /// Which members have been told.
    told: Vec<bool>,
    untold: usize,
    /// It is away, and nobody waits to be told.
    over: bool,
}

impl Visit {
    fn begin(&mut self, coming: bool) {
        self.coming = coming;
        self.confirmed = !coming;
        self.told.fill(false);
        self.untold = self.told.len();
        self.over = false;
    }
}

impl Churn {
    pub(crate) fn new(crew: &Crew) -> Self {
        let share = crew.share();
        let stay = share.room_size - 1;
        let visit = |room| Visit {
            id: crew.id(room * share.room_size + stay),
            coming: false,
            confirmed: true,
            told: vec![true; stay],
            untold: 0,
            over: true,
        };
        Self {
            talk: Fanout::new(crew),
            visits: (0..share.rooms).map(visit).collect(),
            tidings: 0,
            stopping: false,
        }
    }

    /// Goes on when everybody knows of the last step.
    fn go_on(&mut self, crew: &mut Crew, room: usize) -> Result<(), BenchError> {
        let visit = &mut self.visits[room];
        if visit.untold > 0 || !visit.confirmed {
            return Ok(());
        }
        let size = crew.share().room_size;
        let visitor = room * size + size - 1;
        if visit.coming {
            visit.begin(false);
            return crew.leave(visitor);
        }
        if self.stopping {
            visit.over = true;
            return Ok(());
        }
        visit.begin(true);
        crew.come_back(visitor)
    }
}

impl Play for Churn {
    fn start(&mut self, crew: &mut Crew) -> Result<(), BenchError> {
        self.talk.start(crew)?;
        (0..self.visits.len()).try_for_each(|room| self.go_on(crew, room))
    }

    fn heard(&mut self, crew: &mut Crew, member: usize, heard: &[Stamp]) -> Result<(), BenchError> {
        self.talk.heard(crew, member, heard)
    }

    fn arrived(&mut self, crew: &mut Crew, member: usize) -> Result<(), BenchError> {
        let room = member / crew.share().room_size;
        self.visits[room].confirmed = true;
        self.go_on(crew, room)
    }

    fn told(
        &mut self,
        crew: &mut Crew,
        member: usize,
        peer: &str,
        came: bool,
    ) -> Result<(), BenchError> {
        if crew.ledger.is_visitor(member) {
            return Ok(());
        }
        let size = crew.share().room_size;
        let (room, place) = (member / size, member % size);
        let visit = &mut self.visits[room];
        if peer != visit.id && came {
            // Somebody who stays, and came when the rooms were filled.
            return Ok(());
        }
        if peer != visit.id || came != visit.coming || visit.told[place] {
            let what = if came { "come" } else { "gone" };
            crew.trouble.note(Kind::Unexpected, || {
                format!("client {member} was told that {peer} had {what}, which was not so or was told before")
            });
            return Ok(());
        }
        visit.told[place] = true;
        visit.untold -= 1;
        self.tidings += 1;
        self.go_on(crew, room)
    }

    fn stop(&mut self) {
        self.stopping = true;
        self.talk.stop();
    }

    fn tidings(&self) -> u64 {
        self.tidings
    }

    fn is_done(&self, crew: &Crew) -> bool {
        crew.ledger.outstanding() == 0 && self.visits.iter().all(|visit| visit.over)
    }

    fn close(&mut self, crew: &mut Crew) {
        for visit in &self.visits {
            let what = if visit.coming { "come" } else { "gone" };
            crew.trouble.count(Kind::Missing, visit.untold as u64, || {
                format!(
                    "{} were never told that {} had {what}",
                    visit.untold, visit.id
                )
            });
            crew.trouble
                .count(Kind::Missing, u64::from(!visit.confirmed), || {
                    format!("{} was never told that it is in its room", visit.id)
                });
        }
    }
}
