//! The small words that every stage uses: newtypes that are checked at the door.

use std::fmt;

use serde::{Serialize, Serializer};

/// A half-open range of bytes `[start, end)` in the input it speaks of.
///
/// Offsets are `u32`: every input that has spans is bounded well below 4 GiB (see
/// [`limits`](crate::limits)). Serialized as `[start, end]`.
///
/// # Examples
/// ```
/// # use placet::primitives::Span;
/// let span = Span::new(7, 12);
/// assert_eq!(span.len(), 5);
/// assert_eq!(span.of(b"SELECT email"), Some(&b"email"[..]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The range from `start` to `end`; an end before the start gives an empty span at `start`.
    #[must_use]
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end: if end < start { start } else { end } }
    }

    /// The range for `usize` offsets; offsets past `u32::MAX` saturate.
    #[must_use]
    pub fn from_offsets(start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self::new(clamp(start), clamp(end))
    }

    /// First byte.
    #[must_use]
    pub const fn start(self) -> usize {
        self.start as usize
    }

    /// One past the last byte.
    #[must_use]
    pub const fn end(self) -> usize {
        self.end as usize
    }

    /// Length in bytes.
    #[must_use]
    pub const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the span covers no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The bytes that the span covers in `input`, or `None` where it reaches past the end.
    #[must_use]
    pub fn of(self, input: &[u8]) -> Option<&[u8]> {
        input.get(self.start()..self.end())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.start, self.end].serialize(serializer)
    }
}

/// A SHA-256 digest. Displayed and serialized as `sha256:<64 hex digits>`.
///
/// # Examples
/// ```
/// # use placet::primitives::Digest;
/// let digest = Digest::from_bytes([0xab; 32]);
/// assert!(digest.to_string().starts_with("sha256:abab"));
/// assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// A digest from its 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads `sha256:<64 lower-case hex digits>`; anything else is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?.as_bytes();
        if hex.len() != 64 {
            return None;
        }
        let nibble = |c: u8| match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        let mut out = [0; 32];
        for (byte, pair) in out.iter_mut().zip(hex.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(Self(out))
    }
}

impl Digest {
    /// `sha256:` and 64 digits. By hand: events hold many, and formatting byte by byte would cost
    /// more than hashing them.
    pub(crate) fn text(&self) -> [u8; 71] {
        let mut text = [b'0'; 71];
        let (head, digits) = text.split_at_mut(7);
        head.copy_from_slice(b"sha256:");
        let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        text
    }
}

/// Text that was made of ASCII only.
fn ascii(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ascii(&self.text()))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(ascii(&self.text()))
    }
}

/// A moment: milliseconds since 1970-01-01T00:00:00Z, given by the caller (core reads no clock).
///
/// Displayed, parsed and serialized as RFC 3339 in UTC with milliseconds. Years 0000 to 9999.
///
/// # Examples
/// ```
/// # use placet::primitives::Timestamp;
/// let noon = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
/// assert_eq!(noon.to_string(), "2026-11-22T12:00:00.000Z");
/// assert_eq!(Timestamp::parse("2026-11-22T13:00:00.000+01:00"), Some(noon));
/// assert_eq!(Timestamp::parse("2026-02-30T12:00:00Z"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    const MIN_MILLIS: i64 = -62_167_219_200_000; // 0000-01-01T00:00:00.000Z
    const MAX_MILLIS: i64 = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z

    /// The moment `millis` milliseconds after the Unix epoch, held inside the years 0000 to 9999.
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Self {
        Self(millis.clamp(Self::MIN_MILLIS, Self::MAX_MILLIS))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// This moment and `seconds` more (or fewer).
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_unix_millis(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Reads an RFC 3339 date-time with an offset; digits past milliseconds are cut.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| {
            bytes
                .get(from..to)?
                .iter()
                .try_fold(0i64, |sum, c| c.is_ascii_digit().then(|| sum * 10 + i64::from(c - b'0')))
        };
        let is = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|c| allowed.contains(c));
        if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let mut at = 19;
        let mut millis = 0;
        if is(at, b".") {
            at += 1;
            let first = at;
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            if at == first || at - first > 18 {
                return None;
            }
            let mut scale = 100;
            for digit in bytes.get(first..at)?.iter().take(3) {
                millis += i64::from(digit - b'0') * scale;
                scale /= 10;
            }
        }
        let offset_minutes = if is(at, b"Zz") {
            at += 1;
            0
        } else if is(at, b"+-") && is(at + 3, b":") {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let sign = if is(at, b"-") { -1 } else { 1 };
            at += 6;
            sign * (hours * 60 + minutes)
        } else {
            return None;
        };
        let valid = at == bytes.len()
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour <= 23
            && minute <= 59
            && second <= 59;
        if !valid {
            return None;
        }
        let minutes = (days_from_civil(year, month, day) * 24 + hour) * 60 + minute;
        let millis = ((minutes - offset_minutes) * 60 + second) * 1000 + millis;
        (Self::MIN_MILLIS..=Self::MAX_MILLIS).contains(&millis).then_some(Self(millis))
    }
}

impl Timestamp {
    /// `2026-11-22T12:00:00.000Z`, by hand for the same reason as digests.
    pub(crate) fn text(self) -> [u8; 24] {
        let (days, rest) = (self.0.div_euclid(86_400_000), self.0.rem_euclid(86_400_000));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
        let (second, millis) = (rest / 1000 % 60, rest % 1000);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut rest = text.as_mut_slice();
        for (number, width) in
            [(year, 4), (month, 2), (day, 2), (hour, 2), (minute, 2), (second, 2), (millis, 3)]
        {
            let (field, later) = rest.split_at_mut(width);
            let mut number = number;
            for digit in field.iter_mut().rev() {
                // INVARIANT: every field is within its width: years have four digits.
                *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
                number /= 10;
            }
            rest = later.split_at_mut(1).1;
        }
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ascii(&self.text()))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(ascii(&self.text()))
    }
}

const fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted in 400-year eras that
/// start on 1 March, so that the leap day is the last of its year.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn timestamps_refuse_what_is_not_a_moment() {
        for bad in [
            "",
            "2026-11-22",
            "2026-11-22T12:00:00",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T12:00:60Z",
            "2026-11-22T12:00:00.Z",
            "2026-11-22T12:00:00+24:00",
            "2026-11-22T12:00:00Z ",
            "0000-01-01T00:00:00+00:01",
        ] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn timestamps_round_trip(millis in Timestamp::MIN_MILLIS..=Timestamp::MAX_MILLIS) {
            let moment = Timestamp::from_unix_millis(millis);
            prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        }

        #[test]
        fn text_order_is_time_order(a in Timestamp::MIN_MILLIS..=Timestamp::MAX_MILLIS,
                                    b in Timestamp::MIN_MILLIS..=Timestamp::MAX_MILLIS) {
            let (a, b) = (Timestamp::from_unix_millis(a), Timestamp::from_unix_millis(b));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = Timestamp::parse(&text);
            let _ = Digest::parse(&text);
        }
    }
}
