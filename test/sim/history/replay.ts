/**
 * Replays a history on the model of the tree in the order of zxids: every write must answer what it answers there, every read
 * must show what stands there at its zxid. The transactions are known, from the servers or from the search; this decides
 * nothing about them.
 */
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode, opName } from '../../../src/protocol/op-code.js';
import {
  type CommittedTxn,
  type HistoryEntry,
  type HistoryViolation,
  type Invocation,
  isWrite,
  type NodeStat,
  type Outcome,
  opText,
  type PartResult,
  type SetWatchesOp,
  zxidText,
} from './history.js';
import { type Change, TreeModel } from './tree-model.js';

export interface Operated extends Invocation {
  /** Null: nobody knows. */
  outcome: Outcome | null;
}

/** What becomes of watches that are asked for again, at the zxid of the reply. */
export interface WatchesSet {
  readonly fired: readonly { readonly path: string; readonly type: number }[];
  readonly armed: readonly { readonly path: string; readonly isOfChildren: boolean }[];
}

export interface Replayed {
  readonly violations: readonly HistoryViolation[];
  readonly model: TreeModel;
  readonly changes: readonly Change[];
  readonly watchesSet: ReadonlyMap<number, WatchesSet>;
}

/** The operations of a history, by their number. */
export function operationsOf(entries: readonly HistoryEntry[]): Map<number, Operated> {
  const operations = new Map<number, Operated>();
  for (const entry of entries) {
    if (entry.kind === 'invoke') operations.set(entry.id, { ...entry, outcome: null });
    else if (entry.kind === 'return') {
      const operation = operations.get(entry.id);
      if (operation !== undefined) operation.outcome = entry.outcome;
    }
  }
  return operations;
}

/** A reply that says no more than that the server would not, or could not: nobody knows what became of the request. */
export function isUnanswered(outcome: Outcome): boolean {
  return outcome.err === ErrorCode.ConnectionLoss || outcome.err === ErrorCode.ThrottledOp;
}

/** `onlyCommitted`: the transactions are all that there are, so a read at another zxid shows what nobody has committed. */
export function replay(
  operations: ReadonlyMap<number, Operated>,
  txns: readonly CommittedTxn[],
  onlyCommitted: boolean,
  hasLocalSessions = false,
): Replayed {
  return new Replay(operations, txns, onlyCommitted, hasLocalSessions).run();
}

/** Who is connected, what was proposed before, and which disk fails, is nothing that the model knows of. */
const RECONFIG_REFUSALS: readonly number[] = [
  ErrorCode.ReconfigInProgress,
  ErrorCode.NewConfigNoQuorum,
  ErrorCode.BadVersion,
  ErrorCode.BadArguments,
  ErrorCode.SystemError,
];

class Replay {
  private readonly found: HistoryViolation[] = [];
  private readonly model = new TreeModel();
  private readonly changes: Change[] = [];
  private readonly watchesSet = new Map<number, WatchesSet>();
  private readonly txns: readonly CommittedTxn[];
  private readonly onlyCommitted: boolean;
  private readonly byRequest = new Map<string, Operated>();
  private readonly reads: Operated[] = [];
  private readonly done = new Set<Operated>();
  private readonly writes: Operated[] = [];
  private readonly hasLocalSessions: boolean;
  /** Opened by a transaction so far. */
  private readonly global = new Set<bigint>();

  constructor(
    operations: ReadonlyMap<number, Operated>,
    txns: readonly CommittedTxn[],
    onlyCommitted: boolean,
    hasLocalSessions: boolean,
  ) {
    this.hasLocalSessions = hasLocalSessions;
    if (hasLocalSessions) this.model.isGlobal = (session) => this.global.has(session);
    this.txns = txns;
    this.onlyCommitted = onlyCommitted;
    this.model.onChange = (change) => this.changes.push(change);
    for (const operation of operations.values()) {
      if (isWrite(operation.op)) {
        this.byRequest.set(requestKey(operation.session, operation.cxid), operation);
        this.writes.push(operation);
      } else if (operation.outcome !== null) this.reads.push(operation);
    }
    this.reads.sort((a, b) => compare(outcomeOf(a).zxid, outcomeOf(b).zxid));
  }

  run(): Replayed {
    let readNext = 0;
    let last = 0n;
    const readUpTo = (limit: bigint): void => {
      for (; readNext < this.reads.length; readNext++) {
        const operation = this.reads[readNext];
        const { zxid } = outcomeOf(operation);
        if (zxid >= limit) return;
        if (this.onlyCommitted && zxid > last && (zxid & 0xffff_ffffn) !== 0n) {
          this.say('wrong read', operation, `answered at ${zxidText(zxid)}, which nobody has committed`);
        }
        this.read(operation);
      }
    };
    for (const txn of this.txns) {
      readUpTo(txn.zxid);
      if (txn.zxid <= last) {
        this.found.push({ rule: 'zxid order', text: `${zxidText(txn.zxid)} is committed behind ${zxidText(last)}` });
      }
      last = txn.zxid;
      this.commit(txn);
      this.model.forgetJournal();
    }
    readUpTo(1n << 70n);
    for (const operation of this.writes) this.checkDone(operation);
    return { violations: this.found, model: this.model, changes: this.changes, watchesSet: this.watchesSet };
  }

  private commit(txn: CommittedTxn): void {
    if (txn.type === OpCode.createSession) {
      this.global.add(txn.session);
      return;
    }
    const operation = this.byRequest.get(requestKey(txn.session, txn.cxid));
    if (txn.type === OpCode.closeSession) {
      // A client may ask for it twice, and a learner is owed a transaction for each of its requests.
      if (this.model.isClosed(txn.session) && operation?.op.kind !== 'closeSession') {
        this.found.push({ rule: 'done twice', text: `session ${txn.session.toString(16)} is closed a second time` });
      }
      this.model.closeSession(txn.session, txn.zxid);
      if (operation?.op.kind === 'closeSession') this.answered(operation, { zxid: txn.zxid, err: 0 });
      return;
    }
    if (operation === undefined) {
      if (txn.type === OpCode.error) return; // a refused request of a session's, not of a client's making
      this.found.push({
        rule: 'phantom write',
        text: `${opName(txn.type)} ${zxidText(txn.zxid)} of session ${txn.session.toString(16)}, request ${txn.cxid}, was asked for by nobody`,
      });
      return;
    }
    if (txn.err === 0) {
      this.answered(operation, this.model.apply(operation.op as never, operation.session, txn.zxid));
      return;
    }
    const mark = this.model.mark();
    const changesBefore = this.changes.length;
    const expected = this.model.apply(operation.op as never, operation.session, txn.zxid);
    this.model.undoTo(mark);
    this.changes.length = changesBefore;
    const isOfSession = txn.err === ErrorCode.SessionExpired || txn.err === ErrorCode.SessionMoved;
    const isOfMembers = operation.op.kind === 'reconfig' && RECONFIG_REFUSALS.includes(txn.err);
    if (!isOfSession && !isOfMembers && expected.err !== txn.err) {
      this.say('wrong reply', operation, `is refused with ${txn.err} where ${expected.err} is due`);
    }
    // A leader knows no more than that it does not know the session; the server that does tells its client.
    const isOnLocal = expected.err === ErrorCode.EphemeralOnLocalSession;
    this.answered(operation, { zxid: txn.zxid, err: isOnLocal ? expected.err : txn.err });
  }

  private answered(operation: Operated, expected: Outcome): void {
    if (this.done.has(operation)) this.say('done twice', operation, `once more at ${zxidText(expected.zxid)}`);
    this.done.add(operation);
    const { outcome } = operation;
    if (outcome === null || isUnanswered(outcome)) return;
    if (outcome.zxid !== expected.zxid) {
      this.say('wrong reply', operation, `answered with ${zxidText(outcome.zxid)}, done at ${zxidText(expected.zxid)}`);
      return;
    }
    const difference = outcomeDifference(expected, outcome);
    if (difference !== null) this.say('wrong reply', operation, `at ${zxidText(expected.zxid)}: ${difference}`);
  }

  private checkDone(operation: Operated): void {
    const { outcome } = operation;
    if (outcome === null || isUnanswered(outcome) || this.done.has(operation)) return;
    if (outcome.err === ErrorCode.SessionExpired) return; // refused before it could become a transaction
    const { op, session } = operation;
    if (op.kind === 'closeSession' && this.hasLocalSessions && !this.global.has(session)) return;
    this.say('acknowledged write lost', operation, `answered with ${outcome.err} at ${zxidText(outcome.zxid)}`);
  }

  private read(operation: Operated): void {
    const { op } = operation;
    const outcome = outcomeOf(operation);
    if (op.kind === 'setWatches') {
      this.watchesSet.set(operation.id, this.watchesOf(op));
      return;
    }
    if (op.kind !== 'getData' && op.kind !== 'exists' && op.kind !== 'getChildren') return;
    if (isUnanswered(outcome) || outcome.err === ErrorCode.SessionExpired) return;
    const difference = outcomeDifference(this.model.read(op, outcome.zxid), outcome);
    if (difference !== null) this.say('wrong read', operation, `at ${zxidText(outcome.zxid)}: ${difference}`);
  }

  private watchesOf(op: SetWatchesOp): WatchesSet {
    const fired: { path: string; type: number }[] = [];
    const armed: { path: string; isOfChildren: boolean }[] = [];
    const { nodes } = this.model;
    for (const path of op.data) {
      const node = nodes.get(path);
      if (node === undefined) fired.push({ path, type: 2 });
      else if (node.mzxid > op.relativeZxid) fired.push({ path, type: 3 });
      else armed.push({ path, isOfChildren: false });
    }
    for (const path of op.exist) {
      if (nodes.has(path)) fired.push({ path, type: 1 });
      else armed.push({ path, isOfChildren: false });
    }
    for (const path of op.child) {
      const node = nodes.get(path);
      if (node === undefined) fired.push({ path, type: 2 });
      else if (node.pzxid > op.relativeZxid) fired.push({ path, type: 4 });
      else armed.push({ path, isOfChildren: true });
    }
    return { fired, armed };
  }

  private say(rule: HistoryViolation['rule'], operation: Operated, text: string): void {
    const { op, session, server, cxid } = operation;
    this.found.push({
      rule,
      text: `${opText(op)} (session ${session.toString(16)}, request ${cxid}, server ${server}) ${text}`,
    });
  }
}

export function requestKey(session: bigint, cxid: number): string {
  return `${session}:${cxid}`;
}

function outcomeOf(operation: Operated): Outcome {
  return operation.outcome as Outcome;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What of the actual outcome is not as expected; null when all of it is. */
export function outcomeDifference(expected: Outcome, actual: Outcome): string | null {
  if (expected.err !== actual.err) return `error ${actual.err}, not ${expected.err}`;
  if (expected.err !== 0) return null;
  const part = partDifference(expected, actual);
  if (part !== null) return part;
  if (expected.data !== undefined && expected.data !== actual.data) {
    return `data "${actual.data}", not "${expected.data}"`;
  }
  if (expected.children !== undefined && expected.children.join() !== actual.children?.join()) {
    return `children [${actual.children}], not [${expected.children}]`;
  }
  if (expected.configVersion !== actual.configVersion) {
    return `configuration ${show(actual.configVersion ?? -1n)}, not ${show(expected.configVersion ?? -1n)}`;
  }
  const { results } = expected;
  if (results === undefined) return null;
  if (results.length !== actual.results?.length) return `${actual.results?.length} results, not ${results.length}`;
  for (const [index, result] of results.entries()) {
    const other = actual.results[index];
    if (result.err !== other.err) return `error ${other.err} of part ${index}, not ${result.err}`;
    const difference = partDifference(result, other);
    if (difference !== null) return `part ${index}: ${difference}`;
  }
  return null;
}

function partDifference(expected: PartResult, actual: PartResult): string | null {
  if (expected.path !== undefined && expected.path !== actual.path) return `path ${actual.path}, not ${expected.path}`;
  if (expected.stat === undefined) return null;
  if (actual.stat === undefined) return 'no stat';
  for (const name of Object.keys(expected.stat) as (keyof NodeStat)[]) {
    if (expected.stat[name] === actual.stat[name]) continue;
    return `${name} ${show(actual.stat[name])}, not ${show(expected.stat[name])}`;
  }
  return null;
}

function show(value: bigint | number): string {
  return typeof value === 'bigint' ? zxidText(value) : String(value);
}
