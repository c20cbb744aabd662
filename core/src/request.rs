//! Who asks, on what, in which session and context: the evaluator's inputs beside the facts.
//!
//! The words are those of attribute-based access control (NIST SP 800-162). The JSON forms are
//! those of `placet decide` (`docs/spec/cli.md`); unknown keys are refused, because a misspelt
//! attribute would silently be an absent one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::primitives::Timestamp;

/// What kind of principal asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    /// A person.
    Human,
    /// A service account.
    Service,
    /// An AI agent.
    Agent,
}

/// A value of a claim, a label or a session fact.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

/// Who asks.
///
/// # Examples
/// ```
/// use placet::request::{Principal, PrincipalKind};
/// let agent: Principal =
///     serde_json::from_str(r#"{"id":"agent:support-7","kind":"agent","groups":["agents/support"]}"#)?;
/// assert_eq!(agent.kind, PrincipalKind::Agent);
/// assert!(serde_json::from_str::<Principal>(r#"{"id":"agent:support-7","kind":"agent","admin":true}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Principal {
    /// Stable name, for example `agent:support-7`.
    pub id: String,
    /// Person, service or agent.
    pub kind: PrincipalKind,
    /// Groups, as paths with slashes (`agents/support`).
    #[serde(default)]
    pub groups: Vec<String>,
    /// Claims of its token that the embedder vouches for.
    #[serde(default)]
    pub claims: BTreeMap<String, Value>,
    /// On whose behalf it acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegator: Option<String>,
}

/// What the command would run on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Kind of system: `postgres`, `sqlite`, `shell`…
    pub kind: String,
    /// Its name in the inventory.
    pub name: String,
    /// Labels, for example `env = prod`.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// What the session has done so far: labels and counters kept by the embedder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Marks such as `read_secret`.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Counters such as `rows_out`; an absent one is unknown.
    #[serde(default)]
    pub counters: BTreeMap<String, u64>,
}

/// The world around the request, as the caller sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The caller's time; `None` makes every condition on time unknown.
    pub now: Option<Timestamp>,
}

/// What the caller is able to enforce. An obligation outside it turns the verdict into deny.
///
/// # Examples
/// ```
/// use placet::request::Enforces;
/// let sidecar = Enforces { approve: false, ..Enforces::ALL };
/// assert!(sidecar.mask && sidecar.limit);
/// assert!(!Enforces::NOTHING.mask);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enforces {
    /// Masks what comes back.
    pub mask: bool,
    /// Stops at a number of rows.
    pub limit: bool,
    /// Holds a command until people have answered.
    pub approve: bool,
}

impl Enforces {
    /// A caller that can do everything.
    pub const ALL: Self = Self { mask: true, limit: true, approve: true };
    /// A caller that can only let pass or refuse.
    pub const NOTHING: Self = Self { mask: false, limit: false, approve: false };
}

/// Everything that a decision needs beside the facts of the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub principal: Principal,
    /// What the command would run on.
    pub resource: Resource,
    /// What the session has done so far.
    pub session: Session,
    /// The world around it.
    pub context: Context,
    /// What the caller can enforce.
    pub enforces: Enforces,
}
