// A leader and model followers in random schedules: bytes cut anywhere, connections lost and made anew, a slow disk. After every
// commit a quorum has the transaction in its logs, whatever was truncated meanwhile; in the end everybody has everything.

import { describe, expect, test } from 'vitest';
import { Prng } from '../../../src/base/prng.js';
import type { PeerSocket, PeerSocketEvents } from '../../../src/election/peer-network.js';
import { PacketBuffer } from '../../../src/zab/packet-buffer.js';
import { PacketReader, PacketVerdict } from '../../../src/zab/packet-reader.js';
import { PacketType } from '../../../src/zab/quorum-packet.js';
import { configText } from './leader-fakes.js';
import { LeaderStage } from './leader-stage.js';
import { zxidOf, zxidText } from './zxid-words.js';

/** Of the signature behind a snapshot; nothing else there has these two. */
const LAST_LETTERS = [...'re'].map((letter) => letter.charCodeAt(0));

function place(zxid: string): number {
  const [epoch, counter] = zxidOf(zxid);
  return epoch * 1_000_000 + counter;
}

/** A follower's log, as packets tell it; it is durable at once, and survives its connections. */
class ModelFollower {
  readonly sid: number;
  log: string[];
  /** Where the log begins, if that is a snapshot. */
  base = '0.0';
  committed = '0.0';
  epoch: number;
  isConnected = false;
  isUpToDate = false;
  private acksDue: string[] = [];
  private readonly stage: LeaderStage;
  private readonly isObserver: boolean;
  private reader = new PacketReader(1 << 20);
  private readonly out = new PacketBuffer();
  private socket: PeerSocket | null = null;
  private connections = 0;
  private letter = 0;

  constructor(stage: LeaderStage, sid: number, log: readonly string[], isObserver: boolean) {
    this.stage = stage;
    this.sid = sid;
    this.log = [...log];
    this.isObserver = isObserver;
    this.epoch = 1;
  }

  get last(): string {
    return this.log.at(-1) ?? this.base;
  }

  has(zxid: string): boolean {
    return this.log.includes(zxid) || place(zxid) <= place(this.base);
  }

  connect(): void {
    this.reader = new PacketReader(1 << 20);
    this.out.clear();
    this.acksDue = [];
    this.isUpToDate = false;
    this.isConnected = true;
    const number = ++this.connections;
    const isThis = (): boolean => number === this.connections;
    const events: PeerSocketEvents = {
      onOpen: () => isThis() && this.onOpen(),
      onData: (bytes, length) => isThis() && this.onData(bytes, length),
      onDrain: () => undefined,
      onClose: () => isThis() && this.onClose(),
    };
    this.socket = this.stage.network.host(`m${this.sid}`).connect([{ host: 'm1', port: 2888 }], 5000, events);
  }

  /** `isSilent`: as a machine that lost its power, of which the leader learns nothing. */
  lose(isSilent: boolean): void {
    this.connections++;
    if (!isSilent) this.socket?.destroy();
    this.socket = null;
    this.isConnected = false;
  }

  private onOpen(): void {
    this.out.begin(this.isObserver ? PacketType.observerInfo : PacketType.followerInfo, this.epoch, 0);
    this.out.putLong(0, this.sid);
    this.out.putInt(0x10000);
    this.out.putLong(0, 0);
    this.out.end();
    this.flush();
  }

  private onData(bytes: Uint8Array, length: number): void {
    this.reader.push(bytes, length, {
      onPacket: (type, hi, lo) => this.onPacket(type, zxidText(hi, lo)),
      onRaw: (from, offset, count) => this.onRaw(from, offset, count),
    });
    this.flush();
  }

  private onClose(): void {
    this.socket = null;
    this.isConnected = false;
  }

  /** As a disk that is done with some of what it was given. */
  acknowledge(count: number): void {
    if (!this.isUpToDate || this.socket === null) return;
    for (const zxid of this.acksDue.splice(0, count)) this.out.empty(PacketType.ack, ...zxidOf(zxid));
    this.flush();
  }

  private onPacket(type: number, zxid: string): PacketVerdict {
    switch (type) {
      case PacketType.leaderInfo: {
        const data = new Uint8Array([0, 0, 0, 1]);
        if (this.epoch === zxidOf(zxid)[0]) data.fill(0xff);
        this.epoch = zxidOf(zxid)[0];
        this.out.withData(PacketType.ackEpoch, ...zxidOf(this.last), data, 0, 4);
        break;
      }
      case PacketType.diff:
        this.committed = this.last;
        break;
      case PacketType.trunc:
        expect(this.has(zxid)).toBe(true);
        this.log = this.log.filter((entry) => place(entry) <= place(zxid));
        this.committed = zxid;
        break;
      case PacketType.snap:
        this.log = [];
        this.base = zxid;
        this.committed = zxid;
        return PacketVerdict.raw;
      case PacketType.proposal:
        this.append(zxid);
        this.acksDue.push(zxid);
        break;
      case PacketType.commit:
        this.commit(zxid);
        break;
      case PacketType.inform:
        this.append(zxid);
        this.commit(zxid);
        break;
      case PacketType.newLeader:
        // ZOOKEEPER-4394: a follower of 3.8.0 has forgotten what came before when it is told of its commit.
        expect(`committed up to ${this.committed}`).toBe(`committed up to ${this.last}`);
        this.acksDue = this.acksDue.filter((due) => place(due) > place(this.committed));
        this.out.empty(PacketType.ack, ...zxidOf(zxid));
        break;
      case PacketType.upToDate:
        this.isUpToDate = true;
        break;
      case PacketType.ping:
        if (!this.isUpToDate) break;
        this.out.begin(PacketType.ping, ...zxidOf(zxid));
        this.out.end();
        break;
      default:
        throw new Error(`packet of type ${type}`);
    }
    return PacketVerdict.taken;
  }

  private append(zxid: string): void {
    const [epoch, counter] = zxidOf(zxid);
    const [lastEpoch, lastCounter] = zxidOf(this.last);
    expect(
      `${zxid} behind ${this.last}: ${epoch === lastEpoch ? counter === lastCounter + 1 : epoch > lastEpoch && counter === 1}`,
    ).toBe(`${zxid} behind ${this.last}: true`);
    this.log.push(zxid);
  }

  private commit(zxid: string): void {
    const next = this.log.find((entry) => place(entry) > place(this.committed));
    expect(zxid).toBe(next);
    this.committed = zxid;
  }

  private onRaw(bytes: Uint8Array, offset: number, count: number): number {
    for (let i = offset; i < offset + count; i++) {
      const isEnd = bytes[i] === LAST_LETTERS[1] && this.letter === LAST_LETTERS[0];
      this.letter = bytes[i];
      if (!isEnd) continue;
      this.reader.packetsFollow();
      return i + 1 - offset;
    }
    return count;
  }

  private flush(): void {
    if (this.socket !== null) this.out.flush(this.socket);
  }
}

interface Schedule {
  readonly voters: number;
  readonly observers: readonly number[];
  readonly commitLogCount: number;
}

const SCHEDULES: Schedule[] = [
  { voters: 3, observers: [4], commitLogCount: 4 },
  { voters: 5, observers: [], commitLogCount: 500 },
  { voters: 5, observers: [6, 7], commitLogCount: 20 },
];

function run(seed: number): void {
  const prng = new Prng(seed);
  const { voters, observers, commitLogCount } = SCHEDULES[seed % SCHEDULES.length];
  const past = ['1.1', '1.2', '1.3', '1.4', '1.5', '1.6'];
  const stage = new LeaderStage({
    config: configText(voters, observers),
    log: past.join(' '),
    commitLogCount,
    systemBytesMax: 200 + prng.below(4000),
    seed,
  });
  stage.isDiskFast = false;
  stage.sources.chunks = ['sn', 'ap'];
  const sids = Array.from({ length: voters - 1 }, (_, i) => i + 2);
  const followers = [...sids, ...observers].map(
    (sid) => new ModelFollower(stage, sid, past.slice(0, 1 + prng.below(past.length)), observers.includes(sid)),
  );
  const made: string[] = [];
  let written = 0;
  let durable = 0;

  // Every second one may not read its log for a DIFF.
  const readDisk = (): void => {
    stage.sources.disk = seed % 2 === 0 ? null : [...past, ...made.slice(0, durable)];
  };
  readDisk();

  const check = (): void => {
    for (const text of stage.take()) {
      const [, what, zxid] = text.split(' ');
      if (what === 'txn') {
        made.push(zxid);
        readDisk();
      } else if (what === 'committed') {
        let holders = place(zxid) <= 2_000_000 + durable ? 1 : 0;
        for (const follower of followers) if (sids.includes(follower.sid) && follower.has(zxid)) holders++;
        expect(`${zxid} on ${holders} of ${voters}: ${holders > voters / 2}`).toBe(
          `${zxid} on ${holders} of ${voters}: true`,
        );
      }
    }
  };

  const stepsOf = (isCalm: boolean): void => {
    const kind = prng.below(100);
    const follower = followers[prng.below(followers.length)];
    if (kind < 60) stage.network.stepAtRandom(prng);
    else if (kind < 75) stage.turn();
    else if (kind < 80 && stage.leader.phase === 'broadcast' && written < 120) {
      stage.write(1 + prng.below(3));
      written = stage.leader.lastProposed;
    } else if (kind < 86) {
      durable = Math.min(written, durable + prng.below(4));
      readDisk();
      if (durable > 0) stage.leader.onDurable(2, durable);
      stage.requestTurn();
    } else if (kind < 93) follower.acknowledge(1 + prng.below(5));
    else if (kind < 94 && !isCalm) follower.lose(prng.below(2) === 0);
    else if (kind < 97) {
      if (!follower.isConnected) follower.connect();
    } else {
      stage.clock.advance(10);
      stage.leader.onTick(stage.clock.monotonicMs());
    }
    check();
  };

  for (let step = 0; step < 5000; step++) stepsOf(false);
  // Calm: everybody comes back, and everything is committed everywhere.
  for (let round = 0; round < 400; round++) {
    for (const follower of followers) if (!follower.isConnected) follower.connect();
    durable = written;
    readDisk();
    if (durable > 0) stage.leader.onDurable(2, durable);
    stage.requestTurn();
    for (let step = 0; step < 30; step++) stepsOf(true);
    for (const follower of followers) follower.acknowledge(1000);
    stage.settle();
    check();
  }
  expect(stage.over).toBe('');
  expect(stage.leader.phase).toBe('broadcast');
  const last = zxidText(2, written);
  expect(zxidText(stage.history.lastCommittedHi, stage.history.lastCommittedLo)).toBe(last);
  for (const follower of followers)
    expect(`${follower.sid} ${follower.committed}`).toBe(
      `${follower.sid} ${written === 0 ? follower.committed : last}`,
    );
}

describe('random schedules', () => {
  test.each(Array.from({ length: 12 }, (_, i) => i + 1))('seed %i', (seed) => run(seed));
});
