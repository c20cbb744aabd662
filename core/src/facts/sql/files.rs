//! Names in FROM that stand for files and addresses.

use sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr};

use super::calls::written_argument;
use super::walk::Walk;
use crate::command::Dialect;
use crate::facts::{Effect, EffectSet, Role, TargetKind};

impl Walk<'_, '_> {
    /// Notes that reading a relation of this name (folded) may read a file, where the server takes
    /// names for files: DuckDB where it knows no such table, Spark behind the name of a format.
    pub(super) fn reads_file(&mut self, parts: &[String]) {
        let file = match self.setting.dialect {
            Dialect::Duckdb => match parts {
                [] => None,
                [name] => is_file(name).then(|| name.clone()),
                // `FROM data.csv` reads a file too.
                more => is_file(&more.join(".")).then(|| more.join(".")),
            },
            Dialect::Spark | Dialect::Databricks | Dialect::Hive => match parts {
                [.., format, path]
                    if FORMATS.contains(&format.as_str())
                        || format.contains('.')
                        || path.contains(['/', ':', '*']) =>
                {
                    Some(path.clone())
                }
                [name] if name.contains("://") || name.starts_with('/') => Some(name.clone()),
                _ => None,
            },
            Dialect::Postgres
            | Dialect::Redshift
            | Dialect::Mysql
            | Dialect::Mariadb
            | Dialect::Mssql
            | Dialect::Sqlite
            | Dialect::Snowflake
            | Dialect::Bigquery
            | Dialect::Clickhouse
            | Dialect::Oracle => None,
        };
        if let (Some(_), [.., format, _]) = (&file, parts)
            && self.setting.dialect != Dialect::Duckdb
        {
            // Another server.
            if matches!(format.as_str(), "jdbc" | "kafka" | "socket") {
                self.part.may |= Effect::NetEgress;
            }
        }
        if let Some(file) = file {
            self.part.may |= place_effects(&file, Effect::FsRead) | Effect::ReadData;
            self.place(TargetKind::File, Role::Source);
        }
    }
}

impl Walk<'_, '_> {
    /// Notes what a call in FROM reads where its first argument names a relation: DuckDB takes a text
    /// or a name there for a file as it does in FROM itself.
    pub(super) fn reads_argument(&mut self, name: &str, args: &[FunctionArg]) {
        if self.setting.dialect != Dialect::Duckdb || !TAKES_RELATION.contains(&name) {
            return;
        }
        for (at, arg) in args.iter().enumerate() {
            let (label, value) = match arg {
                FunctionArg::Named { name, arg, operator: _ } => (Some(self.fold(name)), arg),
                FunctionArg::ExprNamed { name: _, arg, operator: _ }
                | FunctionArg::Unnamed(arg) => (None, arg),
            };
            let parts = if let Some(text) = written_argument(arg) {
                Some(vec![text.to_ascii_lowercase()])
            } else if let FunctionArgExpr::Expr(Expr::Identifier(ident)) = value {
                Some(vec![self.fold(ident)])
            } else if let FunctionArgExpr::Expr(Expr::CompoundIdentifier(idents)) = value {
                Some(idents.iter().map(|ident| self.fold(ident)).collect())
            } else {
                None
            };
            match parts {
                Some(parts) => self.reads_file(&parts),
                None if label.map_or(at == 0, |label| label == "source") => {
                    self.reads_any_file();
                }
                None => {}
            }
        }
    }

    /// A relation whose name is computed may be a file.
    pub(super) fn reads_any_file(&mut self) {
        self.part.may |= Effect::FsRead | Effect::NetEgress | Effect::ReadData;
        self.place(TargetKind::File, Role::Source);
    }

    /// Notes that changing a relation of this name changes files: Spark's ``delta.`/path` ``.
    pub(super) fn changes_file(&mut self, parts: &[String]) {
        let [.., format, path] = parts else { return };
        let spark =
            matches!(self.setting.dialect, Dialect::Spark | Dialect::Databricks | Dialect::Hive);
        if spark && (FORMATS.contains(&format.as_str()) || path.contains(['/', ':'])) {
            self.part.may |= place_effects(path, Effect::FsWrite);
            self.place(TargetKind::File, Role::Sink);
        }
    }
}

/// What reaching a file at this place does: another machine where it is an address.
pub(super) fn place_effects(place: &str, local: Effect) -> EffectSet {
    let place = place.to_ascii_lowercase();
    let remote = place.contains("://") && !place.starts_with("file:")
        || place.starts_with("//")
        || place.starts_with("\\\\")
        || REMOTE.iter().any(|scheme| place.starts_with(scheme));
    if remote { local | Effect::NetEgress } else { local.into() }
}

/// Whether DuckDB may take a name for files: it knows some endings, and extensions add others.
fn is_file(name: &str) -> bool {
    name.contains(['.', '/', '\\', '*', '?', ':'])
        && (name.contains(['/', '\\', '*', '?', ':'])
            || name.rsplit('.').next().is_some_and(|ending| {
                let bare = ending.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                ENDINGS.contains(&bare)
            }))
}

/// DuckDB's functions of rows whose first argument names a relation; as aggregates they take columns.
pub(super) const TAKES_RELATION: &[&str] = &["histogram", "histogram_values"];

/// Schemes that are written without slashes.
const REMOTE: &[&str] = &[
    "postgres:",
    "mysql:",
    "md:",
    "motherduck:",
    "ducklake:",
    "iceberg:",
    "odbc:",
    "jdbc:",
    "quack:",
];

/// Endings for which DuckDB or an extension of its own reads a file.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "arrow", "arrows", "avro", "br", "bz2", "csv", "db", "ddb", "duckdb", "feather", "fgb", "geojson",
    "gpkg", "gz", "gzip", "h3", "ipc", "jpg", "json", "jsonl", "lance", "log", "ndjson", "orc", "osm",
    "parq", "parquet", "pbf", "pq", "sas7bdat", "sav", "shp", "sqlite", "sqlite3", "tsv", "txt",
    "vortex", "xls", "xlsx", "xml", "yaml", "yml", "zip", "zst",
];

/// Formats behind whose name Spark takes a quoted name for a path.
#[rustfmt::skip]
const FORMATS: &[&str] = &[
    "avro", "binaryfile", "com", "csv", "delta", "excel", "hudi", "iceberg", "image", "jdbc", "json",
    "kafka", "libsvm", "orc", "org", "parquet", "protobuf", "rate", "sequencefile", "socket",
    "text", "xml",
];
