//! `placet catalog dump` against live databases, and what the library then makes of commands.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod certificates;
mod mariadb;
mod postgres;
mod sqlite;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// `placet` without what the tester's environment would give it.
fn placet(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_placet"));
    command.args(words).env_remove("PGPASSWORD").env_remove("MYSQL_PWD");
    command
}

/// A dump, with this password in the environment.
fn dump(words: &[&str], password: &str) -> Output {
    let mut command = placet(&["catalog", "dump"]);
    command.args(words).env("PGPASSWORD", password).env("MYSQL_PWD", password);
    command.output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The catalog that a dump gave.
fn catalog(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The code of a dump that failed, which says nothing of a password and writes nothing.
fn refused(output: &Output) -> String {
    let told = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(output.stdout.is_empty());
    assert!(told.contains("\n --> ") && told.contains("\nhelp: "), "{told}");
    assert!(!told.contains("s3cret"), "{told}");
    let code = told.strip_prefix("error[").and_then(|rest| rest.split(']').next());
    code.unwrap_or_else(|| panic!("{told}")).to_owned()
}

/// `name` of a list of the catalog.
fn thing<'a>(catalog: &'a Value, list: &str, name: &str) -> &'a Value {
    let all = catalog[list].as_array().unwrap();
    all.iter().find(|thing| thing["name"] == name).unwrap_or_else(|| panic!("{list}: no {name}"))
}

fn names(catalog: &Value, list: &str) -> Vec<String> {
    let all = catalog[list].as_array().unwrap().iter();
    all.map(|thing| format!("{}.{}", text(&thing["schema"]), text(&thing["name"]))).collect()
}

fn columns(catalog: &Value, table: &str) -> Vec<String> {
    let all = thing(catalog, "tables", table)["columns"].as_array().unwrap();
    all.iter().map(|column| text(&column["name"]).to_owned()).collect()
}

fn unique(catalog: &Value, table: &str) -> String {
    thing(catalog, "tables", table)["unique"].to_string()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What `placet facts` says of a command with this catalog.
fn facts(protocol: &str, catalog: &Path, command: &str) -> Value {
    let words = ["facts", "--protocol", protocol, "--catalog", catalog.to_str().unwrap(), command];
    let output = placet(&words).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The paths of a command's targets.
fn targets(facts: &Value) -> Vec<String> {
    let actions = facts["actions"].as_array().unwrap().iter();
    let all = actions.flat_map(|action| action["targets"].as_array().unwrap());
    all.map(|target| text(&target["path"]).to_owned()).collect()
}
