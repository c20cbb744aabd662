//! The attacks on bundles, each refused with its code.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use crate::crypto::dsse::Envelope;
use crate::crypto::{KeyName, NamedSigningKey, NamedVerifyingKey, SigningKey};
use crate::limits::MAX_BUNDLE_BYTES;
use crate::policy::envelope::{BUNDLE_PAYLOAD_TYPE, add_signature, pack, sign, unpack};
use crate::policy::*;
use crate::primitives::{Digest, Timestamp};

const ROOT: u8 = 1;
const ALICE: u8 = 2;
const BRUNO: u8 = 3;
const CLARA: u8 = 4;
const REVOKER: u8 = 5;
const THIEF: u8 = 9;

fn key(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

fn named(n: u8, name: &str) -> NamedVerifyingKey {
    NamedSigningKey::new(KeyName::parse(name).unwrap(), key(n)).verifying_key()
}

fn role(keys: &[u8], threshold: u32) -> RoleKeys {
    RoleKeys { keys: keys.iter().map(|n| named(*n, &format!("k{n}"))).collect(), threshold }
}

fn day(n: i64) -> Timestamp {
    Timestamp::parse("2026-11-22T00:00:00Z").unwrap().plus_seconds(n * 86_400)
}

/// One of Alice, Bruno, Clara signs a bundle; two of them open something.
fn document() -> RootDocument {
    RootDocument {
        version: 1,
        expires: day(365),
        root: role(&[ROOT], 1),
        bundle: role(&[ALICE, BRUNO, CLARA], 1),
        loosen: role(&[ALICE, BRUNO, CLARA], 2),
        revoke: role(&[REVOKER], 1),
    }
}

fn root() -> Root {
    Root::pin(&document().sign(&[&key(ROOT)]).unwrap()).unwrap()
}

const READS: &str = "[[rule]]\nid = \"reads\"\nwhat = { op = \"read\" }\nverdict = \"allow\"\n";
const WRITES: &str = "[[rule]]\nid = \"writes\"\nwhat = { op = \"update\" }\nverdict = \"allow\"\n";
const LOCK: &str = "[[rule]]\nid = \"lock\"\nwhat = { op = \"update\" }\nverdict = \"deny\"\n";

fn manifest(sequence: u64, more: &str) -> String {
    format!("name = \"demo\"\nsequence = {sequence}\nexpires = 2026-12-22T00:00:00Z\n{more}\n")
}

fn bundle(sequence: u64, rules: &[&str], more: &str) -> Source {
    Source::from_files([
        ("bundle.toml", manifest(sequence, more)),
        ("rules/all.toml", rules.concat()),
    ])
}

fn signed(source: &Source, keys: &[u8]) -> Vec<u8> {
    let keys: Vec<SigningKey> = keys.iter().map(|n| key(*n)).collect();
    sign(source, &keys.iter().collect::<Vec<_>>()).unwrap()
}

fn verify(file: &[u8], state: &TrustedState) -> Result<TrustedState, &'static str> {
    VerifiedBundle::verify(file, &root(), Some(state), day(0))
        .map(|(_, state)| state)
        .map_err(|error| error.code())
}

/// Bundle 5 with `reads` and `writes` is in force.
fn in_force() -> TrustedState {
    let file = signed(&bundle(5, &[READS, WRITES], ""), &[ALICE, BRUNO]);
    verify(&file, &TrustedState::new()).unwrap()
}

#[test]
fn a_good_bundle_is_taken_and_named_by_its_content() {
    let source = bundle(5, &[READS, WRITES], "");
    let file = signed(&source, &[ALICE, BRUNO]);
    let (good, state) =
        VerifiedBundle::verify(&file, &root(), Some(&TrustedState::new()), day(0)).unwrap();
    assert_eq!(good.source(), &source);
    assert_eq!(good.digest(), crate::crypto::sha256(&pack(&source).unwrap()));
    assert_eq!(good.rules().digest(), good.digest());
    assert!(good.rules().stamps.is_empty());
    // Reading the bundle in force once more changes nothing, also with one signature only.
    assert_eq!(verify(&signed(&source, &[CLARA]), &state), Ok(state.clone()));
    assert_eq!(TrustedState::parse(&state.to_json()).unwrap(), state);
}

#[test]
fn stamps_say_what_was_not_checked() {
    let source = bundle(5, &[READS], "");
    let bundle = VerifiedBundle::unsigned(source.clone()).unwrap();
    assert!(bundle.rules().stamps.iter().eq([&Stamp::Unsigned]));
    let file = signed(&source, &[ALICE, BRUNO]);
    let (bundle, _) = VerifiedBundle::verify(&file, &root(), None, day(0)).unwrap();
    assert!(bundle.rules().stamps.iter().eq([&Stamp::RollbackUnprotected]));
}

/// Fails when a shipped pack changes: change the digest here, and say so in the changelog.
#[test]
fn shipped_packs_are_pinned() {
    let pins =
        [("baseline", "sha256:3388ae34a21c1e5a664512f586e8f1f42e1cf4c55e8ed2ddd494f3e601b6cb17")];
    assert!(PACKS.iter().eq(pins.iter().map(|(name, _)| name)));
    for (name, digest) in pins {
        let bundle = VerifiedBundle::shipped(name).unwrap().unwrap();
        assert!(bundle.rules().stamps.is_empty());
        assert_eq!(bundle.digest().to_string(), digest, "{name}");
    }
}

#[test]
fn signatures_that_do_not_count() {
    let source = bundle(6, &[READS, WRITES, LOCK], "");
    let state = in_force();
    assert!(verify(&signed(&source, &[ALICE]), &state).is_ok());
    // Stripped; a foreign key; keys of other roles.
    assert_eq!(verify(&signed(&source, &[]), &state), Err("BND003"));
    assert_eq!(verify(&signed(&source, &[THIEF]), &state), Err("BND003"));
    assert_eq!(verify(&signed(&source, &[ROOT, REVOKER]), &state), Err("BND003"));
    // The signature of another bundle over swapped files.
    let other = bundle(6, &[READS, WRITES], "");
    let swap = |from: &Source, to: &Source| {
        let text = String::from_utf8(signed(from, &[ALICE, BRUNO])).unwrap();
        let encode = |source: &Source| STANDARD.encode(pack(source).unwrap());
        text.replace(&encode(from), &encode(to)).into_bytes()
    };
    assert_ne!(swap(&source, &other), signed(&source, &[ALICE, BRUNO]));
    assert_eq!(verify(&swap(&source, &other), &state), Err("BND003"));
    assert_eq!(verify(&swap(&other, &source), &state), Err("BND003"));
    // The right payload under the type of a root document, and a root document as a bundle.
    let wrong = Envelope::sign(ROOT_PAYLOAD_TYPE, &pack(&source).unwrap(), &[&key(ALICE)]);
    assert_eq!(verify(&wrong.to_json(), &state), Err("BND103"));
    assert_eq!(verify(&document().sign(&[&key(ALICE)]).unwrap(), &state), Err("BND103"));
}

#[test]
fn one_key_signing_twice_is_one_key() {
    let loosening = bundle(
        6,
        &[
            READS,
            WRITES,
            "",
            "[[rule]]\nid = \"x\"\nwhat = { op = \"delete\" }\nverdict = \"allow\"\n",
        ],
        "loosens = true",
    );
    let state = in_force();
    assert_eq!(verify(&signed(&loosening, &[ALICE, ALICE]), &state), Err("BND015"));
    // The same signature under two key ids.
    let text = String::from_utf8(signed(&loosening, &[ALICE, ALICE])).unwrap();
    let id = key(ALICE).verifying_key().id().to_string();
    let other = key(BRUNO).verifying_key().id().to_string();
    let renamed = text.replacen(&id, &other, 1);
    assert_ne!(renamed, text);
    assert_eq!(verify(renamed.as_bytes(), &state), Err("BND015"));
    assert!(verify(&signed(&loosening, &[ALICE, BRUNO]), &state).is_ok());
    // One key under two names is no root document at all.
    let mut two = document();
    two.loosen.keys = vec![named(ALICE, "alice"), named(ALICE, "bruno")];
    assert_eq!(two.sign(&[&key(ROOT)]).unwrap_err().code(), "BND020");
}

#[test]
fn nothing_goes_back() {
    let state = in_force();
    let more = |sequence| bundle(sequence, &[READS, WRITES, LOCK], "");
    assert_eq!(verify(&signed(&more(4), &[ALICE, BRUNO]), &state), Err("BND011"));
    assert_eq!(verify(&signed(&more(5), &[ALICE, BRUNO]), &state), Err("BND012"));
    let state = verify(&signed(&more(6), &[ALICE]), &state).unwrap();
    let old = signed(&bundle(5, &[READS, WRITES], ""), &[ALICE, BRUNO]);
    assert_eq!(verify(&old, &state), Err("BND011"));
    assert_eq!(verify(&signed(&more(0), &[ALICE, BRUNO]), &TrustedState::new()), Err("BND008"));
    // A validly signed bundle that was meant for another place.
    let other = Source::from_files([("bundle.toml", manifest(9, "").replace("demo", "lenient"))]);
    assert_eq!(verify(&signed(&other, &[ALICE, BRUNO]), &state), Err("BND010"));
}

#[test]
fn previous_names_the_bundle_in_force() {
    let state = in_force();
    let (_, _, digest) = state.active().unwrap();
    let with = |previous: Digest| {
        let more = format!("previous = \"{previous}\"");
        signed(&bundle(6, &[READS, WRITES, LOCK], &more), &[ALICE])
    };
    assert!(verify(&with(digest), &state).is_ok());
    assert_eq!(verify(&with(Digest::from_bytes([0; 32])), &state), Err("BND014"));
}

#[test]
fn a_thief_cannot_use_up_the_numbers() {
    let state = in_force();
    let at = |sequence| bundle(sequence, &[READS, WRITES, LOCK], "");
    let last = (1 << 53) - 1;
    assert_eq!(verify(&signed(&at(last), &[ALICE]), &state), Err("BND013"));
    assert_eq!(verify(&signed(&at(last), &[ALICE, BRUNO]), &TrustedState::new()), Err("BND013"));
    assert_eq!(verify(&signed(&at(1 << 53), &[ALICE, ROOT]), &state), Err("BND008"));
    // As far as a bundle key reaches: taken, and then the key is found out.
    let far = 5 + MAX_SEQUENCE_JUMP;
    assert_eq!(verify(&signed(&at(far + 1), &[ALICE]), &state), Err("BND013"));
    let stolen = signed(&at(far), &[ALICE]);
    let state = verify(&stolen, &state).unwrap();
    // Recovery: the root changes keys, and an honest bundle takes the next number.
    let mut next = document();
    (next.version, next.bundle, next.loosen) =
        (2, role(&[BRUNO, CLARA], 1), role(&[BRUNO, CLARA], 2));
    let next = root().rotate(&next.sign(&[&key(ROOT)]).unwrap()).unwrap();
    let verify_next = |file: &[u8], state: &TrustedState| {
        VerifiedBundle::verify(file, &next, Some(state), day(0))
            .map(|(_, state)| state)
            .map_err(|error| error.code())
    };
    let honest = signed(&at(far + 1), &[BRUNO]);
    let recovered = verify_next(&honest, &state).unwrap();
    assert_eq!(verify_next(&stolen, &recovered), Err("BND003"));
    // A verifier that slept through all of it is helped over the gap by the root keys.
    assert_eq!(verify_next(&honest, &in_force()), Err("BND013"));
    let helped = add_signature(&honest, &key(ROOT)).unwrap();
    assert!(verify_next(&helped, &in_force()).is_ok());
    // The old root comes back no more.
    assert_eq!(verify(&honest, &recovered), Err("BND005"));
}

#[test]
fn what_has_expired_is_not_taken() {
    let state = in_force();
    let file = signed(&bundle(6, &[READS, WRITES, LOCK], ""), &[ALICE]);
    let at = |now, state: &TrustedState| {
        VerifiedBundle::verify(&file, &root(), Some(state), now).map(drop).map_err(|e| e.code())
    };
    assert_eq!(at(day(29), &state), Ok(()));
    assert_eq!(at(day(30), &state), Err("BND009"));
    assert_eq!(at(day(365), &state), Err("BND004"));
    // A clock that is set back brings nothing back.
    let mut later = state.clone();
    later.seen = Some(day(30));
    assert_eq!(at(day(0), &later), Err("BND009"));
    let eternal = bundle(6, &[READS], "");
    let text = eternal.get("bundle.toml").unwrap().replace("expires", "#expires");
    let eternal = Source::from_files([("bundle.toml", text)]);
    assert_eq!(verify(&signed(&eternal, &[ALICE, BRUNO]), &state), Err("BND008"));
}

#[test]
fn locking_down_takes_one_and_opening_takes_two() {
    let state = in_force();
    let lock = bundle(6, &[READS, WRITES, LOCK], "");
    let locked = verify(&signed(&lock, &[CLARA]), &state).unwrap();
    let open = |more: &str, keys: &[u8]| {
        verify(&signed(&bundle(7, &[READS, WRITES], more), keys), &locked)
    };
    assert_eq!(open("", &[CLARA]), Err("BND015"));
    assert_eq!(open("loosens = true", &[CLARA]), Err("BND015"));
    assert_eq!(open("", &[CLARA, BRUNO]), Err("BND018"));
    assert_eq!(open("loosens = [\"writes\"]", &[CLARA, BRUNO]), Err("BND018"));
    assert_eq!(open("loosens = false", &[CLARA, BRUNO]), Err("BND018"));
    assert!(open("loosens = [\"lock\"]", &[CLARA, BRUNO]).is_ok());
    assert!(open("loosens = true", &[CLARA, BRUNO]).is_ok());
    // Without a bundle to compare with, everything opens.
    assert_eq!(verify(&signed(&lock, &[CLARA]), &TrustedState::new()), Err("BND015"));
    let stateless = VerifiedBundle::verify(&signed(&lock, &[CLARA]), &root(), None, day(0));
    assert_eq!(stateless.unwrap_err().code(), "BND015");
}

#[test]
fn what_counts_as_tightening() {
    let base = [
        ("bundle.toml", manifest(5, "owner = \"a\"")),
        ("rules/a.toml", [READS, WRITES, LOCK].concat()),
        (
            "approvals.toml",
            "[[spec]]\nid = \"one\"\nstages = [{ any_of = [\"dba\"], min = 1 }]\nexpires_in = \"30m\"\n\
             [[approver]]\nid = \"ana\"\ngroups = [\"dba\", \"ops\"]\nkeys = [\"k1\", \"k2\"]\n\
             [[approver]]\nid = \"ben\"\ngroups = [\"dba\"]\nkeys = [\"k3\"]\n"
                .to_owned(),
        ),
        ("classes.toml", "[[class]]\nname = \"pii.email\"\noperator = \"redact\"\n".to_owned()),
    ];
    let found = |file: &str, from: &str, to: &str| -> Vec<String> {
        let before = Source::from_files(base.clone());
        let mut after = before.clone();
        let text = before.get(file).unwrap_or_default();
        assert!(from.is_empty() || text.contains(from), "{from}");
        let text = if from.is_empty() { format!("{text}{to}") } else { text.replace(from, to) };
        after.insert(file, text);
        loosenings(&before, &after).into_iter().map(|loosening| loosening.what).collect()
    };
    let rule = |verdict: &str, more: &str| {
        format!("[[rule]]\nid = \"new\"\nwhat = {{ op = \"read\" }}\nverdict = {verdict}\n{more}\n")
    };
    for (file, from, to) in [
        ("rules/a.toml", "", ""),
        ("rules/a.toml", "", &*rule("\"deny\"", "say = \"no\"\nunless = \"max_rows < 5\"")),
        ("rules/a.toml", "", &rule("{ mask = [\"pii.email\"] }", "expires = 2026-12-01T00:00:00Z")),
        ("rules/a.toml", "", &rule("[{ mask = [\"pii.*\"] }, { limit = { rows = 9 } }]", "")),
        ("rules/b.toml", "", &rule("\"deny\"", "")),
        ("rules/a.toml", WRITES, ""),
        ("rules/a.toml", WRITES, &WRITES.replace("\"allow\"", "\"deny\"")),
        ("rules/a.toml", "verdict = \"deny\"", "verdict = \"deny\"\nsay = \"Ask first.\""),
        ("rules/a.toml", LOCK, &format!("# a comment\n{LOCK}")),
        ("bundle.toml", "owner = \"a\"", "owner = \"b\"\nloosens = true"),
        ("bundle.toml", "2026-12-22", "2026-12-21"),
        ("approvals.toml", "\"k1\", \"k2\"", "\"k2\""),
        ("approvals.toml", "\"dba\", \"ops\"", "\"ops\""),
        ("approvals.toml", "[[approver]]\nid = \"ben\"\ngroups = [\"dba\"]\nkeys = [\"k3\"]\n", ""),
        ("tests/a.toml", "", "[[test]]\nname = \"x\"\n"),
    ] {
        assert_eq!(found(file, from, to), [""; 0], "{file}: {to}");
    }
    for (file, from, to, what) in [
        ("rules/a.toml", "", &*rule("\"allow\"", ""), "new"),
        ("rules/a.toml", "", &rule("{ require_approval = \"one\" }", ""), "new"),
        ("rules/a.toml", "", &rule("\"deny\"", "on_doubt = { require_approval = \"one\" }"), "new"),
        ("rules/a.toml", "", &rule("{ limit = { rows = 9, approval = \"one\" } }", ""), "new"),
        ("rules/a.toml", "", &rule("[\"allow\", { mask = [\"pii.*\"] }]", ""), "new"),
        ("rules/a.toml", "", &rule("[]", ""), "new"),
        ("rules/a.toml", "", &rule("\"deny\"", "surprise = 1"), "new"),
        ("rules/a.toml", LOCK, "", "lock"),
        (
            "rules/a.toml",
            "op = \"update\" }\nverdict = \"deny\"",
            "op = \"delete\" }\nverdict = \"deny\"",
            "lock",
        ),
        (
            "rules/a.toml",
            "verdict = \"deny\"",
            "verdict = \"deny\"\nunless = \"max_rows < 5\"",
            "lock",
        ),
        ("rules/a.toml", "op = \"read\"", "op = [\"read\", \"update\"]", "reads"),
        ("rules/a.toml", READS, &format!("{READS}partial = true\n"), "reads"),
        ("rules/a.toml", "", LOCK, "rules"),
        ("rules/a.toml", "", "nonsense", "rules"),
        ("bundle.toml", "2026-12-22", "2026-12-23", "bundle.toml"),
        (
            "bundle.toml",
            "owner = \"a\"",
            "on_expiry = { require_approval = \"one\" }",
            "bundle.toml",
        ),
        ("bundle.toml", "owner = \"a\"", "layer = \"grant\"", "bundle.toml"),
        ("bundle.toml", "owner = \"a\"", "engine = \">=0.2\"", "bundle.toml"),
        ("approvals.toml", "min = 1", "min = 2", "approvals.toml"),
        ("approvals.toml", "\"30m\"", "\"90m\"", "approvals.toml"),
        ("approvals.toml", "\"k1\", \"k2\"", "\"k1\", \"k4\"", "approvals.toml"),
        (
            "approvals.toml",
            "",
            "[[approver]]\nid = \"cai\"\ngroups = [\"dba\"]\nkeys = [\"k5\"]\n",
            "approvals.toml",
        ),
        ("approvals.toml", "id = \"ben\"", "id = \"eve\"", "approvals.toml"),
        ("classes.toml", "redact", "hash", "classes.toml"),
        ("risk.toml", "", "x = 1", "risk.toml"),
        ("tags/a.toml", "", "[columns]\n", "tags/a.toml"),
        ("claims.toml", "", "[[map]]\n", "claims.toml"),
    ] {
        assert_eq!(found(file, from, to), [what], "{file}: {to}");
    }
}

#[test]
fn a_bundle_that_does_not_compile_is_refused_whole() {
    let state = in_force();
    for (rules, more, code) in [
        ("[[rule]]\nid = \"x\"\nverdict = \"deny\"\nsurprise = 1\n", "", "POL002"),
        ("", "features = [\"time-travel\"]", "POL023"),
        ("", "engine = \">=99.0\"", "POL022"),
        ("[[rule", "", "POL001"),
    ] {
        let source = bundle(6, &[READS, WRITES, rules], more);
        assert_eq!(verify(&signed(&source, &[ALICE, BRUNO]), &state), Err(code), "{rules}{more}");
    }
    let mut alien = bundle(6, &[READS], "");
    alien.insert("extra.toml", "");
    assert_eq!(verify(&signed(&alien, &[ALICE, BRUNO]), &state), Err("POL007"));
}

/// What the compiler takes, approvals can use: no bundle is in force whose roster is refused.
#[test]
fn approvers_are_read_when_the_bundle_is() {
    let compile = |text: &str| {
        let mut source = bundle(6, &[READS], "");
        source.insert("approvals.toml", text);
        VerifiedBundle::unsigned(source).map(drop).map_err(|error| error.code())
    };
    let spec = |min: u32, expires: &str| {
        format!(
            "[[spec]]\nid = \"s\"\nstages = [{{ any_of = [\"a\"], min = {min} }}, {{ any_of = [\"a\"] }}]\nexpires_in = \"{expires}\"\n"
        )
    };
    let person = |id: &str, key: &str| {
        format!("[[approver]]\nid = \"{id}\"\ngroups = [\"a\"]\nkeys = [\"{key}\"]\n")
    };
    let (one, two) = (named(ALICE, "k1").to_string(), named(BRUNO, "k2").to_string());
    assert_eq!(compile(&(spec(15, "7d") + &person("ana", &one) + &person("ben", &two))), Ok(()));
    let same_key = named(ALICE, "other-name").to_string();
    for (text, code) in [
        (spec(16, "30m"), "POL009"),
        (spec(17, "30m"), "POL009"),
        (spec(1, "8d"), "POL009"),
        (spec(1, "0m"), "POL025"),
        (person("ana", &one) + &person("Ana", &two), "POL006"),
        (person("ana", &one) + &person("ben", &same_key), "POL006"),
        (person("ana", "name+00000000+AAAA"), "POL009"),
        (person("ana", &one.replace("k1+", "k2+")), "POL009"),
    ] {
        assert_eq!(compile(&text), Err(code), "{text}");
    }
}

#[test]
fn signed_garbage_is_still_garbage() {
    let state = in_force();
    let check = |payload: &[u8]| {
        let keys = [&key(ALICE), &key(BRUNO)];
        verify(&Envelope::sign(BUNDLE_PAYLOAD_TYPE, payload, &keys).to_json(), &state)
    };
    for payload in [
        &b""[..],
        b"null",
        b"{}",
        b"\xff\xfe",
        br#"{"files":{},"v":2}"#,
        br#"{"files":{}}"#,
        br#"{"files":{},"v":1,"x":1}"#,
        br#"{"files":{"bundle.toml":"a","bundle.toml":"b"},"v":1}"#,
        br#"{"files":{"bundle.toml":1},"v":1}"#,
        br#"{"files":{"../bundle.toml":""},"v":1}"#,
        br#"{"files":{"/etc/passwd":""},"v":1}"#,
        br#"{"files":{"rules//x.toml":""},"v":1}"#,
        br#"{"files":{"rules\\x.toml":""},"v":1}"#,
        br#"{"files":{".hidden":""},"v":1}"#,
        br#"{"v":1,"files":{}}"#,
        br#"{"files":{},"v":1} "#,
        br#"{"files":{},"v":1}{}"#,
    ] {
        assert_eq!(check(payload), Err("BND002"), "{}", String::from_utf8_lossy(payload));
    }
    assert_eq!(check(br#"{"files":{},"v":1}"#), Err("POL008"));
    assert_eq!(check(&vec![b' '; MAX_BUNDLE_BYTES + 1]), Err("BND001"));
    let large = Source::from_files([("bundle.toml", " ".repeat(MAX_BUNDLE_BYTES))]);
    assert_eq!(sign(&large, &[]).unwrap_err().code(), "BND001");
    // Small as files, large once written as JSON.
    let escaped = Source::from_files([("bundle.toml", "\u{1}".repeat(MAX_BUNDLE_BYTES / 4))]);
    assert_eq!(pack(&escaped).unwrap_err().code(), "BND001");
    assert_eq!(pack(&Source::from_files([("a/../b", "")])).unwrap_err().code(), "BND002");
}

#[test]
fn garbage_files() {
    let good = signed(&bundle(6, &[READS, WRITES, LOCK], ""), &[ALICE]);
    let text = String::from_utf8(good.clone()).unwrap();
    let state = in_force();
    for (file, code) in [
        (String::new(), "BND102"),
        ("[]".into(), "BND102"),
        (text.chars().take(text.len() / 2).collect(), "BND102"),
        (format!("{text}{text}"), "BND102"),
        (text.replacen('{', "{\"extra\":1,", 1), "BND102"),
        (text.replacen("{\"payload\"", "{\"payload\":\"\",\"payload\"", 1), "BND102"),
        (text.replace("vnd.placet.bundle", "vnd.other"), "BND103"),
        (" ".repeat(17 * 1024 * 1024), "BND101"),
    ] {
        assert_ne!(file, text);
        assert_eq!(verify(file.as_bytes(), &state), Err(code), "{code}");
    }
    for at in 0..text.len() {
        assert!(verify(&good[..at], &state).is_err(), "cut at {at}");
    }
    assert!(add_signature(b"{}", &key(ALICE)).is_err());
}

/// Flips every bit of a signed file: refused, or the very same bundle (white space and key ids are
/// not under the signature, and are not looked at).
#[test]
fn every_flipped_bit_is_refused_or_means_nothing() {
    let source = bundle(6, &[READS, WRITES, LOCK], "");
    let good = signed(&source, &[ALICE]);
    let (state, root) = (in_force(), root());
    let mut same = 0;
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut file = good.clone();
            file[at] ^= 1 << bit;
            if let Ok((bundle, _)) = VerifiedBundle::verify(&file, &root, Some(&state), day(0)) {
                assert_eq!(bundle.digest(), source.digest(), "byte {at}, bit {bit}");
                same += 1;
            }
        }
    }
    // Only the 71 characters of the key id can change, most of them in at most 7 ways.
    assert!((1..=71 * 8).contains(&same), "{same}");
}

#[test]
fn roots_follow_one_another() {
    let first = root();
    let mut second = document();
    (second.version, second.root) = (2, role(&[BRUNO], 1));
    let sign = |document: &RootDocument, keys: &[u8]| {
        let keys: Vec<SigningKey> = keys.iter().map(|n| key(*n)).collect();
        document.sign(&keys.iter().collect::<Vec<_>>()).unwrap()
    };
    let rotate = |file: &[u8]| first.rotate(file).map(drop).map_err(|error| error.code());
    assert_eq!(rotate(&sign(&second, &[ROOT, BRUNO])), Ok(()));
    assert_eq!(rotate(&sign(&second, &[BRUNO])), Err("BND021"));
    assert_eq!(rotate(&sign(&second, &[ROOT])), Err("BND021"));
    assert_eq!(rotate(&sign(&second, &[])), Err("BND021"));
    second.version = 3;
    assert_eq!(rotate(&sign(&second, &[ROOT, BRUNO])), Err("BND022"));
    assert_eq!(rotate(&sign(&document(), &[ROOT])), Err("BND022"));
    assert_eq!(rotate(&signed(&bundle(1, &[], ""), &[ROOT])), Err("BND103"));
    assert_eq!(rotate(b"{}"), Err("BND102"));

    let refuse = |change: &dyn Fn(&mut RootDocument)| {
        let mut other = document();
        change(&mut other);
        assert_eq!(other.sign(&[&key(ROOT)]).unwrap_err().code(), "BND020");
    };
    refuse(&|d| d.version = 0);
    refuse(&|d| d.root.threshold = 0);
    refuse(&|d| d.loosen.threshold = 4);
    refuse(&|d| d.bundle.keys.clear());
    let payload = Envelope::parse(&sign(&document(), &[])).unwrap().payload().to_vec();
    let payload = String::from_utf8(payload).unwrap();
    for (from, to) in [
        ("\"v\":1", "\"v\":2"),
        ("{\"expires\"", "{\"extra\":1,\"expires\""),
        ("{\"expires\"", "{\"v\":1,\"expires\""),
        ("2027-11-22T00:00:00.000Z", "2027-11-22"),
        ("k1+", "k0+"),
    ] {
        let changed = payload.replacen(from, to, 1);
        assert_ne!(changed, payload);
        let file = Envelope::sign(ROOT_PAYLOAD_TYPE, changed.as_bytes(), &[&key(ROOT)]).to_json();
        assert_eq!(Root::pin(&file).unwrap_err().code(), "BND020", "{to}");
    }
    // Two root documents of one version: a fork.
    let mut fork = document();
    fork.expires = day(700);
    let fork = Root::pin(&sign(&fork, &[ROOT])).unwrap();
    let file = signed(&bundle(6, &[READS, WRITES, LOCK], ""), &[ALICE]);
    let forked = VerifiedBundle::verify(&file, &fork, Some(&in_force()), day(0));
    assert_eq!(forked.unwrap_err().code(), "BND006");
}

#[test]
fn what_was_revoked_stays_revoked() {
    let state = in_force();
    let lock = bundle(6, &[READS, WRITES, LOCK], "");
    let list = |version, keys: &[u8], bundles: &[Digest], by: &[u8]| {
        let keys: Vec<_> = keys.iter().map(|n| named(*n, &format!("k{n}"))).collect();
        let by: Vec<SigningKey> = by.iter().map(|n| key(*n)).collect();
        Revocation { version, keys, bundles: bundles.to_vec() }
            .sign(&by.iter().collect::<Vec<_>>())
            .unwrap()
    };
    let revoke = |state: &TrustedState, file: &[u8]| {
        state.revoke(file, &root()).map_err(|error| error.code())
    };
    let revoked = revoke(&state, &list(1, &[ALICE], &[lock.digest()], &[REVOKER])).unwrap();
    assert_eq!(verify(&signed(&lock, &[ALICE]), &revoked), Err("BND003"));
    assert_eq!(verify(&signed(&lock, &[BRUNO]), &revoked), Err("BND007"));
    let other = bundle(6, &[READS, LOCK], "");
    assert!(verify(&signed(&other, &[BRUNO]), &revoked).is_ok());
    // A newer list that says less takes nothing back; an older one is refused.
    let less = revoke(&revoked, &list(2, &[], &[], &[REVOKER])).unwrap();
    assert_eq!(verify(&signed(&lock, &[BRUNO]), &less), Err("BND007"));
    assert_eq!(TrustedState::parse(&less.to_json()).unwrap(), less);
    assert_eq!(revoke(&less, &list(2, &[], &[], &[REVOKER])), Err("BND017"));
    assert_eq!(revoke(&state, &list(1, &[BRUNO], &[], &[ALICE])), Err("BND017"));
    assert_eq!(revoke(&state, &list(1, &[BRUNO], &[], &[])), Err("BND017"));
    assert_eq!(revoke(&state, &signed(&lock, &[REVOKER])), Err("BND103"));
}

#[test]
fn a_damaged_state_is_no_empty_state() {
    let text = String::from_utf8(in_force().to_json()).unwrap();
    for (from, to) in [
        ("\"v\":1", "\"v\":2"),
        ("{\"v\"", "{\"extra\":1,\"v\""),
        ("{\"v\":1", "{\"v\":1,\"v\":1"),
        ("allow", "alloy"),
        ("\"seen\":\"2026", "\"seen\":\"x"),
        ("\"digest\":\"sha256:", "\"digest\":\"sha512:"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert_eq!(TrustedState::parse(changed.as_bytes()), Err(BundleError::State), "{from}");
    }
    assert_eq!(TrustedState::parse(b""), Err(BundleError::State));
}

proptest! {
    #[test]
    fn packing_round_trips(files in proptest::collection::btree_map("[a-z]{1,6}(/[a-z]{1,6})?\\.toml", "\\PC{0,40}", 0..5)) {
        let source = Source::from_files(files);
        let payload = pack(&source).unwrap();
        prop_assert_eq!(&unpack(&payload).unwrap(), &source);
        prop_assert_eq!(crate::crypto::sha256(&payload), source.digest());
    }

    #[test]
    fn sources_that_differ_have_different_digests(
        a in proptest::collection::btree_map("[ab]{1,2}", "[ab\"\\\\]{0,3}", 0..3),
        b in proptest::collection::btree_map("[ab]{1,2}", "[ab\"\\\\]{0,3}", 0..3),
    ) {
        let (a, b) = (Source::from_files(a), Source::from_files(b));
        prop_assert_eq!(a == b, a.digest() == b.digest());
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = unpack(&bytes);
        let _ = Root::pin(&bytes);
        let _ = TrustedState::parse(&bytes);
        let _ = TrustedState::new().revoke(&bytes, &root());
        prop_assert!(VerifiedBundle::verify(&bytes, &root(), None, day(0)).is_err());
    }
}
