// Written by `node build.mjs` from the addon. Do not edit.

/** A decision that is in the log, and what follows from it. */
export declare class NativeAdmission {
  /** The decision's id in the log. */
  get id(): string
  /** The number of the verdict. */
  get verdict(): number
  /**
   * What is to happen, as JSON: `{"step": "forward" | "held" | "refused", "ticket"?, "code"?,
   * "text"?}`.
   *
   * # Errors
   * `API009`.
   */
  step(): string
  /**
   * The decision, as JSON.
   *
   * # Errors
   * `API009`.
   */
  decision(): string
  /**
   * The facts, as JSON.
   *
   * # Errors
   * `API009`.
   */
  facts(): string
  /** The masker of rows that the decision asks for; null where it asks for none. */
  rows(columns: Array<string>): NativeRows | null
  /** The masker of free texts that the decision asks for; null where it asks for none. */
  masker(): NativeMasker | null
  /** Whether the decision masks what no detector finds in a free text. */
  masksTagged(): boolean
}

/** A bundle in force with what stands around it. */
export declare class NativeGuard {
  /**
   * Opens a guard. `options`: JSON.
   *
   * # Errors
   * Whatever refuses the bundle, the log, its key or the store of approvals.
   */
  static open(options: string): NativeGuard
  /** The digest of the bundle in force. */
  get bundle(): string
  /**
   * Reads the bundle again from where it stands; returns its digest.
   *
   * # Errors
   * Whatever refuses it: the one in force stays.
   */
  reload(): string
  /**
   * What a command would do, as JSON. `session`: a session object, as JSON; absent, the server's
   * defaults hold. `catalog`: a catalog object in the place of the guard's.
   *
   * # Errors
   * `API008`, `API010`.
   */
  facts(protocolName: string, bytes: Uint8Array, length: number, session?: string | undefined | null, catalogText?: string | undefined | null): string
  /**
   * The fingerprints of a command, as JSON; `null` where it cannot be cut into tokens.
   *
   * # Errors
   * `API008`, `API010`.
   */
  fingerprint(protocolName: string, bytes: Uint8Array, length: number, session?: string | undefined | null): string
  /**
   * Binds an asker (JSON) and a protocol, so that each decision costs little.
   *
   * # Errors
   * `API008`, `API010`.
   */
  session(protocolName: string, asker: string): NativeSession
  /** Every built-in type, with the operators of the bundle's classes. */
  masker(): NativeMasker
  /**
   * How a held request stands: `pending`, `approved`, `denied`, `expired`.
   *
   * # Errors
   * `APR018` for a ticket that is not known; `APR014`, `APR017`, `APR021` for a settled one.
   */
  state(ticketText: string): string
  /**
   * Takes a held request back.
   *
   * # Errors
   * The store or the log failed.
   */
  withdraw(ticketText: string): void
  /**
   * Logs what became of a command: `completed`, `failed`, `stopped_at_limit`.
   *
   * # Errors
   * The log did not take it.
   */
  outcome(decisionId: string, state: string, rowsOut: number, maskedCells: number): void
  /**
   * Logs an event of the embedder's own. `kind`: the type of a leaf; `body`: a JSON object.
   *
   * # Errors
   * `AUD001` to `AUD003`, `LIM301`, or the log did not take it.
   */
  event(kind: string, body: string): void
  /**
   * Ends the log in order. Nothing is admitted afterwards.
   *
   * # Errors
   * The log could not be closed.
   */
  close(): void
}

/** Masks whole values. */
export declare class NativeMasker {
  /** The number that stands for it in `maskText`. */
  get number(): number
  /**
   * As `maskText`, with a name that speaks for the value.
   *
   * # Errors
   * `MSK` codes.
   */
  textInContext(bytes: Uint8Array, length: number, key: string): number
  /**
   * As `maskText`, for one JSON document: keys are context, numbers count.
   *
   * # Errors
   * `MSK` codes.
   */
  json(bytes: Uint8Array, length: number): number
  /** The masked text. */
  takeText(): string
  /** Nanoseconds that so many maskings take without a crossing into JavaScript; for benchmarks. */
  timeText(bytes: Uint8Array, length: number, rounds: number): number
  /**
   * A stream with the same detectors and operators. `format`: `text`, `json`, `csv`, `yaml`.
   *
   * # Errors
   * `API033` for another format.
   */
  stream(format: string): NativeStream
  /**
   * A masker of rows. `columns`: JSON, `[{"name", "forced"?}]`.
   *
   * # Errors
   * `API010`.
   */
  rows(columns: string): NativeRows
}

/** Masks the cells of a result. */
export declare class NativeRows {
  /**
   * Masks one cell that is not null: -1 where it stays, else how many bytes the masked cell has.
   *
   * # Errors
   * `MSK003` for a column that was not declared.
   */
  cell(column: number, bytes: Uint8Array, length: number): number
  /**
   * Copies the masked cell into `out`, which has its length.
   *
   * # Errors
   * `MSK002`.
   */
  take(out: Buffer): void
  /** The masked cell as text. */
  takeText(): string
  /** Cells that were changed so far. */
  maskedCells(): number
  /** Counts a structured cell that was masked by its parts. */
  countCell(): void
  /**
   * Whether every cell of this column is replaced, whatever is in it.
   *
   * # Errors
   * `MSK003`.
   */
  isForced(column: number): boolean
}

/** Compiled rules without a guard around them: to decide again what was decided before. */
export declare class NativeRules {
  /**
   * Compiles the texts of a bundle (JSON from path to text), unsigned.
   *
   * # Errors
   * The first `POL` code, with every problem.
   */
  static compile(files: string): NativeRules
  /** The digest of the bundle. */
  get digest(): string
  /**
   * Decides about facts in their JSON form. `asker`: JSON; `now`: milliseconds, or NaN.
   *
   * # Errors
   * `API010` where an object has another form.
   */
  decide(facts: string, asker: string, now: number): string
}

/** A bound asker: who asks, on what, in which session, over which protocol. */
export declare class NativeSession {
  /** The number that stands for it in `decide`. */
  get number(): number
  /**
   * The last decision, as JSON.
   *
   * # Errors
   * `API009`.
   */
  decision(): string
  /**
   * The facts of the last decision, as JSON.
   *
   * # Errors
   * `API009`.
   */
  facts(): string
  /** The masker of rows that the last decision asks for; null where it asks for none. */
  rows(columns: Array<string>): NativeRows | null
  /** The masker of free texts that the last decision asks for; null where it asks for none. */
  masker(): NativeMasker | null
  /** Whether the last decision masks what no detector finds in a free text. */
  masksTagged(): boolean
  /**
   * Decides, logs the decision, and holds what needs people. `params`: JSON, one typed value a
   * parameter; `facts`: JSON, what the caller knows of a command that no reader reads.
   *
   * # Errors
   * The decision could not be logged, or the store failed: nothing may run.
   */
  admit(bytes: Uint8Array, length: number, params: string | undefined | null, facts: string | undefined | null, now: number): NativeAdmission
  /**
   * Lets a held command run, if it is exactly what was approved.
   *
   * # Errors
   * The log or the store failed: nothing may run.
   */
  resume(ticketText: string, bytes: Uint8Array, length: number, params: string | undefined | null, facts: string | undefined | null, now: number): NativeAdmission
  /** Nanoseconds that so many decisions take without a crossing into JavaScript; for benchmarks. */
  timeDecide(bytes: Uint8Array, length: number, now: number, rounds: number): number
}

/** Masks a stream, cut anywhere. */
export declare class NativeStream {
  /**
   * Takes the next chunk: how many bytes may leave now.
   *
   * # Errors
   * `MSK002`.
   */
  push(chunk: Uint8Array): number
  /**
   * Ends the stream: how many bytes are left.
   *
   * # Errors
   * `MSK002`.
   */
  finish(): number
  /**
   * Copies what may leave into `out`, which has its length.
   *
   * # Errors
   * `MSK002`.
   */
  take(out: Buffer): void
  /**
   * What was found since the last call, as JSON.
   *
   * # Errors
   * `API009`.
   */
  takeFindings(): string
  /** Bytes that are inside and not yet returned. */
  heldBackBytes(): number
}

/**
 * The salted hash that an approval is bound to.
 *
 * # Errors
 * `API007`, `API010`.
 */
export declare function actionHash(command: string, salt: Uint8Array): string

/**
 * Signs an answer to a held request and leaves it where the gateway finds it.
 *
 * # Errors
 * `APR012`, `APR014`, `APR018`, `APR021`; `API` codes for the key's file.
 */
export declare function answer(store: string, ticket: string, approver: string, key: string, approve: boolean, comment?: string | undefined | null): void

/**
 * Every error code with its meaning, as JSON.
 *
 * # Errors
 * `API009`.
 */
export declare function codes(): string

/**
 * The number of the verdict about the first bytes of a buffer: 0 allow, 1 mask, 2 limit,
 * 3 `require_approval`, 4 deny. Nothing is logged. `session`: the number of a session; `now`:
 * milliseconds, or NaN.
 */
export declare function decide(session: number, bytes: Uint8Array, length: number, now: number): number

/** Bytes as approvers are shown them: nothing moves a cursor or passes for something else. */
export declare function escape(bytes: Uint8Array): string

/** The state before any bundle was taken, as JSON. */
export declare function freshState(): string

/**
 * What a person is shown before answering.
 *
 * # Errors
 * `APR018`, `APR030`, `APR031`.
 */
export declare function heldDisplay(store: string, ticket: string): string

/**
 * Tickets that wait in a store of held requests.
 *
 * # Errors
 * `API131`.
 */
export declare function heldTickets(store: string): Array<string>

/**
 * Judges the answers to a stored request under these specs and people: `{"display", "state",
 * "answers": [null | {code, message, help}]}`.
 *
 * # Errors
 * `APR` codes where the request or the specs cannot be used.
 */
export declare function judge(ceremony: string): string

/**
 * Checks the text of a verifier key, and returns its name.
 *
 * # Errors
 * `API102` to `API106`.
 */
export declare function keyName(text: string): string

/**
 * The last checkpoint of one writer's log; null where there is none.
 *
 * # Errors
 * `API131`.
 */
export declare function lastCheckpoint(writerDir: string): string | null

/**
 * As `maskText`, for all of a buffer: one argument less is cheaper.
 *
 * # Errors
 * `MSK` codes.
 */
export declare function maskBytes(masker: number, bytes: Uint8Array): number

/**
 * Masks the first bytes of a buffer as text: -1 where nothing was found, else how many bytes the
 * masked text has. `masker`: the number of a masker.
 *
 * # Errors
 * `MSK` codes.
 */
export declare function maskText(masker: number, bytes: Uint8Array, length: number): number

/**
 * Makes a key: the private half into a file for its owner only, the public half beside it. Returns
 * the verifier key.
 *
 * # Errors
 * `API101` for the name, `API132` where a file stands already.
 */
export declare function newKey(name: string, private: string, public: string): string

/**
 * Opens a signed note under a verifier key, and returns its text.
 *
 * # Errors
 * `AUD101` to `AUD104`.
 */
export declare function openNote(bytes: Uint8Array, key: string): string

/**
 * The files of a shipped pack, as JSON from path to text; null where there is none.
 *
 * # Errors
 * `API009`.
 */
export declare function packFiles(name: string): string | null

/**
 * Panics: so that the tests see what becomes of it.
 *
 * # Panics
 * Always.
 */
export declare function panicForTests(): void

/**
 * The proof that a leaf stands in the log of one writer, as text.
 *
 * # Errors
 * `API136`.
 */
export declare function prove(writerDir: string, index: number): string

/**
 * The events of a log in the order of its files, unverified: JSON lines.
 *
 * # Errors
 * `API131`.
 */
export declare function readLog(dir: string): Array<string>

/**
 * Verifies the list of revoked keys and bundles, and returns the state with it.
 *
 * # Errors
 * `BND016`, `BND017`.
 */
export declare function revoke(file: Uint8Array, root: Uint8Array, state?: string | undefined | null): string

/**
 * The next root document, reached from the one in use; null where the chain holds. Its own errors
 * say why it does not.
 *
 * # Errors
 * `BND020` to `BND022`.
 */
export declare function rotateRoot(root: Uint8Array, next: Uint8Array): void

/**
 * Copies what a masker made last into `out`, which has its length.
 *
 * # Errors
 * `MSK002` where nothing of this length waits.
 */
export declare function takeMasked(masker: number, out: Buffer): void

/**
 * Verifies a packed bundle. `state`: the JSON that the last call returned; absent, the answer's
 * decisions are stamped. Returns JSON: digest, name, sequence, what it loosens, the new state.
 *
 * # Errors
 * `BND` and `POL` codes.
 */
export declare function verifyBundle(file: Uint8Array, root: Uint8Array, state: string | undefined | null, now: string): string

/**
 * Verifies a log; `key` is a file or the key itself, `checkpoint` a signed note that was kept,
 * `now` the time to judge silence by. Returns the report as JSON, with `exit_code`.
 *
 * # Errors
 * `API` codes where key or files cannot be read. What is wrong in the log is in the report.
 */
export declare function verifyLog(dir: string, key: string, checkpoint?: Uint8Array | undefined | null, now?: string | undefined | null): string
