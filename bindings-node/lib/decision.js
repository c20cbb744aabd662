'use strict';

const native = require('./native.js');
const { translate, through, usage } = require('./errors.js');
const { write, space, bytes } = require('./bytes.js');
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
  #source;
  #detail;
  #facts;

  constructor(verdict, source) {
    this.verdict = verdict;
    this.#source = source;
  }

  get rules() {
    return this.#read().rules;
  }
  get reasons() {
    return this.#read().reasons;
  }
  get understanding() {
    return this.#read().understanding;
  }
  get risk() {
    return this.#read().risk;
  }
  get obligations() {
    return this.#read().obligations;
  }
  get remedy() {
    return this.#read().remedy;
  }
  get bundle() {
    return this.#read().bundle;
  }
  get stamps() {
    return this.#read().stamps;
  }
  get explanation() {
    return this.#read().explanation;
  }
  /** What the command would do. */
  get facts() {
    this.#facts ??= JSON.parse(through(() => this.#source.native().facts()));
    return this.#facts;
  }

  /** The object of `docs/spec/cli.md`, as `placet decide` prints it. */
  toJSON() {
    return this.#read();
  }

  #read() {
    this.#detail ??= JSON.parse(through(() => this.#source.native().decision()));
    return this.#detail;
  }

  /** The masker of rows that the decision asks for; `null` where it asks for none. */
  static rowsOf(decision, columns) {
    return through(() => {
      const own = decision.#source.native();
      const rows = own.rows(columns);
      return rows === null ? null : new Rows(rows, new Masker(own.masker()));
    });
  }

  /** Whether the decision masks what no detector finds in a free text. */
  static masksTagged(decision) {
    return through(() => decision.#source.native().masksTagged());
  }

  /** The masker of free texts that the decision asks for; `null` where it asks for none. */
  static maskerOf(decision) {
    return through(() => {
      const own = decision.#source.native().masker();
      return own === null ? null : new Masker(own);
    });
  }
}

/** Where a decision's details come from, as long as it was not the session's last: it is made again. */
class Made {
  #session;
  #command;
  #now;
  #serial;
  #epoch;

  constructor(session, command, now, serial, epoch) {
    this.#session = session;
    this.#command = command;
    this.#now = now;
    this.#serial = serial;
    this.#epoch = epoch;
  }

  native() {
    if (this.#session.serial !== this.#serial) {
      if (this.#session.epoch() !== this.#epoch) {
        const help = 'read a decision before the bundle is reloaded, or decide again';
        throw usage('API010', 'the details of this decision are gone', help);
      }
      // The same arguments give the same answer for ever.
      this.#session.again(this.#command, this.#now);
      this.#serial = this.#session.serial;
    }
    return this.#session.native;
  }
}

/** Who asks, on what, in which session, over which protocol: bound once, so that a decision is cheap. */
class Session {
  #native;
  /** What stands for it in calls that are made often. */
  #number;
  #epoch;
  #serial = 0;
  /** What the session shows to decisions, and to nobody else. */
  #inside;

  constructor(own, epoch) {
    this.#native = own;
    this.#number = own.number;
    this.#epoch = epoch;
    const session = this;
    this.#inside = {
      native: own,
      epoch,
      get serial() {
        return session.#serial;
      },
      again: (command, now) => session.#decide(command, now),
    };
  }

  /** Decides about a command; nothing is logged. `now`: milliseconds; `NaN` where it is not known. */
  decide(command, now = Date.now()) {
    const number = this.#decide(command, now);
    // Bytes may change before the details are read; strings never do.
    const kept = typeof command === 'string' ? command : Buffer.from(command);
    const made = new Made(this.#inside, kept, now, this.#serial, this.#epoch());
    return new Decision(verdictOf(number), made);
  }

  #decide(command, now) {
    this.#serial += 1;
    try {
      if (typeof command === 'string') {
        const length = write(command);
        return native.decide(this.#number, space(), length, now);
      }
      const own = commandBytes(command);
      return native.decide(this.#number, own, own.length, now);
    } catch (error) {
      throw translate(error);
    }
  }

  /** Decides, logs the decision, and holds what needs people; or goes on with a ticket. */
  static admit(session, { command, params, facts, ticket, now }) {
    return through(() => {
      const given = typeof command === 'string' ? null : commandBytes(command);
      const length = given === null ? write(command) : given.length;
      const buffer = given ?? space();
      const own = session.#native;
      const admission =
        ticket === undefined
          ? own.admit(buffer, length, params, facts, now)
          : own.resume(ticket, buffer, length, params, facts, now);
      return new Admission(admission);
    });
  }

}

function commandBytes(command) {
  if (command instanceof Uint8Array) return bytes(command);
  throw usage('API037', 'a command is text or bytes', 'give a string or a Uint8Array');
}

/** A decision that is in the log, and what follows from it. */
class Admission {
  constructor(own) {
    this.id = own.id;
    this.decision = new Decision(verdictOf(own.verdict), { native: () => own });
    Object.assign(this, JSON.parse(own.step()));
  }
}

module.exports = { VERDICTS, Decision, Session, Admission };
