//! What a verifier found: states, classes of tampering, and what no public key can prove.

use serde::Serialize;

use crate::primitives::Timestamp;

/// The state of a log, from best to worst.
///
/// # Examples
/// ```
/// use placet::audit::State;
/// assert!(State::ClosedClean < State::Stale && State::Stale < State::Tampered);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Ends with `log.close` under a good checkpoint.
    ClosedClean,
    /// Open; the last proven event is no older than two cadences.
    LiveFresh,
    /// Open, and no time was given to compare with.
    LiveUnchecked,
    /// Open and silent for more than two cadences, newer than `now`, or empty.
    Stale,
    /// Bytes after the last checkpoint, as a crash leaves them.
    TornTail,
    /// Shorter than a checkpoint that the caller kept.
    RolledBack,
    /// Another history than a checkpoint that the caller kept, or two histories of one log.
    Forked,
    /// Something below or between the checkpoints was changed.
    Tampered,
}

impl State {
    /// The name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClosedClean => "CLOSED_CLEAN",
            Self::LiveFresh => "LIVE_FRESH",
            Self::LiveUnchecked => "LIVE_UNCHECKED",
            Self::Stale => "STALE",
            Self::TornTail => "TORN_TAIL",
            Self::RolledBack => "ROLLED_BACK",
            Self::Forked => "FORKED",
            Self::Tampered => "TAMPERED",
        }
    }

    /// The exit code of `placet audit verify`: 0, 6 for what a person did, 7 for what is open.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::ClosedClean | Self::LiveFresh => 0,
            Self::LiveUnchecked | Self::Stale | Self::TornTail => 7,
            Self::RolledBack | Self::Forked | Self::Tampered => 6,
        }
    }
}

/// How a log was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Other bytes stand where an event or a checkpoint stood.
    Edit,
    /// Something stands in the log that was not written there.
    Insert,
    /// Something that was written is gone.
    Delete,
    /// Everything is there, in another order.
    Reorder,
    /// An event of another log.
    Splice,
    /// Another history under the same name.
    Fork,
    /// An end before a checkpoint that was seen.
    Rollback,
    /// An unsigned end.
    TornTail,
}

impl Class {
    /// The name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Insert => "insert",
            Self::Delete => "delete",
            Self::Reorder => "reorder",
            Self::Splice => "splice",
            Self::Fork => "fork",
            Self::Rollback => "rollback",
            Self::TornTail => "torn_tail",
        }
    }
}

/// What one writer's log proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WriterReport {
    /// The writer: the name of its directory.
    pub writer: String,
    /// The log, once its first checkpoint was seen.
    pub origin: Option<String>,
    /// The state.
    pub state: State,
    /// How it was changed, for TORN_TAIL and worse.
    pub class: Option<Class>,
    /// The first leaf that is not what was signed, or the place where the log goes wrong.
    pub index: Option<u64>,
    /// Set where only a range can be told: the leaf is in `index..index_end`.
    pub index_end: Option<u64>,
    /// Leaves under the last good checkpoint: complete through `proven_time`, size `proven_size`.
    pub proven_size: u64,
    /// The time of the last of them.
    pub proven_time: Option<Timestamp>,
    /// Bytes after the last good checkpoint.
    pub unsigned_bytes: u64,
    /// Key epochs seen in the proven part.
    pub epochs: u64,
    /// One line for people.
    pub detail: String,
    /// Further lines for people: what was seen beside the state.
    pub notes: Vec<String>,
}

/// What all writers of a directory prove together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The worst state of any writer.
    pub state: State,
    /// That writer's class.
    pub class: Option<Class>,
    /// That writer's index.
    pub index: Option<u64>,
    /// Leaves proven, over all writers.
    pub proven_size: u64,
    /// Complete through this moment: the earliest `proven_time` of the writers.
    pub proven_time: Option<Timestamp>,
    /// The root key that everything was checked against.
    pub key: String,
    /// One report a writer, by name.
    pub writers: Vec<WriterReport>,
    /// What was seen beside the writers.
    pub notes: Vec<String>,
    /// What a public key alone cannot prove. Always printed.
    pub cannot_prove: &'static [&'static str],
}

/// What no verifier can tell from a log and a public key.
pub const CANNOT_PROVE: &[&str] = &[
    "that nothing was written after the last checkpoint and cut off again (give --now, and keep checkpoints elsewhere)",
    "that no whole log or writer was deleted (keep checkpoints elsewhere)",
    "that no other history was shown to someone else (compare checkpoints)",
    "that the holder of the root key, or of the current epoch key for its epoch, wrote the truth",
    "that every action passed through the gateway and was logged",
];

impl Report {
    /// Joins the reports of all writers: the worst state wins, and names its class and index.
    ///
    /// A directory without any writer proves nothing: STALE.
    #[must_use]
    pub fn of(key: String, writers: Vec<WriterReport>, notes: Vec<String>) -> Self {
        let worst = writers.iter().max_by_key(|report| report.state);
        Self {
            state: worst.map_or(State::Stale, |report| report.state),
            class: worst.and_then(|report| report.class),
            index: worst.and_then(|report| report.index),
            proven_size: writers.iter().fold(0, |sum, r| r.proven_size.saturating_add(sum)),
            proven_time: writers.iter().map(|report| report.proven_time).min().flatten(),
            key,
            writers,
            notes,
            cannot_prove: CANNOT_PROVE,
        }
    }
}
