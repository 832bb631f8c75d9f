/**
 * What final says to the connection shards: what every transaction changed to all of them, a reply to the one whose connection
 * asked. Owned by final, on its thread; keeps the zxid that they are told. No allocation per record; a publish per section.
 *
 *   commit | reply   16 words of the request | reply body | changes, or watch actions |      pipeline-records.ts
 */
import type { MailboxSender } from '../../actor/mailbox/mailbox.js';
import { copyBytes } from '../../base/bytes.js';
import { ErrorCode } from '../../protocol/error-code.js';
import {
  FLAG_BODY,
  FLAG_OWN_ZXID,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  ServerRole,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SHARD,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../pipeline-records.js';
import type { ScratchBytes } from '../scratch-bytes.js';

export class ShardLines {
  // Of the transaction applied last, also inside an open section. Invariant: never falls while one role lasts.
  zxidHi = 0;
  zxidLo = 0;
  private readonly shards: readonly MailboxSender[];
  private readonly reply: ScratchBytes;
  private readonly changes: ScratchBytes;

  /** The two are read when something is sent. */
  constructor(shards: readonly MailboxSender[], reply: ScratchBytes, changes: ScratchBytes) {
    this.shards = shards;
    this.reply = reply;
    this.changes = changes;
  }

  setZxid(zxidHi: number, zxidLo: number): void {
    this.zxidHi = zxidHi;
    this.zxidLo = zxidLo;
  }

  publish(): void {
    for (const out of this.shards) out.publish();
  }

  /** Of a transaction: the reply to its owner's shard, the changes to all. */
  commit(words: Int32Array, header: number, error: number): void {
    const owner = words[header + WORD_SHARD] as number;
    for (let shard = 0; shard < this.shards.length; shard++) {
      const replyLength = shard === owner ? this.reply.length : 0;
      const out = this.shards[shard] as MailboxSender;
      this.fill(out, RecordType.commit, words, header, error, replyLength, this.changes.length);
    }
  }

  /** Whoever has the record's session in its slot loses his connection; `owner`: but this shard's. */
  moved(words: Int32Array, header: number, error: number, owner = -1): void {
    for (let shard = 0; shard < this.shards.length; shard++) {
      if (shard === owner) continue;
      this.fill(this.shards[shard] as MailboxSender, RecordType.moved, words, header, error, 0, 0);
    }
  }

  /** To the asking connection's shard, if there is one. */
  answer(words: Int32Array, header: number, error: number): void {
    const out = this.shards[words[header + WORD_SHARD] as number];
    if (out === undefined) return;
    if (((words[header + WORD_FLAGS] as number) & FLAG_OWN_ZXID) === 0) {
      words[header + WORD_ZXID_HI] = this.zxidHi;
      words[header + WORD_ZXID_LO] = this.zxidLo;
    }
    const withBody = error === ErrorCode.Ok || ((words[header + WORD_FLAGS] as number) & FLAG_BODY) !== 0;
    this.fill(out, RecordType.reply, words, header, error, withBody ? this.reply.length : 0, this.changes.length);
  }

  /** The state of the database, to all shards. */
  tellAll(type: number, error: number, flags: number): void {
    for (const out of this.shards) this.tell(out, type, error, flags);
  }

  /** The same to whoever else needs to know. */
  tell(out: MailboxSender, type: number, error: number, flags: number): void {
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
}
