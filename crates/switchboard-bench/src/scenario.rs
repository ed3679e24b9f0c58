//! What the clients of a thread do, once they are in their rooms.

mod churn;
mod fanout;
mod latency;
mod pairs;

pub(crate) use churn::Churn;
pub(crate) use fanout::Fanout;
pub(crate) use latency::Latency;
pub(crate) use pairs::Pairs;

use std::time::Duration;

use crate::crew::Crew;
use crate::histogram::Histogram;
use crate::run::BenchError;
use crate::stamp::Stamp;
use crate::trouble::Kind;

/// The part that a thread's clients play.
pub(crate) trait Play {
    /// Everybody who stays is there: whoever begins does so now.
    fn start(&mut self, crew: &mut Crew) -> Result<(), BenchError>;

    /// A member has heard these messages at once, each of which has been checked.
    fn heard(&mut self, crew: &mut Crew, member: usize, heard: &[Stamp]) -> Result<(), BenchError>;

    /// A member has come into its room.
    fn arrived(&mut self, _crew: &mut Crew, _member: usize) -> Result<(), BenchError> {
        Ok(())
    }

    /// A member was told that another has come (or else gone).
    fn told(
        &mut self,
        crew: &mut Crew,
        member: usize,
        peer: &str,
        came: bool,
    ) -> Result<(), BenchError> {
        if !came {
            crew.trouble.note(Kind::Unexpected, || {
                format!("client {member} was told that {peer} had left, who had not")
            });
        }
        Ok(())
    }

    /// Does what is due; says how long there is nothing to do, if that is known.
    fn act(&mut self, _crew: &mut Crew) -> Result<Option<Duration>, BenchError> {
        Ok(None)
    }

    /// From now on nobody begins anything new.
    fn stop(&mut self) {}

    /// Deliveries that are not messages of other clients.
    fn tidings(&self) -> u64 {
        0
    }

    /// Whether everything that was begun has come to its end.
    fn is_done(&self, crew: &Crew) -> bool {
        crew.ledger.outstanding() == 0
    }

    /// What is wrong at the end, beside the messages.
    fn close(&mut self, _crew: &mut Crew) {}

    /// How long deliveries took, where that is measured.
    fn into_histogram(self) -> Option<Histogram>
    where
        Self: Sized,
    {
        None
    }
}
