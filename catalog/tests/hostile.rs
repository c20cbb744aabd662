//! Servers that follow a script: ways to log in that no test server has, and answers that none gives.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::{JoinHandle, spawn};

use placet_catalog::{CatalogError, Options, Source, dump};

/// What a server does in turn.
#[derive(Clone)]
enum Act {
    Send(Vec<u8>),
    /// Reads until these bytes have come.
    Await(&'static [u8]),
}

/// Plays the script for one client; what the client sent.
fn server(script: Vec<Act>) -> (u16, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let play = spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut received = Vec::new();
        for act in script {
            match act {
                Act::Send(bytes) => drop(client.write_all(&bytes)),
                Act::Await(wanted) => {
                    let seen = |received: &[u8]| {
                        received.windows(wanted.len()).any(|window| window == wanted)
                    };
                    let mut byte = [0; 1];
                    while !seen(&received) && client.read(&mut byte).is_ok_and(|count| count > 0) {
                        received.push(byte[0]);
                    }
                }
            }
        }
        drop(client.shutdown(std::net::Shutdown::Write));
        let _end = client.read_to_end(&mut received);
        received
    });
    (port, play)
}

fn dumped(scheme: &str, script: Vec<Act>) -> (CatalogError, Vec<u8>) {
    let (port, play) = server(script);
    let source = Source::parse(&format!("{scheme}://u:s3cret@127.0.0.1:{port}/d")).unwrap();
    let error = dump(&source, &Options::default(), &mut |_| {}).unwrap_err();
    (error, play.join().unwrap())
}

fn packet(sequence: u8, body: &[u8]) -> Act {
    let mut out = u32::try_from(body.len()).unwrap().to_le_bytes().to_vec();
    out[3] = sequence;
    out.extend_from_slice(body);
    Act::Send(out)
}

fn greeting(plugin: &str) -> Act {
    let mut body =
        b"\x0a8.4.0\0\x07\0\0\0abcdefgh\0\xff\xff\x2d\x02\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0\
        ijklmnopqrst\0"
            .to_vec();
    body.extend_from_slice(plugin.as_bytes());
    body.push(0);
    packet(0, &body)
}

const OK: &[u8] = b"\0\0\0\x02\0\0\0";
const REFUSES: &[u8] = b"\xff\x76\x04#42000s3cret no";

#[test]
fn mysql_8_asks_for_the_whole_password() {
    let login = || {
        vec![
            greeting("caching_sha2_password"),
            Act::Await(b"caching_sha2_password\0"),
            packet(2, b"\x01\x04"),
            Act::Await(b"s3cret\0"),
            packet(4, OK),
            Act::Await(b"NO_BACKSLASH_ESCAPES'"),
        ]
    };
    let (error, sent) = dumped("mysql", [login(), vec![packet(1, REFUSES)]].concat());
    // The session was there; the server's words are not repeated.
    assert_eq!(error.code(), "API065", "{error}");
    assert!(!format!("{error:?}").contains("s3cret"));
    assert!(sent.windows(8).any(|window| window == b"\x07\0\0\x03s3cr"));
    // It remembers: the proof is enough.
    let remembered = vec![
        greeting("caching_sha2_password"),
        Act::Await(b"caching_sha2_password\0"),
        packet(2, b"\x01\x03"),
        packet(3, OK),
        Act::Await(b"NO_BACKSLASH_ESCAPES'"),
        packet(1, REFUSES),
    ];
    let (error, sent) = dumped("mysql", remembered);
    assert_eq!(error.code(), "API065", "{error}");
    assert!(!sent.windows(6).any(|window| window == b"s3cret"));
}

#[test]
fn a_file_of_this_machine_is_not_given() {
    let script = vec![
        greeting("mysql_native_password"),
        Act::Await(b"mysql_native_password\0"),
        packet(2, OK),
        Act::Await(b"NO_BACKSLASH_ESCAPES'"),
        packet(1, b"\xfb/etc/passwd"),
    ];
    let (error, sent) = dumped("mysql", script);
    assert_eq!(error.code(), "API064");
    assert!(sent.ends_with(b"NO_BACKSLASH_ESCAPES'"));
}

#[test]
fn what_is_no_server_of_mysql() {
    for (script, code) in [
        (vec![], "API061"),
        (vec![Act::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())], "API064"),
        (vec![packet(0, b"\x09old\0")], "API064"),
        (vec![packet(0, b"\xff\x10\x04Too many connections")], "API062"),
        (vec![packet(3, b"\x0a")], "API064"),
        (vec![greeting("x"), Act::Await(b"native_password\0"), packet(2, b"\xfe")], "API062"),
        (vec![greeting("x"), Act::Await(b"native_password\0"), packet(2, b"\x01\x04")], "API064"),
        (vec![greeting("x"), Act::Await(b"native_password\0"), packet(2, b"")], "API064"),
    ] {
        let (error, sent) = dumped("mysql", script);
        assert_eq!(error.code(), code, "{error}");
        assert!(!sent.windows(6).any(|window| window == b"s3cret"));
    }
}

/// Rows without end fill no memory: the bound is that of the snapshot and a part of it again.
#[test]
fn an_answer_without_end() {
    let mut script = vec![
        greeting("mysql_native_password"),
        Act::Await(b"mysql_native_password\0"),
        packet(2, OK),
        Act::Await(b"NO_BACKSLASH_ESCAPES'"),
        packet(1, b"\x01"),
        packet(2, b"column"),
        packet(3, b"\xfe\0\0\0\0"),
    ];
    let half = vec![b'x'; 0xff_fffe];
    script.extend((0..20).map(|n: u8| packet(4 + n, &half)));
    let (error, _) = dumped("mysql", script);
    // The first row is not one, so nothing more is read.
    assert_eq!(error.code(), "API064");
    let row = [b"\xfd\xff\xff\x7f", vec![b'x'; 0x7f_ffff].as_slice()].concat();
    let mut script = vec![
        greeting("mysql_native_password"),
        Act::Await(b"mysql_native_password\0"),
        packet(2, OK),
        Act::Await(b"NO_BACKSLASH_ESCAPES'"),
        packet(1, b"\x01"),
        packet(2, b"column"),
        packet(3, b"\xfe\0\0\0\0"),
    ];
    script.extend((0..40).map(|n: u8| packet(4 + n, &row)));
    let (error, _) = dumped("mysql", script);
    assert_eq!(error.code(), "API067");
}

#[test]
fn what_is_no_server_of_postgresql() {
    let error = |body: &[u8]| {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        Act::Send([b"E", &length[..], body].concat())
    };
    for (script, code) in [
        (vec![], "API061"),
        (vec![Act::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())], "API064"),
        (vec![error(b"SFATAL\0C28P01\0Ms3cret\0\0")], "API062"),
        // MD5 is not spoken, and a message of two gigabytes is not waited for.
        (vec![Act::Send(b"R\0\0\0\x0c\0\0\0\x05salt".to_vec())], "API062"),
        (vec![Act::Send(b"R\x7f\xff\xff\xff".to_vec())], "API064"),
    ] {
        let (told, sent) = dumped("postgres", script);
        assert_eq!(told.code(), code, "{told}");
        assert!(!format!("{told:?}").contains("s3cret"));
        assert!(!sent.windows(6).any(|window| window == b"s3cret"));
    }
}
