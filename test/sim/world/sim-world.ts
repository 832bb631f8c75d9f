/**
 * The world of one seed: members, clients, the network between them and the faults, in one thread and in virtual time. It picks
 * one thing after another that could happen now; when there is none, time goes on to the next moment at which there is. First
 * everything may go wrong and nothing wrong may be seen; then all is well, and the ensemble has to get on.
 *
 * Streams of chance are apart: one more draw for the network leaves workload and faults as they are.
 */
import { ManualClock } from '../../../src/base/clock.js';
import { Prng } from '../../../src/base/prng.js';
import { verifiersOf } from '../../../src/election/config-pair.js';
import { ServerRole } from '../../../src/processor/pipeline-records.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { ActorKind } from '../../../src/server/standalone-topology.js';
import { EventQueue } from '../../testing/inline/event-queue.js';
import { InlineMember, type InlineMemberOptions } from '../../testing/inline/inline-member.js';
import { type SimPeerEnd, SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import { SimClient } from '../client/sim-client.js';
import { READING, SimWorkload } from '../client/workload.js';
import type { CommittedTxn, HistoryEntry } from '../history/history.js';
import { checkHistory } from '../history/history-checker.js';
import { History } from '../history/history-log.js';
import { EnsembleRecord } from '../invariants/ensemble-record.js';
import { Invariant, type Violation } from '../invariants/invariant.js';
import { ANYBODY, QuorumContact } from '../invariants/quorum-contact.js';
import { checkEphemeralOwners, stateText } from '../invariants/session-state.js';
import { epochOf, showZxid } from '../invariants/txn-history.js';
import { WireRecord } from '../invariants/wire-record.js';
import { FaultInjector } from './fault-injector.js';
import { memberNodes, memberSessions } from './member-state.js';
import { MemberWatch } from './member-watch.js';
import { CONFIG_FILE, Membership } from './membership.js';
import { Administrator } from './reconfig-plan.js';
import { SimMember } from './sim-member.js';
import { DESERTION, drawPlan, ELECTION_PORT, hostOf, OBSERVER_MASTER_PORT, type SimPlan } from './sim-plan.js';

const TICK_MS = 400;
const INIT_LIMIT_TICKS = 10;
const SYNC_LIMIT_TICKS = 4;
/** Ticks beyond the sync limit after which nobody without a quorum may serve; by the slowest clock. */
const CONTACT_TICKS = SYNC_LIMIT_TICKS + 4;
const SLOWEST_RATE = 0.9;
/** After everything is well: connections that nobody knows to be dead, an election or two, and a synchronisation. */
const RECOVERY_MS = 40_000;
const DRAIN_MS = 40_000;
const CONTACT_CHECK_MS = 100;
/** Between two requests of a client once all is well: there is nothing more to find by many. */
const QUIET_PAUSE_MS = 150;
/** How long nobody asks anything: so many times the longest session, and some ticks. */
const CALM_TIMEOUTS = 1.6;
const CALM_TICKS = 6;
/** Within so long after the end of a role its clients are gone. */
const HALT_MS_MAX = 100;
const HELD_LOOK_MS = 5;
/** So long after the others those begin who are to join, by their number. */
const OUTSIDER_MS = 300;
const VIOLATIONS_MAX = 8;
const STEPS_MAX = 6_000_000;

/** A member that is made otherwise than it should be: what must be found out. */
export interface Defect {
  readonly name: string;
  /** Returned options stand above the member's own. */
  spoil(sid: number, options: InlineMemberOptions): Partial<InlineMemberOptions>;
}

export interface SimResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly events: number;
  readonly virtualMs: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly committed: number;
  readonly answered: number;
  readonly epochs: number;
  /** Committed, one after another. */
  readonly configurations: number;
}

export interface SimOptions {
  readonly onLine?: ((line: string) => void) | null;
  readonly defect?: Defect | null;
  readonly plan?: SimPlan;
}

export class SimWorld {
  readonly plan: SimPlan;
  readonly clock = new ManualClock();
  readonly network: SimPeerNetwork;
  readonly members: SimMember[] = [];
  readonly clients: SimClient[] = [];
  readonly record: EnsembleRecord;
  readonly history = new History();
  private readonly violations: Violation[] = [];
  private readonly wire: WireRecord;
  private readonly contact: QuorumContact;
  private readonly txns = new Map<number, CommittedTxn>();
  private readonly events = new EventQueue();
  private readonly schedule: Prng;
  private readonly workload: SimWorkload;
  private readonly reading: SimWorkload;
  /** Null: the members stay who they are. */
  private readonly membership: Membership | null;
  /** The last of the clients asks what he says, until all is well. */
  private readonly administrator: Administrator | null;
  private readonly clientChance: Prng;
  private readonly faults: FaultInjector;
  private readonly onLine: ((line: string) => void) | null;
  private readonly defect: Defect | null;
  private readonly nextAskMs: number[] = [];
  /** By session that asks to go on: what was committed by then; and the transactions that closed sessions. */
  private readonly committedAtConnect = new Map<bigint, number>();
  private readonly closes = new Map<bigint, number>();
  private readonly askedInVain = new Map<number, number>();
  private steps = 0;
  private isWorkOn = true;
  /** Once all is well: which clients have written something since. */
  private readonly wroteSince = new Set<number>();
  private isHealed = false;
  private isCalm = false;

  constructor(seed: number, options: SimOptions = {}) {
    const root = new Prng(seed);
    this.plan = options.plan ?? drawPlan(seed);
    this.onLine = options.onLine ?? null;
    this.defect = options.defect ?? null;
    this.schedule = root.fork('schedule');
    this.clientChance = root.fork('clients');
    const { plan } = this;
    this.network = new SimPeerNetwork(root.fork('network'), this.clock, {
      latencyMsMin: 0.2,
      latencyMsMax: plan.latencyMsMax,
      systemBytesMax: plan.systemBytesMax,
    });
    const onViolation = (violation: Violation): void => this.violate(violation);
    this.record = new EnsembleRecord(plan.rule, onViolation);
    this.wire = new WireRecord(this.record, onViolation);
    this.contact = new QuorumContact(this.record.rules, (CONTACT_TICKS * TICK_MS) / SLOWEST_RATE, onViolation);
    this.workload = new SimWorkload(root.fork('workload'));
    this.reading = new SimWorkload(root.fork('reading'), READING);
    this.membership =
      plan.reconfig === null ? null : new Membership(seed, plan.membersText, this.record, this.contact, onViolation);
    const sids = plan.members.map(({ sid }) => sid);
    this.administrator =
      this.membership === null ? null : new Administrator(root.fork('administrator'), sids, this.membership);
    for (const each of plan.members) this.members.push(this.createMember(each.sid, root));
    const clientCount = plan.clientCount + (this.administrator === null ? 0 : 1);
    for (let number = 0; number < clientCount; number++) {
      this.clients.push(new SimClient(number, this.history, plan.clientTimeoutMs, plan.setsWatchesAgain));
      this.nextAskMs.push(this.clientChance.below(500));
    }
    this.faults = new FaultInjector(this, root.fork('faults'));
    this.network.onWrite = (end, bytes, offset, length) => this.onPeerWrite(end, bytes, offset, length);
    this.network.onRead = (end) => this.onPeerRead(end);
    this.wire.onPatience = (leader, learner) => {
      const initMs = (INIT_LIMIT_TICKS * TICK_MS) / SLOWEST_RATE;
      this.contact.excuse(leader, learner, this.clock.monotonicMs() + initMs);
    };
    this.history.onEntry = (entry) => this.onHistory(entry);
    if (this.onLine !== null) {
      this.history.onLine = (line) => this.say(`client  ${line}`);
      this.wire.onPacket = (from, to, name, zxid) => this.say(`${from} -> ${to}  ${name} ${showZxid(zxid)}`);
    }
  }

  run(): SimResult {
    const { plan } = this;
    for (const member of this.members) {
      if (plan.reconfig?.outsiders.includes(member.plan) !== true) this.start(member);
      else this.faults.startLater(member, member.sid * OUTSIDER_MS);
    }
    this.faults.plan(plan.faults);
    this.every(CONTACT_CHECK_MS, () => {
      for (const each of this.members) this.lookAtStatus(each);
      this.contact.check(this.clock.monotonicMs());
    });
    this.runUntil(plan.safetyMs);
    if (!this.isOver) this.recover();
    this.checkEnd();
    if (!this.isOver) this.doWithoutEach();
    return {
      seed: plan.seed,
      violations: this.violations,
      events: this.steps,
      virtualMs: this.clock.monotonicMs(),
      faults: this.faults.counts,
      committed: this.record.committed.length,
      answered: this.history.entries.reduce((sum, { kind }) => sum + (kind === 'return' ? 1 : 0), 0),
      epochs: this.record.leaderByEpoch.size,
      configurations: this.record.configCount,
    };
  }

  // ---- for the faults

  say(text: string): void {
    this.onLine?.(`${this.clock.monotonicMs().toFixed(1).padStart(9)}  ${text}`);
  }

  after(ms: number, call: () => void): void {
    this.events.add(this.clock.monotonicMs() + ms, call);
  }

  get leader(): SimMember | null {
    return this.members.find((each) => each.isRunning && each.member.servingAs === ServerRole.leader) ?? null;
  }

  /** A client's connection breaks, and it does not come back before so long; its session may be gone by then. */
  cutClient(index: number, awayMs: number): void {
    this.clients[index]?.drop();
    this.nextAskMs[index] = this.clock.monotonicMs() + awayMs;
  }

  start(each: SimMember): void {
    each.isAwaited = false;
    if (each.isRunning) return;
    if (!each.host.isUp) each.host.powerOn();
    this.say(`${each.sid} starts`);
    each.isBusy = true;
    try {
      if (this.membership !== null) {
        each.mendDisk();
        this.membership.prepare(each);
      }
      each.member.start();
    } catch (error) {
      each.member.failure ??= { actorName: 'start', error: error instanceof Error ? error : new Error(String(error)) };
    }
    this.lookAfter(each);
  }

  losePower(each: SimMember): void {
    this.say(`${each.sid} loses its power`);
    each.member.losePower();
    this.gone(each);
  }

  kill(each: SimMember): void {
    this.say(`${each.sid} is killed`);
    each.member.kill();
    this.gone(each);
  }

  pause(each: SimMember, isPaused: boolean): void {
    each.isPaused = isPaused;
    if (isPaused) each.host.pause();
    else {
      each.host.resume();
      each.isBusy = true;
    }
    this.noteStandstill(each);
  }

  /** Of the whole process, or of the thread that would notice that a role is over. */
  noteStandstill(each: SimMember): void {
    const isStill = each.isPaused || each.member.held.has(ActorKind.quorumPeer);
    this.contact.standsStill(each.sid, isStill, this.clock.monotonicMs());
  }

  private gone(each: SimMember): void {
    each.isPaused = false;
    each.servesNobodySinceMs = Number.POSITIVE_INFINITY;
    this.record.crashed(each.sid);
    this.contact.serves(each.sid, null, -1, this.clock.monotonicMs());
    each.member.held.clear();
    this.noteStandstill(each);
  }

  // ---- time

  private get isOver(): boolean {
    return this.violations.length > 0;
  }

  /** Until this moment of the world's clock, or a violation. */
  private runUntil(untilMs: number, isDone: () => boolean = () => false): void {
    while (!this.isOver && this.clock.monotonicMs() < untilMs && !isDone()) {
      if (++this.steps > STEPS_MAX) {
        this.violate({ invariant: Invariant.liveness, text: 'something goes round in circles' });
        return;
      }
      this.network.arriveDue();
      if (this.stepSomething()) {
        // Work takes time, too: now and then a little passes while there is more to do.
        if (this.schedule.below(64) === 0) this.goOn(untilMs, this.schedule.float() * 2);
      } else this.goOn(untilMs, Number.POSITIVE_INFINITY);
    }
  }

  private stepSomething(): boolean {
    const { members, schedule } = this;
    const first = schedule.below(members.length + 1);
    for (let i = 0; i <= members.length; i++) {
      const index = (first + i) % (members.length + 1);
      const each = members[index];
      if (each === undefined) {
        if (this.pumpClients()) return true;
        continue;
      }
      if (each.isPaused || !each.isRunning) continue;
      if (!each.isBusy && !each.host.hasSomething()) continue;
      if (this.stepMember(each)) {
        each.isBusy = true;
        if (each.member.failure !== null || each.disk.hasStopped) this.lookAfter(each);
        return true;
      }
      each.isBusy = false;
    }
    return false;
  }

  /** A machine may stop in the middle of a socket's callback, too. */
  private stepMember(each: SimMember): boolean {
    try {
      return each.member.stepAtRandom(this.schedule, this.plan.batchMax);
    } catch (error) {
      if (!each.disk.hasStopped) throw error;
      return true;
    }
  }

  /** Time goes on to the next moment at which something happens, but not by more than that. */
  private goOn(untilMs: number, msMax: number): void {
    const nowMs = this.clock.monotonicMs();
    let nextMs = Math.min(untilMs, nowMs + msMax, this.events.nextMs(), this.network.nextMs());
    for (const each of this.members) {
      if (!each.isRunning || each.isPaused) continue;
      const dueMs = nowMs + (each.member.tickNextMs() - each.clock.monotonicMs()) / each.plan.rate;
      // The tick of an actor that is held stays due, and nobody waits for it.
      const wakeMs = dueMs <= nowMs && each.member.held.size > 0 ? nowMs + HELD_LOOK_MS : dueMs;
      if (wakeMs < nextMs) nextMs = wakeMs;
    }
    for (const askMs of this.nextAskMs) if (askMs < nextMs) nextMs = askMs;
    // Rounding must not keep a tick from being due.
    const ms = Math.max(nextMs - nowMs, 0) + 0.001;
    this.clock.advance(ms);
    for (const each of this.members) {
      each.clock.advance(ms * each.plan.rate);
      if (each.isRunning && each.member.tickNextMs() <= each.clock.monotonicMs()) each.isBusy = true;
    }
    for (let call = this.events.take(this.clock.monotonicMs()); call !== null; ) {
      call();
      call = this.events.take(this.clock.monotonicMs());
    }
    this.turnClients();
  }

  private every(ms: number, call: () => void): void {
    this.after(ms, () => {
      call();
      this.every(ms, call);
    });
  }

  // ---- members

  private createMember(sid: number, root: Prng): SimMember {
    const { plan } = this;
    const prng = root.fork(`member ${sid}`);
    const memberPlan = plan.members.find((each) => each.sid === sid);
    const each = new SimMember(memberPlan as never, this.network.host(hostOf(sid)), prng.fork('disk'));
    const watch = new MemberWatch(sid, this.record, each.disk, {
      txnSeen: (zxid, txn) => {
        if (!this.txns.has(zxid)) this.txns.set(zxid, txn);
        if (txn.type === OpCode.reconfig) this.record.reconfigSeen(zxid);
        if (txn.type === OpCode.closeSession && !this.closes.has(txn.session)) this.closes.set(txn.session, zxid);
      },
      serves: (member, role) => this.onServes(member, role),
      configsRead: (_member, configs) => {
        each.configs = configs;
        this.membership?.started(each, configs.committed, configs.lastSeen);
      },
      configCommitted: (_member, config) => this.membership?.committed(each, config, this.clock.monotonicMs()),
      line: (member, text) => this.say(`${member}  ${text}`),
    });
    const options: InlineMemberOptions = {
      sid,
      prng,
      host: each.host,
      disk: each.disk,
      clock: each.clock,
      membersText: plan.membersText,
      ...(this.membership === null ? {} : { configFile: CONFIG_FILE }),
      config: {
        ...(this.membership === null ? {} : { reconfigEnabled: true, skipAcl: true }),
        tickMs: TICK_MS,
        minSessionTimeoutMs: 2 * TICK_MS,
        maxSessionTimeoutMs: 20 * TICK_MS,
        snapCount: plan.snapCount,
        readOnlyModeEnabled: plan.isReadOnlyEnabled,
        localSessions: { isEnabled: plan.localSessions !== null, mayUpgrade: plan.localSessions?.mayUpgrade ?? false },
      },
      quorum: {
        initLimitTicks: INIT_LIMIT_TICKS,
        syncLimitTicks: SYNC_LIMIT_TICKS,
        observerMasterPort: plan.observerMasterPort,
        observerLogs: plan.observerLogs,
        ...(plan.counterLast === null ? {} : { counterLast: plan.counterLast }),
      },
      isSnapForced: plan.isSnapForced,
      log: watch,
      onActor: (kind, actor) => watch.onActor(kind, actor),
      ...(this.onLine === null
        ? {}
        : { onSaying: (level, message) => this.say(`${sid}  ${level === 'info' ? '' : `${level}: `}${message}`) }),
    };
    each.watch = watch;
    each.member = new InlineMember({ ...options, ...(this.defect?.spoil(sid, options) ?? {}) });
    watch.member = each.member;
    return each;
  }

  /** A member whose life has ended by itself. */
  private lookAfter(each: SimMember): void {
    const { failure, digestMismatch } = each.member;
    if (digestMismatch !== null)
      this.violate({ invariant: Invariant.equalStates, text: `${each.sid}: ${digestMismatch}` });
    if (each.disk.hasStopped) this.losePower(each);
    else if (failure === null) return;
    else {
      if (!each.hasDiskFailed) {
        const { error, actorName } = failure;
        const cause = error.cause instanceof Error ? `: ${error.cause.stack}` : '';
        this.violate({
          invariant: Invariant.noFailure,
          text: `${each.sid}, ${actorName}: ${error.stack ?? error.message}${cause}`,
        });
      }
      this.say(`${each.sid} ends: ${failure.error.message}`);
      this.kill(each);
    }
    each.mendDisk();
    this.faults.startLater(each, 200);
  }

  private onServes(sid: number, role: ServerRole | null): void {
    const each = this.members.find((member) => member.sid === sid) as SimMember;
    const nowMs = this.clock.monotonicMs();
    const kind =
      role === null || role === ServerRole.readOnly ? null : role === ServerRole.leader ? 'leader' : 'learner';
    const isAnybodys = role === ServerRole.observer && this.plan.observerMasterPort !== 0;
    this.contact.serves(sid, kind, kind === null ? -1 : isAnybodys ? ANYBODY : each.member.status.leader, nowMs);
    each.servesNobodySinceMs = role === null ? nowMs : Number.POSITIVE_INFINITY;
    // What the next look at its status does not show yet is its beginning, and not its end.
    each.wasServing = false;
    this.say(`${sid} ${role === null ? 'serves nobody' : `serves as ${nameOf(role)}`}`);
  }

  /** Its role is over, though the news of it may be on its way through its stages yet. */
  private lookAtStatus(each: SimMember): void {
    const isServing = each.isRunning && each.member.servingAs !== null;
    if (each.wasServing && !isServing && each.isRunning && each.servesNobodySinceMs === Number.POSITIVE_INFINITY) {
      const nowMs = this.clock.monotonicMs();
      each.servesNobodySinceMs = nowMs;
      this.contact.serves(each.sid, null, -1, nowMs);
    }
    each.wasServing = isServing;
  }

  /** What is asked of a member that has served nobody for a while must not be answered. */
  private onHistory(entry: HistoryEntry): void {
    const nowMs = this.clock.monotonicMs();
    if (entry.kind === 'attached' && !entry.isNew) this.checkReattached(entry.session, entry.server);
    if (entry.kind === 'invoke') {
      const each = this.members.find(({ sid }) => sid === entry.server);
      const isStill = each === undefined || each.isPaused;
      if (!isStill && nowMs - each.servesNobodySinceMs > HALT_MS_MAX) this.askedInVain.set(entry.id, entry.server);
    } else if (entry.kind === 'return' && entry.outcome.err === 0) {
      const sid = this.askedInVain.get(entry.id);
      if (sid === undefined) return;
      this.violate({ invariant: Invariant.liveness, text: `${sid} serves nobody, and answers #${entry.id}` });
    }
  }

  /** A session that was closed before its client asked for it again is not to be had, unless an old leader was asked. */
  private checkReattached(session: bigint, server: number): void {
    const closedBy = this.closes.get(session);
    if (closedBy === undefined || !this.record.committed.has(closedBy)) return;
    if (closedBy > (this.committedAtConnect.get(session) ?? 0)) return;
    const each = this.members.find(({ sid }) => sid === server);
    if (each === undefined || !each.isRunning || each.member.status.epoch < epochOf(closedBy)) return;
    this.violate({
      invariant: Invariant.sessions,
      text: `session ${session.toString(16)} goes on at ${server}, though ${showZxid(closedBy)} closed it`,
    });
  }

  private onPeerWrite(end: SimPeerEnd, bytes: Uint8Array, offset: number, length: number): void {
    const { connection, other } = end;
    if (connection.port === ELECTION_PORT || other === null) return;
    const own = sidOf(end);
    const peer = sidOf(other);
    const byMaster = !end.isInitiator;
    const each = this.members.find(({ sid }) => sid === own);
    // What a process does behind the moment at which its machine stops never happens.
    if (each === undefined || each.disk.hasStopped) return;
    each.watch.readEpochs();
    const [master, learner] = byMaster ? [own, peer] : [peer, own];
    const isLeader = connection.port !== OBSERVER_MASTER_PORT;
    this.wire.written(connection.id, { master, learner, isLeader }, byMaster, bytes, offset, length);
  }

  private onPeerRead(end: SimPeerEnd): void {
    const { connection, other } = end;
    if (connection.port === ELECTION_PORT || other === null) return;
    this.contact.heard(sidOf(end), sidOf(other), this.clock.monotonicMs());
  }

  // ---- clients

  private pumpClients(): boolean {
    const first = this.clientChance.below(this.clients.length);
    for (let i = 0; i < this.clients.length; i++) {
      const client = this.clients[(first + i) % this.clients.length] as SimClient;
      try {
        if (client.pump(this.clock.monotonicMs())) return true;
      } catch (error) {
        this.violate({ invariant: Invariant.clients, text: error instanceof Error ? error.message : String(error) });
        return false;
      }
    }
    return false;
  }

  /** What is due by the clients' own clock. */
  private turnClients(): void {
    const nowMs = this.clock.monotonicMs();
    const { clientChance: chance, plan } = this;
    this.clients.forEach((client, index) => {
      if ((this.nextAskMs[index] as number) > nowMs) return;
      const isAdministrator = index === plan.clientCount && !this.isHealed;
      const ownMs = isAdministrator ? (plan.reconfig?.pauseMs ?? plan.pauseMs) : plan.pauseMs;
      const pauseMs = this.isHealed ? Math.max(ownMs, QUIET_PAUSE_MS) : ownMs;
      this.nextAskMs[index] = nowMs + 1 + chance.float() * 2 * pauseMs;
      client.tick(nowMs);
      if (client.canAsk) {
        if (!this.isWorkOn || client.outstandingCount >= plan.outstandingMax) return;
        if (this.isHealed && !this.wroteSince.has(index)) this.probe(client, index);
        else if (isAdministrator) client.ask((this.administrator as Administrator).draw());
        else this.askSome(client, index < plan.readerCount ? this.reading : this.workload);
        this.wake(client.serverSid);
      } else if (!client.isConnected && !client.isConnecting) {
        if (this.isCalm && !this.staysThrough(index)) return;
        const drawn = this.members[chance.below(this.members.length)] as SimMember;
        const each = this.followsLeaders(index) ? (this.leader ?? drawn) : drawn;
        if (!each.isRunning) return;
        this.committedAtConnect.set(client.session, this.record.committed.last);
        client.connect(each, nowMs);
        this.wake(each.sid);
      }
    });
  }

  private askSome(client: SimClient, workload: SimWorkload): void {
    const { burstMax, outstandingMax } = this.plan;
    const burst = burstMax === 1 || this.isHealed ? 1 : 1 + this.clientChance.below(burstMax);
    for (let i = 0; i < burst; i++) {
      client.ask(workload.draw());
      if (client.hasAskedToClose || client.outstandingCount >= outstandingMax) return;
    }
  }

  /** A reader where leaders are deserted: what they read then may be old, but not behind a sync. */
  private followsLeaders(index: number): boolean {
    return index < this.plan.readerCount && this.plan.faults.some(({ kind }) => kind === DESERTION);
  }

  /** Something that shows, once it is answered, that this client can write. */
  private probe(client: SimClient, index: number): void {
    const path = `/probe${index}-`;
    client.ask({ kind: 'create', path, data: 'p', isEphemeral: false, isSequential: true });
  }

  wake(sid: number): void {
    const each = this.members.find((member) => member.sid === sid);
    if (each !== undefined) each.isBusy = true;
  }

  // ---- the end

  /** All is well from here on; within some time everybody serves and every client has written. */
  private recover(): void {
    this.say('all is well from here on');
    this.isHealed = true;
    this.faults.healAll();
    const limitMs = this.clock.monotonicMs() + RECOVERY_MS;
    const answeredFrom = this.history.entries.length;
    this.runUntil(limitMs, () => this.hasRecovered(answeredFrom));
    if (this.isOver) return;
    if (!this.hasRecovered(answeredFrom)) {
      const states = this.members.map(
        ({ sid, member }) => `${sid}: ${member.servingAs === null ? 'not serving' : nameOf(member.servingAs)}`,
      );
      this.violate({
        invariant: Invariant.liveness,
        text: `not well after ${RECOVERY_MS} ms: ${states.join(', ')}; ${this.wroteSince.size} of ${this.clients.length} clients have written`,
      });
      return;
    }
    this.isWorkOn = false;
    this.runUntil(this.clock.monotonicMs() + DRAIN_MS, () => this.isQuiet());
    if (!this.isOver && !this.isQuiet()) {
      this.violate({ invariant: Invariant.liveness, text: 'members do not come to the same zxid' });
    }
    this.calm();
  }

  /** Nobody asks anything: who is connected keeps his session, and the sessions of all others go. */
  private calm(): void {
    if (this.isOver) return;
    this.say('nobody asks anything from here on');
    // Every other client is not heard of any more.
    this.isCalm = true;
    this.clients.forEach((client, index) => {
      if (!this.staysThrough(index)) client.abandon();
    });
    const connected = new Map(
      this.clients
        .filter((client) => client.isConnected && !client.hasAskedToClose)
        .map((client) => [client.session, client] as const),
    );
    // These end with the role of their server, and a role may end even now: an epoch whose counter is at its end.
    const locals = new Set(this.members.flatMap(({ member }) => [...memberSessions(member.parts.sessions, true)]));
    const epochs = this.record.leaderByEpoch.size;
    const calmMs = CALM_TIMEOUTS * (this.plan.clientTimeoutMs / SLOWEST_RATE) + CALM_TICKS * TICK_MS;
    // A new leader gives every session its whole time again.
    let ended: number;
    do {
      ended = this.record.leaderByEpoch.size;
      this.runUntil(this.clock.monotonicMs() + calmMs);
    } while (!this.isOver && this.record.leaderByEpoch.size > ended);
    if (this.isOver) return;
    this.runUntil(this.clock.monotonicMs() + DRAIN_MS, () => this.isQuiet());
    const { leader } = this;
    if (leader === null) return;
    const open = memberSessions(leader.member.parts.sessions);
    for (const { member } of this.members) {
      for (const local of memberSessions(member.parts.sessions, true)) open.add(local);
    }
    for (const [session, client] of connected) {
      if (locals.has(session) && this.record.leaderByEpoch.size > epochs) continue;
      if (!open.has(session) || client.session !== session) {
        this.violate({
          invariant: Invariant.sessions,
          text: `session ${session.toString(16)} of a connected client is gone`,
        });
      }
    }
    const known = new Set(this.clients.map((client) => client.session));
    for (const session of open) {
      if (known.has(session)) continue;
      this.violate({
        invariant: Invariant.sessions,
        text: `session ${session.toString(16)} of nobody does not expire`,
      });
    }
  }

  private staysThrough(index: number): boolean {
    return index % 2 === 0;
  }

  private hasRecovered(from: number): boolean {
    if (this.members.some(({ member }) => member.servingAs === null)) return false;
    const { entries } = this.history;
    for (let i = Math.max(from, this.seenEntries); i < entries.length; i++) {
      const entry = entries[i];
      if (entry?.kind === 'invoke' && entry.op.kind === 'create' && entry.op.path.startsWith('/probe')) {
        this.probes.set(entry.id, Number.parseInt(entry.op.path.slice(6), 10));
      } else if (entry?.kind === 'return' && entry.outcome.err === 0) {
        const index = this.probes.get(entry.id);
        if (index !== undefined) this.wroteSince.add(index);
      }
    }
    this.seenEntries = entries.length;
    return this.wroteSince.size === this.clients.length;
  }

  private seenEntries = 0;
  private readonly probes = new Map<number, number>();

  private isQuiet(): boolean {
    if (this.clients.some((client) => client.outstandingCount > 0)) return false;
    const { committed } = this.record;
    return this.members.every(({ sid }) => this.record.member(sid).applied >= committed.last);
  }

  private checkEnd(): void {
    const txns: CommittedTxn[] = [];
    for (let i = 0; i < this.record.committed.length; i++) {
      const txn = this.txns.get(this.record.committed.zxidAt(i));
      if (txn !== undefined) txns.push(txn);
    }
    const { violations } = checkHistory(this.history.entries, txns, this.plan.localSessions);
    for (const { rule, text } of violations) {
      this.violate({ invariant: Invariant.clients, text: `${rule}: ${text}` });
    }
    for (const { sid, configs } of this.members) {
      if (configs === null || verifiersOf(configs).length === 1) continue;
      const text = `${sid} would ask members that were proposed once: ${configs.lastSeen.toText().replaceAll('\n', ' ')}`;
      this.violate({ invariant: Invariant.configSafety, text });
    }
    if (this.isOver) return;
    const [first, ...others] = this.members.map((each) => this.stateOf(each));
    for (const { sid, text } of others) {
      if (text === first?.text) continue;
      this.violate({
        invariant: Invariant.equalStates,
        text: `${first?.sid} and ${sid} differ in the end: ${firstDifference(first?.text ?? '', text)}`,
      });
    }
  }

  /** Whoever of the voters is down, one after the other: the others go on if they are a quorum, and nobody needs those who are not. */
  private doWithoutEach(): void {
    for (const each of this.members) {
      const rule = this.record.rules.latest;
      const others = this.members.filter((member) => member !== each);
      if (!rule.voters.has(each.sid) || !rule.isQuorum(others.map(({ sid }) => sid))) continue;
      this.kill(each);
      this.demand(`a leader without ${each.sid}`, () => this.leader !== null);
      this.start(each);
      this.demand('everybody', () => this.members.every(({ member }) => member.servingAs !== null));
      if (this.isOver) return;
    }
  }

  private demand(what: string, isThere: () => boolean): void {
    this.runUntil(this.clock.monotonicMs() + RECOVERY_MS, isThere);
    if (this.isOver || isThere()) return;
    this.violate({ invariant: Invariant.liveness, text: `${what}: not after ${RECOVERY_MS} ms` });
  }

  private stateOf(each: SimMember): { sid: number; text: string } {
    const { finalTree, sessions } = each.member.parts;
    if (finalTree === null) return { sid: each.sid, text: 'nothing' };
    const nodes = memberNodes(finalTree.reader);
    const open = memberSessions(sessions);
    checkEphemeralOwners(each.sid, nodes, open, (violation) => this.violate(violation));
    return { sid: each.sid, text: stateText(nodes, open) };
  }

  private violate(violation: Violation): void {
    if (this.violations.length >= VIOLATIONS_MAX) return;
    this.violations.push(violation);
    this.say(`VIOLATION of ${violation.invariant}: ${violation.text}`);
  }
}

function sidOf(end: SimPeerEnd): number {
  return Number.parseInt(end.host.name.slice(1), 10);
}

function nameOf(role: ServerRole): string {
  return Object.entries(ServerRole).find(([, value]) => value === role)?.[0] ?? String(role);
}

function firstDifference(a: string, b: string): string {
  const left = a.split('\n');
  const right = b.split('\n');
  const at = left.findIndex((line, index) => line !== right[index]);
  return `"${left[at] ?? ''}" and "${right[at] ?? ''}"`;
}
