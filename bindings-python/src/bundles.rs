//! Bundles: compiled, linted, packed, signed, verified.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use placet::crypto::{NamedSigningKey, NamedVerifyingKey};
use placet::engine::{self, Decided};
use placet::policy::{
    Revocation, RoleKeys, Root, RootDocument, RuleSet, Source, TrustedState, VerifiedBundle,
    compile as compile_source, envelope, lint, pack_source,
};
use placet::primitives::Digest;
use placet_store::system;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::decision::{PyDecision, PyFacts};
use crate::door::{Input, guarded};
use crate::errors::Failure;
use crate::request::{Bound as Defaults, Given, moment};
use crate::values::{to_python, unreadable};

/// A bundle that was read whole: it answers, and lets nothing run.
#[pyclass(frozen, module = "placet.bundles", name = "Bundle")]
pub(crate) struct PyBundle {
    rules: Arc<RuleSet>,
    source: Source,
}

/// The files of a bundle directory or of a shipped pack, by path.
#[pyfunction]
pub(crate) fn files(py: Python<'_>, name: PathBuf) -> PyResult<BTreeMap<String, String>> {
    guarded(py, || {
        let shipped = name.to_str().and_then(pack_source);
        let source = match shipped {
            Some(source) => source,
            None => placet_guard::bundle::read_directory(&name).map_err(Failure::from)?,
        };
        Ok(source.files().map(|(path, text)| (path.to_owned(), text.to_owned())).collect())
    })
}

/// Compiles a bundle from its files, without running its examples.
#[pyfunction]
pub(crate) fn compile(py: Python<'_>, files: BTreeMap<String, String>) -> PyResult<PyBundle> {
    guarded(py, || {
        let source = Source::from_files(files);
        match compile_source(&source) {
            Ok(rules) => Ok(PyBundle { rules: Arc::new(rules), source }),
            Err(errors) => Err(Failure::bundle(&source, &errors).into()),
        }
    })
}

/// Verifies a packed bundle against its root: the bundle, and the state to keep before it is used.
/// An empty state remembers nothing yet; none at all protects against no older bundle.
#[pyfunction]
#[pyo3(name = "verify_bundle", signature = (file, *, root, state=None, now=None))]
pub(crate) fn verify<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    root: &Bound<'py, PyAny>,
    state: Option<&Bound<'py, PyAny>>,
    now: Option<&Bound<'py, PyAny>>,
) -> PyResult<(PyBundle, Bound<'py, PyBytes>)> {
    guarded(py, || {
        let root = Root::pin(Input::required(root, "the root")?.bytes()).map_err(Failure::from)?;
        let state = state.map(state_of).transpose()?;
        let now = now.map(moment).transpose()?.unwrap_or_else(system::now);
        let input = Input::required(file, "the bundle")?;
        let verified = VerifiedBundle::verify(input.bytes(), &root, state.as_ref(), now);
        let (bundle, state) = verified.map_err(Failure::from)?;
        let source = bundle.source().clone();
        let bundle = PyBundle { rules: Arc::clone(bundle.rules()), source };
        Ok((bundle, PyBytes::new(py, &state.to_json())))
    })
}

/// An updated root document, if the pinned one lets it follow.
#[pyfunction]
pub(crate) fn rotate_root(
    py: Python<'_>,
    pinned: &Bound<'_, PyAny>,
    next: &Bound<'_, PyAny>,
) -> PyResult<u64> {
    guarded(py, || {
        let pinned = Root::pin(Input::required(pinned, "the root")?.bytes());
        let next = Input::required(next, "the next root")?;
        let next = pinned.and_then(|root| root.rotate(next.bytes())).map_err(Failure::from)?;
        Ok(next.version())
    })
}

fn signers(keys: &[PathBuf]) -> PyResult<Vec<NamedSigningKey>> {
    let read = |path: &PathBuf| placet_store::keys::read_signing_key(path).map_err(Failure::from);
    Ok(keys.iter().map(read).collect::<Result<_, _>>()?)
}

/// A root document in which these keys hold every role, one of them being enough, signed by them
/// (and by `also`, the keys of the document before it).
#[pyfunction]
#[pyo3(signature = (keys, *, expires, version=1, also=Vec::new()))]
pub(crate) fn sign_root<'py>(
    py: Python<'py>,
    keys: Vec<PathBuf>,
    expires: &Bound<'py, PyAny>,
    version: u64,
    also: Vec<PathBuf>,
) -> PyResult<Bound<'py, PyBytes>> {
    guarded(py, || {
        let (own, also) = (signers(&keys)?, signers(&also)?);
        let all = RoleKeys {
            keys: own.iter().map(NamedSigningKey::verifying_key).collect(),
            threshold: 1,
        };
        let document = RootDocument {
            version,
            expires: moment(expires)?,
            root: all.clone(),
            bundle: all.clone(),
            loosen: all.clone(),
            revoke: all,
        };
        let keys: Vec<_> = own.iter().chain(&also).map(NamedSigningKey::key).collect();
        Ok(PyBytes::new(py, &document.sign(&keys).map_err(Failure::from)?))
    })
}

/// A list of keys and bundles that count no more, signed.
#[pyfunction]
#[pyo3(signature = (version, *, signed_by, keys=Vec::new(), bundles=Vec::new()))]
pub(crate) fn sign_revocation(
    py: Python<'_>,
    version: u64,
    signed_by: Vec<PathBuf>,
    keys: Vec<String>,
    bundles: Vec<String>,
) -> PyResult<Bound<'_, PyBytes>> {
    guarded(py, || {
        let key = |text: &String| NamedVerifyingKey::parse(text.trim()).map_err(Failure::from);
        let digest = |text: &String| Digest::parse(text).ok_or_else(|| unreadable("digest"));
        let list = Revocation {
            version,
            keys: keys.iter().map(key).collect::<Result<_, _>>()?,
            bundles: bundles.iter().map(digest).collect::<Result<_, _>>()?,
        };
        let own = signers(&signed_by)?;
        let keys: Vec<_> = own.iter().map(NamedSigningKey::key).collect();
        Ok(PyBytes::new(py, &list.sign(&keys).map_err(Failure::from)?))
    })
}

/// The state after a list of revoked keys and bundles was taken.
#[pyfunction]
#[pyo3(signature = (state, revocation, *, root))]
pub(crate) fn revoke<'py>(
    py: Python<'py>,
    state: &Bound<'py, PyAny>,
    revocation: &Bound<'py, PyAny>,
    root: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    guarded(py, || {
        let root = Root::pin(Input::required(root, "the root")?.bytes()).map_err(Failure::from)?;
        let state = state_of(state)?;
        let list = Input::required(revocation, "the list")?;
        let state = state.revoke(list.bytes(), &root).map_err(Failure::from)?;
        Ok(PyBytes::new(py, &state.to_json()))
    })
}

fn state_of(state: &Bound<'_, PyAny>) -> PyResult<TrustedState> {
    match Input::required(state, "the state")?.bytes() {
        b"" => Ok(TrustedState::new()),
        bytes => TrustedState::parse(bytes).map_err(|error| Failure::from(error).into()),
    }
}

/// Packs the files of a bundle and signs them.
#[pyfunction]
#[pyo3(signature = (files, *, keys=Vec::new()))]
pub(crate) fn pack<'py>(
    py: Python<'py>,
    files: BTreeMap<String, String>,
    keys: Vec<PathBuf>,
) -> PyResult<Bound<'py, PyBytes>> {
    guarded(py, || {
        let source = Source::from_files(files);
        let own = signers(&keys)?;
        let keys: Vec<_> = own.iter().map(NamedSigningKey::key).collect();
        let packed = envelope::sign(&source, &keys).map_err(Failure::from)?;
        Ok(PyBytes::new(py, &packed))
    })
}

#[pymethods]
impl PyBundle {
    #[getter]
    fn digest(&self) -> String {
        self.source.digest().to_string()
    }

    #[getter]
    fn name(&self) -> &str {
        &self.rules.manifest().name
    }

    #[getter]
    fn rules(&self) -> Vec<String> {
        self.rules.rule_ids().map(str::to_owned).collect()
    }

    /// What the bundle says about these facts.
    #[pyo3(signature = (facts, *, principal=None, resource=None, session=None, context=None, enforces=None))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn decide<'py>(
        &self,
        py: Python<'py>,
        facts: &PyFacts,
        principal: Option<Bound<'py, PyAny>>,
        resource: Option<Bound<'py, PyAny>>,
        session: Option<Bound<'py, PyAny>>,
        context: Option<Bound<'py, PyAny>>,
        enforces: Option<Bound<'py, PyAny>>,
    ) -> PyResult<PyDecision> {
        guarded(py, || {
            let given = Given { protocol: None, principal, resource, session, context, enforces };
            let bound = Defaults::default().with(&given)?;
            let facts = Arc::clone(facts.facts());
            let decision = self.rules.decide(&facts, &bound.request);
            Ok(PyDecision::new(Decided { facts, decision }, None))
        })
    }

    /// Examples of rules that do not hold.
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || {
            let problems = engine::check(&self.rules);
            if problems.is_empty() {
                return Ok(());
            }
            Err(Failure::problems(&self.source, problems.iter()).into())
        })
    }

    /// What is probably not meant: dicts with code, file, span, message and help.
    fn lint<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let lints = lint(&self.rules);
            let lints = lints.iter().map(|lint| {
                serde_json::json!({
                    "code": lint.code, "file": lint.file, "span": lint.span,
                    "message": lint.message, "help": lint.help,
                })
            });
            to_python(py, &lints.collect())
        })
    }

    /// The rows of `tests/*.toml`: name and what came out instead, `None` where the row holds.
    fn test(&self, py: Python<'_>) -> PyResult<Vec<(String, Option<String>)>> {
        guarded(py, || {
            let results = engine::run_tests(&self.rules);
            Ok(results.into_iter().map(|result| (result.name, result.failure)).collect())
        })
    }

    fn __repr__(&self) -> String {
        format!("Bundle({:?}, {})", self.name(), self.digest())
    }
}
