// Apache ZooKeeper's reading of configuration files (Debian's libzookeeper-java), many in one JVM: the driver beside this file
// is compiled into a temporary directory and fed paths.
// What comes back is either the messages of its refusal, or what it made of the file.

import { join } from 'node:path';
import { repositoryRoot } from '../../testing/repository-root.js';
import { requireTool, runTool } from '../../testing/run-tool.js';
import { makeTempDir } from '../../testing/temp-dir.js';

const JAVA = '/usr/bin/java';
const ECJ = '/usr/bin/ecj';
const CLASS_PATH = [
  'zookeeper',
  'zookeeper-jute',
  'slf4j-api',
  'slf4j-nop',
  'netty-all',
  'commons-io',
  'jackson-databind',
]
  .map((name) => `/usr/share/java/${name}.jar`)
  .join(':');
const SOURCE = join(repositoryRoot, 'test/interop/configurations/ApacheConfigurations.java');
const DEADLINE_MS = 40_000;

export interface ApacheAnswer {
  /** Messages from the outside in. Null: it was taken. */
  readonly refusal: string | null;
  /** What was made of it. */
  readonly values: ReadonlyMap<string, string>;
  /** Without the values above: the properties that were set. */
  readonly properties: ReadonlyMap<string, string>;
}

export async function readByApache(paths: readonly string[]): Promise<ApacheAnswer[]> {
  requireTool(JAVA, 'default-jre-headless');
  requireTool(ECJ, 'ecj');
  const classes = makeTempDir('apache-configurations');
  try {
    const options = ['-11', '-proc:none', '-nowarn', '-classpath', CLASS_PATH, '-d', classes.path];
    const compiled = await runTool(ECJ, [...options, SOURCE], { deadlineMs: DEADLINE_MS });
    if (compiled.code !== 0) throw new Error(`${compiled.stdout}\n${compiled.stderr}`);
    const java = ['-XX:TieredStopAtLevel=1', '-cp', `${classes.path}:${CLASS_PATH}`, 'ApacheConfigurations'];
    const run = await runTool(JAVA, java, {
      deadlineMs: DEADLINE_MS,
      input: paths.map((path) => `${path}\n`).join(''),
    });
    const lines = run.stdout.replace(/\n$/, '').split('\n');
    if (lines.length !== paths.length) throw new Error(`${lines.length} answers\n${run.stdout}\n${run.stderr}`);
    return lines.map((line) => answerOf(Buffer.from(line, 'base64').toString('utf8')));
  } finally {
    classes.remove();
  }
}

function answerOf(text: string): ApacheAnswer {
  const [verdict, ...lines] = text.split('\n');
  if (verdict === 'refused') return { refusal: lines.join(': '), values: new Map(), properties: new Map() };
  const pairs = lines.map((line) => {
    const equals = line.indexOf('=');
    return [line.slice(0, equals), line.slice(equals + 1)] as const;
  });
  const isProperty = ([name]: readonly [string, string]) => name.startsWith('zookeeper.');
  return {
    refusal: null,
    values: new Map(pairs.filter((pair) => !isProperty(pair))),
    properties: new Map(pairs.filter(isProperty)),
  };
}
