// Commands that are a line each: resets, the trace mask, digests, whether the server is read-only (operations 3.4).
// Main thread.
// Resets change counters and nothing else; the trace mask is kept and shown, and has no effect here.

import type { Command, CommandAnswer, MakeCommand } from '../command.js';

const COMMON = { method: 'GET', needsServer: true, needsRoot: false } as const;
const ALWAYS = { ...COMMON, needsServer: false } as const;
const NEEDS_LONG = 'setTraceMask requires long traceMask argument';
const LONG_BITS = 64;

export const smallCommands: readonly MakeCommand[] = [
  ({ status }): Command => ({
    ...COMMON,
    names: ['connection_stat_reset', 'crst'],
    run: async () => {
      await status.resetConnectionStatistics();
      return {};
    },
  }),
  ({ status }): Command => ({
    ...COMMON,
    names: ['stat_reset', 'srst'],
    run: async () => {
      await status.resetStatistics();
      return {};
    },
  }),
  ({ status }): Command => ({
    ...ALWAYS,
    names: ['get_trace_mask', 'gtmk'],
    run: () => ({ fields: { tracemask: status.traceMask } }),
  }),
  ({ status }): Command => ({
    ...ALWAYS,
    names: ['set_trace_mask', 'stmk'],
    run: ({ parameters }): CommandAnswer => {
      const text = parameters.get('traceMask');
      const mask = text === undefined ? null : longOf(text);
      if (mask === null) {
        return { fields: { error: text === undefined ? NEEDS_LONG : `${NEEDS_LONG}, got ${text}` } };
      }
      status.traceMask = mask;
      return { fields: { tracemask: mask } };
    },
  }),
  ({ status }): Command => ({
    ...COMMON,
    names: ['is_read_only', 'isro'],
    run: () => ({ fields: { read_only: status.mode() === 'read-only' } }),
  }),
  ({ status }): Command => ({
    ...COMMON,
    names: ['hash'],
    run: async () => {
      const digests = await status.digests();
      return {
        fields: {
          digests: digests.map(({ zxid, digest, version }) => ({ zxid, digest, digest_version: version })),
        },
      };
    },
  }),
];

/** As Java's Long.parseLong; null: it is none. */
function longOf(text: string): bigint | null {
  if (!/^[+-]?\d+$/.test(text)) return null;
  const value = BigInt(text.replace(/^\+/, ''));
  return BigInt.asIntN(LONG_BITS, value) === value ? value : null;
}
