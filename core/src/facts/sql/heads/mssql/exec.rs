//! EXECUTE in every form: procedures, texts, rights, and INSERT of what they give.

use super::BEGIN;
use crate::command::sql::TokenKind;
use crate::facts::sql::walk::Walk;
use crate::facts::{
    Effect, EffectSet, Extent, Op, Outputs, Path, Reason, Role, SessionDelta, TargetKind,
    Understanding,
};

use Effect::{Identity, NetEgress, WriteData};

impl Walk<'_, '_> {
    /// `EXEC p @a = 1`, `EXEC @rc = p`, `EXEC ('text')`, `EXECUTE AS USER = 'u'`, and the name of a
    /// procedure alone.
    pub(super) fn tsql_exec(&mut self, at: usize) {
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
    pub(super) fn tsql_insert_exec(&mut self) {
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
