//! `placet demo`: an agent's session on a made-up shop, from command to verified log.

mod agent;
mod database;
mod gateway;
mod script;
mod show;

use std::path::{Path, PathBuf};

use placet::audit::{Report, State};
use placet::crypto::NamedVerifyingKey;
use placet_store::{VerifyOptions, keys};

use crate::args;
use crate::command::key;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use gateway::Gateway;
use show::Screen;

/// Name of the log's writer: the directory below `audit/`.
const WRITER: &str = "gateway-1";

/// Runs the demo.
pub(crate) fn run(args: &args::Demo) -> Result<Exit, Failure> {
    let dir = match &args.out {
        Some(dir) => dir.clone(),
        None => PathBuf::from("demo-out").join(format!("run-{}", std::process::id())),
    };
    prepare(&dir)?;
    let mut screen = Screen::new();
    let log_key = key::make("placet.example/demo-log")?;
    let verifier = log_key.verifying_key();
    keys::write_verifying_key(&dir.join("audit.vkey"), &verifier)?;

    screen.heading("placet demo")?;
    screen.line(
        "An agent works on a shop's database. Every command goes through policy, approval,",
    )?;
    screen.line("masking and log. People and numbers are made up; the database is real.")?;

    let mut gateway = Gateway::open(&dir, log_key)?;
    let played = agent::play(&mut gateway, &mut screen)?;
    gateway.close()?;

    screen.heading("the log")?;
    screen.line(&played.summary())?;
    let report = verify(&dir.join("audit"), &verifier)?;
    let intact = tell(&mut screen, "as written", &report)?;
    let (copy, flipped) = tamper(&dir)?;
    let report = verify(&copy, &verifier)?;
    screen.line(&format!("One bit of byte {flipped} is flipped in a copy, {}:", copy.display()))?;
    let caught = tell(&mut screen, "tampered", &report)?;

    screen.heading("look further")?;
    // As it was called, so that the lines can be copied.
    let placet = std::env::args().next().unwrap_or_else(|| "placet".to_owned());
    let dir = dir.display();
    for line in [
        format!("{placet} audit tail {dir}/audit -n 5"),
        format!("{placet} audit verify {dir}/audit --key {dir}/audit.vkey"),
        format!("{placet} bundle test {dir}/bundle"),
        format!("{placet} facts --protocol postgres \"SELECT INTO stolen FROM customers\""),
        format!("{placet} bundle init my-bundle    # then docs/spec/bundle.md"),
    ] {
        screen.line(&format!("  {line}"))?;
    }
    let proved = intact == State::ClosedClean && caught == State::Tampered;
    Ok(if proved { Exit::Done } else { Exit::Tampered })
}

fn prepare(dir: &Path) -> Result<(), Failure> {
    let taken = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(Failure::new("API016", "the directory is not empty", "give a new directory")
            .in_file(dir.display().to_string()));
    }
    std::fs::create_dir_all(dir)
        .map_err(|error| files::cannot_write(&dir.display().to_string(), &error))
}

fn verify(log: &Path, key: &NamedVerifyingKey) -> Result<Report, Failure> {
    placet_store::verify(log, key, &VerifyOptions::default()).map_err(Failure::from)
}

fn tell(screen: &mut Screen, what: &str, report: &Report) -> Result<State, Failure> {
    let through = report.proven_time.map_or_else(|| "no event".to_owned(), |t| t.to_string());
    let mut text = format!("complete through {through}, {} events", report.proven_size);
    if let (Some(class), Some(index)) = (report.class, report.index) {
        text.push_str(&format!("; {} at event {index}", class.as_str()));
    }
    let colour = if report.state == State::ClosedClean { "32" } else { "31" };
    let state = screen.paint(colour, report.state.as_str());
    screen.line(&format!("  {what:<11} {state}  {text}"))?;
    Ok(report.state)
}

/// Copies the log and flips one bit in the middle of its first segment.
fn tamper(dir: &Path) -> Result<(PathBuf, usize), Failure> {
    let name = "seg-00000000000000000000.log";
    let mut bytes = files::read(&dir.join("audit").join(WRITER).join(name))?;
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    let copy = dir.join("audit-tampered");
    let writer = copy.join(WRITER);
    std::fs::create_dir_all(&writer)
        .map_err(|error| files::cannot_write(&writer.display().to_string(), &error))?;
    files::write(&writer.join(name), &bytes)?;
    Ok((copy, middle))
}
