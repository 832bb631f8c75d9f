// Zxids as tests write them: epoch.counter; and transactions that can be told apart by theirs.

import { int64FromHalves } from '../../../src/base/int64.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { createEntry } from '../persistence/txn-entries.js';

export type Zxid = readonly [epoch: number, counter: number];

export function zxidOf(text: string): Zxid {
  const [epoch, counter] = text.split('.').map(Number);
  return [epoch, counter | 0];
}

export function zxidText(hi: number, lo: number): string {
  return `${hi}.${lo >>> 0}`;
}

export function entryAt(zxid: string): Uint8Array {
  const [hi, lo] = zxidOf(zxid);
  return createEntry(int64FromHalves(hi, lo), `/n${lo >>> 0}`, encodeUtf8(zxid));
}

/** `1.3..1.6 2.1` */
export function zxidsOf(text: string): string[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => {
      const [from, to] = word.split('..');
      if (to === undefined) return [from];
      const [epoch, first] = zxidOf(from);
      return Array.from({ length: zxidOf(to)[1] - first + 1 }, (_, i) => `${epoch}.${first + i}`);
    });
}
