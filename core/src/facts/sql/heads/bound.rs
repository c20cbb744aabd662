//! What a statement without a tree may do, bounded by its words: the calls that it makes, the
//! tables and files that it names. For the servers on which a query does nothing else.

use std::ops::Range;

use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::sql::files::TAKES_RELATION;
use crate::facts::sql::functions;
use crate::facts::sql::heads::clickhouse::setting_effects;
use crate::facts::sql::spread::is_higher;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, EffectSet, Extent, Op, Outputs, Path, Role, TargetKind};

impl Walk<'_, '_> {
    /// Whether all that a query of this server does beside reading is to call.
    const fn is_bounded(&self) -> bool {
        matches!(
            self.setting.dialect,
            Dialect::Duckdb
                | Dialect::Clickhouse
                | Dialect::Hive
                | Dialect::Spark
                | Dialect::Databricks
        )
    }

    /// Bounds a statement by its words; the answer is whether that was possible.
    pub(super) fn by_bounds(&mut self, first: &str) -> bool {
        if !self.is_bounded() {
            return false;
        }
        if first == "table" && self.name_at(1).is_some_and(|(_, end)| end == self.tokens.len()) {
            self.head_table();
            return true;
        }
        let explains = matches!(first, "explain" | "describe" | "desc");
        if BEGINS_A_QUERY.contains(&first) || self.kind(0) == Some(TokenKind::Open) {
            return self.query_by_words(if explains { "EXPLAIN" } else { "SELECT" });
        }
        let rest = 1..self.tokens.len();
        let (op, may) = match first {
            "insert" => (Op::Create, EffectSet::from(Effect::WriteData)),
            "replace" if self.find(0, "into").is_some() => {
                (Op::Create, Effect::WriteData | Effect::Destroy)
            }
            "update" => (Op::Update, EffectSet::from(Effect::WriteData)),
            "delete" => (Op::Delete, Effect::WriteData | Effect::Destroy),
            "merge" => (Op::Update, Effect::WriteData | Effect::Destroy),
            "truncate" => (Op::Delete, Effect::WriteData | Effect::Destroy),
            _ => return false,
        };
        if self.writes_inside(1) {
            return false;
        }
        self.named_after(first);
        self.reach_of(rest);
        self.part.may |= may;
        if (1..self.tokens.len())
            .any(|at| self.word(at) == "overwrite" || self.word(at) == "replace")
        {
            self.part.may |= Effect::Destroy;
        }
        self.object(TargetKind::Table, Path::dynamic());
        self.source(TargetKind::Table, Path::dynamic());
        self.part.unresolved = true;
        self.head_only();
        let changes = op != Op::Create;
        let extent = if changes { Extent::All } else { Extent::Unknown };
        let outputs = match self.find(1, "returning") {
            Some(_) => Outputs::Opaque,
            None => Outputs::None,
        };
        let verb = first.to_ascii_uppercase();
        self.finish(op, &verb, extent, outputs);
        true
    }

    /// Whether a word that begins a change stands where it may begin one.
    fn writes_inside(&self, from: usize) -> bool {
        (from..self.tokens.len()).any(|at| {
            let before = at.checked_sub(1);
            let opens = before.is_some_and(|before| {
                self.kind(before) == Some(TokenKind::Open)
                    || self.kind(before) == Some(TokenKind::Close)
            });
            let word = self.word(at);
            match word.as_str() {
                // Also clauses of MERGE, and of changes on a conflict.
                "update" | "delete" | "insert" | "merge" => opens,
                _ => false,
            }
        })
    }

    /// A query in a spelling that the parser does not know.
    fn query_by_words(&mut self, verb: &str) -> bool {
        let writes = (0..self.tokens.len()).any(|at| {
            let label = at.checked_sub(1).is_some_and(|before| {
                self.word(before) == "as" || self.kind(before) == Some(TokenKind::Dot)
            });
            !label && CHANGES.contains(&self.word(at).as_str())
        });
        if writes {
            return false;
        }
        self.reach_of(0..self.tokens.len());
        self.source(TargetKind::Table, Path::dynamic());
        self.part.unresolved = true;
        self.head_only();
        self.finish(Op::Read, verb, Extent::Unknown, Outputs::Opaque);
        true
    }

    /// The table that a change names, where it stands.
    fn named_after(&mut self, first: &str) {
        let mut at = 1;
        for word in ["or", "replace", "ignore", "overwrite", "into", "from", "table"] {
            at = self.skip(at, &[word]);
        }
        if let Some((parts, _)) = self.name_at(at) {
            let role = if first == "insert" { Role::Sink } else { Role::Object };
            self.existing(parts, None, role);
        }
    }

    /// Adds all that the words in `range` may reach: the functions that they call, in brackets or by
    /// an operator of the list, the tables that they read, programs and files.
    pub(in crate::facts::sql) fn reach_of(&mut self, range: Range<usize>) {
        for at in range {
            match self.kind(at) {
                Some(TokenKind::Open) if self.is(at, "(") => self.call_before(at),
                Some(TokenKind::Text | TokenKind::QuotedName) => self.file_at(at),
                Some(TokenKind::Word) => {
                    self.reach_of_word(at);
                    // `SETTINGS log_queries = 0`: anywhere, as no tree says where the clause begins.
                    if self.setting.dialect == Dialect::Clickhouse
                        && self.is(at.saturating_add(1), "=")
                    {
                        self.part.may |= setting_effects(&self.word(at));
                    }
                }
                Some(
                    TokenKind::Open
                    | TokenKind::Close
                    | TokenKind::Number
                    | TokenKind::Placeholder
                    | TokenKind::Operator
                    | TokenKind::Comma
                    | TokenKind::Dot
                    | TokenKind::Semicolon,
                )
                | None => {}
            }
        }
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.token(at).is_some_and(|token| token.text(self.text) == text)
    }

    fn reach_of_word(&mut self, at: usize) {
        let next = at.saturating_add(1);
        match self.word(at).as_str() {
            "from" | "join" => {
                let next = self.skip(next, &["lateral"]);
                if let Some((parts, after)) = self.name_at(next)
                    && !self.is(after, "(")
                    && self.word(next) != "select"
                {
                    self.read_named(parts);
                }
            }
            // `TABLE x` where a query may begin.
            "table" if self.begins_table(at) => {
                if let Some((parts, after)) = self.name_at(next)
                    && !self.is(after, "(")
                    && !BEGINS_A_QUERY.contains(&self.word(next).as_str())
                {
                    self.read_named(parts);
                }
            }
            // Rows are sent through a program.
            "using" if self.kind(next) == Some(TokenKind::Text) && self.sends_rows() => {
                self.part.may |= Effect::CodeExec;
                self.place(TargetKind::Program, Role::Object);
            }
            // ClickHouse calls the function on every column.
            "apply" if self.setting.dialect == Dialect::Clickhouse => {
                let name = if self.is(next, "(") { next.saturating_add(1) } else { next };
                if let Some((parts, after)) = self.name_at(name)
                    && !self.is(after, "(")
                    && !self.is(after, "->")
                {
                    self.invoke(parts, &[]);
                }
            }
            "outfile" => {
                self.part.may |= Effect::FsWrite;
                self.place(TargetKind::File, Role::Sink);
            }
            "infile" => {
                self.part.may |= Effect::FsRead;
                self.place(TargetKind::File, Role::Source);
            }
            _ => {}
        }
    }

    fn begins_table(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return true };
        self.is(before, "(")
            || matches!(
                self.word(before).as_str(),
                "all" | "as" | "distinct" | "except" | "intersect" | "minus" | "union"
            )
    }

    const fn sends_rows(&self) -> bool {
        matches!(self.setting.dialect, Dialect::Hive | Dialect::Spark | Dialect::Databricks)
    }

    /// A table that FROM names, or what hides behind the name.
    fn read_named(&mut self, parts: Vec<String>) {
        if let ([name], true) = (parts.as_slice(), self.manners().function_tables)
            && functions::builtin(self.setting.dialect, name)
                .is_some_and(|function| function.set || function.catalogued)
        {
            self.invoke(parts.clone(), &[]);
        }
        self.reads_file(&parts);
        self.existing(parts, None, Role::Source);
    }

    /// A text or a quoted name that may stand for a file.
    fn file_at(&mut self, at: usize) {
        let before = at.checked_sub(1);
        let reads = before.is_some_and(|before| {
            matches!(
                self.word(before).as_str(),
                "from"
                    | "join"
                    | "table"
                    | "pivot"
                    | "unpivot"
                    | "summarize"
                    | "describe"
                    | "using"
            ) || matches!(self.kind(before), Some(TokenKind::Comma | TokenKind::Dot))
                || self.is(before, ":")
                || self.is(before, "(")
        });
        let value = match self.kind(at) {
            Some(TokenKind::Text) if self.manners().text_names => self.text_at(at),
            Some(TokenKind::QuotedName) => self.name_at(at).and_then(|(mut parts, _)| parts.pop()),
            _ => None,
        };
        if let (true, Some(value)) = (reads, value) {
            let qualifier = before
                .filter(|before| self.kind(*before) == Some(TokenKind::Dot))
                .and_then(|before| before.checked_sub(1))
                .and_then(|at| self.name_at(at))
                .and_then(|(parts, _)| parts.into_iter().next());
            self.reads_file(&qualifier.into_iter().chain([value]).collect::<Vec<_>>());
        }
    }

    /// The call whose arguments the bracket at `at` opens, if it is one.
    fn call_before(&mut self, at: usize) {
        let Some(before) = at.checked_sub(1) else { return };
        match self.kind(before) {
            Some(TokenKind::Word | TokenKind::QuotedName) => {}
            // `quantile(0.9)(x)`: the function was called. Elsewhere the name is computed.
            Some(TokenKind::Close) if self.setting.dialect != Dialect::Clickhouse => {
                return self.unknown_function(None);
            }
            _ => return,
        }
        let mut start = before;
        while let Some(dot) = start.checked_sub(1)
            && self.kind(dot) == Some(TokenKind::Dot)
            && let Some(name) = dot.checked_sub(1)
            && matches!(self.kind(name), Some(TokenKind::Word | TokenKind::QuotedName))
        {
            start = name;
        }
        let Some((parts, _)) = self.name_at(start) else { return };
        if start == before && self.kind(before) == Some(TokenKind::Word) {
            let word = self.word(before);
            let defines = matches!(
                self.word(0).as_str(),
                "create" | "attach" | "alter" | "replace" | "backup" | "restore"
            ) && (CLAUSES.contains(&word.as_str()) || word.ends_with("mergetree"))
                && self.is_clause(before, &word);
            if defines || NO_CALLS.contains(&word.as_str()) || TYPES.contains(&word.as_str()) {
                return;
            }
        }
        let makes = matches!(
            self.word(0).as_str(),
            "insert" | "create" | "replace" | "attach" | "merge" | "cache"
        );
        let named = makes
            && start.checked_sub(1).is_some_and(|before| {
                matches!(self.word(before).as_str(), "into" | "table" | "view" | "index")
            });
        if named {
            // `INSERT INTO t (a, b)`, `CREATE TABLE t (…)`.
            return;
        }
        let args = self.literal_arguments(at);
        if let (Dialect::Clickhouse, Some(outer)) = (self.setting.dialect, parts.last()) {
            self.first_by_name(at, &outer.to_ascii_lowercase(), args.len());
        }
        let takes = self.setting.dialect == Dialect::Duckdb
            && parts.last().is_some_and(|name| TAKES_RELATION.contains(&name.as_str()));
        let rows = start.checked_sub(1).map(|before| self.word(before));
        if takes && matches!(rows.as_deref(), Some("from" | "join" | "lateral")) {
            self.reads_any_file();
        }
        let args: Vec<Option<&str>> = args.iter().map(Option::as_deref).collect();
        self.invoke(parts, &args);
    }

    /// The function that is given by name behind the bracket at `open`.
    fn first_by_name(&mut self, open: usize, outer: &str, count: usize) {
        let first = (open..self.tokens.len()).find(|at| !self.is(*at, "("));
        let Some(first) = first else { return };
        let third = first.saturating_add(3);
        if self.is(first, "{") && self.word(third) == "identifier" && is_higher(outer) {
            // `{f:Identifier}`: any function.
            return self.unknown_function(None);
        }
        if let Some((named, after)) = self.name_at(first)
            && let [name] = named.as_slice()
            && !self.is(after, "(")
            && !self.is(after, "->")
        {
            self.function_by_name(outer, name, count);
        }
    }

    /// Whether a word that may also be a function stands where a definition has an engine, a codec
    /// or a place.
    fn is_clause(&self, at: usize, word: &str) -> bool {
        let calls = functions::builtin(self.setting.dialect, word)
            .is_some_and(|function| !function.may.is_empty());
        let before = at.saturating_sub(1);
        !calls
            || self.is(before, "=")
            || matches!(self.word(before).as_str(), "engine" | "to" | "from" | "type")
            || self.is(before, "(")
                && matches!(
                    self.word(before.saturating_sub(1)).as_str(),
                    "source" | "layout" | "codec"
                )
    }

    /// The texts among the arguments behind the bracket at `open`.
    fn literal_arguments(&self, open: usize) -> Vec<Option<String>> {
        let mut args = Vec::new();
        let (mut depth, mut at, mut start) = (0_usize, open, open.saturating_add(1));
        let one = |start: usize, end: usize| {
            (end == start.saturating_add(1)).then(|| self.text_at(start)).flatten()
        };
        while at < self.tokens.len() {
            match self.kind(at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        if at > start {
                            args.push(one(start, at));
                        }
                        break;
                    }
                }
                Some(TokenKind::Comma) if depth == 1 => {
                    args.push(one(start, at));
                    start = at.saturating_add(1);
                }
                _ => {}
            }
            at = at.saturating_add(1);
        }
        args
    }
}

const BEGINS_A_QUERY: &[&str] = &[
    "select",
    "with",
    "from",
    "values",
    "table",
    "pivot",
    "unpivot",
    "summarize",
    "describe",
    "desc",
    "map",
    "reduce",
];

/// Words that no query holds, or only as a name.
const CHANGES: &[&str] = &[
    "insert",
    "merge",
    "delete",
    "update",
    "overwrite",
    "execute",
    "create",
    "drop",
    "alter",
    "truncate",
    "grant",
    "revoke",
    "call",
    "copy",
    "load",
];

/// Words that may stand before a bracket without calling anything.
#[rustfmt::skip]
const NO_CALLS: &[&str] = &[
    "all", "and", "any", "apply", "array", "as", "asof", "between", "by", "case", "check", "columns",
    "conflict", "cube", "distinct", "else", "except", "exclude", "exists", "explain", "filter",
    "for", "from", "full", "group", "grouping", "having", "if", "in", "include", "inner",
    "intersect", "interval", "into", "is", "join", "key", "lateral", "left", "like", "ilike", "limit",
    "materialized", "minus", "not", "nulls", "offset", "on", "only", "options", "or", "order",
    "outer", "over", "partition", "pivot", "prewhere", "primary", "qualify", "rename", "replace_",
    "returning", "right", "rollup", "sample", "select", "semi", "set", "sets", "some", "tablesample",
    "then", "union", "unique", "unpivot", "using", "values", "view", "when", "where", "window",
    "with", "within", "from_", "percent", "tblproperties", "serdeproperties", "dbproperties",
    "partitioned", "clustered", "bucketed", "skewed", "sorted", "references", "generated", "always",
    "default", "settings", "lambda", "recursive", "positional", "anti", "cross", "natural",
    "struct", "recluster", "identity", "ignore", "respect", "of", "to", "add", "modify", "column", "zorder",
];

/// Types that carry brackets.
#[rustfmt::skip]
const TYPES: &[&str] = &[
    "aggregatefunction", "bit", "bpchar", "char", "character", "datetime", "datetime64", "dec",
    "decimal", "decimal128", "decimal256", "decimal32", "decimal64", "dynamic", "enum", "enum16",
    "enum8", "fixedstring", "float", "json", "list", "lowcardinality", "nested", "nullable", "numeric",
    "nvarchar", "row", "simpleaggregatefunction", "string", "text", "time", "time64", "timestamp",
    "tuple", "union", "varbinary", "varchar", "variant", "varying", "vector",
];

/// What carries brackets in definitions of ClickHouse: engines, codecs, kinds of indexes, layouts and
/// sources of dictionaries, places of backups. Which of them reach out is looked at by itself.
#[rustfmt::skip]
const CLAUSES: &[&str] = &[
    "aliases", "azureblobstorage", "azurequeue", "bloom_filter", "buffer", "cache", "cassandra",
    "clickhouse", "codec", "complex_key_cache", "complex_key_direct", "complex_key_hashed",
    "complex_key_range_hashed", "delta", "direct", "disk", "distributed", "doubledelta", "executable",
    "file", "filelog", "flat", "fpc", "gcd", "gorilla", "hash", "hashed", "hashed_array", "hdfs", "hive",
    "http", "hypothesis", "iceberg", "index", "ip_trie", "jdbc", "join", "kafka", "layout", "lifetime",
    "lz4", "lz4hc", "materializedpostgresql", "memory", "merge", "minmax", "mongodb", "mysql", "nats",
    "ngrambf_v1", "none", "null", "odbc", "polygon", "postgresql", "projection", "rabbitmq", "range",
    "range_hashed", "redis", "replicated", "s3", "s3queue", "set", "settings", "source", "sparse_grams",
    "sqlite", "ssd_cache", "structure", "t64", "text", "tokenbf_v1", "ttl", "url",
    "vector_similarity", "zstd", "zstd_qat", "primary", "order", "partition", "constraint",
];
