//! Cancel requests, signals, health.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use placet::audit::State;
use placet_store::{LogOptions, LogWriter, system};

use crate::Test;
use crate::client::{Client, V3_0, connect, message};
use crate::stage::{Proxy, Stage, TOKEN};

pub(crate) const TESTS: &[Test] = &[
    ("cancel", cancel),
    ("cancel_withdraws_what_waits", cancel_withdraws_what_waits),
    ("the_bundle_is_read_again", the_bundle_is_read_again),
    ("the_way_out", the_way_out),
    ("a_killed_proxy_loses_no_decision", a_killed_proxy_loses_no_decision),
    ("health", health),
    ("too_many_sessions", too_many_sessions),
    ("servers_that_are_none", servers_that_are_none),
    ("what_keeps_it_from_starting", what_keeps_it_from_starting),
];

fn request(port: u16, key: &[u8]) {
    let length = u32::try_from(key.len() + 8).unwrap();
    let mut stream = connect(port);
    let packet = [&length.to_be_bytes()[..], b"\x04\xd2\x16\x2e", key].concat();
    stream.write_all(&packet).unwrap();
    // The proxy hangs up once the request was passed on.
    let mut nothing = Vec::new();
    let _ = stream.read_to_end(&mut nothing);
    assert_eq!(nothing, b"");
}

/// A statement that would sleep is stopped at the server, and the session goes on.
pub(crate) fn cancels_a_statement(proxy: &Proxy, client: &mut Client, key: &[u8]) {
    let start = Instant::now();
    client.send(&message(b'Q', b"SELECT pg_sleep(30)\0"));
    sleep(Duration::from_millis(300));
    request(proxy.port, key);
    let answer = client.until(b'Z');
    let error = answer.iter().find(|message| message.0 == b'E').unwrap();
    assert_eq!(error.field(b'C'), "57014");
    assert!(start.elapsed() < Duration::from_secs(15));
    assert!(client.works());
}

fn cancel(stage: &Stage) {
    let proxy = stage.plain_proxy();
    let (mut client, key) = Client::session(proxy.port);
    let (mut other, other_key) = Client::session(proxy.port);
    // The server's own process is told to nobody.
    let pid = client.query("SELECT pg_backend_pid()");
    let row = pid.iter().find(|message| message.0 == b'D').unwrap();
    let told = i32::from_be_bytes(key[..4].try_into().unwrap()).to_string();
    assert!(!row.1.ends_with(told.as_bytes()));
    client.send(&message(b'Q', b"SELECT pg_sleep(1.5)\0"));
    sleep(Duration::from_millis(200));
    for wrong in [
        [&key[..4], &other_key[4..]].concat(),
        [&[9, 9, 9, 9], &key[4..]].concat(),
        other_key.clone(),
    ] {
        request(proxy.port, &wrong);
    }
    let types: Vec<u8> = client.until(b'Z').iter().map(|message| message.0).collect();
    assert_eq!(types, b"TDCZ", "a key of another session cancels nothing here");
    assert!(other.works());
    cancels_a_statement(&proxy, &mut client, &key);
    drop(client);
    sleep(Duration::from_millis(200));
    // The key of a session that is gone is good for nothing.
    request(proxy.port, &key);
    drop(other);
    proxy.stop(stage);
}

fn cancel_withdraws_what_waits(stage: &Stage) {
    let proxy = stage.plain_proxy();
    let (mut client, key) = Client::session(proxy.port);
    client.send(&message(b'Q', b"DELETE FROM t\0"));
    let notice = client.next().unwrap();
    assert_eq!(notice.0, b'N', "{notice:?}");
    assert_eq!(proxy.metric("placet_proxy_held"), 1);
    request(proxy.port, &key);
    let answer = client.until(b'Z');
    let error = answer.iter().find(|message| message.0 == b'E').unwrap();
    assert_eq!(error.field(b'C'), "57014");
    assert!(client.works());
    assert_eq!(proxy.metric("placet_proxy_held"), 0);
    assert_eq!(stage.server.sql("crm", "SELECT count(*) FROM t").unwrap(), "10");
    // A client that hangs up takes its request back too.
    client.send(&message(b'Q', b"DELETE FROM t\0"));
    assert_eq!(client.next().unwrap().0, b'N');
    drop(client);
    let end = Instant::now() + Duration::from_secs(10);
    while proxy.metric("placet_proxy_sessions ") > 0 && Instant::now() < end {
        sleep(Duration::from_millis(50));
    }
    assert_eq!(proxy.metric("placet_proxy_held"), 0);
    proxy.stop(stage);
}

fn the_bundle_is_read_again(stage: &Stage) {
    let proxy = stage.plain_proxy();
    let (mut client, _) = Client::session(proxy.port);
    let denied = |client: &mut Client| {
        client.query("SELECT id FROM t").iter().any(|message| message.0 == b'E')
    };
    let wait_for = |line: &str| {
        let end = Instant::now() + Duration::from_secs(10);
        while !proxy.page("/readyz").1.contains(line) {
            assert!(Instant::now() < end, "{}", proxy.said());
            sleep(Duration::from_millis(50));
        }
    };
    assert!(!denied(&mut client));
    let rules = proxy.dir.path().join("bundle/rules/all.toml");
    let good = fs::read_to_string(&rules).unwrap();
    // A misspelt fact: refused whole, and what was in force stays.
    fs::write(&rules, good.replace("verdict = \"allow\"", "verdict = \"alow\"")).unwrap();
    proxy.signal("HUP");
    wait_for("refused");
    assert_eq!(proxy.page("/readyz").0, "HTTP/1.1 200 OK");
    assert!(!denied(&mut client));
    let closed = "\n[[rule]]\nid = \"closed\"\nabout = \"x\"\nwhat = { op = \"read\" }\nverdict = \"deny\"\n";
    fs::write(&rules, [good.as_str(), closed].concat()).unwrap();
    proxy.signal("HUP");
    wait_for("bundle: ok");
    let end = Instant::now() + Duration::from_secs(10);
    while !denied(&mut client) {
        assert!(Instant::now() < end, "the new bundle decides");
    }
    assert_eq!(proxy.metric("placet_proxy_bundle_refused_total"), 2, "one for each database");
    drop(client);
    proxy.stop(stage);
}

fn the_way_out(stage: &Stage) {
    let proxy = stage.proxy("drain_seconds = 1\n", "tls = \"disable\"");
    let (mut client, _) = Client::session(proxy.port);
    let (mut busy, _) = Client::session(proxy.port);
    assert!(client.works());
    busy.send(&message(b'Q', b"SELECT pg_sleep(30)\0"));
    sleep(Duration::from_millis(100));
    proxy.signal("TERM");
    sleep(Duration::from_millis(200));
    assert!(client.works(), "a session goes on until the deadline");
    for client in [&mut client, &mut busy] {
        let error = client.next().unwrap();
        assert_eq!((&*error.field(b'S'), &*error.field(b'C')), ("FATAL", "57P01"));
        assert_eq!(client.next(), None);
    }
    proxy.stop(stage);
}

/// What an agent got an answer for stands in the log, although its signature was still to come.
fn a_killed_proxy_loses_no_decision(stage: &Stage) {
    let head = "audit = { dir = \"audit\", key = \"audit.key\", durability = \"buffered\", \
                sign_within_milliseconds = 10000 }\n";
    let mut proxy = stage.proxy(head, "tls = \"disable\"");
    let (mut client, _) = Client::session(proxy.port);
    for id in 0..40 {
        client.query(&format!("SELECT id FROM t WHERE id = {id}"));
    }
    proxy.signal("KILL");
    proxy.running.stop(Duration::from_secs(10));
    let audit = proxy.dir.path().join("audit");
    let key = placet_store::keys::read_signing_key(&proxy.dir.path().join("audit.key")).unwrap();
    let verify = || {
        let options = placet_store::VerifyOptions::default();
        placet_store::verify(&audit, &key.verifying_key(), &options).unwrap()
    };
    let before = verify();
    assert_eq!(before.state, State::TornTail, "{before:?}");
    for writer in ["proxy-crm", "proxy-erp"] {
        let options = LogOptions::new(&audit, writer);
        LogWriter::open(options, &key, system::now, system::random).unwrap().close().unwrap();
    }
    assert_eq!(verify().state, State::ClosedClean);
    let (mut decisions, mut kept) = (0, 0);
    placet_store::for_each_leaf(&audit, |_, line| {
        let leaf: serde_json::Value = serde_json::from_slice(line).unwrap();
        decisions += usize::from(leaf["type"] == "decision");
        kept += leaf["kept_leaves"].as_u64().unwrap_or(0);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(decisions >= 40, "{decisions}");
    assert!(kept >= 40, "{kept}");
}

fn health(stage: &Stage) {
    let proxy = stage.plain_proxy();
    assert_eq!(proxy.page("/livez"), ("HTTP/1.1 200 OK".to_owned(), "ok\n".to_owned()));
    assert_eq!(proxy.page("/readyz").0, "HTTP/1.1 200 OK");
    assert_eq!(proxy.page("/").0, "HTTP/1.1 404 Not Found");
    let (mut client, _) = Client::session(proxy.port);
    assert!(client.works());
    assert_eq!(proxy.metric("placet_proxy_sessions "), 1);
    assert_eq!(proxy.metric("placet_proxy_decisions_total{verdict=\"allow\"}"), 1);
    assert!(
        proxy
            .page("/metrics")
            .1
            .contains("placet_proxy_bundle_info{database=\"crm\",digest=\"sha256:")
    );
    drop(client);
    proxy.stop(stage);
}

fn too_many_sessions(stage: &Stage) {
    let proxy = stage.proxy("max_sessions = 1\n", "tls = \"disable\"");
    let (mut client, key) = Client::session(proxy.port);
    let mut second = Client::plain(proxy.port);
    second.log_in(V3_0, "crm", TOKEN);
    assert_eq!(second.next().unwrap().field(b'C'), "53300");
    // A cancel request needs no room.
    cancels_a_statement(&proxy, &mut client, &key);
    drop(client);
    proxy.stop(stage);
}

fn servers_that_are_none(stage: &Stage) {
    // Each answers the start-up message in its own way.
    let answers: [(&[u8], &str); 6] = [
        (b"", "08001"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "08004"),
        (b"R\0\0\0\x0c\0\0\0\x05salt", "08004"),
        (b"R\0\0\0\x08\0\0\0\x03", "08004"),
        (b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I", "08004"),
        (b"E\0\0\0\x27SFATAL\0C28P01\0Mno app at 10.0.0.1!\0\0", "08004"),
    ];
    for (answer, code) in answers {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let serve = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut bytes = [0; 1024];
            let count = stream.read(&mut bytes).unwrap();
            stream.write_all(answer).unwrap();
            // Whatever the proxy answers: the password is not in it.
            let mut rest = Vec::new();
            let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
            let _ = stream.read_to_end(&mut rest);
            [&bytes[..count], &rest].concat()
        });
        let proxy = stage.proxy_to(port, "", "tls = \"disable\"");
        let mut client = Client::plain(proxy.port);
        client.log_in(V3_0, "crm", TOKEN);
        let error = client.next().unwrap();
        assert_eq!(error.field(b'C'), code, "{error:?}");
        assert!(!String::from_utf8_lossy(&error.1).contains("10.0.0.1"));
        let seen = serve.join().unwrap();
        let password = stage.server.password().as_bytes();
        assert!(!seen.windows(password.len()).any(|part| part == password));
        proxy.stop(stage);
    }
    let proxy = stage.proxy_to(xtask::free_port().unwrap(), "", "tls = \"disable\"");
    let mut client = Client::plain(proxy.port);
    client.log_in(V3_0, "crm", TOKEN);
    assert_eq!(client.next().unwrap().field(b'C'), "08001");
    proxy.stop(stage);
}

fn what_keeps_it_from_starting(stage: &Stage) {
    let proxy = stage.plain_proxy();
    let config = proxy.dir.path().join("proxy.toml");
    let good = fs::read_to_string(&config).unwrap();
    let start = |text: &str| {
        fs::write(&config, text).unwrap();
        let binary = env!("CARGO_BIN_EXE_placet-proxy");
        let output = Command::new(binary).arg("--config").arg(&config).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let taken = start(&good);
    assert!(taken.contains("API049"), "{taken}");
    for (from, to, code) in [
        ("listen = \"127.0.0.1:", "listen = \"0.0.0.0:", "API046"),
        ("[[agent]]", "[[agnet]]", "API041"),
        ("file = \"password\"", "file = \"no-such-file\"", "API047"),
        ("file = \"password\"", "exec = [\"false\"]", "API047"),
        ("tls = \"disable\"", "tls = \"verify-full\", ca = \"password\"", "API048"),
        ("bundle = {", "tls = { cert = \"proxy.toml\", key = \"password\" }\nbundle = {", "API048"),
        ("key = \"audit.key\"", "key = \"password\"", "API134"),
        ("name = \"crm\"", "catalog = \"proxy.toml\"\nname = \"crm\"", "API053"),
        ("dir = \"bundle\"", "dir = \"held\"", "POL"),
    ] {
        let port = format!("127.0.0.1:{}", xtask::free_port().unwrap());
        let moved = good.replacen(&format!("127.0.0.1:{}", proxy.port), &port, 1);
        let admin = format!("admin = {{ listen = \"127.0.0.1:{}\" }}", xtask::free_port().unwrap());
        let lines =
            moved.lines().map(|line| if line.starts_with("admin") { admin.as_str() } else { line });
        let text = lines.collect::<Vec<_>>().join("\n").replacen(from, to, 1);
        let said = start(&text);
        assert!(said.contains(&format!("error[{code}")), "{code}: {said}");
        assert!(!said.contains(stage.server.password()));
    }
    proxy.stop(stage);
}
