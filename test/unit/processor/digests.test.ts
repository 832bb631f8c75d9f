// The digests that transactions carry (persistence section 5), on a server by hand: where they stand, that each is what the
// tree then is (computed from scratch), the same when final is far behind, and what happens when one is wrong. Random
// operations are judged the same way in random-operations.test.ts.

import { describe, expect, test } from 'vitest';
import { readInt32, writeInt32 } from '../../../src/base/bytes.js';
import { int64FromHalves } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import type { MultiOp } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { judgeDigests } from '../../testing/inline/digest-judge.js';
import type { LoggedTxn } from '../../testing/inline/recorded-log.js';
import { InlineServer } from '../../testing/inline-server.js';
import { loadNode } from '../../testing/load-node.js';
import { digestFromScratch } from '../../testing/tree-digest-from-scratch.js';

const INITIAL = 1371985504n;
const DIGEST_BYTES = 12;

function digestIn({ entry }: LoggedTxn): bigint {
  const at = entry.length - DIGEST_BYTES;
  expect(readInt32(entry, at)).toBe(2);
  return int64FromHalves(readInt32(entry, at + 4), readInt32(entry, at + 8));
}

function create(path: string, data = new Uint8Array(0)): MultiOp {
  return { type: OpCode.create, request: { path, data, acl: OPEN_ACL_UNSAFE, flags: 0 } };
}

function remove(path: string): MultiOp {
  return { type: OpCode.delete, request: { path, version: -1 } };
}

describe('every transaction', () => {
  test('but a stand-alone error ends in the digest that the tree has then', () => {
    const server = InlineServer.start({ config: { extendedTypesEnabled: true } });
    const client = server.connect();
    client.create('/a', { data: 'data' });
    client.create('/a', { data: 'again' });
    client.create('/a/s-', { flags: 2 });
    client.create('/a/s-', { flags: 3, op: OpCode.create2 });
    client.create('/c', { op: OpCode.createContainer, flags: 4 });
    client.createTtl('/t', 0xffffffffffn);
    client.setData('/a', 'other data');
    client.setData('/', 'of the root');
    client.setAcl('/', READ_ACL_UNSAFE.concat(OPEN_ACL_UNSAFE));
    client.setAcl('/a', READ_ACL_UNSAFE);
    client.setData('/nowhere', null);
    client.setData('/t', null);
    client.multi([create('/m'), create('/m/n'), remove('/m/n'), remove('/m')]);
    client.multi([create('/m'), remove('/nowhere'), create('/n')]);
    client.delete('/c');
    client.create('/zookeeper/x');
    client.setData('/zookeeper/x', 'x');
    client.delete('/zookeeper/x');
    client.closeSession();
    server.run();
    const { logged } = server;
    expect(logged.map(({ type }) => type)).toEqual([
      -10, 1, -1, 1, 15, 19, 21, 5, 5, 7, 7, -1, 5, 14, 14, 2, 1, 5, 2, -11,
    ]);
    expect(judgeDigests(logged)).toBe(logged.length - 2);
    expect(digestIn(logged[0] as LoggedTxn)).toBe(INITIAL);
    // A failed multi changes nothing, nor does anything below /zookeeper but the node itself.
    expect(digestIn(logged[14] as LoggedTxn)).toBe(digestIn(logged[13] as LoggedTxn));
    expect(digestIn(logged[17] as LoggedTxn)).toBe(digestIn(logged[16] as LoggedTxn));
    expect(server.digestMismatch).toBeNull();
  });

  test('is predicted right while final has applied none of those before it', () => {
    const server = InlineServer.start({ placement: 'staged', seed: 3 });
    const client = server.connect();
    server.run();
    for (let round = 0; round < 5; round++) {
      client.create('/a', { data: `data ${round}` });
      client.create('/a/b', { flags: 1 });
      client.setData('/a', 'x'.repeat(100 * round));
      client.multi([create('/a/c'), create('/a/d'), remove('/a/b')]);
      client.multi([create('/a/e'), remove('/nowhere')]);
      client.setAcl('/a', OPEN_ACL_UNSAFE);
      client.delete('/a/c');
      client.delete('/a/d');
      client.delete('/a');
    }
    server.network.deliverAll();
    // The shard and prep have their turns first, so all of it is planned against the tree of the beginning.
    for (let turn = 0; turn < 100; turn++) {
      server.turnOf('io-0');
      server.turnOf('prep');
    }
    expect(server.tree.zxidLo()).toBe(1);
    server.run();
    expect(server.logged).toHaveLength(1 + 5 * 9);
    expect(judgeDigests(server.logged)).toBe(1 + 5 * 9);
  });

  test('in any interleaving of planning and applying', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const server = InlineServer.start({ placement: 'staged', seed, connectionShards: 2 });
      const prng = new Prng(seed);
      const clients = [server.connect(), server.connect()];
      for (let i = 0; i < 200; i++) {
        const client = clients[prng.below(2)] as (typeof clients)[0];
        const path = ['/a', '/b', '/a/b', '/a/c'][prng.below(4)] as string;
        if (prng.below(3) === 0) client.delete(path);
        else if (prng.below(2) === 0) client.create(path, { data: 'd'.repeat(prng.below(40)) });
        else client.setData(path, 's'.repeat(prng.below(700)));
        for (let steps = prng.below(10); steps > 0; steps--) server.stepAtRandom(prng);
      }
      server.runAtRandom(prng);
      expect(judgeDigests(server.logged)).toBeGreaterThan(20);
    }
  });

  test('goes on from what a restart found, also without any list of paths in closeSession', () => {
    const server = InlineServer.start({ config: { snapCount: 7, closeSessionTxnEnabled: false } });
    for (let life = 0; life < 4; life++) {
      const client = server.connect();
      for (let i = 0; i < 5; i++) client.create(`/n${life}-${i}`, { flags: i % 2 });
      client.closeSession();
      server.run();
      if (life % 2 === 0) server.crash();
      else server.stop();
      server.restart();
      expect(digestFromScratch(server.tree)).toBe(
        int64FromHalves(server.tree.treeDigestHi(), server.tree.treeDigestLo()),
      );
    }
    expect(server.logged.at(-1)?.type).toBe(OpCode.closeSession);
    judgeDigests(server.logged);
  });

  test('knows of quotas only what clients have written', () => {
    const server = InlineServer.start();
    const client = server.connect();
    for (const path of ['/q', '/zookeeper/quota/q', '/zookeeper/quota/q/zookeeper_limits']) client.create(path);
    client.create('/zookeeper/quota/q/zookeeper_stats');
    client.create('/q/a', { data: 'counted by the quota' });
    client.setData('/q/a', 'more');
    client.delete('/q/a');
    server.run();
    expect(judgeDigests(server.logged)).toBe(8);
    server.crash();
    server.restart();
  });

  test('leaves a parent alone whose counter has come to its end, as the tree does', () => {
    const server = InlineServer.start({
      prepareTree: (tree) => {
        const stat = new Uint8Array(60);
        writeInt32(stat, 36, 0x7fffffff - 1);
        loadNode(tree, '/p', stat);
      },
    });
    const client = server.connect();
    for (let i = 0; i < 5; i++) client.create('/p/s', { flags: 2 });
    server.run();
    for (let i = 0; i < 5; i++) client.create('/p/s', { flags: 2 });
    client.delete('/p/s2147483646');
    server.run();
    expect(server.digestMismatch).toBeNull();
    expect(digestIn(server.logged.at(-1) as LoggedTxn)).toBe(digestFromScratch(server.tree));
  });
});

describe('with digests off', () => {
  test('no transaction and no snapshot has one', () => {
    const server = InlineServer.start({
      properties: { 'zookeeper.digest.enabled': 'false' },
      config: { snapCount: 5 },
    });
    const client = server.connect();
    for (let i = 0; i < 20; i++) client.create(`/n${i}`);
    client.closeSession();
    server.run();
    expect(() => judgeDigests(server.logged)).toThrow('0x1 (type -10): digest at -1');
    expect(server.logged[0]?.entry).toHaveLength(32 + 4);
    expect(server.tree.treeDigestHi()).toBe(0);
    expect(server.tree.treeDigestLo()).toBe(0);
    const snapshots = server.disk.list('/data/version-2').filter((name) => name.startsWith('snapshot.'));
    expect(snapshots.length).toBeGreaterThan(1);
    for (const name of snapshots) {
      // One seal, right behind the "/" that ends the nodes: 5 bytes of "/", 8 of checksum, 5 of "/".
      const bytes = server.disk.contentsOf(`/data/version-2/${name}`);
      expect([...bytes.subarray(-18, -13)]).toEqual([0, 0, 0, 1, 0x2f]);
    }
  });

  test('a database that was written with them opens, and the other way round', () => {
    const first = InlineServer.start();
    first.connect().create('/a');
    first.run();
    first.stop();
    const second = InlineServer.start({ disk: first.disk, clock: first.clock, config: { digestEnabled: false } });
    second.connect().create('/b');
    second.run();
    second.crash();
    const third = InlineServer.start({ disk: first.disk, clock: first.clock });
    third.connect().create('/c');
    third.run();
    const { entry } = third.logged.at(-1) as LoggedTxn;
    expect(int64FromHalves(readInt32(entry, entry.length - 8), readInt32(entry, entry.length - 4))).toBe(
      digestFromScratch(third.tree),
    );
    third.crash();
    third.restart();
    expect(third.digestMismatch).toBeNull();
  });
});

describe('a digest that is wrong', () => {
  /** Writes beside the log, so from then on no digest of a replayed record is right. */
  function misled(): InlineServer {
    const server = InlineServer.start({
      prepareTree: (tree) => {
        const path = new TextEncoder().encode('/odd');
        const none = new Uint8Array(0);
        tree.create(path, 0, path.length, none, 0, 0, null, 0, -1, 0, 0, 0, -1, 0, 0, 0, 0);
      },
    });
    const client = server.connect();
    for (let i = 0; i < 5; i++) client.create(`/n${i}`);
    server.run();
    expect(server.digestMismatch).toBeNull();
    return server;
  }

  test('is told once as an error and counted, and the server serves', () => {
    const server = misled();
    const predicted = digestIn(server.logged[0] as LoggedTxn);
    server.crash();
    server.restart();
    expect(server.counters().get('final', 'digest_mismatches_count')).toBe(6);
    const told = server.warnings.filter((message) => message.includes('igest'));
    expect(told).toEqual([
      `First digest mismatch on txn 0x1, expected digest is ${predicted}, actual digest is ${INITIAL} (that of the transaction)`,
    ]);
    const client = server.connect();
    client.create('/after');
    expect(server.reply(client).err).toBe(0);
    // What prep predicts is what the tree is, wrong or not: the new ones are right again.
    expect(server.counters().get('final', 'digest_mismatches_count')).toBe(6);
  });
});
