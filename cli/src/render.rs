//! Complaints and tables, as people read them.

use std::io::{self, Write};

use crate::failure::Failure;

/// Writes a complaint to standard error: code, message, place, help.
pub(crate) fn failure(failure: &Failure) {
    let mut text = format!("error[{}]: {}\n", failure.code, failure.message);
    if let Some(file) = &failure.file {
        text.push_str(&format!(" --> {file}\n"));
    }
    if !failure.help.is_empty() {
        text.push_str(&format!("help: {}\n", failure.help));
    }
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes a value to standard output as indented JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .map_err(|error| crate::files::cannot_write("standard output", &error))
}

/// Writes one line to standard output.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .map_err(|error| crate::files::cannot_write("standard output", &error))
}
