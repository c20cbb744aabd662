//! How two values stand to each other.

use std::cmp::Ordering;

use sqlparser::ast::BinaryOperator;

use super::samples::hash;
use super::{Datum, Grade, Sample, Search, Test, Truth};
use crate::command::Dialect;

impl Search<'_, '_> {
    /// `a` compared with `b`.
    pub(super) fn compare(&self, a: &Sample, b: &Sample, test: Test) -> Truth {
        if a.datum == Datum::Null || b.datum == Datum::Null {
            // With ANSI_NULLS off, a missing value equals a missing value.
            let may_equal = self.aim.dialect() == Dialect::Mssql && a.datum == b.datum;
            return if may_equal { Truth::Open } else { Truth::Null };
        }
        match a.grade.max(b.grade) {
            Grade::Fixed => Truth::Open,
            Grade::Constant => constant_order(&a.datum, &b.datum, test),
            Grade::Theirs | Grade::Row => {
                self.order(a, b).map_or(Truth::Open, |order| Truth::of(test(order)))
            }
        }
    }

    /// `a` compared with `b`, column by column.
    pub(super) fn compare_all(&self, a: &[Sample], b: &[Sample], test: Test) -> Truth {
        if a.len() != b.len() {
            return Truth::Open;
        }
        a.iter().zip(b).fold(Truth::Yes, |all, (a, b)| all.and(self.compare(a, b, test)))
    }

    /// How two values stand to each other; `None` where that is not certain.
    pub(super) fn order(&self, a: &Sample, b: &Sample) -> Option<Ordering> {
        if let (Datum::Cell(a), Datum::Cell(b)) = (&a.datum, &b.datum) {
            return Some(self.probes.get(*a)?.number.cmp(&self.probes.get(*b)?.number));
        }
        // Texts are compared as texts, unless the other side is a number.
        let is_text = |datum: &Datum| matches!(datum, Datum::Text(text) if text.trim().parse::<f64>().is_err());
        if is_text(&a.datum) || is_text(&b.datum) {
            let is_number =
                |datum: &Datum| matches!(datum, Datum::Int(_) | Datum::Real(_) | Datum::Truth(_));
            if is_number(&a.datum) || is_number(&b.datum) {
                return None;
            }
            return Some(self.text(a)?.cmp(&self.text(b)?));
        }
        if let (Some(a), Some(b)) = (self.int(a), self.int(b)) {
            return Some(a.cmp(&b));
        }
        self.real(a)?.partial_cmp(&self.real(b)?)
    }

    pub(super) fn text(&self, value: &Sample) -> Option<String> {
        match &value.datum {
            Datum::Text(text) => Some(text.clone()),
            Datum::Cell(at) => Some(self.probes.get(*at)?.text.clone()),
            Datum::Int(value) => Some(value.to_string()),
            Datum::Real(value) => Some(value.to_string()),
            Datum::Truth(value) => Some(if *value { "t" } else { "f" }.to_owned()),
            Datum::Null | Datum::Open => None,
        }
    }

    pub(super) fn int(&self, value: &Sample) -> Option<i128> {
        match &value.datum {
            Datum::Int(value) => Some(*value),
            Datum::Cell(at) => Some(self.probes.get(*at)?.number),
            Datum::Truth(value) => Some(i128::from(*value)),
            Datum::Text(text) => text.trim().parse().ok(),
            Datum::Real(_) | Datum::Null | Datum::Open => None,
        }
    }

    pub(super) fn real(&self, value: &Sample) -> Option<f64> {
        match &value.datum {
            Datum::Real(value) => Some(*value),
            Datum::Text(text) => text.trim().parse().ok(),
            Datum::Null | Datum::Truth(_) | Datum::Int(_) | Datum::Cell(_) | Datum::Open => {
                // Through its digits: as exact as a float of that size is.
                self.int(value)?.to_string().parse().ok()
            }
        }
    }

    pub(super) fn like(&self, value: &Sample, pattern: &Sample) -> Truth {
        if value.datum == Datum::Null || pattern.datum == Datum::Null {
            return Truth::Null;
        }
        let (Some(text), Some(pattern_text)) = (self.text(value), self.text(pattern)) else {
            return Truth::Open;
        };
        let is_open = !pattern_text.is_empty() && pattern_text.bytes().all(|c| c == b'%');
        if pattern.grade == Grade::Constant && is_open {
            return Truth::Yes;
        }
        if value.grade.max(pattern.grade) <= Grade::Fixed {
            return Truth::Open;
        }
        Truth::of(fits(&text.to_lowercase(), &pattern_text.to_lowercase()))
    }

    pub(super) fn glob(&self, value: &Sample, pattern: &Sample) -> Truth {
        match &pattern.datum {
            Datum::Text(text) if !text.is_empty() && text.bytes().all(|c| c == b'*') => Truth::Yes,
            _ => self.not_computed(3, &[value, pattern]),
        }
    }

    pub(super) fn regex(&self, value: &Sample, pattern: &Sample) -> Truth {
        if let (Datum::Text(text), Grade::Constant) = (&pattern.datum, pattern.grade)
            && fits_all(text)
        {
            return Truth::Yes;
        }
        self.not_computed(5, &[value, pattern])
    }

    /// A condition that is not computed: it holds for some rows.
    pub(super) fn not_computed(&self, what: u64, of: &[&Sample]) -> Truth {
        let value = self.made_of(what, of);
        match value.datum {
            Datum::Cell(at) if value.grade > Grade::Fixed => {
                Truth::of(hash(&[what, u64::try_from(at).unwrap_or(0)], &[]) & 1 == 0)
            }
            _ => Truth::Open,
        }
    }
}

pub(super) fn test_of(op: &BinaryOperator) -> Option<Test> {
    let sign = match op {
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        BinaryOperator::PGCustomBinaryOperator(name) => name.last()?.as_str(),
        _ => return None,
    };
    test_of_sign(sign)
}

fn test_of_sign(sign: &str) -> Option<Test> {
    Some(match sign {
        "=" => Ordering::is_eq,
        "<>" | "!=" => Ordering::is_ne,
        "<" => Ordering::is_lt,
        "<=" => Ordering::is_le,
        ">" => Ordering::is_gt,
        ">=" => Ordering::is_ge,
        _ => return None,
    })
}

/// What holds where the comparison does not.
pub(super) fn opposite(test: Test) -> Test {
    let holds = [Ordering::Less, Ordering::Equal, Ordering::Greater].map(test);
    match holds {
        [false, true, false] => Ordering::is_ne,
        [true, false, true] => Ordering::is_eq,
        [true, false, false] => Ordering::is_ge,
        [true, true, false] => Ordering::is_gt,
        [false, false, true] => Ordering::is_le,
        _ => Ordering::is_lt,
    }
}

/// PostgreSQL's functions behind the operators: `int4eq`, `textne`, `float8lt`.
pub(super) fn test_of_function(name: &str) -> Option<Test> {
    const TYPES: &[&str] = &[
        "bool",
        "bpchar",
        "bytea",
        "char",
        "date_",
        "float4",
        "float48",
        "float8",
        "float84",
        "int2",
        "int24",
        "int28",
        "int4",
        "int42",
        "int48",
        "int8",
        "int82",
        "int84",
        "name",
        "numeric_",
        "oid",
        "text",
        "text_",
        "tid",
        "time_",
        "timestamp_",
        "timestamptz_",
        "uuid_",
        "xid",
    ];
    let signs = [("eq", "="), ("ne", "<>"), ("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">=")];
    signs.into_iter().find_map(|(suffix, sign)| {
        let of = name.strip_suffix(suffix)?;
        TYPES.contains(&of).then(|| test_of_sign(sign))?
    })
}

/// Constants: only what every server agrees about.
fn constant_order(a: &Datum, b: &Datum, test: Test) -> Truth {
    match (a, b) {
        (Datum::Int(a), Datum::Int(b)) => Truth::of(test(a.cmp(b))),
        (Datum::Truth(a), Datum::Truth(b)) => Truth::of(test(a.cmp(b))),
        (Datum::Text(a), Datum::Text(b)) if a == b => Truth::of(test(Ordering::Equal)),
        (Datum::Text(a), Datum::Text(b)) => {
            let plain = |text: &str| text.is_ascii() && text.trim().parse::<f64>().is_err();
            let unlike = plain(a) && plain(b) && !a.trim().eq_ignore_ascii_case(b.trim());
            // The order of texts is the collation's.
            let less = test(Ordering::Less);
            if unlike && less == test(Ordering::Greater) { Truth::of(less) } else { Truth::Open }
        }
        _ => Truth::Open,
    }
}

/// Whether a regular expression is found in every text.
fn fits_all(pattern: &str) -> bool {
    let core = pattern.trim_start_matches('^').trim_end_matches('$');
    matches!(core, "" | ".*" | ".*?" | "(.*)" | ".*.*" | "[\\s\\S]*" | ".?" | "(?s).*")
}

/// Whether `text` fits a LIKE pattern: the usual walk with one place to come back to.
fn fits(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    let (mut t, mut p) = (0_usize, 0_usize);
    let mut back: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some('%') => {
                back = Some((t, p));
                p = p.saturating_add(1);
            }
            Some('\\') if pattern.get(p.saturating_add(1)) == Some(&c) => {
                t = t.saturating_add(1);
                p = p.saturating_add(2);
            }
            Some(&want) if want == '_' || want == c => {
                t = t.saturating_add(1);
                p = p.saturating_add(1);
            }
            _ => {
                let Some((from, percent)) = back else { return false };
                t = from.saturating_add(1);
                p = percent.saturating_add(1);
                back = Some((t, percent));
            }
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|c| *c == '%'))
}
