/**
 * prep and final alone, on one thread and without mailboxes between threads: processor time per write, the tree's part of
 * it included. Batches of requests go through prep, what it decides through final, and the two are timed apart.
 *
 *   node dist/bench/micro/processors.js [--nodes 100000] [--writes 400000] [--batch 64] [--in-flight 1]
 *
 * One line per operation; the least of five passes each, since a busy machine can only add to them. `--in-flight 32` lets
 * final lag that many batches behind prep, so that the outstanding changes are many and cold.
 */
import type { Actor, ActorContext } from '../../src/actor/actor.js';
import { silentLogger } from '../../src/actor/logger.js';
import { LocalMailbox } from '../../src/actor/mailbox/local-mailbox.js';
import { writeInt32 } from '../../src/base/bytes.js';
import { ManualClock } from '../../src/base/clock.js';
import { Prng } from '../../src/base/prng.js';
import { AclPolicy } from '../../src/processor/acl.js';
import { FinalRequestProcessor } from '../../src/processor/final-request-processor.js';
import { RecordType } from '../../src/processor/pipeline-records.js';
import { PrepActor } from '../../src/processor/prep-actor.js';
import { OpCode } from '../../src/protocol/op-code.js';
import { SessionTable } from '../../src/session/session-table.js';
import { DataTree } from '../../src/store/data-tree.js';
import { createTreeMemory } from '../../src/store/tree-memory.js';
import { TreeReader } from '../../src/store/tree-reader.js';
import { loneMetrics } from '../../test/testing/lone-metrics.js';
import { LONE_PREP, putRecord, SESSION_HI, SESSION_LO } from '../../test/testing/lone-prep.js';

const PARENTS = 64;
const DATA_BYTES = 100;
const PASSES = 5;
const MAILBOX_BYTES = 1 << 22;
const EVERYTHING = Number.MAX_SAFE_INTEGER;
/** vector of one: all permissions, world, anyone. */
const OPEN_ACL = Uint8Array.from([
  0, 0, 0, 1, 0, 0, 0, 31, 0, 0, 0, 5, 0x77, 0x6f, 0x72, 0x6c, 0x64, 0, 0, 0, 6, 0x61, 0x6e, 0x79, 0x6f, 0x6e, 0x65,
]);

const option = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const nodeCount = option('--nodes', 100_000);
const writeCount = option('--writes', 400_000);
const batch = option('--batch', 64);
const inFlight = option('--in-flight', 1);

/** Requests as a shard sends them. */
class Requests {
  readonly mailbox = new LocalMailbox(MAILBOX_BYTES);
  private readonly body = new Uint8Array(1024);
  private length = 0;

  create(path: string): void {
    this.begin(path);
    this.data();
    this.body.set(OPEN_ACL, this.length);
    this.length += OPEN_ACL.length;
    this.int(0);
    this.send(OpCode.create);
  }

  setData(path: string): void {
    this.begin(path);
    this.data();
    this.int(-1);
    this.send(OpCode.setData);
  }

  delete(path: string): void {
    this.begin(path);
    this.int(-1);
    this.send(OpCode.delete);
  }

  private begin(path: string): void {
    this.length = 0;
    this.int(path.length);
    for (let i = 0; i < path.length; i++) this.body[this.length++] = path.charCodeAt(i);
  }

  private data(): void {
    this.int(DATA_BYTES);
    this.length += DATA_BYTES;
  }

  private int(value: number): void {
    writeInt32(this.body, this.length, value);
    this.length += 4;
  }

  private send(op: number): void {
    putRecord(this.mailbox, RecordType.request, op, this.body.subarray(0, this.length));
  }
}

/** The two stages over one tree, with mailboxes in between that are moved by hand. */
class Line {
  readonly requests = new Requests();
  prepNs = 0;
  finalNs = 0;
  private readonly toSync = new LocalMailbox(MAILBOX_BYTES);
  private readonly toShard = new LocalMailbox(MAILBOX_BYTES);
  private readonly toPrep = new LocalMailbox(4096);
  private readonly prep: Actor;
  private readonly final: Actor;
  private waiting = 0;

  constructor() {
    const memory = createTreeMemory(0x01020304, 0x05060708);
    const slabs = new Map<number, SharedArrayBuffer>();
    const tree = new DataTree(memory, (index, slab) => slabs.set(index, slab));
    const sessions = new SessionTable(new SharedArrayBuffer(SessionTable.byteLengthFor(4)));
    const outboxes = new Map([
      ['sync', this.toSync],
      ['connections', this.toShard],
      ['prep', this.toPrep],
      ['restorer', new LocalMailbox(4096)],
    ]);
    const context = {
      outbox: (name: string) => outboxes.get(name),
      outboxes: (name: string) => [outboxes.get(name)],
      inbox: () => this.toPrep,
      inboxNames: () => ['connections.0'],
      clock: new ManualClock(),
      log: silentLogger,
      metrics: loneMetrics(),
      shared: {},
    } as unknown as ActorContext;
    const policy = new AclPolicy(false, []);
    this.prep = new PrepActor(
      context,
      new TreeReader(memory, { load: (i) => slabs.get(i) }),
      sessions,
      policy,
      LONE_PREP,
    );
    const session = { idHi: SESSION_HI, idLo: SESSION_LO, timeoutMs: 4000 };
    const recovered = { sessions: [session], lastZxidHi: 0, lastZxidLo: 0, digestMismatches: 0 };
    this.final = new FinalRequestProcessor(context, tree, sessions, policy, {
      recover: () => recovered,
      loadRestored: () => recovered,
    });
    this.final.onStart?.();
    this.move(this.toPrep, this.prep, 'final');
  }

  /** What was asked goes through prep; through final, when enough waits for it. */
  turn(): void {
    this.prepNs += this.move(this.requests.mailbox, this.prep, 'connections.0');
    if (++this.waiting >= inFlight) this.settle();
  }

  settle(): void {
    this.waiting = 0;
    this.finalNs += this.move(this.toSync, this.final, 'sync');
    this.toShard.publish();
    this.toShard.drain(() => {}, EVERYTHING);
  }

  private move(mailbox: LocalMailbox, actor: Actor, inbox: string): number {
    mailbox.publish();
    const handler = actor.inboxes[inbox];
    if (handler === undefined) throw new Error(`${inbox} is no inbox`);
    const start = process.hrtime.bigint();
    const records = mailbox.drain(handler, EVERYTHING);
    actor.onBatchEnd?.();
    const ns = Number(process.hrtime.bigint() - start);
    actor.onMeasured?.(records, 0, 0);
    return ns;
  }
}

const line = new Line();
const { requests } = line;
const prng = new Prng(42);
const parentPath = (i: number): string => `/app-${String(i % PARENTS).padStart(2, '0')}`;
const nodePath = (i: number): string => `${parentPath(i)}/node-${String(i).padStart(10, '0')}`;

/** Each turn is timed alone, and the median one stands for all: whoever interrupts us is in a few of them. */
function timed(count: number, ask: (i: number) => void): { prepNs: number; finalNs: number } {
  const prep: number[] = [];
  const final: number[] = [];
  for (let done = 0; done + batch * inFlight <= count; ) {
    line.prepNs = 0;
    line.finalNs = 0;
    for (let turn = 0; turn < inFlight; turn++) {
      for (let i = 0; i < batch; i++) ask(done++);
      line.turn();
    }
    prep.push(line.prepNs);
    final.push(line.finalNs);
  }
  const median = (figures: number[]): number => figures.sort((a, b) => a - b)[figures.length >> 1] / (batch * inFlight);
  return { prepNs: median(prep), finalNs: median(final) };
}

function report(name: string, count: number, ask: (i: number) => void, undo: ((i: number) => void) | null): void {
  let prepNs = Number.POSITIVE_INFINITY;
  let finalNs = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < PASSES; pass++) {
    const figures = timed(count, ask);
    prepNs = Math.min(prepNs, figures.prepNs);
    finalNs = Math.min(finalNs, figures.finalNs);
    if (undo !== null) timed(count, undo);
  }
  console.log(
    `${name.padEnd(10)} prep ${prepNs.toFixed(0).padStart(5)} ns   final ${finalNs.toFixed(0).padStart(5)} ns`,
  );
}

for (let i = 0; i < PARENTS; i++) requests.create(parentPath(i));
line.turn();
line.settle();
timed(nodeCount, (i) => requests.create(nodePath(i)));
report('setData', writeCount, () => requests.setData(nodePath(prng.below(nodeCount))), null);
report(
  'create',
  Math.min(writeCount, nodeCount),
  (i) => requests.create(nodePath(nodeCount + i)),
  (i) => requests.delete(nodePath(nodeCount + i)),
);
