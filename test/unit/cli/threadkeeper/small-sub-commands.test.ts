/** The sub-commands that Apache ships as classes of its jar, with the answers these give. */
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { runSubCommand } from '../../../../src/cli/threadkeeper/run-sub-command.js';
import { SUB_COMMANDS } from '../../../../src/cli/threadkeeper/sub-command-table.js';
import { freePort } from '../../../testing/free-port.js';

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const code = await runSubCommand(SUB_COMMANDS, {
    args,
    env: {},
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

test('digest: as DigestAuthenticationProvider prints it', async () => {
  expect(await run('digest', 'super:test', 'bob:a:b')).toEqual({
    code: 0,
    out: 'super:test->super:D/InIHSb7yEEbrWz8b9l71RjZJU=\nbob:a:b->bob:J4+K+FVuB1hEWvxpNRVKdRWAekY=\n',
    err: '',
  });
  expect((await run('digest', '-q', 'super:test')).out).toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=\n');
  const longer = await run('digest', '-q', '--algorithm=SHA-256', 'super:test');
  expect(longer.out).toBe('super:wjySwxg860UATFtciuZ1lpzrCHrPeov6SPu/ZD56uig=\n');
});

test('digest: what makes no sense is told without the words, which may be a password', async () => {
  const wrong = await run('digest', 'secret');
  expect([wrong.code, wrong.out]).toEqual([2, '']);
  expect(wrong.err).not.toContain('secret');
  expect((await run('digest')).code).toBe(2);
  expect((await run('digest', '--algorithm=MD2', 'a:b')).code).toBe(2);
});

test('version: the parts that Version prints', async () => {
  const { out: full } = await run('version', '--full');
  expect(full).toMatch(/^3\.9\.5-\S+, built on \d{4}-\d\d-\d\d \d\d:\d\d UTC\n$/);
  expect(await run('version', '--short')).toEqual({ code: 0, out: '3.9.5\n', err: '' });
  expect((await run('version', '--revision')).out).toBe(`${full.split(',')[0]}\n`);
  expect((await run('version', '--nope')).code).toBe(2);
  expect((await run('version')).out).toContain('behaves like Apache ZooKeeper 3.9.5\n');
});

test('ask: the reply, or that there is none', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', (word) => socket.end(`you said ${word}`));
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  try {
    expect(await run('ask', '127.0.0.1', String(port), 'ruok')).toEqual({ code: 0, out: 'you said ruok\n', err: '' });
    expect((await run('ask', '127.0.0.1', String(port), 'ruok', 'maybe')).code).toBe(2);
  } finally {
    server.close();
  }
  const nobody = String(await freePort());
  expect(await run('ask', '127.0.0.1', nobody, 'ruok')).toEqual({
    code: 1,
    out: '',
    err: `127.0.0.1:${nobody} does not answer ruok\n`,
  });
  for (const words of [[], ['h'], ['h', 'x', 'ruok'], ['h', '0', 'ruok'], ['h', '1', 'ruok', 'false', 'more']]) {
    expect((await run('ask', ...words)).code).toBe(2);
  }
});
