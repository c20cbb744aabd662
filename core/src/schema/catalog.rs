//! A snapshot of a database's names: what a reader needs to resolve `*`, keys and views.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogColumn {
    /// Its name, as the server stores it.
    pub name: String,
    /// Its type, in the server's words; empty where not known.
    #[serde(default, rename = "type")]
    pub data_type: String,
}

/// A table with its columns in their order and its unique keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogTable {
    /// The schema it lives in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Every column, in the order in which `*` gives them.
    pub columns: Vec<CatalogColumn>,
    /// Sets of columns of which no two rows have the same values.
    #[serde(default)]
    pub unique: Vec<Vec<String>>,
}

/// A view with its query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogView {
    /// The schema it lives in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The query behind it.
    pub sql: String,
}

/// A function of the database's own, with what calling it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogFunction {
    /// The schema it lives in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Names of effects; one that the reader does not know makes the function an unknown one: every
    /// effect, on anything. `unknown` is no effect's name, and will never be one.
    pub effects: Vec<String>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    dialect: Option<String>,
    #[serde(default)]
    default_schema: Option<String>,
    #[serde(default)]
    tables: Vec<CatalogTable>,
    #[serde(default)]
    views: Vec<CatalogView>,
    #[serde(default)]
    functions: Vec<CatalogFunction>,
}

/// A snapshot of the names of one database.
///
/// A thing that the snapshot does not list is unknown; that is never an error. Keys that are not
/// known are ignored: what is left out of a snapshot can only make an answer stricter. Look-ups cost one
/// hash and a scan over the things of the same name. Names are compared exactly, or without
/// regard to ASCII case where the caller says that the server does so.
///
/// # Examples
/// ```
/// # use placet::schema::{Catalog, NameCase};
/// let text = r#"{"default_schema": "public", "tables": [
///   {"schema": "public", "name": "t", "columns": [{"name": "id"}], "unique": [["id"]]}]}"#;
/// let catalog: Catalog = serde_json::from_str(text)?;
/// assert!(catalog.table("public", "t", NameCase::Exact).is_some());
/// assert!(catalog.table("public", "T", NameCase::Exact).is_none());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Document")]
pub struct Catalog {
    dialect: Option<String>,
    default_schema: Option<String>,
    tables: Vec<CatalogTable>,
    views: Vec<CatalogView>,
    functions: Vec<CatalogFunction>,
    /// Positions by lower-case name.
    table_index: HashMap<String, Vec<usize>>,
    view_index: HashMap<String, Vec<usize>>,
    function_index: HashMap<String, Vec<usize>>,
}

/// How names are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameCase {
    /// Byte by byte.
    Exact,
    /// Without regard to the case of ASCII letters.
    Ignored,
}

impl NameCase {
    /// Whether the two are the same name.
    #[must_use]
    pub fn same(self, a: &str, b: &str) -> bool {
        match self {
            Self::Exact => a == b,
            Self::Ignored => a.eq_ignore_ascii_case(b),
        }
    }
}

impl From<Document> for Catalog {
    fn from(document: Document) -> Self {
        let Document { dialect, default_schema, tables, views, functions } = document;
        Self::new(dialect, default_schema, tables, views, functions)
    }
}

impl Catalog {
    /// A snapshot of these things.
    #[must_use]
    pub fn new(
        dialect: Option<String>,
        default_schema: Option<String>,
        tables: Vec<CatalogTable>,
        views: Vec<CatalogView>,
        functions: Vec<CatalogFunction>,
    ) -> Self {
        fn index<'a>(names: impl Iterator<Item = &'a String>) -> HashMap<String, Vec<usize>> {
            let mut index: HashMap<String, Vec<usize>> = HashMap::new();
            for (position, name) in names.enumerate() {
                index.entry(name.to_ascii_lowercase()).or_default().push(position);
            }
            index
        }
        Self {
            table_index: index(tables.iter().map(|table| &table.name)),
            view_index: index(views.iter().map(|view| &view.name)),
            function_index: index(functions.iter().map(|function| &function.name)),
            dialect,
            default_schema,
            tables,
            views,
            functions,
        }
    }

    /// The dialect of the server that it was taken from.
    #[must_use]
    pub fn dialect(&self) -> Option<&str> {
        self.dialect.as_deref()
    }

    /// The schema in which unqualified names are looked up when the session says nothing else.
    #[must_use]
    pub fn default_schema(&self) -> Option<&str> {
        self.default_schema.as_deref()
    }

    /// The tables, in the order of the document.
    #[must_use]
    pub fn tables(&self) -> &[CatalogTable] {
        &self.tables
    }

    /// The views, in the order of the document.
    #[must_use]
    pub fn views(&self) -> &[CatalogView] {
        &self.views
    }

    /// The functions, in the order of the document.
    #[must_use]
    pub fn functions(&self) -> &[CatalogFunction] {
        &self.functions
    }

    /// The table `schema.name`.
    #[must_use]
    pub fn table(&self, schema: &str, name: &str, case: NameCase) -> Option<&CatalogTable> {
        self.table_index
            .get(&name.to_ascii_lowercase())?
            .iter()
            .filter_map(|at| self.tables.get(*at))
            .find(|table| case.same(&table.schema, schema) && case.same(&table.name, name))
    }

    /// The view `schema.name`.
    #[must_use]
    pub fn view(&self, schema: &str, name: &str, case: NameCase) -> Option<&CatalogView> {
        self.view_index
            .get(&name.to_ascii_lowercase())?
            .iter()
            .filter_map(|at| self.views.get(*at))
            .find(|view| case.same(&view.schema, schema) && case.same(&view.name, name))
    }

    /// Every table and view `schema.name`: where names are compared without regard to case, things
    /// that a server tells apart by it are several.
    pub(crate) fn relations(
        &self,
        schema: &str,
        name: &str,
        case: NameCase,
    ) -> (Vec<&CatalogTable>, Vec<&CatalogView>) {
        let key = name.to_ascii_lowercase();
        let tables = self.table_index.get(&key).into_iter().flatten();
        let views = self.view_index.get(&key).into_iter().flatten();
        let same = |theirs: &str, its: &str| case.same(theirs, schema) && case.same(its, name);
        (
            tables
                .filter_map(|at| self.tables.get(*at))
                .filter(|table| same(&table.schema, &table.name))
                .collect(),
            views
                .filter_map(|at| self.views.get(*at))
                .filter(|view| same(&view.schema, &view.name))
                .collect(),
        )
    }

    /// Every function of this name, in whatever schema: which one a call means depends on the
    /// types of its arguments.
    pub fn functions_named<'a>(
        &'a self,
        name: &'a str,
        case: NameCase,
    ) -> impl Iterator<Item = &'a CatalogFunction> {
        let found = self.function_index.get(&name.to_ascii_lowercase());
        found
            .into_iter()
            .flatten()
            .filter_map(|at| self.functions.get(*at))
            .filter(move |function| case.same(&function.name, name))
    }
}
