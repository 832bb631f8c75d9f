// Who publishes metrics, and how (operations 1.5, 4.4). Read once on the main thread; plain data. The class names of Apache ZooKeeper's
// three providers stand for what is built in here; settings of threads and queues are understood, and nothing here needs them.
// Must not name any other provider: there is no place to load one from.

import type { Logger } from '../actor/logger.js';
import { checkPort, normalHost } from './port-and-host.js';
import { BadValueError, type Settings } from './settings.js';

export type MetricsProviderKind = 'default' | 'none' | 'prometheus';

export interface MetricsConfig {
  readonly provider: MetricsProviderKind;
  readonly className: string;
  /** Of the page for Prometheus. Null: all addresses. */
  readonly host: string | null;
  /** 0: any free one. */
  readonly port: number;
  readonly showsProcess: boolean;
}

const PROVIDERS: ReadonlyMap<string, MetricsProviderKind> = new Map([
  ['org.apache.zookeeper.metrics.impl.DefaultMetricsProvider', 'default'],
  ['org.apache.zookeeper.metrics.impl.NullMetricsProvider', 'none'],
  ['org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider', 'prometheus'],
]);

/** Of a server that is started by words alone. */
export const DEFAULT_METRICS_CONFIG: MetricsConfig = {
  provider: 'default',
  className: 'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider',
  host: null,
  port: 0,
  showsProcess: false,
};

export function readMetricsConfig(settings: Settings, log: Logger): MetricsConfig {
  const className = settings.strictText('metricsProvider.className') ?? '';
  log.info(`metricsProvider.className is ${className}`);
  const provider = PROVIDERS.get(className);
  if (provider === undefined) {
    throw new BadValueError('metrics provider class was not found', { cause: new Error(className) });
  }
  return {
    provider,
    className,
    host: normalHost(settings.strictText('metricsProvider.httpHost')),
    port: checkPort(settings.strictInt('metricsProvider.httpPort')),
    showsProcess: settings.strictText('metricsProvider.exportJvmInfo')?.toLowerCase() === 'true',
  };
}
