//! SQLite: what the parser's grammar lacks.

use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use super::{ABSENT, PRESENT, Tokens, name_presence, remove};

/// Makes the tokens of a statement ready for the parser.
pub(super) fn prepare(tokens: &mut Vec<TokenWithSpan>) {
    leave_out_indexes(tokens);
    leave_out_tails(tokens);
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
