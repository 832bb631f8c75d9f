/**
 * Notices that one of a few files has become another: written anew, replaced by a rename, or reached through a symbolic
 * link that was moved, as container platforms do. A shell over fs.watch; lives on an event-loop thread, which it never
 * keeps alive.
 *
 * It watches the directories, since a watch of a file stays with the file that was replaced, and looks at the files when
 * something has happened there and it has been quiet for a moment: key and certificate are often written one by one.
 */
import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from '../actor/logger.js';

const QUIET_MS = 200;

export class StoreWatch {
  private readonly files: readonly string[];
  private readonly onChange: () => void;
  private readonly watchers: FSWatcher[] = [];
  private seen: string;
  private timer: NodeJS.Timeout | null = null;

  /** `seen`: the stamp of the files that are known; changes since then are told first. */
  constructor(files: readonly string[], seen: string, log: Logger, onChange: () => void) {
    this.files = files;
    this.onChange = onChange;
    this.seen = seen;
    for (const directory of new Set(files.map((file) => dirname(file)))) {
      const unwatched = (error: unknown): void =>
        log.warn(`${directory} is not watched, changes there are not noticed: ${(error as Error).message}`);
      try {
        this.watchers.push(watch(directory, { persistent: false }, () => this.lookSoon()).on('error', unwatched));
      } catch (error) {
        unwatched(error);
      }
    }
    this.lookSoon();
  }

  close(): void {
    for (const watcher of this.watchers) watcher.close();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private lookSoon(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      const now = stampOf(this.files);
      if (now === this.seen) return;
      this.seen = now;
      this.onChange();
    }, QUIET_MS).unref();
  }
}

/** What tells one state of the files from another; that they cannot be looked at is a state too. */
export function stampOf(files: readonly string[]): string {
  const stamps = files.map((file) => {
    try {
      const stat = statSync(file);
      return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  });
  return stamps.join('|');
}
