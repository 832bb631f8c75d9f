import { expect, test } from 'vitest';
import { parseAcl } from '../../../src/cli/zk-cli/acl-text.js';
import { parseInt32, parseOptions } from '../../../src/cli/zk-cli/command-options.js';
import { parseLaunchOptions } from '../../../src/cli/zk-cli/launch-options.js';
import { splitLine } from '../../../src/cli/zk-cli/split-line.js';
import { RecordingTerminal } from './recording-terminal.js';

test.each([
  ['get /a', ['get', '/a']],
  ['  get \t /a  ', ['get', '/a']],
  [`set /a 'with blank'`, ['set', '/a', 'with blank']],
  [`set /a "dq 'in' x"  `, ['set', '/a', "dq 'in' x"]],
  [`set /a 'sq "in" x'`, ['set', '/a', 'sq "in" x']],
  [`create /e ""`, ['create', '/e', '']],
  [`create /e ''`, ['create', '/e', '']],
  [`set /a x'y z'w`, ['set', '/a', `x'y`, `z'w`]], // a quote inside a word is nothing special
  [`set /a 'a b`, ['set', '/a', 'a', 'b']], // one that is never closed is dropped
  [`set /a a\\ b`, ['set', '/a', 'a\\', 'b']], // no escapes
  ['', []],
])('%j is split into %j', (line, words) => {
  expect(splitLine(line)).toEqual(words);
});

function parsed(words: string, flags: string, valued = ''): [string, string] {
  const options = parseOptions(words.split(' '), flags, valued);
  const given = [...flags, ...valued].filter((letter) => options.has(letter));
  return [options.args.join(' '), given.map((letter) => letter + options.value(letter)).join(' ')];
}

test.each([
  ['get -s /a', 'get /a', 's'],
  ['get /a -s', 'get /a', 's'],
  ['get -sw /a', 'get /a', 's w'],
  ['set /a x -v 5', 'set /a x', 'v5'],
  ['set -v5 /a x', 'set /a x', 'v5'],
  ['set -v=5 /a x', 'set /a x', 'v5'],
  ['set -sv5 /a x', 'set /a x', 's v5'],
  ['set -v -1 /a x', 'set /a x', 'v-1'],
  ['set -v-1 /a x', 'set /a x', 'v-1'],
  ['set -v 1 -v 2 /a x', 'set /a x', 'v1'],
  ['set -- -v -s', 'set -v -s', ''],
  ['set /a -', 'set /a -', ''],
])('%j: words %j, options %j', (words, args, given) => {
  expect(parsed(words, 'sw', 'v')).toEqual([args, given]);
});

test.each([
  ['get -z /a', 'org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -z'],
  ['get -sz /a', 'org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -sz'],
  ['set /a -5', 'org.apache.commons.cli.UnrecognizedOptionException: Unrecognized option: -5'],
  ['set /a x -v', 'org.apache.commons.cli.MissingArgumentException: Missing argument for option: v'],
  ['set -v -s /a x', 'org.apache.commons.cli.MissingArgumentException: Missing argument for option: v'],
])('%j fails: %s', (words, sentence) => {
  expect(() => parsed(words, 's', 'v')).toThrow(sentence);
});

test.each(['0', '-1', '+7', '2147483647', '-2147483648'])('%s is a 32-bit number', (text) => {
  expect(parseInt32(text)).toBe(Number(text));
});

test.each(['', 'x', '1x', '1.0', '0x10', '2147483648', '-2147483649', ' 1'])('%j is not', (text) => {
  expect(() => parseInt32(text)).toThrow(`For input string: "${text}"`);
  expect(() => parseInt32(text, 'say this')).toThrow('say this');
});

test('ACL text: the id may contain colons, bad entries are told and left out', () => {
  const terminal = new RecordingTerminal();
  expect(parseAcl('world:anyone:cdrwa,digest:bob:aGFzaA==:r,foo,ip:10.0.0.0/8:rzw', terminal)).toEqual([
    { perms: 31, id: { scheme: 'world', id: 'anyone' } },
    { perms: 1, id: { scheme: 'digest', id: 'bob:aGFzaA==' } },
    { perms: 3, id: { scheme: 'ip', id: '10.0.0.0/8' } },
  ]);
  expect(terminal.take()).toEqual(['err foo does not have the form scheme:id:perm', 'err Unknown perm type: z']);
});

const DEFAULTS = {
  server: 'localhost:2181',
  timeoutMs: 30_000,
  canBeReadOnly: false,
  waitForConnection: false,
  asJson: false,
  clientConfiguration: null,
  command: null,
};

test.each([
  ['', {}],
  ['-server h:1,i:2/app ls -s /', { server: 'h:1,i:2/app', command: ['ls', '-s', '/'] }],
  ['-timeout 5000 -r -waitforconnection', { timeoutMs: 5000, canBeReadOnly: true, waitForConnection: true }],
  ['-client-configuration f -nosuch get /a', { clientConfiguration: 'f', command: ['get', '/a'] }],
  ['ls -server x', { command: ['ls', '-server', 'x'] }],
])('arguments %j', (argv, expected) => {
  const terminal = new RecordingTerminal();
  const words = argv.split(' ').filter((word) => word !== '');
  expect(parseLaunchOptions(words, terminal)).toEqual({ ...DEFAULTS, ...expected });
  expect(terminal.take()).toEqual([]);
});

test('an option without its value leaves the default', () => {
  const terminal = new RecordingTerminal();
  expect(parseLaunchOptions(['-server'], terminal)).toEqual(DEFAULTS);
  expect(terminal.take()).toEqual(['err Error: no argument found for option -server']);
});

test.each(['3x', '0', '-5'])('timeout %s is refused', (text) => {
  expect(() => parseLaunchOptions(['-timeout', text], new RecordingTerminal())).toThrow();
});
