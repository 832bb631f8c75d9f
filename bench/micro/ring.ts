/**
 * What a record costs on a mailbox, by topology and batch size: `node dist/bench/micro/ring.js [--quick]`.
 * Rings, doorbells and parking are the production ones, without runners or actors on top. Each figure is the median of
 * several runs on fresh threads. Of each payload only the first and the last word are written and read: what encoding
 * costs is not the mailbox's business. Every receiver adds up what it read; a wrong sum ends the run.
 *
 *   local, one thread    a local mailbox, and a ring with both ends on one thread
 *   one-to-one           source -> sink
 *   fan-in               3 sources -> sink
 *   pipeline             source -> relay -> sink
 *   ping-pong            one batch there and back, nothing else under way: the time of a round trip
 */

import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { LocalMailbox } from '../../src/actor/mailbox/local-mailbox.js';
import type { MailboxReceiver, MailboxSender } from '../../src/actor/mailbox/mailbox.js';
import { createRing } from '../../src/actor/mailbox/ring-layout.js';
import { RingReceiver, RingSender } from '../../src/actor/mailbox/spsc-ring.js';
import { WakeTarget } from '../../src/actor/wake/bell.js';
import { createDoorbell, Doorbell } from '../../src/actor/wake/doorbell.js';
import { ParkWake } from '../../src/actor/wake/park-wake.js';

const PAYLOAD_BYTES = 120;
const RING_BYTES = 1 << 20;
const DRAIN_LIMIT = 512;
const BATCHES = [1, 16, 256];

const Role = { source: 'source', relay: 'relay', sink: 'sink', pinger: 'pinger', echo: 'echo' } as const;
type Role = (typeof Role)[keyof typeof Role];

interface Station {
  role: Role;
  /** Indices of rings. */
  inputs: number[];
  outputs: number[];
}

interface Job {
  stations: Station[];
  rings: SharedArrayBuffer[];
  doorbells: SharedArrayBuffer[];
  /** Word 0: threads ready. Word 1: go. Word 2: threads done. */
  gate: SharedArrayBuffer;
  /** One float64 per station: when it began (sources, pinger) or ended (sink), in ms of the process's clock. */
  times: SharedArrayBuffer;
  batch: number;
  recordsPerSource: number;
}

function monotonicMs(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1000 + nanos / 1e6;
}

const LAST_WORD = (PAYLOAD_BYTES >> 2) - 1;

function send(sender: MailboxSender, sequence: number): void {
  sender.claim(1, PAYLOAD_BYTES);
  const first = sender.offset >> 2;
  sender.words[first] = sequence;
  sender.words[first + LAST_WORD] = sequence;
  sender.commit();
}

const sum = new Int32Array(1);

function consume(_type: number, _bytes: Uint8Array, words: Int32Array, offset: number): void {
  const first = offset >> 2;
  sum[0] += words[first] ^ ~words[first + LAST_WORD];
}

/** Each intact record added -1. */
function checkSum(records: number): void {
  if (sum[0] !== -records) throw new Error(`sum ${sum[0]} after ${records} records`);
  sum[0] = 0;
}

class StationRun {
  private readonly station: Station;
  private readonly job: Job;
  private readonly doorbell: Doorbell;
  private readonly park: ParkWake;
  private readonly receivers: RingReceiver[];
  private readonly senders: RingSender[];
  private readonly targets: WakeTarget[] = [];

  constructor(index: number, job: Job) {
    this.job = job;
    this.station = job.stations[index];
    this.doorbell = new Doorbell(job.doorbells[index]);
    this.park = new ParkWake(this.doorbell);
    this.receivers = this.station.inputs.map((ring) => {
      const producer = this.target(job.stations.findIndex((other) => other.outputs.includes(ring)));
      return new RingReceiver(job.rings[ring], { producer });
    });
    this.senders = this.station.outputs.map((ring) => {
      const target = this.target(job.stations.findIndex((other) => other.inputs.includes(ring)));
      return new RingSender(job.rings[ring], { target });
    });
  }

  /** Returns the time to be noted for this station. */
  run(expected: number): number {
    switch (this.station.role) {
      case Role.source:
        return this.runSource();
      case Role.sink:
        return this.runSink(expected);
      case Role.relay:
      case Role.echo:
        return this.runRelay(expected);
      case Role.pinger:
        return this.runPinger();
    }
  }

  private runSource(): number {
    const beginMs = monotonicMs();
    const [sender] = this.senders;
    const { batch, recordsPerSource } = this.job;
    for (let sent = 0; sent < recordsPerSource; sent += batch) {
      if (!sender.hasRoom(batch * (PAYLOAD_BYTES + 8))) this.waitForRoom(sender);
      for (let i = 0; i < batch; i++) send(sender, sent + i);
      this.flush();
    }
    return beginMs;
  }

  private runSink(expected: number): number {
    for (let seen = 0; seen < expected; ) {
      let drained = 0;
      for (const receiver of this.receivers) drained += receiver.drain(consume, DRAIN_LIMIT);
      seen += drained;
      this.flush();
      if (drained === 0) this.sleep(() => this.hasInput());
    }
    const endMs = monotonicMs();
    checkSum(expected);
    return endMs;
  }

  private runRelay(expected: number): number {
    const [[receiver], [sender]] = [this.receivers, this.senders];
    for (let seen = 0; seen < expected; ) {
      const drained = receiver.drain((_type, bytes, _words, offset, length) => {
        sender.claim(1, length);
        sender.bytes.set(bytes.subarray(offset, offset + length), sender.offset);
        sender.commit();
      }, DRAIN_LIMIT);
      seen += drained;
      this.flush();
      while (sender.spilled) {
        this.waitForRoom(sender);
        this.flush();
      }
      if (drained === 0) this.sleep(() => this.hasInput());
    }
    return monotonicMs();
  }

  private runPinger(): number {
    const beginMs = monotonicMs();
    const [[receiver], [sender]] = [this.receivers, this.senders];
    const { batch, recordsPerSource } = this.job;
    for (let sent = 0; sent < recordsPerSource; sent += batch) {
      for (let i = 0; i < batch; i++) send(sender, sent + i);
      this.flush();
      for (let back = 0; back < batch; ) {
        back += receiver.drain(consume, DRAIN_LIMIT);
        if (back < batch) this.sleep(() => this.hasInput());
      }
    }
    const tookMs = monotonicMs() - beginMs;
    checkSum(recordsPerSource);
    return tookMs;
  }

  private sleep(hasWork: () => boolean): void {
    this.park.park(this.doorbell.seen(), hasWork, Number.POSITIVE_INFINITY);
  }

  private hasInput(): boolean {
    return this.receivers.some((receiver) => !receiver.isEmpty);
  }

  private waitForRoom(sender: RingSender): void {
    this.flush();
    while (sender.awaitsRoom && !sender.settleRoom()) this.sleep(() => sender.roomNow());
  }

  private flush(): void {
    for (const sender of this.senders) sender.publish();
    for (const target of this.targets) target.ringIfPending();
  }

  private target(station: number): WakeTarget {
    const target = new WakeTarget(new Doorbell(this.job.doorbells[station]));
    this.targets.push(target);
    return target;
  }
}

function runInWorker(index: number, job: Job): void {
  const run = new StationRun(index, job);
  const gate = new Int32Array(job.gate);
  const sources = job.stations.filter(({ role }) => role === Role.source || role === Role.pinger).length;
  Atomics.add(gate, 0, 1);
  Atomics.notify(gate, 0);
  Atomics.wait(gate, 1, 0);
  new Float64Array(job.times)[index] = run.run(sources * job.recordsPerSource);
  Atomics.add(gate, 2, 1);
  Atomics.notify(gate, 2);
}

/** Milliseconds from the first source's beginning to the last sink's end; the pinger's own time in a ping-pong. */
async function measure(stations: Station[], batch: number, recordsPerSource: number): Promise<number> {
  const ringCount = Math.max(...stations.flatMap(({ inputs, outputs }) => [...inputs, ...outputs])) + 1;
  const job: Job = {
    stations,
    rings: Array.from({ length: ringCount }, () => createRing(RING_BYTES)),
    doorbells: stations.map(() => createDoorbell()),
    gate: new SharedArrayBuffer(16),
    times: new SharedArrayBuffer(8 * stations.length),
    batch,
    recordsPerSource,
  };
  const gate = new Int32Array(job.gate);
  const workers = stations.map((_, index) => new Worker(new URL(import.meta.url), { workerData: { index, job } }));
  for (let ready = 0; ready < stations.length; ready = Atomics.load(gate, 0)) await changed(gate, 0, ready);
  Atomics.store(gate, 1, 1);
  Atomics.notify(gate, 1);
  for (let done = 0; done < stations.length; done = Atomics.load(gate, 2)) await changed(gate, 2, done);
  await Promise.all(workers.map((worker) => worker.terminate()));

  const times = new Float64Array(job.times);
  const pinger = stations.findIndex(({ role }) => role === Role.pinger);
  if (pinger >= 0) return times[pinger];
  const begins = times.filter((_, index) => stations[index].role === Role.source);
  const ends = times.filter((_, index) => stations[index].role === Role.sink);
  return Math.max(...ends) - Math.min(...begins);
}

async function changed(words: Int32Array, word: number, from: number): Promise<void> {
  // The workers keep the process alive meanwhile.
  const wait = Atomics.waitAsync(words, word, from);
  if (wait.async) await wait.value;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function report(name: string, batch: number, nsPerRecord: number, note = ''): void {
  const millions = (1000 / nsPerRecord).toFixed(2).padStart(8);
  console.log(
    `${name.padEnd(24)} ${String(batch).padStart(5)} ${nsPerRecord.toFixed(1).padStart(10)} ${millions}  ${note}`,
  );
}

function measureOnOneThread(sender: MailboxSender, receiver: MailboxReceiver, batch: number, records: number): number {
  const beginMs = monotonicMs();
  for (let sent = 0; sent < records; sent += batch) {
    for (let i = 0; i < batch; i++) send(sender, sent + i);
    sender.publish();
    receiver.drain(consume, batch);
  }
  const tookMs = monotonicMs() - beginMs;
  checkSum(records);
  return tookMs;
}

async function main(): Promise<void> {
  const quick = process.argv.includes('--quick');
  const runs = quick ? 1 : 3;
  const scale = quick ? 0.1 : 1;
  console.log(`records of ${PAYLOAD_BYTES + 8} bytes, rings of ${RING_BYTES >> 10} KB, median of ${runs}`);
  console.log('topology                 batch  ns/record  M rec/s');

  for (const batch of [...BATCHES, 64].sort((a, b) => a - b)) {
    const records = Math.ceil((2_000_000 * scale) / batch) * batch;
    const both: [string, () => [MailboxSender, MailboxReceiver]][] = [
      ['local mailbox', () => same(new LocalMailbox(RING_BYTES))],
      ['ring, one thread', () => ringEnds(createRing(RING_BYTES))],
    ];
    for (const [name, make] of both) {
      const times = Array.from({ length: runs }, () => measureOnOneThread(...make(), batch, records));
      report(name, batch, (median(times) * 1e6) / records);
    }
  }

  const lines: Record<string, Station[]> = {
    'one-to-one': [
      { role: Role.source, inputs: [], outputs: [0] },
      { role: Role.sink, inputs: [0], outputs: [] },
    ],
    'fan-in 3 -> 1': [
      { role: Role.sink, inputs: [0, 1, 2], outputs: [] },
      ...[0, 1, 2].map((ring): Station => ({ role: Role.source, inputs: [], outputs: [ring] })),
    ],
    'pipeline of 3': [
      { role: Role.source, inputs: [], outputs: [0] },
      { role: Role.relay, inputs: [0], outputs: [1] },
      { role: Role.sink, inputs: [1], outputs: [] },
    ],
  };
  for (const [name, stations] of Object.entries(lines)) {
    const sources = stations.filter(({ role }) => role === Role.source).length;
    for (const batch of BATCHES) {
      const wanted = ((batch === 1 ? 500_000 : 2_000_000) * scale) / sources;
      const perSource = Math.ceil(wanted / batch) * batch;
      const times: number[] = [];
      for (let run = 0; run < runs; run++) times.push(await measure(stations, batch, perSource));
      report(name, batch, (median(times) * 1e6) / (perSource * sources));
    }
  }

  const pingPong: Station[] = [
    { role: Role.pinger, inputs: [1], outputs: [0] },
    { role: Role.echo, inputs: [0], outputs: [1] },
  ];
  for (const batch of BATCHES) {
    const trips = Math.ceil(30_000 * scale);
    const times: number[] = [];
    for (let run = 0; run < runs; run++) times.push(await measure(pingPong, batch, trips * batch));
    report(
      'ping-pong',
      batch,
      (median(times) * 1e6) / (trips * batch),
      `${((median(times) * 1e3) / trips).toFixed(1)} us round trip`,
    );
  }
}

function same(mailbox: LocalMailbox): [MailboxSender, MailboxReceiver] {
  return [mailbox, mailbox];
}

function ringEnds(ring: SharedArrayBuffer): [MailboxSender, MailboxReceiver] {
  return [new RingSender(ring), new RingReceiver(ring)];
}

if (isMainThread) await main();
else runInWorker(workerData.index as number, workerData.job as Job);
