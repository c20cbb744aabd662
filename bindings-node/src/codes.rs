//! Every code that can reach JavaScript.

use napi_derive::napi;
use placet::approval::ApprovalError;
use placet::audit::AuditError;
use placet::crypto::{KeyError, dsse, jcs, json, note};
use placet::mask::MaskError;
use placet::policy::{BundleError, CompileError, DECISION_REASONS, LINTS};
use placet::wire::WireError;
use placet_guard::{FACE_CODES, GuardError};
use placet_store::StoreError;

use crate::input::json as to_json;

/// Every error code with its meaning, as JSON.
///
/// # Errors
/// `API009`.
#[napi(catch_unwind)]
pub fn codes() -> napi::Result<String> {
    let tables = [
        CompileError::CODES,
        BundleError::CODES,
        ApprovalError::CODES,
        MaskError::CODES,
        WireError::CODES,
        AuditError::CODES,
        note::NoteError::CODES,
        dsse::EnvelopeError::CODES,
        KeyError::CODES,
        json::JsonError::CODES,
        jcs::CanonicalError::CODES,
        StoreError::CODES,
        GuardError::CODES,
        FACE_CODES,
        LINTS,
        DECISION_REASONS,
    ];
    to_json(&tables.concat())
}
