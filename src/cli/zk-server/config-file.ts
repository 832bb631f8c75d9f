// Where the configuration file is, by arguments and environment as zkEnv.sh decides it: for zkServer, and for the tools that
// read a directory from it.
// It reads no file and changes nothing.

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

type Environment = Readonly<Record<string, string | undefined>>;

/** dist/src/cli/zk-server/ -> the package. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

export function installPrefix(env: Environment): string {
  return env.ZOOBINDIR ? dirname(resolve(env.ZOOBINDIR)) : resolve(PACKAGE_ROOT);
}

export function defaultConfigDir(prefix: string): string {
  const conf = join(prefix, 'conf');
  return existsSync(conf) ? conf : join(prefix, 'etc', 'zookeeper');
}

/** A bare name is looked for in the configuration directory; anything with a directory in it is taken as it is. */
export function chooseConfigFile(configDir: string, zoocfg: string, name: string | undefined): string {
  const chosen = name === undefined || name === '' ? zoocfg : name;
  return chosen.includes('/') ? chosen : join(configDir, chosen);
}

/** Of a tool that is given no name. */
export function configFileOf(env: Environment): string {
  const configDir = env.ZOOCFGDIR || defaultConfigDir(installPrefix(env));
  return chooseConfigFile(configDir, env.ZOOCFG || 'zoo.cfg', undefined);
}
