//! Approvals: what is shown, what is bound, which answers count; the store where people answer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use placet::approval::{
    Answer, ApprovalRequest, BoundCommand, BoundContext, Closing, Hold, Param, Roster, Salt,
    SignedStatement, Ticket, escape,
};
use placet::schema::{ApprovalKind, ApprovalSpec, ApprovalStage, Approver};
use placet_store::{ApprovalStore, StoredAnswer, keys};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde::Deserialize;

use crate::door::{Input, guarded};
use crate::errors::Failure;
use crate::guard::word_refused;
use crate::request::moment;
use crate::values::{read, unreadable};

pub(crate) fn ticket_of(text: &str) -> PyResult<Ticket> {
    Ticket::parse(text).map_err(|error| Failure::from(error).into())
}

/// Bytes as an approver sees them: nothing hides, nothing looks like something else.
#[pyfunction]
pub(crate) fn escape_for_display(value: &Bound<'_, PyAny>) -> PyResult<String> {
    guarded(value.py(), || Ok(escape(Input::required(value, "the text")?.bytes())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Context {
    database: Option<String>,
    search_path: Option<Vec<String>>,
    role: Option<String>,
    #[serde(default)]
    parser_state: std::collections::BTreeMap<String, String>,
    cwd: Option<String>,
    kube_context: Option<String>,
}

/// The hash that an approval is bound to: of bytes, parameters and context under a salt.
#[pyfunction]
#[pyo3(signature = (command, *, protocol, resource_kind, resource_name, params=Vec::new(), context=None, salt))]
pub(crate) fn action_hash(
    command: &Bound<'_, PyAny>,
    protocol: String,
    resource_kind: String,
    resource_name: String,
    params: Vec<(String, Bound<'_, PyAny>)>,
    context: Option<&Bound<'_, PyAny>>,
    salt: &[u8],
) -> PyResult<String> {
    guarded(command.py(), || {
        let salt: [u8; 32] = salt.try_into().map_err(|_| unreadable("salt of 32 bytes"))?;
        let context = match context {
            None => BoundContext::default(),
            Some(context) => {
                let Context { database, search_path, role, parser_state, cwd, kube_context } =
                    read(context, "context")?;
                BoundContext { database, search_path, role, parser_state, cwd, kube_context }
            }
        };
        let command = BoundCommand {
            protocol,
            resource_kind,
            resource_name,
            bytes: Input::required(command, "the command")?.bytes().to_vec(),
            params: params
                .iter()
                .map(|(kind, value)| param(kind, value))
                .collect::<PyResult<_>>()?,
            context,
        };
        Ok(command.action_hash(&Salt::from_bytes(salt)).to_string())
    })
}

fn param(kind: &str, value: &Bound<'_, PyAny>) -> PyResult<Param> {
    Ok(match kind {
        "null" => Param::Null,
        "bool" => Param::Bool(value.extract()?),
        "number" => Param::Number(value.extract()?),
        "text" => Param::Text(value.extract()?),
        "bytes" => Param::Bytes(Input::required(value, "the parameter")?.bytes().to_vec()),
        _ => return Err(word_refused("kind", "null, bool, number, text, bytes")),
    })
}

/// A held request: what is asked, and what it takes.
#[pyclass(frozen, module = "placet.approvals", name = "Request")]
#[derive(Debug)]
pub(crate) struct PyRequest(ApprovalRequest);

#[pymethods]
impl PyRequest {
    /// A request as a store keeps it.
    #[staticmethod]
    fn parse(stored: &Bound<'_, PyAny>) -> PyResult<Self> {
        guarded(stored.py(), || {
            let input = Input::required(stored, "the request")?;
            let request = ApprovalRequest::from_stored(input.bytes()).map_err(Failure::from)?;
            Ok(Self(request))
        })
    }

    #[getter]
    fn ticket(&self) -> String {
        self.0.ticket().to_string()
    }

    #[getter]
    fn display(&self) -> &str {
        self.0.display()
    }

    #[getter]
    fn decision_id(&self) -> &str {
        self.0.decision_id()
    }

    #[getter]
    fn requester(&self) -> &str {
        &self.0.requester().id
    }

    #[getter]
    fn delegator(&self) -> Option<&str> {
        self.0.requester().delegator.as_deref()
    }

    #[getter]
    fn specs(&self) -> Vec<String> {
        self.0.specs().to_vec()
    }

    #[getter]
    fn created(&self) -> String {
        self.0.created().to_string()
    }

    #[getter]
    fn expires(&self) -> String {
        self.0.expires().to_string()
    }

    #[getter]
    fn action_hash(&self) -> String {
        self.0.action_hash().to_string()
    }

    #[getter]
    fn break_glass(&self) -> bool {
        self.0.is_break_glass()
    }

    #[pyo3(signature = (approver, verdict, *, key, comment=None))]
    fn sign<'py>(
        &self,
        py: Python<'py>,
        approver: &str,
        verdict: &str,
        key: PathBuf,
        comment: Option<&str>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        guarded(py, || {
            let signed = self.signed(approver, verdict, &key, comment)?;
            Ok(PyBytes::new(py, &signed.to_json()))
        })
    }

    fn __repr__(&self) -> String {
        format!("Request({})", self.0.ticket())
    }
}

impl PyRequest {
    fn signed(
        &self,
        approver: &str,
        verdict: &str,
        key: &std::path::Path,
        comment: Option<&str>,
    ) -> PyResult<SignedStatement> {
        let answer = match verdict {
            "approve" => Answer::Approve,
            "deny" => Answer::Deny,
            _ => return Err(word_refused("verdict", "approve, deny")),
        };
        let key = keys::read_signing_key(key).map_err(Failure::from)?;
        let statement = self.0.statement(approver, answer, comment);
        statement.sign(key.key()).map_err(|error| Failure::from(error).into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpecInput {
    id: String,
    any_of: Vec<String>,
    min: u32,
    #[serde(default = "ten_minutes")]
    expires_in_seconds: u64,
}

const fn ten_minutes() -> u64 {
    600
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApproverInput {
    id: String,
    groups: Vec<String>,
    keys: Vec<String>,
}

/// A request while people answer, for embedders with a store of their own.
#[pyclass(frozen, module = "placet.approvals", name = "Hold")]
pub(crate) struct PyHold(Mutex<Hold>);

#[pymethods]
impl PyHold {
    #[new]
    fn new(
        request: &PyRequest,
        specs: &Bound<'_, PyAny>,
        approvers: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        guarded(specs.py(), || {
            let specs: Vec<SpecInput> = read(specs, "approval specs")?;
            let approvers: Vec<ApproverInput> = read(approvers, "approvers")?;
            let specs: Vec<ApprovalSpec> = specs
                .into_iter()
                .map(|spec| ApprovalSpec {
                    id: spec.id,
                    about: None,
                    kind: ApprovalKind::Normal,
                    stages: vec![ApprovalStage { any_of: spec.any_of, min: spec.min }],
                    distinct: true,
                    not: Vec::new(),
                    expires_in_seconds: spec.expires_in_seconds,
                })
                .collect();
            let approvers: Vec<Approver> = approvers
                .into_iter()
                .map(|person| Approver { id: person.id, groups: person.groups, keys: person.keys })
                .collect();
            let roster = Roster::new(&specs, &approvers).map_err(Failure::from)?;
            let hold = Hold::new(request.0.clone(), Arc::new(roster)).map_err(Failure::from)?;
            Ok(Self(Mutex::new(hold)))
        })
    }

    fn answer(&self, signed: &Bound<'_, PyAny>, now: &Bound<'_, PyAny>) -> PyResult<&'static str> {
        guarded(signed.py(), || {
            let input = Input::required(signed, "the answer")?;
            let now = moment(now)?;
            let signed = SignedStatement::parse(input.bytes()).map_err(Failure::from)?;
            let mut hold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let state = hold.answer(signed, now).map_err(Failure::from)?;
            Ok(state.name())
        })
    }

    fn state(&self, now: &Bound<'_, PyAny>) -> PyResult<&'static str> {
        guarded(now.py(), || {
            let now = moment(now)?;
            let hold = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(hold.state(now).name())
        })
    }
}

/// The directory of held requests: what `placet approvals`, `approve` and `deny` use.
#[pyclass(frozen, module = "placet.approvals", name = "Store")]
#[derive(Debug)]
pub(crate) struct PyStore(ApprovalStore);

#[pymethods]
impl PyStore {
    #[new]
    fn new(py: Python<'_>, directory: PathBuf) -> PyResult<Self> {
        guarded(py, || Ok(Self(ApprovalStore::open(&directory).map_err(Failure::from)?)))
    }

    fn tickets(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        guarded(py, || {
            let tickets = self.0.tickets().map_err(Failure::from)?;
            Ok(tickets.iter().map(ToString::to_string).collect())
        })
    }

    fn request(&self, py: Python<'_>, ticket: &str) -> PyResult<PyRequest> {
        guarded(py, || {
            let request = self.0.request(ticket_of(ticket)?).map_err(Failure::from)?;
            Ok(PyRequest(request))
        })
    }

    #[pyo3(signature = (ticket, verdict, *, approver, key, comment=None))]
    fn answer(
        &self,
        py: Python<'_>,
        ticket: &str,
        verdict: &str,
        approver: &str,
        key: PathBuf,
        comment: Option<&str>,
    ) -> PyResult<()> {
        guarded(py, || {
            let id = ticket_of(ticket)?;
            let request = PyRequest(self.0.request(id).map_err(Failure::from)?);
            let signed = request.signed(approver, verdict, &key, comment)?;
            let stored = StoredAnswer { signed, comment: comment.map(str::to_owned) };
            self.0.answer(id, &stored).map_err(|error| Failure::from(error).into())
        })
    }

    /// Keeps an answer that was signed elsewhere.
    #[pyo3(signature = (ticket, signed, *, comment=None))]
    fn add(
        &self,
        ticket: &str,
        signed: &Bound<'_, PyAny>,
        comment: Option<String>,
    ) -> PyResult<()> {
        guarded(signed.py(), || {
            let input = Input::required(signed, "the answer")?;
            let signed = SignedStatement::parse(input.bytes()).map_err(Failure::from)?;
            let stored = StoredAnswer { signed, comment };
            self.0.answer(ticket_of(ticket)?, &stored).map_err(|e| Failure::from(e).into())
        })
    }

    fn close(&self, py: Python<'_>, ticket: &str, outcome: &str) -> PyResult<()> {
        guarded(py, || {
            let outcome = match outcome {
                "denied" => Closing::Denied,
                "expired" => Closing::Expired,
                "void" => Closing::Void,
                "withdrawn" => Closing::Withdrawn,
                _ => return Err(word_refused("outcome", "denied, expired, void, withdrawn")),
            };
            self.0.close(ticket_of(ticket)?, outcome).map_err(|e| Failure::from(e).into())
        })
    }

    fn erase(&self, py: Python<'_>, ticket: &str) -> PyResult<()> {
        guarded(py, || self.0.erase(ticket_of(ticket)?).map_err(|e| Failure::from(e).into()))
    }
}
