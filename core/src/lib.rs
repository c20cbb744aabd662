//! placet understands what a command would do, decides under a policy bundle, masks what comes
//! back and keeps a log that an outsider can verify.
//!
//! The core is a calculator: bytes, time, keys and randomness come in as arguments, answers come
//! out. It reads no clock, network, disk or environment.
//!
//! The paved path: a [`policy::VerifiedBundle`] makes an [`engine::Engine`]; its
//! [`decide`](engine::Engine::decide) gives [`facts::Facts`] and a [`policy::Decision`]; the
//! decision event goes into an [`audit::AuditSink`] before anything is forwarded; what comes back
//! goes through a [`mask::RowMasker`] or a [`mask::Masker`]; a held command becomes an
//! [`approval::Hold`].
#![doc = ""]
#![doc = include_str!("../../README.md")]

pub mod approval;
pub mod audit;
pub mod command;
pub mod crypto;
pub mod engine;
pub mod facts;
pub mod limits;
pub mod mask;
pub mod policy;
pub mod primitives;
pub mod request;
pub mod schema;
pub mod wire;
