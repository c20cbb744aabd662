//! `placet proxy`: run the reference proxy, or look at its configuration.

use std::path::Path;

use placet::primitives::Span;
use placet_proxy::{Config, ProxyError};

use crate::args::{Proxy, ProxyTask};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Runs the command.
pub(crate) fn run(args: &Proxy) -> Result<Exit, Failure> {
    match (&args.task, &args.config) {
        (Some(ProxyTask::Check { config }), _) => check(config),
        (None, Some(config)) => serve(config),
        (None, None) => Err(Failure::new("API003", "no configuration", "give --config FILE")),
    }
}

fn serve(path: &Path) -> Result<Exit, Failure> {
    let Some(config) = load(path) else { return Ok(Exit::Unreadable) };
    match placet_proxy::run(&config) {
        Ok(()) => Ok(Exit::Done),
        Err(errors) => Ok(tell(&errors, "")),
    }
}

fn check(path: &Path) -> Result<Exit, Failure> {
    let Some(config) = load(path) else { return Ok(Exit::Unreadable) };
    if let Err(errors) = placet_proxy::check(&config) {
        return Ok(tell(&errors, ""));
    }
    let (databases, agents) = (config.databases.len(), config.agents.len());
    render::line(&format!("fine: {databases} databases, {agents} agents"))?;
    Ok(Exit::Done)
}

/// The configuration; `None` where its problems were told.
fn load(path: &Path) -> Option<Config> {
    match Config::load(path) {
        Ok(config) => Some(config),
        Err(refused) => {
            tell(&refused.errors, &refused.text);
            None
        }
    }
}

/// Tells every problem with its line and column. The line itself is not shown: a password may stand
/// in it, where one does not belong.
fn tell(errors: &[ProxyError], text: &str) -> Exit {
    for error in errors {
        let mut failure = Failure::from(error.clone());
        if let (Some(file), Some((line, column))) = (&failure.file, place(text, error.span())) {
            failure.file = Some(format!("{file}:{line}:{column}"));
        }
        render::failure(&failure);
    }
    Exit::Unreadable
}

/// Line and column of a place, both from 1; `None` for the file as a whole.
fn place(text: &str, span: Option<Span>) -> Option<(usize, usize)> {
    let before = text.get(..span.filter(|span| !span.is_empty())?.start())?;
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some((line, column))
}
