//! The parser behind the guard lexer.

use sqlparser::ast;
use sqlparser::dialect::{
    BigQueryDialect, ClickHouseDialect, DatabricksDialect, Dialect as Grammar, DuckDbDialect,
    HiveDialect, MsSqlDialect, MySqlDialect, OracleDialect, PostgreSqlDialect, RedshiftSqlDialect,
    SQLiteDialect, SnowflakeDialect, SparkSqlDialect,
};
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
        Some(
            Escapes::Backslash | Escapes::DoubledAndBackslash | Escapes::DoubledAndBackslashAlone,
        ) => true,
        Some(Escapes::Session) => modes.backslash == Some(true),
        Some(
            Escapes::Never
            | Escapes::Doubled
            | Escapes::Raw
            | Escapes::BackslashVaries
            | Escapes::Unicode
            | Escapes::PlainInside
            | Escapes::Delimited,
        )
        | None => false,
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
