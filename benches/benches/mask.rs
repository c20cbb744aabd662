//! Masking: how fast text without values passes, and what values and hostile text cost.
//!
//! Corpora are made here from a fixed seed; every run checks how many values were found, so that
//! nothing is fast because it is blind. `alternating` runs the four corpora in turn: a scanner with
//! a cache that requests share slows down there, ours must not. `memchr3` is the ratio's other side.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench may stop at the first surprise"
)]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use placet::mask::{self, Detectors, Masker, Operators};

const CORPUS_BYTES: usize = 1 << 20;

/// xorshift64: the corpora must be the same on every machine.
struct Seed(u64);

impl Seed {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// Repeats `line` until the corpus is full; `line` says how many values it wrote.
fn corpus(mut line: impl FnMut(&mut Seed, &mut String) -> usize) -> (Vec<u8>, usize) {
    let mut seed = Seed(0x9e37_79b9_7f4a_7c15);
    let mut text = String::with_capacity(CORPUS_BYTES + 4096);
    let mut values = 0;
    while text.len() < CORPUS_BYTES {
        values += line(&mut seed, &mut text);
        text.push('\n');
    }
    (text.into_bytes(), values)
}

fn clean() -> (Vec<u8>, usize) {
    corpus(|seed, out| {
        write!(
            out,
            "2026-11-22T{:02}:{:02}:{:02}.{:03}Z INFO worker-{} request {:08x}-1c2d-4e5f-8a9b-{:012x} \
             finished status=200 path=/api/v1/items/{} after {} ms, cache hit, version 2.{}.1",
            seed.below(24), seed.below(60), seed.below(60), seed.below(1000), seed.below(64),
            seed.below(1 << 32), seed.below(1 << 48), seed.below(1_000_000), seed.below(900),
            seed.below(40),
        )
        .unwrap();
        0
    })
}

fn rows() -> (Vec<u8>, usize) {
    corpus(|seed, out| {
        let n = seed.below(1_000_000);
        write!(
            out,
            r#"{{"id":{n},"plan":"gold","note":"prefers afternoons, called twice","city":"Lund","total":{}.{:02},"#,
            seed.below(10_000), seed.below(100),
        )
        .unwrap();
        write!(out, r#""email":"user{n}@example.com","updated":"2026-11-22 10:20:30"}}"#).unwrap();
        1
    })
}

fn dense() -> (Vec<u8>, usize) {
    corpus(|seed, out| {
        write!(
            out,
            "user{}@example.com 4111 1111 1111 1111 536-90-4399 +1 202 555 01{:02} 10.{}.3.4 DE89 3704 0044 0532 0130 00",
            seed.below(10_000), seed.below(90) + 10, seed.below(250),
        )
        .unwrap();
        6
    })
}

fn adversarial() -> (Vec<u8>, usize) {
    corpus(|seed, out| {
        match seed.below(5) {
            0 => (0..60).for_each(|_| write!(out, "{} ", seed.below(10_000)).unwrap()),
            1 => out.push_str(&"a.b-c_d+".repeat(40)),
            2 => out.push_str(&"@a.b@".repeat(60)),
            3 => out.push_str(&"sk-AKIAghp_eyJxoxb-".repeat(15)),
            _ => out.push_str(&"9".repeat(300)),
        }
        0
    })
}

fn bench(c: &mut Criterion) {
    let (detectors, operators) = (Detectors::builtin(), Operators::redact_all());
    let corpora =
        [("clean", clean()), ("json", rows()), ("dense", dense()), ("hostile", adversarial())];
    let run = |text: &[u8]| mask::text(&detectors, &operators, text).unwrap().findings.len();
    let mut group = c.benchmark_group("mask");
    for (name, (text, values)) in &corpora {
        // Hostile text is made of pieces of values: what it holds is not known from its making.
        if *name != "hostile" {
            assert_eq!(run(text), *values, "{name}");
        }
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(*name, |b| b.iter(|| run(black_box(text))));
    }
    let (text, _) = &corpora[0].1;
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("clean-memchr3", |b| {
        b.iter(|| memchr::memchr3_iter(b'@', b'=', b':', black_box(text)).count());
    });
    group.bench_function("clean-stream-4k", |b| {
        b.iter(|| {
            let mut masker = Masker::new(detectors, operators.clone());
            let mut bytes = 0;
            for chunk in black_box(text).chunks(4096) {
                bytes += masker.push(chunk).unwrap().len();
            }
            bytes += masker.finish().unwrap().len();
            assert_eq!(bytes, text.len());
        });
    });
    let all: usize = corpora.iter().map(|(_, (text, _))| text.len()).sum();
    group.throughput(Throughput::Bytes(all as u64));
    group.bench_function("alternating", |b| {
        b.iter(|| corpora.iter().map(|(_, (text, _))| run(black_box(text))).sum::<usize>());
    });
    let cell = &clean().0[..200];
    group.throughput(Throughput::Bytes(200));
    group.bench_function("cell-200", |b| b.iter(|| run(black_box(cell))));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
