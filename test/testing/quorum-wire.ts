/**
 * The quorum and election protocols spoken byte by byte, by hand: packets, notifications, transaction bodies, for tests that play
 * a peer. Shares no code with the product on purpose, so that a mistake in the product's codecs cannot hide itself. Knows no
 * rules of who says what when; the test's script does.
 */
import { createServer, type Server } from 'node:net';
import { until, within } from './until.js';
import { counted, int32, int64, openAcl, WireConnection } from './wire-connection.js';

export const Packet = {
  Request: 1,
  Proposal: 2,
  Ack: 3,
  Commit: 4,
  Ping: 5,
  Revalidate: 6,
  Sync: 7,
  Inform: 8,
  NewLeader: 10,
  FollowerInfo: 11,
  UpToDate: 12,
  Diff: 13,
  Trunc: 14,
  Snap: 15,
  ObserverInfo: 16,
  LeaderInfo: 17,
  AckEpoch: 18,
} as const;

export const PeerState = { Looking: 0, Following: 1, Leading: 2, Observing: 3 } as const;

const DEADLINE_MS = 15_000;
const PROTOCOL_VERSION = 0x10000;

export interface QuorumPacket {
  readonly type: number;
  readonly zxid: bigint;
  readonly data: Buffer | null;
}

export function zxidOf(epoch: number, counter: number): bigint {
  return (BigInt(epoch) << 32n) | BigInt(counter);
}

/** One connection to, or from, a quorum port. */
export class QuorumLink {
  private readonly connection: WireConnection;

  constructor(connection: WireConnection) {
    this.connection = connection;
  }

  static async connect(port: number): Promise<QuorumLink> {
    return new QuorumLink(await WireConnection.open(port));
  }

  get closed(): Promise<boolean> {
    return this.connection.closed;
  }

  send(type: number, zxid: bigint, data: Uint8Array | null = null): void {
    this.connection.send(packetBytes(type, zxid, data));
  }

  /** Several packets in one write. */
  sendAll(...packets: readonly (readonly [type: number, zxid: bigint, data?: Uint8Array])[]): void {
    this.connection.send(...packets.map(([type, zxid, data]) => packetBytes(type, zxid, data ?? null)));
  }

  sendRaw(bytes: Uint8Array): void {
    this.connection.send(bytes);
  }

  /** Null when the peer has closed the connection. */
  async next(deadlineMs = DEADLINE_MS): Promise<QuorumPacket | null> {
    const { connection } = this;
    const head = await connection.readBytes(16, deadlineMs);
    if (head === null) return null;
    const length = head.readInt32BE(12);
    const data = length < 0 ? null : ((await connection.readBytes(length, deadlineMs)) ?? Buffer.alloc(0));
    const ids = (await connection.readBytes(4, deadlineMs))?.readInt32BE(0) ?? -1;
    for (let i = 0; i < ids * 2; i++) {
      const text = (await connection.readBytes(4, deadlineMs))?.readInt32BE(0) ?? 0;
      await connection.readBytes(Math.max(text, 0), deadlineMs);
    }
    return { type: head.readInt32BE(0), zxid: head.readBigInt64BE(4), data };
  }

  /** The next packet that is no PING, and none of `passing`; it must be of this type. */
  async nextOf(type: number, passing: readonly number[] = [], deadlineMs = DEADLINE_MS): Promise<QuorumPacket> {
    for (;;) {
      const packet = await this.next(deadlineMs);
      if (packet?.type === type) return packet;
      if (packet?.type === Packet.Ping || (packet !== null && passing.includes(packet.type))) continue;
      throw new Error(`wanted a packet of type ${type}, got ${packet === null ? 'the end' : describePacket(packet)}`);
    }
  }

  /** A snapshot as it is streamed behind a SNAP packet: everything up to its signature. */
  async readSnapshot(deadlineMs = DEADLINE_MS): Promise<Buffer> {
    const end = Buffer.concat([counted('/'), counted('BenWasHere')]);
    const bytes: Buffer[] = [];
    for (let tail = Buffer.alloc(0); !tail.equals(end); ) {
      const byte = await this.connection.readBytes(1, deadlineMs);
      if (byte === null) throw new Error('closed inside a snapshot');
      bytes.push(Buffer.from(byte));
      tail = Buffer.concat([tail, byte]).subarray(-end.length);
    }
    return Buffer.concat(bytes);
  }

  destroy(): void {
    this.connection.destroy();
  }
}

export function describePacket({ type, zxid, data }: QuorumPacket): string {
  const name = Object.entries(Packet).find(([, value]) => value === type)?.[0] ?? `type ${type}`;
  return `${name} 0x${zxid.toString(16)}${data === null ? '' : ` ${data.toString('hex')}`}`;
}

function packetBytes(type: number, zxid: bigint, data: Uint8Array | null): Buffer {
  return Buffer.concat([int32(type), int64(zxid), counted(data), int32(-1)]);
}

export function learnerInfo(sid: number, configVersion = 0n): Buffer {
  return Buffer.concat([int64(BigInt(sid)), int32(PROTOCOL_VERSION), int64(configVersion)]);
}

export const leaderInfoData: Buffer = int32(PROTOCOL_VERSION);

/** Header and record; no digest, which is optional. */
function txn(session: bigint, cxid: number, zxid: bigint, type: number, record: Uint8Array): Buffer {
  const time = 1_700_000_000_000n + (zxid & 0xffff_ffffn);
  return Buffer.concat([int64(session), int32(cxid), int64(zxid), int64(time), int32(type), record]);
}

export function createTxn(zxid: bigint, path: string, data: string, parentCversion: number): Buffer {
  const record = Buffer.concat([counted(path), counted(data), openAcl, Uint8Array.of(0), int32(parentCversion)]);
  return txn(0x0100_0000_0000_0001n, 1, zxid, 1, record);
}

export function createSessionTxn(zxid: bigint, session: bigint, timeoutMs: number): Buffer {
  return txn(session, 0, zxid, -10, int32(timeoutMs));
}

/** The sids of a configuration and its text as every notification carries it. */
export function configText(
  members: Readonly<Record<number, readonly [quorumPort: number, electionPort: number]>>,
): string {
  const lines = Object.entries(members).map(
    ([sid, [quorumPort, electionPort]]) => `server.${sid}=127.0.0.1:${quorumPort}:${electionPort}:participant\n`,
  );
  return `${lines.join('')}version=0`;
}

export interface Notification {
  readonly state: number;
  readonly leader: number;
  readonly zxid: bigint;
  readonly round: number;
  readonly peerEpoch: number;
}

/** An election connection that this side has opened: it must have the greater sid. */
export class ElectionLink {
  private readonly connection: WireConnection;
  private readonly config: string;

  private constructor(connection: WireConnection, config: string) {
    this.connection = connection;
    this.config = config;
  }

  static async connect(port: number, sid: number, ownElectionPort: number, config: string): Promise<ElectionLink> {
    const connection = await WireConnection.open(port);
    connection.send(int64(-65536n), int64(BigInt(sid)), counted(`127.0.0.1:${ownElectionPort}`));
    return new ElectionLink(connection, config);
  }

  send({ state, leader, zxid, round, peerEpoch }: Notification): void {
    const payload = Buffer.concat([
      int32(state),
      int64(BigInt(leader)),
      int64(zxid),
      int64(BigInt(round)),
      int64(BigInt(peerEpoch)),
      int32(2),
      counted(this.config),
    ]);
    this.connection.send(counted(payload));
  }

  async next(deadlineMs = DEADLINE_MS): Promise<Notification | null> {
    const payload = await this.connection.nextFrame(deadlineMs);
    if (payload === null) return null;
    return {
      state: payload.readInt32BE(0),
      leader: Number(payload.readBigInt64BE(4)),
      zxid: payload.readBigInt64BE(12),
      round: Number(payload.readBigInt64BE(20)),
      peerEpoch: Number(payload.readBigInt64BE(28)),
    };
  }

  destroy(): void {
    this.connection.destroy();
  }
}

/** A quorum port of a scripted leader: learners come in, one link each. */
export class QuorumPort {
  private readonly server: Server;
  private readonly links: QuorumLink[] = [];
  private readonly all: QuorumLink[] = [];

  private constructor(server: Server) {
    this.server = server;
    server.on('connection', (socket) => {
      const link = new QuorumLink(WireConnection.of(socket));
      this.links.push(link);
      this.all.push(link);
    });
  }

  static async listen(port: number): Promise<QuorumPort> {
    const server = createServer();
    const listening = new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: '127.0.0.1' }, resolve);
    });
    await within('the quorum port to listen', DEADLINE_MS, listening);
    return new QuorumPort(server);
  }

  async accept(deadlineMs = DEADLINE_MS): Promise<QuorumLink> {
    return await until('a learner to connect', deadlineMs, () => this.links.shift());
  }

  close(): void {
    for (const link of this.all) link.destroy();
    this.server.close();
  }
}
