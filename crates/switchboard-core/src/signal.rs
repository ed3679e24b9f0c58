//! What peers say to each other.

use crate::PeerId;

/// One message from peer to peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// What it means, as far as the sender's wire has a word for it.
    pub kind: SignalKind,
    /// Whom it is for.
    pub to: Target,
    /// What it says, unread.
    pub payload: Payload,
}

/// The meanings that every wire shares, and one for all the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignalKind {
    /// An SDP offer.
    Offer,
    /// An SDP answer.
    Answer,
    /// An ICE candidate, or the end of them.
    Candidate,
    /// A line of chat.
    Chat,
    /// Anything else; carried as it is.
    Other,
}

impl SignalKind {
    /// All kinds, in the order of [`SignalKind::index`].
    pub const ALL: [Self; 5] = [
        Self::Offer,
        Self::Answer,
        Self::Candidate,
        Self::Chat,
        Self::Other,
    ];

    /// The kind's name in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::Answer => "answer",
            Self::Candidate => "candidate",
            Self::Chat => "chat",
            Self::Other => "other",
        }
    }

    /// Position in [`SignalKind::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Whom a signal is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Everybody else in the room.
    Everyone,
    /// One other peer in the room; the speaker's own is none to reach.
    Peer(PeerId),
}

/// A message's bytes as they came, and the wire whose language they are in.
///
/// The hub never looks inside: between two peers of one wire it travels untouched, between two wires the receiving
/// side's dialect has it read by the sending side's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// Whose language `body` is in.
    pub wire: Wire,
    /// The message.
    pub body: Vec<u8>,
}

/// A wire's place in the dialect table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wire(pub u8);

/// What a peer is there for. A label for the others; it grants nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends media.
    Sender,
    /// Receives media.
    #[default]
    Receiver,
}
