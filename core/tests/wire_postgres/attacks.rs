//! Attacks on the session: each tries to run or to see what was not decided about.

use placet::policy::Verdict;

use crate::support::*;

const SECRET: &str = "SELECT note FROM people";
const PLAIN: &str = "SELECT 1";

fn leaks(heard: &Heard) -> bool {
    text(&heard.to_client).contains("ada@example.com")
}

/// A skipped Parse must not stand for what the name still means on the server.
#[test]
fn a_skipped_definition_is_not_believed() {
    for name in ["", "s"] {
        let script = [
            c(&[parse(name, SECRET), bare(b'S')]),
            s(&[bare(b'1'), ready(b'I')]),
            // The batch fails at its first message; the new definition is skipped by the server.
            c(&[
                named(b'D', b'P', "nothing"),
                parse(name, PLAIN),
                bare(b'S'),
                bind("", name),
                execute(""),
                bare(b'S'),
            ]),
            s(&[error("34000", "portal does not exist"), ready(b'I')]),
            s(&[bare(b'2'), columns(&["note"]), row(&["ada@example.com"])]),
            s(&[complete("SELECT 1"), ready(b'I')]),
        ];
        let heard = hear(&script);
        assert!(!leaks(&heard), "`{name}`: {}", text(&heard.to_client));
        assert_eq!(heard.asked.last().unwrap(), &(Verdict::Mask, SECRET.to_owned()));
    }
}

/// A name that stands already keeps its meaning: the server refuses the second definition.
#[test]
fn a_second_definition_of_a_name_is_not_believed() {
    let script = [
        c(&[parse("s", SECRET), bare(b'S')]),
        s(&[bare(b'1'), ready(b'I')]),
        c(&[parse("s", PLAIN), bare(b'S'), bind("", "s"), execute(""), bare(b'S')]),
        s(&[error("42P05", "prepared statement \"s\" already exists"), ready(b'I')]),
        s(&[bare(b'2'), columns(&["note"]), row(&["ada@example.com"])]),
        s(&[complete("SELECT 1"), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
}

/// SQL's PREPARE gives a name of the protocol another meaning.
#[test]
fn a_name_that_sql_prepared_anew_is_read_anew() {
    let script = [
        c(&[parse("s", PLAIN), bare(b'S')]),
        s(&[bare(b'1'), ready(b'I')]),
        c(&[query("DEALLOCATE s")]),
        s(&[complete("DEALLOCATE"), ready(b'I')]),
        c(&[query("PREPARE s AS SELECT note FROM people")]),
        s(&[complete("PREPARE"), ready(b'I')]),
        c(&[bind("", "s"), execute(""), bare(b'S')]),
        s(&[bare(b'2'), columns(&["note"]), row(&["ada@example.com"])]),
        s(&[complete("SELECT 1"), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
    assert_eq!(heard.asked.last().unwrap(), &(Verdict::Mask, SECRET.to_owned()));
}

/// SQL's EXECUTE runs a statement that the protocol prepared.
#[test]
fn sql_execute_of_a_name_of_the_protocol_is_understood() {
    let script = [
        c(&[parse("s", SECRET), bare(b'S')]),
        s(&[bare(b'1'), ready(b'I')]),
        c(&[query("EXECUTE s")]),
        s(&[columns(&["note"]), row(&["ada@example.com"]), complete("SELECT 1"), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
}

/// A cursor of SQL is a portal of the protocol, and the other way round.
#[test]
fn cursors_and_portals_are_one_kind_of_name() {
    let by_sql = [
        c(&[query("BEGIN")]),
        s(&[complete("BEGIN"), ready(b'T')]),
        c(&[parse("", PLAIN), bind("p", ""), bare(b'S')]),
        s(&[bare(b'1'), bare(b'2'), ready(b'T')]),
        c(&[query("CLOSE p")]),
        s(&[complete("CLOSE CURSOR"), ready(b'T')]),
        c(&[query("DECLARE p CURSOR FOR SELECT note FROM people")]),
        s(&[complete("DECLARE CURSOR"), ready(b'T')]),
        c(&[execute("p"), bare(b'S')]),
        s(&[error("42601", "syntax error"), ready(b'E')]),
    ];
    let heard = hear(&by_sql);
    assert!(text(&heard.to_client).contains("34000"), "{}", text(&heard.to_client));
    assert_eq!(tags(&heard.to_server), "QPBSQQPS", "the Execute was not forwarded");

    let by_protocol = [
        c(&[query("BEGIN")]),
        s(&[complete("BEGIN"), ready(b'T')]),
        c(&[parse("", SECRET), bind("p", ""), bare(b'S')]),
        s(&[bare(b'1'), bare(b'2'), ready(b'T')]),
        c(&[query("FETCH ALL FROM p")]),
        s(&[columns(&["note"]), row(&["ada@example.com"]), complete("FETCH 1"), ready(b'T')]),
    ];
    assert!(!leaks(&hear(&by_protocol)));
}

/// A statement is read under the path that holds when it runs, not when it was prepared.
#[test]
fn a_statement_is_read_again_when_the_session_changed() {
    let script = [
        c(&[parse("s", SECRET), bare(b'S')]),
        s(&[bare(b'1'), ready(b'I')]),
        c(&[query("CREATE TEMP TABLE people (note text)")]),
        s(&[complete("CREATE TABLE"), ready(b'I')]),
        c(&[bind("", "s"), execute(""), bare(b'S')]),
    ];
    let heard = hear(&script);
    // The temporary table is another one: no mask.
    assert_eq!(heard.asked.last().unwrap().0, Verdict::Allow);
    // Rolled back, nobody knows which of the two it is.
    let script = [
        c(&[query("BEGIN")]),
        s(&[complete("BEGIN"), ready(b'T')]),
        c(&[query("CREATE TEMP TABLE people (note text)")]),
        s(&[complete("CREATE TABLE"), ready(b'T')]),
        c(&[query("ROLLBACK"), query(SECRET)]),
        s(&[complete("ROLLBACK"), ready(b'I')]),
        s(&[columns(&["note"]), row(&["ada@example.com"]), complete("SELECT 1"), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
}

/// A pipelined command behind one that changes the session waits for its outcome.
#[test]
fn nothing_runs_under_a_state_that_may_not_hold() {
    let script = [
        c(&[query("CREATE TEMP TABLE people (note text)"), query(SECRET)]),
        s(&[error("42501", "permission denied"), ready(b'I')]),
        s(&[columns(&["note"]), row(&["ada@example.com"]), complete("SELECT 1"), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert_eq!(tags(&heard.to_server), "QQ");
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
}

#[test]
fn a_call_by_number_is_refused_and_the_session_goes_on() {
    let call = message(b'F', |body| body.extend(2924u32.to_be_bytes()));
    let script = [
        c(&[call, query(PLAIN)]),
        s(&[error("42601", "syntax error"), ready(b'I')]),
        s(&[columns(&["?column?"]), row(&["1"]), complete("SELECT 1"), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert_eq!(tags(&heard.to_server), "QQ");
    assert_eq!(tags(&heard.to_client), "EZTDCZ");
    assert_eq!(heard.asked[0].0, Verdict::Deny);
}

#[test]
fn another_encoding_ends_the_session() {
    let script = [
        c(&[query("SELECT set_config('client_encoding', 'SJIS', false)")]),
        s(&[parameter("client_encoding", "SJIS")]),
        c(&[query(PLAIN)]),
    ];
    let heard = hear(&script);
    assert!(heard.closed && text(&heard.to_client).contains("WIR006"));
}

/// Without columns nothing is known of a row: it is NULLs, never itself.
#[test]
fn rows_that_were_never_described_are_nulls() {
    let script = [
        c(&[parse("", SECRET), bind("", ""), named(b'D', b'P', ""), execute(""), bare(b'S')]),
        s(&[bare(b'1'), bare(b'2'), bare(b'n'), row(&["ada@example.com"]), complete("SELECT 1")]),
    ];
    assert!(!leaks(&hear(&script)));
    let other_count = [
        c(&[query(SECRET)]),
        s(&[columns(&["note"]), row(&["x", "ada@example.com"]), complete("SELECT 1"), ready(b'I')]),
    ];
    assert!(!leaks(&hear(&other_count)));
}

#[test]
fn copies_that_cannot_be_masked_are_refused() {
    for sql in [
        "COPY people TO STDOUT (FORMAT binary)",
        "COPY people TO STDOUT WITH CSV",
        "COPY people TO STDOUT (FORMAT csv, ESCAPE '\\')",
        "COPY people TO STDOUT (ENCODING 'SJIS')",
    ] {
        let heard = hear(&[c(&[query(sql)])]);
        assert_eq!(heard.asked, [(Verdict::Deny, sql.to_owned())], "{sql}");
        assert!(!text(&heard.to_server).contains("COPY"), "{sql}");
    }
}

#[test]
fn a_limited_batch_runs_nothing_behind_its_limit() {
    let script = [
        c(&[
            parse("", "SELECT id FROM few"),
            bind("", ""),
            execute(""),
            parse("", "INSERT INTO t VALUES (1)"),
            bind("", ""),
            execute(""),
            bare(b'S'),
        ]),
        s(&[bare(b'1'), bare(b'2'), row(&["1"]), row(&["2"]), row(&["3"]), complete("SELECT 3")]),
        s(&[ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!text(&heard.to_server).contains("INSERT"), "{}", text(&heard.to_server));
    assert_eq!(tags(&heard.to_client), "12DDEZ");
    assert_eq!(tags(&heard.to_server), "PBEHS");
}

/// One portal, executed again and again for a few rows each time: one decision, one limit.
#[test]
fn a_limit_counts_over_all_executes_of_a_portal() {
    let again = [c(&[execute("p"), bare(b'S')]), s(&[row(&["2"]), bare(b's'), ready(b'T')])];
    let script = [
        vec![
            c(&[parse("", "SELECT id FROM few"), bind("p", ""), execute("p"), bare(b'S')]),
            s(&[bare(b'1'), bare(b'2'), row(&["1"]), bare(b's'), ready(b'T')]),
        ],
        again.to_vec(),
        again.to_vec(),
    ]
    .concat();
    let heard = hear(&script);
    assert_eq!(tags(&heard.to_client), "12DsZDsZEZ", "{}", text(&heard.to_client));
    assert!(heard.outcomes.last().unwrap().contains("StoppedAtLimit"));
}

#[test]
fn several_statements_in_one_message_cannot_be_limited() {
    let heard = hear(&[c(&[query("SELECT id FROM few; INSERT INTO t VALUES (1)")])]);
    assert_eq!(heard.asked[0].0, Verdict::Deny);
}

/// Values in other shapes: binary forms, JSON, bytes.
#[test]
fn binary_values_are_read_or_are_null() {
    let describe = |oid: u32| {
        message(b'T', |body| {
            body.extend([0, 1, b'x', 0, 0, 0, 0, 0, 0, 0]);
            body.extend(oid.to_be_bytes());
            body.extend([255, 255, 255, 255, 255, 255, 0, 0]);
        })
    };
    let cell = |bytes: &[u8]| {
        message(b'D', |body| {
            body.extend([0, 1]);
            body.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
            body.extend(bytes);
        })
    };
    let binary = message(b'B', |body| body.extend(b"\0\0\0\0\0\0\0\x01\0\x01"));
    let null = message(b'D', |body| body.extend([0, 1, 255, 255, 255, 255]));
    let card = 4_111_111_111_111_111i64;
    let array = |element: &[u8], oid: u32| {
        let mut out = 1i32.to_be_bytes().to_vec();
        out.extend(0i32.to_be_bytes());
        out.extend(oid.to_be_bytes());
        out.extend(1i32.to_be_bytes());
        out.extend(1i32.to_be_bytes());
        out.extend(i32::try_from(element.len()).unwrap().to_be_bytes());
        out.extend(element);
        out
    };
    let cases: Vec<(&str, u32, Vec<u8>, Option<&str>)> = vec![
        ("int8", 20, card.to_be_bytes().to_vec(), None),
        ("numeric", 1700, b"\0\x04\0\x03\0\0\0\0\x10\x0f\x04\x57\x04\x57\x04\x57".to_vec(), None),
        ("bytea", 17, b"ada@example.com".to_vec(), None),
        ("text", 25, b"ada@example.com".to_vec(), Some("[EMAIL_ADDRESS]")),
        (
            "jsonb",
            3802,
            b"\x01{\"a\":\"ada@example.com\"}".to_vec(),
            Some("{\"a\":\"[EMAIL_ADDRESS]\"}"),
        ),
        ("text[]", 1009, array(b"ada@example.com", 25), Some("[EMAIL_ADDRESS]")),
        ("int8[]", 1016, array(&card.to_be_bytes(), 20), Some("\u{ff}")),
        ("hstore", 99_999, b"ada@example.com".to_vec(), None),
        ("record", 2249, b"ada@example.com".to_vec(), None),
        ("broken int8", 20, b"123".to_vec(), None),
        ("broken array", 1009, b"ada@example.com".to_vec(), None),
    ];
    for (name, oid, value, shown) in cases {
        let script = [
            c(&[parse("", SECRET), binary.clone(), named(b'D', b'P', ""), execute(""), bare(b'S')]),
            s(&[bare(b'1'), bare(b'2'), describe(oid), cell(&value)]),
            s(&[complete("SELECT 1"), ready(b'I')]),
        ];
        let heard = hear(&script);
        assert!(!leaks(&heard), "{name}");
        let out = &heard.to_client;
        let holds = |part: &[u8]| out.windows(part.len()).any(|window| window == part);
        assert!(!holds(&card.to_be_bytes()), "{name}");
        match shown {
            None => assert!(holds(&null), "{name}: {out:?}"),
            Some("\u{ff}") => assert!(holds(&[255, 255, 255, 255]), "{name}"),
            Some(shown) => assert!(holds(shown.as_bytes()), "{name}: {}", text(out)),
        }
    }
}
