//! What a guard is opened with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use placet::crypto::NamedSigningKey;
use placet::engine::Enforcement;
use placet::mask::HashKey;
use placet::schema::Catalog;
use placet_store::Durability;

use crate::bundle::BundleFrom;
use crate::error::GuardError;

/// Where the log stands, who writes it, and the root key that certifies its epochs.
pub struct AuditOptions {
    /// The directory of all writers.
    pub dir: PathBuf,
    /// This writer: one for each process that writes at the same time.
    pub writer: String,
    /// The root key; used when the log is opened, and not kept.
    pub key: NamedSigningKey,
    /// What stands behind an acknowledgement.
    pub durability: Durability,
    /// How long signatures may wait; `None` signs each group before it is acknowledged. See
    /// [`LogOptions::sign_within`](placet_store::LogOptions::sign_within).
    pub sign_within: Option<Duration>,
    /// How often at least something is logged.
    pub cadence: Duration,
}

impl AuditOptions {
    /// A durable log that says at least once a minute that it lives.
    #[must_use]
    pub fn new(dir: &Path, writer: &str, key: NamedSigningKey) -> Self {
        Self {
            dir: dir.to_owned(),
            writer: writer.to_owned(),
            key,
            durability: Durability::Durable,
            sign_within: None,
            cadence: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for AuditOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditOptions")
            .field("dir", &self.dir)
            .field("writer", &self.writer)
            .field("durability", &self.durability)
            .field("sign_within", &self.sign_within)
            .finish_non_exhaustive()
    }
}

/// What a guard is opened with: a bundle, and what stands around it.
///
/// # Examples
/// ```
/// use placet_guard::{Guard, Options};
/// let guard = Guard::open(Options::shipped("baseline"))?;
/// assert!(guard.bundle_digest().to_string().starts_with("sha256:"));
/// # Ok::<(), placet_guard::GuardError>(())
/// ```
#[derive(Debug)]
pub struct Options {
    pub(crate) bundle: BundleFrom,
    pub(crate) catalog: Option<Catalog>,
    pub(crate) audit: Option<AuditOptions>,
    pub(crate) approvals: Option<PathBuf>,
    pub(crate) enforcement: Enforcement,
    pub(crate) hash_key: Option<HashKey>,
}

impl Options {
    /// A guard under this bundle, in the agent's own process, without log and approvals.
    #[must_use]
    pub const fn new(bundle: BundleFrom) -> Self {
        Self {
            bundle,
            catalog: None,
            audit: None,
            approvals: None,
            enforcement: Enforcement::InProcess,
            hash_key: None,
        }
    }

    /// [`new`](Self::new) with an embedded pack.
    #[must_use]
    pub fn shipped(name: &str) -> Self {
        Self::new(BundleFrom::Shipped(name.to_owned()))
    }

    /// [`new`](Self::new) with a bundle directory: unsigned, for development.
    #[must_use]
    pub fn directory(dir: &Path) -> Self {
        Self::new(BundleFrom::Directory(dir.to_owned()))
    }

    /// [`new`](Self::new) with a packed, signed bundle.
    #[must_use]
    pub fn packed(file: &Path, root: &Path, state: Option<&Path>) -> Self {
        Self::new(BundleFrom::Packed {
            file: file.to_owned(),
            root: root.to_owned(),
            state: state.map(Path::to_owned),
        })
    }

    /// [`new`](Self::new) with what a name means; see [`BundleFrom::named`].
    ///
    /// # Errors
    /// As [`BundleFrom::named`].
    pub fn named(
        name: &str,
        root: Option<&Path>,
        state: Option<&Path>,
    ) -> Result<Self, GuardError> {
        BundleFrom::named(name, root, state).map(Self::new)
    }

    /// The names of the database that commands speak of.
    #[must_use]
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = Some(catalog);
        self
    }

    /// Logs every decision before it takes effect.
    #[must_use]
    pub fn audit(mut self, audit: AuditOptions) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Keeps held requests in this directory, where `placet approve` finds them. Needs a log.
    #[must_use]
    pub fn approvals(mut self, dir: &Path) -> Self {
        self.approvals = Some(dir.to_owned());
        self
    }

    /// Who enforces, for the log.
    #[must_use]
    pub const fn enforcement(mut self, enforcement: Enforcement) -> Self {
        self.enforcement = enforcement;
        self
    }

    /// The key of classes that are hashed; without it they are redacted.
    #[must_use]
    pub fn hash_key(mut self, key: HashKey) -> Self {
        self.hash_key = Some(key);
        self
    }
}
