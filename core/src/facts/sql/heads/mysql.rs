//! MySQL and MariaDB: sql/sql_yacc.yy of MySQL 8.4 and MariaDB 10.11.

use super::{Head, Names, Own, Tail, row, shows};
use crate::command::sql::TokenKind;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, Target, TargetKind, Transaction,
};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, FsWrite, Identity, NetEgress,
    ParserState, Persistence, Privilege, ReadData, Schema, SecretRead, WriteData,
};

/// A row of maintenance, whose outcome comes back as rows.
const fn status(
    words: &'static str,
    op: Op,
    may: &'static [Effect],
    names: Names,
    tail: Tail,
) -> Head {
    Head { rows: true, ..row(words, op, may, names, tail) }
}

/// What both servers have.
#[rustfmt::skip]
pub(super) const COMMON: &[Head] = &[
    shows("show", &[]),
    shows("show create user", &[SecretRead]),
    Head { tail: Tail::Own(Own::ShowCreate), ..shows("show create table|view|sequence", &[]) },
    shows("show grants", &[]),
    shows("show processlist", &[SecretRead]),
    shows("show binlog|relaylog events", &[ReadData]),
    shows("show slave|replica|all status", &[]),
    shows("help", &[]),
    shows("checksum table|tables", &[ReadData]),
    shows("check table|tables|view", &[]),
    shows("get diagnostics|stacked|current", &[]),
    row("signal", Op::Session, &[], Names::Nothing, Tail::Looked),
    row("resignal", Op::Session, &[], Names::Nothing, Tail::Looked),
    row("table", Op::Read, &[], Names::Nothing, Tail::Own(Own::Table)),
    row("use", Op::Session, &[], Names::Nothing, Tail::Current),
    row("do", Op::Read, &[], Names::Nothing, Tail::Expression),
    row("explain for", Op::Read, &[SecretRead], Names::Nothing, Tail::Inert),
    row("begin", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Begin)),
    row("start transaction", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Begin)),
    row("commit", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Commit)),
    row("rollback", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Rollback)),
    row("savepoint", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Savepoint)),
    row("release savepoint", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Savepoint)),
    row("xa begin|start|end|prepare", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Begin)),
    row("xa commit", Op::Txn, &[Availability], Names::Nothing, Tail::Step(Transaction::Commit)),
    row("xa rollback", Op::Txn, &[Availability], Names::Nothing, Tail::Step(Transaction::Rollback)),
    shows("xa recover", &[]),
    row("prepare", Op::Session, &[], Names::Nothing, Tail::Own(Own::Prepare)),
    row("execute", Op::Execute, &[], Names::Nothing, Tail::Own(Own::Execute)),
    row("deallocate|drop prepare", Op::Session, &[], Names::Nothing, Tail::Own(Own::Deallocate)),
    row("handler", Op::Read, &[], Names::Nothing, Tail::Own(Own::Handler)),
    row("load data|xml", Op::Create, &[], Names::Nothing, Tail::Own(Own::LoadData)),
    row("load index into cache", Op::Configure, &[Availability], Names::Some(TargetKind::Table), Tail::Inert),
    row("cache index", Op::Configure, &[Availability], Names::Some(TargetKind::Table), Tail::Inert),
    status("analyze table|tables", Op::Configure, &[Availability], Names::One(TargetKind::Table), Tail::Inert),
    status("optimize table|tables", Op::Configure, &[Availability], Names::One(TargetKind::Table), Tail::Inert),
    status("repair table|tables|view", Op::Configure, &[Availability, WriteData, Destroy], Names::One(TargetKind::Table), Tail::Inert),
    row("lock table|tables", Op::Configure, &[Availability], Names::One(TargetKind::Table), Tail::Inert),
    row("unlock table|tables", Op::Configure, &[], Names::Nothing, Tail::Inert),
    row("flush", Op::Configure, &[Availability, Privilege], Names::Some(TargetKind::Server), Tail::Inert),
    row("flush logs|log", Op::Configure, &[Availability, AuditTamper], Names::Some(TargetKind::Server), Tail::Inert),
    row("flush binary|engine|error|general|slow|relay logs", Op::Configure, &[Availability, AuditTamper], Names::Some(TargetKind::Server), Tail::Inert),
    row("reset", Op::Configure, &[Availability, Destroy, AuditTamper, ParserState], Names::Some(TargetKind::Server), Tail::Inert),
    row("purge binary|master logs", Op::Destroy, &[Availability, Destroy, AuditTamper], Names::Some(TargetKind::Server), Tail::Looked),
    row("kill", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Looked),
    row("shutdown", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("install plugin|component|soname", Op::Define, &[CodeExec, Persistence, Schema, Availability], Names::One(TargetKind::Extension), Tail::Inert),
    row("uninstall plugin|component|soname", Op::Destroy, &[Destroy, Schema, Availability, AuditTamper], Names::One(TargetKind::Extension), Tail::Inert),
    row("create user", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("create role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("alter user", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("rename user", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("drop user|role", Op::Destroy, &[Privilege, Destroy], Names::One(TargetKind::Role), Tail::Inert),
    row("grant", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Own(Own::Grant)),
    row("revoke", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Own(Own::Grant)),
    row("set password", Op::Grant, &[Privilege], Names::Some(TargetKind::Role), Tail::Inert),
    row("set default role", Op::Grant, &[Privilege, Persistence], Names::Some(TargetKind::Role), Tail::Inert),
    row("set role", Op::Assume, &[Identity, Privilege], Names::Some(TargetKind::Role), Tail::Inert),
    row("set resource group", Op::Configure, &[Availability], Names::Some(TargetKind::Other), Tail::Inert),
    row("set global transaction", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("set character|charset", Op::Session, &[], Names::Nothing, Tail::Own(Own::SetCharset)),
    row("set transaction", Op::Session, &[], Names::Nothing, Tail::Own(Own::SetTransaction)),
    row("create event", Op::Define, &[], Names::Nothing, Tail::Own(Own::CreateProgram)),
    row("alter event", Op::Define, &[], Names::Nothing, Tail::Own(Own::CreateProgram)),
    row("drop event", Op::Destroy, &[Schema, Destroy, AuditTamper], Names::One(TargetKind::Trigger), Tail::Inert),
    row("create trigger", Op::Define, &[], Names::Nothing, Tail::Own(Own::CreateProgram)),
    row("drop trigger", Op::Destroy, &[Schema, Destroy, AuditTamper], Names::One(TargetKind::Trigger), Tail::Inert),
    row("create procedure|function", Op::Define, &[], Names::Nothing, Tail::Own(Own::CreateProgram)),
    row("alter procedure|function", Op::Define, &[Schema, Privilege], Names::One(TargetKind::Function), Tail::Inert),
    row("drop procedure|function", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Function), Tail::Inert),
    row("create server", Op::Define, &[Schema, NetEgress, Persistence], Names::One(TargetKind::Host), Tail::Inert),
    row("alter server", Op::Define, &[Schema, NetEgress, Persistence], Names::One(TargetKind::Host), Tail::Inert),
    row("drop server", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Host), Tail::Inert),
    row("create database|schema", Op::Define, &[Schema], Names::One(TargetKind::Schema), Tail::Inert),
    row("alter database|schema", Op::Define, &[Schema, Availability], Names::One(TargetKind::Schema), Tail::Inert),
    row("drop database|schema", Op::Destroy, &[Schema, Destroy, WriteData], Names::One(TargetKind::Schema), Tail::Inert),
    row("create tablespace|undo", Op::Define, &[Schema, FsWrite, FsRead], Names::Some(TargetKind::File), Tail::Inert),
    row("create logfile group", Op::Define, &[Schema, FsWrite], Names::Some(TargetKind::File), Tail::Inert),
    row("alter tablespace|undo|logfile", Op::Define, &[Schema, FsWrite, Availability], Names::Some(TargetKind::File), Tail::Inert),
    row("drop tablespace|undo|logfile", Op::Destroy, &[Schema, FsWrite, Destroy], Names::Some(TargetKind::File), Tail::Inert),
    row("rename table|tables", Op::Define, &[Schema, Availability], Names::One(TargetKind::Table), Tail::Inert),
    row("change master", Op::Configure, &[NetEgress, Persistence, WriteData, CodeExec, Availability], Names::Some(TargetKind::Host), Tail::Inert),
    row("change replication", Op::Configure, &[NetEgress, Persistence, WriteData, CodeExec, Availability], Names::Some(TargetKind::Host), Tail::Inert),
    row("start|stop slave|replica|group_replication|all", Op::Configure, &[NetEgress, WriteData, Availability, Persistence], Names::Some(TargetKind::Server), Tail::Inert),
    row("binlog", Op::Execute, &[CodeExec, WriteData, Destroy, Schema, Privilege], Names::Some(TargetKind::Other), Tail::Code),
];

/// What MySQL has alone.
#[rustfmt::skip]
pub(super) const MYSQL: &[Head] = &[
    row("restart", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("clone", Op::Configure, &[NetEgress, FsWrite, Destroy, WriteData, Availability], Names::Some(TargetKind::Host), Tail::Inert),
    row("import table", Op::Create, &[FsRead, Schema, WriteData], Names::Some(TargetKind::File), Tail::Inert),
    row("lock instance", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("unlock instance", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("alter instance", Op::Configure, &[Availability, Persistence], Names::Some(TargetKind::Server), Tail::Inert),
    row("create resource group", Op::Define, &[Schema, Availability], Names::Some(TargetKind::Other), Tail::Inert),
    row("alter resource group", Op::Define, &[Schema, Availability], Names::Some(TargetKind::Other), Tail::Inert),
    row("drop resource group", Op::Destroy, &[Schema, Destroy], Names::Some(TargetKind::Other), Tail::Inert),
    row("create spatial reference system", Op::Define, &[Schema], Names::Some(TargetKind::Other), Tail::Inert),
    row("drop spatial reference system", Op::Destroy, &[Schema, Destroy], Names::Some(TargetKind::Other), Tail::Inert),
    row("explain|desc|describe analyze", Op::Execute, &[], Names::Nothing, Tail::Statement),
];

/// What MariaDB has alone.
#[rustfmt::skip]
pub(super) const MARIADB: &[Head] = &[
    row("analyze", Op::Execute, &[], Names::Nothing, Tail::Own(Own::AnalyzeStatement)),
    row("begin not atomic", Op::Execute, &[], Names::Nothing, Tail::Own(Own::Compound)),
    row("if|case|loop|while|repeat|for", Op::Execute, &[], Names::Nothing, Tail::Own(Own::Compound)),
    row("backup stage|lock|unlock", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("create sequence", Op::Define, &[Schema], Names::One(TargetKind::Sequence), Tail::Inert),
    row("alter sequence", Op::Define, &[Schema, WriteData], Names::One(TargetKind::Sequence), Tail::Inert),
    row("drop sequence", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Sequence), Tail::Inert),
    row("create package", Op::Define, &[Schema, CodeExec, Persistence], Names::One(TargetKind::Function), Tail::Code),
    row("drop package", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Function), Tail::Inert),
    row("execute immediate", Op::Execute, &[], Names::Nothing, Tail::Own(Own::ExecuteImmediate)),
    row("set statement", Op::Execute, &[], Names::Nothing, Tail::Own(Own::SetStatement)),
    shows("show explain|analyze", &[SecretRead]),
];

impl Walk<'_, '_> {
    /// Whether what follows SHOW is a plain WHERE, which is read here, or an account.
    pub(super) fn mysql_shows_plainly(&mut self, at: usize) -> bool {
        if let Some(condition) = self.find(1, "where")
            && self.plain_from_to(at, condition)
        {
            let condition = self.text_from(condition).unwrap_or_default();
            let text = format!("SELECT 1 FROM information_schema.tables {condition}");
            let facts = crate::facts::sql::nested::read_sql(&self.setting, self.state, &text);
            let [action] = facts.actions.as_slice() else { return false };
            if facts.understanding != crate::facts::Understanding::Full || facts.writes() {
                return false;
            }
            self.part.calls.extend(action.calls.iter().cloned());
            let shown = Path::exact(["information_schema", "tables"]);
            for target in action.targets.iter().filter(|target| target.path != shown) {
                self.part.may |= action.may;
                self.target(target.clone());
            }
            return true;
        }
        let account = self.find(1, "for").map(|found| found.saturating_add(1));
        matches!(self.word(1).as_str(), "grants" | "create")
            && account.is_some_and(|from| {
                (from..self.tokens.len()).all(|at| match self.kind(at) {
                    Some(TokenKind::Open) => {
                        self.kind(at.saturating_add(1)) == Some(TokenKind::Close)
                            && self.word(at.saturating_sub(1)) == "current_user"
                    }
                    Some(TokenKind::Operator) => self.operator_at(at, "@"),
                    Some(TokenKind::Semicolon | TokenKind::Dot | TokenKind::Number) | None => false,
                    Some(
                        TokenKind::Word
                        | TokenKind::QuotedName
                        | TokenKind::Text
                        | TokenKind::Placeholder
                        | TokenKind::Close
                        | TokenKind::Comma,
                    ) => true,
                })
            })
    }

    /// Whether nothing runs in the tokens from one place to another.
    fn plain_from_to(&self, from: usize, to: usize) -> bool {
        (from..to).all(|at| {
            matches!(
                self.kind(at),
                Some(TokenKind::Word | TokenKind::QuotedName | TokenKind::Dot | TokenKind::Text)
            )
        })
    }

    /// `SET [GLOBAL|SESSION] TRANSACTION …`, as SET of the variables does.
    pub(super) fn mysql_set_transaction(&mut self) {
        if (1..self.tokens.len()).any(|at| self.after(at, &["read", "write"]).is_some()) {
            self.part.may |= ParserState;
        }
        if self.word(1) == "global" {
            // Every session's, from now on.
            self.part.may |= Availability | Persistence;
            self.object(TargetKind::Server, Path::dynamic());
            return self.finish_plain(Op::Configure, "SET GLOBAL TRANSACTION");
        }
        self.finish_plain(Op::Session, "SET TRANSACTION");
    }

    /// `SHOW CREATE TABLE t`: how it was made.
    pub(super) fn mysql_show_create(&mut self) {
        match self.name_at(3) {
            Some((name, after)) if after == self.tokens.len() => {
                let path = self.named_parts(name).path;
                self.object(TargetKind::Table, path);
            }
            Some(_) | None => return self.opaque(Reason::NotParsed),
        }
        self.finish(Op::Read, "SHOW", Extent::Unknown, Outputs::Opaque);
    }

    /// `PREPARE s FROM 'text'`, or from a variable, whose text nobody sees.
    pub(super) fn mysql_prepare(&mut self) {
        let name = self.name_at(1).and_then(|(mut parts, _)| parts.pop()).unwrap_or_default();
        let from = self.find(1, "from").map(|at| at.saturating_add(1));
        let text = from.filter(|at| at.saturating_add(1) == self.tokens.len());
        let text = text.and_then(|at| self.text_at(at));
        if let Some(text) = &text {
            // It has not run yet.
            let state = self.state.clone();
            self.via.push("prepare");
            self.code(text);
            self.via.pop();
            *self.state = state;
        } else if from.is_none_or(|at| !self.plain_from(at)) {
            self.part.may = EffectSet::ALL;
            self.opaque(Reason::DynamicCode);
        }
        if let Some(prepared) = &mut self.state.session.to_mut().prepared {
            match text {
                Some(text) => prepared.insert(name.clone(), text),
                None => prepared.remove(&name),
            };
        }
        self.session.push(crate::facts::SessionDelta::Prepared(name));
        self.finish_plain(Op::Session, "PREPARE");
    }

    /// `EXECUTE s USING @a`.
    pub(super) fn mysql_execute(&mut self) {
        let name = self.name_at(1).and_then(|(mut parts, _)| parts.pop());
        let plain = self.plain_from(2) || self.word(2) == "using";
        if !plain {
            self.opaque(Reason::DynamicCode);
        }
        self.execute(name);
    }

    pub(super) fn mysql_deallocate(&mut self) {
        let name = self.name_at(2).and_then(|(mut parts, _)| parts.pop()).unwrap_or_default();
        if let Some(prepared) = &mut self.state.session.to_mut().prepared {
            prepared.remove(&name);
        }
        self.session.push(crate::facts::SessionDelta::Deallocated(Some(name)));
        self.finish_plain(Op::Session, "DEALLOCATE");
    }

    /// `EXECUTE IMMEDIATE 'text'`, or of an expression.
    pub(super) fn mariadb_immediate(&mut self) {
        let using = self.find(2, "using").unwrap_or(self.tokens.len());
        match self.text_at(2).filter(|_| using == 3) {
            Some(text) => self.code(&text),
            None => {
                self.opaque(Reason::DynamicCode);
                self.part.may = EffectSet::ALL;
            }
        }
        self.finish(Op::Execute, "EXECUTE IMMEDIATE", Extent::Unknown, Outputs::Opaque);
    }

    /// `ANALYZE SELECT …` runs the statement.
    pub(super) fn mariadb_analyze(&mut self) {
        let mut at = 1;
        if self.word(at) == "format" {
            at = at.saturating_add(3);
        }
        let text = self.text_from(at).map(str::to_owned);
        match text {
            Some(text) => self.code(&text),
            None => self.opaque(Reason::NotParsed),
        }
        self.finish(Op::Execute, "ANALYZE", Extent::Unknown, Outputs::Opaque);
    }

    /// `HANDLER t OPEN`, `HANDLER t READ …`: rows of a table without a SELECT.
    pub(super) fn mysql_handler(&mut self) {
        let Some((parts, at)) = self.name_at(1) else { return self.opaque(Reason::NotParsed) };
        self.existing(parts, None, Role::Source);
        self.part.unresolved = true;
        let verb = self.word(at);
        if verb == "read" {
            if !self.plain_from(at) {
                self.part.may = EffectSet::ALL;
                self.head_only();
                self.dynamic_target();
            }
            // The name is a handler's, which may stand for another table.
            self.source(TargetKind::Table, Path::dynamic());
            return self.finish(Op::Read, "HANDLER READ", Extent::Unknown, Outputs::Opaque);
        }
        self.finish(Op::Read, "HANDLER", Extent::Unknown, Outputs::None);
    }

    /// `LOAD DATA [LOCAL] INFILE 'f' [REPLACE] INTO TABLE t …`.
    pub(super) fn mysql_load(&mut self) {
        let into = self.find(2, "into").unwrap_or(self.tokens.len());
        let at = self.skip(into.saturating_add(1), &["table"]);
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        self.part.may |= WriteData | FsRead;
        if (2..into).any(|at| self.word(at) == "replace") {
            self.part.may |= Destroy;
        }
        self.place(TargetKind::File, Role::Source);
        self.existing(parts, None, Role::Sink);
        self.part.unresolved = true;
        // `SET c = expression`, and a list of variables, which is no call.
        if self.find(after, "set").is_some() {
            self.head_only();
            self.dynamic_target();
            self.part.may = EffectSet::ALL;
        }
        self.finish(Op::Create, "LOAD DATA", Extent::Unknown, Outputs::None);
    }

    /// `SET STATEMENT a = 1 FOR …`: settings that hold for one statement.
    pub(super) fn mariadb_set_statement(&mut self) {
        let end = self.find(2, "for");
        let mode = (2..end.unwrap_or(self.tokens.len())).any(|at| self.word(at) == "sql_mode");
        let Some(rest) = end.and_then(|at| self.text_from(at.saturating_add(1))) else {
            return self.opaque(Reason::NotParsed);
        };
        let text = rest.to_owned();
        let settings = (2..end.unwrap_or(2)).all(|at| self.kind(at) != Some(TokenKind::Open));
        if mode || !settings {
            // It is read under a mode that only holds for it, or computes its settings.
            self.opaque(Reason::ParserStateUnknown);
            self.part.may = EffectSet::ALL;
        } else {
            self.code(&text);
        }
        self.part.may |= ParserState;
        self.finish(Op::Execute, "SET STATEMENT", Extent::Unknown, Outputs::Opaque);
    }

    /// `BEGIN NOT ATOMIC … END`, and control flow outside of stored programs.
    pub(super) fn mysql_compound(&mut self) {
        let names = self.program_names(0);
        let mut read = false;
        self.with_variables(names.iter(), |walk| read = walk.program_runs(0));
        if !read {
            self.foreign_code(self.span.len());
            self.dynamic_target();
        }
        self.part.may |= CodeExec;
        self.finish(Op::Execute, "BEGIN", Extent::Unknown, Outputs::Opaque);
    }

    /// CREATE of a procedure, function, trigger or event, with its body.
    pub(super) fn mysql_program(&mut self) {
        let kinds = ["procedure", "function", "trigger", "event"];
        let found = (1..self.tokens.len()).find(|at| kinds.contains(&self.word(*at).as_str()));
        let Some(at) = found else { return self.opaque(Reason::NotParsed) };
        let kind = self.word(at);
        let verb = format!("{} {kind}", self.word(0)).to_ascii_uppercase();
        let name = self.skip(at.saturating_add(1), &["if", "not", "exists"]);
        let target = if matches!(kind.as_str(), "procedure" | "function") {
            TargetKind::Function
        } else {
            TargetKind::Trigger
        };
        let after = self.named_object(target, name).unwrap_or(name);
        let body = match kind.as_str() {
            "trigger" => self.trigger_body(after),
            "event" => self.find(after, "do").map(|at| at.saturating_add(1)),
            _ => self.routine_body(after),
        };
        self.head_only();
        let names = self.program_names(after);
        let mut read = false;
        if let Some(body) = body {
            self.with_variables(names.iter(), |walk| read = walk.program(body));
        }
        if !read {
            self.foreign_code(self.span.len());
        }
        self.dynamic_target();
        let may = Schema | CodeExec;
        self.define(&verb, may | Persistence);
    }

    /// Where a trigger's body begins; the table that it watches is acted on.
    fn trigger_body(&mut self, at: usize) -> Option<usize> {
        let on = self.find(at, "on")?.saturating_add(1);
        self.named_object(TargetKind::Table, on)?;
        let row = self.find(on, "row")?.saturating_add(1);
        let follows = matches!(self.word(row).as_str(), "follows" | "precedes");
        if follows {
            self.name_at(row.saturating_add(1)).map(|(_, after)| after)
        } else {
            Some(row)
        }
    }

    /// Where the body of a procedure or function begins: behind its parameters, the type that it
    /// returns and its characteristics.
    fn routine_body(&self, at: usize) -> Option<usize> {
        let close = |open: usize| {
            let mut depth = 0_usize;
            (open..self.tokens.len()).find(|at| {
                match self.kind(*at) {
                    Some(TokenKind::Open) => depth = depth.saturating_add(1),
                    Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0
            })
        };
        if self.kind(at) != Some(TokenKind::Open) {
            return None;
        }
        let mut at = close(at)?.saturating_add(1);
        if self.word(at) == "returns" {
            at = at.saturating_add(2);
            if self.kind(at) == Some(TokenKind::Open) {
                at = close(at)?.saturating_add(1);
            }
        }
        loop {
            at = match self.word(at).as_str() {
                "unsigned" | "signed" | "zerofill" | "deterministic" | "precision" | "varying" => {
                    at.saturating_add(1)
                }
                "charset" | "collate" | "comment" | "language" => at.saturating_add(2),
                "character" => at.saturating_add(3),
                "not" if self.word(at.saturating_add(1)) == "deterministic" => at.saturating_add(2),
                "contains" | "no" if self.word(at.saturating_add(1)) == "sql" => {
                    at.saturating_add(2)
                }
                "reads" | "modifies" => at.saturating_add(3),
                "sql" if self.word(at.saturating_add(1)) == "security" => at.saturating_add(3),
                "aggregate" => return None,
                _ => return Some(at).filter(|at| *at < self.tokens.len()),
            };
        }
    }

    /// `SELECT … INTO OUTFILE 'f' …`: the query without the clause, and a file.
    pub(in crate::facts::sql) fn writes_file(&mut self) -> bool {
        let into = (0..self.tokens.len()).find(|at| {
            self.word(*at) == "into"
                && matches!(self.word(at.saturating_add(1)).as_str(), "outfile" | "dumpfile")
                && self.kind(at.saturating_add(2)) == Some(TokenKind::Text)
        });
        let Some(into) = into else { return false };
        // Options of the file are words and texts; a clause that goes on ends them.
        let rest = (into.saturating_add(3)..self.tokens.len())
            .find(|at| BEHIND_INTO.contains(&self.word(*at).as_str()));
        let before = self.text_until(into);
        let behind = rest.and_then(|at| self.text_from(at)).unwrap_or_default();
        let query = format!("{before} {behind}");
        let facts = super::super::nested::read_sql(&self.setting, self.state, &query);
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(&facts.reasons);
        for mut action in facts.actions {
            action.op = Op::Stream;
            action.outputs = Outputs::None;
            action.may |= FsWrite;
            action.span = self.span;
            action.targets.push(Target {
                kind: TargetKind::File,
                path: Path::dynamic(),
                role: Role::Sink,
                columns: crate::facts::Columns::Any,
            });
            self.actions.push(action);
        }
        true
    }

    /// GRANT and REVOKE: of rights on things, or of roles.
    pub(super) fn mysql_grant(&mut self) {
        let verb = self.word(0).to_ascii_uppercase();
        self.head_only();
        self.part.may |= Privilege;
        match self.find(1, "on") {
            Some(on) => {
                let mut at = on.saturating_add(1);
                for kind in ["table", "function", "procedure", "package"] {
                    at = self.skip(at, &[kind]);
                }
                self.granted_on(at);
            }
            None => {
                self.named_object(TargetKind::Role, 1);
            }
        }
        self.dynamic_target();
        self.finish_plain(Op::Grant, &verb);
    }

    /// The table that rights are given on; `*.*` is any.
    fn granted_on(&mut self, at: usize) {
        match self.name_at(at) {
            Some((parts, _)) => {
                let path = self.named_parts(parts).path;
                self.object(TargetKind::Table, path);
            }
            None => self.object(TargetKind::Table, Path::dynamic()),
        }
    }

    /// The options of a table: some engines keep it on another server or in a file of their own.
    pub(in crate::facts::sql) fn mysql_table_options(&mut self) {
        let mut depth = 0_usize;
        for at in 0..self.tokens.len() {
            match self.kind(at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > 0 {
                continue;
            }
            match self.word(at).as_str() {
                // The rest is the query; behind a dot such a word is a name.
                "select" | "values"
                    if at.checked_sub(1).and_then(|dot| self.kind(dot)) != Some(TokenKind::Dot) =>
                {
                    break;
                }
                "engine" | "type" => {
                    let mut value = at.saturating_add(1);
                    if self.kind(value) == Some(TokenKind::Operator) {
                        value = value.saturating_add(1);
                    }
                    let engine = self.name_at(value).and_then(|(mut parts, _)| parts.pop());
                    let engine = engine.or_else(|| self.text_at(value)).unwrap_or_default();
                    if !LOCAL_ENGINES.contains(&engine.to_ascii_lowercase().as_str()) {
                        let reach = NetEgress | FsRead | FsWrite;
                        self.part.may |= reach | CodeExec;
                        self.dynamic_target();
                    }
                }
                "connection" => {
                    self.part.may |= NetEgress;
                    self.place(TargetKind::Host, Role::Object);
                }
                "directory" => {
                    self.part.may |= FsRead | FsWrite;
                    self.place(TargetKind::File, Role::Object);
                }
                "union" => self.dynamic_target(),
                _ => {}
            }
        }
    }
}

/// Clauses that may stand behind `INTO OUTFILE`.
const BEHIND_INTO: &[&str] =
    &["from", "where", "group", "having", "order", "limit", "for", "lock", "union", "procedure"];

/// Engines that keep their tables in the server's own files.
const LOCAL_ENGINES: &[&str] = &[
    "archive",
    "aria",
    "blackhole",
    "heap",
    "innodb",
    "isam",
    "memory",
    "myisam",
    "ndb",
    "ndbcluster",
    "rocksdb",
    "tokudb",
];
