// Draws one screen of `top`: lines of at most so many columns, as many as fit. Pure: a look at the server in, text out. Colours are
// ANSI sequences around whole cells; without them the lines say the same.
// Text that comes from the server is stripped of what a terminal would take for commands.

import { bytes, count, duration, microseconds, milliseconds, percent, rate } from '../../page/format.js';
import type { ActorRates, PipelineRates } from '../../page/pipeline-figures.js';
import type { Look, Named } from './admin-figures.js';

export const SORT_COLUMNS = ['line', 'busy', 'records', 'waiting', 'per-record'] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];

export interface ScreenState {
  readonly address: string;
  /** Null: there is none yet. */
  readonly look: Look | null;
  /** Why there is no newer one. */
  readonly trouble: string | null;
  readonly sort: SortColumn;
  readonly isPaused: boolean;
  /** Keys are listened to. */
  readonly hasKeys: boolean;
  readonly isColoured: boolean;
}

const BAR_WIDTH = 16;
const HOT = 0.9;
const SLOW_MAX = 5;
const Style = { bold: '1', dim: '2', alarm: '31', good: '32', head: '7' } as const;

interface Cell {
  readonly text: string;
  readonly style?: string | undefined;
  readonly isLeft?: boolean;
}

export function drawScreen(state: ScreenState, columns: number, rows: number): string[] {
  const paint = state.isColoured ? painted : (text: string): string => text;
  const lines = [headLine(state, columns, paint)];
  if (state.trouble !== null) lines.push(paint(cut(`${state.trouble}; asking again`, columns), Style.alarm));
  if (state.look !== null) lines.push(...body(state.look, state.sort, columns, paint));
  return lines.slice(0, rows);
}

type Paint = (text: string, style: string) => string;

function headLine({ address, look, isPaused, hasKeys, sort }: ScreenState, columns: number, paint: Paint): string {
  const { named = {}, figures } = look ?? {};
  const parts = [
    isPaused ? 'PAUSED' : 'threadkeeper top',
    address,
    plain(String(named.server_state ?? '')),
    plain(String(named.version ?? '').split(/[-,]/)[0] ?? ''),
    figures === undefined ? '' : `up ${duration(figures.uptime_ms)}`,
  ].filter((part) => part !== '');
  const keys = hasKeys ? `q quit  s sort: ${sort}  p pause` : '';
  const left = parts.join('  ');
  const room = columns - left.length - keys.length;
  return paint(cut(room > 1 ? left + ' '.repeat(room) + keys : left.padEnd(columns), columns), Style.head);
}

function body(look: Look, sort: SortColumn, columns: number, paint: Paint): string[] {
  const { named, rates } = look;
  return [
    '',
    ...summary(look).map((line) => cut(line, columns)),
    '',
    ...table(
      THREAD_HEADS,
      rates.threads.map((thread) => threadCells(thread, paint)),
      columns,
      paint,
    ),
    '',
    ...table(ACTOR_HEADS, inOrder(rates, sort).map(actorCells), columns, paint),
    ...note(named, rates, columns, paint),
    ...slowLines(look, columns, paint),
  ];
}

function summary({ named, before, atMs }: Look): string[] {
  const figure = (name: string, of: Named = named): number | undefined => {
    const value = of[name];
    return value === undefined || value === null || value === '' ? undefined : Number(value);
  };
  const perSecond = (name: string): number | undefined => {
    const [is, was] = [figure(name), before === null ? undefined : figure(name, before.named)];
    if (is === undefined || was === undefined || before === null || is < was) return undefined;
    return ((is - was) * 1000) / (atMs - before.atMs);
  };
  const latency = (what: string): string =>
    `p50 ${milliseconds(figure(`p50_${what}`))}  p99 ${milliseconds(figure(`p99_${what}`))}`;
  const followers = figure('synced_followers');
  return [
    [
      `requests ${rate(perSecond('packets_received'))}`,
      `reads ${rate(perSecond('cnt_readlatency'))}  ${latency('readlatency')}`,
      `writes ${rate(perSecond('cnt_updatelatency'))}  ${latency('updatelatency')}`,
    ].join('   '),
    [
      `waiting ${count(figure('outstanding_requests'))}`,
      `connections ${count(figure('num_alive_connections'))}`,
      `sessions ${count(figure('global_sessions'))}`,
      `znodes ${count(figure('znode_count'))} (${bytes(figure('approximate_data_size'))})`,
      `watches ${count(figure('watch_count'))}`,
      followers === undefined ? '' : `followers in sync ${count(followers)}`,
    ]
      .filter((part) => part !== '')
      .join('   '),
  ];
}

/** The newest first. */
function slowLines({ slow }: Look, columns: number, paint: Paint): string[] {
  if (slow.length === 0) return [];
  const lines = [...slow]
    .reverse()
    .slice(0, SLOW_MAX)
    .map((request) => {
      const stages = Object.entries((request.stages_ms ?? {}) as Readonly<Record<string, number>>)
        .filter(([, ms]) => ms > 0)
        .sort(([, a], [, b]) => b - a)
        .map(([stage, ms]) => `${stage} ${ms}`);
      const words = [
        request.replied_at,
        milliseconds(Number(request.total_ms)),
        request.operation,
        request.path ?? '',
        `(${stages.join(', ')})`,
      ];
      return cut(plain(words.map(String).join('  ')), columns);
    });
  return ['', paint('SLOW REQUESTS', Style.dim), ...lines];
}

// ---- tables

interface Head {
  readonly name: string;
  readonly width: number;
  readonly isLeft?: boolean;
}

const THREAD_HEADS: readonly Head[] = [
  { name: 'THREAD', width: 10, isLeft: true },
  { name: 'LOAD', width: BAR_WIDTH + 7, isLeft: true },
  { name: 'TURNS', width: 9 },
  { name: 'WAKES', width: 9 },
  { name: 'LONGEST', width: 9 },
  { name: 'ACTORS', width: 200, isLeft: true },
];
const ACTOR_HEADS: readonly Head[] = [
  { name: 'ACTOR', width: 18, isLeft: true },
  { name: 'THREAD', width: 8, isLeft: true },
  { name: 'RECORDS', width: 10 },
  { name: 'BUSY', width: 8 },
  { name: 'BATCH', width: 7 },
  { name: 'MOST', width: 7 },
  { name: 'PER REC', width: 9 },
  { name: 'WAITING', width: 8 },
  { name: 'BYTES', width: 9 },
  { name: 'MOST', width: 9 },
  { name: 'REFUSED', width: 8 },
  { name: 'HELD', width: 7 },
];

function threadCells(
  { now, load, turnsPerSecond, wakesPerSecond }: PipelineRates['threads'][number],
  paint: Paint,
): Cell[] {
  const filled = Math.round(load * BAR_WIDTH);
  const style = load > HOT ? Style.alarm : Style.good;
  const bar = paint('█'.repeat(filled), style) + paint('░'.repeat(BAR_WIDTH - filled), Style.dim);
  return [
    { text: plain(now.thread) },
    { text: `${bar} ${percent(load)}` },
    { text: rate(turnsPerSecond) },
    { text: rate(wakesPerSecond) },
    { text: milliseconds(now.turn_max_ms) },
    { text: plain(now.actors.join(' ')), style: Style.dim },
  ];
}

function actorCells({ now, recordsPerSecond, busy, batchMean, recordUs, refusalsPerSecond }: ActorRates): Cell[] {
  return [
    { text: plain(now.actor), style: recordsPerSecond > 0 ? Style.bold : undefined },
    { text: plain(now.thread) },
    { text: rate(recordsPerSecond) },
    { text: percent(busy), style: busy > HOT ? Style.alarm : undefined },
    { text: count(Math.round(batchMean * 10) / 10) },
    { text: count(now.batch_max) },
    { text: recordUs === 0 ? '' : microseconds(recordUs) },
    { text: count(now.waiting_records) },
    { text: bytes(now.waiting_bytes) },
    { text: bytes(now.waiting_bytes_max) },
    { text: count(now.refusals), style: refusalsPerSecond > 0 ? Style.alarm : undefined },
    { text: count(now.held_turns) },
  ];
}

function table(heads: readonly Head[], rows: readonly Cell[][], columns: number, paint: Paint): string[] {
  const headings = heads.map(({ name }): Cell => ({ text: name, style: Style.dim }));
  return [headings, ...rows].map((cells) => {
    let line = '';
    let used = 0;
    for (const [index, { width, isLeft }] of heads.entries()) {
      const room = Math.min(width, columns - used);
      const cell = cells[index];
      if (room <= 0 || cell === undefined) break;
      const text = fitted(cell.text, room, isLeft ?? false, index === heads.length - 1);
      line += cell.style === undefined ? text : paint(text, cell.style);
      used += Math.min(room, width) + 1;
      line += ' ';
    }
    return line.trimEnd();
  });
}

function inOrder({ actors }: PipelineRates, sort: SortColumn): readonly ActorRates[] {
  const by: Readonly<Record<Exclude<SortColumn, 'line'>, (actor: ActorRates) => number>> = {
    busy: ({ busy }) => busy,
    records: ({ recordsPerSecond }) => recordsPerSecond,
    waiting: ({ now }) => now.waiting_bytes,
    'per-record': ({ recordUs }) => recordUs,
  };
  return sort === 'line' ? actors : [...actors].sort((a, b) => by[sort](b) - by[sort](a));
}

/** What somebody should look at. */
function note(named: Named, { actors, threads }: PipelineRates, columns: number, paint: Paint): string[] {
  const words = [
    ...threads.filter(({ load }) => load > HOT).map(({ now }) => `thread ${now.thread} is busy`),
    ...actors
      .filter(({ refusalsPerSecond }) => refusalsPerSecond > 0)
      .map(({ now }) => `${now.actor} has no room for more`),
    ...actors
      .filter(({ now }) => now.restarts > 0)
      .map(({ now }) => `${now.actor} was restarted ${now.restarts} times`),
    Number(named.throttled_ops ?? 0) > 0 ? `${count(Number(named.throttled_ops))} operations were throttled` : '',
  ].filter((word) => word !== '');
  return words.length === 0 ? [] : ['', paint(cut(words.join('; '), columns), Style.alarm)];
}

// ---- text

const ESCAPE = '\u001b[';

function painted(text: string, style: string): string {
  return text === '' ? '' : `${ESCAPE}${style}m${text}${ESCAPE}0m`;
}

/** Colours have no width. */
function widthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences this file writes
  return text.replace(/\u001b\[\d+m/g, '').length;
}

function fitted(text: string, room: number, isLeft: boolean, isLast: boolean): string {
  const width = widthOf(text);
  if (width > room) return cut(text, room);
  if (isLeft) return isLast ? text : text + ' '.repeat(room - width);
  return ' '.repeat(room - width) + text;
}

/** Of text without colours, or whole. */
function cut(text: string, room: number): string {
  return widthOf(text) <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`;
}

function plain(text: string): string {
  return [...text].map((character) => (isControl(character.charCodeAt(0)) ? '?' : character)).join('');
}

function isControl(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}
