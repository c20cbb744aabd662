//! MySQL and MariaDB: what the parser's grammar lacks.

use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use super::{Tokens, close_of, remove};

/// Makes the tokens of a statement ready for the parser.
pub(super) fn prepare(tokens: &mut Vec<TokenWithSpan>) {
    leave_out_definer(tokens);
    leave_out_brackets(tokens);
    leave_out_words(tokens);
    leave_out_braces(tokens);
    leave_out_types(tokens);
    leave_out_encodings(tokens);
    spell_sounds(tokens);
    name_operators(tokens);
    join_lists(tokens);
}

/// `CREATE ALGORITHM = x DEFINER = a@b SQL SECURITY y VIEW`: how a view is made, and whose rights
/// it has.
fn leave_out_definer(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    if !read.is_one_of(0, &["create", "alter"]) {
        return;
    }
    let first = if read.words(1, &["or", "replace"]) { 3 } else { 1 };
    let Some(view) = (first..MAX_VIEW_WORDS).find(|at| read.is(*at, "view")) else { return };
    let known = read.is_one_of(first, &["algorithm", "definer", "sql"]);
    if known {
        let out: Vec<usize> = (first..view).collect();
        remove(tokens, &out);
    }
}

/// Tokens from CREATE to VIEW, `DEFINER = a@b` among them.
const MAX_VIEW_WORDS: usize = 20;

/// `CREATE TABLE u (LIKE t)`: no column of the name `like`.
fn leave_out_brackets(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    if !read.is(0, "create") {
        return;
    }
    let open = (1..tokens.len()).find(|at| read.mark(*at) == Some(&Parsed::LParen));
    let Some(open) = open.filter(|open| read.is(open + 1, "like")) else { return };
    if let Some(close) = close_of(read, open) {
        remove(tokens, &[open, close]);
    }
}

/// Leaves out hints and options of which the parser takes some for names of tables: what is
/// locked, what comes first, which versions of rows are read, and into which variables.
fn leave_out_words(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let length = clause(read, at);
        match length {
            0 => at += 1,
            length => {
                out.extend(at..at + length);
                at += length;
            }
        }
        // Priorities stand behind the first word and not at it.
        let words: &[&str] = match at.checked_sub(1) {
            Some(before) if read.is(before, "delete") => &["low_priority", "quick", "ignore"],
            Some(before) if read.is(before, "update") => &["low_priority", "ignore"],
            Some(before) if read.is_one_of(before, &["explain", "describe", "desc"]) => {
                &["extended", "partitions"]
            }
            Some(before) if read.is_one_of(before, &["signed", "unsigned"]) => &["int", "integer"],
            Some(_) | None => &[],
        };
        while read.is_one_of(at, words) {
            out.push(at);
            at += 1;
        }
    }
    remove(tokens, &out);
}

/// The number of tokens from `at` on that are a clause to leave out.
fn clause(read: Tokens<'_>, at: usize) -> usize {
    if read.words(at, &["lock", "in", "share", "mode"]) {
        return 4;
    }
    if read.words(at, &["limit", "rows", "examined"]) {
        return 4;
    }
    if read.words(at, &["rows", "examined"]) {
        return 3;
    }
    if read.words(at, &["for", "system_time"]) {
        return system_time(read, at + 2).map_or(0, |end| end - at);
    }
    if read.is(at, "into") && at > 0 && !read.is_one_of(at - 1, &["insert", "replace"]) {
        return into_variables(read, at + 1).map_or(0, |end| end - at);
    }
    0
}

/// The end of a list of variables behind an INTO: of the session, or of a stored program.
fn into_variables(read: Tokens<'_>, at: usize) -> Option<usize> {
    let local = read.is_one_of(0, &["select", "with"]);
    let variable = |at: usize| {
        let name = read.word(at).is_some()
            && !read.is_one_of(at, &["outfile", "dumpfile"])
            && !matches!(read.mark(at + 1), Some(Parsed::LParen | Parsed::Period));
        read.is_variable(at) || local && name
    };
    if !variable(at) {
        return None;
    }
    let mut end = at + 1;
    while read.mark(end) == Some(&Parsed::Comma) && variable(end + 1) {
        end += 2;
    }
    Some(end)
}

/// The end of a period of versions: `ALL`, `AS OF x`, `BETWEEN x AND y`, `FROM x TO y`, where the
/// ends are plain values.
fn system_time(read: Tokens<'_>, at: usize) -> Option<usize> {
    let value = |at: usize| {
        let at = at + usize::from(read.is_one_of(at, &["timestamp", "transaction"]));
        if read.is_value(at) || read.is_variable(at) {
            return Some(at + 1);
        }
        let call = read.is_one_of(at, &["now", "current_timestamp", "sysdate", "localtime"])
            && read.mark(at + 1) == Some(&Parsed::LParen);
        let close = if call { close_of(read, at + 1)? } else { return None };
        // Digits of a second at most.
        (close <= at + 3).then_some(close + 1)
    };
    if read.is(at, "all") {
        return Some(at + 1);
    }
    if read.words(at, &["as", "of"]) {
        return value(at + 2);
    }
    let word = if read.is(at, "between") {
        "and"
    } else if read.is(at, "from") {
        "to"
    } else {
        return None;
    };
    let second = value(at + 1).filter(|at| read.is(*at, word))?;
    value(second + 1)
}

/// `{d '2024-01-01'}`, `{fn now()}`, `{oj a LEFT JOIN b …}`: what is inside.
pub(super) fn leave_out_braces(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if read.mark(at) == Some(&Parsed::LBrace)
            && read.is_one_of(at + 1, &["d", "t", "ts", "fn", "oj"])
            && let Some(close) = close_of(read, at)
        {
            out.extend([at, at + 1, close]);
        }
    }
    out.sort_unstable();
    remove(tokens, &out);
}

/// `CHAR(65 USING utf8)`: in which encoding.
fn leave_out_encodings(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        let calls = read.is(at, "char") && read.mark(at + 1) == Some(&Parsed::LParen);
        if let Some(close) = close_of(read, at + 1).filter(|_| calls)
            && read.is(close - 2, "using")
        {
            out.extend([close - 2, close - 1]);
        }
    }
    remove(tokens, &out);
}

/// `a SOUNDS LIKE b` compares.
fn spell_sounds(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let sounds: Vec<usize> = (1..tokens.len())
        .filter(|at| read.words(*at, &["sounds", "like"]) && read.ends_operand(at - 1))
        .collect();
    for at in sounds.into_iter().rev() {
        if let Some(span) = tokens.get(at).map(|token| token.span) {
            tokens.splice(at..at + 2, [TokenWithSpan::new(Parsed::Eq, span)]);
        }
    }
}

/// `COLUMN_GET(blob, 'key' AS INT)`: the types of dynamic columns.
fn leave_out_types(tokens: &mut Vec<TokenWithSpan>) {
    let read = Tokens(tokens);
    let mut out = Vec::new();
    // For each open bracket, whether it holds the arguments of such a function.
    let mut typed: Vec<bool> = Vec::new();
    let mut leaves = None;
    for at in 0..tokens.len() {
        match read.mark(at) {
            Some(Parsed::LParen) => {
                let name = at.checked_sub(1).and_then(|before| read.word(before));
                let dynamic = name.is_some_and(|name| {
                    DYNAMIC_COLUMNS.iter().any(|known| known.eq_ignore_ascii_case(name))
                });
                typed.push(dynamic);
            }
            Some(Parsed::RParen) => {
                typed.pop();
                if leaves.is_some_and(|depth| typed.len() < depth) {
                    leaves = None;
                }
            }
            Some(Parsed::Comma) if leaves == Some(typed.len()) => leaves = None,
            Some(_) | None => {
                if leaves.is_none() && typed.last() == Some(&true) && read.is(at, "as") {
                    leaves = Some(typed.len());
                }
            }
        }
        if leaves.is_some() {
            out.push(at);
        }
    }
    remove(tokens, &out);
}

/// Functions whose arguments may say a type (MariaDB's dynamic columns).
const DYNAMIC_COLUMNS: &[&str] = &["column_add", "column_create", "column_get", "weight_string"];

/// Operators, units and scopes that are words: `a MOD b`, `INTERVAL x YEAR_MONTH`, `SET PERSIST x`.
fn name_operators(tokens: &mut [TokenWithSpan]) {
    for at in 0..tokens.len() {
        let read = Tokens(tokens);
        let sets = read.is(0, "set")
            && at > 0
            && (at == 1 || read.mark(at - 1) == Some(&Parsed::Comma))
            && read.word(at + 1).is_some();
        let persists = sets && read.is_one_of(at, &["persist", "persist_only"]);
        let modulo = read.is(at, "mod") && at > 0 && read.ends_operand(at - 1);
        let unit = read.is_one_of(at, UNITS);
        let Some(token) = tokens.get_mut(at) else { break };
        if persists {
            token.token = Parsed::make_word("GLOBAL", None);
        } else if modulo {
            token.token = Parsed::Mod;
        } else if unit {
            token.token = Parsed::make_word("DAY", None);
        }
    }
}

/// `(a, b) RIGHT JOIN c`, `UPDATE a, b SET …`: a comma that joins tables becomes CROSS JOIN, which
/// means the same there.
fn join_lists(tokens: &mut Vec<TokenWithSpan>) {
    if !Tokens(tokens).has_comma() {
        return;
    }
    let read = Tokens(tokens);
    let mut commas = Vec::new();
    let updates = read.is(0, "update");
    let mut depth = 0_usize;
    // For each open bracket, whether it holds a list of tables.
    let mut lists: Vec<bool> = Vec::new();
    let mut sets = false;
    for at in 0..tokens.len() {
        match read.mark(at) {
            Some(Parsed::LParen | Parsed::LBracket | Parsed::LBrace) => {
                depth += 1;
                let before = at.checked_sub(1);
                let in_list = lists.last().copied().unwrap_or(false);
                let joined = before.is_some_and(|before| {
                    read.is_one_of(before, &["from", "join", "straight_join"])
                        || read.mark(before) == Some(&Parsed::Comma) && from_list(read, before)
                        || in_list
                            && matches!(read.mark(before), Some(Parsed::LParen | Parsed::Comma))
                });
                let query = read.is_one_of(at + 1, &["select", "with", "values", "table"]);
                lists.push(joined && !query);
            }
            Some(Parsed::RParen | Parsed::RBracket | Parsed::RBrace) => {
                depth = depth.saturating_sub(1);
                lists.pop();
            }
            Some(Parsed::Comma) => {
                let list = lists.last().copied().unwrap_or(false);
                if list || updates && depth == 0 && !sets {
                    commas.push(at);
                }
            }
            Some(_) | None => sets |= depth == 0 && read.is(at, "set"),
        }
    }
    if commas.is_empty() {
        return;
    }
    let mut joined = Vec::with_capacity(tokens.len() + commas.len());
    for (at, token) in tokens.drain(..).enumerate() {
        if commas.binary_search(&at).is_ok() {
            let span = token.span;
            joined.push(TokenWithSpan::new(Parsed::make_word("CROSS", None), span));
            joined.push(TokenWithSpan::new(Parsed::make_word("JOIN", None), span));
        } else {
            joined.push(token);
        }
    }
    *tokens = joined;
}

/// Whether the comma at `at` stands between tables of a FROM: back from it, over brackets, FROM
/// comes before any other clause's word.
fn from_list(read: Tokens<'_>, at: usize) -> bool {
    let mut depth = 0_usize;
    for before in (0..at).rev().take(MAX_LOOK_BACK) {
        match read.mark(before) {
            Some(Parsed::RParen) => depth += 1,
            Some(Parsed::LParen) if depth == 0 => return false,
            Some(Parsed::LParen) => depth -= 1,
            _ if depth > 0 => {}
            Some(_) | None if read.is(before, "from") => return true,
            Some(_) | None if read.is_one_of(before, OTHER_CLAUSES) => return false,
            Some(_) | None => {}
        }
    }
    false
}

/// Words that begin a clause other than FROM.
const OTHER_CLAUSES: &[&str] =
    &["by", "group", "having", "order", "select", "set", "values", "where"];

/// Tokens of a FROM that are looked at: a longer one stays as it is.
const MAX_LOOK_BACK: usize = 256;

/// Units of two parts.
const UNITS: &[&str] = &[
    "year_month",
    "day_hour",
    "day_minute",
    "day_second",
    "day_microsecond",
    "hour_minute",
    "hour_second",
    "hour_microsecond",
    "minute_second",
    "minute_microsecond",
    "second_microsecond",
];
