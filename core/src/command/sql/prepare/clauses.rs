//! Clauses that several servers have and the parser lacks. They are left out: none changes what is
//! reached.

use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use super::{Tokens, close_of, remove};

/// `ROWS … EXCLUDE CURRENT ROW`, `EXCLUDE GROUP`, `EXCLUDE TIES`: which rows of a window's frame do
/// not count.
pub(super) fn leave_out_exclusions(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    for at in 1..tokens.len() {
        let behind_frame = read.is_one_of(at - 1, &["row", "following", "preceding"]);
        if !behind_frame || !read.is(at, "exclude") {
            continue;
        }
        if read.words(at + 1, &["current", "row"]) || read.words(at + 1, &["no", "others"]) {
            out.extend(at..at + 3);
        } else if read.is_one_of(at + 1, &["group", "ties"]) {
            out.extend([at, at + 1]);
        }
    }
    remove(tokens, &out);
}

/// `x AS NOT MATERIALIZED (…)`: how a named query is run.
pub(super) fn leave_out_materialized(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    for at in 1..tokens.len() {
        let not = usize::from(read.is(at, "not"));
        if read.is(at - 1, "as")
            && read.is(at + not, "materialized")
            && read.mark(at + not + 1) == Some(&Parsed::LParen)
        {
            out.extend(at..=at + not);
        }
    }
    remove(tokens, &out);
}

/// `ON CONFLICT (lower(a), b COLLATE c) WHERE d DO …`: which unique index is meant. Nothing of it is
/// computed for a row; a planner may fold a call, so that other calls stay. A plain list of columns
/// stays too, for what it says of them.
pub(super) fn leave_out_conflict_targets(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if !read.words(at, &["on", "conflict"]) || read.mark(at + 2) != Some(&Parsed::LParen) {
            continue;
        }
        let Some(close) = close_of(read, at + 2) else { continue };
        let plain = (at + 3..close).all(|at| {
            matches!(read.mark(at), Some(Parsed::Word(_) | Parsed::Comma))
                && !read.is(at, "collate")
        });
        let end = match read.is(close + 1, "where") {
            true => (close + 2..tokens.len())
                .find(|at| read.is(*at, "do") && read.is_one_of(at + 1, &["nothing", "update"])),
            false => Some(close + 1),
        };
        let end = end.filter(|end| !(at + 3..*end).any(|at| calls(read, at)));
        match end {
            Some(end) if plain => out.extend(close + 1..end),
            Some(end) => out.extend(at + 2..end),
            None => {}
        }
    }
    remove(tokens, &out);
}

/// Whether a call stands at `at` that is not known to be harmless.
fn calls(tokens: Tokens<'_>, at: usize) -> bool {
    const HARMLESS: &[&str] = &[
        "and", "coalesce", "date", "in", "is", "lower", "md5", "not", "or", "trim", "upper",
        "where",
    ];
    let named = matches!(tokens.mark(at), Some(Parsed::Word(_)));
    named && tokens.mark(at + 1) == Some(&Parsed::LParen) && !tokens.is_one_of(at, HARMLESS)
        || tokens.is(at, "select")
}

/// `XMLATTRIBUTES(a AS "b")`, `XMLFOREST(a AS b)`, `XMLSERIALIZE(CONTENT x AS text)`,
/// `JSON_OBJECT(KEY a VALUE b)`: what the parts are called, and what type comes out.
pub(super) fn leave_out_document_words(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if read.mark(at + 1) != Some(&Parsed::LParen) {
            continue;
        }
        let names = read.is_one_of(at, &["xmlattributes", "xmlforest"]);
        let serializes = read.is(at, "xmlserialize");
        let keys = read.is_one_of(at, &["json_object", "json_objectagg"]);
        if !names && !serializes && !keys {
            continue;
        }
        let Some(close) = close_of(read, at + 1) else { continue };
        let mut depth = 0_usize;
        for inner in at + 2..close {
            match read.mark(inner) {
                Some(Parsed::LParen) => depth += 1,
                Some(Parsed::RParen) => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > 0 {
                continue;
            }
            let begins = inner == at + 2 || read.mark(inner - 1) == Some(&Parsed::Comma);
            let named = matches!(read.mark(inner + 1), Some(Parsed::Word(_)));
            if names && read.is(inner, "as") && named {
                out.extend([inner, inner + 1]);
            } else if serializes
                && inner == at + 2
                && read.is_one_of(inner, &["content", "document"])
            {
                out.push(inner);
            } else if serializes && read.is(inner, "as") {
                out.extend(inner..close);
                break;
            } else if keys && begins && read.is(inner, "key") && inner + 1 < close {
                out.push(inner);
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    remove(tokens, &out);
}

/// `ALTER TABLE t ADD COLUMN IF NOT EXISTS a int, b text`: each column is added by itself, whether
/// it is there or not.
pub(super) fn part_added_columns(tokens: &mut Vec<TokenWithSpan>) {
    const CLAUSES: &[&str] =
        &["add", "alter", "change", "constraint", "drop", "index", "key", "modify", "rename"];
    let read = Tokens(tokens);
    if !read.words(0, &["alter", "table"]) {
        return;
    }
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let (mut depth, mut adds, mut at) = (0_usize, false, 0);
    while let Some(token) = tokens.get(at) {
        if token.token == Parsed::LParen {
            depth += 1;
        } else if token.token == Parsed::RParen {
            depth = depth.saturating_sub(1);
        }
        let begins = depth == 0 && read.is(at, "add");
        let goes_on = depth == 0
            && adds
            && token.token == Parsed::Comma
            && matches!(read.mark(at + 1), Some(Parsed::Word(_)))
            && !read.is_one_of(at + 1, CLAUSES);
        out.push(token.clone());
        at += 1;
        if begins {
            adds = true;
            if read.is(at, "column") {
                out.extend(tokens.get(at).cloned());
                at += 1;
            }
        } else if goes_on {
            let span = token.span;
            let word = |word| TokenWithSpan { token: Parsed::make_keyword(word), span };
            out.extend([word("ADD"), word("COLUMN")]);
        }
        if (begins || goes_on) && read.words(at, &["if", "not", "exists"]) {
            at += 3;
        }
    }
    *tokens = out;
}
