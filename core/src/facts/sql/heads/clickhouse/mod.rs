//! ClickHouse: src/Parsers of 26.9, and the manual for what only a server of several machines has.

mod insert;
mod reads;

use super::{Head, Names, Tail, row, shows};
use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Columns, Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, Target, TargetKind,
    Transaction,
};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, FsWrite, Identity, NetEgress,
    ParserState, Persistence, Privilege, ReadData, Schema, SecretRead, WriteData,
};

/// Statements that are read by a function of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Own {
    Alter,
    Insert,
    Create,
    System,
    Kill,
    Set,
    Drop,
    Truncate,
    Rename,
    Optimize,
    Backup,
    Function,
    Explain,
    Describe,
}

const fn own(words: &'static str, own: Own) -> Head {
    let tail = Tail::Own(super::Own::Clickhouse(own));
    Head { words, op: Op::Execute, may: &[], names: Names::Nothing, tail, rows: false }
}

#[rustfmt::skip]
pub(super) const CLICKHOUSE: &[Head] = &[
    own("alter table|live", Own::Alter),
    own("insert", Own::Insert),
    own("create table|view|materialized|live|window|dictionary|database", Own::Create),
    own("replace table|dictionary|database", Own::Create),
    own("attach table|view|materialized|dictionary|database", Own::Create),
    own("create function", Own::Function),
    own("system", Own::System),
    own("kill", Own::Kill),
    own("set", Own::Set),
    own("drop table|view|database|dictionary", Own::Drop),
    own("detach table|view|database|dictionary", Own::Drop),
    own("undrop table", Own::Rename),
    own("truncate", Own::Truncate),
    own("rename", Own::Rename),
    own("exchange", Own::Rename),
    own("move", Own::Rename),
    own("optimize", Own::Optimize),
    own("backup", Own::Backup),
    own("restore", Own::Backup),
    own("explain", Own::Explain),
    shows("show", &[]),
    shows("show create user|role|quota|row|settings|masking", &[SecretRead]),
    shows("show grants|users|access|privileges", &[SecretRead]),
    shows("show processlist", &[SecretRead]),
    row("exists", Op::List, &[], Names::Nothing, Tail::Inert),
    own("describe|desc", Own::Describe),
    row("check table", Op::Read, &[Availability], Names::One(TargetKind::Table), Tail::Inert),
    row("check all|database", Op::Read, &[Availability], Names::Some(TargetKind::Table), Tail::Inert),
    row("check grant", Op::List, &[], Names::Nothing, Tail::Inert),
    row("watch", Op::Read, &[ReadData], Names::One(TargetKind::Table), Tail::Inert),
    row("use", Op::Session, &[], Names::Nothing, Tail::Current),
    row("begin|start transaction", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Begin)),
    row("commit", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Commit)),
    row("rollback", Op::Txn, &[], Names::Nothing, Tail::Step(Transaction::Rollback)),
    row("set role", Op::Assume, &[Identity, Privilege], Names::Some(TargetKind::Role), Tail::Inert),
    row("set default role", Op::Grant, &[Privilege, Persistence], Names::Some(TargetKind::Role), Tail::Inert),
    row("set transaction", Op::Session, &[], Names::Nothing, Tail::Inert),
    row("execute as", Op::Assume, &[Identity], Names::One(TargetKind::Role), Tail::Code),
    row("grant", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Inert),
    row("revoke", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Inert),
    row("create user|role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("alter user|role", Op::Grant, &[Privilege], Names::One(TargetKind::Role), Tail::Inert),
    row("drop user|role", Op::Destroy, &[Privilege, Destroy], Names::One(TargetKind::Role), Tail::Inert),
    row("create quota", Op::Grant, &[Privilege, Availability], Names::Some(TargetKind::Other), Tail::Inert),
    row("alter quota", Op::Grant, &[Privilege, Availability], Names::Some(TargetKind::Other), Tail::Inert),
    row("drop quota", Op::Destroy, &[Privilege, Destroy], Names::Some(TargetKind::Other), Tail::Inert),
    row("create row|policy|masking", Op::Grant, &[Privilege, Schema], Names::Some(TargetKind::Other), Tail::Looked),
    row("alter row|policy|masking", Op::Grant, &[Privilege, Schema], Names::Some(TargetKind::Other), Tail::Looked),
    row("drop row|policy|masking", Op::Destroy, &[Privilege, Schema, Destroy], Names::Some(TargetKind::Other), Tail::Inert),
    row("create settings|profile", Op::Grant, &[Privilege, ParserState, Persistence], Names::Some(TargetKind::Setting), Tail::Inert),
    row("alter settings|profile", Op::Grant, &[Privilege, ParserState, Persistence], Names::Some(TargetKind::Setting), Tail::Inert),
    row("drop settings|profile", Op::Destroy, &[Privilege, Destroy], Names::Some(TargetKind::Setting), Tail::Inert),
    row("create named collection", Op::Define, &[Privilege, NetEgress, Persistence], Names::One(TargetKind::Other), Tail::Inert),
    row("alter named collection", Op::Define, &[Privilege, NetEgress, Persistence], Names::One(TargetKind::Other), Tail::Inert),
    row("drop named collection", Op::Destroy, &[Privilege, Destroy], Names::One(TargetKind::Other), Tail::Inert),
    row("create workload|resource", Op::Define, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("drop workload|resource", Op::Destroy, &[Availability, Destroy], Names::Some(TargetKind::Server), Tail::Inert),
    row("drop function", Op::Destroy, &[Schema, Destroy], Names::One(TargetKind::Function), Tail::Inert),
    row("drop index", Op::Destroy, &[Schema, Destroy], Names::Some(TargetKind::Index), Tail::Inert),
    row("move user|role|quota|row|settings", Op::Grant, &[Privilege], Names::Some(TargetKind::Other), Tail::Inert),
];

impl Walk<'_, '_> {
    pub(super) fn clickhouse_own(&mut self, own: Own) {
        match own {
            Own::Alter => self.clickhouse_alter(),
            Own::Insert => self.clickhouse_insert(),
            Own::Create => self.clickhouse_create(),
            Own::System => self.clickhouse_system(),
            Own::Kill => self.clickhouse_kill(),
            Own::Set => self.clickhouse_set(),
            Own::Drop => self.clickhouse_drop(),
            Own::Truncate => self.clickhouse_truncate(),
            Own::Rename => self.clickhouse_rename(),
            Own::Optimize => {
                let at = self.skip(1, &["table"]);
                let Some((parts, after)) = self.name_at(at) else {
                    return self.opaque(Reason::NotParsed);
                };
                self.existing(parts, None, Role::Object);
                self.part.unresolved = true;
                self.part.may |= Availability;
                if self.find(after, "deduplicate").is_some() || self.find(after, "final").is_some()
                {
                    // Rows that are alike, or that others replace, go.
                    self.part.may |= WriteData | Destroy;
                }
                self.reach_of(after..self.tokens.len());
                self.finish_plain(Op::Configure, "OPTIMIZE");
            }
            Own::Backup => self.clickhouse_backup(),
            Own::Function => {
                let at = self.skip(self.skip(1, &["or", "replace"]), &["function"]);
                let at = self.skip(at, &["if", "not", "exists"]);
                let Some((parts, after)) = self.name_at(at) else {
                    return self.opaque(Reason::NotParsed);
                };
                self.object(TargetKind::Function, Path::exact(parts));
                self.reach_of(after..self.tokens.len());
                self.define("CREATE FUNCTION", Schema | CodeExec | Persistence);
            }
            Own::Explain => self.clickhouse_explain(),
            Own::Describe => self.clickhouse_describe(),
        }
    }

    /// Whether one statement holds several: `DROP TABLE a PARALLEL WITH DROP TABLE b`.
    pub(super) fn goes_parallel(&self) -> bool {
        (1..self.tokens.len()).any(|at| self.after(at, &["parallel", "with"]).is_some())
    }

    /// Places after the words for what a statement is on: `ON CLUSTER c` says only where it runs.
    fn behind_cluster(&self, at: usize) -> usize {
        match self.after(at, &["on", "cluster"]) {
            Some(name) => name.saturating_add(1),
            None => at,
        }
    }

    /// `ALTER TABLE t command, command`: DELETE and UPDATE are changes of rows.
    fn clickhouse_alter(&mut self) {
        let at = self.skip(2, &["table"]);
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let table = self.text_between(at, after).to_owned();
        let start = self.behind_cluster(after);
        let mut acts = Vec::new();
        let (mut depth, mut first) = (0_usize, start);
        for at in start..self.tokens.len() {
            match self.kind(at) {
                Some(TokenKind::Open) => depth = depth.saturating_add(1),
                Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                Some(TokenKind::Comma) if depth == 0 && self.begins_alter(at.saturating_add(1)) => {
                    acts.push((first, at));
                    first = at.saturating_add(1);
                }
                _ => {}
            }
        }
        acts.push((first, self.tokens.len()));
        for (from, to) in acts {
            self.clickhouse_alteration(&parts, &table, from, to);
        }
    }

    fn begins_alter(&self, at: usize) -> bool {
        let at = at.saturating_add(usize::from(self.kind(at) == Some(TokenKind::Open)));
        ALTERS.iter().any(|(word, _)| self.word(at) == *word)
            || matches!(self.word(at).as_str(), "delete" | "update")
    }

    /// Where the condition of a change begins. `where` is a name too where a value may stand: with
    /// another one outside a query, nothing says which begins it.
    fn only_where(&self, from: usize, to: usize) -> Option<usize> {
        let mut queries = vec![false];
        let mut found = None;
        for at in from..to {
            match (self.kind(at), self.word(at).as_str()) {
                (Some(TokenKind::Open), _) => queries.push(false),
                (Some(TokenKind::Close), _) => {
                    queries.pop();
                }
                (_, "select") => *queries.last_mut()? = true,
                (_, "where") => match (queries.as_slice(), found) {
                    ([_], None) => found = Some(at),
                    ([_, .., true], Some(_)) => {}
                    _ => return None,
                },
                _ => {}
            }
        }
        found
    }

    fn clickhouse_alteration(&mut self, parts: &[String], table: &str, from: usize, to: usize) {
        // A command may stand in brackets.
        let (from, to) = if self.kind(from) == Some(TokenKind::Open) {
            (from.saturating_add(1), to.saturating_sub(1))
        } else {
            (from, to)
        };
        let first = self.word(from);
        if matches!(first.as_str(), "delete" | "update") {
            let Some(condition) = self.only_where(from, to) else {
                return self.opaque(Reason::NotParsed);
            };
            let partition = (from..condition).find(|at| {
                self.word(*at) == "in" && self.word(at.saturating_add(1)) == "partition"
            });
            let rest = self.text_between(condition, to).to_owned();
            let end = partition.unwrap_or(condition);
            let text = if first == "delete" {
                format!("DELETE FROM {table} {rest}")
            } else {
                let set = self.text_between(from.saturating_add(1), end);
                format!("UPDATE {table} SET {set} {rest}")
            };
            let facts = self.inside(&text);
            let verb = format!("ALTER {}", first.to_ascii_uppercase());
            for mut action in facts.actions {
                if matches!(action.op, Op::Delete | Op::Update) {
                    verb.clone_into(&mut action.verb);
                }
                action.span = self.span;
                self.actions.push(action);
            }
            return;
        }
        self.existing(parts.to_vec(), None, Role::Object);
        self.part.unresolved = true;
        let second = self.word(from.saturating_add(1));
        self.part.may |= Schema;
        match ALTERS.iter().find(|(word, _)| *word == first) {
            Some((_, may)) => self.part.may |= may.iter().copied().collect::<EffectSet>(),
            None => {
                self.part.may = EffectSet::ALL;
                self.head_only();
                self.dynamic_target();
            }
        }
        match (first.as_str(), second.as_str()) {
            ("drop" | "clear" | "detach", "partition" | "part" | "column" | "detached") => {
                self.part.may |= WriteData | Destroy;
            }
            ("move" | "replace" | "attach", _) => {
                self.part.may |= WriteData;
                if first != "attach" {
                    self.part.may |= Destroy;
                }
                // Another table.
                for word in ["table", "from"] {
                    let found = (from..to).find(|at| self.word(*at) == word);
                    if let Some((other, _)) =
                        found.and_then(|at| self.name_at(at.saturating_add(1)))
                    {
                        let role = if first == "move" { Role::Sink } else { Role::Source };
                        self.existing(other, None, role);
                    }
                }
            }
            ("fetch", _) => self.part.may |= NetEgress | WriteData,
            ("freeze" | "unfreeze", _) => self.part.may |= FsWrite,
            ("modify" | "add" | "materialize", "ttl") => self.part.may |= WriteData | Destroy,
            ("modify", "query" | "sql") => {
                self.source(TargetKind::Table, Path::dynamic());
                self.part.may |= WriteData | Privilege;
            }
            _ => {}
        }
        self.reach_of(from.saturating_add(1)..to);
        self.finish_plain(Op::Define, "ALTER TABLE");
    }

    /// CREATE and ATTACH of tables, views, dictionaries, databases: the engine says where it keeps
    /// them.
    fn clickhouse_create(&mut self) {
        let first = self.word(0);
        let mut at = self.skip(1, &["or", "replace"]);
        for word in ["temporary", "materialized", "live", "window"] {
            at = self.skip(at, &[word]);
        }
        let kind = self.word(at);
        at = at.saturating_add(1);
        at = self.skip(self.skip(at, &["if", "not", "exists"]), &["if", "exists"]);
        let Some((parts, after)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        let (target, verb) = match kind.as_str() {
            "table" => (TargetKind::Table, "TABLE"),
            "view" => (TargetKind::Table, "VIEW"),
            "dictionary" => (TargetKind::Table, "DICTIONARY"),
            "database" => (TargetKind::Database, "DATABASE"),
            _ => return self.opaque(Reason::NotParsed),
        };
        let materialized = (1..at).any(|at| self.word(at) == "materialized");
        let temporary = (1..at).any(|at| self.word(at) == "temporary");
        let verb = match (first.as_str(), materialized) {
            ("attach", _) => format!("ATTACH {verb}"),
            (_, true) => format!("CREATE MATERIALIZED {verb}"),
            _ => format!("CREATE {verb}"),
        };
        if self.after(1, &["or", "replace"]).is_some() || first == "replace" {
            self.part.may |= Destroy;
        }
        self.part.may |= Schema;
        if first == "attach" {
            self.part.may |= Availability | FsRead;
        }
        let mut start = self.behind_cluster(after);
        // Columns and indexes.
        if self.kind(start) == Some(TokenKind::Open) && kind != "database" {
            let close = self.closing(start).unwrap_or(self.tokens.len());
            self.reach_of(start.saturating_add(1)..close);
            start = close.saturating_add(1);
        }
        self.clickhouse_engine(start);
        let query = (start..self.tokens.len()).find(|at| {
            matches!(self.word(*at).as_str(), "select" | "with")
                && at.checked_sub(1).is_some_and(|before| {
                    self.word(before) == "as"
                        || self.kind(before) == Some(TokenKind::Open)
                        || self.word(before) == "populate"
                        || self.word(before) == "empty"
                })
        });
        let (end, mut extent) = (query.unwrap_or(self.tokens.len()), Extent::Unknown);
        self.reach_of(start..end);
        // `AS other`: its columns; `AS f(…)`: the table is the function, from now on.
        let as_ = self.find(start, "as").filter(|as_| as_.saturating_add(1) < end);
        if let Some(at) = as_.map(|as_| as_.saturating_add(1))
            && let Some((other, behind)) = self.name_at(at)
            && !matches!(self.word(at).as_str(), "select" | "with")
        {
            if self.kind(behind) == Some(TokenKind::Open) {
                self.invoke(other, &[]);
                self.part.may |= Persistence;
            } else if self.word(at.saturating_sub(2)) == "clone" {
                // Its rows too.
                self.existing(other, None, Role::Source);
                self.part.may |= WriteData;
            } else {
                self.existing(other, None, Role::Object);
            }
        }
        if let Some((other, _)) = self
            .find(start, "to")
            .filter(|to| *to < end && kind == "view")
            .and_then(|to| self.name_at(to.saturating_add(1)))
        {
            self.existing(other, None, Role::Sink);
            self.part.may |= WriteData;
        }
        if let Some(query) = query {
            let open =
                query.checked_sub(1).filter(|before| self.kind(*before) == Some(TokenKind::Open));
            let to = open.and_then(|open| self.closing(open)).unwrap_or(self.tokens.len());
            let text = self.text_between(query, to).to_owned();
            let facts = self.inside(&text);
            for action in facts.actions {
                extent = action.extent;
                self.part.may |= action.may;
                self.part.calls.extend(action.calls);
                for target in action.targets {
                    self.target(target);
                }
            }
        }
        if kind == "table" && query.is_some() || materialized {
            self.part.may |= WriteData;
        }
        if materialized {
            self.part.may |= Persistence;
        }
        if temporary && let Some(name) = parts.last() {
            self.temp_table(name.clone());
        }
        self.part.unresolved = true;
        let path = if target == TargetKind::Table {
            self.made_parts(parts, temporary)
        } else {
            Path::exact(parts)
        };
        self.target(Target { kind: target, path, role: Role::Sink, columns: Columns::Any });
        let verb = if kind == "table" && query.is_some() { format!("{verb} AS") } else { verb };
        self.finish(Op::Define, &verb, extent, Outputs::None);
    }

    /// What the engine of a table or the source of a dictionary reaches beside the server's own files.
    fn clickhouse_engine(&mut self, from: usize) {
        for at in from..self.tokens.len() {
            match self.word(at).as_str() {
                "select" => break,
                "engine" => {
                    let equals =
                        usize::from(self.kind(at.saturating_add(1)) == Some(TokenKind::Operator));
                    let name = self.word(at.saturating_add(1).saturating_add(equals));
                    self.part.may |= engine_effects(&name);
                }
                "source" if self.kind(at.saturating_add(1)) == Some(TokenKind::Open) => {
                    let name = self.word(at.saturating_add(2));
                    self.part.may |= match name.as_str() {
                        "null" => EffectSet::NONE,
                        "file" => FsRead.into(),
                        "executable" | "executablepool" | "library" => CodeExec | FsRead,
                        _ => NetEgress | ReadData | Persistence,
                    };
                    self.source(TargetKind::Other, Path::dynamic());
                }
                "disk" | "storage_policy" => self.part.may |= FsRead | FsWrite | NetEgress,
                "from" if self.kind(at.saturating_add(1)) == Some(TokenKind::Text) => {
                    self.part.may |= FsRead;
                }
                _ => {}
            }
        }
    }

    fn clickhouse_system(&mut self) {
        let rest: Vec<String> = (1..self.tokens.len()).map(|at| self.word(at)).collect();
        let words = rest.join(" ");
        let may = SYSTEM.iter().find(|(head, _)| words.starts_with(head)).map(|(_, may)| *may);
        self.object(TargetKind::Server, Path::dynamic());
        match may {
            Some(may) => self.part.may |= may.iter().copied().collect::<EffectSet>() | Availability,
            None => {
                self.part.may = EffectSet::ALL;
                self.head_only();
                self.dynamic_target();
            }
        }
        let verb: Vec<&str> =
            rest.iter().take(2).map(String::as_str).filter(|w| !w.is_empty()).collect();
        let verb =
            if may.is_some() { format!("SYSTEM {}", verb.join(" ")) } else { "SYSTEM".to_owned() };
        // What it is on comes last.
        let last = self.tokens.len().saturating_sub(1);
        if self.kind(last.saturating_sub(1)) == Some(TokenKind::Dot) {
            let start = last.saturating_sub(2);
            self.named_object(TargetKind::Table, start);
        }
        self.finish_plain(Op::Configure, &verb.to_ascii_uppercase());
    }

    /// KILL QUERY and KILL MUTATION of what a condition finds.
    fn clickhouse_kill(&mut self) {
        self.reach_of(2..self.tokens.len());
        self.object(TargetKind::Server, Path::dynamic());
        let verb = format!("KILL {}", self.word(1).to_ascii_uppercase());
        self.part.may |= Availability | SecretRead;
        self.finish(Op::Configure, &verb, Extent::Unknown, Outputs::Opaque);
    }

    /// `SET a = 1, b = 2`, `SET param_x = 'y'`.
    fn clickhouse_set(&mut self) {
        let mut at = 1;
        while at < self.tokens.len() {
            let Some((parts, after)) = self.name_at(at) else {
                return self.opaque(Reason::NotParsed);
            };
            let name = parts.join(".");
            self.part.may |= setting_effects(&name);
            // Statements behind it are read in another grammar.
            self.state.shadowed |= name.starts_with("implicit_") || name.ends_with("dialect");
            self.object(TargetKind::Setting, Path::exact([name.as_str()]));
            self.session.push(crate::facts::SessionDelta::Setting { name, values: None });
            let next = self.comma_after(after);
            self.reach_of(after..next);
            at = next.saturating_add(1);
        }
        self.finish_plain(Op::Session, "SET");
    }

    /// The position of the next comma outside brackets, or the end.
    pub(super) fn comma_after(&self, from: usize) -> usize {
        let mut depth = 0_usize;
        (from..self.tokens.len())
            .find(|at| {
                match self.kind(*at) {
                    Some(TokenKind::Open) => depth = depth.saturating_add(1),
                    Some(TokenKind::Close) => depth = depth.saturating_sub(1),
                    _ => {}
                }
                depth == 0 && self.kind(*at) == Some(TokenKind::Comma)
            })
            .unwrap_or(self.tokens.len())
    }

    fn clickhouse_drop(&mut self) {
        let drops = self.word(0) == "drop";
        let mut at = self.skip(1, &["temporary"]);
        let kind = self.word(at);
        at = self.skip(at.saturating_add(1), &["if", "exists"]);
        at = self.skip(at, &["if", "empty"]);
        let (kind, what) = match kind.as_str() {
            "database" => (TargetKind::Database, "DATABASE"),
            "view" => (TargetKind::Table, "VIEW"),
            "dictionary" => (TargetKind::Table, "DICTIONARY"),
            _ => (TargetKind::Table, "TABLE"),
        };
        loop {
            let Some((parts, after)) = self.name_at(at) else {
                return self.opaque(Reason::NotParsed);
            };
            let path = if kind == TargetKind::Table {
                self.named_parts(parts).path
            } else {
                Path::exact(parts)
            };
            self.object(kind, path);
            if self.kind(after) != Some(TokenKind::Comma) {
                break;
            }
            at = after.saturating_add(1);
        }
        if drops {
            self.part.may |= Schema | Destroy;
            self.finish_plain(Op::Destroy, &format!("DROP {what}"));
        } else {
            if self.find(at, "permanently").is_some() {
                self.part.may |= Destroy;
            }
            self.define(&format!("DETACH {what}"), Schema | Availability);
        }
    }

    fn clickhouse_truncate(&mut self) {
        let all =
            self.after(1, &["all", "tables"]).is_some() || self.after(1, &["tables"]).is_some();
        let database = self.word(1) == "database";
        let mut at = self.skip(self.skip(1, &["temporary"]), &["table"]);
        at = self.skip(at, &["database"]);
        if all {
            at = self.find(1, "from").map_or(at, |at| at.saturating_add(1));
        }
        at = self.skip(at, &["if", "exists"]);
        let Some((mut parts, _)) = self.name_at(at) else { return self.opaque(Reason::NotParsed) };
        if all || database {
            let mut path = Path::exact(std::mem::take(&mut parts));
            path.0.push(crate::facts::Segment::Glob("*".into()));
            self.object(TargetKind::Table, path);
        } else {
            self.existing(parts, None, Role::Object);
        }
        self.part.unresolved = true;
        self.part.may |= WriteData | Destroy;
        self.finish(Op::Delete, "TRUNCATE", Extent::All, Outputs::None);
    }

    /// RENAME, EXCHANGE, UNDROP: every name in it.
    fn clickhouse_rename(&mut self) {
        let verb = self.word(0).to_ascii_uppercase();
        let kind = match self.word(1).as_str() {
            "database" => TargetKind::Database,
            _ => TargetKind::Table,
        };
        let mut at = 2;
        let mut any = false;
        while at < self.tokens.len() {
            at = self.skip(at, &["if", "exists"]);
            let Some((parts, after)) = self.name_at(at) else { break };
            any = true;
            let path = if kind == TargetKind::Table {
                self.named_parts(parts).path
            } else {
                Path::exact(parts)
            };
            self.object(kind, path);
            // `TO`, `AND` or a comma.
            if !matches!(self.word(after).as_str(), "to" | "and")
                && self.kind(after) != Some(TokenKind::Comma)
            {
                break;
            }
            at = after.saturating_add(1);
        }
        if !any {
            return self.opaque(Reason::NotParsed);
        }
        self.define(&format!("{verb} TABLE"), Schema | Availability);
    }

    /// BACKUP and RESTORE: to or from a disk, a file, another machine.
    fn clickhouse_backup(&mut self) {
        let backs = self.word(0) == "backup";
        self.reach_of(1..self.tokens.len());
        let place = (1..self.tokens.len())
            .any(|at| matches!(self.word(at).as_str(), "s3" | "azureblobstorage" | "url"));
        if place {
            self.part.may |= NetEgress;
        }
        let role = if backs { Role::Source } else { Role::Sink };
        if let Some((parts, _)) = self.after(1, &["table"]).and_then(|at| self.name_at(at)) {
            self.existing(parts, None, role);
        }
        self.target(Target {
            kind: TargetKind::Table,
            path: Path::dynamic(),
            role,
            columns: Columns::Any,
        });
        // Functions of this kind are places.
        self.part.unresolved = true;
        if backs {
            self.part.may |= ReadData | FsWrite;
            self.place(TargetKind::File, Role::Sink);
            self.finish(Op::Stream, "BACKUP", Extent::All, Outputs::Opaque);
        } else {
            self.part.may |= WriteData | Schema | FsRead | Privilege;
            self.place(TargetKind::File, Role::Source);
            self.finish(Op::Create, "RESTORE", Extent::Unknown, Outputs::Opaque);
        }
    }

    /// What keeps a table, and whether this dialect's engines were looked at.
    pub(in crate::facts::sql) fn engine_of_table(&mut self, located: Option<&str>) -> bool {
        match self.setting.dialect {
            Dialect::Duckdb => true,
            Dialect::Clickhouse => {
                self.clickhouse_engine(1);
                true
            }
            Dialect::Hive | Dialect::Spark | Dialect::Databricks => {
                self.spark_table(located);
                true
            }
            Dialect::Postgres
            | Dialect::Redshift
            | Dialect::Mysql
            | Dialect::Mariadb
            | Dialect::Mssql
            | Dialect::Sqlite
            | Dialect::Snowflake
            | Dialect::Bigquery
            | Dialect::Oracle => false,
        }
    }
}

/// What a table's engine reaches.
fn engine_effects(name: &str) -> EffectSet {
    if name.ends_with("mergetree") || LOCAL_ENGINES.contains(&name) {
        return EffectSet::NONE;
    }
    match name {
        "file" => FsRead | FsWrite,
        "executable" | "executablepool" => CodeExec | FsRead,
        "sqlite" | "filelog" => FsRead | FsWrite,
        "distributed" | "merge" | "buffer" | "dictionary" | "alias" => NetEgress | ReadData,
        "azureblobstorage"
        | "azurequeue"
        | "arrowflight"
        | "datalakecatalog"
        | "deltalake"
        | "hdfs"
        | "hive"
        | "hudi"
        | "iceberg"
        | "kafka"
        | "materializedmysql"
        | "materializedpostgresql"
        | "mongodb"
        | "mysql"
        | "nats"
        | "postgresql"
        | "rabbitmq"
        | "redis"
        | "s3"
        | "s3queue"
        | "url"
        | "ytsaurus" => NetEgress | Persistence,
        "iceberglocal" | "deltalakelocal" | "paimonlocal" => FsRead | FsWrite,
        _ => NetEgress | FsRead | FsWrite | CodeExec | Persistence,
    }
}

/// Engines that keep tables and databases in the server's own files, or in memory.
#[rustfmt::skip]
const LOCAL_ENGINES: &[&str] = &[
    "atomic", "embeddedrocksdb", "generaterandom", "join", "keepermap", "lazy", "liveview", "log",
    "memory", "null", "ordinary", "overlay", "replicated", "set", "shared", "stripelog", "timeseries",
    "tinylog", "view", "materializedview", "windowview", "loop",
];

/// First words of the commands of ALTER TABLE, and what they do beside changing the table.
const ALTERS: &[(&str, &[Effect])] = &[
    ("add", &[]),
    ("alter", &[WriteData]),
    ("apply", &[WriteData, Destroy]),
    ("attach", &[WriteData]),
    ("clear", &[WriteData, Destroy]),
    ("comment", &[]),
    ("detach", &[Availability]),
    ("drop", &[Destroy]),
    ("execute", &[WriteData, Destroy, Availability]),
    ("export", &[ReadData, NetEgress, FsWrite]),
    ("fetch", &[WriteData, NetEgress]),
    ("forget", &[Destroy]),
    ("freeze", &[FsWrite]),
    ("materialize", &[WriteData, Availability]),
    ("modify", &[WriteData, Destroy]),
    ("move", &[WriteData, Availability]),
    ("remove", &[]),
    ("rename", &[]),
    ("replace", &[WriteData, Destroy]),
    ("reset", &[]),
    ("rewrite", &[WriteData, Availability]),
    ("unfreeze", &[FsWrite, Destroy]),
    ("unlock", &[Availability]),
];

/// What SYSTEM does beside touching the server, the more special first.
const SYSTEM: &[(&str, &[Effect])] = &[
    ("drop replica", &[Destroy, WriteData]),
    ("drop database replica", &[Destroy, WriteData]),
    ("drop catalog replica", &[Destroy, WriteData]),
    ("drop disk metadata", &[]),
    ("drop", &[]),
    ("clear", &[]),
    ("flush logs", &[]),
    ("flush", &[WriteData]),
    ("reload config", &[ParserState, Privilege]),
    ("reload users", &[Privilege]),
    ("reload", &[FsRead, NetEgress]),
    ("shutdown", &[]),
    ("kill", &[]),
    ("suspend", &[]),
    ("stop", &[]),
    ("start", &[]),
    ("sync", &[NetEgress]),
    ("restore", &[WriteData, NetEgress]),
    ("restart", &[NetEgress]),
    ("unfreeze", &[Destroy, FsWrite]),
    ("wait", &[]),
    ("refresh", &[WriteData]),
    ("cancel", &[]),
    ("test", &[]),
    ("prewarm", &[]),
    ("load", &[]),
    ("unload", &[]),
    ("unlock", &[]),
    ("replicas", &[]),
    ("jemalloc", &[FsWrite]),
    ("notify", &[]),
    ("instrument", &[CodeExec, AuditTamper]),
];

/// What giving a setting another value does.
pub(in crate::facts::sql) fn setting_effects(name: &str) -> EffectSet {
    match name {
        "readonly"
        | "allow_ddl"
        | "allow_introspection_functions"
        | "additional_table_filters"
        | "additional_result_filter"
        | "final"
        | "dialect"
        | "implicit_select"
        | "implicit_table_at_top_level"
        | "implicit_transaction"
        | "polyglot_dialect"
        | "promql_database"
        | "promql_table"
        | "allow_experimental_analyzer"
        | "enable_analyzer"
        | "sql_security"
        | "role"
        | "limit"
        | "offset"
        | "default_table_engine"
        | "prefer_column_name_to_alias"
        | "join_use_nulls"
        | "union_default_mode"
        | "intersect_default_mode"
        | "except_default_mode"
        | "mutations_sync"
        | "enable_global_with_statement"
        | "apply_mutations_on_fly"
        | "compatibility"
        | "profile" => ParserState.into(),
        "log_queries"
        | "log_profile_events"
        | "log_query_settings"
        | "log_queries_min_type"
        | "log_queries_probability"
        | "log_query_threads"
        | "log_query_views"
        | "log_formatted_queries"
        | "log_queries_cut_to_length"
        | "log_queries_min_query_duration_ms"
        | "send_logs_level" => AuditTamper.into(),
        _ if name.starts_with("allow_") || name.starts_with("enable_") => ParserState.into(),
        _ if name.starts_with("s3_") || name.starts_with("format_schema") => FsRead | NetEgress,
        _ => EffectSet::NONE,
    }
}
