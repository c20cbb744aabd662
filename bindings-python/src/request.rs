//! Who asks, on what, in which session: bound once, or given with a call.

use placet::command::Protocol;
use placet::primitives::Timestamp;
use placet::request::{Context, Enforces, Principal, PrincipalKind, Request, Resource, Session};
use placet::schema::SqlSession;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use serde_json::{Map, Value};

use crate::errors::Failure;
use crate::values::{hash_of, read, to_json, to_python, unreadable};

/// What a decision needs beside the command.
#[derive(Clone)]
pub(crate) struct Bound {
    pub(crate) protocol: Protocol,
    pub(crate) sql: SqlSession,
    pub(crate) request: Request,
    /// The resource follows the protocol until the caller names one.
    named_resource: bool,
}

impl Default for Bound {
    fn default() -> Self {
        let protocol = Protocol::Sql(placet::command::Dialect::Postgres);
        Self {
            protocol,
            sql: SqlSession::server_defaults(),
            request: Request {
                principal: agent("agent"),
                resource: resource_of(protocol, "default"),
                session: Session::default(),
                context: Context::default(),
                enforces: Enforces::ALL,
            },
            named_resource: false,
        }
    }
}

/// The keyword arguments that may change what is bound.
#[derive(Default)]
pub(crate) struct Given<'py> {
    pub(crate) protocol: Option<pyo3::Bound<'py, PyAny>>,
    pub(crate) principal: Option<pyo3::Bound<'py, PyAny>>,
    pub(crate) resource: Option<pyo3::Bound<'py, PyAny>>,
    pub(crate) session: Option<pyo3::Bound<'py, PyAny>>,
    pub(crate) context: Option<pyo3::Bound<'py, PyAny>>,
    pub(crate) enforces: Option<pyo3::Bound<'py, PyAny>>,
}

impl Given<'_> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.protocol.is_none()
            && self.principal.is_none()
            && self.resource.is_none()
            && self.session.is_none()
            && self.context.is_none()
            && self.enforces.is_none()
    }
}

impl Bound {
    pub(crate) fn with(&self, given: &Given<'_>) -> PyResult<Self> {
        let mut bound = self.clone();
        if let Some(name) = &given.protocol {
            bound.protocol = protocol(name)?;
            if !bound.named_resource {
                bound.request.resource = resource_of(bound.protocol, "default");
            }
        }
        if let Some(principal) = &given.principal {
            bound.request.principal = principal_of(principal)?;
        }
        if let Some(resource) = &given.resource {
            bound.named_resource = true;
            bound.request.resource = match resource.cast::<PyString>() {
                Ok(name) => resource_of(bound.protocol, name.to_str()?),
                Err(_) => match resource.cast::<PyResource>() {
                    Ok(resource) => resource.get().0.clone(),
                    Err(_) => read(resource, "resource")?,
                },
            };
        }
        if let Some(session) = &given.session {
            (bound.sql, bound.request.session) = sessions(to_json(session, "session")?)?;
        }
        if let Some(context) = &given.context {
            bound.request.context = context_of(context)?;
        }
        if let Some(enforces) = &given.enforces {
            bound.request.enforces = enforces_of(enforces)?;
        }
        Ok(bound)
    }
}

fn agent(id: &str) -> Principal {
    Principal {
        id: id.to_owned(),
        kind: PrincipalKind::Agent,
        groups: Vec::new(),
        claims: Default::default(),
        delegator: None,
    }
}

fn resource_of(protocol: Protocol, name: &str) -> Resource {
    Resource { kind: protocol.name().to_owned(), name: name.to_owned(), labels: Default::default() }
}

pub(crate) fn protocol(name: &pyo3::Bound<'_, PyAny>) -> PyResult<Protocol> {
    let text = name.extract::<String>().unwrap_or_default();
    Protocol::parse(&text).ok_or_else(|| {
        let names: Vec<&str> = Protocol::all().map(Protocol::name).collect();
        let message = format!("no protocol is called `{}`", text.escape_debug());
        Failure::new("API008", message, format!("use one of: {}", names.join(" "))).into()
    })
}

fn principal_of(value: &pyo3::Bound<'_, PyAny>) -> PyResult<Principal> {
    if let Ok(id) = value.cast::<PyString>() {
        return Ok(agent(id.to_str()?));
    }
    match value.cast::<PyPrincipal>() {
        Ok(principal) => Ok(principal.get().0.clone()),
        Err(_) => read(value, "principal"),
    }
}

/// A session object: the state that SQL is read under, and the labels and counters for policy.
fn sessions(whole: Value) -> PyResult<(SqlSession, Session)> {
    let Value::Object(mut object) = whole else { return Err(unreadable("session").into()) };
    let mut session = Map::new();
    for key in ["labels", "counters"] {
        session.extend(object.remove(key).map(|value| (key.to_owned(), value)));
    }
    // Without a word about SQL the server's defaults hold; with one, what is absent is unknown.
    let sql = if object.is_empty() {
        SqlSession::server_defaults()
    } else {
        serde_json::from_value(Value::Object(object)).map_err(|_| unreadable("session"))?
    };
    let session =
        serde_json::from_value(Value::Object(session)).map_err(|_| unreadable("session"))?;
    Ok((sql, session))
}

fn context_of(value: &pyo3::Bound<'_, PyAny>) -> PyResult<Context> {
    let Ok(context) = value.cast::<PyDict>() else { return Err(unreadable("context").into()) };
    let mut now = None;
    for (key, value) in context {
        if key.extract::<String>().is_ok_and(|key| key == "now") {
            now = if value.is_none() { None } else { Some(moment(&value)?) };
        } else {
            return Err(unreadable("context").into());
        }
    }
    Ok(Context { now })
}

/// A moment: RFC 3339 text, or a `datetime` with a time zone.
pub(crate) fn moment(value: &pyo3::Bound<'_, PyAny>) -> PyResult<Timestamp> {
    let refused = || Failure::new("API014", "not a time", "write it as RFC 3339, with an offset");
    let text = match value.cast::<PyString>() {
        Ok(text) => text.to_str()?.to_owned(),
        Err(_) => match value.call_method0("isoformat") {
            Ok(text) => text.extract::<String>()?,
            Err(_) => return Err(refused().into()),
        },
    };
    Timestamp::parse(&text).ok_or_else(|| refused().into())
}

fn enforces_of(value: &pyo3::Bound<'_, PyAny>) -> PyResult<Enforces> {
    let mut enforces = Enforces::NOTHING;
    if value.cast::<PyString>().is_ok() {
        return Err(unreadable("list `enforces`").into());
    }
    for word in value.try_iter()? {
        match word?.extract::<String>().unwrap_or_default().as_str() {
            "mask" => enforces.mask = true,
            "limit" => enforces.limit = true,
            "approve" => enforces.approve = true,
            _ => return Err(unreadable("list `enforces`").into()),
        }
    }
    Ok(enforces)
}

/// Who asks.
#[pyclass(frozen, eq, module = "placet", name = "Principal")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PyPrincipal(pub(crate) Principal);

#[pymethods]
impl PyPrincipal {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str) = ("id", "kind");

    #[new]
    #[pyo3(signature = (id, kind="agent", *, groups=None, claims=None, delegator=None))]
    fn new(
        id: String,
        kind: &str,
        groups: Option<Vec<String>>,
        claims: Option<pyo3::Bound<'_, PyAny>>,
        delegator: Option<String>,
    ) -> PyResult<Self> {
        let kind = serde_json::from_value(Value::from(kind))
            .map_err(|_| unreadable("kind of a principal: `human`, `service` or `agent`"))?;
        let claims = match claims {
            Some(claims) => read(&claims, "claims")?,
            None => Default::default(),
        };
        Ok(Self(Principal { id, kind, groups: groups.unwrap_or_default(), claims, delegator }))
    }

    #[getter]
    fn id(&self) -> &str {
        &self.0.id
    }

    #[getter]
    fn kind(&self) -> &'static str {
        match self.0.kind {
            PrincipalKind::Human => "human",
            PrincipalKind::Service => "service",
            PrincipalKind::Agent => "agent",
        }
    }

    #[getter]
    fn groups(&self) -> Vec<String> {
        self.0.groups.clone()
    }

    #[getter]
    fn claims<'py>(&self, py: Python<'py>) -> PyResult<pyo3::Bound<'py, PyAny>> {
        let json = serde_json::to_value(&self.0.claims).map_err(|_| unreadable("claims"))?;
        to_python(py, &json)
    }

    #[getter]
    fn delegator(&self) -> Option<&str> {
        self.0.delegator.as_deref()
    }

    fn __repr__(&self) -> String {
        format!("Principal(id={:?}, kind={:?})", self.0.id, self.kind())
    }

    fn __hash__(&self) -> isize {
        hash_of(&(&self.0.id, &self.0.groups, &self.0.delegator))
    }
}

/// What a command would run on.
#[pyclass(frozen, eq, module = "placet", name = "Resource")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PyResource(pub(crate) Resource);

#[pymethods]
impl PyResource {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str) = ("kind", "name");

    #[new]
    #[pyo3(signature = (kind, name, *, labels=None))]
    fn new(
        kind: String,
        name: String,
        labels: Option<std::collections::BTreeMap<String, String>>,
    ) -> Self {
        Self(Resource { kind, name, labels: labels.unwrap_or_default() })
    }

    #[getter]
    fn kind(&self) -> &str {
        &self.0.kind
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn labels(&self) -> std::collections::BTreeMap<String, String> {
        self.0.labels.clone()
    }

    fn __repr__(&self) -> String {
        format!("Resource(kind={:?}, name={:?})", self.0.kind, self.0.name)
    }

    fn __hash__(&self) -> isize {
        hash_of(&(&self.0.kind, &self.0.name, &self.0.labels))
    }
}
