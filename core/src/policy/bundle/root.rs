//! The root document: which keys may do what with bundles, and how many it takes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::crypto::{
    NamedVerifyingKey, SigningKey, VerifyingKey, dsse::Envelope, jcs, json, sha256,
};
use crate::policy::bundle::verify::BundleError;
use crate::primitives::{Digest, Timestamp};

/// The payload type of a root document.
pub const ROOT_PAYLOAD_TYPE: &str = "application/vnd.placet.root+json";

/// Bytes of a root document.
const MAX_ROOT_BYTES: usize = 256 * 1024;

/// Keys of one role.
const MAX_KEYS_OF_A_ROLE: usize = 64;

/// What keys can be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Signs the next root document.
    Root,
    /// Signs every bundle.
    Bundle,
    /// Signs, beside `Bundle`, a bundle that is not proven to tighten.
    Loosen,
    /// Signs a list of revoked keys and bundles.
    Revoke,
}

/// Keys of a role, and how many different ones it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleKeys {
    /// The keys.
    pub keys: Vec<NamedVerifyingKey>,
    /// How many different ones must sign; at least 1.
    pub threshold: u32,
}

/// What a root document says, before it is signed.
///
/// # Examples
/// ```
/// # use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
/// # use placet::policy::{Role, RoleKeys, Root, RootDocument};
/// # use placet::primitives::Timestamp;
/// let key = NamedSigningKey::new(KeyName::parse("security")?, SigningKey::from_seed(&[1; 32]));
/// let all = RoleKeys { keys: vec![key.verifying_key()], threshold: 1 };
/// let document = RootDocument {
///     version: 1,
///     expires: Timestamp::parse("2027-01-01T00:00:00Z").unwrap(),
///     root: all.clone(),
///     bundle: all.clone(),
///     loosen: all.clone(),
///     revoke: all,
/// };
/// let root = Root::pin(&document.sign(&[key.key()])?)?;
/// assert_eq!(root.version(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootDocument {
    /// Increases by one with every document; the first is 1.
    pub version: u64,
    /// From when on nothing verifies under it.
    pub expires: Timestamp,
    /// Keys of [`Role::Root`].
    pub root: RoleKeys,
    /// Keys of [`Role::Bundle`].
    pub bundle: RoleKeys,
    /// Keys of [`Role::Loosen`].
    pub loosen: RoleKeys,
    /// Keys of [`Role::Revoke`].
    pub revoke: RoleKeys,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    expires: String,
    roles: WireRoles,
    v: u8,
    version: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireRoles {
    bundle: WireRole,
    loosen: WireRole,
    revoke: WireRole,
    root: WireRole,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireRole {
    keys: Vec<String>,
    threshold: u32,
}

impl RootDocument {
    /// The document in an envelope, signed. A rotation needs the old and the new root keys.
    ///
    /// # Errors
    /// [`BundleError::RootForm`] (`BND020`) for a document that no reader would accept.
    pub fn sign(&self, keys: &[&SigningKey]) -> Result<Vec<u8>, BundleError> {
        let role = |role: &RoleKeys| WireRole {
            keys: role.keys.iter().map(ToString::to_string).collect(),
            threshold: role.threshold,
        };
        let wire = Wire {
            v: 1,
            version: self.version,
            expires: self.expires.to_string(),
            roles: WireRoles {
                root: role(&self.root),
                bundle: role(&self.bundle),
                loosen: role(&self.loosen),
                revoke: role(&self.revoke),
            },
        };
        let payload = jcs::to_canonical(&wire).map_err(|_| BundleError::RootForm)?;
        read(&payload)?;
        Ok(Envelope::sign(ROOT_PAYLOAD_TYPE, &payload, keys).to_json())
    }
}

fn read(payload: &[u8]) -> Result<RootDocument, BundleError> {
    let value =
        json::parse_strict_within(payload, MAX_ROOT_BYTES, 8).map_err(|_| BundleError::RootForm)?;
    let wire: Wire = serde_json::from_value(value).map_err(|_| BundleError::RootForm)?;
    let expires = Timestamp::parse(&wire.expires).filter(|time| time.to_string() == wire.expires);
    let role = |role: WireRole| {
        let mut keys = Vec::new();
        let mut different = BTreeSet::new();
        for text in &role.keys {
            let key = NamedVerifyingKey::parse(text).map_err(|_| BundleError::RootForm)?;
            // One key under two names would count as two in the eyes of whoever reads the file.
            if !different.insert(*key.key()) {
                return Err(BundleError::RootForm);
            }
            keys.push(key);
        }
        let enough = usize::try_from(role.threshold).is_ok_and(|n| (1..=keys.len()).contains(&n));
        if !enough || keys.len() > MAX_KEYS_OF_A_ROLE {
            return Err(BundleError::RootForm);
        }
        Ok(RoleKeys { keys, threshold: role.threshold })
    };
    if wire.v != 1 || wire.version == 0 {
        return Err(BundleError::RootForm);
    }
    Ok(RootDocument {
        version: wire.version,
        expires: expires.ok_or(BundleError::RootForm)?,
        root: role(wire.roles.root)?,
        bundle: role(wire.roles.bundle)?,
        loosen: role(wire.roles.loosen)?,
        revoke: role(wire.roles.revoke)?,
    })
}

/// A root document that its own keys signed, pinned by the caller or reached from a pinned one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    document: RootDocument,
    digest: Digest,
}

impl Root {
    /// Takes a root document as the start of trust: whoever hands it in vouches for it.
    ///
    /// # Errors
    /// [`BundleError::Envelope`], [`BundleError::RootForm`] (`BND020`), [`BundleError::RootUnsigned`]
    /// (`BND021`) if it is not signed by enough of its own root keys.
    pub fn pin(file: &[u8]) -> Result<Self, BundleError> {
        let envelope = Envelope::parse(file)?;
        // The type is checked before the payload is read: no document of another kind gets that far.
        envelope.signers(ROOT_PAYLOAD_TYPE, &[])?;
        let root = Self { document: read(envelope.payload())?, digest: sha256(envelope.payload()) };
        if root.has_signed(&envelope, ROOT_PAYLOAD_TYPE, Role::Root, &BTreeSet::new())? {
            Ok(root)
        } else {
            Err(BundleError::RootUnsigned)
        }
    }

    /// Follows a rotation: the next version, signed by enough root keys of this document and of its own.
    ///
    /// # Errors
    /// As [`pin`](Self::pin); [`BundleError::RootVersion`] (`BND022`) unless it is exactly the next.
    pub fn rotate(&self, file: &[u8]) -> Result<Self, BundleError> {
        let next = Self::pin(file)?;
        if self.document.version.checked_add(1) != Some(next.document.version) {
            return Err(BundleError::RootVersion);
        }
        let envelope = Envelope::parse(file)?;
        if self.has_signed(&envelope, ROOT_PAYLOAD_TYPE, Role::Root, &BTreeSet::new())? {
            Ok(next)
        } else {
            Err(BundleError::RootUnsigned)
        }
    }

    /// The version of the document.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.document.version
    }

    /// From when on nothing verifies under it.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.document.expires
    }

    /// The digest of the document.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What the document says.
    #[must_use]
    pub const fn document(&self) -> &RootDocument {
        &self.document
    }

    /// Whether enough different keys of a role, none of them revoked, signed the envelope.
    pub(crate) fn has_signed(
        &self,
        envelope: &Envelope,
        payload_type: &str,
        role: Role,
        revoked: &BTreeSet<VerifyingKey>,
    ) -> Result<bool, BundleError> {
        let role = match role {
            Role::Root => &self.document.root,
            Role::Bundle => &self.document.bundle,
            Role::Loosen => &self.document.loosen,
            Role::Revoke => &self.document.revoke,
        };
        let keys: Vec<VerifyingKey> =
            role.keys.iter().map(|key| *key.key()).filter(|key| !revoked.contains(key)).collect();
        let signed = envelope.signers(payload_type, &keys)?.len();
        Ok(usize::try_from(role.threshold).is_ok_and(|needed| signed >= needed))
    }
}
