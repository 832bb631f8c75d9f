/**
 * One side's part of a round: a fresh server, its nodes, a warm-up that makes both just-in-time compilers hot, then the
 * workloads one after the other with a short warm-up of their own.
 */
import { createNodes, runLoad } from '../load/load-generator.js';
import { type MeasuredLoad, measureLoad } from '../measured-load.js';
import { type Contestant, startContestant } from './contestant.js';
import type { Workload } from './rows.js';

export const VALUE_BYTES = 100;
const NODES = 10_000;
const WARMUP_SECONDS = 4;
const WORKLOAD_WARMUP_SECONDS = 1.5;
const ROOT = '/bench';

export interface WorkloadFigures {
  readonly workload: Workload;
  readonly load: MeasuredLoad;
}

export async function throughputRound(
  contestant: Contestant,
  workloads: readonly Workload[],
  seconds: number,
  generatorThreads: number,
): Promise<WorkloadFigures[]> {
  const server = await startContestant(contestant);
  try {
    const tree = {
      port: server.port,
      root: ROOT,
      nodes: NODES,
      valueBytes: VALUE_BYTES,
      connections: 16,
      outstanding: 64,
    };
    await createNodes(tree);
    await runLoad({ ...tree, workload: 'mixed', readRatio: 0.5, seconds: WARMUP_SECONDS });
    const figures: WorkloadFigures[] = [];
    for (const workload of workloads) {
      const creates = workload.workload === 'create';
      const load = await measureLoad(server, {
        workload: workload.workload,
        connections: workload.connections,
        outstanding: workload.outstanding,
        threads: generatorThreads,
        // The creates go into a parent of their own, which must be there and empty.
        root: creates ? '/created' : ROOT,
        setup: creates,
        nodes: creates ? 1 : NODES,
        valueBytes: VALUE_BYTES,
        warmupSeconds: WORKLOAD_WARMUP_SECONDS,
        seconds,
      });
      figures.push({ workload, load });
    }
    return figures;
  } finally {
    await server.stop();
  }
}
