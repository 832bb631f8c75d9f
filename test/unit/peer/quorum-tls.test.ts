/** TLS between servers on the loopback: who gets through to whom, whose certificate is good for what, and what strangers can do. */
import { spawn } from 'node:child_process';
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../src/actor/logger.js';
import { loadTls } from '../../../src/net/tls-context.js';
import type { TlsOptions } from '../../../src/net/tls-options.js';
import { NodePeerNetwork } from '../../../src/peer/node-peer-network.js';
import type { QuorumTlsOptions } from '../../../src/peer/quorum-tls.js';
import { CertificateAuthority } from '../../testing/certificates.js';
import { until } from '../../testing/until.js';
import { connecting, DEADLINE_MS, firstOf, type Listening, listening, type PeerEnd } from './loopback.js';

let authority: CertificateAuthority;
let stranger: CertificateAuthority;
const networks: NodePeerNetwork[] = [];
const listeners: Listening[] = [];
const warnings: string[] = [];
const log: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };

beforeAll(() => {
  authority = new CertificateAuthority('ensemble');
  stranger = new CertificateAuthority('stranger');
  authority.keyStore(authority.issue('both'));
  authority.keyStore(authority.issue('by-name', { altNames: 'DNS:localhost' }));
  authority.keyStore(authority.issue('elsewhere', { altNames: 'DNS:elsewhere.invalid,IP:192.0.2.9' }));
  stranger.keyStore(stranger.issue('both'));
});
afterAll(() => {
  authority.remove();
  stranger.remove();
});
afterEach(async () => {
  for (const listener of listeners.splice(0)) {
    await listener.close();
    for (const end of listener.accepted) end.socket?.destroy();
  }
  for (const network of networks.splice(0)) network.close();
  warnings.length = 0;
});

type Wishes = Partial<Omit<QuorumTlsOptions, 'tls'>> & { readonly tls?: Partial<TlsOptions>; readonly store?: string };

function network({ tls, store, ...wishes }: Wishes = {}): NodePeerNetwork {
  const password = { password: '', passwordPath: '' };
  const options: QuorumTlsOptions = {
    tls: {
      keyStore: { path: store ?? authority.path('both.store.pem'), type: 'PEM', ...password },
      trustStore: { path: authority.own.certFile, type: 'PEM', ...password },
      clientAuth: 'need',
      protocols: ['TLSv1.2', 'TLSv1.3'],
      cipherSuites: [],
      verifiesClientHost: false,
      looksUpClientHost: false,
      reloadsStores: false,
      handshakesMax: 0,
      ...tls,
    },
    isRequired: true,
    takesPlain: false,
    verifiesServerHost: true,
    verifiesClientHost: true,
    detectionMs: 5000,
    ...wishes,
  };
  return keep(
    new NodePeerNetwork(
      { keepAlive: false, tls: { options, loaded: loadTls(options.tls) }, refusesForeign: false },
      log,
    ),
  );
}

function keep(made: NodePeerNetwork): NodePeerNetwork {
  networks.push(made);
  return made;
}

async function listenOn(made: NodePeerNetwork): Promise<Listening> {
  const listener = await listening(made);
  listeners.push(listener);
  return listener;
}

/** Whether bytes get from one to the other and back. */
async function talks(caller: NodePeerNetwork, listener: Listening, host = '127.0.0.1'): Promise<boolean> {
  const before = listener.accepted.length;
  const end = connecting(caller, listener.port, [host]);
  const isHeard = (): boolean => {
    const called = listener.accepted[before];
    // As the owner of a port does with bytes that are none of its protocol's.
    if (called?.received[0] === 0x16) called.socket?.destroy();
    return called?.received.length === 5;
  };
  let isSent = false;
  await until('it is heard, or refused', DEADLINE_MS, () => {
    // A plain connection is open before it is refused, and of TLS 1.3 the calling side is.
    if (end.isOpen && !isSent) end.send('hello');
    isSent = end.isOpen;
    return isHeard() || end.closed.length > 0;
  });
  if (!isHeard()) return false;
  listener.accepted[before]?.send('and back');
  await end.has('and back');
  end.socket?.destroy();
  return true;
}

describe('the way from plain bytes to TLS', () => {
  const steps = ['plain', 'unified', 'both', 'tls'] as const;
  const made = (step: (typeof steps)[number]): NodePeerNetwork => {
    if (step === 'plain') return keep(new NodePeerNetwork({ keepAlive: false, tls: null, refusesForeign: false }, log));
    return network({ isRequired: step !== 'unified', takesPlain: step !== 'tls' });
  };

  it('keeps neighbouring steps together, in both directions', async () => {
    const reached: Record<string, string> = {};
    for (const called of steps) {
      const listener = await listenOn(made(called));
      const callers: string[] = [];
      for (const caller of steps) if (await talks(made(caller), listener)) callers.push(caller);
      reached[called] = callers.join(' ');
    }
    expect(reached).toEqual({
      plain: 'plain unified',
      unified: 'plain unified both tls',
      both: 'plain unified both tls',
      tls: 'both tls',
    });
  });
});

describe('a certificate', () => {
  it('that another authority has signed opens nothing, on either side', async () => {
    const listener = await listenOn(network());
    const intruder = network({ store: stranger.path('both.store.pem') });
    expect(await talks(intruder, listener)).toBe(false);
    expect(await talks(network(), await listenOn(intruder))).toBe(false);
    expect(warnings.join('\n')).toMatch(/Unsuccessful handshake/);
  });

  it('that is refused is the reason which the calling side is told', async () => {
    const listener = await listenOn(network());
    const intruder = connecting(network({ store: stranger.path('both.store.pem') }), listener.port);
    // Node ends the connection without a word.
    expect(await intruder.gone()).toMatch(
      /^(closed by the peer|read ECONNRESET) before it said anything: does it refuse this server's certificate\? Its log tells$/,
    );
  });

  it.each(['-tls1_2', '-tls1_3'])(
    'that is refused with an alert, as Java does, is told with it (%s)',
    async (version) => {
      const { keyFile, certFile } = authority.issue('both');
      const trust = ['-Verify', '2', '-verify_return_error', '-CAfile', authority.own.certFile];
      const own = ['-key', keyFile, '-cert', certFile];
      const server = spawn('/usr/bin/openssl', ['s_server', '-accept', '127.0.0.1:0', version, ...own, ...trust]);
      try {
        let said = '';
        server.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString();
        });
        const bound = (): RegExpExecArray | null => /ACCEPT 127\.0\.0\.1:(\d+)/.exec(said);
        await until('it listens', DEADLINE_MS, () => bound() !== null);
        const intruder = connecting(network({ store: stranger.path('both.store.pem') }), Number(bound()?.[1]));
        expect(await intruder.gone()).toMatch(
          /^(127\.0\.0\.1:\d+: )?the other side refuses this server's certificate: TLS alert 48, unknown ca$/,
        );
      } finally {
        server.kill('SIGKILL');
      }
    },
  );

  it('must be shown by those who call', async () => {
    const listener = await listenOn(network());
    const { connect } = await import('node:tls');
    const bare = connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false });
    await new Promise((resolve) => bare.on('error', () => {}).on('close', resolve));
    expect(listener.accepted).toEqual([]);
    expect(await talks(network(), listener)).toBe(true);
  });

  it('of a server that is called must name the host that was dialled, word by word', async () => {
    const wrong = await listenOn(network({ store: authority.path('elsewhere.store.pem') }));
    const end = connecting(network(), wrong.port);
    expect(await end.gone()).toContain("the server's certificate does not name 127.0.0.1");
    const byName = await listenOn(network({ store: authority.path('by-name.store.pem') }));
    expect(await talks(network(), byName, 'localhost')).toBe(true);
    expect(await talks(network(), byName, '127.0.0.1')).toBe(false);
    const trusting = network({ verifiesServerHost: false, verifiesClientHost: false });
    expect(await talks(trusting, wrong)).toBe(true);
  });

  it('of one that calls must name its address, or a member that is there', async () => {
    const strict = network();
    const listener = await listenOn(strict);
    expect(await talks(network(), listener)).toBe(true);
    const byName = network({ store: authority.path('by-name.store.pem') });
    strict.setMemberHosts(['localhost', 'zk2.invalid']);
    expect(await talks(byName, listener)).toBe(true);
    strict.setMemberHosts(['zk2.invalid', '127.0.0.2']);
    expect(await talks(byName, listener)).toBe(false);
    expect(await talks(network({ store: authority.path('elsewhere.store.pem') }), listener)).toBe(false);
    expect(warnings.join('\n')).toMatch(/its certificate names neither 127\.0\.0\.1 nor a member/);
  });

  it('is not made good by what its address is called backwards (CVE-2026-24281)', async () => {
    // 127.0.0.1 is called localhost on this machine, and the caller's certificate says localhost: that proves nothing.
    const strict = network();
    strict.setMemberHosts(['127.0.0.1']);
    const listener = await listenOn(strict);
    expect(await talks(network({ store: authority.path('by-name.store.pem') }), listener)).toBe(false);
  });

  it('that is renewed is used from then on, by both sides', async () => {
    const live = authority.path('live.pem');
    const trust = authority.path('live-trust.pem');
    const renew = (from: CertificateAuthority): void => {
      const certified = from.issue('renewed');
      writeFileSync(`${live}.new`, certified.key + certified.cert);
      renameSync(`${live}.new`, live);
      writeFileSync(trust, from.own.cert);
    };
    renew(authority);
    const password = { password: '', passwordPath: '' };
    const reloading = network({
      tls: {
        keyStore: { path: live, type: 'PEM', ...password },
        trustStore: { path: trust, type: 'PEM', ...password },
        reloadsStores: true,
      },
    });
    const listener = await listenOn(reloading);
    expect(await talks(reloading, listener)).toBe(true);
    renew(stranger);
    await until('the listener has noticed', DEADLINE_MS, () => talks(reloading, listener));
    const outdated = network();
    expect(await talks(outdated, listener)).toBe(false);
    writeFileSync(live, 'broken');
    expect(await talks(reloading, listener)).toBe(true);
    rmSync(live);
    symlinkSync(live, live);
    expect(await talks(reloading, listener)).toBe(true);
  });
});

describe('strangers', () => {
  it('that say nothing speak plain bytes where those are taken, behind the time for it', async () => {
    const listener = await listenOn(network({ takesPlain: true, detectionMs: 30 }));
    const silent = createConnection(listener.port, '127.0.0.1');
    await firstOf(listener.accepted);
    silent.write('late');
    await (listener.accepted[0] as PeerEnd).has('late');
    silent.destroy();
  });

  it('that send garbage, half a handshake, or nothing in their hundreds, keep nobody out', async () => {
    const listener = await listenOn(network());
    const crowd: Socket[] = [];
    const garbage = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(70_000, 0x16),
      Buffer.from('1603010200', 'hex'),
    ];
    for (let i = 0; i < 900; i++) {
      const socket = createConnection(listener.port, '127.0.0.1').on('error', () => {});
      const bytes = garbage[i % 8];
      if (bytes !== undefined) socket.write(bytes);
      crowd.push(socket);
      if (i % 100 === 50) expect(await talks(network(), listener)).toBe(true);
    }
    const newest = crowd[crowd.length - 1] as Socket;
    await until('there is a bound', DEADLINE_MS, () => crowd.filter((socket) => socket.destroyed).length > 350);
    expect(newest.destroyed).toBe(false);
    expect(await talks(network(), listener)).toBe(true);
    expect(listener.accepted.every((end) => end.received.length === 5)).toBe(true);
    // Said once of each kind, not hundreds of times.
    expect(warnings.length).toBeLessThan(6);
    for (const socket of crowd) socket.destroy();
  });
});

it('an encrypted connection keeps order and memory as a plain one does, and tells of the drain', async () => {
  const both = network();
  const listener = await listenOn(both);
  const caller = await connecting(both, listener.port).opened();
  caller.send('small');
  const called = await firstOf(listener.accepted);
  await called.has('small');
  called.socket?.pause();
  const scratch = Buffer.alloc(3000, 1);
  expect(caller.send(scratch)).toBe(true);
  scratch.fill(0xee);
  const large = Buffer.alloc(6 << 20, 2);
  expect(caller.send(large)).toBe(false);
  expect(caller.socket?.queuedBytes).toBeGreaterThan(0);
  called.socket?.resume();
  await until('it has drained', DEADLINE_MS, () => caller.drains > 0 && caller.socket?.queuedBytes === 0);
  await until('all has arrived', DEADLINE_MS, () => called.received.length === 5 + 3000 + large.length);
  expect(called.received.subarray(5).equals(Buffer.concat([Buffer.alloc(3000, 1), large]))).toBe(true);
  called.socket?.end();
  expect(await caller.gone()).toContain('closed by the peer');
  expect(await called.gone()).toBe('ended by this server');
});
