//! The columns of functions that stand in FROM.

use sqlparser::ast::{ArrayElemTypeDef, DataType, Expr, FunctionArguments, ObjectNamePart};

use super::flow::{Names, Shape};
use super::walk::Walk;
use crate::command::Dialect;

/// What the columns of a function's rows are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RowColumns {
    /// There is one, called as the relation is.
    Alias,
    /// These.
    Named(&'static [&'static str]),
    /// How many there are is not known; some may be called so.
    Among(&'static [&'static str]),
}

/// The columns of a function of the server's own that makes its rows of its arguments alone.
pub(super) fn columns(dialect: Dialect, function: &str) -> RowColumns {
    let table: &[(&str, RowColumns)] = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
        Dialect::Mssql => MSSQL,
        Dialect::Snowflake => SNOWFLAKE,
        Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Bigquery
        | Dialect::Redshift
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => &[],
    };
    let row = table.iter().find(|(name, _)| *name == function);
    row.map_or(RowColumns::Among(&[]), |(_, columns)| *columns)
}

impl<'a> Walk<'_, 'a> {
    /// Whether an expression is an array of plain values for sure. Unnesting one of rows would
    /// give a column a field.
    pub(super) fn is_plain_array(&self, expr: &Expr, level: &Names<'_, 'a>) -> bool {
        let mut expr = expr;
        while let Expr::Nested(inner) = expr {
            expr = inner;
        }
        if let Expr::Array(array) = expr {
            let mut elements = array.elem.iter();
            // One element of a plain type makes the others plain; a literal takes their type.
            return elements.any(|element| self.has_plain_type(element, level))
                || (!array.elem.is_empty()
                    && array.elem.iter().all(|element| matches!(element, Expr::Value(_))));
        }
        if let Expr::Cast { data_type: DataType::Array(element), .. } = expr {
            let element = match element {
                ArrayElemTypeDef::AngleBracket(inner)
                | ArrayElemTypeDef::SquareBracket(inner, _)
                | ArrayElemTypeDef::Parenthesis(inner)
                | ArrayElemTypeDef::Qualified(inner, _) => Some(&**inner),
                ArrayElemTypeDef::None => None,
            };
            return element.is_some_and(is_plain_type);
        }
        if let Expr::Function(function) = expr {
            let plain = match function.name.0.as_slice() {
                [ObjectNamePart::Identifier(name)] => {
                    matches!(self.fold(name).as_str(), "string_to_array" | "regexp_split_to_array")
                }
                _ => false,
            };
            return plain && matches!(function.args, FunctionArguments::List(_));
        }
        self.type_of(expr, level).is_some_and(|of| {
            of.strip_suffix("[]").or_else(|| of.strip_prefix('_')).is_some_and(is_plain_name)
        })
    }

    fn has_plain_type(&self, expr: &Expr, level: &Names<'_, 'a>) -> bool {
        if let Expr::Array(_) = expr {
            return self.is_plain_array(expr, level);
        }
        self.type_of(expr, level).is_some_and(is_plain_name)
    }

    /// The type of a column of a table of the catalog.
    fn type_of(&self, expr: &Expr, level: &Names<'_, 'a>) -> Option<&'a str> {
        let (qualifier, name) = if let Expr::Identifier(name) = expr {
            (None, name)
        } else if let Expr::CompoundIdentifier(idents) = expr
            && let [qualifier, name] = idents.as_slice()
        {
            (Some(self.fold(qualifier)), name)
        } else {
            return None;
        };
        let name = self.fold(name);
        let mut found = None;
        for (_, relation) in level.seen() {
            if qualifier.is_some() && relation.name != qualifier {
                continue;
            }
            let names = self.column_names(relation)?;
            let mut positions = names.iter().enumerate().filter(|(_, known)| **known == name);
            match (positions.next(), &relation.shape) {
                (None, _) => {}
                (Some((at, _)), Shape::Base { .. }) if found.is_none() => {
                    found = Some(Self::column_type(relation, at)?);
                }
                (Some(_), _) => return None,
            }
        }
        found
    }
}

/// Whether a type is one of PostgreSQL's that is no row.
fn is_plain_type(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Text
            | DataType::Varchar(_)
            | DataType::Int(_)
            | DataType::Integer(_)
            | DataType::Int4(_)
            | DataType::BigInt(_)
            | DataType::Int8(_)
            | DataType::SmallInt(_)
            | DataType::Numeric(_)
            | DataType::Boolean
            | DataType::Date
            | DataType::Timestamp(_, _)
            | DataType::Uuid
            | DataType::JSON
            | DataType::JSONB
    )
}

fn is_plain_name(name: &str) -> bool {
    // `numeric(10,2)`, `character varying(20)`.
    let name = name.split('(').next().unwrap_or_default().trim();
    PLAIN_TYPES.contains(&name)
}

const PLAIN_TYPES: &[&str] = &[
    "bigint",
    "bool",
    "boolean",
    "bytea",
    "character varying",
    "date",
    "double precision",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int8",
    "integer",
    "json",
    "jsonb",
    "numeric",
    "real",
    "smallint",
    "text",
    "timestamp",
    "timestamp with time zone",
    "timestamp without time zone",
    "timestamptz",
    "uuid",
    "varchar",
];

const VALUE: RowColumns = RowColumns::Named(&["value"]);
const KEY_VALUE: RowColumns = RowColumns::Named(&["key", "value"]);

/// As `pg_proc` of PostgreSQL 15 names them. A function that gives plain values names its column
/// after the relation, but for one that names it in its definition.
const POSTGRES: &[(&str, RowColumns)] = &[
    ("aclexplode", RowColumns::Named(&["grantor", "grantee", "privilege_type", "is_grantable"])),
    ("each", KEY_VALUE),
    ("generate_series", RowColumns::Alias),
    ("generate_subscripts", RowColumns::Alias),
    ("json_array_elements", VALUE),
    ("json_array_elements_text", VALUE),
    ("json_each", KEY_VALUE),
    ("json_each_text", KEY_VALUE),
    ("json_object_keys", RowColumns::Alias),
    ("jsonb_array_elements", VALUE),
    ("jsonb_array_elements_text", VALUE),
    ("jsonb_each", KEY_VALUE),
    ("jsonb_each_text", KEY_VALUE),
    ("jsonb_object_keys", RowColumns::Alias),
    ("jsonb_path_query", RowColumns::Alias),
    ("lower", RowColumns::Alias),
    ("regexp_matches", RowColumns::Alias),
    ("regexp_split_to_table", RowColumns::Alias),
    ("skeys", RowColumns::Alias),
    ("string_to_table", RowColumns::Alias),
    ("svals", RowColumns::Alias),
    ("upper", RowColumns::Alias),
];

const TREE: RowColumns =
    RowColumns::Named(&["key", "value", "type", "atom", "id", "parent", "fullkey", "path"]);

const SQLITE: &[(&str, RowColumns)] = &[("json_each", TREE), ("json_tree", TREE)];

const MSSQL: &[(&str, RowColumns)] =
    &[("generate_series", VALUE), ("string_split", RowColumns::Among(&["value", "ordinal"]))];

const SNOWFLAKE: &[(&str, RowColumns)] =
    &[("flatten", RowColumns::Named(&["seq", "key", "path", "index", "value", "this"]))];
