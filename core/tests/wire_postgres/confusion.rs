//! Attacks on the order of things: names, states and answers that are not what they seem when they
//! are used.

use placet::policy::Verdict;

use crate::support::*;

const SECRET: &str = "SELECT note FROM people";
const PLAIN: &str = "SELECT 1";

fn leaks(heard: &Heard) -> bool {
    text(&heard.to_client).contains("ada@example.com")
}

/// The rows of `SECRET`, as the server sends them.
fn told() -> Vec<u8> {
    [columns(&["note"]), row(&["ada@example.com"]), complete("SELECT 1")].concat()
}

fn begun() -> [Said; 2] {
    [c(&[query("BEGIN")]), s(&[complete("BEGIN"), ready(b'T')])]
}

/// A name of the protocol gets another meaning, and SQL uses it before the server has said so.
#[test]
fn sql_waits_for_names_that_the_protocol_is_changing() {
    for sync in [&[][..], &[bare(b'S')]] {
        let change = [&[named(b'C', b'S', "s"), parse("s", SECRET)][..], sync].concat();
        let mut answers = vec![bare(b'3'), bare(b'1')];
        answers.extend(sync.iter().map(|_| ready(b'I')));
        let script = [
            c(&[parse("s", PLAIN), bare(b'S')]),
            s(&[bare(b'1'), ready(b'I')]),
            c(&[change.concat(), query("EXECUTE s")]),
            s(&answers),
            s(&[told(), ready(b'I')]),
        ];
        let heard = hear(&script);
        assert!(!leaks(&heard), "{}", text(&heard.to_client));
        assert_eq!(heard.asked.last().unwrap(), &(Verdict::Mask, "EXECUTE s".to_owned()));
    }
}

/// The same through a statement of the protocol that runs one of SQL.
#[test]
fn a_bind_waits_for_names_that_the_protocol_is_changing() {
    let script = [
        c(&[parse("s", PLAIN), bare(b'S')]),
        s(&[bare(b'1'), ready(b'I')]),
        c(&[parse("e", "EXECUTE s"), bare(b'S')]),
        s(&[bare(b'1'), ready(b'I')]),
        c(&[named(b'C', b'S', "s"), parse("s", SECRET), bind("", "e"), execute(""), bare(b'S')]),
        s(&[bare(b'3'), bare(b'1')]),
        s(&[bare(b'2'), told(), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
    assert_eq!(heard.asked.last().unwrap(), &(Verdict::Mask, "EXECUTE s".to_owned()));
}

/// What is bound and never run changes nothing.
#[test]
fn a_change_that_was_never_executed_is_not_believed() {
    for change in [
        "CREATE TEMP TABLE people (note text)",
        "SET search_path = elsewhere",
        "CREATE TEMP VIEW people AS SELECT 'x' AS note",
    ] {
        let script = [
            c(&[parse("", change), bind("", ""), bare(b'S')]),
            s(&[bare(b'1'), bare(b'2'), ready(b'I')]),
            c(&[query(SECRET)]),
            s(&[told(), ready(b'I')]),
        ];
        let heard = hear(&script);
        assert!(!leaks(&heard), "{change}: {}", text(&heard.to_client));
    }
    let script = [
        c(&[parse("s", SECRET), bare(b'S')]),
        s(&[bare(b'1'), ready(b'I')]),
        c(&[parse("", "PREPARE s AS SELECT 1"), bind("", ""), bare(b'S')]),
        s(&[bare(b'1'), bare(b'2'), ready(b'I')]),
        c(&[query("EXECUTE s")]),
        s(&[told(), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
}

/// A batch that starts with a harmless message is decided under the state that holds, as any other.
#[test]
fn a_new_batch_waits_for_the_state_that_the_last_one_leaves() {
    for first in [named(b'C', b'S', "x"), named(b'D', b'P', "x")] {
        let fails = "SELECT 1/0";
        let script = [
            c(&[
                parse("", "CREATE TEMP TABLE people (note text)"),
                bind("", ""),
                execute(""),
                parse("", fails),
                bind("", ""),
                execute(""),
                bare(b'S'),
                first.clone(),
                parse("", SECRET),
                bind("", ""),
                execute(""),
                bare(b'S'),
            ]),
            s(&[bare(b'1'), bare(b'2'), complete("CREATE TABLE"), bare(b'1')]),
            s(&[error("22012", "division by zero"), ready(b'I')]),
            s(&[if first[0] == b'C' { bare(b'3') } else { bare(b'n') }]),
            s(&[bare(b'1'), bare(b'2'), told(), ready(b'I')]),
        ];
        let heard = hear(&script);
        assert!(!leaks(&heard), "{}", text(&heard.to_client));
        assert_eq!(heard.asked.last().unwrap(), &(Verdict::Mask, SECRET.to_owned()));
    }
}

/// Behind an error the server reads nothing up to the next Sync: answers must not shift by one.
#[test]
fn what_the_server_skips_is_not_waited_for() {
    let script = [
        c(&[parse("", "SELECT nosuch"), bare(b'H')]),
        s(&[error("42601", "syntax error")]),
        c(&[query(PLAIN), parse("", PLAIN), bare(b'S')]),
        s(&[ready(b'I')]),
        c(&[query("SELECT 1/0")]),
        s(&[error("22012", "division by zero"), ready(b'I')]),
        c(&[query(SECRET)]),
        s(&[told(), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
    assert!(!heard.closed, "{}", text(&heard.to_client));
    assert_eq!(tags(&heard.to_client), "EZEZTDCZ");
    assert_eq!(heard.outcomes.len(), 2, "what did not run has no outcome: {:?}", heard.outcomes);
}

/// A Sync that the server ignored while it took data has no answer.
#[test]
fn a_copy_that_fails_shifts_no_answers() {
    let copying = message(b'G', |body| body.extend([0, 0, 1, 0, 0]));
    let script = [
        // As libpq does: the Sync goes out with the Execute.
        c(&[parse("", "COPY t FROM STDIN"), bind("", ""), execute(""), bare(b'S')]),
        s(&[bare(b'1'), bare(b'2'), copying]),
        c(&[message(b'd', |body| body.extend(b"x\n"))]),
        s(&[error("22P02", "invalid input syntax")]),
        c(&[message(b'f', |body| body.push(0)), bare(b'S')]),
        s(&[ready(b'I')]),
        c(&[query("SELECT 1/0")]),
        s(&[error("22012", "division by zero"), ready(b'I')]),
        c(&[query(SECRET)]),
        s(&[told(), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
    assert!(!heard.closed, "{}", text(&heard.to_client));
}

/// A Sync in the middle of the data: whether the server reads it depends on what it thinks of the
/// data before.
#[test]
fn a_sync_inside_of_a_copy_shifts_no_answers() {
    let copying = message(b'G', |body| body.extend([0, 0, 1, 0, 0]));
    let script = [
        c(&[query("COPY t FROM STDIN")]),
        s(&[copying]),
        c(&[message(b'd', |body| body.extend(b"x\n")), bare(b'S')]),
        s(&[error("22P02", "invalid input syntax"), ready(b'I')]),
        c(&[query(SECRET), query(PLAIN)]),
    ];
    let heard = hear(&script);
    assert_eq!(tags(&heard.to_server).matches('S').count(), 0, "{}", tags(&heard.to_server));
}

/// What is sent behind a COPY from the client is its data, not a command.
#[test]
fn a_command_behind_a_copy_from_the_client_is_no_command() {
    let copying = message(b'G', |body| body.extend([0, 0, 1, 0, 0]));
    let script = [
        c(&[query("COPY t FROM STDIN"), query(PLAIN)]),
        s(&[copying]),
        // A server up to version 13 goes on behind a message that it did not expect.
        s(&[error("08P01", "unexpected message type 0x51"), ready(b'I')]),
        c(&[query(SECRET)]),
        s(&[told(), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
}

/// A portal that the server refused to open, or skipped, is not what FETCH reads.
#[test]
fn a_portal_that_was_not_opened_is_not_fetched_from() {
    for (before, answers) in [
        (vec![], vec![error("42P03", "cursor \"p\" already exists")]),
        (vec![parse("x", "SELECT nosuch")], vec![error("42601", "syntax error")]),
    ] {
        let mut attempt = before.clone();
        attempt.extend([bind("p", "plain"), bare(b'S')]);
        let mut script = begun().to_vec();
        script.extend([
            c(&[parse("plain", PLAIN), parse("", SECRET), bind("p", ""), bare(b'S')]),
            s(&[bare(b'1'), bare(b'1'), bare(b'2'), ready(b'T')]),
            c(&[query("SAVEPOINT a")]),
            s(&[complete("SAVEPOINT"), ready(b'T')]),
            c(&attempt),
            s(&[answers[0].clone(), ready(b'E')]),
            c(&[query("ROLLBACK TO a")]),
            s(&[complete("ROLLBACK"), ready(b'T')]),
            c(&[query("FETCH ALL FROM p")]),
            s(&[columns(&["note"]), row(&["ada@example.com"]), complete("FETCH 1"), ready(b'T')]),
        ]);
        let heard = hear(&script);
        assert!(!leaks(&heard), "{}", text(&heard.to_client));
    }
}

/// The server cuts names to 63 bytes; two names that differ behind that are one.
#[test]
fn long_names_are_not_two_names() {
    let name = |last: &str| format!("{}{last}", "n".repeat(63));
    let script = [
        c(&[parse(&name("x"), PLAIN), bare(b'S')]),
        s(&[error("42601", "syntax error"), ready(b'I')]),
        c(&[bind("", &name("x")), execute(""), bare(b'S')]),
        s(&[error("42601", "syntax error"), ready(b'I')]),
        c(&[named(b'C', b'S', &name("y")), bare(b'S'), parse(&name(""), PLAIN), bare(b'S')]),
        s(&[error("42601", "syntax error"), ready(b'I'), bare(b'1'), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert_eq!(text(&heard.to_client).matches("42622").count(), 3, "{}", text(&heard.to_client));
    assert_eq!(tags(&heard.to_server), "PSPSPSPS");
}

/// The same for the names of SQL.
#[test]
fn long_names_of_sql_are_not_two_names() {
    let name = |last: &str| format!("{}{last}", "n".repeat(63));
    let script = [
        c(&[query(&format!("PREPARE {} AS {PLAIN}", name("x")))]),
        s(&[complete("PREPARE"), ready(b'I')]),
        c(&[query(&format!("DEALLOCATE {}", name("y")))]),
        s(&[complete("DEALLOCATE"), ready(b'I')]),
        c(&[query(&format!("PREPARE {} AS {SECRET}", name("z")))]),
        s(&[complete("PREPARE"), ready(b'I')]),
        c(&[query(&format!("EXECUTE {}", name("x")))]),
        s(&[told(), ready(b'I')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
}

/// What EXECUTE returns is what its statement returns now, not when it was described.
#[test]
fn the_columns_of_execute_are_asked_for_each_time() {
    let of_type = |name: &str, oid: u32| {
        message(b'T', |body| {
            body.extend([0, 1]);
            body.extend(name.as_bytes());
            body.extend([0; 7]);
            body.extend(oid.to_be_bytes());
            body.extend([255, 255, 255, 255, 255, 255, 0, 0]);
        })
    };
    let script = [
        c(&[query("PREPARE s AS SELECT true")]),
        s(&[complete("PREPARE"), ready(b'I')]),
        c(&[parse("e", "EXECUTE s"), named(b'D', b'S', "e"), bare(b'S')]),
        s(&[bare(b'1'), message(b't', |b| b.extend([0, 0])), of_type("bool", 16), ready(b'I')]),
        c(&[query("DEALLOCATE s")]),
        s(&[complete("DEALLOCATE"), ready(b'I')]),
        c(&[query("PREPARE s AS SELECT note FROM people")]),
        s(&[complete("PREPARE"), ready(b'I')]),
        c(&[bind("", "e"), execute(""), bare(b'S')]),
        // The columns, where they were asked for again.
        s(&[bare(b'2'), of_type("note", 25), row(&["ada@example.com"]), complete("SELECT 1")]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
    assert!(tags(&heard.to_server).contains("BD"), "{}", tags(&heard.to_server));
}

/// A portal of a command that looks at names when it runs is decided about when it runs.
#[test]
fn a_portal_is_not_executed_under_another_state() {
    let cursor = |text: &str| format!("DECLARE c CURSOR FOR {text}");
    let mut by_cursor = begun().to_vec();
    by_cursor.extend([
        c(&[query(&cursor(PLAIN))]),
        s(&[complete("DECLARE CURSOR"), ready(b'T')]),
        c(&[parse("", "FETCH ALL FROM c"), bind("p", ""), bare(b'S')]),
        s(&[bare(b'1'), bare(b'2'), ready(b'T')]),
        c(&[query("CLOSE c")]),
        s(&[complete("CLOSE CURSOR"), ready(b'T')]),
        c(&[query(&cursor(SECRET))]),
        s(&[complete("DECLARE CURSOR"), ready(b'T')]),
        c(&[execute("p"), bare(b'S')]),
        s(&[row(&["ada@example.com"]), complete("FETCH 1"), ready(b'T')]),
    ]);
    let mut by_statement = begun().to_vec();
    by_statement.extend([
        c(&[query("PREPARE s AS SELECT 1")]),
        s(&[complete("PREPARE"), ready(b'T')]),
        c(&[parse("", "EXECUTE s"), bind("p", ""), bare(b'S')]),
        s(&[bare(b'1'), bare(b'2'), ready(b'T')]),
        c(&[query("DEALLOCATE s")]),
        s(&[complete("DEALLOCATE"), ready(b'T')]),
        c(&[query("PREPARE s AS SELECT note FROM people")]),
        s(&[complete("PREPARE"), ready(b'T')]),
        c(&[execute("p"), bare(b'S')]),
        s(&[row(&["ada@example.com"]), complete("SELECT 1"), ready(b'T')]),
    ]);
    let mut by_path = begun().to_vec();
    by_path.extend([
        c(&[query("SET search_path = elsewhere")]),
        s(&[complete("SET"), ready(b'T')]),
        c(&[parse("", "COPY people TO STDOUT"), bind("p", ""), bare(b'S')]),
        s(&[bare(b'1'), bare(b'2'), ready(b'T')]),
        c(&[query("SET search_path = public")]),
        s(&[complete("SET"), ready(b'T')]),
        c(&[execute("p"), bare(b'S')]),
        s(&[message(b'H', |body| body.extend([0, 0, 1, 0, 0]))]),
        s(&[message(b'd', |body| body.extend(b"ada@example.com\n")), bare(b'c')]),
        s(&[complete("COPY 1"), ready(b'T')]),
    ]);
    for script in [by_cursor, by_statement, by_path] {
        let heard = hear(&script);
        assert!(!leaks(&heard), "{}", text(&heard.to_client));
    }
}

/// The rows of a portal are counted over all its Executes.
#[test]
fn a_limit_holds_over_the_pieces_of_a_portal() {
    let rows = |count: u8| {
        message(b'E', |body| {
            body.push(0);
            body.extend([0, 0, 0, count]);
        })
    };
    let mut script = begun().to_vec();
    script.push(c(&[parse("", "SELECT id FROM few"), bind("", ""), rows(2), bare(b'H')]));
    script.push(s(&[bare(b'1'), bare(b'2'), row(&["1"]), row(&["2"]), bare(b's')]));
    script.push(c(&[rows(2), bare(b'H')]));
    script.push(s(&[row(&["3"]), row(&["4"]), bare(b's')]));
    let heard = hear(&script);
    assert_eq!(tags(&heard.to_client).matches('D').count(), 2, "{}", tags(&heard.to_client));
}

/// A command that waits for people is gone when its batch failed before it.
#[test]
fn a_held_message_of_a_failed_batch_is_taken_back() {
    let mut session = session();
    let mut judge = TestJudge::new();
    let script = [
        c(&[
            parse("", "SELECT nosuch"),
            parse("u", "UPDATE t SET id = 1"),
            bind("", "u"),
            execute(""),
            bare(b'S'),
            query(PLAIN),
        ]),
        s(&[error("42601", "syntax error")]),
        Said::Tick,
    ];
    let heard = play(&mut session, &mut judge, &script, || usize::MAX);
    assert!(judge.withdrawn && !session.is_held());
    judge.approved = Some(true);
    let rest = [Said::Tick, s(&[ready(b'I'), told(), ready(b'I')])];
    let more = play(&mut session, &mut judge, &rest, || usize::MAX);
    assert_eq!(tags(&[heard.to_server, more.to_server].concat()), "PPSQ");
    assert!(!more.closed);
}

/// A savepoint brings back a state that is neither the first nor the last.
#[test]
fn a_savepoint_brings_back_what_it_saw() {
    let done = |status: u8| s(&[complete("SET"), ready(status)]);
    let steps = [
        ("SET search_path = elsewhere", b'I'),
        ("BEGIN", b'T'),
        ("SET search_path = public", b'T'),
        ("SAVEPOINT a", b'T'),
        ("SET search_path = elsewhere", b'T'),
        ("ROLLBACK TO a", b'T'),
    ];
    let mut script: Vec<Said> =
        steps.iter().flat_map(|(sql, status)| [c(&[query(sql)]), done(*status)]).collect();
    script.extend([c(&[query(SECRET)]), s(&[told(), ready(b'T')])]);
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
    // The same in one message.
    let whole = steps.map(|(sql, _)| sql).join("; ");
    for script in [
        vec![c(&[query(&whole)]), done(b'T'), c(&[query(SECRET)]), s(&[told(), ready(b'T')])],
        vec![c(&[query(&format!("{whole}; {SECRET}"))]), s(&[told(), ready(b'T')])],
    ] {
        let heard = hear(&script);
        assert!(!leaks(&heard), "{}", text(&heard.to_client));
    }
}

/// A failed transaction that is committed in a chain is rolled back, without an idle moment.
#[test]
fn a_chain_of_transactions_rolls_back() {
    let script = [
        c(&[query("BEGIN")]),
        s(&[complete("BEGIN"), ready(b'T')]),
        c(&[query("CREATE TEMP TABLE people (note text)")]),
        s(&[complete("CREATE TABLE"), ready(b'T')]),
        c(&[query("SELECT 1/0")]),
        s(&[error("22012", "division by zero"), ready(b'E')]),
        c(&[query("COMMIT AND CHAIN")]),
        s(&[complete("ROLLBACK"), ready(b'T')]),
        c(&[query(SECRET)]),
        s(&[told(), ready(b'T')]),
    ];
    let heard = hear(&script);
    assert!(!leaks(&heard), "{}", text(&heard.to_client));
}

/// A long message is read to its end, and a waiting one is not looked at for every row.
#[test]
fn long_messages_are_taken_whole() {
    let mut session = session();
    let mut judge = TestJudge::new();
    let long = query(&format!("SELECT '{}'", "x".repeat(3 << 20)));
    for part in long.chunks(64 * 1024) {
        assert!(session.wants_client());
        let mut turn = session.on_client(part, &mut judge, now());
        let _ = (turn.take_decisions(), turn.take_outcomes());
    }
    assert_eq!(judge.asked.len(), 1);
}

/// A setting for one statement is gone with it.
#[test]
fn a_setting_of_one_statement_is_not_believed_behind_it() {
    for sql in [
        "SELECT set_config('search_path', 'elsewhere', true)",
        "SELECT set_config('search_path', 'elsewhere', 't')",
        "SELECT set_config('search_path', 'elsewhere', is_local => (1 = 1))",
        "SET LOCAL search_path = elsewhere",
    ] {
        let script = [
            c(&[query(sql)]),
            s(&[columns(&["set_config"]), row(&["elsewhere"]), complete("SELECT 1"), ready(b'I')]),
            c(&[query(SECRET)]),
            s(&[told(), ready(b'I')]),
        ];
        let heard = hear(&script);
        assert!(!leaks(&heard), "{sql}: {}", text(&heard.to_client));
    }
}

/// A setting is told to the client when it changes: values may go out that way.
#[test]
fn settings_that_are_reported_are_masked() {
    let told_of = |name: &str, value: &str| {
        let sql = format!("SELECT set_config('{name}', note, false) FROM people");
        let script =
            [c(&[query(&sql)]), s(&[complete("SELECT 1"), parameter(name, value), ready(b'I')])];
        hear(&script)
    };
    assert!(!leaks(&told_of("application_name", "ada@example.com")));
    assert!(!leaks(&told_of("TimeZone", "<ada@example.com>0")));
    assert!(!leaks(&told_of("search_path", "\"ada@example.com\"")));
    // Drivers read the clock by it.
    assert!(text(&told_of("TimeZone", "Europe/Berlin").to_client).contains("Europe/Berlin"));
}

/// A temporary table that is gone hides nothing any more.
#[test]
fn a_temporary_table_that_is_gone_hides_nothing() {
    let table = "CREATE TEMP TABLE people (note text)";
    for sql in [
        vec!["CREATE TEMP TABLE people (note text) ON COMMIT DROP"],
        vec!["CREATE TEMP TABLE IF NOT EXISTS people (note text) ON COMMIT DROP"],
        vec!["CREATE TEMP TABLE people ON COMMIT DROP AS SELECT 'x' AS note"],
        vec![table, "ALTER TABLE pg_temp.people RENAME TO other"],
        vec![table, "ALTER TABLE people RENAME TO other"],
        vec![table, "DROP TABLE people"],
        vec![table, "DISCARD TEMP"],
        vec!["CREATE TEMP VIEW people AS SELECT 'x' AS note", "ALTER VIEW people RENAME TO other"],
    ] {
        let mut script = Vec::new();
        for sql in &sql {
            script.extend([c(&[query(sql)]), s(&[complete("DONE"), ready(b'I')])]);
        }
        script.extend([c(&[query(SECRET)]), s(&[told(), ready(b'I')])]);
        let heard = hear(&script);
        assert!(!leaks(&heard), "{sql:?}: {}", text(&heard.to_client));
        // The same in one message.
        let whole = format!("{}; {SECRET}", sql.join("; "));
        let heard = hear(&[c(&[query(&whole)]), s(&[told(), ready(b'I')])]);
        assert!(!leaks(&heard), "{whole}: {}", text(&heard.to_client));
    }
}

/// One text names a table under one path and another one under the next. Where the second has not the
/// columns that the catalog says, every column is masked: the plan of the first is not taken.
#[test]
fn a_plan_is_that_of_the_tables_that_run() {
    let run = || c(&[bind("", "p"), execute(""), bare(b'S')]);
    let rows = |cells: &[&str]| {
        s(&[bare(b'2'), columns(&["name", "note"]), row(cells), complete("SELECT 1"), ready(b'I')])
    };
    let heard = hear(&[
        c(&[parse("p", "SELECT * FROM people"), bare(b'S')]),
        s(&[bare(b'1'), ready(b'I')]),
        run(),
        rows(&["Ada", "first"]),
        c(&[query("SET search_path = old")]),
        s(&[complete("SET"), ready(b'I')]),
        run(),
        rows(&["Bo", "second"]),
    ]);
    let shown = text(&heard.to_client);
    assert!(shown.contains("first") && !shown.contains("Ada"), "{shown}");
    assert!(!shown.contains("second") && !shown.contains("Bo"), "{shown}");
    assert!(!heard.closed);
}
