import { describe, expect, it } from 'vitest';
import { runSubCommand } from '../../../../src/cli/threadkeeper/run-sub-command.js';
import { type SubCommandRow, SubCommandUsageError } from '../../../../src/cli/threadkeeper/sub-command.js';
import { SUB_COMMANDS } from '../../../../src/cli/threadkeeper/sub-command-table.js';

const loaded: string[] = [];

function row(name: string, words: string, subCommand: Awaited<ReturnType<SubCommandRow['load']>>): SubCommandRow {
  return {
    name,
    words,
    sentence: `Does ${name}.`,
    load: async () => {
      loaded.push(name);
      return subCommand;
    },
  };
}

const TABLE = [
  row('say', '<word>', async ({ args, out }) => {
    if (args.length === 0) throw new SubCommandUsageError('say what?');
    out(args.join(' '));
    return 7;
  }),
  {
    ...row('become', '<command>', async ({ args, out }) => {
      out(args.join(' '));
      return 0;
    }),
    passesWordsOn: true,
  },
  row('fail', '', async () => {
    throw new Error('no such file');
  }),
];

async function run(...args: string[]) {
  loaded.length = 0;
  let out = '';
  let err = '';
  const exitCode = await runSubCommand(TABLE, {
    args,
    env: {},
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { exitCode, out, err, loaded: [...loaded] };
}

const USAGE =
  'Usage: threadkeeper <sub-command> [words]\n  say     Does say.\n  become  Does become.\n  fail    Does fail.\n' +
  'threadkeeper help <sub-command> shows its words.\n';

describe('threadkeeper', () => {
  it('runs what its first word names with the other words, and loads nothing else', async () => {
    expect(await run('say', 'a', 'b')).toEqual({ exitCode: 7, out: 'a b', err: '', loaded: ['say'] });
  });

  it('without a word, or with one it does not know, shows the usage and ends with 2', async () => {
    expect(await run()).toEqual({ exitCode: 2, out: '', err: USAGE, loaded: [] });
    const unknown = await run('sai');
    expect(unknown).toEqual({
      exitCode: 2,
      out: '',
      err: `threadkeeper knows no sub-command sai\n${USAGE}`,
      loaded: [],
    });
    expect((await run('help', 'sai')).exitCode).toBe(2);
  });

  it.each([[['help']], [['--help']], [['-h']]])('shows the usage to whoever asks: %s', async (args) => {
    expect(await run(...args)).toEqual({ exitCode: 0, out: USAGE, err: '', loaded: [] });
  });

  it.each([[['help', 'say']], [['say', '--help']], [['say', 'x', '-h']]])('and that of one: %s', async (args) => {
    const out = 'Usage: threadkeeper say <word>\n  Does say.\n';
    expect(await run(...args)).toEqual({ exitCode: 0, out, err: '', loaded: [] });
  });

  it('leaves the words of another program to that program', async () => {
    expect(await run('become', 'df', '-h')).toEqual({ exitCode: 0, out: 'df -h', err: '', loaded: ['become'] });
    expect((await run('become', '--help')).out).toContain('Usage: threadkeeper become');
  });

  it('tells wrong words with the usage of that sub-command and ends with 2', async () => {
    const err = 'say what?\nUsage: threadkeeper say <word>\n  Does say.\n';
    expect(await run('say')).toEqual({ exitCode: 2, out: '', err, loaded: ['say'] });
  });

  it('tells a failure in one line and ends with 1', async () => {
    expect(await run('fail')).toEqual({ exitCode: 1, out: '', err: 'no such file\n', loaded: ['fail'] });
  });

  it('has a module behind every row of its table', async () => {
    for (const { name, load } of SUB_COMMANDS) expect(await load(), name).toBeTypeOf('function');
  });
});
