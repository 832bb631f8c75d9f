/**
 * How the container manager works, from the configuration (operations 1.5). Read once, on the main thread.
 */
import type { Settings } from './settings.js';
import { ConfigError } from './start-error.js';

export interface ContainerConfig {
  readonly checkIntervalMs: number;
  readonly maxPerMinute: number;
  /** 0: a container that never had a child stays. */
  readonly maxNeverUsedIntervalMs: number;
}

export function readContainerConfig(settings: Settings): ContainerConfig {
  return {
    checkIntervalMs: positive('checkIntervalMs', settings.lenientInt('znode.container.checkIntervalMs')),
    maxPerMinute: positive('maxPerMinute', settings.lenientInt('znode.container.maxPerMinute')),
    maxNeverUsedIntervalMs: Math.max(0, settings.lenientLong('znode.container.maxNeverUsedIntervalMs')),
  };
}

/** The reference fails later and less clearly with anything else. */
function positive(name: string, value: number): number {
  if (value <= 0) throw new ConfigError(`znode.container.${name} must be positive, not ${value}`);
  return value;
}
