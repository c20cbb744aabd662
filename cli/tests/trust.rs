//! Bundle directories, keys and roots in hostile or careless hands, on the real binary.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the command line in a directory.
fn placet(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_placet")).current_dir(dir).args(arguments).output().unwrap()
}

/// Runs it, expects this exit code, gives both outputs.
fn run(dir: &Path, arguments: &[&str], code: i32) -> String {
    let output = placet(dir, arguments);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    text
}

/// A directory with the bundle `b`, as `bundle init` writes it.
fn with_bundle() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["bundle", "init", "b"], 0);
    dir
}

#[test]
fn a_link_out_of_the_bundle_shows_nothing_of_what_it_leads_to() {
    let dir = with_bundle();
    fs::write(dir.path().join("secret"), "root:hunter2\n").unwrap();
    for target in ["../../secret", "/dev/zero", "/nowhere", "..", "."] {
        let link = dir.path().join("b/rules/90-link.toml");
        symlink(target, &link).unwrap();
        for command in [["bundle", "lint"], ["bundle", "test"]] {
            let said = run(dir.path(), &[command[0], command[1], "b"], 2);
            assert!(said.contains("API018") && !said.contains("hunter2"), "{target}: {said}");
        }
        fs::remove_file(link).unwrap();
    }
    // A folder that is passed over would be rules that nobody applies.
    fs::rename(dir.path().join("b/rules"), dir.path().join("rules")).unwrap();
    symlink("../rules", dir.path().join("b/rules")).unwrap();
    assert!(run(dir.path(), &["bundle", "test", "b"], 2).contains("API018"));
}

#[test]
fn mounted_configuration_is_read() {
    let dir = with_bundle();
    let rules = dir.path().join("b/rules");
    fs::create_dir(rules.join("..data")).unwrap();
    for name in ["10-reads.toml", "20-writes.toml"] {
        fs::rename(rules.join(name), rules.join("..data").join(name)).unwrap();
        symlink(Path::new("..data").join(name), rules.join(name)).unwrap();
    }
    run(dir.path(), &["bundle", "test", "b"], 0);
}

#[test]
fn no_rule_file_is_passed_over() {
    let dir = with_bundle();
    let rules = dir.path().join("b/rules");
    let file = rules.join("90-deny.TOML");
    fs::write(&file, "").unwrap();
    assert!(run(dir.path(), &["bundle", "lint", "b"], 1).contains("POL007"));
    fs::remove_file(file).unwrap();
    // `rules\10-reads.toml` beside `rules/10-reads.toml`: one would replace the other.
    let file = dir.path().join("b").join(r"rules\10-reads.toml");
    fs::write(&file, "").unwrap();
    assert!(run(dir.path(), &["bundle", "lint", "b"], 2).contains("API018"));
    fs::remove_file(file).unwrap();
    fs::write(rules.join("a b.toml"), "").unwrap();
    let said = run(dir.path(), &["bundle", "pack", "b", "--out", "p.json"], 2);
    assert!(said.contains("a path in the bundle cannot be packed"), "{said}");
}

#[test]
fn many_problems_are_counted_and_long_ones_cut() {
    let dir = with_bundle();
    let file = dir.path().join("b/rules/90-many.toml");
    let many: String = (0..20_000).map(|n| format!("[[rule]]\nx{n} = 1\n")).collect();
    fs::write(&file, many).unwrap();
    let said = run(dir.path(), &["bundle", "lint", "b"], 1);
    assert!(said.len() < 200_000 && said.contains("the first 200 of"), "{} bytes", said.len());
    let said = run(dir.path(), &["bundle", "test", "b"], 2);
    assert!(said.len() < 200_000 && said.contains(" more\n"), "{} bytes", said.len());
    fs::write(&file, format!("{} = 1", "k".repeat(1_000_000))).unwrap();
    assert!(run(dir.path(), &["bundle", "lint", "b"], 1).len() < 10_000);
    fs::write(&file, "x = 1\n\n[[rule]]\nid = 'é\u{202e}'; rm\n").unwrap();
    let said = run(dir.path(), &["bundle", "lint", "b"], 1);
    assert!(said.contains("rules/90-many.toml:4:10"), "{said}");
}

#[test]
fn no_output_replaces_a_key_or_a_root() {
    let dir = with_bundle();
    run(dir.path(), &["key", "new", "a"], 0);
    run(dir.path(), &["key", "new", "example.org/b"], 0);
    let secret = fs::read(dir.path().join("b.key")).unwrap();
    let root = |out: &str, code| {
        let keys = ["bundle", "root", "--key", "a.key", "--expires", "2099-01-01T00:00:00Z"];
        run(dir.path(), &[&keys[..], &["--out", out]].concat(), code)
    };
    assert!(root("b.key", 2).contains("API132"));
    root("root.json", 0);
    assert!(root("root.json", 2).contains("API132"));
    run(dir.path(), &["bundle", "pack", "b", "--out", "p.json"], 0);
    run(dir.path(), &["bundle", "pack", "b", "--out", "p.json"], 0);
    for out in ["b.key", "b.vkey", "root.json", "b"] {
        let said = run(dir.path(), &["bundle", "pack", "b", "--out", out], 2);
        assert!(said.contains("API132"), "{out}: {said}");
    }
    assert_eq!(fs::read(dir.path().join("b.key")).unwrap(), secret);
}

#[test]
fn a_root_that_nobody_could_use_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["key", "new", "a"], 0);
    let root = |more: &[&str]| {
        let start = ["bundle", "root", "--out", "root.json", "--key", "a.key"];
        let said = run(dir.path(), &[&start[..], more].concat(), 2);
        assert!(said.contains("API019") && !dir.path().join("root.json").exists(), "{said}");
    };
    let later = ["--expires", "2099-01-01T00:00:00Z"];
    root(&[&later[..], &["--loosen", "0"]].concat());
    root(&[&later[..], &["--loosen", "2"]].concat());
    root(&[&later[..], &["--key", "a.key", "--loosen", "2"]].concat());
    root(&["--expires", "2001-01-01T00:00:00Z"]);
}

#[test]
fn keys_have_plain_file_names_and_come_in_pairs() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["..", ".", "x/..", "x/", "/", "*", "~", "$HOME", ".hidden", "-x"] {
        assert!(run(dir.path(), &["key", "new", "--", name], 2).contains("API101"), "{name}");
    }
    fs::write(dir.path().join("a.vkey"), "mine").unwrap();
    fs::write(dir.path().join("b.key"), "mine").unwrap();
    run(dir.path(), &["key", "new", "a"], 2);
    run(dir.path(), &["key", "new", "b"], 2);
    let mut left: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["a.vkey", "b.key"]);
    assert_eq!(fs::read(dir.path().join("b.key")).unwrap(), b"mine");
}

#[test]
fn a_private_key_given_as_text_is_not_said_again() {
    let dir = with_bundle();
    run(dir.path(), &["key", "new", "a"], 0);
    run(dir.path(), &["bundle", "pack", "b", "--out", "p.json"], 0);
    let secret = fs::read_to_string(dir.path().join("a.key")).unwrap();
    let (secret, tail) = (secret.trim(), secret.trim().rsplit('+').next().unwrap().to_owned());
    fs::create_dir(dir.path().join("log")).unwrap();
    for (arguments, code) in [
        (&["audit", "verify", "log", "--key", secret][..], "API134"),
        (&["audit", "checkpoint", "log", "--key", secret][..], "API134"),
        (&["bundle", "sign", "p.json", "--key", secret][..], "API131"),
    ] {
        let said = run(dir.path(), arguments, 2);
        assert!(said.contains(code) && !said.contains(&tail), "{said}");
    }
    // A public key with a slip in it is a key, and not a missing file.
    let public = fs::read_to_string(dir.path().join("a.vkey")).unwrap().trim().to_owned();
    let slip = public.replacen("a+", "b+", 1);
    assert!(run(dir.path(), &["audit", "verify", "log", "--key", &slip], 2).contains("API134"));
}

#[test]
fn no_directory_takes_the_place_of_a_shipped_pack() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["bundle", "init", "baseline"], 0);
    assert!(!run(dir.path(), &["bundle", "test", "baseline"], 0).starts_with("6 passed"));
    assert!(run(dir.path(), &["bundle", "test", "./baseline"], 0).starts_with("6 passed"));
    fs::remove_dir_all(dir.path().join("baseline")).unwrap();
    fs::write(dir.path().join("baseline"), "{}").unwrap();
    assert!(run(dir.path(), &["mask", "--bundle", "baseline", "/dev/null"], 0).is_empty());
    assert!(
        run(dir.path(), &["mask", "--bundle", "./baseline", "/dev/null"], 2).contains("API015")
    );
}

#[test]
fn a_session_or_catalog_says_each_thing_once() {
    let dir = tempfile::tempdir().unwrap();
    for (option, text) in [
        ("--session", r#"{"role":"reader","role":"admin"}"#),
        ("--session", r#"{"labels":{"a":"1","\u0061":"2"}}"#),
        ("--catalog", r#"{"dialect":"postgres","dialect":"mysql","tables":[]}"#),
    ] {
        fs::write(dir.path().join("x.json"), text).unwrap();
        let facts = ["facts", "--protocol", "postgres", option, "x.json", "SELECT 1"];
        let said = run(dir.path(), &facts, 2);
        assert!(said.contains("API010") && said.contains("twice"), "{said}");
    }
}
