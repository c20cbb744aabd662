//! Spark 4, Hive 4 and Databricks: SqlBaseParser.g4, HiveParser.g, and the manual of Databricks for
//! what it has alone.

mod define;

use super::{Head, Names, Tail, row, shows};
use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::sql::files::place_effects;
use crate::facts::sql::functions;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Columns, Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, Segment, SessionDelta,
    Target, TargetKind,
};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, FsWrite, NetEgress, ParserState,
    Persistence, Privilege, ReadData, Schema, SecretRead, WriteData,
};

/// Statements that are read by a function of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Own {
    Insert,
    From,
    Load,
    Table,
    Alter,
    Cache,
    Add,
    Set,
    Reset,
    SetVariable,
    Describe,
    Function,
    Immediate,
    Truncate,
    CopyInto,
    Maintain,
    Declare,
    Explain,
    Drop,
    AlterSchema,
    Convert,
}

const fn own(words: &'static str, own: Own) -> Head {
    let tail = Tail::Own(super::Own::Spark(own));
    Head { words, op: Op::Execute, may: &[], names: Names::Nothing, tail, rows: false }
}

/// What all three have.
#[rustfmt::skip]
pub(super) const COMMON: &[Head] = &[
    own("insert", Own::Insert),
    own("from", Own::From),
    own("load data", Own::Load),
    own("create table", Own::Table),
    own("create external|transactional table", Own::Table),
    own("replace table", Own::Table),
    own("alter table|view", Own::Alter),
    own("add jar|jars|file|files|archive|archives", Own::Add),
    row("delete jar|jars|file|files|archive|archives", Op::Session, &[], Names::Nothing, Tail::Inert),
    row("list jar|jars|file|files|archive|archives", Op::List, &[], Names::Nothing, Tail::Inert),
    own("set", Own::Set),
    own("reset", Own::Reset),
    own("create function", Own::Function),
    own("create macro", Own::Function),
    own("describe|desc", Own::Describe),
    own("explain", Own::Explain),
    own("truncate table", Own::Truncate),
    own("analyze table|tables", Own::Maintain),
    own("msck", Own::Maintain),
    shows("show", &[]),
    row("use", Op::Session, &[], Names::Nothing, Tail::Current),
    row("use database", Op::Session, &[], Names::Nothing, Tail::Current),
    row("use schema", Op::Session, &[], Names::Nothing, Tail::Current),
    row("use namespace", Op::Session, &[], Names::Nothing, Tail::Current),
    row("use catalog", Op::Session, &[], Names::Nothing, Tail::Current),
    row("create database|schema|namespace", Op::Define, &[Schema], Names::One(TargetKind::Schema), Tail::Own(super::Own::Spark(Own::Table))),
    own("alter database|schema|namespace", Own::AlterSchema),
    row("drop database|schema|namespace", Op::Destroy, &[Schema, Destroy, WriteData], Names::One(TargetKind::Schema), Tail::Inert),
    row("drop function", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Function), Tail::Inert),
    row("drop macro", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Function), Tail::Inert),
    row("reload function|functions", Op::Session, &[ParserState], Names::Nothing, Tail::Inert),
    own("drop table|view", Own::Drop),
    row("lock table|database", Op::Configure, &[Availability], Names::One(TargetKind::Table), Tail::Inert),
    row("unlock table|database", Op::Configure, &[Availability], Names::One(TargetKind::Table), Tail::Inert),
    row("create role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("drop role", Op::Destroy, &[Privilege, Destroy], Names::One(TargetKind::Role), Tail::Inert),
    row("set role", Op::Assume, &[Effect::Identity], Names::One(TargetKind::Role), Tail::Inert),
    row("grant", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Inert),
    row("revoke", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Inert),
];

/// What Hive has alone.
#[rustfmt::skip]
pub(super) const HIVE: &[Head] = &[
    row("dfs", Op::Execute, &[FsRead, FsWrite, Destroy, NetEgress], Names::Some(TargetKind::File), Tail::Inert),
    row("compile", Op::Define, &[CodeExec, Persistence], Names::Some(TargetKind::Function), Tail::Code),
    row("export table", Op::Stream, &[ReadData, FsWrite, NetEgress], Names::One(TargetKind::Table), Tail::Inert),
    row("import", Op::Create, &[WriteData, Schema, FsRead, NetEgress], Names::Some(TargetKind::Table), Tail::Inert),
    row("repl dump|load|status", Op::Stream, &[ReadData, WriteData, Schema, FsRead, FsWrite, NetEgress], Names::Some(TargetKind::Database), Tail::Inert),
    row("abort transactions|compactions", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("kill query", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("create scheduled query", Op::Define, &[Schema, CodeExec, Persistence], Names::Some(TargetKind::Trigger), Tail::Code),
    row("alter scheduled query", Op::Define, &[Schema, CodeExec, Persistence], Names::Some(TargetKind::Trigger), Tail::Code),
    row("drop scheduled query", Op::Destroy, &[Schema, Destroy], Names::Some(TargetKind::Trigger), Tail::Inert),
    row("create index", Op::Define, &[Schema, CodeExec, Availability], Names::One(TargetKind::Index), Tail::Inert),
    row("drop index", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Index), Tail::Inert),
    row("create resource plan", Op::Define, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("start transaction", Op::Txn, &[], Names::Nothing, Tail::Step(crate::facts::Transaction::Begin)),
    row("commit", Op::Txn, &[], Names::Nothing, Tail::Step(crate::facts::Transaction::Commit)),
    row("rollback", Op::Txn, &[], Names::Nothing, Tail::Step(crate::facts::Transaction::Rollback)),
];

/// What Spark and Databricks have beside Hive.
#[rustfmt::skip]
pub(super) const SPARK: &[Head] = &[
    own("cache", Own::Cache),
    own("uncache", Own::Maintain),
    row("clear cache", Op::Configure, &[Availability], Names::Some(TargetKind::Table), Tail::Inert),
    own("refresh", Own::Maintain),
    own("repair table", Own::Maintain),
    own("set variable|var", Own::SetVariable),
    own("declare", Own::Declare),
    row("drop variable", Op::Session, &[ParserState], Names::Nothing, Tail::Inert),
    own("execute immediate", Own::Immediate),
    row("begin", Op::Execute, &[CodeExec], Names::Nothing, Tail::Code),
    row("comment on", Op::Define, &[Schema], Names::Some(TargetKind::Other), Tail::Inert),
    row("set catalog", Op::Session, &[], Names::Nothing, Tail::Current),
    row("set time zone", Op::Session, &[], Names::Nothing, Tail::Inert),
    row("create index", Op::Define, &[Schema, Availability], Names::One(TargetKind::Index), Tail::Inert),
    row("drop index", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Index), Tail::Inert),
    row("create streaming|flow|pipeline", Op::Define, &[Schema, WriteData, Persistence, CodeExec], Names::Some(TargetKind::Table), Tail::Code),
];

/// What Databricks has alone.
#[rustfmt::skip]
pub(super) const DATABRICKS: &[Head] = &[
    own("copy into", Own::CopyInto),
    own("optimize", Own::Maintain),
    own("vacuum", Own::Maintain),
    own("restore", Own::Maintain),
    own("reorg", Own::Maintain),
    row("fsck repair table", Op::Configure, &[Availability, WriteData, Destroy], Names::One(TargetKind::Table), Tail::Inert),
    own("convert to delta", Own::Convert),
    row("refresh foreign catalog", Op::Configure, &[Availability, Schema, NetEgress], Names::One(TargetKind::Database), Tail::Inert),
    row("refresh foreign schema", Op::Configure, &[Availability, Schema, NetEgress], Names::One(TargetKind::Schema), Tail::Inert),
    row("refresh foreign table", Op::Configure, &[Availability, Schema, NetEgress], Names::One(TargetKind::Table), Tail::Inert),
    row("generate", Op::Stream, &[ReadData, FsWrite], Names::Some(TargetKind::Table), Tail::Inert),
    row("sync schema|table", Op::Define, &[Schema, Privilege], Names::Some(TargetKind::Table), Tail::Inert),
    row("undrop", Op::Define, &[Schema], Names::Some(TargetKind::Table), Tail::Inert),
    row("create catalog", Op::Define, &[Schema, NetEgress], Names::One(TargetKind::Database), Tail::Inert),
    row("create foreign catalog", Op::Define, &[Schema, NetEgress, Persistence], Names::One(TargetKind::Database), Tail::Inert),
    row("alter catalog", Op::Define, &[Schema, Privilege], Names::One(TargetKind::Database), Tail::Inert),
    row("drop catalog", Op::Destroy, &[Schema, Destroy, WriteData], Names::One(TargetKind::Database), Tail::Inert),
    row("create volume", Op::Define, &[Schema], Names::One(TargetKind::Other), Tail::Inert),
    row("create external volume", Op::Define, &[Schema, FsRead, FsWrite, NetEgress], Names::One(TargetKind::Other), Tail::Inert),
    row("alter volume", Op::Define, &[Schema, Privilege], Names::One(TargetKind::Other), Tail::Inert),
    row("drop volume", Op::Destroy, &[Schema, Destroy, FsWrite], Names::One(TargetKind::Other), Tail::Inert),
    row("create connection|server", Op::Define, &[Schema, NetEgress, Persistence, SecretRead], Names::One(TargetKind::Host), Tail::Looked),
    row("alter connection", Op::Define, &[Schema, NetEgress, Persistence, Privilege], Names::One(TargetKind::Host), Tail::Looked),
    row("drop connection", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Host), Tail::Inert),
    row("create external|storage|service", Op::Define, &[Schema, Privilege, FsRead, FsWrite, NetEgress], Names::Some(TargetKind::Host), Tail::Inert),
    row("alter external|storage|service", Op::Define, &[Schema, Privilege, FsRead, FsWrite, NetEgress], Names::Some(TargetKind::Host), Tail::Inert),
    row("drop external|storage|service|credential", Op::Destroy, &[Schema, Destroy, Privilege], Names::Some(TargetKind::Host), Tail::Inert),
    row("create share|recipient|provider", Op::Grant, &[Privilege, NetEgress, Persistence], Names::One(TargetKind::Other), Tail::Inert),
    row("alter share|recipient|provider", Op::Grant, &[Privilege, NetEgress, Persistence], Names::One(TargetKind::Other), Tail::Inert),
    row("drop share|recipient|provider", Op::Destroy, &[Privilege, Destroy], Names::One(TargetKind::Other), Tail::Inert),
    row("create group|user", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("create policy", Op::Grant, &[Privilege, Schema, CodeExec], Names::One(TargetKind::Other), Tail::Looked),
    row("drop policy", Op::Destroy, &[Privilege, Schema, Destroy], Names::One(TargetKind::Other), Tail::Inert),
    row("deny", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Inert),
    row("set tag", Op::Define, &[Schema, Privilege], Names::Some(TargetKind::Other), Tail::Inert),
    row("unset tag", Op::Define, &[Schema, Privilege], Names::Some(TargetKind::Other), Tail::Inert),
    row("set recipient", Op::Session, &[ParserState], Names::Nothing, Tail::Inert),
    row("apply changes", Op::Create, &[WriteData, Destroy], Names::Some(TargetKind::Table), Tail::Code),
    row("put", Op::Stream, &[FsRead, FsWrite, NetEgress], Names::Some(TargetKind::File), Tail::Inert),
    row("get", Op::Stream, &[FsRead, FsWrite, NetEgress], Names::Some(TargetKind::File), Tail::Inert),
    row("remove", Op::Destroy, &[FsWrite, Destroy], Names::Some(TargetKind::File), Tail::Inert),
    row("list", Op::List, &[FsRead, NetEgress], Names::Some(TargetKind::File), Tail::Inert),
    shows("show grants", &[]),
];

impl Walk<'_, '_> {
    /// Whether the tree says more than the reader of these statements.
    pub(super) fn spark_declines(&self, own: Own) -> bool {
        match own {
            Own::Insert => {
                let special = ["directory", "replace", "partition"];
                let end = self.spark_rows(1);
                !(1..end).any(|at| special.contains(&self.word(at).as_str()))
            }
            // A query that begins with FROM and changes nothing.
            Own::From => self.find(1, "insert").is_none(),
            Own::Load
            | Own::Table
            | Own::Alter
            | Own::Cache
            | Own::Add
            | Own::Set
            | Own::Reset
            | Own::SetVariable
            | Own::Describe
            | Own::Function
            | Own::Immediate
            | Own::Truncate
            | Own::CopyInto
            | Own::Maintain
            | Own::Declare
            | Own::Drop
            | Own::AlterSchema
            | Own::Convert
            | Own::Explain => false,
        }
    }

    pub(super) fn spark_own(&mut self, own: Own) {
        match own {
            Own::Insert => self.spark_insert(0),
            Own::From => self.spark_multi_insert(),
            Own::Load => self.spark_load(),
            Own::Table => self.spark_create(),
            Own::Alter => self.spark_alter(),
            Own::Cache => self.spark_cache(),
            Own::Add => {
                let jar = self.word(1).starts_with("jar");
                let place =
                    self.text_from(2).unwrap_or_default().trim_matches(['\'', '"']).to_owned();
                self.part.may |= place_effects(&place, FsRead);
                if jar {
                    // Classes of the jar can be called from now on; `ivy:` fetches it.
                    self.part.may |= CodeExec;
                }
                if place.starts_with("ivy:") {
                    self.part.may |= NetEgress;
                }
                self.place(TargetKind::File, Role::Source);
                let verb = format!("ADD {}", self.word(1).to_ascii_uppercase());
                self.maintain(&verb, EffectSet::NONE);
            }
            Own::Set => self.spark_set(),
            Own::Reset => {
                if self.tokens.len() == 1 {
                    self.part.may |= ParserState | AuditTamper;
                    self.object(TargetKind::Setting, Path::dynamic());
                } else {
                    let name = self.setting_name(1, self.tokens.len());
                    self.part.may |= setting_effects(&name);
                    self.object(TargetKind::Setting, Path::exact([name]));
                }
                self.session.push(SessionDelta::Unknown);
                self.finish_plain(Op::Session, "RESET");
            }
            Own::SetVariable => {
                let at = self.find_sign(2).map_or(self.tokens.len(), |at| at.saturating_add(1));
                if self.word(at) == "default" || at >= self.tokens.len() {
                    return self.finish_plain(Op::Session, "SET VARIABLE");
                }
                self.reach_of(at..self.tokens.len());
                self.finish_plain(Op::Session, "SET VARIABLE");
            }
            Own::Describe => self.spark_describe(),
            Own::Function => self.spark_function(),
            Own::Immediate => self.spark_immediate(),
            Own::Truncate => {
                let Some((parts, after)) = self.name_at(2) else {
                    return self.opaque(Reason::NotParsed);
                };
                self.reach_of(after.saturating_add(2)..self.tokens.len());
                self.existing(parts, None, Role::Object);
                self.part.unresolved = true;
                self.part.may |= WriteData | Destroy;
                self.finish(Op::Delete, "TRUNCATE", Extent::All, Outputs::None);
            }
            Own::CopyInto => self.databricks_copy(),
            Own::Maintain => self.spark_maintain(),
            Own::Declare => {
                self.reach_of(1..self.tokens.len());
                self.session.push(SessionDelta::Unknown);
                self.finish_plain(Op::Session, "DECLARE");
            }
            Own::Explain => self.spark_explain(),
            Own::AlterSchema => self.spark_alter_schema(),
            Own::Convert => self.databricks_convert(),
            Own::Drop => {
                let verb = format!("DROP {}", self.word(1).to_ascii_uppercase());
                let at = self.skip(2, &["if", "exists"]);
                let Some((parts, _)) = self.name_at(at) else {
                    return self.opaque(Reason::NotParsed);
                };
                self.changes_file(&parts);
                let path = self.named_parts(parts).path;
                self.object(TargetKind::Table, path);
                self.part.may |= Schema | Destroy;
                self.finish_plain(Op::Destroy, &verb);
            }
        }
    }

    /// Where the rows of an INSERT begin.
    fn spark_rows(&self, from: usize) -> usize {
        (from..self.tokens.len())
            .find(|at| {
                matches!(
                    self.word(*at).as_str(),
                    "select" | "values" | "with" | "from" | "map" | "reduce"
                ) || self.kind(*at) == Some(TokenKind::Open)
                    && self.word(at.saturating_add(1)) == "select"
                    || self.word(*at) == "table" && *at > from.saturating_add(2)
            })
            .unwrap_or(self.tokens.len())
    }

    /// `INSERT OVERWRITE [LOCAL] DIRECTORY …`, `INSERT INTO t PARTITION (…) …`, `… REPLACE WHERE …`.
    fn spark_insert(&mut self, from: usize) {
        let rows = self.spark_rows(from.saturating_add(1));
        let overwrites =
            (from..rows).any(|at| matches!(self.word(at).as_str(), "overwrite" | "replace"));
        let directory = (from..rows).find(|at| self.word(*at) == "directory");
        let text = self.text_from(rows).unwrap_or_default().to_owned();
        let mut extent = Extent::Unknown;
        if rows < self.tokens.len() {
            extent = self.takes_over(&text);
        }
        if let Some(at) = directory {
            let place = self.place_at(at.saturating_add(1));
            self.part.may |= match place {
                Some(place) => place_effects(&place, FsWrite),
                // `USING format OPTIONS (path '…')`, a format of another system.
                None => FsWrite | NetEgress,
            };
            if let Some(using) = (at..rows).find(|at| self.word(*at) == "using") {
                self.part.may |= format_effects(&self.word(using.saturating_add(1)));
            }
            for at in at..rows {
                match self.word(at).as_str() {
                    "serde" | "inputformat" | "outputformat" => self.part.may |= CodeExec,
                    "options" => self.spark_options(at.saturating_add(1)),
                    _ => {}
                }
            }
            self.part.may |= Destroy;
            self.place(TargetKind::File, Role::Sink);
            return self.finish(Op::Stream, "INSERT OVERWRITE DIRECTORY", extent, Outputs::None);
        }
        let mut at = from.saturating_add(1);
        for word in ["into", "overwrite", "table"] {
            at = self.skip(at, &[word]);
        }
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let condition = (after..rows).find(|at| self.word(*at) == "where");
        self.reach_of(after..rows);
        if self.kind(after) == Some(TokenKind::Open) || self.word(after) == "partition" {
            // Columns and partitions were taken for calls of nothing: they stand in brackets.
            self.part.unresolved = true;
        }
        let sink = self.existing(parts, None, Role::Sink);
        let _ = (sink, condition);
        self.part.unresolved = true;
        self.part.may |= WriteData;
        if overwrites {
            self.part.may |= Destroy;
        }
        self.finish(Op::Create, "INSERT", extent, Outputs::None);
    }

    /// Takes what a query inside does into the action under construction; the answer is its reach.
    fn takes_over(&mut self, text: &str) -> Extent {
        let facts = self.inside(text);
        let mut extent = Extent::Unknown;
        for action in facts.actions {
            extent = action.extent;
            self.part.may |= action.may;
            self.part.calls.extend(action.calls);
            self.part.nested.extend(action.nested);
            for target in action.targets {
                self.target(target);
            }
        }
        extent
    }

    /// Hive's `FROM t INSERT … SELECT … INSERT … SELECT …`.
    fn spark_multi_insert(&mut self) {
        let starts: Vec<usize> =
            (1..self.tokens.len()).filter(|at| self.word(*at) == "insert").collect();
        let Some(first) = starts.first().copied() else { return self.opaque(Reason::NotParsed) };
        let source = self.text_between(0, first).to_owned();
        for (index, start) in starts.iter().copied().enumerate() {
            let end = starts.get(index.saturating_add(1)).copied().unwrap_or(self.tokens.len());
            let select = (start..end)
                .find(|at| matches!(self.word(*at).as_str(), "select" | "map" | "reduce"));
            let Some(select) = select else { return self.opaque(Reason::NotParsed) };
            // `INSERT … SELECT a WHERE b` becomes `INSERT … SELECT a FROM t WHERE b`.
            let clause = (select..end)
                .find(|at| {
                    matches!(
                        self.word(*at).as_str(),
                        "where"
                            | "group"
                            | "having"
                            | "order"
                            | "sort"
                            | "cluster"
                            | "distribute"
                            | "limit"
                            | "window"
                            | "lateral"
                    )
                })
                .unwrap_or(end);
            let head = self.text_between(start, select).to_owned();
            let list = self.text_between(select, clause).to_owned();
            let rest = self.text_between(clause, end).to_owned();
            let facts = self.inside(&format!("{head} {list} {source} {rest}"));
            for mut action in facts.actions {
                action.span = self.span;
                self.actions.push(action);
            }
        }
    }

    /// `LOAD DATA [LOCAL] INPATH 'p' [OVERWRITE] INTO TABLE t`: the file is moved, or copied.
    fn spark_load(&mut self) {
        let into = self.find(2, "into").unwrap_or(self.tokens.len());
        let at = self.skip(into.saturating_add(1), &["table"]);
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let local = self.word(2) == "local";
        let path = (2..into).find_map(|at| self.place_at(at)).unwrap_or_default();
        self.part.may |= place_effects(&path, FsRead) | WriteData;
        if !local {
            self.part.may |= FsWrite;
        }
        if (2..into).any(|at| self.word(at) == "overwrite") {
            self.part.may |= Destroy;
        }
        self.reach_of(after.saturating_add(2)..self.tokens.len());
        self.place(TargetKind::File, Role::Source);
        self.existing(parts, None, Role::Sink);
        self.part.unresolved = true;
        self.finish(Op::Create, "LOAD DATA", Extent::Unknown, Outputs::None);
    }

    /// The words and dots of a setting's name.
    fn setting_name(&self, from: usize, to: usize) -> String {
        let name = self.text_between(from, to);
        name.trim_matches('`').to_ascii_lowercase()
    }

    /// `SET`, `SET -v`, `SET key`, `SET key=value`: the value goes on to the end.
    fn spark_set(&mut self) {
        let sign = (1..self.tokens.len())
            .find(|at| self.token(*at).is_some_and(|token| token.text(self.text) == "="));
        let Some(sign) = sign else {
            // What is set is shown, passwords among it.
            let name = self.setting_name(1, self.tokens.len());
            if name.is_empty() || name.starts_with('-') || is_secret(&name) {
                self.part.may |= SecretRead;
            }
            return self.finish(Op::Read, "SET", Extent::Unknown, Outputs::Opaque);
        };
        let name = self.setting_name(1, sign);
        let value = self.text_from(sign.saturating_add(1)).unwrap_or_default();
        if value.contains('(') && self.setting.dialect == Dialect::Databricks {
            self.reach_of(sign..self.tokens.len());
        }
        self.part.may |= setting_effects(&name);
        self.object(TargetKind::Setting, Path::exact([name.as_str()]));
        self.session.push(SessionDelta::Setting { name, values: None });
        self.finish_plain(Op::Session, "SET");
    }

    /// DESCRIBE of a table, function, database, or of a query, which does not run.
    fn spark_describe(&mut self) {
        let mut at = 1;
        for word in ["detail", "history", "table", "query", "extended", "formatted"] {
            at = self.skip(at, &[word]);
        }
        let first = self.word(at);
        if matches!(first.as_str(), "select" | "with" | "from" | "values") {
            let text = self.text_from(at).unwrap_or_default().to_owned();
            self.takes_over(&text);
            return self.finish(Op::Read, "DESCRIBE", Extent::Unknown, Outputs::Opaque);
        }
        let other = matches!(
            first.as_str(),
            "function"
                | "database"
                | "schema"
                | "namespace"
                | "catalog"
                | "volume"
                | "share"
                | "recipient"
                | "provider"
                | "connection"
                | "storage"
                | "external"
                | "credential"
        );
        if !other && let Some((parts, _)) = self.name_at(at) {
            self.reads_file(&parts);
            self.existing(parts, None, Role::Object);
            self.part.unresolved = true;
        }
        self.finish(Op::List, "DESCRIBE", Extent::Unknown, Outputs::Opaque);
    }

    /// EXPLAIN runs nothing; Hive's `EXPLAIN ANALYZE` does.
    fn spark_explain(&mut self) {
        let at = (1..self.tokens.len()).find(|at| {
            matches!(
                self.word(*at).as_str(),
                "select"
                    | "with"
                    | "from"
                    | "values"
                    | "insert"
                    | "create"
                    | "update"
                    | "delete"
                    | "merge"
                    | "drop"
                    | "alter"
                    | "truncate"
                    | "load"
                    | "replace"
                    | "cache"
                    | "describe"
                    | "show"
            ) || self.kind(*at) == Some(TokenKind::Open)
        });
        let Some(at) = at else { return self.opaque(Reason::NotParsed) };
        let text = self.text_from(at).unwrap_or_default().to_owned();
        let state = self.state.clone();
        let runs = (1..at).any(|at| self.word(at) == "analyze");
        let facts = self.inside(&text);
        if runs {
            self.actions.extend(facts.actions);
            return;
        }
        *self.state = state;
        self.session.clear();
        let unknown = self.reasons.contains(&Reason::UnknownFunction);
        for action in facts.actions {
            // Schemas of files are read for the plan.
            let reads = [FsRead, NetEgress];
            let reads = reads.into_iter().filter(|effect| action.may.contains(*effect));
            self.part.may |= reads.collect::<EffectSet>();
            for target in action.targets {
                self.source(target.kind, target.path);
            }
            self.part.calls.extend(action.calls);
        }
        if unknown {
            self.part.may = EffectSet::ALL;
        }
        let may = self.part.may;
        self.finish(Op::Read, "EXPLAIN", Extent::Unknown, Outputs::Opaque);
        if let Some(action) = self.actions.last_mut() {
            action.may = may;
        }
    }

    /// `CREATE FUNCTION f AS 'class' USING JAR '…'`, or with a body in SQL or Python.
    fn spark_function(&mut self) {
        let kind = (1..self.tokens.len())
            .find(|at| matches!(self.word(*at).as_str(), "function" | "macro"))
            .unwrap_or(1);
        let at = self.skip(kind.saturating_add(1), &["if", "not", "exists"]);
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        // 4.3 calls its own function all the same; no release is counted on.
        self.state.shadowed |= parts
            .last()
            .is_none_or(|name| functions::builtin(self.setting.dialect, name).is_some());
        self.object(TargetKind::Function, Path::exact(parts));
        let returns = (after..self.tokens.len()).find(|at| self.word(*at) == "return");
        let class = self
            .find(after, "as")
            .filter(|at| matches!(self.kind(at.saturating_add(1)), Some(TokenKind::Text)));
        match (returns, class) {
            (Some(at), _) => {
                let at = at.saturating_add(1);
                self.reach_of(at..self.tokens.len());
                if matches!(self.word(at).as_str(), "select" | "with") {
                    self.source(TargetKind::Table, Path::dynamic());
                }
            }
            (None, Some(at)) => {
                // A class of a jar.
                for place in (at..self.tokens.len())
                    .filter(|at| matches!(self.word(*at).as_str(), "jar" | "file" | "archive"))
                    .filter_map(|at| self.place_at(at.saturating_add(1)))
                    .collect::<Vec<_>>()
                {
                    self.part.may |= place_effects(&place, FsRead);
                    self.place(TargetKind::File, Role::Source);
                }
                self.foreign_code(0);
            }
            (None, None) => {
                if self.word(kind) == "macro" {
                    self.reach_of(after.saturating_add(1)..self.tokens.len());
                } else {
                    self.foreign_code(0);
                }
            }
        }
        self.define("CREATE FUNCTION", Schema | CodeExec | Persistence);
    }

    /// `EXECUTE IMMEDIATE 'text' [INTO v] [USING …]`: texts side by side are one.
    fn spark_immediate(&mut self) {
        let mut text = String::new();
        let mut at = 2;
        while let Some(part) = self.text_at(at) {
            text.push_str(&part);
            at = at.saturating_add(1);
        }
        let ends = at >= self.tokens.len() || matches!(self.word(at).as_str(), "into" | "using");
        if at > 2 && ends {
            self.code(&text);
        } else {
            self.part.may = EffectSet::ALL;
            self.opaque(Reason::DynamicCode);
        }
        self.reach_of(at..self.tokens.len());
        self.finish(Op::Execute, "EXECUTE IMMEDIATE", Extent::Unknown, Outputs::Opaque);
    }

    /// `COPY INTO t FROM 'place' …`.
    fn databricks_copy(&mut self) {
        let Some((parts, after)) = self.name_at(2) else { return self.opaque(Reason::NotParsed) };
        let from = self.find(after, "from").map_or(after, |at| at.saturating_add(1));
        let query = self.kind(from) == Some(TokenKind::Open);
        let end = if query { self.closing(from) } else { Some(from) };
        let named = |at: usize| {
            self.place_at(at).or_else(|| {
                (self.kind(at) == Some(TokenKind::QuotedName))
                    .then(|| self.name_at(at).and_then(|(mut parts, _)| parts.pop()))
                    .flatten()
            })
        };
        // In a query the place stands behind its FROM.
        let places: Vec<String> = if query {
            let froms =
                (from..end.unwrap_or(self.tokens.len())).filter(|at| self.word(*at) == "from");
            froms.filter_map(|at| named(at.saturating_add(1))).collect()
        } else {
            named(from).into_iter().collect()
        };
        self.part.may |= if places.is_empty() {
            FsRead | NetEgress
        } else {
            places.iter().fold(EffectSet::NONE, |may, place| may | place_effects(place, FsRead))
        };
        if query {
            self.reach_of(from..end.unwrap_or(self.tokens.len()));
        }
        self.place(TargetKind::File, Role::Source);
        self.existing(parts, None, Role::Sink);
        self.part.unresolved = true;
        self.part.may |= WriteData;
        self.finish(Op::Create, "COPY INTO", Extent::Unknown, Outputs::None);
    }

    /// Upkeep of a table: statistics, partitions, files.
    fn spark_maintain(&mut self) {
        let first = self.word(0);
        let (verb, may): (&str, EffectSet) = match first.as_str() {
            "analyze" => ("ANALYZE", Availability.into()),
            "msck" | "repair" => ("REPAIR TABLE", Availability | Schema | FsRead),
            "uncache" => ("UNCACHE TABLE", Availability.into()),
            "refresh" => ("REFRESH", Availability.into()),
            "optimize" => ("OPTIMIZE", Availability | WriteData),
            // Old versions go for good.
            "vacuum" => ("VACUUM", Availability | Destroy | WriteData),
            "restore" => ("RESTORE", WriteData | Destroy),
            _ => ("REORG", Availability | WriteData | Destroy),
        };
        let last = self.tokens.len().saturating_sub(1);
        let privileges = first == "msck" && last > 2 && self.word(last) == "privileges";
        let (verb, may) =
            if privileges { ("REPAIR PRIVILEGES", may | Privilege) } else { (verb, may) };
        if (1..self.tokens.len()).any(|at| {
            matches!(self.word(at).as_str(), "drop" | "sync")
                && self.word(at.saturating_add(1)) == "partitions"
        }) {
            self.part.may |= Destroy;
        }
        let mut at = 1;
        if privileges {
            at = self.skip(at, &["repair"]);
            for word in ["object", "schema", "database", "view"] {
                at = self.skip(at, &[word]);
            }
        }
        for word in ["repair", "tables", "table", "function", "from", "in"] {
            at = self.skip(at, &[word]);
        }
        at = self.skip(at, &["if", "exists"]);
        let whole = first == "analyze" && self.word(1) == "tables";
        match self.name_at(at) {
            Some((parts, after)) => {
                self.reach_of(after.saturating_add(2)..self.tokens.len());
                if whole {
                    let mut path = Path::exact(parts);
                    path.0.push(Segment::Glob("*".into()));
                    self.target(Target {
                        kind: TargetKind::Table,
                        path,
                        role: Role::Object,
                        columns: Columns::Any,
                    });
                } else {
                    self.reads_file(&parts);
                    self.existing(parts, None, Role::Object);
                }
            }
            None => self.object(TargetKind::Table, Path::dynamic()),
        }
        self.part.unresolved = true;
        self.maintain(verb, may);
    }
}

/// What a format of tables reaches beside files.
fn format_effects(format: &str) -> EffectSet {
    match format {
        "avro" | "binaryfile" | "csv" | "delta" | "hive" | "hudi" | "iceberg" | "json" | "orc"
        | "parquet" | "text" | "xml" | "template" => EffectSet::NONE,
        "jdbc" | "kafka" | "socket" => NetEgress | ReadData,
        _ => CodeExec | NetEgress | FsRead | FsWrite,
    }
}

fn is_secret(name: &str) -> bool {
    ["password", "secret", "token", "credential", "key"].iter().any(|word| name.contains(word))
}

/// What giving a setting another value does: many name classes that are loaded, places of files.
fn setting_effects(name: &str) -> EffectSet {
    let has = |word: &str| name.contains(word);
    let mut may = EffectSet::NONE;
    if has("class")
        || has("hook")
        || has("listener")
        || has("extension")
        || has("plugin")
        || has("serde")
        || has("aux.jars")
        || has("jars")
        || has("javaoptions")
        || has("codec.")
        || has("python.exec")
        || has("pyspark.python")
        || has("hive.exec.script")
        || has("transform.escaped")
        || name.starts_with("hive.security")
        || has("authoriz")
        || has("impl")
    {
        may |= CodeExec | Privilege;
    }
    if has("warehouse.dir")
        || has("location")
        || has("scratchdir")
        || has("checkpoint")
        || has("fs.")
        || has(".dir")
        || has("path")
    {
        may |= FsRead | FsWrite;
    }
    if name.starts_with("spark.sql.catalog.")
        || has("fs.s3a")
        || has("fs.azure")
        || has("endpoint")
        || has("proxy")
    {
        may |= NetEgress | ParserState;
    }
    if has("eventlog")
        || has("audit")
        || has("redaction")
        || has("log.level")
        || has("operation.log")
    {
        may |= AuditTamper;
    }
    if has("ansi")
        || has("parser")
        || has("casesensitive")
        || has("variable")
        || has("legacy")
        || has("doublequoted")
        || has("timezone") && has("legacy")
        || has("support.quoted")
        || has("caseinsensitive")
        || has("strict")
        || has("defaultcatalog")
        || has("metastore")
        || name.starts_with("hivevar:")
        || name.starts_with("hiveconf:")
        || name.starts_with("env:")
        || name.starts_with("system:")
        || has("partitionoverwritemode")
        || has("arithmeticoperations")
        || has("ctepre")
        || !name.contains('.')
    {
        may |= ParserState;
    }
    may
}
