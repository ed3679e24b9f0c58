//! What one node says to another.
//!
//! A **batch** is a head of one byte and envelopes, each with its length before it. The head's high nibble is the version
//! that both ends must know, the low one says whether what follows is sealed. A reader passes over envelopes of kinds it
//! does not know, and over whatever stands behind the fields it knows: so versions that add something understand each
//! other both ways.

mod batch;
mod bytes;

pub(crate) use batch::{Batch, Unreadable};

use switchboard_core::{PeerId, RoomId, SignalKind, Target};

use crate::WireName;
use bytes::{Reader, write_text, write_varint};

/// One message between nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// Somebody speaks to somebody.
    Signal(SignalEnvelope),
    /// What somebody said could not be told.
    Bounce(Bounce),
    /// A node listens to itself through Redis.
    Canary(u64),
}

/// Something said by a connection of one node to peers of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalEnvelope {
    /// The connection it came from, on the sending node.
    pub conn: u64,
    /// The room both are in.
    pub room: RoomId,
    /// Who says it.
    pub from: PeerId,
    /// Whom it is for.
    pub to: Target,
    /// What it means.
    pub kind: SignalKind,
    /// Whose language `body` is in.
    pub wire: WireName,
    /// The message as it came.
    pub body: Vec<u8>,
    /// How many nodes have passed it on already, because the receiver had moved.
    pub hops: u8,
}

/// The answer to a signal that was not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// The connection that said it, on the node that is told now.
    pub conn: u64,
    /// Whom it was for; `None` for everyone.
    pub target: Option<PeerId>,
    /// Why it was not told.
    pub reason: BounceReason,
}

/// Why a signal was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BounceReason {
    /// Nobody of that name is there any more.
    TargetNotFound,
    /// The other node has too much waiting.
    Busy,
    /// The connection between the nodes is interrupted.
    Unavailable,
    /// The receiver's wire has no form for it.
    Untranslatable,
    /// In the receiver's wire it is too large.
    TooLarge,
}

const SIGNAL: u8 = 1;
const BOUNCE: u8 = 2;
const CANARY: u8 = 3;

const TO_EVERYONE: u8 = 1;
const IN_LOBBY: u8 = 2;

/// In the order of their numbers.
const KINDS: [SignalKind; 5] = [
    SignalKind::Other,
    SignalKind::Offer,
    SignalKind::Answer,
    SignalKind::Candidate,
    SignalKind::Chat,
];

/// In the order of their numbers.
const REASONS: [BounceReason; 5] = [
    BounceReason::TargetNotFound,
    BounceReason::Busy,
    BounceReason::Unavailable,
    BounceReason::Untranslatable,
    BounceReason::TooLarge,
];

/// The place of a value in its list, which is below 256.
fn number<T: PartialEq>(list: &[T], value: &T) -> u8 {
    let place = list.iter().position(|other| other == value);
    u8::try_from(place.unwrap_or_default()).unwrap_or_default()
}

impl Envelope {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Signal(signal) => signal.write(out),
            Self::Bounce(Bounce {
                conn,
                target,
                reason,
            }) => {
                out.push(BOUNCE);
                write_varint(out, *conn);
                out.push(number(&REASONS, reason));
                // Nobody has an empty name.
                write_text(out, target.as_ref().map_or("", PeerId::as_str));
            }
            Self::Canary(number) => {
                out.push(CANARY);
                write_varint(out, *number);
            }
        }
    }

    /// `Ok(None)` for a kind of a later version.
    fn read(reader: &mut Reader<'_>) -> Result<Option<Self>, Unreadable> {
        Ok(Some(match reader.byte()? {
            SIGNAL => Self::Signal(SignalEnvelope::read(reader)?),
            BOUNCE => {
                let conn = reader.varint()?;
                let reason = REASONS.get(usize::from(reader.byte()?)).copied();
                let target = Some(reader.text()?).filter(|name| !name.is_empty());
                Self::Bounce(Bounce {
                    conn,
                    target: target.map(PeerId::from),
                    // What a later version gives as a reason is one this version cannot know.
                    reason: reason.unwrap_or(BounceReason::Unavailable),
                })
            }
            CANARY => Self::Canary(reader.varint()?),
            _ => return Ok(None),
        }))
    }
}

impl SignalEnvelope {
    fn write(&self, out: &mut Vec<u8>) {
        let (everyone, target) = match &self.to {
            Target::Everyone => (TO_EVERYONE, ""),
            Target::Peer(peer) => (0, peer.as_str()),
        };
        let lobby = if self.room.is_lobby() { IN_LOBBY } else { 0 };
        out.extend([SIGNAL, everyone | lobby, self.hops]);
        write_varint(out, self.conn);
        out.push(number(&KINDS, &self.kind));
        write_text(out, self.room.name().unwrap_or_default());
        write_text(out, self.from.as_str());
        write_text(out, target);
        write_text(out, self.wire.as_str());
        write_varint(out, self.body.len() as u64);
        out.extend_from_slice(&self.body);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Unreadable> {
        let (flags, hops) = (reader.byte()?, reader.byte()?);
        let conn = reader.varint()?;
        let kind = KINDS.get(usize::from(reader.byte()?)).copied();
        let room = reader.text()?;
        let room = if flags & IN_LOBBY == 0 {
            room.into()
        } else {
            RoomId::LOBBY
        };
        let from = reader.text()?.into();
        let target = reader.text()?;
        let to = if flags & TO_EVERYONE == 0 {
            Target::Peer(target.into())
        } else {
            Target::Everyone
        };
        let wire = WireName::try_from(reader.text()?).map_err(|_| Unreadable::Malformed)?;
        Ok(Self {
            conn,
            room,
            from,
            to,
            kind: kind.unwrap_or(SignalKind::Other),
            wire,
            body: reader.bytes()?.to_vec(),
            hops,
        })
    }

    /// Whom it is for, if it is for one.
    #[must_use]
    pub const fn target(&self) -> Option<&PeerId> {
        match &self.to {
            Target::Peer(peer) => Some(peer),
            Target::Everyone => None,
        }
    }
}

#[cfg(test)]
mod tests;
