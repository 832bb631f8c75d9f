/**
 * TLS between servers (ensemble-protocol 10.2): handshakes of connections that are opened and of those that are accepted. Loaded
 * when it is configured. Lives on the thread of its network; knows nothing of what is spoken inside.
 *
 * Both sides show a certificate. Whose it must be: of a server that is called, the host's that was dialled, as it was written in
 * the configuration; of one that calls, its certificate must name its address, or a member's host whose addresses, looked up by
 * that name, have the caller's among them. Nobody's address is ever looked up backwards: the answer would be the caller's own
 * (CVE-2026-24281).
 */
import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Logger } from '../actor/logger.js';
import type { SeldomLogger } from '../actor/seldom-logger.js';
import { TlsAcceptor } from '../net/tls-acceptor.js';
import { type LoadedTls, loadTlsContext } from '../net/tls-context.js';
import { storeFiles, TLS_COUNTERS, type TlsOptions } from '../net/tls-options.js';
import { stampOf } from '../net/tls-store-watch.js';
import type { Attempt } from './connection-race.js';
import { type MemberAddresses, plainAddress } from './member-addresses.js';
import { tlsFailureText } from './tls-failure.js';

export interface QuorumTlsOptions {
  /** What stands in it of client hosts is not for this: see below. */
  readonly tls: TlsOptions;
  /** sslQuorum: connections that are opened are encrypted, and those that are accepted must be. */
  readonly isRequired: boolean;
  /** portUnification: accepted ones may be either. */
  readonly takesPlain: boolean;
  readonly verifiesServerHost: boolean;
  readonly verifiesClientHost: boolean;
  /** How long a listener for both waits for the first bytes. */
  readonly detectionMs: number;
}

/** What a network that speaks TLS is given: plain data. */
export interface QuorumTlsPart {
  readonly options: QuorumTlsOptions;
  /** Secret: has the private key. As the main thread found it before it started anything. */
  readonly loaded: LoadedTls;
}

export class QuorumTls {
  private readonly options: QuorumTlsOptions;
  private readonly log: Logger;
  private readonly members: MemberAddresses;
  private readonly acceptor: TlsAcceptor;
  private context: SecureContext;
  private stamp: string;

  constructor(part: QuorumTlsPart, members: MemberAddresses, log: Logger, seldom: SeldomLogger) {
    this.options = part.options;
    this.log = log;
    this.members = members;
    this.context = createSecureContext(part.loaded.context);
    this.stamp = part.loaded.stamp;
    this.acceptor = new TlsAcceptor({
      options: part.options.tls,
      loaded: part.loaded,
      // A stranger can make handshakes fail as often as he likes.
      log: { ...log, warn: (message) => seldom.warn('handshake', message), info: (message) => log.info(message) },
      cells: new Float64Array(TLS_COUNTERS.length),
      tellsReloads: true,
    });
  }

  get attempt(): Attempt {
    return (address, port, host, onOpen, onFailed) => this.call(address, port, host, onOpen, onFailed);
  }

  /** The socket is the acceptor's from now on; `onSecured` only behind a good handshake, else the socket is destroyed. */
  secure(raw: Socket, onSecured: (socket: TLSSocket) => void, onRefused: (reason: string) => void): void {
    const { remoteAddress } = raw;
    this.acceptor.secure(raw, (socket) => {
      const certificate = socket.getPeerX509Certificate();
      // With clientAuth want or none somebody may come without: there is nothing to compare then.
      if (!this.options.verifiesClientHost || certificate === undefined) {
        onSecured(socket);
        return;
      }
      const address = plainAddress(remoteAddress ?? '');
      if (certificate.checkIP(address) !== undefined) {
        onSecured(socket);
        return;
      }
      this.members.hostsAt(address, (hosts) => {
        if (raw.destroyed) return;
        if (hosts.some((host) => certificate.checkHost(host) !== undefined)) {
          onSecured(socket);
          return;
        }
        onRefused(`its certificate names neither ${address} nor a member of the ensemble at this address`);
        socket.destroy();
      });
    });
  }

  close(): void {
    this.acceptor.close();
  }

  private call(
    address: string,
    port: number,
    host: string,
    onOpen: (socket: Socket) => void,
    onFailed: (reason: string) => void,
  ): () => void {
    const socket = connect({
      host: address,
      port,
      secureContext: this.newestContext(),
      // Java's servers look at no name, and the protocol allows none that is an address.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      rejectUnauthorized: true,
      checkServerIdentity: (_name, { raw }) => this.checkServer(host, raw),
    });
    const fail = (error: Error): void => {
      socket.removeListener('close', onClose);
      socket.destroy();
      onFailed(`${host === address ? `${host}:${port}` : host}: ${tlsFailureText(error)}`);
    };
    const onClose = (): void => fail(new Error('closed during the handshake'));
    socket.once('error', fail);
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      socket.removeListener('error', fail);
      socket.removeListener('close', onClose);
      onOpen(socket);
    });
    return () => {
      socket.removeListener('error', fail);
      socket.removeListener('close', onClose);
      socket.on('error', () => socket.destroy());
      socket.destroy();
    };
  }

  private checkServer(host: string, raw: Buffer): Error | undefined {
    if (!this.options.verifiesServerHost) return undefined;
    const certificate = new X509Certificate(raw);
    const named = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
    return named === undefined ? new Error(`the server's certificate does not name ${host}`) : undefined;
  }

  /** Connections are opened seldom: whether the files have changed is looked at then, and no sooner. */
  private newestContext(): SecureContext {
    const { tls } = this.options;
    if (!tls.reloadsStores) return this.context;
    const stamp = stampOf(storeFiles(tls));
    if (stamp === this.stamp) return this.context;
    this.stamp = stamp;
    try {
      this.context = createSecureContext(loadTlsContext(tls));
    } catch (error) {
      this.log.error(`The changed stores of ssl.quorum are not used, the old ones stay: ${(error as Error).message}`);
    }
    return this.context;
  }
}
