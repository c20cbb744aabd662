//! Nested values: masked exactly as their JSON text would be, then put back into the same shape.
//!
//! The value is written as JSON, core masks the text, and both texts are walked side by side: where
//! a token is the same, the object stays the very same object. Structure is copied byte for byte by
//! core, so the two walks cannot part.

use placet::mask::shape::json::JsonMasker;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PyMapping, PySet, PyString,
    PyTuple,
};

use crate::door::{Input, detached, internal_fault};
use crate::errors::Failure;
use crate::mask::Masks;

/// Levels of nesting that a value may have.
const MAX_DEPTH: usize = 200;

/// Modules whose objects are texts in JSON, as `json.dumps(…, default=str)` writes them.
const TEXT_MODULES: &[&str] =
    &["datetime", "uuid", "ipaddress", "pathlib", "fractions", "zoneinfo"];

/// Masks a value that is no text; `None` where nothing changes. `key` is the name of the column or
/// member in which it stands.
pub(crate) fn mask<'py>(
    masks: &Masks,
    value: &Bound<'py, PyAny>,
    key: Option<&str>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = value.py();
    let mut json = Vec::new();
    if let Some(key) = key {
        json.push(b'{');
        string(key.as_bytes(), &mut json);
        json.push(b':');
    }
    write(value, &mut json, MAX_DEPTH)?;
    if key.is_some() {
        json.push(b'}');
    }
    let masked = detached(py, json.len(), || {
        let mut masker = JsonMasker::new(masks.detectors, masks.operators.clone());
        let mut out = masker.push(&json)?;
        out.extend(masker.finish()?);
        Ok(out)
    })
    .map_err(|error: placet::mask::MaskError| Failure::from(error))?;
    if masked == json {
        return Ok(None);
    }
    let mut walk = Walk { before: Reader(&json), after: Reader(&masked) };
    if key.is_some() {
        walk.punctuation(b'{')?;
        walk.token()?;
        walk.punctuation(b':')?;
    }
    walk.value(value)
}

/// The text of a leaf or a container, as it stands in JSON, without the quotes of a string.
pub(crate) fn text(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let mut json = Vec::new();
    write(value, &mut json, MAX_DEPTH)?;
    if json.first() == Some(&b'"') {
        return Ok(decoded(value.py(), &json)?.to_string().into_bytes());
    }
    Ok(json)
}

fn write(value: &Bound<'_, PyAny>, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    let Some(depth) = depth.checked_sub(1) else {
        let message = format!("the value nests deeper than {MAX_DEPTH} levels");
        return Err(Failure::new("LIM003", message, "mask its parts").into());
    };
    let py = value.py();
    if value.is_none() {
        out.extend_from_slice(b"null");
    } else if let Ok(word) = value.cast::<PyBool>() {
        out.extend_from_slice(if word.is_true() { b"true" } else { b"false" });
    } else if let Some(input) = Input::of(value)? {
        match &input {
            Input::Text(text) => string(text.as_bytes(), out),
            Input::Surrogates(bytes) => surrogates(bytes, out),
            Input::Bytes(_) | Input::Copied(_) => {
                string(String::from_utf8_lossy(input.bytes()).as_bytes(), out);
            }
        }
    } else if value.cast::<PyInt>().is_ok() {
        // The number itself, whatever a subclass says of it.
        let shown = py.get_type::<PyInt>().call_method1("__repr__", (value,));
        match shown.and_then(|digits| Ok(digits.cast_into::<PyString>()?)) {
            Ok(digits) => out.extend_from_slice(digits.to_str()?.as_bytes()),
            // More digits than Python writes: longer than any number that is looked at.
            Err(_) => out.extend(std::iter::repeat_n(b'9', 5000)),
        }
    } else if let Ok(number) = value.cast::<PyFloat>() {
        if number.value().is_finite() {
            let shown = py.get_type::<PyFloat>().call_method1("__repr__", (number,))?;
            out.extend_from_slice(shown.cast::<PyString>()?.to_str()?.as_bytes());
        } else {
            out.extend_from_slice(b"null");
        }
    } else if is_list(value) {
        out.push(b'[');
        for (index, item) in value.try_iter()?.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write(&item?, out, depth)?;
        }
        out.push(b']');
    } else if let Ok(mapping) = value.cast::<PyMapping>() {
        out.push(b'{');
        for (index, entry) in mapping.items()?.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let (key, item) = entry.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
            write_key(&key, out)?;
            out.push(b':');
            write(&item, out, depth)?;
        }
        out.push(b'}');
    } else {
        write_other(value, out, depth)?;
    }
    Ok(())
}

/// A value that holds others.
pub(crate) fn is_container(value: &Bound<'_, PyAny>) -> bool {
    is_list(value) || value.cast::<PyMapping>().is_ok()
}

fn is_list(value: &Bound<'_, PyAny>) -> bool {
    value.cast::<PyList>().is_ok()
        || value.cast::<PyTuple>().is_ok()
        || value.cast::<PySet>().is_ok()
        || value.cast::<PyFrozenSet>().is_ok()
}

/// Keys as `json.dumps` writes them; others by their `str`.
fn write_key(key: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
    if let Some(input) = Input::of(key)? {
        match &input {
            Input::Surrogates(bytes) => surrogates(bytes, out),
            Input::Text(_) | Input::Bytes(_) | Input::Copied(_) => {
                string(String::from_utf8_lossy(input.bytes()).as_bytes(), out);
            }
        }
        return Ok(());
    }
    let text = if key.is_none() {
        "null".to_owned()
    } else if let Ok(word) = key.cast::<PyBool>() {
        word.is_true().to_string()
    } else {
        key.str()?.to_string()
    };
    string(text.as_bytes(), out);
    Ok(())
}

/// What is neither JSON nor a container: numbers and moments of the standard library, and enums.
fn write_other(value: &Bound<'_, PyAny>, out: &mut Vec<u8>, depth: usize) -> PyResult<()> {
    let py = value.py();
    let class = value.get_type();
    let module = class.getattr(intern!(py, "__module__"))?;
    let module = module.extract::<String>().unwrap_or_default();
    if module == "decimal" {
        let text = value.str()?.to_string();
        let number = text.replace('E', "e");
        if serde_json::from_str::<serde_json::Number>(&number).is_ok() {
            out.extend_from_slice(number.as_bytes());
        } else {
            string(text.as_bytes(), out);
        }
        return Ok(());
    }
    let roots = module.split('.').next().unwrap_or_default();
    if TEXT_MODULES.contains(&roots) {
        string(value.str()?.to_string().as_bytes(), out);
        return Ok(());
    }
    if value.is_instance(&py.import("enum")?.getattr("Enum")?)? {
        return write(&value.getattr("value")?, out, depth);
    }
    let message = format!("a value of type `{}` cannot be masked", class.name()?);
    let help = "give text, bytes, numbers, dates, or dicts and lists of them";
    Err(Failure::new("API030", message, help).into())
}

/// A JSON string of valid UTF-8.
fn string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        escaped(*byte, out);
    }
    out.push(b'"');
}

fn escaped(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        _ => out.push(byte),
    }
}

/// A JSON string of text in `surrogatepass`: a surrogate alone is written as an escape.
fn surrogates(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = match (rest, after) {
            ([0xed, middle @ 0xa0..=0xbf, last, more @ ..], _) => {
                let unit = 0xd000 | u32::from(middle & 0x3f) << 6 | u32::from(last & 0x3f);
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                more
            }
            (_, after) => {
                escaped(*first, out);
                after
            }
        };
    }
    out.push(b'"');
}

/// The text of a JSON string with its quotes.
fn decoded<'py>(py: Python<'py>, token: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if let Ok(text) = serde_json::from_slice::<String>(token) {
        return Ok(PyString::new(py, &text));
    }
    // Surrogates that stand alone: Python's own reader keeps them.
    let text = String::from_utf8_lossy(token).into_owned();
    let loaded = py.import("json")?.call_method1("loads", (text,))?;
    Ok(loaded.cast_into::<PyString>()?)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn eat(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// A string with its quotes, a number or a word.
    fn token(&mut self) -> &'a [u8] {
        let mut escaped = false;
        let end = if self.0.first() == Some(&b'"') {
            let inside = self.0.iter().skip(1).position(|byte| {
                let ends = *byte == b'"' && !escaped;
                escaped = *byte == b'\\' && !escaped;
                ends
            });
            inside.map_or(self.0.len(), |at| at + 2)
        } else {
            let end = self.0.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b':'));
            end.unwrap_or(self.0.len())
        };
        let (token, rest) = self.0.split_at_checked(end).unwrap_or((self.0, &[]));
        self.0 = rest;
        token
    }
}

/// The text as it was written and the text as core left it, walked together.
struct Walk<'a> {
    before: Reader<'a>,
    after: Reader<'a>,
}

impl<'a> Walk<'a> {
    fn punctuation(&mut self, byte: u8) -> PyResult<()> {
        if self.before.eat(byte) && self.after.eat(byte) { Ok(()) } else { Err(internal_fault()) }
    }

    /// The token after masking, where it is another one.
    fn token(&mut self) -> PyResult<Option<&'a [u8]>> {
        let (before, after) = (self.before.token(), self.after.token());
        Ok((before != after).then_some(after))
    }

    /// The value after masking; `None` where it is the same.
    fn value<'py>(&mut self, value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        if is_list(value) {
            return self.list(value);
        }
        if Input::of(value)?.is_none()
            && let Ok(mapping) = value.cast::<PyMapping>()
        {
            return self.mapping(mapping);
        }
        let Some(token) = self.token()? else { return Ok(None) };
        let py = value.py();
        let text = decoded(py, token)?;
        match Input::of(value)? {
            Some(Input::Bytes(_) | Input::Copied(_)) => {
                Ok(Some(PyBytes::new(py, text.to_str()?.as_bytes()).into_any()))
            }
            Some(Input::Text(_) | Input::Surrogates(_)) | None => Ok(Some(text.into_any())),
        }
    }

    fn list<'py>(&mut self, value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.punctuation(b'[')?;
        let mut items = Vec::new();
        let mut changed = false;
        for (index, item) in value.try_iter()?.enumerate() {
            if index > 0 {
                self.punctuation(b',')?;
            }
            let item = item?;
            let masked = self.value(&item)?;
            changed |= masked.is_some();
            items.push(masked.unwrap_or(item));
        }
        self.punctuation(b']')?;
        if changed { like(value, items).map(Some) } else { Ok(None) }
    }

    fn mapping<'py>(
        &mut self,
        mapping: &Bound<'py, PyMapping>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = mapping.py();
        self.punctuation(b'{')?;
        let dict = PyDict::new(py);
        let mut changed = false;
        for (index, entry) in mapping.items()?.iter().enumerate() {
            if index > 0 {
                self.punctuation(b',')?;
            }
            let (key, item) = entry.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            let masked_key = self.token()?.map(|token| decoded(py, token)).transpose()?;
            self.punctuation(b':')?;
            let masked = self.value(&item)?;
            changed |= masked.is_some() || masked_key.is_some();
            let key = masked_key.map_or(key, Bound::into_any);
            dict.set_item(key, masked.unwrap_or(item))?;
        }
        self.punctuation(b'}')?;
        Ok(changed.then_some(dict.into_any()))
    }
}

/// The items in a container of the same kind.
pub(crate) fn like<'py>(
    model: &Bound<'py, PyAny>,
    items: Vec<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = model.py();
    if model.cast::<PyTuple>().is_ok() {
        let tuple = PyTuple::new(py, items)?;
        // A named tuple keeps its names.
        return match model.get_type().getattr_opt(intern!(py, "_make"))? {
            Some(make) => make.call1((tuple,)),
            None => Ok(tuple.into_any()),
        };
    }
    if model.cast::<PySet>().is_ok() {
        return Ok(PySet::new(py, items)?.into_any());
    }
    if model.cast::<PyFrozenSet>().is_ok() {
        return Ok(PyFrozenSet::new(py, items)?.into_any());
    }
    Ok(PyList::new(py, items)?.into_any())
}
