//! The only door for a signed bundle.

use std::sync::Arc;

use crate::crypto::dsse::{Envelope, EnvelopeError};
use crate::policy::bundle::Source;
use crate::policy::bundle::direction::{Loosening, loosenings};
use crate::policy::bundle::envelope::{BUNDLE_PAYLOAD_TYPE, unpack};
use crate::policy::bundle::manifest::Loosens;
use crate::policy::bundle::root::{Role, Root};
use crate::policy::bundle::trust::{Active, TrustedState};
use crate::policy::compile::{RuleSet, compile_stamped};
use crate::policy::decision::Stamp;
use crate::policy::error::CompileErrors;
use crate::policy::packs::pack_source;
use crate::primitives::{Digest, Span, Timestamp};

/// How far `sequence` may move at once without the root keys. A stolen bundle key cannot use up the
/// numbers (there are 2^53) so that no honest bundle could follow; dates and seconds still fit.
pub const MAX_SEQUENCE_JUMP: u64 = 1 << 32;

/// Why a bundle, a root document or a trusted state was refused. Whatever was in force stays so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// More bytes than a bundle may have.
    #[error("the bundle is larger than its bound")]
    TooLarge,
    /// The payload is not the canonical form of a bundle's files.
    #[error("the payload is not a packed bundle")]
    Payload,
    /// Fewer different keys of the role `bundle` signed than it takes.
    #[error("not enough keys of the role `bundle` signed")]
    Unsigned,
    /// The root document is past its expiry.
    #[error("the root document has expired")]
    RootExpired,
    /// An older root document than the one that was in use.
    #[error("the root document is older than the one in use")]
    RootRollback,
    /// Another root document of the same version.
    #[error("the root document differs from the one of the same version")]
    RootFork,
    /// The bundle was revoked.
    #[error("the bundle was revoked")]
    Revoked,
    /// A signed bundle that never expires, or has no number.
    #[error("a signed bundle needs `expires` and a `sequence` of 1 to 2^53 - 1")]
    NoFreshness,
    /// The bundle is past its expiry.
    #[error("the bundle has expired")]
    Expired,
    /// A bundle of another name than the one in force.
    #[error("the bundle has another name than the one in force")]
    Name,
    /// An older bundle than the one in force.
    #[error("the bundle is older than the one in force")]
    Rollback,
    /// Another bundle of the same sequence.
    #[error("the bundle differs from the one of the same sequence")]
    Fork,
    /// The sequence moves further than one bundle may.
    #[error("the sequence moves too far without the root keys")]
    FastForward,
    /// `previous` names another bundle than the one in force.
    #[error("`previous` names another bundle than the one in force")]
    Previous,
    /// Not proven to tighten, and fewer different keys of the role `loosen` signed than it takes.
    #[error("{} not proven to tighten, and not enough keys of the role `loosen` signed", parts(.0))]
    LoosenUnsigned(Vec<Loosening>),
    /// Not proven to tighten, and not declared in `loosens`.
    #[error("{} not proven to tighten, and `loosens` does not say so", parts(.0))]
    LoosenUndeclared(Vec<Loosening>),
    /// The trusted state is not what was written.
    #[error("the trusted state is damaged")]
    State,
    /// Not a newer list of revoked keys, signed by enough keys of the role `revoke`.
    #[error("the list of revoked keys was refused")]
    Revocation,
    /// Not a root document.
    #[error("not a root document")]
    RootForm,
    /// Fewer different root keys signed the root document than it takes.
    #[error("not enough root keys signed the root document")]
    RootUnsigned,
    /// Not the next version of the root document.
    #[error("the root document is not the next version")]
    RootVersion,
    /// The envelope was refused.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The files are signed, and do not compile.
    #[error(transparent)]
    Compile(#[from] CompileErrors),
}

fn parts(found: &[Loosening]) -> String {
    match found {
        [] => "the bundle is".to_owned(),
        [one] => format!("`{}` is", one.what),
        [one, rest @ ..] => format!("`{}` and {} more are", one.what, rest.len()),
    }
}

impl BundleError {
    /// Every code of this family with its meaning.
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("BND001", "a bundle is larger than its bound"),
        ("BND002", "a payload is not a packed bundle"),
        ("BND003", "not enough keys of the role `bundle` signed"),
        ("BND004", "the root document has expired"),
        ("BND005", "the root document is older than the one in use"),
        ("BND006", "the root document differs from the one of the same version"),
        ("BND007", "the bundle was revoked"),
        ("BND008", "a signed bundle without expiry or sequence"),
        ("BND009", "the bundle has expired"),
        ("BND010", "the bundle has another name than the one in force"),
        ("BND011", "the bundle is older than the one in force"),
        ("BND012", "the bundle differs from the one of the same sequence"),
        ("BND013", "the sequence moves too far without the root keys"),
        ("BND014", "`previous` names another bundle than the one in force"),
        ("BND015", "not proven to tighten, and not enough keys of the role `loosen` signed"),
        ("BND016", "the trusted state is damaged"),
        ("BND017", "a list of revoked keys was refused"),
        ("BND018", "not proven to tighten, and not declared in `loosens`"),
        ("BND020", "not a root document"),
        ("BND021", "not enough root keys signed the root document"),
        ("BND022", "the root document is not the next version"),
    ];

    /// The stable code; for files that do not compile the first one of these.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "BND001",
            Self::Payload => "BND002",
            Self::Unsigned => "BND003",
            Self::RootExpired => "BND004",
            Self::RootRollback => "BND005",
            Self::RootFork => "BND006",
            Self::Revoked => "BND007",
            Self::NoFreshness => "BND008",
            Self::Expired => "BND009",
            Self::Name => "BND010",
            Self::Rollback => "BND011",
            Self::Fork => "BND012",
            Self::FastForward => "BND013",
            Self::Previous => "BND014",
            Self::LoosenUnsigned(_) => "BND015",
            Self::State => "BND016",
            Self::Revocation => "BND017",
            Self::LoosenUndeclared(_) => "BND018",
            Self::RootForm => "BND020",
            Self::RootUnsigned => "BND021",
            Self::RootVersion => "BND022",
            Self::Envelope(error) => error.code(),
            Self::Compile(errors) => errors.iter().next().map_or("BND002", |error| error.code()),
        }
    }

    /// The place in a file of the bundle, where there is one.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Compile(errors) => errors.iter().next().and_then(|error| error.span()),
            Self::TooLarge
            | Self::Payload
            | Self::Unsigned
            | Self::RootExpired
            | Self::RootRollback
            | Self::RootFork
            | Self::Revoked
            | Self::NoFreshness
            | Self::Expired
            | Self::Name
            | Self::Rollback
            | Self::Fork
            | Self::FastForward
            | Self::Previous
            | Self::LoosenUnsigned(_)
            | Self::LoosenUndeclared(_)
            | Self::State
            | Self::Revocation
            | Self::RootForm
            | Self::RootUnsigned
            | Self::RootVersion
            | Self::Envelope(_) => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        let help = match self {
            Self::TooLarge => "split the bundle",
            Self::Payload => "pack the directory again with `placet bundle pack`",
            Self::Unsigned => "have more people sign with `placet bundle sign`",
            Self::RootExpired => "get the next root document",
            Self::RootRollback | Self::RootFork => "treat the root document as tampered with",
            Self::Revoked => "use a newer bundle",
            Self::NoFreshness => "set `expires` and `sequence` in bundle.toml",
            Self::Expired => "get a newer bundle, or sign one with a later `expires`",
            Self::Name => "check that this bundle is meant for here; each place has its own state",
            Self::Rollback => "to go back, sign the old content under a new `sequence`",
            Self::Fork => "two bundles were signed under one sequence: find out by whom",
            Self::FastForward => "use the next number, or have the root keys sign too",
            Self::Previous => "apply the bundles in between, or leave `previous` out",
            Self::LoosenUnsigned(_) => "have keys of the role `loosen` sign, or only tighten",
            Self::LoosenUndeclared(_) => "name it in `loosens` of bundle.toml, or only tighten",
            Self::State => "restore it from a copy; deleting it gives up rollback protection",
            Self::Revocation => "get the newest list, signed by the role `revoke`",
            Self::RootForm => "make one with `placet bundle root`",
            Self::RootUnsigned => "have more root keys sign; a rotation needs old and new ones",
            Self::RootVersion => "follow the root documents one by one",
            Self::Envelope(error) => error.help(),
            Self::Compile(errors) => errors.iter().next().map_or("", |error| error.help()),
        };
        help.to_owned()
    }
}

/// A bundle that may decide: verified, or stamped for what it is. There is no other way to one.
///
/// # Examples
/// ```
/// # use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
/// # use placet::policy::*;
/// # use placet::primitives::Timestamp;
/// let key = NamedSigningKey::new(KeyName::parse("security")?, SigningKey::from_seed(&[1; 32]));
/// let all = RoleKeys { keys: vec![key.verifying_key()], threshold: 1 };
/// let expires = Timestamp::parse("2027-01-01T00:00:00Z").unwrap();
/// let document = RootDocument {
///     version: 1, expires, root: all.clone(), bundle: all.clone(), loosen: all.clone(), revoke: all,
/// };
/// let root = Root::pin(&document.sign(&[key.key()])?)?;
///
/// let source = Source::from_files([(
///     "bundle.toml",
///     "name = \"demo\"\nsequence = 1\nexpires = 2026-12-31T00:00:00Z",
/// )]);
/// let file = envelope::sign(&source, &[key.key()])?;
/// let now = Timestamp::parse("2026-11-22T12:00:00Z").unwrap();
/// let (bundle, state) = VerifiedBundle::verify(&file, &root, Some(&TrustedState::new()), now)?;
/// assert_eq!(bundle.digest(), source.digest());
/// assert_eq!(bundle.rules().manifest().name, "demo");
/// assert_eq!(state.active().unwrap().1, 1);
///
/// let stripped = envelope::sign(&source, &[])?;
/// let error = VerifiedBundle::verify(&stripped, &root, Some(&state), now).unwrap_err();
/// assert_eq!(error.code(), "BND003");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct VerifiedBundle {
    source: Source,
    digest: Digest,
    rules: Arc<RuleSet>,
    loosened: Vec<Loosening>,
}

impl VerifiedBundle {
    /// Verifies a packed bundle: signatures, freshness, rollback, direction; then compiles it.
    ///
    /// - `root`: pinned by the caller, or reached from a pinned one by rotation.
    /// - `state`: what was kept from the last time. `None` stamps every decision
    ///   `rollback_unprotected`, and asks for the signatures of a loosening bundle, because the
    ///   direction cannot be known.
    /// - returns: the bundle, and the state to save **before** it decides anything.
    ///
    /// Fails closed: on any error the bundle in force stays, and so does the state. The clock may
    /// not go back: a `now` before the latest one in the state counts as that one.
    /// Cost: linear in the file, one signature check a pair of key and signature, one compilation.
    ///
    /// # Errors
    /// [`BundleError`], one code a reason.
    pub fn verify(
        file: &[u8],
        root: &Root,
        state: Option<&TrustedState>,
        now: Timestamp,
    ) -> Result<(Self, TrustedState), BundleError> {
        let old = state.cloned().unwrap_or_default();
        let now = old.seen.map_or(now, |seen| seen.max(now));
        let envelope = Envelope::parse(file)?;
        let has_signed =
            |role| root.has_signed(&envelope, BUNDLE_PAYLOAD_TYPE, role, &old.revoked_keys);
        // Signatures first: nothing below reads a byte that no key of ours has signed.
        if !has_signed(Role::Bundle)? {
            return Err(BundleError::Unsigned);
        }
        check_root(root, &old, now)?;
        let source = unpack(envelope.payload())?;
        let digest = source.digest();
        if old.revoked_bundles.contains(&digest) {
            return Err(BundleError::Revoked);
        }
        let stamps = state.is_none().then_some(Stamp::RollbackUnprotected);
        let rules = compile_stamped(&source, stamps)?;
        let manifest = rules.manifest();
        let Some(expires) = manifest.expires.filter(|_| manifest.sequence > 0) else {
            return Err(BundleError::NoFreshness);
        };
        if now >= expires {
            return Err(BundleError::Expired);
        }
        let loosened = match &old.active {
            Some(active) if active.name != manifest.name => return Err(BundleError::Name),
            Some(active) if manifest.sequence < active.sequence => {
                return Err(BundleError::Rollback);
            }
            Some(active) if manifest.sequence == active.sequence => {
                if digest != active.digest {
                    return Err(BundleError::Fork);
                }
                // The bundle in force, read once more: its direction was judged when it came.
                Vec::new()
            }
            Some(active) => {
                check_jump(active.sequence, manifest.sequence, has_signed)?;
                if manifest.previous.is_some_and(|previous| previous != active.digest) {
                    return Err(BundleError::Previous);
                }
                let found = loosenings(&active.source, &source);
                if !found.is_empty() && !has_signed(Role::Loosen)? {
                    return Err(BundleError::LoosenUnsigned(found));
                }
                let undeclared = manifest.loosens.undeclared(&found);
                if !undeclared.is_empty() {
                    return Err(BundleError::LoosenUndeclared(undeclared));
                }
                found
            }
            None => {
                check_jump(0, manifest.sequence, has_signed)?;
                // Against nothing at all, every rule that grants loosens.
                if !has_signed(Role::Loosen)? {
                    return Err(BundleError::LoosenUnsigned(Vec::new()));
                }
                Vec::new()
            }
        };
        let new = TrustedState {
            root: Some((root.version(), root.digest())),
            seen: Some(now),
            active: Some(Active {
                name: manifest.name.clone(),
                sequence: manifest.sequence,
                digest,
                source: source.clone(),
            }),
            ..old
        };
        Ok((Self { source, digest, rules: Arc::new(rules), loosened }, new))
    }

    /// Takes a bundle without a signature, for development: every decision is stamped `unsigned`.
    ///
    /// # Errors
    /// [`BundleError::Compile`] with every problem of the files.
    pub fn unsigned(source: Source) -> Result<Self, BundleError> {
        let rules = Arc::new(compile_stamped(&source, [Stamp::Unsigned])?);
        Ok(Self { digest: source.digest(), source, rules, loosened: Vec::new() })
    }

    /// A pack that ships with the library, of which every byte is part of the library. Its digest
    /// is pinned by a test; its decisions bear no stamp. `None` for a name that is no pack.
    ///
    /// # Errors
    /// [`BundleError::Compile`]: none for the packs as shipped; the type keeps the door closed if
    /// one were broken.
    ///
    /// # Examples
    /// ```
    /// # use placet::policy::VerifiedBundle;
    /// let baseline = VerifiedBundle::shipped("baseline").unwrap()?;
    /// assert_eq!(baseline.rules().manifest().name, "baseline");
    /// assert!(VerifiedBundle::shipped("none").is_none());
    /// # Ok::<(), placet::policy::BundleError>(())
    /// ```
    #[must_use]
    pub fn shipped(name: &str) -> Option<Result<Self, BundleError>> {
        let source = pack_source(name)?;
        Some(compile_stamped(&source, []).map_err(BundleError::from).map(|rules| Self {
            digest: source.digest(),
            source,
            rules: Arc::new(rules),
            loosened: Vec::new(),
        }))
    }

    /// The rules, ready to decide.
    #[must_use]
    pub const fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// The files.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// SHA-256 over the packed payload: the same for a directory and its packed form.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What of the change to the bundle before is not proven to tighten: for the log.
    #[must_use]
    pub fn loosened(&self) -> &[Loosening] {
        &self.loosened
    }
}

fn check_root(root: &Root, old: &TrustedState, now: Timestamp) -> Result<(), BundleError> {
    if let Some((version, digest)) = old.root {
        if root.version() < version {
            return Err(BundleError::RootRollback);
        }
        if root.version() == version && root.digest() != digest {
            return Err(BundleError::RootFork);
        }
    }
    if now >= root.expires() { Err(BundleError::RootExpired) } else { Ok(()) }
}

fn check_jump(
    from: u64,
    to: u64,
    has_signed: impl Fn(Role) -> Result<bool, BundleError>,
) -> Result<(), BundleError> {
    // The largest number that every JSON reader keeps exactly; nothing could follow it.
    if to >= 1 << 53 {
        return Err(BundleError::NoFreshness);
    }
    if to.saturating_sub(from) <= MAX_SEQUENCE_JUMP || has_signed(Role::Root)? {
        Ok(())
    } else {
        Err(BundleError::FastForward)
    }
}

impl Loosens {
    /// What of these loosenings the bundle does not own up to.
    fn undeclared(&self, found: &[Loosening]) -> Vec<Loosening> {
        match self {
            Self::Anything => Vec::new(),
            Self::Named(names) => {
                found.iter().filter(|part| !names.contains(&part.what)).cloned().collect()
            }
        }
    }
}
