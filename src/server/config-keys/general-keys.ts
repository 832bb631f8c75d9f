// Keys every server has: where its data is, its ports, its unit of time and the bounds of sessions.
// Rows of the one table that config-keys.ts puts together; what the columns mean is said in config-key.ts. Constant data,
// read by the main thread while it starts.

import type { ConfigKey } from './config-key.js';

export const GENERAL_KEYS = [
  {
    name: 'dataDir',
    regime: 'strict-text',
    default: '',
    unit: 'path',
    sentence: 'Where snapshots and myid live; required. Data goes to version-2 below it.',
  },
  {
    name: 'dataLogDir',
    regime: 'strict-text',
    default: '',
    unit: 'path',
    sentence: 'Where transaction logs live; dataDir unless set.',
  },
  {
    name: 'tickTime',
    regime: 'strict-int',
    default: '3000',
    unit: 'ms',
    min: 1,
    sentence: 'The unit of time that session timeouts are built from.',
  },
  {
    name: 'clientPort',
    regime: 'strict-int',
    default: '',
    unit: 'port',
    min: 0,
    max: 65535,
    sentence: 'Where clients connect; unset or 0 means no listener.',
  },
  {
    name: 'clientPortAddress',
    regime: 'strict-text',
    default: '',
    unit: 'host',
    sentence: 'The local address clients connect to; all addresses unless set.',
  },
  {
    name: 'secureClientPort',
    regime: 'strict-int',
    default: '',
    unit: 'port',
    min: 0,
    max: 65535,
    sentence: 'Where clients connect with TLS; needs ssl.keyStore.location.',
  },
  {
    name: 'secureClientPortAddress',
    regime: 'strict-text',
    default: '',
    unit: 'host',
    sentence: 'The local address for secureClientPort; all addresses unless set.',
  },
  {
    name: 'clientPortListenBacklog',
    regime: 'strict-int',
    default: '-1',
    unit: 'connections',
    min: -1,
    sentence: 'Length of the queue of connections not yet accepted; -1 leaves it to the runtime.',
  },
  {
    name: 'maxClientCnxns',
    regime: 'strict-int',
    default: '60',
    unit: 'connections',
    min: 0,
    sentence: 'Connections one client address may hold; 0 means no limit.',
  },
  {
    name: 'minSessionTimeout',
    regime: 'strict-int',
    default: '-1',
    unit: 'ms',
    min: -1,
    sentence: 'The shortest session timeout granted; -1 means two ticks.',
  },
  {
    name: 'maxSessionTimeout',
    regime: 'strict-int',
    default: '-1',
    unit: 'ms',
    min: -1,
    sentence: 'The longest session timeout granted; -1 means twenty ticks.',
  },
] as const satisfies readonly ConfigKey[];
