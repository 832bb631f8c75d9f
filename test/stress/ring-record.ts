/**
 * Records that can be checked on their own: sequence, checksum, and a payload that follows from both. Shared by the unit
 * tests and the stress of the rings. Works at any offset the mailbox gives.
 *
 *   word 0: sequence   word 1: checksum over length and payload   then: payload words, and up to 3 single bytes
 */

import type { MailboxSender } from '../../src/actor/mailbox/mailbox.js';

export const CHECKED_RECORD_BYTES_MIN = 8;

export function sendChecked(sender: MailboxSender, type: number, sequence: number, length: number): void {
  sender.claim(type, length);
  const { words, bytes, offset } = sender;
  const first = offset >> 2;
  const wordCount = length >> 2;
  let checksum = length;
  for (let i = 2; i < wordCount; i++) {
    const word = Math.imul(sequence + i, 0x9e3779b1);
    words[first + i] = word;
    checksum = (Math.imul(checksum, 31) + word) | 0;
  }
  for (let i = wordCount * 4; i < length; i++) {
    const byte = (sequence + i) & 255;
    bytes[offset + i] = byte;
    checksum = (Math.imul(checksum, 31) + byte) | 0;
  }
  words[first] = sequence;
  words[first + 1] = checksum;
  sender.commit();
}

/** Returns the sequence; throws if any byte is not what `sendChecked` wrote for it. */
export function receiveChecked(bytes: Uint8Array, words: Int32Array, offset: number, length: number): number {
  const first = offset >> 2;
  const wordCount = length >> 2;
  const sequence = words[first];
  let checksum = length;
  for (let i = 2; i < wordCount; i++) {
    const word = words[first + i];
    if (word !== Math.imul(sequence + i, 0x9e3779b1)) throw new Error(`record ${sequence}: word ${i} is torn`);
    checksum = (Math.imul(checksum, 31) + word) | 0;
  }
  for (let i = wordCount * 4; i < length; i++) {
    if (bytes[offset + i] !== ((sequence + i) & 255)) throw new Error(`record ${sequence}: byte ${i} is torn`);
    checksum = (Math.imul(checksum, 31) + bytes[offset + i]) | 0;
  }
  if (words[first + 1] !== checksum) throw new Error(`record ${sequence}: wrong checksum`);
  return sequence;
}
