// dump, watches (wchc), watches_by_path (wchp), watch_summary (wchs): sessions, their ephemerals and data watches (operations
// 3.4). Main thread; gathered in pieces, and printed while the client reads.
// Session ids are longs: exact numbers as values, decimal text as keys.

import type { Command, MakeCommand } from '../command.js';
import { JsonEntries } from '../json-text.js';

const COMMON = { method: 'GET', needsServer: true, needsRoot: false } as const;

export const sessionCommands: readonly MakeCommand[] = [
  ({ status }): Command => ({
    ...COMMON,
    names: ['dump'],
    run: async () => {
      const { expiring } = await status.sessions();
      return {
        fields: {
          expiry_time_to_session_ids: expiring ?? new Map(),
          session_id_to_ephemeral_paths: await status.ephemerals(),
        },
      };
    },
  }),
  ({ status }): Command => ({
    ...COMMON,
    names: ['watches', 'wchc'],
    run: async () => ({ fields: { session_id_to_watched_paths: new JsonEntries(await status.watches()) } }),
  }),
  ({ status }): Command => ({
    ...COMMON,
    names: ['watches_by_path', 'wchp'],
    run: async () => ({ fields: { path_to_session_ids: new JsonEntries(await status.watchesByPath()) } }),
  }),
  ({ status }): Command => ({
    ...COMMON,
    names: ['watch_summary', 'wchs'],
    run: async () => {
      const { connections, paths, watches } = await status.watchCounts();
      return { fields: { num_connections: connections, num_paths: paths, num_total_watches: watches } };
    },
  }),
];
