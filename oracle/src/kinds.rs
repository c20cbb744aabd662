//! What each kind of PostgreSQL's statements may become in facts.

use placet::facts::Op;

use crate::tree::{Tree, text};

/// A statement of this node has an action with one of these operations. Every node that stands
/// nowhere in the table defines something.
const KINDS: &[(&str, &[Op])] = &[
    ("SelectStmt", &[Op::Read, Op::Define]),
    ("InsertStmt", &[Op::Create]),
    ("UpdateStmt", &[Op::Update]),
    ("DeleteStmt", &[Op::Delete]),
    ("MergeStmt", &[Op::Create, Op::Update, Op::Delete, Op::Read]),
    ("TruncateStmt", &[Op::Delete]),
    ("CopyStmt", &[Op::Create, Op::Stream]),
    ("ExplainStmt", &[Op::Read, Op::Define, Op::Create, Op::Update, Op::Delete, Op::Execute]),
    ("PrepareStmt", &[Op::Read, Op::Create, Op::Update, Op::Delete]),
    ("DeclareCursorStmt", &[Op::Read]),
    ("ExecuteStmt", &[Op::Execute]),
    ("FetchStmt", &[Op::Read]),
    ("ClosePortalStmt", &[Op::Session]),
    ("DeallocateStmt", &[Op::Session]),
    ("DiscardStmt", &[Op::Session]),
    ("ConstraintsSetStmt", &[Op::Session]),
    ("VariableSetStmt", &[Op::Session, Op::Assume, Op::Configure, Op::Txn]),
    ("VariableShowStmt", &[Op::Read, Op::List]),
    ("TransactionStmt", &[Op::Txn]),
    ("ListenStmt", &[Op::Stream]),
    ("NotifyStmt", &[Op::Stream]),
    ("UnlistenStmt", &[Op::Stream]),
    ("CallStmt", &[Op::Execute]),
    ("DoStmt", &[Op::Execute]),
    ("LoadStmt", &[Op::Configure]),
    ("LockStmt", &[Op::Configure]),
    ("VacuumStmt", &[Op::Configure]),
    ("ReindexStmt", &[Op::Configure]),
    ("ClusterStmt", &[Op::Configure]),
    ("RefreshMatViewStmt", &[Op::Configure]),
    ("CheckPointStmt", &[Op::Configure]),
    ("AlterSystemStmt", &[Op::Configure]),
    ("GrantStmt", &[Op::Grant]),
    ("GrantRoleStmt", &[Op::Grant]),
    ("AlterDefaultPrivilegesStmt", &[Op::Grant]),
    ("CreateRoleStmt", &[Op::Grant]),
    ("AlterRoleStmt", &[Op::Grant]),
    ("AlterRoleSetStmt", &[Op::Grant]),
    ("AlterOwnerStmt", &[Op::Grant]),
    ("ReassignOwnedStmt", &[Op::Grant]),
    ("SecLabelStmt", &[Op::Grant, Op::Define]),
    ("RenameStmt", &[Op::Define, Op::Grant]),
    ("CreatePolicyStmt", &[Op::Grant, Op::Define]),
    ("AlterPolicyStmt", &[Op::Grant, Op::Define]),
    ("CreateUserMappingStmt", &[Op::Grant, Op::Define]),
    ("AlterUserMappingStmt", &[Op::Grant, Op::Define]),
    ("AlterTableStmt", &[Op::Define, Op::Grant, Op::Destroy]),
    ("DropRoleStmt", &[Op::Destroy, Op::Grant]),
    ("DropOwnedStmt", &[Op::Destroy, Op::Grant]),
];

/// Statements that leave data, definitions, rights and the server as they are, unless something
/// in them does not. Every other statement writes.
const QUIET: &[&str] = &[
    "SelectStmt",
    "ExplainStmt",
    "PrepareStmt",
    "DeclareCursorStmt",
    "ExecuteStmt",
    "FetchStmt",
    "ClosePortalStmt",
    "DeallocateStmt",
    "DiscardStmt",
    "ConstraintsSetStmt",
    "VariableSetStmt",
    "VariableShowStmt",
    "TransactionStmt",
    "ListenStmt",
    "UnlistenStmt",
    "CopyStmt",
    "MergeStmt",
];

/// Settings that change who acts, or what later commands mean.
const LOUD_SETTINGS: &[&str] = &[
    "role",
    "session_authorization",
    "search_path",
    "row_security",
    "session_replication_role",
    "standard_conforming_strings",
    "client_encoding",
    "backslash_quote",
];

/// The operations of which one must be there.
pub(crate) fn operations(kind: &str) -> &'static [Op] {
    let dropped = &[Op::Destroy];
    let known = KINDS.iter().find(|(node, _)| *node == kind).map(|(_, operations)| *operations);
    known.unwrap_or(if kind.starts_with("Drop") { dropped } else { &[Op::Define] })
}

/// Why the statement is a write by its tree, where it is one.
pub(crate) fn write(tree: &Tree) -> Option<String> {
    if let Some(node) = tree.writes.first() {
        return Some(node.clone());
    }
    let loud = match tree.kind.as_str() {
        "CopyStmt" => {
            let from = tree.fields.get("is_from").is_some_and(|from| from == true);
            from || !text(&tree.fields, "filename").is_empty()
        }
        "VariableSetStmt" => LOUD_SETTINGS.contains(&text(&tree.fields, "name")),
        kind => !QUIET.contains(&kind),
    };
    loud.then(|| tree.kind.clone())
}
