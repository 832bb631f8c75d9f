/**
 * The Prometheus provider as the main thread sees it: starts its thread, tells it what only the main thread knows whenever a scrape
 * begins, and has it write what `mntr` shows meanwhile. Loaded only where the configuration asks for it.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Logger } from '../actor/logger.js';
import { assert } from '../base/assert.js';
import type { MetricsMemory } from '../metrics/metrics-reader.js';
import type { FromProvider, ProviderStart, ScrapeFacts, ToProvider } from '../metrics/prometheus/scrape-message.js';
import type { MetricsConfig } from './metrics-config.js';
import { MetricsStartError } from './start-error.js';

const THREAD = new URL('./prometheus-thread.js', import.meta.url);

export type SampledFigures = readonly (readonly [key: string, value: number])[];

export class PrometheusProvider {
  private readonly worker: Worker;
  private readonly facts: () => Promise<ScrapeFacts>;
  private readonly log: Logger;
  private readonly asked = new Map<number, (figures: SampledFigures) => void>();
  private lastId = 0;
  private openPort = 0;
  private hasEnded = false;

  private constructor(config: MetricsConfig, memory: MetricsMemory, facts: () => Promise<ScrapeFacts>, log: Logger) {
    this.facts = facts;
    this.log = log;
    const { host, port, showsProcess } = config;
    const start: ProviderStart = { memory, host, port, showsProcess };
    this.worker = new Worker(THREAD, { name: 'prometheus', workerData: start });
    // Nothing of the server depends on it; without it there is no page until the next start, and `mntr` shows the state alone.
    this.worker.on('error', (error) => log.error('The metrics provider has failed', { error }));
    this.worker.on('exit', () => {
      this.hasEnded = true;
      for (const answer of this.asked.values()) answer([]);
      this.asked.clear();
    });
  }

  /** Rejects with MetricsStartError if its port cannot be opened. */
  static async start(
    config: MetricsConfig,
    memory: MetricsMemory,
    facts: () => Promise<ScrapeFacts>,
    log: Logger,
  ): Promise<PrometheusProvider> {
    const provider = new PrometheusProvider(config, memory, facts, log);
    const [first] = (await once(provider.worker, 'message')) as [FromProvider];
    if (first.kind === 'failed') {
      await provider.worker.terminate();
      log.error('Cannot start /metrics server', { reason: first.message });
      const error = Object.assign(new Error(first.message), {
        code: first.code,
        port: first.port,
        address: config.host,
      });
      throw new MetricsStartError(config.className, error);
    }
    assert(first.kind === 'listening', 'the provider first says whether it listens');
    provider.openPort = first.port;
    provider.worker.on('message', (message: FromProvider) => provider.onMessage(message));
    log.info(`Started the metrics server on port ${first.port}, path /metrics`);
    return provider;
  }

  get port(): number {
    return this.openPort;
  }

  /** Keys with their labels, as `mntr` and `monitor` show them. */
  figures(): Promise<SampledFigures> {
    if (this.hasEnded) return Promise.resolve([]);
    const id = ++this.lastId;
    return new Promise((resolve) => {
      this.asked.set(id, resolve);
      this.tell({ kind: 'lines', id });
    });
  }

  close(): void {
    void this.worker.terminate();
  }

  private onMessage(message: FromProvider): void {
    switch (message.kind) {
      case 'ask':
        this.facts().then(
          (facts) => this.tell({ kind: 'facts', facts }),
          (error: unknown) => this.log.warn('The gauges of a scrape could not be read', { error }),
        );
        break;
      case 'lines':
        this.asked.get(message.id)?.(message.figures);
        this.asked.delete(message.id);
        break;
      case 'warn':
        this.log.warn('A scrape could not be answered', { reason: message.message });
        break;
    }
  }

  private tell(message: ToProvider): void {
    this.worker.postMessage(message);
  }
}
