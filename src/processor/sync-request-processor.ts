/**
 * SyncRequestProcessor: makes transactions durable. Appends everything that has arrived since the last turn to the log,
 * forces it to disk once, and only then hands it on; what is no transaction waits in the same line.
 *
 * Owns the transaction log; lives on a thread that may block in file calls. Nothing leaves this stage before the sync that
 * covers it has returned: records for final are claimed while appending and published behind the commit. Then, while the
 * others work on, the log's mark is written.
 * The first failed write or sync is the end of the process (persistence 10.1); nothing is ever tried twice.
 *
 *   prep --txn | pass | echo--> [sync] --the same--> final
 *                               [sync] --snapshot due--> snapshotter
 *   prep --restore--> [sync] --the same--> final       between two logs: the files of another database take their place
 *
 * In a member of an ensemble it stands between quorum-peer and commit (their names here are still prep and final), and says after each
 * sync up to where the log is on the disk. Where another thread is about to change files (a role's end, TRUNC, SNAP) it has
 * none open:
 *
 *   [sync] --durable--> quorum-peer
 *   quorum-peer --halt, truncate, snap..., serve, settle--> [sync] --the same, in their place--> commit
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { assert } from '../base/assert.js';
import { copyBytes } from '../base/bytes.js';
import { ErrorCode } from '../protocol/error-code.js';
import {
  FLAG_UNLOGGED,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  ServerRole,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_OP,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from './pipeline-records.js';
import { type CommitTimes, SyncMeasures } from './sync-measures.js';

/** The log as this stage needs it; persistence/txn-log-writer.ts is the real one. What it throws ends the process. */
export interface TxnLog {
  append(bytes: Uint8Array, offset: number, length: number, zxidHi: number, zxidLo: number): void;
  commit(): void;
  /** Behind the acknowledgement of what commit() covered. */
  writeMark(): void;
  roll(): void;
  onRestored(zxidHi: number, zxidLo: number): void;
  close(): void;
  readonly bytesSinceRoll: number;
  /** Of the last commit(). */
  readonly commitTimes: CommitTimes;
}

/** When a snapshot is due (persistence 7.1); persistence/snapshot-policy.ts is the real one. */
export interface SnapshotTrigger {
  /** Called after each append; true when the log is to be rolled and a snapshot taken. */
  onAppend(logBytes: number): boolean;
  /** Counts from now on; 0 bytes: the size does not count. */
  setLimits(snapCount: number, logBytes: number): void;
}

/** Where the other threads read up to which zxid the log is durable. */
export interface DurableZxid {
  publish(zxidHi: number, zxidLo: number): void;
}

/**
 * Makes another database that of the next start (persistence/restore-files.ts), under this zxid; the plan lies at `offset`.
 * False: it could not, and nothing has changed. What it throws ends the process.
 */
export type InstallRestore = (bytes: Uint8Array, offset: number, zxidHi: number, zxidLo: number) => boolean;

/** What only a member of an ensemble does with its log. What they throw ends the process. */
export interface MemberLog {
  /** Everything is durable, and no file is open any more; the next append opens what it then finds. */
  release(): void;
  /** TRUNC, of a released log: everything above the zxid goes. False: that cannot be done, and nothing has changed. */
  truncate(zxidHi: number, zxidLo: number): boolean;
}

export interface GroupCommitOptions {
  /** A sync waits until so long after the one before, so that more transactions share it; 0 = never waits. */
  readonly flushDelayMs: number;
  /** How often a waiting stage looks at the clock. */
  readonly pollMs: number;
  /** The most transactions that one sync covers. */
  readonly batchCountMax: number;
}

/** What the control side may change. */
export interface SyncSettings {
  readonly batchCountMax: number;
  readonly flushDelayMs: number;
  readonly snapCount: number;
  readonly snapLogBytesMax: number;
}

export const SNAPSHOT_DUE = 1;

const TXNS_LOGGED = 0;
const LOG_SYNCS = 1;

export class SyncRequestProcessor implements Actor {
  readonly inboxes: Record<string, RecordHandler>;
  readonly tickMs: number;

  private readonly context: ActorContext;
  private options: GroupCommitOptions;
  private readonly log: TxnLog;
  private readonly trigger: SnapshotTrigger;
  private readonly durable: DurableZxid;
  private readonly installRestore: InstallRestore;
  private readonly toFinal: MailboxSender;
  private readonly toSnapshotter: MailboxSender;
  /** Both null in a standalone server. */
  private readonly member: MemberLog | null;
  private readonly toQuorumPeer: MailboxSender | null;
  private readonly counters: Float64Array;
  private readonly measures: SyncMeasures;
  private zxidHi = 0;
  private zxidLo = 0;
  private appended = 0;
  private committedMs = Number.NEGATIVE_INFINITY;

  constructor(
    context: ActorContext,
    log: TxnLog,
    trigger: SnapshotTrigger,
    durable: DurableZxid,
    installRestore: InstallRestore,
    options: GroupCommitOptions,
    member: MemberLog | null = null,
  ) {
    this.context = context;
    this.member = member;
    this.toQuorumPeer = member === null ? null : context.outbox('quorum-peer');
    this.options = options;
    // Without a delay nothing waits for the clock: a tick would only wake an idle thread.
    this.tickMs = options.flushDelayMs > 0 ? Math.max(options.pollMs, 1) : Number.POSITIVE_INFINITY;
    this.log = log;
    this.trigger = trigger;
    this.durable = durable;
    this.installRestore = installRestore;
    this.toFinal = context.outbox('final');
    this.toSnapshotter = context.outbox('snapshotter');
    this.counters = context.counters.registerBlock(['txns_logged', 'log_syncs']);
    this.measures = new SyncMeasures(context, member !== null);
    this.inboxes = { prep: (type, bytes, words, offset, length) => this.onRecord(type, bytes, words, offset, length) };
  }

  /** With flushDelay the records simply stay in the mailbox until their time has come. */
  mayTake(): boolean {
    const { flushDelayMs } = this.options;
    return flushDelayMs <= 0 || this.context.clock.monotonicMs() - this.committedMs >= flushDelayMs;
  }

  /** Settings that change while the server runs. A delay that there was not at the start has nobody who ends it. */
  onControl(request: unknown): null {
    const { batchCountMax, flushDelayMs, snapCount, snapLogBytesMax } = request as SyncSettings;
    assert(flushDelayMs === 0 || Number.isFinite(this.tickMs), 'a delay needs the tick that was there from the start');
    this.options = { ...this.options, batchCountMax, flushDelayMs };
    this.trigger.setLimits(snapCount, snapLogBytesMax);
    return null;
  }

  onTick(): void {
    this.context.requestTurn();
  }

  private onRecord(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    if (type === RecordType.txn) this.onTxn(bytes, words, offset);
    else if (type >= RecordType.restore) this.onRoleRecord(type, bytes, words, offset);
    const out = this.toFinal;
    out.claim(type, length);
    copyBytes(bytes, offset, out.bytes, out.offset, length);
    out.commit();
    if (this.appended >= this.options.batchCountMax) {
      this.commit();
      this.acknowledge();
    }
  }

  private onTxn(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    if (((words[header + WORD_FLAGS] as number) & FLAG_UNLOGGED) !== 0) return;
    this.zxidHi = words[header + WORD_ZXID_HI] as number;
    this.zxidLo = words[header + WORD_ZXID_LO] as number;
    const entryLength = words[header + WORD_LENGTH_A] as number;
    this.log.append(bytes, offset + PIPELINE_HEADER_BYTES, entryLength, this.zxidHi, this.zxidLo);
    this.appended++;
    if (this.trigger.onAppend(this.log.bytesSinceRoll)) {
      this.log.roll();
      this.toSnapshotter.claim(SNAPSHOT_DUE, 0);
      this.toSnapshotter.commit();
    }
  }

  /** What is passed on behind all that came before it, and may ask something of the log. */
  private onRoleRecord(type: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    switch (type) {
      case RecordType.restore:
        this.restore(bytes, words, offset);
        return;
      case RecordType.halt:
      case RecordType.snapBegin:
      case RecordType.snapSave:
        this.release();
        return;
      case RecordType.truncate:
        if (!this.release().truncate(words[header + WORD_ZXID_HI] as number, words[header + WORD_ZXID_LO] as number)) {
          words[header + WORD_ERROR] = ErrorCode.SystemError;
        }
        return;
      case RecordType.serve:
        if (words[header + WORD_OP] === ServerRole.leader) this.beginEpoch(words, header);
    }
  }

  /** A leader's tree is to show (epoch, 0), which no transaction has: all that was before it is durable, so it is, too. */
  private beginEpoch(words: Int32Array, header: number): void {
    if (this.appended > 0) this.commit();
    this.durable.publish(words[header + WORD_ZXID_HI] as number, words[header + WORD_ZXID_LO] as number);
  }

  private release(): MemberLog {
    const { member } = this;
    assert(member !== null, 'only a member of an ensemble has roles');
    if (this.appended > 0) this.commit();
    member.release();
    return member;
  }

  onBatchEnd(): void {
    if (this.appended === 0) return;
    this.commit();
    this.acknowledge();
  }

  onMeasured(records: number, tookMs: number): void {
    if (records === 0) return;
    this.measures.onMeasured(records, tookMs);
  }

  private acknowledge(): void {
    this.context.flush();
    this.log.writeMark();
  }

  /** Everything before it is durable and its log closed; what comes after it begins another one. */
  private restore(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const zxidHi = words[header + WORD_ZXID_HI] as number;
    const zxidLo = words[header + WORD_ZXID_LO] as number;
    if (this.appended > 0) this.commit();
    this.log.roll();
    if (!this.installRestore(bytes, offset + PIPELINE_HEADER_BYTES, zxidHi, zxidLo)) {
      words[header + WORD_ERROR] = ErrorCode.SystemError;
      return;
    }
    this.log.onRestored(zxidHi, zxidLo);
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
    this.durable.publish(zxidHi, zxidLo);
  }

  private commit(): void {
    this.log.commit();
    this.committedMs = this.context.clock.monotonicMs();
    this.counters[TXNS_LOGGED] = (this.counters[TXNS_LOGGED] as number) + this.appended;
    this.counters[LOG_SYNCS] = (this.counters[LOG_SYNCS] as number) + 1;
    this.measures.onCommitted(this.zxidHi, this.zxidLo, this.appended, this.committedMs, this.log.commitTimes);
    this.appended = 0;
    this.durable.publish(this.zxidHi, this.zxidLo);
    if (this.toQuorumPeer !== null) this.tellDurable(this.toQuorumPeer);
  }

  private tellDurable(out: MailboxSender): void {
    out.claim(RecordType.durable, PIPELINE_HEADER_BYTES);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_ZXID_HI] = this.zxidHi;
    out.words[at + WORD_ZXID_LO] = this.zxidLo;
    out.commit();
  }

  onStop(): void {
    this.log.close();
  }
}
