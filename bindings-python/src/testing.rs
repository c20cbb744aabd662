//! For the project's own tests and benchmarks only; absent from every wheel that is shipped.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use placet::command::{Dialect, Protocol};
use placet::mask::{self, Detectors, Operators};
use placet::request::Request;
use placet::schema::SqlSession;
use placet_guard::{Guard, Options};
use pyo3::prelude::*;

use crate::errors::Failure;
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

/// Nanoseconds that core takes for `count` decisions about `command`, without Python.
#[pyfunction]
pub(crate) fn time_decide(command: &[u8], count: u32) -> PyResult<u128> {
    let guard = Guard::open(Options::shipped("baseline")).map_err(Failure::from)?;
    let request: Request = Defaults::default().request;
    let session = SqlSession::server_defaults();
    let protocol = Protocol::Sql(Dialect::Postgres);
    let start = Instant::now();
    for _ in 0..count {
        black_box(guard.decide(protocol, black_box(command), &session, &request));
    }
    Ok(start.elapsed().as_nanos())
}

/// Nanoseconds that core takes to mask `text` `count` times, without Python.
#[pyfunction]
pub(crate) fn time_mask(text: &[u8], count: u32) -> PyResult<u128> {
    let (detectors, operators) = (Detectors::builtin(), Operators::redact_all());
    let start = Instant::now();
    for _ in 0..count {
        let masked = mask::text(&detectors, &operators, black_box(text));
        let _ = black_box(masked.map_err(Failure::from)?);
    }
    Ok(start.elapsed().as_nanos())
}
