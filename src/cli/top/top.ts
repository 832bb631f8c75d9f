// `threadkeeper top`: a server's pipeline, threads, throughput and latencies in the terminal, anew every second. Reads the admin port and
// changes nothing. Keys: q ends, s sorts by the next column, p pauses. With --once, or into a pipe, one picture of one second; with
// --json the figures of it.
//
//   exit code   0  ended by its user        1  --once, and the server did not answer       2  words that make no sense

import { setTimeout as delay } from 'node:timers/promises';
import type { ReadStream, WriteStream } from 'node:tty';
import { type SubCommandContext, SubCommandUsageError } from '../threadkeeper/sub-command.js';
import { AdminFigures, type Look } from './admin-figures.js';
import { drawScreen, type ScreenState, SORT_COLUMNS, type SortColumn } from './top-screen.js';
import { TopTerminal } from './top-terminal.js';

const DEFAULT_PORT = 8080;
const DEFAULT_HOST = '127.0.0.1';
const COMMANDS = '/commands';
const ONCE_COLUMNS = 132;
const ENDING_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

export interface TopWords {
  /** Where the commands are. */
  readonly url: string;
  readonly isOnce: boolean;
  readonly isJson: boolean;
  readonly sort: SortColumn;
  readonly intervalMs: number;
}

export async function top(context: SubCommandContext): Promise<number> {
  const words = readTopWords(context.args);
  const figures = new AdminFigures(words.url);
  const isTerminal = process.stdout.isTTY && process.stdin.isTTY;
  if (words.isOnce || words.isJson || !isTerminal) return once(figures, words, context);
  return live(figures, words, { input: process.stdin, output: process.stdout });
}

export function readTopWords(args: readonly string[]): TopWords {
  let [address, sort, seconds]: [string | null, string, string] = [null, 'line', '1'];
  const flags = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    if (word === '--once' || word === '--json') flags.add(word);
    else if (word === '--sort') sort = args[++i] ?? '';
    else if (word === '--interval') seconds = args[++i] ?? '';
    else if (word.startsWith('-')) throw new SubCommandUsageError(`top has no option ${word}`);
    else if (address !== null) throw new SubCommandUsageError('top looks at one server');
    else address = word;
  }
  const column = SORT_COLUMNS.find((name) => name === sort);
  if (column === undefined) throw new SubCommandUsageError(`--sort is one of ${SORT_COLUMNS.join(', ')}`);
  const intervalMs = Math.round(Number(seconds) * 1000);
  if (!(intervalMs >= 100 && intervalMs <= 3_600_000))
    throw new SubCommandUsageError('--interval is in seconds, 0.1 at least');
  return {
    url: urlOf(address ?? ''),
    isOnce: flags.has('--once'),
    isJson: flags.has('--json'),
    sort: column,
    intervalMs,
  };
}

/** `host`, `host:port`, `port` or the whole URL of the commands. */
function urlOf(address: string): string {
  if (/^https?:\/\//.test(address)) return address.replace(/\/+$/, '');
  if (address === '') return `http://${DEFAULT_HOST}:${DEFAULT_PORT}${COMMANDS}`;
  if (/^\d+$/.test(address)) return `http://${DEFAULT_HOST}:${address}${COMMANDS}`;
  const isWhole = /^(?:\[[0-9a-fA-F:.]+\]|[^:/\s]+)(?::\d+)?$/.test(address);
  if (!isWhole) throw new SubCommandUsageError(`${address} is no address: host:port of the admin port, or its URL`);
  const hasPort = /:\d+$/.test(address.replace(/^\[.*\]/, ''));
  return `http://${address}${hasPort ? '' : `:${DEFAULT_PORT}`}${COMMANDS}`;
}

async function once(figures: AdminFigures, words: TopWords, { out }: SubCommandContext): Promise<number> {
  await figures.look();
  await delay(words.intervalMs);
  const look = await figures.look();
  if (words.isJson) {
    const { named, rates, slow } = look;
    out(
      `${JSON.stringify({ interval_ms: intervalOf(look), figures: named, ...rates, slow_requests: slow }, null, 2)}\n`,
    );
    return 0;
  }
  const state = { ...stateOf(words), look, isColoured: false };
  out(`${drawScreen(state, ONCE_COLUMNS, Number.POSITIVE_INFINITY).join('\n')}\n`);
  return 0;
}

function intervalOf({ atMs, before }: Look): number {
  return before === null ? 0 : Math.round(atMs - before.atMs);
}

function stateOf({ url, sort }: TopWords): ScreenState {
  const address = url.replace(/^http:\/\//, '').replace(/\/commands$/, '');
  return { address, look: null, trouble: null, sort, isPaused: false, hasKeys: false, isColoured: true };
}

async function live(
  figures: AdminFigures,
  words: TopWords,
  streams: { readonly input: ReadStream; readonly output: WriteStream },
): Promise<number> {
  let state: ScreenState = { ...stateOf(words), hasKeys: true };
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const draw = (): void => terminal.draw(drawScreen(state, terminal.columns, terminal.rows));
  const onKey = (key: string): void => {
    if (key === 'q') end();
    if (key === 'p' || key === ' ') state = { ...state, isPaused: !state.isPaused };
    if (key === 's') state = { ...state, sort: next(state.sort) };
    draw();
  };
  const terminal = new TopTerminal(streams, onKey, draw);
  for (const signal of ENDING_SIGNALS) process.once(signal, end);
  terminal.open();
  try {
    draw();
    while (!ended.signal.aborted) {
      if (!state.isPaused) state = await looked(figures, state, ended.signal);
      if (ended.signal.aborted) break;
      draw();
      await delay(words.intervalMs, undefined, { signal: ended.signal }).catch(() => {});
    }
  } finally {
    terminal.close();
    for (const signal of ENDING_SIGNALS) process.off(signal, end);
  }
  return 0;
}

/** What was last known stays on the screen while the server is away. */
async function looked(figures: AdminFigures, state: ScreenState, ended: AbortSignal): Promise<ScreenState> {
  try {
    return { ...state, look: await figures.look(ended), trouble: null };
  } catch (error) {
    figures.forget();
    return { ...state, trouble: error instanceof Error ? error.message : String(error) };
  }
}

function next(sort: SortColumn): SortColumn {
  return SORT_COLUMNS[(SORT_COLUMNS.indexOf(sort) + 1) % SORT_COLUMNS.length] as SortColumn;
}
