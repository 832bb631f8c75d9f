/**
 * The answer to `mntr` taken apart: keys and the kinds of their values, as the scripts that read it tell them apart.
 */
import { fourLetterWord } from './four-letter-word.js';

export type ValueKind = 'int' | 'double' | 'text';

export interface MntrLine {
  readonly key: string;
  readonly value: string;
  readonly kind: ValueKind;
}

export async function readMntr(port: number): Promise<ReadonlyMap<string, MntrLine>> {
  return mntrLines(await fourLetterWord(port, 'mntr'));
}

/** Throws at a line that is no line of `mntr`. */
export function mntrLines(text: string): ReadonlyMap<string, MntrLine> {
  if (!text.endsWith('\n')) throw new Error(`the answer does not end with a line: ${text.slice(-60)}`);
  const lines = text.slice(0, -1).split('\n');
  return new Map(
    lines.map((line) => {
      const parts = /^(zk_[^\t]+)\t([^\t]+)$/.exec(line);
      if (parts === null) throw new Error(`no line of mntr: ${line}`);
      const [, key, value] = parts as unknown as [string, string, string];
      return [key, { key, value, kind: kindOf(value) }];
    }),
  );
}

export function mntrKinds(lines: ReadonlyMap<string, MntrLine>): Record<string, ValueKind> {
  return Object.fromEntries([...lines.values()].map(({ key, kind }) => [key, kind]));
}

function kindOf(value: string): ValueKind {
  if (/^-?\d+$/.test(value)) return 'int';
  return /^-?\d+\.\d+(?:E-?\d+)?$|^NaN$/.test(value) ? 'double' : 'text';
}

/** Keys that come only with 3.9. */
export function isSince39(key: string): boolean {
  return /^zk_(?:(?:avg|min|max|cnt|sum)_restore_time|(?:snapshot|restore)_(?:error|rate_limited)_count)$/.test(key);
}

/** Keys of sets: there as far as somebody used the namespace, or a learner was there. */
export function isOfSet(key: string): boolean {
  return /_per_namespace$|_\d+_(?:learner_handler_qp_(?:size|time_ms)|ack_latency)$/.test(key);
}
