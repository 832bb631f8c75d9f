// The certificates of the configured stores, parsed, with the names by which others call this server. Reads the stores; the
// judgement is certificate-check.ts's. Loaded only where TLS is configured.
// No private key comes out of the stores here.

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { readStoreContents } from '../../server/config-check/store-contents.js';
import type { ServerConfig } from '../../server/server-config.js';
import type { CertificateFacts, StoreFacts } from './certificate-check.js';

/** `ownHosts`: of this server's own member line. */
export function readCertificateFacts(config: ServerConfig, ownHosts: readonly string[]): StoreFacts[] {
  const verifies = config.peerSecurity.tls?.verifiesServerHost === true;
  return readStoreContents(config).map(({ name, path, error, certificates }) => ({
    name,
    path,
    error,
    certificates: certificates.map(parse),
    // Which name clients use is theirs to know.
    hosts: name === 'ssl.quorum.keyStore' && verifies ? ownHosts : [],
  }));
}

function parse(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  return {
    subject: certificate.subject.split('\n').join(', '),
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
    bears: (host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined,
  };
}
