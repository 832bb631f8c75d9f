import { describe, expect, test } from 'vitest';
import { LinkTally, privateLinkTally } from '../../../../src/actor/mailbox/link-tally.js';
import { LocalMailbox } from '../../../../src/actor/mailbox/local-mailbox.js';
import { receiveChecked, sendChecked } from '../../../stress/ring-record.js';
import { runRandomTraffic } from './random-traffic.js';

function drainSequences(mailbox: LocalMailbox, limit = 1000): number[] {
  const sequences: number[] = [];
  mailbox.drain((_type, bytes, words, offset, length) => {
    sequences.push(receiveChecked(bytes, words, offset, length));
  }, limit);
  return sequences;
}

describe.each([1, 2, 3, 4, 5, 6])('random traffic, seed %i', (seed) => {
  test('grows and shrinks without losing a record or its order', () => {
    const mailbox = new LocalMailbox(8 * 1024);
    const traffic = { seed, records: 5000, lengthMax: 600, largeOneIn: 30, largeLengthMax: 200_000 };
    runRandomTraffic(mailbox, mailbox, traffic);
  });
});

test('records are invisible until they are published, as between threads', () => {
  const mailbox = new LocalMailbox(1024);
  sendChecked(mailbox, 1, 0, 8);
  expect(mailbox.isEmpty).toBe(true);
  expect(drainSequences(mailbox)).toEqual([]);
  mailbox.publish();
  expect(drainSequences(mailbox)).toEqual([0]);
});

test('a handler may send into the very mailbox it is fed from, which may grow under it', () => {
  const mailbox = new LocalMailbox(1024);
  for (let i = 0; i < 100; i++) sendChecked(mailbox, 1, i, 100);
  mailbox.publish();
  const seen: number[] = [];
  mailbox.drain((_type, bytes, words, offset, length) => {
    const sequence = receiveChecked(bytes, words, offset, length);
    sendChecked(mailbox, 1, 1000 + sequence, 5000);
    // Still whole, after all that was written meanwhile.
    expect(receiveChecked(bytes, words, offset, length)).toBe(sequence);
    seen.push(sequence);
  }, 100);
  mailbox.publish();
  seen.push(...drainSequences(mailbox));
  expect(seen).toEqual([...Array(100).keys(), ...Array(100).keys()].map((n, i) => (i < 100 ? n : 1000 + n)));
});

test('what waits is known after each drain, not only when something is sent', () => {
  const tally = privateLinkTally();
  const mailbox = new LocalMailbox(1024, tally);
  for (let i = 0; i < 4; i++) sendChecked(mailbox, 1, i, 100);
  mailbox.publish();
  const whole = tally[LinkTally.depthBytes];
  expect(whole).toBeGreaterThan(400);
  drainSequences(mailbox, 1);
  expect(tally[LinkTally.depthBytes]).toBe(whole * 0.75);
  drainSequences(mailbox);
  expect(tally[LinkTally.depthBytes]).toBe(0);
});

test('says no above its limit and yes again below half of it', () => {
  const tally = privateLinkTally();
  const mailbox = new LocalMailbox(1000, tally);
  while (mailbox.hasRoom(92)) sendChecked(mailbox, 1, 0, 92);
  expect(tally[LinkTally.refusals]).toBe(1);
  expect(mailbox.awaitsRoom).toBe(true);
  mailbox.publish();
  drainSequences(mailbox, 1);
  expect(mailbox.settleRoom()).toBe(false);
  drainSequences(mailbox);
  expect(mailbox.settleRoom()).toBe(true);
  expect(mailbox.awaitsRoom).toBe(false);
});

test('a record whose handler throws is consumed, those behind it are not', () => {
  const mailbox = new LocalMailbox(1024);
  for (let i = 0; i < 3; i++) sendChecked(mailbox, 1, i, 8);
  mailbox.publish();
  expect(() =>
    mailbox.drain(() => {
      throw new Error('no');
    }, 10),
  ).toThrow('no');
  expect(drainSequences(mailbox)).toEqual([1, 2]);
});
