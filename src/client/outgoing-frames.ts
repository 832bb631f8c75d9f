// Collects the frames of one turn and gives them to the connection in one write. Two writers take turns: while the
// connection still reads from one, the other is filled, so a slow connection makes batches longer and nothing is
// copied. Owned by one ClientCnxn, and outlives connections; nothing is queued here while there is none.
//
//   filling   [ frame | frame | frame | … free ]     what send() takes next
//   sending   [ frame | frame ]                      belongs to the connection while isBlocked

import { assert } from '../base/assert.js';
import { writeInt32 } from '../base/bytes.js';
import { JuteWriter } from '../jute/jute-writer.js';
import type { Connection } from './transport.js';

const CAPACITY_BYTES = 4 * 1024;
/** A writer that grew beyond this in a burst is not kept. */
const KEPT_BYTES_MAX = 1024 * 1024;

export class OutgoingFrames {
  private filling = new JuteWriter(CAPACITY_BYTES);
  private sending = new JuteWriter(CAPACITY_BYTES);
  private frameStart = 0;
  private isOpen = false; // between begin and end
  private blocked = false;

  get isEmpty(): boolean {
    return this.filling.length === 0;
  }

  /** The connection has not yet let go of the last write. */
  get isBlocked(): boolean {
    return this.blocked;
  }

  /** Write one frame's content into the returned writer, then end() or cancel(). */
  begin(): JuteWriter {
    assert(!this.isOpen, 'a frame is already open');
    this.isOpen = true;
    this.frameStart = this.filling.length;
    this.filling.writeInt(0);
    return this.filling;
  }

  end(): void {
    assert(this.isOpen, 'no frame is open');
    this.isOpen = false;
    writeInt32(this.filling.bytes, this.frameStart, this.filling.length - this.frameStart - 4);
  }

  /** Takes back what was written since begin(). */
  cancel(): void {
    assert(this.isOpen, 'no frame is open');
    this.isOpen = false;
    this.filling.length = this.frameStart;
  }

  /** One write of everything queued. Not while isBlocked. */
  send(connection: Connection): void {
    assert(!this.blocked && !this.isOpen, 'send while blocked or within a frame');
    const full = this.filling;
    this.filling = this.sending;
    this.sending = full;
    this.blocked = !connection.send(full.bytes.subarray(0, full.length));
    if (!this.blocked) this.recycle();
  }

  onDrain(): void {
    this.blocked = false;
    this.recycle();
  }

  /** The connection is gone and everything queued has failed. */
  discard(): void {
    this.filling.reset();
    // The dead connection may still read from this array: leave it to it.
    if (this.blocked) this.sending = new JuteWriter(CAPACITY_BYTES);
    this.blocked = false;
  }

  private recycle(): void {
    if (this.sending.bytes.length > KEPT_BYTES_MAX) this.sending = new JuteWriter(CAPACITY_BYTES);
    else this.sending.reset();
  }
}
