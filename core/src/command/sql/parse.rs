//! The parser behind the guard lexer.

use sqlparser::ast;
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use crate::command::Dialect;

/// The parser's settings for a dialect.
pub(super) fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Sqlite => &SQLiteDialect {},
        Dialect::Postgres
        | Dialect::Mysql
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
        | Dialect::Databricks => &PostgreSqlDialect {},
    }
}

/// The tree of one statement, where the grammar covers all of its tokens.
pub(super) fn parse(mut tokens: Vec<TokenWithSpan>, dialect: Dialect) -> Option<ast::Statement> {
    // The parser wants a separator behind `COPY … FROM stdin`, and finds no data behind it.
    tokens.push(TokenWithSpan::wrap(Parsed::SemiColon));
    let mut parser = Parser::new(grammar(dialect))
        .with_recursion_limit(MAX_PARSER_DEPTH)
        .with_tokens_with_locations(tokens);
    let tree = parser.parse_statement().ok()?;
    let _ = parser.consume_token(&Parsed::SemiColon);
    (parser.peek_token_ref().token == Parsed::EOF).then_some(tree)
}

/// The parser's own counter: it counts several calls for one bracket, so it must be well above
/// `limits::MAX_SQL_DEPTH` of them. Its recursion checks the stack on the way.
const MAX_PARSER_DEPTH: usize = 1000;
