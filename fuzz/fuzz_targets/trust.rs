//! Any bytes at every door of trust: signed statements, stored requests, packed bundles, root
//! documents, revocations, states. Nothing panics, nothing unsigned is taken, and what is read is
//! written back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use placet::approval::{ApprovalRequest, SignedStatement, escape};
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::policy::{RoleKeys, Root, RootDocument, TrustedState, VerifiedBundle, envelope};
use placet::primitives::Timestamp;

fn root() -> Option<Root> {
    let key = NamedSigningKey::new(KeyName::parse("k").ok()?, SigningKey::from_seed(&[1; 32]));
    let all = RoleKeys { keys: vec![key.verifying_key()], threshold: 1 };
    let document = RootDocument {
        version: 1,
        expires: Timestamp::from_unix_millis(i64::MAX),
        root: all.clone(),
        bundle: all.clone(),
        loosen: all.clone(),
        revoke: all,
    };
    Root::pin(&document.sign(&[key.key()]).ok()?).ok()
}

fuzz_target!(|data: &[u8]| {
    if let Ok(signed) = SignedStatement::parse(data) {
        assert_eq!(SignedStatement::parse(&signed.to_json()), Ok(signed));
    }
    if let Ok(request) = ApprovalRequest::from_stored(data) {
        let again = ApprovalRequest::from_stored(&request.to_stored());
        assert!(again.is_ok_and(|again| again.display_hash() == request.display_hash()));
    }
    if let Ok(source) = envelope::unpack(data) {
        assert_eq!(envelope::pack(&source).ok().as_deref(), Some(data));
    }
    if let Ok(state) = TrustedState::parse(data) {
        assert_eq!(TrustedState::parse(&state.to_json()), Ok(state));
    }
    assert!(escape(data).chars().all(|c| c == '\n' || !c.is_control()));
    let _ = Root::pin(data);
    if let Some(root) = root() {
        let now = Timestamp::from_unix_millis(0);
        assert!(VerifiedBundle::verify(data, &root, None, now).is_err());
        assert!(TrustedState::new().revoke(data, &root).is_err());
        assert!(root.rotate(data).is_err());
    }
});
