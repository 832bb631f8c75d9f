/**
 * A member in its place in the simulated world: the member itself, its clock against the world's, its disk with the faults that
 * it is to have, and what of its life the world has decided (down until then, standing still).
 */
import { ManualClock } from '../../../src/base/clock.js';
import type { Prng } from '../../../src/base/prng.js';
import type { ConfigPair } from '../../../src/election/config-pair.js';
import { type SimCall, SimFileStore, type SimVerdict } from '../../../src/persistence/sim-file-store.js';
import type { InlineMember } from '../../testing/inline/inline-member.js';
import type { SimPeerHost } from '../../testing/inline/sim-peer-host.js';
import type { SimServerEnd } from '../client/sim-client.js';
import type { MemberWatch } from './member-watch.js';
import type { MemberPlan } from './sim-plan.js';

export class SimMember implements SimServerEnd {
  readonly sid: number;
  readonly plan: MemberPlan;
  readonly host: SimPeerHost;
  readonly clock: ManualClock;
  readonly disk: SimFileStore;
  member!: InlineMember;
  watch!: MemberWatch;
  /** Of its last start. */
  configs: ConfigPair | null = null;
  /** Something may be done at this moment; false once a step has found nothing. */
  isBusy = true;
  isPaused = false;
  /** It is down because of a fault, and will be started again. */
  isAwaited = false;
  /** Of the next calls that change the disk, the one with this number fails so; negative: none does. */
  private failsAt = -1;
  private failsWith: SimVerdict = 'ok';
  /** The disk has failed a call: what ends the process then is no bug. */
  hasDiskFailed = false;
  /** Has ever failed one: what needs no disk may have gone on without it. */
  hasLostWrites = false;

  constructor(plan: MemberPlan, host: SimPeerHost, prng: Prng) {
    this.plan = plan;
    this.sid = plan.sid;
    this.host = host;
    this.clock = new ManualClock(1_000_000, 1_700_000_000_000 + plan.sid * 37);
    this.disk = new SimFileStore(prng, { loseSectors: plan.losesSectors });
    this.disk.onCall = (call) => this.onDiskCall(call);
    this.disk.makeDirectories('/data');
  }

  get network(): InlineMember['network'] {
    return this.member.network;
  }

  get isRunning(): boolean {
    return this.member.isRunning;
  }

  failDiskIn(calls: number, verdict: SimVerdict): void {
    this.failsAt = calls;
    this.failsWith = verdict;
  }

  mendDisk(): void {
    this.failsAt = -1;
    this.hasDiskFailed = false;
  }

  private onDiskCall(call: SimCall): SimVerdict {
    this.watch?.onDiskCall(call.name, call.path);
    if (this.failsAt < 0 || call.name === 'list' || call.name === 'read' || call.name === 'close') return 'ok';
    if (this.failsAt-- > 0) return 'ok';
    if (this.failsWith !== 'crash') {
      this.hasDiskFailed = true;
      this.hasLostWrites = true;
    }
    return this.failsWith;
  }
}
