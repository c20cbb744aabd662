//! Rules over facts: bundles, compilation, decision, explanation.
//!
//! [`compile`] turns the files of a bundle ([`Source`]) into a [`RuleSet`], or reports every
//! problem at once. [`RuleSet::decide`] answers a [`Request`](crate::request::Request) about
//! [`Facts`](crate::facts::Facts) with a [`Decision`]; it is total, reads nothing but its
//! arguments, and gives the same answer for the same arguments for ever. The format and the
//! semantics are specified in `docs/spec/bundle.md`.

mod basis;
mod bundle;
mod cell;
mod compile;
mod condition;
mod decide;
mod decision;
mod error;
mod explain;
mod lint;
mod matching;
mod obligation;
mod packs;
mod pattern;
mod read;
#[cfg(test)]
mod reference;
mod risk;
mod rule;
mod tags;
#[cfg(test)]
mod tests;
mod tri;
mod verdict;

pub use basis::Basis;
pub use bundle::direction::{Loosening, loosenings};
pub use bundle::envelope;
pub use bundle::manifest::{BundleTest, ExampleSetting, Layer, Loosens, Manifest, OnExpiry};
pub use bundle::root::{ROOT_PAYLOAD_TYPE, Role, RoleKeys, Root, RootDocument};
pub use bundle::source::Source;
pub use bundle::trust::{REVOCATION_PAYLOAD_TYPE, Revocation, TrustedState};
pub use bundle::verify::{BundleError, MAX_SEQUENCE_JUMP, VerifiedBundle};
pub use compile::{Example, RuleSet, RuleTexts, compile};
pub use decision::{DECISION_REASONS, Decision, Stamp};
pub use error::{CompileError, CompileErrorKind, CompileErrors};
pub use explain::{CellReason, Explanation, RuleReason};
pub use lint::{LINTS, Lint, lint};
pub use obligation::{MaskObligation, MaskedColumn, MaskedColumns, Obligation};
pub use packs::{PACKS, pack, pack_source};
pub use risk::{Risk, RiskAddend};
pub use tri::Tri;
pub use verdict::Verdict;
