/**
 * Whether one connection shard serves its clients at the moment, and in which role its server does.
 *
 * Owned by the shard, on its thread; final says it by records. A role may be over before that: then its `halt` is still on its way
 * through the line, and may be kept there by a disk, while clients must not be given answers of a server that is none any more. So
 * `isOver` looks at the count of ended roles that the quorum peer keeps. Kept in shared memory (listen-state.ts), for the shard that is made
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
  /** Of all roles of this server; ahead of the records. */
  private readonly endedCount: () => number;
  private told: number;
  /** Roles that had ended when the present one began. */
  private endedBefore: number;

  constructor(state: ListenState, shard: number, leaderServes: boolean, endedCount: () => number) {
    this.state = state;
    this.shard = shard;
    this.leaderServes = leaderServes;
    this.endedCount = endedCount;
    this.told = state.told(shard);
    this.endedBefore = state.endedBefore(shard);
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
    return this.told >= SERVING && !this.isOver && (this.leaderServes || this.told !== SERVING + ServerRole.leader);
  }

  /** The role that clients were served in has ended, though no record has said so yet. */
  get isOver(): boolean {
    return this.endedCount() !== this.endedBefore && this.told >= SERVING;
  }

  get isReadOnly(): boolean {
    return this.told === SERVING + ServerRole.readOnly;
  }

  halt(): void {
    this.tell(HALTED, this.endedBefore);
  }

  serve(role: number, endedBefore: number): void {
    this.tell(SERVING + role, endedBefore);
  }

  private tell(told: number, endedBefore: number): void {
    this.told = told;
    this.endedBefore = endedBefore;
    this.state.tell(this.shard, told, endedBefore);
  }
}
