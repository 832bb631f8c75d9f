// Keys of this server alone, which Apache ZooKeeper does not know. All begin with threadkeeper.
// Rows of the one table that config-keys.ts puts together; what the columns mean is said in config-key.ts. Constant data,
// read by the main thread while it starts.

import type { ConfigKey } from './config-key.js';

export const OWN_KEYS = [
  {
    name: 'threadkeeper.log.format',
    regime: 'choice',
    default: 'pattern',
    unit: '',
    properties: ['zookeeper.threadkeeper.log.format', 'threadkeeper.log.format'],
    sentence: 'pattern writes log lines as ZooKeeper does, json writes pino records.',
  },
  {
    name: 'threadkeeper.placement',
    regime: 'choice',
    default: 'auto',
    unit: '',
    properties: ['zookeeper.threadkeeper.placement', 'threadkeeper.placement'],
    sentence:
      'Which actor lives on which thread: auto (by core count), compact, pipeline, staged, or inline for tests.',
  },
  {
    name: 'threadkeeper.connectionShards',
    regime: 'count',
    default: 'auto',
    unit: 'threads',
    min: 1,
    max: 64,
    properties: ['zookeeper.threadkeeper.connectionShards', 'threadkeeper.connectionShards'],
    sentence: 'Threads that own client connections: auto (by core count) or a number from 1 to 64.',
  },
  {
    name: 'threadkeeper.admin.control',
    regime: 'lenient-bool',
    default: 'false',
    unit: '',
    properties: ['zookeeper.threadkeeper.admin.control', 'threadkeeper.admin.control'],
    sentence:
      'Admin commands settings, change_settings, terminate_session, terminate_connection, reset_statistics; for who owns the root node.',
  },
  {
    name: 'threadkeeper.quorum.foreignAddresses',
    regime: 'choice',
    default: 'refuse',
    unit: '',
    properties: ['zookeeper.threadkeeper.quorum.foreignAddresses', 'threadkeeper.quorum.foreignAddresses'],
    sentence:
      'refuse: election and quorum ports are for addresses that names in server.N stand for; allow: for all, as with reconfigEnabled.',
  },
  {
    name: 'threadkeeper.admin.page',
    regime: 'lenient-bool',
    default: 'true',
    unit: '',
    properties: ['zookeeper.threadkeeper.admin.page', 'threadkeeper.admin.page'],
    sentence: 'The AdminServer has a page for browsers at its root.',
  },
  {
    name: 'threadkeeper.admin.tree',
    regime: 'choice',
    default: 'loopback',
    unit: '',
    properties: ['zookeeper.threadkeeper.admin.tree', 'threadkeeper.admin.tree'],
    sentence:
      'Whom the AdminServer shows nodes, as far as their ACLs let him: loopback (callers on this machine), any, or off.',
  },
  {
    name: 'threadkeeper.admin.hostNames',
    regime: 'text',
    default: '',
    unit: 'hosts',
    properties: ['zookeeper.threadkeeper.admin.hostNames', 'threadkeeper.admin.hostNames'],
    sentence:
      'Names, separated by commas, by which browsers may ask for nodes, beside localhost, addresses and the name of this machine; * is any.',
  },
  {
    name: 'threadkeeper.slowRequestThresholdMs',
    regime: 'lenient-int',
    default: '1000',
    unit: 'ms',
    min: 0,
    properties: ['zookeeper.threadkeeper.slowRequestThresholdMs', 'threadkeeper.slowRequestThresholdMs'],
    sentence:
      'A request that is answered later than so long after it came is logged with the stages in which its time went; 0 = none is.',
  },
] as const satisfies readonly ConfigKey[];
