//! Keys and state at rest.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;

use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet_store::keys::{
    read_signing_key, read_verifying_key, write_signing_key, write_verifying_key,
};
use placet_store::{StateFile, StoreError};

fn key(n: u8) -> NamedSigningKey {
    NamedSigningKey::new(
        KeyName::parse("example.com/audit").unwrap(),
        SigningKey::from_seed(&[n; 32]),
    )
}

#[test]
fn keys_are_written_once_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let (private, public) = (dir.path().join("audit.key"), dir.path().join("audit.vkey"));
    write_signing_key(&private, &key(1)).unwrap();
    write_verifying_key(&public, &key(1).verifying_key()).unwrap();
    assert_eq!(read_signing_key(&private).unwrap().verifying_key(), key(1).verifying_key());
    for given in [public.to_str().unwrap(), &key(1).verifying_key().to_string()] {
        assert_eq!(read_verifying_key(given).unwrap(), key(1).verifying_key());
    }
    assert_eq!(write_signing_key(&private, &key(2)).unwrap_err().code(), "API132");
    assert_eq!(read_signing_key(&private).unwrap().verifying_key(), key(1).verifying_key());
    assert_eq!(read_signing_key(&public).unwrap_err().code(), "API134");
    assert_eq!(read_verifying_key(private.to_str().unwrap()).unwrap_err().code(), "API134");
    assert_eq!(read_verifying_key("no such file").unwrap_err().code(), "API131");
    // Nothing but the two files: no temporary copy of a secret is left.
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn a_private_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.key");
    write_signing_key(&path, &key(1)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(read_signing_key(&path), Err(StoreError::OpenToOthers { .. })));
    }
}

#[test]
fn errors_name_the_file_and_no_content() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("broken");
    let secret = key(1).to_secret_text();
    fs::write(&path, secret.replace("PRIVATE+KEY+", "PRIVATE+KEY*")).unwrap();
    let error = read_verifying_key(path.to_str().unwrap()).unwrap_err();
    let tail = secret.rsplit('+').next().unwrap();
    assert!(!format!("{error} {error:?}").contains(tail));
}

#[test]
fn state_that_was_damaged_is_an_error_and_not_empty() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    let state = StateFile::new(&path);
    state.put("a", &7u64).unwrap();
    state.put("b", &"x").unwrap();
    assert_eq!(state.get::<u64>("a").unwrap(), Some(7));
    assert_eq!(state.get::<u64>("b").unwrap_err().code(), "API135");
    for damage in ["", "{", "[]", "{\"a\":1,\"a\":2}", "{\"a\":7}x"] {
        fs::write(&path, damage).unwrap();
        assert_eq!(state.get::<u64>("a").unwrap_err().code(), "API135", "{damage}");
        assert_eq!(state.put("a", &9u64).unwrap_err().code(), "API135", "{damage}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damage);
    }
}

#[test]
fn threads_do_not_lose_each_others_state() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    std::thread::scope(|scope| {
        for n in 0..8u64 {
            let state = StateFile::new(&path);
            scope.spawn(move || state.put(&format!("bundle-{n}"), &n).unwrap());
        }
    });
    let state = StateFile::new(&path);
    for n in 0..8u64 {
        assert_eq!(state.get(&format!("bundle-{n}")).unwrap(), Some(n));
    }
}
