//! Definitions and rights, DBCC, and loads of files.

use super::BEGIN;
use crate::command::sql::TokenKind;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, TargetKind};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, NetEgress, ParserState, Persistence,
    Privilege, ReadData, Schema, SecretRead, WriteData,
};

impl Walk<'_, '_> {
    /// A word, and perhaps a label; TRUNCATE TABLE with partitions.
    pub(super) fn tsql_words(&mut self) {
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
    pub(super) fn tsql_rights(&mut self) {
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
    pub(super) fn tsql_bulk_insert(&mut self) {
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
    pub(in crate::facts::sql::heads) fn inner_calls(&mut self, at: usize) {
        for open in at..self.tokens.len() {
            if self.kind(open) != Some(TokenKind::Open) {
                continue;
            }
            let Some(last) = open.checked_sub(1).filter(|last| *last >= at) else { continue };
            let mut word = self.word(last);
            if self.kind(last) == Some(TokenKind::QuotedName)
                && self.setting.dialect == crate::command::Dialect::Mssql
            {
                // `[varchar](20)`, as the server's own tools write types; a function of somebody's
                // own is called with its schema.
                word =
                    self.name_at(last).and_then(|(mut parts, _)| parts.pop()).unwrap_or_default();
            }
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

    pub(super) fn tsql_table(&mut self) {
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
                // `GENERATED ALWAYS AS ROW END`.
                "end" => before == "row",
                _ => false,
            };
            !clause && BEGIN.contains(&word.as_str())
        })
    }

    pub(super) fn tsql_index(&mut self) {
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
    pub(super) fn tsql_dbcc(&mut self) {
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
    pub(super) fn tsql_drop(&mut self) {
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
    pub(super) fn tsql_module(&mut self) {
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
}

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
