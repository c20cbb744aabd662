//! SQL Server and Azure SQL: Transact-SQL reference, "Statements".
//!
//! Statements need no separator, so a row's rest is looked through for words that begin another
//! statement; one that should have been cut makes the whole unknown.

mod define;
mod exec;
mod session;

use super::{Head, Names, Own, Tail, row};
use crate::command::sql::TokenKind;
use crate::facts::sql::flow;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Effect, EffectSet, Extent, Op, Outputs, Reason, TargetKind, Transaction, Understanding,
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
pub(in crate::facts::sql::heads) const MSSQL: &[Head] = &[
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
    pub(in crate::facts::sql::heads) fn tsql(&mut self, own: Tsql) {
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
    pub(in crate::facts::sql::heads) fn tsql_unparsed(&mut self) -> bool {
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
    pub(in crate::facts::sql::heads) fn tsql_hides(&self, at: usize) -> bool {
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

    // Expressions.

    fn tsql_expression(&mut self, at: usize, verb: &str) {
        if self.has_soft_words() {
            return self.opaque(Reason::NotParsed);
        }
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

    /// The rows that `TOP (n)` of a change leaves, where it is a number.
    pub(in crate::facts::sql) fn top_of_change(&self) -> Option<u64> {
        let verb = if self.word(0) == "with" {
            ["insert", "update", "delete", "merge"].iter().filter_map(|w| self.find(1, w)).min()?
        } else {
            0
        };
        if self.word(verb) == "insert" {
            // It bounds the rows that are put in, and not a change inside the query.
            return None;
        }
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
