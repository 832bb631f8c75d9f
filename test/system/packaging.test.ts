/**
 * What packages the server: the container's entrypoint in a real run on loopback, with the image's variables and nothing else,
 * its health check and its end by SIGTERM; the Containerfile and the systemd unit held against what the package has.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fourLetterWord } from '../testing/four-letter-word.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { requireTool, runTool } from '../testing/run-tool.js';
import { ServerProcess } from '../testing/server-process.js';
import { makeTempDir } from '../testing/temp-dir.js';

const BIN = join(repositoryRoot, 'dist/src/cli/threadkeeper.js');
const ZK_SERVER = join(repositoryRoot, 'dist/src/cli/zk-server.js');
const SYSTEMD_ANALYZE = '/usr/bin/systemd-analyze';

const read = (path: string) => readFileSync(join(repositoryRoot, path), 'utf8');

describe('a container', () => {
  it('has a server from its variables alone, healthy while it serves, ended by SIGTERM', async () => {
    const dir = makeTempDir('container');
    // Started as root, the server becomes another user.
    chmodSync(dir.path, 0o755);
    const port = await freePort();
    const env = {
      ZOO_CONF_DIR: join(dir.path, 'conf'),
      ZOO_DATA_DIR: join(dir.path, 'data'),
      ZOO_DATA_LOG_DIR: join(dir.path, 'datalog'),
      ZOO_LOG_DIR: join(dir.path, 'logs'),
      ZOO_SERVERS: `server.1=localhost:2888:3888;${port}`,
      ZOO_4LW_COMMANDS_WHITELIST: 'ruok',
      ZOO_CFG_EXTRA: 'admin.serverPort=0 tickTime=1000',
    };
    const server = await ServerProcess.start(
      {
        name: 'threadkeeper',
        command: () => [process.execPath, BIN, 'container-entrypoint', 'zkServer.sh', 'start-foreground'],
      },
      { port, env },
    );
    try {
      expect(await fourLetterWord(port, 'ruok')).toBe('imok');
      const probe = { deadlineMs: 10_000, env: { ZOOCFGDIR: env.ZOO_CONF_DIR } };
      const health = await runTool(process.execPath, [ZK_SERVER, 'status'], probe);
      expect(health).toMatchObject({ code: 0, stdout: expect.stringContaining('Mode: standalone\n') });
      expect(readFileSync(join(env.ZOO_DATA_DIR, 'myid'), 'utf8')).toBe('1\n');
      expect(existsSync(join(env.ZOO_DATA_LOG_DIR, 'version-2'))).toBe(true);
      const uid = process.getuid?.() === 0 ? 1000 : process.getuid?.();
      expect(readFileSync(`/proc/${server.pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\t${uid}\\t${uid}\\t`, 'm'));
    } finally {
      expect(await server.stop()).toEqual({ code: 143, signal: null });
      dir.remove();
    }
  });

  it('runs another command that it is given, with its exit code, and makes no files for it', async () => {
    const dir = makeTempDir('container');
    const conf = join(dir.path, 'conf');
    const run = await runTool(process.execPath, [BIN, 'container-entrypoint', 'sh', '-c', 'echo $ZOOCFGDIR; exit 7'], {
      deadlineMs: 10_000,
      env: { ZOO_CONF_DIR: conf },
    });
    expect(run).toEqual({ code: 7, stdout: `${conf}\n`, stderr: '' });
    expect(existsSync(conf)).toBe(false);
    dir.remove();
  });
});

describe('conf/', () => {
  it('has a Containerfile that names commands of the package, and the variables of the entrypoint', () => {
    const file = read('conf/Containerfile');
    const { bin, files } = JSON.parse(read('package.json')) as { bin: Record<string, string>; files: string[] };
    // Scripts and probes call ZooKeeper's commands with .sh.
    for (const name of [
      'zkServer',
      'zkCli',
      'zkCleanup',
      'zkServer-initialize',
      'zkTxnLogToolkit',
      'zkSnapShotToolkit',
    ]) {
      expect([name, bin[`${name}.sh`]]).toEqual([name, bin[name]]);
    }
    const called = [...file.matchAll(/^(?:ENTRYPOINT|CMD|HEALTHCHECK.*CMD) \["([\w-]+)"/gm)].map(([, name]) => name);
    expect(called).toHaveLength(3);
    for (const name of called) expect(Object.keys(bin)).toContain(name);
    expect(files).toContain('dist/bundle');
    for (const [, name] of file.matchAll(/(ZOO_\w+)=/g))
      expect(read('src/cli/container/container-config.ts')).toContain(name);
    const major = /FROM docker\.io\/library\/node:(\d+)-slim\n/.exec(file)?.[1];
    expect(Number(major)).toBeGreaterThanOrEqual(20);
  });

  it('has a systemd unit that systemd takes', () => {
    const unit = join(repositoryRoot, 'conf/threadkeeper.service');
    requireTool(SYSTEMD_ANALYZE, 'systemd');
    const { status, stdout, stderr } = spawnSync(SYSTEMD_ANALYZE, ['verify', unit], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });
});
