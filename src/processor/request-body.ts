/**
 * A cursor over the body of one client request, without objects: strings and buffers are left where they are.
 *
 * Reused for every request of a stage. A read that would leave the body sets `failed` and yields zeros, so planners decode
 * first and look at `failed` once (client-protocol 1.2: the record fails to decode, -5).
 */
import { readInt32 } from '../base/bytes.js';

export class RequestBody {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  end = 0;
  failed = false;
  /** Where the string or buffer read last begins. */
  sliceOffset = 0;

  begin(bytes: Uint8Array, offset: number, length: number): void {
    this.bytes = bytes;
    this.position = offset;
    this.end = offset + length;
    this.failed = false;
  }

  readInt(): number {
    const at = this.position;
    if (at + 4 > this.end) {
      this.failed = true;
      return 0;
    }
    this.position = at + 4;
    return readInt32(this.bytes, at);
  }

  readBool(): boolean {
    if (this.position >= this.end) {
      this.failed = true;
      return false;
    }
    return this.bytes[this.position++] !== 0;
  }

  /** A ustring or buffer: its length, -1 for null; the bytes begin at `sliceOffset`. */
  readSlice(): number {
    const length = this.readInt();
    if (this.failed || length < -1 || length > this.end - this.position) {
      this.failed = true;
      return -1;
    }
    this.sliceOffset = this.position;
    if (length > 0) this.position += length;
    return length;
  }

  skip(count: number): void {
    if (count < 0 || count > this.end - this.position) this.failed = true;
    else this.position += count;
  }
}
