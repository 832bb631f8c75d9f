// Every configuration key this server understands, once: its name in zoo.cfg, how its value is read, its default, its
// unit, its range, one sentence, and why it has no effect where it has none. server-config.ts reads by this table;
// docs/configuration.md and the tidy test are made from it or held against it. The rows are in config-keys/,
// by area. Constant data, read by the main thread while it starts; nothing else may know a key's name or default.

import { ADMIN_KEYS } from './config-keys/admin-keys.js';
import { AUTHENTICATION_KEYS } from './config-keys/authentication-keys.js';
import type { ConfigKey, Regime } from './config-keys/config-key.js';
import { CONNECTION_KEYS } from './config-keys/connections-keys.js';
import { ENSEMBLE_KEYS } from './config-keys/ensemble-keys.js';
import { GENERAL_KEYS } from './config-keys/general-keys.js';
import { OBSERVATION_KEYS } from './config-keys/observation-keys.js';
import { OWN_KEYS } from './config-keys/own-keys.js';
import { PERSISTENCE_KEYS } from './config-keys/persistence-keys.js';
import { PROCESSING_KEYS } from './config-keys/processing-keys.js';
import { QUORUM_TLS_KEYS } from './config-keys/quorum-tls-keys.js';
import { TLS_KEYS } from './config-keys/tls-keys.js';

export type { ConfigKey, Regime } from './config-keys/config-key.js';

/** As the documentation has them. */
export const CONFIG_AREAS: readonly { readonly title: string; readonly keys: readonly ConfigKey[] }[] = [
  { title: 'General', keys: GENERAL_KEYS },
  { title: 'Ensemble', keys: ENSEMBLE_KEYS },
  { title: 'Logs, snapshots and purging', keys: PERSISTENCE_KEYS },
  { title: 'Connections and throttling', keys: CONNECTION_KEYS },
  { title: 'TLS for clients', keys: TLS_KEYS },
  { title: 'TLS between servers', keys: QUORUM_TLS_KEYS },
  { title: 'Authentication', keys: AUTHENTICATION_KEYS },
  { title: 'Requests and the tree', keys: PROCESSING_KEYS },
  { title: 'The admin server', keys: ADMIN_KEYS },
  { title: 'Logs, words and metrics', keys: OBSERVATION_KEYS },
  { title: 'Keys of this server alone', keys: OWN_KEYS },
];

export const CONFIG_KEYS = [
  ...GENERAL_KEYS,
  ...ENSEMBLE_KEYS,
  ...PERSISTENCE_KEYS,
  ...CONNECTION_KEYS,
  ...TLS_KEYS,
  ...QUORUM_TLS_KEYS,
  ...AUTHENTICATION_KEYS,
  ...PROCESSING_KEYS,
  ...ADMIN_KEYS,
  ...OBSERVATION_KEYS,
  ...OWN_KEYS,
] as const satisfies readonly ConfigKey[];

type Row = (typeof CONFIG_KEYS)[number];
export type ConfigKeyName = Row['name'];
/** The names that are read in one way, so that a reader cannot be asked for the wrong kind of value. */
export type ConfigKeyNameOf<R extends Regime> = Extract<Row, { regime: R }>['name'];

const ROWS: readonly ConfigKey[] = CONFIG_KEYS;
const KEYS_BY_NAME: ReadonlyMap<string, ConfigKey> = new Map(ROWS.map((key) => [key.name, key]));
/** The row that a name means which is no key of the reference's. */
export const KEYS_BY_ALIAS: ReadonlyMap<string, ConfigKey> = new Map(
  ROWS.flatMap((key) => (key.aliases ?? []).map((alias) => [alias, key])),
);

export function configKey(name: ConfigKeyName): ConfigKey {
  return KEYS_BY_NAME.get(name) as ConfigKey;
}

/** The row a key of the file belongs to; a family of keys is found by its prefix, no alias is. Undefined: nobody we know. */
export function findConfigKey(name: string): ConfigKey | undefined {
  const exact = KEYS_BY_NAME.get(name);
  if (exact !== undefined && exact.regime !== 'pattern' && exact.regime !== 'family') return exact;
  if (name.startsWith('server.')) return KEYS_BY_NAME.get('server.N');
  if (name.startsWith('group')) return KEYS_BY_NAME.get('group.N');
  if (name.startsWith('weight')) return KEYS_BY_NAME.get('weight.N');
  if (name.startsWith('authProvider.')) return KEYS_BY_NAME.get('authProvider.*');
  if (name.startsWith('superUser.')) return KEYS_BY_NAME.get('superUser.*');
  if (name.startsWith('metricsProvider.')) return KEYS_BY_NAME.get('metricsProvider.*');
  return undefined;
}

/** System properties that may carry a key, the strongest first. Empty: the file is the only place, or there are many. */
export function propertiesOf(key: ConfigKey): readonly string[] {
  if (key.regime === 'pattern' || key.regime === 'family' || key.regime.startsWith('strict')) return [];
  return key.properties ?? [`zookeeper.${key.name}`];
}
