/**
 * The first module of a worker that loads its modules one by one: imports the actor factory by its address, and does what every worker
 * does (worker-main.ts). In the bundle src/launch/worker-entry.ts stands in its place. Must not be imported by anything.
 */

import type { ActorFactoryModule } from './actor.js';
import { runWorker } from './worker-main.js';

await runWorker(async (factoryUrl) => (await import(factoryUrl)) as ActorFactoryModule);
