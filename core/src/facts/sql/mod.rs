//! SQL becomes facts.
//!
//! The walk matches every variant of the parser's tree; what is not in the tables of this module
//! is unknown and never guessed. Statements that the parser has no grammar for are bounded by
//! their first words, or not at all.

mod aim;
mod calls;
mod children;
mod constant;
mod ddl;
mod dml;
mod evasion;
mod expr;
mod extent;
mod files;
mod flow;
mod from;
mod functions;
mod head;
mod heads;
mod joins;
mod keys;
mod labels;
mod manners;
#[cfg(test)]
mod manual;
mod names;
mod nested;
mod pipe;
mod plpgsql;
mod program;
mod query;
mod relation;
mod resolve;
mod rewritten;
mod rights;
mod rowsets;
mod select_list;
mod settings;
mod spread;
mod sqlite;
mod statement;
#[cfg(test)]
mod tests;
mod walk;
mod with;
mod witness;
mod words;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::{
    Action, Effect, Evasion, Facts, Op, Reason, Scope, SessionDelta, Transaction, Understanding,
};
use crate::command::sql::{Reading, Refusal, Statement};
use crate::command::{Dialect, Protocol, sql};
use crate::limits;
use crate::primitives::Span;
use crate::schema::{Catalog, SqlSession};
use walk::{Room, Setting, State, Walk};

/// The facts of an SQL command.
pub(super) fn read(dialect: Dialect, bytes: &[u8], scope: &Scope<'_>) -> Facts {
    read_on(dialect, bytes, scope.catalog, scope.session, (false, false, false)).0
}

/// What a command leaves behind: the session where it was changed, whether the search path is
/// unknown, whether the catalog is out of date, whether functions may hide the server's own.
pub(super) type Left = (Option<SqlSession>, bool, bool, bool);

/// The facts of an SQL command under this state, and the state that it leaves.
pub(super) fn read_on(
    dialect: Dialect,
    bytes: &[u8],
    catalog: Option<&Catalog>,
    session: &SqlSession,
    (path_unknown, stale, shadowed): (bool, bool, bool),
) -> (Facts, Left) {
    let room = Room {
        names: Cell::new(limits::MAX_SQL_LINEAGE),
        code: Cell::new(limits::MAX_SQL_NESTED_BYTES),
        rounds: Cell::new(limits::MAX_SQL_ROUNDS),
        variables: RefCell::default(),
    };
    let setting = Setting { dialect, catalog, depth: 0, repeats: false, room: &room };
    let mut state = State {
        session: Cow::Borrowed(session),
        path_unknown,
        stale,
        shadowed,
        variables: Vec::new(),
    };
    let facts = read_text(setting, bytes, &mut state);
    let session = match state.session {
        Cow::Borrowed(_) => None,
        Cow::Owned(session) => Some(session),
    };
    (facts, (session, state.path_unknown, state.stale, state.shadowed))
}

/// Reads a text under a state, and leaves the state as the text leaves the session.
fn read_text<'a>(setting: Setting<'a>, bytes: &[u8], state: &mut State<'a>) -> Facts {
    // The whole text is cut and parsed before the first of its statements runs.
    // Names are not looked at for that, and there may be many.
    let of = &state.session;
    let session = SqlSession {
        dialect: of.dialect.clone(),
        standard_conforming_strings: of.standard_conforming_strings,
        sql_mode: of.sql_mode.clone(),
        client_encoding: of.client_encoding.clone(),
        ..SqlSession::default()
    };
    let texts = match sql::versions(bytes, setting.dialect, &session) {
        Ok(texts) => texts,
        Err(refusal) => return refused(setting, refusal, bytes, state),
    };
    let read = |text: &[u8], state: &mut State<'a>| {
        sql::read(text, setting.dialect, &session, |reading| match reading {
            Ok(reading) => facts_of(setting, &reading, bytes.len(), state),
            Err(refusal) => refused(setting, refusal, text, state),
        })
    };
    let Some((first, others)) = texts.split_first() else {
        return refused(setting, Refusal::NotText(Span::default()), bytes, state);
    };
    let before = (!others.is_empty()).then(|| state.clone());
    let mut facts = read(first, state);
    for text in others {
        let Some(mut other) = before.clone() else { break };
        let reading = read(text, &mut other);
        facts = facts.join(reading, Reason::ExecutableComment);
        if !state.same(&other) {
            forget(state);
        }
    }
    // Such a text was written again without the marks of its comments.
    if matches!(first, Cow::Owned(_)) {
        facts.evasion |= Evasion::ExecutableComment;
    }
    facts
}

fn refused(setting: Setting<'_>, refusal: Refusal, bytes: &[u8], state: &mut State<'_>) -> Facts {
    forget(state);
    let protocol = Protocol::Sql(setting.dialect);
    let mut evasion = evasion::of_refused(bytes);
    if matches!(refusal, Refusal::ExecutableComment(_)) {
        evasion |= Evasion::ExecutableComment;
    }
    Facts { evasion, ..Facts::opaque(protocol, reason_of(refusal), bytes.len()) }
}

fn reason_of(refusal: Refusal) -> Reason {
    let code = refusal.code();
    let known = Reason::ALL.iter().find(|(_, known, _)| *known == code);
    known.map_or(Reason::NotParsed, |(reason, _, _)| *reason)
}

fn facts_of<'a>(
    setting: Setting<'a>,
    reading: &Reading<'_>,
    len: usize,
    state: &mut State<'a>,
) -> Facts {
    let protocol = Protocol::Sql(setting.dialect);
    let setting = Setting { repeats: setting.repeats || repeats(setting, reading), ..setting };
    let mut facts = Facts {
        protocol,
        understanding: Understanding::Full,
        reasons: Vec::new(),
        actions: Vec::new(),
        session: Vec::new(),
        statements: u32::try_from(reading.statements.len()).ok(),
        evasion: evasion::of_reading(reading, setting.dialect),
    };
    let mut reasons = BTreeSet::new();
    // One statement of which nothing is known takes the bound from the whole command.
    let mut unbounded = false;
    for statement in &reading.statements {
        let Statement { span, tokens, tree } = statement;
        let mut walk = Walk::new(setting, reading.text, tokens, *span, state);
        walk.statement(*tree);
        let detailed = walk.actions.iter().any(|action| !action.nested.is_empty());
        unbounded |= walk.understanding == Understanding::Opaque && !detailed;
        facts.understanding = facts.understanding.max(walk.understanding);
        reasons.extend(walk.reasons);
        let defines = walk.actions.iter().any(|action| action.may.contains(Effect::Schema));
        let rolls_back = walk.session.contains(&SessionDelta::Transaction(Transaction::Rollback));
        let before = facts.actions.len();
        facts.actions.append(&mut walk.actions);
        facts.session.append(&mut walk.session);
        state.stale |= defines;
        // What goes or gets another name may be a temporary table, and then another of its name is
        // seen again.
        if facts.actions.iter().skip(before).any(unmakes)
            && state.session.temp_tables.as_ref().is_some_and(|tables| !tables.is_empty())
        {
            state.session.to_mut().temp_tables = None;
        }
        if rolls_back && facts.changes_session() {
            undo(state, &facts.session);
        }
    }
    facts.reasons = reasons.into_iter().collect();
    if facts.understanding == Understanding::Opaque {
        facts.statements = None;
        facts.session.push(SessionDelta::Unknown);
        forget(state);
        if unbounded {
            let first = facts.reasons.first().copied().unwrap_or(Reason::NotParsed);
            let Facts { reasons, evasion, .. } = facts;
            return Facts { reasons, evasion, ..Facts::opaque(protocol, first, len) };
        }
    }
    facts
}

/// Whether a statement of a T-SQL batch may run several times: a loop, a jump, or `GO` and a
/// number.
fn repeats(setting: Setting<'_>, reading: &Reading<'_>) -> bool {
    if setting.dialect != Dialect::Mssql {
        return false;
    }
    let jumps = reading.statements.iter().any(|statement| {
        statement.tokens.first().is_some_and(|first| {
            first.is_word(reading.text, "while") || first.is_word(reading.text, "goto")
        })
    });
    let counts = |line: &str| {
        let line = line.trim().as_bytes();
        line.get(..2).is_some_and(|go| go.eq_ignore_ascii_case(b"go"))
            && line.get(2..).unwrap_or_default().iter().any(u8::is_ascii_digit)
    };
    jumps || reading.text.lines().any(counts)
}

fn unmakes(action: &Action) -> bool {
    action.op == Op::Destroy || action.verb.starts_with("ALTER")
}

/// A rollback may bring back any state since the text began, or a savepoint in it: what may have
/// varied is unknown.
fn undo(state: &mut State<'_>, deltas: &[SessionDelta]) {
    let (strings, encoding) =
        (state.session.standard_conforming_strings, state.session.client_encoding.clone());
    let sets = |wanted: &str| {
        deltas.iter().any(|delta| match delta {
            SessionDelta::Setting { name, .. } => name == wanted,
            SessionDelta::Reset | SessionDelta::Unknown => true,
            SessionDelta::Prepared(_)
            | SessionDelta::Deallocated(_)
            | SessionDelta::TempTable(_)
            | SessionDelta::Cursor(_)
            | SessionDelta::Transaction(_) => false,
        })
    };
    forget(state);
    let session = state.session.to_mut();
    if !sets("standard_conforming_strings") {
        session.standard_conforming_strings = strings;
    }
    if !sets("client_encoding") {
        session.client_encoding = encoding;
    }
}

fn forget(state: &mut State<'_>) {
    let dialect = state.session.dialect.clone();
    *state.session.to_mut() = SqlSession { dialect, ..Default::default() };
    state.path_unknown = true;
    state.shadowed = true;
}
