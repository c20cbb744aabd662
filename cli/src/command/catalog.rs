//! `placet catalog`: snapshots of live databases.

use std::path::Path;
use std::time::{Duration, Instant};

use placet::schema::Catalog;
use placet_catalog::{Options, Progress, Snapshot, Source};

use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{files, render};

/// How long a dump is silent before it tells how far it is, and then between two lines.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs the command.
pub(crate) fn run(args: &args::Catalog) -> Result<Exit, Failure> {
    match args {
        args::Catalog::Dump(args) => dump(args),
    }
}

fn dump(args: &args::Dump) -> Result<Exit, Failure> {
    let mut source = Source::parse(&args.source.0)?;
    find_password(&mut source, args.password_file.as_deref())?;
    // Before a database is asked for what could not be kept.
    if let Some(out) = &args.out {
        check_replaceable(out)?;
    }
    let options =
        Options { schemas: args.schemas.clone(), default_schema: args.default_schema.clone() };
    let mut told = Instant::now();
    let snapshot = placet_catalog::dump(&source, &options, &mut |Progress { what, count }| {
        if told.elapsed() >= PATIENCE {
            render::aside(&format!("{count} {what} so far"));
            told = Instant::now();
        }
    })?;
    let json = snapshot.to_json()?;
    match &args.out {
        Some(out) => files::write(out, &json)?,
        None => render::bytes(&json)?,
    }
    tell(&snapshot, &source);
    Ok(Exit::Done)
}

/// The password from a file or the environment, where none stands in the address.
fn find_password(source: &mut Source, file: Option<&Path>) -> Result<(), Failure> {
    if let Some(file) = file {
        if source.has_password() {
            let help = "leave it out of the address: others may see it in the list of processes";
            return Err(Failure::new("API060", "the password is given twice", help));
        }
        let mut password = files::read(file)?;
        // Editors end a file with a line's end, which is no part of a password.
        while password.last().is_some_and(|byte| b"\r\n".contains(byte)) {
            password.pop();
        }
        source.set_password(password);
        return Ok(());
    }
    let name = match source {
        Source::Postgres(_) => "PGPASSWORD",
        Source::Mysql(_) => "MYSQL_PWD",
        Source::Sqlite(_) => return Ok(()),
    };
    if !source.has_password()
        && let Some(password) = std::env::var_os(name).filter(|password| !password.is_empty())
    {
        source.set_password(password.into_encoded_bytes());
    }
    Ok(())
}

/// A slip in `--out` must not cost a key: an older catalog is replaced, and nothing else.
fn check_replaceable(out: &Path) -> Result<(), Failure> {
    let is_catalog = |bytes: &[u8]| {
        serde_json::from_slice::<Catalog>(bytes).is_ok_and(|old| old.dialect().is_some())
    };
    if out.symlink_metadata().is_ok() && !files::read(out).is_ok_and(|old| is_catalog(&old)) {
        let message = "what stands there is no catalog, and is not overwritten";
        return Err(Failure::new("API132", message, "choose another name, or move the file away")
            .in_file(out.display().to_string()));
    }
    Ok(())
}

/// What was taken, and what was not.
fn tell(snapshot: &Snapshot, source: &Source) {
    let notes = snapshot.notes();
    for note in notes.iter().take(render::MAX_SHOWN_PROBLEMS) {
        render::aside(&format!("note: {note}"));
    }
    if let Some(more) = notes.len().checked_sub(render::MAX_SHOWN_PROBLEMS).filter(|more| *more > 0)
    {
        render::aside(&format!("and {more} more notes"));
    }
    let counted = |count: usize, noun: &str| {
        if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
    };
    render::aside(&format!(
        "{}, {}, {} of {}",
        counted(snapshot.tables().len(), "table"),
        counted(snapshot.views().len(), "view"),
        counted(snapshot.functions().len(), "function"),
        source.place()
    ));
}
