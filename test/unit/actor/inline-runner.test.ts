import { expect, test } from 'vitest';
import type { InlineRunner } from '../../../src/actor/inline-runner.js';
import { Prng } from '../../../src/base/prng.js';
import { inlineSystem, sendWord } from './inline-system.js';

const RECORDS = 200;

/** A source that sends to two relays, which both send to one sink; returns what happened, as one line per event. */
function diamond(): { runner: InlineRunner; events: string[] } {
  const events: string[] = [];
  let sent = 0;
  const { runner } = inlineSystem({
    actors: {
      source: (context) => ({
        inboxes: {},
        onBatchEnd: () => {
          if (sent === RECORDS) return;
          sendWord(context, 'left', sent);
          sendWord(context, 'right', sent);
          sent++;
          context.requestTurn();
        },
      }),
      left: (context) => ({
        inboxes: { source: (_t, _b, words, offset) => sendWord(context, 'sink', words[offset >> 2]) },
      }),
      right: (context) => ({
        inboxes: { source: (_t, _b, words, offset) => sendWord(context, 'sink', words[offset >> 2]) },
      }),
      sink: () => ({
        inboxes: {
          left: (_t, _b, words, offset) => events.push(`left ${words[offset >> 2]}`),
          right: (_t, _b, words, offset) => events.push(`right ${words[offset >> 2]}`),
        },
      }),
    },
    links: ['source > left', 'source > right', 'left > sink', 'right > sink'],
  });
  runner.start();
  return { runner, events };
}

function runAtRandom(seed: number): string[] {
  const { runner, events } = diamond();
  const prng = new Prng(seed);
  for (let steps = 0; runner.stepAtRandom(prng, 4); steps++) expect(steps).toBeLessThan(100_000);
  return events;
}

test('a seed replays exactly, another one does not', () => {
  const first = runAtRandom(1);
  expect(runAtRandom(1)).toEqual(first);
  expect(runAtRandom(2)).not.toEqual(first);
});

test('whatever the order of steps, nothing is lost and each link keeps its order', () => {
  const expected = [...Array(RECORDS).keys()];
  for (let seed = 1; seed <= 20; seed++) {
    const events = runAtRandom(seed);
    for (const side of ['left', 'right']) {
      const seen = events.filter((event) => event.startsWith(side)).map((event) => Number(event.split(' ')[1]));
      expect(seen).toEqual(expected);
    }
  }
});

test('random steps make interleavings that whole turns do not', () => {
  const { runner, events } = diamond();
  runner.runUntilIdle();
  const lead = (lines: string[]): number => {
    let [difference, most] = [0, 0];
    for (const line of lines) {
      difference += line.startsWith('left') ? 1 : -1;
      most = Math.max(most, Math.abs(difference));
    }
    return most;
  };
  expect(lead(events)).toBe(1);
  expect(lead(runAtRandom(3))).toBeGreaterThan(3);
});

test('running in circles is noticed', () => {
  const { runner } = inlineSystem({
    actors: { a: (context) => ({ inboxes: {}, onBatchEnd: () => context.requestTurn() }) },
    links: [],
  });
  runner.start();
  expect(() => runner.runUntilIdle(50)).toThrow('still busy after 50 turns');
});
