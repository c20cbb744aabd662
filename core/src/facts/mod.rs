//! A command becomes facts: actions, targets, effects, extent, and how far it was understood.
//!
//! Facts are *may* facts: effects are joined by union over every reading of the command,
//! restrictions by intersection. They hold no literal of the command, so that they can stand in
//! a log. The words and their JSON form are specified in `docs/spec/facts.md`.

mod action;
mod effect;
mod evasion;
mod join;
mod json;
mod reader;
mod reason;
mod session;
mod sql;
mod stored;
mod target;

pub use action::{Action, Extent, How, Op, OutputColumn, Outputs, Sources};
pub use effect::{Effect, EffectSet};
pub use evasion::{Evasion, EvasionSet};
pub use reader::SessionReader;
pub use reason::Reason;
pub use session::{SessionDelta, Transaction};
pub use stored::StoredFactsError;
pub use target::{Columns, Path, Role, Segment, Target, TargetKind};

pub use crate::command::Protocol;
use crate::primitives::Span;
use crate::schema::{Catalog, SqlSession};

/// What is known of the place where a command will run.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The names of its database; without it, columns and keys stay unknown.
    pub catalog: Option<&'a Catalog>,
    /// The state of its session.
    pub session: &'a SqlSession,
}

/// Reads a command and says what it would do.
///
/// - `bytes`: the command as it was received, of any length and content.
/// - returns: its facts. What cannot be bounded is [`Understanding::Opaque`] with a reason.
///
/// Total: never fails, panics, aborts or hangs. Cost: linear in the text, within the bounds of
/// [`limits`](crate::limits); about 10 µs for a short statement.
///
/// # Examples
/// ```
/// # use placet::command::Protocol;
/// # use placet::facts::{self, Scope};
/// # use placet::schema::SqlSession;
/// let session = SqlSession::server_defaults();
/// let scope = Scope { catalog: None, session: &session };
/// let postgres = Protocol::parse("postgres").unwrap();
/// let facts = facts::read(postgres, b"DELETE FROM orders WHERE 1 = 1", &scope);
/// assert!(facts.writes() && facts.unbounded());
/// assert_eq!(facts.actions[0].verb, "DELETE");
/// ```
#[must_use]
pub fn read(protocol: Protocol, bytes: &[u8], scope: &Scope<'_>) -> Facts {
    match protocol {
        Protocol::Sql(dialect) => sql::read(dialect, bytes, scope),
        Protocol::Other(_) => Facts::opaque(protocol, Reason::ReaderAbsent, bytes.len()),
    }
}

/// How far a command was understood; ordered from best to worst.
///
/// # Examples
/// ```
/// use placet::facts::Understanding;
/// assert!(Understanding::Full < Understanding::Partial);
/// assert_eq!(Understanding::Opaque.name(), "opaque");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Understanding {
    /// Every byte is accounted for.
    Full,
    /// The listed effects and targets are a proven upper bound; details are missing.
    Partial,
    /// No bound is known.
    Opaque,
}

impl Understanding {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::Opaque => "opaque",
        }
    }
}

/// What a command would do, as far as it can be known before it runs.
///
/// Made by the readers of this module; policy sees nothing else of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The protocol under which the command was read.
    pub protocol: Protocol,
    /// How far it was understood.
    pub understanding: Understanding,
    /// Why it was not understood better; empty exactly when `Full`.
    pub reasons: Vec<Reason>,
    /// What it does; empty only for a command without any statement.
    pub actions: Vec<Action>,
    /// What it changes in the session, in order.
    pub session: Vec<SessionDelta>,
    /// Number of statements, empty ones not counted; `None` when opaque.
    pub statements: Option<u32>,
    /// How its text tries not to be understood.
    pub evasion: EvasionSet,
}

impl Facts {
    /// The answer for a command of `len` bytes that could not be bounded: it may do everything.
    #[must_use]
    pub fn opaque(protocol: Protocol, reason: Reason, len: usize) -> Self {
        Self {
            protocol,
            understanding: Understanding::Opaque,
            reasons: vec![reason],
            actions: vec![Action {
                op: Op::Unknown,
                verb: "UNKNOWN".into(),
                targets: Vec::new(),
                extent: Extent::Unknown,
                may: EffectSet::ALL,
                outputs: Outputs::Opaque,
                calls: Vec::new(),
                via: Vec::new(),
                span: Span::from_offsets(0, len),
                nested: Vec::new(),
            }],
            session: vec![SessionDelta::Unknown],
            statements: None,
            evasion: EvasionSet::NONE,
        }
    }

    /// Whether no bound is known for the command or for anything nested in it.
    #[must_use]
    pub fn is_opaque(&self) -> bool {
        self.understanding == Understanding::Opaque
            || self.actions.iter().any(|a| a.nested.iter().any(Self::is_opaque))
    }

    /// Every action, nested ones included, outer before inner.
    #[must_use]
    pub fn all_actions(&self) -> Vec<&Action> {
        let mut out = Vec::new();
        self.collect_actions(&mut out);
        out
    }

    fn collect_actions<'a>(&'a self, out: &mut Vec<&'a Action>) {
        for action in &self.actions {
            out.push(action);
            for nested in &action.nested {
                nested.collect_actions(out);
            }
        }
    }

    /// The union of the effects of every action.
    #[must_use]
    pub fn effects(&self) -> EffectSet {
        self.all_actions().iter().fold(EffectSet::NONE, |set, action| set | action.may)
    }

    /// The signs of evasion in the command and in everything nested in it.
    #[must_use]
    pub fn all_evasion(&self) -> EvasionSet {
        let nested = self.actions.iter().flat_map(|action| &action.nested);
        nested.fold(self.evasion, |signs, facts| signs | facts.all_evasion())
    }

    /// Whether running it can change data, schema, privileges, session identity or parsing
    /// state, server state, a file or another host.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.is_opaque() || self.effects().intersects(EffectSet::WRITING)
    }

    /// Whether running it can lose data or stop service.
    #[must_use]
    pub fn destructive(&self) -> bool {
        self.is_opaque() || self.all_actions().iter().any(|action| action.destructive())
    }

    /// Whether it holds a row-changing statement whose restriction does not restrict.
    #[must_use]
    pub fn unbounded(&self) -> bool {
        self.is_opaque() || self.all_actions().iter().any(|action| action.unbounded())
    }

    /// A static bound on the rows that are read or changed: the sum over all actions that read
    /// or change rows; `None` where any of them has no bound.
    #[must_use]
    pub fn max_rows(&self) -> Option<u64> {
        if self.is_opaque() {
            return None;
        }
        let touching = self.all_actions().into_iter().filter(|action| action.touches_rows());
        touching.map(Action::max_rows).try_fold(0u64, |sum, rows| sum.checked_add(rows?))
    }
}
