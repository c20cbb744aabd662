//! Python's plain values and JSON's, one from the other.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use crate::errors::Failure;

/// Levels of nesting of an object that configures or describes something.
const MAX_DEPTH: usize = 64;

/// A Python value as JSON; what JSON has no word for is refused.
pub(crate) fn to_json(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Value> {
    json_within(value, MAX_DEPTH)?.ok_or_else(|| unreadable(what).into())
}

fn json_within(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Option<Value>> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
    if value.is_none() {
        return Ok(Some(Value::Null));
    }
    if let Ok(word) = value.cast::<PyBool>() {
        return Ok(Some(Value::Bool(word.is_true())));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str().ok().map(|text| Value::String(text.to_owned())));
    }
    if let Ok(number) = value.cast::<PyInt>() {
        let number = match number.extract::<i64>() {
            Ok(number) => Some(Number::from(number)),
            Err(_) => number.extract::<u64>().ok().map(Number::from),
        };
        return Ok(number.map(Value::Number));
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(Number::from_f64(number.value()).map(Value::Number));
    }
    if value.cast::<PyList>().is_ok() || value.cast::<PyTuple>().is_ok() {
        let mut list = Vec::new();
        for item in value.try_iter()? {
            let Some(item) = json_within(&item?, depth)? else { return Ok(None) };
            list.push(item);
        }
        return Ok(Some(Value::Array(list)));
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let mut object = Map::new();
        for entry in mapping.items()?.iter() {
            let (key, item) = entry.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
            let Ok(key) = key.extract::<String>() else { return Ok(None) };
            let Some(item) = json_within(&item, depth)? else { return Ok(None) };
            object.insert(key, item);
        }
        return Ok(Some(Value::Object(object)));
    }
    Ok(None)
}

/// A Python value as one of the library's objects, by its JSON form.
pub(crate) fn read<T: DeserializeOwned>(value: &Bound<'_, PyAny>, what: &str) -> PyResult<T> {
    let json = to_json(value, what)?;
    // The cause is left out: it may quote a value.
    serde_json::from_value(json).map_err(|_| unreadable(what).into())
}

pub(crate) fn unreadable(what: &str) -> Failure {
    Failure::new(
        "API010",
        format!("the {what} cannot be read"),
        "see docs/spec/cli.md for its keys; unknown ones are refused",
    )
}

/// A JSON value as Python's: dicts, lists, texts, numbers.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Null => Ok(py.None().into_bound(py)),
        Value::Bool(word) => word.into_bound_py_any(py),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into_bound_py_any(py),
            (None, Some(number)) => number.into_bound_py_any(py),
            (None, None) => number.as_f64().into_bound_py_any(py),
        },
        Value::String(text) => text.into_bound_py_any(py),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            Ok(list.into_any())
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (key, item) in entries {
                dict.set_item(key, to_python(py, item)?)?;
            }
            Ok(dict.into_any())
        }
    }
}

/// Python's hash of a value.
pub(crate) fn hash_of(value: &impl Hash) -> isize {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    isize::from_ne_bytes(hasher.finish().to_ne_bytes())
}
