// testdata/bundles/attacks: signed bundles that are taken, and those that must not be.
import assert from 'node:assert/strict';
import test from 'node:test';
import placet from '../index.js';
import { cases, only, toml } from './support.mjs';

const file = toml('bundles/attacks/cases.toml');
const { setup } = file;
only(setup, ['root', 'now'], 'setup');

/** The digest of the bundle, or the code of the refusal. */
function run(row) {
  // An empty state, not an absent one: the first bundle is compared with nothing.
  let state = FRESH;
  const verify = (bundle, root, now) => {
    const verified = placet.policy.verifyBundle(bundle, { root, state, now });
    state = verified.state;
    return verified.digest;
  };
  for (const before of row.before) verify(before, row.before_root ?? setup.root, setup.now);
  try {
    return verify(row.file, row.root ?? setup.root, row.now ?? setup.now);
  } catch (error) {
    assert.ok(error instanceof placet.BundleError || error instanceof placet.PolicyError, error.name);
    return error.code;
  }
}

const FRESH = placet.policy.freshState();
const KEYS = ['before', 'before_root', 'root', 'file', 'now', 'error', 'digest'];
for (const row of cases(file, KEYS, 'attacks')) {
  test(`bundles/attacks/${row.name}`, () => assert.equal(run(row), row.error ?? row.digest));
}
