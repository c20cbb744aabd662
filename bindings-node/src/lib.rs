//! placet for Node: the raw addon. Types and errors of the library in JavaScript's words, and nothing
//! else; the package's public layer is `index.js` over it.
//!
//! What is called often takes bytes and answers with a number; what is asked for rarely is one JSON
//! text. No class is made on a path that is called often. Every export catches panics: an uncaught one would
//! end the process.

// Its tests run in Node: in a test build nothing is registered, and all of it would be dead code.
#![cfg(not(test))]

mod approvals;
mod audit;
mod codes;
mod failure;
mod guard;
mod input;
mod keys;
mod mask;
mod policy;
mod slots;

use std::sync::Once;

use napi_derive::{module_init, napi};

static QUIET: Once = Once::new();

/// A panic's text may hold what it was about: only its place is told.
#[module_init]
fn quiet_panics() {
    QUIET.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            use std::io::Write as _;
            let place = info.location().map_or_else(String::new, |at| format!(" at {at}"));
            // A closed standard error leaves nobody to tell.
            let _ = writeln!(std::io::stderr(), "placet: internal error{place}");
        }));
    });
}

/// Panics: so that the tests see what becomes of it.
///
/// # Panics
/// Always.
#[napi(catch_unwind)]
pub fn panic_for_tests() {
    assert!(std::hint::black_box(false), "a secret that nobody may see");
}
