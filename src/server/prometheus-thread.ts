/**
 * The first module of the thread of the Prometheus provider, started by prometheus-provider.ts when the configuration asks for it.
 * Holds nothing; must not be imported by anything.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../base/assert.js';
import { ProviderThread } from '../metrics/prometheus/provider-thread.js';
import type { ProviderStart } from '../metrics/prometheus/scrape-message.js';

assert(parentPort !== null, 'the provider has a thread of its own');
// A rejection is an uncaught exception of this thread, and so an 'error' event where it was started.
void new ProviderThread(workerData as ProviderStart, parentPort).open();
