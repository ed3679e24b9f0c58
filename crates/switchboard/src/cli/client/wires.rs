//! What some wires do that others do not, where a person or a check would miss it.

use switchboard_core::Wire;
use switchboard_dialects::dialect;

/// Whether joiners are told who is there.
pub(crate) fn tells_a_roster(wire: Wire) -> bool {
    dialect(wire).name() != TACITURN
}

/// Whether a leave is answered.
pub(crate) fn answers_a_leave(wire: Wire) -> bool {
    dialect(wire).name() != TACITURN
}

/// Whether there are ids that are in no room (the id router of docs/dialects/register.md).
pub(crate) fn knows_the_lobby(wire: Wire) -> bool {
    dialect(wire).name() == "register"
}

/// The one wire which, as published, neither tells a roster nor answers a leave (docs/dialects/join-room.md).
const TACITURN: &str = "join-room";
