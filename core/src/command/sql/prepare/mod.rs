//! Tokens made ready for the parser: what its grammar lacks or would misread, and what changes
//! nothing of what a statement reaches, is left out or written in another way.
//!
//! The statement that is parsed reaches the same tables and more, never less.

mod clauses;
mod cloud;
mod engines;
mod mysql;
mod postgres;
mod sqlite;
mod tsql;

pub(crate) use cloud::{DISTINCT_MARK, ROWS_MARK, STAGE_MARK};
pub(crate) use engines::VALUE_MARK;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use crate::command::Dialect;

/// Makes the tokens of a statement ready for the parser.
pub(super) fn prepare(dialect: Dialect, tokens: &mut Vec<TokenWithSpan>) {
    part_queries_in_lists(tokens);
    if matches!(dialect, Dialect::Postgres | Dialect::Sqlite | Dialect::Duckdb) {
        clauses::leave_out_exclusions(tokens);
        clauses::leave_out_materialized(tokens);
        clauses::leave_out_conflict_targets(tokens);
    }
    if matches!(dialect, Dialect::Snowflake | Dialect::Mariadb) {
        clauses::part_added_columns(tokens);
    }
    if matches!(dialect, Dialect::Postgres | Dialect::Oracle) {
        clauses::leave_out_document_words(tokens);
    }
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
        Dialect::Sqlite => sqlite::prepare(tokens),
    }
}

/// `x IN ((SELECT …), 1)`: a sign before a query that is one of several values, since the parser
/// takes it for the only one.
fn part_queries_in_lists(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let opens = |at: usize| read.mark(at) == Some(&Parsed::LParen);
    let places: Vec<usize> = (1..tokens.len())
        .filter(|at| {
            read.is(at - 1, "in")
                && opens(*at)
                && opens(at + 1)
                && read.is_one_of(at + 2, &["select", "with", "values"])
                && close_of(read, at + 1)
                    .is_some_and(|close| read.mark(close + 1) == Some(&Parsed::Comma))
        })
        .collect();
    for at in places.into_iter().rev() {
        if let Some(span) = tokens.get(at).map(|token| token.span) {
            tokens.insert(at + 1, TokenWithSpan::new(Parsed::Plus, span));
        }
    }
}

/// What `x IS NULL` and `x IS NOT NULL` are made of.
const ABSENT: &[&str] = &["IS", "NULL"];
const PRESENT: &[&str] = &["IS", "NOT", "NULL"];

/// Puts operators behind a value, `x ISNULL`, in the words of the standard.
fn name_presence(tokens: &mut Vec<TokenWithSpan>, operators: &[(&[&str], &[&str])]) {
    let read = Tokens(tokens);
    if read.is_one_of(0, &["create", "alter"]) {
        return;
    }
    let named = |at: usize| {
        let operator = operators.iter().find(|(words, _)| read.words(at, words))?;
        let is_call = read.mark(at + operator.0.len()) == Some(&Parsed::LParen);
        (read.ends_operand(at - 1) && !is_call).then_some((at, operator))
    };
    let places: Vec<_> = (1..tokens.len()).filter_map(named).collect();
    for (at, (words, meant)) in places.into_iter().rev() {
        if let Some(span) = tokens.get(at).map(|token| token.span) {
            let meant = meant.iter().map(|word| Parsed::make_word(word, None));
            let meant = meant.map(|token| TokenWithSpan::new(token, span));
            tokens.splice(at..at + words.len(), meant);
        }
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
