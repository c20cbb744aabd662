// A function with the guard in front of it.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import test from 'node:test';
import placet from '../index.js';
import { RULES, shop, write } from './shop.mjs';

const { ApprovalRequiredError, LimitError, PolicyDeniedError } = placet;

/** The code of what a call throws, or of what its promise rejects with. */
async function code(call) {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof placet.PlacetError, error.stack);
    return error.code;
  }
  return undefined;
}

function types(events) {
  return events.map(({ type }) => type).filter((type) => !/^(log|key|bundle)\./.test(type));
}

test('the decision is in the log before the body runs, the outcome after', (t) => {
  const { guard, events, log, audit } = shop(t);
  let before;
  const tool = guard.tool((sql) => {
    before = types(events());
    return [{ id: 1, note: sql }];
  }, { protocol: 'postgres' });
  assert.deepEqual(tool('SELECT * FROM shop.orders'), [{ id: 1, note: 'SELECT * FROM shop.orders' }]);
  assert.deepEqual(before, ['decision']);
  assert.deepEqual(types(events()), ['decision', 'outcome']);
  const outcome = events().at(-1);
  assert.deepEqual([outcome.state, outcome.rows_out], ['completed', 1]);
  guard.close();
  assert.equal(placet.audit.verify(log, { key: audit.publicFile }).state, 'CLOSED_CLEAN');
});

test('a refused command never reaches the body', async (t) => {
  const { guard, events } = shop(t);
  let runs = 0;
  const body = () => (runs += 1);
  const plain = guard.tool(body, { protocol: 'postgres' });
  const later = guard.tool(async () => body(), { protocol: 'postgres' });
  const bytes = guard.tool(body, { protocol: 'postgres' });
  for (const call of [
    () => plain('DELETE FROM shop.orders'),
    () => later('DELETE FROM shop.orders WHERE 1 = 1'),
    () => bytes(Buffer.from('DELETE FROM shop.orders')),
  ]) {
    const error = await rejected(call);
    assert.ok(error instanceof PolicyDeniedError);
    assert.equal(error.code, 'forbidden');
    assert.equal(error.help, 'Add a WHERE.');
    assert.equal(error.decision.verdict, 'deny');
  }
  // Whoever calls an async function hears of it through the promise; of any other, at once.
  assert.ok((await later('DELETE FROM shop.orders').catch((error) => error)) instanceof PolicyDeniedError);
  assert.throws(() => plain('DELETE FROM shop.orders'), PolicyDeniedError);
  assert.equal(await code(() => plain('GRANT ALL ON shop.orders TO x')), 'no_rule');
  assert.equal(runs, 0);
  assert.deepEqual(types(events()), Array(6).fill('decision'));
});

test('a call without a command runs nothing', async (t) => {
  const { guard } = shop(t);
  let runs = 0;
  const tool = guard.tool(() => (runs += 1), { protocol: 'postgres', arg: 'query' });
  for (const args of [[], [{}], [null], [{ query: 7 }], ['SELECT 1']]) {
    assert.equal(await code(() => tool(...args)), 'API031', JSON.stringify(args));
  }
  assert.equal(await code(() => tool({ query: 'SELECT \ud800' })), 'API037');
  assert.equal(runs, 0);
});

test('the body gets the very command that was decided about', (t) => {
  const { guard } = shop(t);
  let reads = 0;
  const input = {
    get query() {
      reads += 1;
      return reads === 1 ? 'SELECT 1' : 'DROP TABLE shop.orders';
    },
  };
  const tool = guard.tool(({ query }) => query, { protocol: 'postgres', arg: 'query' });
  assert.equal(tool(input), 'SELECT 1');
});

test('held, approved from outside, run once with the same arguments', async (t) => {
  const { guard, approve, events, log, audit, store } = shop(t);
  const runs = [];
  const tool = guard.tool(async ({ query, values }) => {
    runs.push([query, values]);
    return 'done';
  }, { protocol: 'postgres', arg: 'query' });
  const call = { query: 'DELETE FROM shop.orders WHERE id = $1', values: [7] };
  const held = await rejected(() => tool(call));
  assert.ok(held instanceof ApprovalRequiredError);
  assert.equal(held.code, 'APR020');
  assert.equal(held.decision.verdict, 'require_approval');
  assert.match(held.ticket, /^[0-9a-f]{32}$/);
  assert.deepEqual(placet.approval.tickets(store), [held.ticket]);
  assert.match(placet.approval.display(store, held.ticket), /DELETE FROM shop\.orders/);
  // Not yet; and the same call asked again has the same ticket.
  assert.equal(await code(() => guard.resume(held.ticket)), 'APR020');
  assert.equal((await rejected(() => tool(call))).ticket, held.ticket);
  assert.equal(guard.state(held.ticket), 'pending');
  const waiting = guard.answered(held.ticket, { intervalMs: 5 });
  approve(held.ticket);
  assert.equal(await waiting, 'approved');
  // Other parameters, other text, another type of parameter: not what was approved.
  for (const other of [
    { ...call, values: [8] },
    { ...call, values: ['7'] },
    { ...call, values: [7, null] },
    { ...call, query: 'DELETE FROM shop.orders WHERE id = $1 ' },
    { ...call, more: true },
  ]) {
    assert.equal(await code(() => tool.resume(held.ticket, other)), 'APR019', JSON.stringify(other));
  }
  assert.deepEqual(runs, []);
  // Whoever changes the arguments meanwhile changes nothing.
  const text = call.query;
  call.query = 'DELETE FROM shop.orders WHERE id > $1';
  assert.equal(await guard.resume(held.ticket), 'done');
  assert.deepEqual(runs, [[text, [7]]]);
  assert.equal(await code(() => tool.resume(held.ticket, { query: text, values: [7] })), 'APR021');
  assert.equal(await code(() => guard.resume(held.ticket)), 'APR018');
  assert.equal(runs.length, 1);
  const story = types(events());
  for (const type of ['approval.requested', 'approval.answered', 'approval.consumed']) {
    assert.equal(story.filter((found) => found === type).length, 1, type);
  }
  guard.close();
  assert.equal(placet.audit.verify(log, { key: audit.verifier }).state, 'CLOSED_CLEAN');
});

test('an approved call may simply be made again', async (t) => {
  const { guard, approve } = shop(t);
  let runs = 0;
  const tool = guard.tool(() => (runs += 1), { protocol: 'postgres' });
  const sql = 'DELETE FROM shop.orders WHERE id = 7';
  const held = await rejected(() => tool(sql));
  approve(held.ticket);
  assert.equal(tool(sql), 1);
  // Used up: the next one asks anew.
  assert.notEqual((await rejected(() => tool(sql))).ticket, held.ticket);
  assert.equal(runs, 1);
});

test('denied, withdrawn and unknown tickets run nothing', async (t) => {
  const { guard, approve } = shop(t);
  let runs = 0;
  const tool = guard.tool(() => (runs += 1), { protocol: 'postgres' });
  const one = await rejected(() => tool('DELETE FROM shop.orders WHERE id = 1'));
  approve(one.ticket, false);
  assert.equal(await guard.answered(one.ticket, { timeoutMs: 0 }), 'denied');
  assert.equal(await code(() => guard.resume(one.ticket)), 'APR017');
  const two = await rejected(() => tool('DELETE FROM shop.orders WHERE id = 2'));
  guard.withdraw(two.ticket);
  assert.equal(await code(() => tool.resume(two.ticket, 'DELETE FROM shop.orders WHERE id = 2')), 'APR014');
  assert.equal(await code(() => guard.resume('0'.repeat(32))), 'APR018');
  assert.equal(await code(() => tool.resume('no ticket', 'SELECT 1')), 'APR030');
  assert.equal(runs, 0);
});

test('the bundle in force decides again, and may be stricter', async (t) => {
  const { guard, approve, bundle } = shop(t);
  let runs = 0;
  const tool = guard.tool(() => (runs += 1), { protocol: 'postgres' });
  const held = await rejected(() => tool('DELETE FROM shop.orders WHERE id = 7'));
  approve(held.ticket);
  write(bundle, { 'rules/late.toml': '[[rule]]\nid = "late"\nwhat = { op = "delete" }\nverdict = "deny"\nsay = "No."\n' });
  guard.reload();
  assert.equal(await code(() => guard.resume(held.ticket)), 'APR024');
  assert.equal(runs, 0);
});

test('results are masked by column, whatever their shape', async (t) => {
  const { guard, events } = shop(t);
  const rows = [{ id: 1, mail: 'ada@example.com' }, { id: 2, mail: 'not a mail at all' }];
  const clean = [{ id: 1, mail: '[PII.MAIL]' }, { id: 2, mail: '[PII.MAIL]' }];
  const sql = 'SELECT id, mail FROM shop.customers';
  const tool = (body) => guard.tool(body, { protocol: 'postgres' });
  assert.deepEqual(tool(() => rows)(sql), clean);
  assert.deepEqual(await tool(async () => rows)(sql), clean);
  assert.deepEqual(tool(() => rows.map(Object.values))(sql), clean.map(Object.values));
  const answer = { rows, rowCount: 2, fields: [{ name: 'id' }, { name: 'mail' }] };
  assert.deepEqual(tool(() => answer)(sql), { ...answer, rows: clean });
  assert.deepEqual([...tool(() => rows[Symbol.iterator]())(sql)], clean);
  const later = tool(async function* () {
    yield* rows;
  });
  assert.deepEqual(await Array.fromAsync2(later(sql)), clean);
  const stream = tool(() => Readable.from(rows))(sql);
  assert.deepEqual(await stream.toArray(), clean);
  assert.ok(events().filter(({ type }) => type === 'outcome').every(({ masked_cells }) => masked_cells === 2));
  // What is no row, or has other columns than were foreseen, is hidden whole.
  assert.equal(tool(() => 'ada wrote from home')(sql), '[MASKED]');
  assert.deepEqual(tool(() => ({ text: ['x', { n: 1 }] }))(sql), { text: ['[MASKED]', { n: '[MASKED]' }] });
  assert.deepEqual(tool(() => [{ mail: 'x' }])(sql), [{ mail: '[PII.MAIL]' }]);
  assert.deepEqual(tool(() => [{ id: 1, mail: 'x' }, { mail: 'y', id: 2 }])(sql), [
    { id: '[PII.MAIL]', mail: '[PII.MAIL]' },
    { mail: '[PII.MAIL]', id: '[PII.MAIL]' },
  ]);
  const bytes = tool(() => Readable.from([Buffer.from('ada@exam'), Buffer.from('ple.com')], { objectMode: false }));
  assert.equal(Buffer.concat(await bytes(sql).toArray()).toString(), '[MASKED]');
});

// Node 20 has no `Array.fromAsync`.
Array.fromAsync2 = async (source) => {
  const out = [];
  for await (const item of source) out.push(item);
  return out;
};

test('what no rule masks passes as the very object, unless everything is to be masked', async (t) => {
  const { guard } = shop(t);
  const rows = [{ id: 1, note: 'from ada@example.com' }];
  const plain = guard.tool(() => rows, { protocol: 'postgres' });
  assert.equal(plain('SELECT * FROM shop.orders'), rows);
  const always = guard.tool(() => rows, { protocol: 'postgres', mask: 'always' });
  assert.deepEqual(always('SELECT * FROM shop.orders'), [{ id: 1, note: 'from [EMAIL_ADDRESS]' }]);
  const stream = guard.tool(() => Readable.from(['from ada@exam', 'ple.com'], { objectMode: false }), {
    protocol: 'postgres', mask: 'always',
  });
  assert.equal(Buffer.concat(await stream('SELECT 1').toArray()).toString(), 'from [EMAIL_ADDRESS]');
});

test('texts that come in pieces are one text', async (t) => {
  const { guard, events } = shop(t);
  const pieces = ['to ada@ex', 'ample.com, ', 'é'.repeat(3), ' card 4111 1111 ', '1111 1111', ' end'];
  const wanted = 'to [EMAIL_ADDRESS], ééé card [CREDIT_CARD] end';
  const tool = (body) => guard.tool(body, { protocol: 'postgres', mask: 'always' });
  const later = tool(async function* () {
    yield* pieces;
  });
  const texts = await Array.fromAsync2(later('SELECT 1'));
  assert.ok(texts.every((text) => typeof text === 'string'));
  assert.equal(texts.join(''), wanted);
  const now = tool(function* () {
    for (const byte of Buffer.from(pieces.join(''))) yield Uint8Array.of(byte);
  });
  assert.equal(Buffer.concat([...now('SELECT 1')]).toString(), wanted);
  const web = tool(() => new Blob([pieces.join('')]).stream());
  assert.equal(Buffer.concat(await Array.fromAsync2(web('SELECT 1'))).toString(), wanted);
  assert.deepEqual(events().filter(({ type }) => type === 'outcome').map(({ masked_cells }) => masked_cells), [2, 2, 2]);
});

test('more rows than the limit are an error, never a cut', async (t) => {
  const { guard, events } = shop(t);
  const rows = [1, 2, 3].map((id) => ({ id }));
  const sql = 'SELECT id FROM shop.orders';
  const tool = (body) => guard.tool(body, { protocol: 'postgres' });
  assert.deepEqual(tool(() => rows.slice(1))(sql), rows.slice(1));
  assert.throws(() => tool(() => rows)(sql), LimitError);
  assert.equal(await code(() => tool(async () => ({ rows }))(sql)), 'LIM004');
  const seen = [];
  await assert.rejects(async () => {
    for await (const row of tool(() => Readable.from(rows))(sql)) seen.push(row);
  }, LimitError);
  assert.deepEqual(seen, rows.slice(0, 2));
  const states = events().filter(({ type }) => type === 'outcome').map(({ state }) => state);
  assert.deepEqual(states, ['completed', 'stopped_at_limit', 'stopped_at_limit', 'stopped_at_limit']);
});

test('errors are output: their texts are masked, the outcome is a failure', async (t) => {
  const { guard, events } = shop(t);
  class DriverError extends Error {}
  const fail = () => {
    throw Object.assign(new DriverError('no user ada@example.com'), {
      detail: 'Key (mail)=(ada@example.com)', code: '23505', cause: new Error('bob@example.com'),
    });
  };
  for (const body of [fail, async () => fail()]) {
    const error = await rejected(() => guard.tool(body, { protocol: 'postgres' })('SELECT * FROM shop.orders'));
    assert.ok(error instanceof DriverError && error instanceof Error);
    assert.equal(error.message, 'no user [EMAIL_ADDRESS]');
    assert.equal(error.detail, 'Key (mail)=([EMAIL_ADDRESS])');
    assert.equal(error.code, '23505');
    assert.equal(error.cause.message, '[EMAIL_ADDRESS]');
    assert.doesNotMatch(error.stack, /ada@/);
    // Values of a tagged column may have any shape.
    const hidden = await rejected(() => guard.tool(body, { protocol: 'postgres' })('SELECT mail FROM shop.customers'));
    assert.equal(hidden.message, '[MASKED]');
    assert.doesNotMatch(hidden.stack, /ada@/);
  }
  const text = await rejected(() => guard.tool(() => { throw 'mail ada@example.com'; }, { protocol: 'postgres' })('SELECT 1'));
  assert.equal(text, 'mail [EMAIL_ADDRESS]');
  const broken = guard.tool(async function* () {
    yield { id: 1 };
    throw new Error('row of ada@example.com');
  }, { protocol: 'postgres' });
  const error = await rejected(() => Array.fromAsync2(broken('SELECT 1')));
  assert.equal(error.message, 'row of [EMAIL_ADDRESS]');
  const outcomes = events().filter(({ type }) => type === 'outcome');
  assert.ok(outcomes.length === 6 && outcomes.every(({ state }) => state === 'failed'));
});

test('a result that cannot be masked does not leave, and the log says so', async (t) => {
  const { guard, events } = shop(t);
  const loop = { id: 1 };
  loop.loop = loop;
  const tool = guard.tool(() => [loop], { protocol: 'postgres', mask: 'always' });
  assert.equal(await code(() => tool('SELECT * FROM shop.orders')), 'LIM003');
  assert.deepEqual(events().filter(({ type }) => type === 'outcome').map(({ state }) => state), ['failed']);
});

test('who asks may depend on the call, and live objects are no part of what is asked', async (t) => {
  const { guard, events, approve } = shop(t);
  class Connection {}
  let runs = 0;
  const tool = guard.tool((input, connection, context) => (runs += 1), {
    protocol: 'postgres', arg: 'query', ignore: ['trace', 2],
    principal: (_input, _connection, context) => ({ id: `agent:${context.user}`, groups: [] }),
  });
  const input = { query: 'DELETE FROM shop.orders WHERE id = 1', trace: 'a' };
  const held = await rejected(() => tool(input, new Connection(), { user: 'ana-7' }));
  assert.equal(events().find(({ type }) => type === 'decision').principal.id, 'agent:ana-7');
  approve(held.ticket);
  const retry = { ...input, trace: 'b' };
  assert.equal(await code(() => tool.resume(held.ticket, retry, new Connection(), { user: 'eve' })), 'APR033');
  assert.equal(tool.resume(held.ticket, retry, new Connection(), { user: 'ana-7', at: 2 }), 1);
  assert.equal(runs, 1);
});

test('a held call keeps its data, and its live objects as they are', async (t) => {
  const { guard, approve } = shop(t);
  class Connection {
    run = (query, values) => [query, ...values];
  }
  const connection = new Connection();
  const tool = guard.tool(({ query, values }, to) => [to === connection, ...to.run(query, values)], {
    protocol: 'postgres', arg: 'query',
  });
  const input = { query: 'DELETE FROM shop.orders WHERE id = $1 OR note = $2', values: [7, Buffer.from('x')] };
  const held = await rejected(() => tool(input, connection));
  approve(held.ticket);
  input.values[0] = 8;
  input.values[1].write('y');
  assert.deepEqual(guard.resume(held.ticket), [true, input.query, 7, Buffer.from('x')]);
});

test('a call that no reader reads: refused, unless its facts are stated', async (t) => {
  const { guard } = shop(t);
  let asked;
  const body = (input) => (asked = input);
  assert.equal(await code(() => guard.tool(body, { kind: 'tool' })({ id: 7 })), 'limit_exceeded');
  assert.equal(asked, undefined);
  const reads = {
    protocol: 'tool', understanding: 'full', reasons: [], statements: 1, session: [],
    actions: [{
      op: 'read', verb: 'LOOKUP', extent: 'one', may: ['read_data'], calls: [], outputs: 'none', via: [],
      targets: [{ kind: 'other', path: 'billing.invoices', role: 'object', columns: 'any' }], span: [0, 0], nested: [],
    }],
  };
  const stated = guard.tool(body, { kind: 'tool', name: 'lookup', facts: () => reads });
  assert.deepEqual(stated({ id: 7 }), { id: 7 });
  const wrong = guard.tool(body, { kind: 'tool', facts: () => ({ ...reads, understanding: 'surely' }) });
  assert.equal(await code(() => wrong({ id: 8 })), 'API010');
});

test('nothing runs when the log does not take the decision', async (t) => {
  const { guard } = shop(t);
  let runs = 0;
  const tool = guard.tool(() => (runs += 1), { protocol: 'postgres' });
  guard.close();
  assert.equal(await code(() => tool('SELECT 1')), 'AUD005');
  assert.equal(runs, 0);
});

test('a fault inside the library runs nothing and tells nothing', async (t) => {
  const { guard } = shop(t);
  const native = (await import('../lib/native.js')).default;
  const { translate } = (await import('../lib/errors.js')).default;
  assert.throws(() => native.panicForTests(), (error) => {
    const told = translate(error);
    assert.ok(told instanceof placet.InternalError);
    assert.equal(told.code, 'API039');
    assert.doesNotMatch(`${told.message}${told.help}${told.stack}`, /secret/);
    return true;
  });
  // The same through a tool: the addon's entry panics, the body does not run.
  const admit = native.NativeSession.prototype.admit;
  t.after(() => (native.NativeSession.prototype.admit = admit));
  native.NativeSession.prototype.admit = () => native.panicForTests();
  let runs = 0;
  const tool = guard.tool(() => (runs += 1), { protocol: 'postgres' });
  assert.equal(await code(() => tool('SELECT 1')), 'API039');
  assert.equal(runs, 0);
});

test('slips in the options are told at once', async (t) => {
  const { guard } = shop(t);
  assert.equal(await code(() => guard.tool('no function')), 'API010');
  assert.equal(await code(() => guard.tool(() => 1, { protocl: 'postgres' })), 'API010');
  assert.equal(await code(() => guard.tool(() => 1, { mask: 'never' })), 'API036');
  assert.equal(await code(() => guard.tool(() => 1, { protocol: 'postgresql' })('SELECT 1')), 'API008');
  assert.ok(RULES.includes('unbounded'));
});

async function rejected(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}

test('an approval is bound to what the values of built-in classes hold', async (t) => {
  const { guard, approve } = shop(t);
  const pairs = [
    [new Date(0), new Date(1)],
    [new Map([[1, 2]]), new Map([[1, 3]])],
    [new Set([1]), new Set([2])],
    [{ ids: new Set([1]) }, { ids: new Set([2]) }],
    [new Float64Array([1]), new Float64Array([2])],
    [new ArrayBuffer(1), new ArrayBuffer(2)],
    [new URL('http://a.example'), new URL('http://b.example')],
    [new String('a'), new String('b')],
    [/a/, /b/],
  ];
  for (const [index, [asked, other]] of pairs.entries()) {
    const ran = [];
    const tool = guard.tool((sql, value) => ran.push(value), { protocol: 'postgres' });
    const sql = `UPDATE shop.orders SET note = 'x' WHERE id = ${index}`;
    const held = await rejected(() => tool(sql, asked));
    approve(held.ticket);
    assert.ok((await rejected(() => tool(sql, other))) instanceof ApprovalRequiredError, String(index));
    tool(sql, asked);
    assert.deepEqual(ran, [asked]);
  }
  guard.close();
});

test('the body gets bytes that no other thread can change', (t) => {
  const { guard } = shop(t);
  const shared = Buffer.from(new SharedArrayBuffer(8));
  shared.write('SELECT 1');
  const seen = [];
  guard.tool((sql, note) => seen.push([sql, note]), { protocol: 'postgres' })(shared, 'n');
  assert.equal(seen[0][0].buffer instanceof SharedArrayBuffer, false);
  assert.deepEqual([String(seen[0][0]), seen[0][1]], ['SELECT 1', 'n']);
  guard.close();
});

test('what cannot be looked into does not leave', async (t) => {
  const { guard, events } = shop(t);
  const address = 'ada@example.com';
  const options = { protocol: 'postgres', mask: 'always' };
  const tool = (make) => () => guard.tool(make, options)('SELECT 1');
  assert.equal(await code(tool(() => () => address)), 'API036');
  assert.equal(await code(tool(() => new WeakRef({ address }))), 'API036');
  const iterable = tool(() => ({ *[Symbol.iterator]() { yield address; } }))();
  assert.deepEqual([...iterable], ['[EMAIL_ADDRESS]']);
  const trap = await rejected(tool(() => ({ get address() { throw new Error(address); } })));
  assert.ok(!trap.stack.includes(address), trap.stack);
  const states = events().filter(({ type }) => type === 'outcome').map(({ state }) => state);
  assert.deepEqual(states, ['failed', 'failed', 'completed', 'failed']);
  guard.close();
});
