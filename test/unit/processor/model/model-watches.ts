/**
 * The watches of one connection as simply as they can be written: two maps from path to the set of modes, every rule read
 * off client-protocol 7.1 to 7.6. Says which events are due, in their order; who may read what, and when, is for the judge.
 */
import { OpCode } from '../../../../src/protocol/op-code.js';
import { EventType } from '../../../../src/protocol/watch-event.js';
import type { Change, ModelAcl } from './model-tree.js';

type Mode = 'standard' | 'persistent' | 'recursive';
type TableName = 'data' | 'child';

export interface WatchRequest {
  readonly op: typeof OpCode.addWatch | typeof OpCode.checkWatches | typeof OpCode.removeWatches;
  readonly path: string | null;
  /** Mode or type. */
  readonly argument: number;
}

export interface WatchLists {
  readonly relativeZxid: bigint;
  readonly data: readonly string[];
  readonly exist: readonly string[];
  readonly child: readonly string[];
  /** Of setWatches2; undefined: the request is setWatches. */
  readonly lasting?: { readonly persistent: readonly string[]; readonly recursive: readonly string[] };
}

export interface DueEvent {
  readonly type: number;
  readonly path: string;
  readonly acl: ModelAcl;
}

export class ModelWatches {
  private readonly tables = {
    data: new Map<string | null, Set<Mode>>(),
    child: new Map<string | null, Set<Mode>>(),
  };

  get count(): number {
    return this.tables.data.size + this.tables.child.size;
  }

  add(table: TableName, mode: Mode, path: string | null): void {
    const modes = this.tables[table].get(path) ?? new Set<Mode>();
    this.tables[table].set(path, modes.add(mode));
  }

  /** The events that a change means for this connection. */
  fire({ kind, path, acl, parentAcl }: Change): DueEvent[] {
    const due: DueEvent[] = [];
    const wasAddressed = this.trigger('data', path);
    const type = { created: EventType.NodeCreated, deleted: EventType.NodeDeleted, changed: EventType.NodeDataChanged };
    const alsoChild = kind === 'deleted' && this.trigger('child', path);
    if (wasAddressed || alsoChild) due.push({ type: type[kind], path, acl });
    if (kind === 'changed') return due;
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    if (this.trigger('child', parent)) due.push({ type: EventType.NodeChildrenChanged, path: parent, acl: parentAcl });
    return due;
  }

  /** What the request is answered with; done at its place. */
  answer({ op, path, argument }: WatchRequest): { err: number; body: unknown } {
    if (op === OpCode.addWatch) {
      if (argument !== 0 && argument !== 1) return { err: -5, body: null };
      this.add('data', argument === 0 ? 'persistent' : 'recursive', path);
      if (argument === 0) this.add('child', 'persistent', path);
      return { err: 0, body: { err: 0 } };
    }
    const all: readonly (readonly [TableName, Mode])[] = [
      ['child', 'standard'],
      ['data', 'standard'],
      ['data', 'persistent'],
      ['child', 'persistent'],
      ['data', 'recursive'],
    ];
    const named = [null, all.slice(0, 1), all.slice(1, 2), all, all.slice(2, 4), all.slice(4)][argument] ?? null;
    if (named === null) return { err: -5, body: null };
    const there = named.filter(([table, mode]) => this.tables[table].get(path)?.has(mode) === true);
    if (op === OpCode.removeWatches) for (const [table, mode] of there) this.take(table, mode, path);
    return { err: there.length > 0 ? 0 : -121, body: null };
  }

  /** The events that setWatches makes up for; registers the other paths. */
  catchUp(lists: WatchLists, zxidsOf: (path: string) => { mzxid: bigint; pzxid: bigint } | null): [number, string][] {
    const due: [number, string][] = [];
    for (const path of lists.data) {
      const node = zxidsOf(path);
      if (node === null) due.push([EventType.NodeDeleted, path]);
      else if (node.mzxid > lists.relativeZxid) due.push([EventType.NodeDataChanged, path]);
      else this.add('data', 'standard', path);
    }
    for (const path of lists.exist) {
      if (zxidsOf(path) !== null) due.push([EventType.NodeCreated, path]);
      else this.add('data', 'standard', path);
    }
    for (const path of lists.child) {
      const node = zxidsOf(path);
      if (node === null) due.push([EventType.NodeDeleted, path]);
      else if (node.pzxid > lists.relativeZxid) due.push([EventType.NodeChildrenChanged, path]);
      else this.add('child', 'standard', path);
    }
    for (const path of lists.lasting?.persistent ?? []) {
      this.add('data', 'persistent', path);
      this.add('child', 'persistent', path);
    }
    for (const path of lists.lasting?.recursive ?? []) this.add('data', 'recursive', path);
    return due;
  }

  private trigger(table: TableName, path: string): boolean {
    const isAddressed = this.tables[table].has(path) || (table === 'data' && ancestorsOf(path).some(this.isRecursive));
    this.take(table, 'standard', path);
    return isAddressed;
  }

  private readonly isRecursive = (path: string): boolean => this.tables.data.get(path)?.has('recursive') === true;

  private take(table: TableName, mode: Mode, path: string | null): void {
    const modes = this.tables[table].get(path);
    modes?.delete(mode);
    if (modes?.size === 0) this.tables[table].delete(path);
  }
}

function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let at = path; at !== '/'; ) {
    at = at.slice(0, at.lastIndexOf('/')) || '/';
    ancestors.push(at);
  }
  return ancestors;
}
