/**
 * Whether one connection shard serves its clients at the moment, and in which role its server does.
 *
 * Owned by the shard, on its thread; final says it by records. Kept in shared memory (listen-state.ts), for the shard that is made
 * anew after this one has died: it has missed what its predecessor was told.
 */
import { ServerRole } from '../processor/pipeline-records.js';
import type { ListenState } from './listen-state.js';

const NOTHING = 0;
const HALTED = 1;
/** And the role. */
const SERVING = 2;

export class ShardRole {
  private readonly state: ListenState;
  private readonly shard: number;
  /** The leader leaves its clients to the others (leaderServes=no). */
  private readonly leaderServes: boolean;
  private told: number;

  constructor(state: ListenState, shard: number, leaderServes: boolean) {
    this.state = state;
    this.shard = shard;
    this.leaderServes = leaderServes;
    this.told = state.told(shard);
  }

  /** A predecessor was told something. */
  get isKnown(): boolean {
    return this.told !== NOTHING;
  }

  /** Between two roles: only four-letter words are answered. */
  get isHalted(): boolean {
    return this.told === HALTED;
  }

  get servesClients(): boolean {
    return this.told >= SERVING && (this.leaderServes || this.told !== SERVING + ServerRole.leader);
  }

  get isReadOnly(): boolean {
    return this.told === SERVING + ServerRole.readOnly;
  }

  halt(): void {
    this.tell(HALTED);
  }

  serve(role: number): void {
    this.tell(SERVING + role);
  }

  private tell(told: number): void {
    this.told = told;
    this.state.tell(this.shard, told);
  }
}
