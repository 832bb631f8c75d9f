/**
 * The time of a simulated world, which stands still until it is moved, and what is to happen at later moments of it. Whoever moves
 * it asks first when there will be something, and then has it happen.
 */
import { ManualClock } from '../../../src/base/clock.js';
import { EventQueue } from '../../testing/inline/event-queue.js';

export class VirtualTime {
  readonly clock = new ManualClock();
  private readonly events = new EventQueue();

  get nowMs(): number {
    return this.clock.monotonicMs();
  }

  after(ms: number, call: () => void): void {
    this.events.add(this.nowMs + ms, call);
  }

  every(ms: number, call: () => void): void {
    this.after(ms, () => {
      call();
      this.every(ms, call);
    });
  }

  /** When something happens next; infinity when nothing does. */
  nextMs(): number {
    return this.events.nextMs();
  }

  advance(ms: number): void {
    this.clock.advance(ms);
  }

  /** Everything that is due, with what this adds for the same moment. */
  happen(): void {
    for (let call = this.events.take(this.nowMs); call !== null; ) {
      call();
      call = this.events.take(this.nowMs);
    }
  }
}
