/**
 * The receiving half of one election link (upstream's RecvWorker): bytes in any pieces to the payloads of whole frames
 * (ensemble-protocol 3.3). Owned by the link. Memory is taken only for what has arrived: a length alone reserves nothing.
 */
import { copyBytes, readInt32 } from '../base/bytes.js';

const LENGTH_BYTES = 4;
export const FRAME_BYTES_MAX = 524_288;
const KEPT_BYTES_MIN = 1024;

/** The payload is valid during the call only. */
export type PayloadHandler = (bytes: Uint8Array, offset: number, length: number) => void;

export class RecvWorker {
  private readonly onPayload: PayloadHandler;
  /** The beginning of a frame whose end has not come. */
  private kept: Uint8Array = new Uint8Array(KEPT_BYTES_MIN);
  private keptLength = 0;
  private closed = false;

  constructor(onPayload: PayloadHandler) {
    this.onPayload = onPayload;
  }

  /** Null: well. Otherwise why the link must end. */
  onData(bytes: Uint8Array, offset: number, length: number): string | null {
    let at = offset;
    const end = offset + length;
    while (!this.closed) {
      if (this.keptLength === 0) {
        const taken = this.takeFrame(bytes, at, end);
        if (taken < 0) return `a frame of ${readInt32(bytes, at)} bytes`;
        at += taken;
        if (taken > 0) continue;
      }
      if (at === end) return null;
      at += this.keep(bytes, at, end);
      if (this.keptLength < LENGTH_BYTES) continue;
      const taken = this.takeFrame(this.kept, 0, this.keptLength);
      if (taken < 0) return `a frame of ${readInt32(this.kept, 0)} bytes`;
      if (taken > 0) this.keptLength = 0;
    }
    return null;
  }

  /** Nothing more is handed on, not even what has been received. */
  close(): void {
    this.closed = true;
  }

  /** Bytes of the frame that begins there, 0 if it is not whole, -1 if its length is none. */
  private takeFrame(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < LENGTH_BYTES) return 0;
    const length = readInt32(bytes, at);
    if (length < 1 || length > FRAME_BYTES_MAX) return -1;
    if (end - at < LENGTH_BYTES + length) return 0;
    this.onPayload(bytes, at + LENGTH_BYTES, length);
    return LENGTH_BYTES + length;
  }

  /** Up to the end of its length, then up to the end of the frame. */
  private keep(bytes: Uint8Array, at: number, end: number): number {
    const wanted = this.keptLength < LENGTH_BYTES ? LENGTH_BYTES : LENGTH_BYTES + readInt32(this.kept, 0);
    const taken = Math.min(wanted - this.keptLength, end - at);
    this.reserve(this.keptLength + taken);
    copyBytes(bytes, at, this.kept, this.keptLength, taken);
    this.keptLength += taken;
    return taken;
  }

  private reserve(byteCount: number): void {
    if (byteCount <= this.kept.length) return;
    const larger = new Uint8Array(Math.max(byteCount, this.kept.length * 2));
    larger.set(this.kept.subarray(0, this.keptLength));
    this.kept = larger;
  }
}
