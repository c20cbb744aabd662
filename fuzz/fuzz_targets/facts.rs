//! Any bytes, under any protocol, get facts: no panic, no abort, no hang.
//!
//! The first byte picks the protocol and what is known of the session; the rest is the command.
//! `PLACET_FUZZ_PROTOCOL` picks the protocol instead.
#![no_main]

use std::env;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use placet::command::Protocol;
use placet::facts::{self, Scope, Understanding};
use placet::schema::SqlSession;

static ONLY: LazyLock<Option<String>> = LazyLock::new(|| env::var("PLACET_FUZZ_PROTOCOL").ok());

fuzz_target!(|data: &[u8]| {
    let Some((choice, command)) = data.split_first() else { return };
    let protocols: Vec<Protocol> = Protocol::all().collect();
    let protocol = match ONLY.as_deref() {
        Some(name) => Protocol::parse(name).expect("the name of a protocol"),
        None => protocols[usize::from(*choice >> 2) % protocols.len()],
    };
    let (strings, mode) = [
        (Some(true), Some("")),
        (Some(false), Some("ANSI_QUOTES")),
        (Some(true), Some("NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT")),
        (None, None),
    ][usize::from(*choice & 3)];
    let session = SqlSession {
        standard_conforming_strings: strings,
        sql_mode: mode.map(str::to_owned),
        ..SqlSession::server_defaults()
    };
    let facts = facts::read(protocol, command, &Scope { catalog: None, session: &session });
    // The laws that need no second reading.
    assert_eq!(facts.reasons.is_empty(), facts.understanding == Understanding::Full);
    // Code inside has spans of its own text.
    assert!(facts.actions.iter().all(|action| action.span.end() <= command.len()));
});
