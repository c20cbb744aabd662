//! Who may approve and how many must: the approval specs and approvers of a bundle, as plain data.
//!
//! [`Approvals`](crate::schema::Approvals) is what a bundle's `approvals.toml` says, already read;
//! `approval::Roster` turns it into keys that verify. The format is in `docs/spec/approvals.md`.

/// Seconds after which a held request is denied where a spec does not say: half an hour.
pub const DEFAULT_EXPIRES_IN_SECONDS: u32 = 1800;

/// Specs and approvers of one bundle, in bundle order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvals {
    /// What rules name in `require_approval = "<id>"`.
    pub specs: Vec<ApprovalSpec>,
    /// The people who may answer.
    pub approvers: Vec<Approver>,
}

/// What an approval needs: every stage, filled by different people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalSpec {
    /// The name that rules use.
    pub id: String,
    /// Normal, or break-glass.
    pub kind: SpecKind,
    /// All of them must be filled; one person fills one place.
    pub stages: Vec<Stage>,
    /// Seconds from the request until it counts as denied; at least 1.
    pub expires_in_seconds: u32,
}

/// Whether use of a spec is a matter of course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpecKind {
    /// An everyday approval.
    Normal,
    /// For emergencies: the same checks, and every use raises an alert.
    BreakGlass,
}

impl SpecKind {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::BreakGlass => "break_glass",
        }
    }
}

/// One condition of a spec: so many people out of these groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Names of groups of [`Approver::groups`], compared exactly; one of them is enough.
    pub any_of: Vec<String>,
    /// How many different people; at least 1.
    pub min: u32,
}

/// A person who may answer. One entry a person: it is people that are counted, never keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver {
    /// The person's id, in the same name space as `Principal::id`.
    pub id: String,
    /// The groups that stages name.
    pub groups: Vec<String>,
    /// The person's public keys in signed-note verifier form (`name+hash+base64`).
    pub keys: Vec<String>,
}
