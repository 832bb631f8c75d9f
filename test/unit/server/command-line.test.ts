import { beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from '../../../src/actor/logger.js';
import { configFileOf, readCommandLine, readOptions } from '../../../src/server/command-line.js';

let lines: string[] = [];
const log: Logger = {
  debug: (message) => lines.push(message),
  info: (message) => lines.push(message),
  warn: (message) => lines.push(message),
  error: (message) => lines.push(message),
};

beforeEach(() => {
  lines = [];
});

describe('the command line', () => {
  const env = {
    SERVER_JVMFLAGS: '-Djute.maxbuffer=31 -Dzookeeper.snapCount=11 -Dzookeeper.maxCnxns=21',
    JVMFLAGS: '-Djute.maxbuffer=32 -Dzookeeper.snapCount=12',
  };
  const argv = ['-Djute.maxbuffer=33', '2181', '/data'];

  it('is stronger than JVMFLAGS, which is stronger than SERVER_JVMFLAGS', () => {
    const { options, words } = readCommandLine(argv, env, log);
    expect([...options]).toEqual([
      ['jute.maxbuffer', '33'],
      ['zookeeper.snapCount', '12'],
      ['zookeeper.maxCnxns', '21'],
    ]);
    expect(words).toEqual(['2181', '/data']);
    expect(lines).toEqual([]);
  });

  it('says the same to whoever needs an option before there is a configuration', () => {
    expect([...readOptions(argv, env)]).toEqual([...readCommandLine(argv, env, log).options]);
  });

  it('words in the environment are no words, and are told of with what only a JVM understands', () => {
    const { words } = readCommandLine(['zoo.cfg', '-XX:+UseG1GC'], { JVMFLAGS: '-Xmx1g stray' }, log);
    expect(words).toEqual(['zoo.cfg']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^Options without a meaning for this server: .*stray.*-XX:\+UseG1GC$/);
  });

  it('names a configuration file when it has one word, and else none', () => {
    expect(configFileOf(['-Dx=1', 'zoo.cfg'])).toBe('zoo.cfg');
    expect(configFileOf(argv)).toBeNull();
    expect(configFileOf([])).toBeNull();
  });
});
