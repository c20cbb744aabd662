//! Data classes: what a bundle calls sensitive, how it is found, and how it is hidden.

use serde::{Serialize, Serializer};

/// What replaces a value of a class; ordered from the weakest to the strongest.
///
/// # Examples
/// ```
/// # use placet::schema::MaskOperator;
/// assert!(MaskOperator::Partial { keep: 4 } < MaskOperator::Partial { keep: 2 });
/// assert!(MaskOperator::Partial { keep: 0 } < MaskOperator::Hash);
/// assert!(MaskOperator::Hash < MaskOperator::Redact);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MaskOperator {
    /// The last `keep` characters stay, the others are hidden.
    Partial {
        /// Characters that stay.
        keep: u8,
    },
    /// A keyed hash: equal values stay equal, nothing else is told.
    Hash,
    /// The name of the class or type stands in its place.
    Redact,
}

impl MaskOperator {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Partial { .. } => "partial",
            Self::Hash => "hash",
            Self::Redact => "redact",
        }
    }

    const fn strength(self) -> u16 {
        match self {
            Self::Partial { keep } => u8::MAX as u16 - keep as u16,
            Self::Hash => 1000,
            Self::Redact => 1001,
        }
    }
}

impl Ord for MaskOperator {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.strength().cmp(&other.strength())
    }
}

impl PartialOrd for MaskOperator {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for MaskOperator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hash | Self::Redact => serializer.serialize_str(self.name()),
            Self::Partial { keep } => serializer.collect_map([("partial", keep)]),
        }
    }
}

/// A class of sensitive data, for example `pii.email` or `secret`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// One or two lower-case words joined with a dot.
    pub name: String,
    /// What it is, for readers.
    pub about: Option<String>,
    /// Names of the masking types that find its values (`EMAIL_ADDRESS`); may be empty where only
    /// tagged columns hold it.
    pub detectors: Vec<String>,
    /// What replaces its values.
    pub operator: MaskOperator,
}
