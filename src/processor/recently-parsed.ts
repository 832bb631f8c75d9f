/**
 * What was parsed lately, found again by its bytes: prep meets the same few access lists and identities in write after
 * write, and parsing them anew would make garbage on the hot path.
 *
 * A fixed number of places, each for what was parsed last with that hash; a stage has its own, on its thread. Whatever it
 * returns was parsed from exactly these bytes, and must not be changed by anybody.
 *
 *   place = hash of the length, of the first and of the last bytes   ->   | copy of the bytes | parsed |
 */
import { equalBytes } from '../base/bytes.js';

const PLACES = 64;
const HASHED_BYTES = 32;
/** Longer ones are parsed each time: all places together shall hold a few megabytes at most. */
const KEPT_BYTES_MAX = 64 * 1024;

interface Kept<T> {
  readonly bytes: Uint8Array;
  readonly parsed: T;
}

export class RecentlyParsed<T> {
  private readonly places: (Kept<T> | null)[] = new Array(PLACES).fill(null);
  private readonly parse: (bytes: Uint8Array, offset: number, length: number) => T;

  constructor(parse: (bytes: Uint8Array, offset: number, length: number) => T) {
    this.parse = parse;
  }

  get(bytes: Uint8Array, offset: number, length: number): T {
    const place = placeOf(bytes, offset, length);
    const kept = this.places[place] as Kept<T> | null;
    if (kept !== null && kept.bytes.length === length && equalBytes(kept.bytes, 0, bytes, offset, length)) {
      return kept.parsed;
    }
    const parsed = this.parse(bytes, offset, length);
    if (length <= KEPT_BYTES_MAX) this.places[place] = { bytes: bytes.slice(offset, offset + length), parsed };
    return parsed;
  }
}

function placeOf(bytes: Uint8Array, offset: number, length: number): number {
  let hash = Math.imul(length, 0x9e3779b1);
  const headEnd = offset + Math.min(length, HASHED_BYTES);
  for (let i = offset; i < headEnd; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  const end = offset + length;
  for (let i = Math.max(headEnd, end - HASHED_BYTES); i < end; i++) {
    hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  }
  return (hash ^ (hash >>> 16)) & (PLACES - 1);
}
