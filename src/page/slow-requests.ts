// The last requests that took longer than the server's threshold, the newest first, each with the stages its time went to; a part of the
// view of the pipeline. In the browser; asks every few seconds while it is looked at.
// A server without that log has nothing here.

import { element, setText } from './elements.js';
import { count, milliseconds } from './format.js';
import { LiveTable } from './live-table.js';
import type { Fields, ServerApi } from './server-api.js';

const EVERY = 4;
const ROWS_MAX = 20;

interface SlowRequest {
  readonly key: string;
  readonly fields: Fields;
}

export class SlowRequests {
  readonly element = element('section', { class: 'card', hidden: true });
  private readonly api: ServerApi;
  private readonly note = element('p', { class: 'note' });
  private readonly table: LiveTable<SlowRequest>;
  private ticks = 0;

  constructor(api: ServerApi) {
    this.api = api;
    const text = (name: string) => (request: SlowRequest) => String(request.fields[name] ?? '');
    const total = ({ fields }: SlowRequest): number => Number(fields.total_ms);
    this.table = new LiveTable<SlowRequest>(
      'Slow requests',
      [
        { name: 'replied', isText: true, text: text('replied_at') },
        { name: 'operation', isText: true, text: text('operation') },
        { name: 'path', isText: true, text: text('path') },
        { name: 'client', isText: true, text: text('client') },
        { name: 'took', text: (request) => milliseconds(total(request)), order: total },
        { name: 'of that', title: 'The stages', isText: true, wraps: true, text: stages },
      ],
      ({ key }) => key,
    );
    this.element.append(element('h3', {}, 'Slow requests'), this.note, this.table.element);
  }

  tick(): void {
    if (this.ticks++ % EVERY === 0) void this.ask();
  }

  private async ask(): Promise<void> {
    const answer = await this.api.ask('slow_requests').catch((): Fields => ({}));
    const requests = (answer.requests ?? []) as readonly Fields[];
    const isEmpty = requests.length === 0;
    this.element.hidden = answer.requests === undefined;
    this.table.element.hidden = isEmpty;
    const threshold = milliseconds(Number(answer.threshold_ms));
    setText(
      this.note,
      isEmpty
        ? `None took longer than ${threshold}.`
        : `The last ${count(requests.length)} that took longer than ${threshold}.`,
    );
    const keyed = requests.map((fields) => ({
      key: [fields.replied_at, fields.session_id, fields.zxid, fields.total_ms].join(),
      fields,
    }));
    this.table.show(keyed.reverse().slice(0, ROWS_MAX));
  }
}

/** Longest first; what took no time is left out. */
function stages({ fields }: SlowRequest): string {
  return Object.entries((fields.stages_ms ?? {}) as Readonly<Record<string, number>>)
    .filter(([, ms]) => ms > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([stage, ms]) => `${stage.replaceAll('_', ' ')} ${milliseconds(ms)}`)
    .join(', ');
}
