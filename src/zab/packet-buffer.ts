/**
 * What is to be sent on one quorum connection in one turn: packets, one behind the other, in memory that grows and is used
 * again. Owned by the connection, on the quorum peer's thread. No allocation per packet; one socket write per flush.
 *
 * A packet is written at once (`empty`, `withData`), or piece by piece between `begin` and `end`.
 */
import { assert } from '../base/assert.js';
import { copyBytes, writeInt32 } from '../base/bytes.js';
import type { PeerSocket } from '../election/peer-network.js';
import { PACKET_BYTES_MIN, PACKET_HEADER_BYTES } from './quorum-packet.js';

const FIRST_BYTES = 4096;
/** Larger memory is given back once it is empty. */
const KEEP_BYTES_MAX = 1 << 20;
const DATA_LENGTH = 12;

export class PacketBuffer {
  bytes = new Uint8Array(FIRST_BYTES);
  /** Bytes that wait. */
  length = 0;
  /** And packets. */
  packetCount = 0;
  /** Sent since the buffer was made: packets, and bytes. */
  sentCount = 0;
  sentBytes = 0;
  private packetAt = -1; // of the packet that is begun

  /** A packet without data. */
  empty(type: number, zxidHi: number, zxidLo: number): void {
    this.reserve(PACKET_BYTES_MIN);
    this.header(type, zxidHi, zxidLo, -1);
    this.int(-1);
  }

  withData(type: number, zxidHi: number, zxidLo: number, data: Uint8Array, offset: number, length: number): void {
    this.reserve(PACKET_BYTES_MIN + length);
    this.header(type, zxidHi, zxidLo, length);
    copyBytes(data, offset, this.bytes, this.length, length);
    this.length += length;
    this.int(-1);
  }

  /** The data follows by `putInt`, `putLong` and `putBytes`, up to `end` or `endWithIds`. */
  begin(type: number, zxidHi: number, zxidLo: number): void {
    assert(this.packetAt < 0, 'one packet at a time');
    this.reserve(PACKET_HEADER_BYTES);
    this.packetAt = this.length;
    this.header(type, zxidHi, zxidLo, 0);
  }

  putInt(value: number): void {
    this.reserve(4);
    this.int(value);
  }

  putLong(hi: number, lo: number): void {
    this.reserve(8);
    this.int(hi);
    this.int(lo);
  }

  putByte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  putBytes(source: Uint8Array, offset: number, length: number): void {
    this.reserve(length);
    copyBytes(source, offset, this.bytes, this.length, length);
    this.length += length;
  }

  /** Everything that another one holds. */
  putPackets(packets: PacketBuffer): void {
    this.putBytes(packets.bytes, 0, packets.length);
    this.packetCount += packets.packetCount;
  }

  end(): void {
    this.endData();
    this.putInt(-1);
  }

  /** `ids`: a whole vector<Id>, its count first. */
  endWithIds(ids: Uint8Array, offset: number, length: number): void {
    this.endData();
    this.putBytes(ids, offset, length);
  }

  /** Everything goes out in one write. */
  flush(socket: PeerSocket): void {
    assert(this.packetAt < 0, 'what is begun is ended');
    if (this.length === 0) return;
    const length = this.length;
    this.length = 0;
    this.sentBytes += length;
    this.sentCount += this.packetCount;
    this.packetCount = 0;
    if (!socket.write(this.bytes, 0, length)) {
      // The socket keeps the memory until the system has taken it.
      this.bytes = new Uint8Array(FIRST_BYTES);
    } else if (this.bytes.length > KEEP_BYTES_MAX) {
      this.bytes = new Uint8Array(FIRST_BYTES);
    }
  }

  clear(): void {
    if (this.bytes.length > KEEP_BYTES_MAX) this.bytes = new Uint8Array(FIRST_BYTES);
    this.length = 0;
    this.packetCount = 0;
    this.packetAt = -1;
  }

  private endData(): void {
    assert(this.packetAt >= 0, 'a packet was begun');
    writeInt32(this.bytes, this.packetAt + DATA_LENGTH, this.length - this.packetAt - PACKET_HEADER_BYTES);
    this.packetAt = -1;
  }

  private header(type: number, zxidHi: number, zxidLo: number, dataLength: number): void {
    this.packetCount++;
    this.int(type);
    this.int(zxidHi);
    this.int(zxidLo);
    this.int(dataLength);
  }

  private int(value: number): void {
    writeInt32(this.bytes, this.length, value);
    this.length += 4;
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}
