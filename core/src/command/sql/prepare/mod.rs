//! Tokens made ready for the parser: what its grammar lacks or would misread, and what changes
//! nothing of what a statement reaches, is left out or written in another way.
//!
//! The statement that is parsed reaches the same tables and more, never less.

mod cloud;
mod engines;
mod mysql;
mod postgres;
mod tsql;

pub(crate) use cloud::{ROWS_MARK, STAGE_MARK};

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use crate::command::Dialect;

/// Makes the tokens of a statement ready for the parser.
pub(super) fn prepare(dialect: Dialect, tokens: &mut Vec<TokenWithSpan>) {
    match dialect {
        Dialect::Postgres => postgres::prepare(tokens),
        Dialect::Redshift => {
            postgres::prepare(tokens);
            cloud::prepare_redshift(tokens);
        }
        Dialect::Snowflake => cloud::prepare_snowflake(tokens),
        Dialect::Bigquery => cloud::prepare_bigquery(tokens),
        Dialect::Mysql | Dialect::Mariadb => mysql::prepare(tokens),
        Dialect::Duckdb
        | Dialect::Clickhouse
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => engines::prepare(dialect, tokens),
        Dialect::Mssql => tsql::mssql(tokens),
        Dialect::Oracle => tsql::oracle(tokens),
        Dialect::Sqlite => {}
    }
}

/// A look at tokens.
#[derive(Clone, Copy)]
struct Tokens<'a>(&'a [TokenWithSpan]);

impl Tokens<'_> {
    fn mark(&self, at: usize) -> Option<&Parsed> {
        self.0.get(at).map(|token| &token.token)
    }

    /// The unquoted word at `at`.
    fn word(&self, at: usize) -> Option<&str> {
        if let Some(Parsed::Word(word)) = self.mark(at)
            && word.quote_style.is_none()
        {
            Some(&word.value)
        } else {
            None
        }
    }

    fn keyword(&self, at: usize) -> Keyword {
        if let Some(Parsed::Word(word)) = self.mark(at)
            && word.quote_style.is_none()
        {
            word.keyword
        } else {
            Keyword::NoKeyword
        }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.word(at).is_some_and(|found| found.eq_ignore_ascii_case(word))
    }

    fn is_one_of(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(at, word))
    }

    /// Whether all these words stand from `at` on.
    fn words(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| self.is(at + offset, word))
    }

    /// Whether a session's variable stands here.
    fn is_variable(&self, at: usize) -> bool {
        self.word(at).is_some_and(|word| word.starts_with('@'))
    }

    fn is_value(&self, at: usize) -> bool {
        matches!(
            self.mark(at),
            Some(
                Parsed::Number(_, _)
                    | Parsed::SingleQuotedString(_)
                    | Parsed::DoubleQuotedString(_)
                    | Parsed::Placeholder(_)
            )
        )
    }

    fn has_comma(&self) -> bool {
        self.0.iter().any(|token| token.token == Parsed::Comma)
    }

    /// Whether an operand may end here, so that a word behind it is an operator.
    fn ends_operand(&self, at: usize) -> bool {
        self.is_value(at)
            || matches!(self.mark(at), Some(Parsed::RParen | Parsed::RBracket))
            || matches!(self.mark(at), Some(Parsed::Word(word)) if word.quote_style.is_some())
            || self.word(at).is_some() && self.keyword(at) == Keyword::NoKeyword
    }
}

/// Where the bracket that opens at `at` closes.
fn close_of(tokens: Tokens<'_>, at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, token) in tokens.0.get(at..)?.iter().enumerate() {
        if matches!(token.token, Parsed::LParen | Parsed::LBracket | Parsed::LBrace) {
            depth += 1;
        } else if matches!(token.token, Parsed::RParen | Parsed::RBracket | Parsed::RBrace) {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(at + offset);
            }
        }
    }
    None
}

/// Removes the tokens at these places, which are in their order.
fn remove(tokens: &mut Vec<TokenWithSpan>, places: &[usize]) {
    if !places.is_empty() {
        let mut at = 0..;
        tokens.retain(|_| at.next().is_some_and(|at: usize| places.binary_search(&at).is_err()));
    }
}
