//! Kubernetes Secrets: values that are secret because of where they stand.
//!
//! `kubectl` prints keys in alphabetical order, so that `data` comes before `kind`. Until the kind
//! is known, such values wait in both forms (see [`Output`](super::output::Output)); what must be
//! decided before that is decided against showing them, unless a value proves that it is no
//! Secret's: the API server takes only base64 there.

use crate::mask::EntityType;

/// The type of everything below `data` and `stringData` of a Secret.
pub(super) const KIND: EntityType = EntityType::SecretKubernetes;

/// Bytes of input that wait for the kind of their document.
pub(super) const MAX_UNDECIDED_BYTES: u64 = 64 * 1024;

/// The annotation in which `kubectl apply` keeps the whole object, data included.
pub(super) const LAST_APPLIED: &[u8] = b"kubectl.kubernetes.io/last-applied-configuration";

/// What is known of an object's `kind`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Unknown,
    Secret,
    /// The members of its `items` are Secrets that do not say so themselves.
    SecretList,
    Other,
}

impl Kind {
    pub(super) fn of(name: &[u8]) -> Self {
        match name {
            b"Secret" => Self::Secret,
            b"SecretList" => Self::SecretList,
            _ => Self::Other,
        }
    }
}

/// How values at a place leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Plain,
    Undecided,
    Secret,
}

pub(super) fn is_data_key(key: &[u8]) -> bool {
    key == b"data" || key == b"stringData"
}

/// Whether the text of a last-applied annotation may be that of a Secret.
pub(super) fn mentions_secret(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"Secret").is_some()
}

/// Whether the API server could have taken `value` as one of a Secret's `data`.
pub(super) fn may_be_secret_data(value: &[u8]) -> bool {
    let pad = value.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = value.iter().take(value.len() - pad.min(value.len()));
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    pad <= 2 && value.len().is_multiple_of(4) && body.into_iter().all(alphabet)
}
