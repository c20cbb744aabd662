use proptest::prelude::*;

use super::*;

fn chunked(input: &[u8], lengths: &[usize]) -> (Vec<u8>, Vec<Finding>) {
    let mut masker = CsvMasker::new(Detectors::builtin(), Operators::redact_all());
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

#[test]
fn cells_are_masked_and_the_rest_is_copied() {
    for (input, output) in [
        ("", ""),
        ("a,b", "a,b"),
        ("a,b\r\n1,2\r\n", "a,b\r\n1,2\r\n"),
        ("id,ssn\n1,536904399\n", "id,ssn\n1,[US_SSN]\n"),
        ("id;ssn\n1;536904399", "id;ssn\n1;[US_SSN]"),
        ("id\tssn\n1\t536904399", "id\tssn\n1\t[US_SSN]"),
        ("\"a,b;c;d\",ssn\n1,536904399", "\"a,b;c;d\",ssn\n1,[US_SSN]"),
        ("ssn,id\n,536904399\n", "ssn,id\n,536904399\n"),
        (
            "m\n\"say \"\"hi\"\" to\nada@example.com\"\n",
            "m\n\"say \"\"hi\"\" to\n[EMAIL_ADDRESS]\"\n",
        ),
        ("ada@example.com,ssn\n1,536904399\n", "[EMAIL_ADDRESS],ssn\n1,536904399\n"),
        ("a\nx\"4111111111111111\n", "a\nx\"[CREDIT_CARD]\n"),
        ("a\n\"x\" 4111 1111 1111 1111\n", "a\n\"x\" [CREDIT_CARD]\n"),
        ("a\n\"ada@example.com", "a\n\"[EMAIL_ADDRESS]"),
        ("a\rada@example.com\n", "a\r[EMAIL_ADDRESS]\n"),
        ("a\r", "a\r"),
    ] {
        assert_eq!(String::from_utf8(whole(input.as_bytes()).0).unwrap(), output, "{input:?}");
    }
}

#[test]
fn a_replacement_with_a_separator_gets_quotes() {
    let operators = Operators::redact_all().with(
        crate::mask::EntityType::EmailAddress,
        crate::mask::Operator::Replace("no, \"thanks\"".into()),
    );
    let mut masker = CsvMasker::new(Detectors::builtin(), operators);
    let mut out = masker.push(b"m,n\nada@example.com,1\n").unwrap();
    out.extend(masker.finish().unwrap());
    assert_eq!(out, b"m,n\n\"no, \"\"thanks\"\"\",1\n");
}

#[test]
fn hold_back_is_bounded() {
    for start in ["", "a,b\n", "a,b\n\"", "a,\""] {
        let input = [start.as_bytes(), &b"ada@example.com ".repeat(9000)].concat();
        let mut masker = CsvMasker::new(Detectors::builtin(), Operators::redact_all());
        let mut out = Vec::new();
        for chunk in input.chunks(1000) {
            out.extend(masker.push(chunk).unwrap());
            assert!(masker.held_back_bytes() <= MAX_VALUE_BYTES + 1024);
        }
        out.extend(masker.finish().unwrap());
        assert!(!String::from_utf8(out).unwrap().contains('@'), "{start}");
    }
}

proptest! {
    #[test]
    fn any_bytes_in_any_cut(
        input in prop::collection::vec(prop_oneof![
            prop::sample::select(b"\",;\t\r\nab@1.com".to_vec()), any::<u8>()
        ], 0..200),
        lengths in prop::collection::vec(1usize..40, 1..6),
    ) {
        let expected = whole(&input);
        prop_assert_eq!(&chunked(&input, &lengths), &expected);
        prop_assert_eq!(&chunked(&input, &[1]), &expected);
        for cut in 1..input.len() {
            prop_assert_eq!(&chunked(&input, &[cut, input.len()]), &expected);
        }
    }

    #[test]
    fn tables_stay_tables(rows in prop::collection::vec(prop::collection::vec(
        prop_oneof![
            Just("ada@example.com".to_owned()), Just("4111 1111 1111 1111".to_owned()),
            Just("\"a \"\"4111111111111111\"\"\"".to_owned()), "[a-z0-9 .]{0,8}",
            "\"[a-z,\n;]{0,8}\"",
        ], 3), 1..6)) {
        let rows: Vec<_> = rows.iter().map(|row| row.join(",")).collect();
        let input = rows.join("\r\n");
        let (out, _) = whole(input.as_bytes());
        prop_assert!(!out.contains(&b'@'));
        prop_assert!(memchr::memmem::find(&out, b"4111").is_none());
        let count = |bytes: &[u8], byte| bytes.iter().filter(|b| **b == byte).count();
        for byte in [b',', b'\n', b'"'] {
            prop_assert_eq!(count(&out, byte), count(input.as_bytes(), byte));
        }
        prop_assert_eq!(&whole(&out).0, &out, "masking twice");
    }
}
