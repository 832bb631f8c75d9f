// The second view: the pipeline drawn (pipeline-drawing.ts), and the same in two tables, actors and threads, with all figures there are.
// and what became of slow requests (slow-requests.ts). In the browser.
// Figures are of the last second, but for those whose heading says most or total.

import { element, setText } from './elements.js';
import { bytes, count, microseconds, milliseconds, percent, rate } from './format.js';
import { LiveTable } from './live-table.js';
import { PipelineDrawing } from './pipeline-drawing.js';
import type { ActorRates, ThreadRates } from './pipeline-figures.js';
import type { ServerApi } from './server-api.js';
import { SlowRequests } from './slow-requests.js';
import type { Moment, View } from './view.js';

export class Pipeline implements View {
  readonly name = 'pipeline';
  readonly title = 'Pipeline';
  readonly element = element('div', { class: 'view' });
  private readonly drawing = new PipelineDrawing();
  private readonly placement = element('p', { class: 'note' });
  private readonly actors: LiveTable<ActorRates>;
  private readonly threads: LiveTable<ThreadRates>;
  private readonly slow: SlowRequests;

  constructor(api: ServerApi) {
    this.slow = new SlowRequests(api);
    this.actors = actorTable();
    this.threads = threadTable();
    this.element.append(
      element(
        'section',
        { class: 'card drawing' },
        element('h3', {}, 'From the socket to the reply'),
        this.placement,
        this.drawing.element,
      ),
      element('section', { class: 'card' }, element('h3', {}, 'Threads'), this.threads.element),
      element('section', { class: 'card' }, element('h3', {}, 'Actors'), this.actors.element),
      this.slow.element,
    );
  }

  show({ pipeline }: Moment, isVisible: boolean): void {
    if (!isVisible || pipeline === null) return;
    this.slow.tick();
    setText(
      this.placement,
      `Placement: ${pipeline.placement}. The colour of a box is its thread; reads are answered by connections alone.`,
    );
    this.drawing.show(pipeline);
    this.threads.show(pipeline.threads);
    this.actors.show(pipeline.actors);
  }
}

function actorTable(): LiveTable<ActorRates> {
  return new LiveTable<ActorRates>(
    'Actors',
    [
      { name: 'actor', isText: true, text: ({ now }) => now.actor },
      { name: 'thread', isText: true, text: ({ now }) => now.thread },
      {
        name: 'records',
        title: 'Handled per second',
        text: (a) => rate(a.recordsPerSecond),
        order: (a) => a.recordsPerSecond,
      },
      {
        name: 'busy',
        title: 'Of the last second, in its turns',
        text: ({ busy }) => percent(busy),
        order: ({ busy }) => busy,
        bar: ({ busy }) => busy,
      },
      {
        name: 'batch',
        title: 'Records in a batch',
        text: ({ batchMean }) => count(Math.round(batchMean * 10) / 10),
        order: ({ batchMean }) => batchMean,
      },
      {
        name: 'most',
        title: 'Largest batch since the start',
        text: ({ now }) => count(now.batch_max),
        order: ({ now }) => now.batch_max,
      },
      {
        name: 'per record',
        title: 'Time for each record',
        text: ({ recordUs }) => (recordUs === 0 ? '' : microseconds(recordUs)),
        order: ({ recordUs }) => recordUs,
      },
      {
        name: 'waiting',
        title: 'Records sent to it and not handled',
        text: ({ now }) => count(now.waiting_records),
        order: ({ now }) => now.waiting_records,
      },
      {
        name: 'bytes',
        title: 'Bytes that wait for it',
        text: ({ now }) => bytes(now.waiting_bytes),
        order: ({ now }) => now.waiting_bytes,
      },
      {
        name: 'most bytes',
        title: 'The most in one of its mailboxes since the start',
        text: ({ now }) => bytes(now.waiting_bytes_max),
        order: ({ now }) => now.waiting_bytes_max,
      },
      {
        name: 'refused',
        title: 'How often a sender found no room, in total',
        text: ({ now }) => count(now.refusals),
        order: ({ now }) => now.refusals,
        alarms: (a) => a.refusalsPerSecond > 0,
      },
      {
        name: 'held',
        title: 'Turns in which it took nothing, since what it sends had no room; in total',
        text: ({ now }) => count(now.held_turns),
        order: ({ now }) => now.held_turns,
      },
      {
        name: 'restarts',
        title: 'In total',
        text: ({ now }) => count(now.restarts),
        order: ({ now }) => now.restarts,
        alarms: ({ now }) => now.restarts > 0,
      },
    ],
    ({ now }) => now.actor,
  );
}

function threadTable(): LiveTable<ThreadRates> {
  return new LiveTable<ThreadRates>(
    'Threads',
    [
      { name: 'thread', isText: true, text: ({ now }) => now.thread },
      {
        name: 'load',
        title: 'Part of the last second in which it was not waiting',
        text: ({ load }) => percent(load),
        order: ({ load }) => load,
        bar: ({ load }) => load,
        alarms: ({ load }) => load > 0.9,
      },
      { name: 'turns', title: 'Per second', text: (t) => rate(t.turnsPerSecond), order: (t) => t.turnsPerSecond },
      {
        name: 'wakes others',
        title: 'Per second',
        text: (t) => rate(t.wakesPerSecond),
        order: (t) => t.wakesPerSecond,
      },
      {
        name: 'longest turn',
        title: 'Since the start',
        text: ({ now }) => milliseconds(now.turn_max_ms),
        order: ({ now }) => now.turn_max_ms,
      },
      { name: 'actors', isText: true, wraps: true, text: ({ now }) => now.actors.join(', ') },
    ],
    ({ now }) => now.thread,
  );
}
