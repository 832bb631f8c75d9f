/**
 * One run of the whole pipeline on a simulated disk, the same to the byte each time it is driven from the same seed: clients
 * that write (and read, close, break off, log in), small files and a small snapCount, so that logs are begun, grown, rolled by
 * snapshots and by their size, snapshots written, and old ones of both purged, within some two hundred operations. Whoever looks on is asked before every call to the disk.
 */
import { Prng } from '../../../src/base/prng.js';
import { TEMPORARY_PREFIX } from '../../../src/persistence/file-names.js';
import type { FileStore } from '../../../src/persistence/file-store.js';
import { purge, RETAIN_COUNT_MIN } from '../../../src/persistence/purge.js';
import { type SimCall, SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { passesQuickTest } from '../../../src/persistence/snapshot-files.js';
import type { PlacementName } from '../../../src/server/placement-choice.js';
import type { LoggedTxn } from '../../testing/inline/recorded-log.js';
import { InlineServer, type InlineServerOptions } from '../../testing/inline-server.js';
import { ModelConnection } from '../processor/model/model-connection.js';
import { USERS, Workload } from '../processor/model/workload.js';
import { SentReplies } from './sent-replies.js';

const ADDRESS = '127.0.0.1';
const VERSION_2 = '/data/version-2';
const CONNECTIONS = 3;
export const EXTENDED_TYPES = true;

/** Files so small that everything that can happen to one happens often. */
export const SMALL_FILES: NonNullable<InlineServerOptions['config']> = {
  preAllocBytes: 2048,
  snapCount: 24,
  txnLogBytesMax: 14_000,
  extendedTypesEnabled: EXTENDED_TYPES,
  containers: { checkIntervalMs: 50, maxPerMinute: 60_000, maxNeverUsedIntervalMs: 0 },
};

export interface RunOptions {
  readonly seed: number;
  readonly operations: number;
  readonly placement: PlacementName;
  readonly onCall?: (call: SimCall, run: ServerRun) => void;
  readonly onServerWrite?: (run: ServerRun) => void;
  readonly files?: (disk: SimFileStore) => FileStore;
}

export class ServerRun {
  readonly disk: SimFileStore;
  readonly connections: ModelConnection[] = [];
  readonly logged: LoggedTxn[] = [];
  /** What has left the server so far. */
  readonly replies = new SentReplies();
  server: InlineServer | null = null;
  private readonly options: RunOptions;
  private readonly prng: Prng;
  private readonly workload: Workload;
  private nextXid = 1;
  private isInSnapshot = false;

  constructor(options: RunOptions) {
    this.options = options;
    this.prng = new Prng(options.seed).fork('run');
    this.workload = new Workload(this.prng.fork('workload'), { longBytes: 1500 });
    this.disk = new SimFileStore(this.prng.fork('disk'));
  }

  /** From the first start on an empty disk to an orderly stop. */
  drive(): void {
    const { seed, placement, operations, onCall, onServerWrite, files } = this.options;
    this.disk.onCall = (call) => {
      onCall?.(call, this);
      if (call.path.includes(TEMPORARY_PREFIX)) this.goOnDuringSnapshot();
      return 'ok';
    };
    const server = InlineServer.start({
      seed,
      placement,
      disk: this.disk,
      config: SMALL_FILES,
      logged: this.logged,
      ...(files === undefined ? {} : { files }),
    });
    this.server = server;
    server.network.onServerWrite = (connection, bytes, length) => {
      this.replies.onWrite(connection, bytes, length);
      onServerWrite?.(this);
    };
    for (let sent = 0; sent < operations; ) {
      while (this.living().length < CONNECTIONS) this.open(server);
      const what = this.prng.below(30);
      if (what < 12) {
        this.workload.send(this.oneOf(this.living()));
        sent++;
      } else if (what === 29) {
        this.breakOff();
      } else if (what === 27 && this.prng.below(4) === 0) {
        this.purge(server);
      } else {
        if (what === 28) server.clock.advance(this.prng.below(100));
        this.step(server);
      }
    }
    server.runAtRandom(this.prng);
    // Sessions that nobody comes back for expire.
    server.advance(40_000);
    server.stop();
  }

  /** The other threads do not wait for the snapshotter: the tree changes between its two walks, and behind them. */
  private goOnDuringSnapshot(): void {
    const { server } = this;
    if (server === null || this.isInSnapshot || this.options.placement === 'inline') return;
    this.isInSnapshot = true;
    for (const thread of ['io-0', 'core', 'prep', 'log', 'final', 'core']) server.turnOf(thread);
    this.isInSnapshot = false;
  }

  /** As the cleanup does it by the clock, on a thread of its own. */
  private purge(server: InlineServer): void {
    purge(
      server.files,
      { logDirectory: VERSION_2, snapshotDirectory: VERSION_2 },
      {
        retainCount: RETAIN_COUNT_MIN,
        neededFrom: null,
        isWhole: (name) => passesQuickTest(server.files, VERSION_2, name),
        onRemove: () => undefined,
        onFailed: (path, error) => {
          throw new Error(`cannot remove ${path}`, { cause: error });
        },
      },
    );
  }

  private step(server: InlineServer): void {
    server.stepAtRandom(this.prng);
    for (const connection of this.connections) if (!connection.isOver) connection.collect();
  }

  private living(): ModelConnection[] {
    return this.connections.filter((connection) => !connection.isOver && !connection.isQuiet);
  }

  private open(server: InlineServer): void {
    const client = server.dial({ address: ADDRESS });
    const connection = new ModelConnection(client, ADDRESS);
    client.handshake({ timeOutMs: 4000 });
    for (let steps = 0; connection.frames.length === 0; steps++) {
      if (steps > 100_000) throw new Error('a handshake is not answered');
      this.step(server);
      connection.collect();
    }
    client.nextXid = this.nextXid;
    this.nextXid += 10_000;
    for (const [user, id] of USERS) if (this.prng.below(3) === 0) connection.login(user, id);
    this.connections.push(connection);
  }

  private breakOff(): void {
    const connection = this.oneOf(this.living());
    if (this.prng.below(2) === 0) {
      connection.close();
      return;
    }
    connection.collect();
    connection.client.connection.destroy();
    connection.isOver = true;
  }

  private oneOf(connections: readonly ModelConnection[]): ModelConnection {
    return connections[this.prng.below(connections.length)] as ModelConnection;
  }
}
