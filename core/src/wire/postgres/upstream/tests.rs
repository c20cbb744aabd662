use proptest::prelude::*;

use super::*;

const RANDOM: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

fn credentials(methods: Methods) -> Credentials {
    let password = Zeroizing::new(b"hunter2".to_vec());
    Credentials { user: "app".to_owned(), password, methods }
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, tag, |to| to.extend_from_slice(body)).unwrap();
    out
}

fn authentication(kind: i32, rest: &[u8]) -> Vec<u8> {
    message(b'R', &[&kind.to_be_bytes()[..], rest].concat())
}

type Ran = (Vec<ServerEvent>, Option<WireError>, Vec<u8>);

fn run<'a>(methods: Methods, pieces: impl IntoIterator<Item = &'a [u8]>) -> Ran {
    let (mut startup, _) = ServerStartup::new(credentials(methods), "crm", &[], RANDOM).unwrap();
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

/// What a server that knows the password sends to the exchange with `RANDOM`.
fn scram_server() -> [Vec<u8>; 4] {
    let mut scram = Scram::new(b"hunter2", &RANDOM);
    let first = String::from_utf8(scram.first()).unwrap();
    let nonce = first.split("r=").nth(1).unwrap();
    let challenge = format!("r={nonce}server,s=AAAA,i=2");
    scram.proof(challenge.as_bytes()).unwrap();
    let signature = scram.signature_for_tests();
    [
        authentication(10, b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
        authentication(11, challenge.as_bytes()),
        authentication(12, signature.as_bytes()),
        authentication(0, b""),
    ]
}

fn rest_of_start() -> Vec<u8> {
    [
        message(b'S', b"client_encoding\0UTF8\0"),
        message(b'N', b"SNOTICE\0Mhello\0\0"),
        message(b'S', b"server_version\x0015.1\0"),
        message(b'S', b"search_path\0app, public\0"),
        message(b'K', &[0, 0, 0, 9, 1, 2, 3, 4]),
        message(b'Z', b"I"),
    ]
    .concat()
}

#[test]
fn the_start_up_message() {
    let settings = [("application_name".to_owned(), "psql".to_owned())];
    let (startup, packet) =
        ServerStartup::new(credentials(Methods::SCRAM), "crm", &settings, RANDOM).unwrap();
    let wanted = b"user\0app\0database\0crm\0client_encoding\0UTF8\0application_name\0psql\0\0";
    assert_eq!(packet[..8], [0, 0, 0, u8::try_from(wanted.len() + 8).unwrap(), 0, 3, 0, 0]);
    assert_eq!(&packet[8..], wanted);
    let shown = format!("{startup:?} {:?}", credentials(Methods::SCRAM));
    assert!(!shown.contains("hunter2") && !shown.contains("104"), "{shown}");
}

#[test]
fn a_login_by_scram() {
    let bytes = [scram_server().concat(), rest_of_start(), b"more".to_vec()].concat();
    let (events, error, rest) = run(Methods::SCRAM, [&bytes[..]]);
    assert_eq!((error, &rest[..]), (None, &b"more"[..]));
    let [ServerEvent::Send(first), ServerEvent::Send(proof), ServerEvent::Ready(ready)] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert!(first.starts_with(b"p") && proof.starts_with(b"p"));
    assert!(!first.windows(7).chain(proof.windows(7)).any(|bytes| bytes == b"hunter2"));
    assert_eq!(ready.parameters.len(), 3);
    assert_eq!(ready.search_path, "app, public");
    assert_eq!(ready.key, Some(CancelKey { process: 9, key: vec![1, 2, 3, 4] }));
}

/// Servers before version 18 do not tell their search path: a role may have one of its own.
#[test]
fn a_server_that_does_not_tell_its_search_path_is_asked() {
    let start = [scram_server().concat(), message(b'Z', b"I")].concat();
    let row = |cell: &[u8]| {
        let length = i32::try_from(cell.len()).unwrap().to_be_bytes();
        message(b'D', &[&[0, 1][..], &length[..], cell].concat())
    };
    let answer = |cell: &[u8]| {
        let columns = message(b'T', b"\0\x01x");
        [columns, row(cell), message(b'C', b"SHOW\0"), message(b'Z', b"I")].concat()
    };
    let (events, error, _) = run(Methods::SCRAM, [&start[..], &answer(b"evil, public")[..]]);
    assert_eq!(error, None);
    let [_, _, ServerEvent::Send(asked), ServerEvent::Ready(ready)] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(asked, &message(b'Q', b"/* placet */ SHOW search_path\0"));
    assert_eq!(ready.search_path, "evil, public");
    let code = |bytes: &[u8]| run(Methods::SCRAM, [&start[..], bytes]).1.map(|error| error.code());
    assert_eq!(code(&message(b'Z', b"I")), Some("WIR003"), "no answer");
    assert_eq!(code(&row(b"\xff")), Some("WIR006"));
    assert_eq!(code(&[row(b"a"), row(b"b")].concat()), Some("WIR004"));
    assert_eq!(code(&message(b'D', b"\0\0")), Some("WIR003"));
}

#[test]
fn ways_to_log_in() {
    let ok = authentication(0, b"");
    let clear = authentication(3, b"");
    let all = Methods { scram: true, trust: true, cleartext: true };
    let code = |methods, bytes: &[u8]| run(methods, [bytes]).1.map(|error| error.code());
    assert_eq!(code(Methods::SCRAM, &ok), Some("WIR007"));
    assert_eq!(code(Methods { trust: true, ..Methods::SCRAM }, &ok), None);
    assert_eq!(code(Methods::SCRAM, &clear), Some("WIR007"));
    let (events, error, _) = run(all, [&[clear.clone(), ok.clone()].concat()[..]]);
    assert_eq!((events, error), (vec![ServerEvent::Send(message(b'p', b"hunter2\0"))], None));
    // MD5, Kerberos, GSS, SSPI: refused even where everything else is allowed.
    for kind in [2, 5, 6, 7, 8, 9] {
        assert_eq!(code(all, &authentication(kind, b"salt")), Some("WIR007"), "{kind}");
    }
    assert_eq!(code(Methods { scram: false, ..all }, &scram_server()[0]), Some("WIR007"));
    assert_eq!(code(all, &authentication(10, b"SCRAM-SHA-256-PLUS\0\0")), Some("WIR007"));
    for kind in [1, 13, -1] {
        assert_eq!(code(all, &authentication(kind, b"")), Some("WIR005"), "{kind}");
    }
}

#[test]
fn a_server_that_does_not_prove_itself() {
    let [offer, challenge, signature, ok] = scram_server();
    let code = |parts: &[&Vec<u8>]| {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        run(Methods { trust: true, ..Methods::SCRAM }, [&bytes[..]]).1.map(|error| error.code())
    };
    assert_eq!(code(&[&offer, &challenge, &signature, &ok]), None);
    assert_eq!(code(&[&offer, &ok]), Some("WIR005"), "trust counts at the first message only");
    assert_eq!(code(&[&offer, &challenge, &ok]), Some("WIR005"));
    assert_eq!(code(&[&offer, &signature]), Some("WIR005"));
    assert_eq!(code(&[&challenge]), Some("WIR005"));
    assert_eq!(code(&[&offer, &offer]), Some("WIR005"));
    let wrong = authentication(12, b"v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_eq!(code(&[&offer, &challenge, &wrong]), Some("WIR003"));
    assert_eq!(code(&[&offer, &challenge, &signature, &ok, &ok]), Some("WIR005"));
    assert_eq!(code(&[&authentication(0, b"x")]), Some("WIR003"));
}

/// Every type of message, at every point, whole, truncated and oversized.
#[test]
fn every_message_out_of_order() {
    let login = scram_server();
    let points: Vec<Vec<u8>> = (0..=login.len()).map(|count| login[..count].concat()).collect();
    for (at, point) in points.iter().enumerate() {
        for tag in 0..=u8::MAX {
            for body in [&b""[..], b"\0", b"x", b"\0\0\0\x05salt"] {
                let bytes = [&point[..], &message(tag, body)].concat();
                let (events, error, _) = run(Methods::SCRAM, [&bytes[..]]);
                let ready = events.iter().any(|event| matches!(event, ServerEvent::Ready(_)));
                assert!(!ready, "{} at {at}", tag as char);
                let known = tag == b'N' || (tag == b'K' && at == 4 && body.len() > 4);
                assert_eq!(error.is_none(), known, "{} at {at}: {error:?}", tag as char);
            }
            let oversized = [&point[..], &[tag, 0, 1, 0, 0]].concat();
            assert_eq!(run(Methods::SCRAM, [&oversized[..]]).1, Some(WireError::TooLong));
            let short = [&point[..], &[tag, 0, 0, 0, 3]].concat();
            assert_eq!(run(Methods::SCRAM, [&short[..]]).1, Some(WireError::Length));
        }
    }
    let whole = [login.concat(), rest_of_start()].concat();
    for end in 0..whole.len() {
        let (events, error, _) = run(Methods::SCRAM, [&whole[..end]]);
        assert_eq!(error, None);
        assert!(!events.iter().any(|event| matches!(event, ServerEvent::Ready(_))));
    }
}

#[test]
fn what_a_server_says_of_itself() {
    let login = scram_server().concat();
    let code = |bytes: &[u8]| {
        let (events, error, _) = run(Methods::SCRAM, [&login[..], bytes]);
        error.map_or_else(|| format!("{:?}", events.last()), |error| error.code().to_owned())
    };
    assert_eq!(code(&message(b'S', b"client_encoding\0LATIN1\0")), "WIR006");
    assert_eq!(code(&message(b'S', b"a\0b\0c")), "WIR003");
    assert_eq!(code(&message(b'S', b"a\0\xff\0")), "WIR006");
    assert_eq!(code(&message(b'S', b"a\0b\0").repeat(129)), "WIR008");
    assert_eq!(code(&message(b'K', &[0; 4])), "WIR003");
    assert_eq!(code(&message(b'K', &[0; 4 + 257])), "WIR003");
    assert_eq!(code(&message(b'K', &[0; 8]).repeat(2)), "WIR005");
    assert_eq!(code(&message(b'Z', b"T")), "WIR003");
    // A server without a key gives none.
    let path = message(b'S', b"search_path\0public\0");
    let keyless = [&path[..], &message(b'Z', b"I")].concat();
    let (events, ..) = run(Methods::SCRAM, [&login[..], &keyless]);
    let Some(ServerEvent::Ready(ready)) = events.last() else { panic!("{events:?}") };
    assert_eq!(ready.key, None);
    let long = [&path[..], &message(b'K', &[3; 4 + 256]), &message(b'Z', b"I")].concat();
    let (events, ..) = run(Methods::SCRAM, [&login[..], &long]);
    let Some(ServerEvent::Ready(ready)) = events.last() else { panic!("{events:?}") };
    assert_eq!(ready.key.as_ref().unwrap().key.len(), 256);
}

#[test]
fn a_refusal_keeps_its_words() {
    let error = message(b'E', b"SFATAL\0C28P01\0Mpassword authentication failed for app\0\0");
    let (events, error, _) = run(Methods::SCRAM, [&error[..]]);
    assert_eq!(events, [ServerEvent::Refused("28P01".to_owned())]);
    assert_eq!(error, Some(WireError::OutOfOrder), "nothing follows");
    for (body, wanted) in
        [(&b"\0"[..], "XX000"), (b"C\xff\xff\0\0", "XX000"), (b"C12345678\0\0", "XX000")]
    {
        let (events, ..) = run(Methods::SCRAM, [&message(b'E', body)[..]]);
        assert_eq!(events, [ServerEvent::Refused(wanted.to_owned())]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(300), ..ProptestConfig::default() })]

    /// Promise 3: the events do not depend on the cuts.
    #[test]
    fn cuts_do_not_show(
        change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let mut bytes = [scram_server().concat(), rest_of_start(), b"more".to_vec()].concat();
        if let Some((at, byte)) = change {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let whole = run(Methods::SCRAM, [&bytes[..]]);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        prop_assert_eq!(&run(Methods::SCRAM, pieces), &whole);
        prop_assert_eq!(&run(Methods::SCRAM, bytes.chunks(1)), &whole);
    }
}
