//! The closed list of facts that conditions may name, with their types.

use crate::facts::{Effect, Evasion, Op, Protocol, Role, TargetKind};

/// A fact that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    Op,
    Verb,
    Extent,
    MaxRows,
    Effect,
    Role,
    Kind,
    Understanding,
    Statements,
    Writes,
    Destructive,
    Unbounded,
    Protocol,
    Calls,
    Evasion,
    PrincipalId,
    PrincipalKind,
    PrincipalGroups,
    Claim(String),
    ResourceKind,
    ResourceName,
    Label(String),
    SessionLabels,
    Counter(String),
    Now,
}

/// The type of a fact or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int,
    Text,
    Time,
    /// A set of texts.
    Set,
    /// One word of a closed set.
    Word(Words),
    /// A set of words of a closed set.
    WordSet(Words),
    /// A claim: its type is known at run time only.
    Any,
}

/// The closed sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    Op,
    Extent,
    Effect,
    Role,
    Kind,
    Understanding,
    Protocol,
    PrincipalKind,
    Evasion,
}

impl Words {
    /// What one is called in messages.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Op => "op",
            Self::Extent => "extent",
            Self::Effect => "effect",
            Self::Role => "role",
            Self::Kind => "target kind",
            Self::Understanding => "understanding",
            Self::Protocol => "protocol",
            Self::PrincipalKind => "kind of principal",
            Self::Evasion => "sign of evasion",
        }
    }

    pub(crate) fn all(self) -> Vec<&'static str> {
        match self {
            Self::Op => Op::ALL.iter().map(|op| op.name()).collect(),
            Self::Extent => vec!["one", "at_most", "filtered", "all", "unknown"],
            Self::Effect => Effect::ALL.iter().map(|effect| effect.name()).collect(),
            Self::Role => [Role::Source, Role::Sink, Role::Object].map(Role::name).to_vec(),
            Self::Kind => TargetKind::ALL.iter().map(|kind| kind.name()).collect(),
            Self::Understanding => vec!["full", "partial", "opaque"],
            Self::Protocol => Protocol::all().map(Protocol::name).collect(),
            Self::PrincipalKind => vec!["human", "service", "agent"],
            Self::Evasion => Evasion::ALL.iter().map(|sign| sign.name()).collect(),
        }
    }
}

/// Facts without a free part.
const FLAT: &[(&str, Fact)] = &[
    ("op", Fact::Op),
    ("verb", Fact::Verb),
    ("extent", Fact::Extent),
    ("max_rows", Fact::MaxRows),
    ("effect", Fact::Effect),
    ("role", Fact::Role),
    ("kind", Fact::Kind),
    ("understanding", Fact::Understanding),
    ("statements", Fact::Statements),
    ("writes", Fact::Writes),
    ("destructive", Fact::Destructive),
    ("unbounded", Fact::Unbounded),
    ("protocol", Fact::Protocol),
    ("calls", Fact::Calls),
    ("evasion", Fact::Evasion),
    ("principal.id", Fact::PrincipalId),
    ("principal.kind", Fact::PrincipalKind),
    ("principal.groups", Fact::PrincipalGroups),
    ("resource.kind", Fact::ResourceKind),
    ("resource.name", Fact::ResourceName),
    ("session.labels", Fact::SessionLabels),
    ("now", Fact::Now),
];

impl Fact {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some((_, fact)) = FLAT.iter().find(|(flat, _)| *flat == name) {
            return Some(fact.clone());
        }
        let free = |prefix: &str| {
            name.strip_prefix(prefix).filter(|rest| !rest.is_empty() && !rest.contains('.'))
        };
        free("principal.claims.")
            .map(|claim| Self::Claim(claim.into()))
            .or_else(|| free("resource.labels.").map(|label| Self::Label(label.into())))
            .or_else(|| free("session.").map(|counter| Self::Counter(counter.into())))
    }

    /// Every name without a free part, for suggestions.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
        FLAT.iter().map(|(name, _)| *name)
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Claim(claim) => format!("principal.claims.{claim}"),
            Self::Label(label) => format!("resource.labels.{label}"),
            Self::Counter(counter) => format!("session.{counter}"),
            Self::Op
            | Self::Verb
            | Self::Extent
            | Self::MaxRows
            | Self::Effect
            | Self::Role
            | Self::Kind
            | Self::Understanding
            | Self::Statements
            | Self::Writes
            | Self::Destructive
            | Self::Unbounded
            | Self::Protocol
            | Self::Calls
            | Self::Evasion
            | Self::PrincipalId
            | Self::PrincipalKind
            | Self::PrincipalGroups
            | Self::ResourceKind
            | Self::ResourceName
            | Self::SessionLabels
            | Self::Now => {
                let found = FLAT.iter().find(|(_, fact)| fact == self);
                found.map_or_else(String::new, |(name, _)| (*name).to_owned())
            }
        }
    }

    pub(crate) const fn fact_type(&self) -> Type {
        match self {
            Self::Op => Type::Word(Words::Op),
            Self::Extent => Type::Word(Words::Extent),
            Self::Effect => Type::Word(Words::Effect),
            Self::Role => Type::Word(Words::Role),
            Self::Kind => Type::Word(Words::Kind),
            Self::Understanding => Type::Word(Words::Understanding),
            Self::Protocol => Type::Word(Words::Protocol),
            Self::PrincipalKind => Type::Word(Words::PrincipalKind),
            Self::MaxRows | Self::Statements | Self::Counter(_) => Type::Int,
            Self::Writes | Self::Destructive | Self::Unbounded => Type::Bool,
            Self::Calls | Self::PrincipalGroups | Self::SessionLabels => Type::Set,
            Self::Evasion => Type::WordSet(Words::Evasion),
            Self::Verb
            | Self::PrincipalId
            | Self::ResourceKind
            | Self::ResourceName
            | Self::Label(_) => Type::Text,
            Self::Claim(_) => Type::Any,
            Self::Now => Type::Time,
        }
    }
}
