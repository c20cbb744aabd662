// testdata/commands: a command, and what its facts must say.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import placet from '../index.js';
import { cases, files, only, one, testdata } from './support.mjs';

const guard = placet.Guard.shipped('baseline');
const KEYS = [
  'text', 'bytes', 'session', 'catalog', 'understanding', 'reasons', 'statements', 'writes',
  'destructive', 'unbounded', 'max_rows', 'effects', 'evasion', 'actions',
];
const ACTION_KEYS = ['op', 'verb', 'targets', 'extent', 'calls', 'outputs', 'may', 'via', 'nested'];

function catalog(name) {
  return name === undefined ? undefined : join(testdata, 'catalogs', name);
}

function check(row, facts) {
  const told = (value) => value ?? 'none';
  for (const key of ['understanding', 'reasons', 'writes', 'destructive', 'unbounded', 'effects', 'evasion']) {
    if (row[key] !== undefined) assert.deepEqual(facts[key], row[key], key);
  }
  for (const key of ['statements', 'max_rows']) {
    if (row[key] !== undefined) assert.equal(told(facts[key]), row[key], key);
  }
  if (row.actions === undefined) return;
  assert.equal(facts.actions.length, row.actions.length, 'number of actions');
  row.actions.forEach((expected, index) => action(expected, facts.actions[index]));
}

function action(expected, found) {
  only(expected, ACTION_KEYS, 'action');
  for (const key of ['op', 'verb', 'calls', 'may', 'via']) {
    if (expected[key] !== undefined) assert.deepEqual(found[key], expected[key], key);
  }
  if (expected.nested !== undefined) assert.equal(found.nested.length, expected.nested);
  if (expected.targets !== undefined) {
    const named = expected.targets.some((target) => target.endsWith(')'));
    assert.deepEqual(found.targets.map((target) => targetText(target, named)), expected.targets);
  }
  if (expected.extent !== undefined) assert.equal(extentText(found.extent), expected.extent);
  if (Array.isArray(expected.outputs)) {
    const implicit = expected.outputs.some((column) => column.includes(' by '));
    const shown = found.outputs.columns.map((column) => outputText(column, implicit));
    assert.deepEqual(shown, expected.outputs);
  } else if (expected.outputs !== undefined) {
    assert.equal(found.outputs, expected.outputs);
  }
}

/** `kind role path`, and the columns in brackets where the case names them. */
function targetText({ kind, role, path, columns }, named) {
  const plain = `${kind} ${role} ${path}`;
  if (!named) return plain;
  return `${plain} (${columns === 'any' ? 'any' : columns.join(' ')})`;
}

function extentText(extent) {
  if (typeof extent === 'string') return extent;
  if (extent.at_most !== undefined) return `at_most ${extent.at_most}`;
  return ['filtered', ...extent.filtered].join(' ');
}

/** `name <- source source how`, and ` by implicit…` where the case speaks of it. */
function outputText({ name, sources, how, implicit }, withImplicit) {
  const text = (list) => (list === 'any' ? 'any' : list.length === 0 ? 'nothing' : list.join(' '));
  const plain = `${name} <- ${text(sources)} ${how}`;
  return withImplicit ? `${plain} by ${text(implicit)}` : plain;
}

/** What holds of any facts. */
function laws(facts, length) {
  assert.equal(facts.understanding === 'full', facts.reasons.length === 0, 'reasons unless full');
  for (const { span, nested, verb } of facts.actions) {
    if (nested.length === 0) assert.ok(span[1] <= length, 'a span reaches past the end');
    assert.equal(verb, verb.toUpperCase());
  }
}

for (const protocol of readdirSync(join(testdata, 'commands')).sort()) {
  for (const [theme, file] of files(join('commands', protocol))) {
    for (const row of cases(file, KEYS, `${protocol}/${theme}`)) {
      test(`commands/${protocol}/${theme}/${row.name}`, () => {
        const command = one(row.text, row.bytes && Buffer.from(row.bytes, 'base64'));
        const options = { protocol, session: row.session, catalog: catalog(row.catalog) };
        const facts = guard.facts(command, options);
        check(row, facts);
        laws(facts, Buffer.byteLength(command));
        // A string and its bytes are one command.
        assert.deepEqual(guard.facts(Buffer.from(command), options), facts);
      });
    }
  }
}

test('a catalog may also be an object', () => {
  const path = join(testdata, 'catalogs/crm.json');
  const options = { protocol: 'postgres' };
  const command = 'SELECT * FROM customers';
  const byPath = guard.facts(command, { ...options, catalog: path });
  const byObject = guard.facts(command, { ...options, catalog: JSON.parse(readFileSync(path, 'utf8')) });
  assert.deepEqual(byObject, byPath);
});
