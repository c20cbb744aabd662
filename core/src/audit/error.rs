//! What can go wrong when a log is written. What is wrong *in* a log is a report, not an error.

use std::fmt;

/// Why an event was not logged, or a log could not be opened. Nothing was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The body is not one JSON object on one line.
    #[error("an event's body is not a JSON object on one line")]
    NotAnObject,
    /// The body names a key that the log itself writes, or one key twice.
    #[error("an event's body holds a key that it may not hold")]
    ReservedKey,
    /// `log.*` and `key.*` events are the writer's own.
    #[error("events of this type are written by the log itself")]
    ReservedKind,
    /// The origin holds a character that it may not hold, or is too long.
    #[error("not the origin of a log")]
    Origin,
    /// The log was closed by this writer.
    #[error("the log is closed")]
    Closed,
    /// An earlier write or sync failed. What came after it is not acknowledged, and never will be.
    #[error("the log failed earlier and takes no more events: {0}")]
    Poisoned(Cause),
    /// The log on disk is not what its last checkpoint says, so nothing is appended to it.
    #[error("the log was changed behind the writer's back: {0}")]
    Tampered(Cause),
    /// Another writer holds the log.
    #[error("another process writes this log")]
    Busy,
    /// The process was forked: the child must open a log of its own.
    #[error("this process did not open the log")]
    Forked,
    /// The file system refused.
    #[error("the log's files cannot be used: {0}")]
    Files(Cause),
    /// The leaf would be larger than `MAX_LEAF_BYTES`.
    #[error("an event has {bytes} bytes, more than {limit}")]
    LeafTooLarge {
        /// Bytes of the whole line.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// More leaves without a checkpoint than `MAX_GROUP_LEAVES`.
    #[error("a group holds {limit} events, which is its bound")]
    GroupFull {
        /// Leaves allowed.
        limit: usize,
    },
}

/// A cause in words, without content of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(pub String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AuditError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("AUD001", "an event's body is not a JSON object on one line"),
        ("AUD002", "an event's body holds a reserved or repeated key"),
        ("AUD003", "the event's type belongs to the log itself"),
        ("AUD004", "not the origin of a log"),
        ("AUD005", "the log is closed"),
        ("AUD006", "the log failed earlier and takes no more events"),
        ("AUD007", "the log was changed behind the writer's back"),
        ("AUD008", "another process writes this log"),
        ("AUD009", "the process was forked since it opened the log"),
        ("AUD010", "the log's files cannot be used"),
        ("LIM301", "an event is larger than a leaf may be"),
        ("LIM302", "a group of events is full"),
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject => "AUD001",
            Self::ReservedKey => "AUD002",
            Self::ReservedKind => "AUD003",
            Self::Origin => "AUD004",
            Self::Closed => "AUD005",
            Self::Poisoned(_) => "AUD006",
            Self::Tampered(_) => "AUD007",
            Self::Busy => "AUD008",
            Self::Forked => "AUD009",
            Self::Files(_) => "AUD010",
            Self::LeafTooLarge { .. } => "LIM301",
            Self::GroupFull { .. } => "LIM302",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NotAnObject => "give the event as a struct or a map",
            Self::ReservedKey => "rename the key: v, log, seq, prev, time, epoch, type are taken",
            Self::ReservedKind => "use a type of your own stage",
            Self::Origin => "use letters, digits and `. _ - / :`, at most 200 of them",
            Self::Closed => "open the log again",
            Self::Poisoned(_) => {
                "deny what is not logged; open the log again once the disk is well"
            }
            Self::Tampered(_) => "keep the files, run `placet audit verify`, start a new writer",
            Self::Busy => "give each process a writer name of its own",
            Self::Forked => "open a log in the child, under another writer name",
            Self::Files(_) => "check that the directory exists, is writable and has room",
            Self::LeafTooLarge { .. } => "put large content into a blob and log its salted digest",
            Self::GroupFull { .. } => "commit the group first",
        }
    }
}
