//! Placeholders of other libraries and shells: `?`, `%s`, `:name` where the server has no such
//! thing.
//!
//! Whoever sees one of these fills it in *after* the text was read, sometimes with raw SQL. They
//! are told from operators by what stands on both sides.

use crate::command::sql::rules::{Ends, Mark, Operators, Placeholders, Rules};
use crate::command::sql::{Refusal, Token, TokenKind};
use crate::primitives::Span;

/// Refuses the first placeholder that is not the dialect's own.
pub(super) fn refuse_foreign(text: &str, tokens: &[Token], rules: &Rules) -> Result<(), Refusal> {
    let mut depth = 0_usize;
    let mut before = None;
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Open => depth += 1,
            TokenKind::Close => depth = depth.saturating_sub(1),
            TokenKind::Operator => {
                let after = tokens.get(index + 1);
                let only_labels = rules.ends == Ends::ClientDelimiter;
                let around = Around { text, before, after, depth, only_labels };
                if around.is_foreign(token, rules) {
                    let end = around.after.map_or(token.span.end(), |after| after.span.end());
                    return Err(Refusal::ForeignPlaceholder(Span::from_offsets(
                        token.span.start(),
                        end,
                    )));
                }
            }
            TokenKind::Word
            | TokenKind::QuotedName
            | TokenKind::Text
            | TokenKind::Number
            | TokenKind::Placeholder
            | TokenKind::Comma
            | TokenKind::Dot
            | TokenKind::Semicolon => {}
        }
        before = Some(token);
    }
    Ok(())
}

/// The neighbours of an operator.
struct Around<'a> {
    text: &'a str,
    before: Option<&'a Token>,
    after: Option<&'a Token>,
    depth: usize,
    /// A colon stands behind labels only.
    only_labels: bool,
}

impl Around<'_> {
    fn is_foreign(&self, operator: &Token, rules: &Rules) -> bool {
        let word = operator.text(self.text);
        let percent = match word {
            "%" => !self.ends_operand() && !self.in_stage(operator),
            "%%" | "<%" | "<<%" => false,
            longer => longer.ends_with('%'),
        };
        match rules.placeholders {
            Placeholders::Sqlite => percent,
            Placeholders::Marks(marks) => match word {
                // DuckDB's colons are PostgreSQL's.
                ":" if matches!(rules.operators, Operators::Run(_)) => self.is_named(operator),
                ":" if !marks.contains(&Mark::Colon) && self.only_labels => !self.begins_compound(),
                _ => percent,
            },
            Placeholders::DollarNumber => match word {
                "?" => !(self.ends_operand() && self.begins_operand()),
                "@?" => false,
                ":" => self.is_named(operator),
                longer => percent || longer.ends_with('?'),
            },
        }
    }

    /// Whether the `%` is that of `@%t`, the stage of a table in Snowflake.
    fn in_stage(&self, percent: &Token) -> bool {
        self.before.is_some_and(|before| {
            before.text(self.text) == "@" && before.span.end() == percent.span.start()
        })
    }

    /// Whether a `:` with a name at its heels is no slice (`a[lo:hi]`) and no JSON key (`k:v`).
    fn is_named(&self, colon: &Token) -> bool {
        let named = self.after.is_some_and(|after| {
            let value = match after.kind {
                TokenKind::Word | TokenKind::QuotedName | TokenKind::Text | TokenKind::Number => {
                    true
                }
                TokenKind::Placeholder
                | TokenKind::Operator
                | TokenKind::Open
                | TokenKind::Close
                | TokenKind::Comma
                | TokenKind::Dot
                | TokenKind::Semicolon => false,
            };
            value && after.span.start() == colon.span.end()
        });
        let has_left = self.before.is_some_and(|before| match before.kind {
            TokenKind::Word => self.depth > 0 && before.span.end() == colon.span.start(),
            TokenKind::Open => before.text(self.text) == "[",
            TokenKind::QuotedName
            | TokenKind::Text
            | TokenKind::Number
            | TokenKind::Placeholder
            | TokenKind::Close => true,
            TokenKind::Operator | TokenKind::Comma | TokenKind::Dot | TokenKind::Semicolon => false,
        });
        named && !has_left
    }

    fn begins_compound(&self) -> bool {
        self.after.is_some_and(|after| {
            self.is_one_of(after, &["begin", "loop", "repeat", "while", "for"])
        })
    }

    fn ends_operand(&self) -> bool {
        self.before.is_some_and(|before| match before.kind {
            TokenKind::Word => !self.is_one_of(before, BEFORE_AN_OPERAND),
            TokenKind::QuotedName
            | TokenKind::Text
            | TokenKind::Number
            | TokenKind::Placeholder
            | TokenKind::Close => true,
            TokenKind::Operator
            | TokenKind::Open
            | TokenKind::Comma
            | TokenKind::Dot
            | TokenKind::Semicolon => false,
        })
    }

    fn begins_operand(&self) -> bool {
        self.after.is_some_and(|after| match after.kind {
            TokenKind::Word => !self.is_one_of(after, BEHIND_AN_OPERAND),
            TokenKind::Operator => matches!(after.text(self.text), "+" | "-" | "~" | "@"),
            TokenKind::QuotedName
            | TokenKind::Text
            | TokenKind::Number
            | TokenKind::Placeholder
            | TokenKind::Open => true,
            TokenKind::Close | TokenKind::Comma | TokenKind::Dot | TokenKind::Semicolon => false,
        })
    }

    fn is_one_of(&self, token: &Token, words: &[&str]) -> bool {
        words.iter().any(|word| token.is_word(self.text, word))
    }
}

const BEFORE_AN_OPERAND: &[&str] = &[
    "all",
    "and",
    "any",
    "as",
    "between",
    "by",
    "call",
    "case",
    "distinct",
    "else",
    "execute",
    "fetch",
    "first",
    "from",
    "having",
    "ilike",
    "in",
    "into",
    "is",
    "like",
    "limit",
    "next",
    "not",
    "offset",
    "on",
    "or",
    "return",
    "returning",
    "select",
    "set",
    "then",
    "to",
    "using",
    "values",
    "when",
    "where",
];

const BEHIND_AN_OPERAND: &[&str] = &[
    "and",
    "as",
    "asc",
    "collate",
    "desc",
    "else",
    "end",
    "except",
    "fetch",
    "for",
    "from",
    "group",
    "having",
    "intersect",
    "into",
    "is",
    "limit",
    "offset",
    "on",
    "or",
    "order",
    "returning",
    "then",
    "union",
    "when",
    "where",
    "window",
];
