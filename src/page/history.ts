// What the page remembers: one sample per second of the last minutes, made of the answers to `figures`, and the lines that charts draw
// from them. In the browser's memory only; gone with the page.
// A second without an answer is a gap, not a zero.

import type { PipelineRates } from './pipeline-figures.js';
import type { Fields } from './server-api.js';

export const SECONDS_KEPT = 300;

interface Sample {
  readonly atMs: number;
  readonly figures: Fields;
  readonly rates: PipelineRates | null;
}

export type Values = (number | undefined)[];

export class History {
  /** The oldest first; null: no answer came. */
  private readonly samples: (Sample | null)[] = [];

  add(sample: Sample | null): void {
    this.samples.push(sample);
    if (this.samples.length > SECONDS_KEPT + 1) this.samples.shift();
  }

  get newest(): Sample | null {
    return this.samples.at(-1) ?? null;
  }

  /** The figure itself, of each second. */
  values(name: string): Values {
    return this.samples.map((sample) => (sample === null ? undefined : numberIn(sample.figures, name)));
  }

  /** How fast the figure grew, per second. */
  growth(...names: readonly string[]): Values {
    return this.samples.map((sample, index) => {
      const before = this.samples[index - 1] ?? null;
      if (sample === null || before === null) return undefined;
      const [is, was] = [sumIn(sample.figures, names), sumIn(before.figures, names)];
      const ms = sample.atMs - before.atMs;
      // Reset by an operator, or by a new start.
      return is === undefined || was === undefined || is < was || ms <= 0 ? undefined : ((is - was) * 1000) / ms;
    });
  }

  load(thread: string): Values {
    return this.samples.map((sample) => sample?.rates?.threads.find(({ now }) => now.thread === thread)?.load);
  }
}

/** Numbers in text count as well: that is how some figures are told. */
export function numberIn(figures: Fields, name: string): number | undefined {
  const value = figures[name];
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value !== '' && Number.isFinite(Number(value)) ? Number(value) : undefined;
}

function sumIn(figures: Fields, names: readonly string[]): number | undefined {
  const known = names.map((name) => numberIn(figures, name)).filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}
