//! Names: folding as the server folds, and the paths that they stand for.

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart};

use super::calls::written_argument;
use super::functions;
use super::manners::Lookup;
use super::walk::Walk;
use crate::command::Dialect;
use crate::facts::{Path, Reason, Segment};
use crate::schema::{Catalog, CatalogTable, CatalogView, NameCase};

/// What a table name stands for.
#[derive(Clone, Debug)]
pub(super) struct Named<'a> {
    pub(super) path: Path,
    pub(super) table: Option<&'a CatalogTable>,
    pub(super) views: Vec<&'a CatalogView>,
    /// The server may tell names apart that are one here: nothing is said of its columns.
    pub(super) several: bool,
    /// A relation of `pg_catalog`.
    pub(super) system: bool,
}

impl<'a> Walk<'_, 'a> {
    pub(super) fn case(&self) -> NameCase {
        self.manners().case
    }

    /// The name as the server compares it.
    pub(super) fn fold(&self, ident: &Ident) -> String {
        self.fold_text(&ident.value, ident.quote_style.is_some())
    }

    pub(super) fn fold_text(&self, text: &str, quoted: bool) -> String {
        let keep = quoted && self.manners().case == NameCase::Exact;
        let mut name = if keep { text.to_owned() } else { text.to_ascii_lowercase() };
        if let Some(bytes) = self.manners().name_bytes
            && name.len() > bytes
        {
            let end = (0..=bytes).rev().find(|at| name.is_char_boundary(*at));
            name.truncate(end.unwrap_or(0));
        }
        name
    }

    /// The parts of a name; `None` where a part is computed.
    pub(super) fn parts(&self, name: &ObjectName) -> Option<Vec<String>> {
        let mut parts = Vec::with_capacity(name.0.len());
        for part in &name.0 {
            match part {
                // A path in quotes is the path.
                ObjectNamePart::Identifier(ident)
                    if self.setting.dialect == Dialect::Bigquery && ident.value.contains('.') =>
                {
                    parts.extend(ident.value.split('.').map(|part| self.fold_text(part, true)));
                }
                ObjectNamePart::Identifier(ident) => parts.push(self.fold(ident)),
                // Snowflake's `identifier('a.b')`.
                ObjectNamePart::Function(function) => {
                    let [arg] = function.args.as_slice() else { return None };
                    let text = written_argument(arg).filter(|text| !text.contains('"'))?;
                    parts.extend(text.split('.').map(|part| self.fold_text(part, false)));
                }
            }
        }
        Some(parts)
    }

    /// The path of a thing of which only the name counts, without a look into the catalog.
    pub(super) fn plain_path(&mut self, name: &ObjectName) -> Path {
        match self.parts(name) {
            Some(parts) => Path::exact(self.inner_names(parts)),
            None => {
                self.partial(Reason::UnknownStatement);
                Path::dynamic()
            }
        }
    }

    /// What the name of an existing table or view stands for.
    pub(super) fn named(&mut self, name: &ObjectName) -> Named<'a> {
        match self.parts(name) {
            Some(parts) => self.named_parts(parts),
            None => {
                self.partial(Reason::UnknownStatement);
                Named {
                    path: Path::dynamic(),
                    table: None,
                    views: Vec::new(),
                    several: false,
                    system: false,
                }
            }
        }
    }

    pub(super) fn named_parts(&self, parts: Vec<String>) -> Named<'a> {
        let parts = self.inner_names(parts);
        if self.setting.dialect == Dialect::Bigquery
            && let Some(stem) = parts.last().and_then(|last| last.strip_suffix('*'))
        {
            // Every table whose name begins so.
            let mut path = Path::exact(parts.iter().map(String::as_str));
            path.0.pop();
            path.0.push(Segment::Prefix(stem.to_owned()));
            return Named { path, table: None, views: Vec::new(), several: false, system: false };
        }
        match parts.as_slice() {
            [schema, name] => self.in_schema(schema, name),
            [name] => self.unqualified(name),
            _ => unknown(parts),
        }
    }

    fn in_schema(&self, schema: &str, name: &str) -> Named<'a> {
        let mut named = Named {
            path: Path::exact([schema, name]),
            table: None,
            views: Vec::new(),
            several: false,
            system: schema == "pg_catalog" && self.is_postgres(),
        };
        if let Some(catalog) = self.setting.catalog {
            let (tables, views) = catalog.relations(schema, name, self.case());
            let mut spellings: Vec<_> = tables.iter().map(|t| (&t.schema, &t.name)).collect();
            spellings.extend(views.iter().map(|view| (&view.schema, &view.name)));
            named.views = views;
            spellings.dedup();
            named.several = spellings.len() > 1;
            named.table = tables.first().copied().filter(|_| !named.several && !self.state.stale);
        }
        named
    }

    fn listed(&self, schema: &str, name: &str) -> Option<Named<'a>> {
        let named = self.in_schema(schema, name);
        let known = |catalog: &Catalog| catalog.table(schema, name, self.case()).is_some();
        let listed = !named.views.is_empty() || self.setting.catalog.is_some_and(known);
        listed.then_some(named)
    }

    /// Whether the catalog has anything of a schema.
    pub(super) fn knows_schema(&self, schema: &str) -> bool {
        self.setting.catalog.is_some_and(|catalog| {
            catalog.tables().iter().any(|table| table.schema == schema)
                || catalog.views().iter().any(|view| view.schema == schema)
                || catalog.functions().iter().any(|function| function.schema == schema)
        })
    }

    fn unqualified(&self, name: &str) -> Named<'a> {
        let session = &self.state.session;
        let temporary = self.manners().temporary;
        let searches = self.manners().lookup == Lookup::SearchPath;
        // Temporary tables come first, unless the path says where they come.
        let moved = self.state.path_unknown
            || session.search_path.iter().flatten().any(|schema| schema == "pg_temp");
        match &session.temp_tables {
            Some(tables) => {
                if moved && !tables.is_empty() && searches {
                    return unknown(vec![name.to_owned()]);
                }
                if tables.iter().any(|table| self.case().same(table, name)) {
                    let path = Path::exact([temporary, name]);
                    return Named {
                        path,
                        table: None,
                        views: Vec::new(),
                        several: false,
                        system: false,
                    };
                }
            }
            // A temporary table of that name may hide the one of the catalog.
            None => return unknown(vec![name.to_owned()]),
        }
        let default = self.setting.catalog.and_then(|catalog| catalog.default_schema());
        if self.manners().lookup == Lookup::Current {
            return self.in_current(name, default);
        }
        if self.manners().lookup == Lookup::Attached {
            if matches!(name, "sqlite_master" | "sqlite_schema") {
                return self.in_schema("main", "sqlite_master");
            }
            return self
                .listed(default.unwrap_or("main"), name)
                .unwrap_or_else(|| unknown(vec![name.to_owned()]));
        }
        let path = session.search_path.as_deref();
        let hides_system = path.is_some_and(|path| path.iter().any(|s| s == "pg_catalog"))
            || self.state.path_unknown;
        if !hides_system && functions::system_relation(name).is_some() {
            return self.in_schema("pg_catalog", name);
        }
        if self.state.path_unknown {
            return unknown(vec![name.to_owned()]);
        }
        let found = match path {
            Some(path) => {
                let role = session.role.as_deref();
                let schemas = path.iter().filter_map(|schema| match schema.as_str() {
                    "$user" => role,
                    schema => Some(schema),
                });
                let mut schemas = schemas.peekable();
                let only = match (path, schemas.peek()) {
                    ([_], Some(only)) => Some(*only),
                    _ => None,
                };
                // A schema that the catalog has nothing of may hold anything.
                let mut known = true;
                schemas
                    .find_map(|schema| {
                        let found = self.listed(schema, name).filter(|_| known);
                        known &= self.knows_schema(schema);
                        found
                    })
                    .or_else(|| only.map(|schema| self.in_schema(schema, name)))
            }
            None => default.and_then(|schema| self.listed(schema, name)),
        };
        found.unwrap_or_else(|| unknown(vec![name.to_owned()]))
    }

    /// A table of the current schema, where that is known.
    fn in_current(&self, name: &str, default: Option<&str>) -> Named<'a> {
        let current = match self.state.session.search_path.as_deref() {
            _ if self.state.path_unknown => None,
            Some([schema]) => return self.in_schema(schema, name),
            Some(_) => None,
            None => default.and_then(|schema| self.listed(schema, name)),
        };
        current.unwrap_or_else(|| unknown(vec![name.to_owned()]))
    }

    /// The parts of a name that say something: `db.schema.name` of a server whose sessions see one
    /// database, `db..name` of one that fills the gap in.
    fn inner_names(&self, mut parts: Vec<String>) -> Vec<String> {
        if self.manners().one_database && parts.len() > 2 {
            parts.drain(..parts.len() - 2);
        }
        for part in parts.iter_mut().filter(|part| part.is_empty()) {
            let schema =
                if self.setting.dialect == Dialect::Snowflake { "public" } else { DEFAULT_OWNER };
            schema.clone_into(part);
        }
        parts
    }

    /// The path of a thing that is made: in the schema in which the server would put it.
    pub(super) fn made(&mut self, name: &ObjectName, temporary: bool) -> Path {
        let Some(parts) = self.parts(name) else {
            self.partial(Reason::UnknownStatement);
            return Path::dynamic();
        };
        self.made_parts(parts, temporary)
    }

    pub(super) fn made_parts(&mut self, parts: Vec<String>, temporary: bool) -> Path {
        let parts = self.inner_names(parts);
        let [name] = parts.as_slice() else { return Path::exact(parts) };
        // A temporary table or a variable of T-SQL says so by its name.
        if self.setting.dialect == Dialect::Mssql && name.starts_with(['#', '@']) {
            return Path::exact(parts);
        }
        if temporary {
            return Path::exact([self.manners().temporary, name.as_str()]);
        }
        let first = match &self.state.session.search_path {
            _ if self.state.path_unknown => None,
            Some(path) => match path.first().map(String::as_str) {
                Some("$user") | None => None,
                Some(schema) => Some(schema),
            },
            None => self.setting.catalog.and_then(|catalog| catalog.default_schema()),
        };
        match first {
            Some(schema) => Path::exact([schema, name.as_str()]),
            None => Path::exact([name.as_str()]),
        }
    }
}

/// What T-SQL puts for the schema of `db..name`.
const DEFAULT_OWNER: &str = "dbo";

fn unknown<'a>(parts: Vec<String>) -> Named<'a> {
    Named {
        path: Path::exact(parts),
        table: None,
        views: Vec::new(),
        several: false,
        system: false,
    }
}

/// The last name of a path.
pub(super) fn last(path: &Path) -> &str {
    match path.0.last() {
        Some(Segment::Exact(name) | Segment::Prefix(name) | Segment::Glob(name)) => name,
        Some(Segment::Dynamic) | None => "",
    }
}
