/**
 * Apache's own Java client with a login configuration (zkCli.sh and a JAAS file) against our server: it logs in by SASL before
 * anything else, and is told when its password is wrong.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireTool, runTool, type ToolRun } from '../testing/run-tool.js';
import { jaasEnvironment, SASL_PROVIDER, writeJaasFile } from '../testing/sasl-users.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';
import { makeTempDir } from '../testing/temp-dir.js';

const ZK_CLI = '/usr/share/zookeeper/bin/zkCli.sh';
const DEADLINE_MS = 40_000;

const serverDir = makeTempDir('zk-cli-sasl-server');
const clientDir = makeTempDir('zk-cli-sasl-client');

/** As bob, with that password; without one nobody logs in. */
function cli(server: ServerProcess, password: string | null, input: string): Promise<ToolRun> {
  const jaas = password === null ? null : writeJaasFile(clientDir.path, password);
  const flags = jaas === null ? '-Dzookeeper.sasl.client=false' : `-Djava.security.auth.login.config=${jaas}`;
  return runTool(ZK_CLI, ['-server', `127.0.0.1:${server.port}`], {
    deadlineMs: DEADLINE_MS,
    input,
    env: { CLIENT_JVMFLAGS: flags },
  });
}

/** All that was said, but for the greeting, the logging library and what stands behind a command line of its own. */
function saidBy(run: ToolRun): string[] {
  const dull =
    /^(Connecting to .*|Welcome to ZooKeeper!|JLine support is disabled|WATCHER::|WatchedEvent .*|SLF4J.*|)$/;
  return `${run.stdout}\n${run.stderr}`.split('\n').filter((line) => !dull.test(line));
}

beforeAll(() => {
  requireTool(ZK_CLI, 'zookeeper');
});
afterAll(() => {
  serverDir.remove();
  clientDir.remove();
});

async function start(cfg: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const env = jaasEnvironment(writeJaasFile(serverDir.path));
  return await startServerUnderTest({ cfg: { ...SASL_PROVIDER, ...cfg }, env });
}

describe('zkCli.sh', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  test('is bob, by SASL', async () => {
    const run = await cli(server, 'bobsecret', 'create /bobs x sasl:bob:cdrwa\nget /bobs\ngetAcl /bobs\nwhoami\n');
    const said = saidBy(run);
    expect(said).toEqual(expect.arrayContaining(['Created /bobs', 'x', "'sasl,'bob", 'sasl: bob']));
    expect(run.stdout).toContain('SaslAuthenticated');
  });

  test('is nobody without a login, and kept out', async () => {
    const run = await cli(server, null, 'get /bobs\n');
    expect(saidBy(run)).toContain('Insufficient permission : /bobs');
  });

  test('is told of a wrong password', async () => {
    const run = await cli(server, 'wrong', 'get /bobs\n');
    expect(run.stdout).toContain('AuthFailed');
    expect(saidBy(run)).not.toContain('x');
  });
});

test('zkCli.sh where clients have to log in', async () => {
  await using server = await start({ sessionRequireClientSASLAuth: 'true' });
  const bob = await cli(server, 'bobsecret', 'create /a\n');
  expect(saidBy(bob)).toContain('Created /a');
  const nobody = await cli(server, null, 'create /b\n');
  expect(saidBy(nobody)).not.toContain('Created /b');
  expect(saidBy(nobody).join('\n')).toMatch(
    /Session closed because client failed to authenticate|SessionClosedRequireAuth/i,
  );
});
