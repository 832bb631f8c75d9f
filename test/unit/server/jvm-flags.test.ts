import { describe, expect, it } from 'vitest';
import { parseJvmFlags, splitShellWords } from '../../../src/server/jvm-flags.js';

describe('splitShellWords', () => {
  it.each<[string, string[]]>([
    ['', []],
    ['  -Da=1\t-Db=2\n', ['-Da=1', '-Db=2']],
    [`-Da='one two' "-Db=three four"`, ['-Da=one two', '-Db=three four']],
    [`-Da=it''s""`, ['-Da=its']],
    ["''", ['']],
    ['-Da=one\\ two', ['-Da=one two']],
    ['"a\\"b\\\\c\\d"', ['a"b\\c\\d']],
    ["'a\\b'", ['a\\b']],
    ['$HOME `x` *', ['$HOME', '`x`', '*']],
  ])('%j', (text, words) => {
    expect(splitShellWords(text)).toEqual(words);
  });
});

describe('parseJvmFlags', () => {
  it('takes -D apart at the first =, and the last one counts', () => {
    const { properties } = parseJvmFlags(['-Da=1', '-Db=x=y', '-Dc', '-Da=2', '-Dd=']);
    expect(Object.fromEntries(properties)).toEqual({ a: '2', b: 'x=y', c: '', d: '' });
  });

  it('lets pass what only a JVM understands, and keeps the rest in order', () => {
    const flags = parseJvmFlags(['-XX:+UseG1GC', '-cp', 'a.jar', '-javaagent:x', '-D', 'zoo.cfg', 'more']);
    expect(flags.ignored).toEqual(['-XX:+UseG1GC', '-cp', '-javaagent:x', '-D']);
    expect(flags.rest).toEqual(['zoo.cfg', 'more']);
  });

  it.each<[string, number | null]>([
    ['-Xmx512m', 512],
    ['-Xmx2G', 2048],
    ['-Xmx1048576k', 1024],
    ['-Xmx1073741824', 1024],
    ['-Xmx1', 1],
    ['-Xmxlots', null],
    ['-Xms1g', null],
  ])('%s is a heap of %s MB', (word, heapMb) => {
    expect(parseJvmFlags([word]).heapMb).toBe(heapMb);
  });
});
