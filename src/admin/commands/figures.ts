// figures: what the page in the browser and `threadkeeper top` look at every second, in one small answer; our own addition. State, gauges,
// and how latencies are spread since the start, so that two answers show what the time between them was like. The same whatever
// metrics provider is configured. Main thread; reads shared memory, asks no actor.
//
//   "buckets" : [ [ 1, 4711 ], [ 2, 12 ] ]       milliseconds, and how many took about that long

import { cellMiddle } from '../../actor/counters/log-linear-histogram.js';
import { SummaryCell } from '../../actor/counters/metrics-layout.js';
import type { Command, MakeCommand } from '../command.js';
import type { JsonObject, JsonValue } from '../json-text.js';

const SUMMARIES = ['readlatency', 'updatelatency', 'fsynctime'] as const;

export const figures: MakeCommand = ({ metrics }): Command => ({
  names: ['figures'],
  method: 'GET',
  isOwn: true,
  needsServer: false,
  needsRoot: false,
  run: async () => {
    const state: JsonObject = Object.fromEntries(metrics.stateFields() ?? []);
    const gauges = await metrics.gaugeValues();
    const summaries = Object.fromEntries(SUMMARIES.map((name) => [name, spread(metrics.reader.summary(name))]));
    return { fields: { ...state, gauges: { ...gauges }, summaries } };
  },
});

function spread(cells: Float64Array): JsonObject {
  const buckets: JsonValue[] = [];
  for (let cell = SummaryCell.histogram; cell < cells.length; cell++) {
    if (cells[cell] > 0) buckets.push([cellMiddle(cell - SummaryCell.histogram), cells[cell]]);
  }
  return { count: cells[SummaryCell.count], sum: cells[SummaryCell.sum], buckets };
}
