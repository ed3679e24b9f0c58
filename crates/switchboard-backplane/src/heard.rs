//! What a node is told.

use std::sync::Arc;

use switchboard_core::{PeerId, RoomId};

use crate::operation::Departed;
use crate::{Bounce, BounceReason, Member, NodeId, SignalEnvelope};

/// Names a join from when it is asked for until its outcome is heard. Given by whoever asks, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(pub u64);

/// Something that happened elsewhere, or to something this node asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// What became of a join. Whoever does not wait for it any more, or has heard of it already, gives an admission up with
    /// [`Backplane::leave`](crate::Backplane::leave), unless the connection is there by it.
    Decided {
        /// Which join.
        token: Token,
        /// What became of it.
        outcome: Outcome,
    },
    /// A join that Redis cannot decide now: whoever waits decides by what it knows. The outcome may still come.
    Undecided {
        /// Which join.
        token: Token,
    },
    /// What a member of a room is from now on.
    Changed {
        /// The room; the lobby only for ids that have a line here.
        room: RoomId,
        /// Who.
        peer: PeerId,
        /// Its lines, those of this node included; `None` if it is gone.
        member: Option<Member>,
        /// How the last change came about, if it was somebody's going.
        why: Option<Departed>,
    },
    /// Everybody who is in a room from now on, to replace what was known of it.
    Roster {
        /// The room.
        room: RoomId,
        /// In the order of joining; empty if there is no such room.
        members: Vec<RosterEntry>,
    },
    /// A room is closed, with everybody in it.
    Closed {
        /// The room.
        room: RoomId,
        /// Why.
        why: Departed,
    },
    /// Somebody elsewhere speaks to somebody here.
    Signal {
        /// The node whose connection it was said on.
        from_node: NodeId,
        /// What was said, by whom and to whom.
        signal: SignalEnvelope,
    },
    /// What a connection of this node said could not be told by the node it was sent to.
    Bounced(Bounce),
    /// What a connection of this node said has reached no node.
    Undelivered {
        /// What was to be told.
        signal: SignalEnvelope,
        /// Why it was not.
        why: BounceReason,
    },
    /// A node is gone, and nobody of it is in any room any more.
    NodeGone(NodeId),
    /// The link is up again. The listener asks for joins now, before it returns: of all its lines if `everybody`, of those
    /// that were not decided by Redis otherwise. Asking for what is there already is harmless.
    Returned {
        /// Whether Redis may know nothing of this node's lines.
        everybody: bool,
    },
    /// The link is in another state.
    State(State),
}

/// What became of a join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in.
    Admitted {
        /// The room.
        room: RoomId,
        /// Who joined.
        peer: PeerId,
        /// All its lines, the new one included.
        member: Member,
        /// Whether nobody of that id was in the room before.
        arrived: bool,
        /// Everybody in the room, in the order of joining, to replace what was known of it; `None` in the lobby, and where
        /// another outcome brings it.
        roster: Option<Vec<RosterEntry>>,
    },
    /// The room has as many peers as it may have.
    RoomFull,
    /// The peer has as many connections as it may have.
    TooManyLines,
}

/// A member of a room and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterEntry {
    /// Who.
    pub peer: PeerId,
    /// What is known of it.
    pub member: Member,
}

/// How the link to Redis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Never been up so far.
    Connecting,
    /// Redis answers in time.
    Up,
    /// Redis does not answer.
    Away,
}

impl State {
    /// The state's name in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Away => "away",
        }
    }
}

/// Who is told what is heard.
pub trait Listener: Send + Sync + 'static {
    /// Takes what one read has brought, oldest first. It must not block: nothing else is heard meanwhile.
    fn hear(&self, heard: Vec<Heard>);
}

impl<L: Listener + ?Sized> Listener for Arc<L> {
    fn hear(&self, heard: Vec<Heard>) {
        (**self).hear(heard);
    }
}
