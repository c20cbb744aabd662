//! `testdata/approvals/*.toml`: what is shown, what is bound, which answers count. The expected
//! values come from `make.py` there, which shares no code with the library.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use placet::approval::{
    ApprovalRequest, BoundCommand, BoundContext, Hold, Param, Roster, Salt, SignedStatement, escape,
};
use placet::primitives::Timestamp;
use placet::schema::{ApprovalKind, ApprovalSpec, ApprovalStage, Approver};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File<T> {
    case: Vec<T>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Bytes {
    Text(String),
    Hex { hex: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EscapeCase {
    name: String,
    #[expect(dead_code, reason = "for readers")]
    why: String,
    input: Bytes,
    shown: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionCase {
    name: String,
    #[expect(dead_code, reason = "for readers")]
    why: String,
    command: Command,
    hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    protocol: String,
    resource_kind: String,
    resource_name: String,
    bytes: Bytes,
    params: Vec<CaseParam>,
    context: CaseContext,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum CaseParam {
    Null(bool),
    Bool(bool),
    Number(String),
    Text(String),
    Bytes(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseContext {
    database: Option<String>,
    search_path: Option<Vec<String>>,
    role: Option<String>,
    #[serde(default)]
    parser_state: BTreeMap<String, String>,
    cwd: Option<String>,
    kube_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    setup: Setup,
    case: Vec<AnswerCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    request: String,
    display: String,
    now: String,
    spec: CaseSpec,
    approvers: Vec<CaseApprover>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseSpec {
    id: String,
    any_of: Vec<String>,
    min: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseApprover {
    id: String,
    groups: Vec<String>,
    keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerCase {
    name: String,
    #[expect(dead_code, reason = "for readers")]
    why: String,
    answers: Vec<String>,
    state: String,
    error: Option<String>,
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/approvals").join(name);
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).unwrap().try_into().unwrap()).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

impl Bytes {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Hex { hex: text } => hex(text),
        }
    }
}

fn same(found: &str, expected: &str) -> Result<(), Failed> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("expected {expected}\n   found {found}").into())
    }
}

fn action(command: Command) -> BoundCommand {
    let param = |param| match param {
        CaseParam::Null(set) => {
            assert!(set, "write null = true");
            Param::Null
        }
        CaseParam::Bool(value) => Param::Bool(value),
        CaseParam::Number(text) => Param::Number(text),
        CaseParam::Text(text) => Param::Text(text),
        CaseParam::Bytes(text) => Param::Bytes(hex(&text)),
    };
    let CaseContext { database, search_path, role, parser_state, cwd, kube_context } =
        command.context;
    BoundCommand {
        protocol: command.protocol,
        resource_kind: command.resource_kind,
        resource_name: command.resource_name,
        bytes: command.bytes.bytes(),
        params: command.params.into_iter().map(param).collect(),
        context: BoundContext { database, search_path, role, parser_state, cwd, kube_context },
    }
}

/// Takes the answers in order: the code of the last one, and how the request stands.
fn answer(setup: &Setup, case: &AnswerCase) -> (Option<&'static str>, &'static str) {
    let spec = ApprovalSpec {
        id: setup.spec.id.clone(),
        about: None,
        kind: ApprovalKind::Normal,
        stages: vec![ApprovalStage { any_of: setup.spec.any_of.clone(), min: setup.spec.min }],
        distinct: true,
        not: Vec::new(),
        expires_in_seconds: 600,
    };
    let people = setup.approvers.iter().map(|person| Approver {
        id: person.id.clone(),
        groups: person.groups.clone(),
        keys: person.keys.clone(),
    });
    let roster = Arc::new(Roster::new(&[spec], &people.collect::<Vec<_>>()).unwrap());
    let request = ApprovalRequest::from_stored(setup.request.as_bytes()).unwrap();
    let now = Timestamp::parse(&setup.now).unwrap();
    let mut hold = Hold::new(request, roster).unwrap();
    let mut last = None;
    for text in &case.answers {
        let taken = SignedStatement::parse(text.as_bytes()).and_then(|a| hold.answer(a, now));
        last = taken.err().map(|error| error.code());
    }
    (last, hold.state(now).name())
}

fn main() {
    let mut trials = Vec::new();
    for case in read::<File<EscapeCase>>("escape.toml").case {
        trials.push(Trial::test(format!("approvals/escape/{}", case.name), move || {
            same(&escape(&case.input.bytes()), &case.shown)
        }));
    }
    for case in read::<File<ActionCase>>("action.toml").case {
        trials.push(Trial::test(format!("approvals/action/{}", case.name), move || {
            let found = action(case.command).action_hash(&Salt::from_bytes([7; 32]));
            same(&found.to_string(), &case.hash)
        }));
    }
    let AnswerFile { setup, case: cases } = read("answers.toml");
    let setup = Arc::new(setup);
    let shown = setup.clone();
    trials.push(Trial::test("approvals/answers/display", move || {
        let request = ApprovalRequest::from_stored(shown.request.as_bytes())?;
        same(request.display(), &shown.display)
    }));
    for case in cases {
        let setup = setup.clone();
        trials.push(Trial::test(format!("approvals/answers/{}", case.name), move || {
            let (error, state) = answer(&setup, &case);
            same(error.unwrap_or("taken"), case.error.as_deref().unwrap_or("taken"))?;
            same(state, &case.state)
        }));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
