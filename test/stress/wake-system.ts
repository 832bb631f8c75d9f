/**
 * Builds actor systems on real threads for the tests of this folder. Runs from built output, as the workers must: the
 * module is imported from source for its types and from `dist` for what it does.
 */

import type { ActorSystem, ActorSystemOptions } from '../../src/actor/actor-system.js';
import type { Logger } from '../../src/actor/logger.js';
import type { ActorSpec, LinkSpec } from '../../src/actor/topology.js';

export interface TestSystem {
  readonly system: ActorSystem;
  /** `onFatal` calls: who, why. */
  readonly fatal: [string, string][];
  readonly logged: string[];
}

type ActorLine = Omit<ActorSpec, 'policy'> & { readonly policy?: ActorSpec['policy'] };

/** Actors are restarted unless they say otherwise. */
export async function buildSystem(
  actors: readonly ActorLine[],
  links: readonly LinkSpec[],
  threads: ActorSystemOptions['placement']['threads'],
  options: Partial<ActorSystemOptions> = {},
): Promise<TestSystem> {
  const built = new URL('../../dist/src/actor/actor-system.js', import.meta.url);
  const { ActorSystem } = (await import(built.href)) as typeof import('../../src/actor/actor-system.js');
  const fatal: [string, string][] = [];
  const logged: string[] = [];
  const log: Logger = {
    debug: () => {},
    info: (message) => logged.push(message),
    warn: (message) => logged.push(message),
    error: (message) => logged.push(message),
  };
  const system = new ActorSystem({
    topology: { actors: actors.map((actor) => ({ policy: 'restart', ...actor })), links },
    placement: { name: 'test', threads },
    factoryUrl: new URL('../../dist/test/stress/wake-actors.js', import.meta.url),
    log,
    watchPeriodMs: 20,
    onFatal: (error, name) => fatal.push([name, error.message]),
    ...options,
  });
  return { system, fatal, logged };
}
