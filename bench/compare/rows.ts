/**
 * The rows of the comparison: what is measured, which way is better, and where we want to be. A ratio is ours divided by
 * theirs of the same round; an absolute row judges our figure alone.
 */

export type Better = 'higher' | 'lower';

export interface Row {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  /** The group that produces this figure; --rows names groups. */
  readonly group: Group;
  readonly better: Better;
  readonly judge: 'ratio' | 'absolute';
  /** The least that is wanted; null = shown, not judged. */
  readonly floor: number | null;
  readonly goal: number | null;
}

export const GROUPS = [
  'get',
  'set',
  'create',
  'mixed',
  'ensemble',
  'cold',
  'syncs',
  'memory',
  'restart',
  'tail',
] as const;
export type Group = (typeof GROUPS)[number];

export interface Workload {
  readonly id: string;
  readonly label: string;
  readonly group: Group;
  readonly workload: 'get' | 'set' | 'create' | 'mixed';
  readonly connections: number;
  readonly outstanding: number;
}

function workload(group: Workload['workload'], name: string, connections: number, outstanding: number): Workload {
  const id = `${group}-${connections}x${outstanding}`;
  return {
    id,
    label: `${name} ${connections} x ${outstanding}`,
    group,
    workload: group,
    connections,
    outstanding,
  };
}

export const WORKLOADS: readonly Workload[] = [
  workload('get', 'getData', 16, 64),
  workload('get', 'getData', 64, 1),
  workload('get', 'getData', 1, 1),
  workload('set', 'setData durable', 16, 64),
  workload('set', 'setData durable', 64, 1),
  workload('set', 'setData durable', 1, 1),
  workload('create', 'create in one parent', 16, 64),
  workload('mixed', '90 % getData, 10 % setData', 16, 64),
];

/** The same load over three servers, a third of the connections on each. */
export const ENSEMBLE_WORKLOADS: readonly Workload[] = [
  workload('get', 'three servers, getData', 18, 64),
  workload('set', 'three servers, setData durable', 18, 64),
  workload('set', 'three servers, setData durable', 66, 1),
].map((single) => ({ ...single, id: `ensemble-${single.id}`, group: 'ensemble' }));

interface Target {
  readonly floor: number;
  readonly goal: number;
}

const THROUGHPUT_TARGETS: Readonly<Record<string, Target>> = {
  'get-16x64': { floor: 4, goal: 9 },
  'get-64x1': { floor: 1.3, goal: 1.7 },
  'set-16x64': { floor: 2, goal: 4 },
  'set-64x1': { floor: 1.2, goal: 1.8 },
  'create-16x64': { floor: 2, goal: 5 },
  'ensemble-get-18x64': { floor: 2, goal: 4 },
  'ensemble-set-18x64': { floor: 1.2, goal: 2 },
  'ensemble-set-66x1': { floor: 1.2, goal: 2 },
};
const CPU_TARGETS: Readonly<Record<string, Target>> = { 'get-64x1': { floor: 0.5, goal: 0.3 } };
const P50_TARGETS: Readonly<Record<string, Target>> = {
  'get-1x1': { floor: 0.6, goal: 0.35 },
  'set-1x1': { floor: 0.9, goal: 0.5 },
};

function row(id: string, label: string, unit: string, group: Group, better: Better, target?: Target): Row {
  return { id, label, unit, group, better, judge: 'ratio', floor: target?.floor ?? null, goal: target?.goal ?? null };
}

function workloadRows({ id, label, group }: Workload): Row[] {
  return [
    row(`${id} throughput`, `${label}: throughput`, 'op/s', group, 'higher', THROUGHPUT_TARGETS[id]),
    row(`${id} p50`, `${label}: p50`, 'us', group, 'lower', P50_TARGETS[id]),
    row(`${id} p99`, `${label}: p99`, 'us', group, 'lower'),
    row(`${id} cpu`, `${label}: server CPU per op`, 'us', group, 'lower', CPU_TARGETS[id]),
  ];
}

export const ROWS: readonly Row[] = [
  ...[...WORKLOADS, ...ENSEMBLE_WORKLOADS].flatMap(workloadRows),
  row('cold', 'cold start to first session', 'ms', 'cold', 'lower', { floor: 0.5, goal: 0.15 }),
  {
    id: 'memory',
    label: 'memory per znode',
    unit: 'B',
    group: 'memory',
    better: 'lower',
    judge: 'absolute',
    floor: 400,
    goal: 280,
  },
  row('rss', 'RSS with the large tree', 'MB', 'memory', 'lower'),
  row('load-large', 'creating the large tree', 'op/s', 'memory', 'higher'),
  row('restart', 'restart with the large tree and its log to first read', 'ms', 'restart', 'lower', {
    floor: 0.5,
    goal: 0.25,
  }),
  row('restart cpu', 'CPU time until then', 'ms', 'restart', 'lower'),
  row('syncs', 'fdatasync and fsync for 1000 writes, setData 16 x 64, by strace', 'calls', 'syncs', 'lower'),
  row('syncs counted', 'the same by our counters, without strace', 'calls', 'syncs', 'lower'),
  row('tail base p999', 'p99.9 at 10 % load, large tree, no snapshot beside it', 'us', 'tail', 'lower'),
  row('tail base p99', 'the same: p99', 'us', 'tail', 'lower'),
  row('tail base p50', 'the same: p50', 'us', 'tail', 'lower'),
  row('tail p999', 'p99.9 at 10 % load, large tree, snapshot being written', 'us', 'tail', 'lower', {
    floor: 1,
    goal: 0.25,
  }),
  row('tail p99', 'the same: p99', 'us', 'tail', 'lower'),
  row('tail p50', 'the same: p50', 'us', 'tail', 'lower'),
  row('tail max', 'the same: longest', 'us', 'tail', 'lower'),
  row('snapshot ms', 'one of these snapshots: first byte to last', 'ms', 'tail', 'lower'),
  row('snapshot mb', 'one of these snapshots: size', 'MB', 'tail', 'lower'),
];
