/**
 * What a seed has to do with reconfigurations: who is there besides the first members, how often the administrator asks, and the
 * requests that he draws from the members of the moment. Most make sense; some are refused for what they say, more for who is
 * connected at that time.
 */
import type { Prng } from '../../../src/base/prng.js';
import type { Operation, ReconfigOp } from '../history/history.js';
import { drawGroups, groupLines } from './groups.js';
import { ELECTION_PORT, hostOf, type MemberPlan, QUORUM_PORT } from './sim-plan.js';

export interface ReconfigPlan {
  /** In no configuration at first; they are in the plan's members as well. */
  readonly outsiders: readonly MemberPlan[];
  /** Between two requests of the administrator, on average. */
  readonly pauseMs: number;
}

const CLIENT_ADDRESS = '0.0.0.0:2181';

/** As a member stands in a configuration, and what an incremental request joins. */
export function memberLine(sid: number, isObserver: boolean): string {
  const role = isObserver ? 'observer' : 'participant';
  return `server.${sid}=${hostOf(sid)}:${QUORUM_PORT}:${ELECTION_PORT}:${role};${CLIENT_ADDRESS}`;
}

export function drawReconfig(prng: Prng, memberCount: number): ReconfigPlan {
  const outsiders = Array.from(
    { length: prng.below(3) },
    (_, index): MemberPlan => ({
      sid: memberCount + 1 + index,
      isObserver: true,
      rate: prng.below(3) === 0 ? 0.9 + 0.2 * prng.float() : 1,
      losesSectors: prng.below(6) === 0,
    }),
  );
  return { outsiders, pauseMs: 150 + prng.below(1500) };
}

/** What the administrator knows. */
export interface PresentMembers {
  readonly text: string;
  readonly version: number;
}

export class Administrator {
  private readonly prng: Prng;
  private readonly sids: readonly number[];
  private readonly present: PresentMembers;

  constructor(prng: Prng, sids: readonly number[], present: PresentMembers) {
    this.prng = prng;
    this.sids = sids;
    this.present = present;
  }

  draw(): Operation {
    const { prng, present } = this;
    if (prng.below(8) === 0) return { kind: 'sync', path: '/' };
    const roles = rolesIn(present.text);
    const isWeighted = present.text.includes('group.');
    const isWhole = (prng.below(isWeighted ? 8 : 3) !== 0) === isWeighted;
    const fromVersion = this.fromVersion();
    return isWhole ? this.whole(roles, isWeighted, fromVersion) : this.step(roles, fromVersion);
  }

  private fromVersion(): bigint {
    const { prng, present } = this;
    if (prng.below(3) !== 0) return -1n;
    return BigInt(present.version) - (prng.below(6) === 0 ? 1n : 0n);
  }

  /** Somebody goes, somebody comes, or somebody has another role; sometimes at once. */
  private step(roles: ReadonlyMap<number, boolean>, fromVersion: bigint): ReconfigOp {
    const { prng } = this;
    const leaving = prng.below(2) === 0 ? [this.one([...roles.keys()])] : [];
    if (leaving.length > 0 && prng.below(5) === 0) leaving.push(this.one([...roles.keys()]));
    const joining: string[] = [];
    if (leaving.length === 0 || prng.below(3) === 0) {
      const outside = this.sids.filter((sid) => !roles.has(sid));
      const isNew = outside.length > 0 && prng.below(4) !== 0;
      const sid = this.one(isNew ? outside : this.sids);
      joining.push(memberLine(sid, isNew ? prng.below(3) === 0 : roles.get(sid) !== true));
    }
    return {
      kind: 'reconfig',
      joining: joining.length === 0 ? null : joining.join(','),
      leaving: leaving.length === 0 ? null : leaving.join(','),
      newMembers: null,
      fromVersion,
    };
  }

  private whole(roles: ReadonlyMap<number, boolean>, isWeighted: boolean, fromVersion: bigint): ReconfigOp {
    const { prng } = this;
    const chosen = this.sids.filter((sid) => (roles.has(sid) ? prng.below(4) !== 0 : prng.below(2) === 0));
    const observers = chosen.filter(() => prng.below(5) === 0);
    const lines = chosen.map((sid) => memberLine(sid, observers.includes(sid)));
    const voters = chosen.filter((sid) => !observers.includes(sid));
    if (isWeighted && prng.below(4) !== 0 && voters.length > 0) {
      const isGrouped = this.present.text.includes('group.2') && voters.length > 2;
      lines.push(...groupLines(isGrouped ? drawGroups(prng, voters) : [voters]));
      for (const sid of voters) lines.push(`weight.${sid}=${prng.below(5) === 0 ? 2 : 1}`);
    }
    return { kind: 'reconfig', joining: null, leaving: null, newMembers: lines.join(','), fromVersion };
  }

  private one(sids: readonly number[]): number {
    return sids[this.prng.below(sids.length)] as number;
  }
}

/** Whether each member observes. */
function rolesIn(text: string): Map<number, boolean> {
  const roles = new Map<number, boolean>();
  for (const line of text.split('\n')) {
    if (line.startsWith('server.')) roles.set(Number.parseInt(line.slice(7), 10), line.includes(':observer'));
  }
  return roles;
}
