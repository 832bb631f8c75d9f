/**
 * The sessions of a follower's PING reply: its own clients', and those that its observers have heard of meanwhile, as they told
 * it (ensemble-protocol 8.2). Owned by the learner, on the quorum peer's thread. Bounded: observers that tell more than a reply
 * holds are heard again at their next PING.
 */
import type { PacketBuffer } from './packet-buffer.js';
import { SESSION_ENTRY_BYTES } from './quorum-packet.js';
import { TOUCHES_MAX, type TouchedSessions } from './session-touches.js';

export class RelayedTouches implements TouchedSessions {
  private readonly own: TouchedSessions;
  private relayed = new Uint8Array(0);
  private length = 0;

  constructor(own: TouchedSessions) {
    this.own = own;
  }

  /** (long session, int timeoutMs)* */
  add(bytes: Uint8Array, offset: number, length: number): void {
    const count = Math.min(length, TOUCHES_MAX * SESSION_ENTRY_BYTES - this.length);
    if (this.length + count > this.relayed.length) {
      const grown = new Uint8Array(Math.max(this.length + count, this.relayed.length * 2));
      grown.set(this.relayed.subarray(0, this.length));
      this.relayed = grown;
    }
    this.relayed.set(bytes.subarray(offset, offset + count), this.length);
    this.length += count;
  }

  reset(): void {
    this.own.reset();
    this.length = 0;
  }

  appendTo(out: PacketBuffer): void {
    this.own.appendTo(out);
    out.putBytes(this.relayed, 0, this.length);
    this.length = 0;
  }
}
