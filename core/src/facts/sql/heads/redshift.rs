//! Redshift: "SQL commands" of its database developer guide, state of 2025. What it has in common
//! with PostgreSQL is read in `head.rs`.

use super::{Head, Names, Own, Tail, row, shows};
use crate::command::sql::TokenKind;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, EffectSet, Extent, Op, Outputs, Path, Role, TargetKind};

use Effect::{
    AuditTamper, Availability, CodeExec, Destroy, FsRead, FsWrite, NetEgress, ParserState,
    Persistence, Privilege, Schema, SecretRead, WriteData,
};

/// Statements of Redshift that are read by a function of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::facts) enum Special {
    Unload,
    Copy,
    ExternalTable,
    Model,
    Procedure,
    Function,
    Append,
    Use,
    View,
    Merge,
}

const fn special(words: &'static str, special: Special) -> Head {
    row(words, Op::Execute, &[], Names::Nothing, Tail::Own(Own::Redshift(special)))
}

const fn inert(words: &'static str, op: Op, may: &'static [Effect], kind: TargetKind) -> Head {
    row(words, op, may, Names::One(kind), Tail::Inert)
}

const fn looked(words: &'static str, op: Op, may: &'static [Effect], kind: TargetKind) -> Head {
    row(words, op, may, Names::One(kind), Tail::Looked)
}

/// Statements that are read by their words whatever the parser makes of them.
#[rustfmt::skip]
pub(super) const REDSHIFT: &[Head] = &[
    special("unload", Special::Unload),
    special("copy", Special::Copy),
    special("create external table", Special::ExternalTable),
    special("create model", Special::Model),
    special("create procedure", Special::Procedure),
    special("create function", Special::Function),
    special("create external view", Special::View),
    special("create external protected view", Special::View),
    special("use", Special::Use),
    looked("create external schema", Op::Define, &[Schema, NetEgress, Privilege], TargetKind::Schema),
    looked("alter external schema", Op::Define, &[Schema, NetEgress, Privilege], TargetKind::Schema),
    looked("create external function", Op::Define, &[Schema, CodeExec, NetEgress, Persistence], TargetKind::Function),
    inert("drop model", Op::Destroy, &[Schema, Destroy], TargetKind::Other),
    looked("create library", Op::Define, &[Schema, CodeExec, NetEgress, Persistence], TargetKind::Extension),
    inert("drop library", Op::Destroy, &[Schema, Destroy], TargetKind::Extension),
    looked("create datashare", Op::Define, &[Schema, Privilege, NetEgress], TargetKind::Other),
    looked("alter datashare", Op::Grant, &[Privilege, NetEgress], TargetKind::Other),
    inert("drop datashare", Op::Destroy, &[Schema, Destroy, Privilege], TargetKind::Other),
    shows("desc|describe", &[]),
    shows("show", &[]),
    looked("create identity provider", Op::Grant, &[Privilege, Persistence, NetEgress], TargetKind::Other),
    looked("alter identity provider", Op::Grant, &[Privilege, Persistence, NetEgress], TargetKind::Other),
    inert("drop identity provider", Op::Destroy, &[Privilege, Destroy], TargetKind::Other),
    looked("create masking policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    looked("alter masking policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    inert("drop masking policy", Op::Destroy, &[Privilege, Schema, Destroy], TargetKind::Other),
    inert("attach masking policy", Op::Grant, &[Privilege], TargetKind::Other),
    inert("detach masking policy", Op::Grant, &[Privilege, Destroy], TargetKind::Other),
    looked("create rls policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    looked("alter rls policy", Op::Grant, &[Privilege, Schema], TargetKind::Other),
    inert("drop rls policy", Op::Destroy, &[Privilege, Schema, Destroy], TargetKind::Other),
    inert("attach rls policy", Op::Grant, &[Privilege], TargetKind::Other),
    inert("detach rls policy", Op::Grant, &[Privilege, Destroy], TargetKind::Other),
    row("cancel", Op::Configure, &[Availability], Names::Some(TargetKind::Server), Tail::Inert),
    row("analyze compression", Op::Configure, &[Availability], Names::One(TargetKind::Table), Tail::Inert),
    row("analyse compression", Op::Configure, &[Availability], Names::One(TargetKind::Table), Tail::Inert),
];

/// Statements that the parser covers in some of their forms.
#[rustfmt::skip]
pub(super) const FALLBACKS: &[Head] = &[
    special("alter table", Special::Append),
    special("merge", Special::Merge),
    row("vacuum", Op::Configure, &[Availability], Names::Some(TargetKind::Table), Tail::Inert),
    row("analyze", Op::Configure, &[Availability], Names::Some(TargetKind::Table), Tail::Inert),
    looked("alter database", Op::Define, &[Schema, Availability, Privilege], TargetKind::Database),
    looked("create database", Op::Define, &[Schema, Availability, NetEgress, Privilege], TargetKind::Database),
];

impl Walk<'_, '_> {
    pub(super) fn redshift(&mut self, special: Special) {
        match special {
            Special::Unload => self.unload(),
            Special::Copy => self.copy_from(),
            Special::ExternalTable => self.create_external_table(),
            Special::Model => self.train_model(),
            Special::Procedure => self.created("procedure", "CREATE PROCEDURE"),
            Special::Function => self.created("function", "CREATE FUNCTION"),
            Special::Append => self.alter_table_words(),
            Special::Use => {
                self.part.may |= ParserState;
                let path =
                    self.name_at(1).map_or_else(Path::dynamic, |(name, _)| Path::exact(name));
                self.object(TargetKind::Database, path);
                self.state.session.to_mut().search_path = None;
                self.state.path_unknown = true;
                self.finish_plain(Op::Session, "USE");
            }
            // `REMOVE DUPLICATES`: rows that match go, and all of the other table come.
            Special::Merge => self.unread_merge(),
            Special::View => {
                let at = self.find(1, "view").map_or(1, |at| at.saturating_add(1));
                let at = self.skip(at, &["if", "not", "exists"]);
                self.named_object(TargetKind::Table, at);
                let query = self.find(at, "as").and_then(|at| self.text_from(at.saturating_add(1)));
                self.takes_query(&query.map(str::to_owned).unwrap_or_default());
                self.define("CREATE EXTERNAL VIEW", Schema.into());
            }
        }
    }

    /// `UNLOAD ('query') TO 's3://…' …`: rows leave for a bucket.
    fn unload(&mut self) {
        let text = match (self.kind(1), self.kind(2)) {
            (Some(TokenKind::Open), Some(TokenKind::Text)) => self.text_at(2),
            // Newer releases take the query without quotes.
            (Some(TokenKind::Open), Some(_)) => {
                let end = self.after_brackets(1);
                self.slice(2, end.saturating_sub(1))
            }
            (Some(_) | None, _) => None,
        };
        let end = self.after_brackets(1);
        self.part.may |= FsWrite | NetEgress;
        self.place(TargetKind::Host, Role::Sink);
        let extent = match text {
            Some(text) => self.takes_query(&text),
            None => {
                self.opaque(crate::facts::Reason::DynamicCode);
                self.part.may = EffectSet::ALL;
                Extent::Unknown
            }
        };
        let words: Vec<String> = (end..self.tokens.len()).map(|at| self.word(at)).collect();
        if words.iter().any(|word| word == "allowoverwrite" || word == "cleanpath") {
            self.part.may |= Destroy;
        }
        self.finish(Op::Stream, "UNLOAD", extent, Outputs::None);
    }

    /// `COPY t (a, b) FROM 's3://…' …`: also from DynamoDB, from EMR, and over SSH, where commands
    /// run on other hosts.
    fn copy_from(&mut self) {
        let Some((parts, at)) = self.name_at(1) else {
            return self.anything(Op::Create, "COPY");
        };
        let at = self.after_brackets(at);
        let source = at.saturating_add(1);
        if self.word(at) != "from" || self.kind(source) != Some(TokenKind::Text) {
            return self.anything(Op::Create, "COPY");
        }
        let options = source.saturating_add(1);
        self.existing(parts, None, Role::Sink);
        self.part.unresolved = true;
        self.place(TargetKind::Host, Role::Source);
        self.part.may |= WriteData | FsRead | NetEgress;
        if (options..self.tokens.len()).any(|at| self.word(at) == "ssh") {
            self.part.may |= CodeExec;
        }
        let inert = (options..self.tokens.len()).all(|at| {
            self.kind(at) != Some(TokenKind::Operator)
                && !matches!(self.word(at).as_str(), "select" | "where" | "insert" | "delete")
        });
        if !inert {
            self.part.may = EffectSet::ALL;
            self.head_only();
            self.dynamic_target();
        }
        self.finish(Op::Create, "COPY", Extent::Unknown, Outputs::None);
    }

    /// A table over files; with a query, the files are written.
    fn create_external_table(&mut self) {
        let at = self.find(1, "table").map_or(1, |at| at.saturating_add(1));
        let at = self.skip(at, &["if", "not", "exists"]);
        match self.name_at(at) {
            Some((parts, _)) => {
                let path = self.made_parts(parts, false);
                self.sink(TargetKind::Table, path);
            }
            None => self.sink(TargetKind::Table, Path::dynamic()),
        }
        self.part.may |= NetEgress | FsRead | Schema;
        self.place(TargetKind::Host, Role::Object);
        let query = (at..self.tokens.len()).find(|at| {
            self.word(*at) == "as"
                && (matches!(self.word(at.saturating_add(1)).as_str(), "select" | "with")
                    || self.kind(at.saturating_add(1)) == Some(TokenKind::Open))
        });
        let text = query.and_then(|at| self.text_from(at.saturating_add(1))).map(str::to_owned);
        let extent = match text {
            Some(text) => {
                self.part.may |= WriteData | FsWrite;
                self.takes_query(&text)
            }
            None => Extent::Unknown,
        };
        self.finish(Op::Define, "CREATE EXTERNAL TABLE", extent, Outputs::None);
    }

    /// `CREATE MODEL m FROM t|(query) … FUNCTION f …`: rows go to another service.
    fn train_model(&mut self) {
        self.named_object(TargetKind::Function, self.skip(2, &["if", "not", "exists"]));
        let from = self.find(2, "from").map(|at| at.saturating_add(1));
        match from {
            Some(at) if self.kind(at) == Some(TokenKind::Open) => {
                let end = self.after_brackets(at);
                let text = self.slice(at, end).unwrap_or_default();
                self.takes_query(&text);
            }
            Some(at) => match self.name_at(at) {
                Some((parts, _)) => {
                    self.existing(parts, None, Role::Source);
                }
                None => self.source(TargetKind::Table, Path::dynamic()),
            },
            None => {}
        }
        self.part.unresolved = true;
        self.place(TargetKind::Host, Role::Sink);
        self.head_only();
        self.define("CREATE MODEL", Schema | CodeExec | NetEgress | Persistence | SecretRead);
    }

    fn created(&mut self, word: &str, verb: &str) {
        let at = self.find(1, word).map_or(1, |at| at.saturating_add(1));
        self.routine(verb, at);
    }

    /// ALTER TABLE in forms of Redshift's own; APPEND moves all the rows of another table here.
    fn alter_table_words(&mut self) {
        let at = self.skip(2, &["if", "exists"]);
        let Some((parts, after)) = self.name_at(at) else {
            return self.anything(Op::Define, "ALTER TABLE");
        };
        let path = self.named_parts(parts).path;
        self.object(TargetKind::Table, path);
        if let Some(from) = self.after(after, &["append", "from"])
            && let Some((parts, _)) = self.name_at(from)
        {
            let path = self.named_parts(parts).path;
            self.object(TargetKind::Table, path);
            self.part.may |= WriteData | Destroy | Availability;
            return self.define("ALTER TABLE APPEND", Schema.into());
        }
        if self.after(after, &["owner", "to"]) == Some(self.tokens.len().saturating_sub(1)) {
            self.part.may |= Privilege;
            return self.finish_plain(Op::Grant, "ALTER TABLE");
        }
        if !self.plain_from(after) {
            return self.anything(Op::Define, "ALTER TABLE");
        }
        let layout = self.word(after) == "alter"
            && matches!(
                self.word(after.saturating_add(1)).as_str(),
                "sortkey" | "distkey" | "diststyle" | "compound" | "interleaved" | "encode"
            );
        if layout {
            return self.define("ALTER TABLE", Schema | Availability);
        }
        self.head_only();
        self.dynamic_target();
        let may = Schema | Destroy | WriteData | Privilege | Availability;
        self.define("ALTER TABLE", may | Persistence | AuditTamper | NetEgress | FsRead);
    }
}
