//! A bundle as one file: canonical JSON with every file inline, in a DSSE envelope.
//!
//! No archive format stands in the trust boundary: whatever is verified is one JSON document whose
//! bytes are a function of the files alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::crypto::{SigningKey, dsse::Envelope, jcs, json, sha256};
use crate::limits::MAX_BUNDLE_BYTES;
use crate::policy::bundle::Source;
use crate::policy::bundle::verify::BundleError;
use crate::primitives::Digest;

/// The payload type of a packed bundle.
pub const BUNDLE_PAYLOAD_TYPE: &str = "application/vnd.placet.bundle+json";

/// Bytes of a path inside a bundle.
const MAX_PATH_BYTES: usize = 200;

#[derive(Serialize)]
struct Payload<'a> {
    files: BTreeMap<&'a str, &'a str>,
    v: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnedPayload {
    files: BTreeMap<String, String>,
    v: u8,
}

/// Packs a bundle's files into one payload: `{"files":{path:text},"v":1}` in canonical JSON.
///
/// Says nothing about whether the files make a bundle; [`compile`](crate::policy::compile) does.
///
/// # Errors
/// [`BundleError::TooLarge`] (`BND001`), [`BundleError::Payload`] (`BND002`) for a path that is
/// absolute, leaves the bundle, or holds other characters than letters, digits, `_`, `-`, `.`, `/`.
///
/// # Examples
/// ```
/// # use placet::policy::{Source, envelope::{pack, unpack}};
/// let source = Source::from_files([("bundle.toml", "name = \"x\"")]);
/// let payload = pack(&source)?;
/// assert_eq!(payload, br#"{"files":{"bundle.toml":"name = \"x\""},"v":1}"#);
/// assert_eq!(unpack(&payload)?, source);
/// # Ok::<(), placet::policy::BundleError>(())
/// ```
pub fn pack(source: &Source) -> Result<Vec<u8>, BundleError> {
    if source.total_bytes() > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge);
    }
    if !source.files().all(|(path, _)| is_path(path)) {
        return Err(BundleError::Payload);
    }
    let payload = payload(source);
    if payload.len() > MAX_BUNDLE_BYTES { Err(BundleError::TooLarge) } else { Ok(payload) }
}

/// The payload of any files at all.
pub(crate) fn payload(source: &Source) -> Vec<u8> {
    // A map of texts always has a canonical form.
    jcs::to_canonical(&Payload { files: source.files().collect(), v: 1 }).unwrap_or_default()
}

/// SHA-256 over the payload: the name by which a bundle stands in every decision.
pub(crate) fn digest(source: &Source) -> Digest {
    sha256(&payload(source))
}

/// Reads a payload. Believes nothing: signatures are checked before, the files are compiled after.
///
/// # Errors
/// [`BundleError::TooLarge`] (`BND001`); [`BundleError::Payload`] (`BND002`) for anything but the
/// canonical form of a map of texts under paths: a key twice, an unknown key, another version.
pub fn unpack(payload: &[u8]) -> Result<Source, BundleError> {
    if payload.len() > MAX_BUNDLE_BYTES {
        return Err(BundleError::TooLarge);
    }
    let value = json::parse_strict_within(payload, MAX_BUNDLE_BYTES, 4)
        .map_err(|_| BundleError::Payload)?;
    let read: OwnedPayload = serde_json::from_value(value).map_err(|_| BundleError::Payload)?;
    if read.v != 1 || !read.files.keys().all(|path| is_path(path)) {
        return Err(BundleError::Payload);
    }
    let source = Source::from_files(read.files);
    // One bundle has one spelling, so that its digest names its content.
    if self::payload(&source) == payload { Ok(source) } else { Err(BundleError::Payload) }
}

/// Packs a bundle and signs it; with no key, the envelope waits for [`add_signature`].
///
/// # Errors
/// As [`pack`].
pub fn sign(source: &Source, keys: &[&SigningKey]) -> Result<Vec<u8>, BundleError> {
    Ok(Envelope::sign(BUNDLE_PAYLOAD_TYPE, &pack(source)?, keys).to_json())
}

/// Adds one key's signature to a packed bundle, so that signers need not meet.
///
/// The file is read first: nobody signs what could not be a bundle.
///
/// # Errors
/// [`BundleError::Envelope`], and as [`unpack`].
pub fn add_signature(file: &[u8], key: &SigningKey) -> Result<Vec<u8>, BundleError> {
    let mut envelope = Envelope::parse(file)?;
    envelope.signers(BUNDLE_PAYLOAD_TYPE, &[])?;
    unpack(envelope.payload())?;
    envelope.add_signature(key);
    Ok(envelope.to_json())
}

fn is_path(path: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"_-.".contains(&c))
    };
    path.len() <= MAX_PATH_BYTES && path.split('/').all(part)
}
