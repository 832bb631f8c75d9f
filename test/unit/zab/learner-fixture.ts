// A learner alone, between a leader that the test plays byte by byte and a pipeline that only writes down what it is given.
// Everything that leaves the learner, in whatever direction, stands in one list of words, in the order in which it happened:
//
//   > FOLLOWERINFO 0:0 ...     a packet to the leader          log 1:3       into the log
//   accepted 1, current 1      the two epochs on the disk      committed 1:3, serve follower, snapSave, ...   into the line
//
// Zxids are epoch:counter. `take()` gives the list and begins a new one.

import type { ActorContext } from '../../../src/actor/actor.js';
import { silentLogger } from '../../../src/actor/logger.js';
import type { MailboxSender } from '../../../src/actor/mailbox/mailbox.js';
import { assert } from '../../../src/base/assert.js';
import { readInt32 } from '../../../src/base/bytes.js';
import { type Clock, ManualClock } from '../../../src/base/clock.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import type { PeerAddress, PeerNetwork, PeerSocket, PeerSocketEvents } from '../../../src/election/peer-network.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import { CommittedLog } from '../../../src/persistence/committed-log.js';
import {
  FLAG_UNLOGGED,
  PIPELINE_HEADER_BYTES,
  RecordType,
  WORD_ERROR,
  WORD_FLAGS,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import { Learner } from '../../../src/zab/learner.js';
import type { LearnerHost, LearnerOptions, ObserverMasterOptions } from '../../../src/zab/learner-host.js';
import { PacketBuffer } from '../../../src/zab/packet-buffer.js';
import { PacketReader, PacketVerdict } from '../../../src/zab/packet-reader.js';
import { PipelinePort } from '../../../src/zab/pipeline-port.js';
import { ProposalHistory } from '../../../src/zab/proposal-history.js';
import { PacketType, packetName } from '../../../src/zab/quorum-packet.js';
import { ZabMeasures } from '../../../src/zab/zab-measures.js';
import { loneMetrics } from '../../testing/lone-metrics.js';
import { createEntry } from '../persistence/txn-entries.js';
import { toHex } from './hex.js';

export type Zxid = readonly [epoch: number, counter: number];

export const CONFIG_TEXT = `${[1, 2, 3].map((n) => `server.${n}=host${n}:2888:3888:participant\n`).join('')}version=0`;

const TICK_MS = 100;
export const INIT_LIMIT_MS = 10 * TICK_MS;
export const SYNC_LIMIT_MS = 5 * TICK_MS;
const RING_BYTES = 4096;

/** The entry of a transaction that nobody looks into. */
export function entryAt([epoch, counter]: Zxid, path = `/n${counter}`): Uint8Array {
  return createEntry((BigInt(epoch) << 32n) | BigInt(counter >>> 0), path, encodeUtf8('x'), 1);
}

function zxidText(hi: number, lo: number): string {
  return `${hi}:${lo}`;
}

function nameOf(names: Record<string, number>, value: number): string {
  return Object.entries(names).find(([, number]) => number === value)?.[0] ?? String(value);
}

/** An outbox whose records are told as soon as they are committed. */
class RecordingSender implements MailboxSender {
  bytes = new Uint8Array(0);
  words = new Int32Array(0);
  offset = 0;
  readonly spilled = false;
  /** Bytes that may still be given; infinite unless a test says otherwise. */
  room = Number.POSITIVE_INFINITY;
  refusals = 0;
  private type = 0;
  private readonly tell: (type: number, words: Int32Array, bytes: Uint8Array) => void;

  constructor(tell: (type: number, words: Int32Array, bytes: Uint8Array) => void) {
    this.tell = tell;
  }

  claim(type: number, length: number): void {
    this.type = type;
    const memory = new ArrayBuffer((length + 7) & ~7);
    this.bytes = new Uint8Array(memory).fill(0xee);
    this.words = new Int32Array(memory);
  }

  commit(): void {
    this.room -= this.bytes.length;
    this.tell(this.type, this.words, this.bytes);
  }

  hasRoom(byteCount: number): boolean {
    const hasRoom = this.room >= Math.min(byteCount, RING_BYTES);
    if (!hasRoom) this.refusals++;
    return hasRoom;
  }

  publish(): void {}
}

/** One connection: what the learner writes is told, what the leader says is put in. */
class ScriptedSocket implements PeerSocket {
  readonly remoteAddress = '10.0.0.2';
  readonly remotePort = 2888;
  queuedBytes = 0;
  isPaused = false;
  isDestroyed = false;
  readonly events: PeerSocketEvents;
  private readonly onWrite: (bytes: Uint8Array) => void;

  constructor(events: PeerSocketEvents, onWrite: (bytes: Uint8Array) => void) {
    this.events = events;
    this.onWrite = onWrite;
  }

  write(bytes: Uint8Array, offset: number, length: number): boolean {
    this.onWrite(bytes.slice(offset, offset + length));
    return true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {}

  destroy(): void {
    this.isDestroyed = true;
  }
}

export interface WorldOptions {
  readonly kind?: LearnerOptions['kind'];
  /** Last zxid in this member's log. */
  readonly last?: Zxid;
  /** Of the role before, which ended at `last`. */
  readonly history?: ProposalHistory;
  readonly accepted?: number;
  readonly current?: number;
  readonly needsSnapshot?: boolean;
  readonly isUncounted?: boolean;
  readonly partBytesMax?: number;
  readonly isLogging?: boolean;
  readonly observerMaster?: ObserverMasterOptions;
  /** Where observers find this member. */
  readonly ownHost?: PeerNetwork;
  readonly myId?: number;
  /** Instead of CONFIG_TEXT. */
  readonly members?: string;
  /** Of others too. */
  readonly clock?: ManualClock;
  /** A leader that the test does not play. */
  readonly real?: RealLeader;
}

export interface RealLeader {
  readonly network: PeerNetwork;
  readonly clock: Clock;
  readonly tickMs: number;
  /** Text of the members. */
  readonly config: string;
  readonly sid: number;
}

const MY_ID = 1;
const LEADER = 2;

export class LearnerWorld {
  readonly clock: ManualClock;
  readonly history: ProposalHistory;
  readonly learner: Learner;
  readonly toSync: RecordingSender;
  readonly addresses: PeerAddress[][] = [];
  /** For how long each connection was waited for. */
  readonly connectLimitsMs: number[] = [];
  /** Of every socket write: how many packets it had. */
  readonly writes: number[] = [];
  /** What the table says was touched: (session, timeout). */
  touches: [number, number, number][] = [];
  failEpochWrite: 'accepted' | 'current' | null = null;
  failSynchronized = false;
  failConfigWrite = false;
  lastSeen: QuorumVerifier | null = null;
  isMajorChange = false;
  config: QuorumVerifier;
  accepted: number;
  current: number;
  /** The records that went to the commit stage as they are: header words. */
  readonly locals: { type: number; words: Int32Array; bytes: Uint8Array }[] = [];
  private list: string[] = [];
  private reacted = 0;
  private wantsTurn = false;
  private socket: ScriptedSocket | null = null;

  constructor(options: WorldOptions = {}) {
    const [lastHi, lastLo] = options.last ?? [0, 0];
    this.clock = options.clock ?? new ManualClock();
    this.history = options.history ?? new ProposalHistory(new CommittedLog(500, 1 << 20));
    if (options.history === undefined) this.history.reset(lastHi, lastLo);
    this.accepted = options.accepted ?? lastHi;
    this.current = options.current ?? lastHi;
    this.toSync = new RecordingSender((type, words, bytes) => this.tellLine(type, words, bytes));
    const toCommit = new RecordingSender((type, words, bytes) => this.tellCommit(type, words, bytes));
    const toPrep = new RecordingSender((type) => this.tell(`prep ${nameOf(RecordType, type)}`));
    const outboxes: Record<string, MailboxSender> = { sync: this.toSync, commit: toCommit, prep: toPrep };
    const line = new PipelinePort({ outbox: (name: string) => outboxes[name] } as unknown as ActorContext);
    this.config = parseQuorumConfigText(options.real?.config ?? options.members ?? CONFIG_TEXT);
    this.learner = new Learner(this.makeHost(line, options), {
      kind: options.kind ?? 'follower',
      leader: options.real?.sid ?? LEADER,
      partBytesMax: options.partBytesMax ?? 1 << 20,
      observerMaster: options.observerMaster ?? null,
      isLogging: options.isLogging ?? true,
      touched: {
        reset: () => this.tell('touched.reset'),
        appendTo: (out) => {
          for (const [hi, lo, timeoutMs] of this.touches.splice(0)) {
            out.putLong(hi, lo);
            out.putInt(timeoutMs);
          }
        },
      },
    });
  }

  /** What has happened since the last call. */
  take(): string[] {
    this.turn();
    const { list } = this;
    this.list = [];
    this.reacted = 0;
    return list;
  }

  /** The pipeline does at once what it is asked to since the last call; everything stays in the list. */
  react(): void {
    this.turn();
    while (this.reacted < this.list.length) {
      const [what, zxid = ''] = this.list[this.reacted++].split(' ');
      const [hi, lo] = zxid.split(':').map(Number);
      if (what === 'log') this.durable(hi, lo);
      else if (what === 'truncate') this.done(RecordType.truncate, [hi, lo]);
      else if (what === 'snapEnd') this.done(RecordType.snapEnd);
      else if (what === 'snapSave') this.done(RecordType.snapSave);
      else if (what === 'serve') this.done(RecordType.serve);
    }
  }

  /** Goes on with turns as long as one is asked for. */
  turn(): void {
    this.wantsTurn = true;
    while (this.wantsTurn) {
      this.wantsTurn = false;
      this.learner.onBatchEnd();
    }
  }

  tick(ms: number): void {
    for (let left = ms; left > 0; left -= 10) {
      this.clock.advance(Math.min(left, 10));
      this.learner.onTick(this.clock.monotonicMs());
    }
    this.turn();
  }

  /** The leader takes the connection. */
  connect(): void {
    this.turn();
    this.peer.events.onOpen();
    this.turn();
  }

  refuse(reason = 'refused'): void {
    this.turn();
    this.peer.events.onClose(reason);
    this.turn();
  }

  hangUp(): void {
    this.peer.events.onClose('closed by the peer');
    this.turn();
  }

  get peer(): ScriptedSocket {
    if (this.socket === null) throw new Error('the learner has not connected');
    return this.socket;
  }

  /** Bytes from the leader, in one chunk; a turn follows. */
  receive(bytes: Uint8Array): void {
    // As a real socket gives it: a Buffer, whose `slice` is no copy, and whose memory is used again.
    const chunk = Buffer.from(bytes);
    this.peer.events.onData(chunk, chunk.length);
    chunk.fill(0xdb);
    this.turn();
  }

  /** Packets from the leader, in one chunk: [type, zxid, data?]. */
  packets(...list: [type: number, zxid: Zxid, data?: Uint8Array][]): void {
    this.receive(bytesOf(...list));
  }

  /** From the connection to where the first packet of the synchronization is expected. */
  discover(epoch = 1): void {
    this.connect();
    this.packets(leaderInfo(epoch));
  }

  /** An empty DIFF: the learner follows, with nothing missing. */
  follow(epoch = 1): void {
    this.discover(epoch);
    const { lastProposedHi, lastProposedLo } = this.history;
    this.packets([PacketType.diff, [lastProposedHi, lastProposedLo]]);
    this.packets(newLeader(epoch));
    this.packets(UPTODATE);
    this.learner.onDone(RecordType.serve, 0, 0, 0);
    this.turn();
  }

  /** A record of prep's line: a client's request, or what keeps its place. */
  fromPrep(
    type: number,
    request: { op: number; xid?: number; session?: [number, number]; ids?: Uint8Array; body?: Uint8Array },
  ): void {
    const ids = request.ids ?? new Uint8Array(0);
    const body = request.body ?? new Uint8Array(0);
    const length = PIPELINE_HEADER_BYTES + ids.length + body.length;
    const memory = new ArrayBuffer((length + 7 + 64) & ~7);
    const offset = 64; // a record is not the first of its mailbox
    const words = new Int32Array(memory);
    const bytes = new Uint8Array(memory);
    words[(offset >> 2) + WORD_OP] = request.op;
    words[(offset >> 2) + WORD_XID] = request.xid ?? 0;
    words[(offset >> 2) + WORD_SESSION_HI] = request.session?.[0] ?? 0;
    words[(offset >> 2) + WORD_SESSION_LO] = request.session?.[1] ?? 0;
    words[(offset >> 2) + WORD_LENGTH_A] = ids.length;
    words[(offset >> 2) + WORD_LENGTH_B] = body.length;
    bytes.set(ids, offset + PIPELINE_HEADER_BYTES);
    bytes.set(body, offset + PIPELINE_HEADER_BYTES + ids.length);
    this.learner.onLine(type, bytes, words, offset, length);
  }

  durable(epoch: number, counter: number): void {
    this.learner.onDurable(epoch, counter);
    this.turn();
  }

  done(type: number, [epoch, counter]: Zxid = [0, 0], error = 0): void {
    this.learner.onDone(type, epoch, counter, error);
    this.turn();
  }

  tell(words: string): void {
    this.list.push(words);
  }

  private makeHost(line: PipelinePort, options: WorldOptions): LearnerHost {
    const world = this;
    return {
      myId: options.myId ?? MY_ID,
      clock: options.real?.clock ?? this.clock,
      log: silentLogger,
      measures: new ZabMeasures({ metrics: loneMetrics() }),
      network: options.real === undefined ? this.makeNetwork(options.ownHost) : this.overhear(options.real.network),
      epochs: {
        get acceptedEpoch() {
          return world.accepted;
        },
        get currentEpoch() {
          return world.current;
        },
        setAcceptedEpoch(epoch) {
          if (world.failEpochWrite === 'accepted') throw new Error('no space left');
          world.accepted = epoch;
          world.tell(`accepted ${epoch}`);
        },
        setCurrentEpoch(epoch) {
          if (world.failEpochWrite === 'current') throw new Error('no space left');
          world.current = epoch;
          world.tell(`current ${epoch}`);
        },
      },
      timing: {
        tickMs: options.real?.tickMs ?? TICK_MS,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        connectLimitTicks: 0,
        connectRetryMs: 100,
        epochWaitMsMax: -1,
      },
      configs: {
        get committed() {
          return world.config;
        },
        get lastSeen() {
          return world.lastSeen ?? world.config;
        },
        // Only leaders are asked for other members.
        rehearse: () => assert(false, 'a learner judges no request'),
        seen: (config) => {
          if (world.failConfigWrite) throw new Error('no space left');
          world.lastSeen = config;
          world.tell(`seen version ${zxidText(config.versionHi, config.versionLo)}`);
        },
        adopt: (config) => {
          if (world.failConfigWrite) throw new Error('no space left');
          world.lastSeen = config;
          world.tell(`adopt version ${zxidText(config.versionHi, config.versionLo)}`);
        },
        activate: (config, leader, hi, lo) => {
          const version = zxidText(config.versionHi, config.versionLo);
          world.tell(`activate version ${version} leader ${leader} at ${zxidText(hi, lo)}`);
          return world.isMajorChange;
        },
      },
      history: this.history,
      line,
      needsSnapshot: options.needsSnapshot ?? false,
      isUncounted: options.isUncounted ?? false,
      onNeedsSnapshot: () => world.tell('needs a snapshot'),
      onSynchronized: (epoch, hi, lo) => {
        if (world.failSynchronized) throw new Error('no space left');
        world.tell(`synchronized ${epoch} at ${zxidText(hi, lo)}`);
      },
      onBroadcast: (epoch) => world.tell(`broadcast ${epoch}`),
      onOver: (reason) => world.tell(`over: ${reason}`),
      requestTurn: () => {
        world.wantsTurn = true;
      },
    };
  }

  private makeNetwork(ownHost: PeerNetwork | undefined): PeerNetwork {
    return {
      listen: (...parts) => {
        if (ownHost === undefined) throw new Error('a learner listens to nobody');
        return ownHost.listen(...parts);
      },
      connect: (addresses, timeoutMs, events) => {
        this.addresses.push([...addresses]);
        this.connectLimitsMs.push(timeoutMs);
        this.tell('connect');
        this.socket = new ScriptedSocket(events, (bytes) => this.tellPackets(bytes));
        return this.socket;
      },
      close: () => undefined,
    };
  }

  /** What the learner writes is told, and written. */
  private overhear(network: PeerNetwork): PeerNetwork {
    return {
      listen: network.listen.bind(network),
      connect: (addresses, timeoutMs, events) => {
        const socket = network.connect(addresses, timeoutMs, events);
        const write = socket.write.bind(socket);
        socket.write = (bytes, offset, length) => {
          this.tellPackets(bytes.slice(offset, offset + length));
          return write(bytes, offset, length);
        };
        return socket;
      },
      close: () => network.close(),
    };
  }

  private tellPackets(bytes: Uint8Array): void {
    let count = 0;
    const reader = new PacketReader(1 << 20);
    reader.push(bytes, bytes.length, {
      onPacket: (type, hi, lo, packet, dataOffset, dataLength, idsOffset, idsLength) => {
        count++;
        const data = dataLength < 0 ? '' : ` [${toHex(packet.subarray(dataOffset, dataOffset + dataLength))}]`;
        const ids = toHex(packet.subarray(idsOffset, idsOffset + idsLength));
        this.tell(`> ${packetName(type)} ${zxidText(hi, lo)}${data}${ids === 'ffffffff' ? '' : ` ids ${ids}`}`);
        return PacketVerdict.taken;
      },
      onRaw: () => -1,
    });
    if (reader.restBytes > 0) throw new Error('the learner wrote half a packet');
    this.writes.push(count);
  }

  private tellLine(type: number, words: Int32Array, bytes: Uint8Array): void {
    const zxid = zxidText(words[WORD_ZXID_HI], words[WORD_ZXID_LO]);
    switch (type) {
      case RecordType.txn:
        this.tell(`${(words[WORD_FLAGS] & FLAG_UNLOGGED) === 0 ? 'log' : 'unlogged'} ${zxid}`);
        break;
      case RecordType.snapChunk:
        this.tell(
          `snapChunk ${toHex(bytes.subarray(PIPELINE_HEADER_BYTES, PIPELINE_HEADER_BYTES + words[WORD_LENGTH_B]))}`,
        );
        break;
      case RecordType.serve:
        this.tell(`serve ${['standalone', 'leader', 'follower', 'observer'][words[WORD_OP]]}`);
        break;
      case RecordType.snapEnd:
      case RecordType.snapSave:
        this.tell(nameOf(RecordType, type));
        break;
      default:
        this.tell(`${nameOf(RecordType, type)} ${zxid}`);
    }
  }

  private tellCommit(type: number, words: Int32Array, bytes: Uint8Array): void {
    if (type === RecordType.committed) this.tell(`committed ${zxidText(words[WORD_ZXID_HI], words[WORD_ZXID_LO])}`);
    else if (type === RecordType.synced) this.tell('synced');
    else if (type === RecordType.request) this.tell(`awaiting op ${words[WORD_OP]} xid ${words[WORD_XID]}`);
    else {
      this.locals.push({ type, words: words.slice(), bytes: bytes.slice() });
      this.tell(`local ${nameOf(RecordType, type)} op ${words[WORD_OP]} error ${words[WORD_ERROR]}`);
    }
  }
}

/** Packets one behind the other, as a leader sends them. */
export function bytesOf(...list: [type: number, zxid: Zxid, data?: Uint8Array][]): Uint8Array {
  const out = new PacketBuffer();
  for (const [type, [hi, lo], data] of list) {
    if (data === undefined) out.empty(type, hi, lo);
    else out.withData(type, hi, lo, data, 0, data.length);
  }
  return out.bytes.slice(0, out.length);
}

export function leaderInfo(epoch: number): [number, Zxid, Uint8Array] {
  return [PacketType.leaderInfo, [epoch, 0], Uint8Array.of(0, 1, 0, 0)];
}

export function newLeader(epoch: number, text = CONFIG_TEXT): [number, Zxid, Uint8Array] {
  return [PacketType.newLeader, [epoch, 0], encodeUtf8(text)];
}

export const UPTODATE: [number, Zxid] = [PacketType.upToDate, [-1, -1]];

export function proposal(zxid: Zxid): [number, Zxid, Uint8Array] {
  return [PacketType.proposal, zxid, entryAt(zxid)];
}

export function commit(zxid: Zxid): [number, Zxid] {
  return [PacketType.commit, zxid];
}

export function inform(zxid: Zxid): [number, Zxid, Uint8Array] {
  return [PacketType.inform, zxid, entryAt(zxid)];
}

/** What is kept for learners, oldest first. */
export function committedZxids(history: ProposalHistory): string[] {
  const { committedLog } = history;
  return Array.from({ length: committedLog.count }, (_, i) => {
    committedLog.look(i);
    const { bytes, entryOffset } = committedLog;
    return zxidText(readInt32(bytes, entryOffset + 12), readInt32(bytes, entryOffset + 16));
  });
}
