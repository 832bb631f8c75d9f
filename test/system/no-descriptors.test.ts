// A server whose process may open no file any more: who is there is served as ever, who comes waits or is closed, nobody takes it for a
// port that could not be opened, and as soon as descriptors are free clients are let in again.

import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { startThreadkeeper } from '../testing/threadkeeper-server.js';
import { until } from '../testing/until.js';
import { counted, Op, WireConnection } from '../testing/wire-connection.js';

function limitDescriptors(pid: number, soft: string): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
}

test.each(['compact', 'pipeline'])('without descriptors, in the placement %s', async (placement) => {
  await using server = await startThreadkeeper({ cfg: { 'threadkeeper.placement': placement } });
  const before = await WireConnection.open(server.port);
  await before.handshake({ timeOutMs: 30_000 });

  const limit = execFileSync('prlimit', ['--pid', String(server.pid), '--nofile', '-o', 'SOFT', '--noheadings']);
  limitDescriptors(server.pid, '1');
  // The system takes the connection for the server, which cannot.
  const newcomer = await WireConnection.open(server.port);
  let isGranted = false;
  const grant = newcomer.handshake({ timeOutMs: 30_000 }).then(
    () => {
      isGranted = true;
    },
    () => {},
  );
  for (let xid = 1; xid <= 100; xid++) {
    expect((await before.call(xid, Op.Exists, counted('/zookeeper'), Uint8Array.of(0))).err).toBe(0);
  }
  expect(isGranted).toBe(false);

  limitDescriptors(server.pid, limit.toString().trim());
  const after = await until('clients to be let in again', 10_000, async () => {
    const opened = await WireConnection.open(server.port).catch(() => null);
    const granted = await opened?.handshake({ timeOutMs: 30_000 }).catch(() => undefined);
    opened?.destroy();
    return granted;
  });
  expect(after.timeOutMs).toBe(30_000);
  expect((await before.call(101, Op.Exists, counted('/zookeeper'), Uint8Array.of(0))).err).toBe(0);
  expect(server.log()).not.toMatch(/failed|ERROR/);
  newcomer.destroy();
  before.destroy();
  await grant;
});
