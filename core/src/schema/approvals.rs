//! Who may approve what: the specs and keys that a bundle declares.

/// How a spec is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApprovalKind {
    /// Asked in the course of work.
    Normal,
    /// For emergencies: its use always raises an alert.
    BreakGlass,
}

impl ApprovalKind {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::BreakGlass => "break_glass",
        }
    }
}

/// Somebody who can never approve under a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Excluded {
    /// Who asked.
    Requester,
    /// On whose behalf was asked.
    Delegator,
}

impl Excluded {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Delegator => "delegator",
        }
    }
}

/// One stage of a spec: `min` people, each in one of the groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalStage {
    /// Names of groups of approvers; never empty.
    pub any_of: Vec<String>,
    /// How many people; at least 1.
    pub min: u32,
}

/// What an approval takes: every stage, each by people who are not excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalSpec {
    /// Its name in rules.
    pub id: String,
    /// What it is for.
    pub about: Option<String>,
    /// In the course of work, or for emergencies.
    pub kind: ApprovalKind,
    /// All of them must be met; never empty.
    pub stages: Vec<ApprovalStage>,
    /// Whether one person counts once over all stages.
    pub distinct: bool,
    /// Who never counts. The requester and the delegator are always in it.
    pub not: Vec<Excluded>,
    /// Seconds after which an unanswered ticket is denied.
    pub expires_in_seconds: u64,
}

/// A person whose key counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The person's name, as principals are named.
    pub id: String,
    /// Groups that stages name.
    pub groups: Vec<String>,
    /// Verifier keys in the signed-note form `name+hash+key`.
    pub keys: Vec<String>,
}
