//! What statements of Snowflake, BigQuery and Redshift have in common: queries and expressions
//! inside them, files and stages, code in texts.

use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::sql::nested;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Columns, Effect, EffectSet, Extent, Facts, Op, Outputs, Path, Reason, Role, Segment,
    SessionDelta, Target, TargetKind, Transaction, Understanding,
};

impl Walk<'_, '_> {
    /// The position behind the bracket at `at`, or `at` where none opens there.
    pub(super) fn after_brackets(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        for (index, token) in self.tokens.iter().enumerate().skip(at) {
            match token.kind {
                TokenKind::Open => depth = depth.saturating_add(1),
                TokenKind::Close => depth = depth.saturating_sub(1),
                TokenKind::Word
                | TokenKind::QuotedName
                | TokenKind::Text
                | TokenKind::Number
                | TokenKind::Placeholder
                | TokenKind::Operator
                | TokenKind::Comma
                | TokenKind::Dot
                | TokenKind::Semicolon => {}
            }
            if depth == 0 {
                return if index > at { index.saturating_add(1) } else { at };
            }
        }
        self.tokens.len()
    }

    /// Reads a query that is a part of this statement, and takes over what it reads and calls.
    pub(super) fn takes_query(&mut self, text: &str) -> Extent {
        let facts = nested::read_sql(&self.setting, self.state, text);
        self.takes(facts)
    }

    /// Reads expressions that are a part of this statement.
    pub(super) fn takes_expressions(&mut self, text: &str) {
        self.takes_query(&format!("SELECT {text}"));
    }

    fn takes(&mut self, facts: Facts) -> Extent {
        self.understanding = self.understanding.max(facts.understanding);
        self.reasons.extend(&facts.reasons);
        self.session.extend(facts.session);
        if facts.understanding == Understanding::Opaque {
            self.part.may = EffectSet::ALL;
        }
        let mut extent = None;
        for action in facts.actions {
            for target in action.targets {
                self.target(target);
            }
            self.part.may |= action.may;
            self.part.calls.extend(action.calls);
            self.part.nested.extend(action.nested);
            extent = Some(match extent {
                None => action.extent,
                Some(_) => Extent::Unknown,
            });
        }
        extent.unwrap_or(Extent::Unknown)
    }

    /// A stage, a file or an external place at `at`, as a target; the position behind it. What may
    /// be outside of the server is reached over the network.
    pub(super) fn location(&mut self, at: usize, role: Role) -> Option<usize> {
        let own = if role == Role::Sink { Effect::FsWrite } else { Effect::FsRead };
        self.part.may |= own;
        if self.kind(at) == Some(TokenKind::Text) {
            self.part.may |= Effect::NetEgress;
            self.place(TargetKind::Host, role);
            return Some(at.saturating_add(1));
        }
        if !self.operator_at(at, "@") {
            return None;
        }
        let mut end = at.saturating_add(1);
        while let (Some(before), Some(token)) = (self.token(end.saturating_sub(1)), self.token(end))
        {
            let stops = matches!(
                token.kind,
                TokenKind::Open | TokenKind::Close | TokenKind::Comma | TokenKind::Semicolon
            );
            if stops || before.span.end() != token.span.start() {
                break;
            }
            end = end.saturating_add(1);
        }
        let text = self.slice(at.saturating_add(1), end).unwrap_or_default();
        let name = text.split('/').next().unwrap_or_default();
        self.stage(name, role);
        Some(end)
    }

    /// A stage by its name without the `@`. Those of users and tables are the server's own.
    pub(in crate::facts::sql) fn stage(&mut self, name: &str, role: Role) {
        let inside = name.starts_with(['~', '%']);
        self.part.may |= match role {
            Role::Source => EffectSet::from(Effect::FsRead),
            Role::Sink | Role::Object if inside => Effect::FsWrite.into(),
            Role::Sink | Role::Object => Effect::FsWrite | Effect::NetEgress,
        };
        let parts = name.split('.').map(|part| part.trim_matches('"').to_ascii_lowercase());
        let path = Path::exact(parts);
        self.target(Target { kind: TargetKind::File, path, role, columns: Columns::Any });
    }

    /// The statement behind `EXECUTE IMMEDIATE`: a text that is read again, or one that is made.
    pub(super) fn immediate(&mut self) {
        let ends = |at: usize| matches!(self.word(at).as_str(), "" | "into" | "using");
        let alone = self.tokens.len() == 3 || (self.kind(3) == Some(TokenKind::Word) && ends(3));
        let rest = self.find(3, "using").map_or(self.tokens.len(), |at| at.saturating_add(1));
        let text = self.text_at(2).filter(|_| alone);
        match text {
            Some(text) => self.code(&text),
            None => {
                self.opaque(Reason::DynamicCode);
                self.part.may = EffectSet::ALL;
            }
        }
        if let Some(values) = self.text_from(rest).map(str::to_owned) {
            self.takes_expressions(&values);
        }
        self.finish(Op::Execute, "EXECUTE IMMEDIATE", Extent::Unknown, Outputs::Opaque);
    }

    /// `SET x = …`, `SET (a, b) = (…)` of variables; the effects are those of the values.
    pub(super) fn set_variables(&mut self, verb: &str) {
        let equals = (1..self.tokens.len()).find(|at| self.operator_at(*at, "="));
        let Some(equals) = equals else {
            self.part.may = EffectSet::ALL;
            return self.opaque(Reason::NotParsed);
        };
        let names: Vec<String> =
            (1..equals).map(|at| self.word(at)).filter(|name| !name.is_empty()).collect();
        if let Some(values) = self.text_from(equals.saturating_add(1)).map(str::to_owned) {
            self.takes_expressions(&values);
        }
        for name in names.iter().filter_map(|name| name.strip_prefix("@@")) {
            let path = Path::exact([name]);
            self.object(TargetKind::Setting, path);
            if !matches!(name, "query_label" | "time_zone") {
                self.part.may |= Effect::ParserState;
                self.session.push(SessionDelta::Unknown);
                self.forget_settings();
            }
        }
        self.finish_plain(Op::Session, verb);
    }

    /// A routine: its body is read if it is a text or an expression in SQL.
    pub(super) fn routine(&mut self, verb: &str, at: usize) {
        let (parts, after) = self.name_at(at).unwrap_or_default();
        let path = if parts.is_empty() { Path::dynamic() } else { Path::exact(parts) };
        self.object(TargetKind::Function, path);
        let arguments = after;
        let after = self.after_brackets(after);
        if (arguments..after).any(|at| self.word(at) == "default") {
            // What stands for an argument that is left out is computed.
            self.part.may = EffectSet::ALL;
            self.dynamic_target();
        }
        let language = self.find(after, "language").map(|at| self.word(at.saturating_add(1)));
        let foreign = match language {
            Some(language) => language != "sql",
            // Snowflake takes SQL where none is named.
            None => self.setting.dialect != Dialect::Snowflake,
        };
        let body = (after..self.tokens.len()).rev().find(|at| {
            self.word(*at) == "as" && *at >= self.find(after, "as").unwrap_or(usize::MAX)
        });
        let text = body.and_then(|at| self.text_at(at.saturating_add(1)));
        match text {
            _ if foreign => self.foreign_code(text.map_or(0, |text| text.len())),
            Some(text) => {
                let mut words = text.split_ascii_whitespace();
                let first = words.next().unwrap_or_default().to_ascii_lowercase();
                let whole = matches!(
                    first.as_str(),
                    "select"
                        | "with"
                        | "begin"
                        | "declare"
                        | "insert"
                        | "update"
                        | "delete"
                        | "merge"
                        | "call"
                        | "execute"
                        | "let"
                        | "return"
                );
                if whole {
                    self.code(&text);
                } else {
                    self.code(&format!("SELECT {text}"));
                }
            }
            None => self.foreign_code(0),
        }
        if self.find(after, "integration").is_some()
            || self.find(after, "external_access_integrations").is_some()
            || self.find(after, "secrets").is_some()
        {
            self.part.may |= Effect::NetEgress;
        }
        self.head_only();
        self.part.may |= Effect::Privilege;
        self.define(verb, Effect::Schema | Effect::CodeExec | Effect::Persistence);
    }

    /// A new table or view of which only the name is read.
    pub(super) fn unread_definition(&mut self) {
        let kind = (1..8).find(|at| matches!(self.word(*at).as_str(), "table" | "view"));
        let Some(kind) = kind else { return self.anything(Op::Define, "CREATE") };
        let at = self.skip(kind.saturating_add(1), &["if", "not", "exists"]);
        match self.name_at(at) {
            Some((parts, _)) if parts.as_slice() != ["identifier"] => {
                let path = self.made_parts(parts, false);
                self.sink(TargetKind::Table, path);
            }
            Some(_) | None => self.sink(TargetKind::Table, Path::dynamic()),
        }
        let verb = if self.word(kind) == "view" { "CREATE VIEW" } else { "CREATE TABLE" };
        self.anything(Op::Define, verb);
    }

    /// A MERGE of which only the table is read that it changes.
    pub(super) fn unread_merge(&mut self) {
        match self.name_at(self.skip(1, &["into"])) {
            Some((parts, _)) if parts.as_slice() != ["identifier"] => {
                self.existing(parts, None, Role::Object);
            }
            Some(_) | None => self.object(TargetKind::Table, Path::dynamic()),
        }
        self.anything(Op::Update, "MERGE");
    }

    /// BEGIN, COMMIT, ROLLBACK with nothing but these words behind; anything else is code.
    pub(super) fn plain_transaction(&mut self, step: Transaction) {
        let verb = self.word(0).to_ascii_uppercase();
        let mut at = 1;
        if matches!(self.word(at).as_str(), "transaction" | "work") {
            at = at.saturating_add(1);
        }
        if self.word(at) == "name" {
            at = at.saturating_add(2);
        }
        if at >= self.tokens.len() {
            return self.transaction(&verb, step);
        }
        self.script(&verb);
    }

    /// Something that is stored runs: nobody sees what.
    pub(super) fn runs_stored(&mut self, verb: &str, at: usize) {
        let name = self.name_at(at).and_then(|(mut parts, _)| parts.pop());
        self.unknown_function(name.as_deref());
        self.finish(Op::Execute, verb, Extent::Unknown, Outputs::Opaque);
    }

    /// `CREATE … x CLONE y`: a copy of a whole thing.
    pub(super) fn clones(&mut self, verb: &str, kind: TargetKind, at: usize) -> bool {
        let Some((new, after)) = self.name_at(at) else { return false };
        let Some((old, end)) = self.after(after, &["clone"]).and_then(|at| self.name_at(at)) else {
            return false;
        };
        // A time or a statement stands behind; options are names, numbers and texts.
        let behind = self.text_from(end).map(str::to_owned);
        if kind == TargetKind::Table {
            let path = self.named_parts(old).path;
            self.source(kind, path);
            let path = self.made_parts(new, false);
            self.sink(kind, path);
        } else {
            for (parts, role) in [(old, Role::Source), (new, Role::Sink)] {
                let mut inside = Path::exact(parts.iter().map(String::as_str));
                inside.0.push(Segment::Glob("*".into()));
                let columns = Columns::Any;
                self.target(Target { kind: TargetKind::Table, path: inside, role, columns });
                let path = Path::exact(parts);
                self.target(Target { kind, path, role, columns: Columns::Any });
            }
        }
        self.part.may |= Effect::ReadData | Effect::WriteData | Effect::Schema;
        if self.word(1) == "or" {
            self.part.may |= Effect::Destroy;
        }
        if let Some(behind) = behind {
            let open = matches!(self.word(end).as_str(), "at" | "before");
            let text = behind.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start();
            let inner = text.strip_prefix('(').and_then(|text| text.split_once("=>"));
            match inner.and_then(|(_, value)| value.strip_suffix(')')) {
                Some(value) if open => self.takes_expressions(value),
                Some(_) | None if self.plain_from(end) => {}
                Some(_) | None => {
                    self.part.may = EffectSet::ALL;
                    self.head_only();
                    self.dynamic_target();
                }
            }
        }
        self.finish(Op::Define, verb, Extent::All, Outputs::None);
        true
    }
}
