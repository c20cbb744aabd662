//! `placet facts`: what a command would do.

use placet::facts::{self, Scope};
use placet::schema::SqlSession;
use serde::Deserialize;

use crate::args;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{self, Body};
use crate::{files, jsonl, render};

/// A line of `facts --jsonl`: the body of the command; `id` is read by the loop.
#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    body: Body,
}

/// Runs the command.
pub(crate) fn run(args: &args::Facts) -> Result<Exit, Failure> {
    let protocol = input::protocol(&args.protocol)?;
    let catalog = args.catalog.as_deref().map(input::catalog).transpose()?;
    let session = match args.session.as_deref() {
        Some(path) => input::sql_session(path)?,
        None => SqlSession::server_defaults(),
    };
    let scope = Scope { catalog: catalog.as_ref(), session: &session };
    if args.jsonl {
        return jsonl::serve(|line: Line| Ok(facts::read(protocol, &line.body.bytes()?, &scope)));
    }
    let bytes = match &args.text {
        Some(text) => text.clone().into_bytes(),
        None => files::read("-".as_ref())?,
    };
    render::json(&facts::read(protocol, &bytes, &scope))?;
    Ok(Exit::Done)
}
