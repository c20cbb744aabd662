//! `placet facts`: what a command would do.

use placet::command::Fingerprint;
use placet::facts::{self, Facts, Scope};
use placet::schema::SqlSession;
use serde::ser::{SerializeMap as _, Serializer};
use serde::{Deserialize, Serialize};

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

/// Facts, and beside them the fingerprints where they were asked for.
struct Answer {
    facts: Facts,
    /// `Some(None)`: the command has none.
    fingerprint: Option<Option<Fingerprint>>,
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.facts.serialize_entries(&mut map)?;
        if let Some(fingerprint) = &self.fingerprint {
            map.serialize_entry("fingerprint", fingerprint)?;
        }
        map.end()
    }
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
    let answer = |bytes: &[u8]| Answer {
        facts: facts::read(protocol, bytes, &scope),
        fingerprint: args.fingerprint.then(|| Fingerprint::of(protocol, bytes, &session)),
    };
    if args.jsonl {
        return jsonl::serve(|line: Line| Ok(answer(&line.body.bytes()?)));
    }
    let bytes = match &args.text {
        Some(text) => text.clone().into_bytes(),
        None => files::read("-".as_ref())?,
    };
    render::json(&answer(&bytes))?;
    Ok(Exit::Done)
}
