/**
 * Tree digests between Apache ZooKeeper (Debian's 3.8) and us, over one data directory: ours writes and is killed, Apache's
 * replays all of it, writes more and is killed, and ours replays that. Each must find every digest of the other right, have
 * the same digest then, and remember the same digests at the same zxids (`hash`).
 */
import { afterEach, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { type CreateMode, openZooKeeper } from '../../src/client/open-zookeeper.js';
import { OPEN_ACL_UNSAFE, READ_ACL_UNSAFE } from '../../src/protocol/acl.js';
import { CreateMode as Mode } from '../../src/protocol/create-mode.js';
import type { MultiOp } from '../../src/protocol/multi.js';
import { OpCode } from '../../src/protocol/op-code.js';
import { apacheServer } from '../testing/apache-server.js';
import { type ServerKind, ServerProcess } from '../testing/server-process.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { threadkeeperServer } from '../testing/threadkeeper-server.js';
import { WireConnection } from '../testing/wire-connection.js';

const DEADLINE_MS = 60_000;
const OPERATIONS = 300;
const MODES: readonly CreateMode[] = [
  Mode.Persistent,
  Mode.PersistentSequential,
  Mode.Ephemeral,
  Mode.EphemeralSequential,
  Mode.Container,
];
/** Apache's reads and digests paths by its own character set, and tells of its start only when asked. */
const JAVA_OPTIONS = '-Dfile.encoding=UTF-8 -Dorg.slf4j.simpleLogger.log.org.apache.zookeeper.server.ZKDatabase=info';
const CFG = { '4lw.commands.whitelist': 'hash', snapCount: 1_000_000 };

let running: ServerProcess | null = null;
afterEach(() => running?.stop());

async function start(kind: ServerKind, dataDir: string): Promise<ServerProcess> {
  running = await ServerProcess.start(kind, { dataDir, cfg: CFG, env: { JAVA_TOOL_OPTIONS: JAVA_OPTIONS } });
  return running;
}

async function kill(server: ServerProcess): Promise<void> {
  await server.kill();
  running = null;
}

/** zxid -> digest. */
async function hashOf(server: ServerProcess): Promise<Map<string, string>> {
  const connection = await WireConnection.open(server.port);
  connection.send(Buffer.from('hash'));
  const text = (await connection.readToEnd()).toString();
  expect(text).toMatch(/^([0-9a-f]+: -?\d+\n)*$/);
  return new Map(
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(': ') as [string, string]),
  );
}

function loadedDigest(server: ServerProcess): string {
  const found = /Snapshot loaded in \d+ ms, highest zxid is 0x[0-9a-f]+, digest is (-?\d+)/.exec(server.log());
  return found?.[1] ?? `no digest in: ${server.log()}`;
}

function expectNoMismatch(server: ServerProcess): void {
  expect(server.log()).not.toMatch(/digest mismatch|Digests are not matching/i);
}

/** Anything that changes the tree or tries to; what is refused is part of it. Ends with a session and its ephemerals gone. */
async function work(server: ServerProcess, seed: number): Promise<void> {
  const prng = new Prng(seed);
  const zk = openZooKeeper(`127.0.0.1:${server.port}`, { sessionTimeoutMs: 10_000 });
  const other = openZooKeeper(`127.0.0.1:${server.port}`, { sessionTimeoutMs: 10_000 });
  const bytes = (): Uint8Array | null =>
    prng.below(10) === 0
      ? null
      : new Uint8Array(prng.below(10) === 0 ? prng.below(70_000) : prng.below(200)).fill(seed);
  const path = (): string => {
    const top = `/${'abü'[prng.below(3)]}`;
    return prng.below(2) === 0 ? top : `${top}/n${prng.below(5)}`;
  };
  const part = (): MultiOp =>
    prng.below(2) === 0
      ? { type: OpCode.create, request: { path: path(), data: bytes(), acl: OPEN_ACL_UNSAFE, flags: 0 } }
      : { type: OpCode.setData, request: { path: path(), data: bytes(), version: -1 } };
  const one = (): Promise<unknown> => {
    const view = prng.below(3) === 0 ? other : zk;
    switch (prng.below(8)) {
      case 0:
        return view.delete(path());
      case 1:
        return view.setACL(path(), prng.below(2) === 0 ? OPEN_ACL_UNSAFE : [...OPEN_ACL_UNSAFE, ...READ_ACL_UNSAFE]);
      case 2:
        return view.multi([part(), part(), part()]);
      case 3:
      case 4:
        return view.setData(path(), bytes());
      default:
        return view.create(path(), bytes(), { mode: MODES[prng.below(MODES.length)] as CreateMode });
    }
  };
  const quota = '/zookeeper/quota/a';
  const under = [zk.create('/a'), zk.create('/b'), zk.create('/ü'), zk.create(quota)];
  const requests = [...under, zk.create(`${quota}/zookeeper_limits`), zk.create(`${quota}/zookeeper_stats`)];
  for (let i = 0; i < OPERATIONS; i++) requests.push(one() as Promise<string>);
  await Promise.allSettled(requests);
  await other.close();
  await zk.setData('/', bytes());
  await zk.close();
}

test('each server replays what the other wrote, and finds every digest right', { timeout: DEADLINE_MS }, async () => {
  using directory = makeTempDir('digests');
  const ours = await start(threadkeeperServer, directory.path);
  await work(ours, 1);
  const written = await hashOf(ours);
  expect(written.size).toBeGreaterThan(1);
  await kill(ours);

  const apache = await start(apacheServer, directory.path);
  expectNoMismatch(apache);
  expect(await hashOf(apache)).toEqual(written);
  await work(apache, 2);
  expectNoMismatch(apache);
  const writtenMore = await hashOf(apache);
  expect(writtenMore.size).toBeGreaterThan(written.size + 1);
  await kill(apache);

  const again = await start(threadkeeperServer, directory.path);
  expectNoMismatch(again);
  const remembered = await hashOf(again);
  expect(remembered.size).toBeGreaterThan(1);
  // Apache's start took a snapshot, so what was before it is not replayed.
  for (const [zxid, digest] of remembered) expect([zxid, digest]).toEqual([zxid, writtenMore.get(zxid)]);
  const ourDigest = loadedDigest(again);
  await again.stop();
  running = null;

  const last = await start(apacheServer, directory.path);
  expectNoMismatch(last);
  expect(ourDigest).toMatch(/^\d+$/);
  expect(loadedDigest(last)).toBe(ourDigest);
});
