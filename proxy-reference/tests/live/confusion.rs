//! Names, states and answers that are not what they seem when they are used: attacks that a real
//! server once answered with values in clear.

use crate::Test;
use crate::shell::clean;
use crate::stage::Stage;
use crate::wire::{
    Client, Message, bind, describe_portal, execute, extended, frame, parse, query, sync, tags,
};

pub(crate) const TESTS: &[Test] = &[
    ("sql_waits_for_names_on_their_way", sql_waits_for_names_on_their_way),
    ("what_was_never_executed_changes_nothing", what_was_never_executed_changes_nothing),
    ("answers_do_not_shift_behind_an_error", answers_do_not_shift_behind_an_error),
    ("long_names_are_refused", long_names_are_refused),
    ("a_portal_holds_as_it_was_bound", a_portal_holds_as_it_was_bound),
    ("a_reported_setting_is_masked", a_reported_setting_is_masked),
    ("a_long_query_is_taken_whole", a_long_query_is_taken_whole),
    ("an_approval_is_for_its_parameter_types", an_approval_is_for_its_parameter_types),
];

const SECRET: &str = "SELECT email FROM customers WHERE id = 1";

fn look(told: &[Message]) {
    for message in told {
        clean(&String::from_utf8_lossy(&message.body));
    }
}

fn close(kind: u8, name: &str) -> Vec<u8> {
    frame(b'C', &[&[kind], name.as_bytes(), b"\0"].concat())
}

/// Everything up to the `count`th ReadyForQuery.
fn told(client: &mut Client, count: usize) -> Vec<Message> {
    (0..count).flat_map(|_| client.until_ready()).collect()
}

fn sql_waits_for_names_on_their_way(stage: &Stage) {
    let mut client = stage.curt().session();
    client.send(&[parse("s", "SELECT 1"), sync()].concat());
    client.until_ready();
    let changed = [close(b'S', "s"), parse("s", SECRET), sync(), query("EXECUTE s")].concat();
    client.send(&changed);
    let told = told(&mut client, 2);
    look(&told);
    assert_eq!(tags(&told), "31ZTDCZ", "{told:?}");
    client.alive();
}

fn what_was_never_executed_changes_nothing(stage: &Stage) {
    let mut client = stage.curt().session();
    client.send(&[parse("s", SECRET), sync()].concat());
    client.until_ready();
    client.send(&[parse("", "PREPARE s AS SELECT 1"), bind("", &[], 0), sync()].concat());
    client.until_ready();
    let told = client.query("EXECUTE s");
    look(&told);
    assert_eq!(tags(&told), "TDCZ", "{told:?}");
    client.alive();
}

fn answers_do_not_shift_behind_an_error(stage: &Stage) {
    let mut client = stage.curt().session();
    // The error is there before the rest of the batch is sent.
    client.send(&[parse("", "SELECT nosuch FROM orders"), frame(b'H', b"")].concat());
    assert_eq!(client.receive().unwrap().tag, b'E');
    client.send(&[query("SELECT 1"), extended("SELECT 1", &[], 0), sync()].concat());
    assert_eq!(tags(&client.until_ready()), "Z");
    client.alive();
    client.query("SELECT 1/0");
    look(&client.query(SECRET));
    client.alive();
}

fn long_names_are_refused(stage: &Stage) {
    let mut client = stage.curt().session();
    let name = |last: &str| format!("{}{last}", "n".repeat(63));
    client.send(&[parse(&name("x"), "SELECT 1"), sync()].concat());
    let told = client.until_ready();
    assert_eq!(told[0].field(b'C'), "42622", "{told:?}");
    client.send(&[parse(&name(""), "SELECT 1"), close(b'S', &name("y")), sync()].concat());
    let told = client.until_ready();
    assert_eq!((tags(&told).as_str(), told[1].field(b'C').as_str()), ("1EZ", "42622"), "{told:?}");
    client.alive();
}

fn a_portal_holds_as_it_was_bound(stage: &Stage) {
    let mut client = stage.curt().session();
    client.query("BEGIN");
    client.query("DECLARE c CURSOR FOR SELECT 'x'::text");
    client.send(&[parse("", "FETCH ALL FROM c"), bind("", &[], 0), sync()].concat());
    client.until_ready();
    client.query("CLOSE c");
    client.query(&format!("DECLARE c CURSOR FOR {SECRET}"));
    client.send(&[execute(0), sync()].concat());
    let told = client.until_ready();
    look(&told);
    assert_eq!(tags(&told), "EZ", "{told:?}");
    client.query("ROLLBACK");
    // What a cursor brings is asked for each time.
    client.query("BEGIN");
    client.query("DECLARE c CURSOR FOR SELECT true");
    client.send(&[parse("f", "FETCH ALL FROM c"), frame(b'D', b"Sf\0"), sync()].concat());
    client.until_ready();
    client.query("CLOSE c");
    client.query(&format!("DECLARE c CURSOR FOR {SECRET}"));
    client.send(&[bind("f", &[], 0), describe_portal(), execute(0), sync()].concat());
    let told = client.until_ready();
    look(&told);
    assert_eq!(tags(&told), "2TDCZ", "{told:?}");
    client.query("COMMIT");
    client.alive();
}

fn a_reported_setting_is_masked(stage: &Stage) {
    let mut client = stage.curt().session();
    let sql = "SELECT set_config('application_name', email, false) FROM customers WHERE id = 1";
    let told = client.query(sql);
    look(&told);
    let reported = told.iter().find(|message| message.tag == b'S');
    assert_eq!(reported.unwrap().body, b"application_name\0[MASKED]\0", "{told:?}");
    client.alive();
}

fn a_long_query_is_taken_whole(stage: &Stage) {
    let mut client = stage.curt().session();
    let long = format!("SELECT id FROM orders WHERE id = 1 /* {} */", "x".repeat(3 << 20));
    let told = client.query(&long);
    assert_eq!(told.last().unwrap().tag, b'Z');
    client.alive();
}

fn an_approval_is_for_its_parameter_types(stage: &Stage) {
    let door = stage.curt();
    let mut client = door.session();
    let sql = "DELETE FROM drafts WHERE body ^@ $1";
    let run = |client: &mut Client, types: &[u32]| {
        let mut body = [b"\0", sql.as_bytes(), b"\0"].concat();
        body.extend(u16::try_from(types.len()).unwrap().to_be_bytes());
        body.extend(types.iter().flat_map(|oid| oid.to_be_bytes()));
        let batch =
            [frame(b'P', &body), bind("", &["draft of nobody"], 0), execute(0), sync()].concat();
        client.send(&batch);
        client.until_ready()
    };
    let asked = run(&mut client, &[]);
    assert_eq!(asked[1].field(b'C'), "42501", "{asked:?}");
    stage.answer(door, "approve", &stage.ticket(door, "body ^@"));
    // As "char" the value is its first letter: another command, of which nothing was said.
    let told = run(&mut client, &[18]);
    assert!(told.iter().any(|message| message.field(b'C') == "42501"), "{told:?}");
    assert_eq!(tags(&run(&mut client, &[])), "12CZ");
    client.alive();
}
