// The commit stage between two mailboxes that come at their own pace: a learner's requests, reads and syncs on one side, the
// leader's transactions through the disk on the other. Held against what every interleaving has to keep, for many of them.

import { expect, test } from 'vitest';
import type { ActorContext } from '../../../src/actor/actor.js';
import { LocalMailbox } from '../../../src/actor/mailbox/local-mailbox.js';
import { writeInt32 } from '../../../src/base/bytes.js';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { CommitProcessor } from '../../../src/processor/commit-processor.js';
import {
  FLAG_UNPROVEN,
  InternalOp,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  ServerRole,
  WORD_ARRIVED,
  WORD_CONNECTION,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LARGE_BYTES,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_ROUND,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
  WORD_XID,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { PipelinePort } from '../../../src/zab/pipeline-port.js';
import { loneMetrics } from '../../testing/lone-metrics.js';

const TYPE_NAMES = new Map<number, string>(Object.entries(RecordType).map(([name, type]) => [type, name]));

interface Sent {
  readonly type: string;
  readonly connection: number;
  readonly op: number;
  readonly xid: number;
  readonly zxid: number;
  readonly error: number;
  readonly arrivedMs: number;
  readonly largeBytes: number;
  readonly slot: number;
  readonly bodyBytes: number;
}

class Bench {
  readonly line = new LocalMailbox(1 << 20);
  readonly direct = new LocalMailbox(1 << 20);
  readonly toFinal = new LocalMailbox(1 << 20);
  readonly port: PipelinePort;
  readonly sent: Sent[] = [];
  private readonly stage: CommitProcessor;

  constructor() {
    const outboxes: Record<string, LocalMailbox> = {
      prep: new LocalMailbox(1 << 20),
      sync: this.line,
      commit: this.direct,
      final: this.toFinal,
    };
    const context = {
      outbox: (name: string) => outboxes[name],
      metrics: loneMetrics(),
      clock: new ManualClock(),
      shared: {},
    } as unknown as ActorContext;
    this.port = new PipelinePort(context);
    this.stage = new CommitProcessor(context);
  }

  takeLine(limit = Number.MAX_SAFE_INTEGER): void {
    this.line.drain(this.stage.inboxes.sync, limit);
    this.collect();
  }

  takeDirect(limit = Number.MAX_SAFE_INTEGER): void {
    this.direct.drain(this.stage.inboxes['quorum-peer'], limit);
    this.collect();
  }

  takeAll(): void {
    this.line.publish();
    this.direct.publish();
    this.takeDirect();
    this.takeLine();
  }

  txn(zxid: number, session: number, cxid: number, type: number = OpCode.setData): void {
    const entry = new Uint8Array(40);
    writeInt32(entry, 4, session);
    writeInt32(entry, 8, cxid);
    writeInt32(entry, 12, 1);
    writeInt32(entry, 16, zxid);
    writeInt32(entry, 28, type);
    this.port.logTxn(entry, 0, entry.length);
  }

  /** What prep would have sent of a client's request: all its numbers follow from connection and xid. */
  record(connection: number, xid: number, op: number): { bytes: Uint8Array; words: Int32Array; length: number } {
    const length = PIPELINE_HEADER_BYTES + 8;
    const words = new Int32Array(length >> 2);
    words[WORD_SHARD] = 1;
    words[WORD_CONNECTION] = connection;
    words[WORD_XID] = xid;
    words[WORD_OP] = op;
    words[WORD_SLOT] = connection + 100;
    words[WORD_SESSION_LO] = connection;
    words[WORD_ARRIVED] = xid * 7;
    words[WORD_LARGE_BYTES] = xid % 3 === 0 ? 1000 : 0;
    words[WORD_LENGTH_B] = 8;
    return { bytes: new Uint8Array(words.buffer), words, length };
  }

  forward(connection: number, xid: number, op: number = OpCode.setData): void {
    const { bytes, words, length } = this.record(connection, xid, op);
    this.port.awaiting(bytes, words, 0, length);
  }

  local(type: number, connection: number, xid: number, op: number = OpCode.getData): void {
    const { bytes, length } = this.record(connection, xid, op);
    this.port.local(type, bytes, 0, length);
  }

  private collect(): void {
    this.toFinal.publish();
    this.toFinal.drain((type, _bytes, words, offset, length) => {
      const at = offset >> 2;
      expect(length).toBeGreaterThanOrEqual(PIPELINE_HEADER_WORDS * 4);
      this.sent.push({
        type: TYPE_NAMES.get(type) as string,
        connection: words[at + WORD_SHARD] === -1 ? -1 : (words[at + WORD_CONNECTION] as number),
        op: words[at + WORD_OP] as number,
        xid: words[at + WORD_XID] as number,
        zxid: words[at + WORD_ZXID_LO] as number,
        error: words[at + WORD_ERROR] as number,
        arrivedMs: words[at + WORD_ARRIVED] as number,
        largeBytes: words[at + WORD_LARGE_BYTES] as number,
        slot: words[at + WORD_SLOT] as number,
        bodyBytes: words[at + WORD_LENGTH_B] as number,
      });
    }, Number.MAX_SAFE_INTEGER);
  }
}

function shortly({ type, connection, xid, zxid }: Sent): string {
  return type === 'txn' ? `txn ${zxid} of ${connection}` : `${type} ${xid} of ${connection}`;
}

test('a txn waits for its commit, gets the numbers of its request, and takes along the reads behind it', () => {
  const bench = new Bench();
  bench.forward(4, 1);
  bench.local(RecordType.pass, 4, 2);
  bench.local(RecordType.echo, 4, 3);
  bench.txn(1, 9, 1);
  bench.txn(2, 4, 1);
  bench.takeAll();
  expect(bench.sent).toEqual([]);
  bench.port.committed(1, 1);
  bench.takeAll();
  expect(bench.sent.map(shortly)).toEqual(['txn 1 of -1']);
  bench.port.committed(1, 2);
  bench.takeAll();
  expect(bench.sent.slice(1).map(shortly)).toEqual(['txn 2 of 4', 'pass 2 of 4', 'echo 3 of 4']);
  expect(bench.sent[1]).toMatchObject({ op: OpCode.setData, arrivedMs: 7, slot: 104, xid: 1 });
});

test('a commit that is faster than the disk waits for the txn', () => {
  const bench = new Bench();
  bench.forward(4, 1);
  bench.txn(1, 4, 1);
  bench.port.committed(1, 1);
  bench.direct.publish();
  bench.takeDirect();
  expect(bench.sent).toEqual([]);
  bench.takeAll();
  expect(bench.sent.map(shortly)).toEqual(['txn 1 of 4']);
});

test('a sync is answered when all is applied that was committed before its answer, with its path', () => {
  const bench = new Bench();
  bench.forward(4, 1, OpCode.sync);
  bench.local(RecordType.pass, 4, 2);
  bench.txn(1, 9, 1);
  bench.port.committed(1, 1);
  bench.port.synced();
  bench.direct.publish();
  bench.takeDirect();
  expect(bench.sent).toEqual([]);
  bench.takeAll();
  expect(bench.sent.map(shortly)).toEqual(['txn 1 of -1', 'pass 1 of 4', 'pass 2 of 4']);
  expect(bench.sent[1]).toMatchObject({ op: OpCode.sync, bodyBytes: 8 });
});

/** Of a leader's own client, in its line. */
function unprovenSync(bench: Bench, connection: number, xid: number, round: number): void {
  const { bytes, words, length } = bench.record(connection, xid, OpCode.sync);
  words[WORD_FLAGS] = FLAG_UNPROVEN;
  words[WORD_ROUND] = round;
  bench.port.passOn(RecordType.pass, bytes, 0, length);
}

test('a sync of a leader keeps the line back until the round is proven that it waits for', () => {
  const bench = new Bench();
  bench.port.committed(1, 9);
  bench.txn(1, 9, 1);
  unprovenSync(bench, 4, 1, 2);
  bench.txn(2, 9, 2);
  unprovenSync(bench, 4, 2, 3);
  bench.takeAll();
  expect(bench.sent.map(shortly)).toEqual(['txn 1 of -1']);
  bench.port.proven(1);
  bench.takeAll();
  expect(bench.sent).toHaveLength(1);
  bench.port.proven(3);
  bench.takeAll();
  expect(bench.sent.slice(1).map(shortly)).toEqual(['pass 1 of 4', 'txn 2 of -1', 'pass 2 of 4']);
});

test('what is proven of one role proves nothing of the next; a sync without proof goes back when its role ends', () => {
  const bench = new Bench();
  bench.port.proven(7);
  unprovenSync(bench, 4, 1, 8);
  bench.port.halt();
  bench.port.settle();
  bench.takeAll();
  expect(bench.sent.map(shortly)).toEqual(['halt 1 of -1', 'echo 1 of 4', 'settle 1 of -1']);
  expect(bench.sent[1]?.error).toBe(ErrorCode.ConnectionLoss);
  bench.port.serve(ServerRole.leader, 2, 0);
  unprovenSync(bench, 5, 1, 1);
  bench.takeAll();
  expect(bench.sent.slice(3).map((each) => each.type)).toEqual(['serve']);
});

test('a session that the leader has revalidated waits for nobody else’s write, behind which it might be closed again', () => {
  const bench = new Bench();
  bench.forward(4, 1);
  bench.local(RecordType.pass, 4, 2);
  bench.local(RecordType.pass, 5, 0, InternalOp.reopenSession);
  bench.txn(1, 5, 0, OpCode.closeSession);
  bench.txn(2, 4, 1);
  bench.port.committed(1, 2);
  bench.takeAll();
  expect(bench.sent.map(shortly)).toEqual(['pass 0 of 5', 'txn 1 of -1', 'txn 2 of 4', 'pass 2 of 4']);
});

test('the expiry of a session is not taken for its client’s request without an xid', () => {
  const bench = new Bench();
  bench.forward(4, 0);
  bench.txn(1, 4, 0, OpCode.closeSession);
  bench.port.committed(1, 1);
  bench.takeAll();
  expect(bench.sent.map(shortly)).toEqual(['txn 1 of -1']);
});

test('halt is told before anything is given back; settle applies what is held, as nobody’s', () => {
  const bench = new Bench();
  bench.forward(4, 3);
  bench.forward(5, 1, OpCode.sync);
  bench.local(RecordType.pass, 5, 2);
  bench.txn(1, 4, 3);
  bench.txn(2, 9, 1);
  bench.port.halt();
  // The line comes first: it has to wait for what was sent before it by the other way.
  bench.line.publish();
  bench.takeLine();
  expect(bench.sent).toEqual([]);
  bench.takeAll();
  expect(bench.sent.map(shortly)).toEqual(['halt 3 of -1', 'echo 3 of 4', 'echo 1 of 5', 'echo 2 of 5']);
  expect(bench.sent.slice(1).map(({ error }) => error)).toEqual(Array(3).fill(ErrorCode.ConnectionLoss));
  expect(bench.sent[1]?.largeBytes).toBe(1000);
  bench.port.settle();
  bench.takeAll();
  expect(bench.sent.slice(4).map(shortly)).toEqual(['txn 1 of -1', 'txn 2 of -1', 'settle 3 of -1']);
});

test('a leader’s own txns that are settled give back what their requests count for', () => {
  const bench = new Bench();
  const { bytes, words, length } = bench.record(4, 3, OpCode.setData);
  words[WORD_ZXID_LO] = 1;
  bench.port.passOn(RecordType.txn, bytes, 0, length);
  const read = bench.record(4, 4, OpCode.getData);
  bench.port.passOn(RecordType.pass, read.bytes, 0, read.length);
  bench.port.halt();
  bench.takeAll();
  expect(bench.sent.map(shortly)).toEqual(['halt 0 of -1']);
  bench.port.settle();
  bench.takeAll();
  expect(bench.sent.slice(1).map(shortly)).toEqual(['echo 3 of 4', 'txn 1 of -1', 'echo 4 of 4', 'settle 0 of -1']);
  expect(bench.sent.map(({ largeBytes }) => largeBytes)).toEqual([0, 1000, 0, 0, 0]);
});

test('serve does not wait for proposals that nobody has committed yet, but for those that were', () => {
  const bench = new Bench();
  bench.txn(1, 9, 1);
  bench.txn(2, 9, 2);
  bench.port.committed(1, 1);
  bench.port.serve(ServerRole.follower, 0, 0);
  bench.line.publish();
  bench.takeLine();
  expect(bench.sent).toEqual([]);
  bench.takeAll();
  expect(bench.sent.map(({ type, zxid }) => `${type} ${zxid}`)).toEqual(['txn 1', 'serve 0']);
});

test('a database that goes back to an earlier zxid does not let proposals through by an earlier commit', () => {
  const bench = new Bench();
  bench.txn(9, 9, 1);
  bench.port.committed(1, 9);
  bench.port.halt();
  bench.port.settle();
  bench.port.truncate(1, 5);
  bench.takeAll();
  bench.txn(6, 9, 2);
  bench.takeAll();
  expect(bench.sent.map(({ type }) => type)).toEqual(['txn', 'halt', 'settle', 'truncate']);
  bench.port.committed(1, 6);
  bench.takeAll();
  expect(bench.sent.at(-1)).toMatchObject({ type: 'txn', zxid: 6 });
});

test('a snapshot that was never whole does not let proposals of the next role through', () => {
  const bench = new Bench();
  bench.port.snapBegin(1, 9);
  bench.port.halt();
  bench.port.settle();
  bench.txn(6, 9, 1);
  bench.takeAll();
  expect(bench.sent.map(({ type }) => type)).toEqual(['snapBegin', 'halt', 'settle']);
  bench.port.committed(1, 6);
  bench.takeAll();
  expect(bench.sent.at(-1)).toMatchObject({ type: 'txn', zxid: 6 });
});

test('a commit that overtakes the snapshot it belongs to is not forgotten', () => {
  const bench = new Bench();
  bench.port.snapBegin(1, 5);
  bench.txn(6, 9, 1);
  bench.port.committed(1, 6);
  bench.port.snapSave();
  bench.direct.publish();
  bench.takeDirect();
  bench.takeAll();
  expect(bench.sent.map(({ type }) => type)).toEqual(['snapBegin', 'txn', 'snapSave']);
});

// ---- any interleaving

interface Expected {
  readonly connection: number;
  readonly xid: number;
  readonly kind: 'write' | 'sync' | 'read';
}

/** A learner under load, its leader, and a role that ends in the middle of it all. */
function runAtRandom(seed: number): void {
  const prng = new Prng(seed);
  const bench = new Bench();
  const { port } = bench;
  const inOrder = new Map<number, Expected[]>(); // by connection, what was forwarded and not answered
  const atLeader: { connection: number; xid: number; kind: string }[] = []; // decided there in this order
  let xid = 0;
  let zxid = 0;
  let committed = 0;
  let saidCommitted = 0; // what final may see
  let applied = 0;
  let looked = 0;
  let isHalted = false;
  const syncFloor = new Map<number, number>(); // xid -> what was committed when its answer came

  const check = (): void => {
    for (; looked < bench.sent.length; looked++) {
      const record = bench.sent[looked] as Sent;
      if (record.type === 'halt') {
        isHalted = true;
        continue;
      }
      if (record.type === 'settle') continue;
      if (record.type === 'txn') {
        expect(record.zxid).toBe(applied + 1);
        applied = record.zxid;
        if (isHalted) expect(record.connection).toBe(-1);
        else expect(record.zxid).toBeLessThanOrEqual(saidCommitted);
        if (record.connection < 0) continue;
      }
      const queue = inOrder.get(record.connection) as Expected[];
      const next = queue.shift() as Expected;
      expect(next).toMatchObject({ connection: record.connection, xid: record.xid });
      expect(record.arrivedMs).toBe(record.xid * 7);
      if (isHalted) {
        expect(record).toMatchObject({ type: 'echo', error: ErrorCode.ConnectionLoss });
        continue;
      }
      expect(record.type).toBe(next.kind === 'write' ? 'txn' : 'pass');
      if (next.kind === 'sync') expect(applied).toBeGreaterThanOrEqual(syncFloor.get(next.xid) as number);
    }
  };

  const steps: (() => void)[] = [
    () => {
      const connection = 1 + prng.below(4);
      const kind = (['write', 'write', 'read', 'sync'] as const)[prng.below(4)] as Expected['kind'];
      xid++;
      const queue = inOrder.get(connection) ?? [];
      inOrder.set(connection, queue);
      queue.push({ connection, xid, kind });
      if (kind === 'read') bench.local(RecordType.pass, connection, xid);
      else bench.forward(connection, xid, kind === 'sync' ? OpCode.sync : OpCode.setData);
      if (kind !== 'read') atLeader.push({ connection, xid, kind });
    },
    () => {
      const next = atLeader.shift();
      if (next === undefined) return;
      if (next.kind === 'write') {
        bench.txn(++zxid, next.connection, next.xid);
        return;
      }
      // The leader answers a sync when all that was proposed before it is committed.
      committed = zxid;
      port.committed(1, committed);
      saidCommitted = committed;
      syncFloor.set(next.xid, committed);
      port.synced();
    },
    () => bench.txn(++zxid, 50 + prng.below(3), prng.below(10)),
    () => {
      if (committed === zxid) return;
      committed += 1 + prng.below(zxid - committed);
      saidCommitted = committed;
      port.committed(1, committed);
    },
    () => bench.line.publish(),
    () => bench.direct.publish(),
    () => bench.takeLine(1 + prng.below(3)),
    () => bench.takeDirect(1 + prng.below(3)),
  ];
  const stepCount = 200 + prng.below(400);
  for (let i = 0; i < stepCount; i++) {
    (steps[prng.below(steps.length)] as () => void)();
    check();
  }
  port.halt();
  for (let i = 0; i < 50; i++) (steps[4 + prng.below(4)] as () => void)();
  bench.takeAll();
  check();
  expect(isHalted).toBe(true);
  port.settle();
  bench.takeAll();
  check();
  expect(applied).toBe(zxid);
  expect([...inOrder.values()].flat()).toEqual([]);
}

test('ZOOKEEPER-1863, -2684: every interleaving keeps the order of each connection, and nothing uncommitted is applied', () => {
  for (let seed = 1; seed <= 300; seed++) {
    try {
      runAtRandom(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
