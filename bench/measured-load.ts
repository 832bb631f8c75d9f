/**
 * One load run against one server or ensemble, with the CPU time of both sides over exactly the measured interval.
 */
import { type LoadOptions, type LoadResult, runLoad } from './load/load-generator.js';
import { type CpuSample, cpuBetween, sampleCpu } from './machine-load.js';

export interface MeasuredLoad extends LoadResult {
  readonly serverCpuUsPerOperation: number;
  /** The generator's share of the CPU that both used. Near one core in cores means that the generator was the limit. */
  readonly generatorCores: number;
  readonly serverCores: number;
  readonly foreignCores: number;
}

/** What is loaded: a server, or the members of an ensemble. */
export interface Loaded {
  readonly port: number | readonly number[];
  readonly pid: number | readonly number[];
}

export async function measureLoad(
  server: Loaded,
  options: Omit<LoadOptions, 'port' | 'onMeasuring' | 'onMeasured'>,
  hooks: { onMeasuring?: () => void; onMeasured?: () => void } = {},
): Promise<MeasuredLoad> {
  let from: CpuSample | null = null;
  let to: CpuSample | null = null;
  const result = await runLoad({
    ...options,
    port: server.port,
    onMeasuring: () => {
      from = sampleCpu(server.pid);
      hooks.onMeasuring?.();
    },
    onMeasured: () => {
      to = sampleCpu(server.pid);
      hooks.onMeasured?.();
    },
  });
  if (from === null || to === null) throw new Error('the load generator did not say when it measured');
  const { serverMs, foreignCores } = cpuBetween(from, to, result.cpuSeconds * 1000);
  return {
    ...result,
    serverCpuUsPerOperation: (serverMs * 1000) / Math.max(1, result.operations),
    generatorCores: result.cpuSeconds / result.seconds,
    serverCores: serverMs / 1000 / result.seconds,
    foreignCores,
  };
}
