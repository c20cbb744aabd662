//! What a session holds: variables, cursors, settings, the current database.

use super::BEGIN;
use crate::command::sql::TokenKind;
use crate::facts::sql::walk::Walk;
use crate::facts::{Effect, Extent, Op, Outputs, Path, Reason, SessionDelta, TargetKind};

use Effect::ParserState;

impl Walk<'_, '_> {
    pub(super) fn tsql_declare(&mut self) {
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

    pub(super) fn tsql_cursor(&mut self, at: usize, verb: &str, extent: Extent) {
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

    pub(super) fn tsql_fetch(&mut self) {
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

    pub(super) fn tsql_close(&mut self) {
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

    pub(super) fn tsql_set(&mut self) {
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
        // A method of another type is code of somebody's own.
        let method = self.kind(2) == Some(TokenKind::Dot)
            && self.word(3) == "modify"
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
    pub(super) fn tsql_use(&mut self) {
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
}

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
