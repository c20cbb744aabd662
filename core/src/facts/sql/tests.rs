//! Laws of the SQL reader, over statements put together at random.

use proptest::prelude::*;

use super::functions;
use crate::command::{Dialect, Protocol};
use crate::facts::{self, Effect, EffectSet, Extent, Facts, Reason, Scope, Understanding};
use crate::schema::{Catalog, SqlSession};

const POSTGRES: Protocol = Protocol::Sql(Dialect::Postgres);
const SQLITE: Protocol = Protocol::Sql(Dialect::Sqlite);

fn catalog() -> Catalog {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../testdata/catalogs/crm.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn read(protocol: Protocol, text: &str, catalog: Option<&Catalog>) -> Facts {
    let session = SqlSession::server_defaults();
    facts::read(protocol, text.as_bytes(), &Scope { catalog, session: &session })
}

/// The facts without what depends on where a statement stands.
fn without_spans(facts: &Facts) -> String {
    fn strip(value: &mut serde_json::Value) {
        if let Some(map) = value.as_object_mut() {
            map.remove("span");
            map.values_mut().for_each(strip);
        }
        if let Some(list) = value.as_array_mut() {
            list.iter_mut().for_each(strip);
        }
    }
    let mut value = serde_json::to_value(facts).unwrap();
    strip(&mut value);
    value.to_string()
}

/// A condition, in which `LITERAL` stands for texts.
fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("id = 7".to_owned()),
        Just("name = 'LITERAL'".to_owned()),
        Just("email LIKE 'LITERAL%'".to_owned()),
        Just("id IN (1, 2, 3)".to_owned()),
        Just("ssn IS NULL".to_owned()),
        Just("id BETWEEN 1 AND 9".to_owned()),
        Just("EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = id)".to_owned()),
        Just("lower(name) = 'LITERAL'".to_owned()),
        Just("1 = 1".to_owned()),
        Just("false".to_owned()),
        Just("pg_read_file('LITERAL') <> ''".to_owned()),
        Just("tidy_up('LITERAL')".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} AND {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            inner.prop_map(|a| format!("NOT ({a})")),
        ]
    })
}

fn statement() -> impl Strategy<Value = String> {
    prop_oneof![
        condition().prop_map(|c| format!("SELECT id, email AS e FROM customers WHERE {c}")),
        condition().prop_map(|c| format!(
            "SELECT * FROM customers c JOIN orders o ON c.id = o.customer_id WHERE {c}"
        )),
        condition().prop_map(|c| format!("DELETE FROM customers WHERE {c}")),
        condition()
            .prop_map(|c| format!("UPDATE customers SET name = 'LITERAL' WHERE {c} RETURNING id")),
        condition().prop_map(|c| format!(
            "WITH w AS (DELETE FROM orders RETURNING note) SELECT note, 'LITERAL' FROM w WHERE {}",
            c.replace("id", "note")
        )),
        condition().prop_map(|c| format!(
            "INSERT INTO orders (note) SELECT 'LITERAL' || ssn FROM customers WHERE {c}"
        )),
        condition().prop_map(|c| format!("EXPLAIN ANALYZE DELETE FROM customers WHERE {c}")),
        condition()
            .prop_map(|c| format!("SELECT count(*) FROM (SELECT ssn FROM customers WHERE {c}) x")),
        Just("INSERT INTO orders VALUES (1, 2, 3, 'LITERAL')".to_owned()),
        Just("COPY customers TO 'LITERAL'".to_owned()),
        Just("COPY customers TO PROGRAM 'LITERAL'".to_owned()),
        Just("SET app.secret = 'LITERAL'".to_owned()),
        Just("ALTER SYSTEM SET archive_command = 'LITERAL'".to_owned()),
        Just("SELECT set_config('app.secret', 'LITERAL', false)".to_owned()),
        Just("CREATE TABLE t (x text DEFAULT 'LITERAL')".to_owned()),
        Just("COMMENT ON TABLE customers IS 'LITERAL'".to_owned()),
        Just("NOTIFY c, 'LITERAL'".to_owned()),
        Just("CREATE ROLE r PASSWORD 'LITERAL'".to_owned()),
        Just("ALTER ROLE r PASSWORD 'LITERAL'".to_owned()),
        Just("SELECT query_to_xml('DELETE FROM customers', true, true, 'LITERAL')".to_owned()),
        Just("REINDEX TABLE customers".to_owned()),
        Just("DO $$ LITERAL $$".to_owned()),
        Just("DROP TABLE orders".to_owned()),
        Just("TRUNCATE customers".to_owned()),
        Just("BEGIN".to_owned()),
        Just("GRANT admin TO bob".to_owned()),
        Just("VALUES (1), (2)".to_owned()),
    ]
}

proptest! {
    /// Facts hold no literal of the command.
    #[test]
    fn no_literals(text in statement(), with in any::<bool>()) {
        let catalog = catalog();
        let text = text.replace("LITERAL", "zqmarker");
        for protocol in [POSTGRES, SQLITE] {
            let facts = read(protocol, &text, with.then_some(&catalog));
            let json = serde_json::to_string(&facts).unwrap();
            prop_assert!(!json.contains("zqmarker"), "{text}\n{json}");
        }
    }

    /// The usual conditions, which are not put to sample rows, would be refused by one.
    #[test]
    fn usual_conditions_have_a_witness(
        column in prop::sample::select(&["a", "t.a", "\"A b\""][..]),
        value in prop_oneof![
            any::<i64>().prop_map(|n| n.unsigned_abs().to_string()),
            (0..9_u8, any::<u16>()).prop_map(|(n, m)| format!("{n}.{m}")),
            "[a-z0-9%_ ]{0,9}".prop_map(|text| format!("'{text}'")),
            Just("$1".to_owned()),
        ],
        form in 0..4_usize,
    ) {
        let condition = match form {
            0 => format!("{column} = {value}"),
            1 => format!("{column} <> {value}"),
            2 => format!("{column} IN ({value}, 7)"),
            _ => format!("{column} NOT IN ({value}, {value})"),
        };
        let reach = |condition: &str| {
            let facts = read(POSTGRES, &format!("DELETE FROM t WHERE {condition}"), None);
            facts.actions.first().map(|action| action.extent.clone())
        };
        prop_assert_eq!(reach(&condition), reach(&format!("({condition}) IS TRUE")), "{}", condition);
    }

    /// The same command has the same facts.
    #[test]
    fn deterministic(text in statement()) {
        let catalog = catalog();
        prop_assert_eq!(read(POSTGRES, &text, Some(&catalog)), read(POSTGRES, &text, Some(&catalog)));
    }

    /// Blanks, comments and the case of words change nothing but spans.
    #[test]
    fn rewriting_keeps_facts(text in statement(), upper in any::<bool>(), comment in any::<bool>()) {
        prop_assume!(!text.contains('$'));
        let catalog = catalog();
        let mut quoted = false;
        let rewritten: String = text.chars().flat_map(|c| {
            quoted ^= c == '\'';
            if quoted {
                return vec![c];
            }
            match c {
                ' ' if comment => "\n/* x */ ".chars().collect(),
                ' ' => "\t \n".chars().collect(),
                c if upper => vec![c.to_ascii_uppercase()],
                c => vec![c.to_ascii_lowercase()],
            }
        }).collect();
        let (a, b) = (read(POSTGRES, &text, Some(&catalog)), read(POSTGRES, &rewritten, Some(&catalog)));
        prop_assert_eq!(without_spans(&a), without_spans(&b), "{}", rewritten);
    }

    /// A further statement takes nothing away.
    #[test]
    fn batches_are_monotone(first in statement(), second in statement()) {
        let catalog = catalog();
        let alone = [read(POSTGRES, &first, Some(&catalog)), read(POSTGRES, &second, None)];
        let both = read(POSTGRES, &format!("{first}; {second}"), Some(&catalog));
        let union = alone[0].effects() | alone[1].effects();
        prop_assert!(union.is_subset(both.effects()), "{first}; {second}");
        prop_assert!(both.understanding >= alone[0].understanding.max(alone[1].understanding));
        for one in &alone {
            prop_assert!(!one.writes() || both.writes());
            prop_assert!(!one.destructive() || both.destructive());
            prop_assert!(!one.unbounded() || both.unbounded());
        }
    }

    /// What is nested in a text counts as it does alone.
    #[test]
    fn nesting_never_lowers(text in statement()) {
        let catalog = catalog();
        let alone = read(POSTGRES, &text, Some(&catalog));
        let quoted = text.replace('\'', "''");
        let nested = read(POSTGRES, &format!("SELECT query_to_xml('{quoted}', true, true, '')"), Some(&catalog));
        prop_assert!(alone.effects().is_subset(nested.effects()), "{text}");
        prop_assert!(nested.understanding >= alone.understanding);
        prop_assert!(!alone.unbounded() || nested.unbounded());
        prop_assert!(!alone.destructive() || nested.destructive());
        prop_assert!(alone.max_rows().is_some() || nested.max_rows().is_none());
    }

    /// A catalog adds knowledge; it never takes an effect away.
    #[test]
    fn a_catalog_lowers_no_effect(text in statement()) {
        // The one function that the catalog knows.
        let text = text.replace("tidy_up", "lower");
        let catalog = catalog();
        let (with, without) = (read(POSTGRES, &text, Some(&catalog)), read(POSTGRES, &text, None));
        prop_assert_eq!(with.effects(), without.effects());
        prop_assert_eq!(with.unbounded(), without.unbounded());
    }

    /// Every byte is in an action's span, a comment, a blank or a separator.
    #[test]
    fn every_byte_is_accounted_for(first in statement(), second in statement()) {
        let text = format!(" /* a */ {first} ;\n-- b\n {second} ; ");
        let facts = read(POSTGRES, &text, None);
        let mut covered = vec![false; text.len()];
        for action in &facts.actions {
            covered[action.span.start()..action.span.end()].fill(true);
        }
        let rest: String = text.bytes().zip(&covered).filter(|(_, c)| !**c).map(|(b, _)| char::from(b)).collect();
        let rest = rest.replace("/* a */", "").replace("-- b\n", "");
        prop_assert!(rest.bytes().all(|b| b.is_ascii_whitespace() || b == b';'), "{rest:?}");
    }

    /// Any text, any bytes: an answer.
    #[test]
    fn total(bytes in proptest::collection::vec(any::<u8>(), 0..200), words in proptest::collection::vec(0..WORDS.len(), 0..30)) {
        let session = SqlSession::server_defaults();
        let catalog = catalog();
        let scope = Scope { catalog: Some(&catalog), session: &session };
        let text: Vec<&str> = words.iter().map(|word| WORDS[*word]).collect();
        for protocol in Protocol::all() {
            for bytes in [bytes.as_slice(), text.join(" ").as_bytes()] {
                let facts = facts::read(protocol, bytes, &scope);
                prop_assert_eq!(facts.reasons.is_empty(), facts.understanding == Understanding::Full);
                if facts.understanding == Understanding::Opaque {
                    prop_assert_eq!(facts.effects(), EffectSet::ALL);
                    prop_assert_eq!(facts.max_rows(), None);
                }
            }
        }
    }
}

/// Words of which statements, good and bad, are made.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "customers",
    "orders",
    "id",
    "ssn",
    "*",
    ",",
    "(",
    ")",
    "=",
    "1",
    "'x'",
    "AND",
    "OR",
    "NOT",
    "IN",
    "EXISTS",
    "DELETE",
    "UPDATE",
    "SET",
    "INSERT",
    "INTO",
    "VALUES",
    "WITH",
    "AS",
    "w",
    "JOIN",
    "ON",
    "USING",
    "LATERAL",
    "UNION",
    "ALL",
    "ORDER",
    "BY",
    "LIMIT",
    "RETURNING",
    ";",
    "EXPLAIN",
    "ANALYZE",
    "PREPARE",
    "EXECUTE",
    "COPY",
    "TO",
    "stdin",
    "CREATE",
    "TABLE",
    "DROP",
    "ALTER",
    "GRANT",
    "REINDEX",
    "pg_read_file",
    ".",
    "::",
    "text",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "NULL",
    "IS",
    "$1",
    "PRAGMA",
    "ATTACH",
    "TRUNCATE",
    "LOCK",
    "REFRESH",
    "MATERIALIZED",
    "VIEW",
    "DO",
    "$$ x $$",
    "FETCH",
    "CURSOR",
    "FOR",
    "DECLARE",
    "CURRENT",
    "OF",
    "count",
    "TEMP",
    "VACUUM",
    "CLUSTER",
    "MERGE",
    "MATCHED",
    "RULE",
    "SYSTEM",
];

#[test]
fn deep_and_long_texts_get_an_answer() {
    let deep = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
    let long = format!("SELECT 1{}", " + 1".repeat(8000));
    let unions = vec!["SELECT ssn FROM customers"; 2000].join(" UNION ALL ");
    let wheres = format!("DELETE FROM t WHERE {}", vec!["a = 1"; 3000].join(" OR "));
    for text in [deep, long, unions, wheres] {
        let facts = read(POSTGRES, &text, None);
        assert_eq!(facts.understanding, Understanding::Opaque, "{} bytes", text.len());
    }
}

#[test]
fn a_chain_within_the_bounds_is_read() {
    let chain = vec!["a = 1"; 120].join(" OR ");
    let facts = read(POSTGRES, &format!("DELETE FROM t WHERE {chain}"), None);
    assert_eq!(facts.understanding, Understanding::Full);
    assert_eq!(facts.actions[0].extent, Extent::Filtered(vec!["a".into()]));
}

#[test]
fn every_catalogued_function_is_noticed_in_every_notation() {
    let table = include_str!("tables/postgres_functions.txt");
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(' ').next().unwrap();
        let function = functions::builtin(Dialect::Postgres, name).unwrap();
        if function.may.is_empty() || name == "set_config" {
            continue;
        }
        for text in [
            format!("SELECT {name}('x')"),
            format!("SELECT * FROM {name}('x') t"),
            format!("SELECT s.\"{name}\"('x')"),
            format!("SELECT t.{name} FROM lower('x') t"),
            format!("SELECT ('x'::text).{name}"),
        ] {
            let facts = read(POSTGRES, &text, None);
            assert!(function.may.is_subset(facts.effects()), "{text}");
        }
    }
}

#[test]
fn the_list_of_reasons_is_the_list() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/reasons.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<String> =
        text.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
    let expected: Vec<String> =
        Reason::ALL.iter().map(|(_, code, meaning)| format!("| `{code}` | {meaning} |")).collect();
    assert_eq!(rows, expected);
}

#[test]
fn refusals_and_reasons_are_one_list() {
    for (code, meaning) in crate::command::sql::Refusal::CODES {
        let found = Reason::ALL.iter().find(|(_, known, _)| known == code);
        assert!(found.is_some(), "`{code}` ({meaning}) is no reason");
    }
    assert!(EffectSet::from(Effect::ReadData).is_subset(EffectSet::READING));
}

/// T-SQL needs no separator: whatever stands before a statement, it is seen, or the text is opaque.
#[test]
fn no_statement_hides_another() {
    const BEFORE: &[&str] = &[
        "SELECT 1",
        "SELECT a FROM t x",
        "SELECT a FROM t WHERE a = 1 ORDER BY a OFFSET 5 ROWS",
        "SELECT a FROM t FOR XML PATH, ELEMENTS XSINIL",
        "SELECT a FROM t OPTION (RECOMPILE)",
        "SELECT a FROM t UNION ALL SELECT b FROM u",
        "SELECT CASE WHEN 1 = 1 THEN 2 END",
        "WITH x AS (SELECT 1 a) UPDATE x SET a = 2",
        "WITH x AS (SELECT 1 a) INSERT INTO t SELECT a FROM x",
        "INSERT INTO t VALUES (1)",
        "INSERT INTO t DEFAULT VALUES",
        "INSERT INTO t EXEC p",
        "UPDATE t SET a = 1 WHERE b = 2",
        "DELETE FROM t",
        "MERGE t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET a = 1;",
        "EXEC p @a = 1, @b = 'x' OUTPUT",
        "EXEC ('SELECT 1')",
        "EXECUTE AS USER = 'u'",
        "DECLARE @a int = 5, @b nvarchar(max)",
        "DECLARE @t TABLE (a int)",
        "DECLARE c CURSOR FOR SELECT a FROM t FOR UPDATE",
        "SET @a = 1",
        "SET NOCOUNT ON",
        "SET IDENTITY_INSERT t ON",
        "SET LANGUAGE english",
        "SET TRANSACTION ISOLATION LEVEL SNAPSHOT",
        "IF @a = 1",
        "WHILE 1 = 1",
        "BEGIN TRY",
        "again:",
        "PRINT 'x'",
        "RETURN",
        "THROW",
        "COMMIT",
        "BEGIN TRAN t WITH MARK 'x'",
        "USE d",
        "GRANT SELECT, DELETE ON t TO u WITH GRANT OPTION",
        "REVOKE GRANT OPTION FOR SELECT ON t FROM u CASCADE",
        "CREATE TABLE t (a int)",
        "CREATE INDEX i ON t (a)",
        "CREATE USER u FOR LOGIN l",
        "ALTER TABLE t ADD a int",
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u (a) ON DELETE CASCADE",
        "ALTER DATABASE d SET READ_ONLY ON",
        "ALTER ROLE r ADD MEMBER m",
        "ALTER INDEX i ON t REBUILD",
        "DROP TABLE IF EXISTS t",
        "TRUNCATE TABLE t",
        "UPDATE STATISTICS t",
        "BACKUP DATABASE d TO DISK = 'x'",
        "KILL 5",
        "DBCC OPENTRAN",
    ];
    const BEHIND: &[(&str, Effect)] = &[
        ("DELETE FROM zz", Effect::Destroy),
        ("UPDATE zz SET a = 1", Effect::WriteData),
        ("INSERT INTO zz VALUES (1)", Effect::WriteData),
        ("MERGE zz USING s ON 1 = 1 WHEN MATCHED THEN DELETE;", Effect::Destroy),
        ("TRUNCATE TABLE zz", Effect::Destroy),
        ("DROP TABLE zz", Effect::Destroy),
        ("SELECT a INTO zz FROM t", Effect::Schema),
        ("SELECT * FROM zz", Effect::ReadData),
        ("WITH q AS (SELECT * FROM zz) DELETE FROM q", Effect::Destroy),
        ("SET @x = (SELECT a FROM zz)", Effect::ReadData),
        ("EXEC xp_cmdshell 'zz'", Effect::CodeExec),
        ("EXECUTE AS LOGIN = 'zz'", Effect::Identity),
        ("GRANT SELECT ON zz TO u", Effect::Privilege),
        ("ALTER AUTHORIZATION ON SCHEMA::s TO zz", Effect::Privilege),
        ("DISABLE TRIGGER r ON zz", Effect::AuditTamper),
        ("BACKUP DATABASE zz TO DISK = 'x'", Effect::FsWrite),
        ("SET CONTEXT_INFO 0x1", Effect::ParserState),
        ("SHUTDOWN", Effect::Availability),
    ];
    let protocol = Protocol::Sql(Dialect::Mssql);
    for before in BEFORE {
        let alone = read(protocol, before, None);
        assert_ne!(alone.understanding, Understanding::Opaque, "{before}");
        for (behind, effect) in BEHIND {
            let text = format!("{before} {behind}");
            let facts = read(protocol, &text, None);
            let alone = alone.statements.unwrap();
            assert!(facts.effects().contains(*effect), "{text}");
            assert!(facts.statements.is_none_or(|count| count > alone), "{text}");
        }
    }
}
