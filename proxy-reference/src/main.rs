//! The reference proxy: the only crate that will hold sockets. Its sessions come with the wire
//! codecs of the core; until then it refuses to start, because a proxy that passes what it does
//! not understand is worse than none.

use std::io::{self, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let text =
        "error: the proxy has no protocol yet\nhelp: embed the library, or use `placet decide`\n";
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(2)
}
