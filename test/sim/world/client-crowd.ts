/**
 * The clients of a simulated world: when each of them asks, and which member. At first they ask as they wish; once all is well each
 * has to write something, then nobody asks any more, and in the end half of them are never heard of again.
 */
import type { Prng } from '../../../src/base/prng.js';
import { SimClient } from '../client/sim-client.js';
import type { History } from '../history/history-log.js';
import { Invariant } from '../invariants/invariant.js';
import type { ClientWishes } from './client-wishes.js';
import type { ClosedSessions } from './closed-sessions.js';
import type { Journal } from './journal.js';
import type { SimEnsemble } from './sim-ensemble.js';
import type { SimMember } from './sim-member.js';
import { DESERTION, type SimPlan } from './sim-plan.js';
import type { VirtualTime } from './virtual-time.js';
import { WriteProof } from './write-proof.js';

/** Between two requests of a client once all is well: there is nothing more to find by many. */
const QUIET_PAUSE_MS = 150;
const FIRST_ASK_MS = 500;

type Mood = 'asking' | 'proving' | 'silent' | 'leaving';

/** What clients have to do with. */
export interface CrowdSurroundings {
  readonly ensemble: SimEnsemble;
  readonly closed: ClosedSessions;
  readonly history: History;
  readonly time: VirtualTime;
  readonly journal: Journal;
}

export class ClientCrowd {
  private readonly plan: SimPlan;
  private readonly wishes: ClientWishes;
  private readonly chance: Prng;
  private readonly ensemble: SimEnsemble;
  private readonly closed: ClosedSessions;
  private readonly history: History;
  private readonly time: VirtualTime;
  private readonly journal: Journal;
  private readonly clients: SimClient[] = [];
  private readonly nextAskMs: number[] = [];
  private mood: Mood = 'asking';
  /** Null until all is well. */
  private proof: WriteProof | null = null;

  constructor(plan: SimPlan, wishes: ClientWishes, chance: Prng, surroundings: CrowdSurroundings) {
    this.plan = plan;
    this.wishes = wishes;
    this.chance = chance;
    this.ensemble = surroundings.ensemble;
    this.closed = surroundings.closed;
    this.history = surroundings.history;
    this.time = surroundings.time;
    this.journal = surroundings.journal;
    for (let number = 0; number < wishes.clientCount; number++) {
      this.clients.push(new SimClient(number, this.history, plan.clientTimeoutMs, plan.setsWatchesAgain));
      this.nextAskMs.push(chance.below(FIRST_ASK_MS));
    }
  }

  get count(): number {
    return this.clients.length;
  }

  // ---- what they are to do

  /** A client's connection breaks, and it does not come back before so long; its session may be gone by then. */
  cut(index: number, awayMs: number): void {
    this.clients[index]?.drop();
    this.nextAskMs[index] = this.time.nowMs + awayMs;
  }

  /** All is well: each of them writes something. */
  prove(): void {
    this.mood = 'proving';
    this.proof = new WriteProof(this.history);
  }

  /** How many have written something since all is well, as far as is known by now. */
  get writerCount(): number {
    return this.proof?.count ?? 0;
  }

  haveAllWritten(): boolean {
    this.proof?.update();
    return this.writerCount === this.count;
  }

  /** Who is connected stays so, and asks nothing. */
  fallSilent(): void {
    this.mood = 'silent';
  }

  /** Every other client is not heard of any more. */
  halveSilently(): void {
    this.mood = 'leaving';
    this.clients.forEach((client, index) => {
      if (!staysThrough(index)) client.abandon();
    });
  }

  // ---- what has become of them

  get awaitsAnswers(): boolean {
    return this.clients.some((client) => client.outstandingCount > 0);
  }

  /** Those whose sessions must not end as long as they stay connected. */
  attached(): SimClient[] {
    return this.clients.filter((client) => client.isConnected && !client.hasAskedToClose);
  }

  /** The sessions that they believe to have. */
  sessions(): Set<bigint> {
    return new Set(this.clients.map((client) => client.session));
  }

  // ---- turns

  /** One of them takes over what has come; false when there is nothing. */
  pump(): boolean {
    const { clients, time } = this;
    const first = this.chance.below(clients.length);
    for (let i = 0; i < clients.length; i++) {
      const client = clients[(first + i) % clients.length] as SimClient;
      try {
        if (client.pump(time.nowMs)) return true;
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        this.journal.violate({ invariant: Invariant.clients, text });
        return false;
      }
    }
    return false;
  }

  /** When the next of them has its turn. */
  nextMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const askMs of this.nextAskMs) if (askMs < nextMs) nextMs = askMs;
    return nextMs;
  }

  /** What is due by the clients' own clock. */
  turn(): void {
    const { nowMs } = this.time;
    this.clients.forEach((client, index) => {
      if ((this.nextAskMs[index] as number) > nowMs) return;
      this.nextAskMs[index] = nowMs + 1 + this.chance.float() * 2 * this.pauseMsOf(index);
      client.tick(nowMs);
      if (client.canAsk) this.haveAsk(client, index);
      else if (!client.isConnected && !client.isConnecting) this.haveConnect(client, index);
    });
  }

  private pauseMsOf(index: number): number {
    const { isWell } = this;
    const ownMs = this.wishes.pauseMsOf(index, isWell);
    return isWell ? Math.max(ownMs, QUIET_PAUSE_MS) : ownMs;
  }

  private haveAsk(client: SimClient, index: number): void {
    const { mood, plan, proof } = this;
    if (mood === 'silent' || mood === 'leaving' || client.outstandingCount >= plan.outstandingMax) return;
    if (proof !== null && !proof.has(index)) client.ask(proof.probe(index));
    else this.askSome(client, index);
    this.ensemble.wake(client.serverSid);
  }

  private askSome(client: SimClient, index: number): void {
    const { isWell, wishes } = this;
    const { burstMax, outstandingMax } = this.plan;
    const isOne = burstMax === 1 || isWell || wishes.isAdministrator(index);
    const burst = isOne ? 1 : 1 + this.chance.below(burstMax);
    for (let i = 0; i < burst; i++) {
      client.ask(wishes.draw(index, isWell));
      if (client.hasAskedToClose || client.outstandingCount >= outstandingMax) return;
    }
  }

  private haveConnect(client: SimClient, index: number): void {
    if (this.mood === 'leaving' && !staysThrough(index)) return;
    const { ensemble } = this;
    const drawn = ensemble.members[this.chance.below(ensemble.members.length)] as SimMember;
    const each = this.followsLeaders(index) ? (ensemble.leader ?? drawn) : drawn;
    if (!each.isRunning) return;
    this.closed.askedFor(client.session);
    client.connect(each, this.time.nowMs);
    ensemble.wake(each.sid);
  }

  private get isWell(): boolean {
    return this.mood !== 'asking';
  }

  /** A reader where leaders are deserted: what they read then may be old, but not behind a sync. */
  private followsLeaders(index: number): boolean {
    return this.wishes.isReader(index) && this.plan.faults.some(({ kind }) => kind === DESERTION);
  }
}

function staysThrough(index: number): boolean {
  return index % 2 === 0;
}
