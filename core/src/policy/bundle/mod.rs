//! A bundle before it decides: its files, what each may hold, and the trust in it.

pub(crate) mod direction;
pub mod envelope;
pub(crate) mod manifest;
pub(crate) mod names;
pub(crate) mod root;
pub(crate) mod source;
#[cfg(test)]
mod tests;
pub(crate) mod trust;
pub(crate) mod verify;

pub(crate) use source::Source;
