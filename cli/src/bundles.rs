//! From what stands behind `--bundle` to compiled rules.

use std::path::Path;

use placet::engine::{self, Engine};
use placet::mask::{EntityType, Operator, Operators};
use placet::policy::{self, CompileError, CompileErrors, RuleSet, Source};
use placet::schema::MaskOperator;

use crate::args::BundleRef;
use crate::failure::Failure;
use crate::{files, render, trust};

/// An engine over the bundle, its stamps included.
pub(crate) fn engine(bundle: &BundleRef) -> Result<Engine, Failure> {
    load(&bundle.bundle, bundle.root.as_deref(), bundle.state.as_deref()).map(Engine::new)
}

/// The rules of a directory, a packed file or a shipped pack.
pub(crate) fn load(
    name: &str,
    root: Option<&Path>,
    state: Option<&Path>,
) -> Result<RuleSet, Failure> {
    let path = Path::new(name);
    if path.is_dir() {
        let source = source(path)?;
        let rules = policy::compile(&source).map_err(|errors| refused(&source, &errors))?;
        return checked(&source, rules);
    }
    if path.is_file() {
        return trust::open(path, root, state);
    }
    match policy::pack(name) {
        Some(Ok(rules)) => Ok(rules),
        Some(Err(_)) => Err(Failure::new("POL001", "a shipped pack does not compile", "report it")),
        None => Err(Failure::new(
            "API013",
            "no bundle stands there",
            format!("give a directory, a packed file, or a pack: {}", policy::PACKS.join(", ")),
        )
        .in_file(name)),
    }
}

/// The files of a bundle directory.
pub(crate) fn source(dir: &Path) -> Result<Source, Failure> {
    files::read_tree(dir).map(Source::from_files)
}

/// The source of a directory or of a shipped pack, for those who work on the text.
pub(crate) fn source_of(name: &str) -> Result<Source, Failure> {
    match policy::pack_source(name) {
        Some(source) if !Path::new(name).is_dir() => Ok(source),
        Some(_) | None => source(Path::new(name)),
    }
}

/// Refuses a bundle that breaks its own examples.
pub(crate) fn checked(source: &Source, rules: RuleSet) -> Result<RuleSet, Failure> {
    let problems = engine::check(&rules);
    match problems.first() {
        None => Ok(rules),
        Some(first) => {
            render::problems(source, &problems);
            Err(summary(first, problems.len()))
        }
    }
}

fn refused(source: &Source, errors: &CompileErrors) -> Failure {
    let problems: Vec<CompileError> = errors.iter().cloned().collect();
    render::problems(source, &problems);
    match problems.first() {
        Some(first) => summary(first, problems.len()),
        None => Failure::new("POL001", "the bundle was refused", "see above"),
    }
}

fn summary(first: &CompileError, count: usize) -> Failure {
    let noun = if count == 1 { "problem" } else { "problems" };
    Failure::new(
        first.code(),
        format!("the bundle was refused whole: {count} {noun}"),
        "mend them all; `placet bundle lint` shows them again",
    )
}

/// The masks of a bundle's classes, for `placet mask --bundle`. Partial operators apply; keyed
/// hashes need a key that the command line does not have, so their types are redacted.
pub(crate) fn operators(name: &str, root: Option<&Path>) -> Result<Operators, Failure> {
    let rules = load(name, root, None)?;
    let mut operators = Operators::redact_all();
    for class in rules.classes() {
        let MaskOperator::Partial { keep } = class.operator else { continue };
        for kind in class.detectors.iter().filter_map(|name| EntityType::parse(name)) {
            operators =
                operators.with(kind, Operator::Partial { first: 0, last: usize::from(keep) });
        }
    }
    Ok(operators)
}
