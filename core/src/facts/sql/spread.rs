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
        if !SETS.contains(&name.as_str()) {
            return;
        }
        if let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) = list.args.get(1) {
            self.set_table(std::slice::from_ref(expr));
        }
    }
}

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
