//! psql through the proxy.

use crate::Test;
use crate::stage::{Stage, text};

pub(crate) const TESTS: &[Test] = &[
    ("a_select_comes_back_masked", a_select_comes_back_masked),
    ("masks_follow_aliases_and_aggregates", masks_follow_aliases_and_aggregates),
    ("cursors_and_prepared_statements_are_masked", cursors_and_prepared_statements_are_masked),
    ("copy_out_gives_nothing_away", copy_out_gives_nothing_away),
    ("copy_in_follows_policy", copy_in_follows_policy),
    ("errors_are_masked", errors_are_masked),
    ("notices_are_masked", notices_are_masked),
    ("a_denial_says_why_and_the_session_goes_on", a_denial_says_why_and_the_session_goes_on),
    ("one_bad_statement_refuses_the_whole_text", one_bad_statement_refuses_the_whole_text),
    ("nobody_comes_in_with_a_wrong_token", nobody_comes_in_with_a_wrong_token),
    ("the_encoding_cannot_be_switched_to_escape", the_encoding_cannot_be_switched_to_escape),
];

/// Values of the live database that nobody may see through a proxy.
pub(crate) const SECRETS: &[&str] = &[
    "ada@example.com",
    "grace@example.com",
    "edsger@example.com",
    "555-0101",
    "555-0102",
    "4111 1111",
    "5555 5555",
    "1815-12-10",
    "1906-12-09",
];

/// Whether a text holds no value that must be masked.
pub(crate) fn clean(text: &str) {
    for secret in SECRETS {
        let start: String = text.chars().take(2000).collect();
        assert!(!text.contains(secret), "`{secret}` came through: {start}");
    }
}

/// Runs SQL, expects success; the rows.
fn rows(stage: &Stage, sql: &str) -> String {
    let told = stage.psql(stage.curt(), &["-c", sql]).output().unwrap();
    assert!(told.status.success(), "{sql}: {}", text(&told));
    clean(&text(&told));
    String::from_utf8(told.stdout).unwrap().trim_end().to_owned()
}

/// Runs a script of several statements; both outputs.
fn script(stage: &Stage, sql: &str) -> String {
    let mut words = Vec::new();
    for statement in sql.split(";\n").filter(|statement| !statement.trim().is_empty()) {
        words.extend(["-c", statement]);
    }
    let told = text(&stage.psql(stage.curt(), &words).output().unwrap());
    clean(&told);
    told
}

fn a_select_comes_back_masked(stage: &Stage) {
    let found = rows(
        stage,
        "SELECT id, name, email, phone, card, visits FROM customers WHERE id <= 3 ORDER BY id",
    );
    assert_eq!(
        found,
        "1|Ada|[EMAIL_ADDRESS]|[PHONE_NUMBER]|[CREDIT_CARD]|3\n\
         2|Grace|[EMAIL_ADDRESS]|[PHONE_NUMBER]|[CREDIT_CARD]|5\n\
         3|Edsger|[EMAIL_ADDRESS]|||0"
            .replace("[EMAIL_ADDRESS]", &masked(stage, "email"))
            .replace("[PHONE_NUMBER]", &masked(stage, "phone"))
            .replace("[CREDIT_CARD]", &masked(stage, "card"))
    );
    // Values of the same shape in columns that nobody has tagged.
    assert!(!rows(stage, "SELECT notes, aliases FROM customers ORDER BY id").is_empty());
    assert!(!rows(stage, "SELECT 'mail bob@example.org'").contains("bob@"));
}

/// What stands in the place of a tagged column's value.
fn masked(stage: &Stage, column: &str) -> String {
    let found = rows(stage, &format!("SELECT {column} FROM customers WHERE id = 1"));
    assert!(!found.is_empty() && !found.contains('@') && !found.contains("11"), "{found}");
    found
}

fn masks_follow_aliases_and_aggregates(stage: &Stage) {
    for sql in [
        "SELECT c.email AS x FROM customers c",
        "WITH a AS (SELECT email e FROM customers) SELECT e FROM a",
        "SELECT string_agg(email, ',') FROM customers",
        "SELECT lower(email), reverse(email), left(email, 5) FROM customers ORDER BY id",
        "SELECT to_json(c) FROM customers c ORDER BY id",
        "SELECT c FROM customers c ORDER BY id",
        "SELECT array_agg(email) FROM customers",
        "SELECT born FROM customers ORDER BY id",
        "SELECT * FROM customers ORDER BY id",
    ] {
        let told = text(&stage.psql(stage.curt(), &["-c", sql]).output().unwrap());
        clean(&told);
        for reversed in ["moc.elpmaxe@ada", "ada@e"] {
            assert!(!told.contains(reversed), "{sql}: {told}");
        }
    }
}

fn cursors_and_prepared_statements_are_masked(stage: &Stage) {
    let told = script(
        stage,
        "BEGIN;\nDECLARE c CURSOR FOR SELECT id, email FROM customers ORDER BY id;\nFETCH 2 FROM c;\n\
         FETCH ALL FROM c;\nCLOSE c;\nCOMMIT;\nPREPARE p AS SELECT name, email FROM customers WHERE id = $1;\n\
         EXECUTE p(1);\nDEALLOCATE p;\nSELECT 'still here'",
    );
    // Two rows, one row, one row; where the columns of a cursor are not known, all are masked.
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 5, "{told}");
    assert_eq!(lines[4], "still here", "{told}");
    assert!(lines[..4].iter().all(|line| line.contains('|')), "{told}");
}

fn copy_out_gives_nothing_away(stage: &Stage) {
    for sql in [
        "COPY customers TO STDOUT",
        "COPY customers (id, email) TO STDOUT WITH (FORMAT csv, HEADER)",
        "COPY (SELECT id, email, card FROM customers) TO STDOUT",
        "COPY customers TO STDOUT WITH (FORMAT binary)",
    ] {
        let told = stage.psql(stage.curt(), &["-c", sql, "-c", "SELECT 'next'"]).output().unwrap();
        let said = text(&told);
        clean(&said);
        // Masked or refused, but never half of it, and the session goes on.
        let refused = said.contains("denied by policy");
        assert!(refused || said.lines().count() >= 3, "{sql}: {said}");
        assert!(said.contains("next"), "{sql}: {said}");
    }
    for sql in [
        "COPY customers TO PROGRAM 'cat > /tmp/placet-stolen'",
        "COPY customers TO '/tmp/placet-stolen'",
        "COPY letters FROM '/etc/passwd'",
    ] {
        assert!(script(stage, sql).contains("denied by policy"), "{sql}");
    }
    assert!(!std::path::Path::new("/tmp/placet-stolen").exists());
}

fn copy_in_follows_policy(stage: &Stage) {
    let file = stage.file("letters.txt", "70\tnobody\n71\tsomebody\n");
    let words = format!("\\copy letters FROM '{}'", file.display());
    let said = text(&stage.psql(stage.curt(), &["-c", &words]).output().unwrap());
    let there = stage.truth("SELECT count(*) FROM letters WHERE id IN (70, 71)");
    // It was let in whole, or refused whole.
    assert_eq!(there == "0", said.contains("ERROR"), "{there}: {said}");
    let words = format!("\\copy orders FROM '{}'", file.display());
    let said =
        text(&stage.psql(stage.curt(), &["-c", &words, "-c", "SELECT 'next'"]).output().unwrap());
    assert!(said.contains("denied by policy") && said.contains("next"), "{said}");
    assert_eq!(stage.seen("COPY  orders"), 0);
}

fn errors_are_masked(stage: &Stage) {
    let sql = "INSERT INTO customers (id, name, email) VALUES (90, 'x', 'ada@example.com')";
    let said = script(stage, &format!("{sql};\nSELECT 'next'"));
    assert!(said.contains("ERROR") && said.contains("next"), "{said}");
    let said = script(stage, "SELECT CAST(email AS integer) FROM customers;\nSELECT 'next'");
    assert!(said.contains("ERROR") && said.contains("next"), "{said}");
}

fn notices_are_masked(stage: &Stage) {
    let said = script(stage, "INSERT INTO letters VALUES (80, 'grace@example.com')");
    assert!(said.contains("NOTICE"), "{said}");
    assert_eq!(stage.truth("SELECT recipient FROM letters WHERE id = 80"), "grace@example.com");
}

fn a_denial_says_why_and_the_session_goes_on(stage: &Stage) {
    let verbose = ["-v", "VERBOSITY=verbose", "-c", "DROP TABLE orders", "-c", "SELECT 'next'"];
    let said = text(&stage.psql(stage.curt(), &verbose).output().unwrap());
    for wanted in ["42501", "tables-stay", "That is the database team's work.", "next"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert_eq!(stage.truth("SELECT count(*) > 0 FROM orders"), "t");
    assert_eq!(stage.seen("DROP TABLE orders"), 0, "it reached the server");
}

fn one_bad_statement_refuses_the_whole_text(stage: &Stage) {
    let sql = "INSERT INTO letters VALUES (81, 'x'); DROP TABLE letters; SELECT 'never'";
    let told = stage.psql(stage.curt(), &["-c", sql]).output().unwrap();
    let said = text(&told);
    assert!(said.contains("denied by policy") && !said.contains("never\n"), "{said}");
    assert_eq!(stage.truth("SELECT count(*) FROM letters WHERE id = 81"), "0");
}

fn nobody_comes_in_with_a_wrong_token(stage: &Stage) {
    let longer = format!("{}0", stage.curt().token());
    for wrong in ["wrong", "", longer.as_str(), stage.server.password()] {
        let mut psql = stage.psql(stage.curt(), &["-c", "SELECT 'in'"]);
        let told = psql.env("PGPASSWORD", wrong).output().unwrap();
        let said = text(&told);
        assert!(!told.status.success() && !said.contains("in\n"), "{said}");
        assert!(wrong.len() < 10 || !said.contains(wrong), "{said}");
    }
    // The upstream's account is not for agents, whatever name they give.
    let mut psql = stage.psql(stage.curt(), &["-c", "SELECT 'in'"]);
    psql.env("PGUSER", stage.server.user()).env("PGPASSWORD", stage.server.password());
    assert!(!psql.output().unwrap().status.success());
}

fn the_encoding_cannot_be_switched_to_escape(stage: &Stage) {
    for encoding in ["LATIN1", "SQL_ASCII", "EUC_JP", "utf8"] {
        script(
            stage,
            &format!(
                "SET client_encoding = '{encoding}';\nSELECT email FROM customers;\n\
             SELECT set_config('client_encoding', '{encoding}', false);\nSELECT email, card FROM customers"
            ),
        );
    }
    let mut psql = stage.psql(stage.curt(), &["-c", "SELECT email FROM customers"]);
    clean(&text(&psql.env("PGCLIENTENCODING", "LATIN1").output().unwrap()));
    let mut psql = stage.psql(stage.curt(), &["-c", "SELECT 1"]);
    let refused =
        text(&psql.env("PGOPTIONS", "-c search_path=evil -c role=postgres").output().unwrap());
    assert!(refused.contains("FATAL"), "{refused}");
}
