/**
 * Enforces quotas (client-protocol 8.4): whether a create or setData would take the deepest quota above its path beyond a
 * limit. Made only when `enforceQuota` is on. Lives with prep, on its thread; reads the tree, changes nothing.
 *
 * Judged by the limits and the usage that are applied: writes still on their way, also earlier parts of the same multi, are
 * not counted [Q]. Beyond a hard limit the write is refused; beyond a soft one, or without a stats node, it passes. Either
 * excess is logged, at most once in a while.
 */
import type { ActorContext } from '../../actor/actor.js';
import type { KeyedSummary } from '../../actor/counters/keyed-summary.js';
import type { Logger } from '../../actor/logger.js';
import { copyBytes } from '../../base/bytes.js';
import type { Clock } from '../../base/clock.js';
import { DecimalLong } from '../../base/decimal-long.js';
import { compareSigned } from '../../base/int64.js';
import { decodeUtf8 } from '../../base/utf8.js';
import { ErrorCode } from '../../protocol/error-code.js';
import { LIMITS_NAME, QUOTA_ROOT, STATS_NAME } from '../../store/quota-book.js';
import { QuotaKey, QuotaText } from '../../store/quota-text.js';
import type { TreeReader } from '../../store/tree-reader.js';
import { namespaceLength } from '../namespace-measure.js';
import { ScratchBytes } from '../scratch-bytes.js';

const SLASH = 0x2f;
const LOG_INTERVAL_MS = 1000;

export class QuotaCheck {
  private readonly tree: TreeReader;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly refused: KeyedSummary;
  private readonly $path = new ScratchBytes(512);
  private readonly $limits = new ScratchBytes(128);
  private readonly $stats = new ScratchBytes(128);
  private readonly limits = new QuotaText();
  private readonly stats = new QuotaText();
  private readonly next = new DecimalLong();
  /** Of the quota found last: its path is the beginning of the one asked for. */
  private quotaPathLength = 0;
  private statsFound = false;
  private loggedMs = Number.NEGATIVE_INFINITY;
  private unloggedCount = 0;

  constructor(tree: TreeReader, context: Pick<ActorContext, 'clock' | 'log' | 'metrics'>) {
    this.tree = tree;
    this.clock = context.clock;
    this.log = context.log;
    this.refused = context.metrics.keyed('quota_exceeded_error_per_namespace');
  }

  /** Ok or QuotaExceeded. countDiff 1: a create; bytesDiff: by how much the node's data grows. */
  check(path: Uint8Array, offset: number, length: number, countDiff: 0 | 1, bytesDiff: number): number {
    if (!this.find(path, offset, length)) return ErrorCode.Ok;
    const { limits } = this;
    limits.parse(this.$limits.bytes, 0, this.$limits.length, -1);
    const checksCount = countDiff !== 0 && hasLimit(limits, QuotaKey.count, QuotaKey.countHardLimit);
    const checksBytes = bytesDiff !== 0 && hasLimit(limits, QuotaKey.bytes, QuotaKey.byteHardLimit);
    if ((!checksCount && !checksBytes) || !this.statsFound) return ErrorCode.Ok;
    this.stats.parse(this.$stats.bytes, 0, this.$stats.length, 0);
    const isRefused =
      (checksCount && this.exceeds(path, offset, QuotaKey.count, QuotaKey.countHardLimit, countDiff, 'Count')) ||
      (checksBytes && this.exceeds(path, offset, QuotaKey.bytes, QuotaKey.byteHardLimit, bytesDiff, 'Byte'));
    if (!isRefused) return ErrorCode.Ok;
    this.refused.add(path, offset + 1, namespaceLength(path, offset, length), 1);
    return ErrorCode.QuotaExceeded;
  }

  /** True when a hard limit would be passed. A hard limit stands in the soft one's place. */
  private exceeds(
    path: Uint8Array,
    offset: number,
    soft: Uint8Array,
    hard: Uint8Array,
    difference: number,
    what: 'Count' | 'Byte',
  ): boolean {
    const isHard = this.limits.get(hard).hi >= 0;
    const limit = this.limits.get(isHard ? hard : soft);
    const { next } = this;
    next.copyFrom(this.stats.get(soft));
    next.add(difference);
    if (compareSigned(next.hi, next.lo, limit.hi, limit.lo) <= 0) return false;
    this.report(
      path,
      offset,
      `current ${what === 'Count' ? 'count' : 'bytes'}=${next}, ${isHard ? 'hard' : 'soft'}${what}Limit=${limit}`,
    );
    return isHard;
  }

  private report(path: Uint8Array, offset: number, figures: string): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.loggedMs < LOG_INTERVAL_MS) {
      this.unloggedCount++;
      return;
    }
    const others = this.unloggedCount === 0 ? '' : `, and ${this.unloggedCount} times more since the last report`;
    this.log.warn(`Quota exceeded: ${decodeUtf8(path, offset, this.quotaPathLength)} [${figures}]${others}`);
    this.loggedMs = nowMs;
    this.unloggedCount = 0;
  }

  /** Copies limits and usage of the deepest quota at or above the path; false when there is none. */
  private find(path: Uint8Array, offset: number, length: number): boolean {
    const { tree } = this;
    for (;;) {
      const sequence = tree.begin();
      if (sequence < 0) continue;
      const found = this.look(path, offset, length);
      if (tree.valid(sequence)) return found;
    }
  }

  /** Inside begin..valid: lengths are bounded by the reader, and nothing is believed before `valid`. */
  private look(path: Uint8Array, offset: number, length: number): boolean {
    const { tree, $path } = this;
    const root = tree.find(QUOTA_ROOT, 0, QUOTA_ROOT.length);
    if (root === 0 || tree.childCount(root) === 0) return false;
    $path.reset();
    $path.reserve(QUOTA_ROOT.length + length + LIMITS_NAME.length);
    const bytes = $path.bytes;
    copyBytes(QUOTA_ROOT, 0, bytes, 0, QUOTA_ROOT.length);
    copyBytes(path, offset, bytes, QUOTA_ROOT.length, length);
    for (let end = length; end > 1; end = slashBefore(path, offset, end)) {
      const limits = this.findBeside(end, LIMITS_NAME);
      if (limits === 0) continue;
      this.copyData(limits, this.$limits);
      const stats = this.findBeside(end, STATS_NAME);
      this.statsFound = stats !== 0;
      if (stats !== 0) this.copyData(stats, this.$stats);
      this.quotaPathLength = end;
      return true;
    }
    return false;
  }

  /** Overwrites the path from `end` on, which no shorter beginning of it needs. */
  private findBeside(end: number, name: Uint8Array): number {
    const at = QUOTA_ROOT.length + end;
    copyBytes(name, 0, this.$path.bytes, at, name.length);
    return this.tree.find(this.$path.bytes, 0, at + name.length);
  }

  private copyData(ref: number, into: ScratchBytes): void {
    const length = this.tree.dataLength(ref);
    into.reset();
    if (length > 0) {
      into.reserve(length);
      this.tree.copyData(ref, into.bytes, 0, length);
    }
    into.length = length;
  }
}

function hasLimit(limits: QuotaText, soft: Uint8Array, hard: Uint8Array): boolean {
  return limits.get(soft).hi >= 0 || limits.get(hard).hi >= 0;
}

function slashBefore(path: Uint8Array, offset: number, end: number): number {
  let at = end - 1;
  while (at > 0 && path[offset + at] !== SLASH) at--;
  return at;
}
