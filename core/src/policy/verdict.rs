//! The answer, ordered by strictness.

use serde::{Serialize, Serializer};

/// What is to happen with a command; ordered by strictness.
///
/// # Examples
/// ```
/// use placet::policy::Verdict;
/// assert!(Verdict::Allow < Verdict::Mask && Verdict::RequireApproval < Verdict::Deny);
/// assert_eq!(Verdict::parse("deny"), Some(Verdict::Deny));
/// assert_eq!(Verdict::parse("Deny"), None);
/// ```
#[must_use = "a verdict that is not enforced is a bypass"]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Forward it.
    Allow,
    /// Forward it, and mask what comes back.
    Mask,
    /// Forward it, and stop at a number of rows (masking what comes back where told).
    Limit,
    /// Hold it until people have answered.
    RequireApproval,
    /// Refuse it.
    Deny,
}

impl Verdict {
    /// Every verdict, from the mildest to the strictest.
    pub const ALL: &'static [Self] =
        &[Self::Allow, Self::Mask, Self::Limit, Self::RequireApproval, Self::Deny];

    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Mask => "mask",
            Self::Limit => "limit",
            Self::RequireApproval => "require_approval",
            Self::Deny => "deny",
        }
    }

    /// The verdict that `name` stands for.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|verdict| verdict.name() == name)
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
