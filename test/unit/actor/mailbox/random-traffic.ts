/**
 * Sends and drains at random, from one seed, and compares with a plain list: what comes out is what went in, in order,
 * and never before it was published. For both kinds of mailbox.
 */

import { expect } from 'vitest';
import type { MailboxReceiver, MailboxSender } from '../../../../src/actor/mailbox/mailbox.js';
import { Prng } from '../../../../src/base/prng.js';
import { receiveChecked, sendChecked } from '../../../stress/ring-record.js';

export interface Traffic {
  readonly seed: number;
  readonly records: number;
  readonly lengthMax: number;
  /** About one record in so many is of a length up to `largeLengthMax`; 0: none. */
  readonly largeOneIn: number;
  readonly largeLengthMax: number;
}

export function runRandomTraffic(sender: MailboxSender, receiver: MailboxReceiver, traffic: Traffic): void {
  const prng = new Prng(traffic.seed);
  const sent: { type: number; length: number }[] = [];
  let publishedCount = 0;
  let receivedCount = 0;

  const send = (): void => {
    const large = traffic.largeOneIn > 0 && prng.below(traffic.largeOneIn) === 0;
    const length = 8 + prng.below((large ? traffic.largeLengthMax : traffic.lengthMax) - 7);
    const type = prng.below(1000);
    sendChecked(sender, type, sent.length, length);
    sent.push({ type, length });
  };
  const drain = (limit: number): void => {
    const drained = receiver.drain((type, bytes, words, offset, length) => {
      const expected = sent[receivedCount];
      const sequence = receiveChecked(bytes, words, offset, length);
      // Compared by hand: tens of thousands of times expect() would take longer than all the rest.
      if (sequence !== receivedCount || type !== expected.type || length !== expected.length || offset % 8 !== 0) {
        expect({ sequence, type, length, alignment: offset % 8 }).toEqual({
          sequence: receivedCount,
          alignment: 0,
          ...expected,
        });
      }
      receivedCount++;
    }, limit);
    expect(drained).toBeLessThanOrEqual(limit);
    expect(receivedCount).toBeLessThanOrEqual(publishedCount);
  };

  while (sent.length < traffic.records) {
    for (let count = prng.below(12); count > 0; count--) send();
    if (prng.below(3) > 0) {
      sender.publish();
      publishedCount = sent.length;
    }
    if (prng.below(2) === 0) drain(1 + prng.below(20));
  }
  // The spill moves as room is made.
  for (let rounds = 0; receivedCount < sent.length; rounds++) {
    expect(rounds).toBeLessThan(traffic.records);
    sender.publish();
    publishedCount = sent.length;
    drain(100);
  }
  expect(receiver.isEmpty).toBe(true);
  expect(sender.spilled).toBe(false);
}
