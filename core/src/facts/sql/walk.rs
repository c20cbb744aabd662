//! The walk over one statement: what it gathers, and how an action is made of it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use super::flow::Origin;
use super::manners::Manners;
use crate::command::Dialect;
use crate::command::sql::Token;
use crate::facts::{
    Action, Columns, Effect, EffectSet, Extent, Facts, Op, Outputs, Path, Reason, Role,
    SessionDelta, Target, TargetKind, Understanding,
};
use crate::primitives::Span;
use crate::schema::{Catalog, SqlSession};

/// What stays the same for a whole command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) dialect: Dialect,
    pub(super) catalog: Option<&'a Catalog>,
    /// Levels of code inside code above this text.
    pub(super) depth: usize,
    /// A statement may run several times: no bound on its rows holds for the whole.
    pub(super) repeats: bool,
    pub(super) room: &'a Room,
}

/// What is left of the bounds that hold for a whole command.
#[derive(Debug)]
pub(super) struct Room {
    /// Names of columns and tables that lineage may still hold.
    pub(super) names: Cell<usize>,
    /// Bytes of code inside code that may still be read.
    pub(super) code: Cell<usize>,
    /// Variables of the PL/SQL blocks around, which look like columns.
    pub(super) variables: RefCell<Vec<String>>,
    /// Times that a recursive query may still be walked again.
    pub(super) rounds: Cell<usize>,
}

/// Takes so much of what is left. Once there is too little, nothing is left.
pub(super) fn take(left: &Cell<usize>, amount: usize) -> bool {
    let rest = left.get().checked_sub(amount);
    left.set(rest.unwrap_or(0));
    rest.is_some()
}

/// The session as the statements before this one leave it.
#[derive(Clone, Debug)]
pub(super) struct State<'a> {
    pub(super) session: Cow<'a, SqlSession>,
    /// The search path was changed to something that is not known.
    pub(super) path_unknown: bool,
    /// A statement before this one changed definitions: the catalog's columns may be wrong.
    pub(super) stale: bool,
    /// BigQuery's variables that statements before this one declared: such a name is no column.
    pub(super) variables: Vec<String>,
    /// Functions were made that may hide the server's own.
    pub(super) shadowed: bool,
}

impl State<'_> {
    /// Whether the next statement would be read alike under both.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.session == other.session
            && self.path_unknown == other.path_unknown
            && self.stale == other.stale
            && self.variables == other.variables
            && self.shadowed == other.shadowed
    }
}

/// What an action under construction has gathered.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub(super) targets: Vec<Target>,
    pub(super) calls: BTreeSet<String>,
    pub(super) may: EffectSet,
    pub(super) nested: Vec<Facts>,
    /// A column reference was not resolved: any column of any target may be meant.
    pub(super) unresolved: bool,
    /// One value may be made of many rows, or a call may give many: LIMIT bounds nothing.
    pub(super) loose: bool,
    /// A call may give many rows where one value stands.
    pub(super) rows: bool,
    /// Its result goes into a new table.
    pub(super) into: bool,
    /// A query read rows of its own that are not known.
    pub(super) recursed: bool,
    /// The reach of sub-selects inside expressions.
    pub(super) inner: Option<Extent>,
}

/// The walk over one statement.
#[derive(Debug)]
pub(super) struct Walk<'w, 'a> {
    pub(super) setting: Setting<'a>,
    pub(super) text: &'w str,
    pub(super) tokens: &'w [Token],
    pub(super) span: Span,
    pub(super) state: &'w mut State<'a>,
    pub(super) part: Part,
    pub(super) actions: Vec<Action>,
    pub(super) session: Vec<SessionDelta>,
    pub(super) reasons: BTreeSet<Reason>,
    pub(super) understanding: Understanding,
    pub(super) via: Vec<&'static str>,
    /// The expression that is walked may give several columns of a result.
    pub(super) spread: bool,
    /// What calls of the select list decide about its rows and its other columns.
    pub(super) listed: Listed,
}

/// What calls in a select list decide.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// How many rows there are: by calls that give several.
    pub(super) rows: Origin,
    /// Which row the columns come from that are no aggregate: SQLite's `min` and `max`.
    pub(super) picks: Origin,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(
        setting: Setting<'a>,
        text: &'w str,
        tokens: &'w [Token],
        span: Span,
        state: &'w mut State<'a>,
    ) -> Self {
        Self {
            setting,
            text,
            tokens,
            span,
            state,
            part: Part::default(),
            actions: Vec::new(),
            session: Vec::new(),
            reasons: BTreeSet::new(),
            understanding: Understanding::Full,
            via: Vec::new(),
            spread: false,
            listed: Listed::default(),
        }
    }

    pub(super) const fn manners(&self) -> &'static Manners {
        Manners::of(self.setting.dialect)
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.setting.dialect == Dialect::Sqlite
    }

    /// PostgreSQL, or what came of it: its catalogs, its settings, its head words.
    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self.setting.dialect, Dialect::Postgres | Dialect::Redshift)
    }

    pub(super) const fn is_mysql(&self) -> bool {
        matches!(self.setting.dialect, Dialect::Mysql | Dialect::Mariadb)
    }

    /// Notes that the understanding is no better than partial.
    pub(super) fn partial(&mut self, reason: Reason) {
        self.understanding = self.understanding.max(Understanding::Partial);
        self.reasons.insert(reason);
    }

    /// Notes that no bound is known.
    pub(super) fn opaque(&mut self, reason: Reason) {
        self.understanding = Understanding::Opaque;
        self.reasons.insert(reason);
    }

    /// Something in the tree that the tables do not cover: everything may happen.
    pub(super) fn not_covered(&mut self) {
        self.opaque(Reason::UnknownStatement);
    }

    /// Whether lineage may hold so many more names; takes them.
    pub(super) fn has_room(&mut self, names: usize) -> bool {
        let room = take(&self.setting.room.names, names);
        self.part.unresolved |= !room;
        room
    }

    /// Adds a target to the action under construction, or joins it with the same one.
    pub(super) fn target(&mut self, target: Target) {
        let same = |old: &&mut Target| {
            old.kind == target.kind && old.role == target.role && old.path == target.path
        };
        match self.part.targets.iter_mut().find(same) {
            None => self.part.targets.push(target),
            Some(old) => match (&mut old.columns, target.columns) {
                (Columns::Any, _) => {}
                (columns, Columns::Any) => *columns = Columns::Any,
                (Columns::Named(old), Columns::Named(new)) => {
                    old.extend(new);
                    old.sort();
                    old.dedup();
                }
            },
        }
    }

    pub(super) fn object(&mut self, kind: TargetKind, path: Path) {
        self.target(Target { kind, path, role: Role::Object, columns: Columns::Any });
    }

    pub(super) fn source(&mut self, kind: TargetKind, path: Path) {
        self.target(Target { kind, path, role: Role::Source, columns: Columns::Any });
    }

    pub(super) fn sink(&mut self, kind: TargetKind, path: Path) {
        self.target(Target { kind, path, role: Role::Sink, columns: Columns::Any });
    }

    /// Notes that `column` of the table at `path` is touched. A table that this part does not
    /// hold belongs to a part outside it, whose columns are then given up.
    pub(super) fn touch(&mut self, path: &Path, column: &str) {
        let mut found = false;
        for target in &mut self.part.targets {
            if target.kind != TargetKind::Table || target.path != *path {
                continue;
            }
            found = true;
            if let Columns::Named(columns) = &mut target.columns
                && let Err(at) = columns.binary_search_by(|old| old.as_str().cmp(column))
            {
                columns.insert(at, column.to_owned());
            }
        }
        self.part.unresolved |= !found;
    }

    /// Runs `build` on a fresh part and gives back what it gathered, the old part restored.
    pub(super) fn apart<T>(&mut self, build: impl FnOnce(&mut Self) -> T) -> (T, Part) {
        let outer = std::mem::take(&mut self.part);
        let result = build(self);
        (result, std::mem::replace(&mut self.part, outer))
    }

    /// Adds what another part gathered.
    pub(super) fn absorb(&mut self, other: Part) {
        for target in other.targets {
            self.target(target);
        }
        self.part.calls.extend(other.calls);
        self.part.may |= other.may;
        self.part.nested.extend(other.nested);
        self.part.unresolved |= other.unresolved;
        self.part.loose |= other.loose;
        self.part.rows |= other.rows;
        self.part.into |= other.into;
        self.part.recursed |= other.recursed;
        if let Some(inner) = other.inner {
            self.reach_inside(inner);
        }
    }

    /// Notes that a sub-select of this reach is part of an expression.
    pub(super) fn reach_inside(&mut self, extent: Extent) {
        self.part.inner = Some(match self.part.inner.take() {
            None => extent,
            Some(old) => wider(old, extent),
        });
    }

    /// Closes the action under construction.
    pub(super) fn finish(&mut self, op: Op, verb: &str, extent: Extent, outputs: Outputs) {
        let part = std::mem::take(&mut self.part);
        let unbounded = self.setting.repeats && extent.max_rows().is_some();
        let extent = if unbounded { Extent::Unknown } else { extent };
        let mut may = part.may;
        if part.targets.iter().any(|t| t.role == Role::Source && t.kind == TargetKind::Table) {
            may |= Effect::ReadData;
        }
        let mut targets = part.targets;
        if part.unresolved {
            for target in &mut targets {
                target.columns = Columns::Any;
            }
        }
        self.actions.push(Action {
            op,
            verb: verb.to_owned(),
            targets,
            extent,
            may,
            outputs,
            calls: part.calls.into_iter().collect(),
            via: self.via.clone(),
            span: self.span,
            nested: part.nested,
        });
    }

    /// Closes an action without rows.
    pub(super) fn finish_plain(&mut self, op: Op, verb: &str) {
        self.finish(op, verb, Extent::Unknown, Outputs::None);
    }
}

/// The wider of two extents of things that are both reached.
pub(super) fn wider(a: Extent, b: Extent) -> Extent {
    match (a, b) {
        (Extent::All, _) | (_, Extent::All) => Extent::All,
        (Extent::Unknown, _) | (_, Extent::Unknown) => Extent::Unknown,
        (Extent::Filtered(mut a), Extent::Filtered(b)) => {
            a.extend(b);
            a.sort();
            a.dedup();
            Extent::Filtered(a)
        }
        (Extent::Filtered(columns), Extent::One | Extent::AtMost(_))
        | (Extent::One | Extent::AtMost(_), Extent::Filtered(columns)) => Extent::Filtered(columns),
        (a @ (Extent::One | Extent::AtMost(_)), b @ (Extent::One | Extent::AtMost(_))) => {
            match a.max_rows().zip(b.max_rows()).and_then(|(a, b)| a.checked_add(b)) {
                Some(rows) => Extent::AtMost(rows),
                None => Extent::Unknown,
            }
        }
    }
}
