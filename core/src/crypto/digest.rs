//! SHA-256, plain and over length-prefixed fields, and HMAC-SHA-256.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize;

use crate::primitives::Digest;

/// The SHA-256 digest of `bytes`.
///
/// # Examples
/// ```
/// # use placet::crypto::sha256;
/// assert!(sha256(b"").to_string().starts_with("sha256:e3b0c44298fc1c14"));
/// ```
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

/// Hashes bytes that arrive in pieces; the cuts do not show in the result.
///
/// # Examples
/// ```
/// # use placet::crypto::{Hasher, sha256};
/// let mut hasher = Hasher::new();
/// hasher.update(b"SELECT ");
/// hasher.update(b"1");
/// assert_eq!(hasher.finish(), sha256(b"SELECT 1"));
/// ```
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// A hasher that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// The digest of everything that was given.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest::from_bytes(self.0.finalize().into())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// Hashes a list of fields so that no two different lists give the same input to SHA-256.
///
/// Each field is preceded by its length (`u64`, little-endian); an absent field differs from an
/// empty one; a list inside is preceded by its count. The first field is a domain, so that a
/// digest made for one purpose never fits another.
///
/// # Examples
/// ```
/// # use placet::crypto::FieldHasher;
/// let one = |a: &str, b: &str| {
///     let mut h = FieldHasher::new("example/v1");
///     h.field(a.as_bytes()).field(b.as_bytes());
///     h.finish()
/// };
/// assert_ne!(one("ab", "c"), one("a", "bc"));
/// ```
#[derive(Clone, Debug)]
pub struct FieldHasher(Hasher);

impl FieldHasher {
    /// A hasher for the purpose that `domain` names.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        let mut this = Self(Hasher::new());
        this.field(domain.as_bytes());
        this
    }

    /// The next field.
    pub fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len());
        self.0.update(bytes);
        self
    }

    /// The next field, which may be absent: one byte says which, then the field.
    pub fn optional(&mut self, bytes: Option<&[u8]>) -> &mut Self {
        match bytes {
            None => self.0.update(&[0]),
            Some(_) => self.0.update(&[1]),
        };
        match bytes {
            None => self,
            Some(bytes) => self.field(bytes),
        }
    }

    /// How many entries follow: stands before the entries of a list.
    pub fn count(&mut self, n: usize) -> &mut Self {
        // `usize` is at most 64 bits on every platform that Rust supports today.
        self.0.update(&u64::try_from(n).unwrap_or(u64::MAX).to_le_bytes());
        self
    }

    /// The digest of all fields.
    #[must_use]
    pub fn finish(self) -> Digest {
        self.0.finish()
    }
}

/// HMAC-SHA-256 (RFC 2104) of `message` under `key` of any length.
///
/// Compare the result of two of these with [`hmac_sha256_matches`], never with `==`, when one of
/// them came from outside.
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Digest {
    Digest::from_bytes(keyed(key).chain_update(message).finalize().into_bytes().into())
}

/// Whether `tag` is the HMAC-SHA-256 of `message` under `key`, compared in constant time.
#[must_use]
pub fn hmac_sha256_matches(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    keyed(key).chain_update(message).verify_slice(tag).is_ok()
}

/// RFC 2104 2: a key longer than the block is hashed first, a shorter one padded with zeros.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = [0u8; 64];
    if key.len() > block.len() {
        block.iter_mut().zip(sha256(key).as_bytes()).for_each(|(to, from)| *to = *from);
    } else {
        block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    }
    let mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
    block.zeroize();
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_known_answers() {
        // RFC 4231, test cases 2 and 6 (a key longer than the block).
        let tag = hmac_sha256(b"Jefe", b"what do ya want for nothing?");
        assert!(tag.to_string().starts_with("sha256:5bdcc146bf60754e6a042426089575c75a003f08"));
        let tag =
            hmac_sha256(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert!(tag.to_string().starts_with("sha256:60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728"));
        assert!(hmac_sha256_matches(b"k", b"m", hmac_sha256(b"k", b"m").as_bytes()));
        assert!(!hmac_sha256_matches(b"k", b"m", &hmac_sha256(b"k", b"m").as_bytes()[..31]));
    }

    #[test]
    fn absent_empty_and_listed_fields_differ() {
        let of = |f: &dyn Fn(&mut FieldHasher)| {
            let mut hasher = FieldHasher::new("test");
            f(&mut hasher);
            hasher.finish()
        };
        let all = [
            of(&|_| ()),
            of(&|h| {
                h.field(b"");
            }),
            of(&|h| {
                h.optional(None);
            }),
            of(&|h| {
                h.optional(Some(b""));
            }),
            of(&|h| {
                h.count(1).field(b"");
            }),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|b| a != b), "field list {i} collides");
        }
    }
}
