//! Detectors: one file a family. Each looks at one place and says what starts there.

mod context;
mod iban;
mod keys;
mod net;
mod number;
mod view;

pub use context::Context;
pub(crate) use keys::follow;
pub(crate) use net::Memo;
pub(crate) use view::{More, View};

use super::entity::{EntitySet, EntityType, EntityType as Kind};

/// Bytes before a value in which words that speak for it are looked for.
const CONTEXT_BYTES: usize = 64;

/// Bytes that a detector may look at before a place: the user and the scheme of a URL.
pub(crate) const LOOK_BEHIND_BYTES: usize = 320;

/// Bytes that follow a match of unknown length and belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// The match is over.
    None,
    /// The rest of a token: letters, digits, `-`, `_`, `.`, `=`.
    Token,
    /// The body of a PEM block, up to and with its END line; so many bytes at most.
    Pem(u32),
    /// The rest of a password in a URL, up to the end of the authority.
    Password,
}

/// Something that starts at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) kind: EntityType,
    /// First byte that is masked; bytes between the place and it stay.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) score: u8,
    pub(crate) tail: Tail,
}

impl Match {
    pub(crate) const fn new(kind: EntityType, start: usize, end: usize, score: u8) -> Self {
        Self { kind, start, end, score, tail: Tail::None }
    }
}

/// What is known of the field around a place, so that detectors which cannot match are not asked.
/// It never changes an answer: the reference knows nothing and must agree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Whether an `@` may stand in it.
    pub(crate) at_sign: bool,
    /// Whether a `:` may stand in it.
    pub(crate) colon: bool,
    /// Where it ends, as far as that is known.
    pub(crate) end: usize,
}

impl Field {
    /// Nothing is known.
    pub(crate) const UNKNOWN: Self = Self { at_sign: true, colon: true, end: usize::MAX };
}

/// What starts at `at`: the longest match, of two as long the surer, of two as sure the earlier in
/// the table of types.
pub(crate) fn find(
    view: View<'_>,
    at: usize,
    field: Field,
    context: &Context<'_>,
    wanted: EntitySet,
    memo: &mut Memo,
) -> Result<Option<Match>, More> {
    let Some(first) = view.at(at)? else { return Ok(None) };
    let mut best: Option<Match> = None;
    let mut take = |candidate: Option<Match>| {
        let Some(new) = candidate.filter(|found| wanted.contains(found.kind)) else { return };
        let better = best.is_none_or(|old| {
            (new.end, new.score).cmp(&(old.end, old.score)).then(old.kind.cmp(&new.kind)).is_gt()
        });
        if better {
            best = Some(new);
        }
    };
    // What nobody wants is not looked for; `take` would throw it away.
    let want = |kind| wanted.contains(kind);
    match first {
        b'-' if want(Kind::SecretPemPrivateKey) => take(keys::pem(view, at)?),
        b'+' if want(Kind::PhoneNumber) => take(number::phone(view, at)?),
        b':' => {
            if want(Kind::SecretUrlCredentials) {
                if view.starts_with(at, b"://")? {
                    memo.note_url(at);
                }
                if memo.is_url_near(at) {
                    take(net::password(view, at)?);
                }
            }
            if want(Kind::IpAddress) && view.at(at + 1)? == Some(b':') {
                take(net::ipv6(view, at)?);
            }
        }
        b'0'..=b'9' => {
            let end = view.run(at, number::MAX_RUN_DIGITS, |byte| byte.is_ascii_digit())?;
            let run = number::Run { digits: end - at, next: view.at(end)? };
            if want(Kind::CreditCard)
                && run.may_be_card()
                && (run.digits >= 12 || number::goes_on(view, end + 1)?)
            {
                take(number::card(view, at)?);
            }
            if want(Kind::UsSsn) && run.may_be_ssn() {
                take(number::ssn(view, at, context)?);
            }
            let address = want(Kind::IpAddress);
            if address && run.digits <= 3 && run.next == Some(b'.') {
                take(net::ipv4(view, at)?);
            }
            if address && field.colon && run.digits <= 4 {
                take(net::ipv6(view, at)?);
            }
        }
        b'A'..=b'Z' | b'a'..=b'z' => {
            if keys::may_start_token(first) {
                if wanted.intersects(EntitySet::VENDOR_KEYS) {
                    take(keys::vendor(view, at)?);
                }
                if want(Kind::SecretJwt) {
                    take(keys::jwt(view, at)?);
                }
            }
            if want(Kind::IbanCode) {
                take(iban::iban(view, at)?);
            }
            if want(Kind::IpAddress) && field.colon && first.is_ascii_hexdigit() {
                take(net::ipv6(view, at)?);
            }
        }
        _ => {}
    }
    let word = first.is_ascii_alphanumeric();
    if want(Kind::SecretAwsSecretAccessKey)
        && (word || first == b'/')
        && keys::AWS_SECRET_BYTES <= field.end.saturating_sub(at)
    {
        take(keys::aws_secret(view, at, context)?);
    }
    if want(Kind::EmailAddress)
        && field.at_sign
        && (word || matches!(first, b'_' | b'.' | b'%' | 0x80..))
    {
        take(net::email(view, at, memo)?);
    }
    Ok(best)
}
