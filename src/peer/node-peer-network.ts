/**
 * Peers' sockets on Node's: the shell behind `PeerNetwork`.
 *
 * Lives on the thread of the actor that it was given to. Makes sockets, and knows nothing of what they carry.
 */
import { createServer, type Server, Socket } from 'node:net';
import type { PeerAddress, PeerListener, PeerNetwork, PeerSocket, PeerSocketEvents } from '../election/peer-network.js';

export class NodePeerNetwork implements PeerNetwork {
  private readonly servers = new Set<Server>();

  listen(
    host: string | undefined,
    port: number,
    accept: (socket: PeerSocket) => PeerSocketEvents | null,
    onListening: (port: number) => void,
    onError: (error: Error) => void,
  ): PeerListener {
    const server = createServer({ noDelay: true }, (socket) => {
      const peer = new NodePeerSocket(socket);
      const events = accept(peer);
      if (events === null) socket.destroy();
      else peer.attach(events);
    });
    this.servers.add(server);
    server.on('error', onError);
    server.listen({ host, port }, () => {
      const address = server.address();
      onListening(typeof address === 'object' && address !== null ? address.port : port);
    });
    return {
      close: (onClosed) => {
        this.servers.delete(server);
        server.close(() => onClosed?.());
      },
    };
  }

  connect(addresses: readonly PeerAddress[], timeoutMs: number, events: PeerSocketEvents): PeerSocket {
    const address = addresses[0];
    const socket = new Socket();
    const peer = new NodePeerSocket(socket);
    socket.setNoDelay(true);
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no connection after ${timeoutMs} ms`)));
    socket.once('connect', () => {
      socket.setTimeout(0);
      events.onOpen();
    });
    peer.attach(events);
    socket.connect(address?.port ?? 0, address?.host);
    return peer;
  }

  close(): void {
    for (const server of this.servers) server.close();
    this.servers.clear();
  }
}

class NodePeerSocket implements PeerSocket {
  private readonly socket: Socket;
  private isDestroyed = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  attach(events: PeerSocketEvents): void {
    const { socket } = this;
    let reason = 'closed by the peer';
    socket.on('data', (bytes) => events.onData(bytes, bytes.length));
    socket.on('drain', () => events.onDrain());
    socket.on('end', () => socket.destroy());
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => {
      if (!this.isDestroyed) events.onClose(reason);
    });
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress ?? '';
  }

  get remotePort(): number {
    return this.socket.remotePort ?? 0;
  }

  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  write(bytes: Uint8Array, offset: number, length: number): boolean {
    this.socket.write(bytes.subarray(offset, offset + length));
    return this.socket.writableLength === 0;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.isDestroyed = true;
    this.socket.destroy();
  }
}
