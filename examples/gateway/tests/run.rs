//! The example does what its first lines say.

use std::io::Write;
use std::process::{Command, Stdio};

use placet::audit::State;
use placet_store::{VerifyOptions, keys, verify};

#[test]
fn decides_logs_forwards_and_masks() {
    let dir = tempfile::tempdir().unwrap();
    let mut gateway = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .arg(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let commands = "SELECT id, email FROM customers WHERE id = 7\n\
                    DELETE FROM customers -- WHERE id = 7\n\
                    gibberish\n";
    gateway.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    let output = gateway.wait_with_output().unwrap();
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    let [read, delete, gibberish] = lines.as_slice() else { panic!("three answers: {shown}") };
    assert_eq!(*read, "7\t[EMAIL_ADDRESS]");
    assert_eq!(*delete, "refused (forbidden): Add a WHERE that names the rows you mean.");
    assert!(gibberish.starts_with("refused (") && gibberish.contains("not_parsed"), "{gibberish}");

    let key = keys::read_verifying_key(dir.path().join("audit.vkey").to_str().unwrap()).unwrap();
    let report = verify(&dir.path().join("audit"), &key, &VerifyOptions::default()).unwrap();
    assert_eq!(report.state, State::ClosedClean);
}
