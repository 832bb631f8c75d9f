/**
 * The part of final that only a member of an ensemble has: one role ends, the next begins, and in between the database becomes what
 * the leader says. Records of the line that ask for it come in here, each behind all that was before it, and is answered with
 * `done`.
 *
 *   role --halt--> nobody is served --settle--> the tree is the log's --truncate, snap...--> the leader's --serve--> role
 *
 * Owned by final, on its thread, with the slots of the session table whenever prep does not have them: while the server follows, and
 * between settle and serve. Touches no file but through MemberDatabase.
 *
 * Invariant: from `snapBegin` to the end of `snapSave` the tree is no database of this server's, nor from the first transaction on that an
 * observer without a log applies; a role that ends in between has it loaded from the disk again, before anybody is told its zxid.
 */
import type { ActorContext } from '../actor/actor.js';
import type { MailboxSender } from '../actor/mailbox/mailbox.js';
import { equalBytes, readInt32 } from '../base/bytes.js';
import { compareSigned } from '../base/int64.js';
import { encodeUtf8 } from '../base/utf8.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import { SessionSlots } from '../session/session-slots.js';
import { type SessionTable, UNLOGGED_HI, UNLOGGED_LO } from '../session/session-table.js';
import type { DataTree } from '../store/data-tree.js';
import type { DigestMismatch } from '../store/digest-check.js';
import { TXN_HEADER_BYTES, type TxnApplier } from '../store/txn-applier.js';
import type { Recovered, RecoveredSession } from './final-request-processor.js';
import {
  FLAG_UNLOGGED,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  ServerRole,
  WORD_CONNECTION,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_HALT_COUNT,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from './pipeline-records.js';

const CONFIG_PATH = encodeUtf8('/zookeeper/config');

/** A database that a leader sends; persistence/learner-snapshot.ts is the real one. */
export interface SentDatabase {
  /** False: this is not what a leader sends. */
  tryTake(bytes: Uint8Array, offset: number, length: number): boolean;
  /** The sessions; null: the stream is not whole. */
  tryFinish(): readonly RecoveredSession[] | null;
  /** Durable when it returns. `logged`: the last zxid in the log of this server. What it throws is fatal. */
  save(loggedHi: number, loggedLo: number): void;
}

/** What the server gives a member's final stage. */
export interface MemberDatabase {
  /** What is on the disk, into the tree, whatever that holds; tells of each digest that it found not to be the tree's. */
  reload(onDigestMismatch: (mismatch: DigestMismatch) => void): Recovered;
  /** From here on the tree is ahead of the log, until it is loaded again: a snapshot of it must not become visible. */
  leaveLog(): void;
  /** Empties the tree for the leader's. */
  beginSnapshot(zxidHi: number, zxidLo: number): SentDatabase;
}

/** What final lends of itself. */
export interface FinalStage {
  readonly zxidHi: number;
  readonly zxidLo: number;
  setZxid(zxidHi: number, zxidLo: number): void;
  onDigestMismatch(mismatch: DigestMismatch): void;
}

export class RoleChanges {
  /** False: transactions find no database that they could be applied to. */
  mayApply = true;

  private readonly context: ActorContext;
  private readonly tree: DataTree;
  private readonly sessions: SessionTable;
  private readonly slots: SessionSlots;
  private readonly database: MemberDatabase;
  private readonly stage: FinalStage;
  private readonly toPrep: MailboxSender;
  private readonly toShards: readonly MailboxSender[];
  /** Those that work only while the server leads, and hear of every role. */
  private readonly toWatchers: readonly MailboxSender[];
  private readonly toQuorumPeer: MailboxSender;
  private ownsSlots = true;
  private haltCount = 0;
  private snapshot: SentDatabase | null = null;
  /** The tree is not what a start would load from the disk. */
  private isUnsaved = false;
  // Before the leader began to send its database.
  private loggedHi = 0;
  private loggedLo = 0;

  constructor(
    context: ActorContext,
    tree: DataTree,
    sessions: SessionTable,
    database: MemberDatabase,
    stage: FinalStage,
  ) {
    this.context = context;
    this.tree = tree;
    this.sessions = sessions;
    this.slots = new SessionSlots(sessions);
    this.database = database;
    this.stage = stage;
    this.toPrep = context.outbox('prep');
    this.toShards = context.outboxes('connections');
    this.toWatchers = [context.outbox('session-tracker'), context.outbox('container-manager')];
    this.toQuorumPeer = context.outbox('quorum-peer');
  }

  /** Recovery is done: the shards may listen, and turn their clients away. */
  onLoaded(): void {
    this.slots.adopt();
    for (const out of this.toShards) this.tell(out, RecordType.halt, 0, ErrorCode.Ok);
    this.done(RecordType.loaded, ErrorCode.Ok);
  }

  /** A record of the line; final has closed its section. */
  onRecord(type: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const zxidHi = words[header + WORD_ZXID_HI] as number;
    const zxidLo = words[header + WORD_ZXID_LO] as number;
    switch (type) {
      case RecordType.halt:
        this.halt();
        return;
      case RecordType.settle:
        this.settle();
        return;
      case RecordType.serve:
        this.serve(words[header + WORD_OP] as number, zxidHi, zxidLo);
        return;
      case RecordType.truncate:
        this.done(type, this.truncated(words[header + WORD_ERROR] as number, zxidHi, zxidLo));
        return;
      case RecordType.snapBegin:
        this.beginSnapshot(zxidHi, zxidLo);
        return;
      case RecordType.snapChunk: {
        const chunk = offset + PIPELINE_HEADER_BYTES + (words[header + WORD_LENGTH_A] as number);
        if (this.snapshot?.tryTake(bytes, chunk, words[header + WORD_LENGTH_B] as number) === false)
          this.snapshot = null;
        return;
      }
      case RecordType.config:
        this.configure(bytes, words, offset);
        return;
      case RecordType.snapEnd:
        this.done(type, this.endedSnapshot());
        return;
      default:
        this.done(type, this.savedSnapshot());
    }
  }

  /** Whoever has requests on their way gets none of them answered; then nobody has any. */
  private halt(): void {
    this.haltCount = (this.haltCount + 1) | 0;
    for (const out of [...this.toShards, ...this.toWatchers]) this.tell(out, RecordType.halt, 0, ErrorCode.Ok);
    this.done(RecordType.halt, ErrorCode.Ok);
  }

  private settle(): void {
    const { stage } = this;
    if (this.isUnsaved) {
      this.reload();
    } else {
      this.sessions.settle(stage.zxidHi, stage.zxidLo);
      this.slots.adopt();
    }
    this.ownsSlots = true;
    this.done(RecordType.settle, ErrorCode.Ok);
  }

  /**
   * prep first, and in its mailbox before a shard or the quorum peer can know: what these send to prep then is for a stage that
   * serves. The shards before the tree shows the leader's zxid, as before the end of any section.
   */
  private serve(role: number, zxidHi: number, zxidLo: number): void {
    const { stage, sessions, tree } = this;
    const isLeader = role === ServerRole.leader;
    this.ownsSlots = role === ServerRole.follower || role === ServerRole.observer;
    if (isLeader) {
      stage.setZxid(zxidHi, zxidLo);
      sessions.touchAll(this.context.clock.monotonicMs());
    }
    for (const out of [this.toPrep, ...this.toShards, ...this.toWatchers]) {
      this.tell(out, RecordType.serving, role, ErrorCode.Ok);
      out.publish();
    }
    if (isLeader) {
      tree.beginWrite();
      tree.endWrite(zxidHi, zxidLo);
    }
    this.done(RecordType.serve, ErrorCode.Ok);
  }

  /** The log has been cut, or (error) could not be, and then nothing has changed. */
  private truncated(error: number, zxidHi: number, zxidLo: number): number {
    if (error !== ErrorCode.Ok) return error;
    this.reload();
    if (compareSigned(this.stage.zxidHi, this.stage.zxidLo, zxidHi, zxidLo) <= 0) return ErrorCode.Ok;
    // A snapshot that was being finished at that moment. The next TRUNC finds it.
    this.context.log.warn('A snapshot holds what the leader wants taken back');
    return ErrorCode.SystemError;
  }

  private beginSnapshot(zxidHi: number, zxidLo: number): void {
    if (!this.isUnsaved) {
      this.loggedHi = this.stage.zxidHi;
      this.loggedLo = this.stage.zxidLo;
    }
    this.isUnsaved = true;
    this.mayApply = false;
    this.snapshot = this.database.beginSnapshot(zxidHi, zxidLo);
    this.stage.setZxid(zxidHi, zxidLo);
  }

  private endedSnapshot(): number {
    const sessions = this.snapshot?.tryFinish() ?? null;
    if (sessions === null) {
      this.snapshot = null;
      return ErrorCode.SystemError;
    }
    this.sessions.replaceAll(sessions, this.context.clock.monotonicMs());
    this.slots.adopt();
    this.mayApply = true;
    return ErrorCode.Ok;
  }

  private savedSnapshot(): number {
    const { snapshot } = this;
    if (snapshot === null || !this.mayApply) return ErrorCode.SystemError;
    snapshot.save(this.loggedHi, this.loggedLo);
    this.snapshot = null;
    this.isUnsaved = false;
    return ErrorCode.Ok;
  }

  /** Cleared first, so that no snapshot of what it held becomes visible behind recovery's back (snapshot-writer.ts). */
  private reload(): void {
    const { tree, sessions, stage } = this;
    this.snapshot = null;
    tree.beginWrite();
    tree.clear();
    tree.endWrite(-1, -1);
    const recovered = this.database.reload((mismatch) => stage.onDigestMismatch(mismatch));
    sessions.replaceAll(recovered.sessions, this.context.clock.monotonicMs());
    this.slots.adopt();
    stage.setZxid(recovered.lastZxidHi, recovered.lastZxidLo);
    this.isUnsaved = false;
    this.mayApply = true;
  }

  /**
   * Each member writes the members it knows into its own tree (ensemble-protocol 1.2, 5.7); digests leave the node out. A
   * transaction that was later, with a newer text, stays.
   */
  private configure(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const { tree, stage } = this;
    const { reader } = tree;
    const node = reader.find(CONFIG_PATH, 0, CONFIG_PATH.length);
    if (!this.mayApply || node === 0) return;
    const versionHi = words[header + WORD_ZXID_HI] as number;
    const versionLo = words[header + WORD_ZXID_LO] as number;
    const isForced = words[header + WORD_OP] === 1;
    if (!isForced && compareSigned(reader.mzxidHi(node), reader.mzxidLo(node), versionHi, versionLo) > 0) return;
    const text = offset + PIPELINE_HEADER_BYTES + (words[header + WORD_LENGTH_A] as number);
    const length = words[header + WORD_LENGTH_B] as number;
    // What a transaction has written keeps its time, which is the same everywhere; otherwise there is none that would be.
    if (this.isConfigured(node, bytes, text, length, versionHi, versionLo)) return;
    tree.beginWrite();
    tree.setData(CONFIG_PATH, 0, CONFIG_PATH.length, bytes, text, length, -1, versionHi, versionLo, 0, 0);
    tree.endWrite(stage.zxidHi, stage.zxidLo);
  }

  private isConfigured(
    node: number,
    bytes: Uint8Array,
    text: number,
    length: number,
    versionHi: number,
    versionLo: number,
  ): boolean {
    const { reader } = this.tree;
    if (reader.mzxidHi(node) !== versionHi || reader.mzxidLo(node) !== versionLo) return false;
    if (reader.dataLength(node) !== length) return false;
    const present = new Uint8Array(length);
    reader.copyData(node, present, 0, length);
    return equalBytes(present, 0, bytes, text, length);
  }

  // ---- sessions of a server that follows

  /** The transaction has been applied; its record to the shards names the slot. Returns the error for who waits for it. */
  onApplied(applier: TxnApplier, entry: number, words: Int32Array, header: number): number {
    const { type } = applier;
    if (!this.isUnsaved && ((words[header + WORD_FLAGS] as number) & FLAG_UNLOGGED) !== 0) this.leaveLog();
    if (type === OpCode.error && words[header + WORD_OP] === OpCode.createSession) this.endUnwelcome(applier);
    if (!this.ownsSlots || (type !== OpCode.createSession && type !== OpCode.closeSession)) return ErrorCode.Ok;
    const { clientHi, clientLo } = applier;
    const slot = this.slots.slotOf(clientHi, clientLo);
    words[header + WORD_SLOT] = slot;
    if (type === OpCode.closeSession) {
      if (slot >= 0) this.slots.close(slot);
      return ErrorCode.Ok;
    }
    if (slot >= 0) {
      // A local session that needs an ephemeral node.
      if (this.sessions.isUnlogged(slot)) this.sessions.log(slot, this.stage.zxidHi, this.stage.zxidLo);
      return ErrorCode.Ok;
    }
    const timeoutMs = readInt32(applier.bytes, entry + TXN_HEADER_BYTES);
    return this.openSlot(clientHi, clientLo, timeoutMs, words, header);
  }

  /** An observer that keeps none: when its role is over, it is what it was when that began. */
  private leaveLog(): void {
    this.isUnsaved = true;
    this.database.leaveLog();
  }

  /** The leader has said whether the session is open. */
  onReopened(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    if (!this.ownsSlots || words[header + WORD_ERROR] !== ErrorCode.Ok) return;
    const timeoutMs = readInt32(bytes, offset + PIPELINE_HEADER_BYTES + (words[header + WORD_LENGTH_A] as number));
    const sessionHi = words[header + WORD_SESSION_HI] as number;
    const sessionLo = words[header + WORD_SESSION_LO] as number;
    const slot = this.slots.slotOf(sessionHi, sessionLo);
    words[header + WORD_SLOT] = slot;
    if (slot >= 0) this.sessions.renew(slot, timeoutMs, this.context.clock.monotonicMs());
    else words[header + WORD_ERROR] = this.openSlot(sessionHi, sessionLo, timeoutMs, words, header);
  }

  /** The leader has no room for a local session that needs an ephemeral node, and nobody looks after it any more. */
  private endUnwelcome({ clientHi, clientLo }: TxnApplier): void {
    const slot = this.ownsSlots ? this.slots.slotOf(clientHi, clientLo) : -1;
    if (slot >= 0 && this.sessions.isUnlogged(slot)) this.slots.close(slot);
  }

  /** A session of this server alone: opened or at its end. Whoever else has the table has seen to its slot already. */
  onLocalSession(bytes: Uint8Array, words: Int32Array, offset: number): number {
    const header = offset >> 2;
    if (!this.ownsSlots) return ErrorCode.Ok;
    const sessionHi = words[header + WORD_SESSION_HI] as number;
    const sessionLo = words[header + WORD_SESSION_LO] as number;
    if (words[header + WORD_OP] === OpCode.createSession) {
      const timeoutMs = readInt32(bytes, offset + PIPELINE_HEADER_BYTES + (words[header + WORD_LENGTH_A] as number));
      const error = this.openSlot(sessionHi, sessionLo, timeoutMs, words, header, UNLOGGED_HI, UNLOGGED_LO);
      if (error !== ErrorCode.Ok) this.tellRefused(sessionHi, sessionLo);
      return error;
    }
    const slot = this.slots.slotOf(sessionHi, sessionLo);
    words[header + WORD_SLOT] = slot;
    if (slot >= 0) this.slots.close(slot);
    return ErrorCode.Ok;
  }

  private openSlot(
    sessionHi: number,
    sessionLo: number,
    timeoutMs: number,
    words: Int32Array,
    header: number,
    zxidHi = this.stage.zxidHi,
    zxidLo = this.stage.zxidLo,
  ): number {
    const { sessions } = this;
    const nowMs = this.context.clock.monotonicMs();
    const slot = this.slots.tryOpen(sessionHi, sessionLo, timeoutMs, nowMs, zxidHi, zxidLo);
    words[header + WORD_SLOT] = slot;
    if (slot >= 0) return ErrorCode.Ok;
    this.context.log.warn(`No room for another session: ${sessions.slotCountMax} are open`);
    return ErrorCode.SystemError;
  }

  // ---- records

  private tellRefused(sessionHi: number, sessionLo: number): void {
    const out = this.toPrep;
    out.claim(RecordType.refused, PIPELINE_HEADER_BYTES);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_SESSION_HI] = sessionHi;
    out.words[at + WORD_SESSION_LO] = sessionLo;
    out.commit();
  }

  private done(what: number, error: number): void {
    this.tell(this.toQuorumPeer, RecordType.done, what, error);
  }

  private tell(out: MailboxSender, type: number, op: number, error: number): void {
    out.claim(type, PIPELINE_HEADER_BYTES);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_SHARD] = -1;
    out.words[at + WORD_CONNECTION] = -1;
    out.words[at + WORD_OP] = op;
    out.words[at + WORD_ZXID_HI] = this.stage.zxidHi;
    out.words[at + WORD_ZXID_LO] = this.stage.zxidLo;
    out.words[at + WORD_ERROR] = error;
    out.words[at + WORD_HALT_COUNT] = this.haltCount;
    out.commit();
  }
}
