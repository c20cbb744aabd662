//! psycopg and node-postgres through the proxy: each `check_…` of `clients.py` and each check of
//! `clients.cjs` is a test of its own.

use std::fs;

use libtest_mimic::Failed;

use crate::stage::{Stage, text};

/// The names of all checks.
pub(crate) fn names() -> Vec<String> {
    let read = |file: &str| fs::read_to_string(Stage::tests().join(file)).unwrap();
    let (python, node) = (read("clients.py"), read("clients.cjs"));
    let between = |line: &str, start: &str| {
        line.strip_prefix(start)
            .and_then(|rest| rest.split_once('('))
            .map(|(name, _)| name.to_owned())
    };
    let python = python.lines().filter_map(|line| between(line, "def check_"));
    let node = node.lines().filter_map(|line| between(line, "  async "));
    let names: Vec<String> = python
        .map(|name| format!("psycopg::{name}"))
        .chain(node.map(|name| format!("node-postgres::{name}")))
        .collect();
    assert!(names.len() > 20, "the checks were not found: {names:?}");
    names
}

/// Runs one check.
pub(crate) fn run(stage: &Stage, name: &str) -> Result<(), Failed> {
    let (client, check) = name.split_once("::").unwrap();
    let (mut command, file) = match client {
        "psycopg" => (stage.clients.python(), "clients.py"),
        _ => (stage.clients.node(), "clients.cjs"),
    };
    command.envs(stage.curt().env.iter().cloned()).env("PGCONNECT_TIMEOUT", "10");
    let told = command.arg(Stage::tests().join(file)).arg(check).output().unwrap();
    if told.status.success() { Ok(()) } else { Err(text(&told).into()) }
}
