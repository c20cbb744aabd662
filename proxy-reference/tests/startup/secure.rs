//! TLS on both sides.

use std::io::{Read as _, Write as _};

use crate::Test;
use crate::client::{Client, SSL_REQUEST, V3_0, connect, startup};
use crate::stage::{Proxy, Stage, TOKEN};

pub(crate) const TESTS: &[Test] = &[
    ("clients_over_tls", clients_over_tls),
    ("bytes_before_the_handshake", bytes_before_the_handshake),
    ("servers_over_tls", servers_over_tls),
];

fn with_certificate(stage: &Stage) -> Proxy {
    let path = |name: &str| stage.certificates.path(name).display().to_string();
    let head =
        format!("tls = {{ cert = \"{}\", key = \"{}\" }}\n", path("host.pem"), path("host.key"));
    stage.proxy(&head, "tls = \"disable\"")
}

fn asked(port: u16) -> std::net::TcpStream {
    let mut stream = connect(port);
    stream.write_all(SSL_REQUEST).unwrap();
    let mut answer = [0; 1];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"S");
    stream
}

fn clients_over_tls(stage: &Stage) {
    let proxy = with_certificate(stage);
    let ca = stage.certificates.path("ca.pem");
    let works = |mut client: Client| {
        client.log_in(V3_0, "crm", TOKEN);
        client.welcomed();
        client.works()
    };
    assert!(works(Client::secured(asked(proxy.port), &ca, None).unwrap()));
    // At once, as `sslnegotiation=direct` does: the protocol must be named.
    assert!(works(Client::secured(connect(proxy.port), &ca, Some(b"postgresql")).unwrap()));
    let mut unnamed = Client::secured(connect(proxy.port), &ca, None).unwrap();
    let _ = unnamed.wire.write_all(&startup(V3_0, &[("user", "x")]));
    assert_eq!(unnamed.next(), None);
    assert!(Client::secured(connect(proxy.port), &ca, Some(b"http/1.1")).is_err());
    // The certificate is the configured one.
    let stranger = stage.certificates.path("stranger.pem");
    assert!(Client::secured(asked(proxy.port), &stranger, None).is_err());
    // Without TLS no token is asked for.
    let mut plain = Client::plain(proxy.port);
    plain.send(&startup(V3_0, &[("user", "x"), ("database", "crm")]));
    let error = plain.next().unwrap();
    assert_eq!((&*error.field(b'C'), &*error.field(b'D')), ("0A000", "WIR007"));
    proxy.stop(stage);
}

/// CVE-2021-23222 and its kin: what came unprotected must not count as protected.
fn bytes_before_the_handshake(stage: &Stage) {
    let proxy = with_certificate(stage);
    let mut stream = connect(proxy.port);
    let injected = startup(V3_0, &[("user", "x"), ("database", "crm")]);
    stream.write_all(&[SSL_REQUEST, &injected].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with('E') && text.contains("WIR005"), "{text}");
    assert!(text.contains("before the TLS handshake"), "{text}");
    assert_eq!(proxy.metric("placet_proxy_sessions_total"), 0);
    proxy.stop(stage);
}

fn servers_over_tls(stage: &Stage) {
    let path = |name: &str| stage.certificates.path(name).display().to_string();
    let verified = |ca: &str| format!("tls = \"verify-full\", ca = \"{}\"", path(ca));
    for upstream in ["tls = \"require\"".to_owned(), verified("ca.pem")] {
        let proxy = stage.proxy("", &upstream);
        let (mut client, key) = Client::session(proxy.port);
        let secured = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let rows = client.query(secured);
        let row = rows.iter().find(|message| message.0 == b'D').unwrap();
        assert!(row.1.ends_with(b"t"), "{row:?}");
        super::operation::cancels_a_statement(&proxy, &mut client, &key);
        drop(client);
        proxy.stop(stage);
    }
    let proxy = stage.proxy("", &verified("stranger.pem"));
    let mut client = Client::plain(proxy.port);
    client.log_in(V3_0, "crm", TOKEN);
    let error = client.next().unwrap();
    assert_eq!(error.field(b'C'), "08001", "{error:?}");
    // Who logs in there, and where, is not the client's business.
    let text = String::from_utf8_lossy(&error.1).into_owned();
    assert!(!text.contains(stage.server.user()) && !text.contains("127.0.0.1"), "{text}");
    assert_eq!(proxy.metric("placet_proxy_upstream_errors_total"), 1);
    proxy.stop(stage);
}
