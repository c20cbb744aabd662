//! A witness: a row that a condition turns away.
//!
//! Whether a WHERE restricts anything cannot be read off its form: `id = id`, `id & 0 = 0` and
//! `a IS NOT TRUE OR a` name columns and let every row pass. So sample rows are put to the
//! condition until one is refused. They are made of the condition's own constants, the values
//! beside them, and values that stand nowhere in it. What is not computed here stands for a value
//! that differs from row to row, and is the same wherever the same thing is written again. What does
//! not depend on the row (a parameter, the rows of other tables) is taken so that rows pass where
//! they can. No witness: the condition restricts nothing.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever is not computed has a rule of its own: it stands for a value of the row"
)]

mod columns;
mod compare;
mod conditions;
mod functions;
mod queries;
mod samples;
mod values;

use std::cmp::Ordering;

use sqlparser::ast::{Expr, GroupByExpr, Ident, Select, TableAliasColumnDef};

use super::aim::Aim;
use super::flow::Queries;

/// Steps of one search. A plain condition takes less than fifty; beyond the bound there is no
/// witness.
const MAX_STEPS: usize = 40_000;

/// Values that sample rows are made of; further constants are not tried.
const MAX_PROBES: usize = 48;

/// Named and derived queries that are looked through.
const MAX_SCOPES: usize = 64;

/// Levels of them.
const MAX_DEPTH: usize = 16;

/// A row of the relations beside the target.
#[derive(Clone, Copy, Debug)]
struct Shown {
    row: Row,
    /// Those that hold all rows of the target show its own.
    same: bool,
    /// Columns that may be null are, as far as a condition asks.
    nulls: bool,
}

/// Whether some row is turned away where all of `conditions` must hold.
pub(super) fn turns_a_row_away(conditions: &[&Expr], aim: &Aim<'_>) -> bool {
    let mut search = Search::new(conditions, aim);
    let rows = search.rows();
    rows.into_iter().any(|(row, missing)| search.refuses(conditions, row, missing))
}

/// One of the values that samples are made of, as a number and as a text.
#[derive(Debug)]
struct Probe {
    number: i128,
    text: String,
    /// Rows of other tables hold it too; some are the target's alone.
    shared: bool,
}

/// How a row takes its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    /// The same value in every column.
    Uniform(usize),
    /// A value of each column's own.
    Mixed(u64),
    /// One of the constants that a column is compared with.
    Compared(usize),
    /// One of the values in one column, and those of `Mixed` in the others.
    Swept { column: u64, at: usize },
}

/// Which columns of a row have no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Nothing,
    /// All that the condition asks about.
    Asked,
    /// One of them.
    One(usize),
    All,
}

/// How much is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    /// It is written there.
    Constant,
    /// Not known, and the same for every row of the target.
    Fixed,
    /// From a row of another relation, chosen so that the condition holds.
    Theirs,
    /// From the row of the target.
    Row,
}

#[derive(Clone, Debug, PartialEq)]
enum Datum {
    Null,
    Truth(bool),
    Int(i128),
    Real(f64),
    Text(String),
    /// One of the probes.
    Cell(usize),
    /// Anything.
    Open,
}

#[derive(Clone, Debug)]
struct Sample {
    datum: Datum,
    grade: Grade,
}

impl Sample {
    const OPEN: Self = Self { datum: Datum::Open, grade: Grade::Fixed };
    const NULL: Self = Self { datum: Datum::Null, grade: Grade::Constant };

    const fn of(datum: Datum, grade: Grade) -> Self {
        Self { datum, grade }
    }

    const fn constant(datum: Datum) -> Self {
        Self::of(datum, Grade::Constant)
    }

    fn is_constant(&self, number: i128) -> bool {
        self.grade == Grade::Constant && self.datum == Datum::Int(number)
    }
}

/// Three-valued logic, and what the row does not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Truth {
    Yes,
    No,
    Null,
    Open,
}

impl Truth {
    const fn of(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }

    const fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Null => Self::Null,
            Self::Open => Self::Open,
        }
    }

    const fn not_if(self, negated: bool) -> Self {
        if negated { self.not() } else { self }
    }

    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Open, _) | (_, Self::Open) => Self::Open,
            (Self::Null, _) | (_, Self::Null) => Self::Null,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    const fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    /// Whether a row passes, as far as that is in question.
    const fn passes(self) -> bool {
        matches!(self, Self::Yes | Self::Open)
    }

    /// The truth as a value: of the row, where the row decides.
    const fn sample(self) -> Sample {
        match self {
            Self::Yes => Sample::of(Datum::Truth(true), Grade::Row),
            Self::No => Sample::of(Datum::Truth(false), Grade::Row),
            Self::Null => Sample::of(Datum::Null, Grade::Row),
            Self::Open => Sample::OPEN,
        }
    }
}

/// What an order must be for a comparison to hold.
type Test = fn(Ordering) -> bool;

/// The relations of a FROM clause.
#[derive(Debug)]
struct Scope<'e> {
    relations: Vec<Relation<'e>>,
    /// What must hold for a row of it to be there.
    conditions: Vec<Condition<'e>>,
    group_by: Option<&'e GroupByExpr>,
    /// It has no rows.
    empty: bool,
    row: Row,
    /// The relations that hold all rows of the target show the same row.
    same: bool,
}

#[derive(Debug)]
struct Relation<'e> {
    name: Option<String>,
    kind: Kind<'e>,
    /// The conditions of its outer join: it may have no row.
    optional: Option<Vec<Condition<'e>>>,
    /// What the search has chosen for it: a row of its own, or none.
    chosen: Option<Row>,
    absent: bool,
}

#[derive(Clone, Copy, Debug)]
enum Condition<'e> {
    Holds(&'e Expr),
    /// A column that the relation at this place shares with those before it.
    Shares(usize, &'e Ident),
}

#[derive(Clone, Copy, Debug)]
enum Kind<'e> {
    /// A table; `whole`: the target itself, with all its rows.
    Table { whole: bool },
    /// What a query gives, with the scope of its FROM.
    Query { select: &'e Select, scope: usize, renamed: &'e [TableAliasColumnDef] },
}

/// What a query gives in its only column.
#[derive(Clone, Copy)]
enum Item<'e> {
    Expr(&'e Expr),
    /// `*`, or several columns.
    Star,
}

/// What is asked of the rows of a query.
#[derive(Clone, Copy, Default)]
struct Asked {
    /// Whether one equals a value.
    equality: bool,
    /// The value is of the target's row.
    of_row: bool,
    /// Whether there is one at all.
    exists: bool,
}

struct Search<'e, 'c> {
    aim: &'c Aim<'e>,
    probes: Vec<Probe>,
    /// Which of them columns are compared with.
    compared: Vec<(u64, usize)>,
    steps: usize,
    row: Row,
    missing: Missing,
    /// The columns that the condition asks whether they are null, and those that it names.
    asked: Vec<u64>,
    named: Vec<u64>,
    /// The row of the innermost relations that are not the target, and whether it misses values.
    beside: Row,
    their_nulls: bool,
    /// What the target is.
    target: Kind<'e>,
    /// Those of `scopes` that stand beside the target.
    around: std::ops::Range<usize>,
    scopes: Vec<Scope<'e>>,
    /// The scopes that are seen, innermost last.
    stack: Vec<usize>,
    queries: Queries<'e>,
    /// A value of the target's row was asked for.
    touched: bool,
    /// A value of another row was.
    read: bool,
    /// A value of an outer join that found its row was.
    joined: bool,
    /// Queries that are looked into, one inside the other.
    queries_in: usize,
    /// Sub-selects that stand for a value, so that the same one has the same value.
    scalars: Vec<&'e sqlparser::ast::Query>,
}
