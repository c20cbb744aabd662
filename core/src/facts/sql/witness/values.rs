//! Values, as far as they are computed.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use sqlparser::ast::{BinaryOperator, CaseWhen, DataType, Expr, UnaryOperator, Value};

use super::compare::test_of;
use super::samples::hash;
use super::{Datum, Grade, Sample, Search, Truth};
use crate::command::Dialect;
use crate::facts::sql::calls::text_value;
use crate::facts::sql::children::children;
use crate::facts::sql::constant::{strip, truth_word};

impl<'e> Search<'e, '_> {
    pub(super) fn value(&mut self, expr: &'e Expr) -> Sample {
        if !self.step() {
            return Sample::OPEN;
        }
        let expr = strip(expr);
        match expr {
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) => self.column(expr),
            Expr::Value(value) => self.literal(&value.value),
            Expr::TypedString(typed) => match text_value(&typed.value.value) {
                Some(text) => Sample::constant(Datum::Text(text.to_owned())),
                None => Sample::OPEN,
            },
            Expr::Cast { expr, data_type, .. } => self.cast(expr, data_type),
            Expr::Convert { expr, .. }
            | Expr::Collate { expr, .. }
            | Expr::Prefixed { value: expr, .. }
            | Expr::AtTimeZone { timestamp: expr, .. } => self.value(expr),
            Expr::UnaryOp { op: UnaryOperator::Not | UnaryOperator::BangNot, .. } => {
                self.truth(expr).sample()
            }
            Expr::UnaryOp { op, expr } => self.signed(*op, expr),
            Expr::BinaryOp { left, op, right } if !is_condition(op) => {
                self.computed(left, op, right)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref())
            }
            Expr::Function(function) => self.function(function),
            Expr::Position { expr: part, r#in } => self.place_of(part, r#in),
            Expr::Subquery(query) => self.scalar(query),
            Expr::BinaryOp { .. }
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsUnknown(_)
            | Expr::IsNotUnknown(_)
            | Expr::IsDistinctFrom(_, _)
            | Expr::IsNotDistinctFrom(_, _)
            | Expr::InList { .. }
            | Expr::InSubquery { .. }
            | Expr::InUnnest { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
            | Expr::Exists { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::SimilarTo { .. }
            | Expr::RLike { .. } => self.truth(expr).sample(),
            other => self.another(other),
        }
    }

    /// `POSITION(part IN text)`.
    fn place_of(&mut self, part: &'e Expr, text: &'e Expr) -> Sample {
        let (part, text) = (self.value(part), self.value(text));
        if text.datum == Datum::Null || part.datum == Datum::Null {
            return Sample::of(Datum::Null, Grade::Row);
        }
        match (self.text(&text), self.text(&part)) {
            (Some(whole), Some(sought)) => {
                let found = whole.find(&sought).map_or(0, |at| at.saturating_add(1));
                let found = i128::try_from(found).unwrap_or(0);
                Sample::of(Datum::Int(found), text.grade.max(part.grade))
            }
            (None, _) | (_, None) => self.made_of(71, &[&part, &text]),
        }
    }

    /// Any other form: a value of its own, by what stands in it.
    fn another(&mut self, expr: &'e Expr) -> Sample {
        let mut parts: Vec<&'e Expr> = Vec::new();
        children(expr, &mut |child| parts.push(child));
        let values: Vec<Sample> = parts.into_iter().map(|part| self.value(part)).collect();
        let holds_nulls = matches!(expr, Expr::Tuple(_) | Expr::Array(_) | Expr::Struct { .. });
        if !holds_nulls && values.iter().any(|value| value.datum == Datum::Null) {
            return Sample::of(Datum::Null, Grade::Row);
        }
        let mut form = DefaultHasher::new();
        std::mem::discriminant(expr).hash(&mut form);
        self.made_of(form.finish(), &values.iter().collect::<Vec<_>>())
    }

    fn literal(&self, value: &Value) -> Sample {
        let datum = match value {
            Value::Number(digits, _) => match (digits.parse(), digits.parse()) {
                (Ok(number), _) => Datum::Int(number),
                (Err(_), Ok(real)) => Datum::Real(real),
                (Err(_), Err(_)) => return Sample::OPEN,
            },
            Value::Boolean(value) => Datum::Truth(*value),
            Value::Null => Datum::Null,
            Value::Placeholder(name) => return self.made_of(hash(&[23], name.as_bytes()), &[]),
            other => match text_value(other) {
                Some("") if self.aim.dialect() == Dialect::Oracle => Datum::Null,
                Some(text) => Datum::Text(text.to_owned()),
                None if let Value::SingleQuotedRawStringLiteral(text) = other => {
                    Datum::Text(text.clone())
                }
                None => return self.made_of(hash(&[29], other.to_string().as_bytes()), &[]),
            },
        };
        Sample::constant(datum)
    }

    fn cast(&mut self, expr: &'e Expr, to: &DataType) -> Sample {
        let value = self.value(expr);
        if matches!(to, DataType::Boolean | DataType::Bool) {
            let datum = match &value.datum {
                Datum::Text(text) => truth_word(text.trim()).map_or(Datum::Open, Datum::Truth),
                _ => self.holds(&value).sample().datum,
            };
            return Sample::of(datum, value.grade);
        }
        match (&value.datum, value.grade) {
            // What is left of it is not computed.
            (Datum::Real(_), Grade::Constant) => Sample::OPEN,
            (Datum::Int(number), Grade::Constant) if is_text(to) => {
                Sample::constant(Datum::Text(number.to_string()))
            }
            _ => value,
        }
    }

    fn signed(&mut self, op: UnaryOperator, expr: &'e Expr) -> Sample {
        let value = self.value(expr);
        let datum = match op {
            UnaryOperator::Minus => match self.int(&value) {
                Some(number) => number.checked_neg().map(Datum::Int),
                None => self.real(&value).map(|real| Datum::Real(-real)),
            },
            UnaryOperator::PGAbs => self.int(&value).and_then(i128::checked_abs).map(Datum::Int),
            _ => None,
        };
        match datum {
            Some(datum) => Sample::of(datum, value.grade),
            None => self.made_of(hash(&[19], op.to_string().as_bytes()), &[&value]),
        }
    }

    fn case(
        &mut self,
        operand: Option<&'e Expr>,
        conditions: &'e [CaseWhen],
        otherwise: Option<&'e Expr>,
    ) -> Sample {
        for when in conditions {
            let holds = match operand {
                None => self.truth(&when.condition),
                Some(operand) => {
                    let (a, b) = (self.value(operand), self.value(&when.condition));
                    self.compare(&a, &b, Ordering::is_eq)
                }
            };
            match holds {
                Truth::Yes => return self.value(&when.result),
                Truth::Open => return Sample::OPEN,
                Truth::No | Truth::Null => {}
            }
        }
        otherwise.map_or(Sample::NULL, |result| self.value(result))
    }

    /// A value of its own for whatever is made of `of`: the same wherever the same is made again.
    pub(super) fn made_of(&self, what: u64, of: &[&Sample]) -> Sample {
        if let [Sample { datum: Datum::Null, grade: Grade::Constant }] = of {
            return Sample::NULL;
        }
        let grade = of.iter().map(|value| value.grade).max().unwrap_or(Grade::Fixed);
        let key = of.iter().fold(hash(&[what], &[]), |key, value| match &value.datum {
            Datum::Null => hash(&[key, 0], &[]),
            Datum::Truth(value) => hash(&[key, 1], &[u8::from(*value)]),
            Datum::Int(value) => hash(&[key, 2], &value.to_le_bytes()),
            Datum::Real(value) => hash(&[key, 2], &value.to_le_bytes()),
            Datum::Text(text) => hash(&[key, 3], text.as_bytes()),
            Datum::Cell(at) => hash(&[key, 4], &at.to_le_bytes()),
            Datum::Open => hash(&[key, 5], &[]),
        });
        match grade {
            Grade::Constant | Grade::Fixed => {
                Sample::of(Datum::Cell(Self::pick_unknown(key)), Grade::Fixed)
            }
            Grade::Theirs => Sample::of(Datum::Cell(self.pick_theirs(key, self.beside)), grade),
            Grade::Row => Sample::of(Datum::Cell(self.pick(key)), grade),
        }
    }

    pub(super) fn computed(
        &mut self,
        left: &'e Expr,
        op: &BinaryOperator,
        right: &'e Expr,
    ) -> Sample {
        let (a, b) = (self.value(left), self.value(right));
        if a.datum == Datum::Null || b.datum == Datum::Null {
            return Sample::NULL;
        }
        // Nothing is left of the row.
        let annuls = matches!(op, BinaryOperator::Multiply | BinaryOperator::BitwiseAnd);
        if annuls && (a.is_constant(0) || b.is_constant(0)) {
            return Sample::constant(Datum::Int(0));
        }
        if *op == BinaryOperator::PGExp && b.is_constant(0) {
            return Sample::constant(Datum::Int(1));
        }
        let datum = if *op == BinaryOperator::StringConcat {
            self.text(&a).zip(self.text(&b)).map(|(a, b)| Datum::Text(a + &b))
        } else {
            let whole = self.int(&a).zip(self.int(&b)).and_then(|(a, b)| of_integers(a, op, b));
            whole.or_else(|| self.real(&a).zip(self.real(&b)).and_then(|(a, b)| of_reals(a, op, b)))
        };
        match datum {
            Some(datum) => Sample::of(datum, a.grade.max(b.grade)),
            // What an operator makes of the same value twice is not known to vary.
            None if a.datum == b.datum => Sample::OPEN,
            None => self.made_of(hash(&[31], op.to_string().as_bytes()), &[&a, &b]),
        }
    }
}

fn of_integers(a: i128, op: &BinaryOperator, b: i128) -> Option<Datum> {
    let number = match op {
        BinaryOperator::Plus => a.checked_add(b),
        BinaryOperator::Minus => a.checked_sub(b),
        BinaryOperator::Multiply => a.checked_mul(b),
        BinaryOperator::Modulo => a.checked_rem(b),
        BinaryOperator::MyIntegerDivide | BinaryOperator::DuckIntegerDivide => a.checked_div(b),
        BinaryOperator::PGBitwiseShiftRight if b >= 63 => Some(0),
        BinaryOperator::PGBitwiseShiftRight => a.checked_shr(u32::try_from(b).ok()?),
        BinaryOperator::BitwiseAnd => Some(a & b),
        BinaryOperator::BitwiseOr => Some(a | b),
        BinaryOperator::PGBitwiseXor => Some(a ^ b),
        _ => None,
    };
    number.map(Datum::Int)
}

fn of_reals(a: f64, op: &BinaryOperator, b: f64) -> Option<Datum> {
    let number = match op {
        BinaryOperator::Plus => a + b,
        BinaryOperator::Minus => a - b,
        BinaryOperator::Multiply => a * b,
        BinaryOperator::Divide if b != 0.0 => a / b,
        _ => return None,
    };
    number.is_finite().then_some(Datum::Real(number))
}

fn is_text(to: &DataType) -> bool {
    matches!(
        to,
        DataType::Text
            | DataType::Varchar(_)
            | DataType::Char(_)
            | DataType::Nvarchar(_)
            | DataType::CharacterVarying(_)
            | DataType::Character(_)
            | DataType::String(_)
    )
}

/// Whether what `op` makes is true or false.
pub(super) fn is_condition(op: &BinaryOperator) -> bool {
    test_of(op).is_some()
        || matches!(
            op,
            BinaryOperator::And
                | BinaryOperator::Or
                | BinaryOperator::Xor
                | BinaryOperator::Spaceship
                | BinaryOperator::PGLikeMatch
                | BinaryOperator::PGILikeMatch
                | BinaryOperator::PGNotLikeMatch
                | BinaryOperator::PGNotILikeMatch
                | BinaryOperator::PGRegexMatch
                | BinaryOperator::PGRegexIMatch
                | BinaryOperator::PGRegexNotMatch
                | BinaryOperator::PGRegexNotIMatch
                | BinaryOperator::Regexp
                | BinaryOperator::Glob
        )
}
