/**
 * Every metric that operators know from Apache ZooKeeper (operations 4), once, in the order of `mntr`. From it `mntr`, the admin command
 * `monitor` and the page for Prometheus are made, and docs/monitoring.md is held against it. Constant data, any thread. What is
 * recorded under a name that is not here is not shown.
 */

import { COUNTER_SETS, COUNTERS } from './catalogue/counters.js';
import { GAUGE_SETS, GAUGES } from './catalogue/gauges.js';
import type { MetricRow } from './catalogue/metric-row.js';
import {
  ADVANCED_SUMMARIES,
  ADVANCED_SUMMARY_SETS,
  BASIC_SUMMARIES,
  BASIC_SUMMARY_SETS,
} from './catalogue/summaries.js';

export const METRIC_CATALOGUE: readonly MetricRow[] = [
  ...GAUGES,
  ...GAUGE_SETS,
  ...COUNTERS,
  ...COUNTER_SETS,
  ...BASIC_SUMMARIES,
  ...ADVANCED_SUMMARIES,
  ...BASIC_SUMMARY_SETS,
  ...ADVANCED_SUMMARY_SETS,
];
