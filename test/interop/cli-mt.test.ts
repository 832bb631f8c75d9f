/**
 * The C client library against our server, through its command line program cli_mt: create, get, set, ls, exists, delete,
 * sync, watches and quit, typed into its stdin one by one.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { InteractiveTool } from '../testing/interactive-tool.js';
import { requireTool } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';

const CLI_MT = '/usr/lib/zookeeper/bin/cli_mt';

let server: ServerProcess;
let cli: InteractiveTool;

beforeAll(async () => {
  requireTool(CLI_MT, 'zookeeper-bin');
  server = await startServerUnderTest();
});
afterAll(() => server?.stop());

beforeEach(async () => {
  cli = new InteractiveTool(CLI_MT, [`127.0.0.1:${server.port}`]);
  await cli.answers(/Got a new session id: 0x1[0-9a-f]{14}\n/);
});
afterEach(() => cli.kill());

async function run(line: string, answer: RegExp): Promise<RegExpExecArray> {
  cli.type(line);
  return await cli.answers(answer);
}

test('a node from its creation to its end', async () => {
  await run('create /cli', /\[\/cli\]: rc = 0\n\tname = \/cli\n/);
  await run('create /cli', /\[\/cli\]: rc = -110\n/);
  await run('get /cli', /\/cli: rc = 0\n value_len = 3\nnew\nStat:\n\tctime = .*\n\tczxid=[1-9a-f][0-9a-f]*\n/);
  // `get` has set a watch; its event comes before the reply to the write that fires it.
  await run('set /cli changed', /Watcher CHANGED_EVENT state = CONNECTED_STATE for path \/cli\n/);
  await cli.answers(/\/cli: rc = 0 Stat:\n(\t.*\n)+\tversion=1\taversion=0\n/);
  await run('get /cli', / value_len = 7\nchanged\nStat:\n(\t.*\n)+\tversion=1\taversion=0\n\tephemeralOwner = 0\n/);
  await run('sync /cli', /\[\/cli\]: rc = 0\n\tname = \/cli\n/);
  await run('delete /cli', /Watcher DELETED_EVENT state = CONNECTED_STATE for path \/cli\n/);
  await cli.answers(/\/cli: rc = 0\n/);
  await run('get /cli', /\/cli: rc = -101\n/);
  await run('exists /cli', /Error -101 for \/cli\n/);
  await run('quit', /Quitting\.\.\.\n/);
  expect(await cli.exits()).toBe(0);
});

test('children, sequences and ephemerals', async () => {
  await run('create /family', /name = \/family\n/);
  await run('ls /family', /\/family: rc = 0\n/);
  await run('create +s /family/s-', /Watcher CHILD_EVENT state = CONNECTED_STATE for path \/family\n/);
  await cli.answers(/name = \/family\/s-0000000000\n/);
  await run(
    'create2 +e /family/e',
    /\[\/family\/e\]: rc = 0\n\tname = \/family\/e\n(\t.*\n)+\tephemeralOwner = 1[0-9a-f]{14}\n/,
  );
  const listing = await run('ls /family', /\/family: rc = 0\n((?:\t.*\n)+)time = /);
  expect(listing[1]?.trim().split(/\s+/).sort()).toEqual(['e', 's-0000000000']);
  await run('quit', /Quitting\.\.\.\n/);
  expect(await cli.exits()).toBe(0);

  cli = new InteractiveTool(CLI_MT, [`127.0.0.1:${server.port}`]);
  await cli.answers(/Got a new session id/);
  await run('exists /family/e', /Error -101 for \/family\/e\n/);
  await run('get /family/s-0000000000', /\/family\/s-0000000000: rc = 0\n/);
});
