//! Fingerprints: what a command says, without its blanks, its comments and the case of its words.
//!
//! They are made of the tokens of the original, never of SQL that was written again from a tree.

use sha2::{Digest as _, Sha256};

use super::{Refusal, Token, TokenKind, guard, versions};
use crate::command::Dialect;
use crate::primitives::Digest;
use crate::schema::SqlSession;

/// What of a command's literals goes into its fingerprint.
///
/// # Examples
/// ```
/// use placet::command::{Dialect, sql::{Literals, fingerprint}};
/// use placet::schema::SqlSession;
/// let session = SqlSession::server_defaults();
/// let of = |text: &str, literals| {
///     fingerprint(text.as_bytes(), Dialect::Postgres, &session, literals).unwrap()
/// };
/// let (a, b) = ("SELECT * FROM t WHERE id = 1", "select * -- all\nfrom T where id = 2");
/// assert_eq!(of(a, Literals::Kinds), of(b, Literals::Kinds));
/// assert_ne!(of(a, Literals::Values), of(b, Literals::Values));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literals {
    /// Their values: what has the same fingerprint is read as the same command.
    Values,
    /// That there is a text, a number or a placeholder: the shape of a command, to count and to
    /// group by. A text may be code and a number a bound, so two commands of one shape may do
    /// different things. It holds nothing of a secret.
    Kinds,
}

/// The fingerprint of a command.
///
/// - `bytes`: the command as it was received.
/// - returns: the SHA-256 of its tokens under `dialect`. Words count without their case where the
///   server folds all names; where it tells `T` from `t` anywhere, they count as they stand.
///
/// Cost: linear in the text, within the bounds of [`limits`](crate::limits).
///
/// # Errors
/// Why the guard lexer does not cut the text; such a command has no fingerprint.
pub fn fingerprint(
    bytes: &[u8],
    dialect: Dialect,
    session: &SqlSession,
    literals: Literals,
) -> Result<Digest, Refusal> {
    let mut said = dialect.name().as_bytes().to_vec();
    let folds = folds_words(dialect);
    for text in versions(bytes, dialect, session)? {
        let guard = guard(&text, dialect, session)?;
        said.push(0);
        said.reserve(text.len());
        for token in &guard.tokens {
            add(&mut said, token, guard.text, folds, literals);
        }
    }
    Ok(Digest::from_bytes(Sha256::digest(&said).into()))
}

/// Adds a token: what it is, and its text where that says more.
///
/// A kind is a byte that no UTF-8 text holds, so it ends the text before it.
fn add(out: &mut Vec<u8>, token: &Token, text: &str, folds: bool, literals: Literals) {
    let token_text = || token.text(text).as_bytes();
    let value = || if literals == Literals::Values { token_text() } else { b"" };
    let (kind, says) = match token.kind {
        TokenKind::Word => {
            out.push(0xf5);
            let start = out.len();
            out.extend_from_slice(token_text());
            if let Some(word) = out.get_mut(start..).filter(|_| folds) {
                word.make_ascii_lowercase();
            }
            return;
        }
        TokenKind::QuotedName => (0xf6, token_text()),
        TokenKind::Text => (0xf7, value()),
        TokenKind::Number => (0xf8, value()),
        TokenKind::Placeholder => (0xf9, value()),
        TokenKind::Operator => (0xfa, token_text()),
        TokenKind::Open => (0xfb, token_text()),
        TokenKind::Close => (0xfc, token_text()),
        TokenKind::Comma => (0xfd, &b""[..]),
        TokenKind::Dot => (0xfe, &b""[..]),
        TokenKind::Semicolon => (0xff, &b""[..]),
    };
    out.push(kind);
    out.extend_from_slice(says);
}

/// Whether no name of the server depends on the case of an unquoted word.
const fn folds_words(dialect: Dialect) -> bool {
    match dialect {
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::Sqlite
        | Dialect::Snowflake
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => true,
        // Tables are files, or the collation decides, or every name is as it stands.
        Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Mssql
        | Dialect::Bigquery
        | Dialect::Clickhouse => false,
    }
}
