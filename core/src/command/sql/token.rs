//! The tokens of the guard lexer.

use crate::primitives::Span;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An unquoted word: keyword or name.
    Word,
    /// A quoted name (`"x"`, `` `x` ``, `[x]`, `U&"x"`).
    QuotedName,
    /// A string literal in any notation, prefix and quotes included.
    Text,
    /// A number.
    Number,
    /// A placeholder for a bound parameter (`$1`, `?`, `:name`, `@p`).
    Placeholder,
    /// An operator of one or more characters.
    Operator,
    /// `(`, `[` or `{`.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// `,`.
    Comma,
    /// `.`.
    Dot,
    /// `;` inside a statement (a block's body); separators between statements are no tokens.
    Semicolon,
}

/// One token of a command.
///
/// # Examples
/// ```
/// use placet::command::{Dialect, sql};
/// use placet::schema::SqlSession;
///
/// let session = SqlSession::server_defaults();
/// sql::read(b"SELECT /* no token */ name", Dialect::Postgres, &session, |reading| {
///     let reading = reading.unwrap();
///     let tokens = reading.statements[0].tokens;
///     assert_eq!(tokens.len(), 2);
///     assert!(tokens[0].is_word(reading.text, "select"));
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes in the command.
    pub span: Span,
}

impl Token {
    /// The token's text in `text`, empty where the span does not fit.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.span.start()..self.span.end()).unwrap_or_default()
    }

    /// Whether the token is the unquoted word `word`, whatever its case.
    #[must_use]
    pub fn is_word(&self, text: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(text).eq_ignore_ascii_case(word)
    }
}
