/**
 * Election connections of three servers over real sockets: in plain bytes, with TLS, with SASL and with both, HELLO and frames get
 * through in either direction; and while strangers do what they can on every port.
 */
import { createConnection, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../src/actor/logger.js';
import { SeldomLogger } from '../../../src/actor/seldom-logger.js';
import { SystemClock } from '../../../src/actor/system-clock.js';
import { Prng } from '../../../src/base/prng.js';
import { ElectionListener } from '../../../src/election/election-listener.js';
import { noPeerAuthentication, type PeerAuthenticator } from '../../../src/election/peer-authenticator.js';
import { QuorumCnxManager } from '../../../src/election/quorum-cnx-manager.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { QuorumMember } from '../../../src/election/quorum-verifier.js';
import { loadTls } from '../../../src/net/tls-context.js';
import { NodePeerNetwork } from '../../../src/peer/node-peer-network.js';
import { QuorumSasl } from '../../../src/peer/quorum-sasl.js';
import type { QuorumTlsPart } from '../../../src/peer/quorum-tls.js';
import { CertificateAuthority } from '../../testing/certificates.js';
import { until } from '../../testing/until.js';
import { closedPort, DEADLINE_MS } from './loopback.js';

const TICK_MS = 5;
const clock = new SystemClock();
const running: Server[] = [];

let authority: CertificateAuthority;
beforeAll(() => {
  authority = new CertificateAuthority();
  authority.keyStore(authority.issue('member'));
});
afterAll(() => authority.remove());
afterEach(() => {
  for (const server of running.splice(0)) server.close();
});

function tlsPart(): QuorumTlsPart {
  const password = { password: '', passwordPath: '', type: 'PEM' };
  const options = {
    tls: {
      keyStore: { path: authority.path('member.store.pem'), ...password },
      trustStore: { path: authority.own.certFile, ...password },
      clientAuth: 'need' as const,
      protocols: ['TLSv1.2' as const, 'TLSv1.3' as const],
      cipherSuites: [],
      verifiesClientHost: false,
      looksUpClientHost: false,
      reloadsStores: false,
      handshakesMax: 0,
    },
    isRequired: true,
    takesPlain: false,
    verifiesServerHost: true,
    verifiesClientHost: true,
    detectionMs: 5000,
  };
  return { options, loaded: loadTls(options.tls) };
}

let drawn = 0;
/** `isRequired` false: takes those who authenticate themselves, and does not do so itself. */
function sasl(password = 'secret', isRequired = true): PeerAuthenticator {
  const credentials = isRequired ? { username: 'm', password } : null;
  const options = { passwords: new Map([['m', password]]), credentials, isRequired };
  return new QuorumSasl(options, (count) => {
    const prng = new Prng(++drawn);
    return Uint8Array.from({ length: count }, () => prng.below(256));
  });
}

/** The connections of one member, without an election: what it is sent is written down. */
class Server {
  readonly received: string[] = [];
  readonly warnings: string[] = [];
  isListening = false;
  private readonly network: NodePeerNetwork;
  private readonly manager: QuorumCnxManager;
  private readonly listener: ElectionListener;
  private readonly timer: NodeJS.Timeout;

  constructor(
    sid: number,
    text: string,
    tls: QuorumTlsPart | null,
    authenticator: PeerAuthenticator,
    handshakeTimeoutMs: number,
  ) {
    const log: Logger = {
      ...silentLogger,
      warn: (message) => void this.warnings.push(message),
      info: (message) => {
        this.isListening ||= message.includes('my election bind port');
      },
    };
    this.network = new NodePeerNetwork({ keepAlive: false, tls, refusesForeign: true }, log);
    this.network.setMemberHosts(['127.0.0.1']);
    const config = parseQuorumConfigText(text);
    const own = config.member(sid) as QuorumMember;
    this.manager = new QuorumCnxManager(
      { myId: sid, multiAddress: false, reconfigEnabled: false, cnxTimeoutMs: 5000, handshakeTimeoutMs },
      this.network,
      authenticator,
      {
        onMessage: (from, bytes, offset, length) => {
          this.received.push(`${from}: ${Buffer.from(bytes.subarray(offset, offset + length)).toString()}`);
        },
        onConnected: () => {},
        onLost: () => {},
      },
      log,
      new SeldomLogger(log, clock),
      config,
      config,
      own,
    );
    this.manager.now(clock.monotonicMs());
    this.listener = new ElectionListener(
      this.network,
      { listenOnAllIps: false, bindRetries: 3 },
      (socket) => this.manager.accept(socket),
      (reason) => this.warnings.push(reason),
      log,
    );
    this.listener.open(own, clock.monotonicMs());
    this.timer = setInterval(() => {
      this.manager.now(clock.monotonicMs());
      this.manager.tick();
    }, TICK_MS);
    running.push(this);
  }

  send(sid: number, text: string): void {
    this.manager.now(clock.monotonicMs());
    this.manager.toSend(sid, Buffer.from(text));
  }

  /** Says it again and again, as an election does, until it is heard. */
  async tells(other: Server, sid: number, text: string): Promise<void> {
    let lastMs = Number.NEGATIVE_INFINITY;
    await until(`${text} to be heard`, DEADLINE_MS, () => {
      const nowMs = clock.monotonicMs();
      if (nowMs - lastMs > 200) {
        this.send(sid, text);
        lastMs = nowMs;
      }
      return other.received.some((line) => line.endsWith(`: ${text}`));
    });
  }

  close(): void {
    clearInterval(this.timer);
    this.listener.close();
    this.manager.close();
    this.network.close();
  }
}

async function three(
  tls: QuorumTlsPart | null,
  authenticators: readonly PeerAuthenticator[],
  handshakeTimeoutMs = 5000,
): Promise<{ servers: Server[]; ports: number[] }> {
  const ports: number[] = [];
  while (ports.length < 3) {
    const port = await closedPort();
    if (!ports.includes(port)) ports.push(port);
  }
  const text = `${ports.map((port, i) => `server.${i + 1}=127.0.0.1:${i + 1}:${port}:participant`).join('\n')}\nversion=0`;
  const servers = ports.map((_port, i) => {
    return new Server(i + 1, text, tls, authenticators[i] ?? noPeerAuthentication, handshakeTimeoutMs);
  });
  return { servers, ports };
}

async function everybodyHears(servers: readonly Server[], what: string): Promise<void> {
  for (const [i, from] of servers.entries()) {
    for (const [k, to] of servers.entries()) if (i !== k) await from.tells(to, k + 1, `${what} ${i + 1} to ${k + 1}`);
  }
}

describe('three servers hear each other, in both directions of every pair', () => {
  it.each([
    ['in plain bytes', false, false],
    ['over TLS', true, false],
    ['behind SASL', false, true],
    ['over TLS and behind SASL', true, true],
  ])('%s', async (_name, hasTls, hasSasl) => {
    const authenticators = hasSasl ? [sasl(), sasl(), sasl()] : [];
    const { servers } = await three(hasTls ? tlsPart() : null, authenticators);
    await until('they listen', DEADLINE_MS, () => servers.every((server) => server.isListening));
    await everybodyHears(servers, 'vote');
    for (const { warnings } of servers) expect(warnings).toEqual([]);
  });
});

it('a server with another password is heard by nobody, and hears nobody', async () => {
  const { servers } = await three(null, [sasl(), sasl('wrong'), sasl()]);
  const [one, two, third] = servers as [Server, Server, Server];
  await one.tells(third, 3, 'among us');
  for (let i = 0; i < 5; i++) {
    two.send(1, 'let me in');
    two.send(3, 'let me in');
    one.send(2, 'not for you');
    third.send(2, 'not for you');
    await third.tells(one, 1, `round ${i}`);
  }
  await until('it is said', DEADLINE_MS, () => one.warnings.some((line) => line.includes('wrong response for user')));
  expect([...one.received, ...third.received].filter((line) => line.startsWith('2'))).toEqual([]);
  // It knows its own password only, by which the others cannot prove themselves.
  expect(two.received).toEqual([]);
});

it('one that authenticates nobody yet is called back by those who could, whoever calls first', async () => {
  const { servers } = await three(null, [sasl('secret', false), sasl('secret', false), sasl('secret', false)]);
  const [one, two, third] = servers as [Server, Server, Server];
  await one.tells(two, 2, 'first');
  await one.tells(third, 3, 'second');
  await two.tells(third, 3, 'third');
});

it.each([
  ['in plain bytes', false],
  ['over TLS', true],
])('strangers in their hundreds are not noticed, %s', async (_name, hasTls) => {
  const { servers, ports } = await three(hasTls ? tlsPart() : null, []);
  await everybodyHears(servers, 'before');
  const prng = new Prng(5);
  const hello = (sid: string, text: string): Buffer =>
    Buffer.concat([Buffer.from(`ffffffffffff0000${sid}0000000${text.length.toString(16)}`, 'hex'), Buffer.from(text)]);
  const crowd: Socket[] = [];
  for (let i = 0; i < 900; i++) {
    const socket = createConnection(ports[i % 3] as number, '127.0.0.1').on('error', () => {});
    crowd.push(socket);
    const kind = prng.below(8);
    if (kind === 0) socket.write(Uint8Array.from({ length: 1 + prng.below(100) }, () => prng.below(256)));
    else if (kind === 1) socket.write(hello('0000000000000063', 'a:1'));
    else if (kind === 2) socket.write(hello(`000000000000000${1 + (i % 3)}`, 'a:1'));
    else if (kind === 3) socket.write(Buffer.from('ffffffffffff00000000000000000001', 'hex'));
    else if (kind === 4) socket.write(Buffer.alloc(100_000));
    else if (kind === 5) socket.write(Buffer.from('1603010200010001', 'hex'));
    if (i % 300 === 150) await everybodyHears(servers, `meanwhile ${i}`);
  }
  await everybodyHears(servers, 'after');
  for (const { warnings } of servers) expect(warnings.length, warnings.join('\n')).toBeLessThan(12);
  for (const socket of crowd) socket.destroy();
});

it('connections that say nothing are closed in time, and that is said once', async () => {
  const { servers, ports } = await three(null, [], 80);
  await until('they listen', DEADLINE_MS, () => servers.every((server) => server.isListening));
  const crowd = Array.from({ length: 60 }, () => createConnection(ports[0] as number, '127.0.0.1').resume());
  await until('all of them are closed', DEADLINE_MS, () => crowd.every((socket) => socket.readableEnded));
  expect(servers[0]?.warnings).toEqual([
    expect.stringMatching(/^Election connection with 127.0.0.1:\d+ given up: still hello$/),
  ]);
  for (const socket of crowd) socket.destroy();
});
