//! Three-valued logic after Kleene: what is not known stays not known.

/// True, false, or not known before the command runs.
///
/// `and` is the minimum, `or` the maximum in the order `False < Unknown < True`.
///
/// # Examples
/// ```
/// # use placet::policy::Tri;
/// assert_eq!(Tri::Unknown.and(Tri::False), Tri::False);
/// assert_eq!(Tri::Unknown.or(Tri::False), Tri::Unknown);
/// assert_eq!(Tri::Unknown.not(), Tri::Unknown);
/// assert!(Tri::Unknown.possible() && !Tri::Unknown.certain());
/// ```
///
/// Source: S. C. Kleene, "Introduction to Metamathematics", §64 (the strong tables).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tri {
    /// Certainly not.
    False,
    /// Not known.
    Unknown,
    /// Certainly.
    True,
}

impl Tri {
    /// Both; the minimum.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either; the maximum.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// The opposite; unknown stays unknown.
    #[must_use]
    pub const fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }

    /// Whether it is `True`: what a grant needs.
    #[must_use]
    pub const fn certain(self) -> bool {
        match self {
            Self::True => true,
            Self::False | Self::Unknown => false,
        }
    }

    /// Whether it is not `False`: enough for every rule that does not grant.
    #[must_use]
    pub const fn possible(self) -> bool {
        match self {
            Self::True | Self::Unknown => true,
            Self::False => false,
        }
    }

    /// The same, but never certain.
    #[must_use]
    pub fn at_most_possible(self) -> Self {
        self.min(Self::Unknown)
    }

    /// The word that stands for it in explanations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::False => "no",
            Self::Unknown => "possibly",
            Self::True => "yes",
        }
    }
}

impl From<bool> for Tri {
    fn from(known: bool) -> Self {
        if known { Self::True } else { Self::False }
    }
}

#[cfg(test)]
mod tests {
    use super::Tri::{False, True, Unknown};

    /// The tables of docs/spec/bundle.md.
    #[test]
    fn truth_tables() {
        let values = [False, Unknown, True];
        let and = [[False, False, False], [False, Unknown, Unknown], [False, Unknown, True]];
        let or = [[False, Unknown, True], [Unknown, Unknown, True], [True, True, True]];
        for (row, a) in values.into_iter().enumerate() {
            for (column, b) in values.into_iter().enumerate() {
                assert_eq!(a.and(b), and[row][column], "{a:?} and {b:?}");
                assert_eq!(a.or(b), or[row][column], "{a:?} or {b:?}");
            }
        }
        assert_eq!(values.map(super::Tri::not), [True, Unknown, False]);
    }
}
