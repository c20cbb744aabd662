//! What a verifier remembers between two bundles, so that nothing goes back.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::crypto::{NamedVerifyingKey, SigningKey, VerifyingKey, dsse::Envelope, jcs, json};
use crate::policy::bundle::Source;
use crate::policy::bundle::envelope;
use crate::policy::bundle::root::{Role, Root};
use crate::policy::bundle::verify::BundleError;
use crate::primitives::{Digest, Timestamp};

/// The payload type of a list of revoked keys and bundles.
pub const REVOCATION_PAYLOAD_TYPE: &str = "application/vnd.placet.revocation+json";

/// Keys and bundles that one list can revoke.
const MAX_REVOKED: usize = 4096;

/// The memory of one place where bundles are used: one gateway, one layer.
///
/// It belongs to the first bundle that was accepted with it: a bundle of another name is refused,
/// because a validly signed bundle that was meant for somewhere else is an attack too.
///
/// Keep it where the agent cannot write, and save it before a bundle that was verified with it
/// decides anything. Losing it loses the protection against older bundles; a damaged one is refused.
///
/// # Examples
/// ```
/// # use placet::policy::TrustedState;
/// let state = TrustedState::new();
/// let text = state.to_json();
/// assert_eq!(TrustedState::parse(&text)?, state);
/// assert_eq!(TrustedState::parse(b"{}").unwrap_err().code(), "BND016");
/// # Ok::<(), placet::policy::BundleError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct TrustedState {
    pub(crate) root: Option<(u64, Digest)>,
    pub(crate) seen: Option<Timestamp>,
    pub(crate) active: Option<Active>,
    pub(crate) revocation: u64,
    pub(crate) revoked_keys: BTreeSet<VerifyingKey>,
    pub(crate) revoked_bundles: BTreeSet<Digest>,
}

/// The bundle in force: its name and number, and its files, which the next one is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Active {
    pub(crate) name: String,
    pub(crate) sequence: u64,
    pub(crate) digest: Digest,
    pub(crate) source: Source,
}

impl TrustedState {
    /// A memory that has seen nothing: the first bundle needs the signatures of a loosening one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// [`BundleError::State`] (`BND016`): fails closed, never an empty state.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let value = json::parse_strict(bytes).map_err(|_| BundleError::State)?;
        serde_json::from_value(value).map_err(|_| BundleError::State)
    }

    /// The form for a file.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts and small numbers always serialise; empty bytes would be refused on reading.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Name, sequence and digest of the bundle in force.
    #[must_use]
    pub fn active(&self) -> Option<(&str, u64, Digest)> {
        self.active.as_ref().map(|active| (active.name.as_str(), active.sequence, active.digest))
    }

    /// Takes a list of revoked keys and bundles, signed by the `revoke` role. Lists only add: what
    /// was revoked stays revoked, whichever lists are kept back afterwards.
    ///
    /// # Errors
    /// [`BundleError::Envelope`], [`BundleError::Revocation`] (`BND017`): not enough signatures, not
    /// a list, or not newer than the last one.
    pub fn revoke(&self, file: &[u8], root: &Root) -> Result<Self, BundleError> {
        let envelope = Envelope::parse(file)?;
        let signed =
            root.has_signed(&envelope, REVOCATION_PAYLOAD_TYPE, Role::Revoke, &self.revoked_keys)?;
        let value = json::parse_strict(envelope.payload()).map_err(|_| BundleError::Revocation)?;
        let list: WireRevocation =
            serde_json::from_value(value).map_err(|_| BundleError::Revocation)?;
        let fits = signed
            && list.v == 1
            && list.version > self.revocation
            && list.keys.len() <= MAX_REVOKED
            && list.bundles.len() <= MAX_REVOKED;
        if !fits {
            return Err(BundleError::Revocation);
        }
        let mut next = Self { revocation: list.version, ..self.clone() };
        for key in &list.keys {
            let key = NamedVerifyingKey::parse(key).map_err(|_| BundleError::Revocation)?;
            next.revoked_keys.insert(*key.key());
        }
        for digest in &list.bundles {
            let digest = Digest::parse(digest).ok_or(BundleError::Revocation)?;
            next.revoked_bundles.insert(digest);
        }
        Ok(next)
    }
}

/// A list of revoked keys and bundles, before it is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocation {
    /// Increases with every list; the first is 1.
    pub version: u64,
    /// Keys whose signatures on bundles count no more.
    pub keys: Vec<NamedVerifyingKey>,
    /// Bundles that are never taken again.
    pub bundles: Vec<Digest>,
}

impl Revocation {
    /// The list in an envelope, signed.
    ///
    /// # Errors
    /// [`BundleError::Revocation`] (`BND017`) for a version past 2^53.
    pub fn sign(&self, keys: &[&SigningKey]) -> Result<Vec<u8>, BundleError> {
        let wire = WireRevocation {
            bundles: self.bundles.iter().map(ToString::to_string).collect(),
            keys: self.keys.iter().map(ToString::to_string).collect(),
            v: 1,
            version: self.version,
        };
        let payload = jcs::to_canonical(&wire).map_err(|_| BundleError::Revocation)?;
        Ok(Envelope::sign(REVOCATION_PAYLOAD_TYPE, &payload, keys).to_json())
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireRevocation {
    bundles: Vec<String>,
    keys: Vec<String>,
    v: u8,
    version: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u8,
    root: Option<WireRoot>,
    seen: Option<String>,
    active: Option<WireActive>,
    revocation: u64,
    revoked_keys: Vec<String>,
    revoked_bundles: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireRoot {
    version: u64,
    digest: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireActive {
    name: String,
    sequence: u64,
    digest: String,
    payload: String,
}

impl From<TrustedState> for Wire {
    fn from(state: TrustedState) -> Self {
        Self {
            v: 1,
            root: state
                .root
                .map(|(version, digest)| WireRoot { version, digest: digest.to_string() }),
            seen: state.seen.map(|time| time.to_string()),
            active: state.active.map(|active| WireActive {
                payload: String::from_utf8(envelope::payload(&active.source)).unwrap_or_default(),
                name: active.name,
                sequence: active.sequence,
                digest: active.digest.to_string(),
            }),
            revocation: state.revocation,
            revoked_keys: state
                .revoked_keys
                .iter()
                .map(|key| STANDARD.encode(key.as_bytes()))
                .collect(),
            revoked_bundles: state.revoked_bundles.iter().map(ToString::to_string).collect(),
        }
    }
}

impl TryFrom<Wire> for TrustedState {
    type Error = BundleError;

    fn try_from(wire: Wire) -> Result<Self, BundleError> {
        let digest = |text: &str| Digest::parse(text).ok_or(BundleError::State);
        let key = |text: &String| {
            let bytes = STANDARD.decode(text).map_err(|_| BundleError::State)?;
            let bytes: [u8; 32] = bytes.try_into().map_err(|_| BundleError::State)?;
            VerifyingKey::from_bytes(&bytes).map_err(|_| BundleError::State)
        };
        let active = |active: WireActive| {
            let source =
                envelope::unpack(active.payload.as_bytes()).map_err(|_| BundleError::State)?;
            let digest = digest(&active.digest)?;
            if source.digest() != digest {
                return Err(BundleError::State);
            }
            Ok(Active { name: active.name, sequence: active.sequence, digest, source })
        };
        if wire.v != 1 {
            return Err(BundleError::State);
        }
        Ok(Self {
            root: wire
                .root
                .map(|root| Ok::<_, BundleError>((root.version, digest(&root.digest)?)))
                .transpose()?,
            seen: wire
                .seen
                .map(|time| Timestamp::parse(&time).ok_or(BundleError::State))
                .transpose()?,
            active: wire.active.map(active).transpose()?,
            revocation: wire.revocation,
            revoked_keys: wire.revoked_keys.iter().map(key).collect::<Result<_, _>>()?,
            revoked_bundles: wire
                .revoked_bundles
                .iter()
                .map(|text| digest(text))
                .collect::<Result<_, _>>()?,
        })
    }
}
