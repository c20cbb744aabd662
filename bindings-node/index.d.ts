/**
 * placet: decides about an agent's commands before they run, masks what comes back, and keeps a log
 * that an outsider can verify.
 */
import { Transform } from 'node:stream';

/** What is to happen with a command; ordered by strictness. */
export type Verdict = 'allow' | 'mask' | 'limit' | 'require_approval' | 'deny';
/** Every verdict, from the mildest to the strictest. */
export declare const VERDICTS: readonly Verdict[];

/** How a command is read: an SQL dialect or another protocol. */
export type Protocol =
  | 'postgres' | 'mysql' | 'mariadb' | 'mssql' | 'sqlite' | 'snowflake' | 'bigquery' | 'redshift'
  | 'clickhouse' | 'oracle' | 'duckdb' | 'hive' | 'spark' | 'databricks' | 'shell' | 'kubernetes'
  | 'kubectl' | 'http' | 'mcp' | 'redis' | 'mongodb' | 'tool' | 'cloud';

/** A command: text, bytes, or a structured request (which is read as its JSON text). */
export type Command = string | Uint8Array | Record<string, unknown>;

/** A value of a claim. */
export type Claim = boolean | number | string | string[];

/** Who asks; a string is the id of an agent without groups. */
export type Principal =
  | string
  | {
      id: string;
      kind?: 'human' | 'service' | 'agent';
      groups?: string[];
      claims?: Record<string, Claim>;
      delegator?: string;
    };

/** What the command would run on; a string is its name, and its kind is then the protocol. */
export type Resource = string | { name: string; kind?: string; labels?: Record<string, string> };

/**
 * What is known of the session: the state that SQL is read under, and labels and counters for policy.
 * Without a word about SQL the server's defaults hold; with one, what is absent is unknown.
 */
export interface SessionState {
  dialect?: string;
  standardConformingStrings?: boolean;
  sqlMode?: string;
  clientEncoding?: string;
  searchPath?: string[];
  role?: string;
  prepared?: Record<string, string>;
  tempTables?: string[];
  cursors?: Record<string, string>;
  labels?: string[];
  counters?: Record<string, number>;
  /** The keys of docs/spec/facts.md in their own spelling are taken too. */
  [key: string]: unknown;
}

/** Who asks, on what, in which session, and what the caller can enforce. */
export interface AskOptions {
  protocol?: Protocol;
  principal?: Principal;
  resource?: Resource;
  session?: SessionState;
  /** `now`: the time to decide by; the clock's where it is absent, not known where it is `null`. */
  context?: { now?: Date | number | string | null };
  /** What the caller can enforce; everything where it is absent. */
  enforces?: Array<'mask' | 'limit' | 'approve'>;
  /** Bound parameters; they never enter the facts. */
  params?: unknown[];
}

/** A bundle and what stands around it; the keys of `AskOptions` are defaults for every call. */
export interface OpenOptions extends Omit<AskOptions, 'params'> {
  /** The name of a shipped pack, a directory (unsigned, for development), or a packed file. */
  bundle: string;
  /** The pinned root document of a packed file. */
  root?: string;
  /** The rollback state of a packed file. */
  state?: string;
  /** The directory of the log. */
  audit?: string;
  /** The file of the log's root key. */
  auditKey?: string;
  /** This process's name in the log. */
  writer?: string;
  /** What stands behind a decision that is logged: the disk (the default), or the kernel. */
  durability?: 'durable' | 'buffered';
  /** The directory of held requests; needs a log. */
  approvals?: string;
  /** A catalog object, or the path of a file that holds one. */
  catalog?: string | object;
  /** The key of classes that are hashed, at least 16 bytes. */
  hashKey?: Uint8Array;
}

/** What must be done with a command that is not denied. */
export type Obligation =
  | { kind: 'mask'; classes: string[]; columns: 'all' | Array<{ index: number; class: string }> }
  | { kind: 'limit'; rows: number }
  | { kind: 'approval'; spec: string };

/** What a command would do: the object of docs/spec/facts.md. */
export interface Facts {
  protocol: Protocol;
  understanding: 'full' | 'partial' | 'opaque';
  reasons: string[];
  statements: number | null;
  writes: boolean;
  destructive: boolean;
  unbounded: boolean;
  max_rows: number | null;
  effects: string[];
  actions: Action[];
  session: object[];
  evasion: string[];
}

/** One thing that a command does. */
export interface Action {
  op: string;
  verb: string;
  targets: Array<{ kind: string; path: string; role: 'source' | 'sink' | 'object'; columns: 'any' | string[] }>;
  extent: 'one' | 'all' | 'unknown' | { at_most: number } | { filtered: string[] };
  may: string[];
  calls: string[];
  outputs: 'none' | 'opaque' | { columns: OutputColumn[] };
  via: string[];
  span: [number, number];
  nested: Facts[];
}

/** One column of a result, with where its values come from. */
export interface OutputColumn {
  name: string;
  sources: 'any' | string[];
  how: 'plain' | 'derived' | 'aggregate' | 'opaque';
  implicit: 'any' | string[];
}

/** A decision as `placet decide` prints it. */
export interface DecisionObject {
  verdict: Verdict;
  rules: string[];
  reasons: string[];
  understanding: 'full' | 'partial' | 'opaque';
  risk: number;
  obligations: Obligation[];
  remedy: string | null;
  bundle: string;
  stamps: string[];
  explanation: { cells: object[]; more_cells: number; unknown: string[]; risk: object[] };
}

/** What is to happen with a command. `verdict` is there at once; the rest is fetched when it is read. */
export declare class Decision implements DecisionObject {
  private constructor();
  readonly verdict: Verdict;
  get rules(): string[];
  get reasons(): string[];
  get understanding(): 'full' | 'partial' | 'opaque';
  get risk(): number;
  get obligations(): Obligation[];
  get remedy(): string | null;
  get bundle(): string;
  get stamps(): string[];
  get explanation(): DecisionObject['explanation'];
  get facts(): Facts;
  toJSON(): DecisionObject;
}

/** A bound asker: the cheap way to many decisions. */
export declare class Session {
  private constructor();
  /** Decides about a command; nothing is logged. `now`: milliseconds, `NaN` where it is not known. */
  decide(command: string | Uint8Array, now?: number): Decision;
}

/** Where something was found, in bytes: never what. */
export interface Finding {
  type: string;
  start: number;
  end: number;
  score: number;
}

/** The form of a text. */
export type Format = 'text' | 'json' | 'csv' | 'yaml';

/** A column of a result; a `forced` one is replaced whatever is in it, and called by that class. */
export type Column = string | { name: string; forced?: string };

/** Bytes in, masked bytes out; however the input is cut, the output is the same. */
export declare class MaskStream extends Transform {
  private constructor();
  /** What was found so far. */
  get findings(): Finding[];
}

/** How a function is guarded. Options that say who asks may be functions of the call's arguments. */
export interface ToolOptions<A extends unknown[]> {
  /** The language of the command; `tool` where neither this nor `arg` is given: the call itself is the command. */
  protocol?: Protocol;
  /** Another word for `protocol`. */
  kind?: Protocol;
  /** The argument that is the command: a member of the first, or a position. */
  arg?: string | number;
  /** The command in the arguments, where no single one is it. */
  command?: (...args: A) => string | Uint8Array;
  /** What an approval is bound to beside the command; the other arguments where it is absent. */
  params?: (...args: A) => unknown[];
  /** Members or positions that are no part of what is asked, such as a connection. */
  ignore?: Array<string | number>;
  /** What the call would do, where no reader reads it. */
  facts?: (...args: A) => object;
  name?: string;
  /** `always`: every built-in type is masked as well, whatever the decision says. */
  mask?: 'obligations' | 'always';
  principal?: Principal | ((...args: A) => Principal);
  resource?: Resource | ((...args: A) => Resource);
  session?: SessionState | ((...args: A) => SessionState);
  context?: AskOptions['context'] | ((...args: A) => AskOptions['context']);
  enforces?: AskOptions['enforces'];
}

/** A guarded function. */
export interface Tool<A extends unknown[], R> {
  (...args: A): R;
  /** Runs a held call, if these are exactly the arguments that were approved. */
  resume(ticket: string, ...args: A): R;
}

/** How a held request stands. */
export type HoldState = 'pending' | 'approved' | 'denied' | 'expired';

/** A bundle in force with what stands around it. */
export declare class Guard {
  /** A guard under the pack `baseline` where nothing is given. */
  constructor(options?: OpenOptions);
  /** A pack that is part of the library. */
  static shipped(name: 'baseline', options?: Omit<OpenOptions, 'bundle' | 'root' | 'state'>): Guard;
  static open(options: OpenOptions): Guard;
  /** The digest of the bundle in force. */
  get bundle(): string;
  /** Reads the bundle again; one that is refused changes nothing. Returns its digest. */
  reload(): string;
  session(options?: AskOptions): Session;
  /** What the bundle in force says about a command. Nothing is logged, nothing is held. */
  decide(command: Command, options?: AskOptions): Decision;
  facts(command: Command, options?: { protocol?: Protocol; session?: SessionState; catalog?: string | object }): Facts;
  /**
   * The fingerprints of a command: of its tokens, and of their shape without the values of literals. Null where it
   * cannot be cut into tokens.
   */
  fingerprint(command: Command, options?: { protocol?: Protocol; session?: SessionState }): { exact: string; shape: string } | null;
  /** Masks a string, bytes or a nested value. Returns the same object where nothing was found. */
  mask<T>(value: T, options?: { format?: Format; key?: string }): T;
  /** What masking would find: types and places, never values. */
  scan(value: string | Uint8Array, options?: { format?: Format }): Finding[];
  maskRows<T extends object>(rows: Iterable<T>, options?: RowsOptions): Generator<T>;
  maskRows<T extends object>(rows: AsyncIterable<T>, options?: RowsOptions): AsyncGenerator<T>;
  maskStream(options?: { format?: Format }): MaskStream;
  /** Puts the guard in front of a function, synchronous or not. */
  tool<A extends unknown[], R>(body: (...args: A) => R, options?: ToolOptions<A>): Tool<A, R>;
  /** Runs the held call of a ticket with the very arguments it was held with. */
  resume(ticket: string): unknown;
  state(ticket: string): HoldState;
  /** Waits until people have answered. */
  answered(ticket: string, options?: { timeoutMs?: number; intervalMs?: number; signal?: AbortSignal }): Promise<HoldState>;
  /** Takes a held request back. */
  withdraw(ticket: string): void;
  /** Logs an event of the embedder's own, such as a `finding`. */
  event(kind: string, body: object): void;
  /** Ends the log in order. Nothing is admitted afterwards. */
  close(): void;
}

/** Names of the columns; with `decision`, the masks are those that it asks for. */
export interface RowsOptions {
  columns?: Column[];
  decision?: Decision;
}

/** What a log proves. */
export interface AuditReport {
  state:
    | 'CLOSED_CLEAN' | 'LIVE_FRESH' | 'LIVE_UNCHECKED' | 'STALE' | 'TORN_TAIL' | 'ROLLED_BACK'
    | 'FORKED' | 'TAMPERED';
  class: string | null;
  index: number | null;
  proven_size: number;
  proven_time: string | null;
  exit_code: number;
  writers: Array<Record<string, unknown>>;
  notes: string[];
  cannot_prove: string[];
  key: string;
}

export declare const audit: {
  /** Verifies a log; what is wrong in it is in the report, never an error. */
  verify(dir: string, options: { key: string; checkpoint?: string | Uint8Array; now?: Date | string }): AuditReport;
  /** The last checkpoint of one writer's log, to be kept in another place. */
  checkpoint(writerDir: string): string | null;
  /** The events of a log, unverified. */
  events(dir: string): Array<Record<string, unknown>>;
  /** The proof that an event stands in the log of one writer. */
  prove(writerDir: string, index: number): string;
  /** The text of a signed note, once the key's signature on it holds. */
  openNote(note: string | Uint8Array, key: string): string;
};

/** A number in the very text in which it is bound. */
export interface NumberText {
  readonly text: string;
}

export declare const approval: {
  /** Tickets that wait in a store of held requests. */
  tickets(store: string): string[];
  /** What a person is shown before answering. */
  display(store: string, ticket: string): string;
  /** Signs an answer to a held request. `key`: the approver's key file. */
  answer(store: string, ticket: string, answer: { as: string; key: string; approve: boolean; comment?: string }): void;
  escape(bytes: string | Uint8Array): string;
  actionHash(
    command: {
      protocol: string;
      resource: { kind: string; name: string };
      command: string | Uint8Array;
      params?: unknown[];
      context?: object;
    },
    salt: Uint8Array,
  ): string;
  judge(ceremony: {
    request: string;
    specs: Array<{ id: string; any_of: string[]; min: number; expires_in_seconds: number }>;
    approvers: Array<{ id: string; groups: string[]; keys: string[] }>;
    answers: string[];
    now: string;
  }): { display: string; state: HoldState; answers: Array<PlacetError | null> };
  NumberText: new (text: string | number | bigint) => NumberText;
};

/** Compiled rules without a guard around them. */
export interface Rules {
  readonly digest: string;
  /** Decides about facts in their JSON form. `now`: milliseconds, absent where it is not known. */
  decide(
    facts: object,
    asker: { principal: object; resource: object; session?: object; enforces?: string[]; now?: number },
  ): DecisionObject;
}

export declare const policy: {
  /** Compiles the texts of a bundle, by path; unsigned. */
  compile(files: Record<string, string>): Rules;
  packFiles(name: string): Record<string, string> | null;
  verifyBundle(
    file: string | Uint8Array,
    options: { root: string | Uint8Array; state?: string; now?: Date | string },
  ): { digest: string; name: string; sequence: number; state: string };
  revoke(file: string | Uint8Array, options: { root: string | Uint8Array; state?: string }): string;
  rotateRoot(root: string | Uint8Array, next: string | Uint8Array): void;
  freshState(): string;
};

export declare const keys: {
  /** Makes a key in two files, and returns the verifier key. */
  create(name: string, files: { privateFile: string; publicFile: string }): string;
  /** The name of a verifier key, once its text is found to be one. */
  nameOf(text: string): string;
};

/** Every code that can be met here, with its meaning. */
export declare function allCodes(): Map<string, string>;

/** One problem of a bundle. */
export interface Problem {
  code: string;
  file: string;
  span: [number, number] | null;
  line: number | null;
  column: number | null;
  message: string;
  help: string;
}

/** Everything that placet throws: match on `code`, never on the text. */
export declare class PlacetError extends Error {
  readonly code: string;
  readonly help: string;
  readonly span: [number, number] | null;
  readonly file?: string;
  readonly problems?: Problem[];
}
export declare class PolicyError extends PlacetError {}
export declare class BundleError extends PlacetError {}
export declare class ApprovalError extends PlacetError {}
export declare class MaskError extends PlacetError {}
export declare class AuditError extends PlacetError {}
export declare class UsageError extends PlacetError {}
export declare class LimitError extends PlacetError {}
/** The library failed. It counts as deny: whatever was asked about must not run. */
export declare class InternalError extends PlacetError {}
/** The policy refuses the command; `code` is its reason, or the `APR` code where an approval was refused. */
export declare class PolicyDeniedError extends PlacetError {
  readonly decision: Decision;
}
/** People must answer first. Nothing has run. */
export declare class ApprovalRequiredError extends PlacetError {
  readonly decision: Decision;
  readonly ticket: string;
}
