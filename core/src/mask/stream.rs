//! Chunk in, safe prefix out.

use std::borrow::Cow;

use super::detector::{Context, LOOK_BEHIND_BYTES, Match, Memo, Tail, View, follow};
use super::entity::{EntitySet, EntityType};
use super::scan::{self, Step};
use super::{Finding, MaskError, Operators};

/// Compiled detectors: an immutable, cheap handle. Today the built-in types; it can be narrowed.
///
/// # Examples
/// ```
/// # use placet::mask::{self, Detectors, EntityType, Operators};
/// let only = Detectors::only(&[EntityType::EmailAddress]);
/// let masked = mask::text(&only, &Operators::redact_all(), b"10.0.0.1 ada@example.com")?;
/// assert_eq!(&*masked.bytes, b"10.0.0.1 [EMAIL_ADDRESS]");
/// # Ok::<(), placet::mask::MaskError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detectors(EntitySet);

impl Detectors {
    /// Every built-in type.
    #[must_use]
    pub const fn builtin() -> Self {
        Self(EntitySet::ALL)
    }

    /// These types and no others.
    #[must_use]
    pub fn only(kinds: &[EntityType]) -> Self {
        Self(EntitySet::of(kinds))
    }

    /// Whether this type is looked for.
    #[must_use]
    pub const fn contains(&self, kind: EntityType) -> bool {
        self.0.contains(kind)
    }
}

/// A text after masking.
///
/// # Examples
/// ```
/// use placet::mask::{self, Detectors, Operators};
/// let masked = mask::text(&Detectors::builtin(), &Operators::redact_all(), b"to ada@example.com")?;
/// assert_eq!(&*masked.bytes, b"to [EMAIL_ADDRESS]");
/// assert_eq!((masked.findings[0].start, masked.findings[0].end), (3, 18));
/// # Ok::<(), placet::mask::MaskError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskedText<'a> {
    /// The masked bytes; borrowed where nothing was found.
    pub bytes: Cow<'a, [u8]>,
    /// Where something was found, by offsets into the input, in order.
    pub findings: Vec<Finding>,
}

/// Masks a whole text.
///
/// - `input`: any bytes.
/// - returns: the masked bytes, borrowed from `input` where nothing was found, and the findings.
///
/// Never panics; cost is linear.
///
/// # Errors
/// None with the operators of today; an operator that fails will answer [`MaskError::Poisoned`].
///
/// # Examples
/// ```
/// # use placet::mask::{self, Detectors, Operators};
/// let (detectors, operators) = (Detectors::builtin(), Operators::redact_all());
/// let masked = mask::text(&detectors, &operators, b"card 4111 1111 1111 1111 end")?;
/// assert_eq!(&*masked.bytes, b"card [CREDIT_CARD] end");
/// assert_eq!((masked.findings[0].start, masked.findings[0].end), (5, 24));
/// # Ok::<(), placet::mask::MaskError>(())
/// ```
pub fn text<'a>(
    detectors: &Detectors,
    operators: &Operators,
    input: &'a [u8],
) -> Result<MaskedText<'a>, MaskError> {
    text_in_context(detectors, operators, input, Context::default())
}

/// [`text`], with a name that speaks for the whole input: a JSON key, a column's name.
///
/// # Errors
/// As [`text`].
///
/// # Examples
/// ```
/// # use placet::mask::{self, Context, Detectors, Operators};
/// let (detectors, operators) = (Detectors::builtin(), Operators::redact_all());
/// let context = Context { key: Some("ssn") };
/// let masked = mask::text_in_context(&detectors, &operators, b"536904399", context)?;
/// assert_eq!(&*masked.bytes, b"[US_SSN]");
/// # Ok::<(), placet::mask::MaskError>(())
/// ```
pub fn text_in_context<'a>(
    detectors: &Detectors,
    operators: &Operators,
    input: &'a [u8],
    context: Context<'_>,
) -> Result<MaskedText<'a>, MaskError> {
    let mut findings = Vec::new();
    let mut out = Vec::new();
    let note = |found, end| findings.push(finding(0, found, end));
    let changed = mask_into(detectors, operators, input, &context, &mut out, note);
    let bytes = if changed { Cow::Owned(out) } else { Cow::Borrowed(input) };
    Ok(MaskedText { bytes, findings })
}

/// Appends a masked text to `out`, and tells of each value and where it ends. Where nothing is found
/// nothing is appended: the answer is then `false`.
pub(super) fn mask_into(
    detectors: &Detectors,
    operators: &Operators,
    input: &[u8],
    context: &Context<'_>,
    out: &mut Vec<u8>,
    mut note: impl FnMut(Match, usize),
) -> bool {
    if !scan::may_hold(input, detectors.0) {
        return false;
    }
    let mut view = View::of(input);
    let mut memo = Memo::START;
    let (mut at, mut changed) = (0, false);
    while let Step::Value(found) = scan::next(view, at, context, detectors.0, &mut memo) {
        let (end, _) = follow(view, found.end, found.tail);
        if !changed {
            out.reserve(input.len() + 32);
            changed = true;
        }
        out.extend_from_slice(view.slice(at, found.start));
        operators.apply(found.kind, value_of(view, &found), out);
        note(found, end);
        at = end;
        view.edge = end;
    }
    if changed {
        out.extend_from_slice(view.slice(at, input.len()));
    }
    changed
}

/// The bytes that an operator is given: none of a value whose end is not known when it is replaced,
/// because what it is given must not depend on how much has arrived.
fn value_of<'a>(view: View<'a>, found: &Match) -> Option<&'a [u8]> {
    match found.tail {
        Tail::None => view.bytes.get(found.start..found.end),
        Tail::Token | Tail::Pem(_) | Tail::Password => None,
    }
}

fn finding(base: u64, found: Match, end: usize) -> Finding {
    Finding {
        start: base + found.start as u64,
        end: base + end as u64,
        kind: found.kind,
        score: found.score,
    }
}

/// Masks a stream of bytes, chunk by chunk.
///
/// The bytes returned over all calls equal masking the whole input at once, for every way of
/// cutting it: what is a value, and what takes its place, is a function of the bytes alone.
///
/// # Examples
/// ```
/// # use placet::mask::{Detectors, Masker, Operators};
/// let mut masker = Masker::new(Detectors::builtin(), Operators::redact_all());
/// let mut out = masker.push(b"card 4111 1111 11")?;
/// out.extend(masker.push(b"11 1111, thanks")?);
/// out.extend(masker.finish()?);
/// assert_eq!(out, b"card [CREDIT_CARD], thanks");
/// # Ok::<(), placet::mask::MaskError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Masker {
    detectors: Detectors,
    operators: Operators,
    buffer: Buffer,
    /// First byte in the buffer that is not decided; those before it were decided, and are kept
    /// because detectors look behind.
    open: usize,
    /// Offset of the buffer's first byte in the input.
    base: u64,
    memo: Memo,
    /// Where the last value ended, in the buffer.
    edge: usize,
    tail: Option<OpenTail>,
    findings: Vec<Finding>,
    closed: bool,
}

/// Bytes of the input; Debug shows their number only.
#[derive(Clone, Default)]
struct Buffer(Vec<u8>);

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Buffer({} bytes)", self.0.len())
    }
}

/// A value whose end has not arrived.
#[derive(Clone, Copy, Debug)]
struct OpenTail {
    tail: Tail,
    /// The finding to close.
    start: u64,
    kind: EntityType,
    score: u8,
}

impl Masker {
    /// A masker at the start of a stream.
    #[must_use]
    pub const fn new(detectors: Detectors, operators: Operators) -> Self {
        Self {
            detectors,
            operators,
            buffer: Buffer(Vec::new()),
            open: 0,
            base: 0,
            memo: Memo::START,
            edge: 0,
            tail: None,
            findings: Vec::new(),
            closed: false,
        }
    }

    /// Takes the next chunk and returns the part that is safe to forward.
    ///
    /// - `chunk`: raw bytes of any length, cut anywhere, even inside a character or a value.
    /// - returns: masked bytes, possibly none. At most [`held_back_bytes`](Self::held_back_bytes)
    ///   stay inside.
    ///
    /// Fails closed: on an error nothing of the chunk is returned. Never panics. Cost: linear.
    ///
    /// # Errors
    /// [`MaskError::Poisoned`] (`MSK002`) after [`finish`](Self::finish).
    pub fn push(&mut self, chunk: &[u8]) -> Result<Vec<u8>, MaskError> {
        if self.closed {
            return Err(MaskError::Poisoned);
        }
        self.buffer.0.extend_from_slice(chunk);
        Ok(self.advance(false))
    }

    /// Ends the stream and returns what was held back.
    ///
    /// # Errors
    /// [`MaskError::Poisoned`] (`MSK002`) when called twice.
    pub fn finish(&mut self) -> Result<Vec<u8>, MaskError> {
        if self.closed {
            return Err(MaskError::Poisoned);
        }
        let out = self.advance(true);
        self.closed = true;
        Ok(out)
    }

    /// Bytes that arrived and are not decided: those of an open candidate.
    #[must_use]
    pub fn held_back_bytes(&self) -> usize {
        self.buffer.0.len().saturating_sub(self.open)
    }

    /// Takes the findings that are complete so far, in order.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        std::mem::take(&mut self.findings)
    }

    fn advance(&mut self, whole: bool) -> Vec<u8> {
        let bytes = std::mem::take(&mut self.buffer.0);
        let mut view = View { bytes: &bytes, whole, edge: self.edge };
        let mut out = Vec::new();
        let context = Context::default();
        loop {
            if let Some(open) = self.tail {
                let (end, rest) = follow(view, self.open, open.tail);
                self.open = end;
                view.edge = end;
                if rest != Tail::None {
                    self.tail = Some(OpenTail { tail: rest, ..open });
                    break;
                }
                self.close_tail(open);
            }
            match scan::next(view, self.open, &context, self.detectors.0, &mut self.memo) {
                Step::Quiet(end) => {
                    out.extend_from_slice(view.slice(self.open, end));
                    self.open = end;
                    break;
                }
                Step::Value(found) => {
                    out.extend_from_slice(view.slice(self.open, found.start));
                    self.operators.apply(found.kind, value_of(view, &found), &mut out);
                    self.open = found.end;
                    self.tail = Some(OpenTail {
                        tail: found.tail,
                        start: self.base + found.start as u64,
                        kind: found.kind,
                        score: found.score,
                    });
                }
            }
        }
        if whole && let Some(open) = self.tail {
            self.close_tail(open);
        }
        self.edge = view.edge;
        self.keep(bytes);
        out
    }

    fn close_tail(&mut self, open: OpenTail) {
        let end = self.base + self.open as u64;
        let OpenTail { start, kind, score, .. } = open;
        self.findings.push(Finding { start, end, kind, score });
        self.tail = None;
    }

    /// Drops what no detector will look at again.
    fn keep(&mut self, mut bytes: Vec<u8>) {
        let cut = self.open.saturating_sub(LOOK_BEHIND_BYTES);
        bytes.drain(..cut);
        self.open -= cut;
        self.base += cut as u64;
        self.memo = self.memo.shifted(cut);
        self.edge = self.edge.saturating_sub(cut);
        self.buffer.0 = bytes;
    }
}
