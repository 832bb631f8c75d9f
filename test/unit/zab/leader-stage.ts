// A Leader among fakes: the network in virtual time, learners that are scripts, a line that is a list of texts. Zxids are
// written epoch.counter.

import type { ActorContext } from '../../../src/actor/actor.js';
import type { Logger } from '../../../src/actor/logger.js';
import { LocalMailbox } from '../../../src/actor/mailbox/local-mailbox.js';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { decodeUtf8 } from '../../../src/base/utf8.js';
import type { MemberAddress } from '../../../src/election/quorum-verifier.js';
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
import { Leader, type LeaderOptions } from '../../../src/zab/leader.js';
import { ProposalHistory } from '../../../src/zab/proposal-history.js';
import type { QuorumTiming, RoleHost } from '../../../src/zab/role.js';
import { ZabMeasures } from '../../../src/zab/zab-measures.js';
import { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import { loneMetrics } from '../../testing/lone-metrics.js';
import { toHex } from './hex.js';
import { configText, FakeConfigs, FakeEpochs, FakeSources, StagePort } from './leader-fakes.js';
import { type LearnerOptions, ScriptedLearner } from './scripted-learner.js';
import { entryAt, zxidOf, zxidsOf, zxidText } from './zxid-words.js';

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
