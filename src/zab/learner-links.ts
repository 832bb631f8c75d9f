/**
 * The links of those who learn from a master (Leader, ObserverMaster), by number in order of their coming, and how many of which kind
 * it puts up with: anybody who finds the port can open connections, and say on them that he is any server.
 *
 *   strangers   have not said who they are                       the oldest makes room
 *   twins       say they are the same server, and no more yet    the oldest makes room
 *   unlisted    are in no configuration (about to be, perhaps)   the newest is turned away
 *   syncs       are brought up to date (LearnerSyncThrottler)    an observer is turned away, a follower never is
 *
 * Owned by its master, on the quorum peer's thread. It never closes a link of a server that answers for the sake of a newcomer.
 */
import { type ConfigPair, memberOfEither } from '../election/config-pair.js';
import type { LearnerHandler } from './learner-handler.js';

/** Of connections that say they are the same server and have not yet said what they have. */
const TWINS_MAX = 8;
const UNLISTED_MAX = 64;

/** Learners that are sent a snapshot, or a DIFF, at one time, beyond which observers are turned away. */
export interface SyncLimits {
  readonly snapSyncsMax: number;
  readonly diffSyncsMax: number;
}

export class LearnerLinks {
  private readonly strangersMax: number;
  private readonly syncLimits: SyncLimits;
  private readonly byNumber = new Map<number, LearnerHandler>();
  private lastNumber = 0;
  private lastAnonymousSid = 0;

  constructor(strangersMax: number, syncLimits: SyncLimits) {
    this.strangersMax = strangersMax;
    this.syncLimits = syncLimits;
  }

  get size(): number {
    return this.byNumber.size;
  }

  /** Whoever closes links meanwhile iterates over `all`. */
  [Symbol.iterator](): IterableIterator<LearnerHandler> {
    return this.byNumber.values();
  }

  /** As they are now. */
  all(): LearnerHandler[] {
    return [...this.byNumber.values()];
  }

  get(number: number): LearnerHandler | undefined {
    return this.byNumber.get(number);
  }

  /** Of the connection that is accepted next; used once. */
  nextNumber(): number {
    return ++this.lastNumber;
  }

  /** For a learner that does not tell its own. */
  nextAnonymousSid(): number {
    return --this.lastAnonymousSid;
  }

  add(link: LearnerHandler): void {
    this.byNumber.set(link.number, link);
  }

  remove(link: LearnerHandler): void {
    this.byNumber.delete(link.number);
  }

  close(): void {
    for (const link of this.byNumber.values()) link.close();
    this.byNumber.clear();
  }

  // ---- limits

  /** Before one more connection: of those who have not said who they are the oldest goes, if they are too many. */
  limitStrangers(): void {
    let oldest: LearnerHandler | null = null;
    let count = 0;
    for (const link of this.byNumber.values()) {
      if (link.state !== 'info') continue;
      oldest ??= link;
      count++;
    }
    if (count >= this.strangersMax) oldest?.drop(`${count} others have not said who they are either`);
  }

  /** A server comes once, or again when it was cut off; of more who claim its id the oldest goes, before they take every socket there is. */
  limitTwins(link: LearnerHandler): void {
    let oldest: LearnerHandler | null = null;
    let count = 0;
    for (const other of this.byNumber.values()) {
      if (other === link || other.sid !== link.sid || (other.state !== 'epoch' && other.state !== 'ackEpoch')) continue;
      oldest ??= other;
      count++;
    }
    if (count >= TWINS_MAX) oldest?.dropStranger(`${count} others say as well that they are server ${link.sid}`);
  }

  /** It is no member, and so are too many others. */
  isOneTooMany(link: LearnerHandler, configs: ConfigPair): boolean {
    if (memberOfEither(configs, link.sid) !== undefined) return false;
    let others = 0;
    for (const other of this.byNumber.values())
      if (other !== link && other.state !== 'info' && memberOfEither(configs, other.sid) === undefined) others++;
    return others >= UNLISTED_MAX;
  }

  /** Learners that are being sent a snapshot, or a DIFF. */
  syncCount(isSnapshot: boolean): number {
    let count = 0;
    for (const link of this.byNumber.values()) if (link.state === 'sync' && link.isSentSnapshot === isSnapshot) count++;
    return count;
  }

  /** Followers are never kept waiting: a leader may need them for its quorum. */
  isOneSyncTooMany(link: LearnerHandler, isSnapshot: boolean): boolean {
    const { snapSyncsMax, diffSyncsMax } = this.syncLimits;
    return link.isObserver && this.syncCount(isSnapshot) >= (isSnapshot ? snapSyncsMax : diffSyncsMax);
  }

  // ---- the same server twice

  /**
   * Another link of the same server that answers: a second server with that id must not take its place. One that is silent may
   * be the rest of what was cut, and gives way once the newcomer has said what it has (`dropOthersOf`).
   */
  livingTwinOf(link: LearnerHandler, withinMs: number): LearnerHandler | undefined {
    for (const other of this.byNumber.values()) {
      if (other !== link && other.sid === link.sid && other.isHeardWithin(withinMs)) return other;
    }
    return undefined;
  }

  /** A link of before is over whether it knows or not: what it acknowledged may be truncated now. */
  dropOthersOf(link: LearnerHandler): void {
    for (const other of this.all()) {
      if (other !== link && other.sid === link.sid && other.state !== 'info')
        other.drop('the same server has come again');
    }
  }

  // ---- time

  /** The master was held up itself: what has arrived meanwhile is still to be read. */
  forgive(ms: number): void {
    for (const link of this.byNumber.values()) link.forgive(ms);
  }

  checkTimes(): void {
    for (const link of this.all()) link.checkTimes();
  }

  ping(): void {
    for (const link of this.all()) link.ping();
  }

  turn(): void {
    for (const link of this.byNumber.values()) link.turn();
  }
}
