//! Conversations with the session of the PostgreSQL protocol, whole and in pieces.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod attacks;
mod confusion;
mod malformed;
mod support;

use proptest::prelude::*;

use support::*;

/// The rows of one simple query.
fn answer(names: &[&str], rows: &[&[&str]], tag: &str) -> Said {
    let mut parts = vec![columns(names)];
    parts.extend(rows.iter().map(|cells| row(cells)));
    parts.extend([complete(tag), ready(b'I')]);
    s(&parts)
}

fn masked_select() -> Vec<Said> {
    vec![
        c(&[query("SELECT name, note FROM people")]),
        answer(
            &["name", "note"],
            &[&["Ada", "write to ada@example.com"], &["Bo", "-"]],
            "SELECT 2",
        ),
    ]
}

fn extended_without_describe() -> Vec<Said> {
    vec![
        c(&[parse("", "SELECT note FROM people"), bind("", ""), execute(""), bare(b'S')]),
        s(&[bare(b'1'), bare(b'2'), columns(&["note"]), row(&["ada@example.com"])]),
        s(&[complete("SELECT 1"), ready(b'I')]),
    ]
}

fn refused_in_a_pipeline() -> Vec<Said> {
    vec![
        c(&[
            parse("", "SELECT 1"),
            bind("", ""),
            execute(""),
            parse("", "DELETE FROM people"),
            bind("", ""),
            execute(""),
            bare(b'S'),
            query("SELECT 2"),
        ]),
        s(&[bare(b'1'), bare(b'2'), row(&["1"]), complete("SELECT 1")]),
        s(&[error("42601", "syntax error at or near \"placet_refused\""), ready(b'I')]),
        answer(&["?column?"], &[&["2"]], "SELECT 1"),
    ]
}

fn copied() -> Vec<Said> {
    let data = |text: &str| message(b'd', |body| body.extend(text.as_bytes()));
    vec![
        c(&[query("COPY people (name, note) TO STDOUT")]),
        s(&[
            message(b'H', |body| body.extend([0, 0, 2, 0, 0, 0, 0])),
            data("Ada\tada@exam"),
            data("ple.com\n\\N\tnothing\nBo\tx\\ty"),
            data("\n"),
            bare(b'c'),
            complete("COPY 3"),
            ready(b'I'),
        ]),
    ]
}

fn limited() -> Vec<Said> {
    vec![
        c(&[query("SELECT id FROM few")]),
        answer(&["id"], &[&["1"], &["2"], &["3"]], "SELECT 3"),
        c(&[query("SELECT 1")]),
        answer(&["?column?"], &[&["1"]], "SELECT 1"),
    ]
}

fn words() -> Vec<Said> {
    vec![
        c(&[query("SELECT name FROM people WHERE name::int = 1")]),
        s(&[
            said(b'N', "NOTICE", "00000", "looking at Ada"),
            columns(&["name"]),
            error("22P02", "invalid input syntax for type integer: \"Ada\""),
            ready(b'I'),
        ]),
        s(&[message(b'A', |body| body.extend(b"\0\0\0\x07chan\0to ada@example.com\0"))]),
    ]
}

fn conversations() -> Vec<(&'static str, Vec<Said>)> {
    vec![
        ("masked select", masked_select()),
        ("extended", extended_without_describe()),
        ("refused in a pipeline", refused_in_a_pipeline()),
        ("copied", copied()),
        ("limited", limited()),
        ("words", words()),
    ]
}

#[test]
fn a_column_with_a_tag_and_a_value_with_a_shape_are_masked() {
    let heard = hear(&masked_select());
    let shown = text(&heard.to_client);
    assert!(shown.contains("[PII]") && shown.contains("write to [EMAIL_ADDRESS]"), "{shown}");
    assert!(!shown.contains("Ada") && !shown.contains("ada@"), "{shown}");
    assert_eq!(tags(&heard.to_client), "TDDCZ");
    assert_eq!(heard.outcomes, ["d-1 Completed 2"]);
}

#[test]
fn columns_that_nobody_asked_for_are_asked_for_and_not_shown() {
    let heard = hear(&extended_without_describe());
    assert_eq!(tags(&heard.to_server), "PBDES");
    assert_eq!(tags(&heard.to_client), "12DCZ");
    assert!(text(&heard.to_client).contains("[EMAIL_ADDRESS]"));
}

#[test]
fn a_refusal_in_a_pipeline_stays_in_step() {
    let heard = hear(&refused_in_a_pipeline());
    // The refused Parse is another one; its Bind and Execute are skipped here as on the server.
    assert_eq!(tags(&heard.to_server), "PBEPSQ");
    assert_eq!(tags(&heard.to_client), "12DCEZTDCZ");
    let shown = text(&heard.to_client);
    assert!(shown.contains("42501") && shown.contains("denied by policy"), "{shown}");
    assert!(shown.contains("\"decision\":\"d-2\"") && shown.contains("Ask a person."), "{shown}");
    assert!(!shown.contains("placet_refused"), "{shown}");
    assert!(!text(&heard.to_server).contains("DELETE"));
}

#[test]
fn a_copy_is_masked_field_by_field() {
    let heard = hear(&copied());
    let shown = text(&heard.to_client);
    assert!(shown.contains("[PII]\t[EMAIL_ADDRESS]\n"), "{shown}");
    assert!(shown.contains("\\N\tnothing\n") && shown.contains("[PII]\tx\\ty\n"), "{shown}");
    assert_eq!(heard.outcomes, ["d-1 Completed 3"]);
}

#[test]
fn a_limit_is_an_error_and_never_a_silent_cut() {
    let heard = hear(&limited());
    assert_eq!(tags(&heard.to_client), "TDDEZTDCZ");
    assert!(text(&heard.to_client).contains("stopped behind 2 rows"));
    assert_eq!(heard.outcomes, ["d-1 StoppedAtLimit 2", "d-2 Completed 1"]);
}

#[test]
fn words_of_the_server_are_output_too() {
    let heard = hear(&words());
    let shown = text(&heard.to_client);
    assert!(!shown.contains("Ada") && !shown.contains("ada@"), "{shown}");
    assert!(shown.contains("22P02") && shown.contains("[MASKED]"), "{shown}");
}

#[test]
fn a_held_command_waits_runs_once_and_what_follows_it_waits_too() {
    let mut session = session();
    let mut judge = TestJudge::new();
    let whole = || usize::MAX;
    let first = [c(&[query("UPDATE people SET name = 'x'"), query("SELECT 1")]), Said::Tick];
    let heard = play(&mut session, &mut judge, &first, whole);
    assert_eq!((tags(&heard.to_client), heard.to_server.len()), ("N".into(), 0));
    assert!(session.is_held());
    judge.approved = Some(true);
    let heard = play(&mut session, &mut judge, &[Said::Tick], whole);
    assert_eq!(tags(&heard.to_server), "QQ");
    let done = [s(&[complete("UPDATE 1"), ready(b'I')]), Said::Tick];
    let heard = play(&mut session, &mut judge, &done, whole);
    assert_eq!((tags(&heard.to_client), heard.to_server.len()), ("CZ".into(), 0));
}

#[test]
fn a_held_command_that_is_refused_cancelled_or_left_never_runs() {
    for way in ["refused", "cancelled", "left"] {
        let mut session = session();
        let mut judge = TestJudge::new();
        let whole = || usize::MAX;
        let ask = [c(&[query("UPDATE people SET name = 'x'")])];
        play(&mut session, &mut judge, &ask, whole);
        let turn = match way {
            "refused" => {
                judge.approved = Some(false);
                session.on_tick(&mut judge, now())
            }
            "cancelled" => session.on_cancel(&mut judge, now()).unwrap(),
            _ => {
                session.end(&mut judge);
                session.on_client(&query("SELECT 1"), &mut judge, now())
            }
        };
        let mut turn = turn;
        turn.take_decisions();
        let sent = text(&turn.release().unwrap().to_server);
        assert!(!sent.contains("UPDATE"), "{way}: {sent}");
        assert_eq!(judge.withdrawn, way != "refused", "{way}");
        if way != "left" {
            let failed = [s(&[error("42601", "syntax error"), ready(b'I')])];
            let heard = play(&mut session, &mut judge, &failed, whole);
            let code = if way == "refused" { "42501" } else { "57014" };
            assert!(text(&heard.to_client).contains(code), "{way}");
        }
    }
}

#[test]
fn inside_a_transaction_nobody_waits_while_locks_are_held() {
    let script = [
        c(&[query("BEGIN")]),
        s(&[complete("BEGIN"), ready(b'T')]),
        c(&[query("UPDATE people SET name = 'x'")]),
        s(&[error("42601", "syntax error"), ready(b'E')]),
    ];
    let heard = hear(&script);
    let shown = text(&heard.to_client);
    assert!(shown.contains("approval is needed: ticket 0707"), "{shown}");
    assert_eq!(tags(&heard.to_client), "CZEZ");
}

#[test]
fn nothing_is_released_before_its_decision_is_taken() {
    let mut judge = TestJudge::new();
    let turn = session().on_client(&query("SELECT 1"), &mut judge, now());
    assert!(!turn.is_logged());
    assert_eq!(turn.release().unwrap_err().code(), "WIR009");
    judge.fails = true;
    let turn = session().on_client(&query("SELECT 1"), &mut judge, now());
    let out = turn.release().unwrap();
    assert!(out.close && out.to_server.is_empty() && text(&out.to_client).contains("WIR009"));
}

#[test]
fn pieces_of_one_byte_change_nothing() {
    for (name, script) in conversations() {
        let cut = play(&mut session(), &mut TestJudge::new(), &script, || 1);
        assert_eq!(cut, hear(&script), "{name}");
    }
}

proptest! {
    #[test]
    fn no_way_of_cutting_changes_anything(
        which in 0..conversations().len(),
        pieces in proptest::collection::vec(1usize..40, 1..40),
    ) {
        let script = &conversations()[which].1;
        let mut next = pieces.iter().cycle();
        let cut = play(&mut session(), &mut TestJudge::new(), script, || *next.next().unwrap());
        prop_assert_eq!(cut, hear(script));
    }

    #[test]
    fn any_bytes_are_taken_without_a_panic(
        client in proptest::collection::vec(any::<u8>(), 0..200),
        server in proptest::collection::vec(any::<u8>(), 0..200),
        tag in proptest::sample::select(b"QPBDECSHFXdcfp".to_vec()),
        answer in proptest::sample::select(b"12345CDEGHINRSTZAKVWcdnstv".to_vec()),
    ) {
        let mut session = session();
        let mut judge = TestJudge::new();
        let body = |bytes: &[u8]| bytes.to_vec();
        let script = [
            c(&[query("SELECT name FROM people"), message(tag, |out| out.extend(body(&client)))]),
            s(&[message(answer, |out| out.extend(body(&server)))]),
            Said::Client(client.clone()),
            Said::Server(server.clone()),
        ];
        play(&mut session, &mut judge, &script, || 7);
    }
}
