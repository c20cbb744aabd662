//! The proxy alone, for images that hold nothing else: `placet-proxy --config FILE`. `placet proxy`
//! is the same with `check` and complaints that name lines.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use placet_proxy::{Config, ProxyError};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [flag, file] = arguments.as_slice() else { return usage() };
    if flag != "--config" {
        return usage();
    }
    let config = match Config::load(Path::new(file)) {
        Ok(config) => config,
        Err(refused) => return tell(&refused.errors),
    };
    match placet_proxy::run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(errors) => tell(&errors),
    }
}

fn usage() -> ExitCode {
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(b"usage: placet-proxy --config FILE\n");
    ExitCode::from(2)
}

fn tell(errors: &[ProxyError]) -> ExitCode {
    let mut text = String::new();
    for error in errors {
        text.push_str(&format!("error[{}]: {error}\n", error.code()));
        if let Some(file) = error.file() {
            text.push_str(&format!(" --> {file}\n"));
        }
        text.push_str(&format!("help: {}\n", error.help()));
    }
    // A closed standard error leaves nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(2)
}
