// Takes what follows a SNAP packet, in whatever pieces the socket brings it, and hands sessions and nodes to a sink. Owned
// by the learner, on the thread that loads the tree. It takes nothing beyond the closing "BenWasHere": what follows are
// packets. Memory: the part of one piece (a node, an ACL list) that has come, whatever length it claims to have. Until it is
// done nothing is proven, and whoever received the nodes must be ready to throw all of them away.

import { assert } from '../base/assert.js';
import { copyBytes, equalBytes } from '../base/bytes.js';
import { SNAP_SIGNATURE } from './snap-stream-encoder.js';
import { SnapshotContentDecoder, SnapshotContentError, type SnapshotSink } from './snapshot-content-decoder.js';

const PENDING_BYTES = 4096;

/** The stream is not what a leader sends. */
export class SnapStreamError extends Error {
  override readonly name = 'SnapStreamError';
}

export class SnapStreamDecoder {
  /** The closing word has come. */
  isDone = false;
  private readonly content: SnapshotContentDecoder;
  private pending = new Uint8Array(PENDING_BYTES); // the beginning of a piece that is not whole
  private pendingBytes = 0;
  private taken = 0;

  constructor(sink: SnapshotSink) {
    this.content = new SnapshotContentDecoder(sink);
  }

  get nodeCount(): number {
    return this.content.nodeCount;
  }

  /** How many of the bytes belong to the stream: all of them, unless it ends among them. Throws SnapStreamError. */
  take(bytes: Uint8Array, offset: number, length: number): number {
    const end = offset + length;
    let at = offset;
    while (!this.isDone && at < end) {
      if (this.pendingBytes > 0) {
        // No more than the piece is known to need, so that it ends where the pending bytes do.
        const count = Math.min(this.wanted - this.pendingBytes, end - at);
        this.keep(bytes, at, count);
        at += count;
        const used = this.decode(this.pending, 0, this.pendingBytes);
        assert(used === 0 || used === this.pendingBytes, 'a piece ends where it said');
        if (used > 0) this.pendingBytes = 0;
      } else {
        at = this.decode(bytes, at, end);
        if (this.isDone) break;
        this.keep(bytes, at, end - at);
        at = end;
      }
    }
    this.taken += at - offset;
    return at - offset;
  }

  private get wanted(): number {
    return this.content.isDone ? SNAP_SIGNATURE.length : this.content.wanted;
  }

  private decode(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    try {
      if (!this.content.isDone) at = this.content.decode(bytes, at, end);
    } catch (error) {
      if (!(error instanceof SnapshotContentError)) throw error;
      throw new SnapStreamError(`The leader's snapshot: ${error.message} (after ${this.taken} bytes)`);
    }
    if (!this.content.isDone || end - at < SNAP_SIGNATURE.length) return at;
    if (!equalBytes(bytes, at, SNAP_SIGNATURE, 0, SNAP_SIGNATURE.length)) {
      throw new SnapStreamError("The leader's snapshot does not end with BenWasHere");
    }
    this.isDone = true;
    return at + SNAP_SIGNATURE.length;
  }

  private keep(bytes: Uint8Array, offset: number, count: number): void {
    const needed = this.pendingBytes + count;
    if (needed > this.pending.length) {
      const bigger = new Uint8Array(Math.max(needed, this.pending.length * 2));
      bigger.set(this.pending.subarray(0, this.pendingBytes));
      this.pending = bigger;
    }
    copyBytes(bytes, offset, this.pending, this.pendingBytes, count);
    this.pendingBytes = needed;
  }
}
