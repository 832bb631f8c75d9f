// The lines of the audit log that a server by hand writes: which requests leave one, what stands in it, and that none is lost or
// forged by what clients do. Compared with Apache's lines in test/interop/audit.

import { describe, expect, test } from 'vitest';
import { OpCode } from '../../../src/protocol/op-code.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';

const AUDITED: InlineServerOptions = { properties: { 'zookeeper.audit.enable': 'true' } };
const EPHEMERAL = 1;

/** Without what differs from run to run. */
function linesOf(server: InlineServer): string[] {
  return server.audited.map((line) =>
    line.replace(/session=0x[0-9a-f]+/, 'session=S').replace(/user=\S+?\top/, 'user=U\top'),
  );
}

describe('a line for each change that was asked for', () => {
  test('in the order of the replies, whoever refused it', () => {
    const server = InlineServer.start(AUDITED);
    const client = server.connect();
    client.create('/a', { data: 'x' });
    client.create('/a', { flags: EPHEMERAL });
    client.create('/s-', { flags: 3, op: OpCode.create2 });
    client.createTtl('/t', 1000n);
    client.getData('/a');
    client.setData('/a', 'y', 5);
    client.delete('/a');
    client.sync('/');
    server.run();
    expect(linesOf(server)).toEqual([
      'Isession=S\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/a\tznode_type=persistent\tresult=success',
      'Esession=S\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/a\tznode_type=ephemeral\tresult=failure',
      'Isession=S\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/s-0000000001\tznode_type=ephemeral_sequential\tresult=success',
      'Esession=S\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/t\tznode_type=persistent_with_ttl\tresult=failure',
      'Esession=S\tuser=127.0.0.1\tip=127.0.0.1\toperation=setData\tznode=/a\tresult=failure',
      'Isession=S\tuser=127.0.0.1\tip=127.0.0.1\toperation=delete\tznode=/a\tresult=success',
    ]);
  });

  test('also when its connection is gone before the reply comes', () => {
    const server = InlineServer.start({ ...AUDITED, placement: 'pipeline' });
    const client = server.connect();
    client.create('/hidden');
    server.network.deliverAll();
    client.connection.destroy();
    server.network.deliverAll();
    server.run();
    expect(linesOf(server)).toEqual([
      'Isession=S\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/hidden\tznode_type=persistent\tresult=success',
    ]);
  });

  test('none without audit.enable', () => {
    const server = InlineServer.start();
    const client = server.connect();
    client.create('/a');
    server.run();
    expect(server.audited).toEqual([]);
  });

  test('a client cannot write a second line, nor a field of another', () => {
    const server = InlineServer.start(AUDITED);
    const client = server.connect();
    client.delete('/x\tresult=success\nIuser=root');
    client.setAcl('/', [{ perms: 31, id: { scheme: 'digest', id: 'a\nb:c' } }], 99);
    server.run();
    expect(linesOf(server)).toEqual([
      'Esession=S\tuser=127.0.0.1\tip=127.0.0.1\toperation=delete\tznode=/x\\tresult=success\\nIuser=root\tresult=failure',
      'Esession=S\tuser=127.0.0.1\tip=127.0.0.1\toperation=setAcl\tznode=/\tacl=digest:a\\nb:c:cdrwa\tresult=failure',
    ]);
  });
});

describe('sessions that end', () => {
  test('leave one line for each of their nodes, whatever the number of shards', () => {
    const server = InlineServer.start({ ...AUDITED, placement: 'staged', connectionShards: 3 });
    const client = server.connect({ shard: 1 });
    client.create('/e1', { flags: EPHEMERAL });
    client.create('/e2', { flags: EPHEMERAL });
    client.closeSession();
    server.run();
    const lines = linesOf(server).filter((line) => line.includes('OnSessionCloseOrExpire'));
    expect(lines.sort()).toEqual([
      'Isession=S\tuser=U\toperation=ephemeralZNodeDeletionOnSessionCloseOrExpire\tznode=/e1\tresult=success',
      'Isession=S\tuser=U\toperation=ephemeralZNodeDeletionOnSessionCloseOrExpire\tznode=/e2\tresult=success',
    ]);
  });

  test('by expiry just so', () => {
    const server = InlineServer.start(AUDITED);
    const client = server.connect({ timeOutMs: 4000 });
    client.create('/e', { flags: EPHEMERAL });
    server.run();
    client.connection.destroy();
    server.advance(10_000);
    expect(linesOf(server).at(-1)).toBe(
      'Isession=S\tuser=U\toperation=ephemeralZNodeDeletionOnSessionCloseOrExpire\tznode=/e\tresult=success',
    );
  });
});

test('many requests at once lose no line, through mailboxes of any size', () => {
  const server = InlineServer.start({ ...AUDITED, placement: 'staged', connectionShards: 2, ringBytes: 1 << 12 });
  const clients = [server.connect(), server.connect()];
  for (let i = 0; i < 300; i++) for (const [k, client] of clients.entries()) client.create(`/n-${k}-${i}`);
  server.run();
  const named = server.audited.map((line) => /znode=(\S+)/.exec(line)?.[1]);
  expect(named).toHaveLength(600);
  for (const k of [0, 1]) {
    const own = named.filter((path) => path?.startsWith(`/n-${k}-`));
    expect(own).toEqual(Array.from({ length: 300 }, (_, i) => `/n-${k}-${i}`));
  }
});
