/**
 * One ZooKeeper server as a child process: ours or Apache's, started on a free loopback port with its own temporary data
 * directory, stopped by its process id. Both kinds have this one interface, so that a test written for one can be proved
 * against the other. The child dies with the process that started it (parent-death signal), whatever happens here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { makeTempDir, type TempDir } from './temp-dir.js';
import { DeadlineError, until, within } from './until.js';
import { WireConnection } from './wire-connection.js';

const STOP_MS = 20_000;
const FIRST_PATIENCE_MS = 30;
const SETPRIV = '/usr/bin/setpriv';

export interface ServerOptions {
  /** Further lines of zoo.cfg; undefined takes a default away. */
  readonly cfg?: Readonly<Record<string, string | number | undefined>>;
  /** A data directory to serve; it stays when the server stops. Without it the server gets an empty one of its own. */
  readonly dataDir?: string;
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Apache: -Xmx. Ours has its tree outside the JavaScript heap and takes no such option. */
  readonly heapMb?: number;
  /** How to reach a server that has no plain client port. */
  readonly dial?: () => Promise<WireConnection>;
  /** How long the first session may take, recovery included. */
  readonly readyMs?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RefusedStart {
  /** Null: it was still running when patience ended. */
  readonly exit: Exit | null;
  readonly tookMs: number;
  readonly log: string;
}

/** How one kind of server is started, given its configuration file. */
export interface ServerKind {
  readonly name: 'threadkeeper' | 'apache';
  /** Throws, naming what is missing, when this kind cannot be started here. */
  command(configFile: string, options: ServerOptions): readonly [string, ...string[]];
}

export class ServerProcess {
  readonly kind: ServerKind['name'];
  readonly pid: number;
  readonly port: number;
  readonly dataDir: string;
  readonly configFile: string;
  /** stdout and stderr. */
  readonly logFile: string;
  /** From spawn to the first ConnectResponse; not a number where nobody waited for one. */
  readonly firstSessionMs: number;
  readonly exited: Promise<Exit>;
  private readonly child: ChildProcess;
  private readonly tempDir: TempDir;

  private constructor(launch: Launch, firstSessionMs: number) {
    this.kind = launch.kind.name;
    this.child = launch.child;
    this.pid = launch.child.pid as number;
    this.port = launch.port;
    this.dataDir = launch.dataDir;
    this.configFile = launch.configFile;
    this.logFile = launch.logFile;
    this.exited = launch.exited;
    this.tempDir = launch.tempDir;
    this.firstSessionMs = firstSessionMs;
  }

  static async start(kind: ServerKind, options: ServerOptions = {}): Promise<ServerProcess> {
    const launched = await launch(kind, options);
    try {
      const firstSessionMs = await awaitFirstSession(launched, options.readyMs ?? 30_000, options.dial);
      return new ServerProcess(launched, firstSessionMs);
    } catch (error) {
      launched.child.kill('SIGKILL');
      await launched.exited;
      const log = readFileSync(launched.logFile, 'utf8').slice(-4000);
      launched.tempDir.remove();
      throw new Error(`${kind.name} server did not come up: ${(error as Error).message}\n${log}`);
    }
  }

  /** Starts a server and waits for nothing: a member of an ensemble serves nobody before it has found a leader. */
  static async spawn(kind: ServerKind, options: ServerOptions): Promise<ServerProcess> {
    return new ServerProcess(await launch(kind, options), Number.NaN);
  }

  /** Starts a server that may refuse to: what it said, and how it ended, when it did. */
  static async attempt(kind: ServerKind, options: ServerOptions = {}): Promise<ServerProcess | RefusedStart> {
    const launched = await launch(kind, options);
    try {
      return new ServerProcess(launched, await awaitFirstSession(launched, options.readyMs ?? 30_000, options.dial));
    } catch {
      const tookMs = performance.now() - launched.spawnedAtMs;
      const exit = await Promise.race([launched.exited, delay(0, null)]);
      if (exit === null) launched.child.kill('SIGKILL');
      await launched.exited;
      const log = readFileSync(launched.logFile, 'utf8');
      launched.tempDir.remove();
      return { exit, tookMs, log };
    }
  }

  /** Starts a server only to kill it in the middle of its start: during recovery, usually. */
  static async startAndKill(kind: ServerKind, options: ServerOptions, afterMs: number): Promise<void> {
    const launched = await launch(kind, options);
    await Promise.race([delay(afterMs), launched.exited]);
    launched.child.kill('SIGKILL');
    await launched.exited;
    launched.tempDir.remove();
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8');
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** SIGTERM, as operators stop it; SIGKILL when that has no effect. Removes what the server was given to live in. */
  async stop(): Promise<Exit> {
    this.child.kill('SIGTERM');
    try {
      return await within(`${this.kind} server to stop`, STOP_MS, this.exited);
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      this.tempDir.remove();
    }
  }

  /** kill -9. The data directory stays until stop(). */
  async kill(): Promise<Exit> {
    this.child.kill('SIGKILL');
    return await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) await this.stop();
    else this.tempDir.remove();
  }
}

interface Launch {
  readonly kind: ServerKind;
  readonly child: ChildProcess;
  readonly port: number;
  readonly dataDir: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly tempDir: TempDir;
  readonly exited: Promise<Exit>;
  readonly spawnedAtMs: number;
}

async function launch(kind: ServerKind, options: ServerOptions): Promise<Launch> {
  const tempDir = makeTempDir(kind.name);
  const port = options.port ?? (await freePort());
  const dataDir = options.dataDir ?? join(tempDir.path, 'data');
  mkdirSync(dataDir, { recursive: true });
  const configFile = join(tempDir.path, 'zoo.cfg');
  writeFileSync(configFile, configText(dataDir, port, options));
  const logFile = join(tempDir.path, 'server.log');
  const log = openSync(logFile, 'w');
  let [program, ...args] = kind.command(configFile, options);
  if (existsSync(SETPRIV)) {
    args = ['--pdeathsig', 'KILL', '--', program, ...args];
    program = SETPRIV;
  }
  const spawnedAtMs = performance.now();
  const child = spawn(program, args, {
    cwd: tempDir.path,
    env: { ...serverEnvironment(), ...options.env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  // Ahead of the removal of temporary directories, which comes with the same event.
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.prependOnceListener('exit', killAtExit);
  child.once('exit', () => process.removeListener('exit', killAtExit));
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  return { kind, child, port, dataDir, configFile, logFile, tempDir, exited, spawnedAtMs };
}

/**
 * Ours, without the list of authorities that some machines give to every Node: it is taken apart before a program begins, which
 * was 46 ms of processor time in each start, and no server here believes it.
 */
function serverEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env;
  return environment;
}

function configText(dataDir: string, port: number, options: ServerOptions): string {
  const lines = {
    tickTime: 2000,
    dataDir,
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    maxClientCnxns: 0,
    'admin.enableServer': 'false',
    '4lw.commands.whitelist': '*',
    ...options.cfg,
  };
  return Object.entries(lines)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

/** Tries until a session is granted, then closes it again. Ends early when the process does. */
async function awaitFirstSession(launched: Launch, readyMs: number, dial: ServerOptions['dial']): Promise<number> {
  let exit: Exit | null = null;
  void launched.exited.then((value) => {
    exit = value;
  });
  // Apache's server loses a ConnectRequest that comes at a certain moment of its start, hence a patience that grows.
  let patienceMs = FIRST_PATIENCE_MS;
  const connection = await until('first session', readyMs, async () => {
    if (exit !== null) throw new Error(`it exited with code ${exit.code}, signal ${exit.signal}`);
    const opening =
      dial === undefined
        ? WireConnection.openSession(launched.port, {}, patienceMs)
        : dial().then((connection) => connection.handshake().then(() => connection));
    return await opening.catch((error: Error): undefined => {
      if (error instanceof DeadlineError) patienceMs *= 2;
    });
  });
  const firstSessionMs = performance.now() - launched.spawnedAtMs;
  await connection.closeSession();
  return firstSessionMs;
}
