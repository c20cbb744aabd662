//! Walks a parsed TOML file and keeps every problem: where a derive would stop at the first, this
//! goes on, so that an author mends a bundle in one round.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{CompileError, CompileErrorKind as Kind, suggestion};
use crate::primitives::{Span, Timestamp};

/// A value with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> At<T> {
    pub(crate) const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// Collects the problems of one file.
#[derive(Debug)]
pub(crate) struct Problems<'e> {
    pub(crate) file: &'e str,
    text: &'e str,
    errors: &'e mut Vec<CompileError>,
    /// Set where the file itself did not parse.
    recovered: bool,
}

impl<'e> Problems<'e> {
    /// The place in the file of `part` inside a text value: exact where the value is written
    /// without escapes, the whole value otherwise.
    pub(crate) fn inside(&self, value: &At<String>, part: Span) -> Span {
        let whole = value.span;
        let written = self.text.get(whole.start()..whole.end()).unwrap_or_default();
        match written.find(&value.value).filter(|_| !value.value.is_empty()) {
            Some(quote) => {
                let base = whole.start() + quote;
                Span::from_offsets(base + part.start(), base + part.end())
            }
            None => whole,
        }
    }

    pub(crate) fn report(
        &mut self,
        kind: Kind,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        // In a file that did not parse, keys may be lost or stand in the wrong table.
        if self.recovered && (kind == Kind::MissingKey || kind == Kind::UnknownKey) {
            return;
        }
        self.errors.push(CompileError::new(kind, self.file, Some(span), message, help));
    }
}

/// Parses `text`, reports what is wrong with it, and hands what could be read to `walk`.
pub(crate) fn walk_file<'e>(
    file: &'e str,
    text: &'e str,
    errors: &'e mut Vec<CompileError>,
    walk: impl FnOnce(&mut Problems<'_>, &DeTable<'_>, Span),
) {
    let (document, parse_errors) = DeTable::parse_recoverable(text);
    let mut problems = Problems { file, text, errors, recovered: false };
    for error in &parse_errors {
        let span = error.span().map_or_else(Span::default, |range| span_of(&range));
        problems.report(Kind::Syntax, span, one_line(error.message()), "");
    }
    problems.recovered = !parse_errors.is_empty();
    walk(&mut problems, document.get_ref(), Span::from_offsets(0, 0));
}

fn one_line(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut chars = line.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

pub(crate) fn span_of(range: &Range<usize>) -> Span {
    Span::from_offsets(range.start, range.end)
}

const fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A value whose type is still to be checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a, 'i> {
    value: &'a Spanned<DeValue<'i>>,
}

impl<'a, 'i> Node<'a, 'i> {
    pub(crate) fn span(self) -> Span {
        span_of(&self.value.span())
    }

    pub(crate) fn raw(self) -> &'a DeValue<'i> {
        self.value.get_ref()
    }

    fn wrong(self, problems: &mut Problems<'_>, name: &str, expected: &str) {
        let found = type_name(self.raw());
        let message = format!("`{name}` is {found}, expected {expected}");
        problems.report(Kind::WrongType, self.span(), message, "");
    }

    pub(crate) fn text(self, problems: &mut Problems<'_>, name: &str) -> Option<At<String>> {
        let Some(text) = self.raw().as_str() else {
            self.wrong(problems, name, "a text");
            return None;
        };
        Some(At::new(text.to_owned(), self.span()))
    }

    pub(crate) fn boolean(self, problems: &mut Problems<'_>, name: &str) -> Option<At<bool>> {
        let Some(value) = self.raw().as_bool() else {
            self.wrong(problems, name, "a boolean");
            return None;
        };
        Some(At::new(value, self.span()))
    }

    /// A whole number of 0 to 2^63 − 1.
    pub(crate) fn number(self, problems: &mut Problems<'_>, name: &str) -> Option<At<u64>> {
        let Some(number) = self.raw().as_integer() else {
            self.wrong(problems, name, "a whole number");
            return None;
        };
        let value = i64::from_str_radix(number.as_str(), number.radix()).ok();
        let Some(value) = value.and_then(|value| u64::try_from(value).ok()) else {
            let message = format!("`{name}` must be a whole number of 0 to 9223372036854775807");
            problems.report(Kind::BadValue, self.span(), message, "");
            return None;
        };
        Some(At::new(value, self.span()))
    }

    pub(crate) fn list(self, problems: &mut Problems<'_>, name: &str) -> Option<Vec<Self>> {
        let Some(items) = self.raw().as_array() else {
            self.wrong(problems, name, "a list");
            return None;
        };
        Some(items.iter().map(|value| Node { value }).collect())
    }

    /// One text or a list of texts that is not empty.
    pub(crate) fn texts(self, problems: &mut Problems<'_>, name: &str) -> Vec<At<String>> {
        match self.raw() {
            DeValue::Array(items) if items.is_empty() => {
                let message = format!("`{name}` is an empty list, which nothing can match");
                problems.report(Kind::EmptyList, self.span(), message, "leave the key out");
                Vec::new()
            }
            DeValue::Array(items) => {
                let items = items.iter().map(|value| Node { value });
                items.filter_map(|item| item.text(problems, name)).collect()
            }
            DeValue::String(_) => self.text(problems, name).into_iter().collect(),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Table(_) => {
                self.wrong(problems, name, "a text or a list of texts");
                Vec::new()
            }
        }
    }

    /// A table of whose keys nothing is known.
    pub(crate) fn open_table(self, problems: &mut Problems<'_>, name: &str) -> Vec<Entry<'a, 'i>> {
        let Some(table) = self.raw().as_table() else {
            self.wrong(problems, name, "a table");
            return Vec::new();
        };
        entries(table)
    }

    /// A table with these keys and no others.
    pub(crate) fn table(
        self,
        problems: &mut Problems<'_>,
        name: &str,
        keys: &'static [&'static str],
    ) -> Option<Table<'a, 'i>> {
        let Some(table) = self.raw().as_table() else {
            self.wrong(problems, name, "a table");
            return None;
        };
        Some(Table::new(problems, table, self.span(), keys))
    }

    /// An RFC 3339 moment, as a TOML date with offset or as a text.
    pub(crate) fn moment(self, problems: &mut Problems<'_>, name: &str) -> Option<At<Timestamp>> {
        let text = match self.raw() {
            DeValue::Datetime(moment) => moment.to_string(),
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                self.wrong(problems, name, "a date with time and offset");
                return None;
            }
        };
        let moment = Timestamp::parse(&text);
        if moment.is_none() {
            let message = format!("`{name}` is not a date with time and offset");
            problems.report(Kind::BadTime, self.span(), message, "write 2027-01-31T00:00:00Z");
        }
        Some(At::new(moment?, self.span()))
    }

    /// A duration such as `30m`, in seconds: a whole number and `s`, `m`, `h` or `d`.
    pub(crate) fn seconds(self, problems: &mut Problems<'_>, name: &str) -> Option<At<u64>> {
        let text = self.text(problems, name)?;
        let unit = text.value.chars().last();
        let scale = match unit {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            Some('d') => 86_400,
            _ => 0,
        };
        let number = text.value.get(..text.value.len().saturating_sub(1)).unwrap_or_default();
        let digits = !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
        let seconds = number.parse::<u64>().ok().filter(|_| digits && scale > 0);
        match seconds.and_then(|count| count.checked_mul(scale)).filter(|seconds| *seconds > 0) {
            Some(seconds) => Some(At::new(seconds, text.span)),
            None => {
                let message = format!("`{name}` is not a duration");
                problems.report(Kind::BadTime, text.span, message, "write 30m, 8h or 2d");
                None
            }
        }
    }

    /// The value as JSON, for parts that another stage reads.
    pub(crate) fn json(self) -> serde_json::Value {
        json_of(self.raw())
    }
}

fn json_of(value: &DeValue<'_>) -> serde_json::Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(().into(), Into::into)
        }
        DeValue::Float(number) => number.as_str().into(),
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Datetime(moment) => moment.to_string().into(),
        DeValue::Array(items) => items.iter().map(|item| json_of(item.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, item)| (key.get_ref().to_string(), json_of(item.get_ref())))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

/// A key of a table with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a, 'i> {
    pub(crate) key: At<String>,
    pub(crate) value: Node<'a, 'i>,
}

/// The entries of a table in the order of the file.
fn entries<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| Entry {
            key: At::new(key.get_ref().to_string(), span_of(&key.span())),
            value: Node { value },
        })
        .collect();
    entries.sort_by_key(|entry| entry.key.span);
    entries
}

/// A table whose keys have been checked against a closed list.
#[derive(Debug)]
pub(crate) struct Table<'a, 'i> {
    pub(crate) span: Span,
    nodes: BTreeMap<String, Entry<'a, 'i>>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(crate) fn new(
        problems: &mut Problems<'_>,
        table: &'a DeTable<'i>,
        span: Span,
        keys: &'static [&'static str],
    ) -> Self {
        let mut nodes = BTreeMap::new();
        for entry in entries(table) {
            if keys.contains(&entry.key.value.as_str()) {
                nodes.insert(entry.key.value.clone(), entry);
            } else {
                let message = format!("unknown key `{}`", entry.key.value);
                let help = suggestion(&entry.key.value, keys.iter().copied());
                problems.report(Kind::UnknownKey, entry.key.span, message, help);
            }
        }
        Self { span, nodes }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Node<'a, 'i>> {
        self.nodes.get(key).map(|entry| entry.value)
    }

    /// The place of a key, or of the table where the key is absent.
    pub(crate) fn key_span(&self, key: &str) -> Span {
        self.nodes.get(key).map_or(self.span, |entry| entry.key.span)
    }

    pub(crate) fn required(&self, problems: &mut Problems<'_>, key: &str) -> Option<Node<'a, 'i>> {
        let node = self.get(key);
        if node.is_none() {
            let message = format!("the key `{key}` is missing");
            problems.report(Kind::MissingKey, self.span, message, "");
        }
        node
    }

    pub(crate) fn text(&self, problems: &mut Problems<'_>, key: &str) -> Option<At<String>> {
        self.get(key)?.text(problems, key)
    }

    pub(crate) fn required_text(
        &self,
        problems: &mut Problems<'_>,
        key: &str,
    ) -> Option<At<String>> {
        self.required(problems, key)?.text(problems, key)
    }

    pub(crate) fn boolean(&self, problems: &mut Problems<'_>, key: &str) -> Option<At<bool>> {
        self.get(key)?.boolean(problems, key)
    }

    pub(crate) fn number(&self, problems: &mut Problems<'_>, key: &str) -> Option<At<u64>> {
        self.get(key)?.number(problems, key)
    }

    pub(crate) fn texts(&self, problems: &mut Problems<'_>, key: &str) -> Vec<At<String>> {
        self.get(key).map_or_else(Vec::new, |node| node.texts(problems, key))
    }

    pub(crate) fn list(&self, problems: &mut Problems<'_>, key: &str) -> Vec<Node<'a, 'i>> {
        self.get(key).and_then(|node| node.list(problems, key)).unwrap_or_default()
    }
}

/// The value that `word` stands for, or a problem that lists the closed set.
pub(crate) fn closed<T: Copy>(
    problems: &mut Problems<'_>,
    what: &str,
    word: &At<String>,
    set: &[T],
    name: impl Fn(T) -> &'static str,
) -> Option<T> {
    let found = set.iter().copied().find(|item| name(*item) == word.value);
    if found.is_none() {
        let message = format!("unknown {what} `{}`", word.value);
        let words: Vec<&str> = set.iter().map(|item| name(*item)).collect();
        let help = suggestion(&word.value, words.iter().copied());
        problems.report(Kind::UnknownWord, word.span, message, help);
    }
    found
}
