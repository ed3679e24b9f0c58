//! Several envelopes in one entry.

use thiserror::Error;

use super::Envelope;
use super::bytes::{Reader, write_varint};
use crate::seal::Sealed;
use crate::{Error, Keys, NodeId};

/// The high nibble of the head: what both ends must know.
const VERSION: u8 = 0x10;

/// The low nibble of the head.
const OPEN: u8 = 0;
const SEALED: u8 = 1;

/// Envelopes on their way to one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    count: usize,
}

/// Why a batch cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unreadable {
    #[error("it is of version {0}, which this one does not know")]
    Version(u8),
    #[error("it is sealed, and there is no key for it here")]
    NoKey,
    #[error("it is not sealed, although keys are configured")]
    NotSealed,
    #[error(
        "it does not open: it was sealed with another key of the same id, or changed on its way"
    )]
    Forged,
    #[error("it is malformed")]
    Malformed,
}

impl Batch {
    /// One envelope.
    pub(crate) fn of(envelope: &Envelope) -> Self {
        let mut batch = Self::default();
        batch.push(envelope);
        batch
    }

    /// One envelope more.
    pub(crate) fn push(&mut self, envelope: &Envelope) {
        // The length stands before the envelope and is known behind it; most are below 16 KiB.
        let mut one = Vec::with_capacity(320);
        envelope.write(&mut one);
        write_varint(&mut self.bytes, one.len() as u64);
        self.bytes.extend_from_slice(&one);
        self.count += 1;
    }

    /// Bytes it has without its head.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many envelopes it has.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// What travels: sealed if there are keys.
    ///
    /// # Errors
    /// If it cannot be sealed.
    pub(crate) fn packed(&self, source: NodeId, keys: Option<&Keys>) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(self.bytes.len() + Sealed::OVERHEAD + 1);
        match keys {
            None => {
                out.push(VERSION | OPEN);
                out.extend_from_slice(&self.bytes);
            }
            Some(keys) => {
                out.push(VERSION | SEALED);
                keys.seal(source, &self.bytes, &mut out)?;
            }
        }
        Ok(out)
    }

    /// The envelopes of what has travelled, but for those of kinds this version does not know.
    pub(crate) fn unpack(
        packed: &[u8],
        source: NodeId,
        keys: Option<&Keys>,
    ) -> Result<Vec<Envelope>, Unreadable> {
        let (head, body) = packed.split_first().ok_or(Unreadable::Malformed)?;
        if head & 0xf0 != VERSION {
            return Err(Unreadable::Version(head >> 4));
        }
        match (head & 0x0f, keys) {
            (OPEN, None) => read_all(body),
            (OPEN, Some(_)) => Err(Unreadable::NotSealed),
            (SEALED, None) => Err(Unreadable::NoKey),
            (SEALED, Some(keys)) => read_all(&keys.open(source, body)?),
            (_, _) => Err(Unreadable::Malformed),
        }
    }

    /// Its envelopes.
    pub(crate) fn envelopes(&self) -> Vec<Envelope> {
        // What was written here can be read here.
        read_all(&self.bytes).unwrap_or_default()
    }
}

fn read_all(bytes: &[u8]) -> Result<Vec<Envelope>, Unreadable> {
    let mut rest = Reader(bytes);
    let mut envelopes = Vec::new();
    while !rest.0.is_empty() {
        let mut one = Reader(rest.bytes()?);
        envelopes.extend(Envelope::read(&mut one)?);
    }
    Ok(envelopes)
}
