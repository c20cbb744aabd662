//! Every bound of the library: name, value, unit, and why it is what it is.
//!
//! A bound is checked before the work that it bounds. Passing one is never an error by itself:
//! a command beyond a bound is `Opaque` with a reason code, and policy decides about it.

/// Bytes of one command. Agents write statements of hundreds of bytes; ORMs of a few thousand.
pub const MAX_COMMAND_BYTES: usize = 64 * 1024;

/// Tokens of one SQL command, as counted by the guard lexer.
pub const MAX_SQL_TOKENS: usize = 20_000;

/// Statements of one command; 64 KiB of ordinary ones are fewer.
pub const MAX_SQL_STATEMENTS: usize = 1000;

/// Texts that one SQL command may stand for, over the releases of a server: comments with versions.
pub const MAX_SQL_VERSIONS: usize = 4;

/// Nesting of brackets and block keywords in SQL. The parser needs about 8 KiB of stack a level.
pub const MAX_SQL_DEPTH: usize = 64;

/// Operators, casts, set operations in one unbracketed run: a chain becomes a left-deep tree,
/// and dropping such a tree recurses once a link.
pub const MAX_SQL_CHAIN: usize = 500;

/// Names of columns and tables that lineage of one SQL command holds: a `*` over a `*` doubles them with every
/// twelve bytes. Beyond it columns are not known. A wide report has a few thousand.
pub const MAX_SQL_LINEAGE: usize = 100_000;

/// Times that one SQL command may have a recursive query walked again to learn where its columns
/// come from. Each time adds a source to a column or is the last; most need two. Beyond it the
/// columns of such a query are not known.
pub const MAX_SQL_ROUNDS: usize = 64;

/// Levels of code inside code (a `DO` body that runs `EXECUTE '…'`) that are read again.
pub const MAX_NESTED_COMMANDS: usize = 4;

/// Bytes of code inside code that one SQL command may have read again, all of it together: a long
/// text that is prepared once can be executed with every nine bytes.
pub const MAX_SQL_NESTED_BYTES: usize = 8 * MAX_COMMAND_BYTES;

/// Bytes of stack on which SQL is parsed, walked and dropped.
pub const SQL_STACK_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of one audit leaf: C2SP tlog-tiles stores entries behind a `u16` length.
pub const MAX_LEAF_BYTES: usize = 65_535;

/// Leaves between two checkpoints: a verifier holds about 100 bytes for each until it sees the next.
pub const MAX_GROUP_LEAVES: usize = 65_536;

/// Bytes of one segment of the audit log before the writer starts the next.
pub const MAX_SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Bytes of a packed bundle, and of all files of a bundle directory together.
pub const MAX_BUNDLE_BYTES: usize = 8 * 1024 * 1024;

/// Rules of one bundle.
pub const MAX_RULES: usize = 20_000;

/// Bytes a mask stream may hold back while a candidate is still open.
pub const MAX_HELD_BACK_BYTES: usize = 512;

/// Bytes of one condition of a rule. The longest in practice have a few hundred.
pub const MAX_CONDITION_BYTES: usize = 4096;

/// Brackets inside brackets in a condition: its reader and evaluator recurse once a level.
pub const MAX_CONDITION_DEPTH: usize = 32;

/// Parts (names, values, operators) of one condition: its evaluation is linear in them.
pub const MAX_CONDITION_NODES: usize = 256;

/// People that one approval spec may ask for, over all its stages. Their statements stand together
/// in one leaf of the log.
pub const MAX_QUORUM: u32 = 16;

/// Stages of one approval spec; each asks for somebody, so there are no more than people.
pub const MAX_APPROVAL_STAGES: usize = 16;

/// Seconds that a held request may wait: a week. What is older is no answer to today's question.
pub const MAX_APPROVAL_SECONDS: u64 = 7 * 24 * 3600;

/// Bytes of one message of a client of a wire protocol, but for COPY data, which streams. A Bind
/// with a large value is the longest in practice.
pub const MAX_CLIENT_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of one message of a server that must be held whole: a row under a mask, an error. Rows
/// that nothing masks stream.
pub const MAX_SERVER_MESSAGE_BYTES: usize = 256 * 1024 * 1024;

/// Answers that a server may owe at once. Past it the client is not read until some have come.
pub const MAX_OWED_ANSWERS: usize = 65_536;

/// Bytes that a client may send ahead while a command of it waits.
pub const MAX_SENT_AHEAD_BYTES: usize = 2 * MAX_CLIENT_MESSAGE_BYTES;

/// Prepared statements, and portals, that one session may have.
pub const MAX_SESSION_NAMES: usize = 100_000;

/// Columns of one result. PostgreSQL has at most 1664.
pub const MAX_RESULT_COLUMNS: usize = 1664;
