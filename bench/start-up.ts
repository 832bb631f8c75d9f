/**
 * Command: node dist/bench/start-up.js [--rounds 10]. What whoever types a command waits for, ours and Apache's in turns:
 * zkCli with one command, against the same server (ours), and zkServer start, until the script is done and until the first
 * session is granted, each on an empty directory; the same of the server without the script. Medians with least and greatest.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApache } from '../test/testing/apache-server.js';
import { exitOnSignals } from '../test/testing/exit-on-signals.js';
import { freePort } from '../test/testing/free-port.js';
import { repositoryRoot } from '../test/testing/repository-root.js';
import { requireTool, runTool } from '../test/testing/run-tool.js';
import { makeTempDir } from '../test/testing/temp-dir.js';
import { startThreadkeeper } from '../test/testing/threadkeeper-server.js';
import { until } from '../test/testing/until.js';
import { WireConnection } from '../test/testing/wire-connection.js';
import { spreadOf } from './compare/figures.js';

const DEADLINE_MS = 60_000;
/** Apache's server may lose a ConnectRequest of its first moments. */
const PATIENCE_MS = 100;
const APACHE_CLI = '/usr/share/zookeeper/bin/zkCli.sh';
const APACHE_SERVER = '/usr/share/zookeeper/bin/zkServer.sh';
const OUR_CLI = join(repositoryRoot, 'dist/bundle/cli/zk-cli.js');
const OUR_SERVER = join(repositoryRoot, 'dist/src/cli/zk-server.js');

type Side = 'ours' | 'apache';
type Command = readonly [program: string, ...args: string[]];

const CLI: Readonly<Record<Side, Command>> = { ours: [process.execPath, OUR_CLI], apache: [APACHE_CLI] };
const SERVER: Readonly<Record<Side, Command>> = { ours: [process.execPath, OUR_SERVER], apache: [APACHE_SERVER] };

const figures = new Map<string, Record<Side, number[]>>();

function record(name: string, side: Side, ms: number): void {
  const sides = figures.get(name) ?? { ours: [], apache: [] };
  figures.set(name, sides);
  sides[side].push(ms);
}

async function run(
  [program, ...args]: Command,
  words: readonly string[],
  env: Record<string, string>,
): Promise<string> {
  const { code, stdout, stderr } = await runTool(program, [...args, ...words], { deadlineMs: DEADLINE_MS, env });
  if (code !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
  return stdout;
}

async function oneCommand(side: Side, port: number): Promise<void> {
  const began = performance.now();
  const stdout = await run(CLI[side], ['-server', `127.0.0.1:${port}`, 'ls', '/'], {});
  record('zkCli ls /: ms to its end', side, performance.now() - began);
  // Apache's has a thread for events, whose words may stand within the list.
  if (!/\[[^\]]*zookeeper\]$/.test(stdout.trimEnd())) throw new Error(`${side} answered ${stdout}`);
}

async function scriptStart(side: Side): Promise<void> {
  using directory = makeTempDir('start-up');
  const port = await freePort();
  const config = join(directory.path, 'zoo.cfg');
  mkdirSync(join(directory.path, 'data'));
  writeFileSync(
    config,
    `tickTime=2000\ndataDir=${directory.path}/data\nclientPort=${port}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n`,
  );
  const env = { ZOO_LOG_DIR: directory.path };
  const began = performance.now();
  const started = run(SERVER[side], ['start', config], env).then(() => performance.now() - began);
  const session = await until('a first session', DEADLINE_MS, () =>
    WireConnection.openSession(port, {}, PATIENCE_MS).catch(() => undefined),
  );
  record('zkServer start: ms to the first session', side, performance.now() - began);
  await session.closeSession();
  record('zkServer start: ms to its end', side, await started);
  const stopBegan = performance.now();
  await run(SERVER[side], ['stop', config], env);
  record('zkServer stop: ms to its end', side, performance.now() - stopBegan);
}

async function serverAlone(side: Side): Promise<void> {
  await using server = await (side === 'ours' ? startThreadkeeper() : startApache());
  record('server without a script: ms to the first session', side, server.firstSessionMs);
}

function report(): void {
  const shown = (values: readonly number[]): string => {
    const spread = spreadOf(values);
    return spread === null ? '-' : `${spread.median.toFixed(0)} [${spread.min.toFixed(0)} .. ${spread.max.toFixed(0)}]`;
  };
  console.log('| what | ours | Apache | ratio of medians |\n|---|---|---|---|');
  for (const [name, { ours, apache }] of figures) {
    const ratio = (spreadOf(ours)?.median ?? Number.NaN) / (spreadOf(apache)?.median ?? Number.NaN);
    console.log(`| ${name} | ${shown(ours)} | ${shown(apache)} | ${ratio.toFixed(2)}x |`);
  }
}

exitOnSignals();
requireTool(APACHE_CLI, 'zookeeper');
const at = process.argv.indexOf('--rounds');
const rounds = at < 0 ? 10 : Number(process.argv[at + 1]);
if (!(rounds >= 1)) throw new Error('--rounds wants a number');
{
  await using server = await startThreadkeeper();
  for (const side of ['ours', 'apache'] as const) await oneCommand(side, server.port); // files read once before
  figures.clear();
  for (let round = 0; round < rounds; round++) {
    const sides: readonly Side[] = round % 2 === 0 ? ['ours', 'apache'] : ['apache', 'ours'];
    for (const side of sides) await oneCommand(side, server.port);
  }
}
for (let round = 0; round < rounds; round++) {
  const sides: readonly Side[] = round % 2 === 0 ? ['ours', 'apache'] : ['apache', 'ours'];
  for (const side of sides) {
    await serverAlone(side);
    await scriptStart(side);
  }
}
report();
