/**
 * SASL between servers by DIGEST-MD5 (ensemble-protocol 10.1): the `PeerAuthenticator` of election connections, and, through
 * authenticated-peer-network.ts, of quorum connections. Both ends prove to each other that they know one password; which server
 * somebody is, that proves not, and nobody believes so.
 *
 *   switch                     as the side that connects        as the side that accepts
 *   enableSasl alone           says nothing                     takes those who do and those who do not
 *   learnerRequireSasl         authenticates or is closed       the same
 *   serverRequireSasl          the same                         refuses who does not, or fails
 *
 * An exchange belongs to one connection; it holds at most one packet of it. Secrets stand in no message.
 */
import { createHash } from 'node:crypto';
import type { PeerAuthExchange, PeerAuthenticator, PeerAuthOutcome } from '../election/peer-authenticator.js';
import { type DigestMd5Port, DigestMd5Server } from '../net/sasl/digest-md5-server.js';
import type { Md5 } from '../protocol/sasl/digest-md5.js';
import {
  type DigestMd5Credentials,
  DigestMd5Error,
  DigestMd5Initiator,
} from '../protocol/sasl/digest-md5-initiator.js';
import { AuthPacketReader, AuthStatus, encodeAuthPacket, MAGIC_FIRST_BYTE } from './quorum-auth-packet.js';

const NAMES: DigestMd5Port = {
  realm: 'zk-quorum-sasl-md5',
  digestUri: 'zookeeper-quorum/zk-quorum-sasl-md5',
  actsAsSelfOnly: true,
};
const NONCE_BYTES = 30;
const NO_TOKEN = new Uint8Array(0);

/** Secret. Plain data, as a thread is given it. */
export interface QuorumSaslOptions {
  /** The section QuorumServer: who may connect, with which password. */
  readonly passwords: ReadonlyMap<string, string>;
  /** The section QuorumLearner: as whom this server connects. Null: it does not authenticate itself. */
  readonly credentials: DigestMd5Credentials | null;
  /** quorum.auth.serverRequireSasl. */
  readonly isRequired: boolean;
}

/** Bytes that nobody can guess. */
export type Chance = (count: number) => Uint8Array;

export class QuorumSasl implements PeerAuthenticator {
  private readonly options: QuorumSaslOptions;
  private readonly chance: Chance;

  constructor(options: QuorumSaslOptions, chance: Chance) {
    this.options = options;
    this.chance = chance;
  }

  asConnecting(): PeerAuthExchange | null {
    const { credentials } = this.options;
    return credentials === null ? null : new ConnectingExchange(credentials, this.nonce());
  }

  asAccepting(): PeerAuthExchange {
    const { passwords, isRequired } = this.options;
    return new AcceptingExchange(new DigestMd5Server(passwords, this.nonce(), NAMES), isRequired);
  }

  private nonce(): string {
    return Buffer.from(this.chance(NONCE_BYTES)).toString('base64');
  }
}

const md5: Md5 = (bytes) => createHash('md5').update(bytes).digest();

abstract class Exchange implements PeerAuthExchange {
  consumed = 0;
  reply: Uint8Array | null = null;
  reason = '';
  private readonly reader = new AuthPacketReader();

  abstract start(): Uint8Array | null;

  feed(bytes: Uint8Array, offset: number, length: number): PeerAuthOutcome {
    this.consumed = 0;
    this.reply = null;
    while (this.consumed < length) {
      const wrong = this.reader.feed(bytes, offset + this.consumed, length - this.consumed);
      if (wrong !== null) return this.refuse(`not a packet of authentication: ${wrong}`);
      this.consumed += this.reader.consumed;
      const { packet } = this.reader;
      if (packet === null) return 'more';
      const outcome = this.onPacket(packet.status, packet.token);
      if (outcome !== 'more') return outcome;
      // Each side speaks in its turn: who sends the next packet before he has been answered does not know what he answers.
      if (this.consumed < length) return this.refuse('packets of authentication out of turn');
    }
    return 'more';
  }

  ended(): PeerAuthOutcome {
    return this.refuse('the connection ended during authentication');
  }

  protected abstract onPacket(status: AuthStatus, token: Uint8Array): PeerAuthOutcome;

  protected refuse(reason: string): PeerAuthOutcome {
    this.reason = reason;
    return 'refused';
  }
}

class ConnectingExchange extends Exchange {
  private readonly initiator: DigestMd5Initiator;

  constructor(credentials: DigestMd5Credentials, cnonce: string) {
    super();
    this.initiator = new DigestMd5Initiator(
      credentials,
      { digestUri: NAMES.digestUri, namesAuthorized: true },
      cnonce,
      md5,
    );
  }

  start(): Uint8Array {
    return encodeAuthPacket(AuthStatus.inProgress, NO_TOKEN);
  }

  protected onPacket(status: AuthStatus, token: Uint8Array): PeerAuthOutcome {
    if (status === AuthStatus.error) return this.refuse('authentication failed: the other server refused it');
    let answer: Uint8Array | null;
    try {
      answer = this.initiator.onToken(token);
    } catch (error) {
      if (!(error instanceof DigestMd5Error)) throw error;
      return this.refuse(`authentication failed: ${error.message}`);
    }
    // Both must say that it is over: the mechanism, which has seen the proof, and the packet.
    if ((answer === null) !== (status === AuthStatus.success)) {
      return this.refuse('authentication failed: the other server ended it too early or not at all');
    }
    if (answer === null) return 'authenticated';
    this.reply = encodeAuthPacket(AuthStatus.inProgress, answer);
    return 'more';
  }
}

class AcceptingExchange extends Exchange {
  private readonly server: DigestMd5Server;
  private readonly isRequired: boolean;
  private hasBegun = false;

  constructor(server: DigestMd5Server, isRequired: boolean) {
    super();
    this.server = server;
    this.isRequired = isRequired;
  }

  start(): null {
    return null;
  }

  override feed(bytes: Uint8Array, offset: number, length: number): PeerAuthOutcome {
    if (!this.hasBegun && length > 0 && bytes[offset] !== MAGIC_FIRST_BYTE) {
      this.consumed = 0;
      this.reply = null;
      this.reason = 'it did not authenticate itself';
      return this.isRequired ? 'refused' : 'tolerated';
    }
    this.hasBegun = true;
    return super.feed(bytes, offset, length);
  }

  /** A server that only wants to be called back says HELLO and goes: one that does not authenticate itself. */
  override ended(): PeerAuthOutcome {
    if (this.hasBegun) return super.ended();
    this.reason = 'it did not authenticate itself';
    return this.isRequired ? 'refused' : 'tolerated';
  }

  protected onPacket(status: AuthStatus, token: Uint8Array): PeerAuthOutcome {
    if (status !== AuthStatus.inProgress) return this.fail(`status ${status} of one who is to be authenticated`);
    const step = this.server.evaluate(token);
    switch (step.kind) {
      case 'challenge':
        this.reply = encodeAuthPacket(AuthStatus.inProgress, Buffer.from(step.token, 'latin1'));
        return 'more';
      case 'done':
        this.reply = encodeAuthPacket(AuthStatus.success, Buffer.from(step.token, 'latin1'));
        return 'authenticated';
      case 'failed':
        return this.fail(step.reason);
    }
  }

  /** The other side learns that, and no more: it may be anybody. */
  private fail(reason: string): PeerAuthOutcome {
    this.reply = encodeAuthPacket(AuthStatus.error, NO_TOKEN);
    this.reason = `authentication failed: ${reason}`;
    return this.isRequired ? 'refused' : 'tolerated';
  }
}
