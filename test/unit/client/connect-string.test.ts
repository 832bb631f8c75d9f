import { expect, test } from 'vitest';
import { parseConnectString } from '../../../src/client/connect-string.js';

test('hosts, ports and blanks', () => {
  expect(parseConnectString('a:1, b ,c:65535,')).toEqual({
    servers: [
      { host: 'a', port: 1 },
      { host: 'b', port: 2181 },
      { host: 'c', port: 65535 },
    ],
    chroot: null,
  });
});

test('IPv6 in brackets with a port, or bare without', () => {
  expect(parseConnectString('[::1]:2182,[fe80::1%eth0],2001:db8::7').servers).toEqual([
    { host: '::1', port: 2182 },
    { host: 'fe80::1%eth0', port: 2181 },
    { host: '2001:db8::7', port: 2181 },
  ]);
});

test('a chroot belongs to all hosts; a lone slash is none', () => {
  expect(parseConnectString('a:1,b:2/app/one').chroot).toBe('/app/one');
  expect(parseConnectString('a:1/').chroot).toBeNull();
});

test.each([
  ['', 'A HostProvider may not be empty!'],
  [' , ', 'A HostProvider may not be empty!'],
  ['a:b', 'a:b has no valid port'],
  ['a:65536', 'a:65536 has no valid port'],
  ['a:', 'a: has no valid port'],
  ['[::1', '[::1 has no closing bracket'],
  ['[::1]2181', '[::1]2181 has text behind its bracket'],
  ['a:1/app/', 'Path must not end with / character'],
  ['a:1//app', 'Invalid path string "//app" caused by empty node name specified @1'],
])('%j is refused: %s', (text, message) => {
  expect(() => parseConnectString(text)).toThrow(message);
});
