//! What names a place on the network: e-mail addresses, IP addresses, credentials in URLs.

use super::{Match, More, Tail, View};
use crate::mask::EntityType;

/// Bytes before the `@`: RFC 5321 allows 64; more is read, because padding must not hide one. With
/// the longest domain and the reach of crossing values (`scan::MAX_CROSSING_BYTES`) it stays below
/// `limits::MAX_HELD_BACK_BYTES`.
const MAX_LOCAL_BYTES: usize = 128;

/// Bytes of a domain (RFC 1035).
const MAX_DOMAIN_BYTES: usize = 253;

/// Bytes of the user in a URL: looked for backwards from the colon before the password.
const MAX_USER_BYTES: usize = 256;

/// Bytes of a password in a URL in which the `@` is looked for.
const MAX_PASSWORD_BYTES: usize = 256;

/// Words before four numbers that make them a version.
const VERSION_WORDS: &[&str] = &["version", "versions", "ver", "release", "rev", "build"];

/// What is known about the run of bytes around a place, so that no byte is read again for every
/// start: without it a long dotted word would cost its square.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memo {
    /// Every byte from here …
    clear_from: usize,
    /// … up to here may stand before an `@`; both are counted in the same offsets as `at`.
    clear_to: usize,
    /// Behind here no user of a URL begins that was not noticed: where the last `://` stood, or the
    /// last value ended.
    url_near: usize,
}

impl Memo {
    /// Nothing is known.
    pub(crate) const START: Self = Self { clear_from: 0, clear_to: 0, url_near: 0 };

    /// The same knowledge after `cut` bytes were taken off the front.
    pub(crate) const fn shifted(self, cut: usize) -> Self {
        Self {
            clear_from: self.clear_from.saturating_sub(cut),
            clear_to: self.clear_to.saturating_sub(cut),
            // Taken for nearer than it is, which costs a look and hides nothing.
            url_near: self.url_near.saturating_sub(cut),
        }
    }

    /// Notes a `://`, or the end of a value in which one may stand.
    pub(crate) fn note_url(&mut self, at: usize) {
        self.url_near = self.url_near.max(at);
    }

    /// Whether the user of a URL may stand before `at`.
    pub(super) fn is_url_near(&self, at: usize) -> bool {
        at.saturating_sub(self.url_near) <= MAX_USER_BYTES + 3
    }
}

/// Letters of scripts that are written like Latin (two bytes in UTF-8) may stand in addresses;
/// those of scripts without blanks between words may not, or a sentence would be part of one.
fn is_wide_letter(view: View<'_>, at: usize) -> Result<bool, More> {
    Ok(match view.at(at)? {
        Some(0xc3..=0xdf) => true,
        Some(0x80..=0xbf) => view.before(at, 1).is_some_and(|byte| (0xc3..=0xdf).contains(&byte)),
        _ => false,
    })
}

fn is_local(view: View<'_>, at: usize) -> Result<bool, More> {
    Ok(match view.at(at)? {
        Some(b'.' | b'_' | b'%' | b'+' | b'-') => true,
        Some(byte) if byte.is_ascii_alphanumeric() => true,
        _ => is_wide_letter(view, at)?,
    })
}

/// An e-mail address: a local part, `@`, a domain whose last label is a word.
pub(super) fn email(view: View<'_>, at: usize, memo: &mut Memo) -> Result<Option<Match>, More> {
    if view.at(at)?.is_some_and(|byte| (0x80..=0xbf).contains(&byte)) {
        return Ok(None); // the middle of a character
    }
    if !(memo.clear_from..memo.clear_to).contains(&at) {
        *memo = Memo { clear_from: at, clear_to: at, ..*memo };
    }
    let mut place = memo.clear_to;
    while place - at <= MAX_LOCAL_BYTES && is_local(view, place)? {
        place += 1;
        memo.clear_to = place;
    }
    if place == at || place - at > MAX_LOCAL_BYTES || view.at(place)? != Some(b'@') {
        return Ok(None);
    }
    let local = view.slice(at, place);
    // `git@host:path` names a repository, not a person.
    if local == b"git" {
        return Ok(None);
    }
    let domain = place + 1;
    let Some(end) = domain_end(view, domain)? else { return Ok(None) };
    Ok(Some(Match::new(EntityType::EmailAddress, at, end, 90)))
}

/// The end of the longest domain at `at` with two labels or more, the last of them a word.
fn domain_end(view: View<'_>, at: usize) -> Result<Option<usize>, More> {
    let mut best = None;
    let mut labels = 0;
    let mut place = at;
    loop {
        let start = place;
        while place - at <= MAX_DOMAIN_BYTES && is_label_byte(view, place)? {
            place += 1;
        }
        let label = view.slice(start, place);
        let trimmed = label.len() - label.iter().rev().take_while(|byte| **byte == b'-').count();
        if trimmed == 0 || label.first() == Some(&b'-') {
            break;
        }
        labels += 1;
        let word = label.iter().take(2).all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
        if labels >= 2 && trimmed >= 2 && word {
            best = Some(start + trimmed);
        }
        if place - at > MAX_DOMAIN_BYTES || view.at(place)? != Some(b'.') {
            break;
        }
        place += 1;
    }
    // `icon@2x.png` is a picture for dense screens.
    let dense = labels == 2 && matches!(view.slice(at, at + 3), [b'1'..=b'9', b'x', b'.']);
    Ok(best.filter(|_| !dense))
}

fn is_label_byte(view: View<'_>, at: usize) -> Result<bool, More> {
    Ok(match view.at(at)? {
        Some(b'-') => true,
        Some(byte) if byte.is_ascii_alphanumeric() => true,
        _ => is_wide_letter(view, at)?,
    })
}

/// Whether a byte ends the authority of a URL.
pub(super) fn ends_authority(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'/' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | 0x7f)
}

/// The password of `scheme://user:password@host`, from the colon before it (RFC 3986 3.2.1).
///
/// The last `@` of the authority ends it, since passwords are often not escaped. A password longer
/// than we look ahead is masked up to the end of the authority: it may be a signed token.
pub(super) fn password(view: View<'_>, at: usize) -> Result<Option<Match>, More> {
    if !after_user(view, at) {
        return Ok(None);
    }
    let start = at + 1;
    let end = view.run(start, MAX_PASSWORD_BYTES, |byte| !ends_authority(byte))?;
    let long = end - start == MAX_PASSWORD_BYTES;
    let authority = view.slice(start, end);
    let found = |end| Match::new(EntityType::SecretUrlCredentials, start, end, 95);
    match authority.iter().rposition(|byte| *byte == b'@') {
        Some(0) => Ok(None),
        Some(length) if is_label(authority.get(..length).unwrap_or_default()) => Ok(None),
        Some(length) => Ok(Some(found(start + length))),
        None if long => Ok(Some(Match { tail: Tail::Password, ..found(end) })),
        None => Ok(None),
    }
}

/// Whether `scheme://user` stands before `at`, with no other colon in the user. What was masked
/// there counts as it was: this is about the shape of the URL.
fn after_user(view: View<'_>, at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|place| view.bytes.get(place));
    for back in 1..=MAX_USER_BYTES {
        match before(back) {
            Some(b'/') => {
                return before(back + 1) == Some(&b'/')
                    && before(back + 2) == Some(&b':')
                    && before(back + 3).is_some_and(u8::is_ascii_alphanumeric);
            }
            Some(byte) if *byte == b':' || ends_authority(*byte) => return false,
            Some(_) => {}
            None => return false,
        }
    }
    false
}

/// Whether this is what masking puts in the place of a value.
fn is_label(text: &[u8]) -> bool {
    matches!(text, [b'[', name @ .., b']']
        if name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.')))
}

/// An IPv4 address: four numbers up to 255 without leading zeros, not a version.
pub(super) fn ipv4(view: View<'_>, at: usize) -> Result<Option<Match>, More> {
    if !view.starts_word(at) || matches!(view.before(at, 1), Some(b'.' | b'-')) {
        return Ok(None);
    }
    let Some(end) = dotted_quad(view, at)? else { return Ok(None) };
    let follows = view.at(end)?;
    let more = match follows {
        Some(b'.' | b'-') => view.at(end + 1)?.is_some_and(|byte| byte.is_ascii_alphanumeric()),
        _ => !view.ends_word(end)?,
    };
    if more || is_version(view, at) {
        return Ok(None);
    }
    Ok(Some(Match::new(EntityType::IpAddress, at, end, 80)))
}

/// The end of `d.d.d.d` at `at`.
fn dotted_quad(view: View<'_>, at: usize) -> Result<Option<usize>, More> {
    let mut place = at;
    for part in 0..4 {
        if part > 0 {
            if view.at(place)? != Some(b'.') {
                return Ok(None);
            }
            place += 1;
        }
        let end = view.run(place, 4, |byte| byte.is_ascii_digit())?;
        let digits = view.slice(place, end);
        let value = digits.iter().fold(0u32, |sum, byte| sum * 10 + u32::from(byte - b'0'));
        let padded = digits.len() > 1 && digits.first() == Some(&b'0');
        if digits.is_empty() || digits.len() > 3 || value > 255 || padded {
            return Ok(None);
        }
        place = end;
    }
    Ok(Some(place))
}

/// Whether the four numbers at `at` are a version: `version 1.2.3.4`, `Agent/1.2.3.4`.
fn is_version(view: View<'_>, at: usize) -> bool {
    let letter = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphabetic());
    if view.before(at, 1) == Some(b'/') {
        return letter(view.before(at, 2));
    }
    let before = view.slice(at.saturating_sub(16), at);
    let trimmed = before.trim_ascii_end();
    let trimmed = trimmed.strip_suffix(b":").or(trimmed.strip_suffix(b"=")).unwrap_or(trimmed);
    let word = trimmed.rsplit(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
    VERSION_WORDS.iter().any(|wanted| word.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// An IPv6 address (RFC 4291): eight groups, or fewer around one `::`, the last two perhaps as
/// IPv4. At least one decimal digit, or it may be a path of a program (`dead::beef`).
pub(super) fn ipv6(view: View<'_>, at: usize) -> Result<Option<Match>, More> {
    let starts = match view.before(at, 1) {
        Some(b':' | b'.' | b'-') => false,
        _ => view.starts_word(at),
    };
    if !starts {
        return Ok(None);
    }
    let mut place = at;
    let mut groups = 0usize;
    let mut gap = false;
    let mut digit = false;
    let mut end = None;
    loop {
        let word = view.run(place, 5, |byte| byte.is_ascii_hexdigit())?;
        let length = word - place;
        if length > 4 {
            return Ok(None);
        }
        if length > 0 {
            digit |= view.slice(place, word).iter().any(u8::is_ascii_digit);
            if view.at(word)? == Some(b'.') && (1..=6).contains(&groups) {
                if let Some(quad) = dotted_quad(view, place)? {
                    groups += 2;
                    end = Some(quad);
                    break;
                }
                return Ok(None);
            }
            groups += 1;
            end = Some(word);
        }
        if groups > 8 || view.at(word)? != Some(b':') {
            break;
        }
        if view.at(word + 1)? == Some(b':') {
            if gap {
                break;
            }
            gap = true;
            end = Some(word + 2);
            place = word + 2;
            if !view.at(place)?.is_some_and(|byte| byte.is_ascii_hexdigit()) {
                break;
            }
        } else if length == 0 || groups == 8 {
            break;
        } else {
            place = word + 1;
            if !view.at(place)?.is_some_and(|byte| byte.is_ascii_hexdigit()) {
                break;
            }
        }
    }
    let complete = if gap { (1..=7).contains(&groups) } else { groups == 8 };
    let Some(end) = end.filter(|_| complete && digit) else { return Ok(None) };
    let follows = view.at(end)?;
    if !view.ends_word(end)? || follows == Some(b':') {
        return Ok(None);
    }
    Ok(Some(Match::new(EntityType::IpAddress, at, end, 80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> View<'_> {
        View::of(text.as_bytes())
    }

    #[test]
    fn emails() {
        for (text, end) in [
            ("ada@example.com", Some(15)),
            ("ada.fenwick+tag@mail.example.co.uk.", Some(34)),
            ("grüße@münchen.example", Some(24)),
            ("a@b", None),
            ("user@localhost", None),
            ("icon@2x.png", None),
            ("react@18.2.0", None),
            ("git@host.example", None),
            ("@decorator", None),
            ("a@-b.com", None),
            ("ada@example.com-", Some(15)),
        ] {
            let found = email(whole(text), 0, &mut Memo::default()).unwrap();
            assert_eq!(found.map(|found| found.end), end, "{text}");
        }
    }

    #[test]
    fn addresses() {
        for (text, end) in [
            ("10.0.0.1", Some(8)),
            ("10.0.0.1:80", Some(8)),
            ("10.0.0.1.", Some(8)),
            ("10.0.0.256", None),
            ("10.0.0.01", None),
            ("1.2.3", None),
            ("1.2.3.4.5", None),
            ("1.2.3.4-rc1", None),
        ] {
            assert_eq!(ipv4(whole(text), 0).unwrap().map(|found| found.end), end, "{text}");
        }
        for (text, end) in [
            ("2001:db8::1", Some(11)),
            ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", Some(39)),
            ("::1", Some(3)),
            ("::ffff:10.0.0.1", Some(15)),
            ("fe80::1%eth0", Some(7)),
            ("12:30:45", None),
            ("dead::beef", None),
            ("std::vec", None),
            ("00:1a:2b:3c:4d:5e", None),
            ("1:2:3:4:5:6:7:8:9", None),
            ("::", None),
        ] {
            assert_eq!(ipv6(whole(text), 0).unwrap().map(|found| found.end), end, "{text}");
        }
    }

    #[test]
    fn versions_are_not_addresses() {
        let at = |text: &str| ipv4(whole(text), text.find('1').unwrap()).unwrap();
        assert_eq!(at("version 1.2.3.4"), None);
        assert_eq!(at("Release: 1.2.3.4"), None);
        assert_eq!(at("Agent/1.2.3.4"), None);
        assert!(at("http://1.2.3.4/").is_some());
        assert!(at("host 1.2.3.4").is_some());
    }

    #[test]
    fn credentials_in_urls() {
        let find = |text: &str| {
            let places = text.match_indices(':').map(|(at, _)| at);
            let found: Vec<_> =
                places.filter_map(|at| password(whole(text), at).unwrap()).collect();
            assert!(found.len() <= 1, "{text}");
            found.first().map(|found| (found.start, found.end))
        };
        for (text, place) in [
            ("postgres://app:hunter2@db/x", Some((15, 22))),
            ("https://app:p@ss@db", Some((12, 16))),
            ("redis://:hunter2@db", Some((9, 16))),
            ("smtp://ada@example.com:hunter2@mail", Some((23, 30))),
            ("https://app@db", None),
            ("https://app:@db", None),
            ("https://db:5432/a@b", None),
            ("https://ada@example.com:8443/", None),
            ("12:30:45 a@b", None),
            ("postgres://app:[SECRET_URL_CREDENTIALS]@db/x", None),
        ] {
            assert_eq!(find(text), place, "{text}");
        }
        let long = format!("postgres://app:{}@db", "x".repeat(300));
        let found = password(whole(&long), 14).unwrap().unwrap();
        assert_eq!((found.start, found.tail), (15, Tail::Password));
    }
}
