// Types lines into a zkCli, Apache's or ours, through its stdin, and takes its two streams apart again: what it answered
// to each line, on stdout and on stderr. Between two lines it types two commands of which it knows the answers, one for
// each stream, and neither needs a server. Knows nothing about what the answers should be.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../testing/repository-root.js';
import { runTool, type ToolRun } from '../../testing/run-tool.js';

const DEADLINE_MS = 40_000;
const MARKS = 'printwatches\nredo 999999\n';
const OUT_MARK = 'printwatches is off\n';
const ERR_MARK = 'Command index out of range\n';

const ZK_CLI = join(repositoryRoot, 'dist/bundle/cli/zk-cli.js');
export const JARS = ['/usr/share/java/zookeeper.jar', '/usr/share/java/slf4j-simple.jar'];

export interface Answer {
  readonly line: string;
  readonly out: string;
  readonly err: string;
}

export interface Answers {
  readonly code: number | null;
  readonly list: readonly Answer[];
}

export type RunCli = (args: readonly string[], input?: string) => Promise<ToolRun>;

/** What zkCli.sh starts, without its shell and its log. */
export const runApacheCli: RunCli = (args, input = '') =>
  runTool(
    '/usr/bin/java',
    [
      '-XX:TieredStopAtLevel=1',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=off',
      '-Dfile.encoding=UTF-8',
      '-cp',
      JARS.join(':'),
      'org.apache.zookeeper.ZooKeeperMain',
      ...args,
    ],
    { deadlineMs: DEADLINE_MS, input, env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' } },
  );

export const runOurCli: RunCli = (args, input = '') =>
  runTool(process.execPath, [ZK_CLI, ...args], { deadlineMs: DEADLINE_MS, input, env: { TZ: 'UTC' } });

/** The lines of a file of command lines. */
export function commandLines(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('['));
}

/** One session, its watch events not printed: they would come whenever they come. */
export async function typeLines(run: RunCli, server: string, lines: readonly string[]): Promise<Answers> {
  const begin = `printwatches off\nsync /\n${MARKS}`;
  const { code, stdout, stderr } = await run(
    ['-server', server],
    begin + lines.map((at) => `${at}\n${MARKS}`).join(''),
  );
  const outs = stdout.split(OUT_MARK);
  const errs = stderr.split(ERR_MARK);
  if (outs.length !== lines.length + 2 || errs.length !== lines.length + 2) {
    throw new Error(`ended at "${lines[Math.min(outs.length, errs.length) - 2]}": ${errs.at(-1)}`);
  }
  return { code, list: lines.map((line, i) => ({ line, out: outs[i + 1] as string, err: errs[i + 1] as string })) };
}
