// The permission matrix (client-protocol 5.4, 6.6, 7.4): every operation and every kind of watch, against every kind of ACL,
// for every kind of person; what comes out is what the model says (acl-model.ts). And the side doors: nobody learns by an
// error code, a list, a multi or a watch what a refused read would not have told.

import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../../src/base/utf8.js';
import { type ACL, OPEN_ACL_UNSAFE } from '../../../../src/protocol/acl.js';
import { encodeMultiRequest, type MultiOp } from '../../../../src/protocol/multi.js';
import { OpCode } from '../../../../src/protocol/op-code.js';
import {
  encodeAddWatchRequest,
  encodeCreateRequest,
  encodeCreateTTLRequest,
  encodeGetEphemeralsRequest,
  encodePathRequest,
} from '../../../../src/protocol/requests.js';
import { AddWatchMode } from '../../../../src/protocol/watch-event.js';
import { aclTextOf, multiResultsOf } from '../../../testing/inline/reply-bodies.js';
import type { Reply, WireClient } from '../../../testing/inline/wire-client.js';
import { codeName } from '../../../testing/inline/wire-names.js';
import { InlineServer } from '../../../testing/inline-server.js';
import { aclOf, type EntryText, type Letter, mayDo, type Person } from './acl-model.js';

const ANN = 'ann:RYbu6l5aZwqon8VWmkcGvezdzfc=';
const ANN_LOGIN = 'ann:pw';
const SUPER_DIGEST = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=';
const SUPER_LOGIN = 'super:secret';

const PEOPLE: readonly Person[] = [
  { name: 'nobody', address: '10.1.2.3', logins: [], identities: ['ip:10.1.2.3'] },
  { name: 'ann', address: '10.9.9.9', logins: [ANN_LOGIN], identities: ['ip:10.9.9.9', `digest:${ANN}`] },
  { name: 'bob', address: '10.9.9.9', logins: ['bob:pw'], identities: ['ip:10.9.9.9', 'digest:bob:of-no-matter'] },
  { name: 'super', address: '10.9.9.9', logins: [SUPER_LOGIN], identities: ['super:', `digest:${SUPER_DIGEST}`] },
];

const LETTERS: readonly Letter[] = ['r', 'w', 'c', 'd', 'a'];
const ACLS: readonly (readonly EntryText[])[] = [
  ['rwcda world:anyone'],
  ['- world:anyone'],
  ...LETTERS.map((letter) => [`${letter} world:anyone`]),
  ...LETTERS.map((letter) => [`${'rwcda'.replace(letter, '')} world:anyone`]),
  [`rwcda digest:${ANN}`],
  ...LETTERS.map((letter) => [`${letter} digest:${ANN}`]),
  ['rwcda ip:10.1.2.3'],
  ['rwcda ip:10.1.0.0/16'],
  ['rwcda ip:11.0.0.0/8'],
  ['r world:anyone', `w digest:${ANN}`, 'a ip:10.1.2.3'],
  ['- world:anyone', `cda digest:${ANN}`],
];

/** A server with /p/n, and one connection per person. */
class Bench {
  readonly server: InlineServer;
  readonly admin: WireClient;
  private readonly clients = new Map<string, WireClient>();
  private next = 0;

  constructor(skipAcl = false) {
    this.server = InlineServer.start({
      properties: {
        'zookeeper.DigestAuthenticationProvider.superDigest': SUPER_DIGEST,
        'zookeeper.extendedTypesEnabled': 'true',
        'zookeeper.skipACL': skipAcl ? 'yes' : 'no',
      },
    });
    this.admin = this.login({ name: 'admin', address: '127.0.0.1', logins: [SUPER_LOGIN], identities: [] });
    for (const person of PEOPLE) this.clients.set(person.name, this.login(person));
  }

  client(person: Person): WireClient {
    return this.clients.get(person.name) as WireClient;
  }

  login(person: Person): WireClient {
    const client = this.server.connect({ address: person.address });
    for (const login of person.logins) {
      client.auth('digest', login);
      expect(codeName(this.server.reply(client).err)).toBe('Ok');
    }
    return client;
  }

  reply(client: WireClient): Reply {
    return this.server.reply(client);
  }

  /** A fresh node, open, with one child below it; both may then be closed. */
  fresh(): string {
    const path = `/n${this.next++}`;
    this.admin.create(path, { data: 'secret' });
    expect(this.reply(this.admin).err).toBe(0);
    this.admin.create(`${path}/kid`);
    expect(this.reply(this.admin).err).toBe(0);
    return path;
  }

  close(path: string, entries: readonly EntryText[]): void {
    this.admin.setAcl(path, aclOf(entries));
    expect(codeName(this.reply(this.admin).err)).toBe('Ok');
  }
}

interface OperationRow {
  readonly name: string;
  /** One of these suffices; none: no permission is needed. */
  readonly needs: readonly Letter[];
  /** Sends it for the node at `path`, which has one child `kid`. */
  send(client: WireClient, path: string): void;
  /** What the reply says of it; by default the error of its header. */
  outcome?(reply: Reply): string;
}

const one = (op: MultiOp) => (client: WireClient) => client.multi([op]);

/** Of the failing op in a multi, or Ok. */
function multiOutcome(reply: Reply): string {
  expect(reply.err).toBe(0);
  for (const result of multiResultsOf(reply)) {
    if (result.type === OpCode.error) return codeName(result.response.err);
  }
  return 'Ok';
}

function createRequest(path: string, flags: number) {
  return { path, data: encodeUtf8('x'), acl: OPEN_ACL_UNSAFE, flags };
}

const OPERATIONS: readonly OperationRow[] = [
  { name: 'exists', needs: ['r'], send: (client, path) => client.exists(path) },
  { name: 'getData', needs: ['r'], send: (client, path) => client.getData(path) },
  { name: 'getChildren', needs: ['r'], send: (client, path) => client.getChildren(path) },
  { name: 'getChildren2', needs: ['r'], send: (client, path) => client.getChildren2(path) },
  {
    name: 'getAllChildrenNumber',
    needs: ['r'],
    send: (client, path) => client.request(OpCode.getAllChildrenNumber, (w) => encodePathRequest(w, { path })),
  },
  { name: 'getACL', needs: ['r', 'a'], send: (client, path) => client.getAcl(path) },
  { name: 'setData', needs: ['w'], send: (client, path) => client.setData(path, 'y') },
  { name: 'setACL', needs: ['a'], send: (client, path) => client.setAcl(path, OPEN_ACL_UNSAFE) },
  { name: 'create', needs: ['c'], send: (client, path) => client.create(`${path}/new`) },
  { name: 'create, sequential', needs: ['c'], send: (client, path) => client.create(`${path}/s-`, { flags: 2 }) },
  { name: 'create, ephemeral', needs: ['c'], send: (client, path) => client.create(`${path}/e`, { flags: 1 }) },
  { name: 'create2', needs: ['c'], send: (client, path) => client.create(`${path}/new`, { op: OpCode.create2 }) },
  {
    name: 'createContainer',
    needs: ['c'],
    send: (client, path) =>
      client.request(OpCode.createContainer, (w) => encodeCreateRequest(w, createRequest(`${path}/new`, 4))),
  },
  {
    name: 'createTTL',
    needs: ['c'],
    send: (client, path) =>
      client.request(OpCode.createTTL, (w) =>
        encodeCreateTTLRequest(w, { ...createRequest(`${path}/new`, 5), ttl: 100_000n }),
      ),
  },
  { name: 'delete of a child', needs: ['d'], send: (client, path) => client.delete(`${path}/kid`) },
  {
    name: 'check in a multi',
    needs: ['r'],
    send: (client, path) => one({ type: OpCode.check, request: { path, version: -1 } })(client),
    outcome: multiOutcome,
  },
  {
    name: 'setData in a multi',
    needs: ['w'],
    send: (client, path) =>
      one({ type: OpCode.setData, request: { path, data: encodeUtf8('y'), version: -1 } })(client),
    outcome: multiOutcome,
  },
  {
    name: 'create in a multi',
    needs: ['c'],
    send: (client, path) => one({ type: OpCode.create, request: createRequest(`${path}/new`, 0) })(client),
    outcome: multiOutcome,
  },
  {
    name: 'delete in a multi',
    needs: ['d'],
    send: (client, path) => one({ type: OpCode.delete, request: { path: `${path}/kid`, version: -1 } })(client),
    outcome: multiOutcome,
  },
  {
    name: 'getData in a multiRead',
    needs: ['r'],
    send: (client, path) => sendMultiRead(client, [{ type: OpCode.getData, request: { path, watch: false } }]),
    outcome: multiOutcome,
  },
  {
    name: 'getChildren in a multiRead',
    needs: ['r'],
    send: (client, path) => sendMultiRead(client, [{ type: OpCode.getChildren, request: { path, watch: false } }]),
    outcome: multiOutcome,
  },
  { name: 'sync', needs: [], send: (client, path) => client.sync(path) },
  {
    name: 'addWatch',
    needs: [],
    send: (client, path) =>
      client.request(OpCode.addWatch, (w) => encodeAddWatchRequest(w, { path, mode: AddWatchMode.Persistent })),
  },
  {
    name: 'getEphemerals',
    needs: [],
    send: (client, path) =>
      client.request(OpCode.getEphemerals, (w) => encodeGetEphemeralsRequest(w, { prefixPath: path })),
  },
];

function sendMultiRead(client: WireClient, ops: readonly MultiOp[]): void {
  client.request(OpCode.multiRead, (w) => encodeMultiRequest(w, ops));
}

const outcomeOf = (row: OperationRow, reply: Reply): string => row.outcome?.(reply) ?? codeName(reply.err);

describe.each(OPERATIONS)('$name', (row) => {
  test.each([false, true])('is for whom the list names, with skipACL %s', (skipAcl) => {
    const bench = new Bench(skipAcl);
    for (const entries of ACLS) {
      for (const person of PEOPLE) {
        const path = bench.fresh();
        bench.close(path, entries);
        const client = bench.client(person);
        row.send(client, path);
        const reply = bench.reply(client);
        const may = row.needs.length === 0 || mayDo(person, entries, row.needs, skipAcl);
        expect([person.name, entries, outcomeOf(row, reply)]).toEqual([person.name, entries, may ? 'Ok' : 'NoAuth']);
        if (!may && row.outcome === undefined) expect(reply.body).toHaveLength(0);
      }
    }
  });
});

describe('permissions are not inherited', () => {
  test('a closed parent closes no child, an open one opens none', () => {
    const bench = new Bench();
    const [nobody] = PEOPLE as [Person];
    const path = bench.fresh();
    bench.close(path, ['- world:anyone']);
    const client = bench.client(nobody);
    client.getData(`${path}/kid`);
    expect(codeName(bench.reply(client).err)).toBe('Ok');
    bench.close(path, ['rwcda world:anyone']);
    bench.close(`${path}/kid`, ['- world:anyone']);
    client.getData(`${path}/kid`);
    expect(codeName(bench.reply(client).err)).toBe('NoAuth');
  });
});

describe('getACL (CVE-2019-0201)', () => {
  test('tells no word of the list to who has neither READ nor ADMIN', () => {
    const bench = new Bench();
    const path = bench.fresh();
    for (const others of ['- world:anyone', 'w world:anyone', 'c world:anyone', 'd world:anyone', 'wcd world:anyone']) {
      bench.close(path, [`rwcda digest:${ANN}`, others]);
      const client = bench.client(PEOPLE[0] as Person);
      client.getAcl(path);
      const reply = bench.reply(client);
      expect([others, codeName(reply.err), reply.body.length]).toEqual([others, 'NoAuth', 0]);
    }
  });

  test('shows digests to whom may change the list, and masks them for who may only read it', () => {
    const bench = new Bench();
    const path = bench.fresh();
    bench.close(path, [`ra digest:${ANN}`, 'r world:anyone']);
    for (const person of PEOPLE) {
      const client = bench.client(person);
      client.getAcl(path);
      const [first] = aclTextOf(bench.reply(client));
      const mayChange = person.name === 'ann' || person.name === 'super';
      expect([person.name, first]).toEqual([person.name, mayChange ? `17 digest:${ANN}` : '17 digest:ann:x']);
    }
  });
});

describe('a refused client', () => {
  const [nobody] = PEOPLE as [Person];

  function refused(entries: readonly EntryText[]): { bench: Bench; client: WireClient; path: string } {
    const bench = new Bench();
    const path = bench.fresh();
    bench.close(path, entries);
    return { bench, client: bench.client(nobody), path };
  }

  test('does not learn by create whether the child is there', () => {
    const { bench, client, path } = refused(['r world:anyone']);
    for (const name of ['kid', 'other']) {
      client.create(`${path}/${name}`);
      expect(codeName(bench.reply(client).err)).toBe('NoAuth');
    }
  });

  test('does not learn by delete whether the child is there, or has children, or which version it has', () => {
    const { bench, client, path } = refused(['rc world:anyone']);
    bench.admin.create(`${path}/kid/grandchild`);
    bench.reply(bench.admin);
    for (const [name, version] of [
      ['kid', -1],
      ['kid', 77],
      ['other', -1],
    ] as const) {
      client.delete(`${path}/${name}`, version);
      expect(codeName(bench.reply(client).err)).toBe('NoAuth');
    }
  });

  test('does not learn by setData or check which version the node has', () => {
    const { bench, client, path } = refused(['c world:anyone']);
    for (const version of [-1, 0, 5]) {
      client.setData(path, 'x', version);
      expect(codeName(bench.reply(client).err)).toBe('NoAuth');
      client.multi([{ type: OpCode.check, request: { path, version } }]);
      expect(multiOutcome(bench.reply(client))).toBe('NoAuth');
    }
  });

  test('learns by a failed multi nothing but the codes', () => {
    const { bench, client, path } = refused(['w world:anyone']);
    client.multi([
      { type: OpCode.setData, request: { path, data: null, version: -1 } },
      { type: OpCode.check, request: { path, version: -1 } },
      { type: OpCode.create, request: createRequest(`${path}/kid`, 0) },
    ]);
    const results = multiResultsOf(bench.reply(client));
    expect(results.map((result) => (result.type === OpCode.error ? codeName(result.response.err) : 'told'))).toEqual([
      'Ok',
      'NoAuth',
      'RuntimeInconsistency',
    ]);
  });

  test('changes nothing', () => {
    const { bench, client, path } = refused(['r world:anyone']);
    const before = snapshotOf(bench, path);
    for (const row of OPERATIONS) {
      if (row.needs.length === 0 || row.needs.includes('r')) continue;
      row.send(client, path);
      expect([row.name, outcomeOf(row, bench.reply(client))]).toEqual([row.name, 'NoAuth']);
    }
    expect(snapshotOf(bench, path)).toEqual(before);
  });

  function snapshotOf(bench: Bench, path: string): string[] {
    return (['getData', 'getChildren2', 'getAcl'] as const).map((name) => {
      bench.admin[name](path);
      return Buffer.from(bench.reply(bench.admin).body).toString('hex');
    });
  }

  test('sets no watch by a read that was refused', () => {
    const { bench, client, path } = refused(['w world:anyone']);
    for (const read of ['exists', 'getData', 'getChildren', 'getChildren2'] as const) {
      client[read](path, true);
      expect(codeName(bench.reply(client).err)).toBe('NoAuth');
    }
    bench.close(path, ['rwcda world:anyone']);
    bench.admin.setData(path, 'told to nobody');
    bench.admin.create(`${path}/new`);
    bench.server.run();
    expect(client.takeText()).toEqual([]);
  });
});

// ---- watches

interface WatchRow {
  readonly name: string;
  /** Registers on an open tree: for events of `path` itself, or of its children. */
  set(client: WireClient, path: string): void;
  readonly hears: ReadonlySet<string>;
  readonly lasts: boolean;
}

const addWatch =
  (mode: AddWatchMode, at: (path: string) => string = (path) => path) =>
  (client: WireClient, path: string) =>
    client.request(OpCode.addWatch, (w) => encodeAddWatchRequest(w, { path: at(path), mode }));

const WATCHES: readonly WatchRow[] = [
  {
    name: 'exists',
    set: (c, path) => c.exists(path, true),
    hears: new Set(['created', 'changed', 'deleted']),
    lasts: false,
  },
  { name: 'getData', set: (c, path) => c.getData(path, true), hears: new Set(['changed', 'deleted']), lasts: false },
  {
    name: 'getChildren',
    set: (c, path) => c.getChildren(path, true),
    hears: new Set(['children', 'deleted']),
    lasts: false,
  },
  {
    name: 'persistent',
    set: addWatch(AddWatchMode.Persistent),
    hears: new Set(['created', 'changed', 'children', 'deleted']),
    lasts: true,
  },
  {
    name: 'recursive',
    set: addWatch(AddWatchMode.PersistentRecursive),
    hears: new Set(['created', 'changed', 'deleted']),
    lasts: true,
  },
  {
    name: 'recursive at the root',
    set: addWatch(AddWatchMode.PersistentRecursive, () => '/'),
    hears: new Set(['created', 'changed', 'deleted']),
    lasts: true,
  },
];

type Change = 'created' | 'changed' | 'children' | 'deleted';

/** What the event of each change is called, for the node at `path`. */
function eventText(change: Change, path: string): string {
  const names = {
    created: 'NodeCreated',
    changed: 'NodeDataChanged',
    children: 'NodeChildrenChanged',
    deleted: 'NodeDeleted',
  };
  return `event ${names[change]} ${path}`;
}

/** The event of the change on `path`, or nothing; without the zxid. */
function heard(bench: Bench, client: WireClient, change: Change, path: string): string[] {
  bench.server.run();
  return client
    .takeText()
    .map((text) => text.replace(/ @.*/, ''))
    .filter((text) => text === eventText(change, path));
}

function change(bench: Bench, kind: Change, path: string, acl: readonly ACL[]): void {
  switch (kind) {
    case 'created':
      bench.admin.create(path, { acl });
      break;
    case 'changed':
      bench.admin.setData(path, 'changed');
      break;
    case 'children':
      bench.admin.create(`${path}/s-`, { flags: 2 });
      break;
    case 'deleted':
      bench.admin.delete(path);
      break;
  }
  expect(codeName(bench.reply(bench.admin).err)).toBe('Ok');
}

describe.each(WATCHES)('a watch of kind $name', (row) => {
  // A read that fails for want of the node sets no watch.
  const changes: readonly Change[] = ['created', 'changed', 'children', 'deleted'];
  const possible = changes.filter((kind) => kind !== 'created' || row.hears.has(kind));
  test.each(possible)('hears of "%s" who may read', (kind) => {
    const bench = new Bench();
    let count = 0;
    for (const entries of ACLS) {
      for (const person of PEOPLE) {
        const path = `/w${count++}`;
        const client = bench.login(person);
        if (kind !== 'created') {
          bench.admin.create(path);
          bench.reply(bench.admin);
        }
        row.set(client, path);
        bench.server.run();
        client.take();
        if (kind !== 'created') bench.close(path, entries);
        change(bench, kind, path, aclOf(entries));
        const tells = row.hears.has(kind) && mayDo(person, entries, ['r']);
        expect([person.name, entries, heard(bench, client, kind, path)]).toEqual([
          person.name,
          entries,
          tells ? [eventText(kind, path)] : [],
        ]);
        if (kind === 'changed' && row.hears.has(kind)) {
          // A standard watch is used up whether or not its owner was told; the others stay.
          bench.close(path, ['rwcda world:anyone']);
          change(bench, kind, path, OPEN_ACL_UNSAFE);
          expect(heard(bench, client, kind, path)).toEqual(row.lasts ? [eventText(kind, path)] : []);
        }
        client.closeSession();
        bench.server.run();
      }
    }
  });
});
