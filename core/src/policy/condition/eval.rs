//! Checked condition × cell → true, false or unknown.

use std::cmp::Ordering;

use super::{Comparison, Expr, Fact, Literal, Operand, TextTest};
use crate::facts::{Action, Effect, Evasion, EvasionSet, Extent, Op, Target, Understanding};
use crate::policy::pattern::same_name;
use crate::policy::tri::Tri;
use crate::primitives::Timestamp;
use crate::request::{PrincipalKind, Request, Value as Claim};

/// Something that a cell has, certainly has not, or of which nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known<T> {
    /// It is this.
    Is(T),
    /// There is none.
    Nothing,
    /// Not known.
    Unknown,
}

/// What a condition can see of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellFacts<'a> {
    /// `None` in the cell of an opaque command, of which nothing is known.
    pub(crate) action: Option<&'a Action>,
    pub(crate) target: Known<&'a Target>,
    pub(crate) effect: Known<Effect>,
    /// Whether the action's calls are all that there can be.
    pub(crate) calls_complete: bool,
    pub(crate) understanding: Understanding,
    pub(crate) statements: Option<u32>,
    pub(crate) writes: Tri,
    pub(crate) destructive: Tri,
    pub(crate) unbounded: Tri,
    pub(crate) protocol: &'static str,
    pub(crate) evasion: EvasionSet,
}

#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Truth(Tri),
    Int(i64),
    Text(&'a str),
    /// A word of a closed set.
    Word(&'static str),
    Time(Timestamp),
    Set(&'a [String], bool),
    Signs(EvasionSet, bool),
    /// Certainly there, and equal to nothing: the effect of a cell without one.
    Nothing,
    /// Certainly not given: a label or claim that the request lacks.
    Absent,
    Unknown,
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn word<'a, T>(known: Known<T>, name: impl Fn(T) -> &'static str) -> Value<'a> {
    match known {
        Known::Is(value) => Value::Word(name(value)),
        Known::Nothing => Value::Nothing,
        Known::Unknown => Value::Unknown,
    }
}

fn value<'a>(fact: &Fact, cell: &CellFacts<'a>, request: &'a Request) -> Value<'a> {
    let or_unknown = |value: Option<Value<'a>>| value.unwrap_or(Value::Unknown);
    match fact {
        Fact::Op => match cell.action.map(|action| action.op) {
            None | Some(Op::Unknown) => Value::Unknown,
            Some(op) => Value::Word(op.name()),
        },
        Fact::Verb => or_unknown(cell.action.map(|action| Value::Text(&action.verb))),
        Fact::Extent => match cell.action.map(|action| &action.extent) {
            None | Some(Extent::Unknown) => Value::Unknown,
            Some(extent) => Value::Word(extent.name()),
        },
        Fact::MaxRows => {
            let rows = cell.action.and_then(Action::max_rows);
            or_unknown(rows.map(|rows| Value::Int(whole(rows))))
        }
        Fact::Effect => word(cell.effect, Effect::name),
        Fact::Role => word(cell.target, |target| target.role.name()),
        Fact::Kind => word(cell.target, |target| target.kind.name()),
        Fact::Understanding => Value::Word(cell.understanding.name()),
        Fact::Statements => or_unknown(cell.statements.map(|count| Value::Int(i64::from(count)))),
        Fact::Writes => Value::Truth(cell.writes),
        Fact::Destructive => Value::Truth(cell.destructive),
        Fact::Unbounded => Value::Truth(cell.unbounded),
        Fact::Protocol => Value::Word(cell.protocol),
        Fact::Calls => {
            or_unknown(cell.action.map(|action| Value::Set(&action.calls, cell.calls_complete)))
        }
        // A text that was refused may show more than could be seen.
        Fact::Evasion => Value::Signs(cell.evasion, cell.understanding != Understanding::Opaque),
        Fact::PrincipalId => Value::Text(&request.principal.id),
        Fact::PrincipalKind => Value::Word(match request.principal.kind {
            PrincipalKind::Human => "human",
            PrincipalKind::Service => "service",
            PrincipalKind::Agent => "agent",
        }),
        Fact::PrincipalGroups => Value::Set(&request.principal.groups, true),
        Fact::Claim(name) => match request.principal.claims.get(name) {
            None => Value::Absent,
            Some(Claim::Bool(value)) => Value::Truth(Tri::from(*value)),
            Some(Claim::Int(value)) => Value::Int(*value),
            Some(Claim::Text(text)) => Value::Text(text),
            Some(Claim::List(texts)) => Value::Set(texts, true),
        },
        Fact::ResourceKind => Value::Text(&request.resource.kind),
        Fact::ResourceName => Value::Text(&request.resource.name),
        Fact::Label(name) => {
            request.resource.labels.get(name).map_or(Value::Absent, |label| Value::Text(label))
        }
        Fact::SessionLabels => Value::Set(&request.session.labels, true),
        Fact::Counter(name) => {
            let count = request.session.counters.get(name);
            or_unknown(count.map(|count| Value::Int(whole(*count))))
        }
        Fact::Now => or_unknown(request.context.now.map(Value::Time)),
    }
}

fn operand<'a>(operand: &'a Operand, cell: &CellFacts<'a>, request: &'a Request) -> Value<'a> {
    match operand {
        Operand::Fact(fact) => value(fact, cell, request),
        Operand::Literal(literal) => literal_value(literal),
        Operand::Size(fact) => match value(fact, cell, request) {
            Value::Set(_, false)
            | Value::Signs(_, false)
            | Value::Absent
            | Value::Unknown
            | Value::Nothing => Value::Unknown,
            Value::Set(texts, true) => Value::Int(whole(texts.len() as u64)),
            Value::Signs(signs, true) => Value::Int(i64::from(signs.len())),
            Value::Text(text) => Value::Int(whole(text.chars().count() as u64)),
            Value::Truth(_) | Value::Int(_) | Value::Word(_) | Value::Time(_) => Value::Unknown,
        },
    }
}

fn literal_value(literal: &Literal) -> Value<'_> {
    match literal {
        Literal::Bool(value) => Value::Truth(Tri::from(*value)),
        Literal::Int(value) => Value::Int(*value),
        Literal::Text(text) => Value::Text(text),
        Literal::Time(moment) => Value::Time(*moment),
    }
}

/// Whether two values are equal. Values of different types (a claim at run time) cannot be
/// compared: unknown.
fn equal(left: Value<'_>, right: Value<'_>) -> Tri {
    match (left, right) {
        (Value::Unknown | Value::Absent, _) | (_, Value::Unknown | Value::Absent) => Tri::Unknown,
        (Value::Nothing, _) | (_, Value::Nothing) => Tri::False,
        (Value::Truth(a), Value::Truth(b)) => same(a, b),
        (Value::Int(a), Value::Int(b)) => Tri::from(a == b),
        (Value::Time(a), Value::Time(b)) => Tri::from(a == b),
        (Value::Text(a), Value::Text(b)) => same_name(a, b),
        (Value::Text(a), Value::Word(b)) | (Value::Word(b), Value::Text(a)) => same_name(a, b),
        (Value::Word(a), Value::Word(b)) => Tri::from(a == b),
        (
            Value::Truth(_)
            | Value::Int(_)
            | Value::Time(_)
            | Value::Text(_)
            | Value::Word(_)
            | Value::Set(..)
            | Value::Signs(..),
            _,
        ) => Tri::Unknown,
    }
}

fn same(a: Tri, b: Tri) -> Tri {
    a.and(b).or(a.not().and(b.not()))
}

fn compare(left: Value<'_>, op: Comparison, right: Value<'_>) -> Tri {
    let ordered = |holds: fn(Ordering) -> bool| match (left, right) {
        (Value::Int(a), Value::Int(b)) => Tri::from(holds(a.cmp(&b))),
        (Value::Time(a), Value::Time(b)) => Tri::from(holds(a.cmp(&b))),
        (
            Value::Truth(_)
            | Value::Int(_)
            | Value::Time(_)
            | Value::Text(_)
            | Value::Word(_)
            | Value::Set(..)
            | Value::Signs(..)
            | Value::Nothing
            | Value::Absent
            | Value::Unknown,
            _,
        ) => Tri::Unknown,
    };
    match op {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => equal(left, right).not(),
        Comparison::Less => ordered(Ordering::is_lt),
        Comparison::LessOrEqual => ordered(Ordering::is_le),
        Comparison::Greater => ordered(Ordering::is_gt),
        Comparison::GreaterOrEqual => ordered(Ordering::is_ge),
    }
}

fn member(item: Value<'_>, set: Value<'_>) -> Tri {
    match (item, set) {
        (Value::Text(text), Value::Set(texts, complete)) => {
            let otherwise = if complete { Tri::False } else { Tri::Unknown };
            texts.iter().fold(otherwise, |found, member| found.or(same_name(member, text)))
        }
        (Value::Text(text), Value::Signs(signs, complete)) => {
            match Evasion::parse(text).is_some_and(|sign| signs.contains(sign)) {
                true => Tri::True,
                false if complete => Tri::False,
                false => Tri::Unknown,
            }
        }
        (
            Value::Truth(_)
            | Value::Int(_)
            | Value::Time(_)
            | Value::Text(_)
            | Value::Word(_)
            | Value::Set(..)
            | Value::Signs(..)
            | Value::Nothing
            | Value::Absent
            | Value::Unknown,
            _,
        ) => Tri::Unknown,
    }
}

fn text_test(value: Value<'_>, test: TextTest, part: &str) -> Tri {
    let Value::Text(text) = value else { return Tri::Unknown };
    let holds = |text: &str, part: &str| match test {
        TextTest::StartsWith => text.starts_with(part),
        TextTest::EndsWith => text.ends_with(part),
        TextTest::Contains => text.contains(part),
    };
    if holds(text, part) {
        Tri::True
    } else {
        Tri::from(holds(&text.to_lowercase(), &part.to_lowercase())).at_most_possible()
    }
}

pub(super) fn eval(expr: &Expr, cell: &CellFacts<'_>, request: &Request) -> Tri {
    match expr {
        Expr::Const(known) => Tri::from(*known),
        Expr::Truth(fact) => match value(fact, cell, request) {
            Value::Truth(truth) => truth,
            Value::Int(_)
            | Value::Text(_)
            | Value::Word(_)
            | Value::Time(_)
            | Value::Set(..)
            | Value::Signs(..)
            | Value::Nothing
            | Value::Absent
            | Value::Unknown => Tri::Unknown,
        },
        Expr::Not(inner) => eval(inner, cell, request).not(),
        Expr::All(parts) => {
            parts.iter().fold(Tri::True, |all, part| all.and(eval(part, cell, request)))
        }
        Expr::Any(parts) => {
            parts.iter().fold(Tri::False, |any, part| any.or(eval(part, cell, request)))
        }
        Expr::Same(left, right) => same(eval(left, cell, request), eval(right, cell, request)),
        Expr::Compare { left, op, right } => {
            compare(operand(left, cell, request), *op, operand(right, cell, request))
        }
        Expr::OneOf { item, list } => {
            let item = operand(item, cell, request);
            list.iter().fold(Tri::False, |any, one| any.or(equal(item, literal_value(one))))
        }
        Expr::Member { item, set } => {
            member(operand(item, cell, request), value(set, cell, request))
        }
        Expr::Text { text, test, part } => text_test(operand(text, cell, request), *test, part),
        Expr::Has(fact) => match value(fact, cell, request) {
            Value::Nothing | Value::Absent => Tri::False,
            Value::Unknown => Tri::Unknown,
            Value::Truth(_)
            | Value::Int(_)
            | Value::Text(_)
            | Value::Word(_)
            | Value::Time(_)
            | Value::Set(..)
            | Value::Signs(..) => Tri::True,
        },
    }
}

/// Adds the names of the facts that are not known for this cell.
pub(super) fn unknowns(
    expr: &Expr,
    cell: &CellFacts<'_>,
    request: &Request,
    names: &mut Vec<String>,
) {
    let mut note = |fact: &Fact, undecided: bool| {
        let name = fact.name();
        if undecided && !names.contains(&name) {
            names.push(name);
        }
    };
    let undecided = |fact: &Fact| match value(fact, cell, request) {
        Value::Unknown
        | Value::Absent
        | Value::Truth(Tri::Unknown)
        | Value::Set(_, false)
        | Value::Signs(_, false) => true,
        Value::Truth(_)
        | Value::Int(_)
        | Value::Text(_)
        | Value::Word(_)
        | Value::Time(_)
        | Value::Set(_, true)
        | Value::Signs(_, true)
        | Value::Nothing => false,
    };
    match expr {
        Expr::Const(_) => {}
        Expr::Truth(fact) | Expr::Has(fact) => note(fact, undecided(fact)),
        Expr::Not(inner) => unknowns(inner, cell, request, names),
        Expr::All(parts) | Expr::Any(parts) => {
            parts.iter().for_each(|part| unknowns(part, cell, request, names));
        }
        Expr::Same(left, right) => {
            unknowns(left, cell, request, names);
            unknowns(right, cell, request, names);
        }
        Expr::Compare { left, right, .. } => {
            for side in [left, right] {
                if let Operand::Fact(fact) | Operand::Size(fact) = side {
                    note(fact, undecided(fact));
                }
            }
        }
        Expr::OneOf { item, .. } | Expr::Text { text: item, .. } => {
            if let Operand::Fact(fact) | Operand::Size(fact) = item {
                note(fact, undecided(fact));
            }
        }
        Expr::Member { item, set } => {
            note(set, undecided(set));
            if let Operand::Fact(fact) | Operand::Size(fact) = item {
                note(fact, undecided(fact));
            }
        }
    }
}
