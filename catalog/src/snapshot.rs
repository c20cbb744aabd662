//! What was read, in an order of its own: the same database gives the same bytes.

use placet::command::Protocol;
use placet::facts::{self, Scope, Understanding};
use placet::schema::{
    Catalog, CatalogColumn, CatalogFunction, CatalogTable, CatalogView, SqlSession,
};
use serde::Serialize;

use crate::error::CatalogError;

/// Bytes of a snapshot: what the readers of catalog files take. 5,000 tables of 20 columns have 5 MB.
pub const MAX_SNAPSHOT_BYTES: usize = 64 * 1024 * 1024;

/// The word for a function of which nothing is proven.
pub(crate) const UNKNOWN: &str = "unknown";

/// The names of one database, ready to be written.
///
/// Tables, views and functions stand in the order of their schema and name, so that two snapshots
/// can be compared line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    dialect: &'static str,
    default_schema: Option<String>,
    tables: Vec<CatalogTable>,
    views: Vec<CatalogView>,
    functions: Vec<CatalogFunction>,
    notes: Vec<String>,
}

impl Snapshot {
    pub(crate) const fn new(dialect: &'static str) -> Self {
        Self {
            dialect,
            default_schema: None,
            tables: Vec::new(),
            views: Vec::new(),
            functions: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(crate) fn set_default_schema(&mut self, schema: Option<String>) {
        self.default_schema = schema;
    }

    pub(crate) fn push_table(&mut self, table: CatalogTable) {
        self.tables.push(table);
    }

    pub(crate) fn push_view(&mut self, view: CatalogView) {
        self.views.push(view);
    }

    /// Adds what one overload of a function does; overloads share a name, so their effects add up.
    pub(crate) fn push_function(&mut self, function: CatalogFunction) {
        self.functions.push(function);
    }

    /// Tells whoever takes the snapshot what it does not say.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// A unique key of a table that was pushed; of no table, where that was left out.
    pub(crate) fn push_unique(&mut self, schema: &str, name: &str, columns: Vec<String>) {
        let of = |table: &CatalogTable| {
            (table.schema.as_str(), table.name.as_str()).cmp(&(schema, name))
        };
        if let Ok(at) = self.tables.binary_search_by(of)
            && let Some(table) = self.tables.get_mut(at)
        {
            table.unique.push(columns);
        }
    }

    /// Puts the tables in their order; keys can be pushed behind it.
    pub(crate) fn sort_tables(&mut self) {
        self.tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    }

    /// Puts everything in its order, and looks whether the queries of views are understood.
    pub(crate) fn finish(&mut self) {
        self.sort_tables();
        for table in &mut self.tables {
            table.unique.sort();
            table.unique.dedup();
        }
        self.views.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        self.functions.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        self.functions.dedup_by(|next, kept| {
            let same = next.schema == kept.schema && next.name == kept.name;
            if same {
                kept.effects.append(&mut next.effects);
            }
            same
        });
        for function in &mut self.functions {
            function.effects.sort();
            function.effects.dedup();
        }
        self.notes.extend(self.unread_views());
        self.notes.sort();
        self.notes.dedup();
    }

    /// Views whose queries are not understood in full, where the library reads their dialect.
    fn unread_views(&self) -> Vec<String> {
        let Some(protocol) = Protocol::parse(self.dialect) else { return Vec::new() };
        let catalog = self.catalog();
        let session = SqlSession::server_defaults();
        let scope = Scope { catalog: Some(&catalog), session: &session };
        let reads = facts::read(protocol, b"SELECT 1", &scope);
        if reads.understanding != Understanding::Full {
            return Vec::new();
        }
        let unread = self.views.iter().filter(|view| {
            facts::read(protocol, view.sql.as_bytes(), &scope).understanding != Understanding::Full
        });
        unread
            .map(|view| {
                let name = shown(&view.schema, &view.name);
                format!(
                    "{name}: its query is not understood in full, so reading it counts as unknown"
                )
            })
            .collect()
    }

    /// The dialect: `postgres`, `mysql`, `mariadb` or `sqlite`.
    #[must_use]
    pub const fn dialect(&self) -> &'static str {
        self.dialect
    }

    /// The tables, in the order of schema and name.
    #[must_use]
    pub fn tables(&self) -> &[CatalogTable] {
        &self.tables
    }

    /// The views, in the order of schema and name.
    #[must_use]
    pub fn views(&self) -> &[CatalogView] {
        &self.views
    }

    /// The functions, in the order of schema and name.
    #[must_use]
    pub fn functions(&self) -> &[CatalogFunction] {
        &self.functions
    }

    /// What a reader of the snapshot should know, one line each: what was left out, and why.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The snapshot as the library takes it.
    #[must_use]
    pub fn catalog(&self) -> Catalog {
        Catalog::new(
            Some(self.dialect.to_owned()),
            self.default_schema.clone(),
            self.tables.clone(),
            self.views.clone(),
            self.functions.clone(),
        )
    }

    /// The snapshot as JSON, one line a table, view or function.
    ///
    /// # Errors
    /// `API067`: it has more than [`MAX_SNAPSHOT_BYTES`], which no reader of catalogs takes.
    pub fn to_json(&self) -> Result<Vec<u8>, CatalogError> {
        let mut out = Vec::new();
        out.extend_from_slice(b"{\"dialect\": ");
        put(&mut out, &self.dialect)?;
        out.extend_from_slice(b", \"default_schema\": ");
        put(&mut out, &self.default_schema)?;
        list(&mut out, "tables", &self.tables)?;
        list(&mut out, "views", &self.views)?;
        list(&mut out, "functions", &self.functions)?;
        out.extend_from_slice(b"}\n");
        Ok(out)
    }
}

fn list<T: Serialize>(out: &mut Vec<u8>, name: &str, items: &[T]) -> Result<(), CatalogError> {
    out.extend_from_slice(format!(",\n\"{name}\": [").as_bytes());
    for (at, item) in items.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"\n" } else { b",\n" });
        put(out, item)?;
        if out.len() > MAX_SNAPSHOT_BYTES {
            return Err(too_large());
        }
    }
    out.extend_from_slice(if items.is_empty() { b"]" } else { b"\n]" });
    Ok(())
}

fn put<T: Serialize>(out: &mut Vec<u8>, value: &T) -> Result<(), CatalogError> {
    // Texts and lists of texts: nothing in them that JSON cannot say.
    serde_json::to_writer(out, value).map_err(|_| CatalogError::protocol("a name"))
}

/// The complaint for a catalog beyond its bound.
pub(crate) fn too_large() -> CatalogError {
    let bound = MAX_SNAPSHOT_BYTES / (1024 * 1024);
    CatalogError::new(
        "API067",
        format!("the catalog is larger than {bound} MiB, which is what its readers take"),
        "name the schemas that matter: `--schema NAME`, as often as needed",
    )
}

/// A table of these columns, its keys to come.
pub(crate) fn table(schema: &str, name: &str, columns: Vec<(String, String)>) -> CatalogTable {
    let columns =
        columns.into_iter().map(|(name, data_type)| CatalogColumn { name, data_type }).collect();
    CatalogTable { schema: schema.to_owned(), name: name.to_owned(), columns, unique: Vec::new() }
}

/// `schema.name` for a message.
pub(crate) fn shown(schema: &str, name: &str) -> String {
    format!("`{schema}.{name}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, effects: &[&str]) -> CatalogFunction {
        let effects = effects.iter().map(|effect| (*effect).to_owned()).collect();
        CatalogFunction { schema: "s".into(), name: name.into(), effects }
    }

    #[test]
    fn the_order_is_its_own_and_overloads_add_up() {
        let mut one = Snapshot::new("sqlite");
        let columns = || vec![("id".to_owned(), "int".to_owned())];
        for name in ["b", "a", "c \"'\u{1F600}"] {
            one.push_table(table("main", name, columns()));
        }
        one.sort_tables();
        one.push_unique("main", "b", vec!["id".into()]);
        one.push_unique("main", "b", vec!["id".into()]);
        one.push_unique("main", "absent", vec!["id".into()]);
        one.push_function(function("g", &[]));
        one.push_function(function("f", &[UNKNOWN]));
        one.push_function(function("f", &[]));
        one.finish();
        assert_eq!(one.tables()[1].unique, [["id"]]);
        assert_eq!(one.functions(), [function("f", &[UNKNOWN]), function("g", &[])]);
        let json = one.to_json().unwrap();
        let lines = String::from_utf8(json.clone()).unwrap();
        assert!(lines.contains("\n{\"schema\":\"main\",\"name\":\"b\",\"columns\":"), "{lines}");
        let read: Catalog = serde_json::from_slice(&json).unwrap();
        assert_eq!(read, one.catalog());
        let empty: Catalog =
            serde_json::from_slice(&Snapshot::new("mysql").to_json().unwrap()).unwrap();
        assert_eq!(empty.default_schema(), None);
    }

    #[test]
    fn beyond_its_bound_it_is_refused() {
        let mut large = Snapshot::new("postgres");
        for _ in 0..65 {
            large.push_table(table("s", &"x".repeat(1024 * 1024), Vec::new()));
        }
        assert_eq!(large.to_json().unwrap_err().code(), "API067");
    }
}
