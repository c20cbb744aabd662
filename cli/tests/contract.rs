//! The shapes of the command line's contract (`docs/spec/cli.md`), checked on the real binary.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn placet(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_placet"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// Sends lines, expects exit 0 and one JSON answer a line.
fn answers(arguments: &[&str], lines: &[String]) -> Vec<Value> {
    let output = placet(arguments, &format!("{}\n", lines.join("\n")));
    assert_eq!(code(&output), 0, "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

const EFFECTS: &[&str] = &[
    "read_data",
    "write_data",
    "destroy",
    "schema",
    "privilege",
    "identity",
    "code_exec",
    "fs_read",
    "fs_write",
    "net_egress",
    "secret_read",
    "pii_move",
    "availability",
    "persistence",
    "parser_state",
    "audit_tamper",
];
const OPS: &[&str] = &[
    "read",
    "list",
    "create",
    "update",
    "delete",
    "define",
    "destroy",
    "grant",
    "assume",
    "execute",
    "stream",
    "configure",
    "session",
    "txn",
    "unknown",
];

fn words(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

fn check_facts(facts: &Value) {
    assert!(["full", "partial", "opaque"].contains(&facts["understanding"].as_str().unwrap()));
    let full = facts["understanding"] == "full";
    assert_eq!(words(&facts["reasons"]).is_empty(), full, "{facts}");
    assert!(facts["statements"].is_null() || facts["statements"].is_u64());
    for key in ["writes", "destructive", "unbounded"] {
        assert!(facts[key].is_boolean(), "{key}");
    }
    assert!(facts["max_rows"].is_null() || facts["max_rows"].is_u64());
    assert!(words(&facts["effects"]).iter().all(|effect| EFFECTS.contains(effect)));
    for action in facts["actions"].as_array().unwrap() {
        check_action(action);
    }
}

fn check_action(action: &Value) {
    assert!(OPS.contains(&action["op"].as_str().unwrap()));
    assert!(action["verb"].is_string());
    for target in action["targets"].as_array().unwrap() {
        assert!(target["kind"].is_string() && target["path"].is_string());
        assert!(["source", "sink", "object"].contains(&target["role"].as_str().unwrap()));
    }
    let extent = &action["extent"];
    match (extent.as_str(), extent.as_object()) {
        (Some(word), _) => assert!(["one", "all", "unknown"].contains(&word)),
        (None, Some(map)) => {
            let known = map.contains_key("at_most") || map.contains_key("filtered");
            assert!(map.len() == 1 && known);
        }
        (None, None) => panic!("extent {extent}"),
    }
    assert!(words(&action["may"]).iter().all(|effect| EFFECTS.contains(effect)));
    words(&action["calls"]);
    let outputs = &action["outputs"];
    match outputs.as_str() {
        Some(word) => assert!(["none", "opaque"].contains(&word)),
        None => outputs["columns"].as_array().unwrap().iter().for_each(check_column),
    }
    let span = action["span"].as_array().unwrap();
    assert!(span.len() == 2 && span[0].as_u64() <= span[1].as_u64());
    for nested in action["nested"].as_array().unwrap() {
        check_facts(nested);
    }
}

fn check_column(column: &Value) {
    assert!(column["name"].is_string());
    assert!(column["sources"] == "any" || column["sources"].is_array());
    assert!(column["implicit"] == "any" || column["implicit"].is_array());
    let how = column["how"].as_str().unwrap();
    assert!(["plain", "derived", "aggregate", "opaque"].contains(&how));
}

#[test]
fn fingerprints_stand_beside_the_facts_where_they_are_asked_for() {
    let texts =
        ["SELECT * FROM t WHERE id = 1", "select * from T -- all\nwhere id = 2", "SELECT 'open"];
    let lines: Vec<String> =
        texts.iter().map(|text| json!({"id": 1, "text": text}).to_string()).collect();
    let asked = answers(&["facts", "--protocol", "postgres", "--fingerprint", "--jsonl"], &lines);
    let [a, b, open] = asked.as_slice() else { panic!("{asked:?}") };
    check_facts(a);
    assert!(a["fingerprint"]["exact"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(a["fingerprint"]["shape"], b["fingerprint"]["shape"]);
    assert_ne!(a["fingerprint"]["exact"], b["fingerprint"]["exact"]);
    assert_eq!(open["fingerprint"], Value::Null);
    let plain = answers(&["facts", "--protocol", "postgres", "--jsonl"], &lines);
    assert!(plain.iter().all(|facts| facts.get("fingerprint").is_none()));
}

#[test]
fn facts_answer_every_line_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = dir.path().join("catalog.json");
    let table = json!({"schema": "public", "name": "customers", "unique": [["id"]],
        "columns": [{"name": "id", "type": "int4"}, {"name": "email", "type": "text"}]});
    let snapshot = json!({"dialect": "postgres", "default_schema": "public", "tables": [table],
        "views": [], "functions": []});
    std::fs::write(&catalog, snapshot.to_string()).unwrap();
    let catalog = catalog.to_str().unwrap();
    let texts = [
        "SELECT id, email FROM customers WHERE id = 7",
        "DELETE FROM customers; SELECT 1",
        "\0\u{fffd} ) garbage '",
        "",
        "-- only a comment",
        "UPDATE customers SET email = $1 WHERE id = $2",
        "DO $$ BEGIN DELETE FROM customers; END $$",
        "WITH gone AS (DELETE FROM customers RETURNING *) SELECT * FROM gone",
    ];
    let lines: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(id, text)| json!({"id": id, "text": text, "ignored": true}).to_string())
        .collect();
    let answers =
        answers(&["facts", "--protocol", "postgres", "--catalog", catalog, "--jsonl"], &lines);
    for (id, answer) in answers.iter().enumerate() {
        assert_eq!(answer["id"], id);
        check_facts(answer);
    }
    assert_eq!(answers[0]["writes"], false);
    assert_eq!(answers[0]["max_rows"], 1);
    assert_eq!(answers[1]["statements"], 2);
    assert_eq!(answers[1]["unbounded"], true);
    assert_eq!(answers[2]["understanding"], "opaque");
    assert_eq!(answers[3]["statements"], 0);
}

#[test]
fn every_protocol_has_an_answer() {
    for protocol in placet::command::Protocol::all() {
        let arguments = ["facts", "--protocol", protocol.name(), "--jsonl"];
        let lines = [json!({"id": "a", "text": "SELECT 1"}).to_string()];
        check_facts(&answers(&arguments, &lines)[0]);
    }
    assert_eq!(code(&placet(&["facts", "--protocol", "sql", "--jsonl"], "")), 2);
}

#[test]
fn bad_lines_are_answered_and_the_next_line_is_served() {
    let lines = [
        "this is not json",
        "",
        "[1]",
        r#"{"id":"x"}"#,
        r#"{"id":"y","text":"SELECT 1","bytes":"U0VMRUNUIDE="}"#,
        r#"{"id":"z","bytes":"***"}"#,
        r#"{"id":"w","text":"SELECT 1","text":"DROP TABLE t"}"#,
        r#"{"id":"v","text":7}"#,
        r#"{"id":"ok","bytes":"U0VMRUNUIDE="}"#,
    ]
    .map(str::to_owned);
    let answers = answers(&["facts", "--protocol", "postgres", "--jsonl"], &lines);
    for answer in &answers[..8] {
        let error = &answer["error"];
        assert!(error["code"].is_string(), "{answer}");
        assert!(!error["help"].as_str().unwrap().is_empty());
        assert!(error["span"].is_null() || error["span"].is_array());
    }
    assert_eq!(answers[3]["id"], "x");
    assert!(answers[0]["id"].is_null());
    check_facts(&answers[8]);
}

#[test]
fn a_decision_has_its_shape() {
    let request = json!({
        "id": "1",
        "principal": {"id": "agent:x", "kind": "agent", "groups": ["agents/x"], "claims": {}},
        "resource": {"kind": "postgres", "name": "crm", "labels": {"env": "prod"}},
        "command": {"protocol": "postgres", "text": "DELETE FROM customers"},
    });
    let mut misspelt = request.clone();
    misspelt["principal"]["grups"] = json!([]);
    let lines = [request.to_string(), misspelt.to_string()];
    let answers = answers(&["decide", "--bundle", "baseline", "--jsonl"], &lines);
    let answer = &answers[0];
    let verdicts = ["allow", "mask", "limit", "require_approval", "deny"];
    assert!(verdicts.contains(&answer["verdict"].as_str().unwrap()));
    assert_ne!(answer["verdict"], "allow");
    for key in ["rules", "reasons", "obligations", "stamps"] {
        assert!(answer[key].is_array(), "{key}");
    }
    assert!(answer["risk"].is_i64() && answer["explanation"].is_object());
    assert!(answer["bundle"].as_str().unwrap().starts_with("sha256:"));
    assert!(answer["remedy"].is_null() || answer["remedy"].is_string());
    assert!(["full", "partial", "opaque"].contains(&answer["understanding"].as_str().unwrap()));
    assert_eq!(answers[1]["error"]["code"], "API002");
}

#[test]
fn one_decision_sets_the_exit_code() {
    let ask = |text: &str| {
        let request = json!({
            "principal": {"id": "agent:x", "kind": "agent"},
            "resource": {"kind": "postgres", "name": "crm", "labels": {"env": "prod"}},
            "command": {"protocol": "postgres", "text": text},
        });
        placet(&["decide", "--bundle", "baseline", "--json"], &request.to_string())
    };
    for text in
        ["SELECT 1", "DELETE FROM customers", "DROP TABLE t", "UPDATE t SET a = 1 WHERE id = 1"]
    {
        let output = ask(text);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let expected = match answer["verdict"].as_str().unwrap() {
            "allow" | "mask" | "limit" => 0,
            "require_approval" => 4,
            "deny" => 3,
            other => panic!("{other}"),
        };
        assert_eq!(code(&output), expected, "{text}");
    }
    assert_eq!(code(&ask("SELECT 1")), 0);
    assert_eq!(code(&placet(&["decide", "--bundle", "no-such-bundle"], "{}")), 2);
}

#[test]
fn masking_has_its_shape_and_streams() {
    let text = "card 4111 1111 1111 1111 end";
    let lines = [json!({"id": "m", "text": text}).to_string()];
    let answer = &answers(&["mask", "--jsonl"], &lines)[0];
    assert_eq!(answer["text"], "card [CREDIT_CARD] end");
    let finding = &answer["findings"][0];
    assert_eq!(
        (&finding["type"], &finding["start"], &finding["end"]),
        (&json!("CREDIT_CARD"), &json!(5), &json!(24))
    );
    let score = finding["score"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&score));
    let streamed = placet(&["mask"], text);
    assert_eq!(streamed.stdout, b"card [CREDIT_CARD] end");
    assert_eq!(code(&placet(&["mask", "--check"], text)), 1);
    assert_eq!(code(&placet(&["mask", "--check"], "nothing here")), 0);
    let body = r#"{"card":"4111111111111111","n":1}"#;
    let json = placet(&["mask", "--format", "json"], body);
    assert_eq!(json.stdout, br#"{"card":"[CREDIT_CARD]","n":1}"#);
}

#[test]
fn the_demo_leaves_a_log_that_verifies_and_a_flipped_byte_shows() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("demo");
    let demo = placet(&["demo", "--out", out.to_str().unwrap()], "");
    assert_eq!(code(&demo), 0, "{}", String::from_utf8_lossy(&demo.stderr));
    let (log, key) = (out.join("audit"), out.join("audit.vkey"));
    let verify = |log: &Path| {
        let arguments =
            ["audit", "verify", log.to_str().unwrap(), "--key", key.to_str().unwrap(), "--json"];
        let output = placet(&arguments, "");
        (code(&output), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (exit, report) = verify(&log);
    assert_eq!((exit, &report["state"]), (0, &json!("CLOSED_CLEAN")));
    for key in ["class", "index", "proven_size", "proven_time"] {
        assert!(report.get(key).is_some(), "{key}");
    }
    let writer = std::fs::read_dir(&log).unwrap().next().unwrap().unwrap().path();
    let segment = std::fs::read_dir(&writer)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("seg-"))
        .unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let (exit, report) = verify(&log);
    assert_eq!((exit, &report["state"]), (6, &json!("TAMPERED")));
}

#[test]
fn a_token_and_its_line_fit_the_proxy() {
    let output = placet(&["token", "new"], "");
    assert_eq!(code(&output), 0);
    let text = String::from_utf8(output.stdout).unwrap();
    let [token, line] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    // 32 bytes in base64, behind a word that scanners for secrets can look for.
    assert!(token.starts_with("placet_") && token.len() == 7 + 43, "{token}");
    let digest = placet::crypto::sha256(token.as_bytes()).to_string();
    assert_eq!(line, format!("token_sha256 = \"{}\"", digest.trim_start_matches("sha256:")));
    let other = placet(&["token", "new"], "");
    assert_ne!(text.into_bytes(), other.stdout);
}

#[test]
fn proxy_check_tells_every_problem_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("proxy.toml");
    let path = path.to_str().unwrap();
    std::fs::write(path, "listen = \"0.0.0.0:1\"\n\n  lisen = 2\n").unwrap();
    let output = placet(&["proxy", "check", "--config", path], "");
    assert_eq!(code(&output), 2);
    let text = String::from_utf8(output.stderr).unwrap();
    for place in [format!("{path}:1:10"), format!("{path}:3:3")] {
        assert!(text.contains(&place), "{text}");
    }
    assert!(text.contains("error[API046]") && text.contains("did you mean `listen`?"), "{text}");
    // A password does not belong there, and is not shown to whoever watches.
    let upstream = "[[database]]\nname = \"a\"\nupstream = { password = \"hunter2\" }\n";
    std::fs::write(path, upstream).unwrap();
    let output = placet(&["proxy", "check", "--config", path], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains(":3:25") && !text.contains("hunter2"), "{text}");
    assert_eq!(code(&placet(&["proxy"], "")), 2);
    assert_eq!(code(&placet(&["proxy", "check"], "")), 2);
}
