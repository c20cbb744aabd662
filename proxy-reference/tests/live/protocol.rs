//! Message by message: what psql would not send.

use std::time::{Duration, Instant};

use crate::Test;
use crate::shell::clean;
use crate::stage::Stage;
use crate::wire::{
    Client, Message, bind, describe_portal, execute, extended, frame, parse, query, sync, tags,
};

pub(crate) const TESTS: &[Test] = &[
    ("extended_query_is_masked_in_both_formats", extended_query_is_masked_in_both_formats),
    ("a_statement_without_description_is_masked", a_statement_without_description_is_masked),
    ("a_suspended_portal_is_masked_to_its_end", a_suspended_portal_is_masked_to_its_end),
    ("a_function_call_is_refused", a_function_call_is_refused),
    ("a_denial_aborts_the_transaction_as_the_server_would", a_denial_aborts_the_transaction),
    ("a_denial_inside_a_pipeline_keeps_step", a_denial_inside_a_pipeline_keeps_step),
    ("pipelines_of_syncs_answer_in_order", pipelines_of_syncs_answer_in_order),
    ("an_error_of_the_server_keeps_step", an_error_of_the_server_keeps_step),
    ("a_running_query_is_cancelled", a_running_query_is_cancelled),
    ("a_strange_cancel_key_stops_nobody", a_strange_cancel_key_stops_nobody),
    ("replication_is_refused", replication_is_refused),
    ("malformed_messages_end_their_own_session_only", malformed_messages_end_their_own_session),
    ("statements_are_decided_when_they_run", statements_are_decided_when_they_run),
    ("a_value_of_a_megabyte_is_masked", a_value_of_a_megabyte_is_masked),
];

const DENIED: &str = "DROP TABLE orders";

fn rows(told: &[Message]) -> Vec<Vec<Option<Vec<u8>>>> {
    told.iter().filter(|message| message.tag == b'D').map(Message::cells).collect()
}

fn refused(message: &Message) {
    assert_eq!(message.tag, b'E', "{message:?}");
    assert_eq!(message.field(b'C'), "42501", "{message:?}");
    assert_eq!(message.field(b'V'), "ERROR", "{message:?}");
}

fn status(told: &[Message]) -> u8 {
    told.last().unwrap().body[0]
}

fn look(told: &[Message]) {
    for message in told {
        clean(&String::from_utf8_lossy(&message.body));
    }
}

fn extended_query_is_masked_in_both_formats(stage: &Stage) {
    let mut client = stage.curt().session();
    let sql =
        "SELECT id, email, card, notes, aliases, born FROM customers WHERE id <= $1 ORDER BY id";
    for format in [0, 1] {
        client.send(&[extended(sql, &["2"], format), sync()].concat());
        let told = client.until_ready();
        assert_eq!(tags(&told), "12TDDCZ", "{told:?}");
        look(&told);
        let first = &rows(&told)[0];
        let id = if format == 0 { b"1".to_vec() } else { vec![0, 0, 0, 1] };
        assert_eq!(first[0], Some(id), "a column that holds nothing is left as it is");
        assert_ne!(first[1], Some(b"ada@example.com".to_vec()));
        // 1815-12-10 as days since 2000-01-01.
        assert_ne!(first[5], Some((-67_223_i32).to_be_bytes().to_vec()));
    }
    client.alive();
}

fn a_statement_without_description_is_masked(stage: &Stage) {
    let mut client = stage.curt().session();
    client.send(&[parse("s", "SELECT email, card FROM customers WHERE id = $1"), sync()].concat());
    assert_eq!(tags(&client.until_ready()), "1Z");
    for format in [0, 1, 0] {
        // As a driver does that knows the columns from an earlier answer: no Describe.
        client.send(&[bind("s", &["1"], format), execute(0), sync()].concat());
        let told = client.until_ready();
        assert_eq!(tags(&told), "2DCZ", "{told:?}");
        look(&told);
    }
    client.alive();
}

fn a_suspended_portal_is_masked_to_its_end(stage: &Stage) {
    let mut client = stage.curt().session();
    client.query("BEGIN");
    let sql = "SELECT email FROM customers ORDER BY id LIMIT 3";
    let start = [parse("", sql), bind("", &[], 0), describe_portal(), execute(1)].concat();
    client.send(&[start, execute(1), execute(0), sync()].concat());
    let told = client.until_ready();
    assert_eq!(tags(&told), "12TDsDsDCZ", "{told:?}");
    look(&told);
    client.query("COMMIT");
    client.alive();
}

fn a_function_call_is_refused(stage: &Stage) {
    let mut client = stage.curt().session();
    // query_to_xml(text, boolean, boolean, text): runs any SQL, without Query or Parse.
    let mut body = 2924_u32.to_be_bytes().to_vec();
    body.extend([0, 1, 0, 0, 0, 4]);
    for value in ["SELECT email FROM customers", "true", "true", ""] {
        body.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        body.extend(value.as_bytes());
    }
    body.extend([0, 0]);
    client.send(&frame(b'F', &body));
    let told = client.until_ready();
    assert_eq!(tags(&told), "EZ", "{told:?}");
    refused(&told[0]);
    assert_eq!(status(&told), b'I');
    client.alive();
    // In a transaction it is an error like any other.
    client.query("BEGIN");
    client.send(&frame(b'F', &body));
    let told = client.until_ready();
    assert_eq!((tags(&told).as_str(), status(&told)), ("EZ", b'E'), "{told:?}");
    assert_eq!(status(&client.query("ROLLBACK")), b'I');
    client.alive();
}

fn a_denial_aborts_the_transaction(stage: &Stage) {
    let mut client = stage.curt().session();
    assert_eq!(status(&client.query("BEGIN")), b'T');
    client.query("INSERT INTO letters VALUES (1001, 'x')");
    let told = client.query(DENIED);
    refused(&told[0]);
    assert_eq!((tags(&told).as_str(), status(&told)), ("EZ", b'E'), "{told:?}");
    let told = client.query("SELECT id FROM orders");
    assert_eq!((told[0].field(b'C').as_str(), status(&told)), ("25P02", b'E'), "{told:?}");
    // The server rolls back as well: what was written before the denial is gone.
    let told = client.query("COMMIT");
    assert_eq!((told[0].body.as_slice(), status(&told)), (&b"ROLLBACK\0"[..], b'I'), "{told:?}");
    assert_eq!(stage.truth("SELECT count(*) FROM letters WHERE id = 1001"), "0");
    // The same with the extended protocol, and a savepoint to come back to.
    client.query("BEGIN");
    client.query("SAVEPOINT here");
    client.send(&[extended(DENIED, &[], 0), sync()].concat());
    let told = client.until_ready();
    refused(told.iter().find(|message| message.tag == b'E').unwrap());
    assert_eq!(status(&told), b'E');
    assert_eq!(status(&client.query("ROLLBACK TO here")), b'T');
    assert_eq!(status(&client.query("COMMIT")), b'I');
    client.alive();
}

fn a_denial_inside_a_pipeline_keeps_step(stage: &Stage) {
    let mut client = stage.curt().session();
    let good = "SELECT 7 AS n";
    let pipeline = [
        extended(good, &[], 0),
        extended("INSERT INTO letters VALUES (1002, 'x')", &[], 0),
        extended(DENIED, &[], 0),
        extended("INSERT INTO letters VALUES (1003, 'x')", &[], 0),
        extended(good, &[], 0),
        sync(),
        extended(good, &[], 0),
        sync(),
    ];
    client.send(&pipeline.concat());
    let told = client.until_ready();
    // One answer, one insert, then the denial; the rest up to Sync is skipped.
    let found = tags(&told);
    assert!(found.starts_with("12TDC12n"), "{told:?}");
    assert_eq!(found.matches('E').count(), 1, "{told:?}");
    assert!(found.ends_with("EZ"), "{told:?}");
    refused(&told[told.len() - 2]);
    assert_eq!(rows(&told).len(), 1, "{told:?}");
    let told = client.until_ready();
    assert_eq!(tags(&told), "12TDCZ", "{told:?}");
    // Up to Sync it is one transaction: nothing of it stays.
    assert_eq!(stage.truth("SELECT count(*) FROM letters WHERE id IN (1002, 1003)"), "0");
    assert_eq!(stage.seen(DENIED), 0, "it reached the server");
    client.alive();
}

fn pipelines_of_syncs_answer_in_order(stage: &Stage) {
    let mut client = stage.curt().session();
    let mut bytes = Vec::new();
    for n in 0..60 {
        let sql = if n % 3 == 1 { DENIED.to_owned() } else { format!("SELECT {n} AS n") };
        if n % 2 == 0 {
            bytes.extend([extended(&sql, &[], 0), sync()].concat());
        } else {
            bytes.extend(query(&sql));
        }
    }
    client.send(&bytes);
    for n in 0..60 {
        let told = client.until_ready();
        if n % 3 == 1 {
            refused(told.iter().find(|message| message.tag == b'E').unwrap());
            assert!(rows(&told).is_empty(), "{told:?}");
        } else {
            assert_eq!(rows(&told), [[Some(n.to_string().into_bytes())]], "{told:?}");
        }
    }
    client.alive();
}

fn an_error_of_the_server_keeps_step(stage: &Stage) {
    let mut client = stage.curt().session();
    let broken = "SELECT id / 0 FROM orders";
    client.send(
        &[extended(broken, &[], 0), extended("SELECT 1", &[], 0), sync(), query("SELECT 2 AS n")]
            .concat(),
    );
    let told = client.until_ready();
    let error = told.iter().find(|message| message.tag == b'E').unwrap();
    assert_eq!(error.field(b'C'), "22012", "{told:?}");
    assert_eq!(rows(&client.until_ready()), [[Some(b"2".to_vec())]]);
    // What it does not know is the server's own error.
    let told = client.query("SELECT no_such_column FROM orders");
    assert_eq!(told[0].field(b'C'), "42703", "{told:?}");
    client.alive();
}

/// A query that would take minutes.
const LONG: &str = "SELECT count(*) FROM generate_series(1, 1000000000) a";

fn cancel(port: u16, key: &[u8]) {
    let mut client = Client::connect(port);
    let length = u32::try_from(key.len() + 8).unwrap();
    client.send(&[&length.to_be_bytes()[..], &80_877_102_u32.to_be_bytes(), key].concat());
    assert!(client.closed().is_empty());
}

fn a_running_query_is_cancelled(stage: &Stage) {
    let mut client = stage.curt().session();
    assert!(client.key.len() >= 8, "no key for cancel requests");
    let start = Instant::now();
    client.send(&query(LONG));
    std::thread::sleep(Duration::from_millis(400));
    cancel(stage.curt().port, &client.key);
    let told = client.until_ready();
    let error = told.iter().find(|message| message.tag == b'E').unwrap();
    assert_eq!(error.field(b'C'), "57014", "{told:?}");
    assert!(start.elapsed() < Duration::from_secs(10));
    client.alive();
}

fn a_strange_cancel_key_stops_nobody(stage: &Stage) {
    let mut client = stage.curt().session();
    client.send(&query("SELECT count(*) FROM generate_series(1, 3000000) a"));
    let mut key = client.key.clone();
    *key.last_mut().unwrap() ^= 1;
    cancel(stage.curt().port, &key);
    cancel(stage.curt().port, &[0; 8]);
    let told = client.until_ready();
    assert_eq!(rows(&told), [[Some(b"3000000".to_vec())]], "{told:?}");
}

fn replication_is_refused(stage: &Stage) {
    for mode in ["true", "database", "on", "1"] {
        let mut client = Client::connect(stage.curt().port);
        let parameters = [("user", "agent"), ("database", "live"), ("replication", mode)];
        let told = client.start(&parameters, stage.curt().token());
        let last = told.last().unwrap();
        assert_eq!(last.tag, b'E', "{told:?}");
        assert_eq!(last.field(b'V'), "FATAL", "{told:?}");
    }
    let mut client = stage.curt().session();
    let told = client.query("START_REPLICATION SLOT s LOGICAL 0/0");
    assert_eq!(told[0].tag, b'E', "{told:?}");
    client.alive();
}

fn malformed_messages_end_their_own_session(stage: &Stage) {
    let mut neighbour = stage.curt().session();
    let oversized = [b"Q".as_slice(), &0x7fff_ffff_u32.to_be_bytes(), b"SELECT 1"].concat();
    for bytes in [
        b"Q\0\0\0\x03".to_vec(),
        b"Q\xff\xff\xff\xff".to_vec(),
        oversized,
        // Messages that only a server sends, that nobody sends, and that come at the wrong time.
        frame(b'Z', b"I"),
        frame(b'\0', b""),
        frame(b'y', b"text"),
        frame(b'p', b"password\0"),
        // Bodies that end too early or too late.
        frame(b'Q', b"SELECT 1"),
        frame(b'P', b"\0SELECT 1"),
        frame(b'B', b"\0\0\0\x05"),
        frame(b'D', b"X\0"),
        frame(b'E', b"\0\0"),
        frame(b'C', b""),
        frame(b'S', b"more"),
        frame(b'Q', b"SELECT '\xff\xfe'\0"),
    ] {
        let mut client = stage.curt().session();
        client.try_send(&bytes);
        client.try_send(&sync());
        client.finish();
        let told = client.closed();
        assert!(rows(&told).is_empty(), "{bytes:?}: {told:?}");
        for message in told.iter().filter(|message| message.tag == b'E') {
            assert!(!message.field(b'C').is_empty() && !message.field(b'M').is_empty());
        }
        neighbour.alive();
    }
    // Every message of a client, and some that are none: without a body, with too little, too much,
    // with a length that lies, and cut off.
    for tag in *b"BCDEFHPQSXcdfp\0AZz~" {
        for bytes in [
            frame(tag, b""),
            frame(tag, b"\xff"),
            frame(tag, b"\0\0\0\0\0\0\0\0\0\0and more"),
            [&[tag][..], b"\0\0\0\x02"].concat(),
            [&[tag][..], b"\x80\0\0\x05x"].concat(),
            [&[tag][..], b"\0\0\x01\0cut off"].concat(),
        ] {
            let mut client = stage.curt().session();
            client.try_send(&bytes);
            client.finish();
            let told = client.closed();
            assert!(rows(&told).is_empty(), "{bytes:?}: {told:?}");
        }
        neighbour.alive();
    }
    // Start-up packets: too long, too short, of another protocol.
    for packet in [
        &b"\0\0\0\x04"[..],
        b"\xff\xff\xff\xff\0\x03\0\0",
        b"\0\0\x7f\xff\0\x03\0\0user",
        b"\0\0\0\x08\0\x02\0\0",
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let mut client = Client::connect(stage.curt().port);
        client.try_send(packet);
        client.finish();
        assert!(!client.closed().iter().any(|message| message.tag == b'Z'));
        neighbour.alive();
    }
    stage.curt().session().alive();
}

fn statements_are_decided_when_they_run(stage: &Stage) {
    let mut client = stage.curt().session();
    // A denied text that is only prepared has no result, and is still denied when it is run.
    client.send(&[parse("bad", DENIED), sync()].concat());
    let told = client.until_ready();
    look(&told);
    client.send(&[bind("bad", &[], 0), execute(0), sync()].concat());
    let told = client.until_ready();
    assert!(told.iter().any(|message| message.tag == b'E'), "{told:?}");
    assert_eq!(stage.truth("SELECT to_regclass('orders') IS NOT NULL"), "t");
    assert_eq!(stage.seen(DENIED), 0, "it reached the server");
    client.alive();
}

fn a_value_of_a_megabyte_is_masked(stage: &Stage) {
    let mut client = stage.curt().session();
    let told = client.query(
        "SELECT repeat('x ', 500000) || email || repeat(' y', 500000) FROM customers WHERE id = 1",
    );
    look(&told);
    assert_eq!(tags(&told), "TDCZ");
    client.alive();
}
