//! SQL: the guard lexer, the parser behind it, and whether the two agree.
//!
//! The guard lexer reads the text as the *server* would: where statements end, what is a comment,
//! a string, a name. It bounds the work before any parser runs. A tree of the parser counts only
//! if both readings agree on the number of statements and on their tokens.

mod token;

pub use token::{Token, TokenKind};

use sqlparser::ast;

use crate::primitives::Span;

/// One statement, as both readings see it.
#[derive(Debug)]
pub struct Statement<'a> {
    /// Its bytes, without the separator and without leading and trailing blanks and comments.
    pub span: Span,
    /// Its tokens, comments and blanks left out.
    pub tokens: &'a [Token],
    /// The parser's tree; `None` where its grammar does not cover the text. Then the head words
    /// alone can bound what the statement does.
    pub tree: Option<&'a ast::Statement>,
}
