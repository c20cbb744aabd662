//! Reading a statement by its tokens.

use super::walk::Walk;
use crate::command::sql::{self, Token, TokenKind};
use crate::facts::{Path, TargetKind};

impl Walk<'_, '_> {
    pub(super) fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    /// The unquoted word at `at` in lower case, or nothing.
    pub(super) fn word(&self, at: usize) -> String {
        match self.token(at) {
            Some(token) if token.kind == TokenKind::Word => {
                token.text(self.text).to_ascii_lowercase()
            }
            Some(_) | None => String::new(),
        }
    }

    pub(super) fn kind(&self, at: usize) -> Option<TokenKind> {
        self.token(at).map(|token| token.kind)
    }

    /// The position after `words` at `at`, where they all stand there.
    pub(super) fn after(&self, at: usize, words: &[&str]) -> Option<usize> {
        let all = words.iter().enumerate().all(|(index, word)| {
            self.token(at.saturating_add(index)).is_some_and(|token| token.is_word(self.text, word))
        });
        all.then(|| at.saturating_add(words.len()))
    }

    /// Skips `words` at `at` where they stand there.
    pub(super) fn skip(&self, at: usize, words: &[&str]) -> usize {
        self.after(at, words).unwrap_or(at)
    }

    /// A dotted name at `at`, folded, and the position after it.
    pub(super) fn name_at(&self, at: usize) -> Option<(Vec<String>, usize)> {
        let mut at = at;
        let mut parts = Vec::new();
        loop {
            let token = self.token(at)?;
            let quoted = match token.kind {
                TokenKind::Word => false,
                TokenKind::QuotedName => true,
                // SQLite takes a string for a name.
                TokenKind::Text if self.manners().text_names => true,
                TokenKind::Text
                | TokenKind::Number
                | TokenKind::Placeholder
                | TokenKind::Operator
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::Comma
                | TokenKind::Dot
                | TokenKind::Semicolon => return None,
            };
            let value = if token.kind == TokenKind::Text {
                self.text_at(at)?
            } else {
                sql::name_value(token, self.text, self.setting.dialect)?
            };
            parts.push(self.fold_text(&value, quoted));
            at = at.saturating_add(1);
            if self.kind(at) != Some(TokenKind::Dot) {
                return Some((parts, at));
            }
            at = at.saturating_add(1);
        }
    }

    /// The value of the text literal at `at`.
    pub(super) fn text_at(&self, at: usize) -> Option<String> {
        let modes = sql::Modes::of(self.setting.dialect, &self.state.session);
        sql::text_value(self.token(at)?, self.text, self.setting.dialect, modes)
    }

    /// The position of the first unquoted `word` outside brackets, from `at` on.
    pub(super) fn find(&self, at: usize, word: &str) -> Option<usize> {
        let mut depth = 0usize;
        for (index, token) in self.tokens.iter().enumerate().skip(at) {
            if token.kind == TokenKind::Open {
                depth = depth.saturating_add(1);
            } else if token.kind == TokenKind::Close {
                depth = depth.saturating_sub(1);
            } else if depth == 0 && token.is_word(self.text, word) {
                return Some(index);
            }
        }
        None
    }

    /// The text of the statement before the token at `at`.
    pub(super) fn text_until(&self, at: usize) -> &str {
        let end = self.token(at).map_or(self.span.end(), |token| token.span.start());
        self.text.get(self.span.start()..end).unwrap_or_default()
    }

    /// The text of the tokens from `from` up to the one at `to`, which is left out.
    pub(super) fn text_between(&self, from: usize, to: usize) -> &str {
        let first = self.token(from).filter(|_| from < to).map(|token| token.span.start());
        let last = to.checked_sub(1).and_then(|last| self.token(last));
        match (first, last) {
            (Some(start), Some(last)) => self.text.get(start..last.span.end()).unwrap_or_default(),
            _ => "",
        }
    }

    /// The same, kept; `None` where there is none.
    pub(super) fn slice(&self, from: usize, to: usize) -> Option<String> {
        let text = self.text_between(from, to);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// Whether this operator stands at `at`.
    pub(super) fn operator_at(&self, at: usize, symbol: &str) -> bool {
        self.token(at).is_some_and(|token| {
            token.kind == TokenKind::Operator && token.text(self.text) == symbol
        })
    }

    /// The text of the statement from the token at `at` on.
    pub(super) fn text_from(&self, at: usize) -> Option<&str> {
        let start = self.token(at)?.span.start();
        self.text.get(start..self.span.end())
    }

    /// Whether the tokens from `at` on can hold neither an expression that runs nor a query: no
    /// brackets after a name, no strings in operators, no words that start one.
    pub(super) fn plain_from(&self, at: usize) -> bool {
        self.tokens.iter().enumerate().skip(at).all(|(index, token)| match token.kind {
            TokenKind::Open => {
                let before = index.checked_sub(1).and_then(|before| self.kind(before));
                !matches!(before, Some(TokenKind::Word | TokenKind::QuotedName))
                    || self.word(index.saturating_sub(1)) == "with"
                    || self.word(index.saturating_sub(1)) == "set"
                    || self.word(index.saturating_sub(1)) == "options"
            }
            TokenKind::Operator => matches!(token.text(self.text), "=" | "-" | "+" | "*"),
            TokenKind::Word => !RUNS.iter().any(|word| token.is_word(self.text, word)),
            TokenKind::Semicolon => false,
            TokenKind::QuotedName
            | TokenKind::Text
            | TokenKind::Number
            | TokenKind::Placeholder
            | TokenKind::Close
            | TokenKind::Comma
            | TokenKind::Dot => true,
        })
    }

    /// Whether the tokens from `at` on are no more than a step of a transaction has: its modes, a
    /// name, the texts and numbers of a prepared one.
    pub(super) fn is_step(&self, at: usize) -> bool {
        let rest = self.tokens.get(at..).unwrap_or_default();
        rest.len() <= MAX_STEP_WORDS
            && rest.iter().all(|token| match token.kind {
                TokenKind::Word => !NO_STEP.iter().any(|word| token.is_word(self.text, word)),
                TokenKind::QuotedName
                | TokenKind::Text
                | TokenKind::Number
                | TokenKind::Comma
                | TokenKind::Placeholder => true,
                TokenKind::Operator
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::Dot
                | TokenKind::Semicolon => false,
            })
    }

    /// The thing that the statement names at `at`, as its object.
    pub(super) fn named_object(&mut self, kind: TargetKind, at: usize) -> Option<usize> {
        let Some((parts, after)) = self.name_at(at) else {
            self.object(kind, Path::dynamic());
            return None;
        };
        // Snowflake's `identifier(…)`: the name is what it gives.
        if parts.as_slice() == ["identifier"] && self.kind(after) == Some(TokenKind::Open) {
            self.object(kind, Path::dynamic());
            return None;
        }
        let path = if kind == TargetKind::Table {
            self.named_parts(parts).path
        } else {
            Path::exact(parts)
        };
        self.object(kind, path);
        Some(after)
    }
}

/// Tokens behind the word that takes a step: `START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ
/// ONLY, NOT DEFERRABLE`.
const MAX_STEP_WORDS: usize = 16;

/// Words that no step of a transaction has, and that begin something else.
const NO_STEP: &[&str] = &[
    "alter", "analyze", "atomic", "attach", "begin", "call", "case", "copy", "create", "declare",
    "delete", "do", "drop", "end", "exec", "execute", "explain", "for", "grant", "if", "insert",
    "install", "kill", "load", "loop", "merge", "rename", "repeat", "replace", "return", "revoke",
    "select", "set", "show", "shutdown", "truncate", "update", "use", "values", "while",
];

/// Words that start something that runs.
const RUNS: &[&str] = &[
    "select", "insert", "update", "delete", "merge", "values", "using", "execute", "default",
    "check", "where", "when", "as", "begin", "return", "program", "case",
];
