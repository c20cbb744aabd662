//! Conditions: a small typed language with CEL's surface syntax, read once, without loops,
//! evaluated in three values.
//!
//! Grammar, types and truth tables are specified in `docs/spec/bundle.md`, the facts in
//! `docs/spec/facts.md`.

mod check;
mod eval;
mod fact;
mod parse;

pub(crate) use eval::{CellFacts, Known};
pub(crate) use fact::Fact;

use super::error::CompileErrorKind as Kind;
use super::tri::Tri;
use crate::primitives::{Span, Timestamp};
use crate::request::Request;

/// A condition that compiled: every name is known, every comparison is between like types.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    expr: Expr,
    /// Its place in the file.
    pub(crate) span: Span,
}

/// Why a condition did not compile; the span is relative to its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Condition {
    /// Reads and checks `text`; `span` is where it stands.
    pub(crate) fn compile(text: &str, span: Span) -> Result<Self, Vec<Fault>> {
        let node = parse::parse(text).map_err(|fault| vec![fault])?;
        let mut faults = Vec::new();
        match check::check(&node, &mut faults) {
            Some(expr) if faults.is_empty() => Ok(Self { expr, span }),
            _ => Err(faults),
        }
    }

    /// Whether it holds for a cell. Cost: linear in the size of the condition.
    pub(crate) fn eval(&self, cell: &CellFacts<'_>, request: &Request) -> Tri {
        eval::eval(&self.expr, cell, request)
    }

    /// The facts that are not known for this cell, in the order of the condition's text.
    pub(crate) fn unknowns(&self, cell: &CellFacts<'_>, request: &Request) -> Vec<String> {
        let mut names = Vec::new();
        eval::unknowns(&self.expr, cell, request, &mut names);
        names
    }

    /// Calls `visit` with every fact that it names.
    pub(crate) fn each_fact(&self, visit: &mut impl FnMut(&Fact)) {
        self.expr.each_fact(visit);
    }

    /// Whether the condition is the same for everything: it names no fact and no function.
    pub(crate) fn constant(&self) -> Option<bool> {
        match &self.expr {
            Expr::Const(value) => Some(*value),
            Expr::Truth(_)
            | Expr::Not(_)
            | Expr::All(_)
            | Expr::Any(_)
            | Expr::Same(..)
            | Expr::Compare { .. }
            | Expr::OneOf { .. }
            | Expr::Member { .. }
            | Expr::Text { .. }
            | Expr::Has(_) => None,
        }
    }
}

/// A checked condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Const(bool),
    /// A fact that is true or false itself.
    Truth(Fact),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    /// Two truths that are equal.
    Same(Box<Self>, Box<Self>),
    Compare {
        left: Operand,
        op: Comparison,
        right: Operand,
    },
    /// One of these values.
    OneOf {
        item: Operand,
        list: Vec<Literal>,
    },
    /// A member of a fact that is a set.
    Member {
        item: Operand,
        set: Fact,
    },
    Text {
        text: Operand,
        test: TextTest,
        part: String,
    },
    Has(Fact),
}

impl Expr {
    fn each_fact(&self, visit: &mut impl FnMut(&Fact)) {
        match self {
            Self::Const(_) => {}
            Self::Truth(fact) | Self::Has(fact) => visit(fact),
            Self::Not(inner) => inner.each_fact(visit),
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.each_fact(visit));
            }
            Self::Same(left, right) => {
                left.each_fact(visit);
                right.each_fact(visit);
            }
            Self::Compare { left, op: _, right } => {
                left.each_fact(visit);
                right.each_fact(visit);
            }
            Self::OneOf { item, list: _ } | Self::Text { text: item, test: _, part: _ } => {
                item.each_fact(visit);
            }
            Self::Member { item, set } => {
                item.each_fact(visit);
                visit(set);
            }
        }
    }
}

impl Operand {
    fn each_fact(&self, visit: &mut impl FnMut(&Fact)) {
        match self {
            Self::Fact(fact) | Self::Size(fact) => visit(fact),
            Self::Literal(_) => {}
        }
    }
}

/// A value of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Fact(Fact),
    Literal(Literal),
    /// Members of a set, or characters of a text.
    Size(Fact),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Bool(bool),
    Int(i64),
    Text(String),
    Time(Timestamp),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTest {
    StartsWith,
    EndsWith,
    Contains,
}

#[cfg(test)]
mod tests;
