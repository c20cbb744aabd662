//! Sessions of wire protocols without sockets: bytes in, forward, replace, reply or hold out.
//!
//! One folder a protocol. A session is fed what arrives on either side, in pieces of any size, and
//! gives the same result for every way of cutting them. What it does not understand it refuses.

mod error;
pub mod postgres;

pub use error::WireError;
