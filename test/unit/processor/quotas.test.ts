// Quotas (client-protocol 8): bookkeeping as Apache ZooKeeper 3.8.0 did it for the same requests, its defects left out;
// the same after a restart; usage against a plain recount after random work; and the matrix of enforcement.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import type { MultiOp } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { decodeCreate2Response } from '../../../src/protocol/replies.js';
import type { TreeReader } from '../../../src/store/tree-reader.js';
import { dataTextOf, multiResultsOf, statOf } from '../../testing/inline/reply-bodies.js';
import type { Reply, WireClient } from '../../testing/inline/wire-client.js';
import { codeName } from '../../testing/inline/wire-names.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';

const Q = '/zookeeper/quota';

class Quotas {
  readonly server: InlineServer;
  client: WireClient;

  constructor(options: InlineServerOptions = {}) {
    this.server = InlineServer.start(options);
    this.client = this.server.connect();
  }

  do(send: (client: WireClient) => void): Reply {
    send(this.client);
    return this.server.reply(this.client);
  }

  err(send: (client: WireClient) => void): string {
    return codeName(this.do(send).err);
  }

  create(path: string, data: string | null = '', flags = 0): string {
    return this.err((c) => c.create(path, { data, flags }));
  }

  set(path: string, data: string | null): string {
    return this.err((c) => c.setData(path, data));
  }

  delete(path: string): string {
    return this.err((c) => c.delete(path));
  }

  /** As zkCli does it: the nodes above, the limits, then the stats. */
  setQuota(path: string, limits = 'count=-1,bytes=-1'): void {
    let parent = Q;
    for (const name of path.slice(1).split('/')) {
      parent += `/${name}`;
      this.create(parent);
    }
    this.create(`${Q}${path}/zookeeper_limits`, limits);
    this.create(`${Q}${path}/zookeeper_stats`, 'as the client sent it');
  }

  stats(path: string): string | null {
    return dataTextOf(this.do((c) => c.getData(`${Q}${path}/zookeeper_stats`)));
  }

  restart(): void {
    this.server.stop();
    this.server.restart();
    this.client = this.server.connect();
  }
}

describe('bookkeeping', () => {
  test('the stats node is filled with what is there, then kept', () => {
    const q = new Quotas();
    q.create('/q', 'abc');
    q.create('/q/x', '12345');
    q.create(`${Q}/q`);
    q.create(`${Q}/q/zookeeper_limits`, 'count=5,bytes=-1');
    expect(q.create('/q/y', '1')).toBe('Ok');
    const created = q.do((c) => c.create(`${Q}/q/zookeeper_stats`, { op: OpCode.create2, data: 'client text!!' }));
    // [Q]: the reply still shows what the client sent.
    expect(decodeCreate2Response(new JuteReader(created.body)).stat.dataLength).toBe(13);
    expect(q.stats('/q')).toBe('count=3,bytes=9');
    q.create('/q/z', '1');
    expect(q.stats('/q')).toBe('count=4,bytes=10');
    q.create('/q/s', '1', 2);
    q.create('/q/e', '22', 1);
    q.create('/q/null', null);
    expect(q.stats('/q')).toBe('count=7,bytes=13');
    q.set('/q/x', 'x'.repeat(100));
    q.set('/q/null', '1');
    expect(q.stats('/q')).toBe('count=7,bytes=109');
    q.set('/q/x', null);
    q.delete('/q/y');
    q.set('/q', '');
    expect(q.stats('/q')).toBe('count=6,bytes=5');
    // Not of the quota: a sibling that begins alike, failed writes, other writes.
    q.create('/qq', '1');
    expect([q.create('/q/z'), q.delete('/q/none'), q.err((c) => c.setData('/q', 'x', 9))]).toEqual([
      'NodeExists',
      'NoNode',
      'BadVersion',
    ]);
    q.err((c) => c.setAcl('/q', OPEN_ACL_UNSAFE));
    expect(q.stats('/q')).toBe('count=6,bytes=5');
  });

  test('no version, no time and no watch tells of it', () => {
    const q = new Quotas();
    q.setQuota('/q');
    const before = statOf(q.do((c) => c.getData(`${Q}/q/zookeeper_stats`, true)));
    q.server.advance(5000);
    q.create('/q', 'x'.repeat(1000));
    const reply = q.do((c) => c.getData(`${Q}/q/zookeeper_stats`));
    expect(dataTextOf(reply)).toBe('count=1,bytes=1000');
    expect(statOf(reply)).toEqual({ ...before, dataLength: 18 });
  });

  test('all parts of a multi count, those of a failed one do not', () => {
    const q = new Quotas();
    q.create('/q');
    q.setQuota('/q');
    const create = (path: string, data: string): MultiOp => ({
      type: OpCode.create2,
      request: { path, data: new TextEncoder().encode(data), acl: OPEN_ACL_UNSAFE, flags: 0 },
    });
    q.do((c) =>
      c.multi([
        create('/q/a', '1'),
        create('/q/b', '22'),
        { type: OpCode.delete, request: { path: '/q/a', version: -1 } },
      ]),
    );
    expect(q.stats('/q')).toBe('count=2,bytes=2');
    const failed = q.do((c) => c.multi([create('/q/c', '1'), create('/q/b', '22')]));
    expect(multiResultsOf(failed).at(-1)).toMatchObject({ response: { err: -110 } });
    expect(q.stats('/q')).toBe('count=2,bytes=2');
    // Limits, stats and a node under them, all in one.
    q.create(`${Q}/m`);
    const results = multiResultsOf(
      q.do((c) =>
        c.multi([
          create('/m', '123'),
          create(`${Q}/m/zookeeper_limits`, 'count=1'),
          create(`${Q}/m/zookeeper_stats`, 'sent'),
          create('/m/x', '4'),
        ]),
      ),
    );
    expect(results[2]).toMatchObject({ response: { stat: { dataLength: 4 } } });
    expect(q.stats('/m')).toBe('count=2,bytes=4');
  });

  test('ephemerals go with their session', () => {
    const q = new Quotas();
    q.create('/q');
    q.setQuota('/q');
    const other = q.server.connect();
    other.create('/q/e', { flags: 1, data: 'abc' });
    other.create('/q/f', { flags: 3, data: 'abc' });
    q.server.run();
    expect(q.stats('/q')).toBe('count=3,bytes=6');
    other.closeSession();
    q.server.run();
    expect(q.stats('/q')).toBe('count=1,bytes=0');
    q.restart();
    expect(q.stats('/q')).toBe('count=1,bytes=0');
  });

  test('only the deepest quota counts', () => {
    const q = new Quotas();
    q.create('/q');
    q.create('/q/x', '123');
    q.create('/q/x/y', '4567');
    q.setQuota('/q');
    q.setQuota('/q/x');
    expect([q.stats('/q'), q.stats('/q/x')]).toEqual(['count=3,bytes=7', 'count=2,bytes=7']);
    q.create('/q/x/k', '1');
    q.create('/q/xx', '22');
    expect([q.stats('/q'), q.stats('/q/x')]).toEqual(['count=4,bytes=9', 'count=3,bytes=8']);
    q.delete(`${Q}/q/x/zookeeper_limits`);
    q.create('/q/x/k2', '1');
    expect([q.stats('/q'), q.stats('/q/x')]).toEqual(['count=5,bytes=10', 'count=3,bytes=8']);
    q.create(`${Q}/q/x/zookeeper_limits`, 'count=1');
    q.create('/q/x/k3', '1');
    expect([q.stats('/q'), q.stats('/q/x')]).toEqual(['count=5,bytes=10', 'count=4,bytes=9']);
    q.server.crash();
    q.server.restart();
    q.client = q.server.connect();
    // A load counts each quota anew, and then its transactions again as they came.
    expect(q.stats('/q/x')).toBe('count=4,bytes=9');
  });

  test('a quota of a path that is not there', () => {
    const q = new Quotas();
    q.setQuota('/miss');
    expect(q.stats('/miss')).toBe('count=0,bytes=0');
    q.create('/miss', '123');
    expect(q.stats('/miss')).toBe('count=1,bytes=3');
    q.delete('/miss');
    expect(q.stats('/miss')).toBe('count=0,bytes=0');
  });

  test('stats without limits stand still; limits without stats count nothing', () => {
    const q = new Quotas();
    q.create('/b', '12');
    q.create(`${Q}/b`);
    q.create(`${Q}/b/zookeeper_stats`, 'x');
    q.create('/b/1', '1');
    expect(q.stats('/b')).toBe('count=1,bytes=2');
    q.create(`${Q}/b/zookeeper_limits`, 'count=1');
    q.create('/b/2', '1');
    expect(q.stats('/b')).toBe('count=2,bytes=3');
    q.delete(`${Q}/b/zookeeper_stats`);
    expect(q.create('/b/3', '1')).toBe('Ok');
    q.create(`${Q}/b/zookeeper_stats`);
    expect(q.stats('/b')).toBe('count=4,bytes=5');
  });

  test('a quota of /zookeeper counts its own nodes, the new stats node twice [Q]', () => {
    const q = new Quotas();
    q.create(`${Q}/zookeeper`);
    q.create(`${Q}/zookeeper/zookeeper_limits`, 'count=1');
    q.create(`${Q}/zookeeper/zookeeper_stats`, 'abcde');
    // zookeeper, config, quota, quota/zookeeper, limits (7 bytes) and stats (5 bytes), and the last once more.
    expect(q.stats('/zookeeper')).toBe('count=7,bytes=17');
    q.create('/zookeeper/foo', 'abc');
    expect(q.stats('/zookeeper')).toBe('count=8,bytes=20');
    q.set(`${Q}/zookeeper/zookeeper_stats`, 'count=1,bytes=1');
    expect(q.stats('/zookeeper')).toBe('count=1,bytes=0');
  });

  test('the root has no quota: stats are filled once, limits mean nothing [D]', () => {
    const q = new Quotas();
    expect(q.create(`${Q}/zookeeper_limits`, 'count=1=;countHardLimit=1')).toBe('Ok');
    expect(q.create(`${Q}/zookeeper_stats`, 'zz')).toBe('Ok');
    // The root, zookeeper, config, quota and the two.
    expect(q.stats('')).toBe('count=6,bytes=27');
    expect(q.create('/a', 'abc')).toBe('Ok');
    expect(q.delete(`${Q}/zookeeper_limits`)).toBe('Ok');
    expect(q.stats('')).toBe('count=6,bytes=27');
    q.create('/zookeeper/quotas');
    expect(q.create('/zookeeper/quotas/zookeeper_limits')).toBe('Ok');
    expect(q.delete('/zookeeper/quotas/zookeeper_limits')).toBe('Ok');
    q.restart();
    expect(q.create('/b')).toBe('Ok');
    expect(q.stats('')).toBe('count=6,bytes=27');
  });

  test.each<[string | null, string]>([
    ['count=70,bytes=90', 'count=71,bytes=92'],
    ['', 'count=0,bytes=1'],
    ['count=1,bytes=2=;foo=3;bar=4', 'count=2,bytes=4=;bar=4;foo=3'],
    // [D]: from here on the reference dies of it.
    [null, 'count=1,bytes=2'],
    ['count', 'count=1,bytes=1'],
    ['lots,of=x;nonsense', 'count=0,bytes=1=;lots=0;nonsense=0;of=0'],
  ])('goes on from what a client has written over it: %j', (text, expected) => {
    const q = new Quotas();
    q.create('/q');
    q.setQuota('/q');
    expect(q.set(`${Q}/q/zookeeper_stats`, text)).toBe('Ok');
    q.create('/q/o', 'ab');
    expect(q.stats('/q')).toBe(expected);
    q.server.run();
    expect(q.server.isRunning).toBe(true);
  });
});

describe('a database that is loaded', () => {
  test('is counted anew under every limits node that is a leaf', () => {
    const q = new Quotas({ config: { snapCount: 5 } });
    q.create('/q', 'abc');
    q.setQuota('/q');
    q.create('/r', 'x');
    q.setQuota('/r');
    q.create(`${Q}/r/zookeeper_limits/child`);
    for (let i = 0; i < 20; i++) q.create(`/q/${i}`, '12');
    q.set(`${Q}/q/zookeeper_stats`, 'count=1,bytes=1');
    q.set(`${Q}/r/zookeeper_stats`, 'count=1,bytes=1');
    for (let i = 20; i < 40; i++) q.create(`/q/${i}`, '12');
    expect(q.stats('/q')).toBe('count=21,bytes=41');
    q.restart();
    expect(q.stats('/q')).toBe('count=41,bytes=83');
    q.create('/q/more', '1');
    q.create('/r/more', '1');
    expect([q.stats('/q'), q.stats('/r')]).toEqual(['count=42,bytes=84', 'count=1,bytes=1']);
  });
});

const SCENES: readonly (readonly [string, InlineServerOptions])[] = [
  ['inline', { placement: 'inline' }],
  ['compact, small rings', { placement: 'compact', ringBytes: 4096 }],
  ['pipeline, two shards', { placement: 'pipeline', connectionShards: 2, ringBytes: 8192 }],
  ['staged', { placement: 'staged', ringBytes: 8192 }],
];
const ROOTS = ['/a', '/b/c', '/d'];

describe.each(SCENES)('random work, %s', (_name, options) => {
  test.each([1, 2, 3, 4])('seed %d: usage is what a recount finds', (seed) => {
    const prng = new Prng(seed).fork('quotas');
    const server = InlineServer.start({ ...options, seed, config: { snapCount: 30 } });
    let clients = [server.connect(), server.connect(), server.connect()];
    const pick = <T>(list: readonly T[]): T => list[prng.below(list.length)] as T;
    const path = (): string =>
      pick(['', '/b', ...ROOTS]) + Array.from({ length: prng.below(4) }, () => `/${'xyz'[prng.below(3)]}`).join('');
    const data = (): Uint8Array | null => (prng.below(8) === 0 ? null : new Uint8Array(prng.below(60)));
    const part = (): MultiOp => {
      switch (prng.below(3)) {
        case 0:
          return {
            type: OpCode.create,
            request: { path: path(), data: data(), acl: OPEN_ACL_UNSAFE, flags: prng.below(4) },
          };
        case 1:
          return { type: OpCode.setData, request: { path: path(), data: data(), version: -1 } };
        default:
          return { type: OpCode.delete, request: { path: path(), version: -1 } };
      }
    };
    // Both at once: between two requests of a client others would come, and stats without limits stand still.
    const quotaNodes = (root: string): readonly string[] =>
      ['limits', 'stats'].map((name) => `${Q}${root}/zookeeper_${name}`);
    const setQuota = (client: WireClient, root: string): void => {
      client.create(`${Q}/b`);
      client.create(`${Q}${root}`);
      client.multi(
        quotaNodes(root).map((quotaPath) => ({
          type: OpCode.create,
          request: { path: quotaPath, data: null, acl: OPEN_ACL_UNSAFE, flags: 0 },
        })),
      );
    };
    const step = (): void => {
      const client = pick(clients);
      switch (prng.below(12)) {
        case 0:
          setQuota(client, pick(ROOTS));
          break;
        case 1:
          client.multi(
            quotaNodes(pick(ROOTS)).map((quotaPath) => ({
              type: OpCode.delete,
              request: { path: quotaPath, version: -1 },
            })),
          );
          break;
        case 2:
          if (prng.below(4) === 0) {
            client.closeSession();
            server.runAtRandom(prng);
            clients = [...clients.filter((other) => other !== client), server.connect()];
          }
          break;
        case 3:
          client.multi(Array.from({ length: 1 + prng.below(3) }, part));
          break;
        case 4:
        case 5:
          client.setData(path(), data());
          break;
        case 6:
          client.delete(path());
          break;
        default:
          client.create(path(), { data: data(), flags: prng.below(4), op: OpCode.create2 });
      }
    };
    setQuota(clients[0] as WireClient, '/a');
    let compared = 0;
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 30; i++) step();
      server.runAtRandom(prng);
      compared += compareAll(server.tree);
      if (round % 4 === 3) {
        if (prng.below(2) === 0) server.stop();
        else server.crash();
        server.restart();
        compared += compareAll(server.tree);
        clients = [server.connect(), server.connect(), server.connect()];
      }
    }
    expect(compared).toBeGreaterThan(5);
  });
});

/** Every quota in force whose stats node is there; returns how many. */
function compareAll(tree: TreeReader): number {
  let compared = 0;
  for (const root of ROOTS) {
    const limits = find(tree, `${Q}${root}/zookeeper_limits`);
    const stats = find(tree, `${Q}${root}/zookeeper_stats`);
    if (limits === 0 || stats === 0) continue;
    const { count, bytes } = recount(tree, find(tree, root));
    const data = new Uint8Array(tree.dataLength(stats));
    tree.copyData(stats, data, 0, data.length);
    expect([root, new TextDecoder().decode(data)]).toEqual([root, `count=${count},bytes=${bytes}`]);
    compared++;
  }
  return compared;
}

function find(tree: TreeReader, path: string): number {
  const bytes = new TextEncoder().encode(path);
  return tree.find(bytes, 0, bytes.length);
}

function recount(tree: TreeReader, ref: number): { count: number; bytes: number } {
  if (ref === 0) return { count: 0, bytes: 0 };
  const total = { count: 1, bytes: Math.max(tree.dataLength(ref), 0) };
  for (let i = 0; i < tree.childCount(ref); i++) {
    const below = recount(tree, tree.childAt(ref, i));
    total.count += below.count;
    total.bytes += below.bytes;
  }
  return total;
}

describe('enforcement', () => {
  function enforced(limits: string, options: InlineServerOptions = {}): Quotas {
    const q = new Quotas({ ...options, config: { quotas: { enforceQuota: true } } });
    q.create('/q', '12345');
    q.create('/q/x', '12345');
    q.setQuota('/q', limits);
    q.server.warnings.length = 0;
    return q;
  }

  // Used: count 2, bytes 10.
  describe.each(['inline', 'staged'] as const)('%s', (placement) => {
    test.each<[string, (q: Quotas) => string, string, string | null]>([
      ['count=3', (q) => q.create('/q/y', '1'), 'Ok', null],
      ['count=2', (q) => q.create('/q/y', '1'), 'Ok', 'current count=3, softCountLimit=2'],
      ['countHardLimit=2', (q) => q.create('/q/y', '1'), 'QuotaExceeded', 'current count=3, hardCountLimit=2'],
      ['countHardLimit=2', (q) => q.create('/q/y', '1', 1), 'QuotaExceeded', 'current count=3, hardCountLimit=2'],
      ['countHardLimit=2', (q) => q.create('/q/y', '1', 2), 'QuotaExceeded', 'current count=3, hardCountLimit=2'],
      ['countHardLimit=3', (q) => q.create('/q/y', '1'), 'Ok', null],
      ['countHardLimit=0', (q) => q.set('/q/x', ''), 'Ok', null],
      ['countHardLimit=0', (q) => q.delete('/q/x'), 'Ok', null],
      ['count=1,countHardLimit=3', (q) => q.create('/q/y', '1'), 'Ok', null],
      ['count=9,countHardLimit=2', (q) => q.create('/q/y'), 'QuotaExceeded', 'current count=3, hardCountLimit=2'],
      ['bytes=10', (q) => q.create('/q/y', '1'), 'Ok', 'current bytes=11, softByteLimit=10'],
      ['byteHardLimit=10', (q) => q.create('/q/y', '1'), 'QuotaExceeded', 'current bytes=11, hardByteLimit=10'],
      ['byteHardLimit=10', (q) => q.create('/q/y', ''), 'Ok', null],
      ['byteHardLimit=10', (q) => q.create('/q/y', null), 'Ok', null],
      ['byteHardLimit=10', (q) => q.set('/q/x', '123456'), 'QuotaExceeded', 'current bytes=11, hardByteLimit=10'],
      ['byteHardLimit=10', (q) => q.set('/q/x', '54321'), 'Ok', null],
      ['byteHardLimit=10', (q) => q.set('/q/x', null), 'Ok', null],
      ['byteHardLimit=11', (q) => q.set('/q/x', '123456'), 'Ok', null],
      // Less than before, but still too much.
      ['byteHardLimit=3', (q) => q.set('/q/x', '1234'), 'QuotaExceeded', 'current bytes=9, hardByteLimit=3'],
      ['byteHardLimit=3', (q) => q.set('/q/x', '12345'), 'Ok', null],
      ['byteHardLimit=5', (q) => q.set('/q/x', ''), 'Ok', null],
      ['countHardLimit=0,byteHardLimit=0', (q) => q.create('/qq', '1'), 'Ok', null],
      ['countHardLimit=-1,byteHardLimit=-1', (q) => q.create('/q/y', '1'), 'Ok', null],
      ['countHardLimit=x,byteHardLimit=', (q) => q.create('/q/y', '1'), 'Ok', null],
      ['', (q) => q.create('/q/y', '1'), 'Ok', null],
      // In the order of the checks: behind what the path and its parent say, before the version.
      ['countHardLimit=0', (q) => q.create('/q/x'), 'NodeExists', null],
      ['countHardLimit=0', (q) => q.create('/q/none/y'), 'NoNode', null],
      ['countHardLimit=0', (q) => q.create('/q/y/'), 'NoNode', null],
      [
        'byteHardLimit=0',
        (q) => q.err((c) => c.setData('/q/x', '1', 9)),
        'QuotaExceeded',
        'current bytes=6, hardByteLimit=0',
      ],
      ['byteHardLimit=0', (q) => q.set('/q/none', '1'), 'NoNode', null],
      ['byteHardLimit=0', (q) => q.err((c) => c.setAcl('/q/x', OPEN_ACL_UNSAFE)), 'Ok', null],
    ])('%s', (limits, act, expected, logged) => {
      const q = enforced(limits, { placement });
      const usage = q.stats('/q');
      expect(act(q)).toBe(expected);
      if (expected === 'QuotaExceeded') expect(q.stats('/q')).toBe(usage);
      expect(q.server.warnings).toEqual(logged === null ? [] : [`Quota exceeded: /q [${logged}]`]);
    });
  });

  test('who may not write learns nothing of it', () => {
    const q = enforced('countHardLimit=0,byteHardLimit=0');
    q.err((c) => c.setAcl('/q', [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]));
    expect([q.create('/q/y', '1'), q.set('/q', '123456')]).toEqual(['NoAuth', 'NoAuth']);
    expect(q.server.warnings).toEqual([]);
  });

  test('a refused write uses up a zxid and leaves no trace', () => {
    const q = enforced('countHardLimit=3');
    const zxid = q.do((c) => c.create('/q/1', { flags: 2 })).zxid;
    expect(q.do((c) => c.create('/q/s', { flags: 2 }))).toMatchObject({ err: -125, zxid: zxid + 1n });
    q.delete('/q/x');
    expect(new TextDecoder().decode(q.do((c) => c.create('/q/s', { flags: 2 })).body)).toContain('/q/s0000000002');
  });

  test('in a multi nothing of it is done; its own parts do not count [Q]', () => {
    const q = enforced('countHardLimit=3');
    const create = (path: string): MultiOp => ({
      type: OpCode.create,
      request: { path, data: null, acl: OPEN_ACL_UNSAFE, flags: 0 },
    });
    const codes = (ops: readonly MultiOp[]): (number | null)[] =>
      multiResultsOf(q.do((c) => c.multi(ops))).map(({ type, response }) =>
        type === OpCode.error ? response.err : null,
      );
    expect(codes([create('/q/1'), create('/q/2'), create('/q/3')])).toEqual([null, null, null]);
    expect(q.stats('/q')).toBe('count=5,bytes=10');
    expect(codes([create('/other'), create('/q/4'), create('/more')])).toEqual([0, -125, -2]);
    expect(q.err((c) => c.exists('/other'))).toBe('NoNode');
  });

  test('limits and usage take effect as they are applied', () => {
    const q = enforced('count=-1');
    q.set(`${Q}/q/zookeeper_limits`, 'countHardLimit=2');
    expect(q.create('/q/y')).toBe('QuotaExceeded');
    q.set(`${Q}/q/zookeeper_stats`, 'count=1,bytes=10');
    expect(q.create('/q/y')).toBe('Ok');
    q.delete(`${Q}/q/zookeeper_stats`);
    expect(q.create('/q/z')).toBe('Ok');
    q.create(`${Q}/q/zookeeper_stats`);
    expect(q.create('/q/zz')).toBe('QuotaExceeded');
    q.delete(`${Q}/q/zookeeper_limits`);
    expect(q.create('/q/zz')).toBe('Ok');
  });

  test('the difference is to the data of the write before, although that is not applied yet', () => {
    const q = enforced('byteHardLimit=20');
    q.client.setData('/q/x', 'x'.repeat(15));
    q.client.setData('/q/x', 'x'.repeat(14));
    q.client.create('/q/y', { data: '12345' });
    q.client.setData('/q/y', '12');
    q.server.run();
    expect(q.client.take().map((frame) => (frame.kind === 'reply' ? frame.err : null))).toEqual([0, 0, 0, 0]);
    expect(q.stats('/q')).toBe('count=3,bytes=21');
  });

  test('the deepest quota decides alone', () => {
    const q = enforced('countHardLimit=2');
    q.setQuota('/q/x', 'countHardLimit=9');
    expect(q.create('/q/x/1')).toBe('Ok');
    expect(q.create('/q/1')).toBe('QuotaExceeded');
    q.set(`${Q}/q/x/zookeeper_limits`, 'countHardLimit=2');
    q.set(`${Q}/q/zookeeper_limits`, 'countHardLimit=9');
    expect(q.create('/q/x/2')).toBe('QuotaExceeded');
    expect(q.create('/q/1')).toBe('Ok');
  });

  test('a flood of excesses is a few lines', () => {
    const q = enforced('count=0');
    for (let i = 0; i < 100; i++) q.create(`/q/${i}`);
    q.server.advance(1500);
    q.create('/q/last');
    expect(q.server.warnings).toEqual([
      'Quota exceeded: /q [current count=3, softCountLimit=0]',
      'Quota exceeded: /q [current count=103, softCountLimit=0], and 99 times more since the last report',
    ]);
  });

  test('off by default: nothing is refused, nothing is said', () => {
    const q = new Quotas();
    q.create('/q');
    q.setQuota('/q', 'count=0,bytes=0=;byteHardLimit=0;countHardLimit=0');
    expect([q.create('/q/y', 'abc'), q.set('/q', 'abc')]).toEqual(['Ok', 'Ok']);
    expect(q.stats('/q')).toBe('count=2,bytes=6');
    expect(q.server.warnings).toEqual([]);
  });
});
