//! One command after another: the state in which the next one is read.

use std::collections::BTreeMap;

use super::{Facts, Protocol, Scope, SessionDelta, sql};
use crate::schema::{Catalog, SqlSession};

/// Reads the commands of one session in their order, and keeps what they do to the session.
///
/// The state is the one that holds if every command read so far succeeded.
/// [`doubt`](Self::doubt) makes unknown what a failure or a rollback leaves open.
///
/// # Examples
/// ```
/// use placet::command::Protocol;
/// use placet::facts::SessionReader;
/// use placet::schema::SqlSession;
///
/// let postgres = Protocol::parse("postgres").unwrap();
/// let mut reader = SessionReader::new(SqlSession::server_defaults());
/// reader.read(postgres, b"PREPARE p AS DELETE FROM t", None);
/// assert!(reader.read(postgres, b"EXECUTE p", None).writes());
///
/// let before = reader.clone();
/// reader.read(postgres, b"DEALLOCATE p", None);
/// reader.doubt(&before);
/// assert!(reader.read(postgres, b"EXECUTE p", None).is_opaque(), "nobody knows what `p` is");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionReader {
    session: SqlSession,
    /// The search path is something that is not known. `None` in the session is the server's own.
    path_unknown: bool,
    /// Definitions were changed: the catalog's columns may be wrong.
    stale: bool,
    /// Functions were made that may hide the server's own.
    shadowed: bool,
    /// Counts the changes of the state.
    version: u64,
}

impl SessionReader {
    /// A reader at the start of a session.
    #[must_use]
    pub const fn new(session: SqlSession) -> Self {
        Self { session, path_unknown: false, stale: false, shadowed: false, version: 0 }
    }

    /// What the next command would do, and what it leaves behind.
    pub fn read(&mut self, protocol: Protocol, bytes: &[u8], catalog: Option<&Catalog>) -> Facts {
        let Protocol::Sql(dialect) = protocol else {
            let scope = Scope { catalog, session: &self.session };
            return super::read(protocol, bytes, &scope);
        };
        let flags = (self.path_unknown, self.stale, self.shadowed);
        let (facts, state) = sql::read_on(dialect, bytes, catalog, &self.session, flags);
        let (session, path_unknown, stale, shadowed) = state;
        let session = session.unwrap_or_else(|| self.session.clone());
        if session != self.session || (path_unknown, stale, shadowed) != flags {
            self.version += 1;
        }
        self.session = session;
        (self.path_unknown, self.stale, self.shadowed) = (path_unknown, stale, shadowed);
        facts
    }

    /// What the next command would do, if it were this one. Nothing is left behind.
    #[must_use]
    pub fn peek(&self, protocol: Protocol, bytes: &[u8], catalog: Option<&Catalog>) -> Facts {
        let Protocol::Sql(dialect) = protocol else {
            return super::read(protocol, bytes, &Scope { catalog, session: &self.session });
        };
        let flags = (self.path_unknown, self.stale, self.shadowed);
        sql::read_on(dialect, bytes, catalog, &self.session, flags).0
    }

    /// The state, as far as it has names.
    #[must_use]
    pub const fn session(&self) -> &SqlSession {
        &self.session
    }

    /// A number that is another one after every change of the state: facts that were read under
    /// the same number still hold.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Changes the state from outside: what the server reported, what the protocol itself prepared.
    pub fn change(&mut self, change: impl FnOnce(&mut SqlSession)) {
        let before = self.session.clone();
        change(&mut self.session);
        if before != self.session {
            self.version += 1;
        }
    }

    /// A cursor that the protocol itself opened, with its query.
    pub fn open(&mut self, name: &str, text: &str) {
        // No version: facts that look at cursors are read anew each time.
        if let Some(cursors) = &mut self.session.cursors {
            cursors.insert(name.to_owned(), text.to_owned());
        }
    }

    /// A statement that the protocol itself prepared, with its text; `None` where it is gone.
    pub fn prepare(&mut self, name: &str, text: Option<&str>) {
        if let Some(prepared) = &mut self.session.prepared {
            match text {
                Some(text) => prepared.insert(name.to_owned(), text.to_owned()),
                None => prepared.remove(name),
            };
        }
    }

    /// The search path is no longer known.
    pub fn forget_search_path(&mut self) {
        self.version += u64::from(!self.path_unknown);
        self.path_unknown = true;
    }

    /// Nobody knows whether this state holds or `other`: what differs is unknown from now on.
    pub fn doubt(&mut self, other: &Self) {
        let before = self.clone();
        let SqlSession {
            dialect,
            standard_conforming_strings,
            sql_mode,
            client_encoding,
            search_path,
            role,
            prepared,
            temp_tables,
            cursors,
        } = &other.session;
        let mine = &mut self.session;
        self.path_unknown |= other.path_unknown || mine.search_path != *search_path;
        self.stale |= other.stale;
        self.shadowed |= other.shadowed;
        unless_same(&mut mine.dialect, dialect);
        unless_same(&mut mine.standard_conforming_strings, standard_conforming_strings);
        unless_same(&mut mine.sql_mode, sql_mode);
        unless_same(&mut mine.client_encoding, client_encoding);
        unless_same(&mut mine.role, role);
        unless_same(&mut mine.temp_tables, temp_tables);
        only_same(&mut mine.prepared, prepared);
        only_same(&mut mine.cursors, cursors);
        // `$user` stands for the role.
        self.path_unknown |= mine.role != before.session.role;
        if (&before.session, before.path_unknown, before.stale, before.shadowed)
            != (&self.session, self.path_unknown, self.stale, self.shadowed)
        {
            self.version += 1;
        }
    }
}

fn unless_same<T: PartialEq>(mine: &mut Option<T>, other: &Option<T>) {
    if *mine != *other {
        *mine = None;
    }
}

/// Keeps the names that stand for the same text: a name without one is read as anything.
fn only_same(
    mine: &mut Option<BTreeMap<String, String>>,
    other: &Option<BTreeMap<String, String>>,
) {
    match (mine.as_mut(), other) {
        (Some(names), Some(other)) => names.retain(|name, text| other.get(name) == Some(text)),
        _ => *mine = None,
    }
}

impl Facts {
    /// Whether it changes what later commands of its session mean; a transaction's end may undo
    /// such a change, and does not count as one.
    #[must_use]
    pub fn changes_session(&self) -> bool {
        self.session.iter().any(|delta| match delta {
            SessionDelta::Transaction(_) => false,
            SessionDelta::Setting { .. }
            | SessionDelta::Prepared(_)
            | SessionDelta::Deallocated(_)
            | SessionDelta::TempTable(_)
            | SessionDelta::Cursor(_)
            | SessionDelta::Reset
            | SessionDelta::Unknown => true,
        })
    }
}
