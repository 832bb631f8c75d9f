/**
 * The sessions of this server and the ephemerals that they own, from shared memory: the session table and the tree. Runs on the
 * main thread in short pieces, and never holds up a writer; what it shows is not of one moment.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../base/clock.js';
import { hiOf, int64FromHalves, loOf } from '../../base/int64.js';
import { decodeUtf8, encodeUtf8 } from '../../base/utf8.js';
import { type SessionTable, SlotState } from '../../session/session-table.js';
import type { TreeReader } from '../../store/tree-reader.js';
import type { EphemeralStatus, ExpiryStatus, ServerMode, SessionsStatus } from './server-status.js';
import { TurnSharing } from './turn-sharing.js';

const SLOTS_PER_LOOK = 64;
/** Nodes that are read in one look at the tree: few enough to be done between two of its changes. */
const NODES_PER_LOOK = 32;
const LOOK_AGAIN_MS = 1;
/** Looks that failed in a row before the writer is given a longer rest from us. */
const TRIES = 8;

interface SessionSlot {
  readonly id: bigint;
  readonly timeoutMs: number;
  readonly expiresMs: number;
  readonly isLocal: boolean;
}

export class SessionListing {
  private readonly table: SessionTable;
  private readonly tree: TreeReader;
  private readonly clock: Clock;
  private readonly tickMs: number;
  private readonly keepsLocal: boolean;

  constructor(table: SessionTable, tree: TreeReader, clock: Clock, tickMs: number, keepsLocal: boolean) {
    this.table = table;
    this.tree = tree;
    this.clock = clock;
    this.tickMs = tickMs;
    this.keepsLocal = keepsLocal;
  }

  async sessions(mode: ServerMode): Promise<SessionsStatus> {
    const { clock, keepsLocal } = this;
    const turns = new TurnSharing(clock);
    const isLearner = mode === 'follower' || mode === 'observer' || mode === 'read-only';
    const slots = await this.slots(turns, SlotState.open);
    const global = keepsLocal ? slots.filter(({ isLocal }) => !isLocal) : slots;
    return {
      nowMs: clock.monotonicMs(),
      wallMs: clock.wallMs(),
      local: keepsLocal ? await this.byExpiry(turns, slots, true) : null,
      expiring: isLearner ? null : await this.byExpiry(turns, slots, keepsLocal ? false : null),
      known: isLearner ? await turns.sorted(global, (a, b) => (a.id < b.id ? -1 : 1)) : null,
    };
  }

  /** Of sessions that own some. */
  async ephemerals(): Promise<EphemeralStatus> {
    const turns = new TurnSharing(this.clock);
    const bySession = new Map<bigint, ReadonlySet<string>>();
    // Owners that are closing still own what is not removed yet.
    for (const { id } of await this.slots(turns, null)) {
      const paths = await this.ephemeralsOf(id, turns);
      if (paths.size > 0) bySession.set(id, paths);
      if (turns.isDue) await turns.pause();
    }
    return bySession;
  }

  /** Those in this state, or in any. */
  private async slots(turns: TurnSharing, wanted: number | null): Promise<SessionSlot[]> {
    const { table } = this;
    const slots: SessionSlot[] = [];
    for (let slot = 0; slot < table.slotCountUsed; slot++) {
      if (slot % SLOTS_PER_LOOK === 0 && turns.isDue) await turns.pause();
      const state = table.state(slot);
      if (wanted === null ? state === SlotState.free : state !== wanted) continue;
      const timeoutMs = table.timeoutMs(slot);
      slots.push({
        id: int64FromHalves(table.sessionHi(slot), table.sessionLo(slot)),
        timeoutMs,
        expiresMs: this.bucketOf(table.touchedMs(slot) + timeoutMs),
        isLocal: table.isUnlogged(slot),
      });
    }
    return slots;
  }

  /** `isLocal`: only these or only the others; null: all. */
  private async byExpiry(
    turns: TurnSharing,
    slots: readonly SessionSlot[],
    isLocal: boolean | null,
  ): Promise<ExpiryStatus<bigint>> {
    const buckets = new Map<number, bigint[]>();
    for (const [index, slot] of slots.entries()) {
      if (index % SLOTS_PER_LOOK === 0 && turns.isDue) await turns.pause();
      if (isLocal !== null && slot.isLocal !== isLocal) continue;
      const bucket = buckets.get(slot.expiresMs);
      if (bucket === undefined) buckets.set(slot.expiresMs, [slot.id]);
      else bucket.push(slot.id);
    }
    return new Map([...buckets].sort(([a], [b]) => a - b));
  }

  /** The session tracker's rule (client-protocol 11.2), but for what it grants for a standstill of the server. */
  private bucketOf(expiresMs: number): number {
    return (Math.floor(expiresMs / this.tickMs) + 1) * this.tickMs;
  }

  private async ephemeralsOf(session: bigint, turns: TurnSharing): Promise<ReadonlySet<string>> {
    const paths = new Set<string>();
    const order: string[] = [];
    for (let tries = 1; ; tries++) {
      const more = this.look(session, order);
      if (more === null) {
        if (tries % TRIES === 0) await delay(LOOK_AGAIN_MS);
        continue;
      }
      tries = 0;
      for (const path of more) {
        paths.add(path);
        order.push(path);
      }
      if (more.length < NODES_PER_LOOK) return paths;
      if (turns.isDue) await turns.pause();
    }
  }

  /**
   * The next of the session's list behind the last path of `known` that is still in it: new ones come in front, and of those
   * that have gone nobody asks any more. Null: the tree was changed while it was read.
   */
  private look(session: bigint, known: string[]): string[] | null {
    const { tree } = this;
    const sequence = tree.begin();
    if (sequence < 0) return null;
    let ref = this.behind(session, known);
    if (ref < 0) {
      if (tree.valid(sequence)) known.length -= NODES_PER_LOOK;
      return null;
    }
    const found: Uint8Array[] = [];
    while (ref !== 0 && found.length < NODES_PER_LOOK) {
      const length = tree.pathLength(ref);
      const path = new Uint8Array(length);
      tree.copyPath(ref, path, 0, length);
      found.push(path);
      ref = tree.nextEphemeral(ref);
    }
    if (!tree.valid(sequence)) return null;
    return found.map((path) => decodeUtf8(path, 0, path.length));
  }

  /** -1: none of the last of them is in the list any more. */
  private behind(session: bigint, known: readonly string[]): number {
    const { tree } = this;
    const hi = hiOf(session);
    const lo = loOf(session);
    const until = Math.max(0, known.length - NODES_PER_LOOK);
    for (let i = known.length - 1; i >= until; i--) {
      const path = encodeUtf8(known[i] as string);
      const ref = tree.find(path, 0, path.length);
      if (ref !== 0 && tree.ownerHi(ref) === hi && tree.ownerLo(ref) === lo) return tree.nextEphemeral(ref);
    }
    return until === 0 ? tree.firstEphemeralOf(hi, lo) : -1;
  }
}
