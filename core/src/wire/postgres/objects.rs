//! Prepared statements and portals: what a name stands for on the server.
//!
//! Clients send on before they hear whether a definition succeeded. Names are therefore kept
//! twice: as the server has confirmed them, and as they will be if the messages on their way
//! succeed. Within one batch (up to a Sync) a failed definition skips everything that uses it;
//! beyond it, whoever uses the name waits for the server's word.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::rows::{Field, RowPlan};
use crate::engine::{Decided, Engine};
use crate::facts::Facts;
use crate::limits::MAX_SESSION_NAMES;
use crate::policy::Obligation;
use crate::schema::SqlSession;
use crate::wire::WireError;

/// A prepared statement.
pub(super) struct Statement {
    pub(super) text: Vec<u8>,
    /// Types of its parameters that the client named.
    pub(super) types: Vec<u32>,
    /// Its facts, and the version of the session under which they were read.
    facts: Mutex<(u64, Arc<Facts>)>,
    /// What its rows look like, once the server has said so; `None` inside for no rows.
    pub(super) description: OnceLock<Option<Arc<[Field]>>>,
    /// The plan of its rows, and the obligations and formats that it was made for.
    plan: Mutex<Option<CachedPlan>>,
}

struct CachedPlan {
    obligations: Vec<Obligation>,
    formats: Vec<i16>,
    plan: RowPlan,
}

impl Statement {
    pub(super) fn new(text: Vec<u8>, types: Vec<u32>, facts: Arc<Facts>, version: u64) -> Self {
        Self {
            text,
            types,
            facts: Mutex::new((version, facts)),
            description: OnceLock::new(),
            plan: Mutex::new(None),
        }
    }

    /// Its facts under this version of the session; `read` is asked where they are of another.
    pub(super) fn facts(&self, version: u64, read: impl FnOnce(&[u8]) -> Facts) -> Arc<Facts> {
        let mut known = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        // What looks at other statements or cursors depends on more than the session's version.
        if known.0 != version || looks_at_names(&known.1) {
            *known = (version, Arc::new(read(&self.text)));
        }
        Arc::clone(&known.1)
    }

    /// The plan for its rows under these obligations.
    pub(super) fn plan(
        &self,
        ruling: &Ruling,
        formats: &[i16],
        make: impl FnOnce() -> Option<RowPlan>,
    ) -> Option<RowPlan> {
        let obligations = &ruling.decided.decision.obligations;
        let mut cached = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cached) = cached.as_ref()
            && cached.obligations == *obligations
            && cached.formats == formats
        {
            return Some(cached.plan.clone());
        }
        let plan = make()?;
        *cached = Some(CachedPlan {
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
    /// The version of the session under which it was decided.
    pub(super) version: u64,
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
pub(super) fn looks_at_names(facts: &Facts) -> bool {
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
    confirmed: HashMap<Vec<u8>, Arc<T>>,
    /// `None` is a name that is being closed.
    ahead: HashMap<Vec<u8>, (Option<Arc<T>>, u64)>,
}

impl<T> Names<T> {
    pub(super) fn new() -> Self {
        Self { confirmed: HashMap::new(), ahead: HashMap::new() }
    }

    /// What a name stands for in this batch.
    pub(super) fn find(&self, name: &[u8], batch: u64) -> Found<T> {
        match self.ahead.get(name) {
            Some((_, other)) if *other != batch => Found::Wait,
            Some((Some(value), _)) => Found::Known(Arc::clone(value)),
            Some((None, _)) => Found::Unknown,
            None => match self.confirmed.get(name) {
                Some(value) => Found::Known(Arc::clone(value)),
                None => Found::Unknown,
            },
        }
    }

    /// A definition (or with `None` an end) of a name is on its way.
    pub(super) fn begin(
        &mut self,
        name: &[u8],
        value: Option<Arc<T>>,
        batch: u64,
    ) -> Result<(), WireError> {
        if self.confirmed.len().saturating_add(self.ahead.len()) >= MAX_SESSION_NAMES {
            return Err(WireError::Bound { what: "names of statements and portals" });
        }
        self.ahead.insert(name.to_vec(), (value, batch));
        Ok(())
    }

    /// The server confirmed a definition or an end.
    pub(super) fn confirm(&mut self, name: &[u8], value: Option<&Arc<T>>) {
        if self.ahead.get(name).is_some_and(|(ahead, _)| same(ahead.as_ref(), value)) {
            self.ahead.remove(name);
        }
        match value {
            Some(value) => self.confirmed.insert(name.to_vec(), Arc::clone(value)),
            None => self.confirmed.remove(name),
        };
    }

    /// A definition or an end was skipped.
    pub(super) fn drop_batch(&mut self, name: &[u8], batch: u64) {
        if self.ahead.get(name).is_some_and(|(_, of)| *of == batch) {
            self.ahead.remove(name);
        }
    }

    /// Whether a definition or an end of a name is on its way.
    pub(super) fn is_settled(&self) -> bool {
        self.ahead.len() == usize::from(self.ahead.contains_key(&b""[..]))
    }

    /// What the server confirmed is gone; what is on its way is not.
    pub(super) fn forget_confirmed(&mut self) {
        self.confirmed.clear();
    }

    /// Everything may be gone, or something else: nothing is known.
    pub(super) fn forget(&mut self) {
        self.confirmed.clear();
        self.ahead.clear();
    }
}

fn same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
