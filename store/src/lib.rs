//! Files behind placet's core: the log's segments, keys at rest, trusted state, held
//! approvals.
//!
//! The only crate that touches a disk for the log. Core says which bytes; this says where, in
//! which order, and what a failure means: nothing is acknowledged that was not written.
//!
//! ```
//! use placet::audit::{AuditSink, Event, EventKind, State};
//! use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
//! use placet_store::{LogOptions, LogWriter, VerifyOptions, system};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! # let dir = dir.path().join("audit");
//! let name = KeyName::parse("example.com/audit")?;
//! let seed = system::seed()?;
//! let root = NamedSigningKey::new(name, SigningKey::from_seed(&seed));
//! let log = LogWriter::open(LogOptions::new(&dir, "gateway-1"), &root, system::now, system::random)?;
//! let body = serde_json::json!({"verdict": "deny"});
//! log.append(&Event::new(EventKind::Decision, system::now(), &body)?)?; // only now may the action run
//! log.close()?;
//!
//! let report = placet_store::verify(&dir, &root.verifying_key(), &VerifyOptions::default())?;
//! assert_eq!(report.state, State::ClosedClean);
//! # Ok(())
//! # }
//! ```

pub mod approvals;
pub mod error;
pub mod files;
pub mod keys;
pub mod log;
pub mod read;
mod recover;
pub mod state;
pub mod system;
pub mod trusted;

pub use approvals::{ApprovalStore, ApprovalStoreError, Polled, StoredAnswer, Waiting};
pub use error::StoreError;
pub use log::{Durability, LogOptions, LogWriter};
pub use read::{VerifyOptions, for_each_leaf, last_checkpoint, prove, verify};
pub use state::StateFile;
pub use trusted::{TrustError, verify_bundle};
