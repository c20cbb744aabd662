//! What a restriction aims at: the target of a statement, its columns and keys, and what stands
//! beside it.

use std::collections::BTreeSet;

use sqlparser::ast::{
    Expr, Ident, Join, JoinOperator, ObjectName, SetExpr, TableFactor, TableWithJoins,
};

use super::children::children;
use super::flow::{Names, Queries, Shape};
use super::names::last;
use super::spread::BOUND;
use super::walk::Walk;
use crate::command::Dialect;
use crate::facts::{Path, Segment};
use crate::schema::NameCase;

/// An item of FROM: a relation, and what is joined to it.
pub(super) type Tables<'e> = (&'e TableFactor, &'e [Join]);

/// An item of FROM in its two parts.
pub(super) fn parts_of(tables: &TableWithJoins) -> Tables<'_> {
    (&tables.relation, &tables.joins)
}

#[derive(Debug)]
pub(super) struct Aim<'e> {
    dialect: Dialect,
    case: NameCase,
    /// Variables around the statement.
    variables: Vec<String>,
    /// Names that are variables, and columns only where a column is known to have the name.
    doubtful: Vec<String>,
    /// Names by which columns of the target are qualified; none: every relation counts.
    qualifiers: Vec<String>,
    /// The target's columns, where they are known.
    columns: Option<Vec<String>>,
    /// Sets of columns that identify one row, if there is nothing beside the target.
    pub(super) keys: Vec<Vec<String>>,
    /// Columns that are no numbers, or may be none.
    not_numbers: Vec<String>,
    /// Columns that are never null.
    never_null: Vec<String>,
    /// The target, to recognise a sub-select on itself; `None` where it is no table.
    path: Option<Path>,
    /// Another relation of the FROM has the target's name, in another schema.
    has_namesake: bool,
    /// Other relations stand beside a target whose columns are not known: a bare name may be theirs.
    is_beside: bool,
    /// The FROM of a statement that changes rows, with the target in it.
    tables: Vec<Tables<'e>>,
    /// The named queries that it sees.
    queries: Queries<'e>,
}

impl<'e> Aim<'e> {
    /// The aim of a SELECT: every relation of its FROM.
    pub(super) fn of_select(walk: &Walk<'_, '_>, level: &Names<'e, '_>) -> Self {
        let mut aim = Self::new(walk, level);
        if let [relation] = level.relations.as_slice() {
            aim.learn(walk, &relation.shape);
            aim.path.clone_from(&relation.target);
        }
        aim
    }

    /// The aim of a statement that changes rows of the relation at `at`; `tables` are its FROM.
    pub(super) fn of_target(
        walk: &Walk<'_, '_>,
        level: &Names<'e, '_>,
        at: usize,
        tables: &[Tables<'e>],
    ) -> Self {
        let mut aim = Self::new(walk, level);
        aim.tables = tables.to_vec();
        if let Some(target) = level.relations.get(at) {
            aim.qualifiers = target.name.iter().cloned().collect();
            aim.path.clone_from(&target.target);
            aim.learn(walk, &target.shape);
        }
        if level.relations.len() > 1 {
            aim.keys.clear();
            aim.is_beside = aim.columns.is_none();
            let others = level.relations.iter().enumerate().filter(|(other, _)| *other != at);
            let mut names = others.filter_map(|(_, relation)| relation.name.as_ref());
            aim.has_namesake = names.any(|name| aim.qualifiers.contains(name));
        }
        aim
    }

    fn new(walk: &Walk<'_, '_>, level: &Names<'e, '_>) -> Self {
        Self {
            dialect: walk.setting.dialect,
            case: walk.case(),
            variables: level
                .named_values()
                .chain(walk.setting.room.variables.borrow().clone())
                .collect(),
            doubtful: never_columns(walk),
            qualifiers: Vec::new(),
            columns: None,
            keys: Vec::new(),
            not_numbers: Vec::new(),
            never_null: Vec::new(),
            path: None,
            has_namesake: false,
            is_beside: false,
            tables: Vec::new(),
            queries: level.queries.clone(),
        }
    }

    fn learn(&mut self, walk: &Walk<'_, '_>, shape: &Shape<'_>) {
        match shape {
            Shape::Base { table, renamed } if renamed.is_empty() => {
                let fold = |name: &String| walk.fold_text(name, true);
                self.columns = Some(table.columns.iter().map(|c| fold(&c.name)).collect());
                if enforces_keys(self.dialect) {
                    let keys = table.unique.iter();
                    self.keys = keys.map(|key| key.iter().map(fold).collect()).collect();
                }
                let loose = table.columns.iter().filter(|column| !is_number(&column.data_type));
                self.not_numbers = loose.map(|column| fold(&column.name)).collect();
                self.never_null = table.unique.iter().flatten().map(fold).collect();
            }
            Shape::Base { table: _, renamed: _ }
            | Shape::Derived(_)
            | Shape::Within { flow: _, named: _ }
            | Shape::Unknown => {}
        }
    }

    pub(super) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(super) const fn case(&self) -> NameCase {
        self.case
    }

    pub(super) fn tables(&self) -> &[Tables<'e>] {
        &self.tables
    }

    /// Whether nothing stands beside the target, and the target is no query.
    pub(super) fn is_alone(&self) -> bool {
        match self.tables.as_slice() {
            [] => true,
            [(_, joins)] => joins.is_empty() && self.is_table(),
            [_, _, ..] => false,
        }
    }

    pub(super) const fn queries(&self) -> &Queries<'e> {
        &self.queries
    }

    /// The name as the server compares it.
    pub(super) fn folded(&self, ident: &Ident) -> String {
        let name = match (self.case, ident.quote_style) {
            (NameCase::Exact, Some(_)) => ident.value.clone(),
            (NameCase::Exact, None) | (NameCase::Ignored, _) => ident.value.to_ascii_lowercase(),
        };
        match name.as_str() {
            // SQLite's three names of a row's number.
            "oid" | "_rowid_" if self.dialect == Dialect::Sqlite => "rowid".to_owned(),
            _ => name,
        }
    }

    /// Whether the target is a table, with its own columns and no others. Only T-SQL takes the name
    /// of a query for the table behind it.
    pub(super) fn is_table(&self) -> bool {
        let Some(path) = &self.path else { return false };
        let name = last(path);
        self.dialect != Dialect::Mssql || self.queries.find(name).is_none()
    }

    /// Whether an item of FROM is the target.
    pub(super) fn is_object(&self, factor: &TableFactor) -> bool {
        let alias = if let TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. } = factor
        {
            Some(&alias.name)
        } else if let TableFactor::Table { name, .. } = factor {
            name.0.last().and_then(|part| part.as_ident())
        } else if let TableFactor::Derived { .. } = factor {
            None
        } else {
            return false;
        };
        match (alias, self.qualifiers.first()) {
            (Some(alias), Some(target)) => self.folded(alias) == *target,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// Whether a name is the target's own.
    pub(super) fn is_itself(&self, name: &ObjectName) -> bool {
        let Some(path) = &self.path else { return false };
        let theirs =
            name.0.iter().rev().map(|part| part.as_ident().map(|ident| self.folded(ident)));
        let mut mine = path.0.iter().rev();
        // As far as both are written.
        theirs.zip(&mut mine).all(|(theirs, mine)| match (theirs, mine) {
            (Some(theirs), Segment::Exact(mine)) => theirs == *mine,
            (None, _) | (_, Segment::Prefix(_) | Segment::Glob(_) | Segment::Dynamic) => true,
        })
    }

    /// Whether a number is compared with the column as the column's own values are compared with
    /// each other. Most servers make numbers of texts instead, and many texts are 0.
    pub(super) fn compares_numbers(&self, column: &str) -> bool {
        match self.dialect {
            Dialect::Postgres | Dialect::Redshift | Dialect::Sqlite => true,
            Dialect::Mysql
            | Dialect::Mariadb
            | Dialect::Mssql
            | Dialect::Snowflake
            | Dialect::Bigquery
            | Dialect::Clickhouse
            | Dialect::Oracle
            | Dialect::Duckdb
            | Dialect::Hive
            | Dialect::Spark
            | Dialect::Databricks => !self.not_numbers.iter().any(|known| known == column),
        }
    }

    /// Whether a column always has a value.
    pub(super) fn is_never_null(&self, column: &str) -> bool {
        self.never_null.iter().any(|known| known == column)
            || is_system_column(column)
            || column == "xmin"
    }

    /// Whether the server gives a column its values, which are never less than the lowest.
    pub(super) fn is_given(&self, column: &str) -> bool {
        let virtuals = ["_part", "_partition_id", "_table", "_database"];
        matches!(column, "rowid" | "ctid" | "xmin")
            || self.dialect == Dialect::Clickhouse && virtuals.contains(&column)
    }

    /// The column of the target that `expr` is, if it may be one.
    pub(super) fn column(&self, expr: &Expr) -> Option<String> {
        if let Expr::Identifier(ident) = expr {
            // `@p`: a parameter or a variable.
            if ident.quote_style.is_none() && ident.value.starts_with('@') {
                return None;
            }
            let name = self.folded(ident);
            let bound = |variable: &String| variable.strip_prefix(BOUND) == Some(&name);
            if ident.quote_style.is_none() && self.is_value(&name)
                || self.variables.iter().any(bound)
            {
                return None;
            }
            return match &self.columns {
                Some(columns) if !columns.contains(&name) => {
                    is_system_column(&name).then_some(name)
                }
                None if self.doubtful.contains(&name) || self.is_beside => None,
                Some(_) | None => Some(name),
            };
        }
        if let Expr::CompoundIdentifier(idents) = expr
            && let [schema @ .., qualifier, column] = idents.as_slice()
        {
            let named =
                self.qualifiers.is_empty() || self.qualifiers.contains(&self.folded(qualifier));
            let ours = named
                && match (schema.last(), self.schema()) {
                    (Some(theirs), Some(mine)) => self.folded(theirs) == mine,
                    (Some(_), None) | (None, _) => !self.has_namesake,
                };
            return ours.then(|| self.folded(column));
        }
        None
    }

    /// The schema of the target, where it is known.
    fn schema(&self) -> Option<&str> {
        match self.path.as_ref()?.0.as_slice() {
            [.., Segment::Exact(schema), _] => Some(schema),
            _ => None,
        }
    }

    /// Whether a word is no column: a variable, or what Oracle computes without brackets.
    fn is_value(&self, name: &str) -> bool {
        name.starts_with('@')
            || self.dialect == Dialect::Oracle && ORACLE_VALUES.contains(&name)
            || self.variables.iter().any(|variable| variable == name)
    }

    /// The columns of the target that decide about its rows.
    pub(super) fn columns_of(&self, conditions: &[&Expr]) -> BTreeSet<String> {
        let mut columns = BTreeSet::new();
        for condition in conditions {
            self.add_columns(condition, &mut columns);
        }
        for join in self.tables.iter().flat_map(|(_, joins)| *joins) {
            if let Some(on) = on_of(&join.join_operator) {
                self.add_columns(on, &mut columns);
            }
        }
        columns
    }

    fn add_columns(&self, expr: &Expr, out: &mut BTreeSet<String>) {
        if let Some(column) = self.column(expr) {
            out.insert(column);
        }
        if let Expr::Exists { subquery, .. }
        | Expr::InSubquery { subquery, .. }
        | Expr::Subquery(subquery) = expr
        {
            self.add_correlated(&subquery.body, out);
        }
        children(expr, &mut |child| self.add_columns(child, out));
    }

    /// Columns of the target that a sub-select mentions by their qualified names.
    fn add_correlated(&self, body: &SetExpr, out: &mut BTreeSet<String>) {
        if let (SetExpr::Select(select), false) = (body, self.qualifiers.is_empty()) {
            let of_target = |expr: &Expr| matches!(expr, Expr::CompoundIdentifier(_));
            for condition in select.selection.iter().chain(&select.having) {
                self.add_qualified(condition, &of_target, out);
            }
        }
    }

    fn add_qualified(
        &self,
        expr: &Expr,
        of_target: &dyn Fn(&Expr) -> bool,
        out: &mut BTreeSet<String>,
    ) {
        if of_target(expr) {
            out.extend(self.column(expr));
        }
        children(expr, &mut |child| self.add_qualified(child, of_target, out));
    }
}

fn on_of(operator: &JoinOperator) -> Option<&Expr> {
    use sqlparser::ast::JoinConstraint;
    if let JoinOperator::Join(JoinConstraint::On(on))
    | JoinOperator::Inner(JoinConstraint::On(on))
    | JoinOperator::StraightJoin(JoinConstraint::On(on))
    | JoinOperator::Left(JoinConstraint::On(on))
    | JoinOperator::LeftOuter(JoinConstraint::On(on))
    | JoinOperator::Right(JoinConstraint::On(on))
    | JoinOperator::RightOuter(JoinConstraint::On(on))
    | JoinOperator::FullOuter(JoinConstraint::On(on))
    | JoinOperator::Semi(JoinConstraint::On(on))
    | JoinOperator::LeftSemi(JoinConstraint::On(on)) = operator
    {
        Some(on)
    } else {
        None
    }
}

/// Columns that every table has, and that always have a value.
fn is_system_column(name: &str) -> bool {
    matches!(name, "ctid" | "rowid" | "oid" | "_rowid_")
}

/// Names that stand for no column of a table: variables, and reserved words that the parser takes
/// for names.
fn never_columns(walk: &Walk<'_, '_>) -> Vec<String> {
    let reserved: &[&str] = match walk.setting.dialect {
        Dialect::Redshift => {
            &["current_user", "current_user_id", "session_user", "sysdate", "user", "systime"]
        }
        Dialect::Snowflake => &["current_user", "localtime", "localtimestamp"],
        Dialect::Postgres => &[
            "current_catalog",
            "current_role",
            "current_schema",
            "current_user",
            "session_user",
            "system_user",
            "user",
        ],
        Dialect::Mysql | Dialect::Mariadb => {
            &["current_role", "current_user", "utc_date", "utc_time", "utc_timestamp"]
        }
        Dialect::Mssql => &["current_user", "session_user", "system_user", "user"],
        Dialect::Duckdb | Dialect::Spark | Dialect::Databricks | Dialect::Bigquery => &[
            "current_catalog",
            "current_datetime",
            "current_role",
            "current_schema",
            "current_user",
            "session_user",
        ],
        Dialect::Sqlite | Dialect::Clickhouse | Dialect::Oracle | Dialect::Hive => &[],
    };
    let reserved = reserved.iter().map(|word| (*word).to_owned());
    walk.state.variables.iter().cloned().chain(reserved).collect()
}

/// What Oracle computes without brackets (SQL Language Reference, "Pseudocolumns", "Functions").
pub(super) const ORACLE_VALUES: &[&str] = &[
    "current_date",
    "current_timestamp",
    "dbtimezone",
    "level",
    "localtimestamp",
    "ora_invoking_user",
    "ora_rowscn",
    "rownum",
    "sessiontimezone",
    "sysdate",
    "systimestamp",
    "uid",
    "user",
];

/// Whether the server keeps rows out that have the key of another; others only note the key.
const fn enforces_keys(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Postgres
        | Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Mssql
        | Dialect::Sqlite
        | Dialect::Oracle
        | Dialect::Duckdb => true,
        Dialect::Redshift
        | Dialect::Snowflake
        | Dialect::Bigquery
        | Dialect::Clickhouse
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => false,
    }
}

/// Whether a type of the catalog is one of numbers or of moments, which numbers stand for.
fn is_number(data_type: &str) -> bool {
    const TYPES: &[&str] = &[
        "big", "date", "dec", "double", "float", "int", "medium", "money", "num", "real", "serial",
        "small", "time", "tiny", "uint", "year",
    ];
    const OTHERS: &[&str] = &["mediumtext", "mediumblob", "tinytext", "tinyblob", "interval"];
    let is = |prefix: &&str| {
        data_type.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    TYPES.iter().any(is) && !OTHERS.iter().any(is)
}
