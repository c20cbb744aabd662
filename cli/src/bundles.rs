//! From what stands behind `--bundle` to a bundle that may decide.

use std::path::Path;

use placet::engine::{self, Engine};
use placet::mask::{EntityType, Operator, Operators};
use placet::policy::{self, BundleError, CompileError, Root, Source, VerifiedBundle};
use placet::primitives::Timestamp;
use placet::schema::MaskOperator;
use placet_store::{StateFile, system};

use crate::args::BundleRef;
use crate::failure::Failure;
use crate::{files, render};

/// The place of the trusted state in its file: one file serves one door.
const STATE_SLOT: &str = "bundle";

/// An engine over the bundle.
pub(crate) fn engine(bundle: &BundleRef) -> Result<Engine, Failure> {
    let bundle = open(&bundle.bundle, bundle.root.as_deref(), bundle.state.as_deref())?;
    Ok(Engine::new(&bundle))
}

/// The bundle of a directory, a packed file or a shipped pack.
fn open(name: &str, root: Option<&Path>, state: Option<&Path>) -> Result<VerifiedBundle, Failure> {
    // The pack first: a directory that an agent makes where a command runs must not take its place.
    if let Some(bundle) = VerifiedBundle::shipped(name) {
        return bundle.map_err(Failure::from);
    }
    let path = Path::new(name);
    if path.is_dir() {
        return unsigned(source(path)?);
    }
    if path.is_file() {
        let root = root.ok_or_else(|| {
            Failure::new("API015", "a packed bundle needs a root", "pin its root with --root FILE")
                .in_file(name)
        })?;
        return verify(path, root, state, system::now());
    }
    Err(Failure::new(
        "API013",
        "no bundle stands there",
        format!("give a directory, a packed file, or a pack: {}", policy::PACKS.join(", ")),
    )
    .in_file(name))
}

/// Verifies a packed bundle against its root, and keeps the state before it decides anything.
pub(crate) fn verify(
    file: &Path,
    root: &Path,
    state: Option<&Path>,
    now: Timestamp,
) -> Result<VerifiedBundle, Failure> {
    let root = Root::pin(&files::read(root)?)
        .map_err(|error| Failure::from(error).in_file(root.display().to_string()))?;
    let shown = file.display().to_string();
    let bytes = files::read(file)?;
    match state {
        Some(state) => {
            let state = StateFile::new(state);
            placet_store::verify_bundle(&state, STATE_SLOT, &bytes, &root, now, keeps_its_word)
                .map_err(|failure: Failure| match failure.code.strip_prefix("API") {
                    // The state's own file, which the message names.
                    Some(_) => failure,
                    None => failure.in_file(shown),
                })
        }
        None => {
            let (bundle, _) = VerifiedBundle::verify(&bytes, &root, None, now)
                .map_err(|error| Failure::from(error).in_file(shown))?;
            keeps_its_word(&bundle).map(|()| bundle)
        }
    }
}

/// Whether a state was never used, or was lost. For a message only.
pub(crate) fn remembers_nothing(state: &Path) -> bool {
    StateFile::new(state).get::<serde_json::Value>(STATE_SLOT).is_ok_and(|slot| slot.is_none())
}

/// The files of a bundle directory.
pub(crate) fn source(dir: &Path) -> Result<Source, Failure> {
    files::read_tree(dir).map(Source::from_files)
}

/// A directory's bundle, for development: its decisions are stamped.
pub(crate) fn unsigned(source: Source) -> Result<VerifiedBundle, Failure> {
    match VerifiedBundle::unsigned(source.clone()) {
        Ok(bundle) => keeps_its_word(&bundle).map(|()| bundle),
        Err(BundleError::Compile(errors)) => {
            let problems: Vec<CompileError> = errors.iter().cloned().collect();
            render::problems(&source, &problems);
            Err(refused(&problems))
        }
        Err(error) => Err(error.into()),
    }
}

/// Refuses a bundle that breaks its own examples.
fn keeps_its_word(bundle: &VerifiedBundle) -> Result<(), Failure> {
    let problems = engine::check(bundle.rules());
    if problems.is_empty() {
        return Ok(());
    }
    render::problems(bundle.source(), &problems);
    Err(refused(&problems))
}

fn refused(problems: &[CompileError]) -> Failure {
    let noun = if problems.len() == 1 { "problem" } else { "problems" };
    Failure::new(
        problems.first().map_or("POL001", CompileError::code),
        format!("the bundle was refused whole: {} {noun}", problems.len()),
        "mend them all; `placet bundle lint` shows them again",
    )
}

/// The masks of a bundle's classes, for `placet mask --bundle`. Partial operators apply; keyed
/// hashes need a key that the command line does not have, so their types are redacted.
pub(crate) fn operators(name: &str, root: Option<&Path>) -> Result<Operators, Failure> {
    let bundle = open(name, root, None)?;
    let mut operators = Operators::redact_all();
    for class in bundle.rules().classes() {
        let MaskOperator::Partial { keep } = class.operator else { continue };
        for kind in class.detectors.iter().filter_map(|name| EntityType::parse(name)) {
            operators =
                operators.with(kind, Operator::Partial { first: 0, last: usize::from(keep) });
        }
    }
    Ok(operators)
}
