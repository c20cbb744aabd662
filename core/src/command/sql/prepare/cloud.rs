//! What the parser misreads of Snowflake, BigQuery and Redshift, left out or rewritten.
//!
//! Every change here leaves what is reached as it is, or makes it more: hints, options and types
//! go; a notation becomes another of the same meaning. A token's place is its bytes in the command
//! (`agree.rs`), so tokens without a blank between them can be told.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan, Word};

use super::remove;

/// How the name begins that stands for a stage of Snowflake. INVARIANT: no text holds a NUL.
pub(crate) const STAGE_MARK: &str = "\0@";

/// How the name begins that stands for the rows of an earlier statement in a pipe.
pub(crate) const ROWS_MARK: &str = "\0$";

/// The name under which `|> DISTINCT` goes on.
pub(crate) const DISTINCT_MARK: &str = "\0distinct";

type Tokens = Vec<TokenWithSpan>;

/// Whether the unquoted word `word` stands at `at`.
fn is(tokens: &Tokens, at: usize, word: &str) -> bool {
    word_at(tokens, at).is_some_and(|found| found.eq_ignore_ascii_case(word))
}

fn is_any(tokens: &Tokens, at: usize, words: &[&str]) -> bool {
    words.iter().any(|word| is(tokens, at, word))
}

/// Whether these unquoted words stand from `at` on.
fn are(tokens: &Tokens, at: usize, words: &[&str]) -> bool {
    words.iter().enumerate().all(|(index, word)| is(tokens, at + index, word))
}

fn word_at(tokens: &Tokens, at: usize) -> Option<&str> {
    match tokens.get(at).map(|token| &token.token) {
        Some(Parsed::Word(word)) if word.quote_style.is_none() => Some(&word.value),
        Some(_) | None => None,
    }
}

fn mark(tokens: &Tokens, at: usize, mark: &Parsed) -> bool {
    tokens.get(at).is_some_and(|token| token.token == *mark)
}

fn is_name(tokens: &Tokens, at: usize) -> bool {
    tokens.get(at).is_some_and(|token| matches!(token.token, Parsed::Word(_)))
}

/// The position behind the dotted name at `at`.
fn after_name(tokens: &Tokens, at: usize) -> Option<usize> {
    if !is_name(tokens, at) {
        return None;
    }
    let mut end = at + 1;
    while mark(tokens, end, &Parsed::Period) && is_name(tokens, end + 1) {
        end += 2;
    }
    Some(end)
}

fn depth_of(token: &Parsed) -> i32 {
    if matches!(token, Parsed::LParen | Parsed::LBracket | Parsed::LBrace) {
        1
    } else if matches!(token, Parsed::RParen | Parsed::RBracket | Parsed::RBrace) {
        -1
    } else {
        0
    }
}

/// The position behind the bracket that opens at `at`.
fn after_bracket(tokens: &Tokens, at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        depth += depth_of(&token.token);
        if depth == 0 {
            return (index > at).then_some(index + 1);
        }
    }
    None
}

/// The first position from `at` on, outside brackets, where `test` holds; or the end.
fn find(tokens: &Tokens, at: usize, test: impl Fn(usize) -> bool) -> usize {
    let mut depth = 0_i32;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        let change = depth_of(&token.token);
        if depth == 0 && test(index) || depth + change < 0 {
            return index;
        }
        depth += change;
    }
    tokens.len()
}

/// A token in the place of another.
fn instead(of: &TokenWithSpan, token: Parsed) -> TokenWithSpan {
    TokenWithSpan { token, span: of.span }
}

fn replace(tokens: &mut Tokens, from: usize, to: usize, new: Vec<Parsed>) {
    let Some(first) = tokens.get(from).cloned() else { return };
    let new: Vec<_> = new.into_iter().map(|token| instead(&first, token)).collect();
    tokens.splice(from..to.min(tokens.len()), new);
}

fn word(text: &str) -> Parsed {
    Parsed::make_word(text, None)
}

/// A name with a mark before it, in quotes that the parser can print.
fn marked(mark: &str, name: &str) -> Parsed {
    let value = format!("{mark}{name}");
    Parsed::Word(Word { value, quote_style: Some('"'), keyword: Keyword::NoKeyword })
}

/// Counts the changes of one statement. Each moves all tokens behind it, so their number is bounded;
/// with more, the statement has no tree.
struct Changes {
    length: usize,
    left: usize,
}

impl Changes {
    const fn new(tokens: &Tokens) -> Self {
        Self { length: tokens.len(), left: MAX_CHANGES }
    }

    /// Whether another change may follow; empties the tokens where none may.
    fn go_on(&mut self, tokens: &mut Tokens) -> bool {
        if tokens.len() != self.length {
            self.length = tokens.len();
            match self.left.checked_sub(1) {
                Some(left) => self.left = left,
                None => tokens.clear(),
            }
        }
        !tokens.is_empty()
    }
}

/// Ordinary statements need a handful.
const MAX_CHANGES: usize = 256;

// Snowflake.

pub(super) fn prepare_snowflake(tokens: &mut Tokens) {
    if is(tokens, 0, "explain") && is(tokens, 1, "using") && is_name(tokens, 2) {
        tokens.drain(1..3);
    }
    let defines = is_any(tokens, 0, &["create", "alter"]);
    let mut changes = Changes::new(tokens);
    let mut at = 0;
    while at < tokens.len() && changes.go_on(tokens) {
        if mark(tokens, at, &Parsed::AtSign) {
            join_stage(tokens, at);
        } else if mark(tokens, at, &Parsed::LBrace) {
            object_of_columns(tokens, at);
        } else if let Some(TokenWithSpan { token: Parsed::Placeholder(name), .. }) = tokens.get(at)
            && let Some(before) = at.checked_sub(1)
            && is_any(tokens, before, &["from", "join"])
        {
            let name = marked(ROWS_MARK, name);
            replace(tokens, at, at + 1, vec![name]);
        } else if is_any(tokens, at, &["array", "object", "map"]) {
            leave_out_element_types(tokens, at);
        } else if is_any(tokens, at, &["like", "ilike"]) && is(tokens, at + 1, "all") {
            // How many of the patterns must fit: the same columns are compared.
            replace(tokens, at + 1, at + 2, vec![word("ANY")]);
        } else if mark(tokens, at, &Parsed::ExclamationMark)
            && at.checked_sub(1).is_some_and(|before| is_name(tokens, before))
            && is_name(tokens, at + 1)
        {
            // A method of an object: a function that is not known.
            replace(tokens, at, at + 1, vec![Parsed::Period]);
        } else if is(tokens, at, "update") && are(tokens, at + 1, &["all", "by", "name"]) {
            replace(tokens, at + 1, at + 4, vec![word("SET"), Parsed::Mul]);
        } else if is(tokens, at, "insert") && are(tokens, at + 1, &["all", "by", "name"]) {
            replace(tokens, at + 1, at + 4, vec![Parsed::Mul]);
        } else if defines && is_any(tokens, at, &["autoincrement", "identity"]) {
            leave_out_steps(tokens, at + 1);
        } else if is(tokens, at, "directed") && is(tokens, at + 1, "join") {
            tokens.remove(at);
        } else if is(tokens, at, "date_part")
            && mark(tokens, at + 1, &Parsed::LParen)
            && is(tokens, at + 3, "from")
        {
            replace(tokens, at + 3, at + 4, vec![Parsed::Comma]);
        } else if is(tokens, at, "nth_value")
            && let Some(end) = after_bracket(tokens, at + 1)
            && is(tokens, end, "from")
            && is_any(tokens, end + 1, &["first", "last"])
        {
            // From which end it counts.
            tokens.drain(end..end + 2);
        }
        at += 1;
    }
    if is(tokens, 0, "create") {
        leave_out_options(tokens, &mut changes);
    }
}

/// `@db.schema.stage/path/file.csv`, `@~/x`, `@%t`, `@"s"/x`: one word for the parser, up to the
/// first blank, bracket or comma. The parser itself looks for blanks, which its tokens lack here.
fn join_stage(tokens: &mut Tokens, at: usize) {
    let mut name = String::new();
    let mut end = at + 1;
    let mut path = false;
    while let (Some(before), Some(token)) = (tokens.get(end - 1), tokens.get(end)) {
        let stops =
            depth_of(&token.token) != 0 || matches!(token.token, Parsed::Comma | Parsed::SemiColon);
        if stops || before.span.end != token.span.start {
            break;
        }
        path |= token.token == Parsed::Div;
        if !path {
            if let Parsed::Word(word) = &token.token {
                name.push_str(&word.value.to_ascii_lowercase());
            } else {
                name.push_str(&token.token.to_string());
            }
        }
        end += 1;
    }
    replace(tokens, at, end, vec![marked(STAGE_MARK, &name)]);
}

/// `{*}`, `{t.*}`, `{* EXCLUDE (a)}`: an object of all the columns.
fn object_of_columns(tokens: &mut Tokens, at: usize) {
    let star = if mark(tokens, at + 1, &Parsed::Mul) {
        at + 1
    } else {
        match after_name(tokens, at + 1) {
            Some(end)
                if mark(tokens, end, &Parsed::Period) && mark(tokens, end + 1, &Parsed::Mul) =>
            {
                end + 1
            }
            Some(_) | None => return,
        }
    };
    let Some(end) = after_bracket(tokens, at) else { return };
    let plain = |at: usize| {
        tokens.get(at).is_some_and(|token| {
            matches!(
                token.token,
                Parsed::Word(_)
                    | Parsed::Comma
                    | Parsed::LParen
                    | Parsed::RParen
                    | Parsed::SingleQuotedString(_)
            )
        })
    };
    if (star + 1..end - 1).all(plain) {
        // Which of them are left out says nothing of what is read.
        replace(
            tokens,
            at,
            end,
            vec![word("OBJECT_CONSTRUCT"), Parsed::LParen, Parsed::Mul, Parsed::RParen],
        );
    }
}

/// `CAST(x AS ARRAY(INT))`, `x::OBJECT(a INT)`: the types of the elements.
fn leave_out_element_types(tokens: &mut Tokens, at: usize) {
    let behind_type = at.checked_sub(1).is_some_and(|before| {
        mark(tokens, before, &Parsed::DoubleColon)
            || is(tokens, before, "as") && in_cast(tokens, before)
    });
    if !behind_type || !mark(tokens, at + 1, &Parsed::LParen) {
        return;
    }
    let Some(end) = after_bracket(tokens, at + 1) else { return };
    let plain = |at: usize| {
        is_name(tokens, at) && !is_any(tokens, at, &["select", "with", "from"])
            || tokens.get(at).is_some_and(|token| {
                matches!(
                    token.token,
                    Parsed::Comma | Parsed::LParen | Parsed::RParen | Parsed::Number(_, _)
                )
            })
    };
    if (at + 2..end).all(plain) {
        tokens.drain(at + 1..end);
        while is_any(tokens, at + 1, &["rename", "add"]) && is(tokens, at + 2, "fields") {
            tokens.drain(at + 1..at + 3);
        }
    }
}

/// `AUTOINCREMENT START 10 INCREMENT -1`: where a column's numbers begin and how they go on.
fn leave_out_steps(tokens: &mut Tokens, at: usize) {
    while is_any(tokens, at, &["start", "increment"]) {
        let mut end = at + 1;
        if is_any(tokens, end, &["with", "by"]) || mark(tokens, end, &Parsed::Eq) {
            end += 1;
        }
        if mark(tokens, end, &Parsed::Minus) {
            end += 1;
        }
        if !tokens.get(end).is_some_and(|token| matches!(token.token, Parsed::Number(_, _))) {
            return;
        }
        tokens.drain(at..=end);
    }
}

/// Whether the bracket around `at` is that of a cast.
fn in_cast(tokens: &Tokens, at: usize) -> bool {
    let mut depth = 0_i32;
    for index in (at.saturating_sub(MAX_CAST_TOKENS)..at).rev() {
        depth += tokens.get(index).map_or(0, |token| depth_of(&token.token));
        if depth > 0 {
            return index
                .checked_sub(1)
                .is_some_and(|name| is_any(tokens, name, &["cast", "try_cast"]));
        }
    }
    false
}

/// Farther back no bracket is looked for, so that many casts in one text stay cheap.
const MAX_CAST_TOKENS: usize = 256;

/// Options of a new table or view that the parser does not know in their place: rights that are
/// kept, policies and tags that are put on, remarks.
fn leave_out_options(tokens: &mut Tokens, changes: &mut Changes) {
    let mut at = 1;
    while is_any(tokens, at, &["or", "replace", "secure", "local", "global", "scoped"]) {
        if is(tokens, at, "scoped") {
            tokens.remove(at);
        } else {
            at += 1;
        }
    }
    let kind = find(tokens, at, |at| is_any(tokens, at, &["table", "view"]));
    if kind > at + 2 || kind >= tokens.len() {
        return;
    }
    let mut at = kind + 1;
    if are(tokens, at, &["if", "not", "exists"]) {
        at += 3;
    }
    let Some(mut at) = after_name(tokens, at) else { return };
    while changes.go_on(tokens) {
        at = find(tokens, at, |at| is(tokens, at, "as") || option_at(tokens, at).is_some());
        match option_at(tokens, at) {
            Some(end) => {
                tokens.drain(at..end);
            }
            None => return,
        }
    }
}

/// The position behind the option at `at`.
fn option_at(tokens: &Tokens, at: usize) -> Option<usize> {
    if is(tokens, at, "copy") && is(tokens, at + 1, "tags") {
        return Some(at + 2);
    }
    let start = at + usize::from(is(tokens, at, "with"));
    for policy in
        [&["row", "access", "policy"][..], &["aggregation", "policy"], &["join", "policy"]]
    {
        if are(tokens, start, policy) {
            let name = after_name(tokens, start + policy.len())?;
            let columns = name + 1;
            return if is(tokens, name, "on") && mark(tokens, columns, &Parsed::LParen) {
                after_bracket(tokens, columns)
            } else {
                Some(name)
            };
        }
    }
    if is(tokens, start, "tag") && mark(tokens, start + 1, &Parsed::LParen) {
        return after_bracket(tokens, start + 1);
    }
    let value = is_any(tokens, at, &["change_tracking", "error_logging", "row_timestamp"])
        && mark(tokens, at + 1, &Parsed::Eq);
    value.then_some(at + 3)
}

// BigQuery.

pub(super) fn prepare_bigquery(tokens: &mut Tokens) {
    if is(tokens, 0, "create")
        && let Some(copy) = (1..tokens.len()).find(|at| is(tokens, *at, "copy"))
        && find(tokens, 0, |at| is(tokens, at, "as")) > copy
        && after_name(tokens, copy + 1) == Some(tokens.len())
    {
        // A copy holds what a clone holds.
        replace(tokens, copy, copy + 1, vec![word("CLONE")]);
    }
    // Columns are defined before AS.
    let mut defines = is_any(tokens, 0, &["create", "alter"]);
    // The brackets that are open, and whether they hold the arguments of a call.
    let mut open = Vec::new();
    let mut changes = Changes::new(tokens);
    let mut at = 0;
    while at < tokens.len() && changes.go_on(tokens) {
        defines &= !is(tokens, at, "as");
        match tokens.get(at).map_or(0, |token| depth_of(&token.token)) {
            1 => open.push(is_call(tokens, at)),
            -1 => {
                open.pop();
            }
            _ => {}
        }
        let argument = !defines
            && open.last() == Some(&true)
            && at.checked_sub(1).is_some_and(|before| {
                mark(tokens, before, &Parsed::LParen) || mark(tokens, before, &Parsed::Comma)
            });
        if argument && is_any(tokens, at, &["table", "model"]) {
            at = argument_of_rows(tokens, at);
            continue;
        } else if is(tokens, at, "array") && mark(tokens, at + 1, &Parsed::Lt) {
            leave_out_element_type(tokens, at);
        } else if is(tokens, at, "struct")
            && mark(tokens, at + 1, &Parsed::LParen)
            && mark(tokens, at + 2, &Parsed::RParen)
        {
            replace(tokens, at, at + 3, vec![word("NULL")]);
        } else if is(tokens, at, "format")
            && at.checked_sub(2).is_some_and(|before| is(tokens, before, "as"))
            && mark(tokens, at + 1, &Parsed::LParen)
            && tokens
                .get(at + 2)
                .is_some_and(|token| matches!(token.token, Parsed::SingleQuotedString(_)))
            && mark(tokens, at + 3, &Parsed::RParen)
        {
            tokens.remove(at + 3);
            tokens.remove(at + 1);
        } else if is(tokens, at, "safe")
            && mark(tokens, at + 1, &Parsed::Period)
            && is_any(tokens, at + 2, &["substr", "substring"])
        {
            tokens.drain(at..at + 2);
        } else if is(tokens, at, "for")
            && is(tokens, at + 1, "system")
            && is(tokens, at + 2, "time")
        {
            replace(tokens, at + 1, at + 3, vec![word("SYSTEM_TIME")]);
            continue;
        } else if is(tokens, at, "for") && are(tokens, at + 1, &["system_time", "as", "of"]) {
            alias_behind_version(tokens, at);
        } else if is_any(tokens, at, &["union", "except", "intersect"]) {
            plain_set_operator(tokens, at);
        } else if mark(tokens, at, &Parsed::VerticalBarRightAngleBracket) {
            if is(tokens, at + 1, "distinct") {
                // A step that the parser has not: one that it has, under a name nobody can write.
                let mark = Parsed::make_word(DISTINCT_MARK, Some('`'));
                replace(tokens, at + 1, at + 2, vec![word("AS"), mark]);
            }
            if is(tokens, at + 1, "window") {
                replace(tokens, at + 1, at + 2, vec![word("EXTEND")]);
            }
        }
        at += 1;
    }
}

/// Whether the bracket at `at` holds the arguments of a call.
fn is_call(tokens: &Tokens, at: usize) -> bool {
    let named = at.checked_sub(1).is_some_and(|name| {
        is_name(tokens, name)
            && !is_any(
                tokens,
                name,
                &["as", "from", "in", "join", "on", "using", "values", "where"],
            )
    });
    named
        && mark(tokens, at, &Parsed::LParen)
        && !is_any(tokens, at + 1, &["select", "with", "from"])
}

/// `f(TABLE t, …)`, `ML.PREDICT(MODEL m, …)`: the rows of a table, or a model, which has a
/// table's place in its dataset. The answer is the position behind it.
fn argument_of_rows(tokens: &mut Tokens, at: usize) -> usize {
    let Some(end) = after_name(tokens, at + 1) else { return at + 1 };
    if end == at + 2 && is_any(tokens, at + 1, TYPES) {
        // A field of a type: `STRUCT<model STRING, …>`.
        return at + 1;
    }
    if !mark(tokens, end, &Parsed::Comma) && !mark(tokens, end, &Parsed::RParen) {
        return at + 1;
    }
    let mut new = vec![Parsed::LParen, word("SELECT"), Parsed::Mul, word("FROM")];
    new.extend(tokens.iter().take(end).skip(at + 1).map(|token| token.token.clone()));
    new.push(Parsed::RParen);
    let behind = at + new.len();
    replace(tokens, at, end, new);
    behind
}

const TYPES: &[&str] = &[
    "bignumeric",
    "bool",
    "boolean",
    "bytes",
    "date",
    "datetime",
    "decimal",
    "float64",
    "geography",
    "int64",
    "integer",
    "json",
    "numeric",
    "string",
    "time",
    "timestamp",
];

/// `ARRAY<STRUCT<x INT64>>[…]`: the type of the elements.
fn leave_out_element_type(tokens: &mut Tokens, at: usize) {
    let mut depth = 0_i32;
    for index in at + 1..tokens.len() {
        match tokens.get(index).map(|token| &token.token) {
            Some(Parsed::Lt) => depth += 1,
            Some(Parsed::Gt) => depth -= 1,
            Some(Parsed::ShiftRight) => depth -= 2,
            Some(
                Parsed::Word(_)
                | Parsed::Comma
                | Parsed::LParen
                | Parsed::RParen
                | Parsed::Number(_, _),
            ) => {}
            Some(_) | None => return,
        }
        if depth <= 0 {
            if depth == 0 && mark(tokens, index + 1, &Parsed::LBracket) {
                tokens.drain(at + 1..=index);
            }
            return;
        }
    }
}

/// `t AS a FOR SYSTEM_TIME AS OF x`: the parser wants the alias behind the time.
fn alias_behind_version(tokens: &mut Tokens, at: usize) {
    let Some(alias) = at.checked_sub(1).filter(|alias| is_name(tokens, *alias)) else { return };
    let start = match alias.checked_sub(1) {
        Some(before) if is(tokens, before, "as") => before,
        // The name of a table stands right before the clause, behind FROM, a comma or a dot.
        Some(before) if is_name(tokens, before) && !is_any(tokens, before, BEFORE_A_TABLE) => alias,
        Some(_) | None => return,
    };
    let end = find(tokens, at + 4, |at| {
        is_any(tokens, at, BEHIND_A_TABLE)
            || mark(tokens, at, &Parsed::Comma)
            || mark(tokens, at, &Parsed::VerticalBarRightAngleBracket)
    });
    if let Some(clause) = tokens.get_mut(start..end) {
        clause.rotate_left(at - start);
    }
}

const BEFORE_A_TABLE: &[&str] = &["from", "join", "using", "into", "merge"];

const BEHIND_A_TABLE: &[&str] = &[
    "where",
    "join",
    "inner",
    "left",
    "right",
    "full",
    "cross",
    "on",
    "using",
    "group",
    "order",
    "limit",
    "having",
    "qualify",
    "window",
    "union",
    "except",
    "intersect",
    "tablesample",
    "pivot",
    "unpivot",
];

/// `FULL OUTER UNION ALL BY NAME`, `UNION ALL STRICT CORRESPONDING BY (a)`: how columns are paired,
/// in the one spelling that the parser knows. Where columns are left out, in one that this dialect
/// does not have.
fn plain_set_operator(tokens: &mut Tokens, at: usize) {
    let mut end = at + 1;
    while is_any(tokens, end, &["all", "distinct"]) {
        end += 1;
    }
    let strict = is(tokens, end, "strict");
    let mut next = end + usize::from(strict);
    let mut listed = false;
    let corresponds = is(tokens, next, "corresponding");
    let by_name = if is(tokens, next, "corresponding") {
        next += 1;
        if is(tokens, next, "by") && mark(tokens, next + 1, &Parsed::LParen) {
            listed = true;
            next = after_bracket(tokens, next + 1).unwrap_or(next);
        }
        true
    } else if are(tokens, next, &["by", "name"]) {
        next += 2;
        if is(tokens, next, "on") && mark(tokens, next + 1, &Parsed::LParen) {
            listed = true;
            next = after_bracket(tokens, next + 1).unwrap_or(next);
        }
        true
    } else {
        false
    };
    if by_name {
        let before = |back: usize, words: &[&str]| {
            at.checked_sub(back).is_some_and(|before| is_any(tokens, before, words))
        };
        let full = before(1, &["full"]) || before(1, &["outer"]) && before(2, &["full"]);
        let drops = listed
            || before(1, &["inner", "left", "outer"]) && !full
            || corresponds && !strict && !full;
        let start = if drops { at + 1 } else { end };
        replace(tokens, start, next, vec![word("BY"), word("NAME")]);
        let mut mode = at;
        while let Some(before) = mode.checked_sub(1)
            && is_any(tokens, before, &["inner", "full", "left", "outer"])
        {
            mode = before;
        }
        tokens.drain(mode..at);
    }
}

// Redshift.

pub(super) fn prepare_redshift(tokens: &mut Tokens) {
    let mut changes = Changes::new(tokens);
    let mut at = 0;
    while at < tokens.len() && changes.go_on(tokens) {
        if is(tokens, at, "approximate")
            && is_any(tokens, at + 1, &["count", "percentile_disc"])
            && mark(tokens, at + 2, &Parsed::LParen)
        {
            tokens.remove(at);
        } else if mark(tokens, at, &Parsed::LParen)
            && mark(tokens, at + 1, &Parsed::Plus)
            && mark(tokens, at + 2, &Parsed::RParen)
            && at.checked_sub(1).is_some_and(|before| is_name(tokens, before))
        {
            // The mark of an outer join: the same tables are read, and perhaps fewer rows.
            tokens.drain(at..at + 3);
        }
        at += 1;
    }
    if is(tokens, 0, "create") {
        leave_out_layout(tokens);
    }
    let adds = find(tokens, 0, |at| is(tokens, at, "add"));
    if is(tokens, 0, "alter") && adds < tokens.len() {
        let encode = find(tokens, adds, |at| is(tokens, at, "encode"));
        if is_name(tokens, encode + 1) && encode > adds + 2 {
            tokens.drain(encode..encode + 2);
        }
    }
}

/// How rows of a new table are spread, sorted and packed, and whether a view is bound late.
fn leave_out_layout(tokens: &mut Tokens) {
    let kind = find(tokens, 1, |at| is_any(tokens, at, &["table", "view"]));
    if kind > 5 || kind >= tokens.len() {
        return;
    }
    if are(tokens, tokens.len().saturating_sub(4), &["with", "no", "schema", "binding"]) {
        tokens.truncate(tokens.len() - 4);
    }
    // `AS` ends the options; before it they stand behind the columns, and inside with a column.
    let stop = find(tokens, kind, |at| is(tokens, at, "as") && !is(tokens, at + 1, "identity"));
    let mut out = Vec::new();
    let mut at = kind + 1;
    while at < stop {
        match layout_at(tokens, at, kind) {
            Some(end) => {
                out.extend(at..end);
                at = end;
            }
            None => at += 1,
        }
    }
    remove(tokens, &out);
}

/// The position behind the option at `at`.
fn layout_at(tokens: &Tokens, at: usize, kind: usize) -> Option<usize> {
    // A name, not an option, stands behind these.
    if at.checked_sub(1).is_some_and(|before| {
        before == kind
            || mark(tokens, before, &Parsed::Comma)
            || mark(tokens, before, &Parsed::LParen)
            || mark(tokens, before, &Parsed::Period)
            || is_any(tokens, before, &["exists", "table"])
    }) {
        return None;
    }
    if is(tokens, at, "diststyle") && is_any(tokens, at + 1, &["auto", "even", "key", "all"]) {
        return Some(at + 2);
    }
    if is_any(tokens, at, &["distkey", "sortkey"]) {
        return if mark(tokens, at + 1, &Parsed::LParen) {
            after_bracket(tokens, at + 1)
        } else if is_any(tokens, at + 1, &["auto", "none"]) {
            Some(at + 2)
        } else {
            Some(at + 1)
        };
    }
    if is_any(tokens, at, &["compound", "interleaved"]) && is(tokens, at + 1, "sortkey") {
        return Some(at + 1);
    }
    if is(tokens, at, "encode") && is_name(tokens, at + 1) {
        return Some(at + 2);
    }
    if is_any(tokens, at, &["backup", "auto"]) && is_any(tokens, at + 1, &["yes", "no", "refresh"])
    {
        return Some(at + 2 + usize::from(is(tokens, at + 1, "refresh")));
    }
    if are(tokens, at, &["generated", "by", "default", "as", "identity"])
        && mark(tokens, at + 5, &Parsed::LParen)
    {
        return after_bracket(tokens, at + 5);
    }
    if is(tokens, at, "identity") && mark(tokens, at + 1, &Parsed::LParen) {
        return after_bracket(tokens, at + 1);
    }
    None
}
