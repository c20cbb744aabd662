//! PostgreSQL: what the parser takes for something else.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use super::{ABSENT, PRESENT, Tokens, VALUE_MARK, name_presence, remove};

/// Makes the tokens of a statement ready for the parser.
pub(super) fn prepare(tokens: &mut Vec<TokenWithSpan>) {
    leave_out_only(tokens);
    leave_out_locks(tokens);
    leave_out_words(tokens);
    put_in_words(tokens);
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
        ) || before.is_some_and(|before| {
            // `FROM (ONLY t JOIN u …)` among them.
            matches!(before.token, Parsed::Comma | Parsed::LParen)
        });
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

/// Leaves out words that the parser does not know, and that change nothing of what is reached.
fn leave_out_words(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    let is = |at: usize, mark: &Parsed| read.mark(at) == Some(mark);
    let creates = read.is(0, "create");
    let updates = read.is(0, "update");
    let changes = (0..tokens.len()).any(|at| read.is_one_of(at, &["update", "delete", "merge"]));
    for at in 1..tokens.len() {
        let behind = |mark: &Parsed| is(at - 1, mark);
        // `OVERRIDING SYSTEM VALUE`: who numbers the rows.
        if read.is(at, "overriding")
            && read.is_one_of(at + 1, &["system", "user"])
            && read.is(at + 2, "value")
        {
            out.extend(at..at + 3);
        }
        // `BETWEEN SYMMETRIC a AND b`: between the two, whichever is less. It leaves more rows than
        // without the word, which must not count where rows change.
        if !changes
            && read.is(at - 1, "between")
            && read.is_one_of(at, &["symmetric", "asymmetric"])
        {
            out.push(at);
        }
        // `a::text COLLATE "C"`: how texts are compared.
        if read.is(at, "collate")
            && at > 1
            && is(at - 2, &Parsed::DoubleColon)
            && matches!(read.mark(at + 1), Some(Parsed::Word(_)))
        {
            out.extend([at, at + 1]);
        }
        // `GROUP BY DISTINCT`: groups that are given twice come once.
        if read.words(at - 1, &["by", "distinct"]) && at > 1 && read.is(at - 2, "group") {
            out.push(at);
        }
        // `TRIM(LEADING FROM x)`: of which end blanks are cut.
        if read.is_one_of(at, &["leading", "trailing", "both"])
            && behind(&Parsed::LParen)
            && read.is(at + 1, "from")
        {
            out.extend([at, at + 1]);
        }
        // `CREATE MATERIALIZED VIEW … WITH NO DATA`.
        let data = at + 1 + usize::from(read.is(at + 1, "no"));
        if creates && read.is(at, "with") && read.is(data, "data") && data + 1 == tokens.len() {
            out.extend(at..=data);
        }
        // `f(VARIADIC x)`: the arguments are the elements of `x`.
        if read.is(at, "variadic") && (behind(&Parsed::LParen) || behind(&Parsed::Comma)) {
            out.push(at);
        }
        // `xmlelement(NAME x, a)`: what the element is called.
        if read.is(at, "name")
            && behind(&Parsed::LParen)
            && at > 1
            && read.is_one_of(at - 2, &["xmlelement", "xmlpi"])
            && matches!(read.mark(at + 1), Some(Parsed::Word(_)))
        {
            out.extend([at, at + 1]);
            if is(at + 2, &Parsed::Comma) {
                out.push(at + 2);
            }
        }
        // `CREATE VIEW … WITH LOCAL CHECK OPTION`.
        if creates && read.is(at, "with") {
            let scoped = usize::from(read.is_one_of(at + 1, &["local", "cascaded"]));
            let end = at + scoped + 3;
            if read.words(at + scoped + 1, &["check", "option"]) && end == tokens.len() {
                out.extend(at..end);
            }
        }
        // `CREATE TABLE u (LIKE t INCLUDING ALL)`: what is taken over beside the columns.
        if creates
            && read.is_one_of(at, &["including", "excluding"])
            && read.is_one_of(at + 1, LIKE_OPTIONS)
        {
            out.extend([at, at + 1]);
        }
        // `UPDATE t SET a[1] = x`, `SET a['b']['c'] = x`: the column is written.
        if updates
            && is(at, &Parsed::LBracket)
            && matches!(read.mark(at - 1), Some(Parsed::Word(_)))
            && at > 1
            && (read.is(at - 2, "set") || is(at - 2, &Parsed::Comma))
        {
            let mut end = at;
            while is(end, &Parsed::LBracket)
                && read.is_value(end + 1)
                && is(end + 2, &Parsed::RBracket)
            {
                end += 3;
            }
            if end > at && is(end, &Parsed::Eq) {
                out.extend(at..end);
            }
        }
        // `JOIN u USING (a) AS x`: a name for the columns that it merges.
        if read.is(at, "as")
            && behind(&Parsed::RParen)
            && matches!(read.mark(at + 1), Some(Parsed::Word(_)))
            && opens_using(read, at - 1)
        {
            out.extend([at, at + 1]);
        }
    }
    out.sort_unstable();
    out.dedup();
    remove(tokens, &out);
}

const LIKE_OPTIONS: &[&str] = &[
    "all",
    "comments",
    "compression",
    "constraints",
    "defaults",
    "generated",
    "identity",
    "indexes",
    "statistics",
    "storage",
];

/// Whether the list of names that closes at `close` stands behind USING.
fn opens_using(read: Tokens<'_>, close: usize) -> bool {
    let names = (0..close)
        .rev()
        .take_while(|at| matches!(read.mark(*at), Some(Parsed::Word(_) | Parsed::Comma)))
        .count();
    match close.checked_sub(names + 2) {
        Some(using) => read.is(using, "using") && read.mark(using + 1) == Some(&Parsed::LParen),
        None => false,
    }
}

/// Puts in words that the parser asks for, or others for those that it does not know.
fn put_in_words(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let is = |at: usize, mark: &Parsed| read.mark(at) == Some(mark);
    let merges = read.is(0, "merge");
    let mut puts: Vec<(usize, usize, &[Put])> = Vec::new();
    for at in 1..tokens.len() {
        // `FROM (TABLE t)`.
        if read.is(at, "table")
            && is(at - 1, &Parsed::LParen)
            && matches!(read.mark(at + 1), Some(Parsed::Word(_)))
        {
            puts.push((at, 1, &[Put::Word("SELECT"), Put::Star, Put::Word("FROM")]));
        }
        // `FROM f() AS (a int)`: rows without a name.
        if read.is(at, "as") && is(at - 1, &Parsed::RParen) && is(at + 1, &Parsed::LParen) {
            let typed = matches!(read.mark(at + 2), Some(Parsed::Word(_)))
                && matches!(read.mark(at + 3), Some(Parsed::Word(_)));
            let query = read.is_one_of(at + 2, &["select", "with", "values", "table"]);
            if typed && !query && !read.is_one_of(0, &["create", "with"]) {
                puts.push((at + 1, 0, &[Put::Name("?rows?")]));
            }
        }
        // `t.*::text`: the row, which the parser takes for a list of columns.
        if is(at, &Parsed::Mul) && is(at - 1, &Parsed::Period) && is(at + 1, &Parsed::DoubleColon) {
            let qualified = |name: &usize| {
                is(*name + 1, &Parsed::Period) && matches!(read.mark(*name), Some(Parsed::Word(_)))
            };
            let names = (0..at - 1).rev().step_by(2).take_while(qualified).count();
            if names > 0 {
                puts.push((at - 2 * names, 0, &[Put::Open]));
                puts.push((at + 1, 0, &[Put::Close]));
            }
        }
        // `(t).*`: a row, of a column of that name or else of a relation.
        if is(at, &Parsed::LParen)
            && matches!(read.mark(at + 1), Some(Parsed::Word(_)))
            && is(at + 2, &Parsed::RParen)
            && is(at + 3, &Parsed::Period)
            && is(at + 4, &Parsed::Mul)
            && (read.is(at - 1, "select")
                || read.is(at - 1, "returning")
                || is(at - 1, &Parsed::Comma))
        {
            puts.push((at, 1, &[Put::Name(VALUE_MARK), Put::Period]));
            puts.push((at + 2, 1, &[]));
        }
        // `WHEN NOT MATCHED THEN INSERT DEFAULT VALUES`.
        if merges && read.is(at - 1, "insert") && read.words(at, &["default", "values"]) {
            puts.push((at, 2, &[Put::Word("VALUES"), Put::Open, Put::Word("DEFAULT"), Put::Close]));
        }
    }
    // `CREATE DOMAIN d int`.
    if read.words(0, &["create", "domain"]) {
        let mut end = 3;
        while is(end, &Parsed::Period) {
            end += 2;
        }
        if !read.is(end, "as") && end < tokens.len() {
            puts.push((end, 0, &[Put::Word("AS")]));
        }
    }
    for (at, gone, put) in puts.into_iter().rev() {
        let beside = at.min(tokens.len().saturating_sub(1));
        let Some(span) = tokens.get(beside).map(|token| token.span) else { continue };
        let put = put.iter().map(|put| TokenWithSpan::new(put.token(), span));
        tokens.splice(at..at + gone, put);
    }
}

/// A token that is put in.
enum Put {
    Word(&'static str),
    Name(&'static str),
    Star,
    Period,
    Open,
    Close,
}

impl Put {
    fn token(&self) -> Parsed {
        match self {
            Self::Word(word) => Parsed::make_word(word, None),
            Self::Name(name) => Parsed::make_word(name, Some('"')),
            Self::Star => Parsed::Mul,
            Self::Period => Parsed::Period,
            Self::Open => Parsed::LParen,
            Self::Close => Parsed::RParen,
        }
    }
}
