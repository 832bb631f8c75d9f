/**
 * The slow-request log: one line for each slow request that a connection shard tells of, with the stages in which its time went, and the last
 * hundred of them for whoever asks (`slow_requests` of the AdminServer). Main thread. What it knows it reads from memory that the stages
 * have written; it asks nobody.
 */
import type { Logger } from '../actor/logger.js';
import type { Clock } from '../base/clock.js';
import { hex64, numberFromHalves } from '../base/int64.js';
import { decodeUtf8 } from '../base/utf8.js';
import { SlowRequestKind, SlowRequestWord } from '../net/shard-control.js';
import { InternalOp } from '../processor/pipeline-records.js';
import { StampedStage, StampReader } from '../processor/stage-stamps.js';
import { opName } from '../protocol/op-code.js';
import { type StageTime, splitSlowRequest } from './slow-request-split.js';

const KEPT_MAX = 100;

export interface SlowRequest {
  readonly repliedWallMs: number;
  readonly sessionHi: number;
  readonly sessionLo: number;
  /** Address and port. */
  readonly client: string;
  readonly operation: string;
  /** Of what was changed; '' for reads, and for what changed nothing. */
  readonly path: string;
  /** Of a write its own, of a read the one that it shows; both 0: it was not in the line yet. */
  readonly zxidHi: number;
  readonly zxidLo: number;
  readonly totalMs: number;
  readonly stages: readonly StageTime[];
}

export class SlowRequests {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly hasQuorum: boolean;
  private readonly decided: StampReader;
  private readonly proposed: StampReader;
  private readonly logged: StampReader;
  private readonly committed: StampReader;
  private readonly applied: StampReader;
  private readonly kept: SlowRequest[] = [];

  constructor(shared: Readonly<Record<string, SharedArrayBuffer>>, clock: Clock, log: Logger, hasQuorum: boolean) {
    this.clock = clock;
    this.log = log;
    this.hasQuorum = hasQuorum;
    this.decided = new StampReader(shared, StampedStage.decided);
    this.proposed = new StampReader(shared, StampedStage.proposed);
    this.logged = new StampReader(shared, StampedStage.logged);
    this.committed = new StampReader(shared, StampedStage.committed);
    this.applied = new StampReader(shared, StampedStage.applied);
  }

  /** The oldest first. */
  get last(): readonly SlowRequest[] {
    return this.kept;
  }

  /** A record `slowRequest` of a shard. */
  onReported(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const at = offset >> 2;
    const texts = offset + SlowRequestWord.count * 4;
    const pathLength = words[at + SlowRequestWord.pathLength];
    const repliedMs = numberFromHalves(
      words[at + SlowRequestWord.repliedMsHi],
      words[at + SlowRequestWord.repliedMsLo],
    );
    const kind = words[at + SlowRequestWord.kind];
    const totalMs = words[at + SlowRequestWord.latencyMs];
    const zxidHi = words[at + SlowRequestWord.zxidHi];
    const zxidLo = words[at + SlowRequestWord.zxidLo];
    const request: SlowRequest = {
      repliedWallMs: Math.round(this.clock.wallMs() - (this.clock.monotonicMs() - repliedMs)),
      sessionHi: words[at + SlowRequestWord.sessionHi],
      sessionLo: words[at + SlowRequestWord.sessionLo],
      client: decodeUtf8(bytes, texts + pathLength, length - SlowRequestWord.count * 4 - pathLength),
      operation: nameOf(words[at + SlowRequestWord.op]),
      path: decodeUtf8(bytes, texts, pathLength),
      zxidHi,
      zxidLo,
      totalMs,
      stages: this.split(kind, zxidHi, zxidLo, repliedMs - totalMs, repliedMs),
    };
    if (this.kept.push(request) > KEPT_MAX) this.kept.shift();
    this.tell(request, words[at + SlowRequestWord.untold]);
  }

  private split(kind: number, zxidHi: number, zxidLo: number, arrivedMs: number, repliedMs: number): StageTime[] {
    if (kind === SlowRequestKind.heldBack) return [{ stage: 'held back', ms: repliedMs - arrivedMs }];
    const stamps = {
      decided: this.decided.find(zxidHi, zxidLo),
      proposed: this.proposed.find(zxidHi, zxidLo),
      logged: this.logged.find(zxidHi, zxidLo),
      committed: this.committed.find(zxidHi, zxidLo),
      applied: this.applied.find(zxidHi, zxidLo),
    };
    return splitSlowRequest(stamps, arrivedMs, repliedMs, kind === SlowRequestKind.write, this.hasQuorum);
  }

  private tell(request: SlowRequest, untold: number): void {
    const { operation, path, sessionHi, sessionLo, client, totalMs, stages, zxidHi, zxidLo } = request;
    const what = path === '' ? operation : `${operation} ${path}`;
    const split = stages.map(({ stage, ms }) => `${stage} ${Math.round(ms)}`).join(', ');
    const more = untold === 0 ? '' : `, and ${untold} more that are not told`;
    this.log.warn(
      `Slow request: ${what} of session 0x${hex64(sessionHi, sessionLo)} from ${client} took ${totalMs} ms: ` +
        `${split} (zxid 0x${hex64(zxidHi, zxidLo)})${more}`,
    );
  }
}

function nameOf(op: number): string {
  if (op === InternalOp.reopenSession) return 'reopenSession';
  return opName(op);
}
