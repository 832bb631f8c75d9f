/**
 * What every stage says to the next one besides what it makes itself: records as they came, and answers without a transaction, which
 * take the place of the request that they answer. One for each mailbox that leads down the line, on the thread of its stage. No
 * allocation per record.
 */
import type { MailboxSender } from '../actor/mailbox/mailbox.js';
import { copyBytes } from '../base/bytes.js';
import { ErrorCode } from '../protocol/error-code.js';
import {
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_ERROR,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
} from './pipeline-records.js';

export class LineSender {
  readonly out: MailboxSender;

  constructor(out: MailboxSender) {
    this.out = out;
  }

  passOn(type: number, bytes: Uint8Array, offset: number, length: number): void {
    const { out } = this;
    out.claim(type, length);
    copyBytes(bytes, offset, out.bytes, out.offset, length);
    out.commit();
  }

  /** An echo with an error (or Ok) and no body. */
  answer(words: Int32Array, header: number, error: number): void {
    const { out } = this;
    out.claim(RecordType.echo, PIPELINE_HEADER_BYTES);
    const at = out.offset >> 2;
    for (let i = 0; i < PIPELINE_HEADER_WORDS; i++) out.words[at + i] = words[header + i] as number;
    out.words[at + WORD_ERROR] = error;
    out.words[at + WORD_LENGTH_A] = 0;
    out.words[at + WORD_LENGTH_B] = 0;
    out.commit();
  }

  /** At the end of a role: the request counts for something on its shard, which is told; its connection is closed. */
  giveBack(words: Int32Array, header: number): void {
    this.answer(words, header, ErrorCode.ConnectionLoss);
  }
}
