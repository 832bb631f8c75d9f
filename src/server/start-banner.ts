// The first lines of a server's log: who it is, where it runs, and the settings it goes by. Written once by the main
// thread when the configuration has been read. Settings are printed from the key table alone, so an unknown key never
// gets here, and a key marked secret tells only whether it is set.

import type { Logger } from '../actor/logger.js';
import { CONFIG_KEYS, type ConfigKey, propertiesOf } from './config-keys.js';
import { describeEnvironment } from './environment.js';
import type { ServerConfig } from './server-config.js';
import { FULL_VERSION, THREADKEEPER_VERSION } from './version.js';

export function logStartBanner(config: ServerConfig, log: Logger): void {
  log.info(`Threadkeeper ${THREADKEEPER_VERSION}, ZooKeeper ${FULL_VERSION}`);
  for (const [key, value] of describeEnvironment()) log.info(`Server environment:${key}=${value}`);
  for (const key of CONFIG_KEYS) {
    const line = settingLine(key, config.properties);
    if (line !== null) log.info(line);
  }
  log.info(
    `Created server with tickTime ${config.tickMs} ms minSessionTimeout ${config.minSessionTimeoutMs} ms ` +
      `maxSessionTimeout ${config.maxSessionTimeoutMs} ms clientPortListenBacklog ${config.clientPortListenBacklog} ` +
      `dataLogdir ${config.dataLogDir}/version-2 snapdir ${config.dataDir}/version-2`,
  );
  log.info(
    `Placement ${config.placement} with ${config.connectionShards} ` +
      `connection ${config.connectionShards === 1 ? 'shard' : 'shards'}`,
  );
}

/** `zookeeper.snapCount = 100000`; null for keys that are no properties, and for unset ones without a default. */
export function settingLine(key: ConfigKey, properties: Readonly<Record<string, string>>): string | null {
  const names = propertiesOf(key);
  const set = names.map((name) => properties[name]).find((value) => value !== undefined);
  const shown = key.secret === true && set !== undefined ? '<set>' : (set ?? key.default);
  // The last name is the one without a prefix, if there is one: as -D takes it.
  return names.length === 0 || shown === '' ? null : `${names[names.length - 1]} = ${shown}`;
}
