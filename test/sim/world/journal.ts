/**
 * What one seed has to tell: a line for each thing that happens, with its moment, for whoever wants to read them; and the violations
 * among these, which are kept. The first one ends the run.
 */
import type { OnViolation, Violation } from '../invariants/invariant.js';
import type { VirtualTime } from './virtual-time.js';

const VIOLATIONS_MAX = 8;

export class Journal {
  private readonly time: VirtualTime;
  private readonly onLine: ((line: string) => void) | null;
  private readonly found: Violation[] = [];

  constructor(time: VirtualTime, onLine: ((line: string) => void) | null) {
    this.time = time;
    this.onLine = onLine;
  }

  /** Somebody reads the lines: it is worth while to make many of them. */
  get isRead(): boolean {
    return this.onLine !== null;
  }

  get violations(): readonly Violation[] {
    return this.found;
  }

  get isOver(): boolean {
    return this.found.length > 0;
  }

  say(text: string): void {
    this.onLine?.(`${this.time.nowMs.toFixed(1).padStart(9)}  ${text}`);
  }

  readonly violate: OnViolation = (violation) => {
    if (this.found.length >= VIOLATIONS_MAX) return;
    this.found.push(violation);
    this.say(`VIOLATION of ${violation.invariant}: ${violation.text}`);
  };
}
