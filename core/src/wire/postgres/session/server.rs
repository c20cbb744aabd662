//! What the server sends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::complaint::{WordMask, severity_is_fatal};
use super::super::copy::CopyMasker;
use super::super::frame::{self, Body, HEAD_BYTES, put, put_text};
use super::super::judge::Judge;
use super::super::objects::{Portal, Ruling};
use super::super::queue::{Described, Owed, Run};
use super::super::rows::{self, Field, RowPlan};
use super::super::turn::Turn;
use super::{Session, complaint_bytes, outcome};
use crate::command::Dialect;
use crate::command::sql::copy_shape;
use crate::engine::OutcomeState;
use crate::limits::MAX_SERVER_MESSAGE_BYTES;
use crate::mask::HashKey;
use crate::wire::WireError;
use crate::wire::postgres::complaint::Complaint;

/// Settings that are reported and hold words of the server's own only.
const FIXED_PARAMETERS: &[&str] = &[
    "DateStyle",
    "IntervalStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "is_superuser",
    "scram_iterations",
    "server_encoding",
    "server_version",
    "session_authorization",
];

/// Bytes that the buffer for one row keeps.
const KEPT_ROW_BYTES: usize = 4096;

/// What happens with a message of the server.
enum Fate {
    /// The client gets it as it is.
    Pass,
    /// The client does not see it.
    Swallow,
    /// The client gets these bytes in its place.
    Replace(Vec<u8>),
    /// The client gets the row that stands in the session's buffer.
    Row,
}

impl Session {
    pub(super) fn server_bytes(
        &mut self,
        input: &[u8],
        judge: &mut dyn Judge,
        turn: &mut Turn,
    ) -> Result<(), WireError> {
        let mut carried = std::mem::take(&mut self.outbox);
        let carries = !carried.rest().is_empty();
        let bytes = if carries {
            carried.push(input);
            carried.rest()
        } else {
            input
        };
        turn.out.to_client.reserve(bytes.len());
        // Bytes before `sent` were dealt with; those up to `at` pass as they are.
        let (mut sent, mut at) = (0, 0);
        let result = loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if self.passing_out > 0 {
                let count = self.passing_out.min(rest.len());
                self.passing_out -= count;
                at += count;
                if self.passing_out > 0 {
                    break Ok(());
                }
                continue;
            }
            let head = match frame::head(rest) {
                Ok(Some(head)) => head,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            if self.passes_unread(head.tag) {
                self.passing_out = head.len;
                continue;
            }
            if head.len > MAX_SERVER_MESSAGE_BYTES {
                break Err(WireError::TooLong);
            }
            let Some(message) = rest.get(..head.len) else { break Ok(()) };
            match self.server_message(head.tag, message, judge, turn) {
                Ok(Fate::Pass) => at += head.len,
                Ok(fate) => {
                    let passed = bytes.get(sent..at).unwrap_or_default();
                    turn.out.to_client.extend_from_slice(passed);
                    at += head.len;
                    sent = at;
                    match fate {
                        Fate::Pass | Fate::Swallow => {}
                        Fate::Replace(new) => turn.out.to_client.extend_from_slice(&new),
                        Fate::Row => turn.out.to_client.extend_from_slice(&self.row),
                    }
                }
                Err(error) => break Err(error),
            }
            if !self.notices.is_empty() {
                let passed = bytes.get(sent..at).unwrap_or_default();
                turn.out.to_client.extend_from_slice(passed);
                sent = at;
                turn.out.to_client.append(&mut self.notices);
            }
        };
        turn.out.to_client.extend_from_slice(bytes.get(sent..at).unwrap_or_default());
        self.row.clear();
        // One long row is not paid for ever after.
        self.row.shrink_to(KEPT_ROW_BYTES);
        if carries {
            // A message of many pieces is not copied for each of them.
            carried.take(at);
            self.outbox = carried;
        } else {
            self.outbox.push(bytes.get(at..).unwrap_or_default());
        }
        result
    }

    /// Whether a message is only counted, so that it can pass in pieces. The count is made here.
    fn passes_unread(&mut self, tag: u8) -> bool {
        let Some(Owed::Execute(run) | Owed::Query(run)) = self.owed.front_mut() else {
            return false;
        };
        let passes = run.ruling.passes_rows() && matches!(tag, b'D' | b'd');
        if passes && tag == b'D' {
            run.rows_out += 1;
        }
        passes
    }

    fn server_message(
        &mut self,
        tag: u8,
        message: &[u8],
        judge: &mut dyn Judge,
        turn: &mut Turn,
    ) -> Result<Fate, WireError> {
        let body = message.get(HEAD_BYTES..).unwrap_or_default();
        if !matches!(tag, b'D' | b'd' | b'N' | b'A' | b'S') {
            self.progress += 1;
        }
        match tag {
            b'D' => self.row(body),
            b'T' | b'n' => self.described(tag, body),
            b't' => match self.owed.front() {
                Some(Owed::Describe { .. }) => Ok(Fate::Pass),
                _ => Err(WireError::OutOfOrder),
            },
            b'1' | b'2' | b'3' => self.confirmed(tag),
            b'C' | b'I' | b's' => self.completed(tag, body, turn),
            b'Z' => self.ready(body, turn),
            b'E' => self.error(body, judge, turn),
            b'N' => Ok(match self.words_of_front() {
                Some(words) => Fate::Replace(words.message(b'N', body)?),
                None => Fate::Pass,
            }),
            b'A' => self.notification(body),
            b'S' => self.parameter(body),
            b'G' | b'H' => self.copy_begins(tag, body),
            b'd' => self.copy_data(body),
            b'c' => self.copy_ends(),
            // Replication: nobody masks it, nobody asked for it.
            b'W' => Err(WireError::OutOfOrder),
            b'v' | b'K' | b'R' | b'V' => Err(WireError::OutOfOrder),
            _ => Err(WireError::UnknownMessage),
        }
    }

    fn row(&mut self, body: &[u8]) -> Result<Fate, WireError> {
        let Some(Owed::Execute(run) | Owed::Query(run)) = self.owed.front_mut() else {
            return Err(WireError::OutOfOrder);
        };
        if run.stopped {
            return Ok(Fate::Swallow);
        }
        // A portal may be run in pieces.
        let passed = match &run.portal {
            Some(portal) => portal.rows.fetch_add(1, Ordering::Relaxed),
            None => run.rows_out,
        };
        if run.ruling.limit.is_some_and(|limit| passed >= limit) {
            run.stopped = true;
            return Ok(Fate::Swallow);
        }
        run.rows_out += 1;
        if !run.ruling.masks {
            return Ok(Fate::Pass);
        }
        if run.plan.is_none() {
            run.plan = plan_of_portal(run, self.hash_key.as_ref());
        }
        self.row.clear();
        let changed = match &mut run.plan {
            Some(plan) => plan.row(body, &mut run.masked_cells, &mut self.row)?,
            // Nobody said what the columns are.
            None => {
                rows::put_row(&mut self.row, &rows::nulls(body, &mut run.masked_cells)?)?;
                true
            }
        };
        Ok(if changed { Fate::Row } else { Fate::Pass })
    }

    /// RowDescription or NoData: of a Describe, or at the head of a result of a simple query.
    fn described(&mut self, tag: u8, body: &[u8]) -> Result<Fate, WireError> {
        match self.owed.front_mut() {
            Some(Owed::Describe { .. }) => {}
            Some(Owed::Query(run)) => {
                if tag != b'T' {
                    return Err(WireError::OutOfOrder);
                }
                let fields = rows::description(body)?;
                if run.ruling.masks {
                    run.plan = plan(&run.ruling, &fields, None, self.hash_key.as_ref());
                }
                return Ok(Fate::Pass);
            }
            _ => return Err(WireError::OutOfOrder),
        }
        let Some(Owed::Describe { of, own }) = self.owed.pop_front() else {
            return Err(WireError::OutOfOrder);
        };
        let has_rows = tag == b'T';
        match of {
            // The first answer stays: the server refuses to change a result that it has described.
            Described::Statement(statement) => {
                let fields = has_rows.then(|| rows::description(body)).transpose()?;
                let _ = statement.description.set(fields);
            }
            Described::Portal(portal) => {
                let fields = has_rows.then(|| portal.statement.fields(body)).transpose()?;
                let _ = portal.description.set(fields);
            }
            Described::Nothing if has_rows => drop(rows::description(body)?),
            Described::Nothing => {}
        }
        Ok(if own { Fate::Swallow } else { Fate::Pass })
    }

    fn confirmed(&mut self, tag: u8) -> Result<Fate, WireError> {
        match (tag, self.owed.pop_front()) {
            (b'1', Some(Owed::Parse { name, statement, batch: _ })) => {
                if let (Ok(name), Ok(text)) =
                    (std::str::from_utf8(&name), std::str::from_utf8(&statement.text))
                    && !name.is_empty()
                {
                    // SQL can EXECUTE it by its name.
                    self.reader.prepare(name, Some(text));
                }
                self.statements.confirm(&name, Some(&statement));
            }
            (b'2', Some(Owed::Bind { name, portal, batch: _ })) => {
                if let (Ok(name), Ok(text)) =
                    (std::str::from_utf8(&name), std::str::from_utf8(&portal.statement.text))
                    && !name.is_empty()
                {
                    // SQL can FETCH from a portal by its name.
                    self.reader.open(name, text);
                }
                self.portals.confirm(&name, Some(&portal));
            }
            (b'3', Some(Owed::Close { portal, name, batch: _ })) => {
                if portal {
                    self.portals.confirm(&name, None);
                } else {
                    if let Ok(name) = std::str::from_utf8(&name) {
                        self.reader.prepare(name, None);
                    }
                    self.statements.confirm(&name, None);
                }
            }
            _ => return Err(WireError::OutOfOrder),
        }
        Ok(Fate::Pass)
    }

    /// A result is complete, empty, or suspended at the rows that were asked for.
    fn completed(&mut self, tag: u8, body: &[u8], turn: &mut Turn) -> Result<Fate, WireError> {
        match self.owed.front_mut() {
            Some(Owed::Query(run)) => {
                if tag == b's' {
                    return Err(WireError::OutOfOrder);
                }
                count_rows(run, body);
                (run.plan, run.copy) = (None, None);
                if run.stopped && !run.failed {
                    // The error stands in the place of the end; what follows is not shown.
                    run.failed = true;
                    return limit_reached(run).map(Fate::Replace);
                }
                return Ok(if run.failed { Fate::Swallow } else { Fate::Pass });
            }
            Some(Owed::Execute(_)) => {}
            _ => return Err(WireError::OutOfOrder),
        }
        let Some(Owed::Execute(mut run)) = self.owed.pop_front() else {
            return Err(WireError::OutOfOrder);
        };
        count_rows(&mut run, body);
        let state = match tag {
            _ if run.stopped => OutcomeState::StoppedAtLimit,
            b's' => OutcomeState::Suspended,
            _ => OutcomeState::Completed,
        };
        self.account(&run);
        outcome(&run, state, turn);
        if run.stopped {
            // The client sees an error, and skips to the end of its batch: nothing of the batch was
            // forwarded behind this Execute.
            self.skipping |= self.open_batch;
            return limit_reached(&run).map(Fate::Replace);
        }
        Ok(Fate::Pass)
    }

    fn account(&mut self, run: &Run) {
        // What the server says of a COPY may be any number.
        self.counts.rows_out = self.counts.rows_out.saturating_add(run.rows_out);
        self.counts.masked_cells = self.counts.masked_cells.saturating_add(run.masked_cells);
    }

    fn ready(&mut self, body: &[u8], turn: &mut Turn) -> Result<Fate, WireError> {
        let &[status @ (b'I' | b'T' | b'E')] = body else { return Err(WireError::Malformed) };
        match self.owed.pop_front() {
            Some(Owed::Sync) => {}
            Some(Owed::Query(run)) => {
                self.copy_in = false;
                self.account(&run);
                let state = match (run.stopped, run.failed) {
                    (true, _) => OutcomeState::StoppedAtLimit,
                    (false, true) => OutcomeState::Failed,
                    (false, false) => OutcomeState::Completed,
                };
                outcome(&run, state, turn);
            }
            Some(Owed::Refused { complaint: _, ready: true }) => {}
            _ => return Err(WireError::OutOfOrder),
        }
        self.answered += 1;
        self.settle(status);
        Ok(Fate::Pass)
    }

    fn error(
        &mut self,
        body: &[u8],
        judge: &mut dyn Judge,
        turn: &mut Turn,
    ) -> Result<Fate, WireError> {
        if severity_is_fatal(body) {
            let words = self.words_of_front();
            self.end(judge);
            turn.out.close = true;
            return Ok(match words {
                Some(words) => Fate::Replace(words.message(b'E', body)?),
                None => Fate::Pass,
            });
        }
        self.doubtful = true;
        self.copy_in = false;
        let words = self.words_of_front();
        let shown = match words {
            Some(words) => Fate::Replace(words.message(b'E', body)?),
            None => Fate::Pass,
        };
        match self.owed.front_mut() {
            Some(Owed::Query(run)) => {
                let was = std::mem::replace(&mut run.failed, true);
                (run.plan, run.copy) = (None, None);
                return Ok(if was { Fate::Swallow } else { shown });
            }
            Some(Owed::Refused { complaint, ready: true }) => {
                return Ok(Fate::Replace(std::mem::take(complaint)));
            }
            // A COMMIT at a Sync can fail; an error of its own, before nothing else, can come too.
            Some(Owed::Sync) | None => return Ok(shown),
            Some(
                Owed::Parse { .. }
                | Owed::Bind { .. }
                | Owed::Describe { .. }
                | Owed::Execute(_)
                | Owed::Close { .. }
                | Owed::Refused { complaint: _, ready: false },
            ) => {}
        }
        // The server skips everything up to the next Sync.
        let mut shown = shown;
        let mut first = true;
        let mut bound: Vec<Arc<Portal>> = Vec::new();
        while let Some(owed) = self.owed.front() {
            if matches!(owed, Owed::Sync) {
                return Ok(shown);
            }
            let Some(owed) = self.owed.pop_front() else { break };
            self.answered += u64::from(owed.is_end());
            match owed {
                Owed::Parse { name, batch, .. } => {
                    self.statements.drop_batch(&name, batch);
                    if first && name.is_empty() {
                        // A failed Parse leaves no unnamed statement.
                        self.statements.confirm(&name, None);
                    }
                }
                Owed::Bind { name, portal, batch } => {
                    self.portals.drop_batch(&name, batch);
                    bound.push(Arc::clone(&portal));
                    if first {
                        let run = Run::new(Arc::clone(&portal.ruling), None);
                        outcome(&run, OutcomeState::Failed, turn);
                    } else {
                        skipped(&portal.ruling, turn);
                    }
                }
                Owed::Close { portal: true, name, batch } => self.portals.drop_batch(&name, batch),
                Owed::Close { portal: false, name, batch } => {
                    self.statements.drop_batch(&name, batch);
                }
                Owed::Execute(run) if first => {
                    self.account(&run);
                    outcome(&run, OutcomeState::Failed, turn);
                }
                // Its Bind may have been told of already.
                Owed::Execute(run)
                    if bound.iter().any(|portal| Arc::ptr_eq(&portal.ruling, &run.ruling)) => {}
                Owed::Execute(run) | Owed::Query(run) => {
                    skipped(&run.ruling, turn);
                }
                Owed::Refused { complaint, .. } if first => shown = Fate::Replace(complaint),
                Owed::Describe { .. } | Owed::Refused { .. } | Owed::Sync => {}
            }
            first = false;
        }
        // The Sync is not sent yet.
        self.skip(judge);
        Ok(shown)
    }

    /// The mask of words that come now: of the command at the front, else of the session.
    fn words_of_front(&self) -> Option<WordMask> {
        let ruling = match self.owed.front() {
            Some(Owed::Execute(run) | Owed::Query(run)) => Some(&run.ruling),
            Some(Owed::Bind { portal, .. }) => Some(&portal.ruling),
            Some(
                Owed::Parse { .. }
                | Owed::Describe { .. }
                | Owed::Close { .. }
                | Owed::Sync
                | Owed::Refused { .. },
            )
            | None => None,
        };
        let Some(ruling) = ruling else { return self.words.clone() };
        let key = self.hash_key.as_ref();
        // Words of a command that nothing masks may speak of rows that it never returned: the
        // detectors of all classes look at them.
        let masks = ruling.engine.masks(&ruling.decided, key);
        let (detectors, operators) = masks.unwrap_or_else(|| ruling.engine.every_mask(key));
        Some(WordMask { detectors, operators, strict: ruling.tagged })
    }

    /// A notification belongs to no command: another session wrote it.
    fn notification(&mut self, body: &[u8]) -> Result<Fate, WireError> {
        let mut fields = Body::new(body);
        let (sender, channel, payload) = (fields.int32()?, fields.raw_text()?, fields.raw_text()?);
        if !fields.is_empty() {
            return Err(WireError::Malformed);
        }
        let Some(words) = &self.words else { return Ok(Fate::Pass) };
        let payload = words.loose(payload)?;
        let mut out = Vec::with_capacity(body.len() + 16);
        put(&mut out, b'A', |out| {
            out.extend_from_slice(&sender.to_be_bytes());
            out.extend_from_slice(channel);
            out.push(0);
            out.extend_from_slice(&payload);
            out.push(0);
        })?;
        Ok(Fate::Replace(out))
    }

    /// The server reports a setting: the state in which texts are read.
    fn parameter(&mut self, body: &[u8]) -> Result<Fate, WireError> {
        let mut fields = Body::new(body);
        let (name, value) = (fields.text()?, fields.raw_text()?);
        if !fields.is_empty() {
            return Err(WireError::Malformed);
        }
        match name {
            "client_encoding" => {
                let plain = [&b"UTF8"[..], b"SQL_ASCII"].contains(&value);
                if !plain {
                    // Bytes of a letter could be quotes, in commands and in rows.
                    return Err(WireError::Encoding);
                }
                let value = String::from_utf8_lossy(value).into_owned();
                self.report(|session| session.client_encoding = Some(value.clone()));
            }
            "standard_conforming_strings" => {
                let on = value == b"on";
                self.report(|session| session.standard_conforming_strings = Some(on));
            }
            _ if FIXED_PARAMETERS.contains(&name) => {}
            _ => return self.free_parameter(name, value),
        }
        Ok(Fate::Pass)
    }

    /// A setting that holds any text (application_name): a command may have put a value there.
    fn free_parameter(&self, name: &str, value: &[u8]) -> Result<Fate, WireError> {
        // Without digits and quotes it is the name of a zone that the server has.
        let is_zone = |byte: &u8| byte.is_ascii_alphabetic() || b"/_+-".contains(byte);
        let plain = name == "TimeZone" && value.iter().all(is_zone);
        let Some(words) = self.words_of_front().filter(|_| !plain) else { return Ok(Fate::Pass) };
        let masked = words.loose(value)?;
        let mut out = Vec::with_capacity(name.len() + masked.len() + 16);
        put(&mut out, b'S', |out| {
            put_text(out, name);
            out.extend_from_slice(&masked);
            out.push(0);
        })?;
        Ok(Fate::Replace(out))
    }

    fn report(&mut self, change: impl Fn(&mut crate::schema::SqlSession)) {
        self.reader.change(&change);
        if let Some(settled) = &mut self.settled {
            settled.change(change);
        }
    }

    fn copy_begins(&mut self, tag: u8, body: &[u8]) -> Result<Fate, WireError> {
        let mut fields = Body::new(body);
        let (overall, columns) = (fields.byte()?, fields.count()?);
        for _ in 0..columns {
            fields.int16()?;
        }
        if !fields.is_empty() {
            return Err(WireError::Malformed);
        }
        let session = self.reader.session().clone();
        let key = self.hash_key.clone();
        let (Some(Owed::Execute(run)) | Some(Owed::Query(run))) = self.owed.front_mut() else {
            return Err(WireError::OutOfOrder);
        };
        if tag == b'G' {
            return self.copy_in_begins();
        }
        run.copies_out = true;
        if run.ruling.passes_rows() {
            return Ok(Fate::Pass);
        }
        // INVARIANT: what cannot be read was refused before it ran; this is the second lock.
        let text = match &run.portal {
            Some(portal) => portal.statement.text.clone(),
            None => run.text.clone(),
        };
        let shape = copy_shape(&text, Dialect::Postgres, &session);
        let (Some(shape), 0) = (shape, overall) else { return Err(WireError::Malformed) };
        let fields = copy_fields(run, columns);
        let plan = plan(&run.ruling, &fields, None, key.as_ref());
        run.copy = Some(Box::new(CopyMasker::new(shape, plan, run.ruling.limit)));
        Ok(Fate::Pass)
    }

    /// The server takes data. What came behind the command already it reads as part of it: a Sync
    /// is ignored, and anything else ends the session.
    fn copy_in_begins(&mut self) -> Result<Fate, WireError> {
        let in_batch = matches!(self.owed.front(), Some(Owed::Execute(_)));
        while self.owed.len() > 1 {
            match self.owed.pop_back() {
                Some(Owed::Sync) => self.answered += 1,
                _ => return Err(WireError::OutOfOrder),
            }
        }
        // The batch goes on until the next Sync.
        self.open_batch |= in_batch;
        self.copy_in = true;
        Ok(Fate::Pass)
    }

    fn copy_data(&mut self, body: &[u8]) -> Result<Fate, WireError> {
        let Some(Owed::Execute(run) | Owed::Query(run)) = self.owed.front_mut() else {
            return Err(WireError::OutOfOrder);
        };
        let Some(copy) = &mut run.copy else { return Err(WireError::OutOfOrder) };
        let out = copy.push(body)?;
        if out.is_empty() {
            return Ok(Fate::Swallow);
        }
        data(&out).map(Fate::Replace)
    }

    fn copy_ends(&mut self) -> Result<Fate, WireError> {
        let Some(Owed::Execute(run) | Owed::Query(run)) = self.owed.front_mut() else {
            return Err(WireError::OutOfOrder);
        };
        let Some(mut copy) = run.copy.take() else { return Ok(Fate::Pass) };
        let rest = copy.finish()?;
        run.rows_out = run.rows_out.saturating_add(copy.rows);
        run.masked_cells = run.masked_cells.saturating_add(copy.changed);
        let mut out = if rest.is_empty() { Vec::new() } else { data(&rest)? };
        if copy.stopped {
            run.stopped = true;
            // Where an error ends a COPY, nothing says that it was whole.
            return Ok(if out.is_empty() { Fate::Swallow } else { Fate::Replace(out) });
        }
        put(&mut out, b'c', |_| {})?;
        Ok(Fate::Replace(out))
    }
}

/// A command that the server skipped.
fn skipped(ruling: &Arc<Ruling>, turn: &mut Turn) {
    outcome(&Run::new(Arc::clone(ruling), None), OutcomeState::Skipped, turn);
}

fn data(bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    let mut out = Vec::with_capacity(bytes.len() + HEAD_BYTES);
    put(&mut out, b'd', |out| out.extend_from_slice(bytes))?;
    Ok(out)
}

/// The columns of a COPY, by the names that the facts know.
fn copy_fields(run: &Run, columns: usize) -> Vec<Field> {
    use crate::facts::Outputs;
    let outputs =
        run.ruling.decided.facts.actions.iter().find_map(|action| match &action.outputs {
            Outputs::Columns(names) if names.len() == columns => Some(names),
            Outputs::Columns(_) | Outputs::None | Outputs::Opaque => None,
        });
    (0..columns)
        .map(|index| Field {
            name: outputs
                .and_then(|names| names.get(index))
                .map_or_else(String::new, |column| column.name.clone()),
            oid: 25,
            format: 0,
        })
        .collect()
}

/// The plan of an Execute, by what the portal or its statement was described as.
fn plan_of_portal(run: &Run, key: Option<&HashKey>) -> Option<RowPlan> {
    let portal = run.portal.as_ref()?;
    let fields = portal.fields()?.as_ref()?;
    let make = || plan(&run.ruling, fields, Some(&portal.formats), key);
    // What another command returns may be something else the next time.
    if portal.names.is_some() {
        make()
    } else {
        portal.statement.plan(&run.ruling, &portal.formats, make)
    }
}

fn plan(
    ruling: &Ruling,
    fields: &[Field],
    formats: Option<&[i16]>,
    key: Option<&HashKey>,
) -> Option<RowPlan> {
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let masker = ruling.engine.row_masker(&ruling.decided, &names, key)?;
    Some(RowPlan::new(masker, fields, formats))
}

/// Counts what a command tag says of rows that were changed, or copied out.
fn count_rows(run: &mut Run, body: &[u8]) {
    let counted = body
        .strip_suffix(b"\0")
        .and_then(|text| std::str::from_utf8(text).ok())
        .and_then(|text| text.split_once(' '))
        .and_then(|(verb, counts)| Some((verb, counts.rsplit(' ').next()?.parse().ok()?)));
    let Some((verb, rows)) = counted else { return };
    let rows: u64 = rows;
    match verb {
        "COPY" if run.copies_out => run.rows_out = run.rows_out.max(rows),
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" => {
            run.rows_changed = Some(run.rows_changed.unwrap_or(0).saturating_add(rows));
        }
        _ => {}
    }
}

fn limit_reached(run: &Run) -> Result<Vec<u8>, WireError> {
    let limit = run.ruling.limit.unwrap_or_default();
    let text = format!("stopped behind {limit} rows: the policy lets no more pass");
    let detail = serde_json::json!({ "decision": &*run.ruling.id, "limit": limit }).to_string();
    complaint_bytes(&Complaint {
        severity: "ERROR",
        sqlstate: "54000",
        message: &text,
        detail: Some(&detail),
        hint: Some("Ask for fewer rows, with a WHERE or a LIMIT."),
    })
}
