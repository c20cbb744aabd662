//! From what stands behind `--bundle` to a bundle that may decide.

use std::path::Path;

use placet::engine::Engine;
use placet::mask::{EntityType, Operator, Operators};
use placet::policy::{Source, VerifiedBundle};
use placet::primitives::Timestamp;
use placet::schema::MaskOperator;
use placet_guard::{BundleFrom, GuardError, bundle};
use placet_store::{StateFile, system};

use crate::args::BundleRef;
use crate::failure::Failure;
use crate::render;

/// An engine over the bundle.
pub(crate) fn engine(bundle: &BundleRef) -> Result<Engine, Failure> {
    let bundle = open(&bundle.bundle, bundle.root.as_deref(), bundle.state.as_deref())?;
    Ok(Engine::new(&bundle))
}

/// The bundle of a directory, a packed file or a shipped pack.
fn open(name: &str, root: Option<&Path>, state: Option<&Path>) -> Result<VerifiedBundle, Failure> {
    BundleFrom::named(name, root, state).and_then(|from| from.open(system::now())).map_err(shown)
}

/// Verifies a packed bundle against its root, and keeps the state before it decides anything.
pub(crate) fn verify(
    file: &Path,
    root: &Path,
    state: Option<&Path>,
    now: Timestamp,
) -> Result<VerifiedBundle, Failure> {
    let (file, root) = (file.to_owned(), root.to_owned());
    let from = BundleFrom::Packed { file, root, state: state.map(Path::to_owned) };
    from.open(now).map_err(shown)
}

/// Whether a state was never used, or was lost. For a message only.
pub(crate) fn remembers_nothing(state: &Path) -> bool {
    let slot = StateFile::new(state).get::<serde_json::Value>(bundle::STATE_SLOT);
    slot.is_ok_and(|slot| slot.is_none())
}

/// The files of a bundle directory.
pub(crate) fn source(dir: &Path) -> Result<Source, Failure> {
    bundle::read_directory(dir).map_err(Failure::from)
}

/// A directory's bundle, for development: its decisions are stamped.
pub(crate) fn unsigned(source: &Source) -> Result<VerifiedBundle, Failure> {
    bundle::unsigned(source).map_err(shown)
}

/// Shows every problem of a bundle, and leaves the complaint that there are some.
fn shown(error: GuardError) -> Failure {
    if let Some((source, problems)) = error.problems() {
        render::problems(source, problems);
    }
    error.into()
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
