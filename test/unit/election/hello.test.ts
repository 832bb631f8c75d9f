import { describe, expect, it } from 'vitest';
import { encodeHello, type Hello, HelloReader } from '../../../src/election/hello.js';

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const text = (words: string) => Buffer.from(words, 'latin1').toString('hex');
const v1 = (sid: string, words: string) =>
  `ffffffffffff0000 ${sid.padStart(16, '0')} ${words.length.toString(16).padStart(8, '0')} ${text(words)}`;

function read(hex: string): { hello: Hello | null; fault: string | null; consumed: number } {
  const reader = new HelloReader();
  const bytes = bytesOf(hex);
  const consumed = reader.feed(bytes, 0, bytes.length);
  return { hello: reader.hello, fault: reader.fault, consumed };
}

describe('HELLO', () => {
  it('V1 is what is sent by default (ZOOKEEPER-3188, -3720, -3758)', () => {
    const addresses = [
      { host: '127.0.0.1', port: 31382 },
      { host: 'other', port: 1 },
    ];
    const bytes = encodeHello(2, addresses, false);
    expect(hexOf(bytes)).toBe('ffffffffffff000000000000000000020000000f3132372e302e302e313a3331333832');
    expect(read(hexOf(bytes))).toEqual({ hello: { sid: 2, addresses: [addresses[0]] }, fault: null, consumed: 35 });
  });

  it('ZOOKEEPER-3758: V2 has all addresses', () => {
    const addresses = [
      { host: '127.0.0.2', port: 24352 },
      { host: '127.0.0.2', port: 24382 },
    ];
    const bytes = encodeHello(2, addresses, true);
    expect(hexOf(bytes)).toBe(`ffffffffffff000100000000000000020000001f${text('127.0.0.2:24352|127.0.0.2:24382')}`);
    expect(read(hexOf(bytes)).hello).toEqual({ sid: 2, addresses });
  });

  it('V0 is an id and nothing else', () => {
    expect(read('0000000000000007 000000b6')).toEqual({ hello: { sid: 7, addresses: [] }, fault: null, consumed: 8 });
    expect(read('0000000000000000').hello?.sid).toBe(0);
  });

  it('has addresses of IPv6 in brackets, written out', () => {
    const hex = hexOf(encodeHello(2, [{ host: '::1', port: 5 }], false));
    expect(hex.endsWith(text('[0:0:0:0:0:0:0:1]:5'))).toBe(true);
    expect(read(hex).hello?.addresses).toEqual([{ host: '::1', port: 5 }]);
  });

  it('wildcards are no addresses', () => {
    expect(read(v1('1', '0.0.0.0:5')).hello).toEqual({ sid: 1, addresses: [] });
    expect(read(v1('1', '[::]:5|a:6|[0:0:0:0:0:0:0:0]:7|:8')).hello?.addresses).toEqual([{ host: 'a', port: 6 }]);
  });

  it('comes in any pieces, and takes nothing of what is behind it', () => {
    const whole = bytesOf(`${v1('3', 'host:3888')} 000000b6`);
    for (let pieceBytes = 1; pieceBytes <= whole.length; pieceBytes++) {
      const reader = new HelloReader();
      let consumed = 0;
      for (let at = 0; at < whole.length; at += pieceBytes) {
        consumed += reader.feed(whole, at, Math.min(pieceBytes, whole.length - at));
      }
      expect(reader.hello).toEqual({ sid: 3, addresses: [{ host: 'host', port: 3888 }] });
      expect(consumed).toBe(whole.length - 4);
    }
  });

  it('is not there before it is whole', () => {
    expect(read(v1('3', 'host:3888').slice(0, -2))).toEqual({ hello: null, fault: null, consumed: 28 });
    expect(read('')).toEqual({ hello: null, fault: null, consumed: 0 });
  });

  it.each([
    ['another version', 'fffffffffffeffff', 'unknown protocol version -65537'],
    ['Long.MIN_VALUE', '8000000000000000', 'unknown protocol version'],
    ['no length', 'ffffffffffff0000 0000000000000001 00000000', 'an address of 0 bytes'],
    ['a negative length', 'ffffffffffff0000 0000000000000001 ffffffff', 'an address of -1 bytes'],
    ['2049 bytes', 'ffffffffffff0001 0000000000000001 00000801', 'an address of 2049 bytes'],
    ['no port', v1('1', 'host'), 'host does not have the form host:port'],
    ['a port that is none', v1('1', 'host:port'), 'host:port does not have the form host:port'],
    ['a port out of range', v1('1', 'host:65536'), 'host:65536 does not have the form host:port'],
    ['two ports', v1('1', 'host:1:2'), 'host:1:2 does not have the form host:port'],
    ['an entry without port among others', v1('1', 'a:1|b'), 'b does not have the form host:port'],
    ['an open bracket', v1('1', '[::1:5'), "[::1:5 starts with '[' but has no matching ']'"],
    [
      'the id of observers without one',
      v1('7fffffffffffffff', 'a:1'),
      "the id 9223372036854776000, which is no server's",
    ],
    ['a negative id', v1('ffffffffffffffff', 'a:1'), "the id -1, which is no server's"],
    ['that id in V0', '7fffffffffffffff', "no server's"],
  ])('with %s is none', (_name, hex, fault) => {
    const result = read(hex);
    expect(result.hello).toBeNull();
    expect(result.fault).toContain(fault);
  });

  it('of 2048 bytes is one', () => {
    const long = `${'h'.repeat(2043)}:3888`;
    expect(read(v1('1', long)).hello?.addresses[0].port).toBe(3888);
  });
});
