// Sequential names at the edges of the counter (client-protocol 6.3), asked of Apache's server and of ours over the same data
// directory: a snapshot of our making in which parents have had two thousand million children, or counters below zero.
// What a counter does once it is applied is the same on both: it sticks at its greatest value.

import { describe, expect, test } from 'vitest';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import { recover } from '../../src/persistence/recovery.js';
import { SnapshotWriter } from '../../src/persistence/snapshot-writer.js';
import { DataTree } from '../../src/store/data-tree.js';
import { createTreeMemory } from '../../src/store/tree-memory.js';
import { startApache } from '../testing/apache-server.js';
import { loadNode } from '../testing/load-node.js';
import type { ServerProcess } from '../testing/server-process.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { counted, int32, Op, openAcl, WireConnection } from '../testing/wire-connection.js';

const SEQUENTIAL = 2;
const CVERSION_OFFSET = 36;
const INT_MAX = 2 ** 31 - 1;

/** Parents and their stored counters. */
const PARENTS: readonly (readonly [string, number])[] = [
  ['/near', INT_MAX - 2],
  ['/end', INT_MAX],
  ['/five', -5],
  ['/minus', -2],
  ['/least', -(2 ** 31)],
];
/** Asked of in one multi: what is in flight does wrap. */
const IN_FLIGHT = '/multi';
const IN_FLIGHT_OPS = 3;

function writeDatabase(dataDir: string): void {
  const fileStore = new NodeFileStore();
  const tree = new DataTree(createTreeMemory(1, 2), () => undefined);
  const { directories } = recover({
    fileStore,
    dataDir,
    dataLogDir: dataDir,
    tree,
    datadirAutocreate: true,
    dbAutocreate: true,
    trustEmptySnapshot: false,
    emulate353TtlNodes: false,
    warn: () => undefined,
  });
  tree.beginWrite();
  for (const [path, cversion] of [...PARENTS, [IN_FLIGHT, INT_MAX] as const]) {
    const stat = new Uint8Array(60);
    new DataView(stat.buffer).setInt32(CVERSION_OFFSET, cversion);
    loadNode(tree, path, stat);
  }
  tree.endWrite(0, 1);
  const writer = new SnapshotWriter({
    fileStore,
    directory: directories.snapshotDirectory,
    reader: tree.reader,
    backOff: () => undefined,
    collectSessions: () => undefined,
    waitUntilDurable: () => undefined,
    loaded: null,
    treeDigest: null,
  });
  writer.write();
}

/** One after the other, each applied before the next is asked for. */
async function namesOf(server: ServerProcess): Promise<Record<string, string[]>> {
  const connection = await WireConnection.openSession(server.port);
  const names: Record<string, string[]> = {};
  let xid = 1;
  for (const [parent] of PARENTS) {
    names[parent] = [];
    for (let i = 0; i < 6; i++) {
      const path = counted(`${parent}/s`);
      const { err, body } = await connection.call(xid++, Op.Create, path, counted(''), openAcl, int32(SEQUENTIAL));
      const last = await connection.call(xid++, Op.Exists, counted(parent), Uint8Array.of(0));
      const name =
        err === 0
          ? body
              .subarray(4)
              .toString()
              .slice(parent.length + 2)
          : `error ${err}`;
      // cversion as clients see it, and whether pzxid is that of this create.
      const cversion = last.body.readInt32BE(36);
      names[parent]?.push(`${name} cversion ${cversion} moved ${last.body.readBigInt64BE(60) === last.zxid}`);
    }
  }
  const ops = Array.from({ length: IN_FLIGHT_OPS }, () =>
    Buffer.concat([multiHeader(Op.Create), counted(`${IN_FLIGHT}/s`), counted(''), openAcl, int32(SEQUENTIAL)]),
  );
  const { body } = await connection.call(xid++, Op.Multi, ...ops, multiHeader(-1));
  const made = [...body.toString('latin1').matchAll(/\/multi\/s(-?\d+)/g)].map((match) => match[1] as string);
  const last = await connection.call(xid++, Op.Exists, counted(IN_FLIGHT), Uint8Array.of(0));
  names[IN_FLIGHT] = [...made, `cversion ${last.body.readInt32BE(36)}`];
  await connection.closeSession();
  return names;
}

/** Type -1 marks the end. */
function multiHeader(type: number): Buffer {
  return Buffer.concat([int32(type), Uint8Array.of(type === -1 ? 1 : 0), int32(-1)]);
}

describe('sequential names at the edges', () => {
  test('are those of the reference', async () => {
    const found: Record<string, string[]>[] = [];
    for (const start of [startApache, startThreadkeeper]) {
      using directory = makeTempDir('sequence-wrap');
      writeDatabase(directory.path);
      await using server = await start({ dataDir: directory.path });
      found.push(await namesOf(server));
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[0]?.['/near']?.slice(1, 4)).toEqual([
      '2147483646 cversion -4 moved true',
      '2147483647 cversion -5 moved false',
      'error -110 cversion -5 moved false',
    ]);
    expect(found[0]?.['/multi']).toEqual(['2147483647', '-2147483648', '-2147483647', 'cversion -5']);
  });
});
