//! Exit codes: a contract (`docs/spec/cli.md`).

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Allow, or done.
    Done,
    /// It ran, and the answer is no.
    No,
    /// Usage, or input that cannot be read.
    Unreadable,
    /// Deny.
    Deny,
    /// Approval needed.
    Approval,
    /// The log was tampered with, forked or rolled back.
    Tampered,
    /// The log is stale, torn, or live and unchecked.
    Unproven,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::No => 1,
            Exit::Unreadable => 2,
            Exit::Deny => 3,
            Exit::Approval => 4,
            Exit::Tampered => 6,
            Exit::Unproven => 7,
        })
    }
}
