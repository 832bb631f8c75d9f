// `envi`: the machine and the runtime, as key=value lines in the order of a JVM's. Pure text from a status.
// Which keys there are is decided in environment.ts, where the reason stands why there are no others.
// A line break in a value would forge a line, so it is cut out.

import type { ServerStatus } from '../status/server-status.js';

export function envi(status: ServerStatus): string {
  const lines = status.environment.map(([key, value]) => `${key}=${value.replace(/[\r\n]/g, ' ')}\n`);
  return `Environment:\n${lines.join('')}`;
}
