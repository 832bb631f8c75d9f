/**
 * The figures of one comparison: per row, side and round. Ratios are formed inside a round, since the machine is another
 * one in the next, and told as the median with the least and the greatest.
 */
import type { Side } from './contestant.js';
import type { Row } from './rows.js';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

export type Verdict = 'goal' | 'floor' | 'BELOW FLOOR' | '';

export interface RowResult {
  readonly row: Row;
  readonly ours: Spread | null;
  readonly theirs: Spread | null;
  readonly ratio: Spread | null;
  readonly verdict: Verdict;
}

export class Figures {
  private readonly values = new Map<string, Map<number, Partial<Record<Side, number>>>>();

  record(rowId: string, side: Side, round: number, value: number): void {
    const rounds = this.values.get(rowId) ?? new Map<number, Partial<Record<Side, number>>>();
    this.values.set(rowId, rounds);
    rounds.set(round, { ...rounds.get(round), [side]: value });
  }

  all(): Record<string, Partial<Record<Side, number>>[]> {
    return Object.fromEntries([...this.values].map(([id, rounds]) => [id, [...rounds.values()]]));
  }

  result(row: Row): RowResult | null {
    const rounds = this.values.get(row.id);
    if (rounds === undefined) return null;
    const pairs = [...rounds.values()];
    const side = (name: Side): number[] => pairs.map((pair) => pair[name]).filter((value) => value !== undefined);
    const ratios = pairs.flatMap((pair) =>
      pair.ours !== undefined && pair.theirs !== undefined && pair.theirs > 0 ? [pair.ours / pair.theirs] : [],
    );
    const ours = spreadOf(side('ours'));
    const ratio = spreadOf(ratios);
    const judged = row.judge === 'ratio' ? ratio : ours;
    return { row, ours, theirs: spreadOf(side('theirs')), ratio, verdict: verdictOf(row, judged) };
  }
}

function verdictOf(row: Row, judged: Spread | null): Verdict {
  if (judged === null || row.floor === null || row.goal === null) return '';
  const reaches = (target: number): boolean =>
    row.better === 'higher' ? judged.median >= target : judged.median <= target;
  if (reaches(row.goal)) return 'goal';
  return reaches(row.floor) ? 'floor' : 'BELOW FLOOR';
}
