/**
 * Both ends of connections between servers on the loopback, as the owners of `PeerSocket`s see them: everything that is told is
 * written down, and waited for with a deadline.
 */
import { createServer, type Server } from 'node:net';
import type { PeerNetwork, PeerSocket, PeerSocketEvents } from '../../../src/election/peer-network.js';
import { until } from '../../testing/until.js';

export const DEADLINE_MS = 10_000;

export class PeerEnd implements PeerSocketEvents {
  socket: PeerSocket | null = null;
  isOpen = false;
  drains = 0;
  readonly closed: string[] = [];
  private readonly chunks: Buffer[] = [];

  onOpen(): void {
    this.isOpen = true;
  }

  onData(bytes: Uint8Array, length: number): void {
    // Valid only during the call.
    this.chunks.push(Buffer.from(bytes.subarray(0, length)));
  }

  onDrain(): void {
    this.drains++;
  }

  onClose(reason: string): void {
    this.closed.push(reason);
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  send(bytes: Uint8Array | string): boolean {
    const sent = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    return (this.socket as PeerSocket).write(sent, 0, sent.length);
  }

  async opened(): Promise<this> {
    await until('the connection is open', DEADLINE_MS, () => this.isOpen);
    return this;
  }

  async gone(): Promise<string> {
    await until('the connection is gone', DEADLINE_MS, () => this.closed.length > 0);
    return this.closed[0] as string;
  }

  async has(text: string): Promise<void> {
    await until(`${text} has arrived`, DEADLINE_MS, () => this.received.toString('latin1') === text);
  }
}

export interface Listening {
  readonly port: number;
  readonly accepted: PeerEnd[];
  close(): Promise<void>;
}

/** `host` null: every address. */
export function listening(network: PeerNetwork, host: string | null = '127.0.0.1', port = 0): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const accepted: PeerEnd[] = [];
    const listener = network.listen(
      host ?? undefined,
      port,
      (socket) => {
        const end = new PeerEnd();
        end.socket = socket;
        accepted.push(end);
        return end;
      },
      (bound) => {
        const close = (): Promise<void> => new Promise((closed) => listener.close(closed));
        resolve({ port: bound, accepted, close });
      },
      reject,
    );
  });
}

export async function firstOf(accepted: readonly PeerEnd[]): Promise<PeerEnd> {
  await until('a connection is accepted', DEADLINE_MS, () => accepted.length > 0);
  return accepted[0] as PeerEnd;
}

export function connecting(network: PeerNetwork, port: number, hosts: readonly string[] = ['127.0.0.1']): PeerEnd {
  const end = new PeerEnd();
  end.socket = network.connect(
    hosts.map((host) => ({ host, port })),
    DEADLINE_MS,
    end,
  );
  return end;
}

/** A port of this machine that nobody listens on. */
export async function closedPort(): Promise<number> {
  const server: Server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}
