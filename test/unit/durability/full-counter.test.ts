// A server that stands alone counts its transactions through the end of the lower 32 bits, and starts again from what it wrote.

import { expect, test } from 'vitest';
import { InlineServer } from '../../testing/inline-server.js';

const VERSION_2 = '/data/version-2';

test('a counter that is full carries into the upper half, and a restart finds all of it', () => {
  const server = InlineServer.start();
  server.crash();
  server.disk.rename(`${VERSION_2}/snapshot.0`, `${VERSION_2}/snapshot.fffffffc`);
  server.disk.syncDirectory(VERSION_2);
  server.restart();
  const client = server.connect();
  for (let i = 0; i < 6; i++) client.create(`/n${i}`);
  server.run();
  expect(server.logged.map(({ zxid }) => zxid.toString(16))).toContain('100000000');
  for (let i = 0; i < 2; i++) {
    const before = server.tree.nodeCount;
    server.crash();
    server.restart();
    expect(server.recoveredZxid).toBeGreaterThan(0x100000000n);
    expect(server.tree.nodeCount).toBe(before);
  }
});
