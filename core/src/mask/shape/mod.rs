//! Where values live: in JSON members, in cells of a row, below the header of a CSV file, in YAML.
//!
//! The streaming shapes take chunks like [`Masker`](crate::mask::Masker) and promise the same: the
//! same output for every way of cutting the input, bounded hold-back, no panic. Structure is
//! copied byte for byte; values are masked with their key or column name as context. Input that
//! leaves the form is masked as text from the place where it leaves it. The rules stand in
//! `docs/spec/masking-shapes.md`.

pub mod csv;
pub mod json;
mod kubernetes;
mod output;
pub mod rows;
pub mod yaml;

/// Bytes of one value that a shape holds before it streams or drops the rest of it.
///
/// Cells and JSON strings are hundreds of bytes; a value beyond this is a document of its own.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;
