//! Any bytes, under any protocol, get facts: no panic, no abort, no hang.
//!
//! The first byte picks the protocol and what is known of the session; the rest is the command.
#![no_main]

use libfuzzer_sys::fuzz_target;
use placet::command::Protocol;
use placet::facts::{self, Scope, Understanding};
use placet::schema::SqlSession;

fuzz_target!(|data: &[u8]| {
    let Some((choice, command)) = data.split_first() else { return };
    let protocols: Vec<Protocol> = Protocol::all().collect();
    let protocol = protocols[usize::from(*choice >> 2) % protocols.len()];
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
    assert!(facts.all_actions().iter().all(|action| action.span.end() <= command.len()));
});
