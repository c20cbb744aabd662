//! Where values come from: the values that lineage is made of, and the scopes that names are
//! resolved in.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::facts::{Extent, How, OutputColumn, Path, Sources, Target};
use crate::schema::CatalogTable;

/// A set of base columns, or anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Any,
    Columns(BTreeSet<String>),
}

impl Origin {
    pub(super) const NONE: Self = Self::Columns(BTreeSet::new());

    pub(super) fn one(column: String) -> Self {
        Self::Columns(BTreeSet::from([column]))
    }

    pub(super) fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Any, _) => {}
            (_, Self::Any) => *self = Self::Any,
            (Self::Columns(mine), Self::Columns(theirs)) => {
                mine.extend(theirs.iter().cloned());
            }
        }
    }

    /// How many columns it names.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::Columns(columns) => columns.len(),
        }
    }

    fn sources(self) -> Sources {
        match self {
            Self::Any => Sources::Any,
            Self::Columns(columns) => Sources::Columns(columns.into_iter().collect()),
        }
    }
}

/// What a value holds, how it was made, and what it depends on without holding it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) holds: Origin,
    pub(super) how: How,
    pub(super) depends: Origin,
}

impl Flow {
    /// A value of which nothing is known.
    pub(super) const fn any() -> Self {
        Self { holds: Origin::Any, how: How::Opaque, depends: Origin::Any }
    }

    /// A value that holds nothing of the database.
    pub(super) const fn constant() -> Self {
        Self { holds: Origin::NONE, how: How::Derived, depends: Origin::NONE }
    }

    /// A value that is made of this one, or of this and `other`.
    pub(super) fn mix(&mut self, other: &Self) {
        self.holds.add(&other.holds);
        self.depends.add(&other.depends);
        self.how = self.how.max(other.how);
    }

    /// The same, computed.
    pub(super) fn derived(mut self) -> Self {
        self.how = self.how.max(How::Derived);
        self
    }

    /// The same, computed from many rows.
    pub(super) fn aggregated(mut self) -> Self {
        self.how = self.how.max(How::Aggregate);
        self
    }

    /// All of it only decides and is not held.
    pub(super) fn as_dependence(&self) -> Origin {
        let mut all = self.holds.clone();
        all.add(&self.depends);
        all
    }
}

/// One column of a relation.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) flow: Flow,
}

impl Column {
    pub(super) fn output(self, implicit: &Origin) -> OutputColumn {
        let mut depends = self.flow.depends;
        depends.add(implicit);
        OutputColumn {
            name: self.name,
            sources: self.flow.holds.sources(),
            how: self.flow.how,
            implicit: depends.sources(),
        }
    }
}

/// How many names of columns it takes to hold these.
pub(super) fn weight(columns: &[Column]) -> usize {
    columns.iter().fold(0, |sum: usize, column| {
        let Flow { holds, how: _, depends } = &column.flow;
        sum.saturating_add(1).saturating_add(holds.len()).saturating_add(depends.len())
    })
}

/// The columns of a relation; `None` where they are not known for sure.
pub(super) type Columns = Option<Rc<Vec<Column>>>;

/// What a name in FROM stands for.
#[derive(Clone, Debug)]
pub(super) enum Shape<'a> {
    /// A table of the catalog; `schema` as it stands in paths. The list renames its first
    /// columns (`AS c(a, b)`).
    Base { table: &'a CatalogTable, renamed: Rc<Vec<String>> },
    /// Something that was computed.
    Derived(Rc<Vec<Column>>),
    /// Columns that are not known.
    Unknown,
}

/// One relation of a FROM clause.
#[derive(Clone, Debug)]
pub(super) struct Relation<'a> {
    /// The name by which columns are qualified.
    pub(super) name: Option<String>,
    /// The schema that may stand before it, where it was named without an alias.
    pub(super) schema: Option<String>,
    pub(super) shape: Shape<'a>,
    /// The path of the target that it stands for.
    pub(super) target: Option<Path>,
}

/// A common table expression.
#[derive(Clone, Debug)]
pub(super) enum Cte {
    /// Named, and not read yet: a reference from its own body or from one that stands before it.
    Pending,
    /// Read: its columns, and what it reads.
    Ready { columns: Columns, targets: Rc<Vec<Target>>, extent: Extent },
}

/// The names that an expression or a FROM clause can see.
#[derive(Debug, Default)]
pub(super) struct Names<'p, 'a> {
    pub(super) parent: Option<&'p Self>,
    pub(super) ctes: Vec<(String, Cte)>,
    pub(super) relations: Vec<Relation<'a>>,
    /// Names that the select list gives; ORDER BY, GROUP BY and (SQLite) WHERE may use them.
    pub(super) aliases: Vec<Column>,
    /// Columns that a join merges: an unqualified reference to one is not resolved.
    pub(super) merged: bool,
}

impl<'p, 'a> Names<'p, 'a> {
    pub(super) fn inside(parent: &'p Self) -> Self {
        Self { parent: Some(parent), ..Self::default() }
    }

    pub(super) fn cte(&self, name: &str) -> Option<&Cte> {
        let mut at = Some(self);
        while let Some(names) = at {
            if let Some((_, cte)) = names.ctes.iter().rev().find(|(key, _)| key == name) {
                return Some(cte);
            }
            at = names.parent;
        }
        None
    }
}
