// get_node and get_children beside a server on which clients made the nodes: what ACLs let through and to whom, masked digests,
// bounds, and who is not let in at all: other machines, other names, other sites, nobody in particular where logins are enforced.

import { beforeAll, describe, expect, it } from 'vitest';
import type { Command, CommandAnswer, CommandRequest, MakeCommand } from '../../../src/admin/command.js';
import { getChildren } from '../../../src/admin/commands/get-children.js';
import { getNode } from '../../../src/admin/commands/get-node.js';
import { atQuietMoment } from '../../../src/admin/quiet-moment.js';
import { ManualClock } from '../../../src/base/clock.js';
import { AclPolicy } from '../../../src/processor/acl.js';
import { aclSchemes } from '../../../src/processor/auth/acl-schemes.js';
import type { AdminConfig } from '../../../src/server/admin-config.js';
import type { AdminHost } from '../../../src/server/admin-host.js';
import { NodeView } from '../../../src/server/node-view.js';
import { InlineServer } from '../../testing/inline-server.js';
import { TreeFixture } from '../store/tree-fixture.js';

const READ = 1;
const ALL = 31;
const SUPER_DIGEST = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4=';
const MANY = 450;
const HOSTILE = '<img src=x onerror=alert(1)>';

let server: InlineServer;
let host: { -readonly [K in keyof AdminHost]: AdminHost[K] };

beforeAll(() => {
  const auth = { ...InlineServer.defaults().auth, superDigest: SUPER_DIGEST };
  server = InlineServer.start({ config: { auth } });
  const client = server.connect();
  client.auth('digest', 'bob:secret');
  const bob = (perms: number) => ({ perms, id: { scheme: 'auth', id: '' } });
  const anyone = (perms: number) => ({ perms, id: { scheme: 'world', id: 'anyone' } });
  client.create('/open', { data: 'some data' });
  client.create('/empty', { data: null });
  client.create(`/${HOSTILE}`, { data: '<script>' });
  client.create('/bobs', { data: 'private', acl: [bob(ALL)] });
  client.create('/bobs/child', { acl: [anyone(ALL)] });
  client.create('/shown', { data: 'public', acl: [bob(ALL), anyone(READ)] });
  client.create('/here', { acl: [{ perms: ALL, id: { scheme: 'ip', id: '127.0.0.1' } }] });
  client.create('/many');
  client.create('/wide');
  for (let i = 0; i < 510; i++) client.create(`/wide/n${i}`);
  for (let i = 0; i < MANY; i++) client.create(`/many/n${i}`, { flags: i === 0 ? 1 : 0 });
  server.run();
  host = {
    config: { ...InlineServer.defaults().admin, tree: 'loopback', hostNames: ['zk.example'] } satisfies AdminConfig,
    auth,
    tree: server.tree,
    aclPolicy: new AclPolicy(false, aclSchemes(auth)),
    clock: new ManualClock(),
  } as unknown as AdminHost;
});

interface Caller {
  readonly authorization?: string;
  readonly remoteAddress?: string;
  readonly clientAddress?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(make: MakeCommand, query: Record<string, string>, caller: Caller = {}): Promise<CommandAnswer> {
  const { authorization, remoteAddress = '127.0.0.1', clientAddress = remoteAddress, headers } = caller;
  const request: CommandRequest = {
    parameters: new Map(Object.entries(query)),
    headers: { host: 'localhost:8080', ...headers, ...(authorization === undefined ? {} : { authorization }) },
    remoteAddress,
    clientAddress,
    certified: [],
    body: undefined as never,
    beginBody: () => {},
  };
  const command: Command = make(host);
  return await command.run(request);
}

function text(answer: CommandAnswer): string | null {
  const { data } = answer.fields as { data: string | null };
  return data === null ? null : Buffer.from(data, 'base64').toString();
}

describe('get_node', () => {
  it('shows data, Stat and ACL', async () => {
    const answer = await ask(getNode, { path: '/open' });
    expect(text(answer)).toBe('some data');
    expect(answer.fields).toMatchObject({
      path: '/open',
      data_shown: 9,
      acl: [{ scheme: 'world', id: 'anyone', perms: 'cdrwa' }],
      stat: { kind: 'persistent', version: 0, data_length: 9, child_count: 0, ephemeral_owner: '0', ttl_ms: null },
    });
    const { czxid, mtime } = (answer.fields as { stat: { czxid: string; mtime: number } }).stat;
    expect(czxid).toMatch(/^[0-9a-f]+$/);
    expect(mtime).toBe(server.clock.wallMs());
  });

  it('shows no more of the data than was asked for, and says how much there is', async () => {
    const answer = await ask(getNode, { path: '/open', bytes: '4' });
    expect(text(answer)).toBe('some');
    expect(answer.fields).toMatchObject({ data_shown: 4, stat: { data_length: 9 } });
    expect(text(await ask(getNode, { path: '/empty' }))).toBeNull();
  });

  it('passes names and data on as they are', async () => {
    expect(text(await ask(getNode, { path: `/${HOSTILE}` }))).toBe('<script>');
  });

  it('keeps to the ACL: whoever may not read gets the Stat, as by exists', async () => {
    const refused = await ask(getNode, { path: '/bobs' });
    expect(refused).toMatchObject({ status: 403, error: 'Not authorized', fields: { data: null, acl: null } });
    expect(refused.fields).toMatchObject({ stat: { child_count: 1 } });
    expect(JSON.stringify(refused.fields)).not.toContain('private');
    const wrong = await ask(getNode, { path: '/bobs' }, { authorization: 'digest bob:guess' });
    expect(wrong).toMatchObject({ status: 403, fields: { data: null } });
    expect(text(await ask(getNode, { path: '/bobs' }, { authorization: 'digest bob:secret' }))).toBe('private');
    expect(text(await ask(getNode, { path: '/bobs' }, { authorization: 'digest super:secret' }))).toBe('private');
  });

  it('masks digests for whoever has no ADMIN', async () => {
    const acl = async (caller: Caller) => JSON.stringify((await ask(getNode, { path: '/shown' }, caller)).fields?.acl);
    expect(await acl({})).toContain('"bob:x"');
    expect(await acl({ authorization: 'digest bob:secret' })).toMatch(/"bob:[^x"]{20,}"/);
  });

  it('knows callers by their address', async () => {
    expect((await ask(getNode, { path: '/here' })).status).toBeUndefined();
    expect((await ask(getNode, { path: '/here' }, { remoteAddress: '::1' })).status).toBe(403);
    // A proxy on this machine that is believed is not its clients.
    expect((await ask(getNode, { path: '/here' }, { clientAddress: '10.0.0.7' })).status).toBe(403);
  });

  it('says what is not there, and what makes no sense', async () => {
    expect(await ask(getNode, { path: '/nope' })).toMatchObject({ status: 404, error: 'Node does not exist: /nope' });
    expect(await ask(getNode, {})).toMatchObject({ status: 400 });
    expect(await ask(getNode, { path: '/open', bytes: '-1' })).toMatchObject({ status: 400 });
    expect(await ask(getNode, { path: '/open' }, { authorization: 'digest a:b c' })).toMatchObject({ status: 401 });
  });
});

describe('get_children', () => {
  const names = async (query: Record<string, string>): Promise<string[]> => {
    const { fields } = await ask(getChildren, query);
    return (fields as unknown as { children: { name: string }[] }).children.map(({ name }) => name);
  };

  it('goes through them by the page', async () => {
    const pages = [
      await names({ path: '/many', count: '200' }),
      await names({ path: '/many', first: '200', count: '200' }),
      await names({ path: '/many', first: '400', count: '200' }),
    ];
    expect(pages.map(({ length }) => length)).toEqual([200, 200, 50]);
    expect(new Set(pages.flat()).size).toBe(MANY);
    expect(await names({ path: '/many', first: '450' })).toEqual([]);
  });

  it('never shows more than 500 at once', async () => {
    const root = await ask(getChildren, { path: '/many', count: '1000000' });
    expect((root.fields as unknown as { children: unknown[] }).children).toHaveLength(MANY);
    expect((await ask(getChildren, { path: '/wide', count: '1000000' })).fields).toMatchObject({ child_count: 510 });
    expect(await names({ path: '/wide', count: '1000000' })).toHaveLength(500);
  });

  it('says of each what a tree needs to show', async () => {
    const { fields } = await ask(getChildren, { path: '/' });
    expect(fields).toMatchObject({ path: '/', first: 0 });
    const { children } = fields as unknown as { children: { name: string }[] };
    expect(children).toContainEqual({ name: 'many', kind: 'persistent', data_length: 0, child_count: MANY });
    expect(children).toContainEqual({ name: HOSTILE, kind: 'persistent', data_length: 8, child_count: 0 });
    const many = await ask(getChildren, { path: '/many', count: '1000' });
    expect(JSON.stringify(many.fields)).toContain('"ephemeral"');
  });

  it('needs READ on the parent, and on nothing else', async () => {
    expect(await ask(getChildren, { path: '/bobs' })).toMatchObject({ status: 403, fields: { path: '/bobs' } });
    const own = await ask(getChildren, { path: '/bobs' }, { authorization: 'digest bob:secret' });
    expect(own.fields).toMatchObject({ child_count: 1, children: [{ name: 'child' }] });
    expect(await ask(getChildren, { path: '/nope' })).toMatchObject({ status: 404 });
  });
});

describe('nobody is let in', () => {
  const status = async (caller: Caller): Promise<number> =>
    (await ask(getNode, { path: '/open' }, caller)).status ?? 200;

  it('from another machine, unless the operator wants it', async () => {
    expect(await status({ remoteAddress: '10.0.0.7' })).toBe(403);
    expect(await status({ headers: { 'x-forwarded-for': '10.0.0.7' } })).toBe(403);
    const { config } = host;
    host.config = { ...config, tree: 'any' };
    expect(await status({ remoteAddress: '10.0.0.7' })).toBe(200);
    host.config = { ...config, tree: 'off' };
    expect(await status({})).toBe(403);
    host.config = config;
  });

  it('under a name that is not the server’s own', async () => {
    expect(await status({ headers: { host: 'evil.example:8080' } })).toBe(421);
    expect(await status({ headers: { host: '' } })).toBe(421);
    for (const name of ['127.0.0.1:8080', '[::1]:8080', 'localhost', 'tree.localhost:1', 'ZK.example:8080']) {
      expect([name, await status({ headers: { host: name } })]).toEqual([name, 200]);
    }
  });

  it('by a page of another site', async () => {
    expect(await status({ headers: { 'sec-fetch-site': 'cross-site' } })).toBe(403);
    expect(await status({ headers: { 'sec-fetch-site': 'same-origin' } })).toBe(200);
  });

  it('without a login where clients need one', async () => {
    const { auth } = host;
    host.auth = { ...auth, enforcedSchemes: ['digest'] };
    expect(await status({})).toBe(401);
    expect(await status({ authorization: 'digest bob:secret' })).toBe(200);
    host.auth = auth;
  });
});

describe('while the tree is being written', () => {
  it('a reading is given up for now, and asked for again', async () => {
    const fixture = new TreeFixture();
    fixture.create('/a');
    const view = new NodeView(fixture.newReader(), new AclPolicy(false, []));
    fixture.tree.beginWrite();
    expect(view.readNode('/a', [], 10)).toBeNull();
    expect(view.readChildren('/', [], 0, 10)).toBeNull();
    const reading = atQuietMoment(() => view.readNode('/a', [], 10));
    fixture.tree.endWrite(0, 1);
    expect(await reading).toMatchObject({ mayRead: true });
  });

  it('and in the end not at all', async () => {
    expect(await atQuietMoment(() => null)).toBeNull();
  });
});
