/**
 * Watches of a history, connection by connection: an armed watch fires at the first change behind the zxid at which it was
 * set, once, before any reply that shows the change, and for nothing else. What changes there were is known from the replay.
 */
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { EventType, eventTypeName } from '../../../src/protocol/watch-event.js';
import { type HistoryEntry, type HistoryViolation, type WatchEvent, zxidText } from './history.js';
import type { Operated, Replayed } from './replay.js';
import type { Change } from './tree-model.js';

interface ConnectionWatches {
  /** Watch -> the zxid at which it was set. */
  readonly armed: Map<string, bigint>;
  /** Of a setWatches that is not answered yet: what has come meanwhile. */
  awaited: WatchEvent[] | null;
  lastEvent: bigint;
}

export function checkWatches(
  entries: readonly HistoryEntry[],
  operations: ReadonlyMap<number, Operated>,
  replayed: Replayed,
): HistoryViolation[] {
  return new WatchCheck(operations, replayed).run(entries);
}

class WatchCheck {
  private readonly found: HistoryViolation[] = [];
  private readonly operations: ReadonlyMap<number, Operated>;
  private readonly replayed: Replayed;
  private readonly changes = new Map<string, Change[]>();
  private readonly connections = new Map<number, ConnectionWatches>();

  constructor(operations: ReadonlyMap<number, Operated>, replayed: Replayed) {
    this.operations = operations;
    this.replayed = replayed;
    for (const change of replayed.changes) {
      const key = watchKey(change.path, change.isOfChildren);
      const list = this.changes.get(key);
      if (list === undefined) this.changes.set(key, [change]);
      else list.push(change);
    }
  }

  run(entries: readonly HistoryEntry[]): HistoryViolation[] {
    for (const entry of entries) {
      if (entry.kind === 'lost') this.connections.delete(entry.connection);
      else if (entry.kind === 'event') this.onEvent(entry);
      else if (entry.kind === 'invoke' && entry.op.kind === 'setWatches') this.watchesOf(entry.connection).awaited = [];
      else if (entry.kind === 'return') {
        const operation = this.operations.get(entry.id);
        if (operation !== undefined) this.onReturn(operation);
      }
    }
    return this.found;
  }

  private onReturn(operation: Operated): void {
    const { op, outcome, connection } = operation;
    if (outcome === null) return;
    const watches = this.watchesOf(connection);
    for (const [key, since] of watches.armed) {
      const change = this.firstChange(key, since);
      if (change === undefined || change.zxid > outcome.zxid) continue;
      this.found.push({
        rule: 'lost watch',
        text: `connection ${connection}: no ${eventTypeName(change.type)} ${change.path} ${zxidText(change.zxid)} before a reply at ${zxidText(outcome.zxid)}`,
      });
      watches.armed.delete(key);
    }
    if (outcome.zxid < watches.lastEvent && outcome.err !== ErrorCode.SessionExpired) {
      this.found.push({
        rule: 'session order',
        text: `connection ${connection}: a reply at ${zxidText(outcome.zxid)} behind an event of ${zxidText(watches.lastEvent)}`,
      });
    }
    if (op.kind === 'setWatches') this.onWatchesSet(operation, watches, outcome.zxid);
    if (op.kind !== 'getData' && op.kind !== 'exists' && op.kind !== 'getChildren') return;
    if (!op.isWatching) return;
    const isSet = outcome.err === 0 || (op.kind === 'exists' && outcome.err === ErrorCode.NoNode);
    const key = watchKey(op.path, op.kind === 'getChildren');
    if (isSet && !watches.armed.has(key)) watches.armed.set(key, outcome.zxid);
  }

  private onWatchesSet(operation: Operated, watches: ConnectionWatches, zxid: bigint): void {
    const events = watches.awaited ?? [];
    watches.awaited = null;
    if (operation.outcome?.err !== 0) return;
    const set = this.replayed.watchesSet.get(operation.id);
    if (set === undefined) return;
    for (const { path, type } of set.fired) {
      const at = events.findIndex((event) => event.path === path && event.type === type);
      if (at >= 0) events.splice(at, 1);
      else if (!set.fired.some((other) => other.path === path && other.type !== type)) {
        this.found.push({
          rule: 'lost watch',
          text: `connection ${operation.connection}: no ${eventTypeName(type)} ${path} before the watches were set again at ${zxidText(zxid)}`,
        });
      }
    }
    for (const event of events) {
      if (!set.fired.some((due) => due.path === event.path)) this.spurious(event, 'was not due');
    }
    for (const { path, isOfChildren } of set.armed) watches.armed.set(watchKey(path, isOfChildren), zxid);
  }

  private onEvent(event: WatchEvent): void {
    const watches = this.watchesOf(event.connection);
    if (watches.awaited !== null) {
      watches.awaited.push(event);
      return;
    }
    const keys =
      event.type === EventType.NodeChildrenChanged
        ? [watchKey(event.path, true)]
        : event.type === EventType.NodeDeleted
          ? [watchKey(event.path, false), watchKey(event.path, true)]
          : [watchKey(event.path, false)];
    let isDue = false;
    for (const key of keys) {
      const since = watches.armed.get(key);
      const change = since === undefined ? undefined : this.firstChange(key, since);
      if (change === undefined || change.type !== event.type) continue;
      if (event.zxid >= 0n && event.zxid !== change.zxid) {
        this.spurious(event, `is told as ${zxidText(event.zxid)}, and was ${zxidText(change.zxid)}`);
      }
      if (change.zxid < watches.lastEvent) {
        this.spurious(event, `of ${zxidText(change.zxid)} behind one of ${zxidText(watches.lastEvent)}`);
      }
      watches.lastEvent = change.zxid;
      watches.armed.delete(key);
      isDue = true;
    }
    if (!isDue) this.spurious(event, 'was not due');
  }

  private spurious(event: WatchEvent, why: string): void {
    this.found.push({
      rule: 'spurious event',
      text: `connection ${event.connection}: ${eventTypeName(event.type)} ${event.path} ${why}`,
    });
  }

  private firstChange(key: string, since: bigint): Change | undefined {
    const list = this.changes.get(key) ?? [];
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle].zxid > since) high = middle;
      else low = middle + 1;
    }
    return list[low];
  }

  private watchesOf(connection: number): ConnectionWatches {
    let watches = this.connections.get(connection);
    if (watches === undefined) {
      watches = { armed: new Map(), awaited: null, lastEvent: 0n };
      this.connections.set(connection, watches);
    }
    return watches;
  }
}

function watchKey(path: string, isOfChildren: boolean): string {
  return `${isOfChildren ? 'children' : 'node'} ${path}`;
}
