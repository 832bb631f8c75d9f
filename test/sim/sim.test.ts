// The simulator, in short: a few seeds with all kinds of faults, seeds that once showed something, a seed that replays exactly,
// and members with defects, which must be found out. `npm run sim` has the long forms.

import { describe, expect, it } from 'vitest';
import { DEFECTS } from './defects/defects.js';
import { drawPlan, PLAIN, type PlanShares } from './world/sim-plan.js';
import { type SimResult, SimWorld } from './world/sim-world.js';

const SHORT_MS = 4000;
const RECONFIG: PlanShares = { ...PLAIN, reconfig: 'all' };

function run(seed: number, safetyMs = SHORT_MS, onLine: ((line: string) => void) | null = null): SimResult {
  return new SimWorld(seed, { plan: drawPlan(seed, safetyMs), onLine }).run();
}

/** Before plans had more in them. */
function runAsItWas(seed: number): SimResult {
  const since = {
    localSessions: null,
    isReadOnlyEnabled: false,
    counterLast: null,
    observerMasterPort: 0,
    readerCount: 0,
  };
  return new SimWorld(seed, { plan: { ...drawPlan(seed, 12_000, PLAIN), ...since } }).run();
}

function said({ violations }: SimResult): string[] {
  return violations.map(({ invariant, text }) => `${invariant}: ${text}`);
}

describe('an ensemble keeps its promises whatever happens', () => {
  it('in a few seeds', () => {
    const sums = { committed: 0, answered: 0, epochs: 0, faults: 0 };
    for (let seed = 1; seed <= 8; seed++) {
      const result = run(seed);
      expect(said(result), `seed ${seed}`).toEqual([]);
      sums.committed += result.committed;
      sums.answered += result.answered;
      sums.epochs += result.epochs;
      for (const count of result.faults.values()) sums.faults += count;
    }
    expect(sums.committed).toBeGreaterThan(300);
    expect(sums.answered).toBeGreaterThan(500);
    expect(sums.epochs).toBeGreaterThan(8);
    expect(sums.faults).toBeGreaterThan(8);
  });

  it.each([
    [
      3001,
      'the end of an epoch was in no log, and the snapshot that proved it could not be opened: an older one stood in',
    ],
    [98, 'a leader whose disk hung kept its clients, though it had lost its quorum'],
    [2181, 'a leader that had stood still did not know that there was another one'],
    [10318, 'a member whose clock was set back over a restart gave the ids of closed sessions once more'],
    [125577, 'two starts that found the same session open gave the same ids behind it'],
    [126562, 'a record whose sync had failed was replayed, never written, and missing from a DIFF'],
    [100105, 'a multi of a session that had moved was taken for one that was done, by those who look on'],
  ])('seed %d: %s', (seed) => {
    expect(said(runAsItWas(seed))).toEqual([]);
  });

  it.each([
    [600602, 'a session whose opening and close were in nobody’s log was open again when its leader followed'],
    [603385, 'an epoch ended while nobody asked anything, and the sessions of single servers with it'],
    [801989, 'an epoch ended while sessions were to expire, and they had their whole time again'],
  ])('seed %d: %s', (seed) => {
    const plan = drawPlan(seed, 12_000, PLAIN);
    expect(said(new SimWorld(seed, { plan }).run())).toEqual([]);
  });

  it('seed 2010912: a member that was promised to a leader that came to nothing never found its way back', () => {
    const result = new SimWorld(2010912, { plan: drawPlan(2010912, 12_000, { ...PLAIN, crowd: 'all' }) }).run();
    expect(said(result)).toEqual([]);
  });

  it('seed 2021010: a removed member that had heard nothing of it was voted for, by one of the two that had to agree', () => {
    const plan = drawPlan(2021010, 12_000, { ...PLAIN, reconfig: 'all' });
    expect(said(new SimWorld(2021010, { plan }).run())).toEqual([]);
  });

  it.each([
    [
      15,
      'voters to be knew nothing of it, had no vote in the election, and a proposed configuration was never completed',
    ],
    [80, 'a voter to be was some rounds ahead, and nobody followed it there'],
    [145, 'who joined while a configuration was proposed took it for committed, and would have told others so'],
    [148, 'voters to be observed until then, and what they acknowledged did not count'],
    [2200842, 'who could not write the members of a reconfiguration had logged it, and led without asking them'],
    [1600066, 'who alone had seen members proposed did not join the leader that the committed ones followed'],
  ])('seed %d, whose members change: %s', (seed) => {
    const result = new SimWorld(seed, { plan: drawPlan(seed, 12_000, RECONFIG) }).run();
    expect(said(result)).toEqual([]);
    expect(result.configurations).toBeGreaterThan(1);
  });
});

describe('where members change without a pause', () => {
  it.each([
    [2800399, 'who was sent reconfigurations older than the members it had heard of showed those for good'],
    [3310051, 'proposed members that came to nothing were asked for ever by the one that had seen them'],
  ])('seed %d: %s', (seed) => {
    const result = new SimWorld(seed, { plan: drawPlan(seed, 12_000, { ...RECONFIG, hurry: 'all' }) }).run();
    expect(said(result)).toEqual([]);
    expect(result.configurations).toBeGreaterThan(10);
  });
});

it('seed 3511432: a voter to be had logged more than anybody else, no leader took it, and without it there was none', () => {
  const result = new SimWorld(3511432, { plan: drawPlan(3511432, 12_000, { reconfig: 'all' }) }).run();
  expect(said(result)).toEqual([]);
  expect(result.configurations).toBeGreaterThan(14);
});

it('seed 3802203: a removed member came back, forgot the newer members that it had been given, and led with who had missed those', () => {
  const result = new SimWorld(3802203, { plan: drawPlan(3802203, 12_000, { reconfig: 'all' }) }).run();
  expect(said(result)).toEqual([]);
  expect(result.configurations).toBeGreaterThan(9);
});

it('seed 5105852: a snapshot that broke off let transactions of the next role through before their commit', () => {
  const result = new SimWorld(5105852, { plan: drawPlan(5105852, 12_000, { reconfig: 'all' }) }).run();
  expect(said(result)).toEqual([]);
});

it('seed 6117928: a leader that removed itself lost its power before it told anybody; it is given no older members than it has', () => {
  const result = new SimWorld(6117928, { plan: drawPlan(6117928, 12_000, { reconfig: 'all' }) }).run();
  expect(said(result)).toEqual([]);
  expect(result.configurations).toBeGreaterThan(1);
});

it('seed 6321701: a removed server was proposed at another address, told others of that one and listened at its old', () => {
  const result = new SimWorld(6321701, { plan: drawPlan(6321701, 12_000, { moves: 'all' }) }).run();
  expect(said(result)).toEqual([]);
  expect(result.configurations).toBeGreaterThan(9);
});

it('seed 3510773: one of two voters found its log damaged, and nobody led until the operator had accepted the loss', () => {
  const result = new SimWorld(3510773, { plan: drawPlan(3510773, 12_000, { reconfig: 'all' }) }).run();
  expect(said(result)).toEqual([]);
});

it('many requests at once, of members close together, change nothing of that', () => {
  const result = new SimWorld(12, { plan: drawPlan(12, 12_000, { ...PLAIN, crowd: 'all' }) }).run();
  expect(said(result)).toEqual([]);
  expect(result.committed).toBeGreaterThan(3000);
});

it('two voters of five are a quorum where each of them is a group, and the other three are none', () => {
  const plan = drawPlan(14, 12_000, { ...PLAIN, groups: 'all' });
  expect([plan.rule.isQuorum([3, 4]), plan.rule.isQuorum([1, 2, 5])]).toEqual([true, false]);
  const result = new SimWorld(14, { plan }).run();
  expect(said(result)).toEqual([]);
  expect(result.committed).toBeGreaterThan(100);
});

it.each([1, 2, 3, 4])(
  'a leader that stands still for longer than sessions may be silent ends none of them: seed %d',
  (seed) => {
    const plan = drawPlan(seed, 6000, PLAIN);
    const stillMs = { from: 3000, to: 4200 };
    const expired: number[] = [];
    const onLine = (line: string): void => {
      if (line.includes('Expiring session')) expired.push(Number.parseFloat(line));
    };
    const result = new SimWorld(seed, {
      plan: {
        ...plan,
        clientTimeoutMs: 900,
        localSessions: null,
        members: plan.members.map((member) => ({ ...member, rate: 1 })),
        faults: [{ kind: 'pause', atMs: stillMs.from, lengthMs: stillMs.to - stillMs.from, wantsLeader: true }],
      },
      onLine,
    }).run();
    expect(said(result)).toEqual([]);
    expect(result.faults.get('pause')).toBe(1);
    // In the end clients leave without a word, and theirs end.
    expect(expired.length).toBeGreaterThan(0);
    expect(Math.min(...expired)).toBeGreaterThan(plan.safetyMs);
  },
);

it.each([
  ['one voter', 4000002, { few: 'all' }],
  ['two voters', 4000004, { few: 'all' }],
  ['a member whose addresses change', 4030001, { reconfig: 'all', moves: 'all' }],
] as const)('an ensemble with %s', (_, seed, shares) => {
  const result = new SimWorld(seed, { plan: drawPlan(seed, 12_000, { ...PLAIN, ...shares }) }).run();
  expect(said(result)).toEqual([]);
  expect(result.committed).toBeGreaterThan(50);
});

it('a seed replays exactly', () => {
  const lines: string[][] = [[], []];
  for (const log of lines) run(2, 2000, (line) => log.push(line));
  expect(lines[0]?.length).toBeGreaterThan(200);
  expect(lines[0]).toEqual(lines[1]);
});

describe('a member with a defect is found out:', () => {
  it.each([
    ['acknowledges what is not synced', '8 acks are durable'],
    ['commits without a quorum', '5 primary integrity'],
    ['leaves a COMMIT out', '9 commits need a quorum'],
    ['forwards a request twice', 'what clients see'],
  ])('one that %s', (name, invariant) => {
    const defect = DEFECTS.find((each) => each.name === name);
    expect(defect).toBeDefined();
    const found: string[] = [];
    for (let seed = 1; seed <= 10 && found.length === 0; seed++) {
      const world = new SimWorld(seed, { plan: drawPlan(seed, SHORT_MS), defect: defect ?? null });
      found.push(...world.run().violations.map((violation) => violation.invariant));
    }
    expect(found[0]).toBe(invariant);
  });

  // Seeds that find it at once.
  it.each([
    ['asks the old members only whether others may come', 17, SHORT_MS, '9 commits need a quorum'],
    ['does not write down who is proposed', 10, 12_000, '10 config safety'],
  ])('one that %s', (name, seed, safetyMs, invariant) => {
    const defect = DEFECTS.find((each) => each.name === name);
    expect(defect).toBeDefined();
    const world = new SimWorld(seed, { plan: drawPlan(seed, safetyMs, RECONFIG), defect: defect ?? null });
    expect(world.run().violations[0]?.invariant).toBe(invariant);
  });
});
