/**
 * A whole tree as a client sees it: data, Stat and ACL of every node, read through one session after a sync. Two servers with
 * the same transactions must show the same, whatever made them; `differencesOf` names the nodes where they do not.
 */
import { counted, Op, request, WireConnection } from './wire-connection.js';

const GET_ACL = 6;
const AT_ONCE = 128;
const NO_NODE = -101;
const TOLD_AT_MOST = 10;
/** Each member writes it for itself as it starts, by its own clock. */
const CONFIG = '/zookeeper/config';
const STAT_BYTES = 68;
const MTIME_AT = 24;

/** Path to everything a client can see of the node, as hexadecimal text. */
export type TreeReading = ReadonlyMap<string, string>;

/** What all servers behind these ports show alike; throws, telling the differences, when one shows something else. */
export async function readEqualTrees(ports: readonly number[]): Promise<TreeReading> {
  const [tree, ...others] = await Promise.all(ports.map(readTree));
  if (tree === undefined) throw new Error('there is no tree to read');
  const differences = others.flatMap((other) => differencesOf(tree, other));
  if (differences.length > 0) throw new Error(`trees differ:\n${differences.join('\n')}`);
  return tree;
}

export async function readTree(port: number): Promise<TreeReading> {
  const connection = await WireConnection.openSession(port, { timeOutMs: 20_000 });
  try {
    const synced = await connection.call(1, Op.Sync, counted('/'));
    if (synced.err !== 0) throw new Error(`sync failed with ${synced.err}`);
    const reading = new Map<string, string>();
    let level = ['/'];
    while (level.length > 0) {
      const next: string[] = [];
      for (let from = 0; from < level.length; from += AT_ONCE) {
        await readNodes(connection, level.slice(from, from + AT_ONCE), reading, next);
      }
      level = next;
    }
    await connection.closeSession();
    return reading;
  } finally {
    connection.destroy();
  }
}

async function readNodes(
  connection: WireConnection,
  paths: readonly string[],
  reading: Map<string, string>,
  children: string[],
): Promise<void> {
  connection.send(
    ...paths.flatMap((path) => [
      request(1, Op.GetData, counted(path), Uint8Array.of(0)),
      request(2, GET_ACL, counted(path)),
      request(3, Op.GetChildren, counted(path), Uint8Array.of(0)),
    ]),
  );
  for (const path of paths) {
    const data = await connection.nextReply();
    const acl = await connection.nextReply();
    const list = await connection.nextReply();
    if (data.err === NO_NODE) continue;
    for (const reply of [data, acl, list]) {
      if (reply.err !== 0) throw new Error(`reading ${path} failed with ${reply.err}`);
    }
    if (path === CONFIG)
      data.body.fill(0, data.body.length - STAT_BYTES + MTIME_AT, data.body.length - STAT_BYTES + MTIME_AT + 8);
    // getACL brings the Stat once more; an ACL is what stands before it.
    const aclBytes = acl.body.subarray(0, acl.body.length - STAT_BYTES);
    reading.set(path, `${data.body.toString('hex')} ${aclBytes.toString('hex')}`);
    const prefix = path === '/' ? '/' : `${path}/`;
    for (let at = 4, left = list.body.readInt32BE(0); left > 0; left--) {
      const length = list.body.readInt32BE(at);
      children.push(prefix + list.body.toString('utf8', at + 4, at + 4 + length));
      at += 4 + length;
    }
  }
}

/** One line per node that is not the same in both; nothing when the trees are equal. */
function differencesOf(one: TreeReading, other: TreeReading): string[] {
  const differences: string[] = [];
  for (const path of new Set([...one.keys(), ...other.keys()])) {
    const [a, b] = [one.get(path), other.get(path)];
    if (a !== b) differences.push(`${path}: ${a ?? 'not there'} | ${b ?? 'not there'}`);
  }
  const more = differences.length - TOLD_AT_MOST;
  return more > 0 ? [...differences.slice(0, TOLD_AT_MOST), `and ${more} more`] : differences;
}
