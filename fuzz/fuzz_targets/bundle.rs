//! Any text as the files of a bundle: compiles or is refused with places inside the files, never
//! panics; what compiles decides about an opaque and an empty command without panicking.
#![no_main]

use libfuzzer_sys::fuzz_target;
use placet::facts::{Facts, Protocol, Reason, Understanding};
use placet::policy::{Source, Verdict, compile, lint};
use placet::request::{
    Context, Enforces, Principal, PrincipalKind, Request, Resource, Session,
};

fuzz_target!(|files: (String, String, String, String, String)| {
    let (manifest, rules, classes, approvals, tags) = files;
    let source = Source::from_files([
        ("bundle.toml", manifest.as_str()),
        ("rules/a.toml", rules.as_str()),
        ("classes.toml", classes.as_str()),
        ("approvals.toml", approvals.as_str()),
        ("tags/a.toml", tags.as_str()),
    ]);
    let rules = match compile(&source) {
        Ok(rules) => rules,
        Err(errors) => {
            for error in &errors {
                if let (Some(span), Some(text)) = (error.span(), source.get(error.file())) {
                    assert!(span.end() <= text.len());
                }
                assert!(!error.to_string().contains('\n'));
            }
            return;
        }
    };
    let _ = lint(&rules);
    let request = Request {
        principal: Principal {
            id: "agent:x".into(),
            kind: PrincipalKind::Agent,
            groups: vec!["a/b".into()],
            claims: Default::default(),
            delegator: None,
        },
        resource: Resource {
            kind: "postgres".into(),
            name: "x".into(),
            labels: Default::default(),
        },
        session: Session::default(),
        context: Context::default(),
        enforces: Enforces::ALL,
    };
    let Some(protocol) = Protocol::parse("postgres") else { return };
    let opaque = rules.decide(&Facts::opaque(protocol, Reason::NotParsed, 1), &request);
    assert!(opaque.verdict >= Verdict::RequireApproval);
    let nothing = Facts {
        protocol,
        understanding: Understanding::Full,
        reasons: Vec::new(),
        actions: Vec::new(),
        session: Vec::new(),
        statements: Some(0),
    };
    let decision = rules.decide(&nothing, &request);
    assert_eq!(decision, rules.decide(&nothing, &request));
});
