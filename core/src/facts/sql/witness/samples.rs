//! The rows that are put to a condition.

use sqlparser::ast::{BinaryOperator, Expr, SetExpr, TableFactor, Value};

use super::{Aim, Kind, MAX_PROBES, MAX_STEPS, Missing, Probe, Row, Search, Shown};
use crate::facts::sql::calls::text_value;
use crate::facts::sql::children::children;
use crate::facts::sql::constant::strip;

/// The values that every search has: the ends, nothing and one, two that stand for what is not
/// known, and some that no other table holds.
const OWN: &[(i128, &str, bool)] = &[
    (-(1 << 62), "", false),
    (-1, "-1", true),
    (0, "0", true),
    (1, "1", true),
    (424_242, "mango", true),
    (525_252, "mq7", true),
    (300_017, "fern", false),
    (610_031, "quartz", false),
    (777_041, "Tundra", false),
    (1 << 62, "~~~~", false),
];

/// Columns in which every value is tried.
const MAX_SWEPT: usize = 4;

/// Which of them stand for what is not known.
const UNKNOWN: [usize; 2] = [4, 5];

/// The smallest and the greatest.
pub(super) const ENDS: (usize, usize) = (0, 9);

impl<'e, 'c> Search<'e, 'c> {
    pub(super) fn new(conditions: &[&'e Expr], aim: &'c Aim<'e>) -> Self {
        let probes = OWN.iter().map(|(number, text, shared)| Probe {
            number: *number,
            text: (*text).to_owned(),
            shared: *shared,
        });
        let mut search = Self {
            aim,
            probes: probes.collect(),
            compared: Vec::new(),
            steps: MAX_STEPS,
            row: Row::Mixed(1),
            missing: Missing::Nothing,
            asked: Vec::new(),
            named: Vec::new(),
            beside: Row::Mixed(2),
            their_nulls: false,
            target: Kind::Table { whole: true },
            around: 0..0,
            scopes: Vec::new(),
            stack: Vec::new(),
            queries: aim.queries().clone(),
            touched: false,
            read: false,
            joined: false,
            queries_in: 0,
            scalars: Vec::new(),
        };
        conditions.iter().for_each(|condition| search.collect(condition));
        search.stand_around();
        search
    }

    /// Takes one step, if any is left.
    pub(super) fn step(&mut self) -> bool {
        let left = self.steps.checked_sub(1);
        self.steps = left.unwrap_or(0);
        left.is_some()
    }

    /// Adds the constants of an expression, and what stands beside them.
    pub(super) fn collect(&mut self, expr: &'e Expr) {
        if self.probes.len() >= MAX_PROBES || !self.step() {
            return;
        }
        if let Expr::Value(value) = expr {
            if let Value::Number(digits, _) = &value.value {
                self.add_number(digits);
            } else if let Some(text) = text_value(&value.value) {
                self.add_text(text);
            }
        }
        if let Some(column) = self.aim.column(expr) {
            note(&mut self.named, &column);
        }
        if let Some(inner) = asks_about(expr) {
            self.note_asked(inner);
        }
        if let Expr::BinaryOp { left, op: _, right } = expr {
            self.note_compared(left, right);
            self.note_compared(right, left);
        } else if let Expr::InList { expr, list, negated: _ } = expr {
            list.iter().take(1).for_each(|item| self.note_compared(expr, item));
        } else if let Expr::Between { expr, low, high: _, negated: _ } = expr {
            self.note_compared(expr, low);
        }
        if let Expr::Exists { subquery, negated: _ }
        | Expr::InSubquery { expr: _, subquery, negated: _ }
        | Expr::Subquery(subquery) = expr
        {
            self.collect_body(&subquery.body);
        }
        children(expr, &mut |child| self.collect(child));
    }

    fn collect_body(&mut self, body: &'e SetExpr) {
        if let SetExpr::Select(select) = body {
            select.selection.iter().for_each(|expr| self.collect(expr));
            let factors = select.from.iter().flat_map(|tables| {
                let joined = tables.joins.iter().map(|join| &join.relation);
                std::iter::once(&tables.relation).chain(joined)
            });
            for factor in factors {
                if let TableFactor::Derived { subquery, .. } = factor {
                    self.collect_body(&subquery.body);
                }
            }
        } else if let SetExpr::SetOperation { left, right, .. } = body {
            self.collect_body(left);
            self.collect_body(right);
        } else if let SetExpr::Query(query) = body {
            self.collect_body(&query.body);
        } else if let SetExpr::Values(values) = body {
            values.rows.iter().flat_map(|row| &row.content).for_each(|expr| self.collect(expr));
        }
    }

    fn note_asked(&mut self, expr: &Expr) {
        if let Some(column) = self.aim.column(strip(expr)) {
            note(&mut self.asked, &column);
        }
        children(expr, &mut |child| self.note_asked(child));
    }

    /// Notes the constant that a column of the target is compared with.
    fn note_compared(&mut self, column: &Expr, constant: &Expr) {
        let (Some(column), Expr::Value(value)) = (self.only_name(column), strip(constant)) else {
            return;
        };
        let text = match &value.value {
            Value::Number(digits, _) => digits.as_str(),
            other => match text_value(other) {
                Some(text) => text,
                None => return,
            },
        };
        if let Value::Number(digits, _) = &value.value {
            self.add_number(digits);
        } else {
            self.add_text(text);
        }
        if let Some(at) = self.probes.iter().position(|probe| probe.text == text) {
            self.compared.push((key_of(&column), at));
        }
    }

    /// The one column that an expression is of.
    fn only_name(&self, expr: &Expr) -> Option<String> {
        let expr = strip(expr);
        if let Some(column) = self.aim.column(expr) {
            return Some(column);
        }
        let mut names = Vec::new();
        children(expr, &mut |child| names.extend(self.aim.column(strip(child))));
        if names.len() == 1 { names.pop() } else { None }
    }

    fn add_number(&mut self, digits: &str) {
        let whole: String = digits.chars().take_while(char::is_ascii_digit).collect();
        let Ok(number) = whole.parse::<i128>() else { return };
        let near = [0, 1, -1].map(|step| number.saturating_add(step));
        // A minus stands apart, so that both signs are tried.
        for number in near.into_iter().chain(near.map(i128::saturating_neg)) {
            if i64::try_from(number).is_ok() {
                self.add(number, number.to_string());
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        if let Ok(number) = text.trim().parse::<i64>() {
            self.add(number.into(), text.to_owned());
            return;
        }
        let number = i128::from(hash(&[0, 7], text.as_bytes()) & 0xffff).saturating_add(1_000_000);
        if text.contains(['%', '_']) {
            // A text that the pattern fits.
            let fitting = text.replace('%', "").replace('_', "a");
            self.add(number.saturating_add(200_000), fitting);
        }
        self.add(number, text.to_owned());
    }

    fn add(&mut self, number: i128, text: String) {
        let known = self.probes.iter().any(|probe| probe.number == number || probe.text == text);
        if !known && self.probes.len() < MAX_PROBES {
            self.probes.push(Probe { number, text, shared: true });
        }
    }

    /// The rows to try, the likeliest witness first, and what is missing of them.
    pub(super) fn rows(&self) -> Vec<(Row, Missing)> {
        let given = OWN.len()..self.probes.len();
        let uniform = given.chain(0..OWN.len()).map(Row::Uniform);
        let compared = (0..4).map(Row::Compared);
        let mixed = (2..20).map(Row::Mixed);
        let swept =
            self.named.iter().take(MAX_SWEPT).flat_map(|column| {
                (0..self.probes.len()).map(|at| Row::Swept { column: *column, at })
            });
        let rows: Vec<Row> = std::iter::once(Row::Mixed(1))
            .chain(compared)
            .chain(mixed)
            .chain(uniform)
            .chain(swept)
            .collect();
        let mut tried: Vec<(Row, Missing)> = Vec::new();
        if !self.asked.is_empty() {
            let one = (0..self.asked.len().min(MAX_SWEPT)).map(Missing::One);
            let ways = [Missing::Asked, Missing::All].into_iter().chain(one);
            let few = rows.iter().take(12);
            tried.extend(ways.flat_map(|missing| few.clone().map(move |row| (*row, missing))));
        }
        rows.into_iter().map(|row| (row, Missing::Nothing)).chain(tried).collect()
    }

    /// The rows of other relations that are tried; `whole`: some hold all rows of the target.
    pub(super) fn candidates(&self, whole: bool) -> Vec<Shown> {
        let shared = self.probes.iter().enumerate().filter(|(_, probe)| probe.shared);
        let uniform = shared.map(|(at, _)| Row::Uniform(at));
        let rows: Vec<Row> = (20..23).map(Row::Mixed).chain(uniform).collect();
        let ways = [(true, false), (true, true), (false, false), (false, true)];
        let ways = ways.into_iter().filter(|(same, _)| whole || !same);
        ways.flat_map(|(same, nulls)| rows.iter().map(move |row| Shown { row: *row, same, nulls }))
            .collect()
    }

    /// Whether a column of the target's row has no value.
    pub(super) fn is_missing(&self, key: u64) -> bool {
        match self.missing {
            Missing::Nothing => false,
            Missing::Asked => self.asked.contains(&key),
            Missing::One(at) => self.asked.get(at) == Some(&key),
            Missing::All => true,
        }
    }

    /// The probe that `key` has in the target's row.
    pub(super) fn pick(&self, key: u64) -> usize {
        match self.row {
            Row::Uniform(at) => at,
            Row::Mixed(seed) => index(hash(&[key, seed], &[]), self.probes.len()),
            Row::Swept { column, at } if column == key => at,
            Row::Swept { .. } => index(hash(&[key, 1], &[]), self.probes.len()),
            Row::Compared(turn) => {
                let own = self.compared.iter().filter(|(column, _)| *column == key);
                let own: Vec<usize> = own.map(|(_, at)| *at).collect();
                let any = || index(hash(&[key, 1], &[]), self.probes.len());
                turn.checked_rem(own.len()).and_then(|at| own.get(at).copied()).unwrap_or_else(any)
            }
        }
    }

    /// The probe that `key` has in a row of another relation.
    pub(super) fn pick_theirs(&self, key: u64, row: Row) -> usize {
        match row {
            Row::Uniform(at) => at,
            Row::Mixed(_) | Row::Compared(_) | Row::Swept { .. } => {
                let seed = if let Row::Mixed(seed) = row { seed } else { 2 };
                let shared = self.probes.iter().enumerate().filter(|(_, probe)| probe.shared);
                let shared: Vec<usize> = shared.map(|(at, _)| at).collect();
                let at = index(hash(&[key, seed, 3], &[]), shared.len());
                shared.get(at).copied().unwrap_or(0)
            }
        }
    }

    /// The probe that stands for something that is not known and the same for all rows.
    pub(super) fn pick_unknown(key: u64) -> usize {
        UNKNOWN.get(index(key, UNKNOWN.len())).copied().unwrap_or(0)
    }
}

fn note(columns: &mut Vec<u64>, column: &str) {
    let key = key_of(column);
    if !columns.contains(&key) {
        columns.push(key);
    }
}

/// What a condition does not just pass on where it is null.
fn asks_about(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsDistinctFrom(_, _)
        | Expr::IsNotDistinctFrom(_, _)
        | Expr::BinaryOp { op: BinaryOperator::Spaceship, .. }
        | Expr::Case { .. }
        | Expr::Function(_) => Some(expr),
        _ => None,
    }
}

/// What a column of the target's row is picked by.
pub(super) fn key_of(column: &str) -> u64 {
    hash(&[43], column.as_bytes())
}

/// FNV-1a and a finish, for picking only.
pub(super) fn hash(words: &[u64], bytes: &[u8]) -> u64 {
    let words = words.iter().flat_map(|word| word.to_le_bytes());
    let state =
        words.chain(bytes.iter().copied()).fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let state = (state ^ (state >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state ^ (state >> 32)
}

fn index(hash: u64, len: usize) -> usize {
    let len = u64::try_from(len).unwrap_or(1).max(1);
    usize::try_from(hash.checked_rem(len).unwrap_or(0)).unwrap_or(0)
}
