/**
 * Apache Curator (Debian's packages) against our server: a lock, a leader latch, three kinds of caches and both barriers,
 * each in a Java process of its own. The program is compiled here, with Eclipse's compiler: a JDK is a heavy thing to ask.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { repositoryRoot } from '../testing/repository-root.js';
import { requireTool, runTool } from '../testing/run-tool.js';
import type { ServerProcess } from '../testing/server-process.js';
import { startServerUnderTest } from '../testing/server-under-test.js';
import { makeTempDir, type TempDir } from '../testing/temp-dir.js';

const JAVA = '/usr/bin/java';
const ECJ = '/usr/bin/ecj';
const JARS = '/usr/share/java';
const CURATOR = `${JARS}/curator-recipes.jar`;
const CLASS_PATH = [
  CURATOR,
  `${JARS}/curator-framework.jar`,
  `${JARS}/curator-client.jar`,
  `${JARS}/zookeeper.jar`,
  `${JARS}/zookeeper-jute.jar`,
  `${JARS}/slf4j-simple.jar`,
].join(':');
const SOURCE = join(repositoryRoot, 'test/interop/curator/CuratorRecipes.java');
const DEADLINE_MS = 55_000;

let classes: TempDir;
let server: ServerProcess;

beforeAll(async () => {
  requireTool(JAVA, 'default-jre-headless');
  requireTool(ECJ, 'ecj');
  requireTool(CURATOR, 'libcurator-recipes-java');
  classes = makeTempDir('curator');
  const options = ['-11', '-proc:none', '-nowarn', '-classpath', CLASS_PATH, '-d', classes.path];
  const run = await runTool(ECJ, [...options, SOURCE], { deadlineMs: DEADLINE_MS });
  expect(run.code, `${run.stdout}\n${run.stderr}`).toBe(0);
});
afterAll(() => classes?.remove());

// Each recipe on a tree of its own, since the program names its nodes as it likes.
beforeEach(async () => {
  server = await startServerUnderTest();
  return async () => {
    await server.stop();
  };
});

test.for([
  ['lock', 'ok lock 80'],
  ['latch', 'ok latch 4'],
  ['cache', 'ok cache 12'],
  ['barrier', 'ok barrier 4'],
] as const)('%s', async ([recipe, answer]) => {
  const options = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', `${classes.path}:${CLASS_PATH}`];
  const run = await runTool(JAVA, [...options, 'CuratorRecipes', String(server.port), recipe], {
    deadlineMs: DEADLINE_MS,
  });
  expect(run.code, `${run.stdout}\n${run.stderr}`).toBe(0);
  expect(run.stdout.trimEnd().split('\n').at(-1)).toBe(answer);
});
