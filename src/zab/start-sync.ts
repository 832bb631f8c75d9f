/**
 * The beginning of a learner's synchronization (ensemble-protocol 5.5), at a leader or at an observer master: by which of DIFF, TRUNC
 * and SNAP it is brought up to date (sync-decision.ts), and whether now. What is sent then is pulled by its link (sync-feed.ts).
 */
import { hex64 } from '../base/int64.js';
import type { LearnerHandler } from './learner-handler.js';
import type { LearnerLinks } from './learner-links.js';
import type { RoleHost } from './role.js';
import { SyncDecision } from './sync-decision.js';
import { SyncFeed } from './sync-feed.js';
import type { SyncSources } from './sync-sources.js';

type SyncHost = Pick<RoleHost, 'history' | 'log' | 'measures'>;

/** `endHi`, `endLo`: where this server's history ended before the epoch; both -1 when it does not know. */
export function startSync(
  link: LearnerHandler,
  links: LearnerLinks,
  host: SyncHost,
  sources: SyncSources,
  endHi: number,
  endLo: number,
): void {
  const decision = new SyncDecision(host.history, sources, link.lastHi, link.lastLo);
  link.beginPlanning(decision, (plan) => {
    const feed = new SyncFeed(plan, host.history, sources, link.out, link.lastHi, link.lastLo, endHi, endLo);
    beginSync(link, links, host, feed);
  });
}

function beginSync(
  link: LearnerHandler,
  links: LearnerLinks,
  { history, log, measures }: SyncHost,
  feed: SyncFeed,
): void {
  const { op, zxidHi, zxidLo, isFromDisk } = feed.plan;
  const isSnapshot = op === 'SNAP';
  const others = links.syncCount(isSnapshot);
  if (links.isOneSyncTooMany(link, isSnapshot)) {
    link.drop(`${others} learners are being brought up to date already`);
    return;
  }
  const { committedLog } = history;
  const from = hex64(link.lastHi, link.lastLo);
  log.info(
    `Synchronizing with Learner sid: ${link.sid} maxCommittedLog=0x${hex64(committedLog.maxHi, committedLog.maxLo)} ` +
      `minCommittedLog=0x${hex64(committedLog.minHi, committedLog.minLo)} ` +
      `lastProcessedZxid=0x${hex64(history.lastCommittedHi, history.lastCommittedLo)} peerLastZxid=0x${from}`,
  );
  log.info(
    `brings ${link.name} up to date by ${op} to 0x${hex64(zxidHi, zxidLo)} from 0x${from}` +
      `${isFromDisk ? ', from the log on disk' : ''}`,
  );
  measures.onSync(isSnapshot, others + 1);
  link.beginSync(feed);
}
