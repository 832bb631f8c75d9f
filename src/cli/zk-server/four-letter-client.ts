// Asks a server one four-letter word and gives back the whole reply. For zkServer's `status` and `start`.
// One connection per question, closed in every case.
// It never retries: whoever wants to ask again asks again.

import { connect, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

const REPLY_BYTES_MAX = 1 << 20;

/** Null: no connection, no reply in time, or a connection that broke. An empty reply is an empty text. */
export function askFourLetterWord(host: string, port: number, word: string, timeoutMs: number): Promise<string | null> {
  return ask(connect({ host: reachable(host), port }), 'connect', word, timeoutMs);
}

/** Over TLS. The server's certificate must be trusted; what name it bears does not matter, as in the reference. */
export async function askFourLetterWordSecurely(
  host: string,
  port: number,
  word: string,
  timeoutMs: number,
  options: ConnectionOptions,
): Promise<string | null> {
  const tls = await import('node:tls');
  const socket = tls.connect({ ...options, host: reachable(host), port, checkServerIdentity: () => undefined });
  return await ask(socket, 'secureConnect', word, timeoutMs);
}

function ask(
  socket: Socket,
  readyEvent: 'connect' | 'secureConnect',
  word: string,
  timeoutMs: number,
): Promise<string | null> {
  return new Promise((resolve) => {
    let reply = '';
    const end = (result: string | null) => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(result);
    };
    const deadline = setTimeout(() => end(null), timeoutMs);
    socket.setEncoding('latin1');
    // Not half-closed behind the word: the server closes when it has answered.
    socket.on(readyEvent, () => socket.write(word));
    socket.on('data', (text: string) => {
      reply += text;
      if (reply.length > REPLY_BYTES_MAX) end(null);
    });
    socket.on('end', () => end(reply));
    socket.on('error', () => end(null));
  });
}

/** Wildcard addresses are for listening; not every system lets one connect to them. */
export function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
