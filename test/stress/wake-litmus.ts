/**
 * The one race everything hangs on, alone and as close as two threads get: a consumer goes to sleep while its producer
 * publishes. `node dist/test/stress/wake-litmus.js --seconds 10`. In each trial both threads leave a barrier together;
 *
 *   consumer: raise parked, look into the ring        producer: publish, ring the bell if parked
 *
 * Outcomes, counted:   found and rang | found, not rang | empty and rang | empty, not rang
 * The last is a wake-up lost and must not occur; each of the others is fine. Exits with 1 if it did. (With a plain store
 * of the parked flag it does occur, on x86 too.)
 */

import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { createRing } from '../../src/actor/mailbox/ring-layout.js';
import { RingReceiver, RingSender } from '../../src/actor/mailbox/spsc-ring.js';
import { createDoorbell, Doorbell } from '../../src/actor/wake/doorbell.js';
import { Prng } from '../../src/base/prng.js';
import { sendChecked } from './ring-record.js';

/** Words of the shared state, each on a cache line of its own. */
const ARRIVED_WORD = 0;
const RANG_WORD = 32;
const STOP_WORD = 64;
const STATE_WORDS = 96;
/** Iterations by which either side may be late, so that every alignment of the two comes up. */
const SKEW_MAX = 40;

interface Job {
  readonly ring: SharedArrayBuffer;
  readonly doorbell: SharedArrayBuffer;
  readonly state: SharedArrayBuffer;
}

/** Spins until both threads have arrived for the `round`-th time. */
function barrier(state: Int32Array, round: number): void {
  Atomics.add(state, ARRIVED_WORD, 1);
  while (Atomics.load(state, ARRIVED_WORD) < round * 2);
}

function skew(prng: Prng): void {
  let n = prng.below(SKEW_MAX);
  while (n-- > 0) scratch[0] += n;
}
const scratch = new Int32Array(1);

function produce(job: Job): void {
  const state = new Int32Array(job.state);
  const doorbell = new Doorbell(job.doorbell);
  const sender = new RingSender(job.ring);
  const prng = new Prng(1);
  for (let trial = 0; ; trial++) {
    sendChecked(sender, 1, trial, 8);
    barrier(state, trial * 3 + 1);
    // The other's word is brought near: only then can a load overtake a store.
    doorbell.ring();
    barrier(state, trial * 3 + 2);
    if (state[STOP_WORD] === 1) return;
    skew(prng);
    sender.publish();
    state[RANG_WORD] = doorbell.ring() ? 1 : 0;
    barrier(state, trial * 3 + 3);
  }
}

function consume(job: Job, seconds: number): number[] {
  const state = new Int32Array(job.state);
  const doorbell = new Doorbell(job.doorbell);
  const receiver = new RingReceiver(job.ring);
  const prng = new Prng(2);
  const outcomes = [0, 0, 0, 0];
  const endMs = performance.now() + seconds * 1000;
  for (let trial = 0; ; trial++) {
    if (trial % 256 === 0 && performance.now() > endMs) state[STOP_WORD] = 1;
    barrier(state, trial * 3 + 1);
    scratch[0] += receiver.isEmpty ? 1 : 0;
    barrier(state, trial * 3 + 2);
    if (state[STOP_WORD] === 1) return outcomes;
    skew(prng);
    doorbell.raiseParked();
    const empty = receiver.isEmpty;
    barrier(state, trial * 3 + 3);
    doorbell.lowerParked();
    outcomes[(empty ? 2 : 0) + (state[RANG_WORD] === 1 ? 0 : 1)]++;
    if (receiver.drain(() => {}, 2) !== 1) throw new Error('one record per trial');
  }
}

async function main(): Promise<void> {
  const index = process.argv.indexOf('--seconds');
  const seconds = index < 0 ? 10 : Number(process.argv[index + 1]);
  const job: Job = {
    ring: createRing(1024),
    doorbell: createDoorbell(),
    state: new SharedArrayBuffer(STATE_WORDS * 4),
  };
  const consumer = new Worker(new URL(import.meta.url), { workerData: { job, seconds, consumes: true } });
  const producer = new Worker(new URL(import.meta.url), { workerData: { job, seconds, consumes: false } });
  const outcomes = await new Promise<number[]>((resolve, reject) => {
    consumer.on('message', resolve);
    consumer.on('error', reject);
    producer.on('error', reject);
  });
  const [foundRang, found, rang, lost] = outcomes;
  const trials = outcomes.reduce((sum, count) => sum + count, 0);
  const figures = `found and rang ${foundRang}, found ${found}, rang ${rang}, lost ${lost}`;
  console.log(`total: ${(trials / 1e6).toFixed(2)} M trials: ${figures}`);
  if (lost > 0) process.exitCode = 1;
}

if (isMainThread) await main();
else {
  const { job, seconds, consumes } = workerData as { job: Job; seconds: number; consumes: boolean };
  if (consumes) {
    const { parentPort } = await import('node:worker_threads');
    parentPort?.postMessage(consume(job, seconds));
  } else {
    produce(job);
  }
}
