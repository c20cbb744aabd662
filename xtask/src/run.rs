//! Steps: one command after another, the first failure ends the run.

use std::process::{Command, ExitCode};
use std::time::Instant;

use xtask::clients::Clients;
use xtask::{cargo, say};

use crate::{bench_proxy, conformance, deps, links};

/// A task that is not one command.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Task {
    /// Licences, sources and the size of core's tree.
    Dependencies,
    /// Links between the project's own files.
    Links,
    /// Python and Node with what the live tests need.
    Clients,
    /// What the proxy costs.
    BenchProxy,
    /// Real clients through the proxy, all of them.
    Conformance,
    /// Those that take less than a minute.
    QuickConformance,
}

/// One step of a run.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    name: String,
    what: What,
    env: Vec<(&'static str, &'static str)>,
}

#[derive(Clone, Debug)]
enum What {
    Command(Vec<String>),
    Task(Task),
}

impl Step {
    /// `cargo` with a line of arguments, split at blanks.
    pub(crate) fn cargo(name: &str, line: &str) -> Self {
        let words = std::iter::once("cargo").chain(line.split(' ')).map(str::to_owned);
        Self { name: name.to_owned(), what: What::Command(words.collect()), env: Vec::new() }
    }

    /// A program with its arguments.
    pub(crate) fn command(name: &str, words: &[&str]) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self { name: name.to_owned(), what: What::Command(words), env: Vec::new() }
    }

    pub(crate) fn task(name: &str, task: Task) -> Self {
        Self { name: name.to_owned(), what: What::Task(task), env: Vec::new() }
    }

    pub(crate) fn env(mut self, key: &'static str, value: &'static str) -> Self {
        self.env.push((key, value));
        self
    }

    fn run(&self) -> Result<(), String> {
        match &self.what {
            What::Command(words) => command(words, &self.env),
            What::Task(Task::Dependencies) => deps::check(),
            What::Task(Task::Links) => links::check(),
            What::Task(Task::BenchProxy) => bench_proxy::run(),
            What::Task(Task::Conformance) => conformance::run(false),
            What::Task(Task::QuickConformance) => conformance::run(true),
            What::Task(Task::Clients) => Clients::install().map(|_| ()),
        }
    }
}

/// Runs the steps in order; says what runs, how long it took, and what failed.
pub(crate) fn all(steps: &[Step]) -> ExitCode {
    for step in steps {
        say(&format!("── {}", step.name));
        let start = Instant::now();
        if let Err(why) = step.run() {
            say(&format!("✗ {}: {why}", step.name));
            return ExitCode::FAILURE;
        }
        say(&format!("✓ {} ({:.1} s)", step.name, start.elapsed().as_secs_f32()));
    }
    ExitCode::SUCCESS
}

/// The end of a task that is no step of a run.
pub(crate) fn ended(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say(&format!("✗ {why}"));
            ExitCode::FAILURE
        }
    }
}

fn command(words: &[String], env: &[(&str, &str)]) -> Result<(), String> {
    let [program, arguments @ ..] = words else { return Err("an empty command".into()) };
    let mut command = if program == "cargo" { cargo() } else { Command::new(program) };
    command.args(arguments).envs(env.iter().copied());
    let status = command.status().map_err(|error| format!("cannot run `{program}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{program}` {status}")) }
}
