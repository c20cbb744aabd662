//! Why masking stopped.

use crate::primitives::Span;

/// Why masking stopped. Everything after an error stays inside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// An operator cannot work as it was configured.
    #[error("an operator cannot be used: {why}")]
    Operator {
        /// What is wrong with it.
        why: &'static str,
    },
    /// An operator failed earlier, or the stream was finished: nothing more is released.
    #[error("the stream is closed, and nothing more of it is released")]
    Poisoned,
    /// A row has a cell that no column was declared for.
    #[error("a row has more cells than there are columns")]
    UnknownColumn,
}

impl MaskError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("MSK001", "an operator cannot work as it was configured"),
        ("MSK002", "an operator failed earlier, or the stream was finished"),
        ("MSK003", "a row has a cell that no column was declared for"),
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Operator { .. } => "MSK001",
            Self::Poisoned => "MSK002",
            Self::UnknownColumn => "MSK003",
        }
    }

    /// Masking errors speak of a stream, not of a place in it.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        None
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Operator { .. } => "see docs/spec/masking.md for what each operator needs",
            Self::Poisoned => "start a new stream for the next response",
            Self::UnknownColumn => "declare every column of the result",
        }
    }
}
