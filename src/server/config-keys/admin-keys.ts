// Keys of the HTTP admin server.
// Rows of the one table that config-keys.ts puts together; what the columns mean is said in config-key.ts. Constant data,
// read by the main thread while it starts.

import type { ConfigKey } from './config-key.js';

export const ADMIN_KEYS = [
  {
    name: 'admin.enableServer',
    regime: 'switch',
    default: 'true',
    word: 'false',
    unit: '',
    sentence: 'The HTTP admin server; off by exactly false.',
  },
  {
    name: 'admin.serverAddress',
    regime: 'text',
    default: '127.0.0.1',
    unit: 'host',
    sentence: 'Where it listens; Apache ZooKeeper listens on 0.0.0.0.',
  },
  {
    name: 'admin.serverPort',
    regime: 'lenient-int',
    default: '8080',
    unit: 'port',
    min: 0,
    max: 65535,
    sentence: 'Its port; 0 takes a free one. A server that cannot open it ends with exit code 4.',
  },
  {
    name: 'admin.commandURL',
    regime: 'text',
    default: '/commands',
    unit: 'path',
    sentence: 'What stands in front of its commands.',
  },
  {
    name: 'admin.idleTimeout',
    regime: 'lenient-int',
    default: '30000',
    unit: 'ms',
    min: 0,
    sentence: 'HTTP connections on which nothing happens are closed after this; 0 keeps them.',
  },
  {
    name: 'admin.snapshot.enabled',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'The command snapshot; on by default in Apache ZooKeeper.',
  },
  {
    name: 'admin.restore.enabled',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'The command restore; on by default in Apache ZooKeeper.',
  },
  {
    name: 'admin.rateLimiterIntervalInMS',
    regime: 'decimal',
    default: '300000',
    unit: 'ms',
    min: 0,
    sentence: 'snapshot and restore are each answered once in this time.',
  },
  {
    name: 'admin.forceHttps',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence:
      'TLS only on the admin port, with the stores of ssl.quorum.*; without good stores there is no AdminServer.',
  },
  {
    name: 'admin.portUnification',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'TLS as well on the admin port, with the stores of ssl.quorum.*.',
  },
  {
    name: 'admin.needClientAuth',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    sentence: 'Clients of the admin port that speak TLS need a certificate.',
  },
  {
    name: 'admin.httpVersion',
    regime: 'lenient-int',
    default: '11',
    unit: '',
    sentence: 'The next protocol that TLS offers.',
    accepted: 'HTTP/1.1 is spoken.',
  },
] as const satisfies readonly ConfigKey[];
