//! The end of a log that was handed over and is not signed yet: how a writer that comes back after
//! a crash knows its own leaves from a forger's.
//!
//! Where signatures wait, leaves are acknowledged before a checkpoint covers them. After a crash
//! they must not be dropped, and nobody who can write to the disk may slip others in before the
//! next writer signs them. So each write leaves a mark: the size of the log, and a MAC of it and of
//! the hash of the last leaf (which chains all before it) under a key that only the holder of the
//! root key can make.

use std::fmt;

use zeroize::Zeroize;

use crate::audit::event::Origin;
use crate::crypto::digest::{hmac_sha256, hmac_sha256_matches};
use crate::crypto::{FieldHasher, NamedSigningKey};
use crate::primitives::Digest;

/// Bytes of a stored mark: the size, little-endian, and the MAC.
pub const TAIL_BYTES: usize = 40;

/// The key of the marks of one epoch of one log. Prints nothing of itself; wiped when dropped.
pub struct TailKey([u8; 32]);

impl TailKey {
    /// The key of an epoch.
    ///
    /// A signature of the root key over a text that nothing else signs, and that is shown to
    /// nobody, hashed: a root key that only ever signs can make it too.
    #[must_use]
    pub fn new(root: &NamedSigningKey, origin: &Origin, epoch: u64) -> Self {
        let mut signature =
            root.key().sign(format!("placet-tail/v1\n{origin}\n{epoch}").as_bytes());
        let mut key = FieldHasher::new("placet-tail/v1");
        key.field(&signature);
        signature.zeroize();
        Self(*key.finish().as_bytes())
    }

    /// The mark of a log of `size` leaves whose last has the leaf hash `last`.
    #[must_use]
    pub fn mark(&self, size: u64, last: &Digest) -> Tail {
        Tail { size, mac: hmac_sha256(&self.0, &message(size, last)) }
    }

    /// Whether a writer that had this key left the mark behind this leaf.
    ///
    /// # Examples
    /// ```
    /// # use placet::audit::{Origin, Tail, TailKey};
    /// # use placet::crypto::{KeyName, NamedSigningKey, SigningKey, sha256};
    /// # let name = KeyName::parse("example.com/audit").unwrap();
    /// # let root = NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32]));
    /// # let origin = Origin::parse("example.com/audit/w/00").unwrap();
    /// let key = TailKey::new(&root, &origin, 1);
    /// let stored = key.mark(7, &sha256(b"last")).to_bytes();
    /// let mark = Tail::parse(&stored).unwrap();
    /// assert!(key.left(&mark, &sha256(b"last")));
    /// assert!(!key.left(&mark, &sha256(b"another")));
    /// ```
    #[must_use]
    pub fn left(&self, tail: &Tail, last: &Digest) -> bool {
        hmac_sha256_matches(&self.0, &message(tail.size, last), tail.mac.as_bytes())
    }
}

fn message(size: u64, last: &Digest) -> [u8; 40] {
    let mut message = [0; 40];
    let (head, rest) = message.split_at_mut(8);
    head.copy_from_slice(&size.to_le_bytes());
    rest.copy_from_slice(last.as_bytes());
    message
}

impl Drop for TailKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for TailKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TailKey")
    }
}

/// A mark behind the last leaf that was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    size: u64,
    mac: Digest,
}

impl Tail {
    /// Leaves in the log.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The mark as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; TAIL_BYTES] {
        message(self.size, &self.mac)
    }

    /// Reads a stored mark; `None` for another length. Whether it is genuine only
    /// [`TailKey::left`] can say.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; TAIL_BYTES] = bytes.try_into().ok()?;
        let (size, mac) = bytes.split_first_chunk::<8>()?;
        let mac = Digest::from_bytes(mac.try_into().ok()?);
        Some(Self { size: u64::from_le_bytes(*size), mac })
    }
}
