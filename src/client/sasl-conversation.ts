// The tokens of one SASL conversation on their way: one frame to the server, one reply back, until both sides are who they
// say, or one of them is not. Made by ClientCnxn for each connection that needs one, and gone with it. It writes frames but
// never sends them, and says how the conversation went, not what follows from it.

import { assert } from '../base/assert.js';
import { JuteError } from '../jute/jute-error.js';
import type { JuteReader } from '../jute/jute-reader.js';
import { decodeSetSASLResponse, encodeGetSASLRequest } from '../protocol/connect.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { OutgoingFrames } from './outgoing-frames.js';
import { SaslError, type SaslMechanism } from './sasl-mechanism.js';

/** waiting: a token was written, whose answer comes next. */
export type SaslProgress = 'waiting' | 'done' | 'refused';

export class SaslConversation {
  private readonly mechanism: SaslMechanism;
  private readonly outgoing: OutgoingFrames;
  private readonly takeXid: () => number;
  private xid = 0; // of the token that has no answer yet; 0 before the first
  private isOver = false;

  constructor(mechanism: SaslMechanism, outgoing: OutgoingFrames, takeXid: () => number) {
    this.mechanism = mechanism;
    this.outgoing = outgoing;
    this.takeXid = takeXid;
  }

  begin(): void {
    assert(this.xid === 0, 'a conversation begins once');
    this.writeToken(this.mechanism.firstToken());
  }

  onReply(xid: number, errorCode: number, r: JuteReader): SaslProgress {
    assert(!this.isOver, 'a reply behind the end of a conversation');
    if (xid !== this.xid) throw new JuteError(`reply ${xid} to a SASL token`);
    const progress = this.advance(errorCode, r);
    this.isOver = progress !== 'waiting';
    return progress;
  }

  private advance(errorCode: number, r: JuteReader): SaslProgress {
    const token = errorCode === ErrorCode.Ok ? decodeSetSASLResponse(r).token : null;
    // A null token means a server that lets anybody in: not what this application asked for.
    if (token === null) return 'refused';
    try {
      const answer = this.mechanism.onToken(token);
      if (answer === null) return 'done';
      this.writeToken(answer);
      return 'waiting';
    } catch (error) {
      if (error instanceof SaslError) return 'refused';
      throw error;
    }
  }

  private writeToken(token: Uint8Array): void {
    this.xid = this.takeXid();
    const w = this.outgoing.begin();
    w.writeInt(this.xid);
    w.writeInt(OpCode.sasl);
    encodeGetSASLRequest(w, { token });
    this.outgoing.end();
  }
}
