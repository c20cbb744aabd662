//! How much of its target a WHERE clause leaves within reach.

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator, Value};

use super::aim::Aim;
use super::calls::text_value;
use super::constant::{Constant, fold, strip};
use super::query::at_most;
use super::witness;
use crate::facts::Extent;
use crate::schema::NameCase;

/// The reach that is left of `from` under `selection` and the joins around the target.
pub(super) fn narrowed(from: Extent, selections: &[&Expr], aim: &Aim<'_>) -> Extent {
    if from.max_rows().is_some() {
        return from;
    }
    let mut conditions = Vec::new();
    let mut is_never = false;
    for selection in selections {
        conjuncts(selection, &mut |conjunct| match fold(conjunct).map(|value| value.passes()) {
            Some(Some(false)) => is_never = true,
            // What a text is worth as a condition differs, and no row changes it.
            Some(Some(true) | None) => {}
            None => conditions.push(conjunct),
        });
    }
    if is_never {
        return Extent::Filtered(Vec::new());
    }
    if conditions.is_empty() && aim.is_alone() {
        return from;
    }
    let restricts = conditions.iter().any(|condition| plainly_restricts(condition, aim))
        || witness::turns_a_row_away(&conditions, aim);
    if !restricts {
        return from;
    }
    match by_key(&conditions, aim) {
        Some(rows) => at_most(rows),
        None => Extent::Filtered(aim.columns_of(&conditions).into_iter().collect()),
    }
}

/// Whether a condition is one of the usual ones, which always turn some row away: a column of the
/// target and constants. It only spares the search; what it says, the search would say.
fn plainly_restricts(condition: &Expr, aim: &Aim<'_>) -> bool {
    let is_column = |expr: &Expr| {
        aim.is_table() && aim.column(strip(expr)).is_some_and(|column| !aim.is_given(&column))
    };
    if let Expr::BinaryOp { left, op, right } = condition {
        let equality = *op == BinaryOperator::Eq || *op == BinaryOperator::NotEq;
        return equality && is_column(left) && is_literal(right);
    }
    if let Expr::InList { expr, list, negated: _ } = condition {
        return is_column(expr) && !list.is_empty() && list.iter().all(is_literal);
    }
    false
}

fn is_literal(expr: &Expr) -> bool {
    if let Expr::Value(value) = expr {
        return matches!(&value.value, Value::Number(_, _) | Value::Placeholder(_))
            || text_value(&value.value).is_some();
    }
    false
}

/// The rows that `ROWNUM < n` leaves: no more than that are numbered, whatever else restricts them.
pub(super) fn rownum_bound(selection: &Expr) -> Option<u64> {
    let mut bound: Option<u64> = None;
    conjuncts(selection, &mut |conjunct| {
        let Expr::BinaryOp { left, op, right } = conjunct else { return };
        let is_rownum = |expr: &Expr| {
            if let Expr::Identifier(ident) = strip(expr) {
                ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("rownum")
            } else {
                false
            }
        };
        let side = if is_rownum(left) {
            side(op).map(|side| (side, right))
        } else if is_rownum(right) {
            side(op).map(|side| (side.turned(), left))
        } else {
            None
        };
        let Some((side, value)) = side else { return };
        let Some(Constant::Int(value)) = fold(value) else { return };
        let value = u64::try_from(value).unwrap_or(0);
        let rows = match side {
            Side::Less => value.saturating_sub(1),
            Side::LessEqual => value,
            Side::Equal => 1,
            Side::NotEqual | Side::GreaterEqual | Side::Greater => return,
        };
        bound = Some(bound.map_or(rows, |bound| bound.min(rows)));
    });
    bound
}

fn conjuncts<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    let mut at = strip(expr);
    while let Expr::BinaryOp { left, op: BinaryOperator::And, right } = at {
        conjuncts(right, visit);
        at = strip(left);
    }
    visit(at);
}

/// The rows that equality with a whole unique key leaves.
fn by_key(conditions: &[&Expr], aim: &Aim<'_>) -> Option<u64> {
    if aim.keys.is_empty() {
        return None;
    }
    let mut fixed: Vec<(String, u64)> = Vec::new();
    for conjunct in conditions {
        if let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = conjunct {
            let (left, right) = (strip(left), strip(right));
            if let (Expr::Tuple(columns), Expr::Tuple(values)) = (left, right)
                && columns.len() == values.len()
            {
                for (column, value) in columns.iter().zip(values) {
                    fix(column, value, aim, &mut fixed);
                }
            }
            fix(left, right, aim, &mut fixed);
            fix(right, left, aim, &mut fixed);
        }
        if let Expr::InList { expr, list, negated: false } = conjunct
            && let Some(column) = aim.column(strip(expr))
            && list.iter().all(|value| fixes(&column, value, aim))
        {
            fixed.push((column, u64::try_from(list.len()).unwrap_or(u64::MAX)));
        }
    }
    let bound = |key: &Vec<String>| {
        let rows = key.iter().map(|column| {
            fixed.iter().filter(|(name, _)| name == column).map(|(_, rows)| *rows).min()
        });
        rows.into_iter().try_fold(1u64, |product, rows| product.checked_mul(rows?))
    };
    aim.keys.iter().filter(|key| !key.is_empty()).filter_map(bound).min()
}

fn fix(column: &Expr, value: &Expr, aim: &Aim<'_>, fixed: &mut Vec<(String, u64)>) {
    if let Some(column) = aim.column(strip(column))
        && fixes(&column, value, aim)
    {
        fixed.push((column, 1));
    }
}

/// Whether equality with the value leaves one value of the column.
fn fixes(column: &str, value: &Expr, aim: &Aim<'_>) -> bool {
    let mut at = strip(value);
    while let Expr::UnaryOp { op: UnaryOperator::Minus, expr } = at {
        at = strip(expr);
    }
    let text = if let Expr::Value(value) = at { text_value(&value.value) } else { None };
    is_value(value, aim.case()) && (text.is_some() || aim.compares_numbers(column))
}

/// A literal or placeholder whose comparison with a column uses the column's own equality. Casts
/// to other types, and collations, can make several keys equal.
fn is_value(expr: &Expr, case: NameCase) -> bool {
    let expr = strip(expr);
    if let Expr::UnaryOp { op: UnaryOperator::Minus, expr } = expr {
        return is_value(expr, case);
    }
    if let Expr::Cast { expr, data_type, format: None, .. } = expr {
        use sqlparser::ast::DataType;
        let exact = [
            DataType::Int(None),
            DataType::Integer(None),
            DataType::BigInt(None),
            DataType::SmallInt(None),
            DataType::Int4(None),
            DataType::Int8(None),
            DataType::Int2(None),
            DataType::Uuid,
            DataType::Text,
        ];
        // SQLite makes the column a number for a number that was cast: '1', '01' and '1.0' are equal
        // then.
        let keeps_column = case == NameCase::Exact || *data_type == DataType::Text;
        return exact.contains(data_type) && keeps_column && is_value(expr, case);
    }
    if let Expr::Value(value) = expr {
        if let Value::Number(digits, _) = &value.value {
            return !digits.contains(['e', 'E']);
        }
        if let Value::Placeholder(_) | Value::Null = &value.value {
            return true;
        }
        return text_value(&value.value).is_some();
    }
    false
}

/// A comparison with a constant, as the part of a line that it leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Less,
    LessEqual,
    Equal,
    NotEqual,
    GreaterEqual,
    Greater,
}

fn side(op: &BinaryOperator) -> Option<Side> {
    let table = [
        (BinaryOperator::Lt, Side::Less),
        (BinaryOperator::LtEq, Side::LessEqual),
        (BinaryOperator::Eq, Side::Equal),
        (BinaryOperator::NotEq, Side::NotEqual),
        (BinaryOperator::GtEq, Side::GreaterEqual),
        (BinaryOperator::Gt, Side::Greater),
    ];
    table.into_iter().find(|(known, _)| known == op).map(|(_, side)| side)
}

impl Side {
    const fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::GreaterEqual => Self::LessEqual,
            Self::Greater => Self::Less,
            Self::Equal => Self::Equal,
            Self::NotEqual => Self::NotEqual,
        }
    }
}
