//! Ed25519 keys and their text forms: the C2SP signed-note verifier key, and Go's note signer key.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::Signer as _;
use serde::{Serialize, Serializer};
use zeroize::{Zeroize, Zeroizing};

use crate::crypto::digest::{Hasher, sha256};
use crate::primitives::Digest;

/// The algorithm byte of Ed25519 in signed notes.
const ED25519: u8 = 0x01;

/// Bytes of a key name: an origin is a host name and a short path.
const MAX_NAME_BYTES: usize = 200;

/// Why a key or its name was refused. Never holds key material.
///
/// # Examples
/// ```
/// use placet::crypto::KeyName;
/// assert_eq!(KeyName::parse("two words").unwrap_err().code(), "API101");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Empty, too long, or with a character other than printable ASCII without `+` and space.
    #[error("not a key name")]
    Name,
    /// Not of the form `name+hash+base64`, or base64 that is not in its one proper form.
    #[error("not a key in signed-note form")]
    Form,
    /// The four bytes of key hash do not belong to this name and key.
    #[error("the key hash does not fit the key")]
    Hash,
    /// A signature algorithm other than Ed25519.
    #[error("not an Ed25519 key")]
    Algorithm,
    /// Bytes that are no point of the curve, or one of small order, under which anyone can sign.
    #[error("not a usable Ed25519 public key")]
    Weak,
    /// A private key where a public one belongs, or the reverse.
    #[error("a private and a public key were confused")]
    WrongKind,
}

impl KeyError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("API101", "a key name is empty, too long or holds a character it may not"),
        ("API102", "a key is not in signed-note form"),
        ("API103", "a key's hash does not fit the key"),
        ("API104", "a key is not an Ed25519 key"),
        ("API105", "a public key is weak or no key at all"),
        ("API106", "a private key was given where a public one belongs, or the reverse"),
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name => "API101",
            Self::Form => "API102",
            Self::Hash => "API103",
            Self::Algorithm => "API104",
            Self::Weak => "API105",
            Self::WrongKind => "API106",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Name => "use a name like `example.com/audit`: printable ASCII, no `+`, no space",
            Self::Form | Self::Hash => "copy the whole line that `placet key new` printed",
            Self::Algorithm | Self::Weak => "make a new key with `placet key new`",
            Self::WrongKind => "private keys start with `PRIVATE+KEY+`; give verifiers the other",
        }
    }
}

/// The name of a key: printable ASCII without space and `+`, 1 to 200 bytes.
///
/// Narrower than the signed-note form asks, so that a name can be shown as it is.
///
/// # Examples
/// ```
/// # use placet::crypto::KeyName;
/// assert!(KeyName::parse("example.com/audit").is_ok());
/// assert!(KeyName::parse("two words").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct KeyName(String);

impl KeyName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`KeyError::Name`] (`API101`).
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let fits = (1..=MAX_NAME_BYTES).contains(&text.len())
            && text.bytes().all(|c| c.is_ascii_graphic() && c != b'+');
        if fits { Ok(Self(text.to_owned())) } else { Err(KeyError::Name) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An Ed25519 private key. Wiped when dropped; prints as its length only.
///
/// # Examples
/// ```
/// # use placet::crypto::SigningKey;
/// let key = SigningKey::from_seed(&[7; 32]); // the caller draws the seed
/// let signature = key.sign(b"statement");
/// assert!(key.verifying_key().verify(b"statement", &signature));
/// assert!(!key.verifying_key().verify(b"Statement", &signature));
/// ```
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of a 32-byte seed, which must come from a cryptographic random source.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The 64-byte signature of `message` (RFC 8032, deterministic).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(32 bytes)")
    }
}

/// An Ed25519 public key that is not weak. Equal keys are the same 32 bytes, whatever their names.
///
/// Serialized as the base64 of its 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// The key of its 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Weak`] (`API105`) for bytes that are no point, a point of small order, or a
    /// second spelling of a point.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        // A y of p or more names the same point as y - p: one key must not count as two.
        let [first, middle @ .., last] = bytes;
        if *first >= 0xed && last & 0x7f == 0x7f && middle.iter().all(|c| *c == 0xff) {
            return Err(KeyError::Weak);
        }
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Weak)?;
        if key.is_weak() { Err(KeyError::Weak) } else { Ok(Self(key)) }
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Whether `signature` is this key's over `message`. Strict: neither a signature with a large
    /// scalar nor one with a point of small order passes; any other length than 64 is false.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(message, &signature).is_ok())
    }

    /// SHA-256 of the 32 bytes: a name for the key where none was given.
    #[must_use]
    pub fn id(&self) -> Digest {
        sha256(self.as_bytes())
    }
}

impl PartialOrd for VerifyingKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for VerifyingKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", STANDARD.encode(self.as_bytes()))
    }
}

impl Serialize for VerifyingKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&STANDARD.encode(self.as_bytes()))
    }
}

/// A private key with its name: what signs notes, and what a key file holds.
///
/// # Examples
/// ```
/// # use placet::crypto::{KeyName, NamedSigningKey, NamedVerifyingKey, SigningKey};
/// let name = KeyName::parse("example.com/audit")?;
/// let key = NamedSigningKey::new(name, SigningKey::from_seed(&[7; 32]));
/// let text = key.verifying_key().to_string();
/// assert!(text.starts_with("example.com/audit+"));
/// assert_eq!(NamedVerifyingKey::parse(&text)?, key.verifying_key());
/// # Ok::<(), placet::crypto::KeyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct NamedSigningKey {
    name: KeyName,
    key: SigningKey,
}

impl NamedSigningKey {
    /// A key under a name.
    #[must_use]
    pub const fn new(name: KeyName, key: SigningKey) -> Self {
        Self { name, key }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key without its name.
    #[must_use]
    pub const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The public half under the same name.
    #[must_use]
    pub fn verifying_key(&self) -> NamedVerifyingKey {
        NamedVerifyingKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// Reads `PRIVATE+KEY+<name>+<hash>+<base64>`, the form of Go's note package. White space
    /// around it is ignored.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::WrongKind`] for a public key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let Some(rest) = text.strip_prefix("PRIVATE+KEY+") else {
            let public = NamedVerifyingKey::parse(text).is_ok();
            return Err(if public { KeyError::WrongKind } else { KeyError::Form });
        };
        let Parts { name, hash, key: seed } = split(rest)?;
        let key = SigningKey::from_seed(&seed);
        if key_hash(&name, &key.verifying_key()) != hash {
            return Err(KeyError::Hash);
        }
        Ok(Self { name, key })
    }

    /// The text that [`parse`](Self::parse) reads: a secret, wiped when dropped.
    #[must_use]
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let mut bytes = [ED25519; 33];
        bytes.iter_mut().skip(1).zip(self.key.0.as_bytes()).for_each(|(to, from)| *to = *from);
        // One allocation of the right size, so that growing leaves no copy of the secret behind.
        let mut text = Zeroizing::new(String::with_capacity(self.name.0.len() + 80));
        text.push_str("PRIVATE+KEY+");
        text.push_str(&self.name.0);
        text.push('+');
        text.push_str(&hex8(key_hash(&self.name, &self.key.verifying_key())));
        text.push('+');
        STANDARD.encode_string(bytes, &mut text);
        bytes.zeroize();
        text
    }
}

/// A public key with its name. Displayed in the signed-note verifier key form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamedVerifyingKey {
    name: KeyName,
    key: VerifyingKey,
}

impl NamedVerifyingKey {
    /// A key under a name.
    #[must_use]
    pub const fn new(name: KeyName, key: VerifyingKey) -> Self {
        Self { name, key }
    }

    /// Reads `<name>+<hash>+<base64(0x01 ‖ key)>`. White space around it is ignored.
    ///
    /// # Errors
    /// [`KeyError`]; [`KeyError::WrongKind`] for a private key.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.starts_with("PRIVATE+KEY+") {
            return Err(KeyError::WrongKind);
        }
        let Parts { name, hash, key } = split(text)?;
        let key = VerifyingKey::from_bytes(&key)?;
        if key_hash(&name, &key) != hash {
            return Err(KeyError::Hash);
        }
        Ok(Self { name, key })
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The key without its name.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The four bytes that stand before this key's signatures in a note.
    #[must_use]
    pub fn hash(&self) -> [u8; 4] {
        key_hash(&self.name, &self.key)
    }
}

impl fmt::Display for NamedVerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex8(self.hash()), STANDARD.encode(bytes))
    }
}

impl Serialize for NamedVerifyingKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The parts of `name+hash+base64`, all checked but for the hash.
struct Parts {
    name: KeyName,
    hash: [u8; 4],
    /// A public key or a seed.
    key: Zeroizing<[u8; 32]>,
}

fn split(text: &str) -> Result<Parts, KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(bytes)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Form);
    };
    let name = KeyName::parse(name)?;
    let lower_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if hash.len() != 8 || !hash.bytes().all(lower_hex) || bytes.len() > 64 {
        return Err(KeyError::Form);
    }
    let hash = u32::from_str_radix(hash, 16).map_err(|_| KeyError::Form)?.to_be_bytes();
    let bytes = Zeroizing::new(STANDARD.decode(bytes).map_err(|_| KeyError::Form)?);
    match bytes.split_first() {
        Some((&ED25519, key)) => {
            let key = <[u8; 32]>::try_from(key).map_err(|_| KeyError::Form)?;
            Ok(Parts { name, hash, key: Zeroizing::new(key) })
        }
        Some(_) => Err(KeyError::Algorithm),
        None => Err(KeyError::Form),
    }
}

/// C2SP signed-note: the first four bytes of SHA-256(name ‖ 0x0A ‖ algorithm ‖ public key).
fn key_hash(name: &KeyName, key: &VerifyingKey) -> [u8; 4] {
    let mut hasher = Hasher::new();
    hasher.update(name.0.as_bytes()).update(&[b'\n', ED25519]).update(key.as_bytes());
    let [a, b, c, d, ..] = *hasher.finish().as_bytes();
    [a, b, c, d]
}

fn hex8(hash: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(hash))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The key of Go's `note` package documentation (the example of C2SP's signed-note too).
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SKEY: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    #[test]
    fn the_published_pair() {
        let secret = NamedSigningKey::parse(SKEY).unwrap();
        assert_eq!(secret.verifying_key().to_string(), VKEY);
        assert_eq!(secret.to_secret_text().as_str(), SKEY);
        assert_eq!(NamedVerifyingKey::parse(VKEY).unwrap(), secret.verifying_key());
    }

    #[test]
    fn refusals() {
        let tail = VKEY.rsplit('+').next().unwrap();
        for (text, error) in [
            ("", KeyError::Form),
            ("name", KeyError::Form),
            (SKEY, KeyError::WrongKind),
            (&VKEY.replace("Peter", "peter"), KeyError::Hash),
            (&VKEY.replace("c74f20a3", "C74F20A3"), KeyError::Form),
            (&VKEY.replace("c74f20a3", "+74f20a3"), KeyError::Form),
            (&VKEY.replace("c74f20a3", "-74f20a3"), KeyError::Form),
            (&VKEY.replace("PeterNeumann", "Peter Neumann"), KeyError::Name),
            (&VKEY.replace("PeterNeumann", "PeterNeumänn"), KeyError::Name),
            (&VKEY.replace("PeterNeumann", ""), KeyError::Name),
            (&VKEY.replace("+ARpc", "+AhpC"), KeyError::Algorithm),
            (&VKEY.replace("10TW", "10TX"), KeyError::Weak),
            (&VKEY.replace("c74f20a3", "c74f20a4"), KeyError::Hash),
            (&format!("{VKEY}="), KeyError::Form),
            (&format!("{VKEY} x"), KeyError::Form),
            (&VKEY.replace(tail, "ARpc2QcU"), KeyError::Form),
        ] {
            assert_eq!(NamedVerifyingKey::parse(text).unwrap_err(), error, "{text}");
        }
        assert_eq!(NamedSigningKey::parse(VKEY).unwrap_err(), KeyError::WrongKind);
        assert_eq!(
            NamedSigningKey::parse(&SKEY.replace("DFz", "DF0")).unwrap_err(),
            KeyError::Hash
        );
    }

    #[test]
    fn weak_keys_are_no_keys() {
        let mut identity = [0; 32];
        identity[0] = 1;
        for bytes in [identity, [0; 32], [0xff; 32], [2; 32]] {
            assert_eq!(VerifyingKey::from_bytes(&bytes), Err(KeyError::Weak), "{bytes:02x?}");
        }
    }

    #[test]
    fn a_large_scalar_is_refused() {
        // RFC 8032 5.1.7: S + L verifies under a lax reader and gives a second signature.
        const L: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let key = SigningKey::from_seed(&[9; 32]);
        let mut signature = key.sign(b"m");
        let mut carry = 0u16;
        for (byte, add) in signature[32..].iter_mut().zip(L) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert!(!key.verifying_key().verify(b"m", &signature));
    }

    #[test]
    fn secrets_do_not_print() {
        let key = NamedSigningKey::parse(SKEY).unwrap();
        assert_eq!(
            format!("{key:?}"),
            r#"NamedSigningKey { name: KeyName("PeterNeumann"), key: SigningKey(32 bytes) }"#
        );
    }

    proptest! {
        #[test]
        fn keys_round_trip(seed: [u8; 32], name in "[!-*,-~]{1,40}") {
            let key = NamedSigningKey::new(KeyName::parse(&name).unwrap(), SigningKey::from_seed(&seed));
            let public = NamedVerifyingKey::parse(&key.verifying_key().to_string()).unwrap();
            prop_assert_eq!(&public, &key.verifying_key());
            let again = NamedSigningKey::parse(&key.to_secret_text()).unwrap();
            prop_assert_eq!(again.verifying_key(), public);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,80}", tail in "\\PC{0,10}") {
            let _ = NamedVerifyingKey::parse(&text);
            let _ = NamedVerifyingKey::parse(&format!("{VKEY}{tail}"));
            let _ = NamedSigningKey::parse(&format!("{SKEY}{tail}"));
        }
    }
}
