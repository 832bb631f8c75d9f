import { afterEach, describe, expect, test } from 'vitest';
import { aclLines } from '../../../src/cli/zk-cli/acl-text.js';
import { base64Text, hexDump, plainText } from '../../../src/cli/zk-cli/data-text.js';
import { errorText } from '../../../src/cli/zk-cli/error-text.js';
import { statBlock } from '../../../src/cli/zk-cli/stat-block.js';
import { KeeperError } from '../../../src/client/keeper-error.js';
import { InvalidPathError } from '../../../src/client/znode-path.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { javaDate } from '../../../src/server/java-date.js';

const ZONE_BEFORE = process.env.TZ;

function inZone(zone: string): void {
  process.env.TZ = zone;
}

afterEach(() => {
  if (ZONE_BEFORE === undefined) delete process.env.TZ;
  else process.env.TZ = ZONE_BEFORE;
});

test.each([
  ['UTC', 'Sun Nov 22 02:37:38 UTC 2026'],
  ['Europe/Berlin', 'Sun Nov 22 03:37:38 CET 2026'],
  ['Europe/London', 'Sun Nov 22 02:37:38 GMT 2026'],
  ['America/New_York', 'Sat Nov 21 21:37:38 EST 2026'],
  ['Asia/Tokyo', 'Sun Nov 22 11:37:38 JST 2026'],
  ['Asia/Kolkata', 'Sun Nov 22 08:07:38 IST 2026'],
  ['Australia/Sydney', 'Sun Nov 22 13:37:38 AEDT 2026'],
  ['America/Caracas', 'Sat Nov 21 22:37:38 GMT-04:00 2026'],
])('a date in %s as Java prints it', (zone, expected) => {
  inZone(zone);
  expect(javaDate(Date.UTC(2026, 10, 22, 2, 37, 38, 999))).toBe(expected);
});

test('one digit days, and summer time by its own name', () => {
  inZone('Europe/Berlin');
  expect(javaDate(Date.UTC(2026, 6, 1, 22, 0, 0))).toBe('Thu Jul 02 00:00:00 CEST 2026');
});

test('the stat block', () => {
  inZone('UTC');
  const stat = {
    czxid: 0x1_0000_000dn,
    mzxid: 0xdn,
    ctime: 0n,
    mtime: 1795315058000n,
    version: -1,
    cversion: 7,
    aversion: 2,
    ephemeralOwner: -0x7effffff00000000n,
    dataLength: 5,
    numChildren: 3,
    pzxid: 0x15n,
  };
  expect(statBlock(stat).split('\n')).toEqual([
    'cZxid = 0x10000000d',
    'ctime = Thu Jan 01 00:00:00 UTC 1970',
    'mZxid = 0xd',
    'mtime = Sun Nov 22 02:37:38 UTC 2026',
    'pZxid = 0x15',
    'cversion = 7',
    'dataVersion = -1',
    'aclVersion = 2',
    'ephemeralOwner = 0x8100000100000000',
    'dataLength = 5',
    'numChildren = 3',
  ]);
});

describe('data', () => {
  test('as text and in base64', () => {
    const bytes = Uint8Array.of(0x68, 0xc3, 0xa9, 0xff);
    expect(plainText(bytes)).toBe('hé\ufffd');
    expect(base64Text(new Uint8Array([0, ...bytes]).subarray(1))).toBe('aMOp/w==');
  });

  test('as a dump', () => {
    expect(hexDump(Buffer.from('hello')).split('\n')).toEqual([
      '         +-------------------------------------------------+',
      '         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |',
      '+--------+-------------------------------------------------+----------------+',
      '|00000000| 68 65 6c 6c 6f                                  |hello           |',
      '+--------+-------------------------------------------------+----------------+',
    ]);
    const two = hexDump(Uint8Array.from({ length: 18 }, (_, i) => i * 15)).split('\n');
    expect(two.slice(3, 5)).toEqual([
      '|00000000| 00 0f 1e 2d 3c 4b 5a 69 78 87 96 a5 b4 c3 d2 e1 |...-<KZix.......|',
      '|00000010| f0 ff                                           |..              |',
    ]);
    expect(hexDump(new Uint8Array(0))).toBe('');
  });
});

test('ACL entries on two lines each, permissions in the order cdrwa', () => {
  expect(
    aclLines([
      { perms: 31, id: { scheme: 'world', id: 'anyone' } },
      { perms: 1, id: { scheme: 'digest', id: 'bob:x' } },
    ]),
  ).toEqual(["'world,'anyone", ': cdrwa', "'digest,'bob:x", ': r']);
});

test.each([
  ['NoNode', 'Node does not exist: /a'],
  ['NoChildrenForEphemerals', 'Ephemerals cannot have children: /a'],
  ['NodeExists', 'Node already exists: /a'],
  ['NotEmpty', 'Node not empty: /a'],
  ['NotReadOnly', 'Not a read-only call: /a'],
  ['InvalidACL', 'Acl is not valid : /a'],
  ['NoAuth', 'Insufficient permission : /a'],
  ['BadArguments', 'Arguments are not valid : /a'],
  ['BadVersion', 'version No is not valid : /a'],
  ['QuotaExceeded', 'Quota has exceeded : /a'],
  ['ConnectionLoss', 'KeeperErrorCode = ConnectionLoss for /a'],
  ['NoWatcher', 'KeeperErrorCode = No such watcher for /a'],
] as const)('%s is told as %j', (name, sentence) => {
  expect(errorText(new KeeperError(ErrorCode[name], '/a'))).toBe(sentence);
});

test('a bad path is told in its own words, a bug is not told at all', () => {
  expect(errorText(new InvalidPathError('Path must start with / character', 'a'))).toBe(
    'Path must start with / character',
  );
  expect(errorText(new TypeError('x is undefined'))).toBeNull();
});
