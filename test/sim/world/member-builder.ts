/**
 * Builds the members of a plan, each in its place: with its host, its disk, its clock, whoever watches it, and its defect, if this is
 * a world in which members have one.
 */
import type { Prng } from '../../../src/base/prng.js';
import { InlineMember, type InlineMemberOptions } from '../../testing/inline/inline-member.js';
import type { SimPeerNetwork } from '../../testing/inline/sim-peer-network.js';
import type { Journal } from './journal.js';
import type { MemberWatch } from './member-watch.js';
import { CONFIG_FILE } from './membership.js';
import { SimMember } from './sim-member.js';
import { hostOf, type MemberPlan, type SimPlan } from './sim-plan.js';
import { INIT_LIMIT_TICKS, SYNC_LIMIT_TICKS, TICK_MS } from './time-limits.js';

/** A member that is made otherwise than it should be: what must be found out. */
export interface Defect {
  readonly name: string;
  /** Returned options stand above the member's own. */
  spoil(sid: number, options: InlineMemberOptions): Partial<InlineMemberOptions>;
}

export class MemberBuilder {
  private readonly plan: SimPlan;
  private readonly root: Prng;
  private readonly network: SimPeerNetwork;
  private readonly defect: Defect | null;
  private readonly journal: Journal;

  constructor(plan: SimPlan, root: Prng, network: SimPeerNetwork, defect: Defect | null, journal: Journal) {
    this.plan = plan;
    this.root = root;
    this.network = network;
    this.defect = defect;
    this.journal = journal;
  }

  build(memberPlan: MemberPlan, watchOf: (each: SimMember) => MemberWatch): SimMember {
    const { sid } = memberPlan;
    const prng = this.root.fork(`member ${sid}`);
    const each = new SimMember(memberPlan, this.network.host(hostOf(sid)), prng.fork('disk'));
    each.watch = watchOf(each);
    const options = this.optionsOf(each, prng);
    each.member = new InlineMember({ ...options, ...(this.defect?.spoil(sid, options) ?? {}) });
    return each;
  }

  private optionsOf({ sid, host, disk, clock, watch }: SimMember, prng: Prng): InlineMemberOptions {
    const { plan, journal } = this;
    const mayChangeMembers = plan.reconfig !== null;
    return {
      sid,
      prng,
      host,
      disk,
      clock,
      membersText: plan.membersText,
      ...(mayChangeMembers ? { configFile: CONFIG_FILE } : {}),
      config: {
        ...(mayChangeMembers ? { reconfigEnabled: true, skipAcl: true } : {}),
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
      ...(journal.isRead
        ? { onSaying: (level, message) => journal.say(`${sid}  ${level === 'info' ? '' : `${level}: `}${message}`) }
        : {}),
    };
  }
}
