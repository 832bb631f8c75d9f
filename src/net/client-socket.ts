/**
 * The port between a connection and the operating system: what a client's socket can do and what it tells.
 *
 * `NodeClientSocket` is the real one; tests and the simulator bring their own. Everything is called on the thread of the
 * connection shard that owns the socket; callbacks never come from within a call.
 */
import type { Identity } from '../processor/acl.js';

export interface ClientSocketEvents {
  /** Of a TLS connection: the handshake is done, `peerIdentities` are known, and data may follow. */
  onSecured(): void;
  /** The bytes are the socket's: valid only during the call. */
  onData(bytes: Uint8Array, length: number): void;
  /** The client sends nothing more, but may still read. */
  onEnd(): void;
  /** All that was queued has been taken by the system. */
  onDrain(): void;
  /** The socket is gone, for whatever reason; nothing follows. */
  onClose(): void;
}

export interface ClientSocket {
  /** As the system spells it, for instance `127.0.0.1` or `::ffff:127.0.0.1`. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** From `onSecured` on. */
  readonly isEncrypted: boolean;
  /** Who the client's certificate says it is; nobody on a plain connection, or before `onSecured`. */
  readonly peerIdentities: readonly Identity[];
  /** Bytes handed over and not yet taken by the system. */
  readonly queuedBytes: number;
  /**
   * Sends; true when the memory may be used again, as when the system took everything at once. Otherwise the memory belongs
   * to the socket.
   */
  write(bytes: Uint8Array, length: number): boolean;
  pause(): void;
  resume(): void;
  /** Orderly end behind everything that is queued. */
  end(): void;
  /** At once, whatever is queued. */
  destroy(): void;
}

export interface ClientListener {
  /** Closes the listening socket; established connections stay. */
  close(onClosed?: () => void): void;
}

/** What a port speaks: plain bytes, TLS and nothing else, or whichever the client begins with. */
export const PortKind = { plain: 'plain', tls: 'tls', either: 'either' } as const;
export type PortKind = (typeof PortKind)[keyof typeof PortKind];

export interface ListenOptions {
  readonly kind: PortKind;
  readonly host: string | undefined;
  readonly port: number;
  readonly backlog: number | undefined;
  readonly keepAlive: boolean;
  /** A descriptor that listens already (another shard's); host and port are then only for messages. */
  readonly fd: number | undefined;
  /** Lets other sockets listen on the same port: one per shard, where `ClientNetwork.canReusePort`. */
  readonly reusePort: boolean;
}

/**
 * Accepts clients. `accept` returns the events of the new connection, or null to refuse it at once; it is asked before a
 * TLS handshake, so that nobody who is over a limit is given that much work.
 */
export interface ClientNetwork {
  readonly canReusePort: boolean;
  listen(
    options: ListenOptions,
    accept: (socket: ClientSocket) => ClientSocketEvents | null,
    onListening: (fd: number, port: number) => void,
    onError: (error: Error) => void,
  ): ClientListener;
  /** Whatever else it holds; listeners and connections are closed one by one. */
  close(): void;
}
