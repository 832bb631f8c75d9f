/**
 * Client sockets on Node's net module: the shell of ClientNetwork. Lives on the event-loop thread of one connection shard.
 *
 * Reading goes through one buffer per thread (`onread`), not one per read: half the CPU per small request on this path
 * (130 against 69 ticks for the same echo load, Node 20). Node gives that option only to sockets that it did not accept
 * itself, so an accepted socket's handle is moved into one of our own. Where a Node version has no such handle, the
 * ordinary 'data' events serve, as they do for TLS, whose sockets Node makes itself.
 *
 *   plain port    accepted -> moved -> data
 *   TLS port      accepted -> TlsAcceptor -> data
 *   either        accepted -> first bytes: 0x16 begins a TLS handshake -> as one of the above
 */
import { createServer, Socket } from 'node:net';
import { assert } from '../base/assert.js';
import type { Identity } from '../processor/acl.js';
import {
  type ClientListener,
  type ClientNetwork,
  type ClientSocket,
  type ClientSocketEvents,
  type ListenOptions,
  PortKind,
} from './client-socket.js';
import type { TlsAcceptor } from './tls-acceptor.js';
import { TlsCounter, type TlsPart } from './tls-options.js';

const READ_BYTES = 65536;
/** The first byte of every TLS handshake; as a frame it would be a length beyond any limit. */
const TLS_HANDSHAKE = 0x16;
/** Up to here, what goes to an encrypted socket is copied. */
const COPIED_BYTES_MAX = 4096;
const NO_IDENTITIES: readonly Identity[] = [];
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

type Accept = (socket: ClientSocket) => ClientSocketEvents | null;
type OnConnection = (accepted: Socket, address: string, port: number, accept: Accept) => void;

class NodeClientSocket implements ClientSocket {
  readonly remoteAddress: string;
  readonly remotePort: number;
  peerIdentities: readonly Identity[] = NO_IDENTITIES;
  /** On its way from the accepted socket to the one that is spoken through, this changes. */
  socket: Socket;
  isEncrypted = false;
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
    if (this.isEncrypted && length <= COPIED_BYTES_MAX) {
      // Encryption never takes bytes at once; a copy of a few costs less than the caller's new buffer.
      this.socket.write(Buffer.from(bytes.subarray(0, length)));
      return true;
    }
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

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

export class NodeClientNetwork implements ClientNetwork {
  readonly canReusePort = CAN_REUSE_PORT;
  private readonly tlsPart: TlsPart | null;
  private tls: Promise<TlsAcceptor> | null = null;
  private readonly readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

  /** `tls`: for ports that are not plain. */
  constructor(tls: TlsPart | null) {
    this.tlsPart = tls;
  }

  listen(
    options: ListenOptions,
    accept: Accept,
    onListening: (fd: number, port: number) => void,
    onError: (error: Error) => void,
  ): ClientListener {
    let onConnection: OnConnection = (...connection) => this.onPlain(...connection);
    const server = createServer(
      { noDelay: true, keepAlive: options.keepAlive, pauseOnConnect: true, allowHalfOpen: true },
      (accepted) => {
        const { remoteAddress: address, remotePort: port } = accepted;
        if (address === undefined || port === undefined) accepted.destroy();
        else onConnection(accepted, address, port, accept);
      },
    );
    let isClosed = false;
    // Of the start alone. Of an accept that fails (no descriptor is free, no memory) Node 20 to 26 tell nobody: whoever waits is taken
    // and closed at once, with a descriptor that is held back for this, or waits on. Would one tell, the socket listens all the same.
    server.on('error', (error) => {
      if (!server.listening) onError(error);
    });
    const listening = (): void => {
      const address = server.address();
      const fd = (server as unknown as WithHandle)._handle?.fd ?? -1;
      onListening(fd, address !== null && typeof address === 'object' ? address.port : options.port);
    };
    const listen = (): void => {
      if (isClosed) return;
      if (options.fd !== undefined) {
        server.listen({ fd: options.fd }, listening);
        return;
      }
      const where: { port: number; host?: string; backlog?: number; reusePort?: boolean } = { port: options.port };
      if (options.reusePort) where.reusePort = true;
      if (options.host !== undefined) where.host = options.host;
      if (options.backlog !== undefined) where.backlog = options.backlog;
      server.listen(where, listening);
    };
    if (options.kind === PortKind.plain) {
      listen();
    } else {
      const isEither = options.kind === PortKind.either;
      this.loadTls().then((tls) => {
        onConnection = (...connection) =>
          isEither ? this.onEither(tls, ...connection) : this.onTls(tls, ...connection);
        listen();
      }, onError);
    }
    return {
      close: (onClosed) => {
        isClosed = true;
        server.close(onClosed);
      },
    };
  }

  close(): void {
    // Had loading failed, the listener that wanted it would have said so.
    this.tls?.then(
      (tls) => tls.close(),
      () => {},
    );
  }

  /** What does TLS is loaded when a port wants it, and then serves all ports of this thread. */
  private loadTls(): Promise<TlsAcceptor> {
    const { tlsPart } = this;
    assert(tlsPart !== null, 'a port that speaks TLS has somebody to do it');
    this.tls ??= import('./tls-acceptor.js').then(({ TlsAcceptor }) => new TlsAcceptor(tlsPart));
    return this.tls;
  }

  /** Where TLS is spoken, operators want to know who does without. */
  private countPlain(address: string): void {
    if (this.tlsPart === null) return;
    const { cells } = this.tlsPart;
    const place = LOOPBACK.test(address) ? TlsCounter.plainLocal : TlsCounter.plainRemote;
    cells[place] = (cells[place] as number) + 1;
  }

  private onPlain(accepted: Socket, address: string, port: number, accept: Accept): void {
    this.countPlain(address);
    let events: ClientSocketEvents | null = null;
    const socket = this.movedForReading(accepted, (bytes, count) => events?.onData(bytes, count));
    socket.on('error', () => socket.destroy());
    const client = new NodeClientSocket(socket, address, port);
    events = accept(client);
    if (events === null) socket.resetAndDestroy();
    else beginReading(socket, events);
  }

  private onTls(tls: TlsAcceptor, accepted: Socket, address: string, port: number, accept: Accept): void {
    accepted.on('error', () => accepted.destroy());
    const client = new NodeClientSocket(accepted, address, port);
    const events = accept(client);
    if (events === null) {
      accepted.resetAndDestroy();
      return;
    }
    accepted.on('close', () => events.onClose());
    this.secure(tls, accepted, client, events);
  }

  /** One small read through the ordinary stream decides; then the connection is what it would have been on its own port. */
  private onEither(tls: TlsAcceptor, accepted: Socket, address: string, port: number, accept: Accept): void {
    accepted.on('error', () => accepted.destroy());
    const client = new NodeClientSocket(accepted, address, port);
    const events = accept(client);
    if (events === null) {
      accepted.resetAndDestroy();
      return;
    }
    const onClose = (): void => events.onClose();
    const onEnd = (): void => events.onEnd();
    accepted.on('close', onClose);
    accepted.on('end', onEnd);
    const onReadable = (): void => {
      const first: Buffer | null = accepted.read();
      // Nothing: the end, which tells itself.
      if (first === null) return;
      accepted.removeListener('readable', onReadable);
      accepted.removeListener('end', onEnd);
      if (first[0] === TLS_HANDSHAKE) {
        accepted.unshift(first);
        this.secure(tls, accepted, client, events);
        return;
      }
      this.countPlain(address);
      accepted.removeListener('close', onClose);
      const socket = this.movedForReading(accepted, (bytes, count) => events.onData(bytes, count));
      client.socket = socket;
      socket.on('error', () => socket.destroy());
      events.onData(first, first.length);
      beginReading(socket, events);
    };
    accepted.on('readable', onReadable);
  }

  /** The accepted socket stays below the encrypted one, and its close is the connection's. */
  private secure(tls: TlsAcceptor, accepted: Socket, client: NodeClientSocket, events: ClientSocketEvents): void {
    tls.secure(accepted, (socket, identities) => {
      client.socket = socket;
      client.isEncrypted = true;
      client.peerIdentities = identities;
      socket.on('error', () => socket.destroy());
      events.onSecured();
      socket.on('drain', () => events.onDrain());
      socket.on('end', () => events.onEnd());
      socket.on('data', (chunk: Buffer) => {
        if (!accepted.destroyed) events.onData(chunk, chunk.length);
      });
    });
  }

  /** The accepted socket's connection in a socket that reads through this thread's buffer. */
  private movedForReading(accepted: Socket, onData: (bytes: Uint8Array, count: number) => void): Socket {
    const handle = (accepted as unknown as WithHandle)._handle;
    if (handle === null || typeof handle !== 'object') {
      accepted.on('data', (chunk: Buffer) => onData(chunk, chunk.length));
      accepted.pause();
      return accepted;
    }
    (accepted as unknown as WithHandle)._handle = null;
    const onread = {
      buffer: this.readBuffer,
      callback: (count: number, bytes: Uint8Array): boolean => {
        onData(bytes, count);
        return true;
      },
    };
    // `handle` and `onread` are accepted by the constructor; the published types know only part of them.
    return new Socket({ handle, onread, allowHalfOpen: true } as unknown as ConstructorParameters<typeof Socket>[0]);
  }
}

function beginReading(socket: Socket, events: ClientSocketEvents): void {
  socket.on('drain', () => events.onDrain());
  socket.on('end', () => events.onEnd());
  socket.on('close', () => events.onClose());
  socket.resume();
  socket.read(0);
}

/** Linux and the BSDs spread clients over such sockets; elsewhere the option fails or does nothing useful. */
function hasReusePort(version: string): boolean {
  if (process.platform !== 'linux' && process.platform !== 'freebsd') return false;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const since = REUSE_PORT_SINCE.get(major);
  return since === undefined ? major > 23 : minor >= since;
}
