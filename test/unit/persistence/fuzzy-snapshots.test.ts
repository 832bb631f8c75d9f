// Snapshots of a tree that changes under the walk, at every moment of it: replaying the log from the snapshot's name on applies
// over again what the file may hold already, and must come to the tree that there was, to the digest, with its sessions.

import { describe, expect, test } from 'vitest';
import { hiOf, loOf } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeTxnBody, type TxnBody } from '../../../src/protocol/txns.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import { TreeReader } from '../../../src/store/tree-reader.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import { recoverFrom, snapshotWriterOf, stateOf, VERSION_2 } from './persistence-fixture.js';
import { append, entryOf, newWriter } from './txn-entries.js';

/** The session whose transactions these are. */
const SESSION = 0x100000000000007n;
const TIMEOUT_MS = 9000;

function create(path: string, parentCVersion: number, ephemeral = false): TxnBody {
  const data = Buffer.from(`data of ${path}`);
  return { type: OpCode.create, txn: { path, data, acl: OPEN_ACL_UNSAFE, ephemeral, parentCVersion } };
}

function remove(path: string): TxnBody {
  return { type: OpCode.delete, txn: { path } };
}

function setData(path: string, version: number): TxnBody {
  return { type: OpCode.setData, txn: { path, data: Buffer.from(`version ${version}`), version } };
}

function multi(...bodies: TxnBody[]): TxnBody {
  const txns = bodies.map((body) => {
    const writer = new JuteWriter();
    encodeTxnBody(writer, body);
    return { type: body.type, data: writer.toBytes() };
  });
  return { type: OpCode.multi, txn: { txns } };
}

const OPEN: TxnBody = { type: OpCode.createSession, txn: { timeOut: TIMEOUT_MS } };

function close(...paths2Delete: string[]): TxnBody {
  return { type: OpCode.closeSession, txn: { paths2Delete } };
}

/** A server's tree, log and sessions, from the first transaction on. */
class Server {
  readonly store = new SimFileStore(new Prng(1));
  private readonly memory = createTreeMemory(1, 2);
  readonly database = recoverFrom(this.store, { tree: new DataTree(this.memory, () => undefined) });
  private readonly log = newWriter(this.store);
  private readonly applier = new TxnApplier(this.database.tree);
  private isOpen = false;
  zxid = 0n;

  do(body: TxnBody): void {
    this.begin(body);
    this.end(body);
  }

  /** Applied, and nobody may see it before the section ends. */
  begin(body: TxnBody): void {
    const { tree } = this.database;
    this.zxid++;
    tree.beginWrite();
    const bare = entryOf(this.zxid, body, SESSION);
    this.applier.apply(bare, 0, bare.length, null);
  }

  end(body: TxnBody): void {
    const { tree } = this.database;
    tree.endWrite(hiOf(this.zxid), loOf(this.zxid));
    append(this.log, entryOf(this.zxid, body, SESSION, this.digest()), this.zxid);
    this.log.commit();
    this.log.writeMark();
    if (body.type === OpCode.createSession) this.isOpen = true;
    if (body.type === OpCode.closeSession) this.isOpen = false;
  }

  state(): ReturnType<typeof stateOf> {
    const sessions = this.isOpen ? [{ idHi: hiOf(SESSION), idLo: loOf(SESSION), timeoutMs: TIMEOUT_MS }] : [];
    return stateOf({ ...this.database, sessions, lastZxidHi: hiOf(this.zxid), lastZxidLo: loOf(this.zxid) });
  }

  /** By another thread, as it were; `onLook` is called in front of every look that it takes at the tree. */
  snapshot(onLook: () => void): void {
    const reader = new TreeReader(this.memory, { load: () => undefined });
    const begin = reader.begin.bind(reader);
    reader.begin = () => {
      onLook();
      return begin();
    };
    snapshotWriterOf(this.store, this.database, {
      reader,
      collectSessions: (add) => {
        if (this.isOpen) add(hiOf(SESSION), loOf(SESSION), TIMEOUT_MS);
      },
      treeDigest: () => {
        const { digestHi, digestLo } = this.database.tree;
        return { zxidHi: hiOf(this.zxid), zxidLo: loOf(this.zxid), digestHi, digestLo };
      },
    }).write();
  }

  private digest(): bigint {
    const { digestHi, digestLo } = this.database.tree;
    return (BigInt(digestHi >>> 0) << 32n) | BigInt(digestLo >>> 0);
  }
}

/** Each of `meanwhile` in front of a look of its own, the first one in front of this one. Returns how many looks there were. */
function run(before: readonly TxnBody[], meanwhile: readonly TxnBody[], firstAt: number, apart: number): number {
  const server = new Server();
  for (const body of before) server.do(body);
  let looks = 0;
  let done = 0;
  server.snapshot(() => {
    while (done < meanwhile.length && looks >= firstAt + done * apart) server.do(meanwhile[done++] as TxnBody);
    looks++;
  });
  while (done < meanwhile.length) server.do(meanwhile[done++] as TxnBody);
  const expected = server.state();
  for (let start = 0; start < (firstAt % 4 === 0 ? 2 : 1); start++) {
    const warnings: string[] = [];
    const recovered = recoverFrom(server.store, { warn: (message) => warnings.push(message) });
    const label = `from look ${firstAt}, ${apart} apart, start ${start}`;
    expect(stateOf(recovered), label).toEqual(expected);
    recovered.tree.checkInvariants();
    expect([recovered.digestMismatches, warnings], label).toEqual([0, []]);
    // The second start replays upon what the first one has written.
    if (start === 0) snapshotWriterOf(server.store, recovered, { loaded: recovered.snapshot }).write();
  }
  return looks;
}

function atEveryMoment(before: readonly TxnBody[], meanwhile: readonly TxnBody[]): void {
  const counts: number[] = [];
  for (const apart of [0, 2]) {
    let looks = 1;
    for (let firstAt = 0; firstAt < looks; firstAt++) looks = run(before, meanwhile, firstAt, apart);
    counts.push(looks);
  }
  expect(Math.min(...counts)).toBeGreaterThan(10);
}

describe('whatever the walk has seen of it, a start finds all of it, once', () => {
  test('ZOOKEEPER-1573: a create whose parent is gone by the time of the walk', () => {
    const before = [create('/p', 1), create('/q', 2)];
    atEveryMoment(before, [create('/p/c', 1), setData('/p/c', 1), remove('/p/c'), remove('/p'), create('/p', 3)]);
  });

  test('ZOOKEEPER-3127: a multi, of which some parts were there and some were not', () => {
    const before = [create('/a', 1), create('/b', 2), create('/c', 3)];
    const whole = multi(create('/a/x', 1), setData('/b', 1), remove('/c'), create('/a/y', 2), setData('/a/y', 1));
    atEveryMoment(before, [whole, multi(remove('/a/x'), create('/c', 4), setData('/b', 2))]);
  });

  test('ZOOKEEPER-3145: the close of a session whose nodes the walk did not see any more, though it had seen their parent', () => {
    const before = [create('/p', 1), create('/q', 2), OPEN, create('/p/e', 1, true), create('/q/e', 1, true)];
    atEveryMoment(before, [create('/p/f', 2, true), close('/p/e', '/q/e', '/p/f')]);
  });

  test('ZOOKEEPER-3249: cversion and pzxid of a parent, which go on meanwhile and never go back', () => {
    const before = [create('/p', 1), create('/p/a', 1)];
    atEveryMoment(before, [create('/p/b', 2), remove('/p/a'), create('/p/c', 3), remove('/p/b')]);
  });

  test('ZOOKEEPER-3144: sessions that are opened and closed, with what is theirs', () => {
    atEveryMoment([create('/p', 1)], [OPEN, create('/p/e', 1, true), close('/p/e'), create('/p/e', 2)]);
    atEveryMoment([create('/p', 1), OPEN, create('/p/e', 1, true)], [setData('/p/e', 1), close('/p/e'), OPEN]);
  });
});

test('ZOOKEEPER-3127: no snapshot is named for a multi that is not applied to its end', () => {
  const server = new Server();
  server.do(create('/a', 1));
  const last = server.zxid;
  const whole = multi(create('/b', 2), create('/c', 3));
  let looks = 0;
  server.snapshot(() => {
    if (++looks === 1) server.begin(whole);
    else if (looks === 4) server.end(whole);
  });
  expect(looks).toBeGreaterThan(4);
  const names = server.store.list(VERSION_2).filter((name) => name.startsWith('snapshot.'));
  const mayBe = [last, last + 1n].map((zxid) => `snapshot.${zxid.toString(16)}`);
  expect(names.filter((name) => mayBe.includes(name))).toHaveLength(1);
  expect(stateOf(recoverFrom(server.store))).toEqual(server.state());
});
