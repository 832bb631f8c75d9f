// multi on a server by hand (client-protocol 3.7, 5.5): results op by op, all or nothing, what a failure leaves behind, and
// what does not decode. Results are shown as `create /a`, `error NoNode`.

import { describe, expect, test } from 'vitest';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { encodeMultiRequest, type MultiOp, type MultiResult } from '../../../src/protocol/multi.js';
import { OpCode, opName } from '../../../src/protocol/op-code.js';
import { dataTextOf, multiResultsOf, pathOf, repliesIn, statOf } from '../../testing/inline/reply-bodies.js';
import type { Reply, WireClient } from '../../testing/inline/wire-client.js';
import { codeName } from '../../testing/inline/wire-names.js';
import { InlineServer } from '../../testing/inline-server.js';

function create(path: string | null, flags = 0, type: 1 | 15 = 1): MultiOp {
  return { type, request: { path, data: new Uint8Array(0), acl: OPEN_ACL_UNSAFE, flags } };
}

function remove(path: string, version = -1): MultiOp {
  return { type: OpCode.delete, request: { path, version } };
}

function setData(path: string, data: string, version = -1): MultiOp {
  return { type: OpCode.setData, request: { path, data: new TextEncoder().encode(data), version } };
}

function check(path: string, version: number): MultiOp {
  return { type: OpCode.check, request: { path, version } };
}

function resultText(result: MultiResult): string {
  switch (result.type) {
    case OpCode.error:
      return `error ${codeName(result.response.err)}`;
    case OpCode.create:
    case OpCode.create2:
      return `${opName(result.type)} ${result.response.path}`;
    case OpCode.setData:
      return `setData version ${result.response.stat.version}`;
    default:
      return opName(result.type);
  }
}

function multi(server: InlineServer, client: WireClient, ...ops: MultiOp[]): string[] {
  client.multi(ops);
  return multiResultsOf(server.reply(client)).map(resultText);
}

function started(): { server: InlineServer; client: WireClient } {
  const server = InlineServer.start();
  return { server, client: server.connect() };
}

describe('a multi that succeeds', () => {
  test('answers op by op, judged by what the ops before have done', () => {
    const { server, client } = started();
    const results = multi(
      server,
      client,
      create('/m'),
      create('/m/a', 0, 15),
      setData('/m', 'z', 0),
      check('/m', 1),
      remove('/m/a', 0),
    );
    expect(results).toEqual(['create /m', 'create2 /m/a', 'setData version 1', 'check', 'delete']);
  });

  test('has one zxid and one time for all', () => {
    const { server, client } = started();
    multi(server, client, create('/m'), create('/m/a', 0, 15), setData('/m', 'z'));
    client.exists('/m');
    const parent = statOf(server.reply(client));
    client.exists('/m/a');
    const child = statOf(server.reply(client));
    expect([parent.czxid, parent.mzxid, parent.pzxid, child.czxid]).toEqual([2n, 2n, 2n, 2n]);
    expect(new Set([parent.ctime, parent.mtime, child.ctime]).size).toBe(1);
  });

  test('shows each Stat as it was right after its op', () => {
    const { server, client } = started();
    client.multi([create('/m', 0, 15), create('/m/a'), setData('/m', '12'), setData('/m', '345')]);
    const results = multiResultsOf(server.reply(client));
    const stats = results.map((result) =>
      result.type === OpCode.create2 || result.type === OpCode.setData ? result.response.stat : null,
    );
    expect(stats[0]).toMatchObject({ version: 0, numChildren: 0, cversion: 0, dataLength: 0 });
    expect(stats[2]).toMatchObject({ version: 1, numChildren: 1, cversion: 1, dataLength: 2 });
    expect(stats[3]).toMatchObject({ version: 2, dataLength: 3 });
  });

  test('may create and delete the same node again and again', () => {
    const { server, client } = started();
    const results = multi(server, client, create('/m'), remove('/m', 0), create('/m', 1), remove('/m'), create('/m'));
    expect(results).toEqual(['create /m', 'delete', 'create /m', 'delete', 'create /m']);
    client.exists('/m');
    expect(statOf(server.reply(client)).ephemeralOwner).toBe(0n);
  });

  test('counts sequential names on from op to op', () => {
    const { server, client } = started();
    expect(multi(server, client, create('/s-', 2), create('/s-', 2), create('/s-', 2))).toEqual([
      'create /s-0000000000',
      'create /s-0000000001',
      'create /s-0000000002',
    ]);
  });

  test('may be empty', () => {
    const { server, client } = started();
    expect(multi(server, client)).toEqual([]);
  });
});

describe('a multi that fails', () => {
  test('is answered with exactly these bytes (V28)', () => {
    const { server, client } = started();
    multi(server, client, create('/m'));
    client.multi([create('/m2'), check('/m', 9), create('/m3')]);
    const reply = server.reply(client);
    expect(reply).toMatchObject({ err: 0, zxid: 3n });
    expect(Buffer.from(reply.body).toString('hex')).toBe(
      'ffffffff000000000000000000ffffffff00ffffff99ffffff99ffffffff00fffffffefffffffeffffffff01ffffffff',
    );
  });

  test.each<[string, MultiOp[], string[]]>([
    ['first op', [remove('/nope'), create('/x')], ['NoNode', 'RuntimeInconsistency']],
    ['last op', [create('/x'), create('/x')], ['Ok', 'NodeExists']],
    ['only op', [setData('/a', '', 7)], ['BadVersion']],
    ['bad path', [create('/x'), create('/x/..')], ['Ok', 'BadArguments']],
    ['parent only later', [create('/p/q'), create('/p')], ['NoNode', 'RuntimeInconsistency']],
    ['child of an ephemeral made before', [create('/e', 1), create('/e/x')], ['Ok', 'NoChildrenForEphemerals']],
    ['delete of a node with a child made before', [create('/a/b'), remove('/a')], ['Ok', 'NotEmpty']],
  ])('%s', (_what, ops, errors) => {
    const { server, client } = started();
    client.create('/a');
    server.reply(client);
    expect(multi(server, client, ...ops)).toEqual(errors.map((error) => `error ${error}`));
    client.getChildren2('/');
    expect(statOf(server.reply(client))).toMatchObject({ numChildren: 2, cversion: 0, pzxid: 2n });
  });

  test('ZOOKEEPER-1624: leaves counters, versions and child counts exactly as before, for writes in flight behind it', () => {
    const { server, client } = started();
    client.create('/p');
    client.create('/p/v');
    server.run();
    client.take();
    // All in one batch: nothing of it is applied when the next is judged.
    client.create('/p/s-', { flags: 2 });
    client.multi([create('/p/s-', 2), create('/p/w'), setData('/p/v', '1'), remove('/p/v'), check('/p', 5)]);
    client.create('/p/s-', { flags: 2 });
    client.setData('/p/v', 'x', 0);
    client.delete('/p/w');
    client.exists('/p');
    server.run();
    const frames = client.take().map((frame) => (frame.kind === 'reply' ? frame : null));
    expect(frames.map((frame) => codeName(frame?.err ?? 1))).toEqual(['Ok', 'Ok', 'Ok', 'Ok', 'NoNode', 'Ok']);
    expect(pathOf(frames[0] as never)).toBe('/p/s-0000000001');
    expect(pathOf(frames[2] as never)).toBe('/p/s-0000000002');
    expect(statOf(frames[5] as never)).toMatchObject({ numChildren: 3, cversion: 3 });
  });

  test('leaves changes in flight before it as they were', () => {
    const { server, client } = started();
    client.create('/a', { data: '0' });
    client.setData('/a', '1', 0);
    client.multi([setData('/a', '2', 1), remove('/a', 2), check('/a', 0)]);
    client.multi([setData('/a', '3', 1), create('/a')]);
    client.setData('/a', '4', 1);
    client.getData('/a');
    server.run();
    const frames = client.take();
    const read = frames.at(-1);
    expect(frames.map((frame) => (frame.kind === 'reply' ? frame.err : 1))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(dataTextOf(read as never)).toBe('4');
    expect(statOf(read as never).version).toBe(2);
  });

  test('many failed multis in flight leave no trace', () => {
    const { server, client } = started();
    client.create('/p');
    for (let i = 0; i < 50; i++) {
      client.multi([create('/p/x'), create('/p/y', 2), remove('/p/x'), setData('/p', `${i}`), check('/nope', 0)]);
      client.setData('/p', 'kept', i);
    }
    client.exists('/p');
    server.run();
    const last = client.take().at(-1);
    expect(statOf(last as never)).toMatchObject({ version: 50, numChildren: 0, cversion: 0, pzxid: 2n, mzxid: 102n });
  });

  test('fires no watch', () => {
    const { server, client } = started();
    client.getChildren('/', true);
    client.exists('/x', true);
    server.run();
    client.take();
    multi(server, client, create('/x'), check('/nope', 0));
    client.create('/x');
    server.run();
    expect(client.takeText()).toEqual(['event NodeCreated /x @3', 'event NodeChildrenChanged / @3', 'create Ok @3']);
  });

  test('is replayed as a failure after a crash', () => {
    const { server, client } = started();
    multi(server, client, create('/x'), check('/nope', 0));
    server.crash();
    server.restart();
    const after = server.connect();
    after.exists('/x');
    expect(codeName(server.reply(after).err)).toBe('NoNode');
    expect(server.zxid).toBe(3n);
  });
});

describe('a multi with a part that the reference stumbles over', () => {
  const NULL_DIGEST = [{ perms: 31, id: { scheme: 'digest', id: null } }];
  const stumble: MultiOp = {
    type: OpCode.create,
    request: { path: '/stumble', data: null, acl: NULL_DIGEST, flags: 0 },
  };

  test('is refused whole, uses up one zxid and leaves no trace', () => {
    const { server, client } = started();
    client.create('/p');
    client.multi([create('/p/a'), setData('/p', 'x'), stumble, create('/p/b')]);
    client.create('/p/s-', { flags: 2 });
    client.setData('/p', '', 0);
    server.run();
    const [, failed, sequential, set] = repliesIn(client.take());
    expect(failed).toMatchObject({ err: -5, zxid: 3n, body: new Uint8Array(0) });
    expect(pathOf(sequential as Reply)).toBe('/p/s-0000000000');
    expect(set).toMatchObject({ err: 0 });
  });

  test('fails as any other when an earlier part has failed: it is never looked at', () => {
    const { server, client } = started();
    expect(multi(server, client, remove('/nope'), stumble)).toEqual(['error NoNode', 'error RuntimeInconsistency']);
  });
});

describe('a multi that does not decode is refused whole', () => {
  const setAcl = new JuteWriter();
  setAcl.writeInt(OpCode.setACL);
  setAcl.writeBool(false);
  setAcl.writeInt(-1);
  setAcl.writeUstring('/a');
  setAcl.writeInt(0);
  setAcl.writeInt(-1);
  const end = [0xff, 0xff, 0xff, 0xff, 1, 0xff, 0xff, 0xff, 0xff];

  test.each<[string, Uint8Array | MultiOp[]]>([
    ['setACL inside', Uint8Array.from([...setAcl.toBytes(), ...end])],
    ['a read inside', [create('/x'), { type: OpCode.getData, request: { path: '/', watch: false } }]],
    ['a null path', [create('/x'), create(null)]],
    ['flags 5 through create', [create('/x', 5)]],
    ['flags 7', [create('/x', 7)]],
    ['no end', encoded([create('/x')]).slice(0, -9)],
    ['half an end', encoded([create('/x')]).slice(0, -1)],
    ['nothing at all', new Uint8Array(0)],
    ['a cut record', encoded([create('/x')]).slice(0, 20)],
  ])('%s', (_what, body) => {
    const { server, client } = started();
    client.request(OpCode.multi, body instanceof Uint8Array ? body : encoded(body));
    const reply = server.reply(client);
    expect(codeName(reply.err)).toBe('MarshallingError');
    expect(reply.body).toHaveLength(0);
    client.exists('/x');
    expect(codeName(server.reply(client).err)).toBe('NoNode');
  });

  test('only done marks the end: a header of type -1 without it is an unknown op', () => {
    const { server, client } = started();
    client.request(OpCode.multi, Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, ...end]));
    expect(codeName(server.reply(client).err)).toBe('MarshallingError');
  });

  test('an end header of any type will do', () => {
    const { server, client } = started();
    client.request(OpCode.multi, Uint8Array.of(0, 0, 0, 1, 1, 0, 0, 0, 0));
    expect(multiResultsOf(server.reply(client))).toEqual([]);
  });
});

function encoded(ops: readonly MultiOp[]): Uint8Array {
  const w = new JuteWriter();
  encodeMultiRequest(w, ops);
  return w.toBytes();
}
