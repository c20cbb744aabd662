// Values of JavaScript's own shapes, masked as the core masks JSON.
import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'node:test';
import placet from '../index.js';

const guard = new placet.Guard();
const MAIL = 'ada@example.com';

test('nested values are masked like the JSON text that they make', () => {
  const values = [
    { ssn: '536904399', person: { ssn: 536904399, note: `to ${MAIL}` } },
    { card: 4111111111111111, cards: [4111111111111111, '4111 1111 1111 1111', 4.5] },
    { [MAIL]: 1, list: [[{ deep: [MAIL, null, true] }]] },
    { name: 'ssn', value: '536904399' },
    { kind: 'Secret', apiVersion: 'v1', data: { password: 'aHVudGVyMg==' } },
    [MAIL, 'x'.repeat(100_000), `${'y'.repeat(70_000)} ${MAIL}`, '"quoted\\" \u2028 \ud83d\ude00', ''],
    { '': { '"': MAIL, '\\': '\\', '{': '[', ':': ',' } },
    'plain', 41, null, true, [], {}, [[]], [{}],
  ];
  for (const value of values) {
    const text = guard.mask(JSON.stringify(value), { format: 'json' });
    const own = typeof value === 'object' ? value : { value };
    const masked = guard.mask(own);
    if (typeof value === 'object') assert.deepEqual(masked, JSON.parse(text));
    if (text === JSON.stringify(value)) assert.equal(masked, own, 'the very object comes back');
    assert.equal(guard.mask(masked), masked, 'masked twice');
  }
});

test('what is not changed stays the same object, and so do its parts', () => {
  const clean = { a: [1, 2, { b: 'c' }] };
  const value = { clean, mail: MAIL };
  const masked = guard.mask(value);
  assert.notEqual(masked, value);
  assert.equal(masked.clean, clean);
  assert.equal(value.mail, MAIL, 'the input is left alone');
});

test('values that JSON has no word for', () => {
  class Row {
    constructor(mail) {
      this.mail = mail;
    }
  }
  const when = new Date(0);
  const act = () => 1;
  const symbol = Symbol('mail');
  const masked = guard.mask({
    when, act, none: undefined, big: 4111111111111111n, small: 7n, nan: NaN, row: new Row(MAIL),
    map: new Map([['mail', MAIL], ['n', 1]]), pairs: new Map([[1, MAIL]]), set: new Set([MAIL, 2]),
    bytes: Buffer.from(`to ${MAIL}`), raw: new Uint8Array([0xff, 0x00]), url: new URL(`https://x.test/?m=${MAIL}`),
    error: new TypeError(`no ${MAIL}`), floats: new Float64Array([4111111111111111]), [symbol]: MAIL,
    boxed: Object(MAIL), bare: Object.assign(Object.create(null), { mail: MAIL }),
  });
  const M = '[EMAIL_ADDRESS]';
  assert.equal(masked.when, when);
  assert.equal(masked.act, act);
  assert.ok('none' in masked && masked.none === undefined);
  assert.deepEqual([masked.big, masked.small, masked.nan], ['[CREDIT_CARD]', 7n, NaN]);
  assert.ok(masked.row instanceof Row && masked.row.mail === M);
  assert.deepEqual([...masked.map], [['mail', M], ['n', 1]]);
  assert.deepEqual([...masked.pairs, ...masked.set], [[1, M], M, 2]);
  assert.equal(masked.bytes.toString(), `to ${M}`);
  assert.deepEqual(masked.raw, new Uint8Array([0xff, 0x00]));
  assert.equal(masked.url, `https://x.test/?m=${M}`);
  assert.ok(masked.error instanceof TypeError && masked.error.message === `no ${M}`);
  assert.doesNotMatch(masked.error.stack, /ada@/);
  assert.deepEqual(masked.floats, ['[CREDIT_CARD]']);
  assert.deepEqual([masked[symbol], masked.boxed, masked.bare.mail], [M, M, M]);
});

test('members that answer differently the second time do not slip through', () => {
  let reads = 0;
  const sly = {
    get mail() {
      reads += 1;
      return reads === 1 ? MAIL : 'bob@example.com';
    },
    get list() {
      return reads === 1 ? [MAIL] : { other: MAIL };
    },
  };
  const masked = guard.mask(sly);
  assert.deepEqual(masked, { mail: '[EMAIL_ADDRESS]', list: ['[EMAIL_ADDRESS]'] });
});

test('what cannot be seen is not let through', () => {
  class Hidden {
    #mail = MAIL;
    get mail() {
      return this.#mail;
    }
  }
  class Shown {
    constructor() {
      this.mail = MAIL;
    }
    toJSON() {
      return { id: 7 };
    }
  }
  for (const value of [new Hidden(), Promise.resolve(MAIL), new Response(MAIL), new WeakMap()]) {
    assert.throws(() => guard.mask({ value }), { code: 'API030' });
  }
  assert.deepEqual(guard.mask([new Shown()]), [{ id: 7 }]);
  const url = new URL('https://x.test/');
  assert.equal(guard.mask([url])[0], url);
  class Empty {}
  assert.ok(guard.mask([new Empty()])[0] instanceof Empty);
});

test('keys that become the same are still two places', () => {
  const masked = guard.mask({ 'ada@example.com': 1, 'bob@example.com': MAIL, after: [MAIL] });
  assert.deepEqual(masked, { '[EMAIL_ADDRESS]': '[EMAIL_ADDRESS]', after: ['[EMAIL_ADDRESS]'] });
});

test('what contains itself or nests without end is refused, not followed', () => {
  const loop = {};
  loop.loop = loop;
  let deep = MAIL;
  for (let level = 0; level < 100_000; level += 1) deep = [deep];
  for (const value of [loop, deep]) assert.throws(() => guard.mask(value), { code: 'LIM003' });
  let fair = MAIL;
  for (let level = 0; level < 200; level += 1) fair = [fair];
  assert.doesNotMatch(JSON.stringify(guard.mask(fair)), /ada@/);
});

test('half of a surrogate pair is masked in a value, and refused as a text', () => {
  const masked = guard.mask({ odd: `\ud800 ${MAIL}`, fine: '\udfff' });
  assert.deepEqual(masked, { odd: '\ufffd [EMAIL_ADDRESS]', fine: '\udfff' });
  assert.throws(() => guard.mask(`\ud800 ${MAIL}`), { code: 'API037' });
});

test('strings and bytes: the same object where nothing is found, context by key', () => {
  const text = 'nothing here';
  const bytes = Buffer.from(text);
  assert.equal(guard.mask(text), text);
  assert.equal(guard.mask(bytes), bytes);
  assert.equal(guard.mask('536904399'), '536904399');
  assert.equal(guard.mask('536904399', { key: 'ssn' }), '[US_SSN]');
  assert.equal(guard.mask(Buffer.from('536904399'), { key: 'ssn' }).toString(), '[US_SSN]');
  assert.equal(guard.mask(536904399, { key: 'ssn' }), '[US_SSN]');
  assert.equal(guard.mask(`é漢😀 ${MAIL} é`), 'é漢😀 [EMAIL_ADDRESS] é');
  assert.equal(guard.mask(Buffer.from([0xff, ...Buffer.from(` ${MAIL}`)])).toString('latin1'), 'ÿ [EMAIL_ADDRESS]');
});

test('findings are places and never values', () => {
  assert.deepEqual(guard.scan(`é ${MAIL}`), [{ type: 'EMAIL_ADDRESS', start: 3, end: 18, score: 0.9 }]);
  assert.ok(!JSON.stringify(guard.scan(MAIL)).includes('ada'));
  assert.deepEqual(guard.scan(`{"ssn": "536904399"}`, { format: 'json' }).map(({ type }) => type), ['US_SSN']);
  assert.throws(() => guard.scan({}), { code: 'API037' });
});

test('rows as lists and objects, from iterables of both kinds', async () => {
  const rows = [{ id: 1, mail: MAIL, at: new Date(0), doc: { to: [MAIL] } }, { id: 2, mail: null, at: null, doc: null }];
  const wanted = [
    { id: 1, mail: '[EMAIL_ADDRESS]', at: new Date(0), doc: { to: ['[EMAIL_ADDRESS]'] } }, rows[1],
  ];
  const masked = [...guard.maskRows(rows)];
  assert.deepEqual(masked, wanted);
  assert.equal(masked[1], rows[1]);
  assert.deepEqual(await Readable.from(guard.maskRows(Readable.from(rows))).toArray(), wanted);
  assert.deepEqual([...guard.maskRows([[MAIL, 7, Buffer.from(MAIL)]])][0].map(String), ['[EMAIL_ADDRESS]', '7', '[EMAIL_ADDRESS]']);
  const forced = [...guard.maskRows([['Ada', 7, { a: 1 }, new Date(0)]], {
    columns: ['n', 'i', 'd', 't'].map((name) => ({ name, forced: 'pii.any' })),
  })];
  assert.deepEqual(forced, [['[PII.ANY]', '[PII.ANY]', '[PII.ANY]', '[PII.ANY]']]);
  assert.throws(() => [...guard.maskRows([[1], [1, 2]])], { code: 'MSK003' });
  assert.throws(() => [...guard.maskRows([{ a: 1 }, { b: MAIL }])], { code: 'MSK003' });
  assert.throws(() => [...guard.maskRows(['a row'])], { code: 'API035' });
  assert.deepEqual([...guard.maskRows([])], []);
});

test('a stream holds back what may become a value, and releases nothing after an error', async () => {
  const masker = guard.maskStream();
  masker.write('to ada@exam');
  assert.equal(String(masker.read() ?? ''), 'to ');
  masker.end('ple.com.');
  assert.equal(Buffer.concat(await masker.toArray()).toString(), '[EMAIL_ADDRESS].');
  assert.deepEqual(masker.findings.map(({ start, end }) => [start, end]), [[3, 18]]);
  const out = [];
  const sink = new Writable({ write: (chunk, _encoding, done) => (out.push(chunk), done()) });
  await pipeline(Readable.from([`{"mail": "ada\\u0040exa`, 'mple.com"}']), guard.maskStream({ format: 'json' }), sink);
  assert.equal(Buffer.concat(out).toString(), '{"mail": "[EMAIL_ADDRESS]"}');
  assert.throws(() => guard.maskStream({ format: 'xml' }), { code: 'API033' });
});

test('classes of the bundle decide how a type is replaced', async (t) => {
  const { shop } = await import('./shop.mjs');
  const classes = '[[class]]\nname = "pii.mail"\ndetectors = ["EMAIL_ADDRESS"]\noperator = { partial = { keep = 4 } }\n' +
    '[[class]]\nname = "pii.card"\ndetectors = ["CREDIT_CARD"]\noperator = "hash"\n';
  const hashKey = Buffer.alloc(32, 7);
  const { guard: own } = shop(t, { files: { 'classes.toml': classes }, options: { hashKey } });
  const masked = own.mask(`${MAIL} 4111111111111111 10.0.0.1`);
  assert.match(masked, /^\S*\.com \S+ \[IP_ADDRESS\]$/);
  assert.ok(!masked.includes('ada@') && !masked.includes('4111') && !masked.includes('[CREDIT_CARD]'));
  assert.equal(own.mask('4111111111111111'), own.mask('4111111111111111'), 'a hash is a function');
});
