//! The parser behind the guard lexer.

use sqlparser::ast;
use sqlparser::dialect::{Dialect as Grammar, PostgreSqlDialect, SQLiteDialect};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use crate::command::sql::grammar::Fenced;
use crate::command::{Dialect, Reader};

/// Lends the grammar for one statement of `tokens` tokens; `None` where the dialect has none.
///
/// - `standard_strings`: whether a backslash is a plain character in plain strings.
pub(super) fn with_grammar<R>(
    dialect: Dialect,
    tokens: usize,
    standard_strings: bool,
    work: impl FnOnce(&dyn Grammar) -> Option<R>,
) -> Option<R> {
    match dialect.reader()? {
        Reader::Postgres => work(&Fenced::new(PostgreSqlDialect {}, tokens, !standard_strings)),
        Reader::Sqlite => work(&Fenced::new(SQLiteDialect {}, tokens, false)),
    }
}

/// Leaves out `ONLY` before a table's name, and the brackets of `ONLY (t)`.
///
/// PostgreSQL reserves the word: it says that tables that inherit are not meant. The parser takes
/// it for the name of the table, and the table's name for a label. Without it the statement
/// reaches the same table and more, so what is read is an upper bound.
pub(super) fn leave_out_only(tokens: &mut Vec<TokenWithSpan>) {
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
pub(super) fn leave_out_locks(tokens: &mut Vec<TokenWithSpan>) {
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
fn remove(tokens: &mut Vec<TokenWithSpan>, places: &[usize]) {
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
