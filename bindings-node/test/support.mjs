// The shared cases: the same files that the Rust runners read, with the same strictness.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const testdata = join(root, 'testdata');

/** A file of cases, as plain objects. */
export function toml(path) {
  return JSON.parse(JSON.stringify(parse(readFileSync(join(testdata, path), 'utf8'))));
}

/** The `.toml` files of a folder, in order: name without extension, and content. */
export function files(folder) {
  const names = readdirSync(join(testdata, folder)).filter((name) => name.endsWith('.toml'));
  return names.sort().map((name) => [basename(name, '.toml'), toml(join(folder, name))]);
}

/** Refuses keys that the runner does not know: they would be expectations that nobody checks. */
export function only(object, keys, where) {
  for (const key of Object.keys(object)) assert.ok(keys.includes(key), `${where}: unknown key \`${key}\``);
}

/** The cases of a file; names are unique, and every case says why it is there. */
export function cases(file, keys, where) {
  only(file, ['case', 'setup'], where);
  const seen = new Set();
  for (const row of file.case) {
    only(row, ['name', 'why', ...keys], `${where}/${row.name}`);
    assert.ok(row.why?.trim(), `${where}/${row.name} says why`);
    assert.ok(!seen.has(row.name), `${where}/${row.name} stands twice`);
    seen.add(row.name);
  }
  assert.ok(seen.size > 0, `${where} has cases`);
  return file.case;
}

/** The only one of two that is there. */
export function one(a, b) {
  assert.ok((a === undefined) !== (b === undefined), 'exactly one of the two');
  return a ?? b;
}
