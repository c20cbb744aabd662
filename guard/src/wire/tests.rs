//! A judge that does not decide again what holds, against one that always decides.

use std::collections::HashMap;
use std::path::Path;

use placet::approval::Param;
use placet::audit::Leaf;
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::primitives::Timestamp;
use placet::request::PrincipalKind;
use placet::wire::postgres::Counts;

use super::*;
use crate::options::{AuditOptions, Options};

/// Questions of one judge.
const QUESTIONS: usize = 3000;

const COMMANDS: &[&str] = &[
    "SELECT name FROM people",
    "SELECT name FROM people WHERE id = $1",
    "DELETE FROM people WHERE id = $1",
    "EXECUTE p",
    "INSERT INTO notes VALUES ($1)",
    QUALIFIED,
];

/// Means the same under every path.
const QUALIFIED: &str = "INSERT INTO public.notes VALUES ($1)";

/// Rules that look at counters and expire: those of 1 have another number in them, those of 2 look at
/// the time as well.
fn bundle(dir: &Path, variant: u64) {
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "bundle.toml",
        "name = \"held\"\nexpires = \"2026-11-30T12:00:08Z\"\non_expiry = \"deny\"\n",
    );
    write(
        "classes.toml",
        "[[class]]\nname = \"pii\"\ndetectors = [\"EMAIL_ADDRESS\"]\noperator = \"redact\"\n",
    );
    let mut rules = "[[rule]]\nid = \"all\"\nwhat = { op = [\"read\", \"create\", \"execute\"] }\n\
         partial = true\nverdict = \"allow\"\n\n\
         [[rule]]\nid = \"people\"\nwhat = { op = [\"read\"], target = \"people\" }\n\
         verdict = { mask = [\"pii\"] }\nexpires = \"2026-11-30T12:00:05Z\"\n\n\
         [[rule]]\nid = \"tired\"\nwhat = { op = [\"read\"] }\nwhen = 'session.rows_out > 2'\n\
         verdict = \"deny\"\n\n\
         [[rule]]\nid = \"few\"\nwhat = { op = [\"read\"] }\nwhen = 'session.statements > 1'\n\
         unless = 'session.writes > 1'\nverdict = { limit = { rows = 2 } }\n\n\
         [[rule]]\nid = \"grant\"\nwhat = { op = [\"delete\"] }\nverdict = \"allow\"\n\
         expires = \"2026-11-30T12:00:03Z\"\n"
        .to_owned();
    if variant == 1 {
        rules = rules.replace("rows_out > 2", "rows_out > 1");
    }
    if variant == 2 {
        rules += "\n[[rule]]\nid = \"night\"\nwhat = { op = [\"create\"] }\n\
             when = 'now >= timestamp(\"2026-11-30T12:00:01.500Z\")'\nverdict = \"deny\"\n";
    }
    write("rules/all.toml", &rules);
}

fn open(dir: &Path) -> Guard {
    let name = KeyName::parse("example.com/log").unwrap();
    let key = NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32]));
    let options = Options::directory(&dir.join("bundle")).audit(AuditOptions::new(
        &dir.join("audit"),
        "test",
        key,
    ));
    Guard::open(options).unwrap()
}

fn peer() -> Peer {
    Peer {
        principal: Principal {
            id: "agent:7".into(),
            kind: PrincipalKind::Agent,
            groups: vec![],
            claims: Default::default(),
            delegator: None,
        },
        authn: Authn::AssertedByEmbedder,
        resource: Resource { kind: "postgres".into(), name: "crm".into(), labels: [].into() },
        database: Some("crm".into()),
        session_id: "s".into(),
    }
}

/// xorshift64: the same questions on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) % n
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// Whatever counts, passes, expires, is loaded anew or is prepared anew: the answer is that of the
/// evaluator, the hash is that of the command that runs, and an event that names an earlier one names
/// one with the same answer about the same facts.
#[test]
fn an_answer_that_is_kept_is_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    bundle(&dir.path().join("bundle"), 0);
    let guard = open(dir.path());
    let postgres = Protocol::parse("postgres").unwrap();
    let mut judge = SessionJudge::new(guard.clone(), postgres, peer());
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let sessions: Vec<_> = ["public", "other"]
        .into_iter()
        .flat_map(|path| {
            ["SELECT 1", "DELETE FROM people"].map(|prepared| SqlSession {
                search_path: Some(vec![path.to_owned()]),
                prepared: Some([("p".to_owned(), prepared.to_owned())].into()),
                ..SqlSession::server_defaults()
            })
        })
        .collect();
    let mut facts: HashMap<(usize, usize), Arc<Facts>> = HashMap::new();
    let mut whole: HashMap<String, Arc<Decided>> = HashMap::new();
    let (mut repeated, mut verdicts) = (0, std::collections::BTreeSet::new());
    for question in 0..QUESTIONS {
        if dice.below(100) == 0 {
            bundle(&dir.path().join("bundle"), dice.below(3));
            guard.reload().unwrap();
        }
        if dice.below(300) == 0 {
            // Everything is read anew: facts get the addresses of others.
            facts.clear();
        }
        let (command, state) = (
            usize::try_from(dice.below(COMMANDS.len() as u64)).unwrap(),
            usize::try_from(dice.below(4)).unwrap(),
        );
        let (text, session) = (COMMANDS[command].as_bytes(), &sessions[state]);
        // As the session reads: under a version, and each time anew what runs another statement.
        let version = state / 2;
        let key = match COMMANDS[command] {
            "EXECUTE p" => (command, 2 + state),
            QUALIFIED => (command, 0),
            _ => (command, version),
        };
        let asked_of =
            Arc::clone(facts.entry(key).or_insert_with(|| guard.facts(postgres, text, session)));
        let params =
            [dice.of(&[Param::Null, Param::Text("1".into()), Param::Bytes(vec![1])]).clone()];
        let types = [*dice.of(&[0, 23, 25])];
        let with = text.contains(&b'$');
        let (params, types) = if with { (&params[..], &types[..]) } else { (&[][..], &[][..]) };
        // Often nothing happened since.
        let calm = dice.below(3) > 0;
        let counts = Counts {
            denials: u64::from(dice.below(4) == 0),
            masked_cells: dice.below(3),
            rows_out: dice.below(4),
            statements: dice.below(3),
            writes: dice.below(3),
        };
        let counts = if calm { Counts::default() } else { counts };
        let millis = *dice.of(&[0, 1499, 1500, 2999, 3000, 4999, 5000, 7999, 8000]);
        let start = Timestamp::parse("2026-11-30T12:00:00Z").unwrap();
        let millis = if calm { 0 } else { millis };
        let now = Timestamp::from_unix_millis(start.unix_millis() + millis);
        let enforces = *dice.of(&[Enforces::ALL, Enforces::ALL, Enforces::NOTHING]);
        let asked = Asked {
            bytes: text,
            facts: &asked_of,
            params,
            types,
            session,
            session_version: u64::try_from(version).unwrap(),
            counts,
            enforces,
            now,
        };
        let here = format!("question {question}: {}", COMMANDS[command]);
        let request = Request {
            principal: peer().principal,
            resource: peer().resource,
            session: Session {
                labels: vec![],
                counters: counts.all().map(|(name, count)| (name.to_owned(), count)).into(),
            },
            context: Context { now: Some(now) },
            enforces,
        };
        let wanted = guard.engine().rules().decide(&asked_of, &request);
        assert_eq!(judge.would_deny(&asked), wanted.verdict == Verdict::Deny, "{here}");
        let judged = judge.judge(&asked).unwrap();
        assert_eq!(judged.decided.decision, wanted, "{here}");
        assert_eq!(judged.decided.facts, asked_of, "{here}");
        verdicts.insert(wanted.verdict);

        // The hash that was logged began with this command, these types, this session.
        let salt = Salt::from_bytes([7; 32]);
        let fresh = judge.action(&asked).hasher.hash(&salt, params);
        let logged = &judge.logged[&Arc::as_ptr(&asked_of).addr()];
        assert_eq!(logged.action.hasher.hash(&salt, params), fresh, "{here}");
        whole.entry(logged.id.to_string()).or_insert_with(|| Arc::clone(&judged.decided));
        guard.log().unwrap().append(&judged.event.unwrap()).unwrap();
    }
    guard.close().unwrap();
    placet_store::for_each_leaf(&dir.path().join("audit").join("test"), |_, line| {
        let body: serde_json::Value =
            serde_json::from_slice(&Leaf::parse(line).unwrap().body()).unwrap();
        if let Some(of) = body["same_as"].as_str() {
            repeated += 1;
            assert_eq!(body["verdict"], whole[of].decision.verdict.name());
        }
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    assert!(repeated > QUESTIONS / 20 && verdicts.len() == 4, "{repeated}, {verdicts:?}");
}
