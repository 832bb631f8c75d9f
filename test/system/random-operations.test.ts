// The same random operations and the same judge as test/unit/processor/random-operations.test.ts, against a server process
// on real threads and sockets: what readers see while the tree is being written, events before replies, the order of
// shards' mailboxes. The log that the server leaves says in which order it executed the writes. Then kill -9, and all of it
// must still be there.

import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { int64FromHalves } from '../../src/base/int64.js';
import { Prng } from '../../src/base/prng.js';
import { JuteReader } from '../../src/jute/jute-reader.js';
import { NodeFileStore } from '../../src/persistence/node-file-store.js';
import { listTxnLogs } from '../../src/persistence/txn-log-files.js';
import { TxnLogSequence } from '../../src/persistence/txn-log-sequence.js';
import { decodeTxnHeader } from '../../src/protocol/txns.js';
import type { LoggedTxn } from '../testing/inline/recorded-log.js';
import type { ClientEnd } from '../testing/inline/sim-client-network.js';
import { type Handshake, WireClient } from '../testing/inline/wire-client.js';
import { SocketEnd } from '../testing/socket-end.js';
import { makeTempDir } from '../testing/temp-dir.js';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { Judge } from '../unit/processor/model/judge.js';
import { ModelConnection } from '../unit/processor/model/model-connection.js';
import { USERS, Workload } from '../unit/processor/model/workload.js';

const ADDRESS = '127.0.0.1';
const CONNECTIONS = 6;
/** `REQUESTS=100000` for a long run. */
const REQUESTS = Number(process.env.REQUESTS ?? 3000);
const DEADLINE_MS = 30_000;
const READS = [4, 12, 6] as const;

class Run {
  readonly connections: ModelConnection[] = [];
  port = 0;
  private readonly prng: Prng;
  private readonly workload: Workload;
  private readonly homeless: { sessionId: bigint; password: Uint8Array }[] = [];
  private nextXid = 1;

  constructor(seed: number) {
    this.prng = new Prng(seed);
    this.workload = new Workload(this.prng.fork('workload'), { longBytes: 3000 });
  }

  async drive(): Promise<void> {
    for (let requests = 0; requests < REQUESTS; ) {
      while (this.living().length < CONNECTIONS) await this.open();
      const living = this.living();
      const connection = living[this.prng.below(living.length)] as ModelConnection;
      for (let burst = this.prng.below(12); burst >= 0; burst--, requests++) this.workload.send(connection);
      if (this.prng.below(60) === 0) this.move(connection);
      if (this.prng.below(4) === 0) await turn();
      // Nobody runs far ahead of the server, or most reads would only see the end.
      if (connection.client.outstandingCount > 60) await this.answered(connection);
      for (const each of this.connections) if (!each.isOver) each.collect();
    }
    for (const connection of this.connections) await this.answered(connection);
    // Behind this no event is under way any more: nobody writes, and a sync passes through every stage.
    const last = this.connections.filter((each) => !each.isOver && each.sent.at(-1)?.kind !== 'close');
    for (const connection of last) connection.sync('/');
    for (const connection of last) await this.answered(connection);
  }

  async open(session?: { sessionId: bigint; password: Uint8Array }): Promise<ModelConnection> {
    const again = session ?? (this.prng.below(2) === 0 ? this.homeless.pop() : undefined);
    const client = new WireClient<ClientEnd>(new SocketEnd(this.port));
    const connection = new ModelConnection(client, ADDRESS);
    const handshake: Handshake = again === undefined ? {} : { sessionId: again.sessionId, password: again.password };
    client.handshake(handshake);
    await until('a handshake', DEADLINE_MS, () => {
      connection.collect();
      return connection.frames.length > 0 || connection.isOver;
    });
    if (client.sessionId === 0n) return await this.open();
    client.nextXid = this.nextXid;
    this.nextXid += 100_000;
    for (const [user, id] of USERS) if (this.prng.below(3) === 0) connection.login(user, id);
    this.connections.push(connection);
    return connection;
  }

  /** Every node that the model knows, read by a client with every right. */
  async sweep(paths: readonly string[]): Promise<void> {
    const connection = await this.open();
    for (const [user, id] of USERS) if (!connection.identities.includes(`digest:${id}`)) connection.login(user, id);
    for (const path of paths) for (const op of READS) connection.read({ op, path, watch: false });
    await this.answered(connection);
  }

  over(): void {
    for (const connection of this.connections) {
      connection.collect();
      connection.isOver = true;
    }
  }

  private async answered(connection: ModelConnection): Promise<void> {
    await until('all replies', DEADLINE_MS, () => {
      connection.collect();
      return connection.isOver || connection.client.outstandingCount === 0;
    });
  }

  private living(): ModelConnection[] {
    return this.connections.filter((connection) => !connection.isOver && !connection.isQuiet);
  }

  private move(connection: ModelConnection): void {
    if (this.prng.below(4) === 0) {
      connection.close();
      return;
    }
    this.homeless.push({ sessionId: connection.sessionId, password: connection.client.password });
    if (this.prng.below(2) === 0) {
      connection.isQuiet = true;
      return;
    }
    connection.collect();
    connection.client.connection.destroy();
    connection.isOver = true;
  }
}

function readLog(dataDir: string): LoggedTxn[] {
  const store = new NodeFileStore();
  const directory = join(dataDir, 'version-2');
  const sequence = new TxnLogSequence(store, directory, listTxnLogs(store, directory));
  const logged: LoggedTxn[] = [];
  while (sequence.next()) {
    const { reader } = sequence;
    const entry = reader.bytes.slice(reader.entryOffset, reader.entryOffset + reader.entryLength);
    const { clientId, cxid, time } = decodeTxnHeader(new JuteReader(entry));
    const zxid = int64FromHalves(reader.zxidHi, reader.zxidLo);
    logged.push({ sessionId: clientId, cxid, zxid, timeMs: time, type: reader.type, entry });
  }
  return logged;
}

describe.each([
  ['compact', 1],
  ['compact', 2],
  ['pipeline', 1],
  ['pipeline', 3],
  ['staged', 2],
] as const)('%s, %d shards', (placement, shards) => {
  test('every reply and every event is the one that the log calls for', async () => {
    const dataDir = makeTempDir('random-operations');
    const cfg = {
      'threadkeeper.placement': placement,
      'threadkeeper.connectionShards': shards,
      snapCount: 900,
      maxSessionTimeout: 120_000,
    };
    const run = new Run(shards * 10 + placement.length);
    const server = await startThreadkeeper({ dataDir: dataDir.path, cfg });
    let paths: readonly string[];
    try {
      run.port = server.port;
      await run.drive();
      const first = new Judge(run.connections, false);
      first.judge(readLog(dataDir.path));
      paths = first.model.paths;
      await run.sweep(paths);
      new Judge(run.connections, false).judge(readLog(dataDir.path));
    } finally {
      run.over();
      await server.kill();
      await server[Symbol.asyncDispose]();
    }
    const again = await startThreadkeeper({ dataDir: dataDir.path, cfg });
    try {
      run.port = again.port;
      await run.sweep(paths);
      new Judge(run.connections, false).judge(readLog(dataDir.path));
    } finally {
      await again.stop();
    }
    expect(paths.length).toBeGreaterThan(10);
    dataDir.remove();
  });
});
