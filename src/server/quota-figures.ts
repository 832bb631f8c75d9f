/**
 * What quotas allow and what stands under them, added up by the first component of their paths (operations 4.2): read from the quota
 * nodes of the shared tree, on the main thread, in slices that are short beside anything a client waits for. Keeps nothing.
 * A quota that changes under the reader is left out of that reading, and of a tree with more quotas than NODES_MAX nodes the rest.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import { QuotaKey, QuotaText } from '../store/quota-text.js';
import type { TreeReader } from '../store/tree-reader.js';

const QUOTA_ROOT = '/zookeeper/quota';
const LIMITS = '/zookeeper_limits';
const STATS = '/zookeeper_stats';
const NODES_MAX = 20_000;
const NODES_PER_SLICE = 100;
const NAMES_BYTES_MAX = 1 << 18;
const DATA_BYTES_MAX = 4096;
const TRIES = 8;
const ABSENT = -1;

export interface QuotaSets {
  readonly quota_count_limit_per_namespace: Readonly<Record<string, number>>;
  readonly quota_bytes_limit_per_namespace: Readonly<Record<string, number>>;
  readonly quota_count_usage_per_namespace: Readonly<Record<string, number>>;
  readonly quota_bytes_usage_per_namespace: Readonly<Record<string, number>>;
}

interface QuotaNode {
  readonly children: readonly string[];
  /** Null: none. */
  readonly data: Uint8Array | null;
}

export async function readQuotas(tree: TreeReader): Promise<QuotaSets> {
  const sums = {
    quota_count_limit_per_namespace: Object.create(null) as Record<string, number>,
    quota_bytes_limit_per_namespace: Object.create(null) as Record<string, number>,
    quota_count_usage_per_namespace: Object.create(null) as Record<string, number>,
    quota_bytes_usage_per_namespace: Object.create(null) as Record<string, number>,
  };
  const add = (set: keyof typeof sums, path: string, value: number): void => {
    const namespace = path.split('/', 2)[1];
    if (namespace !== '') sums[set][namespace] = (sums[set][namespace] ?? 0) + value;
  };
  const text = new QuotaText();
  const paths = [QUOTA_ROOT];
  let seen = 0;
  for (let path = paths.pop(); path !== undefined && seen < NODES_MAX; path = paths.pop()) {
    if (++seen % NODES_PER_SLICE === 0) await nextTurn();
    const node = readNode(tree, path);
    if (node === null) continue;
    for (const name of node.children) paths.push(`${path}/${name}`);
    if (node.children.length > 0) continue;
    if (path.endsWith(LIMITS)) {
      text.parse(node.data ?? NO_DATA, 0, node.data?.length ?? -1, -1);
      const of = path.slice(QUOTA_ROOT.length, -LIMITS.length);
      add('quota_count_limit_per_namespace', of, hardBeforeSoft(text, QuotaKey.countHardLimit, QuotaKey.count));
      add('quota_bytes_limit_per_namespace', of, hardBeforeSoft(text, QuotaKey.byteHardLimit, QuotaKey.bytes));
    } else if (path.endsWith(STATS)) {
      text.parse(node.data ?? NO_DATA, 0, node.data?.length ?? -1, 0);
      const of = path.slice(QUOTA_ROOT.length, -STATS.length);
      add('quota_count_usage_per_namespace', of, Number(text.get(QuotaKey.count)));
      add('quota_bytes_usage_per_namespace', of, Number(text.get(QuotaKey.bytes)));
    }
  }
  return sums;
}

const NO_DATA = new Uint8Array(0);

function hardBeforeSoft(text: QuotaText, hardKey: Uint8Array, softKey: Uint8Array): number {
  const hard = Number(text.get(hardKey));
  return hard > ABSENT ? hard : Number(text.get(softKey));
}

/** Null: there is no such node, or it would not stand still. */
function readNode(tree: TreeReader, path: string): QuotaNode | null {
  const bytes = encodeUtf8(path);
  for (let tries = 0; tries < TRIES; tries++) {
    const sequence = tree.begin();
    if (sequence < 0) continue;
    const ref = tree.find(bytes, 0, bytes.length);
    const namesLength = ref === 0 ? 0 : Math.min(tree.childNamesLength(ref), NAMES_BYTES_MAX);
    const dataLength = ref === 0 ? -1 : Math.min(tree.dataLength(ref), DATA_BYTES_MAX);
    if (!tree.valid(sequence)) continue;
    if (ref === 0) return null;
    const names = new Uint8Array(namesLength);
    const written = tree.copyChildNames(ref, names, 0);
    const data = dataLength < 0 ? null : new Uint8Array(dataLength);
    if (data !== null) tree.copyData(ref, data, 0, data.length);
    if (tree.valid(sequence)) return { children: namesIn(names, written), data };
  }
  return null;
}

/** Elements of a jute vector<ustring>. */
function namesIn(bytes: Uint8Array, end: number): string[] {
  const view = new DataView(bytes.buffer);
  const names: string[] = [];
  for (let at = 0; at + 4 <= end; ) {
    const length = view.getInt32(at);
    names.push(decodeUtf8(bytes, at + 4, length));
    at += 4 + length;
  }
  return names;
}
