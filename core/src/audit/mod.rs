//! The signed log: events, the RFC 6962 tree over their stored bytes, checkpoints, the verifier.
//!
//! Nothing here touches a file. [`Writer`] turns events into bytes that the caller appends;
//! [`LogVerifier`] takes the bytes of the segments and says what they prove, and where they were
//! changed. `docs/spec/log.md` describes every byte.
//!
//! ```
//! use placet::audit::{Event, EventKind, LogVerifier, Origin, State, Writer};
//! use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
//! use placet::primitives::Timestamp;
//!
//! let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
//! let root = NamedSigningKey::new(KeyName::parse("example.com/audit")?, SigningKey::from_seed(&[1; 32]));
//! let origin = Origin::parse("example.com/audit/gateway-1/5f1d")?;
//! let (mut writer, opened) = Writer::create(origin, &root, &[2; 32], 60, now)?;
//! let mut log = opened.bytes;
//! let body = serde_json::json!({"verdict": "allow"});
//! writer.append(&Event::new(EventKind::Decision, now, &body)?)?;
//! log.extend(writer.commit()?.unwrap().bytes);
//! log.extend(writer.close(now)?.bytes);
//!
//! let mut verifier = LogVerifier::new(root.verifying_key(), None);
//! verifier.begin_segment(0, true);
//! verifier.push(&log);
//! verifier.end_segment();
//! let report = verifier.finish("gateway-1", Some(now)).report;
//! assert_eq!((report.state, report.proven_size), (State::ClosedClean, 4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod checkpoint;
mod diagnose;
pub mod error;
pub mod event;
pub(crate) mod line;
pub mod proof;
pub mod report;
pub mod segment;
pub mod tail;
pub mod tree;
pub mod verify;
pub mod writer;

pub use checkpoint::Checkpoint;
pub use error::{AuditError, Cause};
pub use event::{Event, EventKind, Leaf, Origin};
pub use report::{Class, Report, State, WriterReport};
pub use tail::{Tail, TailKey};
pub use verify::{LogVerifier, Recovered, Verified};
pub use writer::{Ack, Flushed, Group, Mended, Writer};

/// Where events go. An implementation acknowledges only what it has kept as its policy says
/// (handed to the kernel, or synced), and after one failure acknowledges nothing any more.
///
/// No action is forwarded before `append` has returned `Ok`.
pub trait AuditSink: Send + Sync {
    /// Keeps one event.
    ///
    /// # Errors
    /// [`AuditError`]: the event is not in the log as far as the caller may assume; deny.
    fn append(&self, event: &Event) -> Result<Ack, AuditError>;
}
