//! Every type of message truncated, oversized and out of order: the session ends with a protocol
//! error, or refuses; it never forwards what it did not understand.

use placet::wire::postgres::frame::HEAD_BYTES;

use crate::support::*;

/// One well-formed message of every type that a client may send.
fn client_messages() -> Vec<Vec<u8>> {
    vec![
        query("SELECT 1"),
        parse("s", "SELECT 1"),
        bind("p", "s"),
        named(b'D', b'S', "s"),
        execute("p"),
        named(b'C', b'P', "p"),
        bare(b'S'),
        bare(b'H'),
    ]
}

fn server_messages() -> Vec<Vec<u8>> {
    vec![
        columns(&["name"]),
        row(&["Ada"]),
        complete("SELECT 1"),
        ready(b'I'),
        error("22012", "division by zero"),
        said(b'N', "NOTICE", "00000", "x"),
        parameter("TimeZone", "UTC"),
        message(b'A', |body| body.extend(b"\0\0\0\x07c\0p\0")),
    ]
}

/// The same message with a body that is one byte shorter, and one that is one byte longer.
fn wrong_bodies(message_: &[u8]) -> Vec<Vec<u8>> {
    let (head, body) = message_.split_at(HEAD_BYTES);
    let tag = head.first().copied().unwrap();
    let mut wrong = vec![message(tag, |out| {
        out.extend(body);
        out.push(0);
    })];
    if let Some((_, shorter)) = body.split_last() {
        wrong.push(message(tag, |out| out.extend(shorter)));
    }
    wrong
}

#[test]
fn a_client_message_with_a_wrong_body_ends_the_session_and_goes_nowhere() {
    for good in client_messages() {
        for wrong in wrong_bodies(&good) {
            let heard = hear(&[Said::Client(wrong.clone())]);
            assert!(heard.closed, "{}", char::from(good.first().copied().unwrap()));
            assert!(heard.to_server.is_empty(), "{}", char::from(good.first().copied().unwrap()));
            assert!(text(&heard.to_client).contains("08P01"), "{}", text(&heard.to_client));
        }
    }
}

#[test]
fn a_length_that_cannot_be_ends_the_session() {
    for tag in *b"QPBDECSHFXdcfp" {
        for length in [i32::MIN, -1, 0, 3] {
            let mut bytes = vec![tag];
            bytes.extend(length.to_be_bytes());
            let heard = hear(&[Said::Client(bytes)]);
            assert!(heard.closed && heard.to_server.is_empty(), "{}", char::from(tag));
        }
        if tag != b'd' {
            let mut bytes = vec![tag];
            bytes.extend(i32::MAX.to_be_bytes());
            let heard = hear(&[Said::Client(bytes)]);
            assert!(
                heard.closed && text(&heard.to_client).contains("54000"),
                "{}",
                char::from(tag)
            );
        }
    }
}

#[test]
fn unknown_types_of_a_client_are_never_forwarded() {
    for tag in 0..=255u8 {
        if b"QPBDECSHFXdcf".contains(&tag) {
            continue;
        }
        let heard = hear(&[Said::Client(message(tag, |_| {}))]);
        assert!(heard.closed && heard.to_server.is_empty(), "{tag}");
        // Also while a batch is skipped.
        let script = [c(&[parse("", "DELETE FROM people"), message(tag, |_| {})])];
        assert!(hear(&script).closed, "{tag}");
    }
}

#[test]
fn a_server_message_with_a_wrong_body_shows_the_client_nothing_of_it() {
    for good in server_messages() {
        for wrong in wrong_bodies(&good) {
            let ask = c(&[query("SELECT name FROM people")]);
            let heard = hear(&[ask, s(&[columns(&["name"]), wrong.clone()])]);
            let shown = text(&heard.to_client);
            assert!(!shown.contains("Ada"), "{shown}");
            // A command tag is text for the client alone, and a row of other columns is NULLs.
            if !matches!(good.first(), Some(b'C' | b'D')) {
                assert!(heard.closed, "{}: {shown}", char::from(good.first().copied().unwrap()));
            }
        }
    }
}

#[test]
fn answers_that_nobody_waits_for_end_the_session() {
    for tag in *b"12CDGHIKRTVWcdnstvZ" {
        let heard = hear(&[Said::Server(message(tag, |body| body.extend(b"I\0\0\0\0\0\0")))]);
        assert!(heard.closed, "{}", char::from(tag));
        assert!(tags(&heard.to_client).starts_with('E'), "{}", char::from(tag));
    }
    for tag in 0..=255u8 {
        if b"123ACDEGHIKNRSTVWZcdnstv".contains(&tag) {
            continue;
        }
        let ask = c(&[query("SELECT 1")]);
        let heard = hear(&[ask, Said::Server(message(tag, |_| {}))]);
        assert!(heard.closed, "unknown type {tag}");
    }
}

#[test]
fn a_copy_that_was_not_begun_takes_no_data() {
    let data = message(b'd', |body| body.extend(b"x\n"));
    let heard = hear(&[c(&[data.clone(), bare(b'c'), query("SELECT 1")])]);
    assert_eq!(tags(&heard.to_server), "Q", "the server throws it away, and so does the session");
    // While a COPY takes data, a query is out of order.
    let script = [
        c(&[query("COPY t FROM STDIN")]),
        s(&[message(b'G', |body| body.extend([0, 0, 1, 0, 0]))]),
        c(&[data, query("DROP TABLE t")]),
    ];
    let heard = hear(&script);
    assert!(heard.closed && !text(&heard.to_server).contains("DROP"));
}

/// Numbers that no server means are counted as far as numbers go; nothing overflows.
#[test]
fn a_server_that_counts_too_far_ends_nothing() {
    let copied = [
        c(&[query("COPY t TO STDOUT")]),
        s(&[
            message(b'H', |body| body.extend([0, 0, 1, 0, 0])),
            bare(b'c'),
            complete(&format!("COPY {}", u64::MAX)),
            ready(b'I'),
        ]),
    ];
    let heard = hear(&[copied.clone(), copied].concat());
    assert_eq!(tags(&heard.to_client), "HcCZHcCZ");
    assert_eq!(heard.outcomes[1], format!("d-2 Completed {}", u64::MAX));
}
