//! CSV (RFC 4180): the names of the header are context, cells are masked one by one.

#[cfg(test)]
mod tests;

use std::fmt;

use crate::mask::shape::MAX_VALUE_BYTES;
use crate::mask::shape::output::{Draft, Engine, Output, moved};
use crate::mask::{Detectors, EntityType, Finding, MaskError, Masker, Operators};

/// Columns whose names are kept as context.
const MAX_COLUMNS: usize = 4096;

/// Bytes of a column's name that serve as context.
const MAX_NAME_BYTES: usize = 128;

/// Masks a stream of comma-, semicolon- or tab-separated values.
///
/// The separator is the one that stands most often in the first record, outside quotes. The
/// first record names the columns unless something is found in it, now or by an earlier masking:
/// then it is data. Quotes,
/// separators and line ends are copied; a cell that needs quotes after masking gets them. From the
/// cell on where the input leaves RFC 4180 (a quote inside a bare cell, text after a closing
/// quote, a carriage return alone), the rest is masked as text.
///
/// - The output, over all calls, is the same for every way of cutting the input.
/// - Hold-back: the first record and one cell, each up to
///   [`MAX_VALUE_BYTES`]; past that the rest is text.
/// - Fails closed: when a call returns an error, nothing of that chunk is forwarded. Never panics.
///
/// # Examples
/// ```
/// # use placet::mask::{Detectors, Operators, shape::csv::CsvMasker};
/// let mut masker = CsvMasker::new(Detectors::builtin(), Operators::redact_all());
/// let mut out = masker.push(b"id;ssn\r\n7;5369")?;
/// out.extend(masker.push(b"04399\r\n")?);
/// out.extend(masker.finish()?);
/// assert_eq!(out, b"id;ssn\r\n7;[US_SSN]\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CsvMasker {
    engine: Engine,
    output: Output,
    state: State,
    separator: u8,
    names: Vec<String>,
    column: usize,
    /// The cell that is being read, quotes included.
    cell: Vec<u8>,
    cell_start: u64,
    place: Place,
    /// Offset of the next byte.
    at: u64,
    failed: bool,
}

enum State {
    /// Collecting the first record.
    Header {
        record: Vec<u8>,
        quoted: bool,
    },
    /// Reading the first record's cells again, now that the separator is known.
    Names {
        bare: Vec<String>,
        found: bool,
    },
    Cells,
    /// No CSV any more: text up to the end, from this offset on.
    Text {
        masker: Box<Masker>,
        base: u64,
    },
}

/// Where in a cell the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Bare,
    Quoted,
    /// After a quote inside a quoted cell: its end, or the first of two.
    Quote,
    /// After a carriage return that ended a cell.
    Return,
}

impl fmt::Debug for CsvMasker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CsvMasker({} bytes held back)", self.held_back_bytes())
    }
}

impl CsvMasker {
    /// A masker at the start of a stream.
    #[must_use]
    pub fn new(detectors: Detectors, operators: Operators) -> Self {
        Self {
            engine: Engine { detectors, operators },
            output: Output::default(),
            state: State::Header { record: Vec::new(), quoted: false },
            separator: b',',
            names: Vec::new(),
            column: 0,
            cell: Vec::new(),
            cell_start: 0,
            place: Place::Start,
            at: 0,
            failed: false,
        }
    }

    /// Takes the next chunk, cut anywhere, and returns what is safe to forward.
    ///
    /// # Errors
    /// [`MaskError::Poisoned`] (`MSK002`): masking failed earlier, or the stream was finished.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<u8>, MaskError> {
        let outcome = self.take(chunk);
        self.settle(outcome)
    }

    /// Ends the stream and returns the rest.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    pub fn finish(&mut self) -> Result<Vec<u8>, MaskError> {
        let outcome = self.end();
        let out = self.settle(outcome);
        self.failed = true;
        out
    }

    /// What was found since the last call, in offsets of the whole input.
    ///
    /// In a cell with doubled quotes a finding is its whole inside.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.output.take_findings()
    }

    /// Bytes that are inside and not yet returned.
    #[must_use]
    pub fn held_back_bytes(&self) -> usize {
        let inner = match &self.state {
            State::Header { record, .. } => record.len(),
            State::Names { .. } | State::Cells => 0,
            State::Text { masker, .. } => masker.held_back_bytes(),
        };
        inner + self.cell.len()
    }

    fn settle(&mut self, outcome: Result<(), MaskError>) -> Result<Vec<u8>, MaskError> {
        if let Err(error) = outcome {
            self.failed = true;
            self.output = Output::default();
            self.cell.clear();
            return Err(error);
        }
        Ok(self.output.take_bytes())
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), MaskError> {
        if self.failed {
            return Err(MaskError::Poisoned);
        }
        let mut rest = chunk;
        while let Some((byte, after)) = rest.split_first() {
            match &mut self.state {
                State::Text { .. } => return self.text(rest),
                State::Header { record, quoted } => {
                    record.push(*byte);
                    *quoted ^= *byte == b'"';
                    if *byte == b'\n' && !*quoted {
                        self.end_header()?;
                    } else if record.len() >= MAX_VALUE_BYTES {
                        let record = std::mem::take(record);
                        self.leave(0, &record)?;
                    }
                }
                State::Names { .. } | State::Cells => self.step(*byte)?,
            }
            rest = after;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), MaskError> {
        if self.failed {
            return Err(MaskError::Poisoned);
        }
        if let State::Header { .. } = self.state {
            self.end_header()?;
        }
        match self.place {
            Place::Quoted => self.break_at_cell(None)?,
            Place::Bare | Place::Quote => self.end_cell()?,
            Place::Start => {}
            Place::Return => self.break_at_cell(None)?,
        }
        if let State::Text { masker, base } = &mut self.state {
            let bytes = masker.finish()?;
            let findings = moved(masker.take_findings(), *base);
            self.output.add(Draft { bytes, findings });
        }
        Ok(())
    }

    fn text(&mut self, chunk: &[u8]) -> Result<(), MaskError> {
        if let State::Text { masker, base } = &mut self.state {
            let bytes = masker.push(chunk)?;
            let findings = moved(masker.take_findings(), *base);
            self.output.add(Draft { bytes, findings });
        }
        Ok(())
    }

    fn leave(&mut self, base: u64, first: &[u8]) -> Result<(), MaskError> {
        self.state = State::Text { masker: Box::new(self.engine.streaming()), base };
        self.place = Place::Start;
        self.text(first)
    }

    /// The first record is complete: choose the separator, then read its cells.
    fn end_header(&mut self) -> Result<(), MaskError> {
        let State::Header { record, .. } = &mut self.state else { return Ok(()) };
        let record = std::mem::take(record);
        let mut quoted = false;
        let mut counts = [(b',', 0usize), (b';', 0), (b'\t', 0)];
        for byte in &record {
            quoted ^= *byte == b'"';
            let counted = counts.iter_mut().find(|(separator, _)| separator == byte && !quoted);
            if let Some((_, count)) = counted {
                *count += 1;
            }
        }
        let mut best = 0;
        for (separator, count) in counts {
            if count > best {
                (self.separator, best) = (separator, count);
            }
        }
        self.state = State::Names { bare: Vec::new(), found: false };
        let mut left = record.as_slice();
        while let Some((byte, after)) = left.split_first() {
            if let State::Text { .. } = self.state {
                return self.text(left);
            }
            self.step(*byte)?;
            left = after;
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<(), MaskError> {
        let ends = byte == self.separator || byte == b'\n' || byte == b'\r';
        match self.place {
            Place::Start | Place::Bare | Place::Quote if ends => {
                self.end_cell()?;
                self.structure(byte)?;
            }
            Place::Return => {
                if byte == b'\n' {
                    self.output.copy(b"\r");
                    self.structure(byte)?;
                } else {
                    self.break_at_cell(Some(byte))?;
                }
            }
            Place::Start => {
                self.cell_start = self.at;
                self.place = if byte == b'"' { Place::Quoted } else { Place::Bare };
                self.cell.push(byte);
            }
            Place::Bare | Place::Quote if self.malformed(byte) => self.break_at_cell(Some(byte))?,
            Place::Bare => self.cell.push(byte),
            Place::Quoted | Place::Quote => {
                self.place = if byte == b'"' && self.place == Place::Quoted {
                    Place::Quote
                } else {
                    Place::Quoted
                };
                self.cell.push(byte);
            }
        }
        if self.cell.len() >= MAX_VALUE_BYTES {
            self.at = self.at.saturating_add(1);
            let cell = std::mem::take(&mut self.cell);
            return self.leave(self.cell_start, &cell);
        }
        self.at = self.at.saturating_add(1);
        Ok(())
    }

    fn malformed(&self, byte: u8) -> bool {
        match self.place {
            Place::Bare => byte == b'"',
            Place::Quote => byte != b'"',
            Place::Start | Place::Quoted | Place::Return => false,
        }
    }

    /// From the cell's first byte on, this is no CSV.
    fn break_at_cell(&mut self, byte: Option<u8>) -> Result<(), MaskError> {
        let mut held = std::mem::take(&mut self.cell);
        let base = if self.place == Place::Return {
            held.insert(0, b'\r');
            self.at.saturating_sub(1)
        } else {
            self.cell_start
        };
        held.extend(byte);
        self.leave(base, &held)
    }

    /// Copies a separator or the end of a line, and moves to the next cell.
    fn structure(&mut self, byte: u8) -> Result<(), MaskError> {
        self.place = Place::Start;
        if byte == b'\r' {
            self.place = Place::Return;
            return Ok(());
        }
        self.output.copy(&[byte]);
        if byte == self.separator {
            self.column = self.column.saturating_add(1);
        } else {
            self.column = 0;
            if let State::Names { bare, found } = &mut self.state {
                // A first record with values in it is data, and names no column.
                self.names = if *found { Vec::new() } else { std::mem::take(bare) };
                self.state = State::Cells;
            }
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), MaskError> {
        let cell = std::mem::take(&mut self.cell);
        let quoted = self.place == Place::Quote;
        let inside = cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\""));
        let inside = inside.filter(|_| quoted).unwrap_or(&cell);
        let doubled = quoted && memchr::memchr(b'"', inside).is_some();
        let meaning = if doubled { undouble(inside) } else { inside.to_vec() };
        let name = match &self.state {
            State::Cells => self.names.get(self.column).map_or("", String::as_str),
            State::Header { .. } | State::Names { .. } | State::Text { .. } => "",
        };
        let value = self.engine.value(&meaning, name)?;
        if let State::Names { bare, found } = &mut self.state {
            *found |= value.text.is_some() || holds_label(&meaning);
            if bare.len() < MAX_COLUMNS {
                let name: Vec<u8> = meaning.iter().copied().take(MAX_NAME_BYTES).collect();
                bare.push(String::from_utf8_lossy(&name).into_owned());
            }
        }
        let Some(text) = value.text else {
            self.output.copy(&cell);
            return Ok(());
        };
        let base = self.cell_start.saturating_add(u64::from(quoted));
        let findings = if doubled {
            let end = base.saturating_add(inside.len() as u64);
            let whole = |found: Finding| Finding { start: base, end, ..found };
            value.findings.into_iter().map(whole).collect()
        } else {
            moved(value.findings, base)
        };
        let special = |byte: &u8| *byte == self.separator || matches!(byte, b'"' | b'\n' | b'\r');
        let bytes = if quoted || text.iter().any(special) { quote(&text) } else { text };
        self.output.add(Draft { bytes, findings });
        Ok(())
    }
}

/// Whether a value was masked here before: then this record was data before, too.
fn holds_label(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'[').skip(1);
    parts.any(|part| {
        let name: Vec<u8> =
            part.iter().copied().take_while(|b| b.is_ascii_uppercase() || *b == b'_').collect();
        str::from_utf8(&name).ok().and_then(EntityType::parse).is_some()
    })
}

fn undouble(inside: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(inside.len());
    let mut first = false;
    for byte in inside {
        first = *byte == b'"' && !first;
        if !first {
            out.push(*byte);
        }
    }
    out
}

fn quote(text: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
    out
}
