//! SQLite: what the parser's grammar lacks.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use super::{ABSENT, PRESENT, Tokens, close_of, name_presence, remove};

/// Makes the tokens of a statement ready for the parser.
pub(super) fn prepare(tokens: &mut Vec<TokenWithSpan>) {
    leave_out_indexes(tokens);
    leave_out_tails(tokens);
    leave_out_of_create(tokens);
    query_tables_in(tokens);
    name_identity(tokens);
    name_presence(
        tokens,
        &[(&["not", "null"], PRESENT), (&["notnull"], PRESENT), (&["isnull"], ABSENT)],
    );
}

/// `t INDEXED BY i`, `t NOT INDEXED`: by which index a table is read.
fn leave_out_indexes(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    for at in 1..tokens.len() {
        let behind_name = matches!(read.mark(at - 1), Some(Parsed::Word(_)));
        if behind_name && read.words(at, &["indexed", "by"]) {
            out.extend(at..at + 3);
        } else if behind_name && read.words(at, &["not", "indexed"]) {
            out.extend([at, at + 1]);
        }
    }
    remove(tokens, &out);
}

/// `CREATE TABLE t (…) STRICT, WITHOUT ROWID`: how a table keeps its rows.
fn leave_out_tails(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    if !read.is(0, "create") {
        return;
    }
    let mut from = tokens.len();
    while let Some(last) = from.checked_sub(1) {
        if read.is(last, "strict") {
            from = last;
        } else if last > 0 && read.words(last - 1, &["without", "rowid"]) {
            from = last - 1;
        } else {
            break;
        }
        if from > 0 && read.mark(from - 1) == Some(&Parsed::Comma) {
            from -= 1;
        }
    }
    let behind = from.checked_sub(1).and_then(|before| read.mark(before));
    if behind == Some(&Parsed::RParen) {
        let out: Vec<usize> = (from..tokens.len()).collect();
        remove(tokens, &out);
    }
}

/// `CREATE VIRTUAL TABLE t USING fts5(a, content='x')`: what a module is told; which module it is
/// decides. `CREATE TRIGGER IF NOT EXISTS`.
fn leave_out_of_create(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    if !read.is(0, "create") {
        return;
    }
    let mut out = Vec::new();
    let trigger = 1 + usize::from(read.is_one_of(1, &["temp", "temporary"]));
    if read.is(trigger, "trigger") && read.words(trigger + 1, &["if", "not", "exists"]) {
        out.extend(trigger + 1..trigger + 4);
    }
    let using = (3..tokens.len()).find(|at| read.is(*at, "using"));
    if let (Some(using), true) = (using, read.words(1, &["virtual", "table"]))
        && read.mark(using + 2) == Some(&Parsed::LParen)
        && close_of(read, using + 2) == Some(tokens.len() - 1)
    {
        out.extend(using + 2..tokens.len());
    }
    remove(tokens, &out);
}

/// `x IN t`: among the rows of a table.
fn query_tables_in(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 1;
    while at + 1 < tokens.len() {
        let read = Tokens(tokens);
        let named = matches!(read.mark(at + 1), Some(Parsed::Word(word)) if word.keyword != Keyword::SELECT);
        if !read.is(at, "in") || !named {
            at += 1;
            continue;
        }
        let mut end = at + 2;
        while read.mark(end) == Some(&Parsed::Period)
            && matches!(read.mark(end + 1), Some(Parsed::Word(_)))
        {
            end += 2;
        }
        if read.mark(end) == Some(&Parsed::LParen) {
            at = end;
            continue;
        }
        let Some(span) = tokens.get(at).map(|token| token.span) else { return };
        let made = |token: Parsed| TokenWithSpan { token, span };
        tokens.insert(end, made(Parsed::RParen));
        let opening = [
            Parsed::LParen,
            Parsed::make_keyword("SELECT"),
            Parsed::Mul,
            Parsed::make_keyword("FROM"),
        ];
        tokens.splice(at + 1..at + 1, opening.map(made));
        at = end + 5;
    }
}

/// `a IS b`, `a IS NOT b`: what the standard calls IS NOT DISTINCT FROM.
fn name_identity(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let identities: Vec<(usize, bool)> = (1..tokens.len())
        .filter(|at| read.is(*at, "is"))
        .filter_map(|at| {
            let negated = read.is(at + 1, "not");
            let operand = at + 1 + usize::from(negated);
            let is_test = read.is_one_of(operand, &["null", "true", "false", "distinct", "not"]);
            (!is_test && read.mark(operand).is_some()).then_some((at, negated))
        })
        .collect();
    // From the end, so that the places before stay.
    for (at, negated) in identities.into_iter().rev() {
        let Some(span) = tokens.get(at).map(|token| token.span) else { continue };
        let words: &[&str] =
            if negated { &["DISTINCT", "FROM"] } else { &["NOT", "DISTINCT", "FROM"] };
        let words =
            words.iter().map(|word| TokenWithSpan::new(Parsed::make_word(word, None), span));
        let gone = if negated { at + 1..at + 2 } else { at + 1..at + 1 };
        tokens.splice(gone, words);
    }
}
