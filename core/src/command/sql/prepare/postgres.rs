//! PostgreSQL: what the parser takes for something else.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use super::{ABSENT, PRESENT, name_presence, remove};

/// Makes the tokens of a statement ready for the parser.
pub(super) fn prepare(tokens: &mut Vec<TokenWithSpan>) {
    leave_out_only(tokens);
    leave_out_locks(tokens);
    name_presence(tokens, &[(&["notnull"], PRESENT), (&["isnull"], ABSENT)]);
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
