//! Decisions and facts as handles: nothing is turned into Python before it is read.

use std::sync::Arc;

use placet::engine::Decided;
use placet::facts::{Facts, Understanding};
use placet::policy::{MaskedColumns, Obligation, Verdict};
use pyo3::IntoPyObjectExt as _;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use serde_json::Value;

use crate::errors::Failure;
use crate::values::{hash_of, to_json, to_python, unreadable};

/// What is to happen with a command, and why.
#[pyclass(frozen, module = "placet", name = "Decision")]
pub(crate) struct PyDecision {
    inner: Inner,
    /// Its id in the log, where it is in one.
    id: Option<String>,
}

enum Inner {
    /// In a box, so that moving the handle into its Python object moves a pointer.
    Live(Box<Decided>),
    /// Came out of a pickle: it tells, and cannot drive a masker.
    Stored { verdict: Verdict, text: String, decision: Value, facts: Arc<Facts> },
}

impl PyDecision {
    pub(crate) fn new(decided: Decided, id: Option<String>) -> Self {
        Self { inner: Inner::Live(Box::new(decided)), id }
    }

    /// The decision itself, to mask by it.
    pub(crate) fn live(&self) -> PyResult<&Decided> {
        match &self.inner {
            Inner::Live(decided) => Ok(decided),
            Inner::Stored { .. } => {
                let message = "a decision that was stored cannot mask";
                Err(Failure::new("API032", message, "decide again about the same command").into())
            }
        }
    }

    fn verdict_of(&self) -> Verdict {
        match &self.inner {
            Inner::Live(decided) => decided.decision.verdict,
            Inner::Stored { verdict, .. } => *verdict,
        }
    }

    fn value(&self) -> PyResult<Value> {
        match &self.inner {
            Inner::Live(decided) => json(&decided.decision),
            Inner::Stored { decision, .. } => Ok(decision.clone()),
        }
    }

    fn facts_value(&self) -> PyResult<Value> {
        match &self.inner {
            Inner::Live(decided) => json(&*decided.facts),
            Inner::Stored { facts, .. } => json(&**facts),
        }
    }

    /// A part of the JSON form.
    fn part<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, self.value()?.get(key).unwrap_or(&Value::Null))
    }

    fn texts<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyTuple>> {
        let value = self.value()?;
        let texts = value.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        PyTuple::new(py, texts.iter().filter_map(Value::as_str).collect::<Vec<_>>())
    }
}

fn json(value: &impl serde::Serialize) -> PyResult<Value> {
    serde_json::to_value(value).map_err(|_| unwritable().into())
}

fn unwritable() -> Failure {
    Failure::new("API009", "an answer cannot be written as JSON", "report this")
}

fn word<'py>(py: Python<'py>, verdict: Verdict) -> &'py Bound<'py, PyString> {
    match verdict {
        Verdict::Allow => intern!(py, "allow"),
        Verdict::Mask => intern!(py, "mask"),
        Verdict::Limit => intern!(py, "limit"),
        Verdict::RequireApproval => intern!(py, "require_approval"),
        Verdict::Deny => intern!(py, "deny"),
    }
}

#[pymethods]
impl PyDecision {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str,) = ("verdict",);

    #[getter]
    fn verdict<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        word(py, self.verdict_of()).clone()
    }

    #[getter]
    fn rules<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.inner {
            Inner::Live(decided) => PyTuple::new(py, decided.decision.rules.iter().map(|id| &**id)),
            Inner::Stored { .. } => self.texts(py, "rules"),
        }
    }

    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.inner {
            Inner::Live(decided) => PyTuple::new(py, &decided.decision.reasons),
            Inner::Stored { .. } => self.texts(py, "reasons"),
        }
    }

    #[getter]
    fn understanding<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.inner {
            Inner::Live(decided) => decided.decision.understanding.name().into_bound_py_any(py),
            Inner::Stored { .. } => self.part(py, "understanding"),
        }
    }

    #[getter]
    fn risk<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.inner {
            Inner::Live(decided) => decided.decision.risk.score.into_bound_py_any(py),
            Inner::Stored { .. } => self.part(py, "risk"),
        }
    }

    #[getter]
    fn obligations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let value = self.value()?;
        let list = value.get("obligations").and_then(Value::as_array);
        let list = list.map_or(&[][..], Vec::as_slice);
        let all = list.iter().map(PyObligation::of).collect::<PyResult<Vec<_>>>()?;
        PyTuple::new(py, all)
    }

    #[getter]
    fn remedy<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.inner {
            Inner::Live(decided) => decided.decision.remedy.as_deref().into_bound_py_any(py),
            Inner::Stored { .. } => self.part(py, "remedy"),
        }
    }

    #[getter]
    fn bundle<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.inner {
            Inner::Live(decided) => decided.decision.bundle.to_string().into_bound_py_any(py),
            Inner::Stored { .. } => self.part(py, "bundle"),
        }
    }

    #[getter]
    fn stamps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.inner {
            Inner::Live(decided) => {
                PyTuple::new(py, decided.decision.stamps.iter().map(|stamp| stamp.name()))
            }
            Inner::Stored { .. } => self.texts(py, "stamps"),
        }
    }

    #[getter]
    fn explanation<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "explanation")
    }

    #[getter]
    fn facts(&self) -> PyResult<PyFacts> {
        match &self.inner {
            Inner::Live(decided) => Ok(PyFacts(Arc::clone(&decided.facts))),
            Inner::Stored { facts, .. } => Ok(PyFacts(Arc::clone(facts))),
        }
    }

    #[getter]
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The number of rows that may pass: the smallest limit.
    #[getter]
    fn max_rows(&self) -> PyResult<Option<u64>> {
        let value = self.value()?;
        let list = value.get("obligations").and_then(Value::as_array);
        Ok(list.into_iter().flatten().filter_map(|o| o.get("rows")?.as_u64()).min())
    }

    fn json(&self) -> PyResult<String> {
        match &self.inner {
            // Written from the decision, so that the order of the keys is the specification's.
            Inner::Live(decided) => text(&decided.decision),
            Inner::Stored { text, .. } => Ok(text.clone()),
        }
    }

    fn __repr__(&self) -> PyResult<String> {
        let value = self.value()?;
        let list = |key: &str| value.get(key).map(ToString::to_string).unwrap_or_default();
        let verdict = self.verdict_of().name();
        Ok(format!("Decision({verdict}, rules={}, reasons={})", list("rules"), list("reasons")))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast::<Self>() else { return Ok(false) };
        let other = other.get();
        if self.id != other.id {
            return Ok(false);
        }
        if let (Inner::Live(one), Inner::Live(two)) = (&self.inner, &other.inner) {
            return Ok(one == two);
        }
        Ok(self.value()? == other.value()? && self.facts_value()? == other.facts_value()?)
    }

    fn __hash__(&self) -> PyResult<isize> {
        let value = self.value()?;
        let key = |key: &str| value.get(key).map(ToString::to_string);
        Ok(hash_of(&(self.verdict_of(), key("rules"), key("reasons"), key("bundle"))))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let restore = py.get_type::<Self>().getattr("_restore")?;
        let state = (self.json()?, text(&self.facts_value()?)?, self.id.clone());
        (restore, state).into_pyobject(py)
    }

    #[staticmethod]
    #[pyo3(name = "_restore", signature = (decision, facts, id=None))]
    fn restore(decision: &str, facts: &str, id: Option<String>) -> PyResult<Self> {
        let refused = || unreadable("stored decision");
        let parse = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| refused());
        let text = decision.to_owned();
        let (decision, facts) = (parse(decision)?, PyFacts::stored(&parse(facts)?)?);
        let verdict = decision.get("verdict").and_then(Value::as_str).and_then(Verdict::parse);
        let verdict = verdict.ok_or_else(refused)?;
        // What a decision says of its facts must be what they say.
        let facts = facts.0;
        let understood = decision.get("understanding").and_then(Value::as_str);
        if understood.is_none() || (understood == Some("full")) != facts_are_full(&facts) {
            return Err(refused().into());
        }
        Ok(Self { inner: Inner::Stored { verdict, text, decision, facts }, id })
    }
}

/// Understood in full, code inside it included.
fn facts_are_full(facts: &Facts) -> bool {
    facts.understanding == Understanding::Full
        && facts.actions.iter().all(|action| action.nested.iter().all(facts_are_full))
}

fn text(value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|_| unwritable().into())
}

/// Something that must be done with a command that is not denied.
#[pyclass(frozen, eq, hash, module = "placet", name = "Obligation")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PyObligation {
    kind: String,
    json: String,
}

impl PyObligation {
    fn of(value: &Value) -> PyResult<Self> {
        let kind = value.get("kind").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| unreadable("obligation"))?.to_owned();
        Ok(Self { kind, json: text(value)? })
    }

    fn part<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
        let value: Value =
            serde_json::from_str(&self.json).map_err(|_| unreadable("obligation"))?;
        to_python(py, value.get(key).unwrap_or(&Value::Null))
    }
}

#[pymethods]
impl PyObligation {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str,) = ("kind",);

    #[getter]
    fn kind(&self) -> &str {
        &self.kind
    }

    #[getter]
    fn classes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "classes")
    }

    #[getter]
    fn columns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "columns")
    }

    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "rows")
    }

    #[getter]
    fn spec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "spec")
    }

    fn json(&self) -> &str {
        &self.json
    }

    fn __repr__(&self) -> String {
        format!("Obligation({})", self.json)
    }
}

/// What a command would do.
#[pyclass(frozen, module = "placet", name = "Facts")]
pub(crate) struct PyFacts(Arc<Facts>);

impl PyFacts {
    pub(crate) const fn shared(facts: Arc<Facts>) -> Self {
        Self(facts)
    }

    fn own(facts: Facts) -> Self {
        Self(Arc::new(facts))
    }

    fn stored(json: &Value) -> PyResult<Self> {
        let facts = Facts::from_json(json).map_err(|error| {
            let help = "see docs/spec/facts.md for the object";
            Failure::new("API010", error.to_string(), help)
        })?;
        Ok(Self::own(facts))
    }

    pub(crate) const fn facts(&self) -> &Arc<Facts> {
        &self.0
    }
}

#[pymethods]
impl PyFacts {
    /// Facts that an embedder states, or that a log kept.
    #[staticmethod]
    fn parse(json: &Bound<'_, PyAny>) -> PyResult<Self> {
        let value = match json.cast::<PyString>() {
            Ok(text) => {
                serde_json::from_str(text.to_str()?).map_err(|_| unreadable("text of the facts"))?
            }
            Err(_) => to_json(json, "facts")?,
        };
        Self::stored(&value)
    }

    #[getter]
    fn protocol(&self) -> &'static str {
        self.facts().protocol.name()
    }

    #[getter]
    fn understanding(&self) -> &'static str {
        self.facts().understanding.name()
    }

    #[getter]
    fn reasons<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.facts().reasons.iter().map(|reason| reason.code()))
    }

    #[getter]
    fn statements(&self) -> Option<u32> {
        self.facts().statements
    }

    #[getter]
    fn writes(&self) -> bool {
        self.facts().writes()
    }

    #[getter]
    fn destructive(&self) -> bool {
        self.facts().destructive()
    }

    #[getter]
    fn unbounded(&self) -> bool {
        self.facts().unbounded()
    }

    #[getter]
    fn max_rows(&self) -> Option<u64> {
        self.facts().max_rows()
    }

    #[getter]
    fn effects<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let names: Vec<&str> =
            self.facts().effects().iter().map(placet::facts::Effect::name).collect();
        PyTuple::new(py, names)
    }

    #[getter]
    fn evasion<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let names: Vec<&str> =
            self.facts().evasion.iter().map(placet::facts::Evasion::name).collect();
        PyTuple::new(py, names)
    }

    #[getter]
    fn actions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &json(&self.facts().actions)?)
    }

    #[getter]
    fn session<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &json(&self.facts().session)?)
    }

    fn json(&self) -> PyResult<String> {
        text(&**self.facts())
    }

    fn __repr__(&self) -> String {
        let facts = self.facts();
        let effects: Vec<&str> = facts.effects().iter().map(placet::facts::Effect::name).collect();
        format!("Facts({}, effects=[{}])", facts.understanding.name(), effects.join(", "))
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| other.get().facts() == self.facts())
    }

    fn __hash__(&self) -> PyResult<isize> {
        Ok(hash_of(&self.json()?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        (py.get_type::<Self>().getattr("parse")?, (self.json()?,)).into_pyobject(py)
    }
}

/// Whether a decision forces columns, so that values may have any shape.
pub(crate) fn forces_columns(decided: &Decided) -> bool {
    decided.decision.obligations.iter().any(|obligation| match obligation {
        Obligation::Mask(mask) => match &mask.columns {
            MaskedColumns::All => true,
            MaskedColumns::Listed(columns) => !columns.is_empty(),
        },
        Obligation::Limit { .. } | Obligation::Approval { .. } => false,
    })
}
