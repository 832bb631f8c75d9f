/**
 * Tells the main thread of requests whose reply took longer than the threshold, so that it can say where the time went
 * (server/slow-requests.ts). Owned by a connection shard, on its thread. A request that is not slow costs one comparison; of many slow
 * ones some are told, and the others counted.
 */
import type { ActorContext } from '../actor/actor.js';
import type { Counter } from '../actor/counters/counter.js';
import type { MailboxSender } from '../actor/mailbox/mailbox.js';
import { assert } from '../base/assert.js';
import { copyBytes, readInt32 } from '../base/bytes.js';
import { hiOfNumber, loOfNumber } from '../base/int64.js';
import { encodeUtf8 } from '../base/utf8.js';
import { LAST_CHANGE_KIND } from '../processor/change-list.js';
import {
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../processor/pipeline-records.js';
import type { ServerCnxn } from './server-cnxn.js';
import { ShardRecord, SlowRequestKind, SlowRequestWord } from './shard-control.js';
import { SLOW_REQUEST_THRESHOLD, SlowRequestThreshold } from './slow-request-threshold.js';

const TOLD_PER_SECOND_MAX = 10;
const PATH_BYTES_MAX = 512;

export class SlowRequestReporter {
  /** A reply after so long is slow; Infinity: none is. Of this turn. */
  thresholdMs = Number.POSITIVE_INFINITY;
  private readonly threshold: SlowRequestThreshold;
  private readonly toSupervisor: MailboxSender;
  private readonly requestTurn: () => void;
  private readonly counter: Counter;
  private secondBeganMs = Number.NEGATIVE_INFINITY;
  private toldInSecond = 0;
  /** Slow ones that were not told, since the last that was. */
  private untold = 0;

  constructor(context: ActorContext, requestTurn: () => void) {
    const memory = context.shared[SLOW_REQUEST_THRESHOLD];
    assert(memory !== undefined, 'the threshold was there before any shard');
    this.threshold = new SlowRequestThreshold(memory);
    this.toSupervisor = context.outbox('supervisor');
    this.requestTurn = requestTurn;
    this.counter = context.metrics.counter('threadkeeper_slow_requests');
    this.refresh();
  }

  /** For all shards. */
  changeThreshold(ms: number): void {
    this.threshold.ms = ms;
    this.refresh();
  }

  refresh(): void {
    const { ms } = this.threshold;
    this.thresholdMs = ms > 0 ? ms : Number.POSITIVE_INFINITY;
  }

  /** A reply that came through the pipeline; the change list begins at `changes`. */
  onReply(
    isWrite: boolean,
    cnxn: ServerCnxn,
    words: Int32Array,
    header: number,
    bytes: Uint8Array,
    changes: number,
    latencyMs: number,
    nowMs: number,
  ): void {
    if (!this.mayTell(nowMs)) return;
    const hasChanges = (words[header + WORD_LENGTH_B] as number) > 0;
    const hasPath = hasChanges && readInt32(bytes, changes) <= LAST_CHANGE_KIND;
    const pathLength = hasPath ? Math.min(readInt32(bytes, changes + 4), PATH_BYTES_MAX) : 0;
    const kind = isWrite ? SlowRequestKind.write : SlowRequestKind.read;
    const op = words[header + WORD_OP] as number;
    const zxidHi = words[header + WORD_ZXID_HI] as number;
    const zxidLo = words[header + WORD_ZXID_LO] as number;
    // The connection's own is not known yet when it is opened.
    const sessionHi = words[header + WORD_SESSION_HI] as number;
    const sessionLo = words[header + WORD_SESSION_LO] as number;
    this.tell(kind, cnxn, op, sessionHi, sessionLo, zxidHi, zxidLo, bytes, changes + 8, pathLength, latencyMs, nowMs);
  }

  /** The connection's requests were not taken for so long: too many were in flight, or its client did not read replies. */
  onHeldBack(cnxn: ServerCnxn, heldMs: number, nowMs: number): void {
    if (this.mayTell(nowMs)) {
      const { sessionHi, sessionLo, lastOp, identityBytes } = cnxn;
      this.tell(SlowRequestKind.heldBack, cnxn, lastOp, sessionHi, sessionLo, 0, 0, identityBytes, 0, 0, heldMs, nowMs);
    }
  }

  private mayTell(nowMs: number): boolean {
    this.counter.increment();
    if (nowMs - this.secondBeganMs >= 1000) {
      this.secondBeganMs = nowMs;
      this.toldInSecond = 0;
    }
    if (this.toldInSecond < TOLD_PER_SECOND_MAX) {
      this.toldInSecond++;
      return true;
    }
    this.untold++;
    return false;
  }

  private tell(
    kind: number,
    cnxn: ServerCnxn,
    op: number,
    sessionHi: number,
    sessionLo: number,
    zxidHi: number,
    zxidLo: number,
    path: Uint8Array,
    pathOffset: number,
    pathLength: number,
    latencyMs: number,
    nowMs: number,
  ): void {
    const out = this.toSupervisor;
    const client = encodeUtf8(cnxn.peer);
    const texts = SlowRequestWord.count * 4;
    out.claim(ShardRecord.slowRequest, texts + pathLength + client.length);
    const { words } = out;
    const at = out.offset >> 2;
    words[at + SlowRequestWord.kind] = kind;
    words[at + SlowRequestWord.op] = op;
    words[at + SlowRequestWord.sessionHi] = sessionHi;
    words[at + SlowRequestWord.sessionLo] = sessionLo;
    words[at + SlowRequestWord.zxidHi] = zxidHi;
    words[at + SlowRequestWord.zxidLo] = zxidLo;
    words[at + SlowRequestWord.repliedMsHi] = hiOfNumber(Math.floor(nowMs));
    words[at + SlowRequestWord.repliedMsLo] = loOfNumber(Math.floor(nowMs));
    words[at + SlowRequestWord.latencyMs] = latencyMs;
    words[at + SlowRequestWord.untold] = this.untold;
    words[at + SlowRequestWord.pathLength] = pathLength;
    copyBytes(path, pathOffset, out.bytes, out.offset + texts, pathLength);
    copyBytes(client, 0, out.bytes, out.offset + texts + pathLength, client.length);
    out.commit();
    this.untold = 0;
    this.requestTurn();
  }
}
