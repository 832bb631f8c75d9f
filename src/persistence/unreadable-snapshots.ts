// Snapshots that the disk does not give, which says nothing of what is in them: the next start may have them. Kept by one
// recovery, on its thread. Whoever judges a missing history asks here first: what cannot be read is not lost, and nobody may
// be told that it is.

import { compareSigned } from '../base/int64.js';
import type { DataFileName } from './file-names.js';

export class UnreadableSnapshots {
  private readonly files: DataFileName[] = [];
  /** What the system said of each of them. */
  readonly reasons: string[] = [];

  add(snapshot: DataFileName, error: unknown): void {
    this.files.push(snapshot);
    this.reasons.push(error instanceof Error ? error.message : String(error));
  }

  get isEmpty(): boolean {
    return this.files.length === 0;
  }

  has(name: string): boolean {
    return this.files.some((file) => file.name === name);
  }

  hasNewerThan({ zxidHi, zxidLo }: DataFileName): boolean {
    return this.files.some((file) => compareSigned(file.zxidHi, file.zxidLo, zxidHi, zxidLo) > 0);
  }
}
