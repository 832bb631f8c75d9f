// What members of an ensemble of ours say of it, in words and admin commands, beside what Apache's 3.8.0 said in the same place after
// the same operations (test/fixtures/admin): three voters of which the second leads, and an observer. And what a member says while it
// serves nobody.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EPHEMERAL } from '../testing/ensemble-client.js';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { until } from '../testing/until.js';
import { counted, Op, openAcl, WireConnection } from '../testing/wire-connection.js';
import { normalJson, normalWord, type Particulars, withoutBuckets } from './admin/normal-answers.js';

const FIXTURE = join(repositoryRoot, 'test/fixtures/admin/apache-3.8.0-ensemble.txt');
const AS_RECORDED: Particulars = { dataDir: 'DATA', ports: {}, sessions: [], firstZxid: 0n };
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';
const READY_MS = 30_000;

/** By `member kind name`. */
const recorded = new Map(
  readFileSync(FIXTURE, 'utf8')
    .split(/^== /m)
    .slice(1)
    .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)] as const),
);

let ensemble: EnsembleProcess;
const adminPorts: number[] = [];
const clients: WireConnection[] = [];
const sessions: bigint[] = [];
/** Of a member that has no leader yet. */
const lonely = new Map<string, string>();

beforeAll(async () => {
  for (let i = 0; i < 4; i++) adminPorts.push(await freePort());
  ensemble = await EnsembleProcess.start({
    kinds: ['threadkeeper', 'threadkeeper', 'threadkeeper', 'threadkeeper'],
    observers: [4],
    absent: [1, 2, 3, 4],
    cfg: { tickTime: 1000, maxClientCnxns: 60, 'admin.enableServer': 'true' },
    cfgOf: (sid) => ({ 'admin.serverPort': adminPorts[sid - 1] as number }),
  });
  await ensemble.startMember(1);
  await listenToLonely();
  // Of two with the same history the second leads.
  await ensemble.startMember(2);
  await ensemble.awaitServing([1, 2]);
  await Promise.all([ensemble.startMember(3), ensemble.startMember(4)]);
  await ensemble.awaitServing([3, 4]);
  await Promise.all(
    [1, 2, 3, 4].map((sid) => until(`admin port ${sid}`, READY_MS, () => raw(sid, 'ruok').catch(() => undefined))),
  );
  for (const { sid, clientPort } of ensemble.members) {
    const client = await WireConnection.open(clientPort);
    sessions.push((await client.handshake({ timeOutMs: (10 + sid) * 1000 })).sessionId);
    clients.push(client);
  }
  for (const sid of [1, 4]) {
    const client = clients[sid - 1] as WireConnection;
    const { err } = await client.call(1, Op.Create, counted(`/e${sid}`), counted(null), openAcl, EPHEMERAL);
    expect(err).toBe(0);
  }
  await ensemble.awaitSameZxid();
}, 90_000);

afterAll(async () => {
  for (const client of clients) client.destroy();
  await ensemble?.[Symbol.asyncDispose]();
});

async function listenToLonely(): Promise<void> {
  await until('the admin port of a lonely member', READY_MS, () => raw(1, 'ruok').catch(() => undefined));
  for (const path of ['ruok', 'zabstate', 'monitor', 'leader', 'get_trace_mask', 'environment']) {
    lonely.set(path, await raw(1, path));
  }
  for (const word of ['ruok', 'srvr', 'isro', 'hash', 'gtmk', 'dump', 'wchs', 'mntr']) {
    lonely.set(`word ${word}`, await fourLetterWord(ensemble.member(1).clientPort, word));
  }
}

async function raw(sid: number, path: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${adminPorts[sid - 1]}/commands/${path}`)).text();
}

function particulars(sid: number): Particulars {
  const ports = ensemble.members.flatMap((member) => [
    [`CLIENT${member.sid}`, member.clientPort],
    [`QUORUM${member.sid}`, member.quorumPort],
    [`ELECTION${member.sid}`, member.electionPort],
  ]);
  return { dataDir: ensemble.member(sid).dataDir, ports: Object.fromEntries(ports), sessions, firstZxid: 0n };
}

function expectedOf(key: string, normal: typeof normalWord): string {
  const text = recorded.get(key);
  if (text === undefined) throw new Error(`nothing is recorded of ${key}`);
  return normal(text.replace(/\n$/, ''), AS_RECORDED);
}

async function word(sid: number, name: string): Promise<string> {
  return normalWord(await fourLetterWord(ensemble.member(sid).clientPort, name), particulars(sid));
}

async function command(sid: number, name: string): Promise<string> {
  return normalJson(await raw(sid, name), particulars(sid));
}

function sortedLines(text: string): string[] {
  return text
    .replace(/ {4}"TIME" : \[ (.*) \],?\n/g, '$1\n')
    .split('\n')
    .map((line) => line.replace(/,$/, ''))
    .sort();
}

describe.each([
  [1, 'a follower'],
  [2, 'the leader'],
  [4, 'an observer'],
])('member %i, %s', (sid) => {
  it('conf', async () => {
    expect(await word(sid, 'conf')).toBe(expectedOf(`${sid} word conf`, normalWord));
  });

  it('dump', async () => {
    expect(withoutBuckets(await word(sid, 'dump'))).toBe(withoutBuckets(expectedOf(`${sid} word dump`, normalWord)));
  });

  it.each(['leader', 'observers', 'zabstate', 'voting_view', 'configuration'])('%s', async (name) => {
    expect(await command(sid, name)).toBe(expectedOf(`${sid} command ${name}`, normalJson));
  });

  it.each(['dump', 'server_stats'])('%s, of which the reference keeps no order', async (name) => {
    expect(sortedLines(await command(sid, name))).toEqual(
      sortedLines(expectedOf(`${sid} command ${name}`, normalJson)),
    );
  });
});

it('observer_connection_stat_reset begins to count anew', async () => {
  const requestsOf = async (): Promise<string | undefined> => /"requests" : (\d+)/.exec(await raw(2, 'observers'))?.[1];
  expect(await requestsOf()).toBe('2');
  await raw(2, 'observer_connection_stat_reset');
  expect(await requestsOf()).toBe('0');
});

describe('a member that serves nobody', () => {
  it('says so, and answers what needs no ensemble', () => {
    for (const name of ['ruok', 'leader', 'monitor']) {
      expect(lonely.get(name)).toBe(`{\n  "command" : "${name}",\n  "error" : "${NOT_SERVING}"\n}`);
    }
    expect(lonely.get('zabstate')).toBe(
      '{\n  "voting" : false,\n  "zabstate" : "",\n  "command" : "zabstate",\n  "error" : null\n}',
    );
    expect(lonely.get('get_trace_mask')).toContain('"tracemask" : 306,');
    expect(lonely.get('environment')).toContain('"error" : null');
  });

  it('in words, too', () => {
    expect(lonely.get('word ruok')).toBe('imok');
    expect(lonely.get('word isro')).toBe('null');
    expect(lonely.get('word gtmk')).toBe('306');
    expect(lonely.get('word hash')).toBe(NOT_SERVING);
    for (const name of ['srvr', 'dump', 'wchs', 'mntr']) expect(lonely.get(`word ${name}`)).toBe(`${NOT_SERVING}\n`);
  });
});
