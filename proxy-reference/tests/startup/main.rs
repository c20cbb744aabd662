//! The shell of the proxy against a real server: start-up in every form, TLS on both sides, cancel
//! requests, signals, health.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod client;
mod operation;
mod secure;
mod stage;
mod versions;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};

use stage::Stage;

/// A test: its name and what it does with the server.
type Test = (&'static str, fn(&Stage));

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let groups: &[(&str, &[Test])] = &[
        ("versions", versions::TESTS),
        ("secure", secure::TESTS),
        ("operation", operation::TESTS),
    ];
    let stage =
        (!arguments.list).then(|| Arc::new(Stage::set().unwrap_or_else(|why| panic!("{why}"))));
    let mut trials = Vec::new();
    for (group, tests) in groups {
        for (name, test) in *tests {
            let (stage, test) = (stage.clone(), *test);
            trials.push(Trial::test(format!("{group}::{name}"), move || {
                test(&stage.unwrap());
                Ok(())
            }));
        }
    }
    arguments.test_threads.get_or_insert(4);
    libtest_mimic::run(&arguments, trials).exit_code()
}
