import { describe, expect, it } from 'vitest';
import { LocalMailbox } from '../../../../src/actor/mailbox/local-mailbox.js';
import { LineSender } from '../../../../src/processor/line-sender.js';
import {
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_ERROR,
  WORD_LEARNER,
  WORD_SHARD,
  WORD_XID,
} from '../../../../src/processor/pipeline-records.js';
import { JudgedRequests } from '../../../../src/processor/prep/judged-requests.js';
import { ErrorCode } from '../../../../src/protocol/error-code.js';

class Judged {
  private readonly out = new LocalMailbox(1 << 16);
  readonly judged = new JudgedRequests(new LineSender(this.out));

  /** As prep does with a request: `judge` says that it is one to be judged. */
  take(xid: number, judge = false, shard = 0, learner = 0): void {
    const words = new Int32Array(PIPELINE_HEADER_WORDS);
    words[WORD_XID] = xid;
    words[WORD_SHARD] = shard;
    words[WORD_LEARNER] = learner;
    const bytes = new Uint8Array(words.buffer);
    if (this.judged.isWaiting) this.judged.hold(judge ? 2 : 1, bytes, 0, PIPELINE_HEADER_BYTES);
    else if (judge) this.judged.ask(2, bytes, 0, PIPELINE_HEADER_BYTES);
  }

  /** The answer is there: the xids that go on. */
  answer(): number[] {
    const passed: number[] = [];
    this.judged.drop((type, bytes, words, offset, length) => {
      if (type === 2) this.judged.ask(type, bytes, offset, length);
      else passed.push(words[(offset >> 2) + WORD_XID] as number);
    });
    return passed;
  }

  /** Type, xid and error of what went down the line. */
  line(): number[][] {
    this.out.publish();
    const sent: number[][] = [];
    this.out.drain((type, _bytes, words, offset) => {
      const at = offset >> 2;
      sent.push([type, words[at + WORD_XID] as number, words[at + WORD_ERROR] as number]);
    }, 100);
    return sent;
  }
}

describe('requests behind one that is judged', () => {
  it('wait for its answer, in their order, and behind the next one for that of the next', () => {
    const j = new Judged();
    j.take(1, true);
    for (const xid of [2, 3]) j.take(xid);
    j.take(4, true);
    j.take(5);
    expect(j.line()).toEqual([[RecordType.judge, 1, 0]]);
    expect(j.answer()).toEqual([2, 3]);
    expect(j.line()).toEqual([[RecordType.judge, 4, 0]]);
    expect([j.judged.isWaiting, j.judged.words[(j.judged.offset >> 2) + WORD_XID]]).toEqual([true, 4]);
    expect(j.answer()).toEqual([5]);
    expect(j.judged.isWaiting).toBe(false);
  });

  it('go back to clients as lost when the role ends, and to nobody else', () => {
    const j = new Judged();
    j.take(1, true);
    j.take(2);
    j.take(3, false, 0, 4);
    j.take(4, false, -1);
    j.line();
    j.judged.giveBack();
    expect(j.line()).toEqual([1, 2].map((xid) => [RecordType.echo, xid, ErrorCode.ConnectionLoss]));
    expect(j.judged.isWaiting).toBe(false);
  });
});
