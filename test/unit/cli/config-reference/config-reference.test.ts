import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLIENT_PROPERTIES } from '../../../../src/cli/config-reference/client-property-table.js';
import { configKeys } from '../../../../src/cli/config-reference/config-keys.js';
import { configReference } from '../../../../src/cli/config-reference/config-reference.js';
import { CONFIG_KEYS } from '../../../../src/server/config-keys.js';
import { repositoryRoot } from '../../../testing/repository-root.js';

async function run(...args: string[]) {
  let out = '';
  let err = '';
  const say = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
  };
  return { code: await configKeys({ args, env: {}, ...say }), out, err };
}

describe('docs/configuration.md', () => {
  it('has every key, and nothing undefined', () => {
    const page = configReference();
    for (const { name } of CONFIG_KEYS) expect(page).toContain(`| \`${name.replaceAll('|', '\\|')}\` |`);
    expect(page).not.toMatch(/undefined|\[object/);
  });

  it('has every property of clients that a tool reads', () => {
    const names = CLIENT_PROPERTIES.map(({ name }) => name);
    const source = readFileSync(join(repositoryRoot, 'src/server/client-properties.ts'), 'utf8');
    const read = [...source.matchAll(/'(zookeeper\.[\w.]+|jute\.\w+|java\.security[\w.]+)'/g)].map(([, name]) => name);
    expect(read.length).toBeGreaterThan(6);
    expect(read.filter((name) => !names.includes(name))).toEqual([]);
  });
});

describe('threadkeeper config-keys', () => {
  it('explains one key, by any of its names', async () => {
    const { code, out } = await run('request_throttle_max_requests');
    expect(code).toBe(0);
    expect(out).toBe(
      'request_throttle_max_requests\n' +
        '  Requests in the pipeline before others wait; 0 switches the throttler off.\n' +
        '  value          a whole number of requests, at least 0\n' +
        '  default        0\n' +
        '  in zoo.cfg     request_throttle_max_requests\n' +
        '  as -D          zookeeper.request_throttle_max_requests\n' +
        '  also called    requestThrottleLimit\n',
    );
    expect((await run('requestThrottleLimit')).out).toBe(out);
    expect((await run('zookeeper.request_throttle_max_requests')).out).toBe(out);
    expect((await run('tickTime')).out).toContain('as -D          (the file only)');
    expect((await run('server.5')).out).toMatch(/^server\.N\n/);
  });

  it('says the nearest name to one that it does not know', async () => {
    expect(await run('tickTme')).toEqual({
      code: 1,
      out: '',
      err: 'tickTme is no key of this server; did you mean tickTime?\n',
    });
  });

  it('gives programs the whole table', async () => {
    expect(JSON.parse((await run('--json')).out)).toEqual(CONFIG_KEYS);
    expect((await run('--markdown')).out).toBe(configReference());
  });

  it.each([[[]], [['a', 'b']], [['--yaml']]])('knows no other words: %j', async (args) => {
    await expect(run(...args)).rejects.toThrow(/config-keys/);
  });
});
