/**
 * Which paths have a quota, and which of these is the deepest at or above a path (client-protocol 8.1). Owned by the tree's
 * writer, on its thread; kept in the JavaScript heap, since nobody else asks. A look-up takes one pass over the path's
 * bytes and allocates nothing.
 *
 *   /a/b/c      hashes of /a, /a/b, /a/b/c in passing; a hash that is in the table is then compared by bytes
 *     ^  ^  ^
 */
import { equalBytes } from '../base/bytes.js';
import { encodeUtf8 } from '../base/utf8.js';

const SLASH = 0x2f;

/** Where everything about quotas lies. */
export const QUOTA_ROOT: Uint8Array = encodeUtf8('/zookeeper/quota');
export const LIMITS_NAME: Uint8Array = encodeUtf8('/zookeeper_limits');
export const STATS_NAME: Uint8Array = encodeUtf8('/zookeeper_stats');

export interface Quota {
  readonly path: Uint8Array;
  /** Of the node that holds its usage. */
  readonly statsPath: Uint8Array;
  next: Quota | null;
}

export class QuotaBook {
  private readonly table = new Map<number, Quota>();
  private quotas = 0;

  get count(): number {
    return this.quotas;
  }

  clear(): void {
    this.table.clear();
    this.quotas = 0;
  }

  /** Once or more often. The path has a slash in front, none behind, and is not the root. */
  add(bytes: Uint8Array, offset: number, length: number): void {
    const hash = hashOf(bytes, offset, length);
    const first = this.table.get(hash) ?? null;
    if (find(first, bytes, offset, length) !== null) return;
    const path = bytes.slice(offset, offset + length);
    const statsPath = new Uint8Array(QUOTA_ROOT.length + length + STATS_NAME.length);
    statsPath.set(QUOTA_ROOT);
    statsPath.set(path, QUOTA_ROOT.length);
    statsPath.set(STATS_NAME, QUOTA_ROOT.length + length);
    this.table.set(hash, { path, statsPath, next: first });
    this.quotas++;
  }

  remove(bytes: Uint8Array, offset: number, length: number): void {
    const hash = hashOf(bytes, offset, length);
    let previous: Quota | null = null;
    for (let quota = this.table.get(hash) ?? null; quota !== null; quota = quota.next) {
      if (isOf(quota, bytes, offset, length)) {
        if (previous !== null) previous.next = quota.next;
        else if (quota.next !== null) this.table.set(hash, quota.next);
        else this.table.delete(hash);
        this.quotas--;
        return;
      }
      previous = quota;
    }
  }

  /** The quota that counts what happens at this path. */
  deepest(bytes: Uint8Array, offset: number, length: number): Quota | null {
    let deepest: Quota | null = null;
    let hash = HASH_BASIS;
    for (let i = 0; i < length; i++) {
      const byte = bytes[offset + i];
      if (byte === SLASH && i > 0) deepest = find(this.table.get(hash) ?? null, bytes, offset, i) ?? deepest;
      hash = Math.imul(hash ^ byte, HASH_PRIME);
    }
    return find(this.table.get(hash) ?? null, bytes, offset, length) ?? deepest;
  }
}

const HASH_BASIS = 0x811c9dc5 | 0;
const HASH_PRIME = 0x01000193;

function hashOf(bytes: Uint8Array, offset: number, length: number): number {
  let hash = HASH_BASIS;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ bytes[offset + i], HASH_PRIME);
  return hash;
}

function find(first: Quota | null, bytes: Uint8Array, offset: number, length: number): Quota | null {
  for (let quota = first; quota !== null; quota = quota.next) if (isOf(quota, bytes, offset, length)) return quota;
  return null;
}

function isOf(quota: Quota, bytes: Uint8Array, offset: number, length: number): boolean {
  return quota.path.length === length && equalBytes(quota.path, 0, bytes, offset, length);
}
