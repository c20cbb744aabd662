//! `placet key`: make keys.

use std::path::Path;

use placet::crypto::{KeyError, KeyName, NamedSigningKey, SigningKey};

use crate::args::Key;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{files, random, render};

/// Runs the command.
pub(crate) fn run(args: &Key) -> Result<Exit, Failure> {
    match args {
        Key::New { name, out } => new(name, out),
    }
}

fn new(name: &str, out: &Path) -> Result<Exit, Failure> {
    let name = KeyName::parse(name).map_err(|error| complaint(&error))?;
    // A name may be a path (`example.org/audit`); the files take its last part.
    let stem = name.as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let key = make(name)?;
    let (private, public) = (out.join(format!("{stem}.key")), out.join(format!("{stem}.vkey")));
    let vkey = format!("{}\n", key.verifying_key());
    store(&private, &key)?;
    files::write(&public, vkey.as_bytes())?;
    render::line(&format!("{}\n{}\n{}", private.display(), public.display(), vkey.trim_end()))?;
    Ok(Exit::Done)
}

/// A fresh key under this name.
pub(crate) fn make(name: KeyName) -> Result<NamedSigningKey, Failure> {
    Ok(NamedSigningKey::new(name, SigningKey::from_seed(&*random::seed()?)))
}
