'use strict';

const native = require('./native.js');
const { translate, through, usage } = require('./errors.js');
const { write, space, bytes, lengthOf } = require('./bytes.js');
const { Masker, Rows } = require('./mask.js');

/** By their numbers in the addon; ordered by strictness. */
const VERDICTS = Object.freeze(['allow', 'mask', 'limit', 'require_approval', 'deny']);

/** Whatever the addon answers that is no verdict is a deny. */
function verdictOf(number) {
  return VERDICTS[number] ?? 'deny';
}

/**
 * What is to happen with a command. `verdict` is there at once; everything else is fetched when it
 * is read, and then kept.
 */
class Decision {
  /** Where it was made; the addon keeps the last decision of that place. */
  #place;
  #serial;
  #epoch;
  #command;
  #now;
  #detail;
  #facts;

  constructor(verdict, place, command, now) {
    this.verdict = verdict;
    this.#place = place;
    this.#serial = place.serial;
    this.#epoch = place.bundle.epoch;
    this.#command = command;
    this.#now = now;
  }

  get rules() {
    return Decision.#read(this).rules;
  }
  get reasons() {
    return Decision.#read(this).reasons;
  }
  get understanding() {
    return Decision.#read(this).understanding;
  }
  get risk() {
    return Decision.#read(this).risk;
  }
  get obligations() {
    return Decision.#read(this).obligations;
  }
  get remedy() {
    return Decision.#read(this).remedy;
  }
  get bundle() {
    return Decision.#read(this).bundle;
  }
  get stamps() {
    return Decision.#read(this).stamps;
  }
  get explanation() {
    return Decision.#read(this).explanation;
  }
  /** What the command would do. */
  get facts() {
    this.#facts ??= JSON.parse(through(() => Decision.#own(this).facts()));
    return this.#facts;
  }

  /** The object of `docs/spec/cli.md`, as `placet decide` prints it. */
  toJSON() {
    return Decision.#read(this);
  }

  // Static: a private method of the instance would be bound to each when it is made, which costs more
  // than the rest of the call.
  static #read(decision) {
    decision.#detail ??= JSON.parse(through(() => Decision.#own(decision).decision()));
    return decision.#detail;
  }

  /** The addon's handle, on which this is the last decision: one that is not is made again. */
  static #own(decision) {
    const place = decision.#place;
    if (place.serial !== decision.#serial) {
      if (place.bundle.epoch !== decision.#epoch) {
        const help = 'read a decision before the bundle is reloaded, or decide again';
        throw usage('API010', 'the details of this decision are gone', help);
      }
      // The same arguments give the same answer for ever.
      const command = decision.#command;
      numberOf(place, command instanceof Kept ? command.bytes() : command, decision.#now);
      decision.#serial = place.serial;
    }
    return place.own;
  }

  /** The masker of rows that the decision asks for; `null` where it asks for none. */
  static rowsOf(decision, columns) {
    return through(() => {
      const own = Decision.#own(decision);
      const rows = own.rows(columns);
      return rows === null ? null : new Rows(rows, new Masker(own.masker()));
    });
  }

  /** Whether the decision masks what no detector finds in a free text. */
  static masksTagged(decision) {
    return through(() => Decision.#own(decision).masksTagged());
  }

  /** The masker of free texts that the decision asks for; `null` where it asks for none. */
  static maskerOf(decision) {
    return through(() => {
      const own = Decision.#own(decision).masker();
      return own === null ? null : new Masker(own);
    });
  }
}

/** A copy of bytes as a string of Latin-1: cheaper to make than a buffer, and as faithful. */
class Kept {
  #text;

  constructor(bytes) {
    this.#text = Buffer.prototype.latin1Slice.call(bytes, 0, lengthOf(bytes));
  }

  bytes() {
    return Buffer.from(this.#text, 'latin1');
  }
}

/** Decides at this place: the number of the verdict. */
function numberOf(place, command, now) {
  place.serial += 1;
  try {
    if (typeof command === 'string') {
      const length = write(command);
      return native.decide(place.number, space(), length, now);
    }
    const given = commandBytes(command);
    return native.decide(place.number, given, lengthOf(given), now);
  } catch (error) {
    throw translate(error);
  }
}

/** Who asks, on what, in which session, over which protocol: bound once, so that a decision is cheap. */
class Session {
  #place;

  /** `bundle.epoch` changes when the bundle in force does. */
  constructor(own, bundle) {
    this.#place = { own, number: own.number, serial: 0, bundle };
  }

  /** Decides about a command; nothing is logged. `now`: milliseconds; `NaN` where it is not known. */
  decide(command, now = Date.now()) {
    const place = this.#place;
    const number = numberOf(place, command, now);
    // Bytes may change before the details are read; strings never do.
    const kept = typeof command === 'string' ? command : new Kept(command);
    return new Decision(verdictOf(number), place, kept, now);
  }

  /** Decides, logs the decision, and holds what needs people; or goes on with a ticket. */
  static admit(session, { command, params, facts, ticket, now }) {
    return through(() => {
      const given = typeof command === 'string' ? null : commandBytes(command);
      const length = given === null ? write(command) : lengthOf(given);
      const buffer = given ?? space();
      const { own, bundle } = session.#place;
      const admission =
        ticket === undefined
          ? own.admit(buffer, length, params, facts, now)
          : own.resume(ticket, buffer, length, params, facts, now);
      return new Admission(admission, bundle);
    });
  }
}

function commandBytes(command) {
  if (command instanceof Uint8Array) return bytes(command);
  throw usage('API037', 'a command is text or bytes', 'give a string or a Uint8Array');
}

/** A decision that is in the log, and what follows from it. */
class Admission {
  constructor(own, bundle) {
    this.id = own.id;
    // The addon's handle has one decision, and no other follows it.
    this.decision = new Decision(verdictOf(own.verdict), { own, serial: 0, bundle });
    Object.assign(this, JSON.parse(own.step()));
  }
}

module.exports = { VERDICTS, Decision, Session, Admission };
