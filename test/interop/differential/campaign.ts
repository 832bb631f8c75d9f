// Runs sequences, seed after seed, on one pair of servers as long as they agree. A difference makes a new pair, on which
// the sequence is run again and shrunk: chunks of steps, then requests out of bursts, are left out while the same kind of
// difference remains.

import type { Difference } from './duel.js';
import { DifferenceError, type DuelCounts, newCounts } from './duel.js';
import type { Ingredients } from './request-maker.js';
import { makeSequence } from './sequence.js';
import { type ConfigLines, Flavour, ServerPair } from './server-pair.js';
import { type Step, stepText } from './step.js';

export interface CampaignOptions {
  readonly flavour: Flavour;
  readonly firstSeed: number;
  readonly seeds: number;
  readonly steps: number;
  /** Ends before the next sequence when it is over. */
  readonly budgetMs?: number;
  /** How many times a failing sequence may be run again. */
  readonly shrinkRuns: number;
  readonly without?: ReadonlySet<number>;
  readonly quota?: boolean;
  /** Further lines of zoo.cfg, for both servers. */
  readonly more?: ConfigLines;
  /** Go on after so many differences. */
  readonly failuresMax?: number;
  readonly onFailure?: (failure: Failure) => void;
}

export interface Failure {
  readonly flavour: Flavour;
  readonly seed: number;
  readonly difference: Difference;
  readonly message: string;
  readonly steps: readonly Step[];
}

export interface CampaignReport {
  readonly flavour: Flavour;
  seeds: number;
  readonly counts: DuelCounts;
  readonly failures: Failure[];
}

export async function campaign(options: CampaignOptions): Promise<CampaignReport> {
  const report: CampaignReport = { flavour: options.flavour, seeds: 0, counts: newCounts(), failures: [] };
  const endAt = performance.now() + (options.budgetMs ?? Number.POSITIVE_INFINITY);
  let pair = await ServerPair.start(options.flavour, report.counts, options.more);
  try {
    for (let seed = options.firstSeed; seed < options.firstSeed + options.seeds; seed++) {
      if (performance.now() > endAt) break;
      const steps = makeSequence(seed, options.steps, ingredients(options));
      report.seeds++;
      const error = await difference(pair, steps);
      if (error === null) continue;
      await pair.stop();
      const failure = await shrink(options, seed, steps, error);
      report.failures.push(failure);
      options.onFailure?.(failure);
      pair = await ServerPair.start(options.flavour, report.counts, options.more);
      if (report.failures.length >= (options.failuresMax ?? 1)) break;
    }
  } finally {
    await pair.stop();
  }
  return report;
}

export function failureText(failure: Failure): string {
  const steps = failure.steps.map((step) => `   ${stepText(step)}`).join('\n');
  return `${failure.flavour}, seed ${failure.seed}, shrunk to\n${steps}\n${failure.message}`;
}

function ingredients(options: CampaignOptions): Ingredients {
  const { flavour, without = new Set(), quota = true } = options;
  return { enforcedQuota: flavour === Flavour.Extended, quota, without };
}

async function difference(pair: ServerPair, steps: readonly Step[]): Promise<DifferenceError | null> {
  try {
    await pair.duel.play(steps);
    return null;
  } catch (error) {
    if (error instanceof DifferenceError) return error;
    throw error;
  }
}

async function shrink(
  options: CampaignOptions,
  seed: number,
  steps: readonly Step[],
  first: DifferenceError,
): Promise<Failure> {
  let best = { steps, error: first };
  let runs = options.shrinkRuns;
  let pair: ServerPair | null = null;
  const stillFails = async (candidate: readonly Step[]): Promise<boolean> => {
    if (runs-- <= 0) return false;
    pair ??= await ServerPair.start(options.flavour, newCounts(), options.more);
    const error = await difference(pair, candidate);
    if (error === null) return false;
    await pair.stop();
    pair = null;
    if (error.difference.signature !== first.difference.signature) return false;
    best = { steps: candidate, error };
    return true;
  };
  try {
    const failing = first.difference.step;
    const at = failing === null ? -1 : steps.indexOf(failing);
    // What came behind the failing step had no part in it.
    if (at >= 0) await stillFails(steps.slice(0, at + 1));
    for (let chunk = best.steps.length >> 1; chunk >= 1 && runs > 0; chunk >>= 1) {
      for (let from = best.steps.length - chunk; from >= 0 && runs > 0; from -= chunk) {
        await stillFails([...best.steps.slice(0, from), ...best.steps.slice(from + chunk)]);
      }
    }
    for (let i = best.steps.length - 1; i >= 0 && runs > 0; i--) {
      const step = best.steps[i] as Step;
      for (let k = step.kind === 'requests' ? step.requests.length - 1 : -1; k >= 0; k--) {
        const burst = best.steps[i] as Step;
        if (burst.kind !== 'requests' || burst.requests.length < 2) break;
        const requests = burst.requests.filter((_, at) => at !== k);
        await stillFails(best.steps.map((each, at) => (at === i ? { ...burst, requests } : each)));
      }
    }
  } finally {
    await (pair as ServerPair | null)?.stop();
  }
  return {
    flavour: options.flavour,
    seed,
    difference: best.error.difference,
    message: best.error.message,
    steps: best.steps,
  };
}
