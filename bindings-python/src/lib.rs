//! placet for Python: types and errors of the core in Python's words, and nothing else.

mod approvals;
mod audit;
mod bundles;
mod codes;
mod decision;
mod door;
mod errors;
mod forms;
mod guard;
mod mask;
mod nested;
mod request;
mod rows;
#[cfg(feature = "testing")]
mod testing;
mod values;

use pyo3::prelude::*;

/// The compiled half of the package `placet`.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use crate::approvals::{PyHold, PyRequest, PyStore, action_hash, escape_for_display};
    #[pymodule_export]
    use crate::audit::{PyLog, PyReport, checkpoint, events, prove, verify};
    #[pymodule_export]
    use crate::bundles::{
        PyBundle, compile, files, pack, revoke, rotate_root, sign_revocation, sign_root,
        verify as verify_bundle,
    };
    #[pymodule_export]
    use crate::codes::all_codes;
    #[pymodule_export]
    use crate::decision::{PyDecision, PyFacts, PyObligation};
    #[pymodule_export]
    use crate::forms::{canonical, new_key, open_note, parse_strict, sign_note};
    #[pymodule_export]
    use crate::guard::{PyAdmission, PyGuard};
    #[pymodule_export]
    use crate::mask::{PyFinding, PyMasker};
    #[pymodule_export]
    use crate::request::{PyPrincipal, PyResource};
    #[pymodule_export]
    use crate::rows::{PyMaskedRows, PyRowMasker};
    #[cfg(feature = "testing")]
    #[pymodule_export]
    use crate::testing::{arm_panic, loop_decide, loop_mask};
}
