use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Tokenizer;

use super::grammar::{Fenced, Scanning};
use super::*;

/// The statements of a text, each with whether it has a tree; or the refusal's code.
fn statements(text: &str, dialect: Dialect) -> Result<Vec<(String, bool)>, &'static str> {
    statements_in(text, dialect, &SqlSession::server_defaults())
}

fn statements_in(
    text: &str,
    dialect: Dialect,
    session: &SqlSession,
) -> Result<Vec<(String, bool)>, &'static str> {
    read(text.as_bytes(), dialect, session, |reading| {
        let reading = reading.map_err(Refusal::code)?;
        let one = |s: &Statement<'_>| {
            let bytes = s.span.of(text.as_bytes()).unwrap().to_vec();
            (String::from_utf8(bytes).unwrap(), s.tree.is_some())
        };
        Ok(reading.statements.iter().map(one).collect())
    })
}

fn postgres(text: &str) -> Result<Vec<(String, bool)>, &'static str> {
    statements(text, Dialect::Postgres)
}

fn sqlite(text: &str) -> Result<Vec<(String, bool)>, &'static str> {
    statements(text, Dialect::Sqlite)
}

/// Reads `text`, expects these statements, all of them parsed.
#[track_caller]
fn parsed(read: Result<Vec<(String, bool)>, &'static str>, expected: &[&str]) {
    let expected: Vec<_> = expected.iter().map(|text| ((*text).to_owned(), true)).collect();
    assert_eq!(read, Ok(expected));
}

/// Reads `text`, expects these statements, whether parsed or not.
#[track_caller]
fn split(read: Result<Vec<(String, bool)>, &'static str>, expected: &[&str]) {
    let read: Vec<_> = read.unwrap().into_iter().map(|(text, _)| text).collect();
    assert_eq!(read, expected);
}

fn tokens(text: &str, dialect: Dialect) -> Result<Vec<(TokenKind, String)>, &'static str> {
    let guard = guard(text.as_bytes(), dialect, &SqlSession::server_defaults());
    let guard = guard.map_err(Refusal::code)?;
    Ok(guard.tokens.iter().map(|token| (token.kind, token.text(text).to_owned())).collect())
}

#[test]
fn d1_copy_from_stdin_swallows_nothing() {
    let text = "COPY t FROM stdin;\nDROP TABLE orders;\n\\.";
    assert_eq!(postgres(text), Err("strange_byte"));
    parsed(
        postgres("COPY t FROM stdin;\nDROP TABLE orders;"),
        &["COPY t FROM stdin", "DROP TABLE orders"],
    );
    parsed(
        postgres("COPY t FROM stdin; 1\t2; DELETE FROM t").map(|mut read| {
            assert!(!read.remove(1).1, "data is no statement of the grammar");
            read
        }),
        &["COPY t FROM stdin", "DELETE FROM t"],
    );
}

#[test]
fn d2_select_into_without_a_list_has_no_tree() {
    let read = postgres("SELECT INTO stolen FROM customers").unwrap();
    assert_eq!(read, [("SELECT INTO stolen FROM customers".to_owned(), false)]);
    let read = postgres("WITH x AS (SELECT 1) SELECT ALL /**/ INTO stolen FROM x").unwrap();
    assert!(!read[0].1);
    parsed(postgres("SELECT a INTO b FROM c"), &["SELECT a INTO b FROM c"]);
}

#[test]
fn d9_backslashes_follow_the_session() {
    let text = r"SELECT 'it\'; DROP TABLE t; --'";
    let mut session = SqlSession::server_defaults();
    split(statements_in(text, Dialect::Postgres, &session), &[r"SELECT 'it\'", "DROP TABLE t"]);
    session.standard_conforming_strings = Some(false);
    parsed(statements_in(text, Dialect::Postgres, &session), &[text]);
    session.standard_conforming_strings = None;
    assert_eq!(statements_in(text, Dialect::Postgres, &session), Err("parser_state_unknown"));
    parsed(
        statements_in(r"SELECT E'a\'b', 'c'", Dialect::Postgres, &session),
        &[r"SELECT E'a\'b', 'c'"],
    );
}

#[test]
fn d10_a_literal_goes_on_behind_a_line_break() {
    let text = "SELECT 'a'\n  -- it's\n 'b' FROM t";
    parsed(postgres(text), &[text]);
    let literals = |text| {
        let found = tokens(text, Dialect::Postgres).unwrap();
        found.into_iter().filter(|(kind, _)| *kind == TokenKind::Text).count()
    };
    assert_eq!(literals(text), 1);
    assert_eq!(literals("SELECT 'a' 'b'"), 2, "on one line it is a syntax error of the server");
    assert_eq!(literals("SELECT 'a'/*\n*/'b'"), 2, "a block comment is no line break");
    assert_eq!(literals("SELECT E'a\\''\r\n'b\\''"), 1);
}

#[test]
fn d11_a_carriage_return_ends_a_comment_in_postgres_alone() {
    let text = "SELECT 1 -- x\r; DELETE FROM t";
    parsed(postgres(text), &["SELECT 1", "DELETE FROM t"]);
    parsed(sqlite(text), &["SELECT 1"]);
}

#[test]
fn d12_numbers_that_run_into_words_are_refused() {
    for text in
        ["SELECT 123abc", "SELECT 1e", "SELECT 0x", "SELECT 1_", "SELECT $1a", "SELECT 0b12"]
    {
        assert_eq!(postgres(text), Err("readings_disagree"), "{text}");
    }
    for text in ["SELECT 0b11", "SELECT 0o17", "SELECT 0x1F", "SELECT 1_000.5e-1_0", "SELECT .5"] {
        parsed(postgres(text), &[text]);
    }
}

#[test]
fn bodies_keep_their_semicolons() {
    let function = "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN a THEN 1 END; \
                    SELECT 2; END";
    split(postgres(&format!("{function}; DROP TABLE t")), &[function, "DROP TABLE t"]);
    let rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)";
    split(postgres(&format!("{rule}; SELECT 1")), &[rule, "SELECT 1"]);
    let trigger = "CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM a; SELECT 1; END";
    split(sqlite(&format!("{trigger}; SELECT 2")), &[trigger, "SELECT 2"]);
}

#[test]
fn an_end_that_is_no_end_of_a_body_ends_it_for_nobody() {
    // `case` is a label here: the body ends at the first END, and the DROP is a statement.
    let body = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 case; END";
    split(postgres(&format!("{body}; DROP TABLE t; END")), &[body, "DROP TABLE t", "END"]);
    // `end` is a label: the body goes on.
    let body = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 end; SELECT 2; END";
    split(postgres(&format!("{body}; DROP TABLE t")), &[body, "DROP TABLE t"]);
    // A column with the name of the word that opened the body.
    let body = "CREATE TRIGGER begin AFTER INSERT ON a BEGIN SELECT begin end; DELETE FROM t; END";
    split(sqlite(&format!("{body}; SELECT 1")), &[body, "SELECT 1"]);
    // BEGIN alone opens nothing.
    split(
        postgres(
            "CREATE FUNCTION begin(atomic int) RETURNS int AS 'x' LANGUAGE sql; DROP TABLE t; END",
        ),
        &[
            "CREATE FUNCTION begin(atomic int) RETURNS int AS 'x' LANGUAGE sql",
            "DROP TABLE t",
            "END",
        ],
    );
    assert_eq!(
        postgres("CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; DROP TABLE t"),
        Err("unterminated")
    );
    assert_eq!(sqlite("CREATE TRIGGER x; DROP TABLE t; END"), Err("readings_disagree"));
    assert_eq!(postgres("SELECT (1; DROP TABLE t)"), Err("unterminated"));
}

#[test]
fn placeholders_of_others_are_refused() {
    for text in [
        "SELECT * FROM t WHERE id = ?",
        "SELECT * FROM t WHERE id=?",
        "SELECT * FROM t WHERE id = ?::int",
        "INSERT INTO t VALUES (?, ?)",
        "SELECT * FROM t WHERE a BETWEEN ? AND ?",
        "SELECT * FROM t LIMIT ?",
        "SELECT * FROM t WHERE id = :id",
        "SELECT * FROM t WHERE id=:'id'",
        "SELECT * FROM :t",
        "SELECT f(a, :b)",
        "SELECT * FROM t WHERE id = :1",
        "SELECT * FROM t WHERE id = %s",
        "SELECT * FROM t WHERE id=%(id)s",
        "SELECT * FROM t WHERE id = $name",
    ] {
        assert_eq!(postgres(text), Err("foreign_placeholder"), "{text}");
    }
    for text in [
        "SELECT a ? 'b', a ?| b, a ?& c, a @? '$.x' FROM t",
        "SELECT a[1:2], a[lo:hi], a[:hi], a[lo:], x::int FROM t",
        "SELECT a % b, a %1 FROM t WHERE (a) % s = $1",
        "SELECT json_object('k':v)",
    ] {
        split(postgres(text), &[text]);
    }
    assert_eq!(sqlite("SELECT * FROM t WHERE id = %s"), Err("foreign_placeholder"));
    assert_eq!(sqlite("SELECT #1"), Err("strange_byte"));
    let own = "SELECT ?, ?1, :a, @a, $a, $a::b(c), a % b";
    parsed(sqlite(own), &[own]);
}

/// How PostgreSQL cuts texts.
const STANDARD: Scanning = Scanning { backslash: false, ansi_quotes: true, nested_comments: true };

/// The steps that the parser takes for `text`.
fn steps(text: &str) -> usize {
    let fence = Fenced::new(PostgreSqlDialect {}, 1_000_000, STANDARD);
    let before = fence.steps_left();
    let tokens = Tokenizer::new(&fence, text).tokenize_with_location().unwrap();
    let _ = parse::parse(tokens, &fence);
    before - fence.steps_left()
}

/// Counted, not timed. On these shapes a parser that tries and tries again could double its work
/// with every level: twice the text would take four thousand times the steps. Left alone it takes
/// four times as many at most; the fence makes that a number a token.
#[test]
fn work_does_not_explode() {
    for (open, close) in [
        ("case-", "c"),
        ("CASE WHEN ", ""),
        ("if(current_time(", "x"),
        ("(", "1"),
        ("(SELECT * FROM (", "x"),
        ("((a, ", "b"),
        ("f(a -> ", "b"),
        ("interval ", "'1'"),
        ("interval (", "1"),
        ("a IN (", "1"),
        ("a IN (SELECT ", "1"),
        ("EXISTS (", "1"),
        ("ARRAY[", "1"),
        ("ARRAY(", "1"),
        ("CAST(", "1"),
        ("EXTRACT(", "1"),
        ("date ", "'x'"),
        ("NOT ", "1"),
        ("NOT EXISTS(", "x"),
        ("ROW(", "1"),
        ("substring(", "1"),
        ("trim(", "1"),
        ("a BETWEEN ", "1"),
        ("position(", "1"),
        ("x.", "y"),
        ("current_date(", "1"),
        ("convert(", "1"),
        ("a::int[", "1"),
        ("xmlelement(", "1"),
        ("listagg(", "1"),
        ("array_agg(a ORDER BY ", "1"),
        ("overlay(", "1"),
        ("TRY_CAST(", "1"),
        ("(VALUES (", "1"),
        ("DEFAULT(", "1"),
        ("a = ANY(", "1"),
        ("a LIKE ALL(", "1"),
        ("GROUPING SETS((", "1"),
    ] {
        for head in
            ["SELECT ", "SELECT 1 FROM ", "CREATE TABLE t AS SELECT ", "SET a = ", "CALL f("]
        {
            let work = |count: usize| steps(&format!("{head}{}{close}", open.repeat(count)));
            let (some, more) = (work(12), work(24));
            assert!(more <= some * 4 + 16, "{head}{open}: {some} steps, then {more}");
        }
    }
}

fn case_texts() -> Vec<String> {
    let files = [
        include_str!("../../../../testdata/commands/postgres/readings.toml"),
        include_str!("../../../../testdata/commands/sqlite/readings.toml"),
    ];
    let rows = files.iter().flat_map(|file| {
        let file: toml::Table = toml::from_str(file).unwrap();
        file["case"].as_array().unwrap().clone()
    });
    rows.filter_map(|row| Some(row.get("text")?.as_str()?.to_owned())).collect()
}

/// The fence must not change a tree, and leave room for ordinary work.
#[test]
fn the_fence_answers_as_the_grammar_does() {
    let mut compared = 0;
    for text in case_texts() {
        let Ok(Some(part)) =
            guard(text.as_bytes(), Dialect::Postgres, &SqlSession::server_defaults()).map(
                |guard| guard.parts.first().map(|part| span_of(&guard.tokens[part.tokens.clone()])),
            )
        else {
            continue;
        };
        let statement = String::from_utf8(part.of(text.as_bytes()).unwrap().to_vec()).unwrap();
        let fence = Fenced::new(PostgreSqlDialect {}, 1_000_000, STANDARD);
        let fenced = Parser::parse_sql(&fence, &statement);
        let plain = Parser::parse_sql(&PostgreSqlDialect {}, &statement);
        if statement.starts_with("SELECT INTO") {
            assert!(fenced.is_err() && plain.is_ok());
        } else {
            assert_eq!(fenced, plain, "{statement}");
        }
        compared += 1;
        if plain.is_err() {
            continue;
        }
        let tokens = tokens(&statement, Dialect::Postgres).unwrap().len();
        assert!(steps(&statement) <= 4 * tokens + 16, "{statement}");
    }
    assert!(compared > 50, "{compared} texts");
}

/// `ONLY` is a word before the table, not the table: with and without it the trees are the same.
#[test]
fn only_is_no_table() {
    let tree = |text: &str, other: &str| {
        let session = SqlSession::server_defaults();
        read(text.as_bytes(), Dialect::Postgres, &session, |one| {
            read(other.as_bytes(), Dialect::Postgres, &session, |two| {
                let (one, two) = (one.unwrap(), two.unwrap());
                assert_eq!(one.statements[0].tree, two.statements[0].tree, "{text}");
                assert!(one.statements[0].tree.is_some(), "{text}");
            });
        });
    };
    for with in [
        "SELECT * FROM ONLY t",
        "SELECT * FROM ONLY (s.t)",
        "SELECT * FROM a, ONLY t",
        "SELECT * FROM a JOIN ONLY (t) ON true",
        "SELECT (SELECT a FROM ONLY t) FROM ONLY(t) x",
        "DELETE FROM ONLY t USING ONLY u WHERE t.a = u.a",
        "UPDATE ONLY t SET a = 1 FROM only u",
        "MERGE INTO ONLY t USING ONLY u ON true WHEN MATCHED THEN DELETE",
    ] {
        let without = with.replace("ONLY (s.t)", "s.t").replace("ONLY (t)", "t");
        let without = without.replace("ONLY(t)", "t").replace("ONLY ", "").replace("only ", "");
        tree(with, &without);
    }
    let quoted = "SELECT * FROM \"only\" t";
    parsed(postgres(quoted), &[quoted]);
}

#[test]
fn a_text_that_changes_its_own_reading_is_refused() {
    for text in [
        r"SET standard_conforming_strings = off; SELECT 'it\'; DROP TABLE t; --'",
        r"SELECT set_config('Standard_Conforming_Strings', 'off', false); SELECT '\'",
        "SET client_encoding = 'GBK'; SELECT '\u{bf}'",
        "SET NAMES 'GBK'; SELECT '\u{bf}'",
    ] {
        assert_eq!(postgres(text), Err("parser_state_unknown"), "{text}");
    }
    let alone = "SET standard_conforming_strings = off";
    parsed(postgres(&format!("{alone}; SELECT 'a'")), &[alone, "SELECT 'a'"]);
}
