'use strict';

const native = require('./native.js');
const { through } = require('./errors.js');

/**
 * Verifies a log. `key`: the verifier key or its file; `checkpoint`: one that was kept (bytes or
 * text); `now`: to judge silence by. What is wrong in the log is in the report, never an error.
 */
function verify(dir, { key, checkpoint, now } = {}) {
  const note = typeof checkpoint === 'string' ? Buffer.from(checkpoint) : checkpoint;
  const time = now instanceof Date ? now.toISOString() : now;
  return JSON.parse(through(() => native.verifyLog(String(dir), String(key), note, time)));
}

/** The last checkpoint of one writer's log, to be kept in another place; `null` where there is none. */
function checkpoint(writerDir) {
  return through(() => native.lastCheckpoint(String(writerDir)));
}

/** The events of a log in the order of its files. Unverified. */
function events(dir) {
  return through(() => native.readLog(String(dir))).map((line) => JSON.parse(line));
}

/** The proof that an event stands in the log of one writer. */
function prove(writerDir, index) {
  return through(() => native.prove(String(writerDir), index));
}

/** The text of a signed note, once the key's signature on it holds. */
function openNote(note, key) {
  const bytes = typeof note === 'string' ? Buffer.from(note, 'utf8') : note;
  return through(() => native.openNote(bytes, String(key)));
}

module.exports = { openNote, verify, checkpoint, events, prove };
