// Every code that can be met from Node is raised here, once, the way a caller would meet it. The
// others stand below with the reason why nobody can.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, createHash, sign } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import placet from '../index.js';
import { cases, files, root, testdata, toml } from './support.mjs';
import { RULES, scratch, shop, write } from './shop.mjs';

const CLI = 'a complaint of the command line about its own input';
const WIRE = 'a session of a wire protocol: the proxy reads one, and nothing here does';
const PYTHON = 'a complaint of the Python package about Python values';
const SIGNS = 'only what signs JSON meets it, and nothing does from here';
const APART = {
  API001: CLI, API002: CLI, API005: CLI, API006: CLI, API012: CLI, API016: CLI, API019: CLI, API020: CLI,
  API021: CLI, LIM001: CLI,
  API007: 'bytes cross as bytes; this layer writes the base64 itself',
  API009: 'every answer is JSON; the code keeps the door closed if one were not',
  API032: PYTHON, API034: PYTHON,
  API111: 'a catalog of 64 MiB: core/src/crypto/json.rs tests the bound',
  API121: SIGNS, API122: SIGNS, API123: SIGNS,
  APR023: 'a disk that fails between two writes: core/src/approval/tests.rs',
  APR029: 'masking a command for display does not fail with the detectors of today',
  AUD009: 'Node starts a new process where others fork',
  LIM302: 'the writer settles a full group by itself',
  ...Object.fromEntries([...placet.allCodes().keys()].filter((code) => code.startsWith('WIR')).map((code) => [code, WIRE])),
};
/** Lints are reported by `placet bundle lint`, and stop nothing. */
const isLint = (code) => /^P1\d\d$/.test(code);

const raised = new Map();

/** The code of what a call throws; its class must be the one of its family. */
function codeOf(call) {
  try {
    call();
  } catch (error) {
    note(error);
    return error.code;
  }
  return undefined;
}

function note(error) {
  assert.ok(error instanceof placet.PlacetError, error.stack);
  assert.ok(error.message !== '' && !error.message.includes('\n'), error.message);
  // A refusal is for the agent: it ends with the remedy as its author wrote it.
  assert.ok(error.decision !== undefined || !error.message.endsWith('.'), error.message);
  assert.equal(typeof error.help, 'string');
  assert.ok(error.span === null || error.span.length === 2);
  raised.set(error.code, error.constructor.name);
}

function raises(code, call) {
  assert.equal(codeOf(call), code);
}

test('bundles: every problem of an author', (t) => {
  for (const [, file] of files('policies')) {
    for (const row of file.case.filter(({ expect }) => expect.errors !== undefined)) {
      const source = row.base === undefined ? { 'bundle.toml': 'name = "case"' } : directory(row.base);
      const rules = row.rules === undefined ? {} : { 'rules/case.toml': row.rules };
      try {
        placet.policy.compile({ ...source, ...row.files, ...rules });
        assert.fail(row.name);
      } catch (error) {
        note(error);
        // One refusal holds them all; each problem's code is that refusal's for its author.
        for (const { code } of error.problems) raised.set(code, error.constructor.name);
      }
    }
  }
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`rules/${n}.toml`, '']));
  raises('POL024', () => placet.policy.compile({ 'bundle.toml': 'name = "x"', 'rules/a.toml': '#'.repeat(9 << 20), ...many }));
  const dir = scratch(t);
  write(dir, { 'bundle.toml': 'name = "x"', 'rules/a.toml': '[[rule]]\nid = "a"\nwhat = { op = "read" }\nverdict = "allow"\nhit = ["DROP TABLE t"]\n' });
  raises('POL026', () => placet.Guard.open({ bundle: dir }));
});

function directory(base) {
  const pack = placet.policy.packFiles(base);
  if (pack !== null) return pack;
  const found = {};
  const walk = (path, prefix) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inside = join(path, entry.name);
      if (entry.isDirectory()) walk(inside, `${prefix}${entry.name}/`);
      else found[`${prefix}${entry.name}`] = readFileSync(inside, 'utf8');
    }
  };
  walk(join(testdata, 'bundles', base), '');
  return found;
}

test('trust: bundles, roots, states, revocations', () => {
  const file = toml('bundles/attacks/cases.toml');
  const { setup } = file;
  for (const row of cases(file, ['before', 'before_root', 'root', 'file', 'now', 'error', 'digest'], 'attacks')) {
    let state = placet.policy.freshState();
    const verify = (bundle, under, now) => {
      state = placet.policy.verifyBundle(bundle, { root: under, state, now }).state;
    };
    for (const before of row.before) verify(before, row.before_root ?? setup.root, setup.now);
    if (row.error !== undefined) raises(row.error, () => verify(row.file, row.root ?? setup.root, row.now ?? setup.now));
  }
  const verify = (bundle, options = {}) => () =>
    placet.policy.verifyBundle(bundle, { root: setup.root, now: setup.now, ...options });
  const [good] = file.case.find(({ name }) => name === 'tighten-with-one').before;
  raises('BND001', verify(envelope('application/vnd.placet.bundle+json', `{"v":1,"files":{"bundle.toml":"${'#'.repeat(9 << 20)}"}}`, 2)));
  raises('BND101', verify('x'.repeat(64 << 20)));
  raises('BND102', verify('no envelope'));
  raises('BND016', verify(good, { state: '{"v":9}' }));
  raises('BND020', verify(good, { root: envelope('application/vnd.placet.root+json', '{}', 1) }));
  const type = 'application/vnd.placet.revocation+json';
  const digest = placet.policy.verifyBundle(good, { root: setup.root, now: setup.now }).digest;
  const list = `{"bundles":["${digest}"],"keys":[],"v":1,"version":1}`;
  raises('BND017', () => placet.policy.revoke(envelope(type, list, 2), { root: setup.root }));
  const state = placet.policy.revoke(envelope(type, list, 5), { root: setup.root });
  raises('BND007', verify(good, { state }));
  raises('BND022', () => placet.policy.rotateRoot(setup.root, setup.root));
});

/** A DSSE envelope signed with one of the keys of testdata/bundles/attacks/make.py. */
function envelope(type, payload, seed) {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, seed)]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const body = Buffer.from(payload);
  const pae = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${body.length} `), body]);
  return JSON.stringify({
    payload: body.toString('base64'),
    payloadType: type,
    signatures: [{ keyid: `sha256:${createHash('sha256').update(raw).digest('hex')}`, sig: sign(null, pae, key).toString('base64') }],
  });
}

test('approvals: answers that do not count', () => {
  const { setup, case: rows } = toml('approvals/answers.toml');
  const { request, approvers, now, spec } = setup;
  const ceremony = { request, approvers, now, specs: [{ ...spec, expires_in_seconds: 600 }], answers: [] };
  for (const row of rows.filter(({ error }) => error !== undefined)) {
    const error = placet.approval.judge({ ...ceremony, answers: row.answers }).answers.at(-1);
    note(error);
    assert.equal(error.code, row.error);
  }
  const judge = (more) => () => placet.approval.judge({ ...ceremony, ...more });
  raises('APR026', judge({ specs: [] }));
  raises('APR031', judge({ request: '{}' }));
  raises('APR032', judge({ approvers: [approvers[0], approvers[0]] }));
});

test('approvals: calls that must not run', (t) => {
  const { guard, approve, store, people, bundle, dir, audit } = shop(t);
  const tool = guard.tool(() => 'ran', { protocol: 'postgres' });
  const other = guard.tool(() => 'ran', { protocol: 'postgres', principal: 'agent:8' });
  const sql = 'DELETE FROM shop.orders WHERE id = 7';
  const held = caught(() => tool(sql));
  assert.equal(held.code, 'APR020');
  const { ticket } = held;
  raises('APR018', () => guard.state('0'.repeat(32)));
  raises('APR030', () => guard.state('a ticket'));
  approve(ticket);
  raises('APR019', () => tool.resume(ticket, `${sql} `));
  raises('APR033', () => other.resume(ticket, sql));
  assert.equal(guard.resume(ticket), 'ran');
  raises('APR021', () => tool.resume(ticket, sql));
  // A command too large to be shown whole; answers beyond the bound.
  raises('APR028', () => tool(`DELETE FROM shop.orders WHERE id = 7 AND note = '${'\u202e'.repeat(20_000)}'`));
  const full = caught(() => tool('DELETE FROM shop.orders WHERE id = 8')).ticket;
  for (let n = 0; n < 200; n += 1) writeFileSync(join(store, full, `answer-${n}.json`), '{}');
  raises('APR034', () => guard.state(full));
  // The bundle in force says otherwise.
  const late = caught(() => tool('DELETE FROM shop.orders WHERE id = 9')).ticket;
  approve(late);
  assert.equal(guard.state(late), 'approved');
  write(bundle, { 'approvals.toml': people.replace('min = 1', 'min = 1 }, { any_of = ["cab"], min = 1') });
  guard.reload();
  raises('APR025', () => guard.resume(late));
  write(bundle, { 'rules/late.toml': '[[rule]]\nid = "late"\nwhat = { op = "delete" }\nverdict = "deny"\nsay = "No."\n' });
  guard.reload();
  raises('APR024', () => guard.resume(late));
  // Nobody can be asked; nobody would be enough.
  const alone = new placet.Guard().tool(() => 'ran');
  raises('APR022', () => new placet.Guard().tool(() => 'ran', { protocol: 'postgres' })(sql));
  const lonely = placet.Guard.shipped('baseline', {
    audit: join(dir, 'lonely'), auditKey: audit.privateFile, approvals: join(dir, 'lonely-approvals'),
  });
  raises('APR027', () => lonely.tool(() => 'ran', { protocol: 'postgres' })(sql));
  assert.equal(typeof alone, 'function');
});

function caught(call) {
  try {
    call();
  } catch (error) {
    note(error);
    return error;
  }
  return assert.fail('nothing was thrown');
}

test('masking', async (t) => {
  const bundle = scratch(t);
  write(bundle, { 'bundle.toml': 'name = "x"' });
  raises('MSK001', () => placet.Guard.open({ bundle, hashKey: Buffer.alloc(15) }));
  const guard = new placet.Guard();
  raises('MSK003', () => [...guard.maskRows([[1], [1, 2]])]);
  const stream = guard.maskStream();
  stream.end();
  await stream.resume().toArray();
  const late = await new Promise((done) => stream._transform(Buffer.from('x'), 'buffer', done));
  note(late);
  assert.equal(late.code, 'MSK002');
  const loop = [];
  loop.push(loop);
  raises('LIM003', () => guard.mask(loop));
  raises('API033', () => guard.mask('x', { format: 'xml' }));
  raises('API035', () => [...guard.maskRows([7])]);
  raises('API037', () => guard.scan(7));
  raises('API030', () => guard.mask({ answer: new Response('ada@example.com') }));
});

test('the log', (t) => {
  const { guard, log, audit, dir } = shop(t);
  const open = (options) => () =>
    placet.Guard.open({ bundle: 'baseline', audit: log, auditKey: audit.privateFile, writer: 'other', ...options });
  raises('AUD001', () => guard.event('finding', 'no object'));
  raises('AUD002', () => guard.event('finding', { seq: 1 }));
  raises('AUD003', () => guard.event('log.open', {}));
  raises('LIM301', () => guard.event('finding', { text: 'x'.repeat(65_450) }));
  raises('API036', () => guard.event('odd', {}));
  raises('AUD004', open({ writer: '../x' }));
  raises('AUD008', open({ writer: 'node' }));
  guard.close();
  raises('AUD005', () => guard.event('finding', {}));
  writeFileSync(join(dir, 'file'), '');
  raises('AUD010', open({ audit: join(dir, 'file') }));
  const changed = open({ writer: 'changed' })();
  changed.close();
  const segment = join(log, 'changed', readdirSync(join(log, 'changed')).find((name) => name.startsWith('seg-')));
  const bytes = readFileSync(segment);
  bytes[40] ^= 1;
  writeFileSync(segment, bytes);
  raises('AUD007', open({ writer: 'changed' }));
  const { verifier } = audit;
  const note_ = placet.audit.checkpoint(join(log, 'node'));
  const read = (text) => () => placet.audit.openNote(text, verifier);
  raises('AUD101', read('x'.repeat(10 << 20)));
  raises('AUD102', read('no note'));
  const own = `${placet.keys.nameOf(verifier)} `;
  raises('AUD104', read(note_));
  const forged = `a\n\n\u2014 ${own}${Buffer.concat([keyHash(verifier), Buffer.alloc(64)]).toString('base64')}\n`;
  raises('AUD103', read(forged));
});

/** The hash of a verifier key: name+hash+key. */
function keyHash(verifier) {
  return Buffer.from(verifier.split('+')[1], 'hex');
}

test('a log whose disk is full takes nothing more', { skip: process.platform !== 'linux' }, (t) => {
  const { audit, log } = shop(t);
  const script = `
    const placet = require(${JSON.stringify(join(root, 'bindings-node/index.js'))});
    const guard = placet.Guard.open({ bundle: 'baseline', audit: ${JSON.stringify(log)}, writer: 'full',
      auditKey: ${JSON.stringify(audit.privateFile)}, durability: 'buffered' });
    for (let n = 0; n < 4; n += 1) {
      try { guard.event('finding', { text: 'x'.repeat(30000) }); } catch (error) {
        console.log(error.constructor.name, error.code);
      }
    }`;
  // A bound on the size of files stands for the disk.
  const run = spawnSync('sh', ['-c', 'trap "" XFSZ; ulimit -f 64; exec "$0" -e "$1"', process.execPath, script]);
  const [first, second] = run.stdout.toString().trim().split('\n');
  assert.equal(first, 'AuditError AUD006', run.stderr.toString());
  assert.equal(second, 'AuditError AUD006');
  raised.set('AUD006', 'AuditError');
});

test('files, keys and objects of the integrator', (t) => {
  const dir = scratch(t);
  const path = (name, text) => {
    if (text !== undefined) writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const open = (options) => () => placet.Guard.open({ bundle: 'baseline', ...options });
  const file = toml('bundles/attacks/cases.toml');
  const packed = path('packed.json', file.case[0].before[0]);
  raises('API013', open({ bundle: path('nothing') }));
  raises('API015', open({ bundle: packed }));
  raises('API003', open({ bundle: packed, root: path('nothing') }));
  const rooted = { bundle: packed, root: path('root.json', file.setup.root) };
  raises('API135', open({ ...rooted, state: path('state.json', 'no state') }));
  mkdirSync(path('bundle'));
  writeFileSync(join(dir, 'bundle/bundle.toml'), Buffer.from([0xff]));
  raises('API004', open({ bundle: path('bundle') }));
  mkdirSync(path('odd'));
  writeFileSync(join(dir, 'odd', 'a\\b.toml'), '');
  raises('API018', open({ bundle: path('odd') }));
  mkdirSync(path('large'));
  for (let n = 0; n < 9; n += 1) writeFileSync(join(dir, 'large', `${n}.toml`), '#'.repeat(1 << 20));
  raises('LIM002', open({ bundle: path('large') }));
  raises('API022', open({ approvals: path('approvals') }));
  raises('API038', open({ audit: dir }));
  raises('API010', open({ audti: dir }));
  for (const [code, text] of [
    ['API112', '['.repeat(1000)], ['API113', '{"tables":[],"tables":[]}'], ['API114', '[12345678901234567890123]'], ['API115', 'no JSON'],
  ]) {
    raises(code, open({ catalog: path('catalog.json', text) }));
  }
  const key = { privateFile: path('a.key'), publicFile: path('a.vkey') };
  const verifier = placet.keys.create('example.com/a', key);
  raises('API132', () => placet.keys.create('example.com/a', key));
  raises('API101', () => placet.keys.create('a b', { privateFile: path('b.key'), publicFile: path('b.vkey') }));
  // The key itself may hold a plus.
  const [name, hash, ...rest] = verifier.split('+');
  const text = rest.join('+');
  raises('API102', () => placet.keys.nameOf('no key'));
  raises('API103', () => placet.keys.nameOf(`${name}+00000000+${text}`));
  raises('API104', () => placet.keys.nameOf(`${name}+${hash}+${Buffer.concat([Buffer.from([9]), Buffer.alloc(32)]).toString('base64')}`));
  raises('API105', () => placet.keys.nameOf(weak(name)));
  raises('API106', () => placet.keys.nameOf(readFileSync(key.privateFile, 'utf8')));
  raises('API131', () => placet.audit.verify(path('nothing'), { key: verifier }));
  raises('API134', () => placet.audit.verify(dir, { key: path('empty', '') }));
  raises('API017', () => placet.audit.verify(dir, { key: verifier, checkpoint: 'no note' }));
  raises('API014', () => placet.audit.verify(dir, { key: verifier, now: 'noon' }));
  raises('API136', () => placet.audit.prove(dir, 7));
  chmodSync(key.privateFile, 0o644);
  raises('API133', open({ audit: path('audit'), auditKey: key.privateFile }));
  raises('API008', () => new placet.Guard().facts('SELECT 1', { protocol: 'sequel' }));
  raises('API031', () => new placet.Guard().tool(() => 1, { protocol: 'postgres' })());
});

/** The text of a key that is the neutral element: every signature would pass under it. */
function weak(name) {
  const key = Buffer.concat([Buffer.from([1, 1]), Buffer.alloc(31)]);
  const hash = createHash('sha256').update(Buffer.concat([Buffer.from(`${name}\n`), key])).digest();
  return `${name}+${hash.subarray(0, 4).toString('hex')}+${key.toString('base64')}`;
}

test('reasons of a decision, and faults', async (t) => {
  const { guard, bundle } = shop(t);
  const tool = (options) => guard.tool(() => [1, 2, 3].map((id) => ({ id })), { protocol: 'postgres', ...options });
  const native = (await import('../lib/native.js')).default;
  const { decide } = native;
  native.decide = () => native.panicForTests();
  raises('API039', () => guard.decide('SELECT 1'));
  native.decide = decide;
  raises('forbidden', () => tool()('DELETE FROM shop.orders'));
  raises('no_rule', () => tool()('GRANT ALL ON shop.orders TO x'));
  raises('unenforceable', () => tool({ enforces: ['limit'] })('SELECT mail FROM shop.customers'));
  raises('LIM004', () => tool()('SELECT id FROM shop.orders'));
  const more = {
    'rules/shop.toml': `${RULES}\n[[rule]]\nid = "few-writes"\nwhat = { op = "update", target = "shop.notes" }\nverdict = [{ limit = { rows = 1 } }]\n`,
  };
  write(bundle, more);
  guard.reload();
  raises('limit_exceeded', () => tool()('UPDATE shop.notes SET a = 1 WHERE b = 2'));
  write(bundle, { 'bundle.toml': 'name = "shop"\nsequence = 2\nexpires = 2020-01-01T00:00:00Z\n' });
  guard.reload();
  raises('bundle_expired', () => tool()('SELECT 1'));
  write(bundle, {
    'bundle.toml': 'name = "shop"\nsequence = 3\nfeatures = ["risk"]\n',
    'risk.toml': RISK,
  });
  guard.reload();
  raises('risk', () => tool()('SELECT 1'));
});

const RISK = '[[band]]\nat = 0\nverdict = "deny"\n';

test('every code is raised, or stands apart with its reason', () => {
  const all = [...placet.allCodes().keys()].filter((code) => !isLint(code));
  const missing = all.filter((code) => !raised.has(code) && !(code in APART));
  assert.deepEqual(missing, []);
  assert.deepEqual(Object.keys(APART).filter((code) => raised.has(code) || !all.includes(code)), []);
  assert.deepEqual([...raised.keys()].filter((code) => !all.includes(code)), []);
});

test('a code stands for one class', () => {
  const family = {
    POL: 'PolicyError', BND: 'BundleError', MSK: 'MaskError', AUD: 'AuditError', LIM: 'LimitError', API: 'UsageError',
  };
  for (const [code, name] of raised) {
    const expected = code === 'API039' ? 'InternalError' : family[code.slice(0, 3)];
    if (expected !== undefined) assert.equal(name, expected, code);
  }
});

test('the specification lists the same codes', () => {
  const page = readFileSync(join(root, 'docs/spec/errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Za-z0-9_]+)` \| (.*) \|$/gm)].map(([, code, meaning]) => [code, meaning]);
  // The proxy's complaints about its configuration, and those of `catalog dump`, cannot be met here.
  const isElsewhere = ([code]) => /^API0[456]\d$/.test(code);
  assert.deepEqual([...placet.allCodes()].sort(), rows.filter((row) => !isElsewhere(row)).sort());
});
