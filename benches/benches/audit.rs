//! The log: what an event costs to append, and how fast an auditor can check it.
//!
//! Leaves have 512 bytes, groups 1024 leaves. `append/…` includes serialising the event. The
//! buffered figure depends on the page cache, so it stands beside the same work without a file.
#![expect(clippy::unwrap_used, reason = "a bench may stop at the first surprise")]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use placet::audit::{Event, EventKind, LogVerifier, Origin, State, Writer};
use placet::crypto::{KeyName, NamedSigningKey, SigningKey};
use placet::primitives::Timestamp;
use placet_store::{Durability, LogOptions, LogWriter};
use serde::Serialize;

const GROUP: u64 = 1024;
const VERIFIED: u64 = 64 * GROUP;

#[derive(Serialize)]
struct Decision<'a> {
    decision_id: &'a str,
    principal: &'a str,
    verdict: &'a str,
    rules: [&'a str; 2],
    bundle: &'a str,
    n: u64,
    filler: &'a str,
}

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_795_348_800_000)
}

fn root() -> NamedSigningKey {
    let name = KeyName::parse("example.com/audit").unwrap();
    NamedSigningKey::new(name, SigningKey::from_seed(&[1; 32]))
}

/// An event whose leaf has about 512 bytes.
fn event(n: u64) -> Event {
    let body = Decision {
        decision_id: "0b9b6a5e-7f52-4c5c-9d6a-3f0f7d1f2a10",
        principal: "agent:report-writer",
        verdict: "allow",
        rules: ["read-crm", "mask-pii"],
        bundle: "sha256:2f1c",
        n,
        filler: "select id, name from crm.customers where region = ? order by id limit ?",
    };
    Event::new(EventKind::Decision, now(), &body).unwrap()
}

fn writer() -> Writer {
    let origin = Origin::parse("example.com/audit/bench/0011223344556677").unwrap();
    Writer::create(origin, &root(), &[2; 32], 60, now()).unwrap().0
}

fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("append");
    group.sample_size(30).throughput(Throughput::Elements(GROUP));
    group.bench_function("calculated", |bench| {
        let mut writer = writer();
        bench.iter(|| {
            (0..GROUP).for_each(|n| assert!(writer.append(&event(n)).is_ok()));
            black_box(writer.commit().unwrap())
        });
    });
    group.bench_function("signed-each", |bench| {
        let mut writer = writer();
        bench.iter(|| {
            for n in 0..GROUP {
                writer.append(&event(n)).unwrap();
                black_box(writer.commit().unwrap());
            }
        });
    });
    for (name, durability) in [("buffered", Durability::Buffered), ("durable", Durability::Durable)]
    {
        let dir = tempfile::tempdir().unwrap();
        let options = LogOptions::new(dir.path(), "bench").durability(durability);
        let log = LogWriter::open(options, &root(), now, placet_store::system::random).unwrap();
        group.bench_function(name, |bench| {
            bench.iter_batched(
                || (),
                |()| {
                    let events: Vec<_> = (0..GROUP).map(event).collect();
                    log.append_all(&events).unwrap()
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn verify(c: &mut Criterion) {
    let origin = Origin::parse("example.com/audit/bench/0011223344556677").unwrap();
    let (mut writer, first) = Writer::create(origin, &root(), &[2; 32], 60, now()).unwrap();
    let mut log = first.bytes;
    for n in 0..VERIFIED {
        writer.append(&event(n)).unwrap();
        if writer.open_leaves() as u64 == GROUP {
            log.extend(writer.commit().unwrap().unwrap().bytes);
        }
    }
    log.extend(writer.close(now()).unwrap().bytes);
    let mut group = c.benchmark_group("verify");
    group.sample_size(20).throughput(Throughput::Elements(VERIFIED));
    group.bench_function("clean", |bench| {
        bench.iter(|| {
            let mut verifier = LogVerifier::new(root().verifying_key(), None);
            verifier.begin_segment(0, true);
            log.chunks(256 * 1024).for_each(|chunk| verifier.push(chunk));
            verifier.end_segment();
            let report = verifier.finish("bench", None).report;
            assert_eq!((report.state, report.proven_size), (State::ClosedClean, VERIFIED + 3));
        });
    });
    group.finish();
}

criterion_group!(benches, append, verify);
criterion_main!(benches);
