/**
 * The input side of one quorum connection: cuts the byte stream into packets (quorum-packet.ts draws them).
 *
 * Packets are handed out where the socket's buffer has them; only one that is cut by the end of a chunk is copied, into
 * memory that grows as bytes arrive, never because a length announces them. Behind a SNAP packet bytes follow that are no
 * packets: the handler answers `raw`, gets them as they come, and says where packets begin again.
 * Owned by the connection, on the quorum peer's thread.
 *
 *   chunk:  | packet | packet | pac      rest:  | pac |      next chunk: only what completes it is appended
 */
import { copyBytes, readInt32 } from '../base/bytes.js';
import { PACKET_BYTES_MIN, PACKET_HEADER_BYTES } from './quorum-packet.js';

/** The next packet; this one again at `resume` (nothing of it was taken); no more at all; what follows it is no packet. */
export const PacketVerdict = { taken: 0, later: 1, closed: 2, raw: 3 } as const;
export type PacketVerdict = (typeof PacketVerdict)[keyof typeof PacketVerdict];

export interface PacketHandler {
  /**
   * `dataLength` is -1 when there is no data. `ids` is the whole vector<Id>, its count first. All bytes are valid during the call
   * only.
   */
  onPacket(
    type: number,
    zxidHi: number,
    zxidLo: number,
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
    idsOffset: number,
    idsLength: number,
  ): PacketVerdict;

  /**
   * Bytes behind a packet that was answered with `raw`. Returns how many were taken: fewer than there are means later, unless
   * `packetsFollow` was called meanwhile. Negative: closed.
   */
  onRaw(bytes: Uint8Array, offset: number, length: number): number;
}

export const PacketResult = { drained: 0, later: 1, closed: 2, malformed: 3 } as const;
export type PacketResult = (typeof PacketResult)[keyof typeof PacketResult];

const DATA_LENGTH = 12;
const INCOMPLETE = 0;
const MALFORMED = -1;
/** Kept for the next rest; anything larger is given back to the collector. */
const KEEP_BYTES_MAX = 64 << 10;
const FIRST_BYTES = 256;
const NOTHING = new Uint8Array(0);

export class PacketReader {
  /** Why the last result was `malformed`. */
  fault = '';
  /** jute.maxbuffer and its extra: data and ids may each have so many bytes. Less for a peer that has said nothing yet. */
  partBytesMax: number;
  private rest: Uint8Array = NOTHING;
  private restLength = 0;
  // Invariant: unless `isLater`, the rest is the beginning of one packet, shorter than `needed`.
  private isLater = false;
  private isRaw = false;
  private taken = 0;
  // How far the packet at the front was looked through, from its first byte: a slow sender costs no second look.
  private needed = PACKET_BYTES_MIN;
  private scanned = 0;
  private stringsLeft = 0;

  constructor(partBytesMax: number) {
    this.partBytesMax = partBytesMax;
  }

  get restBytes(): number {
    return this.restLength;
  }

  /** Called by the handler from `onRaw`: behind the bytes taken there, packets begin again. */
  packetsFollow(): void {
    this.isRaw = false;
  }

  /** `bytes[0..length)` follow whatever was left over before. While `later` stands they are kept. */
  push(bytes: Uint8Array, length: number, handler: PacketHandler): PacketResult {
    let at = 0;
    if (this.isLater) {
      this.append(bytes, 0, length);
      return PacketResult.later;
    }
    while (this.restLength > 0) {
      const count = Math.min(this.needed - this.restLength, length - at);
      this.append(bytes, at, count);
      at += count;
      if (this.restLength < this.needed) return PacketResult.drained;
      const result = this.cut(this.rest, 0, this.restLength, handler);
      this.consume(this.taken);
      if (result === PacketResult.later) this.append(bytes, at, length - at);
      if (result !== PacketResult.drained) return result;
    }
    const result = this.cut(bytes, at, length, handler);
    if (result === PacketResult.drained || result === PacketResult.later) {
      this.append(bytes, this.taken, length - this.taken);
    }
    return result;
  }

  /** Goes on with what is left over, after `later`. */
  resume(handler: PacketHandler): PacketResult {
    if (!this.isLater) return PacketResult.drained;
    this.isLater = false;
    const result = this.cut(this.rest, 0, this.restLength, handler);
    this.consume(this.taken);
    return result;
  }

  /** Hands out everything whole between the two positions; `taken` is the position it came to. */
  private cut(bytes: Uint8Array, start: number, end: number, handler: PacketHandler): PacketResult {
    let at = start;
    let result: PacketResult = PacketResult.drained;
    while (at < end) {
      if (this.isRaw) {
        const count = handler.onRaw(bytes, at, end - at);
        if (count < 0) {
          result = PacketResult.closed;
          break;
        }
        at += count;
        if (!this.isRaw || at === end) continue;
        result = PacketResult.later;
        break;
      }
      const length = this.measure(bytes, at, end);
      if (length === INCOMPLETE) break;
      if (length === MALFORMED) {
        result = PacketResult.malformed;
        break;
      }
      const verdict = this.hand(bytes, at, length, handler);
      if (verdict === PacketVerdict.closed) {
        result = PacketResult.closed;
        break;
      }
      if (verdict === PacketVerdict.later) {
        result = PacketResult.later;
        break;
      }
      if (verdict === PacketVerdict.raw) this.isRaw = true;
      at += length;
      this.needed = PACKET_BYTES_MIN;
      this.scanned = 0;
    }
    this.isLater = result === PacketResult.later;
    this.taken = at;
    return result;
  }

  private hand(bytes: Uint8Array, at: number, length: number, handler: PacketHandler): PacketVerdict {
    const dataLength = readInt32(bytes, at + DATA_LENGTH);
    const ids = at + PACKET_HEADER_BYTES + Math.max(dataLength, 0);
    return handler.onPacket(
      readInt32(bytes, at),
      readInt32(bytes, at + 4),
      readInt32(bytes, at + 8),
      bytes,
      at + PACKET_HEADER_BYTES,
      dataLength,
      ids,
      at + length - ids,
    );
  }

  /** Length of the packet at `at`, INCOMPLETE (then `needed` says how many bytes it takes to look further), or MALFORMED. */
  private measure(bytes: Uint8Array, at: number, end: number): number {
    const available = end - at;
    if (available < PACKET_BYTES_MIN) return INCOMPLETE;
    if (this.scanned === 0) {
      const dataLength = readInt32(bytes, at + DATA_LENGTH);
      if (dataLength < -1 || dataLength > this.partBytesMax) return this.malformed('data', dataLength);
      const ids = PACKET_HEADER_BYTES + Math.max(dataLength, 0);
      if (!this.has(ids + 4, available)) return INCOMPLETE;
      const count = readInt32(bytes, at + ids);
      if (count < -1 || count > this.partBytesMax) return this.malformed('ids', count);
      this.scanned = ids + 4;
      this.stringsLeft = 2 * Math.max(count, 0);
    }
    const idsStart = PACKET_HEADER_BYTES + Math.max(readInt32(bytes, at + DATA_LENGTH), 0);
    while (this.stringsLeft > 0) {
      if (!this.has(this.scanned + 4, available)) return INCOMPLETE;
      const length = readInt32(bytes, at + this.scanned);
      const next = this.scanned + 4 + Math.max(length, 0);
      if (length < -1 || next - idsStart > this.partBytesMax) return this.malformed('an id', length);
      if (!this.has(next, available)) return INCOMPLETE;
      this.scanned = next;
      this.stringsLeft--;
    }
    this.needed = this.scanned;
    return this.scanned;
  }

  private has(count: number, available: number): boolean {
    if (available >= count) return true;
    this.needed = count;
    return false;
  }

  private malformed(what: string, length: number): number {
    this.fault = `a packet with ${what} of length ${length}`;
    return MALFORMED;
  }

  private append(bytes: Uint8Array, offset: number, count: number): void {
    if (count === 0) return;
    const total = this.restLength + count;
    if (total > this.rest.length) {
      const grown = new Uint8Array(Math.max(total, this.rest.length * 2, FIRST_BYTES));
      grown.set(this.rest.subarray(0, this.restLength));
      this.rest = grown;
    }
    copyBytes(bytes, offset, this.rest, this.restLength, count);
    this.restLength = total;
  }

  private consume(count: number): void {
    const left = this.restLength - count;
    if (left === 0 && this.rest.length > KEEP_BYTES_MAX) this.rest = NOTHING;
    else if (count > 0) this.rest.copyWithin(0, count, this.restLength);
    this.restLength = left;
  }
}
