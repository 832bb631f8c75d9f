/**
 * The asker as an object: a process that asks until it is stopped, and what it counted. Its own CPU time is part of what a reader
 * on the same machine feels, which is why `bench:observed` also lets it ask a server that nobody reads from.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { repositoryRoot } from '../../test/testing/repository-root.js';

const PROGRAM = join(repositoryRoot, 'dist/bench/observed/asker.js');

export interface Asked {
  readonly answers: number;
  readonly bytes: number;
  readonly msEach: number;
}

export class Asking {
  private readonly child: ChildProcess;
  private readonly lines: Interface;

  private constructor(child: ChildProcess, lines: Interface) {
    this.child = child;
    this.lines = lines;
  }

  /** Ready when the first answer is there. */
  static async start(what: string, port: number, pauseMs: number): Promise<Asking> {
    const child = spawn(process.execPath, [PROGRAM, what, String(port), String(pauseMs)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const asking = new Asking(child, createInterface({ input: child.stdout as NodeJS.ReadableStream }));
    await asking.line();
    return asking;
  }

  async stop(): Promise<Asked> {
    const told = this.line();
    this.child.stdin?.end();
    const asked = JSON.parse(await told) as Asked;
    await once(this.child, 'exit');
    return asked;
  }

  private async line(): Promise<string> {
    const ended = once(this.child, 'exit').then(([code]) => {
      throw new Error(`the asker ended with ${code}`);
    });
    const [line] = (await Promise.race([once(this.lines, 'line'), ended])) as [string];
    // Its end comes later, and is expected then.
    ended.catch(() => undefined);
    return line;
  }
}
