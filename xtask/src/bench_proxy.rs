//! `make bench-proxy`: what the proxy costs, beside a direct connection and beside pgbouncer.
//!
//! Every workload runs in rounds that go through all targets in turn, so that a slow phase of the
//! machine meets each of them alike; ratios are taken within a round, and their median is told.
//! Before a number counts, the run proves that the proxy did its work: masked values really are
//! masked, every statement has its decision event, and the log verifies.
//!
//! `ROUNDS`, `SECS`, `CLIENTS` and `WORK` (names with blanks between) in the environment change the
//! run; `INSTRUCTIONS=1` counts instructions as well.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use xtask::postgres::{Server, environment};
use xtask::proxy::{self, Proxy};
use xtask::{Running, debian, free_port, output, random_word, say, wait_for_port};

/// The shape of one workload.
struct Workload {
    name: &'static str,
    /// Arguments of pgbench; `@` stands for the directory of scripts, `#` for the clients.
    arguments: &'static str,
    /// Statements a transaction.
    statements: u64,
    about: &'static str,
}

const WORKLOADS: &[Workload] = &[
    Workload {
        name: "prepared",
        arguments: "-S -M prepared -c # -j 2",
        statements: 1,
        about: "one-row SELECT by key, prepared",
    },
    Workload {
        name: "pipe",
        arguments: "-f @/pipe.sql -M prepared -c # -j 2",
        statements: 20,
        about: "20 prepared one-row SELECTs in one pipeline",
    },
    Workload {
        name: "simple",
        arguments: "-S -M simple -c # -j 2",
        statements: 1,
        about: "one-row SELECT, a new text each time",
    },
    Workload {
        name: "extended",
        arguments: "-S -M extended -c # -j 2",
        statements: 1,
        about: "one-row SELECT, parsed each time",
    },
    Workload {
        name: "wide",
        arguments: "-f @/wide.sql -M simple -c # -j 2",
        statements: 1,
        about: "1,000 rows with e-mail, phone and card each, found by a scan",
    },
    Workload {
        name: "widep",
        arguments: "-f @/wide.sql -M prepared -c # -j 2",
        statements: 1,
        about: "the same, prepared",
    },
    Workload {
        name: "widek",
        arguments: "-f @/widek.sql -M prepared -c # -j 2",
        statements: 1,
        about: "the same, prepared, found by key: the server does next to nothing",
    },
    Workload {
        name: "lat1",
        arguments: "-S -M prepared -c 1 -j 1",
        statements: 1,
        about: "one client, prepared",
    },
    Workload {
        name: "tpcb",
        arguments: "-M prepared -c # -j 2",
        statements: 7,
        about: "TPC-B: five statements in a transaction",
    },
    Workload {
        name: "connect",
        arguments: "-S -C -M simple -c 4 -j 2",
        statements: 1,
        about: "a new connection for each SELECT",
    },
];

/// People with three values each that masking finds: the card's last digit is Luhn's.
const PEOPLE: &str = "\
CREATE TABLE people AS
SELECT i AS id, 'Person ' || i AS name, 'user' || i || '@example.com' AS email,
       '+1-202-555-' || lpad((i % 10000)::text, 4, '0') AS phone,
       '4111-1111-1111-' || lpad((i % 1000)::text, 3, '0') || (10 - (24
           + (ARRAY[0,2,4,6,8,1,3,5,7,9])[i / 100 % 10 + 1] + i / 10 % 10
           + (ARRAY[0,2,4,6,8,1,3,5,7,9])[i % 10 + 1]) % 10) % 10 AS card,
       repeat('lorem ipsum dolor ', 4) AS note, now() AS created
  FROM generate_series(1, 100000) i;
CREATE TABLE people_by_key AS SELECT * FROM people;
ALTER TABLE people_by_key ADD PRIMARY KEY (id);
ANALYZE people; ANALYZE people_by_key";

/// Where pgbench is led.
struct Target {
    name: &'static str,
    env: Vec<(&'static str, String)>,
    process: Option<u32>,
}

/// What one run of pgbench told.
#[derive(Clone, Copy, Debug)]
struct Sample {
    transactions: f64,
    tps: f64,
    latency_ms: f64,
    cpu_us: f64,
}

pub(crate) fn run() -> Result<(), String> {
    let rounds = number("ROUNDS", 5)?;
    let seconds = number("SECS", 3)?;
    let clients = number("CLIENTS", 8)?;
    let wanted = std::env::var("WORK").unwrap_or_default();
    let chosen: Vec<&Workload> = WORKLOADS
        .iter()
        .filter(|work| wanted.is_empty() || wanted.split(' ').any(|name| name == work.name))
        .collect();
    if chosen.is_empty() {
        return Err(format!("`{wanted}` names no workload"));
    }
    let placet = proxy::release_binary()?;
    let server = Server::start(&["max_wal_size = '4GB'"])?;
    let scripts = scripts()?;
    say("preparing a database of 1,000,000 accounts and 100,000 people");
    server.sql("postgres", "CREATE DATABASE bench")?;
    output(server.client("pgbench").args(["-i", "-q", "-s", "10", "bench"]))?;
    server.sql("bench", PEOPLE)?;
    let pool = Pool::start(&server, &[])?;
    let bundle = proxy::bundle(&scripts.path().join("bundle"), proxy::MASKING)?;
    let mut table = Table::default();
    for work in chosen {
        // A log of its own for each workload: it is counted, verified and thrown away.
        let mut proxy = Proxy::start(&proxy::Setup::new(&placet, &bundle, &server, "bench"))?;
        let targets = [
            Target { name: "direct", env: led(server.env()), process: None },
            Target { name: "pgbouncer", env: led(pool.env()), process: Some(pool.running.id()) },
            Target { name: "placet", env: led(proxy.env()), process: Some(proxy.id()) },
        ];
        masking(&server, &targets)?;
        let before = proxy.decisions()?;
        let mut samples: Vec<Vec<Sample>> = targets.iter().map(|_| Vec::new()).collect();
        for round in 0..rounds {
            for offset in 0..targets.len() {
                let index =
                    usize::try_from(round).unwrap_or(0).wrapping_add(offset) % targets.len();
                let (Some(target), Some(told)) = (targets.get(index), samples.get_mut(index))
                else {
                    continue;
                };
                told.push(measure(&server, target, work, scripts.path(), seconds, clients)?);
            }
        }
        let sent = samples.last().map_or(0.0, |told| told.iter().map(|s| s.transactions).sum());
        proxy.stop();
        events(&proxy, work, before, sent, rounds)?;
        proxy.verify()?;
        table.add(work, &targets, &samples);
        say(&table.last(work));
    }
    if std::env::var("INSTRUCTIONS").is_ok_and(|value| value == "1") {
        instructions(&server, &placet, &bundle, scripts.path())?;
    }
    say(&table.goals());
    Ok(())
}

/// Every connection goes without TLS: the loopback address is the whole network here.
fn led(mut env: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    env.retain(|(key, _)| *key != "PGDATABASE");
    env.push(("PGDATABASE", "bench".to_owned()));
    env.push(("PGSSLMODE", "disable".to_owned()));
    env
}

fn number(name: &str, default: u64) -> Result<u64, String> {
    match std::env::var(name) {
        Ok(text) => text.parse().map_err(|_| format!("`{name}` is no number")),
        Err(_) => Ok(default),
    }
}

/// The directory of pgbench's scripts.
fn scripts() -> Result<proxy::Scratch, String> {
    let scripts = proxy::Scratch::new("bench")?;
    let mut pipe = String::from("\\set a random(1, 1000000)\n\\startpipeline\n");
    for _ in 0..20 {
        pipe += "SELECT abalance FROM pgbench_accounts WHERE aid = :a;\n";
    }
    pipe += "\\endpipeline\n";
    let wide = |table: &str| {
        let rows = format!("SELECT * FROM {table} WHERE id BETWEEN :a AND :a + 999;\n");
        format!("\\set a random(1, 99000)\n{rows}")
    };
    let files =
        [("pipe.sql", pipe), ("wide.sql", wide("people")), ("widek.sql", wide("people_by_key"))];
    for (name, text) in files {
        let path = scripts.path().join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(scripts)
}

/// Whether each target gives what it should: the proxy masks all three values, the others none.
fn masking(server: &Server, targets: &[Target]) -> Result<(), String> {
    let query = "SELECT * FROM people WHERE id BETWEEN 41 AND 1040 ORDER BY id";
    for target in targets {
        let mut psql = server.client("psql");
        psql.envs(target.env.iter().cloned()).args(["-qtAX", "-c", query]);
        let rows = output(&mut psql)?;
        let count = |text: &str| rows.lines().filter(|row| row.contains(text)).count();
        let plain = [count("@example.com"), count("+1-202-555-"), count("|4111-1111-")];
        let masked = [count("[EMAIL_ADDRESS]"), count("[PHONE_NUMBER]"), count("[CREDIT_CARD]")];
        let wanted = if target.name == "placet" { (0, 1000) } else { (1000, 0) };
        if plain.iter().any(|n| *n != wanted.0) || masked.iter().any(|n| *n != wanted.1) {
            return Err(format!("{}: plain {plain:?}, masked {masked:?}", target.name));
        }
    }
    Ok(())
}

/// Whether the log holds a decision for each statement that pgbench has sent.
///
/// Beside the transactions, a run asks about the size of its tables in a few statements; nothing
/// else is sent.
fn events(
    proxy: &Proxy,
    work: &Workload,
    before: u64,
    transactions: f64,
    rounds: u64,
) -> Result<(), String> {
    let found = proxy.decisions()?.saturating_sub(before);
    let sent = transactions * work.statements as f64;
    let (found_, spare) = (found as f64, (rounds * 10) as f64);
    say(&format!("{}: {sent} statements in transactions, {found} decision events", work.name));
    if found_ < sent || found_ > sent + spare {
        return Err(format!("{}: {sent} statements, {found} decision events", work.name));
    }
    Ok(())
}

fn measure(
    server: &Server,
    target: &Target,
    work: &Workload,
    scripts: &Path,
    seconds: u64,
    clients: u64,
) -> Result<Sample, String> {
    let line = work.arguments.replace('#', &clients.to_string());
    let mut pgbench = server.client("pgbench");
    pgbench.envs(target.env.iter().cloned()).args(["-n", "-T", &seconds.to_string()]);
    for word in line.split(' ') {
        pgbench.arg(word.replace('@', &scripts.display().to_string()));
    }
    let before = target.process.map_or(Ok(0.0), cpu_us)?;
    let text =
        output(&mut pgbench).map_err(|why| format!("{} {}: {why}", work.name, target.name))?;
    let after = target.process.map_or(Ok(0.0), cpu_us)?;
    let told = |label: &str| {
        let rest = text.lines().find_map(|line| line.strip_prefix(label));
        let word = rest.and_then(|rest| rest.split([' ', '/']).find(|word| !word.is_empty()));
        word.and_then(|word| word.parse::<f64>().ok())
            .ok_or_else(|| format!("{} {}: no `{label}` in: {text}", work.name, target.name))
    };
    if told("number of failed transactions: ")? > 0.0 {
        return Err(format!("{} {}: failed transactions: {text}", work.name, target.name));
    }
    let transactions = told("number of transactions actually processed: ")?;
    Ok(Sample {
        transactions,
        tps: told("tps = ")?,
        latency_ms: told("latency average = ")?,
        cpu_us: (after - before) / transactions.max(1.0),
    })
}

/// What callgrind runs with: nothing but a count.
const CALLGRIND: &[&str] =
    &["/usr/bin/valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];

/// Instructions a transaction, which no other load on the machine disturbs: a run of 2n
/// transactions less a run of n, divided by n. Callgrind knows no SHA instructions, so hashing is
/// counted as plain code.
fn instructions(
    server: &Server,
    placet: &Path,
    bundle: &Path,
    scripts: &Path,
) -> Result<(), String> {
    if !Path::new("/usr/bin/valgrind").exists() {
        debian::install("valgrind")?;
    }
    say("instructions a transaction (callgrind)");
    for (name, count) in [("prepared", 1000), ("pipe", 100), ("simple", 1000), ("widep", 20)] {
        let Some(work) = WORKLOADS.iter().find(|work| work.name == name) else { continue };
        let run = |env: Vec<(&'static str, String)>, count: u32| {
            let line = work.arguments.replace("-c # -j 2", "-c 1 -j 1");
            let mut pgbench = server.client("pgbench");
            pgbench.envs(env).args(["-n", "-t", &count.to_string()]);
            for word in line.split(' ') {
                pgbench.arg(word.replace('@', &scripts.display().to_string()));
            }
            output(&mut pgbench).map(|_| ())
        };
        let pooled = |count: u32| {
            let mut pool = Pool::start(server, CALLGRIND)?;
            run(led(pool.env()), count)?;
            pool.running.stop(Duration::from_secs(20));
            collected(&pool.dir.path().join("output"))
        };
        let guarded = |count: u32| {
            let setup = proxy::Setup::new(placet, bundle, server, "bench").under(CALLGRIND);
            let mut proxy = Proxy::start(&setup)?;
            run(led(proxy.env()), count)?;
            proxy.stop();
            collected(&proxy.output())
        };
        let a_transaction = |measure: &dyn Fn(u32) -> Result<f64, String>| {
            Ok::<f64, String>((measure(2 * count)? - measure(count)?) / f64::from(count))
        };
        let (pool, ours) = (a_transaction(&pooled)?, a_transaction(&guarded)?);
        say(&format!(
            "{name:<11} pgbouncer {pool:>12.0}   placet {ours:>12.0}   ÷pgbouncer {:>6.2}",
            ours / pool
        ));
    }
    Ok(())
}

/// The count at the end of callgrind's words.
fn collected(words: &Path) -> Result<f64, String> {
    let text = fs::read_to_string(words).map_err(|error| error.to_string())?;
    let count = text.lines().rev().find_map(|line| line.split_once("Collected : "));
    count
        .and_then(|(_, number)| number.trim().parse().ok())
        .ok_or_else(|| format!("callgrind told no count: {text}"))
}

/// CPU time that a process has used, user and system, in microseconds.
fn cpu_us(process: u32) -> Result<f64, String> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    // The name of the program stands in brackets and may hold blanks.
    let fields = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: f64 =
        fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    // The unit of this file is 1/100 s on every Linux that PostgreSQL runs on.
    Ok(ticks * 10_000.0)
}

/// pgbouncer in session mode.
struct Pool {
    running: Running,
    port: u16,
    user: String,
    password: String,
    dir: proxy::Scratch,
}

impl Pool {
    /// Starts it; `under` are words in front of the command.
    fn start(server: &Server, under: &[&str]) -> Result<Self, String> {
        let program = Path::new("/usr/sbin/pgbouncer");
        if !program.exists() {
            debian::install("pgbouncer")?;
        }
        let dir = proxy::Scratch::new("pgbouncer")?;
        let (port, password) = (free_port()?, random_word()?);
        let (ini, users): (PathBuf, PathBuf) =
            (dir.path().join("pgbouncer.ini"), dir.path().join("users"));
        let text = format!(
            "[databases]\n\
             bench = host=127.0.0.1 port={} dbname=bench user={} password={}\n\
             [pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = plain\nauth_file = {}\npool_mode = session\n\
             max_client_conn = 200\ndefault_pool_size = 50\n\
             ignore_startup_parameters = extra_float_digits\n\
             log_connections = 0\nlog_disconnections = 0\n",
            server.port(),
            server.user(),
            server.password(),
            users.display(),
        );
        let written = fs::write(&ini, text)
            .and_then(|()| fs::write(&users, format!("\"agent\" \"{password}\"\n")));
        written.map_err(|error| format!("{}: {error}", ini.display()))?;
        server.give(dir.path())?;
        server.give(&ini)?;
        server.give(&users)?;
        let mut command = match under {
            [] => server.unprivileged(program),
            [first, rest @ ..] => {
                let mut command = server.unprivileged(Path::new(first));
                command.args(rest).arg(program);
                command
            }
        };
        let told = dir.path().join("output");
        let file = fs::File::create(&told).map_err(|error| error.to_string())?;
        command.arg("-q").arg(&ini).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let mut running = Running::start("pgbouncer", &mut command)?;
        wait_for_port(port, &mut running, Duration::from_secs(60))?;
        Ok(Self { running, port, user: "agent".to_owned(), password, dir })
    }

    fn env(&self) -> Vec<(&'static str, String)> {
        environment(self.port, &self.user, &self.password, "bench")
    }
}

/// The figures, a line for each workload and target.
#[derive(Default)]
struct Table {
    lines: Vec<Line>,
}

struct Line {
    work: &'static str,
    target: &'static str,
    tps: f64,
    latency_ms: f64,
    tps_to_direct: f64,
    cpu_us: f64,
    cpu_to_pool: f64,
    spread: (f64, f64),
}

impl Table {
    fn add(&mut self, work: &Workload, targets: &[Target], samples: &[Vec<Sample>]) {
        let of = |name: &str| {
            let found = targets.iter().zip(samples).find(|(target, _)| target.name == name);
            found.map_or(&[][..], |(_, told)| told)
        };
        let (direct, pool) = (of("direct"), of("pgbouncer"));
        for (target, told) in targets.iter().zip(samples) {
            let ratio = |own: fn(&Sample) -> f64, other: &[Sample]| {
                median(told.iter().zip(other).map(|(a, b)| own(a) / own(b)).collect())
            };
            let all: Vec<f64> = told.iter().map(|sample| sample.tps).collect();
            self.lines.push(Line {
                work: work.name,
                target: target.name,
                tps: median(all.clone()),
                latency_ms: median(told.iter().map(|sample| sample.latency_ms).collect()),
                tps_to_direct: ratio(|sample| sample.tps, direct),
                cpu_us: median(told.iter().map(|sample| sample.cpu_us).collect()),
                cpu_to_pool: ratio(|sample| sample.cpu_us, pool),
                spread: (
                    all.iter().copied().fold(f64::INFINITY, f64::min),
                    all.iter().copied().fold(0.0, f64::max),
                ),
            });
        }
    }

    /// The lines of one workload.
    fn last(&self, work: &Workload) -> String {
        let mut text = format!(
            "\n{}: {}\n{:<11}{:>10}{:>10}{:>10}{:>11}{:>13}  TPS from..to\n",
            work.name, work.about, "", "TPS", "÷direct", "ms", "CPU µs/tx", "÷pgbouncer"
        );
        for line in self.lines.iter().filter(|line| line.work == work.name) {
            // Writing into a text cannot fail.
            let _ = writeln!(
                text,
                "{:<11}{:>10.0}{:>10.3}{:>10.3}{:>11.1}{:>13.2}  {:.0}..{:.0}",
                line.target,
                line.tps,
                line.tps_to_direct,
                line.latency_ms,
                line.cpu_us,
                line.cpu_to_pool,
                line.spread.0,
                line.spread.1
            );
        }
        text
    }

    /// The goals and how far they are met.
    fn goals(&self) -> String {
        let mut text = String::from("goals\n");
        let found = |work: &str| {
            self.lines.iter().find(|line| line.work == work && line.target == "placet")
        };
        for (work, what, at_most, goal) in [
            ("prepared", "CPU ÷ pgbouncer", true, 1.5),
            ("pipe", "CPU ÷ pgbouncer", true, 1.5),
            ("wide", "TPS ÷ direct", false, 0.85),
            ("widep", "TPS ÷ direct", false, 0.85),
        ] {
            let Some(line) = found(work) else { continue };
            let value = if at_most { line.cpu_to_pool } else { line.tps_to_direct };
            let met = if at_most { value <= goal } else { value >= goal };
            let (sign, said) =
                (if at_most { '≤' } else { '≥' }, if met { "met" } else { "missed" });
            let _ = writeln!(text, "{work}: {what} {value:.2}, goal {sign} {goal}: {said}");
        }
        text
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle.wrapping_sub(1)), values.get(middle)) {
        (Some(low), Some(high)) if values.len().is_multiple_of(2) => f64::midpoint(*low, *high),
        (_, Some(one)) => *one,
        _ => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
        assert!(median(vec![]).is_nan());
    }
}
