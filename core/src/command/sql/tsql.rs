//! Transact-SQL needs no separator between statements: where one ends and the next begins.
//!
//! A reserved word that begins statements begins one wherever it stands outside brackets, but for
//! the places named here in which it goes on with the statement before. Words that the server does
//! not reserve (`THROW`, `SEND`) begin a statement only behind a `;` or a condition.

use crate::command::sql::{Token, TokenKind};

/// What has been seen of the statement so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    /// Its tokens so far.
    count: usize,
    head: String,
    second: String,
    third: String,
    /// A query, VALUES or EXEC stands in it outside brackets.
    has_source: bool,
    /// Behind a list of named queries: the word of the statement that uses them.
    verb: String,
    has_set: bool,
    /// The query of a cursor begins with a list of named queries.
    has_with: bool,
    has_cursor: bool,
    /// The list of who gets or loses rights has begun.
    has_grantee: bool,
    /// Its second token is a `:`: it is a label.
    is_label: bool,
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
        // Behind a condition also the words that begin a statement without being reserved, and
        // WITH, which else begins one behind a `;` only.
        let condition = matches!(self.head.as_str(), "if" | "while") && self.count > 1;
        if condition && BEHIND_CONDITION.contains(&word.as_str()) {
            return true;
        }
        if !BEGIN_STATEMENTS.contains(&word.as_str()) {
            return false;
        }
        let before = lower(text, last);
        let opens = next.is_some_and(|next| next.kind == TokenKind::Open);
        let named = next.is_some_and(|next| next.kind != TokenKind::Word);
        let behind = next.map(|next| lower(text, next)).unwrap_or_default();
        let beside = Beside { before: &before, last: last.kind, behind: &behind, opens, named };
        !self.goes_on(&word, &beside)
    }

    /// Notes a token of the statement, outside brackets or inside.
    pub(super) fn take(&mut self, text: &str, token: &Token, in_brackets: bool) {
        let word = if token.kind == TokenKind::Word { lower(text, token) } else { String::new() };
        match self.count {
            0 => self.head.clone_from(&word),
            1 => {
                self.is_label = !self.head.is_empty() && token.text(text) == ":";
                self.second.clone_from(&word);
            }
            2 => self.third.clone_from(&word),
            _ => {}
        }
        self.count += 1;
        if in_brackets {
            return;
        }
        self.has_source |= matches!(word.as_str(), "select" | "values" | "exec" | "execute");
        let uses = matches!(word.as_str(), "select" | "insert" | "update" | "delete" | "merge");
        if self.count > 1 && uses && self.verb.is_empty() {
            self.verb.clone_from(&word);
        }
        self.has_set |= word == "set";
        self.has_cursor |= word == "cursor";
        self.has_with |= self.has_cursor && word == "with";
        self.has_grantee |= self.count > 1 && matches!(word.as_str(), "to" | "from");
    }

    /// Whether the statement so far is a word of control flow or a label, which is one by itself.
    pub(super) fn is_control(&self) -> bool {
        self.is_label && self.count == 2
            || matches!(
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

    /// Whether a word that begins statements goes on with this one.
    fn goes_on(&self, word: &str, beside: &Beside<'_>) -> bool {
        let head = self.head.as_str();
        let Beside { before, last, behind, opens, named } = *beside;
        // Every right has a name of its own, and they stand before the TO or FROM.
        if matches!(head, "grant" | "revoke" | "deny") && !self.has_grantee {
            return true;
        }
        let behind_list = last == TokenKind::Close
            && (head == "with" && self.verb.is_empty()
                || head == "declare" && self.has_with && !self.has_source);
        let merges = head == "merge" || head == "with" && self.verb == "merge";
        let cursor = matches!(head, "declare" | "set") && before == "for";
        // `ADD BLOCK PREDICATE f(x) ON t AFTER INSERT`.
        let predicate = self.second == "security" && matches!(before, "after" | "before");
        match word {
            "select" => {
                matches!(before, "union" | "except" | "intersect")
                    || before == "all" && self.has_source
                    || head == "create" && before == "as"
                    || cursor
                    || behind_list
                    || head == "insert" && !self.has_source
                    || head == "with"
                        && !self.has_source
                        && matches!(self.verb.as_str(), "" | "insert")
            }
            "insert" => {
                behind_list
                    || predicate
                    || before == "bulk" && self.count == 1
                    || merges && before == "then"
            }
            "update" | "delete" => {
                behind_list
                    || predicate
                    || head == "declare" && before == "for"
                    || merges && before == "then"
                    || head == "alter"
                        && before == "on"
                        && matches!(behind, "cascade" | "no" | "set")
            }
            "merge" => {
                behind_list
                    || behind == "join"
                        && matches!(before, "inner" | "left" | "right" | "full" | "outer")
                    || self.second == "partition" && behind == "range"
            }
            "set" => {
                merges && before == "update"
                    || head == "update" && self.second != "statistics" && !self.has_set
                    || head == "with" && self.verb == "update" && !self.has_set
                    || head == "alter" && self.alters_by_set(before, behind, opens)
            }
            "drop" | "alter" => head == "alter" && self.alters_part(behind, named),
            "exec" | "execute" => head == "insert" && !self.has_source,
            "if" => {
                let thing = OBJECTS.contains(&before);
                behind == "exists"
                    && (head == "drop" && self.count <= 3 && thing
                        || head == "alter" && matches!(before, "column" | "constraint"))
            }
            "fetch" => matches!(before, "row" | "rows"),
            "rollback" => head == "alter" && before == "with",
            "grant" => before == "with" || before == "revoke" && self.count == 1,
            _ => false,
        }
    }

    /// Whether a SET is a clause of this ALTER: no option of the session is set with a bracket, and
    /// the options of a database stand right behind its name.
    fn alters_by_set(&self, before: &str, behind: &str, opens: bool) -> bool {
        let action = matches!(before, "update" | "delete") && matches!(behind, "null" | "default");
        let place = match (self.second.as_str(), self.third.as_str()) {
            ("database", "scoped") => self.count <= 6,
            ("database" | "server", _) => self.count == 3,
            ("external", _) => self.count <= 5,
            ("fulltext", _) => behind == "change_tracking",
            _ => opens,
        };
        action || !self.has_set && (place || opens)
    }

    /// Whether a DROP or ALTER is a clause of this ALTER.
    fn alters_part(&self, behind: &str, named: bool) -> bool {
        match self.second.as_str() {
            "table" => named || PARTS_OF_TABLES.contains(&behind),
            "login" => behind == "credential" && self.count == 3,
            "role" | "server" => behind == "member" || named,
            "fulltext" => behind == "column" || named,
            "assembly" => behind == "file",
            "master" | "symmetric" => behind == "encryption",
            "database" | "event" | "availability" | "search" => named,
            _ => false,
        }
    }
}

/// What stands beside a word.
struct Beside<'a> {
    /// The word before it; empty where that is no word.
    before: &'a str,
    /// The kind of the token before it.
    last: TokenKind,
    /// The word behind it; empty where that is no word.
    behind: &'a str,
    /// A bracket opens behind it.
    opens: bool,
    /// Behind it stands no unquoted word.
    named: bool,
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

/// Words that begin a statement behind the condition of IF and WHILE, where no name stands alone.
const BEHIND_CONDITION: &[&str] =
    &["add", "disable", "enable", "get", "move", "receive", "send", "throw", "with"];

/// What ALTER TABLE drops and alters.
const PARTS_OF_TABLES: &[&str] = &[
    "column",
    "constraint",
    "hidden",
    "masked",
    "not",
    "period",
    "persisted",
    "rowguidcol",
    "sparse",
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
    "policy",
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
