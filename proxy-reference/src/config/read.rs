//! Walks a configuration and keeps every problem: who writes it mends it in one round.

use std::ops::Range;

use placet::primitives::Span;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::ProxyError;

/// The problems of one file.
pub(super) struct Problems<'f> {
    file: &'f str,
    pub(super) errors: Vec<ProxyError>,
    /// The file did not parse: keys may be lost or stand in the wrong table.
    broken: bool,
}

impl<'f> Problems<'f> {
    pub(super) const fn new(file: &'f str) -> Self {
        Self { file, errors: Vec::new(), broken: false }
    }

    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        self.broken = true;
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        let span = error.span().map_or_else(Span::default, |range| span_of(&range));
        self.report("API040", span, message, "see docs/spec/proxy.md");
    }

    pub(super) fn report(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.broken && matches!(code, "API041" | "API042") {
            return;
        }
        self.errors.push(ProxyError::new(code, message, help).in_file(self.file).at(span));
    }
}

pub(super) fn span_of(range: &Range<usize>) -> Span {
    Span::from_offsets(range.start, range.end)
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// A value whose type is still to be checked.
#[derive(Clone)]
pub(super) struct Node<'a, 'i> {
    name: String,
    value: &'a Spanned<DeValue<'i>>,
}

impl<'a, 'i> Node<'a, 'i> {
    pub(super) fn span(&self) -> Span {
        span_of(&self.value.span())
    }

    fn wrong(&self, problems: &mut Problems<'_>, expected: &str) {
        let message = format!("`{}` is not {expected}", self.name);
        problems.report("API043", self.span(), message, format!("write {expected}"));
    }

    pub(super) fn text(&self, problems: &mut Problems<'_>) -> Option<At<String>> {
        match self.value.get_ref().as_str() {
            Some("") | None => {
                self.wrong(problems, "a text");
                None
            }
            Some(text) => Some(At { value: text.to_owned(), span: self.span() }),
        }
    }

    pub(super) fn number(
        &self,
        problems: &mut Problems<'_>,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let number = self
            .value
            .get_ref()
            .as_integer()
            .and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        let Some(number) = number else {
            self.wrong(problems, "a whole number");
            return None;
        };
        if range.contains(&number) {
            return Some(number);
        }
        let message = format!("`{}` is outside of its bounds", self.name);
        let help = format!("write a number from {} to {}", range.start(), range.end());
        problems.report("API044", self.span(), message, help);
        None
    }

    pub(super) fn date(&self, problems: &mut Problems<'_>) -> Option<At<String>> {
        let date = match self.value.get_ref() {
            DeValue::Datetime(date) => Some(date.to_string()),
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => None,
        };
        if date.is_none() {
            self.wrong(problems, "a time");
        }
        date.map(|value| At { value, span: self.span() })
    }

    pub(super) fn list(&self, problems: &mut Problems<'_>) -> Vec<Self> {
        let Some(array) = self.value.get_ref().as_array() else {
            self.wrong(problems, "a list");
            return Vec::new();
        };
        array.iter().map(|value| Node { name: self.name.clone(), value }).collect()
    }

    pub(super) fn texts(&self, problems: &mut Problems<'_>) -> Vec<At<String>> {
        let nodes = self.list(problems);
        nodes.iter().filter_map(|node| node.text(problems)).collect()
    }

    pub(super) fn table(&self, problems: &mut Problems<'_>) -> Option<Table<'a, 'i>> {
        let Some(table) = self.value.get_ref().as_table() else {
            self.wrong(problems, "a table");
            return None;
        };
        Some(Table { name: self.name.clone(), span: self.span(), table, taken: Vec::new() })
    }

    /// A scalar, for claims.
    pub(super) fn scalar(&self, problems: &mut Problems<'_>) -> Option<placet::request::Value> {
        use placet::request::Value;
        match self.value.get_ref() {
            DeValue::String(text) => Some(Value::Text(text.to_string())),
            DeValue::Boolean(value) => Some(Value::Bool(*value)),
            DeValue::Integer(integer) => {
                match i64::from_str_radix(integer.as_str(), integer.radix()) {
                    Ok(number) => Some(Value::Int(number)),
                    Err(_) => {
                        self.wrong(problems, "a number of 64 bits");
                        None
                    }
                }
            }
            DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.wrong(problems, "a text, a whole number or a boolean");
                None
            }
        }
    }
}

/// A table of which every key must be taken.
pub(super) struct Table<'a, 'i> {
    name: String,
    span: Span,
    table: &'a DeTable<'i>,
    taken: Vec<&'static str>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(super) fn root(table: &'a DeTable<'i>) -> Self {
        Self { name: String::new(), span: Span::default(), table, taken: Vec::new() }
    }

    pub(super) const fn span(&self) -> Span {
        self.span
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    pub(super) fn get(&mut self, key: &'static str) -> Option<Node<'a, 'i>> {
        self.taken.push(key);
        let value = self.table.get(key)?;
        Some(Node { name: self.full(key), value })
    }

    pub(super) fn need(
        &mut self,
        problems: &mut Problems<'_>,
        key: &'static str,
    ) -> Option<Node<'a, 'i>> {
        let node = self.get(key);
        if node.is_none() {
            let message = format!("`{}` is missing", self.full(key));
            problems.report("API042", self.span, message, "add it; see docs/spec/proxy.md");
        }
        node
    }

    /// All entries of a table whose keys are free.
    pub(super) fn entries(&self) -> Vec<(String, Node<'a, 'i>)> {
        self.table
            .iter()
            .map(|(key, value)| {
                let key = key.get_ref().to_string();
                (key.clone(), Node { name: self.full(&key), value })
            })
            .collect()
    }

    /// Complains about every key that nobody took.
    pub(super) fn done(self, problems: &mut Problems<'_>) {
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if self.taken.contains(&name) {
                continue;
            }
            let message = format!("unknown key `{}`", self.full(name));
            let near = self.taken.iter().find(|known| close(known, name));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", self.taken.join(", ")),
            };
            problems.report("API041", span_of(&key.span()), message, help);
        }
    }
}

/// One letter changed, lost, added or swapped.
fn close(known: &str, written: &str) -> bool {
    let (a, b) = (known.as_bytes(), written.as_bytes());
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    a.len().abs_diff(b.len()) <= 1 && same + tail + 2 >= a.len().max(b.len())
}
