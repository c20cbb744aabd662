//! Numbers: their grammar, and the whole number that an exponent or a fraction may hide.

/// Digits of a whole number that are worth a look: the longest known identifier has 34 characters.
const MAX_WHOLE_DIGITS: i64 = 40;

/// Whether `token` is a number of RFC 8259, section 6.
pub(super) fn is_number(token: &[u8]) -> bool {
    Parts::parse(token).is_some()
}

/// The plain digits of a number that is whole but not written so: `4.1e3` gives `4100`.
///
/// `None` where the number is written plainly, is no whole number, or is longer than
/// [`MAX_WHOLE_DIGITS`].
pub(super) fn plain_digits(token: &[u8]) -> Option<Vec<u8>> {
    let parts = Parts::parse(token)?;
    if parts.fraction.is_empty() && parts.exponent.is_empty() {
        return None;
    }
    let mut digits: Vec<u8> = parts.whole.iter().chain(parts.fraction).copied().collect();
    let mut exponent = parse_exponent(parts.exponent)?.checked_sub(length(parts.fraction)?)?;
    while digits.last() == Some(&b'0') && digits.len() > 1 {
        digits.pop();
        exponent = exponent.checked_add(1)?;
    }
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..leading.min(digits.len()));
    if digits.is_empty() || exponent < 0 {
        return None;
    }
    if length(&digits)?.checked_add(exponent)? > MAX_WHOLE_DIGITS {
        return None;
    }
    digits.extend((0..exponent).map(|_| b'0'));
    Some(digits)
}

struct Parts<'a> {
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: &'a [u8],
}

impl<'a> Parts<'a> {
    fn parse(token: &'a [u8]) -> Option<Self> {
        let token = token.strip_prefix(b"-").unwrap_or(token);
        let (whole, rest) = digits(token);
        if whole.is_empty() || (whole.len() > 1 && whole.first() == Some(&b'0')) {
            return None;
        }
        let (fraction, rest) = match rest.strip_prefix(b".") {
            None => (&[][..], rest),
            Some(rest) => {
                let (fraction, rest) = digits(rest);
                if fraction.is_empty() {
                    return None;
                }
                (fraction, rest)
            }
        };
        let exponent = match rest.split_first() {
            None => &[][..],
            Some((b'e' | b'E', exponent)) => {
                let unsigned = exponent
                    .strip_prefix(b"+")
                    .or_else(|| exponent.strip_prefix(b"-"))
                    .unwrap_or(exponent);
                let (all, rest) = digits(unsigned);
                if all.is_empty() || !rest.is_empty() {
                    return None;
                }
                exponent
            }
            Some(_) => return None,
        };
        Some(Self { whole, fraction, exponent })
    }
}

fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

fn length(bytes: &[u8]) -> Option<i64> {
    i64::try_from(bytes.len()).ok()
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_that_of_rfc_8259() {
        for good in ["0", "-0", "10", "1.5", "1e5", "1E+5", "-12.50e-03", "0.0"] {
            assert!(is_number(good.as_bytes()), "{good}");
        }
        for bad in ["", "-", "+1", "01", "1.", ".5", "1e", "1e+", "1e5.0", "0x10", "1-2", "--1"] {
            assert!(!is_number(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_whole_number_is_found_behind_its_exponent() {
        let plain =
            |token: &str| plain_digits(token.as_bytes()).map(|d| String::from_utf8(d).unwrap());
        assert_eq!(plain("4.1e3").as_deref(), Some("4100"));
        assert_eq!(plain("-41.00").as_deref(), Some("41"));
        assert_eq!(plain("4100e-2").as_deref(), Some("41"));
        assert_eq!(plain("0.0041e4").as_deref(), Some("41"));
        for none in ["41", "4.15", "41e-1", "0.0", "0e5", "1e40", "1e99999999999999999999"] {
            assert_eq!(plain(none), None, "{none}");
        }
    }
}
