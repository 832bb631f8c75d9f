/**
 * Apache's ensemble becomes ours and Apache's again, member by member on the same data directories, while sessions write: each
 * member in its turn is stopped or killed and started again as the other kind. After each step writing rests for a moment: all
 * members must be at one zxid, show the same trees and remember the same digests, and everything acknowledged must be there.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Prng } from '../../../src/base/prng.js';
import { EnsembleWriter } from '../../system/ensemble-writer.js';
import { Ledger } from '../../system/kill-nine-ledger.js';
import { EnsembleProcess, type MemberKind } from '../../testing/ensemble-process.js';
import { fourLetterWord } from '../../testing/four-letter-word.js';
import { readEqualTrees } from '../../testing/tree-reading.js';

const OUTSTANDING = 8;
const HUNG_UP = /closed by the server|not within|ECONNRE/;

export interface RollingOptions {
  readonly from: MemberKind;
  readonly to: MemberKind;
  readonly seed: number;
  readonly writers: number;
  /** How long sessions write before a member is replaced, and again behind it. */
  readonly writingMs: number;
  /** All members become `to` and then `from` again, that many times. */
  readonly rounds: number;
  readonly onStep?: (line: string) => void;
}

export interface RollingReport {
  readonly steps: number;
  readonly acknowledged: number;
  readonly survivedUnacknowledged: number;
  readonly nodesVerified: number;
  readonly sessionsReopened: number;
  /** Pairs of digests of one zxid that were compared. */
  readonly digestsCompared: number;
}

export async function replaceRolling(options: RollingOptions): Promise<RollingReport> {
  const { from } = options;
  await using ensemble = await EnsembleProcess.start({ kinds: [from, from, from] });
  return await replaceAll(ensemble, options).catch((error: Error) => ensemble.withLogs(error));
}

async function replaceAll(ensemble: EnsembleProcess, options: RollingOptions): Promise<RollingReport> {
  const random = new Prng(options.seed);
  const { from, to } = options;
  const ports = ensemble.members.map(({ clientPort }) => clientPort);
  const writers: EnsembleWriter[] = [];
  let steps = 0;
  let digestsCompared = 0;
  try {
    for (let i = 0; i < options.writers; i++) {
      const ledger = new Ledger(`/w${i}`, random.fork(`writer ${i}`));
      writers.push(await EnsembleWriter.open(ledger, i, { ports, outstanding: OUTSTANDING }));
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const kind of [to, from]) {
        for (const { sid } of ensemble.members) {
          const wasLeader = (await ensemble.leader()) === sid;
          const abruptly = random.below(2) === 0;
          const work = Promise.all(writers.map((writer) => writer.run()));
          // A writer that fails must not wait for the others.
          await Promise.race([work, delay(options.writingMs)]);
          await (abruptly ? ensemble.kill(sid) : ensemble.stopMember(sid));
          await ensemble.startMember(sid, kind);
          await Promise.race([work, ensemble.awaitServing()]);
          await Promise.race([work, delay(options.writingMs)]);
          for (const writer of writers) writer.stop();
          await work;
          digestsCompared += await verifyPatiently(ensemble, writers);
          steps++;
          options.onStep?.(
            `member ${sid}${wasLeader ? ', which led,' : ''} was ${abruptly ? 'killed' : 'stopped'} and is ${kind} now: ` +
              `${ensemble.members.map((member) => member.kind).join(', ')}; member ${await ensemble.leader()} leads; ` +
              `${sum(writers, (writer) => writer.ledger.acknowledged)} writes acknowledged so far`,
          );
        }
      }
    }
  } finally {
    for (const writer of writers) writer.destroy();
  }
  return {
    steps,
    acknowledged: sum(writers, (writer) => writer.ledger.acknowledged),
    survivedUnacknowledged: sum(writers, (writer) => writer.ledger.survived),
    nodesVerified: sum(writers, (writer) => writer.nodesVerified),
    sessionsReopened: sum(writers, (writer) => writer.reopened),
    digestsCompared,
  };
}

/**
 * A member that hangs up, or is slow, breaks no promise (Apache's may, on their way back to a leader): it is told of, and all are asked
 * once more.
 */
async function verifyPatiently(ensemble: EnsembleProcess, writers: readonly EnsembleWriter[]): Promise<number> {
  try {
    return await verify(ensemble, writers);
  } catch (error) {
    const { message } = error as Error;
    if (!HUNG_UP.test(message)) throw error;
    console.error(`${message}\n${ensemble.lastWords()}`);
  }
  await ensemble.awaitServing();
  return await verify(ensemble, writers);
}

/** Nobody writes. Returns how many digests were compared. */
async function verify(ensemble: EnsembleProcess, writers: readonly EnsembleWriter[]): Promise<number> {
  await ensemble.awaitSameZxid();
  for (const { sid, kind, clientPort } of ensemble.running) {
    for (const writer of writers) {
      await writer.verifyAll(clientPort).catch((error: Error) => {
        throw new Error(`member ${sid}, ${kind}: ${error.message}`, { cause: error });
      });
    }
  }
  await readEqualTrees(ensemble.ports());
  return await compareDigests(ensemble);
}

/**
 * What members remember of the same zxids must be the same. A member that was sent a snapshot had the tree of a later moment while
 * it still counted from an earlier one, so it may differ for a while: judged is the last zxid that several remember. Returns how
 * many digests agreed.
 */
export async function compareDigests(ensemble: EnsembleProcess): Promise<number> {
  const known = new Map<string, Map<number, string>>();
  for (const { clientPort, sid } of ensemble.running) {
    const text = await fourLetterWord(clientPort, 'hash');
    for (const [, zxid, digest] of text.matchAll(/^([0-9a-f]+): (-?\d+)$/gm)) {
      const told = known.get(zxid as string) ?? new Map<number, string>();
      known.set(zxid as string, told.set(sid, String(BigInt.asUintN(64, BigInt(digest as string)))));
    }
  }
  const common = [...known]
    .filter(([, told]) => told.size > 1)
    .sort(([a], [b]) => (BigInt(`0x${a}`) < BigInt(`0x${b}`) ? -1 : 1));
  const differing = common.filter(([, told]) => new Set(told.values()).size > 1);
  const [zxid, told] = differing.at(-1) ?? [];
  if (zxid !== undefined && told !== undefined && zxid === common.at(-1)?.[0]) {
    const digests = [...told].map(([sid, digest]) => `${ensemble.member(sid).kind} ${sid}: ${digest}`);
    throw new Error(`members remember different digests of ${zxid}: ${digests.join(', ')}`);
  }
  return common.length - differing.length;
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
