// ruok: the AdminServer answers, and clients are served.
// Main thread.
// Apache lists it among those that need a running server.

import type { Command, MakeCommand } from '../command.js';

export const ruok: MakeCommand = (): Command => ({
  names: ['ruok'],
  method: 'GET',
  needsServer: true,
  needsRoot: false,
  run: () => ({}),
});
