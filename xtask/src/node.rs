//! The Node package: its tools, its addon, its types, its tests.

use crate::run::Step;

/// What `make test` does with it. Sets up what it needs by itself, from the lock file.
pub(crate) fn test() -> Vec<Step> {
    vec![
        npm("node: tools of the tests", &["ci"]),
        Step::command("node: build the addon", &["node", "bindings-node/build.mjs", "--check"]),
        npm("node: types", &["run", "types"]),
        npm("node: tests and corpus", &["test"]),
    ]
}

/// What takes longer: the same tests on the next line of Node, from the package registry.
pub(crate) fn long_test() -> Vec<Step> {
    const NEXT: &str = "node --version && node --test bindings-node/test/*.test.mjs";
    vec![npm("node: tests on Node 24", &["exec", "--yes", "--package=node@24", "--call", NEXT])]
}

/// Figures of the package.
pub(crate) fn bench() -> Vec<Step> {
    vec![
        npm("node: tools", &["ci"]),
        Step::command("node: build for figures", &["node", "bindings-node/build.mjs", "--release"]),
        Step::command("node: figures", &["node", "benches/bindings/node_bench.mjs"]),
    ]
}

fn npm(name: &str, words: &[&str]) -> Step {
    let program = ["npm", "--prefix", "bindings-node", "--loglevel=error"];
    Step::command(name, &[&program, words].concat())
}
