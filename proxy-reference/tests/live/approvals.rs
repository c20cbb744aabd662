//! Commands that wait for people, through psql and message by message.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::Test;
use crate::stage::{Door, Stage, text};
use crate::wire::{Client, query, tags};

pub(crate) const TESTS: &[Test] = &[
    ("an_unbounded_delete_waits_and_runs_once", an_unbounded_delete_waits_and_runs_once),
    ("a_refused_one_never_runs", a_refused_one_never_runs),
    ("refused_with_a_ticket_and_sent_again", refused_with_a_ticket_and_sent_again),
    ("who_waits_is_told_at_once_and_may_cancel", who_waits_is_told_at_once_and_may_cancel),
    ("who_hangs_up_withdraws", who_hangs_up_withdraws),
];

fn an_unbounded_delete_waits_and_runs_once(stage: &Stage) {
    let door = stage.patient();
    let before = stage.truth("SELECT count(*) FROM orders");
    assert_ne!(before, "0");
    let mut psql = stage.psql(door, &["-c", "DELETE FROM orders", "-c", "SELECT 'next'"]);
    psql.arg("-a").stdout(Stdio::piped()).stderr(Stdio::piped());
    let waiting = psql.spawn().unwrap();
    let ticket = stage.ticket(door, "DELETE FROM orders");
    assert_eq!(stage.truth("SELECT count(*) FROM orders"), before, "it ran before its approval");
    stage.answer(door, "approve", &ticket);
    let told = waiting.wait_with_output().unwrap();
    let said = text(&told);
    assert!(told.status.success() && said.contains("next"), "{said}");
    assert!(said.contains(&ticket), "nobody told the agent what it waits for: {said}");
    assert_eq!(stage.truth("SELECT count(*) FROM orders"), "0");
    assert_eq!(stage.seen("statement: DELETE FROM orders\n"), 1, "it ran once");
    // The approval is used up: the same text is held anew.
    stage.truth("INSERT INTO orders VALUES (1, 1, 1)");
    let mut client = door.session();
    client.send(&query("DELETE FROM orders"));
    let next = fresh(stage, door, "DELETE FROM orders", &ticket);
    assert_ne!(next, ticket);
    stage.answer(door, "deny", &next);
    let told = client.until_ready();
    assert!(told.iter().any(|message| message.tag == b'E'), "{told:?}");
    assert_eq!(stage.truth("SELECT count(*) FROM orders"), "1");
    assert_eq!(stage.seen("statement: DELETE FROM orders\n"), 1);
}

/// A ticket other than one that is known.
fn fresh(stage: &Stage, door: &Door, text: &str, known: &str) -> String {
    let end = Instant::now() + Duration::from_secs(15);
    while Instant::now() < end {
        let found = stage.tickets(door, text).into_iter().find(|ticket| ticket != known);
        if let Some(ticket) = found {
            return ticket;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nothing new is held for `{text}`");
}

fn a_refused_one_never_runs(stage: &Stage) {
    let door = stage.patient();
    let mut client = door.session();
    let sql = "DELETE FROM drafts WHERE id = 1";
    client.send(&query(sql));
    let ticket = stage.ticket(door, sql);
    stage.answer(door, "deny", &ticket);
    let told = client.until_ready();
    let error = told.iter().find(|message| message.tag == b'E').unwrap();
    assert_eq!(error.field(b'C'), "42501", "{told:?}");
    assert_eq!(stage.truth("SELECT count(*) FROM drafts WHERE id = 1"), "1");
    assert_eq!(stage.seen(sql), 0, "it reached the server");
    client.alive();
}

fn refused_with_a_ticket_and_sent_again(stage: &Stage) {
    let door = stage.curt();
    let sql = "DELETE FROM drafts WHERE id = 2";
    let mut client = door.session();
    let start = Instant::now();
    let told = client.query(sql);
    assert!(start.elapsed() < Duration::from_secs(5), "it waited");
    let error = told.iter().find(|message| message.tag == b'E').unwrap();
    assert_eq!(error.field(b'C'), "42501", "{told:?}");
    let ticket = stage.ticket(door, sql);
    assert!(format!("{error:?}").contains(&ticket), "no ticket: {error:?}");
    client.alive();
    // Asked again while nobody has answered: the same ticket.
    assert!(format!("{:?}", client.query(sql)).contains(&ticket));
    stage.answer(door, "approve", &ticket);
    // Another text is another command, whatever was approved.
    let told = client.query("DELETE FROM drafts WHERE id > 2");
    assert!(told.iter().any(|message| message.tag == b'E'), "{told:?}");
    // Another session of the same agent may send it, once.
    let mut other = door.session();
    let told = other.query(sql);
    assert!(told.iter().any(|message| message.body == b"DELETE 1\0"), "{told:?}");
    let told = client.query(sql);
    assert!(told.iter().any(|message| message.tag == b'E'), "it ran twice: {told:?}");
    assert_eq!(stage.truth("SELECT count(*) FROM drafts WHERE id = 2"), "0");
    assert_eq!(stage.truth("SELECT count(*) FROM drafts WHERE id > 2"), "8");
    client.alive();
}

fn who_waits_is_told_at_once_and_may_cancel(stage: &Stage) {
    let door = stage.patient();
    let mut client = door.session();
    let sql = "DELETE FROM drafts WHERE id = 3";
    client.send(&query(sql));
    let notice = client.receive().unwrap();
    assert_eq!(notice.tag, b'N', "{notice:?}");
    let ticket = stage.ticket(door, sql);
    assert!(format!("{notice:?}").contains(&ticket), "{notice:?}");
    let mut canceller = Client::connect(door.port);
    let length = u32::try_from(client.key.len() + 8).unwrap();
    let head = [length.to_be_bytes(), 80_877_102_u32.to_be_bytes()].concat();
    canceller.send(&[head, client.key.clone()].concat());
    let told = client.until_ready();
    assert_eq!(tags(&told), "EZ", "{told:?}");
    assert_eq!(told[0].field(b'C'), "57014", "{told:?}");
    withdrawn(stage, door, sql, "id = 3");
    client.alive();
}

fn who_hangs_up_withdraws(stage: &Stage) {
    let door = stage.patient();
    let mut client = door.session();
    let sql = "DELETE FROM drafts WHERE id = 4";
    client.send(&query(sql));
    stage.ticket(door, sql);
    drop(client);
    withdrawn(stage, door, sql, "id = 4");
}

/// A request that was taken back waits no more, and never runs.
fn withdrawn(stage: &Stage, door: &Door, sql: &str, condition: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while !stage.tickets(door, sql).is_empty() {
        assert!(Instant::now() < end, "`{sql}` still waits");
        std::thread::sleep(Duration::from_millis(50));
    }
    let there = format!("SELECT count(*) FROM drafts WHERE {condition}");
    assert_eq!(stage.truth(&there), "1");
    assert_eq!(stage.seen(sql), 0, "it reached the server");
}
