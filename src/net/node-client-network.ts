/**
 * Client sockets on Node's net module: the shell of ClientNetwork. Lives on the event-loop thread of one connection shard.
 *
 * Reading goes through one buffer per thread (`onread`), not one per read: half the CPU per small request on this path
 * (130 against 69 ticks for the same echo load, Node 20). Node gives that option only to sockets that it did not accept
 * itself, so an accepted socket's handle is moved into one of our own. Where a Node version has no such handle, the
 * ordinary 'data' events serve.
 */
import { createServer, Socket } from 'node:net';
import type {
  ClientListener,
  ClientNetwork,
  ClientSocket,
  ClientSocketEvents,
  ListenOptions,
} from './client-socket.js';

const READ_BYTES = 65536;
/** First versions with `reusePort` for servers, by major number. */
const REUSE_PORT_SINCE: ReadonlyMap<number | undefined, number> = new Map([
  [22, 12],
  [23, 1],
]);

/** What Node's sockets carry inside; stable since Node 12, and checked before it is used. */
interface WithHandle {
  _handle: { fd?: number } | null;
}

/** Whether each shard can have a listening socket of its own on the one port. */
export const CAN_REUSE_PORT = hasReusePort(process.versions.node);

class NodeClientSocket implements ClientSocket {
  readonly peerIdentities = [];
  readonly remoteAddress: string;
  readonly remotePort: number;
  private readonly socket: Socket;
  private ended = false;

  constructor(socket: Socket, remoteAddress: string, remotePort: number) {
    this.socket = socket;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  write(bytes: Uint8Array, length: number): boolean {
    if (this.ended || this.socket.destroyed) return true;
    this.socket.write(Buffer.from(bytes.buffer, bytes.byteOffset, length));
    return this.socket.writableLength === 0;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.socket.end();
  }

  destroy(): void {
    this.ended = true;
    this.socket.destroy();
  }
}

export class NodeClientNetwork implements ClientNetwork {
  readonly canReusePort = CAN_REUSE_PORT;
  private readonly readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

  listen(
    options: ListenOptions,
    accept: (socket: ClientSocket) => ClientSocketEvents | null,
    onListening: (fd: number, port: number) => void,
    onError: (error: Error) => void,
  ): ClientListener {
    const server = createServer(
      { noDelay: true, keepAlive: options.keepAlive, pauseOnConnect: true, allowHalfOpen: true },
      (accepted) => this.onConnection(accepted, accept),
    );
    server.on('error', onError);
    const listening = (): void => {
      const address = server.address();
      const fd = (server as unknown as WithHandle)._handle?.fd ?? -1;
      onListening(fd, address !== null && typeof address === 'object' ? address.port : options.port);
    };
    if (options.fd !== undefined) {
      server.listen({ fd: options.fd }, listening);
    } else {
      const where: { port: number; host?: string; backlog?: number; reusePort?: boolean } = { port: options.port };
      if (options.reusePort) where.reusePort = true;
      if (options.host !== undefined) where.host = options.host;
      if (options.backlog !== undefined) where.backlog = options.backlog;
      server.listen(where, listening);
    }
    return { close: (onClosed) => void server.close(onClosed) };
  }

  private onConnection(accepted: Socket, accept: (socket: ClientSocket) => ClientSocketEvents | null): void {
    const address = accepted.remoteAddress;
    const port = accepted.remotePort;
    if (address === undefined || port === undefined) {
      accepted.destroy();
      return;
    }
    const handle = (accepted as unknown as WithHandle)._handle;
    let events: ClientSocketEvents | null = null;
    let socket: Socket;
    if (handle !== null && typeof handle === 'object') {
      (accepted as unknown as WithHandle)._handle = null;
      const onread = {
        buffer: this.readBuffer,
        callback: (count: number, bytes: Uint8Array): boolean => {
          events?.onData(bytes, count);
          return true;
        },
      };
      // `handle` and `onread` are accepted by the constructor; the published types know only part of them.
      socket = new Socket({ handle, onread, allowHalfOpen: true } as unknown as ConstructorParameters<
        typeof Socket
      >[0]);
    } else {
      socket = accepted;
      socket.on('data', (chunk: Buffer) => events?.onData(chunk, chunk.length));
    }
    socket.on('error', () => socket.destroy());
    const client = new NodeClientSocket(socket, address, port);
    events = accept(client);
    if (events === null) {
      socket.resetAndDestroy();
      return;
    }
    socket.on('drain', () => events?.onDrain());
    socket.on('end', () => events?.onEnd());
    socket.on('close', () => events?.onClose());
    socket.resume();
    socket.read(0);
  }
}

/** Linux and the BSDs spread clients over such sockets; elsewhere the option fails or does nothing useful. */
function hasReusePort(version: string): boolean {
  if (process.platform !== 'linux' && process.platform !== 'freebsd') return false;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const since = REUSE_PORT_SINCE.get(major);
  return since === undefined ? major > 23 : minor >= since;
}
