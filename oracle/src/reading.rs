//! The library's side: facts of many texts, read under the conditions that it promises to bear.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use placet::command::Protocol;
use placet::facts::{self, Facts, Scope};
use placet::schema::SqlSession;

/// The stack on which facts are read: the least that the library promises to bear.
const FACTS_STACK_BYTES: usize = 512 * 1024;

/// A stack on which the reader need not look for another one.
const ROOMY_STACK_BYTES: usize = 16 * 1024 * 1024;

/// The facts of each text, without a catalog and in a fresh session.
///
/// # Errors
/// No threads are to be had.
pub(crate) fn all(protocol: Protocol, texts: &[&str]) -> Result<Vec<Facts>, String> {
    spread(texts, FACTS_STACK_BYTES, |text| read(protocol, text))
}

fn read(protocol: Protocol, text: &str) -> Facts {
    let session = SqlSession::server_defaults();
    facts::read(protocol, text.as_bytes(), &Scope { catalog: None, session: &session })
}

/// What facts cost, in words: median and 99th percentile over texts of up to 1 KiB, on one thread
/// with the least stack and on one that has enough.
///
/// # Errors
/// No threads are to be had.
pub(crate) fn cost(protocol: Protocol, texts: &[&str]) -> Result<String, String> {
    let short: Vec<&str> = texts.iter().copied().filter(|text| text.len() <= 1024).collect();
    let timed = |stack: usize| {
        let alone = [short.as_slice()];
        let times = spread(&alone, stack, |texts| {
            let time = |text: &&str| {
                let start = Instant::now();
                let _facts = std::hint::black_box(read(protocol, text));
                start.elapsed().as_secs_f64() * 1e6
            };
            let mut micros: Vec<f64> = texts.iter().map(time).collect();
            micros.sort_unstable_by(f64::total_cmp);
            let at = |percent: usize| micros.get(micros.len() * percent / 100).copied();
            (at(50).unwrap_or_default(), at(99).unwrap_or_default())
        })?;
        Ok::<_, String>(times.first().copied().unwrap_or_default())
    };
    let ((median, late), (small_median, small_late)) =
        (timed(ROOMY_STACK_BYTES)?, timed(FACTS_STACK_BYTES)?);
    Ok(format!(
        "facts of texts up to 1 KiB: p50 {median:.1} µs, p99 {late:.1} µs; \
         on a stack of 512 KiB p50 {small_median:.1} µs, p99 {small_late:.1} µs"
    ))
}

/// Applies `work` to each item on every core, each on a stack of this size; answers in order.
///
/// # Errors
/// No threads are to be had.
pub(crate) fn spread<T: Sync, R: Send>(
    items: &[T],
    stack_bytes: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Result<Vec<R>, String> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return done };
            done.push((index, work(item)));
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut done = thread::scope(|scope| {
        let threads = (0..workers)
            .map(|_| thread::Builder::new().stack_size(stack_bytes).spawn_scoped(scope, worker));
        let threads: Vec<_> = threads.collect();
        let mut all = Vec::new();
        for thread in threads {
            let thread = thread.map_err(|error| format!("no thread: {error}"))?;
            all.extend(thread.join().map_err(|_| "a reader panicked".to_owned())?);
        }
        Ok::<_, String>(all)
    })?;
    done.sort_unstable_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, answer)| answer).collect())
}
