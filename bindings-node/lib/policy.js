'use strict';

const native = require('./native.js');
const { through, usage } = require('./errors.js');

/** Compiled rules without a guard around them: to decide again what was decided before. */
class Rules {
  #native;

  constructor(compiled) {
    this.#native = compiled;
  }

  get digest() {
    return this.#native.digest;
  }

  /**
   * Decides about facts in their JSON form, as `placet decide` answers. `now`: milliseconds, absent
   * where the time is not known.
   */
  decide(facts, { principal, resource, session, enforces, now = NaN }) {
    const asker = JSON.stringify({ principal, resource, session, enforces });
    return JSON.parse(through(() => this.#native.decide(JSON.stringify(facts), asker, now)));
  }
}

/** Compiles the texts of a bundle, by path; unsigned. Every problem is in the error's `problems`. */
function compile(files) {
  return new Rules(through(() => native.NativeRules.compile(JSON.stringify(files))));
}

/** The texts of a shipped pack by path; `null` where there is none with this name. */
function packFiles(name) {
  const files = through(() => native.packFiles(String(name)));
  return files === null ? null : JSON.parse(files);
}

/**
 * Verifies a packed bundle. `state`: what the last call returned, to be kept before the bundle
 * decides anything.
 */
function verifyBundle(file, { root, state, now = new Date() }) {
  const time = now instanceof Date ? now.toISOString() : now;
  const verified = () => native.verifyBundle(bytesOf(file), bytesOf(root), state, time);
  return JSON.parse(through(verified));
}

/** Takes a signed list of revoked keys and bundles into the state. */
function revoke(file, { root, state }) {
  return through(() => native.revoke(bytesOf(file), bytesOf(root), state));
}

/** Checks that a root document is the next one after the one in use. */
function rotateRoot(root, next) {
  through(() => native.rotateRoot(bytesOf(root), bytesOf(next)));
}

/** The state before any bundle was taken. */
function freshState() {
  return through(() => native.freshState());
}

function bytesOf(value) {
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (value instanceof Uint8Array) return value;
  throw usage('API037', 'a document is text or bytes', 'give what its file holds');
}

module.exports = { Rules, compile, packFiles, verifyBundle, revoke, rotateRoot, freshState };
