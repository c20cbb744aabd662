//! Proofs of a password, by the names of the server's plugins.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A way to log in that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// `mysql_native_password`.
    Native,
    /// `caching_sha2_password`.
    CachingSha2,
    /// The password as it is: `mysql_clear_password`, `sha256_password`; only where nobody reads
    /// along.
    Clear,
}

impl Method {
    pub(super) fn of(plugin: &[u8]) -> Option<Self> {
        match plugin {
            b"mysql_native_password" => Some(Self::Native),
            b"caching_sha2_password" => Some(Self::CachingSha2),
            b"mysql_clear_password" | b"sha256_password" => Some(Self::Clear),
            _ => None,
        }
    }

    /// The first answer to the server's nonce.
    pub(super) fn answer(self, password: &[u8], nonce: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            _ if password.is_empty() && self != Self::Clear => Vec::new(),
            Self::Native => native(password, nonce),
            Self::CachingSha2 => caching_sha2(password, nonce),
            Self::Clear => return clear(password),
        })
    }
}

/// The password as it is, with its end.
pub(super) fn clear(password: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Vec::with_capacity(password.len() + 1);
    out.extend_from_slice(password);
    out.push(0);
    Zeroizing::new(out)
}

/// SHA1(password) ⊕ SHA1(nonce ‖ SHA1(SHA1(password))).
fn native(password: &[u8], nonce: &[u8]) -> Vec<u8> {
    let sha1 = |bytes: &[u8]| digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes);
    let first = sha1(password);
    let stored = sha1(first.as_ref());
    let mask = sha1(&[nonce, stored.as_ref()].concat());
    first.as_ref().iter().zip(mask.as_ref()).map(|(a, b)| a ^ b).collect()
}

/// SHA256(password) ⊕ SHA256(SHA256(SHA256(password)) ‖ nonce).
fn caching_sha2(password: &[u8], nonce: &[u8]) -> Vec<u8> {
    let first = Sha256::digest(password);
    let stored = Sha256::digest(first);
    let mask = Sha256::new().chain_update(stored).chain_update(nonce).finalize();
    first.iter().zip(mask).map(|(a, b)| a ^ b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What another implementation makes of the same password and nonce.
    #[test]
    fn proofs() {
        let (password, nonce) = (b"s3cret", b"abcdefghijklmnopqrst");
        assert_eq!(hex(&Method::Native.answer(password, nonce)), NATIVE);
        assert_eq!(hex(&Method::CachingSha2.answer(password, nonce)), CACHING_SHA2);
        assert_eq!(&*Method::Clear.answer(password, nonce), b"s3cret\0");
        assert_eq!(&*Method::Native.answer(b"", nonce), b"");
        assert_eq!(Method::of(b"client_ed25519"), None);
    }

    const NATIVE: &str = "8510605a5ec0d3d958058636e0a2ebdfcf34be4c";
    const CACHING_SHA2: &str = "5661ac17cec0e6001d3747b3aaa0d0c1927fdc43c56deeab05d4c42d73b2b642";
}
