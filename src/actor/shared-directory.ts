/**
 * The shared memory one thread knows by name: given when the system was built, or offered later by any thread (the
 * tree's next slab). An offer is posted before the offerer publishes any record, so whoever is led to a name by a
 * record finds it. One per thread, lives there.
 */

import { assert } from '../base/assert.js';
import type { SideChannel } from './mailbox/side-channel.js';

export class SharedDirectory {
  private readonly known: Map<string, SharedArrayBuffer>;
  private readonly offeredHere: [name: string, buffer: SharedArrayBuffer][] = [];
  private readonly channels: SideChannel[] = [];

  constructor(given: Readonly<Record<string, SharedArrayBuffer>>) {
    this.known = new Map(Object.entries(given));
  }

  addChannel(channel: SideChannel): void {
    this.channels.push(channel);
  }

  offer(name: string, buffer: SharedArrayBuffer): void {
    const before = this.known.get(name);
    assert(before === undefined || before === buffer, `shared memory called ${name} exists already`);
    if (before === buffer) return;
    this.known.set(name, buffer);
    this.offeredHere.push([name, buffer]);
    for (const channel of this.channels) channel.offer(name, buffer);
  }

  find(name: string): SharedArrayBuffer | undefined {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    this.receive();
    return this.known.get(name);
  }

  /** An offer from another thread has come in. */
  accept(name: string, buffer: SharedArrayBuffer): void {
    if (!this.known.has(name)) this.known.set(name, buffer);
  }

  /** The thread at the other end was replaced: it knows nothing of what was offered here. */
  repeatOffers(channel: SideChannel): void {
    for (const [name, buffer] of this.offeredHere) channel.offer(name, buffer);
  }

  /** Everything known now, for a thread that is about to be made. */
  snapshot(): Record<string, SharedArrayBuffer> {
    this.receive();
    return Object.fromEntries(this.known);
  }

  private receive(): void {
    for (const channel of this.channels) channel.receive();
  }
}
