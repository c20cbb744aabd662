//! SQL: the guard lexer, the parser behind it, and whether the two agree.
//!
//! The guard lexer reads the text as the *server* would: where statements end, what is a comment,
//! a string, a name. It bounds the work before any parser runs. A tree of the parser counts only
//! if both readings agree on the number of statements and on their tokens.

mod agree;
mod copy;
mod fingerprint;
mod foreign;
mod grammar;
mod height;
mod lexer;
#[cfg(test)]
pub(crate) mod manual;
mod modes;
mod outline;
mod parse;
mod prepare;
mod refusal;
mod rules;
mod token;
mod tsql;
mod value;
mod versions;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use copy::{CopyShape, CsvShape, copy_shape};
pub use fingerprint::{Literals, fingerprint};
pub use modes::Modes;
pub(crate) use prepare::{DISTINCT_MARK, ROWS_MARK, STAGE_MARK, VALUE_MARK};
pub use refusal::Refusal;
pub use token::{Token, TokenKind};
pub use value::{name_value, text_value};
pub(crate) use versions::versions;

use sqlparser::ast;

use std::fmt;

use crate::command::Dialect;
use crate::limits;
use crate::primitives::Span;
use crate::schema::SqlSession;
use lexer::{Lexer, Piece};
use outline::Part;
use rules::Rules;

/// One statement, as both readings see it. The tree holds literals: `Debug` shows the span only.
pub struct Statement<'a> {
    /// Its bytes, without the separator and without leading and trailing blanks and comments.
    pub span: Span,
    /// Its tokens, comments and blanks left out.
    pub tokens: &'a [Token],
    /// The parser's tree; `None` where its grammar does not cover the text. Then the head words
    /// alone can bound what the statement does.
    ///
    /// A span in the tree is on line 1, and its columns are byte offsets in the command plus one.
    pub tree: Option<&'a ast::Statement>,
}

/// A text that was read. It holds literals: `Debug` shows lengths only.
pub struct Reading<'a> {
    /// The whole text; the spans of statements and tokens are offsets in it.
    pub text: &'a str,
    /// Its statements in order; empty ones are left out.
    pub statements: Vec<Statement<'a>>,
    /// Its comments in order, with their marks; none of them is run.
    pub comments: &'a [Span],
}

impl fmt::Debug for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Statement({:?}, {} tokens)", self.span, self.tokens.len())
    }
}

impl fmt::Debug for Reading<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reading({} bytes, {} statements)", self.text.len(), self.statements.len())
    }
}

/// Reads `bytes` as SQL of `dialect` and hands the statements to `visit`, once.
///
/// Everything is bounded before the parser runs: bytes, tokens, nesting, and the height of any
/// tree. Parser, `visit` and the tearing down of the trees run on a stack that is large enough for
/// these bounds, whatever the caller's stack is. Trees are never cloned or printed, and `visit`
/// must do neither.
///
/// - `session`: what is known of the session; an unknown setting that would change how the text is
///   read is a refusal.
/// - returns: what `visit` returns.
///
/// Fails closed: `visit` gets a [`Refusal`] for a text that the server may read in another way.
/// Never panics, never aborts. Cost: linear in the text.
///
/// # Examples
/// ```
/// # use placet::command::{sql, Dialect};
/// # use placet::schema::SqlSession;
/// let session = SqlSession::server_defaults();
/// let text = b"COPY t FROM stdin;\nDROP TABLE orders;";
/// let spans = sql::read(text, Dialect::Postgres, &session, |reading| {
///     reading.unwrap().statements.iter().map(|s| s.span.of(text).unwrap().to_vec()).collect::<Vec<_>>()
/// });
/// assert_eq!(spans, [&b"COPY t FROM stdin"[..], b"DROP TABLE orders"]);
///
/// let code = sql::read(b"SELECT 'open", Dialect::Postgres, &session, |r| r.unwrap_err().code());
/// assert_eq!(code, "unterminated");
/// ```
pub fn read<R>(
    bytes: &[u8],
    dialect: Dialect,
    session: &SqlSession,
    visit: impl FnOnce(Result<Reading<'_>, Refusal>) -> R,
) -> R {
    let guard = match guard(bytes, dialect, session) {
        Ok(read) => read,
        Err(refusal) => return visit(Err(refusal)),
    };
    let height = guard.parts.iter().map(|part| part.height).max().unwrap_or(0);
    stacker::maybe_grow(stack_for(height), limits::SQL_STACK_BYTES, || {
        let mut trees = Vec::with_capacity(guard.parts.len());
        for part in &guard.parts {
            let tokens = guard.tokens.get(part.tokens.clone()).unwrap_or_default();
            match agree::agree(guard.text, tokens, dialect, guard.modes) {
                Ok(mut agreed) => {
                    prepare::prepare(dialect, &mut agreed);
                    trees.push(parse::with_grammar(
                        dialect,
                        tokens.len(),
                        guard.modes,
                        |grammar| parse::parse(agreed, grammar),
                    ));
                }
                Err(refusal) => return visit(Err(refusal)),
            }
        }
        let statements = guard.parts.iter().zip(&trees).map(|(part, tree)| {
            let tokens = guard.tokens.get(part.tokens.clone()).unwrap_or_default();
            Statement { span: span_of(tokens), tokens, tree: tree.as_ref() }
        });
        visit(Ok(Reading {
            text: guard.text,
            statements: statements.collect(),
            comments: &guard.comments,
        }))
    })
}

/// The tokens of a text that is no statement, such as the body of a routine.
pub(crate) fn tokens(
    text: &str,
    dialect: Dialect,
    session: &SqlSession,
) -> Result<Vec<Token>, Refusal> {
    guard(text.as_bytes(), dialect, session).map(|guard| guard.tokens)
}

/// What a text token stands for, in the server's usual mode.
pub(crate) fn text_of(token: &Token, text: &str, dialect: Dialect) -> Option<String> {
    let modes = Modes::of(dialect, &SqlSession::server_defaults());
    text_value(token, text, dialect, modes)
}

/// What the guard lexer alone reads.
struct Guard<'a> {
    text: &'a str,
    modes: Modes,
    /// The tokens of all statements, separators included.
    tokens: Vec<Token>,
    comments: Vec<Span>,
    parts: Vec<Part>,
}

fn guard<'a>(
    bytes: &'a [u8],
    dialect: Dialect,
    session: &SqlSession,
) -> Result<Guard<'a>, Refusal> {
    let whole = Span::from_offsets(0, bytes.len());
    let rules = Rules::of(dialect);
    let text = guarded_text(bytes, dialect, session)?;
    let modes = Modes::of(dialect, session);
    if modes.foreign {
        return Err(Refusal::ParserStateUnknown(whole));
    }
    if dialect == Dialect::Bigquery && names_legacy_sql(text) {
        return Err(Refusal::ParserStateUnknown(whole));
    }
    let mut lexer = Lexer::new(text, rules, modes);
    // A token and its blank are about five bytes.
    let mut tokens = Vec::with_capacity(bytes.len() / 5 + 4);
    let mut comments = Vec::new();
    while let Some(piece) = lexer.next()? {
        match piece {
            Piece::Token(token) if tokens.len() >= limits::MAX_SQL_TOKENS => {
                return Err(Refusal::TooManyTokens(token.span));
            }
            Piece::Token(token) => tokens.push(token),
            Piece::Comment(comment) => comments.push(comment),
            Piece::Blank(_) => {}
        }
    }
    foreign::refuse_foreign(text, &tokens, rules)?;
    if modes.pipes_join.is_none()
        && let Some(pipes) = tokens.iter().find(|token| token.text(text) == "||")
    {
        return Err(Refusal::ParserStateUnknown(pipes.span));
    }
    let parts = outline::outline(text, &tokens, rules)?;
    if let Some(part) = parts.get(limits::MAX_SQL_STATEMENTS) {
        let first = tokens.get(part.tokens.start).map_or(whole, |token| token.span);
        return Err(Refusal::TooManyStatements(first));
    }
    if parts.len() > 1 && changes_its_reading(text, dialect) {
        return Err(Refusal::ParserStateUnknown(whole));
    }
    Ok(Guard { text, modes, tokens, comments, parts })
}

/// Whether a text may be in BigQuery's older language: what looks like a comment says so.
fn names_legacy_sql(text: &str) -> bool {
    const MARK: &str = "#legacysql";
    text.match_indices('#').any(|(at, _)| {
        text.get(at..at + MARK.len()).is_some_and(|word| word.eq_ignore_ascii_case(MARK))
    })
}

/// The text of a command, bounded and in an encoding that is known.
fn guarded_text<'a>(
    bytes: &'a [u8],
    dialect: Dialect,
    session: &SqlSession,
) -> Result<&'a str, Refusal> {
    let whole = Span::from_offsets(0, bytes.len());
    if bytes.len() > limits::MAX_COMMAND_BYTES {
        return Err(Refusal::TooLong(whole));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let bad = error.valid_up_to();
        Refusal::NotText(Span::from_offsets(bad, bad + error.error_len().unwrap_or(1)))
    })?;
    if let Some(nul) = memchr::memchr(0, bytes) {
        // Servers take the text as a C string: what follows a NUL is not read.
        return Err(Refusal::StrangeByte(Span::from_offsets(nul, nul + 1)));
    }
    // They put the value of a variable there before they cut the text, in strings and comments too.
    if matches!(dialect, Dialect::Hive | Dialect::Spark | Dialect::Databricks)
        && let Some(at) = memchr::memmem::find(bytes, b"${")
    {
        return Err(Refusal::ForeignPlaceholder(Span::from_offsets(at, at + 2)));
    }
    let other = session.dialect.as_deref().is_some_and(|name| name != dialect.name());
    if other || !encoding_is_plain(dialect, session) && !text.is_ascii() {
        return Err(Refusal::ParserStateUnknown(whole));
    }
    Ok(text)
}

/// Whether the server cuts the bytes as they stand. Under a client encoding such as GBK it
/// converts them first, and a byte of a letter can become a quote or a backslash.
fn encoding_is_plain(dialect: Dialect, session: &SqlSession) -> bool {
    match dialect {
        Dialect::Postgres | Dialect::Redshift | Dialect::Mysql | Dialect::Mariadb => {
            session.client_encoding.as_deref().is_some_and(|name| {
                let plain = |c: &char| c.is_ascii_alphanumeric();
                let name: String =
                    name.chars().filter(plain).map(|c| c.to_ascii_lowercase()).collect();
                let known = ["utf8", "utf8mb3", "utf8mb4", "unicode", "sqlascii", "binary"];
                known.contains(&name.as_str())
            })
        }
        // Their protocols carry Unicode.
        Dialect::Mssql
        | Dialect::Sqlite
        | Dialect::Snowflake
        | Dialect::Bigquery
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => true,
    }
}

/// Whether an earlier statement may change how a later one is read.
///
/// PostgreSQL reads a whole message before it runs any of it, but many clients send statement by
/// statement, and then the setting is another one by the time the next is read. MySQL reads each
/// statement when the one before has run.
fn changes_its_reading(text: &str, dialect: Dialect) -> bool {
    let (backslash, letters) = (text.contains('\\'), !text.is_ascii());
    let quotes = text.contains('"');
    let pipes = text.contains("||");
    let counts = matches!(dialect, Dialect::Mysql | Dialect::Mariadb) && text.contains('.');
    if !backslash && !letters && !quotes && !pipes && !counts {
        return false;
    }
    let text = text.to_ascii_lowercase();
    match dialect {
        Dialect::Postgres | Dialect::Redshift => {
            (backslash && text.contains("standard_conforming_strings"))
                || (letters && (text.contains("client_encoding") || text.contains("names")))
        }
        Dialect::Mysql | Dialect::Mariadb => {
            // `s.nextval` is a column in one mode, and moves a sequence in another.
            let counts = text.contains("nextval") || text.contains("currval");
            ((backslash || quotes || pipes || counts) && text.contains("sql_mode"))
                || (letters
                    && ["character_set_client", "names", "charset", "character set"]
                        .iter()
                        .any(|word| text.contains(word)))
        }
        Dialect::Mssql => quotes && text.contains("quoted_identifier"),
        Dialect::Sqlite
        | Dialect::Snowflake
        | Dialect::Bigquery
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => false,
    }
}

fn span_of(tokens: &[Token]) -> Span {
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => Span::from_offsets(first.span.start(), last.span.end()),
        _ => Span::default(),
    }
}

/// The stack that parsing, walking and dropping a tree of `height` may take.
fn stack_for(height: u32) -> usize {
    let levels = usize::try_from(height).unwrap_or(usize::MAX);
    levels
        .saturating_mul(STACK_BYTES_A_LEVEL)
        .saturating_add(STACK_BYTES_AT_LEAST)
        .min(limits::SQL_STACK_BYTES)
}

/// A walk takes under 4 KiB a level in an optimised build and up to four times that in another. The
/// parser takes more, and grows its stack itself, again and again at the edge of it: there is room
/// for most of what it takes.
const STACK_BYTES_A_LEVEL: usize = 44 * 1024;

/// The flattest statement takes under 96 KiB in an optimised build; in a wholly unoptimised one the
/// parser alone takes up to 500.
const STACK_BYTES_AT_LEAST: usize = if cfg!(debug_assertions) { 768 * 1024 } else { 176 * 1024 };
