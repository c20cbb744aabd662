//! JSON, and JSON values one after another (NDJSON): keys are context, numbers count, the
//! structure is copied byte for byte.

mod context;
mod number;
pub(super) mod string;
#[cfg(test)]
mod tests;

use std::fmt;

use self::string::{Decoded, Unescaper, escape_into};
use crate::mask::shape::MAX_VALUE_BYTES;
use crate::mask::shape::kubernetes::{self, Kind, Level, Mode, Waiting};
use crate::mask::shape::output::{Draft, Engine, Output, moved, secret_finding};
use crate::mask::{Detectors, Finding, MaskError, Masker, Operators};

/// Levels of nesting whose keys are kept. Below it values are masked with the nearest key alone,
/// and brackets are only counted. Parsers in use stop at 128 or so themselves.
pub const MAX_JSON_DEPTH: usize = 128;

/// Bytes of a number. RSA moduli written as integers have 1,300 digits; a longer number is replaced whole.
pub const MAX_NUMBER_BYTES: usize = 4096;

/// Blanks after a number that are held until the next byte says whether it was one.
const MAX_BLANK_BYTES: usize = 256;

/// Bytes of a key that serve as context.
const MAX_KEY_BYTES: usize = 128;

const TOO_LONG: &[u8] = b"\"[NUMBER]\"";

/// Masks a stream of JSON values.
///
/// Strings (keys included) and numbers are masked by what they mean, escapes decoded; a masked
/// number becomes a string. The output is JSON whenever the input is, and differs from it only in
/// masked values. From the byte on where the input stops being JSON, the rest is masked as text.
///
/// - The output, over all calls, is the same for every way of cutting the input.
/// - Hold-back: one value up to [`MAX_VALUE_BYTES`], and up to
///   64 KiB of an object whose `data` waits for its Kubernetes `kind`.
/// - Fails closed: when a call returns an error, nothing of that chunk is forwarded. Never panics.
///
/// # Examples
/// ```
/// # use placet::mask::{Detectors, Operators, shape::json::JsonMasker};
/// let mut masker = JsonMasker::new(Detectors::builtin(), Operators::redact_all());
/// let mut out = masker.push(br#"{"card": 41111111"#)?;
/// out.extend(masker.push(br#"11111111, "mail": "ada\u0040example.com"}"#)?);
/// out.extend(masker.finish()?);
/// assert_eq!(out, br#"{"card": "[CREDIT_CARD]", "mail": "[EMAIL_ADDRESS]"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JsonMasker {
    engine: Engine,
    output: Output,
    frames: Vec<Frame>,
    /// Open brackets below the deepest frame.
    deeper: u64,
    /// The nearest key below the deepest frame, and the string that may become the next one.
    deeper_key: Vec<u8>,
    last_string: Vec<u8>,
    expect: Expect,
    state: State,
    /// The token that is being read, from its first byte.
    token: Vec<u8>,
    token_start: u64,
    /// Offset of the next byte.
    at: u64,
    waiting: Option<Waiting>,
    failed: bool,
}

impl fmt::Debug for JsonMasker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonMasker({} bytes held back)", self.held_back_bytes())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    CommaOrClose,
}

enum State {
    Between,
    String {
        escaped: bool,
    },
    /// A string past the bound: masked as a stream, or dropped where it is a secret.
    Long {
        escaped: bool,
        unescaper: Unescaper,
        masker: Option<Box<Masker>>,
    },
    Number,
    /// Blanks after a number; the number's length and whether a line ended since.
    Blank {
        number: usize,
        line_ended: bool,
    },
    LongNumber,
    Literal,
    /// No JSON any more: text up to the end, from this offset on.
    Text {
        masker: Box<Masker>,
        base: u64,
    },
    /// No JSON any more, and inside an object that is or may be a Secret.
    Dropped,
}

#[derive(Default)]
struct Frame {
    object: bool,
    /// The key whose value is being read.
    key: Vec<u8>,
    /// The text of a member `name`, for a member `value` after it.
    label: Vec<u8>,
    kind: Kind,
    api_version: bool,
    in_secret_list: bool,
    mode: Mode,
}

impl Level for Frame {
    fn api_version(&self) -> bool {
        self.api_version
    }

    fn mode_mut(&mut self) -> &mut Mode {
        &mut self.mode
    }
}

impl JsonMasker {
    /// A masker at the start of a stream.
    #[must_use]
    pub fn new(detectors: Detectors, operators: Operators) -> Self {
        Self {
            engine: Engine { detectors, operators },
            output: Output::default(),
            frames: Vec::new(),
            deeper: 0,
            deeper_key: Vec::new(),
            last_string: Vec::new(),
            expect: Expect::Value,
            state: State::Between,
            token: Vec::new(),
            token_start: 0,
            at: 0,
            waiting: None,
            failed: false,
        }
    }

    /// Takes the next chunk, cut anywhere, and returns what is safe to forward.
    ///
    /// # Errors
    /// [`MaskError::Poisoned`] (`MSK002`): masking failed earlier, or the stream was finished.
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<u8>, MaskError> {
        let outcome = self.try_push(chunk);
        self.settle(outcome)
    }

    /// Ends the stream and returns the rest.
    ///
    /// # Errors
    /// As for [`push`](Self::push).
    pub fn finish(&mut self) -> Result<Vec<u8>, MaskError> {
        let outcome = self.try_finish();
        let out = self.settle(outcome);
        self.failed = true;
        out
    }

    /// What was found since the last call, in offsets of the whole input.
    ///
    /// An escaped or otherwise encoded value is one finding over its written form.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.output.take_findings()
    }

    /// Bytes that are inside and not yet returned.
    #[must_use]
    pub fn held_back_bytes(&self) -> usize {
        let inner = match &self.state {
            State::Long { masker: Some(masker), .. } | State::Text { masker, .. } => {
                masker.held_back_bytes()
            }
            State::Long { masker: None, .. }
            | State::Between
            | State::String { .. }
            | State::Number
            | State::Blank { .. }
            | State::LongNumber
            | State::Literal
            | State::Dropped => 0,
        };
        self.token.len() + self.output.held_bytes() + inner
    }

    fn settle(&mut self, outcome: Result<(), MaskError>) -> Result<Vec<u8>, MaskError> {
        if let Err(error) = outcome {
            self.failed = true;
            self.output = Output::default();
            self.token.clear();
            return Err(error);
        }
        Ok(self.output.take_bytes())
    }

    fn try_push(&mut self, chunk: &[u8]) -> Result<(), MaskError> {
        if self.failed {
            return Err(MaskError::Poisoned);
        }
        let mut rest = chunk;
        while let Some((first, after)) = rest.split_first() {
            let taken = match &mut self.state {
                State::Text { masker, base } => {
                    let bytes = masker.push(rest)?;
                    let findings = moved(masker.take_findings(), *base);
                    self.output.add(Draft { bytes, findings });
                    return Ok(());
                }
                State::Dropped => return Ok(()),
                State::String { escaped: false } => {
                    let room = MAX_VALUE_BYTES.saturating_sub(self.token.len());
                    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
                    let plain =
                        rest.iter().take(room).position(special).unwrap_or(rest.len().min(room));
                    self.token.extend(rest.iter().take(plain));
                    plain
                }
                State::String { escaped: true }
                | State::Between
                | State::Long { .. }
                | State::Number
                | State::Blank { .. }
                | State::LongNumber
                | State::Literal => 0,
            };
            if taken > 0 {
                self.at = self.at.saturating_add(taken as u64);
                rest = rest.get(taken..).unwrap_or_default();
                continue;
            }
            // A step that does not take the byte has changed the state, and the byte is read again.
            if self.step(*first)? {
                self.at = self.at.saturating_add(1);
                rest = after;
            }
        }
        Ok(())
    }

    fn try_finish(&mut self) -> Result<(), MaskError> {
        if self.failed {
            return Err(MaskError::Poisoned);
        }
        match std::mem::replace(&mut self.state, State::Between) {
            State::Between | State::Dropped => {}
            State::String { .. } => self.end_string(false)?,
            State::Long { unescaper, masker, .. } => self.end_long(unescaper, masker)?,
            State::Number => self.end_number(self.token.len())?,
            State::Blank { number, .. } => self.end_number(number)?,
            State::LongNumber => self.output.copy(TOO_LONG),
            State::Literal => self.end_literal()?,
            text @ State::Text { .. } => self.state = text,
        }
        // Already text, or found to be none of JSON's just now.
        if let State::Text { masker, base } = &mut self.state {
            let bytes = masker.finish()?;
            let findings = moved(masker.take_findings(), *base);
            self.output.add(Draft { bytes, findings });
        }
        let truncated = !self.frames.is_empty();
        self.decide_waiting(truncated);
        Ok(())
    }

    /// Reads one byte; `false` where the byte is to be read again in the new state.
    fn step(&mut self, byte: u8) -> Result<bool, MaskError> {
        let room = self.token.len() < MAX_VALUE_BYTES;
        match &mut self.state {
            State::Between => return self.between(byte),
            State::String { escaped } => {
                if byte == b'"' && !*escaped {
                    self.token.push(byte);
                    self.state = State::Between;
                    // The offset after the quote is needed by nobody: spans lie between the quotes.
                    self.end_string(true)?;
                } else if !room {
                    self.start_long()?;
                    return Ok(false);
                } else if byte < 0x20 {
                    self.break_at_token()?;
                    return Ok(false);
                } else {
                    *escaped = byte == b'\\' && !*escaped;
                    self.token.push(byte);
                }
            }
            State::Long { escaped, unescaper, masker } => {
                if byte == b'"' && !*escaped {
                    let unescaper = std::mem::take(unescaper);
                    let masker = masker.take();
                    self.state = State::Between;
                    self.end_long(unescaper, masker)?;
                    self.output.copy(b"\"");
                    self.after_string();
                } else {
                    *escaped = byte == b'\\' && !*escaped;
                    if let Some(masker) = masker {
                        let mut text = Vec::new();
                        unescaper.push(byte, &mut text);
                        let mut bytes = Vec::new();
                        escape_into(&mut bytes, &masker.push(&text)?);
                        self.output.copy(&bytes);
                    }
                }
            }
            State::Number => match byte {
                b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' => {
                    if self.token.len() >= MAX_NUMBER_BYTES {
                        self.token.clear();
                        self.state = State::LongNumber;
                    } else {
                        self.token.push(byte);
                    }
                }
                _ => {
                    self.state = State::Blank { number: self.token.len(), line_ended: false };
                    return Ok(false);
                }
            },
            State::Blank { number, line_ended } => {
                let (number, ended) = (*number, *line_ended);
                let top = self.frames.is_empty();
                if is_blank(byte) && self.token.len() < number + MAX_BLANK_BYTES {
                    *line_ended |= byte == b'\n';
                    self.token.push(byte);
                } else if matches!(byte, b',' | b']' | b'}') && !top
                    || is_blank(byte)
                    || (top && ended)
                {
                    self.state = State::Between;
                    self.end_number(number)?;
                    return Ok(false);
                } else {
                    self.break_at_token()?;
                    return Ok(false);
                }
            }
            State::LongNumber => {
                if !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E') {
                    self.state = State::Between;
                    self.output.copy(TOO_LONG);
                    self.contradict();
                    self.expect = Expect::CommaOrClose;
                    self.after_top_level();
                    return Ok(false);
                }
            }
            State::Literal => {
                if byte.is_ascii_alphanumeric() && self.token.len() < 6 {
                    self.token.push(byte);
                } else {
                    let delimited = is_blank(byte) || matches!(byte, b',' | b']' | b'}');
                    if !delimited {
                        self.break_at_token()?;
                        return Ok(false);
                    }
                    self.state = State::Between;
                    self.end_literal()?;
                    return Ok(false);
                }
            }
            State::Text { .. } => return Ok(false),
            State::Dropped => {}
        }
        Ok(true)
    }

    fn between(&mut self, byte: u8) -> Result<bool, MaskError> {
        if is_blank(byte) || (self.at < 3 && is_bom(self.at, byte)) {
            self.output.copy(&[byte]);
            return Ok(true);
        }
        let (value, close) = (self.takes_value(), self.takes_close());
        self.token_start = self.at;
        self.token.clear();
        match byte {
            b'"' if value || matches!(self.expect, Expect::Key | Expect::KeyOrClose) => {
                self.token.push(byte);
                self.state = State::String { escaped: false };
            }
            b'-' | b'0'..=b'9' if value => {
                self.before_value();
                self.token.push(byte);
                self.state = State::Number;
            }
            b't' | b'f' | b'n' if value => {
                self.before_value();
                self.token.push(byte);
                self.state = State::Literal;
            }
            b'{' | b'[' if value => {
                self.before_value();
                self.output.copy(&[byte]);
                self.open(byte == b'{');
            }
            b'}' | b']' if close => {
                if self.deeper == 0
                    && self.frames.last().is_none_or(|frame| frame.object != (byte == b'}'))
                {
                    self.break_at_token()?;
                    return Ok(false);
                }
                self.output.copy(&[byte]);
                self.close();
            }
            b',' if self.deeper > 0 => self.output.copy(&[byte]),
            b':' if self.deeper > 0 => {
                self.deeper_key = std::mem::take(&mut self.last_string);
                self.output.copy(&[byte]);
            }
            b',' if self.expect == Expect::CommaOrClose && !self.frames.is_empty() => {
                let object = self.frames.last().is_some_and(|frame| frame.object);
                self.expect = if object { Expect::Key } else { Expect::Value };
                self.output.copy(&[byte]);
            }
            b':' if self.expect == Expect::Colon => {
                self.expect = Expect::Value;
                self.output.copy(&[byte]);
            }
            _ => {
                self.break_at_token()?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn takes_value(&self) -> bool {
        self.deeper > 0 || matches!(self.expect, Expect::Value | Expect::ValueOrClose)
    }

    fn takes_close(&self) -> bool {
        let expected =
            matches!(self.expect, Expect::ValueOrClose | Expect::KeyOrClose | Expect::CommaOrClose);
        self.deeper > 0 || expected
    }

    /// From the token's first byte on, this is no JSON.
    fn break_at_token(&mut self) -> Result<(), MaskError> {
        let secret = self.waiting.as_ref().is_some_and(|waiting| waiting.may_be_secret())
            || self.frames.iter().any(|frame| {
                frame.mode == Mode::Secret || matches!(frame.kind, Kind::Secret | Kind::SecretList)
            });
        self.decide_waiting(true);
        let token = std::mem::take(&mut self.token);
        if secret {
            // As a string, so that masking the output again finds a value here and not a break.
            let mut label = vec![b'"'];
            escape_into(&mut label, &self.engine.secret(&token));
            label.push(b'"');
            let findings = vec![secret_finding(self.token_start, self.at)];
            self.output.add(Draft { bytes: label, findings });
            self.state = State::Dropped;
            return Ok(());
        }
        let mut masker = Box::new(self.engine.streaming());
        let bytes = masker.push(&token)?;
        let findings = moved(masker.take_findings(), self.token_start);
        self.output.add(Draft { bytes, findings });
        self.state = State::Text { masker, base: self.token_start };
        Ok(())
    }

    fn open(&mut self, object: bool) {
        if self.deeper > 0 || self.frames.len() >= MAX_JSON_DEPTH {
            if self.deeper == 0 {
                self.deeper_key = self.nearest_key().to_vec();
            }
            self.deeper = self.deeper.saturating_add(1);
            return;
        }
        let in_secret_list = self
            .frames
            .last()
            .is_some_and(|frame| frame.in_secret_list || frame.kind == Kind::SecretList);
        let frame = Frame { object, in_secret_list, mode: self.mode(), ..Frame::default() };
        self.frames.push(frame);
        self.expect = if object { Expect::KeyOrClose } else { Expect::ValueOrClose };
    }

    fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
        } else {
            if self.waiting.as_ref().is_some_and(|waiting| waiting.is_at(self.frames.len())) {
                self.decide_waiting(self.frames.last().is_some_and(|frame| frame.api_version));
            }
            self.frames.pop();
        }
        if self.deeper == 0 {
            self.expect = Expect::CommaOrClose;
            self.after_top_level();
        }
    }

    /// A value at the top stands alone: what follows is the next one.
    fn after_top_level(&mut self) {
        if self.frames.is_empty() {
            self.expect = Expect::Value;
        }
    }

    // Values.

    fn end_string(&mut self, closed: bool) -> Result<(), MaskError> {
        let is_key = self.is_key();
        if !is_key {
            self.before_value();
        }
        let raw = self.token.get(1..).unwrap_or_default();
        let raw = if closed { raw.strip_suffix(b"\"").unwrap_or(raw) } else { raw };
        let Some(decoded) = Decoded::parse(raw) else {
            return self.break_at_token();
        };
        let context = if is_key { String::new() } else { self.context() };
        let value = self.engine.value(&decoded.text, &context)?;
        let base = self.token_start.saturating_add(1);
        let findings = value.findings.into_iter().map(|found| {
            let offset = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
            let at = |offset: usize| base.saturating_add(offset as u64);
            let start = at(decoded.raw_start(offset(found.start)));
            let end = at(decoded.raw_end(offset(found.end)));
            Finding { start, end, ..found }
        });
        let quoted = |inside: &[u8]| {
            let end: &[u8] = if closed { b"\"" } else { b"" };
            [b"\"", inside, end].concat()
        };
        let bytes = match value.text {
            None => quoted(raw),
            Some(text) => {
                let mut inside = Vec::with_capacity(text.len());
                escape_into(&mut inside, &text);
                quoted(&inside)
            }
        };
        let plain = Draft { bytes, findings: findings.collect() };
        let mode = if is_key { Mode::Plain } else { self.string_mode(&decoded.text) };
        if mode == Mode::Plain || raw.is_empty() {
            self.output.add(plain);
        } else {
            let mut inside = Vec::new();
            escape_into(&mut inside, &self.engine.secret(&decoded.text));
            let end = base.saturating_add(raw.len() as u64);
            let secret =
                Draft { bytes: quoted(&inside), findings: vec![secret_finding(base, end)] };
            if !kubernetes::may_be_secret_data(&decoded.text) && !self.in_string_data() {
                self.contradict();
            }
            // A contradiction may have settled the matter.
            if mode == Mode::Secret {
                self.output.add(secret);
            } else if self.output.is_undecided() {
                self.output.add_either(plain, secret);
            } else {
                self.output.add(plain);
            }
        }
        self.note_string(is_key, decoded.text);
        self.after_string();
        Ok(())
    }

    /// Keeps what a string says about its neighbours.
    fn note_string(&mut self, is_key: bool, text: Vec<u8>) {
        let short: Vec<u8> = text.iter().copied().take(MAX_KEY_BYTES).collect();
        if self.deeper > 0 {
            self.last_string = short;
            return;
        }
        let depth = self.frames.len();
        let mut known = None;
        if let Some(frame) = self.frames.last_mut().filter(|frame| frame.object) {
            if is_key {
                frame.key = short;
            } else if frame.key == b"kind" {
                frame.kind = Kind::of(&text);
                known = Some(frame.kind);
            } else if frame.key == b"apiVersion" {
                // A label of an earlier masking is no version.
                frame.api_version = !text.starts_with(b"[");
            } else if is_label_key(&frame.key) {
                frame.label = short;
            }
        }
        if let Some(kind) = known
            && self.waiting.as_ref().is_some_and(|waiting| waiting.is_at(depth))
        {
            self.resolve(kind == Kind::Secret || kind == Kind::SecretList);
        }
    }

    fn after_string(&mut self) {
        if self.deeper > 0 {
            return;
        }
        self.expect = if self.is_key() { Expect::Colon } else { Expect::CommaOrClose };
        self.after_top_level();
    }

    fn is_key(&self) -> bool {
        self.deeper == 0 && matches!(self.expect, Expect::Key | Expect::KeyOrClose)
    }

    /// The held string has reached the bound: the rest of it streams.
    fn start_long(&mut self) -> Result<(), MaskError> {
        let is_key = self.is_key();
        if !is_key {
            self.before_value();
            let prose = !kubernetes::may_be_base64(self.token.get(1..).unwrap_or_default());
            if prose && !self.in_string_data() {
                self.contradict();
            }
        }
        self.decide_waiting(true);
        let key = self.nearest_key();
        let dropped = !is_key
            && self.engine.masks_kubernetes()
            && (self.mode() == Mode::Secret || key == kubernetes::LAST_APPLIED);
        let token = std::mem::take(&mut self.token);
        self.output.copy(b"\"");
        let held = token.get(1..).unwrap_or_default();
        let mut unescaper = Unescaper::default();
        let mut escaped = false;
        for byte in held {
            escaped = *byte == b'\\' && !escaped;
        }
        if dropped {
            let mut bytes = Vec::new();
            escape_into(&mut bytes, &self.engine.secret(held));
            let findings = vec![secret_finding(self.token_start + 1, self.at)];
            self.output.add(Draft { bytes, findings });
            self.state = State::Long { escaped, unescaper, masker: None };
            return Ok(());
        }
        let mut masker = Box::new(self.engine.streaming());
        let mut text = Vec::with_capacity(held.len());
        held.iter().for_each(|byte| unescaper.push(*byte, &mut text));
        let mut bytes = Vec::new();
        escape_into(&mut bytes, &masker.push(&text)?);
        self.output.copy(&bytes);
        self.note_string(is_key, text);
        self.state = State::Long { escaped, unescaper, masker: Some(masker) };
        Ok(())
    }

    fn end_long(
        &mut self,
        mut unescaper: Unescaper,
        masker: Option<Box<Masker>>,
    ) -> Result<(), MaskError> {
        let Some(mut masker) = masker else { return Ok(()) };
        let mut text = Vec::new();
        unescaper.finish(&mut text);
        let mut bytes = Vec::new();
        escape_into(&mut bytes, &masker.push(&text)?);
        escape_into(&mut bytes, &masker.finish()?);
        self.output.copy(&bytes);
        // Escapes may shift offsets in a string of this length: each finding names the string.
        let (start, end) = (self.token_start.saturating_add(1), self.at);
        let findings = masker.take_findings().into_iter();
        let findings = findings.map(|found| Finding { start, end, ..found }).collect();
        self.output.add(Draft { bytes: Vec::new(), findings });
        Ok(())
    }

    /// The token's first `len` bytes should be a number; the rest is blank.
    fn end_number(&mut self, len: usize) -> Result<(), MaskError> {
        let token = std::mem::take(&mut self.token);
        let (number, blank) = token.split_at_checked(len).unwrap_or((&token, &[]));
        if !number::is_number(number) {
            self.token = token;
            return self.break_at_token();
        }
        let context = self.context();
        let mut value = self.engine.value(number, &context)?;
        if value.text.is_none()
            && let Some(digits) = number::plain_digits(number)
        {
            value = self.engine.value(&digits, &context)?;
        }
        let end = self.token_start.saturating_add(number.len() as u64);
        let quoted = |text: &[u8]| {
            let mut bytes = vec![b'"'];
            escape_into(&mut bytes, text);
            bytes.push(b'"');
            bytes
        };
        let plain = match &value.text {
            None => Draft { bytes: number.to_vec(), findings: Vec::new() },
            Some(text) => {
                let found = value.findings.iter();
                let whole = found.map(|found| Finding { start: self.token_start, end, ..*found });
                Draft { bytes: quoted(text), findings: whole.collect() }
            }
        };
        if self.mode() == Mode::Secret {
            let bytes = quoted(&self.engine.secret(number));
            let findings = vec![secret_finding(self.token_start, end)];
            self.output.add(Draft { bytes, findings });
        } else {
            // A Secret's data holds no numbers.
            self.contradict();
            self.output.add(plain);
        }
        self.output.copy(blank);
        if self.deeper == 0 {
            self.expect = Expect::CommaOrClose;
            self.after_top_level();
        }
        Ok(())
    }

    fn end_literal(&mut self) -> Result<(), MaskError> {
        if !matches!(self.token.as_slice(), b"true" | b"false" | b"null") {
            return self.break_at_token();
        }
        let token = std::mem::take(&mut self.token);
        self.output.copy(&token);
        if self.deeper == 0 {
            self.expect = Expect::CommaOrClose;
            self.after_top_level();
        }
        Ok(())
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_bom(at: u64, byte: u8) -> bool {
    matches!((at, byte), (0, 0xef) | (1, 0xbb) | (2, 0xbf))
}

fn is_label_key(key: &[u8]) -> bool {
    matches!(key, b"name" | b"key" | b"field" | b"column" | b"label")
}
