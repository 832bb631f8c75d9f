// Whether quotas are enforced (client-protocol 8.4). Read once by the main thread; plain data for prep.

import type { Settings } from './settings.js';

export interface QuotaConfig {
  readonly enforceQuota: boolean;
}

export function readQuotaConfig(settings: Settings): QuotaConfig {
  return { enforceQuota: settings.lenientBool('enforceQuota') };
}
