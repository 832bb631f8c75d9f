/**
 * Where the time of one slow request went: from the stamps of the stages (processor/stage-stamps.ts) to milliseconds per stage. Pure; main
 * thread. The parts add up to the whole: a stage without a stamp gives its time to the next one, and what a stage did before the request came
 * does not count.
 *
 *   decided here       arrived | queue | prep | log queue | log write | sync | [quorum] | commit | reply | replied
 *   decided elsewhere  arrived | leader       | log queue | log write | sync | [quorum] | commit | reply | replied
 *
 * A read that went down the line stands right behind the transaction whose zxid its reply shows, and so waited for what that one still had to
 * wait for; what is left is called `line`: its own place, the leader's answer to a sync, and the reply.
 */
import type { Stamp } from '../processor/stage-stamps.js';

export interface StampsOfOne {
  readonly decided: Stamp | null;
  readonly proposed: Stamp | null;
  readonly logged: Stamp | null;
  readonly committed: Stamp | null;
  readonly applied: Stamp | null;
}

export interface StageTime {
  readonly stage: string;
  readonly ms: number;
}

/** All times are monotonic milliseconds of one origin. `hasQuorum`: transactions are committed by an ensemble. */
export function splitSlowRequest(
  stamps: StampsOfOne,
  arrivedMs: number,
  repliedMs: number,
  isWrite: boolean,
  hasQuorum: boolean,
): StageTime[] {
  const { decided, proposed, logged, committed, applied } = stamps;
  const ends: [stage: string, ms: number | undefined][] = [];
  if (decided !== null) ends.push(['queue', decided.aMs], ['prep', decided.bMs]);
  else if (hasQuorum) ends.push(['leader', proposed?.aMs]);
  ends.push(['log queue', logged?.aMs], ['log write', logged?.bMs], ['sync', logged?.cMs]);
  if (hasQuorum) ends.push(['quorum', committed?.aMs]);
  ends.push(['commit', applied?.aMs], [isWrite ? 'reply' : 'line', repliedMs]);
  const times: StageTime[] = [];
  let doneMs = arrivedMs;
  for (const [stage, ms] of ends) {
    if (ms === undefined) continue;
    const endMs = Math.min(Math.max(ms, doneMs), repliedMs);
    times.push({ stage, ms: endMs - doneMs });
    doneMs = endMs;
  }
  return times;
}
