'use strict';

const { join } = require('node:path');

/** The addon for this machine. Only Linux on x86-64 with glibc is built and tested so far. */
function load() {
  const libc = process.platform === 'linux' ? '-gnu' : '';
  const file = `placet.${process.platform}-${process.arch}${libc}.node`;
  try {
    return require(join(__dirname, '..', file));
  } catch (cause) {
    throw new Error(`placet has no addon for this machine (${file})`, { cause });
  }
}

module.exports = load();
