import { describe, expect, it } from 'vitest';
import {
  javaTrim,
  PropertiesSyntaxError,
  parsePropertiesFile,
  trimProperties,
} from '../../../src/base/java-properties.js';

function parse(text: string): Record<string, string> {
  return Object.fromEntries(parsePropertiesFile(Buffer.from(text, 'latin1')));
}

describe('parsePropertiesFile', () => {
  const cases: [what: string, text: string, pairs: Record<string, string>][] = [
    ['an empty file', '', {}],
    ['=', 'dataDir=/d', { dataDir: '/d' }],
    ['blanks and a colon', 'dataDir : /d', { dataDir: '/d' }],
    ['a blank alone', 'dataDir /d', { dataDir: '/d' }],
    ['tab and form feed as blanks', '\t\fdataDir\t=\f/d', { dataDir: '/d' }],
    ['only one separator is swallowed', 'a==b\nc:=d\ne = :f', { a: '=b', c: '=d', e: ':f' }],
    ['trailing blanks belong to the value', 'a=b  ', { a: 'b  ' }],
    ['LF, CR and CRLF', 'a=1\rb=2\r\nc=3\nd=4', { a: '1', b: '2', c: '3', d: '4' }],
    ['blank lines', '\n \t\n\r\n a=1\n\n', { a: '1' }],
    ['comments', '# a=1\n  ! b=2\nc=#3\n', { c: '#3' }],
    ['a comment does not continue', '# a \\\nb=1', { b: '1' }],
    ['a line continues after a backslash', 'a=one,\\\n   two', { a: 'one,two' }],
    ['over CRLF too', 'a=one,\\\r\n\ttwo', { a: 'one,two' }],
    ['# on a continuation line is no comment', 'a=b\\\n#c', { a: 'b#c' }],
    ['# behind a lone backslash is one', '\\\n#c\nd=1', { d: '1' }],
    ['two backslashes do not continue', 'a=b\\\\\nc=d', { a: 'b\\', c: 'd' }],
    ['three do', 'a=b\\\\\\\nc=d', { a: 'b\\c=d' }],
    ['a blank line ends a continued one', 'a=b\\\n\nc=d', { a: 'b', c: 'd' }],
    ['a backslash at the very end', 'a=b\\', { a: 'b' }],
    ['control escapes', 'a=\\t\\n\\r\\f', { a: '\t\n\r\f' }],
    ['other escapes lose the backslash', 'a=C:\\data\\zk', { a: 'C:datazk' }],
    ['escaped separators', 'a\\=b\\:c\\ d\\#=1', { 'a=b:c d#': '1' }],
    ['\\u', 'a=\\u00e9\\u20AC', { a: 'é€' }],
    ['bytes are ISO-8859-1', 'a=\xe9', { a: 'é' }],
    ['a key without a separator', 'a\nb', { a: '', b: '' }],
    ['the last one wins', 'a=1\nb=2\na=3', { a: '3', b: '2' }],
    ['nothing is expanded', `fooBar=$${'{'}HOME}/x`, { fooBar: '$'.concat('{HOME}/x') }],
    ['server lines', 'server.1=zk1:2888:3888;2181', { 'server.1': 'zk1:2888:3888;2181' }],
  ];
  it.each(cases)('%s', (_what, text, pairs) => {
    expect(parse(text)).toEqual(pairs);
  });

  it.each(['a=\\u12', 'a=\\u12g4', 'a=\\u', '\\u 123=x'])('refuses %j', (text) => {
    expect(() => parse(text)).toThrow(new PropertiesSyntaxError('Malformed \\uxxxx encoding.'));
  });
});

describe('trimming', () => {
  it('takes what Java takes: up to U+0020, and no more', () => {
    expect(javaTrim('\u0000\t a b \u001f')).toBe('a b');
    expect(javaTrim('\u00a0a\u2003')).toBe('\u00a0a\u2003');
    expect(javaTrim(' \t')).toBe('');
  });

  it('trims keys and values', () => {
    expect([...trimProperties(new Map([['k\t', ' v ']]))]).toEqual([['k', 'v']]);
  });
});
