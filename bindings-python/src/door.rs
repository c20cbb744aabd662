//! The door between Python and the library: bytes in, panics kept.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::buffer::PyBuffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::errors::{Failure, internal};

/// Input above this many bytes is worked on with the interpreter's lock released: below it, giving
/// the lock up costs more than the work (docs/adr/0030-python-binding.md).
pub(crate) const DETACH_BYTES: usize = 32 * 1024;

/// Runs `body`; a panic becomes `placet.InternalError`.
///
/// Everything behind it is used up or poisoned by a panic (maskers are taken out of their place for
/// a call), so that nothing half-done is seen afterwards.
pub(crate) fn guarded<T>(py: Python<'_>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let body = || {
        #[cfg(feature = "testing")]
        crate::testing::panic_if_armed();
        body()
    };
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err(internal(py)))
}

/// Runs `body`, with the interpreter's lock released where `bytes` make it worth while.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    bytes: usize,
    body: impl FnOnce() -> T + Send,
) -> T {
    if bytes >= DETACH_BYTES { py.detach(body) } else { body() }
}

/// What cannot happen unless the library is wrong.
pub(crate) fn internal_fault() -> PyErr {
    Python::attach(internal)
}

/// Bytes that Python hands over: the text of a `str`, the content of `bytes`, or a copy of what
/// any other bytes-like object holds.
pub(crate) enum Input<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
    Copied(Vec<u8>),
    /// A `str` with lone surrogates, in the encoding `surrogatepass`.
    Surrogates(Vec<u8>),
}

impl<'a> Input<'a> {
    /// `None` where the object is neither text nor bytes.
    pub(crate) fn of(value: &'a Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        // Nearly always a `str` itself, which one comparison shows; then what is derived from it.
        let text = value.cast_exact::<PyString>().or_else(|_| value.cast::<PyString>());
        if let Ok(text) = text {
            return Ok(Some(match text.to_str() {
                Ok(text) => Self::Text(text),
                Err(_) => Self::Surrogates(surrogates(text)?),
            }));
        }
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Ok(Some(Self::Bytes(bytes.as_bytes())));
        }
        match PyBuffer::<u8>::get(value) {
            Ok(buffer) => Ok(Some(Self::Copied(buffer.to_vec(value.py())?))),
            Err(_) => Ok(None),
        }
    }

    /// The bytes of a command or a document.
    pub(crate) fn required(value: &'a Bound<'_, PyAny>, what: &str) -> PyResult<Self> {
        Self::of(value)?.ok_or_else(|| {
            Failure::new("API037", format!("{what} is neither text nor bytes"), TEXT_HELP).into()
        })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
            Self::Copied(bytes) | Self::Surrogates(bytes) => bytes,
        }
    }

    pub(crate) const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Surrogates(_))
    }
}

const TEXT_HELP: &str = "give a str, or bytes, bytearray or memoryview";

fn surrogates(text: &Bound<'_, PyString>) -> PyResult<Vec<u8>> {
    let encoded = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
    Ok(encoded.cast_into::<PyBytes>()?.as_bytes().to_vec())
}

/// Masked bytes as text again.
pub(crate) fn text_of<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    match PyString::from_bytes(py, bytes) {
        Ok(text) => Ok(text.into_any()),
        Err(_) => PyBytes::new(py, bytes).call_method1("decode", ("utf-8", "surrogatepass")),
    }
}
