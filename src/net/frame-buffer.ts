/**
 * The input side of one connection: cuts the byte stream into frames (client-protocol 1.2).
 *
 * Whole frames are handed out where the socket's buffer has them; only what is left over is copied, into memory that grows
 * as bytes arrive, never because a length announces them. Owned by the connection, on its shard's thread.
 *
 *   read buffer:  | frame | frame | fra        rest:  | fra |          next read appended:  | frame | fr |
 */
import { copyBytes, readInt32 } from '../base/bytes.js';

/** What a frame handler wants: the next frame, or this one again later (nothing of it was taken), or no more at all. */
export const FrameVerdict = { taken: 0, later: 1, closed: 2 } as const;
export type FrameVerdict = (typeof FrameVerdict)[keyof typeof FrameVerdict];

export type FrameHandler = (bytes: Uint8Array, offset: number, length: number) => FrameVerdict;

export const FrameResult = { drained: 0, later: 1, closed: 2, badLength: 3 } as const;
export type FrameResult = (typeof FrameResult)[keyof typeof FrameResult];

const LENGTH_BYTES = 4;
/** Kept for the next rest; anything larger is given back to the collector. */
const KEEP_BYTES_MAX = 4096;
const NOTHING = new Uint8Array(0);

export class FrameBuffer {
  private rest: Uint8Array = NOTHING;
  private restLength = 0;
  private taken = 0;

  get restBytes(): number {
    return this.restLength;
  }

  /** The first four bytes that wait, or 0 when fewer do; how a four-letter word is recognised. */
  peekInt(): number {
    return this.restLength >= LENGTH_BYTES ? readInt32(this.rest, 0) : 0;
  }

  /** Frames of `bytes[0..length)`, behind whatever was left over before. */
  push(bytes: Uint8Array, length: number, frameBytesMax: number, onFrame: FrameHandler): FrameResult {
    if (this.restLength > 0) {
      this.append(bytes, 0, length);
      return this.resume(frameBytesMax, onFrame);
    }
    const result = this.cut(bytes, length, frameBytesMax, onFrame);
    if (this.taken < length && result !== FrameResult.closed) this.append(bytes, this.taken, length - this.taken);
    return result;
  }

  /** Goes on with what is left over: after `later`, or when more bytes were appended. */
  resume(frameBytesMax: number, onFrame: FrameHandler): FrameResult {
    const result = this.cut(this.rest, this.restLength, frameBytesMax, onFrame);
    this.consume(this.taken);
    return result;
  }

  /** Everything that waits, for a four-letter word; nothing is left behind. */
  takeRest(): Uint8Array {
    const taken = this.rest.slice(0, this.restLength);
    this.clear();
    return taken;
  }

  clear(): void {
    this.rest = NOTHING;
    this.restLength = 0;
  }

  /** Hands out the whole frames at the front; `taken` says how far it came. */
  private cut(bytes: Uint8Array, length: number, frameBytesMax: number, onFrame: FrameHandler): FrameResult {
    let position = 0;
    let result: FrameResult = FrameResult.drained;
    while (length - position >= LENGTH_BYTES) {
      const frameBytes = readInt32(bytes, position);
      if (frameBytes < 0 || frameBytes > frameBytesMax) {
        result = FrameResult.badLength;
        break;
      }
      if (length - position - LENGTH_BYTES < frameBytes) break;
      const verdict = onFrame(bytes, position + LENGTH_BYTES, frameBytes);
      if (verdict === FrameVerdict.taken) {
        position += LENGTH_BYTES + frameBytes;
        continue;
      }
      result = verdict === FrameVerdict.later ? FrameResult.later : FrameResult.closed;
      break;
    }
    this.taken = position;
    return result;
  }

  private append(bytes: Uint8Array, offset: number, length: number): void {
    const needed = this.restLength + length;
    if (needed > this.rest.length) {
      const grown = new Uint8Array(Math.max(needed, this.rest.length * 2, 256));
      grown.set(this.rest.subarray(0, this.restLength));
      this.rest = grown;
    }
    copyBytes(bytes, offset, this.rest, this.restLength, length);
    this.restLength = needed;
  }

  private consume(count: number): void {
    // Nothing is left when a handler has ended the connection, and so cleared what it was being handed.
    if (count === 0 || this.restLength === 0) return;
    const left = this.restLength - count;
    if (left === 0 && this.rest.length > KEEP_BYTES_MAX) this.rest = NOTHING;
    else this.rest.copyWithin(0, count, this.restLength);
    this.restLength = left;
  }
}
