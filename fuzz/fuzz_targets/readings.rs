//! PostgreSQL's own grammar and ours cut a text into the same statements, or ours refuses it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use placet::command::{Dialect, sql};
use placet::schema::SqlSession;

fuzz_target!(|text: &str| {
    // C text: it ends at a NUL, which ours refuses.
    if text.contains('\0') {
        return;
    }
    let Ok(theirs) = pg_query::parse(text, pg_query::ParserOptions::default()) else { return };
    let session = SqlSession::server_defaults();
    let ours = sql::read(text.as_bytes(), Dialect::Postgres, &session, |reading| {
        reading.ok().map(|reading| reading.statements.len())
    });
    if let Some(ours) = ours {
        assert_eq!(ours, theirs.protobuf.stmts.len());
    }
});
