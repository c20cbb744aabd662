//! `placet key`: make keys.

use std::path::Path;

use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet_store::{keys, system};

use crate::args::Key;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::{files, render};

/// Runs the command.
pub(crate) fn run(args: &Key) -> Result<Exit, Failure> {
    match args {
        Key::New { name, out } => new(name, out),
    }
}

fn new(name: &str, out: &Path) -> Result<Exit, Failure> {
    let key = make(name)?;
    // A name may be a path (`example.org/audit`); the files take its last part.
    let stem = key.name().as_str().rsplit('/').next().unwrap_or_default().to_owned();
    let fits = |c: u8| c.is_ascii_alphanumeric() || b"._-@:".contains(&c);
    if stem.is_empty() || stem.starts_with(['.', '-']) || !stem.bytes().all(fits) {
        return Err(Failure::new(
            "API101",
            "the last part of the name makes no file name",
            "end it in letters, digits, `_`, `-`, `.`, not starting with a dot or dash",
        ));
    }
    std::fs::create_dir_all(out)
        .map_err(|error| files::cannot_write(&out.display().to_string(), &error))?;
    let (private, public) = (out.join(format!("{stem}.key")), out.join(format!("{stem}.vkey")));
    // The public half first: what fails halfway leaves no private key that nobody knows of.
    keys::write_verifying_key(&public, &key.verifying_key())?;
    if let Err(error) = keys::write_signing_key(&private, &key) {
        // Made a moment ago, and good for nothing without the other half.
        let _ = std::fs::remove_file(&public);
        return Err(error.into());
    }
    render::line(&format!("{}\n{}\n{}", private.display(), public.display(), key.verifying_key()))?;
    Ok(Exit::Done)
}

/// A fresh key under this name.
pub(crate) fn make(name: &str) -> Result<NamedSigningKey, Failure> {
    let name = KeyName::parse(name)?;
    let seed = system::seed()?;
    Ok(NamedSigningKey::new(name, SigningKey::from_seed(&seed)))
}
