// Apache ZooKeeper's offline tools (Debian's libzookeeper-java), many runs in one JVM: the driver ApacheTools.java is
// compiled into a temporary directory and fed commands. What a run printed and how it ended comes back as ours does.

import { join } from 'node:path';
import { repositoryRoot } from '../../testing/repository-root.js';
import { requireTool, runTool, type ToolRun } from '../../testing/run-tool.js';
import { makeTempDir } from '../../testing/temp-dir.js';

const JAVA = '/usr/bin/java';
const ECJ = '/usr/bin/ecj';
const JARS = '/usr/share/java';
const ZOOKEEPER = `${JARS}/zookeeper.jar`;
const CLASS_PATH = [
  ZOOKEEPER,
  ...['zookeeper-jute', 'commons-cli', 'slf4j-api', 'slf4j-nop', 'snappy-java'].map((name) => `${JARS}/${name}.jar`),
  ...['databind', 'core', 'annotations'].map((name) => `${JARS}/jackson-${name}.jar`),
  `${JARS}/netty-all.jar`,
].join(':');
const SOURCE = join(repositoryRoot, 'test/interop/toolkits/ApacheTools.java');
const DEADLINE_MS = 50_000;
const SERVER = 'org.apache.zookeeper.server';

export const ApacheTool = {
  txnLogToolkit: `${SERVER}.persistence.TxnLogToolkit`,
  snapshotFormatter: `${SERVER}.SnapshotFormatter`,
  snapshotComparer: `${SERVER}.SnapshotComparer`,
  purgeTxnLog: `${SERVER}.PurgeTxnLog`,
} as const;
export type ApacheTool = (typeof ApacheTool)[keyof typeof ApacheTool];

export interface ToolCommand {
  readonly tool: ApacheTool;
  readonly args: readonly string[];
  readonly input?: string;
  /** UTC unless given. */
  readonly timeZone?: string;
}

/** Where main methods let an exception out, stderr begins with this word instead of a stack trace. */
export const UNCAUGHT = 'uncaught ';

export async function runApacheTools(commands: readonly ToolCommand[]): Promise<ToolRun[]> {
  requireTool(JAVA, 'default-jre-headless');
  requireTool(ECJ, 'ecj');
  requireTool(ZOOKEEPER, 'libzookeeper-java');
  const classes = makeTempDir('apache-tools');
  try {
    const options = ['-11', '-proc:none', '-nowarn', '-classpath', CLASS_PATH, '-d', classes.path];
    const compiled = await runTool(ECJ, [...options, SOURCE], { deadlineMs: DEADLINE_MS });
    if (compiled.code !== 0) throw new Error(`${compiled.stdout}\n${compiled.stderr}`);
    const lines = commands.flatMap(({ tool, args, input = '', timeZone = 'UTC' }) => [
      `zone\t${timeZone}`,
      [tool, base64(input), ...args].join('\t'),
    ]);
    const java = [
      '-XX:TieredStopAtLevel=1',
      '-Dzookeeper.preAllocSize=16',
      '-cp',
      `${classes.path}:${CLASS_PATH}`,
      'ApacheTools',
    ];
    const run = await runTool(JAVA, java, {
      deadlineMs: DEADLINE_MS,
      input: lines.map((line) => `${line}\n`).join(''),
    });
    const answers = run.stdout.replace(/\n$/, '').split('\n');
    if (answers.length !== commands.length) throw new Error(`${answers.length} answers\n${run.stdout}\n${run.stderr}`);
    return answers.map(readAnswer);
  } finally {
    classes.remove();
  }
}

function readAnswer(line: string): ToolRun {
  const [code, stdout, stderr] = line.split(' ');
  const text = (word: string): string => Buffer.from(word, 'base64').toString('utf8');
  return { code: Number(code), stdout: text(stdout), stderr: text(stderr) };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
