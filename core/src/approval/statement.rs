//! An approver's answer as a signed statement, small enough to be checked by hand.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::approval::error::ApprovalError;
use crate::approval::id::{Instance, Nonce, Salt};
use crate::crypto::{FieldHasher, SigningKey, VerifyingKey, jcs, json};
use crate::primitives::{Digest, Timestamp};

/// Stands before every signed statement, so that a signature made for anything else is no answer.
pub const SIGNATURE_PREFIX: &[u8] = b"placet-approval/v1\n";

/// Bytes of one signed statement.
pub const MAX_STATEMENT_BYTES: usize = 16 * 1024;

/// The only version of the statement.
const VERSION: u8 = 1;

/// How an answer is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// An Ed25519 signature by a key that the bundle lists for the approver.
    Key,
    /// A browser's authenticator whose challenge is the statement's digest.
    Webauthn,
    /// A fresh login whose nonce is the statement's digest.
    Oidc,
    /// The gateway's word only.
    Attested,
}

/// What an approver says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Let it run, once.
    Approve,
    /// Do not let it run. Final.
    Deny,
}

/// Who asked, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Requester {
    /// `Principal::id` of the one who sent the command.
    pub id: String,
    /// On whose behalf.
    pub delegator: Option<String>,
}

impl Requester {
    /// Whether `person` is the requester or the delegator, in any letter case: identity providers
    /// write one address in several ways, and a doubt here must cost an approval.
    #[must_use]
    pub fn is(&self, person: &str) -> bool {
        let person = person.to_lowercase();
        self.id.to_lowercase() == person
            || self.delegator.as_ref().is_some_and(|id| id.to_lowercase() == person)
    }
}

/// Where an answer counts: one log, one resource.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// Origin of the gateway's log.
    pub log: String,
    /// Kind of the resource.
    pub resource_kind: String,
    /// Name of the resource.
    pub resource_name: String,
}

/// How many people it takes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Quorum {
    /// Places to be filled, over all specs.
    pub m: u32,
    /// People who may answer.
    pub n: u32,
    /// Names of the specs, sorted; all of them must be met.
    pub specs: Vec<String>,
}

/// What an approver signs: which request, what it does, what was shown, and what the answer is.
///
/// Copied from the request field by field; only `approver`, `verdict` and `comment_hash` are the
/// approver's own, and an earlier `expires` or later `not_before` may be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Version of this form: 1.
    pub v: u8,
    /// How it is proved.
    pub class: Class,
    /// The decision that asked for approval.
    pub decision_id: String,
    /// The ceremony.
    #[serde(deserialize_with = "instance")]
    pub instance: Instance,
    /// What may run: [`BoundCommand::action_hash`](crate::approval::BoundCommand::action_hash).
    #[serde(deserialize_with = "digest")]
    pub action_hash: Digest,
    /// What the approver was shown.
    #[serde(deserialize_with = "digest")]
    pub display_hash: Digest,
    /// The bundle that asked.
    #[serde(deserialize_with = "digest")]
    pub bundle_digest: Digest,
    /// Who asked.
    pub requester: Requester,
    /// Where it counts.
    pub audience: Audience,
    /// Id of the person who answers, as in the bundle.
    pub approver: String,
    /// The answer.
    pub verdict: Answer,
    /// First moment at which it counts.
    #[serde(deserialize_with = "timestamp")]
    pub not_before: Timestamp,
    /// First moment at which it counts no more.
    #[serde(deserialize_with = "timestamp")]
    pub expires: Timestamp,
    /// The request's random part.
    #[serde(deserialize_with = "nonce")]
    pub nonce: Nonce,
    /// How many people it takes.
    pub quorum: Quorum,
    /// Digest of the approver's comment, or null. The comment itself is not in the log.
    #[serde(deserialize_with = "optional_digest")]
    pub comment_hash: Option<Digest>,
}

impl Statement {
    /// Signs the statement.
    ///
    /// # Errors
    /// [`ApprovalError::Malformed`] (`APR001`) for a version that does not exist,
    /// [`ApprovalError::Class`] (`APR002`) for a class that is not proved by a key.
    pub fn sign(self, key: &SigningKey) -> Result<SignedStatement, ApprovalError> {
        let signature = key.sign(&self.message()?);
        Ok(SignedStatement { statement: self, signature })
    }

    /// The bytes under the signature: the prefix and the canonical JSON (RFC 8785).
    fn message(&self) -> Result<Vec<u8>, ApprovalError> {
        match self.class {
            Class::Key => {}
            Class::Webauthn | Class::Oidc | Class::Attested => return Err(ApprovalError::Class),
        }
        if self.v != VERSION {
            return Err(ApprovalError::Malformed);
        }
        let mut message = SIGNATURE_PREFIX.to_vec();
        message.extend(jcs::to_canonical(self).map_err(|_| ApprovalError::Malformed)?);
        Ok(message)
    }
}

/// A statement with its signature: read, but not believed until [`verify`](Self::verify).
///
/// # Examples
/// ```
/// # use placet::approval::SignedStatement;
/// let error = SignedStatement::parse(br#"{"statement":{},"signature":""}"#).unwrap_err();
/// assert_eq!(error.code(), "APR001");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStatement {
    statement: Statement,
    signature: [u8; 64],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    statement: Statement,
    signature: String,
}

impl SignedStatement {
    /// Reads `{"statement":{…},"signature":"<base64>"}`.
    ///
    /// # Errors
    /// [`ApprovalError::Malformed`] (`APR001`): not strict JSON (a key twice, text after the end),
    /// an unknown or missing key, a value of another form, more than [`MAX_STATEMENT_BYTES`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ApprovalError> {
        let value = json::parse_strict_within(bytes, MAX_STATEMENT_BYTES, 8)
            .map_err(|_| ApprovalError::Malformed)?;
        let wire: Wire = serde_json::from_value(value).map_err(|_| ApprovalError::Malformed)?;
        let signature = STANDARD.decode(&wire.signature).map_err(|_| ApprovalError::Malformed)?;
        let signature = signature.try_into().map_err(|_| ApprovalError::Malformed)?;
        Ok(Self { statement: wire.statement, signature })
    }

    /// The form that [`parse`](Self::parse) reads, in canonical JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Texts and small numbers always have a canonical form; empty bytes no reader would accept.
        jcs::to_canonical(self).unwrap_or_default()
    }

    /// What was said. Unproved.
    #[must_use]
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Whether one of `keys` signed this very statement.
    ///
    /// # Errors
    /// [`ApprovalError::Signature`] (`APR004`), [`ApprovalError::Class`] (`APR002`),
    /// [`ApprovalError::Malformed`] (`APR001`).
    pub fn verify(&self, keys: &[VerifyingKey]) -> Result<(), ApprovalError> {
        let message = self.statement.message()?;
        if keys.iter().any(|key| key.verify(&message, &self.signature)) {
            Ok(())
        } else {
            Err(ApprovalError::Signature)
        }
    }
}

impl Serialize for SignedStatement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut object = serializer.serialize_struct("SignedStatement", 2)?;
        object.serialize_field("signature", &STANDARD.encode(self.signature))?;
        object.serialize_field("statement", &self.statement)?;
        object.end()
    }
}

/// The digest of an approver's comment under the request's salt: a short comment cannot be guessed
/// from it, and erasing the salt erases it.
#[must_use]
pub fn comment_hash(salt: &Salt, comment: &str) -> Digest {
    let mut hash = FieldHasher::new("placet-comment/v1");
    hash.field(salt.as_bytes()).field(comment.as_bytes());
    hash.finish()
}

fn instance<'de, D: Deserializer<'de>>(from: D) -> Result<Instance, D::Error> {
    Instance::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn nonce<'de, D: Deserializer<'de>>(from: D) -> Result<Nonce, D::Error> {
    Nonce::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

pub(crate) fn digest<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
    Digest::parse(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("digest"))
}

fn optional_digest<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Digest>, D::Error> {
    Option::<String>::deserialize(from)?
        .map(|text| Digest::parse(&text).ok_or_else(|| D::Error::custom("digest")))
        .transpose()
}

/// One spelling only: what would be printed back.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(from)?;
    Timestamp::parse(&text)
        .filter(|time| time.to_string() == text)
        .ok_or_else(|| D::Error::custom("time"))
}
