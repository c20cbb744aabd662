//! BigQuery: "GoogleSQL reference" of its documentation, state of 2025: procedural language, DDL,
//! DCL, EXPORT and LOAD statements.

use super::{Head, Names, Own, Tail, row};
use crate::command::sql::TokenKind;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, TargetKind, Transaction,
};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, FsWrite, NetEgress, Persistence,
    Privilege, ReadData, Schema, WriteData,
};

/// Statements of BigQuery that are read by a function of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Special {
    Declare,
    Set,
    Immediate,
    Begin,
    Commit,
    Rollback,
    Script,
    Leave,
    Assert,
    Raise,
    ExportData,
    ExportModel,
    LoadData,
    Model,
    TableFunction,
    Snapshot,
    RowAccess,
    Schema,
    Table,
    Merge,
    Procedure,
}

const fn special(words: &'static str, special: Special) -> Head {
    row(words, Op::Execute, &[], Names::Nothing, Tail::Own(Own::Bigquery(special)))
}

const fn inert(words: &'static str, op: Op, may: &'static [Effect], kind: TargetKind) -> Head {
    row(words, op, may, Names::One(kind), Tail::Inert)
}

const fn looked(words: &'static str, op: Op, may: &'static [Effect], kind: TargetKind) -> Head {
    row(words, op, may, Names::One(kind), Tail::Looked)
}

/// Statements that are read by their words whatever the parser makes of them.
#[rustfmt::skip]
pub(super) const BIGQUERY: &[Head] = &[
    special("declare", Special::Declare),
    special("set", Special::Set),
    special("execute immediate", Special::Immediate),
    special("begin", Special::Begin),
    special("commit", Special::Commit),
    special("rollback", Special::Rollback),
    special("if|case|loop|while|repeat|for", Special::Script),
    special("leave|break|continue|iterate|return", Special::Leave),
    special("assert", Special::Assert),
    special("raise", Special::Raise),
    special("export data", Special::ExportData),
    special("export model", Special::ExportModel),
    special("export metadata", Special::ExportModel),
    special("load data", Special::LoadData),
    special("create model", Special::Model),
    special("create table function", Special::TableFunction),
    special("create snapshot table", Special::Snapshot),
    special("create row access policy", Special::RowAccess),
    special("create schema", Special::Schema),
    special("create procedure", Special::Procedure),
    inert("alter procedure|function", Op::Define, &[Schema, Privilege], TargetKind::Function),
    inert("drop procedure|function", Op::Destroy, &[Schema, Destroy], TargetKind::Function),
    inert("drop table function", Op::Destroy, &[Schema, Destroy], TargetKind::Function),
    inert("alter model", Op::Define, &[Schema], TargetKind::Table),
    inert("drop model", Op::Destroy, &[Schema, Destroy], TargetKind::Table),
    looked("create external table", Op::Define, &[Schema, NetEgress, FsRead], TargetKind::Table),
    inert("drop external|snapshot table", Op::Destroy, &[Schema, Destroy], TargetKind::Table),
    looked("create external schema", Op::Define, &[Schema, NetEgress], TargetKind::Schema),
    inert("drop external schema", Op::Destroy, &[Schema, Destroy], TargetKind::Schema),
    looked("create connection", Op::Define, &[Schema, NetEgress, Privilege], TargetKind::Host),
    looked("alter connection", Op::Define, &[Schema, NetEgress, Privilege], TargetKind::Host),
    inert("drop connection", Op::Destroy, &[Schema, Destroy], TargetKind::Host),
    looked("create search|vector index", Op::Define, &[Schema, Availability], TargetKind::Index),
    looked("alter search|vector index", Op::Define, &[Schema, Availability], TargetKind::Index),
    inert("drop search|vector index", Op::Destroy, &[Schema, Destroy], TargetKind::Index),
    row("drop row access policy", Op::Destroy, &[Schema, Destroy, Privilege], Names::Some(TargetKind::Table), Tail::Inert),
    row("drop all row access policies", Op::Destroy, &[Schema, Destroy, Privilege], Names::Some(TargetKind::Table), Tail::Inert),
    looked("create capacity|reservation|assignment", Op::Configure, &[Availability, Schema], TargetKind::Server),
    looked("alter capacity|reservation|assignment|bi_capacity", Op::Configure, &[Availability, Schema], TargetKind::Server),
    inert("drop capacity|reservation|assignment", Op::Destroy, &[Availability, Schema, Destroy], TargetKind::Server),
    row("alter project|organization", Op::Configure, &[Availability, AuditTamper, Privilege, Persistence], Names::Some(TargetKind::Server), Tail::Looked),
    looked("alter schema", Op::Define, &[Schema, Availability, Destroy, Privilege], TargetKind::Schema),
    inert("undrop schema", Op::Define, &[Schema], TargetKind::Schema),
    row("grant|revoke", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Inert),
];

/// Statements that the parser covers in some of their forms.
#[rustfmt::skip]
pub(super) const FALLBACKS: &[Head] = &[
    special("create table|view", Special::Table),
    special("create materialized view", Special::Table),
    special("merge", Special::Merge),
    looked("alter table|view", Op::Define, &[Schema, WriteData, Destroy, Privilege, Availability], TargetKind::Table),
    looked("alter materialized view", Op::Define, &[Schema, WriteData, Availability], TargetKind::Table),
    looked("alter column", Op::Define, &[Schema], TargetKind::Table),
    inert("drop materialized view", Op::Destroy, &[Schema, Destroy], TargetKind::Table),
];

/// Every name of a condition is looked up among them; a text with more is not read.
const MAX_VARIABLES: usize = 1024;

impl Walk<'_, '_> {
    pub(super) fn bigquery(&mut self, special: Special) {
        match special {
            Special::Declare => self.declare_variables(),
            Special::Set => self.set_variables("SET"),
            Special::Immediate => self.immediate(),
            Special::Begin => self.plain_transaction(Transaction::Begin),
            Special::Commit => self.plain_transaction(Transaction::Commit),
            Special::Rollback => self.plain_transaction(Transaction::Rollback),
            Special::Script => {
                let verb = self.word(0).to_ascii_uppercase();
                self.script(&verb);
            }
            Special::Leave if self.tokens.len() > 2 => self.opaque(Reason::NotParsed),
            Special::Leave => {
                let verb = self.word(0).to_ascii_uppercase();
                self.finish_plain(Op::Session, &verb);
            }
            Special::Assert => self.assert(),
            Special::Raise => {
                let equals = (1..self.tokens.len()).find(|at| self.operator_at(*at, "="));
                let message = equals.and_then(|at| self.text_from(at.saturating_add(1)));
                if let Some(message) = message.map(str::to_owned) {
                    self.takes_expressions(&message);
                }
                self.finish_plain(Op::Session, "RAISE");
            }
            Special::ExportData => self.export_data(),
            Special::ExportModel => {
                self.place(TargetKind::Host, Role::Sink);
                self.part.may |= FsWrite | NetEgress;
                match self.name_at(2) {
                    Some((parts, _)) => {
                        self.existing(parts, None, Role::Source);
                    }
                    None => self.source(TargetKind::Table, Path::dynamic()),
                }
                self.finish(Op::Stream, "EXPORT MODEL", Extent::All, Outputs::None);
            }
            Special::LoadData => self.load_files(),
            Special::Model => self.create_model(),
            Special::TableFunction => self.create_table_function(),
            Special::Snapshot => self.create_snapshot(),
            Special::RowAccess => self.create_row_access(),
            Special::Procedure => self.create_procedure(),
            Special::Table => self.unread_definition(),
            Special::Merge => self.unread_merge(),
            Special::Schema => {
                let at = self.find(1, "schema").map_or(1, |at| at.saturating_add(1));
                let at = self.skip(at, &["if", "not", "exists"]);
                self.named_object(TargetKind::Schema, at);
                self.define("CREATE SCHEMA", Schema.into());
            }
        }
    }

    /// `DECLARE a, b INT64 DEFAULT x`.
    fn declare_variables(&mut self) {
        let value = self.find(1, "default").map(|at| at.saturating_add(1));
        if let Some(value) = value.and_then(|at| self.text_from(at)).map(str::to_owned) {
            self.takes_expressions(&value);
        }
        let mut at = 1;
        loop {
            let name = self.word(at);
            if self.state.variables.len() >= MAX_VARIABLES {
                self.not_covered();
                break;
            }
            self.state.variables.push(name);
            at = at.saturating_add(1);
            if self.kind(at) != Some(TokenKind::Comma) {
                break;
            }
            at = at.saturating_add(1);
        }
        self.finish_plain(Op::Session, "DECLARE");
    }

    /// `ASSERT x AS 'text'`.
    fn assert(&mut self) {
        let last = self.tokens.len().saturating_sub(2);
        let named =
            self.word(last) == "as" && self.kind(last.saturating_add(1)) == Some(TokenKind::Text);
        let end = if named { last } else { self.tokens.len() };
        let text = self.slice(1, end).unwrap_or_default();
        self.takes_expressions(&text);
        self.finish(Op::Read, "ASSERT", Extent::Unknown, Outputs::None);
    }

    /// `EXPORT DATA [WITH CONNECTION c] OPTIONS (…) AS query`: to a bucket of any cloud, a topic, a
    /// database.
    fn export_data(&mut self) {
        self.part.may |= FsWrite | NetEgress;
        self.place(TargetKind::Host, Role::Sink);
        let query = self.find(2, "as").map(|at| at.saturating_add(1));
        let extent = match query.and_then(|at| self.text_from(at)).map(str::to_owned) {
            Some(text) => self.takes_query(&text),
            None => {
                self.source(TargetKind::Table, Path::dynamic());
                Extent::All
            }
        };
        let options = query.unwrap_or(self.tokens.len());
        let overwrites = (2..options).any(|at| self.word(at) == "overwrite");
        if overwrites {
            self.part.may |= Destroy;
        }
        self.finish(Op::Stream, "EXPORT DATA", extent, Outputs::None);
    }

    /// `LOAD DATA INTO|OVERWRITE [TEMP TABLE] t (…) FROM FILES (…)`.
    fn load_files(&mut self) {
        let overwrites = self.word(2) == "overwrite";
        let mut at = 3;
        for word in ["temp", "temporary", "table"] {
            at = self.skip(at, &[word]);
        }
        match self.name_at(at) {
            Some((parts, _)) => {
                self.existing(parts, None, Role::Sink);
            }
            None => self.sink(TargetKind::Table, Path::dynamic()),
        }
        self.part.unresolved = true;
        self.place(TargetKind::Host, Role::Source);
        self.part.may |= WriteData | FsRead | NetEgress;
        if overwrites {
            self.part.may |= Destroy;
        }
        self.finish(Op::Create, "LOAD DATA", Extent::Unknown, Outputs::None);
    }

    /// `CREATE MODEL m OPTIONS (…) AS query`, `… REMOTE WITH CONNECTION c`.
    fn create_model(&mut self) {
        let at = self.find(1, "model").map_or(1, |at| at.saturating_add(1));
        let at = self.skip(at, &["if", "not", "exists"]);
        let after = match self.name_at(at) {
            Some((parts, after)) => {
                let path = self.made_parts(parts, false);
                self.sink(TargetKind::Table, path);
                after
            }
            None => {
                self.sink(TargetKind::Table, Path::dynamic());
                at
            }
        };
        // TRANSFORM computes; what a model is made of stands behind AS.
        if self.word(after) == "transform" {
            let end = self.after_brackets(after.saturating_add(1));
            let text = self.slice(after.saturating_add(2), end.saturating_sub(1));
            self.takes_expressions(&text.unwrap_or_default());
        }
        let query = self.find(after, "as").and_then(|at| self.text_from(at.saturating_add(1)));
        let extent = match query.map(str::to_owned) {
            // Two queries under names, in brackets.
            Some(text) if text.starts_with('(') && text.contains("training_data") => {
                self.part.may = EffectSet::ALL;
                self.dynamic_target();
                self.head_only();
                Extent::Unknown
            }
            Some(text) => self.takes_query(&text),
            None => Extent::Unknown,
        };
        if self.find(after, "remote").is_some() || self.find(after, "connection").is_some() {
            self.part.may |= NetEgress | CodeExec;
        }
        if self.word(1) == "or" {
            self.part.may |= Destroy;
        }
        // Options name buckets of models that are brought in.
        self.part.may |= Schema | WriteData | FsRead;
        self.finish(Op::Define, "CREATE MODEL", extent, Outputs::None);
    }

    /// `CREATE TABLE FUNCTION f(…) [RETURNS TABLE<…>] AS query`.
    fn create_table_function(&mut self) {
        let at = self.find(1, "function").map_or(1, |at| at.saturating_add(1));
        let at = self.skip(at, &["if", "not", "exists"]);
        self.named_object(TargetKind::Function, at);
        let query = self.find(at, "as").and_then(|at| self.text_from(at.saturating_add(1)));
        match query.map(str::to_owned) {
            Some(text) => {
                self.via.push("create_view");
                self.takes_query(&text);
                self.via.pop();
            }
            None => self.foreign_code(0),
        }
        self.define("CREATE TABLE FUNCTION", Schema | CodeExec | Persistence);
    }

    /// `CREATE PROCEDURE p(…) BEGIN … END`.
    fn create_procedure(&mut self) {
        let at = self.find(1, "procedure").map_or(1, |at| at.saturating_add(1));
        let at = self.skip(at, &["if", "not", "exists"]);
        self.named_object(TargetKind::Function, at);
        // Arguments are variables.
        let state = self.state.clone();
        let open = (at..self.tokens.len()).find(|at| self.kind(*at) == Some(TokenKind::Open));
        let open = open.unwrap_or(at);
        let arguments = (open..self.after_brackets(open)).map(|at| self.word(at));
        let arguments: Vec<String> = arguments.filter(|name| !name.is_empty()).collect();
        if arguments.len() > MAX_VARIABLES {
            self.not_covered();
        }
        self.state.variables.extend(arguments.into_iter().take(MAX_VARIABLES));
        let body = self.find(at, "begin").filter(|_| self.find(at, "language").is_none());
        match body.and_then(|at| self.text_from(at)).map(str::to_owned) {
            Some(text) => self.code(&text),
            None => self.foreign_code(0),
        }
        *self.state = state;
        self.head_only();
        self.define("CREATE PROCEDURE", Schema | CodeExec | Persistence);
    }

    fn create_snapshot(&mut self) {
        let at = self.find(1, "table").map_or(1, |at| at.saturating_add(1));
        let at = self.skip(at, &["if", "not", "exists"]);
        let Some((new, after)) = self.name_at(at) else {
            return self.anything(Op::Define, "CREATE SNAPSHOT TABLE");
        };
        let Some((old, end)) = self.after(after, &["clone"]).and_then(|at| self.name_at(at)) else {
            return self.anything(Op::Define, "CREATE SNAPSHOT TABLE");
        };
        self.existing(old, None, Role::Source);
        self.part.unresolved = true;
        let path = self.made_parts(new, false);
        self.sink(TargetKind::Table, path);
        if let Some(time) = self.after(end, &["for", "system_time", "as", "of"]) {
            let stop = self.find(time, "options").unwrap_or(self.tokens.len());
            let text = self.slice(time, stop).unwrap_or_default();
            self.takes_expressions(&text);
        }
        self.part.may |= Schema | WriteData | ReadData;
        self.finish(Op::Define, "CREATE SNAPSHOT TABLE", Extent::All, Outputs::None);
    }

    /// `CREATE ROW ACCESS POLICY p ON t GRANT TO (…) FILTER USING (x)`.
    fn create_row_access(&mut self) {
        match self.find(1, "on").and_then(|at| self.name_at(at.saturating_add(1))) {
            Some((parts, _)) => {
                let path = self.named_parts(parts).path;
                self.object(TargetKind::Table, path);
            }
            None => self.object(TargetKind::Table, Path::dynamic()),
        }
        let filter = self.find(1, "using").and_then(|at| self.text_from(at.saturating_add(1)));
        if let Some(filter) = filter.map(str::to_owned) {
            self.takes_expressions(&filter);
        }
        self.part.may |= Privilege;
        self.define("CREATE ROW ACCESS POLICY", Schema.into());
    }
}
