// What the Node package costs over the core: nanoseconds a call, core's own time for the same input
// measured in the same run through a loop inside the addon, medians of alternated rounds.
//
//   node bindings-node/build.mjs --release && node benches/bindings/node_bench.mjs [--json]
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const here = fileURLToPath(new URL('.', import.meta.url));
const index = join(here, '../../bindings-node/index.js');
const require = createRequire(import.meta.url);
const placet = require(index);
const native = require(join(here, '../../bindings-node/lib/native.js'));

/** Short rounds and many of them: what slows the machine for a moment slows both sides. */
const ROUNDS = 301;

/** About 1 KiB of SQL in which nothing is sensitive, and that takes the reader little. */
const SQL = `SELECT id /* ${'plain words in a comment '.repeat(39)}*/ FROM orders WHERE id = 7`;
const TEXT = 'plain words of an answer in which nothing is found '.repeat(20).slice(0, 1024);
const BYTES = Buffer.from(TEXT);
const FOUND = Buffer.from(`${TEXT.slice(0, 1000)} ada@example.com`);

const guard = placet.Guard.shipped('baseline');
const session = guard.session({ protocol: 'postgres' });
const raw = native.NativeGuard.open('{"bundle":"baseline"}');
const asker = JSON.stringify({ principal: { id: 'agent', kind: 'agent' }, resource: { kind: 'postgres', name: 'default' } });
const core = raw.session('postgres', asker);
const unread = guard.session({ protocol: 'http' });
const coreUnread = raw.session('http', asker.replace('postgres', 'http'));
const masker = raw.masker();
const sql = Buffer.from(SQL);
const now = Date.now();

/** What is compared: a call of the package, and the same work without a crossing. */
const QUESTIONS = [
  {
    name: 'decide(string) + verdict', goal: 400, calls: 50,
    call: (n) => { for (let i = 0; i < n; i += 1) if (session.decide(SQL).verdict !== 'allow') throw new Error('not allowed'); },
    core: (n) => core.timeDecide(sql, sql.length, now, n),
  },
  {
    name: 'decide(Buffer) + verdict', goal: null, calls: 50,
    call: (n) => { for (let i = 0; i < n; i += 1) if (session.decide(sql).verdict !== 'allow') throw new Error('not allowed'); },
    core: (n) => core.timeDecide(sql, sql.length, now, n),
  },
  {
    // Nothing reads this protocol: the core's part is small, and what is over it is the crossing.
    name: 'decide(string), no reader', goal: 400, calls: 400,
    call: (n) => { for (let i = 0; i < n; i += 1) if (unread.decide(SQL).verdict === 'allow') throw new Error('allowed'); },
    core: (n) => coreUnread.timeDecide(sql, sql.length, now, n),
  },
  {
    name: 'mask(Buffer) unchanged', goal: 150, calls: 800,
    call: (n) => { for (let i = 0; i < n; i += 1) if (guard.mask(BYTES) !== BYTES) throw new Error('changed'); },
    core: (n) => masker.timeText(BYTES, BYTES.length, n),
  },
  {
    name: 'mask(string) unchanged', goal: 500, calls: 800,
    call: (n) => { for (let i = 0; i < n; i += 1) if (guard.mask(TEXT) !== TEXT) throw new Error('changed'); },
    core: (n) => masker.timeText(BYTES, BYTES.length, n),
  },
  {
    name: 'mask(Buffer) changed', goal: null, calls: 800,
    call: (n) => { for (let i = 0; i < n; i += 1) if (guard.mask(FOUND) === FOUND) throw new Error('unchanged'); },
    core: (n) => masker.timeText(FOUND, FOUND.length, n),
  },
];

function median(list) {
  return list.sort((a, b) => a - b)[list.length >> 1];
}

function timed(call, n) {
  const start = process.hrtime.bigint();
  call(n);
  return Number(process.hrtime.bigint() - start);
}

function measure({ name, goal, calls, call, core: inside }) {
  call(calls * 5);
  inside(calls);
  const [outer, inner, over] = [[], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Alternated, so that what slows the machine slows both.
    const first = round % 2 === 0 ? timed(call, calls) : inside(calls);
    const second = round % 2 === 0 ? inside(calls) : timed(call, calls);
    const [whole, own] = round % 2 === 0 ? [first, second] : [second, first];
    outer.push(whole / calls);
    inner.push(own / calls);
    over.push((whole - own) / calls);
  }
  return { name, core_ns: median(inner), call_ns: median(outer), over_ns: median(over), goal_ns: goal };
}

/** Milliseconds of `require`, each in a process of its own. */
function requireTime() {
  const script = `const s = process.hrtime.bigint(); require(${JSON.stringify(index)}); process.stdout.write(String(Number(process.hrtime.bigint() - s) / 1e6));`;
  const times = Array.from({ length: 15 }, () => Number(execFileSync(process.execPath, ['-e', script])));
  return { name: 'require', ms: median(times), goal_ms: 10 };
}

const rows = QUESTIONS.map(measure);
const load = requireTime();
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ node: process.version, rows, require: load }));
} else {
  console.log(`Node ${process.version}, 1 KiB, medians of ${ROUNDS} alternated rounds`);
  console.log('| call | core ns | package ns | over core ns | goal ns |\n|---|---|---|---|---|');
  for (const row of rows) {
    const cells = [row.core_ns, row.call_ns, row.over_ns].map((ns) => Math.round(ns));
    console.log(`| ${row.name} | ${cells.join(' | ')} | ${row.goal_ns === null ? '–' : `≤ ${row.goal_ns}`} |`);
  }
  console.log(`require: ${load.ms.toFixed(1)} ms (goal ≤ ${load.goal_ms})`);
}
