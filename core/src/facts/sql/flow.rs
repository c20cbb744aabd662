//! Where values come from: the values that lineage is made of, and the scopes that names are
//! resolved in.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use sqlparser::ast;

use crate::command::sql::VALUE_MARK;
use crate::facts::{Extent, How, OutputColumn, Path, Sources, Target};
use crate::schema::CatalogTable;

/// A set of base columns, or anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Any,
    Columns(Set),
}

/// A set that values share until one of them adds to it. Nothing at all stands for the empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set(Option<Rc<BTreeSet<String>>>);

impl Set {
    fn of(columns: BTreeSet<String>) -> Self {
        Self((!columns.is_empty()).then(|| Rc::new(columns)))
    }

    fn iter(&self) -> impl Iterator<Item = &String> {
        self.0.iter().flat_map(|columns| columns.iter())
    }

    fn add(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (_, None) => {}
            (mine @ None, theirs) => mine.clone_from(theirs),
            (Some(mine), Some(theirs)) => {
                let adds = !Rc::ptr_eq(mine, theirs) && !theirs.is_subset(mine);
                if adds {
                    Rc::make_mut(mine).extend(theirs.iter().cloned());
                }
            }
        }
    }

    /// What is in both.
    fn shared_with(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (Some(mine), Some(theirs)) if Rc::ptr_eq(mine, theirs) => self.clone(),
            (Some(mine), Some(theirs)) => Self::of(mine.intersection(theirs).cloned().collect()),
            (None, _) | (_, None) => Self(None),
        }
    }
}

impl Origin {
    pub(super) const NONE: Self = Self::Columns(Set(None));

    pub(super) fn one(column: String) -> Self {
        Self::Columns(Set::of(BTreeSet::from([column])))
    }

    pub(super) fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Any, _) => {}
            (_, Self::Any) => *self = Self::Any,
            (Self::Columns(mine), Self::Columns(theirs)) => mine.add(theirs),
        }
    }

    /// How many columns it names.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::Columns(Set(columns)) => columns.as_ref().map_or(0, |columns| columns.len()),
        }
    }

    /// Those whose names begin so.
    pub(super) fn of_table(&self, prefix: &str) -> Vec<String> {
        let Self::Columns(Set(Some(columns))) = self else { return Vec::new() };
        let from = columns.range(prefix.to_owned()..);
        from.take_while(|column| column.starts_with(prefix)).cloned().collect()
    }

    fn sources(self) -> Sources {
        match self {
            Self::Any => Sources::Any,
            Self::Columns(columns) => Sources::Columns(columns.iter().cloned().collect()),
        }
    }
}

impl Default for Origin {
    fn default() -> Self {
        Self::NONE
    }
}

impl From<&Sources> for Origin {
    fn from(sources: &Sources) -> Self {
        match sources {
            Sources::Any => Self::Any,
            Sources::Columns(columns) => Self::Columns(Set::of(columns.iter().cloned().collect())),
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
        // Beside a value of one row, what is made of many rows hides nothing.
        let is_raw = |flow: &Self| flow.how < How::Aggregate && flow.holds != Origin::NONE;
        let mixes = is_raw(self) && other.how == How::Aggregate
            || is_raw(other) && self.how == How::Aggregate;
        self.how = if mixes { How::Derived } else { self.how.max(other.how) };
        self.holds.add(&other.holds);
        self.depends.add(&other.depends);
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

    /// A value that depends on this one without holding it.
    pub(super) fn only_decides(&self) -> Self {
        Self { holds: Origin::NONE, how: How::Derived, depends: self.as_dependence() }
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
    /// Empty where the server gives it one that is not known.
    pub(super) name: String,
    pub(super) flow: Flow,
}

impl Column {
    pub(super) fn output(self, implicit: &Origin) -> OutputColumn {
        let mut depends = self.flow.depends;
        depends.add(implicit);
        OutputColumn {
            name: if self.name.is_empty() { UNNAMED.to_owned() } else { self.name },
            sources: self.flow.holds.sources(),
            how: self.flow.how,
            implicit: depends.sources(),
        }
    }
}

/// What PostgreSQL calls a column that it has no name for.
pub(super) const UNNAMED: &str = "?column?";

/// What all of these depend on: what decides about their rows, or more.
pub(super) fn shared_dependence(columns: &[Column]) -> Origin {
    let mut shared = Origin::Any;
    for column in columns {
        match (&mut shared, &column.flow.depends) {
            (_, Origin::Any) => {}
            (Origin::Any, depends) => shared = depends.clone(),
            (Origin::Columns(shared), Origin::Columns(depends)) => {
                *shared = shared.shared_with(depends);
            }
        }
    }
    shared
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
    /// Columns of which not all names are known; none holds more than this.
    Within { flow: Flow, named: Rc<Vec<String>> },
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
    /// What the statement puts into it, where its rows are seen after that.
    pub(super) written: Option<Rc<Written>>,
}

impl Relation<'_> {
    /// A relation that is no table.
    pub(super) fn of(name: Option<String>, columns: Columns) -> Self {
        let shape = columns.map_or(Shape::Unknown, Shape::Derived);
        Self { name, schema: None, shape, target: None, written: None }
    }
}

/// What a statement puts into the columns of a table.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// Into the columns of these names.
    pub(super) columns: BTreeMap<String, Flow>,
    /// Into any column, or decides about every row.
    pub(super) every: Flow,
}

impl Written {
    pub(super) fn nothing() -> Self {
        Self { columns: BTreeMap::new(), every: Flow::constant() }
    }

    pub(super) fn add(&mut self, column: String, flow: &Flow) {
        self.columns.entry(column).or_insert_with(Flow::constant).mix(flow);
    }

    /// Adds all that another puts in.
    pub(super) fn mix(&mut self, other: &Self) {
        self.every.mix(&other.every);
        for (column, flow) in &other.columns {
            self.add(column.clone(), flow);
        }
    }

    /// The column `name` after the statement, when `flow` was it before.
    pub(super) fn after(&self, name: &str, flow: &mut Flow) {
        for written in [Some(&self.every), self.columns.get(name)].into_iter().flatten() {
            if written.holds == Origin::NONE {
                flow.depends.add(&written.depends);
            } else {
                flow.mix(written);
                flow.how = flow.how.max(How::Derived);
            }
        }
    }
}

/// Relations of which a join merges columns: one item of FROM for unqualified names and for `*`.
#[derive(Debug)]
pub(super) struct Joined {
    /// The relations that it covers, as a half-open range.
    pub(super) first: usize,
    pub(super) end: usize,
    /// Its columns in the order in which `*` gives them.
    pub(super) slots: Vec<Slot>,
    /// Whether these are all of them.
    pub(super) complete: bool,
    /// Whether `*` gives them in this order.
    pub(super) ordered: bool,
}

/// A column of a join.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// One that both sides have.
    Merged(Column),
    /// The column at `position` of the relation at `relation`.
    Of { relation: usize, position: usize, name: String },
}

impl Slot {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Merged(column) => &column.name,
            Self::Of { relation: _, position: _, name } => name,
        }
    }
}

/// A common table expression.
#[derive(Clone, Debug)]
pub(super) enum Cte {
    /// Named, and not read yet: a reference from its own body or from one that stands before it.
    Pending,
    /// The same, where the table of that name may be meant too.
    Either,
    /// Its own rows, as far as they are known while its body is read.
    Own(Rc<Vec<Column>>),
    /// Read: its columns, and what it reads.
    Ready { columns: Columns, depends: Origin, targets: Rc<Vec<Target>>, extent: Extent },
}

/// A name that WITH gives.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) name: String,
    /// As the server tells it from others.
    pub(super) spelled: String,
    pub(super) cte: Cte,
}

/// Named queries, the nearest first. What a query sees are those behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct Queries<'p>(Option<Rc<Named<'p>>>);

#[derive(Debug)]
struct Named<'p> {
    name: String,
    query: &'p ast::Cte,
    behind: Queries<'p>,
}

impl<'p> Queries<'p> {
    pub(super) fn push(&mut self, name: String, query: &'p ast::Cte) {
        let behind = std::mem::take(self);
        self.0 = Some(Rc::new(Named { name, query, behind }));
    }

    /// The query of that name, and those that it sees.
    pub(super) fn find(&self, name: &str) -> Option<(&'p ast::Cte, Self)> {
        let mut at = self;
        while let Some(named) = &at.0 {
            if named.name == name {
                return Some((named.query, named.behind.clone()));
            }
            at = &named.behind;
        }
        None
    }
}

/// One by one: as many queries may be named as a command has room for.
impl Drop for Queries<'_> {
    fn drop(&mut self) {
        let mut at = self.0.take();
        while let Some(mut named) = at.and_then(Rc::into_inner) {
            at = named.behind.0.take();
        }
    }
}

/// The names that an expression or a FROM clause can see.
#[derive(Debug, Default)]
pub(super) struct Names<'p, 'a> {
    pub(super) parent: Option<&'p Self>,
    /// The names of `parent` stand in the same FROM: what is not LATERAL does not see them.
    pub(super) beside: bool,
    pub(super) ctes: Vec<Listed>,
    /// The queries of `ctes`, as they are written.
    pub(super) queries: Queries<'p>,
    pub(super) relations: Vec<Relation<'a>>,
    /// Which of the relations are joined so that columns merge, in their order.
    pub(super) joined: Vec<Joined>,
    /// The first relation that is seen: the condition of a join sees its own sides alone.
    pub(super) first: usize,
    /// Names that the select list gives; ORDER BY, GROUP BY and (SQLite) WHERE may use them.
    pub(super) aliases: Vec<Column>,
    /// What the named windows partition and order by.
    pub(super) windows: Vec<(String, Origin)>,
    /// What decides which rows the relations have.
    pub(super) decided: Origin,
    /// There are columns that are not known: an unqualified reference may mean one.
    pub(super) unsure: bool,
}

impl<'p, 'a> Names<'p, 'a> {
    pub(super) fn inside(parent: &'p Self) -> Self {
        Self { parent: Some(parent), queries: parent.queries.clone(), ..Self::default() }
    }

    /// A part of the same FROM.
    pub(super) fn beside(parent: &'p Self) -> Self {
        Self { beside: true, ..Self::inside(parent) }
    }

    /// What a part of this FROM that is not LATERAL sees.
    pub(super) fn outside(&self) -> Option<&'p Self> {
        let mut at = self;
        while let (true, Some(parent)) = (at.beside, at.parent) {
            at = parent;
        }
        at.parent
    }

    /// The relations that are seen, with their positions.
    pub(super) fn seen(&self) -> impl Iterator<Item = (usize, &Relation<'a>)> {
        self.relations.iter().enumerate().skip(self.first)
    }

    /// What WITH says of a name.
    pub(super) fn listed(&self, name: &str) -> Option<&Listed> {
        let mut at = Some(self);
        while let Some(names) = at {
            if let Some(listed) = names.ctes.iter().rev().find(|listed| listed.name == name) {
                return Some(listed);
            }
            at = names.parent;
        }
        None
    }

    pub(super) fn cte(&self, name: &str) -> Option<&Cte> {
        self.listed(name).map(|listed| &listed.cte)
    }

    /// The names that WITH gives expressions.
    pub(super) fn named_values(&self) -> impl Iterator<Item = String> {
        let levels = std::iter::successors(Some(self), |names| names.parent);
        let listed = levels.flat_map(|names| &names.ctes);
        listed.filter_map(|listed| listed.name.strip_prefix(VALUE_MARK).map(str::to_owned))
    }
}
