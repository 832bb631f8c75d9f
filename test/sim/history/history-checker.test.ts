// The history checker on an ensemble that is a toy: what is right passes, with and without the servers' transactions, and each
// of the defects that can be switched on is caught within a few histories, by the rule that it breaks.

import { describe, expect, it } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import type { HistoryRule } from './history.js';
import { checkHistory } from './history-checker.js';
import { TOY_DEFECTS, type ToyDefect, ToyEnsemble } from './toy-ensemble.js';

const STEPS = 150;
const SEEDS_MAX = 40;

function texts(seed: number, isKnown: boolean, steps = STEPS): string[] {
  const toy = new ToyEnsemble(new Prng(seed), null).run(steps);
  return checkHistory(toy.entries, isKnown ? toy.txns : null).violations.map(({ rule, text }) => `${rule}: ${text}`);
}

describe('a right history passes', () => {
  it('with the transactions of the servers', () => {
    for (let seed = 1; seed <= 150; seed++) expect(texts(seed, true), `seed ${seed}`).toEqual([]);
  });

  it('without them, by a search for what was not answered', () => {
    let undecided = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const found = texts(seed, false, 60);
      if (found.some((text) => text.startsWith('undecided'))) undecided++;
      else expect(found, `seed ${seed}`).toEqual([]);
    }
    expect(undecided).toBeLessThan(6);
  });
});

const RULES: Readonly<Record<ToyDefect, readonly HistoryRule[]>> = {
  'acknowledged, never done': ['acknowledged write lost', 'wrong read'],
  'done, never committed': ['wrong read', 'lost watch'],
  'stale read': ['wrong read'],
  'sync answered at once': ['stale after sync'],
  'lost watch': ['lost watch'],
  'late watch': ['lost watch', 'spurious event'],
  'event twice': ['spurious event'],
  'event of another path': ['spurious event'],
  'watches set again are forgotten': ['lost watch'],
  'swapped replies': ['session order', 'wrong reply', 'wrong read'],
  'replies out of order': ['session order'],
  'resurrected ephemeral': ['wrong read', 'lost watch'],
  'duplicate zxid': ['unique zxid', 'zxid order'],
  'session goes back': ['session order'],
  'done twice': ['wrong reply', 'wrong read'],
  'wrong sequential name': ['wrong reply'],
  'wrong version': ['wrong reply'],
  'half a multi': ['wrong reply', 'wrong read'],
  'condition not looked at': ['wrong reply'],
  'commit out of order': ['zxid order', 'wrong reply'],
  'session closed twice': ['done twice'],
};

describe('a defect is caught', () => {
  it.each(TOY_DEFECTS)('%s', (defect) => {
    const rules = new Set<HistoryRule>();
    for (let seed = 1; seed <= SEEDS_MAX && !RULES[defect].some((rule) => rules.has(rule)); seed++) {
      const toy = new ToyEnsemble(new Prng(seed), defect).run(STEPS);
      if (toy.defects > 0) for (const { rule } of checkHistory(toy.entries, toy.txns).violations) rules.add(rule);
    }
    expect([...rules].filter((rule) => RULES[defect].includes(rule))).not.toEqual([]);
  });

  it.each<ToyDefect>([
    'acknowledged, never done',
    'stale read',
    'sync answered at once',
    'lost watch',
    'swapped replies',
    'wrong version',
  ])('%s, seen by clients alone', (defect) => {
    let caught = 0;
    for (let seed = 1; seed <= 15; seed++) {
      const toy = new ToyEnsemble(new Prng(seed), defect).run(60);
      const { violations } = checkHistory(toy.entries, null);
      if (violations.some(({ rule }) => rule !== 'undecided')) caught++;
    }
    expect(caught).toBeGreaterThan(0);
  });
});
