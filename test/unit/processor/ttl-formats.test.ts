// TTL nodes in a snapshot, in both forms in which they were ever stored (client-protocol 6.4, persistence 3.3, 6.5): what a
// start with and without the keys for them makes of each.

import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import type { DataTree } from '../../../src/store/data-tree.js';
import { NodeKind } from '../../../src/store/node-layout.js';
import { InlineServer } from '../../testing/inline-server.js';

const CONTAINERS = { checkIntervalMs: 1000, maxPerMinute: 10_000, maxNeverUsedIntervalMs: 0 };
const TTL_MS = 5000;
const MARK = 0xff000000 | 0;
/** Release 3.5.3 only set the top bit. */
const MARK_353 = 0x80000000 | 0;

function addTtlNode(tree: DataTree, text: string, ownerHi: number): void {
  const path = encodeUtf8(text);
  tree.create(path, 0, path.length, path, 0, 0, null, 0, -1, NodeKind.ttl, ownerHi, TTL_MS, -1, 0, 1, 0, 1);
}

/** A disk with a snapshot of both. */
function written(): InlineServer {
  const server = InlineServer.start({
    config: { snapCount: 4 },
    prepareTree: (tree) => {
      addTtlNode(tree, '/new', MARK);
      addTtlNode(tree, '/old', MARK_353);
    },
  });
  const client = server.connect();
  for (let i = 0; i < 20; i++) client.setData('/', `${i}`);
  server.run();
  expect(server.disk.list('/data/version-2').some((name) => /^snapshot\.[1-9a-f]/.test(name))).toBe(true);
  server.stop();
  return server;
}

function kindsOf(server: InlineServer): (number | null)[] {
  return ['/new', '/old'].map((path) => {
    const ref = server.tree.find(encodeUtf8(path), 0, path.length);
    return ref === 0 ? null : server.tree.kind(ref);
  });
}

describe('a start with', () => {
  test.each<[string, boolean, boolean, (number | null)[], (number | null)[]]>([
    ['neither key', false, false, [NodeKind.ttl, NodeKind.ephemeral], [NodeKind.ttl, NodeKind.ephemeral]],
    ['extended types', true, false, [NodeKind.ttl, NodeKind.ephemeral], [null, NodeKind.ephemeral]],
    ['emulation of 3.5.3', false, true, [NodeKind.ttl, NodeKind.ttl], [null, null]],
    ['both', true, true, [NodeKind.ttl, NodeKind.ttl], [null, null]],
  ])('%s', (_what, extendedTypesEnabled, emulate353TtlNodes, kinds, kindsAtLast) => {
    const server = InlineServer.start({
      disk: written().disk,
      config: { extendedTypesEnabled, emulate353TtlNodes, containers: CONTAINERS },
    });
    expect(kindsOf(server)).toEqual(kinds);
    // Their mtime is as old as the epoch.
    server.advance(2000);
    expect(kindsOf(server)).toEqual(kindsAtLast);
  });
});
