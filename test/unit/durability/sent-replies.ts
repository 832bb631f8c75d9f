/**
 * Takes the frames apart that a server writes to its clients, as it writes them: the greatest zxid that any of them has told,
 * and the sessions that were granted. What stands here counts as acknowledged, whether or not it ever reached the client.
 */
import { readInt32 } from '../../../src/base/bytes.js';
import { int64FromHalves } from '../../../src/base/int64.js';

const FRAME_HEAD_BYTES = 4;
const CONNECT_SESSION_OFFSET = 8;
const REPLY_ZXID_OFFSET = 4;

export interface SentReply {
  /** The zxid in the header of a reply or event; null for a granted session. */
  readonly zxid: bigint | null;
  readonly sessionId: bigint | null;
}

export class SentReplies {
  /** All that was told may be relied upon up to here. */
  zxidTold = 0n;
  readonly granted = new Set<bigint>();
  /** Of the last write. */
  newest: readonly SentReply[] = [];
  count = 0;
  private readonly rests = new Map<object, Uint8Array>();
  private readonly greeted = new Set<object>();

  onWrite(connection: object, bytes: Uint8Array, length: number): void {
    const rest = this.rests.get(connection) ?? new Uint8Array(0);
    const all = new Uint8Array(rest.length + length);
    all.set(rest);
    all.set(bytes.subarray(0, length), rest.length);
    const found: SentReply[] = [];
    let at = 0;
    while (all.length - at >= FRAME_HEAD_BYTES) {
      const frameBytes = readInt32(all, at);
      if (all.length - at - FRAME_HEAD_BYTES < frameBytes) break;
      found.push(this.frame(connection, all, at + FRAME_HEAD_BYTES));
      at += FRAME_HEAD_BYTES + frameBytes;
    }
    this.rests.set(connection, all.slice(at));
    this.newest = found;
    this.count += found.length;
  }

  private frame(connection: object, bytes: Uint8Array, at: number): SentReply {
    if (!this.greeted.has(connection)) {
      this.greeted.add(connection);
      const sessionId = longAt(bytes, at + CONNECT_SESSION_OFFSET);
      if (sessionId !== 0n) this.granted.add(sessionId);
      return { zxid: null, sessionId };
    }
    const zxid = longAt(bytes, at + REPLY_ZXID_OFFSET);
    if (zxid > this.zxidTold) this.zxidTold = zxid;
    return { zxid, sessionId: null };
  }
}

function longAt(bytes: Uint8Array, at: number): bigint {
  return int64FromHalves(readInt32(bytes, at), readInt32(bytes, at + 4));
}
