//! From a name, a directory or a packed file to a bundle that may decide.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use placet::engine;
use placet::limits::MAX_BUNDLE_BYTES;
use placet::policy::{self, BundleError, Root, Source, VerifiedBundle};
use placet::primitives::Timestamp;
use placet_store::{StateFile, TrustError};

use crate::error::GuardError;

/// Bytes of one file that is read whole.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The place of the trusted state in its file: one file serves one door.
pub const STATE_SLOT: &str = "bundle";

/// Where a bundle stands, and what makes it trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BundleFrom {
    /// A pack that is embedded, by its name.
    Shipped(String),
    /// A directory: unsigned, for development; every decision is stamped so.
    Directory(PathBuf),
    /// A packed and signed file.
    Packed {
        /// The file.
        file: PathBuf,
        /// The pinned root document.
        root: PathBuf,
        /// The rollback state; without it decisions are stamped `rollback_unprotected`.
        state: Option<PathBuf>,
    },
}

impl BundleFrom {
    /// What a name means: a shipped pack first (a directory that an agent makes must not take its
    /// place), then a directory, then a packed file, which needs its root.
    ///
    /// # Errors
    /// `API013` where nothing stands there, `API015` for a packed file without a root.
    ///
    /// # Examples
    /// ```
    /// use placet_guard::BundleFrom;
    /// let baseline = BundleFrom::named("baseline", None, None)?;
    /// assert_eq!(baseline, BundleFrom::Shipped("baseline".into()));
    /// assert_eq!(BundleFrom::named("no-such-thing", None, None).unwrap_err().code(), "API013");
    /// # Ok::<(), placet_guard::GuardError>(())
    /// ```
    pub fn named(
        name: &str,
        root: Option<&Path>,
        state: Option<&Path>,
    ) -> Result<Self, GuardError> {
        if policy::PACKS.contains(&name) {
            return Ok(Self::Shipped(name.to_owned()));
        }
        let path = Path::new(name);
        if path.is_dir() {
            return Ok(Self::Directory(path.to_owned()));
        }
        if !path.is_file() {
            let help =
                format!("give a directory, a packed file, or a pack: {}", policy::PACKS.join(", "));
            return Err(GuardError::new("API013", "no bundle stands there", help).in_file(name));
        }
        let root = root.ok_or_else(|| {
            let help = "pin its root: a document of `placet bundle root`";
            GuardError::new("API015", "a packed bundle needs a root", help).in_file(name)
        })?;
        Ok(Self::Packed {
            file: path.to_owned(),
            root: root.to_owned(),
            state: state.map(Path::to_owned),
        })
    }

    /// Reads the bundle, verifies it, and runs its own examples; the rollback state is kept before
    /// it decides anything.
    ///
    /// # Errors
    /// Whatever refuses it; the state is then what it was.
    pub fn open(&self, now: Timestamp) -> Result<VerifiedBundle, GuardError> {
        match self {
            Self::Shipped(name) => match VerifiedBundle::shipped(name) {
                Some(bundle) => bundle.map_err(GuardError::from),
                None => Err(GuardError::new(
                    "API013",
                    "no pack has this name",
                    format!("use one of: {}", policy::PACKS.join(", ")),
                )
                .in_file(name)),
            },
            Self::Directory(dir) => unsigned(&read_directory(dir)?),
            Self::Packed { file, root, state } => verify(file, root, state.as_deref(), now),
        }
    }
}

/// A directory's bundle, for development: its decisions are stamped.
///
/// # Errors
/// Every problem of the bundle at once.
pub fn unsigned(source: &Source) -> Result<VerifiedBundle, GuardError> {
    match VerifiedBundle::unsigned(source.clone()) {
        Ok(bundle) => keeps_its_word(&bundle).map(|()| bundle),
        Err(BundleError::Compile(errors)) => {
            Err(GuardError::problems_of(source, errors.iter().cloned().collect()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Verifies a packed bundle against its root, and keeps the state before it decides anything.
fn verify(
    file: &Path,
    root: &Path,
    state: Option<&Path>,
    now: Timestamp,
) -> Result<VerifiedBundle, GuardError> {
    let root = Root::pin(&read(root)?)
        .map_err(|error| GuardError::from(error).in_file(root.display().to_string()))?;
    let shown = file.display().to_string();
    let bytes = read(file)?;
    let Some(state) = state else {
        let (bundle, _) = VerifiedBundle::verify(&bytes, &root, None, now)
            .map_err(|error| GuardError::from(error).in_file(shown))?;
        return keeps_its_word(&bundle).map(|()| bundle);
    };
    let state = StateFile::new(state);
    placet_store::verify_bundle(&state, STATE_SLOT, &bytes, &root, now, |bundle| {
        keeps_its_word(bundle).map_err(Refusal::Word)
    })
    .map_err(|refusal| match refusal {
        Refusal::Word(error) => error,
        Refusal::Trust(TrustError::Bundle(error)) => GuardError::from(error).in_file(shown),
        Refusal::Trust(error) => error.into(),
    })
}

/// Why a bundle is not taken: what it holds, or what it is signed with.
enum Refusal {
    Word(GuardError),
    Trust(TrustError),
}

impl From<TrustError> for Refusal {
    fn from(error: TrustError) -> Self {
        Self::Trust(error)
    }
}

/// Refuses a bundle that breaks its own examples.
fn keeps_its_word(bundle: &VerifiedBundle) -> Result<(), GuardError> {
    let problems = engine::check(bundle.rules());
    if problems.is_empty() {
        return Ok(());
    }
    Err(GuardError::problems_of(bundle.source(), problems))
}

/// The bundle in a directory: its `.toml` files by relative path with forward slashes. Hidden files
/// and directories are left out.
///
/// Whatever looks like a part of the bundle is taken or refused, never passed over: a rule file
/// that nobody reads is a rule that nobody applies. Links may only lead to files of the same
/// directory (mounted configuration does so), because complaints show lines of what they read.
///
/// # Errors
/// `API003`, `API004`, `API018`, `LIM002`.
pub fn read_directory(dir: &Path) -> Result<Source, GuardError> {
    let home = dir.canonicalize().map_err(|error| cannot_read(dir, &error))?;
    let mut files = BTreeMap::new();
    let mut bytes = 0;
    let mut open = vec![(dir.to_owned(), String::new())];
    while let Some((next, prefix)) = open.pop() {
        for entry in std::fs::read_dir(&next).map_err(|error| cannot_read(&next, &error))? {
            let entry = entry.map_err(|error| cannot_read(&next, &error))?;
            let (path, name) = (entry.path(), entry.file_name());
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let kind = entry.file_type().map_err(|error| cannot_read(&path, &error))?;
            let is_toml = path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("toml"));
            let leads_to_dir = kind.is_symlink() && path.is_dir();
            if !is_toml && !kind.is_dir() && !leads_to_dir {
                continue;
            }
            let plain = |c: char| !c.is_control() && c != '\\';
            let Some(name) = name.to_str().filter(|name| name.chars().all(plain)) else {
                return Err(no_part(&path, "use letters, digits, `_`, `-` and `.` in names"));
            };
            let inside = || path.canonicalize().is_ok_and(|target| target.starts_with(&home));
            if kind.is_dir() {
                open.push((path, format!("{prefix}{name}/")));
            } else if leads_to_dir || !path.is_file() || (kind.is_symlink() && !inside()) {
                return Err(no_part(&path, "put the file itself there; links stay inside"));
            } else {
                let text = String::from_utf8(read(&path)?).map_err(|_| {
                    GuardError::new("API004", "the file is not UTF-8 text", "save it as UTF-8")
                        .in_file(path.display().to_string())
                })?;
                bytes += text.len();
                if bytes > MAX_BUNDLE_BYTES {
                    let message = format!("the bundle is longer than {MAX_BUNDLE_BYTES} bytes");
                    let error = GuardError::new("LIM002", message, "split it");
                    return Err(error.in_file(dir.display().to_string()));
                }
                files.insert(format!("{prefix}{name}"), text);
            }
        }
    }
    Ok(Source::from_files(files))
}

fn no_part(path: &Path, help: &'static str) -> GuardError {
    let message = "a bundle directory holds files and directories with plain names";
    GuardError::new("API018", message, help).in_file(path.display().to_string())
}

/// The whole of a file.
///
/// # Errors
/// `API003`, `LIM002`.
pub fn read(path: &Path) -> Result<Vec<u8>, GuardError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| cannot_read(path, &error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let message = format!("the file is longer than {MAX_FILE_BYTES} bytes");
        return Err(
            GuardError::new("LIM002", message, "split it").in_file(path.display().to_string())
        );
    }
    Ok(bytes)
}

/// The complaint for a file that cannot be read.
#[must_use]
pub fn cannot_read(path: &Path, error: &io::Error) -> GuardError {
    GuardError::new("API003", format!("cannot read: {error}"), "check the path and its permissions")
        .in_file(path.display().to_string())
}
