/**
 * The text of a quota's two nodes (client-protocol 8.2): limits, as clients write them, and usage, as the server does.
 *
 *   count=5,bytes=11                                       the old form
 *   count=-1,bytes=-1=;byteHardLimit=40;countHardLimit=5   the form with further keys, in alphabetical order
 *
 * One object is used again and again by one thread (the tree's writer, prep); it keeps the bytes it has parsed until the
 * next `parse`, because keys that mean nothing here are written back as they were. It never fails and never works long:
 * clients may write anything into these nodes.
 */
import { compareBytes } from '../base/bytes.js';
import { DECIMAL_LONG_BYTES_MAX, DecimalLong } from '../base/decimal-long.js';
import { encodeUtf8 } from '../base/utf8.js';

const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;

export const QuotaKey = {
  count: encodeUtf8('count'),
  bytes: encodeUtf8('bytes'),
  countHardLimit: encodeUtf8('countHardLimit'),
  byteHardLimit: encodeUtf8('byteHardLimit'),
} as const;

const KNOWN_KEYS: readonly Uint8Array[] = Object.values(QuotaKey);

/** What an absent key stands for, of limits and of usage alike. */
const ABSENT = -1;
/** Keys without a meaning that are kept; what a client writes beyond these is dropped with the first count. */
const OTHER_KEYS_MAX = 64;

interface Entry {
  key: Uint8Array;
  keyOffset: number;
  keyLength: number;
  readonly value: DecimalLong;
}

export class QuotaText {
  /** What `encode` has written. */
  bytes: Uint8Array = new Uint8Array(128);
  length = 0;
  private readonly entries: Entry[] = [];
  private entryCount = 0;
  private readonly absent = new DecimalLong();

  constructor() {
    this.absent.set(ABSENT);
  }

  clear(): void {
    this.entryCount = 0;
  }

  /**
   * `length` -1: null data. `unparsable` is what a value that is no number counts as: -1 in limits, 0 in usage
   * (client-protocol 8.4, [D]).
   */
  parse(text: Uint8Array, offset: number, length: number, unparsable: -1 | 0): void {
    this.clear();
    const end = offset + Math.max(length, 0);
    for (let from = offset; from < end; ) {
      let to = from;
      while (to < end && text[to] !== COMMA && text[to] !== SEMICOLON) to++;
      if (to > from) this.parsePair(text, from, to, unparsable);
      from = to + 1;
    }
    if (length >= 0) return;
    this.entry(QuotaKey.count).value.set(unparsable);
    this.entry(QuotaKey.bytes).value.set(unparsable);
  }

  /** Valid until the next change. */
  get(key: Uint8Array): DecimalLong {
    return this.find(key, 0, key.length)?.value ?? this.absent;
  }

  add(key: Uint8Array, amount: number): void {
    this.entry(key).value.add(amount);
  }

  set(key: Uint8Array, amount: number): void {
    this.entry(key).value.set(amount);
  }

  /** Writes count, bytes and whatever else there is into `bytes`. */
  encode(): void {
    this.length = 0;
    this.writePair(QuotaKey.count, 0, QuotaKey.count.length, this.get(QuotaKey.count));
    this.writeByte(COMMA);
    this.writePair(QuotaKey.bytes, 0, QuotaKey.bytes.length, this.get(QuotaKey.bytes));
    let next = this.nextOther(null);
    // A second "=" behind the bytes, so that readers of the old form stop there.
    if (next !== null) this.writeByte(EQUALS);
    for (; next !== null; next = this.nextOther(next)) {
      this.writeByte(SEMICOLON);
      this.writePair(next.key, next.keyOffset, next.keyLength, next.value);
    }
  }

  private parsePair(text: Uint8Array, from: number, to: number, unparsable: number): void {
    let equals = from;
    while (equals < to && text[equals] !== EQUALS) equals++;
    let valueEnd = equals + 1;
    while (valueEnd < to && text[valueEnd] !== EQUALS) valueEnd++;
    const keyLength = equals - from;
    let entry = this.find(text, from, keyLength);
    if (entry === null) {
      if (this.entryCount >= OTHER_KEYS_MAX && !isKnown(text, from, keyLength)) return;
      entry = this.addEntry(text, from, keyLength);
    }
    if (!entry.value.parse(text, equals + 1, Math.min(valueEnd, to))) entry.value.set(unparsable);
  }

  private entry(key: Uint8Array): Entry {
    const found = this.find(key, 0, key.length);
    if (found !== null) return found;
    const entry = this.addEntry(key, 0, key.length);
    entry.value.set(ABSENT);
    return entry;
  }

  private addEntry(key: Uint8Array, keyOffset: number, keyLength: number): Entry {
    let entry = this.entries[this.entryCount];
    if (entry === undefined) {
      entry = { key, keyOffset, keyLength, value: new DecimalLong() };
      this.entries.push(entry);
    }
    this.entryCount++;
    entry.key = key;
    entry.keyOffset = keyOffset;
    entry.keyLength = keyLength;
    return entry;
  }

  private find(key: Uint8Array, keyOffset: number, keyLength: number): Entry | null {
    for (let i = 0; i < this.entryCount; i++) {
      const entry = this.entries[i] as Entry;
      if (compareBytes(entry.key, entry.keyOffset, entry.keyLength, key, keyOffset, keyLength) === 0) return entry;
    }
    return null;
  }

  /** In alphabetical order, the first entry behind `after` that is neither count nor bytes. */
  private nextOther(after: Entry | null): Entry | null {
    let best: Entry | null = null;
    for (let i = 0; i < this.entryCount; i++) {
      const entry = this.entries[i] as Entry;
      if (isKey(entry, QuotaKey.count) || isKey(entry, QuotaKey.bytes)) continue;
      if (after !== null && compareKeys(entry, after) <= 0) continue;
      if (best === null || compareKeys(entry, best) < 0) best = entry;
    }
    return best;
  }

  private writePair(key: Uint8Array, keyOffset: number, keyLength: number, value: DecimalLong): void {
    this.makeRoom(keyLength + 1 + DECIMAL_LONG_BYTES_MAX);
    const { bytes } = this;
    for (let i = 0; i < keyLength; i++) bytes[this.length + i] = key[keyOffset + i] as number;
    bytes[this.length + keyLength] = EQUALS;
    this.length = value.write(bytes, this.length + keyLength + 1);
  }

  private writeByte(byte: number): void {
    this.makeRoom(1);
    this.bytes[this.length++] = byte;
  }

  private makeRoom(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array((this.length + count) * 2);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

function isKnown(key: Uint8Array, offset: number, length: number): boolean {
  for (const known of KNOWN_KEYS) if (compareBytes(key, offset, length, known, 0, known.length) === 0) return true;
  return false;
}

function isKey(entry: Entry, key: Uint8Array): boolean {
  return compareBytes(entry.key, entry.keyOffset, entry.keyLength, key, 0, key.length) === 0;
}

function compareKeys(a: Entry, b: Entry): number {
  return compareBytes(a.key, a.keyOffset, a.keyLength, b.key, b.keyOffset, b.keyLength);
}
