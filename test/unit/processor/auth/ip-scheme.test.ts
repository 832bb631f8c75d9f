// Ids of the ip scheme (client-protocol 6.6.1): which are valid, whom they match, and how a peer's address becomes an identity.
// The IPv4 verdicts are Apache ZooKeeper 3.8.0's; it knew no IPv6 ids yet.

import { describe, expect, test } from 'vitest';
import { IpScheme } from '../../../../src/processor/auth/ip-scheme.js';
import { ipIdentityOf } from '../../../../src/processor/ip-address.js';

const scheme = new IpScheme();

describe('an id', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.1/8',
    '127.0.0.1/08',
    '127.0.0.1/+8',
    '127.0.0.1/-0',
    '127.0.0.1/00000000008',
    '127.0.0.1/32',
    '0127.0.0.1',
    '+127.0.0.1',
    '127.0.0.-0',
    '127.0.0.0001',
    '0.0.0.0/0',
    '::',
    '::/0',
    '::1/128',
    '1::',
    'fe80::/10',
    'FE80::A',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
  ])('%s is valid', (id) => {
    expect(scheme.isValidId(id)).toBe(true);
  });

  test.each([
    '',
    '/',
    '/8',
    '127.0.0.1/',
    '127.0.0.1//',
    '127.0.0.1/8/9',
    '127.0.0.1//8',
    '127.0.0.1/ 8',
    '127.0.0.1/33',
    '127.0.0.1/-1',
    '127.0.0.1/x',
    '127.0.0.1.',
    '.127.0.0.1',
    '127..0.1',
    '127.0.1',
    '127.0.0.1 ',
    '127.0.0.256',
    '127.0.0.1x',
    '0x7f.0.0.1',
    '99999999999.0.0.1',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '1::2::3',
    '12345::',
    'g::',
    '::1/129',
    '::ffff:1.2.3.4',
    'fe80::1%eth0',
  ])('"%s" is not', (id) => {
    expect(scheme.isValidId(id)).toBe(false);
  });
});

test.each([
  ['127.0.0.1', '127.1.2.3/8', true],
  ['127.0.0.1', '0127.0.0.01', true],
  ['127.0.0.1', '1.2.3.4/0', true],
  ['127.0.0.1', '127.0.0.0/31', true],
  ['127.0.0.1', '127.0.0.2/31', false],
  ['0:0:0:0:0:0:0:1', '::1', true],
  ['0:0:0:0:0:0:0:1', '::/127', true],
  ['0:0:0:0:0:0:0:1', '0.0.0.0/0', false],
  ['127.0.0.1', '::/0', false],
  ['fe80:0:0:0:0:0:0:1%eth0', 'fe80::/10', false],
])('%s in %s: %s', (identity, id, matches) => {
  // Twice: what was parsed is remembered.
  expect([scheme.matches(identity, id), scheme.matches(identity, id)]).toEqual([matches, matches]);
});

test('what is remembered has a limit', () => {
  for (let i = 0; i < 10_000; i++) {
    expect(scheme.matches(`10.0.${i >> 8}.${i & 255}`, `10.0.${i >> 8}.${i & 255}/32`)).toBe(true);
  }
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['::FFFF:10.1.2.3', '10.1.2.3'],
  ['::1', '0:0:0:0:0:0:0:1'],
  ['2001:DB8::a:0:1', '2001:db8:0:0:0:a:0:1'],
  ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:1%eth0'],
])('the peer %s is %s', (peer, identity) => {
  expect(ipIdentityOf(peer)).toBe(identity);
});
