//! Constants: folding in three-valued logic, for conditions that decide without looking at rows.

use sqlparser::ast::{BinaryOperator, Expr, SelectItem, SetExpr, UnaryOperator, Value};

use super::calls::text_value;

/// A value that is known before the command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Constant {
    Bool(bool),
    Int(i128),
    Text(String),
    Null,
}

impl Constant {
    /// Whether a WHERE of this value lets rows pass.
    pub(super) const fn passes(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Int(value) => Some(*value != 0),
            Self::Null => Some(false),
            Self::Text(_) => None,
        }
    }
}

/// Brackets, and a sub-select that only repeats an expression, taken off.
pub(super) fn strip(expr: &Expr) -> &Expr {
    let mut expr = expr;
    loop {
        if let Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Plus, expr: inner } = expr {
            expr = inner;
            continue;
        }
        if let Expr::Subquery(query) = expr
            && let SetExpr::Select(select) = &*query.body
            && query.with.is_none()
            && query.limit_clause.is_none()
            && query.fetch.is_none()
            && select.having.is_none()
            && select.qualify.is_none()
            && select.top.is_none()
            && select.from.is_empty()
            && select.selection.is_none()
            && let [SelectItem::UnnamedExpr(inner)] = select.projection.as_slice()
        {
            expr = inner;
            continue;
        }
        if let Expr::BinaryOp { left, op, right } = expr
            && let Some(kept) = neutral(left, op, right)
        {
            expr = kept;
            continue;
        }
        return expr;
    }
}

/// `x + 0`, `x * 1`, `x || ''`: the side that the operation keeps.
fn neutral<'e>(left: &'e Expr, op: &BinaryOperator, right: &'e Expr) -> Option<&'e Expr> {
    let is = |expr: &Expr, digits: &str| number(expr) == Some(digits);
    let empty = |expr: &Expr| {
        if let Expr::Value(value) = expr { text_value(&value.value) == Some("") } else { false }
    };
    if *op == BinaryOperator::Plus || *op == BinaryOperator::Minus {
        if is(right, "0") {
            return Some(left);
        }
        if *op == BinaryOperator::Plus && is(left, "0") {
            return Some(right);
        }
    } else if *op == BinaryOperator::Multiply || *op == BinaryOperator::Divide {
        if is(right, "1") {
            return Some(left);
        }
        if *op == BinaryOperator::Multiply && is(left, "1") {
            return Some(right);
        }
    } else if *op == BinaryOperator::StringConcat {
        if empty(right) {
            return Some(left);
        }
        if empty(left) {
            return Some(right);
        }
    }
    None
}

fn number(expr: &Expr) -> Option<&str> {
    if let Expr::Value(value) = expr
        && let Value::Number(digits, _) = &value.value
    {
        return Some(digits);
    }
    None
}

/// What `expr` is whatever the rows hold; `None` where that is not certain. Only exact arithmetic
/// on whole numbers, so that nothing is ever folded to a false `false`.
pub(super) fn fold(expr: &Expr) -> Option<Constant> {
    let expr = strip(expr);
    if let Expr::Value(value) = expr {
        if let Value::Number(digits, _) = &value.value {
            return digits.parse().ok().map(Constant::Int);
        }
        if let Value::Boolean(value) = value.value {
            return Some(Constant::Bool(value));
        }
        if value.value == Value::Null {
            return Some(Constant::Null);
        }
        return text_value(&value.value).map(|text| Constant::Text(text.to_owned()));
    }
    if let Expr::UnaryOp { op, expr } = expr {
        let inner = fold(expr)?;
        if *op == UnaryOperator::Minus {
            let Constant::Int(value) = inner else { return None };
            return value.checked_neg().map(Constant::Int);
        }
        if *op == UnaryOperator::Not {
            let Constant::Bool(value) = inner else { return None };
            return Some(Constant::Bool(!value));
        }
        return None;
    }
    if let Expr::Cast { expr, data_type, .. } = expr {
        if *data_type == sqlparser::ast::DataType::Boolean
            || *data_type == sqlparser::ast::DataType::Bool
        {
            return match fold(expr)? {
                Constant::Text(text) => truth_word(text.trim()).map(Constant::Bool),
                Constant::Int(value) => Some(Constant::Bool(value != 0)),
                other @ (Constant::Bool(_) | Constant::Null) => Some(other),
            };
        }
        return None;
    }
    if let Expr::BinaryOp { left, op, right } = expr {
        if strip(left) == strip(right) && *op == BinaryOperator::Minus {
            return Some(Constant::Int(0));
        }
        if *op == BinaryOperator::Multiply
            && (fold(left) == Some(Constant::Int(0)) || fold(right) == Some(Constant::Int(0)))
        {
            return Some(Constant::Int(0));
        }
        return binary(fold(left)?, op, fold(right)?);
    }
    if let Expr::IsNull(inner) = expr {
        return is_null(&fold(inner)?).map(Constant::Bool);
    }
    if let Expr::IsNotNull(inner) = expr {
        return is_null(&fold(inner)?).map(|null| Constant::Bool(!null));
    }
    if let Expr::InList { expr, list, negated } = expr {
        let value = fold(expr)?;
        let mut equal = Some(false);
        for item in list {
            match fold(item).and_then(|item| compare(&value, &item)) {
                Some(std::cmp::Ordering::Equal) => return Some(Constant::Bool(!negated)),
                Some(_) => {}
                None => equal = None,
            }
        }
        return equal.map(|equal| Constant::Bool(equal != *negated));
    }
    if let Expr::Between { expr, negated, low, high } = expr {
        let (value, low, high) = (fold(expr)?, fold(low)?, fold(high)?);
        let inside = compare(&value, &low)?.is_ge() && compare(&value, &high)?.is_le();
        return Some(Constant::Bool(inside != *negated));
    }
    None
}

/// Whether a value is null; not certain of the empty text, which is null on Oracle.
fn is_null(value: &Constant) -> Option<bool> {
    match value {
        Constant::Null => Some(true),
        Constant::Text(text) if text.is_empty() => None,
        Constant::Text(_) | Constant::Bool(_) | Constant::Int(_) => Some(false),
    }
}

pub(super) fn truth_word(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Values of different kinds are not compared: servers differ on `1 = '1'`.
fn compare(a: &Constant, b: &Constant) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Constant::Int(a), Constant::Int(b)) => Some(a.cmp(b)),
        (Constant::Bool(a), Constant::Bool(b)) => Some(a.cmp(b)),
        (Constant::Text(a), Constant::Text(b)) if a == b => Some(std::cmp::Ordering::Equal),
        // Which text is the smaller one depends on the collation, so no order is known.
        (
            Constant::Text(_) | Constant::Int(_) | Constant::Bool(_) | Constant::Null,
            Constant::Text(_) | Constant::Int(_) | Constant::Bool(_) | Constant::Null,
        ) => None,
    }
}

fn binary(a: Constant, op: &BinaryOperator, b: Constant) -> Option<Constant> {
    if let (Constant::Int(a), Constant::Int(b)) = (&a, &b) {
        let value = if *op == BinaryOperator::Plus {
            a.checked_add(*b)
        } else if *op == BinaryOperator::Minus {
            a.checked_sub(*b)
        } else if *op == BinaryOperator::Multiply {
            a.checked_mul(*b)
        } else {
            None
        };
        if value.is_some() {
            return value.map(Constant::Int);
        }
    }
    if *op == BinaryOperator::StringConcat {
        let (Constant::Text(a), Constant::Text(b)) = (a, b) else { return None };
        return Some(Constant::Text(a + &b));
    }
    if let (Constant::Text(x), Constant::Text(y)) = (&a, &b)
        && x != y
    {
        // Equality of texts that differ is known where no collation makes them the same.
        let ascii = x.is_ascii() && y.is_ascii() && !x.eq_ignore_ascii_case(y);
        let differ = ascii && x.trim_end() != y.trim_end();
        let unlike = differ && x.parse::<f64>().is_err() && y.parse::<f64>().is_err();
        if unlike && *op == BinaryOperator::Eq {
            return Some(Constant::Bool(false));
        }
        if unlike && *op == BinaryOperator::NotEq {
            return Some(Constant::Bool(true));
        }
        return None;
    }
    let order = compare(&a, &b)?;
    let value = if *op == BinaryOperator::Eq {
        order.is_eq()
    } else if *op == BinaryOperator::NotEq {
        order.is_ne()
    } else if *op == BinaryOperator::Lt {
        order.is_lt()
    } else if *op == BinaryOperator::LtEq {
        order.is_le()
    } else if *op == BinaryOperator::Gt {
        order.is_gt()
    } else if *op == BinaryOperator::GtEq {
        order.is_ge()
    } else {
        return None;
    };
    Some(Constant::Bool(value))
}
