//! DSSE envelopes (in-toto, version 1): a payload with its type and detached signatures.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use crate::crypto::{
    json::MAX_JSON_BYTES,
    keys::{SigningKey, VerifyingKey},
};

/// Signatures of one envelope; a threshold is a handful of people.
pub const MAX_ENVELOPE_SIGNATURES: usize = 64;

/// Why an envelope was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// More bytes or signatures than the bounds.
    #[error("the envelope is too large")]
    TooLarge,
    /// Not a JSON envelope: unknown or repeated keys, base64 that is not in its one proper form.
    #[error("not a DSSE envelope")]
    Form,
    /// The payload is of another type than the caller expects.
    #[error("the envelope holds another type of payload")]
    PayloadType,
}

impl EnvelopeError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("BND101", "a signed envelope is larger than its bound"),
        ("BND102", "not a DSSE envelope"),
        ("BND103", "the envelope holds another type of payload"),
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "BND101",
            Self::Form => "BND102",
            Self::PayloadType => "BND103",
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::TooLarge => "split the document, or sign with fewer keys",
            Self::Form => "give the file exactly as it was signed",
            Self::PayloadType => "check that this is the file you meant",
        }
    }
}

/// An envelope: read, but not yet believed. [`signers`](Self::signers) says who signed.
///
/// # Examples
/// ```
/// # use placet::crypto::{SigningKey, dsse::Envelope};
/// let (a, b) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
/// let file = Envelope::sign("text/plain", b"payload", &[&a]).to_json();
/// let envelope = Envelope::parse(&file)?;
/// let known = [a.verifying_key(), b.verifying_key()];
/// let signers = envelope.signers("text/plain", &known)?;
/// assert_eq!(signers.len(), 1);
/// assert_eq!(envelope.payload(), b"payload");
/// # Ok::<(), placet::crypto::dsse::EnvelopeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Vec<u8>>,
    key_ids: Vec<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Envelope {
    /// An envelope of `payload` with a signature of every key. The key id is the key's digest.
    #[must_use]
    pub fn sign(payload_type: &str, payload: &[u8], keys: &[&SigningKey]) -> Self {
        let mut envelope = Self {
            payload_type: payload_type.to_owned(),
            payload: payload.to_vec(),
            signatures: Vec::new(),
            key_ids: Vec::new(),
        };
        keys.iter().for_each(|key| envelope.add_signature(key));
        envelope
    }

    /// Adds one key's signature: signers need not meet.
    pub fn add_signature(&mut self, key: &SigningKey) {
        self.signatures.push(key.sign(&pae(&self.payload_type, &self.payload)).to_vec());
        self.key_ids.push(key.verifying_key().id().to_string());
    }

    /// Reads the JSON form. Believes nothing in it.
    ///
    /// Stricter than DSSE: unknown keys and repeated keys are refused, and base64 is the standard
    /// alphabet with padding, so that one envelope has few spellings.
    ///
    /// # Errors
    /// [`EnvelopeError::Form`], [`EnvelopeError::TooLarge`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_JSON_BYTES {
            return Err(EnvelopeError::TooLarge);
        }
        // A derived reader refuses a repeated field by itself.
        let wire: Wire = serde_json::from_slice(bytes).map_err(|_| EnvelopeError::Form)?;
        if wire.signatures.len() > MAX_ENVELOPE_SIGNATURES {
            return Err(EnvelopeError::TooLarge);
        }
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| EnvelopeError::Form);
        let mut envelope = Self {
            payload: decode(&wire.payload)?,
            payload_type: wire.payload_type,
            signatures: Vec::new(),
            key_ids: Vec::new(),
        };
        for signature in wire.signatures {
            envelope.signatures.push(decode(&signature.sig)?);
            envelope.key_ids.push(signature.keyid);
        }
        Ok(envelope)
    }

    /// The JSON form, one line, without a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let signatures = self
            .signatures
            .iter()
            .zip(&self.key_ids)
            .map(|(sig, keyid)| WireSignature { keyid: keyid.clone(), sig: STANDARD.encode(sig) });
        let wire = Wire {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: signatures.collect(),
        };
        // A struct of strings always serialises; empty bytes would be refused by every reader.
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Which of `keys` signed this payload as `payload_type`: distinct public keys, each once.
    ///
    /// Compare a threshold with the size of this set and with nothing else: the key ids in the
    /// envelope are hints that anyone can write, and are not looked at. A signature that fits no
    /// key, twice the same one, or none at all adds nothing.
    ///
    /// Cost: one verification for each pair of signature and key that has not signed yet.
    ///
    /// # Errors
    /// [`EnvelopeError::PayloadType`] if the envelope holds another type.
    pub fn signers(
        &self,
        payload_type: &str,
        keys: &[VerifyingKey],
    ) -> Result<BTreeSet<VerifyingKey>, EnvelopeError> {
        if self.payload_type != payload_type {
            return Err(EnvelopeError::PayloadType);
        }
        let message = pae(&self.payload_type, &self.payload);
        let mut signed = BTreeSet::new();
        for key in keys {
            if self.signatures.iter().any(|signature| key.verify(&message, signature)) {
                signed.insert(*key);
            }
        }
        Ok(signed)
    }

    /// The payload. Unverified: believe it only after [`signers`](Self::signers) meets a threshold.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The type that the envelope claims. Unverified, like the payload.
    #[must_use]
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The key ids that the envelope claims, one a signature: for messages to people only.
    #[must_use]
    pub fn key_ids(&self) -> &[String] {
        &self.key_ids
    }
}

/// DSSE's pre-authentication encoding: `DSSEv1 <len> <type> <len> <payload>`.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {} {} ", payload_type.len(), payload_type, payload.len());
    let mut out = head.into_bytes();
    out.extend(payload);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPE: &str = "application/vnd.placet.test+json";

    fn key(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    #[test]
    fn the_published_encoding() {
        // The example of the DSSE protocol document.
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn a_threshold_counts_keys_not_signatures() {
        let mut envelope = Envelope::sign(TYPE, b"{}", &[&key(1), &key(1)]);
        envelope.key_ids[1] = key(2).verifying_key().id().to_string();
        let known = [key(1).verifying_key(), key(2).verifying_key(), key(1).verifying_key()];
        let signers = envelope.signers(TYPE, &known).unwrap();
        assert_eq!(signers.into_iter().collect::<Vec<_>>(), [key(1).verifying_key()]);
    }

    #[test]
    fn stripped_and_foreign_signatures_add_nothing() {
        let known = [key(1).verifying_key()];
        let none = Envelope::sign(TYPE, b"{}", &[]);
        assert!(none.signers(TYPE, &known).unwrap().is_empty());
        let foreign = Envelope::sign(TYPE, b"{}", &[&key(2)]);
        assert!(foreign.signers(TYPE, &known).unwrap().is_empty());
        let mut moved = Envelope::sign(TYPE, b"{\"a\":1}", &[]);
        moved.signatures = Envelope::sign(TYPE, b"{}", &[&key(1)]).signatures;
        assert!(moved.signers(TYPE, &known).unwrap().is_empty());
        // A signature made for another type does not carry over.
        let mut retyped = Envelope::sign("text/plain", b"{}", &[&key(1)]);
        retyped.payload_type = TYPE.to_owned();
        assert!(retyped.signers(TYPE, &known).unwrap().is_empty());
        assert_eq!(retyped.signers("text/plain", &known), Err(EnvelopeError::PayloadType));
    }

    #[test]
    fn refusals() {
        let good = Envelope::sign(TYPE, b"{}", &[&key(1)]).to_json();
        let good = String::from_utf8(good).unwrap();
        for broken in [
            "".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            format!("{good} x"),
            good.replace("\"payload\":", "\"payload\":\"e30=\",\"payload\":"),
            good.replace("\"sig\":", "\"sig\":\"AA==\",\"sig\":"),
            good.replace("\"payload\":", "\"extra\":1,\"payload\":"),
            good.replace("e30=", "e30"),
            good.replace("e30=", "e31="),
            good.replace("\"signatures\":[", "\"signatures\":[null,"),
        ] {
            assert_eq!(Envelope::parse(broken.as_bytes()), Err(EnvelopeError::Form), "{broken}");
        }
        let many = Envelope::sign(TYPE, b"{}", &[&key(1); MAX_ENVELOPE_SIGNATURES + 1]);
        assert_eq!(Envelope::parse(&many.to_json()), Err(EnvelopeError::TooLarge));
    }

    proptest! {
        #[test]
        fn envelopes_round_trip(payload: Vec<u8>, kind in "\\PC{0,20}", n in 0u8..4) {
            let keys: Vec<_> = (0..n).map(key).collect();
            let envelope = Envelope::sign(&kind, &payload, &keys.iter().collect::<Vec<_>>());
            let again = Envelope::parse(&envelope.to_json()).unwrap();
            prop_assert_eq!(&again, &envelope);
            let public: Vec<_> = keys.iter().map(SigningKey::verifying_key).collect();
            prop_assert_eq!(again.signers(&kind, &public).unwrap().len(), usize::from(n));
        }

        #[test]
        fn a_changed_payload_has_no_signers(payload in proptest::collection::vec(any::<u8>(), 1..40),
                                            at: usize, bit in 0u8..8) {
            let mut envelope = Envelope::sign(TYPE, &payload, &[&key(1)]);
            let at = at % payload.len();
            envelope.payload[at] ^= 1 << bit;
            prop_assert!(envelope.signers(TYPE, &[key(1).verifying_key()]).unwrap().is_empty());
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = Envelope::parse(&bytes);
        }
    }
}
