//! The PostgreSQL protocol, version 3.
//!
//! Source: PostgreSQL documentation, chapter "Frontend/Backend Protocol".

pub mod frame;
