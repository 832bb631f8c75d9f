// The answer of the command `pipeline`, and what happened between two of them. Pure; in the browser. The same as `threadkeeper top`
// makes of two answers.
//
//   per second = (now - before) / (taken_ms now - taken_ms before)

export interface ActorFigures {
  readonly actor: string;
  readonly thread: string;
  readonly waiting_records: number;
  readonly waiting_bytes: number;
  readonly waiting_bytes_max: number;
  readonly records: number;
  readonly batches: number;
  readonly batch_mean: number;
  readonly batch_max: number;
  readonly busy_ms: number;
  readonly record_us: number;
  readonly refusals: number;
  readonly held_turns: number;
  readonly restarts: number;
}

export interface LinkFigures {
  readonly link: string;
  readonly from: string;
  readonly to: string;
  readonly crosses_threads: boolean;
  readonly capacity_bytes: number;
  readonly depth_bytes: number;
  readonly depth_bytes_max: number;
  readonly records: number;
}

export interface ThreadFigures {
  readonly thread: string;
  readonly kind: string;
  readonly actors: readonly string[];
  readonly turns: number;
  readonly idle_turns: number;
  readonly turn_max_ms: number;
  readonly wakes_sent: number;
  readonly active_ms: number;
  readonly active_fraction: number;
}

export interface PipelineFigures {
  readonly placement: string;
  readonly taken_ms: number;
  readonly uptime_ms: number;
  readonly actors: readonly ActorFigures[];
  readonly links: readonly LinkFigures[];
  readonly threads: readonly ThreadFigures[];
}

/** Of the time between two answers; of all time where there is but one. */
export interface ActorRates {
  readonly now: ActorFigures;
  readonly recordsPerSecond: number;
  readonly batchMean: number;
  readonly recordUs: number;
  readonly refusalsPerSecond: number;
  readonly busy: number;
}

export interface LinkRates {
  readonly now: LinkFigures;
  readonly recordsPerSecond: number;
  /** Of the room that there is for new work; above 1 when it grew beyond. */
  readonly fill: number;
}

export interface ThreadRates {
  readonly now: ThreadFigures;
  readonly load: number;
  readonly turnsPerSecond: number;
  readonly wakesPerSecond: number;
}

export interface PipelineRates {
  readonly placement: string;
  readonly actors: readonly ActorRates[];
  readonly links: readonly LinkRates[];
  readonly threads: readonly ThreadRates[];
}

export function ratesBetween(before: PipelineFigures | null, now: PipelineFigures): PipelineRates {
  // The server was started anew, or this is the first answer.
  const base = before !== null && before.taken_ms < now.taken_ms && before.uptime_ms < now.uptime_ms ? before : null;
  const ms = base === null ? now.uptime_ms : now.taken_ms - base.taken_ms;
  const perSecond = (is: number, was: number | undefined): number => (ms > 0 ? ((is - (was ?? 0)) * 1000) / ms : 0);
  return {
    placement: now.placement,
    actors: now.actors.map((actor) => {
      const was = base?.actors.find((candidate) => candidate.actor === actor.actor);
      const records = actor.records - (was?.records ?? 0);
      const batches = actor.batches - (was?.batches ?? 0);
      const busyMs = actor.busy_ms - (was?.busy_ms ?? 0);
      return {
        now: actor,
        recordsPerSecond: perSecond(actor.records, was?.records),
        batchMean: batches > 0 ? records / batches : 0,
        recordUs: records > 0 ? (busyMs * 1000) / records : 0,
        refusalsPerSecond: perSecond(actor.refusals, was?.refusals),
        busy: ms > 0 ? busyMs / ms : 0,
      };
    }),
    links: now.links.map((link) => {
      const was = base?.links.find((candidate) => candidate.link === link.link);
      const fill = link.capacity_bytes > 0 ? link.depth_bytes / link.capacity_bytes : 0;
      return { now: link, recordsPerSecond: perSecond(link.records, was?.records), fill };
    }),
    threads: now.threads.map((thread) => {
      const was = base?.threads.find((candidate) => candidate.thread === thread.thread);
      return {
        now: thread,
        load: Math.min(1, perSecond(thread.active_ms, was?.active_ms) / 1000),
        turnsPerSecond: perSecond(thread.turns, was?.turns),
        wakesPerSecond: perSecond(thread.wakes_sent, was?.wakes_sent),
      };
    }),
  };
}
