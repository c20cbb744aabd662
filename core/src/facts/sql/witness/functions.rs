//! Functions, as far as they are computed.

use std::cmp::Ordering;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Query, WindowType,
};

use super::compare::test_of_function;
use super::samples::hash;
use super::{Datum, Grade, Sample, Search, Truth};
use crate::command::Dialect;
use crate::facts::sql::constant::strip;

/// Functions that give nothing for a missing value.
const STRICT: &[&str] = &[
    "abs",
    "bit_length",
    "char_length",
    "character_length",
    "charindex",
    "contains",
    "date",
    "date_trunc",
    "endswith",
    "ends_with",
    "instr",
    "lcase",
    "len",
    "length",
    "lengthb",
    "locate",
    "lower",
    "mod",
    "octet_length",
    "patindex",
    "position",
    "rlike",
    "regexp",
    "regexp_contains",
    "regexp_like",
    "match",
    "startswith",
    "starts_with",
    "strpos",
    "substr",
    "substring",
    "trim",
    "ucase",
    "upper",
    "year",
];

/// Functions that give one of the values of their group.
const OF_A_GROUP: &[&str] =
    &["any_value", "first", "first_value", "last", "last_value", "max", "min"];

/// Functions that tell rows of one table not apart.
const SAME_FOR_ALL: &[&str] = &["grouping", "pg_typeof", "sql_variant_property", "typeof"];

/// The query that a call has for its argument: `ARRAY(SELECT …)`.
pub(super) fn query_of(function: &Function) -> Option<&Query> {
    match &function.args {
        FunctionArguments::Subquery(query) => Some(query),
        FunctionArguments::List(list) => match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Subquery(query)))] => Some(query),
            _ => None,
        },
        FunctionArguments::None => None,
    }
}

/// What stands in `ROW(…)`.
pub(super) fn row_of(function: &Function) -> Option<Vec<&Expr>> {
    let name = function.name.0.last()?.as_ident()?;
    let FunctionArguments::List(list) = &function.args else { return None };
    let exprs = list.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    if name.value.eq_ignore_ascii_case("row") { exprs.collect() } else { None }
}

/// What a call takes the first of that is not null.
pub(super) fn first_of(function: &Function) -> Option<Vec<&Expr>> {
    let name = function.name.0.last()?.as_ident()?.value.to_ascii_lowercase();
    let FunctionArguments::List(list) = &function.args else { return None };
    let takes_first = matches!(name.as_str(), "coalesce" | "ifnull" | "nvl" | "value")
        || name == "isnull" && list.args.len() == 2;
    let exprs = list.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    if takes_first { exprs.collect() } else { None }
}

impl<'e> Search<'e, '_> {
    pub(super) fn function(&mut self, function: &'e Function) -> Sample {
        let name = function.name.0.last().and_then(|part| part.as_ident());
        let name = name.map(|ident| ident.value.to_ascii_lowercase()).unwrap_or_default();
        if let FunctionArguments::Subquery(query) = &function.args {
            return self.scalar(query);
        }
        let mut plain = function.over.is_none() && function.filter.is_none();
        let mut args: Vec<&'e Expr> = Vec::new();
        if let FunctionArguments::List(list) = &function.args {
            for arg in &list.args {
                let (FunctionArg::Named { arg, .. }
                | FunctionArg::ExprNamed { arg, .. }
                | FunctionArg::Unnamed(arg)) = arg;
                if let FunctionArgExpr::Expr(expr) = arg {
                    args.push(expr);
                } else {
                    plain = false;
                }
            }
        }
        // SQLite's values have types of their own.
        let varies = self.aim.dialect() == Dialect::Sqlite;
        if !varies && SAME_FOR_ALL.contains(&name.as_str()) {
            return Sample::OPEN;
        }
        // Of the rows that share a value, that value.
        if let ([value], Some(WindowType::WindowSpec(window))) = (args.as_slice(), &function.over)
            && OF_A_GROUP.contains(&name.as_str())
            && window.partition_by.iter().any(|key| strip(key) == strip(value))
        {
            return self.value(value);
        }
        let known = if plain { self.known_function(&name, &args) } else { None };
        known.unwrap_or_else(|| self.unknown_function(function, &name, &args))
    }

    fn unknown_function(&mut self, function: &Function, name: &str, args: &[&'e Expr]) -> Sample {
        let what = hash(&[37], name.as_bytes());
        let values: Vec<Sample> = args.iter().map(|arg| self.value(arg)).collect();
        // What a function makes of a missing value is not known, unless it is nothing for sure.
        if values.iter().any(|value| value.datum == Datum::Null) {
            return if STRICT.contains(&name) { Sample::NULL } else { Sample::OPEN };
        }
        // What a function makes of the same value twice is not known to vary.
        if let [a, b] = values.as_slice()
            && a.grade == Grade::Row
            && a.datum == b.datum
        {
            return Sample::OPEN;
        }
        let mut value = self.made_of(what, &values.iter().collect::<Vec<_>>());
        if function.over.is_some() {
            // It is of the row, whatever it is made of.
            value = self.of_the_row(what);
        }
        // What counts, numbers or measures is never negative.
        let least = match name {
            "row_number" | "rank" | "dense_rank" | "ntile" => Some(1),
            "count" | "count_big" | "ora_hash" | "pg_column_size" | "datalength" => Some(0),
            _ => None,
        };
        if let (Some(least), Some(number)) = (least, self.int(&value)) {
            value.datum = Datum::Int(number.saturating_abs().saturating_add(least));
        }
        value
    }

    /// Functions whose values are computed; `None` where this one's is not.
    fn known_function(&mut self, name: &str, args: &[&'e Expr]) -> Option<Sample> {
        Some(match (name, args) {
            ("lower" | "lcase" | "upper" | "ucase", [text]) => {
                let value = self.value(text);
                let text = self.text(&value)?;
                let lower = name.starts_with('l');
                let text = if lower { text.to_lowercase() } else { text.to_uppercase() };
                Sample::of(Datum::Text(text), value.grade)
            }
            (
                "length" | "char_length" | "character_length" | "octet_length" | "len" | "lengthb"
                | "bit_length",
                [text],
            ) => {
                let value = self.value(text);
                let length = self.text(&value)?.chars().count();
                Sample::of(Datum::Int(i128::try_from(length).ok()?), value.grade)
            }
            ("abs", [number]) => {
                let value = self.value(number);
                Sample::of(Datum::Int(self.int(&value)?.checked_abs()?), value.grade)
            }
            ("sign", [number]) => {
                let value = self.value(number);
                Sample::of(Datum::Int(self.int(&value)?.signum()), value.grade)
            }
            ("left" | "right", [_, length]) if self.value(length).is_constant(0) => {
                Sample::constant(Datum::Text(String::new()))
            }
            ("mod", [a, b]) => {
                let (a, b) = (self.value(a), self.value(b));
                let number = self.int(&a)?.checked_rem(self.int(&b)?)?;
                Sample::of(Datum::Int(number), a.grade.max(b.grade))
            }
            ("concat", args) => self.concat(args)?,
            ("coalesce" | "ifnull" | "nvl" | "value", args) => self.first_value(args),
            ("isnull", args @ [_, _]) => self.first_value(args),
            ("isnull", [inner]) => self.is_null(inner).sample(),
            ("num_nonnulls", [inner]) => {
                Sample::of(Datum::Int(i128::from(self.is_null(inner) != Truth::Yes)), Grade::Row)
            }
            ("nvl2", [asked, there, missing]) => match self.is_null(asked) {
                Truth::Yes => self.value(missing),
                Truth::No => self.value(there),
                Truth::Null | Truth::Open => Sample::OPEN,
            },
            ("nullif", [a, b]) => {
                let (a, b) = (self.value(a), self.value(b));
                match self.compare(&a, &b, Ordering::is_eq) {
                    Truth::Yes => Sample::NULL,
                    Truth::No | Truth::Null => a,
                    Truth::Open => Sample::OPEN,
                }
            }
            ("if" | "iif" | "iff", [asked, yes, no]) => match self.truth(asked) {
                Truth::Yes => self.value(yes),
                Truth::No | Truth::Null => self.value(no),
                Truth::Open => Sample::OPEN,
            },
            ("decode", [asked, cases @ ..]) if !cases.is_empty() => self.decode(asked, cases),
            ("choose" | "elt", [at, values @ ..]) => {
                let at = self.value(at);
                if at.grade == Grade::Fixed {
                    return Some(Sample::OPEN);
                }
                let at = usize::try_from(self.int(&at)?).ok();
                match at.and_then(|at| values.get(at.checked_sub(1)?)) {
                    Some(value) => self.value(value),
                    None => Sample::NULL,
                }
            }
            ("greatest" | "least", [first, rest @ ..]) | ("max" | "min", [first, rest @ .., _]) => {
                let rest = args.get(1..).unwrap_or(rest);
                self.extreme(name, first, rest)?
            }
            ("and" | "or", [first, rest @ ..]) => {
                let decides = if name == "or" { Truth::Yes } else { Truth::No };
                let mut all = self.truth(first);
                for arg in rest {
                    let truth = self.truth(arg);
                    all = match (all, truth) {
                        (a, b) if a == decides || b == decides => decides,
                        (Truth::Open, _) | (_, Truth::Open) => Truth::Open,
                        (Truth::Null, _) | (_, Truth::Null) => Truth::Null,
                        (a, _) => a,
                    };
                }
                all.sample()
            }
            ("equal_null", [a, b]) => self.same(a, b).sample(),
            ("lnnvl", [asked]) => match self.truth(asked) {
                Truth::Open => Sample::OPEN,
                truth => Truth::of(truth != Truth::Yes).sample(),
            },
            ("startswith" | "starts_with" | "endswith" | "ends_with" | "contains", [a, b]) => {
                let (a, b) = (self.value(a), self.value(b));
                let (x, y) = (self.text(&a)?, self.text(&b)?);
                let found = match name.as_bytes().first() {
                    _ if y.is_empty() => true,
                    Some(b's') => x.starts_with(&y),
                    Some(b'e') => x.ends_with(&y),
                    Some(_) | None => x.contains(&y),
                };
                Sample::of(Datum::Truth(found), a.grade.max(b.grade))
            }
            ("instr" | "strpos" | "position", [a, b]) | ("locate" | "charindex", [b, a]) => {
                let (a, b) = (self.value(a), self.value(b));
                let found = self.text(&a)?.find(&self.text(&b)?);
                let found = found.map_or(0, |at| at.saturating_add(1));
                Sample::of(Datum::Int(i128::try_from(found).ok()?), a.grade.max(b.grade))
            }
            ("like" | "ilike", [a, b]) => {
                let (a, b) = (self.value(a), self.value(b));
                self.like(&a, &b).sample()
            }
            (
                "regexp_like" | "rlike" | "regexp" | "textregexeq" | "regexp_contains" | "match"
                | "regexp_matches",
                [a, b, ..],
            ) => {
                let (a, b) = (self.value(a), self.value(b));
                self.regex(&a, &b).sample()
            }
            ("patindex", [pattern, text]) => {
                let (pattern, text) = (self.value(pattern), self.value(text));
                match self.like(&text, &pattern) {
                    Truth::Yes => Sample::of(Datum::Int(1), Grade::Row),
                    Truth::No => Sample::of(Datum::Int(0), Grade::Row),
                    Truth::Null | Truth::Open => Sample::OPEN,
                }
            }
            ("unnest" | "explode", [array]) => match strip(array) {
                Expr::Array(array) => match array.elem.as_slice() {
                    [value] => self.value(value),
                    _ => return None,
                },
                _ => return None,
            },
            // Of a group that is one value of the row, that value.
            (name, [value]) if OF_A_GROUP.contains(&name) && self.is_grouped_by(value) => {
                self.value(value)
            }
            (name, [a, b]) => {
                let test = test_of_function(name)?;
                let (a, b) = (self.value(a), self.value(b));
                self.compare(&a, &b, test).sample()
            }
            _ => return None,
        })
    }

    fn is_grouped_by(&self, value: &Expr) -> bool {
        let scope = self.stack.last().and_then(|at| self.scopes.get(*at));
        match scope.and_then(|scope| scope.group_by) {
            Some(GroupByExpr::Expressions(keys, _)) => {
                keys.iter().any(|key| strip(key) == strip(value))
            }
            Some(GroupByExpr::All(_)) | None => false,
        }
    }

    fn concat(&mut self, args: &[&'e Expr]) -> Option<Sample> {
        let mut joined = String::new();
        let mut grade = Grade::Constant;
        for arg in args {
            let value = self.value(arg);
            grade = grade.max(value.grade);
            joined.push_str(&self.text(&value)?);
        }
        Some(Sample::of(Datum::Text(joined), grade))
    }

    /// The first that is there; a parameter may be missing, so that what stands behind it is taken.
    fn first_value(&mut self, args: &[&'e Expr]) -> Sample {
        let mut args = args.iter().peekable();
        while let Some(arg) = args.next() {
            let value = self.value(arg);
            let is_last = args.peek().is_none();
            let absent = value.datum == Datum::Null || value.grade == Grade::Fixed;
            if is_last || !absent {
                return value;
            }
        }
        Sample::NULL
    }

    fn extreme(&mut self, name: &str, first: &'e Expr, rest: &[&'e Expr]) -> Option<Sample> {
        let wanted =
            if matches!(name, "greatest" | "max") { Ordering::Greater } else { Ordering::Less };
        let mut best = self.value(first);
        let mut grade = best.grade;
        for value in rest {
            let value = self.value(value);
            grade = grade.max(value.grade);
            if self.order(&value, &best)? == wanted {
                best = value;
            }
        }
        Some(Sample { grade, ..best })
    }

    fn decode(&mut self, asked: &'e Expr, cases: &[&'e Expr]) -> Sample {
        let mut cases = cases;
        while let [case, result, rest @ ..] = cases {
            match self.same(asked, case) {
                Truth::Yes => return self.value(result),
                Truth::Open => return Sample::OPEN,
                Truth::No | Truth::Null => cases = rest,
            }
        }
        cases.first().map_or(Sample::NULL, |otherwise| self.value(otherwise))
    }
}
