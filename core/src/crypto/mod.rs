//! Digests, keys, signed notes, DSSE envelopes and canonical JSON: used by bundles, log and approvals.
//!
//! Nothing here makes a key, reads a clock or draws randomness: seeds come from the caller, and
//! Ed25519 signatures are deterministic. Verification is strict everywhere: what two honest readers
//! could read differently (a repeated JSON key, a loose base64 ending, a weak key) is refused.

pub mod digest;
pub mod dsse;
pub mod jcs;
pub mod json;
pub mod keys;
pub mod note;

pub use digest::{FieldHasher, Hasher, hmac_sha256, sha256};
pub use keys::{KeyError, KeyName, NamedSigningKey, NamedVerifyingKey, SigningKey, VerifyingKey};
