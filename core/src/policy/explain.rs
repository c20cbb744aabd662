//! Why a decision is what it is: which part of the command met which rule, and what was not known.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::verdict::Verdict;
use crate::primitives::Span;

/// Cells that an explanation holds at most; the others are counted.
pub(crate) const MAX_CELLS: usize = 8;

/// Rules that an explanation holds for a cell at most; the others are counted.
pub(crate) const MAX_RULES: usize = 16;

/// The cells that gave the verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The first of them, in the order of the command.
    pub cells: Vec<CellReason>,
    /// How many more there are.
    pub more_cells: usize,
    /// Names of the facts that were not known and mattered, sorted, without repeats.
    pub unknown: Vec<String>,
}

/// One cell: a part of the command, and the rules that met it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CellReason {
    /// The action's bytes in its command; `None` for what an opaque command may also do.
    pub span: Option<Span>,
    /// As what the cell was decided; `unknown` where that is not known.
    pub op: &'static str,
    /// The action's native word.
    pub verb: Option<String>,
    /// The target; `None` where there is none or it is not known.
    pub target: Option<String>,
    /// The effect; `None` where there is none or it is not known.
    pub effect: Option<&'static str>,
    /// What the cell alone asks for.
    pub verdict: Verdict,
    /// Why: `granted`, `no_rule`, `forbidden` or `limit_exceeded`.
    pub reason: &'static str,
    /// The rules that met it, in bundle order: those that gave its verdict, or granted it.
    pub rules: Vec<RuleReason>,
    /// How many more there are.
    pub more_rules: usize,
}

/// One rule that met a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleReason {
    /// The rule's id.
    #[serde(serialize_with = "text")]
    pub id: Arc<str>,
    /// `yes`, or `possibly` where something was not known.
    pub matched: &'static str,
    /// Whether it grants the cell.
    pub grants: bool,
    /// The file of the bundle that holds it.
    #[serde(serialize_with = "text")]
    pub file: Arc<str>,
    /// Its place in the file.
    pub span: Span,
    /// What was not known: keys of the rule (`target`, `where.env`) and facts of its conditions.
    pub unknown: Vec<String>,
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
