//! What an approval is bound to: the exact bytes, parameters and context of one command.

use std::collections::BTreeMap;
use std::fmt;

use crate::approval::id::Salt;
use crate::crypto::FieldHasher;
use crate::primitives::Digest;
use crate::schema::SqlSession;

/// A bound parameter. Types count: the text `1`, the number `1` and the byte `1` are three things.
///
/// # Examples
/// ```
/// use placet::approval::Param;
/// assert_eq!(Param::Number("1".into()).kind(), "number");
/// assert!(Param::Text("1".into()) != Param::Number("1".into()));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Param {
    /// SQL's null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, in the very text in which it is bound: `1` and `1.0` differ.
    Number(String),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Param {
    /// The word of the specification for its type.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }

    /// Its bytes as they are hashed and, masked and escaped, shown.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Null => b"",
            Self::Bool(true) => b"true",
            Self::Bool(false) => b"false",
            Self::Number(text) | Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({} bytes)", self.kind(), self.bytes().len())
    }
}

/// The context that decides what the same bytes mean. `None` is unknown and differs from every
/// known value. No counters: they change while people think.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BoundContext {
    /// The database.
    pub database: Option<String>,
    /// Schemas in which unqualified names are looked up, in order.
    pub search_path: Option<Vec<String>>,
    /// The role that acts.
    pub role: Option<String>,
    /// Settings and session objects that change how bytes are read, by name.
    pub parser_state: BTreeMap<String, String>,
    /// The working directory.
    pub cwd: Option<String>,
    /// The Kubernetes context.
    pub kube_context: Option<String>,
}

impl BoundContext {
    /// The context of an SQL session: everything in it that is known.
    ///
    /// # Examples
    /// ```
    /// # use placet::{approval::BoundContext, schema::SqlSession};
    /// let session = SqlSession { role: Some("app".into()), ..SqlSession::server_defaults() };
    /// let context = BoundContext::of_sql(Some("crm"), &session);
    /// assert_eq!(context.role.as_deref(), Some("app"));
    /// assert_eq!(context.parser_state["standard_conforming_strings"], "on");
    /// ```
    #[must_use]
    pub fn of_sql(database: Option<&str>, session: &SqlSession) -> Self {
        // Taken apart whole, so that a new field of the session cannot be forgotten here.
        let SqlSession {
            dialect,
            standard_conforming_strings,
            sql_mode,
            client_encoding,
            search_path,
            role,
            prepared,
            temp_tables,
            cursors,
        } = session;
        let mut parser_state = BTreeMap::new();
        let mut put = |name: &str, value: Option<String>| {
            value.and_then(|value| parser_state.insert(name.to_owned(), value));
        };
        let on_off = |on: &bool| if *on { "on".to_owned() } else { "off".to_owned() };
        put("dialect", dialect.clone());
        put("standard_conforming_strings", standard_conforming_strings.as_ref().map(on_off));
        put("sql_mode", sql_mode.clone());
        put("client_encoding", client_encoding.clone());
        // Lists as JSON: one spelling for each, and an empty one differs from an unknown one.
        put("prepared", prepared.as_ref().map(|map| serde_json::json!(map).to_string()));
        put("temp_tables", temp_tables.as_ref().map(|list| serde_json::json!(list).to_string()));
        put("cursors", cursors.as_ref().map(|map| serde_json::json!(map).to_string()));
        Self {
            database: database.map(str::to_owned),
            search_path: search_path.clone(),
            role: role.clone(),
            parser_state,
            cwd: None,
            kube_context: None,
        }
    }
}

impl fmt::Debug for BoundContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoundContext({} settings)", self.parser_state.len())
    }
}

/// One command with everything that decides what it does.
///
/// May hold secrets: its `Debug` shows lengths only, and it is neither `Display` nor `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct BoundCommand {
    /// The protocol or dialect, as `placet decide` names it.
    pub protocol: String,
    /// Kind of the resource.
    pub resource_kind: String,
    /// Name of the resource in the inventory.
    pub resource_name: String,
    /// The bytes exactly as they will be forwarded; with sealed tokens unopened.
    pub bytes: Vec<u8>,
    /// Bound parameters, in order.
    pub params: Vec<Param>,
    /// The bound context.
    pub context: BoundContext,
}

impl BoundCommand {
    /// What an approval is bound to: SHA-256 over the salt and every field, each behind its length.
    ///
    /// Two commands that differ in anything have different hashes: types of parameters, absent and
    /// empty values, and where one field ends and the next begins all count. Raw bytes, not a
    /// syntax tree: two texts with one tree can run differently.
    ///
    /// # Examples
    /// ```
    /// # use placet::approval::{BoundCommand, BoundContext, Param, Salt};
    /// let salt = Salt::from_bytes([7; 32]);
    /// let mut command = BoundCommand {
    ///     protocol: "postgres".into(),
    ///     resource_kind: "postgres".into(),
    ///     resource_name: "crm".into(),
    ///     bytes: b"DELETE FROM users WHERE id = $1".to_vec(),
    ///     params: vec![Param::Number("7".into())],
    ///     context: BoundContext::default(),
    /// };
    /// let before = command.action_hash(&salt);
    /// command.params = vec![Param::Text("7".into())];
    /// assert_ne!(command.action_hash(&salt), before);
    /// ```
    #[must_use]
    pub fn action_hash(&self, salt: &Salt) -> Digest {
        let Self { protocol, resource_kind, resource_name, bytes, params, context } = self;
        let resource = (resource_kind.as_str(), resource_name.as_str());
        ActionHasher::new(protocol, resource, bytes, context).hash(salt, params)
    }
}

/// What [`BoundCommand::action_hash`] answers, for a command that is in several hands or runs many
/// times: everything but the salt and the parameters is hashed once.
///
/// # Examples
/// ```
/// # use placet::approval::{ActionHasher, BoundCommand, BoundContext, Param, Salt};
/// let context = BoundContext::default();
/// let hasher = ActionHasher::new("postgres", ("postgres", "crm"), b"SELECT $1", &context);
/// let command = BoundCommand {
///     protocol: "postgres".into(),
///     resource_kind: "postgres".into(),
///     resource_name: "crm".into(),
///     bytes: b"SELECT $1".to_vec(),
///     params: vec![Param::Number("7".into())],
///     context,
/// };
/// let salt = Salt::from_bytes([7; 32]);
/// assert_eq!(hasher.hash(&salt, &command.params), command.action_hash(&salt));
/// ```
#[derive(Clone)]
pub struct ActionHasher(FieldHasher);

impl ActionHasher {
    /// Takes what does not change from one run of a command to the next.
    #[must_use]
    pub fn new(
        protocol: &str,
        (resource_kind, resource_name): (&str, &str),
        bytes: &[u8],
        context: &BoundContext,
    ) -> Self {
        let BoundContext { database, search_path, role, parser_state, cwd, kube_context } = context;
        fn text(value: &Option<String>) -> Option<&[u8]> {
            value.as_ref().map(String::as_bytes)
        }
        let mut hash = FieldHasher::new("placet-action/v2");
        hash.field(protocol.as_bytes())
            .field(resource_kind.as_bytes())
            .field(resource_name.as_bytes())
            .field(bytes)
            .optional(text(database));
        match search_path {
            None => {
                hash.optional(None);
            }
            Some(path) => {
                hash.optional(Some(b"")).count(path.len());
                path.iter().for_each(|schema| {
                    hash.field(schema.as_bytes());
                });
            }
        }
        hash.optional(text(role)).count(parser_state.len());
        for (name, value) in parser_state {
            hash.field(name.as_bytes()).field(value.as_bytes());
        }
        hash.optional(text(cwd)).optional(text(kube_context));
        Self(hash)
    }

    /// The hash of a run with these parameters.
    #[must_use]
    pub fn hash(&self, salt: &Salt, params: &[Param]) -> Digest {
        let mut hash = self.0.clone();
        hash.field(salt.as_bytes()).count(params.len());
        for param in params {
            hash.field(param.kind().as_bytes()).field(param.bytes());
        }
        hash.finish()
    }
}

impl fmt::Debug for ActionHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActionHasher")
    }
}

impl fmt::Debug for BoundCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoundCommand({} bytes, {} params)", self.bytes.len(), self.params.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Few letters, so that the same letters often stand in different fields.
    fn word() -> impl Strategy<Value = String> {
        "[ab]{0,2}"
    }

    fn param() -> impl Strategy<Value = Param> {
        prop_oneof![
            Just(Param::Null),
            any::<bool>().prop_map(Param::Bool),
            "(1|true|)".prop_map(Param::Number),
            "(1|true|)".prop_map(Param::Text),
            "(1|true|)".prop_map(|text: String| Param::Bytes(text.into_bytes())),
        ]
    }

    fn context() -> impl Strategy<Value = BoundContext> {
        let optional = || proptest::option::of(word());
        (
            optional(),
            proptest::option::of(proptest::collection::vec(word(), 0..3)),
            optional(),
            proptest::collection::btree_map(word(), word(), 0..3),
            optional(),
            optional(),
        )
            .prop_map(|(database, search_path, role, parser_state, cwd, kube_context)| {
                BoundContext { database, search_path, role, parser_state, cwd, kube_context }
            })
    }

    fn command() -> impl Strategy<Value = BoundCommand> {
        (word(), word(), word(), word(), proptest::collection::vec(param(), 0..3), context())
            .prop_map(|(protocol, resource_kind, resource_name, bytes, params, context)| {
                BoundCommand {
                    protocol,
                    resource_kind,
                    resource_name,
                    bytes: bytes.into_bytes(),
                    params,
                    context,
                }
            })
    }

    /// Every command that differs from this one in one place.
    fn neighbours(base: &BoundCommand) -> Vec<BoundCommand> {
        let mut out = Vec::new();
        let mut with = |change: &dyn Fn(&mut BoundCommand)| {
            let mut other = base.clone();
            change(&mut other);
            out.push(other);
        };
        with(&|c| c.protocol.push('x'));
        with(&|c| c.resource_kind.push('x'));
        with(&|c| c.resource_name.push('x'));
        with(&|c| c.bytes.push(0));
        with(&|c| c.params.push(Param::Null));
        with(&|c| c.params.insert(0, Param::Bool(false)));
        with(&|c| c.context.database.get_or_insert_default().push('x'));
        with(&|c| c.context.search_path.get_or_insert_default().push(String::new()));
        with(&|c| c.context.role.get_or_insert_default().push('x'));
        with(&|c| {
            c.context.parser_state.insert("x".into(), "y".into());
        });
        with(&|c| c.context.cwd.get_or_insert_default().push('x'));
        with(&|c| c.context.kube_context.get_or_insert_default().push('x'));
        for at in 0..base.bytes.len() {
            with(&|c| c.bytes[at] ^= 1);
            with(&|c| {
                c.bytes.remove(at);
            });
        }
        out
    }

    #[test]
    fn null_empty_and_absent_are_three_things() {
        let salt = Salt::from_bytes([0; 32]);
        let hash = |params: &[Param]| {
            let command = BoundCommand {
                protocol: String::new(),
                resource_kind: String::new(),
                resource_name: String::new(),
                bytes: Vec::new(),
                params: params.to_vec(),
                context: BoundContext::default(),
            };
            command.action_hash(&salt)
        };
        let all = [
            hash(&[]),
            hash(&[Param::Null]),
            hash(&[Param::Text(String::new())]),
            hash(&[Param::Bytes(Vec::new())]),
            hash(&[Param::Number(String::new())]),
            hash(&[Param::Text("true".into())]),
            hash(&[Param::Bool(true)]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "{at}");
        }
    }

    #[test]
    fn every_known_part_of_a_session_is_bound() {
        let full = SqlSession::server_defaults();
        let known = BoundContext::of_sql(None, &full);
        let unknown = BoundContext::of_sql(None, &SqlSession::default());
        assert_eq!(known.parser_state.len(), 6, "{:?}", known.parser_state);
        assert_eq!(unknown, BoundContext::default());
    }

    #[test]
    fn nothing_of_a_command_is_printed() {
        let command = BoundCommand {
            protocol: "p".into(),
            resource_kind: "k".into(),
            resource_name: "n".into(),
            bytes: b"hunter2".to_vec(),
            params: vec![Param::Text("hunter2".into())],
            context: BoundContext { cwd: Some("hunter2".into()), ..BoundContext::default() },
        };
        let printed = format!("{command:?} {:?} {:?}", command.params, command.context);
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    proptest! {
        #[test]
        fn commands_that_differ_hash_apart(a in command(), b in command()) {
            let salt = Salt::from_bytes([3; 32]);
            prop_assert_eq!(a == b, a.action_hash(&salt) == b.action_hash(&salt));
        }

        #[test]
        fn any_change_changes_the_hash(base in command()) {
            let salt = Salt::from_bytes([3; 32]);
            let hash = base.action_hash(&salt);
            for other in neighbours(&base) {
                prop_assert_ne!(other.action_hash(&salt), hash);
            }
            prop_assert_ne!(base.action_hash(&Salt::from_bytes([4; 32])), hash);
        }
    }
}
