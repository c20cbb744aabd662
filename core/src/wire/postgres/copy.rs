//! Rows of a `COPY … TO STDOUT`, masked field by field.

use std::borrow::Cow;

use super::rows::RowPlan;
use crate::command::sql::{CopyShape, CsvShape};
use crate::limits::MAX_SERVER_MESSAGE_BYTES;
use crate::wire::WireError;

/// Masks the rows of one COPY. Rows may be cut anywhere by messages.
#[derive(Debug)]
pub(super) struct CopyMasker {
    shape: CopyShape,
    /// `None` where nothing is masked, and rows are only counted.
    plan: Option<RowPlan>,
    limit: Option<u64>,
    /// The start of a row whose end has not arrived.
    open: Pending,
    /// Bytes of `open` in which no end was found, and whether they end inside quotes.
    seen: usize,
    quoted: bool,
    /// The line of names has not passed yet.
    header: bool,
    pub(super) rows: u64,
    pub(super) changed: u64,
    /// The limit was reached: no further row passes.
    pub(super) stopped: bool,
}

/// Bytes that may hold values; Debug shows their number only.
#[derive(Default)]
struct Pending(Vec<u8>);

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pending({} bytes)", self.0.len())
    }
}

impl CopyMasker {
    pub(super) fn new(shape: CopyShape, plan: Option<RowPlan>, limit: Option<u64>) -> Self {
        let header = shape.csv.is_some_and(|csv| csv.header);
        let open = Pending::default();
        Self {
            shape,
            plan,
            limit,
            open,
            seen: 0,
            quoted: false,
            header,
            rows: 0,
            changed: 0,
            stopped: false,
        }
    }

    /// Takes more bytes of the stream and returns the rows that are whole.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, WireError> {
        self.open.0.extend_from_slice(bytes);
        let mut out = Vec::new();
        let mut start = 0;
        while let Some(end) = self.row_end() {
            let row = self.open.0.get(start..end).unwrap_or_default().to_vec();
            if self.row(&row, &mut out)? {
                out.push(b'\n');
            }
            start = end + 1;
            self.seen = start;
            self.quoted = false;
        }
        self.open.0.drain(..start);
        self.seen -= start;
        if self.open.0.len() > MAX_SERVER_MESSAGE_BYTES {
            return Err(WireError::TooLong);
        }
        Ok(out)
    }

    /// Ends the stream: a row without its end is masked as one.
    pub(super) fn finish(&mut self) -> Result<Vec<u8>, WireError> {
        let row = std::mem::take(&mut self.open.0);
        let mut out = Vec::new();
        if !row.is_empty() {
            self.row(&row, &mut out)?;
        }
        Ok(out)
    }

    /// The newline that ends the row which starts the open bytes: not one inside quotes.
    fn row_end(&mut self) -> Option<usize> {
        let rest = self.open.0.get(self.seen..)?;
        let Some(csv) = self.shape.csv else {
            // The text format writes newlines of values as `\n`.
            let found = memchr::memchr(b'\n', rest).map(|at| self.seen + at);
            if found.is_none() {
                self.seen = self.open.0.len();
            }
            return found;
        };
        for (at, byte) in (self.seen..).zip(rest) {
            // A doubled quote closes and opens again, which comes to the same.
            if *byte == csv.quote {
                self.quoted = !self.quoted;
            } else if *byte == b'\n' && !self.quoted {
                return Some(at);
            }
        }
        self.seen = self.open.0.len();
        None
    }

    /// Appends a row without its end; whether it passes.
    fn row(&mut self, row: &[u8], out: &mut Vec<u8>) -> Result<bool, WireError> {
        if std::mem::take(&mut self.header) {
            out.extend_from_slice(row);
            return Ok(true);
        }
        if self.limit.is_some_and(|limit| self.rows >= limit) {
            self.stopped = true;
            return Ok(false);
        }
        self.rows += 1;
        let Some(plan) = &mut self.plan else {
            out.extend_from_slice(row);
            return Ok(true);
        };
        let fields = match self.shape.csv {
            None => split_text(row, self.shape.delimiter),
            Some(csv) => split_csv(row, self.shape.delimiter, csv),
        };
        if fields.len() != plan.columns() {
            // Not the row that was expected: nothing of it passes.
            return Err(WireError::Malformed);
        }
        for (index, field) in fields.into_iter().enumerate() {
            if index > 0 {
                out.push(self.shape.delimiter);
            }
            if field == self.shape.null.as_slice() {
                out.extend_from_slice(field);
                continue;
            }
            match self.shape.csv {
                None => {
                    let value = unescape(field);
                    let masked = plan.field(index, &value)?;
                    if *masked == *value {
                        out.extend_from_slice(field);
                    } else {
                        self.changed += 1;
                        escape(&masked, self.shape.delimiter, out);
                    }
                }
                Some(csv) => {
                    let value = unquote(field, csv);
                    let masked = plan.field(index, &value)?;
                    if *masked == *value {
                        out.extend_from_slice(field);
                    } else {
                        self.changed += 1;
                        quote(&masked, csv, out);
                    }
                }
            }
        }
        Ok(true)
    }
}

fn split_text(row: &[u8], delimiter: u8) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, byte) in row.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if *byte == b'\\' {
            escaped = true;
        } else if *byte == delimiter {
            fields.push(row.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    fields.push(row.get(start..).unwrap_or_default());
    fields
}

fn split_csv(row: &[u8], delimiter: u8, csv: CsvShape) -> Vec<&[u8]> {
    let mut fields = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in row.iter().enumerate() {
        if *byte == csv.quote {
            quoted = !quoted;
        } else if *byte == delimiter && !quoted {
            fields.push(row.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    fields.push(row.get(start..).unwrap_or_default());
    fields
}

/// A field of the text format without its backslashes.
fn unescape(field: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', field).is_none() {
        return Cow::Borrowed(field);
    }
    let mut out = Vec::with_capacity(field.len());
    let mut bytes = field.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next() {
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(other) => other,
            None => b'\\',
        });
    }
    Cow::Owned(out)
}

fn escape(value: &[u8], delimiter: u8, out: &mut Vec<u8>) {
    for byte in value {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            byte if *byte == delimiter && *byte == b'\t' => out.extend_from_slice(b"\\t"),
            byte if *byte == delimiter => out.extend_from_slice(&[b'\\', *byte]),
            byte => out.push(*byte),
        }
    }
}

fn unquote(field: &[u8], csv: CsvShape) -> Cow<'_, [u8]> {
    if memchr::memchr(csv.quote, field).is_none() {
        return Cow::Borrowed(field);
    }
    let mut out = Vec::with_capacity(field.len());
    let mut quoted = false;
    let mut bytes = field.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != csv.quote {
            out.push(byte);
        } else if quoted && bytes.peek() == Some(&csv.quote) {
            out.push(byte);
            bytes.next();
        } else {
            quoted = !quoted;
        }
    }
    Cow::Owned(out)
}

fn quote(value: &[u8], csv: CsvShape, out: &mut Vec<u8>) {
    out.push(csv.quote);
    for byte in value {
        if *byte == csv.quote {
            out.push(csv.quote);
        }
        out.push(*byte);
    }
    out.push(csv.quote);
}
