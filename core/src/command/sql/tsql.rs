//! Transact-SQL needs no separator between statements: where one ends and the next begins.
//!
//! A reserved word that begins statements begins one wherever it stands outside brackets, but for
//! the places named here in which it goes on with the statement before. Words that the server does
//! not reserve (`THROW`, `SEND`) begin a statement only behind a `;`.

use crate::command::sql::{Token, TokenKind};

/// What has been seen of the statement so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Its tokens so far.
    count: usize,
    head: String,
    second: String,
    /// A query, VALUES or EXEC stands in it outside brackets.
    has_source: bool,
    /// Behind a list of named queries: the statement that uses them has begun.
    has_verb: bool,
    has_set: bool,
}

impl Progress {
    /// Whether `token` belongs to the next statement. `last` and `next` stand beside it.
    pub(super) fn ends_before(
        &self,
        text: &str,
        last: Option<&Token>,
        token: &Token,
        next: Option<&Token>,
    ) -> bool {
        let Some(last) = last.filter(|_| self.count > 0) else { return false };
        if self.is_control() {
            return true;
        }
        if token.kind != TokenKind::Word || last.kind == TokenKind::Dot {
            return false;
        }
        let word = lower(text, token);
        if !BEGIN_STATEMENTS.contains(&word.as_str()) {
            return false;
        }
        let before = lower(text, last);
        let behind = next.map(|next| lower(text, next)).unwrap_or_default();
        !self.goes_on(&word, &before, last.kind, &behind)
    }

    /// Notes a token of the statement, outside brackets or inside.
    pub(super) fn take(&mut self, text: &str, token: &Token, in_brackets: bool) {
        let word = if token.kind == TokenKind::Word { lower(text, token) } else { String::new() };
        match self.count {
            0 => self.head.clone_from(&word),
            1 => self.second.clone_from(&word),
            _ => {}
        }
        self.count += 1;
        if in_brackets {
            return;
        }
        self.has_source |= matches!(word.as_str(), "select" | "values" | "exec" | "execute");
        self.has_verb |= self.count > 1
            && matches!(word.as_str(), "select" | "insert" | "update" | "delete" | "merge");
        self.has_set |= word == "set";
    }

    /// Whether the statement so far is a word of control flow, which is one by itself.
    pub(super) fn is_control(&self) -> bool {
        matches!(
            (self.head.as_str(), self.second.as_str(), self.count),
            ("else", _, 1) | ("begin" | "end", "try" | "catch", 2)
        )
    }

    /// Whether `BEGIN` and `END` stand alone before this token.
    pub(super) fn block_ends_before(&self, text: &str, next: Option<&Token>) -> bool {
        let alone = self.count == 1 && matches!(self.head.as_str(), "begin" | "end");
        let word = next.map(|next| lower(text, next)).unwrap_or_default();
        alone && !BEHIND_BLOCK.contains(&word.as_str())
    }

    fn goes_on(&self, word: &str, before: &str, last: TokenKind, behind: &str) -> bool {
        let head = self.head.as_str();
        let rights = matches!(head, "grant" | "revoke" | "deny");
        let behind_list = head == "with" && last == TokenKind::Close && !self.has_verb;
        match word {
            "select" => {
                matches!(before, "union" | "all" | "except" | "intersect" | "as" | "for")
                    || behind_list
                    || rights
                    || matches!(head, "insert" | "with") && !self.has_source
            }
            "insert" => {
                behind_list || rights || before == "bulk" || head == "merge" && before == "then"
            }
            "update" | "delete" => behind_list || rights || matches!(before, "on" | "for" | "then"),
            "merge" => behind_list || matches!(before, "inner" | "left" | "right" | "full"),
            "set" => {
                matches!(before, "update" | "delete")
                    || !self.has_set
                        && (matches!(head, "update" | "alter") || head == "with" && self.has_verb)
            }
            "drop" | "alter" | "create" => rights || head == "alter" && !OBJECTS.contains(&behind),
            "exec" | "execute" => rights || head == "insert" && !self.has_source,
            "if" => behind == "exists" && OBJECTS.contains(&before),
            "fetch" => matches!(before, "row" | "rows"),
            "rollback" => before == "with",
            "grant" => matches!(before, "with" | "revoke"),
            "backup" | "restore" | "truncate" | "shutdown" | "checkpoint" | "kill" => rights,
            _ => false,
        }
    }
}

fn lower(text: &str, token: &Token) -> String {
    match token.kind {
        TokenKind::Word => token.text(text).to_ascii_lowercase(),
        TokenKind::QuotedName
        | TokenKind::Text
        | TokenKind::Number
        | TokenKind::Placeholder
        | TokenKind::Operator
        | TokenKind::Open
        | TokenKind::Close
        | TokenKind::Comma
        | TokenKind::Dot
        | TokenKind::Semicolon => String::new(),
    }
}

/// Reserved words that begin a statement (Transact-SQL reference, "Reserved keywords").
const BEGIN_STATEMENTS: &[&str] = &[
    "alter",
    "backup",
    "begin",
    "break",
    "bulk",
    "checkpoint",
    "close",
    "commit",
    "continue",
    "create",
    "dbcc",
    "deallocate",
    "declare",
    "delete",
    "deny",
    "drop",
    "dump",
    "else",
    "end",
    "exec",
    "execute",
    "fetch",
    "goto",
    "grant",
    "if",
    "insert",
    "kill",
    "load",
    "merge",
    "open",
    "print",
    "raiserror",
    "readtext",
    "reconfigure",
    "restore",
    "return",
    "revert",
    "revoke",
    "rollback",
    "save",
    "select",
    "set",
    "setuser",
    "shutdown",
    "truncate",
    "update",
    "updatetext",
    "use",
    "waitfor",
    "while",
    "writetext",
];

/// Words that go on with `BEGIN` or `END`.
const BEHIND_BLOCK: &[&str] =
    &["tran", "transaction", "distributed", "dialog", "conversation", "atomic", "try", "catch"];

/// Kinds of things that statements of their own make, change and drop.
const OBJECTS: &[&str] = &[
    "aggregate",
    "application",
    "assembly",
    "asymmetric",
    "availability",
    "broker",
    "certificate",
    "clustered",
    "contract",
    "credential",
    "cryptographic",
    "database",
    "default",
    "endpoint",
    "event",
    "external",
    "fulltext",
    "function",
    "index",
    "login",
    "master",
    "message",
    "nonclustered",
    "or",
    "partition",
    "proc",
    "procedure",
    "queue",
    "remote",
    "resource",
    "role",
    "route",
    "rule",
    "schema",
    "search",
    "security",
    "selective",
    "sequence",
    "server",
    "service",
    "spatial",
    "statistics",
    "symmetric",
    "synonym",
    "table",
    "trigger",
    "type",
    "unique",
    "user",
    "view",
    "workload",
    "xml",
];
