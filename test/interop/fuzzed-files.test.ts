/**
 * What attackers made our server write, Apache's server reads: names that are hardly text, ACLs and flags at their limits,
 * multis and refusals, in log and snapshot. The very same tree must come up there, node by node, byte by byte.
 */
import { expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { converse } from '../system/fuzz-conversation.js';
import { startApache } from '../testing/apache-server.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { counted, int32, Op, WireConnection } from '../testing/wire-connection.js';
import { idOf, SUPER } from '../unit/net/fuzz/guarded-nodes.js';
import { RequestGenerator } from '../unit/net/fuzz/request-generator.js';

const SEED = Number(process.env.SEED ?? 1);
const CONVERSATIONS = Number(process.env.CONVERSATIONS ?? 150);
const AT_ONCE = 4;
const AUTH = 100;
const GET_ACL = 6;
/** Release 3.8 cannot replay a multi that holds one, as 3.9 and we write it: it leaves the whole multi out. */
const CREATE_2 = 15;
const NO_WATCH = Uint8Array.of(0);
/** Nothing goes by itself while the two are compared: no session, no container, no node that has outlived its time. */
const CFG = {
  'DigestAuthenticationProvider.superDigest': idOf(SUPER),
  extendedTypesEnabled: 'true',
  minSessionTimeout: 600_000,
  maxSessionTimeout: 600_000,
  'znode.container.checkIntervalMs': 600_000,
  snapCount: 500,
};

/** Every node by its path, byte for character, since a name need not be text; its data, Stat and ACL. */
async function wholeTree(port: number): Promise<Map<string, string>> {
  const connection = await WireConnection.openSession(port, { timeOutMs: 600_000 });
  const call = async (op: number, ...body: Uint8Array[]): Promise<Buffer> => {
    const reply = await connection.call(1, op, ...body);
    expect([op, Buffer.concat(body).toString('latin1'), reply.err]).toEqual([op, expect.anything(), 0]);
    return reply.body;
  };
  await call(AUTH, int32(0), counted('digest'), counted(SUPER));
  const nodes = new Map<string, string>();
  const paths = [Buffer.from('/')];
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    const data = await call(Op.GetData, counted(path), NO_WATCH);
    const acl = await call(GET_ACL, counted(path));
    // Quotas' statistics are counted anew by whoever starts.
    const isStatistics = path.toString('latin1').endsWith('/zookeeper_stats');
    nodes.set(path.toString('latin1'), isStatistics ? '' : `${data.toString('hex')} ${acl.toString('hex')}`);
    const children = await call(Op.GetChildren, counted(path), NO_WATCH);
    let at = 4;
    for (let count = children.readInt32BE(0); count > 0; count--) {
      const end = at + 4 + children.readInt32BE(at);
      const slash = path.length === 1 ? Buffer.alloc(0) : Buffer.from('/');
      paths.push(Buffer.concat([path, slash, children.subarray(at + 4, end)]));
      at = end;
    }
  }
  await connection.closeSession();
  return nodes;
}

test(`seed ${SEED}: the tree of a fuzzed server comes up at Apache's`, async () => {
  using directory = makeTempDir('fuzzed-files');
  const ours = await startThreadkeeper({ dataDir: directory.path, cfg: CFG });
  let left = CONVERSATIONS;
  const attack = async (name: string): Promise<void> => {
    const prng = new Prng(SEED).fork(name);
    const generator = new RequestGenerator(prng.fork('frames'), ['/', '/zookeeper', '/zookeeper/quota'], [CREATE_2]);
    while (left-- > 0) await converse(ours.port, prng, generator);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => attack(`attacker ${i}`)));
  const before = await wholeTree(ours.port);
  expect(before.size).toBeGreaterThan(50);
  await ours.stop();

  const theirs = await startApache({ dataDir: directory.path, cfg: CFG });
  try {
    const after = await wholeTree(theirs.port);
    expect([...before.keys()].filter((path) => !after.has(path))).toEqual([]);
    expect([...after.keys()].filter((path) => !before.has(path))).toEqual([]);
    for (const [path, state] of before) expect([path, after.get(path)]).toEqual([path, state]);
  } finally {
    await theirs.stop();
  }
});
