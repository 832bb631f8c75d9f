/** SASL between servers: the bytes of a real exchange, who gets in under which switches, and what broken ones come to. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { SeldomLogger } from '../../../src/actor/seldom-logger.js';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import type { PeerAuthExchange, PeerAuthenticator, PeerAuthOutcome } from '../../../src/election/peer-authenticator.js';
import { AuthenticatedPeerNetwork } from '../../../src/peer/authenticated-peer-network.js';
import { NodePeerNetwork } from '../../../src/peer/node-peer-network.js';
import { AuthPacketReader, encodeAuthPacket } from '../../../src/peer/quorum-auth-packet.js';
import { type Chance, QuorumSasl, type QuorumSaslOptions } from '../../../src/peer/quorum-sasl.js';
import { clientResponse } from '../../../src/protocol/sasl/digest-md5.js';
import { until } from '../../testing/until.js';
import { connecting, DEADLINE_MS, firstOf, type Listening, listening } from './loopback.js';

const PASSWORDS = new Map([['test', 'mypassword']]);
const GOOD = { username: 'test', password: 'mypassword' };

/** Bytes whose base64 is the text. */
const chanceOf =
  (text: string): Chance =>
  () =>
    Buffer.from(text, 'base64');

let drawn = 0;
const chance: Chance = (count) => {
  const prng = new Prng(++drawn);
  return Uint8Array.from({ length: count }, () => prng.below(256));
};

function sasl(options: Partial<QuorumSaslOptions> = {}): QuorumSasl {
  return new QuorumSasl({ passwords: PASSWORDS, credentials: GOOD, isRequired: true, ...options }, chance);
}

interface Spoken {
  readonly learner: PeerAuthOutcome;
  readonly server: PeerAuthOutcome;
  readonly said: readonly string[];
  readonly reasons: readonly string[];
}

/** Carries what one says to the other, in pieces of so many bytes. */
function converse(learner: PeerAuthExchange, server: PeerAuthExchange, pieceBytes = 1 << 20): Spoken {
  const said: string[] = [];
  const outcomes: PeerAuthOutcome[] = ['more', 'more'];
  let bytes = learner.start();
  for (let turn = 1; bytes !== null && outcomes[turn] === 'more'; turn ^= 1) {
    said.push(`${turn === 1 ? 'C' : 'S'} ${Buffer.from(bytes).toString('hex')}`);
    const speaker = turn === 1 ? server : learner;
    let reply: Uint8Array | null = null;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const length = Math.min(pieceBytes, bytes.length - at);
      outcomes[turn] = speaker.feed(bytes, at, length);
      expect(speaker.consumed).toBe(length);
      reply = speaker.reply;
    }
    bytes = reply;
  }
  const [a, b] = outcomes as [PeerAuthOutcome, PeerAuthOutcome];
  return { learner: a, server: b, said, reasons: [learner.reason, server.reason] };
}

function meeting(learner: Partial<QuorumSaslOptions>, server: Partial<QuorumSaslOptions>, pieceBytes?: number): Spoken {
  return converse(sasl(learner).asConnecting() as PeerAuthExchange, sasl(server).asAccepting(), pieceBytes);
}

describe('the exchange', () => {
  it('is byte by byte the reference’s (ensemble-protocol 10.1, 13.7)', () => {
    const nonce = '/SHnnes62Rl48cz2TovXnVrixpZmd9B2HnOIqZXb';
    const cnonce = 'fe8/jMeNdehj3uaxJCnR84qwY9Ys+6ql4HWMEaSE';
    const options = { passwords: PASSWORDS, credentials: GOOD, isRequired: true };
    const learner = new QuorumSasl(options, chanceOf(cnonce)).asConnecting() as PeerAuthExchange;
    const spoken = converse(learner, new QuorumSasl(options, chanceOf(nonce)).asAccepting());
    const packet = (status: string, length: string, token: string): string =>
      `5f2435013501edcc${status}${length}${Buffer.from(token).toString('hex')}`;
    const challenge = `realm="zk-quorum-sasl-md5",nonce="${nonce}",charset=utf-8,algorithm=md5-sess`;
    const response =
      `charset=utf-8,username="test",realm="zk-quorum-sasl-md5",nonce="${nonce}",nc=00000001,cnonce="${cnonce}",` +
      'digest-uri="zookeeper-quorum/zk-quorum-sasl-md5",maxbuf=65536,response=4699dd91e66009c02d39ba86d606ac14,' +
      'qop=auth,authzid="test"';
    expect(spoken.said).toEqual([
      `C ${packet('00000000', '00000000', '')}`,
      `S ${packet('00000000', '0000006c', challenge)}`,
      `C ${packet('00000000', '00000127', response)}`,
      `S ${packet('00000001', '00000028', 'rspauth=c30aa6149ffab89e76e529a2e4888514')}`,
    ]);
    expect([spoken.learner, spoken.server]).toEqual(['authenticated', 'authenticated']);
  });

  it('comes through in pieces of any size', () => {
    for (let pieceBytes = 1; pieceBytes < 40; pieceBytes++) {
      expect(meeting({}, {}, pieceBytes)).toMatchObject({ learner: 'authenticated', server: 'authenticated' });
    }
  });

  it('with a wrong password or an unknown user ends with an error, and tells the other side no more', () => {
    for (const credentials of [
      { username: 'test', password: 'wrong' },
      { username: 'nobody', password: 'mypassword' },
    ]) {
      const refused = meeting({ credentials }, {});
      expect(refused).toMatchObject({ learner: 'refused', server: 'refused' });
      expect(refused.said.at(-1)).toBe('S 5f2435013501edccffffffff00000000');
      expect(refused.reasons.join()).not.toMatch(/wrong,|mypassword/);
      // Not required: the connection is used unauthenticated, if the other side still wants it.
      expect(meeting({ credentials }, { isRequired: false })).toMatchObject({
        learner: 'refused',
        server: 'tolerated',
      });
    }
  });

  it('is refused to a server that does not know the password, although it says that all is well', () => {
    const learner = sasl().asConnecting() as PeerAuthExchange;
    learner.start();
    const success = encodeAuthPacket(1, Buffer.from('rspauth=00000000000000000000000000000000'));
    expect(learner.feed(success, 0, success.length)).toBe('refused');
    const other = sasl().asConnecting() as PeerAuthExchange;
    const challenge = 'realm="zk-quorum-sasl-md5",nonce="n",charset=utf-8,algorithm=md5-sess';
    const first = encodeAuthPacket(0, Buffer.from(challenge));
    expect(other.feed(first, 0, first.length)).toBe('more');
    expect(other.feed(success, 0, success.length)).toBe('refused');
  });

  it('must not ask to act as somebody else', () => {
    const server = sasl().asAccepting();
    const opening = encodeAuthPacket(0, new Uint8Array(0));
    server.feed(opening, 0, opening.length);
    const challenge = Buffer.from(server.reply as Uint8Array).toString('latin1');
    const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1];
    const response =
      `charset=utf-8,username="test",realm="zk-quorum-sasl-md5",nonce="${nonce}",nc=00000001,cnonce="c",qop=auth,` +
      `digest-uri="zookeeper-quorum/zk-quorum-sasl-md5",response=${'0'.repeat(32)},authzid="root"`;
    const packet = encodeAuthPacket(0, Buffer.from(response));
    expect(server.feed(packet, 0, packet.length)).toBe('refused');
    expect(server.reason).toContain('authzid is not the user');
  });

  it('repeated from an earlier connection proves nothing', () => {
    const first = meeting({}, {});
    const server = sasl().asAccepting();
    const outcomes = first.said
      .filter((line) => line.startsWith('C'))
      .map((line) => {
        const bytes = Buffer.from(line.slice(2), 'hex');
        return server.feed(bytes, 0, bytes.length);
      });
    expect(outcomes).toEqual(['more', 'refused']);
    expect(server.reason).toContain('nonce is not the one given');
  });

  it.each([
    ['another magic', '5f2435013501edcd0000000000000000'],
    ['a status that there is not', '5f2435013501edcc0000000200000000'],
    ['success said by who wants to get in', '5f2435013501edcc0000000100000000'],
    ['a token of two gigabytes', '5f2435013501edcc000000007fffffff'],
    ['a token of a negative length', '5f2435013501edcc00000000fffffffe'],
    ['two packets at once', '5f2435013501edcc00000000000000005f2435013501edcc0000000000000000'],
  ])('of one who connects and sends %s is refused', (_what, hex) => {
    const bytes = Buffer.from(hex, 'hex');
    const server = sasl().asAccepting();
    expect(server.feed(bytes, 0, bytes.length)).toBe('refused');
    const tolerant = sasl({ isRequired: false }).asAccepting();
    expect(tolerant.feed(bytes, 0, bytes.length)).not.toBe('authenticated');
  });

  it('never lets random bytes in, nor throws on them', () => {
    const prng = new Prng(3);
    for (let i = 0; i < 3000; i++) {
      const whole = encodeAuthPacket(
        0,
        Uint8Array.from({ length: prng.below(60) }, () => prng.below(256)),
      );
      for (let k = prng.below(3); k > 0; k--) whole[prng.below(whole.length)] = prng.below(256);
      for (const exchange of [sasl().asAccepting(), sasl().asConnecting() as PeerAuthExchange]) {
        const outcome = exchange.feed(whole, 0, whole.length);
        expect(outcome === 'more' || outcome === 'refused').toBe(true);
      }
    }
  });
});

describe('an authorization id (CVE-2023-44981)', () => {
  /** Of one who knows the password, and asks to act as this; null: leaves it out. */
  function asking(authzid: string | null): { outcome: PeerAuthOutcome; reason: string } {
    const server = sasl().asAccepting();
    const opening = encodeAuthPacket(0, new Uint8Array(0));
    server.feed(opening, 0, opening.length);
    const challenge = Buffer.from(server.reply as Uint8Array).toString('latin1');
    const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] as string;
    const digestUri = 'zookeeper-quorum/zk-quorum-sasl-md5';
    const proof = clientResponse(
      (bytes) => createHash('md5').update(bytes).digest(),
      { user: 'test', realm: 'zk-quorum-sasl-md5', password: 'mypassword' },
      {
        nonce: Buffer.from(nonce),
        cnonce: Buffer.from('c'),
        authzid: authzid === null ? null : Buffer.from(authzid),
        digestUri: Buffer.from(digestUri),
      },
    );
    const response =
      `charset=utf-8,username="test",realm="zk-quorum-sasl-md5",nonce="${nonce}",nc=00000001,cnonce="c",qop=auth,` +
      `digest-uri="${digestUri}",response=${proof}${authzid === null ? '' : `,authzid="${authzid}"`}`;
    const packet = encodeAuthPacket(0, Buffer.from(response));
    return { outcome: server.feed(packet, 0, packet.length), reason: server.reason };
  }

  it.each(['test@EXAMPLE.COM', 'test/host@EXAMPLE.COM', 'test/', '/host', 'Test', 'test ', 'root', ''])(
    '"%s" is refused, whatever parts it has or lacks',
    (authzid) => {
      expect(asking(authzid)).toEqual({
        outcome: 'refused',
        reason: 'authentication failed: authzid is not the user',
      });
    },
  );

  it('is the user’s own name; who leaves it out acts as himself', () => {
    expect(asking('test').outcome).toBe('authenticated');
    expect(asking(null).outcome).toBe('authenticated');
  });
});

describe('who says nothing of authentication', () => {
  const frame = Buffer.from('000000b600000000', 'hex');

  it('is refused where it is required, and taken as he is where not', () => {
    const server = sasl().asAccepting();
    expect([server.feed(frame, 0, frame.length), server.consumed]).toEqual(['refused', 0]);
    expect(server.reason).toBe('it did not authenticate itself');
    const tolerant = sasl({ isRequired: false }).asAccepting();
    expect([tolerant.feed(frame, 0, frame.length), tolerant.consumed]).toEqual(['tolerated', 0]);
  });

  it('is what a server does that is not configured to', () => {
    expect(sasl({ credentials: null }).asConnecting()).toBeNull();
  });

  it('but goes at once, as one who wants to be called back, is the same', () => {
    expect(sasl().asAccepting().ended()).toBe('refused');
    expect(sasl({ isRequired: false }).asAccepting().ended()).toBe('tolerated');
  });

  it('or ends in the middle of it, is refused', () => {
    const begun = sasl({ isRequired: false }).asAccepting();
    begun.feed(Uint8Array.of(0x5f), 0, 1);
    expect(begun.ended()).toBe('refused');
    expect(sasl().asConnecting()?.ended()).toBe('refused');
  });
});

it('packets are read one after the other, however they are cut', () => {
  const reader = new AuthPacketReader();
  const first = encodeAuthPacket(0, Buffer.from('abc'));
  const both = Buffer.concat([first, encodeAuthPacket(1, new Uint8Array(0))]);
  expect(reader.feed(both, 0, both.length)).toBeNull();
  expect([reader.consumed, reader.packet?.token.length]).toEqual([first.length, 3]);
  expect(reader.feed(both, first.length, both.length - first.length)).toBeNull();
  expect(reader.packet?.status).toBe(1);
});

describe('a network that authenticates', () => {
  const warnings: string[] = [];
  const nets: NodePeerNetwork[] = [];
  const listeners: Listening[] = [];
  const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };

  afterEach(async () => {
    for (const listener of listeners.splice(0)) {
      await listener.close();
      for (const end of listener.accepted) end.socket?.destroy();
    }
    for (const net of nets.splice(0)) net.close();
    warnings.length = 0;
  });

  function network(authenticator: PeerAuthenticator, timeoutMs = DEADLINE_MS): AuthenticatedPeerNetwork {
    const inner = new NodePeerNetwork({ keepAlive: false, tls: null, refusesForeign: false }, log);
    nets.push(inner);
    return new AuthenticatedPeerNetwork(inner, authenticator, timeoutMs, new SeldomLogger(log, new ManualClock()));
  }

  async function listenOn(net: AuthenticatedPeerNetwork): Promise<Listening> {
    const listener = await listening(net);
    listeners.push(listener);
    return listener;
  }

  it('shows its owner connections that are authenticated, and bytes behind it only', async () => {
    const listener = await listenOn(network(sasl()));
    const caller = await connecting(network(sasl()), listener.port).opened();
    caller.send('FOLLOWERINFO');
    const called = await firstOf(listener.accepted);
    await called.has('FOLLOWERINFO');
    called.send('LEADERINFO');
    await caller.has('LEADERINFO');
    called.socket?.destroy();
    expect(await caller.gone()).toBe('closed by the peer');
    expect(warnings).toEqual([]);
  });

  it('refuses who cannot, and says so to both sides', async () => {
    const listener = await listenOn(network(sasl()));
    const wrong = connecting(network(sasl({ credentials: { username: 'test', password: 'x' } })), listener.port);
    expect(await wrong.gone()).toBe('authentication failed: the other server refused it');
    const silent = await connecting(network(sasl({ credentials: null })), listener.port).opened();
    silent.send('\0\0\0\x0b');
    expect(await silent.gone()).toMatch(/closed|ended/);
    await until('both are logged', DEADLINE_MS, () => warnings.length > 0);
    expect(warnings[0]).toMatch(/^A connection from 127.0.0.1 is closed: authentication failed: wrong response/);
    expect([listener.accepted.length, wrong.isOpen]).toEqual([0, false]);
  });

  it('takes those who do not, while it is not required', async () => {
    const listener = await listenOn(network(sasl({ isRequired: false, credentials: null })));
    const caller = await connecting(network(sasl({ credentials: null })), listener.port).opened();
    caller.send('\0\0\0\x0b');
    await (await firstOf(listener.accepted)).has('\0\0\0\x0b');
    expect(warnings).toEqual(['A connection from 127.0.0.1 is used all the same: it did not authenticate itself']);
    caller.socket?.destroy();
  });

  it('waits for nobody longer than it should, on either side', async () => {
    const listener = await listenOn(network(sasl(), 40));
    const mute = await connecting(network(sasl({ credentials: null })), listener.port).opened();
    expect(await mute.gone()).toBe('closed by the peer');
    const deaf = new NodePeerNetwork({ keepAlive: false, tls: null, refusesForeign: false }, log);
    nets.push(deaf);
    const silent = await listening(deaf);
    listeners.push(silent);
    const caller = connecting(network(sasl(), 40), silent.port);
    expect(await caller.gone()).toBe('no answer to authentication in 40 ms');
    const given = connecting(network(sasl(), 40), silent.port);
    await until('it is connected', DEADLINE_MS, () => silent.accepted.length === 2);
    given.socket?.destroy();
    await (silent.accepted[1] as (typeof silent.accepted)[0]).gone();
    expect([given.isOpen, given.closed]).toEqual([false, []]);
  });

  it('keeps nobody out by a crowd that says nothing', async () => {
    const listener = await listenOn(network(sasl()));
    const mute = network(sasl({ credentials: null }));
    const crowd = Array.from({ length: 400 }, () => connecting(mute, listener.port));
    await until('there is a bound', DEADLINE_MS, () => crowd.filter((end) => end.closed.length > 0).length >= 144);
    const caller = await connecting(network(sasl()), listener.port).opened();
    caller.send('x');
    await (await firstOf(listener.accepted)).has('x');
    expect(crowd.filter((end) => end.closed.length > 0).length).toBeLessThan(150);
    expect(warnings.length).toBe(1);
    for (const end of crowd) end.socket?.destroy();
    caller.socket?.destroy();
  });
});
