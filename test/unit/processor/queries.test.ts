// multiRead, getEphemerals, getAllChildrenNumber and whoAmI: what Apache ZooKeeper 3.8.0 answered to the same requests, on a
// shard, behind a write (where final answers), and with real rings between the threads.

import { describe, expect, test } from 'vitest';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import type { JuteWriter } from '../../../src/jute/jute-writer.js';
import type { ACL } from '../../../src/protocol/acl.js';
import { decodeMultiResponse } from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import {
  decodeGetAllChildrenNumberResponse,
  decodeGetEphemeralsResponse,
  decodeWhoAmIResponse,
} from '../../../src/protocol/replies.js';
import {
  encodeGetAllChildrenNumberRequest,
  encodeGetDataRequest,
  encodeGetEphemeralsRequest,
} from '../../../src/protocol/requests.js';
import type { Reply, WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';

const NOBODY: readonly ACL[] = [{ perms: 0, id: { scheme: 'world', id: 'anyone' } }];
const SUPER_DIGEST = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=';

type Ask = (client: WireClient) => void;
type Answer = (server: InlineServer, client: WireClient, ask: Ask) => Reply;

const onShard: Answer = (server, client, ask) => {
  ask(client);
  return server.reply(client);
};
const behindWrite: Answer = (server, client, ask) => {
  client.setData('/nowhere', '');
  ask(client);
  server.run();
  return client.take().at(-1) as Reply;
};

const SETTINGS: readonly (readonly [string, InlineServerOptions, Answer])[] = [
  ['inline, at once', {}, onShard],
  ['inline, behind a write', {}, behindWrite],
  ['real rings, at once', { placement: 'pipeline', connectionShards: 2 }, onShard],
  ['real rings, behind a write', { placement: 'staged' }, behindWrite],
];

function start(options: InlineServerOptions): { server: InlineServer; client: WireClient } {
  const server = InlineServer.start({
    ...options,
    properties: { 'zookeeper.DigestAuthenticationProvider.superDigest': SUPER_DIGEST },
  });
  return { server, client: server.connect() };
}

describe.each(SETTINGS)('%s', (_name, options, answer) => {
  describe('multiRead', () => {
    const header = (w: JuteWriter, type: number, done = false): void => {
      w.writeInt(type);
      w.writeBool(done);
      w.writeInt(-1);
    };
    const read = (w: JuteWriter, type: number, path: string | null): void => {
      header(w, type);
      encodeGetDataRequest(w, { path, watch: true });
    };
    const write = (w: JuteWriter): void => {
      header(w, OpCode.delete);
      w.writeUstring('/v');
      w.writeInt(-1);
    };
    const END = 'ffffffff01ffffffff';

    function tree(): { server: InlineServer; client: WireClient } {
      const started = start(options);
      started.client.create('/v', { data: '1' });
      started.client.create('/v/a');
      started.client.create('/shut', { acl: NOBODY });
      started.server.run();
      started.client.take();
      return started;
    }

    function ask(body: (w: JuteWriter) => void): Reply {
      const { server, client } = tree();
      return answer(server, client, (c) => c.request(OpCode.multiRead, body));
    }

    test('results in order; errors stand among them; no watch is set', () => {
      const { server, client } = tree();
      const reply = answer(server, client, (c) =>
        c.request(OpCode.multiRead, (w) => {
          read(w, OpCode.getData, '/v');
          read(w, OpCode.getChildren, '/nope');
          read(w, OpCode.getData, '/shut');
          read(w, OpCode.getChildren, '');
          header(w, -1, true);
        }),
      );
      expect(reply.err).toBe(0);
      const r = new JuteReader(reply.body);
      expect(decodeMultiResponse(r)).toMatchObject([
        { type: OpCode.getData, response: { data: Uint8Array.of(0x31), stat: { numChildren: 1 } } },
        { type: OpCode.error, response: { err: -101 } },
        { type: OpCode.error, response: { err: -102 } },
        { type: OpCode.getChildren, response: { children: expect.arrayContaining(['v', 'shut', 'zookeeper']) } },
      ]);
      expect(r.remaining).toBe(0);
      client.setData('/v', '2');
      client.create('/nope');
      server.run();
      expect(client.take().every((frame) => frame.kind === 'reply')).toBe(true);
    });

    type Part = (w: JuteWriter) => void;
    const end: Part = (w) => header(w, -1, true);
    const of =
      (op: number, path: string | null): Part =>
      (w) =>
        read(w, op, path);

    test.each<[string, readonly Part[], number, string]>([
      ['nothing but an end', [end], 0, END],
      ['done alone is the end', [(w) => header(w, OpCode.getData, true)], 0, END],
      ['a write', [write, end], -5, END],
      ['a null path', [of(OpCode.getData, null), end], -5, END],
      ['a read, then a write', [of(OpCode.getData, '/v'), write, end], -5, ''],
      ['a write, then a read', [write, of(OpCode.getData, '/v'), end], -5, ''],
      ['an exists', [of(OpCode.exists, '/v'), end], -5, ''],
      ['a getChildren2', [of(OpCode.getChildren2, '/v'), end], -5, ''],
      ['no end', [of(OpCode.getData, '/v')], -5, ''],
      ['no body', [], -5, ''],
    ])('%s', (_what, parts, err, hex) => {
      const reply = ask((w) => {
        for (const part of parts) part(w);
      });
      expect([reply.err, Buffer.from(reply.body).toString('hex')]).toEqual([err, hex]);
    });

    test('a null path behind a read: -5, and what was read', () => {
      const reply = ask((w) => {
        read(w, OpCode.getChildren, '/v');
        read(w, OpCode.getChildren, null);
        header(w, -1, true);
      });
      const children = '00000001' + '00000001' + '61';
      expect(reply.err).toBe(-5);
      expect(Buffer.from(reply.body).toString('hex')).toBe(`00000008${'00'}00000000${children}${END}`);
    });

    test('a reply of more than a megabyte', () => {
      const { server, client } = start(options);
      client.create('/big', { data: new Uint8Array(600_000).fill(7) });
      server.run();
      client.take();
      const reply = answer(server, client, (c) =>
        c.request(OpCode.multiRead, (w) => {
          for (let i = 0; i < 4; i++) read(w, OpCode.getData, '/big');
          header(w, -1, true);
        }),
      );
      const results = decodeMultiResponse(new JuteReader(reply.body));
      expect(results.map(({ response }) => (response as { data: Uint8Array }).data.length)).toEqual(
        Array(4).fill(600_000),
      );
    });

    test('more parts than a shard reads', () => {
      const { server, client } = tree();
      const reply = answer(server, client, (c) =>
        c.request(OpCode.multiRead, (w) => {
          for (let i = 0; i < 2000; i++) read(w, OpCode.getChildren, i % 2 === 0 ? '/v' : '/nope');
          header(w, -1, true);
        }),
      );
      const results = decodeMultiResponse(new JuteReader(reply.body));
      expect(results.map(({ type }) => type)).toEqual(
        Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? OpCode.getChildren : OpCode.error)),
      );
    });

    test('a reply beyond all measure is refused', () => {
      const { server, client } = start(options);
      client.create('/big', { data: new Uint8Array(1_000_000) });
      server.run();
      client.take();
      const reply = answer(server, client, (c) =>
        c.request(OpCode.multiRead, (w) => {
          for (let i = 0; i < 35; i++) read(w, OpCode.getData, '/big');
          header(w, -1, true);
        }),
      );
      expect([reply.err, reply.body.length]).toEqual([-5, 0]);
    });
  });

  describe('getEphemerals', () => {
    const ask =
      (prefixPath: string | null): Ask =>
      (client) =>
        client.request(OpCode.getEphemerals, (w) => encodeGetEphemeralsRequest(w, { prefixPath }));
    const paths = (reply: Reply): string[] =>
      [...decodeGetEphemeralsResponse(new JuteReader(reply.body)).ephemerals].sort();

    const { server, client } = start(options);
    const other = server.connect();
    for (const path of ['/e1', '/e2', '/ab', '/abc', '/é']) client.create(path, { flags: 1 });
    client.create('/closed', { flags: 1, acl: NOBODY });
    client.create('/plain');
    other.create('/theirs', { flags: 1 });
    server.run();
    client.take();
    other.take();
    const all = ['/ab', '/abc', '/closed', '/e1', '/e2', '/é'];

    test.each<[string | null, readonly string[]]>([
      ['/', all],
      ['', all],
      [null, all],
      ['  ', all],
      [' / ', all],
      ['/ ', all],
      ['\t\n/', all],
      ['\0', all],
      ['\x1f/\x01', all],
      ['\u00a0', []],
      ['/a', ['/ab', '/abc']],
      ['/ab', ['/ab', '/abc']],
      ['/abc', ['/abc']],
      ['/abcd', []],
      ['e', []],
      [' /a', []],
      ['/plain', []],
      ['/theirs', []],
      ['/é', ['/é']],
    ])('%j', (prefix, expected) => {
      const reply = answer(server, client, ask(prefix));
      expect([reply.err, paths(reply)]).toEqual([0, expected]);
    });

    test('half a character begins nothing', () => {
      const reply = answer(server, client, (c) =>
        c.request(OpCode.getEphemerals, Uint8Array.of(0, 0, 0, 2, 0x2f, 0xc3)),
      );
      expect(paths(reply)).toEqual([]);
    });

    test('the session asks for its own, whatever connection it has', () => {
      expect(paths(answer(server, other, ask('/')))).toEqual(['/theirs']);
      const again = server.connect({ sessionId: other.sessionId, password: other.password });
      expect(paths(answer(server, again, ask(null)))).toEqual(['/theirs']);
      expect(paths(answer(server, server.connect(), ask(null)))).toEqual([]);
    });

    test('without a body: MarshallingError', () => {
      expect(answer(server, client, (c) => c.request(OpCode.getEphemerals)).err).toBe(-5);
    });

    test('more than a shard looks through', () => {
      const many = start(options);
      for (let i = 0; i < 5000; i++) many.client.create(`/many${i}`, { flags: 1 });
      many.server.run();
      many.client.take();
      expect(paths(answer(many.server, many.client, ask('/many'))).length).toBe(5000);
    });
  });

  describe('getAllChildrenNumber', () => {
    const ask =
      (path: string | null): Ask =>
      (client) =>
        client.request(OpCode.getAllChildrenNumber, (w) => encodeGetAllChildrenNumberRequest(w, { path }));
    const { server, client } = start(options);
    for (const path of ['/v', '/v/a', '/v/a/b', '/va']) client.create(path);
    client.create('/shut', { acl: NOBODY });
    client.create('/open');
    client.create('/open/shut', { acl: NOBODY });
    client.create('/wide');
    for (let i = 0; i < 5000; i++) client.create(`/wide/${i}`);
    for (let i = 0; i < 300; i++) client.create(`/wide/0/${i}`);
    server.run();
    client.take();

    test.each<[string | null, number, number]>([
      ['/', 0, 5311],
      // By this name ZooKeeper's root has the other root below it.
      ['', 0, 5312],
      ['/v', 0, 2],
      ['/va', 0, 0],
      ['/v/a', 0, 1],
      ['/zookeeper', 0, 2],
      ['/open', 0, 1],
      ['/wide', 0, 5300],
      ['/wide/0', 0, 300],
      ['/shut', -102, 0],
      ['/nope', -101, 0],
      ['/v/', -101, 0],
      ['v', -101, 0],
      ['/v\0', -101, 0],
      [null, -5, 0],
    ])('%j', (path, err, count) => {
      const reply = answer(server, client, ask(path));
      expect(reply.err).toBe(err);
      if (err === 0) {
        expect(decodeGetAllChildrenNumberResponse(new JuteReader(reply.body))).toEqual({ totalNumber: count });
      } else {
        expect(reply.body.length).toBe(0);
      }
    });

    test('counts what its own connection has made just before', () => {
      client.create('/v/new');
      client.create('/v/new/x');
      ask('/v')(client);
      client.delete('/v/new/x');
      ask('/v')(client);
      server.run();
      const counts = client
        .take()
        .filter((frame): frame is Reply => frame.kind === 'reply' && frame.op === OpCode.getAllChildrenNumber)
        .map((reply) => decodeGetAllChildrenNumberResponse(new JuteReader(reply.body)).totalNumber);
      expect(counts).toEqual([4, 3]);
    });
  });

  describe('whoAmI', () => {
    const ask: Ask = (client) => client.request(OpCode.whoAmI);
    const identities = (reply: Reply): string[] =>
      decodeWhoAmIResponse(new JuteReader(reply.body))
        .clientInfo.map(({ authScheme, user }) => `${authScheme}:${user}`)
        .sort();

    test('an identity each: of digest the user only, of super nothing', () => {
      const { server, client } = start(options);
      expect(identities(answer(server, client, ask))).toEqual(['ip:127.0.0.1']);
      for (const login of ['bob:pw', 'bob:pw2', 'nocolon', ':pw', 'super:secret']) client.auth('digest', login);
      server.run();
      client.take();
      expect(identities(answer(server, client, ask))).toEqual([
        'digest:',
        'digest:bob',
        'digest:bob',
        'digest:nocolon',
        'digest:super',
        'ip:127.0.0.1',
        'super:',
      ]);
    });

    test('shows those at its arrival, in its place; a body is ignored', () => {
      const { server, client } = start(options);
      client.create('/a');
      client.request(OpCode.whoAmI, new Uint8Array(3));
      client.auth('digest', 'bob:pw');
      ask(client);
      server.run();
      const replies = client.take() as Reply[];
      expect(replies.map(({ op, zxid }) => [op, zxid])).toEqual([
        [OpCode.create, 2n],
        [OpCode.whoAmI, 2n],
        [OpCode.auth, 0n],
        [OpCode.whoAmI, 2n],
      ]);
      expect(identities(replies[1] as Reply)).toEqual(['ip:127.0.0.1']);
      expect(identities(replies[3] as Reply)).toEqual(['digest:bob', 'ip:127.0.0.1']);
    });
  });
});
