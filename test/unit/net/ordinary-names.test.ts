/**
 * Names that mean something to JavaScript's objects mean nothing to the server: as path components, users, schemes, owners
 * of watches and of quotas they are names like all others, also after a restart.
 */
import { expect, test } from 'vitest';
import { JuteReader } from '../../../src/jute/jute-reader.js';
import { type ACL, OPEN_ACL_UNSAFE } from '../../../src/protocol/acl.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { WireClient } from '../../testing/inline/wire-client.js';
import { InlineServer } from '../../testing/inline-server.js';

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  '__defineGetter__',
  '__lookupSetter__',
  'then',
  'length',
];
const EPHEMERAL = 1;

class Server {
  readonly inline = InlineServer.start();
  client: WireClient = this.inline.connect();

  call(send: (client: WireClient) => void, client = this.client): { err: number; body: Uint8Array } {
    send(client);
    return this.inline.reply(client);
  }

  ok(send: (client: WireClient) => void, client = this.client): Uint8Array {
    const { err, body } = this.call(send, client);
    expect(err).toBe(ErrorCode.Ok);
    return body;
  }

  textOf(path: string): string {
    return Buffer.from(new JuteReader(this.ok((c) => c.getData(path))).readBuffer() ?? []).toString();
  }

  childrenOf(path: string): string[] {
    const r = new JuteReader(this.ok((c) => c.getChildren(path)));
    return Array.from({ length: r.readInt() }, () => r.readUstring() as string).sort();
  }
}

test('they are path components that nobody has created before', () => {
  const server = new Server();
  for (const name of NAMES) {
    expect(server.call((c) => c.getData(`/${name}`)).err, name).toBe(ErrorCode.NoNode);
    expect(server.call((c) => c.create(`/${name}/child`)).err, name).toBe(ErrorCode.NoNode);
  }
  for (const name of NAMES) {
    server.ok((c) => c.create(`/${name}`, { data: `of ${name}` }));
    server.ok((c) => c.create(`/${name}/${name}`, { data: 'within' }));
    expect(server.call((c) => c.create(`/${name}`)).err).toBe(ErrorCode.NodeExists);
  }
  expect(server.childrenOf('/')).toEqual([...NAMES, 'zookeeper'].sort());

  server.inline.crash();
  server.inline.restart();
  server.client = server.inline.connect();
  for (const name of NAMES) {
    expect(server.textOf(`/${name}`)).toBe(`of ${name}`);
    expect(server.childrenOf(`/${name}`)).toEqual([name]);
    server.ok((c) => c.setData(`/${name}/${name}`, 'changed', 0));
    server.ok((c) => c.delete(`/${name}/${name}`, 1));
    server.ok((c) => c.delete(`/${name}`, 0));
  }
  expect(server.childrenOf('/')).toEqual(['zookeeper']);
});

test('they are watched, and owned by sessions', () => {
  const server = new Server();
  const other = server.inline.connect();
  for (const name of NAMES) {
    expect(server.call((c) => c.exists(`/${name}`, true)).err).toBe(ErrorCode.NoNode);
    server.ok((c) => c.create(`/${name}`, { flags: EPHEMERAL }), other);
    server.inline.run();
    expect(server.client.takeText().map((line) => line.replace(/ @.*/, ''))).toEqual([`event NodeCreated /${name}`]);
  }
  const r = new JuteReader(server.ok((c) => c.request(OpCode.getEphemerals, (w) => w.writeUstring('/')), other));
  const owned = Array.from({ length: r.readInt() }, () => r.readUstring() as string);
  expect(owned.sort()).toEqual(NAMES.map((name) => `/${name}`).sort());
  server.ok((c) => c.closeSession(), other);
  expect(server.childrenOf('/')).toEqual(['zookeeper']);
});

test('they are users, and no schemes', () => {
  const server = new Server();
  for (const name of NAMES) {
    const owner = server.inline.connect();
    server.ok((c) => c.auth('digest', `${name}:secret`), owner);
    const own: ACL[] = [{ perms: 31, id: { scheme: 'auth', id: '' } }];
    server.ok((c) => c.create(`/${name}`, { acl: own }), owner);
    server.ok((c) => c.getData(`/${name}`), owner);
    expect(server.call((c) => c.getData(`/${name}`)).err, name).toBe(ErrorCode.NoAuth);
    const stranger = server.inline.connect();
    server.ok((c) => c.auth('digest', `${name}:guess`), stranger);
    expect(server.call((c) => c.getData(`/${name}`), stranger).err, name).toBe(ErrorCode.NoAuth);

    const nobodys: ACL[] = [{ perms: 31, id: { scheme: name, id: 'anyone' } }];
    expect(server.call((c) => c.create('/never', { acl: nobodys })).err, name).toBe(ErrorCode.InvalidACL);
    expect(server.call((c) => c.auth(name, 'x'), stranger).err, name).toBe(ErrorCode.AuthFailed);
  }
});

test('they have quotas', () => {
  const server = new Server();
  for (const name of NAMES) {
    server.ok((c) => c.create(`/${name}`, { acl: OPEN_ACL_UNSAFE }));
    server.ok((c) => c.create(`/zookeeper/quota/${name}`));
    server.ok((c) => c.create(`/zookeeper/quota/${name}/zookeeper_limits`, { data: 'count=10,bytes=1000' }));
    server.ok((c) => c.create(`/${name}/${name}`, { data: 'four' }));
    expect(server.childrenOf(`/zookeeper/quota/${name}`)).toContain('zookeeper_limits');
    server.ok((c) => c.delete(`/${name}/${name}`));
  }
});
