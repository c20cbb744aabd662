//! Numbers with a shape of their own: payment cards, US social security numbers, phone numbers.

use super::{Context, Match, More, View};
use crate::mask::EntityType;

/// Digits of the longest card number (ISO/IEC 7812-1).
const MAX_CARD_DIGITS: usize = 19;

/// Ways in which card numbers are grouped in print.
const CARD_GROUPS: &[&[u8]] =
    &[&[4, 4, 4, 4], &[4, 4, 4, 4, 3], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 1], &[6, 13]];

/// Issuer ranges: the lowest and highest start, and the lengths that are given out.
/// Source: ISO/IEC 7812-1 and the networks' published ranges.
const ISSUERS: &[(u32, u32, &[usize])] = &[
    (4, 4, &[13, 16, 19]),
    (51, 55, &[16]),
    (2200, 2204, &[16, 17, 18, 19]),
    (2221, 2720, &[16]),
    (34, 34, &[15]),
    (37, 37, &[15]),
    (300, 305, &[14, 16, 19]),
    (3095, 3095, &[14, 16, 19]),
    (36, 36, &[14, 16, 19]),
    (38, 39, &[14, 16, 19]),
    (3528, 3589, &[16, 17, 18, 19]),
    (6011, 6011, &[16, 17, 18, 19]),
    (644, 649, &[16, 17, 18, 19]),
    (65, 65, &[16, 17, 18, 19]),
    (62, 62, &[16, 17, 18, 19]),
    (5018, 5018, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (5020, 5020, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (5038, 5038, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (5893, 5893, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (6304, 6304, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (6759, 6759, &[12, 13, 14, 15, 16, 17, 18, 19]),
    (6761, 6763, &[12, 13, 14, 15, 16, 17, 18, 19]),
];

/// Words that make nine digits a social security number.
const SSN_WORDS: &[&str] =
    &["ssn", "ssns", "social", "security", "socialsecurity", "taxpayer", "itin"];

/// Country calling codes of two digits (ITU-T E.164); those of one digit are 1 and 7, every other
/// code has three.
const TWO_DIGIT_CODES: &[u16] = &[
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56,
    57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];

/// Digits that are looked at to choose detectors: one more than a card has.
pub(super) const MAX_RUN_DIGITS: usize = MAX_CARD_DIGITS + 1;

/// The first run of digits of what may be a number, and what stands behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) digits: usize,
    pub(super) next: Option<u8>,
}

impl Run {
    /// Whether a card number may start so: bare, or with its first group.
    pub(super) fn may_be_card(self) -> bool {
        let grouped = matches!(self.next, Some(b' ' | b'-'));
        self.digits >= 12 || (grouped && matches!(self.digits, 4 | 6))
    }

    /// Whether a social security number may start so.
    pub(super) fn may_be_ssn(self) -> bool {
        let grouped = matches!(self.next, Some(b' ' | b'-'));
        self.digits == 9 || (grouped && self.digits == 3)
    }
}

/// Whether a second group of a card number may start at `at`: it has four digits or more.
pub(super) fn goes_on(view: View<'_>, at: usize) -> Result<bool, More> {
    Ok(view.run(at, 4, |byte| byte.is_ascii_digit())? == at + 4)
}

/// Runs of digits with one and the same separator between them.
struct Groups {
    digits: [u8; 24],
    count: usize,
    /// Length and end of each run.
    runs: [(u8, usize); 8],
    run_count: usize,
}

/// Reads up to eight runs and 24 digits from `at`, joined by single separators of one kind.
fn groups(view: View<'_>, at: usize, separators: &[u8]) -> Result<Groups, More> {
    let mut read = Groups { digits: [0; 24], count: 0, runs: [(0, at); 8], run_count: 0 };
    let mut place = at;
    let mut separator = None;
    while let Some(run) = read.runs.get_mut(read.run_count) {
        let start = place;
        while let Some(byte) = view.at(place)?.filter(u8::is_ascii_digit) {
            let Some(slot) = read.digits.get_mut(read.count) else { return Ok(read) };
            *slot = byte - b'0';
            read.count += 1;
            place += 1;
        }
        if place == start {
            break;
        }
        *run = (u8::try_from(place - start).unwrap_or(u8::MAX), place);
        read.run_count += 1;
        let next = view.at(place)?;
        let same = |byte: u8| separator.is_none_or(|wanted| wanted == byte);
        match next.filter(|byte| separators.contains(byte) && same(*byte)) {
            Some(byte) => separator = Some(byte),
            None => break,
        }
        place += 1;
    }
    Ok(read)
}

/// Whether a number may start here: not behind a letter or digit, and not as the fraction of a
/// decimal number or a group of a longer one. An underscore or a word with a hyphen before it
/// (`card_4111…`, `ssn-536-…`) must not hide a value.
fn starts_number(view: View<'_>, at: usize) -> bool {
    let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
    match view.before(at, 1) {
        Some(b'.' | b'-') => !is_digit(view.before(at, 2)),
        Some(b'_') => true,
        _ => view.starts_word(at),
    }
}

/// Whether a number may end here: the same, to the right.
fn ends_number(view: View<'_>, at: usize) -> Result<bool, More> {
    Ok(match view.at(at)? {
        Some(b'.' | b'-') => !view.at(at + 1)?.is_some_and(|byte| byte.is_ascii_digit()),
        Some(byte) => !byte.is_ascii_alphanumeric(),
        None => true,
    })
}

/// A payment card number: an issuer's range and length, a Luhn digit, grouped as cards are or not
/// at all.
pub(super) fn card(view: View<'_>, at: usize) -> Result<Option<Match>, More> {
    if !starts_number(view, at) {
        return Ok(None);
    }
    let read = groups(view, at, b" -")?;
    let runs = read.runs.get(..read.run_count).unwrap_or_default();
    // Longest first, so that a grouped number is never cut at a shorter pattern.
    for take in (1..=runs.len()).rev() {
        let some = runs.get(..take).unwrap_or_default();
        let plain = take == 1;
        let grouped = CARD_GROUPS
            .iter()
            .any(|pattern| pattern.iter().copied().eq(some.iter().map(|(length, _)| *length)));
        let count: usize = some.iter().map(|(length, _)| usize::from(*length)).sum();
        if !(plain || grouped) || !(12..=MAX_CARD_DIGITS).contains(&count) {
            continue;
        }
        let Some((_, end)) = some.last() else { continue };
        let digits = read.digits.get(..count).unwrap_or_default();
        // A hyphen may follow: issuer and check digit speak for the number, and what is glued to
        // it must not hide it.
        let fraction = view.at(*end)? == Some(b'.')
            && view.at(*end + 1)?.is_some_and(|byte| byte.is_ascii_digit());
        let glued = view.at(*end)?.is_some_and(|byte| byte.is_ascii_alphanumeric());
        if issued(digits) && luhn(digits) && !glued && !fraction {
            let score = if plain { 80 } else { 95 };
            return Ok(Some(Match::new(EntityType::CreditCard, at, *end, score)));
        }
    }
    Ok(None)
}

fn issued(digits: &[u8]) -> bool {
    ISSUERS.iter().any(|(low, high, lengths)| {
        let width = low.ilog10() as usize + 1;
        let start = digits.iter().take(width).fold(0u32, |sum, digit| sum * 10 + u32::from(*digit));
        (*low..=*high).contains(&start) && lengths.contains(&digits.len())
    })
}

/// ISO/IEC 7812-1 annex B: double every second digit from the right, add the digits, modulo ten.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(*digit) * if index % 2 == 1 { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// A US social security number: `AAA-GG-SSSS`; with blanks or bare only where words say so.
/// Area 000, 666 and 900–999, group 00 and serial 0000 are never given out (SSA POMS RM 10201.035).
pub(super) fn ssn(view: View<'_>, at: usize, context: &Context<'_>) -> Result<Option<Match>, More> {
    // Only nine digits can follow: a cheap look before anything else.
    if !starts_number(view, at) {
        return Ok(None);
    }
    let read = groups(view, at, b" -")?;
    let runs = read.runs.get(..read.run_count).unwrap_or_default();
    let (end, sure) = match runs {
        [(3, _), (2, mid), (4, end)] => (*end, view.at(*mid)? == Some(b'-')),
        // A blank ends the number, whatever stands behind it.
        [(3, _), (2, mid), (4, end), ..] if view.at(*mid)? == Some(b' ') => (*end, false),
        [(9, end), ..] => (*end, false),
        _ => return Ok(None),
    };
    let digits = read.digits.get(..9).unwrap_or_default();
    let number = |from: usize, to: usize| {
        digits.get(from..to).unwrap_or_default().iter().fold(0u32, |n, d| n * 10 + u32::from(*d))
    };
    let area = number(0, 3);
    let valid = area != 0 && area != 666 && area < 900 && number(3, 5) != 0 && number(5, 9) != 0;
    if !valid || !ends_number(view, end)? {
        return Ok(None);
    }
    let spoken = context.speaks(view, at, SSN_WORDS);
    let score = match (sure, spoken) {
        (true, true) => 95,
        (true, false) => 75,
        (false, true) => 70,
        (false, false) => return Ok(None),
    };
    Ok(Some(Match::new(EntityType::UsSsn, at, end, score)))
}

/// A phone number in international form: `+`, a country's code, 8 to 15 digits in all (E.164),
/// grouped by blanks, hyphens, dots or brackets.
pub(super) fn phone(view: View<'_>, at: usize) -> Result<Option<Match>, More> {
    if !view.starts_word(at) || view.before(at, 1) == Some(b'+') {
        return Ok(None);
    }
    let mut digits = [0u8; 15];
    let mut count = 0;
    let mut place = at + 1;
    let mut groups = 0;
    let mut best = None;
    loop {
        let start = place;
        while let Some(byte) = view.at(place)?.filter(u8::is_ascii_digit) {
            let Some(slot) = digits.get_mut(count) else { return Ok(best) };
            *slot = byte - b'0';
            count += 1;
            place += 1;
        }
        if place == start {
            return Ok(best);
        }
        groups += 1;
        let read = digits.get(..count).unwrap_or_default();
        let (at_least, score) = if groups > 1 { (8, 85) } else { (9, 70) };
        // A group that turns out to be the start of a word leaves the number before it.
        if count >= at_least && has_country_code(read) && view.ends_word(place)? {
            best = Some(Match::new(EntityType::PhoneNumber, at, place, score));
        }
        // Between groups: up to three of these.
        let gap = view.run(place, 3, |byte| b" -.()".contains(&byte))?;
        if gap == place {
            return Ok(best);
        }
        place = gap;
    }
}

fn has_country_code(digits: &[u8]) -> bool {
    match digits {
        [1, area, ..] => digits.len() == 11 && *area >= 2,
        [7, ..] => digits.len() == 11,
        [first, second, ..] => {
            let code = u16::from(*first) * 10 + u16::from(*second);
            *first != 0 && (TWO_DIGIT_CODES.contains(&code) || digits.len() >= 9)
        }
        [_] | [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_start(
        detector: impl Fn(View<'_>, usize) -> Result<Option<Match>, More>,
        text: &str,
    ) -> Option<usize> {
        let view = View::of(text.as_bytes());
        detector(view, 0).unwrap().map(|found| found.end)
    }

    #[test]
    fn cards() {
        for (text, end) in [
            ("4111111111111111", Some(16)),
            ("4111 1111 1111 1111 123", Some(19)),
            ("4111-1111-1111-1111.", Some(19)),
            ("378282246310005", Some(15)),
            ("3782 822463 10005", Some(17)),
            ("6011000990139424", Some(16)),
            ("2223003122003222", Some(16)),
            ("4111111111111112", None),
            ("41111111111111111", None),
            ("4111 11111111 1111", None),
            ("4111-1111-1111-1111-ab", Some(19)),
            ("4111111111111111.5", None),
            ("1763844000123456", None),
            ("0000000000000000", None),
            ("4111 1111-1111 1111", None),
            ("4111111111111111_x", Some(16)),
            ("2200000000000004", Some(16)),
        ] {
            assert_eq!(at_start(card, text), end, "{text}");
        }
    }

    #[test]
    fn social_security_numbers() {
        let ssn = |view: View<'_>, at: usize| ssn(view, at, &Context::default());
        for (text, end) in [
            ("536-90-4399", Some(11)),
            ("536-90-4399,", Some(11)),
            ("000-12-3456", None),
            ("666-12-3456", None),
            ("912-12-3456", None),
            ("536-00-4399", None),
            ("536-90-0000", None),
            ("536-90-43991", None),
            ("536-90-4399-1", None),
            ("536 90 4399", None),
            ("536904399", None),
        ] {
            assert_eq!(at_start(ssn, text), end, "{text}");
        }
    }

    #[test]
    fn phones() {
        for (text, end) in [
            ("+1 202 555 0101", Some(15)),
            ("+12025550101", Some(12)),
            ("+44 (0) 20 7946 0102", Some(20)),
            ("+49-30-901820", Some(13)),
            ("+02:00", None),
            ("+1", None),
            ("+123456", None),
            ("+0123456789", None),
            ("+12345678901234567", None),
        ] {
            assert_eq!(at_start(phone, text), end, "{text}");
        }
    }
}
