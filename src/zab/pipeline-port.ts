/**
 * The quorum peer's end of its own pipeline: every record that it or one of its roles sends to prep, to the line of
 * transactions (sync and behind) or to the commit stage, written in one place. `processor/pipeline-records.ts` draws them.
 *
 * Lives on the quorum peer's thread. Nothing here decides, and nothing waits: room is asked for before a socket is read.
 */
import type { ActorContext } from '../actor/actor.js';
import type { MailboxSender } from '../actor/mailbox/mailbox.js';
import { copyBytes, readInt32 } from '../base/bytes.js';
import { encodeUtf8Into, utf8Length } from '../base/utf8.js';
import { LineSender } from '../processor/line-sender.js';
import {
  FLAG_UNLOGGED,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  type ServerRole,
  WORD_CONNECTION,
  WORD_DIRECT_COUNT,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_ROUND,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_SLOT,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../processor/pipeline-records.js';
import { OpCode } from '../protocol/op-code.js';
import { TXN_BODY, TXN_CLIENT, TXN_CXID, TXN_TYPE, TXN_ZXID_HI, TXN_ZXID_LO } from '../protocol/txn-layout.js';

const CONTROL_RESERVE_BYTES = 1024;

export class PipelinePort {
  private readonly toPrep: MailboxSender;
  private readonly toSync: MailboxSender;
  /** As it: what only passes. */
  private readonly line: LineSender;
  private readonly toCommit: MailboxSender;
  /** Records sent to the commit stage, as a 32-bit count. */
  private directCount = 0;

  constructor(context: ActorContext) {
    this.toPrep = context.outbox('prep');
    this.toSync = context.outbox('sync');
    this.line = new LineSender(this.toSync);
    this.toCommit = context.outbox('commit');
  }

  /** May a socket be read that brings so many bytes for prep, or for the log? */
  hasRoomForRequests(byteCount: number): boolean {
    // With a reserve for the end of a role: this mailbox must never spill, since prep waits for the quorum peer as well.
    return this.toPrep.hasRoom(byteCount + CONTROL_RESERVE_BYTES);
  }

  hasRoomForTxns(byteCount: number): boolean {
    return this.toSync.hasRoom(byteCount);
  }

  // ---- to prep

  /**
   * A request that a learner forwarded (6.2), or its REVALIDATE (op reopenSession, body = timeoutMs). `identities`: vector<Id> as
   * on the wire, at least its count.
   */
  forwarded(
    learner: number,
    op: number,
    cxid: number,
    sessionHi: number,
    sessionLo: number,
    identities: Uint8Array,
    identitiesOffset: number,
    identitiesLength: number,
    body: Uint8Array,
    bodyOffset: number,
    bodyLength: number,
  ): void {
    const out = this.toPrep;
    const at = this.begin(out, RecordType.request, identitiesLength + bodyLength);
    const { words } = out;
    words[at + WORD_LEARNER] = learner;
    words[at + WORD_OP] = op;
    words[at + WORD_XID] = cxid;
    words[at + WORD_SESSION_HI] = sessionHi;
    words[at + WORD_SESSION_LO] = sessionLo;
    words[at + WORD_LENGTH_A] = identitiesLength;
    words[at + WORD_LENGTH_B] = bodyLength;
    const part = out.offset + PIPELINE_HEADER_BYTES;
    copyBytes(identities, identitiesOffset, out.bytes, part, identitiesLength);
    copyBytes(body, bodyOffset, out.bytes, part + identitiesLength, bodyLength);
    out.commit();
  }

  /** The session table of a learner's PING reply: (long session, int timeoutMs)*, as on the wire. */
  touch(bytes: Uint8Array, offset: number, length: number): void {
    const out = this.toPrep;
    const at = this.begin(out, RecordType.touch, length);
    out.words[at + WORD_LENGTH_A] = length;
    copyBytes(bytes, offset, out.bytes, out.offset + PIPELINE_HEADER_BYTES, length);
    out.commit();
  }

  /** Of the reconfig that prep waits with: the new members' text without a version, or why not. */
  judged(error: number, text: Uint8Array): void {
    const out = this.toPrep;
    const at = this.begin(out, RecordType.judged, text.length);
    out.words[at + WORD_ERROR] = error;
    out.words[at + WORD_LENGTH_B] = text.length;
    copyBytes(text, 0, out.bytes, out.offset + PIPELINE_HEADER_BYTES, text.length);
    out.commit();
  }

  /** To prep, which sends it back down the line behind everything it has decided. */
  haltPrep(): void {
    this.begin(this.toPrep, RecordType.halt, 0);
    this.toPrep.commit();
  }

  // ---- into the line of transactions

  /** Any record of prep's line, as it is. */
  passOn(type: number, bytes: Uint8Array, offset: number, length: number): void {
    this.line.passOn(type, bytes, offset, length);
  }

  /** A record of prep's line behind the end of a role, if it is of an own client. */
  giveBack(words: Int32Array, offset: number): void {
    const at = offset >> 2;
    if (words[at + WORD_SHARD] < 0 || words[at + WORD_LEARNER] !== 0) return;
    this.line.giveBack(words, at);
  }

  /** A transaction that came from the leader: nobody's here, until the commit stage finds whose it is. */
  logTxn(entry: Uint8Array, entryOffset: number, entryLength: number, isLogged = true): void {
    const out = this.toSync;
    const at = this.begin(out, RecordType.txn, entryLength);
    const { words } = out;
    const type = readInt32(entry, entryOffset + TXN_TYPE);
    words[at + WORD_XID] = readInt32(entry, entryOffset + TXN_CXID);
    words[at + WORD_OP] = type;
    words[at + WORD_SLOT] = -1;
    words[at + WORD_SESSION_HI] = readInt32(entry, entryOffset + TXN_CLIENT);
    words[at + WORD_SESSION_LO] = readInt32(entry, entryOffset + TXN_CLIENT + 4);
    words[at + WORD_ZXID_HI] = readInt32(entry, entryOffset + TXN_ZXID_HI);
    words[at + WORD_ZXID_LO] = readInt32(entry, entryOffset + TXN_ZXID_LO);
    words[at + WORD_ERROR] = type === OpCode.error ? readInt32(entry, entryOffset + TXN_BODY) : 0;
    words[at + WORD_FLAGS] = isLogged ? 0 : FLAG_UNLOGGED;
    words[at + WORD_LENGTH_A] = entryLength;
    copyBytes(entry, entryOffset, out.bytes, out.offset + PIPELINE_HEADER_BYTES, entryLength);
    out.commit();
  }

  /** `isForced`: it takes the place of whatever stands there; else only of an older one. */
  config(text: string, versionHi: number, versionLo: number, isForced: boolean): void {
    const out = this.toSync;
    const length = utf8Length(text);
    const at = this.begin(out, RecordType.config, length);
    out.words[at + WORD_OP] = isForced ? 1 : 0;
    out.words[at + WORD_ZXID_HI] = versionHi;
    out.words[at + WORD_ZXID_LO] = versionLo;
    out.words[at + WORD_LENGTH_B] = length;
    out.words[at + WORD_DIRECT_COUNT] = this.directCount;
    encodeUtf8Into(text, out.bytes, out.offset + PIPELINE_HEADER_BYTES);
    out.commit();
  }

  halt(): void {
    this.control(RecordType.halt, 0, 0, 0);
  }

  settle(): void {
    this.control(RecordType.settle, 0, 0, 0);
  }

  /** A leader's zxid is (epoch, 0); a learner's tree keeps the one it has, and the two halves are not looked at. */
  serve(role: ServerRole, zxidHi: number, zxidLo: number): void {
    this.control(RecordType.serve, role, zxidHi, zxidLo);
  }

  truncate(zxidHi: number, zxidLo: number): void {
    this.control(RecordType.truncate, 0, zxidHi, zxidLo);
  }

  snapBegin(zxidHi: number, zxidLo: number): void {
    this.control(RecordType.snapBegin, 0, zxidHi, zxidLo);
  }

  snapChunk(bytes: Uint8Array, offset: number, length: number): void {
    const out = this.toSync;
    const at = this.begin(out, RecordType.snapChunk, length);
    out.words[at + WORD_LENGTH_B] = length;
    copyBytes(bytes, offset, out.bytes, out.offset + PIPELINE_HEADER_BYTES, length);
    out.commit();
  }

  snapEnd(): void {
    this.control(RecordType.snapEnd, 0, 0, 0);
  }

  snapSave(): void {
    this.control(RecordType.snapSave, 0, 0, 0);
  }

  // ---- to the commit stage

  /** A record of prep's line that only keeps its place, or is answered as it is. */
  local(type: number, bytes: Uint8Array, offset: number, length: number): void {
    const out = this.toCommit;
    out.claim(type, length);
    copyBytes(bytes, offset, out.bytes, out.offset, length);
    this.commitDirect();
  }

  /** A forwarded request: its header alone waits for its transaction; a sync waits for `synced`, and is answered with its path. */
  awaiting(bytes: Uint8Array, words: Int32Array, offset: number, length: number): void {
    const out = this.toCommit;
    const kept = words[(offset >> 2) + WORD_OP] === OpCode.sync ? length : PIPELINE_HEADER_BYTES;
    out.claim(RecordType.request, kept);
    copyBytes(bytes, offset, out.bytes, out.offset, kept);
    if (kept < length) {
      const at = out.offset >> 2;
      out.words[at + WORD_LENGTH_A] = 0;
      out.words[at + WORD_LENGTH_B] = 0;
    }
    this.commitDirect();
  }

  /** Everything up to there may be applied. Once per batch. */
  committed(zxidHi: number, zxidLo: number): void {
    const out = this.toCommit;
    const at = this.begin(out, RecordType.committed, 0);
    out.words[at + WORD_ZXID_HI] = zxidHi;
    out.words[at + WORD_ZXID_LO] = zxidLo;
    this.commitDirect();
  }

  /** The leader has answered the oldest forwarded sync; what was committed before is said before. */
  synced(): void {
    this.begin(this.toCommit, RecordType.synced, 0);
    this.commitDirect();
  }

  /** Syncs of own clients that wait for this round, or an earlier one, may be answered. */
  proven(round: number): void {
    const at = this.begin(this.toCommit, RecordType.proven, 0);
    this.toCommit.words[at + WORD_ROUND] = round;
    this.commitDirect();
  }

  private commitDirect(): void {
    this.toCommit.commit();
    this.directCount = (this.directCount + 1) | 0;
  }

  private control(type: number, op: number, zxidHi: number, zxidLo: number): void {
    const out = this.toSync;
    const at = this.begin(out, type, 0);
    out.words[at + WORD_OP] = op;
    out.words[at + WORD_ZXID_HI] = zxidHi;
    out.words[at + WORD_ZXID_LO] = zxidLo;
    out.words[at + WORD_DIRECT_COUNT] = this.directCount;
    out.commit();
  }

  /** A claimed record with an empty header of nobody's; returns the header's first word. */
  private begin(out: MailboxSender, type: number, partsLength: number): number {
    out.claim(type, PIPELINE_HEADER_BYTES + partsLength);
    const at = out.offset >> 2;
    out.words.fill(0, at, at + PIPELINE_HEADER_WORDS);
    out.words[at + WORD_SHARD] = -1;
    out.words[at + WORD_CONNECTION] = -1;
    return at;
  }
}
