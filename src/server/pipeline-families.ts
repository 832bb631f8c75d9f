// The pipeline for Prometheus: families of our own, all of them threadkeeper_*, from one picture (pipeline-view.ts). Pure; what
// asks for it is the page of metrics, at each scrape. Names and labels are what dashboards are built on: they do not change.
// Apache's families are none of this file's business.

import type { PipelinePicture } from './pipeline-view.js';

export interface PipelineSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PipelineFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly PipelineSample[];
}

type Row<T> = readonly [name: string, type: PipelineFamily['type'], help: string, value: (of: T) => number];
type Of<K extends 'actors' | 'links' | 'threads'> = PipelinePicture[K][number];

const ACTORS: readonly Row<Of<'actors'>>[] = [
  ['records_total', 'counter', 'Records handled', ({ records }) => records],
  ['batches_total', 'counter', 'Batches they came in', ({ batches }) => batches],
  ['batch_records_max', 'gauge', 'Largest batch since the start, in records', ({ batchMax }) => batchMax],
  ['busy_seconds_total', 'counter', 'Time spent in its turns', ({ busyMs }) => busyMs / 1000],
  ['mailbox_records', 'gauge', 'Records that wait for it', ({ waitingRecords }) => waitingRecords],
  ['mailbox_bytes', 'gauge', 'Bytes that wait for it', ({ waitingBytes }) => waitingBytes],
  ['mailbox_bytes_max', 'gauge', 'The most bytes in one of its mailboxes', ({ waitingBytesMax }) => waitingBytesMax],
  ['refusals_total', 'counter', 'Times a sender found no room in its mailboxes', ({ refusals }) => refusals],
  ['held_turns_total', 'counter', 'Turns in which it took nothing for want of room ahead', ({ held }) => held],
  ['restarts_total', 'counter', 'Times it failed and was made anew', ({ restarts }) => restarts],
];

const LINKS: readonly Row<Of<'links'>>[] = [
  ['records_total', 'counter', 'Records sent from one actor to another', ({ records }) => records],
  ['publishes_total', 'counter', 'Publications they were sent in', ({ publishes }) => publishes],
  ['depth_bytes', 'gauge', 'Bytes in the mailbox', ({ depthBytes }) => depthBytes],
  ['capacity_bytes', 'gauge', 'Above this there is no room for new work', ({ capacityBytes }) => capacityBytes],
  ['spilled_records_total', 'counter', 'Records that waited outside for want of room', ({ spilled }) => spilled],
];

const THREADS: readonly Row<Of<'threads'>>[] = [
  ['active_seconds_total', 'counter', 'Time in which it was not waiting', ({ activeMs }) => activeMs / 1000],
  ['turns_total', 'counter', 'Turns', ({ turns }) => turns],
  ['idle_turns_total', 'counter', 'Turns that found nothing to do', ({ idleTurns }) => idleTurns],
  ['wakes_sent_total', 'counter', 'Other threads woken', ({ wakesSent }) => wakesSent],
  ['turn_max_seconds', 'gauge', 'Longest turn since the start', ({ turnMaxMs }) => turnMaxMs / 1000],
];

export function pipelineFamilies({ actors, links, threads }: PipelinePicture): PipelineFamily[] {
  return [
    ...families('threadkeeper_actor_', ACTORS, actors, ({ name, thread }) => ({ actor: name, thread })),
    ...families('threadkeeper_link_', LINKS, links, ({ name, from, to }) => ({ link: name, from, to })),
    ...families('threadkeeper_thread_', THREADS, threads, ({ name }) => ({ thread: name })),
  ];
}

function families<T>(
  prefix: string,
  rows: readonly Row<T>[],
  of: readonly T[],
  labels: (one: T) => Readonly<Record<string, string>>,
): PipelineFamily[] {
  return rows.map(([name, type, help, value]) => ({
    name: prefix + name,
    type,
    help,
    samples: of.map((one) => ({ labels: labels(one), value: value(one) })),
  }));
}
