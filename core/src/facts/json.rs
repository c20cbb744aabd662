//! The JSON form of facts: stable, because it goes into the signed log.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::{
    Action, Columns, EffectSet, EvasionSet, Extent, Facts, How, OutputColumn, Outputs, Path,
    Reason, SessionDelta, Sources, Target, Transaction,
};

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.serialize_entries(&mut map)?;
        map.end()
    }
}

impl Facts {
    /// Writes the entries of the facts object into `map`, so that a face can put its own keys
    /// (`id`) in front of them.
    ///
    /// # Errors
    /// Whatever the serializer reports.
    pub fn serialize_entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("protocol", &self.protocol)?;
        map.serialize_entry("understanding", self.understanding.name())?;
        map.serialize_entry("reasons", &self.reasons)?;
        map.serialize_entry("statements", &self.statements)?;
        map.serialize_entry("writes", &self.writes())?;
        map.serialize_entry("destructive", &self.destructive())?;
        map.serialize_entry("unbounded", &self.unbounded())?;
        map.serialize_entry("max_rows", &self.max_rows())?;
        map.serialize_entry("effects", &self.effects())?;
        map.serialize_entry("actions", &self.actions)?;
        map.serialize_entry("session", &self.session)?;
        map.serialize_entry("evasion", &self.evasion)
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("op", self.op.name())?;
        map.serialize_entry("verb", &self.verb)?;
        map.serialize_entry("targets", &self.targets)?;
        map.serialize_entry("extent", &self.extent)?;
        map.serialize_entry("may", &self.may)?;
        map.serialize_entry("calls", &self.calls)?;
        map.serialize_entry("outputs", &self.outputs)?;
        map.serialize_entry("via", &self.via)?;
        map.serialize_entry("span", &self.span)?;
        map.serialize_entry("nested", &self.nested)?;
        map.end()
    }
}

impl Serialize for EffectSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(super::Effect::name))
    }
}

impl Serialize for EvasionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(super::Evasion::name))
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("kind", self.kind.name())?;
        map.serialize_entry("path", &self.path)?;
        map.serialize_entry("role", self.role.name())?;
        match &self.columns {
            Columns::Any => map.serialize_entry("columns", "any")?,
            Columns::Named(names) => map.serialize_entry("columns", names)?,
        }
        map.end()
    }
}

impl Serialize for Extent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::One | Self::All | Self::Unknown => return serializer.serialize_str(self.name()),
            Self::AtMost(_) | Self::Filtered(_) => serializer.serialize_map(Some(1))?,
        };
        match self {
            Self::AtMost(rows) => map.serialize_entry("at_most", rows)?,
            Self::Filtered(columns) => map.serialize_entry("filtered", columns)?,
            Self::One | Self::All | Self::Unknown => {}
        }
        map.end()
    }
}

impl Serialize for How {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Sources {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("any"),
            Self::Columns(columns) => columns.serialize(serializer),
        }
    }
}

impl Serialize for OutputColumn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("sources", &self.sources)?;
        map.serialize_entry("how", &self.how)?;
        map.serialize_entry("implicit", &self.implicit)?;
        map.end()
    }
}

impl Serialize for Outputs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_str("none"),
            Self::Opaque => serializer.serialize_str("opaque"),
            Self::Columns(columns) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("columns", columns)?;
                map.end()
            }
        }
    }
}

impl Serialize for SessionDelta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Setting { name, values } => {
                map.serialize_entry("setting", name)?;
                map.serialize_entry("values", values)?;
            }
            Self::Prepared(name) => map.serialize_entry("prepared", name)?,
            Self::Deallocated(name) => map.serialize_entry("deallocated", name)?,
            Self::TempTable(name) => map.serialize_entry("temp_table", name)?,
            Self::Cursor(name) => map.serialize_entry("cursor", name)?,
            Self::Transaction(step) => map.serialize_entry("transaction", step)?,
            Self::Reset => map.serialize_entry("reset", &true)?,
            Self::Unknown => map.serialize_entry("unknown", &true)?,
        }
        map.end()
    }
}

impl Serialize for Transaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Begin => "begin",
            Self::Commit => "commit",
            Self::Rollback => "rollback",
            Self::Savepoint => "savepoint",
        })
    }
}
