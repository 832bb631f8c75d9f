// A learner that is a script, at the other end of a Leader's connections: it says what the test says, or goes on by itself as a good
// learner would, and keeps what it is told as texts, zxids written epoch.counter.

import { readInt32 } from '../../../src/base/bytes.js';
import { decodeUtf8 } from '../../../src/base/utf8.js';
import type { PeerSocket, PeerSocketEvents } from '../../../src/election/peer-network.js';
import type { MemberAddress } from '../../../src/election/quorum-verifier.js';
import { PacketBuffer } from '../../../src/zab/packet-buffer.js';
import { PacketReader, PacketVerdict } from '../../../src/zab/packet-reader.js';
import { PacketType, packetName } from '../../../src/zab/quorum-packet.js';
import type { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import { toHex } from './hex.js';

import { zxidOf, zxidText } from './zxid-words.js';

/** Of what comes in greater pieces no hex is kept. */
const HEX_BYTES_MAX = 16 << 10;

export interface LearnerOptions {
  readonly observer?: boolean;
  /** What it says it has accepted, and what its history is of. */
  readonly acceptedEpoch?: number;
  readonly currentEpoch?: number;
  readonly last?: string;
  /** Goes on by itself as a good learner would. */
  readonly auto?: boolean;
  /** Says who it is when it is connected. */
  readonly isSilent?: boolean;
  /** Hex of its LearnerInfo, if another one. */
  readonly info?: string;
}

/** What it sees of the stage. */
export interface LearnersSide {
  readonly network: SimPeerNetwork;
  leaderAddress(): MemberAddress;
  settle(): void;
}

export class ScriptedLearner implements PeerSocketEvents {
  /** Packets, as texts. */
  readonly got: string[] = [];
  hex = '';
  stream = '';
  closed = '';
  /** Does not acknowledge proposals. */
  isSlow = false;
  /** Leaves PINGs unanswered. */
  isSilent = false;
  /** As a machine without power: it hears nothing, and nobody hears of it. */
  isMute = false;
  readonly sid: number;
  private readonly options: LearnerOptions;
  private readonly out = new PacketBuffer();
  private readonly reader = new PacketReader(1 << 20);
  private readonly socket: PeerSocket;
  private readonly stage: LearnersSide;
  private isUpToDate = false;
  private raw = '';

  constructor(stage: LearnersSide, sid: number, options: LearnerOptions) {
    this.stage = stage;
    this.sid = sid;
    this.options = options;
    const { host, quorumPort } = stage.leaderAddress();
    const address = { host, port: quorumPort };
    this.socket = stage.network.host(`m${sid}`).connect([address], 1000, this);
  }

  take(): string[] {
    return this.got.splice(0);
  }

  /** The bytes as they came, since the last time. */
  takeHex(): string {
    const { hex } = this;
    this.hex = '';
    return hex;
  }

  onOpen(): void {
    if (this.options.isSilent !== true) this.introduce();
  }

  introduce(): void {
    const { options, out, sid } = this;
    const type = options.observer === true ? PacketType.observerInfo : PacketType.followerInfo;
    const epoch = options.acceptedEpoch ?? zxidOf(options.last ?? '0.0')[0];
    if (options.info !== undefined) {
      const info = Uint8Array.from(options.info.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
      if (info.length === 0) out.empty(type, epoch, 0);
      else out.withData(type, epoch, 0, info, 0, info.length);
    } else {
      out.begin(type, epoch, 0);
      out.putLong(sid < 0 ? -1 : 0, sid);
      out.putInt(0x10000);
      out.putLong(0, 0);
      out.end();
    }
    this.flush();
  }

  /** As on the wire. */
  sendHex(hex: string): void {
    const bytes = Uint8Array.from(hex.replace(/\s+/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    this.socket.write(bytes, 0, bytes.length);
    this.stage.settle();
  }

  /** `ACK 1.3` or with data in hex behind it. */
  send(text: string): void {
    this.put(text);
    this.flush();
    this.stage.settle();
  }

  end(): void {
    this.socket.destroy();
    this.stage.settle();
  }

  onData(bytes: Uint8Array, length: number): void {
    if (this.isMute) return;
    if (length < HEX_BYTES_MAX) this.hex += toHex(bytes.subarray(0, length));
    this.reader.push(bytes, length, {
      onPacket: (type, hi, lo, from, offset, dataLength) => {
        const data = dataLength < 0 ? null : from.slice(offset, offset + dataLength);
        return this.onPacket(type, hi, lo, data);
      },
      onRaw: (from, offset, count) => this.onRaw(from, offset, count),
    });
    this.flush();
  }

  onDrain(): void {}

  onClose(reason: string): void {
    this.closed = reason === '' ? 'closed' : reason;
  }

  private onPacket(type: number, hi: number, lo: number, data: Uint8Array | null): PacketVerdict {
    const zxid = zxidText(hi, lo);
    this.got.push(`${packetName(type)} ${zxid}${dataText(type, data)}`);
    if (type === PacketType.snap) {
      this.raw = '';
      return PacketVerdict.raw;
    }
    if (this.options.auto === true) this.answer(type, zxid);
    return PacketVerdict.taken;
  }

  private answer(type: number, zxid: string): void {
    const { currentEpoch, last = '0.0' } = this.options;
    switch (type) {
      case PacketType.leaderInfo: {
        const epoch = (currentEpoch ?? zxidOf(last)[0]) | 0;
        this.put(`ACKEPOCH ${last} ${(epoch >>> 0).toString(16).padStart(8, '0')}`);
        return;
      }
      case PacketType.newLeader:
        this.put(`ACK ${zxid}`);
        return;
      case PacketType.upToDate:
        this.isUpToDate = true;
        return;
      case PacketType.proposal:
        if (this.isUpToDate && !this.isSlow) this.put(`ACK ${zxid}`);
        return;
      case PacketType.ping:
        if (this.isUpToDate && !this.isSilent) this.putPing(zxid);
        return;
      default:
    }
  }

  private putPing(zxid: string): void {
    this.out.begin(PacketType.ping, ...zxidOf(zxid));
    this.out.end();
  }

  put(text: string): void {
    const [name, zxid, hex] = text.split(' ');
    let type = 1;
    while (packetName(type) !== name) type++;
    const [hi, lo] = zxid === '-1' ? [-1, -1] : zxidOf(zxid);
    if (hex === undefined) {
      this.out.empty(type, hi, lo);
      return;
    }
    const data = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    this.out.withData(type, hi, lo, data, 0, data.length);
  }

  private onRaw(bytes: Uint8Array, offset: number, count: number): number {
    const before = this.raw.length;
    this.raw += decodeUtf8(bytes, offset, count);
    const end = this.raw.indexOf('\0\0\0\nBenWasHere', Math.max(0, before - 20));
    if (end < 0) return count;
    const length = end + 14;
    this.stream = this.raw.slice(0, end);
    this.got.push(`(${this.stream})`);
    this.reader.packetsFollow();
    return length - before;
  }

  flush(): void {
    this.out.flush(this.socket);
  }
}

function dataText(type: number, data: Uint8Array | null): string {
  if (data === null) return '';
  switch (type) {
    case PacketType.proposal:
    case PacketType.inform: {
      const zxid = zxidText(readInt32(data, 12), readInt32(data, 16));
      return ` [${zxid}]`;
    }
    case PacketType.newLeader:
      return ` ${/version=(.*)$/.exec(decodeUtf8(data, 0, data.length))?.[1] ?? 'no config'}`;
    case PacketType.informAndActivate:
      return ` ${toHex(data.subarray(0, 8))} [${zxidText(readInt32(data, 20), readInt32(data, 24))}]`;
    default:
      return ` ${toHex(data)}`;
  }
}
