/**
 * What every member of an ensemble has logged, made durable, promised and applied, noted as it happens, and the invariants 1, 2,
 * 4 to 10 and 13 held against it at each step. It is told facts by observers around the members (their logs, trees, disks and
 * packets) and asks nobody; what it finds it reports, and goes on.
 *
 *   line       what has gone down the member's log, in this life; after a SNAP, the leader's history and what followed
 *   durable    what a start from its disk would find at the least
 *   committed  what anybody was ever told to be committed: one sequence for all
 */
import { Invariant, type OnViolation } from './invariant.js';
import type { QuorumRule } from './quorum-rule.js';
import { RulesInForce } from './rules-in-force.js';
import { counterOf, epochOf, showZxid, TxnHistory } from './txn-history.js';

export class MemberRecord {
  readonly sid: number;
  line = new TxnHistory();
  durable = new TxnHistory();
  /** Appended, and no sync has covered it yet. */
  unsynced: { zxid: number; hash: number }[] = [];
  /** Durable, as on the disk. */
  acceptedEpoch = 0;
  currentEpoch = 0;
  applied = 0;
  /** What it was told to apply. While it is only being synchronised that says nothing about the ensemble. */
  allowed = 0;
  /** The greatest zxid that it holds for committed while it serves, or that it told others. */
  claimed = 0;
  isServing = false;
  /** What is logged is being applied, committed or not, since a role is over. */
  isSettling = false;
  /** The log is being cut to this zxid, or a snapshot of this one is being made durable: either is found after a crash. */
  truncatingTo = -1;
  saving: TxnHistory | null = null;
  /** The sender's history up to the snapshot that is coming in. */
  offered: TxnHistory | null = null;
  isUp = false;

  constructor(sid: number) {
    this.sid = sid;
  }
}

export class EnsembleRecord {
  readonly committed = new TxnHistory();
  readonly rules: RulesInForce;
  private readonly onViolation: OnViolation;
  private readonly members = new Map<number, MemberRecord>();
  private readonly leaders = new Map<number, number>();
  private readonly newLeaderAcks = new Map<number, Set<number>>();
  private readonly digests = new Map<number, { readonly digest: string; readonly sid: number }>();
  private claimed = 0;
  private config = 0;
  /** Their transactions, the newest first. */
  private readonly reconfigs: number[] = [];
  /** How many there were so far, the first ones included. */
  configCount = 1;

  constructor(rule: QuorumRule, onViolation: OnViolation) {
    this.rules = new RulesInForce(rule);
    this.onViolation = onViolation;
  }

  member(sid: number): MemberRecord {
    let member = this.members.get(sid);
    if (member === undefined) {
      member = new MemberRecord(sid);
      this.members.set(sid, member);
    }
    return member;
  }

  /** Established leaders by epoch. */
  get leaderByEpoch(): ReadonlyMap<number, number> {
    return this.leaders;
  }

  get committedZxid(): number {
    return this.claimed;
  }

  // ---- lives

  /** Recovery is done, up to this zxid. `isAllDurable`: nothing of its log is unsynced. */
  started(sid: number, zxid: number, isAllDurable = true): void {
    const member = this.member(sid);
    const { durable, unsynced, saving, truncatingTo } = member;
    member.isUp = true;
    if (saving !== null && zxid === saving.last) member.durable = saving.upTo(zxid);
    else if (truncatingTo >= 0 && zxid < durable.last && zxid >= truncatingTo) durable.truncateTo(zxid);
    else {
      for (const { zxid: next, hash } of unsynced) if (next <= zxid && next > durable.last) durable.push(next, hash);
    }
    if (zxid < member.durable.last) {
      this.say(Invariant.durableAcks, `${sid} started at ${showZxid(zxid)}, and had ${showZxid(durable.last)} durable`);
      member.durable.truncateTo(zxid);
    } else if (counterOf(zxid) !== 0 && zxid !== member.durable.last) {
      this.say(
        Invariant.durableAcks,
        `${sid} started at ${showZxid(zxid)}, which it never logged: it had ${showZxid(member.durable.last)}`,
      );
    }
    member.line = member.durable.upTo(zxid);
    if (!isAllDurable) member.durable = durable;
    member.applied = zxid;
    this.forgetLife(member);
  }

  /** The process is gone; its disk may have kept what was not synced. */
  crashed(sid: number): void {
    const member = this.member(sid);
    member.isUp = false;
    member.isServing = false;
    member.isSettling = false;
    member.offered = null;
  }

  /** From here on it answers clients; or no more. */
  serving(sid: number, isServing: boolean): void {
    const member = this.member(sid);
    member.isServing = isServing;
    if (isServing) this.committedUpTo(sid, member.allowed);
    else member.allowed = 0;
  }

  // ---- the log

  appended(sid: number, zxid: number, hash: number): void {
    const member = this.member(sid);
    this.checkNext(member, zxid);
    this.pushLine(member, zxid, hash);
    member.unsynced.push({ zxid, hash });
  }

  /** Applied, but not logged: a snapshot will hold it. */
  passedUnlogged(sid: number, zxid: number, hash: number): void {
    const member = this.member(sid);
    if (zxid <= member.line.last) return; // what a fuzzy snapshot has already
    this.checkNext(member, zxid);
    this.pushLine(member, zxid, hash);
  }

  synced(sid: number): void {
    const member = this.member(sid);
    for (const { zxid, hash } of member.unsynced) if (zxid > member.durable.last) member.durable.push(zxid, hash);
    member.unsynced = [];
    this.checkEpochOfLog(member);
  }

  truncating(sid: number, zxid: number): void {
    this.member(sid).truncatingTo = zxid;
  }

  truncated(sid: number, zxid: number): void {
    const member = this.member(sid);
    member.truncatingTo = -1;
    member.unsynced = [];
    member.line.truncateTo(zxid);
    member.durable.truncateTo(zxid);
    member.applied = Math.min(member.applied, zxid);
  }

  snapOffered(sid: number, leader: number, zxid: number): void {
    this.member(sid).offered = this.member(leader).line.upTo(zxid);
  }

  snapBegun(sid: number, zxid: number): void {
    const member = this.member(sid);
    member.line = member.offered ?? this.committed.upTo(zxid);
    member.offered = null;
    member.unsynced = [];
    member.applied = zxid;
  }

  /** What stands in the tree now is being made durable. */
  snapSaving(sid: number): void {
    const member = this.member(sid);
    member.saving = member.line.upTo(Number.POSITIVE_INFINITY);
  }

  snapSaved(sid: number): void {
    const member = this.member(sid);
    if (member.saving === null) return;
    member.durable = member.saving;
    member.saving = null;
    this.checkEpochOfLog(member);
  }

  // ---- what is committed and applied

  /** Told to apply everything up to there. */
  toldToApply(sid: number, zxid: number): void {
    const member = this.member(sid);
    if (zxid > member.allowed) member.allowed = zxid;
    if (member.isServing) this.committedUpTo(sid, zxid);
  }

  /** Told by the leader, or by it to others: everything up to there is committed. */
  committedUpTo(sid: number, zxid: number): void {
    const member = this.member(sid);
    if (zxid > member.claimed) member.claimed = zxid;
    if (zxid > this.claimed && counterOf(zxid) !== 0) {
      const holders = this.holdersOf(zxid);
      if (!this.rules.at(zxid).isQuorum(holders)) {
        this.say(
          Invariant.quorumCommits,
          `${sid} says that ${showZxid(zxid)} is committed, which only [${holders}] have on disk`,
        );
      }
      this.claimed = zxid;
      this.checkConfigOf(member, zxid);
    }
    this.reconcile(member);
  }

  /** The role is over. Who has applied more than is on the disk (an observer without a log, an unfinished SNAP) is what the disk says. */
  settled(sid: number, zxid: number): void {
    const member = this.member(sid);
    if (zxid >= member.line.last) return;
    const { durable } = member;
    if (zxid < durable.last) {
      this.say(
        Invariant.durableAcks,
        `${sid} went back to ${showZxid(zxid)}, and had ${showZxid(durable.last)} durable`,
      );
    }
    member.line = durable.upTo(zxid);
    member.unsynced = [];
    member.applied = zxid;
  }

  settling(sid: number, isSettling: boolean): void {
    this.member(sid).isSettling = isSettling;
  }

  applied(sid: number, zxid: number, hash: number): void {
    const member = this.member(sid);
    if (zxid <= member.applied) return; // a fuzzy snapshot has it
    const { line } = member;
    const at = line.countUpTo(member.applied);
    if (line.zxidAt(at) !== zxid || line.hashAt(at) !== hash) {
      this.say(
        Invariant.totalOrder,
        `${sid} applied ${showZxid(zxid)} behind ${showZxid(member.applied)}, where its log has ${showZxid(line.zxidAt(at) ?? 0)}`,
      );
    }
    if (zxid > Math.max(member.claimed, member.allowed) && !member.isSettling) {
      this.say(
        Invariant.nothingUncommittedShown,
        `${sid} applied ${showZxid(zxid)} before anybody said it is committed`,
      );
    }
    member.applied = zxid;
    this.reconcile(member);
  }

  /** At equal zxids trees are equal; `digest` of the whole tree and its sessions. */
  stateSeen(sid: number, zxid: number, digest: string): void {
    const before = this.digests.get(zxid);
    if (before === undefined) this.digests.set(zxid, { digest, sid });
    else if (before.digest !== digest) {
      this.say(Invariant.equalStates, `${sid} and ${before.sid} differ at ${showZxid(zxid)}`);
    }
  }

  // ---- epochs and promises

  epochsOnDisk(sid: number, acceptedEpoch: number, currentEpoch: number): void {
    const member = this.member(sid);
    if (acceptedEpoch < member.acceptedEpoch) {
      this.say(Invariant.epochsRise, `acceptedEpoch of ${sid} falls from ${member.acceptedEpoch} to ${acceptedEpoch}`);
    }
    if (currentEpoch < member.currentEpoch) {
      this.say(Invariant.epochsRise, `currentEpoch of ${sid} falls from ${member.currentEpoch} to ${currentEpoch}`);
    }
    if (currentEpoch > acceptedEpoch) {
      this.say(Invariant.epochsRise, `currentEpoch of ${sid} is ${currentEpoch}, and it has accepted ${acceptedEpoch}`);
    }
    member.acceptedEpoch = acceptedEpoch;
    member.currentEpoch = currentEpoch;
  }

  /** ACKEPOCH, in answer to a leader of this epoch. */
  ackedEpoch(sid: number, epoch: number): void {
    const { acceptedEpoch } = this.member(sid);
    if (epoch < acceptedEpoch) {
      this.say(Invariant.epochsRise, `${sid} acknowledges epoch ${epoch}, and has promised ${acceptedEpoch}`);
    } else if (epoch > acceptedEpoch) {
      this.say(Invariant.epochsRise, `${sid} acknowledges epoch ${epoch}, and its disk knows of ${acceptedEpoch} only`);
    }
  }

  ackedNewLeader(sid: number, leader: number, epoch: number): void {
    const member = this.member(sid);
    if (member.currentEpoch !== epoch) {
      this.say(
        Invariant.durableAcks,
        `${sid} acknowledges the leader of epoch ${epoch}, and its disk says ${member.currentEpoch}`,
      );
    }
    const { line } = this.member(leader);
    const initial = line.countUpTo(epoch * 0x1_0000_0000);
    const difference = member.durable.differenceFrom(line, initial);
    if (difference >= 0) {
      this.say(
        Invariant.durableAcks,
        `${sid} acknowledges leader ${leader} of epoch ${epoch} without ${showZxid(line.zxidAt(difference))} on its disk`,
      );
    }
    const acks = this.newLeaderAcks.get(epoch) ?? new Set();
    acks.add(sid);
    this.newLeaderAcks.set(epoch, acks);
  }

  ackedTxn(sid: number, zxid: number): void {
    if (this.member(sid).durable.has(zxid)) return;
    this.say(Invariant.durableAcks, `${sid} acknowledges ${showZxid(zxid)}, which its disk does not have`);
  }

  /** The leader serves, or says that somebody may. */
  established(sid: number, epoch: number): void {
    const other = this.leaders.get(epoch);
    if (other !== undefined) {
      if (other !== sid) this.say(Invariant.oneLeader, `${other} and ${sid} both lead in epoch ${epoch}`);
      return;
    }
    this.leaders.set(epoch, sid);
    const member = this.member(sid);
    const acks = new Set(this.newLeaderAcks.get(epoch) ?? []);
    const initial = member.line.countUpTo(epoch * 0x1_0000_0000);
    if (member.currentEpoch === epoch && member.durable.differenceFrom(member.line, initial) < 0) acks.add(sid);
    if (!this.rules.at(epoch * 0x1_0000_0000).isQuorum(acks)) {
      this.say(Invariant.primaryIntegrity, `${sid} leads in epoch ${epoch}, acknowledged by [${[...acks]}] only`);
    }
    // What a later epoch has committed meanwhile (its own word may be long on its way through a slow disk) is none of its affair.
    const missing = member.line.differenceFrom(this.committed, this.committed.countUpTo(epoch * 0x1_0000_0000));
    if (missing >= 0) {
      this.say(
        Invariant.nothingLost,
        `${sid} leads in epoch ${epoch} without ${showZxid(this.committed.zxidAt(missing))}, which is committed`,
      );
    }
    // All that it has is committed by this.
    const last = member.line.last;
    this.checkConfigOf(member, last);
    if (last > this.claimed) this.claimed = last;
    if (last > member.claimed) member.claimed = last;
    if (last > member.allowed) member.allowed = last;
    this.reconcile(member);
  }

  // ---- who the members are

  /** Of the newest configuration that anybody has ever held for committed. */
  get configVersion(): number {
    return this.config;
  }

  /**
   * A member holds this configuration for committed: the first of all is a leader that has committed the transaction, or whose
   * learners have acknowledged the new epoch, by a quorum of the members before and by one of these.
   */
  configCommitted(sid: number, version: number, rule: QuorumRule): void {
    if (version <= this.config) return;
    this.config = version;
    this.configCount++;
    const both = [this.rules.latest, rule];
    const epoch = this.member(sid).currentEpoch;
    const holders = this.holdersOf(version);
    const acks = [...(this.newLeaderAcks.get(epoch) ?? []), sid];
    const isCommitted = both.every((each) => each.isQuorum(holders));
    if (!isCommitted && !both.every((each) => each.isQuorum(acks))) {
      this.say(
        Invariant.configSafety,
        `${sid} takes configuration ${showZxid(version)} for committed: on disk [${holders}] have it, and epoch ${epoch} is acknowledged by [${acks}]`,
      );
    }
    this.rules.begin(isCommitted ? version : epoch * 0x1_0000_0000, rule);
  }

  private holdersOf(zxid: number): number[] {
    return [...this.members.values()].filter(({ durable }) => durable.has(zxid)).map(({ sid }) => sid);
  }

  /** A transaction that changes the members, in somebody's log. */
  reconfigSeen(zxid: number): void {
    if (this.reconfigs.includes(zxid)) return;
    this.reconfigs.push(zxid);
    this.reconfigs.sort((a, b) => b - a);
  }

  /** Whoever takes a reconfiguration for committed holds its members for committed. */
  private checkConfigOf(member: MemberRecord, zxid: number): void {
    for (const change of this.reconfigs) {
      if (change <= this.config) return;
      if (change > zxid || !member.line.has(change)) continue;
      this.say(
        Invariant.configSafety,
        `${member.sid} holds ${showZxid(change)} for committed, and nobody the members that it brings`,
      );
    }
  }

  // ---- within

  private pushLine(member: MemberRecord, zxid: number, hash: number): void {
    if (zxid > member.line.last) member.line.push(zxid, hash);
    this.reconcile(member);
  }

  /** What the member has, and was told is committed, is so for all, and the same for all. */
  private reconcile(member: MemberRecord): void {
    const { committed } = this;
    const { line } = member;
    const count = line.countUpTo(member.claimed);
    const known = Math.min(count, committed.length);
    const from = Math.max(0, known - 1);
    const difference = line.differenceFrom(committed, known, from);
    if (difference >= 0) {
      this.say(
        Invariant.totalOrder,
        `${member.sid} has ${showZxid(line.zxidAt(difference))} where ${showZxid(committed.zxidAt(difference))} is committed`,
      );
      return;
    }
    for (let i = committed.length; i < count; i++) committed.push(line.zxidAt(i), line.hashAt(i));
  }

  private checkNext(member: MemberRecord, zxid: number): void {
    const last = member.line.last;
    if (zxid <= last) {
      this.say(Invariant.primaryOrder, `${member.sid} logs ${showZxid(zxid)} behind ${showZxid(last)}`);
      return;
    }
    const due = epochOf(zxid) === epochOf(last) ? counterOf(last) + 1 : 1;
    if (counterOf(zxid) !== due) {
      this.say(Invariant.primaryOrder, `${member.sid} logs ${showZxid(zxid)} behind ${showZxid(last)}: a hole`);
    }
  }

  private checkEpochOfLog(member: MemberRecord): void {
    const epoch = epochOf(member.durable.last);
    if (epoch > member.acceptedEpoch) {
      this.say(
        Invariant.epochsRise,
        `${member.sid} has ${showZxid(member.durable.last)} on its disk, and has accepted ${member.acceptedEpoch}`,
      );
    }
  }

  private forgetLife(member: MemberRecord): void {
    member.unsynced = [];
    member.saving = null;
    member.truncatingTo = -1;
    member.isSettling = false;
    member.isServing = false;
    member.offered = null;
    member.allowed = 0;
    member.claimed = Math.min(member.claimed, member.line.last);
  }

  private say(invariant: Invariant, text: string): void {
    this.onViolation({ invariant, text });
  }
}
