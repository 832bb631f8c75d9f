import { expect, it } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import { readMetricsConfig } from '../../../src/server/metrics-config.js';
import { BadValueError, Settings } from '../../../src/server/settings.js';

const PREFIX = 'org.apache.zookeeper.metrics';
const PROMETHEUS = `${PREFIX}.prometheus.PrometheusMetricsProvider`;

function read(file: Readonly<Record<string, string>>) {
  return readMetricsConfig(new Settings(new Map(Object.entries(file)), new Map()), silentLogger);
}

it.each([
  [{}, 'default'],
  [{ 'metricsProvider.className': `${PREFIX}.impl.DefaultMetricsProvider` }, 'default'],
  [{ 'metricsProvider.className': `${PREFIX}.impl.NullMetricsProvider` }, 'none'],
  [{ 'metricsProvider.className': PROMETHEUS }, 'prometheus'],
] as const)('%o is the provider %s', (file, provider) => {
  expect(read(file).provider).toBe(provider);
});

it('listens on port 7000 of all addresses and shows the process, unless it is told otherwise', () => {
  expect(read({ 'metricsProvider.className': PROMETHEUS })).toEqual({
    provider: 'prometheus',
    className: PROMETHEUS,
    host: null,
    port: 7000,
    showsProcess: true,
  });
  const told = read({
    'metricsProvider.className': PROMETHEUS,
    'metricsProvider.httpHost': '[::1]',
    'metricsProvider.httpPort': '0',
    'metricsProvider.exportJvmInfo': 'no',
  });
  expect(told).toMatchObject({ host: '::1', port: 0, showsProcess: false });
});

it.each([
  [{ 'metricsProvider.className': 'com.example.Mine' }, 'metrics provider class was not found'],
  [{ 'metricsProvider.httpPort': '70000' }, 'port out of range:70000'],
  [{ 'metricsProvider.httpPort': 'none' }, 'For input string: "none"'],
] as const)('%o is refused', (file, message) => {
  expect(() => read(file)).toThrow(BadValueError);
  expect(() => read(file)).toThrow(message);
});
