// terminate_session, terminate_connection, reset_statistics: operations of the reference's JMX beans (operations 8) as commands of our
// own. A session is closed as its client would close it, with all its ephemerals; a connection merely ends, and its client may come
// back to its session. Both are asked of the server that the client is connected to.
// Main thread.

import { hiOf, loOf } from '../../base/int64.js';
import type { Command, MakeCommand } from '../command.js';
import { controlCommand } from '../control-command.js';

const RESETS = ['statistics', 'connections', 'latency', 'max_latency'] as const;

export const terminateSession: MakeCommand = (host): Command => terminating(host, 'session');

export const terminateConnection: MakeCommand = (host): Command => terminating(host, 'connection');

function terminating(host: Parameters<MakeCommand>[0], what: 'session' | 'connection'): Command {
  return controlCommand(host, 'POST', `terminate_${what}`, async ({ parameters }) => {
    const id = sessionOf(parameters.get('session'));
    if (id === null) return { status: 400, error: 'session is needed: its id, as 0x1000...' };
    const found = await host.control.terminate(what, hiOf(id), loOf(id));
    const text = `0x${id.toString(16)}`;
    if (!found) return { status: 404, error: `no client of this server has session ${text}` };
    host.log.warn(`The ${what} of session ${text} is terminated by an admin command`);
    return { fields: { session: text } };
  });
}

export const resetStatistics: MakeCommand = (host): Command =>
  controlCommand(host, 'POST', 'reset_statistics', async ({ parameters }) => {
    const asked = parameters.get('kind');
    const kind = RESETS.find((known) => known === asked);
    if (kind === undefined) return { status: 400, error: `kind is needed: ${RESETS.join(', ')}` };
    await host.control.reset(kind);
    return { fields: { kind } };
  });

/** With or without 0x, as the other commands and words show it. */
function sessionOf(text: string | undefined): bigint | null {
  const digits = text?.replace(/^0x/i, '') ?? '';
  return /^[0-9a-f]{1,16}$/i.test(digits) ? BigInt(`0x${digits}`) : null;
}
