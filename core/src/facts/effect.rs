//! What an action may do to the world.

use std::ops::{BitOr, BitOrAssign};

/// One kind of effect.
///
/// # Examples
/// ```
/// use placet::facts::{Effect, EffectSet};
/// let may: EffectSet = Effect::ReadData | Effect::NetEgress;
/// assert!(may.contains(Effect::NetEgress) && !may.is_subset(EffectSet::READING));
/// assert_eq!(Effect::parse("net_egress"), Some(Effect::NetEgress));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Effect {
    /// Data is read.
    ReadData = 1 << 0,
    /// Data is added or changed.
    WriteData = 1 << 1,
    /// Data is lost, or service is stopped.
    Destroy = 1 << 2,
    /// Definitions change.
    Schema = 1 << 3,
    /// Rights or ownership change.
    Privilege = 1 << 4,
    /// The acting identity changes.
    Identity = 1 << 5,
    /// Code runs, or is installed or prepared to run, that was not read in full.
    CodeExec = 1 << 6,
    /// A file of the server is read.
    FsRead = 1 << 7,
    /// A file of the server is written.
    FsWrite = 1 << 8,
    /// Another host is reached.
    NetEgress = 1 << 9,
    /// Credentials or keys are read.
    SecretRead = 1 << 10,
    /// Personal data is moved to another place.
    PiiMove = 1 << 11,
    /// Locks, load or limits change for others.
    Availability = 1 << 12,
    /// Something is left behind that acts later (trigger, rule, event, extension).
    Persistence = 1 << 13,
    /// The meaning of later commands changes.
    ParserState = 1 << 14,
    /// Logging or auditing is changed or removed.
    AuditTamper = 1 << 15,
}

impl Effect {
    /// Every effect, in the order of the specification.
    pub const ALL: &'static [Self] = &[
        Self::ReadData,
        Self::WriteData,
        Self::Destroy,
        Self::Schema,
        Self::Privilege,
        Self::Identity,
        Self::CodeExec,
        Self::FsRead,
        Self::FsWrite,
        Self::NetEgress,
        Self::SecretRead,
        Self::PiiMove,
        Self::Availability,
        Self::Persistence,
        Self::ParserState,
        Self::AuditTamper,
    ];

    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadData => "read_data",
            Self::WriteData => "write_data",
            Self::Destroy => "destroy",
            Self::Schema => "schema",
            Self::Privilege => "privilege",
            Self::Identity => "identity",
            Self::CodeExec => "code_exec",
            Self::FsRead => "fs_read",
            Self::FsWrite => "fs_write",
            Self::NetEgress => "net_egress",
            Self::SecretRead => "secret_read",
            Self::PiiMove => "pii_move",
            Self::Availability => "availability",
            Self::Persistence => "persistence",
            Self::ParserState => "parser_state",
            Self::AuditTamper => "audit_tamper",
        }
    }

    /// The effect that `name` stands for.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|effect| effect.name() == name)
    }

    /// Whether the effect only reads: what a source target is decided on.
    #[must_use]
    pub const fn reads(self) -> bool {
        EffectSet::READING.contains(self)
    }
}

/// A set of effects.
///
/// # Examples
/// ```
/// # use placet::facts::{Effect, EffectSet};
/// let set = Effect::ReadData | Effect::WriteData;
/// assert!(set.contains(Effect::WriteData));
/// assert!(set.intersects(EffectSet::WRITING));
/// assert_eq!(set.iter().map(Effect::name).collect::<Vec<_>>(), ["read_data", "write_data"]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EffectSet(u16);

impl EffectSet {
    /// No effect.
    pub const NONE: Self = Self(0);
    /// Every effect.
    pub const ALL: Self = Self(u16::MAX);
    /// The effects that only read.
    pub const READING: Self = Self(
        Effect::ReadData as u16
            | Effect::FsRead as u16
            | Effect::SecretRead as u16
            | Effect::PiiMove as u16,
    );
    /// The effects of which any makes a command a write.
    pub const WRITING: Self = Self(!Self::READING.0);

    /// Whether `effect` is in the set.
    #[must_use]
    pub const fn contains(self, effect: Effect) -> bool {
        self.0 & effect as u16 != 0
    }

    /// Whether the two sets share an effect.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The effects in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether every effect of this set is in `other`.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The effects, in the order of the specification.
    pub fn iter(self) -> impl Iterator<Item = Effect> {
        Effect::ALL.iter().copied().filter(move |effect| self.contains(*effect))
    }
}

impl From<Effect> for EffectSet {
    fn from(effect: Effect) -> Self {
        Self(effect as u16)
    }
}

impl BitOr for Effect {
    type Output = EffectSet;

    fn bitor(self, other: Self) -> EffectSet {
        EffectSet(self as u16 | other as u16)
    }
}

impl<T: Into<Self>> BitOr<T> for EffectSet {
    type Output = Self;

    fn bitor(self, other: T) -> Self {
        Self(self.0 | other.into().0)
    }
}

impl<T: Into<Self>> BitOrAssign<T> for EffectSet {
    fn bitor_assign(&mut self, other: T) {
        self.0 |= other.into().0;
    }
}

impl FromIterator<Effect> for EffectSet {
    fn from_iter<I: IntoIterator<Item = Effect>>(effects: I) -> Self {
        effects.into_iter().fold(Self::NONE, |set, effect| set | effect)
    }
}
