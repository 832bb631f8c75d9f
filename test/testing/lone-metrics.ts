// Metrics of an actor that a test makes by hand, outside of any actor system.

import { CounterSet } from '../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../src/actor/counters/counters-layout.js';
import { MetricSet } from '../../src/actor/counters/metric-set.js';
import { createMetricsBuffer, KEYS_DEFAULT_MAX, metricsBytes } from '../../src/actor/counters/metrics-layout.js';

export function loneMetrics(): MetricSet {
  return new MetricSet(
    createMetricsBuffer(metricsBytes(70, KEYS_DEFAULT_MAX, KEYS_DEFAULT_MAX, KEYS_DEFAULT_MAX)),
    new CounterSet(createCountersBuffer()),
  );
}
