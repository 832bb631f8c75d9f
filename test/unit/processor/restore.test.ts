// A restore of the running server (persistence 7.4), from the record that prep takes to the answer: the requests before it are
// done in the old database, those behind it in the restored one, and nobody sees a mixture, whatever is on its way, whichever
// file call fails, and wherever the machine stops.

import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { RecoveredSessions } from '../../../src/persistence/recovered-sessions.js';
import { RESTORE_NAME } from '../../../src/persistence/restore-plan.js';
import { SimCrashError, SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { BrokenSnapshot, SnapshotReader } from '../../../src/persistence/snapshot-reader.js';
import { readSyncMark, SYNC_MARK_NAME } from '../../../src/persistence/sync-mark.js';
import { TreeLoader } from '../../../src/persistence/tree-loader.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import { TxnApplier } from '../../../src/store/txn-applier.js';
import type { LoggedTxn } from '../../testing/inline/recorded-log.js';
import { childrenOf, dataTextOf, repliesIn } from '../../testing/inline/reply-bodies.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';
import { nodesOf } from '../persistence/persistence-fixture.js';

const DIRECTORY = '/data/version-2';
const RESTORE_PATH = `${DIRECTORY}/${RESTORE_NAME}`;
const SECOND_MS = 1000;

const PLACEMENTS = [
  ['inline', 1],
  ['compact', 2],
  ['pipeline', 1],
  ['staged', 3],
] as const;

/** What a client gets that asks for a snapshot: the bytes of the file. */
async function backupOf(server: InlineServer): Promise<Uint8Array> {
  const { snapshots } = server;
  if (snapshots === null) throw new Error('the server is running');
  const { name } = await snapshots.take();
  return server.disk.contentsOf(`${DIRECTORY}/${name}`);
}

/** Restores and waits for the answer. */
function restore(server: InlineServer, backup: Uint8Array): boolean | null {
  let answer: boolean | null = null;
  server.restoreFrom(backup, (isRestored) => {
    answer = isRestored;
  });
  server.run();
  return answer;
}

/** The tree that the backup and the transactions behind it make, each applied by itself. */
function nodesAfter(backup: Uint8Array, txns: readonly LoggedTxn[]): ReturnType<typeof nodesOf> {
  const disk = new SimFileStore(new Prng(1));
  disk.place('/backup/snapshot.1', backup);
  const tree = new DataTree(createTreeMemory(0, 0), () => {});
  tree.beginWrite();
  tree.clear();
  const loader = new TreeLoader(tree, new RecoveredSessions(), false);
  new SnapshotReader(disk, '/backup', 'snapshot.1', loader).read();
  const applier = new TxnApplier(tree);
  for (const { entry } of txns) applier.apply(entry, 0, entry.length, null);
  tree.endWrite(0, 0);
  return nodesOf(tree.reader);
}

function names(server: InlineServer, client: WireClient): string[] {
  client.getChildren('/');
  return childrenOf(server.reply(client)).filter((name) => name !== 'zookeeper');
}

function textAt(server: InlineServer, client: WireClient, path: string): string | null {
  client.getData(path);
  return dataTextOf(server.reply(client));
}

function filesIn(server: InlineServer, directory = DIRECTORY): string[] {
  return server.disk.list(directory).filter((name) => name !== SYNC_MARK_NAME);
}

describe.each(PLACEMENTS)('%s, %d shards', (placement, connectionShards) => {
  const start = (options: InlineServerOptions = {}): InlineServer =>
    InlineServer.start({ placement, connectionShards, ...options });

  test('the restored tree, nothing of the old one, and it stays so over a restart', async () => {
    const server = start();
    const client = server.connect();
    client.create('/a', { data: 'then' });
    server.reply(client);
    const backup = await backupOf(server);
    client.setData('/a', 'now');
    client.create('/b');
    server.run();
    client.take();
    expect(restore(server, backup)).toBe(true);
    expect(nodesOf(server.tree)).toEqual(nodesAfter(backup, []));
    expect(names(server, client)).toEqual(['a']);
    expect(textAt(server, client, '/a')).toBe('then');
    client.create('/c');
    server.reply(client);
    const before = nodesOf(server.tree);
    server.crash();
    server.restart();
    expect(nodesOf(server.tree)).toEqual(before);
    expect(names(server, server.connect())).toEqual(['a', 'c']);
  });

  test('its zxid is above all before it, and the next write above that', async () => {
    const server = start();
    const client = server.connect();
    client.create('/a');
    server.reply(client);
    const backup = await backupOf(server);
    client.create('/b');
    server.reply(client);
    expect(server.zxid).toBe(3n);
    restore(server, backup);
    expect(server.zxid).toBe(4n);
    client.create('/c');
    expect(server.reply(client)).toMatchObject({ err: ErrorCode.Ok, zxid: 5n });
    expect(filesIn(server)).toEqual(['before-restore.4', 'log.5', 'snapshot.4']);
    expect(filesIn(server, `${DIRECTORY}/before-restore.4`)).toEqual(['log.1', 'snapshot.0', 'snapshot.2']);
  });

  test('the zxid goes on above a backup from a server that was further', async () => {
    const further = start({ clock: new ManualClock(0, 1_800_000_000_000) });
    const writer = further.connect();
    for (let i = 0; i < 20; i++) writer.create(`/w${i}`);
    further.run();
    const backup = await backupOf(further);
    const server = start();
    const client = server.connect();
    expect(restore(server, backup)).toBe(true);
    expect(server.zxid).toBe(22n);
    expect(client.connection.ending).not.toBe(Ending.open);
    const other = server.connect();
    other.create('/mine');
    expect(server.reply(other)).toMatchObject({ err: ErrorCode.Ok, zxid: 24n });
    expect(names(server, other)).toHaveLength(21);
  });

  test.each([1, 2, 3])('with writes and reads in flight before and behind it (seed %d)', async (seed) => {
    const prng = new Prng(seed);
    const server = start({ seed, config: { snapCount: 25 }, ...(seed % 2 === 0 ? { ringBytes: 1024 } : {}) });
    const clients = [server.connect(), server.connect(), server.connect()];
    const send = (count: number): void => {
      for (let i = 0; i < count; i++) {
        const client = clients[prng.below(clients.length)] as WireClient;
        const path = `/n${prng.below(12)}`;
        const what = prng.below(10);
        if (what < 3) client.create(path, { data: `${seed}`, flags: prng.below(4) === 0 ? 1 : 0 });
        else if (what < 5) client.setData(path, `${i}`.repeat(1 + prng.below(50)));
        else if (what < 6) client.delete(path);
        else if (what < 8) client.getData(path, prng.below(2) === 0);
        else client.getChildren('/', prng.below(2) === 0);
      }
    };
    send(60);
    server.run();
    const backup = await backupOf(server);
    for (const client of clients) client.take();
    send(100);
    for (let steps = prng.below(120); steps > 0; steps--) server.stepAtRandom(prng);
    let isRestored = false;
    server.restoreFrom(backup, (done) => {
      isRestored = done;
    });
    send(60);
    for (let steps = prng.below(40); steps > 0; steps--) server.stepAtRandom(prng);
    send(60);
    server.runAtRandom(prng);
    expect(isRestored).toBe(true);
    for (const client of clients) {
      client.take();
      expect(client.outstandingCount).toBe(0);
    }
    // The one zxid that no transaction has.
    const zxids = server.logged.map(({ zxid }) => zxid);
    const at = zxids.findIndex((zxid, i) => i > 0 && zxid !== (zxids[i - 1] as bigint) + 1n);
    expect(at).toBeGreaterThan(0);
    expect(nodesOf(server.tree)).toEqual(nodesAfter(backup, server.logged.slice(at)));
    const before = nodesOf(server.tree);
    server.crash();
    server.restart();
    expect(nodesOf(server.tree)).toEqual(before);
    // Digests of transactions were compared all the way.
    expect(server.warnings.filter((text) => /digest/i.test(text))).toEqual([]);
  });

  test('a session that is in the backup goes on, on its connection; one that is not has expired', async () => {
    const server = start();
    const kept = server.connect();
    kept.create('/kept', { flags: 1 });
    server.reply(kept);
    const backup = await backupOf(server);
    const lost = server.connect();
    lost.create('/lost', { flags: 1 });
    server.reply(lost);
    kept.create('/later', { flags: 1 });
    server.reply(kept);
    restore(server, backup);
    expect(names(server, kept)).toEqual(['kept']);
    kept.setData('/kept', 'still mine');
    expect(server.reply(kept).err).toBe(ErrorCode.Ok);
    expect(lost.connection.ending).not.toBe(Ending.open);
    const back = server.dial();
    back.handshake({ sessionId: lost.sessionId, password: lost.password });
    server.run();
    expect(back.take()).toMatchObject([{ kind: 'connect', response: { timeOut: 0, sessionId: 0n } }]);
    kept.closeSession();
    server.run();
    expect(names(server, server.connect())).toEqual([]);
  });

  test('a session that the backup has and the server had closed is open again, and expires', async () => {
    const server = start();
    const gone = server.connect({ timeOutMs: 6 * SECOND_MS });
    gone.create('/ephemeral', { flags: 1 });
    server.reply(gone);
    const backup = await backupOf(server);
    gone.closeSession();
    server.run();
    // Takes the slot that has become free.
    const other = server.connect();
    expect(names(server, other)).toEqual([]);
    restore(server, backup);
    expect(server.sessions.openCount).toBe(1);
    const client = server.connect({ timeOutMs: 40 * SECOND_MS });
    expect(names(server, client)).toEqual(['ephemeral']);
    server.advance(10 * SECOND_MS);
    expect(names(server, client)).toEqual([]);
    expect(server.sessions.openCount).toBe(1);
  });

  test('watches are gone, and new ones work', async () => {
    const server = start();
    const client = server.connect();
    client.create('/a');
    server.reply(client);
    const backup = await backupOf(server);
    client.getData('/a', true);
    client.getChildren('/', true);
    server.run();
    client.take();
    restore(server, backup);
    client.setData('/a', 'x');
    client.create('/b');
    server.run();
    expect(client.takeText()).toEqual(['setData Ok @4', 'create Ok @5']);
    client.getData('/a', true);
    server.run();
    client.take();
    client.setData('/a', 'y');
    server.run();
    expect(client.takeText()).toEqual(['event NodeDataChanged /a @6', 'setData Ok @6']);
  });

  test('connections that are being opened meanwhile get their session behind it', async () => {
    const server = start();
    const backup = await backupOf(server);
    const client = server.dial();
    server.restoreFrom(backup);
    client.handshake();
    server.runAtRandom(new Prng(7));
    // Before the restore, and so without a place in the backup; or behind it.
    if (client.connection.ending === Ending.open) {
      client.create('/a');
      server.run();
      expect(repliesIn(client.take()).map((reply) => reply.err)).toEqual([ErrorCode.Ok]);
    } else {
      expect(server.sessions.openCount).toBe(0);
    }
  });

  test('one restore after the other, and a snapshot behind them', async () => {
    const server = start();
    const client = server.connect();
    client.create('/one');
    server.reply(client);
    const one = await backupOf(server);
    client.create('/two');
    server.reply(client);
    const two = await backupOf(server);
    for (const [backup, expected] of [
      [one, ['one']],
      [two, ['one', 'two']],
      [one, ['one']],
    ] as const) {
      expect(restore(server, backup)).toBe(true);
      expect(names(server, client)).toEqual(expected);
    }
    expect(server.zxid).toBe(6n);
    // What was written by the restore is the newest snapshot already.
    const files = filesIn(server);
    await backupOf(server);
    expect(filesIn(server)).toEqual(files);
    expect(server.snapshots?.last?.name).toBe('snapshot.6');
    client.create('/three');
    server.reply(client);
    const three = await backupOf(server);
    expect(restore(server, three)).toBe(true);
    expect(names(server, client)).toEqual(['one', 'three']);
  });
});

test('the files say what they hold: the snapshot its digest and zxid, the mark beside the log how far the database reaches', async () => {
  const server = InlineServer.start();
  const client = server.connect();
  client.create('/a', { data: 'x' });
  server.reply(client);
  const backup = await backupOf(server);
  client.create('/b');
  server.reply(client);
  restore(server, backup);
  const tree = new DataTree(createTreeMemory(0, 0), () => {});
  tree.beginWrite();
  tree.clear();
  const loader = new TreeLoader(tree, new RecoveredSessions(), false);
  const tail = new SnapshotReader(server.disk, DIRECTORY, 'snapshot.4', loader).read();
  expect(tail).toMatchObject({ digestZxidLo: 4, digestVersion: 2, hasLastZxid: true, lastZxidLo: 4 });
  expect([tail.digestHi, tail.digestLo]).toEqual([tree.digestHi, tree.digestLo]);
  expect([tail.digestHi, tail.digestLo]).toEqual([server.tree.treeDigestHi(), server.tree.treeDigestLo()]);
  expect(readSyncMark(server.disk, DIRECTORY)).toMatchObject({ kind: 'read', content: { zxidLo: 4 } });
  server.crash();
  const { warnings } = server;
  server.restart();
  expect(warnings).toEqual([]);
  // Without it there would be nothing left that the server may start with.
  server.crash();
  server.disk.unlink(`${DIRECTORY}/snapshot.4`);
  expect(() => server.restart()).toThrow(/Acknowledged transactions are missing/);
});

test('files that are purged meanwhile are not missed', async () => {
  const server = InlineServer.start();
  const client = server.connect();
  client.create('/a');
  server.reply(client);
  const backup = await backupOf(server);
  server.disk.onCall = ({ name, path }) => {
    if (name !== 'rename' || path !== RESTORE_PATH) return 'ok';
    server.disk.onCall = () => 'ok';
    server.disk.unlink(`${DIRECTORY}/snapshot.0`);
    server.disk.unlink(`${DIRECTORY}/log.1`);
    return 'ok';
  };
  expect(restore(server, backup)).toBe(true);
  expect(filesIn(server, `${DIRECTORY}/before-restore.3`)).toEqual(['snapshot.2']);
  expect(names(server, client)).toEqual(['a']);
});

describe('what is no snapshot', () => {
  const spoilt: readonly (readonly [string, (backup: Uint8Array) => Uint8Array])[] = [
    ['is empty', () => new Uint8Array(0)],
    ['is another file', () => new TextEncoder().encode('hello, these are no nodes')],
    ['is compressed with gzip', (backup) => gzipSync(backup)],
    ['is cut short', (backup) => backup.slice(0, -20)],
    ['has one bit turned', (backup) => backup.map((byte, i) => (i === backup.length >> 1 ? byte ^ 4 : byte))],
  ];

  test.each(spoilt)('%s: refused, and nothing has changed', async (_what, spoil) => {
    const server = InlineServer.start();
    const client = server.connect();
    client.create('/a');
    server.reply(client);
    const backup = await backupOf(server);
    const files = filesIn(server);
    expect(() => server.restoreFrom(spoil(backup))).toThrow(BrokenSnapshot);
    server.disk.unlink(RESTORE_PATH);
    server.run();
    expect(filesIn(server)).toEqual(files);
    expect(names(server, client)).toEqual(['a']);
  });
});

/** A server with an old state that differs from its backup in everything. */
async function scene(seed: number): Promise<{ server: InlineServer; client: WireClient; backup: Uint8Array }> {
  const server = InlineServer.start({ seed });
  const client = server.connect({ timeOutMs: 40 * SECOND_MS });
  client.create('/then', { data: 'old' });
  server.reply(client);
  const backup = await backupOf(server);
  client.delete('/then');
  client.create('/now', { data: 'new' });
  server.run();
  client.take();
  return { server, client, backup };
}

/** How many file calls a restore makes that goes well. */
async function callsOfRestore(): Promise<number> {
  const { server, backup } = await scene(1);
  const before = server.disk.callCount;
  expect(restore(server, backup)).toBe(true);
  return server.disk.callCount - before;
}

describe('at every file call of a restore', async () => {
  const calls = Array.from({ length: await callsOfRestore() }, (_, call) => call);

  test.each(['EIO', 'ENOSPC'] as const)(
    '%s: the old database is served, or the start finds one of them',
    async (code) => {
      let refused = 0;
      let ended = 0;
      for (const call of calls) {
        const { server, client, backup } = await scene(call);
        const failAt = server.disk.callCount + call;
        server.disk.onCall = ({ index }) => (index === failAt ? code : 'ok');
        const old = nodesOf(server.tree);
        let answer: boolean | null = null;
        try {
          answer = restore(server, backup);
        } catch (error) {
          if (server.failure === null) answer = false;
          else expect(`${error}`).toMatch(code);
        }
        server.disk.onCall = () => 'ok';
        if (server.failure !== null) {
          // The process ends; neither answer was given.
          ended++;
          expect(answer).toBeNull();
          server.crash();
          server.restart();
          const found = JSON.stringify(nodesOf(server.tree));
          expect([JSON.stringify(old), JSON.stringify(nodesAfter(backup, []))]).toContain(found);
          continue;
        }
        if (answer === true) {
          // The call that failed was none that matters: none is left of that kind.
          expect(nodesOf(server.tree)).toEqual(nodesAfter(backup, []));
          continue;
        }
        refused++;
        expect(nodesOf(server.tree)).toEqual(old);
        if (server.disk.exists(RESTORE_PATH)) server.disk.unlink(RESTORE_PATH);
        client.create('/goes-on');
        expect(server.reply(client)).toMatchObject({ err: ErrorCode.Ok, zxid: 5n });
        const before = nodesOf(server.tree);
        server.crash();
        server.restart();
        expect(nodesOf(server.tree)).toEqual(before);
      }
      expect(refused).toBeGreaterThan(5);
      expect(ended).toBeGreaterThan(3);
    },
  );

  test('the machine stops: the start finds the old database or the restored one, and that after the answer', async () => {
    let olds = 0;
    let restored = 0;
    for (const call of [...calls, ...calls, calls.length, calls.length]) {
      const { server, client, backup } = await scene(call * 7 + olds + restored);
      const stopAt = server.disk.callCount + call;
      server.disk.onCall = ({ index }) => (index === stopAt ? 'crash' : 'ok');
      const old = nodesOf(server.tree);
      const after = nodesAfter(backup, []);
      let answer: boolean | null = null;
      try {
        answer = restore(server, backup);
        client.create('/behind');
        server.run();
      } catch (error) {
        let cause: unknown = error;
        while (cause instanceof Error && !(cause instanceof SimCrashError)) cause = cause.cause;
        expect(cause).toBeInstanceOf(SimCrashError);
      }
      server.crash();
      server.disk.onCall = () => 'ok';
      server.restart();
      const found = nodesOf(server.tree).filter(({ path }) => path !== '/behind' && path !== '/');
      const isOld = JSON.stringify(found) === JSON.stringify(old.filter(({ path }) => path !== '/'));
      if (isOld) olds++;
      else restored++;
      if (isOld) expect(answer).toBeNull();
      else expect(found).toEqual(after.filter(({ path }) => path !== '/'));
      // And once more, with a write behind it.
      const other = server.connect();
      other.create('/once-more');
      expect(server.reply(other).err).toBe(ErrorCode.Ok);
      const before = nodesOf(server.tree);
      server.crash();
      server.restart();
      expect(nodesOf(server.tree)).toEqual(before);
    }
    expect(olds).toBeGreaterThan(10);
    expect(restored).toBeGreaterThan(10);
  });
});
