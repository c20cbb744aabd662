//! What the parser does not know of DuckDB, ClickHouse, Spark and Hive, left out or put in words that
//! it knows: never so that less is reached than the server reaches.
//!
//! Only the parser's tokens change; the walk still has those of the guard lexer.

use std::cell::Cell;

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token as Parsed, TokenWithSpan, Word};

use crate::command::Dialect;

/// Makes the tokens of a statement ready for the parser.
pub(super) fn prepare(dialect: Dialect, tokens: &mut Vec<TokenWithSpan>) {
    let steps = Cell::new(tokens.len().saturating_mul(STEPS_A_TOKEN));
    let mut text = Tokens { tokens, dialect, steps };
    match dialect {
        Dialect::Duckdb => {
            text.pivots();
            text.each(Tokens::duckdb);
        }
        Dialect::Clickhouse => {
            text.clickhouse_tail();
            text.clickhouse_with();
            text.each(Tokens::clickhouse);
        }
        Dialect::Hive | Dialect::Spark | Dialect::Databricks => text.each(Tokens::spark),
        Dialect::Postgres
        | Dialect::Redshift
        | Dialect::Mysql
        | Dialect::Mariadb
        | Dialect::Mssql
        | Dialect::Sqlite
        | Dialect::Snowflake
        | Dialect::Bigquery
        | Dialect::Oracle => {}
    }
}

struct Tokens<'a> {
    tokens: &'a mut Vec<TokenWithSpan>,
    dialect: Dialect,
    /// How often a token may still be looked at beside its turn: every look forward and back is
    /// bounded, whatever the text repeats.
    steps: Cell<usize>,
}

/// What takes the place of some tokens.
struct Change {
    /// How many tokens go.
    gone: usize,
    put: Vec<Parsed>,
}

fn leave_out(gone: usize) -> Option<Change> {
    (gone > 0).then(|| Change { gone, put: Vec::new() })
}

impl Tokens<'_> {
    /// Whether another look is left; takes it.
    fn look(&self) -> bool {
        let left = self.steps.get().checked_sub(1);
        self.steps.set(left.unwrap_or(0));
        left.is_some()
    }

    fn at(&self, at: usize) -> Option<&Parsed> {
        self.tokens.get(at).map(|token| &token.token)
    }

    /// The unquoted word at `at`, in lower case, or nothing.
    fn word(&self, at: usize) -> String {
        match self.at(at) {
            Some(Parsed::Word(word)) if word.quote_style.is_none() => {
                word.value.to_ascii_lowercase()
            }
            Some(_) | None => String::new(),
        }
    }

    fn is(&self, at: usize, token: &Parsed) -> bool {
        self.at(at) == Some(token)
    }

    fn is_number(&self, at: usize) -> bool {
        matches!(self.at(at), Some(Parsed::Number(_, _)))
    }

    fn before(&self, at: usize) -> Option<&Parsed> {
        at.checked_sub(1).and_then(|at| self.at(at))
    }

    fn word_before(&self, at: usize) -> String {
        at.checked_sub(1).map_or_else(String::new, |at| self.word(at))
    }

    /// The position of the bracket that closes the round one at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (open..self.tokens.len()).take_while(|_| self.look()).find(|at| {
            match self.at(*at) {
                Some(Parsed::LParen) => depth += 1,
                Some(Parsed::RParen) => depth = depth.saturating_sub(1),
                Some(_) | None => {}
            }
            depth == 0
        })
    }

    /// Makes the changes that `change` finds, from left to right.
    fn each(&mut self, change: impl Fn(&Self, usize) -> Option<Change>) {
        let mut out: Vec<TokenWithSpan> = Vec::new();
        let mut at = 0;
        let mut changed = false;
        while let Some(token) = self.tokens.get(at) {
            match change(self, at) {
                None => {
                    out.push(token.clone());
                    at += 1;
                }
                Some(Change { gone, put }) => {
                    changed = true;
                    let span = token.span;
                    out.extend(put.into_iter().map(|token| TokenWithSpan { token, span }));
                    at += gone;
                }
            }
        }
        if changed {
            *self.tokens = out;
        }
    }

    /// Whether `at` stands in FROM: the last of these words before it is FROM or JOIN.
    fn in_from(&self, at: usize) -> bool {
        let back = (0..at).rev().take_while(|_| self.look());
        let found = back.map(|at| self.word(at)).find(|word| {
            matches!(
                word.as_str(),
                "from" | "join" | "select" | "where" | "group" | "order" | "having" | "on" | "set"
            )
        });
        found.is_some_and(|word| word == "from" || word == "join")
    }

    /// How many tokens the brackets at `at` have, if they hold nothing but words and numbers.
    fn plain_brackets(&self, at: usize) -> usize {
        if !self.is(at, &Parsed::LParen) {
            return 0;
        }
        let inside = (at + 1..self.tokens.len()).take_while(|_| self.look()).find(|at| {
            !matches!(
                self.at(*at),
                Some(Parsed::Word(_) | Parsed::Number(_, _) | Parsed::Mod | Parsed::Comma)
            )
        });
        inside.filter(|end| self.is(*end, &Parsed::RParen)).map_or(0, |end| end + 1 - at)
    }

    // DuckDB.

    fn duckdb(&self, at: usize) -> Option<Change> {
        let next = self.word(at + 1);
        // The second column of what FROM or the select list gives.
        if self.is(at, &Parsed::Sharp) && self.is_number(at + 1) {
            return Some(Change { gone: 2, put: vec![quoted("#")] });
        }
        if self.is(at, &Parsed::Overlap) {
            return Some(Change { gone: 1, put: vec![Parsed::StringConcat] });
        }
        match self.word(at).as_str() {
            "asof" | "positional" if JOINS.contains(&next.as_str()) => leave_out(1),
            "ignore" | "respect" if next == "nulls" => leave_out(2),
            "using" if next == "sample" && self.of_a_query(at) => {
                let how = self.sample(at + 2);
                leave_out(if how > 0 { how + 2 } else { 0 })
            }
            "tablesample" => leave_out(self.sample(at + 1) + 1),
            // `WITH RECURSIVE x USING KEY (a) AS (…)`; elsewhere `key` is a table.
            "using" if next == "key" => match self.plain_brackets(at + 2) {
                inside if inside > 0 && self.word(at + 2 + inside) == "as" => leave_out(inside + 2),
                _ => None,
            },
            "filter"
                if self.is(at + 1, &Parsed::LParen)
                    && self.before(at) == Some(&Parsed::RParen)
                    && self.word(at + 2) != "where" =>
            {
                let put = vec![word("FILTER"), Parsed::LParen, word("WHERE")];
                Some(Change { gone: 2, put })
            }
            "limit"
                if self.is_number(at + 1)
                    && (self.is(at + 2, &Parsed::Mod) || self.word(at + 2) == "percent") =>
            {
                leave_out(3)
            }
            // Which column takes what: the table and the rows stay.
            "by" if matches!(next.as_str(), "name" | "position")
                && self.word(0) == "insert"
                && matches!(
                    self.word(at + 2).as_str(),
                    "select" | "from" | "values" | "with" | "table"
                ) =>
            {
                leave_out(2)
            }
            // `FROM (SUMMARIZE t)`, `FROM (DESCRIBE t)`.
            "summarize" | "describe" if self.before(at) == Some(&Parsed::LParen) => {
                let mut put = everything();
                put.push(word("FROM"));
                let close = self.closing(at - 1)?;
                let query = matches!(next.as_str(), "select" | "from" | "with");
                if query {
                    put.push(Parsed::LParen);
                }
                put.extend((at + 1..close).filter_map(|at| self.at(at).cloned()));
                if query {
                    put.push(Parsed::RParen);
                }
                Some(Change { gone: close - at, put })
            }
            _ => None,
        }
    }

    /// Whether a USING at `at` is a query's own: what DELETE and MERGE have behind theirs are tables,
    /// and an expression what ALTER has.
    fn of_a_query(&self, at: usize) -> bool {
        let mut depth = 0_usize;
        for at in (0..at).rev() {
            if !self.look() {
                return false;
            }
            match self.at(at) {
                Some(Parsed::RParen) => depth += 1,
                Some(Parsed::LParen) if depth == 0 => return true,
                Some(Parsed::LParen) => depth -= 1,
                Some(_) | None if depth > 0 => {}
                Some(_) | None => match self.word(at).as_str() {
                    "select" => return true,
                    "from" => return self.word_before(at) != "delete",
                    "delete" | "merge" | "update" | "alter" => return false,
                    _ => {}
                },
            }
        }
        false
    }

    /// How many tokens say how a sample is taken.
    fn sample(&self, at: usize) -> usize {
        let mut end = at;
        if matches!(self.word(end).as_str(), "reservoir" | "system" | "bernoulli") {
            end += 1;
        }
        if self.is_number(end) {
            end += 1;
            if self.is(end, &Parsed::Mod) || matches!(self.word(end).as_str(), "percent" | "rows") {
                end += 1;
            }
        }
        end += self.plain_brackets(end);
        if self.word(end) == "repeatable" {
            end += 1 + self.plain_brackets(end + 1);
        }
        end - at
    }

    /// `PIVOT t ON a USING sum(b) GROUP BY c`, where a statement or a query may stand: a query of all
    /// that it names, of unknown columns.
    fn pivots(&mut self) {
        self.each(|text, at| {
            let opens = at == 0
                || text.before(at) == Some(&Parsed::LParen)
                || text.word_before(at) == "as"
                || text.before(at) == Some(&Parsed::RParen)
                    && text.word(0) == "with"
                    && !text.in_from(at);
            let heads = matches!(
                text.word(at).as_str(),
                "pivot" | "unpivot" | "pivot_wider" | "pivot_longer"
            );
            if !opens
                || !heads
                || text.is(at + 1, &Parsed::LParen)
                    && text.word(at + 2) != "select"
                    && text.word(at + 2) != "from"
            {
                return None;
            }
            let mut parts: [Vec<Parsed>; 4] = Default::default();
            let mut part = 0;
            let mut depth = 0_usize;
            let mut end = at + 1;
            while let Some(token) = text.at(end).filter(|_| text.look()) {
                let name = if depth == 0 { text.word(end) } else { String::new() };
                let mut taken = false;
                match (token, name.as_str()) {
                    (Parsed::LParen, _) => depth += 1,
                    (Parsed::RParen, _) if depth == 0 => break,
                    (Parsed::RParen, _) => depth -= 1,
                    (_, "order" | "limit" | "union") => break,
                    (_, "on") => (part, taken) = (1, true),
                    (_, "using") if part == 1 => (part, taken) = (2, true),
                    (_, "group") => (part, taken) = (3, true),
                    (_, "by") if part == 3 => taken = true,
                    // `INTO NAME n VALUE v`: new names.
                    (_, "into") => {
                        part = 4;
                        taken = true;
                    }
                    (_, "include" | "exclude") if text.word(end + 1) == "nulls" => {
                        end += 2;
                        continue;
                    }
                    _ => {}
                }
                if let Some(list) = parts.get_mut(part).filter(|_| !taken) {
                    list.push(token.clone());
                }
                end += 1;
            }
            let [source, on, using, group] = parts;
            let mut put = everything();
            for list in [on, using, group].into_iter().filter(|list| !list.is_empty()) {
                put.push(Parsed::Comma);
                put.extend(list);
            }
            put.push(word("FROM"));
            put.extend(source);
            Some(Change { gone: end - at, put })
        });
    }

    // ClickHouse.

    fn clickhouse(&self, at: usize) -> Option<Change> {
        if let Some(gone) = self.parameter(at) {
            // A name may be any name: the words bound what it does. Others are values.
            let named = self.word(at + 3) == "identifier";
            let put = if named { Parsed::Backslash } else { Parsed::Placeholder("?".to_owned()) };
            return Some(Change { gone, put: vec![put] });
        }
        let (own, next) = (self.word(at), self.word(at + 1));
        match own.as_str() {
            // Where it runs.
            "on" if next == "cluster"
                && !matches!(self.word(0).as_str(), "select" | "with" | "insert") =>
            {
                leave_out(3)
            }
            "global" if matches!(next.as_str(), "in" | "not") || JOINS.contains(&next.as_str()) => {
                leave_out(1)
            }
            "any" | "all" | "asof" | "semi" | "anti" | "paste"
                if JOINS.contains(&next.as_str()) && self.word_before(at) != "union" =>
            {
                leave_out(1)
            }
            "final"
                if self.in_from(at)
                    && self.before(at) != Some(&Parsed::Period)
                    && self.word_before(at) != "as" =>
            {
                let ends = match self.at(at + 1) {
                    None | Some(Parsed::RParen | Parsed::Comma) => true,
                    Some(_) => CLAUSES.contains(&next.as_str()) || JOINS.contains(&next.as_str()),
                };
                leave_out(usize::from(ends))
            }
            "sample" if self.in_from(at) && self.is_number(at + 1) => {
                let mut end = at + 2;
                if self.is(end, &Parsed::Div) && self.is_number(end + 1) {
                    end += 2;
                }
                if self.word(end) == "offset" && self.is_number(end + 1) {
                    end += 2;
                    if self.is(end, &Parsed::Div) && self.is_number(end + 1) {
                        end += 2;
                    }
                }
                leave_out(end - at)
            }
            // `or(a, b)`: a function.
            "and" | "or" | "in"
                if self.is(at + 1, &Parsed::LParen)
                    && (matches!(
                        self.before(at),
                        Some(Parsed::LParen | Parsed::Comma | Parsed::Eq)
                    ) || matches!(
                        self.word_before(at).as_str(),
                        "select" | "where" | "not" | "then"
                    )) =>
            {
                Some(Change { gone: 1, put: vec![quoted(&own)] })
            }
            _ => None,
        }
    }

    /// How many tokens the parameter `{name:Type}` at `at` has.
    fn parameter(&self, at: usize) -> Option<usize> {
        let opens = self.is(at, &Parsed::LBrace)
            && matches!(self.at(at + 1), Some(Parsed::Word(_)))
            && self.is(at + 2, &Parsed::Colon);
        if !opens {
            return None;
        }
        let mut rest = (at + 3..self.tokens.len()).take_while(|_| self.look());
        let end = rest.find(|at| {
            !matches!(
                self.at(*at),
                Some(
                    Parsed::Word(_)
                        | Parsed::Number(_, _)
                        | Parsed::SingleQuotedString(_)
                        | Parsed::LParen
                        | Parsed::RParen
                        | Parsed::Comma
                        | Parsed::Eq
                )
            )
        })?;
        (self.is(end, &Parsed::RBrace) && end > at + 3).then_some(end + 1 - at)
    }

    /// Leaves out `FORMAT x` at the end of a query: how its rows are written.
    fn clickhouse_tail(&mut self) {
        if !matches!(self.word(0).as_str(), "select" | "with" | "from")
            && self.at(0) != Some(&Parsed::LParen)
        {
            return;
        }
        let settings = (0..self.tokens.len()).rev().find(|at| {
            self.word(*at) == "settings"
                && *at > 1
                && matches!(self.at(at + 1), Some(Parsed::Word(_)))
                && self.is(at + 2, &Parsed::Eq)
        });
        // `FORMAT x SETTINGS a = 1` and the other way round.
        for end in settings.into_iter().chain([self.tokens.len()]).rev() {
            if end > 3
                && self.word(end - 2) == "format"
                && !matches!(self.before(end - 2), Some(Parsed::Comma | Parsed::Period))
                && !matches!(self.word_before(end - 2).as_str(), "as" | "select" | "from")
                && matches!(self.at(end - 1), Some(Parsed::Word(_)))
            {
                self.tokens.drain(end - 2..end);
            }
        }
    }

    /// `WITH expression AS name`: becomes a named query under a marked name, so that the expression
    /// is walked and the name hides no table.
    fn clickhouse_with(&mut self) {
        self.each(|text, at| {
            if text.word(at) != "with"
                || matches!(
                    text.word(at + 1).as_str(),
                    "fill" | "totals" | "ties" | "recursive" | "rollup" | "cube"
                )
            {
                return None;
            }
            let opens = at == 0
                || text.before(at) == Some(&Parsed::LParen)
                || matches!(
                    text.word_before(at).as_str(),
                    "as" | "all" | "distinct" | "except" | "intersect" | "explain"
                )
                || text.word(0) == "insert";
            if !opens {
                return None;
            }
            let mut put = vec![word("WITH")];
            let mut start = at + 1;
            let mut any = false;
            loop {
                let mut depth = 0_usize;
                let mut alias = None;
                let mut end = start;
                while let Some(token) = text.at(end) {
                    if !text.look() {
                        return None;
                    }
                    if [Parsed::LParen, Parsed::LBracket, Parsed::LBrace].contains(token) {
                        depth += 1;
                    } else if [Parsed::RParen, Parsed::RBracket, Parsed::RBrace].contains(token) {
                        depth = depth.checked_sub(1)?;
                    } else if depth == 0 {
                        let name = text.word(end);
                        if *token == Parsed::Comma || name == "select" {
                            break;
                        }
                        if name == "as" {
                            alias = Some(end);
                        }
                    }
                    end += 1;
                }
                let alias = alias?;
                let query = alias == start + 1 && text.is(alias + 1, &Parsed::LParen);
                if query
                    || text.is(alias + 1, &Parsed::LParen)
                    || text.word(alias + 1) == "materialized"
                {
                    put.extend((start..end).filter_map(|at| text.at(at).cloned()));
                } else {
                    any = true;
                    let name = match text.at(alias + 1) {
                        Some(Parsed::Word(word)) => word.value.as_str(),
                        Some(_) | None => "",
                    };
                    let name = quoted(&format!("{VALUE_MARK}{name}"));
                    put.extend([name, word("AS"), Parsed::LParen, word("SELECT")]);
                    put.extend((start..alias).filter_map(|at| text.at(at).cloned()));
                    put.push(Parsed::RParen);
                }
                if !text.is(end, &Parsed::Comma) {
                    return any.then(|| Change { gone: end - at, put });
                }
                put.push(Parsed::Comma);
                start = end + 1;
            }
        });
    }

    // Spark.

    fn spark(&self, at: usize) -> Option<Change> {
        let (own, next) = (self.word(at), self.word(at + 1));
        if self.is(at, &Parsed::VerticalBarRightAngleBracket) {
            // The walk does not follow pipes: the words bound them.
            return Some(Change { gone: 1, put: vec![Parsed::Backslash] });
        }
        match own.as_str() {
            "tablesample" => leave_out(match self.plain_brackets(at + 1) {
                0 => 0,
                inside => {
                    let end = at + 1 + inside;
                    let again = if self.word(end) == "repeatable" {
                        1 + self.plain_brackets(end + 1)
                    } else {
                        0
                    };
                    1 + inside + again
                }
            }),
            "timestamp" | "version" | "system_time" | "system_version"
                if next == "as"
                    && self.word(at + 2) == "of"
                    && self.in_from(at)
                    && self.dialect != Dialect::Databricks
                    && matches!(
                        self.at(at + 3),
                        Some(Parsed::SingleQuotedString(_) | Parsed::Number(_, _))
                    ) =>
            {
                leave_out(4)
            }
            "div"
                if matches!(
                    self.before(at),
                    Some(Parsed::Word(_) | Parsed::Number(_, _) | Parsed::RParen)
                ) =>
            {
                Some(Change { gone: 1, put: vec![Parsed::Div] })
            }
            // `exists(array, x -> …)`: a function.
            "exists"
                if self.is(at + 1, &Parsed::LParen)
                    && !matches!(
                        self.word(at + 2).as_str(),
                        "select" | "with" | "from" | "values" | "table"
                    )
                    && !self.is(at + 2, &Parsed::LParen) =>
            {
                Some(Change { gone: 1, put: vec![quoted("exists")] })
            }
            _ => None,
        }
    }
}

/// Begins a name that stands for a value: one that WITH gives an expression, the row before `.*`.
/// Nobody can write it.
pub(crate) const VALUE_MARK: &str = "\0";

fn word(text: &str) -> Parsed {
    Parsed::make_word(text, None)
}

fn quoted(name: &str) -> Parsed {
    Parsed::Word(Word {
        value: name.to_owned(),
        quote_style: Some('"'),
        keyword: Keyword::NoKeyword,
    })
}

/// `SELECT * EXCLUDE (…)`: columns of which nobody says how many.
fn everything() -> Vec<Parsed> {
    vec![word("SELECT"), Parsed::Mul, word("EXCLUDE"), Parsed::LParen, quoted("\0"), Parsed::RParen]
}

/// Words that a join begins with, behind one that says how.
const JOINS: &[&str] = &[
    "join", "left", "right", "inner", "full", "outer", "cross", "semi", "anti", "any", "all",
    "asof",
];

/// Words that begin a clause behind FROM.
const CLAUSES: &[&str] = &[
    "where",
    "prewhere",
    "group",
    "order",
    "limit",
    "sample",
    "settings",
    "format",
    "union",
    "array",
    "having",
    "qualify",
    "window",
    "on",
    "using",
    "global",
    "except",
    "intersect",
    "paste",
    "offset",
];

/// Ordinary statements take fewer than two.
const STEPS_A_TOKEN: usize = 16;
