// testdata/approvals: what is shown, what is bound, which answers count.
import assert from 'node:assert/strict';
import test from 'node:test';
import placet from '../index.js';
import { cases, only, toml } from './support.mjs';

function bytes(value) {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value.hex, 'hex');
}

for (const row of cases(toml('approvals/escape.toml'), ['input', 'shown'], 'escape')) {
  test(`approvals/escape/${row.name}`, () => {
    assert.equal(placet.approval.escape(bytes(row.input)), row.shown);
  });
}

/** The JavaScript value that stands for a parameter; a number keeps its very text. */
function param(row) {
  const [[kind, value]] = Object.entries(row);
  switch (kind) {
    case 'null':
      return null;
    case 'number':
      return new placet.approval.NumberText(value);
    case 'bytes':
      return Buffer.from(value, 'hex');
    default:
      return value;
  }
}

for (const row of cases(toml('approvals/action.toml'), ['command', 'hash'], 'action')) {
  test(`approvals/action/${row.name}`, () => {
    const { protocol, resource_kind, resource_name, bytes: command, params, context, ...more } = row.command;
    assert.deepEqual(more, {});
    const bound = {
      protocol,
      resource: { kind: resource_kind, name: resource_name },
      command: bytes(command),
      params: params.map(param),
      context,
    };
    assert.equal(placet.approval.actionHash(bound, Buffer.alloc(32, 7)), row.hash);
  });
}

const answers = toml('approvals/answers.toml');
const { setup } = answers;
only(setup, ['request', 'display', 'now', 'spec', 'approvers'], 'setup');

function judge(given) {
  only(setup.spec, ['id', 'any_of', 'min'], 'spec');
  const specs = [{ ...setup.spec, expires_in_seconds: 600 }];
  const { request, approvers, now } = setup;
  return placet.approval.judge({ request, specs, approvers, now, answers: given });
}

test('approvals/answers/display', () => assert.equal(judge([]).display, setup.display));

for (const row of cases(answers, ['answers', 'state', 'error'], 'answers')) {
  test(`approvals/answers/${row.name}`, () => {
    const judged = judge(row.answers);
    const last = judged.answers.at(-1) ?? null;
    assert.equal(last?.code ?? 'taken', row.error ?? 'taken');
    if (last !== null) assert.ok(last instanceof placet.ApprovalError && last.help !== '');
    assert.equal(judged.state, row.state);
  });
}
