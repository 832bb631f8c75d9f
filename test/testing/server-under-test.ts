/**
 * Which server a system or interop test drives: ours. THREADKEEPER_TEST_SERVER=apache turns the same test on the
 * reference, which is how an expectation is proved right before it is demanded of us.
 */
import { apacheServer } from './apache-server.js';
import { type ServerKind, type ServerOptions, ServerProcess } from './server-process.js';
import { threadkeeperServer } from './threadkeeper-server.js';

export const provingAgainstApache: boolean = process.env.THREADKEEPER_TEST_SERVER === 'apache';

export const serverUnderTest: ServerKind = provingAgainstApache ? apacheServer : threadkeeperServer;

export function startServerUnderTest(options: ServerOptions = {}): Promise<ServerProcess> {
  return ServerProcess.start(serverUnderTest, options);
}
