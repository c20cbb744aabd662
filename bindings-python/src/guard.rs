//! The guard: questions to a bundle, and commands on their way through decision, log and approval.

use std::path::PathBuf;
use std::sync::Arc;

use placet::command::Fingerprint;
use placet::crypto::json::{MAX_JSON_DEPTH, parse_strict_within};
use placet::engine::{Decided, Outcome, OutcomeState};
use placet::facts::{Facts, Outputs};
use placet::mask::{Detectors, HashKey};
use placet::schema::Catalog;
use placet_guard::{Admission, Ask, AuditOptions, Guard, Options, Step};
use placet_store::{Durability, keys, system};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::approvals::ticket_of;
use crate::decision::{PyDecision, PyFacts, forces_columns};
use crate::door::{Input, detached, guarded};
use crate::errors::Failure;
use crate::mask::{Masks, PyFinding, PyMasker, Stream};
use crate::nested;
use crate::request::{Bound as Defaults, Given};
use crate::rows::{Make, PyMaskedRows, PyRowMasker, Rows, State, names_of};
use crate::values::read;

/// A bundle in force, with its log and its held requests.
#[pyclass(frozen, subclass, module = "placet._core", name = "Guard")]
pub(crate) struct PyGuard {
    guard: Guard,
    bound: Arc<Defaults>,
    masks: Masks,
}

/// What `Guard(…)` takes beside its defaults.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Opening {
    bundle: String,
    root: Option<PathBuf>,
    state: Option<PathBuf>,
    catalog: Option<Py<PyAny>>,
    audit: Option<PathBuf>,
    audit_key: Option<PathBuf>,
    writer: String,
    durability: String,
    approvals: Option<PathBuf>,
    hash_key: Option<Vec<u8>>,
}

impl Opening {
    fn open(self, py: Python<'_>) -> PyResult<(Guard, Masks)> {
        let mut options = Options::named(&self.bundle, self.root.as_deref(), self.state.as_deref())
            .map_err(Failure::from)?;
        if let Some(catalog) = &self.catalog {
            options = options.catalog(catalog_of(catalog.bind(py))?);
        }
        if let Some(dir) = &self.audit {
            let key = self.audit_key.as_ref().ok_or_else(|| {
                let help = "make one with `placet key new`, or `placet.new_key`";
                Failure::new("API038", "a log needs `audit_key`, the file of its key", help)
            })?;
            let key = keys::read_signing_key(key).map_err(Failure::from)?;
            let mut audit = AuditOptions::new(dir, &self.writer, key);
            audit.durability = durability(&self.durability)?;
            options = options.audit(audit);
        }
        if let Some(dir) = &self.approvals {
            options = options.approvals(dir);
        }
        let hash_key = self.hash_key.as_deref().map(HashKey::new).transpose();
        let hash_key = hash_key.map_err(Failure::from)?;
        if let Some(key) = &hash_key {
            options = options.hash_key(key.clone());
        }
        let guard = py.detach(|| Guard::open(options)).map_err(Failure::from)?;
        let (_, operators) = guard.engine().every_mask(hash_key.as_ref());
        Ok((guard, Masks { detectors: Detectors::builtin(), operators }))
    }
}

pub(crate) fn durability(word: &str) -> PyResult<Durability> {
    match word {
        "durable" => Ok(Durability::Durable),
        "buffered" => Ok(Durability::Buffered),
        _ => Err(word_refused("durability", "durable, buffered")),
    }
}

pub(crate) fn word_refused(argument: &str, words: &str) -> PyErr {
    let message = format!("`{argument}` does not take this word");
    Failure::new("API036", message, format!("use one of: {words}")).into()
}

fn catalog_of(value: &Bound<'_, PyAny>) -> PyResult<Catalog> {
    if value.cast::<PyMapping>().is_ok() {
        return read(value, "catalog");
    }
    let path: PathBuf = value.extract()?;
    let bytes = placet_guard::bundle::read(&path).map_err(Failure::from)?;
    // A key that stands twice says two things; a map of no fixed keys would take the last.
    let strict = parse_strict_within(&bytes, bytes.len(), MAX_JSON_DEPTH);
    if let Some(error) = strict.err().filter(|error| error.code() == "API113") {
        return Err(Failure::from(error).in_file(path.display().to_string()).into());
    }
    serde_json::from_slice(&bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let message = format!("the catalog cannot be read ({place})");
        let help = "see docs/spec/facts.md for the catalog object";
        Failure::new("API010", message, help).in_file(path.display().to_string()).into()
    })
}

#[pymethods]
impl PyGuard {
    /// `_opening` is made by `placet.Guard`; `_of` is a guard to share.
    #[new]
    #[pyo3(signature = (_opening=None, _of=None, *, protocol=None, principal=None, resource=None, session=None, context=None, enforces=None))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new<'py>(
        py: Python<'py>,
        _opening: Option<&Bound<'py, PyAny>>,
        _of: Option<&Bound<'py, Self>>,
        protocol: Option<Bound<'py, PyAny>>,
        principal: Option<Bound<'py, PyAny>>,
        resource: Option<Bound<'py, PyAny>>,
        session: Option<Bound<'py, PyAny>>,
        context: Option<Bound<'py, PyAny>>,
        enforces: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        let given = Given { protocol, principal, resource, session, context, enforces };
        guarded(py, || {
            if let Some(of) = _of {
                let of = of.get();
                let bound = Arc::new(of.bound.with(&given)?);
                return Ok(Self { guard: of.guard.clone(), bound, masks: of.masks.clone() });
            }
            let bound = Arc::new(Defaults::default().with(&given)?);
            let (guard, masks) = match _opening {
                Some(opening) => opening.extract::<Opening>()?.open(py)?,
                None => {
                    let guard = Guard::open(Options::shipped("baseline")).map_err(Failure::from)?;
                    (guard, Masks::builtin())
                }
            };
            Ok(Self { guard, bound, masks })
        })
    }

    /// What the bundle says about a command. Pure: nothing is logged, and no clock is read
    /// (give `context={"now": …}` for rules that look at the time).
    #[pyo3(signature = (command, protocol=None, *, principal=None, resource=None, session=None, context=None, enforces=None))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn decide<'py>(
        &self,
        command: &Bound<'py, PyAny>,
        protocol: Option<Bound<'py, PyAny>>,
        principal: Option<Bound<'py, PyAny>>,
        resource: Option<Bound<'py, PyAny>>,
        session: Option<Bound<'py, PyAny>>,
        context: Option<Bound<'py, PyAny>>,
        enforces: Option<Bound<'py, PyAny>>,
    ) -> PyResult<PyDecision> {
        let py = command.py();
        let given = Given { protocol, principal, resource, session, context, enforces };
        guarded(py, || {
            let input = Input::required(command, "the command")?;
            let changed;
            let bound = if given.is_empty() {
                &*self.bound
            } else {
                changed = self.bound.with(&given)?;
                &changed
            };
            let bytes = input.bytes();
            let decided = detached(py, bytes.len(), || {
                self.guard.decide(bound.protocol, bytes, &bound.sql, &bound.request)
            });
            Ok(PyDecision::new(decided, None))
        })
    }

    /// What the bundle says about facts: recorded ones, or those that an embedder states.
    #[pyo3(signature = (facts, *, principal=None, resource=None, session=None, context=None, enforces=None))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn decide_facts<'py>(
        &self,
        py: Python<'py>,
        facts: &PyFacts,
        principal: Option<Bound<'py, PyAny>>,
        resource: Option<Bound<'py, PyAny>>,
        session: Option<Bound<'py, PyAny>>,
        context: Option<Bound<'py, PyAny>>,
        enforces: Option<Bound<'py, PyAny>>,
    ) -> PyResult<PyDecision> {
        let given = Given { protocol: None, principal, resource, session, context, enforces };
        guarded(py, || {
            let bound = self.bound.with(&given)?;
            let facts = Arc::clone(facts.facts());
            let decision = self.guard.engine().rules().decide(&facts, &bound.request);
            Ok(PyDecision::new(Decided { facts, decision }, None))
        })
    }

    /// What a command would do.
    #[pyo3(signature = (command, protocol=None, *, session=None))]
    fn facts<'py>(
        &self,
        command: &Bound<'py, PyAny>,
        protocol: Option<Bound<'py, PyAny>>,
        session: Option<Bound<'py, PyAny>>,
    ) -> PyResult<PyFacts> {
        let py = command.py();
        let given = Given { protocol, session, ..Given::default() };
        guarded(py, || {
            let input = Input::required(command, "the command")?;
            let bound = self.bound.with(&given)?;
            let bytes = input.bytes();
            let facts =
                detached(py, bytes.len(), || self.guard.facts(bound.protocol, bytes, &bound.sql));
            Ok(PyFacts::shared(facts))
        })
    }

    /// The fingerprints of a command, `exact` and `shape`; `None` where it cannot be cut into tokens.
    #[pyo3(signature = (command, protocol=None, *, session=None))]
    fn fingerprint<'py>(
        &self,
        command: &Bound<'py, PyAny>,
        protocol: Option<Bound<'py, PyAny>>,
        session: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let py = command.py();
        let given = Given { protocol, session, ..Given::default() };
        guarded(py, || {
            let input = Input::required(command, "the command")?;
            let bound = self.bound.with(&given)?;
            let bytes = input.bytes();
            let found =
                detached(py, bytes.len(), || Fingerprint::of(bound.protocol, bytes, &bound.sql));
            let Some(found) = found else { return Ok(None) };
            let out = PyDict::new(py);
            out.set_item("exact", found.exact.to_string())?;
            out.set_item("shape", found.shape.to_string())?;
            Ok(Some(out))
        })
    }

    /// Masks text, bytes, numbers, or dicts and lists of them; the same object where nothing is
    /// found. Keys are context. A dict is masked exactly as its JSON text would be.
    ///
    /// `decision` masks what that decision obliges to, instead of everything that is found; `key`
    /// is the name under which the value stands.
    #[pyo3(signature = (value, *, decision=None, key=None))]
    fn mask<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        decision: Option<&PyDecision>,
        key: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(value.py(), || {
            let masked = match decision {
                None => self.masks.value(value, key)?,
                Some(decision) => match self.masks_of(decision.live()?) {
                    Some(masks) => masks.value(value, key)?,
                    None => None,
                },
            };
            Ok(masked.unwrap_or_else(|| value.clone()))
        })
    }

    /// `mask` over many values in one call.
    fn mask_many<'py>(&self, values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let py = values.py();
        guarded(py, || {
            let out = PyList::empty(py);
            for value in values.try_iter()? {
                let value = value?;
                let masked = self.masks.value(&value, None)?;
                out.append(masked.unwrap_or(value))?;
            }
            Ok(out)
        })
    }

    /// Where something would be masked, without any value.
    #[pyo3(signature = (value, format="text"))]
    fn find(&self, value: &Bound<'_, PyAny>, format: &str) -> PyResult<Vec<PyFinding>> {
        let py = value.py();
        guarded(py, || {
            let input = Input::required(value, "the value")?;
            let mut stream = Stream::new(format, &self.masks)?;
            let bytes = input.bytes();
            let found = detached(py, bytes.len(), || {
                stream.push(bytes)?;
                stream.finish()?;
                Ok(stream.take_findings())
            })
            .map_err(|error: placet::mask::MaskError| Failure::from(error))?;
            Ok(found.into_iter().map(PyFinding).collect())
        })
    }

    /// A masker at the start of a stream.
    #[pyo3(signature = (format="text", *, decision=None))]
    fn masker(
        &self,
        py: Python<'_>,
        format: &str,
        decision: Option<&PyDecision>,
    ) -> PyResult<PyMasker> {
        guarded(py, || match decision {
            None => PyMasker::new(format, &self.masks),
            Some(decision) => {
                let masks = self.masks_of(decision.live()?).unwrap_or_else(nothing);
                PyMasker::new(format, &masks)
            }
        })
    }

    /// A masker of rows with these columns. `(name, class)` masks a column whatever is in it;
    /// a decision says itself which. Dicts bring their own names.
    #[pyo3(signature = (columns=None, *, decision=None))]
    fn row_masker(
        &self,
        py: Python<'_>,
        columns: Option<&Bound<'_, PyAny>>,
        decision: Option<&PyDecision>,
    ) -> PyResult<PyRowMasker> {
        guarded(py, || {
            let columns = columns.map(columns_of).transpose()?;
            let given = columns
                .as_ref()
                .map(|columns| columns.iter().map(|(name, _)| name.clone()).collect());
            let make = match decision {
                None => self.plain_rows(columns),
                Some(decision) => self.decided_rows(decision.live()?),
            };
            Ok(PyRowMasker::new(make, given))
        })
    }

    /// Masks rows as they are read.
    #[pyo3(signature = (rows, columns=None, *, decision=None))]
    fn mask_rows(
        &self,
        rows: &Bound<'_, PyAny>,
        columns: Option<&Bound<'_, PyAny>>,
        decision: Option<&PyDecision>,
    ) -> PyResult<PyMaskedRows> {
        let py = rows.py();
        let masker = self.row_masker(py, columns, decision)?;
        PyMaskedRows::new(rows, Py::new(py, masker)?)
    }

    /// What a tool returned, masked as its decision says: the value, how many rows it has (`None`
    /// where they cannot be counted), and how many cells changed.
    fn _mask_result<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        decision: &PyDecision,
        always: bool,
    ) -> PyResult<(Bound<'py, PyAny>, Option<u64>, u64)> {
        guarded(value.py(), || {
            let decided = decision.live()?;
            let mut masked = 0;
            let mut out = value.clone();
            if let Some(masks) = self.masks_of(decided) {
                let make = self.decided_rows(decided);
                (out, masked) = self.by_decision(&out, decided, &masks, &make)?;
            }
            if always {
                let make = self.plain_rows(None);
                let (again, more) = match rows_in(&out) {
                    Some(rows) => each_row(&out, rows, &make)?,
                    None => counted(self.masks.value(&out, None)?, &out),
                };
                (out, masked) = (again, masked.max(more));
            }
            Ok((out, count(value), masked))
        })
    }

    /// Whether a decision forces columns: then a text that is no row is replaced whole.
    fn _forces(&self, decision: &PyDecision) -> PyResult<bool> {
        Ok(forces_columns(decision.live()?))
    }

    /// The text of an error of a tool, masked; `None` where it has to be withheld, because values
    /// that no detector knows may stand in it.
    fn _mask_error(
        &self,
        py: Python<'_>,
        text: &str,
        decision: &PyDecision,
    ) -> PyResult<Option<String>> {
        guarded(py, || {
            let decided = decision.live()?;
            if forces_columns(decided) || self.guard.engine().masks_tagged(decided) {
                return Ok(None);
            }
            let masked =
                placet::mask::text(&self.masks.detectors, &self.masks.operators, text.as_bytes());
            let masked = masked.map_err(Failure::from)?;
            Ok(Some(String::from_utf8_lossy(&masked.bytes).into_owned()))
        })
    }

    /// Decides, logs the decision, and says what is to happen: only `forward` may run, once,
    /// with the obligations of the decision. With `ticket`, an approved request is used up.
    #[pyo3(signature = (command, protocol=None, *, principal=None, resource=None, session=None, context=None, enforces=None, params=None, facts=None, session_id="", ticket=None))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn admit<'py>(
        &self,
        command: &Bound<'py, PyAny>,
        protocol: Option<Bound<'py, PyAny>>,
        principal: Option<Bound<'py, PyAny>>,
        resource: Option<Bound<'py, PyAny>>,
        session: Option<Bound<'py, PyAny>>,
        context: Option<Bound<'py, PyAny>>,
        enforces: Option<Bound<'py, PyAny>>,
        params: Option<&Bound<'py, PyAny>>,
        facts: Option<&PyFacts>,
        session_id: &str,
        ticket: Option<&str>,
    ) -> PyResult<PyAdmission> {
        let py = command.py();
        let given = Given { protocol, principal, resource, session, context, enforces };
        guarded(py, || {
            let input = Input::required(command, "the command")?;
            let mut bound = self.bound.with(&given)?;
            bound.request.context.now.get_or_insert_with(system::now);
            let mut ask =
                Ask::new(bound.protocol, input.bytes(), bound.sql.clone(), bound.request.clone());
            session_id.clone_into(&mut ask.session_id);
            if let Some(params) = params {
                ask = ask.with_params(params_of(params)?);
            }
            if let Some(facts) = facts {
                ask = ask.with_facts(Facts::clone(facts.facts()));
            }
            let ticket = ticket.map(ticket_of).transpose()?;
            // The log is written, perhaps synced: others may run meanwhile.
            let admission = py
                .detach(|| match ticket {
                    None => self.guard.admit(&ask),
                    Some(ticket) => self.guard.resume(ticket, &ask),
                })
                .map_err(Failure::from)?;
            Ok(PyAdmission::new(admission))
        })
    }

    /// How a held request stands.
    fn state(&self, py: Python<'_>, ticket: &str) -> PyResult<&'static str> {
        guarded(py, || {
            let ticket = ticket_of(ticket)?;
            let state = py.detach(|| self.guard.state(ticket)).map_err(Failure::from)?;
            Ok(state.name())
        })
    }

    /// Takes a held request back.
    fn withdraw(&self, py: Python<'_>, ticket: &str) -> PyResult<()> {
        guarded(py, || {
            let ticket = ticket_of(ticket)?;
            py.detach(|| self.guard.withdraw(ticket)).map_err(|e| Failure::from(e).into())
        })
    }

    /// Logs what became of a command: `completed`, `failed` or `stopped_at_limit`.
    #[pyo3(signature = (decision_id, state="completed", *, rows_out=0, rows_changed=None, masked_cells=0))]
    fn outcome(
        &self,
        py: Python<'_>,
        decision_id: &str,
        state: &str,
        rows_out: u64,
        rows_changed: Option<u64>,
        masked_cells: u64,
    ) -> PyResult<()> {
        guarded(py, || {
            let state = match state {
                "completed" => OutcomeState::Completed,
                "failed" => OutcomeState::Failed,
                "stopped_at_limit" => OutcomeState::StoppedAtLimit,
                _ => return Err(word_refused("state", "completed, failed, stopped_at_limit")),
            };
            let decision_id = decision_id.into();
            let outcome = Outcome { decision_id, state, rows_out, rows_changed, masked_cells };
            py.detach(|| self.guard.outcome(&outcome)).map_err(|e| Failure::from(e).into())
        })
    }

    /// Logs that the log lives, if nothing else was logged for a minute. Call it from a timer.
    fn heartbeat(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || {
            let Some(log) = self.guard.log() else { return Ok(()) };
            py.detach(|| log.heartbeat()).map_err(|error| Failure::from(error).into())
        })
    }

    /// Reads the bundle again from where it stands; a refused one changes nothing.
    fn reload(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || {
            let digest = py.detach(|| self.guard.reload()).map_err(Failure::from)?;
            Ok(digest.to_string())
        })
    }

    /// Ends the log in order. Nothing is admitted afterwards.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || py.detach(|| self.guard.close()).map_err(|e| Failure::from(e).into()))
    }

    /// The digest of the bundle in force.
    #[getter]
    fn bundle(&self) -> String {
        self.guard.bundle_digest().to_string()
    }

    /// The protocol of a command that names none.
    #[getter]
    fn protocol(&self) -> &'static str {
        self.bound.protocol.name()
    }

    fn __repr__(&self) -> String {
        format!("Guard(bundle={:?})", self.guard.bundle_digest().to_string())
    }
}

impl PyGuard {
    #[cfg(feature = "testing")]
    pub(crate) const fn inner(&self) -> &Guard {
        &self.guard
    }

    fn masks_of(&self, decided: &Decided) -> Option<Masks> {
        self.guard.masks(decided).map(|(detectors, operators)| Masks { detectors, operators })
    }

    fn plain_rows(&self, columns: Option<Vec<(String, Option<String>)>>) -> Make {
        let masks = self.masks.clone();
        Box::new(move |names| {
            let known = columns.as_ref().filter(|columns| {
                columns.len() == names.len()
                    && columns.iter().zip(&names).all(|((column, _), name)| column == name)
            });
            let columns = match known {
                Some(columns) => columns.clone(),
                None => {
                    let class = |name: &String| {
                        let forced = columns.iter().flatten().find(|(column, _)| column == name);
                        forced.and_then(|(_, class)| class.clone())
                    };
                    names.iter().map(|name| (name.clone(), class(name))).collect()
                }
            };
            Rows::plain(columns, masks.clone())
        })
    }

    fn decided_rows(&self, decided: &Decided) -> Make {
        let (guard, decided) = (self.guard.clone(), decided.clone());
        let masks = self.masks_of(&decided);
        Box::new(move |names| {
            let Some(masks) = &masks else {
                return Rows::plain(
                    names.into_iter().map(|name| (name, None)).collect(),
                    nothing(),
                );
            };
            // Names that are not those of the command's result: nobody knows which column is which,
            // and one column too many makes core mask all of them.
            let known = expected_names(&decided);
            let strange = names.iter().any(|name| !name.is_empty())
                && known.is_some_and(|known| known.len() == names.len() && known != names);
            let mut columns: Vec<&str> = names.iter().map(String::as_str).collect();
            if strange {
                columns.push("");
            }
            match guard.row_masker(&decided, &columns) {
                Some(masker) => Rows::decided(masker, names, masks.clone()),
                None => Rows::plain(names.into_iter().map(|n| (n, None)).collect(), nothing()),
            }
        })
    }

    /// Masks what a tool returned by the obligations of its decision.
    fn by_decision<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        decided: &Decided,
        masks: &Masks,
        make: &Make,
    ) -> PyResult<(Bound<'py, PyAny>, u64)> {
        if let Some(rows) = rows_in(value) {
            return each_row(value, rows, make);
        }
        let known = expected_names(decided);
        let one_row = match names_of(value)? {
            Some(names) => known.as_ref() == Some(&names),
            None => {
                value.cast::<PyTuple>().is_ok() && known.as_ref().map(Vec::len) == value.len().ok()
            }
        };
        if one_row {
            let mut state = State::new(None);
            let row = state.row(make, value)?;
            return Ok((row, state.masked_cells()));
        }
        if !forces_columns(decided) {
            return Ok(counted(masks.value(value, None)?, value));
        }
        // No rows: a value of a forced column may stand anywhere in it.
        let columns = known.map_or(1, |names| names.len().saturating_add(1));
        let mut whole = make(vec![String::new(); columns])?;
        let (forced, changed) = whole.forced(value)?;
        if changed {
            return Ok((forced, 1));
        }
        Ok(counted(masks.value(value, None)?, value))
    }
}

/// Masks that look for nothing.
fn nothing() -> Masks {
    Masks { detectors: Detectors::only(&[]), ..Masks::builtin() }
}

fn counted<'py>(
    masked: Option<Bound<'py, PyAny>>,
    value: &Bound<'py, PyAny>,
) -> (Bound<'py, PyAny>, u64) {
    let changed = u64::from(masked.is_some());
    (masked.unwrap_or_else(|| value.clone()), changed)
}

/// The rows of a list of rows.
fn rows_in<'py>(value: &Bound<'py, PyAny>) -> Option<Vec<Bound<'py, PyAny>>> {
    let rows: Vec<_> = match value.cast::<PyList>() {
        Ok(list) => list.iter().collect(),
        Err(_) => value.cast_exact::<PyTuple>().ok()?.iter().collect(),
    };
    let is_row = |row: &Bound<'py, PyAny>| {
        row.cast::<PyTuple>().is_ok()
            || row.cast::<PyList>().is_ok()
            || row.cast::<PyMapping>().is_ok()
    };
    (!rows.is_empty() && rows.iter().all(is_row)).then_some(rows)
}

fn each_row<'py>(
    value: &Bound<'py, PyAny>,
    rows: Vec<Bound<'py, PyAny>>,
    make: &Make,
) -> PyResult<(Bound<'py, PyAny>, u64)> {
    let mut state = State::new(None);
    let mut changed = false;
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let masked = state.row(make, &row)?;
        changed |= !masked.is(&row);
        out.push(masked);
    }
    let cells = state.masked_cells();
    Ok((if changed { nested::like(value, out)? } else { value.clone() }, cells))
}

/// How many rows a result has; `None` where they cannot be counted.
fn count(value: &Bound<'_, PyAny>) -> Option<u64> {
    if value.is_none() {
        return Some(0);
    }
    if let Ok(list) = value.cast::<PyList>() {
        return u64::try_from(list.len()).ok();
    }
    if let Some(rows) = rows_in(value) {
        return u64::try_from(rows.len()).ok();
    }
    let scalar = value.cast::<PyBool>().is_ok()
        || value.cast::<PyInt>().is_ok()
        || value.cast::<PyFloat>().is_ok()
        || value.cast::<PyTuple>().is_ok();
    scalar.then_some(1)
}

/// Names of the columns of the one result that a command returns, where they are known.
fn expected_names(decided: &Decided) -> Option<Vec<String>> {
    let mut results = decided.facts.actions.iter().filter_map(|action| match &action.outputs {
        Outputs::None => None,
        Outputs::Columns(columns) => {
            Some(Some(columns.iter().map(|column| column.name.clone()).collect()))
        }
        Outputs::Opaque => Some(None),
    });
    let first = results.next()?;
    if results.next().is_some() { None } else { first }
}

/// Columns by name; a pair names the class as which a column is masked whatever is in it.
fn columns_of(columns: &Bound<'_, PyAny>) -> PyResult<Vec<(String, Option<String>)>> {
    let mut out = Vec::new();
    for column in columns.try_iter()? {
        let column = column?;
        out.push(match column.cast::<PyString>() {
            Ok(name) => (name.to_str()?.to_owned(), None),
            Err(_) => {
                let (name, class) = column.extract::<(String, String)>()?;
                (name, Some(class))
            }
        });
    }
    Ok(out)
}

fn params_of(params: &Bound<'_, PyAny>) -> PyResult<Vec<placet::approval::Param>> {
    use placet::approval::Param;
    let mut out = Vec::new();
    for value in params.try_iter()? {
        let value = value?;
        out.push(if value.is_none() {
            Param::Null
        } else if let Ok(word) = value.cast::<PyBool>() {
            Param::Bool(word.is_true())
        } else if value.cast::<PyInt>().is_ok() || value.cast::<PyFloat>().is_ok() {
            Param::Number(value.repr()?.to_string())
        } else if let Ok(text) = value.cast::<PyString>() {
            Param::Text(text.to_str()?.to_owned())
        } else if let Ok(bytes) = value.cast::<PyBytes>() {
            Param::Bytes(bytes.as_bytes().to_vec())
        } else {
            let help = "give None, bool, int, float, str or bytes";
            return Err(Failure::new("API031", "a parameter cannot be bound", help).into());
        });
    }
    Ok(out)
}

/// What is to happen with a command, after its decision is in the log.
#[pyclass(frozen, module = "placet", name = "Admission")]
pub(crate) struct PyAdmission {
    id: String,
    decided: Decided,
    step: &'static str,
    ticket: Option<String>,
    code: Option<&'static str>,
    text: Option<String>,
    approved: bool,
}

impl PyAdmission {
    fn new(admission: Admission) -> Self {
        let Admission { id, decided, step } = admission;
        let mut out = Self {
            id,
            decided,
            step: "forward",
            ticket: None,
            code: None,
            text: None,
            approved: false,
        };
        match step {
            Step::Forward(granted) => {
                out.approved = granted.is_some();
                out.ticket = granted.map(|granted| granted.ticket().to_string());
            }
            Step::Held(ticket) => {
                out.step = "held";
                out.ticket = Some(ticket.to_string());
                out.code = Some("APR020");
            }
            Step::Refused(refusal) => {
                out.step = "refused";
                out.code = refusal.code;
                out.text = Some(refusal.text);
            }
        }
        out
    }
}

#[pymethods]
impl PyAdmission {
    #[getter]
    fn id(&self) -> &str {
        &self.id
    }

    #[getter]
    fn decision(&self) -> PyDecision {
        PyDecision::new(self.decided.clone(), Some(self.id.clone()))
    }

    #[getter]
    const fn step(&self) -> &'static str {
        self.step
    }

    #[getter]
    fn ticket(&self) -> Option<&str> {
        self.ticket.as_deref()
    }

    #[getter]
    const fn code(&self) -> Option<&'static str> {
        self.code
    }

    #[getter]
    fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    #[getter]
    const fn approved(&self) -> bool {
        self.approved
    }

    fn __repr__(&self) -> String {
        format!("Admission({}, {})", self.id, self.step)
    }
}
