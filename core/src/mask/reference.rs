//! The slow, obvious masker: the oracle for scan and stream.
//!
//! It follows `docs/spec/masking.md`, "The rule", word by word: every place is asked, nothing is
//! skipped or remembered, and the whole input is at hand. It shares the detectors with the scan,
//! so what it doubts is everything around them.

use super::detector::{Context, Field, Match, Memo, Tail, View, find, follow};
use super::entity::EntitySet;

/// Where a value may begin.
fn is_place(text: &[u8], edge: usize, at: usize) -> bool {
    let byte = text[at];
    let before = if at > edge { Some(text[at - 1]) } else { None };
    let escape =
        matches!(before, Some(b'n' | b't' | b'r')) && at >= edge + 2 && text[at - 2] == b'\\';
    if byte.is_ascii_alphanumeric() {
        !before.is_some_and(|byte| byte.is_ascii_alphanumeric()) || escape
    } else {
        b"+-:/_.%".contains(&byte) || byte >= 0x80
    }
}

fn best(text: &[u8], edge: usize, at: usize) -> Option<Match> {
    let view = View { bytes: text, whole: true, edge };
    // Nothing is remembered; the user of a URL may stand before any place.
    let mut memo = Memo::default();
    memo.note_url(at);
    is_place(text, edge, at)
        .then(|| find(view, at, Field::UNKNOWN, &Context::default(), EntitySet::ALL, &mut memo))
        .and_then(Result::unwrap)
}

/// Values with their ends, and what redaction makes of the text.
pub(super) fn redact(text: &[u8]) -> (Vec<u8>, Vec<(u64, u64, &'static str)>) {
    let (mut out, mut values) = (Vec::new(), Vec::new());
    let mut edge = 0;
    let mut at = 0;
    let mut copied = 0;
    while at < text.len() {
        let Some(mut value) = best(text, edge, at) else {
            at += 1;
            continue;
        };
        let first_start = value.start;
        let mut longest = value.end - value.start;
        for inner in first_start + 1..=first_start + 96 {
            if inner >= value.end || value.tail != Tail::None {
                break;
            }
            let Some(other) = best(text, edge, inner) else { continue };
            if (value.kind.name(), other.kind.name()) == ("SECRET_URL_CREDENTIALS", "EMAIL_ADDRESS")
            {
                continue;
            }
            if other.start < value.end && (other.end > value.end || other.tail != Tail::None) {
                if other.end - other.start > longest {
                    longest = other.end - other.start;
                    (value.kind, value.score) = (other.kind, other.score);
                }
                value.end = value.end.max(other.end);
                value.tail = other.tail;
            }
        }
        let view = View { bytes: text, whole: true, edge };
        let (end, rest) = follow(view, value.end, value.tail);
        assert_eq!(rest, Tail::None, "a whole input ends every tail");
        out.extend_from_slice(&text[copied..value.start]);
        out.extend_from_slice(format!("[{}]", value.kind.name()).as_bytes());
        values.push((value.start as u64, end as u64, value.kind.name()));
        (at, copied, edge) = (end, end, end);
    }
    out.extend_from_slice(&text[copied..]);
    (out, values)
}

/// Whether a Visa number of 16 digits stands alone in the text, found by another road: words of
/// text and a table instead of a verifier.
pub(super) fn holds_bare_card(text: &str) -> bool {
    let luhn = |digits: &str| {
        let doubled = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
        let sum: usize = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(i, c)| {
                let d = usize::from(c - b'0');
                if i % 2 == 1 { doubled[d] } else { d }
            })
            .sum();
        sum.is_multiple_of(10)
    };
    let is_card = |word: &str| {
        word.len() == 16
            && word.bytes().all(|c| c.is_ascii_digit())
            && word.starts_with('4')
            && luhn(word)
    };
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_card)
}
