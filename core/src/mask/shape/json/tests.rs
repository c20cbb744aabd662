use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::mask::EntityType;

fn masker() -> JsonMasker {
    JsonMasker::new(Detectors::builtin(), Operators::redact_all())
}

fn whole(input: &[u8]) -> (Vec<u8>, Vec<Finding>) {
    chunked(input, &[input.len().max(1)])
}

/// Masks `input` cut into chunks of these lengths, over and over.
fn chunked(input: &[u8], lengths: &[usize]) -> (Vec<u8>, Vec<Finding>) {
    let mut masker = masker();
    let (mut out, mut rest) = (Vec::new(), input);
    let mut findings = Vec::new();
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

fn mask(input: &str) -> String {
    String::from_utf8(whole(input.as_bytes()).0).unwrap()
}

const CARD: &str = "4111111111111111";

#[test]
fn values_are_masked_and_the_rest_is_copied() {
    for (input, output) in [
        ("", ""),
        (" \n", " \n"),
        ("\u{feff}{}", "\u{feff}{}"),
        (r#"{"a":[1,2.5e3,true,null,"x"]}"#, r#"{"a":[1,2.5e3,true,null,"x"]}"#),
        (r#"{"mail": "ada@example.com"}"#, r#"{"mail": "[EMAIL_ADDRESS]"}"#),
        (r#"{"ada@example.com": 1}"#, r#"{"[EMAIL_ADDRESS]": 1}"#),
        (r#""ada\u0040example.com""#, r#""[EMAIL_ADDRESS]""#),
        (r#""4111\/1111""#, r#""4111\/1111""#),
        ("{\"c\": 4111111111111111 }", "{\"c\": \"[CREDIT_CARD]\" }"),
        ("[4111111111111111.0,4.111111111111111e15]", "[\"[CREDIT_CARD]\",\"[CREDIT_CARD]\"]"),
        (r#"{"ssn": 536904399}"#, r#"{"ssn": "[US_SSN]"}"#),
        (r#"{"ssn": {"value": 536904399}}"#, r#"{"ssn": {"value": "[US_SSN]"}}"#),
        (r#"{"ssn": [{"x": 1}, 536904399]}"#, r#"{"ssn": [{"x": 1}, "[US_SSN]"]}"#),
        (r#"{"name": "ssn", "value": 536904399}"#, r#"{"name": "ssn", "value": "[US_SSN]"}"#),
        (r#"{"id": 536904399}"#, r#"{"id": 536904399}"#),
        ("1\n4111111111111111\n", "1\n\"[CREDIT_CARD]\"\n"),
        (r#""\ud83d\ude00 \ud800""#, r#""\ud83d\ude00 \ud800""#),
        ("\"a\\u0000b\"", "\"a\\u0000b\""),
    ] {
        assert_eq!(mask(input), output, "{input}");
    }
}

#[test]
fn what_is_no_json_is_masked_as_text() {
    for (input, output) in [
        ("card 4111 1111 1111 1111", "card [CREDIT_CARD]"),
        ("4111 1111 1111 1111", "[CREDIT_CARD]"),
        ("4111-1111-1111-1111", "[CREDIT_CARD]"),
        (r#"{"a": 4111 1111 1111 1111}"#, r#"{"a": [CREDIT_CARD]}"#),
        ("{\"a\": \"4111\t1111", "{\"a\": \"4111\t1111"),
        ("{\"a\": \"ada@example.com\n", "{\"a\": \"[EMAIL_ADDRESS]\n"),
        (r#"{"a": "ada@example.com"#, r#"{"a": "[EMAIL_ADDRESS]"#),
        (r#"{"a": "\x ada@example.com"}"#, r#"{"a": "\x [EMAIL_ADDRESS]"}"#),
        ("[1}, 4111111111111111", "[1}, [CREDIT_CARD]"),
        ("true4111111111111111 4111111111111111", "true4111111111111111 [CREDIT_CARD]"),
    ] {
        assert_eq!(mask(input), output, "{input}");
    }
}

#[test]
fn secrets_of_kubernetes_are_masked_wherever_kind_stands() {
    let secret = "[SECRET_KUBERNETES]";
    for (input, shown) in [
        (r#"{"kind":"Secret","data":{"p":"aHVudGVyMg=="}}"#, false),
        (r#"{"apiVersion":"v1","data":{"p":"aHVudGVyMg=="},"kind":"Secret"}"#, false),
        (r#"{"data":{"p":"aHVudGVyMg=="},"kind":"Secret"}"#, false),
        (r#"{"stringData":{"p":"aHVudGVyMg=="},"kind":"Secret"}"#, false),
        (r#"{"d\u0061ta":{"p":"aHVudGVyMg=="},"kind":"S\u0065cret"}"#, false),
        (r#"{"kind":"SecretList","items":[{"data":{"p":"aHVudGVyMg=="}}]}"#, false),
        (r#"{"items":[{"data":{"p":"aHVudGVyMg=="},"kind":"Secret"}]}"#, false),
        (r#"{"apiVersion":"v1","data":{"p":"aHVudGVyMg=="}}"#, false),
        (r#"{"apiVersion":"v1","data":{"p":"aHVudGVyMg=="#, false),
        (r#"{"apiVersion":"v1","data":{"p":"aHVudGVyMg=="},"kind":"ConfigMap"}"#, true),
        (r#"{"data":{"p":"aHVudGVyMg=="},"n":1}"#, true),
        (r#"{"data":{"q":7,"p":"aHVudGVyMg=="},"kind":"x"}"#, true),
    ] {
        let output = mask(input);
        assert_eq!(output.contains("aHVudGVyMg"), shown, "{input} → {output}");
        assert_eq!(output.contains(secret), !shown, "{input} → {output}");
    }
}

#[test]
fn a_broken_secret_shows_nothing_more() {
    let output = mask("{\"kind\":\"Secret\",\"data\":{\"a\":oops,\"p\":\"aHVudGVyMg==\"}}");
    assert!(!output.contains("aHVud"), "{output}");
}

#[test]
fn findings_name_the_written_run() {
    let input = br#"{"m": "x ada\u0040example.com y", "n": 4111111111111111}"#;
    let (_, findings) = whole(input);
    let at = |finding: &Finding| {
        &input[usize::try_from(finding.start).unwrap()..usize::try_from(finding.end).unwrap()]
    };
    assert_eq!(findings.len(), 2);
    assert_eq!(at(&findings[0]), br"ada\u0040example.com");
    assert_eq!(at(&findings[1]), CARD.as_bytes());
    assert_eq!(findings[1].kind, EntityType::CreditCard);
}

#[test]
fn depth_changes_nothing_for_a_value() {
    for depth in [1, MAX_JSON_DEPTH - 1, MAX_JSON_DEPTH, MAX_JSON_DEPTH + 1, 5000] {
        let nested = |inner: &str| {
            format!("{}{{\"ssn\":{inner}}}{},\"x\"]", "[".repeat(depth), "]".repeat(depth - 1))
        };
        let input = nested("536904399");
        assert_eq!(mask(&input), nested("\"[US_SSN]\""), "{depth}");
    }
}

#[test]
fn long_strings_stream_and_stay_json() {
    let filler = r#"lorem \"ipsum\" \u00e9\/ "#.repeat(4000);
    let input = format!("{{\"a\": \"{filler}ada\\u0040example.com {filler}\", \"b\": {CARD}}}");
    let mut masker = masker();
    let mut out = Vec::new();
    for chunk in input.as_bytes().chunks(1000) {
        out.extend(masker.push(chunk).unwrap());
        assert!(masker.held_back_bytes() <= MAX_VALUE_BYTES + 1024, "{masker:?}");
    }
    out.extend(masker.finish().unwrap());
    let value: Value = serde_json::from_slice(&out).unwrap();
    let before: Value = serde_json::from_str(&input).unwrap();
    let expected = before["a"].as_str().unwrap().replace("ada@example.com", "[EMAIL_ADDRESS]");
    assert_eq!(value["a"].as_str().unwrap(), expected);
    assert_eq!(value["b"], "[CREDIT_CARD]");
    assert_eq!(chunked(input.as_bytes(), &[7, 1, 4099]).0, out);
}

#[test]
fn a_number_past_the_bound_is_replaced() {
    let zeros = "0".repeat(MAX_NUMBER_BYTES);
    let output = mask(&format!("{{\"a\": 4.111111111111111{zeros}e15, \"b\": 2}}"));
    assert_eq!(output, r#"{"a": "[NUMBER]", "b": 2}"#);
}

#[test]
fn the_wait_for_a_kind_is_bounded() {
    let many: String = (0..9000).map(|n| format!("\"k{n}\":\"aHVudGVyMg==\",")).collect();
    let input =
        format!("{{\"apiVersion\":\"v1\",\"data\":{{{many}\"z\":\"\"}},\"kind\":\"Secret\"}}");
    let mut masker = masker();
    let mut out = Vec::new();
    for chunk in input.as_bytes().chunks(777) {
        out.extend(masker.push(chunk).unwrap());
        assert!(masker.held_back_bytes() < 512 * 1024);
    }
    out.extend(masker.finish().unwrap());
    assert!(!String::from_utf8(out).unwrap().contains("aHVud"));
}

#[test]
fn every_cut_gives_the_same() {
    for input in [
        "\u{feff}{\"mail\": \"ada\\u0040example.com \\ud83d\\ude00\", \"c\": 4111111111111111 , \"t\": true}\n[null]",
        "{\"apiVersion\":\"v1\",\"data\":{\"p\":\"aHVudGVyMg==\"},\"kind\":\"Secret\"} 4111 1111 1111 1111",
        "{\"a\": 4111 1111 1111 1111, \"b\": ada@example.com",
        "{\"kind\":\"Secret\",\"data\":{\"p\":oops}} ada@example.com",
    ] {
        let input = input.as_bytes();
        let expected = whole(input);
        for cut in 1..input.len() {
            assert_eq!(chunked(input, &[cut, input.len()]), expected, "cut at {cut}");
        }
        assert_eq!(chunked(input, &[1]), expected);
    }
}

/// JSON text with values worth masking in it.
fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just(CARD.to_owned()),
        Just("4.111111111111111E15".to_owned()),
        Just("\"ada\\u0040example.com\"".to_owned()),
        Just("\"aHVudGVyMg==\"".to_owned()),
        Just("\"Secret\"".to_owned()),
        Just("\"a \\\"4111 1111 1111 1111\\\" \\ud83d\\ude00\"".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        "[ -~é\u{0}-\u{1f}]{0,12}".prop_map(|text| Value::String(text).to_string()),
    ];
    let key = prop_oneof![
        Just("\"ssn\""),
        Just("\"data\""),
        Just("\"kind\""),
        Just("\"apiVersion\""),
        Just("\"ada@example.com\""),
        Just("\"x\\n\"")
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec((key.clone(), inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(k, v)| format!("{k}:{v}")).collect();
                format!("{{\n{}}}", members.join(","))
            }),
        ]
    })
}

/// Whether `after` is `before` with some values replaced by labels.
fn differs_only_in_labels(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            // Two masked keys may fall together.
            b.len() <= a.len()
                && b.iter().all(|(key, value)| match a.get(key) {
                    Some(old) => differs_only_in_labels(old, value),
                    None => key.contains('['),
                })
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| differs_only_in_labels(a, b))
        }
        (a, b) => a == b || b.as_str().is_some_and(|text| text.contains('[')),
    }
}

proptest! {
    #[test]
    fn json_stays_json(input in json_text(), lengths in prop::collection::vec(1usize..9, 1..5)) {
        let before: Value = serde_json::from_str(&input).unwrap();
        let (out, findings) = whole(input.as_bytes());
        let after: Value = serde_json::from_slice(&out).unwrap();
        prop_assert!(differs_only_in_labels(&before, &after), "{} → {}", before, after);
        if findings.is_empty() {
            prop_assert_eq!(&out, input.as_bytes());
        }
        prop_assert_eq!(&whole(&out).0, &out, "masking twice");
        prop_assert_eq!(chunked(input.as_bytes(), &lengths), (out, findings));
    }

    #[test]
    fn any_bytes_in_any_cut(
        input in prop::collection::vec(prop_oneof![
            any::<u8>(), prop::sample::select(br#"{}[]",:\u01234.e-+ tn@x"#.to_vec())
        ], 0..200),
        lengths in prop::collection::vec(1usize..40, 1..6),
    ) {
        let expected = whole(&input);
        prop_assert_eq!(&chunked(&input, &lengths), &expected);
        prop_assert_eq!(&chunked(&input, &[1]), &expected);
    }

    #[test]
    fn broken_json_in_any_cut(text in json_text(), at in any::<prop::sample::Index>(),
                              byte in any::<u8>(), length in 1usize..9) {
        let mut input = text.into_bytes();
        let at = at.index(input.len());
        input[at] = byte;
        prop_assert_eq!(chunked(&input, &[length]), whole(&input));
    }
}
