/**
 * Turns what a transaction changed into watch events for the connections of one shard (client-protocol 7.2 to 7.4).
 *
 * Owns the shard's watch table. Reads change lists (processor/change-list.ts), decides who is addressed and who may hear of
 * it, and hands each event to `notify`; it sends nothing itself and never looks at the tree.
 */
import { readInt32 } from '../base/bytes.js';
import { latin1 } from '../base/utf8.js';
import { type AclEntry, type AclPolicy, type Identity, Permission, parseStoredAcl } from '../processor/acl.js';
import { ChangeKind } from '../processor/change-list.js';
import { EventType } from '../protocol/watch-event.js';
import { WatchManager, WatchTable } from '../watch/watch-manager.js';

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

export class WatchNotifier<W extends Watcher> {
  readonly watches = new WatchManager<W>();
  private readonly aclPolicy: AclPolicy;
  private readonly notify: Notify<W>;
  // Of the trigger in work; members, so that triggering allocates no closure.
  private eventType = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  private pathOffset = 0;
  private pathLength = 0;
  private acl: readonly AclEntry[] | null = null;
  private addressed: Set<W> | null = null;

  constructor(aclPolicy: AclPolicy, notify: Notify<W>) {
    this.aclPolicy = aclPolicy;
    this.notify = notify;
  }

  /** All entries of a change list; kinds that are meant for one connection go to `own`, the others to the watchers. */
  process(bytes: Uint8Array, offset: number, length: number, own: W | undefined): void {
    let position = offset;
    const end = offset + length;
    while (position < end) {
      const kind = readInt32(bytes, position);
      const pathLength = readInt32(bytes, position + 4);
      const path = position + 8;
      const aclLength = readInt32(bytes, path + pathLength);
      const acl = path + pathLength + 4;
      const parentAclLength = readInt32(bytes, acl + aclLength);
      const parentAcl = acl + aclLength + 4;
      position = parentAcl + parentAclLength;
      if (kind >= ChangeKind.eventBase) {
        if (own !== undefined) this.notify(own, kind - ChangeKind.eventBase, bytes, path, pathLength);
      } else if (kind === ChangeKind.registerData || kind === ChangeKind.registerChild) {
        const table = kind === ChangeKind.registerData ? WatchTable.data : WatchTable.child;
        if (own !== undefined) this.watches.add(table, latin1(bytes, path, pathLength), own);
      } else if (!this.watches.isEmpty) {
        this.fireChange(kind, bytes, path, pathLength, acl, aclLength, parentAcl, parentAclLength);
      }
    }
  }

  private fireChange(
    kind: number,
    bytes: Uint8Array,
    path: number,
    pathLength: number,
    acl: number,
    aclLength: number,
    parentAcl: number,
    parentAclLength: number,
  ): void {
    this.bytes = bytes;
    this.pathOffset = path;
    this.pathLength = pathLength;
    this.acl = aclLength === 0 ? null : parseStoredAcl(bytes, acl, aclLength);
    const key = latin1(bytes, path, pathLength);
    if (kind === ChangeKind.dataChanged) {
      this.fire(WatchTable.data, key, EventType.NodeDataChanged);
      return;
    }
    if (kind === ChangeKind.created) {
      this.fire(WatchTable.data, key, EventType.NodeCreated);
    } else {
      // A connection that watches data and children of the node hears of its end once.
      const addressed = new Set<W>();
      this.addressed = addressed;
      this.fire(WatchTable.data, key, EventType.NodeDeleted);
      this.fire(WatchTable.child, key, EventType.NodeDeleted);
      this.addressed = null;
    }
    const slash = key.lastIndexOf('/');
    const parentLength = slash === 0 ? 1 : slash;
    this.pathLength = parentLength;
    this.acl = parentAclLength === 0 ? null : parseStoredAcl(bytes, parentAcl, parentAclLength);
    this.fire(WatchTable.child, key.slice(0, parentLength), EventType.NodeChildrenChanged);
  }

  private fire(table: WatchTable, key: string, eventType: number): void {
    this.eventType = eventType;
    this.watches.trigger(table, key, this.deliver);
  }

  /** A one-shot watch is used up even if its owner may not hear of the event. */
  private readonly deliver = (watcher: W): void => {
    if (this.addressed !== null) {
      if (this.addressed.has(watcher)) return;
      this.addressed.add(watcher);
    }
    if (this.acl !== null && !this.aclPolicy.allows(this.acl, Permission.read, watcher.identities)) return;
    this.notify(watcher, this.eventType, this.bytes, this.pathOffset, this.pathLength);
  };
}
