// testdata/policies: facts and a bundle in, a decision or the bundle's errors out.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import placet from '../index.js';
import { cases, files, only, testdata } from './support.mjs';

const guard = placet.Guard.shipped('baseline');
const KEYS = [
  'base', 'files', 'rules', 'facts', 'text', 'protocol', 'principal', 'resource', 'session', 'now',
  'enforces', 'expect',
];
const EXPECT_KEYS = [
  'verdict', 'rules', 'reasons', 'obligations', 'remedy', 'risk', 'unknown', 'stamps', 'errors', 'help',
];
const EVERYTHING = [
  'read_data', 'write_data', 'destroy', 'schema', 'privilege', 'identity', 'code_exec', 'fs_read',
  'fs_write', 'net_egress', 'secret_read', 'pii_move', 'availability', 'persistence', 'parser_state',
  'audit_tamper',
];

/** A facts row in the stable JSON form: what the row leaves out is filled in. */
function factsOf(row) {
  only(row, ['protocol', 'understanding', 'reasons', 'statements', 'actions'], 'facts');
  const { protocol = 'postgres', understanding = 'full', reasons = [], actions = [] } = row;
  if (understanding === 'opaque' && actions.length === 0) {
    const whole = {
      op: 'unknown', verb: 'UNKNOWN', targets: [], extent: 'unknown', may: EVERYTHING, calls: [],
      outputs: 'opaque', via: [], span: [0, 10], nested: [],
    };
    const why = reasons.length > 0 ? [reasons[0]] : ['not_parsed'];
    return { protocol, understanding, reasons: why, statements: null, actions: [whole], session: [{ unknown: true }] };
  }
  const statements = row.statements ?? (understanding === 'opaque' ? null : 1);
  return { protocol, understanding, reasons, statements, actions: actions.map(actionOf), session: [] };
}

function actionOf(row) {
  only(row, ['op', 'verb', 'targets', 'extent', 'may', 'calls', 'outputs', 'nested'], 'action');
  const { op, verb = op.toUpperCase(), targets = [], extent = 'unknown', may = [], calls = [] } = row;
  const nested = (row.nested ?? []).map(factsOf);
  const outputs = outputsOf(row.outputs);
  return { op, verb, targets: targets.map(targetOf), extent, may, calls, outputs, via: [], span: [0, 10], nested };
}

function targetOf(row) {
  only(row, ['kind', 'path', 'role', 'columns'], 'target');
  const { kind = 'table', path, role = 'object', columns = 'any' } = row;
  // A file, a host and a program have one name, whatever dots stand in it.
  const whole = ['file', 'host', 'program'].includes(kind);
  return { kind, path: whole ? segment(path) : path, role, columns };
}

function segment(name) {
  if (name === '<dynamic>' || name.endsWith('*')) return name;
  return /[.*"?<>]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

/** `"none"`, `"opaque"`, or `{ name = ["schema.table.column"] | "any" }` a column, in a list. */
function outputsOf(row) {
  if (row === undefined || row === 'none') return 'none';
  if (!Array.isArray(row)) return 'opaque';
  const columns = row.map((item) => {
    const [[name, sources]] = Object.entries(item);
    return { name, sources: Array.isArray(sources) ? sources : 'any', how: 'plain', implicit: [] };
  });
  return { columns };
}

function directory(path, prefix = '') {
  const found = {};
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`;
    const inside = join(path, entry.name);
    Object.assign(found, entry.isDirectory() ? directory(inside, `${name}/`) : { [name]: readFileSync(inside, 'utf8') });
  }
  return found;
}

function bundle({ base, files: more = {}, rules }) {
  const source =
    base === undefined
      ? { 'bundle.toml': 'name = "case"' }
      : (placet.policy.packFiles(base) ?? directory(join(testdata, 'bundles', base)));
  return { ...source, ...more, ...(rules === undefined ? {} : { 'rules/case.toml': rules }) };
}

function asker(row) {
  return {
    principal: row.principal ?? { id: 'agent:seven', kind: 'agent', groups: ['agents/support'] },
    resource: row.resource ?? { kind: 'postgres', name: 'crm-main', labels: { env: 'prod' } },
    session: row.session,
    enforces: row.enforces,
    now: row.now === undefined ? undefined : Date.parse(row.now),
  };
}

function run(row) {
  only(row.expect, EXPECT_KEYS, 'expect');
  const { expect } = row;
  const files = bundle(row);
  if (expect.errors !== undefined) {
    assert.throws(
      () => placet.policy.compile(files),
      (error) => {
        const lines = error.problems.map(({ code, file, line, column }) => {
          return line === null ? `${code} ${file}` : `${code} ${file} ${line}:${column}`;
        });
        assert.deepEqual(lines, expect.errors, error.problems.map(({ message }) => message).join('\n'));
        assert.ok(error.problems[0].help.includes(expect.help ?? ''));
        assert.ok(error instanceof placet.PolicyError);
        assert.equal(error.code, error.problems[0].code);
        assert.deepEqual(error.span, error.problems[0].span);
        return true;
      },
    );
    return;
  }
  const rules = placet.policy.compile(files);
  const facts =
    row.facts === undefined
      ? guard.facts(row.text, { protocol: row.protocol ?? 'postgres' })
      : factsOf(row.facts);
  const decision = rules.decide(facts, asker(row));
  assert.deepEqual(rules.decide(facts, asker(row)), decision, 'a decision is a function');
  assert.ok(expect.verdict, 'a case needs `expect.verdict`');
  for (const key of ['verdict', 'rules', 'reasons', 'obligations', 'remedy', 'risk', 'stamps']) {
    if (expect[key] !== undefined) assert.deepEqual(decision[key], expect[key], key);
  }
  if (expect.unknown !== undefined) assert.deepEqual(decision.explanation.unknown, expect.unknown);
}

for (const [theme, file] of files('policies')) {
  for (const row of cases(file, KEYS, theme)) {
    test(`policies/${theme}/${row.name}`, () => run(row));
  }
}
