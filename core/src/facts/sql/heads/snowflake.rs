//! Snowflake: "SQL command reference" of its documentation, state of 2025.

use super::{Head, Names, Own, Tail, row, shows};
use crate::command::sql::TokenKind;
use crate::facts::sql::nested;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, SessionDelta, TargetKind,
    Transaction,
};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, FsWrite, Identity, NetEgress,
    ParserState, Persistence, Privilege, ReadData, Schema, SecretRead, WriteData,
};

/// Statements of Snowflake that are read by a function of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Special {
    CopyInto,
    Put,
    Get,
    Remove,
    List,
    Use,
    Describe,
    Session,
    Set,
    Immediate,
    Stored,
    Begin,
    Commit,
    Rollback,
    Script,
    Procedure,
    Function,
    Task,
    Pipe,
    CloneSchema,
    CloneDatabase,
    Table,
    Merge,
}

const fn special(words: &'static str, special: Special) -> Head {
    row(words, Op::Execute, &[], Names::Nothing, Tail::Own(Own::Snowflake(special)))
}

const fn inert(words: &'static str, op: Op, may: &'static [Effect], kind: TargetKind) -> Head {
    row(words, op, may, Names::One(kind), Tail::Inert)
}

const fn looked(words: &'static str, op: Op, may: &'static [Effect], kind: TargetKind) -> Head {
    row(words, op, may, Names::One(kind), Tail::Looked)
}

/// Statements that are read by their words whatever the parser makes of them.
#[rustfmt::skip]
pub(super) const SNOWFLAKE: &[Head] = &[
    special("copy into", Special::CopyInto),
    special("put", Special::Put),
    special("get", Special::Get),
    special("remove|rm", Special::Remove),
    special("list|ls", Special::List),
    special("use", Special::Use),
    special("describe|desc", Special::Describe),
    special("alter session", Special::Session),
    special("set|unset", Special::Set),
    special("execute immediate", Special::Immediate),
    special("execute task|notebook|alert|service|job|dbt|streamlit", Special::Stored),
    special("execute managed|data", Special::Stored),
    special("begin", Special::Begin),
    special("start", Special::Begin),
    special("commit", Special::Commit),
    special("rollback", Special::Rollback),
    special("declare|if|case|loop|while|repeat|for|let|return|async|await", Special::Script),
    special("create procedure", Special::Procedure),
    special("create secure procedure", Special::Procedure),
    special("create function", Special::Function),
    special("create secure|aggregate function", Special::Function),
    special("create task", Special::Task),
    special("create pipe", Special::Pipe),
    special("create schema", Special::CloneSchema),
    special("create transient schema", Special::CloneSchema),
    special("create database", Special::CloneDatabase),
    special("create transient database", Special::CloneDatabase),
    shows("show", &[]),
    shows("show secrets", &[SecretRead]),
    looked("create stage", Op::Define, &[Schema, FsRead, FsWrite, NetEgress], TargetKind::File),
    looked("alter stage", Op::Define, &[Schema, FsRead, FsWrite, NetEgress], TargetKind::File),
    inert("drop stage", Op::Destroy, &[Schema, Destroy, FsWrite], TargetKind::File),
    looked("create file format", Op::Define, &[Schema], TargetKind::Other),
    looked("alter file format", Op::Define, &[Schema], TargetKind::Other),
    inert("drop file format", Op::Destroy, &[Schema, Destroy], TargetKind::Other),
    looked("alter pipe", Op::Define, &[Schema, Persistence, WriteData, FsRead, Availability], TargetKind::Other),
    inert("drop pipe", Op::Destroy, &[Schema, Destroy], TargetKind::Other),
    looked("create stream", Op::Define, &[Schema, ReadData], TargetKind::Other),
    looked("alter stream", Op::Define, &[Schema], TargetKind::Other),
    inert("drop stream", Op::Destroy, &[Schema, Destroy], TargetKind::Other),
    looked("alter task", Op::Define, &[Schema, CodeExec, Persistence, Availability], TargetKind::Other),
    inert("drop task", Op::Destroy, &[Schema, Destroy, AuditTamper], TargetKind::Other),
    row("create alert", Op::Define, &[Schema, CodeExec, Persistence], Names::One(TargetKind::Other), Tail::Code),
    looked("alter alert", Op::Define, &[Schema, CodeExec, Persistence, AuditTamper], TargetKind::Other),
    inert("drop alert", Op::Destroy, &[Schema, Destroy, AuditTamper], TargetKind::Other),
    looked("create warehouse", Op::Define, &[Schema, Availability], TargetKind::Other),
    looked("create interactive warehouse", Op::Define, &[Schema, Availability], TargetKind::Other),
    looked("alter warehouse", Op::Configure, &[Availability], TargetKind::Other),
    inert("drop warehouse", Op::Destroy, &[Schema, Destroy, Availability], TargetKind::Other),
    looked("create resource monitor", Op::Define, &[Schema, Availability], TargetKind::Other),
    looked("alter resource monitor", Op::Configure, &[Availability], TargetKind::Other),
    inert("drop resource monitor", Op::Destroy, &[Schema, Destroy], TargetKind::Other),
    looked("create compute pool", Op::Define, &[Schema, Availability], TargetKind::Other),
    looked("alter compute pool", Op::Configure, &[Availability], TargetKind::Other),
    inert("drop compute pool", Op::Destroy, &[Schema, Destroy, Availability], TargetKind::Other),
    looked("create storage|notification|api|security|catalog integration", Op::Define, &[Schema, NetEgress, Privilege, Persistence], TargetKind::Host),
    looked("create external access integration", Op::Define, &[Schema, NetEgress, Privilege, Persistence], TargetKind::Host),
    looked("alter integration", Op::Define, &[Schema, NetEgress, Privilege, Persistence], TargetKind::Host),
    looked("alter storage|notification|api|security|catalog integration", Op::Define, &[Schema, NetEgress, Privilege, Persistence], TargetKind::Host),
    looked("alter external access integration", Op::Define, &[Schema, NetEgress, Privilege, Persistence], TargetKind::Host),
    inert("drop integration", Op::Destroy, &[Schema, Destroy, Privilege], TargetKind::Host),
    inert("drop storage|notification|api|security|catalog integration", Op::Destroy, &[Schema, Destroy, Privilege], TargetKind::Host),
    looked("create external volume", Op::Define, &[Schema, NetEgress, FsRead, FsWrite], TargetKind::Host),
    looked("alter external volume", Op::Define, &[Schema, NetEgress, FsRead, FsWrite], TargetKind::Host),
    inert("drop external volume", Op::Destroy, &[Schema, Destroy], TargetKind::Host),
    looked("create git repository", Op::Define, &[Schema, NetEgress, FsRead, CodeExec], TargetKind::Host),
    looked("alter git repository", Op::Define, &[Schema, NetEgress, FsRead, CodeExec], TargetKind::Host),
    inert("drop git repository", Op::Destroy, &[Schema, Destroy], TargetKind::Host),
    looked("create image repository", Op::Define, &[Schema, FsWrite], TargetKind::Other),
    inert("drop image repository", Op::Destroy, &[Schema, Destroy], TargetKind::Other),
    row("create service", Op::Define, &[Schema, CodeExec, NetEgress, Persistence], Names::One(TargetKind::Other), Tail::Code),
    row("alter service", Op::Define, &[Schema, CodeExec, NetEgress, Persistence, Availability], Names::One(TargetKind::Other), Tail::Code),
    inert("drop service", Op::Destroy, &[Schema, Destroy, Availability], TargetKind::Other),
    looked("create external function", Op::Define, &[Schema, CodeExec, NetEgress, Persistence], TargetKind::Function),
    looked("create secure external function", Op::Define, &[Schema, CodeExec, NetEgress, Persistence], TargetKind::Function),
    looked("alter function|procedure", Op::Define, &[Schema, Privilege, CodeExec, NetEgress, Persistence], TargetKind::Function),
    inert("drop function|procedure", Op::Destroy, &[Schema, Destroy], TargetKind::Function),
    looked("create share", Op::Define, &[Schema, Privilege, NetEgress], TargetKind::Other),
    looked("alter share", Op::Grant, &[Privilege, NetEgress], TargetKind::Other),
    inert("drop share", Op::Destroy, &[Schema, Destroy, Privilege], TargetKind::Other),
    looked("create listing", Op::Define, &[Schema, Privilege, NetEgress], TargetKind::Other),
    looked("create external|organization listing", Op::Define, &[Schema, Privilege, NetEgress], TargetKind::Other),
    looked("alter listing", Op::Grant, &[Privilege, NetEgress], TargetKind::Other),
    inert("drop listing", Op::Destroy, &[Schema, Destroy, Privilege], TargetKind::Other),
    looked("create user", Op::Grant, &[Privilege], TargetKind::Role),
    looked("alter user", Op::Grant, &[Privilege, Persistence, ParserState, AuditTamper], TargetKind::Role),
    inert("drop user", Op::Destroy, &[Privilege, Destroy], TargetKind::Role),
    looked("create role", Op::Grant, &[Privilege], TargetKind::Role),
    looked("create database|application role", Op::Grant, &[Privilege], TargetKind::Role),
    looked("alter role", Op::Grant, &[Privilege], TargetKind::Role),
    looked("alter database role", Op::Grant, &[Privilege], TargetKind::Role),
    inert("drop role", Op::Destroy, &[Privilege, Destroy], TargetKind::Role),
    inert("drop database|application role", Op::Destroy, &[Privilege, Destroy], TargetKind::Role),
    looked("create network policy|rule", Op::Grant, &[Privilege, Schema, NetEgress], TargetKind::Other),
    looked("alter network policy|rule", Op::Grant, &[Privilege, Schema, NetEgress], TargetKind::Other),
    inert("drop network policy|rule", Op::Destroy, &[Privilege, Schema, Destroy], TargetKind::Other),
    looked("create authentication|password|session|packages|feature policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    looked("alter authentication|password|session|packages|feature policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    inert("drop authentication|password|session|packages|feature policy", Op::Destroy, &[Privilege, Schema, Destroy], TargetKind::Other),
    looked("create masking|projection|aggregation|join|privacy policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    looked("alter masking|projection|aggregation|join|privacy policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    inert("drop masking|projection|aggregation|join|privacy policy", Op::Destroy, &[Privilege, Schema, Destroy], TargetKind::Other),
    looked("create row access policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    looked("alter row access policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    inert("drop row access policy", Op::Destroy, &[Privilege, Schema, Destroy], TargetKind::Other),
    looked("create storage lifecycle policy", Op::Define, &[Schema, Persistence, Destroy, WriteData], TargetKind::Other),
    looked("create tag", Op::Define, &[Schema], TargetKind::Other),
    looked("alter tag", Op::Define, &[Schema, Privilege], TargetKind::Other),
    inert("drop tag", Op::Destroy, &[Schema, Destroy, Privilege], TargetKind::Other),
    looked("create secret", Op::Define, &[Schema, Privilege], TargetKind::Other),
    looked("alter secret", Op::Define, &[Schema, Privilege], TargetKind::Other),
    inert("drop secret", Op::Destroy, &[Schema, Destroy], TargetKind::Other),
    looked("create sequence", Op::Define, &[Schema], TargetKind::Sequence),
    looked("alter sequence", Op::Define, &[Schema, WriteData], TargetKind::Sequence),
    looked("create external table", Op::Define, &[Schema, NetEgress, FsRead, Persistence], TargetKind::Table),
    looked("alter external table", Op::Define, &[Schema, NetEgress, FsRead], TargetKind::Table),
    looked("create event table", Op::Define, &[Schema], TargetKind::Table),
    inert("drop iceberg|dynamic|external|event|hybrid|interactive table", Op::Destroy, &[Schema, Destroy, WriteData], TargetKind::Table),
    looked("alter dynamic|iceberg|event|hybrid|interactive table", Op::Define, &[Schema, WriteData, Destroy, Availability, Persistence, Privilege], TargetKind::Table),
    row("create streamlit|notebook|application|model", Op::Define, &[Schema, CodeExec, Persistence, NetEgress], Names::One(TargetKind::Other), Tail::Looked),
    looked("alter streamlit|notebook|application|model", Op::Define, &[Schema, CodeExec, Persistence, NetEgress, Privilege], TargetKind::Other),
    inert("drop streamlit|notebook|application|model", Op::Destroy, &[Schema, Destroy], TargetKind::Other),
    looked("create connection|failover|replication", Op::Define, &[Schema, NetEgress, Availability], TargetKind::Host),
    looked("alter connection|failover|replication", Op::Define, &[Schema, NetEgress, Availability, WriteData], TargetKind::Host),
    inert("drop connection|failover|replication", Op::Destroy, &[Schema, Destroy, Availability], TargetKind::Host),
    looked("create account", Op::Define, &[Schema, Privilege], TargetKind::Server),
    row("alter account", Op::Configure, &[Privilege, AuditTamper, ParserState, Availability, NetEgress, Persistence], Names::Some(TargetKind::Server), Tail::Looked),
    inert("drop account", Op::Destroy, &[Schema, Destroy, Availability], TargetKind::Server),
    looked("alter database", Op::Define, &[Schema, Availability, Destroy, NetEgress, Privilege, AuditTamper], TargetKind::Database),
    looked("alter schema", Op::Define, &[Schema, Availability, Destroy, Privilege, AuditTamper], TargetKind::Schema),
    inert("undrop table", Op::Define, &[Schema], TargetKind::Table),
    inert("undrop dynamic|iceberg|external table", Op::Define, &[Schema], TargetKind::Table),
    inert("undrop schema", Op::Define, &[Schema], TargetKind::Schema),
    inert("undrop database", Op::Define, &[Schema], TargetKind::Database),
    inert("undrop account|notebook|snapshot|streamlit|tag|type|integration|listing", Op::Define, &[Schema], TargetKind::Other),
    inert("undrop external volume", Op::Define, &[Schema], TargetKind::Other),
];

/// What holds something that goes when another takes its place: files, rows, how far it was read.
pub(super) const HOLDING: &[&str] = &[
    "create stage",
    "create stream",
    "create sequence",
    "create event table",
    "create image repository",
    "create streamlit|notebook|application|model",
];

/// Statements that the parser covers in some of their forms.
#[rustfmt::skip]
pub(super) const FALLBACKS: &[Head] = &[
    special("create table|view", Special::Table),
    special("create transient|volatile|secure|recursive|dynamic|hybrid|iceberg|interactive|materialized table|view", Special::Table),
    special("create secure materialized|recursive view", Special::Table),
    special("merge", Special::Merge),
    row("grant|revoke", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Inert),
    row("comment", Op::Define, &[Schema], Names::Some(TargetKind::Other), Tail::Inert),
    row("drop", Op::Destroy, &[Schema, Destroy, Privilege, AuditTamper, Availability, WriteData], Names::Some(TargetKind::Other), Tail::Inert),
    looked("alter table|view", Op::Define, &[Schema, WriteData, Destroy, Privilege, AuditTamper, Availability], TargetKind::Table),
    looked("alter materialized view", Op::Define, &[Schema, WriteData, Destroy, Privilege, Availability], TargetKind::Table),
];

impl Walk<'_, '_> {
    pub(super) fn snowflake(&mut self, special: Special) {
        match special {
            Special::CopyInto => self.copy_into(),
            Special::Put => self.put_file(),
            Special::Get => self.get_file(),
            Special::Remove => self.remove_files(),
            Special::List => {
                self.staged(1, Role::Source);
                self.finish(Op::List, "LIST", Extent::Unknown, Outputs::Opaque);
            }
            Special::Use => self.snowflake_use(),
            Special::Describe => self.snowflake_describe(),
            Special::Session => self.alter_session(),
            Special::Set if self.word(0) == "unset" => self.finish_plain(Op::Session, "UNSET"),
            Special::Set => self.set_variables("SET"),
            Special::Immediate => self.immediate(),
            Special::Stored => {
                let verb = format!("EXECUTE {}", self.word(1).to_ascii_uppercase());
                self.runs_stored(&verb, 2);
            }
            Special::Begin => self.plain_transaction(Transaction::Begin),
            Special::Commit => self.plain_transaction(Transaction::Commit),
            Special::Rollback => self.plain_transaction(Transaction::Rollback),
            Special::Script => {
                let verb = self.word(0).to_ascii_uppercase();
                self.script(&verb);
            }
            Special::Procedure => self.created_routine("procedure", "CREATE PROCEDURE"),
            Special::Function => self.created_routine("function", "CREATE FUNCTION"),
            Special::Task => self.create_task(),
            Special::Pipe => self.create_pipe(),
            Special::Table => self.unread_definition(),
            Special::Merge => self.unread_merge(),
            Special::CloneSchema => {
                self.create_container("schema", TargetKind::Schema, "CREATE SCHEMA");
            }
            Special::CloneDatabase => {
                self.create_container("database", TargetKind::Database, "CREATE DATABASE");
            }
        }
    }

    /// Statements in a pipe: `SHOW TABLES ->> SELECT * FROM $1`. Each of them runs.
    pub(in crate::facts::sql) fn piped_statements(&mut self) -> bool {
        let mut depth = 0_usize;
        let mut cuts = Vec::new();
        for at in 0..self.tokens.len() {
            match self.kind(at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                Some(TokenKind::Operator) if depth == 0 && self.operator_at(at, "->>") => {
                    cuts.push(at);
                }
                _ => {}
            }
        }
        if cuts.is_empty() {
            return false;
        }
        let mut start = 0;
        cuts.push(self.tokens.len());
        for cut in cuts {
            let Some(text) = self.slice(start, cut) else {
                self.opaque(Reason::NotParsed);
                return true;
            };
            let facts = nested::read_sql(&self.setting, self.state, &text);
            self.understanding = self.understanding.max(facts.understanding);
            self.reasons.extend(&facts.reasons);
            self.session.extend(facts.session);
            for mut action in facts.actions {
                action.span = self.span;
                self.actions.push(action);
            }
            start = cut.saturating_add(1);
        }
        true
    }

    /// A stage where one must stand; else something that is not known.
    fn staged(&mut self, at: usize, role: Role) -> Option<usize> {
        let end = self.location(at, role);
        if end.is_none() {
            self.place(TargetKind::File, role);
            if role == Role::Sink {
                self.part.may |= NetEgress;
            }
        }
        end
    }

    fn copy_into(&mut self) {
        let Some(from) = self.find(2, "from") else {
            // Only the name of a table: its own stage is loaded.
            let Some((parts, end)) = self.name_at(2) else { return self.unread("COPY INTO") };
            self.loads(parts, end);
            self.stage("%", Role::Source);
            return self.finish(Op::Create, "COPY INTO", Extent::Unknown, Outputs::None);
        };
        let unloads = self.operator_at(2, "@") || self.kind(2) == Some(TokenKind::Text);
        let source = from.saturating_add(1);
        if unloads {
            self.location(2, Role::Sink);
            let extent = self.copied_rows(source);
            let overwrites = (source..self.tokens.len()).any(|at| {
                self.word(at) == "overwrite" && self.word(at.saturating_add(2)) != "false"
            });
            if overwrites {
                self.part.may |= Destroy;
            }
            return self.finish(Op::Stream, "COPY INTO", extent, Outputs::Opaque);
        }
        let Some((parts, _)) = self.name_at(2) else { return self.unread("COPY INTO") };
        let parts = if self.word(2) == "identifier" { Vec::new() } else { parts };
        let end = match self.kind(source) {
            Some(TokenKind::Open) => {
                self.copied_rows(source);
                self.after_brackets(source)
            }
            Some(_) | None => self.staged(source, Role::Source).unwrap_or(source),
        };
        self.loads(parts, end);
        self.finish(Op::Create, "COPY INTO", Extent::Unknown, Outputs::None);
    }

    /// The table that is loaded, and the options behind.
    fn loads(&mut self, parts: Vec<String>, end: usize) {
        if parts.is_empty() {
            self.sink(TargetKind::Table, Path::dynamic());
        } else {
            self.existing(parts, None, Role::Sink);
        }
        self.part.unresolved = true;
        self.part.may |= WriteData;
        let purges = (end..self.tokens.len())
            .any(|at| self.word(at) == "purge" && self.word(at.saturating_add(2)) != "false");
        if purges {
            self.part.may |= Destroy | FsWrite;
        }
        self.copy_options(end);
    }

    fn copy_options(&mut self, at: usize) {
        if !self.plain_from(at) {
            self.part.may = EffectSet::ALL;
            self.head_only();
            self.dynamic_target();
        }
    }

    /// The rows that are unloaded, or loaded by a query: of a table or of a query.
    fn copied_rows(&mut self, at: usize) -> Extent {
        if self.kind(at) == Some(TokenKind::Open) {
            let end = self.after_brackets(at);
            let text = self.slice(at, end).unwrap_or_default();
            let extent = self.takes_query(&text);
            if self.operator_at(2, "@") || self.kind(2) == Some(TokenKind::Text) {
                self.copy_options(end);
            }
            return extent;
        }
        match self.name_at(at) {
            Some((parts, end)) if self.kind(end) != Some(TokenKind::Open) => {
                self.existing(parts, None, Role::Source);
                self.part.unresolved = true;
                self.copy_options(end);
            }
            Some(_) | None => {
                self.source(TargetKind::Table, Path::dynamic());
                self.copy_options(at);
            }
        }
        Extent::All
    }

    fn unread(&mut self, verb: &str) {
        self.anything(Op::Stream, verb);
    }

    fn put_file(&mut self) {
        self.part.may |= FsRead | FsWrite;
        self.place(TargetKind::File, Role::Source);
        // `file:///x` is a comment to the lexer: what stands behind it is not seen.
        match (2..self.tokens.len()).find(|at| self.operator_at(*at, "@")) {
            Some(at) => {
                self.location(at, Role::Sink);
            }
            None => {
                self.head_only();
                self.part.may |= NetEgress;
                self.place(TargetKind::File, Role::Sink);
            }
        }
        self.finish(Op::Stream, "PUT", Extent::Unknown, Outputs::Opaque);
    }

    fn get_file(&mut self) {
        self.staged(1, Role::Source);
        self.part.may |= FsRead | FsWrite;
        self.place(TargetKind::File, Role::Sink);
        self.finish(Op::Stream, "GET", Extent::All, Outputs::Opaque);
    }

    fn remove_files(&mut self) {
        let path = self.operator_at(1, "@")
            && self.text_from(1).is_some_and(|text| {
                text.split_ascii_whitespace()
                    .next()
                    .and_then(|stage| stage.split_once('/'))
                    .is_some_and(|(_, path)| !path.is_empty())
            });
        let some = path || self.find(1, "pattern").is_some();
        if self.staged(1, Role::Object).is_none() {
            self.head_only();
        }
        self.part.may |= FsWrite | Destroy;
        let extent = if some { Extent::Filtered(Vec::new()) } else { Extent::All };
        self.finish(Op::Delete, "REMOVE", extent, Outputs::Opaque);
    }

    fn snowflake_use(&mut self) {
        match self.word(1).as_str() {
            "role" => {
                self.part.may |= Identity;
                let name = self.one_name(2);
                let path = name.clone().map_or_else(Path::dynamic, Path::exact);
                self.object(TargetKind::Role, path);
                let values = name.map(|parts| vec![parts.join(".")]);
                self.set_value("role".to_owned(), values);
                self.finish_plain(Op::Assume, "USE ROLE");
            }
            "secondary" => {
                self.part.may |= Identity;
                match self.one_name(3) {
                    Some(name) if !matches!(name.join(".").as_str(), "all" | "none") => {
                        self.object(TargetKind::Role, Path::exact(name));
                    }
                    Some(_) | None => self.object(TargetKind::Role, Path::dynamic()),
                }
                self.finish_plain(Op::Assume, "USE SECONDARY ROLES");
            }
            "warehouse" => {
                let path = self.one_name(2).map_or_else(Path::dynamic, Path::exact);
                self.object(TargetKind::Other, path);
                self.finish_plain(Op::Session, "USE WAREHOUSE");
            }
            "schema" => self.makes_current(2, "USE SCHEMA"),
            kind => {
                let at = if kind == "database" { 2 } else { 1 };
                self.part.may |= ParserState;
                let path = self.one_name(at).map_or_else(Path::dynamic, Path::exact);
                self.object(TargetKind::Database, path);
                self.session
                    .push(SessionDelta::Setting { name: "search_path".to_owned(), values: None });
                self.state.session.to_mut().search_path = None;
                self.state.path_unknown = true;
                self.finish_plain(Op::Session, "USE DATABASE");
            }
        }
    }

    /// The name at `at`, if nothing stands behind it.
    fn one_name(&self, at: usize) -> Option<Vec<String>> {
        let (parts, end) = self.name_at(at)?;
        (end == self.tokens.len()).then_some(parts)
    }

    fn snowflake_describe(&mut self) {
        let at = match self.word(1).as_str() {
            "table" | "view" => 2,
            "dynamic" | "external" | "event" | "iceberg" | "hybrid" | "materialized" => 3,
            "result" => {
                self.source(TargetKind::Table, Path::dynamic());
                return self.finish(Op::Read, "DESCRIBE", Extent::Unknown, Outputs::Opaque);
            }
            _ if self.plain_from(1)
                || matches!(self.word(1).as_str(), "function" | "procedure") =>
            {
                return self.finish(Op::Read, "DESCRIBE", Extent::Unknown, Outputs::Opaque);
            }
            _ => return self.anything(Op::Read, "DESCRIBE"),
        };
        self.named_object(TargetKind::Table, at);
        self.finish(Op::Read, "DESCRIBE", Extent::Unknown, Outputs::Opaque);
    }

    /// `ALTER SESSION SET a = x, b = y`, `ALTER SESSION UNSET a`.
    fn alter_session(&mut self) {
        let names: Vec<String> = (3..self.tokens.len())
            .filter(|at| self.word(2) == "unset" || self.operator_at(at.saturating_add(1), "="))
            .map(|at| self.word(at))
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            self.part.may |= ParserState | Identity | AuditTamper;
            self.object(TargetKind::Setting, Path::dynamic());
        }
        for name in names {
            self.part.may |= match name.as_str() {
                "search_path"
                | "quoted_identifiers_ignore_case"
                | "multi_statement_count"
                | "noorder_sequence_as_default"
                | "autocommit"
                | "error_on_nondeterministic_merge"
                | "error_on_nondeterministic_update"
                | "transaction_abort_on_error" => EffectSet::from(ParserState),
                "simulated_data_sharing_consumer" | "default_secondary_roles" => Identity.into(),
                "log_level"
                | "trace_level"
                | "metric_level"
                | "event_table"
                | "enable_unredacted_query_syntax_error"
                | "enable_unload_physical_type_optimization" => AuditTamper.into(),
                _ => EffectSet::NONE,
            };
            self.object(TargetKind::Setting, Path::exact([name.as_str()]));
            if matches!(name.as_str(), "search_path" | "quoted_identifiers_ignore_case") {
                self.state.path_unknown = true;
            }
            self.session.push(SessionDelta::Setting { name, values: None });
        }
        self.finish_plain(Op::Session, "ALTER SESSION");
    }

    fn created_routine(&mut self, word: &str, verb: &str) {
        let at = self.find(1, word).map_or(1, |at| at.saturating_add(1));
        let at = self.skip(at, &["if", "not", "exists"]);
        self.routine(verb, at);
    }

    /// `CREATE TASK t … WHEN x AS statement`: the statement runs later, and again and again.
    fn create_task(&mut self) {
        self.named_of("task", TargetKind::Other);
        let body = self.find(1, "as");
        if let Some(when) = self.find(1, "when") {
            let end = body.unwrap_or(self.tokens.len());
            let text = self.slice(when.saturating_add(1), end).unwrap_or_default();
            self.takes_expressions(&text);
        }
        match body.and_then(|at| self.text_from(at.saturating_add(1))).map(str::to_owned) {
            Some(text) => {
                let state = self.state.clone();
                self.code(&text);
                *self.state = state;
            }
            None => self.foreign_code(0),
        }
        self.head_only();
        self.define("CREATE TASK", Schema | CodeExec | Persistence);
    }

    /// `CREATE PIPE p … AS COPY INTO …`: what it loads is loaded whenever files come.
    fn create_pipe(&mut self) {
        self.named_of("pipe", TargetKind::Other);
        let body = self.find(1, "as").and_then(|at| self.text_from(at.saturating_add(1)));
        match body.map(str::to_owned) {
            Some(text) => self.code(&text),
            None => self.foreign_code(0),
        }
        self.head_only();
        self.define("CREATE PIPE", Schema | Persistence | WriteData | FsRead);
    }

    fn named_of(&mut self, word: &str, kind: TargetKind) {
        let at = self.find(1, word).map_or(1, |at| at.saturating_add(1));
        let at = self.skip(at, &["if", "not", "exists"]);
        self.named_object(kind, at);
    }

    /// CREATE SCHEMA and CREATE DATABASE: empty, or a clone, or what another account shares.
    fn create_container(&mut self, word: &str, kind: TargetKind, verb: &str) {
        let at = self.find(1, word).map_or(1, |at| at.saturating_add(1));
        let at = self.skip(at, &["if", "not", "exists"]);
        if self.clones(verb, kind, at) {
            return;
        }
        let after = self.named_object(kind, at).unwrap_or(at);
        if self.word(1) == "or" {
            self.part.may |= Destroy;
        }
        if after < self.tokens.len() {
            self.head_only();
            let far = ["from", "external_volume", "catalog", "of", "linked_catalog"];
            if far.iter().any(|word| self.find(after, word).is_some()) || !self.plain_from(after) {
                self.part.may |= NetEgress | Availability;
                self.dynamic_target();
            }
        }
        self.define(verb, Schema.into());
    }
}
