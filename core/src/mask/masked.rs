//! Bytes before and after masking, told apart by their types.

use std::fmt;

use super::{Context, Detectors, MaskError, Operators};

/// Bytes that may hold values. Nothing but masking can look inside; Debug shows their number.
#[derive(Clone, Copy)]
pub struct Unmasked<'a>(&'a [u8]);

impl<'a> Unmasked<'a> {
    /// Takes bytes into custody.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Masks them.
    ///
    /// # Errors
    /// As [`text`](super::text).
    ///
    /// # Examples
    /// ```
    /// # use placet::mask::{Context, Detectors, Operators, Unmasked};
    /// let raw = Unmasked::new(b"ada@example.com");
    /// assert_eq!(format!("{raw:?}"), "Unmasked(15 bytes)");
    /// let masked = raw.mask(&Detectors::builtin(), &Operators::redact_all(), Context::default())?;
    /// assert_eq!(masked.bytes(), b"[EMAIL_ADDRESS]");
    /// # Ok::<(), placet::mask::MaskError>(())
    /// ```
    pub fn mask(
        self,
        detectors: &Detectors,
        operators: &Operators,
        context: Context<'_>,
    ) -> Result<Masked<'a>, MaskError> {
        super::text_in_context(detectors, operators, self.0, context)
            .map(|masked| Masked(masked.bytes))
    }
}

impl fmt::Debug for Unmasked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unmasked({} bytes)", self.0.len())
    }
}

/// Bytes that went through masking: what recordings and callers are given. Only this module makes
/// them.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked<'a>(pub(super) std::borrow::Cow<'a, [u8]>);

impl Masked<'_> {
    /// The masked bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The masked bytes, taken out.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_owned()
    }

    /// Whether masking changed anything.
    #[must_use]
    pub const fn changed(&self) -> bool {
        match self.0 {
            std::borrow::Cow::Borrowed(_) => false,
            std::borrow::Cow::Owned(_) => true,
        }
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masked({} bytes)", self.0.len())
    }
}
