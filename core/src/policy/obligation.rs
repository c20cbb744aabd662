//! What the caller must do when it forwards a command.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::schema::Class;

/// Something that must be done with a command that is not denied. All of them hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obligation {
    /// Mask what comes back.
    Mask(MaskObligation),
    /// Stop with a protocol error behind this many rows; never cut silently.
    Limit {
        /// Rows that may pass.
        rows: u64,
    },
    /// Hold the command until the spec is met.
    Approval {
        /// The spec's id in the bundle.
        spec: String,
    },
}

impl Obligation {
    /// The rows that may pass, for a limit.
    #[must_use]
    pub const fn rows(&self) -> Option<u64> {
        match self {
            Self::Limit { rows } => Some(*rows),
            Self::Mask(_) | Self::Approval { .. } => None,
        }
    }

    /// Whether it masks what comes back.
    #[must_use]
    pub const fn is_mask(&self) -> bool {
        match self {
            Self::Mask(_) => true,
            Self::Limit { .. } | Self::Approval { .. } => false,
        }
    }
}

/// What to mask: columns by force, and the classes' detectors over everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskObligation {
    /// The classes with their detectors and operators, sorted by name.
    pub classes: Vec<Class>,
    /// The output columns that are masked whatever is in them.
    pub columns: MaskedColumns,
}

/// Output columns that are masked whatever is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MaskedColumns {
    /// Every column: what comes back is of unknown shape, or comes from anywhere.
    All,
    /// These, by their place in the result, counted from 0.
    Listed(Vec<MaskedColumn>),
}

/// One output column that is masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MaskedColumn {
    /// Its place in the result, counted from 0.
    pub index: usize,
    /// The class whose operator applies: the one with the strongest.
    pub class: String,
}

impl Serialize for Obligation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Mask(mask) => {
                map.serialize_entry("kind", "mask")?;
                let names: Vec<&str> =
                    mask.classes.iter().map(|class| class.name.as_str()).collect();
                map.serialize_entry("classes", &names)?;
                match &mask.columns {
                    MaskedColumns::All => map.serialize_entry("columns", "all")?,
                    MaskedColumns::Listed(columns) => map.serialize_entry("columns", columns)?,
                }
            }
            Self::Limit { rows } => {
                map.serialize_entry("kind", "limit")?;
                map.serialize_entry("rows", rows)?;
            }
            Self::Approval { spec } => {
                map.serialize_entry("kind", "approval")?;
                map.serialize_entry("spec", spec)?;
            }
        }
        map.end()
    }
}
