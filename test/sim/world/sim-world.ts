/**
 * The world of one seed: members, clients, the network between them and the faults, in one thread and in virtual time. First
 * everything may go wrong and nothing wrong may be seen; then all is well, and the ensemble has to get on. This file says in which
 * order, and who knows whom; the rooms beside it do it:
 *
 *   member-builder, sim-ensemble      members and their lives           scheduler, virtual-time     what happens next
 *   client-wishes, client-crowd       clients, what they ask and when   fault-injector              what goes wrong
 *   member-watch, peer-tap            looking on, at members and wires  journal                     what was seen
 *   service-watch, closed-sessions    what no client may be answered    seen-txns                   what was committed
 *   progress-demand, session-demand   what is asked once all is well    final-look                  what must be in the end
 *   loss-acceptance                   what only an operator can mend
 *
 * Streams of chance are apart: one more draw for the network leaves workload and faults as they are.
 */
import { Prng } from '../../../src/base/prng.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import type { HistoryEntry } from '../history/history.js';
import { History } from '../history/history-log.js';
import { EnsembleRecord } from '../invariants/ensemble-record.js';
import type { Violation } from '../invariants/invariant.js';
import { QuorumContact } from '../invariants/quorum-contact.js';
import { ClientCrowd } from './client-crowd.js';
import { ClientWishes } from './client-wishes.js';
import { ClosedSessions } from './closed-sessions.js';
import { FaultInjector } from './fault-injector.js';
import { FinalLook } from './final-look.js';
import { Journal } from './journal.js';
import { LossAcceptance } from './loss-acceptance.js';
import { type Defect, MemberBuilder } from './member-builder.js';
import { MemberWatch } from './member-watch.js';
import { Membership } from './membership.js';
import { PeerTap } from './peer-tap.js';
import { ProgressDemand } from './progress-demand.js';
import { Administrator } from './reconfig-plan.js';
import { Scheduler } from './scheduler.js';
import { SeenTxns } from './seen-txns.js';
import { ServiceWatch } from './service-watch.js';
import { SimEnsemble } from './sim-ensemble.js';
import type { SimMember } from './sim-member.js';
import { drawPlan, type SimPlan } from './sim-plan.js';
import { CONTACT_MS_MAX } from './time-limits.js';
import { VirtualTime } from './virtual-time.js';

const SERVICE_LOOK_MS = 100;
/** So long after the others those begin who are to join, by their number. */
const OUTSIDER_MS = 300;

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
  /** Members whose loss the operator had to accept, because there would have been no leader without them. */
  readonly lossesAccepted: number;
}

export interface SimOptions {
  readonly onLine?: ((line: string) => void) | null;
  readonly defect?: Defect | null;
  readonly plan?: SimPlan;
}

export class SimWorld {
  private readonly plan: SimPlan;
  private readonly time = new VirtualTime();
  private readonly journal: Journal;
  private readonly history = new History();
  private readonly record: EnsembleRecord;
  private readonly txns = new SeenTxns();
  private readonly closed: ClosedSessions;
  private readonly service: ServiceWatch;
  /** Null: the members stay who they are. */
  private readonly membership: Membership | null;
  private readonly ensemble: SimEnsemble;
  private readonly losses: LossAcceptance;
  private readonly crowd: ClientCrowd;
  private readonly faults: FaultInjector;
  private readonly scheduler: Scheduler;

  constructor(seed: number, { plan = drawPlan(seed), onLine = null, defect = null }: SimOptions = {}) {
    const root = new Prng(seed);
    const { time, history } = this;
    const journal = new Journal(time, onLine);
    this.plan = plan;
    this.journal = journal;

    this.record = new EnsembleRecord(plan.rule, journal.violate);
    const contact = new QuorumContact(this.record.rules, CONTACT_MS_MAX, journal.violate);
    this.service = new ServiceWatch(contact, plan.observerMasterPort !== 0, time, journal);
    this.closed = new ClosedSessions(this.record.committed, journal.violate);
    this.membership =
      plan.reconfig === null ? null : new Membership(seed, plan.membersText, this.record, contact, journal.violate);

    const network = new SimPeerNetwork(root.fork('network'), time.clock, {
      latencyMsMin: 0.2,
      latencyMsMax: plan.latencyMsMax,
      systemBytesMax: plan.systemBytesMax,
    });
    const builder = new MemberBuilder(plan, root, network, defect, journal);
    const members = plan.members.map((each) => builder.build(each, (member) => this.watchOf(member)));
    this.ensemble = new SimEnsemble(members, this.membership, this.service, time, journal);
    this.losses = new LossAcceptance(this.ensemble, this.record, journal);
    new PeerTap(this.ensemble, this.record, contact, time, journal).listenTo(network);

    const sids = members.map(({ sid }) => sid);
    const administrator =
      this.membership === null
        ? null
        : new Administrator(root.fork('administrator'), sids, this.membership, plan.reconfig?.mover ?? null);
    const wishes = new ClientWishes(plan, root, administrator);
    const { ensemble, closed } = this;
    this.crowd = new ClientCrowd(plan, wishes, root.fork('clients'), { ensemble, closed, history, time, journal });
    history.onEntry = (entry) => this.lookAt(entry);
    if (journal.isRead) history.onLine = (line) => journal.say(`client  ${line}`);

    const moving = { ensemble, network, crowd: this.crowd, time };
    this.faults = new FaultInjector(root.fork('faults'), moving, journal);
    this.scheduler = new Scheduler(root.fork('schedule'), plan.batchMax, moving, journal);
  }

  run(): SimResult {
    const { plan, scheduler, ensemble, crowd, record, journal } = this;
    const demand = new ProgressDemand(scheduler, ensemble, crowd, record, this.losses, journal);
    const look = new FinalLook(ensemble, this.history, this.txns, record.committed, journal);
    this.begin();
    scheduler.runFor(plan.safetyMs);
    if (!journal.isOver) this.heal();
    if (!journal.isOver) demand.recovery();
    if (!journal.isOver) demand.quiet();
    if (!journal.isOver) demand.sessionsInOrder(plan.clientTimeoutMs);
    look.check(plan.localSessions);
    if (!journal.isOver) demand.doingWithoutEach();
    return this.result();
  }

  private begin(): void {
    const { plan, ensemble, service } = this;
    for (const each of ensemble.members) {
      if (plan.reconfig?.outsiders.includes(each.plan) === true) ensemble.startLater(each, each.sid * OUTSIDER_MS);
      else ensemble.start(each);
    }
    this.faults.plan(plan.faults);
    this.time.every(SERVICE_LOOK_MS, () => service.look(ensemble.members));
  }

  private heal(): void {
    this.journal.say('all is well from here on');
    this.faults.healAll();
  }

  private result(): SimResult {
    return {
      seed: this.plan.seed,
      violations: this.journal.violations,
      events: this.scheduler.stepCount,
      virtualMs: this.time.nowMs,
      faults: this.faults.counts,
      committed: this.record.committed.length,
      answered: this.history.entries.reduce((sum, { kind }) => sum + (kind === 'return' ? 1 : 0), 0),
      epochs: this.record.leaderByEpoch.size,
      configurations: this.record.configCount,
      lossesAccepted: this.losses.count,
    };
  }

  // ---- who is told what

  private watchOf(each: SimMember): MemberWatch {
    const { record, journal } = this;
    return new MemberWatch(each.sid, record, each.disk, {
      txnSeen: (zxid, txn) => {
        this.txns.seen(zxid, txn);
        if (txn.type === OpCode.reconfig) record.reconfigSeen(zxid);
        if (txn.type === OpCode.closeSession) this.closed.closed(txn.session, zxid);
      },
      serves: (_sid, role) => this.service.serves(each, role),
      configsRead: (_sid, configs) => {
        each.configs = configs;
        this.membership?.started(each, configs.committed, configs.lastSeen);
      },
      configCommitted: (_sid, config) => this.membership?.committed(each, config, this.time.nowMs),
      line: (sid, text) => journal.say(`${sid}  ${text}`),
    });
  }

  private lookAt(entry: HistoryEntry): void {
    if (entry.kind === 'attached' && !entry.isNew) {
      this.closed.goesOn(entry.session, this.ensemble.find(entry.server));
    } else if (entry.kind === 'invoke') this.service.asked(entry.id, this.ensemble.find(entry.server));
    else if (entry.kind === 'return' && entry.outcome.err === 0) this.service.answered(entry.id);
  }
}
