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
 */
import type { Actor, ActorContext } from '../actor/actor.js';
import type { MailboxSender, RecordHandler } from '../actor/mailbox/mailbox.js';
import { assert } from '../base/assert.js';
import { copyBytes } from '../base/bytes.js';
import { ErrorCode } from '../protocol/error-code.js';
import { OpCode } from '../protocol/op-code.js';
import type { SessionTable } from '../session/session-table.js';
import type { DataTree } from '../store/data-tree.js';
import { DigestCheck, type DigestMismatch } from '../store/digest-check.js';
import { STAT_BYTES } from '../store/node-layout.js';
import { TxnApplier, type TxnListener } from '../store/txn-applier.js';
import { type AclPolicy, type Identity, parseIdentities } from './acl.js';
import { ChangeKind, NOBODY_ACL_BYTES, writeAction } from './change-list.js';
import { DigestMismatchLog } from './digest-mismatch-log.js';
import { FinalMeasures } from './final-measures.js';
import { NamespaceMeasure } from './namespace-measure.js';
import {
  FLAG_BODY,
  FLAG_CLOSE,
  FLAG_LOCAL_SESSION,
  FLAG_OWN_ZXID,
  FLAG_REPLACED,
  FLAG_UNLOGGED,
  InternalOp,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  ServerRole,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from './pipeline-records.js';
import { finishRead, isRead } from './read/finish-read.js';
import { ReadContext, Watch } from './read/read-context.js';
import { finishSetWatches } from './read/set-watches.js';
import { RecentlyParsed } from './recently-parsed.js';
import { type MemberDatabase, RoleChanges } from './role-changes.js';
import { ScratchBytes } from './scratch-bytes.js';
import { StampedStage, StampWriter } from './stage-stamps.js';
import { isWatchRequest, NO_ACTION, WatchRequest } from './watch-request.js';

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
const MULTI_END = [-1, 1, -1] as const;

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
  private readonly read: ReadContext;
  private readonly shards: MailboxSender[];
  private readonly toPrep: MailboxSender;
  private readonly toRestorer: MailboxSender;
  /** Null in a standalone server. */
  private readonly roles: RoleChanges | null;
  private readonly reply = new ScratchBytes(4096);
  private readonly changes = new ScratchBytes(4096);
  private readonly watchRequest = new WatchRequest();
  private requestOp = 0;
  private inMulti = false;
  /** Of the multi in work: its session is another connection's, which is no result but the end of this one. */
  private hasMoved = false;
  /** The transaction in work is of a request that the leader cannot have granted, and this server knows why. */
  private isOnLocalSession = false;
  // Of the transaction applied last, also inside an open section. Invariant: never falls while one role lasts.
  private zxidHi = 0;
  private zxidLo = 0;
  private sectionTxns = 0;
  private identityBytes: Uint8Array = new Uint8Array(0);
  private identityOffset = 0;
  private identityLength = 0;

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
    this.read = new ReadContext(tree.reader, aclPolicy, Number.POSITIVE_INFINITY, this.reads);
    this.read.out = this.reply;
    const people = new RecentlyParsed(parseIdentities);
    this.read.identities = (): readonly Identity[] =>
      people.get(this.identityBytes, this.identityOffset, this.identityLength);
    this.shards = context.outboxes('connections');
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
    this.zxidHi = recovered.lastZxidHi;
    this.zxidLo = recovered.lastZxidLo;
    const nowMs = this.context.clock.monotonicMs();
    let slot = 0;
    for (const session of recovered.sessions) {
      this.sessions.open(slot++, session.idHi, session.idLo, session.timeoutMs, nowMs);
    }
    if (this.roles !== null) {
      this.roles.onLoaded();
      return;
    }
    for (const out of [this.toPrep, ...this.shards]) this.tell(out, RecordType.serving, ErrorCode.Ok, 0);
  }

  private newRoleChanges(member: MemberDatabase): RoleChanges {
    const stage = this;
    return new RoleChanges(this.context, this.tree, this.sessions, member, {
      get zxidHi() {
        return stage.zxidHi;
      },
      get zxidLo() {
        return stage.zxidLo;
      },
      setZxid(zxidHi, zxidLo) {
        stage.zxidHi = zxidHi;
        stage.zxidLo = zxidLo;
      },
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
      this.zxidHi = zxidHi;
      this.zxidLo = zxidLo;
      for (const out of this.shards) {
        this.tell(out, RecordType.serving, error, FLAG_REPLACED);
        out.publish();
      }
      this.tree.endWrite(zxidHi, zxidLo);
    }
    this.tell(this.toPrep, RecordType.serving, error, FLAG_REPLACED);
    this.tell(this.toRestorer, RecordType.restored, error, 0);
  }

  private tell(out: MailboxSender, type: number, error: number, flags: number): void {
    out.claim(type, PIPELINE_HEADER_BYTES);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_ZXID_HI] = this.zxidHi;
    out.words[at + WORD_ZXID_LO] = this.zxidLo;
    out.words[at + WORD_ERROR] = error;
    out.words[at + WORD_FLAGS] = flags;
    out.words[at + WORD_OP] = ServerRole.standalone;
    out.commit();
  }

  onBatchEnd(): void {
    this.endSection();
  }

  onMeasured(records: number, tookMs: number, nowMs: number): void {
    if (records === 0) return;
    this.measures.onMeasured(records, tookMs, this.roles !== null);
    this.reads.flush();
    this.stamps.add(this.zxidHi, this.zxidLo, nowMs);
  }

  // ---- transactions

  private onTxn(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    if (this.roles !== null && !this.roles.mayApply) return;
    if (this.sectionTxns === 0) this.tree.beginWrite();
    this.reply.reset();
    this.changes.reset();
    this.requestOp = words[header + WORD_OP] as number;
    this.hasMoved = false;
    this.isOnLocalSession = ((words[header + WORD_FLAGS] as number) & FLAG_LOCAL_SESSION) !== 0;
    const entry = offset + PIPELINE_HEADER_BYTES;
    const length = words[header + WORD_LENGTH_A] as number;
    this.zxidHi = words[header + WORD_ZXID_HI] as number;
    this.zxidLo = words[header + WORD_ZXID_LO] as number;
    // A multi's results are framed by their own headers, from before the first to behind the last.
    this.inMulti = this.requestOp === OpCode.multi && (words[header + WORD_ERROR] as number) === ErrorCode.Ok;
    this.measures.onTxn(bytes, entry);
    const result = this.applier.apply(bytes, entry, length, this);
    // What follows a snapshot that was sent while it changed may be in it already.
    const isRepeat = ((words[header + WORD_FLAGS] as number) & FLAG_UNLOGGED) !== 0;
    if (this.digests !== null && !isRepeat) this.digests.onApplied(this.applier);
    let error: number = result;
    if (this.roles !== null) error = this.roles.onApplied(this.applier, entry, words, header) || error;
    if (this.inMulti) {
      this.writeMultiHeader(...MULTI_END);
      error = this.hasMoved ? ErrorCode.SessionMoved : ErrorCode.Ok;
    }
    if (error !== ErrorCode.Ok) this.reply.reset();
    if (error === ErrorCode.SessionExpired && this.isOnLocalSession) error = ErrorCode.EphemeralOnLocalSession;
    this.broadcast(words, header, error);
    if (++this.sectionTxns >= SECTION_TXNS_MAX) this.endSection();
  }

  /** The server goes on: what is wrong is wrong already, and every client sees the same. */
  private onDigestMismatch(mismatch: DigestMismatch): void {
    this.measures.digestMismatches.increment();
    this.mismatches.report(mismatch);
  }

  onCreated(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    this.writeChange(ChangeKind.created, bytes, pathOffset, pathLength);
  }

  onDeleting(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    this.writeChange(ChangeKind.deleted, bytes, pathOffset, pathLength);
  }

  onDataChanged(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    this.writeChange(ChangeKind.dataChanged, bytes, pathOffset, pathLength);
  }

  onOperation(type: number, error: number, bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    const reply = this.reply;
    if (this.inMulti) {
      if (type === OpCode.error || error !== ErrorCode.Ok) {
        if (error === ErrorCode.SessionMoved) this.hasMoved = true;
        const said =
          error === ErrorCode.SessionExpired && this.isOnLocalSession ? ErrorCode.EphemeralOnLocalSession : error;
        this.writeMultiHeader(OpCode.error, 0, said);
        reply.writeInt(said);
        return;
      }
      this.writeMultiHeader(resultTypeOf(type), 0, ErrorCode.Ok);
    } else if (error !== ErrorCode.Ok) {
      return;
    }
    switch (type) {
      case OpCode.create:
        this.writePath(bytes, pathOffset, pathLength);
        break;
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTTL:
        this.writePath(bytes, pathOffset, pathLength);
        this.writeStat(bytes, pathOffset, pathLength);
        break;
      case OpCode.setData:
      case OpCode.setACL:
        this.writeStat(bytes, pathOffset, pathLength);
        break;
      case OpCode.reconfig:
        this.writeData(bytes, pathOffset, pathLength);
        this.writeStat(bytes, pathOffset, pathLength);
        break;
    }
  }

  private writeMultiHeader(type: number, done: number, error: number): void {
    this.reply.writeInt(type);
    this.reply.writeByte(done);
    this.reply.writeInt(error);
  }

  private writePath(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    this.reply.writeInt(pathLength);
    this.reply.writeBytes(bytes, pathOffset, pathLength);
  }

  private writeData(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    const { reader } = this.tree;
    const ref = reader.find(bytes, pathOffset, pathLength);
    const length = reader.dataLength(ref);
    this.reply.writeInt(length);
    if (length <= 0) return;
    const at = this.reply.reserve(length);
    reader.copyData(ref, this.reply.bytes, at, length);
    this.reply.length = at + length;
  }

  private writeStat(bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    const ref = this.tree.reader.find(bytes, pathOffset, pathLength);
    const at = this.reply.reserve(STAT_BYTES);
    this.tree.reader.copyStat(ref, this.reply.bytes, at);
    this.reply.length = at + STAT_BYTES;
  }

  /** One entry of the change list, with the ACLs that decide who may hear of it (client-protocol 7.4). */
  private writeChange(kind: number, bytes: Uint8Array, pathOffset: number, pathLength: number): void {
    const reader = this.tree.reader;
    const ref = reader.find(bytes, pathOffset, pathLength);
    if (ref === 0) return;
    const written = kind === ChangeKind.deleted ? 0 : Math.max(reader.dataLength(ref), 0);
    this.measures.writes.add(bytes, pathOffset, pathLength, pathLength + written);
    const changes = this.changes;
    changes.writeInt(kind);
    changes.writeInt(pathLength);
    changes.writeBytes(bytes, pathOffset, pathLength);
    this.writeAclOf(ref);
    if (kind === ChangeKind.dataChanged) changes.writeInt(0);
    else this.writeAclOf(reader.parent(ref));
  }

  private writeAclOf(ref: number): void {
    const reader = this.tree.reader;
    const { changes } = this;
    const aclRef = ref === 0 ? 0 : reader.aclRef(ref);
    if (aclRef === 0) {
      changes.writeInt(0);
      return;
    }
    const length = reader.aclLength(aclRef);
    if (length === 0) {
      changes.writeInt(NOBODY_ACL_BYTES.length);
      changes.writeBytes(NOBODY_ACL_BYTES, 0, NOBODY_ACL_BYTES.length);
      return;
    }
    changes.writeInt(length);
    const at = changes.reserve(length);
    reader.copyAcl(aclRef, changes.bytes, at);
    changes.length = at + length;
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
    this.reply.reset();
    this.changes.reset();
    const read = this.read;
    const identities = offset + PIPELINE_HEADER_BYTES;
    const body = identities + (words[header + WORD_LENGTH_A] as number);
    read.body.begin(bytes, body, words[header + WORD_LENGTH_B] as number);
    this.identityBytes = bytes;
    this.identityOffset = identities;
    this.identityLength = body - identities;
    read.sessionHi = words[header + WORD_SESSION_HI] as number;
    read.sessionLo = words[header + WORD_SESSION_LO] as number;
    let error: number = ErrorCode.Ok;
    if (isRead(op)) {
      error = finishRead(read, op);
      read.countRead(op, error);
      if (read.watch !== Watch.none) this.writeRegistration(bytes);
      if (read.bodyWithError) words[header + WORD_FLAGS] = (words[header + WORD_FLAGS] as number) | FLAG_BODY;
    } else if (op === OpCode.sync) {
      error = this.finishSync();
    } else if (op === OpCode.setWatches) {
      error = finishSetWatches(read, 3, this.changes);
    } else if (op === OpCode.setWatches2) {
      error = finishSetWatches(read, 5, this.changes);
    } else if (isWatchRequest(op)) {
      error = this.finishWatchRequest(op);
    } else if (op !== OpCode.ping) {
      error = ErrorCode.Unimplemented;
    }
    this.send(RecordType.reply, words, header, error);
  }

  private writeRegistration(bytes: Uint8Array): void {
    const read = this.read;
    const kind = read.watch === Watch.child ? ChangeKind.addChild : ChangeKind.addData;
    writeAction(this.changes, kind, bytes, read.pathOffset, read.pathLength);
  }

  /** Done by the shard when the reply comes by, with the error that it finds; only it knows the connection's watches. */
  private finishWatchRequest(op: number): number {
    const { watchRequest } = this;
    const { body } = this.read;
    const kind = watchRequest.decode(op, body);
    if (kind === NO_ACTION) return ErrorCode.MarshallingError;
    writeAction(this.changes, kind, body.bytes, watchRequest.pathOffset, watchRequest.pathLength);
    // ErrorResponse of addWatch (client-protocol 3.5).
    if (op === OpCode.addWatch) this.reply.writeInt(ErrorCode.Ok);
    return ErrorCode.Ok;
  }

  /** The path is only echoed (client-protocol 3.5); a null one comes back as it was sent, null. */
  private finishSync(): number {
    const body = this.read.body;
    const length = body.readSlice();
    if (body.failed) return ErrorCode.MarshallingError;
    if (length < 0) this.reply.writeInt(length);
    else this.reply.writeEcho(body.bytes, body.sliceOffset, length);
    return ErrorCode.Ok;
  }

  private onEcho(bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    this.reply.reset();
    this.changes.reset();
    const body = offset + PIPELINE_HEADER_BYTES + (words[header + WORD_LENGTH_A] as number);
    this.reply.writeBytes(bytes, body, words[header + WORD_LENGTH_B] as number);
    this.send(RecordType.reply, words, header, words[header + WORD_ERROR] as number);
  }

  private reopened(words: Int32Array, header: number): void {
    this.reply.reset();
    this.changes.reset();
    const error = words[header + WORD_ERROR] as number;
    const owner = words[header + WORD_SHARD] as number;
    if (error === ErrorCode.Ok) {
      for (let shard = 0; shard < this.shards.length; shard++) {
        if (shard !== owner)
          this.fill(this.shards[shard] as MailboxSender, RecordType.moved, words, header, error, 0, 0);
      }
    }
    this.send(RecordType.reply, words, header, error);
  }

  /** Its client is answered, and whoever has it besides loses his connection. */
  private localSession(op: number, bytes: Uint8Array, words: Int32Array, offset: number): void {
    const header = offset >> 2;
    assert(this.roles !== null, 'only a member of an ensemble has sessions of its own');
    this.reply.reset();
    this.changes.reset();
    const error = this.roles.onLocalSession(bytes, words, offset);
    if (op === OpCode.closeSession) words[header + WORD_FLAGS] = (words[header + WORD_FLAGS] as number) | FLAG_CLOSE;
    this.send(RecordType.reply, words, header, error);
    if (op === OpCode.createSession) return;
    for (const out of this.shards) this.fill(out, RecordType.moved, words, header, error, 0, 0);
  }

  // ---- to the shards

  private broadcast(words: Int32Array, header: number, error: number): void {
    const owner = words[header + WORD_SHARD] as number;
    for (let shard = 0; shard < this.shards.length; shard++) {
      const replyLength = shard === owner ? this.reply.length : 0;
      const out = this.shards[shard] as MailboxSender;
      this.fill(out, RecordType.commit, words, header, error, replyLength, this.changes.length);
    }
  }

  private send(type: number, words: Int32Array, header: number, error: number): void {
    const out = this.shards[words[header + WORD_SHARD] as number];
    if (out === undefined) return;
    if (((words[header + WORD_FLAGS] as number) & FLAG_OWN_ZXID) === 0) {
      words[header + WORD_ZXID_HI] = this.zxidHi;
      words[header + WORD_ZXID_LO] = this.zxidLo;
    }
    const withBody = error === ErrorCode.Ok || ((words[header + WORD_FLAGS] as number) & FLAG_BODY) !== 0;
    this.fill(out, type, words, header, error, withBody ? this.reply.length : 0, this.changes.length);
  }

  private fill(
    out: MailboxSender,
    type: number,
    words: Int32Array,
    header: number,
    error: number,
    replyLength: number,
    changesLength: number,
  ): void {
    out.claim(type, PIPELINE_HEADER_BYTES + replyLength + changesLength);
    const at = out.offset >> 2;
    for (let i = 0; i < PIPELINE_HEADER_WORDS; i++) out.words[at + i] = words[header + i] as number;
    out.words[at + WORD_ERROR] = error;
    out.words[at + WORD_LENGTH_A] = replyLength;
    out.words[at + WORD_LENGTH_B] = changesLength;
    const body = out.offset + PIPELINE_HEADER_BYTES;
    copyBytes(this.reply.bytes, 0, out.bytes, body, replyLength);
    copyBytes(this.changes.bytes, 0, out.bytes, body + replyLength, changesLength);
    out.commit();
  }

  /** The order of these two is what shards rely on: first the records, then the state that shows their effect. */
  private endSection(): void {
    if (this.sectionTxns === 0) return;
    this.sectionTxns = 0;
    for (const out of this.shards) out.publish();
    this.tree.endWrite(this.zxidHi, this.zxidLo);
  }
}

/** What may look at more than one node. */
function mayTakeLong(op: number): boolean {
  switch (op) {
    case OpCode.getData:
    case OpCode.exists:
    case OpCode.getACL:
    case OpCode.whoAmI:
    case OpCode.sync:
    case OpCode.ping:
      return false;
    default:
      return true;
  }
}

/** In a multi every result with a Stat beside the path is that of a create2 (client-protocol 3.7). */
function resultTypeOf(type: number): number {
  return type === OpCode.createContainer || type === OpCode.createTTL ? OpCode.create2 : type;
}
