//! Expressions that are more than one value: several columns, or a table.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArgumentList, ObjectName};

use super::children::children;
use super::functions;
use super::walk::Walk;
use crate::command::Dialect;
use crate::facts::Role;

impl Walk<'_, '_> {
    /// Whether an item of a select list may give several columns: DuckDB's `COLUMNS(*)` and
    /// `unnest` of a struct, ClickHouse's `COLUMNS` and `untuple`, the generators of Spark and Hive.
    pub(super) fn spreads(&self, expr: &Expr) -> bool {
        let dialect = self.setting.dialect;
        let spreads = |name: &str| match dialect {
            Dialect::Duckdb => matches!(name, "columns" | "unnest" | "unlist"),
            Dialect::Clickhouse => matches!(name, "columns" | "untuple"),
            Dialect::Hive | Dialect::Spark | Dialect::Databricks => {
                functions::builtin(dialect, name).is_none_or(|function| function.set)
            }
            Dialect::Postgres
            | Dialect::Redshift
            | Dialect::Mysql
            | Dialect::Mariadb
            | Dialect::Mssql
            | Dialect::Sqlite
            | Dialect::Snowflake
            | Dialect::Bigquery
            | Dialect::Oracle => false,
        };
        if !matches!(
            dialect,
            Dialect::Duckdb
                | Dialect::Clickhouse
                | Dialect::Hive
                | Dialect::Spark
                | Dialect::Databricks
        ) {
            return false;
        }
        let mut rest = vec![expr];
        while let Some(expr) = rest.pop() {
            if let Expr::Function(function) = expr
                && let Some(name) = self.parts(&function.name).and_then(|mut parts| parts.pop())
                && spreads(&name)
            {
                return true;
            }
            children(expr, &mut |child| rest.push(child));
        }
        false
    }

    /// ClickHouse's `x IN t`, `x IN (t)`: the rows of a table.
    pub(super) fn set_table(&mut self, list: &[Expr]) {
        if self.setting.dialect != Dialect::Clickhouse {
            return;
        }
        let [one] = list else { return };
        let mut one = one;
        while let Expr::Nested(inner) = one {
            one = inner;
        }
        let idents = if let Expr::Identifier(ident) = one {
            std::slice::from_ref(ident)
        } else if let Expr::CompoundIdentifier(idents) = one {
            idents
        } else {
            return;
        };
        let parts = idents.iter().map(|ident| self.fold(ident)).collect();
        self.existing(parts, None, Role::Source);
    }

    /// The same as a call: `in(x, t)`.
    pub(super) fn set_function(&mut self, name: &ObjectName, list: &FunctionArgumentList) {
        if self.setting.dialect != Dialect::Clickhouse {
            return;
        }
        let name = self.parts(name).and_then(|mut parts| parts.pop()).unwrap_or_default();
        if let [FunctionArg::Unnamed(FunctionArgExpr::Expr(first)), _, ..] = list.args.as_slice() {
            let mut first = first;
            while let Expr::Nested(inner) | Expr::Named { expr: inner, name: _ } = first {
                first = inner;
            }
            if let Expr::Identifier(ident) = first {
                self.function_by_name(&name, &ident.value, list.args.len());
            }
        }
        if !SETS.contains(&name.as_str()) {
            return;
        }
        if let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) = list.args.get(1) {
            self.set_table(std::slice::from_ref(expr));
        }
    }

    /// Notes what `first` calls, the first of `count` arguments of the function `outer`, where
    /// ClickHouse takes a name for a function (26.9): `arrayMap(file, …)`.
    pub(super) fn function_by_name(&mut self, outer: &str, first: &str, count: usize) {
        // `arrayTopK(n, …)`: a number, unless there are more.
        let least = if COUNTING.contains(&outer) { 3 } else { 2 };
        let called = first.to_ascii_lowercase();
        let known = functions::builtin(Dialect::Clickhouse, &called);
        if !is_higher(outer) || known.is_none() && count < least {
            return;
        }
        // `WITH x -> x + 1 AS f`: was read where it stands.
        let defined = (0..self.tokens.len()).any(|at| {
            self.word(at) == "as"
                && self
                    .name_at(at.saturating_add(1))
                    .is_some_and(|(parts, _)| parts.iter().any(|part| part == first))
        });
        let own = self.fold_text(first, false);
        for name in [first, &own] {
            self.bind(name);
        }
        if known.is_some() || !defined {
            self.invoke(vec![called], &[]);
        }
    }

    /// Notes that a name is no column in this statement: a parameter of a lambda, a function.
    pub(super) fn bind(&mut self, name: &str) {
        let name = format!("{BOUND}{name}");
        let mut variables = self.setting.room.variables.borrow_mut();
        if !variables.contains(&name) {
            variables.push(name);
        }
    }

    /// Whether an expression holds this name alone.
    pub(super) fn mentions(&self, expr: &Expr, name: &str) -> bool {
        if let Expr::Identifier(ident) = expr
            && self.fold(ident) == name
        {
            return true;
        }
        let mut found = false;
        children(expr, &mut |child| found = found || self.mentions(child, name));
        found
    }
}

/// What a name that an expression binds begins with among the variables: no name can.
pub(super) const BOUND: char = '\0';

/// Whether the first argument of ClickHouse's function `name` is a function.
pub(super) fn is_higher(name: &str) -> bool {
    HIGHER.contains(&name)
}

/// ClickHouse's functions whose first argument is a function.
#[rustfmt::skip]
const HIGHER: &[&str] = &[
    "arrayall", "arrayavg", "arraybottomk", "arraycompact", "arraycount", "arraycumsum",
    "arraycumsumnonnegative", "arraydifference", "arrayexists", "arrayfill", "arrayfilter",
    "arrayfirst", "arrayfirstindex", "arrayfirstornull", "arrayfold", "arraylast", "arraylastindex",
    "arraylastornull", "arraymap", "arraymax", "arraymin", "arraypartialreversesort",
    "arraypartialsort", "arrayproduct", "arrayreversefill", "arrayreversesort", "arrayreversesplit",
    "arraysort", "arraysplit", "arraysum", "arraytopk", "mapall", "mapapply", "mapexists", "mapfilter",
    "mappartialreversesort", "mappartialsort", "mapreversesort", "mapsort",
];

/// Those of them that take a number before the array.
#[rustfmt::skip]
const COUNTING: &[&str] = &[
    "arraybottomk", "arraypartialreversesort", "arraypartialsort", "arraytopk",
    "mappartialreversesort", "mappartialsort",
];

/// Functions behind ClickHouse's IN.
const SETS: &[&str] = &[
    "globalin",
    "globalinignoreset",
    "globalnotin",
    "globalnotnullin",
    "globalnullin",
    "in",
    "inignoreset",
    "notin",
    "notnullin",
    "nullin",
];
