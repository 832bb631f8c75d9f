import { describe, expect, test } from 'vitest';
import type { Actor } from '../../../src/actor/actor.js';
import { CountersReader } from '../../../src/actor/counters/counters-reader.js';
import type { RecordHandler } from '../../../src/actor/mailbox/mailbox.js';
import { inlineSystem, sendWord } from './inline-system.js';

/** Notes what happens to an actor, as lines. */
function note(lines: string[], name: string): RecordHandler {
  return (_type, _bytes, words, offset) => lines.push(`${name} got ${words[offset >> 2]}`);
}

describe('a turn', () => {
  test('feeds actors left to right; what an actor sends to its right is seen in the same turn', () => {
    const lines: string[] = [];
    const { runner, contexts } = inlineSystem({
      actors: {
        a: () => ({ inboxes: { c: note(lines, 'a') } }),
        b: (context) => ({
          inboxes: {
            a: (type, bytes, words, offset, length) => {
              note(lines, 'b')(type, bytes, words, offset, length);
              sendWord(context, 'c', words[offset >> 2] * 10);
            },
          },
          onBatchEnd: () => lines.push('b batch end'),
        }),
        c: (context) => ({
          inboxes: { b: note(lines, 'c') },
          onBatchEnd: () => sendWord(context, 'a', 99),
        }),
      },
      links: ['a > b', 'b > c', 'c > a'],
    });
    runner.start();
    runner.runUntilIdle();
    lines.length = 0;
    sendWord(contexts.a, 'b', 1);
    sendWord(contexts.a, 'b', 2);
    contexts.a.requestTurn();
    runner.turn();
    expect(lines).toEqual(['b got 1', 'b got 2', 'b batch end', 'c got 10', 'c got 20']);
    runner.turn();
    expect(lines.slice(5)).toEqual(['a got 99']);
  });

  test('drains inboxes in the order the actor names them, each up to the limit', () => {
    const lines: string[] = [];
    const { runner, host, contexts } = inlineSystem({
      actors: {
        left: () => ({ inboxes: {} }),
        right: () => ({ inboxes: {} }),
        sink: () => ({ inboxes: { right: note(lines, 'right'), left: note(lines, 'left') } }),
      },
      links: ['left > sink', 'right > sink'],
    });
    runner.start();
    for (let i = 0; i < 3; i++) {
      sendWord(contexts.left, 'sink', i);
      sendWord(contexts.right, 'sink', i);
    }
    contexts.left.flush();
    contexts.right.flush();
    host.cycle.turnOf(host.cell('sink'), 2);
    expect(lines).toEqual(['right got 0', 'right got 1', 'left got 0', 'left got 1']);
  });

  test('ends a batch for an actor that asked for a turn, once, and for nobody else', () => {
    let ends = 0;
    let otherEnds = 0;
    const { runner, contexts } = inlineSystem({
      actors: {
        asks: () => ({ inboxes: {}, onBatchEnd: () => ends++ }),
        other: () => ({ inboxes: {}, onBatchEnd: () => otherEnds++ }),
      },
      links: [],
    });
    runner.start();
    runner.runUntilIdle();
    [ends, otherEnds] = [0, 0];
    contexts.asks.requestTurn();
    contexts.asks.requestTurn();
    runner.runUntilIdle();
    runner.turn();
    expect([ends, otherEnds]).toEqual([1, 0]);
  });

  test('the clock stands still within it', () => {
    const seen: number[] = [];
    const system = inlineSystem({
      actors: {
        a: (context) => ({
          inboxes: {},
          onBatchEnd: () => {
            seen.push(context.clock.monotonicMs());
            system.clock.advance(5);
            seen.push(context.clock.monotonicMs());
          },
        }),
      },
      links: [],
    });
    system.runner.start();
    system.runner.turn();
    expect(seen).toEqual([0, 0]);
    expect(system.contexts.a.clock.monotonicMs()).toBe(5);
  });
});

describe('ticks', () => {
  test('come on multiples of the period, to running actors only', () => {
    const ticks: number[] = [];
    const { runner, clock } = inlineSystem({
      actors: { a: () => ({ inboxes: {}, tickMs: 100, onTick: (nowMs) => ticks.push(nowMs) }) },
      links: [],
    });
    clock.advance(250);
    runner.turn();
    runner.start();
    expect(runner.tickNextMs()).toBe(300);
    runner.turn();
    clock.advance(50);
    runner.turn();
    runner.turn();
    clock.advance(330);
    runner.turn();
    expect(ticks).toEqual([300, 630]);
    expect(runner.tickNextMs()).toBe(700);
    runner.stop();
    expect(runner.tickNextMs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('pressure', () => {
  test('an actor that declines is left alone, its records wait, and it is counted as held', () => {
    let open = false;
    const lines: string[] = [];
    const { runner, host, contexts } = inlineSystem({
      actors: {
        source: () => ({ inboxes: {} }),
        sink: () => ({ inboxes: { source: note(lines, 'sink') }, mayTake: () => open }),
      },
      links: ['source > sink'],
    });
    runner.start();
    runner.runUntilIdle();
    sendWord(contexts.source, 'sink', 1);
    contexts.source.flush();
    expect(runner.turn()).toBe(false);
    expect(lines).toEqual([]);
    expect(new CountersReader(host.counters).get('sink', 'held')).toBe(1);
    open = true;
    runner.runUntilIdle();
    expect(lines).toEqual(['sink got 1']);
  });

  test('what finishes work already begun is taken from an actor that declines all else', () => {
    const lines: string[] = [];
    const { runner, contexts } = inlineSystem({
      actors: {
        news: () => ({ inboxes: {} }),
        done: () => ({ inboxes: {} }),
        sink: () => ({
          inboxes: { news: note(lines, 'news'), done: note(lines, 'done') },
          alwaysDrains: ['done'],
          mayTake: () => false,
        }),
      },
      links: ['news > sink', 'done > sink'],
    });
    runner.start();
    sendWord(contexts.news, 'sink', 1);
    sendWord(contexts.done, 'sink', 2);
    contexts.news.flush();
    contexts.done.flush();
    runner.runUntilIdle();
    expect(lines).toEqual(['done got 2']);
  });

  test('an actor whose outbox had no room gets a batch end when there is room again', () => {
    let open = false;
    let batchEnds = 0;
    const { runner, contexts } = inlineSystem({
      actors: {
        source: () => ({ inboxes: {}, onBatchEnd: () => batchEnds++ }),
        sink: () => ({ inboxes: { source: () => {} }, mayTake: () => open }),
      },
      links: ['source > sink 256'],
    });
    runner.start();
    runner.runUntilIdle();
    batchEnds = 0;
    const outbox = contexts.source.outbox('sink');
    while (outbox.hasRoom(4)) sendWord(contexts.source, 'sink', 1);
    contexts.source.flush();
    runner.runUntilIdle();
    expect(batchEnds).toBe(0);
    open = true;
    runner.runUntilIdle();
    expect(batchEnds).toBe(1);
    expect(outbox.hasRoom(4)).toBe(true);
  });
});

describe('failure of an actor', () => {
  const failing = (lines: string[], kind: 'throws' | 'reports'): ((c: { fatal(error: Error): void }) => Actor) => {
    let incarnation = 0;
    return (context) => {
      const name = `actor ${++incarnation}`;
      return {
        onStart: () => lines.push(`${name} starts`),
        inboxes: {
          source: (_type, _bytes, words, offset) => {
            lines.push(`${name} got ${words[offset >> 2]}`);
            if (words[offset >> 2] !== 0) return;
            if (kind === 'throws') throw new Error('zero');
            context.fatal(new Error('zero'));
          },
        },
        onStop: () => lines.push(`${name} stops`),
      };
    };
  };

  test.each(['throws', 'reports'] as const)(
    'that %s: it is made anew in its place and goes on behind the record',
    (kind) => {
      const lines: string[] = [];
      const { runner, host, contexts, fatal } = inlineSystem({
        actors: { source: () => ({ inboxes: {} }), sink: failing(lines, kind) },
        links: ['source > sink'],
        restart: ['sink'],
      });
      runner.start();
      for (const word of [1, 0, 2]) sendWord(contexts.source, 'sink', word);
      contexts.source.flush();
      runner.runUntilIdle();
      expect(lines).toEqual([
        'actor 1 starts',
        'actor 1 got 1',
        'actor 1 got 0',
        'actor 1 stops',
        'actor 2 starts',
        'actor 2 got 2',
      ]);
      expect(fatal).toEqual([]);
      expect(new CountersReader(host.counters).get('sink', 'restarts')).toBe(1);
    },
  );

  test('too often within the period is fatal', () => {
    const lines: string[] = [];
    const { runner, contexts, fatal, clock } = inlineSystem({
      actors: { source: () => ({ inboxes: {} }), sink: failing(lines, 'throws') },
      links: ['source > sink'],
      restart: ['sink'],
    });
    runner.start();
    const fail = (): void => {
      sendWord(contexts.source, 'sink', 0);
      contexts.source.flush();
      runner.runUntilIdle();
    };
    for (let i = 0; i < 5; i++) fail();
    clock.advance(10_000);
    for (let i = 0; i < 5; i++) fail();
    expect(fatal).toEqual([]);
    fail();
    expect(fatal).toEqual([['sink', 'zero']]);
  });

  test('that must not fail is told to the owner, and nobody is fed any more', () => {
    const lines: string[] = [];
    const others: string[] = [];
    const { runner, contexts, fatal } = inlineSystem({
      actors: {
        source: () => ({ inboxes: {} }),
        sink: failing(lines, 'throws'),
        other: () => ({ inboxes: { source: note(others, 'other') } }),
      },
      links: ['source > sink', 'source > other'],
    });
    runner.start();
    sendWord(contexts.source, 'sink', 0);
    sendWord(contexts.source, 'other', 1);
    contexts.source.flush();
    runner.turn();
    expect(fatal).toEqual([['sink', 'zero']]);
    expect(others).toEqual([]);
    expect(runner.turn()).toBe(false);
  });

  test('reported from outside of a turn takes effect in the next', () => {
    const { runner, contexts, fatal } = inlineSystem({ actors: { a: () => ({ inboxes: {} }) }, links: [] });
    runner.start();
    contexts.a.fatal(new Error('socket'));
    expect(fatal).toEqual([]);
    runner.turn();
    expect(fatal).toEqual([['a', 'socket']]);
  });
});

describe('starting and stopping', () => {
  test('goes left to right, and right to left; who stops gets first what it was sent', () => {
    const lines: string[] = [];
    const { runner, contexts } = inlineSystem({
      actors: {
        final: () => ({
          inboxes: { sync: note(lines, 'final') },
          onStart: () => lines.push('final starts'),
          onStop: () => lines.push('final stops'),
        }),
        sync: (context) => ({
          inboxes: {
            prep: (_type, _bytes, words, offset) => sendWord(context, 'final', words[offset >> 2]),
          },
          onStart: () => lines.push('sync starts'),
          onStop: () => lines.push('sync stops'),
        }),
        prep: () => ({
          inboxes: {},
          onStart: () => lines.push('prep starts'),
          onStop: () => lines.push('prep stops'),
        }),
      },
      links: ['prep > sync', 'sync > final'],
    });
    runner.start();
    sendWord(contexts.prep, 'sync', 7);
    runner.stop();
    expect(lines).toEqual([
      'final starts',
      'sync starts',
      'prep starts',
      'prep stops',
      'sync stops',
      'final got 7',
      'final stops',
    ]);
  });

  test('an actor must handle exactly the inboxes that links lead to', () => {
    const actors = { a: () => ({ inboxes: {} }), b: () => ({ inboxes: {} }) };
    expect(() => inlineSystem({ actors, links: ['a > b'] })).toThrow('actor b does not handle its inbox a');
    const eager = { ...actors, b: () => ({ inboxes: { a: () => {} } }) };
    expect(() => inlineSystem({ actors: eager, links: [] })).toThrow('no link leads to inbox a of actor b');
  });
});
