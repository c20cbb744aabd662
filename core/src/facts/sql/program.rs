//! Stored programs and compound statements: the statements and expressions inside are read as
//! code of their own.
//!
//! The words of control flow are left out, so every branch is taken to run. Variables look like
//! columns, and stand for anything.

use super::walk::Walk;
use crate::command::sql::TokenKind;
use crate::facts::SessionDelta;
use crate::limits;

impl Walk<'_, '_> {
    /// Reads the compound statement at `at`; the answer is whether all of it was understood.
    ///
    /// What it holds is nested in the action under construction; it has not run yet.
    pub(super) fn program(&mut self, at: usize) -> bool {
        let Some(pieces) = self.program_pieces(at) else { return false };
        let text = pieces.join(";\n");
        let state = self.state.clone();
        self.code(&text);
        *self.state = state;
        true
    }

    /// The same for one that runs now.
    pub(super) fn program_runs(&mut self, at: usize) -> bool {
        let Some(pieces) = self.program_pieces(at) else { return false };
        self.code_in_branches(&pieces.join(";\n"));
        true
    }

    /// Code of which a part may not run: settings that it changes are unknown behind it.
    pub(super) fn code_in_branches(&mut self, text: &str) {
        let before = self.state.clone();
        self.code(text);
        if !self.state.same(&before) {
            self.forget_settings();
            self.session.push(SessionDelta::Unknown);
        }
    }

    /// The names of the variables and arguments of a program, which come before columns of the
    /// same name: those behind DECLARE, and the first word of each argument in the brackets at `at`.
    pub(super) fn program_names(&self, at: usize) -> Vec<String> {
        let mut names = Vec::new();
        let mut depth = 0_usize;
        let mut argument = false;
        for index in at..self.tokens.len() {
            match self.kind(index) {
                Some(TokenKind::Open) => {
                    depth = depth.saturating_add(1);
                    argument = index == at;
                }
                Some(TokenKind::Close) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                Some(TokenKind::Comma) => argument = depth == 1,
                _ if argument && !matches!(self.word(index).as_str(), "in" | "out" | "inout") => {
                    names.extend(self.name_at(index).and_then(|(mut parts, _)| parts.pop()));
                    argument = false;
                }
                _ if depth == 0 => break,
                _ => {}
            }
        }
        for declare in (at..self.tokens.len()).filter(|at| self.word(*at) == "declare") {
            let mut at = declare.saturating_add(1);
            while let Some((mut parts, after)) = self.name_at(at) {
                names.extend(parts.pop());
                if self.kind(after) != Some(TokenKind::Comma) {
                    break;
                }
                at = after.saturating_add(1);
            }
        }
        names
    }

    /// The statements and expressions of a program, each as a statement.
    fn program_pieces(&self, at: usize) -> Option<Vec<String>> {
        let mut pieces = Vec::new();
        let mut at = at;
        while at < self.tokens.len() {
            at = self.program_piece(at, &mut pieces)?;
            if pieces.len() > limits::MAX_SQL_TOKENS {
                return None;
            }
        }
        Some(pieces)
    }

    /// Reads what begins at `at`, where a statement may begin; the answer is where the next may.
    fn program_piece(&self, at: usize, pieces: &mut Vec<String>) -> Option<usize> {
        if self.kind(at) == Some(TokenKind::Semicolon) {
            return Some(at.saturating_add(1));
        }
        let next = at.saturating_add(1);
        if self.token(next).is_some_and(|token| token.text(self.text) == ":") {
            // A label.
            return Some(next.saturating_add(1));
        }
        match self.word(at).as_str() {
            "begin" => {
                let at = self.skip(next, &["not", "atomic"]);
                Some(at)
            }
            "else" | "loop" | "repeat" => Some(next),
            "if" | "elseif" | "when" => self.program_until(next, "then", pieces),
            "while" => self.program_until(next, "do", pieces),
            "until" => {
                let end = self.find_flat(next, "end")?;
                pieces.push(self.expression(next, end)?);
                Some(end)
            }
            "case" => {
                let end = self.find_flat(next, "when")?;
                if end > next {
                    pieces.push(self.expression(next, end)?);
                }
                Some(end)
            }
            "for" => {
                let of = self.find(next, "in")?.saturating_add(1);
                let end = self.find_flat(of, "do")?;
                if self.kind(of) == Some(TokenKind::Open) {
                    pieces.push(self.slice(of, end)?);
                } else if !self.plain_from(of) && self.kind(of) != Some(TokenKind::Number) {
                    // A cursor's name, or numbers; nothing else.
                    let names = (of..end).all(|at| self.kind(at) == Some(TokenKind::Word));
                    names.then_some(())?;
                }
                Some(end.saturating_add(1))
            }
            "end" => {
                let mut at = next;
                for word in ["if", "case", "loop", "while", "repeat", "for"] {
                    if self.word(at) == word {
                        at = at.saturating_add(1);
                        break;
                    }
                }
                // A label may follow.
                let label = matches!(self.kind(at), Some(TokenKind::Word | TokenKind::QuotedName));
                Some(at.saturating_add(usize::from(label)))
            }
            "declare" => self.declaration(next, pieces),
            "leave" | "iterate" | "open" | "close" | "fetch" => {
                let end = self.end_of(at);
                let plain = (at..end).all(|at| {
                    matches!(
                        self.kind(at),
                        Some(
                            TokenKind::Word
                                | TokenKind::QuotedName
                                | TokenKind::Comma
                                | TokenKind::Dot
                        )
                    )
                });
                plain.then_some(end)
            }
            "return" => {
                let end = self.end_of(next);
                pieces.push(self.expression(next, end)?);
                Some(end)
            }
            "set" if matches!(self.word(next).as_str(), "new" | "old") => {
                let end = self.end_of(next);
                let value = (next..end).find(|at| {
                    self.token(*at).is_some_and(|t| matches!(t.text(self.text), "=" | ":="))
                })?;
                pieces.push(self.expression(value.saturating_add(1), end)?);
                Some(end)
            }
            _ => {
                let end = self.end_of(at);
                pieces.push(self.slice(at, end)?);
                Some(end)
            }
        }
    }

    /// An expression up to `word`, and the position behind it.
    fn program_until(&self, at: usize, word: &str, pieces: &mut Vec<String>) -> Option<usize> {
        let end = self.find_flat(at, word)?;
        pieces.push(self.expression(at, end)?);
        Some(end.saturating_add(1))
    }

    /// `DECLARE a INT DEFAULT x`, `DECLARE c CURSOR FOR SELECT …`, `DECLARE EXIT HANDLER FOR … stmt`.
    fn declaration(&self, at: usize, pieces: &mut Vec<String>) -> Option<usize> {
        let next = at.saturating_add(1);
        if self.word(next) == "handler" {
            return self.handler(next.saturating_add(2));
        }
        let end = self.end_of(at);
        let inside = |word: &str| self.find(at, word).filter(|found| *found < end);
        if let Some(cursor) = inside("cursor") {
            let query = self.find(cursor, "for").filter(|found| *found < end)?;
            pieces.push(self.slice(query.saturating_add(1), end)?);
        } else if let Some(default) = inside("default") {
            pieces.push(self.expression(default.saturating_add(1), end)?);
        }
        Some(end)
    }

    /// The position behind the conditions of a handler, where its statement begins.
    fn handler(&self, at: usize) -> Option<usize> {
        let mut at = at;
        loop {
            at = match self.word(at).as_str() {
                "sqlstate" => {
                    let value = self.skip(at.saturating_add(1), &["value"]);
                    value.saturating_add(1)
                }
                "not" => at.saturating_add(2),
                _ => match self.kind(at)? {
                    TokenKind::Word | TokenKind::QuotedName | TokenKind::Number => {
                        at.saturating_add(1)
                    }
                    TokenKind::Text
                    | TokenKind::Placeholder
                    | TokenKind::Operator
                    | TokenKind::Open
                    | TokenKind::Close
                    | TokenKind::Comma
                    | TokenKind::Dot
                    | TokenKind::Semicolon => return None,
                },
            };
            if self.kind(at) != Some(TokenKind::Comma) {
                return Some(at);
            }
            at = at.saturating_add(1);
        }
    }

    /// The next `word` outside brackets and outside every CASE.
    fn find_flat(&self, at: usize, word: &str) -> Option<usize> {
        let (mut depth, mut cases) = (0_usize, 0_usize);
        for (index, token) in self.tokens.iter().enumerate().skip(at) {
            match token.kind {
                TokenKind::Open => depth = depth.saturating_add(1),
                TokenKind::Close => depth = depth.saturating_sub(1),
                TokenKind::Semicolon => return None,
                TokenKind::Word if depth == 0 => {
                    if cases == 0 && token.is_word(self.text, word) {
                        return Some(index);
                    }
                    if token.is_word(self.text, "case") {
                        cases = cases.saturating_add(1);
                    } else if token.is_word(self.text, "end") {
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

    /// The `;` that ends the statement at `at`, or the end of the program.
    fn end_of(&self, at: usize) -> usize {
        let rest = self.tokens.iter().enumerate().skip(at);
        let mut semicolons = rest.filter(|(_, token)| token.kind == TokenKind::Semicolon);
        semicolons.next().map_or(self.tokens.len(), |(index, _)| index)
    }

    /// The expressions from `at` to `end` as a query.
    fn expression(&self, at: usize, end: usize) -> Option<String> {
        Some(format!("SELECT {}", self.slice(at, end)?))
    }
}
