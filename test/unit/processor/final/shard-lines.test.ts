import { describe, expect, it } from 'vitest';
import { LocalMailbox } from '../../../../src/actor/mailbox/local-mailbox.js';
import { ShardLines } from '../../../../src/processor/final/shard-lines.js';
import {
  FLAG_BODY,
  FLAG_OWN_ZXID,
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_SHARD,
  WORD_XID,
  WORD_ZXID_LO,
} from '../../../../src/processor/pipeline-records.js';
import { ScratchBytes } from '../../../../src/processor/scratch-bytes.js';
import { ErrorCode } from '../../../../src/protocol/error-code.js';

class Lines {
  readonly reply = new ScratchBytes();
  readonly changes = new ScratchBytes();
  readonly words = new Int32Array(PIPELINE_HEADER_WORDS);
  private readonly shards = [0, 1, 2].map(() => new LocalMailbox(1 << 16));
  readonly lines = new ShardLines(this.shards, this.reply, this.changes);

  constructor() {
    this.words[WORD_SHARD] = 1;
    this.words[WORD_XID] = 77;
    this.words[WORD_ZXID_LO] = 4;
    this.reply.writeText('reply');
    this.changes.writeText('changes');
    this.lines.setZxid(0, 9);
  }

  /** What each shard has been told since the last time: type, xid, error, zxid, both parts. */
  told(): unknown[][] {
    this.lines.publish();
    return this.shards.map((shard) => {
      const records: unknown[] = [];
      shard.drain((type, bytes, words, offset) => {
        const at = offset >> 2;
        const body = offset + PIPELINE_HEADER_BYTES;
        const end = body + (words[at + WORD_LENGTH_A] as number) + (words[at + WORD_LENGTH_B] as number);
        const text = new TextDecoder().decode(bytes.slice(body, end));
        records.push([type, words[at + WORD_XID], words[at + WORD_ERROR], words[at + WORD_ZXID_LO], text]);
      }, 10);
      return records;
    });
  }
}

describe('lines to the shards', () => {
  it('bring a commit to all, its reply to the one that asked', () => {
    const l = new Lines();
    l.lines.commit(l.words, 0, ErrorCode.Ok);
    const others = [[RecordType.commit, 77, 0, 4, 'changes']];
    expect(l.told()).toEqual([others, [[RecordType.commit, 77, 0, 4, 'replychanges']], others]);
  });

  it('answer with the last applied zxid, or with that of the record, and without a body where there is an error', () => {
    const l = new Lines();
    l.lines.answer(l.words, 0, ErrorCode.Ok);
    expect(l.told()).toEqual([[], [[RecordType.reply, 77, 0, 9, 'replychanges']], []]);
    l.words[WORD_FLAGS] = FLAG_OWN_ZXID;
    l.words[WORD_ZXID_LO] = 4;
    l.lines.answer(l.words, 0, ErrorCode.NoNode);
    expect(l.told()[1]).toEqual([[RecordType.reply, 77, ErrorCode.NoNode, 4, 'changes']]);
    l.words[WORD_FLAGS] = FLAG_BODY;
    l.lines.answer(l.words, 0, ErrorCode.NoNode);
    expect(l.told()[1]).toEqual([[RecordType.reply, 77, ErrorCode.NoNode, 9, 'replychanges']]);
  });

  it('answer nobody where no connection asked', () => {
    const l = new Lines();
    l.words[WORD_SHARD] = -1;
    l.lines.answer(l.words, 0, ErrorCode.Ok);
    expect(l.told()).toEqual([[], [], []]);
  });

  it('tell all but the owner that a session has moved', () => {
    const l = new Lines();
    l.lines.moved(l.words, 0, ErrorCode.Ok, 1);
    const moved = [[RecordType.moved, 77, 0, 4, '']];
    expect(l.told()).toEqual([moved, [], moved]);
    l.lines.moved(l.words, 0, ErrorCode.Ok);
    expect(l.told()).toEqual([moved, moved, moved]);
  });
});
