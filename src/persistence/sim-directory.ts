// The names in one directory of a SimFileStore: those that callers see, those that are on the disk for good, and the
// changes between the two, of which a crash keeps the oldest so many. For tests and the simulator; it must never make a
// name durable that its directory was not synced for.

import type { SimContent } from './sim-content.js';

type PendingName =
  | { readonly kind: 'add'; readonly name: string; readonly content: SimContent }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string };

export class SimDirectory {
  readonly names = new Map<string, SimContent>();
  readonly durableNames = new Map<string, SimContent>();
  private pending: PendingName[] = [];

  get pendingCount(): number {
    return this.pending.length;
  }

  add(name: string, content: SimContent): void {
    this.change({ kind: 'add', name, content });
  }

  remove(name: string): void {
    this.change({ kind: 'remove', name });
  }

  rename(from: string, to: string): void {
    this.change({ kind: 'rename', from, to });
  }

  /** A file that was there all along. */
  place(name: string, content: SimContent): void {
    this.names.set(name, content);
    this.durableNames.set(name, content);
  }

  sync(): void {
    for (const change of this.pending) applyName(this.durableNames, change);
    this.pending = [];
  }

  /** The machine stopped: of the changes that were not synced the `kept` oldest had happened. */
  crash(kept: number): void {
    for (let i = 0; i < kept; i++) applyName(this.durableNames, this.pending[i]);
    this.pending = [];
    this.names.clear();
    for (const [name, content] of this.durableNames) this.names.set(name, content);
  }

  clone(cloneOf: (content: SimContent) => SimContent): SimDirectory {
    const copy = new SimDirectory();
    for (const [name, content] of this.names) copy.names.set(name, cloneOf(content));
    for (const [name, content] of this.durableNames) copy.durableNames.set(name, cloneOf(content));
    copy.pending = this.pending.map((change) =>
      change.kind === 'add' ? { ...change, content: cloneOf(change.content) } : change,
    );
    return copy;
  }

  private change(change: PendingName): void {
    applyName(this.names, change);
    this.pending.push(change);
  }
}

function applyName(names: Map<string, SimContent>, change: PendingName): void {
  if (change.kind === 'add') {
    names.set(change.name, change.content);
  } else if (change.kind === 'remove') {
    names.delete(change.name);
  } else {
    const content = names.get(change.from);
    names.delete(change.from);
    if (content !== undefined) names.set(change.to, content);
  }
}
