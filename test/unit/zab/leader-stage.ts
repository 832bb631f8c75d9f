// A Leader among fakes: the network in virtual time, learners that are scripts, a line that is a list of texts. Zxids are
// written epoch.counter.

import type { ActorContext } from '../../../src/actor/actor.js';
import type { Logger } from '../../../src/actor/logger.js';
import { LocalMailbox } from '../../../src/actor/mailbox/local-mailbox.js';
import { readInt32 } from '../../../src/base/bytes.js';
import { ManualClock } from '../../../src/base/clock.js';
import { int64FromHalves } from '../../../src/base/int64.js';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8, encodeUtf8 } from '../../../src/base/utf8.js';
import type { PeerSocket, PeerSocketEvents } from '../../../src/election/peer-network.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import type { MemberAddress, QuorumVerifier } from '../../../src/election/quorum-verifier.js';
import { CommittedLog } from '../../../src/persistence/committed-log.js';
import {
  PIPELINE_HEADER_BYTES,
  PIPELINE_HEADER_WORDS,
  RecordType,
  WORD_ERROR,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_SHARD,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import type { ConfigView } from '../../../src/zab/config-view.js';
import { Leader, type LeaderOptions } from '../../../src/zab/leader.js';
import { PacketBuffer } from '../../../src/zab/packet-buffer.js';
import { PacketReader, PacketVerdict } from '../../../src/zab/packet-reader.js';
import { PipelinePort } from '../../../src/zab/pipeline-port.js';
import { ProposalHistory } from '../../../src/zab/proposal-history.js';
import { PacketType, packetName } from '../../../src/zab/quorum-packet.js';
import type { Epochs, QuorumTiming, RoleHost } from '../../../src/zab/role.js';
import type { DiskProposals, SnapStream, SyncSources } from '../../../src/zab/sync-sources.js';
import { ZabMeasures } from '../../../src/zab/zab-measures.js';
import { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import { loneMetrics } from '../../testing/lone-metrics.js';
import { createEntry } from '../persistence/txn-entries.js';
import { toHex } from './hex.js';

export type Zxid = readonly [epoch: number, counter: number];

export function zxidOf(text: string): Zxid {
  const [epoch, counter] = text.split('.').map(Number);
  return [epoch, counter | 0];
}

export function zxidText(hi: number, lo: number): string {
  return `${hi}.${lo >>> 0}`;
}

export function entryAt(zxid: string): Uint8Array {
  const [hi, lo] = zxidOf(zxid);
  return createEntry(int64FromHalves(hi, lo), `/n${lo >>> 0}`, encodeUtf8(zxid));
}

/** `1.3..1.6 2.1` */
export function zxidsOf(text: string): string[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => {
      const [from, to] = word.split('..');
      if (to === undefined) return [from];
      const [epoch, first] = zxidOf(from);
      return Array.from({ length: zxidOf(to)[1] - first + 1 }, (_, i) => `${epoch}.${first + i}`);
    });
}

/** Members 1 to n vote, those of `observers` do not. Machines are called m1, m2, ... */
export function configText(voters: number, observers: readonly number[] = [], version = '0'): string {
  const lines = Array.from({ length: voters }, (_, i) => `server.${i + 1}=m${i + 1}:2888:3888:participant\n`);
  for (const sid of observers) lines.push(`server.${sid}=m${sid}:2888:3888:observer\n`);
  return `${lines.join('')}version=${version}`;
}

class FakeEpochs implements Epochs {
  acceptedEpoch: number;
  currentEpoch: number;
  fails = false;
  private readonly told: string[];

  constructor(acceptedEpoch: number, currentEpoch: number, told: string[]) {
    this.acceptedEpoch = acceptedEpoch;
    this.currentEpoch = currentEpoch;
    this.told = told;
  }

  setAcceptedEpoch(epoch: number): void {
    this.write('acceptedEpoch', epoch);
    this.acceptedEpoch = epoch;
  }

  setCurrentEpoch(epoch: number): void {
    this.write('currentEpoch', epoch);
    this.currentEpoch = epoch;
  }

  private write(name: string, epoch: number): void {
    if (this.fails) throw new Error('EIO');
    this.told.push(`${name} ${epoch}`);
  }
}

export class FakeConfigs implements ConfigView {
  committed: QuorumVerifier;
  lastSeen: QuorumVerifier;
  private readonly told: string[];

  constructor(text: string, told: string[]) {
    this.committed = parseQuorumConfigText(text);
    this.lastSeen = this.committed;
    this.told = told;
  }

  /** Of a term before. */
  propose(text: string): void {
    this.lastSeen = parseQuorumConfigText(text);
  }

  seen(config: QuorumVerifier): void {
    this.lastSeen = config;
    this.told.push(`seen ${zxidText(config.versionHi, config.versionLo)}`);
  }

  activate(config: QuorumVerifier, designatedLeader: number | null, zxidHi: number, zxidLo: number): boolean {
    this.committed = config;
    this.told.push(
      `activate ${zxidText(config.versionHi, config.versionLo)} leader ${designatedLeader} at ${zxidText(zxidHi, zxidLo)}`,
    );
    return false;
  }
}

class FakeDisk implements DiskProposals {
  zxidHi = 0;
  zxidLo = 0;
  bytes: Uint8Array = new Uint8Array(0);
  entryOffset = 0;
  private readonly zxids: string[];
  private readonly onClose: () => void;

  constructor(zxids: readonly string[], onClose: () => void) {
    this.zxids = [...zxids];
    this.onClose = onClose;
  }

  get entryLength(): number {
    return this.bytes.length;
  }

  next(): boolean {
    const zxid = this.zxids.shift();
    if (zxid === undefined) return false;
    [this.zxidHi, this.zxidLo] = zxidOf(zxid);
    this.bytes = entryAt(zxid);
    return true;
  }

  close(): void {
    this.onClose();
  }
}

export class FakeSources implements SyncSources {
  isSnapForced = false;
  /** What is in the log on disk; null: it may not be used. */
  disk: readonly string[] | null = null;
  openDisks = 0;
  /** The tree's zxid when a stream is begun. */
  treeZxid: () => string = () => '0.0';
  chunks: readonly string[] = ['tree'];
  /** Told before every chunk. */
  onChunk: (index: number) => void = () => undefined;

  openDisk(fromHi: number, fromLo: number): DiskProposals | null {
    const from = BigInt.asIntN(64, (BigInt(fromHi) << 32n) | BigInt(fromLo >>> 0));
    const first = this.disk?.[0];
    if (first === undefined || this.disk === null || int64FromHalves(...zxidOf(first)) > from) return null;
    this.openDisks++;
    return new FakeDisk(this.disk, () => this.openDisks--);
  }

  newSnapStream(): SnapStream {
    const [zxidHi, zxidLo] = zxidOf(this.treeZxid());
    const chunks = this.chunks.map(encodeUtf8);
    const signature = encodeUtf8('\0\0\0\nBenWasHere');
    let index = 0;
    return {
      zxidHi,
      zxidLo,
      next: () => {
        this.onChunk(index);
        index++;
        if (index <= chunks.length) return chunks[index - 1];
        return index === chunks.length + 1 ? signature : null;
      },
    };
  }
}

export interface StageOptions {
  readonly config?: string;
  readonly myId?: number;
  /** Zxid of the snapshot it started from. */
  readonly snapshot?: string;
  /** What this server's log holds; the last one is where its tree stands. */
  readonly log?: string;
  readonly acceptedEpoch?: number;
  readonly currentEpoch?: number;
  readonly timing?: Partial<QuorumTiming>;
  readonly options?: Partial<LeaderOptions>;
  readonly commitLogCount?: number;
  readonly systemBytesMax?: number;
  readonly seed?: number;
  /** Shared with another stage. */
  readonly network?: SimPeerNetwork;
}

const BOXES = ['prep', 'sync', 'commit'] as const;
const OP_NAMES = new Map<number, string>(Object.entries(OpCode).map(([name, code]) => [code, name]));
const RECORD_NAMES = new Map<number, string>(Object.entries(RecordType).map(([name, type]) => [type, name]));

export class LeaderStage {
  readonly clock = new ManualClock();
  readonly network: SimPeerNetwork;
  /** What the leader has done, in order: epochs, configs, records, events. */
  readonly told: string[] = [];
  readonly logged: string[] = [];
  readonly sources = new FakeSources();
  readonly epochs: FakeEpochs;
  readonly configs: FakeConfigs;
  readonly history: ProposalHistory;
  readonly leader: Leader;
  over = '';
  /** The sync stage makes durable what it gets at once. */
  isDiskFast = true;
  /** The final stage serves when it is told to. */
  isFinalFast = true;
  /** Prep takes what is forwarded. */
  hasRoom = true;
  private counter = 0;
  private readonly boxes = new Map<string, LocalMailbox>();
  private isTurnDue = false;
  readonly myId: number;
  private readonly learners: ScriptedLearner[] = [];

  constructor(options: StageOptions = {}) {
    const { myId = 1, log = '', commitLogCount = 500 } = options;
    this.myId = myId;
    const prng = new Prng(options.seed ?? 1);
    const { systemBytesMax } = options;
    const latency = { latencyMsMin: 0, latencyMsMax: 0 };
    const limits = systemBytesMax === undefined ? latency : { ...latency, systemBytesMax };
    this.network = options.network ?? new SimPeerNetwork(prng, this.clock, limits);
    this.history = new ProposalHistory(new CommittedLog(commitLogCount, 1 << 20));
    this.history.reset(...zxidOf(options.snapshot ?? '0.0'));
    for (const zxid of zxidsOf(log)) {
      const entry = entryAt(zxid);
      this.history.append(...zxidOf(zxid), entry, 0, entry.length);
      this.history.commitHead();
    }
    const lastEpoch = this.history.lastCommittedHi;
    const { acceptedEpoch = lastEpoch, currentEpoch = lastEpoch } = options;
    this.epochs = new FakeEpochs(acceptedEpoch, currentEpoch, this.told);
    this.configs = new FakeConfigs(options.config ?? configText(3), this.told);
    this.sources.treeZxid = () => zxidText(this.history.lastCommittedHi, this.history.lastCommittedLo);
    const context: Pick<ActorContext, 'outbox'> = { outbox: (name) => this.box(name) };
    const log2 = (text: string): void => void this.logged.push(text);
    const logger: Logger = { debug: log2, info: log2, warn: log2, error: log2 };
    const host: RoleHost = {
      myId,
      clock: this.clock,
      log: logger,
      network: this.network.host(`m${myId}`, ['127.0.0.1']),
      epochs: this.epochs,
      timing: {
        tickMs: 1000,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        connectLimitTicks: 0,
        connectRetryMs: 100,
        epochWaitMsMax: -1,
        ...options.timing,
      },
      configs: this.configs,
      history: this.history,
      measures: new ZabMeasures({ metrics: loneMetrics() }),
      line: new StagePort(context as ActorContext, () => this.hasRoom),
      onBroadcast: (epoch) => this.told.push(`broadcast ${epoch}`),
      onOver: (reason) => {
        this.over = reason;
        this.leader.close();
      },
      requestTurn: () => {
        this.isTurnDue = true;
      },
    };
    this.leader = new Leader(host, {
      listenOnAllIps: false,
      isReconfigEnabled: false,
      isStandaloneEnabled: true,
      partBytesMax: 1 << 20,
      snapSyncsMax: 10,
      diffSyncsMax: 100,
      counterLast: 0xffffffff,
      supporters: new Set(),
      sources: this.sources,
      onQuorumPortOpen: () => this.logged.push('listens'),
      ...options.options,
    });
  }

  leaderAddress(): MemberAddress {
    const member = this.configs.committed.member(this.myId);
    if (member === undefined) throw new Error('the leader is a member');
    return member.addresses[0];
  }

  learner(sid: number, options: LearnerOptions = {}): ScriptedLearner {
    const learner = new ScriptedLearner(this, sid, options);
    this.learners.push(learner);
    this.settle();
    return learner;
  }

  /** An established leader with these followers, all of which have what it has. */
  static serving(
    sids: readonly number[],
    options: StageOptions = {},
  ): { stage: LeaderStage; learners: ScriptedLearner[] } {
    const stage = new LeaderStage(options);
    const { lastCommittedHi, lastCommittedLo } = stage.history;
    const last = zxidText(lastCommittedHi, lastCommittedLo);
    const learners = sids.map((sid) => stage.learner(sid, { last, auto: true }));
    for (const learner of learners) learner.take();
    stage.take();
    return { stage, learners };
  }

  /** Until nothing moves any more, without any time passing. */
  settle(): void {
    for (let i = 0; i < 10_000; i++) {
      const moved = this.network.deliverAll();
      const turned = this.turn();
      if (!moved && !turned) return;
    }
    throw new Error('it never comes to rest');
  }

  requestTurn(): void {
    this.isTurnDue = true;
  }

  /** One turn, if one was asked for. */
  turn(): boolean {
    if (!this.isTurnDue) return false;
    this.isTurnDue = false;
    this.leader.onBatchEnd();
    this.drain();
    return true;
  }

  /** Time passes in steps of 10 ms. */
  pass(ms: number): void {
    for (let at = 0; at < ms && this.over === ''; at += 10) {
      this.clock.advance(10);
      this.leader.onTick(this.clock.monotonicMs());
      this.settle();
    }
  }

  /** Prep has made so many transactions; `settle` is the caller's. */
  write(count = 1, op: number = OpCode.create, entryOf: (zxid: string) => Uint8Array = entryAt): void {
    for (let i = 0; i < count; i++) this.writeAt(`${this.leader.epoch}.${++this.counter}`, op, entryOf);
  }

  writeAt(zxid: string, op: number = OpCode.create, entryOf: (zxid: string) => Uint8Array = entryAt): void {
    const entry = entryOf(zxid);
    const [hi, lo] = zxidOf(zxid);
    this.line(
      RecordType.txn,
      { [WORD_ZXID_HI]: hi, [WORD_ZXID_LO]: lo, [WORD_OP]: op, [WORD_LENGTH_A]: entry.length },
      entry,
    );
  }

  countFrom(counter: number): void {
    this.counter = counter;
    Object.assign(Reflect.get(this.leader, 'broadcast'), { lastProposed: counter, lastCommitted: counter });
    this.history.reset(this.leader.epoch, counter | 0);
  }

  /** Any record of prep's line. */
  line(type: number, set: Readonly<Record<number, number>>, part: Uint8Array = new Uint8Array(0)): void {
    const words = new Int32Array(PIPELINE_HEADER_WORDS + ((part.length + 3) >> 2));
    for (const [word, value] of Object.entries(set)) words[Number(word)] = value;
    const bytes = new Uint8Array(words.buffer);
    bytes.set(part, PIPELINE_HEADER_BYTES);
    this.leader.onLine(type, bytes, words, 0, PIPELINE_HEADER_BYTES + part.length);
    this.isTurnDue = true;
  }

  durable(zxid: string): void {
    this.leader.onDurable(...zxidOf(zxid));
    this.isTurnDue = true;
    this.settle();
  }

  served(): void {
    this.leader.onDone(RecordType.serve, this.leader.epoch, 0, 0);
    this.isTurnDue = true;
    this.settle();
  }

  take(): string[] {
    return this.told.splice(0);
  }

  private box(name: string): LocalMailbox {
    let box = this.boxes.get(name);
    if (box === undefined) {
      box = new LocalMailbox(1 << 20);
      this.boxes.set(name, box);
    }
    return box;
  }

  private drain(): void {
    for (const name of BOXES) {
      const box = this.box(name);
      box.publish();
      box.drain((type, bytes, words, offset) => this.onRecord(name, type, bytes, words, offset >> 2), 1 << 20);
    }
  }

  private onRecord(to: string, type: number, bytes: Uint8Array, words: Int32Array, at: number): void {
    const zxid = zxidText(words[at + WORD_ZXID_HI], words[at + WORD_ZXID_LO]);
    const name = RECORD_NAMES.get(type) ?? String(type);
    if (to === 'prep' && type === RecordType.request) {
      const op = words[at + WORD_OP];
      const session = (BigInt(words[at + WORD_SESSION_HI]) << 32n) | BigInt(words[at + WORD_SESSION_LO] >>> 0);
      const part = at * 4 + PIPELINE_HEADER_BYTES;
      const split = part + words[at + WORD_LENGTH_A];
      const ids = toHex(bytes.subarray(part, split));
      const body = toHex(bytes.subarray(split, split + words[at + WORD_LENGTH_B]));
      this.told.push(
        `prep request link ${words[at + WORD_LEARNER]} shard ${words[at + WORD_SHARD]} ${OP_NAMES.get(op) ?? op}` +
          ` cxid ${words[at + WORD_XID]} session ${session.toString(16)} ids ${ids} body ${body}`,
      );
      return;
    }
    if (to === 'prep' && type === RecordType.touch) {
      const part = at * 4 + PIPELINE_HEADER_BYTES;
      this.told.push(`prep touch ${toHex(bytes.subarray(part, part + words[at + WORD_LENGTH_A]))}`);
      return;
    }
    if (type === RecordType.judged) {
      const part = at * 4 + PIPELINE_HEADER_BYTES;
      const text = decodeUtf8(bytes, part, words[at + WORD_LENGTH_B]);
      this.told.push(`${to} judged ${words[at + WORD_ERROR]} ${JSON.stringify(text)}`);
      return;
    }
    if (type === RecordType.serve) {
      this.told.push(`${to} serve ${words[at + WORD_OP]} ${zxid}`);
      if (this.isFinalFast) {
        this.leader.onDone(RecordType.serve, words[at + WORD_ZXID_HI], words[at + WORD_ZXID_LO], 0);
        this.isTurnDue = true;
      }
      return;
    }
    this.told.push(`${to} ${name} ${zxid}`);
    if (type === RecordType.txn && this.isDiskFast) {
      this.leader.onDurable(words[at + WORD_ZXID_HI], words[at + WORD_ZXID_LO]);
      this.isTurnDue = true;
    }
  }
}

export { WORD_ERROR, WORD_LEARNER, WORD_OP, WORD_SESSION_HI, WORD_SESSION_LO };

class StagePort extends PipelinePort {
  private readonly roomNow: () => boolean;

  constructor(context: ActorContext, roomNow: () => boolean) {
    super(context);
    this.roomNow = roomNow;
  }

  override hasRoomForRequests(byteCount: number): boolean {
    return this.roomNow() && super.hasRoomForRequests(byteCount);
  }
}

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
  private readonly stage: LeaderStage;
  private isUpToDate = false;
  private raw = '';

  constructor(stage: LeaderStage, sid: number, options: LearnerOptions) {
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
