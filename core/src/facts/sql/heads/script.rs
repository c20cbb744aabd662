//! Scripts of Snowflake and BigQuery: statements with control flow around them.
//!
//! Every token is a word of control flow, or stands in a piece that is read: a statement, a query or
//! an expression. What runs how often is not followed: all of it may, so effects are joined, and
//! nothing bounds the rows that a statement in a script reaches. Where a piece is not where it must
//! be, the script is not read at all.

use crate::command::Dialect;
use crate::command::sql::TokenKind;
use crate::facts::sql::nested;
use crate::facts::sql::walk::Walk;
use crate::facts::{Action, EffectSet, Extent, Op, Outputs, Understanding};

/// A part of a script that is read.
enum Piece {
    Statement(usize, usize),
    /// Expressions whose values go into variables or decide.
    Expression(usize, usize),
}

impl Walk<'_, '_> {
    /// Reads a script; where it cannot be taken apart, it is code that is not read.
    pub(super) fn script(&mut self, verb: &str) {
        let Some(pieces) = self.pieces() else { return self.unread_script(verb) };
        let mut read = Vec::with_capacity(pieces.len());
        let state = self.state.clone();
        // The record of a loop is no column either.
        let records: Vec<String> = (0..self.tokens.len())
            .filter(|at| self.word(*at) == "for" && self.word(at.saturating_add(2)) == "in")
            .map(|at| self.word(at.saturating_add(1)))
            .collect();
        if records.len() > MAX_RECORDS {
            return self.unread_script(verb);
        }
        self.state.variables.extend(records);
        for piece in pieces {
            let (from, to, whole) = match piece {
                Piece::Statement(from, to) => (from, to, true),
                Piece::Expression(from, to) => (from, to, false),
            };
            let Some(text) = self.slice(from, to) else {
                return self.unread_script(verb);
            };
            let text = if whole { text } else { format!("SELECT {text}") };
            read.push((nested::read_sql(&self.setting, self.state, &text), whole));
        }
        if read.iter().any(|(facts, _)| facts.understanding == Understanding::Opaque) {
            *self.state = state;
            return self.unread_script(verb);
        }
        self.state.variables.clone_from(&state.variables);
        // A branch that does not run leaves the session as it was.
        if !self.state.same(&state) {
            self.session.push(crate::facts::SessionDelta::Unknown);
            self.forget_session();
        }
        let before = self.actions.len();
        for (facts, whole) in read {
            self.understanding = self.understanding.max(facts.understanding);
            self.reasons.extend(&facts.reasons);
            self.session.extend(facts.session);
            for action in facts.actions {
                self.scripted(action, whole);
            }
        }
        if self.actions.len() == before {
            self.finish(Op::Read, verb, Extent::Unknown, Outputs::None);
        }
    }

    /// An action inside a script. It may run any number of times.
    fn scripted(&mut self, mut action: Action, whole: bool) {
        action.span = self.span;
        action.via.insert(0, "script");
        action.extent = match action.extent {
            Extent::All => Extent::All,
            Extent::Filtered(columns) => Extent::Filtered(columns),
            Extent::One | Extent::AtMost(_) | Extent::Unknown => Extent::Unknown,
        };
        if !whole {
            action.outputs = Outputs::None;
        }
        self.actions.push(action);
    }

    /// A script that is not taken apart.
    pub(super) fn unread_script(&mut self, verb: &str) {
        let len = self.text_from(0).map_or(0, str::len);
        self.foreign_code(len);
        self.part.may = EffectSet::ALL;
        self.dynamic_target();
        self.finish(Op::Execute, verb, Extent::Unknown, Outputs::Opaque);
    }

    /// The pieces of the script that are read, if every other token is a word of control flow.
    fn pieces(&self) -> Option<Vec<Piece>> {
        let mut pieces = Vec::new();
        let mut declares = false;
        let mut at = 0;
        while at < self.tokens.len() {
            if self.kind(at) == Some(TokenKind::Semicolon) {
                at = at.saturating_add(1);
                continue;
            }
            let word = self.word(at);
            let next = at.saturating_add(1);
            match word.as_str() {
                "begin" if self.begins_transaction(next) => {
                    at = self.statement_piece(at, &mut pieces)?;
                }
                "begin" => {
                    declares = false;
                    at = next;
                }
                "else" | "loop" | "repeat" | "exception" => at = next,
                "declare" if self.setting.dialect == Dialect::Snowflake => {
                    declares = true;
                    at = next;
                }
                "end" => at = self.after_end(next)?,
                "if" | "elseif" | "elsif" => at = self.until(next, "then", &mut pieces)?,
                "when" => at = self.until(next, "then", &mut pieces)?,
                "while" => {
                    let by_do = self.find_outside_case(next, "do");
                    let word = if by_do.is_some() { "do" } else { "loop" };
                    at = self.until(next, word, &mut pieces)?;
                }
                "until" => {
                    let end = self.find_outside_case(next, "end")?;
                    pieces.push(Piece::Expression(next, end));
                    at = end;
                }
                "case" if self.word(next) == "when" => at = next,
                "case" => {
                    let end = self.find(next, "when")?;
                    pieces.push(Piece::Expression(next, end));
                    at = end;
                }
                "for" => at = self.for_piece(next, &mut pieces)?,
                "leave" | "break" | "continue" | "iterate" | "null" | "open" | "close"
                | "fetch" | "await" | "cancel" => at = self.plain_piece(at)?,
                "raise" if self.setting.dialect == Dialect::Snowflake => {
                    at = self.plain_piece(at)?
                }
                "return" => at = self.return_piece(next, &mut pieces)?,
                "let" => at = self.variable_piece(next, &mut pieces)?,
                _ if declares => at = self.variable_piece(at, &mut pieces)?,
                _ if self.assigns(at) => at = self.variable_piece(at, &mut pieces)?,
                // `label: BEGIN`.
                _ if self.operator_at(next, ":") && self.kind(at) == Some(TokenKind::Word) => {
                    at = next.saturating_add(1);
                }
                _ => at = self.statement_piece(at, &mut pieces)?,
            }
        }
        Some(pieces)
    }

    fn begins_transaction(&self, at: usize) -> bool {
        self.kind(at) == Some(TokenKind::Semicolon)
            || matches!(self.word(at).as_str(), "transaction" | "work" | "name")
    }

    /// The `;` that ends the piece at `at`.
    fn end_of_piece(&self, at: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for index in at..self.tokens.len() {
            match self.kind(index)? {
                TokenKind::Open => depth = depth.saturating_add(1),
                TokenKind::Close => depth = depth.checked_sub(1)?,
                TokenKind::Semicolon if depth == 0 => return Some(index),
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
        }
        None
    }

    fn statement_piece(&self, at: usize, pieces: &mut Vec<Piece>) -> Option<usize> {
        let end = self.end_of_piece(at)?;
        pieces.push(Piece::Statement(at, end));
        Some(end)
    }

    /// Names and nothing else up to the `;`.
    fn plain_piece(&self, at: usize) -> Option<usize> {
        let end = self.end_of_piece(at)?;
        let plain = (at..end).all(|at| {
            matches!(
                self.kind(at),
                Some(TokenKind::Word | TokenKind::QuotedName | TokenKind::Comma | TokenKind::Dot)
            ) || self.operator_at(at, ":")
        });
        (plain && end.saturating_sub(at) <= MAX_PLAIN).then_some(end)
    }

    /// `END`, `END IF`, `END LOOP label`.
    fn after_end(&self, at: usize) -> Option<usize> {
        let closes = ["if", "loop", "while", "for", "case", "repeat"];
        let at = if closes.contains(&self.word(at).as_str()) { at.saturating_add(1) } else { at };
        let at = match self.kind(at) {
            Some(TokenKind::Word | TokenKind::QuotedName) => at.saturating_add(1),
            Some(_) | None => at,
        };
        match self.kind(at) {
            Some(TokenKind::Semicolon) | None => Some(at),
            Some(_) => None,
        }
    }

    /// An expression up to `word`; the position behind it.
    fn until(&self, at: usize, word: &str, pieces: &mut Vec<Piece>) -> Option<usize> {
        let end = self.find_outside_case(at, word)?;
        if end == at || end > self.end_of_piece(at)? {
            return None;
        }
        // Names alone call nothing: `WHEN OTHER`, `IF done`.
        if (at..end).any(|at| self.kind(at) != Some(TokenKind::Word)) {
            pieces.push(Piece::Expression(at, end));
        }
        Some(end.saturating_add(1))
    }

    /// The first `word` from `at` on outside brackets and outside of `CASE … END`.
    fn find_outside_case(&self, at: usize, word: &str) -> Option<usize> {
        let (mut depth, mut cases) = (0_usize, 0_usize);
        for index in at..self.tokens.len() {
            match self.kind(index)? {
                TokenKind::Open => depth = depth.saturating_add(1),
                TokenKind::Close => depth = depth.checked_sub(1)?,
                TokenKind::Semicolon => return None,
                TokenKind::Word if depth == 0 => {
                    let found = self.word(index);
                    if cases == 0 && found == word {
                        return Some(index);
                    }
                    if found == "case" {
                        cases = cases.saturating_add(1);
                    } else if found == "end" {
                        cases = cases.checked_sub(1)?;
                    }
                }
                TokenKind::Word
                | TokenKind::QuotedName
                | TokenKind::Text
                | TokenKind::Number
                | TokenKind::Placeholder
                | TokenKind::Operator
                | TokenKind::Comma
                | TokenKind::Dot => {}
            }
        }
        None
    }

    /// `FOR r IN (query) DO`, `FOR r IN cursor DO`, `FOR i IN 1 TO 10 LOOP`.
    fn for_piece(&self, at: usize, pieces: &mut Vec<Piece>) -> Option<usize> {
        let from = at.saturating_add(2);
        if self.word(at).is_empty() || self.word(at.saturating_add(1)) != "in" {
            return None;
        }
        let from = self.skip(from, &["reverse"]);
        let end =
            self.find_outside_case(from, "do").or_else(|| self.find_outside_case(from, "loop"))?;
        if self.kind(from) == Some(TokenKind::Open) && self.after_brackets(from) == end {
            let inside = from.saturating_add(1);
            if matches!(self.word(inside).as_str(), "select" | "with" | "from") {
                pieces.push(Piece::Statement(inside, end.saturating_sub(1)));
                return Some(end.saturating_add(1));
            }
        }
        match self.find_outside_case(from, "to").filter(|to| *to < end) {
            Some(to) => {
                pieces.push(Piece::Expression(from, to));
                pieces.push(Piece::Expression(to.saturating_add(1), end));
            }
            None => pieces.push(Piece::Expression(from, end)),
        }
        Some(end.saturating_add(1))
    }

    /// `RETURN`, `RETURN x`, `RETURN TABLE(r)`.
    fn return_piece(&self, at: usize, pieces: &mut Vec<Piece>) -> Option<usize> {
        let end = self.end_of_piece(at)?;
        let rows = self.word(at) == "table"
            && end == at.saturating_add(4)
            && self.kind(at.saturating_add(2)) == Some(TokenKind::Word);
        if end > at && !rows {
            pieces.push(Piece::Expression(at, end));
        }
        Some(end)
    }

    /// Whether `x := …` stands here.
    fn assigns(&self, at: usize) -> bool {
        self.kind(at) == Some(TokenKind::Word) && self.operator_at(at.saturating_add(1), ":=")
    }

    /// `x INT DEFAULT e`, `x := e`, `c CURSOR FOR query`, `r RESULTSET := (query)`.
    fn variable_piece(&self, at: usize, pieces: &mut Vec<Piece>) -> Option<usize> {
        let end = self.end_of_piece(at)?;
        if self.kind(at) != Some(TokenKind::Word) {
            return None;
        }
        let value = (at..end).find(|at| {
            self.operator_at(*at, ":=")
                || self.word(*at) == "default"
                || self.word(*at) == "for"
                || self.word(*at) == "exception"
        });
        let Some(value) = value else {
            // A name and a type.
            let types = (at..end).all(|at| {
                matches!(
                    self.kind(at),
                    Some(
                        TokenKind::Word
                            | TokenKind::Number
                            | TokenKind::Open
                            | TokenKind::Close
                            | TokenKind::Comma
                    )
                )
            });
            return types.then_some(end);
        };
        // Only a name and its type stand before.
        let before = (at..value).all(|at| self.kind(at) != Some(TokenKind::Operator));
        let from = value.saturating_add(1);
        if !before || from >= end && self.word(value) != "exception" {
            return None;
        }
        match self.word(value).as_str() {
            // A number and a text.
            "exception" => {}
            "for" => pieces.push(Piece::Statement(from, end)),
            _ if self.kind(from) == Some(TokenKind::Open)
                && self.after_brackets(from) == end
                && matches!(
                    self.word(from.saturating_add(1)).as_str(),
                    "select"
                        | "with"
                        | "show"
                        | "insert"
                        | "update"
                        | "delete"
                        | "merge"
                        | "call"
                        | "execute"
                ) =>
            {
                pieces.push(Piece::Statement(from.saturating_add(1), end.saturating_sub(1)));
            }
            _ => pieces.push(Piece::Expression(from, end)),
        }
        Some(end)
    }
}

/// Every name of a condition is looked up among them.
const MAX_RECORDS: usize = 256;

/// `FETCH c INTO a, b, …` and its like hold few names.
const MAX_PLAIN: usize = 256;
