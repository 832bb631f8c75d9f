/**
 * Crashes one run at its calls to the disk, one after the other, without running it again: before a call is done the disk is
 * copied, each copy loses what a crash may take, a server is started on it, and what it holds is compared with the model. All
 * of the run's states are known from a first, undisturbed pass.
 *
 * A point lies before a call, with the effects of all calls before it unsynced as they are. So "in the middle of write 7" is a torn
 * fate of the point behind it, where it could have been acknowledged no less; nothing is left out by that.
 *
 * Promises that are checked: the recovered zxid is none below what any client was told, none above what was appended, and
 * nodes, ACLs, stats, sessions and digest are those of the model at just that zxid. Violations are collected, not thrown.
 */

import { ManualClock } from '../../../src/base/clock.js';
import { int64FromHalves } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { type RecoveredDatabase, recover } from '../../../src/persistence/recovery.js';
import { RecoveryError } from '../../../src/persistence/recovery-error.js';
import type { CrashFate, SimCall, SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { passesQuickTest } from '../../../src/persistence/snapshot-files.js';
import type { PlacementName } from '../../../src/server/placement-choice.js';
import { DataTree } from '../../../src/store/data-tree.js';
import { createTreeMemory } from '../../../src/store/tree-memory.js';
import { InlineServer } from '../../testing/inline-server.js';
import { EXTREME_FATES, tornFate } from './crash-fates.js';
import { statesOf } from './crash-model.js';
import { EXTENDED_TYPES, type RunOptions, ServerRun, SMALL_FILES } from './server-run.js';
import { type DatabaseState, differenceOf, sessionsOf, stateOfTree } from './tree-state.js';

const DATA_DIR = '/data';
const VERSION_2 = '/data/version-2';
/** A refusal that says where the damage is: what a disk that loses any sectors may come to. */
const DAMAGE = /is damaged at offset|does not go on|hole|missing|last synced|sync mark/i;
const READING: ReadonlySet<string> = new Set(['open', 'list', 'read', 'close']);

export interface ExploreOptions {
  readonly seed: number;
  readonly operations: number;
  readonly placement: PlacementName;
  /** Of the calls that change the disk or sync it, every n-th is a point. */
  readonly everyNth: number;
  /** At every n-th point with unsynced writes the last of each file is torn at each of its bytes, else at so many drawn by chance. */
  readonly tornEverywhereNth: number;
  readonly tornAtRandom: number;
  /** So many crashes of a disk that loses any sectors. */
  readonly lostSectors: number;
  /** At every n-th point the start after the crash is crashed as well, at each of its calls. */
  readonly secondGenerationNth: number;
  /** At every n-th point a whole server is started, serves, and is crashed once more. */
  readonly servingNth: number;
  /** One violation is enough. */
  readonly untilFirst?: boolean;
  readonly files?: RunOptions['files'];
}

export class CrashReport {
  operations = 0;
  transactions = 0;
  fileCalls = 0;
  snapshots = 0;
  logs = 0;
  /** Snapshots and logs. */
  purged = 0;
  points = 0;
  crashes = 0;
  tornLengths = 0;
  sectorCrashes = 0;
  refusals = 0;
  secondGeneration = 0;
  servedAgain = 0;
  repliesSent = 0;
  readonly callNames = new Map<string, number>();
  readonly violations: string[] = [];
}

export function exploreCrashes(options: ExploreOptions): CrashReport {
  return new Explorer(options).run();
}

interface Point {
  readonly name: string;
  readonly acknowledged: bigint;
  readonly granted: readonly bigint[];
  readonly appended: bigint;
}

class Explorer {
  private readonly options: ExploreOptions;
  private readonly report = new CrashReport();
  private readonly prng: Prng;
  private readonly tree = new DataTree(createTreeMemory(1, 2), () => undefined);
  private states: readonly DatabaseState[] = [];
  private candidates = 0;
  private tearable = 0;

  constructor(options: ExploreOptions) {
    this.options = options;
    this.prng = new Prng(options.seed).fork('crashes');
  }

  run(): CrashReport {
    const { report } = this;
    const first = this.newRun(() => undefined);
    first.drive();
    this.states = statesOf(first.connections, first.logged, EXTENDED_TYPES);
    report.operations = first.connections.reduce((sum, { sent }) => sum + sent.length, 0);
    report.transactions = first.logged.length;
    report.repliesSent = first.replies.count;
    const second = this.newRun((call, run) => this.onCall(call, run));
    second.drive();
    this.crashAt('the end', second);
    if (second.logged.length !== first.logged.length) throw new Error('the run is not the same the second time');
    return report;
  }

  private newRun(onCall: (call: SimCall, run: ServerRun) => void): ServerRun {
    const { seed, operations, placement, files } = this.options;
    return new ServerRun({ seed, operations, placement, onCall, ...(files === undefined ? {} : { files }) });
  }

  private onCall(call: SimCall, run: ServerRun): void {
    const { report } = this;
    report.fileCalls++;
    if (call.name === 'rename' && call.path.includes('snapshot.')) report.snapshots++;
    if (call.name === 'create' && call.path.includes('/log.')) report.logs++;
    if (call.name === 'unlink') report.purged++;
    report.callNames.set(call.name, (report.callNames.get(call.name) ?? 0) + 1);
    // What only reads leaves the disk as the next call finds it.
    if (READING.has(call.name)) return;
    if (this.options.untilFirst === true && report.violations.length > 0) return;
    if (this.candidates++ % this.options.everyNth === 0)
      this.crashAt(`call ${call.index}, ${call.name} ${call.path}`, run);
  }

  private crashAt(name: string, run: ServerRun): void {
    const { options, report, prng } = this;
    const point: Point = {
      name,
      acknowledged: run.replies.zxidTold,
      granted: [...run.replies.granted],
      appended: run.logged.at(-1)?.zxid ?? 0n,
    };
    const number = report.points++;
    for (const [fateName, fate] of Object.entries(EXTREME_FATES)) this.crash(run.disk, point, fateName, fate);
    this.tear(run.disk, point);
    for (let i = 0; i < options.lostSectors; i++) {
      report.sectorCrashes++;
      const disk = run.disk.fork(prng.fork(`sectors ${number} ${i}`), { loseSectors: true });
      disk.crash();
      this.check(disk, point, 'sectors lost', true);
    }
    if (number % options.servingNth === 0) this.serveAgain(run.disk, point, number);
    if (number % options.secondGenerationNth === 0) this.crashTwice(run.disk, point, number);
  }

  private crash(disk: SimFileStore, point: Point, fateName: string, fate: CrashFate): void {
    this.report.crashes++;
    const copy = disk.fork(this.prng);
    copy.crash(fate);
    this.check(copy, point, fateName, false);
  }

  private tear(disk: SimFileStore, point: Point): void {
    const { tornEverywhereNth, tornAtRandom } = this.options;
    for (const { path, changes, lastUnits } of disk.unsynced()) {
      const last = changes.at(-1) as number;
      const everywhere = this.tearable++ % tornEverywhereNth === 0;
      const count = everywhere ? lastUnits : Math.min(tornAtRandom, last);
      for (let i = 0; i < count; i++) {
        const kept = everywhere ? i : this.prng.below(last);
        this.report.tornLengths++;
        this.crash(disk, point, `${path} torn behind ${kept} of ${last} bytes`, tornFate(path, kept));
      }
    }
  }

  /** Recovers on a disk after its crash, and compares. */
  private check(disk: SimFileStore, point: Point, fateName: string, mayRefuse: boolean): void {
    const { tree, report } = this;
    try {
      // That an older snapshot can be used instead is for damage; a crash must not need it, since purge relies on the newest.
      for (const name of snapshotNames(disk)) {
        if (!passesQuickTest(disk, VERSION_2, name)) this.violation(point, fateName, `${name} is not whole`);
      }
      const database = recoverOn(disk, tree, (message) => {
        if (message.startsWith('Problem reading snapshot')) this.violation(point, fateName, message);
      });
      if (database.digestMismatches > 0) this.violation(point, fateName, "a digest in the files is not the tree's");
      const zxid = int64FromHalves(database.lastZxidHi, database.lastZxidLo);
      this.compare(point, fateName, zxid, stateOfTree(tree.reader, sessionsOf(database.sessions)));
    } catch (error) {
      if (!(error instanceof RecoveryError)) throw error;
      if (mayRefuse && DAMAGE.test(error.message)) report.refusals++;
      else this.violation(point, fateName, `the start was refused: ${error.message}`);
    }
  }

  private compare(point: Point, fateName: string, zxid: bigint, state: DatabaseState): void {
    if (zxid < point.acknowledged) {
      this.violation(point, fateName, `zxid ${point.acknowledged} was acknowledged, ${zxid} came back`);
      return;
    }
    if (zxid > point.appended) {
      this.violation(point, fateName, `zxid ${zxid} came back, ${point.appended} was the last appended`);
      return;
    }
    const expected = this.states[Number(zxid)] as DatabaseState;
    const difference = differenceOf(expected, state);
    if (difference !== null) this.violation(point, fateName, `at zxid ${zxid}: ${difference}`);
    for (const id of point.granted) {
      // A session may be gone again, but then by a transaction.
      if (!this.states.slice(0, Number(zxid) + 1).some(({ sessions }) => sessions.has(id))) {
        this.violation(point, fateName, `session ${id.toString(16)} was granted and is not in the log`);
      }
    }
  }

  /** A whole server on what the crash left: it shows the same, takes a write, and has that too after the next crash. */
  private serveAgain(disk: SimFileStore, point: Point, number: number): void {
    const { report, options, prng } = this;
    report.servedAgain++;
    const copy = disk.fork(prng.fork(`serve ${number}`));
    copy.crash();
    const { placement } = options;
    const server = InlineServer.start({
      placement,
      disk: copy,
      clock: new ManualClock(2_000_000, 1_700_001_000_000),
      config: SMALL_FILES,
      ...(options.files === undefined ? {} : { files: options.files }),
    });
    const zxid = server.recoveredZxid;
    this.compare(point, 'served again', zxid, stateOfTree(server.tree, openSessions(server)));
    const client = server.connect();
    client.create('/second-life');
    const { err } = server.reply(client);
    if (err !== 0) this.violation(point, 'served again', `the first write was answered ${err}`);
    copy.crash(EXTREME_FATES.lost);
    const tree = this.tree;
    const database = recoverOn(copy, tree);
    const path = new TextEncoder().encode('/second-life');
    const came = int64FromHalves(database.lastZxidHi, database.lastZxidLo);
    if (tree.reader.find(path, 0, path.length) === 0 || came < zxid + 2n) {
      this.violation(point, 'served again', `the write after the restart is gone: ${came} came back`);
    }
    server.abandon();
  }

  /** The start after the crash is crashed at every call of its own; the start after that has the same to show. */
  private crashTwice(disk: SimFileStore, point: Point, number: number): void {
    const { report, prng } = this;
    const copy = disk.fork(prng.fork(`twice ${number}`));
    copy.crash();
    copy.onCall = (call) => {
      if (READING.has(call.name)) return 'ok';
      for (const [fateName, fate] of Object.entries(EXTREME_FATES)) {
        report.secondGeneration++;
        this.crash(copy, point, `crashed at ${call.name} ${call.path} of the restart, ${fateName}`, fate);
      }
      for (const { path, changes } of copy.unsynced()) {
        const kept = prng.below(changes.at(-1) as number);
        report.secondGeneration++;
        this.crash(
          copy,
          point,
          `crashed at ${call.name} of the restart, ${path} torn at ${kept}`,
          tornFate(path, kept),
        );
      }
      return 'ok';
    };
    const server = InlineServer.start({ placement: this.options.placement, disk: copy, config: SMALL_FILES });
    server.abandon();
  }

  private violation(point: Point, fateName: string, what: string): void {
    this.report.violations.push(`${point.name}; ${fateName}: ${what}`);
  }
}

function snapshotNames(disk: SimFileStore): string[] {
  return disk.isDirectory(VERSION_2) ? disk.list(VERSION_2).filter((name) => name.startsWith('snapshot.')) : [];
}

function recoverOn(
  disk: SimFileStore,
  tree: DataTree,
  warn: (message: string) => void = () => undefined,
): RecoveredDatabase {
  return recover({
    fileStore: disk,
    dataDir: DATA_DIR,
    dataLogDir: DATA_DIR,
    tree,
    datadirAutocreate: true,
    dbAutocreate: true,
    trustEmptySnapshot: false,
    emulate353TtlNodes: false,
    warn,
  });
}

function openSessions(server: InlineServer): Map<bigint, number> {
  const { sessions } = server;
  const found = new Map<bigint, number>();
  for (let slot = 0; slot < sessions.slotCountUsed; slot++) {
    const [hi, lo] = [sessions.sessionHi(slot), sessions.sessionLo(slot)];
    if (sessions.isOpen(slot, hi, lo)) found.set(int64FromHalves(hi, lo), sessions.timeoutMs(slot));
  }
  return found;
}
