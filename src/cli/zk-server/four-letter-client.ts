// Asks a server one four-letter word and gives back the whole reply. For zkServer's `status` and `start`.
// One connection per question, closed in every case.
// It never retries: whoever wants to ask again asks again.

import { connect } from 'node:net';

const REPLY_BYTES_MAX = 1 << 20;

/** Null: no connection, no reply in time, or a connection that broke. An empty reply is an empty text. */
export function askFourLetterWord(host: string, port: number, word: string, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    let reply = '';
    const socket = connect({ host: reachable(host), port });
    const end = (result: string | null) => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(result);
    };
    const deadline = setTimeout(() => end(null), timeoutMs);
    socket.setEncoding('latin1');
    // Not half-closed behind the word: the server closes when it has answered.
    socket.on('connect', () => socket.write(word));
    socket.on('data', (text: string) => {
      reply += text;
      if (reply.length > REPLY_BYTES_MAX) end(null);
    });
    socket.on('end', () => end(reply));
    socket.on('error', () => end(null));
  });
}

/** Wildcard addresses are for listening; not every system lets one connect to them. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}
