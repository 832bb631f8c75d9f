// Four-letter words and admin commands of Apache's server and of ours, standalone, after the same operations: every answer compared
// to the blank, once times, ports and ids have been taken out of it. What may differ is said where it is taken out, or in ALLOWED.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apacheServer } from '../testing/apache-server.js';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { freePort } from '../testing/free-port.js';
import { type ServerKind, ServerProcess } from '../testing/server-process.js';
import { threadkeeperServer } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { counted, int32, Op, openAcl, WireConnection } from '../testing/wire-connection.js';
import { normalJson, normalWord, type Particulars, sortedBlocks, withoutBuckets } from './admin/normal-answers.js';

const PERSISTENT = int32(0);
const EPHEMERAL = int32(1);
const ADD_WATCH = 106;
const WATCH = Uint8Array.of(1);
const START_MS = 30_000;
/** Enough for a digest to be remembered. */
const WRITES = 130;

/** Commands whose answers differ by more than what is taken out, and why. */
const ALLOWED: Readonly<Record<string, string>> = {
  environment: 'the values are those of another runtime',
  system_properties: 'those of a JVM are not here',
  monitor: 'has a test of its own (mntr-apache.test.ts)',
  snapshot: 'not in 3.8.0',
  restore: 'not in 3.8.0',
};

interface Subject {
  readonly server: ServerProcess;
  readonly adminPort: number;
  readonly particulars: Particulars;
  readonly connections: readonly WireConnection[];
}

let apache: Subject;
let ours: Subject;

beforeAll(async () => {
  [apache, ours] = await Promise.all([subject(apacheServer), subject(threadkeeperServer)]);
}, 60_000);

afterAll(async () => {
  for (const { connections, server } of [apache, ours]) {
    for (const connection of connections) connection.destroy();
    await server.stop();
  }
});

async function subject(kind: ServerKind): Promise<Subject> {
  const adminPort = await freePort();
  const server = await ServerProcess.spawn(kind, {
    cfg: {
      'admin.enableServer': 'true',
      'admin.serverPort': adminPort,
      'admin.serverAddress': '127.0.0.1',
      // Of the configuration file itself, since its directory is another one.
      maxClientCnxns: 60,
    },
  });
  // Nobody else asks for a session: it would be among the answers.
  const firstZxid = await until('the server to serve', START_MS, async () => {
    const status = await fourLetterWord(server.port, 'srvr').catch(() => '');
    const zxid = /^Zxid: (0x[0-9a-f]+)$/m.exec(status)?.[1];
    return zxid === undefined ? undefined : BigInt(zxid);
  });
  await until('its admin port', START_MS, () =>
    fetch(`http://127.0.0.1:${adminPort}/commands/ruok`).catch(() => undefined),
  );
  await fourLetterWord(server.port, 'srst');
  const connections: WireConnection[] = [];
  const sessions: bigint[] = [];
  // The third says nothing after that.
  for (const timeOutMs of [10_000, 30_000, 20_000]) {
    const connection = await WireConnection.open(server.port);
    sessions.push((await connection.handshake({ timeOutMs })).sessionId);
    connections.push(connection);
  }
  await operate(connections[0] as WireConnection, connections[1] as WireConnection);
  const particulars = {
    dataDir: server.dataDir,
    ports: { CLIENT: server.port, ADMIN: adminPort },
    sessions,
    firstZxid,
  };
  return { server, adminPort, particulars, connections };
}

async function operate(first: WireConnection, second: WireConnection): Promise<void> {
  let xid = 0;
  const create = async (client: WireConnection, path: string, flags: Buffer): Promise<void> => {
    expect((await client.call(++xid, Op.Create, counted(path), counted('x'), openAcl, flags)).err).toBe(0);
  };
  await create(first, '/app', PERSISTENT);
  await create(first, '/app/b', PERSISTENT);
  await create(first, '/app/eph', EPHEMERAL);
  await create(second, '/app/eph2', EPHEMERAL);
  for (let i = 0; i < WRITES; i++) {
    await first.call(++xid, Op.SetData, counted('/app/b'), counted(String(i)), int32(-1));
  }
  // Data, child, absent, persistent, and the same by two sessions.
  await first.call(++xid, Op.GetData, counted('/app'), WATCH);
  await first.call(++xid, Op.GetData, counted('/app/b'), WATCH);
  await first.call(++xid, Op.Exists, counted('/nope'), WATCH);
  await first.call(++xid, Op.GetChildren, counted('/app'), WATCH);
  await first.call(++xid, ADD_WATCH, counted('/persistent'), int32(0));
  await second.call(++xid, ADD_WATCH, counted('/recursive'), int32(1));
  await second.call(++xid, Op.GetData, counted('/app'), WATCH);
}

async function word({ server, particulars }: Subject, name: string): Promise<string> {
  return normalWord(await fourLetterWord(server.port, name), particulars);
}

async function raw({ adminPort }: Subject, path: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(`http://127.0.0.1:${adminPort}${path}`, init);
}

async function command(of: Subject, path: string): Promise<string> {
  const response = await raw(of, `/commands/${path}`);
  expect(response.headers.get('content-type')).toBe('application/json');
  return normalJson(await response.text(), of.particulars);
}

const isHead = (line: string): boolean => !line.startsWith('\t');

describe('four-letter words', () => {
  it.each(['conf', 'dirs', 'gtmk', 'hash', 'isro', 'ruok', 'srvr', 'wchs'])('%s', async (name) => {
    expect(await word(ours, name)).toBe(await word(apache, name));
  });

  it('dump', async () => {
    const [expected, found] = [await word(apache, 'dump'), await word(ours, 'dump')];
    expect(withoutBuckets(found)).toBe(withoutBuckets(expected));
    expect(found).toMatch(/^1 expire at DATE:\n\tSESSION0$/m);
  });

  it.each(['cons', 'stat', 'wchc', 'wchp'])('%s, whose entries are in no order', async (name) => {
    const [expected, found] = [await word(apache, name), await word(ours, name)];
    expect(sortedBlocks(found, isHead)).toBe(sortedBlocks(expected, isHead));
    expect(expected.length).toBeGreaterThan(20);
  });

  it('envi has the same keys in the same order', async () => {
    const keys = (text: string): string[] => text.split('\n').map((line) => line.split('=')[0] as string);
    expect(keys(await word(ours, 'envi'))).toEqual(keys(await word(apache, 'envi')));
  });

  it('mntr begins with the same lines', async () => {
    const head = (text: string): string[] => text.split('\n').slice(0, 2);
    expect(head(await word(ours, 'mntr'))).toEqual(head(await word(apache, 'mntr')));
  });

  it('stmk, and words that are none', async () => {
    for (const text of ['stmk\0\0\0\0\0\0\u0001\u0002', 'gtmk', 'stmk\0\0', 'nope', 'ruok\n']) {
      expect(await word(ours, text), JSON.stringify(text)).toBe(await word(apache, text));
    }
  });
});

describe('admin commands', () => {
  it('are listed by the same names', async () => {
    const names = async (of: Subject): Promise<string[]> => {
      const text = await (await raw(of, '/commands')).text();
      return [...text.matchAll(/<a href="\/commands\/(\w+)">\1<\/a>\n<br\/>\n/g)].map(([, name]) => name as string);
    };
    const [expected, found] = [await names(apache), await names(ours)];
    const ofThree9 = found.filter((name) => name !== 'snapshot' && name !== 'restore');
    expect(ofThree9.slice(0, expected.length)).toEqual(expected);
    const compared = new Set([...SAME, ...UNORDERED, ...Object.keys(ALLOWED)]);
    expect(expected.filter((name) => !compared.has(name))).toEqual([]);
  });

  const UNORDERED = ['connections', 'stats', 'server_stats', 'dump', 'watches', 'watches_by_path'];
  const SAME = [
    'configuration',
    'dirs',
    'get_trace_mask',
    'hash',
    'initial_configuration',
    'is_read_only',
    'last_snapshot',
    'leader',
    'observers',
    'observer_connection_stat_reset',
    'ruok',
    'set_trace_mask',
    'voting_view',
    'watch_summary',
    'zabstate',
    'connection_stat_reset',
    'stat_reset',
  ];

  it.each([...SAME.slice(0, -2), 'set_trace_mask?traceMask=x', 'set_trace_mask?traceMask=-7&traceMask=8', 'nope'])(
    '%s',
    async (path) => {
      expect(await command(ours, path)).toBe(await command(apache, path));
    },
  );

  it.each([
    'conf',
    'config',
    'cons',
    'envi',
    'env',
    'gtmk',
    'icfg',
    'isro',
    'lsnp',
    'lead',
    'obsr',
    'srvr',
    'stat',
    'stmk',
  ])('the alias %s says its primary name', async (path) => {
    const nameIn = async (of: Subject): Promise<unknown> =>
      ((await (await raw(of, `/commands/${path}`)).json()) as { command: unknown }).command;
    expect(await nameIn(ours)).toBe(await nameIn(apache));
  });

  it.each(['sysp', 'wchc', 'wchp', 'wchs', 'mntr'])('the alias %s, too', async (path) => {
    const keyOf = async (of: Subject): Promise<string | undefined> =>
      /"command" : "\w+"/.exec(await (await raw(of, `/commands/${path}`)).text())?.[0];
    expect(await keyOf(ours)).toBe(await keyOf(apache));
  });

  it.each(UNORDERED)('%s, of which the reference keeps no order', async (path) => {
    const lines = (text: string): string[] =>
      text
        .split('\n')
        .map((line) => line.replace(/,$/, '').replace(/\[ (.*) \]$/, (_all, list) => list.split(', ').sort().join(' ')))
        .sort();
    expect(lines(await command(ours, path))).toEqual(lines(await command(apache, path)));
  });

  it('environment has the same keys, and system_properties what the file says', async () => {
    const json = async (of: Subject, path: string): Promise<Record<string, unknown>> =>
      (await (await raw(of, `/commands/${path}`)).json()) as Record<string, unknown>;
    expect(Object.keys(await json(ours, 'environment'))).toEqual(Object.keys(await json(apache, 'environment')));
    const configured = (all: Record<string, unknown>): string[] =>
      Object.keys(all).filter((key) => key.startsWith('zookeeper.'));
    const [expected, found] = [await json(apache, 'system_properties'), await json(ours, 'system_properties')];
    expect(configured(found)).toEqual(configured(expected));
    const names = Object.keys(found).filter((key) => key.includes('.'));
    expect(names).toEqual([...names].sort());
  });

  it('other methods and paths', async () => {
    for (const [method, path] of [
      ['HEAD', '/commands/ruok'],
      ['PUT', '/commands/ruok'],
      ['DELETE', '/commands/ruok'],
      ['GET', '/elsewhere'],
    ] as const) {
      const [expected, found] = [await raw(apache, path, { method }), await raw(ours, path, { method })];
      expect([method, path, found.status]).toEqual([method, path, expected.status]);
      if (path.startsWith('/commands')) expect(await found.text()).toEqual(await expected.text().then(ownListing));
    }
  });

  it('resets leave the same behind', async () => {
    for (const path of SAME.slice(-2)) expect(await command(ours, path)).toBe(await command(apache, path));
    const [expected, found] = [await word(apache, 'cons'), await word(ours, 'cons')];
    expect(sortedBlocks(found, isHead)).toBe(sortedBlocks(expected, isHead));
    for (const name of ['crst', 'srst']) expect(await word(ours, name)).toBe(await word(apache, name));
    expect(await word(ours, 'srvr')).toBe(await word(apache, 'srvr'));
  });
});

/** Ours lists two of 3.9, and its own behind all others. */
function ownListing(text: string): string {
  return text.startsWith('<a')
    ? (expect.stringMatching(/^(<a href="\/commands\/(\w+)">\2<\/a>\n<br\/>\n)+$/) as string)
    : text;
}
