/**
 * Faults while the server runs. Calls fail by strace, for our process and Java's alike; a short write comes from a limit on the
 * size of files, which the kernel keeps to the byte. Both servers write the log by different calls, so each fault
 * names those of both.
 */
import { join } from 'node:path';
import type { ServerKind } from '../../testing/server-process.js';
import { straced } from '../../testing/strace.js';
import type { Cfg, Outcome } from './fault-trial.js';

export interface RunningFault {
  readonly name: string;
  readonly cfg: Cfg;
  readonly faulty: (kind: ServerKind, dataDir: string, directory: string) => ServerKind;
  /** kill -9 behind so many acknowledged creates, with the next under way. */
  readonly killAfter?: number;
  /** Throws unless ours did what it has to do. */
  readonly check: (outcome: Outcome) => void;
}

const LOG_WRITES = 'pwrite64,write';
const NAMES_MAX = 0x180;
/** Short of half: the first is the header, the next the records of the first session. */
const WHEN = 90;

const numbered = (dataDir: string, prefix: string): string[] =>
  Array.from({ length: NAMES_MAX }, (_, i) => join(dataDir, 'version-2', `${prefix}${(i + 1).toString(16)}`));

/** The call on the log fails from its n-th time on; `log.1` is the log of a new database. */
function failing(calls: string, how: string): RunningFault['faulty'] {
  return (kind, dataDir, directory) =>
    straced(kind, {
      calls,
      traceFile: join(directory, 'trace'),
      inject: `${calls}:${how}`,
      paths: [join(dataDir, 'version-2/log.1')],
    });
}

function failingOn(calls: string, how: string, prefixes: readonly string[]): RunningFault['faulty'] {
  return (kind, dataDir, directory) =>
    straced(kind, {
      calls,
      traceFile: join(directory, 'trace'),
      inject: `${calls}:${how}`,
      paths: prefixes.flatMap((prefix) => numbered(dataDir, prefix)),
    });
}

function withLimit(bytes: number): RunningFault['faulty'] {
  return (kind) => ({
    name: kind.name,
    command: (configFile, options) => {
      const [program, ...args] = kind.command(configFile, options);
      const java = program.endsWith('java') ? ['-XX:-UsePerfData'] : [];
      return ['/usr/bin/env', '--ignore-signal=XFSZ', 'prlimit', `--fsize=${bytes}`, program, ...java, ...args];
    },
  });
}

/** Everything acknowledged is served again, whatever became of the process. */
function keepsAll(outcome: Outcome): void {
  if (!outcome.restart.isComplete) throw new Error(`${outcome.restart.served} of ${outcome.acknowledged} served`);
}

function stops(code: number, words: RegExp): (outcome: Outcome) => void {
  return (outcome) => {
    keepsAll(outcome);
    if (outcome.acknowledged >= 200 || outcome.acknowledged < 10)
      throw new Error(`${outcome.acknowledged} acknowledged`);
    if (outcome.end !== `exit ${code}`) throw new Error(`ended with ${outcome.end}`);
    if (!outcome.lines.some((line) => words.test(line)))
      throw new Error(`no line like ${words}:\n${outcome.lines.join('\n')}`);
  };
}

function goesOn(words: RegExp): (outcome: Outcome) => void {
  return (outcome) => {
    keepsAll(outcome);
    if (outcome.acknowledged !== 200) throw new Error(`${outcome.acknowledged} acknowledged, ${outcome.end}`);
    if (!outcome.lines.some((line) => words.test(line)))
      throw new Error(`no line like ${words}:\n${outcome.lines.join('\n')}`);
  };
}

const SNAPSHOTS_OFTEN = { snapCount: 40 };

export const RUNNING_FAULTS: readonly RunningFault[] = [
  {
    name: 'write to the log: EIO',
    cfg: {},
    faulty: failing(LOG_WRITES, `error=EIO:when=${WHEN}+`),
    check: stops(1, /cannot write to .*log\.1.*EIO/),
  },
  {
    name: 'write to the log: ENOSPC',
    cfg: {},
    faulty: failing(LOG_WRITES, `error=ENOSPC:when=${WHEN}+`),
    check: stops(1, /cannot write to .*log\.1.*ENOSPC/),
  },
  {
    name: 'fdatasync of the log: EIO, once',
    cfg: {},
    faulty: failing('fdatasync', `error=EIO:when=${WHEN}`),
    check: stops(1, /cannot sync .*log\.1.*EIO/),
  },
  {
    name: 'opening the next log: EIO',
    cfg: SNAPSHOTS_OFTEN,
    faulty: (kind, dataDir, directory) =>
      straced(kind, {
        calls: 'openat',
        traceFile: join(directory, 'trace'),
        inject: 'openat:error=EIO',
        paths: numbered(dataDir, 'log.').slice(1),
      }),
    check: stops(1, /cannot start .*log\.[0-9a-f]+.*EIO/),
  },
  {
    name: 'renaming a snapshot: EIO',
    cfg: SNAPSHOTS_OFTEN,
    faulty: failingOn('rename,renameat,renameat2', 'error=EIO', ['.tmp-snapshot.', 'snapshot.']),
    check: (outcome) => {
      keepsAll(outcome);
      if (outcome.end !== 'exit 10') throw new Error(`ended with ${outcome.end}`);
    },
  },
  {
    name: 'writing a snapshot: ENOSPC',
    cfg: SNAPSHOTS_OFTEN,
    faulty: failingOn(LOG_WRITES, 'error=ENOSPC', ['.tmp-snapshot.', 'snapshot.']),
    check: goesOn(/snapshot.*ENOSPC/),
  },
  {
    name: 'short write to the log, then no more room',
    // What the server says goes to a file that may not become longer either.
    cfg: { preAllocSize: 0, 'console.threshold': 'WARN' },
    faulty: withLimit(16_000),
    check: stops(1, /cannot write to .*log\.1.*EFBIG/),
  },
  {
    name: 'a write of which the disk swallows 20 bytes, and says nothing',
    cfg: {},
    faulty: failing(LOG_WRITES, `retval=20:when=${WHEN}`),
    // Nobody can know while it runs. The next start does.
    check: ({ acknowledged, restart }) => {
      if (acknowledged !== 200) throw new Error(`${acknowledged} acknowledged`);
      const said = restart.lines.join('\n');
      if (restart.served !== null || !/log\.1 is damaged at offset \d+.*zxid is 0x[0-9a-f]+/.test(said)) {
        throw new Error(`serves ${restart.served}, says ${said}`);
      }
    },
  },
  {
    name: 'slow disk: fdatasync takes 1.2 s, twice',
    cfg: {},
    faulty: failing('fdatasync', `delay_enter=1200000:when=${WHEN}..${WHEN + 1}`),
    check: goesOn(/fsync-ing the write ahead log .* took 1[2-9]\d\dms/),
  },
  {
    name: 'SIGKILL in the middle',
    cfg: {},
    faulty: (kind) => kind,
    killAfter: WHEN,
    check: (outcome) => {
      keepsAll(outcome);
      if (outcome.end !== 'killed by SIGKILL') throw new Error(`ended with ${outcome.end}`);
    },
  },
];
