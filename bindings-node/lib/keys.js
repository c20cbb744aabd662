'use strict';

const native = require('./native.js');
const { through } = require('./errors.js');

/**
 * Makes a key: `privateFile` is a file that only its owner can read, `publicFile` stands beside it.
 * Returns the verifier key. A file that stands is never overwritten.
 */
function create(name, { privateFile, publicFile }) {
  return through(() => native.newKey(String(name), String(privateFile), String(publicFile)));
}

/** The name of a verifier key, once its text is found to be one. */
function nameOf(text) {
  return through(() => native.keyName(String(text)));
}

module.exports = { create, nameOf };
