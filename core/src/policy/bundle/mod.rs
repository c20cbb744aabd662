//! A bundle before it is compiled: its files and what each may hold.

pub(crate) mod manifest;
pub(crate) mod names;
pub(crate) mod source;

pub(crate) use source::Source;
