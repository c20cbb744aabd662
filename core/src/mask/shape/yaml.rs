//! YAML, line by line: keys are context, and the data of a Kubernetes Secret is masked whole.

mod line;
#[cfg(test)]
mod tests;

use std::fmt;

use self::line::{Line, Scalar};
use crate::mask::shape::MAX_VALUE_BYTES;
use crate::mask::shape::json::string::{Decoded, escape_into};
use crate::mask::shape::kubernetes::{self, Kind, Level, Mode, Waiting};
use crate::mask::shape::output::{Draft, Engine, Output, moved, secret_finding};
use crate::mask::{Detectors, Finding, MaskError, Masker, Operators};

/// A byte order mark, which may stand before the first key.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Nested mappings that are told apart; deeper ones are not understood.
const MAX_FRAMES: usize = 128;

/// Masks a stream of YAML documents.
///
/// A scanner of lines, not a parser: it reads `key: value`, lists, quoted and block scalars.
/// Single-line scalars are masked with their key as context, everything else as text. Values
/// below `data` and `stringData` of a document of `kind: Secret` are replaced whole, also where
/// `kind` comes after them. What the scanner cannot read (tags, anchors, escaped keys, collections
/// on one line) is masked as text, and where it may belong to a Secret, the rest of the document
/// is replaced by one label.
///
/// - The output, over all calls, is the same for every way of cutting the input.
/// - Hold-back: one line up to [`MAX_VALUE_BYTES`], one
///   scalar, and up to 64 KiB of a document whose `data` waits for its `kind`.
/// - Fails closed: when a call returns an error, nothing of that chunk is forwarded. Never panics.
///
/// # Examples
/// ```
/// # use placet::mask::{Detectors, Operators, shape::yaml::YamlMasker};
/// let mut masker = YamlMasker::new(Detectors::builtin(), Operators::redact_all());
/// let mut out = masker.push(b"apiVersion: v1\ndata:\n  password: aHVudGVyMg==\n")?;
/// out.extend(masker.push(b"kind: Secret\n")?);
/// out.extend(masker.finish()?);
/// assert_eq!(out, b"apiVersion: v1\ndata:\n  password: \"[SECRET_KUBERNETES]\"\nkind: Secret\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct YamlMasker {
    engine: Engine,
    output: Output,
    /// The line that is being read, and the offset of its first byte.
    line: Vec<u8>,
    line_start: u64,
    frames: Vec<Frame>,
    waiting: Option<Waiting>,
    /// A scalar that more-indented lines may go on with.
    scalar: Option<Pending>,
    region: Option<Region>,
    /// Nothing more of this document is shown.
    hidden: bool,
    /// A line past the bound: the rest is text (or, where hidden, dropped).
    rest: Option<(Box<Masker>, u64)>,
    dropped: bool,
    failed: bool,
}

#[derive(Default)]
struct Frame {
    column: usize,
    key: Vec<u8>,
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

/// A value on the line of its key (or dash), until the next line shows that it ended.
struct Pending {
    value: Vec<u8>,
    end: Vec<u8>,
    start: u64,
    indent: usize,
    context: String,
    mode: Mode,
}

/// A scalar or collection over several lines.
struct Region {
    indent: usize,
    masker: Box<Masker>,
    base: u64,
    mode: Mode,
    /// A block scalar: its lines are its text.
    block: bool,
    /// What has been masked while the mode is undecided.
    draft: Draft,
    start: u64,
    /// A collection, or the last-applied annotation: hidden once it speaks of a Secret.
    watched: bool,
    shown: bool,
}

impl fmt::Debug for YamlMasker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "YamlMasker({} bytes held back)", self.held_back_bytes())
    }
}

impl YamlMasker {
    /// A masker at the start of a stream.
    #[must_use]
    pub fn new(detectors: Detectors, operators: Operators) -> Self {
        Self {
            engine: Engine { detectors, operators },
            output: Output::default(),
            line: Vec::new(),
            line_start: 0,
            frames: Vec::new(),
            waiting: None,
            scalar: None,
            region: None,
            hidden: false,
            rest: None,
            dropped: false,
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
    pub fn take_findings(&mut self) -> Vec<Finding> {
        self.output.take_findings()
    }

    /// Bytes that are inside and not yet returned.
    #[must_use]
    pub fn held_back_bytes(&self) -> usize {
        let region = self
            .region
            .as_ref()
            .map_or(0, |region| region.draft.bytes.len() + region.masker.held_back_bytes());
        let scalar = self.scalar.as_ref().map_or(0, |scalar| scalar.value.len());
        let rest = self.rest.as_ref().map_or(0, |(masker, _)| masker.held_back_bytes());
        self.line.len() + self.output.held_bytes() + region + scalar + rest
    }

    fn settle(&mut self, outcome: Result<(), MaskError>) -> Result<Vec<u8>, MaskError> {
        if let Err(error) = outcome {
            self.failed = true;
            self.output = Output::default();
            return Err(error);
        }
        Ok(self.output.take_bytes())
    }

    fn take(&mut self, chunk: &[u8]) -> Result<(), MaskError> {
        if self.failed {
            return Err(MaskError::Poisoned);
        }
        let mut left = chunk;
        while !left.is_empty() && !self.dropped {
            if self.rest.is_some() {
                return self.text(left);
            }
            let room = MAX_VALUE_BYTES.saturating_sub(self.line.len());
            let end = memchr::memchr(b'\n', left).map_or(left.len(), |at| at + 1).min(room);
            let (part, after) = left.split_at_checked(end).unwrap_or((left, &[]));
            self.line.extend_from_slice(part);
            left = after;
            if self.line.ends_with(b"\n") {
                self.end_line()?;
            } else if self.line.len() >= MAX_VALUE_BYTES {
                self.end_scalars()?;
                let line = std::mem::take(&mut self.line);
                if self.hidden || self.may_be_secret(&line) {
                    self.hide(&line);
                    self.dropped = true;
                } else {
                    self.decide_waiting(true);
                    self.rest = Some((Box::new(self.engine.streaming()), self.line_start));
                    self.text(&line)?;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), MaskError> {
        if self.failed {
            return Err(MaskError::Poisoned);
        }
        if !self.line.is_empty() {
            self.end_line()?;
        }
        self.end_scalars()?;
        self.decide_waiting(true);
        if let Some((masker, base)) = &mut self.rest {
            let bytes = masker.finish()?;
            let findings = moved(masker.take_findings(), *base);
            self.output.add(Draft { bytes, findings });
        }
        Ok(())
    }

    fn text(&mut self, bytes: &[u8]) -> Result<(), MaskError> {
        if let Some((masker, base)) = &mut self.rest {
            let bytes = masker.push(bytes)?;
            let findings = moved(masker.take_findings(), *base);
            self.output.add(Draft { bytes, findings });
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), MaskError> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if let Some(rest) = line.strip_prefix(BOM).filter(|_| self.line_start == 0) {
            self.output.copy(BOM);
            self.line_start = BOM.len() as u64;
            line = rest;
        }
        self.read(line)?;
        self.line_start = self.line_start.saturating_add(line.len() as u64);
        Ok(())
    }

    fn read(&mut self, line: &[u8]) -> Result<(), MaskError> {
        let (body, end) = line::split_end(line);
        if is_marker(body) {
            self.end_scalars()?;
            self.decide_waiting(true);
            self.frames.clear();
            self.hidden = false;
            let (marker, content) = body.split_at_checked(3).unwrap_or((body, &[]));
            self.output.copy(marker);
            let at = self.line_start.saturating_add(3);
            if self.may_be_secret(content) {
                self.output.copy(b" ");
                self.hide(content);
                return Ok(());
            }
            return self.plain_text(content, end, at);
        }
        if self.hidden {
            return Ok(());
        }
        if self.waiting.as_ref().is_some_and(|waiting| waiting.is_overdue(self.line_start)) {
            self.decide_waiting(true);
        }
        let indent = line::indent(body);
        let blank = body.trim_ascii().is_empty();
        if let Some(scalar) = self.scalar.take() {
            if !blank && indent > scalar.indent {
                self.open_region(scalar)?;
            } else {
                self.end_scalar(scalar)?;
            }
        }
        if let Some(region) = self.region.as_ref().filter(|r| blank || indent > r.indent) {
            if region.mode == Mode::Undecided
                && region.block
                && !kubernetes::may_be_base64(body)
                && !self.in_string_data()
            {
                self.contradict();
            }
            return self.go_on(line);
        }
        self.end_region()?;
        if blank {
            self.output.copy(line);
            return Ok(());
        }
        if body.get(indent) == Some(&b'#') {
            return self.comment(body, end);
        }
        match Line::parse(body) {
            Some(parsed) => self.entry(&parsed, body, end),
            None => self.not_understood(body, end),
        }
    }

    fn entry(&mut self, line: &Line<'_>, body: &[u8], end: &[u8]) -> Result<(), MaskError> {
        let outer = line.dash.unwrap_or(line.column);
        while self.frames.last().is_some_and(|frame| frame.column > outer) {
            self.pop();
        }
        let Some(key) = line.key else {
            if self.is_watched(line.value) {
                return self.not_understood(body, end);
            }
            let indent = line.dash.unwrap_or_else(|| indent_of_parent(&self.frames, outer));
            return self.begin(line, end, indent);
        };
        if self.frames.last().is_none_or(|frame| frame.column != line.column) {
            if self.frames.len() >= MAX_FRAMES {
                return self.not_understood(body, end);
            }
            let in_secret_list = self
                .frames
                .last()
                .is_some_and(|frame| frame.in_secret_list || frame.kind == Kind::SecretList);
            let (column, mode) = (line.column, self.mode());
            self.frames.push(Frame { column, in_secret_list, mode, ..Frame::default() });
        }
        self.note(key, line.value);
        if key == b"<<" && self.may_be_secret(body) {
            return self.not_understood(body, end);
        }
        if self.is_watched(line.value) && self.mode() == Mode::Plain {
            return self.not_understood(body, end);
        }
        self.begin(line, end, line.column)
    }

    /// Keeps what an entry says about its mapping.
    fn note(&mut self, key: &[u8], value: &[u8]) {
        let depth = self.frames.len();
        let Some(frame) = self.frames.last_mut() else { return };
        frame.key = key.to_vec();
        if key == b"kind" {
            frame.kind = kind_of(value);
            let kind = frame.kind;
            if self.waiting.as_ref().is_some_and(|waiting| waiting.is_at(depth)) {
                self.resolve(matches!(kind, Kind::Secret | Kind::SecretList));
            }
        } else if key == b"apiVersion" {
            frame.api_version = true;
        } else if kubernetes::is_data_key(key)
            && frame.mode == Mode::Plain
            && frame.kind == Kind::Unknown
            && !frame.in_secret_list
            && self.waiting.is_none()
            && self.engine.masks_kubernetes()
        {
            self.waiting = Some(Waiting::new(depth, self.line_start));
            self.output.wait();
        }
    }

    /// Copies what stands before a value, and waits for the value's end.
    fn begin(&mut self, line: &Line<'_>, end: &[u8], indent: usize) -> Result<(), MaskError> {
        let head = self.engine.value(line.head, "")?;
        let findings = moved(head.findings, self.line_start);
        let bytes = head.text.unwrap_or_else(|| line.head.to_vec());
        self.output.add(Draft { bytes, findings });
        let start = self.line_start.saturating_add(line.head.len() as u64);
        // What closes a collection that was written over several lines is no value.
        let closes = line.value.iter().all(|byte| matches!(byte, b'}' | b']' | b',' | b' '));
        if closes || line.value.starts_with(b"#") {
            return self.plain_text(line.value, end, start);
        }
        let applied = self.frames.last().is_some_and(|frame| frame.key == kubernetes::LAST_APPLIED)
            && kubernetes::mentions_secret(line.value)
            && self.engine.masks_kubernetes();
        let scalar = Pending {
            value: line.value.to_vec(),
            end: end.to_vec(),
            start,
            indent,
            context: self.context(),
            mode: if applied { Mode::Secret } else { self.mode() },
        };
        match Scalar::parse(line.value) {
            Scalar::Open => self.open_region(scalar)?,
            Scalar::Double { .. } | Scalar::Single { .. } | Scalar::Plain { .. } => {
                self.scalar = Some(scalar);
            }
        }
        Ok(())
    }

    fn end_scalars(&mut self) -> Result<(), MaskError> {
        if let Some(scalar) = self.scalar.take() {
            self.end_scalar(scalar)?;
        }
        self.end_region()
    }

    fn end_scalar(&mut self, scalar: Pending) -> Result<(), MaskError> {
        let Pending { value, end, start, context, mode, .. } = scalar;
        self.value(&value, &end, start, &context, mode)
    }

    fn value(
        &mut self,
        value: &[u8],
        end: &[u8],
        start: u64,
        context: &str,
        mode: Mode,
    ) -> Result<(), MaskError> {
        let meaning = bare(value);
        let mut plain = self.plain(value, start, context)?;
        if mode == Mode::Plain || matches!(meaning, b"" | b"~" | b"null" | b"{}" | b"[]") {
            self.output.add(plain);
            self.output.copy(end);
            return Ok(());
        }
        let mut secret = self.label(meaning, start, value.len());
        plain.bytes.extend(end);
        secret.bytes.extend(end);
        if mode == Mode::Undecided
            && !kubernetes::may_be_secret_data(meaning)
            && !self.in_string_data()
        {
            self.contradict();
        }
        if mode == Mode::Secret {
            self.output.add(secret);
        } else if self.output.is_undecided() {
            self.output.add_either(plain, secret);
        } else {
            // A decision came while the value waited for its end, or it decided itself.
            let hidden = self.frames.last().is_some_and(|frame| frame.mode == Mode::Secret);
            self.output.add(if hidden { secret } else { plain });
        }
        Ok(())
    }

    /// A value as its own form has it, masked.
    fn plain(&self, value: &[u8], start: u64, context: &str) -> Result<Draft, MaskError> {
        let (inside, rest, quote) = match Scalar::parse(value) {
            Scalar::Double { inside, rest } => (inside, rest, Some(b'"')),
            Scalar::Single { inside, rest } => (inside, rest, Some(b'\'')),
            Scalar::Plain { text, rest } => (text, rest, None),
            Scalar::Open => (value, &[][..], None),
        };
        let decoded = (quote == Some(b'"')).then(|| Decoded::parse(inside)).flatten();
        let text = decoded.as_ref().map_or(inside, |decoded| &decoded.text);
        let masked = self.engine.value(text, context)?;
        let base = start.saturating_add(u64::from(quote.is_some()));
        let mut draft = Draft::default();
        let place = |at: u64, to: fn(&Decoded, usize) -> usize| {
            let offset = usize::try_from(at).unwrap_or(usize::MAX);
            let raw = decoded.as_ref().map_or(offset, |decoded| to(decoded, offset));
            base.saturating_add(raw as u64)
        };
        draft.findings.extend(masked.findings.into_iter().map(|found| Finding {
            start: place(found.start, Decoded::raw_start),
            end: place(found.end, Decoded::raw_end),
            ..found
        }));
        match masked.text {
            None => draft.bytes.extend(value.get(..value.len() - rest.len()).unwrap_or(value)),
            Some(text) if quote == Some(b'\'') => {
                draft.bytes.push(b'\'');
                draft.bytes.extend(&text);
                draft.bytes.push(b'\'');
            }
            Some(text) if quote.is_none() && line::is_plain(&text) => draft.bytes.extend(&text),
            Some(text) => quoted_into(&mut draft.bytes, &text),
        }
        let at = start.saturating_add((value.len() - rest.len()) as u64);
        let rest_masked = self.engine.value(rest, "")?;
        draft.bytes.extend(rest_masked.text.as_deref().unwrap_or(rest));
        draft.findings.extend(moved(rest_masked.findings, at));
        Ok(draft)
    }

    /// A comment among a Secret's data may be a value that was commented out.
    fn comment(&mut self, body: &[u8], end: &[u8]) -> Result<(), MaskError> {
        let mode = self.mode();
        if mode == Mode::Plain {
            return self.plain_text(body, end, self.line_start);
        }
        let masked = self.engine.value(body, "")?;
        let mut plain = Draft {
            findings: moved(masked.findings, self.line_start),
            bytes: masked.text.unwrap_or_else(|| body.to_vec()),
        };
        let mut secret = self.label(body, self.line_start, body.len());
        secret.bytes.splice(0..0, *b"# ");
        plain.bytes.extend(end);
        secret.bytes.extend(end);
        match mode {
            Mode::Undecided => self.output.add_either(plain, secret),
            Mode::Plain | Mode::Secret => self.output.add(secret),
        }
        Ok(())
    }

    fn plain_text(&mut self, text: &[u8], end: &[u8], start: u64) -> Result<(), MaskError> {
        let masked = self.engine.value(text, "")?;
        let findings = moved(masked.findings, start);
        let mut bytes = masked.text.unwrap_or_else(|| text.to_vec());
        bytes.extend(end);
        self.output.add(Draft { bytes, findings });
        Ok(())
    }

    fn label(&self, meaning: &[u8], start: u64, len: usize) -> Draft {
        let mut bytes = Vec::new();
        quoted_into(&mut bytes, &self.engine.secret(meaning));
        let end = start.saturating_add(len as u64);
        Draft { bytes, findings: vec![secret_finding(start, end)] }
    }

    // Scalars and collections over several lines.

    fn open_region(&mut self, scalar: Pending) -> Result<(), MaskError> {
        let Pending { value, end, start, indent, mode, .. } = scalar;
        let flow = matches!(value.first(), Some(b'{' | b'['));
        let applied = self.frames.last().is_some_and(|frame| frame.key == kubernetes::LAST_APPLIED);
        if mode == Mode::Secret && !matches!(value.as_slice(), b"{}" | b"[]") {
            let mut label = self.label(&value, start, value.len());
            label.bytes.extend(&end);
            self.output.add(label);
        }
        self.region = Some(Region {
            indent,
            masker: Box::new(self.engine.streaming()),
            base: start,
            mode: if matches!(value.as_slice(), b"{}" | b"[]") { Mode::Plain } else { mode },
            block: matches!(value.first(), Some(b'|' | b'>')),
            draft: Draft::default(),
            start,
            watched: (flow || applied) && self.engine.masks_kubernetes(),
            shown: true,
        });
        self.go_on(&[value, end].concat())
    }

    fn go_on(&mut self, line: &[u8]) -> Result<(), MaskError> {
        let Some(region) = &mut self.region else { return Ok(()) };
        if region.mode == Mode::Secret || !region.shown {
            return Ok(());
        }
        if region.watched && region.mode == Mode::Plain && names_secret(line) {
            region.shown = false;
            let rest = region.masker.finish()?;
            let findings = moved(region.masker.take_findings(), region.base);
            self.output.add(Draft { bytes: rest, findings });
            let indent = line::indent(line);
            self.output.copy(line.get(..indent).unwrap_or_default());
            let mut label = self.label(line, self.line_start, line.len());
            label.bytes.push(b'\n');
            self.output.add(label);
            return Ok(());
        }
        let bytes = region.masker.push(line)?;
        let findings = moved(region.masker.take_findings(), region.base);
        match region.mode {
            Mode::Undecided => {
                region.draft.bytes.extend(bytes);
                region.draft.findings.extend(findings);
            }
            Mode::Plain | Mode::Secret => self.output.add(Draft { bytes, findings }),
        }
        Ok(())
    }

    fn end_region(&mut self) -> Result<(), MaskError> {
        let Some(mut region) = self.region.take() else { return Ok(()) };
        if region.mode == Mode::Secret || !region.shown {
            return Ok(());
        }
        let bytes = region.masker.finish()?;
        let findings = moved(region.masker.take_findings(), region.base);
        region.draft.bytes.extend(bytes);
        region.draft.findings.extend(findings);
        if region.mode == Mode::Plain {
            self.output.add(region.draft);
            return Ok(());
        }
        let length = self.line_start.saturating_sub(region.start);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut secret = self.label(b"", region.start, length);
        secret.bytes.push(b'\n');
        self.output.add_either(region.draft, secret);
        Ok(())
    }

    // What the scanner cannot read.

    fn not_understood(&mut self, body: &[u8], end: &[u8]) -> Result<(), MaskError> {
        if self.may_be_secret(body) {
            self.hide(body);
            return Ok(());
        }
        self.plain_text(body, end, self.line_start)
    }

    /// Whether what stands here may belong to a Secret.
    fn may_be_secret(&self, text: &[u8]) -> bool {
        self.engine.masks_kubernetes()
            && (self.waiting.is_some()
                || names_secret(text)
                || self.frames.iter().any(|frame| {
                    frame.mode != Mode::Plain
                        || matches!(frame.kind, Kind::Secret | Kind::SecretList)
                        || (frame.api_version && frame.kind == Kind::Unknown)
                }))
    }

    /// Whether a collection on one line may hold a Secret.
    fn is_watched(&self, value: &[u8]) -> bool {
        matches!(value.first(), Some(b'{' | b'['))
            && self.engine.masks_kubernetes()
            && names_secret(value)
    }

    /// One label for the rest of the document.
    fn hide(&mut self, text: &[u8]) {
        self.decide_waiting(true);
        let mut label = self.label(text, self.line_start, text.len());
        label.bytes.push(b'\n');
        self.output.add(label);
        self.hidden = true;
    }

    // Context, and the kind of a document.

    fn context(&self) -> String {
        let mut frames = self.frames.iter().rev();
        let Some(frame) = frames.next() else { return String::new() };
        let key = String::from_utf8_lossy(&frame.key);
        match frames.next() {
            None => key.into_owned(),
            Some(parent) => format!("{}.{key}", String::from_utf8_lossy(&parent.key)),
        }
    }

    fn mode(&self) -> Mode {
        let Some(frame) = self.frames.last() else { return Mode::Plain };
        let data = kubernetes::is_data_key(&frame.key) && self.engine.masks_kubernetes();
        if frame.mode != Mode::Plain || !data {
            return frame.mode;
        }
        Mode::of_data(frame.kind, frame.in_secret_list, self.waiting.is_some())
    }

    fn in_string_data(&self) -> bool {
        self.frames.iter().any(|frame| frame.key == b"stringData")
    }

    fn pop(&mut self) {
        if self.waiting.as_ref().is_some_and(|waiting| waiting.is_at(self.frames.len())) {
            self.decide_waiting(self.frames.last().is_some_and(|frame| frame.api_version));
        }
        self.frames.pop();
    }

    fn contradict(&mut self) {
        let Some(waiting) = &mut self.waiting else { return };
        if waiting.contradict(&self.frames) {
            self.resolve(false);
        }
    }

    fn decide_waiting(&mut self, doubtful: bool) {
        if let Some(waiting) = &self.waiting {
            let secret = waiting.is_secret(doubtful);
            self.resolve(secret);
        }
    }

    fn resolve(&mut self, secret: bool) {
        let settled =
            kubernetes::settle(&mut self.waiting, &mut self.frames, &mut self.output, secret);
        let Some(mode) = settled else { return };
        if let Some(region) = self.region.as_mut().filter(|region| region.mode == Mode::Undecided) {
            let draft = std::mem::take(&mut region.draft);
            region.mode = mode;
            if secret {
                let mut label = Draft::default();
                quoted_into(&mut label.bytes, &self.engine.secret(b""));
                label.bytes.push(b'\n');
                label.findings.push(secret_finding(region.start, self.line_start));
                self.output.add(label);
            } else {
                self.output.add(draft);
            }
        }
        if let Some(scalar) = self.scalar.as_mut().filter(|scalar| scalar.mode == Mode::Undecided) {
            scalar.mode = mode;
        }
    }
}

/// The kind that a value names; one that stands elsewhere or in escapes may be any.
fn kind_of(value: &[u8]) -> Kind {
    let name = bare(value);
    let unread = name.is_empty() || matches!(name.first(), Some(b'#' | b'|' | b'>' | b'{' | b'['));
    if unread || name.contains(&b'\\') { Kind::Secret } else { Kind::of(name) }
}

fn is_marker(body: &[u8]) -> bool {
    let rest = body.strip_prefix(b"---").or_else(|| body.strip_prefix(b"..."));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b" "))
}

fn names_secret(text: &[u8]) -> bool {
    [&b"data"[..], b"stringData", b"Secret", b"\\"]
        .iter()
        .any(|word| memchr::memmem::find(text, word).is_some())
}

fn indent_of_parent(frames: &[Frame], column: usize) -> usize {
    let parent = frames.iter().rev().find(|frame| frame.column < column);
    parent.map_or(0, |frame| frame.column)
}

/// A scalar without quotes, comment and a comma behind it.
fn bare(value: &[u8]) -> &[u8] {
    match Scalar::parse(value) {
        Scalar::Double { inside, .. } | Scalar::Single { inside, .. } => inside,
        Scalar::Plain { text, .. } => text.strip_suffix(b",").unwrap_or(text),
        Scalar::Open => value,
    }
}

fn quoted_into(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    escape_into(out, text);
    out.push(b'"');
}
