use proptest::prelude::*;

use super::*;

fn terms(tls: bool) -> Arc<Terms> {
    let settings = ["application_name", "datestyle", "extra_float_digits", "role"];
    Arc::new(Terms { tls, settings: settings.map(str::to_owned).to_vec() })
}

fn packet(code: i32, body: &[u8]) -> Vec<u8> {
    let length = i32::try_from(body.len() + 8).unwrap();
    [&length.to_be_bytes()[..], &code.to_be_bytes(), body].concat()
}

const V3_0: i32 = 0x0003_0000;
const V3_2: i32 = 0x0003_0002;

fn startup(version: i32, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in parameters {
        put_text(&mut body, name);
        put_text(&mut body, value);
    }
    body.push(0);
    packet(version, &body)
}

fn password(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, b'p', |body| {
        body.extend_from_slice(text);
        body.push(0);
    })
    .unwrap();
    out
}

/// All events of a connection whose bytes come in these pieces; the error, if one ends it.
fn run<'a>(
    tls: bool,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<ClientEvent>, Option<WireError>, Vec<u8>) {
    let mut startup = ClientStartup::new(terms(tls));
    let mut events = Vec::new();
    for piece in pieces {
        startup.push(piece);
        loop {
            match startup.next_event() {
                Ok(None) => break,
                Ok(Some(event)) => events.push(event),
                Err(error) => return (events, Some(error), Vec::new()),
            }
        }
    }
    let rest = startup.rest().to_vec();
    (events, None, rest)
}

fn error(bytes: &[u8]) -> Option<WireError> {
    run(false, [bytes]).1
}

const ASK: &[u8] = b"R\0\0\0\x08\0\0\0\x03";

#[test]
fn a_login() {
    let bytes = [
        packet(GSSENC_REQUEST, b""),
        packet(SSL_REQUEST, b""),
        startup(
            V3_0,
            &[
                ("user", "ada"),
                ("database", "crm"),
                ("Client_Encoding", "'utf-8'"),
                ("application_name", "psql"),
                ("options", r"-c DateStyle=ISO,\ DMY --extra-float-digits=3"),
            ],
        ),
        password(b"secret"),
        b"later".to_vec(),
    ]
    .concat();
    let (events, error, rest) = run(false, [&bytes[..]]);
    assert_eq!((error, &rest[..]), (None, &b"later"[..]));
    let [a, b, c, ClientEvent::Login(asked, token)] = &events[..] else { panic!("{events:?}") };
    assert_eq!([a, b], [&ClientEvent::Send(b"N".to_vec()); 2]);
    assert_eq!(*c, ClientEvent::Send(ASK.to_vec()));
    assert_eq!((&*asked.user, &*asked.database, asked.minor), ("ada", "crm", 0));
    assert_eq!(asked.cancel_key_bytes(), 4);
    let settings: Vec<_> = asked.settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        settings,
        [("application_name", "psql"), ("datestyle", "ISO, DMY"), ("extra_float_digits", "3")]
    );
    assert_eq!(token.as_bytes(), b"secret");
    assert_eq!(format!("{token:?}"), "Token(6 bytes)");
    assert!(!format!("{events:?}").contains("secret"));
}

#[test]
fn versions() {
    let asked = |version, parameters: &[(&str, &str)]| {
        let bytes = [startup(version, parameters), password(b"t")].concat();
        let (events, error, _) = run(false, [&bytes[..]]);
        assert_eq!(error, None);
        let [ClientEvent::Send(reply), ClientEvent::Login(asked, _)] = &events[..] else {
            panic!("{events:?}")
        };
        (reply.clone(), asked.minor, asked.cancel_key_bytes())
    };
    let user = ("user", "ada");
    assert_eq!(asked(V3_2, &[user]), (ASK.to_vec(), 2, 32));
    assert_eq!(asked(0x0003_0001, &[user]), (ASK.to_vec(), 1, 4));
    let negotiated = |minor: u8, names: &[&str]| {
        let mut out = Vec::new();
        put(&mut out, b'v', |body| {
            body.extend([0, 3, 0, minor, 0, 0, 0, u8::try_from(names.len()).unwrap()]);
            names.iter().for_each(|name| put_text(body, name));
        })
        .unwrap();
        [&out[..], ASK].concat()
    };
    // Greased: the newest version and an option that nobody knows.
    let greased = asked(0x0003_270f, &[user, ("_pq_.test_protocol_negotiation", "")]);
    assert_eq!(greased, (negotiated(2, &["_pq_.test_protocol_negotiation"]), 2, 32));
    assert_eq!(asked(V3_0, &[user, ("_pq_.x", "1")]), (negotiated(0, &["_pq_.x"]), 0, 4));
    for version in [0, 0x0002_0000, 0x0004_0000, -1] {
        assert_eq!(error(&startup(version, &[user])).unwrap().code(), "WIR007", "{version:x}");
    }
}

#[test]
fn encryption() {
    let ssl = packet(SSL_REQUEST, b"");
    let (events, error, _) = run(true, [&ssl[..]]);
    assert_eq!((&events[..], error), (&[ClientEvent::StartTls(b"S".to_vec())][..], None));

    // What came before the handshake was not protected, however it was cut.
    let login = startup(V3_0, &[("user", "ada")]);
    for pieces in [vec![[&ssl[..], &login[..1]].concat()], vec![ssl.clone(), login.clone()]] {
        let (_, error, _) = run(true, pieces.iter().map(Vec::as_slice));
        assert_eq!(error, Some(WireError::OutOfOrder));
    }
    let mut startup_ = ClientStartup::new(terms(true));
    startup_.push(&ssl);
    startup_.next_event().unwrap();
    startup_.push(b"x");
    assert_eq!(startup_.secured(), Err(WireError::OutOfOrder));
    assert_eq!(startup_.next_event(), Err(WireError::OutOfOrder));

    let mut startup_ = ClientStartup::new(terms(true));
    assert_eq!(startup_.secured(), Err(WireError::OutOfOrder), "nobody asked for it");
    for mut secured in [ClientStartup::new_secured(terms(true)), {
        let mut asked = ClientStartup::new(terms(true));
        asked.push(&ssl);
        asked.next_event().unwrap();
        asked.secured().unwrap();
        asked
    }] {
        secured.push(&login);
        assert_eq!(secured.next_event(), Ok(Some(ClientEvent::Send(ASK.to_vec()))));
        // Encryption inside encryption.
        let mut again = ClientStartup::new_secured(terms(true));
        again.push(&ssl);
        assert_eq!(again.next_event(), Err(WireError::OutOfOrder));
    }
    // A listener with a certificate takes no token in clear.
    assert_eq!(run(true, [&login[..]]).1.unwrap().code(), "WIR007");

    let many = packet(GSSENC_REQUEST, b"").repeat(5);
    let (events, error, _) = run(false, [&many[..]]);
    assert_eq!((events.len(), error), (4, Some(WireError::OutOfOrder)));
    assert_eq!(run(false, [&packet(SSL_REQUEST, b"x")[..]]).1, Some(WireError::Malformed));
}

#[test]
fn cancel_requests() {
    for (key, wanted) in [(3, Err("WIR003")), (4, Ok(())), (256, Ok(())), (257, Err("WIR002"))] {
        let body = [&7i32.to_be_bytes()[..], &vec![9; key]].concat();
        let (events, error, _) = run(false, [&packet(CANCEL_REQUEST, &body)[..]]);
        match wanted {
            Ok(()) => {
                let key = CancelKey { process: 7, key: vec![9; key] };
                assert_eq!(events, [ClientEvent::Cancel(key)]);
                assert!(!format!("{events:?}").contains("9, 9"));
            }
            Err(code) => assert_eq!(error.unwrap().code(), code, "{key}"),
        }
    }
    assert_eq!(error(&packet(CANCEL_REQUEST, b"")), Some(WireError::Malformed));
}

#[test]
fn start_ups_that_are_refused() {
    let ask = |parameters: &[(&str, &str)]| {
        let user = [("user", "ada")];
        error(&startup(V3_0, &[&user, parameters].concat())).map(|error| error.code())
    };
    assert_eq!(ask(&[]), None);
    for (parameters, code) in [
        (&[("replication", "database")][..], "WIR007"),
        (&[("replication", "")], "WIR007"),
        (&[("search_path", "evil")], "WIR007"),
        // On the list of the configuration, and refused even so.
        (&[("role", "postgres")], "WIR007"),
        (&[("ROLE", "postgres")], "WIR007"),
        (&[("statement_timeout", "0")], "WIR007"),
        (&[("datestyle", "ISO"), ("DateStyle", "SQL")], "WIR007"),
        (&[("user", "eve")], "WIR003"),
        (&[("database", "a"), ("database", "b")], "WIR003"),
        (&[("options", ""), ("options", "")], "WIR003"),
        (&[("client_encoding", "LATIN1")], "WIR006"),
        (&[("client_encoding", "UTF8"), ("client_encoding", "UTF8")], "WIR006"),
        (&[("options", "-c client_encoding=SQL_ASCII")], "WIR006"),
        (&[("options", "-c role=postgres")], "WIR007"),
        (&[("options", "-crole=postgres")], "WIR007"),
        (&[("options", "--role=postgres")], "WIR007"),
        (&[("options", r"-c r\ole=postgres")], "WIR007"),
        (&[("options", "-c session-authorization=x")], "WIR007"),
        (&[("options", "-c datestyle")], "WIR007"),
        (&[("options", "-c")], "WIR007"),
        (&[("options", "-d 5")], "WIR007"),
        (&[("options", "-p 1")], "WIR007"),
        (&[("options", "datestyle=ISO")], "WIR007"),
        (&[("options", "--")], "WIR007"),
    ] {
        assert_eq!(ask(parameters), Some(code), "{parameters:?}");
    }
    assert_eq!(ask(&[("options", " \t ")]), None);
    assert_eq!(error(&startup(V3_0, &[])).unwrap().code(), "WIR007");
    assert_eq!(error(&startup(V3_0, &[("user", "")])).unwrap().code(), "WIR007");
    assert_eq!(error(&packet(V3_0, b"user\0\xff\0\0")), Some(WireError::Encoding));
    assert_eq!(error(&packet(V3_0, b"user\0ada\0\0x")), Some(WireError::Malformed));
    assert_eq!(error(&packet(V3_0, b"user\0ada\0")), Some(WireError::Malformed));
    assert_eq!(error(&packet(V3_0, b"user\0ada")), Some(WireError::Malformed));
    assert_eq!(error(&packet(V3_0, b"")), Some(WireError::Malformed));
    for (length, wanted) in [
        (0, WireError::Length),
        (7, WireError::Length),
        (-1, WireError::Length),
        (10_001, WireError::TooLong),
        (i32::MAX, WireError::TooLong),
    ] {
        assert_eq!(error(&i32::to_be_bytes(length)), Some(wanted), "{length}");
    }
}

#[test]
fn tokens_that_are_refused() {
    let send = |message: &[u8]| {
        let bytes = [&startup(V3_0, &[("user", "ada")])[..], message].concat();
        run(false, [&bytes[..]])
    };
    assert_eq!(send(&password(&[b'x'; MAX_TOKEN_BYTES])).1, None);
    assert_eq!(send(&password(&[b'x'; MAX_TOKEN_BYTES + 1])).1, Some(WireError::TooLong));
    assert_eq!(send(b"p\x7f\xff\xff\xff").1, Some(WireError::TooLong));
    assert_eq!(send(b"p\0\0\0\x03").1, Some(WireError::Length));
    assert_eq!(send(b"p\xff\xff\xff\xff").1, Some(WireError::Length));
    assert_eq!(send(&password(b"")).1, Some(WireError::Token));
    assert_eq!(send(&password(b"a\0b")).1, Some(WireError::Malformed));
    assert_eq!(send(b"p\0\0\0\x04").1, Some(WireError::Malformed));
    assert_eq!(send(b"p\0\0\0\x05x").1, Some(WireError::Malformed));
    for tag in (0..=u8::MAX).filter(|tag| *tag != b'p') {
        assert_eq!(send(&[tag, 0, 0, 0, 4]).1, Some(WireError::OutOfOrder), "{tag}");
    }
}

#[test]
fn an_error_names_its_place() {
    let place = |bytes: &[u8]| {
        let mut startup = ClientStartup::new(terms(true));
        startup.push(bytes);
        while startup.next_event().is_ok_and(|event| event.is_some()) {}
        startup.place()
    };
    assert_eq!(place(&startup(V3_0, &[("replication", "1")])), "the start-up message");
    assert_eq!(place(&packet(SSL_REQUEST, b"").repeat(2)), "before the TLS handshake");
    let mut secured = ClientStartup::new_secured(terms(true));
    secured.push(&[&startup(V3_0, &[("user", "ada")])[..], b"Q\0\0\0\x04"].concat());
    assert!(secured.next_event().is_ok() && secured.next_event().is_err());
    assert_eq!(secured.place(), "the password message");
}

/// A stream of packets of which each may be right or wrong in some way.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let user = startup(V3_0, &[("user", "ada")]);
    let packets = vec![
        packet(GSSENC_REQUEST, b""),
        packet(SSL_REQUEST, b""),
        packet(CANCEL_REQUEST, &[0; 8]),
        user.clone(),
        startup(V3_2, &[("user", "ada"), ("options", "-c datestyle=ISO")]),
        startup(0x0003_270f, &[("user", "ada"), ("_pq_.grease", "")]),
        startup(V3_0, &[("user", "ada"), ("replication", "1")]),
        [user, password(b"secret")].concat(),
        password(b"x"),
        b"Q\0\0\0\x0dSELECT 1\0".to_vec(),
        b"\0\0\0\x03".to_vec(),
    ];
    let one = (
        prop::sample::select(packets),
        prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    )
        .prop_map(|(mut packet, change)| {
            if let Some((at, byte)) = change {
                let at = at.index(packet.len());
                packet[at] = byte;
            }
            packet
        });
    prop::collection::vec(one, 0..5).prop_map(|packets| packets.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1000), ..ProptestConfig::default() })]

    /// Promise 3: the events do not depend on the cuts.
    #[test]
    fn cuts_do_not_show(bytes in any_stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let whole = run(false, [&bytes[..]]);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        prop_assert_eq!(&run(false, pieces), &whole);
        prop_assert_eq!(&run(false, bytes.chunks(1)), &whole);
    }

    #[test]
    fn any_bytes_get_an_answer(tls in any::<bool>(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        run(tls, [&bytes[..]]);
    }
}
