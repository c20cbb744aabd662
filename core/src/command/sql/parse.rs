//! The parser behind the guard lexer.

use sqlparser::ast;
use sqlparser::dialect::{
    BigQueryDialect, ClickHouseDialect, DatabricksDialect, Dialect as Grammar, DuckDbDialect,
    HiveDialect, MsSqlDialect, MySqlDialect, OracleDialect, PostgreSqlDialect, RedshiftSqlDialect,
    SQLiteDialect, SnowflakeDialect, SparkSqlDialect,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use crate::command::Dialect;
use crate::command::sql::Modes;
use crate::command::sql::grammar::{Fenced, Scanning};
use crate::command::sql::rules::{Escapes, Nesting, Rules};

/// Lends the grammar for one statement of `tokens` tokens.
pub(super) fn with_grammar<R>(
    dialect: Dialect,
    tokens: usize,
    modes: Modes,
    work: impl FnOnce(&dyn Grammar) -> Option<R>,
) -> Option<R> {
    let scanning = Scanning {
        backslash: escapes(dialect, modes),
        ansi_quotes: modes.ansi_quotes.unwrap_or(true),
        nested_comments: Rules::of(dialect).nested_comments == Nesting::Nested,
    };
    macro_rules! lend {
        ($grammar:expr) => {
            work(&Fenced::new($grammar, tokens, scanning))
        };
    }
    match dialect {
        Dialect::Postgres => lend!(PostgreSqlDialect {}),
        Dialect::Redshift => lend!(RedshiftSqlDialect {}),
        Dialect::Mysql | Dialect::Mariadb => lend!(MySqlDialect {}),
        Dialect::Mssql => lend!(MsSqlDialect {}),
        Dialect::Sqlite => lend!(SQLiteDialect {}),
        Dialect::Duckdb => lend!(DuckDbDialect {}),
        Dialect::Snowflake => lend!(SnowflakeDialect {}),
        Dialect::Bigquery => lend!(BigQueryDialect {}),
        Dialect::Clickhouse => lend!(ClickHouseDialect {}),
        Dialect::Oracle => lend!(OracleDialect {}),
        Dialect::Hive => lend!(HiveDialect {}),
        Dialect::Spark => lend!(SparkSqlDialect {}),
        Dialect::Databricks => lend!(DatabricksDialect {}),
    }
}

/// Whether a backslash escapes in plain strings, where that is certain.
fn escapes(dialect: Dialect, modes: Modes) -> bool {
    let plain = Rules::of(dialect).quote(b"'").map(|quote| quote.escapes);
    match plain {
        Some(Escapes::Backslash | Escapes::DoubledAndBackslash) => true,
        Some(Escapes::Session) => modes.backslash == Some(true),
        Some(
            Escapes::Never
            | Escapes::Doubled
            | Escapes::Raw
            | Escapes::BackslashVaries
            | Escapes::Unicode
            | Escapes::Delimited,
        )
        | None => false,
    }
}

/// Leaves out what the parser would misread and what changes nothing of what is reached.
pub(super) fn prepare(dialect: Dialect, tokens: &mut Vec<TokenWithSpan>) {
    match dialect {
        Dialect::Postgres | Dialect::Redshift => {
            leave_out_only(tokens);
            leave_out_locks(tokens);
        }
        Dialect::Mysql | Dialect::Mariadb => leave_out_priorities(tokens),
        Dialect::Mssql => super::rewrite::mssql(tokens),
        Dialect::Oracle => super::rewrite::oracle(tokens),
        Dialect::Sqlite
        | Dialect::Snowflake
        | Dialect::Bigquery
        | Dialect::Clickhouse
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => {}
    }
}

/// Leaves out `LOW_PRIORITY`, `QUICK` and `IGNORE` behind DELETE and UPDATE: the parser takes them
/// for the names of tables.
fn leave_out_priorities(tokens: &mut Vec<TokenWithSpan>) {
    let is = |at: usize, words: &[&str]| match tokens.get(at).map(|token| &token.token) {
        Some(Parsed::Word(word)) => {
            word.quote_style.is_none() && words.iter().any(|w| word.value.eq_ignore_ascii_case(w))
        }
        Some(_) | None => false,
    };
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        let words: &[&str] = if is(at, &["delete"]) {
            &["low_priority", "quick", "ignore"]
        } else if is(at, &["update"]) {
            &["low_priority", "ignore"]
        } else {
            continue;
        };
        let mut next = at + 1;
        while is(next, words) {
            out.push(next);
            next += 1;
        }
    }
    remove(tokens, &out);
}

/// Leaves out `ONLY` before a table's name, and the brackets of `ONLY (t)`.
///
/// PostgreSQL reserves the word: it says that tables that inherit are not meant. The parser takes
/// it for the name of the table, and the table's name for a label. Without it the statement
/// reaches the same table and more, so what is read is an upper bound.
fn leave_out_only(tokens: &mut Vec<TokenWithSpan>) {
    let keyword = |token: Option<&TokenWithSpan>| match token.map(|token| &token.token) {
        Some(Parsed::Word(word)) if word.quote_style.is_none() => word.keyword,
        Some(_) | None => Keyword::NoKeyword,
    };
    let mut out = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        let heads = matches!(
            keyword(before),
            Keyword::FROM | Keyword::JOIN | Keyword::UPDATE | Keyword::INTO | Keyword::USING
        ) || before.is_some_and(|before| before.token == Parsed::Comma);
        if heads && keyword(Some(token)) == Keyword::ONLY {
            out.push(at);
            let rest = tokens.get(at + 1..).unwrap_or_default();
            if rest.first().is_some_and(|next| next.token == Parsed::LParen) {
                out.push(at + 1);
                let name =
                    |token: &TokenWithSpan| matches!(token.token, Parsed::Word(_) | Parsed::Period);
                let length = rest.iter().skip(1).take_while(|token| name(token)).count();
                out.push(at + 2 + length);
            }
        }
    }
    remove(tokens, &out);
}

/// Leaves out what the parser does not know of `FOR NO KEY UPDATE`, `FOR KEY SHARE` and
/// `FOR … OF a, b`: how strong a lock is, and all but the first of the tables that it is on.
///
/// A lock changes neither what is read nor what comes back, and the tables stand in FROM too.
fn leave_out_locks(tokens: &mut Vec<TokenWithSpan>) {
    let is = |token: Option<&TokenWithSpan>, keyword: Keyword| {
        if let Some(Parsed::Word(word)) = token.map(|token| &token.token) {
            word.quote_style.is_none() && word.keyword == keyword
        } else {
            false
        }
    };
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if !is(tokens.get(at), Keyword::FOR) {
            continue;
        }
        let mut end = at + 1;
        if is(tokens.get(end), Keyword::NO)
            && is(tokens.get(end + 1), Keyword::KEY)
            && is(tokens.get(end + 2), Keyword::UPDATE)
        {
            out.extend([end, end + 1]);
            end += 2;
        } else if is(tokens.get(end), Keyword::KEY) && is(tokens.get(end + 1), Keyword::SHARE) {
            out.push(end);
            end += 1;
        } else if !is(tokens.get(end), Keyword::UPDATE) && !is(tokens.get(end), Keyword::SHARE) {
            continue;
        }
        if !is(tokens.get(end + 1), Keyword::OF) {
            continue;
        }
        let name =
            |at: usize| tokens.get(at).is_some_and(|token| matches!(token.token, Parsed::Word(_)));
        let mark = |at: usize, mark: &Parsed| tokens.get(at).is_some_and(|t| t.token == *mark);
        let mut next = end + 2;
        let mut first = true;
        while name(next) {
            let start = next;
            next += 1;
            while mark(next, &Parsed::Period) && name(next + 1) {
                next += 2;
            }
            if !first {
                out.extend(start..next);
            }
            first = false;
            if !(mark(next, &Parsed::Comma) && name(next + 1)) {
                break;
            }
            out.push(next);
            next += 1;
        }
    }
    remove(tokens, &out);
}

/// Removes the tokens at these places, which are in their order.
pub(super) fn remove(tokens: &mut Vec<TokenWithSpan>, places: &[usize]) {
    if !places.is_empty() {
        let mut at = 0..;
        tokens.retain(|_| at.next().is_some_and(|at: usize| places.binary_search(&at).is_err()));
    }
}

/// The tree of one statement, where the grammar covers all of its tokens.
pub(super) fn parse(
    mut tokens: Vec<TokenWithSpan>,
    grammar: &dyn Grammar,
) -> Option<ast::Statement> {
    // The parser wants a separator behind `COPY … FROM stdin`, and finds no data behind it.
    tokens.push(TokenWithSpan::wrap(Parsed::SemiColon));
    let mut parser = Parser::new(grammar)
        .with_recursion_limit(MAX_PARSER_DEPTH)
        .with_tokens_with_locations(tokens);
    let tree = parser.parse_statement().ok()?;
    let _ = parser.consume_token(&Parsed::SemiColon);
    (parser.peek_token_ref().token == Parsed::EOF).then_some(tree)
}

/// The parser's own counter: it counts several calls for one bracket, so it must be well above
/// `limits::MAX_SQL_DEPTH` of them. Its recursion checks the stack on the way.
const MAX_PARSER_DEPTH: usize = 1000;
