// The examples and the README's snippet, run as a newcomer runs them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { root } from './support.mjs';
import { scratch } from './shop.mjs';

/** Runs a module where `placet` and the tools of the tests are installed. */
function run(t, source) {
  const dir = scratch(t);
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(join(root, 'bindings-node'), join(dir, 'node_modules/placet'));
  for (const name of ['@modelcontextprotocol', 'zod']) {
    symlinkSync(join(root, 'bindings-node/node_modules', name), join(dir, 'node_modules', name));
  }
  const file = join(dir, 'example.mjs');
  if (source.endsWith('.mjs')) cpSync(source, file);
  else writeFileSync(file, source);
  return execFileSync(process.execPath, [file], { cwd: dir }).toString();
}

const example = (name) => join(root, 'examples/agent-framework/node', name);

test('three lines protect a tool', (t) => {
  const lines = run(t, example('three-lines.mjs')).trim().split('\n');
  assert.match(lines.slice(0, -1).join(' '), /owner: '\[EMAIL_ADDRESS\]'/);
  assert.equal(lines.at(-1), 'forbidden: Add a WHERE that names the rows you mean.');
});

test('an MCP server behind the guard', (t) => {
  const lines = run(t, example('mcp-server.mjs')).trim().split('\n');
  const told = Object.fromEntries(lines.map((line) => [line.slice(0, 7).trim(), line.slice(8)]));
  assert.deepEqual(Object.keys(told), ['read', 'drop', 'delete', 'person', 'again', 'another', 'log']);
  assert.equal(told.read, '[{"id":7,"mail":"[EMAIL_ADDRESS]"}]');
  assert.match(told.drop, /no-drops.*Ask the owner of the table/);
  assert.match(told.delete, /people must approve/);
  assert.match(told.person, /DELETE FROM customers WHERE id = 7/);
  assert.equal(told.again, '[{"deleted":1}]');
  assert.equal(told.another, 'true 1');
  assert.equal(told.log, 'CLOSED_CLEAN 5 decisions');
});

test('the snippet of the README', (t) => {
  const page = readFileSync(join(root, 'README.md'), 'utf8');
  const [, section] = page.split(/^## Node$/m);
  assert.ok(section, 'the README has a section for Node');
  const [, code] = section.match(/```js\n([^]*?)```/);
  // What stands behind `// →` is what the line prints.
  const wanted = [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text);
  assert.ok(wanted.length >= 3);
  const printed = run(t, code).trim().split('\n');
  assert.deepEqual(printed, wanted);
});
