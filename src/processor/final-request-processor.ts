/**
 * FinalRequestProcessor: the only writer of the data tree. Applies every transaction in the order of its zxid, builds the
 * reply, and tells every connection shard once what was changed; reads that had to keep their place behind writes are
 * answered here too.
 *
 * Owns the tree; lives on one thread (on the main one in `compact`). Never touches files or sockets. Several transactions
 * share one write section of the tree; before a section ends, what it did is published to all shards, so that whoever sees
 * a zxid in the tree finds its commit record in the mailbox.
 *
 *   sync --txn | pass | echo--> [final] --commit | reply | moved--> connections.k
 *                               [final] --serving--> prep, connections.k       when recovery is done, and after each restore
 *   sync --restore--> [final] --restored--> restorer
 *
 * In a member of an ensemble commit stands between sync and it (its name here is still sync), and serving begins and ends with roles:
 * role-changes.ts has what that takes.
 *
 *   final/txn-results.ts   a transaction's reply          final/passed-requests.ts   what only keeps its place
 *   final/txn-changes.ts   what it changed                final/shard-lines.ts       both to the shards
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { assert } from '../base/assert.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { SessionTable } from '../session/session-table.js';
import type { DataTree } from '../store/data-tree.js';
import { DigestCheck, type DigestMismatch } from '../store/digest-check.js';
import { TxnApplier, type TxnListener } from '../store/txn-applier.js';
import type { AclPolicy } from './acl.js';
import { ChangeKind } from './change-list.js';
import { DigestMismatchLog } from './digest-mismatch-log.js';
import { mayTakeLong, PassedRequests } from './final/passed-requests.js';
import { ShardLines } from './final/shard-lines.js';
import { TxnChanges } from './final/txn-changes.js';
import { TxnResults } from './final/txn-results.js';
import { FinalMeasures } from './final-measures.js';
import { NamespaceMeasure } from './namespace-measure.js';
import {
  FLAG_CLOSE,
  FLAG_LOCAL_SESSION,
  FLAG_REPLACED,
  FLAG_UNLOGGED,
  InternalOp,
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SHARD,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from './pipeline-records.js';
import { type MemberDatabase, RoleChanges } from './role-changes.js';
import { ScratchBytes } from './scratch-bytes.js';
import { StampedStage, StampWriter } from './stage-stamps.js';

/** A session found in snapshot and log. */
export interface RecoveredSession {
  readonly idHi: number;
  readonly idLo: number;
  readonly timeoutMs: number;
}

export interface Recovered {
  readonly sessions: readonly RecoveredSession[];
  readonly lastZxidHi: number;
  readonly lastZxidLo: number;
  readonly digestMismatches: number;
}

/** Transactions under one write section: readers on other threads wait no longer than these take (some 10 us). */
const SECTION_TXNS_MAX = 16;

/** Where final gets the database from; the server gives the files behind it. */
export interface DatabaseSource {
  /** Once, at the start; tells of each digest that it found not to be the tree's. */
  recover(onDigestMismatch: (mismatch: DigestMismatch) => void): Recovered;
  /** Inside a write section, after sync has installed the files of a restore under this zxid. What it throws is fatal. */
  loadRestored(zxidHi: number, zxidLo: number): Recovered;
}

export class FinalRequestProcessor implements Actor, TxnListener {
  readonly inboxes: Record<string, RecordHandler>;

  private readonly context: ActorContext;
  private readonly tree: DataTree;
  private readonly sessions: SessionTable;
  private readonly database: DatabaseSource;
  private readonly applier: TxnApplier;
  /** Null: digests are off. */
  private readonly digests: DigestCheck | null;
  private readonly mismatches: DigestMismatchLog;
  private readonly measures: FinalMeasures;
  private readonly stamps: StampWriter;
  private readonly reads: NamespaceMeasure;
  private readonly passed: PassedRequests;
  private readonly results: TxnResults;
  private readonly changes: TxnChanges;
  private readonly shards: ShardLines;
  private readonly toPrep: MailboxSender;
  private readonly toRestorer: MailboxSender;
  /** Null in a standalone server. */
  private readonly roles: RoleChanges | null;
  private readonly reply = new ScratchBytes(4096);
  private sectionTxns = 0;

  constructor(
    context: ActorContext,
    tree: DataTree,
    sessions: SessionTable,
    aclPolicy: AclPolicy,
    database: DatabaseSource,
    member: MemberDatabase | null = null,
  ) {
    this.context = context;
    this.tree = tree;
    this.sessions = sessions;
    this.database = database;
    this.applier = new TxnApplier(tree);
    this.mismatches = new DigestMismatchLog(context.clock, context.log);
    this.digests = tree.keepsDigest ? new DigestCheck(tree, (mismatch) => this.onDigestMismatch(mismatch)) : null;
    this.measures = new FinalMeasures(context);
    this.stamps = new StampWriter(context.shared, StampedStage.applied);
    this.reads = new NamespaceMeasure(context.metrics.keyed('read_per_namespace'));
    this.changes = new TxnChanges(tree.reader, this.measures.writes);
    const { list } = this.changes;
    this.results = new TxnResults(tree.reader, this.reply);
    this.passed = new PassedRequests(tree.reader, aclPolicy, this.reads, this.reply, list);
    this.shards = new ShardLines(context.outboxes('connections'), this.reply, list);
    this.toPrep = context.outbox('prep');
    this.toRestorer = context.outbox('restorer');
    this.roles = member === null ? null : this.newRoleChanges(member);
    this.inboxes = {
      sync: (type, bytes, words, offset) => {
        if (type === RecordType.txn) this.onTxn(bytes, words, offset);
        else if (type === RecordType.pass) this.onPass(bytes, words, offset);
        else if (type === RecordType.echo) this.onEcho(bytes, words, offset);
        else if (type === RecordType.restore) this.onRestore(words, offset >> 2);
        else this.onRoleRecord(type, bytes, words, offset);
      },
    };
  }

  onStart(): void {
    const recovered = this.database.recover((mismatch) => this.mismatches.report(mismatch));
    this.measures.digestMismatches.add(recovered.digestMismatches);
    this.shards.setZxid(recovered.lastZxidHi, recovered.lastZxidLo);
    const nowMs = this.context.clock.monotonicMs();
    let slot = 0;
    for (const session of recovered.sessions) {
      this.sessions.open(slot++, session.idHi, session.idLo, session.timeoutMs, nowMs);
    }
    if (this.roles !== null) {
      this.roles.onLoaded();
      return;
    }
    this.shards.tell(this.toPrep, RecordType.serving, ErrorCode.Ok, 0);
    this.shards.tellAll(RecordType.serving, ErrorCode.Ok, 0);
  }

  private newRoleChanges(member: MemberDatabase): RoleChanges {
    const { shards } = this;
    return new RoleChanges(this.context, this.tree, this.sessions, member, {
      get zxidHi() {
        return shards.zxidHi;
      },
      get zxidLo() {
        return shards.zxidLo;
      },
      setZxid: (zxidHi, zxidLo) => shards.setZxid(zxidHi, zxidLo),
      onDigestMismatch: (mismatch) => this.onDigestMismatch(mismatch),
    });
  }

  private onRoleRecord(type: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    assert(this.roles !== null, 'only a member of an ensemble has roles');
    this.endSection();
    this.roles.onRecord(type, bytes, words, offset);
  }

  /**
   * Every earlier record is behind us and prep lets no later one come: nobody has anything on its way. The shards hear of it
   * before the section ends, as of a commit, so that what shows the new tree is never told before they have forgotten
   * everything about the old one.
   */
  private onRestore(words: Int32Array, header: number): void {
    this.endSection();
    const error = words[header + WORD_ERROR] as number;
    if (error === ErrorCode.Ok) {
      const zxidHi = words[header + WORD_ZXID_HI] as number;
      const zxidLo = words[header + WORD_ZXID_LO] as number;
      this.tree.beginWrite();
      const { sessions } = this.database.loadRestored(zxidHi, zxidLo);
      this.sessions.replaceAll(sessions, this.context.clock.monotonicMs());
      this.shards.setZxid(zxidHi, zxidLo);
      this.shards.tellAll(RecordType.serving, error, FLAG_REPLACED);
      this.shards.publish();
      this.tree.endWrite(zxidHi, zxidLo);
    }
    this.shards.tell(this.toPrep, RecordType.serving, error, FLAG_REPLACED);
    this.shards.tell(this.toRestorer, RecordType.restored, error, 0);
  }

  onBatchEnd(): void {
    this.endSection();
  }

  onMeasured(records: number, tookMs: number, nowMs: number): void {
    if (records === 0) return;
    this.measures.onMeasured(records, tookMs, this.roles !== null);
    this.reads.flush();
    this.stamps.add(this.shards.zxidHi, this.shards.zxidLo, nowMs);
  }

  // ---- transactions

  private onTxn(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const { results, roles } = this;
    if (roles !== null && !roles.mayApply) return;
    if (this.sectionTxns === 0) this.tree.beginWrite();
    const flags = words[header + WORD_FLAGS] as number;
    const isMulti =
      (words[header + WORD_OP] as number) === OpCode.multi && (words[header + WORD_ERROR] as number) === ErrorCode.Ok;
    results.begin(isMulti, (flags & FLAG_LOCAL_SESSION) !== 0);
    this.changes.list.reset();
    this.shards.setZxid(words[header + WORD_ZXID_HI] as number, words[header + WORD_ZXID_LO] as number);
    const entry = offset + PIPELINE_HEADER_BYTES;
    this.measures.onTxn(bytes, entry);
    let result = this.applier.apply(bytes, entry, words[header + WORD_LENGTH_A] as number, this);
    // What follows a snapshot that was sent while it changed may be in it already.
    const isRepeat = (flags & FLAG_UNLOGGED) !== 0;
    if (this.digests !== null && !isRepeat) this.digests.onApplied(this.applier);
    if (roles !== null) result = roles.onApplied(this.applier, entry, words, header) || result;
    this.shards.commit(words, header, results.end(result));
    if (++this.sectionTxns >= SECTION_TXNS_MAX) this.endSection();
  }

  /** The server goes on: what is wrong is wrong already, and every client sees the same. */
  private onDigestMismatch(mismatch: DigestMismatch): void {
    this.measures.digestMismatches.increment();
    this.mismatches.report(mismatch);
  }

  onCreated(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    this.changes.add(ChangeKind.created, bytes, pathOffset, pathLength);
  }

  onDeleting(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    this.changes.add(ChangeKind.deleted, bytes, pathOffset, pathLength);
  }

  onDataChanged(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    this.changes.add(ChangeKind.dataChanged, bytes, pathOffset, pathLength);
  }

  onOperation(type: number, error: number, bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    this.results.add(type, error, bytes, pathOffset, pathLength);
  }

  // ---- what only keeps its place

  private onPass(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    const op = words[header + WORD_OP] as number;
    if (op === InternalOp.reopenSession) {
      this.roles?.onReopened(bytes, words, offset);
      this.reopened(words, header);
      return;
    }
    if (op === OpCode.createSession || op === OpCode.closeSession || op === InternalOp.expireSession) {
      this.localSession(op, bytes, words, offset);
      return;
    }
    // Right in either state of the section; but while it is open, all readers on other threads wait.
    if (mayTakeLong(op)) this.endSection();
    const error = this.passed.finish(bytes, words, offset);
    this.shards.answer(words, header, error);
  }

  private onEcho(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    this.reply.reset();
    this.changes.list.reset();
    const body = offset + PIPELINE_HEADER_BYTES + (words[header + WORD_LENGTH_A] as number);
    this.reply.writeBytes(bytes, body, words[header + WORD_LENGTH_B] as number);
    this.shards.answer(words, header, words[header + WORD_ERROR] as number);
  }

  private reopened(words: Int32Array, header: number): void {
    this.reply.reset();
    this.changes.list.reset();
    const error = words[header + WORD_ERROR] as number;
    if (error === ErrorCode.Ok) this.shards.moved(words, header, error, words[header + WORD_SHARD] as number);
    this.shards.answer(words, header, error);
  }

  /** Its client is answered, and whoever has it besides loses his connection. */
  private localSession(op: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    assert(this.roles !== null, 'only a member of an ensemble has sessions of its own');
    this.reply.reset();
    this.changes.list.reset();
    const error = this.roles.onLocalSession(bytes, words, offset);
    if (op === OpCode.closeSession) words[header + WORD_FLAGS] = (words[header + WORD_FLAGS] as number) | FLAG_CLOSE;
    this.shards.answer(words, header, error);
    if (op !== OpCode.createSession) this.shards.moved(words, header, error);
  }

  /** The order of these two is what shards rely on: first the records, then the state that shows their effect. */
  private endSection(): void {
    if (this.sectionTxns === 0) return;
    this.sectionTxns = 0;
    this.shards.publish();
    this.tree.endWrite(this.shards.zxidHi, this.shards.zxidLo);
  }
}
