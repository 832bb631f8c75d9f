/**
 * Packets of quorum SASL (ensemble-protocol 10.1), read from any chunks and made whole. Pure; one reader per connection. What claims
 * to be longer than any token is wrong before a byte of it is kept.
 *
 *   0   long  magic 5F2435013501EDCC
 *   8   int   status: 0 in progress, 1 success, -1 error
 *   12  int   length of the token, -1 none
 *   16  token
 */

export const AuthStatus = { inProgress: 0, success: 1, error: -1 } as const;
export type AuthStatus = (typeof AuthStatus)[keyof typeof AuthStatus];

/** No packet of another kind, and no frame of an election, begins so. */
export const MAGIC_FIRST_BYTE = 0x5f;
const MAGIC_HI = 0x5f243501;
const MAGIC_LO = 0x3501edcc;
const HEAD_BYTES = 16;
/** A DIGEST-MD5 message is at most that long by its RFC, a challenge half. */
const TOKEN_BYTES_MAX = 4096;
const NO_TOKEN = new Uint8Array(0);

export interface QuorumAuthPacket {
  readonly status: AuthStatus;
  readonly token: Uint8Array;
}

export function encodeAuthPacket(status: AuthStatus, token: Uint8Array): Uint8Array {
  const packet = new Uint8Array(HEAD_BYTES + token.length);
  const view = new DataView(packet.buffer);
  view.setInt32(0, MAGIC_HI);
  view.setInt32(4, MAGIC_LO);
  view.setInt32(8, status);
  view.setInt32(12, token.length);
  packet.set(token, HEAD_BYTES);
  return packet;
}

export class AuthPacketReader {
  private readonly bytes = new Uint8Array(HEAD_BYTES + TOKEN_BYTES_MAX);
  private readonly view = new DataView(this.bytes.buffer);
  private have = 0;
  /** Of the bytes last fed: as far as the packet's end, or all. */
  consumed = 0;
  /** The packet, once it is whole: valid until the next call. */
  packet: QuorumAuthPacket | null = null;

  /** What is wrong with it; null: nothing so far. */
  feed(bytes: Uint8Array, offset: number, length: number): string | null {
    this.packet = null;
    this.consumed = this.take(bytes, offset, length, HEAD_BYTES);
    if (this.have < HEAD_BYTES) return this.startsWell() ? null : 'it does not begin as a packet of authentication';
    if (!this.startsWell()) return 'it does not begin as a packet of authentication';
    const status = this.view.getInt32(8);
    if (status < AuthStatus.error || status > AuthStatus.success) return `status ${status}`;
    const tokenBytes = this.view.getInt32(12);
    if (tokenBytes < -1 || tokenBytes > TOKEN_BYTES_MAX) return `a token of ${tokenBytes} bytes`;
    const packetBytes = HEAD_BYTES + Math.max(tokenBytes, 0);
    this.consumed += this.take(bytes, offset + this.consumed, length - this.consumed, packetBytes);
    if (this.have < packetBytes) return null;
    const token = tokenBytes <= 0 ? NO_TOKEN : this.bytes.slice(HEAD_BYTES, packetBytes);
    this.packet = { status: status as AuthStatus, token };
    this.have = 0;
    return null;
  }

  private startsWell(): boolean {
    for (let i = 0; i < Math.min(this.have, 8); i++) {
      const word = i < 4 ? MAGIC_HI : MAGIC_LO;
      if (this.bytes[i] !== ((word >>> (24 - 8 * (i & 3))) & 0xff)) return false;
    }
    return true;
  }

  /** Up to `upTo` bytes in all; how many were taken now. */
  private take(bytes: Uint8Array, offset: number, length: number, upTo: number): number {
    const count = Math.max(0, Math.min(length, upTo - this.have));
    this.bytes.set(bytes.subarray(offset, offset + count), this.have);
    this.have += count;
    return count;
  }
}
