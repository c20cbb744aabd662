//! What a command changes in its session, so that the next one is read under the right state.

/// Where a transaction stands after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transaction {
    /// One was begun.
    Begin,
    /// It was committed.
    Commit,
    /// It was rolled back, whole or to a savepoint.
    Rollback,
    /// A savepoint was set or released.
    Savepoint,
}

/// One change of the session's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionDelta {
    /// A setting takes these values; `None` where they are not known or may hold a secret.
    Setting {
        /// The setting's name, lower case.
        name: String,
        /// Its new values.
        values: Option<Vec<String>>,
    },
    /// A statement was prepared under this name.
    Prepared(String),
    /// A prepared statement was dropped; `None` means all.
    Deallocated(Option<String>),
    /// A temporary table was made.
    TempTable(String),
    /// A cursor was opened.
    Cursor(String),
    /// A transaction was begun or ended.
    Transaction(Transaction),
    /// Everything was reset to the session's start.
    Reset,
    /// Anything may have changed.
    Unknown,
}
