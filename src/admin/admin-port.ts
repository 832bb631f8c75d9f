/**
 * The port of the AdminServer: plain HTTP, HTTPS, or whichever the client begins with (operations 3.1), told by the first byte.
 *
 *   plain     the HTTP server listens itself
 *   TLS       accepted -> TlsAcceptor -> HTTP server
 *   either    accepted -> first byte: 0x16 begins a TLS handshake, all else is plain HTTP
 *
 * Main thread. Owns the listening socket and connections until the HTTP server has them; knows nothing of requests.
 */
import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TlsAcceptor } from '../net/tls-acceptor.js';
import { loadTls } from '../net/tls-context.js';
import { TLS_COUNTERS, type TlsOptions } from '../net/tls-options.js';
import { StoreError } from '../net/tls-store-entries.js';
import type { Identity } from '../processor/acl.js';
import { type AdminHost, AdminTlsError } from '../server/admin-host.js';

const TLS_HANDSHAKE = 0x16;
const NOBODY: readonly Identity[] = [];

export class AdminPort {
  private readonly host: AdminHost;
  private readonly http: HttpServer;
  private readonly connectionsMax: number;
  private readonly proved = new WeakMap<Socket, readonly Identity[]>();
  private readonly accepted = new Set<Socket>();
  private tls: TlsAcceptor | null = null;
  private listener: Server;

  constructor(host: AdminHost, http: HttpServer, connectionsMax: number) {
    this.host = host;
    this.http = http;
    this.connectionsMax = connectionsMax;
    this.listener = http;
  }

  /** Resolves with the port. Rejects with the system's error, or with AdminTlsError. */
  listen(): Promise<number> {
    const { config, log } = this.host;
    if (config.tls !== null) {
      this.tls = this.makeTls(config.tls.options, config.tls.fault);
      this.listener = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.onConnection(socket));
    }
    const { listener } = this;
    listener.maxConnections = this.connectionsMax;
    return new Promise((resolve, reject) => {
      listener.once('error', reject);
      listener.listen({ port: config.port, host: config.host ?? undefined }, () => {
        listener.off('error', reject);
        listener.on('error', (error) => log.error('The AdminServer has failed', { error }));
        // From then on it looks after the times of its connections, though it listens by another.
        if (listener !== this.http) this.http.emit('listening');
        resolve((listener.address() as AddressInfo).port);
      });
    });
  }

  close(): void {
    this.listener.close();
    this.tls?.close();
    for (const socket of this.accepted) socket.destroy();
  }

  /** Who the certificate on this connection says its client is. */
  identitiesOf(socket: Socket): readonly Identity[] {
    return this.proved.get(socket) ?? NOBODY;
  }

  isEncrypted(socket: Socket): boolean {
    return this.proved.has(socket);
  }

  private makeTls(options: TlsOptions | null, fault: string | null): TlsAcceptor {
    if (options === null) throw new AdminTlsError(fault ?? 'no stores are configured');
    try {
      return new TlsAcceptor({
        options,
        loaded: loadTls(options),
        log: this.host.log,
        cells: new Float64Array(TLS_COUNTERS.length),
        tellsReloads: true,
      });
    } catch (error) {
      if (error instanceof StoreError) throw new AdminTlsError(error.message);
      throw error;
    }
  }

  private onConnection(socket: Socket): void {
    this.accepted.add(socket);
    socket.on('close', () => this.accepted.delete(socket));
    socket.on('error', () => socket.destroy());
    const { tls: config } = this.host.config;
    if (config === null) return;
    // Who begins nothing is gone soon; the HTTP server has times of its own.
    socket.setTimeout(config.detectionMs, () => socket.destroy());
    if (config.takesPlain) this.detect(socket);
    else this.secure(socket);
  }

  private detect(socket: Socket): void {
    const onReadable = (): void => {
      const first: Buffer | null = socket.read();
      if (first === null) return;
      socket.off('readable', onReadable);
      socket.unshift(first);
      if (first[0] === TLS_HANDSHAKE) this.secure(socket);
      else this.plain(socket);
    };
    socket.on('readable', onReadable);
    socket.on('end', () => {
      if (socket.listenerCount('readable') > 0) socket.destroy();
    });
  }

  private plain(socket: Socket): void {
    this.host.counters.increment('insecure_admin_count');
    this.hand(socket);
  }

  private secure(socket: Socket): void {
    this.tls?.secure(socket, (encrypted: TLSSocket, identities) => {
      this.proved.set(encrypted, identities);
      encrypted.on('error', () => encrypted.destroy());
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      this.hand(encrypted);
    });
  }

  /** To the HTTP server, which treats it as one that it has accepted itself. */
  private hand(socket: Socket): void {
    socket.setTimeout(0);
    socket.removeAllListeners('timeout');
    this.http.emit('connection', socket);
    socket.resume();
  }
}
