//! Versions of the protocol, tokens, and what is refused before there is a session.

use placet::wire::postgres::frame::Body;

use crate::Test;
use crate::client::{Client, Message, SSL_REQUEST, V3_0, V3_2, message, startup};
use crate::stage::{OLD_TOKEN, OTHER_TOKEN, SHORT_TOKEN, Stage, TOKEN};

pub(crate) const TESTS: &[Test] = &[
    ("keys_and_negotiation", keys_and_negotiation),
    ("tokens", tokens),
    ("a_token_that_ends", a_token_that_ends),
    ("refused_start_ups", refused_start_ups),
    ("every_message_in_place_of_the_password", every_message_in_place_of_the_password),
];

fn keys_and_negotiation(stage: &Stage) {
    let proxy = stage.plain_proxy();
    let key_bytes = |version| {
        let mut client = Client::plain(proxy.port);
        client.log_in(version, "crm", TOKEN);
        let key = client.welcomed();
        assert!(client.works());
        key.len() - 4
    };
    assert_eq!((key_bytes(V3_0), key_bytes(V3_2)), (4, 32));
    // As libpq tries servers out: a version and an option that do not exist.
    let mut client = Client::plain(proxy.port);
    client.send(b"\0\0\0\x08\x04\xd2\x16\x30"); // GSSENCRequest
    client.send(SSL_REQUEST);
    let mut answers = [0; 2];
    client.wire.read_exact(&mut answers).unwrap();
    assert_eq!(&answers, b"NN");
    let greased = [("user", "x"), ("database", "crm"), ("_pq_.test_protocol_negotiation", "")];
    client.send(&startup(0x0003_270f, &greased));
    let Some(Message(b'v', body)) = client.next() else { panic!() };
    let mut body = Body::new(&body);
    assert_eq!((body.int32(), body.int32()), (Ok(V3_2), Ok(1)));
    assert_eq!(body.text(), Ok("_pq_.test_protocol_negotiation"));
    client.until(b'R');
    // A statement right behind the token is the session's.
    let early = [message(b'p', &[TOKEN.as_bytes(), b"\0"].concat()), message(b'Q', b"SELECT 2\0")];
    client.send(&early.concat());
    client.welcomed();
    let types: Vec<u8> = client.until(b'Z').iter().map(|message| message.0).collect();
    assert_eq!(types, b"TDCZ");
    drop(client);
    proxy.stop(stage);
}

fn tokens(stage: &Stage) {
    let proxy = stage.plain_proxy();
    let refused = |database: &str, token: &str| {
        let mut client = Client::plain(proxy.port);
        client.log_in(V3_0, database, token);
        let error = client.next().unwrap();
        assert_eq!(client.next(), None);
        (error.field(b'C'), error.field(b'M'))
    };
    for token in ["", "wrong", OLD_TOKEN, stage.server.password()] {
        assert_eq!(refused("crm", token).0, "28P01", "{token}");
    }
    let (code, words) = refused("erp", TOKEN);
    assert_eq!(code, "3D000");
    // Whether a database is there is told to nobody who may not use it.
    assert_eq!(refused("no-such-database", TOKEN).1, words);
    assert_eq!(refused("crm", OTHER_TOKEN).1, words);
    assert_eq!(proxy.metric("placet_proxy_logins_refused_total"), 7);
    assert_eq!(proxy.metric("placet_proxy_sessions_total"), 0);
    let (mut client, _) = Client::session(proxy.port);
    assert!(client.works());
    // The user at the server is the configuration's, and the agent's own name counts for nothing.
    let rows = client.query("SELECT current_user = 'x'");
    let row = rows.iter().find(|message| message.0 == b'D').unwrap();
    assert!(row.1.ends_with(b"f"), "{row:?}");
    drop(client);
    proxy.stop(stage);
}

fn a_token_that_ends(stage: &Stage) {
    let proxy = stage.plain_proxy();
    let mut client = Client::plain(proxy.port);
    client.log_in(V3_0, "crm", SHORT_TOKEN);
    client.welcomed();
    assert!(client.works());
    client.send(&message(b'Q', b"SELECT pg_sleep(30)\0"));
    let error = client.next().unwrap();
    assert_eq!((&*error.field(b'S'), &*error.field(b'C')), ("FATAL", "57P01"));
    assert_eq!(error.field(b'M'), "the token has ended");
    assert_eq!(client.next(), None);
    let mut again = Client::plain(proxy.port);
    again.log_in(V3_0, "crm", SHORT_TOKEN);
    assert_eq!(again.next().unwrap().field(b'C'), "28P01");
    proxy.stop(stage);
}

fn refused_start_ups(stage: &Stage) {
    let proxy = stage.plain_proxy();
    let (mut witness, _) = Client::session(proxy.port);
    let with = |name: &str, value: &str| startup(V3_0, &[("user", "x"), (name, value)]);
    for (bytes, code, detail) in [
        (with("replication", "database"), "0A000", "WIR007"),
        (with("options", "-c role=postgres"), "0A000", "WIR007"),
        (with("search_path", "evil"), "0A000", "WIR007"),
        (with("client_encoding", "LATIN1"), "22021", "WIR006"),
        (startup(0x0002_0000, &[("user", "x")]), "0A000", "WIR007"),
        (startup(V3_0, &[("user", "")]), "0A000", "WIR007"),
        (b"\0\0\0\x07".to_vec(), "08P01", "WIR001"),
        (b"\xff\xff\xff\xff".to_vec(), "08P01", "WIR001"),
        (b"\0\x01\0\0".to_vec(), "54000", "WIR002"),
        (b"\0\0\0\x09\0\x03\0\0x".to_vec(), "08P01", "WIR003"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "54000", "WIR002"),
        // A listener without a certificate speaks no TLS.
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(), "54000", "WIR002"),
    ] {
        let mut client = Client::plain(proxy.port);
        client.send(&bytes);
        let error = client.next().unwrap();
        assert_eq!((&*error.field(b'C'), &*error.field(b'D')), (code, detail), "{bytes:?}");
        assert_eq!(error.field(b'S'), "FATAL");
        assert!(error.field(b'M').ends_with("(the start-up message)"), "{error:?}");
        assert_eq!(client.next(), None);
    }
    // Cut off anywhere: nothing happens, and nobody notices.
    let whole = [with("database", "crm"), message(b'p', b"x\0")].concat();
    for end in 0..whole.len() {
        Client::plain(proxy.port).send(&whole[..end]);
    }
    assert!(witness.works());
    drop(witness);
    proxy.stop(stage);
}

fn every_message_in_place_of_the_password(stage: &Stage) {
    let proxy = stage.plain_proxy();
    for tag in (0..=u8::MAX).filter(|tag| *tag != b'p') {
        let mut client = Client::plain(proxy.port);
        client.send(&startup(V3_0, &[("user", "x"), ("database", "crm")]));
        client.until(b'R');
        client.send(&message(tag, b"SELECT 1\0"));
        let error = client.next().unwrap();
        assert_eq!((&*error.field(b'C'), &*error.field(b'D')), ("08P01", "WIR005"), "{tag}");
    }
    let mut client = Client::plain(proxy.port);
    client.send(&startup(V3_0, &[("user", "x"), ("database", "crm")]));
    client.until(b'R');
    client.send(&message(b'p', &[b'x'; 5000]));
    assert_eq!(client.next().unwrap().field(b'D'), "WIR002");
    assert_eq!(proxy.metric("placet_proxy_sessions_total"), 0);
    proxy.stop(stage);
}
