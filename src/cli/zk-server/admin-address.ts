// Where the AdminServer of a server is to be found, by its configuration file and -D options, and whether anybody is there.
// For `start`, whose STARTED is followed by scripts that ask it at once.
// Reads no file and changes nothing; whether what it finds is right is the server's to say.

import { connect } from 'node:net';
import { reachable } from './four-letter-client.js';

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

type Properties = ReadonlyMap<string, string>;

const DEFAULT_PORT = '8080';
const DEFAULT_HOST = '127.0.0.1';

/** Null: there is none. What is not a port is the server's to refuse. */
export function findAdminAddress(pairs: Properties, options: Properties): AdminAddress | null {
  const setting = (key: string): string | undefined => pairs.get(key) ?? options.get(`zookeeper.${key}`);
  if (setting('admin.enableServer')?.toLowerCase() === 'false') return null;
  const port = Number(setting('admin.serverPort') || DEFAULT_PORT);
  return port > 0 && port <= 0xffff ? { host: setting('admin.serverAddress') || DEFAULT_HOST, port } : null;
}

/** Of whatever kind the port is: it is only connected to. */
export function isListening({ host, port }: AdminAddress, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: reachable(host), port });
    const end = (result: boolean): void => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(result);
    };
    const deadline = setTimeout(() => end(false), timeoutMs);
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
