// Settings that change while the server runs: what was writable by JMX at the reference (operations 8), as far as this server has
// them. Names and values are those of zoo.cfg. A change is held against all rules first, and then told to every actor that goes by
// it; after a restart the configuration file counts again.
//
// Owned by the main thread; asked by the AdminServer for whoever has every permission on the root node. Nothing secret can be
// read or written here: the table below is all there is.

import type { Logger } from '../actor/logger.js';
import type { ChangedSettings } from '../net/changed-settings.js';
import type { ShardControl, ShardSettings } from '../net/shard-control.js';
import { levelOf } from './log-settings.js';
import type { LogSwitch } from './log-switch.js';
import type { ServerConfig } from './server-config.js';
import type { AskActor } from './server-plan.js';
import { parseStrictInt } from './settings.js';

/** What was asked for cannot be; the message is for whoever asked. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Limits = ServerConfig['limits'];

/** The part of the configuration that may change. */
export interface ChangingConfig
  extends Mutable<
    Pick<
      ServerConfig,
      | 'maxClientCnxns'
      | 'maxCnxns'
      | 'minSessionTimeoutMs'
      | 'maxSessionTimeoutMs'
      | 'outstandingLimit'
      | 'batchCountMax'
      | 'flushDelayMs'
      | 'snapCount'
      | 'snapLogBytesMax'
      | 'slowRequestThresholdMs'
    >
  > {
  limits: { -readonly [K in keyof Limits]: Mutable<Limits[K]> };
}

interface Row {
  readonly name: string;
  read(config: ChangingConfig): number | boolean;
  write(config: ChangingConfig, text: string): void;
}

const ROWS: readonly Row[] = [
  ints('maxClientCnxns', 0, 'maxClientCnxns'),
  ints('maxCnxns', 0, 'maxCnxns'),
  ints('minSessionTimeout', 1, 'minSessionTimeoutMs'),
  ints('maxSessionTimeout', 1, 'maxSessionTimeoutMs'),
  ints('globalOutstandingLimit', 1, 'outstandingLimit'),
  ints('maxBatchSize', 1, 'batchCountMax'),
  ints('flushDelay', 0, 'flushDelayMs'),
  ints('snapCount', 2, 'snapCount'),
  ints('threadkeeper.slowRequestThresholdMs', 0, 'slowRequestThresholdMs'),
  {
    name: 'snapSizeLimitInKb',
    read: (config) => config.snapLogBytesMax / 1024,
    write: (config, text) => {
      config.snapLogBytesMax = intAtLeast('snapSizeLimitInKb', text, 0) * 1024;
    },
  },
  limit('request_throttle_max_requests', 'requestThrottler', 'requestsMax', (text, name) => intAtLeast(name, text, 0)),
  limit('request_throttle_drop_stale', 'requestThrottler', 'dropStale', booleanOf),
  limit('request_stale_latency_check', 'requestThrottler', 'checkLatency', booleanOf),
  limit('throttled_op_wait_time', 'requestThrottler', 'opWaitMs', (text, name) => intAtLeast(name, text, 0)),
  limit('largeRequestMaxBytes', 'largeRequests', 'largeBytesMax', (text, name) => intAtLeast(name, text, 1)),
  limit('largeRequestThreshold', 'largeRequests', 'largeBytesThreshold', (text, name) => {
    const bytes = intAtLeast(name, text, -1);
    return bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
  }),
  limit('connection_throttle_tokens', 'connectionThrottle', 'tokensMax', (text, name) => intAtLeast(name, text, 0)),
  limit('connection_throttle_fill_time', 'connectionThrottle', 'fillMs', (text, name) => intAtLeast(name, text, 1)),
  limit('connection_throttle_fill_count', 'connectionThrottle', 'fillCount', (text, name) => intAtLeast(name, text, 1)),
  limit('connection_throttle_freeze_time', 'connectionThrottle', 'freezeMs', (text, name) =>
    intAtLeast(name, text, -1),
  ),
  limit('connection_throttle_drop_increase', 'connectionThrottle', 'dropIncrease', fractionOf),
  limit('connection_throttle_drop_decrease', 'connectionThrottle', 'dropDecrease', fractionOf),
  limit('connection_throttle_decrease_ratio', 'connectionThrottle', 'decreaseRatio', fractionOf),
];

const LOG_LEVEL = 'log_level';
const LOGGER = 'logger';

export class RuntimeSettings {
  private readonly config: ChangingConfig;
  private readonly changed: ChangedSettings;
  private readonly shardCount: number;
  private readonly ask: AskActor;
  private readonly levels: LogSwitch;
  private readonly log: Logger;

  /** `config`: what is shown elsewhere, too; this is who changes it. */
  constructor(
    config: ChangingConfig,
    changed: ChangedSettings,
    shardCount: number,
    ask: AskActor,
    levels: LogSwitch,
    log: Logger,
  ) {
    this.config = config;
    this.changed = changed;
    this.shardCount = shardCount;
    this.ask = ask;
    this.levels = levels;
    this.log = log;
  }

  all(): Readonly<Record<string, number | boolean>> {
    return Object.fromEntries(ROWS.map(({ name, read }) => [name, shown(read(this.config))]));
  }

  logLevels(): Readonly<Record<string, string>> {
    return this.levels.all();
  }

  /** All of them or none; throws SettingError. `log_level` is of the `logger` named beside it, or of all. */
  async change(pairs: ReadonlyMap<string, string>): Promise<void> {
    const next: ChangingConfig = { ...this.config, limits: structuredClone(this.config.limits) };
    const changes: string[] = [];
    for (const [name, text] of pairs) {
      if (name === LOG_LEVEL || name === LOGGER) continue;
      const row = ROWS.find((known) => known.name === name);
      if (row === undefined) throw new SettingError(`${name} cannot be changed while the server runs`);
      const before = shown(row.read(next));
      row.write(next, text);
      changes.push(`${name} is ${shown(row.read(next))} from now on, it was ${before}`);
    }
    if (next.minSessionTimeoutMs > next.maxSessionTimeoutMs) {
      throw new SettingError('minSessionTimeout must not be larger than maxSessionTimeout');
    }
    if (next.flushDelayMs !== this.config.flushDelayMs && Math.min(next.flushDelayMs, this.config.flushDelayMs) === 0) {
      throw new SettingError('flushDelay can be changed, but neither begun nor ended, while the server runs');
    }
    const level = pairs.get(LOG_LEVEL);
    if (level === undefined && changes.length === 0) throw new SettingError('no setting is named');
    if (level !== undefined) this.changeLevel(pairs.get(LOGGER) ?? null, level);
    if (changes.length > 0) await this.tell(next);
    for (const change of changes) this.log.info(change);
  }

  private changeLevel(logger: string | null, text: string): void {
    const level = levelOf(text);
    const isDefault = text.toLowerCase() === 'default' && logger !== null;
    if (level === null && !isDefault)
      throw new SettingError(`${text} is no log level: TRACE, DEBUG, INFO, WARN, ERROR, OFF`);
    try {
      this.levels.set(logger, level);
    } catch (error) {
      throw new SettingError((error as Error).message);
    }
    this.log.warn(`The log level of ${logger ?? 'all loggers'} is ${text} from now on`);
  }

  private async tell(next: ChangingConfig): Promise<void> {
    const { batchCountMax, flushDelayMs, snapCount, snapLogBytesMax } = next;
    Object.assign(this.config, next);
    // Before anybody is told: a shard that is made anew meanwhile begins with these.
    this.changed.set(shardSettingsOf(next));
    const control: ShardControl = { kind: 'settings-changed' };
    await Promise.all([
      ...Array.from({ length: this.shardCount }, (_, shard) => this.ask(`connections.${shard}`, control)),
      this.ask('sync', { batchCountMax, flushDelayMs, snapCount, snapLogBytesMax }),
    ]);
  }
}

function shardSettingsOf(config: ChangingConfig): ShardSettings {
  return {
    maxClientCnxns: config.maxClientCnxns,
    maxCnxns: config.maxCnxns,
    minSessionTimeoutMs: config.minSessionTimeoutMs,
    maxSessionTimeoutMs: config.maxSessionTimeoutMs,
    globalOutstandingLimit: config.outstandingLimit,
    largeRequests: config.limits.largeRequests,
    requestThrottler: config.limits.requestThrottler,
    connectionThrottle: config.limits.connectionThrottle,
    slowRequestThresholdMs: config.slowRequestThresholdMs,
  };
}

function ints(name: string, min: number, field: keyof Omit<ChangingConfig, 'limits'>): Row {
  return {
    name,
    read: (config) => config[field],
    write: (config, text) => {
      config[field] = intAtLeast(name, text, min);
    },
  };
}

function limit<S extends keyof Limits, F extends keyof Limits[S]>(
  name: string,
  section: S,
  field: F,
  parse: (text: string, name: string) => ChangingConfig['limits'][S][F] & (number | boolean),
): Row {
  return {
    name,
    read: (config) => config.limits[section][field] as number | boolean,
    write: (config, text) => {
      config.limits[section][field] = parse(text, name);
    },
  };
}

function intAtLeast(name: string, text: string, min: number): number {
  try {
    const number = parseStrictInt(text);
    if (number >= min) return number;
  } catch {
    // Said below, with the name.
  }
  throw new SettingError(`${name} must be a whole number from ${min} on, not ${text}`);
}

function booleanOf(text: string, name: string): boolean {
  if (text !== 'true' && text !== 'false') throw new SettingError(`${name} must be true or false, not ${text}`);
  return text === 'true';
}

function fractionOf(text: string, name: string): number {
  const number = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= 0 && number <= 1)) throw new SettingError(`${name} must be a number from 0 to 1, not ${text}`);
  return number;
}

/** -1, as the file has it, where there is no limit. */
function shown(value: number | boolean): number | boolean {
  return value === Number.POSITIVE_INFINITY ? -1 : value;
}
