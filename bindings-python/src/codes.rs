//! Every code that an error can bear.

use placet::approval::ApprovalError;
use placet::audit::AuditError;
use placet::crypto::{KeyError, dsse, jcs, json, note};
use placet::mask::MaskError;
use placet::policy::{BundleError, CompileError, LINTS};
use placet::wire::WireError;
use placet_guard::{FACE_CODES, GuardError};
use placet_store::StoreError;
use pyo3::prelude::*;

/// Every code with its meaning, as in `docs/spec/errors.md`.
#[pyfunction]
pub(crate) fn all_codes() -> Vec<(&'static str, &'static str)> {
    let tables: [&[(&'static str, &'static str)]; 15] = [
        CompileError::CODES,
        BundleError::CODES,
        ApprovalError::CODES,
        MaskError::CODES,
        AuditError::CODES,
        note::NoteError::CODES,
        dsse::EnvelopeError::CODES,
        KeyError::CODES,
        json::JsonError::CODES,
        jcs::CanonicalError::CODES,
        StoreError::CODES,
        GuardError::CODES,
        WireError::CODES,
        FACE_CODES,
        LINTS,
    ];
    tables.concat()
}
