//! One file a command.

mod facts;

use crate::args::Command;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs one command of the command line.
pub(crate) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Facts(args) => facts::run(&args),
    }
}
