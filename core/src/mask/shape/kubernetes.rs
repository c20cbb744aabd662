//! Kubernetes Secrets: values that are secret because of where they stand.
//!
//! `kubectl` prints keys in alphabetical order, so that `data` comes before `kind`. Until the kind
//! is known, such values wait in both forms (see [`Output`](super::output::Output)); what must be
//! decided before that is decided against showing them, unless a value proves that it is no
//! Secret's: the API server takes only base64 there.

use crate::mask::EntityType;
use crate::mask::shape::output::Output;

/// The type of everything below `data` and `stringData` of a Secret.
pub(super) const KIND: EntityType = EntityType::SecretKubernetes;

/// Bytes of input that wait for the kind of their document.
const MAX_UNDECIDED_BYTES: u64 = 64 * 1024;

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

impl Mode {
    /// How what stands below `data` leaves, in an object of this kind.
    pub(super) fn of_data(kind: Kind, in_secret_list: bool, waiting: bool) -> Self {
        match kind {
            Kind::Secret => Self::Secret,
            Kind::Unknown if in_secret_list => Self::Secret,
            Kind::Unknown if waiting => Self::Undecided,
            Kind::Unknown | Kind::SecretList | Kind::Other => Self::Plain,
        }
    }
}

/// A level of nesting, as far as it matters here.
pub(super) trait Level {
    /// Whether the object has named its `apiVersion`.
    fn api_version(&self) -> bool;
    fn mode_mut(&mut self) -> &mut Mode;
}

/// An object whose `data` waits for its kind.
pub(super) struct Waiting {
    depth: usize,
    since: u64,
    /// Whether everything below `data` may be a Secret's.
    may_be_secret: bool,
}

impl Waiting {
    pub(super) const fn new(depth: usize, since: u64) -> Self {
        Self { depth, since, may_be_secret: true }
    }

    /// Whether it is the object at this depth that waits.
    pub(super) const fn is_at(&self, depth: usize) -> bool {
        self.depth == depth
    }

    /// Whether it has waited for longer than its bound.
    pub(super) const fn is_overdue(&self, at: u64) -> bool {
        at.saturating_sub(self.since) > MAX_UNDECIDED_BYTES
    }

    /// A value below `data` is none that a Secret can have there. Says whether that settles the
    /// matter: without an `apiVersion` before it, this is some other object with a member `data`.
    pub(super) fn contradict<L: Level>(&mut self, levels: &[L]) -> bool {
        self.may_be_secret = false;
        let owner = self.depth.checked_sub(1).and_then(|depth| levels.get(depth));
        owner.is_none_or(|level| !level.api_version())
    }

    /// The answer when no more can be learnt: secret where `doubtful` and nothing contradicts.
    pub(super) const fn is_secret(&self, doubtful: bool) -> bool {
        doubtful && self.may_be_secret
    }

    /// Whether nothing has contradicted yet.
    pub(super) const fn may_be_secret(&self) -> bool {
        self.may_be_secret
    }
}

/// Ends the wait for a kind: what waited leaves in the form that `secret` says, and so does what
/// comes at the levels that are still open. `None` where nothing waited.
pub(super) fn settle<L: Level>(
    waiting: &mut Option<Waiting>,
    levels: &mut [L],
    output: &mut Output,
    secret: bool,
) -> Option<Mode> {
    waiting.take()?;
    output.decide(secret);
    let settled = if secret { Mode::Secret } else { Mode::Plain };
    for mode in levels.iter_mut().map(Level::mode_mut) {
        if *mode == Mode::Undecided {
            *mode = settled;
        }
    }
    Some(settled)
}

pub(super) fn is_data_key(key: &[u8]) -> bool {
    key == b"data" || key == b"stringData"
}

/// Whether the text of a last-applied annotation may be that of a Secret.
pub(super) fn mentions_secret(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"Secret").is_some()
}

/// Whether `text` may be a piece of base64: its letters, perhaps broken into lines.
pub(super) fn may_be_base64(text: &[u8]) -> bool {
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/= \t\r\n".contains(byte);
    text.iter().all(belongs)
}

/// Whether the API server could have taken `value` as one of a Secret's `data`.
pub(super) fn may_be_secret_data(value: &[u8]) -> bool {
    let pad = value.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = value.iter().take(value.len() - pad.min(value.len()));
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    pad <= 2 && value.len().is_multiple_of(4) && body.into_iter().all(alphabet)
}
