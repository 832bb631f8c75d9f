/**
 * An authenticator with the manners of SASL and none of its arithmetic: the connecting side says the password, the accepting side says
 * yes or no. `tolerant`: who says nothing of the kind is let through.
 */
import type { PeerAuthExchange, PeerAuthenticator, PeerAuthOutcome } from '../../../src/election/peer-authenticator.js';

const MAGIC = '5f2435013501edcc';
const QUESTION_BYTES = 16;
const ANSWER_BYTES = 9;

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'));

export class FakeSasl implements PeerAuthenticator {
  static readonly ok = `${MAGIC}01`;
  static readonly refused = `${MAGIC}ff`;
  private readonly password: string;
  private readonly tolerant: boolean;

  constructor(password: string, tolerant = false) {
    this.password = password;
    this.tolerant = tolerant;
  }

  static question(password: string): string {
    return MAGIC + Buffer.from(password.padEnd(8)).toString('hex');
  }

  asConnecting(): PeerAuthExchange {
    return new FakeExchange(FakeSasl.question(this.password), ANSWER_BYTES, (heard) =>
      heard === FakeSasl.ok ? ['authenticated', null] : ['refused', null],
    );
  }

  asAccepting(): PeerAuthExchange {
    return new FakeExchange(
      null,
      QUESTION_BYTES,
      (heard) =>
        heard === FakeSasl.question(this.password) ? ['authenticated', FakeSasl.ok] : ['refused', FakeSasl.refused],
      this.tolerant,
    );
  }
}

class FakeExchange implements PeerAuthExchange {
  consumed = 0;
  reply: Uint8Array | null = null;
  reason = '';
  private heard = '';
  private readonly first: string | null;
  private readonly wantedBytes: number;
  private readonly judge: (heard: string) => [PeerAuthOutcome, string | null];
  private readonly tolerant: boolean;

  constructor(
    first: string | null,
    wantedBytes: number,
    judge: (heard: string) => [PeerAuthOutcome, string | null],
    tolerant = false,
  ) {
    this.first = first;
    this.wantedBytes = wantedBytes;
    this.judge = judge;
    this.tolerant = tolerant;
  }

  start(): Uint8Array | null {
    return this.first === null ? null : bytesOf(this.first);
  }

  feed(bytes: Uint8Array, offset: number, length: number): PeerAuthOutcome {
    this.consumed = Math.min(length, this.wantedBytes - this.heard.length / 2);
    this.heard += Buffer.from(bytes.slice(offset, offset + this.consumed)).toString('hex');
    if (this.tolerant && !MAGIC.startsWith(this.heard.slice(0, MAGIC.length))) {
      this.consumed = 0;
      return 'tolerated';
    }
    if (this.heard.length / 2 < this.wantedBytes) return 'more';
    const [outcome, reply] = this.judge(this.heard);
    if (outcome === 'refused') this.reason = 'the password is wrong';
    this.reply = reply === null ? null : bytesOf(reply);
    return outcome;
  }

  ended(): PeerAuthOutcome {
    return this.tolerant ? 'tolerated' : 'refused';
  }
}
