'use strict';

const { Transform } = require('node:stream');
const { translate } = require('./errors.js');
const { bytes } = require('./bytes.js');

/** Bytes in, masked bytes out; however the input is cut, the output is the same. */
class MaskStream extends Transform {
  #native;
  #findings = [];

  constructor(own) {
    super({ decodeStrings: true });
    this.#native = own;
  }

  /** What was found so far: types and places in the input, never values. */
  get findings() {
    return this.#findings;
  }

  _transform(chunk, _encoding, done) {
    this.#step(done, () => this.#native.push(bytes(chunk)));
  }

  _flush(done) {
    this.#step(done, () => this.#native.finish());
  }

  #taken(length) {
    const out = Buffer.allocUnsafe(length);
    this.#native.take(out);
    return out;
  }

  #step(done, work) {
    let out;
    try {
      out = this.#taken(work());
      for (const finding of JSON.parse(this.#native.takeFindings())) this.#findings.push(finding);
    } catch (error) {
      done(translate(error));
      return;
    }
    done(null, out);
  }
}

module.exports = { MaskStream };
