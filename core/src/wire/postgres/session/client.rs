//! What the client sends.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use super::super::frame::{Body, HEAD_BYTES, put};
use super::super::judge::Judge;
use super::super::objects::{Found, Portal, Reading, Ruling, Statement};
use super::super::queue::{Described, Owed, Run};
use super::super::turn::Turn;
use super::{Flow, POSTGRES, Session, complaint_bytes};
use crate::approval::Param;
use crate::facts::{Facts, Reason};
use crate::policy::Verdict;
use crate::primitives::Timestamp;
use crate::request::Enforces;
use crate::wire::WireError;
use crate::wire::postgres::complaint::Complaint;

impl Session {
    /// Takes one whole message of the client.
    pub(super) fn client_message(
        &mut self,
        tag: u8,
        message: &[u8],
        judge: &mut dyn Judge,
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<Flow, WireError> {
        let body = message.get(HEAD_BYTES..).unwrap_or_default();
        if self.copy_in {
            return match tag {
                b'c' | b'f' => {
                    self.copy_in = false;
                    turn.out.to_server.extend_from_slice(message);
                    Ok(Flow::On)
                }
                // The server ignores them while it takes data. They are not sent: it may have
                // refused the data already, and would answer.
                b'H' | b'S' => Ok(Flow::On),
                b'X' => self.terminate(message, judge, turn),
                _ => Err(WireError::OutOfOrder),
            };
        }
        if self.skipping && !matches!(tag, b'S' | b'X') {
            return if is_known(tag) { Ok(Flow::On) } else { Err(WireError::UnknownMessage) };
        }
        // Behind rows that may be stopped, nothing of the batch may run that the client would take
        // for skipped.
        let limited =
            |owed: &Owed| matches!(owed, Owed::Execute(run) if run.ruling.limit.is_some());
        if !matches!(tag, b'S' | b'H' | b'X') && self.owed.back().is_some_and(limited) {
            return self.wait(turn);
        }
        match tag {
            b'Q' => self.query(message, body, judge, now, turn),
            b'P' => self.parse(message, body, judge, now, turn),
            b'B' => self.bind(message, body, judge, now, turn),
            b'D' => self.describe(message, body, turn),
            b'E' => self.execute(message, body, turn),
            b'C' => self.close(message, body, turn),
            b'S' => {
                self.empty(body)?;
                self.open_batch = false;
                self.skipping = false;
                self.batch += 1;
                self.owed.push_back(Owed::Sync);
                turn.out.to_server.extend_from_slice(message);
                Ok(Flow::On)
            }
            b'H' => {
                self.empty(body)?;
                turn.out.to_server.extend_from_slice(message);
                Ok(Flow::On)
            }
            b'F' => self.function_call(message, judge, now, turn),
            // Data for a COPY that the server has not begun yet.
            b'd' | b'c' | b'f' if !self.owed.is_empty() => Ok(Flow::Wait),
            // What is left of a COPY that failed: the server throws it away too.
            b'd' | b'c' | b'f' => Ok(Flow::On),
            b'X' => self.terminate(message, judge, turn),
            b'p' => Err(WireError::OutOfOrder),
            _ => Err(WireError::UnknownMessage),
        }
    }

    fn empty(&self, body: &[u8]) -> Result<(), WireError> {
        if body.is_empty() { Ok(()) } else { Err(WireError::Malformed) }
    }

    fn terminate(
        &mut self,
        message: &[u8],
        judge: &mut dyn Judge,
        turn: &mut Turn,
    ) -> Result<Flow, WireError> {
        turn.out.to_server.extend_from_slice(message);
        self.end(judge);
        Ok(Flow::On)
    }

    /// Whether a new command must wait: an earlier one changes the session, and whether it does is
    /// not known yet. Within a batch what failed skips what follows.
    fn must_settle(&self) -> bool {
        let over = self.changed_in < self.batch;
        self.settled.is_some() && over && self.answered <= self.changed_in
    }

    /// Whether a command must wait because it looks at names that are being changed.
    fn must_hear_names(&self, reading: &Reading) -> bool {
        let settled = || self.statements.is_settled() && self.portals.is_settled();
        reading.looks_at_names && !self.owed.is_empty() && !settled()
    }

    /// Reads a command in the state in which it would run.
    fn read(&self, text: &[u8]) -> Reading {
        let facts = self.reader.peek(POSTGRES, text, self.catalog.as_deref());
        let enforces = self.enforces(text, &facts);
        Reading::new(facts, self.reader.version(), enforces)
    }

    /// Refuses a name that the server would cut: two names of ours could be one of its own.
    fn cut(&mut self, message: &[u8], names: &[&[u8]], turn: &mut Turn) -> Result<bool, WireError> {
        if names.iter().all(|name| name.len() <= MAX_NAME_BYTES) {
            return Ok(false);
        }
        let complaint = Complaint {
            severity: "ERROR",
            sqlstate: "42622",
            message: "the name of a statement or portal is longer than 63 bytes",
            detail: None,
            hint: Some("Take a shorter name: the server cuts long ones."),
        };
        self.stand_in(message, complaint_bytes(&complaint)?, turn)?;
        Ok(true)
    }

    fn query(
        &mut self,
        message: &[u8],
        body: &[u8],
        judge: &mut dyn Judge,
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<Flow, WireError> {
        let mut fields = Body::new(body);
        let text = fields.raw_text()?;
        self.empty(fields.rest())?;
        if self.must_settle() {
            return Ok(Flow::Wait);
        }
        let reading = self.read(text);
        if self.must_hear_names(&reading) {
            return self.wait(turn);
        }
        let ruling = self.decide(message, text, &reading, (&[], &[]), judge, now, turn)?;
        let Some(ruling) = ruling else { return Ok(self.refused_or_held()) };
        self.follow(text, &reading);
        let mut run = Run::new(ruling, None);
        if copies(&reading.facts) {
            run.text = text.to_vec();
        }
        self.owed.push_back(Owed::Query(Box::new(run)));
        self.batch += 1;
        turn.out.to_server.extend_from_slice(message);
        Ok(Flow::On)
    }

    /// What this session can do with what a command returns: a COPY whose shape is not known cannot
    /// be masked, nor stopped at a row; of several statements in one message none can be stopped.
    fn enforces(&self, text: &[u8], facts: &Facts) -> Enforces {
        let copies = copies(facts);
        let shape = || {
            let session = self.reader.session();
            crate::command::sql::copy_shape(text, crate::command::Dialect::Postgres, session)
        };
        let readable = !copies || shape().is_some();
        let alone = facts.statements == Some(1);
        Enforces { mask: readable, limit: readable && alone, approve: true }
    }

    fn parse(
        &mut self,
        message: &[u8],
        body: &[u8],
        judge: &mut dyn Judge,
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<Flow, WireError> {
        let mut fields = Body::new(body);
        let (name, text) = (fields.raw_text()?, fields.raw_text()?);
        let count = fields.count()?;
        let types = (0..count).map(|_| fields.int32().map(i32::cast_unsigned));
        let types = types.collect::<Result<Vec<u32>, WireError>>()?;
        self.empty(fields.rest())?;
        if self.must_settle() {
            return Ok(Flow::Wait);
        }
        if self.cut(message, &[name], turn)? {
            return Ok(Flow::On);
        }
        let reading = self.read(text);
        if self.must_hear_names(&reading) {
            return self.wait(turn);
        }
        let asked = self.asked(text, &reading, (&[], &types), now);
        // What no values could save is refused here, where clients look for errors of the text.
        if judge.would_deny(&asked) {
            let ruling = self.decide(message, text, &reading, (&[], &types), judge, now, turn)?;
            if ruling.is_none() {
                return Ok(self.refused_or_held());
            }
        }
        let statement = Arc::new(Statement::new(text.to_vec(), types, reading));
        let batch = self.batch;
        self.statements.begin(name, Some(Arc::clone(&statement)), batch)?;
        self.owed.push_back(Owed::Parse { name: name.to_vec(), statement, batch });
        self.open_batch = true;
        turn.out.to_server.extend_from_slice(message);
        Ok(Flow::On)
    }

    /// After a command that was not forwarded.
    fn refused_or_held(&self) -> Flow {
        if self.held.is_some() { Flow::Hold } else { Flow::On }
    }

    /// The statement of a name: one of the protocol, or one that SQL prepared.
    fn statement(&self, name: &[u8]) -> Found<Statement> {
        match self.statements.find(name, self.batch) {
            Found::Unknown => {
                let prepared = self.reader.session().prepared.as_ref();
                let text = std::str::from_utf8(name)
                    .ok()
                    .and_then(|name| prepared.and_then(|prepared| prepared.get(name)));
                let Some(text) = text else { return Found::Unknown };
                let reading = self.read(text.as_bytes());
                let text = text.clone().into_bytes();
                Found::Known(Arc::new(Statement::new(text, Vec::new(), reading)))
            }
            found @ (Found::Known(_) | Found::Wait) => found,
        }
    }

    fn bind(
        &mut self,
        message: &[u8],
        body: &[u8],
        judge: &mut dyn Judge,
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<Flow, WireError> {
        let bound = Bound::read(body)?;
        if self.must_settle() {
            return Ok(Flow::Wait);
        }
        if self.cut(message, &[bound.portal, bound.statement], turn)? {
            return Ok(Flow::On);
        }
        let statement = match self.statement(bound.statement) {
            Found::Known(statement) => statement,
            Found::Wait => return self.wait(turn),
            Found::Unknown => return self.unknown(message, "26000", "prepared statement", turn),
        };
        let reading = statement.reading(self.reader.version(), |text| self.read(text));
        if self.must_hear_names(&reading) {
            return self.wait(turn);
        }
        let values = (bound.params.as_slice(), statement.types.as_slice());
        let ruling = self.decide(message, &statement.text, &reading, values, judge, now, turn)?;
        let Some(ruling) = ruling else { return Ok(self.refused_or_held()) };
        let names = reading.looks_at_names.then(|| Box::new(self.reader.session().clone()));
        let portal = Arc::new(Portal {
            statement,
            ruling,
            reading,
            formats: bound.formats,
            description: OnceLock::new(),
            names,
            rows: AtomicU64::new(0),
        });
        let (name, batch) = (bound.portal.to_vec(), self.batch);
        self.portals.begin(&name, Some(Arc::clone(&portal)), batch)?;
        self.owed.push_back(Owed::Bind { name, portal, batch });
        self.open_batch = true;
        turn.out.to_server.extend_from_slice(message);
        Ok(Flow::On)
    }

    /// The name is not settled: the server is asked to say what it has, and the message waits.
    fn wait(&mut self, turn: &mut Turn) -> Result<Flow, WireError> {
        if self.owed.is_empty() {
            // Nothing will come that could settle it.
            return Err(WireError::OutOfOrder);
        }
        if self.open_batch && !std::mem::replace(&mut self.flushed, true) {
            put(&mut turn.out.to_server, b'H', |_| {})?;
        }
        Ok(Flow::Wait)
    }

    /// A name that did not go through this session.
    fn unknown(
        &mut self,
        message: &[u8],
        sqlstate: &'static str,
        what: &str,
        turn: &mut Turn,
    ) -> Result<Flow, WireError> {
        let text = format!("no {what} of this name went through the gateway");
        let complaint = Complaint {
            severity: "ERROR",
            sqlstate,
            message: &text,
            detail: None,
            hint: Some("Prepare and bind it with messages of the extended query protocol."),
        };
        self.stand_in(message, complaint_bytes(&complaint)?, turn)?;
        Ok(Flow::On)
    }

    /// Whether what was decided when a portal was bound holds for running it now. What a command
    /// looks up when it runs (tables of COPY, the cursor of FETCH) may be another by then.
    fn holds(&self, portal: &Portal) -> bool {
        if !portal.names_hold(self.reader.session()) {
            return false;
        }
        if portal.reading.version == self.reader.version() {
            return true;
        }
        let decided = &portal.ruling.decided;
        let now = || self.reader.peek(POSTGRES, &portal.statement.text, self.catalog.as_deref());
        // An approval is bound to the session's state itself.
        decided.decision.verdict != Verdict::RequireApproval && now() == *decided.facts
    }

    fn describe(
        &mut self,
        message: &[u8],
        body: &[u8],
        turn: &mut Turn,
    ) -> Result<Flow, WireError> {
        let mut fields = Body::new(body);
        let (kind, name) = (fields.byte()?, fields.raw_text()?);
        self.empty(fields.rest())?;
        if self.cut(message, &[name], turn)? {
            return Ok(Flow::On);
        }
        let of = match kind {
            b'S' => match self.statement(name) {
                Found::Known(statement) => Described::Statement(statement),
                Found::Wait => return self.wait(turn),
                // The server names the parameters first.
                Found::Unknown => {
                    return self.unknown(message, "26000", "prepared statement", turn);
                }
            },
            b'P' => match self.portals.find(name, self.batch) {
                Found::Known(portal) => Described::Portal(portal),
                Found::Wait => return self.wait(turn),
                Found::Unknown => Described::Nothing,
            },
            _ => return Err(WireError::Malformed),
        };
        self.owed.push_back(Owed::Describe { of, own: false });
        self.open_batch = true;
        turn.out.to_server.extend_from_slice(message);
        Ok(Flow::On)
    }

    fn execute(&mut self, message: &[u8], body: &[u8], turn: &mut Turn) -> Result<Flow, WireError> {
        let mut fields = Body::new(body);
        let (name, _rows) = (fields.raw_text()?, fields.int32()?);
        self.empty(fields.rest())?;
        if self.must_settle() {
            return Ok(Flow::Wait);
        }
        if self.cut(message, &[name], turn)? {
            return Ok(Flow::On);
        }
        let portal = match self.portals.find(name, self.batch) {
            Found::Known(portal) => portal,
            Found::Wait => return self.wait(turn),
            Found::Unknown => return self.unknown(message, "34000", "portal", turn),
        };
        if !self.holds(&portal) {
            let complaint = Complaint {
                severity: "ERROR",
                sqlstate: "55000",
                message: "the session changed since this portal was bound",
                detail: None,
                hint: Some("Bind it again: it is decided about anew."),
            };
            self.stand_in(message, complaint_bytes(&complaint)?, turn)?;
            return Ok(Flow::On);
        }
        if portal.ruling.masks && !self.is_described(&portal) {
            put(&mut turn.out.to_server, b'D', |body| {
                body.push(b'P');
                body.extend_from_slice(name);
                body.push(0);
            })?;
            let of = Described::Portal(Arc::clone(&portal));
            self.owed.push_back(Owed::Describe { of, own: true });
        }
        let ruling: Arc<Ruling> = Arc::clone(&portal.ruling);
        self.follow(&portal.statement.text, &portal.reading);
        self.owed.push_back(Owed::Execute(Box::new(Run::new(ruling, Some(portal)))));
        self.open_batch = true;
        turn.out.to_server.extend_from_slice(message);
        Ok(Flow::On)
    }

    /// Whether the columns of a portal will be known when its rows come.
    fn is_described(&self, portal: &Arc<Portal>) -> bool {
        if portal.fields().is_some() {
            return true;
        }
        self.owed.iter().rev().any(|owed| match owed {
            Owed::Describe { of: Described::Portal(other), .. } => Arc::ptr_eq(other, portal),
            Owed::Describe { of: Described::Statement(other), .. } => {
                portal.names.is_none() && Arc::ptr_eq(other, &portal.statement)
            }
            Owed::Describe { of: Described::Nothing, .. }
            | Owed::Parse { .. }
            | Owed::Bind { .. }
            | Owed::Execute(_)
            | Owed::Close { .. }
            | Owed::Sync
            | Owed::Query(_)
            | Owed::Refused { .. } => false,
        })
    }

    fn close(&mut self, message: &[u8], body: &[u8], turn: &mut Turn) -> Result<Flow, WireError> {
        let mut fields = Body::new(body);
        let (kind, name) = (fields.byte()?, fields.raw_text()?);
        self.empty(fields.rest())?;
        if self.cut(message, &[name], turn)? {
            return Ok(Flow::On);
        }
        let (portal, batch) = (kind == b'P', self.batch);
        match kind {
            b'P' => self.portals.begin(name, None, batch)?,
            b'S' => self.statements.begin(name, None, batch)?,
            _ => return Err(WireError::Malformed),
        }
        self.owed.push_back(Owed::Close { portal, name: name.to_vec(), batch });
        self.open_batch = true;
        turn.out.to_server.extend_from_slice(message);
        Ok(Flow::On)
    }

    /// A call by its number: any function of the server, and nothing that could be read. Refused
    /// whatever the policy says, and logged as what it is.
    fn function_call(
        &mut self,
        message: &[u8],
        judge: &mut dyn Judge,
        now: Timestamp,
        turn: &mut Turn,
    ) -> Result<Flow, WireError> {
        if self.must_settle() {
            return Ok(Flow::Wait);
        }
        let facts = Facts::opaque(POSTGRES, Reason::OpaqueCode, message.len());
        let reading = Reading::new(facts, self.reader.version(), Enforces::NOTHING);
        let ruling = self.decide(message, message, &reading, (&[], &[]), judge, now, turn)?;
        if ruling.is_some() {
            let complaint = Complaint {
                severity: "ERROR",
                sqlstate: "42501",
                message: "calls by number are not understood, and so never forwarded",
                detail: None,
                hint: Some("Call the function in SQL."),
            };
            self.stand_in(message, complaint_bytes(&complaint)?, turn)?;
        }
        Ok(Flow::On)
    }
}

/// Bytes of a name of a statement or portal; the server cuts what is longer (PostgreSQL's
/// NAMEDATALEN).
const MAX_NAME_BYTES: usize = 63;

fn copies(facts: &Facts) -> bool {
    facts.all_actions().iter().any(|action| action.verb == "COPY")
}

/// The types of messages that a client may send behind start-up.
const fn is_known(tag: u8) -> bool {
    matches!(
        tag,
        b'Q' | b'P' | b'B' | b'D' | b'E' | b'C' | b'H' | b'F' | b'd' | b'c' | b'f' | b'S' | b'X'
    )
}

/// A Bind message.
struct Bound<'a> {
    portal: &'a [u8],
    statement: &'a [u8],
    params: Vec<Param>,
    formats: Vec<i16>,
}

impl<'a> Bound<'a> {
    fn read(body: &'a [u8]) -> Result<Self, WireError> {
        let mut fields = Body::new(body);
        let (portal, statement) = (fields.raw_text()?, fields.raw_text()?);
        let formats = formats(&mut fields)?;
        let count = fields.count()?;
        let mut params = Vec::with_capacity(count);
        for index in 0..count {
            let value = fields.value()?;
            let binary = super::super::rows::format_of(&formats, index) != 0;
            params.push(match value {
                None => Param::Null,
                Some(bytes) if binary => Param::Bytes(bytes.to_vec()),
                Some(bytes) => match std::str::from_utf8(bytes) {
                    Ok(text) => Param::Text(text.to_owned()),
                    Err(_) => return Err(WireError::Encoding),
                },
            });
        }
        let formats = self::formats(&mut fields)?;
        if fields.is_empty() {
            Ok(Self { portal, statement, params, formats })
        } else {
            Err(WireError::Malformed)
        }
    }
}

/// A list of formats, each 0 or 1.
fn formats(fields: &mut Body<'_>) -> Result<Vec<i16>, WireError> {
    let count = fields.count()?;
    let mut formats = Vec::with_capacity(count.min(2048));
    for _ in 0..count {
        match fields.int16()? {
            format @ (0 | 1) => formats.push(format),
            _ => return Err(WireError::Malformed),
        }
    }
    Ok(formats)
}
