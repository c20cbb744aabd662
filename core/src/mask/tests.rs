//! Promises 2, 3 and 4 on the whole masker: total, chunk-invariant, silent about values.

use proptest::prelude::*;

use super::*;

/// Values of every type, made up, with what must be gone from the output.
pub(super) const VALUES: &[(&str, &str)] = &[
    ("4111 1111 1111 1111", "[CREDIT_CARD]"),
    ("5555555555554444", "[CREDIT_CARD]"),
    ("536-90-4399", "[US_SSN]"),
    ("ada.fenwick+x@mail.example.com", "[EMAIL_ADDRESS]"),
    ("+44 20 7946 0102", "[PHONE_NUMBER]"),
    ("DE89 3704 0044 0532 0130 00", "[IBAN_CODE]"),
    ("10.20.30.40", "[IP_ADDRESS]"),
    ("2001:db8::8a2e:370:7334", "[IP_ADDRESS]"),
    ("AKIAIOSFODNN7EXAMPLE", "[SECRET_AWS_ACCESS_KEY_ID]"),
    ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "[SECRET_GITHUB_TOKEN]"),
    ("sk_test_0123456789abcdefABCD", "[SECRET_STRIPE_KEY]"),
    ("sk-proj-0123456789abcdefABCDEFabcdef0123456789", "[SECRET_OPENAI_KEY]"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[SECRET_JWT]"),
    (
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----",
        "[SECRET_PEM_PRIVATE_KEY]",
    ),
];

fn redacted(input: &[u8]) -> MaskedText<'_> {
    text(&Detectors::builtin(), &Operators::redact_all(), input).unwrap()
}

fn streamed<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<Finding>) {
    let mut masker = Masker::new(Detectors::builtin(), Operators::redact_all());
    let mut out = Vec::new();
    for chunk in chunks {
        out.extend(masker.push(chunk).unwrap());
        assert!(masker.held_back_bytes() <= crate::limits::MAX_HELD_BACK_BYTES);
    }
    out.extend(masker.finish().unwrap());
    (out, masker.take_findings())
}

#[test]
fn every_value_is_found_alone_and_in_a_sentence() {
    for (value, label) in VALUES {
        assert_eq!(String::from_utf8_lossy(&redacted(value.as_bytes()).bytes), *label);
        let sentence = format!("See {value}, please; (and {value}).");
        let masked = redacted(sentence.as_bytes());
        let expected = format!("See {label}, please; (and {label}).");
        assert_eq!(String::from_utf8_lossy(&masked.bytes), expected);
        let places: Vec<u64> = masked.findings.iter().map(|finding| finding.start).collect();
        assert_eq!(places, [4, 4 + value.len() as u64 + 15], "{value}");
    }
}

#[test]
fn every_two_cut_gives_the_same_bytes() {
    let all: Vec<&str> = VALUES.iter().map(|(value, _)| *value).collect();
    let text = format!(
        "{} postgres://app:hunter2@db.example/x aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY01 end",
        all.join(" | ")
    );
    let whole = redacted(text.as_bytes());
    for cut in 0..=text.len() {
        let (a, b) = text.as_bytes().split_at(cut);
        assert_eq!(streamed([a, b]), (whole.bytes.to_vec(), whole.findings.clone()), "cut {cut}");
    }
    let bytes = text.as_bytes().chunks(1);
    assert_eq!(streamed(bytes), (whole.bytes.to_vec(), whole.findings.clone()));
    for secret in ["hunter2", "wJalr", "4111", "536-90", "ada.fenwick", "MC4C", "c2ln"] {
        assert!(!String::from_utf8_lossy(&whole.bytes).contains(secret), "{secret}");
    }
}

/// What a detector that stops at the first answer, or a shape that trusts its neighbours, lets out.
#[test]
fn neighbours_do_not_hide_a_value() {
    for (input, expected) in [
        ("+49 30 901820 4111 1111 1111 1111", "[CREDIT_CARD]"),
        ("+14155550100@mail.example.com", "[EMAIL_ADDRESS]"),
        ("10.20.30.40@mail.example.com", "[EMAIL_ADDRESS]"),
        ("card_4111111111111111", "card_[CREDIT_CARD]"),
        ("card-4111-1111-1111-1111", "card-[CREDIT_CARD]"),
        ("ssn_536-90-4399_x", "ssn_[US_SSN]_x"),
        ("ssn-536-90-4399-ada", "ssn-[US_SSN]-ada"),
        ("卡号4111111111111111。", "卡号[CREDIT_CARD]。"),
        ("x://ada@mail.example.com", "x://[EMAIL_ADDRESS]"),
        (
            "https://AKIAIOSFODNN7EXAMPLE:hunter2@s3.example",
            "https://[SECRET_AWS_ACCESS_KEY_ID]:[SECRET_URL_CREDENTIALS]@s3.example",
        ),
        (
            "smtp://ada@mail.example.com:hunter2@mx.example",
            "smtp://[EMAIL_ADDRESS]:[SECRET_URL_CREDENTIALS]@mx.example",
        ),
        (
            "  1| -----BEGIN PRIVATE KEY-----\n  2| MC4CAQAwBQYDK2VwBCIEIA#\n  3| -----END PRIVATE KEY----- x",
            "  1| [SECRET_PEM_PRIVATE_KEY] x",
        ),
    ] {
        let masked = redacted(input.as_bytes());
        assert_eq!(String::from_utf8_lossy(&masked.bytes), expected, "{input}");
    }
}

#[test]
fn a_value_without_a_known_end_is_called_by_its_type() {
    let key = || Operator::KeyedHash(HashKey::new(b"0123456789abcdef").unwrap());
    let operators = Operators::redact_all()
        .with(EntityType::SecretJwt, key())
        .with(EntityType::SecretPemPrivateKey, Operator::Partial { first: 9, last: 9 });
    for (value, label) in
        VALUES.iter().filter(|(value, _)| value.starts_with("eyJ") || value.starts_with("-----"))
    {
        let masked = text(&Detectors::builtin(), &operators, value.as_bytes()).unwrap();
        assert_eq!(String::from_utf8_lossy(&masked.bytes), *label);
    }
}

#[test]
fn ordinary_logs_stay_as_they_are() {
    for line in [
        "2026-11-22T12:00:00.123Z INFO request 7f3c9a6e-4111-4111-8111-111111111111 took 12.5ms",
        "1763844000123 1763844000123456 1763844000123456789",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 (tag: v1.2.3, origin/main)",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "order 100-200-3000, invoice 12-34-5678, part 123-456-7890, ticket 000-11-2222",
        "Agent/120.0.0.0 version 1.2.3.4 Mozilla/5.0 (X11; Linux x86_64)",
        "GET /api/v1/items/4111111111111112?page=2&size=10 HTTP/1.1 200 5316",
        "icon@2x.png @decorator git@host.example:team/repo react@18.2.0 user@localhost",
        "elapsed +02:00 -0.96 +1.5% 10:30:45 08:51:06.123 12:34:56:78",
        "dead::beef std::vec::Vec a::b::c namespace::item 00:1a:2b:3c:4d:5e",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg",
        "price 4.111111111111111 ratio 0.4111111111111111 size 4111111111111111111111",
        "sk-learn-style-names-with-many-hyphens-and-no-digits eyJust some words",
        "https://example.com:8443/a@b/c ssh://git@host.example/x",
        "if line == '-----BEGIN PRIVATE KEY-----' { return parse(line) } // -----END PRIVATE KEY-----",
        "postgres://app@db:5432/x?sslmode=require http://[::]:8080/ jdbc:x://db:1433;a=b",
    ] {
        let masked = redacted(line.as_bytes());
        assert_eq!(String::from_utf8_lossy(&masked.bytes), line);
    }
}

#[test]
fn what_stands_before_a_cut_does_not_make_what_follows_cold() {
    for text in
        ["a:b:cc://k:\u{e9}\u{e9}]x@*/", "xxxxxx.eyJhbGciOiJI.abcd ", "xxxxxx.eyJhbGciOiJI..x "]
    {
        let whole = redacted(text.as_bytes());
        for cut in 0..=text.len() {
            let (a, b) = text.as_bytes().split_at(cut);
            assert_eq!(streamed([a, b]).0, *whole.bytes, "{text} cut at {cut}");
        }
    }
}

#[test]
fn a_finished_stream_is_closed() {
    let mut masker = Masker::new(Detectors::builtin(), Operators::redact_all());
    masker.finish().unwrap();
    assert_eq!(masker.push(b"x").unwrap_err().code(), "MSK002");
    assert_eq!(masker.finish().unwrap_err().code(), "MSK002");
}

#[test]
fn debug_shows_no_value() {
    let mut masker = Masker::new(Detectors::builtin(), Operators::redact_all());
    masker.push(b"ada.fenwick@exam").unwrap();
    let key = HashKey::new(b"a key that is long enough").unwrap();
    let raw = Unmasked::new(b"ada.fenwick@example.com");
    let shown = format!("{masker:?} {key:?} {raw:?}");
    assert!(!shown.contains("fenwick") && !shown.contains("long enough"), "{shown}");
}

#[test]
fn hashes_differ_by_type_and_key_and_hide_the_value() {
    let hashed = |key: &[u8], kind, value: &[u8]| {
        let operator = Operator::KeyedHash(HashKey::new(key).unwrap());
        let operators = Operators::redact_all().with(kind, operator);
        String::from_utf8(text(&Detectors::builtin(), &operators, value).unwrap().bytes.to_vec())
            .unwrap()
    };
    let one = hashed(b"0123456789abcdef", EntityType::UsSsn, b"536-90-4399");
    assert!(one.starts_with("[US_SSN:hmac:") && one.len() == "[US_SSN:hmac:]".len() + 16);
    assert_eq!(one, hashed(b"0123456789abcdef", EntityType::UsSsn, b"536-90-4399"));
    assert_ne!(one, hashed(b"0123456789abcdeg", EntityType::UsSsn, b"536-90-4399"));
    assert_eq!(HashKey::new(b"short").unwrap_err().code(), "MSK001");
}

/// Words that speak for a number behind them.
const CONTEXT_WORDS: &[&[u8]] = &[b"ssn: ", b"aws secret "];

/// Values, broken values and noise.
fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let value = prop::sample::select(VALUES).prop_map(|(value, _)| value.as_bytes().to_vec());
    let cut = (prop::sample::select(VALUES), 1usize..30).prop_map(|((value, _), keep)| {
        value.as_bytes().iter().copied().take(keep).collect::<Vec<u8>>()
    });
    let noise = prop_oneof![
        "[a-z ]{0,12}".prop_map(String::into_bytes),
        "[0-9 .:+@/-]{0,40}".prop_map(String::into_bytes),
        "[A-Za-z0-9+/_.=-]{0,60}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..20),
        prop::sample::select(CONTEXT_WORDS).prop_map(<[u8]>::to_vec),
        Just("\u{1f512}\u{4e2d}\u{6587}\u{e9}".as_bytes().to_vec()),
        (0usize..600).prop_map(|n| b"a.".repeat(n)),
        (0usize..600).prop_map(|n| b"1".repeat(n)),
        Just(b"://a:b".to_vec()),
        Just(b"\\n".to_vec()),
    ];
    prop::collection::vec(prop_oneof![2 => value, 1 => cut, 4 => noise], 0..8)
}

/// Parts glued to one another.
fn haystack() -> impl Strategy<Value = Vec<u8>> {
    parts().prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn cuts_do_not_matter(text in haystack(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let whole = redacted(&text);
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        places.push(0);
        places.push(text.len());
        places.sort_unstable();
        let chunks = places.windows(2).map(|pair| &text[pair[0]..pair[1]]);
        prop_assert_eq!(streamed(chunks), (whole.bytes.to_vec(), whole.findings.clone()));
    }

    #[test]
    fn scan_and_stream_agree_with_the_reference(text in haystack(), step in 1usize..40) {
        let (out, values) = reference::redact(&text);
        let whole = redacted(&text);
        let places: Vec<_> = whole
            .findings
            .iter()
            .map(|f| (f.start, f.end, f.kind.name()))
            .collect();
        prop_assert_eq!(&places, &values, "{}", String::from_utf8_lossy(&text));
        prop_assert_eq!(String::from_utf8_lossy(&whole.bytes), String::from_utf8_lossy(&out));
        prop_assert_eq!(streamed(text.chunks(step)).0, out);
    }

    #[test]
    fn no_bare_card_survives(text in "[0-9 a-z_.-]{0,10}(4[0-9]{15}[ ,_;]){0,4}[0-9 a-z]{0,10}") {
        // A decimal fraction is none: the oracle does not know them, so they are taken out.
        let text = text.replace('.', "x").replace('-', " ");
        let masked = redacted(text.as_bytes());
        prop_assert!(!reference::holds_bare_card(&String::from_utf8_lossy(&masked.bytes)), "{}", text);
    }

    // Words of context are left out: where a long value became a short label, they may come into
    // the reach of a number that they did not speak for before. So are BEGIN lines without a key:
    // what stands behind them may look like one when it is shorter.
    #[test]
    fn masking_twice_is_masking_once(mut parts in parts()) {
        let is_key = |part: &[u8]| part.windows(3).any(|three| three == b"END");
        parts.retain(|part| !CONTEXT_WORDS.contains(&part.as_slice()));
        parts.retain(|part| !part.starts_with(b"-----") || is_key(part));
        let text = parts.join(&b", "[..]);
        let once = redacted(&text).bytes.to_vec();
        let twice = redacted(&once);
        prop_assert_eq!(String::from_utf8_lossy(&twice.bytes), String::from_utf8_lossy(&once));
    }

    #[test]
    fn findings_are_ordered_and_inside(text in haystack()) {
        let masked = redacted(&text);
        let mut at = 0;
        for finding in &masked.findings {
            prop_assert!(at <= finding.start && finding.start < finding.end);
            prop_assert!(finding.end <= text.len() as u64);
            prop_assert!((1..=100).contains(&finding.score));
            at = finding.end;
        }
        prop_assert_eq!(masked.findings.is_empty(), *masked.bytes == *text);
    }

    #[test]
    fn a_whole_value_between_blanks_never_survives(
        before in "[a-z ]{0,80}", after in "[a-z ]{0,20}", which in prop::sample::select(VALUES),
    ) {
        // The `x` keeps the word before an address from being `version` or `rev`.
        let text = format!("{before}x {} {after}", which.0);
        let masked = redacted(text.as_bytes());
        let shown = String::from_utf8_lossy(&masked.bytes).into_owned();
        prop_assert!(!shown.contains(which.0), "{}", shown);
    }
}
