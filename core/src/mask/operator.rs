//! What takes the place of a value.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::{EntityType, MaskError};
use crate::crypto::hmac_sha256;

/// The fewest bytes of a key for [`Operator::KeyedHash`]: as long as half its output.
pub const MIN_HASH_KEY_BYTES: usize = 16;

/// A key for keyed hashes. Wiped when dropped; Debug shows its length only.
///
/// # Examples
/// ```
/// use placet::mask::HashKey;
/// let key = HashKey::new(b"an example of a key")?;
/// assert_eq!(format!("{key:?}"), "HashKey(19 bytes)");
/// assert_eq!(HashKey::new(b"short").unwrap_err().code(), "MSK001");
/// # Ok::<(), placet::mask::MaskError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HashKey(Zeroizing<Vec<u8>>);

impl HashKey {
    /// A key of at least [`MIN_HASH_KEY_BYTES`] bytes.
    ///
    /// # Errors
    /// [`MaskError::Operator`] for a shorter one: its hashes could be undone by trying.
    pub fn new(bytes: &[u8]) -> Result<Self, MaskError> {
        if bytes.len() < MIN_HASH_KEY_BYTES {
            return Err(MaskError::Operator { why: "the key of a hash has fewer than 16 bytes" });
        }
        Ok(Self(Zeroizing::new(bytes.to_vec())))
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashKey({} bytes)", self.0.len())
    }
}

/// What takes the place of a value.
///
/// # Examples
/// ```
/// use placet::mask::{self, Detectors, EntityType, HashKey, Operator, Operators};
/// let key = HashKey::new(b"an example of a key")?;
/// let operators = Operators::redact_all()
///     .with(EntityType::EmailAddress, Operator::KeyedHash(key))
///     .with(EntityType::UsSsn, Operator::Replace("(hidden)".into()));
/// let text = b"ada@example.com and ada@example.com";
/// let masked = mask::text(&Detectors::builtin(), &operators, text)?;
/// let shown = String::from_utf8_lossy(&masked.bytes);
/// let (first, second) = shown.split_once(" and ").unwrap();
/// assert!(first == second && first.starts_with("[EMAIL_ADDRESS:hmac:"));
/// # Ok::<(), placet::mask::MaskError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The type in brackets: `[CREDIT_CARD]`.
    Redact,
    /// A fixed text.
    Replace(String),
    /// `*` for letters and digits, but for so many at the start and at the end; separators stay.
    /// Never shows more than half of the letters and digits.
    Partial {
        /// Letters and digits shown at the start.
        first: usize,
        /// Letters and digits shown at the end.
        last: usize,
    },
    /// A keyed hash of the value, different for every type: `[US_SSN:hmac:<16 hex digits>]`.
    KeyedHash(HashKey),
}

/// The operator of each type.
///
/// # Examples
/// ```
/// # use placet::mask::{self, Detectors, EntityType, Operator, Operators};
/// let operators = Operators::redact_all()
///     .with(EntityType::CreditCard, Operator::Partial { first: 0, last: 4 });
/// let masked = mask::text(&Detectors::builtin(), &operators, b"card 4111 1111 1111 1111")?;
/// assert_eq!(&*masked.bytes, b"card **** **** **** 1111");
/// # Ok::<(), placet::mask::MaskError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Operators(Arc<BTreeMap<EntityType, Operator>>);

impl Operators {
    /// Every type is replaced by its name in brackets.
    #[must_use]
    pub fn redact_all() -> Self {
        Self::default()
    }

    /// The same, but for this type.
    #[must_use]
    pub fn with(mut self, kind: EntityType, operator: Operator) -> Self {
        Arc::make_mut(&mut self.0).insert(kind, operator);
        self
    }

    /// The operator of a type.
    #[must_use]
    pub fn of(&self, kind: EntityType) -> &Operator {
        self.0.get(&kind).unwrap_or(&Operator::Redact)
    }

    /// Appends what takes the place of `value`. One that has no known end is called by its type,
    /// unless a fixed text stands for all of them.
    pub(super) fn apply(&self, kind: EntityType, value: Option<&[u8]>, out: &mut Vec<u8>) {
        match (self.of(kind), value) {
            (operator, Some(value)) => operator.apply(kind.name(), value, out),
            (operator @ Operator::Replace(_), None) => operator.apply(kind.name(), b"", out),
            (Operator::Redact | Operator::Partial { .. } | Operator::KeyedHash(_), None) => {
                redact(kind.name(), out);
            }
        }
    }
}

impl Operator {
    /// Appends what takes the place of `value`, which is called `label`.
    pub(super) fn apply(&self, label: &str, value: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Redact => redact(label, out),
            Self::Replace(text) => out.extend_from_slice(text.as_bytes()),
            Self::Partial { first, last } => partial(value, *first, *last, out),
            Self::KeyedHash(key) => keyed_hash(label, key, value, out),
        }
    }
}

/// Appends a label in brackets.
fn redact(label: &str, out: &mut Vec<u8>) {
    out.push(b'[');
    out.extend_from_slice(label.as_bytes());
    out.push(b']');
}

fn partial(value: &[u8], first: usize, last: usize, out: &mut Vec<u8>) {
    let counts = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80;
    // The rest of a character of UTF-8 goes where its first byte goes.
    let goes_on = |index: usize, byte: u8| {
        let before = index.checked_sub(1).and_then(|index| value.get(index));
        (0x80..=0xbf).contains(&byte) && before.is_some_and(|before| *before >= 0x80)
    };
    let bytes = || value.iter().copied().enumerate();
    let total = bytes().filter(|(index, byte)| counts(*byte) && !goes_on(*index, *byte)).count();
    // Half of a short value would give it away: then nothing is shown.
    let half = first.saturating_add(last).saturating_mul(2) <= total;
    let (first, last) = if half { (first, last) } else { (0, 0) };
    let mut seen = 0;
    let mut shown = true;
    for (index, byte) in bytes() {
        if goes_on(index, byte) {
            if shown {
                out.push(byte);
            }
        } else if counts(byte) {
            shown = seen < first || total - seen <= last;
            seen += 1;
            out.push(if shown { byte } else { b'*' });
        } else {
            out.push(byte);
        }
    }
}

fn keyed_hash(label: &str, key: &HashKey, value: &[u8], out: &mut Vec<u8>) {
    let mut message = Zeroizing::new(Vec::with_capacity(value.len() + 48));
    message.extend_from_slice(b"placet-mask-v1\0");
    message.extend_from_slice(label.as_bytes());
    message.push(0);
    message.extend_from_slice(value);
    let digest = hmac_sha256(&key.0, &message);
    out.push(b'[');
    out.extend_from_slice(label.as_bytes());
    out.extend_from_slice(b":hmac:");
    for byte in digest.as_bytes().iter().take(8) {
        out.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
    out.push(b']');
}
