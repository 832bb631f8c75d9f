// Keys of TLS between servers.
// Rows of the one table that config-keys.ts puts together; what the columns mean is said in config-key.ts. Constant data,
// read by the main thread while it starts.

import type { ConfigKey } from './config-key.js';

export const QUORUM_TLS_KEYS = [
  {
    name: 'sslQuorum',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'Servers speak TLS with each other, on election and quorum ports; needs ssl.quorum.keyStore.location.',
  },
  {
    name: 'portUnification',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence:
      'Election and quorum ports take TLS as well as plain bytes, while an ensemble goes from one to the other.',
  },
  {
    name: 'sslQuorumReloadCertFiles',
    regime: 'strict-bool',
    default: 'false',
    unit: '',
    sentence: 'The stores of ssl.quorum are read again when their files change.',
  },
  {
    name: 'ssl.quorum.keyStore.location',
    regime: 'text',
    default: '',
    unit: 'path',
    sentence: 'The private key and certificate by which this server is known to the others: JKS, PKCS12 or PEM.',
  },
  {
    name: 'ssl.quorum.keyStore.password',
    regime: 'text',
    default: '',
    unit: '',
    secret: true,
    sentence: 'The password of that key store.',
  },
  {
    name: 'ssl.quorum.keyStore.passwordPath',
    regime: 'text',
    default: '',
    unit: 'path',
    sentence: 'A file with the password of that key store; wins over the password itself.',
  },
  { name: 'ssl.quorum.keyStore.type', regime: 'text', default: '', unit: '', sentence: 'As ssl.keyStore.type.' },
  {
    name: 'ssl.quorum.trustStore.location',
    regime: 'text',
    default: '',
    unit: 'path',
    sentence: 'The certificates that vouch for servers; public authorities unless set.',
  },
  {
    name: 'ssl.quorum.trustStore.password',
    regime: 'text',
    default: '',
    unit: '',
    secret: true,
    sentence: 'The password of that trust store.',
  },
  {
    name: 'ssl.quorum.trustStore.passwordPath',
    regime: 'text',
    default: '',
    unit: 'path',
    sentence: 'A file with the password of that trust store; wins over the password itself.',
  },
  { name: 'ssl.quorum.trustStore.type', regime: 'text', default: '', unit: '', sentence: 'As ssl.keyStore.type.' },
  {
    name: 'ssl.quorum.clientAuth',
    regime: 'text',
    default: 'need',
    unit: '',
    sentence: 'As ssl.clientAuth, for servers that connect.',
  },
  {
    name: 'ssl.quorum.protocol',
    regime: 'text',
    default: '',
    unit: '',
    sentence:
      'The TLS version spoken, unless ssl.quorum.enabledProtocols names several; TLSv1.2 and TLSv1.3 unless set.',
  },
  {
    name: 'ssl.quorum.enabledProtocols',
    regime: 'text',
    default: '',
    unit: 'list',
    sentence: 'The TLS versions spoken between servers.',
  },
  { name: 'ssl.quorum.ciphersuites', regime: 'text', default: '', unit: 'list', sentence: 'As ssl.ciphersuites.' },
  {
    name: 'ssl.quorum.hostnameVerification',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence:
      'A server that is called must have a certificate for the host that the configuration names; false switches the next one off, too.',
  },
  {
    name: 'ssl.quorum.clientHostnameVerification',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    sentence: 'One that calls must have a certificate for its address, or for a member with that address.',
  },
  {
    name: 'ssl.quorum.allowReverseDnsLookup',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'No address is ever looked up backwards: true is understood, warned of, and has no effect.',
  },
  {
    name: 'ssl.quorum.handshakeDetectionTimeoutMillis',
    regime: 'lenient-int',
    default: '5000',
    unit: 'ms',
    min: 1,
    sentence: 'With portUnification, who says nothing for so long speaks plain bytes.',
  },
  { name: 'ssl.quorum.crl', regime: 'lenient-bool', default: 'false', unit: '', sentence: 'As ssl.crl.' },
  { name: 'ssl.quorum.ocsp', regime: 'lenient-bool', default: 'false', unit: '', sentence: 'As ssl.ocsp.' },
  {
    name: 'ssl.quorum.context.supplier.class',
    regime: 'text',
    default: '',
    unit: 'class',
    sentence: 'A class that sets up TLS in a JVM.',
    accepted: 'No Java class can be loaded.',
  },
] as const satisfies readonly ConfigKey[];
