/**
 * The TLS handshakes of one connection shard: takes an accepted socket, gives back the encrypted one with the identities
 * that the client's certificate proves, or closes it. Lives on the shard's event-loop thread; knows nothing of what is
 * spoken inside.
 *
 * A handshake holds up nobody: it is steps on the event loop, and how long it may take is the shard's rule for connections
 * without a session. When files of the stores change, later handshakes use the new ones; files that cannot be read leave
 * everything as it was.
 */
import type { X509Certificate } from 'node:crypto';
import { lookupService } from 'node:dns';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from '../actor/logger.js';
import { javaSocketAddress } from '../base/java-address.js';
import type { Identity } from '../processor/acl.js';
import { loadTlsContext } from './tls-context.js';
import { subjectOf } from './tls-distinguished-name.js';
import { storeFiles, TlsCounter, type TlsOptions, type TlsPart } from './tls-options.js';
import { StoreWatch } from './tls-store-watch.js';

export type OnSecured = (socket: TLSSocket, identities: readonly Identity[]) => void;

interface Handshake {
  readonly raw: Socket;
  readonly onSecured: OnSecured;
  isOver: boolean;
}

/** What Node's encrypted sockets know of the socket below; for log lines only. */
interface WithParent {
  readonly _parent?: Socket;
}

interface WithReason extends Error {
  readonly reason?: string;
}

const NO_IDENTITIES: readonly Identity[] = [];

export class TlsAcceptor {
  private readonly options: TlsOptions;
  private readonly log: Logger;
  private readonly tellsReloads: boolean;
  private readonly server: Server;
  private readonly watch: StoreWatch | null;
  private readonly cells: Float64Array;
  /** By both ends of the connection: node:tls does not say which socket of ours a TLSSocket was made from. */
  private readonly handshakes = new Map<string, Handshake>();

  constructor(part: TlsPart) {
    const { options, log } = part;
    this.options = options;
    this.log = log;
    this.tellsReloads = part.tellsReloads;
    this.cells = part.cells;
    this.cells[TlsCounter.outstanding] = 0;
    // Never listens: it is handed connections that a listener of ours has accepted.
    this.server = createServer({
      requestCert: options.clientAuth !== 'none',
      rejectUnauthorized: options.clientAuth === 'need',
      handshakeTimeout: 0,
    });
    this.server.on('secureConnection', (socket) => this.onHandshakeDone(socket));
    this.server.on('tlsClientError', (error, socket) => this.logFailure(socket.authorizationError ?? error, socket));
    this.server.setSecureContext(part.loaded.context);
    this.watch = options.reloadsStores
      ? new StoreWatch(storeFiles(options), part.loaded.stamp, log, () => this.reload())
      : null;
  }

  /** The socket is the acceptor's from now on, and the client's only behind a good handshake; else it is destroyed. */
  secure(raw: Socket, onSecured: OnSecured): void {
    const { handshakesMax } = this.options;
    if (handshakesMax > 0 && this.handshakes.size >= handshakesMax) {
      this.cells[TlsCounter.exceeded] += 1;
      raw.destroy();
      return;
    }
    const key = keyOf(raw);
    const handshake: Handshake = { raw, onSecured, isOver: false };
    this.handshakes.set(key, handshake);
    this.cells[TlsCounter.outstanding] = this.handshakes.size;
    raw.once('close', () => {
      if (handshake.isOver) return;
      this.cells[TlsCounter.unsuccessful] += 1;
      this.end(key, handshake);
    });
    // Who sends nothing more in the middle of a handshake has gone; behind it, it may still read.
    raw.allowHalfOpen = false;
    this.server.emit('connection', raw);
  }

  close(): void {
    this.watch?.close();
  }

  private onHandshakeDone(socket: TLSSocket): void {
    const key = keyOf(socket);
    const handshake = this.handshakes.get(key);
    if (handshake === undefined) {
      socket.destroy();
      return;
    }
    const certificate = this.options.clientAuth === 'none' ? undefined : socket.getPeerX509Certificate();
    if (certificate !== undefined && !socket.authorized) {
      this.refuse(socket, socket.authorizationError);
      return;
    }
    this.checkHost(socket, certificate, (isRight) => {
      // The client may have gone while its name was looked up.
      if (handshake.isOver) return;
      if (!isRight) {
        this.refuse(socket, new Error('its certificate does not name the address it comes from'));
        return;
      }
      const identities = certificate === undefined ? NO_IDENTITIES : this.identitiesOf(certificate, socket);
      if (identities === null) return;
      this.end(key, handshake);
      socket.allowHalfOpen = true;
      handshake.onSecured(socket, identities);
    });
  }

  /** Null: refused, because the certificate's subject cannot be told. */
  private identitiesOf(certificate: X509Certificate, socket: TLSSocket): readonly Identity[] | null {
    let dn: string;
    try {
      dn = subjectOf(certificate.raw);
    } catch (error) {
      this.refuse(socket, error as Error);
      return null;
    }
    return [{ scheme: 'x509', id: dn }];
  }

  private checkHost(
    socket: TLSSocket,
    certificate: X509Certificate | undefined,
    onChecked: (isRight: boolean) => void,
  ): void {
    const { verifiesClientHost, looksUpClientHost } = this.options;
    const address = socket.remoteAddress?.replace(/^::ffff:/, '');
    if (!verifiesClientHost || certificate === undefined) {
      onChecked(true);
      return;
    }
    if (address === undefined || certificate.checkIP(address) !== undefined || !looksUpClientHost) {
      onChecked(address !== undefined && certificate.checkIP(address) !== undefined);
      return;
    }
    lookupService(address, socket.remotePort ?? 0, (error, name) => {
      onChecked(error === null && certificate.checkHost(name) !== undefined);
    });
  }

  private refuse(socket: TLSSocket, reason: Error): void {
    this.cells[TlsCounter.authFailed] = (this.cells[TlsCounter.authFailed] as number) + 1;
    this.logFailure(reason, socket);
    socket.destroy();
  }

  private logFailure(cause: Error | string, socket: TLSSocket): void {
    // A TLSSocket that is closed has forgotten who it was; the one below it, if it can be had, has not.
    const { remoteAddress, remotePort } = (socket as unknown as WithParent)._parent ?? socket;
    const client = remoteAddress === undefined ? 'a client' : javaSocketAddress(remoteAddress, remotePort ?? 0);
    // OpenSSL's own errors carry a short reason beside a message full of its line numbers.
    const reason = typeof cause === 'string' ? cause : ((cause as WithReason).reason ?? cause.message);
    this.log.warn(`Unsuccessful handshake with ${client}: ${reason}`);
  }

  private end(key: string, handshake: Handshake): void {
    handshake.isOver = true;
    if (this.handshakes.get(key) === handshake) this.handshakes.delete(key);
    this.cells[TlsCounter.outstanding] = this.handshakes.size;
  }

  private reload(): void {
    try {
      this.server.setSecureContext(loadTlsContext(this.options));
      if (this.tellsReloads) this.log.info('The key and trust stores have changed; new connections use them');
    } catch (error) {
      const reason = (error as Error).message;
      if (!this.tellsReloads) return;
      this.log.error(`The changed key and trust stores are not used, the old ones stay: ${reason}`);
    }
  }
}

function keyOf(socket: Socket): string {
  return `${socket.localAddress}|${socket.localPort}|${socket.remoteAddress}|${socket.remotePort}`;
}
