// How the server logs, once its configuration file is known; until then it logs by what is known without (log-settings.ts).
// Made by the main thread while the server starts, with the memory through which every thread sees a level that is changed
// later. A word that is wrong stops the start here; before, it was left out.

import { dirname } from 'node:path';
import type { Environment } from './command-line.js';
import { LOG_FORMATS, LOG_LEVELS, type LogSettings, readLogSettings } from './log-settings.js';
import { createLogMemory } from './log-switch.js';
import type { Settings } from './settings.js';

const THRESHOLDS = [...LOG_LEVELS, 'ALL', 'FATAL'] as const;

export function readLoggingConfig(
  settings: Settings,
  env: Environment,
  configFile: string | null,
  myid: string,
): LogSettings {
  settings.choice('threadkeeper.log.format', LOG_FORMATS);
  settings.choice('console.threshold', THRESHOLDS);
  settings.choice('log.threshold', THRESHOLDS);
  const { properties } = settings;
  const memory = createLogMemory();
  return { ...readLogSettings({ properties, env, configDir: configDirOf(configFile, env) }), myid, memory };
}

/** Where a logging configuration may lie beside zoo.cfg. */
export function configDirOf(configFile: string | null, env: Environment): string | null {
  return env.ZOOCFGDIR || (configFile === null ? null : dirname(configFile));
}
