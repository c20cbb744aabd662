//! Bundles verified against a state on disk: read, judged and remembered under one lock.

use std::collections::BTreeMap;

use placet::policy::{BundleError, Root, TrustedState, VerifiedBundle};
use placet::primitives::Timestamp;
use serde_json::Value;

use crate::error::StoreError;
use crate::state::StateFile;

/// Why a bundle was refused: itself, or the file that remembers the ones before it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The bundle, the root document, or the state's content.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The state's file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TrustError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bundle(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Bundle(error) => error.help(),
            Self::Store(error) => error.help().to_owned(),
        }
    }
}

/// Verifies a packed bundle and remembers it before it is returned, so that no decision is made
/// under a bundle that could be rolled back.
///
/// - `slot`: the place in the state file, one for each place where bundles are used.
/// - `accept`: what else must hold before the bundle is remembered, such as its own tests.
///
/// Several processes may share the file: all of it happens under its lock, so that no slower
/// process puts an older bundle back.
///
/// # Errors
/// [`TrustError`], or the error of `accept`; the state is then what it was.
///
/// # Examples
/// ```
/// # use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
/// # use placet::policy::*;
/// # use placet::primitives::Timestamp;
/// # use placet_store::{StateFile, TrustError, verify_bundle};
/// # let dir = tempfile::tempdir()?;
/// # let key = NamedSigningKey::new(KeyName::parse("k")?, SigningKey::from_seed(&[1; 32]));
/// # let all = RoleKeys { keys: vec![key.verifying_key()], threshold: 1 };
/// # let expires = Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
/// # let document = RootDocument { version: 1, expires, root: all.clone(), bundle: all.clone(), loosen: all.clone(), revoke: all };
/// # let root = Root::pin(&document.sign(&[key.key()])?)?;
/// # let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
/// # let file = |sequence: u64| {
/// #     let text = format!("name = \"demo\"\nsequence = {sequence}\nexpires = 2026-12-31T00:00:00Z");
/// #     envelope::sign(&Source::from_files([("bundle.toml", text)]), &[key.key()])
/// # };
/// let state = StateFile::new(&dir.path().join("state.json"));
/// let accept = |_: &VerifiedBundle| Ok::<(), TrustError>(());
/// verify_bundle(&state, "gateway", &file(7)?, &root, now, accept)?;
/// let error = verify_bundle(&state, "gateway", &file(6)?, &root, now, accept).unwrap_err();
/// assert_eq!(error.code(), "BND011");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify_bundle<E: From<TrustError>>(
    state: &StateFile,
    slot: &str,
    file: &[u8],
    root: &Root,
    now: Timestamp,
    accept: impl FnOnce(&VerifiedBundle) -> Result<(), E>,
) -> Result<VerifiedBundle, E> {
    let mut result = None;
    let judge = |slots: &mut BTreeMap<String, Value>| {
        let refused = |error| E::from(TrustError::Bundle(error));
        let old = match slots.get(slot) {
            None => TrustedState::new(),
            Some(value) => {
                serde_json::from_value(value.clone()).map_err(|_| refused(BundleError::State))?
            }
        };
        let (bundle, new) = VerifiedBundle::verify(file, root, Some(&old), now).map_err(refused)?;
        let new = serde_json::to_value(&new).map_err(|_| refused(BundleError::State))?;
        accept(&bundle)?;
        slots.insert(slot.to_owned(), new);
        Ok(bundle)
    };
    state
        .update(|slots| result = Some(judge(slots)))
        .map_err(|error| E::from(TrustError::Store(error)))?;
    // `update` calls its change exactly once when it succeeds.
    result.unwrap_or_else(|| Err(E::from(TrustError::Bundle(BundleError::State))))
}
