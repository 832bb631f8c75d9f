/**
 * The restorer: sends a restore into the pipeline and says how it ended. One at a time, in the order in which they were asked
 * for.
 *
 * Lives on the main thread. It knows no files: whoever asks has put the snapshot in its place and proven it, and gives the plan
 * as bytes. The same mechanism, a record in the line of all requests behind which every stage begins anew, is what a change of
 * role and a leader's snapshot will use.
 *
 *   [restorer] --restore--> prep -> sync -> final --restored--> [restorer]
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { copyBytes } from '../base/bytes.js';
import { Fifo } from '../base/fifo.js';
import { ErrorCode } from '../protocol/error-code.js';
import {
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_CONNECTION,
  WORD_ERROR,
  WORD_LENGTH_B,
  WORD_SHARD,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from './pipeline-records.js';

export interface Restore {
  /** For sync, which installs it. */
  readonly plan: Uint8Array;
  /** The highest zxid in what is to be restored; the server goes on above it. */
  readonly zxidHi: number;
  readonly zxidLo: number;
  /** The database is the restored one, durably, and is served; or nothing has changed. */
  onDone(isRestored: boolean): void;
}

export class RestorerActor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  readonly alwaysDrains = true;

  private readonly context: ActorContext;
  private readonly toPrep: MailboxSender;
  private readonly waiting = new Fifo<Restore>();
  private running: Restore | null = null;

  constructor(context: ActorContext) {
    this.context = context;
    this.toPrep = context.outbox('prep');
    this.inboxes = {
      final: (_type, _bytes, words, offset) => this.onRestored(words[(offset >> 2) + WORD_ERROR] === ErrorCode.Ok),
    };
  }

  /** A restore is under way or waits for its turn. */
  get isBusy(): boolean {
    return this.running !== null || !this.waiting.isEmpty;
  }

  /** Called between turns; only after the server serves. */
  restore(restore: Restore): void {
    this.waiting.push(restore);
    this.sendNext();
    this.context.requestTurn();
  }

  private onRestored(isRestored: boolean): void {
    const done = this.running;
    this.running = null;
    this.sendNext();
    done?.onDone(isRestored);
  }

  private sendNext(): void {
    if (this.running !== null) return;
    const next = this.waiting.shift();
    if (next === undefined) return;
    this.running = next;
    const { plan, zxidHi, zxidLo } = next;
    const out = this.toPrep;
    out.claim(RecordType.restore, PIPELINE_HEADER_BYTES + plan.length);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_SHARD] = -1;
    out.words[at + WORD_CONNECTION] = -1;
    out.words[at + WORD_ZXID_HI] = zxidHi;
    out.words[at + WORD_ZXID_LO] = zxidLo;
    out.words[at + WORD_LENGTH_B] = plan.length;
    copyBytes(plan, 0, out.bytes, out.offset + PIPELINE_HEADER_BYTES, plan.length);
    out.commit();
  }
}
