/**
 * The Prometheus provider on its thread: a scrape asks the main thread for what only that knows, reads everything else from shared
 * memory, and writes the page. It touches no thread that handles requests but by that one message. If the main thread does not
 * answer in time, the page shows the gauges of the scrape before.
 */

import type { MessagePort } from 'node:worker_threads';
import { ROTATION_MS } from '../sliding-windows.js';
import { expositionText, sampleKey } from './exposition.js';
import { PrometheusRegistry } from './prometheus-registry.js';
import {
  FACTS_WAIT_MAX_MS,
  type FromProvider,
  type ProviderStart,
  type ScrapeFacts,
  type ToProvider,
} from './scrape-message.js';
import { startScrapeServer } from './scrape-server.js';

/** Of families of our own, which the page shows and `mntr` does not: it has nothing that Apache's has not. */
const OWN_PREFIX = 'threadkeeper_';

export class ProviderThread {
  private readonly start: ProviderStart;
  private readonly port: MessagePort;
  private readonly registry: PrometheusRegistry;
  private facts: ScrapeFacts = { gauges: { values: {}, sets: {} }, threads: [], families: [] };
  private readonly waiting: ((facts: ScrapeFacts) => void)[] = [];
  /** The registry shows one moment at a time. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(start: ProviderStart, port: MessagePort) {
    this.start = start;
    this.port = port;
    this.registry = new PrometheusRegistry(start);
    port.on('message', (message: ToProvider) => this.onMessage(message));
    setInterval(() => this.registry.rotate(), ROTATION_MS);
  }

  async open(): Promise<void> {
    const { host, port } = this.start;
    try {
      const server = await startScrapeServer(
        host,
        port,
        async (names) => expositionText(await this.families(), names),
        (error) => this.tell({ kind: 'warn', message: error.message }),
      );
      const address = server.address();
      this.tell({ kind: 'listening', port: typeof address === 'object' && address !== null ? address.port : port });
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      this.tell({ kind: 'failed', message, code: code ?? '', port });
    }
  }

  private onMessage(message: ToProvider): void {
    if (message.kind === 'facts') {
      this.facts = message.facts;
      for (const resolve of this.waiting.splice(0)) resolve(message.facts);
      return;
    }
    const { id } = message;
    this.families().then(
      (families) => {
        const apache = families.filter(({ name }) => !name.startsWith(OWN_PREFIX));
        const samples = apache.flatMap((family) => family.samples);
        const figures = samples.map((sample) => [sampleKey(sample), sample.value] as const);
        this.tell({ kind: 'lines', id, figures });
      },
      (error: unknown) => this.tell({ kind: 'warn', message: String(error) }),
    );
  }

  private families(): ReturnType<PrometheusRegistry['families']> {
    const next = this.last.then(async () => this.registry.families(await this.freshFacts()));
    // The one after does not suffer from this one's failure; whoever asked for this one is told.
    this.last = next.catch(() => {});
    return next;
  }

  private freshFacts(): Promise<ScrapeFacts> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.facts), FACTS_WAIT_MAX_MS);
      this.waiting.push((facts) => {
        clearTimeout(timer);
        resolve(facts);
      });
      this.tell({ kind: 'ask' });
    });
  }

  private tell(message: FromProvider): void {
    this.port.postMessage(message);
  }
}
