// monitor (operations 3.4): what `mntr` shows, without its `zk_`, in the same order. Main thread; reads shared memory and asks no actor.
// With the Prometheus provider the keys are its samples with their labels, as with the reference. Shows nothing of our own: the names
// of its fields are Apache's.

import type { Command, MakeCommand } from '../command.js';
import { JsonDouble, type JsonObject } from '../json-text.js';

export const monitor: MakeCommand = (host): Command => ({
  names: ['monitor', 'mntr'],
  method: 'GET',
  needsServer: true,
  needsRoot: false,
  run: async () => {
    const state: JsonObject = Object.fromEntries(host.metrics.stateFields() ?? []);
    const figures = (await host.metrics.figures()).map(({ key, value, isDouble }) => [
      key,
      isDouble ? new JsonDouble(value) : value,
    ]);
    return { fields: { ...state, ...Object.fromEntries(figures) } };
  },
});
