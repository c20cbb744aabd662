//! A session after its start-up: what the client sends is decided on, what the server sends is
//! masked.

mod client;
mod server;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::complaint::{Complaint, WordMask};
use super::counts::Counts;
use super::frame;
use super::judge::{Asked, Judge, JudgedStep, Judgement};
use super::objects::{Names, Portal, Reading, Ruling, Statement};
use super::queue::Owed;
use super::reply::sqlstate;
use super::turn::Turn;
use crate::approval::{Param, Ticket};
use crate::command::{Dialect, Protocol};
use crate::engine::{Engine, Outcome, OutcomeState};
use crate::facts::SessionReader;
use crate::limits::{MAX_CLIENT_MESSAGE_BYTES, MAX_OWED_ANSWERS, MAX_SENT_AHEAD_BYTES};
use crate::mask::HashKey;
use crate::primitives::Timestamp;
use crate::schema::{Catalog, SqlSession};
use crate::wire::WireError;

/// The protocol whose words the session reads.
const POSTGRES: Protocol = Protocol::Sql(Dialect::Postgres);

/// How long a command may wait for people before it is refused with its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Seconds outside a transaction; 0 refuses at once. Clients have time limits of their own.
    pub seconds: u32,
    /// Seconds inside a transaction, while locks are held.
    pub in_transaction_seconds: u32,
}

/// What a session starts with.
#[derive(Debug)]
pub struct Start {
    /// The names of the database.
    pub catalog: Option<Arc<Catalog>>,
    /// What is known of the session: encoding, strings, search path.
    pub session: SqlSession,
    /// Whether the search path differs from the server's own in a way that is not known.
    pub search_path_unknown: bool,
    /// The key of classes that are hashed.
    pub hash_key: Option<HashKey>,
    /// How long commands wait for people.
    pub waiting: Waiting,
}

/// A session of one client with one server, behind start-up: `ReadyForQuery` was sent.
///
/// Fed with bytes in pieces of any size; the bytes that come out do not depend on how they were
/// cut. Nothing is forwarded that was not understood as a message, and no command whose decision
/// is not in the turn's events.
pub struct Session {
    catalog: Option<Arc<Catalog>>,
    hash_key: Option<HashKey>,
    waiting: Waiting,

    /// What the client sent and was not looked at.
    inbox: Buffer,
    /// What the server sent of a message that is not whole.
    outbox: Buffer,
    /// Bytes of a client's message that pass as they come (COPY data).
    passing_in: usize,
    /// Bytes of a server's message that pass as they come (rows that nothing masks).
    passing_out: usize,
    /// The row that takes the place of the one at hand.
    row: Vec<u8>,
    /// Our own notices that wait for the end of such a message.
    notices: Vec<u8>,

    reader: SessionReader,
    /// The state before changes that may still fail or be rolled back.
    settled: Option<Box<SessionReader>>,
    /// A change of state that does not outlive its transaction or failed.
    doubtful: bool,
    /// A ROLLBACK or COMMIT, or an error, since the state was settled.
    in_transaction: bool,
    failed_transaction: bool,

    statements: Names<Statement>,
    portals: Names<Portal>,
    owed: VecDeque<Owed>,
    /// Counts the batches of the client: each Sync and each simple query ends one.
    batch: u64,
    /// Batches whose ReadyForQuery has come, or will not come.
    answered: u64,
    /// The batch that changed the state last.
    changed_in: u64,
    /// Counts what the server said that may let a message go on.
    progress: u64,
    /// The message at hand waits, and did so at this count.
    waits: Option<u64>,
    /// Bytes of the message at hand, while it is not whole.
    wanted: usize,
    /// Messages of the extended protocol were sent since the last Sync.
    open_batch: bool,
    /// A message of the batch was refused: the server skips the rest, and so do we.
    skipping: bool,
    /// The server was asked to send what it has, for a message that waits.
    flushed: bool,
    /// A COPY from the client is under way.
    copy_in: bool,

    held: Option<Held>,
    counts: Counts,
    words: Option<WordMask>,
    /// The engine whose masks `words` has.
    words_of: Option<Engine>,
    closed: bool,
}

/// A command that waits for people.
struct Held {
    ticket: Ticket,
    message: Vec<u8>,
    deadline: Timestamp,
}

/// Bytes that may hold values; Debug shows their number only.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    /// Where the bytes start that were not looked at.
    at: usize,
}

impl Buffer {
    fn push(&mut self, bytes: &[u8]) {
        if self.at > 0 {
            self.bytes.drain(..self.at);
            self.at = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, count: usize) {
        self.at = self.at.saturating_add(count).min(self.bytes.len());
        if self.at == self.bytes.len() {
            // What one long message took is not kept.
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_BYTES);
            self.at = 0;
        }
    }
}

/// Bytes that an empty buffer keeps.
const KEPT_BYTES: usize = 64 * 1024;

/// Whether a side goes on with its next message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    /// This message stays where it is until the server has answered what it owes.
    Wait,
    /// The command of this message waits for people.
    Hold,
}

impl Session {
    /// A session that was just started.
    #[must_use]
    pub fn new(start: Start) -> Self {
        let Start { catalog, session, search_path_unknown, hash_key, waiting } = start;
        let mut reader = SessionReader::new(session);
        if search_path_unknown {
            reader.forget_search_path();
        }
        Self {
            catalog,
            hash_key,
            waiting,
            inbox: Buffer::default(),
            outbox: Buffer::default(),
            passing_in: 0,
            passing_out: 0,
            row: Vec::new(),
            notices: Vec::new(),
            reader,
            settled: None,
            doubtful: false,
            in_transaction: false,
            failed_transaction: false,
            statements: Names::new(),
            portals: Names::new(),
            owed: VecDeque::new(),
            batch: 0,
            answered: 0,
            changed_in: 0,
            progress: 0,
            waits: None,
            wanted: 0,
            open_batch: false,
            skipping: false,
            flushed: false,
            copy_in: false,
            held: None,
            counts: Counts::default(),
            words: None,
            words_of: None,
            closed: false,
        }
    }

    /// Takes bytes of the client.
    pub fn on_client(&mut self, bytes: &[u8], judge: &mut dyn Judge, now: Timestamp) -> Turn {
        let mut turn = Turn::default();
        if self.closed {
            turn.out.close = true;
            return turn;
        }
        self.inbox.push(bytes);
        let result = if self.inbox.rest().len() > MAX_SENT_AHEAD_BYTES {
            Err(WireError::Bound { what: "bytes sent ahead" })
        } else {
            self.pump(judge, now, &mut turn)
        };
        self.finish(result, turn)
    }

    /// Takes bytes of the server.
    pub fn on_server(&mut self, bytes: &[u8], judge: &mut dyn Judge, now: Timestamp) -> Turn {
        let mut turn = Turn::default();
        if self.closed {
            turn.out.close = true;
            return turn;
        }
        let result = self
            .server_bytes(bytes, judge, &mut turn)
            .and_then(|()| self.pump(judge, now, &mut turn));
        self.finish(result, turn)
    }

    /// Looks whether people have answered about a command that is held. Call it from a timer while
    /// [`is_held`](Self::is_held).
    pub fn on_tick(&mut self, judge: &mut dyn Judge, now: Timestamp) -> Turn {
        let mut turn = Turn::default();
        if self.closed || self.held.is_none() {
            turn.out.close = self.closed;
            return turn;
        }
        let result =
            self.try_held(judge, now, &mut turn).and_then(|()| self.pump(judge, now, &mut turn));
        self.finish(result, turn)
    }

    /// Ends the session from the embedder's side, with one line for the client.
    pub fn on_shutdown(&mut self, judge: &mut dyn Judge, why: &str) -> Turn {
        let mut turn = Turn::default();
        if !self.closed && self.passing_out == 0 {
            // A complaint that does not fit leaves the closing, which says the same.
            let _ = Complaint::fatal("57P01", why).put(&mut turn.out.to_client);
        }
        self.end(judge);
        turn.out.close = true;
        turn
    }

    /// The client is gone, or takes back what it asked for: a held command is withdrawn. Returns
    /// whether there was one.
    pub fn withdraw(&mut self, judge: &mut dyn Judge) -> bool {
        match self.held.take() {
            Some(held) => {
                judge.withdraw(held.ticket);
                true
            }
            None => false,
        }
    }

    /// The client asked to cancel: a held command is withdrawn and refused as a cancelled query is.
    /// `None` where nothing is held: then the server is asked to cancel.
    pub fn on_cancel(&mut self, judge: &mut dyn Judge, now: Timestamp) -> Option<Turn> {
        let held = self.held.take()?;
        judge.withdraw(held.ticket);
        let mut turn = Turn::default();
        let complaint = Complaint {
            severity: "ERROR",
            sqlstate: "57014",
            message: "canceling statement due to user request",
            detail: None,
            hint: None,
        };
        let result = complaint_bytes(&complaint)
            .and_then(|bytes| self.stand_in(&held.message, bytes, &mut turn))
            .and_then(|()| {
                self.done_with(held.message.len());
                self.pump(judge, now, &mut turn)
            });
        Some(self.finish(result, turn))
    }

    /// Ends the session: nothing is forwarded afterwards.
    pub fn end(&mut self, judge: &mut dyn Judge) {
        self.withdraw(judge);
        self.closed = true;
    }

    /// Whether a command waits for people.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether the embedder should go on reading from the client: not while much of what it sent
    /// waits. A message that is not whole is read to its end.
    #[must_use]
    pub fn wants_client(&self) -> bool {
        !self.closed && self.inbox.rest().len() < self.wanted.max(1024 * 1024)
    }

    /// What the session did so far.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether the session is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    fn finish(&mut self, result: Result<(), WireError>, mut turn: Turn) -> Turn {
        if let Err(error) = result {
            self.closed = true;
            if self.passing_out == 0 {
                let sqlstate = sqlstate(&error);
                let message = format!("{} {error}", error.code());
                let hint = Some(error.help());
                let complaint = Complaint { hint, ..Complaint::fatal(sqlstate, &message) };
                // A complaint that does not fit leaves the closing, which says the same.
                let _ = complaint.put(&mut turn.out.to_client);
            }
        }
        turn.out.close |= self.closed;
        turn
    }

    /// Looks at the client's messages until one has to wait.
    fn pump(
        &mut self,
        judge: &mut dyn Judge,
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<(), WireError> {
        let mut inbox = std::mem::take(&mut self.inbox);
        let result = self.pump_from(&mut inbox, judge, now, turn);
        self.inbox = inbox;
        result
    }

    /// [`pump`](Self::pump) with the client's bytes in hand, so that what looks at a message can
    /// change the session.
    fn pump_from(
        &mut self,
        inbox: &mut Buffer,
        judge: &mut dyn Judge,
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<(), WireError> {
        self.wanted = 0;
        turn.out.to_server.reserve(inbox.rest().len());
        while self.held.is_none() && !self.closed {
            // Nothing came that it could wait for: it is not looked at again.
            if self.waits == Some(self.progress) {
                return Ok(());
            }
            if self.passing_in > 0 {
                let count = self.passing_in.min(inbox.rest().len());
                if count == 0 {
                    return Ok(());
                }
                let bytes = inbox.rest().get(..count).unwrap_or_default();
                turn.out.to_server.extend_from_slice(bytes);
                inbox.take(count);
                self.passing_in -= count;
                continue;
            }
            let Some(head) = frame::head(inbox.rest())? else { return Ok(()) };
            if head.tag == b'd' && self.copy_in {
                self.passing_in = head.len;
                continue;
            }
            if head.len > MAX_CLIENT_MESSAGE_BYTES {
                return Err(WireError::TooLong);
            }
            let Some(message) = inbox.rest().get(..head.len) else {
                self.wanted = head.len;
                return Ok(());
            };
            if self.owed.len() >= MAX_OWED_ANSWERS {
                return Ok(());
            }
            match self.client_message(head.tag, message, judge, now, turn)? {
                Flow::On => {
                    inbox.take(head.len);
                    self.done();
                }
                Flow::Wait => {
                    self.waits = Some(self.progress);
                    return Ok(());
                }
                Flow::Hold => return Ok(()),
            }
        }
        Ok(())
    }

    /// The message at hand was dealt with.
    fn done_with(&mut self, len: usize) {
        self.inbox.take(len);
        self.done();
    }

    fn done(&mut self) {
        self.flushed = false;
        self.waits = None;
    }

    /// A command as the judge is asked about it.
    const fn asked<'a>(
        &'a self,
        text: &'a [u8],
        reading: &'a Reading,
        (params, types): (&'a [Param], &'a [u32]),
        now: Timestamp,
    ) -> Asked<'a> {
        Asked {
            bytes: text,
            facts: &reading.facts,
            params,
            types,
            session: self.reader.session(),
            session_version: self.reader.version(),
            counts: self.counts,
            enforces: reading.enforces,
            now,
        }
    }

    /// Decides about a command, or remembers it as held. `Ok(None)`: it goes no further now, and
    /// everything that follows from it was done.
    #[expect(clippy::too_many_arguments, reason = "a command, and the two sides it meets")]
    fn decide(
        &mut self,
        message: &[u8],
        text: &[u8],
        reading: &Reading,
        (params, types): (&[Param], &[u32]),
        judge: &mut dyn Judge,
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<Option<Arc<Ruling>>, WireError> {
        let asked = self.asked(text, reading, (params, types), now);
        // A command that was held is not asked about anew: its ticket is.
        let judgement = match &self.held {
            Some(held) => judge.resume(held.ticket, &asked)?,
            None => judge.judge(&asked)?,
        };
        let Judgement { id, decided, engine, event, step } = judgement;
        turn.decisions.extend(event);
        match step {
            JudgedStep::Forward => {
                self.held = None;
                self.counts.statements += 1;
                self.counts.writes += u64::from(reading.writes);
                let ruling = Ruling::new(id, decided, engine);
                self.note_words(&ruling);
                Ok(Some(Arc::new(ruling)))
            }
            JudgedStep::Held(ticket) => {
                self.hold(ticket, &id, message, now, turn)?;
                Ok(None)
            }
            JudgedStep::Refused(text) => {
                self.held = None;
                self.counts.denials += 1;
                let decision = &decided.decision;
                let rules: Vec<&str> = decision.rules.iter().map(|rule| &**rule).collect();
                let detail = serde_json::json!({
                    "decision": &*id, "verdict": decision.verdict, "rules": rules,
                    "reasons": decision.reasons, "bundle": decision.bundle,
                })
                .to_string();
                let complaint = Complaint {
                    severity: "ERROR",
                    sqlstate: "42501",
                    message: &text,
                    detail: Some(&detail),
                    hint: decision.remedy.as_deref(),
                };
                self.stand_in(message, complaint_bytes(&complaint)?, turn)?;
                Ok(None)
            }
        }
    }

    /// A command is held: the client hears of it at once; then it waits, or is refused with its
    /// ticket.
    fn hold(
        &mut self,
        ticket: Ticket,
        id: &str,
        message: &[u8],
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<(), WireError> {
        let in_transaction = self.in_transaction || self.failed_transaction;
        let seconds =
            if in_transaction { self.waiting.in_transaction_seconds } else { self.waiting.seconds };
        let detail = serde_json::json!({ "decision": id, "ticket": ticket }).to_string();
        let (deadline, first) = match &self.held {
            Some(held) => (held.deadline, false),
            None => (now.plus_seconds(i64::from(seconds)), true),
        };
        if now < deadline {
            if first {
                let text = format!("approval is needed: ticket {ticket}; waiting {seconds} s");
                let notice = Complaint {
                    severity: "NOTICE",
                    sqlstate: "01000",
                    message: &text,
                    detail: Some(&detail),
                    hint: None,
                };
                notice.put(&mut self.notices)?;
                self.flush_notices(turn);
                self.held = Some(Held { ticket, message: message.to_vec(), deadline });
            }
            return Ok(());
        }
        self.held = None;
        self.counts.denials += 1;
        let text = format!("approval is needed: ticket {ticket}");
        let complaint = Complaint {
            severity: "ERROR",
            sqlstate: "42501",
            message: &text,
            detail: Some(&detail),
            hint: Some("Send the same command again once the ticket is approved."),
        };
        self.stand_in(message, complaint_bytes(&complaint)?, turn)
    }

    /// Asks again about the command that is held.
    fn try_held(
        &mut self,
        judge: &mut dyn Judge,
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<(), WireError> {
        let Some(held) = &self.held else { return Ok(()) };
        if now < held.deadline && !judge.has_news(held.ticket) {
            return Ok(());
        }
        let message = held.message.clone();
        let Some(tag) = message.first().copied() else { return Err(WireError::Malformed) };
        let flow = self.client_message(tag, &message, judge, now, turn)?;
        if flow == Flow::On {
            self.done_with(message.len());
        }
        Ok(())
    }

    /// The server reads nothing of the open batch any more: neither does this session, and a
    /// command of it that waits for people is taken back.
    fn skip(&mut self, judge: &mut dyn Judge) {
        self.open_batch = true;
        self.skipping = true;
        if let Some(held) = self.held.take() {
            judge.withdraw(held.ticket);
            self.done_with(held.message.len());
        }
    }

    /// Puts a statement that always fails in the place of a refused message, and remembers what the
    /// client is told instead. The server itself then skips the rest of the batch and ends the
    /// transaction, so that both sides stay in step.
    fn stand_in(
        &mut self,
        message: &[u8],
        complaint: Vec<u8>,
        turn: &mut Turn,
    ) -> Result<(), WireError> {
        let whole = matches!(message.first(), Some(b'Q' | b'F'));
        if whole {
            frame::put(&mut turn.out.to_server, b'Q', |body| frame::put_text(body, STAND_IN))?;
            self.owed.push_back(Owed::Refused { complaint, ready: true });
            self.batch += 1;
        } else {
            frame::put(&mut turn.out.to_server, b'P', |body| {
                frame::put_text(body, STAND_IN);
                frame::put_text(body, STAND_IN);
                body.extend_from_slice(&0i16.to_be_bytes());
            })?;
            self.owed.push_back(Owed::Refused { complaint, ready: false });
            self.open_batch = true;
            self.skipping = true;
        }
        Ok(())
    }

    /// A command runs: the session's state follows it.
    fn follow(&mut self, text: &[u8], reading: &Reading) {
        use crate::facts::{SessionDelta, Transaction};
        if reading.steady {
            return;
        }
        let facts = &*reading.facts;
        for delta in &facts.session {
            match delta {
                SessionDelta::Transaction(Transaction::Rollback) => {
                    if let Some(settled) = &self.settled {
                        self.reader.doubt(settled);
                    }
                }
                SessionDelta::Prepared(name) | SessionDelta::Deallocated(Some(name)) => {
                    self.statements.confirm(name.as_bytes(), None);
                }
                SessionDelta::Cursor(name) => self.portals.confirm(name.as_bytes(), None),
                SessionDelta::Deallocated(None) | SessionDelta::Reset | SessionDelta::Unknown => {
                    self.statements.forget();
                    self.portals.forget();
                }
                SessionDelta::Transaction(
                    Transaction::Begin | Transaction::Commit | Transaction::Savepoint,
                )
                | SessionDelta::Setting { .. }
                | SessionDelta::TempTable(_) => {}
            }
        }
        if reading.redefines {
            match &mut self.settled {
                None => self.settled = Some(Box::new(self.reader.clone())),
                // A savepoint may bring back any of the states since.
                Some(settled) => settled.doubt(&self.reader),
            }
            self.changed_in = self.batch;
            self.reader.read(POSTGRES, text, self.catalog.as_deref());
            // What SET LOCAL sets ends with a transaction whose end is not seen as one; a call
            // (set_config) may be as local, whatever it is written as.
            let sets = |delta: &SessionDelta| matches!(delta, SessionDelta::Setting { .. });
            let calls = || facts.all_actions().iter().any(|action| !action.calls.is_empty());
            self.doubtful |= text.to_ascii_lowercase().windows(5).any(|word| word == b"local")
                || (facts.session.iter().any(sets) && calls());
        }
    }

    /// The server is idle or at a transaction's next statement: what is known of the state now.
    fn settle(&mut self, status: u8) {
        let idle = status == b'I';
        let failed = std::mem::replace(&mut self.failed_transaction, status == b'E');
        self.doubtful |= self.failed_transaction;
        // Rolled back, and already in the next transaction (COMMIT AND CHAIN), or at a savepoint.
        if failed
            && status == b'T'
            && let Some(settled) = &self.settled
        {
            self.reader.doubt(settled);
        }
        if idle && self.answered > self.changed_in {
            if let Some(settled) = self.settled.take()
                && (self.doubtful || self.in_transaction)
            {
                self.reader.doubt(&settled);
            }
            self.doubtful = false;
        }
        self.in_transaction = status == b'T';
        if idle {
            self.portals.forget_confirmed();
        }
    }

    /// Words of the server that belong to no command are masked from the first masked command on.
    fn note_words(&mut self, ruling: &Ruling) {
        if !ruling.masks {
            return;
        }
        let known = self.words.as_ref();
        let strict = ruling.tagged || known.is_some_and(|words| words.strict);
        let same = |engine: &Engine| std::ptr::eq(engine.rules(), ruling.engine.rules());
        if self.words_of.as_ref().is_some_and(same) && known.is_some_and(|w| w.strict == strict) {
            return;
        }
        let (detectors, operators) = ruling.engine.every_mask(self.hash_key.as_ref());
        self.words = Some(WordMask { detectors, operators, strict });
        self.words_of = Some(ruling.engine.clone());
    }

    fn flush_notices(&mut self, turn: &mut Turn) {
        if self.passing_out == 0 {
            turn.out.to_client.append(&mut self.notices);
        }
    }
}

/// What became of a command, for the log.
fn outcome(run: &super::queue::Run, state: OutcomeState, turn: &mut Turn) {
    turn.outcomes.push(Outcome {
        decision_id: Arc::clone(&run.ruling.id),
        state,
        rows_out: run.rows_out,
        rows_changed: run.rows_changed,
        masked_cells: run.masked_cells,
    });
}

fn complaint_bytes(complaint: &Complaint<'_>) -> Result<Vec<u8>, WireError> {
    let mut bytes = Vec::new();
    complaint.put(&mut bytes)?;
    Ok(bytes)
}

/// What is sent in the place of a refused command: a word that no grammar takes.
const STAND_IN: &str = "placet_refused";

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("owed", &self.owed.len())
            .field("held", &self.held.is_some())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
