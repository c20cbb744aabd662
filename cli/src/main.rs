//! The `placet` command line: files, terminal and exit codes around the library.

mod args;
mod bundles;
mod command;
mod exit;
mod failure;
mod files;
mod input;
mod jsonl;
mod render;

use clap::Parser;

fn main() -> std::process::ExitCode {
    let args = args::Args::parse();
    match command::run(args.command) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !failure.silent {
                render::failure(&failure);
            }
            exit::Exit::Unreadable.into()
        }
    }
}
