import { expect, test } from 'vitest';
import { Chroot } from '../../../src/client/chroot.js';

test('put in front of paths that leave, taken off those that arrive', () => {
  const chroot = new Chroot('/app/one');
  expect(chroot.toServer('/')).toBe('/app/one');
  expect(chroot.toServer('/x/y')).toBe('/app/one/x/y');
  expect(chroot.toClient('/app/one')).toBe('/');
  expect(chroot.toClient('/app/one/x/y')).toBe('/x/y');
});

test('paths outside are left alone, also when they begin alike', () => {
  const chroot = new Chroot('/app');
  expect(chroot.toClient('/zookeeper/config')).toBe('/zookeeper/config');
  expect(chroot.toClient('/apple/x')).toBe('/apple/x');
});

test.each([null, '/'])('no chroot: %j', (path) => {
  expect(new Chroot(path).toServer('/x')).toBe('/x');
  expect(new Chroot(path).toClient('/x')).toBe('/x');
});
