//! Bundles by themselves: compiled from their texts, verified from a packed file.

use std::collections::BTreeMap;
use std::sync::Arc;

use napi_derive::napi;
use placet::policy::{Root, RuleSet, Source, TrustedState, VerifiedBundle, compile, pack_source};
use serde_json::json;

use crate::failure::Failure;
use crate::guard::facts as read_facts;
use crate::input::{Asker, json as to_json, millis, timestamp};

/// The files of a shipped pack, as JSON from path to text; null where there is none.
///
/// # Errors
/// `API009`.
#[napi(catch_unwind)]
pub fn pack_files(name: String) -> napi::Result<Option<String>> {
    pack_source(&name)
        .map(|source| to_json(&source.files().collect::<BTreeMap<_, _>>()))
        .transpose()
}

/// Compiled rules without a guard around them: to decide again what was decided before.
#[napi]
#[derive(Debug)]
pub struct NativeRules {
    rules: Arc<RuleSet>,
}

#[napi]
impl NativeRules {
    /// Compiles the texts of a bundle (JSON from path to text), unsigned.
    ///
    /// # Errors
    /// The first `POL` code, with every problem.
    #[napi(factory, catch_unwind)]
    pub fn compile(files: String) -> napi::Result<Self> {
        let files: BTreeMap<String, String> =
            serde_json::from_str(&files).map_err(|_| Failure::object("files of a bundle"))?;
        let source = Source::from_files(files);
        match compile(&source) {
            Ok(rules) => Ok(Self { rules: Arc::new(rules) }),
            Err(errors) => Err(Failure::bundle(&source, &errors).into()),
        }
    }

    /// The digest of the bundle.
    #[napi(getter, catch_unwind)]
    pub fn digest(&self) -> String {
        self.rules.digest().to_string()
    }

    /// Decides about facts in their JSON form. `asker`: JSON; `now`: milliseconds, or NaN.
    ///
    /// # Errors
    /// `API010` where an object has another form.
    #[napi(catch_unwind)]
    pub fn decide(&self, facts: String, asker: String, now: f64) -> napi::Result<String> {
        let facts = read_facts(&facts)?;
        let (_, mut request) = Asker::parse(&asker)?;
        request.context = millis(now);
        to_json(&self.rules.decide(&facts, &request))
    }
}

/// Verifies a packed bundle. `state`: the JSON that the last call returned; absent, the answer's
/// decisions are stamped. Returns JSON: digest, name, sequence, what it loosens, the new state.
///
/// # Errors
/// `BND` and `POL` codes.
#[napi(catch_unwind)]
pub fn verify_bundle(
    file: &[u8],
    root: &[u8],
    state: Option<String>,
    now: String,
) -> napi::Result<String> {
    let root = Root::pin(root).map_err(Failure::from)?;
    let state = state.map(|state| TrustedState::parse(state.as_bytes()));
    let state = state.transpose().map_err(Failure::from)?;
    let now = timestamp(&now)?;
    let (bundle, state) =
        VerifiedBundle::verify(file, &root, state.as_ref(), now).map_err(Failure::from)?;
    let state = String::from_utf8_lossy(&state.to_json()).into_owned();
    let manifest = bundle.rules().manifest();
    to_json(&json!({
        "digest": bundle.digest(),
        "name": manifest.name,
        "sequence": manifest.sequence,
        "state": state,
    }))
}

/// The next root document, reached from the one in use; null where the chain holds. Its own errors
/// say why it does not.
///
/// # Errors
/// `BND020` to `BND022`.
#[napi(catch_unwind)]
pub fn rotate_root(root: &[u8], next: &[u8]) -> napi::Result<()> {
    let root = Root::pin(root).map_err(Failure::from)?;
    root.rotate(next).map_err(Failure::from)?;
    Ok(())
}

/// The state before any bundle was taken, as JSON.
#[napi(catch_unwind)]
pub fn fresh_state() -> String {
    String::from_utf8_lossy(&TrustedState::new().to_json()).into_owned()
}

/// Verifies the list of revoked keys and bundles, and returns the state with it.
///
/// # Errors
/// `BND016`, `BND017`.
#[napi(catch_unwind)]
pub fn revoke(file: &[u8], root: &[u8], state: Option<String>) -> napi::Result<String> {
    let root = Root::pin(root).map_err(Failure::from)?;
    let state = match state {
        Some(state) => TrustedState::parse(state.as_bytes()).map_err(Failure::from)?,
        None => TrustedState::new(),
    };
    let state = state.revoke(file, &root).map_err(Failure::from)?;
    Ok(String::from_utf8_lossy(&state.to_json()).into_owned())
}
