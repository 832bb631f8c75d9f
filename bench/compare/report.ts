/**
 * The comparison as a table for people and as JSON for whoever wants to compare again.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../../test/testing/repository-root.js';
import type { Figures, RowResult, Spread } from './figures.js';
import { ROWS, type Row } from './rows.js';

function plain(value: number): string {
  if (value >= 10_000) return String(Math.round(value));
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

function figure(spread: Spread | null, unit: string): string {
  return spread === null ? '-' : `${plain(spread.median)} ${unit}`;
}

function ratioText({ row, ours, ratio }: RowResult): string {
  const spread = row.judge === 'ratio' ? ratio : ours;
  if (spread === null) return '-';
  const sign = row.judge === 'ratio' ? 'x' : ` ${row.unit}`;
  return `${plain(spread.median)}${sign} [${plain(spread.min)} .. ${plain(spread.max)}]`;
}

function target(row: Row, value: number | null): string {
  if (value === null) return '';
  return row.judge === 'ratio' ? `${value}x` : `${value} ${row.unit}`;
}

export function table(results: readonly RowResult[]): string {
  const header = ['row', 'ours', 'theirs', 'ours / theirs [min .. max]', 'floor', 'goal', 'verdict'];
  const lines = results.map((result) => [
    result.row.label,
    figure(result.ours, result.row.unit),
    figure(result.theirs, result.row.unit),
    ratioText(result),
    target(result.row, result.row.floor),
    target(result.row, result.row.goal),
    result.verdict,
  ]);
  const widths = header.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i].length)));
  const format = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  return [format(header), widths.map((width) => '-'.repeat(width)).join('  '), ...lines.map(format)].join('\n');
}

export function resultsOf(figures: Figures): RowResult[] {
  return ROWS.map((row) => figures.result(row)).filter((result) => result !== null);
}

/** Returns the file. */
export function writeJson(
  figures: Figures,
  settings: Readonly<Record<string, unknown>>,
  notes: readonly string[],
): string {
  const directory = join(repositoryRoot, 'dist/bench/results');
  mkdirSync(directory, { recursive: true });
  const at = new Date().toISOString();
  const file = join(directory, `compare-${at.replaceAll(':', '-')}.json`);
  const rows = resultsOf(figures).map(({ row, ...result }) => ({
    id: row.id,
    label: row.label,
    unit: row.unit,
    ...result,
  }));
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
  writeFileSync(file, `${JSON.stringify({ at, machine, settings, notes, rows, rounds: figures.all() }, null, 2)}\n`);
  return file;
}
