//! A database made from a catalog: every value says from which column it comes.

use placet::schema::{CatalogColumn, CatalogFunction, CatalogTable, CatalogView};
use serde::Deserialize;

use crate::cases;

/// Rows of each table.
const ROWS: usize = 3;

/// The catalog, to be looped over.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Schema {
    default_schema: Option<String>,
    pub(crate) tables: Vec<CatalogTable>,
    #[serde(default)]
    views: Vec<CatalogView>,
    #[serde(default)]
    functions: Vec<CatalogFunction>,
}

/// One column whose values are others.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The column, as facts name it.
    pub(crate) column: String,
    /// Whether they are missing; else they are other ones, in the other order.
    pub(crate) null: bool,
}

/// Where values are made: the two servers differ in types, and in what a schema is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Postgres,
    MariaDb,
}

impl Schema {
    /// The schema of a catalog of `testdata/catalogs/`.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn read(name: &str) -> Result<Self, String> {
        let text = cases::catalog_text(name)?;
        serde_json::from_str(&text).map_err(|error| format!("testdata/catalogs/{name}: {error}"))
    }

    /// Every column, as facts name it.
    pub(crate) fn columns(&self) -> Vec<String> {
        let columns = |table: &CatalogTable| -> Vec<String> {
            table.columns.iter().map(|column| full_name(table, column)).collect()
        };
        self.tables.iter().flat_map(columns).collect()
    }

    /// The schema of names that stand alone.
    pub(crate) fn home(&self) -> &str {
        self.default_schema.as_deref().unwrap_or("public")
    }

    /// The statements that make the database.
    pub(crate) fn statements(&self, server: Server, change: Option<&Change>) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for table in &self.tables {
            let word = if server == Server::Postgres { "SCHEMA" } else { "DATABASE" };
            out.push(format!("CREATE {word} IF NOT EXISTS {}", table.schema));
            let columns =
                table.columns.iter().map(|c| format!("{} {}", c.name, sql_type(server, c)));
            let keys = table.unique.iter().map(|key| format!("UNIQUE ({})", key.join(", ")));
            let parts: Vec<String> = columns.chain(keys).collect();
            out.push(format!(
                "CREATE TABLE {}.{} ({})",
                table.schema,
                table.name,
                parts.join(", ")
            ));
            let rows = (1..=ROWS).map(|row| {
                let values = table.columns.iter().map(|column| {
                    let change = change.filter(|c| c.column == full_name(table, column));
                    value(table, column, row, change)
                });
                format!("({})", values.collect::<Vec<_>>().join(", "))
            });
            let rows: Vec<String> = rows.collect();
            let name = format!("{}.{}", table.schema, table.name);
            out.push(format!("INSERT INTO {name} VALUES {}", rows.join(", ")));
        }
        for function in self.functions.iter().filter(|_| server == Server::Postgres) {
            let name = format!("{}.{}", function.schema, function.name);
            out.push(if function.effects.is_empty() {
                format!(
                    "CREATE FUNCTION {name}(text) RETURNS text LANGUAGE sql AS 'SELECT lower($1)'"
                )
            } else {
                let body = "DELETE FROM public.orders; SELECT 1";
                format!("CREATE FUNCTION {name}() RETURNS int LANGUAGE sql AS '{body}'")
            });
        }
        if server == Server::MariaDb {
            out.push(format!("USE {}", self.home()));
        }
        for view in &self.views {
            out.push(format!("CREATE VIEW {}.{} AS {}", view.schema, view.name, view.sql));
        }
        out
    }

    /// The columns from which a value comes, as far as it shows.
    pub(crate) fn origins(&self, cell: &str) -> Vec<String> {
        let cell = cell.to_lowercase();
        let mut out = Vec::new();
        for table in &self.tables {
            for column in table.columns.iter().filter(|column| !is_integer(column)) {
                let marks = (1..=ROWS).map(|row| mark(table, column, row));
                if marks.into_iter().any(|mark| cell.contains(&mark)) {
                    out.push(full_name(table, column));
                }
            }
        }
        out
    }
}

fn full_name(table: &CatalogTable, column: &CatalogColumn) -> String {
    format!("{}.{}.{}", table.schema, table.name, column.name)
}

fn is_integer(column: &CatalogColumn) -> bool {
    column.data_type.contains("int")
}

fn is_number(column: &CatalogColumn) -> bool {
    let kinds = ["numeric", "decimal", "float", "double", "real"];
    kinds.iter().any(|kind| column.data_type.contains(kind))
}

fn sql_type(server: Server, column: &CatalogColumn) -> &'static str {
    match server {
        _ if is_integer(column) => "int",
        _ if is_number(column) => "numeric(20, 4)",
        Server::Postgres => "text",
        Server::MariaDb => "varchar(200)",
    }
}

/// What a value of the column looks like wherever it turns up. Integers are small, so that rows
/// join and conditions on keys hold; they show no origin.
fn mark(table: &CatalogTable, column: &CatalogColumn, row: usize) -> String {
    if is_number(column) {
        let sum: usize = table.name.bytes().chain(column.name.bytes()).map(usize::from).sum();
        return format!("{}", 7_000_000 + sum * 100 + row);
    }
    format!("mk{}{}{row}", table.name, column.name).to_lowercase()
}

fn value(
    table: &CatalogTable,
    column: &CatalogColumn,
    row: usize,
    change: Option<&Change>,
) -> String {
    let (mark, turned) = (mark(table, column, row), 20 - row);
    match change {
        Some(Change { null: true, .. }) => "NULL".to_owned(),
        Some(_) if is_integer(column) => turned.to_string(),
        Some(_) if is_number(column) => format!("{turned}{mark}"),
        Some(_) => format!("'other {turned} {mark}'"),
        None if is_integer(column) => row.to_string(),
        None if is_number(column) => mark,
        None => format!("'{mark}'"),
    }
}
