//! International bank account numbers (ISO 13616).

use super::{Match, More, View};
use crate::mask::EntityType;

/// Length of a country's numbers. Source: the SWIFT IBAN registry.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// An IBAN: a country's code and length, a checksum of 1 modulo 97, bare or in groups of four.
pub(super) fn iban(view: View<'_>, at: usize) -> Result<Option<Match>, More> {
    if !view.starts_word(at) {
        return Ok(None);
    }
    let (Some(a), Some(b)) = (view.at(at)?, view.at(at + 1)?) else { return Ok(None) };
    let check = |place: usize| Ok(view.at(place)?.is_some_and(|byte| byte.is_ascii_digit()));
    if !b.is_ascii_alphabetic() || !check(at + 2)? || !check(at + 3)? {
        return Ok(None);
    }
    let country = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    let Some((_, length)) = LENGTHS.iter().find(|(code, _)| **code == country) else {
        return Ok(None);
    };
    let mut compact = [0u8; 34];
    let mut place = at;
    for (index, slot) in compact.iter_mut().take(*length).enumerate() {
        let group_ends = index > 0 && index.is_multiple_of(4);
        if group_ends && view.at(place)? == Some(b' ') {
            place += 1;
        }
        let Some(byte) = view.at(place)?.filter(u8::is_ascii_alphanumeric) else {
            return Ok(None);
        };
        *slot = byte.to_ascii_uppercase();
        place += 1;
    }
    let compact = compact.get(..*length).unwrap_or_default();
    if checksum(compact) != 1 || !view.ends_word(place)? {
        return Ok(None);
    }
    Ok(Some(Match::new(EntityType::IbanCode, at, place, 95)))
}

/// ISO 7064 modulo 97-10 over the number with its first four characters moved to the end and
/// letters read as 10 to 35.
fn checksum(compact: &[u8]) -> u32 {
    let (head, body) = compact.split_at(compact.len().min(4));
    body.iter().chain(head).fold(0, |sum, byte| {
        let (scale, value) = match byte {
            b'0'..=b'9' => (10, u32::from(byte - b'0')),
            _ => (100, u32::from(byte.wrapping_sub(b'A')) + 10),
        };
        (sum * scale + value) % 97
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ibans() {
        for (text, end) in [
            ("DE89370400440532013000", Some(22)),
            ("DE89 3704 0044 0532 0130 00", Some(27)),
            ("gb82 west 1234 5698 7654 32.", Some(27)),
            ("NO9386011117947", Some(15)),
            ("DE88370400440532013000", None),
            ("DE893704004405320130001", None),
            ("ZZ89370400440532013000", None),
            ("DE89 37040 0440532013000", None),
        ] {
            let view = View::of(text.as_bytes());
            assert_eq!(iban(view, 0).unwrap().map(|found| found.end), end, "{text}");
        }
    }
}
