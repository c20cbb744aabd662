//! The `console` blocks of the README are run as they stand there: lines behind `$ ` are commands,
//! the lines below them the output they must give.

use std::path::Path;
use std::process::Command;

/// Commands with their expected output, one list a block.
#[expect(clippy::panic, reason = "a README that cannot be read fails the test")]
fn blocks(text: &str) -> Vec<Vec<(String, String)>> {
    let mut blocks = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line == "```console" {
            inside = true;
            blocks.push(Vec::new());
        } else if line == "```" {
            inside = false;
        } else if inside && let Some(block) = blocks.last_mut() {
            match line.strip_prefix("$ ") {
                Some(command) => block.push((command.to_owned(), String::new())),
                None => {
                    let Some((_, output)) = block.last_mut() else {
                        panic!("output without a command: {line}")
                    };
                    output.push_str(line);
                    output.push('\n');
                }
            }
        }
    }
    blocks
}

#[test]
fn console_blocks_of_the_readme_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_placet")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let blocks = blocks(&readme);
    assert!(!blocks.is_empty());
    for block in blocks {
        let dir = tempfile::tempdir().unwrap();
        for (command, expected) in block {
            let output = Command::new("sh")
                .args(["-c", &command])
                .current_dir(dir.path())
                .env("PATH", &path)
                .output()
                .unwrap();
            let got = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(got, expected, "$ {command}");
        }
    }
}
