// Between which bounds a client's session timeout is negotiated: as configured, or so many ticks. Read once by the main
// thread while the server starts, plain data for the shards afterwards. A server may not offer a least timeout beyond the
// greatest.

import { BadValueError, type Settings } from './settings.js';

export interface SessionTimeoutsConfig {
  readonly minSessionTimeoutMs: number;
  /** Invariant: not below the least. */
  readonly maxSessionTimeoutMs: number;
}

/** What stands for a bound that nobody set. */
const NOT_SET = -1;
const TICKS_MIN = 2;
const TICKS_MAX = 20;

export function readSessionTimeouts(settings: Settings, tickMs: number): SessionTimeoutsConfig {
  const min = settings.strictInt('minSessionTimeout');
  const max = settings.strictInt('maxSessionTimeout');
  const minSessionTimeoutMs = min === NOT_SET ? TICKS_MIN * tickMs : min;
  const maxSessionTimeoutMs = max === NOT_SET ? TICKS_MAX * tickMs : max;
  if (minSessionTimeoutMs > maxSessionTimeoutMs) {
    throw new BadValueError('minSessionTimeout must not be larger than maxSessionTimeout');
  }
  return { minSessionTimeoutMs, maxSessionTimeoutMs };
}
