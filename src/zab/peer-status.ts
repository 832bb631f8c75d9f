/**
 * What a member of an ensemble is at this moment, for whoever is asked (four-letter words, the AdminServer): shared memory, written
 * by the quorum peer alone, read on any thread.
 *
 *   word  0            1                   2            3, 4           5              6
 *        +------------+-------------------+------------+--------------+--------------+--------------+
 *        | PeerState  | serving as        | owes a tail| leader       | epoch        | roles ended  |
 *        |            | ServerRole, or -1 | 0 or 1     | sid, hi / lo |              | as a count   |
 *        +------------+-------------------+------------+--------------+--------------+--------------+
 *
 * Word 2 is written by whoever recovers the database, before the quorum peer hears that it is loaded: this member once
 * acknowledged more than its log holds. Word 6 counts as prep and final count their `halt` records, and is ahead of them: by it the
 * shards know that a role is over while the log's disk keeps its `halt` waiting. Words are read one by one: what is told is a moment's picture, not a decision.
 */
import { hiOfNumber, loOfNumber, numberFromHalves } from '../base/int64.js';
import type { PeerState } from '../election/vote.js';
import type { ServerRole } from '../processor/pipeline-records.js';

const STATE = 0;
const SERVING = 1;
const OWES_TAIL = 2;
const LEADER_HI = 3;
const LEADER_LO = 4;
const EPOCH = 5;
const ENDED_COUNT = 6;
const WORDS = 8;
const NOT_SERVING = -1;

export class PeerStatus {
  private readonly words: Int32Array;

  static createMemory(): SharedArrayBuffer {
    const memory = new SharedArrayBuffer(WORDS * 4);
    new Int32Array(memory)[SERVING] = NOT_SERVING;
    return memory;
  }

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
  }

  get state(): PeerState {
    return Atomics.load(this.words, STATE) as PeerState;
  }

  /** Null: clients are turned away. */
  get servingAs(): ServerRole | null {
    const role = Atomics.load(this.words, SERVING);
    return role === NOT_SERVING ? null : (role as ServerRole);
  }

  /** As a 32-bit count. */
  get endedCount(): number {
    return this.words[ENDED_COUNT] as number;
  }

  get owesTail(): boolean {
    return Atomics.load(this.words, OWES_TAIL) === 1;
  }

  /** While following or leading. */
  get leader(): number {
    return numberFromHalves(Atomics.load(this.words, LEADER_HI), Atomics.load(this.words, LEADER_LO));
  }

  get epoch(): number {
    return Atomics.load(this.words, EPOCH);
  }

  setOwesTail(owes: boolean): void {
    Atomics.store(this.words, OWES_TAIL, owes ? 1 : 0);
  }

  setState(state: PeerState, leader: number): void {
    Atomics.store(this.words, LEADER_HI, hiOfNumber(leader));
    Atomics.store(this.words, LEADER_LO, loOfNumber(leader));
    Atomics.store(this.words, STATE, state);
  }

  /** Before anybody is told by a record. */
  endRole(): void {
    this.setServing(null, 0);
    Atomics.add(this.words, ENDED_COUNT, 1);
  }

  setServing(role: ServerRole | null, epoch: number): void {
    Atomics.store(this.words, EPOCH, epoch);
    Atomics.store(this.words, SERVING, role ?? NOT_SERVING);
  }
}
