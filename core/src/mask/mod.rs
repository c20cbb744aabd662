//! Finds sensitive values by their shape and replaces them.
//!
//! Value first, context second: one pass picks the few places where a value may start, verifiers
//! with checksums decide, words around the place are looked at only then. The rules are specified
//! in `docs/spec/masking.md`.

mod detector;
mod entity;
mod error;
mod finding;
mod masked;
mod operator;
mod scan;
pub mod shape;
mod stream;

pub use detector::Context;
pub use entity::EntityType;
pub use error::MaskError;
pub use finding::Finding;
pub use masked::{Masked, Unmasked};
pub use operator::{HashKey, MIN_HASH_KEY_BYTES, Operator, Operators};
pub use shape::rows::{ColumnRule, Forced, RowMasker};
pub use stream::{Detectors, MaskedText, Masker, text, text_in_context};

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
