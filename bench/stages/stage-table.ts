/**
 * Turns counters and thread times of one measured interval into the stage table: what each actor took, in which batches,
 * how deep its mailboxes were and what a record cost. Whatever else was counted is listed as it is.
 */
import type { ThreadCpu } from '../../test/testing/proc-stat.js';
import type { Counters } from './server-counters.js';

export interface StageRow {
  readonly actor: string;
  readonly recordsPerSecond: number;
  readonly batch: number;
  readonly batchMax: number;
  /** Time spent with its records, per record. */
  readonly usPerRecord: number;
  readonly busyShare: number;
  /** Over all its mailboxes: the most bytes that ever waited, and what was refused for lack of room. */
  readonly depthBytesMax: number;
  readonly refusals: number;
  readonly spilled: number;
}

/** A thread as the runtime sees it. */
export interface TurnRow {
  readonly thread: string;
  readonly turnsPerSecond: number;
  readonly idleShare: number;
  readonly recordsPerTurn: number;
  readonly busyShare: number;
  readonly turnMaxMs: number;
  readonly wakesPerSecond: number;
}

/** A thread as the kernel sees it, in the order of creation: the main thread first, then Node's own, then our workers. */
export interface ThreadRow {
  readonly name: string;
  readonly cores: number;
  readonly usPerOperation: number;
}

export interface OtherCounter {
  readonly owner: string;
  readonly name: string;
  readonly value: number;
}

const ACTOR_COUNTERS = ['batches', 'records', 'batch_max', 'busy_ms'];
const TURN_COUNTERS = ['turns', 'idle_turns', 'records', 'busy_ms', 'turn_max_ms', 'wakes_sent'];
const SHOWN = new Set([...ACTOR_COUNTERS, ...TURN_COUNTERS]);
const LINK = /^(.+)_to_(.+?)_(records|publishes|refusals|spilled|large|depth_bytes|depth_bytes_max)$/;

function mailboxesOf(actor: string, counted: Counters): { depthBytesMax: number; refusals: number; spilled: number } {
  const sums = { depthBytesMax: 0, refusals: 0, spilled: 0 };
  for (const names of counted.values()) {
    for (const [name, value] of names) {
      const link = LINK.exec(name);
      if (link === null || link[2] !== actor) continue;
      if (link[3] === 'depth_bytes_max') sums.depthBytesMax = Math.max(sums.depthBytesMax, value);
      if (link[3] === 'refusals') sums.refusals += value;
      if (link[3] === 'spilled') sums.spilled += value;
    }
  }
  return sums;
}

export function stageRows(counted: Counters, seconds: number): StageRow[] {
  const rows: StageRow[] = [];
  for (const [actor, names] of counted) {
    const [batches, records, batchMax, busyMs] = ACTOR_COUNTERS.map((name) => names.get(name));
    if (batches === undefined || records === undefined || batchMax === undefined || busyMs === undefined) continue;
    rows.push({
      actor,
      recordsPerSecond: records / seconds,
      batch: batches === 0 ? 0 : records / batches,
      batchMax,
      usPerRecord: records === 0 ? 0 : (busyMs * 1000) / records,
      busyShare: busyMs / 1000 / seconds,
      ...mailboxesOf(actor, counted),
    });
  }
  return rows;
}

export function turnRows(counted: Counters, seconds: number): TurnRow[] {
  const rows: TurnRow[] = [];
  for (const [thread, names] of counted) {
    const [turns, idleTurns, records, busyMs, turnMaxMs, wakes] = TURN_COUNTERS.map((name) => names.get(name));
    if (turns === undefined || idleTurns === undefined) continue;
    rows.push({
      thread,
      turnsPerSecond: turns / seconds,
      idleShare: turns === 0 ? 0 : idleTurns / turns,
      recordsPerTurn: turns === idleTurns ? 0 : (records ?? 0) / (turns - idleTurns),
      busyShare: (busyMs ?? 0) / 1000 / seconds,
      turnMaxMs: turnMaxMs ?? 0,
      wakesPerSecond: (wakes ?? 0) / seconds,
    });
  }
  return rows;
}

/** Counters that the tables do not show, without those that stayed 0. */
export function otherCounters(counted: Counters): OtherCounter[] {
  return [...counted].flatMap(([owner, names]) =>
    [...names]
      .filter(([name, value]) => value !== 0 && !LINK.test(name) && !SHOWN.has(name))
      .map(([name, value]) => ({ owner, name, value })),
  );
}

export function threadRows(
  before: readonly ThreadCpu[],
  after: readonly ThreadCpu[],
  seconds: number,
  operations: number,
): ThreadRow[] {
  return after
    .map(({ tid, name, cpuMs }, position) => {
      const usedMs = cpuMs - (before.find((thread) => thread.tid === tid)?.cpuMs ?? 0);
      return {
        name: `${position} ${name}`,
        cores: usedMs / 1000 / seconds,
        usPerOperation: (usedMs * 1000) / Math.max(1, operations),
      };
    })
    .filter(({ cores }) => cores >= 0.005);
}
