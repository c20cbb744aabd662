//! The proxy between real clients and a real PostgreSQL.
//!
//! One server and two proxies for all tests: one that lets a held command wait, one that refuses it
//! with a ticket. Everything that the proxies wrote is looked at when the tests are done.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod approvals;
mod clients;
mod confusion;
mod corpus;
mod protocol;
mod shell;
mod stage;
mod story;
mod wire;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use stage::Stage;

/// A test: its name and what it does on the stage.
type Test = (&'static str, fn(&Stage));

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let groups: &[(&str, &[Test])] = &[
        ("protocol", protocol::TESTS),
        ("confusion", confusion::TESTS),
        ("psql", shell::TESTS),
        ("approvals", approvals::TESTS),
        ("corpus", corpus::TESTS),
    ];
    if arguments.list {
        let names = groups.iter().flat_map(|(group, tests)| {
            tests.iter().map(move |(name, _)| format!("{group}::{name}"))
        });
        let trials = names.chain(clients::names()).chain(["story".to_owned()]);
        let trials = trials.map(|name| Trial::test(name, || Ok(()))).collect();
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    let stage = Arc::new(Stage::set().unwrap_or_else(|why| panic!("{why}")));
    let mut trials = Vec::new();
    for (group, tests) in groups {
        for (name, test) in *tests {
            let (stage, test) = (Arc::clone(&stage), *test);
            trials.push(Trial::test(format!("{group}::{name}"), move || {
                test(&stage);
                Ok(())
            }));
        }
    }
    for name in clients::names() {
        let stage = Arc::clone(&stage);
        trials.push(Trial::test(name.clone(), move || clients::run(&stage, &name)));
    }
    arguments.test_threads.get_or_insert(4);
    let conclusion = libtest_mimic::run(&arguments, trials);
    // What was written can be judged only when everything is done.
    let whole = arguments.filter.is_none();
    let story = Trial::test("story", move || story::check(&stage, whole).map_err(Failed::from));
    let last = libtest_mimic::run(&arguments, vec![story]);
    if conclusion.has_failed() || last.has_failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
