// A leader whose disk stands still (strace delays its fdatasync): the others have a quorum, elect another leader and take writes,
// and the one that led before sends its clients away, and follows when its disk is back.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EnsembleProcess } from '../testing/ensemble-process.js';
import { straced } from '../testing/strace.js';
import { until } from '../testing/until.js';
import { Op, request, WireConnection } from '../testing/wire-connection.js';
import { WriteProbe } from './write-probe.js';

const TICK_MS = 500;
const SYNC_LIMIT = 4;
const PING_XID = -2;
/** Its log takes this many batches, then nothing for so long. */
const SYNCS = 40;
const STILL_MS = 8_000;

test('a leader whose disk stands still gives way, and the others write on', async () => {
  const wrap = { calls: 'fdatasync', inject: `fdatasync:delay_enter=${STILL_MS * 1000}:when=${SYNCS}` };
  await using ensemble = await EnsembleProcess.startOurs({
    cfg: { tickTime: TICK_MS, syncLimit: SYNC_LIMIT },
    absent: [1],
    wrap: (kind, { sid, dataDir }) =>
      sid === 3 ? straced(kind, { ...wrap, traceFile: join(dataDir, 'trace') }) : kind,
  });
  await ensemble.startMember(1);
  await ensemble.awaitServing();
  expect(await ensemble.leader()).toBe(3);
  const [port1, port2, port3] = ensemble.members.map(({ clientPort }) => clientPort) as [number, number, number];
  const client = await WireConnection.openSession(port3);

  const acknowledgedMs: number[] = [];
  const probe = await WriteProbe.open('/probe', 0, [port1, port2], () => acknowledgedMs.push(performance.now()));
  const writing = probe.run();
  await until('a leader that has a disk', 15_000, async () => {
    const modes = await Promise.all([ensemble.mode(1), ensemble.mode(2)]);
    return modes.includes('leader');
  });
  const ledMs = performance.now();
  await until('writes behind that', 5_000, () => (acknowledgedMs.at(-1) ?? 0) > ledMs);
  expect(ensemble.member(3).log()).toContain('the own disk has not taken');
  client.send(request(PING_XID, Op.Ping));
  await client.readToEnd(2_000);
  probe.stop();
  await writing;
  probe.destroy();

  await ensemble.awaitServing();
  expect(await ensemble.mode(3)).toBe('follower');
  await ensemble.awaitSameZxid();
});
