// pipeline: the actors, their mailboxes and their threads (server/pipeline-view.ts); our own addition. All figures count from
// the start of the process; what happened between two answers is their difference, over that of `taken_ms`.
// Main thread; asks no actor, and answers while no client is served, too.

import type { ActorPicture, LinkPicture, ThreadPicture } from '../../server/pipeline-view.js';
import type { Command, MakeCommand } from '../command.js';
import type { JsonObject } from '../json-text.js';

export const pipeline: MakeCommand = (host): Command => ({
  names: ['pipeline'],
  method: 'GET',
  isOwn: true,
  needsServer: false,
  needsRoot: false,
  run: () => {
    const picture = host.pipeline.look();
    return {
      fields: {
        placement: picture.placement,
        taken_ms: rounded(picture.takenMs),
        uptime_ms: rounded(picture.uptimeMs),
        threads: picture.threads.map((thread) => threadFields(thread, picture.uptimeMs)),
        actors: picture.actors.map(actorFields),
        links: picture.links.map(linkFields),
      },
    };
  },
});

function threadFields(thread: ThreadPicture, uptimeMs: number): JsonObject {
  return {
    thread: thread.name,
    kind: thread.kind,
    actors: thread.actors,
    turns: thread.turns,
    idle_turns: thread.idleTurns,
    records: thread.records,
    turn_records_max: thread.turnRecordsMax,
    turn_max_ms: rounded(thread.turnMaxMs),
    wakes_sent: thread.wakesSent,
    busy_ms: rounded(thread.busyMs),
    active_ms: rounded(thread.activeMs),
    active_fraction: rounded(ratio(thread.activeMs, uptimeMs)),
  };
}

function actorFields(actor: ActorPicture): JsonObject {
  return {
    actor: actor.name,
    thread: actor.thread,
    waiting_records: actor.waitingRecords,
    waiting_bytes: actor.waitingBytes,
    waiting_bytes_max: actor.waitingBytesMax,
    records: actor.records,
    batches: actor.batches,
    batch_mean: rounded(ratio(actor.records, actor.batches)),
    batch_max: actor.batchMax,
    busy_ms: rounded(actor.busyMs),
    record_us: rounded(ratio(actor.busyMs * 1000, actor.records)),
    refusals: actor.refusals,
    held_turns: actor.held,
    restarts: actor.restarts,
  };
}

function linkFields(link: LinkPicture): JsonObject {
  return {
    link: link.name,
    from: link.from,
    to: link.to,
    crosses_threads: link.crossesThreads,
    capacity_bytes: link.capacityBytes,
    depth_bytes: link.depthBytes,
    depth_bytes_max: link.depthBytesMax,
    records: link.records,
    publishes: link.publishes,
    refusals: link.refusals,
    spilled: link.spilled,
    large: link.large,
  };
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
