'use strict';

const { LimitError, usage } = require('./errors.js');

/** Strings are written here, so that a call costs no buffer of its own. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** Where the last string was written. */
let written = scratch;

/** UTF-8 takes at most so many bytes for one unit of UTF-16. */
const MAX_BYTES_PER_UNIT = 3;

/** The addon takes lengths of 32 bits. */
const MAX_BYTES = 0xffff_ffff;

/**
 * Writes a string as UTF-8 and returns how many bytes it has; `space()` holds it until the next
 * call. Half of a surrogate pair has no UTF-8, and would be read as something else: it is refused.
 */
function write(text) {
  let length;
  if (text.length * MAX_BYTES_PER_UNIT <= scratch.length) {
    written = scratch;
    length = scratch.utf8Write(text, 0);
  } else {
    written = Buffer.from(text, 'utf8');
    length = written.length;
  }
  // Only what is no ASCII can be half of a pair.
  if (length !== text.length && !text.isWellFormed()) {
    throw usage('API037', 'the text holds half of a surrogate pair', 'give well-formed text or bytes');
  }
  return length;
}

/** Where `write` wrote. */
function space() {
  return written;
}

/** The bytes as they are, or a copy where another thread could change them meanwhile. */
function bytes(value) {
  if (value.length > MAX_BYTES) {
    throw new LimitError('the bytes are more than one call takes', { code: 'LIM002', help: 'use a stream' });
  }
  return isShared(value) ? Buffer.from(value) : value;
}

function isShared(value) {
  return value.buffer instanceof SharedArrayBuffer;
}

const { get: intrinsicLength } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'length',
);

/** How many bytes there are, whatever a subclass says: what is decided about is all of them. */
function lengthOf(value) {
  return Reflect.apply(intrinsicLength, value, []);
}

module.exports = { write, space, bytes, lengthOf };
