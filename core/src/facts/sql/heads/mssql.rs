//! SQL Server and Azure SQL: Transact-SQL reference, "Statements".
//!
//! Statements need no separator, so a row's rest is looked through for words that begin another
//! statement; one that should have been cut makes the whole unknown.

use super::{Head, Names, Own, Tail, row};
use crate::command::sql::TokenKind;
use crate::facts::sql::flow;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, SessionDelta, TargetKind,
    Transaction, Understanding,
};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, FsWrite, Identity, NetEgress,
    ParserState, Persistence, Privilege, ReadData, Schema, SecretRead, WriteData,
};

/// Statements that are read by a function of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Tsql {
    Exec,
    Declare,
    Set,
    Use,
    Condition,
    Print,
    Return,
    Raise,
    Throw,
    WaitFor,
    Words,
    Rights,
    BulkInsert,
    Table,
    Index,
    Dbcc,
    Drop,
    Open,
    Fetch,
    Close,
    Module,
}

#[rustfmt::skip]
pub(super) const MSSQL: &[Head] = &[
    row("exec|execute", Op::Execute, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Exec))),
    row("declare", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Declare))),
    row("set", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Set))),
    row("use", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Use))),
    row("if|while", Op::Read, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Condition))),
    row("print", Op::Read, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Print))),
    row("return", Op::Read, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Return))),
    row("raiserror", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Raise))),
    row("throw", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Throw))),
    row("waitfor", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::WaitFor))),
    row("break", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Words))),
    row("continue", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Words))),
    row("goto", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Words))),
    row("grant|revoke|deny", Op::Grant, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Rights))),
    row("bulk insert", Op::Create, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::BulkInsert))),
    row("create|alter table", Op::Define, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Table))),
    row("create index", Op::Define, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Index))),
    row("create unique", Op::Define, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Index))),
    row("create clustered|nonclustered|columnstore", Op::Define, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Index))),
    row("create primary|xml|spatial|fulltext|json|vector|selective", Op::Define, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Index))),
    row("dbcc", Op::Configure, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Dbcc))),
    row("open", Op::Read, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Open))),
    row("open symmetric|master", Op::Session, &[SecretRead, ParserState], Names::Some(TargetKind::Other), Tail::Inert),
    row("fetch", Op::Read, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Fetch))),
    row("close|deallocate", Op::Session, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Close))),
    row("close symmetric|master|all", Op::Session, &[ParserState], Names::Some(TargetKind::Other), Tail::Inert),
    row("create|alter procedure|proc|function|trigger", Op::Define, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Module))),
    row("create or alter procedure|proc|function|trigger", Op::Define, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Module))),
    row("begin tran|transaction|distributed", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Begin)),
    row("commit", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Commit)),
    row("rollback", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Rollback)),
    row("save tran|transaction", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Savepoint)),
    row("revert", Op::Assume, &[Identity], Names::Some(TargetKind::Role), Tail::Inert),
    row("setuser", Op::Assume, &[Identity], Names::Some(TargetKind::Role), Tail::Inert),
    row("drop table|view|procedure|proc|function|aggregate|trigger|schema|sequence|synonym", Op::Destroy, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Drop))),
    row("drop login|user|role|index|database", Op::Destroy, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Drop))),
    row("drop statistics", Op::Destroy, &[Schema, Destroy], Names::Some(TargetKind::Other), Tail::Inert),
    row("drop database scoped|audit|encryption", Op::Destroy, &[Schema, Destroy, Privilege, AuditTamper, Availability], Names::Some(TargetKind::Other), Tail::Inert),
    row("drop type|rule|default|xml", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Type), Tail::Inert),
    row("drop server role", Op::Destroy, &[Privilege, Destroy], Names::One(TargetKind::Role), Tail::Inert),
    row("drop server audit", Op::Destroy, &[Destroy, AuditTamper], Names::Some(TargetKind::Server), Tail::Inert),
    row("drop application role", Op::Destroy, &[Privilege, Destroy], Names::One(TargetKind::Role), Tail::Inert),
    row("drop security policy", Op::Destroy, &[Privilege, Schema, Destroy], Names::Some(TargetKind::Other), Tail::Inert),
    row("drop assembly", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Extension), Tail::Inert),
    row("drop credential|certificate|asymmetric|symmetric|master|cryptographic|signature|counter", Op::Destroy, &[Privilege, Schema, Destroy, Availability], Names::Some(TargetKind::Other), Tail::Inert),
    row("drop event", Op::Destroy, &[Schema, Destroy, AuditTamper], Names::Some(TargetKind::Server), Tail::Inert),
    row("drop external|partition|fulltext|search|remote|workload|resource|broker|contract|message|queue|route|service|endpoint|availability|sensitivity|column", Op::Destroy, &[Schema, Destroy, Availability, Privilege], Names::Some(TargetKind::Other), Tail::Inert),
    row("create login|user|role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("create server role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("create application role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("alter login|user|role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("alter server role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("alter application role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("alter authorization", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Inert),
    row("add signature|counter", Op::Grant, &[Privilege, CodeExec, Persistence], Names::Some(TargetKind::Function), Tail::Inert),
    row("add sensitivity", Op::Define, &[Schema], Names::Some(TargetKind::Table), Tail::Inert),
    row("create credential|certificate", Op::Define, &[Privilege, Schema, FsRead, SecretRead], Names::One(TargetKind::Other), Tail::Inert),
    row("create asymmetric|symmetric|master|cryptographic", Op::Define, &[Privilege, Schema, FsRead, CodeExec], Names::Some(TargetKind::Other), Tail::Inert),
    row("create column master|encryption", Op::Define, &[Privilege, Schema], Names::Some(TargetKind::Other), Tail::Inert),
    row("alter credential|certificate|asymmetric|symmetric|master|cryptographic|column", Op::Define, &[Privilege, Schema, FsRead, SecretRead, Destroy, CodeExec], Names::Some(TargetKind::Other), Tail::Inert),
    row("create database", Op::Define, &[Schema, FsRead, FsWrite, Availability], Names::One(TargetKind::Database), Tail::Inert),
    row("create database scoped|encryption|audit", Op::Define, &[Schema, Privilege, SecretRead, AuditTamper], Names::Some(TargetKind::Other), Tail::Inert),
    row("alter database", Op::Define, &[Schema, Availability, FsWrite, Destroy, Privilege, AuditTamper, ParserState], Names::One(TargetKind::Database), Tail::Inert),
    row("alter database scoped|encryption|audit", Op::Define, &[Schema, Availability, Privilege, AuditTamper, ParserState], Names::Some(TargetKind::Other), Tail::Inert),
    row("create schema", Op::Define, &[Schema, Privilege], Names::One(TargetKind::Schema), Tail::Inert),
    row("alter schema", Op::Define, &[Schema, Privilege], Names::One(TargetKind::Schema), Tail::Inert),
    row("create sequence", Op::Define, &[Schema], Names::One(TargetKind::Sequence), Tail::Inert),
    row("alter sequence", Op::Define, &[Schema, WriteData], Names::One(TargetKind::Sequence), Tail::Inert),
    row("create synonym", Op::Define, &[Schema, Persistence], Names::One(TargetKind::Table), Tail::Inert),
    row("create statistics", Op::Define, &[Schema, ReadData], Names::Some(TargetKind::Table), Tail::Inert),
    row("update statistics", Op::Configure, &[Availability, ReadData], Names::One(TargetKind::Table), Tail::Inert),
    row("alter index", Op::Define, &[Schema, Availability], Names::Some(TargetKind::Index), Tail::Inert),
    row("create type", Op::Define, &[Schema, CodeExec], Names::One(TargetKind::Type), Tail::Looked),
    row("create xml schema", Op::Define, &[Schema], Names::Some(TargetKind::Type), Tail::Inert),
    row("alter xml schema", Op::Define, &[Schema], Names::Some(TargetKind::Type), Tail::Inert),
    row("create default|rule", Op::Define, &[Schema, Persistence], Names::One(TargetKind::Type), Tail::Looked),
    row("create assembly", Op::Define, &[Schema, CodeExec, Persistence, FsRead], Names::One(TargetKind::Extension), Tail::Inert),
    row("alter assembly", Op::Define, &[Schema, CodeExec, Persistence, FsRead], Names::One(TargetKind::Extension), Tail::Inert),
    row("create aggregate", Op::Define, &[Schema, CodeExec, Persistence], Names::One(TargetKind::Function), Tail::Inert),
    row("create external table", Op::Define, &[Schema, NetEgress, FsRead, FsWrite, WriteData, Persistence], Names::One(TargetKind::Table), Tail::Looked),
    row("create|alter external data|file|model|language|library|resource|stream", Op::Define, &[Schema, NetEgress, FsRead, CodeExec, Persistence], Names::Some(TargetKind::Host), Tail::Inert),
    row("create|alter endpoint", Op::Define, &[Schema, NetEgress, Persistence, Privilege, CodeExec], Names::One(TargetKind::Server), Tail::Inert),
    row("create|alter server audit", Op::Define, &[AuditTamper, FsWrite], Names::Some(TargetKind::Server), Tail::Looked),
    row("alter server configuration", Op::Configure, &[Availability, AuditTamper, FsWrite], Names::Some(TargetKind::Server), Tail::Inert),
    row("alter service master", Op::Configure, &[Privilege, Availability, Destroy], Names::Some(TargetKind::Server), Tail::Inert),
    row("create|alter event", Op::Define, &[Schema, Persistence, SecretRead, FsWrite, AuditTamper, NetEgress], Names::Some(TargetKind::Server), Tail::Looked),
    row("create|alter security policy", Op::Define, &[Schema, Privilege, ParserState], Names::Some(TargetKind::Other), Tail::Inert),
    row("create|alter partition", Op::Define, &[Schema, Availability], Names::Some(TargetKind::Other), Tail::Inert),
    row("create|alter fulltext|search|workload|resource|availability|broker|contract|message|route|service", Op::Define, &[Schema, Availability, NetEgress, Persistence], Names::Some(TargetKind::Other), Tail::Inert),
    row("create|alter queue", Op::Define, &[Schema, CodeExec, Persistence, Availability], Names::Some(TargetKind::Other), Tail::Code),
    row("create|alter remote", Op::Define, &[Schema, NetEgress, Persistence], Names::Some(TargetKind::Host), Tail::Inert),
    row("truncate table", Op::Delete, &[], Names::Nothing, Tail::Own(Own::Tsql(Tsql::Words))),
    row("enable|disable trigger", Op::Define, &[Schema, Persistence, AuditTamper], Names::Some(TargetKind::Trigger), Tail::Inert),
    row("backup", Op::Stream, &[ReadData, FsWrite, NetEgress, SecretRead], Names::Some(TargetKind::File), Tail::Inert),
    row("restore", Op::Configure, &[WriteData, Destroy, Schema, Privilege, FsRead, NetEgress, CodeExec, Persistence, Availability], Names::Some(TargetKind::Database), Tail::Inert),
    row("restore headeronly|filelistonly|labelonly|verifyonly", Op::Read, &[FsRead, NetEgress], Names::Some(TargetKind::File), Tail::Inert),
    row("kill", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("shutdown", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("reconfigure", Op::Configure, &[Availability, CodeExec, AuditTamper, Privilege], Names::Some(TargetKind::Server), Tail::Inert),
    row("checkpoint", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("begin dialog|conversation", Op::Stream, &[WriteData, NetEgress], Names::Some(TargetKind::Other), Tail::Inert),
    row("end conversation", Op::Stream, &[WriteData], Names::Some(TargetKind::Other), Tail::Inert),
    row("move conversation", Op::Stream, &[WriteData], Names::Some(TargetKind::Other), Tail::Inert),
];

impl Walk<'_, '_> {
    pub(super) fn tsql(&mut self, own: Tsql) {
        match own {
            Tsql::Exec => self.tsql_exec(1),
            Tsql::Declare => self.tsql_declare(),
            Tsql::Set => self.tsql_set(),
            Tsql::Use => self.tsql_use(),
            Tsql::Condition => {
                let verb = self.word(0).to_ascii_uppercase();
                let condition = self.text_from(1).unwrap_or_default();
                let text = format!("SELECT CASE WHEN ({condition}) THEN 1 END");
                self.tsql_computes(&text, &verb);
            }
            Tsql::Print => self.tsql_expression(1, "PRINT"),
            Tsql::Return if self.tokens.len() == 1 => self.finish_plain(Op::Session, "RETURN"),
            Tsql::Return => self.tsql_expression(1, "RETURN"),
            Tsql::Raise => self.tsql_raise(),
            Tsql::Throw => {
                if !self.tsql_values(1) {
                    self.opaque(Reason::NotParsed);
                }
                self.finish_plain(Op::Session, "THROW");
            }
            Tsql::WaitFor => {
                let plain = matches!(self.word(1).as_str(), "delay" | "time")
                    && self.tokens.len() == 3
                    && self.tsql_values(2);
                if !plain {
                    self.opaque(Reason::NotParsed);
                    self.part.may = EffectSet::ALL;
                }
                self.part.may |= Availability;
                self.finish_plain(Op::Session, "WAITFOR");
            }
            Tsql::Words => self.tsql_words(),
            Tsql::Rights => self.tsql_rights(),
            Tsql::BulkInsert => self.tsql_bulk_insert(),
            Tsql::Table => self.tsql_table(),
            Tsql::Index => self.tsql_index(),
            Tsql::Dbcc => self.tsql_dbcc(),
            Tsql::Drop => self.tsql_drop(),
            Tsql::Open => self.tsql_cursor(1, "OPEN", Extent::Unknown),
            Tsql::Fetch => self.tsql_fetch(),
            Tsql::Close => self.tsql_close(),
            Tsql::Module => self.tsql_module(),
        }
    }

    /// A statement that the parser has no grammar for and that no row begins; the answer is whether
    /// it is one of those that are known all the same.
    pub(super) fn tsql_unparsed(&mut self) -> bool {
        let first = self.word(0);
        let last = self.tokens.len().saturating_sub(4);
        match first.as_str() {
            "insert" => self.tsql_insert_exec(),
            "update" | "delete" if self.after(last, &["where", "current", "of"]).is_some() => {
                self.head_current_of();
            }
            // The first statement of a batch may be a procedure's name.
            _ if !BEGIN.contains(&first.as_str()) && self.tsql_name(0).is_some() => {
                self.tsql_exec(0);
            }
            _ if self.has_soft_words() => self.opaque(Reason::NotParsed),
            _ => return false,
        }
        true
    }

    /// Everything may happen; but where a second statement may stand in it, their number is unknown.
    fn tsql_anything(&mut self, op: Op, verb: &str) {
        if self.has_soft_words() {
            return self.opaque(Reason::NotParsed);
        }
        self.anything(op, verb);
    }

    /// Words that are not reserved and may begin a statement where no name can stand.
    fn has_soft_words(&self) -> bool {
        let soft = ["add", "disable", "enable", "receive", "send", "throw"];
        (1..self.tokens.len()).any(|at| soft.contains(&self.word(at).as_str()))
    }

    /// Whether a word from `at` on begins a statement of its own, so that this one should have been
    /// cut before it.
    pub(super) fn tsql_hides(&self, at: usize) -> bool {
        let alters = self.word(0) == "alter";
        let security = self.word(1) == "security";
        let adds = matches!(self.word(1).as_str(), "event" | "server" | "security" | "database");
        (at..self.tokens.len()).any(|at| {
            let word = self.word(at);
            let named = at.checked_sub(1).and_then(|before| self.kind(before));
            let clause = match word.as_str() {
                "set" | "add" | "drop" | "alter" | "rollback" | "merge" => alters,
                "enable" | "disable" => alters && self.word(at.saturating_add(1)) != "trigger",
                "insert" | "update" | "delete" => security,
                _ => false,
            } || word == "add" && adds;
            named != Some(TokenKind::Dot) && !clause && BEGIN.contains(&word.as_str())
        })
    }

    // Names and values.

    /// A dotted name, in which parts may be left out (`master..p`), and the position behind it.
    fn tsql_name(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let mut at = at;
        let mut parts = Vec::new();
        loop {
            match self.kind(at) {
                Some(TokenKind::Dot) => {
                    parts.push(String::new());
                    at = at.saturating_add(1);
                    continue;
                }
                Some(TokenKind::Word | TokenKind::QuotedName) => {
                    let (mut name, _) = self.single_name(at)?;
                    parts.append(&mut name);
                    at = at.saturating_add(1);
                }
                Some(
                    TokenKind::Text
                    | TokenKind::Number
                    | TokenKind::Placeholder
                    | TokenKind::Operator
                    | TokenKind::Open
                    | TokenKind::Close
                    | TokenKind::Comma
                    | TokenKind::Semicolon,
                )
                | None => return None,
            }
            if self.kind(at) != Some(TokenKind::Dot) {
                return Some((parts, at));
            }
            at = at.saturating_add(1);
        }
    }

    fn single_name(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let token = self.token(at)?;
        let quoted = token.kind == TokenKind::QuotedName;
        let value = crate::command::sql::name_value(token, self.text, self.setting.dialect)?;
        Some((vec![self.fold_text(&value, quoted)], at.saturating_add(1)))
    }

    fn operator_at(&self, at: usize, symbol: &str) -> bool {
        self.kind(at) == Some(TokenKind::Operator)
            && self.token(at).is_some_and(|token| token.text(self.text) == symbol)
    }

    fn is_variable(&self, at: usize) -> bool {
        self.word(at).starts_with('@')
    }

    /// Whether only values stand from `at` on: literals, variables, commas, signs.
    fn tsql_values(&self, at: usize) -> bool {
        (at..self.tokens.len()).all(|at| match self.kind(at) {
            Some(
                TokenKind::Text | TokenKind::Number | TokenKind::Comma | TokenKind::Placeholder,
            ) => true,
            Some(TokenKind::Word) => self.is_variable(at),
            Some(TokenKind::Operator) => self.operator_at(at, "-"),
            Some(
                TokenKind::QuotedName
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::Dot
                | TokenKind::Semicolon,
            )
            | None => false,
        })
    }

    /// The position behind the bracket that opens at `open`.
    fn behind_bracket(&self, open: usize) -> Option<usize> {
        if self.kind(open) != Some(TokenKind::Open) {
            return None;
        }
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            match self.kind(at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(at.saturating_add(1));
                    }
                }
                Some(_) | None => {}
            }
        }
        None
    }

    fn text_between(&self, from: usize, to: usize) -> &str {
        let start = self.token(from).map_or(0, |token| token.span.start());
        let end = to.checked_sub(1).and_then(|last| self.token(last));
        self.text.get(start..end.map_or(0, |token| token.span.end())).unwrap_or_default()
    }

    // Expressions.

    fn tsql_expression(&mut self, at: usize, verb: &str) {
        let text = format!("SELECT ({})", self.text_from(at).unwrap_or_default());
        self.tsql_computes(&text, verb);
    }

    /// Reads a query that computes what this statement computes.
    fn tsql_computes(&mut self, text: &str, verb: &str) {
        let facts = crate::facts::sql::nested::read_sql(&self.setting, self.state, text);
        let [_] = facts.actions.as_slice() else {
            self.opaque(Reason::NotParsed);
            return self.finish_plain(Op::Execute, verb);
        };
        if facts.understanding == Understanding::Opaque {
            self.part.may = EffectSet::ALL;
            self.opaque(facts.reasons.first().copied().unwrap_or(Reason::NotParsed));
            return self.finish_plain(Op::Execute, verb);
        }
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(facts.reasons);
        self.session.extend(facts.session);
        for mut action in facts.actions {
            action.outputs = Outputs::None;
            action.span = self.span;
            action.via.splice(0..0, self.via.iter().copied());
            verb.clone_into(&mut action.verb);
            self.actions.push(action);
        }
    }

    fn tsql_raise(&mut self) {
        let end = self.behind_bracket(1).filter(|_| self.kind(1) == Some(TokenKind::Open));
        let Some(end) = end else {
            self.opaque(Reason::NotParsed);
            return self.finish_plain(Op::Session, "RAISERROR");
        };
        let options = (end..self.tokens.len()).all(|at| {
            self.kind(at) == Some(TokenKind::Comma)
                || matches!(self.word(at).as_str(), "with" | "log" | "nowait" | "seterror")
        });
        if !options {
            self.opaque(Reason::NotParsed);
        }
        let text = format!("SELECT concat{}", self.text_between(1, end));
        self.tsql_computes(&text, "RAISERROR");
    }

    // EXECUTE.

    /// `EXEC p @a = 1`, `EXEC @rc = p`, `EXEC ('text')`, `EXECUTE AS USER = 'u'`, and the name of a
    /// procedure alone.
    fn tsql_exec(&mut self, at: usize) {
        if self.kind(at) == Some(TokenKind::Open) {
            return self.tsql_exec_text(at);
        }
        if at == 1 && self.word(1) == "as" {
            return self.tsql_exec_as();
        }
        let mut at = at;
        if self.is_variable(at) && self.operator_at(at.saturating_add(1), "=") {
            at = at.saturating_add(2);
        }
        if self.is_variable(at) {
            // The name is made while the batch runs.
            self.part.may = EffectSet::ALL;
            self.dynamic_target();
            self.opaque(Reason::DynamicCode);
            return self.finish(Op::Execute, "EXEC", Extent::Unknown, Outputs::Opaque);
        }
        let called = self.tsql_name(at).and_then(|(parts, after)| {
            let args = self.tsql_arguments(after)?;
            Some((parts, args))
        });
        let Some((parts, args)) = called else {
            self.part.may = EffectSet::ALL;
            self.opaque(Reason::NotParsed);
            return self.finish(Op::Execute, "EXEC", Extent::Unknown, Outputs::Opaque);
        };
        self.tsql_call(parts, &args);
        self.finish(Op::Execute, "EXEC", Extent::Unknown, Outputs::Opaque);
    }

    fn tsql_call(&mut self, parts: Vec<String>, args: &[Argument]) {
        let mut parts = parts;
        for part in parts.iter_mut().filter(|part| part.is_empty()) {
            "dbo".clone_into(part);
        }
        let host = parts.first().filter(|_| parts.len() > 3).cloned();
        let inner: Vec<String> = parts.split_off(parts.len().saturating_sub(2));
        let name = inner.last().cloned().unwrap_or_default();
        let system = SYSTEM.iter().any(|prefix| name.starts_with(prefix));
        if let Some(host) = &host {
            self.object(TargetKind::Host, Path::exact([host.as_str()]));
        }
        if !system || host.is_some() {
            self.part.calls.insert(Path::exact(inner.iter().map(String::as_str)).to_string());
            return self.unknown_function(Some(&name));
        }
        let code = crate::facts::sql::functions::code_of(self.setting.dialect, &name);
        let named = args.iter().take(code.map_or(0, |at| at.saturating_add(1)));
        // A statement that is passed under another name is passed by another place.
        let odd = named.clone().any(|arg| arg.name.is_some())
            && !code.is_some_and(|at| {
                args.get(at).is_some_and(|arg| {
                    arg.name.as_deref().is_none_or(|name| STATEMENTS.contains(&name))
                })
            });
        let literals: Vec<Option<&str>> =
            args.iter().map(|arg| arg.text.as_deref().filter(|_| !odd)).collect();
        let state = self.state.clone();
        self.invoke(inner, &literals);
        self.restore(state);
    }

    /// What the code inside has set is as before when it ends, but for what it made.
    fn restore(&mut self, state: crate::facts::sql::walk::State<'_>) {
        let stale = self.state.stale;
        if self.understanding != Understanding::Opaque {
            self.state.session = std::borrow::Cow::Owned(state.session.into_owned());
            self.state.path_unknown = state.path_unknown;
        }
        self.state.stale = stale;
    }

    /// The arguments up to the end of the statement; `None` where something else stands there.
    fn tsql_arguments(&self, at: usize) -> Option<Vec<Argument>> {
        let mut at = at;
        let mut args = Vec::new();
        if at >= self.tokens.len() {
            return Some(args);
        }
        while self.word(at) != "with" {
            let mut name = None;
            if self.is_variable(at) && self.operator_at(at.saturating_add(1), "=") {
                name = Some(self.word(at));
                at = at.saturating_add(2);
            }
            if self.operator_at(at, "-") || self.operator_at(at, "+") {
                at = at.saturating_add(1);
            }
            let text = match self.kind(at)? {
                TokenKind::Text => self.text_at(at),
                TokenKind::Number | TokenKind::Placeholder => None,
                // A name alone is a text.
                TokenKind::Word | TokenKind::QuotedName => {
                    let word = self.word(at);
                    if BEGIN.contains(&word.as_str()) {
                        return None;
                    }
                    let token = self.token(at)?;
                    let value =
                        crate::command::sql::name_value(token, self.text, self.setting.dialect);
                    value.filter(|_| !word.starts_with('@') && word != "default" && word != "null")
                }
                TokenKind::Operator
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::Comma
                | TokenKind::Dot
                | TokenKind::Semicolon => return None,
            };
            args.push(Argument { name, text });
            at = at.saturating_add(1);
            if matches!(self.word(at).as_str(), "output" | "out") {
                at = at.saturating_add(1);
            }
            if at >= self.tokens.len() {
                return Some(args);
            }
            if self.kind(at) == Some(TokenKind::Comma) {
                at = at.saturating_add(1);
            } else if self.word(at) != "with" {
                return None;
            }
        }
        // WITH RECOMPILE, RESULT SETS …: how the result is described.
        let mut at = at.saturating_add(1);
        while at < self.tokens.len() {
            let word = self.word(at);
            let known = ["recompile", "result", "sets", "none", "undefined"];
            if self.kind(at) == Some(TokenKind::Open) {
                at = self.behind_bracket(at)?;
            } else if known.contains(&word.as_str()) || self.kind(at) == Some(TokenKind::Comma) {
                at = at.saturating_add(1);
            } else {
                return None;
            }
        }
        Some(args)
    }

    /// `EXEC ('text' + 'text') AS USER = 'u' AT server`.
    fn tsql_exec_text(&mut self, open: usize) {
        let Some(end) = self.behind_bracket(open) else { return self.opaque(Reason::NotParsed) };
        let mut text = Some(String::new());
        let mut at = open.saturating_add(1);
        let close = end.saturating_sub(1);
        while at < close {
            match (self.text_at(at), &mut text) {
                (Some(more), Some(text)) => text.push_str(&more),
                _ => text = None,
            }
            at = at.saturating_add(1);
            if at < close {
                if !self.operator_at(at, "+") {
                    text = None;
                }
                at = at.saturating_add(1);
            }
        }
        let mut at = end;
        if self.word(at) == "as" {
            self.part.may |= Identity;
            self.object(TargetKind::Role, Path::dynamic());
            let known = matches!(self.word(at.saturating_add(1)).as_str(), "user" | "login")
                && self.operator_at(at.saturating_add(2), "=");
            text = text.filter(|_| known);
            at = at.saturating_add(4);
        }
        if self.word(at) == "at" {
            // Another server, which may speak another language.
            self.part.may |= NetEgress;
            let at_data_source = self.after(at, &["at", "data_source"]);
            let name = self.tsql_name(at_data_source.unwrap_or(at.saturating_add(1)));
            match name {
                Some((parts, end)) => {
                    self.object(TargetKind::Host, Path::exact(parts));
                    at = end;
                }
                None => self.object(TargetKind::Host, Path::dynamic()),
            }
            text = None;
        }
        match text {
            Some(text) if at == self.tokens.len() => {
                let state = self.state.clone();
                self.code(&text);
                self.restore(state);
            }
            Some(_) | None => {
                self.opaque(Reason::DynamicCode);
                self.part.may = EffectSet::ALL;
                self.dynamic_target();
            }
        }
        self.finish(Op::Execute, "EXEC", Extent::Unknown, Outputs::Opaque);
    }

    fn tsql_exec_as(&mut self) {
        let known =
            ["user", "login", "caller", "self", "owner", "with", "no", "revert", "cookie", "into"];
        let plain = (2..self.tokens.len()).all(|at| {
            known.contains(&self.word(at).as_str())
                || self.is_variable(at)
                || self.kind(at) == Some(TokenKind::Text)
                || self.operator_at(at, "=")
        });
        if !plain {
            self.opaque(Reason::NotParsed);
        }
        self.part.may |= Identity;
        let role = self.text_at(4).map(|role| self.fold_text(&role, true));
        let path = role.map_or_else(Path::dynamic, |role| Path::exact([role]));
        self.object(TargetKind::Role, path);
        self.state.session.to_mut().role = None;
        self.session.push(SessionDelta::Setting { name: "role".to_owned(), values: None });
        self.finish_plain(Op::Assume, "EXECUTE AS");
    }

    /// `INSERT INTO t EXEC p`: what the procedure gives goes into the table.
    fn tsql_insert_exec(&mut self) {
        let exec = self.find(1, "exec").or_else(|| self.find(1, "execute"));
        let at = self.skip(1, &["into"]);
        let (Some(exec), Some((parts, end))) = (exec, self.tsql_name(at)) else {
            return self.tsql_anything(Op::Create, "INSERT");
        };
        let listed = if self.kind(end) == Some(TokenKind::Open) {
            self.behind_bracket(end)
        } else {
            Some(end)
        };
        if listed != Some(exec) {
            return self.tsql_anything(Op::Create, "INSERT");
        }
        let (span, tokens) = (self.span, self.tokens);
        self.existing(parts, None, Role::Sink);
        self.part.unresolved = true;
        self.part.may |= WriteData;
        self.finish(Op::Create, "INSERT", Extent::Unknown, Outputs::None);
        self.tokens = tokens.get(exec..).unwrap_or_default();
        self.tsql_exec(1);
        (self.span, self.tokens) = (span, tokens);
    }

    // Variables and cursors.

    fn tsql_declare(&mut self) {
        let cursor = self.find(1, "cursor");
        if let Some(query) = cursor.and_then(|at| self.find(at, "for")) {
            return self.tsql_declare_cursor(query.saturating_add(1));
        }
        if !self.is_variable(1) {
            self.opaque(Reason::NotParsed);
            return self.finish_plain(Op::Session, "DECLARE");
        }
        if !self.declares_variables() {
            self.opaque(Reason::NotParsed);
            return self.finish_plain(Op::Session, "DECLARE");
        }
        // `@a int = 1, @b table (…)`: what stands behind each `=` is computed.
        let mut values = Vec::new();
        let mut depth = 0_usize;
        let mut from = None;
        for at in 1..=self.tokens.len() {
            let ends =
                at == self.tokens.len() || depth == 0 && self.kind(at) == Some(TokenKind::Comma);
            match self.kind(at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                Some(TokenKind::Operator) if depth == 0 && from.is_none() => {
                    if !self.operator_at(at, "=") {
                        self.opaque(Reason::NotParsed);
                    }
                    from = Some(at.saturating_add(1));
                }
                Some(_) | None => {}
            }
            if ends && let Some(from) = from.take() {
                values.push(format!("({})", self.text_between(from, at)));
            }
        }
        if values.is_empty() {
            self.inner_calls(1);
            return self.finish_plain(Op::Session, "DECLARE");
        }
        if self.find(1, "table").is_some() {
            self.opaque(Reason::NotParsed);
        }
        self.tsql_computes(&format!("SELECT {}", values.join(", ")), "DECLARE");
    }

    /// Whether every part of the list is a variable with its type, and perhaps a value.
    fn declares_variables(&self) -> bool {
        let mut at = 1;
        loop {
            if !self.is_variable(at) {
                return false;
            }
            at = self.skip(at.saturating_add(1), &["as"]);
            let Some((_, end)) = self.tsql_name(at) else { return false };
            at = self.behind_bracket(end).unwrap_or(end);
            at = self.skip(at, &["varying"]);
            if self.operator_at(at, "=") {
                // The value goes on to the next comma outside brackets, and is read by itself.
                let mut depth = 0_usize;
                while at < self.tokens.len() {
                    match self.kind(at) {
                        Some(TokenKind::Open) => depth = depth.saturating_add(1),
                        Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                        Some(TokenKind::Comma) if depth == 0 => break,
                        Some(_) | None => {}
                    }
                    at = at.saturating_add(1);
                }
            }
            if at >= self.tokens.len() {
                return true;
            }
            if self.kind(at) != Some(TokenKind::Comma) {
                return false;
            }
            at = at.saturating_add(1);
        }
    }

    /// `DECLARE c CURSOR FOR SELECT …`.
    fn tsql_declare_cursor(&mut self, query: usize) {
        let name = self.name_at(1).and_then(|(mut parts, _)| parts.pop()).unwrap_or_default();
        let end = (query..self.tokens.len())
            .find(|at| {
                self.word(*at) == "for"
                    && matches!(self.word(at.saturating_add(1)).as_str(), "update" | "read")
            })
            .unwrap_or(self.tokens.len());
        if !self.ends_cursor(end) {
            self.opaque(Reason::NotParsed);
            return self.finish_plain(Op::Session, "DECLARE");
        }
        let text = self.text_between(query, end).to_owned();
        self.via.push("declare_cursor");
        self.tsql_computes(&text, "DECLARE");
        self.via.pop();
        if let Some(cursors) = &mut self.state.session.to_mut().cursors {
            cursors.insert(name.clone(), text);
        }
        self.session.push(SessionDelta::Cursor(name));
    }

    /// Whether nothing but `FOR READ ONLY` or `FOR UPDATE OF a, b` stands from `at` on.
    fn ends_cursor(&self, at: usize) -> bool {
        let read = self.after(at, &["for", "read", "only"]);
        let update = self.after(at, &["for", "update"]);
        let columns = update.and_then(|at| self.after(at, &["of"]));
        let end = self.tokens.len();
        at == end
            || read == Some(end)
            || update == Some(end)
            || columns.is_some_and(|at| {
                (at..end).all(|at| {
                    let begins = BEGIN.contains(&self.word(at).as_str());
                    !begins
                        && matches!(
                            self.kind(at),
                            Some(
                                TokenKind::Word
                                    | TokenKind::QuotedName
                                    | TokenKind::Comma
                                    | TokenKind::Dot
                            )
                        )
                }) && !self.has_neighbours(at)
            })
    }

    /// Whether two names stand side by side from `at` on.
    fn has_neighbours(&self, at: usize) -> bool {
        let named =
            |at: usize| matches!(self.kind(at), Some(TokenKind::Word | TokenKind::QuotedName));
        (at..self.tokens.len()).any(|at| named(at) && named(at.saturating_add(1)))
    }

    fn tsql_cursor(&mut self, at: usize, verb: &str, extent: Extent) {
        let at = self.skip(at, &["global"]);
        let Some((mut parts, end)) = self.name_at(at) else {
            return self.opaque(Reason::NotParsed);
        };
        let into = self.word(end) == "into" && {
            (end.saturating_add(1)..self.tokens.len())
                .all(|at| self.is_variable(at) || self.kind(at) == Some(TokenKind::Comma))
        };
        if end != self.tokens.len() && !into {
            self.opaque(Reason::NotParsed);
        }
        let name = parts.pop().unwrap_or_default();
        self.cursor_read(verb, &name, extent);
        if into && let Some(action) = self.actions.last_mut() {
            action.outputs = Outputs::None;
        }
    }

    fn tsql_fetch(&mut self) {
        let mut at = 1;
        for word in ["next", "prior", "first", "last"] {
            at = self.skip(at, &[word]);
        }
        if matches!(self.word(at).as_str(), "absolute" | "relative") {
            at = self.skip(at, &["absolute"]);
            at = self.skip(at, &["relative"]);
            if self.operator_at(at, "-") {
                at = at.saturating_add(1);
            }
            at = at.saturating_add(1);
        }
        at = self.skip(at, &["from"]);
        self.tsql_cursor(at, "FETCH", Extent::One);
    }

    fn tsql_close(&mut self) {
        let verb = self.word(0).to_ascii_uppercase();
        let at = self.skip(1, &["global"]);
        match self.name_at(at) {
            Some((mut parts, end)) if end == self.tokens.len() => {
                let name = parts.pop().unwrap_or_default();
                if let (true, Some(cursors)) =
                    (verb == "DEALLOCATE", &mut self.state.session.to_mut().cursors)
                {
                    cursors.remove(&name);
                }
            }
            Some(_) | None => self.opaque(Reason::NotParsed),
        }
        self.finish_plain(Op::Session, &verb);
    }

    // SET.

    fn tsql_set(&mut self) {
        if self.is_variable(1) {
            return self.tsql_set_variable();
        }
        let name = self.word(1);
        let last = self.tokens.len().saturating_sub(1);
        let on = matches!(self.word(last).as_str(), "on" | "off");
        match name.as_str() {
            "transaction" => {
                let known = [
                    "isolation",
                    "level",
                    "read",
                    "uncommitted",
                    "committed",
                    "repeatable",
                    "snapshot",
                    "serializable",
                ];
                if !(2..self.tokens.len()).all(|at| known.contains(&self.word(at).as_str())) {
                    self.opaque(Reason::NotParsed);
                }
                self.finish_plain(Op::Session, "SET TRANSACTION");
            }
            "identity_insert" => {
                match self.tsql_name(2) {
                    Some((parts, end)) if on && end == last => {
                        let path = self.named_parts(parts).path;
                        self.object(TargetKind::Table, path);
                    }
                    Some(_) | None => self.opaque(Reason::NotParsed),
                }
                self.one_setting(name, None);
            }
            _ if on => {
                let mut names = Vec::new();
                for at in 1..last {
                    let word = self.word(at);
                    if SWITCHES.contains(&word.as_str()) {
                        names.push(word);
                    } else if self.kind(at) != Some(TokenKind::Comma) {
                        self.opaque(Reason::NotParsed);
                    }
                }
                let on = self.word(last) == "on";
                for name in &names {
                    self.part.may |= crate::facts::sql::settings::effects(name);
                    self.object(TargetKind::Setting, Path::exact([name.as_str()]));
                    self.set_value(name.clone(), None);
                    if name == "quoted_identifier" {
                        self.state.session.to_mut().sql_mode = on.then(String::new);
                    }
                }
                self.finish_plain(Op::Session, "SET");
            }
            _ if VALUED.contains(&name.as_str()) && self.tokens.len() > 2 => {
                let value = if self.operator_at(2, "-") { 3 } else { 2 };
                let plain = matches!(
                    self.kind(value),
                    Some(TokenKind::Text | TokenKind::Number | TokenKind::Word)
                );
                if !plain || value != last || self.tsql_hides(2) {
                    self.opaque(Reason::NotParsed);
                }
                if name == "context_info" {
                    // Row policies read it to know who asks.
                    self.part.may |= ParserState;
                }
                self.one_setting(name, None);
            }
            _ => {
                self.opaque(Reason::NotParsed);
                self.finish_plain(Op::Session, "SET");
            }
        }
    }

    /// `SET @x = …`, `SET @x += …`, `SET @c = CURSOR FOR …`, `SET @x.modify('…')`.
    fn tsql_set_variable(&mut self) {
        let assigns = self.kind(2) == Some(TokenKind::Operator)
            && self.token(2).is_some_and(|token| token.text(self.text).ends_with('='));
        if assigns && self.word(3) == "cursor" {
            return match self.find(3, "for") {
                Some(query) => self.tsql_declare_cursor(query.saturating_add(1)),
                None => {
                    self.opaque(Reason::NotParsed);
                    self.finish_plain(Op::Session, "SET");
                }
            };
        }
        if assigns {
            return self.tsql_expression(3, "SET");
        }
        let method = self.kind(2) == Some(TokenKind::Dot)
            && self.kind(4) == Some(TokenKind::Open)
            && self.behind_bracket(4) == Some(self.tokens.len());
        if method {
            let text = format!("SELECT concat{}", self.text_from(4).unwrap_or_default());
            return self.tsql_computes(&text, "SET");
        }
        self.opaque(Reason::NotParsed);
        self.finish_plain(Op::Session, "SET");
    }

    /// `USE db`: names now mean tables of another database.
    fn tsql_use(&mut self) {
        match self.name_at(1) {
            Some((parts, end)) if end == self.tokens.len() => {
                self.object(TargetKind::Database, Path::exact(parts));
            }
            Some(_) | None => {
                self.opaque(Reason::NotParsed);
                self.object(TargetKind::Database, Path::dynamic());
            }
        }
        self.state.path_unknown = true;
        self.state.stale = true;
        self.part.may |= ParserState;
        self.session.push(SessionDelta::Setting { name: "search_path".to_owned(), values: None });
        self.finish_plain(Op::Session, "USE");
    }

    // What is left.

    /// A word, and perhaps a label; TRUNCATE TABLE with partitions.
    fn tsql_words(&mut self) {
        let verb = self.word(0).to_ascii_uppercase();
        if verb != "TRUNCATE" {
            if self.tokens.len() > 2 || self.tsql_hides(1) {
                self.opaque(Reason::NotParsed);
            }
            return self.finish_plain(Op::Session, &verb);
        }
        let named = self.tsql_name(2);
        let end = named.as_ref().map_or(self.tokens.len(), |(_, end)| *end);
        let partitions = self.after(end, &["with"]).and_then(|open| self.behind_bracket(open));
        if named.is_none() || partitions.unwrap_or(end) != self.tokens.len() {
            self.opaque(Reason::NotParsed);
        }
        let parts = named.map(|(parts, _)| parts).unwrap_or_default();
        self.existing(parts, None, Role::Object);
        self.part.unresolved = true;
        self.part.may |= WriteData | Destroy;
        self.finish(Op::Delete, "TRUNCATE", Extent::All, Outputs::None);
    }

    /// GRANT, DENY, REVOKE.
    fn tsql_rights(&mut self) {
        let verb = self.word(0).to_ascii_uppercase();
        self.part.may |= Privilege;
        let to = self.find(1, "to");
        let to = if verb == "REVOKE" { to.or_else(|| self.find(1, "from")) } else { to };
        let Some(to) = to else {
            self.part.may = EffectSet::ALL;
            self.opaque(Reason::NotParsed);
            return self.finish_plain(Op::Grant, &verb);
        };
        match self.find(1, "on").filter(|on| *on < to) {
            None => self.dynamic_target(),
            Some(on) => {
                let mut at = on.saturating_add(1);
                let class = (at..to).find(|at| self.operator_at(*at, "::"));
                let mut kind = TargetKind::Table;
                if let Some(class) = class {
                    kind = match self.word(at).as_str() {
                        "object" => TargetKind::Table,
                        "schema" => TargetKind::Schema,
                        "database" => TargetKind::Database,
                        "login" | "user" | "role" | "server" | "application" => TargetKind::Role,
                        "type" => TargetKind::Type,
                        "assembly" => TargetKind::Extension,
                        "endpoint" => TargetKind::Server,
                        _ => TargetKind::Other,
                    };
                    at = class.saturating_add(1);
                }
                self.named_object(kind, at);
            }
        }
        let mut at = to.saturating_add(1);
        while let Some((parts, end)) = self.name_at(at) {
            self.object(TargetKind::Role, Path::exact(parts));
            at = end;
            if self.kind(at) != Some(TokenKind::Comma) {
                break;
            }
            at = at.saturating_add(1);
        }
        at = self.skip(at, &["with", "grant", "option"]);
        at = self.skip(at, &["cascade"]);
        if self.word(at) == "as" {
            at = self.name_at(at.saturating_add(1)).map_or(at, |(_, end)| end);
        }
        if at != self.tokens.len() {
            self.opaque(Reason::NotParsed);
        }
        self.finish_plain(Op::Grant, &verb);
    }

    /// `BULK INSERT t FROM 'file' WITH (…)`.
    fn tsql_bulk_insert(&mut self) {
        let Some((parts, from)) = self.tsql_name(2) else { return self.opaque(Reason::NotParsed) };
        let end = from.saturating_add(2);
        let options = self.after(end, &["with"]).and_then(|open| self.behind_bracket(open));
        if self.word(from) != "from" || options.unwrap_or(end) != self.tokens.len() {
            self.opaque(Reason::NotParsed);
        }
        self.existing(parts, None, Role::Sink);
        self.part.unresolved = true;
        // A share or an address, as well as a file.
        self.part.may |= WriteData | FsRead | NetEgress;
        self.place(TargetKind::File, Role::Source);
        self.finish(Op::Create, "BULK INSERT", Extent::Unknown, Outputs::None);
    }

    /// Calls in definitions: every bracket behind a name that is no type and no word of a clause.
    pub(super) fn inner_calls(&mut self, at: usize) {
        for open in at..self.tokens.len() {
            if self.kind(open) != Some(TokenKind::Open) {
                continue;
            }
            let Some(last) = open.checked_sub(1).filter(|last| *last >= at) else { continue };
            let word = self.word(last);
            let mut first = last;
            while let Some(dot) = first.checked_sub(1)
                && self.kind(dot) == Some(TokenKind::Dot)
                && dot > at
            {
                first = dot.saturating_sub(1);
            }
            let named = matches!(self.kind(last), Some(TokenKind::Word | TokenKind::QuotedName));
            let before = first.checked_sub(1).map(|before| self.word(before)).unwrap_or_default();
            let clause = first == last && NO_CALLS.contains(&word.as_str())
                || matches!(before.as_str(), "references" | "on" | "index" | "table" | "to");
            if !named || clause {
                continue;
            }
            if let Some((parts, _)) = self.name_at(first) {
                self.invoke(parts, &[]);
            }
        }
    }

    fn tsql_table(&mut self) {
        let creates = self.word(0) == "create";
        let verb = if creates { "CREATE TABLE" } else { "ALTER TABLE" };
        let at = self.skip(2, &["if", "not", "exists"]);
        let Some((parts, end)) = self.tsql_name(at) else {
            return self.tsql_anything(Op::Define, verb);
        };
        let queries = (end..self.tokens.len()).any(|at| self.word(at) == "select");
        if self.tsql_hides_in_table(end, creates) && !queries {
            return self.opaque(Reason::NotParsed);
        }
        if queries {
            return self.tsql_anything(Op::Define, verb);
        }
        for at in end..self.tokens.len() {
            if matches!(self.word(at).as_str(), "references" | "to") {
                let named = self.tsql_name(at.saturating_add(1));
                if let Some((parts, _)) = named {
                    let path = self.named_parts(parts).path;
                    self.object(TargetKind::Table, path);
                }
            }
        }
        self.inner_calls(end);
        self.part.unresolved = true;
        self.part.may |= Schema;
        if creates {
            let path = self.made_parts(parts, false);
            self.sink(TargetKind::Table, path);
            return self.finish_plain(Op::Define, verb);
        }
        self.existing(parts, None, Role::Object);
        for at in end..self.tokens.len() {
            self.part.may |= match self.word(at).as_str() {
                "drop" | "switch" => Destroy | WriteData,
                "alter" | "masked" => WriteData | Destroy,
                "default" => WriteData.into(),
                "trigger" => Persistence | AuditTamper,
                "system_versioning" | "ledger" | "append_only" => AuditTamper | Destroy,
                "nocheck" | "rebuild" | "set" => Availability.into(),
                _ => EffectSet::NONE,
            };
        }
        self.finish_plain(Op::Define, verb);
    }

    /// Words of another statement behind a table's name. Inside brackets stand rules for what goes
    /// with a row: `ON DELETE CASCADE`.
    fn tsql_hides_in_table(&self, first: usize, creates: bool) -> bool {
        (first..self.tokens.len()).any(|at| {
            let word = self.word(at);
            let before = at.checked_sub(1).map(|before| self.word(before)).unwrap_or_default();
            let clause = match word.as_str() {
                "update" | "delete" => before == "on",
                "set" => !creates || matches!(before.as_str(), "update" | "delete"),
                "add" | "drop" | "alter" => !creates,
                // A clause stands right behind the name; elsewhere it is a statement.
                "enable" | "disable" => !creates && at == first,
                "if" => !creates,
                _ => false,
            };
            !clause && BEGIN.contains(&word.as_str())
        })
    }

    fn tsql_index(&mut self) {
        let Some(on) = self.find(1, "on") else {
            return self.tsql_anything(Op::Define, "CREATE INDEX");
        };
        let index = self.find(1, "index").filter(|index| *index < on);
        let (Some(index), Some((parts, end))) = (index, self.tsql_name(on.saturating_add(1)))
        else {
            return self.tsql_anything(Op::Define, "CREATE INDEX");
        };
        if self.tsql_hides(on) || (on..self.tokens.len()).any(|at| self.word(at) == "select") {
            return self.tsql_anything(Op::Define, "CREATE INDEX");
        }
        self.existing(parts, None, Role::Object);
        let named = index.saturating_add(1);
        if named < on {
            self.named_object(TargetKind::Index, named);
        }
        self.inner_calls(end.saturating_add(1));
        self.part.unresolved = true;
        self.define("CREATE INDEX", Schema | Availability);
    }

    /// DBCC, by its command.
    fn tsql_dbcc(&mut self) {
        let name = self.word(1);
        let mut end = 2;
        if self.kind(end) == Some(TokenKind::Open) {
            end = self.behind_bracket(end).unwrap_or(end);
        }
        let options = end >= self.tokens.len()
            || self.word(end) == "with" && !self.tsql_hides(end) && self.plain_from(end);
        let mut may = match DBCC.iter().find(|(known, _)| *known == name) {
            Some((_, may)) => may.iter().copied().collect(),
            None => {
                self.dynamic_target();
                EffectSet::ALL
            }
        };
        let mut says = |words: &[&str], more: EffectSet| {
            if (2..self.tokens.len()).any(|at| words.contains(&self.word(at).as_str())) {
                may |= more;
            }
        };
        says(&["repair_allow_data_loss", "repair_rebuild", "repair_fast"], Destroy | WriteData);
        says(&["reseed"], WriteData.into());
        if !options {
            self.opaque(Reason::NotParsed);
        }
        self.part.may |= may;
        self.object(TargetKind::Server, Path::dynamic());
        self.head_only();
        self.finish(Op::Configure, "DBCC", Extent::Unknown, Outputs::Opaque);
    }

    /// `DROP TABLE IF EXISTS a, b`, `DROP INDEX i ON t`, `DROP TRIGGER r ON DATABASE`.
    fn tsql_drop(&mut self) {
        let word = self.word(1);
        let (kind, may) = match word.as_str() {
            "table" | "view" | "synonym" => (TargetKind::Table, EffectSet::NONE),
            "trigger" => (TargetKind::Trigger, AuditTamper.into()),
            "schema" => (TargetKind::Schema, EffectSet::NONE),
            "sequence" => (TargetKind::Sequence, EffectSet::NONE),
            "login" | "user" | "role" => (TargetKind::Role, Privilege.into()),
            "index" => (TargetKind::Index, Availability.into()),
            "database" => (TargetKind::Database, WriteData | Availability),
            _ => (TargetKind::Function, EffectSet::NONE),
        };
        self.part.may |= may | Schema | Destroy;
        let verb = format!("DROP {}", word.to_ascii_uppercase());
        let mut at = self.skip(2, &["if", "exists"]);
        loop {
            let Some((parts, end)) = self.tsql_name(at) else {
                self.opaque(Reason::NotParsed);
                break;
            };
            let path = if kind == TargetKind::Table {
                self.named_parts(parts).path
            } else {
                Path::exact(parts)
            };
            self.object(kind, path);
            at = end;
            if self.word(at) == "on" {
                let behind = at.saturating_add(1);
                let everywhere = matches!(self.word(behind).as_str(), "all" | "database");
                at = match self.tsql_name(behind) {
                    Some((parts, end)) if !everywhere => {
                        let path = self.named_parts(parts).path;
                        self.object(TargetKind::Table, path);
                        end
                    }
                    Some((_, end)) => {
                        self.object(TargetKind::Database, Path::dynamic());
                        self.skip(end, &["server"])
                    }
                    None => behind,
                };
                if self.word(at) == "with" {
                    at = self.behind_bracket(at.saturating_add(1)).unwrap_or(at);
                }
            }
            if self.kind(at) != Some(TokenKind::Comma) {
                break;
            }
            at = at.saturating_add(1);
        }
        if at != self.tokens.len() {
            self.opaque(Reason::NotParsed);
        }
        self.finish_plain(Op::Destroy, &verb);
    }

    /// CREATE and ALTER PROCEDURE, FUNCTION, TRIGGER: the body goes to the end of the batch.
    fn tsql_module(&mut self) {
        let mut at = self.skip(self.skip(1, &["or"]), &["alter"]);
        let kind = self.word(at);
        at = at.saturating_add(1);
        let (verb, target) = match kind.as_str() {
            "function" => ("FUNCTION", TargetKind::Function),
            "trigger" => ("TRIGGER", TargetKind::Trigger),
            _ => ("PROCEDURE", TargetKind::Function),
        };
        let verb = format!("{} {verb}", self.word(0).to_ascii_uppercase());
        let end = match self.tsql_name(at) {
            Some((parts, end)) => {
                self.object(target, Path::exact(parts));
                end
            }
            None => {
                self.object(target, Path::dynamic());
                at
            }
        };
        if target == TargetKind::Trigger && self.word(end) == "on" {
            match self.tsql_name(end.saturating_add(1)) {
                Some((parts, _))
                    if !matches!(self.word(end.saturating_add(1)).as_str(), "all" | "database") =>
                {
                    let path = self.named_parts(parts).path;
                    self.object(TargetKind::Table, path);
                }
                Some(_) | None => self.object(TargetKind::Database, Path::dynamic()),
            }
        }
        // The last AS before a body: `@a AS int` and `EXECUTE AS` come before it.
        let body = self.tsql_body(end);
        if (end..body.unwrap_or(end)).any(|at| matches!(self.word(at).as_str(), "exec" | "execute"))
        {
            self.part.may |= Privilege;
        }
        let text = body.and_then(|body| self.text_from(body)).map(str::to_owned);
        match text.filter(|_| self.word(body.unwrap_or(0)) != "external") {
            Some(text) => {
                let state = self.state.clone();
                let deltas = self.session.len();
                self.code(&text);
                self.session.truncate(deltas);
                *self.state = state;
            }
            None => self.foreign_code(self.text.len()),
        }
        self.part.may |= Schema | CodeExec | Persistence;
        self.finish_plain(Op::Define, &verb);
    }

    /// Where the body of a module begins: behind the AS that a parameter's name does not stand
    /// before, or, in a function, at the BEGIN.
    fn tsql_body(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for at in at..self.tokens.len() {
            match self.kind(at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                Some(_) | None => {}
            }
            if depth > 0 {
                continue;
            }
            let word = self.word(at);
            let before = at.checked_sub(1).map(|before| self.word(before)).unwrap_or_default();
            if word == "begin" {
                return Some(at);
            }
            let other = before.starts_with('@') || matches!(before.as_str(), "exec" | "execute");
            if word == "as" && !other {
                return Some(at.saturating_add(1));
            }
        }
        None
    }

    /// The rows that `TOP (n)` of a change leaves, where it is a number.
    pub(in crate::facts::sql) fn top_of_change(&self) -> Option<u64> {
        let verb = if self.word(0) == "with" {
            ["insert", "update", "delete", "merge"].iter().filter_map(|w| self.find(1, w)).min()?
        } else {
            0
        };
        let top = self.after(verb.saturating_add(1), &["top"])?;
        let (value, end) = if self.kind(top) == Some(TokenKind::Open) {
            (top.saturating_add(1), top.saturating_add(3))
        } else {
            (top, top.saturating_add(1))
        };
        let digits = self.token(value).filter(|token| token.kind == TokenKind::Number)?;
        let rows = digits.text(self.text).parse().ok()?;
        (self.word(end) != "percent").then_some(rows)
    }

    /// Methods of XML values (`c.value('…', 'int')`), where their first name is a variable or a
    /// relation of the query, and so no schema.
    pub(in crate::facts::sql) fn is_xml_method(
        &self,
        parts: &[String],
        names: &flow::Names<'_, '_>,
    ) -> bool {
        let (Some(first), Some(method)) = (parts.first(), parts.last()) else { return false };
        if self.setting.dialect != crate::command::Dialect::Mssql
            || !["value", "query", "exist", "nodes", "modify"].contains(&method.as_str())
        {
            return false;
        }
        if first.starts_with('@') {
            return parts.len() == 2;
        }
        let mut level = Some(names);
        let mut related = false;
        while let Some(names) = level {
            related |= names.relations.iter().any(|r| r.name.as_ref() == Some(first));
            level = names.parent;
        }
        related && parts.len() == 3
    }
}

/// An argument of EXECUTE.
struct Argument {
    /// `@name = `.
    name: Option<String>,
    /// Its text, where it is one.
    text: Option<String>,
}

/// What the server's own procedures are called.
const SYSTEM: &[&str] = &["sp_", "xp_", "fn_", "sysmail_", "rds_"];

/// Names of the argument that holds a statement.
const STATEMENTS: &[&str] = &["@stmt", "@statement", "@tsql"];

/// Options that are ON or OFF.
const SWITCHES: &[&str] = &[
    "ansi_defaults",
    "ansi_null_dflt_off",
    "ansi_null_dflt_on",
    "ansi_nulls",
    "ansi_padding",
    "ansi_warnings",
    "arithabort",
    "arithignore",
    "concat_null_yields_null",
    "cursor_close_on_commit",
    "disable_def_cnst_chk",
    "fips_flagger",
    "fmtonly",
    "forceplan",
    "implicit_transactions",
    "io",
    "nocount",
    "noexec",
    "numeric_roundabort",
    "parseonly",
    "profile",
    "quoted_identifier",
    "remote_proc_transactions",
    "result_set_caching",
    "showplan_all",
    "showplan_text",
    "showplan_xml",
    "statistics",
    "time",
    "xact_abort",
    "xml",
];

/// Options with a value.
const VALUED: &[&str] = &[
    "context_info",
    "datefirst",
    "dateformat",
    "deadlock_priority",
    "fips_flagger",
    "language",
    "lock_timeout",
    "query_governor_cost_limit",
    "rowcount",
    "textsize",
];

/// What DBCC commands may do.
#[rustfmt::skip]
const DBCC: &[(&str, &[Effect])] = &[
    ("addextendedproc", &[CodeExec, Persistence, Privilege]),
    ("checkalloc", &[ReadData, Availability]),
    ("checkcatalog", &[ReadData, Availability]),
    ("checkconstraints", &[ReadData, Availability]),
    ("checkdb", &[ReadData, Availability]),
    ("checkfilegroup", &[ReadData, Availability]),
    ("checkident", &[]),
    ("checktable", &[ReadData, Availability]),
    ("cleantable", &[Availability]),
    ("dropcleanbuffers", &[Availability]),
    ("dropextendedproc", &[Destroy, Privilege]),
    ("flushauthcache", &[Availability]),
    ("freeproccache", &[Availability]),
    ("freesessioncache", &[Availability]),
    ("freesystemcache", &[Availability]),
    ("help", &[]),
    ("indexdefrag", &[Availability]),
    ("ind", &[SecretRead, ReadData]),
    ("inputbuffer", &[SecretRead]),
    ("log", &[SecretRead, ReadData]),
    ("loginfo", &[]),
    ("memorystatus", &[]),
    ("opentran", &[]),
    ("outputbuffer", &[SecretRead]),
    ("page", &[SecretRead, ReadData]),
    ("proccache", &[]),
    ("show_statistics", &[ReadData]),
    ("showcontig", &[]),
    ("shrinkdatabase", &[Availability]),
    ("shrinkfile", &[Availability, Destroy]),
    ("sqlperf", &[]),
    ("traceoff", &[Availability, AuditTamper, ParserState]),
    ("traceon", &[Availability, AuditTamper, ParserState]),
    ("tracestatus", &[]),
    ("updateusage", &[Availability]),
    ("useroptions", &[]),
    ("writepage", &[Destroy, WriteData]),
];

/// Words before a bracket that call nothing: types, and words of clauses.
const NO_CALLS: &[&str] = &[
    "add",
    "all",
    "and",
    "any",
    "as",
    "between",
    "binary",
    "blob",
    "by",
    "char",
    "character",
    "check",
    "clob",
    "clustered",
    "column",
    "columns",
    "constraint",
    "datetime2",
    "datetimeoffset",
    "day",
    "dec",
    "decimal",
    "default",
    "encrypted",
    "exists",
    "filestream_on",
    "float",
    "hash",
    "identity",
    "in",
    "include",
    "interval",
    "key",
    "ledger",
    "list",
    "long",
    "masked",
    "maxvalue",
    "modify",
    "nchar",
    "nclob",
    "nonclustered",
    "not",
    "null",
    "number",
    "numeric",
    "nvarchar",
    "nvarchar2",
    "on",
    "or",
    "order",
    "over",
    "partition",
    "partitions",
    "primary",
    "range",
    "raw",
    "rebuild",
    "ref",
    "references",
    "scope",
    "second",
    "set",
    "some",
    "storage",
    "subpartition",
    "system_time",
    "table",
    "tablespace",
    "than",
    "then",
    "time",
    "timestamp",
    "unique",
    "urowid",
    "using",
    "values",
    "varbinary",
    "varchar",
    "varchar2",
    "varying",
    "vector",
    "when",
    "where",
    "with",
    "xml",
    "year",
];

/// Words that begin a statement, reserved or not.
const BEGIN: &[&str] = &[
    "add",
    "alter",
    "backup",
    "begin",
    "break",
    "bulk",
    "checkpoint",
    "close",
    "commit",
    "continue",
    "create",
    "dbcc",
    "deallocate",
    "declare",
    "delete",
    "deny",
    "disable",
    "drop",
    "dump",
    "else",
    "enable",
    "end",
    "exec",
    "execute",
    "fetch",
    "goto",
    "grant",
    "if",
    "insert",
    "kill",
    "load",
    "merge",
    "open",
    "print",
    "raiserror",
    "readtext",
    "receive",
    "reconfigure",
    "restore",
    "return",
    "revert",
    "revoke",
    "rollback",
    "save",
    "select",
    "send",
    "set",
    "setuser",
    "shutdown",
    "throw",
    "truncate",
    "update",
    "updatetext",
    "use",
    "waitfor",
    "while",
    "writetext",
];
