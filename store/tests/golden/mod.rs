//! The golden logs: fixed keys, times and events, so that their bytes never change.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![expect(unreachable_pub, reason = "a module of several test binaries")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use placet::audit::segment::segment_name;
use placet::audit::{Event, EventKind, Group, LogVerifier, Origin, Writer};
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::primitives::Timestamp;

/// Path inside a log directory to content.
pub type Files = BTreeMap<String, Vec<u8>>;

pub fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/audit")
}

pub fn root() -> NamedSigningKey {
    let name = KeyName::parse("example.com/audit").unwrap();
    NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32]))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").unwrap().plus_seconds(seconds)
}

fn event(n: i64, kind: EventKind, body: &serde_json::Value) -> Event {
    Event::new(kind, at(n), body).unwrap()
}

/// One writer's directory as it grows.
struct Log {
    name: String,
    writer: Writer,
    segment: String,
    files: Files,
    events: i64,
}

impl Log {
    fn new(name: &str, instance: &str) -> Self {
        let origin = Origin::parse(&format!("example.com/audit/{name}/{instance}")).unwrap();
        let (writer, group) = Writer::create(origin, &root(), &[2; 32], 60, at(0)).unwrap();
        let writer = writer.with_segment_limit(4096);
        let segment = format!("{name}/{}", segment_name(0));
        let mut log =
            Self { name: name.to_owned(), writer, segment, files: Files::new(), events: 0 };
        log.take(group);
        log
    }

    fn take(&mut self, group: Group) {
        if let Some(new) = &group.new_segment {
            self.files.get_mut(&self.segment).unwrap().extend(&new.seal);
            self.segment = format!("{}/{}", self.name, segment_name(new.first));
        }
        self.files.entry(self.segment.clone()).or_default().extend(group.bytes);
    }

    fn group(&mut self, events: usize, word: &str) {
        for _ in 0..events {
            self.events += 1;
            let n = self.events;
            let event = if n % 2 == 1 {
                let body = serde_json::json!({"decision_id": format!("{word}-{n}"),
                    "verdict": "allow", "rules": ["read-crm"], "enforcement": "in_process"});
                event(n, EventKind::Decision, &body)
            } else {
                let body =
                    serde_json::json!({"decision_id": format!("{word}-{}", n - 1), "rows": n});
                event(n, EventKind::Outcome, &body)
            };
            self.writer.append(&event).unwrap();
        }
        let group = self.writer.commit().unwrap().unwrap();
        self.take(group);
    }

    fn heartbeat(&mut self) {
        self.events += 60;
        self.writer.heartbeat(at(self.events)).unwrap();
        let group = self.writer.commit().unwrap().unwrap();
        self.take(group);
    }

    fn rotate(&mut self, seed: u8) {
        let group = self.writer.rotate(&root(), &[seed; 32], at(self.events)).unwrap();
        self.take(group);
    }

    fn close(&mut self) {
        let group = self.writer.close(at(self.events + 1)).unwrap();
        self.take(group);
    }

    fn reopen(&mut self, seed: u8) {
        let mut verifier = LogVerifier::new(root().verifying_key(), None);
        let count = self.files.len();
        for (n, (name, bytes)) in self.files.iter().enumerate() {
            let first = placet::audit::segment::parse_segment_name(name.split('/').nth(1).unwrap());
            verifier.begin_segment(first.unwrap(), n + 1 == count);
            verifier.push(bytes);
            verifier.end_segment();
        }
        let log = verifier.finish(&self.name, None).recovered.unwrap();
        self.events += 100;
        let (writer, group) =
            Writer::reopen(log, &root(), &[seed; 32], None, at(self.events)).unwrap();
        self.writer = writer.with_segment_limit(4096);
        self.take(group);
    }
}

/// Every golden log by name.
pub fn logs() -> BTreeMap<&'static str, Files> {
    let mut out = BTreeMap::new();
    let mut closed = Log::new("gateway-1", "0011223344556677");
    [1, 3, 1, 2, 1].into_iter().for_each(|n| closed.group(n, "d"));
    closed.close();
    out.insert("closed", closed.files.clone());

    let mut live = Log::new("gateway-1", "0011223344556677");
    [2, 1].into_iter().for_each(|n| live.group(n, "d"));
    live.heartbeat();
    live.group(2, "d");
    out.insert("live", live.files.clone());

    let mut fork = Log::new("gateway-1", "0011223344556677");
    [1, 3, 4].into_iter().for_each(|n| fork.group(n, "f"));
    out.insert("fork", fork.files);

    let mut segments = Log::new("gateway-1", "8899aabbccddeeff");
    (0..6).for_each(|_| segments.group(3, "s"));
    segments.rotate(3);
    (0..5).for_each(|_| segments.group(2, "s"));
    segments.close();
    segments.reopen(4);
    segments.group(2, "s");
    segments.close();
    out.insert("segments", segments.files);

    let mut other = Log::new("gateway-9", "9999999999999999");
    [1, 3, 1, 2, 1].into_iter().for_each(|n| other.group(n, "o"));
    other.close();
    out.insert("other", other.files.clone());

    let mut two = closed.files;
    two.extend(other.files);
    out.insert("two", two);
    out
}

/// Writes a log's files into a directory.
pub fn write(files: &Files, dir: &Path) {
    for (name, bytes) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}
