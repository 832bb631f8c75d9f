/**
 * The two servers of the comparison and how each is started for it: fair means the reference's defaults for both, and for
 * the large tree a Java heap that does not make its garbage collector the subject.
 */
import { apacheServer } from '../../test/testing/apache-server.js';
import { type ServerKind, type ServerOptions, ServerProcess } from '../../test/testing/server-process.js';
import { threadkeeperServer } from '../../test/testing/threadkeeper-server.js';

export type Side = 'ours' | 'theirs';

export interface Contestant {
  readonly side: Side;
  readonly kind: ServerKind;
  readonly cfg: NonNullable<ServerOptions['cfg']>;
}

const LARGE_HEAP_MB = 4096;
const LARGE_READY_MS = 180_000;

/** Both sides, or the one that is asked for. */
export function contestants(
  only: Side | null,
  placement: string | undefined,
  shards: string | undefined,
): Contestant[] {
  const cfg = { 'threadkeeper.placement': placement, 'threadkeeper.connectionShards': shards };
  const both: Contestant[] = [
    { side: 'ours', kind: threadkeeperServer, cfg },
    { side: 'theirs', kind: apacheServer, cfg: {} },
  ];
  return both.filter(({ side }) => only === null || side === only);
}

export function startContestant(contestant: Contestant, options: ServerOptions = {}): Promise<ServerProcess> {
  return ServerProcess.start(contestant.kind, { ...options, cfg: { ...contestant.cfg, ...options.cfg } });
}

export function startWithLargeTree(contestant: Contestant, options: ServerOptions = {}): Promise<ServerProcess> {
  return startContestant(contestant, { heapMb: LARGE_HEAP_MB, readyMs: LARGE_READY_MS, ...options });
}
