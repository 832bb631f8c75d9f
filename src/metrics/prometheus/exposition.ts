/**
 * Metrics as Prometheus reads them, written exactly as Apache ZooKeeper's provider writes them (operations 4.4): a comma behind the last
 * label, and every value as a Java double. promtool and Prometheus read both that and the form without. Pure; any thread.
 *
 *   # HELP readlatency readlatency
 *   # TYPE readlatency summary
 *   readlatency{quantile="0.5",} 2.0
 *   readlatency_count 8.0
 */

import { javaDouble } from '../../base/java-double.js';

export const EXPOSITION_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface ExposedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly ExposedSample[];
}

/** With `names`: samples of these names only, and families that have any. */
export function expositionText(families: readonly ExposedFamily[], names: ReadonlySet<string> | null): string {
  let text = '';
  for (const { name, help, type, samples } of families) {
    const shown = names === null ? samples : samples.filter((sample) => names.has(sample.name));
    if (names !== null && shown.length === 0) continue;
    text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
    for (const sample of shown) text += `${sample.name}${labelBlock(sample)} ${exposedDouble(sample.value)}\n`;
  }
  return text;
}

/** As `mntr` and `monitor` show a sample while this provider is active. */
export function sampleKey({ name, labels }: ExposedSample): string {
  const shown = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return shown.length === 0 ? name : `${name}{${shown.join(',')}}`;
}

function labelBlock({ labels }: ExposedSample): string {
  const shown = Object.entries(labels).map(([label, value]) => `${label}="${escaped(String(value))}",`);
  return shown.length === 0 ? '' : `{${shown.join('')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function exposedDouble(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return javaDouble(value);
  return value < 0 ? '-Inf' : '+Inf';
}
