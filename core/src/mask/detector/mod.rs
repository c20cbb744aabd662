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

use super::entity::{EntitySet, EntityType};

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

/// What starts at `at`: the longest match, of two as long the surer, of two as sure the earlier in
/// the table of types.
pub(crate) fn find(
    view: View<'_>,
    at: usize,
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
    match first {
        b'-' => take(keys::pem(view, at)?),
        b'+' => take(number::phone(view, at)?),
        b':' => {
            take(net::password(view, at)?);
            take(net::ipv6(view, at)?);
        }
        b'0'..=b'9' => {
            take(number::card(view, at)?);
            take(number::ssn(view, at, context)?);
            take(net::ipv4(view, at)?);
            take(net::ipv6(view, at)?);
            take(keys::aws_secret(view, at, context)?);
            take(net::email(view, at, memo)?);
        }
        b'A'..=b'Z' | b'a'..=b'z' => {
            take(keys::vendor(view, at)?);
            take(keys::jwt(view, at)?);
            take(keys::aws_secret(view, at, context)?);
            take(iban::iban(view, at)?);
            take(net::ipv6(view, at)?);
            take(net::email(view, at, memo)?);
        }
        b'/' => take(keys::aws_secret(view, at, context)?),
        b'_' | b'.' | b'%' | 0x80.. => take(net::email(view, at, memo)?),
        _ => {}
    }
    Ok(best)
}
