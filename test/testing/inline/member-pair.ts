/**
 * Two members, one of which leads and one follows, without votes and packets between them: what a leader and a learner do with the
 * records of their lines, as short as it can be said, and messages in the order in which they were sent. A transaction is
 * committed when it is on both disks.
 */
import { assert } from '../../../src/base/assert.js';
import type { Prng } from '../../../src/base/prng.js';
import {
  InternalOp,
  PIPELINE_HEADER_BYTES,
  RecordType,
  ServerRole,
  WORD_ERROR,
  WORD_LEARNER,
  WORD_LENGTH_A,
  WORD_LENGTH_B,
  WORD_OP,
  WORD_SESSION_HI,
  WORD_SESSION_LO,
  WORD_XID,
  WORD_ZXID_HI,
  WORD_ZXID_LO,
} from '../../../src/processor/pipeline-records.js';
import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { SlotState } from '../../../src/session/session-table.js';
import type { PeerScript, ScriptedMember } from './scripted-member.js';

type Message = () => void;
/** Kept outside of a mailbox, with words over its bytes. */
interface Kept {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
}

const LINK = 1;
const NO_IDENTITIES = new Uint8Array(4);

/** A leader without learners, whose own disk is a majority. */
export function leaderAlone(member: ScriptedMember): PeerScript {
  return {
    onLine: (type, bytes, _words, offset, length) => member.port.passOn(type, bytes, offset, length),
    onDurable: (zxidHi, zxidLo) => member.port.committed(zxidHi, zxidLo),
  };
}

export class MemberPair {
  readonly leader: ScriptedMember;
  readonly learner: ScriptedMember;
  readonly toLeader: Message[] = [];
  readonly toLearner: Message[] = [];
  isOver = false;
  /** False: an observer without a log, for whom nothing waits. */
  learnerLogs = true;
  /** All that the leader has proposed, in order: what a learner misses. */
  readonly history: { readonly zxid: bigint; readonly entry: Uint8Array }[];
  committed = 0n;
  proposed = 0n;
  private readonly proposals: bigint[] = [];
  private readonly syncsAt: bigint[] = [];
  private readonly revalidations: Kept[] = [];
  private leaderHas = 0n;
  private learnerHas = 0n;

  /** `before`: the history of the leader's earlier roles. */
  constructor(leader: ScriptedMember, learner: ScriptedMember, before: MemberPair | null = null) {
    this.leader = leader;
    this.learner = learner;
    this.history = before === null ? [] : before.history.filter(({ zxid }) => zxid <= leader.zxid);
  }

  /** Both serve, once the learner has what it misses. */
  begin(epoch: number): void {
    const missed = this.history.filter(({ zxid }) => zxid > this.learner.zxid);
    for (const { zxid, entry } of missed) {
      this.learner.say((port) => {
        port.logTxn(entry, 0, entry.length);
        port.committed(Number(zxid >> 32n), Number(BigInt.asIntN(32, zxid)));
      });
    }
    this.leaderHas = this.learnerHas = this.committed = this.proposed = BigInt(epoch) << 32n;
    this.leader.serve(ServerRole.leader, this.leaderScript, epoch);
    this.learner.serve(ServerRole.follower, this.learnerScript);
  }

  /** Messages are lost from here on. */
  end(): void {
    this.isOver = true;
    this.toLeader.length = 0;
    this.toLearner.length = 0;
  }

  /** Until nothing is left to do at either of them. */
  run(): void {
    do {
      this.leader.run();
      this.learner.run();
    } while (this.deliver(this.toLeader) || this.deliver(this.toLearner));
  }

  stepAtRandom(prng: Prng): boolean {
    const steps = [
      () => this.leader.stepAtRandom(prng),
      () => this.learner.stepAtRandom(prng),
      () => this.deliver(this.toLeader),
      () => this.deliver(this.toLearner),
    ];
    const first = prng.below(steps.length);
    for (let i = 0; i < steps.length; i++) {
      if ((steps[(first + i) % steps.length] as () => boolean)()) return true;
    }
    return false;
  }

  /** The sessions that the learner has heard of, as in its answer to a PING. */
  ping(wanted: (sessionId: bigint) => boolean = () => true): void {
    const { sessions } = this.learner;
    const bytes: number[] = [];
    const view = new DataView(new ArrayBuffer(12));
    for (let slot = 0; slot < sessions.slotCountUsed; slot++) {
      if (sessions.state(slot) !== SlotState.open) continue;
      if (!wanted(int64(sessions.sessionHi(slot), sessions.sessionLo(slot)))) continue;
      view.setInt32(0, sessions.sessionHi(slot));
      view.setInt32(4, sessions.sessionLo(slot));
      view.setInt32(8, sessions.timeoutMs(slot));
      bytes.push(...new Uint8Array(view.buffer));
    }
    const packed = Uint8Array.from(bytes);
    this.leader.say((port) => port.touch(packed, 0, packed.length));
  }

  private deliver(messages: Message[]): boolean {
    const next = messages.shift();
    next?.();
    return next !== undefined;
  }

  private tell(messages: Message[], message: Message): void {
    if (!this.isOver) messages.push(message);
  }

  // ---- the leader

  private readonly leaderScript: PeerScript = {
    onLine: (type, bytes, words, offset, length) => {
      const at = offset >> 2;
      const { port } = this.leader;
      if (type === RecordType.txn) {
        const entryLength = words[at + WORD_LENGTH_A] as number;
        const entry = bytes.slice(offset + PIPELINE_HEADER_BYTES, offset + PIPELINE_HEADER_BYTES + entryLength);
        const zxid = zxidOf(words, at);
        assert(zxid > this.proposed, 'zxids rise');
        this.proposed = zxid;
        this.proposals.push(zxid);
        this.history.push({ zxid, entry });
        this.tell(this.toLearner, () =>
          this.learner.say((learners) => learners.logTxn(entry, 0, entry.length, this.learnerLogs)),
        );
        port.passOn(type, bytes, offset, length);
      } else if (words[at + WORD_LEARNER] === 0) {
        port.passOn(type, bytes, offset, length);
      } else if (words[at + WORD_OP] === OpCode.sync) {
        if (this.committed >= this.proposed || this.proposals.length === 0) this.sendSync();
        else this.syncsAt.push(this.proposed);
      } else {
        const valid = words[at + WORD_ERROR] === ErrorCode.Ok;
        this.tell(this.toLearner, () => this.onRevalidated(valid));
      }
    },
    onDurable: (zxidHi, zxidLo) => {
      this.leaderHas = int64(zxidHi, zxidLo);
      this.tryCommit();
    },
  };

  private sendSync(): void {
    this.tell(this.toLearner, () => this.learner.say((port) => port.synced()));
  }

  private tryCommit(): void {
    const both = this.leaderHas < this.learnerHas || !this.learnerLogs ? this.leaderHas : this.learnerHas;
    while ((this.proposals[0] ?? both + 1n) <= both) {
      const zxid = this.proposals.shift() as bigint;
      this.committed = zxid;
      const hi = Number(zxid >> 32n);
      const lo = Number(BigInt.asIntN(32, zxid));
      this.leader.say((port) => port.committed(hi, lo));
      this.tell(this.toLearner, () => this.learner.say((port) => port.committed(hi, lo)));
      while ((this.syncsAt[0] ?? zxid + 1n) <= zxid) {
        this.syncsAt.shift();
        this.sendSync();
      }
    }
  }

  // ---- the learner

  private readonly learnerScript: PeerScript = {
    onLine: (type, bytes, words, offset, length) => {
      const { port } = this.learner;
      if (type !== RecordType.request) {
        assert(type === RecordType.pass || type === RecordType.echo, 'a learner decides nothing');
        port.local(type, bytes, offset, length);
        return;
      }
      const kept = keep(type, bytes, offset, length);
      if (kept.words[WORD_OP] === InternalOp.reopenSession) this.revalidations.push(kept);
      else port.awaiting(bytes, words, offset, length);
      this.tell(this.toLeader, () => this.forward(kept));
    },
    onDurable: (zxidHi, zxidLo) => {
      const zxid = int64(zxidHi, zxidLo);
      this.tell(this.toLeader, () => {
        this.learnerHas = zxid;
        this.tryCommit();
      });
    },
  };

  private forward({ bytes, words }: Kept): void {
    const lengthA = words[WORD_LENGTH_A] as number;
    const op = words[WORD_OP] as number;
    const hasIdentities = op !== OpCode.createSession && op !== InternalOp.reopenSession;
    const identities = hasIdentities
      ? bytes.subarray(PIPELINE_HEADER_BYTES, PIPELINE_HEADER_BYTES + lengthA)
      : NO_IDENTITIES;
    this.leader.say((port) =>
      port.forwarded(
        LINK,
        op,
        words[WORD_XID] as number,
        words[WORD_SESSION_HI] as number,
        words[WORD_SESSION_LO] as number,
        identities,
        0,
        identities.length,
        bytes,
        PIPELINE_HEADER_BYTES + lengthA,
        words[WORD_LENGTH_B] as number,
      ),
    );
  }

  private onRevalidated(valid: boolean): void {
    const kept = this.revalidations.shift();
    assert(kept !== undefined, 'a session was to be revalidated');
    kept.words[WORD_ERROR] = valid ? ErrorCode.Ok : ErrorCode.SessionExpired;
    this.learner.say((port) => port.local(RecordType.pass, kept.bytes, 0, kept.bytes.length));
  }
}

function keep(type: number, bytes: Uint8Array, offset: number, length: number): Kept {
  const words = new Int32Array((length + 3) >> 2);
  const copy = new Uint8Array(words.buffer, 0, length);
  copy.set(bytes.subarray(offset, offset + length));
  return { type, bytes: copy, words };
}

function zxidOf(words: Int32Array, at: number): bigint {
  return int64(words[at + WORD_ZXID_HI] as number, words[at + WORD_ZXID_LO] as number);
}

function int64(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0);
}
