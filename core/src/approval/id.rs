//! The random ids of an approval. All come from bytes that the caller draws.

use std::fmt;

use serde::{Serialize, Serializer};
use zeroize::Zeroize;

use crate::approval::error::ApprovalError;

macro_rules! id {
    ($(#[$note:meta])* $name:ident, $bytes:literal) => {
        $(#[$note])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// An id of these bytes, which must come from a cryptographic random source.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }

            /// Reads lower-case hexadecimal digits, two a byte, and nothing else.
            ///
            /// # Errors
            /// [`ApprovalError::Id`] (`APR030`).
            pub fn parse(text: &str) -> Result<Self, ApprovalError> {
                from_hex(text).map(Self).ok_or(ApprovalError::Id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

id! {
    /// The handle of a held request: 128 random bits as 32 hexadecimal digits. It carries nothing;
    /// whoever holds it can ask how the request stands, and can neither read nor approve it.
    ///
    /// # Examples
    /// ```
    /// # use placet::approval::Ticket;
    /// let ticket = Ticket::from_bytes([0xab; 16]);
    /// assert_eq!(Ticket::parse(&ticket.to_string()), Ok(ticket));
    /// assert_eq!(Ticket::parse("../../etc/passwd").unwrap_err().code(), "APR030");
    /// ```
    Ticket, 16
}

id! {
    /// One ceremony: every answer to a request names the same instance, made by the gateway and
    /// never by whoever presents answers, so that answers of two requests cannot be spliced.
    Instance, 16
}

id! {
    /// The random part of a request that nobody can know before it was made.
    Nonce, 32
}

/// 256 random bits that stand in front of everything hashed about a command, so that a short or
/// guessable command cannot be found from its hash. Erasing it makes the hash mean nothing.
///
/// # Examples
/// ```
/// use placet::approval::Salt;
/// // In production the bytes come from the system's random source.
/// let salt = Salt::from_bytes([7; 32]);
/// assert_eq!(format!("{salt:?}"), "Salt(32 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Salt([u8; 32]);

impl Salt {
    /// A salt of these bytes, which must come from a cryptographic random source.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        from_hex(text).map(Self)
    }

    /// The digits that [`parse`](Self::parse) reads.
    pub(crate) fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Drop for Salt {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(32 bytes)")
    }
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let nibble = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut out = [0; N];
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    if pairs.len() != N {
        return None;
    }
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(out)
}
