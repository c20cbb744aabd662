//! One thing that a command does.

use super::{Effect, EffectSet, Facts, Target};
use crate::primitives::Span;

/// The kind of an action, the same over all protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Reads data.
    Read,
    /// Lists names without their contents.
    List,
    /// Adds rows, objects of data.
    Create,
    /// Changes data in place.
    Update,
    /// Removes rows (also all of them: TRUNCATE).
    Delete,
    /// Creates or changes the definition of an object.
    Define,
    /// Removes an object.
    Destroy,
    /// Gives or takes rights.
    Grant,
    /// Takes another identity.
    Assume,
    /// Runs code.
    Execute,
    /// Opens a stream (COPY, LISTEN, port forwarding).
    Stream,
    /// Changes server state or configuration, or maintains it.
    Configure,
    /// Changes the session only.
    Session,
    /// Begins or ends a transaction.
    Txn,
    /// Not known.
    Unknown,
}

impl Op {
    /// Every operation, in the order of the specification.
    pub const ALL: &'static [Self] = &[
        Self::Read,
        Self::List,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Define,
        Self::Destroy,
        Self::Grant,
        Self::Assume,
        Self::Execute,
        Self::Stream,
        Self::Configure,
        Self::Session,
        Self::Txn,
        Self::Unknown,
    ];

    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Define => "define",
            Self::Destroy => "destroy",
            Self::Grant => "grant",
            Self::Assume => "assume",
            Self::Execute => "execute",
            Self::Stream => "stream",
            Self::Configure => "configure",
            Self::Session => "session",
            Self::Txn => "txn",
            Self::Unknown => "unknown",
        }
    }

    /// The operation that `name` stands for.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| op.name() == name)
    }
}

/// How much of its targets an action can reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// At most one row or object: equality with a whole unique key.
    One,
    /// At most so many rows.
    AtMost(u64),
    /// Restricted by these columns, strength unknown. Sorted, without repeats.
    Filtered(Vec<String>),
    /// Nothing restricts it.
    All,
    /// Not known.
    Unknown,
}

impl Extent {
    /// The static bound on rows, where there is one.
    #[must_use]
    pub const fn max_rows(&self) -> Option<u64> {
        match self {
            Self::One => Some(1),
            Self::AtMost(rows) => Some(*rows),
            Self::Filtered(_) | Self::All | Self::Unknown => None,
        }
    }

    /// The word of the specification, without what it holds.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::One => "one",
            Self::AtMost(_) => "at_most",
            Self::Filtered(_) => "filtered",
            Self::All => "all",
            Self::Unknown => "unknown",
        }
    }
}

/// Base columns that a value may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sources {
    /// Anything in scope.
    Any,
    /// These and no others, as `schema.table.column`. Sorted, without repeats.
    Columns(Vec<String>),
}

/// How an output column came from its sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// The value itself.
    Plain,
    /// Computed from it.
    Derived,
    /// Computed from many rows.
    Aggregate,
    /// Not known.
    Opaque,
}

impl How {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Derived => "derived",
            Self::Aggregate => "aggregate",
            Self::Opaque => "opaque",
        }
    }
}

/// One column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// The name under which the server returns it.
    pub name: String,
    /// The base columns whose values it may hold.
    pub sources: Sources,
    /// How it was made from them.
    pub how: How,
    /// The base columns on which it depends without holding them (predicates, grouping, order).
    pub implicit: Sources,
}

/// What comes back from an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outputs {
    /// No rows.
    None,
    /// Rows with these columns, in this order.
    Columns(Vec<OutputColumn>),
    /// Rows or a stream of unknown shape.
    Opaque,
}

/// One thing that a command does: an operation on targets, with its effects and its reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The kind, the same over all protocols.
    pub op: Op,
    /// The protocol's own word, upper case for SQL (`DELETE`).
    pub verb: String,
    /// What it acts on, reads from and writes to.
    pub targets: Vec<Target>,
    /// How much of them it can reach.
    pub extent: Extent,
    /// Everything it may do.
    pub may: EffectSet,
    /// What comes back.
    pub outputs: Outputs,
    /// Functions and procedures it calls, as `schema.name` or `name`, folded as the server
    /// folds them. Sorted, without repeats.
    pub calls: Vec<String>,
    /// Through what it is reached (`prepare`, `explain`, `do`), outermost first.
    pub via: Vec<&'static str>,
    /// Its bytes in the command.
    pub span: Span,
    /// Code inside it that was read again.
    pub nested: Vec<Facts>,
}

impl Action {
    /// Whether it reads or changes rows, so that it counts towards `max_rows`.
    #[must_use]
    pub fn touches_rows(&self) -> bool {
        match self.op {
            Op::Read | Op::Create | Op::Update | Op::Delete => true,
            Op::Stream
            | Op::Execute
            | Op::Unknown
            | Op::List
            | Op::Define
            | Op::Destroy
            | Op::Grant
            | Op::Assume
            | Op::Configure
            | Op::Session
            | Op::Txn => self.may.intersects(Effect::ReadData | Effect::WriteData),
        }
    }

    /// Whether it changes rows.
    #[must_use]
    pub const fn changes_rows(&self) -> bool {
        match self.op {
            Op::Create | Op::Update | Op::Delete => true,
            Op::Stream
            | Op::Execute
            | Op::Unknown
            | Op::Read
            | Op::List
            | Op::Define
            | Op::Destroy
            | Op::Grant
            | Op::Assume
            | Op::Configure
            | Op::Session
            | Op::Txn => self.may.contains(Effect::WriteData),
        }
    }

    /// The static bound on the rows it reads or changes; `None` where there is none.
    #[must_use]
    pub const fn max_rows(&self) -> Option<u64> {
        self.extent.max_rows()
    }

    /// Whether nothing restricts the rows it updates or deletes.
    #[must_use]
    pub fn unbounded(&self) -> bool {
        self.extent == Extent::All && (self.op == Op::Update || self.op == Op::Delete)
    }

    /// Whether it can lose data or stop service. An update loses data when it is unbounded.
    #[must_use]
    pub fn destructive(&self) -> bool {
        self.may.contains(Effect::Destroy) || self.unbounded()
    }
}
