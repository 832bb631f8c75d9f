// What changes a running server at the word of an operator: settings, the end of single clients, statistics (operations 8).
// Main thread; made for the AdminServer, whose commands it serves. Actors are asked and never touched.
// Who may ask is the AdminServer's business.

import type { Logger } from '../actor/logger.js';
import type { ChangedSettings } from '../net/changed-settings.js';
import type { ShardControl } from '../net/shard-control.js';
import type { LogSwitch } from './log-switch.js';
import { type ChangingConfig, RuntimeSettings } from './runtime-settings.js';
import type { AskActor } from './server-plan.js';

export type ResetKind = 'statistics' | 'connections' | 'latency' | 'max_latency';

export interface LiveControl {
  readonly settings: RuntimeSettings;
  /** False: no client of this server has that session. */
  terminate(what: 'session' | 'connection', sessionHi: number, sessionLo: number): Promise<boolean>;
  reset(kind: ResetKind): Promise<void>;
}

/** `config`: is changed along with the server. */
export function liveControl(
  config: ChangingConfig & { readonly connectionShards: number },
  changed: ChangedSettings,
  ask: AskActor,
  levels: LogSwitch,
  log: Logger,
): LiveControl {
  const { connectionShards: shardCount } = config;
  const everyShard = (control: ShardControl): Promise<unknown[]> =>
    Promise.all(Array.from({ length: shardCount }, (_, shard) => ask(`connections.${shard}`, control)));
  return {
    settings: new RuntimeSettings(config, changed, shardCount, ask, levels, log),
    terminate: async (what, sessionHi, sessionLo) => {
      const found = await everyShard({ kind: 'terminate', what, sessionHi, sessionLo });
      return found.includes(true);
    },
    reset: async (kind) => {
      if (kind === 'latency' || kind === 'max_latency') {
        await everyShard({ kind: 'reset-latency', maxOnly: kind === 'max_latency' });
      } else await everyShard({ kind: 'reset-statistics', ofServer: kind === 'statistics' });
    },
  };
}
