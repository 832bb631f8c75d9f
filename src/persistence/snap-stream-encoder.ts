// What a leader sends behind a SNAP packet: the content of a snapshot without header and seals, then "BenWasHere". Owned by one
// `learner-handler`, on its thread. It is pulled: each step does a bounded piece of work and gives one chunk, so that
// nothing is encoded before the learner's socket has room, and the thread's other work goes on in between. The tree is
// not held still: the learner must be sent every transaction above (zxidHi, zxidLo) afterwards.

import { copyBytes, writeInt32 } from '../base/bytes.js';
import { encodeUtf8 } from '../base/utf8.js';
import type { TreeReader } from '../store/tree-reader.js';
import { type CollectSessions, SnapshotContentEncoder, type SnapshotOutput } from './snapshot-content-encoder.js';
import { SLASH_STRING_BYTES, writeSlashString } from './snapshot-format.js';

/** The ustring that tells a learner that it has understood all of it. */
export const SNAP_SIGNATURE: Uint8Array = encodeUtf8('\0\0\0\nBenWasHere');

const CHUNK_BYTES = 64 << 10;
const NODES_PER_STEP = 2048;
const NOTHING = new Uint8Array(0);

export class SnapStreamEncoder {
  private readonly content: SnapshotContentEncoder;
  private isSurveyed = false;
  private isOver = false;

  /** backOff: called after a run of tries that the tree's writer spoilt; may block a little. */
  constructor(reader: TreeReader, backOff: () => void, collectSessions: CollectSessions) {
    this.content = new SnapshotContentEncoder(reader, backOff, collectSessions);
  }

  /** For the SNAP packet: what the stream surely holds. */
  get zxidHi(): number {
    return this.content.zxidHi;
  }

  get zxidLo(): number {
    return this.content.zxidLo;
  }

  /**
   * The next bytes of the stream, which are the caller's from now on; empty while the tree is being looked through, null when
   * everything has been given. A chunk exceeds CHUNK_BYTES by one node at most. Throws SnapshotAbandoned.
   */
  next(): Uint8Array | null {
    if (this.isOver) return null;
    const { content } = this;
    if (!this.isSurveyed) {
      for (let i = 0; i < NODES_PER_STEP && !this.isSurveyed; i++) this.isSurveyed = !content.surveyNext();
      return NOTHING;
    }
    const chunk = new ChunkOutput();
    while (chunk.filled < CHUNK_BYTES) {
      if (content.encodeNext(chunk)) continue;
      chunk.raw(SNAP_SIGNATURE, 0, SNAP_SIGNATURE.length);
      this.isOver = true;
      break;
    }
    return chunk.bytes.subarray(0, chunk.filled);
  }
}

class ChunkOutput implements SnapshotOutput {
  bytes = new Uint8Array(CHUNK_BYTES * 2);
  filled = 0;

  int(value: number): void {
    this.claim(4);
    writeInt32(this.bytes, this.filled, value);
    this.filled += 4;
  }

  long(hi: number, lo: number): void {
    this.int(hi);
    this.int(lo);
  }

  raw(bytes: Uint8Array, offset: number, length: number): void {
    this.claim(length);
    copyBytes(bytes, offset, this.bytes, this.filled, length);
    this.filled += length;
  }

  slash(): void {
    this.claim(SLASH_STRING_BYTES);
    writeSlashString(this.bytes, this.filled);
    this.filled += SLASH_STRING_BYTES;
  }

  private claim(count: number): void {
    if (this.filled + count <= this.bytes.length) return;
    const bigger = new Uint8Array(Math.max(this.filled + count, this.bytes.length * 2));
    bigger.set(this.bytes.subarray(0, this.filled));
    this.bytes = bigger;
  }
}
