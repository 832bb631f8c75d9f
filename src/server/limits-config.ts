// What a client may ask of the server before it is slowed down or sent away: the token bucket of new connections, the
// request throttler, the budget for large requests (client-protocol 2.7, 9). Read once by the main thread; plain data that
// connection shards are handed, and that nobody changes.

import type { ConnectionThrottleOptions } from '../net/connection-throttle.js';
import type { LargeRequestOptions } from '../net/request-sender.js';
import type { RequestThrottlerOptions } from '../net/request-throttler.js';
import type { Settings } from './settings.js';

export interface LimitsConfig {
  readonly connectionThrottle: ConnectionThrottleOptions;
  readonly requestThrottler: RequestThrottlerOptions;
  readonly largeRequests: LargeRequestOptions;
}

const LARGE_REQUEST_BYTES_MAX = 104_857_600;
const NEW_SESSION_WEIGHT = 3;
const RENEW_WEIGHT = 2;

export function readLimits(settings: Settings): LimitsConfig {
  const largeBytesMax = settings.lenientInt('largeRequestMaxBytes');
  const largeThreshold = settings.lenientInt('largeRequestThreshold');
  const localWeight = weight(settings.lenientInt('connection_throttle_local_session_weight'), 1);
  return {
    connectionThrottle: {
      tokensMax: Math.max(0, settings.lenientInt('connection_throttle_tokens')),
      fillMs: settings.lenientInt('connection_throttle_fill_time'),
      fillCount: settings.lenientInt('connection_throttle_fill_count'),
      freezeMs: settings.lenientInt('connection_throttle_freeze_time'),
      dropIncrease: settings.decimal('connection_throttle_drop_increase'),
      dropDecrease: settings.decimal('connection_throttle_drop_decrease'),
      decreaseRatio: settings.decimal('connection_throttle_decrease_ratio'),
      weighted: settings.lenientBool('connection_throttle_weight_enabled'),
      newSessionWeight: Math.max(
        localWeight,
        weight(settings.lenientInt('connection_throttle_global_session_weight'), NEW_SESSION_WEIGHT),
      ),
      renewWeight: Math.max(
        localWeight,
        weight(settings.lenientInt('connection_throttle_renew_session_weight'), RENEW_WEIGHT),
      ),
    },
    requestThrottler: {
      requestsMax: Math.max(0, settings.lenientInt('request_throttle_max_requests')),
      stallMs: Math.max(1, settings.lenientInt('request_throttle_stall_time')),
      dropStale: settings.lenientBool('request_throttle_drop_stale'),
      checkLatency: settings.lenientBool('request_stale_latency_check'),
      opWaitMs: Math.max(0, settings.lenientInt('throttled_op_wait_time')),
    },
    largeRequests: {
      largeBytesThreshold: largeThreshold > 0 ? largeThreshold : Number.POSITIVE_INFINITY,
      largeBytesMax: largeBytesMax > 0 ? largeBytesMax : LARGE_REQUEST_BYTES_MAX,
    },
  };
}

function weight(configured: number, fallback: number): number {
  return configured > 0 ? configured : fallback;
}
