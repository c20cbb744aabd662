use proptest::prelude::*;

use super::*;

fn chunked(input: &[u8], lengths: &[usize]) -> (Vec<u8>, Vec<Finding>) {
    let mut masker = YamlMasker::new(Detectors::builtin(), Operators::redact_all());
    let (mut out, mut findings, mut rest) = (Vec::new(), Vec::new(), input);
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*length).clamp(1, rest.len()));
        out.extend(masker.push(chunk).unwrap());
        findings.extend(masker.take_findings());
        rest = after;
    }
    out.extend(masker.finish().unwrap());
    findings.extend(masker.take_findings());
    (out, findings)
}

fn whole(input: &[u8]) -> (Vec<u8>, Vec<Finding>) {
    chunked(input, &[input.len().max(1)])
}

fn mask(input: &str) -> String {
    String::from_utf8(whole(input.as_bytes()).0).unwrap()
}

#[test]
fn scalars_are_masked_with_their_key() {
    for (input, output) in [
        ("", ""),
        ("a: 1\nb:\n  - x\n  - y: 2 # c\n", "a: 1\nb:\n  - x\n  - y: 2 # c\n"),
        ("ssn: 536904399\nid: 536904399\n", "ssn: \"[US_SSN]\"\nid: 536904399\n"),
        ("ssn:\n- 536904399\n", "ssn:\n- \"[US_SSN]\"\n"),
        ("m: \"ada\\u0040example.com\" # x\n", "m: \"[EMAIL_ADDRESS]\" # x\n"),
        ("m: 'it''s ada@example.com'", "m: 'it''s [EMAIL_ADDRESS]'"),
        ("m: to ada@example.com\n", "m: to [EMAIL_ADDRESS]\n"),
        ("m: |\n  ada@example.com\n\n  x\nn: 1\n", "m: |\n  [EMAIL_ADDRESS]\n\n  x\nn: 1\n"),
        ("m: {a: ada@example.com}\n", "m: {a: [EMAIL_ADDRESS]}\n"),
        ("# ada@example.com\n", "# [EMAIL_ADDRESS]\n"),
        ("m: one\n  ada@example.com\n", "m: one\n  [EMAIL_ADDRESS]\n"),
    ] {
        assert_eq!(mask(input), output, "{input:?}");
    }
}

#[test]
fn secrets_never_show() {
    let secret = "aHVudGVyMg==";
    for input in [
        "kind: Secret\ndata:\n  p: aHVudGVyMg==\n",
        "apiVersion: v1\ndata:\n  p: aHVudGVyMg==\nkind: Secret\n",
        "data:\n  p: aHVudGVyMg==\nkind: Secret\n",
        "data:\n  p: aHVudGVyMg==\n",
        "data:\n  p: aHVudGVyMg==",
        "data:\n    p: \"aHVudGVyMg==\"\nkind: \"Secret\"\n",
        "data:\n  p:\n    aHVudGVyMg==\nkind: Secret\n",
        "data:\n  p: |\n    aHVudGVyMg==\nkind: Secret\n",
        "data:\n  p: >-\n    aHVudGVyMg==\n\n    aHVudGVyMg==\nkind: 'Secret'\n",
        "stringData:\n  p: not base64 aHVudGVyMg==\nkind: Secret\n",
        "data: {p: aHVudGVyMg==}\nkind: Secret\n",
        "data:\n  {p: aHVudGVyMg==}\nkind: Secret\n",
        "data: {\n  p: aHVudGVyMg==\n  }\nkind: Secret\n",
        "{data: {p: aHVudGVyMg==}}\n",
        "{kind: Secret, data: {p: aHVudGVyMg==}}\n",
        "--- {data: {p: aHVudGVyMg==}}\n",
        "{\n\"data\": {\n  \"p\": \"aHVudGVyMg==\"\n},\n\"kind\": \"Secret\"\n}\n",
        "\"data\":\n  p: aHVudGVyMg==\nkind: Secret\n",
        "\"d\\u0061ta\":\n  p: aHVudGVyMg==\nkind: Secret\n",
        "kind: Secret\n? data\n: p: aHVudGVyMg==\n",
        "kind: Secret\n!!map data:\n  p: aHVudGVyMg==\n",
        "kind: Secret\ndata: &x\n  p: aHVudGVyMg==\n",
        "kind: Secret\ndata:\n  # p: aHVudGVyMg==\n  q: aHVudGVyMg==\n",
        "kind: Secret\ndata:\n  p: !!binary aHVudGVyMg==\n",
        "apiVersion: v1\nitems:\n- apiVersion: v1\n  data:\n    p: aHVudGVyMg==\n  kind: Secret\nkind: List\n",
        "kind: SecretList\nitems:\n- data:\n    p: aHVudGVyMg==\n",
        "items: [{data: {p: aHVudGVyMg==}}]\n",
        "kind: ConfigMap\n---\nkind: Secret\ndata:\n  p: aHVudGVyMg==\n",
        "kind: Secret\r\ndata:\r\n  p: aHVudGVyMg==\r\n",
        "kind: Secret\nmetadata:\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"data\":{\"p\":\"aHVudGVyMg==\"},\"kind\":\"Secret\"}\n  name: x\n",
    ] {
        let output = mask(input);
        assert!(!output.contains(secret), "{input} → {output}");
        assert!(output.contains("[SECRET_KUBERNETES]"), "{input} → {output}");
    }
}

#[test]
fn other_kinds_show_their_data() {
    for input in [
        "apiVersion: v1\ndata:\n  p: aHVudGVyMg==\n  q: |\n    some text\nkind: ConfigMap\n",
        "kind: ConfigMap\ndata:\n  p: aHVudGVyMg==\n",
        "data:\n  age: 5 years\n  p: aHVudGVyMg==\n",
        "apiVersion: v1\ndata:\n  p: not base64\n",
        "spec:\n  data:\n    name: a b\n",
    ] {
        assert_eq!(mask(input), input);
    }
}

#[test]
fn hold_back_is_bounded() {
    for start in ["", "data:\n  p: ", "m: |\n  ", "kind: Secret\ndata:\n"] {
        for unit in ["ada@example.com ", "  k: aHVudGVyMg==\n", "  ada@example.com\n"] {
            let input = [start, &unit.repeat(15_000)].concat();
            let mut masker = YamlMasker::new(Detectors::builtin(), Operators::redact_all());
            for chunk in input.as_bytes().chunks(1000) {
                let out = masker.push(chunk).unwrap();
                assert!(!out.contains(&b'@'));
                assert!(masker.held_back_bytes() < 512 * 1024, "{start} {unit}");
            }
            masker.finish().unwrap();
        }
    }
}

fn yaml_text() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "data:",
        "stringData:",
        "kind: Secret",
        "kind: ConfigMap",
        "apiVersion: v1",
        "---",
        "",
        "p: aHVudGVyMg==",
        "q: |",
        "- r: ada@example.com",
        "- 4111111111111111",
        "# ada@example.com",
        "x: \"a",
        "b\"",
        "{data: {a: b}}",
        "ssn: 536904399",
        "? k",
        "text",
        "s: 'ada@example.com'",
    ]);
    prop::collection::vec((0usize..4, line), 0..12).prop_map(|lines| {
        lines.iter().map(|(n, text)| format!("{}{text}\n", "  ".repeat(*n))).collect()
    })
}

proptest! {
    #[test]
    fn any_lines_in_any_cut(input in yaml_text(), lengths in prop::collection::vec(1usize..40, 1..6)) {
        let input = input.as_bytes();
        let expected = whole(input);
        prop_assert!(!expected.0.contains(&b'@'));
        prop_assert_eq!(&chunked(input, &lengths), &expected);
        prop_assert_eq!(&chunked(input, &[1]), &expected);
        let twice = whole(&expected.0).0;
        prop_assert!(memchr::memmem::find(&twice, b"4111").is_none());
    }

    #[test]
    fn any_bytes_in_any_cut(
        input in prop::collection::vec(prop_oneof![
            prop::sample::select(b"\"':-#|>{}[]&*!? \n\r\tdata1".to_vec()), any::<u8>()
        ], 0..200),
        lengths in prop::collection::vec(1usize..40, 1..6),
    ) {
        prop_assert_eq!(chunked(&input, &lengths), whole(&input));
    }
}
