import { describe, expect, it } from 'vitest';
import { CONFIG_KEYS, type ConfigKey, findConfigKey, propertiesOf } from '../../../src/server/config-keys.js';
import { decodeLenientInteger, parseStrictInt } from '../../../src/server/settings.js';

const ROWS: readonly ConfigKey[] = CONFIG_KEYS;

describe('the key table', () => {
  it('names every key once', () => {
    const names = ROWS.map((key) => key.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('says one sentence about each', () => {
    for (const key of ROWS) expect(key.sentence, key.name).toMatch(/^\S.*\.$/);
  });

  it('has defaults that its own regimes accept', () => {
    for (const key of ROWS) {
      if (key.default === '') continue;
      if (key.regime === 'strict-int') expect(parseStrictInt(key.default), key.name).toBeTypeOf('number');
      if (key.regime === 'lenient-int' || key.regime === 'lenient-long') {
        expect(decodeLenientInteger(key.default, -(2 ** 31), 2 ** 53), key.name).toBeTypeOf('number');
      }
      if (key.regime.endsWith('bool')) expect(key.default, key.name).toMatch(/^(true|false)$/);
      if (key.regime === 'switch') expect(key.word, key.name).not.toBe(key.default);
    }
  });

  it('gives a switch its word, and nobody else', () => {
    for (const key of ROWS) expect(key.word !== undefined, key.name).toBe(key.regime === 'switch');
  });

  it('marks what must not be logged', () => {
    const suspicious = ROWS.filter((key) => /password(?!Path)|digest$|superDigest/i.test(key.name));
    expect(suspicious.length).toBeGreaterThan(0);
    for (const key of suspicious) expect(key.secret, key.name).toBe(true);
  });

  it('finds families of keys by their prefix', () => {
    expect(findConfigKey('server.12')?.name).toBe('server.N');
    expect(findConfigKey('group.1')?.name).toBe('group.N');
    expect(findConfigKey('metricsProvider.httpPort')?.name).toBe('metricsProvider.httpPort');
    expect(findConfigKey('metricsProvider.other')?.name).toBe('metricsProvider.*');
    expect(findConfigKey('metricsProvider.className')?.regime).toBe('strict-text');
    expect(findConfigKey('authProvider.1')?.name).toBe('authProvider.*');
    expect(findConfigKey('superUser.2')?.name).toBe('superUser.*');
    expect(findConfigKey('superUser')?.regime).toBe('text');
    expect(findConfigKey('Ticktime')).toBeUndefined();
    expect(findConfigKey('server.N')?.name).toBe('server.N');
  });

  it('gives properties to lenient keys only', () => {
    for (const key of ROWS) {
      const isProperty = !key.regime.startsWith('strict') && key.regime !== 'pattern' && key.regime !== 'family';
      expect(propertiesOf(key).length > 0, key.name).toBe(isProperty);
    }
  });
});
