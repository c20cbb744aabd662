//! `testdata/bundles/attacks/cases.toml`: signed bundles that are taken, and those that must not be.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use placet::policy::{BundleError, Root, TrustedState, VerifiedBundle};
use placet::primitives::Timestamp;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    setup: Setup,
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    root: String,
    now: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[expect(dead_code, reason = "for readers")]
    why: String,
    /// Bundles that were taken before, one after another.
    before: Vec<String>,
    /// The root document under which they were taken, where it is another one.
    before_root: Option<String>,
    root: Option<String>,
    file: String,
    now: Option<String>,
    error: Option<String>,
    digest: Option<String>,
}

fn run(setup: &Setup, case: &Case) -> Result<String, BundleError> {
    let start = Timestamp::parse(&setup.now).unwrap();
    let mut state = TrustedState::new();
    for file in &case.before {
        let root = case.before_root.as_ref().unwrap_or(&setup.root);
        let root = Root::pin(root.as_bytes()).unwrap();
        let taken = VerifiedBundle::verify(file.as_bytes(), &root, Some(&state), start);
        state = taken.unwrap().1;
    }
    let root = Root::pin(case.root.as_ref().unwrap_or(&setup.root).as_bytes())?;
    let now = case.now.as_ref().map_or(start, |now| Timestamp::parse(now).unwrap());
    let (bundle, _) = VerifiedBundle::verify(case.file.as_bytes(), &root, Some(&state), now)?;
    Ok(bundle.digest().to_string())
}

fn check(setup: &Setup, case: &Case) -> Result<(), Failed> {
    let found = match run(setup, case) {
        Ok(digest) => digest,
        Err(error) => error.code().to_owned(),
    };
    let expected = case.error.as_ref().or(case.digest.as_ref()).unwrap();
    if found == *expected {
        Ok(())
    } else {
        Err(format!("expected {expected}, found {found}").into())
    }
}

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/bundles/attacks/cases.toml");
    let file: File = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let setup = Arc::new(file.setup);
    let trial = |case: Case| {
        let setup = setup.clone();
        Trial::test(format!("bundles/attacks/{}", case.name), move || check(&setup, &case))
    };
    let trials = file.case.into_iter().map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
