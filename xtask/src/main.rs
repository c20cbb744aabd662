//! The project's chores: `cargo xtask <task>`; the Makefile is a thin skin over it.

mod bench_proxy;
mod conformance;
mod deps;
mod links;
mod node;
mod oracle;
mod python;
mod run;

use std::io::{self, Write};
use std::process::ExitCode;

use run::{Step, Task};
use xtask::postgres;

const HELP: &str = "\
usage: cargo xtask <task>

  demo       build the command line and run `placet demo`
  check      format, licences, links, lints, documentation
  links      links between the project's own files
  test       check, then every test of `make test`
  test-all   test, then fuzzing and long property runs
  bench      measure
  bench-proxy
             measure the proxy beside a direct connection and pgbouncer
  conformance, conformance-quick
             real clients through the proxy get what they get without it
  python     build, check and test the Python package
  bench-bindings  measure the Python and Node packages against the library
  fuzz       fuzz every door, one minute each (nightly Rust and cargo-fuzz)
  oracle [--json] [PART…]
             compare what facts say of SQL with true grammars and real servers
  clients    install the clients of the live tests (Python, Node)
  with-postgres -- CMD…
             run a command beside a fresh private PostgreSQL
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let task = match words.as_slice() {
        [task, dashes, command @ ..] if task == "with-postgres" && dashes == "--" => {
            return run::ended(postgres::with(command));
        }
        [task, options @ ..] if task == "oracle" => {
            return run::ended(oracle::run(options));
        }
        [task] => task,
        _ => return usage(),
    };
    let steps = match task.as_str() {
        "demo" => demo(),
        "check" => check(),
        "links" => vec![links()],
        "test" => [check(), test()].concat(),
        "test-all" => [check(), test(), long_test(), fuzz()].concat(),
        "bench" => bench(),
        "python" => python::test(),
        "bench-bindings" => [python::bench(), node::bench()].concat(),
        "fuzz" => fuzz(),
        "bench-proxy" => vec![Step::task("proxy benchmarks", Task::BenchProxy)],
        "conformance" => vec![Step::task("conformance", Task::Conformance)],
        "conformance-quick" => vec![Step::task("conformance", Task::QuickConformance)],
        "clients" => vec![Step::task("clients", Task::Clients)],
        _ => return usage(),
    };
    run::all(&steps)
}

fn usage() -> ExitCode {
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(HELP.as_bytes());
    ExitCode::from(2)
}

fn demo() -> Vec<Step> {
    vec![Step::cargo("demo", "run --quiet --package placet-cli --bin placet -- demo")]
}

fn check() -> Vec<Step> {
    vec![
        Step::cargo("format", "fmt --all --check"),
        Step::task("dependencies", Task::Dependencies),
        links(),
        Step::cargo("lints", "clippy --workspace --all-targets -- --deny warnings"),
        Step::cargo("documentation", "doc --workspace --no-deps")
            .env("RUSTDOCFLAGS", "-D warnings"),
    ]
}

fn links() -> Step {
    Step::task("links", Task::Links)
}

fn test() -> Vec<Step> {
    // The same cases in every run, so that a red run means a change; `test-all` draws new ones.
    let rust = Step::cargo("tests", "test --workspace").env("PROPTEST_RNG_SEED", "20261130");
    let proxy = Step::task("conformance of the proxy", Task::QuickConformance);
    [vec![rust, proxy], python::test(), node::test()].concat()
}

fn long_test() -> Vec<Step> {
    let rust = Step::cargo("long property runs", "test --workspace");
    let proxy = Step::task("conformance of the proxy, SQLAlchemy included", Task::Conformance);
    [vec![rust.env("PROPTEST_CASES", "20000"), proxy], node::long_test()].concat()
}

fn bench() -> Vec<Step> {
    vec![Step::cargo("benchmarks", "bench --package placet-benches")]
}

fn fuzz() -> Vec<Step> {
    let targets = ["facts", "bundle", "trust", "mask_stream", "audit_log", "wire_postgres"];
    let install = Step::cargo("cargo-fuzz", "install --quiet --locked cargo-fuzz");
    let runs = targets.iter().map(|target| {
        let line = format!("+nightly fuzz run {target} -- -max_total_time=60 -max_len=8192");
        Step::cargo(&format!("fuzz {target}"), &line)
    });
    [install].into_iter().chain(runs).collect()
}
