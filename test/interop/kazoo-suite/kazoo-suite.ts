/**
 * Runs modules of the test suite that Debian's python3-kazoo ships. kazoo's own harness writes a zoo.cfg and starts
 * whatever `java` is first on the PATH; ours lies beside this file and starts our server, or Apache's for the baseline.
 * The ensemble of the harness has one server, standalone then since no `server.N` line is written, or three.
 */
import { delimiter, join } from 'node:path';
import { freePort } from '../../testing/free-port.js';
import { repositoryRoot } from '../../testing/repository-root.js';
import { requireTool, runTool } from '../../testing/run-tool.js';
import { serverUnderTest } from '../../testing/server-under-test.js';
import { makeTempDir } from '../../testing/temp-dir.js';

const PYTHON = '/usr/bin/python3';
const PACKAGES = '/usr/lib/python3/dist-packages';
const JAVA_DIRECTORY = join(repositoryRoot, 'test/interop/kazoo-suite');
const JARS = ['/usr/share/java/zookeeper.jar', '/usr/share/java/slf4j-simple.jar'];

/** Each module, and how many tests it holds in kazoo 2.8: a run that finds fewer has proved less than it says. */
export const KAZOO_MODULES = {
  client: 110,
  lock: 30,
  election: 2,
  watchers: 22,
  connection: 11,
  counter: 5,
  queue: 12,
  party: 4,
  lease: 12,
  partitioner: 8,
  barrier: 8,
  cache: 17,
  // Changes the servers' configuration for all that come behind it.
  sasl: 6,
} as const;
export type KazooModule = keyof typeof KAZOO_MODULES;

export type Outcome = 'PASSED' | 'FAILED' | 'SKIPPED' | 'ERROR';

export interface KazooTestResult {
  readonly module: KazooModule;
  /** `TestClient::test_create`. */
  readonly name: string;
  readonly outcome: Outcome;
}

export interface KazooRun {
  readonly results: readonly KazooTestResult[];
  /** What pytest printed, tracebacks and the server's log of failed tests included. */
  readonly report: string;
}

export function requireKazooSuite(modules: readonly KazooModule[]): void {
  requireTool(PYTHON, 'python3');
  requireTool(`${PACKAGES}/kazoo/tests/test_client.py`, 'python3-kazoo');
  requireTool(`${PACKAGES}/pytest/__init__.py`, 'python3-pytest');
  requireTool(`${PACKAGES}/mock/__init__.py`, 'python3-mock');
  if (modules.includes('cache')) requireTool(`${PACKAGES}/objgraph.py`, 'python3-objgraph');
}

export interface KazooOptions {
  readonly deadlineMs: number;
  /** Names of tests that are not run. */
  readonly leftOut?: readonly string[];
  /** Names of the only tests that are run. */
  readonly only?: readonly string[];
  readonly servers?: 1 | 3;
}

/** All modules in one process of pytest, so that they share one server, or one ensemble. */
export async function runKazooSuite(modules: readonly KazooModule[], settings: KazooOptions): Promise<KazooRun> {
  const { deadlineMs, leftOut = [], only = [], servers = 1 } = settings;
  using scratch = makeTempDir('kazoo-suite');
  const files = modules.map((name) => `${PACKAGES}/kazoo/tests/test_${name}.py`);
  const options = ['-p', 'no:cacheprovider', '--rootdir', PACKAGES, '-v', '--tb=short', '-W', 'ignore'];
  const chosen = [only.join(' or '), leftOut.map((name) => `not ${name}`).join(' and ')].filter((text) => text !== '');
  if (chosen.length > 0) options.push('-k', chosen.map((text) => `(${text})`).join(' and '));
  const run = await runTool(PYTHON, ['-B', '-m', 'pytest', ...options, ...files], {
    deadlineMs,
    cwd: scratch.path,
    env: {
      PATH: `${JAVA_DIRECTORY}${delimiter}${process.env.PATH ?? ''}`,
      // The harness keeps its servers' directories there.
      TMPDIR: scratch.path,
      THREADKEEPER_TEST_SERVER: serverUnderTest.name,
      ZOOKEEPER_CLUSTER_SIZE: String(servers),
      ZOOKEEPER_PORT_OFFSET: String(await freePort()),
      ZOOKEEPER_VERSION: '3.8.0',
      ZOOKEEPER_CLASSPATH: JARS.join(delimiter),
    },
  });
  const report = `${run.stdout}\n${run.stderr}`;
  const results = resultsOf(run.stdout);
  // 0: all passed, 1: some failed. Everything else means that pytest itself did not get through.
  if (run.code !== 0 && run.code !== 1) throw new Error(`pytest ended with code ${run.code}\n${report}`);
  return { results, report };
}

/** From lines like `.../kazoo/tests/test_lock.py::KazooLockTests::test_lock PASSED   [ 12%]`. */
function resultsOf(stdout: string): KazooTestResult[] {
  const line = /^\S*kazoo\/tests\/test_(\w+)\.py::(\S+) (PASSED|FAILED|SKIPPED|ERROR)\b/gm;
  return [...stdout.matchAll(line)].map(([, module, name, outcome]) => ({
    module: module as KazooModule,
    name: name as string,
    outcome: outcome as Outcome,
  }));
}
