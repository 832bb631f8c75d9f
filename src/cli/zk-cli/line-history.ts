// The lines typed into interactive sessions, kept in ~/.zkcli_history for the arrow keys of the next one. Bounded, and
// readable by their owner only; addauth lines hold passwords and are never written. Failing to read or write it is no
// reason to bother anyone.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';

const LINES_MAX = 500;
const OWNER_ONLY = 0o600;

export class LineHistory {
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  /** Newest first, as node:readline wants it. */
  load(): string[] {
    try {
      const lines = readFileSync(this.file, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
      const kept = lines.slice(-LINES_MAX);
      if (kept.length < lines.length) writeFileSync(this.file, `${kept.join('\n')}\n`, { mode: OWNER_ONLY });
      return kept.reverse();
    } catch {
      return [];
    }
  }

  append(line: string): void {
    if (line.trim() === '' || /^\s*addauth\b/.test(line)) return;
    try {
      appendFileSync(this.file, `${line}\n`, { mode: OWNER_ONLY });
    } catch {
      // no home, or not ours
    }
  }
}
