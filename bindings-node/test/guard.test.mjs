// The guard by itself: decisions, what is fetched lazily, sessions, options.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import placet from '../index.js';
import { shop, write } from './shop.mjs';
import { root } from './support.mjs';

test('the baseline is there without a file', () => {
  const guard = new placet.Guard();
  const decision = guard.decide('DELETE FROM customers');
  assert.equal(decision.verdict, 'deny');
  assert.deepEqual(decision.rules, ['baseline-unbounded-writes', 'baseline-writes'].slice(0, decision.rules.length));
  assert.equal(decision.remedy, 'Add a WHERE that names the rows you mean.');
  assert.ok(decision.facts.unbounded);
  assert.equal(decision.bundle, guard.bundle);
  assert.equal(guard.decide('SELECT 1').verdict, 'allow');
});

test('every verdict has its word', (t) => {
  const { guard } = shop(t);
  const verdicts = [
    'SELECT 1', 'SELECT mail FROM shop.customers', 'SELECT id FROM shop.orders',
    'DELETE FROM shop.orders WHERE id = 1', 'DELETE FROM shop.orders',
  ].map((sql) => guard.decide(sql).verdict);
  assert.deepEqual(verdicts, placet.VERDICTS);
});

test('details are those of the decision, whatever was decided since', (t) => {
  const { guard } = shop(t);
  const session = guard.session();
  const bytes = Buffer.from('DELETE FROM shop.orders');
  const [wipe, read, raw] = [session.decide('DELETE FROM shop.orders'), session.decide('SELECT 1'), session.decide(bytes)];
  bytes.write('SELECT 1               ');
  assert.deepEqual([wipe.rules, read.rules, raw.rules], [['unbounded'], ['reads'], ['unbounded']]);
  assert.deepEqual([wipe.facts.writes, read.facts.writes, raw.facts.writes], [true, false, true]);
  assert.equal(JSON.parse(JSON.stringify(wipe)).verdict, 'deny');
  assert.equal(wipe.rules, wipe.rules, 'read once');
});

test('details that a reload made unreadable are not made up', (t) => {
  const { guard, bundle } = shop(t);
  const session = guard.session();
  const [old, last] = [session.decide('SELECT 1'), session.decide('SELECT 2')];
  write(bundle, { 'rules/late.toml': '[[rule]]\nid = "late"\nwhat = { op = "read" }\nverdict = "deny"\nsay = "No."\n' });
  const before = guard.bundle;
  assert.notEqual(guard.reload(), before);
  assert.deepEqual(last.rules, ['reads']);
  assert.throws(() => old.rules, { code: 'API010' });
  assert.equal(session.decide('SELECT 1').verdict, 'deny', 'a bound session follows the bundle in force');
  write(bundle, { 'rules/late.toml': 'nonsense' });
  assert.throws(() => guard.reload(), { code: 'POL001', name: 'PolicyError' });
  assert.equal(guard.decide('SELECT 1').verdict, 'deny', 'the one in force stays');
});

test('who asks, on what, in which session, when', (t) => {
  const rules = [
    ['night', 'who = { groups = ["ops/*"] }', 'what = { op = "read" }'],
    ['labels', 'where = { env = "test" }', 'what = { op = "read" }'],
    ['told', 'when = \'"seen" in session.labels\'', 'what = { op = "read" }'],
  ].map(([id, ...keys]) => `[[rule]]\nid = "${id}"\n${keys.join('\n')}\nverdict = "deny"\nsay = "No."\n`);
  const { guard } = shop(t, { files: { 'rules/more.toml': rules.join('\n') } });
  const decide = (options) => guard.decide('SELECT 1', options).rules;
  const labels = (env) => ({ resource: { name: 'shop', labels: { env } } });
  assert.deepEqual(decide(labels('prod')), ['reads']);
  assert.deepEqual(decide({ ...labels('prod'), principal: { id: 'x', groups: ['ops/a'] } }), ['night']);
  assert.deepEqual(decide(labels('test')), ['labels']);
  assert.deepEqual(decide({ ...labels('prod'), session: { labels: ['seen'] } }), ['told']);
  assert.deepEqual(guard.decide('SELECT 1', { ...labels('prod'), enforces: [] }).verdict, 'allow');
  const unchecked = guard.decide('SELECT mail FROM shop.customers', { ...labels('prod'), context: { now: null }, enforces: ['limit'] });
  assert.deepEqual([unchecked.verdict, unchecked.reasons], ['deny', ['unenforceable']]);
});

test('session state decides how a text is read, in either spelling', () => {
  const guard = new placet.Guard();
  const sql = String.raw`SELECT '\'; DROP TABLE t; --'`;
  for (const session of [{ standardConformingStrings: true }, { standard_conforming_strings: true }]) {
    assert.equal(guard.facts(sql, { session }).statements, 2);
  }
  assert.equal(guard.facts(sql, { session: { standardConformingStrings: false } }).statements, 1);
  assert.equal(guard.facts(sql, { session: { role: 'app' } }).understanding, 'opaque');
});

test('fingerprints: one of the tokens, one of their shape', () => {
  const guard = new placet.Guard();
  const [a, b] = ['SELECT * FROM t WHERE id = 1', 'select *\nfrom T -- all\nwhere id = 2'].map((sql) => guard.fingerprint(sql));
  assert.match(a.exact, /^sha256:[0-9a-f]{64}$/);
  assert.equal(a.shape, b.shape);
  assert.notEqual(a.exact, b.exact);
  assert.notEqual(guard.fingerprint('SELECT 1', { protocol: 'mysql' }).shape, guard.fingerprint('SELECT 1').shape);
  assert.equal(guard.fingerprint("SELECT 'open"), null);
  assert.equal(guard.fingerprint({ tool: 'refund' }, { protocol: 'tool' }), null);
});

test('a structured request is read as its JSON text', () => {
  const guard = new placet.Guard();
  const request = { tool: 'refund', arguments: { id: 7 } };
  const decision = guard.decide(request, { protocol: 'tool' });
  assert.deepEqual([decision.verdict, decision.understanding], ['require_approval', 'opaque']);
});

test('slips in the options are told, and values are not', (t) => {
  const secret = 'hunter2';
  const guard = new placet.Guard();
  for (const [options, code] of [
    [{ protocl: 'postgres' }, 'API010'],
    [{ protocol: 'postgresql' }, 'API008'],
    [{ protocol: 7 }, 'API008'],
    [{ principal: { id: 'a', admin: secret } }, 'API010'],
    [{ principal: { id: 'a', kind: secret } }, 'API010'],
    [{ resource: { name: 7 } }, 'API010'],
    [{ session: { serch_path: [secret] } }, 'API010'],
    [{ session: { counters: { denials: -1 } } }, 'API010'],
    [{ enforces: [secret] }, 'API010'],
    [{ context: { now: secret } }, 'API014'],
  ]) {
    assert.throws(() => guard.decide('SELECT 1', options), (error) => {
      assert.equal(error.code, code, JSON.stringify(options));
      assert.ok(error instanceof placet.UsageError && error.help !== '');
      assert.ok(!`${error.message}${error.help}`.includes(secret));
      return true;
    });
  }
  for (const command of [undefined, null, 7, 'SELECT \udc00']) {
    assert.throws(() => guard.decide(command), { code: 'API037' });
  }
  assert.throws(() => placet.Guard.open({ bundle: 'baseline', session: { dialect: 7 } }), { code: 'API010' });
  assert.throws(() => placet.Guard.open(null), { code: 'API010' });
  assert.ok(t);
});

test('texts of every length and alphabet are decided as their bytes are', () => {
  const session = new placet.Guard().session();
  for (const fill of ['x', 'é', '漢', '😀']) {
    for (const count of [0, 1, 1000, 7000, 22_000, 70_000]) {
      const sql = `SELECT '${fill.repeat(count)}'; DROP TABLE t`;
      const [text, bytes] = [session.decide(sql), session.decide(Buffer.from(sql))];
      assert.equal(text.verdict, bytes.verdict);
      assert.deepEqual(text.facts, bytes.facts);
    }
  }
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  shared.set(Buffer.from('SELECT 1'));
  assert.equal(session.decide(shared).verdict, 'allow');
});

test('bytes are all of their bytes, whatever a subclass says', () => {
  class Short extends Uint8Array {
    get length() {
      return 8;
    }
  }
  const sly = new Short(Buffer.from('SELECT 1; DROP TABLE t'));
  const guard = new placet.Guard();
  assert.equal(guard.decide(sly).verdict, 'deny');
  assert.equal(guard.facts(sly).statements, 2);
});

test('a guard works in worker threads, each with its own', async () => {
  const { Worker } = await import('node:worker_threads');
  const source = `
    const { parentPort } = require('node:worker_threads');
    const placet = require(${JSON.stringify(`${root}bindings-node/index.js`)});
    const guard = new placet.Guard();
    let denied = 0;
    for (let i = 0; i < 200; i += 1) denied += guard.decide('DROP TABLE t' + i).verdict === 'deny';
    parentPort.postMessage(denied);`;
  const run = () => new Promise((done, fail) => {
    const worker = new Worker(source, { eval: true });
    worker.once('message', done).once('error', fail);
  });
  assert.deepEqual(await Promise.all([run(), run(), run()]), [200, 200, 200]);
});

test('events of the embedder stand in the log; the log is proven from outside', (t) => {
  const { guard, log, audit, events } = shop(t);
  guard.event('finding', { finding: 'odd', where: 'a tool' });
  guard.close();
  const all = events();
  assert.deepEqual(all.filter(({ type }) => type === 'finding').map(({ where }) => where), ['a tool']);
  const report = placet.audit.verify(log, { key: audit.publicFile });
  assert.equal(report.state, 'CLOSED_CLEAN');
  const writer = `${log}/node`;
  const kept = placet.audit.checkpoint(writer);
  assert.equal(placet.audit.verify(log, { key: audit.verifier, checkpoint: kept }).state, 'CLOSED_CLEAN');
  assert.match(placet.audit.prove(writer, 1), /^c2sp\.org|tlog/);
  assert.equal(placet.keys.nameOf(audit.verifier), 'example.com/audit');
});

test('the command line answers the same', () => {
  const binary = `${root}target/debug/placet`;
  const probe = spawnSync(binary, ['--version']);
  assert.ifError(probe.error); // Built by `make test`, or `cargo build -p placet-cli`.
  const commands = ['SELECT 1', 'DELETE FROM t', 'TRUNCATE t', 'SELEC 1', 'SELECT pg_read_file(\'x\')', 'VACUUM t'];
  const lines = commands.map((text, id) => JSON.stringify({
    id, principal: { id: 'agent', kind: 'agent' }, resource: { kind: 'postgres', name: 'default' },
    command: { protocol: 'postgres', text },
  }));
  const told = spawnSync(binary, ['decide', '--bundle', 'baseline', '--jsonl'], { input: `${lines.join('\n')}\n` });
  const answers = told.stdout.toString().trim().split('\n').map((line) => JSON.parse(line));
  const guard = new placet.Guard({ bundle: 'baseline', context: { now: null } });
  answers.forEach(({ id, ...answer }, place) => {
    assert.equal(id, place);
    assert.deepEqual(guard.decide(commands[place]).toJSON(), answer);
  });
  assert.equal(answers.length, commands.length);
});
