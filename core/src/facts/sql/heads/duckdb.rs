//! DuckDB 2.0: its grammar, its settings, what hides behind them. Where releases differ, the wider
//! bound holds.

use super::{Head, Names, Tail, row};
use crate::command::sql::TokenKind;
use crate::facts::sql::files::place_effects;
use crate::facts::sql::functions;
use crate::facts::sql::nested;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Effect, EffectSet, Extent, Facts, Op, Outputs, Path, Reason, Role, SessionDelta, Target,
    TargetKind, Transaction,
};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, FsWrite, NetEgress, ParserState,
    Persistence, Privilege, ReadData, Schema, SecretRead, WriteData,
};

/// Statements that are read by a function of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Own {
    Attach,
    Detach,
    Copy,
    Export,
    Install,
    Load,
    Pragma,
    Set,
    Reset,
    SetVariable,
    ResetVariable,
    Summarize,
    Describe,
    Macro,
    Secret,
    Checkpoint,
    Vacuum,
    Explain,
}

const fn own(words: &'static str, own: Own) -> Head {
    let tail = Tail::Own(super::Own::Duckdb(own));
    Head { words, op: Op::Execute, may: &[], names: Names::Nothing, tail, rows: false }
}

#[rustfmt::skip]
pub(super) const DUCKDB: &[Head] = &[
    own("attach", Own::Attach),
    own("detach", Own::Detach),
    own("copy", Own::Copy),
    own("export database", Own::Export),
    row("import database", Op::Execute, &[FsRead, CodeExec], Names::Some(TargetKind::File), Tail::Code),
    own("install", Own::Install),
    own("force install", Own::Install),
    row("update extensions", Op::Configure, &[NetEgress, FsWrite, CodeExec, Persistence], Names::Some(TargetKind::Extension), Tail::Inert),
    own("load", Own::Load),
    own("pragma", Own::Pragma),
    own("set", Own::Set),
    own("reset", Own::Reset),
    own("set variable", Own::SetVariable),
    own("reset variable", Own::ResetVariable),
    own("summarize", Own::Summarize),
    own("describe|desc", Own::Describe),
    own("show", Own::Describe),
    own("create macro|function", Own::Macro),
    own("create secret", Own::Secret),
    own("create persistent secret", Own::Secret),
    row("drop macro|function", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Function), Tail::Inert),
    row("drop secret", Op::Destroy, &[Destroy, Privilege, FsWrite], Names::One(TargetKind::Other), Tail::Inert),
    row("drop persistent secret", Op::Destroy, &[Destroy, Privilege, FsWrite], Names::One(TargetKind::Other), Tail::Inert),
    row("create trigger", Op::Define, &[Schema, CodeExec, Persistence], Names::One(TargetKind::Trigger), Tail::Code),
    row("drop trigger", Op::Destroy, &[Schema, Destroy, AuditTamper], Names::One(TargetKind::Trigger), Tail::Inert),
    own("checkpoint", Own::Checkpoint),
    own("force checkpoint", Own::Checkpoint),
    own("vacuum", Own::Vacuum),
    own("analyze", Own::Vacuum),
    own("explain", Own::Explain),
    row("use", Op::Session, &[], Names::Nothing, Tail::Current),
    row("begin", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Begin)),
    row("start transaction", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Begin)),
    row("commit|end", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Commit)),
    row("rollback|abort", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Rollback)),
    row("comment on", Op::Define, &[Schema], Names::Some(TargetKind::Other), Tail::Inert),
];

impl Walk<'_, '_> {
    pub(super) fn duckdb_own(&mut self, own: Own) {
        match own {
            Own::Attach => self.duckdb_attach(),
            Own::Detach => {
                let at = self.skip(1, &["database"]);
                let at = self.skip(at, &["if", "exists"]);
                self.named_object(TargetKind::Database, at);
                self.maintain("DETACH", ParserState.into());
            }
            Own::Copy => self.duckdb_copy(),
            Own::Export => self.duckdb_export(),
            Own::Install => {
                self.object(TargetKind::Extension, Path::dynamic());
                self.maintain("INSTALL", NetEgress | FsRead | FsWrite | CodeExec | Persistence);
            }
            Own::Load => {
                self.object(TargetKind::Extension, Path::dynamic());
                self.maintain("LOAD", CodeExec | FsRead | Availability);
            }
            Own::Pragma => self.duckdb_pragma(),
            Own::Set => self.duckdb_set("SET"),
            Own::Reset => self.duckdb_set("RESET"),
            Own::SetVariable => {
                let value = self.find_sign(2).map_or(self.tokens.len(), |at| at.saturating_add(1));
                self.computes_path(value, Op::Session, "SET VARIABLE");
            }
            Own::ResetVariable => self.finish_plain(Op::Session, "RESET VARIABLE"),
            Own::Summarize => self.duckdb_shows("SUMMARIZE", Extent::All),
            Own::Describe => self.duckdb_describe(),
            Own::Macro => self.duckdb_macro(),
            Own::Secret => self.duckdb_secret(),
            Own::Explain => self.duckdb_explain(),
            Own::Checkpoint => {
                self.object(TargetKind::Database, Path::dynamic());
                self.reach_of(1..self.tokens.len());
                self.maintain("CHECKPOINT", Availability.into());
            }
            Own::Vacuum => {
                let verb = self.word(0).to_ascii_uppercase();
                let at = if self.word(1) == "analyze" { 2 } else { 1 };
                match self.name_at(at) {
                    Some((parts, _)) => {
                        self.existing(parts, None, Role::Object);
                        self.part.unresolved = true;
                    }
                    None => self.object(TargetKind::Table, Path::dynamic()),
                }
                self.maintain(&verb, Availability.into());
            }
        }
    }

    /// `ATTACH [DATABASE] [IF NOT EXISTS] 'path' [AS name] [(options)]`; the path may be computed.
    fn duckdb_attach(&mut self) {
        let at = self.skip(1, &["or", "replace"]);
        let at = self.skip(at, &["database"]);
        let at = self.skip(at, &["if", "not", "exists"]);
        let name = self.find(at, "as");
        let path = self
            .text_at(at)
            .filter(|_| self.kind(at.saturating_add(1)) != Some(TokenKind::Operator));
        let options = (at..self.tokens.len()).find(|at| {
            self.kind(*at) == Some(TokenKind::Open)
                && self.token(*at).is_some_and(|t| t.text(self.text) == "(")
                && name.is_none_or(|name| {
                    *at > name || self.kind(at.saturating_sub(1)) == Some(TokenKind::Text)
                })
        });
        self.reach_of(at..name.or(options).unwrap_or(self.tokens.len()));
        if let Some(options) = options {
            self.reach_of(options.saturating_add(1)..self.tokens.len());
        }
        match &path {
            // `:memory:x` is a file of that name.
            Some(path) if path.is_empty() || path == ":memory:" => {}
            Some(path) => self.part.may |= place_effects(path, FsRead) | FsWrite,
            None => self.part.may |= FsRead | FsWrite | NetEgress,
        }
        // Another kind of database, or a server, by an extension that is fetched and loaded.
        let kinds: Vec<String> = (options.unwrap_or(self.tokens.len())..self.tokens.len())
            .filter(|at| self.name_at(*at).is_some_and(|(parts, _)| parts.as_slice() == ["type"]))
            .filter_map(|at| self.name_at(at.saturating_add(1)))
            .map(|(parts, _)| parts.join("."))
            .collect();
        let extended = match (kinds.as_slice(), &path) {
            ([], Some(path)) => extension_of(path).is_some_and(|name| !is_local(name)),
            ([], None) => true,
            (kinds, _) => !kinds.iter().all(|kind| is_local(kind)),
        };
        if extended {
            self.part.may |= NetEgress | CodeExec;
        }
        self.part.may |= ParserState;
        self.object(TargetKind::File, Path::dynamic());
        match name.and_then(|at| self.name_at(at.saturating_add(1))) {
            Some((parts, _)) => self.object(TargetKind::Database, Path::exact(parts)),
            None => self.object(TargetKind::Database, Path::dynamic()),
        }
        self.finish_plain(Op::Configure, "ATTACH");
    }

    /// COPY of a table or a query to a file, of a file to a table, of a database to another.
    fn duckdb_copy(&mut self) {
        if let Some(at) = self.after(1, &["from", "database"]) {
            return self.duckdb_copy_database(at);
        }
        let query = self.kind(1) == Some(TokenKind::Open);
        let Some(mut at) =
            (if query { self.closing(1) } else { self.name_at(1).map(|(_, at)| at) })
        else {
            return self.opaque(Reason::NotParsed);
        };
        if query {
            at = at.saturating_add(1);
        } else if self.kind(at) == Some(TokenKind::Open) {
            at = self.closing(at).map_or(at, |close| close.saturating_add(1));
        }
        let to = match self.word(at).as_str() {
            "to" => true,
            "from" => false,
            _ => return self.opaque(Reason::NotParsed),
        };
        let place = at.saturating_add(1);
        self.reach_of(place..self.tokens.len());
        let stdio = matches!(self.word(place).as_str(), "stdin" | "stdout" | "stderr");
        if !stdio {
            let local = if to { FsWrite } else { FsRead };
            self.part.may |= match self.text_at(place) {
                Some(path) => place_effects(&path, local),
                None => local | NetEgress,
            };
            self.place(TargetKind::File, if to { Role::Sink } else { Role::Source });
        }
        if to && self.duckdb_clears(place) {
            self.part.may |= Destroy;
        }
        if query {
            return self.duckdb_copy_query(at, stdio);
        }
        let Some((parts, _)) = self.name_at(1) else { return self.opaque(Reason::NotParsed) };
        if to {
            self.reads_file(&parts);
        }
        self.existing(parts, None, if to { Role::Source } else { Role::Sink });
        self.part.unresolved = true;
        if to {
            let outputs = if stdio { Outputs::Opaque } else { Outputs::None };
            self.finish(Op::Stream, "COPY", Extent::All, outputs);
        } else {
            self.part.may |= WriteData;
            self.finish(Op::Create, "COPY", Extent::Unknown, Outputs::None);
        }
    }

    /// Whether the option OVERWRITE stands behind `at`: the other files of the directory go.
    fn duckdb_clears(&self, at: usize) -> bool {
        (at..self.tokens.len()).any(|at| {
            let before = at.checked_sub(1).and_then(|before| self.kind(before));
            let named = matches!(before, Some(TokenKind::Open | TokenKind::Comma))
                && self.name_at(at).is_some_and(|(parts, _)| parts.as_slice() == ["overwrite"]);
            let value = self.token(at.saturating_add(1)).map_or("", |token| token.text(self.text));
            named && !["false", "0"].iter().any(|off| value.eq_ignore_ascii_case(off))
        })
    }

    /// The query of `COPY (…) TO`, whose rows go to the place that was noted.
    fn duckdb_copy_query(&mut self, to: usize, stdio: bool) {
        let text = self.text_between(2, to.saturating_sub(1)).to_owned();
        let facts = self.inside(&text);
        let place = std::mem::take(&mut self.part);
        for (index, mut action) in facts.actions.into_iter().enumerate() {
            if index == 0 {
                if action.op == Op::Read {
                    action.op = Op::Stream;
                    "COPY".clone_into(&mut action.verb);
                    if !stdio {
                        action.outputs = Outputs::None;
                    }
                }
                action.may |= place.may;
                action.targets.extend(place.targets.iter().cloned());
                action.calls.extend(place.calls.iter().cloned());
            }
            action.via.push("copy");
            action.span = self.span;
            self.actions.push(action);
        }
    }

    fn duckdb_copy_database(&mut self, at: usize) {
        let named = self.name_at(at);
        let to = named.as_ref().and_then(|(_, after)| self.name_at(after.saturating_add(1)));
        for (name, role) in [(named, Role::Source), (to, Role::Sink)] {
            let mut path = name.map_or_else(Path::dynamic, |(parts, _)| Path::exact(parts));
            self.target(Target {
                kind: TargetKind::Database,
                path: path.clone(),
                role,
                columns: crate::facts::Columns::Any,
            });
            path.0.push(crate::facts::Segment::Glob("*".into()));
            self.target(Target {
                kind: TargetKind::Table,
                path,
                role,
                columns: crate::facts::Columns::Any,
            });
        }
        self.part.may |= ReadData | WriteData | Schema;
        self.finish(Op::Define, "COPY FROM DATABASE", Extent::All, Outputs::None);
    }

    fn duckdb_export(&mut self) {
        let to = self.find(2, "to").map_or(2, |at| at.saturating_add(1));
        self.part.may |= ReadData;
        self.part.may |= match self.text_at(to) {
            Some(path) => place_effects(&path, FsWrite),
            None => FsWrite | NetEgress,
        };
        self.reach_of(to..self.tokens.len());
        self.source(TargetKind::Table, Path::dynamic());
        self.place(TargetKind::File, Role::Sink);
        self.finish(Op::Stream, "EXPORT DATABASE", Extent::All, Outputs::None);
    }

    fn duckdb_pragma(&mut self) {
        let Some((mut parts, at)) = self.name_at(1) else { return self.opaque(Reason::NotParsed) };
        let name = parts.pop().unwrap_or_default();
        if READING.contains(&name.as_str()) {
            // Their argument may name a table.
            if let Some(table) = self.text_at(at.saturating_add(1)) {
                let parts = table.split('.').map(|part| self.fold_text(part, false)).collect();
                self.existing(parts, None, Role::Object);
            }
            self.reach_of(at.saturating_add(1)..self.tokens.len());
            return self.finish(Op::Read, "PRAGMA", Extent::Unknown, Outputs::Opaque);
        }
        let assigned = self.token(at).is_some_and(|token| token.text(self.text) == "=");
        if let Some(may) = setting(&name).filter(|_| assigned || at == self.tokens.len()) {
            self.reach_of(at..self.tokens.len());
            return self.duckdb_setting(name, may, "PRAGMA");
        }
        // A function by another notation.
        self.part.calls.insert(name.clone());
        let args = at..self.tokens.len();
        if functions::builtin(self.setting.dialect, &name).is_some() {
            self.invoke(vec![name], &[]);
        } else {
            self.unknown_function(Some(&name));
        }
        self.reach_of(args.start.saturating_add(1)..args.end);
        self.finish(Op::Execute, "PRAGMA", Extent::Unknown, Outputs::Opaque);
    }

    fn duckdb_set(&mut self, verb: &str) {
        let mut at = 1;
        let mut wide = false;
        for word in ["global", "session", "local"] {
            wide |= self.word(at) == word && word == "global";
            at = self.skip(at, &[word]);
        }
        if self.after(at, &["time", "zone"]).is_some() {
            self.reach_of(at..self.tokens.len());
            return self.duckdb_setting("timezone".to_owned(), EffectSet::NONE, verb);
        }
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let name = parts.join(".");
        self.reach_of(after..self.tokens.len());
        if wide {
            self.part.may |= Availability;
        }
        match setting(&name) {
            Some(may) => self.duckdb_setting(name, may, verb),
            None => {
                // A setting of an extension.
                self.partial(Reason::UnknownStatement);
                self.part.may = EffectSet::ALL;
                self.dynamic_target();
                self.duckdb_setting(name, EffectSet::ALL, verb);
            }
        }
    }

    fn duckdb_setting(&mut self, name: String, may: EffectSet, verb: &str) {
        self.part.may |= may;
        self.object(TargetKind::Setting, Path::exact([name.as_str()]));
        if matches!(name.as_str(), "schema" | "search_path") {
            self.session.push(SessionDelta::Unknown);
            self.forget_session();
        } else {
            self.session.push(SessionDelta::Setting { name, values: None });
        }
        self.finish_plain(Op::Session, verb);
    }

    /// SUMMARIZE of a table or of a query.
    fn duckdb_shows(&mut self, verb: &str, extent: Extent) {
        let at = self.skip(1, &["table"]);
        let first = self.word(at);
        let query =
            matches!(first.as_str(), "select" | "from" | "with" | "values" | "pivot" | "unpivot")
                || self.kind(at) == Some(TokenKind::Open);
        let text = self.text_from(at).unwrap_or_default().to_owned();
        let text = if query { text } else { format!("FROM {text}") };
        let facts = self.inside(&text);
        for mut action in facts.actions {
            if action.op == Op::Read {
                verb.clone_into(&mut action.verb);
                action.extent = extent.clone();
                action.outputs = Outputs::Opaque;
            }
            action.span = self.span;
            self.actions.push(action);
        }
    }

    /// DESCRIBE and SHOW: of the catalog, or of a table or query, which is bound and not run. What is
    /// bound may be a file, of which the first rows are read.
    fn duckdb_describe(&mut self) {
        let verb = self.word(0).to_ascii_uppercase();
        let at = self.skip(self.skip(1, &["all"]), &["table"]);
        let first = self.word(at);
        let catalog = at >= self.tokens.len()
            || matches!(
                first.as_str(),
                "tables"
                    | "databases"
                    | "schemas"
                    | "variables"
                    | "views"
                    | "functions"
                    | "columns"
            );
        let whole = self.name_at(at).is_some_and(|(_, after)| after == self.tokens.len());
        let text = self.kind(at) == Some(TokenKind::Text);
        if !catalog && !whole || text {
            return self.duckdb_shows(&verb, Extent::Unknown);
        }
        if let (false, Some((parts, _))) = (catalog, self.name_at(at)) {
            self.reads_file(&parts);
            self.existing(parts, None, Role::Object);
            self.part.unresolved = true;
        }
        // `SHOW TABLES FROM db`
        self.finish(Op::List, &verb, Extent::Unknown, Outputs::Opaque);
    }

    /// `CREATE MACRO f(a) AS expression`, `… AS TABLE query`; several of them, with defaults.
    fn duckdb_macro(&mut self) {
        let kind = (1..self.tokens.len())
            .find(|at| matches!(self.word(*at).as_str(), "macro" | "function"))
            .unwrap_or(1);
        let at = self.skip(kind.saturating_add(1), &["if", "not", "exists"]);
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        self.reach_of(after.saturating_add(1)..self.tokens.len());
        // Its tables are read when it is called.
        if self.find(after, "table").is_some()
            || self.part.targets.iter().any(|t| t.role == Role::Source)
        {
            self.source(TargetKind::Table, Path::dynamic());
        }
        self.state.shadowed |= parts.last().is_none_or(|name| hides(name));
        self.object(TargetKind::Function, Path::exact(parts));
        self.part.unresolved = true;
        self.define("CREATE MACRO", Schema | CodeExec | Persistence);
    }

    /// `EXPLAIN [ANALYZE] [(options)] statement`. As an option too ANALYZE runs the statement, whatever
    /// value it has (2.0.1).
    fn duckdb_explain(&mut self) {
        let runs =
            |parts: &[String]| matches!(parts, [name] if name == "analyze" || name == "analyse");
        let mut at = 1;
        let mut analyzes = matches!(self.word(at).as_str(), "analyze" | "analyse");
        at = at.saturating_add(usize::from(analyzes));
        let first = at.saturating_add(1);
        let options = self.kind(at) == Some(TokenKind::Open)
            && self.kind(first) != Some(TokenKind::Open)
            && !BEGINS.contains(&self.word(first).as_str());
        if options {
            let Some(close) = self.closing(at) else { return self.opaque(Reason::NotParsed) };
            analyzes |=
                (first..close).any(|at| self.name_at(at).is_some_and(|(parts, _)| runs(&parts)));
            at = close.saturating_add(1);
        }
        let text = self.text_from(at).map(str::to_owned);
        let Some(text) = text.filter(|_| !UNEXPLAINED.contains(&self.word(at).as_str())) else {
            return self.opaque(Reason::NotParsed);
        };
        let state = self.state.clone();
        let session = self.session.len();
        let mut held = self.inside(&text).actions;
        for action in &mut held {
            action.via.insert(0, "explain");
            action.span = self.span;
        }
        if analyzes {
            for action in &mut held {
                action.outputs = Outputs::Opaque;
            }
            self.actions.extend(held);
        } else {
            *self.state = state;
            self.session.truncate(session);
            self.planned(held);
        }
    }

    /// A secret opens other servers; a chain of providers looks for keys on this one.
    fn duckdb_secret(&mut self) {
        let options = (1..self.tokens.len()).find(|at| self.kind(*at) == Some(TokenKind::Open));
        self.reach_of(options.map_or(2, |at| at.saturating_add(1))..self.tokens.len());
        let has = |word: &str| (1..self.tokens.len()).any(|at| self.word(at) == word);
        let persists = has("persistent");
        let looks = has("provider");
        self.part.may |= Privilege | ParserState;
        if persists {
            self.part.may |= FsWrite | Persistence;
        }
        if looks {
            self.part.may |= SecretRead | FsRead | NetEgress;
        }
        self.object(TargetKind::Other, Path::dynamic());
        self.finish_plain(Op::Define, "CREATE SECRET");
    }

    // Pieces.

    /// The position of the bracket that closes the one at `open`.
    pub(super) fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (open..self.tokens.len()).find(|at| {
            match self.kind(*at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
    }

    /// The facts of a statement that is part of this one, its understanding taken over.
    pub(super) fn inside(&mut self, text: &str) -> Facts {
        let facts = nested::read_sql(&self.setting, self.state, text);
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(&facts.reasons);
        self.session.extend(facts.session.iter().cloned());
        facts
    }

    /// The position of the first `=` or TO from `at` on.
    pub(super) fn find_sign(&self, at: usize) -> Option<usize> {
        (at..self.tokens.len()).find(|at| {
            self.token(*at).is_some_and(|token| matches!(token.text(self.text), "=" | ":="))
                || self.word(*at) == "to"
        })
    }

    /// An expression from `at` on, which is computed, as an action of its own.
    pub(super) fn computes_path(&mut self, at: usize, op: Op, verb: &str) {
        let text = format!("SELECT {}", self.text_from(at).unwrap_or_default());
        let facts = self.inside(&text);
        let mut any = false;
        for mut action in facts.actions {
            if action.op == Op::Read {
                action.op = op;
                verb.clone_into(&mut action.verb);
                action.outputs = Outputs::None;
            }
            action.span = self.span;
            any = true;
            self.actions.push(action);
        }
        if !any {
            self.opaque(Reason::NotParsed);
        }
    }
}

/// The extension that a place names: `postgres:…`. A drive's letter and an address name none.
fn extension_of(place: &str) -> Option<&str> {
    let (name, rest) = place.split_once(':')?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (name.len() > 1 && plain && !rest.starts_with("//")).then_some(name)
}

/// Whether databases of this kind are files alone.
fn is_local(kind: &str) -> bool {
    ["duckdb", "sqlite"].iter().any(|local| kind.eq_ignore_ascii_case(local))
}

/// What 2.0.1 has no EXPLAIN of; nothing says what another release makes of it.
const UNEXPLAINED: &[&str] = &["attach", "comment", "detach", "explain", "export", "import", "use"];

/// Words that a query in brackets begins with.
const BEGINS: &[&str] = &[
    "select",
    "from",
    "with",
    "values",
    "table",
    "pivot",
    "unpivot",
    "describe",
    "summarize",
    "show",
];

/// Pragmas that read, whatever their argument.
const READING: &[&str] = &[
    "collations",
    "database_list",
    "database_size",
    "functions",
    "metadata_info",
    "platform",
    "show",
    "show_databases",
    "show_tables",
    "show_tables_expanded",
    "storage_info",
    "table_info",
    "user_agent",
    "version",
    "extension_versions",
];

/// What giving the setting `name` another value does; `None` where DuckDB itself has no such one.
fn setting(name: &str) -> Option<EffectSet> {
    if PLAIN.contains(&name) {
        return Some(EffectSet::NONE);
    }
    Some(match name {
        "search_path"
        | "schema"
        | "default_null_order"
        | "null_order"
        | "default_order"
        | "integer_division"
        | "ieee_floating_point_ops"
        | "old_implicit_casting"
        | "lambda_syntax"
        | "preserve_identifier_case"
        | "scalar_subquery_error_on_multiple_rows"
        | "order_by_non_integer_literal"
        | "disable_timestamptz_casts"
        | "default_collation"
        | "python_enable_replacements"
        | "python_scan_all_frames"
        | "binary_as_string"
        | "enable_macro_dependencies"
        | "enable_view_dependencies"
        | "current_dialect"
        | "dialect_compatibility_mode"
        | "active_grammar_extensions"
        | "file_search_path"
        | "allow_parser_override_extension"
        | "validate_external_file_cache"
        | "geometry_always_xy" => ParserState.into(),
        "enable_external_access"
        | "allowed_directories"
        | "allowed_paths"
        | "allowed_configs"
        | "disabled_filesystems"
        | "lock_configuration"
        | "access_mode"
        | "allow_unredacted_secrets" => Privilege | ParserState | FsRead | FsWrite,
        "allow_unsigned_extensions"
        | "allow_community_extensions"
        | "allow_extension_repositories"
        | "allow_extensions_metadata_mismatch"
        | "autoinstall_known_extensions"
        | "autoload_known_extensions"
        | "custom_extension_repository"
        | "autoinstall_extension_repository"
        | "extension_directory"
        | "extension_directories"
        | "extension_repository_directory" => Privilege | CodeExec | FsRead | FsWrite | NetEgress,
        "secret_directory" | "default_secret_storage" | "allow_persistent_secrets" => {
            Privilege | SecretRead | FsRead | FsWrite
        }
        "home_directory" | "temp_directory" | "external_file_cache_spill" => FsRead | FsWrite,
        "log_query_path"
        | "enable_logging"
        | "disable_logging"
        | "logging_level"
        | "logging_mode"
        | "logging_sink"
        | "logging_storage"
        | "enabled_log_types"
        | "disabled_log_types"
        | "redact_http_logs"
        | "enable_http_logging"
        | "http_logging_output" => AuditTamper | FsWrite,
        "enable_profiling" | "disable_profiling" | "profiling_output" | "profile_output"
        | "profiling_mode" => FsWrite.into(),
        "http_proxy"
        | "http_proxy_password"
        | "http_proxy_username"
        | "s3_endpoint"
        | "s3_region"
        | "s3_access_key_id"
        | "s3_secret_access_key"
        | "s3_session_token"
        | "s3_url_style"
        | "s3_use_ssl"
        | "ca_cert_file"
        | "enable_server_cert_verification"
        | "httpfs_client_implementation"
        | "azure_storage_connection_string"
        | "unsafe_disable_etag_checks" => Privilege | NetEgress | FsRead,
        "debug_force_external"
        | "debug_window_mode"
        | "wal_autocheckpoint"
        | "checkpoint_threshold"
        | "wal_autocheckpoint_entries"
        | "checkpoint_on_detach"
        | "fsync_mode"
        | "disable_database_invalidation"
        | "disable_checkpoint_on_shutdown"
        | "enable_checkpoint_on_shutdown"
        | "default_block_size"
        | "storage_compatibility_version"
        | "force_compression"
        | "auto_checkpoint_skip_wal_threshold"
        | "immediate_transaction_mode" => Availability.into(),
        _ => return None,
    })
}

/// Settings of how much is used and how things are shown.
#[rustfmt::skip]
const PLAIN: &[&str] = &[
    "allocator_background_threads", "allocator_bulk_deallocation_flush_threshold",
    "allocator_flush_threshold", "approximate_join_order_threshold", "arrow_large_buffer_size",
    "arrow_lossless_conversion", "arrow_output_list_view", "arrow_output_version",
    "asof_loop_join_threshold", "async_threads", "block_allocator_memory", "cache_local_files",
    "calendar", "catalog_error_max_schemas", "custom_user_agent", "disable_object_cache",
    "disable_optimizer", "disable_parquet_prefetching", "disable_print_progress_bar",
    "disable_progress_bar", "disable_verification", "disabled_compression_methods",
    "disabled_optimizers", "duckdb_api", "dynamic_or_filter_threshold", "enable_external_file_cache",
    "enable_fsst_vectors", "enable_geoparquet_conversion", "enable_http_metadata_cache",
    "enable_object_cache", "enable_optimistic_write", "enable_optimizer", "enable_print_progress_bar",
    "enable_progress_bar", "enable_progress_bar_print", "enable_verification", "errors_as_json",
    "explain_output", "external_threads", "force_parallelism", "hnsw_ef_search", "http_keep_alive", "http_retries",
    "http_retry_backoff", "http_retry_wait_ms", "http_timeout", "ignore_unknown_crs",
    "index_scan_max_count", "index_scan_percentage", "json_geometry_format",
    "late_materialization_max_rows", "max_execution_time", "max_expression_depth", "max_memory",
    "max_streaming_buffer_size", "max_temp_directory_size", "max_vacuum_tasks", "memory_limit",
    "merge_join_threshold", "nested_loop_join_threshold", "operator_memory_limit",
    "ordered_aggregate_threshold", "pandas_analyze_sample", "parquet_can_have_nan", "parquet_metadata_cache",
    "parquet_prefetch_column_gap", "parquet_use_page_index", "partitioned_write_flush_threshold",
    "partitioned_write_max_open_files", "perfect_ht_threshold", "pin_threads", "pivot_filter_threshold",
    "pivot_limit", "prefer_range_joins", "prefetch_all_parquet_files", "preserve_insertion_order",
    "profiling_coverage", "progress_bar_time", "read_ahead_depth", "scheduler_process_partial",
    "show_behavior", "streaming_buffer_size", "threads", "timezone", "tracked_metrics", "verify_parallelism",
    "worker_threads", "write_buffer_row_group_count", "write_buffer_row_group_memory_limit",
    "zstd_min_string_length",
];

/// Whether a macro of this name may hide a function of DuckDB's own, also one that an operator, a
/// literal or a clause stands for.
fn hides(name: &str) -> bool {
    !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        || name.starts_with("__")
        || functions::builtin(crate::command::Dialect::Duckdb, name).is_some()
}
