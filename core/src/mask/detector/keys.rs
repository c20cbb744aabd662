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
const AWS_SECRET_BYTES: usize = 40;

/// Words that make forty mixed characters an AWS secret access key.
const AWS_WORDS: &[&str] = &["aws", "secret", "amazon"];

/// Bytes of a PEM header line.
const MAX_PEM_HEADER_BYTES: usize = 96;

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
    let mut found = Match::new(EntityType::SecretPemPrivateKey, at, end + 5, 100);
    found.tail = Tail::Pem;
    Ok(Some(found))
}

/// How far a tail reaches from `at`.
pub(crate) enum TailEnd {
    /// It ends here.
    Here(usize),
    /// Everything up to here belongs to it, and more may follow.
    Beyond(usize),
}

/// Follows a tail from `at` through the bytes that have arrived.
pub(crate) fn follow(view: View<'_>, at: usize, tail: Tail) -> TailEnd {
    let mut place = at;
    loop {
        let step = match tail {
            Tail::None => return TailEnd::Here(place),
            Tail::Token => token_step(view, place),
            Tail::Pem => pem_step(view, place),
        };
        match step {
            Ok(Step::On(next)) => place = next,
            Ok(Step::End(end)) => return TailEnd::Here(end),
            Err(More) => return TailEnd::Beyond(place),
        }
    }
}

enum Step {
    On(usize),
    End(usize),
}

fn token_step(view: View<'_>, at: usize) -> Result<Step, More> {
    Ok(match view.at(at)? {
        Some(byte) if url_safe(byte) || byte == b'=' => Step::On(at + 1),
        // A full stop at the end of a sentence is no part of the token.
        Some(b'.') if view.at(at + 1)?.is_some_and(|byte| url_safe(byte) || byte == b'.') => {
            Step::On(at + 1)
        }
        _ => Step::End(at),
    })
}

/// The body of a PEM block: base64, blanks, escapes for line ends, header fields (RFC 1421).
fn pem_step(view: View<'_>, at: usize) -> Result<Step, More> {
    let Some(byte) = view.at(at)? else { return Ok(Step::End(at)) };
    if byte == b'-' && view.starts_with(at, b"-----END ")? {
        let name = at + 9;
        let label = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ';
        let end = view.run(name, MAX_PEM_HEADER_BYTES, label)?;
        return Ok(Step::End(view.run(end, 5, |byte| byte == b'-')?));
    }
    let belongs = byte.is_ascii_alphanumeric()
        || byte.is_ascii_whitespace()
        || b"+/=\\:,-.()".contains(&byte);
    Ok(if belongs { Step::On(at + 1) } else { Step::End(at) })
}
