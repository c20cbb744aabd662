// testdata/masking: what is found, what is not, and what takes its place.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import test from 'node:test';
import placet from '../index.js';
import { cases, files, one, only } from './support.mjs';

const guard = placet.Guard.shipped('baseline');
const KEYS = [
  'input', 'input_base64', 'format', 'columns', 'rows', 'masked_rows', 'masked', 'masked_base64',
  'findings',
];

function bytes(text, base64) {
  return Buffer.from(one(text, base64), text === undefined ? 'base64' : 'utf8');
}

/** Through a Transform stream, in chunks of this size. */
async function stream(format, input, size) {
  const masker = guard.maskStream({ format });
  const chunks = [];
  for (let at = 0; at < input.length; at += size) chunks.push(input.subarray(at, at + size));
  const out = await Readable.from(chunks, { objectMode: false }).pipe(masker).toArray();
  return [Buffer.concat(out), masker.findings];
}

function places(findings) {
  return findings.map(({ type, start, end }) => ({ type, start, end }));
}

async function run(row) {
  const format = row.format ?? 'text';
  const input = bytes(row.input, row.input_base64);
  const wanted = bytes(row.masked, row.masked_base64);
  const findings = guard.scan(input, { format });
  for (const size of [Math.max(input.length, 1), 1, 7]) {
    const [out, found] = await stream(format, input, size);
    assert.equal(out.toString('latin1'), wanted.toString('latin1'), `chunks of ${size}`);
    assert.deepEqual(found, findings, `findings in chunks of ${size}`);
  }
  const whole = guard.mask(input, { format });
  assert.ok(wanted.equals(whole));
  assert.ok(wanted.equals(guard.mask(whole, { format })), 'masked twice');
  if (input.equals(wanted)) {
    assert.equal(whole, input, 'the very bytes come back');
    assert.deepEqual(findings, []);
  }
  if (row.findings !== undefined) {
    row.findings.forEach((finding) => only(finding, ['type', 'start', 'end'], 'finding'));
    assert.deepEqual(places(findings), row.findings);
  }
  if (format === 'text') text(row, input, wanted);
  if (format === 'json') json(input, wanted);
}

/** A string is masked as its bytes are. */
function text(row, input, wanted) {
  assert.ok(wanted.equals(guard.mask(input)));
  if (row.input === undefined) return;
  const masked = guard.mask(row.input);
  assert.equal(masked, wanted.toString('utf8'));
  if (row.input === wanted.toString('utf8')) assert.equal(masked, row.input);
}

/** What is one JSON document is masked the same as a value. */
function json(input, wanted) {
  let value;
  try {
    value = JSON.parse(input.toString('utf8'));
  } catch {
    return;
  }
  // Numbers that JavaScript cannot hold come out otherwise; their text is the case's matter.
  if (JSON.stringify(value) !== input.toString('utf8').replaceAll(/\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/g, '')) return;
  assert.deepEqual(guard.mask(value), JSON.parse(wanted.toString('utf8')));
  compared += 1;
}
let compared = 0;

function rows(row) {
  const columns = row.columns.map((column) => {
    only(column, ['name', 'forced'], 'column');
    return column;
  });
  assert.deepEqual([...guard.maskRows(row.rows, { columns })], row.masked_rows);
  const named = row.rows.map((cells) => Object.fromEntries(cells.map((cell, at) => [columns[at].name, cell])));
  if (Object.keys(named[0]).length === columns.length) {
    const masked = [...guard.maskRows(named, { columns })].map((object) => Object.values(object));
    assert.deepEqual(masked, row.masked_rows);
  }
}

for (const [family, file] of files('masking')) {
  for (const row of cases(file, KEYS, family)) {
    test(`masking/${family}/${row.name}`, () => (row.format === 'rows' ? rows(row) : run(row)));
  }
}

test('JSON cases were compared as values too', () => {
  assert.ok(compared >= 10, `${compared} of them`);
});
