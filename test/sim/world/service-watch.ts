/**
 * Who serves clients, and for how long somebody has served nobody: whoever has lost its quorum ends (that is the QuorumContact's to
 * judge, which is told here), and what is asked of a member whose role is over is not answered (invariant 14).
 */
import { ServerRole } from '../../../src/processor/pipeline-records.js';
import { ActorKind } from '../../../src/server/standalone-topology.js';
import { Invariant } from '../invariants/invariant.js';
import { ANYBODY, type QuorumContact } from '../invariants/quorum-contact.js';
import type { Journal } from './journal.js';
import type { SimMember } from './sim-member.js';
import type { VirtualTime } from './virtual-time.js';

/** Within so long after the end of a role its clients are gone. */
const HALT_MS_MAX = 100;

interface Service {
  /** By its status, when it was looked at last. */
  wasServing: boolean;
  /** Infinity while it serves, or is not there. */
  nobodySinceMs: number;
}

export class ServiceWatch {
  private readonly contact: QuorumContact;
  /** An observer may be served by any follower, and need not hear its leader. */
  private readonly hasObserverMasters: boolean;
  private readonly time: VirtualTime;
  private readonly journal: Journal;
  private readonly services = new Map<number, Service>();
  /** Operation by operation: who was asked. */
  private readonly askedInVain = new Map<number, number>();

  constructor(contact: QuorumContact, hasObserverMasters: boolean, time: VirtualTime, journal: Journal) {
    this.contact = contact;
    this.hasObserverMasters = hasObserverMasters;
    this.time = time;
    this.journal = journal;
  }

  // ---- what members do

  /** Null: nobody, from now on. */
  serves(each: SimMember, role: ServerRole | null): void {
    const { sid } = each;
    const { nowMs } = this.time;
    const kind =
      role === null || role === ServerRole.readOnly ? null : role === ServerRole.leader ? 'leader' : 'learner';
    const isAnybodys = role === ServerRole.observer && this.hasObserverMasters;
    this.contact.serves(sid, kind, kind === null ? -1 : isAnybodys ? ANYBODY : each.member.status.leader, nowMs);
    const service = this.serviceOf(sid);
    service.nobodySinceMs = role === null ? nowMs : Number.POSITIVE_INFINITY;
    // What the next look at its status does not show yet is its beginning, and not its end.
    service.wasServing = false;
    this.journal.say(`${sid} ${role === null ? 'serves nobody' : `serves as ${roleName(role)}`}`);
  }

  gone({ sid }: SimMember): void {
    this.serviceOf(sid).nobodySinceMs = Number.POSITIVE_INFINITY;
    this.contact.serves(sid, null, -1, this.time.nowMs);
  }

  /** The whole process stands still, or the thread that would notice that a role is over; or no more. */
  standsStill(each: SimMember): void {
    const isStill = each.isPaused || each.member.held.has(ActorKind.quorumPeer);
    this.contact.standsStill(each.sid, isStill, this.time.nowMs);
  }

  // ---- what is held against it

  /** Now and then, at all of them. */
  look(members: readonly SimMember[]): void {
    for (const each of members) this.lookAtStatus(each);
    this.contact.check(this.time.nowMs);
  }

  /** Its role is over, though the news of it may be on its way through its stages yet. */
  private lookAtStatus(each: SimMember): void {
    const service = this.serviceOf(each.sid);
    const isServing = each.isRunning && each.member.servingAs !== null;
    if (service.wasServing && !isServing && each.isRunning && service.nobodySinceMs === Number.POSITIVE_INFINITY) {
      const { nowMs } = this.time;
      service.nobodySinceMs = nowMs;
      this.contact.serves(each.sid, null, -1, nowMs);
    }
    service.wasServing = isServing;
  }

  /** A client asks something, by its number. */
  asked(id: number, each: SimMember | undefined): void {
    if (each === undefined || each.isPaused) return;
    const { nobodySinceMs } = this.serviceOf(each.sid);
    if (this.time.nowMs - nobodySinceMs > HALT_MS_MAX) this.askedInVain.set(id, each.sid);
  }

  /** With success. */
  answered(id: number): void {
    const sid = this.askedInVain.get(id);
    if (sid === undefined) return;
    this.journal.violate({ invariant: Invariant.liveness, text: `${sid} serves nobody, and answers #${id}` });
  }

  private serviceOf(sid: number): Service {
    let service = this.services.get(sid);
    if (service === undefined) {
      service = { wasServing: false, nobodySinceMs: Number.POSITIVE_INFINITY };
      this.services.set(sid, service);
    }
    return service;
  }
}

export function roleName(role: ServerRole): string {
  return Object.entries(ServerRole).find(([, value]) => value === role)?.[0] ?? String(role);
}
