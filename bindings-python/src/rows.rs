//! Rows of a result: one at a time, in and out.

use std::sync::{Mutex, PoisonError};

use placet::mask::{ColumnRule, Forced, MaskError, Operator, RowMasker};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyMapping, PyString, PyTuple};

use crate::door::{Input, guarded, text_of};
use crate::errors::Failure;
use crate::mask::{Masks, is_internal};
use crate::nested;

/// A masker of rows with what Python needs to know of its columns.
pub(crate) struct Rows {
    masker: RowMasker,
    names: Vec<String>,
    forced: Vec<bool>,
    masks: Masks,
    /// By a decision that forces columns: a cell that holds other values may be rows in disguise
    /// (`return rows, total`), and is replaced by the operator of this column.
    strict: Option<usize>,
    /// Cells that changed and did not go through the masker: numbers and nested values.
    masked_beside: u64,
}

impl Rows {
    /// By what a decision asks for.
    pub(crate) fn decided(masker: RowMasker, names: Vec<String>, masks: Masks) -> PyResult<Self> {
        let mut rows = Self::new(masker, names, masks)?;
        rows.strict = rows.forced.iter().position(|forced| *forced);
        Ok(rows)
    }

    fn new(masker: RowMasker, names: Vec<String>, masks: Masks) -> PyResult<Self> {
        // A forced column replaces even an empty cell; the detectors find nothing in one.
        let mut probe = masker.clone();
        let forced = (0..names.len())
            .map(|column| probe.cell(column, b"").map(|cell| cell.changed()))
            .collect::<Result<_, _>>()
            .map_err(Failure::from)?;
        Ok(Self { masker, names, forced, masks, strict: None, masked_beside: 0 })
    }

    /// Without a decision: columns by name, some of them forced as a class.
    pub(crate) fn plain(columns: Vec<(String, Option<String>)>, masks: Masks) -> PyResult<Self> {
        let names = columns.iter().map(|(name, _)| name.clone()).collect();
        let rules = columns
            .into_iter()
            .map(|(name, class)| ColumnRule {
                name,
                forced: class.map(|class| Forced { class, operator: Operator::Redact }),
            })
            .collect();
        let masker = RowMasker::new(masks.detectors, masks.operators.clone(), rules);
        Self::new(masker, names, masks)
    }

    pub(crate) const fn masked_cells(&self) -> u64 {
        self.masker.masked_cells().saturating_add(self.masked_beside)
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// A value that is no row, under a decision that forces columns: replaced whole. Says whether it
    /// was.
    pub(crate) fn forced<'py>(
        &mut self,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<(Bound<'py, PyAny>, bool)> {
        if value.is_none() || self.forced.first() != Some(&true) {
            return Ok((value.clone(), false));
        }
        let text = match Input::of(value)? {
            Some(input) => input.bytes().to_vec(),
            None => nested::text(value)?,
        };
        let masked = self.masker.cell(0, &text).map_err(Failure::from)?;
        Ok((text_of(value.py(), masked.bytes())?, true))
    }

    /// A cell after masking; `None` where it is the same.
    pub(crate) fn cell<'py>(
        &mut self,
        column: usize,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if value.is_none() {
            return Ok(None);
        }
        let py = value.py();
        let input = Input::of(value)?;
        let forced =
            *self.forced.get(column).ok_or_else(|| Failure::from(MaskError::UnknownColumn))?;
        let Some(input) = input else {
            let by = if forced { Some(column) } else { self.strict };
            if let Some(column) = by.filter(|_| forced || nested::is_container(value)) {
                let text = nested::text(value)?;
                let masked = self.masker.cell(column, &text).map_err(Failure::from)?;
                return text_of(py, masked.bytes()).map(Some);
            }
            let name = self.names.get(column).map(String::as_str).filter(|name| !name.is_empty());
            let masked = nested::mask(&self.masks, value, name)?;
            self.masked_beside += u64::from(masked.is_some());
            return Ok(masked);
        };
        let masked = self.masker.cell(column, input.bytes()).map_err(Failure::from)?;
        if !masked.changed() {
            return Ok(None);
        }
        if input.is_text() {
            text_of(py, masked.bytes()).map(Some)
        } else {
            Ok(Some(pyo3::types::PyBytes::new(py, masked.bytes()).into_any()))
        }
    }

    /// A row after masking: the same object where nothing changed.
    pub(crate) fn row<'py>(&mut self, row: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(tuple) = row.cast::<PyTuple>() {
            return self.sequence(row, tuple.iter());
        }
        if let Ok(list) = row.cast::<PyList>() {
            return self.sequence(row, list.iter());
        }
        if let Ok(mapping) = row.cast::<PyMapping>() {
            return self.mapping(mapping);
        }
        if row.cast::<PyString>().is_ok() || Input::of(row)?.is_some() {
            return Err(not_a_row().into());
        }
        // Rows of database drivers: sequences of their own kind.
        let cells = row.try_iter().map_err(|_| not_a_row())?.collect::<PyResult<Vec<_>>>()?;
        let tuple = PyTuple::new(row.py(), cells)?;
        let masked = self.sequence(tuple.as_any(), tuple.iter())?;
        Ok(if masked.is(&tuple) { row.clone() } else { masked })
    }

    fn sequence<'py>(
        &mut self,
        row: &Bound<'py, PyAny>,
        cells: impl Iterator<Item = Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut changed = false;
        let mut out = Vec::with_capacity(self.names.len());
        for (column, cell) in cells.enumerate() {
            let masked = self.cell(column, &cell)?;
            changed |= masked.is_some();
            out.push(masked.unwrap_or(cell));
        }
        if changed { nested::like(row, out) } else { Ok(row.clone()) }
    }

    fn mapping<'py>(&mut self, row: &Bound<'py, PyMapping>) -> PyResult<Bound<'py, PyAny>> {
        let dict = PyDict::new(row.py());
        let mut changed = false;
        for (column, entry) in row.items()?.iter().enumerate() {
            let (key, cell) = entry.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            let masked = self.cell(column, &cell)?;
            changed |= masked.is_some();
            dict.set_item(key, masked.unwrap_or(cell))?;
        }
        Ok(if changed { dict.into_any() } else { row.as_any().clone() })
    }
}

fn not_a_row() -> Failure {
    let help = "give rows as tuples, lists or dicts";
    Failure::new("API035", "this is no row of a result", help)
}

/// The names of a row that has some: a dict's keys.
pub(crate) fn names_of(row: &Bound<'_, PyAny>) -> PyResult<Option<Vec<String>>> {
    let Ok(mapping) = row.cast::<PyMapping>() else { return Ok(None) };
    let mut names = Vec::new();
    for key in mapping.keys()?.iter() {
        names.push(key.str()?.to_string());
    }
    Ok(Some(names))
}

/// Makes the masker of rows whose columns have these names.
pub(crate) type Make = Box<dyn Fn(Vec<String>) -> PyResult<Rows> + Send + Sync>;

/// Masks rows one by one.
#[pyclass(frozen, module = "placet", name = "RowMasker")]
pub(crate) struct PyRowMasker {
    make: Make,
    /// Taken out for the time of a call, as in `Masker`.
    state: Mutex<Option<State>>,
}

pub(crate) struct State {
    /// The columns of the call; without them each row's own names count.
    given: Option<Vec<String>>,
    rows: Option<Rows>,
    /// Cells changed under columns that are gone.
    before: u64,
}

impl State {
    pub(crate) const fn new(given: Option<Vec<String>>) -> Self {
        Self { given, rows: None, before: 0 }
    }

    pub(crate) fn masked_cells(&self) -> u64 {
        self.before.saturating_add(self.rows.as_ref().map_or(0, Rows::masked_cells))
    }

    pub(crate) fn row<'py>(
        &mut self,
        make: &Make,
        row: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let names = match (names_of(row)?, &self.given) {
            // A dict says itself what its columns are called.
            (Some(names), _) => names,
            (None, Some(given)) => given.clone(),
            (None, None) => vec![String::new(); row.len().map_err(|_| not_a_row())?],
        };
        let mut rows = match self.rows.take() {
            Some(rows) if rows.names() == names => rows,
            other => {
                self.before += other.map_or(0, |rows| rows.masked_cells());
                make(names)?
            }
        };
        let masked = rows.row(row);
        self.rows = Some(rows);
        masked
    }
}

impl PyRowMasker {
    pub(crate) fn new(make: Make, given: Option<Vec<String>>) -> Self {
        Self { make, state: Mutex::new(Some(State::new(given))) }
    }

    fn with<T>(&self, py: Python<'_>, body: impl FnOnce(&mut State) -> PyResult<T>) -> PyResult<T> {
        let taken = self.state.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut state = taken.ok_or_else(|| Failure::from(MaskError::Poisoned))?;
        let out = guarded(py, || body(&mut state));
        if !matches!(&out, Err(error) if is_internal(py, error)) {
            *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
        }
        out
    }
}

#[pymethods]
impl PyRowMasker {
    fn row<'py>(&self, row: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.with(row.py(), |state| state.row(&self.make, row))
    }

    fn many<'py>(&self, py: Python<'py>, rows: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
        let out = PyList::empty(py);
        self.with(py, |state| {
            for row in rows.try_iter()? {
                out.append(state.row(&self.make, &row?)?)?;
            }
            Ok(())
        })?;
        Ok(out)
    }

    #[getter]
    fn masked_cells(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |state| Ok(state.masked_cells()))
    }

    fn __repr__(&self) -> &'static str {
        "RowMasker(…)"
    }
}

/// An iterator of rows that masks what another one gives.
#[pyclass(frozen, module = "placet", name = "MaskedRows")]
pub(crate) struct PyMaskedRows {
    rows: Py<PyIterator>,
    masker: Py<PyRowMasker>,
}

impl PyMaskedRows {
    pub(crate) fn new(rows: &Bound<'_, PyAny>, masker: Py<PyRowMasker>) -> PyResult<Self> {
        Ok(Self { rows: rows.try_iter()?.unbind(), masker })
    }
}

#[pymethods]
impl PyMaskedRows {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(row) = self.rows.bind(py).clone().next() else { return Ok(None) };
        self.masker.get().row(&row?).map(Some)
    }

    #[getter]
    fn masked_cells(&self, py: Python<'_>) -> PyResult<u64> {
        self.masker.get().masked_cells(py)
    }
}
