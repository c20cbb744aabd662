//! Oracle Database: SQL Language Reference 23, "SQL Statements"; PL/SQL Language Reference.

use super::{Head, Names, Tail, row};
use crate::command::sql::TokenKind;
use crate::facts::sql::nested;
use crate::facts::sql::walk::{Setting, Walk};
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
pub(in crate::facts) enum Own {
    Explain,
    AlterSession,
    Rights,
    Block,
    Routine,
    InsertAll,
    Truncate,
    Exec,
    Table,
    Index,
    Drop,
}

const fn own(words: &'static str, op: Op, own: Own) -> Head {
    row(words, op, &[], Names::Nothing, Tail::Own(super::Own::Oracle(own)))
}

#[rustfmt::skip]
pub(super) const ORACLE: &[Head] = &[
    own("explain plan", Op::Read, Own::Explain),
    own("alter session", Op::Session, Own::AlterSession),
    own("grant|revoke", Op::Grant, Own::Rights),
    own("begin|declare", Op::Execute, Own::Block),
    own("insert all|first", Op::Create, Own::InsertAll),
    own("truncate table|cluster", Op::Delete, Own::Truncate),
    own("exec|execute", Op::Execute, Own::Exec),
    own("create|alter table", Op::Define, Own::Table),
    own("create index", Op::Define, Own::Index),
    own("create unique|bitmap index", Op::Define, Own::Index),
    own("drop table|view|index|sequence", Op::Destroy, Own::Drop),
    own("drop materialized view", Op::Destroy, Own::Drop),
    row("alter system", Op::Configure, &[Availability, Persistence, AuditTamper, CodeExec, ParserState, FsWrite, Privilege], Names::Some(TargetKind::Server), Tail::Inert),
    row("set role", Op::Assume, &[Identity, Privilege], Names::Some(TargetKind::Role), Tail::Inert),
    row("set transaction", Op::Session, &[], Names::Nothing, Tail::Inert),
    row("set constraint|constraints", Op::Session, &[], Names::Nothing, Tail::Inert),
    row("commit", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Commit)),
    row("rollback", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Rollback)),
    row("savepoint", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Savepoint)),
    row("lock table", Op::Configure, &[Availability], Names::One(TargetKind::Table), Tail::Inert),
    row("analyze table|index|cluster", Op::Configure, &[Availability, ReadData], Names::One(TargetKind::Table), Tail::Inert),
    row("rename", Op::Define, &[Schema, Availability], Names::One(TargetKind::Table), Tail::Inert),
    row("purge", Op::Destroy, &[Destroy, Schema], Names::Some(TargetKind::Table), Tail::Inert),
    row("flashback table", Op::Update, &[WriteData, Destroy, Schema], Names::One(TargetKind::Table), Tail::Looked),
    row("flashback database", Op::Destroy, &[WriteData, Destroy, Schema, Availability], Names::Some(TargetKind::Database), Tail::Looked),
    row("audit|noaudit", Op::Configure, &[AuditTamper], Names::Some(TargetKind::Server), Tail::Looked),
    row("create audit policy", Op::Define, &[AuditTamper], Names::Some(TargetKind::Server), Tail::Looked),
    row("alter audit policy", Op::Define, &[AuditTamper], Names::Some(TargetKind::Server), Tail::Looked),
    row("drop audit policy", Op::Destroy, &[AuditTamper, Destroy], Names::Some(TargetKind::Server), Tail::Inert),
    row("administer key", Op::Configure, &[Privilege, FsWrite, Availability, SecretRead], Names::Some(TargetKind::Server), Tail::Inert),
    row("associate|disassociate statistics", Op::Define, &[Schema, CodeExec, Persistence], Names::Some(TargetKind::Other), Tail::Inert),
    row("create user", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("create role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("alter user|role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("drop user", Op::Destroy, &[Privilege, Destroy, Schema, WriteData], Names::One(TargetKind::Role), Tail::Inert),
    row("drop role", Op::Destroy, &[Privilege, Destroy], Names::One(TargetKind::Role), Tail::Inert),
    row("create profile", Op::Grant, &[Privilege], Names::Some(TargetKind::Role), Tail::Inert),
    row("alter profile", Op::Grant, &[Privilege], Names::Some(TargetKind::Role), Tail::Inert),
    row("drop profile", Op::Destroy, &[Privilege, Destroy], Names::Some(TargetKind::Role), Tail::Inert),
    row("create directory", Op::Define, &[Schema, FsRead, FsWrite, Persistence], Names::One(TargetKind::File), Tail::Inert),
    row("drop directory", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::File), Tail::Inert),
    row("create database link", Op::Define, &[Schema, NetEgress, Persistence, Privilege], Names::One(TargetKind::Host), Tail::Inert),
    row("create shared", Op::Define, &[Schema, NetEgress, Persistence, Privilege], Names::Some(TargetKind::Host), Tail::Inert),
    row("alter database link", Op::Define, &[Schema, NetEgress, Persistence, Privilege], Names::One(TargetKind::Host), Tail::Inert),
    row("drop database link", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Host), Tail::Inert),
    row("create database|pluggable|controlfile|spfile|pfile|restore|diskgroup", Op::Define, &[Schema, Availability, FsRead, FsWrite, Destroy, WriteData], Names::Some(TargetKind::Database), Tail::Inert),
    row("alter database|pluggable|diskgroup|resource", Op::Configure, &[Schema, Availability, FsRead, FsWrite, Destroy, WriteData, AuditTamper, Persistence], Names::Some(TargetKind::Database), Tail::Inert),
    row("drop database|pluggable|diskgroup|restore", Op::Destroy, &[Schema, Availability, FsWrite, Destroy, WriteData], Names::Some(TargetKind::Database), Tail::Inert),
    row("create tablespace|undo|bigfile|smallfile", Op::Define, &[Schema, FsWrite, FsRead], Names::Some(TargetKind::File), Tail::Inert),
    row("alter tablespace|rollback", Op::Define, &[Schema, FsWrite, Availability], Names::Some(TargetKind::File), Tail::Inert),
    row("drop tablespace|rollback", Op::Destroy, &[Schema, FsWrite, Destroy, WriteData], Names::Some(TargetKind::File), Tail::Inert),
    row("create context", Op::Define, &[Schema, ParserState, Privilege], Names::Some(TargetKind::Setting), Tail::Inert),
    row("drop context", Op::Destroy, &[Schema, ParserState, Destroy], Names::Some(TargetKind::Setting), Tail::Inert),
    row("create synonym", Op::Define, &[Schema, Persistence], Names::One(TargetKind::Table), Tail::Inert),
    row("drop synonym", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Table), Tail::Inert),
    row("create sequence", Op::Define, &[Schema], Names::One(TargetKind::Sequence), Tail::Inert),
    row("alter sequence", Op::Define, &[Schema, WriteData], Names::One(TargetKind::Sequence), Tail::Inert),
    row("alter index", Op::Define, &[Schema, Availability], Names::One(TargetKind::Index), Tail::Inert),
    row("create materialized view log", Op::Define, &[Schema, Persistence], Names::Some(TargetKind::Table), Tail::Inert),
    row("create outline|dimension|operator|indextype|cluster|edition|flashback|lockdown|inmemory|hierarchy|attribute|analytic|domain", Op::Define, &[Schema, CodeExec, Persistence], Names::Some(TargetKind::Other), Tail::Looked),
    row("alter procedure|function|package|trigger|type|view|materialized|java|library", Op::Define, &[Schema, CodeExec, AuditTamper, Availability], Names::Some(TargetKind::Function), Tail::Inert),
    row("drop procedure|function|package|library|java|type|operator|indextype|dimension|edition|cluster|outline|flashback", Op::Destroy, &[Schema, Destroy], Names::Some(TargetKind::Other), Tail::Inert),
    row("drop trigger", Op::Destroy, &[Schema, Destroy, AuditTamper], Names::One(TargetKind::Trigger), Tail::Inert),
    own("create procedure|function|trigger", Op::Define, Own::Routine),
    own("create editionable|noneditionable procedure|function|trigger", Op::Define, Own::Routine),
    row("create package|type", Op::Define, &[Schema, CodeExec, Persistence], Names::One(TargetKind::Function), Tail::Code),
    row("create java|library", Op::Define, &[Schema, CodeExec, Persistence, FsRead], Names::Some(TargetKind::Extension), Tail::Code),
    row("create editionable|noneditionable package|type|library", Op::Define, &[Schema, CodeExec, Persistence], Names::Some(TargetKind::Function), Tail::Code),
    row("create and", Op::Define, &[Schema, CodeExec, Persistence], Names::Some(TargetKind::Extension), Tail::Code),
];

impl Walk<'_, '_> {
    /// Whether a row's statement is one for its reader, and not for the parser: a table that is made
    /// of a query is not, nor one whose rows stand elsewhere.
    pub(super) fn oracle_takes(&self, own: Own) -> bool {
        let other = ["select", "with", "external", "xmltype", "of", "for", "like"];
        own != Own::Table
            || !(2..self.tokens.len()).any(|at| other.contains(&self.word(at).as_str()))
    }

    pub(super) fn oracle(&mut self, own: Own) {
        match own {
            Own::Explain => self.oracle_explain(),
            Own::AlterSession => self.oracle_alter_session(),
            Own::Rights => self.oracle_rights(),
            Own::Block => self.oracle_block(),
            Own::Routine => self.oracle_routine(),
            Own::InsertAll => self.oracle_insert_all(),
            Own::Truncate => self.oracle_truncate(),
            Own::Exec => {
                // SQL*Plus sends it as a block.
                if !self.plsql_simple(1, self.tokens.len()) {
                    self.foreign_code(self.text.len());
                    self.dynamic_target();
                }
                self.part.may |= CodeExec;
                self.finish(Op::Execute, "EXECUTE", Extent::Unknown, Outputs::None);
            }
            Own::Table => self.oracle_table(),
            Own::Index => self.oracle_index(),
            Own::Drop => self.oracle_drop(),
        }
    }

    /// `EXPLAIN PLAN INTO t FOR …` writes rows into a table, and does not run the statement.
    fn oracle_explain(&mut self) {
        let Some(statement) = self.find(1, "for").map(|at| at.saturating_add(1)) else {
            return self.opaque(Reason::NotParsed);
        };
        let table = self
            .find(1, "into")
            .filter(|into| *into < statement)
            .and_then(|into| self.name_at(into.saturating_add(1)))
            .map_or_else(|| vec!["plan_table".to_owned()], |(parts, _)| parts);
        let text = self.text_from(statement).unwrap_or_default().to_owned();
        let mut state = self.state.clone();
        let facts = nested::read_sql(&self.setting, &mut state, &text);
        let unknown = facts.reasons.contains(&Reason::UnknownFunction);
        if facts.understanding == Understanding::Opaque {
            self.head_only();
            self.source(TargetKind::Table, Path::dynamic());
        } else {
            self.understanding = self.understanding.max(facts.understanding);
            self.reasons.extend(&facts.reasons);
        }
        for action in facts.actions {
            for target in action.targets {
                self.source(target.kind, target.path);
            }
            self.part.calls.extend(action.calls);
        }
        if unknown || facts.understanding == Understanding::Opaque {
            // Planning may run functions.
            self.part.may = EffectSet::ALL;
            self.dynamic_target();
        }
        let path = self.named_parts(table).path;
        self.sink(TargetKind::Table, path);
        self.part.may |= WriteData;
        self.finish(Op::Create, "EXPLAIN PLAN", Extent::Unknown, Outputs::None);
    }

    /// `ALTER SESSION SET a = b c = d`, ENABLE, DISABLE, FORCE, CLOSE DATABASE LINK.
    fn oracle_alter_session(&mut self) {
        if self.word(2) != "set" {
            let plain = matches!(
                self.word(2).as_str(),
                "enable" | "disable" | "force" | "advise" | "close" | "sync"
            ) && self.plain_from(3);
            if !plain {
                self.opaque(Reason::NotParsed);
            }
            return self.finish_plain(Op::Session, "ALTER SESSION");
        }
        let mut at = 3;
        while at < self.tokens.len() {
            let name = self.word(at);
            let equals = at.saturating_add(1);
            let value = at.saturating_add(2);
            let plain = self.token(equals).is_some_and(|t| t.text(self.text) == "=")
                && matches!(
                    self.kind(value),
                    Some(
                        TokenKind::Word
                            | TokenKind::QuotedName
                            | TokenKind::Text
                            | TokenKind::Number
                    )
                );
            if name == "events" {
                // Traces, dumps, and switches of the server's own.
                self.part.may |= AuditTamper | FsWrite | Availability | ParserState | SecretRead;
                self.object(TargetKind::Setting, Path::exact(["events"]));
                // `EVENTS 'text'`, `EVENTS = 'text'`.
                let text = if self.kind(equals) == Some(TokenKind::Text) { equals } else { value };
                if self.kind(text) != Some(TokenKind::Text) {
                    self.opaque(Reason::NotParsed);
                }
                at = text.saturating_add(1);
                continue;
            }
            if !plain {
                self.opaque(Reason::NotParsed);
                break;
            }
            self.part.may |= match name.as_str() {
                "current_schema" | "edition" | "constraints" | "constraint" => ParserState.into(),
                "container" | "row" => Identity | ParserState,
                "sql_trace"
                | "tracefile_identifier"
                | "max_dump_file_size"
                | "timed_statistics" => AuditTamper | FsWrite,
                "nls_date_format"
                | "nls_timestamp_format"
                | "nls_timestamp_tz_format"
                | "nls_language"
                | "nls_territory"
                | "nls_numeric_characters"
                | "nls_sort"
                | "nls_comp"
                | "nls_currency"
                | "nls_iso_currency"
                | "nls_date_language"
                | "nls_calendar"
                | "nls_length_semantics"
                | "nls_dual_currency"
                | "time_zone"
                | "isolation_level"
                | "optimizer_mode"
                | "query_rewrite_enabled"
                | "ddl_lock_timeout"
                | "error_on_overlap_time"
                | "statistics_level" => EffectSet::NONE,
                name if name.starts_with("optimizer_") || name.starts_with("parallel_") => {
                    EffectSet::NONE
                }
                // Parameters of the server's own (`_x`) and those that are not known.
                _ => ParserState | Availability | AuditTamper,
            };
            self.object(TargetKind::Setting, Path::exact([name.as_str()]));
            let mut values = None;
            if name == "current_schema" {
                let named = self.name_at(value).map(|(parts, _)| parts);
                let session = self.state.session.to_mut();
                session.search_path.clone_from(&named);
                self.state.path_unknown = named.is_none();
                values = named;
                self.session.push(SessionDelta::Setting { name: "search_path".to_owned(), values });
            } else {
                self.session.push(SessionDelta::Setting { name, values });
            }
            at = value.saturating_add(1);
        }
        self.finish_plain(Op::Session, "ALTER SESSION");
    }

    /// GRANT and REVOKE: of rights on things, of system rights, of roles.
    fn oracle_rights(&mut self) {
        let verb = self.word(0).to_ascii_uppercase();
        let mut last = None;
        self.part.may |= Privilege;
        let to = self.find(1, if verb == "GRANT" { "to" } else { "from" });
        let on = self.find(1, "on").filter(|on| to.is_some_and(|to| *on < to));
        match on {
            Some(on) => {
                let at = on.saturating_add(1);
                let (kind, at) = match self.word(at).as_str() {
                    "directory" => (TargetKind::File, at.saturating_add(1)),
                    "user" => (TargetKind::Role, at.saturating_add(1)),
                    "edition" | "mining" | "java" | "sql" => {
                        (TargetKind::Other, at.saturating_add(2))
                    }
                    _ => (TargetKind::Table, at),
                };
                self.named_object(kind, at);
            }
            None => self.dynamic_target(),
        }
        if let Some(to) = to {
            let mut at = to.saturating_add(1);
            while let Some((parts, end)) = self.name_at(at) {
                self.object(TargetKind::Role, Path::exact(parts));
                last = Some(end);
                if self.kind(end) != Some(TokenKind::Comma) {
                    break;
                }
                at = end.saturating_add(1);
            }
        }
        let known = [
            "with",
            "grant",
            "admin",
            "hierarchy",
            "delegate",
            "option",
            "cascade",
            "constraints",
            "force",
        ];
        let plain = last.is_some_and(|last| {
            (last..self.tokens.len()).all(|at| known.contains(&self.word(at).as_str()))
        });
        if !plain {
            // Passwords, containers, rights of programs.
            self.head_only();
            self.dynamic_target();
        }
        self.finish_plain(Op::Grant, &verb);
    }

    /// CREATE and ALTER TABLE without a query: columns, rules, and where the rows are kept.
    fn oracle_table(&mut self) {
        let creates = self.word(0) == "create";
        let verb = if creates { "CREATE TABLE" } else { "ALTER TABLE" };
        let Some(at) = self.find(1, "table").map(|at| at.saturating_add(1)) else {
            return self.anything(Op::Define, verb);
        };
        let at = self.skip(self.skip(at, &["if", "not", "exists"]), &["if", "exists"]);
        let Some((parts, end)) = self.name_at(at) else {
            return self.anything(Op::Define, verb);
        };
        for at in end..self.tokens.len() {
            if matches!(self.word(at).as_str(), "references" | "table")
                && let Some((parts, _)) = self.name_at(at.saturating_add(1))
            {
                let path = self.named_parts(parts).path;
                self.object(TargetKind::Table, path);
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
                "drop" | "truncate" | "exchange" | "merge" | "shrink" => Destroy | WriteData,
                // `MOVE INCLUDING ROWS WHERE …` leaves the other rows behind.
                "rows" if self.word(at.saturating_sub(1)) == "including" => Destroy | WriteData,
                "modify" | "unused" => WriteData | Destroy,
                "default" => WriteData.into(),
                "trigger" | "triggers" => Persistence | AuditTamper,
                "move" | "disable" | "enable" | "read" | "rename" | "split" => Availability.into(),
                _ => EffectSet::NONE,
            };
        }
        self.finish_plain(Op::Define, verb);
    }

    fn oracle_index(&mut self) {
        let on = self.find(1, "on");
        let named = self.find(1, "index").map(|at| at.saturating_add(1));
        let table = on.and_then(|on| self.name_at(on.saturating_add(1)));
        let (Some(named), Some((parts, end))) = (named, table) else {
            return self.anything(Op::Define, "CREATE INDEX");
        };
        // An index type of somebody's own runs code.
        let foreign = ["select", "indextype", "cluster", "from", "parameters"];
        if (end..self.tokens.len()).any(|at| foreign.contains(&self.word(at).as_str())) {
            return self.anything(Op::Define, "CREATE INDEX");
        }
        self.existing(parts, None, Role::Object);
        self.named_object(TargetKind::Index, named);
        self.inner_calls(end.saturating_add(1));
        self.part.unresolved = true;
        self.define("CREATE INDEX", Schema | Availability);
    }

    /// `DROP TABLE t CASCADE CONSTRAINTS PURGE`.
    fn oracle_drop(&mut self) {
        let mut kind = self.word(1);
        let mut at = 2;
        if kind == "materialized" {
            kind = "materialized view".to_owned();
            at = 3;
        }
        let at = self.skip(at, &["if", "exists"]);
        let verb = format!("DROP {}", kind.to_ascii_uppercase());
        let target = match kind.as_str() {
            "index" => TargetKind::Index,
            "sequence" => TargetKind::Sequence,
            _ => TargetKind::Table,
        };
        let end = self.named_object(target, at).unwrap_or(self.tokens.len());
        let known = ["cascade", "constraints", "purge", "force", "online", "preserve", "table"];
        if !(end..self.tokens.len()).all(|at| known.contains(&self.word(at).as_str())) {
            self.opaque(Reason::NotParsed);
        }
        self.part.may |= Schema | Destroy;
        self.finish_plain(Op::Destroy, &verb);
    }

    fn oracle_truncate(&mut self) {
        let Some((parts, end)) = self.name_at(2) else { return self.opaque(Reason::NotParsed) };
        if !self.plain_from(end) {
            self.opaque(Reason::NotParsed);
        }
        self.existing(parts, None, Role::Object);
        if self.word(1) == "cluster" || self.find(end, "cascade").is_some() {
            self.dynamic_target();
        }
        self.part.unresolved = true;
        self.part.may |= WriteData | Destroy;
        self.finish(Op::Delete, "TRUNCATE", Extent::All, Outputs::None);
    }

    /// `INSERT ALL [WHEN c THEN] INTO a (…) VALUES (…) INTO b … SELECT …`: the query is read, and
    /// what the clauses compute is read over it.
    fn oracle_insert_all(&mut self) {
        let query = self.find(2, "select").or_else(|| self.find(2, "with"));
        let Some(query) = query else { return self.anything(Op::Create, "INSERT") };
        let mut computed = Vec::new();
        let mut sinks = Vec::new();
        let mut at = 2;
        while at < query {
            match self.word(at).as_str() {
                "when" => {
                    let then = self.find(at, "then").unwrap_or(query);
                    computed.push(format!(
                        "CASE WHEN {} THEN 1 END",
                        self.text_between(at.saturating_add(1), then)
                    ));
                    at = then.saturating_add(1);
                }
                "else" => at = at.saturating_add(1),
                "into" => {
                    let Some((parts, end)) = self.name_at(at.saturating_add(1)) else {
                        return self.anything(Op::Create, "INSERT");
                    };
                    sinks.push(parts);
                    at = end;
                }
                "values" => {
                    let end = self.bracket_end(at.saturating_add(1)).unwrap_or(query);
                    computed.push(
                        self.text_between(at.saturating_add(2), end.saturating_sub(1)).to_owned(),
                    );
                    at = end;
                }
                _ if self.kind(at) == Some(TokenKind::Open) => {
                    at = self.bracket_end(at).unwrap_or(query);
                }
                _ => return self.anything(Op::Create, "INSERT"),
            }
        }
        computed.retain(|text| !text.is_empty());
        let rest = self.text_from(query).unwrap_or_default();
        let text = match computed.is_empty() {
            true => rest.to_owned(),
            false => format!("SELECT {} FROM ({rest})", computed.join(", ")),
        };
        let facts = nested::read_sql(&self.setting, self.state, &text);
        let [_] = facts.actions.as_slice() else { return self.anything(Op::Create, "INSERT") };
        if facts.understanding == Understanding::Opaque {
            return self.anything(Op::Create, "INSERT");
        }
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(facts.reasons);
        for action in facts.actions {
            self.part.targets.extend(action.targets);
            self.part.may |= action.may;
            self.part.calls.extend(action.calls);
            self.part.nested.extend(action.nested);
        }
        for parts in sinks {
            self.existing(parts, None, Role::Sink);
        }
        self.part.unresolved = true;
        self.part.may |= WriteData;
        self.finish(Op::Create, "INSERT", Extent::Unknown, Outputs::None);
    }

    fn bracket_end(&self, open: usize) -> Option<usize> {
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

    // PL/SQL.

    /// A block: each of its statements is read as one of SQL, where it is of a kind that is known.
    fn oracle_block(&mut self) {
        let declares = self.word(0) == "declare";
        self.plsql_body(usize::from(declares), declares, &[]);
        self.part.may |= CodeExec;
        self.finish(Op::Execute, "BEGIN", Extent::Unknown, Outputs::None);
    }

    /// A routine or trigger with its body.
    fn oracle_routine(&mut self) {
        let kinds = ["procedure", "function", "trigger"];
        let at = (1..self.tokens.len()).find(|at| kinds.contains(&self.word(*at).as_str()));
        let kind = at.map_or_else(String::new, |at| self.word(at));
        let name = at.and_then(|at| self.name_at(at.saturating_add(1)));
        let Some((name, after)) = name else { return self.opaque(Reason::NotParsed) };
        let is_trigger = kind == "trigger";
        let foreign = ["language", "external", "mle"];
        let begins: &[&str] = if is_trigger { &["declare", "begin"] } else { &["is", "as"] };
        // The names of arguments stand for values; brackets around them hold no body.
        let from = match self.kind(after) {
            Some(TokenKind::Open) => self.bracket_end(after).unwrap_or(after),
            Some(_) | None => after,
        };
        let arguments: Vec<String> =
            (after..from).map(|at| self.word(at)).filter(|word| !word.is_empty()).collect();
        let body = (from..self.tokens.len()).find(|at| begins.contains(&self.word(*at).as_str()));
        // Types of arguments have no brackets: what opens one is a call in a default.
        for open in after.saturating_add(1)..from {
            if self.kind(open) == Some(TokenKind::Open) {
                let name = (after..open).rev().take_while(|at| {
                    self.kind(*at) == Some(TokenKind::Dot) || !self.word(*at).is_empty()
                });
                let start = name.last().unwrap_or(open);
                let start = (start..open).find(|at| {
                    !matches!(self.word(*at).as_str(), "default" | "in" | "out" | "nocopy")
                        && self.name_at(*at).is_some_and(|(_, end)| end == open)
                });
                match start.and_then(|start| self.name_at(start)) {
                    Some((parts, _)) => {
                        self.invoke(parts, &[]);
                    }
                    None => self.unknown_function(None),
                }
            }
        }
        match body {
            Some(body) if is_trigger => {
                self.oracle_trigger(from, body);
                let declares = self.word(body) == "declare";
                self.plsql_body(body.saturating_add(usize::from(declares)), declares, &arguments);
            }
            Some(body) if !foreign.contains(&self.word(body.saturating_add(1)).as_str()) => {
                self.plsql_body(body.saturating_add(1), true, &arguments);
            }
            Some(_) | None => {
                self.foreign_code(self.text.len());
                self.dynamic_target();
            }
        }
        let target = if is_trigger { TargetKind::Trigger } else { TargetKind::Function };
        self.object(target, Path::exact(name));
        self.state.shadowed = true;
        self.part.may |= Schema | CodeExec | Persistence;
        let verb = format!("CREATE {}", kind.to_ascii_uppercase());
        self.finish(Op::Define, &verb, Extent::Unknown, Outputs::None);
    }

    /// `ON t … WHEN (condition)`, before the body.
    fn oracle_trigger(&mut self, from: usize, body: usize) {
        let table = self.find(from, "on").filter(|on| *on < body);
        match table.and_then(|on| self.name_at(on.saturating_add(1))) {
            Some((table, _)) if !matches!(table.as_slice(), [only] if only == "database") => {
                self.existing(table, None, Role::Object);
            }
            Some(_) | None => self.object(TargetKind::Table, Path::dynamic()),
        }
        if let Some(when) = self.find(from, "when").filter(|when| *when < body) {
            let condition = self.text_between(when.saturating_add(1), body);
            let text = format!("SELECT CASE WHEN {condition} THEN 1 END FROM dual");
            self.code(&text);
        }
    }

    /// The statements from `at` on, as one block; where one is not known, the block is not read.
    fn plsql_body(&mut self, at: usize, declares: bool, arguments: &[String]) {
        let whole = self.setting;
        // A loop, or a jump back, may run any of them again.
        let repeats = (0..self.tokens.len())
            .any(|at| matches!(self.word(at).as_str(), "loop" | "forall" | "goto"));
        self.setting = Setting { repeats: whole.repeats || repeats, ..whole };
        let mut declares = declares;
        let mut at = at;
        let mut known = true;
        let mut depth = 0_usize;
        let variables = whole.room.variables.borrow().len();
        whole.room.variables.borrow_mut().extend(arguments.iter().cloned());
        while known && at < self.tokens.len() {
            let end = (at..self.tokens.len())
                .find(|at| self.kind(*at) == Some(TokenKind::Semicolon))
                .unwrap_or(self.tokens.len());
            known = self.plsql_statement(at, end, &mut declares, &mut depth);
            at = end.saturating_add(1);
            // The block is over, and the text is not.
            known &= depth > 0 || declares || at >= self.tokens.len();
        }
        known &= depth == 0;
        whole.room.variables.borrow_mut().truncate(variables);
        self.setting = whole;
        if !known {
            self.foreign_code(self.text.len());
            self.dynamic_target();
        }
    }

    /// One statement of a block, with the words of control flow before it; the answer is whether it
    /// is known.
    fn plsql_statement(
        &mut self,
        from: usize,
        end: usize,
        declares: &mut bool,
        depth: &mut usize,
    ) -> bool {
        let mut at = from;
        loop {
            let word = self.word(at);
            if at >= end {
                return true;
            }
            match word.as_str() {
                "begin" => {
                    *declares = false;
                    *depth = depth.saturating_add(1);
                    at = at.saturating_add(1);
                }
                "declare" => {
                    *declares = true;
                    at = at.saturating_add(1);
                }
                "end" => {
                    // `END IF`, `END LOOP label`.
                    let behind = self.word(at.saturating_add(1));
                    if !matches!(behind.as_str(), "if" | "loop" | "case") {
                        let Some(outer) = depth.checked_sub(1) else { return false };
                        *depth = outer;
                    }
                    return (at..end).all(|at| {
                        matches!(self.kind(at), Some(TokenKind::Word | TokenKind::QuotedName))
                    }) && end.saturating_sub(at) <= 3;
                }
                _ if *declares => return self.plsql_declaration(at, end),
                "else" | "loop" | "exception" => at = at.saturating_add(1),
                "if" | "elsif" | "when" => {
                    let Some(then) = self.find(at, "then").filter(|then| *then < end) else {
                        return false;
                    };
                    let names_exception = word == "when"
                        && (at.saturating_add(1)..then).all(|at| {
                            matches!(
                                self.kind(at),
                                Some(TokenKind::Word | TokenKind::QuotedName | TokenKind::Dot)
                            )
                        });
                    if !names_exception {
                        let condition = self.text_between(at.saturating_add(1), then);
                        let text = format!("SELECT CASE WHEN ({condition}) THEN 1 END FROM dual");
                        self.code(&text);
                    }
                    at = then.saturating_add(1);
                }
                "while" => {
                    let Some(next) = self.find(at, "loop").filter(|next| *next < end) else {
                        return false;
                    };
                    let condition = self.text_between(at.saturating_add(1), next);
                    let text = format!("SELECT CASE WHEN ({condition}) THEN 1 END FROM dual");
                    self.code(&text);
                    at = next.saturating_add(1);
                }
                "for" => {
                    let Some(next) = self.find(at, "loop").filter(|next| *next < end) else {
                        return false;
                    };
                    let Some(into) = self.find(at, "in").filter(|into| *into < next) else {
                        return false;
                    };
                    let variable = self.word(at.saturating_add(1));
                    self.setting.room.variables.borrow_mut().push(variable);
                    let mut first = into.saturating_add(1);
                    first = self.skip(first, &["reverse"]);
                    let range = self.text_between(first, next).to_owned();
                    let text = if self.kind(first) == Some(TokenKind::Open)
                        && self.bracket_end(first) == Some(next)
                    {
                        range
                    } else if range.contains("..") {
                        format!("SELECT {} FROM dual", range.replacen("..", ", ", 1))
                    } else {
                        return false;
                    };
                    self.code(&text);
                    at = next.saturating_add(1);
                }
                _ => return self.plsql_simple(at, end),
            }
        }
    }

    /// `v t := e`, `v t`, `CURSOR c IS SELECT …`.
    fn plsql_declaration(&mut self, at: usize, end: usize) -> bool {
        match self.word(at).as_str() {
            "pragma" => return true,
            "cursor" => {
                let Some(is) = self.find(at, "is").filter(|is| *is < end) else { return false };
                if is.saturating_sub(at) != 2 {
                    return false;
                }
                let text = self.text_between(is.saturating_add(1), end).to_owned();
                self.code(&text);
                return true;
            }
            "type" | "subtype" | "procedure" | "function" => return false,
            _ => {}
        }
        let variable = self.name_at(at).and_then(|(mut parts, _)| parts.pop());
        self.setting.room.variables.borrow_mut().extend(variable);
        let assigned = (at..end).find(|at| {
            self.word(*at) == "default"
                || self.token(*at).is_some_and(|token| token.text(self.text) == ":=")
        });
        let value = assigned.map(|from| self.text_between(from.saturating_add(1), end).to_owned());
        let head = assigned.unwrap_or(end);
        let plain = (at..head).all(|at| {
            !matches!(self.kind(at), Some(TokenKind::Text | TokenKind::Semicolon))
                && !matches!(self.word(at).as_str(), "select" | "is" | "return")
        });
        if let Some(value) = value {
            self.code(&format!("SELECT {value} FROM dual"));
        }
        plain
    }

    fn plsql_simple(&mut self, at: usize, end: usize) -> bool {
        let text = self.text_between(at, end).to_owned();
        match self.word(at).as_str() {
            "null" | "raise" | "exit" | "continue" => {
                if let Some(when) = self.find(at, "when").filter(|when| *when < end) {
                    let condition = self.text_between(when.saturating_add(1), end);
                    let text = format!("SELECT CASE WHEN ({condition}) THEN 1 END FROM dual");
                    self.code(&text);
                    return true;
                }
                end.saturating_sub(at) <= 4
            }
            "return" => {
                if at.saturating_add(1) < end {
                    let value = self.text_between(at.saturating_add(1), end);
                    let text = format!("SELECT {value} FROM dual");
                    self.code(&text);
                }
                true
            }
            "select" | "insert" | "update" | "delete" | "merge" | "with" | "commit"
            | "rollback" | "savepoint" | "lock" | "set" => {
                self.code(&text);
                true
            }
            "execute" if self.word(at.saturating_add(1)) == "immediate" => {
                let code = at.saturating_add(2);
                let more = self.word(code.saturating_add(1));
                let only = code.saturating_add(1) == end
                    || matches!(more.as_str(), "using" | "into" | "returning" | "bulk");
                match self.text_at(code).filter(|_| only) {
                    Some(text) => {
                        self.code(&text);
                        // What is bound, and where the values go.
                        (code..end).all(|at| self.kind(at) != Some(TokenKind::Open))
                    }
                    None => false,
                }
            }
            // `OPEN c FOR query`, `OPEN c`.
            "open" => match self.find(at, "for").filter(|of| *of < end) {
                Some(of) => {
                    let from = of.saturating_add(1);
                    let is_query = matches!(self.word(from).as_str(), "select" | "with");
                    let query = self.text_between(from, end).to_owned();
                    if is_query {
                        self.code(&query);
                    }
                    is_query
                }
                None => end.saturating_sub(at) == 2,
            },
            "fetch" | "close" => (at..end).all(|at| {
                matches!(
                    self.kind(at),
                    Some(
                        TokenKind::Word
                            | TokenKind::QuotedName
                            | TokenKind::Number
                            | TokenKind::Placeholder
                            | TokenKind::Comma
                            | TokenKind::Dot
                    )
                )
            }),
            "forall" | "pipe" | "goto" | "case" | "declare" | "<<" => false,
            _ => self.plsql_call(at, end),
        }
    }

    /// `v := e`, `p(a, b)`, `p`.
    fn plsql_call(&mut self, at: usize, end: usize) -> bool {
        // `:new.a := e`, `:x := e`: outside.
        if self.kind(at) == Some(TokenKind::Placeholder) || self.operator_at(at, ":") {
            let is_sign = |at: &usize| self.operator_at(*at, ":=");
            let Some(sign) = (at..end.min(at.saturating_add(6))).find(is_sign) else {
                return false;
            };
            if (at..sign).any(|at| self.kind(at) == Some(TokenKind::Open)) {
                return false;
            }
            let value = self.text_between(sign.saturating_add(1), end).to_owned();
            self.code(&format!("SELECT {value} FROM dual"));
            return true;
        }
        let Some((parts, after)) = self.name_at(at).filter(|(_, after)| *after <= end) else {
            return false;
        };
        let assigns = self.token(after).is_some_and(|token| token.text(self.text) == ":=");
        if assigns {
            let value = self.text_between(after.saturating_add(1), end).to_owned();
            self.code(&format!("SELECT {value} FROM dual"));
            return true;
        }
        if after == end {
            self.invoke(parts, &[]);
            return true;
        }
        let called =
            self.kind(after) == Some(TokenKind::Open) && self.bracket_end(after) == Some(end);
        if called {
            let call = self.text_between(at, end).to_owned();
            self.code(&format!("SELECT {call} FROM dual"));
        }
        called
    }
}
