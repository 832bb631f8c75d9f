// A node whose list recovery could not find (persistence 10.2): nobody may do anything with it or below it but who passes
// every ACL, on every road: read, write, part of a multi, watch event.

import { expect, test } from 'vitest';
import { UNRESOLVED_ACL } from '../../../src/persistence/snapshot-content-decoder.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { DataTree } from '../../../src/store/data-tree.js';
import { multiResultsOf } from '../../testing/inline/reply-bodies.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { codeName } from '../../testing/inline/wire-names.js';
import { InlineServer } from '../../testing/inline-server.js';
import { loadNode } from '../../testing/load-node.js';
import { addWatch, PERSISTENT, RECURSIVE } from '../watch/watch-calls.js';

function prepareTree(tree: DataTree): void {
  loadNode(tree, '/n', new Uint8Array(60), UNRESOLVED_ACL);
  loadNode(tree, '/n/x', new Uint8Array(60));
}

const SENDS: readonly [string, (client: WireClient) => void][] = [
  ['getData', (c) => c.getData('/n')],
  ['setData', (c) => c.setData('/n', '')],
  ['setACL', (c) => c.setAcl('/n', [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }])],
  ['create below it', (c) => c.create('/n/y')],
  ['delete below it', (c) => c.delete('/n/x')],
];

test.each(SENDS)('%s: NoAuth', (_what, send) => {
  const server = InlineServer.start({ prepareTree });
  const client = server.connect();
  send(client);
  expect(codeName(server.reply(client).err)).toBe('NoAuth');
});

test('check in a multi: NoAuth', () => {
  const server = InlineServer.start({ prepareTree });
  const client = server.connect();
  client.multi([{ type: OpCode.check, request: { path: '/n', version: -1 } }]);
  expect(multiResultsOf(server.reply(client))).toEqual([{ type: OpCode.error, response: { err: -102 } }]);
});

test.each(SENDS)('%s, with skipACL: Ok', (_what, send) => {
  const server = InlineServer.start({ prepareTree, config: { skipAcl: true } });
  const client = server.connect();
  send(client);
  expect(codeName(server.reply(client).err)).toBe('Ok');
});

test('nobody hears of its changes but who passes every ACL', () => {
  const superDigest = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=';
  const auth = { ...InlineServer.defaults().auth, superDigest };
  const server = InlineServer.start({ prepareTree, config: { auth } });
  const watcher = server.connect();
  const master = server.connect();
  master.auth('digest', 'super:secret');
  for (const client of [watcher, master]) {
    addWatch(client, '/n', PERSISTENT);
    addWatch(client, '/', RECURSIVE);
  }
  server.run();
  watcher.take();
  master.take();
  master.setData('/n', 'x');
  master.create('/n/y');
  master.delete('/n/x');
  server.run();
  const events = (client: WireClient): string[] =>
    client.takeText().flatMap((line) => (line.startsWith('event') ? [line.split(' ').slice(1, 3).join(' ')] : []));
  expect(events(master)).toEqual([
    'NodeDataChanged /n',
    'NodeCreated /n/y',
    'NodeChildrenChanged /n',
    'NodeDeleted /n/x',
    'NodeChildrenChanged /n',
  ]);
  expect(events(watcher)).toEqual(['NodeCreated /n/y', 'NodeDeleted /n/x']);
});
