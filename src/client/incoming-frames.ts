// Cuts the byte stream of one connection into frames. Whole frames are handed on where they lie in the chunk; only one
// that is cut off at the end of a chunk is copied and completed later. Owned by one connection's reader. Memory grows
// with the bytes that arrived, never with a length that was merely announced.
//
//   stream   [ length:int | length bytes ][ length:int | length bytes ] …
//   held     [ length:int | the first bytes of a frame | free ]      heldLength counts the length field too

import { readInt32 } from '../base/bytes.js';
import { JuteError } from '../jute/jute-error.js';

const LENGTH_BYTES = 4;
const HELD_BYTES_MIN = 1024;

/** False: the connection is gone, stop. The bytes are valid only during the call. */
export type FrameHandler = (bytes: Uint8Array, start: number, end: number) => boolean;

export class IncomingFrames {
  private readonly frameBytesMax: number;
  private held: Uint8Array = new Uint8Array(HELD_BYTES_MIN);
  private heldLength = 0; // Invariant: less than the whole frame whose beginning is held

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  /** Throws JuteError when a length cannot be: the stream has lost its frames then and must be given up. */
  accept(chunk: Uint8Array, onFrame: FrameHandler): void {
    let at = 0;
    if (this.heldLength > 0) {
      at = this.completeHeld(chunk, onFrame);
      if (at < 0) return;
    }
    const end = chunk.length;
    while (end - at >= LENGTH_BYTES) {
      const frameEnd = at + LENGTH_BYTES + this.lengthAt(chunk, at);
      if (frameEnd > end) break;
      if (!onFrame(chunk, at + LENGTH_BYTES, frameEnd)) return;
      at = frameEnd;
    }
    if (at < end) this.hold(chunk, at, end);
  }

  /** Returns where the next frame begins in the chunk, or -1 when nothing is left to do. */
  private completeHeld(chunk: Uint8Array, onFrame: FrameHandler): number {
    let at = 0;
    if (this.heldLength < LENGTH_BYTES) {
      at = Math.min(LENGTH_BYTES - this.heldLength, chunk.length);
      this.hold(chunk, 0, at);
      if (this.heldLength < LENGTH_BYTES) return -1;
    }
    const missing = LENGTH_BYTES + this.lengthAt(this.held, 0) - this.heldLength;
    const next = at + Math.min(missing, chunk.length - at);
    this.hold(chunk, at, next);
    if (next - at < missing) return -1;
    const frame = this.held;
    const frameEnd = this.heldLength;
    this.heldLength = 0;
    if (!onFrame(frame, LENGTH_BYTES, frameEnd)) return -1;
    if (this.held.length > this.frameBytesMax >> 4 && this.held.length > HELD_BYTES_MIN) {
      this.held = new Uint8Array(HELD_BYTES_MIN); // one very long reply should not be paid for ever after
    }
    return next;
  }

  private hold(chunk: Uint8Array, start: number, end: number): void {
    const length = this.heldLength + end - start;
    if (length > this.held.length) {
      const bigger = new Uint8Array(Math.max(length, this.held.length * 2));
      bigger.set(this.held.subarray(0, this.heldLength));
      this.held = bigger;
    }
    this.held.set(chunk.subarray(start, end), this.heldLength);
    this.heldLength = length;
  }

  private lengthAt(bytes: Uint8Array, at: number): number {
    const length = readInt32(bytes, at);
    if (length < 0 || length > this.frameBytesMax) throw new JuteError(`frame of ${length} bytes`);
    return length;
  }
}
