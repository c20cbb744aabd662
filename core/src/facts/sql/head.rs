//! Statements that the parser has no grammar for, bounded by their first words.
//!
//! An entry may give less than every effect only if its tail can hold neither an expression nor a
//! query; where it can, the bound is everything, or the statement stays unknown.

use super::flow::Names;
use super::walk::Walk;
use crate::command::sql::TokenKind;
use crate::facts::{
    Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, Segment, SessionDelta, TargetKind,
    Transaction, Understanding,
};

impl<'a> Walk<'_, 'a> {
    /// Bounds the statement by its first words.
    pub(super) fn by_head(&mut self) {
        let first = self.word(0);
        match first.as_str() {
            "table" => self.head_table(),
            "select" if self.word(1) == "into" => self.head_select_into(),
            "select" | "with" | "declare" => self.head_query(),
            "do" => self.head_do(),
            "update" | "delete" => self.head_current_of(),
            "copy" => self.head_copy(),
            "create" => self.head_create(),
            "alter" => self.head_alter(),
            "drop" => self.head_drop(),
            "reassign" => {
                self.head_only();
                self.dynamic_target();
                self.part.may |= Effect::Privilege;
                self.finish_plain(Op::Grant, "REASSIGN OWNED");
            }
            "grant" | "revoke" => self.head_grant(&first),
            "security" => {
                self.head_only();
                self.dynamic_target();
                self.part.may |= Effect::Privilege | Effect::Schema;
                self.finish_plain(Op::Grant, "SECURITY LABEL");
            }
            "import" => {
                self.head_only();
                self.dynamic_target();
                self.define("IMPORT FOREIGN SCHEMA", Effect::Schema | Effect::NetEgress);
            }
            "reindex" => self.head_reindex(),
            "refresh" => self.head_refresh(),
            "cluster" => {
                let at = self.skip(1, &["verbose"]);
                self.head_maintenance("CLUSTER", at, Effect::Availability | Effect::WriteData);
            }
            "vacuum" => self.head_maintenance("VACUUM", 1, Effect::Availability.into()),
            "analyze" | "analyse" => {
                self.head_maintenance("ANALYZE", 1, Effect::Availability.into());
            }
            "lock" => {
                let at = self.skip(1, &["table"]);
                self.head_maintenance("LOCK", at, Effect::Availability.into());
            }
            "checkpoint" => {
                self.object(TargetKind::Server, Path::dynamic());
                self.maintain("CHECKPOINT", Effect::Availability.into());
            }
            "load" => {
                self.object(TargetKind::Extension, Path::dynamic());
                self.maintain("LOAD", Effect::CodeExec | Effect::Availability);
            }
            "comment" => {
                self.head_only();
                self.dynamic_target();
                self.define("COMMENT", Effect::Schema.into());
            }
            "truncate" => self.head_truncate(),
            "fetch" | "move" => self.head_cursor(&first),
            "close" => self.finish_plain(Op::Session, "CLOSE"),
            "set" | "reset" | "show" | "discard" => self.head_set(&first),
            "abort" => self.transaction("ABORT", Transaction::Rollback),
            "begin" | "start" => self.head_transaction("BEGIN", Transaction::Begin),
            "commit" | "end" => self.head_transaction("COMMIT", Transaction::Commit),
            "rollback" => self.head_transaction("ROLLBACK", Transaction::Rollback),
            "savepoint" | "release" => self.head_transaction("SAVEPOINT", Transaction::Savepoint),
            "prepare" if self.word(1) == "transaction" => {
                self.head_transaction("PREPARE TRANSACTION", Transaction::Commit);
            }
            "listen" => self.finish_plain(Op::Stream, "LISTEN"),
            "unlisten" => self.finish_plain(Op::Stream, "UNLISTEN"),
            "notify" => {
                self.part.may |= Effect::NetEgress;
                self.finish_plain(Op::Stream, "NOTIFY");
            }
            "deallocate" => {
                self.session.push(SessionDelta::Deallocated(None));
                self.state.session.to_mut().prepared = None;
                self.finish_plain(Op::Session, "DEALLOCATE");
            }
            _ => self.opaque(Reason::NotParsed),
        }
    }

    /// Everything may happen, and yet the kind of statement is known.
    pub(super) fn anything(&mut self, op: Op, verb: &str) {
        // Also a temporary table, which hides others from now on.
        self.state.session.to_mut().temp_tables = None;
        self.head_only();
        self.dynamic_target();
        self.part.may = EffectSet::ALL;
        let op = if self.gives_away() { Op::Grant } else { op };
        let changes = op == Op::Update || op == Op::Delete;
        let extent = if changes { Extent::All } else { Extent::Unknown };
        self.finish(op, verb, extent, Outputs::Opaque);
    }

    /// `TABLE x`.
    pub(super) fn head_table(&mut self) {
        let only = self.skip(1, &["only"]);
        let named = self.name_at(only).map(|(parts, after)| {
            (
                parts,
                if self.token(after).is_some_and(|t| t.text(self.text) == "*") {
                    after.saturating_add(1)
                } else {
                    after
                },
            )
        });
        match named {
            Some((parts, after)) if after == self.tokens.len() => {
                let names = Names::default();
                let mut level = Names::inside(&names);
                let extent = self.relation_named(parts, None, None, &mut level);
                let columns = self.star(&level);
                let outputs = self.outputs(columns);
                self.finish(Op::Read, "TABLE", extent, outputs);
            }
            Some(_) | None => self.opaque(Reason::NotParsed),
        }
    }

    /// A query that ends in `FETCH FIRST (n) ROWS ONLY`, or that locks rows of no table. What stands
    /// before is read: at most as many rows come as without the clause.
    fn head_query(&mut self) {
        let before = self.fetch_clause().or_else(|| self.lock_of_nothing()).and_then(|at| {
            let end = self.token(at)?.span.start();
            self.text.get(self.span.start()..end).map(str::to_owned)
        });
        let Some(before) = before else { return self.opaque(Reason::NotParsed) };
        let facts = super::nested::read_sql(&self.setting, self.state, &before);
        let [_] = facts.actions.as_slice() else { return self.opaque(Reason::NotParsed) };
        if facts.understanding == Understanding::Opaque {
            return self.opaque(Reason::NotParsed);
        }
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(facts.reasons);
        self.session.extend(facts.session);
        for action in facts.actions {
            self.part.targets.extend(action.targets);
            self.part.may |= action.may;
            self.part.calls.extend(action.calls);
            self.part.nested.extend(action.nested);
            self.finish(action.op, &action.verb, action.extent, action.outputs);
        }
    }

    /// Where the clause begins that a query ends in, if nothing in it runs: a number, a parameter,
    /// sums of them.
    fn fetch_clause(&self) -> Option<usize> {
        let at = (0..self.tokens.len()).rev().find(|at| self.word(*at) == "fetch")?;
        let rows = self.skip(at.saturating_add(1), &["first"]);
        let rows = self.skip(rows, &["next"]);
        let plain = |at: &usize| match self.kind(*at) {
            Some(
                TokenKind::Number | TokenKind::Placeholder | TokenKind::Open | TokenKind::Close,
            ) => true,
            Some(TokenKind::Operator) => {
                let text = self.token(*at).map_or("", |token| token.text(self.text));
                matches!(text, "+" | "-" | "*" | "::")
            }
            Some(TokenKind::Word) => {
                matches!(self.word(*at).as_str(), "int" | "integer" | "bigint" | "int4" | "int8")
            }
            Some(
                TokenKind::QuotedName
                | TokenKind::Text
                | TokenKind::Comma
                | TokenKind::Dot
                | TokenKind::Semicolon,
            )
            | None => false,
        };
        let end = (rows..self.tokens.len()).find(|at| !plain(at))?;
        let word = |offset: usize| self.word(end.saturating_add(offset));
        let tail = [word(0), word(1), word(2)];
        let ends = match tail.each_ref().map(String::as_str) {
            ["row" | "rows", "only", ""] => end.saturating_add(2),
            ["row" | "rows", "with", "ties"] => end.saturating_add(3),
            _ => return None,
        };
        (rows > at.saturating_add(1) && ends == self.tokens.len()).then_some(at)
    }

    /// Where `FOR UPDATE` begins at the end of a query that reads from nothing.
    fn lock_of_nothing(&self) -> Option<usize> {
        let at = self.tokens.len().checked_sub(2)?;
        let locks = self.word(at) == "for"
            && matches!(self.word(at.saturating_add(1)).as_str(), "update" | "share");
        let reads = (0..at).any(|at| matches!(self.word(at).as_str(), "from" | "table" | "into"));
        (locks && !reads).then_some(at)
    }

    /// `SELECT INTO t FROM …`: a select list of no columns. The rest is read without the INTO.
    fn head_select_into(&mut self) {
        let mut at = 2;
        let mut temporary = false;
        for word in ["local", "global", "temporary", "temp", "unlogged", "table"] {
            if self.word(at) == word {
                temporary |= word.starts_with("temp");
                at = at.saturating_add(1);
            }
        }
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let rest = self.text_from(after).unwrap_or_default();
        let facts = super::nested::read_sql(&self.setting, self.state, &format!("SELECT {rest}"));
        let [_] = facts.actions.as_slice() else { return self.opaque(Reason::NotParsed) };
        if facts.understanding == Understanding::Opaque {
            return self.opaque(Reason::NotParsed);
        }
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(facts.reasons);
        for action in facts.actions {
            self.part.targets.extend(action.targets);
            self.part.may |= action.may;
            self.part.calls.extend(action.calls);
            self.part.nested.extend(action.nested);
            self.new_table(parts.clone(), temporary);
            self.finish(Op::Define, "SELECT INTO", action.extent, Outputs::None);
        }
    }

    /// DO runs a block of another language.
    fn head_do(&mut self) {
        let language = self.find(0, "language").map(|at| self.word(at.saturating_add(1)));
        let is_known = language.is_none_or(|language| language == "plpgsql");
        // `DO LANGUAGE 'x'` names it in a text too.
        let mut texts = (1..self.tokens.len()).filter(|at| self.kind(*at) == Some(TokenKind::Text));
        match (texts.next().and_then(|at| self.text_at(at)), texts.next()) {
            (Some(body), None) if is_known => self.plpgsql(&body, &[]),
            (body, _) => {
                self.foreign_code(body.map_or(0, |body| body.len()));
                self.dynamic_target();
            }
        }
        self.part.may |= Effect::CodeExec;
        self.finish(Op::Execute, "DO", Extent::Unknown, Outputs::None);
    }

    /// UPDATE and DELETE … WHERE CURRENT OF: the one row under a cursor. What stands before is
    /// read as a statement of its own.
    pub(in crate::facts::sql) fn head_current_of(&mut self) {
        let at = self.tokens.len().saturating_sub(4);
        if self.after(at, &["where", "current", "of"]).is_none() || at == 0 {
            return self.opaque(Reason::NotParsed);
        }
        let start = self.span.start();
        let end = self.token(at).map_or(start, |token| token.span.start());
        let text = self.text.get(start..end).unwrap_or_default().to_owned();
        let facts = super::nested::read_sql(&self.setting, self.state, &text);
        let [_] = facts.actions.as_slice() else { return self.opaque(Reason::NotParsed) };
        if facts.understanding == Understanding::Opaque {
            return self.opaque(Reason::NotParsed);
        }
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(facts.reasons);
        for mut action in facts.actions {
            action.extent = Extent::One;
            action.span = self.span;
            self.actions.push(action);
        }
    }

    /// COPY of a table, with options that the parser does not know.
    fn head_copy(&mut self) {
        let Some((parts, mut at)) = self.name_at(1) else {
            return self.opaque(Reason::NotParsed);
        };
        if self.kind(at) == Some(TokenKind::Open) {
            let close = (at..self.tokens.len()).find(|at| self.kind(*at) == Some(TokenKind::Close));
            at = close.unwrap_or(self.tokens.len()).saturating_add(1);
        }
        let to = match self.word(at).as_str() {
            "to" => true,
            "from" => false,
            _ => return self.opaque(Reason::NotParsed),
        };
        at = at.saturating_add(1);
        let program = self.word(at) == "program";
        if program {
            at = at.saturating_add(1);
        }
        let stdio = matches!(self.word(at).as_str(), "stdin" | "stdout");
        if (!stdio && self.kind(at) != Some(TokenKind::Text)) || (stdio && program) {
            return self.opaque(Reason::NotParsed);
        }
        let options = self.skip(at.saturating_add(1), &["with"]);
        // Options in brackets hold words, names and texts; a WHERE holds an expression.
        let plain = (options..self.tokens.len()).all(|at| {
            !matches!(self.word(at).as_str(), "where" | "select")
                && self.kind(at) != Some(TokenKind::Operator)
        });
        if !plain {
            return self.opaque(Reason::NotParsed);
        }
        self.head_only();
        let role = if to { Role::Source } else { Role::Sink };
        self.existing(parts, None, role);
        self.part.unresolved = true;
        let other = if to { Role::Sink } else { Role::Source };
        if program {
            self.part.may |= Effect::CodeExec | Effect::NetEgress;
            self.place(TargetKind::Program, other);
        } else if !stdio {
            self.part.may |= if to { Effect::FsWrite } else { Effect::FsRead };
            self.place(TargetKind::File, other);
        }
        if to {
            let outputs = if stdio { Outputs::Opaque } else { Outputs::None };
            self.finish(Op::Stream, "COPY", Extent::All, outputs);
        } else {
            self.part.may |= Effect::WriteData;
            self.finish(Op::Create, "COPY", Extent::Unknown, Outputs::None);
        }
    }

    /// What a rule does in place of, or beside, a statement: it runs later.
    fn rule_action(&mut self) {
        let action = self.find(0, "do").map(|at| at.saturating_add(1));
        let at = action.map(|at| {
            if self.word(at) == "also" || self.word(at) == "instead" {
                at.saturating_add(1)
            } else {
                at
            }
        });
        let Some(at) = at else { return self.foreign_code(0) };
        if self.word(at) == "nothing" {
            return;
        }
        let text = self.text_from(at).unwrap_or_default();
        let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
        let text = inner.unwrap_or(text).to_owned();
        let state = self.state.clone();
        self.code(&text);
        *self.state = state;
    }

    fn head_create(&mut self) {
        let mut at = self.skip(1, &["or", "replace"]);
        for word in ["constraint", "trusted", "procedural", "default", "unlogged", "recursive"] {
            at = self.skip(at, &[word]);
        }
        let kind = self.word(at);
        let next = self.word(at.saturating_add(1));
        let schema = EffectSet::from(Effect::Schema);
        let (verb, may) = match (kind.as_str(), next.as_str()) {
            ("rule", _) => {
                self.rule_action();
                return self.anything(Op::Define, "CREATE RULE");
            }
            ("event", "trigger") => return self.anything(Op::Define, "CREATE EVENT TRIGGER"),
            ("trigger", _) => return self.anything(Op::Define, "CREATE TRIGGER"),
            ("function" | "procedure", _) => return self.head_routine(&kind),
            // Options in an order of their own: pg_dump writes them so.
            ("sequence", _) => ("CREATE SEQUENCE", schema),
            ("materialized", "view") => {
                return self.anything(Op::Define, "CREATE MATERIALIZED VIEW");
            }
            ("index", _) | ("unique", "index") => return self.anything(Op::Define, "CREATE INDEX"),
            ("table", _) => return self.anything(Op::Define, "CREATE TABLE"),
            ("publication", _) => {
                ("CREATE PUBLICATION", schema | Effect::Persistence | Effect::NetEgress)
            }
            ("subscription", _) => (
                "CREATE SUBSCRIPTION",
                schema | Effect::Persistence | Effect::NetEgress | Effect::WriteData,
            ),
            ("cast", _) => ("CREATE CAST", schema | Effect::CodeExec | Effect::Persistence),
            ("conversion", _) => {
                ("CREATE CONVERSION", schema | Effect::CodeExec | Effect::Persistence)
            }
            ("transform", _) => {
                ("CREATE TRANSFORM", schema | Effect::CodeExec | Effect::Persistence)
            }
            ("language", _) => ("CREATE LANGUAGE", schema | Effect::CodeExec | Effect::Persistence),
            ("access", "method") => {
                ("CREATE ACCESS METHOD", schema | Effect::CodeExec | Effect::Persistence)
            }
            ("statistics", _) => return self.anything(Op::Define, "CREATE STATISTICS"),
            ("aggregate", _) => return self.anything(Op::Define, "CREATE AGGREGATE"),
            ("tablespace", _) => ("CREATE TABLESPACE", schema | Effect::FsWrite | Effect::FsRead),
            ("foreign", _) => (
                "CREATE FOREIGN TABLE",
                schema
                    | Effect::NetEgress
                    | Effect::FsRead
                    | Effect::CodeExec
                    | Effect::Persistence,
            ),
            ("user", "mapping") => {
                ("CREATE USER MAPPING", schema | Effect::Privilege | Effect::NetEgress)
            }
            ("database", _) => {
                self.head_only();
                self.named_object(TargetKind::Database, at.saturating_add(1));
                // Another database, of which it is a copy, and roles.
                self.dynamic_target();
                let may = Effect::Schema | Effect::Availability;
                return self.define("CREATE DATABASE", may);
            }
            ("role" | "user" | "group", _) => {
                self.head_only();
                self.part.may |= Effect::Privilege;
                self.named_object(TargetKind::Role, at.saturating_add(1));
                return self.finish_plain(Op::Grant, "CREATE ROLE");
            }
            _ => return self.opaque(Reason::NotParsed),
        };
        if !self.plain_from(at.saturating_add(1)) {
            return self.anything(Op::Define, verb);
        }
        self.head_only();
        self.dynamic_target();
        self.define(verb, may);
    }

    /// A function or procedure in a spelling that the parser does not know: its body is read if
    /// it is a text in SQL.
    fn head_routine(&mut self, kind: &str) {
        let language = self.find(0, "language").map(|at| {
            let at = at.saturating_add(1);
            self.name_at(at).and_then(|(mut parts, _)| parts.pop()).unwrap_or_default()
        });
        // Names of arguments, among other words: each may stand for a value.
        let end = self.find(0, "as").unwrap_or(self.tokens.len());
        let arguments: Vec<String> =
            (1..end).map(|at| self.word(at)).filter(|word| !word.is_empty()).collect();
        let body = self.find(0, "as").and_then(|at| self.text_at(at.saturating_add(1)));
        let verb = if kind == "function" { "CREATE FUNCTION" } else { "CREATE PROCEDURE" };
        let name = self.find(0, kind).and_then(|at| self.name_at(at.saturating_add(1)));
        match (language.as_deref(), body, name) {
            (Some("sql"), Some(body), Some((name, _))) => {
                self.with_variables(arguments.iter(), |walk| walk.code(&body));
                self.routine_that_was_read(name, verb);
            }
            (Some("plpgsql"), Some(body), Some((name, _))) => {
                self.plpgsql(&body, &arguments);
                self.routine_that_was_read(name, verb);
            }
            (_, body, _) => {
                self.foreign_code(body.map_or(0, |body| body.len()));
                self.anything(Op::Define, verb);
            }
        }
    }

    /// A routine whose body was read.
    fn routine_that_was_read(&mut self, name: Vec<String>, verb: &str) {
        self.state.shadowed = true;
        self.object(TargetKind::Function, Path::exact(name));
        if self.find(0, "definer").is_some() {
            self.part.may |= Effect::Privilege;
        }
        self.define(verb, Effect::Schema | Effect::CodeExec | Effect::Persistence);
    }

    fn head_alter(&mut self) {
        match (self.word(1).as_str(), self.word(2).as_str()) {
            ("system", "set" | "reset") => {
                self.head_only();
                let name = self.name_at(3).map(|(parts, _)| parts.join(".")).unwrap_or_default();
                let may = match name.as_str() {
                    "" | "all" => Effect::CodeExec | Effect::AuditTamper | Effect::ParserState,
                    name => super::settings::effects(name),
                };
                let path = if name.is_empty() { Path::dynamic() } else { Path::exact([name]) };
                self.object(TargetKind::Setting, path);
                self.maintain("ALTER SYSTEM", may | Effect::Availability | Effect::Persistence);
            }
            ("default", "privileges") => {
                self.head_only();
                self.dynamic_target();
                self.part.may |= Effect::Privilege;
                self.finish_plain(Op::Grant, "ALTER DEFAULT PRIVILEGES");
            }
            ("user", "mapping") => {
                self.head_only();
                self.dynamic_target();
                let may = Effect::Schema | Effect::Privilege | Effect::NetEgress;
                self.define("ALTER USER MAPPING", may | Effect::Persistence);
            }
            ("role" | "user" | "group", _) => {
                self.head_only();
                self.part.may |= Effect::Privilege
                    | Effect::Persistence
                    | Effect::ParserState
                    | Effect::AuditTamper
                    | Effect::CodeExec;
                self.named_object(TargetKind::Role, 2);
                self.finish_plain(Op::Grant, "ALTER ROLE");
            }
            (
                kind @ ("table" | "index" | "sequence" | "view" | "materialized" | "type"
                | "domain" | "schema"),
                _,
            ) => {
                let verb = match kind {
                    "table" => "ALTER TABLE",
                    "index" => "ALTER INDEX",
                    "sequence" => "ALTER SEQUENCE",
                    "view" => "ALTER VIEW",
                    "materialized" => "ALTER MATERIALIZED VIEW",
                    "type" => "ALTER TYPE",
                    "domain" => "ALTER DOMAIN",
                    _ => "ALTER SCHEMA",
                };
                let mut at = if kind == "materialized" { 3 } else { 2 };
                at = self.skip(at, &["if", "exists"]);
                at = self.skip(at, &["only"]);
                if !self.plain_from(at) {
                    return self.anything(Op::Define, verb);
                }
                self.head_only();
                self.named_object(TargetKind::Table, at);
                // Partitions, schemas and owners that the tail names.
                self.dynamic_target();
                let may = Effect::Schema
                    | Effect::Destroy
                    | Effect::WriteData
                    | Effect::Privilege
                    | Effect::Availability;
                self.define(verb, may | Effect::Persistence | Effect::AuditTamper);
            }
            ("database", _) => self.anything(Op::Define, "ALTER DATABASE"),
            _ => self.anything(Op::Define, "ALTER"),
        }
    }

    fn head_drop(&mut self) {
        self.head_only();
        self.dynamic_target();
        let verb = match self.word(1).as_str() {
            "owned" => "DROP OWNED",
            "rule" => "DROP RULE",
            "publication" => "DROP PUBLICATION",
            "subscription" => "DROP SUBSCRIPTION",
            "event" => "DROP EVENT TRIGGER",
            "trigger" => "DROP TRIGGER",
            "database" => "DROP DATABASE",
            "table" => "DROP TABLE",
            _ => "DROP",
        };
        self.part.may |= Effect::Schema
            | Effect::Destroy
            | Effect::Privilege
            | Effect::AuditTamper
            | Effect::Availability
            | Effect::NetEgress;
        self.finish_plain(Op::Destroy, verb);
    }

    /// `GRANT a TO b`, and rights on things that the parser does not know.
    fn head_grant(&mut self, verb: &str) {
        self.head_only();
        self.part.may |= Effect::Privilege;
        let to = if verb == "grant" { "to" } else { "from" };
        let end = self.find(1, to).unwrap_or(self.tokens.len());
        if self.find(1, "on").is_some() {
            self.dynamic_target();
        } else {
            let mut at = self.skip(1, &["admin", "option", "for"]);
            while at < end {
                match self.named_object(TargetKind::Role, at) {
                    Some(after) => at = after.saturating_add(1),
                    None => break,
                }
            }
        }
        self.finish_plain(Op::Grant, &verb.to_ascii_uppercase());
    }

    fn head_reindex(&mut self) {
        self.head_only();
        let mut at = self.after_options(1);
        let kind = self.word(at);
        let kind = match kind.as_str() {
            "index" => TargetKind::Index,
            "table" => TargetKind::Table,
            "schema" => TargetKind::Schema,
            "database" | "system" => TargetKind::Database,
            _ if self.is_sqlite() => {
                // A table, an index or a collation.
                if self.token(at).is_some() {
                    self.named_object(TargetKind::Table, at);
                } else {
                    self.object(TargetKind::Other, Path::dynamic());
                }
                return self.maintain("REINDEX", Effect::Availability.into());
            }
            _ => return self.opaque(Reason::NotParsed),
        };
        at = self.skip(at.saturating_add(1), &["concurrently"]);
        let whole = kind == TargetKind::Schema || kind == TargetKind::Database;
        let after = self.named_object(kind, at).unwrap_or(at);
        if whole {
            self.object(TargetKind::Other, Path(vec![Segment::Dynamic]));
        }
        if after < self.tokens.len() {
            return self.opaque(Reason::NotParsed);
        }
        self.maintain("REINDEX", Effect::Availability.into());
    }

    fn after_options(&self, at: usize) -> usize {
        if self.kind(at) != Some(TokenKind::Open) {
            return at;
        }
        let close = (at..self.tokens.len()).find(|at| self.kind(*at) == Some(TokenKind::Close));
        close.map_or(at, |close| close.saturating_add(1))
    }

    fn head_refresh(&mut self) {
        let Some(at) = self.after(0, &["refresh", "materialized", "view"]) else {
            return self.opaque(Reason::NotParsed);
        };
        let at = self.skip(at, &["concurrently"]);
        let Some(after) = self.named_object(TargetKind::Table, at) else {
            return self.opaque(Reason::NotParsed);
        };
        let rest = self.skip(self.skip(after, &["with", "no", "data"]), &["with", "data"]);
        if rest < self.tokens.len() {
            return self.opaque(Reason::NotParsed);
        }
        self.head_only();
        let may = Effect::Availability | Effect::WriteData;
        self.maintain("REFRESH MATERIALIZED VIEW", may);
    }

    /// Maintenance of the relation that is named, or of all.
    fn head_maintenance(&mut self, verb: &str, at: usize, may: EffectSet) {
        self.head_only();
        let mut at = self.after_options(at);
        for word in ["full", "freeze", "verbose", "analyze", "only"] {
            at = self.skip(at, &[word]);
        }
        match self.name_at(at) {
            None if at >= self.tokens.len() => self.object(TargetKind::Table, Path::dynamic()),
            None => return self.opaque(Reason::NotParsed),
            Some((parts, after)) => {
                let path = self.named_parts(parts).path;
                self.object(TargetKind::Table, path);
                if after < self.tokens.len() {
                    // More names, columns, an index, a lock mode: nothing of it runs.
                    if !(after..self.tokens.len()).all(|at| {
                        !matches!(self.kind(at), Some(TokenKind::Operator | TokenKind::Text))
                    }) {
                        return self.opaque(Reason::NotParsed);
                    }
                    self.object(TargetKind::Table, Path::dynamic());
                }
            }
        }
        self.maintain(verb, may);
    }

    fn head_truncate(&mut self) {
        self.head_only();
        self.object(TargetKind::Table, Path::dynamic());
        self.part.may |= Effect::WriteData | Effect::Destroy;
        self.finish(Op::Delete, "TRUNCATE", Extent::All, Outputs::None);
    }

    fn head_cursor(&mut self, verb: &str) {
        let last = self.tokens.len().saturating_sub(1);
        let name = self.name_at(last).and_then(|(mut parts, _)| parts.pop()).unwrap_or_default();
        self.head_only();
        self.cursor_read(&verb.to_ascii_uppercase(), &name, Extent::Unknown);
    }

    fn head_set(&mut self, verb: &str) {
        let plain = ["constraints", "transaction"].iter().any(|word| self.word(1) == *word)
            || self.after(1, &["session", "characteristics"]).is_some();
        if verb == "set" && plain {
            if (1..self.tokens.len()).any(|at| self.after(at, &["read", "write"]).is_some()) {
                self.part.may |= Effect::ParserState;
            }
            return self.finish_plain(Op::Session, "SET");
        }
        if verb == "show" {
            return self.show();
        }
        self.head_only();
        self.object(TargetKind::Setting, Path::dynamic());
        self.part.may |= Effect::ParserState
            | Effect::Identity
            | Effect::AuditTamper
            | Effect::CodeExec
            | Effect::Destroy
            | Effect::Privilege;
        self.session.push(SessionDelta::Unknown);
        self.forget_session();
        self.finish_plain(Op::Session, &verb.to_ascii_uppercase());
    }

    /// Transaction control: words, names, and for prepared transactions a text.
    fn head_transaction(&mut self, verb: &str, step: Transaction) {
        if !self.is_step(1) || self.word(1) == "atomic" {
            return self.opaque(Reason::NotParsed);
        }
        if self.find(0, "prepared").is_some() || self.word(0) == "prepare" {
            self.part.may |= Effect::Availability;
        }
        self.transaction(verb, step);
    }
}
