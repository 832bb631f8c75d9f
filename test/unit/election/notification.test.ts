import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { decodeNotification, encodeNotification } from '../../../src/election/notification.js';
import { NOBODY, PeerState } from '../../../src/election/vote.js';
import { vote } from './election-script.js';

const CFG3 =
  'server.1=127.0.0.1:31281:31381:participant\n' +
  'server.2=127.0.0.1:31282:31382:participant\n' +
  'server.3=127.0.0.1:31283:31383:participant\n' +
  'version=0';
const CFG3_HEX = Buffer.from(CFG3, 'latin1').toString('hex');

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const decode = (hex: string) => {
  // Somewhere in the middle, as it comes off a socket.
  const bytes = bytesOf(`ffffff${hex}ffffffffffffffff`);
  return decodeNotification(bytes, 3, bytes.length - 11);
};

/** 36 bytes: FOLLOWING, leader 3, zxid 0x100000007, round 5, peerEpoch 2. */
const HEAD = '00000001 0000000000000003 0000000100000007 0000000000000005 0000000000000002';
const HEARD = { state: 1, leader: 3, zxidHi: 1, zxidLo: 7, round: 5, peerEpoch: 2 };

describe('a notification on the wire', () => {
  it.each([
    [
      'LOOKING 2, empty database',
      PeerState.looking,
      '2 0 r1 e0',
      '00000000 0000000000000002 0000000000000000 0000000000000001 0000000000000000',
    ],
    [
      'LOOKING 3, restarted',
      PeerState.looking,
      '3 100000007 r1 e1',
      '00000000 0000000000000003 0000000100000007 0000000000000001 0000000000000001',
    ],
    [
      'LEADING 2',
      PeerState.leading,
      '2 0 r1 e1',
      '00000002 0000000000000002 0000000000000000 0000000000000001 0000000000000001',
    ],
    [
      'FOLLOWING 2',
      PeerState.following,
      '2 0 r1 e1',
      '00000001 0000000000000002 0000000000000000 0000000000000001 0000000000000001',
    ],
    [
      'an observer asks',
      PeerState.looking,
      '- - r1 e-',
      '00000000 8000000000000000 8000000000000000 0000000000000001 8000000000000000',
    ],
  ])('%s', (_name, state, text, head) => {
    const bytes = encodeNotification(state, vote(text), CFG3);
    expect(hexOf(bytes)).toBe(`${head.replaceAll(' ', '')}000000020000008a${CFG3_HEX}`);
    expect(bytes).toHaveLength(0xb6);
    expect(decodeNotification(bytes, 0, bytes.length)).toEqual({ ...vote(text), state, version: 2, configText: CFG3 });
  });

  it('of 28 bytes has the epoch of its zxid, and no version', () => {
    expect(decode(HEAD.slice(0, HEAD.lastIndexOf(' ')))).toEqual({
      ...HEARD,
      peerEpoch: 1,
      version: 0,
      configText: null,
    });
    expect(decode('00000000 0000000000000003 8000000000000007 0000000000000005')?.peerEpoch).toBe(-0x8000_0000);
  });

  it('of 40 bytes has version 0, whatever it says', () => {
    expect(decode(`${HEAD} 00000002`)).toEqual({ ...HEARD, version: 0, configText: null });
  });

  it.each([
    ['1', '00000001 00000000', 1, null],
    ['1, with what is not looked at', '00000001 ffffffff', 1, null],
    ['1, of 41 bytes', '00000001 00', 1, null],
    ['0', '00000000 00000000', 0, null],
    ['-1', 'ffffffff 00000000', -1, null],
    ['2', '00000002 00000003 613d62', 2, 'a=b'],
    ['2, with more behind the text', '00000002 00000003 613d62 ffff', 2, 'a=b'],
    ['2, without a configuration', '00000002 00000000', 2, null],
    ['3', '00000003 00000003 613d62', 3, 'a=b'],
  ])('of version %s', (_name, tail, version, configText) => {
    expect(decode(`${HEAD} ${tail}`)).toEqual({ ...HEARD, version, configText });
  });

  it.each([
    ['27 bytes', HEAD.replaceAll(' ', '').slice(0, 54)],
    ['29 bytes', HEAD.replaceAll(' ', '').slice(0, 58)],
    ['36 bytes', HEAD],
    ['39 bytes', `${HEAD} 000000`],
    ['no bytes', ''],
    ['state 4', HEAD.replace('00000001', '00000004').concat('00000002 00000000')],
    ['state -1', HEAD.replace('00000001', 'ffffffff').concat('00000002 00000000')],
    ['a negative config length', `${HEAD} 00000002 ffffffff 613d62`],
    ['a config that does not fit', `${HEAD} 00000002 00000004 613d62`],
    ['a config length that is cut', `${HEAD} 00000002 000000`],
    ['a config length of 2 GB', `${HEAD} 00000002 7fffffff 613d62`],
    ['a leader that no number holds', `00000001 7fffffffffffffff${HEAD.slice(25)} 00000002 00000000`],
    ['a round that no number holds', HEAD.replace('0000000000000005', '0020000000000001').concat('00000002 00000000')],
    [
      'a round behind which there is soon none left',
      HEAD.replace('0000000000000005', '001fffffffffffff').concat('00000002 00000000'),
    ],
    ['an epoch that no number holds', HEAD.replace('0000000000000002', 'ff00000000000001').concat('00000002 00000000')],
  ])('with %s is ignored', (_name, hex) => {
    expect(decode(hex)).toBeNull();
  });

  it('keeps Long.MIN_VALUE exact', () => {
    expect(NOBODY).toBe(Number(-(2n ** 63n)));
    expect(decode('00000000 8000000000000000 8000000000000000 0000000000000001')?.leader).toBe(NOBODY);
  });

  it('has its text in UTF-8', () => {
    const text = 'server.1=hôte:1:2:participant\nversion=0';
    const bytes = encodeNotification(PeerState.looking, vote('1 0 r1 e0'), text);
    expect(bytes).toHaveLength(44 + encodeUtf8(text).length);
    expect(decodeNotification(bytes, 0, bytes.length)?.configText).toBe(text);
  });
});
