//! The parser behind the guard lexer.

use sqlparser::ast;
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use crate::command::Dialect;
use crate::command::sql::grammar::Fenced;

/// Lends the grammar for one statement of `tokens` tokens; `None` where the dialect has none.
///
/// - `standard_strings`: whether a backslash is a plain character in plain strings.
pub(super) fn with_grammar<R>(
    dialect: Dialect,
    tokens: usize,
    standard_strings: bool,
    work: impl FnOnce(&dyn Grammar) -> Option<R>,
) -> Option<R> {
    match dialect {
        Dialect::Postgres => work(&Fenced::new(PostgreSqlDialect {}, tokens, !standard_strings)),
        Dialect::Sqlite => work(&Fenced::new(SQLiteDialect {}, tokens, false)),
        Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Mssql
        | Dialect::Snowflake
        | Dialect::Bigquery
        | Dialect::Redshift
        | Dialect::Clickhouse
        | Dialect::Oracle
        | Dialect::Duckdb
        | Dialect::Hive
        | Dialect::Spark
        | Dialect::Databricks => None,
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
