/**
 * Turns what a transaction changed into watch events for the connections of one shard (client-protocol 7.2 to 7.4), and
 * does what requests ask of their connection's watches (7.5, 7.6).
 *
 * Owns the shard's watch table. Reads change lists (processor/change-list.ts), decides who is addressed and who may hear of
 * it, and hands each event to `notify`; it sends nothing itself and never looks at the tree.
 */
import { assert } from '../base/assert.js';
import { readInt32 } from '../base/bytes.js';
import { type AclPolicy, type Identity, Permission, parseStoredAcl } from '../processor/acl.js';
import { ChangeKind, LAST_CHANGE_KIND } from '../processor/change-list.js';
import { RecentlyParsed } from '../processor/recently-parsed.js';
import { ErrorCode } from '../protocol/error-code.js';
import { EventType, WatcherType } from '../protocol/watch-event.js';
import type { PathHash } from '../store/path-hash.js';
import { WatchManager } from '../watch/watch-manager.js';
import { ANY_MODE, WatchMode, WatchTable } from '../watch/watch-mode.js';

export interface Watcher {
  readonly identities: readonly Identity[];
}

export type Notify<W> = (
  watcher: W,
  eventType: number,
  bytes: Uint8Array,
  pathOffset: number,
  pathLength: number,
) => void;

/** An event that has watchers, whether or not they may hear of it. */
export type Triggered = (eventType: number, watchers: number) => void;

const SLASH = 0x2f;

export class WatchNotifier<W extends Watcher> {
  readonly watches: WatchManager<W>;
  private readonly aclPolicy: AclPolicy;
  private readonly notify: Notify<W>;
  private readonly triggered: Triggered;
  private readonly lists = new RecentlyParsed(parseStoredAcl);
  /** Of the trigger in work; empty between. */
  private readonly addressed: W[] = [];

  constructor(aclPolicy: AclPolicy, hash: PathHash, notify: Notify<W>, triggered: Triggered) {
    this.aclPolicy = aclPolicy;
    this.triggered = triggered;
    this.watches = new WatchManager<W>(hash);
    this.notify = notify;
  }

  /**
   * All entries of a change list: changes for the watchers, actions for `own`, the asking connection if it is still there.
   * Returns the error with which an action failed, or Ok.
   */
  process(bytes: Uint8Array, offset: number, length: number, own: W | undefined): number {
    let error: number = ErrorCode.Ok;
    let position = offset;
    const end = offset + length;
    while (position < end) {
      const kind = readInt32(bytes, position);
      const pathLength = readInt32(bytes, position + 4);
      const path = position + 8;
      if (kind > LAST_CHANGE_KIND) {
        position = path + Math.max(pathLength, 0);
        if (own !== undefined) error = this.act(kind, bytes, path, pathLength, own) || error;
        continue;
      }
      const acl = path + pathLength;
      const parentAcl = acl + 4 + readInt32(bytes, acl);
      position = parentAcl + 4 + readInt32(bytes, parentAcl);
      if (!this.watches.isEmpty) this.fireChange(kind, bytes, path, pathLength, acl, parentAcl);
    }
    return error;
  }

  /** One action of a connection; NoWatcher when it names a watch that is not there. */
  act(kind: number, bytes: Uint8Array, path: number, pathLength: number, own: W): number {
    const { watches } = this;
    switch (kind) {
      case ChangeKind.addData:
        watches.add(WatchTable.data, WatchMode.standard, bytes, path, pathLength, own);
        return ErrorCode.Ok;
      case ChangeKind.addChild:
        watches.add(WatchTable.child, WatchMode.standard, bytes, path, pathLength, own);
        return ErrorCode.Ok;
      case ChangeKind.addPersistent:
        watches.add(WatchTable.data, WatchMode.persistent, bytes, path, pathLength, own);
        watches.add(WatchTable.child, WatchMode.persistent, bytes, path, pathLength, own);
        return ErrorCode.Ok;
      case ChangeKind.addRecursive:
        watches.add(WatchTable.data, WatchMode.recursive, bytes, path, pathLength, own);
        return ErrorCode.Ok;
    }
    if (kind >= ChangeKind.removeBase) {
      const removed = this.remove(kind - ChangeKind.removeBase, bytes, path, pathLength, own);
      return removed ? ErrorCode.Ok : ErrorCode.NoWatcher;
    }
    if (kind >= ChangeKind.checkBase) {
      const there = this.has(kind - ChangeKind.checkBase, bytes, path, pathLength, own);
      return there ? ErrorCode.Ok : ErrorCode.NoWatcher;
    }
    assert(kind >= ChangeKind.eventBase, 'an action of a kind that is none');
    this.notify(own, kind - ChangeKind.eventBase, bytes, path, pathLength);
    return ErrorCode.Ok;
  }

  private has(type: number, bytes: Uint8Array, path: number, length: number, own: W): boolean {
    const { watches } = this;
    const { data, child } = WatchTable;
    switch (type) {
      case WatcherType.Children:
        return watches.has(child, WatchMode.standard, bytes, path, length, own);
      case WatcherType.Data:
        return watches.has(data, WatchMode.standard, bytes, path, length, own);
      case WatcherType.Any:
        return (
          watches.has(child, ANY_MODE, bytes, path, length, own) ||
          watches.has(data, ANY_MODE, bytes, path, length, own)
        );
      case WatcherType.Persistent:
        return watches.has(data, WatchMode.persistent, bytes, path, length, own);
      case WatcherType.PersistentRecursive:
        return watches.has(data, WatchMode.recursive, bytes, path, length, own);
      default:
        return assert(false, 'a kind of watch that is none') as never;
    }
  }

  /** Whether there was one of that type, as `has` says. */
  private remove(type: number, bytes: Uint8Array, path: number, length: number, own: W): boolean {
    const { watches } = this;
    const { data, child } = WatchTable;
    switch (type) {
      case WatcherType.Children:
        return watches.remove(child, WatchMode.standard, bytes, path, length, own);
      case WatcherType.Data:
        return watches.remove(data, WatchMode.standard, bytes, path, length, own);
      case WatcherType.Any: {
        const hadChild = watches.remove(child, ANY_MODE, bytes, path, length, own);
        return watches.remove(data, ANY_MODE, bytes, path, length, own) || hadChild;
      }
      case WatcherType.Persistent: {
        const hadChild = watches.remove(child, WatchMode.persistent, bytes, path, length, own);
        return watches.remove(data, WatchMode.persistent, bytes, path, length, own) || hadChild;
      }
      case WatcherType.PersistentRecursive:
        return watches.remove(data, WatchMode.recursive, bytes, path, length, own);
      default:
        return assert(false, 'a kind of watch that is none') as never;
    }
  }

  private fireChange(
    kind: number,
    bytes: Uint8Array,
    path: number,
    pathLength: number,
    acl: number,
    parentAcl: number,
  ): void {
    const { watches, addressed } = this;
    if (kind === ChangeKind.dataChanged) {
      watches.trigger(WatchTable.data, bytes, path, pathLength, addressed);
      this.deliver(EventType.NodeDataChanged, bytes, path, pathLength, acl);
      return;
    }
    watches.trigger(WatchTable.data, bytes, path, pathLength, addressed);
    if (kind === ChangeKind.created) {
      this.deliver(EventType.NodeCreated, bytes, path, pathLength, acl);
    } else {
      // A connection that watches data and children of the node hears of its end once.
      watches.triggerAlso(WatchTable.child, bytes, path, pathLength, addressed);
      this.deliver(EventType.NodeDeleted, bytes, path, pathLength, acl);
    }
    let parentLength = pathLength - 1;
    while (parentLength > 0 && bytes[path + parentLength] !== SLASH) parentLength--;
    parentLength = Math.max(parentLength, 1);
    watches.trigger(WatchTable.child, bytes, path, parentLength, addressed);
    this.deliver(EventType.NodeChildrenChanged, bytes, path, parentLength, parentAcl);
  }

  /** To all who are addressed and may read the node; `acl` is where the length of its list stands. */
  private deliver(eventType: number, bytes: Uint8Array, path: number, pathLength: number, acl: number): void {
    const { addressed } = this;
    if (addressed.length === 0) return;
    this.triggered(eventType, addressed.length);
    const aclLength = readInt32(bytes, acl);
    const entries = aclLength === 0 ? null : this.lists.get(bytes, acl + 4, aclLength);
    for (const watcher of addressed) {
      if (entries !== null && !this.aclPolicy.allows(entries, Permission.read, watcher.identities)) continue;
      this.notify(watcher, eventType, bytes, path, pathLength);
    }
    addressed.length = 0;
  }
}
