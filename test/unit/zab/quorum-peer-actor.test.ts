// The quorum peer between its neighbours, which are mailboxes here: what it tells whom, in which order, as roles come and go.
// Roles are played by the test.

import { beforeEach, describe, expect, it } from 'vitest';
import type { ActorContext } from '../../../src/actor/actor.js';
import { CounterSet } from '../../../src/actor/counters/counters.js';
import { createCountersBuffer } from '../../../src/actor/counters/counters-layout.js';
import { MetricSet } from '../../../src/actor/counters/metric-set.js';
import { emptyCells, MetricSetReader } from '../../../src/actor/counters/metric-set-reader.js';
import {
  createMetricsBuffer,
  KEYS_DEFAULT_MAX,
  metricsBytes,
  SummaryCell,
} from '../../../src/actor/counters/metrics-layout.js';
import { silentLogger } from '../../../src/actor/logger.js';
import { LocalMailbox } from '../../../src/actor/mailbox/local-mailbox.js';
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import {
  ElectionRecord,
  readAppoint,
  readConfigs,
  readEstablished,
  readLook,
  sendElected,
  sendGossip,
  sendVoterLooking,
} from '../../../src/election/election-records.js';
import { parseQuorumConfigText } from '../../../src/election/quorum-config-text.js';
import { type DecidedState, PeerState } from '../../../src/election/vote.js';
import { EpochFileError } from '../../../src/persistence/epoch-files.js';
import { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import {
  PIPELINE_HEADER_BYTES,
  RecordType,
  ServerRole,
  WORD_CONNECTION,
  WORD_ERROR,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_OP,
  WORD_SHARD,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import type { LearnerHost } from '../../../src/zab/learner-host.js';
import type { RoleOpening } from '../../../src/zab/open-role.js';
import { PeerRequest } from '../../../src/zab/peer-report.js';
import { PeerStatus } from '../../../src/zab/peer-status.js';
import { QuorumPeerActor } from '../../../src/zab/quorum-peer-actor.js';
import type { Role } from '../../../src/zab/role.js';

const VERSION_2 = '/data/version-2';
const MEMBERS = 'server.1=a:1:2:participant\nserver.2=b:1:2:participant\nserver.3=c:1:2:participant\nversion=100000000';
const TYPE_NAMES = new Map<number, string>(Object.entries(RecordType).map(([name, type]) => [type, name]));

class Bench {
  readonly clock = new ManualClock();
  readonly disk = new SimFileStore(new Prng(1));
  readonly status = new PeerStatus(PeerStatus.createMemory());
  readonly boxes: Record<string, LocalMailbox> = {};
  readonly said: string[] = [];
  readonly actor: QuorumPeerActor;
  host: LearnerHost | null = null;
  opening: RoleOpening | null = null;
  onRoleTick: () => void = () => undefined;
  fatal: Error | null = null;
  private readonly counters = new CounterSet(createCountersBuffer());
  private readonly metrics = createMetricsBuffer(
    metricsBytes(70, KEYS_DEFAULT_MAX, KEYS_DEFAULT_MAX, KEYS_DEFAULT_MAX),
  );
  private readonly input = new LocalMailbox(1 << 20);

  constructor({ readOnlyAfterMs = Number.POSITIVE_INFINITY } = {}) {
    this.disk.makeDirectories(VERSION_2);
    for (const name of ['prep', 'sync', 'commit', 'election']) this.boxes[name] = new LocalMailbox(1 << 20);
    const context = {
      outbox: (name: string) => this.boxes[name],
      clock: this.clock,
      log: silentLogger,
      counters: this.counters,
      metrics: new MetricSet(this.metrics, this.counters),
      shared: {},
      requestTurn: () => undefined,
      fatal: (error: Error) => {
        this.fatal = error;
      },
    } as unknown as ActorContext;
    this.actor = new QuorumPeerActor(context, {
      myId: 2,
      network: { listen: unused, connect: unused, close: () => this.said.push('network closed') },
      onMemberHosts: (hosts) => this.said.push(`hosts ${hosts.join(' ')}`),
      fileStore: this.disk,
      directories: { logDirectory: VERSION_2, snapshotDirectory: VERSION_2 },
      timing: {
        tickMs: 2000,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        connectLimitTicks: 0,
        connectRetryMs: 100,
        epochWaitMsMax: -1,
      },
      committed: parseQuorumConfigText(MEMBERS),
      lastSeen: null,
      configs: { isReconfigEnabled: true, files: null, staticPairs: new Map(), hasDynamicFile: true },
      status: this.status,
      shardCount: 1,
      committedLogCount: 500,
      committedLogBytesMax: 1 << 16,
      readOnlyAfterMs,
      observerRestMsMax: 0,
      chance: () => 0.5,
      onSynchronized: (hi, lo) => this.said.push(`synchronized ${hi}:${lo}`),
      openRole: (host, opening) => {
        this.host = host;
        this.opening = opening;
        this.said.push(`open ${opening.decision.state} of ${opening.decision.leader}`);
        return { role: this.role(), onVoterLooking: (sid) => this.said.push(`${sid} looks`) };
      },
    });
  }

  /** What the actor is told by `inbox`; then its batch ends. */
  tell(inbox: string, write: (box: LocalMailbox) => void): void {
    write(this.input);
    this.input.publish();
    this.input.drain(this.actor.inboxes[inbox] as never, 100);
    this.actor.onBatchEnd();
  }

  record(inbox: string, type: number, words: Readonly<Record<number, number>> = {}, extraBytes = 0): void {
    this.tell(inbox, (box) => {
      box.claim(type, PIPELINE_HEADER_BYTES + extraBytes);
      const at = box.offset >> 2;
      box.words.fill(0, at, at + 16 + (extraBytes >> 2));
      for (const [word, value] of Object.entries(words)) box.words[at + Number(word)] = value;
      box.commit();
    });
  }

  done(type: number, hi: number, lo: number, error = 0): void {
    this.record('final', RecordType.done, {
      [WORD_OP]: type,
      [WORD_ZXID_HI]: hi,
      [WORD_ZXID_LO]: lo,
      [WORD_ERROR]: error,
    });
  }

  elected(state: DecidedState, leader: number): void {
    const vote = { leader, zxidHi: 0, zxidLo: 0, round: 1, peerEpoch: 0 };
    this.tell('election', (box) => sendElected(box, state, vote, [1, 2], 7));
  }

  /** Everything sent since, by name of the mailbox, and what roles and others were told. */
  take(): string[] {
    const lines = this.said.splice(0);
    for (const [name, box] of Object.entries(this.boxes)) {
      box.publish();
      box.drain((type, bytes, words, offset) => {
        lines.push(name === 'election' ? electionLine(type, bytes, words, offset) : lineOf(name, type, words, offset));
      }, 100);
    }
    return lines;
  }

  /** Of proposals: the last one, the smallest, the largest. */
  sizes(): number[] {
    const cells = emptyCells();
    new MetricSetReader([this.metrics]).addSummary('proposal_size', cells);
    return [SummaryCell.last, SummaryCell.least, SummaryCell.greatest].map((cell) => cells[cell] as number);
  }

  /** As a role ends: everything that was on its way has come by. */
  endRole(hi: number, lo: number): void {
    this.record('prep', RecordType.halt);
    this.done(RecordType.halt, hi, lo);
    this.record('prep', RecordType.fence, { [WORD_SHARD]: 0 });
    this.done(RecordType.settle, hi, lo);
  }

  private role(): Role {
    return {
      zabState: 'broadcast',
      learners: [],
      onLine: (type) => this.said.push(`role: line ${TYPE_NAMES.get(type)}`),
      onDurable: (hi, lo) => this.said.push(`role: durable ${hi}:${lo}`),
      onDone: (type) => this.said.push(`role: done ${TYPE_NAMES.get(type)}`),
      onTick: () => this.onRoleTick(),
      onBatchEnd: () => undefined,
      onConfigsChanged: () => this.said.push('role: configs'),
      showFigures: (figures) => figures.set('learners', 7),
      close: () => this.said.push('role: close'),
    };
  }
}

function unused(): never {
  throw new Error('no role of this test has a connection');
}

function lineOf(name: string, type: number, words: Int32Array, offset: number): string {
  const at = offset >> 2;
  const error = words[at + WORD_ERROR] === 0 ? '' : ` error ${words[at + WORD_ERROR]}`;
  return `${name}: ${TYPE_NAMES.get(type)}${error}`;
}

function electionLine(type: number, bytes: Uint8Array, words: Int32Array, offset: number): string {
  switch (type) {
    case ElectionRecord.configs: {
      const { committedText, restart } = readConfigs(bytes, words, offset);
      return `configs of version ${/version=(.*)/.exec(committedText)?.[1]}${restart ? ', anew' : ''}`;
    }
    case ElectionRecord.look: {
      const { zxidHi, zxidLo, currentEpoch } = readLook(words, offset);
      return `look ${zxidHi}:${zxidLo} in epoch ${currentEpoch}`;
    }
    case ElectionRecord.established:
      return `established ${readEstablished(words, offset)}`;
    case ElectionRecord.appoint: {
      const { state, leader, zxidHi, zxidLo } = readAppoint(words, offset);
      return `appoint ${state} of ${leader} at ${zxidHi}:${zxidLo}`;
    }
    default:
      return Object.entries(ElectionRecord).find(([, value]) => value === type)?.[0] ?? '?';
  }
}

describe('the quorum peer', () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  it('looks for a leader when the database is there, with what its files say', () => {
    bench.done(RecordType.loaded, 3, 7);
    expect(bench.take()).toEqual([
      'hosts a b c a b c',
      'sync: config',
      'configs of version 100000000',
      'look 3:7 in epoch 3',
    ]);
    expect(bench.status.state).toBe(PeerState.looking);
    expect(bench.status.servingAs).toBeNull();
  });

  it('a role from its beginning to the next one', () => {
    bench.done(RecordType.loaded, 3, 7);
    bench.take();
    bench.elected(PeerState.following, 3);
    expect(bench.take()).toEqual(['open 1 of 3']);
    expect([...(bench.opening?.supporters ?? [])]).toEqual([1, 2]);
    expect(bench.status).toMatchObject({ state: PeerState.following, leader: 3, servingAs: null });

    bench.record('prep', RecordType.request, { [WORD_CONNECTION]: 5 });
    bench.record('sync', RecordType.durable, { [WORD_ZXID_HI]: 3, [WORD_ZXID_LO]: 8 });
    bench.done(RecordType.serve, 3, 8);
    expect(bench.take()).toEqual(['role: line request', 'role: durable 3:8', 'role: done serve']);
    bench.host?.onBroadcast(4);
    expect(bench.take()).toEqual(['established 4']);
    expect(bench.status).toMatchObject({ servingAs: ServerRole.follower, epoch: 4 });

    bench.host?.onOver('the test says so');
    bench.host?.onOver('and again');
    bench.actor.onBatchEnd();
    expect(bench.take()).toEqual(['role: close', 'prep: halt', 'leave']);
    expect(bench.status.servingAs).toBeNull();
    bench.record('prep', RecordType.halt);
    expect(bench.take()).toEqual(['sync: halt']);
    bench.done(RecordType.halt, 3, 8);
    expect(bench.take()).toEqual([]);
    bench.record('prep', RecordType.fence, { [WORD_SHARD]: 0 });
    expect(bench.take()).toEqual(['sync: settle']);
    bench.done(RecordType.settle, 3, 7);
    expect(bench.take()).toEqual(['look 3:7 in epoch 3']);
    bench.elected(PeerState.leading, 2);
    expect(bench.take()).toEqual(['open 2 of 2']);
  });

  it('what comes out of prep behind the end of a role goes back, and is not logged', () => {
    bench.done(RecordType.loaded, 0, 0);
    bench.elected(PeerState.leading, 2);
    bench.host?.onOver('the test says so');
    bench.take();
    bench.record('prep', RecordType.txn, { [WORD_SHARD]: 0, [WORD_LENGTH_A]: 8 }, 8);
    bench.record('prep', RecordType.pass, { [WORD_SHARD]: 0 });
    bench.record('prep', RecordType.txn, { [WORD_SHARD]: -1 });
    bench.record('prep', RecordType.echo, { [WORD_SHARD]: 0, [WORD_LEARNER]: 3 });
    expect(bench.take()).toEqual([
      'role: close',
      'prep: halt',
      `sync: echo error ${ErrorCode.ConnectionLoss}`,
      `sync: echo error ${ErrorCode.ConnectionLoss}`,
    ]);
  });

  it('what a read-only server answers goes through, until it is one no more', () => {
    bench = new Bench({ readOnlyAfterMs: 2000 });
    bench.done(RecordType.loaded, 0, 0);
    bench.clock.advance(2000);
    bench.actor.onTick(bench.clock.monotonicMs());
    bench.done(RecordType.serve, 0, 0);
    expect(bench.status.servingAs).toBe(ServerRole.readOnly);
    bench.take();
    bench.record('prep', RecordType.echo, { [WORD_SHARD]: 0 });
    bench.record('prep', RecordType.pass, { [WORD_SHARD]: 0 });
    expect(bench.take()).toEqual(['sync: echo', 'sync: pass']);
    bench.elected(PeerState.following, 1);
    bench.record('prep', RecordType.pass, { [WORD_SHARD]: 0 });
    expect(bench.take()).toEqual(['prep: halt', `sync: echo error ${ErrorCode.ConnectionLoss}`]);
    expect(bench.status.servingAs).toBeNull();
  });

  it('a role that is over within a call of its own hears nothing more in the same turn', () => {
    bench.done(RecordType.loaded, 0, 0);
    bench.elected(PeerState.following, 1);
    bench.take();
    bench.onRoleTick = () => bench.host?.onOver('the test says so');
    bench.actor.onTick(0);
    bench.record('sync', RecordType.durable);
    expect(bench.take()).toEqual(['role: close', 'prep: halt', 'leave']);
  });

  it('tells the election when the quorum port is open, and the leader who looks for another one', () => {
    bench.done(RecordType.loaded, 0, 0);
    bench.elected(PeerState.leading, 2);
    bench.take();
    bench.opening?.onQuorumPortOpen();
    expect(bench.take()).toEqual(['announce']);
    bench.tell('election', (box) => sendVoterLooking(box, 3));
    expect(bench.take()).toEqual(['3 looks']);
    bench.host?.onOver('the test says so');
    bench.opening?.onQuorumPortOpen();
    expect(bench.take()).toEqual(['leave']);
  });

  it('an epoch that the disk refuses ends the role, not the process', () => {
    bench.done(RecordType.loaded, 0, 0);
    bench.elected(PeerState.following, 1);
    bench.take();
    bench.disk.onCall = () => 'ENOSPC';
    bench.onRoleTick = () => bench.host?.epochs.setAcceptedEpoch(1);
    bench.actor.onTick(0);
    expect(bench.take()).toEqual(['role: close', 'prep: halt', 'leave']);
    expect(bench.host?.epochs.acceptedEpoch).toBe(0);
    bench.onRoleTick = () => {
      throw new Error('a bug');
    };
    bench.endRole(0, 0);
    // A tick of rest, since it would end like that at once.
    expect(bench.take()).toEqual(['sync: halt', 'sync: settle']);
    bench.clock.advance(2000);
    bench.actor.onTick(bench.clock.monotonicMs());
    expect(bench.take()).toEqual(['look 0:0 in epoch 0']);
    bench.elected(PeerState.following, 1);
    expect(() => bench.actor.onTick(0)).toThrow('a bug');
  });

  it('does not start on epochs that contradict the log, nor go on with a database that cannot be settled', () => {
    const file = bench.disk.createNew(`${VERSION_2}/currentEpoch`);
    file.write(Buffer.from('2'), 0, 1, 0);
    file.close();
    bench.done(RecordType.loaded, 3, 7);
    expect(bench.fatal).toBeInstanceOf(EpochFileError);
    expect(bench.take()).toEqual([]);

    bench = new Bench();
    bench.done(RecordType.loaded, 0, 0);
    bench.elected(PeerState.following, 1);
    bench.host?.onOver('the test says so');
    bench.actor.onBatchEnd();
    bench.record('prep', RecordType.halt);
    bench.done(RecordType.halt, 0, 0);
    bench.record('prep', RecordType.fence);
    bench.done(RecordType.settle, 0, 0, ErrorCode.SystemError);
    expect(bench.fatal?.message).toContain('end of its log');
  });

  it('writes the members it knows into every tree that it is given', () => {
    bench.done(RecordType.loaded, 0, 0);
    bench.elected(PeerState.following, 1);
    bench.take();
    bench.done(RecordType.snapEnd, 1, 9);
    bench.done(RecordType.snapEnd, 1, 9, ErrorCode.SystemError);
    bench.done(RecordType.truncate, 1, 5);
    expect(bench.take()).toEqual([
      'role: done snapEnd',
      'role: done snapEnd',
      'role: done truncate',
      'sync: config',
      'sync: config',
    ]);
    // The role ends before the tree was saved: it is the one of the disk again.
    bench.host?.onOver('the test says so');
    bench.actor.onBatchEnd();
    bench.endRole(0, 4);
    expect(bench.take().slice(-3)).toEqual(['sync: config', 'leave', 'look 0:4 in epoch 0']);
  });

  it('what was proposed and logged counts as committed once the role is over', () => {
    bench.done(RecordType.loaded, 1, 1);
    bench.elected(PeerState.leading, 2);
    const history = bench.host?.history;
    history?.append(1, 2, new Uint8Array(8), 0, 8);
    bench.host?.onOver('the test says so');
    bench.actor.onBatchEnd();
    bench.endRole(1, 2);
    expect(history).toMatchObject({ pendingCount: 0, lastCommittedHi: 1, lastCommittedLo: 2 });
    expect(history?.committedLog.count).toBe(1);
    // Another database than the role left behind: what is in the log is all that is known.
    bench.elected(PeerState.leading, 2);
    history?.append(1, 3, new Uint8Array(8), 0, 8);
    bench.host?.onOver('the test says so');
    bench.actor.onBatchEnd();
    bench.endRole(1, 1);
    expect(history).toMatchObject({ pendingCount: 0, lastCommittedHi: 1, lastCommittedLo: 1 });
    expect(history?.committedLog.count).toBe(0);
  });

  it('a member that lost what it had acknowledged does not count until it was synchronized', () => {
    bench.status.setOwesTail(true);
    bench.done(RecordType.loaded, 1, 1);
    bench.elected(PeerState.following, 1);
    expect(bench.host).toMatchObject({ isUncounted: true, needsSnapshot: false });
    bench.host?.onNeedsSnapshot();
    expect(bench.host?.needsSnapshot).toBe(true);
    bench.take();
    bench.host?.onSynchronized(2, 1, 9);
    expect(bench.take()).toEqual(['synchronized 1:9', 'sync: config']);
    expect(bench.host).toMatchObject({ isUncounted: false, needsSnapshot: false });
  });

  it('members that a peer knows to be committed are taken over while looking, and the election begins anew', () => {
    bench.done(RecordType.loaded, 0, 0);
    bench.take();
    const newer = MEMBERS.replace('server.3=c', 'server.3=d').replace('version=100000000', 'version=200000005');
    bench.tell('election', (box) => sendGossip(box, newer, true));
    expect(bench.take()).toEqual([
      'hosts a b d a b d',
      'sync: config',
      'configs of version 200000005, anew',
      'look 0:0 in epoch 0',
    ]);
    expect(bench.actor.onControl(PeerRequest.members)).toBe(parseQuorumConfigText(newer).toText());
    bench.tell('election', (box) => sendGossip(box, 'nonsense', true));
    expect(bench.take()).toEqual(['hosts a b d a b d', 'configs of version 200000005, anew', 'look 0:0 in epoch 0']);
  });

  it('a committed reconfiguration that appoints another leader: no election', () => {
    bench.done(RecordType.loaded, 0, 0);
    bench.elected(PeerState.following, 3);
    bench.take();
    const without3 = parseQuorumConfigText(MEMBERS.replace(/server.3.*\n/, '').replace('100000000', '100000007'));
    expect(bench.host?.configs.activate(without3, 2, 1, 7)).toBe(true);
    bench.host?.onOver('the members have changed');
    bench.actor.onBatchEnd();
    bench.endRole(1, 7);
    expect(bench.take()).toEqual([
      'hosts a b a b',
      'role: close',
      'open 2 of 2',
      'prep: halt',
      'sync: config',
      'sync: halt',
      'sync: settle',
      // The database is not that of the role's history.
      'sync: config',
      'leave',
      'configs of version 100000007, anew',
      'appoint 2 of 2 at 1:7',
    ]);
  });

  it('counts the sizes of what it proposes', () => {
    bench.done(RecordType.loaded, 0, 0);
    bench.elected(PeerState.leading, 2);
    for (const length of [40, 16, 24]) bench.record('prep', RecordType.txn, { [WORD_LENGTH_A]: length }, length);
    bench.take();
    expect(bench.sizes()).toEqual([24, 16, 40]);
  });

  it('stops with its role and its network', () => {
    bench.done(RecordType.loaded, 0, 0);
    bench.elected(PeerState.leading, 2);
    bench.take();
    bench.actor.onStop();
    expect(bench.take()).toEqual(['role: close', 'network closed']);
  });
});
