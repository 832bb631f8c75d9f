import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Logger, silentLogger } from '../../../src/actor/logger.js';
import { CONFIG_KEYS, type ConfigKey, propertiesOf } from '../../../src/server/config-keys.js';
import { describeEnvironment } from '../../../src/server/environment.js';
import { EXIT_SIGNALS, ExitCode, exitLine } from '../../../src/server/exit-code.js';
import { loadServerConfig } from '../../../src/server/server-config.js';
import { logStartBanner, settingLine } from '../../../src/server/start-banner.js';
import { causeChain } from '../../../src/server/start-error.js';
import { FULL_VERSION, readRevision } from '../../../src/server/version.js';

const ROWS: readonly ConfigKey[] = CONFIG_KEYS;

function banner(text: string): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'start-banner-'));
  const lines: string[] = [];
  const log: Logger = { ...silentLogger, info: (message) => lines.push(message) };
  try {
    writeFileSync(join(dir, 'zoo.cfg'), `dataDir=/d\nclientPort=2181\n${text}`);
    const argv = ['-Dsome.password=HUSH', join(dir, 'zoo.cfg')];
    logStartBanner(loadServerConfig({ argv, env: {}, coreCount: 2, log: silentLogger }), log);
  } finally {
    rmSync(dir, { recursive: true });
  }
  return lines;
}

it('tells the environment, the settings and what was made of them', () => {
  const lines = banner('tickTime=2000\nsnapCount=5000\n');
  expect(lines).toContain(`Server environment:zookeeper.version=${FULL_VERSION}`);
  expect(lines).toContain('zookeeper.snapCount = 5000');
  expect(lines).toContain('jute.maxbuffer = 1048575');
  expect(lines).toContain('threadkeeper.placement = auto');
  expect(lines).toContain(
    'Created server with tickTime 2000 ms minSessionTimeout 4000 ms maxSessionTimeout 40000 ms ' +
      'clientPortListenBacklog -1 dataLogdir /d/version-2 snapdir /d/version-2',
  );
});

it('never tells a secret, and nothing about keys it does not know (CVE-2026-24308)', () => {
  const text = banner('DigestAuthenticationProvider.superDigest=super:HUSH\nssl.keyStore.password=HUSH\n').join('\n');
  expect(text).toContain('superDigest = <set>');
  expect(text).not.toContain('HUSH');
});

it('no key that is called like a secret may be told of (CVE-2026-24308)', () => {
  const isSecret = ({ name }: ConfigKey): boolean => /(password|passwd|secret|credentials?|digest|token)$/i.test(name);
  const secrets = ROWS.filter(isSecret);
  expect(secrets.length).toBeGreaterThan(5);
  for (const key of secrets) {
    const set = Object.fromEntries(propertiesOf(key).map((name) => [name, 'HUSH']));
    expect([key.name, settingLine(key, set)?.includes('HUSH') ?? false]).toEqual([key.name, false]);
  }
});

it('the environment is a closed list, in the order of a JVM’s', () => {
  expect(describeEnvironment().map(([key]) => key)).toEqual(
    (
      'zookeeper.version host.name java.version java.vendor java.home java.class.path java.library.path ' +
      'java.io.tmpdir java.compiler os.name os.arch os.version user.name user.home user.dir ' +
      'os.memory.free os.memory.max os.memory.total'
    ).split(' '),
  );
  const values = Object.fromEntries(describeEnvironment());
  expect(values['os.memory.total']).toMatch(/^\d+MB$/);
});

it('the version is cut where tools cut it', () => {
  expect(FULL_VERSION).toMatch(/^3\.9\.\d+-[\w.]+-[0-9a-f]{40}, built on \d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
  expect(FULL_VERSION.split(/[-,]/)[0]).toBe('3.9.5');
  expect(readRevision('/nowhere')).toBe('0'.repeat(40));
});

it('exit codes are the ones scripts know', () => {
  expect(EXIT_SIGNALS).toEqual({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 });
  expect(exitLine(ExitCode.invalidInvocation)).toBe('Exiting JVM with code 2');
});

it('a port that is taken is told in words', () => {
  const taken = Object.assign(new Error('listen EADDRINUSE: address already in use :::2181'), {
    code: 'EADDRINUSE',
    address: '::',
    port: 2181,
  });
  expect(causeChain(taken)).toBe('cannot bind to [::]:2181: Address already in use');
  expect(causeChain(new Error('outer', { cause: taken }))).toBe(
    'outer: cannot bind to [::]:2181: Address already in use',
  );
  expect(causeChain('text')).toBe('text');
});
