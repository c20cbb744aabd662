//! Held requests on disk: a directory a ticket, written so that several processes can share it.
//!
//! ```text
//! DIR/<ticket>/request.json       the request: raw command and salt in clear, mode 0600
//! DIR/<ticket>/answer-<hash>.json one signed statement each; people do not overwrite each other
//! DIR/<ticket>/settled.json       how it ended; made once, and what decides single use
//! ```
//! The gateway holds and resumes; `placet approve` answers from another process. Nothing in the
//! directory is believed: answers count by their signatures, and keys come from the bundle.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use placet::approval::{
    ApprovalError, ApprovalRequest, Closing, ConsumeError, Consumed, Hold, HoldState, MAX_ANSWERS,
    ReplayStore, Roster, SignedStatement, Ticket, comment_hash,
};
use placet::crypto::{json::parse_strict_within, sha256};
use placet::primitives::Timestamp;
use serde_json::{Value, json};

use crate::error::StoreError;
use crate::files::{create, create_private_dir, read_regular, sync_dir};

/// Bytes of a stored request: the largest command in base64, its parameters and its context.
const MAX_REQUEST_BYTES: u64 = 8 * 1024 * 1024;

/// Bytes of a stored answer: a statement and a comment.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Answers in one directory, with those that will be refused.
const MAX_ANSWER_FILES: usize = 4 * MAX_ANSWERS;

/// Why the store refused. Nothing may run then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalStoreError {
    /// The request, an answer or the ticket itself.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// A file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ApprovalStoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Approval(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Approval(error) => error.help(),
            Self::Store(error) => error.help(),
        }
    }
}

/// A directory of held requests.
///
/// Fails closed: a file that cannot be read, or that is not what was written, is an error, and
/// nothing runs. Anyone who can write into the directory can deny and can spoil; nobody can approve
/// who has no key of the bundle, and nobody can use an approval twice without deleting files.
///
/// # Examples
/// ```
/// # use placet::approval::Ticket;
/// # use placet_store::ApprovalStore;
/// # let dir = tempfile::tempdir().unwrap();
/// let store = ApprovalStore::open(&dir.path().join("approvals"))?;
/// assert!(store.tickets()?.is_empty());
/// let error = store.request(Ticket::from_bytes([7; 16])).unwrap_err();
/// assert_eq!(error.code(), "APR018");
/// # Ok::<(), placet_store::ApprovalStoreError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ApprovalStore {
    dir: PathBuf,
}

/// An answer as it lies in the store. Unproved. `Debug` shows the comment's length only.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The statement.
    pub signed: SignedStatement,
    /// The approver's comment, which is not in the log.
    pub comment: Option<String>,
}

impl fmt::Debug for StoredAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredAnswer")
            .field("signed", &self.signed)
            .field("comment_bytes", &self.comment.as_ref().map(String::len))
            .finish()
    }
}

impl ApprovalStore {
    /// The store in this directory, which is made for the owner only if it does not stand.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        create_private_dir(dir).map_err(|error| StoreError::file(dir, error))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Keeps a request. Durable when it returns.
    ///
    /// # Errors
    /// [`StoreError::Exists`] for a ticket that was used before, [`StoreError::File`].
    pub fn insert(&self, request: &ApprovalRequest) -> Result<(), StoreError> {
        let path = self.path(request.ticket());
        // Not recursive: a ticket that stands already is an error, never taken over.
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(&path).map_err(|error| StoreError::file(&path, error))?;
        create(&path.join(REQUEST), &request.to_stored())?;
        sync_dir(&self.dir).map_err(|error| StoreError::file(&self.dir, error))
    }

    /// The request of a ticket.
    ///
    /// # Errors
    /// [`ApprovalError::UnknownTicket`], [`ApprovalError::Damaged`], [`StoreError::File`].
    pub fn request(&self, ticket: Ticket) -> Result<ApprovalRequest, ApprovalStoreError> {
        let path = self.path(ticket).join(REQUEST);
        let bytes = zeroize::Zeroizing::new(
            read_regular(&path, MAX_REQUEST_BYTES).map_err(unknown_if_missing)?,
        );
        let request = ApprovalRequest::from_stored(&bytes)?;
        if request.ticket() == ticket { Ok(request) } else { Err(ApprovalError::Damaged.into()) }
    }

    /// Tickets of requests that are neither used nor closed, in order of the tickets.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn tickets(&self) -> Result<Vec<Ticket>, StoreError> {
        let failed = |error| StoreError::file(&self.dir, error);
        let mut tickets = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let Some(Ok(ticket)) = name.to_str().map(Ticket::parse) else { continue };
            let path = self.path(ticket);
            if path.join(REQUEST).exists() && !path.join(SETTLED).exists() {
                tickets.push(ticket);
            }
        }
        tickets.sort();
        Ok(tickets)
    }

    /// Adds an answer for the gateway to find. The same answer twice is one.
    ///
    /// # Errors
    /// [`ApprovalError::UnknownTicket`], [`ApprovalError::Consumed`] for a request that is settled,
    /// [`StoreError::File`].
    pub fn answer(&self, ticket: Ticket, answer: &StoredAnswer) -> Result<(), ApprovalStoreError> {
        self.request(ticket)?;
        if let Some(error) = self.settled(ticket)? {
            return Err(error.into());
        }
        let signed: Value = serde_json::from_slice(&answer.signed.to_json())
            .map_err(|_| ApprovalError::Malformed)?;
        let bytes = json!({ "comment": answer.comment, "signed": signed }).to_string();
        if bytes.len() > MAX_ANSWER_BYTES {
            return Err(ApprovalError::Malformed.into());
        }
        let hash: String =
            sha256(bytes.as_bytes()).as_bytes().iter().map(|b| format!("{b:02x}")).collect();
        match create(&self.path(ticket).join(format!("{ANSWER}{hash}.json")), bytes.as_bytes()) {
            Ok(()) | Err(StoreError::Exists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for a request: the hold that the gateway keeps while people answer.
    ///
    /// # Errors
    /// As [`request`](Self::request); [`ApprovalError::Denied`], [`ApprovalError::Expired`] or
    /// [`ApprovalError::Consumed`] for one that is settled; [`ApprovalError::UnknownSpec`].
    pub fn wait(&self, ticket: Ticket, roster: Arc<Roster>) -> Result<Waiting, ApprovalStoreError> {
        let request = self.request(ticket)?;
        if let Some(error) = self.settled(ticket)? {
            return Err(error.into());
        }
        Ok(Waiting { hold: Hold::new(request, roster)?, seen: BTreeSet::new() })
    }

    /// Closes a request without a run. One that is settled already stays as it is.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn close(&self, ticket: Ticket, outcome: Closing) -> Result<(), StoreError> {
        let bytes = json!({ "outcome": outcome }).to_string();
        match create(&self.path(ticket).join(SETTLED), bytes.as_bytes()) {
            Ok(()) | Err(StoreError::Exists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes the command, its salt and the comments of a settled request; the mark that it was
    /// settled stays. Bytes may remain on the medium until it overwrites them.
    ///
    /// # Errors
    /// [`ApprovalError::Pending`] for a request that is not settled; [`StoreError::File`].
    pub fn erase(&self, ticket: Ticket) -> Result<(), ApprovalStoreError> {
        if self.settled(ticket)?.is_none() {
            return Err(ApprovalError::Pending.into());
        }
        let path = self.path(ticket);
        let mut files = self.answer_files(ticket)?;
        files.insert(REQUEST.to_owned());
        for name in files {
            match fs::remove_file(path.join(&name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::file(&path.join(name), error).into());
                }
                Ok(()) | Err(_) => {}
            }
        }
        sync_dir(&path).map_err(|error| StoreError::file(&path, error).into())
    }

    /// Why a settled request can go no further; `None` while it is open.
    fn settled(&self, ticket: Ticket) -> Result<Option<ApprovalError>, StoreError> {
        let bytes = match read_regular(&self.path(ticket).join(SETTLED), MAX_REQUEST_BYTES) {
            Ok(bytes) => bytes,
            Err(StoreError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        // The mark alone settles it; an unreadable one counts as used.
        Ok(Some(match value.get("outcome").and_then(Value::as_str) {
            Some("denied") => ApprovalError::Denied,
            Some("expired" | "withdrawn") => ApprovalError::Expired,
            Some("void") => ApprovalError::NowStricter,
            Some(_) | None => ApprovalError::Consumed,
        }))
    }

    fn answer_files(&self, ticket: Ticket) -> Result<BTreeSet<String>, ApprovalStoreError> {
        let path = self.path(ticket);
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&path).map_err(|error| StoreError::file(&path, error))? {
            let name = entry.map_err(|error| StoreError::file(&path, error))?.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with(ANSWER)) else {
                continue;
            };
            names.insert(name.to_owned());
            if names.len() > MAX_ANSWER_FILES {
                return Err(ApprovalError::TooManyAnswers.into());
            }
        }
        Ok(names)
    }

    fn read_answer(&self, ticket: Ticket, name: &str) -> Result<StoredAnswer, ApprovalStoreError> {
        let bytes = read_regular(&self.path(ticket).join(name), MAX_ANSWER_BYTES as u64)?;
        let malformed = |_| ApprovalError::Malformed;
        let mut value = parse_strict_within(&bytes, MAX_ANSWER_BYTES, 12)
            .map_err(|_| ApprovalError::Malformed)?;
        let signed = value.get_mut("signed").map(Value::take).unwrap_or_default();
        let signed = SignedStatement::parse(&serde_json::to_vec(&signed).map_err(malformed)?)?;
        let comment = value.get("comment").and_then(Value::as_str).map(str::to_owned);
        Ok(StoredAnswer { signed, comment })
    }

    fn path(&self, ticket: Ticket) -> PathBuf {
        // A ticket is 32 hexadecimal digits and nothing else, so it cannot leave the directory.
        self.dir.join(ticket.to_string())
    }
}

impl ReplayStore for ApprovalStore {
    fn consume(&self, receipt: &Consumed) -> Result<(), ConsumeError> {
        let bytes = serde_json::to_vec(&json!({ "outcome": "consumed", "receipt": receipt }))
            .map_err(|_| ConsumeError::Unavailable)?;
        match create(&self.path(receipt.ticket).join(SETTLED), &bytes) {
            Ok(()) => Ok(()),
            Err(StoreError::Exists { .. }) => Err(ConsumeError::Settled),
            // Also when the mark stands and only its durability is in doubt: it stays used.
            Err(_) => Err(ConsumeError::Unavailable),
        }
    }
}

/// A hold that is fed from the store.
#[derive(Debug)]
pub struct Waiting {
    hold: Hold,
    seen: BTreeSet<String>,
}

/// What became of one answer.
#[derive(Debug)]
pub struct Polled {
    /// The answer; `None` where the file holds none.
    pub answer: Option<StoredAnswer>,
    /// How the request stands with it, or why it was refused.
    pub result: Result<HoldState, ApprovalStoreError>,
}

impl Waiting {
    /// Takes the answers that came since the last call, and says how the request stands.
    ///
    /// Log every counted answer; a refused one is worth a finding. A denied or expired request is
    /// closed in the store, so that it stays so.
    ///
    /// # Errors
    /// [`StoreError::File`], [`ApprovalError::TooManyAnswers`]. Nothing may run then.
    pub fn poll(
        &mut self,
        store: &ApprovalStore,
        now: Timestamp,
    ) -> Result<(HoldState, Vec<Polled>), ApprovalStoreError> {
        let ticket = self.hold.request().ticket();
        let mut polled = Vec::new();
        for name in store.answer_files(ticket)? {
            if !self.seen.insert(name.clone()) {
                continue;
            }
            match store.read_answer(ticket, &name) {
                Ok(answer) => {
                    let result = self.take(&answer, now).map_err(ApprovalStoreError::from);
                    polled.push(Polled { answer: Some(answer), result });
                }
                Err(error) => polled.push(Polled { answer: None, result: Err(error) }),
            }
        }
        let state = self.hold.state(now);
        match state {
            HoldState::Denied => store.close(ticket, Closing::Denied)?,
            HoldState::Expired => store.close(ticket, Closing::Expired)?,
            HoldState::Pending | HoldState::Approved => {}
        }
        Ok((state, polled))
    }

    fn take(&mut self, answer: &StoredAnswer, now: Timestamp) -> Result<HoldState, ApprovalError> {
        let salt = self.hold.request().salt();
        let hash = answer.comment.as_ref().map(|comment| comment_hash(salt, comment));
        // A comment that the approver did not sign is somebody else's words.
        if hash != answer.signed.statement().comment_hash {
            return Err(ApprovalError::Malformed);
        }
        self.hold.answer(answer.signed.clone(), now)
    }

    /// The hold.
    #[must_use]
    pub const fn hold(&self) -> &Hold {
        &self.hold
    }

    /// The hold, to resume it.
    #[must_use]
    pub const fn hold_mut(&mut self) -> &mut Hold {
        &mut self.hold
    }
}

fn unknown_if_missing(error: StoreError) -> ApprovalStoreError {
    let missing = matches!(&error, StoreError::File { source, .. }
        if source.kind() == io::ErrorKind::NotFound);
    if missing { ApprovalError::UnknownTicket.into() } else { error.into() }
}

const REQUEST: &str = "request.json";
const SETTLED: &str = "settled.json";
const ANSWER: &str = "answer-";
