//! Secrets with a shape of their own: vendors' keys, JSON web tokens, private keys.

use super::{Context, Match, More, Tail, View};
use crate::mask::EntityType;

/// How a vendor's token looks: what it starts with, what follows, and how much of it.
struct Shape {
    kind: EntityType,
    prefix: &'static [u8],
    body: fn(u8) -> bool,
    /// Bytes behind the prefix: fewer are no token.
    at_least: usize,
    /// Whether a small letter, a capital and a digit must all occur: words with hyphens do not.
    mixed: bool,
}

/// Bytes of a token that are looked at; what follows is its tail.
const MAX_TOKEN_BYTES: usize = 256;

/// Bytes of an AWS secret access key.
pub(super) const AWS_SECRET_BYTES: usize = 40;

/// Words that make forty mixed characters an AWS secret access key.
const AWS_WORDS: &[&str] = &["aws", "secret", "amazon"];

/// Bytes of a PEM header line.
const MAX_PEM_HEADER_BYTES: usize = 64;

/// Bytes of base64 that make a BEGIN line the start of a key, and where they must end.
const PEM_BODY_RUN_BYTES: usize = 20;
const PEM_BODY_WITHIN_BYTES: usize = 256;

/// Bytes that are masked behind a BEGIN line without an END: RSA keys of 16384 bits have 13 000.
const MAX_PEM_BODY_BYTES: u32 = 32 * 1024;

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn url_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn base32(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

/// Sources: the vendors' documentation of their token formats.
const SHAPES: &[Shape] = &[
    shape(EntityType::SecretAwsAccessKeyId, b"AKIA", base32, 16, false),
    shape(EntityType::SecretAwsAccessKeyId, b"ASIA", base32, 16, false),
    shape(EntityType::SecretGithubToken, b"ghp_", alphanumeric, 36, false),
    shape(EntityType::SecretGithubToken, b"gho_", alphanumeric, 36, false),
    shape(EntityType::SecretGithubToken, b"ghu_", alphanumeric, 36, false),
    shape(EntityType::SecretGithubToken, b"ghs_", alphanumeric, 36, false),
    shape(EntityType::SecretGithubToken, b"ghr_", alphanumeric, 36, false),
    shape(EntityType::SecretGithubToken, b"github_pat_", word, 40, false),
    shape(EntityType::SecretSlackToken, b"xoxb-", url_safe, 20, false),
    shape(EntityType::SecretSlackToken, b"xoxp-", url_safe, 20, false),
    shape(EntityType::SecretSlackToken, b"xoxa-", url_safe, 20, false),
    shape(EntityType::SecretSlackToken, b"xoxr-", url_safe, 20, false),
    shape(EntityType::SecretSlackToken, b"xoxs-", url_safe, 20, false),
    shape(EntityType::SecretSlackToken, b"xoxe-", url_safe, 20, false),
    shape(EntityType::SecretSlackToken, b"xapp-", url_safe, 20, false),
    shape(EntityType::SecretStripeKey, b"sk_live_", alphanumeric, 16, false),
    shape(EntityType::SecretStripeKey, b"sk_test_", alphanumeric, 16, false),
    shape(EntityType::SecretStripeKey, b"rk_live_", alphanumeric, 16, false),
    shape(EntityType::SecretStripeKey, b"rk_test_", alphanumeric, 16, false),
    shape(EntityType::SecretStripeKey, b"whsec_", alphanumeric, 24, false),
    shape(EntityType::SecretAnthropicKey, b"sk-ant-", url_safe, 32, false),
    shape(EntityType::SecretOpenaiKey, b"sk-", url_safe, 32, true),
];

const fn shape(
    kind: EntityType,
    prefix: &'static [u8],
    body: fn(u8) -> bool,
    at_least: usize,
    mixed: bool,
) -> Shape {
    Shape { kind, prefix, body, at_least, mixed }
}

/// Whether a vendor's token or a JSON web token may start with this byte.
pub(super) const fn may_start_token(first: u8) -> bool {
    matches!(first, b'A' | b'e' | b'g' | b'r' | b's' | b'w' | b'x')
}

/// A vendor's token: a known start and enough characters behind it.
pub(super) fn vendor(view: View<'_>, at: usize) -> Result<Option<Match>, More> {
    if !view.starts_word(at) {
        return Ok(None);
    }
    for shape in SHAPES {
        if !view.starts_with(at, shape.prefix)? {
            continue;
        }
        let body = at + shape.prefix.len();
        let end = view.run(body, MAX_TOKEN_BYTES, shape.body)?;
        let bytes = view.slice(body, end);
        if bytes.len() < shape.at_least || (shape.mixed && !is_mixed(bytes)) {
            continue;
        }
        let mut found = Match::new(shape.kind, at, end, 95);
        if bytes.len() == MAX_TOKEN_BYTES {
            found.tail = Tail::Token;
        }
        return Ok(Some(found));
    }
    Ok(None)
}

fn is_mixed(bytes: &[u8]) -> bool {
    bytes.iter().any(u8::is_ascii_lowercase)
        && bytes.iter().any(u8::is_ascii_uppercase)
        && bytes.iter().any(u8::is_ascii_digit)
}

/// An AWS secret access key: forty characters of base64, mixed, where words say so.
pub(super) fn aws_secret(
    view: View<'_>,
    at: usize,
    context: &Context<'_>,
) -> Result<Option<Match>, More> {
    let body = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'+';
    if view.before(at, 1).is_some_and(body) && !view.starts_word(at) {
        return Ok(None);
    }
    let end = view.run(at, AWS_SECRET_BYTES + 1, body)?;
    if end - at != AWS_SECRET_BYTES || !is_mixed(view.slice(at, end)) {
        return Ok(None);
    }
    if view.at(end)? == Some(b'=') || !view.ends_word(end)? {
        return Ok(None);
    }
    if !context.speaks(view, at, AWS_WORDS) {
        return Ok(None);
    }
    Ok(Some(Match::new(EntityType::SecretAwsSecretAccessKey, at, end, 80)))
}

/// A JSON web token: a base64url object (`eyJ`), a dot, a payload (RFC 7519, also RFC 7516).
pub(super) fn jwt(view: View<'_>, at: usize) -> Result<Option<Match>, More> {
    if !view.starts_with(at, b"eyJ")? || !view.starts_word(at) {
        return Ok(None);
    }
    let header = view.run(at, MAX_TOKEN_BYTES, url_safe)?;
    // A header longer than what we look at is taken for one: it is masked, not released.
    let long = header - at == MAX_TOKEN_BYTES;
    if !long {
        if header - at < 12 || view.at(header)? != Some(b'.') {
            return Ok(None);
        }
        // The payload of an encrypted token may be empty; then a further part follows.
        let payload = view.run(header + 1, 4, url_safe)?;
        let further = payload == header + 1 && view.at(payload)? == Some(b'.');
        if payload - header < 5 && !further {
            return Ok(None);
        }
    }
    let mut found = Match::new(EntityType::SecretJwt, at, header, 95);
    found.tail = Tail::Token;
    Ok(Some(found))
}

/// A private key: from its `-----BEGIN … PRIVATE KEY-----` line.
pub(super) fn pem(view: View<'_>, at: usize) -> Result<Option<Match>, More> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    if view.before(at, 1) == Some(b'-') || !view.starts_with(at, BEGIN)? {
        return Ok(None);
    }
    let name = at + BEGIN.len();
    let label = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ';
    let end = view.run(name, MAX_PEM_HEADER_BYTES, label)?;
    let private = view.slice(name, end);
    let is_key = private.ends_with(b"PRIVATE KEY") || private.ends_with(b"PRIVATE KEY BLOCK");
    if !is_key || !view.starts_with(end, b"-----")? {
        return Ok(None);
    }
    let header = end + 5;
    // A mere mention of the line, as in a program that looks for it, is no key.
    if !has_pem_body(view, header)? {
        return Ok(None);
    }
    let mut found = Match::new(EntityType::SecretPemPrivateKey, at, header, 100);
    found.tail = Tail::Pem(MAX_PEM_BODY_BYTES);
    Ok(Some(found))
}

/// Whether a run of base64 begins soon after the BEGIN line: prompts, line numbers, quotes and
/// header fields may stand between.
fn has_pem_body(view: View<'_>, at: usize) -> Result<bool, More> {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut length = 0;
    for place in at..at + PEM_BODY_WITHIN_BYTES {
        let Some(byte) = view.at(place)? else { return Ok(false) };
        length = if base64(byte) { length + 1 } else { 0 };
        if length == PEM_BODY_RUN_BYTES {
            return Ok(true);
        }
        if byte == b'-' && view.starts_with(place, b"-----")? {
            return Ok(false);
        }
    }
    Ok(false)
}

/// Follows a tail from `at`: up to where everything belongs to it, and what of the tail remains
/// to be followed when more bytes have arrived.
pub(crate) fn follow(view: View<'_>, at: usize, tail: Tail) -> (usize, Tail) {
    let mut place = at;
    let mut tail = tail;
    loop {
        let step = match tail {
            Tail::None => return (place, Tail::None),
            Tail::Token => token_step(view, place),
            Tail::Password => password_step(view, place),
            Tail::Pem(left) => pem_step(view, place, left),
        };
        match step {
            Ok((next, rest)) => (place, tail) = (next, rest),
            Err(More) => return (place, tail),
        }
    }
}

fn token_step(view: View<'_>, at: usize) -> Result<(usize, Tail), More> {
    Ok(match view.at(at)? {
        Some(byte) if url_safe(byte) || byte == b'=' => (at + 1, Tail::Token),
        // A full stop at the end of a sentence is no part of the token.
        Some(b'.') if view.at(at + 1)?.is_some_and(|byte| url_safe(byte) || byte == b'.') => {
            (at + 1, Tail::Token)
        }
        _ => (at, Tail::None),
    })
}

fn password_step(view: View<'_>, at: usize) -> Result<(usize, Tail), More> {
    Ok(match view.at(at)? {
        Some(byte) if byte != b'@' && !super::net::ends_authority(byte) => (at + 1, Tail::Password),
        _ => (at, Tail::None),
    })
}

/// The body of a PEM block: everything up to its END line, whatever a tool put between its lines.
fn pem_step(view: View<'_>, at: usize, left: u32) -> Result<(usize, Tail), More> {
    let Some(byte) = view.at(at)? else { return Ok((at, Tail::None)) };
    if byte == b'-' && view.starts_with(at, b"-----END ")? {
        let label = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ';
        let end = view.run(at + 9, MAX_PEM_HEADER_BYTES, label)?;
        return Ok((view.run(end, 5, |byte| byte == b'-')?, Tail::None));
    }
    Ok(match left.checked_sub(1) {
        Some(left) => (at + 1, Tail::Pem(left)),
        None => (at, Tail::None),
    })
}
