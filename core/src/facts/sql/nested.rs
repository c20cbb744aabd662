//! Code inside code: texts that the server will read as commands of their own.

use std::borrow::Cow;

use super::walk::{Setting, State, take};
use crate::command::Protocol;
use crate::facts::{Facts, Reason};
use crate::limits;
use crate::schema::SqlSession;

/// Reads SQL that runs inside another statement, under the session's state as it is then.
pub(super) fn read_sql<'a>(setting: &Setting<'a>, state: &mut State<'a>, text: &str) -> Facts {
    let depth = setting.depth.saturating_add(1);
    let cost = text.len().saturating_add(READING_COSTS);
    if depth > limits::MAX_NESTED_COMMANDS || !take(&setting.room.code, cost) {
        return Facts::opaque(Protocol::Sql(setting.dialect), Reason::NestedTooDeep, text.len());
    }
    super::read_text(Setting { depth, ..*setting }, text.as_bytes(), state)
}

/// Reads the query of a view, under the names that the catalog was taken with.
pub(super) fn read_view(setting: &Setting<'_>, text: &str) -> Facts {
    let mut state = State {
        session: Cow::Owned(SqlSession::server_defaults()),
        path_unknown: false,
        stale: false,
        variables: Vec::new(),
        shadowed: false,
    };
    read_sql(setting, &mut state, text)
}

/// Code in a language that is not read.
pub(super) fn unread(setting: &Setting<'_>, len: usize) -> Facts {
    Facts::opaque(Protocol::Sql(setting.dialect), Reason::OpaqueCode, len)
}

/// What reading any text costs, in bytes of one.
const READING_COSTS: usize = 32;
