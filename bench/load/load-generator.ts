/**
 * The C load generator as a function: compiled into dist/ when its source is newer, run as a child, its events and its
 * result parsed. It runs on the same machine as the server it loads, so its own CPU time is part of every result.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { repositoryRoot } from '../../test/testing/repository-root.js';
import { runTool } from '../../test/testing/run-tool.js';

const SOURCE = join(repositoryRoot, 'bench/load/load.c');
const PROGRAM = join(repositoryRoot, 'dist/bench/load/load');
const COMPILE_MS = 60_000;

export interface LoadOptions {
  /** Of one server, or of each member of an ensemble, over which the connections are spread. */
  readonly port: number | readonly number[];
  readonly workload: 'none' | 'get' | 'set' | 'create' | 'mixed';
  readonly connections: number;
  /** Requests in flight per connection. */
  readonly outstanding: number;
  readonly threads?: number;
  /** Creates the nodes first. */
  readonly setup?: boolean;
  readonly nodes?: number;
  readonly valueBytes?: number;
  /** Nodes per parent; without it all are children of the root. */
  readonly fanout?: number;
  readonly root?: string;
  /** Distinguishes the names that several create runs make under one root. */
  readonly tag?: string;
  readonly readRatio?: number;
  /** Operations per second, with latencies counted from the intended time; without it as many as go. */
  readonly rate?: number;
  readonly warmupSeconds?: number;
  readonly seconds?: number;
  readonly operations?: number;
  readonly deadlineSeconds?: number;
  readonly onMeasuring?: () => void;
  readonly onMeasured?: () => void;
}

export interface Latency {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface LoadResult {
  readonly operations: number;
  readonly seconds: number;
  /** Operations per second. */
  readonly throughput: number;
  /** Of the generator itself, over the measured time. */
  readonly cpuSeconds: number;
  readonly latencyUs: { readonly all: Latency; readonly read: Latency; readonly write: Latency };
}

export async function compileLoadGenerator(): Promise<void> {
  if (existsSync(PROGRAM) && statSync(PROGRAM).mtimeMs > statSync(SOURCE).mtimeMs) return;
  mkdirSync(dirname(PROGRAM), { recursive: true });
  const args = ['-O2', '-Wall', '-Wextra', '-pthread', '-o', PROGRAM, SOURCE];
  const run = await runTool('cc', args, { deadlineMs: COMPILE_MS });
  if (run.code !== 0) throw new Error(`cc failed:\n${run.stderr}`);
}

function argumentsOf(options: LoadOptions): string[] {
  const args: (string | number)[] = ['--port', [options.port].flat().join(','), '--workload', options.workload];
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) args.push(`--${name}`, value);
  };
  add('connections', options.connections);
  add('outstanding', options.outstanding);
  add('threads', options.threads);
  add('nodes', options.nodes);
  add('value', options.valueBytes);
  add('fanout', options.fanout);
  add('root', options.root);
  add('tag', options.tag);
  add('read-ratio', options.readRatio);
  add('rate', options.rate);
  add('warmup', options.warmupSeconds);
  add('seconds', options.seconds);
  add('operations', options.operations);
  add('deadline', options.deadlineSeconds ?? 60 + (options.warmupSeconds ?? 0) + (options.seconds ?? 0));
  if (options.setup === true) args.push('--setup');
  return args.map(String);
}

async function run(options: LoadOptions): Promise<LoadResult | null> {
  await compileLoadGenerator();
  const child = spawn(PROGRAM, argumentsOf(options), { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  let result: LoadResult | null = null;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as { event: string };
    if (event.event === 'measuring') options.onMeasuring?.();
    if (event.event === 'measured') options.onMeasured?.();
    if (event.event === 'result') result = event as unknown as LoadResult;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`load generator exited with ${code}: ${complaint.trim()}`);
  return result;
}

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const result = await run(options);
  if (result === null) throw new Error('the load generator gave no result');
  return result;
}

/** Creates the nodes and nothing else. */
export async function createNodes(options: Omit<LoadOptions, 'workload' | 'setup'>): Promise<void> {
  await run({ ...options, workload: 'none', setup: true });
}
