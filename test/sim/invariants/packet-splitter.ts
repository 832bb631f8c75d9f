/**
 * Cuts what one side of a quorum connection writes into packets, whole, and passes over the stream of a snapshot behind a SNAP
 * packet: for those who look on, and for those who change what they see.
 */
import { type PacketHandler, PacketReader, PacketVerdict } from '../../../src/zab/packet-reader.js';
import { PACKET_HEADER_BYTES, PacketType } from '../../../src/zab/quorum-packet.js';
import { zxidNumber } from './txn-history.js';

/** The end of a snapshot's stream: the path "/", and the signature. */
const STREAM_END = [0, 0, 0, 1, 0x2f, 0, 0, 0, 10, ...'BenWasHere'].map((byte) =>
  typeof byte === 'number' ? byte : byte.charCodeAt(0),
);
const PART_BYTES_MAX = 64 << 20;

export interface SplitterEvents {
  /** The whole packet; the bytes are valid during the call only. */
  onPacket(type: number, zxid: number, bytes: Uint8Array): void;
  onStream?(bytes: Uint8Array): void;
}

export class PacketSplitter {
  private readonly reader = new PacketReader(PART_BYTES_MAX);
  private readonly handler: PacketHandler;
  private matched = 0;

  constructor(events: SplitterEvents) {
    this.handler = {
      onPacket: (type, zxidHi, zxidLo, bytes, dataOffset, _dataLength, idsOffset, idsLength) => {
        const whole = bytes.subarray(dataOffset - PACKET_HEADER_BYTES, idsOffset + idsLength);
        events.onPacket(type, zxidNumber(zxidHi, zxidLo), whole);
        return type === PacketType.snap ? PacketVerdict.raw : PacketVerdict.taken;
      },
      onRaw: (bytes, offset, length) => {
        const taken = this.pass(bytes, offset, length);
        events.onStream?.(bytes.subarray(offset, offset + taken));
        return taken;
      },
    };
  }

  push(bytes: Uint8Array, offset: number, length: number): void {
    this.reader.push(bytes.subarray(offset, offset + length), length, this.handler);
  }

  private pass(bytes: Uint8Array, offset: number, length: number): number {
    for (let i = 0; i < length; i++) {
      const byte = bytes[offset + i];
      if (byte === STREAM_END[this.matched]) this.matched++;
      else this.matched = fallBack(this.matched, byte);
      if (this.matched < STREAM_END.length) continue;
      this.matched = 0;
      this.reader.packetsFollow();
      return i + 1;
    }
    return length;
  }
}

/** Of a stream that did not go on as the end would: how much of the end its last bytes still are. */
function fallBack(matched: number, byte: number): number {
  for (let length = matched; length > 0; length--) {
    const isPrefix = STREAM_END.slice(0, length - 1).every(
      (expected, index) => expected === STREAM_END[matched - length + 1 + index],
    );
    if (isPrefix && STREAM_END[length - 1] === byte) return length;
  }
  return 0;
}
