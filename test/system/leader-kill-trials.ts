/**
 * kill -9 of the leader of three servers in the middle of writes, again and again: no acknowledged write may be lost, and each
 * time it is told how long nobody could write. The killed member comes back before the next kill. In the end all members must
 * show everything that was ever acknowledged, and the same trees.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../../src/base/prng.js';
import { EnsembleProcess, type MemberKind } from '../testing/ensemble-process.js';
import type { ServerOptions } from '../testing/server-process.js';
import { readEqualTrees } from '../testing/tree-reading.js';
import { until, within } from '../testing/until.js';
import { EnsembleWriter } from './ensemble-writer.js';
import { Ledger } from './kill-nine-ledger.js';
import { WriteProbe } from './write-probe.js';

const MEMBERS = 3;
const OUTSTANDING = 16;
const WRITING_MS_MIN = 300;
const WRITING_MS_SPREAD = 700;
const PATIENCE_MS = 60_000;

export interface LeaderKillOptions {
  readonly kinds: readonly MemberKind[];
  readonly times: number;
  readonly seed: number;
  /** Sessions that write, spread over the members. */
  readonly writers: number;
  readonly cfg?: NonNullable<ServerOptions['cfg']>;
  readonly onTrial?: (line: string) => void;
}

export interface LeaderKillReport {
  /** Per kill: from the signal to the first acknowledgement of a write in the next leader's epoch. */
  readonly outageMs: readonly number[];
  readonly acknowledged: number;
  readonly survivedUnacknowledged: number;
  readonly nodesVerified: number;
  readonly sessionsReopened: number;
}

const epochOf = (zxid: bigint): bigint => zxid >> 32n;

export async function killLeaders(options: LeaderKillOptions): Promise<LeaderKillReport> {
  const random = new Prng(options.seed);
  await using ensemble = await EnsembleProcess.start({
    kinds: options.kinds,
    ...(options.cfg === undefined ? {} : { cfg: options.cfg }),
  });
  const ports = ensemble.members.map(({ clientPort }) => clientPort);
  let zxidMax = 0n;
  let zxidMaxAtMs = 0;
  const onAcknowledged = (zxid: bigint): void => {
    // Of an epoch, the moment of its first acknowledgement.
    if (epochOf(zxid) > epochOf(zxidMax)) zxidMaxAtMs = performance.now();
    if (zxid > zxidMax) zxidMax = zxid;
  };
  const writers: EnsembleWriter[] = [];
  const probes: WriteProbe[] = [];
  const outageMs: number[] = [];
  try {
    for (let i = 0; i < options.writers; i++) {
      const ledger = new Ledger(`/w${i}`, random.fork(`writer ${i}`));
      writers.push(await EnsembleWriter.open(ledger, i, { ports, outstanding: OUTSTANDING, onAcknowledged }));
    }
    for (let i = 0; i < MEMBERS; i++) probes.push(await WriteProbe.open(`/probe${i}`, i, ports, onAcknowledged));
    const work = Promise.all([...writers.map((writer) => writer.run()), ...probes.map((probe) => probe.run())]);
    let failure: Error | null = null;
    work.catch((error: Error) => {
      failure = error;
    });
    for (let trial = 1; trial <= options.times; trial++) {
      const before = sum(writers, (writer) => writer.ledger.acknowledged);
      await delay(WRITING_MS_MIN + random.below(WRITING_MS_SPREAD));
      await until('acknowledged writes', PATIENCE_MS, () => {
        if (failure !== null) throw failure;
        return sum(writers, (writer) => writer.ledger.acknowledged) > before;
      });
      const leader = await ensemble.leader();
      const epoch = epochOf(zxidMax);
      const killedAtMs = performance.now();
      const killed = ensemble.kill(leader);
      await until('a write in the next epoch', PATIENCE_MS, () => {
        if (failure !== null) throw failure;
        return epochOf(zxidMax) > epoch;
      });
      outageMs.push(zxidMaxAtMs - killedAtMs);
      await killed;
      await ensemble.startMember(leader);
      await ensemble.awaitServing();
      options.onTrial?.(
        `kill ${trial}: member ${leader} led; first write after ${Math.round(zxidMaxAtMs - killedAtMs)} ms, ` +
          `${sum(writers, (writer) => writer.ledger.acknowledged)} acknowledged so far`,
      );
    }
    for (const each of [...writers, ...probes]) each.stop();
    await work;
    await ensemble.awaitSameZxid();
    for (const { sid, clientPort } of ensemble.members) {
      for (const writer of writers)
        await within(`what member ${sid} shows`, PATIENCE_MS, writer.verifyAll(clientPort)).catch((error: Error) =>
          ensemble.withLogs(error),
        );
    }
    await readEqualTrees(ports);
  } finally {
    for (const each of [...writers, ...probes]) each.destroy();
  }
  return {
    outageMs,
    acknowledged: sum(writers, (writer) => writer.ledger.acknowledged),
    survivedUnacknowledged: sum(writers, (writer) => writer.ledger.survived),
    nodesVerified: sum(writers, (writer) => writer.nodesVerified),
    sessionsReopened: sum(writers, (writer) => writer.reopened),
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
