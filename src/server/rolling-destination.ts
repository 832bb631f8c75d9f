// The log as a file that all threads write (operations 10.1): each has its own descriptor and appends whole lines, so lines never mix.
// Who finds it full moves the files on; the others notice by a number in shared memory and open the new one. What they write until
// then goes to the one that has just been moved.
// It never throws: what the file does not take goes to the console. One object per thread.

import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { rotateFiles } from './file-rotation.js';
import type { LogDestination } from './log-destination.js';
import type { LogFileSettings } from './log-settings.js';
import { FILE_GENERATION_WORD, FILE_LOCK_WORD } from './log-switch.js';

/** How much a thread writes between two looks at the file's size. */
const LOOK_BYTES_MAX = 64 << 10;

export class RollingDestination implements LogDestination {
  private readonly settings: LogFileSettings;
  private readonly words: Int32Array;
  private readonly fallback: LogDestination;
  private readonly lookBytes: number;
  private fd = -1;
  private generation = 0;
  private unlookedBytes = 0;
  private hasFailed = false;

  /** `memory`: of the log switch. */
  constructor(settings: LogFileSettings, memory: SharedArrayBuffer, fallback: LogDestination) {
    this.settings = settings;
    this.words = new Int32Array(memory);
    this.fallback = fallback;
    this.lookBytes = Math.min(LOOK_BYTES_MAX, settings.bytesMax >> 4);
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    try {
      this.open();
      for (let from = 0; from < bytes.length; ) from += writeSync(this.fd, bytes, from);
      this.hasFailed = false;
      this.unlookedBytes += bytes.length;
      if (this.unlookedBytes > this.lookBytes) this.look();
    } catch (error) {
      if (!this.hasFailed)
        this.fallback.write(`${this.settings.path} cannot be written: ${(error as Error).message}\n`);
      this.hasFailed = true;
      this.fallback.write(text);
    }
  }

  private open(): void {
    const generation = Atomics.load(this.words, FILE_GENERATION_WORD);
    if (this.fd >= 0 && generation === this.generation) return;
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
    mkdirSync(dirname(this.settings.path), { recursive: true });
    this.fd = openSync(this.settings.path, 'a');
    this.generation = generation;
    // What is there already counts.
    this.unlookedBytes = this.lookBytes;
  }

  private look(): void {
    this.unlookedBytes = 0;
    if (fstatSync(this.fd).size < this.settings.bytesMax) return;
    if (Atomics.compareExchange(this.words, FILE_LOCK_WORD, 0, 1) !== 0) return;
    try {
      if (Atomics.load(this.words, FILE_GENERATION_WORD) === this.generation) {
        rotateFiles(this.settings.path, this.settings.backupCount);
        Atomics.add(this.words, FILE_GENERATION_WORD, 1);
      }
    } finally {
      Atomics.store(this.words, FILE_LOCK_WORD, 0);
    }
  }
}
