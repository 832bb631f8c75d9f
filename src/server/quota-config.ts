// Whether quotas are enforced (client-protocol 8.4). Usage is counted in any case: a data directory may be opened by a
// server that enforces. Read once by the main thread while it starts; plain data that prep is handed, and that nobody
// changes afterwards.

import type { Settings } from './settings.js';

export interface QuotaConfig {
  readonly enforceQuota: boolean;
}

export function readQuotaConfig(settings: Settings): QuotaConfig {
  return { enforceQuota: settings.lenientBool('enforceQuota') };
}
