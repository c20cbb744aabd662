//! For the project's own tests and benchmarks only; absent from every wheel that is shipped.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use placet::command::{Dialect, Protocol};
use placet::mask::{self, Detectors, Operators};
use placet::request::Request;
use placet::schema::SqlSession;
use pyo3::prelude::*;

use crate::errors::Failure;
use crate::guard::PyGuard;
use crate::request::Bound as Defaults;

static ARMED: AtomicBool = AtomicBool::new(false);

/// Makes the next call into the library panic.
#[pyfunction]
pub(crate) fn arm_panic() {
    ARMED.store(true, Ordering::SeqCst);
}

#[expect(clippy::panic, reason = "this is what is tested")]
pub(crate) fn panic_if_armed() {
    if ARMED.load(Ordering::Relaxed) && ARMED.swap(false, Ordering::SeqCst) {
        panic!("armed by a test");
    }
}

/// Lets the library decide `count` times about `command`, as the guard's own call does, without
/// Python.
#[pyfunction]
pub(crate) fn loop_decide(guard: &PyGuard, command: &[u8], count: u32) {
    let request: Request = Defaults::default().request;
    let session = SqlSession::server_defaults();
    let protocol = Protocol::Sql(Dialect::Postgres);
    for _ in 0..count {
        black_box(guard.inner().decide(protocol, black_box(command), &session, &request));
    }
}

/// Lets the library mask `text` `count` times, without Python.
#[pyfunction]
pub(crate) fn loop_mask(text: &[u8], count: u32) -> PyResult<()> {
    let (detectors, operators) = (Detectors::builtin(), Operators::redact_all());
    for _ in 0..count {
        let masked = mask::text(&detectors, &operators, black_box(text));
        let _ = black_box(masked.map_err(Failure::from)?);
    }
    Ok(())
}
