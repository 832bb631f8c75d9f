import { describe, expect, it } from 'vitest';
import {
  answer,
  FOUR_LETTER_WORDS,
  FourLetterWhitelist,
  type FourLetterWord,
  needs,
  recognise,
} from '../../../src/server/four-letter-words.js';
import { javaDate } from '../../../src/server/java-date.js';
import type { ConnectionStatus, ServerStatus } from '../../../src/server/status/server-status.js';

/** In whatever zone the test runs. */
function at(minute: number, second: number): string {
  return javaDate(Date.UTC(2026, 10, 22, 2, minute, second));
}

const NO_PAYLOAD = new Uint8Array(0);
const ALL = new FourLetterWhitelist('*', false);

const ASKING: ConnectionStatus = {
  address: '::ffff:127.0.0.1',
  port: 42072,
  interestOps: 0,
  queuedCount: 0,
  receivedCount: 1,
  sentCount: 0,
  isEncrypted: false,
  expiresMs: 25_000,
  session: null,
};
const CLIENT: ConnectionStatus = {
  address: '127.0.0.1',
  port: 42046,
  interestOps: 1,
  queuedCount: 0,
  receivedCount: 11,
  sentCount: 11,
  isEncrypted: false,
  expiresMs: 31_000,
  session: {
    sessionHi: 0x10000,
    sessionLo: 0x13c2100000 | 0,
    lastOperation: 'GETC',
    establishedWallMs: 1795314942921,
    timeoutMs: 10000,
    lastCxid: 10,
    lastZxidHi: 0,
    lastZxidLo: 6,
    lastResponseMonotonicMs: 1320479.7,
    lastLatencyMs: 3,
    minLatencyMs: 0,
    avgLatencyMs: 5.4545,
    maxLatencyMs: 20,
  },
};

const STATUS: ServerStatus = {
  version: '3.9.5-x, built on 2026-01-01 00:00 UTC',
  serving: true,
  mode: 'standalone',
  latencyMinMs: 0,
  latencyAvgMs: 60 / 11,
  latencyMaxMs: 20,
  receivedCount: 18,
  sentCount: 17,
  connectionCount: 2,
  outstandingCount: 0,
  zxidHi: 0,
  zxidLo: 6,
  nodeCount: 9,
  proposalBytes: null,
  traceMask: 306n,
  connections: [CLIENT, ASKING],
  digests: [
    { zxid: 0x80n, digest: 13500442083n, version: 2 },
    { zxid: 0x100000100n, digest: -1n, version: 2 },
  ],
  settings: {
    clientPort: 2181,
    secureClientPort: null,
    tickMs: 2000,
    maxClientCnxns: 60,
    minSessionTimeoutMs: 4000,
    maxSessionTimeoutMs: 40000,
    clientPortListenBacklog: -1,
    serverId: 0,
    quorum: null,
  },
  directories: {
    dataDir: '/data/version-2',
    dataLogDir: '/datalog/version-2',
    dataDirBytes: 500,
    dataLogDirBytes: 67109358,
  },
  environment: [
    ['zookeeper.version', '3.9.5'],
    ['user.dir', '/a\nforged=1'],
  ],
  sessions: {
    nowMs: 20_000,
    wallMs: Date.UTC(2026, 10, 22, 2, 35, 0),
    local: null,
    expiring: new Map([
      [24_000, [0x1000013c2100000n]],
      [30_000, [0x1000013c2100001n, -1n]],
    ]),
    known: null,
  },
  ephemerals: new Map([[0x1000013c2100000n, new Set(['/app/eph', '/app/b'])]]),
  watchCounts: { connections: 1, paths: 2, watches: 3 },
  watches: new Map([[0x1000013c2100000n, new Set(['/a', '/b'])]]),
  watchesByPath: new Map([
    ['/a', new Set([0x1000013c2100000n, 5n])],
    ['/b', new Set([0x1000013c2100000n])],
  ]),
  monitor: 'zk_version\t3.9.5\n',
};

function textOf(word: FourLetterWord, status: Partial<ServerStatus> = {}, whitelist = ALL): string | null {
  const { text } = answer(word, whitelist, { ...STATUS, ...status }, NO_PAYLOAD);
  return text === null || typeof text === 'string' ? text : [...text].join('');
}

describe('recognising a word', () => {
  it('knows every word, wherever it stands', () => {
    for (const word of FOUR_LETTER_WORDS) {
      expect(recognise(Buffer.from(word))).toBe(word);
      expect(recognise(Buffer.from(`..${word}\n`), 2)).toBe(word);
    }
    expect(FOUR_LETTER_WORDS).toHaveLength(18);
  });

  it('takes everything else for the length of a frame', () => {
    for (const text of ['lead', 'RUOK', 'ruo ', 'kill', '\0\0\0\x2c', '\0\0\0\x2d', '\xff\xff\xff\xff', '\0\0\0\0']) {
      expect(recognise(Buffer.from(text, 'latin1')), JSON.stringify(text)).toBeNull();
    }
  });

  it('knows what Ctrl-C in telnet sends, and closes', () => {
    const word = recognise(Uint8Array.of(0xff, 0xf4, 0xff, 0xfd));
    expect(word).toBe('telnet close');
    expect(answer('telnet close', ALL, STATUS, NO_PAYLOAD).text).toBeNull();
    expect(needs('telnet close')).toBe('nothing');
  });
});

describe('the whitelist', () => {
  it('is srvr alone by default, so neither wchp nor wchc (CVE-2017-5637)', () => {
    const whitelist = new FourLetterWhitelist('', false);
    expect(FOUR_LETTER_WORDS.filter((word) => whitelist.allows(word))).toEqual(['srvr']);
    expect(textOf('ruok', {}, whitelist)).toBe('ruok is not executed because it is not in the whitelist.\n');
    expect(textOf('ruok', { serving: false }, whitelist)).toBe(
      'ruok is not executed because it is not in the whitelist.\n',
    );
  });

  it('is a list with blanks, * for all, and isro in read-only mode', () => {
    const listed = new FourLetterWhitelist(' ruok ,stat,, nope', false);
    expect(FOUR_LETTER_WORDS.filter((word) => listed.allows(word))).toEqual(['ruok', 'srvr', 'stat']);
    expect(listed.logLine()).toBe('The list of enabled four letter word commands is : [[ruok, stat, nope, srvr]]');
    expect(new FourLetterWhitelist('', true).allows('isro')).toBe(true);
    expect(ALL.allows('conf')).toBe(true);
    expect(new FourLetterWhitelist('RUOK', false).allows('ruok')).toBe(false);
  });
});

describe('answers', () => {
  it('srvr', () => {
    expect(textOf('srvr')).toBe(
      'Zookeeper version: 3.9.5-x, built on 2026-01-01 00:00 UTC\n' +
        'Latency min/avg/max: 0/5.4545/20\nReceived: 18\nSent: 17\nConnections: 2\nOutstanding: 0\n' +
        'Zxid: 0x6\nMode: standalone\nNode count: 9\n',
    );
  });

  it('srvr of a leader and of a read-only server', () => {
    const leader = textOf('srvr', {
      mode: 'leader',
      zxidHi: 2,
      zxidLo: -1,
      proposalBytes: { last: 48, min: -1, max: 300 },
    });
    expect(leader).toContain(
      'Zxid: 0x2ffffffff\nMode: leader\nNode count: 9\nProposal sizes last/min/max: 48/-1/300\n',
    );
    expect(textOf('srvr', { mode: 'read-only' })).toContain(
      'UTC\nREAD-ONLY mode; serving only read-only clients\nLatency',
    );
  });

  it('stat', () => {
    expect(textOf('stat')).toBe(
      'Zookeeper version: 3.9.5-x, built on 2026-01-01 00:00 UTC\nClients:\n' +
        ' /127.0.0.1:42046[1](queued=0,recved=11,sent=11)\n /127.0.0.1:42072[0](queued=0,recved=1,sent=0)\n\n' +
        'Latency min/avg/max: 0/5.4545/20\nReceived: 18\nSent: 17\nConnections: 2\nOutstanding: 0\n' +
        'Zxid: 0x6\nMode: standalone\nNode count: 9\n',
    );
    expect(textOf('stat', { connections: [] })).toContain('Clients:\n\nLatency');
  });

  it('hash', () => {
    expect(textOf('hash')).toBe('80: 13500442083\n100000100: -1\n');
    expect(textOf('hash', { digests: [] })).toBe('');
    expect(textOf('hash', { serving: false })).toBe('This ZooKeeper instance is not currently serving requests');
    expect(needs('hash')).toBe('digests');
  });

  it('cons', () => {
    expect(textOf('cons')).toBe(
      ' /127.0.0.1:42046[1](queued=0,recved=11,sent=11,sid=0x10000' +
        `${((0x13c2100000 | 0) >>> 0).toString(16)},lop=GETC,est=1795314942921,to=10000,` +
        'lcxid=0xa,lzxid=0x6,lresp=1320479,llat=3,minlat=0,avglat=5,maxlat=20)\n' +
        ' /127.0.0.1:42072[0](queued=0,recved=1,sent=0)\n\n',
    );
  });

  it('cons of a session that has sent nothing yet', () => {
    const session = { ...CLIENT.session!, lastCxid: -1, lastZxidHi: -1, lastZxidLo: -1, lastOperation: 'SESS' };
    const text = textOf('cons', { connections: [{ ...CLIENT, interestOps: 5, session }] });
    expect(text).toContain('[5](');
    expect(text).toContain('lop=SESS,est=1795314942921,to=10000,lzxid=0xffffffffffffffff,lresp=');
  });

  it('dump where sessions are watched over', () => {
    expect(textOf('dump')).toBe(
      'SessionTracker dump:\nSession Sets (2)/(3):\n' +
        `1 expire at ${at(35, 4)}:\n\t0x1000013c2100000\n` +
        `2 expire at ${at(35, 10)}:\n\t0x1000013c2100001\n\t0xffffffffffffffff\n` +
        'ephemeral nodes dump:\nSessions with Ephemerals (1):\n0x1000013c2100000:\n\t/app/eph\n\t/app/b\n' +
        'Connections dump:\nConnections Sets (2)/(2):\n' +
        `1 expire at ${at(35, 10)}:\n\tip: /127.0.0.1:42072 sessionId: 0x0\n` +
        `1 expire at ${at(35, 20)}:\n` +
        `\tip: /127.0.0.1:42046 sessionId: 0x10000${((0x13c2100000 | 0) >>> 0).toString(16)}\n`,
    );
  });

  it('dump of a leader and of a learner with local sessions', () => {
    const times = { nowMs: 0, wallMs: Date.UTC(2026, 10, 22, 2, 35, 0) };
    const local = new Map([[10_000, [7n]]]);
    const bare = { ephemerals: new Map(), connections: [] };
    const tail = 'ephemeral nodes dump:\nSessions with Ephemerals (0):\nConnections dump:\nConnections Sets (0)/(0):\n';
    const leader = { ...times, local, expiring: new Map([[12_000, [8n]]]), known: null };
    expect(textOf('dump', { ...bare, sessions: leader })).toBe(
      `SessionTracker dump:\nLocal Session Sets (1)/(1):\n1 expire at ${at(35, 10)}:\n\t0x7\n` +
        `Global Session Sets (1)/(1):\n1 expire at ${at(35, 12)}:\n\t0x8\n${tail}`,
    );
    const known = [
      { id: 8n, timeoutMs: 6000 },
      { id: 9n, timeoutMs: 40_000 },
    ];
    expect(textOf('dump', { ...bare, sessions: { ...times, local, expiring: null, known } })).toBe(
      `SessionTracker dump:\nLocal Session Sets (1)/(1):\n1 expire at ${at(35, 10)}:\n\t0x7\n` +
        `Global Sessions(2):\n0x8\t6000ms\n0x9\t40000ms\n${tail}`,
    );
    expect(textOf('dump', { ...bare, sessions: { ...times, local: null, expiring: null, known: [] } })).toBe(
      `SessionTracker dump:\nGlobal Sessions(0):\n${tail}`,
    );
  });

  it('wchs, wchc, wchp', () => {
    expect(textOf('wchs')).toBe('1 connections watching 2 paths\nTotal watches:3\n');
    expect(textOf('wchc')).toBe('0x1000013c2100000\n\t/a\n\t/b\n\n');
    expect(textOf('wchp')).toBe('/a\n\t0x1000013c2100000\n\t0x5\n/b\n\t0x1000013c2100000\n\n');
    expect(textOf('wchc', { watches: new Map() })).toBe('\n');
  });

  it('conf', () => {
    expect(textOf('conf')).toBe(
      'clientPort=2181\nsecureClientPort=-1\ndataDir=/data/version-2\ndataDirSize=500\n' +
        'dataLogDir=/datalog/version-2\ndataLogSize=67109358\ntickTime=2000\nmaxClientCnxns=60\n' +
        'minSessionTimeout=4000\nmaxSessionTimeout=40000\nclientPortListenBacklog=-1\nserverId=0\n',
    );
  });

  it('envi, in which no value can forge a line', () => {
    expect(textOf('envi')).toBe('Environment:\nzookeeper.version=3.9.5\nuser.dir=/a forged=1\n');
  });

  it('dirs', () => {
    expect(textOf('dirs')).toBe('datadir_size: 500\nlogdir_size: 67109358\n');
  });

  it('the short ones', () => {
    expect(textOf('ruok')).toBe('imok');
    expect(textOf('isro')).toBe('rw');
    expect(textOf('isro', { mode: 'read-only' })).toBe('ro');
    expect(textOf('gtmk')).toBe('306');
  });

  it('resets are effects for whoever holds the figures', () => {
    expect(answer('crst', ALL, STATUS, NO_PAYLOAD)).toEqual({
      text: 'Connection stats reset.\n',
      effect: { kind: 'reset-connection-statistics' },
    });
    expect(answer('srst', ALL, STATUS, NO_PAYLOAD)).toEqual({
      text: 'Server stats reset.\n',
      effect: { kind: 'reset-server-statistics' },
    });
    expect(answer('srst', ALL, { ...STATUS, serving: false }, NO_PAYLOAD).effect).toEqual({ kind: 'none' });
  });

  it('stmk takes the number behind it, or closes', () => {
    const payload = Uint8Array.of(0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe, 99);
    expect(answer('stmk', ALL, STATUS, payload)).toEqual({
      text: '8589934590',
      effect: { kind: 'set-trace-mask', mask: 8589934590n },
    });
    const negative = new Uint8Array(8).fill(0xff);
    expect(answer('stmk', ALL, STATUS, negative).text).toBe('-1');
    expect(answer('stmk', ALL, STATUS, payload.subarray(0, 7))).toEqual({ text: null, effect: { kind: 'none' } });
  });

  it('while the server does not serve', () => {
    const refusal = 'This ZooKeeper instance is not currently serving requests\n';
    const texts = Object.fromEntries(
      FOUR_LETTER_WORDS.filter((word) => ALL.allows(word)).map((word) => [word, textOf(word, { serving: false })]),
    );
    expect(texts).toMatchObject({
      ruok: 'imok',
      isro: 'null',
      gtmk: '306',
      srvr: refusal,
      stat: refusal,
      conf: refusal,
      cons: refusal,
      dirs: refusal,
      crst: refusal,
      srst: refusal,
      dump: refusal,
      mntr: refusal,
      wchc: refusal,
      wchp: refusal,
      wchs: refusal,
      stmk: null,
    });
    expect(texts.envi).toContain('Environment:\n');
  });
});
