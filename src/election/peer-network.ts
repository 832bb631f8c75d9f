/**
 * The port between a server and its peers' sockets: election and quorum connections see nothing else of the network.
 *
 * `peer/node-peer-network.ts` is the real one (plain, TLS, or either, by configuration); tests and the simulator bring their
 * own. Everything is called on the thread of the actor that owns the socket; callbacks never come from within a call.
 */

export interface PeerAddress {
  readonly host: string;
  readonly port: number;
}

export interface PeerSocketEvents {
  /** Connected, a TLS handshake included. First, and only for sockets that this server opened. */
  onOpen(): void;
  /** The bytes are the socket's: valid only during the call. */
  onData(bytes: Uint8Array, length: number): void;
  /** All that was queued has been taken by the system. */
  onDrain(): void;
  /** Gone, or never there, for whatever reason, which the words tell; once, and nothing follows. Not after `destroy`. */
  onClose(reason: string): void;
}

export interface PeerSocket {
  /** As the system spells it; of one that was opened here, '' until it is open. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Bytes handed over and not yet taken by the system. */
  readonly queuedBytes: number;
  /**
   * Sends; true when the memory may be used again, as when the system took everything at once. Otherwise it belongs to the
   * socket. Only after `onOpen`.
   */
  write(bytes: Uint8Array, offset: number, length: number): boolean;
  pause(): void;
  resume(): void;
  /** Orderly end behind everything that is queued; of what still arrives nothing is told but `onClose`, within seconds. */
  end(): void;
  /** At once, whatever is queued; no callback follows. */
  destroy(): void;
}

export interface PeerListener {
  close(onClosed?: () => void): void;
}

export interface PeerNetwork {
  /**
   * `accept` returns the events of the new connection, or null to refuse it at once. `host` undefined: every address. `onError`:
   * it could not listen (EADDRINUSE, a name that stands for nothing), and does not; it may be asked again.
   */
  listen(
    host: string | undefined,
    port: number,
    accept: (socket: PeerSocket) => PeerSocketEvents | null,
    onListening: (port: number) => void,
    onError: (error: Error) => void,
  ): PeerListener;

  /** Tries all addresses side by side, names looked up anew; the first that answers is used. Fails by `onClose`. */
  connect(addresses: readonly PeerAddress[], timeoutMs: number, events: PeerSocketEvents): PeerSocket;

  /** Whatever else it holds; listeners and connections are closed one by one. */
  close(): void;
}
