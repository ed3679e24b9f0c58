//! Which clients belong to which thread.

use crate::{Plan, Scenario};

/// Which rooms of the run are this thread's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) first_room: usize,
    pub(crate) rooms: usize,
    pub(crate) room_size: usize,
    /// Whether the last of each room comes and goes.
    pub(crate) visitors: bool,
    /// Whether members address their messages to the only other one.
    pub(crate) in_pairs: bool,
}

impl Share {
    /// The rooms of a plan, cut into one share for each of its threads.
    pub(crate) fn all(plan: &Plan) -> Vec<Self> {
        let (rooms, threads) = (plan.scenario.rooms(), plan.threads);
        (0..threads)
            .map(|thread| {
                let first_room = rooms * thread / threads;
                Self {
                    first_room,
                    rooms: rooms * (thread + 1) / threads - first_room,
                    room_size: plan.scenario.room_size(),
                    visitors: matches!(plan.scenario, Scenario::Churn { .. }),
                    in_pairs: plan.scenario.room_size() == 2,
                }
            })
            .collect()
    }

    pub(crate) fn members(&self) -> usize {
        self.rooms * self.room_size
    }

    /// The number of the first member among all of the run.
    pub(crate) fn base(&self) -> usize {
        self.first_room * self.room_size
    }

    /// Whom a member writes to, where that is one.
    pub(crate) fn to(&self, member: usize) -> Option<usize> {
        self.in_pairs.then_some(member ^ 1)
    }
}
