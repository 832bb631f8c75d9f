/**
 * The C clients of bench/watches as functions: compiled into dist/ when their source is newer, run as a child, each line
 * that they print parsed. They run on the same machine as the server, so their own CPU time is part of every result.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { repositoryRoot } from '../../test/testing/repository-root.js';
import { runTool } from '../../test/testing/run-tool.js';

const SOURCE = join(repositoryRoot, 'bench/watches/watchers.c');
const PROGRAM = join(repositoryRoot, 'dist/bench/watches/watchers');
const COMPILE_MS = 60_000;
const RUN_MS = 150_000;

export interface FanOut {
  /** From the writer's request to the last watcher's event. */
  readonly lastEventUs: number;
  readonly replyUs: number;
}

export interface Latencies {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

export async function compileWatchers(): Promise<void> {
  if (existsSync(PROGRAM) && statSync(PROGRAM).mtimeMs > statSync(SOURCE).mtimeMs) return;
  mkdirSync(dirname(PROGRAM), { recursive: true });
  const run = await runTool('cc', ['-O2', '-Wall', '-Wextra', '-o', PROGRAM, SOURCE], { deadlineMs: COMPILE_MS });
  if (run.code !== 0) throw new Error(`cc failed:\n${run.stderr}`);
}

async function run(args: readonly (string | number)[]): Promise<unknown[]> {
  await compileWatchers();
  const { code, stdout, stderr } = await runTool(PROGRAM, args.map(String), { deadlineMs: RUN_MS });
  if (code !== 0) throw new Error(`watchers exited with ${code}: ${stderr.trim()}`);
  return stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

/** So many connections watch one node; it is changed once per round. */
export async function fanOut(port: number, connections: number, rounds: number): Promise<FanOut[]> {
  return (await run([port, 'fan', connections, rounds])) as FanOut[];
}

/** What a reader saw in the seconds before and after a session with so many watches died. */
export async function die(
  port: number,
  watches: number,
  seconds: number,
): Promise<{ readonly before: Latencies; readonly after: Latencies }> {
  const [result] = await run([port, 'die', watches, seconds]);
  return result as { before: Latencies; after: Latencies };
}

/** Watches that are kept until `release`. `same`: all connections watch the same paths. */
export class HeldWatches {
  readonly watches: number;
  readonly seconds: number;
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly exited: Promise<number | null>;

  private constructor(
    child: ChildProcessByStdio<Writable, Readable, Readable>,
    exited: Promise<number | null>,
    result: { watches: number; seconds: number },
  ) {
    this.child = child;
    this.exited = exited;
    this.watches = result.watches;
    this.seconds = result.seconds;
  }

  static async set(port: number, connections: number, paths: number, same: boolean): Promise<HeldWatches> {
    await compileWatchers();
    const args = [port, 'hold', connections, paths, same ? 'same' : 'own'].map(String);
    const child = spawn(PROGRAM, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint += text;
    });
    const exited = new Promise<number | null>((resolve) => {
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    const lines = createInterface({ input: child.stdout });
    const first = new Promise<string>((resolve) => lines.once('line', resolve));
    const line = await Promise.race([first, exited]);
    if (typeof line !== 'string') throw new Error(`watchers exited with ${line}: ${complaint.trim()}`);
    return new HeldWatches(child, exited, JSON.parse(line) as { watches: number; seconds: number });
  }

  async release(): Promise<void> {
    this.child.stdin.end();
    const code = await this.exited;
    if (code !== 0) throw new Error(`watchers exited with ${code}`);
  }
}
