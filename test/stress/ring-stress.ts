/**
 * Rings and doorbells between real threads: `node dist/test/stress/ring-stress.js --seconds 60 [--seed 1]`.
 * Producers send records of random size, large ones among them, in random batches, and stand still at random; every
 * record carries its sequence and a checksum over all its bytes. Nobody waits with a time-out, so one wake-up lost is a
 * thread asleep for ever: the main thread watches for that, and counts it. Prints one line per scenario; exits with 1 if
 * a record was torn, lost, repeated or out of order, or a wake-up was lost.
 *
 * Allowed outcomes, per race:
 *   publish against drain      the drain sees all of a record or nothing of it
 *   publish against park       the consumer finds the record before it sleeps, or is woken
 *   drain against stall        the producer finds room before it sleeps, or is woken
 *   body against ticket        the body of a ticket that is seen is there
 */

import { isMainThread, MessageChannel, type MessagePort, Worker, workerData } from 'node:worker_threads';
import { LargeInbox, LargeOutbox } from '../../src/actor/mailbox/large-record.js';
import { LinkTally, privateLinkTally } from '../../src/actor/mailbox/link-tally.js';
import { createRing } from '../../src/actor/mailbox/ring-layout.js';
import { SideChannel } from '../../src/actor/mailbox/side-channel.js';
import { attachProducer, RingReceiver, RingSender } from '../../src/actor/mailbox/spsc-ring.js';
import { WakeTarget } from '../../src/actor/wake/bell.js';
import { createDoorbell, Doorbell } from '../../src/actor/wake/doorbell.js';
import { LoopWake } from '../../src/actor/wake/loop-wake.js';
import { ParkWake } from '../../src/actor/wake/park-wake.js';
import { Prng } from '../../src/base/prng.js';
import { receiveChecked, sendChecked } from './ring-record.js';

interface Scenario {
  readonly name: string;
  readonly producers: number;
  readonly ringBytes: number;
  readonly lengthMax: number;
  /** One record in so many is large. */
  readonly largeOneIn: number;
  readonly batchMax: number;
  /** Iterations of doing nothing, at most, between two batches. */
  readonly pauseMax: number;
  readonly consumer: 'park' | 'loop';
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'one to one, parked',
    producers: 1,
    ringBytes: 1 << 16,
    lengthMax: 400,
    largeOneIn: 200,
    batchMax: 64,
    pauseMax: 2000,
    consumer: 'park',
  },
  {
    name: 'one to one, full ring',
    producers: 1,
    ringBytes: 1 << 12,
    lengthMax: 400,
    largeOneIn: 50,
    batchMax: 64,
    pauseMax: 10,
    consumer: 'park',
  },
  {
    name: 'one to one, single records',
    producers: 1,
    ringBytes: 1 << 14,
    lengthMax: 64,
    largeOneIn: 5000,
    batchMax: 1,
    pauseMax: 20_000,
    consumer: 'park',
  },
  {
    name: 'one to one, event loop',
    producers: 1,
    ringBytes: 1 << 16,
    lengthMax: 400,
    largeOneIn: 200,
    batchMax: 8,
    pauseMax: 2000,
    consumer: 'loop',
  },
  {
    name: 'three to one, parked',
    producers: 3,
    ringBytes: 1 << 14,
    lengthMax: 400,
    largeOneIn: 200,
    batchMax: 32,
    pauseMax: 5000,
    consumer: 'park',
  },
  {
    name: 'three to one, event loop',
    producers: 3,
    ringBytes: 1 << 14,
    lengthMax: 400,
    largeOneIn: 200,
    batchMax: 8,
    pauseMax: 20_000,
    consumer: 'loop',
  },
];

const LARGE_LENGTH_MAX = 100_000;
const OUTSTANDING_BYTES_MAX = 400_000;
const STUCK_AFTER_MS = 5_000;
const WATCH_PERIOD_MS = 100;

/** Shared int32 words: for each thread how far it is, and what it has come to. Thread 0 is the consumer. */
const STOP_WORD = 0;
const PROGRESS_WORD = 1;
const SENT_WORD = 8;
const DONE_WORD = 16;
const PARKED_WORD = 24;
const LARGE_WORD = 25;

interface Job {
  readonly scenario: Scenario;
  readonly thread: number;
  readonly seed: number;
  readonly rings: SharedArrayBuffer[];
  readonly doorbells: SharedArrayBuffer[];
  readonly state: SharedArrayBuffer;
  readonly ports: MessagePort[];
}

function sideChannel(port: MessagePort): SideChannel {
  return new SideChannel(port, { onOffer: () => {}, onRelinked: () => {} });
}

function runProducer(job: Job): void {
  const { scenario } = job;
  const state = new Int32Array(job.state);
  const prng = new Prng(job.seed).fork(`producer ${job.thread}`);
  const ring = job.rings[job.thread - 1];
  const target = new WakeTarget(new Doorbell(job.doorbells[0]));
  const tally = privateLinkTally();
  const large = new LargeOutbox(sideChannel(job.ports[0]).carrier(0), attachProducer(ring), OUTSTANDING_BYTES_MAX);
  const sender = new RingSender(ring, { target, tally, large });
  const doorbell = new Doorbell(job.doorbells[job.thread]);
  const park = new ParkWake(doorbell);
  const flush = (): void => {
    sender.publish();
    target.ringIfPending();
  };
  const waitForRoom = (): void => {
    flush();
    while (sender.awaitsRoom && !sender.settleRoom()) {
      park.park(doorbell.seen(), () => sender.roomNow(), Number.POSITIVE_INFINITY);
      flush();
    }
  };

  let sequence = 0;
  while (Atomics.load(state, STOP_WORD) === 0) {
    for (let count = 1 + prng.below(scenario.batchMax); count > 0; count--) {
      const isLarge = prng.below(scenario.largeOneIn) === 0;
      const length = 8 + prng.below(isLarge ? LARGE_LENGTH_MAX : scenario.lengthMax);
      // Half of the time room is asked for; the other half shows the spill.
      if (prng.below(2) === 0 && !sender.hasRoom(length)) waitForRoom();
      sendChecked(sender, job.thread, sequence++, length);
    }
    flush();
    while (sender.spilled) waitForRoom();
    Atomics.store(state, PROGRESS_WORD + job.thread, sequence);
    pause(prng.below(scenario.pauseMax));
  }
  Atomics.add(state, LARGE_WORD, tally[LinkTally.largeRecords]);
  Atomics.store(state, SENT_WORD + job.thread, sequence);
  Atomics.store(state, DONE_WORD + job.thread, 1);
  target.pending = true;
  target.ringIfPending();
}

function pause(iterations: number): void {
  let n = iterations;
  while (n-- > 0) scratch[0] += n;
}
const scratch = new Int32Array(1);

class Consumer {
  private readonly job: Job;
  private readonly state: Int32Array;
  private readonly prng: Prng;
  private readonly receivers: RingReceiver[];
  private readonly targets: WakeTarget[];
  private readonly expected: number[];

  constructor(job: Job) {
    this.job = job;
    this.state = new Int32Array(job.state);
    this.prng = new Prng(job.seed).fork('consumer');
    this.expected = job.rings.map(() => 0);
    this.targets = job.rings.map((_, index) => new WakeTarget(new Doorbell(job.doorbells[index + 1])));
    this.receivers = job.rings.map((ring, index) => {
      const channel = sideChannel(job.ports[index]);
      const large = new LargeInbox(channel);
      channel.register(0, large);
      return new RingReceiver(ring, { producer: this.targets[index], large });
    });
  }

  run(): void {
    if (this.job.scenario.consumer === 'park') this.runParked();
    else this.runOnLoop();
  }

  private runParked(): void {
    const doorbell = new Doorbell(this.job.doorbells[0]);
    const park = new ParkWake(doorbell);
    while (!this.finished()) {
      if (this.turn()) continue;
      if (park.park(doorbell.seen(), this.hasWork, Number.POSITIVE_INFINITY)) Atomics.add(this.state, PARKED_WORD, 1);
    }
    Atomics.store(this.state, DONE_WORD, 1);
  }

  private runOnLoop(): void {
    const wake: LoopWake = new LoopWake(new Doorbell(this.job.doorbells[0]), () => {
      Atomics.add(this.state, PARKED_WORD, 1);
      round();
    });
    const keepAlive = setInterval(() => {}, 1 << 30);
    const round = (): void => {
      wake.disarm();
      if (this.finished()) {
        wake.close();
        clearInterval(keepAlive);
        Atomics.store(this.state, DONE_WORD, 1);
      } else if (this.turn() || !wake.arm(this.hasWork)) {
        setImmediate(round);
      }
    };
    round();
  }

  private turn(): boolean {
    let drained = 0;
    this.receivers.forEach((receiver, index) => {
      const count = receiver.drain((type, bytes, words, offset, length) => {
        const sequence = receiveChecked(bytes, words, offset, length);
        if (sequence !== this.expected[index] || type !== index + 1) {
          throw new Error(
            `record ${sequence} of producer ${type}, where ${this.expected[index]} of ${index + 1} was due`,
          );
        }
        this.expected[index]++;
      }, 1 + this.prng.below(200));
      drained += count;
    });
    for (const target of this.targets) target.ringIfPending();
    if (drained > 0) Atomics.add(this.state, PROGRESS_WORD, drained);
    return drained > 0;
  }

  private readonly hasWork = (): boolean => this.receivers.some((receiver) => !receiver.isEmpty) || this.allSent();

  private allSent(): boolean {
    return this.targets.every((_, index) => Atomics.load(this.state, DONE_WORD + index + 1) === 1);
  }

  private finished(): boolean {
    if (!this.allSent() || this.receivers.some((receiver) => !receiver.isEmpty)) return false;
    this.expected.forEach((count, index) => {
      const sent = Atomics.load(this.state, SENT_WORD + index + 1);
      if (count !== sent) throw new Error(`${count} records of producer ${index + 1} came, ${sent} were sent`);
    });
    return true;
  }
}

interface Result {
  readonly records: number;
  readonly parked: number;
  readonly large: number;
  readonly failure: string | null;
}

async function runScenario(scenario: Scenario, seconds: number, seed: number): Promise<Result> {
  const threads = scenario.producers + 1;
  const state = new Int32Array(new SharedArrayBuffer(4 * 32));
  const rings = Array.from({ length: scenario.producers }, () => createRing(scenario.ringBytes));
  const doorbells = Array.from({ length: threads }, () => createDoorbell());
  const channels = rings.map(() => new MessageChannel());
  let failure: string | null = null;
  const workers = Array.from({ length: threads }, (_, thread) => {
    const ports = thread === 0 ? channels.map(({ port1 }) => port1) : [channels[thread - 1].port2];
    const job: Job = { scenario, thread, seed, rings, doorbells, state: state.buffer as SharedArrayBuffer, ports };
    const worker = new Worker(new URL(import.meta.url), { workerData: job, transferList: ports });
    worker.on('error', (error) => {
      failure ??= error.message;
    });
    return worker;
  });

  const stopMs = performance.now() + seconds * 1000;
  let before = '';
  let changedMs = performance.now();
  while (failure === null && Atomics.load(state, DONE_WORD) === 0) {
    await new Promise((resolve) => setTimeout(resolve, WATCH_PERIOD_MS));
    const nowMs = performance.now();
    if (nowMs > stopMs) Atomics.store(state, STOP_WORD, 1);
    const progress = state.slice(PROGRESS_WORD, SENT_WORD).join(' ');
    if (progress !== before) [before, changedMs] = [progress, nowMs];
    else if (nowMs - changedMs > STUCK_AFTER_MS) failure ??= `wake-up lost: no progress beyond ${progress}`;
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return {
    records: Atomics.load(state, PROGRESS_WORD),
    parked: Atomics.load(state, PARKED_WORD),
    large: Atomics.load(state, LARGE_WORD),
    failure,
  };
}

function argument(name: string, fallback: number): number {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? fallback : Number(process.argv[index + 1]);
}

async function main(): Promise<void> {
  const seconds = argument('seconds', 12);
  const seed = argument('seed', Date.now() & 0xffff);
  console.log(`seed ${seed}, ${seconds} s`);
  const total = { records: 0, parked: 0, large: 0, lost: 0 };
  for (const scenario of SCENARIOS) {
    const result = await runScenario(scenario, seconds / SCENARIOS.length, seed);
    total.records += result.records;
    total.parked += result.parked;
    total.large += result.large;
    const outcome = result.failure ?? 'ok';
    if (result.failure?.startsWith('wake-up lost')) total.lost++;
    const figures = `${(result.records / 1e6).toFixed(2)} M records (${result.large} large), ${result.parked} sleeps`;
    console.log(`${scenario.name.padEnd(28)} ${figures}: ${outcome}`);
    if (result.failure !== null) process.exitCode = 1;
  }
  const millions = (total.records / 1e6).toFixed(2);
  console.log(
    `total: ${millions} M records (${total.large} large), ${total.parked} sleeps, ${total.lost} wake-ups lost`,
  );
}

if (isMainThread) await main();
else {
  const job = workerData as Job;
  if (job.thread === 0) new Consumer(job).run();
  else runProducer(job);
}
