//! Conditions, as far as they are computed.

use std::cmp::Ordering;

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};

use super::compare::{opposite, test_of};
use super::values::is_condition;
use super::{Asked, Datum, Grade, Item, Kind, Missing, Row, Sample, Search, Shown, Test, Truth};
use crate::facts::sql::calls::text_value;
use crate::facts::sql::constant::strip;

/// Whether an expression is true or false by its form.
fn is_truth(expr: &Expr) -> bool {
    match expr {
        Expr::BinaryOp { left: _, op, right: _ } => is_condition(op),
        Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr: _ }
        | Expr::InList { .. }
        | Expr::Between { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. } => true,
        _ => false,
    }
}

/// The text of a literal, casts aside.
fn literal(expr: &Expr) -> Option<&str> {
    match strip(expr) {
        Expr::Cast { expr, .. } => literal(expr),
        Expr::Value(value) => text_value(&value.value),
        _ => None,
    }
}

/// PostgreSQL's text for an array, a document or a range that holds nothing.
fn holds_nothing(text: &str) -> bool {
    let plain: String = text.chars().filter(|char| !char.is_whitespace()).collect();
    matches!(plain.to_ascii_lowercase().as_str(), "{}" | "[]" | "empty")
}

/// Whether a literal is below what a server numbers from 1 or 0 on.
fn is_lowest(expr: &Expr) -> bool {
    match strip(expr) {
        Expr::UnaryOp { op: UnaryOperator::Minus, .. } => true,
        Expr::Value(value) => match &value.value {
            Value::Number(digits, _) => digits.bytes().all(|digit| digit == b'0'),
            other => matches!(text_value(other), Some("" | "(0,0)" | "0")),
        },
        Expr::Cast { expr, .. } => is_lowest(expr),
        _ => false,
    }
}

/// Whether every value of `outer` contains `inner`: nothing, or a part of the whole line.
fn contains_any(inner: &Expr, outer: &Expr) -> bool {
    let whole = |text: &str| matches!(text.trim(), "(,)" | "{(,)}" | "[,]" | "(,]" | "[,)");
    literal(inner).is_some_and(holds_nothing) || literal(outer).is_some_and(whole)
}

impl<'e> Search<'e, '_> {
    /// Whether the row is turned away, whatever stands beside it.
    pub(super) fn refuses(&mut self, conditions: &[&'e Expr], row: Row, missing: Missing) -> bool {
        (self.row, self.missing) = (row, missing);
        let around = self.around.clone();
        let candidates = match self.scopes.get(around.start) {
            Some(scope) if !around.is_empty() && !scope.relations.is_empty() => {
                self.candidates(self.has_whole(around.clone()))
            }
            Some(_) | None => vec![Shown { row: Row::Mixed(2), same: false, nulls: false }],
        };
        for shown in candidates {
            self.show(around.clone(), shown);
            let mut all = if around.is_empty() { Truth::Yes } else { self.there(around.start) };
            if let Kind::Query { select: _, scope, renamed: _ } = self.target {
                all = all.and(self.there(scope));
            }
            for condition in conditions {
                if all != Truth::No {
                    all = all.and(self.truth(condition));
                }
            }
            // That a comparison with a missing value is unknown restricts nothing: `a = a`.
            let is_unknown = all == Truth::Null && missing != Missing::Nothing;
            if all.passes() || is_unknown {
                return false;
            }
        }
        self.steps > 0
    }

    pub(super) fn truth(&mut self, expr: &'e Expr) -> Truth {
        if !self.step() {
            return Truth::Open;
        }
        let expr = strip(expr);
        match expr {
            Expr::BinaryOp { left, op, right } => self.operation(left, op, right),
            Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, expr } => {
                self.truth(expr).not()
            }
            Expr::IsTrue(inner) => self.is(inner, Truth::Yes),
            Expr::IsNotTrue(inner) => self.is(inner, Truth::Yes).not(),
            Expr::IsFalse(inner) => self.is(inner, Truth::No),
            Expr::IsNotFalse(inner) => self.is(inner, Truth::No).not(),
            Expr::IsUnknown(inner) | Expr::IsNull(inner) => self.is_null(inner),
            Expr::IsNotUnknown(inner) | Expr::IsNotNull(inner) => self.is_null(inner).not(),
            Expr::IsDistinctFrom(a, b) => self.same(a, b).not(),
            Expr::IsNotDistinctFrom(a, b) => self.same(a, b),
            Expr::InList { expr, list, negated } => {
                let left = self.side(expr);
                self.among(&left, list, Ordering::is_eq).not_if(*negated)
            }
            Expr::InSubquery { expr, subquery, negated } => {
                self.in_query(expr, subquery, Ordering::is_eq).not_if(*negated)
            }
            Expr::InUnnest { expr, array_expr, negated } => {
                let left = self.side(expr);
                self.in_array(&left, array_expr, Ordering::is_eq).not_if(*negated)
            }
            Expr::AnyOp { left, compare_op, right, is_some: _ } => {
                self.quantified(left, compare_op, right, false)
            }
            Expr::AllOp { left, compare_op, right } => {
                self.quantified(left, compare_op, right, true)
            }
            Expr::Exists { subquery, negated } => {
                let asked = Asked { exists: true, ..Asked::default() };
                self.any_row(subquery, asked, &mut |_, _| Truth::Yes).not_if(*negated)
            }
            Expr::Between { expr, negated, low, high } => {
                let (value, low, high) = (self.value(expr), self.value(low), self.value(high));
                self.between(&value, low, high).not_if(*negated)
            }
            Expr::Like { negated, any, expr, pattern, escape_char: _ }
            | Expr::ILike { negated, any, expr, pattern, escape_char: _ } => {
                let value = self.value(expr);
                let like = match strip(pattern) {
                    Expr::Tuple(patterns) if *any => self.like_any(&value, patterns),
                    Expr::Array(array) if *any => self.like_any(&value, &array.elem),
                    pattern => {
                        let pattern = self.value(pattern);
                        self.like(&value, &pattern)
                    }
                };
                like.not_if(*negated)
            }
            Expr::SimilarTo { negated, expr, pattern, escape_char: _ } => {
                let (value, pattern) = (self.value(expr), self.value(pattern));
                let like = match &pattern.datum {
                    Datum::Text(text) if text.bytes().all(|c| c == b'%') => Truth::Yes,
                    _ => self.not_computed(7, &[&value, &pattern]),
                };
                like.not_if(*negated)
            }
            Expr::RLike { negated, expr, pattern, regexp: _ } => {
                let (value, pattern) = (self.value(expr), self.value(pattern));
                self.regex(&value, &pattern).not_if(*negated)
            }
            other => {
                let value = self.value(other);
                self.holds(&value)
            }
        }
    }

    /// Whether a value that stands as a condition holds.
    pub(super) fn holds(&self, value: &Sample) -> Truth {
        match &value.datum {
            Datum::Null => Truth::Null,
            Datum::Truth(value) => Truth::of(*value),
            _ if value.grade == Grade::Fixed => Truth::Open,
            Datum::Int(value) => Truth::of(*value != 0),
            Datum::Real(value) => Truth::of(*value != 0.0),
            Datum::Cell(at) => {
                self.probes.get(*at).map_or(Truth::Open, |probe| Truth::of(probe.number != 0))
            }
            Datum::Text(_) | Datum::Open => Truth::Open,
        }
    }

    fn operation(&mut self, left: &'e Expr, op: &BinaryOperator, right: &'e Expr) -> Truth {
        match op {
            BinaryOperator::And => {
                let first = self.truth(left);
                if first == Truth::No { first } else { first.and(self.truth(right)) }
            }
            BinaryOperator::Or => {
                let first = self.truth(left);
                if first == Truth::Yes { first } else { first.or(self.truth(right)) }
            }
            BinaryOperator::Xor => {
                let (a, b) = (self.truth(left), self.truth(right));
                a.and(b.not()).or(a.not().and(b))
            }
            BinaryOperator::Spaceship => self.same(left, right),
            BinaryOperator::PGLikeMatch | BinaryOperator::PGILikeMatch => {
                let (value, pattern) = (self.value(left), self.value(right));
                self.like(&value, &pattern)
            }
            BinaryOperator::PGNotLikeMatch | BinaryOperator::PGNotILikeMatch => {
                let (value, pattern) = (self.value(left), self.value(right));
                self.like(&value, &pattern).not()
            }
            BinaryOperator::PGRegexMatch
            | BinaryOperator::PGRegexIMatch
            | BinaryOperator::Regexp => {
                let (value, pattern) = (self.value(left), self.value(right));
                self.regex(&value, &pattern)
            }
            BinaryOperator::Glob => {
                let (value, pattern) = (self.value(left), self.value(right));
                self.glob(&value, &pattern)
            }
            BinaryOperator::PGRegexNotMatch | BinaryOperator::PGRegexNotIMatch => {
                let (value, pattern) = (self.value(left), self.value(right));
                self.regex(&value, &pattern).not()
            }
            BinaryOperator::ArrowAt if contains_any(left, right) => Truth::Yes,
            BinaryOperator::AtArrow if contains_any(right, left) => Truth::Yes,
            BinaryOperator::PGOverlap
                if literal(left).is_some_and(holds_nothing)
                    || literal(right).is_some_and(holds_nothing) =>
            {
                Truth::No
            }
            op => match test_of(op) {
                Some(test) => self.comparison(left, right, test),
                None => {
                    let value = self.computed(left, op, right);
                    self.holds(&value)
                }
            },
        }
    }

    fn comparison(&mut self, left: &'e Expr, right: &'e Expr, test: Test) -> Truth {
        if let (Expr::Tuple(a), Expr::Tuple(b)) = (strip(left), strip(right)) {
            return self.tuples(a, b, test);
        }
        // What every row has, from 1 or 0 on: `rowid > -1`, `ctid > '(0,0)'`, `_part <> ''`.
        let is_own =
            |expr: &Expr| self.aim.column(strip(expr)).is_some_and(|c| self.aim.is_given(&c));
        let upward = test(Ordering::Greater);
        let downward = test(Ordering::Less) && !upward;
        if upward && is_own(left) && is_lowest(right)
            || downward && is_own(right) && is_lowest(left)
        {
            return Truth::Yes;
        }
        let (a, b) = (self.value(left), self.value(right));
        self.compare(&a, &b, test)
    }

    /// `(a, b) < (1, 2)`: the first parts that differ decide.
    fn tuples(&mut self, a: &'e [Expr], b: &'e [Expr], test: Test) -> Truth {
        for (a, b) in a.iter().zip(b) {
            let (a, b) = (self.value(a), self.value(b));
            if a.grade.max(b.grade) == Grade::Fixed {
                return Truth::Open;
            }
            match self.order(&a, &b) {
                None => return Truth::Open,
                Some(Ordering::Equal) => {}
                Some(order) => return Truth::of(test(order)),
            }
        }
        Truth::of(test(Ordering::Equal))
    }

    fn between(&mut self, value: &Sample, low: Sample, high: Sample) -> Truth {
        // Parameters stand in their order.
        let fixed = low.grade == Grade::Fixed && high.grade == Grade::Fixed;
        let (low, high) = if fixed && self.order(&low, &high) == Some(Ordering::Greater) {
            (high, low)
        } else {
            (low, high)
        };
        let above = self.compare(value, &low, Ordering::is_ge);
        above.and(self.compare(value, &high, Ordering::is_le))
    }

    fn like_any(&mut self, value: &Sample, patterns: &'e [Expr]) -> Truth {
        let mut found = Truth::No;
        for pattern in patterns {
            let pattern = self.value(pattern);
            found = found.or(self.like(value, &pattern));
        }
        found
    }

    fn is(&mut self, inner: &'e Expr, asked: Truth) -> Truth {
        match self.truth(inner) {
            Truth::Open => Truth::Open,
            truth => Truth::of(truth == asked),
        }
    }

    pub(super) fn is_null(&mut self, inner: &'e Expr) -> Truth {
        let outer = std::mem::replace(&mut self.joined, false);
        if let Some(truth) = self.is_null_by_parts(inner) {
            return truth;
        }
        let value = self.value(inner);
        let joined = std::mem::replace(&mut self.joined, outer);
        // Asking whether a comparison is known asks for no more than its values to be there.
        if value.datum == Datum::Null && value.grade == Grade::Row && is_truth(strip(inner)) {
            return Truth::Open;
        }
        match (value.datum, value.grade) {
            (Datum::Null, _) => Truth::Yes,
            (Datum::Truth(_), _) | (_, Grade::Constant) => Truth::No,
            // A column of an outer join that found its row.
            (_, Grade::Theirs) if joined => Truth::No,
            (_, Grade::Theirs) => Truth::of(self.their_nulls),
            (_, Grade::Fixed) => Truth::Open,
            (_, Grade::Row) => Truth::No,
        }
    }

    /// Whether what is made of parts is null, where that is known of them.
    fn is_null_by_parts(&mut self, inner: &'e Expr) -> Option<Truth> {
        match strip(inner) {
            Expr::Cast { expr, .. } => match strip(expr) {
                Expr::Tuple(_) | Expr::Array(_) => Some(Truth::No),
                _ => None,
            },
            Expr::Function(function) => {
                let args = super::functions::first_of(function)?;
                let mut all = Truth::Yes;
                for arg in args {
                    all = all.and(self.is_null(arg));
                }
                Some(all)
            }
            Expr::Case { operand: None, conditions, else_result, .. } => {
                for when in conditions {
                    match self.truth(&when.condition) {
                        Truth::Yes => return Some(self.is_null(&when.result)),
                        Truth::Open => return Some(Truth::Open),
                        Truth::No | Truth::Null => {}
                    }
                }
                Some(else_result.as_ref().map_or(Truth::Yes, |result| self.is_null(result)))
            }
            _ => None,
        }
    }

    /// `IS NOT DISTINCT FROM`.
    pub(super) fn same(&mut self, a: &'e Expr, b: &'e Expr) -> Truth {
        let (left, right) = (self.value(a), self.value(b));
        match (&left.datum, &right.datum) {
            (_, Datum::Null) => self.is_null(a),
            (Datum::Null, _) => self.is_null(b),
            _ => self.compare(&left, &right, Ordering::is_eq),
        }
    }

    /// What stands left of IN: one value, or several.
    pub(super) fn side(&mut self, expr: &'e Expr) -> Vec<Sample> {
        if let Expr::Tuple(values) = strip(expr) {
            return values.iter().map(|value| self.value(value)).collect();
        }
        // `ROW(a, b)`.
        if let Expr::Function(function) = strip(expr)
            && let Some(values) = super::functions::row_of(function)
        {
            return values.into_iter().map(|value| self.value(value)).collect();
        }
        vec![self.value(expr)]
    }

    fn among(&mut self, left: &[Sample], list: &'e [Expr], test: Test) -> Truth {
        let mut found = Truth::No;
        for item in list {
            if found == Truth::Yes {
                break;
            }
            if !self.step() {
                return Truth::Open;
            }
            let item = self.side(item);
            found = found.or(self.compare_all(left, &item, test));
        }
        found
    }

    fn in_array(&mut self, left: &[Sample], array: &'e Expr, test: Test) -> Truth {
        match strip(array) {
            Expr::Value(value) if text_value(&value.value).is_some_and(holds_nothing) => Truth::No,
            Expr::Array(array) => self.among(left, &array.elem, test),
            Expr::Tuple(values) => self.among(left, values, test),
            Expr::Cast { expr, .. } => self.in_array(left, expr, test),
            other => {
                // One value of it.
                let array = self.value(other);
                let item = self.made_of(11, &[&array]);
                self.compare_all(left, &[item], test)
            }
        }
    }

    /// `left op ANY (right)`, or `ALL`.
    fn quantified(
        &mut self,
        left: &'e Expr,
        op: &BinaryOperator,
        right: &'e Expr,
        all: bool,
    ) -> Truth {
        let right = strip(right);
        let Some(test) = test_of(op) else {
            let like = matches!(op, BinaryOperator::PGLikeMatch | BinaryOperator::PGILikeMatch);
            if let (Expr::Array(array), true, false) = (right, like, all) {
                let value = self.value(left);
                return self.like_any(&value, &array.elem);
            }
            let (a, b) = (self.value(left), self.value(right));
            return self.not_computed(13, &[&a, &b]);
        };
        // ALL holds unless there is one for which the opposite does.
        let test = if all { opposite(test) } else { test };
        let found = match right {
            Expr::Subquery(query) => self.in_query(left, query, test),
            Expr::Function(function) => match super::functions::query_of(function) {
                Some(query) => self.in_query(left, query, test),
                None => {
                    let left = self.side(left);
                    self.in_array(&left, right, test)
                }
            },
            _ => {
                let left = self.side(left);
                self.in_array(&left, right, test)
            }
        };
        found.not_if(all)
    }

    /// `left IN (query)`, with `test` for the equality.
    fn in_query(&mut self, left: &'e Expr, query: &'e sqlparser::ast::Query, test: Test) -> Truth {
        let values = self.side(left);
        let equality = test(Ordering::Equal) && !test(Ordering::Less) && !test(Ordering::Greater);
        let of_row = values.iter().any(|value| value.grade == Grade::Row);
        self.any_row(query, Asked { equality, of_row, exists: false }, &mut |search, item| {
            let item = match item {
                Item::Expr(expr) => search.side(expr),
                // The only column: of the target's own rows it is the same one.
                Item::Star => vec![search.only_column(left)],
            };
            search.compare_all(&values, &item, test)
        })
    }
}
