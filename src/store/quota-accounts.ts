/**
 * Counts what stands under each quota (client-protocol 8.3, persistence 3.6): part of applying a transaction, the same live
 * and at replay, and written without a transaction, so that a stats node's version, times and watches never tell of it.
 *
 *   /zookeeper/quota/a/b/zookeeper_limits     is there: /a/b has a quota
 *   /zookeeper/quota/a/b/zookeeper_stats      count=<nodes>,bytes=<data bytes> of /a/b and all below it
 *
 * Owned by the data tree, on its thread; every call must stand inside a write section. Says nothing and enforces nothing
 * (prep does), and a tree without quotas does not come here at all: the tree looks at `inForce` first.
 */
import { equalBytes } from '../base/bytes.js';
import type { ChildList } from './child-list.js';
import { LIMITS_NAME, QUOTA_ROOT, QuotaBook, STATS_NAME } from './quota-book.js';
import { QuotaKey, QuotaText } from './quota-text.js';
import type { TreeReader } from './tree-reader.js';

const SLASH = 0x2f;

export type ReplaceData = (ref: number, data: Uint8Array, offset: number, length: number) => void;

export class QuotaAccounts {
  /** A stats node was created, and the server has still to fill it. The reply to its create shows it as the client sent it. */
  recountDue = false;

  private readonly reader: TreeReader;
  private readonly children: ChildList;
  private readonly replaceData: ReplaceData;
  private readonly book = new QuotaBook();
  private readonly text = new QuotaText();
  private $data = new Uint8Array(128);
  /** Of the new stats node. */
  private $duePath = new Uint8Array(128);
  private duePathLength = 0;
  private dueDataLength = 0;
  /** The path kept last. */
  private $path = new Uint8Array(256);
  private readonly $walk: number[] = [];

  constructor(reader: TreeReader, children: ChildList, replaceData: ReplaceData) {
    this.reader = reader;
    this.children = children;
    this.replaceData = replaceData;
  }

  /** Quotas in force. */
  get inForce(): number {
    return this.book.count;
  }

  clear(): void {
    this.book.clear();
    this.recountDue = false;
  }

  /** Called for a new node when a quota is in force or the path may be that of a quota's own node. */
  onCreated(path: Uint8Array, offset: number, length: number, dataLength: number): void {
    if (this.recountDue) this.recountNew();
    if (isLimits(path, offset, length)) {
      this.book.add(path, offset + QUOTA_ROOT.length, length - QUOTA_ROOT.length - LIMITS_NAME.length);
    } else if (isStats(path, offset, length)) {
      if (this.$duePath.length < length) this.$duePath = new Uint8Array(length * 2);
      this.$duePath.set(path.subarray(offset, offset + length));
      this.duePathLength = length;
      this.dueDataLength = dataLength;
      this.recountDue = true;
      return;
    }
    this.account(path, offset, length, 1, Math.max(dataLength, 0));
  }

  onDataChanged(path: Uint8Array, offset: number, length: number, difference: number): void {
    this.account(path, offset, length, 0, difference);
  }

  /** Keeps the path of a node that is about to go; returns its length. */
  keepPath(ref: number): number {
    const length = this.reader.pathLength(ref);
    if (this.$path.length < length) this.$path = new Uint8Array(length * 2);
    this.reader.copyPath(ref, this.$path, 0);
    return length;
  }

  /** The node whose path of that length was kept is gone, and so are its bytes of data. */
  onRemoved(length: number, dataBytes: number): void {
    const path = this.$path;
    if (isLimits(path, 0, length)) {
      this.book.remove(path, QUOTA_ROOT.length, length - QUOTA_ROOT.length - LIMITS_NAME.length);
    }
    this.account(path, 0, length, -1, -dataBytes);
  }

  /** Fills the stats node that was created last. */
  recountNew(): void {
    this.recountDue = false;
    const length = this.duePathLength;
    const path = this.$duePath;
    this.recount(path, QUOTA_ROOT.length, length - QUOTA_ROOT.length - STATS_NAME.length, path, length);
    this.account(path, 0, length, 1, Math.max(this.dueDataLength, 0));
  }

  /** A database was loaded: finds all quotas, and counts anew what stands under them. */
  recountAll(): void {
    this.clear();
    const root = this.reader.find(QUOTA_ROOT, 0, QUOTA_ROOT.length);
    if (root === 0) return;
    const found: Uint8Array[] = [];
    this.walk(root, (ref) => {
      const length = this.keepPath(ref);
      if (this.children.count(ref) > 0 || !isLimits(this.$path, 0, length)) return;
      found.push(this.$path.slice(QUOTA_ROOT.length, length - LIMITS_NAME.length));
    });
    for (const path of found) {
      this.book.add(path, 0, path.length);
      const statsPath = new Uint8Array([...QUOTA_ROOT, ...path, ...STATS_NAME]);
      this.recount(path, 0, path.length, statsPath, statsPath.length);
    }
  }

  /** Adds the differences to the usage of the deepest quota, if that has a stats node. */
  private account(path: Uint8Array, offset: number, length: number, countDiff: number, bytesDiff: number): void {
    if (this.book.count === 0) return;
    const quota = this.book.deepest(path, offset, length);
    if (quota === null) return;
    const ref = this.reader.find(quota.statsPath, 0, quota.statsPath.length);
    if (ref === 0) return;
    const dataLength = this.reader.dataLength(ref);
    if (this.$data.length < dataLength) this.$data = new Uint8Array(dataLength * 2);
    if (dataLength > 0) this.reader.copyData(ref, this.$data, 0, dataLength);
    const { text } = this;
    text.parse(this.$data, 0, dataLength, 0);
    text.add(QuotaKey.count, countDiff);
    text.add(QuotaKey.bytes, bytesDiff);
    text.encode();
    this.replaceData(ref, text.bytes, 0, text.length);
  }

  private recount(
    path: Uint8Array,
    offset: number,
    length: number,
    statsPath: Uint8Array,
    statsPathLength: number,
  ): void {
    const stats = this.reader.find(statsPath, 0, statsPathLength);
    if (stats === 0) return;
    let count = 0;
    let byteCount = 0;
    const top = this.reader.find(path, offset, length);
    if (top !== 0) {
      this.walk(top, (ref) => {
        count++;
        byteCount += Math.max(this.reader.dataLength(ref), 0);
      });
    }
    const { text } = this;
    text.clear();
    text.set(QuotaKey.count, count);
    text.set(QuotaKey.bytes, byteCount);
    text.encode();
    this.replaceData(stats, text.bytes, 0, text.length);
  }

  /** The node and all below it. */
  private walk(top: number, visit: (ref: number) => void): void {
    const stack = this.$walk;
    stack.push(top);
    for (let ref = stack.pop(); ref !== undefined; ref = stack.pop()) {
      visit(ref);
      const count = this.children.count(ref);
      for (let i = 0; i < count; i++) stack.push(this.children.at(ref, i));
    }
  }
}

/** A limits node of anything but the root: one directly below the quota node means nothing (client-protocol 8.4, [D]). */
function isLimits(path: Uint8Array, offset: number, length: number): boolean {
  return (
    length > QUOTA_ROOT.length + LIMITS_NAME.length &&
    equalBytes(path, offset + length - LIMITS_NAME.length, LIMITS_NAME, 0, LIMITS_NAME.length) &&
    equalBytes(path, offset, QUOTA_ROOT, 0, QUOTA_ROOT.length) &&
    path[offset + QUOTA_ROOT.length] === SLASH
  );
}

/** Also the one directly below the quota node, which is filled once, with the whole tree. */
function isStats(path: Uint8Array, offset: number, length: number): boolean {
  return (
    length >= QUOTA_ROOT.length + STATS_NAME.length &&
    equalBytes(path, offset + length - STATS_NAME.length, STATS_NAME, 0, STATS_NAME.length) &&
    equalBytes(path, offset, QUOTA_ROOT, 0, QUOTA_ROOT.length) &&
    path[offset + QUOTA_ROOT.length] === SLASH
  );
}
