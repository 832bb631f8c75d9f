// What Apache's keys of thread pools mean to threads, on whole servers by hand where they change what clients see.

import { describe, expect, it, test } from 'vitest';
import { concatBytes } from '../../../src/base/bytes.js';
import { Prng } from '../../../src/base/prng.js';
import { ServerRole } from '../../../src/processor/pipeline-records.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeGetDataRequest } from '../../../src/protocol/requests.js';
import { Settings } from '../../../src/server/settings.js';
import { readThreadConfig, type ThreadConfig } from '../../../src/server/thread-config.js';
import { leaderAlone, MemberPair } from '../../testing/inline/member-pair.js';
import { ScriptedMember } from '../../testing/inline/scripted-member.js';
import { Ending } from '../../testing/inline/sim-client-network.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

function read(keys: Readonly<Record<string, string | number>>, coreCount = 16): ThreadConfig {
  const file = new Map(Object.entries(keys).map(([name, value]) => [name, String(value)]));
  return readThreadConfig(new Settings(file, new Map()), coreCount);
}

describe('threads', () => {
  it.each<[Record<string, string | number>, cores: number, shards: number]>([
    [{}, 16, 4],
    [{ 'nio.numSelectorThreads': 6 }, 16, 6],
    [{ 'nio.numSelectorThreads': 1 }, 16, 1],
    [{ 'nio.numSelectorThreads': 2, 'nio.numWorkerThreads': 9 }, 16, 9],
    [{ 'nio.numWorkerThreads': 0 }, 16, 4],
    [{ 'commitProcessor.numWorkerThreads': 5, 'nio.numWorkerThreads': 3 }, 16, 5],
    [{ 'nio.numWorkerThreads': 64 }, 4, 4],
    [{ 'nio.numWorkerThreads': 500 }, 128, 64],
    [{ 'nio.numWorkerThreads': 'many' }, 16, 4],
    [{ 'nio.numWorkerThreads': 9, 'threadkeeper.connectionShards': 2 }, 16, 2],
  ])('%j on %i cores: %i shards', (keys, cores, shards) => {
    expect(read(keys, cores).connectionShards).toBe(shards);
  });

  it('are waited for no longer than a timer can wait', () => {
    expect(read({ 'nio.shutdownTimeout': '9000000000000000' }).drainMs).toBe(0x7fffffff);
    expect(read({ 'nio.shutdownTimeout': '9000000000', 'commitProcessor.shutdownTimeout': 700 }).drainMs).toBe(700);
  });

  it('are at least one', () => {
    expect(() => read({ 'nio.numSelectorThreads': 0 })).toThrow('nio.numSelectorThreads must be at least 1, not 0');
  });

  it('take batches as they come, unless somebody bounds them', () => {
    expect(read({})).toMatchObject({ readBatchMax: null, commitBatchMax: null });
    expect(read({ 'commitProcessor.maxReadBatchSize': 0 }).readBatchMax).toBe(1);
    expect(read({ 'commitProcessor.maxReadBatchSize': 32 }).readBatchMax).toBe(32);
    expect(read({ 'commitProcessor.maxReadBatchSize': -1 }).readBatchMax).toBeNull();
    expect(read({ 'commitProcessor.maxCommitBatchSize': 1 }).commitBatchMax).toBe(1);
    expect(read({ 'commitProcessor.maxCommitBatchSize': 0 }).commitBatchMax).toBeNull();
  });

  it('end as soon as the least patient of the pools would', () => {
    expect(read({}).drainMs).toBe(1000);
    expect(read({ 'nio.shutdownTimeout': 5000 }).drainMs).toBe(5000);
    expect(read({ 'nio.shutdownTimeout': 5000, 'commitProcessor.shutdownTimeout': 300 }).drainMs).toBe(300);
    expect(read({ 'request_throttler.shutdownTimeout': -1 }).drainMs).toBe(0);
  });
});

const READS = 5;

describe('a bound on batches', () => {
  test('of reads: the connection goes on when others have had their turn', () => {
    const server = InlineServer.start({ placement: 'pipeline', config: { readBatchMax: 2 } });
    const client = server.connect();
    const other = server.connect();
    const exists = (): Uint8Array =>
      client.requestFrame(OpCode.exists, (w) => encodeGetDataRequest(w, { path: '/', watch: false }));
    client.connection.send(concatBytes(Array.from({ length: READS }, exists)));
    server.network.deliverAll();
    expect(client.takeText()).toEqual(['exists Ok @2', 'exists Ok @2']);
    // A commit gets in between.
    other.create('/a');
    server.network.deliverAll();
    for (const thread of ['io-0', 'core', 'log', 'core']) server.turnOf(thread);
    server.run();
    expect(client.takeText().map((text) => text.replace(/ @\d/, ''))).toEqual(['exists Ok', 'exists Ok', 'exists Ok']);
    expect(other.takeText()).toEqual(['create Ok @3']);
    expect(client.connection.isPaused).toBe(false);
  });

  test('of commits: so many are applied in one turn', () => {
    const server = InlineServer.start({ placement: 'staged', config: { commitBatchMax: 1 } });
    const client = server.connect();
    const before = server.zxid;
    for (const name of ['a', 'b', 'c']) client.create(`/${name}`);
    server.network.deliverAll();
    for (const thread of ['io-0', 'prep', 'log']) server.turnOf(thread);
    for (let done = 1n; done <= 3n; done++) {
      server.turnOf('final');
      expect(server.zxid - before).toBe(done);
    }
    server.run();
    expect(client.takeText()).toHaveLength(3);
  });
});

const READ_ONLY_FOR_ALL = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];
const OPS: readonly [string, (client: WireClient) => void][] = [
  ['create', (client) => client.create('/closed/b')],
  ['create2', (client) => client.create('/closed/b', { op: OpCode.create2 })],
  ['delete', (client) => client.delete('/closed/a')],
  ['setData', (client) => client.setData('/closed', 'x')],
  ['setACL', (client) => client.setAcl('/closed', READ_ONLY_FOR_ALL)],
];

describe('ACLs that are checked before the leader is asked', () => {
  function start(checksAclEagerly: boolean): { pair: MemberPair; client: WireClient } {
    const member = (sid: number): ScriptedMember =>
      new ScriptedMember({ sid, prng: new Prng(sid), config: { checksAclEagerly } });
    const pair = new MemberPair(member(1), member(2));
    pair.begin(1);
    pair.run();
    const client = pair.learner.dial();
    client.handshake();
    pair.run();
    client.create('/closed');
    client.create('/closed/a');
    client.setAcl('/closed', READ_ONLY_FOR_ALL);
    pair.run();
    client.take();
    return { pair, client };
  }

  test.each(OPS)('%s: the refusal costs no proposal', (_name, ask) => {
    for (const eager of [false, true]) {
      const { pair, client } = start(eager);
      const proposed = pair.proposed;
      ask(client);
      pair.run();
      expect(client.takeReply()).toMatchObject({ err: ErrorCode.NoAuth, ...(eager ? { zxid: 0n } : {}) });
      expect(pair.proposed - proposed).toBe(eager ? 0n : 1n);
    }
  });

  test('what this member does not know, or has yet to do, is the leader’s to decide', () => {
    const { pair, client } = start(true);
    client.create('/new');
    client.setData('/new', 'x');
    client.create('/nowhere/a');
    client.getData('/new');
    pair.run();
    const replies = client.take().map((frame) => (frame.kind === 'reply' ? frame.err : frame.kind));
    expect(replies).toEqual([0, 0, ErrorCode.NoNode, 0]);
  });
});

describe('TLS while nobody is served', () => {
  test.each([false, true])('dropped before the handshake: %s', (dropsEarlyHandshakes) => {
    const config = { clientPort: null, secureClientPort: 2281, dropsEarlyHandshakes };
    const own = new ScriptedMember({ sid: 1, prng: new Prng(1), config });
    const early = own.dial();
    own.run();
    expect(early.connection.ending).toBe(dropsEarlyHandshakes ? Ending.reset : Ending.open);
    own.serve(ServerRole.leader, leaderAlone(own), 1);
    own.run();
    const late = own.dial();
    late.handshake();
    own.run();
    expect(late.take()[0]?.kind).toBe('connect');
  });
});
