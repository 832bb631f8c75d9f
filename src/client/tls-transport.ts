// The Transport for servers that want TLS: node:tls. A shell, as NetTransport: it decides nothing. The server's
// certificate is always verified against the authorities given (or the system's); its host name too, unless told
// otherwise. Everything a client says goes through it, the "isro" of the read-only search included.

import { type ConnectionOptions, connect } from 'node:tls';
import { SocketConnection } from './net-transport.js';
import type { Connection, ConnectionHandlers, Transport } from './transport.js';

/** PEM text, or its bytes. */
export type Pem = string | Uint8Array;

export interface TlsOptions {
  /** Authorities to trust. Unset: those of the system. */
  readonly ca?: Pem | readonly Pem[] | undefined;
  /** The client's own certificate (with its chain), for servers that ask for one, and its key; several: one per kind. */
  readonly cert?: Pem | readonly Pem[] | undefined;
  readonly key?: Pem | readonly Pem[] | undefined;
  /** PKCS#12 in place of cert and key; authorities in it are trusted as well. */
  readonly pfx?: Uint8Array | undefined;
  /** Of the key or the PKCS#12. */
  readonly passphrase?: string | undefined;
  /** Whom the certificate must be for, and whom the server is asked for (SNI). Unset: the host connected to. */
  readonly serverName?: string | undefined;
  /** False: any name will do, as long as the certificate is trusted. */
  readonly verifyHostName?: boolean | undefined;
  /** Unset: Node's default (TLS 1.2 and 1.3). */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** OpenSSL's names, separated by colons. */
  readonly ciphers?: string | undefined;
}

/** Whatever is given as an authority is one, the root of its chain or not. Node knows the word from 22.9 on. */
const TRUSTS_EACH = { allowPartialTrustChain: true };

export class TlsTransport implements Transport {
  private readonly options: ConnectionOptions;

  constructor(options: TlsOptions) {
    const { serverName, verifyHostName = true, ...rest } = options;
    this.options = {
      ...(Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as ConnectionOptions),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(verifyHostName ? {} : { checkServerIdentity: () => undefined }),
      ...(rest.ca === undefined ? {} : TRUSTS_EACH),
    };
  }

  connect(host: string, port: number, handlers: ConnectionHandlers): Connection {
    const connection = new SocketConnection(handlers);
    const socket = connect({ ...this.options, host, port });
    socket.setNoDelay(true);
    socket.on('data', (bytes) => connection.onData(bytes));
    connection.attach(socket, 'secureConnect');
    return connection;
  }
}
