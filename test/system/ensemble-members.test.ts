// Members of an ensemble one by one, as processes: without the others, with a disk that lost something, on threads of their own,
// and what each tells its operators.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { create, read, synced } from '../testing/ensemble-client.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool } from '../testing/run-tool.js';
import { readEqualTrees } from '../testing/tree-reading.js';
import { until } from '../testing/until.js';
import { WireConnection } from '../testing/wire-connection.js';

const ZK_SERVER = join(repositoryRoot, 'dist/src/cli/zk-server.js');
/** super:secret */
const SUPER_DIGEST = `super:${createHash('sha1').update('super:secret').digest('base64')}`;
const NOT_READ_ONLY = -119;

describe('one member that finds no other', () => {
  it('serves readers that ask for it, and everybody again when another one comes', async () => {
    const kinds = ['threadkeeper', 'threadkeeper', 'threadkeeper'] as const;
    await using three = await EnsembleProcess.prepare({
      kinds,
      cfg: { tickTime: 1000, 'readonlymode.enabled': 'true' },
    });
    await three.startMember(1);
    const [one] = three.ports() as [number];
    await until('the read-only server', 15_000, async () => (await three.mode(1)) === 'read-only');
    expect(await fourLetterWord(one, 'isro')).toBe('ro');
    const stranger = await WireConnection.open(one);
    await expect(stranger.handshake()).rejects.toThrow('closed');
    stranger.destroy();
    const reader = await WireConnection.open(one);
    const grant = await reader.handshake({ readOnly: true });
    expect(grant).toMatchObject({ readOnly: true });
    expect(grant.timeOutMs).toBeGreaterThan(0);
    expect(await read(reader, '/zookeeper/config')).toContain('server.1=');
    expect(await create(reader, '/n', '')).toBe(NOT_READ_ONLY);
    await three.startMember(2);
    await three.awaitServing([1, 2]);
    expect(await reader.nextFrame()).toBeNull();
    const client = await WireConnection.openSession(one);
    expect(await create(client, '/n', '')).toBe(0);
    await client.closeSession();
  });
});

describe('a member whose disk has lost something', () => {
  it('a damaged log is cut back, and the leader sends what is missing', async () => {
    await using three = await EnsembleProcess.startOurs();
    const leader = await three.leader();
    const follower = leader === 1 ? 2 : 1;
    const client = await WireConnection.openSession(three.member(leader).clientPort);
    for (let i = 0; i < 40; i++) expect(await create(client, `/n${i}`, 'x'.repeat(100))).toBe(0);
    await three.awaitSameZxid();
    await three.kill(follower);
    const directory = join(three.member(follower).dataDir, 'version-2');
    const log = readdirSync(directory)
      .filter((name) => name.startsWith('log.'))
      .sort()
      .at(-1) as string;
    const bytes = readFileSync(join(directory, log));
    bytes[16 + 2000] ^= 1;
    writeFileSync(join(directory, log), bytes);
    await three.startMember(follower);
    await three.awaitServing();
    expect(three.member(follower).log()).toContain('The log is cut back to');
    expect(await create(client, '/last', '')).toBe(0);
    await client.closeSession();
    await three.awaitSameZxid();
    await readEqualTrees([leader, follower].map((sid) => three.member(sid).clientPort));
    // Nothing is owed any more: the next start is one like any other, and the member leads if it must.
    await three.kill(follower);
    await three.startMember(follower);
    await three.awaitServing();
    await three.kill(leader);
    await three.awaitServing();
  });

  it('one that lost everything gets a snapshot', async () => {
    await using three = await EnsembleProcess.startOurs({
      cfg: { tickTime: 1000, snapshotSizeFactor: -1, snapCount: 10 },
    });
    const leader = await three.leader();
    const follower = leader === 1 ? 2 : 1;
    const client = await WireConnection.openSession(three.member(leader).clientPort);
    for (let i = 0; i < 40; i++) expect(await create(client, `/n${i}`, 'x'.repeat(100))).toBe(0);
    await three.kill(follower);
    rmSync(join(three.member(follower).dataDir, 'version-2'), { recursive: true });
    await three.startMember(follower);
    await three.awaitServing();
    expect(three.member(follower).log()).toContain('The leader sends SNAP');
    expect(await create(client, '/last', '')).toBe(0);
    await client.closeSession();
    await three.awaitSameZxid();
    await readEqualTrees([leader, follower].map((sid) => three.member(sid).clientPort));
    await three.kill(follower);
    await three.startMember(follower);
    await three.awaitServing();
    const again = await WireConnection.openSession(three.member(follower).clientPort);
    expect(await read(again, '/n7')).toBe('x'.repeat(100));
    await again.closeSession();
  });
});

describe('a member, to its operators', () => {
  it('says what it is, and takes no restore; an admin port that is taken is no reason to end', async () => {
    const ports = [await freePort(), await freePort()] as const;
    await using three = await EnsembleProcess.startOurs({
      cfg: {
        tickTime: 1000,
        'admin.enableServer': 'true',
        'admin.serverAddress': '127.0.0.1',
        'admin.restore.enabled': 'true',
        'DigestAuthenticationProvider.superDigest': SUPER_DIGEST,
      },
      // Two of them want the same.
      cfgOf: (sid) => ({ 'admin.serverPort': ports[sid === 1 ? 0 : 1] }),
    });
    for (const sid of [1, 2, 3]) {
      const { configFile } = three.member(sid).running();
      const run = await runTool(process.execPath, [ZK_SERVER, 'status', configFile], { deadlineMs: 20_000 });
      expect(run.stdout).toMatch(new RegExp(`\nMode: ${await three.mode(sid)}\n$`));
    }
    const answer = await fetch(`http://127.0.0.1:${ports[0]}/commands/restore`, {
      method: 'POST',
      body: 'anything',
      headers: { Authorization: 'digest super:secret' },
    });
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('a member of an ensemble has the database of its ensemble');
    expect(three.member(1).log()).toContain('Restore command is refused: a member of an ensemble');
    await until('one of them to do without', 10_000, () =>
      (three.member(2).log() + three.member(3).log()).includes('Problem starting AdminServer'),
    );
  });
});

describe.each([
  ['pipeline', 2],
  ['staged', 1],
] as const)('members whose stages have threads of their own, %s', (placement, connectionShards) => {
  it('serve, lose their leader, and serve again', async () => {
    await using three = await EnsembleProcess.startOurs({
      cfg: {
        tickTime: 1000,
        'threadkeeper.placement': placement,
        'threadkeeper.connectionShards': connectionShards,
      },
    });
    const clients = await Promise.all(three.ports().map((port) => WireConnection.openSession(port)));
    for (const [i, client] of clients.entries()) expect(await create(client, `/n${i}`, `by ${i}`)).toBe(0);
    const first = await three.leader();
    await three.kill(first);
    await three.awaitServing();
    for (const client of clients) client.destroy();
    for (const port of three.ports()) {
      const client = await WireConnection.openSession(port);
      await synced(client);
      for (const i of clients.keys()) expect(await read(client, `/n${i}`)).toBe(`by ${i}`);
      await client.closeSession();
    }
    await three.startMember(first);
    await three.awaitServing();
    await three.awaitSameZxid();
  });
});
