//! Prepared statements and portals: what a name stands for on the server.
//!
//! Clients send on before they hear whether a definition succeeded. Names are therefore kept
//! twice: as the server has confirmed them, and as they will be if the messages on their way
//! succeed. Within one batch (up to a Sync) a failed definition skips everything that uses it;
//! beyond it, whoever uses the name waits for the server's word.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::rows::{Field, RowPlan, description};
use crate::engine::{Decided, Engine};
use crate::facts::{Effect, Facts};
use crate::limits::MAX_SESSION_NAMES;
use crate::policy::{Decision, Obligation};
use crate::request::Enforces;
use crate::schema::SqlSession;
use crate::wire::WireError;

/// A prepared statement.
pub(super) struct Statement {
    pub(super) text: Vec<u8>,
    /// Types of its parameters that the client named.
    pub(super) types: Vec<u32>,
    /// How it was read last.
    reading: Mutex<Reading>,
    /// What its rows look like, once the server has said so; `None` inside for no rows.
    pub(super) description: OnceLock<Option<Arc<[Field]>>>,
    /// What the rows of one of its portals looked like, as the server put it: seldom another way the
    /// next time.
    seen: OnceLock<Seen>,
    /// The plan of its rows, and the reading, obligations and formats that it was made for.
    plan: Mutex<Option<CachedPlan>>,
}

/// The body of a RowDescription, and its columns.
type Seen = (Box<[u8]>, Arc<[Field]>);

struct CachedPlan {
    facts: Arc<Facts>,
    obligations: Vec<Obligation>,
    formats: Vec<i16>,
    plan: RowPlan,
}

/// A command as it was read in one state of the session, and what the session wants to know of it
/// each time it runs.
#[derive(Clone)]
pub(super) struct Reading {
    pub(super) facts: Arc<Facts>,
    /// The version of the session.
    pub(super) version: u64,
    /// What the session can do with what it returns.
    pub(super) enforces: Enforces,
    /// Whether it depends on what the names of statements and cursors stand for.
    pub(super) looks_at_names: bool,
    /// Whether it leaves the session as it is.
    pub(super) steady: bool,
    /// Whether it changes how later commands are read.
    pub(super) redefines: bool,
    pub(super) writes: bool,
}

impl Reading {
    pub(super) fn new(facts: Facts, version: u64, enforces: Enforces) -> Self {
        let defines = facts.effects().iter().any(|effect| effect == Effect::Schema);
        let redefines = facts.changes_session() || defines;
        Self {
            version,
            enforces,
            looks_at_names: looks_at_names(&facts),
            steady: facts.session.is_empty() && !redefines,
            redefines,
            writes: facts.writes(),
            facts: Arc::new(facts),
        }
    }
}

impl Statement {
    pub(super) const fn new(text: Vec<u8>, types: Vec<u32>, reading: Reading) -> Self {
        Self {
            text,
            types,
            reading: Mutex::new(reading),
            description: OnceLock::new(),
            seen: OnceLock::new(),
            plan: Mutex::new(None),
        }
    }

    /// How it is read under this version of the session; `read` is asked where it was another.
    pub(super) fn reading(&self, version: u64, read: impl FnOnce(&[u8]) -> Reading) -> Reading {
        let mut known = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        // What looks at other statements or cursors depends on more than the session's version.
        if known.version != version || known.looks_at_names {
            *known = read(&self.text);
        }
        known.clone()
    }

    /// The columns of a RowDescription of one of its portals.
    pub(super) fn fields(&self, body: &[u8]) -> Result<Arc<[Field]>, WireError> {
        if let Some((seen, fields)) = self.seen.get()
            && **seen == *body
        {
            return Ok(Arc::clone(fields));
        }
        let fields = description(body)?;
        let _ = self.seen.set((body.into(), Arc::clone(&fields)));
        Ok(fields)
    }

    /// The plan for its rows under these obligations.
    pub(super) fn plan(
        &self,
        ruling: &Ruling,
        formats: &[i16],
        make: impl FnOnce() -> Option<RowPlan>,
    ) -> Option<RowPlan> {
        let Decided { facts, decision: Decision { obligations, .. } } = &*ruling.decided;
        let mut cached = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = cached.as_ref()
            // Which columns are expected is in the facts: other tables, under another path.
            && Arc::ptr_eq(&cached.facts, facts)
            && cached.obligations == *obligations
            && cached.formats.len() == formats.len()
            && (formats.is_empty() || cached.formats == formats)
        {
            return Some(cached.plan.clone());
        }
        let plan = make()?;
        *cached = Some(CachedPlan {
            facts: Arc::clone(facts),
            obligations: obligations.clone(),
            formats: formats.to_vec(),
            plan: plan.clone(),
        });
        Some(plan)
    }
}

/// A decision that lets a command run, with what must be done with what comes back.
#[derive(Debug)]
pub(super) struct Ruling {
    pub(super) id: Arc<str>,
    pub(super) decided: Arc<Decided>,
    pub(super) engine: Engine,
    /// Rows that may pass.
    pub(super) limit: Option<u64>,
    /// Whether anything that comes back is masked.
    pub(super) masks: bool,
    /// Whether a masked class may have values of any shape.
    pub(super) tagged: bool,
}

impl Ruling {
    pub(super) fn new(id: Arc<str>, decided: Arc<Decided>, engine: Engine) -> Self {
        let obligations = &decided.decision.obligations;
        let limit = obligations.iter().filter_map(Obligation::rows).min();
        let masks = obligations.iter().any(Obligation::is_mask);
        let tagged = masks && engine.masks_tagged(&decided);
        Self { id, decided, engine, limit, masks, tagged }
    }

    /// Whether rows pass as they are, and are only counted.
    pub(super) const fn passes_rows(&self) -> bool {
        !self.masks && self.limit.is_none()
    }
}

/// A portal: a statement with its values, ready to run.
pub(super) struct Portal {
    pub(super) statement: Arc<Statement>,
    pub(super) ruling: Arc<Ruling>,
    /// Result formats of its Bind.
    pub(super) formats: Vec<i16>,
    /// What its rows look like: asked for by the client, or by this session.
    pub(super) description: OnceLock<Option<Arc<[Field]>>>,
    /// How it was read when it was decided.
    pub(super) reading: Reading,
    /// The session then, where the command looks at other statements or cursors when it runs.
    pub(super) names: Option<Box<SqlSession>>,
    /// Rows that passed, over all its Executes.
    pub(super) rows: AtomicU64,
}

impl Portal {
    /// What its rows look like, as far as somebody asked. A command that runs another one returns
    /// what that one returns now: what its statement was described as says nothing.
    pub(super) fn fields(&self) -> Option<&Option<Arc<[Field]>>> {
        let of_statement = || self.statement.description.get().filter(|_| self.names.is_none());
        self.description.get().or_else(of_statement)
    }

    /// Whether every name that was known when it was decided stands for the same now.
    pub(super) fn names_hold(&self, now: &SqlSession) -> bool {
        let Some(then) = &self.names else { return true };
        [(&then.prepared, &now.prepared), (&then.cursors, &now.cursors)].into_iter().all(
            |(then, now)| match (then, now) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(then), Some(now)) => {
                    then.iter().all(|(name, text)| now.get(name) == Some(text))
                }
            },
        )
    }
}

/// Whether what a command does depends on what the names of statements and cursors stand for.
fn looks_at_names(facts: &Facts) -> bool {
    let by_name = |verb: &str| matches!(verb, "EXECUTE" | "FETCH" | "MOVE");
    facts.is_opaque()
        || facts.actions.iter().any(|action| !action.nested.is_empty() || by_name(&action.verb))
}

/// What a name stands for.
pub(super) enum Found<T> {
    /// This.
    Known(Arc<T>),
    /// Nothing that went through this session.
    Unknown,
    /// The server has not said yet; nothing may use the name before.
    Wait,
}

/// The names of one kind.
pub(super) struct Names<T> {
    /// The unnamed one: most drivers use no other portal.
    unnamed: Slot<T>,
    /// INVARIANT: no slot is empty.
    named: HashMap<Box<[u8]>, Slot<T>>,
}

/// What one name stands for.
struct Slot<T> {
    confirmed: Option<Arc<T>>,
    /// What is on its way, and in which batch; `None` inside is a name that is being closed.
    ahead: Option<(Option<Arc<T>>, u64)>,
}

impl<T> Slot<T> {
    const EMPTY: Self = Self { confirmed: None, ahead: None };

    const fn is_empty(&self) -> bool {
        self.confirmed.is_none() && self.ahead.is_none()
    }

    fn find(&self, batch: u64) -> Found<T> {
        let value = match &self.ahead {
            Some((_, other)) if *other != batch => return Found::Wait,
            Some((ahead, _)) => ahead,
            None => &self.confirmed,
        };
        value.as_ref().map_or(Found::Unknown, |value| Found::Known(Arc::clone(value)))
    }

    fn confirm(&mut self, value: Option<&Arc<T>>) {
        if self.ahead.as_ref().is_some_and(|(ahead, _)| same(ahead.as_ref(), value)) {
            self.ahead = None;
        }
        self.confirmed = value.cloned();
    }
}

impl<T> Names<T> {
    pub(super) fn new() -> Self {
        Self { unnamed: Slot::EMPTY, named: HashMap::new() }
    }

    /// What a name stands for in this batch.
    pub(super) fn find(&self, name: &[u8], batch: u64) -> Found<T> {
        match name {
            [] => self.unnamed.find(batch),
            name => self.named.get(name).map_or(Found::Unknown, |slot| slot.find(batch)),
        }
    }

    /// Changes what is known of a name.
    fn change(&mut self, name: &[u8], change: impl FnOnce(&mut Slot<T>)) {
        if name.is_empty() {
            change(&mut self.unnamed);
            return;
        }
        match self.named.get_mut(name) {
            Some(slot) => {
                change(slot);
                if slot.is_empty() {
                    self.named.remove(name);
                }
            }
            None => {
                let mut slot = Slot::EMPTY;
                change(&mut slot);
                if !slot.is_empty() {
                    self.named.insert(name.into(), slot);
                }
            }
        }
    }

    /// A definition (or with `None` an end) of a name is on its way.
    pub(super) fn begin(
        &mut self,
        name: &[u8],
        value: Option<Arc<T>>,
        batch: u64,
    ) -> Result<(), WireError> {
        if self.named.len() >= MAX_SESSION_NAMES {
            return Err(WireError::Bound { what: "names of statements and portals" });
        }
        self.change(name, |slot| slot.ahead = Some((value, batch)));
        Ok(())
    }

    /// The server confirmed a definition or an end.
    pub(super) fn confirm(&mut self, name: &[u8], value: Option<&Arc<T>>) {
        self.change(name, |slot| slot.confirm(value));
    }

    /// A definition or an end was skipped.
    pub(super) fn drop_batch(&mut self, name: &[u8], batch: u64) {
        self.change(name, |slot| {
            slot.ahead.take_if(|(_, of)| *of == batch);
        });
    }

    /// Whether no definition and no end of a name is on its way; the unnamed one has none.
    pub(super) fn is_settled(&self) -> bool {
        self.named.values().all(|slot| slot.ahead.is_none())
    }

    /// What the server confirmed is gone; what is on its way is not.
    pub(super) fn forget_confirmed(&mut self) {
        self.unnamed.confirmed = None;
        if !self.named.is_empty() {
            self.named.retain(|_, slot| {
                slot.confirmed = None;
                !slot.is_empty()
            });
        }
    }

    /// Everything may be gone, or something else: nothing is known.
    pub(super) fn forget(&mut self) {
        self.unnamed = Slot::EMPTY;
        self.named.clear();
    }
}

fn same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests;
