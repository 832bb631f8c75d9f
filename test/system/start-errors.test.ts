/**
 * What a server says when it does not start, and with which code it ends: the sentences of the configuration parser as an
 * operator meets them, one clear line on stderr, the same in the log, and nothing that was meant to stay secret. The
 * parser's whole list of sentences is in the unit tests; here is one of each kind, through the real program.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestMd5Response } from '../testing/digest-md5-client.js';
import { freePort } from '../testing/free-port.js';
import { runTool, type ToolRun } from '../testing/run-tool.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { SERVER_MAIN, startThreadkeeper } from '../testing/threadkeeper-server.js';
import { counted, int32, WireConnection } from '../testing/wire-connection.js';

const DEADLINE_MS = 20_000;
const USAGE = 'Usage: ZooKeeperServerMain configfile | port datadir [ticktime] [maxcnxns]\n';

let dir: TempDir;
beforeEach(() => {
  dir = makeTempDir('start-errors');
});
afterEach(() => dir.remove());

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ToolRun> {
  return runTool(process.execPath, [SERVER_MAIN, ...args], { deadlineMs: DEADLINE_MS, cwd: dir.path, env });
}

function config(...lines: string[]): string {
  const path = join(dir.path, 'zoo.cfg');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** The sentence on stderr and in the log; behind it, file, line, key and what was expected there, if that says more. */
function expectRefusal(result: ToolRun, code: number, sentence: string, reason: string, details: string[] = []): void {
  expect(result.code).toBe(code);
  const [line, ...more] = result.stderr.split('\n').slice(0, -1);
  expect(line).toBe(`${sentence}: ${reason}`);
  if (details.length > 0) expect(more).toEqual(details);
  for (const detail of more) expect(result.stdout).toContain(` - ERROR [main:QuorumPeerMain@-] - ${detail}\n`);
  expect(result.stdout).toMatch(new RegExp(` - ERROR \\[main:\\w+@-\\] - ${sentence}\n`));
  expect(result.stdout).toMatch(new RegExp(` - Exiting JVM with code ${code}\n$`));
}

describe('exit code 2: the command line', () => {
  it.each([[[]], [['1', '2', '3', '4', '5']], [['port', 'dir']]])('%j', async (args) => {
    const result = await run(args);
    expect(result).toMatchObject({ code: 2, stderr: USAGE });
    expect(result.stdout).toContain('Invalid arguments, exiting abnormally');
  });
});

describe('exit code 2: the configuration', () => {
  const refused = 'Invalid config, exiting abnormally';

  it('a file that is not there', async () => {
    const path = join(dir.path, 'no.cfg');
    expectRefusal(await run([path]), 2, refused, `Error processing ${path}: ${path} file is missing`);
  });

  it('a file that cannot be read', async () => {
    expectRefusal(await run([dir.path]), 2, refused, `Error processing ${dir.path}: ${dir.path} (Is a directory)`);
  });

  it.each<[reason: string, lines: string[], details?: string[]]>([
    ['dataDir is not set', ['clientPort=2181'], ['FILE: no line sets dataDir: a path is expected']],
    ['tickTime is not set', ['dataDir=./data', 'tickTime=0']],
    [
      'For input string: "2181x"',
      ['dataDir=./data', 'clientPort=2181x', 'initLimit=five'],
      [
        'FILE line 2: clientPort = 2181x: a port from 0 to 65535 is expected',
        'FILE line 3: initLimit = five: a whole number of ticks, at least 1 is expected',
      ],
    ],
    ['clientPortAddress is set but clientPort is not set', ['dataDir=./data', 'clientPortAddress=localhost']],
    [
      'minSessionTimeout must not be larger than maxSessionTimeout',
      ['dataDir=./data', 'clientPort=1', 'minSessionTimeout=2', 'maxSessionTimeout=1'],
    ],
    ['Malformed \\\\uxxxx encoding.'.replace('\\\\', '\\'), ['dataDir=\\u12']],
  ])('%s', async (reason, lines, details = []) => {
    const path = config(...lines);
    const told = details.map((detail) => detail.replace('FILE', path));
    expectRefusal(await run([path]), 2, refused, `Error processing ${path}: ${reason}`, told);
  });

  it.each<[reason: string, line: string]>([
    ["Invalid option maybe for standaloneEnabled. Choose 'true' or 'false.'", 'standaloneEnabled=maybe'],
    ['ssl.keyStore.location is not set, but TLS needs a private key and its certificate', 'secureClientPort=2281'],
  ])('%s', async (reason, line) => {
    expectRefusal(await run([config('dataDir=./data', 'clientPort=2181', line)]), 2, refused, reason);
  });

  it('a member without a number', async () => {
    mkdirSync(join(dir.path, 'data'));
    const members = [1, 2, 3].map((sid) => `server.${sid}=zk${sid}:2888:3888;2181`);
    const path = config('dataDir=./data', 'initLimit=5', 'syncLimit=2', ...members);
    expectRefusal(await run([path]), 2, refused, `Error processing ${path}: myid file is missing`);
  });
});

describe('exit code 3: the data directory', () => {
  const refused = 'Unable to access datadir, exiting abnormally';

  it('a file in its place', async () => {
    writeFileSync(join(dir.path, 'file'), '');
    const { code, stderr } = await run([config('dataDir=./file', 'clientPort=2181')]);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^Unable to access datadir, exiting abnormally: Unable to create data directory \S+\/file\/version-2: /,
    );
    expect(stderr.split('\n')).toHaveLength(2);
  });

  it('missing, and forbidden to be made', async () => {
    const path = config(`dataDir=${dir.path}/data`, 'clientPort=2181', 'datadir.autocreate=false');
    expectRefusal(
      await run([path]),
      3,
      refused,
      `Missing data directory ${dir.path}/data/version-2, automatic data directory creation is disabled ` +
        '(zookeeper.datadir.autocreate is false). Please create this directory manually.',
    );
  });

  it('snapshots where the logs should be', async () => {
    mkdirSync(join(dir.path, 'log/version-2'), { recursive: true });
    writeFileSync(join(dir.path, 'log/version-2/snapshot.0'), '');
    expectRefusal(
      await run([config('dataDir=./data', 'dataLogDir=./log', 'clientPort=2181')]),
      3,
      refused,
      'Log directory has snapshot files. Check if dataLogDir and dataDir configuration is correct.',
    );
  });
});

describe('exit code 1: the client port', () => {
  it('is taken: one line with its address', async () => {
    const port = await freePort();
    const occupant = createServer();
    await new Promise<void>((listening) => occupant.listen(port, '127.0.0.1', listening));
    try {
      const result = await run([config('dataDir=./data', `clientPort=${port}`, 'clientPortAddress=127.0.0.1')]);
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/^[^\n]*Address already in use[^\n]*\n$/);
      expect(result.stderr).toContain(`127.0.0.1:${port}`);
    } finally {
      occupant.close();
    }
  });

  it('is that of this very server, started once more: nothing in its directory is touched', async () => {
    await using server = await startThreadkeeper({ dataDir: join(dir.path, 'data') });
    const version2 = join(dir.path, 'data/version-2');
    // What a running server has lying about for an instant, and a start removes: a snapshot begun, a log just created.
    writeFileSync(join(version2, '.tmp-snapshot.7'), 'half');
    writeFileSync(join(version2, 'log.7'), '');
    const before = readdirSync(version2);
    const path = config('dataDir=./data', `clientPort=${server.port}`, 'clientPortAddress=127.0.0.1');
    const result = await run([path], { SERVER_JVMFLAGS: '-Dzookeeper.admin.enableServer=false' });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain(`127.0.0.1:${server.port}: Address already in use`);
    expect(readdirSync(version2)).toEqual(before);
  });

  it('has an address that is not of this machine', async () => {
    // 192.0.2.0/24 is for documentation: nobody has it.
    const result = await run([config('dataDir=./data', 'clientPort=2181', 'clientPortAddress=192.0.2.1')]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^[^\n]*192\.0\.2\.1:2181[^\n]*\n$/);
  });
});

describe('authentication that cannot work', () => {
  it('ends with code 2 where nobody could authenticate himself', async () => {
    const path = config('dataDir=./data', 'clientPort=0', 'enforce.auth.enabled=true', 'enforce.auth.schemes=nosuch');
    const reason = 'Authentication scheme nosuch is not available.';
    expectRefusal(await run([path]), 2, 'Invalid arguments, exiting abnormally', reason);
  });

  it('ends with code 1 where the login configuration is not there, or unknown here', async () => {
    const path = config('dataDir=./data', 'clientPort=0');
    const missing = await run([path], { SERVER_JVMFLAGS: '-Djava.security.auth.login.config=/no/such.conf' });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(
      /^Unexpected exception, exiting abnormally: No JAAS .* found in '\/no\/such.conf'\.: [^\n]*\n$/,
    );

    const kerberos = join(dir.path, 'krb5.conf');
    writeFileSync(kerberos, 'Server { com.sun.security.auth.module.Krb5LoginModule required principal="HUSH"; };');
    const unknown = await run([path], { SERVER_JVMFLAGS: `-Djava.security.auth.login.config=${kerberos}` });
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toMatch(/^[^\n]*Kerberos \(GSSAPI\) is not supported[^\n]*\n$/);
    expect(unknown.stdout + unknown.stderr).not.toContain('HUSH');
  });

  it('ZOOKEEPER-4889: ends with code 1 where this runtime refuses MD5, as in FIPS mode, and logins need it', async () => {
    const preload = join(dir.path, 'no-md5.cjs');
    writeFileSync(
      preload,
      `const crypto = require('node:crypto');
      const { createHash } = crypto;
      crypto.createHash = (name, ...rest) => {
        if (/^md5$/i.test(name)) throw new Error('error:0308010C:digital envelope routines::unsupported');
        return createHash(name, ...rest);
      };
      require('node:module').syncBuiltinESMExports();`,
    );
    const jaas = join(dir.path, 'jaas.conf');
    const module = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
    writeFileSync(jaas, `Server { ${module} user_bob="HUSH"; }; QuorumServer { ${module} user_member="HUSH"; };`);
    const env = { NODE_OPTIONS: `--require=${preload}` };
    const login = `java.security.auth.login.config=${jaas}`;
    const alone = ['dataDir=./data', 'clientPort=0'];

    const clients = await run([config(...alone, login)], env);
    expectRefusal(
      clients,
      1,
      'Unexpected exception, exiting abnormally',
      'SASL users log in by DIGEST-MD5, but this runtime refuses MD5',
    );

    writeFileSync(join(dir.path, 'myid'), '1');
    const members = ['server.1=127.0.0.1:1:2', 'server.2=127.0.0.1:3:4', 'initLimit=5', 'syncLimit=2'];
    writeFileSync(jaas, `QuorumServer { ${module} user_member="HUSH"; };`);
    const peers = await run(
      [config('dataDir=.', 'clientPort=0', ...members, 'quorum.auth.enableSasl=true', login)],
      env,
    );
    expectRefusal(
      peers,
      1,
      'Unexpected exception, exiting abnormally',
      'Servers authenticate each other by DIGEST-MD5, but this runtime refuses MD5',
    );
    expect(clients.stdout + peers.stdout).not.toContain('HUSH');

    // Who needs no login serves there.
    await using server = await startThreadkeeper({ env });
    const connection = await WireConnection.openSession(server.port);
    expect((await connection.call(1, 100, int32(0), counted('digest'), counted('bob:secret'))).err).toBe(0);
    connection.destroy();
  });
});

describe('secrets', () => {
  it('are in no line of a start, whichever way they came', async () => {
    const path = config(
      `dataDir=${dir.path}/data`,
      'clientPort=0',
      'tickTime=0',
      'DigestAuthenticationProvider.superDigest=super:HUSH1',
      'ssl.keyStore.password=HUSH2',
      'fooBar=HUSH3',
    );
    const { stdout, stderr } = await run(['-Dsome.password=HUSH4', path], {
      SERVER_JVMFLAGS: '-Dother.password=HUSH5',
    });
    expect(stdout + stderr).not.toContain('HUSH');

    await using server = await startThreadkeeper({
      cfg: { 'DigestAuthenticationProvider.superDigest': 'super:HUSH6', 'ssl.trustStore.password': 'HUSH7' },
      env: { JVMFLAGS: '-Dthird.password=HUSH8' },
    });
    expect(server.log()).toContain('superDigest = <set>');
    expect(server.log()).not.toContain('HUSH');
  });

  it('are in no line about logins, at any level', async () => {
    const jaas = join(dir.path, 'jaas.conf');
    const module = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
    writeFileSync(jaas, `Server { ${module} user_bob="HUSH1" user_super="HUSH2"; };`);
    await using server = await startThreadkeeper({
      cfg: { 'console.threshold': 'DEBUG', 'SASLAuthenticationProvider.superPassword': 'HUSH3' },
      env: { SERVER_JVMFLAGS: `-Djava.security.auth.login.config=${jaas}` },
    });
    const connection = await WireConnection.openSession(server.port);
    await connection.call(1, 100, int32(0), counted('digest'), counted('bob:HUSH4'));
    const challenge = (await connection.call(2, 102, counted(''))).body.subarray(4).toString();
    const response = digestMd5Response(challenge, { password: 'HUSH5' });
    expect((await connection.call(3, 102, counted(response))).err).toBe(-115);
    await connection.readToEnd();
    connection.destroy();
    expect(server.log()).toContain('wrong response for user "bob"');
    expect(server.log()).toContain('superPassword = <set>');
    expect(server.log()).not.toContain('HUSH');
    expect(server.log()).not.toContain(/response=(\w+)/.exec(response)?.[1]);
  });
});

describe('signals end a server at once, with 128 and their number', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('%s', async (signal, code) => {
    await using server = await startThreadkeeper();
    server.signal(signal);
    expect(await server.exited).toEqual({ code, signal: null });
  });
});
