// Packets of quorum connections: bytes that reference servers sent, written and read back; the stream cut at any place;
// lengths that lie.

import { describe, expect, test } from 'vitest';
import { readInt32 } from '../../../src/base/bytes.js';
import { Prng } from '../../../src/base/prng.js';
import type { PeerSocket } from '../../../src/election/peer-network.js';
import { TXN_ZXID_HI, TXN_ZXID_LO } from '../../../src/protocol/txn-layout.js';
import { PacketBuffer } from '../../../src/zab/packet-buffer.js';
import { type PacketHandler, PacketReader, PacketResult, PacketVerdict } from '../../../src/zab/packet-reader.js';
import {
  ACTIVATE_ENTRY,
  PacketType,
  packetName,
  QUORUM_PROTOCOL_VERSION,
  REQUEST_BODY,
  REQUEST_CXID,
  REQUEST_OP,
  readLearnerInfo,
} from '../../../src/zab/quorum-packet.js';
import { fromHex, toHex } from './hex.js';

const PART_MAX = 1 << 20;

const CONFIG = `${[1, 2, 3].map((n) => `server.${n}=127.0.0.1:3128${n}:3138${n}:participant\n`).join('')}version=0`;

const REQUEST_CREATE = `00000001 ffffffffffffffff 0000003e 0100001217950000 00000001 00000001
  00000002 2f61 00000005 68656c6c6f 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000000
  00000001 00000002 6970 00000009 3132372e302e302e31`;
const PROPOSAL_CREATE = `00000002 0000000100000002 0000005b 0100001217950000 00000001 0000000100000002 000001a2011a0669 00000001
  00000002 2f61 00000005 68656c6c6f 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00 00000001
  00000002 000000017d0bcc91 ffffffff`;

/** Everything that reference servers said in 13.2 to 13.6 of the protocol's text. */
const GOLDEN: [string, string][] = [
  ['FOLLOWERINFO', '0000000b 0000000000000000 00000014 0000000000000001 00010000 0000000000000000 ffffffff'],
  ['LEADERINFO', '00000011 0000000100000000 00000004 00010000 ffffffff'],
  ['ACKEPOCH', '00000012 0000000000000000 00000004 00000000 ffffffff'],
  ['DIFF', '0000000d 0000000000000000 ffffffff ffffffff'],
  ['NEWLEADER', `0000000a 0000000100000000 0000008a ${toHex(new TextEncoder().encode(CONFIG))} ffffffff`],
  ['ACK', '00000003 0000000100000000 ffffffff ffffffff'],
  ['UPTODATE', '0000000c ffffffffffffffff ffffffff ffffffff'],
  ['TRUNC', '0000000e 0000000100000004 ffffffff ffffffff'],
  ['OBSERVERINFO', '00000010 0000000000000000 00000014 0000000000000004 00010000 0000000100000000 ffffffff'],
  ['SNAP', '0000000f 0000000100000006 ffffffff ffffffff'],
  ['REQUEST', '00000001 ffffffffffffffff 00000014 0100001217950000 00000000 fffffff6 00001f40 ffffffff'],
  [
    'PROPOSAL',
    '00000002 0000000100000001 00000030 0100001217950000 00000000 0000000100000001 000001a2011a0266 fffffff6 00001f40 00000002 0000000051c6d660 ffffffff',
  ],
  ['COMMIT', '00000004 0000000100000001 ffffffff ffffffff'],
  ['REQUEST', REQUEST_CREATE],
  ['PROPOSAL', PROPOSAL_CREATE],
  ['SYNC', '00000007 0000000000000000 ffffffff ffffffff'],
  ['PING', '00000005 0000000100000001 ffffffff ffffffff'],
  ['PING', '00000005 0000000100000001 0000000c 0100001217950000 00001f40 ffffffff'],
  ['PING', '00000005 0000000100000000 00000000 ffffffff'],
  ['REVALIDATE', '00000006 ffffffffffffffff 0000000c 0100001217950000 00001f40 ffffffff'],
  ['REVALIDATE', '00000006 ffffffffffffffff 00000009 0100001217950000 01 ffffffff'],
  ['COMMITANDACTIVATE', '00000009 0000000100000003 00000008 0000000000000003 ffffffff'],
  ['INFORMANDACTIVATE', '00000013 0000000100000003 0000000a 0000000000000003 aabb ffffffff'],
  ['INFORM', '00000008 0000000100000002 00000003 010203 ffffffff'],
];

/** Packets as text, exactly as they came; answers what the test tells it, else `taken`. */
function collector(verdicts: PacketVerdict[] = []) {
  const packets: string[] = [];
  const raw: number[] = [];
  let reader: PacketReader | null = null;
  let rawBytes = 0;
  let rawLimit = Number.POSITIVE_INFINITY;
  const handler: PacketHandler = {
    onPacket(type, zxidHi, zxidLo, bytes, dataOffset, dataLength, idsOffset, idsLength) {
      const verdict = verdicts.shift() ?? PacketVerdict.taken;
      if (verdict === PacketVerdict.later) return verdict;
      const zxid = new Uint8Array(8);
      new DataView(zxid.buffer).setInt32(0, zxidHi);
      new DataView(zxid.buffer).setInt32(4, zxidLo);
      const data = dataLength < 0 ? 'none' : toHex(bytes.subarray(dataOffset, dataOffset + dataLength));
      packets.push(
        `${packetName(type)} ${toHex(zxid)} ${data} ${toHex(bytes.subarray(idsOffset, idsOffset + idsLength))}`,
      );
      return verdict;
    },
    onRaw(bytes, offset, length) {
      const count = Math.min(length, rawBytes, rawLimit);
      for (let i = 0; i < count; i++) raw.push(bytes[offset + i]);
      rawBytes -= count;
      rawLimit -= count;
      if (rawBytes === 0) reader?.packetsFollow();
      return count;
    },
  };
  return {
    packets,
    raw,
    handler,
    expectRaw(count: number, of: PacketReader, limit = Number.POSITIVE_INFINITY) {
      rawBytes = count;
      rawLimit = limit;
      reader = of;
    },
    allowRaw(limit: number) {
      rawLimit = limit;
    },
  };
}

function readAll(bytes: Uint8Array): string[] {
  const { packets, handler } = collector();
  const reader = new PacketReader(PART_MAX);
  expect(reader.push(bytes, bytes.length, handler)).toBe(PacketResult.drained);
  expect(reader.restBytes).toBe(0);
  return packets;
}

describe('packets of reference servers', () => {
  test.each(GOLDEN)('%s', (name, hex) => {
    const bytes = fromHex(hex);
    const [packet, ...others] = readAll(bytes);
    expect(others).toEqual([]);
    const [readName, zxid, data, ids] = packet.split(' ');
    expect(readName).toBe(name);

    const type = readInt32(bytes, 0);
    const zxidBytes = fromHex(zxid);
    const out = new PacketBuffer();
    const hi = readInt32(zxidBytes, 0);
    const lo = readInt32(zxidBytes, 4);
    const dataBytes = data === 'none' ? null : fromHex(data);
    if (ids !== 'ffffffff' && dataBytes !== null) {
      const idBytes = fromHex(ids);
      out.begin(type, hi, lo);
      out.putBytes(dataBytes, 0, dataBytes.length);
      out.endWithIds(idBytes, 0, idBytes.length);
    } else if (dataBytes === null) out.empty(type, hi, lo);
    else out.withData(type, hi, lo, dataBytes, 0, dataBytes.length);
    expect(toHex(out.bytes.subarray(0, out.length))).toBe(toHex(bytes));
  });

  test('what stands in a REQUEST and in a PROPOSAL is found where it is drawn', () => {
    const request = fromHex(REQUEST_CREATE).subarray(16);
    expect(readInt32(request, REQUEST_CXID)).toBe(1);
    expect(readInt32(request, REQUEST_OP)).toBe(1);
    expect(toHex(request.subarray(REQUEST_BODY, REQUEST_BODY + 6))).toBe('000000022f61');
    const entry = fromHex(PROPOSAL_CREATE).subarray(16);
    expect([readInt32(entry, TXN_ZXID_HI), readInt32(entry, TXN_ZXID_LO)]).toEqual([1, 2]);
    const informAndActivate = fromHex(GOLDEN.find(([name]) => name === 'INFORMANDACTIVATE')?.[1] ?? '').subarray(16);
    expect(toHex(informAndActivate.subarray(ACTIVATE_ENTRY, ACTIVATE_ENTRY + 2))).toBe('aabb');
  });

  test('a packet written piece by piece is the one written at once', () => {
    const out = new PacketBuffer();
    out.begin(PacketType.followerInfo, 0, 0);
    out.putLong(0, 1);
    out.putInt(QUORUM_PROTOCOL_VERSION);
    out.putLong(0, 0);
    out.end();
    expect(toHex(out.bytes.subarray(0, out.length))).toBe(toHex(fromHex(GOLDEN[0][1])));
  });

  test('LearnerInfo of 8, 12 and 20 bytes', () => {
    const info = fromHex('8000000000000004 00010000 0000000100000002');
    const whole = { sidHi: -0x80000000, sidLo: 4, protocolVersion: 0x10000, configVersionHi: 1, configVersionLo: 2 };
    expect(readLearnerInfo(info, 0, 20)).toEqual(whole);
    expect(readLearnerInfo(info, 0, 12)).toEqual({ ...whole, configVersionHi: 0, configVersionLo: 0 });
    expect(readLearnerInfo(info, 0, 8)).toEqual({
      ...whole,
      protocolVersion: 1,
      configVersionHi: 0,
      configVersionLo: 0,
    });
    expect(readLearnerInfo(info, 0, 7)).toBeNull();
  });
});

describe('the stream', () => {
  const stream = fromHex(GOLDEN.map(([, hex]) => hex).join(''));
  const expected = readAll(stream);

  test('cut at any byte, once', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const { packets, handler } = collector();
      const reader = new PacketReader(PART_MAX);
      reader.push(stream.slice(0, cut), cut, handler);
      reader.push(stream.slice(cut), stream.length - cut, handler);
      expect(packets).toEqual(expected);
    }
  });

  test('byte by byte, from one memory that is used again', () => {
    const { packets, handler } = collector();
    const reader = new PacketReader(PART_MAX);
    const memory = new Uint8Array(1);
    for (const byte of stream) {
      memory[0] = byte;
      expect(reader.push(memory, 1, handler)).toBe(PacketResult.drained);
    }
    expect(packets).toEqual(expected);
    expect(reader.restBytes).toBe(0);
  });

  test('cut anywhere, with packets put off until later', () => {
    const prng = new Prng(11);
    for (let round = 0; round < 300; round++) {
      const verdicts = Array.from({ length: 60 }, () =>
        prng.below(3) === 0 ? PacketVerdict.later : PacketVerdict.taken,
      );
      const { packets, handler } = collector(verdicts);
      const reader = new PacketReader(PART_MAX);
      for (let at = 0; at < stream.length; ) {
        const count = Math.min(1 + prng.below(150), stream.length - at);
        let result = reader.push(stream.slice(at, at + count), count, handler);
        while (result === PacketResult.later && prng.below(4) > 0) result = reader.resume(handler);
        at += count;
      }
      for (let tries = 0; reader.resume(handler) === PacketResult.later; tries++) expect(tries).toBeLessThan(100);
      expect(packets).toEqual(expected);
      expect(reader.restBytes).toBe(0);
    }
  });

  test('a whole packet is handed out where it lies', () => {
    const reader = new PacketReader(PART_MAX);
    const seen: Uint8Array[] = [];
    const handler: PacketHandler = {
      onPacket(_type, _hi, _lo, bytes) {
        seen.push(bytes);
        return PacketVerdict.taken;
      },
      onRaw: () => -1,
    };
    reader.push(stream, stream.length, handler);
    expect(seen.every((bytes) => bytes === stream)).toBe(true);
  });

  test('nothing is handed out behind the packet that closed the connection', () => {
    const { packets, handler } = collector([PacketVerdict.taken, PacketVerdict.closed]);
    const reader = new PacketReader(PART_MAX);
    expect(reader.push(stream, stream.length, handler)).toBe(PacketResult.closed);
    expect(packets).toHaveLength(2);
  });
});

describe('bytes that are no packets', () => {
  const snap = fromHex('0000000f 0000000100000006 ffffffff ffffffff');
  const upToDate = fromHex('0000000c ffffffffffffffff ffffffff ffffffff');
  const content = Uint8Array.from({ length: 100 }, (_, i) => i);
  const stream = Uint8Array.from([...snap, ...content, ...upToDate]);

  test('follow SNAP, and packets follow them, however the stream is cut', () => {
    for (let cut = 0; cut <= stream.length; cut++) {
      const reader = new PacketReader(PART_MAX);
      const seen = collector([PacketVerdict.raw]);
      seen.expectRaw(content.length, reader);
      reader.push(stream.slice(0, cut), cut, seen.handler);
      reader.push(stream.slice(cut), stream.length - cut, seen.handler);
      expect(seen.raw).toEqual([...content]);
      expect(seen.packets.map((packet) => packet.split(' ')[0])).toEqual(['SNAP', 'UPTODATE']);
    }
  });

  test('may be put off', () => {
    const reader = new PacketReader(PART_MAX);
    const seen = collector([PacketVerdict.raw]);
    seen.expectRaw(content.length, reader, 30);
    expect(reader.push(stream, stream.length, seen.handler)).toBe(PacketResult.later);
    expect(seen.raw).toHaveLength(30);
    expect(reader.resume(seen.handler)).toBe(PacketResult.later);
    seen.allowRaw(1000);
    expect(reader.resume(seen.handler)).toBe(PacketResult.drained);
    expect(seen.raw).toEqual([...content]);
    expect(seen.packets).toHaveLength(2);
  });

  test('may close the connection', () => {
    const reader = new PacketReader(PART_MAX);
    const handler: PacketHandler = { onPacket: () => PacketVerdict.raw, onRaw: () => -1 };
    expect(reader.push(stream, stream.length, handler)).toBe(PacketResult.closed);
  });
});

describe('lengths that lie', () => {
  function fault(hex: string, partBytesMax = 1000): string {
    const { packets, handler } = collector();
    const reader = new PacketReader(partBytesMax);
    const bytes = fromHex(hex);
    expect(reader.push(bytes, bytes.length, handler)).toBe(PacketResult.malformed);
    expect(packets).toEqual([]);
    return reader.fault;
  }

  test.each([
    ['data below -1', '00000001 0000000000000000 fffffffe ffffffff', 'data of length -2'],
    ['data beyond the limit', '00000001 0000000000000000 000003e9 ffffffff', 'data of length 1001'],
    ['ids below -1', '00000001 0000000000000000 ffffffff fffffffe', 'ids of length -2'],
    ['ids beyond the limit', '00000001 0000000000000000 ffffffff 7fffffff', 'ids of length 2147483647'],
    ['an id below -1', '00000001 0000000000000000 ffffffff 00000001 fffffff0', 'an id of length -16'],
    ['an id beyond the limit', '00000001 0000000000000000 ffffffff 00000001 000003e8', 'an id of length 1000'],
  ])('%s', (_name, hex, words) => {
    expect(fault(hex)).toContain(words);
  });

  test('null ids within a vector, and data of the greatest length, are taken', () => {
    expect(readAll(fromHex('00000001 0000000000000000 ffffffff 00000001 ffffffff ffffffff'))).toHaveLength(1);
    const reader = new PacketReader(10);
    const { packets, handler } = collector();
    const bytes = fromHex('00000001 0000000000000000 0000000a 00010203040506070809 ffffffff');
    expect(reader.push(bytes, bytes.length, handler)).toBe(PacketResult.drained);
    expect(packets).toHaveLength(1);
  });

  test('a length that is only announced costs no memory', () => {
    const reader = new PacketReader(1 << 30);
    const { handler } = collector();
    const bytes = fromHex('00000001 0000000000000000 3fffffff 00000000');
    expect(reader.push(bytes, bytes.length, handler)).toBe(PacketResult.drained);
    expect(reader.restBytes).toBe(bytes.length);
    const { rest } = reader as unknown as { rest: Uint8Array };
    expect(rest.length).toBeLessThan(1024);
  });

  test('ids that come one byte at a time are looked through once', () => {
    const count = 20_000;
    const bytes = new Uint8Array(20 + count * 8);
    bytes.set(fromHex('00000001 0000000000000000 ffffffff'), 0);
    new DataView(bytes.buffer).setInt32(16, count);
    const reader = new PacketReader(PART_MAX);
    const { packets, handler } = collector();
    const memory = new Uint8Array(1);
    for (const byte of bytes) {
      memory[0] = byte;
      reader.push(memory, 1, handler);
    }
    expect(packets).toHaveLength(1);
  });
});

describe('sending', () => {
  function socketThat(takes: boolean) {
    const writes: string[] = [];
    const socket: PeerSocket = {
      remoteAddress: '',
      remotePort: 0,
      queuedBytes: 0,
      write(bytes, offset, length) {
        writes.push(toHex(bytes.subarray(offset, offset + length)));
        return takes;
      },
      pause: () => undefined,
      resume: () => undefined,
      end: () => undefined,
      destroy: () => undefined,
    };
    return { socket, writes };
  }

  test('one write for all packets, none for nothing', () => {
    const { socket, writes } = socketThat(true);
    const out = new PacketBuffer();
    out.flush(socket);
    out.empty(PacketType.ack, 1, 1);
    out.empty(PacketType.ack, 1, 2);
    out.flush(socket);
    expect(writes).toEqual(['000000030000000100000001ffffffffffffffff000000030000000100000002ffffffffffffffff']);
    out.flush(socket);
    expect(writes).toHaveLength(1);
  });

  test.each([true, false])('memory is used again only if the socket took everything (%s)', (takes) => {
    const { socket } = socketThat(takes);
    const out = new PacketBuffer();
    const before = out.bytes;
    out.empty(PacketType.ack, 1, 1);
    out.flush(socket);
    expect(out.bytes === before).toBe(takes);
  });
});
