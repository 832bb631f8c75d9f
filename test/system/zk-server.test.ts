/**
 * zkServer, run as operators and wrappers run it: what it prints on which stream, its exit codes, and that its words are
 * true: STARTED means that somebody answers, STOPPED that nobody is left. Runs the built program on a copy of nothing but
 * a configuration in a temporary directory.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askFourLetterWord } from '../../src/cli/zk-server/four-letter-client.js';
import { freePort } from '../testing/free-port.js';
import { repositoryRoot } from '../testing/repository-root.js';
import { runTool, type ToolRun } from '../testing/run-tool.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';
import { SERVER_MAIN } from '../testing/threadkeeper-server.js';
import { until, within } from '../testing/until.js';

const ZK_SERVER = join(repositoryRoot, 'dist/src/cli/zk-server.js');
const DEADLINE_MS = 30_000;

let dir: TempDir;
let port: number;
let foreground: ChildProcess | null = null;

beforeEach(async () => {
  dir = makeTempDir('zk-server');
  port = await freePort();
  configure();
});

afterEach(async () => {
  foreground?.kill('SIGKILL');
  foreground = null;
  const pid = readPid();
  if (pid !== null && isOurs(pid)) process.kill(pid, 'SIGKILL');
  dir.remove();
});

function configure(...lines: string[]): void {
  const all = [
    `dataDir=${dir.path}/data`,
    `clientPort=${port}`,
    'clientPortAddress=127.0.0.1',
    'admin.enableServer=false',
    ...lines,
  ];
  writeFileSync(join(dir.path, 'zoo.cfg'), `${all.join('\n')}\n`);
}

type Env = Readonly<Record<string, string>>;

function zkServer(args: readonly string[], env: Env = {}): Promise<ToolRun> {
  return runTool(process.execPath, [ZK_SERVER, '--config', dir.path, ...args], {
    deadlineMs: DEADLINE_MS,
    cwd: dir.path,
    env: { ZOO_LOG_DIR: join(dir.path, 'logs'), USER: 'op', HOSTNAME: 'box', ...env },
  });
}

function readPid(path = join(dir.path, 'data/zookeeper_server.pid')): number | null {
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : null;
}

/** Only what this test started: its command line carries the temporary directory. A zombie's is empty: it has ended. */
function isOurs(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir.path);
  } catch {
    return false;
  }
}

function ask(word: string): Promise<string | null> {
  return askFourLetterWord('127.0.0.1', port, word, 2000);
}

describe('start, status, restart, stop', () => {
  it('go through a life', async () => {
    const header = `ZooKeeper JMX enabled by default\nUsing config: ${dir.path}/zoo.cfg\n`;
    expect(await zkServer(['status'])).toEqual({
      code: 1,
      stdout:
        `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\n` +
        'Error contacting service. It is probably not running.\n',
      stderr: header,
    });

    expect(await zkServer(['start'])).toEqual({ code: 0, stdout: 'Starting zookeeper ... STARTED\n', stderr: header });
    const pid = readPid() as number;
    expect(isOurs(pid)).toBe(true);
    expect(await ask('srvr')).toContain('Mode: standalone\n');
    expect(readFileSync(join(dir.path, 'logs/zookeeper-op-server-box.out'), 'utf8')).toContain('binding to port');

    expect(await zkServer(['status'])).toEqual({
      code: 0,
      stdout: `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\nMode: standalone\n`,
      stderr: header,
    });
    expect(await zkServer(['start'])).toMatchObject({
      code: 1,
      stdout: `Starting zookeeper ... already running as process ${pid}.\n`,
    });

    expect(await zkServer(['restart'])).toMatchObject({
      code: 0,
      stdout: 'Stopping zookeeper ... STOPPED\nStarting zookeeper ... STARTED\n',
    });
    const secondPid = readPid() as number;
    expect(secondPid).not.toBe(pid);
    expect(isOurs(pid)).toBe(false);

    expect(await zkServer(['stop'])).toEqual({ code: 0, stdout: 'Stopping zookeeper ... STOPPED\n', stderr: header });
    expect(isOurs(secondPid)).toBe(false);
    expect(readPid()).toBeNull();
    expect(await zkServer(['stop'])).toMatchObject({
      code: 0,
      stdout: `Stopping zookeeper ... no zookeeper to stop (could not find file ${dir.path}/data/zookeeper_server.pid)\n`,
    });
  });

  it('STARTED means that the AdminServer answers, STOPPED that nobody has the port', async () => {
    const adminPort = await freePort();
    writeFileSync(
      join(dir.path, 'zoo.cfg'),
      `dataDir=${dir.path}/data\nclientPort=${port}\nclientPortAddress=127.0.0.1\nadmin.serverPort=${adminPort}\n`,
    );
    await zkServer(['start']);
    expect((await fetch(`http://127.0.0.1:${adminPort}/commands/ruok`)).status).toBe(200);
    await zkServer(['stop']);
    expect(await ask('srvr')).toBeNull();
  });

  it('a file by another name, a path, another pid file', async () => {
    writeFileSync(join(dir.path, 'other.cfg'), readFileSync(join(dir.path, 'zoo.cfg')));
    expect((await zkServer(['status', 'other.cfg'])).stderr).toContain(`Using config: ${dir.path}/other.cfg\n`);
    expect((await zkServer(['status', './other.cfg'])).stderr).toContain('Using config: ./other.cfg\n');
    expect((await zkServer(['status'], { ZOOCFG: 'other.cfg' })).stderr).toContain(
      `Using config: ${dir.path}/other.cfg`,
    );
    const pidFile = join(dir.path, 'run/zk.pid');
    expect(await zkServer(['stop'], { ZOOPIDFILE: pidFile })).toMatchObject({
      code: 0,
      stdout: `Stopping zookeeper ... no zookeeper to stop (could not find file ${pidFile})\n`,
    });
  });
});

describe('start that fails', () => {
  it('says so, and why, when the configuration is wrong', async () => {
    configure('tickTime=0');
    const { code, stdout, stderr } = await zkServer(['start']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'Starting zookeeper ... FAILED TO START\n' });
    expect(stderr).toContain('the server ended with exit code 2');
    expect(stderr).toContain('tickTime is not set');
    expect(readPid()).toBeNull();
  });

  it('is not fooled by somebody else on the port', async () => {
    const occupant = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      socket.end('Zookeeper version: x\nMode: standalone\n');
    });
    await new Promise<void>((listening) => occupant.listen(port, '127.0.0.1', listening));
    try {
      const { code, stdout, stderr } = await zkServer(['start']);
      expect({ code, stdout }).toEqual({ code: 1, stdout: 'Starting zookeeper ... FAILED TO START\n' });
      expect(stderr).toContain('Address already in use');
      expect(readPid()).toBeNull();
    } finally {
      occupant.close();
    }
  });

  it('without a configuration file, or with one without dataDir', async () => {
    const without = await zkServer(['start', 'no.cfg']);
    expect(without).toMatchObject({ code: 1, stdout: 'Starting zookeeper ... FAILED TO START\n' });
    expect(without.stderr).toMatch(
      /no\.cfg is not there: name another directory with --config, .*conf\/zoo_sample\.cfg$/m,
    );
    // A package that somebody else has installed: its directory of logs is not this user's.
    writeFileSync(join(dir.path, 'logs'), '');
    const unwritten = await zkServer(['start']);
    expect(unwritten).toMatchObject({ code: 1, stdout: 'Starting zookeeper ... FAILED TO START\n' });
    expect(unwritten.stderr).toMatch(/\/logs'?: name a directory for the server's output in ZOO_LOG_DIR$/m);
    rmSync(join(dir.path, 'logs'));
    writeFileSync(join(dir.path, 'zoo.cfg'), `clientPort=${port}\n`);
    const { code, stderr } = await zkServer(['start']);
    expect(code).toBe(1);
    expect(stderr).toContain('dataDir is not set');
  });

  it('where nothing may be created', async () => {
    const env = { ZOO_DATADIR_AUTOCREATE_DISABLE: '1' };
    expect(await zkServer(['start'], env)).toMatchObject({
      code: 1,
      stdout: `Starting zookeeper ... ZooKeeper data directory is missing at ${dir.path}/data fix the path or run initialize\n`,
    });
    expect(existsSync(join(dir.path, 'data'))).toBe(false);
  });
});

describe('the first member of an ensemble', () => {
  it('is started, though nobody is there to follow it', async () => {
    const [quorum, election] = [await freePort(), await freePort()];
    const others = [2, 3].map((id) => `server.${id}=127.0.0.1:1${id}:2${id}`);
    configure('initLimit=5', 'syncLimit=5', `server.1=127.0.0.1:${quorum}:${election}`, ...others);
    mkdirSync(join(dir.path, 'data'));
    writeFileSync(join(dir.path, 'data/myid'), '1\n');
    const began = performance.now();
    expect(await zkServer(['start'])).toMatchObject({ code: 0, stdout: 'Starting zookeeper ... STARTED\n' });
    expect(performance.now() - began).toBeLessThan(15_000); // and not the minute that a database may take to be read
    expect(await ask('srvr')).toBe('This ZooKeeper instance is not currently serving requests\n');
    expect((await zkServer(['status'])).code).toBe(1);
    expect((await zkServer(['stop'])).code).toBe(0);
  });
});

describe('a pid file that names another process', () => {
  it('does not keep a server from starting, and its process from living', async () => {
    const pidFile = join(dir.path, 'data/zookeeper_server.pid');
    mkdirSync(join(dir.path, 'data'));
    writeFileSync(pidFile, String(process.pid));
    expect((await zkServer(['stop'])).stdout).toBe('Stopping zookeeper ... STOPPED\n');
    expect(existsSync(pidFile)).toBe(false);

    writeFileSync(pidFile, String(process.pid));
    expect((await zkServer(['start'])).stdout).toBe('Starting zookeeper ... STARTED\n');
    expect(readPid()).not.toBe(process.pid);
    expect((await zkServer(['stop'])).code).toBe(0);
  });
});

describe('start-foreground', () => {
  async function startForeground(env: Env = {}): Promise<ChildProcess> {
    const child = spawn(process.execPath, [ZK_SERVER, '--config', dir.path, 'start-foreground'], {
      cwd: dir.path,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    foreground = child;
    child.stdout?.resume();
    child.stderr?.resume();
    await until('a server that answers', DEADLINE_MS, async () => (await ask('srvr'))?.includes('Mode: ') === true);
    return child;
  }

  function exitOf(child: ChildProcess): Promise<number | null> {
    return within('the end of the server', DEADLINE_MS, new Promise((resolve) => child.once('exit', resolve)));
  }

  it('is the server itself: what ends it ends the server', async () => {
    const child = await startForeground();
    const exit = exitOf(child);
    process.kill(child.pid as number, 'SIGKILL');
    await exit;
    expect(await ask('srvr')).toBeNull();
  });

  it('ends with the server’s code', async () => {
    const child = await startForeground();
    const exit = exitOf(child);
    child.kill('SIGTERM');
    expect(await exit).toBe(143);
  });

  it('with a heap size it passes signals on and ends with the server’s code', async () => {
    const child = await startForeground({ ZK_SERVER_HEAP: '200' });
    const exit = exitOf(child);
    child.kill('SIGTERM');
    expect(await exit).toBe(143);
    expect(await ask('srvr')).toBeNull();
  });

  it('goes on when nobody reads its log any more', async () => {
    const child = await startForeground();
    child.stdout?.destroy();
    for (let i = 0; i < 5; i++) expect(await ask('srvr')).toContain('Mode: standalone');
    const exit = exitOf(child);
    child.kill('SIGTERM');
    expect(await exit).toBe(143);
  });

  it('ends with 2 for a wrong configuration', async () => {
    configure('tickTime=0');
    const { code, stderr } = await zkServer(['start-foreground']);
    expect(code).toBe(2);
    expect(stderr).toContain('Invalid config, exiting abnormally');
  });
});

describe('the client port', () => {
  /** As `echo ruok | nc host port` does: the word and the end of the stream in one go. */
  function askHalfClosed(word: string): Promise<string> {
    return within(
      `an answer to ${word}`,
      DEADLINE_MS,
      new Promise((resolve, reject) => {
        let reply = '';
        const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
        socket.end(`${word}\n`);
        socket.setEncoding('latin1');
        socket.on('data', (text: string) => {
          reply += text;
        });
        socket.on('end', () => resolve(reply));
        socket.on('error', reject);
      }),
    );
  }

  it('answers a word although the asker has closed its half', async () => {
    configure('4lw.commands.whitelist=*');
    expect((await zkServer(['start'])).code).toBe(0);
    for (let i = 0; i < 50; i++) {
      expect(await askHalfClosed('ruok')).toBe('imok');
      expect(await askHalfClosed('stat')).toContain('Mode: standalone\n');
    }
    expect((await zkServer(['stop'])).code).toBe(0);
  });

  it('shows absolute directories in conf, whatever the file says', async () => {
    writeFileSync(
      join(dir.path, 'zoo.cfg'),
      `dataDir=./data\nclientPort=${port}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n4lw.commands.whitelist=conf\n`,
    );
    expect((await zkServer(['start'])).code).toBe(0);
    expect(await ask('conf')).toContain(`\ndataDir=${dir.path}/data/version-2\n`);
    expect((await zkServer(['stop'])).code).toBe(0);
  });
});

describe('the environment', () => {
  it('java.env and zookeeper-env.sh reach the server', async () => {
    writeFileSync(join(dir.path, 'zookeeper-env.sh'), 'ZOO_LOG_DIR="$ZOOCFGDIR/from-env"\nBASE=4lw.commands\n');
    writeFileSync(
      join(dir.path, 'java.env'),
      'echo noise\nexport SERVER_JVMFLAGS="-Xmx300m -Dzookeeper.$BASE.whitelist=\'ruok, envi\' $SERVER_JVMFLAGS"\n',
    );
    expect(await zkServer(['start'])).toMatchObject({ code: 0, stdout: 'Starting zookeeper ... STARTED\n' });
    expect(await ask('ruok')).toBe('imok');
    expect(await ask('stat')).toBe('stat is not executed because it is not in the whitelist.\n');
    const heapMb = Number(/os\.memory\.max=(\d+)MB/.exec((await ask('envi')) ?? '')?.[1]);
    expect(heapMb).toBeGreaterThanOrEqual(300);
    expect(heapMb).toBeLessThan(450);
    expect(existsSync(join(dir.path, 'from-env/zookeeper-op-server-box.out'))).toBe(true);
    expect((await zkServer(['stop'])).code).toBe(0);
  });

  it('JMX lines', async () => {
    expect((await zkServer(['version'], { JMXDISABLE: 'true' })).stderr).toMatch(/^JMX disabled by user request\n/);
    expect((await zkServer(['version'], { JMXPORT: '9', JMXHOSTNAME: 'h' })).stderr).toMatch(
      new RegExp(
        '^ZooKeeper JMX enabled by default\nZooKeeper remote JMX Port set to 9\n' +
          'ZooKeeper remote JMX authenticate set to false\nZooKeeper remote JMX ssl set to false\n' +
          'ZooKeeper remote JMX log4j set to true\nZooKeeper remote JMX Hostname set to h\nUsing config: ',
      ),
    );
  });
});

describe('the rest', () => {
  it('version', async () => {
    const { code, stdout } = await zkServer(['version']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^Apache ZooKeeper, version \d+\.\d+\.\d+ \d{4}-\d\d-\d\d \d\d:\d\d UTC\n$/),
    });
  });

  it('usage, which is no error', async () => {
    for (const args of [['upgrade'], []]) {
      const { code, stdout, stderr } = await zkServer(args);
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
      expect(stderr).toContain(
        'Usage: zkServer [--config <conf-dir>] {start|start-foreground|stop|version|restart|status|print-cmd}',
      );
    }
  });

  it('print-cmd prints what a shell can run', async () => {
    const { code, stdout } = await zkServer(['print-cmd'], { JVMFLAGS: "-Da='b c' -XX:+UseG1GC" });
    expect(code).toBe(0);
    const out = `${dir.path}/logs/zookeeper-op-server-box.out`;
    const [, words] = /^(.*) > (\S+) 2>&1 < \/dev\/null\n$/.exec(stdout) ?? [];
    expect(stdout).toContain(` > ${out} 2>&1 < /dev/null\n`);
    const shown = await runTool('/bin/sh', ['-c', `printf '%s\\n' ${words}`], { deadlineMs: DEADLINE_MS });
    expect(shown.stdout.trimEnd().split('\n')).toEqual([
      process.execPath,
      '--max-old-space-size=1000',
      SERVER_MAIN,
      `-Dzookeeper.log.dir=${dir.path}/logs`,
      '-Dzookeeper.log.file=zookeeper-op-server-box.log',
      '-Da=b c',
      `${dir.path}/zoo.cfg`,
    ]);
  });

  it('status finds the port in the server’s own line', async () => {
    mkdirSync(join(dir.path, 'data'));
    writeFileSync(
      join(dir.path, 'zoo.cfg'),
      `dataDir=${dir.path}/data\nserver.1=localhost:2888:3888;127.0.0.1:${port}\n`,
    );
    expect((await zkServer(['status'])).stdout).toBe(
      'myid could not be determined, will not able to locate clientPort in the server configs.\n' +
        'Client port not found. Looking for secureClientPort in the static config.\n' +
        'Unable to find either secure or unsecure client port in any configs. Terminating.\n',
    );
    writeFileSync(join(dir.path, 'data/myid'), '1\n');
    expect((await zkServer(['start'])).code).toBe(0);
    expect(await zkServer(['status'])).toMatchObject({
      code: 0,
      stdout: `Client port found: ${port}. Client address: 127.0.0.1. Client SSL: false.\nMode: standalone\n`,
    });
    expect((await zkServer(['stop'])).code).toBe(0);
  });
});
