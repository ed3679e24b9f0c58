//! Sealing of what passes through Redis, so that nobody who can look into Redis reads what people say (row S3.9).
//!
//! XChaCha20-Poly1305 with a key that all instances share. Nonces are random: at 24 bytes none comes twice. The sending
//! node's name is authenticated too. Several keys may be known: the first seals, all open, so that keys can be changed
//! one instance after the other.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use thiserror::Error;

use crate::envelope::Unreadable;
use crate::{Error, NodeId};

/// What sealing adds.
pub(crate) struct Sealed;

impl Sealed {
    /// A key's id, the nonce and the tag, in bytes.
    pub(crate) const OVERHEAD: usize = 1 + NONCE + 16;
}

const NONCE: usize = 24;

/// Keys that instances share. `Debug` shows their ids only.
#[derive(Clone)]
pub struct Keys(Vec<(u8, XChaCha20Poly1305)>);

/// Why keys cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyProblem {
    /// There is none.
    #[error("needs at least one key")]
    None,
    /// One is not written as it must be.
    #[error(
        "key number {number} must be an id from 0 to 255, a colon, and 32 bytes in Base64 (such as from `openssl rand -base64 32`)"
    )]
    Malformed {
        /// Which, counted from 1.
        number: usize,
    },
    /// Two have one id.
    #[error("key id {id} is there twice")]
    Twice {
        /// The id.
        id: u8,
    },
}

impl Keys {
    /// Reads keys, each as `id:base64`. The first one seals.
    ///
    /// # Errors
    /// If there is none, one is malformed, or an id is there twice.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, KeyProblem> {
        let mut keys: Vec<(u8, XChaCha20Poly1305)> = Vec::new();
        for (place, text) in texts.iter().enumerate() {
            let malformed = || KeyProblem::Malformed { number: place + 1 };
            let (id, key) = text.as_ref().trim().split_once(':').ok_or_else(malformed)?;
            let id = id.parse().map_err(|_| malformed())?;
            let key = BASE64_STANDARD.decode(key).map_err(|_| malformed())?;
            let cipher = XChaCha20Poly1305::new_from_slice(&key).map_err(|_| malformed())?;
            if keys.iter().any(|(other, _)| *other == id) {
                return Err(KeyProblem::Twice { id });
            }
            keys.push((id, cipher));
        }
        if keys.is_empty() {
            return Err(KeyProblem::None);
        }
        Ok(Self(keys))
    }

    /// Appends the key's id, the nonce and what is sealed.
    ///
    /// # Errors
    /// If the system has no randomness, or for more bytes than a cipher takes (256 GB).
    pub(crate) fn seal(
        &self,
        source: NodeId,
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let (id, cipher) = self.0.first().ok_or(Error::Seal)?;
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| Error::Seal)?;
        let aad = source.number().to_be_bytes();
        let payload = Payload {
            msg: plain,
            aad: &aad,
        };
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Seal)?;
        out.push(*id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(())
    }

    pub(crate) fn open(&self, source: NodeId, sealed: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let (id, rest) = sealed.split_first().ok_or(Unreadable::Malformed)?;
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE>()
            .ok_or(Unreadable::Malformed)?;
        let key = self.0.iter().find(|(other, _)| other == id);
        let (_, cipher) = key.ok_or(Unreadable::NoKey)?;
        let aad = source.number().to_be_bytes();
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| Unreadable::Forged)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids = self.0.iter().map(|(id, _)| id);
        f.debug_tuple("Keys")
            .field(&ids.collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u8, byte: u8) -> String {
        format!("{id}:{}", BASE64_STANDARD.encode([byte; 32]))
    }

    fn keys(texts: &[String]) -> Keys {
        Keys::parse(texts).expect("keys")
    }

    const HERE: NodeId = NodeId::new(1);

    fn sealed(keys: &Keys) -> Vec<u8> {
        let mut out = Vec::new();
        keys.seal(HERE, b"v=0 sdp", &mut out).expect("sealed");
        out
    }

    #[test]
    fn s3_9_what_is_sealed_opens_again_and_shows_nothing() {
        let keys = keys(&[key(1, 7)]);
        let (one, other) = (sealed(&keys), sealed(&keys));
        assert_eq!(keys.open(HERE, &one), Ok(b"v=0 sdp".to_vec()));
        assert!(!one.windows(3).any(|window| window == b"sdp"));
        assert_ne!(one, other);
        assert_eq!(one.len(), 7 + Sealed::OVERHEAD);
    }

    #[test]
    fn s3_9_keys_are_changed_one_instance_after_the_other() {
        let (old, new) = (key(1, 7), key(2, 8));
        let before = keys(std::slice::from_ref(&old));
        let opens_both = keys(&[old.clone(), new.clone()]);
        let seals_new = keys(&[new.clone(), old]);
        let after = keys(&[new]);
        for (sealer, opener) in [
            (&before, &opens_both),
            (&opens_both, &before),
            (&opens_both, &seals_new),
            (&seals_new, &opens_both),
            (&seals_new, &after),
            (&after, &seals_new),
        ] {
            assert_eq!(opener.open(HERE, &sealed(sealer)), Ok(b"v=0 sdp".to_vec()));
        }
        assert_eq!(after.open(HERE, &sealed(&before)), Err(Unreadable::NoKey));
    }

    #[test]
    fn what_was_changed_or_comes_from_another_does_not_open() {
        let keys = keys(&[key(1, 7)]);
        let whole = sealed(&keys);
        assert_eq!(keys.open(NodeId::new(2), &whole), Err(Unreadable::Forged));
        for place in 1..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            assert_eq!(
                keys.open(HERE, &changed),
                Err(Unreadable::Forged),
                "byte {place}"
            );
        }
        assert_eq!(keys.open(HERE, &whole[..20]), Err(Unreadable::Malformed));
    }

    #[test]
    fn keys_that_cannot_be_used_are_named() {
        let parse = |texts: &[&str]| Keys::parse(texts).map(|_| ());
        assert_eq!(parse(&[]), Err(KeyProblem::None));
        let good = key(1, 7);
        for bad in ["", "1", "1:", "256:aaaa", "1:c2hvcnQ=", "x:y"] {
            assert_eq!(
                parse(&[&key(9, 9), bad]),
                Err(KeyProblem::Malformed { number: 2 }),
                "{bad:?}"
            );
        }
        assert_eq!(parse(&[&good, &good]), Err(KeyProblem::Twice { id: 1 }));
    }

    #[test]
    fn keys_do_not_show_in_logs() {
        assert_eq!(format!("{:?}", keys(&[key(3, 7)])), "Keys([3])");
    }
}
