// The keys of the container manager and of the nodes it looks after: from the file, or as -D options by either name.

import { describe, expect, it } from 'vitest';
import { readContainerConfig } from '../../../src/server/container-config.js';
import { Settings } from '../../../src/server/settings.js';
import { ConfigError } from '../../../src/server/start-error.js';

const PREFIX = 'znode.container.';

function read(file: Record<string, string>, options: Record<string, string> = {}) {
  return readContainerConfig(new Settings(new Map(Object.entries(file)), new Map(Object.entries(options))));
}

describe('the container manager', () => {
  it('has the defaults of the reference', () => {
    expect(read({})).toEqual({ checkIntervalMs: 60_000, maxPerMinute: 10_000, maxNeverUsedIntervalMs: 0 });
  });

  it('is set by the file, which wins', () => {
    const file = { [`${PREFIX}checkIntervalMs`]: '100', [`${PREFIX}maxPerMinute`]: '7' };
    expect(read(file, { [`${PREFIX}checkIntervalMs`]: '200', [`${PREFIX}maxNeverUsedIntervalMs`]: '300000' })).toEqual({
      checkIntervalMs: 100,
      maxPerMinute: 7,
      maxNeverUsedIntervalMs: 300_000,
    });
  });

  it('is set by -D with and without the prefix', () => {
    expect(read({}, { [`${PREFIX}maxPerMinute`]: '5' }).maxPerMinute).toBe(5);
    expect(read({}, { [`zookeeper.${PREFIX}maxPerMinute`]: '6' }).maxPerMinute).toBe(6);
  });

  it.each(['checkIntervalMs', 'maxPerMinute'])('is refused with a %s of 0 or less', (name) => {
    for (const value of ['0', '-1']) {
      expect(() => read({ [PREFIX + name]: value })).toThrow(
        new ConfigError(`${PREFIX}${name} must be positive, not ${value}`),
      );
    }
  });

  it('takes a negative maxNeverUsedIntervalMs for never', () => {
    expect(read({ [`${PREFIX}maxNeverUsedIntervalMs`]: '-5' }).maxNeverUsedIntervalMs).toBe(0);
  });
});
