/**
 * Which server a system or interop test drives: ours. THREADKEEPER_TEST_SERVER=apache turns the same test on the
 * reference, which is how an expectation is proved right before it is demanded of us. THREADKEEPER_TEST_PLACEMENT and
 * THREADKEEPER_TEST_SHARDS run it on ours with another placement than the machine's own.
 */
import { apacheServer } from './apache-server.js';
import { type ServerKind, type ServerOptions, ServerProcess } from './server-process.js';
import { threadkeeperServer } from './threadkeeper-server.js';

export const provingAgainstApache: boolean = process.env.THREADKEEPER_TEST_SERVER === 'apache';

export const serverUnderTest: ServerKind = provingAgainstApache ? apacheServer : threadkeeperServer;

const placement = {
  'threadkeeper.placement': process.env.THREADKEEPER_TEST_PLACEMENT,
  'threadkeeper.connectionShards': process.env.THREADKEEPER_TEST_SHARDS,
};

export function startServerUnderTest(options: ServerOptions = {}): Promise<ServerProcess> {
  const cfg = provingAgainstApache ? options.cfg : { ...placement, ...options.cfg };
  return ServerProcess.start(serverUnderTest, { ...options, ...(cfg === undefined ? {} : { cfg }) });
}
