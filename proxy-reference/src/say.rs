//! Lines for whoever runs the proxy, on standard error.

use std::fmt;
use std::io::Write as _;

use placet_store::system;

/// Writes one line: the time and what happened. Texts from outside are never part of it.
pub(crate) fn say(what: fmt::Arguments<'_>) {
    let line: String = format!("{} {what}", system::now())
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .chain(['\n'])
        .collect();
    // A closed standard error leaves nobody to tell.
    let _ = std::io::stderr().write_all(line.as_bytes());
}
