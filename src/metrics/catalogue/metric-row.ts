/**
 * What the catalogue says of a metric. Constant data, any thread. The names are those that operators of Apache ZooKeeper know, and
 * those of our own begin with `threadkeeper_`; no two rows have the same name.
 */

export type MetricKind =
  | 'gauge'
  | 'gauge-set'
  | 'counter'
  | 'counter-set'
  /** Shown as average, least, greatest, count and sum. */
  | 'basic'
  | 'basic-set'
  /** And with percentiles. */
  | 'advanced'
  | 'advanced-set';

/** Gauges exist only while clients are served, and only in these roles. Everything else is there from the start, everywhere. */
export type MetricScope = 'always' | 'member' | 'leader' | 'observer master';

export interface MetricRow {
  readonly name: string;
  readonly kind: MetricKind;
  readonly scope: MetricScope;
  readonly sentence: string;
  /** Not a whole number. */
  readonly isDouble?: true;
  /** Not known to Apache ZooKeeper 3.8. */
  readonly since39?: true;
}
