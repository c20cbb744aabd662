//! Received bytes become a command: which protocol, which statements, and whether two readings
//! agree. Knows protocols, knows nothing of policy.

mod fingerprint;
mod protocol;
pub mod sql;

pub use fingerprint::Fingerprint;
pub use protocol::{Dialect, Other, Protocol};
