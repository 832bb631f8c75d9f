import { describe, expect, it } from 'vitest';
import type { ConnectionStatus, ServerStatus } from '../../../src/server/four-letter-words/server-status.js';
import {
  answer,
  FOUR_LETTER_WORDS,
  FourLetterWhitelist,
  type FourLetterWord,
  needs,
  recognise,
} from '../../../src/server/four-letter-words.js';

const NO_PAYLOAD = new Uint8Array(0);
const ALL = new FourLetterWhitelist('*', false);

const ASKING: ConnectionStatus = {
  address: '::ffff:127.0.0.1',
  port: 42072,
  interestOps: 0,
  queuedCount: 0,
  receivedCount: 1,
  sentCount: 0,
  session: null,
};
const CLIENT: ConnectionStatus = {
  address: '127.0.0.1',
  port: 42046,
  interestOps: 1,
  queuedCount: 0,
  receivedCount: 11,
  sentCount: 11,
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
    { zxid: '80', digest: '13500442083' },
    { zxid: '100000100', digest: '-1' },
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
};

function textOf(word: FourLetterWord, status: Partial<ServerStatus> = {}, whitelist = ALL): string | null {
  return answer(word, whitelist, { ...STATUS, ...status }, NO_PAYLOAD).text;
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
  it('is srvr alone by default', () => {
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

  it('does not help words that are not answered yet', () => {
    for (const word of ['dump', 'wchs', 'wchc', 'wchp', 'mntr'] as const) {
      expect(textOf(word)).toBe(`${word} is not executed because it is not in the whitelist.\n`);
    }
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
    });
    expect(texts.envi).toContain('Environment:\n');
  });
});
