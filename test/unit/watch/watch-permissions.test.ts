// Who hears of what (client-protocol 7.4): every kind of watch x every kind of change x the ACLs of node and parent x who
// watches, each against what the rules say. Watches are set while everybody may read, so that only the event is filtered;
// the tree is changed by one who may do everything.

import { expect, test } from 'vitest';
import type { ACL } from '../../../src/protocol/acl.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';
import { addWatch, PERSISTENT, RECURSIVE } from './watch-calls.js';

const WHO = ['anybody', 'bob', 'super'] as const;
type Who = (typeof WHO)[number];

function acl(perms: number, scheme: string, id: string): ACL[] {
  return [{ perms, id: { scheme, id } }];
}

/** Lists, and who may read by them; super always may. */
const LISTS: Readonly<Record<string, { readonly acl: readonly ACL[]; readonly readers: readonly Who[] }>> = {
  open: { acl: acl(31, 'world', 'anyone'), readers: ['anybody', 'bob'] },
  'all but READ': { acl: acl(30, 'world', 'anyone'), readers: [] },
  "bob's": { acl: acl(1, 'digest', 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM='), readers: ['bob'] },
  "bob's, but READ": { acl: acl(30, 'digest', 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM='), readers: [] },
  "bob's in capitals": { acl: acl(31, 'digest', 'BOB:ikIaKsbtGweaHnb/jKn7OHqbunM='), readers: [] },
  'of this address': { acl: acl(1, 'ip', '127.0.0.0/8'), readers: ['anybody', 'bob'] },
  'of another address': { acl: acl(31, 'ip', '10.0.0.1'), readers: [] },
  'of several': {
    acl: [
      ...acl(30, 'world', 'anyone'),
      ...acl(31, 'ip', '10.0.0.1'),
      ...acl(1, 'digest', 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM='),
    ],
    readers: ['bob'],
  },
};

interface Kind {
  register(watcher: WireClient, parent: string, node: string): void;
  /** Of the events NodeCreated, NodeDeleted, NodeDataChanged of the node, and NodeChildrenChanged of its parent. */
  readonly hears: readonly string[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  'exists of the node': {
    register: (w, _parent, node) => w.exists(node, true),
    hears: ['NodeCreated', 'NodeDeleted', 'NodeDataChanged'],
  },
  'getData of the node': {
    register: (w, _parent, node) => w.getData(node, true),
    hears: ['NodeDeleted', 'NodeDataChanged'],
  },
  'getChildren of the node': { register: (w, _parent, node) => w.getChildren(node, true), hears: ['NodeDeleted'] },
  'getChildren2 of the parent': {
    register: (w, parent) => w.getChildren2(parent, true),
    hears: ['NodeChildrenChanged'],
  },
  'persistent on the node': {
    register: (w, _parent, node) => addWatch(w, node, PERSISTENT),
    hears: ['NodeCreated', 'NodeDeleted', 'NodeDataChanged'],
  },
  'persistent on the parent': {
    register: (w, parent) => addWatch(w, parent, PERSISTENT),
    hears: ['NodeChildrenChanged'],
  },
  'recursive on the parent': {
    register: (w, parent) => addWatch(w, parent, RECURSIVE),
    hears: ['NodeCreated', 'NodeDeleted', 'NodeDataChanged'],
  },
  'recursive on the root': {
    register: (w) => addWatch(w, '/', RECURSIVE),
    hears: ['NodeCreated', 'NodeDeleted', 'NodeDataChanged'],
  },
};

const CHANGES = {
  create: ['NodeCreated', 'NodeChildrenChanged'],
  setData: ['NodeDataChanged'],
  delete: ['NodeDeleted', 'NodeChildrenChanged'],
} as const;

function loggedIn(server: InlineServer, who: Who): WireClient {
  const client = server.connect();
  if (who === 'bob') client.auth('digest', 'bob:pw');
  if (who === 'super') client.auth('digest', 'super:secret');
  return client;
}

test.each(Object.keys(LISTS))('who is told of a node with the list %s (CVE-2024-23944)', (nodeList) => {
  const auth = { ...InlineServer.defaults().auth, superDigest: 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=' };
  const server = InlineServer.start({ config: { auth } });
  const writer = loggedIn(server, 'super');
  const watchers = Object.entries(KINDS).flatMap(([kindName, kind]) =>
    WHO.map((who) => ({ kindName, kind, who, client: loggedIn(server, who) })),
  );
  const nodeAcl = LISTS[nodeList] as (typeof LISTS)[string];
  let serial = 0;
  for (const [parentList, parentAcl] of Object.entries(LISTS)) {
    for (const [change, eventsOfChange] of Object.entries(CHANGES)) {
      const parent = `/p${serial++}`;
      const node = `${parent}/n`;
      writer.create(parent);
      if (change !== 'create') writer.create(node);
      server.run();
      for (const { kind, client } of watchers) kind.register(client, parent, node);
      server.run();
      if (change !== 'create') writer.setAcl(node, nodeAcl.acl);
      writer.setAcl(parent, parentAcl.acl);
      server.run();
      for (const { client } of watchers) client.take();
      if (change === 'create') writer.create(node, { acl: nodeAcl.acl });
      else if (change === 'setData') writer.setData(node, 'x');
      else writer.delete(node);
      server.run();
      expect(writer.take().every((frame) => frame.kind === 'reply' && frame.err === 0)).toBe(true);

      const told = watchers.map(({ kindName, who, client }) => [kindName, who, change, parentList, client.takeText()]);
      const due = watchers.map(({ kindName, kind, who }) => {
        const events = eventsOfChange.filter((event) => {
          const { readers } = event === 'NodeChildrenChanged' ? parentAcl : nodeAcl;
          return kind.hears.includes(event) && (who === 'super' || readers.includes(who));
        });
        const lines = events.map(
          (event) => `event ${event} ${event === 'NodeChildrenChanged' ? parent : node} @${server.zxid}`,
        );
        return [kindName, who, change, parentList, lines];
      });
      expect(told).toEqual(due);
    }
  }
});
