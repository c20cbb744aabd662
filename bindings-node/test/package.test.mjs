// The package itself: what it depends on, what it ships, how long it takes to load, what its sources keep.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import * as esm from '../index.mjs';
import placet from '../index.js';
import { root } from './support.mjs';
import { scratch } from './shop.mjs';

const here = join(root, 'bindings-node');
const read = (name) => readFileSync(join(here, name), 'utf8');

test('nothing is needed at run time, and the lock file names no host', () => {
  const manifest = JSON.parse(read('package.json'));
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.optionalDependencies, undefined);
  const lock = JSON.parse(read('package-lock.json'));
  for (const [name, { resolved, integrity, license }] of Object.entries(lock.packages)) {
    assert.equal(resolved, undefined, name);
    if (name === '') continue;
    assert.match(integrity, /^sha512-/, name);
    assert.match(license, /^(MIT|Apache-2\.0|BSD-[23]-Clause|ISC|MPL-2\.0|0BSD)$/, name);
  }
});

test('every export of the addon catches panics', () => {
  let exported = 0;
  for (const file of readdirSync(join(here, 'src'))) {
    const lines = read(`src/${file}`).split('\n');
    lines.forEach((line, at) => {
      const attribute = line.match(/^\s*#\[napi(\(.*\))?\]$/);
      if (attribute === null) return;
      exported += 1;
      // What is exported is a function, a class or the block of its methods.
      const item = lines.slice(at + 1).find((next) => !/^\s*(#\[|\/\/)/.test(next));
      const isType = /^\s*(pub struct|impl) /.test(item);
      assert.ok(isType || /\bcatch_unwind\b/.test(line), `${file}:${at + 1}: ${item}`);
    });
    assert.doesNotMatch(lines.join('\n'), /#\[napi\([^\]]*\n/, `${file}: an attribute over several lines`);
  }
  assert.ok(exported > 50, `${exported} exports`);
});

test('both ways of loading give the same, and the types speak of all of it', () => {
  assert.deepEqual(Object.keys(esm).filter((name) => name !== 'default').sort(), Object.keys(placet).sort());
  const types = read('index.d.ts');
  for (const name of Object.keys(placet)) assert.match(types, new RegExp(`export declare (class|const|function) ${name}\\b`));
  for (const part of ['audit', 'approval', 'policy', 'keys']) {
    for (const name of Object.keys(placet[part])) assert.match(types, new RegExp(`\\b${name}\\b`), `${part}.${name}`);
  }
  for (const name of Object.getOwnPropertyNames(placet.Guard.prototype)) assert.match(types, new RegExp(`\\b${name}\\b`));
});

test('what is packed works where nothing else is', (t) => {
  const dir = scratch(t);
  const npm = (words, cwd) => execFileSync('npm', ['--loglevel=error', '--offline', ...words], { cwd }).toString().trim();
  const file = npm(['pack', '--ignore-scripts', '--pack-destination', dir], here).split('\n').at(-1);
  writeFileSync(join(dir, 'package.json'), '{"private": true}');
  npm(['install', '--no-save', join(dir, file)], dir);
  const esmSource = "import { Guard } from 'placet'; console.log(Guard.shipped('baseline').decide('DROP TABLE t').verdict);";
  writeFileSync(join(dir, 'use.mjs'), esmSource);
  writeFileSync(join(dir, 'use.cjs'), "console.log(require('placet').Guard.shipped('baseline').mask('ada@example.com'))");
  assert.equal(execFileSync(process.execPath, ['use.mjs'], { cwd: dir }).toString(), 'deny\n');
  assert.equal(execFileSync(process.execPath, ['use.cjs'], { cwd: dir }).toString(), '[EMAIL_ADDRESS]\n');
  const shipped = execFileSync('tar', ['tzf', join(dir, file)]).toString();
  assert.doesNotMatch(shipped, /src\/|test\/|node_modules|Cargo/);
});

test('nothing is read or asked before the first call', () => {
  const script = `
    const net = require('node:net');
    net.Socket.prototype.connect = () => { throw new Error('a network'); };
    process.env = new Proxy({}, { get: (_, key) => { if (typeof key === 'string' && key.startsWith('PLACET')) throw new Error(key); } });
    const { Guard } = require(${JSON.stringify(join(here, 'index.js'))});
    process.stdout.write(new Guard().decide('SELECT 1').verdict);`;
  const run = spawnSync(process.execPath, ['-e', script]);
  assert.equal(run.stdout.toString(), 'allow', run.stderr.toString());
});
