// The levels of the log as they are now, for all threads: what an operator changes while the server runs. Written by the main thread
// alone; every logger looks at one word per line that it might write, and reads on only when that has changed.
//
//   word  0         1            2             3                  4           byte 32 ...
//        +---------+------------+-------------+------------------+-----------+---------------------------+
//        | version | root level | text length | file generation  | file lock | name=level\n, as ASCII    |
//        +---------+------------+-------------+------------------+-----------+---------------------------+
//
// The version is odd while the rest is being written. Words 3 and 4 belong to rolling-destination.ts.

import { LEVEL_NUMBERS, type LogLevel } from './log-settings.js';

const VERSION = 0;
const ROOT_LEVEL = 1;
const TEXT_LENGTH = 2;
export const FILE_GENERATION_WORD = 3;
export const FILE_LOCK_WORD = 4;
const TEXT_OFFSET = 32;
const MEMORY_BYTES = 4096;
const NAME = /^[\w.$-]{1,100}$/;

export function createLogMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(MEMORY_BYTES);
}

export class LogSwitch {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private seenVersion = -1;
  private rootLevel = 0;
  private levels: ReadonlyMap<string, number> = new Map();

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  /** Another one than last time: levels may have changed. */
  get version(): number {
    return Atomics.load(this.words, VERSION);
  }

  /** The lowest number that this logger writes. */
  levelOf(name: string): number {
    if (this.seenVersion !== this.version) this.read();
    return this.levels.get(name) ?? this.rootLevel;
  }

  /** Main thread. A name that is none, or one too many, is as if it were not there: it stood in some logging file. */
  setAll(root: LogLevel, levels: Readonly<Record<string, LogLevel>>): void {
    const kept = new Map<string, number>();
    let bytes = TEXT_OFFSET;
    for (const [name, at] of Object.entries(levels)) {
      const length = lineOf(name, LEVEL_NUMBERS[at]).length;
      if (!NAME.test(name) || bytes + length > MEMORY_BYTES) continue;
      bytes += length;
      kept.set(name, LEVEL_NUMBERS[at]);
    }
    this.write(LEVEL_NUMBERS[root], kept);
  }

  /** Main thread. Null as name: all loggers without a level of their own; null as level: the logger has none any more. */
  set(name: string | null, level: LogLevel | null): void {
    if (this.seenVersion !== this.version) this.read();
    if (name === null) {
      this.write(level === null ? this.rootLevel : LEVEL_NUMBERS[level], this.levels);
      return;
    }
    const levels = new Map(this.levels);
    if (level === null) levels.delete(name);
    else levels.set(name, LEVEL_NUMBERS[level]);
    this.write(this.rootLevel, levels);
  }

  /** What there is, by name; the root is called root. */
  all(): Readonly<Record<string, LogLevel>> {
    if (this.seenVersion !== this.version) this.read();
    return Object.fromEntries(
      [['root', this.rootLevel] as const, ...this.levels].map(([name, n]) => [name, nameOf(n)]),
    );
  }

  private write(rootLevel: number, levels: ReadonlyMap<string, number>): void {
    let text = '';
    for (const [name, level] of levels) {
      const line = lineOf(name, level);
      if (!NAME.test(name)) throw new RangeError(`${name} is not the name of a logger`);
      if (TEXT_OFFSET + text.length + line.length > MEMORY_BYTES) throw new RangeError('too many loggers have levels');
      text += line;
    }
    const { words } = this;
    Atomics.add(words, VERSION, 1);
    words[ROOT_LEVEL] = rootLevel;
    words[TEXT_LENGTH] = text.length;
    for (let i = 0; i < text.length; i++) this.bytes[TEXT_OFFSET + i] = text.charCodeAt(i);
    Atomics.add(words, VERSION, 1);
  }

  private read(): void {
    const { words } = this;
    for (;;) {
      const version = this.version;
      if ((version & 1) !== 0) continue;
      const rootLevel = words[ROOT_LEVEL] as number;
      const text = String.fromCharCode(...this.bytes.slice(TEXT_OFFSET, TEXT_OFFSET + (words[TEXT_LENGTH] as number)));
      if (this.version !== version) continue;
      const pairs = text.split('\n').filter((line) => line !== '');
      this.levels = new Map(pairs.map((pair) => pair.split('=')).map(([name = '', level]) => [name, Number(level)]));
      this.rootLevel = rootLevel;
      this.seenVersion = version;
      return;
    }
  }
}

function lineOf(name: string, level: number): string {
  return `${name}=${level}\n`;
}

function nameOf(number: number): LogLevel {
  const found = (Object.keys(LEVEL_NUMBERS) as LogLevel[]).find((level) => LEVEL_NUMBERS[level] === number);
  return found ?? 'OFF';
}
