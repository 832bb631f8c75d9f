// The sub-commands of `threadkeeper`, once: name, words, what it is for, and where its code is. A row's module is imported
// when it runs and not before. Constant data, read by the main thread of the
// bin and by its tests; nothing else knows which sub-commands there are.

import type { SubCommandRow } from './sub-command.js';

export const SUB_COMMANDS: readonly SubCommandRow[] = [
  {
    name: 'doctor',
    words: '[--config <dir or file>] [--server <host:port>] [--deep] [--json]',
    sentence: 'Looks at a configuration, its machine and its server, and says what to mend.',
    load: async () => (await import('../doctor/doctor.js')).doctor,
  },
  {
    name: 'top',
    words: '[<host:port of the admin port>] [--once] [--json] [--sort <column>] [--interval <seconds>]',
    sentence: 'A server live in the terminal: its pipeline, threads, throughput and latencies.',
    load: async () => (await import('../top/top.js')).top,
  },
  {
    name: 'config-keys',
    words: '<name> | --markdown | --json',
    sentence: 'What one configuration key means, or all of them.',
    load: async () => (await import('../config-reference/config-keys.js')).configKeys,
  },
  {
    name: 'container-entrypoint',
    words: '[zkServer start-foreground | <command> [words]]',
    passesWordsOn: true,
    sentence: 'In a container: zoo.cfg and myid from ZOO_* variables where they are absent, then the server.',
    load: async () => (await import('../container/container-entrypoint.js')).containerEntrypoint,
  },
  {
    name: 'version',
    words: '[--full | --short | --revision]',
    sentence: 'Who this is, and which release of ZooKeeper it behaves like.',
    load: async () => (await import('./version.js')).version,
  },
  {
    name: 'digest',
    words: '[-q] [--algorithm=SHA1] <user:password>...',
    sentence: 'The digest of a user, for ACLs and superDigest; -q prints it without the password.',
    load: async () => (await import('./digest.js')).digest,
  },
  {
    name: 'log-chopper',
    words: '<zxid> <log> <new log>',
    sentence: 'Copies a transaction log up to and including one transaction.',
    load: async () => (await import('./log-chopper.js')).logChopper,
  },
  {
    name: 'ask',
    words: '<host> <port> <word> [secure]',
    sentence: 'Asks a server a four-letter word.',
    load: async () => (await import('./ask.js')).ask,
  },
  {
    name: 'code-cache',
    words: '',
    sentence: 'Compiles the server for this Node.js, so that its starts need not, where it may not do so itself.',
    load: async () => (await import('./code-cache.js')).codeCache,
  },
];
