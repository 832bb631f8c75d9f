// Who may change a running server from a browser: nobody whom a foreign page has led there. The port's own checks are in
// admin-server.test.ts, what the commands do in test/system/runtime-control.test.ts.

import { expect, test } from 'vitest';
import { silentLogger } from '../../../src/actor/logger.js';
import type { CommandRequest } from '../../../src/admin/command.js';
import { controlCommand } from '../../../src/admin/control-command.js';
import type { AdminHost } from '../../../src/server/admin-host.js';

async function statusOf(headers: Readonly<Record<string, string>>, controlEnabled = true): Promise<number | string> {
  const config = { controlEnabled, host: '127.0.0.1', hostNames: ['zk.example'] };
  const host = { config, log: silentLogger } as unknown as AdminHost;
  const command = controlCommand(host, 'POST', 'change_settings', async () => ({ fields: { done: true } }));
  const answer = await command.run({ headers } as unknown as CommandRequest);
  return answer.fields?.done === true ? 'done' : (answer.status ?? 200);
}

test('a program may call the server by any name', async () => {
  expect(await statusOf({ host: 'zk-1.anywhere:8080' })).toBe('done');
  expect(await statusOf({ host: 'zk-1.anywhere:8080' }, false)).toBe(503);
});

test('a browser only by a name that the server knows, and from no other site', async () => {
  expect(await statusOf({ host: 'evil.example:8080', origin: 'http://evil.example:8080' })).toBe(421);
  expect(await statusOf({ host: 'zk.example:8080', origin: 'http://zk.example:8080' })).toBe('done');
  expect(await statusOf({ host: 'localhost:8080', origin: 'http://localhost:8080' })).toBe('done');
  expect(await statusOf({ host: 'localhost:8080', 'sec-fetch-site': 'cross-site' })).toBe(403);
});
