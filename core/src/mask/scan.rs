//! One pass from left to right: which bytes are values.
//!
//! The input is seen as *fields*, runs of bytes without blanks, quotes, commas and brackets. A
//! field without a digit, an `@`, a `+`, a hyphen or a colon, and shorter than any bare token, can
//! hold no value, and most fields are such. In every other field each place where a value may
//! start is shown to the detectors. They look ahead as far as they must, and say so when that is
//! further than the bytes that have arrived: then the scan stops there. So what it finds is a
//! function of the bytes alone.

use super::detector::{self, Context, Field, Match, Memo, More, Tail, View};
use super::entity::{EntitySet, EntityType as Kind};

/// The shortest value that needs no [`HOT`] byte to be one: the header of an encrypted JSON web token
/// and two dots.
const SHORTEST_TOKEN: usize = 14;

/// Bytes of a field that are looked at together. A longer field is seen in pieces, each of them
/// worth a closer look for its length alone, so that no byte is classified again behind a value.
const PIECE_BYTES: usize = 64;

/// How far behind the start of a value others may begin and still be joined with it.
const MAX_CROSSING_BYTES: usize = 96;

/// Ends a field.
const BREAK: u8 = 1;
/// Makes a field worth a closer look: every value that is shorter than [`SHORTEST_TOKEN`] holds such
/// a byte at its start or behind it, so that what stands before a place never counts.
const HOT: u8 = 2;
/// A `:`.
const COLON: u8 = 4;
/// A value may start at this byte, whatever stands before it.
const START: u8 = 16;
/// A letter or digit: a value may start at it where none stands before.
const WORD: u8 = 32;
/// An `@`.
const AT_SIGN: u8 = 64;

const CLASS: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut byte = 0u8;
    loop {
        #[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
        {
            table[byte as usize] = class_of(byte);
        }
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

const fn class_of(byte: u8) -> u8 {
    match byte {
        0..=b' ' | b'"' | b'\'' | b'`' | b',' | b';' | b'<' | b'>' | b'|' | 0x7f => BREAK,
        b'(' | b')' | b'[' | b']' | b'{' | b'}' => BREAK,
        b'0'..=b'9' => HOT | WORD,
        b'A'..=b'Z' | b'a'..=b'z' => WORD,
        b'@' => HOT | AT_SIGN,
        b'+' | b'-' => HOT | START,
        b':' => HOT | COLON | START,
        b'/' | b'_' | b'.' | b'%' | 0x80.. => START,
        _ => 0,
    }
}

fn class(byte: u8) -> u8 {
    CLASS.get(usize::from(byte)).copied().unwrap_or(BREAK)
}

/// What a scan came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// No value starts before this place; more bytes are needed to go on.
    Quiet(usize),
    /// A value; everything before it is none.
    Value(Match),
}

/// Whether a whole input may hold a value of these types, by its bytes alone; a loop that the
/// compiler turns into a few instructions for each 16 bytes.
pub(super) fn may_hold(input: &[u8], wanted: EntitySet) -> bool {
    if input.len() >= SHORTEST_TOKEN && wanted.intersects(EntitySet::BARE_TOKENS) {
        return true;
    }
    // The bytes that are `HOT`: `+` to `:` but for `,`, `.`, `/`, which cost a closer look only.
    let hot = |byte: &u8| u8::from(byte.wrapping_sub(b'+') < 16) | u8::from(*byte == b'@');
    let (blocks, rest) = input.as_chunks::<16>();
    blocks.iter().any(|block| block.iter().fold(0, |any, byte| any | hot(byte)) != 0)
        || rest.iter().fold(0, |any, byte| any | hot(byte)) != 0
}

/// Looks for the next value from `from` on.
pub(super) fn next(
    view: View<'_>,
    from: usize,
    context: &Context<'_>,
    wanted: EntitySet,
    memo: &mut Memo,
) -> Step {
    // In the last value, or in its tail, the user of a URL may stand.
    memo.note_url(view.edge);
    let mut at = from;
    loop {
        let rest = view.bytes.get(at..).unwrap_or_default();
        let Some(skipped) = rest.iter().position(|byte| class(*byte) & BREAK == 0) else {
            return Step::Quiet(view.bytes.len());
        };
        at += skipped;
        let field = rest.get(skipped..).unwrap_or_default();
        let mut bits = 0;
        let mut length = 0;
        for byte in field.iter().take(PIECE_BYTES) {
            let class = class(*byte);
            if class & BREAK != 0 {
                break;
            }
            bits |= class;
            length += 1;
        }
        let ended = length < PIECE_BYTES && (length < field.len() || view.whole);
        let bare = wanted.intersects(EntitySet::BARE_TOKENS);
        let short = if bare { SHORTEST_TOKEN } else { PIECE_BYTES };
        if bits & HOT == 0 && length < short {
            if !ended {
                return Step::Quiet(at);
            }
            at += length;
            continue;
        }
        let known =
            Field { at_sign: bits & AT_SIGN != 0, colon: bits & COLON != 0, end: at + length };
        let known = if ended { known } else { Field::UNKNOWN };
        match field_values(view, at, at + length, known, context, wanted, memo) {
            FieldStep::Over(next) => at = next,
            FieldStep::Wait(place) => return Step::Quiet(place),
            FieldStep::Value(place, found) => {
                return match crossed(view, found, context, wanted, memo) {
                    Ok(found) => Step::Value(found),
                    Err(More) => Step::Quiet(place),
                };
            }
        }
    }
}

enum FieldStep {
    /// Nothing in this field; go on here.
    Over(usize),
    /// More bytes are needed to judge this place.
    Wait(usize),
    /// A value that was seen at this place.
    Value(usize, Match),
}

/// Joins a value with those that begin inside it and reach further: all their bytes are masked,
/// under the type of the longest.
///
/// Without this, a phone number that is followed by a card would take the card's first group and
/// leave the rest in the open. Values that begin more than [`MAX_CROSSING_BYTES`] behind the first
/// are not joined; the scan goes on after the value.
fn crossed(
    view: View<'_>,
    first: Match,
    context: &Context<'_>,
    wanted: EntitySet,
    memo: &mut Memo,
) -> Result<Match, More> {
    // Nothing reaches further than the end of the input: a value that fills a cell is looked at once.
    if view.whole && first.end >= view.bytes.len() {
        return Ok(first);
    }
    let mut joined = first;
    let mut longest = first.end - first.start;
    let mut at = first.start + 1;
    while joined.tail == Tail::None && at < joined.end && at - first.start <= MAX_CROSSING_BYTES {
        let byte = view.bytes.get(at).copied().unwrap_or(b' ');
        if may_start(view, at, byte, view.before(at, 1))
            && let Some(found) =
                detector::find(view, at, Field::UNKNOWN, context, wanted, memo)?
            && found.start < joined.end
            // The `@` behind a password ends it; with the host it is no e-mail address.
            && (joined.kind, found.kind) != (Kind::SecretUrlCredentials, Kind::EmailAddress)
            && (found.end > joined.end || found.tail != Tail::None)
        {
            joined.end = joined.end.max(found.end);
            joined.tail = found.tail;
            if found.end - found.start > longest {
                longest = found.end - found.start;
                (joined.kind, joined.score) = (found.kind, found.score);
            }
        }
        at += 1;
    }
    Ok(joined)
}

/// Whether a value may start with `byte` behind `before`: an escape (`\n`) ends with a letter and is
/// a boundary all the same.
fn may_start(view: View<'_>, at: usize, byte: u8, before: Option<u8>) -> bool {
    let here = class(byte);
    let word_before = before.is_some_and(|before| class(before) & WORD != 0);
    let escape = || matches!(before, Some(b'n' | b't' | b'r')) && view.starts_word(at);
    here & START != 0 || (here & WORD != 0 && (!word_before || escape()))
}

fn field_values(
    view: View<'_>,
    start: usize,
    end: usize,
    known: Field,
    context: &Context<'_>,
    wanted: EntitySet,
    memo: &mut Memo,
) -> FieldStep {
    let mut before = view.before(start, 1);
    for (at, byte) in (start..).zip(view.slice(start, end)) {
        if may_start(view, at, *byte, before) {
            match detector::find(view, at, known, context, wanted, memo) {
                Err(More) => return FieldStep::Wait(at),
                Ok(Some(found)) => return FieldStep::Value(at, found),
                Ok(None) => {}
            }
        }
        before = Some(*byte);
    }
    FieldStep::Over(end)
}
