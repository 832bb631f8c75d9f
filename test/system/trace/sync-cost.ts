/**
 * Command: node dist/test/system/trace/sync-cost.js [--seconds 3] [--rounds 3] [--warm-up 10] [--connections 16] [--outstanding 64]. How many fdatasync calls an acknowledged
 * write costs, ours and Apache's in turns, each under strace that counts nothing else; and how many replies a traced run of ours
 * sent, none before its sync. Prints a line per run; exits 1 when a reply was early.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { apacheServer } from '../../testing/apache-server.js';
import { exitOnSignals } from '../../testing/exit-on-signals.js';
import { type ServerKind, ServerProcess } from '../../testing/server-process.js';
import { straced, wholeTrace } from '../../testing/strace.js';
import { makeTempDir } from '../../testing/temp-dir.js';
import { threadkeeperServer } from '../../testing/threadkeeper-server.js';
import { ReplyOrder } from './reply-order.js';
import { setDataLoad } from './set-data-load.js';

exitOnSignals();
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '10' },
    connections: { type: 'string', default: '16' },
    outstanding: { type: 'string', default: '64' },
  },
});
const load = {
  connections: Number(values.connections),
  outstanding: Number(values.outstanding),
  durationMs: Number(values.seconds) * 1000,
};
const shape = `setData ${load.connections} x ${load.outstanding}`;

async function count(kind: ServerKind): Promise<void> {
  using directory = makeTempDir('sync-cost');
  const traceFile = join(directory.path, 'trace');
  const server = await ServerProcess.start(straced(kind, { calls: 'fdatasync,fsync', traceFile }), { readyMs: 60_000 });
  const syncsSoFar = (trace: string): number =>
    trace.split('\n').filter((line) => /fdatasync\(\d+<[^>]*log\.[0-9a-f]+>/.test(line)).length;
  // A virtual machine compiles what it has run often.
  await setDataLoad({ ...load, durationMs: Number(values['warm-up']) * 1000, port: server.port });
  const before = syncsSoFar(readFileSync(traceFile, 'latin1'));
  const { acknowledged, tookMs } = await setDataLoad({ ...load, port: server.port });
  await server.stop();
  const syncs = syncsSoFar(await wholeTrace(traceFile, server.pid)) - before;
  console.log(
    `${kind.name.padEnd(12)} ${shape}: ${acknowledged} acknowledged (${Math.round(acknowledged / (tookMs / 1000))}/s), ` +
      `${syncs} fdatasync of the log: ${(syncs / acknowledged).toFixed(5)} per write, one for ${(acknowledged / syncs).toFixed(1)}`,
  );
}

async function checkOrder(): Promise<number> {
  using directory = makeTempDir('sync-cost');
  const traceFile = join(directory.path, 'trace');
  const calls = 'pwrite64,pwritev,write,writev,sendto,sendmsg,fdatasync,fsync,ftruncate';
  const kind = straced(threadkeeperServer, { calls, traceFile, contents: true });
  const server = await ServerProcess.start(kind, { readyMs: 60_000, cfg: { snapCount: 20_000 } });
  await setDataLoad({ ...load, port: server.port });
  await server.stop();
  const order = ReplyOrder.of(await wholeTrace(traceFile, server.pid));
  console.log(
    `${shape}, traced: ${order.repliesChecked} replies and ${order.sessionsChecked} sessions checked against ` +
      `${order.recordsLogged} records in ${order.logWrites} writes and ${order.logSyncs} fdatasync; ${order.violations.length} violations`,
  );
  for (const violation of order.violations.slice(0, 10)) console.log(`  ${violation}`);
  return order.violations.length;
}

for (let round = 0; round < Number(values.rounds); round++) {
  await count(threadkeeperServer);
  await count(apacheServer);
}
process.exitCode = (await checkOrder()) === 0 ? 0 : 1;
