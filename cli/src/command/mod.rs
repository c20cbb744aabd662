//! One file a command.

mod approvals;
mod audit;
mod bundle;
mod catalog;
mod decide;
mod demo;
mod facts;
mod key;
mod mask;
mod proxy;
mod token;

use placet::approval::Answer;

use crate::args::Command;
use crate::exit::Exit;
use crate::failure::Failure;

/// Runs one command of the command line.
pub(crate) fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Facts(args) => facts::run(&args),
        Command::Decide(args) => decide::run(&args),
        Command::Mask(args) => mask::run(&args),
        Command::Bundle(args) => bundle::run(&args),
        Command::Key(args) => key::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Approvals(args) => approvals::list(&args),
        Command::Approve(args) => approvals::answer(&args, Answer::Approve),
        Command::Deny(args) => approvals::answer(&args, Answer::Deny),
        Command::Catalog(args) => catalog::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Proxy(args) => proxy::run(&args),
        Command::Token(args) => token::run(&args),
    }
}
