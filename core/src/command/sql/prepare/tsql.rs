//! T-SQL and Oracle's SQL in the words of the parser: clauses that it does not know, or takes for
//! something else, are left out where they change nothing of what is reached, or written in a way
//! that it knows.
//!
//! A clause is only touched if all of it is of the plain form that is described here. Anything else
//! stays, and the parser then refuses the statement.

use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan};

use super::mysql::leave_out_braces;
use super::remove;

/// T-SQL.
pub(super) fn mssql(tokens: &mut Vec<TokenWithSpan>) {
    leave_out_braces(tokens);
    parses(tokens);
    operators(tokens);
    table_hints(tokens);
    join_hints(tokens);
    query_hints(tokens);
    history(tokens);
    top_of_change(tokens);
    delete_without_from(tokens);
    rowset_functions(tokens);
    next_value(tokens);
    for_clause(tokens);
    view_options(tokens);
    fetch_of_variables(tokens);
    columns_of_output(tokens);
}

/// `FETCH NEXT @n ROWS ONLY`: at most as many rows come as without it.
fn fetch_of_variables(tokens: &mut Vec<TokenWithSpan>) {
    let variable = |at: usize| match tokens.get(at).map(|token| &token.token) {
        Some(Parsed::Word(word)) => word.quote_style.is_none() && word.value.starts_with('@'),
        Some(Parsed::Placeholder(_)) => true,
        Some(_) | None => false,
    };
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if !is(tokens, at, &["fetch"]) || !is(tokens, at + 1, &["next", "first"]) {
            continue;
        }
        let bracket = usize::from(opens(tokens, at + 2));
        let value = at + 2 + bracket;
        let end = value + 1 + bracket;
        let closed = bracket == 0 || mark(tokens, value + 1, &Parsed::RParen);
        if variable(value)
            && closed
            && is(tokens, end, &["row", "rows"])
            && is(tokens, end + 1, &["only"])
        {
            out.extend(at..=end + 1);
        }
    }
    remove(tokens, &out);
}

/// `OUTPUT inserted.id INTO @t (id)`: into which columns of the other table.
fn columns_of_output(tokens: &mut Vec<TokenWithSpan>) {
    let mut out = Vec::new();
    let mut output = false;
    for at in 0..tokens.len() {
        if is(tokens, at, &["output"]) {
            output = true;
        } else if output && is(tokens, at, &["into"]) {
            output = false;
            let named = |at: &usize| {
                tokens.get(*at).is_some_and(|token| {
                    matches!(token.token, Parsed::Word(_) | Parsed::Period | Parsed::Placeholder(_))
                })
            };
            let open = (at + 1..tokens.len()).find(|at| !named(at)).unwrap_or(tokens.len());
            let close = closing(tokens, open).filter(|_| opens(tokens, open));
            let plain = |at: usize| matches!(tokens.get(at), Some(t) if matches!(t.token, Parsed::Word(_) | Parsed::Comma));
            if let Some(close) = close.filter(|close| (open + 1..*close).all(plain)) {
                out.extend(open..=close);
            }
        }
    }
    remove(tokens, &out);
}

/// `PARSE(a AS int)`, `TRY_PARSE(a AS int USING 'x')`: casts.
fn parses(tokens: &mut Vec<TokenWithSpan>) {
    let casts: Vec<usize> = (0..tokens.len())
        .filter(|at| is(tokens, *at, &["parse", "try_parse"]) && opens(tokens, at + 1))
        .collect();
    let mut out = Vec::new();
    for at in casts {
        let close = (at + 1..tokens.len()).find(|at| mark(tokens, *at, &Parsed::RParen));
        if let Some(close) = close.filter(|close| is(tokens, close - 2, &["using"])) {
            out.extend([close - 2, close - 1]);
        }
        if let Some(token) = tokens.get_mut(at) {
            token.token = Parsed::make_word("TRY_CAST", None);
        }
    }
    remove(tokens, &out);
}

/// Oracle's SQL.
pub(super) fn oracle(tokens: &mut Vec<TokenWithSpan>) {
    delete_without_from(tokens);
    flashback(tokens);
    partitions(tokens);
    locks(tokens);
    multiset(tokens);
    unequal(tokens);
    view_words(tokens);
    returning_into(tokens);
    small_words(tokens);
    words_of_packages(tokens);
}

/// `DBMS_LOB.SUBSTR(…)`: a function of a package, whose name the parser has a grammar for.
fn words_of_packages(tokens: &mut [TokenWithSpan]) {
    for at in 1..tokens.len() {
        let special = is(tokens, at, &["substr", "substring", "trim", "extract", "position"]);
        if special && mark(tokens, at - 1, &Parsed::Period) && opens(tokens, at + 1) {
            let name = match tokens.get(at).map(|token| &token.token) {
                Some(Parsed::Word(word)) => word.value.to_ascii_uppercase(),
                Some(_) | None => continue,
            };
            if let Some(token) = tokens.get_mut(at) {
                token.token = Parsed::make_word(&name, Some('"'));
            }
        }
    }
}

/// Whether the unquoted word at `at` is one of these.
fn is(tokens: &[TokenWithSpan], at: usize, words: &[&str]) -> bool {
    word(tokens, at).is_some_and(|value| words.iter().any(|w| value.eq_ignore_ascii_case(w)))
}

/// The unquoted word at `at`.
fn word(tokens: &[TokenWithSpan], at: usize) -> Option<&str> {
    match tokens.get(at).map(|token| &token.token) {
        Some(Parsed::Word(word)) if word.quote_style.is_none() => Some(&word.value),
        Some(_) | None => None,
    }
}

fn mark(tokens: &[TokenWithSpan], at: usize, mark: &Parsed) -> bool {
    tokens.get(at).is_some_and(|token| token.token == *mark)
}

fn opens(tokens: &[TokenWithSpan], at: usize) -> bool {
    mark(tokens, at, &Parsed::LParen)
}

/// The bracket that closes the one at `open`.
fn closing(tokens: &[TokenWithSpan], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.token == Parsed::LParen {
            depth = depth.saturating_add(1);
        } else if token.token == Parsed::RParen {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// A value that computes nothing: a number, a text, a variable, a parameter.
fn is_plain(tokens: &[TokenWithSpan], at: usize) -> bool {
    let variable = word(tokens, at).is_some_and(|word| word.starts_with('@'));
    variable
        || tokens.get(at).is_some_and(|token| {
            matches!(
                token.token,
                Parsed::Number(_, _)
                    | Parsed::SingleQuotedString(_)
                    | Parsed::NationalStringLiteral(_)
                    | Parsed::Placeholder(_)
            )
        })
}

/// The words outside brackets with their places.
fn outside(tokens: &[TokenWithSpan]) -> impl Iterator<Item = (usize, &str)> {
    let mut depth = 0_usize;
    tokens.iter().enumerate().filter_map(move |(at, token)| {
        if token.token == Parsed::LParen {
            depth = depth.saturating_add(1);
        } else if token.token == Parsed::RParen {
            depth = depth.saturating_sub(1);
        }
        word(tokens, at).filter(|_| depth == 0).map(|word| (at, word))
    })
}

/// The word of the statement, behind a list of named queries.
fn verb(tokens: &[TokenWithSpan]) -> Option<usize> {
    if !is(tokens, 0, &["with"]) {
        return (!tokens.is_empty()).then_some(0);
    }
    let verbs = ["select", "insert", "update", "delete", "merge"];
    outside(tokens)
        .find(|(_, word)| verbs.iter().any(|verb| verb.eq_ignore_ascii_case(word)))
        .map(|(at, _)| at)
}

fn like(token: &TokenWithSpan, new: Parsed) -> TokenWithSpan {
    TokenWithSpan::new(new, token.span)
}

/// `a += 1` writes and reads `a` as `a = 1` does beside it; `!<` and `!>` are the opposite
/// comparisons.
fn operators(tokens: &mut [TokenWithSpan]) {
    for token in tokens {
        let Parsed::CustomBinaryOperator(symbol) = &token.token else { continue };
        let plain = match symbol.as_str() {
            "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=" => Parsed::Eq,
            "!<" => Parsed::GtEq,
            "!>" => Parsed::LtEq,
            _ => continue,
        };
        token.token = plain;
    }
}

/// `WITH (NOLOCK, INDEX(i))`, and `(NOLOCK)` right behind a table of FROM: how rows are found and
/// locked.
fn table_hints(tokens: &mut Vec<TokenWithSpan>) {
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        let with = is(tokens, at, &["with"]) && opens(tokens, at + 1);
        let bare =
            opens(tokens, at) && names_table(tokens, at, &["from", "join", "update", "delete"]);
        let open = if with { at + 1 } else { at };
        if (with || bare)
            && let Some(close) = closing(tokens, open)
            && all_hints(tokens, open + 1, close)
        {
            out.extend(at..=close);
        }
    }
    remove(tokens, &out);
}

fn all_hints(tokens: &[TokenWithSpan], from: usize, close: usize) -> bool {
    let mut at = from;
    while at < close {
        if !is(tokens, at, HINTS) {
            return false;
        }
        let index = is(tokens, at, &["index", "forceseek", "spatial_window_max_cells"]);
        at += 1;
        if index && mark(tokens, at, &Parsed::Eq) {
            at += 1;
            if !opens(tokens, at) {
                at += 1;
            }
        }
        if index && opens(tokens, at) {
            // Names and numbers of indexes.
            let Some(end) = closing(tokens, at) else { return false };
            let plain = (at..=end).all(|at| {
                tokens.get(at).is_some_and(|token| {
                    matches!(
                        token.token,
                        Parsed::Word(_)
                            | Parsed::Number(_, _)
                            | Parsed::Comma
                            | Parsed::LParen
                            | Parsed::RParen
                    )
                })
            });
            if !plain {
                return false;
            }
            at = end + 1;
        }
        if at < close && mark(tokens, at, &Parsed::Comma) {
            at += 1;
        }
    }
    from < close
}

/// Whether a dotted name that one of these words opens stands right before `open`.
fn names_table(tokens: &[TokenWithSpan], open: usize, words: &[&str]) -> bool {
    let name = |at: usize| tokens.get(at).is_some_and(|t| matches!(t.token, Parsed::Word(_)));
    let mut at = open;
    for _ in 0..MAX_NAME_TOKENS {
        let Some(before) = at.checked_sub(1) else { return false };
        if is(tokens, before, words) {
            return at < open;
        }
        if is(tokens, before, &["apply"]) {
            // A call: what stands in its brackets are arguments.
            return false;
        }
        if !name(before) && !mark(tokens, before, &Parsed::Period) {
            return false;
        }
        at = before;
    }
    false
}

/// `a.b.c.d AS x`.
const MAX_NAME_TOKENS: usize = 9;

const HINTS: &[&str] = &[
    "forcescan",
    "forceseek",
    "holdlock",
    "ignore_constraints",
    "ignore_triggers",
    "index",
    "keepdefaults",
    "keepidentity",
    "noexpand",
    "nolock",
    "nowait",
    "paglock",
    "readcommitted",
    "readcommittedlock",
    "readpast",
    "readuncommitted",
    "repeatableread",
    "rowlock",
    "serializable",
    "snapshot",
    "spatial_window_max_cells",
    "tablock",
    "tablockx",
    "updlock",
    "xlock",
];

/// `INNER LOOP JOIN`: how tables are joined.
fn join_hints(tokens: &mut Vec<TokenWithSpan>) {
    let mut out = Vec::new();
    for at in 1..tokens.len() {
        let kind = ["inner", "left", "right", "full", "outer"];
        if is(tokens, at, &["loop", "hash", "merge", "remote"])
            && is(tokens, at - 1, &kind)
            && is(tokens, at + 1, &["join"])
        {
            out.push(at);
        }
    }
    remove(tokens, &out);
}

/// `OPTION (…)` at the end: how the statement is planned.
fn query_hints(tokens: &mut Vec<TokenWithSpan>) {
    let found = outside(tokens).find(|(at, word)| {
        word.eq_ignore_ascii_case("option")
            && closing(tokens, at + 1).is_some_and(|close| close + 1 == tokens.len())
    });
    if let Some((at, _)) = found.filter(|(at, _)| opens(tokens, at + 1)) {
        tokens.truncate(at);
    }
}

/// `FOR SYSTEM_TIME` with a range: rows of the table's history, which is part of it.
fn history(tokens: &mut Vec<TokenWithSpan>) {
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if !is(tokens, at, &["for"]) || !is(tokens, at + 1, &["system_time"]) {
            continue;
        }
        let end = if is(tokens, at + 2, &["all"]) {
            at + 3
        } else if (is(tokens, at + 2, &["from"]) && is(tokens, at + 4, &["to"])
            || is(tokens, at + 2, &["between"]) && is(tokens, at + 4, &["and"]))
            && is_plain(tokens, at + 3)
            && is_plain(tokens, at + 5)
        {
            at + 6
        } else if is(tokens, at + 2, &["contained"])
            && is(tokens, at + 3, &["in"])
            && opens(tokens, at + 4)
            && is_plain(tokens, at + 5)
            && mark(tokens, at + 6, &Parsed::Comma)
            && is_plain(tokens, at + 7)
            && mark(tokens, at + 8, &Parsed::RParen)
        {
            at + 9
        } else {
            continue;
        };
        out.extend(at..end);
    }
    remove(tokens, &out);
}

/// `DELETE TOP (10) FROM t`: the bound is read from the tokens of the statement.
fn top_of_change(tokens: &mut Vec<TokenWithSpan>) {
    let Some(verb) = verb(tokens) else { return };
    if !is(tokens, verb, &["insert", "update", "delete", "merge"])
        || !is(tokens, verb + 1, &["top"])
    {
        return;
    }
    let end = if opens(tokens, verb + 2)
        && is_plain(tokens, verb + 3)
        && mark(tokens, verb + 4, &Parsed::RParen)
    {
        verb + 5
    } else if is_plain(tokens, verb + 2) {
        verb + 3
    } else {
        return;
    };
    let end = if is(tokens, end, &["percent"]) { end + 1 } else { end };
    let out: Vec<usize> = (verb + 1..end).collect();
    remove(tokens, &out);
}

/// `DELETE t WHERE …`, for which the parser wants a FROM; `DELETE FROM t FROM t JOIN u`, for which it
/// wants one less.
fn delete_without_from(tokens: &mut Vec<TokenWithSpan>) {
    let Some(verb) = verb(tokens).filter(|at| is(tokens, *at, &["delete"])) else { return };
    let mut behind = verb + 3;
    while mark(tokens, behind, &Parsed::Period) {
        behind += 2;
    }
    if is(tokens, verb + 1, &["from"]) && is(tokens, behind, &["from"]) {
        tokens.remove(verb + 1);
        return;
    }
    let has_from = outside(tokens)
        .skip_while(|(at, _)| *at <= verb)
        .take_while(|(_, word)| !word.eq_ignore_ascii_case("where"))
        .any(|(_, word)| word.eq_ignore_ascii_case("from"));
    if let (false, Some(token)) = (has_from, tokens.get(verb)) {
        let from = like(token, Parsed::make_keyword("FROM"));
        tokens.insert(verb + 1, from);
    }
}

/// Words that the parser does not know inside the functions that give rows, and the list of columns
/// behind them.
fn rowset_functions(tokens: &mut Vec<TokenWithSpan>) {
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if !opens(tokens, at + 1) {
            continue;
        }
        if is(tokens, at, &["openrowset"]) && is(tokens, at + 2, &["bulk"])
            || is(tokens, at, &["changetable"]) && is(tokens, at + 2, &["changes", "version"])
        {
            out.push(at + 2);
        }
        if is(tokens, at, &["openxml", "openrowset"])
            && let Some(close) = closing(tokens, at + 1)
            && is(tokens, close + 1, &["with"])
            && opens(tokens, close + 2)
            && let Some(end) = closing(tokens, close + 2)
        {
            out.extend(close + 1..=end);
        }
    }
    out.sort_unstable();
    out.dedup();
    remove(tokens, &out);
}

/// `NEXT VALUE FOR s`, as a call of a function.
fn next_value(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while at < tokens.len() {
        if is(tokens, at, &["next"])
            && is(tokens, at + 1, &["value"])
            && is(tokens, at + 2, &["for"])
            && tokens.get(at + 3).is_some_and(|t| matches!(t.token, Parsed::Word(_)))
        {
            let mut end = at + 4;
            while mark(tokens, end, &Parsed::Period) {
                end += 2;
            }
            let Some(first) = tokens.get(at).cloned() else { return };
            if end <= tokens.len() {
                tokens.insert(end, like(&first, Parsed::RParen));
                let call = [Parsed::make_word("next_value_for", None), Parsed::LParen];
                tokens.splice(at..at + 3, call.map(|token| like(&first, token)));
            }
        }
        at += 1;
    }
}

/// `FOR XML PATH, ELEMENTS XSINIL`: how the rows are written, in the shortest words for it.
fn for_clause(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while at < tokens.len() {
        if is(tokens, at, &["for"]) && is(tokens, at + 1, &["xml", "json"]) {
            let mut end = at + 2;
            let mut depth = 0_usize;
            while let Some(token) = tokens.get(end) {
                if token.token == Parsed::LParen {
                    depth += 1;
                } else if token.token == Parsed::RParen {
                    if depth == 0 {
                        break;
                    }
                    depth -= 1;
                } else if !is(tokens, end, FOR_WORDS)
                    && !matches!(
                        token.token,
                        Parsed::Comma
                            | Parsed::SingleQuotedString(_)
                            | Parsed::NationalStringLiteral(_)
                    )
                {
                    return;
                }
                end += 1;
            }
            let Some(first) = tokens.get(at).cloned() else { return };
            let words = ["FOR", "JSON", "AUTO"].map(Parsed::make_keyword);
            tokens.splice(at..end, words.map(|token| like(&first, token)));
        }
        at += 1;
    }
}

const FOR_WORDS: &[&str] = &[
    "absent",
    "auto",
    "base64",
    "binary",
    "elements",
    "explicit",
    "include_null_values",
    "path",
    "raw",
    "root",
    "type",
    "without_array_wrapper",
    "xmldata",
    "xmlschema",
    "xsinil",
];

/// `CREATE OR ALTER VIEW v WITH SCHEMABINDING AS … WITH CHECK OPTION`.
fn view_options(tokens: &mut Vec<TokenWithSpan>) {
    let alters = is(tokens, 0, &["create"]) && is(tokens, 1, &["or"]) && is(tokens, 2, &["alter"]);
    if alters && is(tokens, 3, &["view"]) {
        tokens.drain(1..3);
    }
    if !is(tokens, 0, &["create", "alter"]) || !is(tokens, 1, &["view"]) {
        return;
    }
    let Some((end, _)) = outside(tokens).find(|(_, word)| word.eq_ignore_ascii_case("as")) else {
        return;
    };
    let with = outside(tokens)
        .take_while(|(at, _)| *at < end)
        .find(|(_, word)| word.eq_ignore_ascii_case("with"))
        .map(|(at, _)| at);
    let options = ["schemabinding", "encryption", "view_metadata"];
    let mut out = Vec::new();
    if let Some(with) = with
        && (with + 1..end).all(|at| is(tokens, at, &options) || mark(tokens, at, &Parsed::Comma))
    {
        out.extend(with..end);
    }
    let last = tokens.len().saturating_sub(3);
    if is(tokens, last, &["with"])
        && is(tokens, last + 1, &["check"])
        && is(tokens, last + 2, &["option"])
    {
        out.extend(last..last + 3);
    }
    remove(tokens, &out);
}

/// `AS OF SCN 1`, `AS OF TIMESTAMP x`, `VERSIONS BETWEEN …` behind a table: older rows of the same
/// table. Only a plain value or a call of a function that brings one is left out.
fn flashback(tokens: &mut Vec<TokenWithSpan>) {
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if !is(tokens, at, &["as"])
            || !is(tokens, at + 1, &["of"])
            || !is(tokens, at + 2, &["scn", "timestamp"])
        {
            continue;
        }
        let mut end = at + 3;
        if is(tokens, end, &["to_timestamp", "to_timestamp_tz"]) && opens(tokens, end + 1) {
            let Some(close) = closing(tokens, end + 1) else { continue };
            let plain = |at: usize| is_plain(tokens, at) || mark(tokens, at, &Parsed::Comma);
            if !(end + 2..close).all(plain) {
                continue;
            }
            end = close + 1;
        } else if let Some(close) = closing(tokens, end).filter(|_| opens(tokens, end)) {
            // `(SYSTIMESTAMP - INTERVAL '10' MINUTE)`.
            let moments =
                ["systimestamp", "sysdate", "interval", "second", "minute", "hour", "day"];
            let plain = |at: usize| {
                is_plain(tokens, at)
                    || is(tokens, at, &moments)
                    || mark(tokens, at, &Parsed::Minus)
                    || mark(tokens, at, &Parsed::Div)
            };
            if !(end + 1..close).all(plain) {
                continue;
            }
            end = close + 1;
        } else {
            if !is(tokens, end, &["systimestamp", "sysdate"]) && !is_plain(tokens, end) {
                continue;
            }
            end += 1;
            if mark(tokens, end, &Parsed::Minus) {
                if is_plain(tokens, end + 1) {
                    end += 2;
                    if mark(tokens, end, &Parsed::Div) && is_plain(tokens, end + 1) {
                        end += 2;
                    }
                } else if is(tokens, end + 1, &["interval"])
                    && is_plain(tokens, end + 2)
                    && is(tokens, end + 3, &["second", "minute", "hour", "day"])
                {
                    end += 4;
                }
            }
        }
        out.extend(at..end);
    }
    remove(tokens, &out);
}

/// `PARTITION (p)`, `SUBPARTITION (p)` and `SAMPLE (10)` behind a table: fewer of its rows.
fn partitions(tokens: &mut Vec<TokenWithSpan>) {
    for _ in 0..MAX_PARTITIONS {
        let found = (1..tokens.len()).find_map(|at| {
            if !is(tokens, at, &["partition", "subpartition", "sample"])
                || !names_table(tokens, at, &["from", "join", "update", "into", "delete"])
            {
                return None;
            }
            let open = if is(tokens, at + 1, &["block"]) { at + 2 } else { at + 1 };
            let close = closing(tokens, open).filter(|close| *close == open + 2)?;
            let seed = is(tokens, close + 1, &["seed"]) && opens(tokens, close + 2);
            let close = if seed && is_plain(tokens, close + 3) { close + 4 } else { close };
            (opens(tokens, open) && close < tokens.len()).then_some(at..=close)
        });
        let Some(out) = found else { return };
        tokens.drain(out);
    }
}

/// Clauses of this kind that are looked for in one statement.
const MAX_PARTITIONS: usize = 16;

/// `FOR UPDATE OF a.b NOWAIT`, `WAIT 5`, `SKIP LOCKED`: which rows are locked and how long is
/// waited; the parser knows the bare words.
fn locks(tokens: &mut Vec<TokenWithSpan>) {
    let found = outside(tokens)
        .filter(|(at, word)| word.eq_ignore_ascii_case("for") && is(tokens, at + 1, &["update"]));
    let Some((at, _)) = found.last() else { return };
    let plain = (at + 2..tokens.len()).all(|at| {
        tokens.get(at).is_some_and(|token| {
            matches!(
                token.token,
                Parsed::Word(_) | Parsed::Comma | Parsed::Period | Parsed::Number(_, _)
            )
        })
    });
    if plain {
        tokens.truncate(at + 2);
    }
}

/// `SELECT UNIQUE`, which is DISTINCT.
fn multiset(tokens: &mut [TokenWithSpan]) {
    for at in 1..tokens.len() {
        if is(tokens, at, &["unique"])
            && is(tokens, at - 1, &["select"])
            && let Some(token) = tokens.get_mut(at)
        {
            token.token = Parsed::make_keyword("DISTINCT");
        }
    }
}

/// `RETURNING a INTO :b`, `BULK COLLECT INTO v`: where values go in the caller.
fn returning_into(tokens: &mut Vec<TokenWithSpan>) {
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if is(tokens, at, &["bulk"])
            && is(tokens, at + 1, &["collect"])
            && is(tokens, at + 2, &["into"])
        {
            out.extend([at, at + 1]);
        }
    }
    remove(tokens, &out);
    let returning = outside(tokens)
        .find(|(_, word)| ["returning", "return"].iter().any(|w| w.eq_ignore_ascii_case(word)))
        .map(|(at, _)| at);
    let Some(returning) = returning else { return };
    let into = outside(tokens)
        .find(|(at, word)| *at > returning && word.eq_ignore_ascii_case("into"))
        .map(|(at, _)| at);
    let Some(into) = into else { return };
    let plain = (into + 1..tokens.len()).all(|at| {
        tokens.get(at).is_some_and(|token| {
            matches!(
                token.token,
                Parsed::Word(_)
                    | Parsed::Comma
                    | Parsed::Colon
                    | Parsed::Period
                    | Parsed::Number(_, _)
                    | Parsed::Placeholder(_)
            )
        })
    });
    if plain {
        tokens.truncate(into);
        if let Some(token) = tokens.get_mut(returning) {
            token.token = Parsed::make_keyword("RETURNING");
        }
    }
}

/// Words of expressions that say how a value is made, and hold none: `ORDER SIBLINGS BY`, `PRIOR`,
/// `KEEP (DENSE_RANK FIRST ORDER BY a)` with nothing but names in it, `FROM LAST` before OVER,
/// `DAY TO SECOND`, `FORMAT JSON`, `DEFAULT 0 ON CONVERSION ERROR`, `NULL ON EMPTY`.
fn small_words(tokens: &mut Vec<TokenWithSpan>) {
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        let before = at.checked_sub(1);
        let closed = before.is_some_and(|before| mark(tokens, before, &Parsed::RParen));
        if closed
            && is(tokens, at, &["from"])
            && is(tokens, at + 1, &["first", "last"])
            && is(tokens, at + 2, &["over", "ignore", "respect"])
        {
            out.extend([at, at + 1]);
        }
        if closed && is(tokens, at, &["day", "year"]) {
            let end = behind_precision(tokens, at + 1);
            if is(tokens, end, &["to"]) && is(tokens, end + 1, &["second", "month"]) {
                out.extend(at..behind_precision(tokens, end + 2));
            }
        }
        if is(tokens, at, &["format"]) && is(tokens, at + 1, &["json"]) {
            out.extend([at, at + 1]);
        }
        if is(tokens, at, &["prior"]) {
            out.push(at);
        }
        if is(tokens, at, &["default"])
            && is_plain(tokens, at + 1)
            && is(tokens, at + 2, &["on"])
            && is(tokens, at + 3, &["conversion", "error", "empty"])
        {
            let end = if is(tokens, at + 3, &["conversion"]) { at + 5 } else { at + 4 };
            out.extend(at..end.min(tokens.len()));
        }
        if is(tokens, at, &["default"])
            && is(tokens, at + 1, &["null"])
            && is(tokens, at + 2, &["on"])
            && is(tokens, at + 3, &["conversion"])
            && is(tokens, at + 4, &["error"])
        {
            out.extend(at..at + 5);
        }
        if is(tokens, at, &["null", "error", "absent"])
            && is(tokens, at + 1, &["on"])
            && is(tokens, at + 2, &["error", "empty", "null"])
        {
            out.extend(at..at + 3);
        }
        if opens(tokens, at + 1)
            && is(tokens, at, &["xmlelement"])
            && is(tokens, at + 2, &["name", "evalname"])
        {
            out.push(at + 2);
        }
        if is(tokens, at, &["using"]) && is(tokens, at + 1, &["nchar_cs"]) {
            out.extend([at, at + 1]);
        }
        if is(tokens, at, &["siblings"]) && is(tokens, at + 1, &["by"]) {
            out.push(at);
        }
        if is(tokens, at, &["keep"])
            && opens(tokens, at + 1)
            && is(tokens, at + 2, &["dense_rank"])
            && is(tokens, at + 4, &["order"])
            && at > 0
            && mark(tokens, at - 1, &Parsed::RParen)
            && let Some(close) = closing(tokens, at + 1)
            && (at + 2..close).all(|at| {
                tokens.get(at).is_some_and(|token| {
                    matches!(token.token, Parsed::Word(_) | Parsed::Comma | Parsed::Period)
                })
            })
        {
            // Its order becomes the order of what the function takes.
            out.extend(at - 1..at + 4);
        }
    }
    out.sort_unstable();
    out.dedup();
    remove(tokens, &out);
}

/// The position behind `(3)`, where that stands there.
fn behind_precision(tokens: &[TokenWithSpan], at: usize) -> usize {
    let plain = opens(tokens, at) && is_plain(tokens, at + 1);
    if plain && mark(tokens, at + 2, &Parsed::RParen) { at + 3 } else { at }
}

/// `^=` and `~=` are `<>`.
fn unequal(tokens: &mut [TokenWithSpan]) {
    for token in tokens {
        let custom = if let Parsed::CustomBinaryOperator(symbol) = &token.token {
            symbol == "^="
        } else {
            token.token == Parsed::TildeEqual
        };
        if custom {
            token.token = Parsed::Neq;
        }
    }
}

/// `CREATE OR REPLACE NO FORCE EDITIONABLE VIEW v AS … WITH READ ONLY`.
fn view_words(tokens: &mut Vec<TokenWithSpan>) {
    if !is(tokens, 0, &["create"]) {
        return;
    }
    let Some(view) = (1..tokens.len().min(MAX_VIEW_WORDS)).find(|at| is(tokens, *at, &["view"]))
    else {
        return;
    };
    let words = ["no", "force", "noforce", "editionable", "noneditionable", "editioning"];
    let mut out: Vec<usize> = (1..view).filter(|at| is(tokens, *at, &words)).collect();
    let last = tokens.len();
    for tail in [&["with", "read", "only"][..], &["with", "check", "option"]] {
        let at = last.saturating_sub(tail.len());
        if tail.iter().enumerate().all(|(index, word)| is(tokens, at + index, &[word])) {
            out.extend(at..last);
        }
    }
    remove(tokens, &out);
}

/// `CREATE OR REPLACE NO FORCE EDITIONABLE EDITIONING VIEW`.
const MAX_VIEW_WORDS: usize = 9;
