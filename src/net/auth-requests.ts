/**
 * The requests `auth` and `sasl`, and the refusal of everybody else where authentication is enforced (client-protocol 5.2
 * steps 3 and 4, 5.6, 6.7, 10.1): from the frame to the reply in its place. On the shard's thread.
 *
 * They are handled when their frame is read and touch no session. Whoever is refused is not read any further.
 */
import { decodeUtf8 } from '../base/utf8.js';
import { FLAG_CLOSE } from '../processor/pipeline-records.js';
import { RequestBody } from '../processor/request-body.js';
import { ScratchBytes } from '../processor/scratch-bytes.js';
import { ErrorCode } from '../protocol/error-code.js';
import { type Authenticator, LoginOutcome } from './auth/authenticator.js';
import { FrameVerdict } from './frame-buffer.js';
import type { ReplyWriter } from './reply-writer.js';
import type { RequestSender } from './request-sender.js';
import type { ServerCnxn } from './server-cnxn.js';

const NULL_BUFFER_LENGTH = -1;
const NO_BYTES = new Uint8Array(0);

export class AuthRequests {
  private readonly authenticator: Authenticator;
  private readonly sender: RequestSender;
  private readonly replies: ReplyWriter;
  private readonly body = new RequestBody();
  private readonly $reply = new ScratchBytes(256);

  constructor(authenticator: Authenticator, sender: RequestSender, replies: ReplyWriter) {
    this.authenticator = authenticator;
    this.sender = sender;
    this.replies = replies;
  }

  onAuth(cnxn: ServerCnxn, xid: number, bytes: Uint8Array, offset: number, length: number): FrameVerdict {
    const { body } = this;
    body.begin(bytes, offset, length);
    body.readInt();
    const schemeLength = body.readSlice();
    const schemeOffset = body.sliceOffset;
    const data = this.readBuffer();
    // Unlike any other request that does not decode: the reference ends the connection without a word.
    if (body.failed) return this.close(cnxn);
    const scheme = schemeLength < 0 ? null : decodeUtf8(bytes, schemeOffset, schemeLength);
    switch (this.authenticator.login(cnxn, scheme, data)) {
      case LoginOutcome.accepted:
        this.sender.inOrder(cnxn, xid, 0, 0, ErrorCode.Ok, 0);
        return FrameVerdict.taken;
      case LoginOutcome.refused:
        this.sender.inOrder(cnxn, xid, 0, 0, ErrorCode.AuthFailed, FLAG_CLOSE);
        return FrameVerdict.closed;
      case LoginOutcome.gone:
        return this.close(cnxn);
    }
  }

  /** A failed negotiation, too, is answered with a body: a null token [Q] (V56). */
  onSasl(cnxn: ServerCnxn, xid: number, bytes: Uint8Array, offset: number, length: number): FrameVerdict {
    const { body, $reply } = this;
    body.begin(bytes, offset, length);
    const token = this.readBuffer();
    if (body.failed) return this.close(cnxn);
    const answer = this.authenticator.negotiate(cnxn, token ?? NO_BYTES);
    $reply.reset();
    if (answer.token === null) {
      $reply.writeInt(NULL_BUFFER_LENGTH);
    } else {
      $reply.writeInt(answer.token.length);
      $reply.writeBytes(answer.token, 0, answer.token.length);
    }
    const ends = answer.error !== ErrorCode.Ok;
    this.sender.inOrder(cnxn, xid, 0, 0, answer.error, ends ? FLAG_CLOSE : 0, $reply.bytes, $reply.length);
    return ends ? FrameVerdict.closed : FrameVerdict.taken;
  }

  /** Any other request of a connection that has to authenticate itself first. */
  refuse(cnxn: ServerCnxn, xid: number): FrameVerdict {
    this.authenticator.logUnauthenticated(cnxn);
    this.sender.inOrder(cnxn, xid, 0, 0, ErrorCode.SessionClosedRequireSaslAuth, FLAG_CLOSE);
    return FrameVerdict.closed;
  }

  private readBuffer(): Uint8Array | null {
    const length = this.body.readSlice();
    const { bytes, sliceOffset } = this.body;
    return length < 0 ? null : bytes.slice(sliceOffset, sliceOffset + length);
  }

  private close(cnxn: ServerCnxn): FrameVerdict {
    this.replies.closeAfterFlush(cnxn);
    return FrameVerdict.closed;
  }
}
