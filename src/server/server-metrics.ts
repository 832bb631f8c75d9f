/**
 * The metrics of a running server, for all who show them: the word `mntr`, the admin command `monitor`, the Prometheus provider, our own
 * page. Main thread; made with the server, asks no actor. Which shape the figures take is the provider's (operations 4.4): with
 * Prometheus, `mntr` shows samples with labels, and nothing is ever reset.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ActorSystem } from '../actor/actor-system.js';
import { SummaryCell } from '../actor/counters/metrics-layout.js';
import type { Logger } from '../actor/logger.js';
import { addFigures, figureText, type MetricFigure } from '../metrics/default-figures.js';
import { MetricsReader } from '../metrics/metrics-reader.js';
import type { ExposedFamily } from '../metrics/prometheus/exposition.js';
import type { ScrapeFacts } from '../metrics/prometheus/scrape-message.js';
import type { MetricsConfig } from './metrics-config.js';
import { pipelineFamilies } from './pipeline-families.js';
import type { PipelinePicture } from './pipeline-view.js';
import type { PrometheusProvider } from './prometheus-provider.js';
import type { GaugeSources, ServerGauges } from './server-gauges.js';
import type { ServerMode } from './status/server-status.js';
import { TurnSharing } from './status/turn-sharing.js';
import { FULL_VERSION } from './version.js';

/** What stands in front of all figures. */
export interface ServerState {
  readonly mode: ServerMode;
  /** `leading - broadcast`; null: no member of an ensemble. */
  readonly peerState: string | null;
  /** Of an observer. */
  readonly observerMasterId: number | null;
}

export interface MetricsSources extends Omit<GaugeSources, 'reader' | 'counters' | 'mode'> {
  /** Null: no client is served. */
  state(): ServerState | null;
  pipeline(): PipelinePicture;
}

export type StateField = readonly [key: string, value: string | number];

export class ServerMetrics {
  readonly reader: MetricsReader;
  private readonly config: MetricsConfig;
  private readonly system: ActorSystem;
  private readonly log: Logger;
  private readonly sources: MetricsSources;
  private gauges: Promise<ServerGauges> | null = null;
  private provider: PrometheusProvider | null = null;

  constructor(config: MetricsConfig, system: ActorSystem, sources: MetricsSources, log: Logger) {
    this.config = config;
    this.system = system;
    this.sources = sources;
    this.log = log;
    this.reader = new MetricsReader({ counters: system.counterMemory, metrics: system.metricMemory });
  }

  /** Opens the port of the provider that is configured, if it has one. Rejects with MetricsStartError. */
  async start(): Promise<void> {
    if (this.config.provider !== 'prometheus') return;
    const { PrometheusProvider } = await import('./prometheus-provider.js');
    const memory = { counters: this.system.counterMemory, metrics: this.system.metricMemory };
    const log = this.log;
    this.provider = await PrometheusProvider.start(this.config, memory, () => this.facts(), log);
  }

  close(): void {
    this.provider?.close();
  }

  /** Of the Prometheus provider; null: there is none. */
  get port(): number | null {
    return this.provider?.port ?? null;
  }

  /** In the shape of the provider, in a stable order. */
  async figures(): Promise<MetricFigure[]> {
    if (this.config.provider === 'none') return [];
    if (this.provider !== null) {
      const sampled = await this.provider.figures();
      return sampled.map(([key, value]) => ({ key, value, isDouble: true }));
    }
    const gauges = await (await this.serverGauges()).read();
    // The first one of a process takes ten milliseconds, most of it in code that has never run before.
    const turns = new TurnSharing(this.sources.clock);
    const figures: MetricFigure[] = [];
    for (const family of this.reader.families(gauges)) {
      addFigures(figures, family);
      if (turns.isDue) await turns.pause();
    }
    return figures;
  }

  /** Of a server that serves; null: it does not. */
  stateFields(): StateField[] | null {
    const state = this.sources.state();
    return state === null ? null : stateFields(state);
  }

  /** Of proposals, since the last reset: -1 while there was none. */
  proposalBytes(): { readonly last: number; readonly min: number; readonly max: number } {
    const cells = this.reader.summary('proposal_size');
    const { count, last, least, greatest } = SummaryCell;
    if (cells[count] === 0) return { last: -1, min: -1, max: -1 };
    return { last: cells[last], min: cells[least], max: cells[greatest] };
  }

  /** By name, of this moment; empty while no client is served. */
  async gaugeValues(): Promise<Readonly<Record<string, number>>> {
    return (await (await this.serverGauges()).read()).values;
  }

  /** The whole text of `mntr`. */
  async monitorText(): Promise<string> {
    const head = (this.stateFields() ?? []).map(([key, value]) => `zk_${key}\t${value}\n`);
    const figures = await this.figures();
    return head.join('') + figures.map((figure) => `zk_${figure.key}\t${figureText(figure)}\n`).join('');
  }

  /** `srst`: counters and summaries begin anew, gauges do not. */
  async reset(): Promise<void> {
    if (this.provider === null) await this.system.resetMetrics();
  }

  private async facts(): Promise<ScrapeFacts> {
    const isStarted = this.sources.tree() !== null;
    const [gauges, threads] = await Promise.all([
      this.serverGauges().then((found) => found.read()),
      isStarted && this.config.showsProcess ? this.system.memoryFigures() : [],
    ]);
    // Three pieces of a few tenths of a millisecond, and between them whatever else the thread has to do.
    await nextTurn();
    const families = [...this.pipelineFamilies(), this.slowRequests()];
    await nextTurn();
    return { gauges, threads, families };
  }

  /** Our own: Apache's outputs show nothing of it. */
  private pipelineFamilies(): ExposedFamily[] {
    return pipelineFamilies(this.sources.pipeline()).map(({ name, help, type, samples }) => ({
      name,
      help,
      type,
      samples: samples.map(({ labels, value }) => ({ name, labels, value })),
    }));
  }

  private slowRequests(): ExposedFamily {
    const name = 'threadkeeper_slow_requests_total';
    const value = this.system.counters().sum('threadkeeper_slow_requests', 'connections.');
    const help = 'Requests answered later than the threshold of the slow-request log';
    return { name, help, type: 'counter', samples: [{ name, labels: {}, value }] };
  }

  /** Loaded when somebody first asks. */
  private serverGauges(): Promise<ServerGauges> {
    this.gauges ??= import('./server-gauges.js').then(
      (module) =>
        new module.ServerGauges({
          ...this.sources,
          mode: () => this.sources.state()?.mode ?? null,
          reader: this.reader,
          counters: this.system.counters(),
        }),
    );
    return this.gauges;
  }
}

export function stateFields({ mode, peerState, observerMasterId }: ServerState): StateField[] {
  const fields: StateField[] = [
    ['version', FULL_VERSION],
    ['server_state', mode],
  ];
  if (peerState !== null) fields.push(['peer_state', peerState]);
  if (observerMasterId !== null) fields.push(['observer_master_id', observerMasterId]);
  return fields;
}
