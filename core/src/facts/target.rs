//! What an action acts on.

use std::fmt;

/// The kind of thing that a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetKind {
    /// A table, view, materialised view, foreign table: whatever a FROM can name.
    Table,
    /// An index.
    Index,
    /// A sequence.
    Sequence,
    /// A schema.
    Schema,
    /// A database.
    Database,
    /// A function, procedure or aggregate.
    Function,
    /// A type or domain.
    Type,
    /// A trigger, rule or event.
    Trigger,
    /// An extension, module, library or language.
    Extension,
    /// A role, user or group.
    Role,
    /// A setting of session or server.
    Setting,
    /// A file or directory.
    File,
    /// A program that is run.
    Program,
    /// Another host, server or connection.
    Host,
    /// A large object.
    LargeObject,
    /// The server itself, or one of its processes.
    Server,
    /// Something else.
    Other,
}

impl TargetKind {
    /// Every kind, in the order of the specification.
    pub const ALL: &'static [Self] = &[
        Self::Table,
        Self::Index,
        Self::Sequence,
        Self::Schema,
        Self::Database,
        Self::Function,
        Self::Type,
        Self::Trigger,
        Self::Extension,
        Self::Role,
        Self::Setting,
        Self::File,
        Self::Program,
        Self::Host,
        Self::LargeObject,
        Self::Server,
        Self::Other,
    ];

    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Index => "index",
            Self::Sequence => "sequence",
            Self::Schema => "schema",
            Self::Database => "database",
            Self::Function => "function",
            Self::Type => "type",
            Self::Trigger => "trigger",
            Self::Extension => "extension",
            Self::Role => "role",
            Self::Setting => "setting",
            Self::File => "file",
            Self::Program => "program",
            Self::Host => "host",
            Self::LargeObject => "large_object",
            Self::Server => "server",
            Self::Other => "other",
        }
    }

    /// Whether things of this kind live in a schema, so that a path of one segment lacks it.
    #[must_use]
    pub const fn lives_in_schema(self) -> bool {
        match self {
            Self::Table
            | Self::Index
            | Self::Sequence
            | Self::Function
            | Self::Type
            | Self::Trigger => true,
            Self::Schema
            | Self::Database
            | Self::Extension
            | Self::Role
            | Self::Setting
            | Self::File
            | Self::Program
            | Self::Host
            | Self::LargeObject
            | Self::Server
            | Self::Other => false,
        }
    }
}

/// What part a target plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Data comes from it.
    Source,
    /// Data goes into it.
    Sink,
    /// It is itself acted on.
    Object,
}

impl Role {
    /// The word of the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Sink => "sink",
            Self::Object => "object",
        }
    }
}

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// This name, folded as the target system folds it.
    Exact(String),
    /// A name that starts so.
    Prefix(String),
    /// A name that matches this pattern of `*` and `?`.
    Glob(String),
    /// Not known before it runs.
    Dynamic,
}

/// The name of a target: segments from the outermost to the innermost.
///
/// Displayed with dots; a segment that holds a dot, a `*`, a quote or nothing is double-quoted
/// with quotes doubled, an unknown one is `<dynamic>`.
///
/// # Examples
/// ```
/// # use placet::facts::{Path, Segment};
/// let path = Path::exact(["public", "odd.name"]);
/// assert_eq!(path.to_string(), r#"public."odd.name""#);
/// assert_eq!(Path(vec![Segment::Dynamic]).to_string(), "<dynamic>");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path(pub Vec<Segment>);

impl Path {
    /// A path of known names.
    pub fn exact<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().map(|name| Segment::Exact(name.into())).collect())
    }

    /// A path of which nothing is known.
    #[must_use]
    pub fn dynamic() -> Self {
        Self(vec![Segment::Dynamic])
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            match segment {
                Segment::Exact(name) if needs_quotes(name) => {
                    write!(f, "\"{}\"", name.replace('"', "\"\""))?;
                }
                Segment::Exact(name) => f.write_str(name)?,
                Segment::Prefix(prefix) => write!(f, "{prefix}*")?,
                Segment::Glob(glob) => f.write_str(glob)?,
                Segment::Dynamic => f.write_str("<dynamic>")?,
            }
        }
        Ok(())
    }
}

fn needs_quotes(name: &str) -> bool {
    name.is_empty()
        || name.contains(['.', '*', '"', '?', '<', '>'])
        || name.contains(char::is_control)
}

/// Which columns of a table an action touches, in any clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// Any of them.
    Any,
    /// These and no others, folded. Sorted, without repeats; may be empty.
    Named(Vec<String>),
}

/// One thing that an action acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What kind of thing it is.
    pub kind: TargetKind,
    /// Its name. Of a thing that lives in a schema: `schema.name`, or `name` alone where the
    /// schema is not known.
    pub path: Path,
    /// What part it plays.
    pub role: Role,
    /// Which of its columns are touched; `Any` for what has no columns.
    pub columns: Columns,
}
