import { expect, it } from 'vitest';
import { javaInetAddress, javaSocketAddress } from '../../../src/base/java-address.js';
import { javaAverage, javaDouble } from '../../../src/base/java-double.js';

it.each<[number, string]>([
  [0, '0.0'],
  [-0, '-0.0'],
  [5, '5.0'],
  [5.4545, '5.4545'],
  [-1.5, '-1.5'],
  [0.001, '0.001'],
  [0.0001, '1.0E-4'],
  [0.00012, '1.2E-4'],
  [9999999, '9999999.0'],
  [1e7, '1.0E7'],
  [12345678.5, '1.23456785E7'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
])('%d is %s', (value, text) => {
  expect(javaDouble(value)).toBe(text);
});

it.each<[number, string]>([
  [0, '0.0'],
  [60 / 11, '5.4545'],
  [1 / 3, '0.3333'],
  [2 / 3, '0.6667'],
  [0.00001, '0.0'],
])('an average of %d is %s', (value, text) => {
  expect(javaAverage(value)).toBe(text);
});

it.each([
  ['127.0.0.1', '/127.0.0.1:42114'],
  ['::ffff:10.0.0.7', '/10.0.0.7:42114'],
  ['::FFFF:10.0.0.7', '/10.0.0.7:42114'],
  ['::1', '/[0:0:0:0:0:0:0:1]:42114'],
  ['::', '/[0:0:0:0:0:0:0:0]:42114'],
  ['fe80::0a0b%eth0', '/[fe80:0:0:0:0:0:0:a0b%eth0]:42114'],
  ['2001:db8::1:0:2', '/[2001:db8:0:0:0:1:0:2]:42114'],
  ['64:ff9b::1.2.3.4', '/[64:ff9b:0:0:0:0:102:304]:42114'],
  ['1:2:3:4:5:6:7:8', '/[1:2:3:4:5:6:7:8]:42114'],
])('%s prints as %s', (address, text) => {
  expect(javaSocketAddress(address, 42114)).toBe(text);
});

it('an address alone has no slash', () => {
  expect(javaInetAddress('::ffff:10.0.0.7')).toBe('10.0.0.7');
});
