/**
 * A reconfig that the quorum peer judges, and every request that has come behind it: sessions keep their order, so prep takes
 * nothing more until the answer is there or the role is over. Owned by PrepRequestProcessor, on prep's thread. It keeps records
 * as they came and decides nothing.
 *
 * Invariant: something is held only while something is judged.
 */
import type { RecordHandler } from '../../actor/mailbox/mailbox.js';
import { RecordQueue } from '../../actor/mailbox/record-queue.js';
import { OWN_CLIENTS } from '../../session/session-owners.js';
import type { LineSender } from '../line-sender.js';
import { RecordType, WORD_LEARNER, WORD_SHARD } from '../pipeline-records.js';

export class JudgedRequests {
  private readonly line: LineSender;
  /** One at the most. */
  private readonly judging = new RecordQueue();
  private readonly held = new RecordQueue();

  constructor(line: LineSender) {
    this.line = line;
  }

  get isWaiting(): boolean {
    return !this.judging.isEmpty;
  }

  // The one that is judged, until `drop`.
  get bytes(): Uint8Array {
    return this.judging.bytes;
  }

  get words(): Int32Array {
    return this.judging.words;
  }

  get offset(): number {
    return this.judging.frontOffset();
  }

  ask(type: number, bytes: Uint8Array, offset: number, length: number): void {
    this.judging.push(type, bytes, offset, length);
    this.line.passOn(RecordType.judge, bytes, offset, length);
  }

  /** It has come behind the one that is judged. */
  hold(type: number, bytes: Uint8Array, offset: number, length: number): void {
    this.held.push(type, bytes, offset, length);
  }

  /** The one that was judged is decided; what was held goes on, up to the next that has to be judged. */
  drop(handler: RecordHandler): void {
    const { held, judging } = this;
    judging.dropFront();
    while (!held.isEmpty && judging.isEmpty) {
      handler(held.frontType(), held.bytes, held.words, held.frontOffset(), held.frontLength());
      held.dropFront();
    }
  }

  /** The role is over: clients get theirs back as lost; whoever forwarded his asks the next leader. */
  giveBack(): void {
    for (const queue of [this.judging, this.held]) {
      while (!queue.isEmpty) {
        const header = queue.frontOffset() >> 2;
        const isClients = queue.words[header + WORD_LEARNER] === OWN_CLIENTS;
        if (isClients && (queue.words[header + WORD_SHARD] as number) >= 0) this.line.giveBack(queue.words, header);
        queue.dropFront();
      }
    }
  }
}
