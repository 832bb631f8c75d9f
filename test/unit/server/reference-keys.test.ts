import { describe, expect, it } from 'vitest';
import {
  CONFIG_AREAS,
  CONFIG_KEYS,
  type ConfigKey,
  configKey,
  findConfigKey,
  KEYS_BY_ALIAS,
  propertiesOf,
} from '../../../src/server/config-keys.js';
import { Settings } from '../../../src/server/settings.js';
import { DEVIATIONS, GUIDE_HEADINGS, REFERENCE_KEYS } from './reference-keys.js';

const ROWS: readonly ConfigKey[] = CONFIG_KEYS;
const ours = (name: string): ConfigKey | undefined => ROWS.find((row) => row.name === name);

describe('the keys of Apache ZooKeeper 3.9', () => {
  it('are all in our table, once', () => {
    const names = REFERENCE_KEYS.map((key) => key.name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(220);
    expect(names.filter((name) => ours(name) === undefined)).toEqual([]);
  });

  it('and there are no others but our own', () => {
    const names = new Set(REFERENCE_KEYS.map((key) => key.name));
    const added = ROWS.map((row) => row.name).filter((name) => !names.has(name) && !name.startsWith('threadkeeper.'));
    expect(added).toEqual([]);
  });

  it('have the same defaults, but where we say why not', () => {
    const differing = REFERENCE_KEYS.filter((key) => ours(key.name)?.default !== key.default);
    expect(Object.fromEntries(differing.map(({ name }) => [name, ours(name)?.default]))).toEqual(
      Object.fromEntries(Object.entries(DEVIATIONS).map(([name, [value]]) => [name, value])),
    );
  });

  it('that are -D only there are read under that name, and from the file', () => {
    for (const { name } of REFERENCE_KEYS.filter((key) => key.isBareProperty)) {
      expect(propertiesOf(ours(name) as ConfigKey), name).toEqual([`zookeeper.${name}`, name]);
    }
  });

  it('have bounds that their own defaults keep', () => {
    for (const row of ROWS) {
      if (row.default === '' || row.regime === 'count') continue;
      if (row.min !== undefined) expect(Number(row.default), row.name).toBeGreaterThanOrEqual(row.min);
      if (row.max !== undefined) expect(Number(row.default), row.name).toBeLessThanOrEqual(row.max);
    }
  });

  it('say why, where they have no effect', () => {
    for (const row of ROWS) if (row.accepted !== undefined) expect(row.accepted, row.name).toMatch(/^[A-Z].*\.$/);
  });

  it('are documented by areas that leave none out', () => {
    expect(CONFIG_AREAS.flatMap((area) => area.keys)).toEqual(ROWS);
  });
});

describe('headings of the guide', () => {
  it.each(Object.entries(GUIDE_HEADINGS))('%s means %s', (heading, name) => {
    expect(findConfigKey(heading)).toBeUndefined();
    expect(KEYS_BY_ALIAS.get(heading)?.name).toBe(name);
    const property = `zookeeper.${name}`;
    const fromFile = new Settings(new Map([[heading, '7']]), new Map([[property, '8']]));
    expect(fromFile.properties.get(property)).toBe('7');
    const both = new Settings(
      new Map([
        [heading, '7'],
        [name, '9'],
      ]),
      new Map(),
    );
    expect(both.properties.get(property)).toBe('9');
    const fromOptions = new Settings(new Map(), new Map([[`zookeeper.${heading}`, '7']]));
    expect(fromOptions.properties.get(property)).toBe('7');
    const bothOptions = new Settings(
      new Map(),
      new Map([
        [`zookeeper.${heading}`, '7'],
        [property, '9'],
      ]),
    );
    expect(bothOptions.properties.get(property)).toBe('9');
  });

  it('lead to keys that are there', () => {
    for (const row of KEYS_BY_ALIAS.values()) expect(configKey(row.name as 'tickTime')).toBe(row);
  });
});
