//! The answer with everything that explains it.

use std::sync::Arc;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::explain::Explanation;
use super::obligation::Obligation;
use super::risk::Risk;
use super::verdict::Verdict;
use crate::facts::Understanding;
use crate::primitives::Digest;

/// Something about the bundle that every reader of a decision must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stamp {
    /// The bundle is a development bundle without a signature.
    Unsigned,
    /// No state protects against an older bundle.
    RollbackUnprotected,
    /// The bundle or a rule expires, and the caller gave no time.
    ExpiryUnchecked,
}

impl Stamp {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::RollbackUnprotected => "rollback_unprotected",
            Self::ExpiryUnchecked => "expiry_unchecked",
        }
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Reason codes that a decision adds to those of the facts.
pub const DECISION_REASONS: &[(&str, &str)] = &[
    ("no_rule", "no rule grants a part of the command"),
    ("forbidden", "a rule denies a part of the command"),
    ("limit_exceeded", "a write may touch more rows than a limit allows"),
    ("unenforceable", "the caller cannot do what the rules oblige it to do"),
    ("bundle_expired", "the bundle is past its expiry"),
    ("risk", "the risk reaches a band of the bundle"),
];

/// What is to happen with a command, why, and what the caller must do.
#[must_use = "a decision that is not enforced is a bypass"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// The rules that gave it, in bundle order; empty where none did.
    pub rules: Vec<Arc<str>>,
    /// Codes: why the command was not understood better, then why the answer is a deny.
    pub reasons: Vec<&'static str>,
    /// How far the command was understood, code inside it included.
    pub understanding: Understanding,
    /// The risk with its addends.
    pub risk: Risk,
    /// What must be done; empty under deny.
    pub obligations: Vec<Obligation>,
    /// The remedy of the first determining rule that has one: text for the agent.
    pub remedy: Option<String>,
    /// The bundle that decided.
    pub bundle: Digest,
    /// What must be known of the bundle.
    pub stamps: Vec<Stamp>,
    /// Which part of the command met which rule.
    pub explanation: Explanation,
}

impl Decision {
    /// Writes the entries of the decision object into `map`, so that a face can put its own keys
    /// (`id`) in front of them.
    ///
    /// # Errors
    /// Whatever the serializer reports.
    pub fn serialize_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("verdict", &self.verdict)?;
        let rules: Vec<&str> = self.rules.iter().map(|rule| &**rule).collect();
        map.serialize_entry("rules", &rules)?;
        map.serialize_entry("reasons", &self.reasons)?;
        map.serialize_entry("understanding", self.understanding.name())?;
        map.serialize_entry("risk", &self.risk.score)?;
        map.serialize_entry("obligations", &self.obligations)?;
        map.serialize_entry("remedy", &self.remedy)?;
        map.serialize_entry("bundle", &self.bundle)?;
        map.serialize_entry("stamps", &self.stamps)?;
        map.serialize_entry("explanation", &ExplanationWithRisk(self))
    }
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.serialize_entries(&mut map)?;
        map.end()
    }
}

/// The explanation as the command line shows it: the risk's addends stand beside the cells.
struct ExplanationWithRisk<'a>(&'a Decision);

impl Serialize for ExplanationWithRisk<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("cells", &self.0.explanation.cells)?;
        map.serialize_entry("more_cells", &self.0.explanation.more_cells)?;
        map.serialize_entry("unknown", &self.0.explanation.unknown)?;
        map.serialize_entry("risk", &self.0.risk.addends)?;
        map.end()
    }
}
