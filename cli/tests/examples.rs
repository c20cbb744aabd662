//! The security team's example is run as it stands: keys, lint, tests, signatures, and what must not
//! pass.

use std::path::Path;
use std::process::Command;

#[test]
fn the_security_team_ships_its_bundle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_placet")).parent().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let ran = Command::new("sh")
        .arg(root.join("examples/security-team/ship.sh"))
        .arg(dir.path().join("out"))
        .env("PATH", format!("{}:{}", bin.display(), std::env::var("PATH").unwrap()))
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}{err}");
    assert!(out.contains("7 passed, 0 failed") && out.contains("shipped: v2.json"), "{out}");
    // The older bundle and the changed one are refused with their own codes.
    assert!(err.contains("BND011"), "{err}");
    assert_eq!(err.matches("error[").count(), 2, "{err}");
}
