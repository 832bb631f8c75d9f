/** The sub-commands that Apache ships as classes of its jar, with the answers these give. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runSubCommand } from '../../../../src/cli/threadkeeper/run-sub-command.js';
import { SUB_COMMANDS } from '../../../../src/cli/threadkeeper/sub-command-table.js';
import { freePort } from '../../../testing/free-port.js';
import { repositoryRoot } from '../../../testing/repository-root.js';
import { makeTempDir } from '../../../testing/temp-dir.js';

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

test('log-chopper: outputs and exit codes of Apache’s LogChopper, as recorded', async () => {
  using dir = makeTempDir('log-chopper');
  const log = join(repositoryRoot, 'test/fixtures/persistence/tiny-3.9/version-2/log.1');
  const header = 'ZooKeeper Transactional Log File with dbid 0 txnlog format version 2\n';
  const at = (name: string): string => join(dir.path, name);
  expect((await run('log-chopper')).out.split('\n')[0]).toBe(
    'Usage: LogChopper zxid_to_chop_to txn_log_to_chop chopped_filename',
  );
  expect(await run('log-chopper', '0x3', log, at('three'))).toEqual({
    code: 0,
    out: `${header}Chopping at 3 new log has 3 records\n`,
    err: '',
  });
  expect(readFileSync(log).subarray(0, statSync(at('three')).size)).toEqual(readFileSync(at('three')));
  for (const [words, said] of [
    [['0x999', log, at('x')], `${header}EOF reached after 16 txns.\n`],
    [['0', log, at('x')], `${header}This log does not contain zxid 0\n`],
    [['x', log, at('x')], 'Got exception: For input string: "x"\n'],
  ] as const) {
    expect(await run('log-chopper', ...words)).toEqual({ code: 2, out: said, err: '' });
    expect(existsSync(at('x'))).toBe(false);
  }
  expect(await run('log-chopper', '2', log, at('three'))).toMatchObject({ code: 2 });
  expect(await run('log-chopper', '2', at('nothing'), at('x'))).toMatchObject({ code: 2 });
  expect(statSync(at('three')).size).toBeGreaterThan(100);
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
