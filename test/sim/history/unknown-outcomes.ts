/**
 * Where nobody tells which transactions there were: the answered writes stand at their zxids, and what was not answered, or
 * ended a session unasked, may stand at a zxid that nobody else has, or nowhere. A search in the order of zxids finds places
 * for them such that every reply and every read is right, or says that there are none.
 *
 * Histories with few unknown outcomes only: the search gives up (`undecided`) after a number of steps.
 */
import { OpCode } from '../../../src/protocol/op-code.js';
import { type CommittedTxn, type HistoryEntry, type HistoryViolation, isWrite, opText, zxidText } from './history.js';
import { isUnanswered, type Operated, outcomeDifference } from './replay.js';
import { TreeModel } from './tree-model.js';

const STEPS_MAX = 200_000;
/** So many zxids are tried at either end of a gap, and at the beginning of each epoch within. */
const PLACES_MAX = 16n;
const EPOCH = 1n << 32n;
const ALL = 1n << 70n;

/** One that may be done between two zxids, or never. */
interface Floating {
  readonly operation: Operated | null;
  readonly session: bigint;
  readonly floor: bigint;
  readonly ceiling: bigint;
}

interface Point {
  readonly zxid: bigint;
  readonly write: Operated | null;
  readonly reads: readonly Operated[];
}

export function findTxns(
  entries: readonly HistoryEntry[],
  operations: ReadonlyMap<number, Operated>,
): CommittedTxn[] | HistoryViolation {
  return new Search(pointsOf(operations), floatingOf(entries, operations)).run();
}

class Search {
  private readonly points: readonly Point[];
  private readonly floating: readonly Floating[];
  private readonly model = new TreeModel();
  private readonly used = new Set<Floating>();
  private readonly order: CommittedTxn[] = [];
  private steps = 0;
  /** The furthest that anything got, and what was wrong there. */
  private furthest = -1;
  private obstacle = '';

  constructor(points: readonly Point[], floating: readonly Floating[]) {
    this.points = points;
    this.floating = floating;
  }

  run(): CommittedTxn[] | HistoryViolation {
    if (this.solve(0, 1n)) return this.order;
    if (this.steps > STEPS_MAX) return { rule: 'undecided', text: `no order found in ${STEPS_MAX} steps` };
    return { rule: 'wrong read', text: `no order of the unanswered requests makes this right: ${this.obstacle}` };
  }

  /** Everything from this point on can be made right; nothing more happens below `zxidNext`. */
  private solve(index: number, zxidNext: bigint): boolean {
    if (index === this.points.length) return true;
    if (++this.steps > STEPS_MAX) return false;
    const point = this.points[index];
    const mark = this.model.mark();
    const length = this.order.length;
    if (this.pass(point, index) && this.solve(index + 1, point.zxid + 1n)) return true;
    this.model.undoTo(mark);
    this.order.length = length;
    const limit = point.write === null ? point.zxid : point.zxid - 1n;
    for (const candidate of this.floating) {
      if (this.used.has(candidate) || !this.isNextOfSession(candidate)) continue;
      const from = candidate.floor >= zxidNext ? candidate.floor + 1n : zxidNext;
      const to = candidate.ceiling <= limit ? candidate.ceiling - 1n : limit;
      for (const zxid of places(from, to)) {
        if (this.place(candidate, zxid)) {
          this.used.add(candidate);
          if (this.solve(index, zxid + 1n)) return true;
          this.used.delete(candidate);
        }
        this.model.undoTo(mark);
        this.order.length = length;
        if (this.steps > STEPS_MAX) return false;
      }
    }
    return false;
  }

  /** A session's requests are done in their order. */
  private isNextOfSession(candidate: Floating): boolean {
    const { operation } = candidate;
    if (operation === null) return true;
    return !this.floating.some(
      (other) =>
        other.operation !== null &&
        this.used.has(other) &&
        other.session === candidate.session &&
        other.operation.id > operation.id,
    );
  }

  /** False if it would change nothing there: then it may as well not have been done. */
  private place({ operation, session }: Floating, zxid: bigint): boolean {
    this.steps++;
    if (operation === null || operation.op.kind === 'closeSession') {
      if (this.model.isClosed(session)) return false;
      this.model.closeSession(session, zxid);
      this.order.push({ zxid, session, cxid: operation?.cxid ?? 0, type: OpCode.closeSession, err: 0 });
      return true;
    }
    const { op } = operation;
    if (!isWrite(op)) return false;
    const before = this.model.mark();
    const { err } = this.model.apply(op, session, zxid);
    if (err !== 0 || this.model.mark() === before) return false;
    this.order.push({ zxid, session, cxid: operation.cxid, type: OpCode.multi, err: 0 });
    return true;
  }

  /** The answered write of this zxid, and the reads at it. */
  private pass(point: Point, index: number): boolean {
    const { write, zxid } = point;
    if (write !== null && isWrite(write.op) && write.outcome !== null) {
      const { op, session, cxid, outcome } = write;
      const expected = this.model.apply(op, session, zxid);
      const difference = outcomeDifference(expected, outcome);
      if (difference !== null) return this.stuck(write, difference, index);
      const done = op.kind === 'closeSession' ? OpCode.closeSession : OpCode.multi;
      this.order.push({ zxid, session, cxid, type: outcome.err === 0 ? done : OpCode.error, err: outcome.err });
    }
    for (const read of point.reads) {
      const { op, outcome } = read;
      if (outcome === null || isUnanswered(outcome)) continue;
      if (op.kind !== 'getData' && op.kind !== 'exists' && op.kind !== 'getChildren') continue;
      const difference = outcomeDifference(this.model.read(op, zxid), outcome);
      if (difference !== null) return this.stuck(read, difference, index);
    }
    return true;
  }

  private stuck(operation: Operated, difference: string, index: number): boolean {
    if (index > this.furthest) {
      this.furthest = index;
      const at = zxidText(operation.outcome?.zxid ?? 0n);
      this.obstacle = `${opText(operation.op)} (session ${operation.session.toString(16)}) at ${at}: ${difference}`;
    }
    return false;
  }
}

/** Zxids of transactions that somebody may have had, rising. */
function places(from: bigint, to: bigint): bigint[] {
  const found = new Set<bigint>();
  const add = (first: bigint): void => {
    for (let zxid = first; zxid < first + PLACES_MAX; zxid++) {
      if (zxid >= from && zxid <= to && zxid % EPOCH !== 0n) found.add(zxid);
    }
  };
  add(from);
  for (let epoch = from / EPOCH + 1n; epoch <= to / EPOCH && epoch < from / EPOCH + PLACES_MAX; epoch++) {
    add(epoch * EPOCH + 1n);
  }
  add(to - PLACES_MAX + 1n);
  return [...found].sort((a, b) => (a < b ? -1 : 1));
}

function pointsOf(operations: ReadonlyMap<number, Operated>): Point[] {
  const points = new Map<bigint, { zxid: bigint; write: Operated | null; reads: Operated[] }>();
  for (const operation of operations.values()) {
    const { outcome, op } = operation;
    if (outcome === null || isUnanswered(outcome)) continue;
    const point = points.get(outcome.zxid) ?? { zxid: outcome.zxid, write: null, reads: [] };
    points.set(outcome.zxid, point);
    if (isWrite(op)) point.write = operation;
    else point.reads.push(operation);
  }
  return [...points.values()].sort((a, b) => (a.zxid < b.zxid ? -1 : 1));
}

function floatingOf(entries: readonly HistoryEntry[], operations: ReadonlyMap<number, Operated>): Floating[] {
  const floating: Floating[] = [];
  const floors = new Map<number, bigint>();
  const unattended = new Map<bigint, bigint>();
  let newestWrite = 0n;
  for (const entry of entries) {
    if (entry.kind === 'invoke') floors.set(entry.id, newestWrite);
    else if (entry.kind === 'return') {
      const operation = operations.get(entry.id);
      if (operation !== undefined && isWrite(operation.op) && entry.outcome.zxid > newestWrite) {
        newestWrite = entry.outcome.zxid;
      }
    } else if (entry.kind === 'lost') unattended.set(entry.session, newestWrite);
  }
  for (const operation of operations.values()) {
    const { op, outcome, session, id } = operation;
    if (!isWrite(op) || (outcome !== null && !isUnanswered(outcome))) continue;
    floating.push({ operation, session, floor: floors.get(id) ?? 0n, ceiling: nextAnswered(operations, session, id) });
  }
  for (const session of unattended.keys()) {
    const last = [...operations.values()].reduce(
      (max, { session: of, outcome, op }) =>
        of === session && outcome !== null && isWrite(op) && outcome.err === 0 && outcome.zxid > max
          ? outcome.zxid
          : max,
      0n,
    );
    floating.push({ operation: null, session, floor: last, ceiling: ALL });
  }
  return floating;
}

/** The zxid of the first write that this session was answered behind that request. */
function nextAnswered(operations: ReadonlyMap<number, Operated>, session: bigint, id: number): bigint {
  for (const operation of operations.values()) {
    const { outcome } = operation;
    if (operation.session !== session || operation.id <= id || outcome === null || isUnanswered(outcome)) continue;
    if (isWrite(operation.op)) return outcome.zxid;
  }
  return ALL;
}
